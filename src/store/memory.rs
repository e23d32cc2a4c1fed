//! The store of a city that is gone when the program ends: its things live in the snapshot alone, its history in a
//! journal in memory.

use super::journal::Journal;
use super::{Change, Checkpoint, Effect, Entry, Store, StoreError};
use jiff::Timestamp;
use std::ops::RangeInclusive;

/// Keeps the history of a city without a file.
pub struct Memory {
    version: u64,
    journal: Journal,
}

impl Memory {
    /// Begins after a version.
    ///
    /// # Errors
    /// There is no memory left.
    pub fn new(version: u64) -> Result<Self, StoreError> {
        Ok(Self { version, journal: Journal::in_memory()? })
    }
}

impl Store for Memory {
    fn commit(&mut self, change: &Change, effect: &Effect) -> Result<(u64, Timestamp), StoreError> {
        let (version, now) = (self.version + 1, Timestamp::now());
        // The snapshot holds what the edits made.
        self.journal.append(version, now, change, effect, false)?;
        self.version = version;
        Ok((version, now))
    }

    fn checkpoint(&mut self) -> Result<Checkpoint, StoreError> {
        Ok(Checkpoint::Done)
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
}
