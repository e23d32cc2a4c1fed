//! Reading a city file: its layers by parts, on every core.

use super::geopackage::{about, identify, open_to_read};
use super::{At, StoreError, Stored, wkb};
use crate::model::{FieldKind, Layer, Profile, Record, Value, World};
use rayon::prelude::*;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension};
use std::path::Path;

/// The highest number that a file may bring; what is above is left for things that are still to come.
const LAST_ID: u32 = u32::MAX - (1 << 28);

/// Numbers in one part, unless that makes more than [`PARTS`] of a layer. Parts of 2,000 to 32,000 buildings measured alike.
const PART: i64 = 8_192;
const PARTS: i64 = 256;

/// Reads the whole city file. The caller holds a read transaction if others may write.
pub fn load(db: &Connection, path: &Path) -> Result<Stored, StoreError> {
    identify(db, path)?;
    let about = |key| about(db, path, key);
    let profile: Profile = serde_json::from_str(&about("profile")?)
        .map_err(|e| StoreError::Damaged { what: "table gridweave, key profile".into(), why: e.to_string() })?;
    let version = about("version")?
        .parse()
        .map_err(|_| StoreError::Damaged { what: "table gridweave, key version".into(), why: "not a number".into() })?;
    let since = about("since")?.parse().map_err(|e: jiff::Error| StoreError::Damaged {
        what: "table gridweave, key since".into(),
        why: e.to_string(),
    })?;
    let mut world = World::default();
    for part in load_parts(db, path, &parts(db, path)?)? {
        world.append(part);
    }
    for layer in Layer::ALL {
        let given: Option<i64> = db
            .query_row("SELECT seq FROM sqlite_sequence WHERE name = ?1", [layer.word()], |row| row.get(0))
            .optional()
            .at(path)?;
        let given = u32::try_from(given.unwrap_or(0)).ok().filter(|id| *id <= LAST_ID);
        world.keep_given(
            layer,
            given.ok_or_else(|| StoreError::Damaged {
                what: format!("table sqlite_sequence, {layer}"),
                why: "out of range".into(),
            })?,
        );
    }
    Ok(Stored { world, profile, version, since })
}

/// Some rows of a layer: from a number to another, both included.
struct Part {
    layer: Layer,
    from: i64,
    to: i64,
}

fn parts(db: &Connection, path: &Path) -> Result<Vec<Part>, StoreError> {
    let mut parts = Vec::new();
    for layer in Layer::ALL {
        let ends = db.query_row(&format!("SELECT min(fid), max(fid) FROM \"{layer}\""), [], |row| {
            Ok(row.get::<_, Option<i64>>(0)?.zip(row.get::<_, Option<i64>>(1)?))
        });
        let Some((first, last)) = ends.at(path)? else { continue };
        // Numbers may be sparse and, in a damaged file, absurd.
        let size = (last.saturating_sub(first) / PARTS + 1).max(PART);
        let mut from = first;
        loop {
            let to = from.saturating_add(size - 1).min(last);
            parts.push(Part { layer, from, to });
            if to == last {
                break;
            }
            from = to + 1;
        }
    }
    Ok(parts)
}

fn load_parts(db: &Connection, path: &Path, parts: &[Part]) -> Result<Vec<World>, StoreError> {
    // The transaction of `db` keeps writers out for as long as it lasts, so that further connections see the same rows. In
    // WAL mode, to which QGIS turns a file that it shows, it would not; and small cities are read sooner than files opened.
    let mode: String = db.pragma_query_value(None, "journal_mode", |row| row.get(0)).at(path)?;
    if db.is_autocommit() || mode == "wal" || parts.len() < 2 * Layer::ALL.len() {
        return parts.iter().map(|part| load_part(db, path, part)).collect();
    }
    let load = |own: &mut Option<Connection>, part: &Part| match own {
        Some(db) => load_part(db, path, part),
        None => load_part(&open_to_read(path)?, path, part),
    };
    parts.par_iter().map_init(|| open_to_read(path).ok(), load).collect()
}

fn load_part(db: &Connection, path: &Path, part: &Part) -> Result<World, StoreError> {
    let layer = part.layer;
    let mut world = World::default();
    let columns: String = layer.fields().iter().map(|f| format!(", \"{}\"", f.name)).collect();
    let select = format!("SELECT fid, geom{columns} FROM \"{layer}\" WHERE fid BETWEEN ?1 AND ?2 ORDER BY fid");
    let mut select = db.prepare_cached(&select).at(path)?;
    let mut rows = select.query([part.from, part.to]).at(path)?;
    while let Some(row) = rows.next().at(path)? {
        let id: i64 = row.get(0).at(path)?;
        let damaged = |why: String| StoreError::Damaged { what: format!("{} {id}", layer.singular()), why };
        let blob = row.get_ref(1).at(path)?.as_blob().map_err(|_| damaged("no geometry".into()))?;
        let mut values = Vec::with_capacity(layer.fields().len());
        for (i, field) in layer.fields().iter().enumerate() {
            values.push(match row.get_ref(i + 2).at(path)? {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(n) if field.kind == FieldKind::Bool => Value::Bool(n != 0),
                ValueRef::Integer(n) => Value::Integer(n),
                ValueRef::Real(n) => Value::Real(n),
                ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
                ValueRef::Blob(_) => return Err(damaged(format!("{} holds bytes", field.name))),
            });
        }
        // 0 would ask the world for a new number.
        let id = u32::try_from(id).ok().filter(|id| (1..=LAST_ID).contains(id));
        let id = id.ok_or_else(|| damaged("its fid is out of range".into()))?;
        let record = Record { id, geometry: wkb::decode(blob).map_err(damaged)?, values };
        world.put(layer, &record).map_err(|fault| damaged(fault.to_string()))?;
    }
    Ok(world)
}
