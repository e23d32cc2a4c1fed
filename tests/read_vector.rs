//! Shapefile, FlatGeobuf, GeoPackage and ZIP: real files and small ones of our own, each with its expected outcome.

mod common;

use common::shared;
use common::vector_files::{blob, dbf, flatgeobuf, geopackage, hex, point, shape, shp, square, zip};
use gridweave::model::{Coord, Geometry, Layer, Problem, Record, Severity, Value, World};
use gridweave::read::bundle::{Body, Bundle, Part};
use gridweave::read::datum::Crs;
use gridweave::read::evidence::{How, Known};
use gridweave::read::raw::{Cell, Feature, Opened, Shape};
use gridweave::read::{Options, Reading, Source, open, read, read_bundle, read_bytes};
use std::path::Path;
use std::sync::Arc;

const NASTY: &str = "data/maps/nasty";
const COMMUNITIES: &str = "data/maps/cn-grid/hangzhou-xiacheng-communities.geojson";
const GRIDS: &str = "data/maps/cn-grid/hangzhou-xiacheng-grids.geojson";

fn nasty(path: &str, layer: Layer, options: &Options) -> Option<Reading> {
    let path = shared(&format!("{NASTY}/{path}"))?;
    Some(read(&path, Source::Layer(layer), options, &|_, _| {}))
}

fn stated(crs: Crs) -> Options {
    Options { crs: Some(crs), ..Options::default() }
}

fn told<'r>(reading: &'r Reading, code: &str) -> Vec<&'r Problem> {
    reading.problems.iter().filter(|problem| problem.code == code).collect()
}

