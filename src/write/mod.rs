//! Layers become files that other programs read.
//!
//! Every format but PMTiles, which is for showing only, brings a layer back as it was: the same ids, values, text and
//! vertices. Ids travel in a column of their own, [`ID`], which no foreign file has by chance; a file that has it is an
//! export of ours and its coordinates are WGS 84. Values are written as they are: a text such as `=1+1` is text in every
//! format, but a spreadsheet that opens a CSV takes it for a formula, as it does with anybody's CSV; XLSX has text cells.
//!
//! Writers stream where their format allows. They tell how far they are through a [`Progress`], which may stop them.

pub mod csv;
pub mod draft;
pub mod flatgeobuf;
pub mod geojson;
pub mod pmtiles;
pub mod problems;
pub mod table;
mod wkt;
pub mod xlsx;

pub use crate::config::Format;
pub use draft::Draft;

use std::io;

/// The column that keeps the number of a thing within its layer. In GeoJSON a property beside the feature's `id`; in a
/// GeoPackage the primary key.
pub const ID: &str = "gridweave_id";

/// Told how much is done and how much there is; an error stops the writer, which gives it back.
pub type Progress<'a> = &'a dyn Fn(u64, u64) -> io::Result<()>;

/// What an export says of where it comes from.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The name of the city.
    pub city: &'a str,
    /// The number of the city's last change.
    pub version: u64,
    /// Whom the city's sources ask to be named.
    pub attribution: &'a [String],
}

/// Why an export failed.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The file system's own words, or what stopped the writer.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A spreadsheet cannot hold so much.
    #[error(
        "a spreadsheet holds {} rows below its header and here are {rows}; take csv, flatgeobuf or geopackage, or .jsonl for problems",
        xlsx::MOST_ROWS
    )]
    TooManyRows {
        /// How many rows there are.
        rows: usize,
    },
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 6] =
        [Self::Geojson, Self::Flatgeobuf, Self::Geopackage, Self::Csv, Self::Xlsx, Self::Pmtiles];

    /// The name that people use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Geojson => "GeoJSON",
            Self::Flatgeobuf => "FlatGeobuf",
            Self::Geopackage => "a GeoPackage",
            Self::Csv => "CSV",
            Self::Xlsx => "XLSX",
            Self::Pmtiles => "PMTiles",
        }
    }

    /// What the names of its files end in, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Geojson => "geojson",
            Self::Flatgeobuf => "fgb",
            Self::Geopackage => "gpkg",
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Pmtiles => "pmtiles",
        }
    }

    /// The format whose files end so, in any case of letters.
    pub fn of_extension(extension: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.extension().eq_ignore_ascii_case(extension))
    }

    /// The media type of its files.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Geojson => "application/geo+json",
            Self::Flatgeobuf => "application/flatgeobuf",
            Self::Geopackage => "application/geopackage+sqlite3",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Pmtiles => "application/vnd.pmtiles",
        }
    }

    /// Whether a file holds one layer and no more.
    pub fn holds_one_layer(self) -> bool {
        !matches!(self, Self::Geopackage | Self::Pmtiles)
    }

    /// Whether it is text, which may go to standard output.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Geojson | Self::Csv)
    }
}

/// Tells a progress now and then: asking a clock or a channel for each row would cost more than writing it.
fn tell(progress: Progress<'_>, done: u64, all: u64) -> io::Result<()> {
    if done.is_multiple_of(1024) { progress(done, all) } else { Ok(()) }
}
