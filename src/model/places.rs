//! The levels of a city and the overlays that ignore them.
//!
//! `parent` is what the source declared, as a code; which community a grid really lies in is derived from the geometry
//! and lives in the index, not here.

use super::geometry::MultiPolygon;
use super::households::words;
use super::ids::{Code, CommunityId, DistrictId, GridId, SubdistrictId, ZoneId};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

macro_rules! levels {
    ($($(#[$doc:meta])* $name:ident $id:ident),*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name {
            /// For life.
            pub id: $id,
            /// Its code; when the source gave only a name, the name.
            pub code: Code,
            /// Its name; may be empty.
            pub name: String,
            /// The code of the level above, where the source declared it.
            pub parent: Option<Code>,
            /// Its ground.
            pub area: MultiPolygon,
        }
    )*};
}

levels! {
    /// 区(县).
    District DistrictId,
    /// 街道. A `street` is always a road.
    Subdistrict SubdistrictId,
    /// 社区.
    Community CommunityId
}

/// 网格类型: which band a grid is held to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GridClass {
    /// 成熟小区.
    #[default]
    Mature,
    /// 三无小区.
    Open,
    /// 城中村.
    UrbanVillage,
    /// 农村.
    Rural,
    /// 专属网格: a campus, a mall, an office tower.
    Dedicated,
}

words!(GridClass {
    Mature = "mature" | "成熟小区",
    Open = "open" | "三无小区",
    UrbanVillage = "urban_village" | "城中村",
    Rural = "rural" | "农村",
    Dedicated = "dedicated" | "专属网格",
});

/// 网格: the ground that one team answers for.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// For life.
    pub id: GridId,
    /// Its code, unique in the city.
    pub code: Code,
    /// Its name; may be empty.
    pub name: String,
    /// Which band it is held to.
    pub class: GridClass,
    /// The community's code, where the source declared it.
    pub community: Option<Code>,
    /// The code another system uses for it.
    pub external_code: Option<Code>,
    /// Its ground. Several parts only when inherited from an official plan.
    pub area: MultiPolygon,
}

/// 片区的种类.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ZoneKind {
    /// 功能区.
    FunctionalArea,
    /// 街长制街区.
    StreetChiefBlock,
    /// 管理薄弱片区.
    WeakArea,
    /// 重点地区.
    KeyArea,
    /// No cameras here.
    Forbidden,
    /// Cameras only with consent.
    Consent,
}

words!(ZoneKind {
    FunctionalArea = "functional_area" | "functional area" | "功能区",
    StreetChiefBlock = "street_chief_block" | "street-chief block" | "街区",
    WeakArea = "weak_area" | "weak area" | "薄弱片区",
    KeyArea = "key_area" | "key area" | "重点地区",
    Forbidden = "forbidden" | "禁止区",
    Consent = "consent" | "同意区",
});

/// 片区: an overlay that ignores the levels.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone {
    /// For life.
    pub id: ZoneId,
    /// What it means.
    pub kind: ZoneKind,
    /// Its name.
    pub name: String,
    /// First day.
    pub from: Option<Date>,
    /// Last day.
    pub to: Option<Date>,
    /// Its own coverage target, 0-1.
    pub target: Option<f64>,
    /// Its ground.
    pub area: MultiPolygon,
}
