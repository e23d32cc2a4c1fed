//! What the values of a field may be, for those who offer a form.

use super::buildings::BuildingKind;
use super::cameras::CameraKind;
use super::households::{Basis, Provenance};
use super::land::BarrierKind;
use super::layer::Layer;
use super::places::{GridClass, ZoneKind};
use super::streets::{Access, Oneway, StreetClass};

impl Layer {
    /// The words that a field takes; `None` where it takes any text, number or date.
    pub fn words(self, field: &str) -> Option<&'static [&'static str]> {
        match (self, field) {
            (Self::Grids | Self::Compounds, "class") => Some(GridClass::WORDS),
            (Self::Zones, "kind") => Some(ZoneKind::WORDS),
            (Self::Buildings, "kind") => Some(BuildingKind::WORDS),
            (Self::Buildings | Self::Compounds, "basis") => Some(Basis::WORDS),
            (Self::Buildings | Self::Compounds, "provenance") => Some(Provenance::WORDS),
            (Self::Streets, "class") => Some(StreetClass::WORDS),
            (Self::Streets, "access" | "foot" | "bicycle") => Some(Access::WORDS),
            (Self::Streets, "oneway") => Some(Oneway::WORDS),
            (Self::Barriers, "kind") => Some(BarrierKind::WORDS),
            (Self::Cameras, "kind") => Some(CameraKind::WORDS),
            _ => None,
        }
    }

    /// Whether nothing is a thing of this layer without a value of the field. Districts, subdistricts and communities need
    /// a code or a name, so neither alone.
    pub fn requires(self, field: &str) -> bool {
        matches!(
            (self, field),
            (Self::Grids, "code") | (Self::Zones, "kind" | "name") | (Self::Compounds | Self::Checkpoints, "name")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Coord, FieldKind, Geometry, GeometryKind, Line, MultiPolygon, Polygon, Record, Value, World};

    /// A thing with a value in every field.
    fn full(layer: Layer) -> Record {
        let corners = || vec![Coord::new(0, 0), Coord::new(9, 0), Coord::new(9, 9)];
        let geometry = match layer.geometry() {
            GeometryKind::Point | GeometryKind::PointOrArea => Geometry::Point(Coord::new(0, 0)),
            GeometryKind::Line => Geometry::Line(Line(corners())),
            GeometryKind::Area | GeometryKind::LineOrArea => {
                Geometry::Area(MultiPolygon::from(Polygon::simple(corners())))
            }
        };
        let value = |field: &crate::model::Field| match (layer.words(field.name), field.kind) {
            (Some(words), _) => words[0].into(),
            (None, FieldKind::Integer) => Value::Integer(3),
            (None, FieldKind::Real) => Value::Real(1.5),
            (None, FieldKind::Bool) => Value::Bool(true),
            (None, FieldKind::Date) => "2026-11-22".into(),
            (None, FieldKind::Text | FieldKind::Code) => "90".into(),
        };
        Record { id: 1, geometry, values: layer.fields().iter().map(value).collect() }
    }

    /// What the schema says of each field is what [`crate::model::Entity::from_record`] does.
    #[test]
    fn words_and_needs_are_those_of_the_records() {
        let accepts = |layer, record: &Record| World::default().put(layer, record).is_ok();
        for layer in Layer::ALL {
            let record = full(layer);
            assert!(accepts(layer, &record), "{layer}");
            for (i, field) in layer.fields().iter().enumerate() {
                let with = |value: Value| {
                    let mut other = record.clone();
                    other.values[i] = value;
                    accepts(layer, &other)
                };
                assert_eq!(with(Value::Null), !layer.requires(field.name), "{layer} {}", field.name);
                let Some(words) = layer.words(field.name) else {
                    // A bearing is text, since a camera may look several ways.
                    let free = field.kind == FieldKind::Text && field.name != "direction";
                    assert!(!free || with("no word of ours".into()), "{layer} {} takes words", field.name);
                    continue;
                };
                assert!(words.iter().all(|word| with((*word).into())), "{layer} {}", field.name);
                assert!(!with("no word of ours".into()), "{layer} {}", field.name);
            }
        }
    }
}
