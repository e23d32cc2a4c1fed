//! How calls that cannot be meant are refused, how repeats change nothing, and how the program stops: what a review found.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

const POINT: &str = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"name":"门岗"},
    "geometry":{"type":"Point","coordinates":[104.628,31.016]}}]}"#;

fn gridweave(dir: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gridweave")).current_dir(dir).args(arguments).output().expect("runs")
}

/// A folder with a city of one checkpoint and the file that it came from.
fn city() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a scratch folder");
    std::fs::write(dir.path().join("gates.geojson"), POINT).expect("write");
    let made = gridweave(dir.path(), &["import", "gates.geojson", "--into", "city.gpkg", "--as", "checkpoints"]);
    assert_eq!(made.status.code(), Some(0), "{}", String::from_utf8_lossy(&made.stderr));
    dir
}

#[test]
fn calls_that_cannot_be_meant_exit_with_2_and_touch_nothing() {
    let dir = city();
    std::fs::create_dir(dir.path().join("folder")).expect("folder");
    std::fs::write(dir.path().join("points.csv"), "id,lon,lat\n").expect("write");
    let kept: Vec<_> = ["city.gpkg", "gates.geojson", "points.csv"].map(|name| dir.path().join(name)).into();
    let before: Vec<Vec<u8>> = kept.iter().map(|path| std::fs::read(path).expect("read")).collect();
    for call in [
        "import nowhere.geojson --into city.gpkg --as grids",
        "import folder --into city.gpkg --as grids",
        "import gates.geojson --into gates.geojson --as checkpoints",
        "import gates.geojson --into city.gpkg --as gnomes",
        "import gates.geojson --into city.gpkg --as checkpoints --problems gates.geojson",
        "import gates.geojson --into city.gpkg --as checkpoints --problems ./city.gpkg",
        "check city.gpkg --problems city.gpkg",
        "check nowhere.gpkg",
        "export city.gpkg --layer checkpoints --format geojson --out folder/../city.gpkg",
        "export city.gpkg --format geopackage --out gates.geojson",
        "locate city.gpkg --points points.csv --out points.csv",
        "locate city.gpkg --points nowhere.csv --out out.csv",
        "serve city.gpkg --timeout 0",
        "serve city.gpkg --listen 0.0.0.0:0",
    ] {
        let run = gridweave(dir.path(), &call.split(' ').collect::<Vec<_>>());
        assert_eq!(run.status.code(), Some(2), "{call}: {}", String::from_utf8_lossy(&run.stderr));
    }
    let after: Vec<Vec<u8>> = kept.iter().map(|path| std::fs::read(path).expect("read")).collect();
    assert!(before == after);
}

#[test]
fn importing_the_same_again_changes_nothing() {
    let dir = city();
    let version = || {
        let db = rusqlite::Connection::open(dir.path().join("city.gpkg")).expect("open");
        let version = db.query_row("SELECT value FROM gridweave WHERE key = 'version'", [], |row| row.get(0));
        version.expect("a version")
    };
    let before: String = version();
    let again = gridweave(dir.path(), &["import", "gates.geojson", "--into", "city.gpkg", "--as", "checkpoints"]);
    assert_eq!((again.status.code(), version()), (Some(0), before));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let dir = city();
    for call in ["openapi", "export city.gpkg --layer checkpoints --format geojson --out -"] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_gridweave"))
            .current_dir(dir.path())
            .args(call.split(' '))
            .stdout(Stdio::piped())
            .spawn()
            .expect("runs");
        drop(child.stdout.take());
        assert_eq!(child.wait().expect("ends").code(), Some(0), "{call}");
    }
}

#[cfg(unix)]
#[test]
fn a_client_that_stalls_cannot_keep_the_server_from_stopping() {
    let dir = city();
    let mut server = Command::new(env!("CARGO_BIN_EXE_gridweave"))
        .current_dir(dir.path())
        .args(["serve", "city.gpkg", "--listen", "127.0.0.1:0", "--timeout", "0.5"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("runs");
    let mut line = String::new();
    BufReader::new(server.stdout.take().expect("stdout")).read_line(&mut line).expect("a line");
    let address = line.trim().rsplit('/').next().expect("an address");
    let mut stalled = TcpStream::connect(address).expect("connects");
    stalled.write_all(b"GET /api/v1/city HTTP/1.1\r\nHost: localhost\r\nX-Slow: ").expect("half a request");
    std::thread::sleep(Duration::from_millis(200));
    let told = Command::new("kill").args(["-TERM", &server.id().to_string()]).status().expect("kill");
    assert!(told.success());
    let since = Instant::now();
    let code = loop {
        if let Some(status) = server.try_wait().expect("waits") {
            break status.code();
        }
        if since.elapsed() > Duration::from_secs(30) {
            server.kill().expect("kill");
            panic!("still there after 30 s");
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    assert_eq!(code, Some(0));
}
