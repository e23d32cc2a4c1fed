//! Where households and premises are.

use super::geometry::{Geometry, MultiPolygon};
use super::households::{HouseholdCount, words};
use super::ids::{BuildingId, Code, CompoundId, InstitutionId};
use super::places::GridClass;
use serde::{Deserialize, Serialize};

/// What a building is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BuildingKind {
    /// Dwellings.
    Residential,
    /// Offices.
    Office,
    /// Shops, malls, hotels.
    Retail,
    /// Schools, universities, nurseries.
    School,
    /// Hospitals and clinics.
    Hospital,
    /// Factories and warehouses.
    Industrial,
    /// Government, culture, worship, transport.
    Public,
    /// The source does not say.
    #[default]
    Other,
}

words!(BuildingKind {
    Residential = "residential" | "住宅",
    Office = "office" | "办公",
    Retail = "retail" | "商业",
    School = "school" | "学校",
    Hospital = "hospital" | "医院",
    Industrial = "industrial" | "工业",
    Public = "public" | "公共",
    Other = "other" | "其他",
});

/// 单元: a stairwell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unit {
    /// `2` in "12号楼2单元"; text, since `东` is one too.
    pub name: String,
    /// Households behind this stairwell, where known.
    pub households: Option<u32>,
}

/// 楼栋.
#[derive(Clone, Debug, PartialEq)]
pub struct Building {
    /// For life.
    pub id: BuildingId,
    /// Its code, where it has one.
    pub code: Option<Code>,
    /// Its name; may be empty.
    pub name: String,
    /// Street and number; may be empty.
    pub address: String,
    /// Floors above ground.
    pub floors: Option<u16>,
    /// Height in metres, where the source says.
    pub height: Option<f64>,
    /// What it is for.
    pub kind: BuildingKind,
    /// The name of the compound it belongs to, where the source declared it.
    pub compound: Option<String>,
    /// Households, where known or derived.
    pub households: Option<HouseholdCount>,
    /// 出租屋分类 (D5), as the source writes it.
    pub rental_class: Option<String>,
    /// Star level (D6), 3-5.
    pub stars: Option<u8>,
    /// Stairwells.
    pub units: Vec<Unit>,
    /// The footprint.
    pub area: MultiPolygon,
}

/// 小区 / 院落: buildings under one management.
#[derive(Clone, Debug, PartialEq)]
pub struct Compound {
    /// For life.
    pub id: CompoundId,
    /// Its name.
    pub name: String,
    /// Former and common names.
    pub aliases: Vec<String>,
    /// The total that its manager reports.
    pub households: Option<HouseholdCount>,
    /// Number of buildings as reported.
    pub buildings: Option<u32>,
    /// Which band it belongs to.
    pub class: Option<GridClass>,
    /// The property manager's firm.
    pub manager: Option<String>,
    /// Its ground, or a point that stands for it.
    pub place: Geometry,
}

/// 机关、学校、医院、商场: no households, but work; every one belongs to a grid.
#[derive(Clone, Debug, PartialEq)]
pub struct Institution {
    /// For life.
    pub id: InstitutionId,
    /// Its name; may be empty.
    pub name: String,
    /// `school`, `hospital`, `townhall`, `mall`, ... as the source names it.
    pub kind: String,
    /// Its ground, or a point that stands for it.
    pub place: Geometry,
}
