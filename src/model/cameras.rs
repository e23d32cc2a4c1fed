//! Points that watch, are visited or serve.

use super::geometry::Coord;
use super::households::words;
use super::ids::{CameraId, CheckpointId, Code, ServiceId};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// How a camera looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CameraKind {
    /// 枪机: one direction.
    #[default]
    Fixed,
    /// 半球: all around.
    Dome,
    /// 球机: turns and zooms.
    Ptz,
}

words!(CameraKind {
    Fixed = "fixed" | "枪机" | "枪型" | "固定枪机" | "directed" | "bullet",
    Dome = "dome" | "半球" | "半球机" | "半球型" | "round",
    Ptz = "ptz" | "球机" | "快球" | "云台" | "球型" | "panning",
});

/// 摄像头.
#[derive(Clone, Debug, PartialEq)]
pub struct Camera {
    /// For life.
    pub id: CameraId,
    /// Its code, where it has one.
    pub code: Option<Code>,
    /// How it looks.
    pub kind: CameraKind,
    /// Where it looks, degrees clockwise from north. A mast with several heads lists several.
    pub directions: Vec<f64>,
    /// Opening of one head's view, degrees.
    pub angle: Option<f64>,
    /// Height above ground, metres.
    pub height: Option<f64>,
    /// How far it sees, metres.
    pub range: Option<f64>,
    /// Who runs it.
    pub owner: Option<String>,
    /// Since when.
    pub installed: Option<Date>,
    /// Connected to the network.
    pub online: Option<bool>,
    /// In working order.
    pub healthy: Option<bool>,
    /// Where it hangs.
    pub at: Coord,
}

/// 巡查点: a place that a patrol must visit.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// For life.
    pub id: CheckpointId,
    /// Its name.
    pub name: String,
    /// What kind of place.
    pub kind: Option<String>,
    /// Hours between visits.
    pub interval: Option<f64>,
    /// Minutes to stay.
    pub dwell: Option<f64>,
    /// When it can be visited, as the source writes it.
    pub hours: Option<String>,
    /// Where.
    pub at: Coord,
}

/// 服务点: a place that serves residents.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// For life.
    pub id: ServiceId,
    /// Its name; may be empty.
    pub name: String,
    /// `pharmacy`, `canteen`, `post_office`, ... as the source names it.
    pub kind: Option<String>,
    /// When it is open, as the source writes it.
    pub hours: Option<String>,
    /// Where.
    pub at: Coord,
}
