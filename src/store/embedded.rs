//! The store of one machine: the city file, its journal and the writer's lock.

use super::journal::Journal;
use super::{At, Change, Checkpoint, Edit, Effect, Entry, Store, StoreError, Stored, geopackage};
use crate::model::{Layer, Profile, World};
use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior};
use std::fs::{File, TryLockError};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

/// An open city file, held by the one writer.
pub struct Embedded {
    /// The city file is opened for each use and closed after: no lock outlives a transaction.
    path: PathBuf,
    /// The city's own id, by which its file and its journal know each other.
    id: String,
    version: u64,
    /// The version that the city file holds.
    written: u64,
    journal: Journal,
    /// Released by the operating system when the process ends, however it ends.
    _lock: Lock,
}

/// The writer's lock.
struct Lock(File);

impl Drop for Lock {
    /// Explicitly, since a program that is being started by another thread may hold a copy of the handle a moment longer.
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

impl Embedded {
    /// Creates an empty city.
    ///
    /// # Errors
    /// The file exists, or cannot be written.
    pub fn create(path: &Path, profile: &Profile) -> Result<Self, StoreError> {
        let lock = lock(path)?;
        if path.exists() {
            return Err(StoreError::Exists(path.to_owned()));
        }
        let now = Timestamp::now();
        let id = format!(
            "{:032x}",
            xxhash_rust::xxh3::xxh3_128(format!("{now}{}{}", std::process::id(), path.display()).as_bytes())
        );
        let journal = Journal::create(&beside(path, "journal"), &id)?;
        if let Err(error) = write_empty(path, profile, &id, now) {
            // Half a city file would only stand in the way of the next attempt.
            let _ = std::fs::remove_file(path);
            return Err(error);
        }
        Ok(Self { path: path.to_owned(), id, version: 0, written: 0, journal, _lock: lock })
    }

    /// Opens an existing city for writing.
    ///
    /// # Errors
    /// Missing, foreign, damaged, or open in another Gridweave.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        if !path.exists() {
            return Err(StoreError::Missing(path.to_owned()));
        }
        let db = geopackage::open_to_read(path)?;
        // First, so that no lock or journal is left beside a file that is something else.
        let id = geopackage::identify(&db, path)?;
        let lock = lock(path)?;
        let journal = Journal::open(&beside(path, "journal"), &id)?;
        let checkpointed = stamped(&db, path)?;
        let version = journal.after(checkpointed)?.last().map_or(checkpointed, |entry| entry.version);
        Ok(Self { path: path.to_owned(), id, version, written: checkpointed, journal, _lock: lock })
    }

    /// Everything acknowledged so far.
    ///
    /// # Errors
    /// The file cannot be read or is damaged.
    pub fn load(&self) -> Result<Stored, StoreError> {
        let mut stored = read_only(&self.path)?;
        for entry in self.journal.after(stored.version)? {
            entry.change.apply(&mut stored.world, &mut stored.profile)?;
            (stored.version, stored.since) = (entry.version, entry.time);
        }
        Ok(stored)
    }

    fn write_pending(&self) -> Result<(), StoreError> {
        let path = &self.path;
        let mut db = geopackage::open_to_write(path, false)?;
        let tx = db.transaction_with_behavior(TransactionBehavior::Immediate).at(path)?;
        // Somebody may have put another file in its place since it was opened.
        if geopackage::identify(&tx, path)? != self.id {
            return Err(StoreError::StrangeJournal(beside(path, "journal")));
        }
        for entry in self.journal.after(stamped(&tx, path)?)? {
            geopackage::write(&tx, &entry.change.edits).at(path)?;
            stamp(&tx, entry.version, entry.time).at(path)?;
        }
        tx.commit().at(path)
    }
}

impl Store for Embedded {
    fn commit(&mut self, change: &Change, effect: &Effect) -> Result<(u64, Timestamp), StoreError> {
        let (version, now) = (self.version + 1, Timestamp::now());
        self.journal.append(version, now, change, effect, true)?;
        self.version = version;
        Ok((version, now))
    }

    fn history(&self, versions: RangeInclusive<u64>, limit: usize) -> Result<Vec<Entry>, StoreError> {
        self.journal.history(versions, limit)
    }

    fn effect(&self, version: u64) -> Result<Option<Effect>, StoreError> {
        self.journal.effect(version)
    }

    fn note(&mut self, key: &str, text: &str) -> Result<(), StoreError> {
        self.journal.note(key, text)
    }

    fn noted(&self, key: &str) -> Result<Option<String>, StoreError> {
        self.journal.noted(key)
    }

    fn checkpoint(&mut self) -> Result<Checkpoint, StoreError> {
        if self.written == self.version {
            return Ok(Checkpoint::Done);
        }
        match self.write_pending() {
            Ok(()) => {
                self.written = self.version;
                self.journal.trim(self.version)?;
                Ok(Checkpoint::Done)
            }
            Err(StoreError::Sqlite { error, .. }) if is_busy(&error) => Ok(Checkpoint::Busy),
            Err(error) => Err(error),
        }
    }
}

fn write_empty(path: &Path, profile: &Profile, id: &str, now: Timestamp) -> Result<(), StoreError> {
    let mut db = geopackage::open_to_write(path, true)?;
    let tx = db.transaction().at(path)?;
    geopackage::create(&tx, &Layer::ALL, "fid").at(path)?;
    geopackage::create_about(&tx, id).at(path)?;
    geopackage::write(&tx, &[Edit::Describe(Box::new(profile.clone()))]).at(path)?;
    stamp(&tx, 0, now).at(path)?;
    tx.commit().at(path)
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked))
}

/// Reads a city file as another program would: the last checkpoint, without the journal and without a lock that outlives
/// the call. Works while a server writes.
///
/// # Errors
/// Missing, foreign or damaged.
pub fn read_only(path: &Path) -> Result<Stored, StoreError> {
    if !path.exists() {
        return Err(StoreError::Missing(path.to_owned()));
    }
    let mut db = geopackage::open_to_read(path)?;
    // One transaction, so that all layers are of the same version.
    let tx = db.transaction().at(path)?;
    geopackage::load(&tx, path)
}

/// `city.gpkg` -> `city.gpkg.gridweave-journal`. SQLite itself owns the name `city.gpkg-journal`.
fn beside(path: &Path, what: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".gridweave-{what}"));
    name.into()
}

fn lock(path: &Path) -> Result<Lock, StoreError> {
    let name = beside(path, "lock");
    let file = File::create(&name).at(&name)?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked(path.to_owned())),
        Err(TryLockError::Error(error)) => Err(StoreError::Io { path: name, error }),
    }
}

fn stamp(db: &Connection, version: u64, time: Timestamp) -> rusqlite::Result<()> {
    geopackage::set(db, "version", &version.to_string())?;
    geopackage::set(db, "since", &time.to_string())
}

fn stamped(db: &Connection, path: &Path) -> Result<u64, StoreError> {
    let text = geopackage::get(db, "version").at(path)?;
    text.and_then(|t| t.parse().ok()).ok_or_else(|| StoreError::Damaged {
        what: "table gridweave, key version".into(),
        why: "missing or not a number".into(),
    })
}

/// The edits that make an empty city into `world`.
pub fn edits_of(world: &World) -> Vec<Edit> {
    Layer::ALL.into_iter().flat_map(|layer| world.records(layer).map(move |record| Edit::Put(layer, record))).collect()
}
