//! The open city: one immutable snapshot that everybody reads, and the store behind it.
//!
//! A reader takes the current [`Snapshot`] and never waits. A change goes to the store first; once it is durable a new
//! snapshot is built and swapped in with one atomic pointer.

pub mod ask;
mod batch;
pub mod check;
pub mod desk;
pub mod edit;
pub mod export;
mod households;
pub mod import;
pub mod jobs;
mod search;
mod shelf;
mod slivers;
pub mod table;
pub mod undo;

pub use search::Found;
pub use shelf::{MAX_ZOOM, Shelf};

use crate::index::{Facts, Ground};
use crate::model::{Profile, World};
use crate::read::evidence::Known;
use crate::store::{
    Change, Checkpoint, Effect, Embedded, Entry, Memory, Store, StoreError, Stored, edits_of, read_only,
};
use arc_swap::ArcSwap;
use jiff::Timestamp;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A city at one version: nothing in it ever changes.
#[derive(Debug)]
pub struct Snapshot {
    /// All things.
    pub world: World,
    /// What the city says of itself.
    pub profile: Profile,
    /// The number of the last change.
    pub version: u64,
    /// When that change was made.
    pub since: Timestamp,
    /// By which places are found.
    pub ground: Ground,
    /// What is known about them.
    pub facts: Facts,
    /// Its map layers, prepared when first asked for.
    pub shelf: Shelf,
    names: std::sync::OnceLock<search::Names>,
    borders: std::sync::OnceLock<crate::index::Borders>,
    known: std::sync::OnceLock<Option<Arc<Known>>>,
}

impl Snapshot {
    /// Derives everything from what was stored.
    pub fn build(stored: Stored) -> Self {
        let Stored { world, profile, version, since } = stored;
        let day = Timestamp::now().to_zoned(jiff::tz::TimeZone::system()).date();
        let ground = Ground::build(&world);
        let facts = Facts::build(&world, &profile, &ground, day);
        Self {
            world,
            profile,
            version,
            since,
            ground,
            facts,
            shelf: Shelf::default(),
            names: Default::default(),
            borders: Default::default(),
            known: Default::default(),
        }
    }

    /// What the city knows of the ground, as evidence for the datum of a file. Prepared when first asked for; `None` in a
    /// city without places.
    pub fn known(&self) -> Option<Arc<Known>> {
        self.known.get_or_init(|| Known::of(&self.world).map(Arc::new)).clone()
    }

    /// The city as it is in its file, for verbs that only read. Works while a server has it open.
    ///
    /// # Errors
    /// Missing, foreign or damaged file.
    pub fn read(path: &Path) -> Result<Self, StoreError> {
        read_only(path).map(Self::build)
    }
}

/// A city open for writing.
pub struct City {
    /// Held by whoever works out a change from the snapshot until that change is in it: no two start from the same one.
    writer: Mutex<()>,
    /// Held for as long as the store is asked something.
    store: Mutex<Box<dyn Store>>,
    current: ArcSwap<Snapshot>,
}

