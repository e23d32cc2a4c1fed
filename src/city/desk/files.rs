//! Files that were brought to the desk: in a folder of this process, gone when they are imported, left alone for an hour,
//! or when the process ends.

use super::look::{Look, look};
use crate::read::bundle::{Body, Bundle, Part, extension, is_shapefile_part, stem};
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a file is kept that nobody asks for.
pub const IDLE: Duration = Duration::from_secs(3_600);

/// The folders of all servers on this machine begin with this.
const FOLDER: &str = "gridweave-desk-";

/// The longest name of a file, in characters.
const LONGEST_NAME: usize = 120;

/// Why a file is not taken.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// It has no name.
    #[error("the file has no name; give it one with ?name=grids.shp")]
    Nameless,
    /// There is no room.
    #[error(
        "the files at the desk would take more than {0} MiB; import or delete some first, or start the server with a larger --max-upload-mb"
    )]
    Full(u64),
    /// The disk says so.
    #[error("the file cannot be kept: {0}")]
    Io(#[from] io::Error),
}

/// One source: a file, or the parts of a shapefile.
#[derive(Clone, Debug)]
pub struct OnDesk {
    /// Its number.
    pub id: u64,
    /// The name of the file itself.
    pub name: String,
    /// Names of all its parts, the file itself first.
    pub parts: Vec<String>,
    /// How large all of them are.
    pub bytes: u64,
    /// What it holds.
    pub look: Arc<Look>,
    /// Kept on the disk for as long as somebody reads it.
    folder: Arc<TempDir>,
}

impl OnDesk {
    /// The file and what belongs to it, for the readers. It stays on the disk for as long as `self` lives.
    pub fn bundle(&self) -> Bundle {
        bundle(self.folder.path(), &self.parts)
    }
}

fn bundle(folder: &Path, parts: &[String]) -> Bundle {
    let part = |name: &String| Part { name: name.clone(), body: Body::Path(folder.join(name)) };
    Bundle::of_parts(parts.iter().map(part).collect())
}

/// All files at the desk.
pub struct Files {
    /// Made when the first file comes.
    home: Mutex<Option<Home>>,
    files: Mutex<BTreeMap<u64, (OnDesk, Instant)>>,
    next: AtomicU64,
    /// Bytes that are here or coming.
    taken: Arc<AtomicU64>,
    most: u64,
    /// Held by whoever looks into a file: some formats are held in memory whole, and two at once might be too many.
    looking: Mutex<()>,
}

/// The folder of this process. The lock in it tells other processes that it is in use.
struct Home {
    folder: TempDir,
    _lock: File,
}

/// A file that is coming.
pub struct Coming {
    file: File,
    path: PathBuf,
    name: String,
    bytes: u64,
    taken: Arc<AtomicU64>,
    most: u64,
    arrived: bool,
}

impl Coming {
    /// The next piece of it.
    ///
    /// # Errors
    /// There is no room, or the disk says so.
    pub fn write(&mut self, piece: &[u8]) -> Result<(), FilesError> {
        let size = piece.len() as u64;
        self.bytes += size;
        if self.taken.fetch_add(size, Ordering::Relaxed) + size > self.most {
            return Err(FilesError::Full(self.most >> 20));
        }
        Ok(io::Write::write_all(&mut self.file, piece)?)
    }
}

