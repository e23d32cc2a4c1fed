//! The API through the real router, on the synthetic compound.

mod common;

use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use gridweave::api::{App, openapi, router};
use gridweave::city::City;
use gridweave::config::Serving;
use gridweave::index::{OUTSIDE, oracle};
use gridweave::model::{Coord, Layer, MultiPolygon, Profile, World};
use gridweave::read::datum::{Crs, Datum};
use gridweave::synth::{Scale, generate};
use http_body_util::BodyExt;
use serde_json::Value;
use std::io::Read;
use std::sync::OnceLock;
use tower::ServiceExt;

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| generate(Scale::Compound, 1, &|_, _| {}).world)
}

fn app_with(serving: Serving) -> App {
    let mut profile = Profile::preset("测试").expect("preset");
    profile.synthetic = true;
    App::new(City::in_memory(profile, world().clone()).expect("memory"), serving)
}

fn app() -> App {
    static APP: OnceLock<App> = OnceLock::new();
    APP.get_or_init(|| app_with(Serving::default())).clone()
}

async fn send(app: &App, request: Request<Body>) -> Response<Body> {
    router(app).oneshot(request).await.expect("infallible")
}

fn get(path: &str) -> Request<Body> {
    Request::get(path).header(header::HOST, "localhost").body(Body::empty()).expect("request")
}

fn post(path: &str, kind: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(path).header(header::CONTENT_TYPE, kind).body(body.into()).expect("request")
}

async fn bytes(response: Response<Body>) -> Vec<u8> {
    response.into_body().collect().await.expect("body").to_bytes().to_vec()
}

async fn json(app: &App, path: &str) -> Value {
    let response = send(app, get(path)).await;
    assert_eq!(response.status(), StatusCode::OK, "{path}");
    serde_json::from_slice(&bytes(response).await).expect("json")
}

/// Errors are problem documents that repeat the status and say something.
async fn problem(app: &App, request: Request<Body>, status: StatusCode) -> Value {
    let what = format!("{} {}", request.method(), request.uri());
    let response = send(app, request).await;
    assert_eq!(response.status(), status, "{what}");
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json", "{what}");
    let body: Value = serde_json::from_slice(&bytes(response).await).expect("json");
    assert_eq!(body["status"], status.as_u16());
    assert!(body["detail"].as_str().is_some_and(|d| d.len() > 10), "{what}: {body}");
    body
}

/// Grids in the order of their codes, as the index ranks them.
fn ranked() -> Vec<&'static gridweave::model::Grid> {
    let mut grids: Vec<_> = world().grids.iter().collect();
    grids.sort_by(|a, b| a.code.cmp(&b.code));
    grids
}

fn points(n: u32) -> Vec<Coord> {
    let bounds = world().bounds().expect("a world");
    let (w, h) = ((bounds.max.x - bounds.min.x) as u64, (bounds.max.y - bounds.min.y) as u64);
    let at = |i: u64| Coord::new(bounds.min.x + (i * 7_919_993 % w) as i32, bounds.min.y + (i * 6_700_417 % h) as i32);
    (0..u64::from(n)).map(at).collect()
}

#[tokio::test]
async fn a_point_names_its_grid_and_everything_above_it() {
    let grid = &world().grids[0];
    let card = json(&app(), &format!("/api/v1/grids/{}", grid.code)).await;
    let (lon, lat) = (&card["anchor"][0], &card["anchor"][1]);
    let answer = json(&app(), &format!("/api/v1/locate?lon={lon}&lat={lat}")).await;
    assert_eq!(answer["primary"], card);
    assert_eq!(answer["primary"]["grid"], grid.code.as_str());
    assert_eq!(answer["primary"]["community"]["name"], world().communities[0].name.as_str());
    assert_eq!((&answer["crs"], &answer["version"]), (&"wgs84".into(), &1.into()));
    assert!(answer["border"]["metres"].as_f64().is_some_and(|m| m > 0.0));
    let far = json(&app(), "/api/v1/locate?lon=0&lat=0").await;
    assert!(far["primary"].is_null() && far["border"].is_null());
}

