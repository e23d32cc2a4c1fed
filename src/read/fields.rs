//! Columns of a file become canonical fields: which column feeds which field, and how its values are read.

use super::Problems;
use super::osm::street_class;
use crate::model::{Field, FieldKind, Layer, Problem, Severity, Value};
use serde_json::Value as Json;
use std::collections::BTreeSet;

/// Words that stand for "not known".
const UNKNOWN: [&str; 10] = ["", "-", "--", "/", "暂无信息", "暂无资料", "暂无", "无", "未知", "null"];
/// Units that a count may carry.
const UNITS: [&str; 10] = ["栋", "户", "层", "人", "套", "幢", "座", "间", "个", "楼"];
/// So many columns are named in one message.
const MOST_LISTED: usize = 60;
/// The largest whole number that every program writes exactly as a JSON number.
const EXACT: u64 = 1 << 53;

/// Columns of each canonical field, in order of preference: the first that has a value in a feature gives it.
pub(super) struct Mapping {
    layer: Layer,
    columns: Vec<Vec<String>>,
}

impl Mapping {
    /// Decides which columns feed which fields: `--map` alone where it speaks of a field; else the canonical name, then
    /// its aliases in their order. Latin names match in any case.
    pub(super) fn new(
        layer: Layer,
        map: &[(String, String)],
        columns: &BTreeSet<String>,
        problems: &mut Problems,
    ) -> Self {
        let list = |words: Vec<&str>| match words.len() {
            0 => "none".to_owned(),
            n if n > MOST_LISTED => format!("{} and {} more", words[..MOST_LISTED].join(", "), n - MOST_LISTED),
            _ => words.join(", "),
        };
        let fields = layer.fields();
        for (field, column) in map {
            if !fields.iter().any(|known| known.name == field) {
                let known = list(fields.iter().map(|field| field.name).collect());
                let message = format!("--map {field}={column}: {layer} have no field `{field}`");
                problems.push(Problem::new(
                    Severity::Error,
                    "map-unknown-field",
                    message,
                    format!("use one of: {known}"),
                ));
            }
            if !columns.contains(column) {
                let present = list(columns.iter().map(String::as_str).collect());
                let message = format!("--map {field}={column}: no feature has a column `{column}`");
                problems.push(Problem::new(
                    Severity::Error,
                    "map-unknown-column",
                    message,
                    format!("columns in the file: {present}"),
                ));
            }
        }
        let sources = |field: &Field| -> Vec<String> {
            let mapped: Vec<String> =
                map.iter().filter(|(name, _)| name == field.name).map(|(_, column)| column.clone()).collect();
            if !mapped.is_empty() {
                return mapped;
            }
            let mut found: Vec<String> = Vec::new();
            for name in std::iter::once(&field.name).chain(field.aliases) {
                for column in columns.iter().filter(|column| column.eq_ignore_ascii_case(name)) {
                    if !found.contains(column) {
                        found.push(column.clone());
                    }
                }
            }
            found
        };
        let chosen: Vec<Vec<String>> = fields.iter().map(sources).collect();
        let unused: Vec<&str> = columns
            .iter()
            .filter(|column| !chosen.iter().flatten().any(|used| used == *column))
            .map(String::as_str)
            .collect();
        if !unused.is_empty() {
            let message = format!("columns that no field takes: {}", list(unused));
            let remedy = "name one with --map field=column if it is needed";
            problems.push(Problem::new(Severity::Note, "columns-unused", message, remedy));
        }
        Self { layer, columns: chosen }
    }

    /// The values of a feature in the order of the layer's fields. A value that cannot be read is null and told; a code
    /// that may have lost digits is told with its own remedy.
    pub(super) fn values(
        &self,
        properties: &serde_json::Map<String, Json>,
        feature: &str,
        problems: &mut Problems,
    ) -> Vec<Value> {
        let mut values = Vec::with_capacity(self.columns.len());
        for (field, columns) in self.layer.fields().iter().zip(&self.columns) {
            let mut value = Value::Null;
            for column in columns {
                let Some(json) = properties.get(column) else { continue };
                match convert(self.layer, field, json) {
                    Ok(Value::Null) => continue,
                    Ok(read) => value = read,
                    Err(fault) => problems.push(
                        Problem::new(
                            Severity::Warning,
                            fault.code,
                            format!("{column}: {}", fault.message),
                            fault.remedy,
                        )
                        .of(feature),
                    ),
                }
                break;
            }
            values.push(value);
        }
        values
    }
}

