//! A GeoPackage that is an export, not a city file: plain tables with spatial indexes, nothing of ours but the name of
//! the key.

use super::{At, StoreError, geopackage, rtree, wkb};
use crate::model::{Bounds, Layer, Record, World};
use crate::write::{ID, Progress};
use rusqlite::types::Value as Sql;
use rusqlite::{Transaction, params, params_from_iter};
use std::path::Path;

/// Rows between two looks at the progress.
const BATCH: usize = 1024;

/// Writes layers into a GeoPackage; the file is missing or empty.
///
/// # Errors
/// The file holds something, the disk refuses, or the progress stops it.
pub fn export(path: &Path, world: &World, layers: &[Layer], progress: Progress<'_>) -> Result<(), StoreError> {
    if std::fs::metadata(path).is_ok_and(|there| there.len() > 0) {
        return Err(StoreError::Exists(path.to_owned()));
    }
    let mut db = geopackage::open_to_write(path, true)?;
    let tx = db.transaction().at(path)?;
    geopackage::create(&tx, layers, ID).at(path)?;
    rtree::create_extensions(&tx).at(path)?;
    let all = layers.iter().map(|layer| world.count(*layer)).sum::<usize>() as u64;
    let mut done = 0;
    for layer in layers {
        rtree::create(&tx, *layer).at(path)?;
        let mut bounds: Option<Bounds> = None;
        let mut records = world.records(*layer).peekable();
        while records.peek().is_some() {
            progress(done, all).at(path)?;
            for record in records.by_ref().take(BATCH) {
                insert(&tx, *layer, &record).at(path)?;
                bounds = bounds.into_iter().chain(record.geometry.bounds()).reduce(Bounds::union);
                done += 1;
            }
        }
        // After the rows, which would call each trigger otherwise.
        rtree::create_triggers(&tx, *layer, ID).at(path)?;
        let [w, s, e, n] = bounds.map(|b| b.degrees().map(Some)).unwrap_or_default();
        tx.execute(
            "UPDATE gpkg_contents SET min_x = ?2, min_y = ?3, max_x = ?4, max_y = ?5 WHERE table_name = ?1",
            params![layer.word(), w, s, e, n],
        )
        .at(path)?;
    }
    tx.commit().at(path)
}

fn insert(tx: &Transaction<'_>, layer: Layer, record: &Record) -> rusqlite::Result<()> {
    let columns: String = layer.fields().iter().map(|f| format!(", \"{}\"", f.name)).collect();
    let slots: String = (0..layer.fields().len()).map(|i| format!(", ?{}", i + 3)).collect();
    let mut blob = Vec::new();
    wkb::encode((&record.geometry).into(), &mut blob);
    let values = [Sql::Integer(i64::from(record.id)), Sql::Blob(blob)]
        .into_iter()
        .chain(record.values.iter().map(geopackage::sql_value));
    tx.prepare_cached(&format!("INSERT INTO \"{layer}\" (\"{ID}\", geom{columns}) VALUES (?1, ?2{slots})"))?
        .execute(params_from_iter(values))?;
    let Some(bounds) = record.geometry.bounds() else { return Ok(()) };
    let [w, s, e, n] = bounds.degrees();
    tx.prepare_cached(&format!("INSERT INTO \"rtree_{layer}_geom\" VALUES (?1, ?2, ?3, ?4, ?5)"))?
        .execute(params![record.id, w, e, s, n])?;
    Ok(())
}