#[tokio::test]
async fn every_datum_finds_the_same_grid_and_an_unknown_one_is_refused() {
    let anchor = json(&app(), &format!("/api/v1/grids/{}", world().grids[0].code)).await["anchor"].clone();
    let (lon, lat) = (anchor[0].as_f64().expect("lon"), anchor[1].as_f64().expect("lat"));
    for name in ["wgs84", "gcj02", "bd09", "cgcs2000", "EPSG:4544"] {
        let datum = Datum::new(Crs::parse(name).expect(name)).expect(name);
        let (x, y) = datum.from_wgs84(lon, lat).expect(name);
        let answer = json(&app(), &format!("/api/v1/locate?lon={x}&lat={y}&crs={name}")).await;
        assert_eq!(answer["primary"]["grid"], world().grids[0].code.as_str(), "{name}");
        assert_eq!(answer["crs"].as_str().map(str::to_lowercase), Some(name.to_lowercase()));
        let away = answer["point"][0].as_f64().expect("lon") - lon;
        assert!(away.abs() < 3e-7, "{name}: {away}");
    }
    for query in [
        "lon=104&lat=31&crs=mars",
        "lon=x&lat=31",
        "lon=104",
        "lon=104&lat=NaN",
        "lon=1040&lat=31",
        "lon=104&lat=31&at=yesterday",
    ] {
        problem(&app(), get(&format!("/api/v1/locate?{query}")), StatusCode::BAD_REQUEST).await;
    }
}

#[tokio::test]
async fn a_moment_before_the_plan_has_no_answer() {
    problem(&app(), get("/api/v1/locate?lon=104.6&lat=31&at=2001-01-01T00:00:00Z"), StatusCode::NOT_FOUND).await;
    json(&app(), "/api/v1/locate?lon=104.6&lat=31&at=2101-01-01T00:00:00Z").await;
}

#[tokio::test]
async fn the_three_batch_forms_agree_with_the_slow_oracle() {
    let grids = ranked();
    let polygons: Vec<&MultiPolygon> = grids.iter().map(|g| &g.area).collect();
    let points = points(3_000);
    let expected: Vec<Option<u32>> = points.iter().map(|p| oracle::locate(&polygons, *p)).collect();
    assert!(expected.iter().flatten().count() > 500 && expected.iter().any(Option::is_none));

    let body: Vec<u8> = points.iter().flat_map(|p| [p.x, p.y]).flat_map(i32::to_le_bytes).collect();
    let response = send(&app(), post("/api/v1/locate", "application/octet-stream", body)).await;
    assert_eq!(response.headers()["x-data-version"], "1");
    let answer = bytes(response).await;
    let ranks: Vec<u32> = answer.chunks_exact(4).map(|b| u32::from_le_bytes(b.try_into().expect("4"))).collect();
    let wanted: Vec<u32> = expected.iter().map(|e| e.unwrap_or(OUTSIDE)).collect();
    assert_eq!(ranks, wanted);

    // Ranks index the list of grids.
    let listed = json(&app(), "/api/v1/grids?limit=1000").await;
    for (i, grid) in grids.iter().enumerate() {
        assert_eq!(listed["rows"][i]["code"], grid.code.as_str());
    }

    let body = serde_json::to_vec(&points.iter().map(|p| [p.lon(), p.lat()]).collect::<Vec<_>>()).expect("json");
    let answer: Value =
        serde_json::from_slice(&bytes(send(&app(), post("/api/v1/locate", "application/json", body)).await).await)
            .expect("json");
    let codes: Vec<Option<&str>> =
        answer["results"].as_array().expect("results").iter().map(|r| r["grid"].as_str()).collect();
    let wanted: Vec<Option<&str>> = expected.iter().map(|e| e.map(|rank| grids[rank as usize].code.as_str())).collect();
    assert_eq!(codes, wanted);

    let mut table = String::from("id,lon,lat\n");
    for (i, p) in points.iter().enumerate() {
        table += &format!("\"p,{i}\",{:.7},{:.7}\n", p.lon(), p.lat());
    }
    let answer = bytes(send(&app(), post("/api/v1/locate", "text/csv; charset=utf-8", table)).await).await;
    let mut rows = csv::Reader::from_reader(&answer[..]);
    let rows: Vec<csv::StringRecord> = rows.records().map(|r| r.expect("row")).collect();
    for (i, (row, code)) in rows.iter().zip(&wanted).enumerate() {
        assert_eq!((&row[0], &row[1]), (format!("p,{i}").as_str(), code.unwrap_or("")));
    }
    assert_eq!(rows.len(), points.len());
}

