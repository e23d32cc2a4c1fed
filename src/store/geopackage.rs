//! The city file: a GeoPackage 1.3 (OGC 12-128r17) with one table a layer and one small table of our own.

use super::{At, Edit, StoreError, Stored, rtree, wkb};
use crate::model::{Field, FieldKind, GeometryKind, Layer, Profile, Record, Value, World};
use rusqlite::config::DbConfig;
use rusqlite::types::{Value as Sql, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Transaction, params, params_from_iter};
use std::path::Path;

const APPLICATION_ID: i32 = 0x4750_4B47;
const USER_VERSION: i32 = 10_300;

/// The highest number that a file may bring; what is above is left for things that are still to come.
const LAST_ID: u32 = u32::MAX - (1 << 28);

/// Three reference systems every GeoPackage must list.
const SKELETON: &str = r#"
CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY, organization TEXT NOT NULL,
    organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
INSERT INTO gpkg_spatial_ref_sys VALUES
    ('Undefined Cartesian SRS', -1, 'NONE', -1, 'undefined', 'undefined Cartesian coordinate reference system'),
    ('Undefined geographic SRS', 0, 'NONE', 0, 'undefined', 'undefined geographic coordinate reference system'),
    ('WGS 84 geodetic', 4326, 'EPSG', 4326, 'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,AUTHORITY["EPSG","7030"]],AUTHORITY["EPSG","6326"]],PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]],UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]],AXIS["Latitude",NORTH],AXIS["Longitude",EAST],AUTHORITY["EPSG","4326"]]', 'longitude/latitude coordinates in decimal degrees on the WGS 84 spheroid');
CREATE TABLE gpkg_contents (table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE, description TEXT DEFAULT '',
    last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')), min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
    CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL,
    z TINYINT NOT NULL, m TINYINT NOT NULL, CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name), CONSTRAINT uk_gc_table_name UNIQUE (table_name),
    CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name), CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id));
"#;

/// Opens a connection that writes; `create` makes the file when it is missing.
pub fn open_to_write(path: &Path, create: bool) -> Result<Connection, StoreError> {
    let create = if create { OpenFlags::SQLITE_OPEN_CREATE } else { OpenFlags::empty() };
    let db = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | create, 1)?;
    // Rollback journal, so that any SQLite program can read the file alone (design.md idea 7). QGIS turns the file to
    // WAL while it shows it; this then fails as busy until QGIS lets go.
    db.pragma_update(None, "journal_mode", "DELETE").at(path)?;
    db.pragma_update(None, "synchronous", "FULL").at(path)?;
    rtree::register(&db).at(path)?;
    Ok(db)
}

/// Opens a connection that reads.
pub fn open_to_read(path: &Path) -> Result<Connection, StoreError> {
    let db = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY, 10)?;
    let first_look = db.query_row("SELECT count(*) FROM sqlite_master", [], |_| Ok(()));
    match first_look.map_err(|error| error.sqlite_error_code()) {
        // A writer was killed half way: what it had begun must be rolled back before anybody can read.
        Err(Some(ErrorCode::ReadOnly)) => connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE, 10),
        _ => Ok(db),
    }
}

fn connect(path: &Path, flags: OpenFlags, patience: u64) -> Result<Connection, StoreError> {
    let db = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX).at(path)?;
    db.busy_timeout(std::time::Duration::from_secs(patience)).at(path)?;
    // Or SQLite would read a missing column as a text that is its name.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false).at(path)?;
    Ok(db)
}

/// The id of the city in a file.
///
/// # Errors
/// [`StoreError::Foreign`] when the file is something else.
pub fn identify(db: &Connection, path: &Path) -> Result<String, StoreError> {
    let foreign = |why: &str| StoreError::Foreign { path: path.to_owned(), why: why.to_owned() };
    let ours = db.query_row("SELECT count(*) FROM sqlite_master WHERE name = 'gridweave'", [], |row| row.get(0));
    match ours {
        Ok(1) => about(db, path, "city"),
        Ok::<i64, _>(_) => Err(foreign("it has no table `gridweave`")),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
            Err(foreign("it is not an SQLite database"))
        }
        Err(error) => Err(StoreError::Sqlite { path: path.to_owned(), error }),
    }
}

/// What a city file must say under a key.
fn about(db: &Connection, path: &Path, key: &str) -> Result<String, StoreError> {
    get(db, key)
        .at(path)?
        .ok_or_else(|| StoreError::Damaged { what: format!("table gridweave, key {key}"), why: "missing".into() })
}

/// Creates the tables of an empty city in an empty file; `key` names the column of the ids.
pub fn create(tx: &Transaction<'_>, layers: &[Layer], key: &str) -> rusqlite::Result<()> {
    tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    tx.pragma_update(None, "user_version", USER_VERSION)?;
    tx.execute_batch(SKELETON)?;
    for layer in layers {
        let columns: Vec<String> = layer.fields().iter().map(|f| format!(", \"{}\" {}", f.name, sql_type(f))).collect();
        let geometry = match layer.geometry() {
            GeometryKind::Point => "POINT",
            GeometryKind::Line => "LINESTRING",
            GeometryKind::Area => "MULTIPOLYGON",
            GeometryKind::PointOrArea | GeometryKind::LineOrArea => "GEOMETRY",
        };
        tx.execute_batch(&format!(
            "CREATE TABLE \"{layer}\" (\"{key}\" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom {geometry}{});",
            columns.concat()
        ))?;
        tx.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES (?1, 'features', ?1, 4326)",
            [layer.word()],
        )?;
        tx.execute("INSERT INTO gpkg_geometry_columns VALUES (?1, 'geom', ?2, 4326, 0, 0)", [layer.word(), geometry])?;
    }
    Ok(())
}

