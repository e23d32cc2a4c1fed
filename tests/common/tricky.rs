//! A synthetic compound with what writers and readers stumble over added to it.

use gridweave::model::{Coord, Geometry, Layer, Line, MultiPolygon, Polygon, Record, Ring, Value, World};
use gridweave::synth::{Scale, generate};

/// Texts that come back changed where a format or a program is careless.
pub const TEXTS: [&str; 24] = [
    "逗号,引号\",单引号'",
    "两\n行",
    "=1+1",
    "+86 571 8888",
    "-1",
    "@SUM(A1)",
    "'前引号",
    " 前后空格 ",
    "\t制表\t",
    "00123",
    "5.10104E+14",
    "TRUE",
    "2026-01-01",
    "null",
    "𠮷野家 𰻝𰻝面 👨‍👩‍👧‍👦🏳️‍🌈",
    "é e\u{301} ﬁ",
    "_x0041_ _x000D_",
    "<b>&amp;</b> ]]>",
    "\"全引\"",
    "a;b|c",
    "反斜\\杠 \\n",
    "1/2",
    "零\u{200b}宽 全　角 ￥",
    ",",
];

/// The world. Numbers have gaps, as in a city that has lived.
pub fn world() -> World {
    let mut world = generate(Scale::Compound, 3, &|_, _| {}).world;
    let base = world.bounds().expect("a world").max;
    let at = |x: i32, y: i32| Coord::new(base.x + x, base.y + y);
    let ring = |corners: &[(i32, i32)]| Ring(corners.iter().map(|&(x, y)| at(x, y)).collect());
    let square = |x: i32| ring(&[(x, 0), (x + 9_001, 3), (x + 9_000, 9_000), (x, 9_007)]);
    let hole = |x: i32| ring(&[(x + 101, 100), (x + 100, 2_000), (x + 2_000, 2_003)]);
    let holed = |x: i32| Polygon { outer: square(x), holes: vec![hole(x), hole(x + 3_000)] };
    let mut add = |layer: Layer, skip: u32, geometry: Geometry, values: &[(&str, Value)]| {
        let mut record =
            Record { id: world.given(layer) + 1 + skip, geometry, values: vec![Value::Null; layer.fields().len()] };
        for (name, value) in values {
            let at = layer.fields().iter().position(|field| field.name == *name).expect("a field");
            record.values[at] = value.clone();
        }
        world.put(layer, &record).unwrap_or_else(|fault| panic!("{layer}: {fault}"));
    };
    let text = |t: &str| Value::Text(t.to_owned());
    for (i, tricky) in (0..).zip(TEXTS) {
        let code = format!("{:018}", 1_003 + i);
        let x = 20_000 * i;
        let area = Geometry::Area(MultiPolygon(vec![holed(x)]));
        add(Layer::Grids, 7, area.clone(), &[("code", text(&code)), ("name", text(tricky)), ("class", text("mature"))]);
        let values = [
            ("code", text(tricky)),
            ("address", text(tricky)),
            ("floors", Value::Integer(i64::from(i))),
            ("height", Value::Real(0.1 + f64::from(i) / 3.0)),
            ("kind", text("residential")),
            ("households", Value::Integer(12)),
            ("basis", text("registered")),
            ("provenance", text("surveyed")),
            ("as_of", text(["2026-02-28", "1899-12-31", "1900-01-01", "2000-02-29"][i as usize % 4])),
        ];
        add(Layer::Buildings, 0, area, &values);
        let values = [
            ("code", text(tricky)),
            ("kind", text("fixed")),
            ("owner", text(tricky)),
            ("installed", text("2024-02-29")),
            ("online", Value::Bool(i % 2 == 0)),
            ("height", Value::Real(1e-7)),
        ];
        add(Layer::Cameras, 3, Geometry::Point(at(x, -1)), &values);
    }
    // 18 digits that no float keeps; several parts; an outline that fills more than two cells of a sheet.
    let parts = Geometry::Area(MultiPolygon(vec![holed(0), Polygon::simple(square(50_000).0), holed(90_000)]));
    add(Layer::Grids, 0, parts.clone(), &[("code", text("330103001002003001")), ("external_code", text("0"))]);
    add(Layer::Zones, 0, parts, &[("kind", text("key area")), ("name", text("多块")), ("from", text("2026-11-22"))]);
    let crooked = (0..4_000).map(|i| at(300_000 + 61 * i, -(i * 7_919 % 1_009)));
    let outline = crooked.chain((0..4_000).rev().map(|i| at(300_000 + 61 * i, 2_000 + i * 6_271 % 997))).collect();
    let large = Geometry::Area(Polygon::simple(outline).into());
    add(Layer::Grids, 1, large, &[("code", text("SQ-3-2")), ("name", text("长边"))]);
    let line = Geometry::Line(Line(vec![at(0, 0), at(3, 1), at(0, 0), at(-7, 5)]));
    add(Layer::Water, 0, line.clone(), &[("kind", text("stream")), ("name", text("小河"))]);
    add(Layer::Water, 0, Geometry::Area(holed(5).into()), &[("kind", text("pond"))]);
    add(
        Layer::Streets,
        0,
        line,
        &[("class", text("residential")), ("name", text("回头路")), ("level", (-1i64).into())],
    );
    add(Layer::Compounds, 0, Geometry::Point(at(1, 1)), &[("name", text("点小区")), ("aliases", text("一;二"))]);
    add(Layer::Compounds, 0, Geometry::Area(holed(9).into()), &[("name", text("面小区")), ("buildings", 3i64.into())]);
    add(Layer::Institutions, 0, Geometry::Point(at(2, 2)), &[("kind", text("school"))]);
    world
}
