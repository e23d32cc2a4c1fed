//! What a file holds before anything is made of it: tables of cells, some with a geometry, in the file's own datum.
//!
//! Every format ends here and nothing after this module knows formats. A [`Sheet`] is one table: a shapefile, a layer of
//! a GeoPackage, a sheet of a workbook. Its features are visited in the order of the file, as often as somebody asks, so
//! that a file that does not fit into memory can be looked at first and read afterwards.

use super::datum::Crs;
use crate::model::{Coord, Problem, Severity};

/// One value as the file gives it.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Cell {
    /// Nothing.
    #[default]
    Empty,
    /// Yes or no.
    Bool(bool),
    /// A whole number, every digit as written.
    Integer(i64),
    /// A number; if it means a code, digits may be lost.
    Real(f64),
    /// Text, a day as `2026-11-22`.
    Text(String),
    /// Something with parts, shown as text; no field takes it.
    Nested(String),
}

impl Cell {
    /// For a message, cut short.
    pub fn shown(&self) -> String {
        let text = match self {
            Self::Empty => String::new(),
            Self::Bool(b) => b.to_string(),
            Self::Integer(n) => n.to_string(),
            Self::Real(n) => n.to_string(),
            Self::Text(text) | Self::Nested(text) => text.clone(),
        };
        let short: String = text.chars().take(40).collect();
        if short.len() < text.len() { format!("{short}...") } else { short }
    }
}

/// What kind of geometry the positions of an [`Outline`] are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// One position.
    #[default]
    Point,
    /// Several.
    Points,
    /// One list of positions.
    Line,
    /// Several lists.
    Lines,
    /// Lists of positions: an outline, then its holes.
    Polygon,
    /// Groups of such lists.
    Polygons,
    /// Rings whose roles nobody vouches for, as shapefiles hold them.
    Rings,
}

/// Positions in the file's datum, nested lists flattened.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outline {
    /// What they are.
    pub kind: Kind,
    /// Easting or longitude, northing or latitude, in the order in which the file holds them.
    pub positions: Vec<[f64; 2]>,
    /// Where each list of positions ends.
    pub lists: Vec<usize>,
    /// Where each group of lists ends, counted in lists.
    pub groups: Vec<usize>,
}

impl Outline {
    /// One position.
    pub fn point(x: f64, y: f64) -> Self {
        Self { kind: Kind::Point, positions: vec![[x, y]], ..Self::default() }
    }

    /// Forgets everything but its memory.
    pub fn clear(&mut self, kind: Kind) {
        self.kind = kind;
        self.positions.clear();
        self.lists.clear();
        self.groups.clear();
    }

    /// The lists of positions, one by one.
    pub fn lists(&self) -> impl Iterator<Item = &[[f64; 2]]> {
        let starts = std::iter::once(0).chain(self.lists.iter().copied());
        starts.zip(&self.lists).map(|(from, &to)| self.positions.get(from..to).unwrap_or_default())
    }
}

/// Why something is left out: a stable code, what is wrong, what to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// A stable word.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub remedy: String,
    /// Where on the ground, if that is known.
    pub at: Option<Coord>,
}

impl Fault {
    /// A fault.
    pub fn new(code: &'static str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { code, message: message.into(), remedy: remedy.into(), at: None }
    }

    /// The problem that tells it.
    pub fn problem(self, severity: Severity) -> Problem {
        let problem = Problem::new(severity, self.code, self.message, self.remedy);
        match self.at {
            Some(at) => problem.at(at),
            None => problem,
        }
    }
}

/// The geometry of a feature.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Shape {
    /// The table has no geometries; a place may stand in its columns.
    #[default]
    None,
    /// The feature has none.
    Missing,
    /// It makes no sense.
    Faulty(Fault),
    /// Positions.
    Of(Outline),
}

