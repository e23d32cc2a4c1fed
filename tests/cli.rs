//! The command line as users and scripts meet it: exit codes, what is written and what is not, tables in and out.

use gridweave::city::{City, Snapshot};
use gridweave::model::{Layer, Profile, Record, Value};
use gridweave::synth::{Scale, generate};
use serde_json::{Value as Json, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

const PROGRAM: &str = env!("CARGO_BIN_EXE_gridweave");
const DONE: i32 = 0;
const DATA: i32 = 1;
const CALL: i32 = 2;
const ENVIRONMENT: i32 = 3;

/// A folder in which the program runs.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), text).expect("written");
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    fn text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).expect("UTF-8")
    }

    fn json(&self, name: &str) -> Json {
        serde_json::from_slice(&self.read(name)).expect("JSON")
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.current_dir(self.0.path()).args(words).stdin(Stdio::null());
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GRIDWEAVE_")) {
            command.env_remove(name);
        }
        command
    }

    /// Runs `gridweave` with a line of words.
    fn run(&self, line: &str) -> Output {
        self.run_words(&line.split_whitespace().collect::<Vec<_>>())
    }

    fn run_words(&self, words: &[&str]) -> Output {
        let output = self.command(words).output().expect("runs");
        let told = [output.stdout.as_slice(), &output.stderr].concat();
        assert!(!told.contains(&b'\r') && !told.contains(&0x1b), "no progress bar in a pipe: {words:?}");
        output
    }

    /// Runs and expects an exit code; gives back what was printed.
    fn expect(&self, code: i32, line: &str) -> String {
        let output = self.run(line);
        let told = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "gridweave {line}\n{told}");
        told
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).expect("a folder");
        let mut names: Vec<_> = entries.map(|e| e.expect("entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// A city of two grids and a third whose code wants quoting.
    fn with_grids() -> Self {
        let desk = Self::new();
        desk.write("grids.geojson", collection(&[square("网格-1", 0), square("网格-2", 1), square("G,\"3\"", 2)]));
        desk.expect(DONE, "import grids.geojson --into city.gpkg --as grids --crs wgs84");
        desk
    }
}

fn collection(features: &[Json]) -> String {
    json!({"type": "FeatureCollection", "features": features}).to_string()
}

/// A square of 0.01 degree, the n-th east of 104 E 30 N.
fn square(code: &str, n: i32) -> Json {
    let (west, east) = (104.0 + 0.01 * f64::from(n), 104.0 + 0.01 * f64::from(n + 1));
    let ring = [[west, 30.0], [east, 30.0], [east, 30.01], [west, 30.01], [west, 30.0]];
    json!({"type": "Feature", "properties": {"code": code, "name": format!("{code}号")},
           "geometry": {"type": "Polygon", "coordinates": [ring]}})
}

/// A star that winds twice around its middle: ground or a hole?
fn star(code: &str) -> Json {
    let ring = [[104.5, 30.0], [104.54, 30.03], [104.49, 30.03], [104.53, 30.0], [104.51, 30.04], [104.5, 30.0]];
    json!({"type": "Feature", "properties": {"code": code}, "geometry": {"type": "Polygon", "coordinates": [ring]}})
}

fn camera(code: &str, lon: f64) -> Json {
    json!({"type": "Feature", "properties": {"code": code}, "geometry": {"type": "Point", "coordinates": [lon, 30.005]}})
}

#[test]
fn wrong_calls_exit_with_2_and_touch_nothing() {
    let desk = Desk::with_grids();
    desk.write("points.csv", "id,lon,lat\n1,104.005,30.005\n");
    let (before, city) = (desk.names(), desk.read("city.gpkg"));
    for (line, word) in [
        ("", "Usage"),
        ("knit city.gpkg", "knit"),
        ("import grids.geojson --into city.gpkg --as grids --colour red", "--colour"),
        ("import grids.geojson --into city.gpkg --as meshes", "communities"),
        ("import grids.geojson --into city.gpkg --as grids --crs mars2000", "mars2000"),
        ("import grids.geojson --into city.gpkg --as grids --crs EPSG:999999", "999999"),
        ("import grids.geojson --into city.gpkg --as grids --map code", "FIELD=COLUMN"),
        ("import grids.geojson --into city.gpkg --as grids --map colour=code", "external_code"),
        ("import grids.geojson --into city.gpkg --as osm --map code=code", "tags"),
        ("import absent.geojson --into city.gpkg --as grids", "absent.geojson"),
        ("import absent.osm --into city.gpkg --as osm", "absent.osm"),
        ("import grids.geojson absent.geojson --into new.gpkg --as grids", "absent.geojson"),
        ("import grids.geojson --into city.gpkg --as grids --problems grids.geojson", "overwrite"),
        ("import --into city.gpkg --as grids", "FILES"),
        ("check absent.gpkg", "gridweave import"),
        ("check city.gpkg --problems city.gpkg", "overwrite"),
        ("serve absent.gpkg --listen 127.0.0.1:0", "gridweave import"),
        ("serve city.gpkg --listen nowhere", "ADDRESS:PORT"),
        ("serve city.gpkg --listen 0.0.0.0:0", "--allow-remote"),
        ("locate absent.gpkg --points points.csv --out out.csv", "absent.gpkg"),
        ("locate city.gpkg --points absent.csv --out out.csv", "absent.csv"),
        ("locate city.gpkg --points points.csv --out points.csv", "overwrite"),
        ("locate city.gpkg --points points.csv --out city.gpkg", "overwrite"),
        ("locate city.gpkg --points points.csv --out out.csv --crs mars", "mars"),
        ("locate city.gpkg --points points.csv --out out.csv --at yesterday", "yesterday"),
        ("export city.gpkg --layer meshes --format geojson --out out.geojson", "meshes"),
        ("export city.gpkg --format geojson --out out.geojson", "--layer"),
        ("export city.gpkg --layer grids --format shapefile --out out.shp", "geopackage"),
        ("export city.gpkg --layer grids --format geojson --out city.gpkg", "overwrite"),
        ("export city.gpkg --format geopackage --out city.gpkg", "overwrite"),
        ("export city.gpkg --format csv --out out.csv", "--layer"),
        ("export city.gpkg --layer grids --out out", "--format"),
        ("export city.gpkg --layer grids --format csv --out grids.geojson", "agree"),
        ("export city.gpkg --layer grids --format xlsx --out -", "standard output"),
        ("export city.gpkg --layer grids --format csv --out /dev/full", "name another"),
        ("export absent.gpkg --layer grids --format geojson --out out.geojson", "absent.gpkg"),
        ("demo --scale galaxy", "galaxy"),
    ] {
        let told = desk.expect(CALL, line);
        assert!(told.contains(word), "gridweave {line}: {told}");
    }
    let leftovers: Vec<String> = desk.names().into_iter().filter(|name| !before.contains(name)).collect();
    assert!(leftovers.iter().all(|name| name.ends_with("-lock") || name.ends_with("-journal")), "{leftovers:?}");
    assert_eq!(desk.read("city.gpkg"), city);
}

#[test]
fn errors_in_the_data_exit_with_1_and_write_nothing() {
    let desk = Desk::with_grids();
    desk.write("bad.geojson", collection(&[square("网格-4", 3), star("网格-5")]));
    desk.write("cut.geojson", &collection(&[square("网格-4", 3)])[..90]);
    desk.write("junk.csv", "id,lon,lat\n1,east,30\n");
    desk.write("half.csv", "id,longitude\n1,104\n");
    let (before, city) = (desk.names(), desk.read("city.gpkg"));
    for (line, word) in [
        ("import bad.geojson --into city.gpkg --as grids", "ring-self-crosses"),
        ("import bad.geojson --into new.gpkg --as grids", "nothing was written"),
        ("import grids.geojson bad.geojson --into city.gpkg --as grids --replace", "nothing was written"),
        ("import cut.geojson --into city.gpkg --as grids", "json-truncated"),
        ("import grids.geojson --into city.gpkg --as osm", "not-osm"),
        ("import grids.geojson --into city.gpkg --as grids --map code=编号", "map-unknown-column"),
        ("import grids.geojson --into city.gpkg --as cameras", "geometry-kind"),
        ("locate city.gpkg --points junk.csv --out out.csv", "line 2"),
        ("locate city.gpkg --points half.csv --out out.csv", "`lon`"),
        ("locate city.gpkg --points grids.geojson --out out.csv", "grids.geojson"),
        ("locate city.gpkg --points half.csv --out out.csv --at 1999-01-01T00:00:00Z", "in force"),
        ("check grids.geojson", "not a city file"),
        ("import grids.geojson --into bad.geojson --as grids", "not a city file"),
    ] {
        let told = desk.expect(DATA, line);
        assert!(told.contains(word), "gridweave {line}: {told}");
    }
    let leftovers: Vec<String> = desk.names().into_iter().filter(|name| !before.contains(name)).collect();
    assert!(leftovers.iter().all(|name| name.ends_with("-lock") || name.ends_with("-journal")), "{leftovers:?}");
    assert_eq!(desk.read("city.gpkg"), city, "byte for byte");
}

#[test]
fn a_machine_that_refuses_exits_with_3() {
    let desk = Desk::with_grids();
    desk.write("points.csv", "id,lon,lat\n1,104.005,30.005\n");
    std::fs::create_dir(desk.path("folder")).expect("a folder");
    for line in [
        "import grids.geojson --into grids.geojson/city.gpkg --as grids",
        "import grids.geojson --into city.gpkg --as grids --problems folder",
        "check city.gpkg --problems no/such/folder/problems.jsonl",
        "locate city.gpkg --points points.csv --out folder",
        "export city.gpkg --layer grids --format geojson --out folder",
        "export city.gpkg --format geopackage --out no/such/folder/copy.gpkg",
    ] {
        desk.expect(ENVIRONMENT, line);
    }
    // A folder or a name that cannot be meant is the call's fault, not the machine's.
    desk.expect(CALL, "import grids.geojson --into no/such/folder/city.gpkg --as grids");
    desk.expect(CALL, "export city.gpkg --format geopackage --out grids.geojson");
    let held = City::open(&desk.path("city.gpkg")).expect("the writer");
    let city = desk.read("city.gpkg");
    let told = desk.expect(ENVIRONMENT, "import grids.geojson --into city.gpkg --as grids");
    assert!(told.contains("stop that one, or work through its server"), "{told}");
    assert_eq!(desk.read("city.gpkg"), city);
    drop(held);
    desk.expect(DONE, "import grids.geojson --into city.gpkg --as grids");
}

#[test]
fn a_dry_run_tells_and_writes_nothing() {
    let desk = Desk::new();
    desk.write("grids.geojson", collection(&[square("A", 0)]));
    let told = desk.expect(DONE, "import grids.geojson --into city.gpkg --as grids --dry-run");
    assert!(told.contains("grids: 1 added") && told.contains("nothing was written"), "{told}");
    assert_eq!(desk.names(), ["grids.geojson"]);
    desk.expect(DONE, "import grids.geojson --into city.gpkg --as grids");
    desk.write("more.geojson", collection(&[square("A", 0), square("B", 1)]));
    let (names, city) = (desk.names(), desk.read("city.gpkg"));
    let told = desk.expect(DONE, "import more.geojson --into city.gpkg --as grids --dry-run --replace");
    assert!(told.contains("grids: 1 added, 1 unchanged"), "{told}");
    assert_eq!((desk.names(), desk.read("city.gpkg")), (names, city));
    desk.write("bad.geojson", collection(&[star("C")]));
    desk.expect(DATA, "import bad.geojson --into city.gpkg --as grids --dry-run");
}

#[test]
fn problems_are_one_json_object_a_line() {
    let desk = Desk::with_grids();
    let bad: Vec<Json> = (0..25).map(|i| star(&format!("坏{i}"))).collect();
    desk.write("bad.geojson", collection(&bad));
    let told = desk.expect(DATA, "import bad.geojson --into city.gpkg --as grids --problems problems.jsonl");
    assert!(told.contains("ring-self-crosses: 15 more"), "{told}");
    let text = desk.text("problems.jsonl");
    let lines: Vec<serde_json::Map<String, Json>> =
        text.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    assert!(lines.len() >= 25 && text.ends_with('\n'));
    for line in &lines {
        let keys: Vec<&str> = line.keys().map(String::as_str).collect();
        assert_eq!(keys[..6], ["severity", "code", "file", "feature", "message", "remedy"]);
        assert!(keys[6..].iter().all(|key| matches!(*key, "row" | "at")), "{keys:?}");
        assert!(line.values().take(6).all(Json::is_string), "{line:?}");
        assert!(matches!(line["severity"].as_str(), Some("error" | "warning" | "note")));
    }
    assert!(
        lines.iter().any(|line| line["severity"] == "error"
            && line["file"] == "bad.geojson"
            && line["feature"] == "feature 25")
    );
    desk.expect(DATA, "import bad.geojson --into city.gpkg --as grids --problems problems.xlsx");
    let mut book = calamine::open_workbook_auto(desk.path("problems.xlsx")).expect("a workbook");
    let sheet = calamine::Reader::worksheet_range(&mut book, "problems").expect("the sheet");
    assert_eq!(sheet.height(), lines.len() + 1);
    desk.expect(DONE, "check city.gpkg --problems checked.jsonl");
    assert_eq!(desk.text("checked.jsonl"), "");
}

#[test]
fn importing_twice_is_importing_once() {
    let desk = Desk::with_grids();
    desk.write("cameras.geojson", collection(&[camera("C1", 104.005), camera("C2", 104.015)]));
    desk.expect(DONE, "import cameras.geojson --into city.gpkg --as cameras");
    let ids = || {
        ["grids", "cameras"]
            .map(|layer| desk.expect(DONE, &format!("export city.gpkg --layer {layer} --format geojson --out -")))
    };
    let before = ids();
    let told = desk.expect(DONE, "import grids.geojson --into city.gpkg --as grids --crs wgs84");
    assert!(told.contains("grids: 3 unchanged\n"), "{told}");
    let told = desk.expect(DONE, "import cameras.geojson cameras.geojson --into city.gpkg --as cameras");
    assert!(told.contains("cameras: 2 unchanged\n") && told.contains("doubled"), "{told}");
    assert_eq!(ids(), before);
}

#[test]
fn replace_removes_what_the_files_do_not_mention() {
    let desk = Desk::with_grids();
    desk.write("two.geojson", collection(&[square("网格-2", 1), square("网格-9", 8)]));
    let told = desk.expect(DONE, "import two.geojson --into city.gpkg --as grids");
    assert!(told.contains("grids: 1 added, 1 unchanged\n"), "{told}");
    let told = desk.expect(DONE, "import two.geojson --into city.gpkg --as grids --replace");
    assert!(told.contains("grids: 2 unchanged, 2 removed\n"), "{told}");
    let codes: Vec<String> =
        Snapshot::read(&desk.path("city.gpkg")).expect("city").world.grids.iter().map(|g| g.code.to_string()).collect();
    assert_eq!(codes, ["网格-2", "网格-9"]);
}

#[test]
fn columns_are_mapped_and_several_files_make_one_layer() {
    let desk = Desk::new();
    for (file, n) in [("东.geojson", 0), ("西.geojson", 1)] {
        let mut feature = square("x", n);
        feature["properties"] = json!({"GRID_NO": format!("51010400{n}"), "小名": "甲", "code": "wrong"});
        desk.write(file, collection(&[feature]));
    }
    let told = desk.expect(
        DONE,
        "import 东.geojson 西.geojson --into city.gpkg --as grids --map code=GRID_NO --map name=小名 --name 织城区",
    );
    assert!(told.contains("grids: 2 added"), "{told}");
    let city = Snapshot::read(&desk.path("city.gpkg")).expect("city");
    let grids: Vec<(&str, &str)> = city.world.grids.iter().map(|g| (g.code.as_str(), g.name.as_str())).collect();
    assert_eq!(grids, [("510104000", "甲"), ("510104001", "甲")]);
    assert_eq!(city.profile.name, "织城区");
}

fn rows(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|row| row.expect("a row").iter().map(str::to_owned).collect()).collect()
}

