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