/// One row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Feature {
    /// Its row in a table as the program that shows the table numbers it, its number in other files; the first is 1.
    pub number: u64,
    /// The identifier that the file gives it.
    pub id: Option<String>,
    /// One cell for each column of the sheet; missing ones at the end are empty.
    pub cells: Vec<Cell>,
    /// Where.
    pub shape: Shape,
    /// Why the file's own words make it no feature at all.
    pub fault: Option<Fault>,
}

impl Feature {
    /// The cell of a column.
    pub fn cell(&self, column: usize) -> &Cell {
        self.cells.get(column).unwrap_or(&Cell::Empty)
    }
}

/// What a file says of its datum.
#[derive(Clone, Debug, PartialEq)]
pub enum Declared {
    /// This one.
    As(Crs),
    /// Something that nobody understands.
    Unknown(String),
    /// Nothing, but the format prescribes one, which programs do not always respect: GeoJSON.
    Prescribed(Crs),
    /// Nothing.
    Nothing,
}

/// What rows are called in messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noun {
    /// `feature 12`.
    Feature,
    /// `row 12`.
    Row,
}

/// Something that can be read through, again and again.
pub trait Features: Send + Sync {
    /// Visits the features in the order of the file until `visit` says `false`.
    ///
    /// # Errors
    /// The file ends or breaks in the middle; what was visited so far was right.
    fn each(&self, visit: &mut dyn FnMut(&Feature) -> bool) -> Result<(), Box<Problem>>;
}

impl Features for Vec<Feature> {
    fn each(&self, visit: &mut dyn FnMut(&Feature) -> bool) -> Result<(), Box<Problem>> {
        let _ = self.iter().all(visit);
        Ok(())
    }
}

/// One table of a file.
pub struct Sheet {
    /// The name of the layer or sheet; of the file where it holds only one.
    pub name: String,
    /// What its rows are called.
    pub noun: Noun,
    /// The names of its columns, each once.
    pub columns: Vec<String>,
    /// Whether its features have geometries; in a table without, columns may tell the place.
    pub has_places: bool,
    /// What it says of its datum.
    pub declared: Declared,
    /// How many features it holds; an estimate where the file does not say.
    pub count: u64,
    /// The column in which our own exports keep a thing's number; it is no column of the table.
    pub numbers: Option<usize>,
    /// What opening it brought to light.
    pub problems: Vec<Problem>,
    /// The rows.
    pub features: Box<dyn Features>,
}

impl Sheet {
    /// `feature 12 (way/4711)`.
    pub fn called(&self, feature: &Feature) -> String {
        let numbered = self.numbered(feature.number);
        match &feature.id {
            Some(id) => format!("{numbered} ({})", id.chars().take(40).collect::<String>()),
            None => numbered,
        }
    }

    /// `row 12`.
    pub fn numbered(&self, number: u64) -> String {
        match self.noun {
            Noun::Feature => format!("feature {number}"),
            Noun::Row => format!("row {number}"),
        }
    }
}

/// The format of a file, told by its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the formats by name")]
pub enum Format {
    Osm,
    GeoJson,
    FlatGeobuf,
    Shapefile,
    GeoPackage,
    Csv,
    Spreadsheet,
    Gpx,
    Plt,
    Kml,
}

impl Format {
    /// The word that the API uses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Osm => "osm",
            Self::GeoJson => "geojson",
            Self::FlatGeobuf => "flatgeobuf",
            Self::Shapefile => "shapefile",
            Self::GeoPackage => "geopackage",
            Self::Csv => "csv",
            Self::Spreadsheet => "spreadsheet",
            Self::Gpx => "gpx",
            Self::Plt => "plt",
            Self::Kml => "kml",
        }
    }
}

/// A file that was opened: its syntax is understood, its meaning is not.
pub struct Opened {
    /// What it is.
    pub format: Format,
    /// Its tables, those without rows included; none for OpenStreetMap, whose tags make the layers.
    pub sheets: Vec<Sheet>,
}
