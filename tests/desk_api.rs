//! What a planner does at the desk, through the real router: one thing corrected, its history, two editors at once.

mod common;

use axum::body::Body;
use axum::http::{Method, Request, Response, StatusCode, header};
use gridweave::api::{App, router};
use gridweave::city::City;
use gridweave::config::Serving;
use gridweave::model::{Geometry, HouseholdCount, Layer, Profile, Provenance, World};
use gridweave::synth::{Scale, generate};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::sync::OnceLock;
use tower::ServiceExt;

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| generate(Scale::Compound, 1, &|_, _| {}).world)
}

fn app_with(serving: Serving) -> App {
    let profile = Profile::preset("测试").expect("preset");
    App::new(City::in_memory(profile, world().clone()).expect("memory"), serving)
}

fn app() -> App {
    app_with(Serving::default())
}

/// A request as our own page sends it.
fn request(method: Method, path: &str, etag: Option<&str>, body: Option<Value>) -> Request<Body> {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "localhost:8080")
        .header(header::ORIGIN, "http://localhost:8080")
        .header("sec-fetch-site", "same-origin")
        .header(header::CONTENT_TYPE, "application/json");
    if let Some(etag) = etag {
        request = request.header(header::IF_MATCH, format!("\"{etag}\""));
    }
    request.body(body.map_or(Body::empty(), |body| Body::from(body.to_string()))).expect("request")
}

async fn send(app: &App, request: Request<Body>) -> Response<Body> {
    router(app).oneshot(request).await.expect("infallible")
}

/// The answer's body, its status checked; an error must be a problem document with something to say.
async fn answer(app: &App, request: Request<Body>, status: StatusCode) -> Value {
    let what = format!("{} {}", request.method(), request.uri());
    let response = send(app, request).await;
    let (found, kind) = (response.status(), response.headers().get(header::CONTENT_TYPE).cloned());
    let body = response.into_body().collect().await.expect("body").to_bytes();
    assert_eq!(found, status, "{what}: {}", String::from_utf8_lossy(&body));
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    if !status.is_success() {
        assert_eq!(kind.as_ref().and_then(|k| k.to_str().ok()), Some("application/problem+json"), "{what}");
        assert_eq!(body["status"], status.as_u16(), "{what}");
        assert!(body["detail"].as_str().is_some_and(|d| d.len() > 10), "{what}: {body}");
    }
    body
}

async fn get(app: &App, path: &str) -> Value {
    answer(app, request(Method::GET, path, None, None), StatusCode::OK).await
}

async fn post(app: &App, path: &str, body: Value, status: StatusCode) -> Value {
    answer(app, request(Method::POST, path, None, Some(body)), status).await
}

async fn patch(app: &App, path: &str, etag: &Value, body: Value, status: StatusCode) -> Value {
    answer(app, request(Method::PATCH, path, etag.as_str(), Some(body)), status).await
}

fn wish(properties: Value) -> Value {
    json!({"author": "王工", "reason": "现场核实", "properties": properties})
}

fn moved(geometry: Value) -> Value {
    json!({"author": "王工", "reason": "现场核实", "geometry": geometry})
}

fn signature() -> Value {
    json!({"author": "李工", "reason": "弄错了"})
}

fn sorted(app: &App) -> Vec<Vec<gridweave::model::Record>> {
    let snapshot = app.city.snapshot();
    Layer::ALL.iter().map(|layer| snapshot.world.records(*layer).collect()).collect()
}

