//! GeoPackage (OGC 12-128r19): every table of features or attributes that `gpkg_contents` lists is a sheet.
//!
//! The file may come from anybody, and an SQLite file can hold programs: views, triggers, generated columns. Only real
//! tables are read, by plain scans whose work and yield cannot exceed what the file could honestly hold.

use super::bundle::{Body, Bundle};
use super::datum::{Crs, Datum};
use super::detect::unreadable;
use super::raw::{Cell, Declared, Fault, Feature, Features, Noun, Shape, Sheet};
use super::wkb;
use crate::model::{Problem, Severity};
use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::NamedTempFile;

/// Extensions that change nothing in what is read here: indexes, other tables, descriptions.
const HARMLESS: [&str; 12] = [
    "gpkg_rtree_index",
    "gpkg_crs_wkt",
    "gpkg_crs_wkt_1_1",
    "gpkg_schema",
    "gpkg_metadata",
    "gpkg_related_tables",
    "related_tables",
    "gpkg_2d_gridded_coverage",
    "gpkg_zoom_other",
    "gpkg_webp",
    "gdal_aspatial",
    "gpkg_geom_multipolygon",
];
/// Number columns that programs add for themselves; they mean nothing.
const FEATURE_NUMBERS: [&str; 4] = ["fid", "ogc_fid", "objectid", "pkuid"];
/// SQLite asks whether to go on after so many steps.
const STEPS: i32 = 10_000;

/// Opens a file: a sheet for each table.
///
/// # Errors
/// It is no GeoPackage, or its catalogue is damaged.
pub(super) fn open(bundle: &Bundle, progress: &(dyn Fn(u64, u64) + Sync)) -> Result<Vec<Sheet>, Fault> {
    let source = Arc::new(Source::of(&bundle.main.body)?);
    progress(0, source.size);
    let db = source.connect()?;
    let catalogue = Catalogue::read(&db).map_err(|error| sqlite(&error))?;
    if !catalogue.is_real("gpkg_contents") {
        let message = "an SQLite database, but no GeoPackage: it has no table `gpkg_contents`";
        let remedy = "convert it: ogr2ogr -f GPKG out.gpkg FILE";
        return Err(Fault::new("not-geopackage", message, remedy));
    }
    let mut sheets = Vec::new();
    for content in catalogue.contents(&db).map_err(|error| sqlite(&error))? {
        sheets.push(sheet(&source, &db, &catalogue, &content).map_err(|error| sqlite(&error))?);
    }
    progress(source.size, source.size);
    Ok(sheets)
}

/// Where the database is.
struct Source {
    path: PathBuf,
    size: u64,
    /// What came in memory is kept in a file for as long as somebody reads it: SQLite reads files.
    _kept: Option<NamedTempFile>,
}

impl Source {
    fn of(body: &Body) -> Result<Self, Fault> {
        let size = body.size().map_err(|error| unreadable(&error))?;
        match body {
            Body::Path(path) => Ok(Self { path: path.clone(), size, _kept: None }),
            Body::Bytes(bytes) => {
                let keep = || -> std::io::Result<NamedTempFile> {
                    let mut file = NamedTempFile::new()?;
                    file.write_all(bytes)?;
                    file.flush()?;
                    Ok(file)
                };
                let file = keep().map_err(|error| {
                    let message = format!("cannot be kept in a temporary file: {error}");
                    Fault::new("file-unreadable", message, "free space where temporary files are kept (TMPDIR)")
                })?;
                Ok(Self { path: file.path().to_owned(), size, _kept: Some(file) })
            }
        }
    }

