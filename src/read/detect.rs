//! What a file is, told by its first bytes; its name only decides between kinds of text.

use super::archive::{self, Kind};
use super::bundle::{Part, extension};
use super::raw::{Fault, Format};
use super::text;

/// So many bytes tell every format.
const HEAD: usize = 4096;

/// What a file turned out to be.
pub(super) enum Found {
    /// One file of this format.
    Is(Format),
    /// An archive, in which a file of some format may be.
    Archive,
}

/// Looks at a file.
///
/// # Errors
/// It cannot be opened, is empty, or is something that nobody reads; with the remedy.
pub(super) fn detect(part: &Part) -> Result<Found, Fault> {
    let head = part.body.head(HEAD).map_err(|error| unreadable(&error))?;
    let is = |magic: &[u8]| head.starts_with(magic);
    let refuse = |what: &str, remedy: &str| Err(Fault::new("format-unknown", format!("this is {what}"), remedy));
    if head.is_empty() {
        return Err(Fault::new("file-empty", "the file is empty", "check that it is the right file"));
    }
    if is(b"SQLite format 3\0") {
        return Ok(Found::Is(Format::GeoPackage));
    }
    if is(b"fgb") && head.get(4..7) == Some(b"fgb") {
        return Ok(Found::Is(Format::FlatGeobuf));
    }
    if is(&[0, 0, 0x27, 0x0a]) {
        return Ok(Found::Is(Format::Shapefile));
    }
    if is(&[0xD0, 0xCF, 0x11, 0xE0]) {
        return Ok(Found::Is(Format::Spreadsheet));
    }
    if is(b"PK\x03\x04") || is(b"PK\x05\x06") {
        // An archive that cannot be opened is what its name says.
        if matches!(extension(&part.name).as_str(), "xlsx" | "xlsm" | "xlsb" | "ods" | "et") {
            return Ok(Found::Is(Format::Spreadsheet));
        }
        return match archive::kind(&part.body)? {
            Kind::Workbook => Ok(Found::Is(Format::Spreadsheet)),
            Kind::Document => refuse("a text document", "save the table in it as XLSX or CSV"),
            Kind::Files => Ok(Found::Archive),
        };
    }
    if is(b"PAR1") {
        return refuse("a Parquet file", "convert it: ogr2ogr -f FlatGeobuf out.fgb FILE");
    }
    if is(b"%PDF") {
        return refuse("a PDF", "ask for the file from which it was printed");
    }
    if is(b"\x1f\x8b") {
        return refuse("a gzip archive", "unpack it first: gunzip FILE");
    }
    if is(b"Rar!") || is(b"7z\xBC\xAF") {
        return refuse("a RAR or 7z archive", "unpack it first, or pack it as ZIP");
    }
    if is(b"\x89PNG") || is(b"\xFF\xD8\xFF") || is(b"II*\0") || is(b"MM\0*") {
        return refuse("a picture", "ask for the data from which it was drawn");
    }
    // The length of the first header, then protobuf field 1 of that header.
    let pbf = head.get(..3).is_some_and(|top| top[..2] == [0, 0])
        && head.get(4..6) == Some(&[0x0a, 0x09])
        && head.get(6..15) == Some(b"OSMHeader");
    if pbf {
        return Ok(Found::Is(Format::Osm));
    }
    match extension(&part.name).as_str() {
        "shp" | "dbf" => return Ok(Found::Is(Format::Shapefile)),
        "shx" | "prj" | "cpg" => {
            let message = "a part of a shapefile without its .shp";
            return Err(Fault::new("shapefile-incomplete", message, "give the .shp file and keep its parts beside it"));
        }
        _ => {}
    }
    text_format(&part.name, &head)
}

/// The cut at the end of the head may fall within a character.
fn text_format(name: &str, head: &[u8]) -> Result<Found, Fault> {
    let text = (0..4).find_map(|cut| text::decode(head.get(..head.len().saturating_sub(cut))?).map(|(text, _)| text));
    let Some(text) = text.filter(|text| !text.chars().take(200).any(|c| c == '\0')) else {
        let message = "neither a format that is read here nor text";
        let remedy = "read are GeoJSON, FlatGeobuf, Shapefile, GeoPackage, CSV, XLS/XLSX, GPX, PLT, KML and OSM; \
                      ogr2ogr -f FlatGeobuf -t_srs EPSG:4326 out.fgb FILE makes most others readable";
        return Err(Fault::new("format-unknown", message, remedy));
    };
    let start = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{1e}' || c == '\u{feff}');
    if start.is_empty() {
        return Err(Fault::new("file-empty", "the file is empty", "check that it is the right file"));
    }
    if start.starts_with(['{', '[']) {
        return Ok(Found::Is(Format::GeoJson));
    }
    if start.starts_with('<') {
        let has = |tag: &str| start.contains(tag);
        if has("<kml") {
            return Ok(Found::Is(Format::Kml));
        }
        if has("<gpx") {
            return Ok(Found::Is(Format::Gpx));
        }
        if has("<osm") || has("<osmChange") {
            return Ok(Found::Is(Format::Osm));
        }
        if let Some(format) = by_extension(name) {
            return Ok(Found::Is(format));
        }
        let message = "XML of an unknown kind";
        return Err(Fault::new("format-unknown", message, "read are KML, GPX and OSM files"));
    }
    if start.starts_with("Geolife trajectory") || extension(name) == "plt" {
        return Ok(Found::Is(Format::Plt));
    }
    // A broken file is told by the reader of its format, not taken for a table.
    Ok(Found::Is(by_extension(name).unwrap_or(Format::Csv)))
}

fn by_extension(name: &str) -> Option<Format> {
    match extension(name).as_str() {
        "geojson" | "json" | "geojsons" | "geojsonl" | "ndgeojson" | "ndjson" => Some(Format::GeoJson),
        "kml" => Some(Format::Kml),
        "gpx" => Some(Format::Gpx),
        "osm" => Some(Format::Osm),
        _ => None,
    }
}

/// A file that the file system does not give.
pub(super) fn unreadable(error: &std::io::Error) -> Fault {
    Fault::new("file-unreadable", format!("cannot be read: {error}"), "check the path and its permissions")
}
