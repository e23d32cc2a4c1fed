//! A file and the files that belong to it: a shapefile is four or five of one name.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where the bytes of a part are.
#[derive(Clone, Debug)]
pub enum Body {
    /// On a disk.
    Path(PathBuf),
    /// In memory.
    Bytes(Arc<[u8]>),
}

/// Something to read and to jump about in.
pub trait ReadSeek: Read + Seek + Send {}
impl<T: Read + Seek + Send> ReadSeek for T {}

impl Body {
    /// How many bytes.
    ///
    /// # Errors
    /// The file system's own.
    pub fn size(&self) -> io::Result<u64> {
        match self {
            Self::Path(path) => std::fs::metadata(path).map(|meta| meta.len()),
            Self::Bytes(bytes) => Ok(bytes.len() as u64),
        }
    }

    /// All of them.
    ///
    /// # Errors
    /// The file system's own.
    pub fn bytes(&self) -> io::Result<Arc<[u8]>> {
        match self {
            Self::Path(path) => std::fs::read(path).map(Into::into),
            Self::Bytes(bytes) => Ok(bytes.clone()),
        }
    }

    /// The first ones, at most `most`.
    ///
    /// # Errors
    /// The file system's own.
    pub fn head(&self, most: usize) -> io::Result<Vec<u8>> {
        let mut head = Vec::new();
        self.open()?.take(most as u64).read_to_end(&mut head)?;
        Ok(head)
    }

    /// A reader with a buffer.
    ///
    /// # Errors
    /// The file system's own.
    pub fn open(&self) -> io::Result<Box<dyn ReadSeek>> {
        Ok(match self {
            Self::Path(path) => Box::new(BufReader::with_capacity(1 << 16, File::open(path)?)),
            Self::Bytes(bytes) => Box::new(Cursor::new(bytes.clone())),
        })
    }
}

/// One file of a bundle.
#[derive(Clone, Debug)]
pub struct Part {
    /// Its name without folders.
    pub name: String,
    /// Its bytes.
    pub body: Body,
}

/// A file as a user means it.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// As the user named it; stands in problems.
    pub name: String,
    /// The file itself.
    pub main: Part,
    /// Those that belong to it.
    pub others: Vec<Part>,
}

/// The parts of a shapefile that are read, besides `.shp`.
const SHAPEFILE: [&str; 4] = ["dbf", "prj", "cpg", "shx"];

/// What follows the last dot, lower case.
pub fn extension(name: &str) -> String {
    name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default()
}

/// What stands before the last dot.
pub fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

impl Bundle {
    /// A file in memory, alone.
    pub fn of_bytes(name: &str, bytes: &[u8]) -> Self {
        let main = Part { name: name.to_owned(), body: Body::Bytes(bytes.into()) };
        Self { name: name.to_owned(), main, others: Vec::new() }
    }

    /// A file on a disk, with the parts beside it when it is a part of a shapefile.
    pub fn of_path(path: &Path) -> Self {
        let file_name =
            |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let main = Part { name: file_name(path), body: Body::Path(path.to_owned()) };
        let mut parts = vec![main];
        if is_shapefile_part(&parts[0].name) {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            // A folder that cannot be listed leaves the parts missing, which the reader tells.
            let mut beside: Vec<PathBuf> =
                std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
            beside.sort();
            for other in beside.into_iter().filter(|other| other != path) {
                let name = file_name(&other);
                if is_shapefile_part(&name) && stem(&name) == stem(&parts[0].name) {
                    parts.push(Part { name, body: Body::Path(other) });
                }
            }
        }
        let mut bundle = Self::of_parts(parts);
        bundle.name = path.display().to_string();
        bundle
    }

    /// Parts that belong together. The `.shp` among them is the file; else the first.
    pub fn of_parts(mut parts: Vec<Part>) -> Self {
        let shp = parts.iter().position(|part| extension(&part.name) == "shp").unwrap_or(0);
        let main = if parts.is_empty() {
            Part { name: String::new(), body: Body::Bytes(Arc::new([])) }
        } else {
            parts.remove(shp)
        };
        Self { name: main.name.clone(), main, others: parts }
    }

    /// The files that a user listed, the parts of one shapefile together: `grids.*` names four files and means one.
    pub fn group(paths: &[PathBuf]) -> Vec<Self> {
        let name = |path: &Path| path.to_string_lossy().into_owned();
        let shapefiles: Vec<String> =
            paths.iter().map(|path| name(path)).filter(|name| extension(name) == "shp").collect();
        let of_another = |path: &PathBuf| {
            let own = name(path);
            extension(&own) != "shp"
                && is_shapefile_part(&own)
                && shapefiles.iter().any(|shapefile| stem(shapefile) == stem(&own))
        };
        paths.iter().filter(|path| !of_another(path)).map(|path| Self::of_path(path)).collect()
    }

    /// The part with an extension, in whatever case it is written.
    pub fn part(&self, wanted: &str) -> Option<&Part> {
        std::iter::once(&self.main).chain(&self.others).find(|part| extension(&part.name) == wanted)
    }
}

/// Whether a name is that of a part of a shapefile.
pub fn is_shapefile_part(name: &str) -> bool {
    let extension = extension(name);
    extension == "shp" || SHAPEFILE.contains(&extension.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_shapefile_are_one_file() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["a.shp", "a.DBF", "a.prj", "a.qmd", "b.dbf", "a.b.shp"] {
            std::fs::write(folder.path().join(name), name).expect("written");
        }
        let bundle = Bundle::of_path(&folder.path().join("a.shp"));
        let others: Vec<&str> = bundle.others.iter().map(|part| part.name.as_str()).collect();
        assert_eq!(others, ["a.DBF", "a.prj"]);
        assert_eq!(bundle.part("dbf").map(|part| part.name.as_str()), Some("a.DBF"));
        let listed: Vec<PathBuf> = ["a.DBF", "a.prj", "a.shp", "b.dbf"].map(|name| folder.path().join(name)).into();
        let names: Vec<String> = Bundle::group(&listed).into_iter().map(|bundle| bundle.main.name).collect();
        assert_eq!(names, ["a.shp", "b.dbf"]);
    }
}
