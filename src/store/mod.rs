//! Where a city is kept: a city file (GeoPackage) that other programs may open, and a private journal beside it.
//!
//! A change is acknowledged once it is in the journal; the city file is the journal's checkpoint and may lag behind
//! while another program holds a lock on it. What was acknowledged is never lost: opening replays what the city file
//! has not seen.

mod embedded;
mod export;
mod geopackage;
mod history;
mod journal;
mod memory;
mod rtree;
mod wkb;

use crate::model::{Layer, Profile, Record, World};
pub use embedded::{Embedded, edits_of, read_only};
pub use export::export as export_geopackage;
pub use history::{Effect, Entry, Touched};
pub use memory::Memory;
use rusqlite::ErrorCode;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::path::PathBuf;

/// Whether a file is a city file, which nothing but its own changes should ever write to.
pub fn is_city_file(path: &std::path::Path) -> bool {
    path.is_file() && geopackage::open_to_read(path).is_ok_and(|db| geopackage::identify(&db, path).is_ok())
}

/// One step of a change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edit {
    /// Adds a feature or replaces the one with its id, which is never 0 here.
    Put(Layer, Record),
    /// Removes a feature.
    Delete(Layer, u32),
    /// Replaces what the city says of itself.
    Describe(Box<Profile>),
}

/// Edits that hold together: all or none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Change {
    /// Who, for the history; empty where nobody said.
    pub author: String,
    /// Why, for the history: `import communities.geojson as communities`.
    pub reason: String,
    /// The version that it takes back.
    pub undoes: Option<u64>,
    /// What, in order.
    pub edits: Vec<Edit>,
}

impl Change {
    /// Applies the edits to values in memory. The records were accepted by a world before, so none is refused now;
    /// one that is (a damaged file) is named.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] with the layer, the id and the field.
    pub fn apply(&self, world: &mut World, profile: &mut Profile) -> Result<(), StoreError> {
        let mut edits = self.edits.iter().peekable();
        while let Some(edit) = edits.next() {
            match edit {
                Edit::Put(layer, record) => {
                    // An import puts a million in a row, and undoing a removal puts them between others.
                    let more = std::iter::from_fn(|| match edits.next_if(|next| of_layer(next, *layer)) {
                        Some(Edit::Put(_, record)) => Some(record),
                        _ => None,
                    });
                    let all = std::iter::once(record).chain(more);
                    world.put_all(*layer, all).map_err(|(id, fault)| StoreError::Damaged {
                        what: format!("{} {id}", layer.singular()),
                        why: fault.to_string(),
                    })?;
                }
                Edit::Delete(layer, id) => {
                    // A layer that is replaced loses thousands in a row; one by one each would move all that follow.
                    let mut gone = BTreeSet::from([*id]);
                    while let Some(Edit::Delete(_, id)) =
                        edits.next_if(|next| matches!(next, Edit::Delete(same, _) if same == layer))
                    {
                        gone.insert(*id);
                    }
                    world.delete_all(*layer, &gone);
                }
                Edit::Describe(new) => profile.clone_from(new),
            }
        }
        Ok(())
    }
}

fn of_layer(edit: &Edit, layer: Layer) -> bool {
    matches!(edit, Edit::Put(same, _) if *same == layer)
}

/// A city as it was when it was read.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Everything in it.
    pub world: World,
    /// What it says of itself.
    pub profile: Profile,
    /// The number of the last change in it.
    pub version: u64,
    /// When that change was made, RFC 3339.
    pub since: jiff::Timestamp,
}

/// Whether a checkpoint got through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checkpoint {
    /// The city file holds every acknowledged change.
    Done,
    /// A reader holds a lock; the changes are safe in the journal and the next attempt will write them.
    Busy,
}

/// A place that keeps the changes of a city. Held by one writer.
pub trait Store: Send {
    /// Makes a change durable and returns its version; when it returns, the change survives a crash and a power cut. Its
    /// effect is kept beside it, so that it can be taken back.
    ///
    /// # Errors
    /// The change is not acknowledged: disk full, file locked.
    fn commit(&mut self, change: &Change, effect: &Effect) -> Result<(u64, jiff::Timestamp), StoreError>;