/// Codes of warnings and errors, each once.
fn codes(reading: &Reading) -> Vec<&str> {
    let mut codes: Vec<&str> =
        reading.problems.iter().filter(|p| p.severity != Severity::Note).map(|p| p.code.as_str()).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

fn vertices(record: &Record) -> Vec<Coord> {
    match &record.geometry {
        Geometry::Point(at) => vec![*at],
        Geometry::Line(line) => line.0.clone(),
        Geometry::Area(area) => area.rings().flat_map(|ring| ring.0.iter().copied()).collect(),
    }
}

/// The same values, and vertices within `units` of each other, wherever a ring begins.
fn assert_same(found: &Reading, truth: &Reading, units: i32) {
    assert_eq!(found.features.len(), truth.features.len());
    for ((_, a), (_, b)) in found.features.iter().zip(&truth.features) {
        assert_eq!(a.values, b.values);
        let (mut ours, mut theirs) = (vertices(a), vertices(b));
        ours.sort_unstable_by_key(|c| (c.x, c.y));
        theirs.sort_unstable_by_key(|c| (c.x, c.y));
        assert_eq!(ours.len(), theirs.len(), "{:?}", a.values);
        let near =
            |c: &Coord, list: &[Coord]| list.iter().any(|d| (c.x - d.x).abs() <= units && (c.y - d.y).abs() <= units);
        assert!(ours.iter().all(|c| near(c, &theirs)), "{:?}", a.values);
    }
}

fn truth(path: &str, layer: Layer) -> Option<Reading> {
    let reading = read(&shared(path)?, Source::Layer(layer), &stated(Crs::Wgs84), &|_, _| {});
    assert!(!reading.has_errors(), "{:#?}", reading.problems);
    Some(reading)
}

#[test]
fn gbk_shapefiles_whatever_their_cpg_says() {
    let Some(truth) = truth(COMMUNITIES, Layer::Communities) else { return };
    assert_eq!(truth.features.len(), 41);
    for (folder, expected) in [("gbk-cpg", &[][..]), ("gbk-nocpg", &[]), ("utf8-cpg-lies", &["text-encoding"])] {
        let path = format!("derived/{folder}/communities.shp");
        let Some(reading) = nasty(&path, Layer::Communities, &Options::default()) else { return };
        assert_same(&reading, &truth, 0);
        assert_eq!(codes(&reading), expected, "{folder}: {:#?}", reading.problems);
        assert_eq!(reading.datum.as_ref().map(|verdict| verdict.how), Some(How::Declared));
        assert_eq!(reading.counts["features"], 41);
    }
    let lies = nasty("derived/utf8-cpg-lies/communities.shp", Layer::Communities, &Options::default());
    let lies = lies.expect("there, as the others");
    let problem = told(&lies, "text-encoding")[0];
    assert!(problem.message.contains("the .cpg says UTF-8, yet") && problem.message.contains("gb18030"), "{problem}");
}

#[test]
fn any_part_of_a_shapefile_stands_for_it_and_a_dbf_alone_is_a_table() {
    let Some(path) = shared(&format!("{NASTY}/derived/gbk-cpg/communities.dbf")) else { return };
    let reading = read(&path, Source::Layer(Layer::Communities), &Options::default(), &|_, _| {});
    assert_eq!(reading.features.len(), 41, "{:#?}", reading.problems);
    let bytes = std::fs::read(&path).expect("read");
    let reading =
        read_bytes("communities.dbf", &bytes, Source::Layer(Layer::Communities), &Options::default(), &|_, _| {});
    assert_eq!(codes(&reading), ["no-place", "text-encoding"]);
    let opened =
        open(&Bundle::of_bytes("communities.dbf", &bytes), &|_, _| {}).map_err(|p| p.to_string()).expect("a table");
    let sheet = &opened.sheets[0];
    assert_eq!((sheet.has_places, sheet.count), (false, 41));
    assert_eq!(sheet.columns, ["街道", "街道编码", "社区", "社区编码"]);
    assert_eq!(rows(&opened, 0)[0].cells[2], Cell::Text("刀茅巷社区".to_owned()));
}

#[test]
fn cgcs2000_zones_with_and_without_prj() {
    let Some(truth) = truth(GRIDS, Layer::Grids) else { return };
    let Some(reading) = nasty("derived/cgcs2000-gk-cm120/grids.shp", Layer::Grids, &Options::default()) else { return };
    assert!(!reading.has_errors(), "{:#?}", reading.problems);
    assert_eq!((reading.counts["features"], reading.features.len()), (169, 164));
    assert_eq!(reading.datum.as_ref().and_then(|v| v.crs.clone()), Some((Crs::Epsg(4549), false)));
    assert_same(&reading, &truth, 1);

    let path = "derived/cgcs2000-gk-noprj/grids.shp";
    let alone = nasty(path, Layer::Grids, &Options::default()).expect("there, as the other");
    assert!(alone.has_errors() && alone.features.is_empty());
    assert_eq!(codes(&alone), ["crs-missing"]);

    let mut world = World::default();
    let communities = self::truth(COMMUNITIES, Layer::Communities).expect("there, as the grids");
    for (layer, record) in &communities.features {
        world.put(*layer, record).expect("a community");
    }
    let known = Options { known: Known::of(&world).map(Arc::new), ..Options::default() };
    let shown = nasty(path, Layer::Grids, &known).expect("there");
    assert!(!shown.has_errors(), "{:#?}", shown.problems);
    let verdict = shown.datum.as_ref().expect("a verdict");
    assert_eq!(
        (verdict.how, verdict.crs.clone()),
        (How::Detected, Some((Crs::Epsg(4549), false))),
        "{}",
        verdict.told()
    );
    assert_same(&shown, &truth, 1);
}

#[test]
fn seattle_blocks_in_survey_feet_without_a_table() {
    let Some(reading) = nasty("shp-no-dbf/seattle-blocks.shp", Layer::Buildings, &Options::default()) else { return };
    assert_eq!(reading.counts["features"], 10_387);
    assert_eq!(told(&reading, "shapefile-no-table").len(), 1);
    println!("{} of 10387; {:?}", reading.features.len(), codes(&reading));
    reading.problems.iter().filter(|p| p.severity == Severity::Error).take(5).for_each(|p| println!("{p}"));
    let in_seattle = |c: &Coord| (-122.6..-122.1).contains(&c.lon()) && (47.4..47.8).contains(&c.lat());
    assert!(reading.features.iter().flat_map(|(_, record)| vertices(record)).all(|c| in_seattle(&c)));
    assert!(reading.features.len() > 10_300);
}

/// The features of a sheet.
fn rows(opened: &Opened, sheet: usize) -> Vec<Feature> {
    let mut rows = Vec::new();
    let outcome = opened.sheets[sheet].features.each(&mut |feature| {
        rows.push(feature.clone());
        true
    });
    assert!(outcome.is_ok(), "{outcome:?}");
    rows
}

fn parts(parts: &[(&str, Vec<u8>)]) -> Bundle {
    let part =
        |(name, bytes): &(&str, Vec<u8>)| Part { name: (*name).to_owned(), body: Body::Bytes(bytes.as_slice().into()) };
    Bundle::of_parts(parts.iter().map(part).collect())
}

fn buildings(bundle: &Bundle) -> Reading {
    read_bundle(bundle, Source::Layer(Layer::Buildings), &stated(Crs::Wgs84), &|_, _| {})
}

fn small_dbf() -> Vec<u8> {
    let row = |mark, code: &str, floors: &str| (mark, vec![code.as_bytes().to_vec(), floors.as_bytes().to_vec()]);
    dbf(
        0x57,
        &[(b"code", b'C', 6), (b"floors", b'N', 4)],
        &[row(b' ', "A-1", "  6"), row(b'*', "gone", "1"), row(b' ', "A-3", "")],
    )
}

fn small_shp() -> Vec<u8> {
    let mut inner = square(120.004, 30.004, 0.001);
    inner.reverse();
    shp(&[
        shape(5, &[square(120.0, 30.0, 0.01), inner, square(120.5, 30.0, 0.01)]),
        shape(5, &[square(121.0, 30.0, 0.01)]),
        shape(15, &[square(122.0, 30.0, 0.01)]),
    ])
}

#[test]
fn rings_nest_and_deleted_rows_take_their_shape_along() {
    let reading = buildings(&parts(&[("b.dbf", small_dbf()), ("b.shp", small_shp()), ("b.cpg", b"UTF-8".to_vec())]));
    assert!(!reading.has_errors(), "{:#?}", reading.problems);
    assert_eq!(told(&reading, "rows-deleted").len(), 1);
    assert_eq!(reading.rows, [1, 3]);
    let Geometry::Area(area) = &reading.features[0].1.geometry else { panic!("an area") };
    assert_eq!(area.0.iter().map(|p| p.holes.len()).collect::<Vec<_>>(), [1, 0]);
    assert_eq!(reading.features[0].1.get(Layer::Buildings, "floors"), &Value::Integer(6));
    assert_eq!(reading.features[1].1.get(Layer::Buildings, "floors"), &Value::Null);
}

#[test]
fn parts_that_do_not_belong_together_are_told() {
    let shapes = shp(&[shape(5, &[square(120.0, 30.0, 0.01)]), 0_u32.to_le_bytes().to_vec()]);
    let reading = buildings(&parts(&[("b.shp", shapes), ("b.dbf", small_dbf())]));
    assert_eq!(codes(&reading), ["geometry-missing", "shapefile-counts-differ"]);
    assert_eq!((reading.features.len(), reading.counts["features"]), (1, 2), "the deleted row took the null shape");
    for prj in [&b"LOCAL_CS[\"x\"]"[..], b"", b" \0"] {
        let alone = parts(&[("b.shp", small_shp()), ("b.prj", prj.to_vec())]);
        let reading = read_bundle(&alone, Source::Layer(Layer::Buildings), &Options::default(), &|_, _| {});
        assert_eq!(codes(&reading), ["crs-missing", "shapefile-no-table"], "{prj:?}");
    }
    let alone = parts(&[("b.shp", small_shp()), ("b.prj", b"Beijing 1954, I think".to_vec())]);
    let reading = read_bundle(&alone, Source::Layer(Layer::Buildings), &Options::default(), &|_, _| {});
    assert_eq!(codes(&reading), ["shapefile-no-table", "unknown-crs"]);
}

#[test]
fn half_characters_at_the_width_of_a_column_are_trimmed() {
    let (gbk, _, _) = encoding_rs::GB18030.encode("刀茅巷社区第二网格");
    let (name, _, _) = encoding_rs::GB18030.encode("所属街道名");
    let table = dbf(0x4d, &[(&name[..9], b'C', 9)], &[(b' ', vec![gbk[..9].to_vec()])]);
    let opened = open(&parts(&[("b.shp", shp(&[point(120.0, 30.0)])), ("b.dbf", table)]), &|_, _| {});
    let opened = opened.map_err(|p| p.to_string()).expect("a shapefile");
    assert_eq!(opened.sheets[0].columns, ["所属街道"]);
    assert_eq!(rows(&opened, 0)[0].cells, [Cell::Text("刀茅巷社".to_owned())]);
    let told: Vec<&str> = opened.sheets[0].problems.iter().map(|p| p.code.as_str()).collect();
    assert_eq!(told, ["text-cut"]);
}

#[test]
fn flatgeobuf_files_of_its_own_test_suite() {
    let outcome = |file: &str, options: &Options| {
        let reading = nasty(&format!("flatgeobuf/{file}"), Layer::Buildings, options)?;
        let errors = reading.problems.iter().filter(|p| p.severity == Severity::Error).count();
        println!(
            "{file}: {} features, {} read, {:?}",
            reading.counts.get("features").unwrap_or(&0),
            reading.features.len(),
            codes(&reading)
        );
        reading.problems.iter().filter(|p| p.severity == Severity::Error).take(3).for_each(|p| println!("  {p}"));
        Some((reading, errors))
    };
    let none = Options::default();
    let Some((countries, _)) = outcome("countries.fgb", &none) else { return };
    assert_eq!(countries.counts["features"], 179);
    assert_eq!(countries.datum.as_ref().map(|v| v.how), Some(How::Declared));
    let names: Vec<&Value> = countries.features.iter().map(|(_, r)| r.get(Layer::Buildings, "name")).collect();
    assert!(names.contains(&&Value::Text("China".to_owned())), "{names:?}");

    let (nocrs, _) = outcome("countries_nocrs.fgb", &none).expect("there");
    assert_eq!((nocrs.features.len(), codes(&nocrs)), (0, vec!["crs-missing"]));
    let (nocrs, _) = outcome("countries_nocrs.fgb", &stated(Crs::Wgs84)).expect("there");
    assert_eq!(nocrs.features.len(), countries.features.len());

    let (nogeo, _) = outcome("countries_nogeo.fgb", &none).expect("there");
    assert_eq!((nogeo.features.len(), codes(&nogeo)), (0, vec!["no-place"]));
    let (empty, _) = outcome("empty.fgb", &none).expect("there");
    assert_eq!((empty.features.len(), codes(&empty)), (0, vec!["no-features"]));
    let (old, _) = outcome("topp_states.fgb", &none).expect("there");
    assert_eq!(codes(&old), ["format-version"]);
    assert!(old.problems[0].message.contains("version 2"), "{}", old.problems[0]);
    // The British national grid, so says the file; the places are in fact UTM and not in Britain.
    for file in ["poly00.fgb", "poly01.fgb"] {
        let (poly, _) = outcome(file, &none).expect("there");
        assert_eq!(poly.counts["features"], 10, "with an index and without");
    }
    let (plain, _) = outcome("no_properties.fgb", &stated(Crs::Wgs84)).expect("there");
    assert_eq!(codes(&plain), ["geometry-kind"], "a point is no building");
    let path = shared(&format!("{NASTY}/flatgeobuf/no_properties.fgb")).expect("there");
    let cameras = read(&path, Source::Layer(Layer::Cameras), &stated(Crs::Wgs84), &|_, _| {});
    assert_eq!((cameras.features.len(), codes(&cameras)), (1, vec![]));
    let (shapes, errors) = outcome("countries.shp", &none).expect("there");
    assert_eq!(shapes.counts["features"], 179);
    println!("countries.shp: {errors} errors");
}

#[test]
fn every_type_of_column() {
    let Some(path) = shared(&format!("{NASTY}/flatgeobuf/alldatatypes.fgb")) else { return };
    let opened = open(&Bundle::of_path(&path), &|_, _| {}).map_err(|p| p.to_string()).expect("a file");
    let row = &rows(&opened, 0)[0];
    let by_name: Vec<String> =
        opened.sheets[0].columns.iter().zip(&row.cells).map(|(name, cell)| format!("{name} {cell:?}")).collect();
    println!("{by_name:#?}");
    assert_eq!(
        by_name,
        [
            "byte Integer(-1)",
            "ubyte Integer(255)",
            "bool Bool(true)",
            "short Integer(-1)",
            "ushort Integer(65535)",
            "int Integer(-1)",
            "uint Integer(4294967295)",
            "long Integer(-1)",
            "ulong Text(\"18446744073709551615\")",
            "float Real(0.0)",
            "double Real(0.0)",
            "string Text(\"X\")",
            "json Text(\"X\")",
            "datetime Text(\"2020-02-29T12:34:56Z\")",
            "binary Nested(\"(bytes)\")",
        ]
    );
}

fn small_fgb(index: bool) -> Vec<u8> {
    let mut hole = square(120.004, 30.004, 0.001);
    hole.reverse();
    flatgeobuf(
        4326,
        index,
        &[
            (vec![square(120.0, 30.0, 0.01), hole], "A-1", "一号楼", 6),
            (vec![square(120.1, 30.0, 0.01)], "A-2", "二号楼", 7),
            (vec![square(120.2, 30.0, 0.01)], "A-3", "三号楼", 8),
        ],
    )
}

#[test]
fn a_small_flatgeobuf() {
    for index in [false, true] {
        let bytes = small_fgb(index);
        let reading = read_bytes("b.fgb", &bytes, Source::Layer(Layer::Buildings), &Options::default(), &|_, _| {});
        assert_eq!((reading.features.len(), codes(&reading)), (3, vec![]), "{:#?}", reading.problems);
        let mut found: Vec<(&Value, &Value)> = reading
            .features
            .iter()
            .map(|(layer, record)| (record.get(*layer, "name"), record.get(*layer, "floors")))
            .collect();
        found.sort_by_key(|(_, floors)| format!("{floors:?}"));
        let text = |t: &str| Value::Text(t.to_owned());
        assert_eq!(found[0], (&text("一号楼"), &Value::Integer(6)));
        let cut = read_bytes(
            "b.fgb",
            &bytes[..bytes.len() - 9],
            Source::Layer(Layer::Buildings),
            &Options::default(),
            &|_, _| {},
        );
        assert_eq!((cut.features.len(), codes(&cut)), (2, vec!["file-truncated"]));
        assert!(cut.has_errors());
    }
}

#[test]
fn geopackages_of_others() {
    let Some(stations) = nasty("planetiler/geopackage.gpkg", Layer::Services, &Options::default()) else { return };
    assert_eq!((stations.counts["features"], stations.features.len()), (86, 86), "{:#?}", stations.problems);
    assert!(!stations.has_errors());
    assert_eq!(stations.datum.as_ref().map(|v| v.how), Some(How::Declared));
    let from_zip = nasty("planetiler/shapefile.zip", Layer::Services, &Options::default()).expect("there");
    assert_same(&from_zip, &stations, 0);

    let empty = nasty("planetiler/empty-geom.gpkg", Layer::Buildings, &Options::default()).expect("there");
    assert_eq!((empty.counts["features"], codes(&empty)), (1, vec!["geometry-missing"]));

    let path = "gpkg/ks-ellis-vtd-unknown-extension.gpkg";
    let unclear = nasty(path, Layer::Buildings, &Options::default()).expect("there");
    assert_eq!(codes(&unclear), ["sheet-unclear"]);
    assert!(unclear.problems[0].message.contains("ks_ellis_county_vap_data_vtd__internal_points"));
    let sheet = |name: &str| Options { sheet: Some(name.to_owned()), ..Options::default() };
    let areas = nasty(path, Layer::Buildings, &sheet("ks_ellis_county_vap_data_vtd")).expect("there");
    assert_eq!((areas.counts["features"], areas.features.len()), (43, 43), "{:#?}", areas.problems);
    let in_kansas = |c: &Coord| (-99.7..-99.0).contains(&c.lon()) && (38.6..39.2).contains(&c.lat());
    assert!(areas.features.iter().flat_map(|(_, record)| vertices(record)).all(|c| in_kansas(&c)));
    let table = nasty(path, Layer::Buildings, &sheet("gerrydb_geo_attrs")).expect("there");
    // Its catalogue does not list it: only an extension that nobody knows does.
    assert_eq!(codes(&table), ["sheet-unknown"]);
}

/// Small enough that each byte can be tried.
fn small_gpkg(path: &Path) {
    let mut hole = square(120.004, 30.004, 0.001);
    hole.reverse();
    let sql = format!(
        "INSERT INTO gpkg_contents VALUES ('房屋', 'features', '房屋', '', 4326), ('looks', 'features', 'v', '', 4326),
            ('notes', 'attributes', 'n', NULL, NULL), ('pictures', 'tiles', 'p', '', 4326);
         INSERT INTO gpkg_geometry_columns VALUES ('房屋', 'geom', 'POLYGON', 4326, 0, 0), ('looks', 'geom', 'POLYGON', 4326, 0, 0);
         CREATE TABLE 房屋 (fid INTEGER PRIMARY KEY, geom BLOB, code TEXT, floors INTEGER, ok BOOLEAN, photo BLOB,
            heavy TEXT GENERATED ALWAYS AS (hex(zeroblob(99999999))) VIRTUAL);
         INSERT INTO 房屋 (fid, geom, code, floors, ok, photo) VALUES (11, {}, '甲1', 6, 1, x'00'), (12, {}, '甲2', NULL, 0, NULL), (13, NULL, '甲3', 2, 1, NULL),
            (14, {}, '甲4', 2, 1, NULL), (15, {}, '甲5', 2, 1, NULL), (16, 'text', '甲6', 2, 1, NULL);
         CREATE VIEW looks AS WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT n AS fid, NULL AS geom FROM t;
         CREATE TABLE notes (id INTEGER PRIMARY KEY, note TEXT); INSERT INTO notes VALUES (1, 'a'), (2, 'b');",
        blob(&[square(120.0, 30.0, 0.01), hole], false),
        blob(&[square(120.1, 30.0, 0.01)], true),
        hex(b"GP\0\x11\xe6\x10\0\0\x01\x03\0\0\0\0\0\0\0"),
        hex(b"GP\0\x01\xe6\x10\0\0\x01\x0a\0\0\0\0\0\0\0"),
    );
    geopackage(path, &sql);
}

#[test]
fn a_geopackage_in_every_shape() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("格 1.gpkg");
    small_gpkg(&path);
    for bundle in [Bundle::of_path(&path), Bundle::of_bytes("b.gpkg", &std::fs::read(&path).expect("read"))] {
        let opened = open(&bundle, &|_, _| {}).map_err(|p| p.to_string()).expect("a GeoPackage");
        let names: Vec<&str> = opened.sheets.iter().map(|sheet| sheet.name.as_str()).collect();
        assert_eq!(names, ["房屋", "looks", "notes"]);
        assert_eq!(opened.sheets.iter().map(|sheet| sheet.count).collect::<Vec<_>>(), [6, 0, 2]);
        assert_eq!(opened.sheets[0].columns, ["code", "floors", "ok", "photo"]);
        assert_eq!(opened.sheets[1].problems[0].code, "table-missing", "a view is not run");
        let rows = rows(&opened, 0);
        assert_eq!(rows[0].id.as_deref(), Some("11"));
        let text = |t: &str| Cell::Text(t.to_owned());
        assert_eq!(rows[0].cells, [text("甲1"), Cell::Integer(6), Cell::Bool(true), Cell::Nested("(bytes)".into())]);
        let shapes: Vec<&str> = rows
            .iter()
            .map(|row| match &row.shape {
                Shape::Of(_) => "there",
                Shape::Missing => "missing",
                Shape::None => "none",
                Shape::Faulty(fault) => fault.code,
            })
            .collect();
        assert_eq!(shapes, ["there", "there", "missing", "missing", "geometry-unknown", "geometry-damaged"]);
    }
    let options = Options { sheet: Some("房屋".to_owned()), ..Options::default() };
    let reading = read(&path, Source::Layer(Layer::Buildings), &options, &|_, _| {});
    assert_eq!(reading.features.len(), 2, "{:#?}", reading.problems);
    assert_eq!(told(&reading, "geometry-missing")[0].feature, "feature 3 (13)");
}

