//! A file that appears whole or not at all.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// A file being written beside the place it is meant for, so that a failed export neither leaves half a file nor costs
/// the one that was there. Dropped unpublished, it is gone.
#[derive(Debug)]
pub struct Draft {
    temporary: NamedTempFile,
    target: PathBuf,
}

impl Draft {
    /// Begins an empty file for a target, which is another file to be replaced or a name not taken yet.
    ///
    /// # Errors
    /// The folder is missing or closed, or the target is something that cannot be replaced: a folder, a device.
    pub fn of(target: &Path) -> io::Result<Self> {
        // A link stays a link to the file that is replaced.
        let target = target.canonicalize().unwrap_or_else(|_| target.to_owned());
        let there = fs::metadata(&target).ok();
        match &there {
            Some(there) if there.is_dir() => return Err(ErrorKind::IsADirectory.into()),
            Some(there) if !there.is_file() => {
                return Err(io::Error::new(ErrorKind::InvalidInput, "not a file that can be replaced; name another"));
            }
            // Renaming would not ask.
            Some(there) if there.permissions().readonly() => return Err(ErrorKind::PermissionDenied.into()),
            _ => {}
        }
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        builder.prefix(".gridweave-").suffix(".part");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // As any new file: what the user's mask leaves of it. A temporary file would be closed to others.
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let temporary = builder.tempfile_in(folder)?;
        // What was closed to others stays closed.
        there.map_or(Ok(()), |there| temporary.as_file().set_permissions(there.permissions()))?;
        Ok(Self { temporary, target })
    }

    /// Where to write.
    pub fn path(&self) -> &Path {
        self.temporary.path()
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    /// The disk is full, or the folder has changed its mind.
    pub fn publish(self) -> io::Result<()> {
        // Written by its path, maybe by SQLite; what reaches the disk is the file's, not the handle's.
        self.temporary.as_file().sync_all()?;
        self.temporary.persist(&self.target).map_err(|failed| failed.error)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_appears_whole_or_not_at_all() {
        let folder = tempfile::tempdir().expect("a folder");
        let target = folder.path().join("out.csv");
        let names = || fs::read_dir(folder.path()).expect("a folder").count();
        fs::write(&target, "old").expect("written");
        let dropped = Draft::of(&target).expect("begins");
        fs::write(dropped.path(), "half").expect("written");
        drop(dropped);
        assert_eq!((fs::read_to_string(&target).expect("there"), names()), ("old".into(), 1));
        let draft = Draft::of(&target).expect("begins");
        fs::write(draft.path(), "new").expect("written");
        draft.publish().expect("published");
        assert_eq!((fs::read_to_string(&target).expect("there"), names()), ("new".into(), 1));
        assert_eq!(Draft::of(folder.path()).map(|_| ()).map_err(|e| e.kind()), Err(ErrorKind::IsADirectory));
        assert!(Draft::of(&target.join("x")).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_and_devices_left_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "old").expect("written");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("closed");
        std::os::unix::fs::symlink(&file, &link).expect("linked");
        let draft = Draft::of(&link).expect("begins");
        fs::write(draft.path(), "new").expect("written");
        draft.publish().expect("published");
        assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
        assert_eq!(fs::read_to_string(&file).expect("there"), "new");
        assert_eq!(fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o600, "closed to others still");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o400)).expect("closed");
        assert_eq!(Draft::of(&file).map(|_| ()).map_err(|e| e.kind()), Err(ErrorKind::PermissionDenied));
        assert!(Draft::of(Path::new("/dev/null")).is_err());
    }
}
