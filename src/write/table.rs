//! A layer as rows and columns: what CSV and XLSX share.

use super::ID;
use super::wkt::wkt;
use crate::index::point_of;
use crate::model::{FieldKind, GeometryKind, Layer, Record, Value};

/// A column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its heading.
    pub name: &'static str,
    /// The type of its cells.
    pub kind: FieldKind,
}

/// The columns of a layer's table: the id, the canonical fields, `lon` and `lat` in degrees of WGS 84, and `wkt` for
/// layers whose things are more than points; `lon` and `lat` are then a point that stands for the thing.
pub fn columns(layer: Layer) -> Vec<Column> {
    let column = |name, kind| Column { name, kind };
    let mut columns = vec![column(ID, FieldKind::Integer)];
    columns.extend(layer.fields().iter().map(|field| column(field.name, field.kind)));
    columns.extend([column("lon", FieldKind::Real), column("lat", FieldKind::Real)]);
    if layer.geometry() != GeometryKind::Point {
        columns.push(column("wkt", FieldKind::Text));
    }
    columns
}

/// One cell for each of [`columns`].
pub fn row(layer: Layer, record: Record) -> Vec<Value> {
    let at = point_of(&record.geometry);
    let mut cells = vec![Value::Integer(i64::from(record.id))];
    cells.extend(record.values);
    // The float nearest to seven decimals prints as those decimals again: they are fewer than the 15 that it keeps.
    cells.extend([Value::Real(at.lon()), Value::Real(at.lat())]);
    if layer.geometry() != GeometryKind::Point {
        cells.push(Value::Text(wkt(&record.geometry)));
    }
    cells
}

/// A cell as text: nothing for null.
pub fn text(cell: &Value) -> String {
    match cell {
        Value::Null => String::new(),
        Value::Bool(yes) => yes.to_string(),
        Value::Integer(n) => n.to_string(),
        Value::Real(n) => n.to_string(),
        Value::Text(text) => text.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Coord, Geometry};
    use crate::write::geojson::degrees;

    #[test]
    fn degrees_in_a_cell_are_the_integers_of_the_model() {
        let mut n = 1u32;
        for _ in 0..200_000 {
            n = n.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let units = (i64::from(n) % 3_600_000_001 - 1_800_000_000) as i32;
            assert_eq!(text(&Value::Real(Coord::new(units, 0).lon())), degrees(units));
        }
    }

    #[test]
    fn rows_have_a_cell_for_each_column() {
        for layer in Layer::ALL {
            let values = vec![Value::Null; layer.fields().len()];
            let cells = row(layer, Record { id: 7, geometry: Geometry::Point(Coord::new(5, -5)), values });
            assert_eq!(cells.len(), columns(layer).len(), "{layer}");
            assert_eq!(cells[0], Value::Integer(7));
        }
    }
}