#[test]
fn locate_answers_tables_as_spreadsheets_write_them() {
    let desk = Desk::with_grids();
    let lines = [
        "id,lon,lat,说明",
        "甲号,104.005,30.005,x",
        "\"a,\"\"b\"\"\",104.015,30.005,",
        "3,104.025,30.005,\"两\n行\"",
        "外,105,31,",
        "边,104.01,30.005,",
    ];
    let expected =
        [["id", "grid"], ["甲号", "网格-1"], ["a,\"b\"", "网格-2"], ["3", "G,\"3\""], ["外", ""], ["边", "网格-2"]];
    let quoted = lines.join("\n").replacen("id,lon", "\"id\",\"lon\"", 1);
    let (gb18030, ..) = encoding_rs::GB18030.encode(&quoted);
    let tables: [(&str, Vec<u8>); 5] = [
        ("plain", lines.join("\n").into_bytes()),
        ("BOM and CRLF", format!("\u{feff}{}\r\n", lines.join("\r\n")).into_bytes()),
        ("BOM before a quote", format!("\u{feff}{quoted}").into_bytes()),
        ("GB18030, as Chinese spreadsheets save", gb18030.into_owned()),
        (
            "columns in another order and case",
            lines.iter().map(|l| l.replace("id,lon,lat", "ID,Lon,LAT") + "\n").collect::<String>().into_bytes(),
        ),
    ];
    for (what, table) in tables {
        desk.write("in.csv", table);
        desk.expect(DONE, "locate city.gpkg --points in.csv --out out.csv");
        assert_eq!(rows(&desk.text("out.csv")), expected, "{what}");
    }
    desk.write("in.csv", "id,lon,lat\n");
    desk.expect(DONE, "locate city.gpkg --points in.csv --out out.csv");
    assert_eq!(desk.text("out.csv"), "id,grid\n");
}

