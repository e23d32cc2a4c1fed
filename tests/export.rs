//! What is exported, read back by programs that share nothing with the writers: the csv crate, calamine, FlatGeobuf's
//! own reader, GDAL, and a PMTiles reader written here from the specification. Every record must be the same.

mod common;

use calamine::{Data, Reader as _};
use common::tricky;
use flatgeobuf::FallibleStreamingIterator;
use geozero::mvt::{Message, Tile};
use gridweave::city::Snapshot;
use gridweave::model::{
    Coord, FieldKind, Geometry, Layer, Line, MultiPolygon, Polygon, Problem, Profile, Record, Ring, Severity, Value,
};
use gridweave::store::Stored;
use gridweave::write::{Format, ID, problems};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

fn city() -> &'static Snapshot {
    static CITY: OnceLock<Snapshot> = OnceLock::new();
    CITY.get_or_init(|| {
        let mut profile = Profile::preset("织城区").expect("preset");
        profile.attribution = vec!["© OpenStreetMap contributors".into(), "城管局".into()];
        Snapshot::build(Stored { world: tricky::world(), profile, version: 17, since: jiff::Timestamp::UNIX_EPOCH })
    })
}

fn records(layer: Layer) -> Vec<Record> {
    city().world.records(layer).collect()
}

/// Exports layers into a file of a folder.
fn export(folder: &Path, format: Format, layers: &[Layer]) -> PathBuf {
    let path = folder.join(format!("{}.{}", layers[0], format.extension()));
    city().export(&path, format, layers, &|_, _| Ok(())).unwrap_or_else(|e| panic!("{format:?} {layers:?}: {e}"));
    path
}

fn compare(what: &str, layer: Layer, found: Vec<Record>) {
    compare_with(what, layer, found, records(layer));
}

fn compare_with(what: &str, layer: Layer, mut found: Vec<Record>, kept: Vec<Record>) {
    found.sort_by_key(|record| record.id);
    assert_eq!(found.len(), kept.len(), "{what} {layer}");
    for (found, kept) in found.iter().zip(&kept) {
        assert_eq!(found, kept, "{what} {layer} {}", kept.id);
    }
}

fn coord(x: f64, y: f64) -> Coord {
    Coord::from_degrees(x, y).expect("in the world")
}

fn open(mut ring: Vec<Coord>) -> Ring {
    assert!(ring.len() > 3 && ring.first() == ring.last(), "a closed ring");
    ring.pop();
    Ring(ring)
}

fn area(parts: Vec<Vec<Vec<Coord>>>) -> Geometry {
    let part = |mut rings: Vec<Vec<Coord>>| {
        let holes = rings.split_off(1);
        Polygon { outer: open(rings.remove(0)), holes: holes.into_iter().map(open).collect() }
    };
    Geometry::Area(MultiPolygon(parts.into_iter().map(part).collect()))
}

fn from_wkt(text: &str) -> Geometry {
    use wkt::Wkt;
    let c = |c: &wkt::types::Coord<f64>| coord(c.x, c.y);
    let polygon = |p: &wkt::types::Polygon<f64>| {
        p.rings().iter().map(|ring| ring.coords().iter().map(c).collect()).collect::<Vec<Vec<Coord>>>()
    };
    match text.parse::<Wkt<f64>>().unwrap_or_else(|e| panic!("{e}: {text}")) {
        Wkt::Point(point) => Geometry::Point(c(point.coord().expect("not empty"))),
        Wkt::LineString(line) => Geometry::Line(Line(line.coords().iter().map(c).collect())),
        Wkt::Polygon(p) => area(vec![polygon(&p)]),
        Wkt::MultiPolygon(parts) => area(parts.polygons().iter().map(polygon).collect()),
        other => panic!("{other:?}"),
    }
}

/// A cell that came as text.
fn value(kind: FieldKind, text: &str) -> Value {
    if text.is_empty() {
        return Value::Null;
    }
    match kind {
        FieldKind::Text | FieldKind::Code | FieldKind::Date => Value::Text(text.to_owned()),
        FieldKind::Integer => Value::Integer(text.parse().expect("an integer")),
        FieldKind::Real => Value::Real(text.parse().expect("a number")),
        FieldKind::Bool => Value::Bool(text.parse().expect("yes or no")),
    }
}