#[tokio::test]
async fn bad_batches_are_refused_with_the_place() {
    let app = app();
    problem(&app, post("/api/v1/locate", "application/octet-stream", vec![0u8; 12]), StatusCode::BAD_REQUEST).await;
    problem(&app, post("/api/v1/locate", "application/xml", "<a/>"), StatusCode::UNSUPPORTED_MEDIA_TYPE).await;
    let told =
        problem(&app, post("/api/v1/locate", "text/csv", "id,lon,lat\na,1,2\nb,x,2\n"), StatusCode::BAD_REQUEST).await;
    assert!(told["detail"].as_str().is_some_and(|d| d.contains("line 3") && d.contains("`x`")), "{told}");
    let told =
        problem(&app, post("/api/v1/locate", "text/csv", "name,lon,lat\na,1,2\n"), StatusCode::BAD_REQUEST).await;
    assert!(told["detail"].as_str().is_some_and(|d| d.contains("`id`")), "{told}");
    let told =
        problem(&app, post("/api/v1/locate", "application/json", "[[1,2],[3,400]]"), StatusCode::BAD_REQUEST).await;
    assert!(told["detail"].as_str().is_some_and(|d| d.contains("point 1")), "{told}");
    problem(&app, post("/api/v1/locate", "application/json", "{"), StatusCode::BAD_REQUEST).await;
}

#[tokio::test]
async fn limits_answer_413_408_and_503() {
    let small = app_with(Serving { max_body_mb: 0, ..Serving::default() });
    problem(&small, post("/api/v1/locate", "application/json", "[[1,2]]"), StatusCode::PAYLOAD_TOO_LARGE).await;
    let busy = app_with(Serving { max_requests: 0, ..Serving::default() });
    problem(&busy, get("/api/v1/city"), StatusCode::SERVICE_UNAVAILABLE).await;
    // A body that never comes.
    let quick = app_with(Serving { timeout: 0.05, ..Serving::default() });
    let body = Body::from_stream(futures_util::stream::pending::<Result<&[u8], std::convert::Infallible>>());
    problem(&quick, post("/api/v1/locate", "application/json", body), StatusCode::REQUEST_TIMEOUT).await;
}

#[tokio::test]
async fn names_of_other_machines_are_not_answered_on_loopback() {
    let foreign =
        Request::get("/api/v1/city").header(header::HOST, "evil.example:8080").body(Body::empty()).expect("request");
    problem(&app(), foreign, StatusCode::MISDIRECTED_REQUEST).await;
    for host in ["localhost:8080", "127.0.0.1:9", "[::1]:8080"] {
        let request = Request::get("/healthz").header(header::HOST, host).body(Body::empty()).expect("request");
        assert_eq!(send(&app(), request).await.status(), StatusCode::OK, "{host}");
    }
}

