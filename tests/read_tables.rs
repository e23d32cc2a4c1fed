//! Tables and tracks as districts keep them: small ones made by hand, each a named situation, and real files with the
//! outcome written down.

mod common;

use common::shared;
use gridweave::model::{Geometry, Layer, Problem, Severity, Value};
use gridweave::read::bundle::Bundle;
use gridweave::read::datum::Crs;
use gridweave::read::{Options, Reading, Source, open, read, read_bytes};
use proptest::prelude::*;
use rust_xlsxwriter::{Format, Formula, Workbook};

fn wgs84(map: &[(&str, &str)]) -> Options {
    let map = map.iter().map(|(field, column)| ((*field).to_owned(), (*column).to_owned())).collect();
    Options { crs: Some(Crs::Wgs84), map, ..Options::default() }
}

fn table(text: &str, layer: Layer) -> Reading {
    read_bytes("t.csv", text.as_bytes(), Source::Layer(layer), &wgs84(&[]), &|_, _| {})
}

fn codes(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(|p| format!("{} {}", p.code, p.row.unwrap_or_default())).collect()
}

fn counted(problems: &[Problem], code: &str) -> usize {
    problems.iter().filter(|problem| problem.code == code).count()
}

#[test]
fn a_sheet_of_estates_as_a_street_office_prints_it() {
    let text = "朝晖街道小区底数表,,,,,,\n填报单位：朝晖街道,,,,填报日期：2024年3月1日,,\n\
        序号,小区名称,户数（户）,楼幢数(幢),经度,纬度,物业服务企业\n\
        1,甲苑,\"1,143户\",3栋,120.16,30.28,绿城\n2,乙苑,50户,1栋,120.17,30.29,无\n,小计,1193,4,,,\n\
        序号,小区名称,户数（户）,楼幢数(幢),经度,纬度,物业服务企业\n3,丙苑,7,1,120.18,30.27,\n合计,,1200,5,,,\n\
        备注：户数为常住户,,,,,,\n填表人：王,,,审核：李,,,\n";
    let reading = table(text, Layer::Compounds);
    let estates: Vec<String> = reading
        .features
        .iter()
        .map(|(layer, record)| {
            let of = |name| record.get(*layer, name).clone();
            format!("{:?} {:?} {:?} {:?}", of("name"), of("households"), of("buildings"), of("manager"))
        })
        .collect();
    assert_eq!(
        estates,
        [
            r#"Text("甲苑") Integer(1143) Integer(3) Text("绿城")"#,
            r#"Text("乙苑") Integer(50) Integer(1) Null"#,
            r#"Text("丙苑") Integer(7) Integer(1) Null"#,
        ]
    );
    assert_eq!(reading.rows, [4, 5, 8]);
    let expected = [
        "title-row 1",
        "title-row 2",
        "totals-row 6",
        "header-again 7",
        "totals-row 9",
        "footnote 10",
        "footnote 11",
        "columns-unused 0",
    ];
    assert_eq!(codes(&reading.problems), expected, "{:#?}", reading.problems);
    assert!(!reading.has_errors());
}

#[test]
fn codes_keep_their_digits_or_are_refused() {
    let table = |code: &str| table(&format!("设备编号,经度,纬度\n{code},120.1,30.1"), Layer::Cameras);
    let code = |reading: &Reading| reading.features[0].1.values[0].clone();
    assert_eq!(code(&table("0051")), Value::Text("0051".into()));
    assert_eq!(code(&table("33010300001320000123")), Value::Text("33010300001320000123".into()));
    let lost = table("5.10104E+14");
    assert_eq!(code(&lost), Value::Null);
    assert_eq!(codes(&lost.problems), ["code-not-text 2"]);
}

fn xlsx(write: impl FnOnce(&mut Workbook)) -> Vec<u8> {
    let mut book = Workbook::new();
    write(&mut book);
    book.save_to_buffer().expect("a workbook")
}

fn buildings(bytes: &[u8], options: &Options) -> Reading {
    read_bytes("楼栋.xlsx", bytes, Source::Layer(Layer::Cameras), options, &|_, _| {})
}