/// A record from named cells; `wkt` may go on in `wkt_2`, ...
fn record(layer: Layer, cells: &BTreeMap<String, Value>) -> Record {
    let text = |name: &str| match cells.get(name) {
        Some(Value::Text(text)) => text.as_str(),
        _ => "",
    };
    let Some(Value::Integer(id)) = cells.get(ID) else { panic!("no id in {cells:?}") };
    let (Some(Value::Real(lon)), Some(Value::Real(lat))) = (cells.get("lon"), cells.get("lat")) else {
        panic!("no place in {cells:?}")
    };
    let wkt = (2..).map(|n| text(&format!("wkt_{n}"))).take_while(|more| !more.is_empty());
    let wkt: String = std::iter::once(text("wkt")).chain(wkt).collect();
    let geometry = if wkt.is_empty() { Geometry::Point(coord(*lon, *lat)) } else { from_wkt(&wkt) };
    let bounds = geometry.bounds().expect("not empty");
    assert!(bounds.contains(coord(*lon, *lat)), "the point that stands for {layer} {id}");
    let values = layer.fields().iter().map(|field| cells.get(field.name).cloned().unwrap_or_default()).collect();
    Record { id: u32::try_from(*id).expect("an id"), geometry, values }
}

fn kind_of(layer: Layer, column: &str) -> FieldKind {
    match column {
        ID => FieldKind::Integer,
        "lon" | "lat" => FieldKind::Real,
        _ => layer.fields().iter().find(|field| field.name == column).map_or(FieldKind::Text, |field| field.kind),
    }
}

#[test]
fn csv_comes_back() {
    let folder = tempfile::tempdir().expect("a folder");
    for layer in Layer::ALL {
        let path = export(folder.path(), Format::Csv, &[layer]);
        let bytes = std::fs::read(&path).expect("written");
        assert!(bytes.starts_with(b"\xef\xbb\xbfgridweave_id,"), "a byte order mark, by which Excel knows UTF-8");
        let mut rows = csv::ReaderBuilder::new().from_reader(&bytes[3..]);
        let heads = rows.headers().expect("a header").clone();
        let found = rows.records().map(|row| {
            let row = row.expect("a row");
            let cells = heads.iter().zip(&row).map(|(name, cell)| (name.to_owned(), value(kind_of(layer, name), cell)));
            record(layer, &cells.collect())
        });
        compare("csv", layer, found.collect());
    }
}

#[test]
fn xlsx_comes_back_with_codes_as_text_and_days_as_days() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut split = 0;
    for layer in Layer::ALL {
        let path = export(folder.path(), Format::Xlsx, &[layer]);
        let mut book = calamine::open_workbook_auto(&path).expect("a workbook");
        assert_eq!(book.sheet_names(), [layer.word(), "about"]);
        let sheet = book.worksheet_range(layer.word()).expect("the layer");
        let mut rows = sheet.rows();
        let heads: Vec<String> = rows.next().expect("a header").iter().map(ToString::to_string).collect();
        assert_eq!(heads[0], ID);
        split += heads.iter().filter(|name| name.starts_with("wkt_")).count();
        let found = rows.map(|row| {
            let cells = heads.iter().zip(row).map(|(name, cell)| {
                let kind = kind_of(layer, name);
                let value = match (kind, cell) {
                    (_, Data::Empty) => Value::Null,
                    (FieldKind::Text | FieldKind::Code, Data::String(text)) => Value::Text(text.clone()),
                    (FieldKind::Integer, Data::Float(n)) if n.fract() == 0.0 => Value::Integer(*n as i64),
                    (FieldKind::Real, Data::Float(n)) => Value::Real(*n),
                    (FieldKind::Bool, Data::Bool(yes)) => Value::Bool(*yes),
                    (FieldKind::Date, Data::DateTime(day)) => {
                        let (year, month, day, ..) = day.to_ymd_hms_milli();
                        Value::Text(format!("{year:04}-{month:02}-{day:02}"))
                    }
                    // Spreadsheets have no such days, or disagree on them.
                    (FieldKind::Date, Data::String(text)) if text.as_str() < "1900-03-01" => Value::Text(text.clone()),
                    other => panic!("{layer} {name}: {other:?}"),
                };
                (name.clone(), value)
            });
            record(layer, &cells.collect())
        });
        compare("xlsx", layer, found.collect());
        let about = book.worksheet_range("about").expect("the sheet");
        let told: Vec<(String, String)> = about.rows().map(|row| (row[0].to_string(), row[1].to_string())).collect();
        let expect = [
            ("layer", layer.word()),
            ("city", "织城区"),
            ("version", "17"),
            ("count", &city().world.count(layer).to_string()),
            ("source", "© OpenStreetMap contributors"),
            ("source", "城管局"),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert!(expect.iter().all(|line| told.contains(line)), "{told:?}");
    }
    assert!(split >= 2, "the long outline goes over more than two cells");
}

