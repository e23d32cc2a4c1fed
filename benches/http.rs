//! The HTTP path over the synthetic district: `cargo bench --profile dev --bench http`, with `-- socket` to let `wrk` ask
//! over a socket too (start it under `taskset -c 0`; wrk runs on core 1).
//!
//! What is compared runs side by side in short turns on one thread, and medians are printed: a busy neighbour slows both
//! sides of a turn or spoils a few of them. Answers are compared with the slow exact ones before anything is timed.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::routing::get;
use bytes::Bytes;
use gridweave::api::{App, guarded, router};
use gridweave::city::City;
use gridweave::config::Serving;
use gridweave::index::{OUTSIDE, oracle};
use gridweave::model::{Bounds, Coord, MultiPolygon, Profile};
use gridweave::synth::{Scale, generate};
use http_body_util::BodyExt;
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use std::hint::black_box;
use std::process::Command;
use std::time::Instant;
use tower::Service;

/// Requests in one turn: half a millisecond, less than the time for which a busy machine lets a process run.
const TURN: usize = 50;

/// Grids and buildings at a zoom at which the map shows both.
const ZOOM: u8 = 14;

struct Bench {
    app: App,
    router: Router,
    runtime: tokio::runtime::Runtime,
    points: Vec<Coord>,
}

fn main() {
    let made = generate(Scale::District, 1, &|_, _| {});
    let profile = Profile::preset(&made.name).expect("preset");
    let app = App::new(City::in_memory(profile, made.world).expect("memory"), Serving::default());
    let mut bench = Bench {
        router: router(&app),
        runtime: tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime"),
        points: points(&app, 1_000_000),
        app,
    };
    bench.lookup();
    bench.batches();
    let (path, tile) = bench.tile();
    if std::env::args().any(|argument| argument == "socket") {
        bench.socket(&path, tile);
    }
}

/// Random points of the box around all grids.
fn points(app: &App, n: usize) -> Vec<Coord> {
    let snapshot = app.city.snapshot();
    let bounds = snapshot.world.grids.iter().filter_map(|grid| grid.area.bounds()).reduce(Bounds::union);
    let Bounds { min, max } = bounds.expect("grids");
    let mut random = Pcg64Mcg::seed_from_u64(7);
    (0..n).map(|_| Coord::new(random.random_range(min.x..=max.x), random.random_range(min.y..=max.y))).collect()
}

fn ask(path: &str) -> Request<Body> {
    let request = Request::get(path).header(header::HOST, "localhost:8080").header(header::ACCEPT_ENCODING, "gzip");
    request.body(Body::empty()).expect("a request")
}

fn locate_path(at: Coord) -> String {
    format!("/api/v1/locate?lon={}&lat={}", at.lon(), at.lat())
}

impl Bench {
    fn answer(&mut self, request: Request<Body>) -> Bytes {
        let Self { router, runtime, .. } = self;
        runtime.block_on(async {
            let response = router.call(request).await.expect("infallible");
            assert_eq!(response.status(), StatusCode::OK);
            response.into_body().collect().await.expect("a body").to_bytes()
        })
    }

    fn lookup(&mut self) {
        let snapshot = self.app.city.snapshot();
        let places = &snapshot.ground.grids.places;
        let polygons: Vec<&MultiPolygon> =
            places.iter().map(|place| &snapshot.world.grids[*place as usize].area).collect();
        for i in 0..500 {
            let at = self.points[i];
            let answer: serde_json::Value = serde_json::from_slice(&self.answer(ask(&locate_path(at)))).expect("JSON");
            let grid = oracle::locate(&polygons, at)
                .map(|rank| snapshot.world.grids[places[rank as usize] as usize].code.as_str());
            assert_eq!(answer["primary"]["grid"].as_str(), grid, "at {at:?}");
        }
        let within: Vec<Coord> =
            self.points.iter().copied().filter(|at| snapshot.ground.grids.locate(*at).is_some()).take(20_000).collect();
        let mut of = within.iter().cycle();
        let mut lookups = self.router.clone();
        let mut empty = self.router.clone();
        let [empty, lookup] = self.duel(
            400,
            (&mut empty, &mut || ask("/healthz")),
            (&mut lookups, &mut || ask(&locate_path(*of.next().expect("endless")))),
        );
        println!("lookup: {lookup:.0} ns, empty handler {empty:.0} ns, difference {:.0} ns", lookup - empty);
        let per = |seconds: f64| seconds * 1e9 / within.len() as f64;
        let alone = median(9, || {
            for at in &within {
                black_box(snapshot.locate(*at));
            }
        });
        println!("  of which grid, border, street and building {:.0} ns", per(alone));
        let card = median(9, || {
            for rank in within.iter().filter_map(|at| snapshot.ground.grids.locate(*at)) {
                let card = gridweave::api::shapes::GridCard::of(&snapshot, rank, true);
                black_box(serde_json::to_vec(&card).expect("JSON"));
            }
        });
        println!("  the grid's card as JSON {:.0} ns", per(card));
    }

