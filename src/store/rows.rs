//! Features become rows of a GeoPackage, inside the caller's transaction.

use super::{Edit, wkb};
use crate::model::{Bounds, Layer, Record, Value, World};
use rusqlite::types::Null;
use rusqlite::{CachedStatement, OptionalExtension, Statement, Transaction, params};

/// Writes edits, in order.
pub fn write(tx: &Transaction<'_>, edits: &[Edit]) -> rusqlite::Result<()> {
    let mut rows = Rows::of(tx);
    for edit in edits {
        match edit {
            Edit::Put(layer, record) => rows.table(*layer)?.put(record)?,
            Edit::Delete(layer, id) => rows.table(*layer)?.delete(*id)?,
            Edit::Describe(profile) => {
                let json =
                    serde_json::to_string(profile).map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))?;
                super::geopackage::set(tx, "profile", &json)?;
            }
        }
    }
    rows.finish()
}

/// Writes a whole world.
pub fn write_world(tx: &Transaction<'_>, world: &World) -> rusqlite::Result<()> {
    let mut rows = Rows::of(tx);
    for layer in Layer::ALL {
        let table = rows.table(layer)?;
        for record in world.records(layer) {
            table.put(&record)?;
        }
    }
    rows.finish()
}

/// The tables that a transaction writes to.
struct Rows<'tx> {
    tx: &'tx Transaction<'tx>,
    tables: [Option<Table<'tx>>; Layer::ALL.len()],
}

/// One of them, with its statements ready.
struct Table<'tx> {
    layer: Layer,
    insert: CachedStatement<'tx>,
    update: CachedStatement<'tx>,
    delete: CachedStatement<'tx>,
    /// No row with a higher number was ever there: GeoPackage tables count with AUTOINCREMENT.
    highest: i64,
    /// The box around everything put.
    bounds: Option<Bounds>,
    blob: Vec<u8>,
}

impl<'tx> Rows<'tx> {
    fn of(tx: &'tx Transaction<'_>) -> Self {
        Self { tx, tables: Default::default() }
    }

    fn table(&mut self, layer: Layer) -> rusqlite::Result<&mut Table<'tx>> {
        let table = &mut self.tables[layer as usize];
        match table {
            Some(table) => Ok(table),
            None => Ok(table.insert(Table::of(self.tx, layer)?)),
        }
    }

    /// Tells the GeoPackage's own tables what changed.
    fn finish(self) -> rusqlite::Result<()> {
        for table in self.tables.into_iter().flatten() {
            let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string();
            let word = table.layer.word();
            self.tx.execute("UPDATE gpkg_contents SET last_change = ?2 WHERE table_name = ?1", params![word, now])?;
            if let Some(all) = table.bounds {
                let [w, s, e, n] = all.degrees();
                self.tx.execute(
                    "UPDATE gpkg_contents SET min_x = min(coalesce(min_x, ?2), ?2), min_y = min(coalesce(min_y, ?3), ?3),
                     max_x = max(coalesce(max_x, ?4), ?4), max_y = max(coalesce(max_y, ?5), ?5) WHERE table_name = ?1",
                    params![word, w, s, e, n],
                )?;
            }
        }
        Ok(())
    }
}

impl<'tx> Table<'tx> {
    // Two plain statements: REPLACE deletes the old row behind the back of other programs' triggers, and an upsert
    // disarms the OR REPLACE inside those of GeoPackage 1.3 R-trees.
    fn of(tx: &'tx Transaction<'_>, layer: Layer) -> rusqlite::Result<Self> {
        let fields = || layer.fields().iter().enumerate().map(|(i, f)| (i + 3, f.name));
        let sets: String = fields().map(|(i, name)| format!(", \"{name}\" = ?{i}")).collect();
        let columns: String = fields().map(|(_, name)| format!(", \"{name}\"")).collect();
        let slots: String = fields().map(|(i, _)| format!(", ?{i}")).collect();
        let counted = "SELECT seq FROM sqlite_sequence WHERE name = ?1";
        Ok(Self {
            layer,
            insert: tx
                .prepare_cached(&format!("INSERT INTO \"{layer}\" (fid, geom{columns}) VALUES (?1, ?2{slots})"))?,
            update: tx.prepare_cached(&format!("UPDATE \"{layer}\" SET geom = ?2{sets} WHERE fid = ?1"))?,
            delete: tx.prepare_cached(&format!("DELETE FROM \"{layer}\" WHERE fid = ?1"))?,
            highest: tx.query_row(counted, [layer.word()], |row| row.get(0)).optional()?.unwrap_or(0),
            bounds: None,
            blob: Vec::new(),
        })
    }

    fn put(&mut self, record: &Record) -> rusqlite::Result<()> {
        if let Some(bounds) = record.geometry.bounds() {
            self.bounds = Some(self.bounds.map_or(bounds, |all| all.union(bounds)));
        }
        wkb::encode((&record.geometry).into(), &mut self.blob);
        let id = i64::from(record.id);
        if id <= self.highest {
            bind(&mut self.update, record, &self.blob)?;
            if self.update.raw_execute()? > 0 {
                return Ok(());
            }
        }
        bind(&mut self.insert, record, &self.blob)?;
        self.insert.raw_execute()?;
        self.highest = self.highest.max(id);
        Ok(())
    }

    fn delete(&mut self, id: u32) -> rusqlite::Result<()> {
        self.delete.execute([id]).map(drop)
    }
}

/// Binds what is there, without a copy of our own.
fn bind(statement: &mut Statement<'_>, record: &Record, blob: &[u8]) -> rusqlite::Result<()> {
    statement.raw_bind_parameter(1usize, record.id)?;
    statement.raw_bind_parameter(2usize, blob)?;
    for (value, slot) in record.values.iter().zip(3usize..) {
        match value {
            Value::Null => statement.raw_bind_parameter(slot, Null)?,
            Value::Bool(b) => statement.raw_bind_parameter(slot, b)?,
            Value::Integer(n) => statement.raw_bind_parameter(slot, n)?,
            Value::Real(n) => statement.raw_bind_parameter(slot, n)?,
            Value::Text(text) => statement.raw_bind_parameter(slot, text)?,
        }
    }
    Ok(())
}