#[test]
fn flatgeobuf_comes_back_and_is_found_by_its_index() {
    let folder = tempfile::tempdir().expect("a folder");
    for layer in Layer::ALL {
        let bytes = std::fs::read(export(folder.path(), Format::Flatgeobuf, &[layer])).expect("written");
        let file = flatgeobuf::FgbReader::open(Cursor::new(&bytes)).expect("a header");
        let header = file.header();
        assert_eq!((header.name(), header.title()), (Some(layer.word()), Some("织城区")));
        assert_eq!(header.description(), Some("© OpenStreetMap contributors; 城管局"));
        let crs = header.crs().expect("a reference system");
        assert_eq!((crs.org(), crs.code()), (Some("EPSG"), 4326));
        let columns: Vec<(String, flatgeobuf::ColumnType)> =
            header.columns().expect("columns").iter().map(|c| (c.name().to_owned(), c.type_())).collect();
        assert_eq!(columns[0], (ID.to_owned(), flatgeobuf::ColumnType::UInt));
        for (column, field) in columns[1..].iter().zip(layer.fields()) {
            let text = column.1 == flatgeobuf::ColumnType::String;
            assert_eq!(
                (column.0.as_str(), text),
                (field.name, matches!(field.kind, FieldKind::Code | FieldKind::Text))
            );
        }
        let mut features = file.select_all().expect("features");
        let mut found = Vec::new();
        while let Some(feature) = features.next().expect("a feature") {
            found.push(fgb_record(layer, &columns, feature));
        }
        compare("flatgeobuf", layer, found);
    }
    let bytes = std::fs::read(export(folder.path(), Format::Flatgeobuf, &[Layer::Buildings])).expect("written");
    let all = records(Layer::Buildings);
    let looked_for = all[all.len() / 2].geometry.bounds().expect("a box");
    let [w, s, e, n] = looked_for.degrees();
    let file = flatgeobuf::FgbReader::open(Cursor::new(&bytes)).expect("a header");
    let mut found = file.select_bbox(w, s, e, n).expect("an index");
    let mut count = 0;
    while found.next().expect("a feature").is_some() {
        count += 1;
    }
    let expected = all.iter().filter(|record| record.geometry.bounds().expect("a box").touches(&looked_for)).count();
    assert_eq!((count, count < all.len() / 2), (expected, true));
}