#[test]
fn a_geopackage_in_wal_mode_and_in_a_system_of_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("wal.gpkg");
    let sql = format!(
        "INSERT INTO gpkg_contents VALUES ('a', 'features', 'a', '', 900001);
         INSERT INTO gpkg_geometry_columns VALUES ('a', 'shape', 'POLYGON', 900001, 0, 0);
         CREATE TABLE a (objectid INTEGER PRIMARY KEY, shape BLOB); INSERT INTO a VALUES (1, {}); PRAGMA journal_mode = WAL;",
        blob(&[square(53_000.0, 31_000.0, 20.0)], false)
    );
    geopackage(&path, &sql);
    for bundle in [Bundle::of_path(&path), Bundle::of_bytes("b.gpkg", &std::fs::read(&path).expect("read"))] {
        let reading = read_bundle(&bundle, Source::Layer(Layer::Buildings), &Options::default(), &|_, _| {});
        assert_eq!((reading.features.len(), codes(&reading)), (1, vec![]), "{:#?}", reading.problems);
        let at = vertices(&reading.features[0].1)[0];
        assert!((120.6..120.8).contains(&at.lon()) && (30.9..31.1).contains(&at.lat()), "{} {}", at.lon(), at.lat());
    }
    let other = folder.path().join("other.sqlite");
    rusqlite::Connection::open(&other).and_then(|db| db.execute_batch("CREATE TABLE t (a)")).expect("a database");
    let reading = read(&other, Source::Layer(Layer::Buildings), &Options::default(), &|_, _| {});
    assert_eq!(codes(&reading), ["not-geopackage"]);
}

