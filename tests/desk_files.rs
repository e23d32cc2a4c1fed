//! Files at the data desk, through the real router: brought, looked at, read on trial, imported, undone.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use gridweave::api::{App, router};
use gridweave::city::City;
use gridweave::config::Serving;
use gridweave::model::{Layer, Profile, World};
use gridweave::read::datum::{Crs, Datum};
use gridweave::synth::{Scale, generate};
use gridweave::write::geojson;
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

async fn raw(app: &App, method: Method, path: &str, body: impl Into<Body>) -> (StatusCode, Vec<u8>) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "localhost")
        .header(header::CONTENT_TYPE, "application/json")
        .body(body.into())
        .expect("request");
    let response = router(app).oneshot(request).await.expect("infallible");
    let status = response.status();
    (status, response.into_body().collect().await.expect("body").to_bytes().to_vec())
}

async fn ask(app: &App, method: Method, path: &str, body: Value, status: StatusCode) -> Value {
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    let (found, bytes) = raw(app, method.clone(), path, body).await;
    assert_eq!(found, status, "{method} {path}: {}", String::from_utf8_lossy(&bytes));
    serde_json::from_slice(&bytes).unwrap_or_default()
}

async fn get(app: &App, path: &str) -> Value {
    ask(app, Method::GET, path, Value::Null, StatusCode::OK).await
}

async fn upload(app: &App, name: &str, bytes: impl Into<Body>) -> Value {
    let (status, body) = raw(app, Method::POST, &format!("/api/v1/desk/files?name={name}"), bytes).await;
    assert_eq!(status, StatusCode::CREATED, "{}", String::from_utf8_lossy(&body));
    serde_json::from_slice(&body).expect("json")
}