fn fgb_record(layer: Layer, columns: &[(String, flatgeobuf::ColumnType)], feature: &flatgeobuf::FgbFeature) -> Record {
    use flatgeobuf::ColumnType;
    let geometry = feature.geometry().expect("a geometry");
    let vertices = |part: &flatgeobuf::Geometry<'_>| -> Vec<Coord> {
        let xy: Vec<f64> = part.xy().expect("vertices").iter().collect();
        xy.chunks(2).map(|c| coord(c[0], c[1])).collect()
    };
    let rings = |part: &flatgeobuf::Geometry<'_>| -> Vec<Vec<Coord>> {
        let all = vertices(part);
        let ends: Vec<usize> =
            part.ends().map_or(vec![all.len()], |ends| ends.iter().map(|end| end as usize).collect());
        let starts = std::iter::once(0).chain(ends.iter().copied());
        starts.zip(&ends).map(|(start, end)| all[start..*end].to_vec()).collect()
    };
    let geometry = match geometry.parts() {
        Some(parts) => area(parts.iter().map(|part| rings(&part)).collect()),
        None => match vertices(&geometry).as_slice() {
            [at] => Geometry::Point(*at),
            line => Geometry::Line(Line(line.to_vec())),
        },
    };
    // Properties: the number of a column (u16), then its value, all little endian.
    let bytes: Vec<u8> = feature.fbs_feature().properties().expect("properties").iter().collect();
    let mut rest = bytes.as_slice();
    let mut take = |n: usize| {
        let (head, tail) = rest.split_at(n);
        rest = tail;
        (head.to_vec(), tail.is_empty())
    };
    let mut record = Record { id: 0, geometry, values: vec![Value::Null; layer.fields().len()] };
    loop {
        let column = u16::from_le_bytes(take(2).0.try_into().expect("2 bytes")) as usize;
        let (value, last) = match columns[column].1 {
            ColumnType::UInt => {
                let (id, last) = take(4);
                record.id = u32::from_le_bytes(id.try_into().expect("4 bytes"));
                (None, last)
            }
            ColumnType::Long => {
                let (n, last) = take(8);
                (Some(Value::Integer(i64::from_le_bytes(n.try_into().expect("8 bytes")))), last)
            }
            ColumnType::Double => {
                let (n, last) = take(8);
                (Some(Value::Real(f64::from_le_bytes(n.try_into().expect("8 bytes")))), last)
            }
            ColumnType::Bool => {
                let (yes, last) = take(1);
                (Some(Value::Bool(yes == [1])), last)
            }
            ColumnType::String | ColumnType::DateTime => {
                let length = u32::from_le_bytes(take(4).0.try_into().expect("4 bytes"));
                let (text, last) = take(length as usize);
                (Some(Value::Text(String::from_utf8(text).expect("UTF-8"))), last)
            }
            other => panic!("{other:?}"),
        };
        if let Some(value) = value {
            record.values[column - 1] = value;
        }
        if last {
            return record;
        }
    }
}

/// Runs a program of GDAL's that must not even warn; `None` where GDAL is not installed.
fn gdal(program: &str, words: &[&str]) -> Option<String> {
    let Ok(run) = Command::new(program).args(words).output() else {
        println!("SKIPPED for lack of {program} (`make test-packages` installs it)");
        return None;
    };
    let told = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(run.status.success() && told.is_empty(), "{program} {words:?}: {told}");
    Some(String::from_utf8(run.stdout).expect("UTF-8"))
}

/// What GDAL makes of a selection, one GeoJSON feature each.
fn gdal_features(path: &Path, sql: &str, options: &[&str]) -> Option<Vec<Json>> {
    let path = path.to_str().expect("UTF-8");
    let words = ["-f", "GeoJSONSeq", "/vsistdout/", path, "-lco", "COORDINATE_PRECISION=9", "-sql", sql];
    // What it would warn of: GeoJSON has no days, and a table does not say its datum.
    let plain = ["-mapFieldType", "Date=String,DateTime=String", "-a_srs", "EPSG:4326"];
    let text = gdal("ogr2ogr", &[&words[..], &plain, options].concat())?;
    Some(text.lines().map(|line| serde_json::from_str(line).expect("a feature")).collect())
}

fn json_geometry(json: &Json) -> Geometry {
    fn position(json: &Json) -> Coord {
        coord(json[0].as_f64().expect("lon"), json[1].as_f64().expect("lat"))
    }
    fn list<T>(json: &Json, each: impl Fn(&Json) -> T) -> Vec<T> {
        json.as_array().expect("a list").iter().map(each).collect()
    }
    let polygon = |json: &Json| list(json, |ring| list(ring, position));
    let c = &json["coordinates"];
    match json["type"].as_str().expect("a type") {
        "Point" => Geometry::Point(position(c)),
        "LineString" => Geometry::Line(Line(list(c, position))),
        "Polygon" => area(vec![polygon(c)]),
        "MultiPolygon" => area(list(c, polygon)),
        other => panic!("{other}"),
    }
}