#[test]
fn a_workbook_with_merged_headers_dates_errors_and_hidden_sheets() {
    let bytes = xlsx(|book| {
        let plain = Format::new();
        let sheet = book.add_worksheet().set_name("摄像头").expect("a name");
        sheet.merge_range(0, 0, 0, 6, "XX街道摄像头台账", &plain).expect("merged");
        sheet.merge_range(1, 0, 2, 0, "所属街道", &plain).expect("merged");
        sheet.merge_range(1, 1, 2, 1, "设备编号", &plain).expect("merged");
        sheet.merge_range(1, 2, 1, 3, "位置", &plain).expect("merged");
        sheet.write(2, 2, "经度").expect("written");
        sheet.write(2, 3, "纬度").expect("written");
        sheet.merge_range(1, 4, 2, 4, "安装日期", &plain).expect("merged");
        sheet.merge_range(1, 5, 2, 5, "在线", &plain).expect("merged");
        sheet.merge_range(1, 6, 2, 6, "视角", &plain).expect("merged");
        sheet.merge_range(3, 0, 4, 0, "朝晖街道", &plain).expect("merged");
        let day = Format::new().set_num_format("yyyy-mm-dd");
        for (row, code) in [(3, 330_103_001_002_003.0), (4, 510_104_000_000_000.0)] {
            sheet.write(row, 1, code).expect("written");
            sheet.write(row, 2, 120.16 + f64::from(row) * 0.01).expect("written");
            sheet.write(row, 3, 30.28).expect("written");
            sheet.write_with_format(row, 4, 45_292.0, &day).expect("written");
            sheet.write(row, 5, true).expect("written");
        }
        sheet.write(3, 6, Formula::new("30*2").set_result("60")).expect("written");
        sheet.write(4, 6, Formula::new("1/0").set_result("#DIV/0!")).expect("written");
        sheet.write(5, 0, "合计").expect("written");
        sheet.write(5, 1, 2.0).expect("written");
        book.add_worksheet().set_name("字典").expect("a name").set_hidden(true).write(0, 0, "x").expect("written");
    });
    let reading = buildings(&bytes, &wgs84(&[("owner", "所属街道")]));
    assert_eq!(reading.features.len(), 2, "{:#?}", reading.problems);
    assert_eq!(reading.rows, [4, 5], "as Excel numbers them");
    let of = |i: usize, name| reading.features[i].1.get(Layer::Cameras, name).clone();
    assert_eq!(of(0, "code"), Value::Text("330103001002003".into()));
    assert_eq!(of(1, "code"), Value::Null, "digits were lost");
    assert_eq!(of(1, "owner"), Value::Text("朝晖街道".into()), "the merged cell speaks for both rows");
    assert_eq!(of(0, "installed"), Value::Text("2024-01-01".into()));
    assert_eq!((of(0, "online"), of(0, "angle")), (Value::Bool(true), Value::Real(60.0)));
    let told = codes(&reading.problems);
    for expected in ["title-row 1", "totals-row 6", "sheet-hidden 0", "code-not-text 5"] {
        assert!(told.contains(&expected.to_owned()), "{expected}: {told:?}");
    }
    let lost = reading.problems.iter().find(|p| p.code == "code-not-text").expect("told");
    assert!(lost.remedy.contains("as text"), "{lost}");
    let opened = open(&Bundle::of_bytes("b.xlsx", &bytes), &|_, _| {}).expect("opens");
    assert_eq!(opened.sheets[0].columns[2..4], ["位置/经度", "位置/纬度"]);
}

/// The same in the format of Excel 97, written once with xlwt: a title merged over five columns, a street merged over two
/// rows, a code that lost digits, a sum, and a hidden sheet.
const XLS: &[u8] = include_bytes!("golden/cameras.xls");

#[test]
fn a_workbook_of_excel_97() {
    let reading = buildings(XLS, &wgs84(&[("owner", "所属街道")]));
    assert_eq!(reading.rows, [3, 4], "{:#?}", reading.problems);
    let of = |i: usize, name| reading.features[i].1.get(Layer::Cameras, name).clone();
    assert_eq!((of(0, "code"), of(1, "code")), (Value::Text("330103001002003".into()), Value::Null));
    assert_eq!(of(1, "owner"), Value::Text("朝晖街道".into()));
    assert_eq!(of(0, "installed"), Value::Text("2024-01-01".into()));
    assert_eq!(codes(&reading.problems), ["sheet-hidden 0", "title-row 1", "totals-row 5", "code-not-text 4"]);
    let cut = buildings(&XLS[..1024], &wgs84(&[]));
    assert!(cut.has_errors() && cut.features.is_empty());
}