/// Why a value cannot be read.
#[derive(Debug, PartialEq)]
pub(super) struct Unreadable {
    pub code: &'static str,
    pub message: String,
    pub remedy: &'static str,
}

/// Reads a field's value; null where the words say that it is not known.
pub(super) fn convert(layer: Layer, field: &Field, json: &Json) -> Result<Value, Unreadable> {
    let unreadable = |what: &str, remedy: &'static str| {
        Err(Unreadable { code: "value-unreadable", message: format!("`{}` is not {what}", shown(json)), remedy })
    };
    let Some(text) = flat(json) else {
        return unreadable("a plain value", "write one value in each cell");
    };
    let text = text.trim();
    if json.is_null() || UNKNOWN.contains(&text) {
        return Ok(Value::Null);
    }
    match field.kind {
        FieldKind::Code => code(json, text),
        FieldKind::Text if (layer, field.name) == (Layer::Streets, "class") => {
            Ok(Value::Text(street_class(text).map_or(text, |class| class.word()).to_owned()))
        }
        FieldKind::Text => Ok(Value::Text(text.to_owned())),
        FieldKind::Integer => match whole(text) {
            Some(n) => Ok(Value::Integer(n)),
            None => unreadable("a whole number", "write a plain whole number"),
        },
        FieldKind::Real => match real(text) {
            Some(n) => Ok(Value::Real(n)),
            None => unreadable("a number", "write a plain number"),
        },
        FieldKind::Bool => match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "y" | "1" | "是" | "在线" | "完好" | "正常" => Ok(Value::Bool(true)),
            "false" | "no" | "n" | "0" | "否" | "离线" | "损坏" | "故障" => Ok(Value::Bool(false)),
            _ => unreadable("yes or no", "write true or false"),
        },
        FieldKind::Date => match date(text) {
            Some(day) => Ok(day.into()),
            None => unreadable("a date", "write dates as 2026-11-22"),
        },
    }
}

/// The text of a scalar; a list of scalars joined by `;`, as OpenStreetMap writes them.
fn flat(json: &Json) -> Option<String> {
    match json {
        Json::Null => Some(String::new()),
        Json::Bool(b) => Some(b.to_string()),
        Json::Number(n) => Some(n.to_string()),
        Json::String(text) => Some(text.clone()),
        Json::Array(items) => {
            let scalar = |item: &Json| if item.is_array() { None } else { flat(item) };
            let parts: Option<Vec<String>> = items.iter().map(scalar).collect();
            parts.map(|parts| parts.join(";"))
        }
        Json::Object(_) => None,
    }
}

/// A value for a message, cut short.
fn shown(json: &Json) -> String {
    let text = flat(json).unwrap_or_else(|| "{...}".to_owned());
    let short: String = text.chars().take(40).collect();
    if short.len() < text.len() { format!("{short}...") } else { short }
}

fn code(json: &Json, text: &str) -> Result<Value, Unreadable> {
    let Json::Number(n) = json else { return Ok(Value::Text(text.to_owned())) };
    let exact = n.as_u64().is_some_and(|n| n <= EXACT) || n.as_i64().is_some_and(|n| n.unsigned_abs() <= EXACT);
    if exact {
        return Ok(Value::Text(text.to_owned()));
    }
    Err(Unreadable {
        code: "code-not-text",
        message: format!("the code `{text}` is a number that may have lost digits"),
        remedy: "format the column as text in the program that wrote the file",
    })
}

/// The number a text begins with once blanks, thousands commas and a unit are taken off.
fn plain(text: &str) -> String {
    let mut text: String = text.chars().filter(|c| !c.is_whitespace() && !matches!(c, ',' | '，')).collect();
    for unit in UNITS {
        if let Some(body) = text.strip_suffix(unit) {
            text = body.to_owned();
            break;
        }
    }
    text
}

pub(super) fn whole(text: &str) -> Option<i64> {
    let text = plain(text);
    if let Ok(n) = text.parse::<i64>() {
        return Some(n);
    }
    // `6.0` is how spreadsheets and GeoPandas write 6.
    let n = text.parse::<f64>().ok()?;
    (n.fract() == 0.0 && n.abs() <= EXACT as f64).then_some(n as i64)
}