/// A record as GDAL hands it over. GDAL writes days with slashes, and FlatGeobuf's with a time.
fn gdal_record(layer: Layer, feature: &Json, id: u32, geometry: Geometry) -> Record {
    let values = layer.fields().iter().map(|field| match (&feature["properties"][field.name], field.kind) {
        (Json::Null, _) => Value::Null,
        (Json::Bool(yes), FieldKind::Bool) => Value::Bool(*yes),
        (Json::Number(n), FieldKind::Integer) => Value::Integer(n.as_i64().expect("an integer")),
        (Json::Number(n), FieldKind::Real) => Value::Real(n.as_f64().expect("a number")),
        (Json::String(text), FieldKind::Date) => {
            Value::Text(text.replace('/', "-").trim_end_matches("T00:00:00").trim_end_matches(" 00:00:00").to_owned())
        }
        (Json::String(text), FieldKind::Text | FieldKind::Code) => Value::Text(text.clone()),
        other => panic!("{layer} {}: {other:?}", field.name),
    });
    Record { id, geometry, values: values.collect() }
}

/// The JSON parser of this test may be wrong in the last of a float's 17 digits.
fn shortened(mut record: Record) -> Record {
    for value in &mut record.values {
        if let Value::Real(n) = value {
            *n = format!("{n:.14e}").parse().expect("a number");
        }
    }
    record
}

fn number(json: &Json) -> u32 {
    u32::try_from(json.as_u64().expect("an id")).expect("an id")
}

#[test]
fn gdal_reads_the_same_records() {
    let folder = tempfile::tempdir().expect("a folder");
    let all = folder.path().join("all.gpkg");
    city().export(&all, Format::Geopackage, &Layer::ALL, &|_, _| Ok(())).expect("exported");
    for layer in Layer::ALL {
        for (what, path, sql) in [
            ("geojson", export(folder.path(), Format::Geojson, &[layer]), format!("SELECT * FROM {layer}")),
            ("flatgeobuf", export(folder.path(), Format::Flatgeobuf, &[layer]), format!("SELECT * FROM {layer}")),
            // A key is no property until it is asked for under another name.
            ("geopackage", all.clone(), format!("SELECT {ID} AS key, * FROM {layer}")),
        ] {
            let Some(features) = gdal_features(&path, &sql, &[]) else { return };
            let found = features.iter().map(|f| {
                let id = f["properties"].get("key").unwrap_or(&f["properties"][ID]);
                gdal_record(layer, f, number(id), json_geometry(&f["geometry"]))
            });
            let what = format!("{what} through GDAL");
            compare_with(
                &what,
                layer,
                found.map(shortened).collect(),
                records(layer).into_iter().map(shortened).collect(),
            );
        }
    }
}

#[test]
fn gdal_reads_the_same_tables() {
    let folder = tempfile::tempdir().expect("a folder");
    for (format, options) in [
        (Format::Csv, &["-oo", "AUTODETECT_TYPE=NO"][..]),
        (Format::Xlsx, &["--config", "OGR_XLSX_HEADERS", "FORCE", "--config", "OGR_XLSX_FIELD_TYPES", "STRING"][..]),
    ] {
        for layer in [Layer::Grids, Layer::Cameras, Layer::Buildings] {
            let path = export(folder.path(), format, &[layer]);
            let Some(rows) = gdal_features(&path, &format!("SELECT * FROM {layer}"), options) else { return };
            let kept = records(layer);
            assert_eq!(rows.len(), kept.len(), "{format:?} {layer}");
            for (row, kept) in rows.iter().zip(&kept) {
                let cell = |name: &str| row["properties"][name].as_str().unwrap_or_default();
                assert_eq!(cell(ID), kept.id.to_string());
                let texts = layer.fields().iter().zip(&kept.values);
                for (field, value) in texts.filter(|(f, _)| matches!(f.kind, FieldKind::Text | FieldKind::Code)) {
                    let expected = if let Value::Text(text) = value { text.as_str() } else { "" };
                    // GDAL does not know how Excel writes what XML cannot hold.
                    if !expected.contains("_x0041_") {
                        assert_eq!(cell(field.name), expected, "{format:?} {layer} {} {}", kept.id, field.name);
                    }
                }
            }
        }
    }
}

