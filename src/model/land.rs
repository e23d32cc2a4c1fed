//! What the ground is, where nobody lives.

use super::geometry::{Geometry, Line};
use super::households::words;
use super::ids::{BarrierId, GreenId, WaterId};
use serde::{Deserialize, Serialize};

/// River, lake, canal: an area, or a line where only the course is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Water {
    /// For life.
    pub id: WaterId,
    /// `river`, `stream`, `canal`, `lake` or `basin`.
    pub kind: String,
    /// Its name; may be empty.
    pub name: String,
    /// Area or course.
    pub place: Geometry,
}

/// Park, garden, grass, forest.
#[derive(Clone, Debug, PartialEq)]
pub struct Green {
    /// For life.
    pub id: GreenId,
    /// `park`, `garden`, `grass`, `forest`, `pitch` or `cemetery`.
    pub kind: String,
    /// Its name; may be empty.
    pub name: String,
    /// Its ground: always an area.
    pub place: Geometry,
}

/// What stops people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BarrierKind {
    /// Railway on the ground.
    #[default]
    Rail,
    /// Wall.
    Wall,
    /// Fence, hedge.
    Fence,
}

words!(BarrierKind { Rail = "rail", Wall = "wall", Fence = "fence" });

/// A line that people do not cross.
#[derive(Clone, Debug, PartialEq)]
pub struct Barrier {
    /// For life.
    pub id: BarrierId,
    /// What it is.
    pub kind: BarrierKind,
    /// Its course.
    pub line: Line,
}
