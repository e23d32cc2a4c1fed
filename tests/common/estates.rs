//! Housing estates of a table made by hand from public listings, as GeoJSON that a district could have prepared.

use super::shared;
use serde_json::{Value, json};

/// The estates of Hangzhou that the table tags 下城 (the second breadcrumb of 地址链) and that have a position, with all
/// their columns. Their coordinates are BD-09, as they stand in the table.
pub fn xiacheng_estates() -> Option<Value> {
    let path = shared("data/maps/cn-xiaoqu/lianjia-hangzhou.json")?;
    let table: Value = serde_json::from_slice(&std::fs::read(path).expect("readable")).expect("JSON");
    let mut features = Vec::new();
    for estate in table.as_object().expect("a dictionary").values() {
        let tagged = estate["地址链"].as_str().is_some_and(|chain| chain.contains(">下城小区>"));
        let position = estate["经纬度"].as_str().and_then(|text| text.split_once(','));
        let Some((lon, lat)) = position.filter(|_| tagged) else { continue };
        let position = [lon.trim(), lat.trim()].map(|n| n.parse::<f64>().expect("a number"));
        features.push(
            json!({"type": "Feature", "properties": estate, "geometry": {"type": "Point", "coordinates": position}}),
        );
    }
    Some(json!({"type": "FeatureCollection", "features": features}))
}

/// A dictionary of estates as it is, as rows: the names of its columns first.
pub fn estate_rows(path: &str) -> Option<Vec<Vec<String>>> {
    let table: Value = serde_json::from_slice(&std::fs::read(shared(path)?).expect("readable")).expect("JSON");
    let mut columns: Vec<String> = Vec::new();
    let estates: Vec<&serde_json::Map<String, Value>> =
        table.as_object().expect("a dictionary").values().filter_map(Value::as_object).collect();
    for name in estates.iter().flat_map(|estate| estate.keys()) {
        if !columns.contains(name) {
            columns.push(name.clone());
        }
    }
    let cell = |value: Option<&Value>| match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    };
    let rows = estates.iter().map(|estate| columns.iter().map(|name| cell(estate.get(name))).collect());
    Some(std::iter::once(columns.clone()).chain(rows).collect())
}

/// Rows as a CSV file with a byte order mark, as Excel saves it.
pub fn as_csv(rows: &[Vec<String>]) -> Vec<u8> {
    let mut out = b"\xEF\xBB\xBF".to_vec();
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(&mut out);
    rows.iter().for_each(|row| writer.write_record(row).expect("written"));
    writer.flush().expect("written");
    drop(writer);
    out
}

/// Rows as a workbook, every cell text.
pub fn as_xlsx(rows: &[Vec<String>]) -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (cells, row) in rows.iter().zip(0..) {
        for (cell, column) in cells.iter().zip(0..) {
            sheet.write_string(row, column, cell).expect("written");
        }
    }
    book.save_to_buffer().expect("a workbook")
}