#[test]
fn locate_takes_points_in_the_datum_that_is_named() {
    // 德阳: WGS 84 104.397894,31.131139 is 349 m from where GCJ-02 draws it; the grid reaches 50 m.
    let desk = Desk::new();
    let (x, y, r) = (104.397894, 31.131139, 0.0005);
    let ring = [[x - r, y - r], [x + r, y - r], [x + r, y + r], [x - r, y + r], [x - r, y - r]];
    let feature = json!({"type": "Feature", "properties": {"code": "旌阳-1"}, "geometry": {"type": "Polygon", "coordinates": [ring]}});
    desk.write("grids.geojson", collection(&[feature]));
    desk.expect(DONE, "import grids.geojson --into city.gpkg --as grids --crs wgs84");
    desk.write(
        "in.csv",
        "id,lon,lat\nwgs,104.397894,31.131139\ngcj,104.400576239,31.129000267\nbd,104.406993333,31.135316438\n",
    );
    for (crs, inside) in [("wgs84", "wgs"), ("gcj02", "gcj"), ("bd09", "bd"), ("EPSG:4490", "wgs")] {
        desk.expect(DONE, &format!("locate city.gpkg --points in.csv --out out.csv --crs {crs}"));
        let found: Vec<String> = rows(&desk.text("out.csv"))
            .into_iter()
            .skip(1)
            .filter(|r| r[1] == "旌阳-1")
            .map(|r| r[0].clone())
            .collect();
        assert_eq!(found, [inside], "{crs}");
    }
}