/// Begins a job and waits for its end.
async fn job(app: &App, path: &str, body: Value) -> (String, Value) {
    let id =
        ask(app, Method::POST, path, body, StatusCode::ACCEPTED).await["job"].as_str().expect("a number").to_owned();
    loop {
        let job = get(app, &format!("/api/v1/jobs/{id}")).await;
        if job["state"] != "running" {
            return (id, job);
        }
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
}

fn features(layer: Layer) -> Value {
    let mut bytes = Vec::new();
    geojson::layer(&mut bytes, world(), layer, &|_, _| Ok(())).expect("memory");
    serde_json::from_slice(&bytes).expect("json")
}

/// The checkpoints as somebody else's file: other column names, one renamed, one new, one without a name.
fn foreign_checkpoints() -> String {
    let mut file = features(Layer::Checkpoints);
    let list = file["features"].as_array_mut().expect("features");
    for feature in list.iter_mut() {
        let name = feature["properties"].as_object_mut().expect("properties").remove("name");
        feature["properties"]["点位"] = name.expect("a name");
        feature["properties"].as_object_mut().expect("properties").remove(gridweave::read::NUMBER_COLUMN);
        feature["properties"]["备注"] = json!("无");
        feature.as_object_mut().expect("feature").remove("id");
    }
    let mut new = list[0].clone();
    new["properties"]["点位"] = json!("新点位");
    new["geometry"]["coordinates"][0] = json!(new["geometry"]["coordinates"][0].as_f64().expect("lon") + 0.0003);
    list.push(new.clone());
    new["properties"]["点位"] = json!(null);
    list.push(new);
    file.to_string()
}

fn asked(file: &Value) -> Value {
    json!({"file": file["id"], "layer": "checkpoints", "crs": "wgs84", "map": {"name": "点位"}})
}

fn signed(mut body: Value) -> Value {
    body["author"] = json!("王工");
    body["reason"] = json!("市局台账");
    body
}

#[tokio::test]
async fn a_messy_file_is_looked_at_tried_mended_imported_and_undone() {
    let app = app();
    let file = upload(&app, "checkpoints.geojson", foreign_checkpoints()).await;
    let all = world().checkpoints.len() as u64;
    let sheet = &file["sheets"][0];
    assert_eq!(
        (&file["format"], &file["name"], &file["problem"]),
        (&json!("geojson"), &json!("checkpoints.geojson"), &json!(null))
    );
    assert_eq!(
        (&sheet["rows"], &sheet["geometry"], &sheet["layer"]),
        (&json!(all + 2), &json!("point"), &json!("checkpoints"))
    );
    assert_eq!(sheet["remembered"], json!(null));
    let names: Vec<&str> =
        sheet["columns"].as_array().expect("columns").iter().filter_map(|c| c["name"].as_str()).collect();
    assert!(names.contains(&"点位") && names.contains(&"备注"), "{names:?}");

    let (id, tried) = job(&app, "/api/v1/desk/preview", asked(&file)).await;
    assert_eq!(tried["state"], "done", "{tried}");
    let seen = &tried["result"];
    assert_eq!(
        (&seen["importable"], &seen["total"], &seen["problems"]["errors"]),
        (&json!(false), &json!(all + 2), &json!(1))
    );
    let worst = &seen["problems"]["list"][0];
    assert_eq!((&worst["severity"], &worst["row"]), (&json!("error"), &json!(all + 2)));
    let rows = seen["rows"].as_array().expect("rows");
    let row = |number: u64| rows.iter().find(|row| row["row"] == number).expect("a row");
    assert_eq!(row(1)["cells"]["name"], world().checkpoints[0].name.as_str());
    assert_eq!(row(all + 2)["problems"], 1, "what is wrong is shown too");
    let field = seen["fields"].as_array().expect("fields").iter().find(|f| f["name"] == "name").expect("name");
    assert_eq!((&field["columns"], &field["required"]), (&json!(["点位"]), &json!(true)));
    assert!(seen["unused"].as_array().is_some_and(|u| u.contains(&json!("备注"))));
    assert_eq!((&seen["datum"]["crs"], &seen["datum"]["how"]), (&json!("wgs84"), &json!("stated")));
    let added: Vec<&Value> = seen["features"]["features"]
        .as_array()
        .expect("features")
        .iter()
        .filter(|f| f["properties"]["change"] == "added")
        .collect();
    assert_eq!((added.len(), &added[0]["properties"]["row"]), (1, &json!(all + 1)));
    let (status, lines) = raw(&app, Method::GET, &format!("/api/v1/jobs/{id}/problems.jsonl"), Body::empty()).await;
    let told =
        ["errors", "warnings", "notes"].map(|s| seen["problems"][s].as_u64().unwrap_or_default()).iter().sum::<u64>();
    assert_eq!((status, lines.split(|b| *b == b'\n').count() as u64 - 1), (StatusCode::OK, told));
    let (status, book) = raw(&app, Method::GET, &format!("/api/v1/jobs/{id}/problems.xlsx"), Body::empty()).await;
    assert_eq!(status, StatusCode::OK);
    let mut book: calamine::Xlsx<_> = calamine::Reader::new(std::io::Cursor::new(book)).expect("a workbook");
    let sheet = calamine::Reader::worksheet_range_at(&mut book, 0).expect("a sheet").expect("readable");
    let rows: Vec<&[calamine::Data]> = sheet.rows().collect();
    let row_column = rows[0].iter().position(|cell| *cell == "row").expect("row numbers");
    assert_eq!(rows.len() as u64 - 1, told);
    assert_eq!((rows[1][0].to_string().as_str(), rows[1][row_column].to_string()), ("error", (all + 2).to_string()));

    // With the error in it nothing is imported, and the file stays.
    let (_, failed) = job(&app, "/api/v1/desk/import", signed(asked(&file))).await;
    assert_eq!((&failed["state"], &failed["problem"]["status"]), (&json!("failed"), &json!(422)));
    assert_eq!(failed["result"]["problems"]["errors"], 1);
    assert_eq!(app.city.snapshot().version, 1);
    let mut mended: Value = serde_json::from_str(&foreign_checkpoints()).expect("json");
    mended["features"].as_array_mut().expect("features").pop();
    let mended = upload(&app, "checkpoints.geojson", mended.to_string()).await;
    let (_, done) = job(&app, "/api/v1/desk/import", signed(asked(&mended))).await;
    assert_eq!((&done["state"], &done["result"]["version"]), (&json!("done"), &json!(2)), "{done}");
    let tally = &done["result"]["tallies"][0];
    assert_eq!(
        (&tally["layer"], &tally["added"], &tally["unchanged"]),
        (&json!("checkpoints"), &json!(1), &json!(all))
    );
    // It is off the desk; the first one is not.
    ask(
        &app,
        Method::GET,
        &format!("/api/v1/desk/files/{}", mended["id"].as_str().expect("id")),
        Value::Null,
        StatusCode::NOT_FOUND,
    )
    .await;
    let files = get(&app, "/api/v1/desk/files").await;
    assert_eq!(files["files"].as_array().map(Vec::len), Some(1));
    // The next file with these columns is known.
    let remembered = &files["files"][0]["sheets"][0]["remembered"];
    assert_eq!(*remembered, json!({"layer": "checkpoints", "crs": "wgs84", "map": {"name": "点位"}}));
    let told = get(&app, "/api/v1/changes").await;
    assert_eq!((&told["changes"][0]["author"], &told["changes"][0]["reason"]), (&json!("王工"), &json!("市局台账")));
    ask(&app, Method::POST, "/api/v1/changes/2/undo", signed(json!({})), StatusCode::OK).await;
    assert_eq!(app.city.snapshot().world.checkpoints, world().checkpoints);
    let id = file["id"].as_str().expect("id");
    ask(&app, Method::DELETE, &format!("/api/v1/desk/files/{id}"), Value::Null, StatusCode::NO_CONTENT).await;
    ask(&app, Method::DELETE, &format!("/api/v1/desk/files/{id}"), Value::Null, StatusCode::NOT_FOUND).await;
}

#[tokio::test]
async fn what_is_there_already_is_no_change() {
    let app = app();
    let file = upload(&app, "cameras.geojson", features(Layer::Cameras).to_string()).await;
    let body = json!({"file": file["id"], "layer": "cameras", "crs": "wgs84"});
    let (_, tried) = job(&app, "/api/v1/desk/preview", body.clone()).await;
    assert_eq!((&tried["result"]["importable"], &tried["result"]["problems"]["errors"]), (&json!(false), &json!(0)));
    let (_, done) = job(&app, "/api/v1/desk/import", signed(body)).await;
    assert_eq!((&done["result"]["version"], app.city.snapshot().version), (&json!(1), 1));
}

/// Borders that the city knows show the datum of a file that does not name it.
#[tokio::test]
async fn a_file_on_shifted_coordinates_is_found_out() {
    let app = app();
    let bd09 = Datum::new(Crs::Bd09).expect("known");
    let mut file = features(Layer::Grids);
    let move_ring = |ring: &mut Value| {
        for at in ring.as_array_mut().expect("a ring") {
            let (x, y) = bd09.from_wgs84(at[0].as_f64().expect("lon"), at[1].as_f64().expect("lat")).expect("in range");
            *at = json!([x, y]);
        }
    };
    for feature in file["features"].as_array_mut().expect("features") {
        // Somebody else's file: ours says that it is WGS 84 by the numbers in it.
        feature["properties"].as_object_mut().expect("properties").shift_remove("gridweave_id");
        let several = feature["geometry"]["type"] == "MultiPolygon";
        let parts = feature["geometry"]["coordinates"].as_array_mut().expect("coordinates");
        let rings: Vec<&mut Value> = if several {
            parts.iter_mut().flat_map(|p| p.as_array_mut().expect("rings")).collect()
        } else {
            parts.iter_mut().collect()
        };
        rings.into_iter().for_each(move_ring);
    }
    let file = upload(&app, "网格.geojson", file.to_string()).await;
    assert_eq!(file["sheets"][0]["layer"], "grids");
    let (_, tried) = job(&app, "/api/v1/desk/preview", json!({"file": file["id"], "layer": "grids"})).await;
    let datum = &tried["result"]["datum"];
    assert_eq!((&datum["crs"], &datum["how"]), (&json!("bd09"), &json!("detected")), "{datum}");
    assert!(datum["scores"].as_array().is_some_and(|s| s.len() > 2 && s[0]["crs"] == "bd09"), "{datum}");
    assert!(datum["message"].as_str().is_some_and(|m| m.contains("bd09")), "{datum}");
}

#[tokio::test]
async fn parts_of_a_shapefile_are_one_file_and_what_cannot_be_read_says_so() {
    let app = app();
    let prj = upload(&app, "a.prj", "GEOGCS[]").await;
    assert_eq!(prj["problem"]["code"], "shapefile-incomplete");
    let shp = upload(&app, "a.shp", "nonsense").await;
    assert_eq!((&shp["id"], &shp["parts"]), (&prj["id"], &json!(["a.shp", "a.prj"])));
    assert!(shp["problem"]["remedy"].as_str().is_some_and(|r| !r.is_empty()), "{shp}");
    let (_, tried) = job(&app, "/api/v1/desk/preview", json!({"file": shp["id"], "layer": "grids"})).await;
    assert_eq!((&tried["state"], &tried["result"]["importable"]), (&json!("done"), &json!(false)));
    assert!(tried["result"]["problems"]["errors"].as_u64() > Some(0));
}

#[tokio::test]
async fn wrong_calls_are_told() {
    let app = app();
    let file = upload(&app, "x.geojson", features(Layer::Services).to_string()).await;
    let body = |name: &str, value: Value| {
        let mut body = json!({"file": file["id"], "layer": "services"});
        body[name] = value;
        body
    };
    for (body, status) in [
        (body("file", json!("999")), StatusCode::NOT_FOUND),
        (body("file", json!("x")), StatusCode::NOT_FOUND),
        (body("layer", json!("castles")), StatusCode::UNPROCESSABLE_ENTITY),
        (body("crs", json!("mars")), StatusCode::UNPROCESSABLE_ENTITY),
        (body("crs", json!("EPSG:1")), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({"layer": "services"}), StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        ask(&app, Method::POST, "/api/v1/desk/preview", body, status).await;
    }
    // An import is signed.
    ask(&app, Method::POST, "/api/v1/desk/import", body("crs", json!("wgs84")), StatusCode::UNPROCESSABLE_ENTITY).await;
    let unknown = body("map", json!({"colour": "x"}));
    let (_, tried) = job(&app, "/api/v1/desk/preview", unknown).await;
    let codes: Vec<&Value> =
        tried["result"]["problems"]["list"].as_array().expect("list").iter().map(|p| &p["code"]).collect();
    assert!(codes.contains(&&json!("map-unknown-field")), "{codes:?}");
    for path in ["/api/v1/jobs/999", "/api/v1/jobs/999/problems.jsonl", "/api/v1/desk/files/999"] {
        ask(&app, Method::GET, path, Value::Null, StatusCode::NOT_FOUND).await;
    }
    ask(&app, Method::DELETE, "/api/v1/jobs/999", Value::Null, StatusCode::NOT_FOUND).await;
    let (status, _) = raw(&app, Method::POST, "/api/v1/desk/files?name=..", "x").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let (status, _) = raw(&app, Method::POST, "/api/v1/desk/files", "x").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_file_may_be_larger_than_a_body_and_not_than_the_desk() {
    let app = app_with(Serving { max_body_mb: 1, max_upload_mb: 3, ..Serving::default() });
    let blank = vec![b' '; 2 << 20];
    let file = upload(&app, "blank.geojson", blank.clone()).await;
    assert_eq!((&file["bytes"], file["problem"].is_object()), (&json!(2 << 20), true));
    let (status, body) = raw(&app, Method::POST, "/api/v1/desk/files?name=more.csv", blank).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(String::from_utf8_lossy(&body).contains("--max-upload-mb"));
    ask(
        &app,
        Method::DELETE,
        &format!("/api/v1/desk/files/{}", file["id"].as_str().expect("id")),
        Value::Null,
        StatusCode::NO_CONTENT,
    )
    .await;
    upload(&app, "more.csv", "a,b\n1,2\n").await;
    assert_eq!(get(&app, "/api/v1/desk/files").await["files"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_file_that_stops_coming_is_given_up_and_leaves_nothing() {
    let app = app_with(Serving { timeout: 0.05, max_upload_mb: 1, ..Serving::default() });
    let never = Body::from_stream(futures_util::stream::pending::<Result<bytes::Bytes, std::io::Error>>());
    let (status, _) = raw(&app, Method::POST, "/api/v1/desk/files?name=a.csv", never).await;
    assert_eq!(status, StatusCode::REQUEST_TIMEOUT);
    let half = futures_util::stream::iter([
        Ok(bytes::Bytes::from(vec![b'a'; 1 << 19])),
        Err(std::io::Error::other("the line is cut")),
    ]);
    let (status, _) = raw(&app, Method::POST, "/api/v1/desk/files?name=a.csv", Body::from_stream(half)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    // The room is free again.
    upload(&app, "a.csv", vec![b'a'; 1 << 20]).await;
}

#[tokio::test]
async fn a_job_that_is_given_up_has_ended() {
    let app = app();
    let one = features(Layer::Buildings)["features"][0].to_string();
    let many = format!("{{\"type\":\"FeatureCollection\",\"features\":[{}]}}", vec![one.as_str(); 20_000].join(","));
    let file = upload(&app, "buildings.geojson", many).await;
    let body = json!({"file": file["id"], "layer": "buildings", "crs": "wgs84"});
    let begin = || ask(&app, Method::POST, "/api/v1/desk/preview", body.clone(), StatusCode::ACCEPTED);
    let (first, second) = (begin().await, begin().await);
    for job in [second, first] {
        let path = format!("/api/v1/jobs/{}", job["job"].as_str().expect("a number"));
        ask(&app, Method::DELETE, &path, Value::Null, StatusCode::NO_CONTENT).await;
        assert_eq!(get(&app, &path).await["state"], "cancelled");
    }
    // Whoever comes next is served.
    let (_, tried) = job(&app, "/api/v1/desk/preview", body).await;
    assert_eq!(tried["state"], "done");
    assert_eq!(tried["result"]["total"], 20_000);
}

#[tokio::test]
async fn a_server_that_others_can_reach_takes_no_files() {
    let app = app_with(Serving { allow_remote: true, ..Serving::default() });
    let (status, _) = raw(&app, Method::POST, "/api/v1/desk/files?name=a.csv", "x").await;
    assert_eq!(status, StatusCode::FORBIDDEN);
}
