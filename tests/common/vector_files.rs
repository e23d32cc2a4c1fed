//! Small files in binary formats, made by the tests themselves.

use flatgeobuf::{ColumnType, FgbCrs, FgbWriter, FgbWriterOptions, GeometryType};
use geozero::error::Result;
use geozero::{ColumnValue, GeomProcessor, GeozeroGeometry, PropertyProcessor};
use rusqlite::Connection;
use std::io::{Cursor, Write};
use std::path::Path;
use zip::write::SimpleFileOptions;

/// A ring that ends where it begins.
pub type Ring = Vec<[f64; 2]>;

/// Clockwise, as shapefiles have outlines.
pub fn square(x: f64, y: f64, size: f64) -> Ring {
    vec![[x, y], [x, y + size], [x + size, y + size], [x + size, y], [x, y]]
}

/// The record of a polygon or a line of several parts.
pub fn shape(kind: u32, lists: &[Ring]) -> Vec<u8> {
    let mut out = kind.to_le_bytes().to_vec();
    out.extend([0; 32]);
    out.extend((lists.len() as u32).to_le_bytes());
    out.extend((lists.iter().map(Vec::len).sum::<usize>() as u32).to_le_bytes());
    let mut start = 0_u32;
    for list in lists {
        out.extend(start.to_le_bytes());
        start += list.len() as u32;
    }
    lists.iter().flatten().flatten().for_each(|n| out.extend(n.to_le_bytes()));
    out
}

/// The record of a point.
pub fn point(x: f64, y: f64) -> Vec<u8> {
    [&1_u32.to_le_bytes()[..], &x.to_le_bytes(), &y.to_le_bytes()].concat()
}

/// A `.shp` file of such records.
pub fn shp(records: &[Vec<u8>]) -> Vec<u8> {
    let mut out = vec![0; 100];
    out[..4].copy_from_slice(&9994_u32.to_be_bytes());
    for (record, number) in records.iter().zip(1_u32..) {
        out.extend(number.to_be_bytes());
        out.extend((record.len() as u32 / 2).to_be_bytes());
        out.extend(record);
    }
    out
}

/// A `.dbf` file: fields by name, kind and width; rows of one value each, the mark of deletion first.
pub fn dbf(driver: u8, fields: &[(&[u8], u8, u8)], rows: &[(u8, Vec<Vec<u8>>)]) -> Vec<u8> {
    let width: u16 = 1 + fields.iter().map(|field| u16::from(field.2)).sum::<u16>();
    let mut out = vec![3, 126, 1, 1];
    out.extend((rows.len() as u32).to_le_bytes());
    out.extend((33 + 32 * fields.len() as u16).to_le_bytes());
    out.extend(width.to_le_bytes());
    out.resize(32, 0);
    out[29] = driver;
    for (name, kind, width) in fields {
        let mut field = [0; 32];
        field[..name.len()].copy_from_slice(name);
        field[11] = *kind;
        field[16] = *width;
        out.extend(field);
    }
    out.push(13);
    for (mark, values) in rows {
        out.push(*mark);
        for (value, (_, _, width)) in values.iter().zip(fields) {
            let mut cell = value.clone();
            cell.resize(usize::from(*width), b' ');
            out.extend(cell);
        }
    }
    out
}

/// A ZIP archive of files; bytes of names as they are, since Chinese programs write GBK.
pub fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, SimpleFileOptions::default()).expect("a file in an archive");
        writer.write_all(bytes).expect("memory");
    }
    writer.finish().expect("an archive").into_inner()
}

struct Polygon<'r>(&'r [Ring]);

impl GeozeroGeometry for Polygon<'_> {
    fn process_geom<P: GeomProcessor>(&self, out: &mut P) -> Result<()> {
        out.polygon_begin(true, self.0.len(), 0)?;
        for (i, ring) in self.0.iter().enumerate() {
            out.linestring_begin(false, ring.len(), i)?;
            for (j, [x, y]) in ring.iter().enumerate() {
                out.xy(*x, *y, j)?;
            }
            out.linestring_end(false, i)?;
        }
        out.polygon_end(true, 0)
    }
}

/// A FlatGeobuf file of polygons with a code, a name and floors, in the order given.
pub fn flatgeobuf(code: i32, index: bool, features: &[(Vec<Ring>, &str, &str, i32)]) -> Vec<u8> {
    let options = FgbWriterOptions {
        write_index: index,
        promote_to_multi: false,
        crs: FgbCrs { code, ..FgbCrs::default() },
        ..FgbWriterOptions::default()
    };
    let mut writer = FgbWriter::create_with_options("buildings", GeometryType::Polygon, options).expect("a writer");
    writer.add_column("code", ColumnType::String, |_, _| {});
    writer.add_column("name", ColumnType::String, |_, _| {});
    writer.add_column("floors", ColumnType::Int, |_, _| {});
    for (rings, code, name, floors) in features {
        let values = [ColumnValue::String(code), ColumnValue::String(name), ColumnValue::Int(*floors)];
        writer
            .add_feature_geom(Polygon(rings), |feature| {
                for (i, (value, column)) in values.iter().zip(["code", "name", "floors"]).enumerate() {
                    feature.property(i, column, value).expect("a value");
                }
            })
            .expect("a feature");
    }
    let mut bytes = Vec::new();
    writer.write(&mut bytes).expect("memory");
    bytes
}

/// A GeoPackage with its catalogue and what `sql` adds.
pub fn geopackage(path: &Path, sql: &str) {
    let db = Connection::open(path).expect("a file");
    db.execute_batch(
        "PRAGMA page_size = 512;
         CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT, srs_id INTEGER PRIMARY KEY, organization TEXT, organization_coordsys_id INTEGER, definition TEXT, description TEXT);
         INSERT INTO gpkg_spatial_ref_sys VALUES ('WGS 84', 4326, 'EPSG', 4326, 'undefined', ''), ('x', -1, 'NONE', -1, 'undefined', ''),
            ('own', 900001, 'CITY', 7, '+proj=tmerc +lat_0=0 +lon_0=120.6667 +k=1 +x_0=50000 +y_0=-3400000 +ellps=GRS80 +units=m', '');
         CREATE TABLE gpkg_contents (table_name TEXT PRIMARY KEY, data_type TEXT, identifier TEXT, description TEXT, srs_id INTEGER);
         CREATE TABLE gpkg_geometry_columns (table_name TEXT, column_name TEXT, geometry_type_name TEXT, srs_id INTEGER, z INTEGER, m INTEGER);",
    )
    .expect("a catalogue");
    db.execute_batch(sql).expect("tables");
}

/// A GeoPackage polygon, big endian on demand, as a literal of SQL.
pub fn blob(rings: &[Ring], big: bool) -> String {
    let number = |n: u32| if big { n.to_be_bytes() } else { n.to_le_bytes() };
    let real = |n: f64| if big { n.to_be_bytes() } else { n.to_le_bytes() };
    let mut out = b"GP\0\x01\xe6\x10\0\0".to_vec();
    out.push(u8::from(!big));
    out.extend(number(3));
    out.extend(number(rings.len() as u32));
    for ring in rings {
        out.extend(number(ring.len() as u32));
        ring.iter().flatten().for_each(|n| out.extend(real(*n)));
    }
    hex(&out)
}

/// Bytes as a literal of SQL.
pub fn hex(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("x'{digits}'")
}