#[tokio::test]
async fn cameras_stay_closed_on_a_server_that_others_can_reach() {
    let remote = app_with(Serving { allow_remote: true, ..Serving::default() });
    let camera = world().cameras[0].code.clone().expect("synthetic cameras have codes");
    for path in ["/api/v1/cameras", "/tiles/cameras/14/1/1", "/tiles/grids,cameras/14/1/1", "/tiles/cameras.json"] {
        let body = problem(&remote, get(path), StatusCode::FORBIDDEN).await.to_string();
        assert!(!body.contains(camera.as_str()));
    }
    assert_eq!(json(&remote, &format!("/api/v1/search?q={camera}")).await["results"].as_array().map(Vec::len), Some(0));
    let city = json(&remote, "/api/v1/city").await;
    assert_eq!(city["closed"], serde_json::json!(["cameras"]));
    assert!(city["counts"].get("cameras").is_none());
    let grids = json(&remote, "/api/v1/grids?limit=1").await;
    assert!(grids["rows"][0].get("cameras").is_none());
    assert!(json(&remote, &format!("/api/v1/grids/{}", world().grids[0].code)).await["cameras"].is_null());
    problem(&remote, get("/api/v1/grids?sort=cameras"), StatusCode::BAD_REQUEST).await;
    // And on loopback they are open.
    assert_eq!(json(&app(), &format!("/api/v1/search?q={camera}")).await["results"][0]["kind"], "camera");
}

#[tokio::test]
async fn tables_filter_sort_and_page() {
    let app = app();
    for layer in Layer::ALL {
        let page = json(&app, &format!("/api/v1/{layer}?limit=3")).await;
        assert_eq!(page["total"], world().count(layer), "{layer}");
        let columns: Vec<&str> =
            page["fields"].as_array().expect("fields").iter().filter_map(|f| f["name"].as_str()).collect();
        for row in page["rows"].as_array().expect("rows") {
            assert!(columns.iter().all(|c| row.get(c).is_some()), "{layer}: {row}");
        }
    }
    let sorted = json(&app, "/api/v1/grids?sort=-households&limit=1000").await;
    let counts: Vec<i64> =
        sorted["rows"].as_array().expect("rows").iter().filter_map(|r| r["households"].as_i64()).collect();
    assert!(counts.is_sorted_by(|a, b| a >= b) && counts.len() == world().grids.len());
    // What stands in the grids adds up to what stands in the city.
    let mut sum = 0;
    for grid in &world().grids {
        let inside = json(&app, &format!("/api/v1/buildings?grid={}&limit=1", grid.code)).await;
        sum += inside["total"].as_u64().expect("total");
    }
    assert_eq!(sum, world().buildings.len() as u64);
    let first = json(&app, "/api/v1/buildings?limit=5").await;
    let second = json(&app, "/api/v1/buildings?limit=5&offset=5").await;
    assert!(
        first["rows"].as_array().expect("rows").iter().all(|a| second["rows"]
            .as_array()
            .expect("rows")
            .iter()
            .all(|b| a["id"] != b["id"]))
    );
    let bounds = world().grids[0].area.bounds().expect("bounds").degrees();
    let boxed =
        json(&app, &format!("/api/v1/grids?bbox={},{},{},{}", bounds[0], bounds[1], bounds[2], bounds[3])).await;
    assert!(boxed["rows"].as_array().expect("rows").iter().any(|r| r["code"] == world().grids[0].code.as_str()));
    for bad in [
        "/api/v1/grids?sort=colour",
        "/api/v1/grids?bbox=1,2,3",
        "/api/v1/grids?bbox=3,2,1,4",
        "/api/v1/grids?limit=-1",
    ] {
        problem(&app, get(bad), StatusCode::BAD_REQUEST).await;
    }
    for unknown in [
        "/api/v1/gnomes",
        "/api/v1/grids/none",
        "/api/v1/buildings?grid=none",
        "/tiles/gnomes/1/1/1",
        "/tiles/grids/3/8/0",
        "/api/v2/city",
        "/nothing",
    ] {
        problem(&app, get(unknown), StatusCode::NOT_FOUND).await;
    }
}

