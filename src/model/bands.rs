//! How many households a grid of each class should hold. Configuration with effective dates, never a constant in code.

use super::places::GridClass;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Fewest and most households, both allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Band {
    /// Fewest.
    pub lo: u32,
    /// Most.
    pub hi: u32,
}

/// Where a figure stands against its band.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BandState {
    /// Fewer than the band's `lo`.
    Under,
    /// Within.
    In,
    /// More than the band's `hi`.
    Over,
}

impl BandState {
    /// The word that tiles and the API use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Under => "under",
            Self::In => "in",
            Self::Over => "over",
        }
    }
}

impl Band {
    /// Where a number of households stands.
    pub fn judge(self, households: u32) -> BandState {
        if households < self.lo {
            BandState::Under
        } else if households > self.hi {
            BandState::Over
        } else {
            BandState::In
        }
    }
}

/// One line of the band configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BandRule {
    /// The class it speaks of.
    pub class: GridClass,
    /// The band.
    #[serde(flatten)]
    pub band: Band,
    /// The first day on which it holds; none means always.
    pub from: Option<Date>,
}

/// All bands of a city. The latest rule of a class that is in force on the day asked for holds; a class without one
/// (an institution's dedicated grid, say) is not judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bands(pub Vec<BandRule>);

impl Bands {
    /// The band of a class on a day.
    pub fn of(&self, class: GridClass, day: Date) -> Option<Band> {
        self.0
            .iter()
            .filter(|rule| rule.class == class && rule.from.is_none_or(|from| from <= day))
            .max_by_key(|rule| rule.from)
            .map(|rule| rule.band)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn the_latest_rule_in_force_holds() {
        let rule = |lo, hi, from| BandRule { class: GridClass::Mature, band: Band { lo, hi }, from };
        let bands = Bands(vec![rule(700, 1000, None), rule(300, 500, Some(date(2027, 1, 1)))]);
        assert_eq!(bands.of(GridClass::Mature, date(2026, 12, 31)), Some(Band { lo: 700, hi: 1000 }));
        assert_eq!(bands.of(GridClass::Mature, date(2027, 1, 1)), Some(Band { lo: 300, hi: 500 }));
        assert_eq!(bands.of(GridClass::Open, date(2027, 1, 1)), None);
        let band = Band { lo: 700, hi: 1000 };
        assert_eq!([699, 700, 1000, 1001].map(|n| band.judge(n).word()), ["under", "in", "in", "over"]);
    }
}
