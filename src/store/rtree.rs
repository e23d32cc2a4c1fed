//! Spatial indexes of GeoPackages (OGC 12-128r17, annex F.3): those that exports come with, and what those of other
//! programs ask of our connection.
//!
//! A city file comes without an R-tree. Where QGIS or GDAL has given a layer one, its triggers run inside our writes and
//! call these functions; without them no change would reach the file any more.

use super::wkb;
use crate::model::Layer;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::{Connection, Transaction};

/// Teaches a connection the functions.
pub fn register(db: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    db.create_scalar_function("ST_IsEmpty", 1, flags, |context| Ok(bounds(context).is_none()))?;
    for (at, name) in ["ST_MinX", "ST_MinY", "ST_MaxX", "ST_MaxY"].into_iter().enumerate() {
        db.create_scalar_function(name, 1, flags, move |context| Ok(bounds(context).map(|b| b[at])))?;
    }
    Ok(())
}

/// Creates the table in which a GeoPackage lists its extensions.
pub fn create_extensions(tx: &Transaction<'_>) -> rusqlite::Result<()> {
    tx.execute_batch(
        "CREATE TABLE gpkg_extensions (table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL, definition TEXT NOT NULL,
             scope TEXT NOT NULL, CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name));",
    )
}

/// Gives a layer an empty index and lists it.
pub fn create(tx: &Transaction<'_>, layer: Layer) -> rusqlite::Result<()> {
    tx.execute_batch(&format!(
        "CREATE VIRTUAL TABLE \"rtree_{layer}_geom\" USING rtree(id, minx, maxx, miny, maxy);
         INSERT INTO gpkg_extensions VALUES ('{layer}', 'geom', 'gpkg_rtree_index', 'http://www.geopackage.org/spec120/#extension_rtree', 'write-only');"
    ))
}

/// Keeps the index true when other programs edit the layer; `key` names the column of the ids.
pub fn create_triggers(tx: &Transaction<'_>, layer: Layer, key: &str) -> rusqlite::Result<()> {
    let index = format!("\"rtree_{layer}_geom\"");
    let put = format!(
        "INSERT OR REPLACE INTO {index} VALUES (NEW.\"{key}\", ST_MinX(NEW.geom), ST_MaxX(NEW.geom), ST_MinY(NEW.geom), ST_MaxY(NEW.geom));"
    );
    let (there, gone) = ("NEW.geom NOTNULL AND NOT ST_IsEmpty(NEW.geom)", "(NEW.geom ISNULL OR ST_IsEmpty(NEW.geom))");
    let (same, other) = (format!("OLD.\"{key}\" = NEW.\"{key}\""), format!("OLD.\"{key}\" != NEW.\"{key}\""));
    let forget = format!("DELETE FROM {index} WHERE id = OLD.\"{key}\";");
    let forget_both = format!("DELETE FROM {index} WHERE id IN (OLD.\"{key}\", NEW.\"{key}\");");
    // Names and conditions are the standard's.
    for (name, event, when, what) in [
        ("insert", "INSERT", there.to_owned(), put.clone()),
        ("update1", "UPDATE OF geom", format!("{same} AND {there}"), put.clone()),
        ("update2", "UPDATE OF geom", format!("{same} AND {gone}"), forget.clone()),
        ("update3", "UPDATE", format!("{other} AND {there}"), format!("{forget} {put}")),
        ("update4", "UPDATE", format!("{other} AND {gone}"), forget_both),
        ("delete", "DELETE", "OLD.geom NOT NULL".to_owned(), forget),
    ] {
        tx.execute_batch(&format!(
            "CREATE TRIGGER \"rtree_{layer}_geom_{name}\" AFTER {event} ON \"{layer}\" WHEN {when} BEGIN {what} END;"
        ))?;
    }
    Ok(())
}

/// `[west, south, east, north]` of the geometry that a function is called with; what is no geometry counts as empty.
fn bounds(context: &Context<'_>) -> Option<[f64; 4]> {
    let geometry = wkb::decode(context.get_raw(0).as_blob().ok()?).ok()?;
    geometry.bounds().map(|bounds| bounds.degrees())
}
