//! The private journal: every acknowledged change, in an SQLite database that only this program opens.
//!
//! WAL with `synchronous=FULL`: a commit returns after its fsync. There is one connection, which both writes and
//! checkpoints; the WAL-reset fault of SQLite before 3.51.3 needs two.

use super::{At, Change, StoreError};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use rusqlite::{Connection, OptionalExtension, params};
use std::io::{BufReader, BufWriter, IntoInnerError};
use std::path::{Path, PathBuf};

/// Bytes that the compressor is given at a time.
const PAGE: usize = 1 << 16;

/// A journal that is open.
pub struct Journal {
    path: PathBuf,
    db: Connection,
}

/// A change that the city file has not seen yet.
pub struct Pending {
    pub version: u64,
    pub time: jiff::Timestamp,
    pub change: Change,
}

impl Journal {
    /// Opens the journal of the city `id`, or starts it where the city file came without one.
    pub fn open(path: &Path, id: &str) -> Result<Self, StoreError> {
        let journal = Self::connect(path)?;
        let known: Option<String> =
            journal.db.query_row("SELECT id FROM city", [], |row| row.get(0)).optional().at(path)?;
        match known {
            Some(known) if known != id => return Err(StoreError::StrangeJournal(path.to_owned())),
            Some(_) => {}
            None => drop(journal.db.execute("INSERT INTO city VALUES (?1)", [id]).at(path)?),
        }
        Ok(journal)
    }

    /// Starts the journal of a new city. One that a removed city file left behind is started afresh, unless it holds
    /// changes that no city file has seen.
    pub fn create(path: &Path, id: &str) -> Result<Self, StoreError> {
        let mut journal = Self::connect(path)?;
        let tx = journal.db.transaction().at(path)?;
        let unseen = "SELECT EXISTS (SELECT 1 FROM entry WHERE edits IS NOT NULL)";
        if tx.query_row(unseen, [], |row| row.get(0)).at(path)? {
            return Err(StoreError::StrangeJournal(path.to_owned()));
        }
        tx.execute_batch("DELETE FROM entry; DELETE FROM city;").at(path)?;
        tx.execute("INSERT INTO city VALUES (?1)", [id]).at(path)?;
        tx.commit().at(path)?;
        Ok(journal)
    }

    fn connect(path: &Path) -> Result<Self, StoreError> {
        let db = Connection::open(path).at(path)?;
        db.pragma_update(None, "journal_mode", "WAL").at(path)?;
        db.pragma_update(None, "synchronous", "FULL").at(path)?;
        db.execute_batch(
            "CREATE TABLE IF NOT EXISTS city (id TEXT NOT NULL);
             CREATE TABLE IF NOT EXISTS entry (
                 version INTEGER PRIMARY KEY, time TEXT NOT NULL, reason TEXT NOT NULL,
                 edits BLOB -- gzipped JSON; NULL once the city file holds it
             );",
        )
        .at(path)?;
        Ok(Self { path: path.to_owned(), db })
    }

    /// Appends a change; durable when it returns.
    pub fn append(&mut self, version: u64, time: jiff::Timestamp, change: &Change) -> Result<(), StoreError> {
        // JSON comes and goes in pieces of a few bytes; the compressor wants them by the page.
        let mut body = BufWriter::with_capacity(PAGE, GzEncoder::new(Vec::new(), Compression::fast()));
        serde_json::to_writer(&mut body, change).map_err(std::io::Error::from).at(&self.path)?;
        let body = body.into_inner().map_err(IntoInnerError::into_error).at(&self.path)?;
        let body = body.finish().at(&self.path)?;
        self.db
            .execute(
                "INSERT INTO entry VALUES (?1, ?2, ?3, ?4)",
                params![version as i64, time.to_string(), change.reason, body],
            )
            .at(&self.path)?;
        Ok(())
    }

    /// Records a change that the city file holds already.
    pub fn record(&mut self, version: u64, time: impl ToString, reason: &str) -> Result<(), StoreError> {
        let line = params![version as i64, time.to_string(), reason];
        self.db.execute("INSERT INTO entry VALUES (?1, ?2, ?3, NULL)", line).at(&self.path)?;
        Ok(())
    }

    /// The last version that it knows of; 0 where there is none.
    pub fn last(&self) -> Result<u64, StoreError> {
        let last = self.db.query_row("SELECT coalesce(max(version), 0) FROM entry", [], |row| row.get::<_, i64>(0));
        Ok(last.at(&self.path)?.unsigned_abs())
    }

    /// Changes after a version, oldest first, none left out.
    ///
    /// # Errors
    /// [`StoreError::OldCopy`] where one of them is kept no longer: a later city file held it.
    pub fn after(&self, version: u64) -> Result<Vec<Pending>, StoreError> {
        let mut select = self
            .db
            .prepare("SELECT version, time, edits FROM entry WHERE version > ?1 ORDER BY version")
            .at(&self.path)?;
        let mut rows = select.query([version as i64]).at(&self.path)?;
        let mut pending = Vec::new();
        while let Some(row) = rows.next().at(&self.path)? {
            let (number, time, body): (i64, String, Option<Vec<u8>>) =
                (row.get(0).at(&self.path)?, row.get(1).at(&self.path)?, row.get(2).at(&self.path)?);
            let expected = version + 1 + pending.len() as u64;
            let Some(body) = body.filter(|_| number as u64 == expected) else {
                return Err(StoreError::OldCopy(self.path.clone()));
            };
            let damaged = |why: String| StoreError::Damaged { what: format!("journal entry {number}"), why };
            pending.push(Pending {
                version: number as u64,
                time: time.parse().map_err(|e: jiff::Error| damaged(e.to_string()))?,
                change: serde_json::from_reader(BufReader::with_capacity(PAGE, GzDecoder::new(&body[..])))
                    .map_err(|e| damaged(e.to_string()))?,
            });
        }
        Ok(pending)
    }

    /// Drops the bodies of changes that the city file holds; who changed what when stays.
    pub fn trim(&mut self, version: u64) -> Result<(), StoreError> {
        self.db
            .execute("UPDATE entry SET edits = NULL WHERE version <= ?1 AND edits IS NOT NULL", [version as i64])
            .at(&self.path)?;
        Ok(())
    }
}