#[tokio::test]
async fn a_checkpoint_is_added_moved_renamed_removed_and_all_of_it_undone() {
    let app = app();
    let before = sorted(&app);
    let centre = world().bounds().expect("bounds").centre();
    let place = json!({"type": "Point", "coordinates": [centre.lon(), centre.lat()]});
    let mut body = wish(json!({"name": "东门", "kind": "gate", "interval": "30"}));
    body["geometry"] = place.clone();
    let made = post(&app, "/api/v1/features/checkpoints", body, StatusCode::CREATED).await;
    let path = format!("/api/v1/features/checkpoints/{}", made["id"]);
    assert_eq!((&made["properties"]["name"], &made["properties"]["interval"]), (&json!("东门"), &json!(30.0)));
    assert_eq!((&made["geometry"], &made["properties"]["hours"]), (&place, &json!(null)));
    let read = get(&app, &path).await;
    assert_eq!((&read["etag"], &read["version"]), (&made["etag"], &json!(2)));
    let east = json!({"type": "Point", "coordinates": [centre.lon() + 0.0001, centre.lat()]});
    let after = patch(&app, &path, &made["etag"], moved(east.clone()), StatusCode::OK).await;
    assert_eq!((&after["geometry"], &after["properties"]["name"]), (&east, &json!("东门")), "what is not said stays");
    let after = patch(&app, &path, &after["etag"], wish(json!({"name": "西门", "kind": null})), StatusCode::OK).await;
    assert_eq!((&after["properties"]["name"], &after["properties"]["kind"]), (&json!("西门"), &json!(null)));
    // The same again is no change.
    let same = patch(&app, &path, &after["etag"], wish(json!({"name": "西门"})), StatusCode::OK).await;
    assert_eq!((&same["etag"], &same["version"]), (&after["etag"], &json!(4)));
    let gone = request(Method::DELETE, &path, after["etag"].as_str(), Some(signature()));
    assert_eq!(answer(&app, gone, StatusCode::OK).await["version"], 5);
    answer(&app, request(Method::GET, &path, None, None), StatusCode::NOT_FOUND).await;

    let told = get(&app, "/api/v1/changes?since=1&limit=3").await;
    let versions: Vec<_> = told["changes"].as_array().expect("changes").iter().map(|c| c["version"].clone()).collect();
    assert_eq!(versions, [5, 4, 3]);
    let (last, first) = (&told["changes"][0], &get(&app, "/api/v1/changes?before=3").await["changes"][0]);
    assert_eq!((&last["author"], &last["reason"], &last["undoable"]), (&json!("李工"), &json!("弄错了"), &json!(true)));
    assert_eq!(last["tallies"], json!([{"layer": "checkpoints", "added": 0, "updated": 0, "removed": 1}]));
    assert_eq!(
        (&first["version"], &first["author"], &first["tallies"][0]["added"]),
        (&json!(2), &json!("王工"), &json!(1))
    );
    for version in [5, 4, 3, 2] {
        post(&app, &format!("/api/v1/changes/{version}/undo"), signature(), StatusCode::OK).await;
        if version == 5 {
            assert_eq!(get(&app, &path).await["etag"], after["etag"], "it comes back under its number");
        }
    }
    assert!(sorted(&app) == before);
    let told = get(&app, "/api/v1/changes").await;
    assert_eq!((&told["changes"][0]["undoes"], &told["changes"][0]["undone_by"]), (&json!(2), &json!(null)));
    let undone = told["changes"].as_array().expect("changes").iter().find(|c| c["version"] == 2).expect("it").clone();
    assert_eq!((&undone["undone_by"], &undone["undoable"]), (&told["changes"][0]["version"], &json!(false)));
}

