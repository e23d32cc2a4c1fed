//! Roads. 街道 is `subdistrict`; a street here is always a road.

use super::geometry::Line;
use super::households::words;
use super::ids::StreetId;
use serde::{Deserialize, Serialize};

/// Rank of a street, widest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreetClass {
    /// Motorway and its links.
    Motorway,
    /// Trunk road and its links.
    Trunk,
    /// Primary road and its links.
    Primary,
    /// Secondary road and its links.
    Secondary,
    /// Tertiary road and its links.
    Tertiary,
    /// Residential, unclassified, living street.
    #[default]
    Residential,
    /// Service road, alley, driveway.
    Service,
    /// Pedestrian street.
    Pedestrian,
    /// Footway, steps.
    Footway,
    /// Cycleway.
    Cycleway,
    /// Path, bridleway, track.
    Path,
}

words!(StreetClass {
    Motorway = "motorway",
    Trunk = "trunk",
    Primary = "primary",
    Secondary = "secondary",
    Tertiary = "tertiary",
    Residential = "residential",
    Service = "service",
    Pedestrian = "pedestrian",
    Footway = "footway",
    Cycleway = "cycleway",
    Path = "path",
});

impl StreetClass {
    /// Usual width in metres between the kerbs, for drawing and for asking whether a point stands on the street.
    /// Middle values of CJJ 37-2012's cross sections; a source's own width is not in the model yet.
    pub fn usual_width(self) -> f64 {
        match self {
            Self::Motorway | Self::Trunk => 28.0,
            Self::Primary => 24.0,
            Self::Secondary => 18.0,
            Self::Tertiary => 12.0,
            Self::Residential => 8.0,
            Self::Service | Self::Pedestrian => 5.0,
            Self::Footway | Self::Cycleway | Self::Path => 2.5,
        }
    }
}

/// Whether somebody may go there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// The source does not say: usual for the class.
    #[default]
    Usual,
    /// Allowed.
    Yes,
    /// Only with a reason to be there.
    Private,
    /// Forbidden.
    No,
}

words!(Access {
    Usual = "usual",
    Yes = "yes" | "designated" | "permissive" | "official" | "public",
    Private = "private" | "destination" | "customers" | "delivery" | "residents" | "permit",
    No = "no",
});

/// Direction of traffic along the line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Oneway {
    /// Both ways.
    #[default]
    No,
    /// Along the line.
    Forward,
    /// Against the line.
    Backward,
}

words!(Oneway {
    No = "no" | "false" | "0",
    Forward = "forward" | "yes" | "true" | "1",
    Backward = "backward" | "-1" | "reverse",
});

/// 道路.
#[derive(Clone, Debug, PartialEq)]
pub struct Street {
    /// For life.
    pub id: StreetId,
    /// Its rank.
    pub class: StreetClass,
    /// Its name; may be empty.
    pub name: String,
    /// Anybody.
    pub access: Access,
    /// On foot.
    pub foot: Access,
    /// By bicycle.
    pub bicycle: Access,
    /// For vehicles.
    pub oneway: Oneway,
    /// 0 on the ground; bridges above, tunnels below. Lines on different levels do not meet.
    pub level: i8,
    /// Centre line.
    pub line: Line,
}
