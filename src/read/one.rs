//! One thing as an editor gives it. The rules are those for files, but nothing is left out: what cannot be read is refused.

use super::raw::Fault;
use super::{Problem, features, fields, geojson};
use crate::model::{Field, FieldFault, Geometry, Layer, Value};
use serde_json::{Value as Json, json};

fn refused(field: &'static str, fault: Fault) -> FieldFault {
    FieldFault { field, message: fault.message, remedy: fault.remedy }
}

/// A field's value from JSON: `"8389户"` is a number of households here too.
///
/// # Errors
/// What is wrong with it and what to write instead.
pub fn value(layer: Layer, field: &'static Field, json: &Json) -> Result<Value, FieldFault> {
    fields::convert(layer.word(), field, &geojson::cell(json.clone())).map_err(|fault| refused(field.name, fault))
}

/// A GeoJSON geometry in WGS 84, and what was put right in it.
///
/// # Errors
/// What keeps it from being one geometry, with the place.
pub fn geometry(layer: Layer, json: &Json) -> Result<(Geometry, Vec<Problem>), FieldFault> {
    let text = json!({"type": "Feature", "properties": {}, "geometry": json}).to_string();
    let missing = || Fault::new("geometry-missing", "it has no geometry", "draw it");
    let read = geojson::open("", text.as_bytes(), &|_, _| {})
        .and_then(|sheets| sheets.first().ok_or_else(missing).and_then(|sheet| features::only(sheet, layer)));
    read.map_err(|fault| refused("geometry", fault))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_geometry_is_held_to_the_rules_of_files() {
        let square = json!({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1]]]});
        let (geometry, repairs) = geometry(Layer::Buildings, &square).expect("a square");
        assert!(matches!(geometry, Geometry::Area(area) if area.0.len() == 1 && area.0[0].outer.0.len() == 4));
        assert_eq!(repairs.iter().map(|p| p.code.as_str()).collect::<Vec<_>>(), ["ring-repaired"]);
        let refused = [
            (json!({"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}), "crosses itself"),
            (json!({"type": "Point", "coordinates": [190, 0]}), "190"),
            (json!({"type": "Point", "coordinates": "here"}), ""),
            (json!({"type": "MultiLineString", "coordinates": [[[0, 0], [1, 1]], [[2, 2], [3, 3]]]}), "2 lines"),
            (json!({"type": "GeometryCollection", "geometries": []}), "collection"),
            (json!(null), "no geometry"),
            (json!(7), ""),
        ];
        for (json, named) in refused {
            let fault = super::geometry(Layer::Buildings, &json).expect_err("refused");
            assert!(fault.message.contains(named) && !fault.remedy.is_empty(), "{json}: {fault}");
        }
    }
}