#[test]
fn archives_give_their_files_as_sheets() {
    let geojson = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"code":"B"},"geometry":
        {"type":"Polygon","coordinates":[[[120,30],[120.01,30],[120.01,30.01],[120,30]]]}}]}"#;
    let (gbk, _, _) = encoding_rs::GB18030.encode("房屋.geojson");
    let gbk_name = gbk.into_owned();
    // Written under an ASCII name of the same length, which is then exchanged: the crate writes names as UTF-8 only.
    let ascii = "x".repeat(gbk_name.len());
    let mut bytes = zip(&[
        ("数据/b.shp", &small_shp()),
        ("数据/b.DBF", &small_dbf()),
        ("数据/b.prj", b"GEOGCS[\"GCS_WGS_1984\",DATUM[\"D_WGS_1984\",SPHEROID[\"WGS_1984\",6378137.0,298.257223563]],PRIMEM[\"Greenwich\",0.0],UNIT[\"Degree\",0.0174532925199433]]"),
        (&ascii, geojson.as_bytes()),
        ("read me.txt", b"hello"),
        ("__MACOSX/._b.shp", b"x"),
    ]);
    while let Some(at) = bytes.windows(ascii.len()).position(|window| window == ascii.as_bytes()) {
        bytes[at..at + gbk_name.len()].copy_from_slice(&gbk_name);
    }
    let opened = open(&Bundle::of_bytes("all.zip", &bytes), &|_, _| {}).map_err(|p| p.to_string()).expect("an archive");
    let names: Vec<(&str, u64)> = opened.sheets.iter().map(|sheet| (sheet.name.as_str(), sheet.count)).collect();
    assert_eq!(names, [("房屋", 1), ("b", 2)]);
    assert!(opened.sheets[0].problems.iter().any(|p| p.code == "archive-aside" && p.message.contains("read me.txt")));
    let options = Options { sheet: Some("b".to_owned()), ..Options::default() };
    let reading = read_bytes("all.zip", &bytes, Source::Layer(Layer::Buildings), &options, &|_, _| {});
    assert_eq!((reading.features.len(), codes(&reading)), (2, vec![]), "{:#?}", reading.problems);

    let one = zip(&[("a/数据.geojson", geojson.as_bytes())]);
    let reading = read_bytes("one.zip", &one, Source::Layer(Layer::Buildings), &Options::default(), &|_, _| {});
    assert_eq!(reading.features.len(), 1, "{:#?}", reading.problems);
    for (bytes, code) in [
        (zip(&[("read me.txt", b"hello")]), "archive-without-data"),
        (zip(&[("in.zip", &one)]), "archive-without-data"),
        (zip(&[("[Content_Types].xml", b"<x/>"), ("word/document.xml", b"<x/>")]), "format-unknown"),
        (zip(&[("a.geojson", b"{")]), "json-truncated"),
        (zip(&[("b.dbf", &small_dbf()), ("c.shx", b"x")]), "no-place"),
        (one[..one.len() - 30].to_vec(), "archive-damaged"),
        (zip(&[("bomb.csv", &vec![b' '; 100 << 20])]), "archive-too-large"),
    ] {
        let reading = read_bytes("x.zip", &bytes, Source::Layer(Layer::Buildings), &Options::default(), &|_, _| {});
        assert!(codes(&reading).contains(&code), "{code}: {:#?}", reading.problems);
        assert!(reading.features.is_empty());
    }
}