pub(super) fn real(text: &str) -> Option<f64> {
    let text = plain(text).to_lowercase();
    let body = text.trim_end_matches(['m', '米', '°', '度', '%']);
    body.parse::<f64>().ok().filter(|n| n.is_finite())
}

fn date(text: &str) -> Option<jiff::civil::Date> {
    let day = text.split(['T', ' ']).next()?;
    let numbers: Vec<&str> = day.split(['-', '/', '.', '年', '月', '日']).filter(|part| !part.is_empty()).collect();
    let (year, month, day) = match numbers.as_slice() {
        [year, month, day] => (*year, *month, *day),
        [whole] if whole.len() == 8 && whole.is_ascii() => (whole.get(..4)?, whole.get(4..6)?, whole.get(6..)?),
        _ => return None,
    };
    if year.len() != 4 {
        return None;
    }
    jiff::civil::Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn field(layer: Layer, name: &str) -> &'static Field {
        layer.fields().iter().find(|field| field.name == name).expect("a canonical field")
    }

    #[test]
    fn values_as_files_write_them() {
        let text = |t: &str| Value::Text(t.to_owned());
        let table = [
            (Layer::Grids, "code", json!("SQ-3-2"), Ok(text("SQ-3-2"))),
            (Layer::Grids, "code", json!(330103001002003_u64), Ok(text("330103001002003"))),
            (Layer::Grids, "code", json!(5.10104e14), Err("code-not-text")),
            (Layer::Grids, "code", json!(9007199254740993_u64), Err("code-not-text")),
            (Layer::Grids, "code", json!(" 暂无信息 "), Ok(Value::Null)),
            (Layer::Compounds, "households", json!("8389户"), Ok(Value::Integer(8389))),
            (Layer::Compounds, "households", json!("1,234"), Ok(Value::Integer(1234))),
            (Layer::Compounds, "households", json!(6), Ok(Value::Integer(6))),
            (Layer::Compounds, "households", json!(6.0), Ok(Value::Integer(6))),
            (Layer::Compounds, "households", json!("暂无资料"), Ok(Value::Null)),
            (Layer::Compounds, "households", json!("about 6"), Err("value-unreadable")),
            (Layer::Compounds, "buildings", json!("43栋"), Ok(Value::Integer(43))),
            (Layer::Buildings, "height", json!("12.5 m"), Ok(Value::Real(12.5))),
            (Layer::Buildings, "height", json!("NaN"), Err("value-unreadable")),
            (Layer::Buildings, "name", json!(["a", "b"]), Ok(text("a;b"))),
            (Layer::Buildings, "name", json!({"a": 1}), Err("value-unreadable")),
            (Layer::Cameras, "online", json!("是"), Ok(Value::Bool(true))),
            (Layer::Cameras, "installed", json!("2026-11-22"), Ok(text("2026-11-22"))),
            (Layer::Cameras, "installed", json!("2026/1/2"), Ok(text("2026-01-02"))),
            (Layer::Cameras, "installed", json!(20261122), Ok(text("2026-11-22"))),
            (Layer::Cameras, "installed", json!("2026年1月2日"), Ok(text("2026-01-02"))),
            (Layer::Cameras, "installed", json!("31.12.2026"), Err("value-unreadable")),
            (Layer::Streets, "class", json!("living_street"), Ok(text("residential"))),
        ];
        for (layer, name, json, expected) in table {
            let read = convert(layer, field(layer, name), &json).map_err(|fault| fault.code);
            assert_eq!(read, expected, "{layer} {name} {json}");
        }
    }

    #[test]
    fn columns_by_map_then_name_then_alias() {
        let columns: BTreeSet<String> = ["NAME", "名称", "网格编号", "Code2"].map(String::from).into();
        let mut problems = Problems::new("f");
        let mapping = Mapping::new(Layer::Grids, &[], &columns, &mut problems);
        assert_eq!(mapping.columns[0], ["网格编号"]);
        assert_eq!(mapping.columns[1], ["NAME", "名称"]);
        let map = [("code".to_owned(), "Code2".to_owned()), ("cod".to_owned(), "x".to_owned())];
        let mapping = Mapping::new(Layer::Grids, &map, &columns, &mut problems);
        assert_eq!(mapping.columns[0], ["Code2"]);
        let codes: Vec<String> = problems.finish().into_iter().map(|problem| problem.code).collect();
        assert_eq!(codes, ["columns-unused", "map-unknown-field", "map-unknown-column", "columns-unused"]);
    }
}
