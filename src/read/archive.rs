//! ZIP archives: each file in one that is of a format read here gives its sheets, named by the file. Spreadsheets are
//! ZIP archives too and go to their own reader.

use super::bundle::{self, Body, Bundle, Part, is_shapefile_part};
use super::detect::{self, Found, unreadable};
use super::raw::{Fault, Format, Opened, Sheet};
use super::text;
use crate::model::{Problem, Severity};
use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;
use zip::ZipArchive;
use zip::result::ZipError;

/// All files of an archive together, unpacked, since they are held in memory.
const MOST_BYTES: u64 = 1 << 29;
/// Tables of blanks shrink to a hundredth. What shrinks further is looked at only while it is small.
const MOST_RATIO: u64 = 200;
const SMALL: u64 = 64 << 20;
/// Files in one archive.
const MOST_FILES: usize = 100_000;
/// Endings of files that are read from archives; others (pictures, read-me texts, metadata) are left aside.
const READ: [&str; 20] = [
    "shp",
    "geojson",
    "json",
    "geojsons",
    "geojsonl",
    "ndgeojson",
    "ndjson",
    "kml",
    "gpx",
    "plt",
    "csv",
    "tsv",
    "fgb",
    "gpkg",
    "xls",
    "xlsx",
    "xlsb",
    "ods",
    "et",
    "dbf",
];

/// What the list of files in an archive makes of it.
pub(super) enum Kind {
    /// A workbook of a spreadsheet program.
    Workbook,
    /// A text or a presentation of an office program.
    Document,
    /// Files.
    Files,
}

/// Looks at the list of files.
///
/// # Errors
/// It is damaged.
pub(super) fn kind(body: &Body) -> Result<Kind, Fault> {
    let archive = ZipArchive::new(body.open().map_err(|error| unreadable(&error))?).map_err(|error| told(&error))?;
    let names: Vec<&[u8]> = archive.file_names_raw().take(MOST_FILES).collect();
    let has = |wanted: &[u8]| names.iter().any(|name| name.starts_with(wanted));
    // Open Packaging (XLSX, DOCX) and OpenDocument list themselves in a file of a fixed name.
    let office = names.contains(&&b"[Content_Types].xml"[..]);
    let open_document = names.contains(&&b"mimetype"[..]) && has(b"content.xml");
    if office && has(b"xl/") {
        return Ok(Kind::Workbook);
    }
    if open_document {
        let mut kind = String::new();
        let mut archive = archive;
        if let Ok(file) = archive.by_name("mimetype") {
            // Whatever cannot be read of it names no spreadsheet.
            let _ = file.take(200).read_to_string(&mut kind);
        }
        return Ok(if kind.contains("spreadsheet") { Kind::Workbook } else { Kind::Document });
    }
    Ok(if office { Kind::Document } else { Kind::Files })
}

/// Opens what is in an archive.
///
/// # Errors
/// It is damaged, encrypted, made to fill memory, or holds nothing that is read.
pub(super) fn open(bundle: &Bundle, progress: &(dyn Fn(u64, u64) + Sync)) -> Result<Opened, Fault> {
    let (files, aside) = unpack(&bundle.main.body, progress)?;
    if files.is_empty() {
        let others = if aside.is_empty() { String::new() } else { format!(", only {}", listed(&aside)) };
        let message = format!("the archive holds no file of a kind that is read{others}");
        let remedy = "pack the .shp with its .dbf and .prj, or GeoJSON, KML, GeoPackage, FlatGeobuf, CSV or XLSX";
        return Err(Fault::new("archive-without-data", message, remedy));
    }
    let alone = files.len() == 1;
    let mut format = None;
    let mut sheets: Vec<Sheet> = Vec::new();
    let mut problems = Vec::new();
    for file in &files {
        match open_file(file, progress) {
            Ok((found, of_file)) => {
                format = format.or(Some(found));
                let several = of_file.len() > 1;
                for mut sheet in of_file {
                    let stem = bundle::stem(&file.name);
                    sheet.name = if several { format!("{stem}/{}", sheet.name) } else { stem.to_owned() };
                    sheets.push(sheet);
                }
            }
            Err(fault) if alone => {
                return Err(Fault { message: format!("{}: {}", file.name, fault.message), ..fault });
            }
            Err(fault) => {
                let fault = Fault { message: format!("{}: {}", file.name, fault.message), ..fault };
                problems.push((fault.code, fault.message.clone(), fault.remedy.clone()));
            }
        }
    }
    shorten(&mut sheets);
    let Some(format) = format else {
        let (code, message, remedy) = problems.into_iter().next().unwrap_or_default();
        return Err(Fault::new(code, message, remedy));
    };
    for sheet in &mut sheets {
        for (code, message, remedy) in &problems {
            sheet.problems.push(Problem::new(Severity::Warning, code, message.clone(), remedy.clone()));
        }
        if !aside.is_empty() {
            let message = format!("left aside in the archive: {}", listed(&aside));
            sheet.problems.push(Problem::new(Severity::Note, "archive-aside", message, "nothing to do"));
        }
    }
    Ok(Opened { format, sheets })
}

