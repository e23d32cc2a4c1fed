//! From which zoom a thing is worth drawing; [`super::Feature::min_zoom`] for the callers that have no better idea.

use crate::model::{SquareMetres, StreetClass};

/// Wide streets first, footways last.
pub fn street(class: StreetClass) -> u8 {
    match class {
        StreetClass::Motorway | StreetClass::Trunk | StreetClass::Primary => 8,
        StreetClass::Secondary => 10,
        StreetClass::Tertiary => 11,
        StreetClass::Residential => 12,
        StreetClass::Service | StreetClass::Pedestrian => 13,
        StreetClass::Footway | StreetClass::Cycleway | StreetClass::Path => 14,
    }
}

/// Large buildings from 13, sheds later: at its zoom a building covers about 4 x 4 pixels of a 512-pixel tile (a pixel of
/// zoom 13 is 8 m at 30 degrees north).
pub fn building(area: SquareMetres) -> u8 {
    match area.0 {
        large if large >= 500.0 => 13,
        usual if usual >= 100.0 => 14,
        _ => 15,
    }
}

/// Water and green: by the area on the ground, so that lakes and parks show on the overview and ponds and lawns do not.
/// Lines (an area of 0) from 12.
pub fn land(area: SquareMetres) -> u8 {
    match area.0 {
        0.0 => 12,
        vast if vast >= 1_000_000.0 => 8,
        large if large >= 100_000.0 => 10,
        usual if usual >= 10_000.0 => 12,
        _ => 13,
    }
}