#[test]
fn several_sheets_need_a_name() {
    let bytes = xlsx(|book| {
        for name in ["甲", "乙"] {
            let sheet = book.add_worksheet().set_name(name).expect("a name");
            for (at, word) in ["编号", "经度", "纬度"].into_iter().enumerate() {
                sheet.write(0, at as u16, word).expect("written");
            }
            sheet.write(1, 0, name).expect("written");
            sheet.write(1, 1, 120.5).expect("written");
            sheet.write(1, 2, 30.5).expect("written");
        }
    });
    assert_eq!(codes(&buildings(&bytes, &wgs84(&[])).problems), ["sheet-unclear 0"]);
    let reading = buildings(&bytes, &Options { sheet: Some("乙".into()), ..wgs84(&[]) });
    assert_eq!(reading.features[0].1.values[0], Value::Text("乙".into()));
}

/// A workbook that claims everything between its first cell and its last.
#[test]
fn a_far_cell_costs_nothing() {
    let bytes = xlsx(|book| {
        let sheet = book.add_worksheet();
        for (at, word) in ["编号", "经度", "纬度"].into_iter().enumerate() {
            sheet.write(0, at as u16, word).expect("written");
        }
        sheet.write(1, 0, "A").expect("written");
        sheet.write(1, 1, 120.5).expect("written");
        sheet.write(1, 2, 30.5).expect("written");
        sheet.write(1_048_575, 16_383, "x").expect("written");
    });
    let reading = buildings(&bytes, &wgs84(&[]));
    assert_eq!(reading.features.len(), 1);
    assert_eq!(counted(&reading.problems, "cells-beyond"), 1, "{:#?}", reading.problems);
}

/// Members of a ZIP archive.
fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    use std::io::Write;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, body) in members {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).expect("a member");
        zip.write_all(body).expect("written");
    }
    zip.finish().expect("closed").into_inner()
}

#[test]
fn bombs_are_measured_before_they_are_read() {
    // 1.2 GB of noughts.
    let nought = vec![b' '; 1 << 20];
    let mut bomb = Vec::new();
    {
        use std::io::Write;
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(&mut bomb));
        zip.start_file("xl/workbook.xml", zip::write::SimpleFileOptions::default()).expect("a member");
        for _ in 0..1200 {
            zip.write_all(&nought).expect("written");
        }
        zip.finish().expect("closed");
    }
    assert!(bomb.len() < 4_000_000);
    assert_eq!(codes(&buildings(&bomb, &wgs84(&[])).problems), ["file-too-large 0"]);
    let strings = br#"<sst uniqueCount="999999999999"><si><t>a</t></si></sst>"#;
    let claim = zip(&[("xl/workbook.xml", b"<workbook/>"), ("xl/sharedStrings.xml", strings)]);
    assert_eq!(codes(&buildings(&claim, &wgs84(&[])).problems), ["workbook-damaged 0"]);
    // A cell that stands sixteen thousand times, in a row that stands a million times.
    let content = "<document-content><spreadsheet><table name='a'><table-row number-rows-repeated='1000000'>\
        <table-cell number-columns-repeated='16384' value-type='string'><p>x</p></table-cell></table-row></table>\
        </spreadsheet></document-content>";
    let bomb = ods(content);
    assert_eq!(codes(&buildings(&bomb, &wgs84(&[])).problems), ["file-too-large 0"]);
    let doctype = ods("<!DOCTYPE a [<!ENTITY b 'bb'>]><document-content/>");
    assert_eq!(codes(&buildings(&doctype, &wgs84(&[])).problems), ["xml-doctype 0"]);
}

fn ods(content: &str) -> Vec<u8> {
    zip(&[("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"), ("content.xml", content.as_bytes())])
}