/// A made-up city with every layer, in a city file.
fn synthetic(desk: &Desk) -> Snapshot {
    let mut profile = Profile::preset("demo").expect("preset");
    profile.synthetic = true;
    let made = generate(Scale::Compound, 5, &|_, _| {});
    drop(City::create(&desk.path("city.gpkg"), &profile, &made.world, "demo").expect("create"));
    Snapshot::read(&desk.path("city.gpkg")).expect("read")
}

fn without_ids(city: &Snapshot, layer: Layer) -> Vec<Record> {
    city.world.records(layer).map(|record| Record { id: 0, ..record }).collect()
}

#[test]
fn exported_layers_make_the_same_city() {
    let desk = Desk::new();
    let city = synthetic(&desk);
    for layer in Layer::ALL {
        desk.expect(DONE, &format!("export city.gpkg --layer {layer} --format geojson --out {layer}.geojson"));
        let features = desk.json(&format!("{layer}.geojson"))["features"].as_array().map_or(0, Vec::len);
        assert_eq!(features, city.world.count(layer), "{layer}");
        desk.expect(DONE, &format!("import {layer}.geojson --into again.gpkg --as {layer} --crs wgs84"));
    }
    let again = Snapshot::read(&desk.path("again.gpkg")).expect("read");
    for layer in Layer::ALL {
        let (a, b) = (without_ids(&city, layer), without_ids(&again, layer));
        assert_eq!(a.len(), b.len(), "{layer}");
        for (a, b) in a.iter().zip(&b) {
            assert_eq!(a, b, "{layer}");
        }
    }
    let standard = desk.run("export city.gpkg --layer grids --format geojson --out -");
    assert_eq!(standard.stdout, desk.read("grids.geojson"));
}