#[test]
fn geopackages_come_with_indexes_that_stay_true() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = export(folder.path(), Format::Geopackage, &[Layer::Grids, Layer::Cameras]);
    let file = path.to_str().expect("UTF-8");
    let ask = |sql: &str| -> Vec<i64> {
        let db = rusqlite::Connection::open(&path).expect("a database");
        let mut select = db.prepare(sql).expect("a question");
        select.query_map([], |row| row.get(0)).expect("rows").map(|n| n.expect("a number")).collect()
    };
    for layer in [Layer::Grids, Layer::Cameras] {
        let ids: Vec<i64> = city().world.ids(layer).map(i64::from).collect();
        assert_eq!(ask(&format!("SELECT id FROM rtree_{layer}_geom ORDER BY id")), ids);
        let outside = format!(
            "SELECT count(*) FROM rtree_{layer}_geom r, gpkg_contents c WHERE c.table_name = '{layer}'
             AND (r.maxx < c.min_x OR r.minx > c.max_x OR r.maxy < c.min_y OR r.miny > c.max_y)"
        );
        assert_eq!(ask(&outside), [0]);
    }
    assert_eq!(ask("SELECT count(*) FROM gpkg_extensions WHERE extension_name = 'gpkg_rtree_index'"), [2]);
    let Some(told) = gdal("ogrinfo", &["-q", file, "-sql", "SELECT HasSpatialIndex('grids', 'geom')"]) else {
        return;
    };
    assert!(told.contains("(Integer) = 1"), "{told}");
    // What GDAL edits, the index follows.
    let gone = city().world.grids[0].id.0;
    gdal("ogrinfo", &["-q", file, "-sql", &format!("DELETE FROM grids WHERE {ID} = {gone}")]);
    gdal("ogrinfo", &["-q", file, "-sql", "UPDATE cameras SET geom = ST_GeomFromText('POINT (1 2)', 4326)"]);
    assert_eq!(ask(&format!("SELECT count(*) FROM rtree_grids_geom WHERE id = {gone}")), [0]);
    let moved = "SELECT count(*) FROM rtree_cameras_geom WHERE minx <= 1 AND maxx >= 1 AND miny <= 2 AND maxy >= 2";
    assert_eq!(ask(moved), [city().world.count(Layer::Cameras) as i64]);
}

/// PMTiles 3, read as the specification says: the header, the metadata, and every tile by its number.
struct Archive {
    header: Vec<u8>,
    metadata: Json,
    tiles: Vec<(u64, Vec<u8>)>,
}

impl Archive {
    fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).expect("written");
        let word = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("8 bytes")) as usize;
        assert_eq!(&bytes[..8], b"PMTiles\x03");
        let part = |at: usize| &bytes[word(at)..word(at) + word(at + 8)];
        let metadata = serde_json::from_slice(&gunzip(part(24))).expect("metadata");
        let mut tiles = Vec::new();
        Self::directory(part(8), part(40), part(56), &mut tiles);
        let header = bytes[..127].to_vec();
        let addressed = word(72);
        assert_eq!(addressed, tiles.len());
        Self { header, metadata, tiles }
    }

    fn directory(packed: &[u8], leaves: &[u8], data: &[u8], tiles: &mut Vec<(u64, Vec<u8>)>) {
        let bytes = gunzip(packed);
        let mut rest = bytes.as_slice();
        let mut varint = || {
            let (mut n, mut shift) = (0u64, 0);
            loop {
                let byte = rest[0];
                rest = &rest[1..];
                n |= u64::from(byte & 0x7f) << shift;
                shift += 7;
                if byte < 0x80 {
                    return n;
                }
            }
        };
        let count = varint() as usize;
        let mut id = 0;
        let ids: Vec<u64> = (0..count)
            .map(|_| {
                id += varint();
                id
            })
            .collect();
        let runs: Vec<u64> = (0..count).map(|_| varint()).collect();
        let lengths: Vec<usize> = (0..count).map(|_| varint() as usize).collect();
        let mut next = 0;
        for i in 0..count {
            let offset = varint() as usize;
            let from = if offset == 0 { next } else { offset - 1 };
            next = from + lengths[i];
            if runs[i] == 0 {
                Self::directory(&leaves[from..next], leaves, data, tiles);
            }
            tiles.extend((0..runs[i]).map(|run| (ids[i] + run, gunzip(&data[from..next]))));
        }
    }
}

fn gunzip(packed: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(packed).read_to_end(&mut bytes).expect("gzip");
    bytes
}