#[tokio::test]
async fn households_in_are_households_out() {
    let rows = json(&app(), "/api/v1/grids?limit=1000").await;
    let in_grids: u64 = rows["rows"].as_array().expect("rows").iter().filter_map(|r| r["households"].as_u64()).sum();
    let in_buildings: u64 = world().buildings.iter().filter_map(|b| b.households).map(|h| u64::from(h.count)).sum();
    let communities = json(&app(), "/api/v1/communities").await;
    assert_eq!(in_grids, in_buildings);
    assert_eq!(communities["rows"][0]["households"].as_u64(), Some(in_grids));
}

#[tokio::test]
async fn search_finds_codes_and_names() {
    let app = app();
    let grid = &world().grids[1];
    let hit = &json(&app, &format!("/api/v1/search?q={}", grid.code)).await["results"][0];
    assert_eq!((&hit["kind"], &hit["code"]), (&"grid".into(), &grid.code.as_str().into()));
    let street = world().streets.iter().find(|s| !s.name.is_empty()).expect("a named street");
    let hits = json(&app, &format!("/api/v1/search?q={}&limit=50", urlencode(&street.name))).await;
    let hits: Vec<&Value> = hits["results"]
        .as_array()
        .expect("results")
        .iter()
        .filter(|h| h["kind"] == "street" && h["name"] == street.name.as_str())
        .collect();
    assert_eq!(hits.len(), 1, "a street drawn in pieces is listed once");
    assert_eq!(json(&app, "/api/v1/search?q=").await["results"], serde_json::json!([]));
}

fn urlencode(text: &str) -> String {
    text.bytes().map(|b| format!("%{b:02X}")).collect()
}

fn tile_of(at: Coord, z: u32) -> (u32, u32) {
    let n = f64::from(1u32 << z);
    let y = (1.0 - (at.lat().to_radians().tan().asinh() / std::f64::consts::PI)) / 2.0;
    (((at.lon() + 180.0) / 360.0 * n) as u32, (y * n) as u32)
}

#[tokio::test]
async fn tiles_are_revalidated_and_the_same_in_every_encoding() {
    let app = app();
    let (x, y) = tile_of(world().bounds().expect("bounds").centre(), 15);
    let path = format!("/tiles/buildings,grids,streets/15/{x}/{y}");
    let plain = send(&app, get(&path)).await;
    assert_eq!(plain.status(), StatusCode::OK);
    assert_eq!(plain.headers()[header::CONTENT_TYPE], "application/vnd.mapbox-vector-tile");
    let plain_tag = plain.headers()[header::ETAG].clone();
    let plain = bytes(plain).await;
    assert!(plain.len() > 1_000);
    let with = |encoding: &str| {
        Request::get(&path).header(header::ACCEPT_ENCODING, encoding).body(Body::empty()).expect("request")
    };
    for encoding in ["gzip", "br"] {
        let packed = send(&app, with(encoding)).await;
        assert_eq!(packed.headers()[header::CONTENT_ENCODING], encoding);
        assert_ne!(packed.headers()[header::ETAG], plain_tag, "a strong tag names bytes, and these differ");
        let packed = bytes(packed).await;
        assert!(packed.len() < plain.len());
        let mut unpacked = Vec::new();
        match encoding {
            "gzip" => drop(flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut unpacked).expect("gzip")),
            _ => drop(brotli::Decompressor::new(&packed[..], 4096).read_to_end(&mut unpacked).expect("br")),
        }
        assert_eq!(unpacked, plain);
    }
    assert!(send(&app, with("gzip;q=0")).await.headers().get(header::CONTENT_ENCODING).is_none());
    let again = Request::get(&path).header(header::IF_NONE_MATCH, plain_tag).body(Body::empty()).expect("request");
    let again = send(&app, again).await;
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert!(bytes(again).await.is_empty());
    assert_eq!(send(&app, get("/tiles/grids/15/0/0")).await.status(), StatusCode::NO_CONTENT);
    let description = json(&app, "/tiles/grids,buildings.json").await;
    assert_eq!(description["tilejson"], "3.0.0");
    let layers: Vec<&str> =
        description["vector_layers"].as_array().expect("layers").iter().filter_map(|l| l["id"].as_str()).collect();
    assert!(["grids", "grids_label", "buildings"].iter().all(|l| layers.contains(l)), "{layers:?}");
}