#[test]
fn exports_replace_exports_and_never_a_city() {
    let desk = Desk::with_grids();
    desk.expect(DONE, "import grids.geojson --into other.gpkg --as grids --crs wgs84");
    let other = desk.read("other.gpkg");
    for line in ["--format geopackage --out other.gpkg", "--layer grids --format csv --out other.gpkg"] {
        assert!(desk.expect(CALL, &format!("export city.gpkg {line}")).contains("would overwrite a city"));
    }
    assert_eq!(desk.read("other.gpkg"), other);
    let names = desk.names();
    for format in ["geojson", "fgb", "gpkg", "csv", "xlsx", "pmtiles"] {
        let out = format!("out.{format}");
        desk.write(&out, "what was there before");
        desk.expect(DONE, &format!("export city.gpkg --layer grids --out {out}"));
        let first = desk.read(&out);
        assert!(!first.starts_with(b"what"), "{out}");
        desk.expect(DONE, &format!("export city.gpkg --layer grids --out {out}"));
        if !matches!(format, "gpkg" | "xlsx") {
            assert_eq!(desk.read(&out), first, "{out}: those two say when they were made");
        }
    }
    let text = desk.text("out.csv");
    assert_eq!(desk.run("export city.gpkg --layer grids --format csv --out -").stdout, text.as_bytes());
    assert!(text.starts_with("\u{feff}gridweave_id,code,name,class,") && text.contains("\"G,\"\"3\"\"\""), "{text}");
    assert_eq!(desk.names().len(), names.len() + 6, "nothing else is left: {:?}", desk.names());
}