#[test]
fn workbooks_go_to_their_own_reader() {
    let xlsx = zip(&[("[Content_Types].xml", b"<x/>"), ("xl/workbook.xml", b"<x/>")]);
    let ods = zip(&[("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"), ("content.xml", b"<x/>")]);
    for bytes in [xlsx, ods] {
        let reading = read_bytes("x", &bytes, Source::Layer(Layer::Buildings), &Options::default(), &|_, _| {});
        assert!(reading.has_errors());
        assert!(!codes(&reading).contains(&"archive-without-data"), "{:#?}", reading.problems);
    }
}

#[test]
fn openstreetmap_that_is_refused_or_told() {
    let Some(path) = shared(&format!("{NASTY}/planetiler/monaco-latest.lz4.osm.pbf")) else { return };
    let lz4 = read(&path, Source::Osm, &Options::default(), &|_, _| {});
    assert!(lz4.has_errors() && lz4.features.is_empty());
    println!("{}", lz4.problems[0]);
    let path = shared(&format!("{NASTY}/planetiler/bad_spain_relation.xml")).expect("there");
    let spain = read(&path, Source::Osm, &Options::default(), &|_, _| {});
    println!("{:?} {:?}", codes(&spain), spain.counts);
    let layers: Vec<Layer> = spain.features.iter().map(|(layer, _)| *layer).collect();
    assert_eq!((layers, codes(&spain)), (vec![Layer::Green], vec![]), "its one relation is an area that closes");
    let parquet = nasty("planetiler/boston.parquet", Layer::Buildings, &Options::default()).expect("there");
    assert!(parquet.problems[0].message.contains("Parquet"));
}