/// Zoom, column and row of a tile's number: zoom by zoom along the Hilbert curve.
fn place(id: u64) -> (u8, u32, u32) {
    let (mut z, mut first) = (0u8, 0u64);
    while id >= first + (1 << (2 * z)) {
        first += 1 << (2 * z);
        z += 1;
    }
    let (mut t, mut x, mut y) = (id - first, 0u64, 0u64);
    let mut s = 1u64;
    while s < 1 << z {
        let rx = 1 & (t / 2);
        let ry = 1 & (t ^ rx);
        if ry == 0 {
            if rx == 1 {
                (x, y) = (s - 1 - x, s - 1 - y);
            }
            (x, y) = (y, x);
        }
        x += s * rx;
        y += s * ry;
        t /= 4;
        s *= 2;
    }
    (z, x as u32, y as u32)
}

#[test]
fn pmtiles_hold_every_tile_of_the_map() {
    let folder = tempfile::tempdir().expect("a folder");
    for layers in [&[Layer::Grids][..], &[Layer::Cameras], &Layer::ALL] {
        let archive = Archive::read(&export(folder.path(), Format::Pmtiles, layers));
        let h = &archive.header;
        // Clustered, gzip inside, gzip tiles, MVT.
        assert_eq!((h[96], h[97], h[98], h[99]), (1, 2, 2, 1));
        assert!(archive.tiles.is_sorted_by(|a, b| a.0 < b.0));
        let (lowest, highest) = (h[100], h[101]);
        let degrees = |at: usize| f64::from(i32::from_le_bytes(h[at..at + 4].try_into().expect("4 bytes"))) / 1e7;
        let (min, max) = (coord(degrees(102), degrees(106)), coord(degrees(110), degrees(114)));
        let tiles: Vec<_> = layers.iter().map(|layer| city().about_tiles(*layer)).collect();
        let bounds = tiles.iter().filter_map(|t| t.bounds).reduce(gridweave::model::Bounds::union).expect("a box");
        assert_eq!((bounds.min, bounds.max), (min, max));
        assert_eq!((lowest, highest), (tiles.iter().map(|t| t.zooms.0).min().expect("a zoom"), 16));
        let names: Vec<&str> = archive.metadata["vector_layers"]
            .as_array()
            .expect("layers")
            .iter()
            .filter_map(|l| l["id"].as_str())
            .collect();
        assert!(layers.iter().all(|layer| names.contains(&layer.word())), "{names:?}");
        assert_eq!(archive.metadata["attribution"], "© OpenStreetMap contributors, 城管局");
        // Every tile that touches the box and is not empty is there, byte for byte, and no other.
        let mut kept: BTreeMap<(u8, u32, u32), Vec<u8>> =
            archive.tiles.into_iter().map(|(id, bytes)| (place(id), bytes)).collect();
        let mut seen = std::collections::BTreeSet::new();
        for z in lowest..=highest {
            let range = gridweave::tiles::touched(bounds, z);
            for (x, y) in (range.x.0..=range.x.1).flat_map(|x| (range.y.0..=range.y.1).map(move |y| (x, y))) {
                let mut expected = Vec::new();
                layers.iter().for_each(|layer| city().draw(*layer, (z, x, y), &mut expected));
                assert_eq!(kept.remove(&(z, x, y)).unwrap_or_default(), expected, "{z}/{x}/{y}");
                let tile = Tile::decode(expected.as_slice()).expect("a tile");
                let features = tile.layers.iter().filter(|l| l.name == layers[0].word()).flat_map(|l| &l.features);
                seen.extend(features.filter_map(|f| f.id).filter(|_| z == highest));
            }
        }
        assert!(kept.is_empty(), "{:?}", kept.keys());
        assert!(
            city().world.ids(layers[0]).all(|id| seen.contains(&u64::from(id))),
            "everything is on the deepest zoom"
        );
    }
}