#[test]
fn exported_geopackages_are_read_by_gdal() {
    let desk = Desk::new();
    let city = synthetic(&desk);
    desk.expect(DONE, "export city.gpkg --format geopackage --out all.gpkg");
    desk.expect(DONE, "export city.gpkg --layer grids --format geopackage --out grids.gpkg");
    for (file, layers) in [("all.gpkg", &Layer::ALL[..]), ("grids.gpkg", &[Layer::Grids])] {
        let Ok(run) = Command::new("ogrinfo").args(["-ro", "-al", "-so"]).arg(desk.path(file)).output() else {
            println!("SKIPPED for lack of ogrinfo (`make test-packages` installs it)");
            return;
        };
        let told = String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr);
        assert!(run.status.success() && !told.contains("ERROR") && !told.contains("Warning"), "{told}");
        assert_eq!(told.matches("Layer name: ").count(), layers.len(), "{file}");
        for layer in layers {
            let part = told.split(&format!("Layer name: {layer}\n")).nth(1).expect("the layer");
            let count = part.lines().find_map(|l| l.strip_prefix("Feature Count: ")).expect("a count");
            assert_eq!(count, city.world.count(*layer).to_string(), "{layer}");
        }
    }
}

#[test]
fn every_verb_shows_an_example() {
    let desk = Desk::new();
    let help = desk.expect(DONE, "--help");
    let verbs: Vec<&str> = help
        .lines()
        .skip_while(|l| !l.starts_with("Commands:"))
        .skip(1)
        .take_while(|l| !l.is_empty())
        .filter_map(|l| l.split_whitespace().next())
        .filter(|verb| *verb != "help")
        .collect();
    assert!(verbs.len() >= 7, "{verbs:?}");
    for verb in verbs {
        let help = desk.expect(DONE, &format!("{verb} --help"));
        assert!(help.contains("Example") && help.contains(&format!("  gridweave {verb}")), "{help}");
    }
    assert!(desk.expect(DONE, "--version").starts_with("gridweave "));
    let api: Json = serde_json::from_slice(&desk.run("openapi").stdout).expect("JSON");
    assert!(api["paths"]["/api/v1/locate"].is_object());
}