    /// The changes of these versions, newest first, at most so many.
    ///
    /// # Errors
    /// The journal cannot be read.
    fn history(&self, versions: RangeInclusive<u64>, limit: usize) -> Result<Vec<Entry>, StoreError>;

    /// The effect of a change; `None` where there is no such change or it is kept no longer.
    ///
    /// # Errors
    /// The journal cannot be read.
    fn effect(&self, version: u64) -> Result<Option<Effect>, StoreError>;

    /// Keeps a note for whoever opens the city next, in place of the one under this key.
    ///
    /// # Errors
    /// Disk full and the like.
    fn note(&mut self, key: &str, text: &str) -> Result<(), StoreError>;

    /// The note under a key.
    ///
    /// # Errors
    /// The journal cannot be read.
    fn noted(&self, key: &str) -> Result<Option<String>, StoreError>;

    /// Brings the city file up to date with the journal.
    ///
    /// # Errors
    /// Anything but a reader's lock.
    fn checkpoint(&mut self) -> Result<Checkpoint, StoreError>;
}

/// Why a city cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No such file.
    #[error("{} does not exist; create it with `gridweave import FILE --into {} --as LAYER`", .0.display(), .0.display())]
    Missing(PathBuf),
    /// The file to be made is there already.
    #[error("{} exists already; remove it, or name another file", .0.display())]
    Exists(PathBuf),
    /// Another Gridweave writes it.
    #[error("{} is open for writing in another Gridweave; stop that one, or work through its server", .0.display())]
    Locked(PathBuf),
    /// It is something else.
    #[error("{} is not a city file: {why}; import it into one with `gridweave import`", .path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// How we know.
        why: String,
    },
    /// The journal beside it belongs to another city.
    #[error("the journal {} belongs to another city file; move it away if this city file is the one you mean", .0.display())]
    StrangeJournal(PathBuf),
    /// The city file was put back from a copy, and what happened since is not kept any more.
    #[error("the city file is an older copy than its journal {} goes with; put the newer one back, or move the journal away to go on from this one", .0.display())]
    OldCopy(PathBuf),
    /// The journal is of a kind that this program does not know.
    #[error("the journal {} was written by a newer Gridweave; use that one", .0.display())]
    NewerJournal(PathBuf),
    /// A row cannot be understood.
    #[error("the city file is damaged at {what}: {why}; restore it from a copy, or repair that row in QGIS")]
    Damaged {
        /// Where.
        what: String,
        /// How.
        why: String,
    },
    /// SQLite's own words.
    #[error("{}: {error}", .path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// Disk full, locked, malformed, ...
        error: rusqlite::Error,
    },
    /// The file system's own words.
    #[error("{}: {error}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Permission, disk full, ...
        error: std::io::Error,
    },
}

impl StoreError {
    /// Whether the machine rather than the data is at fault (exit code 3).
    pub fn is_environment(&self) -> bool {
        match self {
            Self::Locked(_) | Self::Io { .. } => true,
            // `Unknown` is SQLite's word for a missing table or column; no code at all is a value of the wrong type.
            Self::Sqlite { error, .. } => !matches!(
                error.sqlite_error_code(),
                None | Some(ErrorCode::Unknown | ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
            ),
            _ => false,
        }
    }
}

/// Attaches the file to SQLite's errors.
trait At<T> {
    fn at(self, path: &std::path::Path) -> Result<T, StoreError>;
}

impl<T> At<T> for rusqlite::Result<T> {
    fn at(self, path: &std::path::Path) -> Result<T, StoreError> {
        self.map_err(|error| StoreError::Sqlite { path: path.to_owned(), error })
    }
}

impl<T> At<T> for std::io::Result<T> {
    fn at(self, path: &std::path::Path) -> Result<T, StoreError> {
        self.map_err(|error| StoreError::Io { path: path.to_owned(), error })
    }
}