/// Creates the table in which a city file keeps what it says of itself.
pub fn create_about(tx: &Transaction<'_>, id: &str) -> rusqlite::Result<()> {
    tx.execute_batch(
        "CREATE TABLE gridweave (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, key TEXT NOT NULL UNIQUE, value TEXT NOT NULL);
         INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES ('gridweave', 'attributes', 'gridweave', 0);",
    )?;
    set(tx, "city", id)
}

fn sql_type(field: &Field) -> &'static str {
    match field.kind {
        FieldKind::Text | FieldKind::Code => "TEXT",
        FieldKind::Integer => "INTEGER",
        FieldKind::Real => "DOUBLE",
        FieldKind::Bool => "BOOLEAN",
        FieldKind::Date => "DATE",
    }
}

/// What the city file says under a key.
pub fn get(db: &Connection, key: &str) -> rusqlite::Result<Option<String>> {
    db.query_row("SELECT value FROM gridweave WHERE key = ?1", [key], |row| row.get(0)).optional()
}

/// Sets what the city file says under a key.
pub fn set(db: &Connection, key: &str, value: &str) -> rusqlite::Result<()> {
    db.execute(
        "INSERT INTO gridweave (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        [key, value],
    )?;
    Ok(())
}

/// Writes edits inside a transaction.
pub fn write(tx: &Transaction<'_>, edits: &[Edit]) -> rusqlite::Result<()> {
    for edit in edits {
        match edit {
            Edit::Put(layer, record) => put(tx, *layer, record)?,
            Edit::Delete(layer, id) => {
                tx.prepare_cached(&format!("DELETE FROM \"{layer}\" WHERE fid = ?1"))?.execute([id])?;
            }
            Edit::Describe(profile) => {
                let json =
                    serde_json::to_string(profile).map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))?;
                set(tx, "profile", &json)?;
            }
        }
    }
    let mut touched: Vec<Layer> = edits.iter().filter_map(layer_of).collect();
    touched.sort_unstable();
    touched.dedup();
    for layer in touched {
        let boxes = edits.iter().filter_map(|edit| match edit {
            Edit::Put(l, record) if *l == layer => record.geometry.bounds(),
            _ => None,
        });
        let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string();
        tx.execute("UPDATE gpkg_contents SET last_change = ?2 WHERE table_name = ?1", params![layer.word(), now])?;
        if let Some(all) = boxes.reduce(crate::model::Bounds::union) {
            let [w, s, e, n] = all.degrees();
            tx.execute(
                "UPDATE gpkg_contents SET min_x = min(coalesce(min_x, ?2), ?2), min_y = min(coalesce(min_y, ?3), ?3),
                 max_x = max(coalesce(max_x, ?4), ?4), max_y = max(coalesce(max_y, ?5), ?5) WHERE table_name = ?1",
                params![layer.word(), w, s, e, n],
            )?;
        }
    }
    Ok(())
}

fn layer_of(edit: &Edit) -> Option<Layer> {
    match edit {
        Edit::Put(layer, _) | Edit::Delete(layer, _) => Some(*layer),
        Edit::Describe(_) => None,
    }
}

fn put(tx: &Transaction<'_>, layer: Layer, record: &Record) -> rusqlite::Result<()> {
    let fields = layer.fields();
    let values: Vec<Sql> = [Sql::Integer(i64::from(record.id)), Sql::Blob(wkb::encode(&record.geometry))]
        .into_iter()
        .chain(record.values.iter().map(sql_value))
        .collect();
    // Two plain statements: REPLACE deletes the old row behind the back of other programs' triggers, and an upsert
    // disarms the OR REPLACE inside those of GeoPackage 1.3 R-trees.
    let sets: String = fields.iter().enumerate().map(|(i, f)| format!(", \"{}\" = ?{}", f.name, i + 3)).collect();
    let update = format!("UPDATE \"{layer}\" SET geom = ?2{sets} WHERE fid = ?1");
    if tx.prepare_cached(&update)?.execute(params_from_iter(&values))? > 0 {
        return Ok(());
    }
    let columns: String = fields.iter().map(|f| format!(", \"{}\"", f.name)).collect();
    let slots: String = (0..fields.len()).map(|i| format!(", ?{}", i + 3)).collect();
    let insert = format!("INSERT INTO \"{layer}\" (fid, geom{columns}) VALUES (?1, ?2{slots})");
    tx.prepare_cached(&insert)?.execute(params_from_iter(&values))?;
    Ok(())
}

/// A value as a column holds it.
pub fn sql_value(value: &Value) -> Sql {
    match value {
        Value::Null => Sql::Null,
        Value::Bool(b) => Sql::Integer(i64::from(*b)),
        Value::Integer(n) => Sql::Integer(*n),
        Value::Real(n) => Sql::Real(*n),
        Value::Text(text) => Sql::Text(text.clone()),
    }
}

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
    for layer in Layer::ALL {
        load_layer(db, path, layer, &mut world)?;
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

fn load_layer(db: &Connection, path: &Path, layer: Layer, world: &mut World) -> Result<(), StoreError> {
    let columns: String = layer.fields().iter().map(|f| format!(", \"{}\"", f.name)).collect();
    let mut select = db.prepare(&format!("SELECT fid, geom{columns} FROM \"{layer}\" ORDER BY fid")).at(path)?;
    let mut rows = select.query([]).at(path)?;
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
    Ok(())
}