/// A running server, ended with the test.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(desk: &Desk, line: &str) -> Self {
        let words: Vec<&str> = line.split_whitespace().collect();
        let mut child = desk.command(&words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
        let mut first = String::new();
        BufReader::new(child.stdout.take().expect("stdout")).read_line(&mut first).expect("a line");
        let address = first.trim().rsplit_once("http://").map(|(_, address)| address.to_owned());
        let Some(address) = address else {
            let mut told = String::new();
            let _ = child.stderr.take().expect("stderr").read_to_string(&mut told);
            panic!("gridweave {line}: {first}{told}");
        };
        Self { child, address }
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("connects");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address).expect("asks");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("answers");
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Sends a signal and gives back the exit code.
    fn end(mut self, signal: &str) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &pid]).status().expect("kill").success());
        self.child.wait().expect("ends").code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_served_city_has_one_writer_and_any_number_of_readers() {
    let desk = Desk::with_grids();
    desk.write("points.csv", "id,lon,lat\n1,104.005,30.005\n");
    let server = Server::start(&desk, "serve city.gpkg --listen 127.0.0.1:0");
    assert!(server.get("/healthz").starts_with("HTTP/1.1 200"), "alive");
    assert!(server.get("/api/v1/locate?lon=104.005&lat=30.005").contains("网格-1"));
    for line in ["serve city.gpkg --listen 127.0.0.1:0", "import grids.geojson --into city.gpkg --as grids"] {
        let told = desk.expect(ENVIRONMENT, line);
        assert!(told.contains("city.gpkg is open for writing in another Gridweave; stop that one"), "{told}");
    }
    desk.expect(DONE, "import grids.geojson --into city.gpkg --as grids --dry-run");
    desk.expect(DONE, "locate city.gpkg --points points.csv --out out.csv");
    assert_eq!(desk.text("out.csv"), "id,grid\n1,网格-1\n");
    desk.expect(DONE, "check city.gpkg");
    desk.expect(DONE, "export city.gpkg --layer grids --format geojson --out grids-out.geojson");
    desk.expect(DONE, "export city.gpkg --format geopackage --out copy.gpkg");
    assert_eq!(server.end("TERM"), Some(0), "stops gracefully");
    let again = Server::start(&desk, "serve city.gpkg --listen 127.0.0.1:0");
    let taken = desk.expect(ENVIRONMENT, &format!("demo --scale compound --listen {}", again.address));
    assert!(taken.contains("--listen takes another port"), "{taken}");
    assert_eq!(again.end("INT"), Some(0));
}

#[test]
fn the_demo_serves_at_once_and_keeps_its_city_where_asked() {
    let desk = Desk::new();
    let server = Server::start(&desk, "demo --scale compound --seed 7 --listen 127.0.0.1:0 --into demo.gpkg");
    assert!(server.get("/api/v1/grids?limit=1").starts_with("HTTP/1.1 200"));
    assert_eq!(server.end("TERM"), Some(0));
    let city = Snapshot::read(&desk.path("demo.gpkg")).expect("kept");
    assert!(city.profile.synthetic && !city.world.grids.is_empty());
    assert!(city.world.records(Layer::Grids).all(|grid| matches!(grid.get(Layer::Grids, "code"), Value::Text(_))));
    desk.expect(CALL, "demo --scale compound --listen 127.0.0.1:0 --into demo.gpkg");
}

/// The folder that tests run in stays clean.
#[test]
fn relative_paths_are_relative_to_the_caller() {
    let desk = Desk::with_grids();
    assert!(Path::new(&desk.path("city.gpkg")).exists());
    assert!(!Path::new("city.gpkg").exists());
}
