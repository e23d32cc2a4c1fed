//! A layer as comma-separated values: UTF-8 with a byte order mark, by which spreadsheets know it.

use super::{Progress, table};
use crate::model::{Layer, World};
use std::io::{self, Write};

/// Writes a layer as a table.
///
/// # Errors
/// Whatever the sink or the progress says.
pub fn layer(out: &mut impl Write, world: &World, layer: Layer, progress: Progress<'_>) -> io::Result<()> {
    out.write_all("\u{feff}".as_bytes())?;
    let mut rows = csv::Writer::from_writer(out);
    rows.write_record(table::columns(layer).iter().map(|column| column.name))?;
    let all = world.count(layer) as u64;
    for (record, done) in world.records(layer).zip(0..) {
        super::tell(progress, done, all)?;
        rows.write_record(table::row(layer, record).iter().map(table::text))?;
    }
    rows.flush()
}