#[test]
fn an_open_document_table() {
    let cell = |text: &str| format!("<t:table-cell o:value-type='string'><x:p>{text}</x:p></t:table-cell>");
    let number = |n: f64| format!("<t:table-cell o:value-type='float' o:value='{n}'><x:p>{n}</x:p></t:table-cell>");
    let row = |cells: &[String]| format!("<t:table-row>{}</t:table-row>", cells.concat());
    let title = "<t:table-row><t:table-cell t:number-columns-spanned='4' o:value-type='string'><x:p>台账</x:p>\
        </t:table-cell><t:covered-table-cell t:number-columns-repeated='3'/></t:table-row>";
    let content = format!(
        "<o:document-content xmlns:o='o' xmlns:t='t' xmlns:x='x'><s:style s:name='h'><s:table-properties t:display='false'/>\
        </s:style><o:spreadsheet><t:table t:name='表'>{title}{}{}<t:table-row t:number-rows-repeated='3'>\
        <t:table-cell t:number-columns-repeated='1024'/></t:table-row>{}</t:table><t:table t:name='藏' t:style-name='h'>\
        </t:table></o:spreadsheet></o:document-content>",
        row(&["编号", "经度", "纬度", "安装日期"].map(cell)),
        row(&[
            cell("A"),
            number(120.5),
            number(30.5),
            "<t:table-cell o:value-type='date' o:date-value='2024-05-06'/>".into()
        ]),
        row(&[cell("B"), number(120.6), number(30.6)]),
    );
    let reading = buildings(&ods(&content), &wgs84(&[]));
    assert_eq!(reading.rows, [3, 7], "{:#?}", reading.problems);
    assert_eq!(*reading.features[0].1.get(Layer::Cameras, "installed"), Value::Text("2024-05-06".into()));
    assert_eq!(codes(&reading.problems), ["sheet-hidden 0", "title-row 1", "rows-empty 0"]);
}

#[test]
fn jyvaskyla_cameras() {
    let Some(path) = shared("data/maps/cameras/jyvaskyla-cctv.csv") else { return };
    let reading = read(&path, Source::Layer(Layer::Cameras), &wgs84(&[]), &|_, _| {});
    assert_eq!(reading.features.len(), 450, "{:#?}", &reading.problems);
    let (_, first) = &reading.features[0];
    assert_eq!(*first.get(Layer::Cameras, "kind"), Value::Text("dome".into()));
    assert_eq!(*first.get(Layer::Cameras, "range"), Value::Real(10.0));
    assert!(matches!(first.geometry, Geometry::Point(at) if (at.lon() - 25.7343758).abs() < 1e-7));
    assert!(!reading.has_errors());
}

#[test]
fn berlin_accidents() {
    let Some(path) = shared("data/maps/incidents/berlin-accidents-2021.csv") else { return };
    let reading = read(&path, Source::Layer(Layer::Services), &wgs84(&[("name", "OBJECTID")]), &|_, _| {});
    assert_eq!(reading.features.len(), 11_267);
    assert!(matches!(reading.features[0].1.geometry, Geometry::Point(at) if (at.lon() - 13.4268948).abs() < 2e-7));
    assert!(reading.problems.iter().all(|p| p.severity != Severity::Error));
    // The same places in UTM, with decimal commas.
    let utm = Options {
        crs: Some(Crs::Epsg(25832)),
        ..wgs84(&[("name", "OBJECTID"), ("lon", "LINREFX"), ("lat", "LINREFY")])
    };
    let other = read(&path, Source::Layer(Layer::Services), &utm, &|_, _| {});
    for ((_, a), (_, b)) in reading.features.iter().zip(&other.features) {
        let (Geometry::Point(a), Geometry::Point(b)) = (&a.geometry, &b.geometry) else { panic!("points") };
        assert!((a.lon() - b.lon()).abs() < 2e-5 && (a.lat() - b.lat()).abs() < 2e-5, "{a:?} {b:?}");
    }
}

#[test]
fn estates_of_shenzhen_in_gb18030() {
    let Some(path) = shared("data/maps/nasty/derived/xiaoqu-gb18030-crlf.csv") else { return };
    let options = Options { crs: Some(Crs::Bd09), ..Options::default() };
    let reading = read(&path, Source::Layer(Layer::Compounds), &options, &|_, _| {});
    let (_, first) = &reading.features[0];
    assert_eq!(*first.get(Layer::Compounds, "name"), Value::Text("祥云天都世纪大厦".into()));
    assert_eq!(*first.get(Layer::Compounds, "households"), Value::Integer(1143));
    assert_eq!(*first.get(Layer::Compounds, "buildings"), Value::Integer(3));
    assert_eq!(counted(&reading.problems, "text-encoding"), 1);
    println!("{} estates, {:?}", reading.features.len(), reading.counts);
    assert!(!reading.has_errors(), "{:#?}", reading.problems);
}