    /// A connection that reads, and runs nothing that the file brings.
    fn connect(&self) -> Result<Connection, Fault> {
        let db = match self.try_connect(false) {
            // A file in WAL mode whose folder cannot be written to: nobody else writes to it either.
            Err(error) if matches!(error.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly)) => {
                self.try_connect(true)
            }
            other => other,
        };
        db.map_err(|error| sqlite(&error))
    }

    fn try_connect(&self, immutable: bool) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = if immutable {
            Connection::open_with_flags(uri(&self.path), flags | OpenFlags::SQLITE_OPEN_URI)?
        } else {
            Connection::open_with_flags(&self.path, flags)?
        };
        db.busy_timeout(std::time::Duration::from_secs(5))?;
        for (config, on) in [
            (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
            (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
            (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
            (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
            // Or SQLite would read a missing column as a text that is its name.
            (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
            (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
        ] {
            db.set_db_config(config, on)?;
        }
        db.pragma_update(None, "cell_size_check", true)?;
        // A tree whose branches lead back into itself has no end. An honest row takes four bytes or more of the file.
        let mut left = 1000 + self.size / 4 / STEPS as u64 * 64;
        db.progress_handler(
            STEPS,
            Some(move || {
                left = left.saturating_sub(1);
                left == 0
            }),
        );
        db.query_row("SELECT count(*) FROM sqlite_master", [], |_| Ok(()))?;
        Ok(db)
    }
}

/// The path as SQLite's URI for files that nobody changes.
fn uri(path: &Path) -> String {
    let mut text = String::from("file:");
    for byte in path.to_string_lossy().bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => text.push(char::from(byte)),
            other => text.push_str(&format!("%{other:02X}")),
        }
    }
    text + "?immutable=1"
}

fn sqlite(error: &rusqlite::Error) -> Fault {
    let remedy = "copy or export the file again; in QGIS: Export > Save Features As > GeoPackage";
    match error.sqlite_error_code() {
        Some(ErrorCode::OperationInterrupted) => {
            let message =
                "a table of it gives more than the file can hold: the file is damaged, or made to hang programs";
            Fault::new("geopackage-damaged", message, remedy)
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            let message = "another program is writing to it";
            Fault::new("file-locked", message, "close it there (QGIS: remove the layer), then try again")
        }
        _ => Fault::new("geopackage-damaged", format!("the database cannot be read: {error}"), remedy),
    }
}

/// A name as SQL takes it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// What the database holds.
struct Catalogue {
    /// Tables that are neither views nor virtual.
    real: Vec<String>,
}

/// A row of `gpkg_contents`.
struct Content {
    table: String,
    features: bool,
}

impl Catalogue {
    fn read(db: &Connection) -> rusqlite::Result<Self> {
        // Virtual tables have no page of their own.
        let mut select = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage > 0")?;
        let names = select.query_map([], |row| row.get::<_, String>(0))?;
        Ok(Self { real: names.collect::<rusqlite::Result<_>>()? })
    }

    fn is_real(&self, name: &str) -> bool {
        self.real.iter().any(|real| real.eq_ignore_ascii_case(name))
    }

    fn contents(&self, db: &Connection) -> rusqlite::Result<Vec<Content>> {
        let mut select = db.prepare(
            "SELECT table_name, lower(data_type) FROM gpkg_contents NOT INDEXED \
             WHERE lower(data_type) IN ('features', 'attributes', 'aspatial')",
        )?;
        let contents = select.query_map([], |row| {
            let kind: String = row.get(1)?;
            Ok(Content { table: row.get(0)?, features: kind == "features" })
        })?;
        // What a city file says of itself is no layer.
        let is_layer = |content: &rusqlite::Result<Content>| content.as_ref().map_or(true, |c| c.table != "gridweave");
        contents.filter(is_layer).collect()
    }

    /// What extensions say of a table, those without meaning for it left out.
    fn extensions(&self, db: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
        if !self.is_real("gpkg_extensions") {
            return Ok(Vec::new());
        }
        let mut select = db.prepare(
            "SELECT DISTINCT extension_name FROM gpkg_extensions NOT INDEXED \
             WHERE table_name IS NULL OR lower(table_name) = lower(?1)",
        )?;
        let names = select.query_map([table], |row| row.get::<_, String>(0))?;
        let mut names = names.collect::<rusqlite::Result<Vec<_>>>()?;
        names.retain(|name| !HARMLESS.contains(&name.as_str()));
        Ok(names)
    }

    fn declared(&self, db: &Connection, srs: i64) -> rusqlite::Result<Declared> {
        // Defined by the standard: an undefined plane, an undefined globe.
        if srs == 0 || srs == -1 {
            return Ok(Declared::Nothing);
        }
        let row = if self.is_real("gpkg_spatial_ref_sys") {
            db.query_row(
                "SELECT organization, organization_coordsys_id, definition FROM gpkg_spatial_ref_sys WHERE srs_id = ?1",
                [srs],
                |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?)),
            )
            .optional()?
        } else {
            None
        };
        let Some((organization, code, definition)) = row else {
            return Ok(Declared::Unknown(format!("srs_id {srs}, which it does not list")));
        };
        let by_code = Crs::parse(&format!("{organization}:{code}")).ok();
        if let Some(crs) = by_code.filter(|crs| Datum::new(crs.clone()).is_ok()) {
            return Ok(Declared::As(crs));
        }
        let said = format!("{organization}:{code}");
        Ok(Crs::parse(&definition).map_or(Declared::Unknown(said), Declared::As))
    }
}