impl Drop for Coming {
    fn drop(&mut self) {
        if !self.arrived {
            self.taken.fetch_sub(self.bytes, Ordering::Relaxed);
            // What is left lies in the folder that goes when the process ends.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

impl Files {
    /// A desk with room for so many bytes.
    pub fn new(most: u64) -> Self {
        Self {
            home: Mutex::default(),
            files: Mutex::default(),
            next: AtomicU64::new(1),
            taken: Arc::default(),
            most,
            looking: Mutex::default(),
        }
    }

    /// Begins to take a file in.
    ///
    /// # Errors
    /// It has no name, or the disk refuses.
    pub fn take(&self, name: &str) -> Result<Coming, FilesError> {
        let name = plain_name(name).ok_or(FilesError::Nameless)?;
        let path = self.home()?.join(format!("coming-{}", self.next.fetch_add(1, Ordering::Relaxed)));
        let file = File::create_new(&path)?;
        Ok(Coming { file, path, name, bytes: 0, taken: self.taken.clone(), most: self.most, arrived: false })
    }

    /// Puts a file that has come to its like: the parts of a shapefile, which have one name but for the last dot, are one
    /// source, in whatever order they come; a part that comes again replaces the one before. Looks into what it is now.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn put(&self, mut coming: Coming) -> Result<OnDesk, FilesError> {
        let home = self.home()?;
        let mut files = lock(&self.files);
        let sibling = |file: &OnDesk| {
            let same = |part: &String| stem(part).eq_ignore_ascii_case(stem(&coming.name));
            is_shapefile_part(&coming.name) && file.parts.iter().any(|part| is_shapefile_part(part) && same(part))
        };
        let (id, folder, mut parts, mut bytes) = match files.values().find(|(file, _)| sibling(file)) {
            Some((file, _)) => (file.id, file.folder.clone(), file.parts.clone(), file.bytes),
            None => {
                let folder = Arc::new(tempfile::Builder::new().prefix("file-").tempdir_in(home)?);
                (self.next.fetch_add(1, Ordering::Relaxed), folder, Vec::new(), 0)
            }
        };
        // The part that it replaces may be written in other case: `GRIDS.DBF`.
        let same = |part: &String| extension(part) == extension(&coming.name);
        if let Some(at) = parts.iter().position(same) {
            let old = folder.path().join(parts.remove(at));
            let size = std::fs::metadata(&old).map(|meta| meta.len()).unwrap_or(0);
            std::fs::remove_file(&old)?;
            bytes -= size.min(bytes);
            self.taken.fetch_sub(size, Ordering::Relaxed);
        }
        std::fs::rename(&coming.path, folder.path().join(&coming.name))?;
        coming.arrived = true;
        bytes += coming.bytes;
        parts.push(coming.name.clone());
        let of_parts = bundle(folder.path(), &parts);
        let name = of_parts.main.name.clone();
        parts = std::iter::once(&of_parts.main).chain(&of_parts.others).map(|part| part.name.clone()).collect();
        let unseen = OnDesk { id, name, parts, bytes, look: Arc::default(), folder };
        files.insert(id, (unseen.clone(), Instant::now()));
        drop(files);
        let seen = {
            let _alone = lock(&self.looking);
            OnDesk { look: Arc::new(look(&of_parts)), ..unseen }
        };
        // Another part may have come meanwhile; whoever looked at more of them knows better.
        if let Some((file, _)) = lock(&self.files).get_mut(&id)
            && file.parts == seen.parts
        {
            file.look = seen.look.clone();
        }
        Ok(seen)
    }

    /// A file that somebody asks for: it is kept an hour longer.
    pub fn get(&self, id: u64) -> Option<OnDesk> {
        let mut files = lock(&self.files);
        let (file, asked) = files.get_mut(&id)?;
        *asked = Instant::now();
        Some(file.clone())
    }

    /// All of them, in the order in which they came.
    pub fn all(&self) -> Vec<OnDesk> {
        lock(&self.files).values().map(|(file, _)| file.clone()).collect()
    }

    /// Takes a file off the desk; whether it was there.
    pub fn remove(&self, id: u64) -> bool {
        let gone = lock(&self.files).remove(&id);
        if let Some((file, _)) = &gone {
            self.taken.fetch_sub(file.bytes, Ordering::Relaxed);
        }
        gone.is_some()
    }

    /// Takes away what nobody asked for in so long.
    pub fn expire(&self, idle: Duration) {
        let old: Vec<u64> =
            lock(&self.files).iter().filter(|(_, (_, asked))| asked.elapsed() >= idle).map(|(id, _)| *id).collect();
        for id in old {
            self.remove(id);
        }
    }

    fn home(&self) -> io::Result<PathBuf> {
        let mut home = lock(&self.home);
        if let Some(home) = &*home {
            return Ok(home.folder.path().to_owned());
        }
        sweep(&std::env::temp_dir());
        let folder = tempfile::Builder::new().prefix(FOLDER).tempdir()?;
        let lock = File::create(folder.path().join("lock"))?;
        lock.try_lock().map_err(|error| io::Error::other(error.to_string()))?;
        let path = folder.path().to_owned();
        *home = Some(Home { folder, _lock: lock });
        Ok(path)
    }
}

/// Removes what servers left behind that were killed. What cannot be removed stays.
fn sweep(temp: &Path) {
    for entry in std::fs::read_dir(temp).into_iter().flatten().flatten() {
        if !entry.file_name().to_string_lossy().starts_with(FOLDER) {
            continue;
        }
        let Ok(lock) = File::open(entry.path().join("lock")) else { continue };
        if lock.try_lock().is_ok() {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// A name without folders or anything that a file system or a page would trip over; `None` where nothing is left.
fn plain_name(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String =
        last.chars().filter(|c| !c.is_control() && !matches!(c, ':' | '*' | '?' | '"' | '<' | '>' | '|')).collect();
    let kept = kept.trim().trim_start_matches('.');
    // The end tells what the file is.
    let skip = kept.chars().count().saturating_sub(LONGEST_NAME);
    let kept: String = kept.chars().skip(skip).collect();
    (!kept.is_empty()).then_some(kept)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is under these locks is changed in single steps; a panic cannot have left it half changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bring(files: &Files, name: &str, bytes: &[u8]) -> OnDesk {
        let mut coming = files.take(name).expect("room");
        coming.write(bytes).expect("room");
        files.put(coming).expect("kept")
    }

    #[test]
    fn parts_of_a_shapefile_come_together_in_any_order_and_again() {
        let files = Files::new(1_000);
        let dbf = bring(&files, "网格.dbf", b"12345");
        let other = bring(&files, "other.csv", b"a,b");
        let shp = bring(&files, "C:\\data\\网格.SHP", b"1234567");
        assert_eq!((shp.id, shp.name.as_str(), shp.bytes), (dbf.id, "网格.SHP", 12));
        assert_eq!(shp.parts, ["网格.SHP", "网格.dbf"]);
        assert_ne!(other.id, shp.id);
        let again = bring(&files, "网格.DBF", b"1");
        assert_eq!((again.id, again.bytes, again.parts.len()), (shp.id, 8, 2));
        assert_eq!(std::fs::read(again.folder.path().join("网格.DBF")).expect("there"), b"1");
        assert_eq!(files.all().len(), 2);
        assert_eq!(files.taken.load(Ordering::Relaxed), 11);
    }

    #[test]
    fn there_is_room_for_so_much_and_it_comes_back() {
        let files = Files::new(10);
        let first = bring(&files, "a.csv", b"12345678");
        let mut coming = files.take("b.csv").expect("a name");
        assert!(coming.write(b"12").is_ok());
        assert!(matches!(coming.write(b"3"), Err(FilesError::Full(_))));
        drop(coming);
        assert!(files.remove(first.id) && !files.remove(first.id));
        bring(&files, "b.csv", b"1234567890");
        files.expire(Duration::from_secs(60));
        assert_eq!(files.all().len(), 1);
        files.expire(Duration::ZERO);
        assert_eq!((files.all().len(), files.taken.load(Ordering::Relaxed)), (0, 0));
        // Who still reads it has it.
        assert!(first.bundle().main.body.bytes().is_ok());
        let folder = first.folder.path().to_owned();
        drop(first);
        assert!(!folder.exists());
    }

    #[test]
    fn names_are_made_harmless() {
        assert_eq!(plain_name("../../etc/passwd").as_deref(), Some("passwd"));
        assert_eq!(plain_name("..\\..\\x.shp").as_deref(), Some("x.shp"));
        assert_eq!(plain_name("  .hidden:\n ").as_deref(), Some("hidden"));
        for nothing in ["", "/", "..", "a/", " . "] {
            assert_eq!(plain_name(nothing), None, "{nothing:?}");
        }
        assert_eq!(plain_name(&format!("{}.geojson", "长".repeat(300))).map(|n| n.chars().count()), Some(LONGEST_NAME));
        assert!(plain_name(&format!("{}.geojson", "长".repeat(300))).is_some_and(|n| n.ends_with(".geojson")));
    }

    #[test]
    fn what_a_killed_server_left_is_swept_away_and_nothing_else() {
        let temp = tempfile::tempdir().expect("a folder");
        let of = |name: &str| {
            let folder = temp.path().join(name);
            std::fs::create_dir(&folder).expect("folder");
            (folder.clone(), File::create(folder.join("lock")).expect("lock"))
        };
        let (dead, _) = of("gridweave-desk-dead");
        let (alive, lock) = of("gridweave-desk-alive");
        let (foreign, _) = of("foreign");
        lock.try_lock().expect("free");
        sweep(temp.path());
        assert!(!dead.exists() && alive.exists() && foreign.exists());
    }
}