/// Reads bytes as whatever they are. It must end, without a panic, and say what is wrong where nothing is read.
fn any(name: &str, bytes: &[u8]) {
    let reading = read_bytes(name, bytes, Source::Layer(Layer::Buildings), &stated(Crs::Wgs84), &|_, _| {});
    assert!(!reading.features.is_empty() || !reading.problems.is_empty(), "nothing read and nothing said");
}

fn cut_everywhere(name: &str, bytes: &[u8], step: usize) {
    for end in (0..bytes.len()).step_by(step) {
        any(name, &bytes[..end]);
    }
}

fn bent_everywhere(name: &str, bytes: &[u8], step: usize) {
    let mut bent = bytes.to_vec();
    for at in (0..bytes.len()).step_by(step) {
        for mask in [0xff, 0x80, 0x01] {
            bent[at] ^= mask;
            any(name, &bent);
            bent[at] ^= mask;
        }
    }
}

#[test]
fn damaged_shapefiles() {
    let (shapes, table) = (small_shp(), small_dbf());
    let both = |shapes: &[u8], table: &[u8]| {
        let bundle = parts(&[("b.shp", shapes.to_vec()), ("b.dbf", table.to_vec())]);
        let reading = buildings(&bundle);
        assert!(!reading.features.is_empty() || !reading.problems.is_empty());
    };
    for (end, _) in shapes.iter().enumerate() {
        both(&shapes[..end], &table);
    }
    for (end, _) in table.iter().enumerate() {
        both(&shapes, &table[..end]);
    }
    for (bytes, shape) in [(&shapes, true), (&table, false)] {
        let mut bent = bytes.clone();
        for at in 0..bytes.len() {
            for mask in [0xff, 0x80, 0x01] {
                bent[at] ^= mask;
                if shape {
                    both(&bent, &table)
                } else {
                    both(&shapes, &bent)
                }
                bent[at] ^= mask;
            }
        }
    }
    any("b.dbf", &table);
    cut_everywhere("b.dbf", &table, 1);
}

#[test]
fn damaged_flatgeobufs() {
    for index in [false, true] {
        let bytes = small_fgb(index);
        cut_everywhere("b.fgb", &bytes, 1);
        bent_everywhere("b.fgb", &bytes, 1);
    }
}

#[test]
fn damaged_geopackages() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("b.gpkg");
    small_gpkg(&path);
    let bytes = std::fs::read(&path).expect("read");
    cut_everywhere("b.gpkg", &bytes, 499);
    bent_everywhere("b.gpkg", &bytes, 61);
}

#[test]
fn damaged_archives() {
    let bytes = zip(&[("b.shp", &small_shp()), ("b.dbf", &small_dbf())]);
    cut_everywhere("b.zip", &bytes, 3);
    bent_everywhere("b.zip", &bytes, 1);
}