/// Points and lines of every track file, by sheet.
#[test]
fn tracks_of_every_kind() {
    let counts = |path: &str| {
        let path = shared(path)?;
        let opened = open(&Bundle::of_path(&path), &|_, _| {}).expect("opens");
        Some(opened.sheets.iter().map(|sheet| (sheet.name.clone(), sheet.count)).collect::<Vec<_>>())
    };
    let sheets =
        |n: [u64; 3]| ["waypoints", "routes", "tracks"].map(str::to_owned).into_iter().zip(n).collect::<Vec<_>>();
    for name in ["track1.gpx", "track2.gpx", "jyvaskyla-test1.gpx", "jyvaskyla-test2.gpx"] {
        let Some(found) = counts(&format!("data/maps/tracks/gpx/{name}")) else { return };
        assert_eq!(found, sheets([0, 0, 1]), "{name}");
    }
    let Some(folder) = shared("data/maps/tracks/geolife") else { return };
    let (mut files, mut points) = (0, 0);
    for person in std::fs::read_dir(folder).expect("a folder").flatten() {
        for file in std::fs::read_dir(person.path().join("Trajectory")).expect("a folder").flatten() {
            let opened = open(&Bundle::of_path(&file.path()), &|_, _| {}).expect("opens");
            assert!(opened.sheets[0].problems.is_empty());
            files += 1;
            points += opened.sheets[0].count;
        }
    }
    assert_eq!((files, points), (48, 56_889));
}

const KML: &str = "<kml><Document><name>d</name><Placemark><name>甲</name><ExtendedData><Data name='编号'><value>A1</value>\
    </Data></ExtendedData><Point><coordinates>120.5,30.5,0</coordinates></Point></Placemark></Document></kml>";
const GPX: &str = "<gpx><wpt lat='30.5' lon='120.5'><name>甲</name></wpt><trk><trkseg><trkpt lat='1' lon='2'/>\
    <trkpt lat='3' lon='4'><time>2024-01-01T00:00:00Z</time></trkpt></trkseg></trk></gpx>";
const PLT: &str = "Geolife trajectory\nWGS 84\nAltitude is in Feet\nReserved 3\n0,2,255\n0\n\
    40.5,116.25,0,100,39750.78,2008-10-29,18:42:30\n40.6,116.5,0,-777,39750.79,2008-10-29,18:42:35\n";

#[test]
fn placemarks_become_cameras() {
    let reading = read_bytes("a.kml", KML.as_bytes(), Source::Layer(Layer::Cameras), &Options::default(), &|_, _| {});
    assert_eq!(*reading.features[0].1.get(Layer::Cameras, "code"), Value::Text("A1".into()), "{:#?}", reading.problems);
    assert_eq!(reading.datum.and_then(|verdict| verdict.crs), Some((Crs::Wgs84, false)));
}

fn small_workbook() -> Vec<u8> {
    xlsx(|book| {
        let sheet = book.add_worksheet();
        sheet.merge_range(0, 0, 0, 2, "台账", &Format::new()).expect("merged");
        for (at, word) in ["编号", "经度", "纬度"].into_iter().enumerate() {
            sheet.write(1, at as u16, word).expect("written");
        }
        sheet.write(2, 0, "A").expect("written");
        sheet.write(2, 1, 120.5).expect("written");
        sheet.write(2, 2, 30.5).expect("written");
    })
}

fn any_table(name: &str, bytes: &[u8]) {
    for source in [Source::Layer(Layer::Cameras), Source::Households] {
        let reading = read_bytes(name, bytes, source, &wgs84(&[]), &|_, _| {});
        if reading.features.is_empty() && reading.households.is_empty() {
            assert!(!reading.problems.is_empty(), "nothing read and nothing said");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever the bytes, reading ends and says what is wrong.
    #[test]
    fn damaged_files(which in 0usize..7, cuts in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8), end in any::<prop::sample::Index>()) {
        let csv = "台账,,\n编号,经度,纬度\n\"A\",120.5,30.5\n合计,1,\n备注：无,,\n";
        let content = "<a><table name='t'><table-row><table-cell value-type='string'><p>编号</p></table-cell></table-row></table></a>";
        let (name, mut bytes) = [
            ("a.csv", csv.as_bytes().to_vec()),
            ("a.kml", KML.as_bytes().to_vec()),
            ("a.gpx", GPX.as_bytes().to_vec()),
            ("a.plt", PLT.as_bytes().to_vec()),
            ("a.xlsx", small_workbook()),
            ("a.ods", ods(content)),
            ("a.xls", XLS.to_vec()),
        ][which].clone();
        for (at, byte) in cuts {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        any_table(name, &bytes);
        bytes.truncate(end.index(bytes.len()));
        any_table(name, &bytes);
    }
}