#[tokio::test]
async fn every_answer_carries_an_id_and_the_operators_routes_work() {
    let app = app();
    let given = Request::get("/healthz").header("x-request-id", "abc-1").body(Body::empty()).expect("request");
    assert_eq!(send(&app, given).await.headers()["x-request-id"], "abc-1");
    let forged = Request::get("/healthz").header("x-request-id", "a b\tc").body(Body::empty()).expect("request");
    let response = send(&app, forged).await;
    assert_ne!(response.headers()["x-request-id"], "a b\tc");
    assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    assert_eq!(send(&app, get("/readyz")).await.status(), StatusCode::OK);
    let metrics = String::from_utf8(bytes(send(&app, get("/metrics")).await).await).expect("text");
    assert!(metrics.contains("gridweave_requests_total{route=\"/healthz\",status=\"200\"}"), "{metrics}");
}

/// `make bless` accepts what changed.
#[test]
fn the_description_of_the_api_is_the_one_that_the_web_map_was_typed_from() {
    let described = openapi().to_pretty_json().expect("json");
    assert!(described.contains("\"openapi\": \"3.1.0\""));
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("web/openapi.json");
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept.trim() == described.trim(),
        "the API changed: run `make bless` and commit web/openapi.json and the types made from it"
    );
}

