//! A household figure never travels without what was counted and how it came to be.

use serde::{Deserialize, Serialize};

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Basis {
    /// 常住: households that live here.
    #[default]
    Resident,
    /// 户籍: households registered here.
    Registered,
    /// 套: dwellings, lived in or not.
    Dwellings,
}

/// How the figure came to be, best first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provenance {
    /// Counted at this building or compound.
    Surveyed,
    /// A compound's total shared out over its buildings by floor area.
    Spread,
    /// Guessed from floors and footprint.
    #[default]
    Estimated,
}

/// A number of households.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HouseholdCount {
    /// The figure.
    pub count: u32,
    /// What was counted.
    pub basis: Basis,
    /// How the figure came to be.
    pub provenance: Provenance,
    /// The day it describes, where the source says.
    pub as_of: Option<jiff::civil::Date>,
}

impl HouseholdCount {
    /// A surveyed number of resident households of unknown date.
    pub fn surveyed(count: u32) -> Self {
        Self { count, provenance: Provenance::Surveyed, ..Self::default() }
    }
}

macro_rules! words {
    ($type:ty { $($variant:ident = $word:literal $(| $other:literal)*),* $(,)? }) => {
        impl $type {
            /// The word that files and the API use.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
            /// Reads the word, or one of the names that files in the field use for it.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($word $(| $other)* => Some(Self::$variant),)* _ => None }
            }
            /// All words, for messages.
            pub const WORDS: &'static [&'static str] = &[$($word),*];
        }
    };
}
pub(crate) use words;

words!(Basis { Resident = "resident" | "常住", Registered = "registered" | "户籍", Dwellings = "dwellings" | "套" | "套数" });
words!(Provenance { Surveyed = "surveyed", Spread = "spread", Estimated = "estimated" });
