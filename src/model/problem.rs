//! What is wrong with data: said once, with where it is and what to do.

use super::geometry::Coord;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing, nothing to do.
    Note,
    /// The data is used; a person should look.
    Warning,
    /// The feature or the file cannot be used.
    Error,
}

impl Severity {
    /// The word that files and messages use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One line of `--problems`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// A stable word to filter by: `ring-self-crosses`, `unknown-crs`.
    pub code: String,
    /// The file, as the user named it; empty for the city itself.
    pub file: String,
    /// Which feature: `feature 12`, `way 4711`, `grid SQ-3-2`; empty for the whole file.
    pub feature: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub remedy: String,
    /// The row of a table as its program numbers it, the first being 1; the number of a feature in other files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<u64>,
    /// Where on the ground: longitude and latitude of WGS 84.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<[f64; 2]>,
}

impl Problem {
    /// A problem of a file; the feature is added with [`Problem::of`].
    pub fn new(severity: Severity, code: &str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            severity,
            code: code.to_owned(),
            file: String::new(),
            feature: String::new(),
            row: None,
            at: None,
            message: message.into(),
            remedy: remedy.into(),
        }
    }

    /// The same problem of a named feature.
    pub fn of(mut self, feature: impl Into<String>) -> Self {
        self.feature = feature.into();
        self
    }

    /// The same problem in a numbered row or feature of its file.
    pub fn in_row(mut self, row: u64) -> Self {
        self.row = Some(row);
        self
    }

    /// The same problem at a place on the ground.
    pub fn at(mut self, place: Coord) -> Self {
        self.at = Some([place.lon(), place.lat()]);
        self
    }

    /// The same problem in a named file.
    pub fn in_file(mut self, file: impl Into<String>) -> Self {
        self.file = file.into();
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.severity.word(), self.code)?;
        for place in [&self.file, &self.feature] {
            if !place.is_empty() {
                write!(f, " {place}:")?;
            }
        }
        write!(f, " {}", self.message)?;
        if !self.remedy.is_empty() {
            write!(f, " ({})", self.remedy)?;
        }
        Ok(())
    }
}