#[tokio::test]
async fn two_editors_in_conflict_lose_nothing() {
    let app = app();
    let id = world().checkpoints[0].id.0;
    let path = format!("/api/v1/features/checkpoints/{id}");
    let seen = get(&app, &path).await;
    let first = patch(&app, &path, &seen["etag"], wish(json!({"name": "东门"})), StatusCode::OK).await;
    // The second saw the same state and is told what it is now.
    let refused =
        patch(&app, &path, &seen["etag"], wish(json!({"name": "西门"})), StatusCode::PRECONDITION_FAILED).await;
    assert_eq!(
        (&refused["current"]["etag"], &refused["current"]["properties"]["name"]),
        (&first["etag"], &json!("东门"))
    );
    let gone = request(Method::DELETE, &path, seen["etag"].as_str(), Some(signature()));
    answer(&app, gone, StatusCode::PRECONDITION_FAILED).await;
    answer(
        &app,
        request(Method::PATCH, &path, None, Some(wish(json!({"name": "x"})))),
        StatusCode::PRECONDITION_REQUIRED,
    )
    .await;
    answer(&app, request(Method::DELETE, &path, None, Some(signature())), StatusCode::PRECONDITION_REQUIRED).await;
    let second = patch(&app, &path, &first["etag"], wish(json!({"name": "西门"})), StatusCode::OK).await;
    // Undoing the first would take the second along.
    let refused = post(&app, "/api/v1/changes/2/undo", signature(), StatusCode::CONFLICT).await;
    assert_eq!(refused["features"], json!([{"layer": "checkpoints", "id": id, "called": "checkpoint 西门"}]));
    assert!(refused["detail"].as_str().is_some_and(|d| d.contains("checkpoint 西门")));
    post(&app, "/api/v1/changes/99/undo", signature(), StatusCode::NOT_FOUND).await;
    post(&app, "/api/v1/changes/3/undo", signature(), StatusCode::OK).await;
    post(&app, "/api/v1/changes/3/undo", signature(), StatusCode::CONFLICT).await;
    post(&app, "/api/v1/changes/2/undo", signature(), StatusCode::OK).await;
    assert_eq!(get(&app, &path).await["etag"], seen["etag"]);
    assert_ne!(second["etag"], seen["etag"]);
    // Many at once: one wins, the others are told.
    let seen = get(&app, &path).await;
    let all = (0..8).map(|n| {
        let (app, path, etag) = (app.clone(), path.clone(), seen["etag"].clone());
        tokio::spawn(async move {
            let body = wish(json!({"name": format!("门{n}")}));
            send(&app, request(Method::PATCH, &path, etag.as_str(), Some(body))).await.status()
        })
    });
    let mut statuses = Vec::new();
    for one in all.collect::<Vec<_>>() {
        statuses.push(one.await.expect("an answer"));
    }
    assert_eq!(statuses.iter().filter(|s| **s == StatusCode::OK).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|s| **s == StatusCode::PRECONDITION_FAILED).count(), 7, "{statuses:?}");
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_the_field_and_the_remedy() {
    let app = app();
    let path = format!("/api/v1/features/buildings/{}", world().buildings[0].id.0);
    let seen = get(&app, &path).await;
    let bow_tie = json!({"type": "Polygon", "coordinates": [[[104, 31], [104.001, 31.001], [104.001, 31], [104, 31.001], [104, 31]]]});
    let point = json!({"type": "Point", "coordinates": [104, 31]});
    let nowhere = json!({"type": "Polygon", "coordinates": [[[1040, 31], [1041, 31], [1041, 32], [1040, 31]]]});
    let cases = [
        (wish(json!({"floors": "many"})), "floors"),
        (wish(json!({"floors": -3})), "floors"),
        (wish(json!({"kind": "castle"})), "kind"),
        (wish(json!({"as_of": "yesterday"})), "as_of"),
        (wish(json!({"code": 5.10104e14})), "code"),
        (wish(json!({"colour": "red"})), "properties"),
        (wish(json!({"households": 7, "provenance": "estimated"})), "provenance"),
        (moved(bow_tie), "geometry"),
        (moved(point), "geometry"),
        (moved(nowhere), "geometry"),
        (json!({"author": " ", "reason": "x", "properties": {}}), "author"),
        (json!({"author": "x", "reason": "", "properties": {}}), "reason"),
    ];
    for (body, field) in cases {
        let refused = patch(&app, &path, &seen["etag"], body.clone(), StatusCode::UNPROCESSABLE_ENTITY).await;
        let fault = &refused["faults"][0];
        assert_eq!(fault["field"], field, "{body}: {refused}");
        assert!(fault["remedy"].as_str().is_some_and(|r| !r.is_empty()), "{refused}");
    }
    // Both at once are both told.
    let both =
        patch(&app, &path, &seen["etag"], wish(json!({"floors": "x", "stars": "y"})), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(both.await["faults"].as_array().map(Vec::len), Some(2));
    post(
        &app,
        "/api/v1/features/zones",
        wish(json!({"kind": "consent", "name": "x"})),
        StatusCode::UNPROCESSABLE_ENTITY,
    )
    .await;
    post(&app, "/api/v1/features/castles", wish(json!({})), StatusCode::NOT_FOUND).await;
    answer(&app, request(Method::POST, "/api/v1/features/zones", None, None), StatusCode::BAD_REQUEST).await;
    patch(&app, "/api/v1/features/buildings/4000000000", &seen["etag"], wish(json!({})), StatusCode::NOT_FOUND).await;
    assert_eq!(get(&app, &path).await, seen, "nothing happened");
    assert_eq!(app.city.snapshot().version, 1);
}

#[tokio::test]
async fn of_grids_the_attributes_change_and_not_the_borders() {
    let app = app();
    let grid = &world().grids[0];
    let path = format!("/api/v1/features/grids/{}", grid.id.0);
    let seen = get(&app, &path).await;
    let named = patch(&app, &path, &seen["etag"], wish(json!({"name": "红旗网格"})), StatusCode::OK).await;
    // The page may send the geometry it read back.
    let body = json!({"author": "a", "reason": "b", "properties": {"name": "红星网格"}, "geometry": named["geometry"]});
    let named = patch(&app, &path, &named["etag"], body, StatusCode::OK).await;
    let other = get(&app, &format!("/api/v1/features/grids/{}", world().grids[1].id.0)).await;
    let refused =
        patch(&app, &path, &named["etag"], moved(other["geometry"].clone()), StatusCode::UNPROCESSABLE_ENTITY).await;
    assert!(refused["detail"].as_str().is_some_and(|d| d.contains("only their attributes")), "{refused}");
    let taken = wish(json!({"code": other["properties"]["code"]}));
    let refused = patch(&app, &path, &named["etag"], taken, StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(refused["faults"][0]["field"], "code");
    let gone = request(Method::DELETE, &path, named["etag"].as_str(), Some(signature()));
    answer(&app, gone, StatusCode::UNPROCESSABLE_ENTITY).await;
    let mut more = wish(json!({"code": "X-1"}));
    more["geometry"] = named["geometry"].clone();
    post(&app, "/api/v1/features/grids", more, StatusCode::UNPROCESSABLE_ENTITY).await;
}

#[tokio::test]
async fn a_counted_building_takes_its_share_out_of_the_compounds_total() {
    let app = app();
    let at = world()
        .buildings
        .iter()
        .position(|b| b.households.is_some_and(|h| h.provenance == Provenance::Spread && h.count > 1))
        .expect("the synthetic compound spreads totals");
    let building = &world().buildings[at];
    let total = |app: &App| -> u64 {
        let snapshot = app.city.snapshot();
        let count = |h: &Option<HouseholdCount>| h.map_or(0, |h| u64::from(h.count));
        snapshot.world.buildings.iter().map(|b| count(&b.households)).sum()
    };
    let before = (total(&app), sorted(&app));
    let path = format!("/api/v1/features/buildings/{}", building.id.0);
    let seen = get(&app, &path).await;
    assert_eq!(seen["properties"]["provenance"], "spread");
    // A date without a count would date a figure that nobody counted.
    let dated = wish(json!({"as_of": "2026-11-22"}));
    patch(&app, &path, &seen["etag"], dated, StatusCode::UNPROCESSABLE_ENTITY).await;
    // Nor does a count that says it was derived.
    let derived = wish(json!({"households": 1, "provenance": "spread"}));
    patch(&app, &path, &seen["etag"], derived, StatusCode::UNPROCESSABLE_ENTITY).await;
    let counted = wish(json!({"households": "1户", "basis": "registered", "as_of": "2026-11-22"}));
    let after = patch(&app, &path, &seen["etag"], counted, StatusCode::OK).await;
    let figure = |f: &Value| ["households", "basis", "provenance", "as_of"].map(|name| f["properties"][name].clone());
    assert_eq!(figure(&after), [json!(1), json!("registered"), json!("surveyed"), json!("2026-11-22")]);
    assert_eq!(total(&app), before.0, "the rest of the compound takes over");
    let told = get(&app, "/api/v1/changes").await;
    assert!(told["changes"][0]["tallies"][0]["updated"].as_u64().is_some_and(|n| n > 1), "{told}");
    // Counted anew, the day of the old count does not stay.
    let again = patch(&app, &path, &after["etag"], wish(json!({"households": 2})), StatusCode::OK).await;
    assert_eq!(figure(&again), [json!(2), json!("registered"), json!("surveyed"), json!(null)]);
    // Nobody knows any more: it gets its share again.
    let cleared = patch(&app, &path, &again["etag"], wish(json!({"households": null})), StatusCode::OK).await;
    assert_eq!(cleared["properties"]["provenance"], "spread");
    assert_eq!(total(&app), before.0);
    for version in [4, 3, 2] {
        post(&app, &format!("/api/v1/changes/{version}/undo"), signature(), StatusCode::OK).await;
    }
    assert!(sorted(&app) == before.1);
}

#[tokio::test]
async fn a_building_that_moves_to_another_grid_is_told() {
    let app = app();
    let snapshot = app.city.snapshot();
    let grid_of = |at: usize| snapshot.ground.grids.locate(snapshot.ground.building_anchors[at]);
    let (from, to) = (0..world().buildings.len())
        .flat_map(|a| (0..world().buildings.len()).map(move |b| (a, b)))
        .find(|(a, b)| grid_of(*a).is_some() && grid_of(*b).is_some() && grid_of(*a) != grid_of(*b))
        .expect("two grids have buildings");
    let path = format!("/api/v1/features/buildings/{}", world().buildings[from].id.0);
    let seen = get(&app, &path).await;
    let target = get(&app, &format!("/api/v1/features/buildings/{}", world().buildings[to].id.0)).await;
    let after = patch(&app, &path, &seen["etag"], moved(target["geometry"].clone()), StatusCode::OK).await;
    let told = &after["problems"][0];
    let message = told["message"].as_str().unwrap_or_default();
    assert_eq!(told["code"], "moved-grid", "{after}");
    assert!(grid_of(from).is_some_and(|rank| message.contains(snapshot.grid_code(rank))), "{message}");
    assert!(grid_of(to).is_some_and(|rank| message.contains(snapshot.grid_code(rank))), "{message}");
    let away = json!({"type": "Polygon", "coordinates": [[[1, 1], [1.001, 1], [1.001, 1.001], [1, 1]]]});
    let after = patch(&app, &path, &after["etag"], moved(away), StatusCode::OK).await;
    assert_eq!(after["problems"][0]["code"], "outside-the-city", "{after}");
}

/// Every layer can be read and written back as it is, and its fields are those of the schema.
#[tokio::test]
async fn every_layer_goes_through_the_form_and_back() {
    let app = app();
    let schema = get(&app, "/api/v1/schema").await;
    for layer in Layer::ALL {
        let described = schema["layers"].as_array().expect("layers").iter().find(|l| l["name"] == layer.word());
        let described = described.expect("every layer is described");
        for record in world().records(layer).take(5) {
            let path = format!("/api/v1/features/{layer}/{}", record.id);
            let seen = get(&app, &path).await;
            let names: Vec<&str> = seen["properties"].as_object().expect("fields").keys().map(String::as_str).collect();
            assert!(
                described["fields"]
                    .as_array()
                    .expect("fields")
                    .iter()
                    .all(|f| names.contains(&f["name"].as_str().unwrap_or_default()))
            );
            let body =
                json!({"author": "a", "reason": "b", "properties": seen["properties"], "geometry": seen["geometry"]});
            let after = patch(&app, &path, &seen["etag"], body, StatusCode::OK).await;
            assert_eq!((&after["etag"], &after["version"]), (&seen["etag"], &json!(1)), "{layer}: {seen}");
            if let Geometry::Area(area) = &record.geometry {
                assert_eq!(after["geometry"]["type"], if area.0.len() == 1 { "Polygon" } else { "MultiPolygon" });
            }
        }
    }
}

#[tokio::test]
async fn pages_of_other_sites_change_nothing() {
    let app = app();
    let path = format!("/api/v1/features/checkpoints/{}", world().checkpoints[0].id.0);
    let seen = get(&app, &path).await;
    let from = |origin: Option<&str>, site: Option<&str>| {
        let mut request = request(Method::PATCH, &path, seen["etag"].as_str(), Some(wish(json!({}))));
        request.headers_mut().remove(header::ORIGIN);
        request.headers_mut().remove("sec-fetch-site");
        for (name, value) in [("origin", origin), ("sec-fetch-site", site)] {
            if let Some(value) = value {
                request.headers_mut().insert(name, value.parse().expect("value"));
            }
        }
        request
    };
    for (origin, site) in [
        (Some("http://evil.example"), None),
        (Some("http://localhost:9090"), None),
        (Some("null"), None),
        (None, Some("cross-site")),
        (Some("http://localhost:8080"), Some("cross-site")),
    ] {
        answer(&app, from(origin, site), StatusCode::FORBIDDEN).await;
    }
    for (origin, site) in [(None, None), (Some("http://LOCALHOST:8080"), Some("same-origin")), (None, Some("none"))] {
        answer(&app, from(origin, site), StatusCode::OK).await;
    }
}

#[tokio::test]
async fn a_server_that_others_can_reach_changes_nothing() {
    let app = app_with(Serving { allow_remote: true, ..Serving::default() });
    let path = format!("/api/v1/features/checkpoints/{}", world().checkpoints[0].id.0);
    let seen = get(&app, &path).await;
    patch(&app, &path, &seen["etag"], wish(json!({"name": "x"})), StatusCode::FORBIDDEN).await;
    post(&app, "/api/v1/features/checkpoints", wish(json!({})), StatusCode::FORBIDDEN).await;
    post(&app, "/api/v1/changes/1/undo", signature(), StatusCode::FORBIDDEN).await;
    let city = get(&app, "/api/v1/city").await;
    assert_eq!((&city["editable"], city["read_only_because"].is_string()), (&json!(false), true));
    let camera = format!("/api/v1/features/cameras/{}", world().cameras[0].id.0);
    answer(&app, request(Method::GET, &camera, None, None), StatusCode::FORBIDDEN).await;
    // Asking by POST changes nothing and stays open.
    post(&app, "/api/v1/locate", json!([]), StatusCode::OK).await;
    let city = get(&self::app(), "/api/v1/city").await;
    assert_eq!((&city["editable"], &city["read_only_because"]), (&json!(true), &json!(null)));
}
