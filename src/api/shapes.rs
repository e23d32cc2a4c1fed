//! The JSON that the API speaks, apart from the model.

use crate::city::Snapshot;
use crate::model::{Band, Bounds, Coord, Layer, Problem, Severity};
use serde::Serialize;
use utoipa::ToSchema;

/// `[lon, lat]` in WGS 84 degrees.
#[derive(Serialize, ToSchema)]
pub struct Position([f64; 2]);

/// `[west, south, east, north]` in WGS 84 degrees.
#[derive(Serialize, ToSchema)]
pub struct Extent([f64; 4]);

/// `[lon, lat]` of a vertex.
pub fn position(at: Coord) -> Position {
    Position([at.lon(), at.lat()])
}

/// `[west, south, east, north]` of a box.
pub fn extent(bounds: Bounds) -> Extent {
    Extent(bounds.degrees())
}

/// What is wrong with data, said once.
#[derive(Serialize, ToSchema)]
pub struct ProblemShape {
    /// `error`, `warning` or `note`.
    #[schema(value_type = String)]
    severity: Severity,
    /// A stable word to filter by.
    code: String,
    /// The file; empty for the city itself.
    file: String,
    /// Which feature; empty for the whole file.
    feature: String,
    /// The row of the table, the first being 1, or the number of the feature.
    row: Option<u64>,
    /// `[lon, lat]` in WGS 84.
    at: Option<[f64; 2]>,
    /// What is wrong.
    message: String,
    /// What to do.
    remedy: String,
}

impl ProblemShape {
    /// As the API writes it.
    pub fn of(problem: &Problem) -> Self {
        let Problem { severity, code, file, feature, row, at, message, remedy } = problem.clone();
        Self { severity, code, file, feature, row, at, message, remedy }
    }
}

/// A place above the grids.
#[derive(Serialize, ToSchema)]
pub struct Named<'a> {
    /// Its code.
    pub code: &'a str,
    /// Its name.
    pub name: &'a str,
}

/// A band and where the figure stands against it.
#[derive(Serialize, ToSchema)]
pub struct BandShape {
    /// Fewest households.
    pub lo: u32,
    /// Most households.
    pub hi: u32,
    /// `under`, `in` or `over`.
    pub state: &'static str,
}

/// How many households are known in which way.
#[derive(Serialize, ToSchema)]
pub struct BasisShape {
    /// Counted.
    pub surveyed: u32,
    /// A compound's total shared out by floor area.
    pub spread: u32,
    /// Guessed from floors and footprint.
    pub estimated: u32,
}

/// A grid and all that is known about it.
#[derive(Serialize, ToSchema)]
pub struct GridCard<'a> {
    /// Its code.
    pub grid: &'a str,
    /// Its number: the feature id in the tiles.
    pub id: u32,
    /// Its name; may be empty.
    pub name: &'a str,
    /// `mature`, `open`, `urban_village`, `rural` or `dedicated`.
    pub class: &'static str,
    /// Households in it.
    pub households: u32,
    /// The band of its class, where it has one.
    pub band: Option<BandShape>,
    /// Buildings in it.
    pub buildings: u32,
    /// Cameras in it; null where the server keeps cameras closed.
    pub cameras: Option<u32>,
    /// Its area.
    pub area_m2: f64,
    /// 社区.
    pub community: Option<Named<'a>>,
    /// 街道.
    pub subdistrict: Option<Named<'a>>,
    /// 区(县).
    pub district: Option<Named<'a>>,
    /// The box around it.
    pub bounds: Extent,
    /// A point well inside it.
    pub anchor: Position,
    /// Codes of the grids that share a border.
    pub neighbours: Vec<&'a str>,
    /// How the household figure is known.
    pub basis: BasisShape,
    /// Breaches that its official plan brought along.
    pub inherited: Vec<&'static str>,
}

impl<'a> GridCard<'a> {
    /// The card of a grid by its rank.
    pub fn of(snapshot: &'a Snapshot, rank: u32, cameras_open: bool) -> Self {
        let facts = &snapshot.facts.grids[rank as usize];
        let grid = &snapshot.world.grids[facts.place as usize];
        let named = |layer: Layer, place: Option<u32>| {
            place.map(|place| {
                let (code, name) = snapshot.place_words(layer, place);
                Named { code, name }
            })
        };
        let judged = |band: Band| BandShape { lo: band.lo, hi: band.hi, state: band.judge(facts.households()).word() };
        let [surveyed, spread, estimated] = facts.basis;
        Self {
            grid: grid.code.as_str(),
            id: grid.id.0,
            name: &grid.name,
            class: grid.class.word(),
            households: facts.households(),
            band: facts.band.map(judged),
            buildings: facts.buildings,
            cameras: cameras_open.then_some(facts.cameras),
            area_m2: (facts.area.0 * 10.0).round() / 10.0,
            community: named(Layer::Communities, facts.community),
            subdistrict: named(Layer::Subdistricts, facts.subdistrict),
            district: named(Layer::Districts, facts.district),
            bounds: extent(facts.bounds),
            anchor: position(facts.anchor),
            neighbours: facts.neighbours.iter().map(|rank| snapshot.grid_code(*rank)).collect(),
            basis: BasisShape { surveyed, spread, estimated },
            inherited: if grid.area.0.len() > 1 { vec!["multi-part"] } else { Vec::new() },
        }
    }
}
