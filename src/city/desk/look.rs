//! What a file holds, before anything is made of it: its tables, some of their values, and the layer that they most
//! resemble.

use crate::model::{GeometryKind, Layer, Problem, Severity};
use crate::read::bundle::Bundle;
use crate::read::raw::{Cell, Declared, Format, Kind, Shape, Sheet};
use crate::read::{Source, open};
use xxhash_rust::xxh3::xxh3_64;

/// So many rows are looked at.
const ROWS: usize = 500;
/// So many values are shown of a column.
const VALUES: usize = 3;

/// What a file holds.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// Its format, where it is known.
    pub format: Option<Format>,
    /// Its tables; none of OpenStreetMap, whose tags make the layers.
    pub sheets: Vec<SheetLook>,
    /// Why it cannot be read, or what is missing.
    pub problem: Option<Problem>,
}

/// What a table holds.
#[derive(Clone, Debug)]
pub struct SheetLook {
    /// Its name.
    pub name: String,
    /// How many rows.
    pub rows: u64,
    /// `point`, `line`, `area`, `mixed` or `none`.
    pub geometry: &'static str,
    /// Its columns and some of their values.
    pub columns: Vec<(String, Vec<String>)>,
    /// The datum that the file names.
    pub declared: Option<String>,
    /// What it seems to be.
    pub source: Option<Source>,
    /// Stands for its columns: a file with the same ones is read the same way. `None` for a table without columns.
    pub signature: Option<String>,
}

/// Looks into a file.
pub fn look(bundle: &Bundle) -> Look {
    let opened = match open(bundle, &|_, _| {}) {
        Ok(opened) => opened,
        Err(problem) => return Look { problem: Some(*problem), ..Look::default() },
    };
    let told = opened.sheets.iter().flat_map(|sheet| &sheet.problems).find(|p| p.severity != Severity::Note);
    Look {
        format: Some(opened.format),
        problem: told.cloned().map(|problem| problem.in_file(&bundle.name)),
        sheets: opened.sheets.iter().map(|sheet| look_at(&bundle.name, sheet)).collect(),
    }
}

