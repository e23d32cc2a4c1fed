//! A layer as FlatGeobuf 3: one binary file with a spatial index (packed Hilbert R-tree), which QGIS, GDAL and web maps
//! read in part. Features are in the order of the index, not of their ids.

use super::{ID, Origin, Progress, WriteError, tell};
use crate::model::{Coord, FieldKind, Geometry, GeometryKind, Layer, Polygon, Value, World};
use flatgeobuf::{ColumnType, FgbCrs, FgbWriter, FgbWriterOptions, GeometryType};
use geozero::error::Result as Events;
use geozero::{ColumnValue, GeomProcessor, GeozeroGeometry, PropertyProcessor};
use std::io::{self, Write};

/// Writes a layer. Features wait in a temporary file until their order is known; memory holds their boxes.
///
/// # Errors
/// Whatever the sink, the disk or the progress says.
pub fn layer(
    out: &mut impl Write,
    world: &World,
    layer: Layer,
    origin: Origin<'_>,
    progress: Progress<'_>,
) -> Result<(), WriteError> {
    let kind = match layer.geometry() {
        GeometryKind::Point => GeometryType::Point,
        GeometryKind::Line => GeometryType::LineString,
        GeometryKind::Area => GeometryType::MultiPolygon,
        // Each feature says its own.
        GeometryKind::PointOrArea | GeometryKind::LineOrArea => GeometryType::Unknown,
    };
    let description = origin.attribution.join("; ");
    let options = FgbWriterOptions {
        // GDAL calls an index over nothing a fault.
        write_index: world.count(layer) > 0,
        detect_type: false,
        promote_to_multi: false,
        crs: FgbCrs { org: Some("EPSG"), code: 4326, name: Some("WGS 84"), ..FgbCrs::default() },
        title: Some(origin.city),
        description: Some(description.as_str()).filter(|text| !text.is_empty()),
        ..FgbWriterOptions::default()
    };
    let mut file = FgbWriter::create_with_options(layer.word(), kind, options).map_err(fgb_error)?;
    file.add_column(ID, ColumnType::UInt, |_, column| column.nullable = false);
    for field in layer.fields() {
        let kind = match field.kind {
            FieldKind::Text | FieldKind::Code => ColumnType::String,
            FieldKind::Integer => ColumnType::Long,
            FieldKind::Real => ColumnType::Double,
            FieldKind::Bool => ColumnType::Bool,
            // ISO 8601, of which a day is one form; the format has no type for days alone.
            FieldKind::Date => ColumnType::DateTime,
        };
        file.add_column(field.name, kind, |_, _| {});
    }
    let all = world.count(layer) as u64;
    for (record, done) in world.records(layer).zip(0..) {
        tell(progress, done, all)?;
        let mut told = Ok(false);
        file.add_feature_geom(Shape(&record.geometry), |feature| {
            told = feature.property(0, ID, &ColumnValue::UInt(record.id));
            let fields = layer.fields().iter().zip(&record.values).zip(1..);
            for ((field, value), at) in fields {
                let value = match value {
                    Value::Null => continue,
                    Value::Bool(yes) => ColumnValue::Bool(*yes),
                    Value::Integer(n) => ColumnValue::Long(*n),
                    Value::Real(n) => ColumnValue::Double(*n),
                    Value::Text(text) if field.kind == FieldKind::Date => ColumnValue::DateTime(text),
                    Value::Text(text) => ColumnValue::String(text),
                };
                if told.is_ok() {
                    told = feature.property(at, field.name, &value);
                }
            }
        })
        .and(told)
        .map_err(|error| WriteError::Io(io::Error::other(error)))?;
    }
    file.write(out).map_err(fgb_error)
}

fn fgb_error(error: flatgeobuf::Error) -> WriteError {
    WriteError::Io(match error {
        flatgeobuf::Error::IO(error) => error,
        other => io::Error::other(other),
    })
}

/// A geometry of the model as the events that writers of the GeoZero family take.
struct Shape<'a>(&'a Geometry);

impl GeozeroGeometry for Shape<'_> {
    fn process_geom<P: GeomProcessor>(&self, to: &mut P) -> Events<()> {
        match self.0 {
            Geometry::Point(at) => {
                to.point_begin(0)?;
                vertex(to, *at, 0)?;
                to.point_end(0)
            }
            Geometry::Line(line) => {
                to.linestring_begin(true, line.0.len(), 0)?;
                vertices(to, line.0.iter())?;
                to.linestring_end(true, 0)
            }
            Geometry::Area(area) => {
                to.multipolygon_begin(area.0.len(), 0)?;
                for (part, i) in area.0.iter().zip(0..) {
                    polygon(to, part, i)?;
                }
                to.multipolygon_end(0)
            }
        }
    }
}

fn polygon<P: GeomProcessor>(to: &mut P, polygon: &Polygon, i: usize) -> Events<()> {
    to.polygon_begin(false, 1 + polygon.holes.len(), i)?;
    for (ring, i) in polygon.rings().zip(0..) {
        to.linestring_begin(false, ring.0.len() + 1, i)?;
        vertices(to, ring.0.iter().chain(ring.0.first()))?;
        to.linestring_end(false, i)?;
    }
    to.polygon_end(false, i)
}

fn vertices<'a, P: GeomProcessor>(to: &mut P, coords: impl Iterator<Item = &'a Coord>) -> Events<()> {
    coords.zip(0..).try_for_each(|(c, i)| vertex(to, *c, i))
}

fn vertex<P: GeomProcessor>(to: &mut P, c: Coord, i: usize) -> Events<()> {
    to.xy(c.lon(), c.lat(), i)
}
