//! The private journal: every acknowledged change, in an SQLite database that only this program opens.
//!
//! WAL with `synchronous=FULL`: a commit returns after its fsync. There is one connection, which both writes and
//! checkpoints; the WAL-reset fault of SQLite before 3.51.3 needs two.
//!
//! Who changed how much, when and why stays for ever. The edits stay until the city file holds them, and what it takes to
//! undo a change for as long as there is room ([`UNDO_ALL`]).

use super::{At, Change, Effect, Entry, StoreError, Touched};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde::{Serialize, de::DeserializeOwned};
use std::collections::HashMap;
use std::io::{BufReader, BufWriter, IntoInnerError};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

/// Bytes that the compressor is given at a time.
const PAGE: usize = 1 << 16;

/// The kind of journal that this program writes, in its `user_version`.
const KIND: i32 = 1;

/// Compressed bytes that the journal spends on undoing in all: the oldest changes cannot be undone any more once the
/// newer ones fill it. What a change added takes a number each, what it changed or removed the whole record.
pub const UNDO_ALL: u64 = 256 << 20;

/// A journal that is open.
pub struct Journal {
    path: PathBuf,
    db: Connection,
    /// Bytes spent on undoing.
    undo: u64,
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
        tx.execute_batch("DELETE FROM entry; DELETE FROM undo; DELETE FROM note; DELETE FROM city;").at(path)?;
        tx.execute("INSERT INTO city VALUES (?1)", [id]).at(path)?;
        tx.commit().at(path)?;
        journal.undo = 0;
        Ok(journal)
    }

    /// A journal that is gone when the program ends.
    pub fn in_memory() -> Result<Self, StoreError> {
        Self::connect(Path::new(":memory:"))
    }

    fn connect(path: &Path) -> Result<Self, StoreError> {
        let mut db = Connection::open(path).at(path)?;
        db.pragma_update(None, "journal_mode", "WAL").at(path)?;
        db.pragma_update(None, "synchronous", "FULL").at(path)?;
        let tx = db.transaction().at(path)?;
        match tx.pragma_query_value(None, "user_version", |row| row.get(0)).at(path)? {
            KIND => {}
            0 => found(&tx).at(path)?,
            _ => return Err(StoreError::NewerJournal(path.to_owned())),
        }
        tx.commit().at(path)?;
        let undo: i64 = db.query_row("SELECT coalesce(sum(bytes), 0) FROM undo", [], |row| row.get(0)).at(path)?;
        Ok(Self { path: path.to_owned(), db, undo: undo.unsigned_abs() })
    }

    /// Appends a change and what it takes to undo it; durable when it returns. The edits are kept only where they are
    /// `pending`, which is until somebody else holds what they made.
    pub fn append(
        &mut self,
        version: u64,
        time: jiff::Timestamp,
        change: &Change,
        effect: &Effect,
        pending: bool,
    ) -> Result<(), StoreError> {
        let body = if pending { Some(pack(change).at(&self.path)?) } else { None };
        let undo = pack(effect).at(&self.path)?;
        let bytes = undo.len() as u64;
        let touched = serde_json::to_string(&effect.touched()).map_err(std::io::Error::from).at(&self.path)?;
        let write = |tx: &Transaction<'_>| -> rusqlite::Result<()> {
            tx.execute(
                "INSERT INTO entry (version, time, reason, edits, author, touched, undoes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    version as i64,
                    time.to_string(),
                    change.reason,
                    body,
                    change.author,
                    touched,
                    change.undoes.map(|v| v as i64)
                ],
            )?;
            if bytes <= UNDO_ALL {
                tx.execute("INSERT INTO undo VALUES (?1, ?2, ?3)", params![version as i64, bytes as i64, undo])?;
            }
            Ok(())
        };
        let tx = self.db.transaction().at(&self.path)?;
        write(&tx).at(&self.path)?;
        tx.commit().at(&self.path)?;
        if bytes <= UNDO_ALL {
            self.undo += bytes;
        }
        Ok(())
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
            pending.push(Pending {
                version: number as u64,
                time: moment(number, &time)?,
                change: unpack(&body).map_err(|e| damaged(number, e))?,
            });
        }
        Ok(pending)
    }

    /// Drops the edits of changes that the city file holds, and what it takes to undo the oldest changes where the room
    /// for that is full.
    pub fn trim(&mut self, version: u64) -> Result<(), StoreError> {
        self.db
            .execute("UPDATE entry SET edits = NULL WHERE version <= ?1 AND edits IS NOT NULL", [version as i64])
            .at(&self.path)?;
        self.trim_undo(UNDO_ALL)
    }

    fn trim_undo(&mut self, room: u64) -> Result<(), StoreError> {
        if self.undo <= room {
            return Ok(());
        }
        let old = "DELETE FROM undo WHERE version <= (SELECT max(version) FROM
                       (SELECT version, sum(bytes) OVER (ORDER BY version DESC) AS filled FROM undo) WHERE filled > ?1)";
        self.db.execute(old, [room as i64]).at(&self.path)?;
        let left: i64 =
            self.db.query_row("SELECT coalesce(sum(bytes), 0) FROM undo", [], |row| row.get(0)).at(&self.path)?;
        self.undo = left.unsigned_abs();
        Ok(())
    }

    /// The changes of these versions, newest first, at most so many.
    pub fn history(&self, versions: RangeInclusive<u64>, limit: usize) -> Result<Vec<Entry>, StoreError> {
        let undone = self.undone()?;
        let mut select = self
            .db
            .prepare(
                "SELECT version, time, author, reason, touched, undoes, EXISTS (SELECT 1 FROM undo WHERE undo.version = entry.version)
                 FROM entry WHERE version BETWEEN ?1 AND ?2 ORDER BY version DESC LIMIT ?3",
            )
            .at(&self.path)?;
        let whole = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let (first, last) = (whole(*versions.start()), whole(*versions.end()));
        let mut rows = select.query(params![first, last, whole(limit as u64)]).at(&self.path)?;
        let mut entries = Vec::new();
        while let Some(row) = rows.next().at(&self.path)? {
            let read = || -> rusqlite::Result<(i64, String, String, Option<i64>, bool, Entry)> {
                let version: i64 = row.get(0)?;
                let entry = Entry {
                    version: version as u64,
                    time: jiff::Timestamp::default(),
                    author: row.get(2)?,
                    reason: row.get(3)?,
                    touched: Vec::new(),
                    undoes: None,
                    undone_by: undone.get(&(version as u64)).copied(),
                    undoable: false,
                };
                Ok((version, row.get(1)?, row.get(4)?, row.get(5)?, row.get(6)?, entry))
            };
            let (number, time, touched, undoes, kept, entry) = read().at(&self.path)?;
            let touched: Vec<Touched> = serde_json::from_str(&touched).map_err(|e| damaged(number, e))?;
            entries.push(Entry {
                time: moment(number, &time)?,
                touched,
                undoes: undoes.map(|v| v as u64),
                undoable: kept && entry.undone_by.is_none(),
                ..entry
            });
        }
        Ok(entries)
    }

    /// By version, the change that took it back and stands itself.
    fn undone(&self) -> Result<HashMap<u64, u64>, StoreError> {
        let newest_first = "SELECT version, undoes FROM entry WHERE undoes IS NOT NULL ORDER BY version DESC";
        let mut select = self.db.prepare(newest_first).at(&self.path)?;
        let rows = select.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))).at(&self.path)?;
        let mut undone = HashMap::new();
        for row in rows {
            let (by, version) = row.at(&self.path)?;
            // What takes `by` back is newer, so it was met before.
            if !undone.contains_key(&(by as u64)) {
                undone.entry(version as u64).or_insert(by as u64);
            }
        }
        Ok(undone)
    }

    /// What it takes to undo a change, where it is kept.
    pub fn effect(&self, version: u64) -> Result<Option<Effect>, StoreError> {
        let body: Option<Vec<u8>> = self
            .db
            .query_row("SELECT body FROM undo WHERE version = ?1", [version as i64], |row| row.get(0))
            .optional()
            .at(&self.path)?;
        body.map(|body| unpack(&body)).transpose().map_err(|e| damaged(version as i64, e))
    }

    /// Keeps a note in place of the one under its key.
    pub fn note(&mut self, key: &str, text: &str) -> Result<(), StoreError> {
        self.db.execute("INSERT OR REPLACE INTO note VALUES (?1, ?2)", [key, text]).at(&self.path)?;
        Ok(())
    }

    /// The note under a key.
    pub fn noted(&self, key: &str) -> Result<Option<String>, StoreError> {
        let text = "SELECT text FROM note WHERE key = ?1";
        self.db.query_row(text, [key], |row| row.get(0)).optional().at(&self.path)
    }
}