    fn batches(&mut self) {
        let snapshot = self.app.city.snapshot();
        let places = &snapshot.ground.grids.places;
        let polygons: Vec<&MultiPolygon> =
            places.iter().map(|place| &snapshot.world.grids[*place as usize].area).collect();
        for n in [100_000, 1_000_000] {
            let units = self.points[..n].iter().flat_map(|at| [at.x, at.y]).flat_map(i32::to_le_bytes);
            let body: Bytes = units.collect::<Vec<u8>>().into();
            let post = || {
                let request = Request::post("/api/v1/locate").header(header::CONTENT_TYPE, "application/octet-stream");
                request.body(Body::from(body.clone())).expect("a request")
            };
            let answer = self.answer(post());
            assert_eq!(answer.len(), 4 * n);
            for i in (0..n).step_by(n / 500) {
                let found =
                    u32::from_le_bytes([answer[4 * i], answer[4 * i + 1], answer[4 * i + 2], answer[4 * i + 3]]);
                assert_eq!(found, oracle::locate(&polygons, self.points[i]).unwrap_or(OUTSIDE));
            }
            let seconds = median(15, || {
                black_box(self.answer(post()));
            });
            println!("binary batch of {n}: {:.1} million points/s", n as f64 / seconds / 1e6);
        }
    }

    /// The path of the fullest tile of the district's middle and its bytes.
    fn tile(&mut self) -> (String, Bytes) {
        let snapshot = self.app.city.snapshot();
        let centre = snapshot.ground.bounds.expect("a city").centre();
        let n = f64::from(1u32 << ZOOM);
        let x = ((centre.lon() + 180.0) / 360.0 * n) as u32;
        let y = ((1.0 - centre.lat().to_radians().tan().asinh() / std::f64::consts::PI) / 2.0 * n) as u32;
        let path = format!("/tiles/grids/{ZOOM}/{x}/{y}");
        let tile = self.answer(ask(&path));
        let mut still = guarded(fixed(tile.clone()), &self.app);
        let mut tiles = self.router.clone();
        let [fixed, hot] = self.duel(800, (&mut still, &mut || ask("/static")), (&mut tiles, &mut || ask(&path)));
        println!("hot tile of {} bytes in process: {hot:.0} ns, the same bytes fixed {fixed:.0} ns", tile.len());
        (path, tile)
    }

    fn duel<'a>(&self, turns: usize, a: Side<'a>, b: Side<'a>) -> [f64; 2] {
        let mut times = [Vec::with_capacity(turns), Vec::with_capacity(turns)];
        let mut sides = [a, b];
        self.runtime.block_on(async {
            for _ in 0..turns {
                for ((router, next), times) in sides.iter_mut().zip(&mut times) {
                    let requests: Vec<Request<Body>> = (0..TURN).map(|_| next()).collect();
                    let start = Instant::now();
                    for request in requests {
                        black_box(router.call(request).await.expect("infallible"));
                    }
                    times.push(start.elapsed().as_secs_f64() * 1e9 / TURN as f64);
                }
            }
        });
        times.map(middle)
    }

    /// A tile and a fixed body by turns over a socket, each turn three seconds of `wrk` with 32 connections.
    fn socket(&self, path: &str, tile: Bytes) {
        let listener = self.runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = guarded(fixed(tile), &self.app).merge(router(&self.app));
        std::thread::scope(|scope| {
            let wrk = scope.spawn(move || {
                let mut rates = [Vec::new(), Vec::new()];
                for _ in 0..5 {
                    for (path, rates) in ["/static", path].iter().zip(&mut rates) {
                        rates.extend(rate(&format!("http://{address}{path}")));
                    }
                }
                rates.map(middle)
            });
            self.runtime.block_on(async {
                let serve = tokio::spawn(axum::serve(listener, router).into_future());
                while !wrk.is_finished() {
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                }
                serve.abort();
            });
            let [fixed, hot] = wrk.join().expect("no panic");
            println!("hot tile over a socket: {hot:.0}/s, fixed {fixed:.0}/s: {:.1} %", 100.0 * hot / fixed);
        });
    }
}

/// A router and what to ask it.
type Side<'a> = (&'a mut Router, &'a mut dyn FnMut() -> Request<Body>);

/// A body that is always the same, with the headers that a tile has.
fn fixed(body: Bytes) -> Router<App> {
    let headers = [
        (header::CONTENT_TYPE, "application/vnd.mapbox-vector-tile"),
        (header::CONTENT_ENCODING, "gzip"),
        (header::ETAG, "\"0123456789abcdef0123456789abcdef-gz\""),
        (header::CACHE_CONTROL, "no-cache"),
        (header::VARY, "accept-encoding"),
    ];
    Router::new().route("/static", get(async move || (headers, body.clone())))
}

/// Requests a second.
fn rate(url: &str) -> Option<f64> {
    let arguments = ["-c", "1", "wrk", "-t1", "-c32", "-d3s", "-H", "Accept-Encoding: gzip", url];
    let output = Command::new("taskset").args(arguments).output().expect("wrk and taskset");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!text.contains("Non-2xx"), "{text}");
    text.lines().find_map(|line| line.strip_prefix("Requests/sec:")?.trim().parse().ok())
}

fn median(rounds: usize, mut work: impl FnMut()) -> f64 {
    let times = (0..rounds).map(|_| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    });
    middle(times.collect())
}

fn middle(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
