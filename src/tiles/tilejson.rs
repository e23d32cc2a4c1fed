//! TileJSON 3.0.0: what a client reads before it asks for tiles.

use super::layer::About;
use crate::model::Bounds;
use serde_json::{Value, json};

/// Describes one or several layers served from one URL template (`https://.../tiles/grids/{z}/{x}/{y}`).
///
/// `version` is the city's version; TileJSON wants a semantic version whose minor number grows when tiles change, so
/// 17 becomes `1.17.0`.
pub fn tilejson(layers: &[About], url: &str, name: &str, version: u64) -> Value {
    let lowest = layers.iter().map(|layer| layer.zooms.0).min().unwrap_or(0);
    let highest = layers.iter().map(|layer| layer.zooms.1).max().unwrap_or(16);
    let bounds = layers.iter().filter_map(|layer| layer.bounds).reduce(Bounds::union);
    let vector_layers: Vec<Value> = layers.iter().flat_map(|layer| layer.vector_layers()).collect();
    let mut json = json!({
        "tilejson": "3.0.0",
        "name": name,
        "version": format!("1.{version}.0"),
        "scheme": "xyz",
        "tiles": [url],
        "vector_layers": vector_layers,
        "minzoom": lowest,
        "maxzoom": highest,
    });
    if let Some(bounds) = bounds {
        let centre = bounds.centre();
        let [west, south, east, north] = bounds.degrees();
        // The zoom at which the box fills about one tile.
        let span = (east - west).max(north - south).max(1e-6);
        let zoom = (360.0 / span).log2().floor().clamp(f64::from(lowest), f64::from(highest)) as u8;
        json["bounds"] = json!([west, south, east, north]);
        json["center"] = json!([centre.lon(), centre.lat(), zoom]);
    }
    json
}