fn sheet(source: &Arc<Source>, db: &Connection, catalogue: &Catalogue, content: &Content) -> rusqlite::Result<Sheet> {
    let table = content.table.as_str();
    let mut problems = Vec::new();
    let without = |code: &'static str, message: String, remedy: &str| {
        let problem = Problem::new(Severity::Error, code, message, remedy);
        Ok(Sheet {
            name: table.to_owned(),
            noun: Noun::Feature,
            columns: Vec::new(),
            has_places: content.features,
            declared: Declared::Nothing,
            count: 0,
            numbers: None,
            problems: vec![problem],
            features: Box::new(Vec::new()),
        })
    };
    if !catalogue.is_real(table) {
        let message = format!("`{table}` is listed, but it is no table: a view, a virtual table, or nothing");
        return without("table-missing", message, "export what it shows as a table of its own");
    }
    let unknown = catalogue.extensions(db, table)?;
    if !unknown.is_empty() {
        let message = format!("the file uses extensions that are not known here: {}", unknown.join(", "));
        let remedy = "nothing to do if the layer looks right";
        problems.push(Problem::new(Severity::Note, "extension-unknown", message, remedy));
    }
    let geometry: Option<(String, i64)> = if content.features && catalogue.is_real("gpkg_geometry_columns") {
        db.query_row(
            "SELECT column_name, srs_id FROM gpkg_geometry_columns NOT INDEXED WHERE lower(table_name) = lower(?1)",
            [table],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?
    } else {
        None
    };
    let declared = match &geometry {
        Some((_, srs)) => catalogue.declared(db, *srs)?,
        None => Declared::Nothing,
    };
    let in_city = catalogue.is_real("gridweave");
    let mut rows =
        Rows { source: source.clone(), table: table.to_owned(), number: None, geometry: None, columns: Vec::new() };
    let mut numbers = None;
    let mut select = db.prepare("SELECT name, upper(type), pk, hidden FROM pragma_table_xinfo(?1)")?;
    let mut found = select.query([table])?;
    while let Some(row) = found.next()? {
        let (name, kind, key, hidden): (String, String, i64, i64) =
            (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        // Generated columns compute something each time they are looked at.
        if hidden != 0 {
            continue;
        }
        if geometry.as_ref().is_some_and(|(column, _)| column.eq_ignore_ascii_case(&name)) {
            rows.geometry = Some(name);
            continue;
        }
        let is_key = key == 1 && kind == "INTEGER";
        if is_key {
            rows.number = Some(name.clone());
        }
        // A city file numbers its things by the key, an export of ours by a column that no foreign file has by chance.
        if (is_key && in_city) || name == super::NUMBER_COLUMN {
            numbers = Some(rows.columns.len());
        } else if is_key && FEATURE_NUMBERS.iter().any(|word| name.eq_ignore_ascii_case(word)) {
            continue;
        }
        rows.columns.push(Column { name, bool: kind == "BOOLEAN" });
    }
    if let (Some((column, _)), None) = (&geometry, &rows.geometry) {
        let message = format!("`{table}` has no column `{column}`, which should hold its geometries");
        return without("table-missing", message, "export the layer again");
    }
    // `count(*)` would be counted in one step, which nothing could interrupt.
    let count =
        db.query_row(&format!("SELECT total(1) FROM {} NOT INDEXED", quoted(table)), [], |row| row.get::<_, f64>(0))?;
    Ok(Sheet {
        name: table.to_owned(),
        noun: if rows.geometry.is_some() { Noun::Feature } else { Noun::Row },
        columns: rows.columns.iter().map(|column| column.name.clone()).collect(),
        has_places: rows.geometry.is_some(),
        declared,
        count: count as u64,
        numbers,
        problems,
        features: Box::new(rows),
    })
}

struct Column {
    name: String,
    bool: bool,
}

/// The rows of one table.
struct Rows {
    source: Arc<Source>,
    table: String,
    /// The column that numbers them.
    number: Option<String>,
    geometry: Option<String>,
    columns: Vec<Column>,
}

impl Features for Rows {
    fn each(&self, visit: &mut dyn FnMut(&Feature) -> bool) -> Result<(), Box<Problem>> {
        let told = |fault: Fault| Box::new(fault.problem(Severity::Error));
        let db = self.source.connect().map_err(told)?;
        self.visit(&db, visit).map_err(|error| told(sqlite(&error)))
    }
}

impl Rows {
    fn visit(&self, db: &Connection, visit: &mut dyn FnMut(&Feature) -> bool) -> rusqlite::Result<()> {
        let special = [&self.number, &self.geometry].map(|name| name.as_deref().map_or("NULL".to_owned(), quoted));
        let columns = special.into_iter().chain(self.columns.iter().map(|column| quoted(&column.name)));
        let columns = columns.collect::<Vec<_>>().join(", ");
        let mut select = db.prepare(&format!("SELECT {columns} FROM {} NOT INDEXED", quoted(&self.table)))?;
        let mut rows = select.query([])?;
        let mut feature = Feature::default();
        // Text in UTF-16 grows when it is handed over.
        let mut left = self.source.size.saturating_mul(2);
        while let Some(row) = rows.next()? {
            let mut took = 4;
            feature.number += 1;
            feature.id = match row.get_ref(0)? {
                ValueRef::Integer(n) => Some(n.to_string()),
                _ => None,
            };
            feature.shape = match (&self.geometry, row.get_ref(1)?) {
                (None, _) => Shape::None,
                (_, ValueRef::Null) => Shape::Missing,
                (_, ValueRef::Blob(blob)) => {
                    took += blob.len();
                    wkb::geopackage(blob, std::mem::take(&mut feature.shape))
                }
                _ => Shape::Faulty(Fault::new(
                    "geometry-damaged",
                    "its geometry is no bytes, but a number or a text",
                    "export the layer again",
                )),
            };
            feature.cells.clear();
            for (i, column) in self.columns.iter().enumerate() {
                let value = row.get_ref(i + 2)?;
                if let ValueRef::Text(bytes) | ValueRef::Blob(bytes) = value {
                    took += bytes.len();
                }
                feature.cells.push(cell(value, column.bool));
            }
            // Rows that share pages of the file give more than it holds, without end.
            left = left.saturating_sub(took as u64);
            if left == 0 {
                let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_INTERRUPT);
                return Err(rusqlite::Error::SqliteFailure(code, None));
            }
            if !visit(&feature) {
                break;
            }
        }
        Ok(())
    }
}

fn cell(value: ValueRef<'_>, bool: bool) -> Cell {
    match value {
        ValueRef::Null => Cell::Empty,
        ValueRef::Integer(n @ (0 | 1)) if bool => Cell::Bool(n == 1),
        ValueRef::Integer(n) => Cell::Integer(n),
        ValueRef::Real(n) => Cell::Real(n),
        ValueRef::Text(text) => Cell::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(_) => Cell::Nested("(bytes)".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted() {
        assert_eq!(quoted("a\"b"), "\"a\"\"b\"");
        assert_eq!(uri(Path::new("/a b/格.gpkg")), "file:/a%20b/%E6%A0%BC.gpkg?immutable=1");
    }
}