fn look_at(file: &str, sheet: &Sheet) -> SheetLook {
    let mut values: Vec<Vec<String>> = vec![Vec::new(); sheet.columns.len()];
    let (mut seen, mut kinds) = (0, Vec::new());
    // A table that breaks off is told when it is read.
    let _ = sheet.features.each(&mut |feature| {
        for (column, values) in values.iter_mut().enumerate().filter(|(_, values)| values.len() < VALUES) {
            let cell = feature.cell(column);
            let shown = cell.shown();
            if *cell != Cell::Empty && !shown.is_empty() && !values.contains(&shown) {
                values.push(shown);
            }
        }
        if let Shape::Of(outline) = &feature.shape {
            let kind = match outline.kind {
                Kind::Point | Kind::Points => "point",
                Kind::Line | Kind::Lines => "line",
                Kind::Polygon | Kind::Polygons | Kind::Rings => "area",
            };
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        seen += 1;
        seen < ROWS
    });
    let geometry = match kinds[..] {
        [] => "none",
        [only] => only,
        _ => "mixed",
    };
    let declared = match &sheet.declared {
        Declared::As(crs) => Some(crs.name()),
        Declared::Unknown(name) => Some(name.clone()),
        Declared::Prescribed(_) | Declared::Nothing => None,
    };
    SheetLook {
        name: sheet.name.clone(),
        rows: sheet.count,
        geometry,
        declared,
        source: guess(file, &sheet.name, &sheet.columns, geometry).map(Source::Layer),
        signature: signature(&sheet.columns),
        columns: sheet.columns.iter().cloned().zip(values).collect(),
    }
}

fn signature(columns: &[String]) -> Option<String> {
    let mut sorted: Vec<&str> = columns.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    // A unit separator stands in no column's name.
    (!sorted.is_empty()).then(|| format!("{:016x}", xxh3_64(sorted.join("\u{1f}").as_bytes())))
}

/// Words in names of files, sheets and columns that tell a layer.
const TELLING: [(Layer, &[&str]); 12] = [
    (Layer::Grids, &["grid", "网格"]),
    (Layer::Communities, &["communit", "社区"]),
    (Layer::Subdistricts, &["subdistrict", "街道", "乡镇"]),
    (Layer::Districts, &["district", "区县", "行政区"]),
    (Layer::Compounds, &["compound", "estate", "xiaoqu", "小区", "院落"]),
    (Layer::Buildings, &["building", "楼栋", "建筑", "楼幢", "房屋"]),
    (Layer::Cameras, &["camera", "摄像", "监控", "探头"]),
    (Layer::Checkpoints, &["checkpoint", "巡更", "打卡", "签到", "必到点"]),
    (Layer::Services, &["service", "服务站", "便民"]),
    (Layer::Zones, &["zone", "片区", "区域"]),
    (Layer::Streets, &["street", "road", "道路", "路网"]),
    (Layer::Institutions, &["institution", "单位", "学校", "医院"]),
];

/// The layer that a table most resembles: by its name, its columns and what is drawn in it. `None` where no layer stands
/// out.
fn guess(file: &str, sheet: &str, columns: &[String], geometry: &str) -> Option<Layer> {
    let (file, sheet) = (file.to_lowercase(), sheet.to_lowercase());
    let score = |layer: Layer| -> u32 {
        let fits = match layer.geometry() {
            _ if matches!(geometry, "none" | "mixed") => true,
            GeometryKind::Point => geometry == "point",
            GeometryKind::Line => geometry == "line",
            GeometryKind::Area => geometry == "area",
            GeometryKind::PointOrArea => geometry != "line",
            GeometryKind::LineOrArea => geometry != "point",
        };
        if !fits {
            return 0;
        }
        let telling = TELLING.iter().find(|(l, _)| *l == layer).map_or(&[][..], |(_, words)| *words);
        // `subdistricts` holds the word of the level above it too.
        let named =
            |text: &str, word: &str| text.contains(word) && !(word == "district" && text.contains("subdistrict"));
        let says = |text: &str| telling.iter().any(|word| named(text, word));
        let own = |column: &String| {
            layer.fields().iter().any(|f| {
                column.eq_ignore_ascii_case(f.name) || f.aliases.iter().any(|alias| column.eq_ignore_ascii_case(alias))
            })
        };
        let taken = columns.iter().filter(|column| own(column)).count() as u32;
        let telling_columns =
            columns.iter().filter(|column| own(column) && says(&column.to_lowercase())).count() as u32;
        6 * u32::from(says(&file))
            + 6 * u32::from(says(&sheet) && sheet != file)
            + 3 * telling_columns.min(2)
            + taken.min(5)
    };
    let mut scored: Vec<(u32, Layer)> = Layer::ALL.into_iter().map(|layer| (score(layer), layer)).collect();
    scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    match scored[..] {
        [(best, layer), (next, _), ..] if best >= 4 && best > next => Some(layer),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(names: &str) -> Vec<String> {
        names.split(' ').filter(|name| !name.is_empty()).map(str::to_owned).collect()
    }

    #[test]
    fn layers_are_told_by_name_columns_and_what_is_drawn() {
        let table = [
            ("grids.shp", "grids", "code name", "area", Some(Layer::Grids)),
            ("导出.xlsx", "Sheet1", "网格编号 网格名称 备注", "none", Some(Layer::Grids)),
            ("subdistricts.geojson", "subdistricts", "code name", "area", Some(Layer::Subdistricts)),
            ("districts.geojson", "districts", "code name", "area", Some(Layer::Districts)),
            ("小区.csv", "小区", "小区名称 户数 物业公司 经度 纬度", "none", Some(Layer::Compounds)),
            ("监控点.shp", "监控点", "编号 类型 朝向", "point", Some(Layer::Cameras)),
            ("buildings.fgb", "buildings", "name floors", "area", Some(Layer::Buildings)),
            ("export.geojson", "export", "a b c", "area", None),
            ("grids.shp", "grids", "code", "line", None),
        ];
        for (file, sheet, names, geometry, expected) in table {
            assert_eq!(guess(file, sheet, &columns(names), geometry), expected, "{file} {names}");
        }
    }

    #[test]
    fn a_signature_stands_for_the_columns_in_any_order() {
        assert_eq!(signature(&columns("a b c")), signature(&columns("c a b")));
        assert_ne!(signature(&columns("a b c")), signature(&columns("ab c")));
        assert_eq!(signature(&[]), None);
    }

    #[test]
    fn a_look_shows_some_values_and_what_is_wrong() {
        let file = r#"{"type":"FeatureCollection","features":[
            {"type":"Feature","properties":{"网格编号":"A","n":null},"geometry":{"type":"Point","coordinates":[1,2]}},
            {"type":"Feature","properties":{"网格编号":"A","n":1.5},"geometry":{"type":"Point","coordinates":[1,2]}},
            {"type":"Feature","properties":{"网格编号":"B"},"geometry":null}]}"#;
        let seen = look(&Bundle::of_bytes("x.geojson", file.as_bytes()));
        let sheet = &seen.sheets[0];
        assert_eq!((seen.format, sheet.rows, sheet.geometry), (Some(Format::GeoJson), 3, "point"));
        assert_eq!(sheet.columns[0], ("网格编号".to_owned(), vec!["A".to_owned(), "B".to_owned()]));
        assert_eq!(sheet.columns[1].1, ["1.5"]);
        let broken = look(&Bundle::of_bytes("x.geojson", b"{\"type\":\"FeatureCollection\",\"features\":["));
        assert!(broken.problem.is_some_and(|problem| problem.file == "x.geojson") && broken.sheets.is_empty());
    }
}