#[tokio::test]
async fn layers_are_downloaded_as_files() {
    let app = app();
    let snapshot = app.city.snapshot();
    for (extension, kind, begins) in [
        ("geojson", "application/geo+json", &b"{\"type\":\"FeatureCollection\""[..]),
        ("fgb", "application/flatgeobuf", b"fgb\x03fgb"),
        ("gpkg", "application/geopackage+sqlite3", b"SQLite format 3\0"),
        ("csv", "text/csv; charset=utf-8", "\u{feff}gridweave_id,".as_bytes()),
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", b"PK\x03\x04"),
        ("pmtiles", "application/vnd.pmtiles", b"PMTiles\x03"),
    ] {
        let path = format!("/api/v1/export/grids.{extension}");
        let response = send(&app, get(&path)).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(response.headers()[header::CONTENT_TYPE], kind);
        let named = format!(
            "attachment; filename=\"grids.{extension}\"; filename*=UTF-8''%E6%B5%8B%E8%AF%95-grids.{extension}"
        );
        assert_eq!(response.headers()[header::CONTENT_DISPOSITION], named.as_str());
        let length: usize =
            response.headers()[header::CONTENT_LENGTH].to_str().expect("text").parse().expect("a number");
        let body = bytes(response).await;
        assert!(body.len() == length && body.starts_with(begins), "{path}: {length}");
        let format = gridweave::write::Format::of_extension(extension).expect("a format");
        if format.is_text() {
            let mut expected = Vec::new();
            snapshot.export_to(&mut expected, format, &[Layer::Grids], &|_, _| Ok(())).expect("memory");
            assert_eq!(body, expected, "{path}");
        }
    }
    for path in ["grids.shp", "meshes.csv", "grids", ".csv"] {
        problem(&app, get(&format!("/api/v1/export/{path}")), StatusCode::NOT_FOUND).await;
    }
    let remote = app_with(Serving { allow_remote: true, ..Serving::default() });
    problem(&remote, get("/api/v1/export/cameras.csv"), StatusCode::FORBIDDEN).await;
    assert_eq!(send(&remote, get("/api/v1/export/grids.csv")).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_file_that_takes_longer_than_a_request_may_still_arrives_whole() {
    // Half of this is what the handler waits for the file; on a machine at rest tiles take longer, and then the file
    // follows the headers. On a busy one the guard may be quicker than the handler.
    let app = app_with(Serving { timeout: 0.05, ..Serving::default() });
    for _ in 0..20 {
        let response = send(&app, get("/api/v1/export/buildings.pmtiles")).await;
        match response.status() {
            StatusCode::REQUEST_TIMEOUT | StatusCode::SERVICE_UNAVAILABLE => {
                tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            }
            status => {
                assert_eq!(status, StatusCode::OK);
                let body = bytes(response).await;
                let word = |at: usize| u64::from_le_bytes(body[at..at + 8].try_into().expect("8 bytes")) as usize;
                // Leaf directories or, without them, tiles end the file.
                assert_eq!(body.len(), (word(40) + word(48)).max(word(56) + word(64)));
                return;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn few_files_are_made_at_once() {
    let app = app_with(Serving::default());
    let ask = |app: App| async move { send(&app, get("/api/v1/export/buildings.xlsx")).await };
    let many: Vec<_> = (0..8).map(|_| tokio::spawn(ask(app.clone()))).collect();
    let mut done = 0;
    for one in many {
        let response = one.await.expect("answered");
        if response.status() == StatusCode::OK {
            done += 1;
        } else {
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(response.headers()[header::RETRY_AFTER], "5");
        }
    }
    assert!(done > 0);
    assert_eq!(ask(app).await.status(), StatusCode::OK, "the places are free again");
}

#[tokio::test]
async fn other_methods_are_refused_with_a_problem() {
    for path in ["/", "/api/v1/city", "/tiles/grids/0/0/0"] {
        let request = Request::put(path).header(header::HOST, "localhost").body(Body::empty()).expect("request");
        problem(&app(), request, StatusCode::METHOD_NOT_ALLOWED).await;
    }
}

#[tokio::test]
async fn a_table_in_gbk_is_answered() {
    // `你好` in GBK.
    let table = b"id,lon,lat\n\xC4\xE3\xBA\xC3,0,0\n".to_vec();
    let answer = bytes(send(&app(), post("/api/v1/locate", "text/csv", table)).await).await;
    assert_eq!(String::from_utf8(answer).as_deref(), Ok("id,grid\n你好,\n"));
    problem(
        &app(),
        post("/api/v1/locate", "text/csv", b"id,lon,lat\n\xFF\xFE,0,0\n".to_vec()),
        StatusCode::BAD_REQUEST,
    )
    .await;
}

#[tokio::test]
async fn limits_without_end_are_no_panic() {
    let endless =
        Serving { max_requests: usize::MAX, max_body_mb: usize::MAX, tile_cache_mb: u64::MAX, ..Serving::default() };
    json(&app_with(endless), "/api/v1/city").await;
}

#[tokio::test]
async fn two_grids_of_one_code_keep_their_own_figures() {
    let mut twins = world().clone();
    let code = twins.grids[0].code.clone();
    twins.grids[1].code = code.clone();
    let city = City::in_memory(Profile::preset("测试").expect("preset"), twins).expect("memory");
    let app = App::new(city, Serving::default());
    let own = |page: &Value, id: u32| {
        let rows = page["rows"].as_array().expect("rows").clone();
        let row = rows.into_iter().find(|row| row["id"] == id).expect("row");
        (row["anchor"].clone(), row["area_m2"].clone())
    };
    let (before, after) = (json(&self::app(), "/api/v1/grids").await, json(&app, "/api/v1/grids").await);
    for grid in &world().grids {
        assert_eq!(own(&before, grid.id.0), own(&after, grid.id.0), "{}", grid.id);
    }
}