impl City {
    /// Opens a city file as its one writer.
    ///
    /// # Errors
    /// Missing, foreign, damaged, or open in another Gridweave.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let mut store = Embedded::open(path)?;
        // What a crash left in the journal belongs in the file before anybody reads it.
        write_down(&mut store);
        Self::with(store)
    }

    /// Creates a city file that holds `world` as its first change.
    ///
    /// # Errors
    /// The file exists or cannot be written.
    pub fn create(path: &Path, profile: &Profile, world: &World, reason: &str) -> Result<Self, StoreError> {
        let mut store = Embedded::create(path, profile)?;
        if *world != World::default() {
            let change = Change { reason: reason.to_owned(), edits: edits_of(world), ..Change::default() };
            let effect = Effect::of(&change, (&World::default(), profile), (world, profile));
            if let Err(error) = store.commit(&change, &effect) {
                // An empty city is not what was asked for.
                let _ = std::fs::remove_file(path);
                return Err(error);
            }
            write_down(&mut store);
        }
        Self::with(store)
    }

    /// A city that is gone when the program ends.
    ///
    /// # Errors
    /// There is no memory left.
    pub fn in_memory(profile: Profile, world: World) -> Result<Self, StoreError> {
        let stored = Stored { world, profile, version: 1, since: Timestamp::now() };
        Ok(Self::of(Memory::new(stored.version)?, stored))
    }

    fn with(store: Embedded) -> Result<Self, StoreError> {
        let stored = store.load()?;
        Ok(Self::of(store, stored))
    }

    fn of(store: impl Store + 'static, stored: Stored) -> Self {
        let current = ArcSwap::from_pointee(Snapshot::build(stored));
        Self { writer: Mutex::default(), store: Mutex::new(Box::new(store)), current }
    }

    /// The city as it is now. Cheap; hold it for as long as one answer needs a consistent view.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// Makes a change: durable first, then visible.
    ///
    /// # Errors
    /// The change did not happen.
    pub fn commit(&self, change: &Change) -> Result<Arc<Snapshot>, StoreError> {
        let _writer = self.writing();
        self.make(self.snapshot(), change)
    }

    /// Makes the change that `plan` works out from the city as it is; no other change comes between. One without edits
    /// leaves the city as it is.
    ///
    /// # Errors
    /// What `plan` refuses, and what keeps the change from happening.
    pub fn change<E: From<StoreError>>(
        &self,
        plan: impl FnOnce(&Snapshot) -> Result<Change, E>,
    ) -> Result<Arc<Snapshot>, E> {
        let _writer = self.writing();
        let before = self.snapshot();
        let change = plan(&before)?;
        if change.edits.is_empty() {
            return Ok(before);
        }
        Ok(self.make(before, &change)?)
    }

    fn make(&self, before: Arc<Snapshot>, change: &Change) -> Result<Arc<Snapshot>, StoreError> {
        let (mut world, mut profile) = (before.world.clone(), before.profile.clone());
        change.apply(&mut world, &mut profile)?;
        let effect = Effect::of(change, (&before.world, &before.profile), (&world, &profile));
        drop(before);
        let (version, since) = self.store().commit(change, &effect)?;
        drop(effect);
        let after = Arc::new(Snapshot::build(Stored { world, profile, version, since }));
        self.current.store(after.clone());
        write_down(self.store().as_mut());
        Ok(after)
    }

    fn writing(&self) -> MutexGuard<'_, ()> {
        // A panic of an earlier holder cannot have left anything half changed: the store's state is in transactions.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The changes of these versions, newest first, at most so many.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn history(&self, versions: RangeInclusive<u64>, limit: usize) -> Result<Vec<Entry>, StoreError> {
        self.store().history(versions, limit)
    }

    /// Keeps a note with the city, in place of the one under this key.
    ///
    /// # Errors
    /// Disk full and the like.
    pub fn note(&self, key: &str, text: &str) -> Result<(), StoreError> {
        self.store().note(key, text)
    }

    /// The note under a key.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn noted(&self, key: &str) -> Result<Option<String>, StoreError> {
        self.store().noted(key)
    }

    fn store(&self) -> MutexGuard<'_, Box<dyn Store>> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Brings the city file up to date, where a reader's lock has kept it behind.
    ///
    /// # Errors
    /// Disk full and the like; the changes stay safe in the journal.
    pub fn checkpoint(&self) -> Result<Checkpoint, StoreError> {
        self.store().checkpoint()
    }
}

/// Tries to bring the city file up to date. A failure goes to the log only: what was acknowledged is safe in the journal,
/// and whoever keeps the city open tries again.
fn write_down(store: &mut dyn Store) {
    if let Err(error) = store.checkpoint() {
        tracing::error!(%error, "the city file could not be brought up to date; changes are safe in the journal");
    }
}