/// Makes the tables of a new journal, and those that are missing in one from before changes could be undone.
fn found(tx: &Transaction<'_>) -> rusqlite::Result<()> {
    tx.execute_batch(
        "CREATE TABLE IF NOT EXISTS city (id TEXT NOT NULL);
         CREATE TABLE IF NOT EXISTS entry (
             version INTEGER PRIMARY KEY, time TEXT NOT NULL, reason TEXT NOT NULL,
             edits BLOB -- gzipped JSON; NULL once the city file holds it
         );
         ALTER TABLE entry ADD COLUMN author TEXT NOT NULL DEFAULT '';
         ALTER TABLE entry ADD COLUMN touched TEXT NOT NULL DEFAULT '[]'; -- JSON
         ALTER TABLE entry ADD COLUMN undoes INTEGER;
         CREATE TABLE undo (
             version INTEGER PRIMARY KEY, bytes INTEGER NOT NULL,
             body BLOB NOT NULL -- gzipped JSON
         );
         CREATE TABLE note (key TEXT PRIMARY KEY NOT NULL, text TEXT NOT NULL);",
    )?;
    tx.pragma_update(None, "user_version", KIND)
}

fn pack<T: Serialize>(value: &T) -> std::io::Result<Vec<u8>> {
    // JSON comes and goes in pieces of a few bytes; the compressor wants them by the page.
    let mut body = BufWriter::with_capacity(PAGE, GzEncoder::new(Vec::new(), Compression::fast()));
    serde_json::to_writer(&mut body, value)?;
    body.into_inner().map_err(IntoInnerError::into_error)?.finish()
}

