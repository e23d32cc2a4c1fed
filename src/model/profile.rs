//! What a city says of itself.

use super::bands::Bands;
use serde::{Deserialize, Serialize};

/// The facts about a city that belong to no layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// Its name, for headings.
    pub name: String,
    /// The datum in which its users write coordinates unless they say otherwise; echoed in every answer.
    pub crs: String,
    /// Whether it is made up by `src/synth`.
    pub synthetic: bool,
    /// Whom its sources ask to be named.
    pub attribution: Vec<String>,
    /// How many households grids of each class should hold.
    pub bands: Bands,
    /// Gross floor area per household by which counts are estimated where nobody counted, square metres.
    pub floor_area_per_household: f64,
}

/// The bands and the other defaults that the program ships.
const PRESET: &str = include_str!("../../data/preset.json");

impl Profile {
    /// A new city's profile: the shipped preset under a name.
    ///
    /// # Errors
    /// When the shipped preset is damaged, which a test rules out.
    pub fn preset(name: &str) -> Result<Self, serde_json::Error> {
        let mut profile: Self = serde_json::from_str(PRESET)?;
        name.clone_into(&mut profile.name);
        Ok(profile)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_preset_is_readable() {
        let profile = Profile::preset("织城区").expect("preset");
        assert_eq!((profile.name.as_str(), profile.crs.as_str(), profile.bands.0.len()), ("织城区", "wgs84", 4));
    }
}