fn open_file(file: &Bundle, progress: &(dyn Fn(u64, u64) + Sync)) -> Result<(Format, Vec<Sheet>), Fault> {
    match detect::detect(&file.main)? {
        Found::Archive => {
            Err(Fault::new("archive-in-archive", "an archive within the archive", "unpack the outer one"))
        }
        Found::Is(Format::Osm) => Err(Fault::new(
            "format-is-osm",
            "an OpenStreetMap file in an archive",
            "unpack it and read it with --as osm",
        )),
        Found::Is(format) => Ok((format, super::sheets(format, file, progress)?)),
    }
}

/// Folders are left off names as far as the names stay different.
fn shorten(sheets: &mut [Sheet]) {
    let short = |name: &str| name.rsplit('/').next().unwrap_or(name).to_owned();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for sheet in sheets.iter() {
        *seen.entry(short(&sheet.name)).or_default() += 1;
    }
    for sheet in sheets {
        let name = short(&sheet.name);
        if seen.get(&name) == Some(&1) {
            sheet.name = name;
        }
    }
}

/// The files that are read, those of one shapefile together, and the names of the others.
fn unpack(body: &Body, progress: &(dyn Fn(u64, u64) + Sync)) -> Result<(Vec<Bundle>, Vec<String>), Fault> {
    let mut archive =
        ZipArchive::new(body.open().map_err(|error| unreadable(&error))?).map_err(|error| told(&error))?;
    if archive.len() > MOST_FILES {
        let message = format!("{} files in one archive", archive.len());
        return Err(Fault::new("archive-too-large", message, "pack only the files of one district"));
    }
    let mut parts: BTreeMap<String, Vec<Part>> = BTreeMap::new();
    let mut aside = Vec::new();
    let (mut unpacked, total) = (0, archive.len() as u64);
    for i in 0..archive.len() {
        progress(i as u64, total);
        let file = match archive.by_index(i) {
            Ok(file) => file,
            Err(error) => return Err(told(&error)),
        };
        let name = text::decode(file.name_raw())
            .map_or_else(|| String::from_utf8_lossy(file.name_raw()).into_owned(), |(name, _)| name.replace('\\', "/"));
        let own = name.rsplit('/').next().unwrap_or(&name).to_owned();
        if file.is_dir() || own.is_empty() || own.starts_with('.') || name.starts_with("__MACOSX/") {
            continue;
        }
        let extension = bundle::extension(&own);
        if !is_shapefile_part(&own) && !READ.contains(&extension.as_str()) {
            aside.push(name);
            continue;
        }
        let packed = file.compressed_size();
        let allowed = (MOST_BYTES - unpacked).min(SMALL.max(packed.saturating_mul(MOST_RATIO)));
        let mut bytes = Vec::new();
        file.take(allowed + 1).read_to_end(&mut bytes).map_err(|error| {
            let message = format!("{name} in the archive cannot be unpacked: {error}");
            Fault::new("archive-damaged", message, "copy the archive again, or pack it again")
        })?;
        if bytes.len() as u64 > allowed {
            let message = format!("{name} in the archive unpacks to more than {allowed} bytes from {packed}");
            let remedy = "unpack the archive and give the file itself, if it is what it should be";
            return Err(Fault::new("archive-too-large", message, remedy));
        }
        unpacked += bytes.len() as u64;
        // The parts of one shapefile have one name but for the ending.
        let key = if is_shapefile_part(&own) { bundle::stem(&name).to_owned() } else { name.clone() };
        parts.entry(key).or_default().push(Part { name, body: Body::Bytes(Arc::from(bytes)) });
    }
    let mut files = Vec::new();
    for parts in parts.into_values() {
        let file = Bundle::of_parts(parts);
        if READ.contains(&bundle::extension(&file.main.name).as_str()) {
            files.push(file);
        } else {
            aside.push(file.main.name);
        }
    }
    Ok((files, aside))
}

fn listed(names: &[String]) -> String {
    let shown = names.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > 5 { format!("{shown} and {} more", names.len() - 5) } else { shown }
}

fn told(error: &ZipError) -> Fault {
    match error {
        ZipError::Io(error) => Fault::new("archive-damaged", format!("cannot be unpacked: {error}"), "pack it again"),
        ZipError::UnsupportedArchive(why) => {
            let message = format!("the archive cannot be unpacked here: {why}");
            Fault::new("archive-unreadable", message, "unpack it, and pack it as plain ZIP without a password")
        }
        other => Fault::new("archive-damaged", format!("the archive is damaged: {other}"), "copy it again"),
    }
}