fn unpack<T: DeserializeOwned>(body: &[u8]) -> serde_json::Result<T> {
    serde_json::from_reader(BufReader::with_capacity(PAGE, GzDecoder::new(body)))
}

fn moment(number: i64, time: &str) -> Result<jiff::Timestamp, StoreError> {
    time.parse().map_err(|e: jiff::Error| damaged(number, e))
}

fn damaged(number: i64, why: impl std::fmt::Display) -> StoreError {
    StoreError::Damaged { what: format!("journal entry {number}"), why: why.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(n: u64, undoes: Option<u64>) -> Change {
        Change { author: "王工".into(), reason: format!("change {n}"), undoes, edits: Vec::new() }
    }

    fn journal(undoes: &[Option<u64>]) -> Journal {
        let mut journal = Journal::in_memory().expect("a journal");
        for (n, undoes) in (1..).zip(undoes) {
            journal.append(n, jiff::Timestamp::now(), &change(n, *undoes), &Effect::default(), true).expect("append");
        }
        journal
    }

    #[test]
    fn what_an_undo_undoes_stands_again() {
        // 2 takes back 1, 3 takes back 2, 4 takes back 1 again.
        let states = |undoes: &[Option<u64>]| -> Vec<Option<u64>> {
            let mut entries = journal(undoes).history(0..=u64::MAX, 10).expect("history");
            entries.reverse();
            entries.iter().map(|entry| entry.undone_by).collect()
        };
        assert_eq!(states(&[None, Some(1)]), [Some(2), None]);
        assert_eq!(states(&[None, Some(1), Some(2)]), [None, Some(3), None]);
        assert_eq!(states(&[None, Some(1), Some(2), Some(1)]), [Some(4), Some(3), None, None]);
    }

    #[test]
    fn the_oldest_undo_goes_first_and_the_history_stays() {
        let mut journal = journal(&[None, None, None, None]);
        let each = journal.undo / 4;
        journal.trim_undo(each * 2).expect("trim");
        let undoable: Vec<(u64, bool)> =
            journal.history(0..=4, 2).expect("history").iter().map(|entry| (entry.version, entry.undoable)).collect();
        assert_eq!(undoable, [(4, true), (3, true)]);
        let kept: Vec<bool> = (1..=4).map(|v| journal.effect(v).expect("read").is_some()).collect();
        assert_eq!((kept, journal.undo), (vec![false, false, true, true], each * 2));
        let all = journal.history(0..=u64::MAX, 10).expect("history");
        assert_eq!(all.len(), 4);
        assert_eq!((all[3].author.as_str(), all[3].reason.as_str()), ("王工", "change 1"));
    }

    #[test]
    fn a_journal_from_before_is_made_whole_and_one_from_later_refused() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("journal");
        let old = Connection::open(&path).expect("open");
        old.execute_batch(
            "CREATE TABLE city (id TEXT NOT NULL); INSERT INTO city VALUES ('c');
             CREATE TABLE entry (version INTEGER PRIMARY KEY, time TEXT NOT NULL, reason TEXT NOT NULL, edits BLOB);
             INSERT INTO entry VALUES (1, '2026-01-02T03:04:05Z', 'import', NULL);",
        )
        .expect("an old journal");
        drop(old);
        let journal = Journal::open(&path, "c").expect("opens");
        let entry = journal.history(0..=1, 1).expect("history").remove(0);
        assert_eq!((entry.reason.as_str(), entry.author.as_str(), entry.undoable), ("import", "", false));
        drop(journal);
        Connection::open(&path).expect("open").pragma_update(None, "user_version", KIND + 1).expect("later");
        assert!(matches!(Journal::open(&path, "c"), Err(StoreError::NewerJournal(_))));
    }
}