#[test]
fn empty_layers_are_files_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let profile = Profile::preset("空城").expect("preset");
    let world = gridweave::model::World::default();
    let empty = Snapshot::build(Stored { world, profile, version: 1, since: jiff::Timestamp::UNIX_EPOCH });
    for layer in [Layer::Grids, Layer::Cameras, Layer::Water] {
        for format in Format::ALL {
            let path = folder.path().join(format!("{layer}.{}", format.extension()));
            empty.export(&path, format, &[layer], &|_, _| Ok(())).unwrap_or_else(|e| panic!("{format:?}: {e}"));
            match format {
                Format::Pmtiles => assert_eq!(Archive::read(&path).tiles.len(), 0),
                // GDAL takes a header without rows for a row.
                Format::Xlsx => {
                    let mut book = calamine::open_workbook_auto(&path).expect("a workbook");
                    assert_eq!(book.worksheet_range(layer.word()).expect("the layer").height(), 1);
                }
                _ => {
                    let told = gdal("ogrinfo", &["-ro", "-al", "-so", path.to_str().expect("UTF-8")]);
                    assert!(told.is_none_or(|told| told.contains("Feature Count: 0")), "{format:?} {layer}");
                }
            }
        }
    }
}

#[test]
fn a_writer_stops_when_it_is_told_to() {
    let folder = tempfile::tempdir().expect("a folder");
    for format in Format::ALL {
        let path = folder.path().join(format!("stopped.{}", format.extension()));
        let told = city().export(&path, format, &[Layer::Buildings], &|_, _| Err(std::io::ErrorKind::TimedOut.into()));
        let told = told.expect_err("stopped").to_string();
        assert!(told.contains("timed out"), "{format:?}: {told}");
    }
}

#[test]
fn formats_that_hold_one_layer_say_so() {
    let folder = tempfile::tempdir().expect("a folder");
    for format in Format::ALL {
        let path = folder.path().join(format!("all.{}", format.extension()));
        let told = city().export(&path, format, &[Layer::Grids, Layer::Cameras], &|_, _| Ok(()));
        assert_eq!(told.is_err(), format.holds_one_layer(), "{format:?}");
        assert_eq!(Format::of_extension(format.extension()), Some(format));
    }
}

#[test]
fn problems_are_a_workbook_to_filter_or_lines_of_json() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut problems: Vec<Problem> = vec![
        Problem::new(Severity::Error, "ring-self-crosses", "环自交", "=修正")
            .in_file("网格.xlsx")
            .of("grid 001")
            .in_row(12),
        Problem::new(Severity::Warning, "far", "远离市区", "看一看").at(Coord::new(1_043_978_940, -5)),
        Problem::new(Severity::Note, "unused", "a\nb", ""),
    ];
    let (book, lines) = (folder.path().join("problems.XLSX"), folder.path().join("problems.jsonl"));
    problems::write(&book, &problems).expect("written");
    problems::write(&lines, &problems).expect("written");
    let text = std::fs::read_to_string(lines).expect("text");
    let again: Vec<Problem> = text.lines().map(|line| serde_json::from_str(line).expect("a problem")).collect();
    assert_eq!(again, problems);
    let bytes = std::fs::read(&book).expect("written");
    let mut book: calamine::Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(bytes)).expect("a workbook");
    let sheet = book.worksheet_range("problems").expect("the sheet");
    let text = |t: &str| Data::String(t.to_owned());
    let rows: Vec<Vec<Data>> = sheet.rows().map(<[Data]>::to_vec).collect();
    let heads = ["severity", "code", "file", "feature", "row", "longitude", "latitude", "message", "remedy"];
    assert_eq!(rows[0], heads.map(text));
    let none = || Data::Empty;
    let expected = [
        [
            text("error"),
            text("ring-self-crosses"),
            text("网格.xlsx"),
            text("grid 001"),
            Data::Float(12.0),
            none(),
            none(),
            text("环自交"),
            text("=修正"),
        ],
        [
            text("warning"),
            text("far"),
            none(),
            none(),
            none(),
            Data::Float(104.397894),
            Data::Float(-5e-7),
            text("远离市区"),
            text("看一看"),
        ],
        [text("note"), text("unused"), none(), none(), none(), none(), none(), text("a\nb"), none()],
    ];
    assert_eq!(rows[1..], expected);
    problems.resize(1_048_576, problems[2].clone());
    let told = problems::workbook(std::io::sink(), &problems).expect_err("too many").to_string();
    assert!(told.contains("1048575") && told.contains(".jsonl"), "{told}");
}
