//! What is known about each place: who it belongs to, how many households, whom it borders.

use super::colour::colour;
use super::compounds;
use super::ground::{Ground, inside};
use super::tiling::OUTSIDE;
use crate::fabric::arcs::{Fault, Weave, weave_family};
use crate::model::{
    Band, BandState, Bounds, Community, Coord, Layer, MultiPolygon, Profile, Provenance, SquareMetres, Subdistrict,
    World,
};
use rayon::prelude::*;

/// Facts about one grid.
#[derive(Clone, Debug)]
pub struct GridFacts {
    /// Position in `world.grids`.
    pub place: u32,
    /// Position in `world.communities`, and of the levels above.
    pub community: Option<u32>,
    /// Position in `world.subdistricts`.
    pub subdistrict: Option<u32>,
    /// Position in `world.districts`.
    pub district: Option<u32>,
    /// Households by how they came to be known: surveyed, spread, estimated.
    pub basis: [u32; 3],
    /// The band of its class on the day the index was built.
    pub band: Option<Band>,
    /// Buildings whose anchor lies in it.
    pub buildings: u32,
    /// Cameras in it.
    pub cameras: u32,
    /// Its ground.
    pub area: SquareMetres,
    /// The box around it.
    pub bounds: Bounds,
    /// A point well inside, for its label.
    pub anchor: Coord,
    /// Ranks of the grids that share a border of some length, ascending.
    pub neighbours: Vec<u32>,
    /// Below [`super::colour::COLOURS`]; differs from the neighbours'.
    pub colour: u8,
}

impl GridFacts {
    /// All households.
    pub fn households(&self) -> u32 {
        self.basis.iter().fold(0, |sum: u32, n| sum.saturating_add(*n))
    }

    /// Where the households stand against the band.
    pub fn state(&self) -> Option<BandState> {
        self.band.map(|band| band.judge(self.households()))
    }
}

/// Facts about one district, subdistrict or community.
#[derive(Clone, Debug)]
pub struct LevelFacts {
    /// Position in the world's list of its layer.
    pub place: u32,
    /// Position of the place above it, in that layer's list.
    pub parent: Option<u32>,
    /// Grids in it.
    pub grids: u32,
    /// Households in its grids.
    pub households: u32,
    /// Its ground.
    pub area: SquareMetres,
    /// The box around it.
    pub bounds: Bounds,
    /// A point well inside.
    pub anchor: Coord,
}

/// Facts about all places.
#[derive(Debug)]
pub struct Facts {
    /// By rank of code.
    pub grids: Vec<GridFacts>,
    /// By rank of code: districts, subdistricts, communities.
    pub levels: [Vec<LevelFacts>; 3],
    /// The grid of each building as a rank, [`OUTSIDE`] where none.
    pub grid_of_building: Vec<u32>,
    /// The compound of each building, as a position.
    pub compound_of_building: Vec<Option<u32>>,
    /// The shared arcs of all four levels: districts, subdistricts, communities, grids, each in the order of the world.
    pub weave: Weave,
    /// Faults between places of one layer, found while weaving; places are positions in their layer's list.
    pub faults: Vec<(Layer, Fault)>,
}

impl Facts {
    /// Derives everything. `day` decides which bands are in force.
    pub fn build(world: &World, profile: &Profile, ground: &Ground, day: jiff::civil::Date) -> Self {
        let (woven, (compound_of_building, grid_of_building)) = rayon::join(
            || weave_levels(world),
            || {
                let members = compounds::membership(world, ground, profile.floor_area_per_household);
                let mut grids = vec![OUTSIDE; world.buildings.len()];
                ground.grids.tiling().locate_batch(&ground.building_anchors, &mut grids);
                (members, grids)
            },
        );
        let (weave, faults) = woven;
        let above = Above::of(world, ground);
        let mut grids = grid_facts(world, profile, ground, &above, day);
        count_people_and_things(world, ground, &grid_of_building, &compound_of_building, &mut grids);
        let mut neighbours = neighbours_of_grids(world, ground, &weave);
        for (facts, colour) in grids.iter_mut().zip(colour(&neighbours)) {
            facts.colour = colour;
        }
        for (facts, around) in grids.iter_mut().zip(&mut neighbours) {
            facts.neighbours = std::mem::take(around);
        }
        let levels = level_facts(world, ground, &above, &grids);
        Self { grids, levels, grid_of_building, compound_of_building, weave, faults }
    }
}

fn weave_levels(world: &World) -> (Weave, Vec<(Layer, Fault)>) {
    let districts: Vec<&MultiPolygon> = world.districts.iter().map(|p| &p.area).collect();
    let subdistricts: Vec<&MultiPolygon> = world.subdistricts.iter().map(|p| &p.area).collect();
    let communities: Vec<&MultiPolygon> = world.communities.iter().map(|p| &p.area).collect();
    let grids: Vec<&MultiPolygon> = world.grids.iter().map(|p| &p.area).collect();
    let mut weave = weave_family(&[&districts, &subdistricts, &communities, &grids]);
    let layers = [Layer::Districts, Layer::Subdistricts, Layer::Communities, Layer::Grids];
    let local = |layer: usize, place: u32| place - weave.first[layer];
    let faults = weave.faults.iter().map(|fault| match fault.clone() {
        Fault::Gap { layer, area, at, neighbours } => {
            let neighbours = neighbours.into_iter().map(|place| local(layer, place)).collect();
            (layers[layer], Fault::Gap { layer, area, at, neighbours })
        }
        Fault::Overlap { layer, a, b, area, at } => {
            (layers[layer], Fault::Overlap { layer, a: local(layer, a), b: local(layer, b), area, at })
        }
    });
    let faults: Vec<(Layer, Fault)> = faults.collect();
    weave.faults.clear();
    (weave, faults)
}

/// The place above each place: the one its source declared, else the one its inner point lies in.
struct Above {
    /// The subdistrict of each community.
    communities: Vec<Option<u32>>,
    /// The district of each subdistrict.
    subdistricts: Vec<Option<u32>>,
}

impl Above {
    fn of(world: &World, ground: &Ground) -> Self {
        let (subdistricts, districts) = (&ground.subdistricts, &ground.districts);
        let above_community = |c: &Community| {
            let declared = c.parent.as_ref().and_then(|code| subdistricts.named(code, |s| &world.subdistricts[s].code));
            declared.or_else(|| subdistricts.place_at(inside(&c.area)))
        };
        let above_subdistrict = |s: &Subdistrict| {
            let declared = s.parent.as_ref().and_then(|code| districts.named(code, |d| &world.districts[d].code));
            declared.or_else(|| districts.place_at(inside(&s.area)))
        };
        Self {
            communities: world.communities.par_iter().map(above_community).collect(),
            subdistricts: world.subdistricts.par_iter().map(above_subdistrict).collect(),
        }
    }
}

fn grid_facts(
    world: &World,
    profile: &Profile,
    ground: &Ground,
    above: &Above,
    day: jiff::civil::Date,
) -> Vec<GridFacts> {
    let facts = |place: &u32| {
        let grid = &world.grids[*place as usize];
        let anchor = inside(&grid.area);
        let code_of = |c: usize| &world.communities[c].code;
        let declared = grid.community.as_ref().and_then(|code| ground.communities.named(code, code_of));
        let community = declared.or_else(|| ground.communities.place_at(anchor));
        let subdistrict = match community {
            Some(c) => above.communities[c as usize],
            None => ground.subdistricts.place_at(anchor),
        };
        let district = match subdistrict {
            Some(s) => above.subdistricts[s as usize],
            None => ground.districts.place_at(anchor),
        };
        Some(GridFacts {
            place: *place,
            community,
            subdistrict,
            district,
            basis: [0; 3],
            band: profile.bands.of(grid.class, day),
            buildings: 0,
            cameras: 0,
            area: ground.frame.area(grid.area.doubled_area()),
            bounds: grid.area.bounds()?,
            anchor,
            neighbours: Vec::new(),
            colour: 0,
        })
    };
    // A grid without vertices cannot enter a world; should one ever, the ranks would shift, so this is a map, not a filter.
    ground.grids.places.par_iter().map(|place| facts(place).unwrap_or_else(|| empty(*place))).collect()
}

fn empty(place: u32) -> GridFacts {
    let nowhere = Coord::default();
    GridFacts {
        place,
        community: None,
        subdistrict: None,
        district: None,
        basis: [0; 3],
        band: None,
        buildings: 0,
        cameras: 0,
        area: SquareMetres(0.0),
        bounds: Bounds { min: nowhere, max: nowhere },
        anchor: nowhere,
        neighbours: Vec::new(),
        colour: 0,
    }
}

/// Figures come from files; absurd ones must not bring the program down.
fn add(sum: &mut u32, count: u32) {
    *sum = sum.saturating_add(count);
}

fn count_people_and_things(
    world: &World,
    ground: &Ground,
    grid_of_building: &[u32],
    compound_of_building: &[Option<u32>],
    grids: &mut [GridFacts],
) {
    let slot = |p: Provenance| match p {
        Provenance::Surveyed => 0,
        Provenance::Spread => 1,
        Provenance::Estimated => 2,
    };
    let mut housed = vec![false; world.compounds.len()];
    for ((building, grid), compound) in world.buildings.iter().zip(grid_of_building).zip(compound_of_building) {
        if let (Some(compound), Some(_)) = (compound, building.households) {
            housed[*compound as usize] = true;
        }
        let Some(facts) = grids.get_mut(*grid as usize) else { continue };
        facts.buildings += 1;
        if let Some(h) = building.households {
            add(&mut facts.basis[slot(h.provenance)], h.count);
        }
    }
    // A compound none of whose buildings is known stands for its households itself.
    for (i, compound) in world.compounds.iter().enumerate() {
        let Some(h) = compound.households.filter(|_| !housed[i]) else { continue };
        if let Some(rank) = ground.grids.locate(ground.compound_anchors[i]) {
            add(&mut grids[rank as usize].basis[slot(h.provenance)], h.count);
        }
    }
    for camera in &world.cameras {
        if let Some(rank) = ground.grids.locate(camera.at) {
            grids[rank as usize].cameras += 1;
        }
    }
}

/// Who shares a border of some length with whom, as ranks.
fn neighbours_of_grids(world: &World, ground: &Ground, weave: &Weave) -> Vec<Vec<u32>> {
    let mut rank_of = vec![0u32; world.grids.len()];
    for (rank, place) in ground.grids.places.iter().enumerate() {
        rank_of[*place as usize] = rank as u32;
    }
    let mut neighbours = vec![Vec::new(); world.grids.len()];
    for place in weave.layer_places(3) {
        let around = weave.neighbours(place).into_iter().map(|other| rank_of[(other.place - weave.first[3]) as usize]);
        neighbours[rank_of[(place - weave.first[3]) as usize] as usize] = around.collect();
    }
    for around in &mut neighbours {
        around.sort_unstable();
        around.dedup();
    }
    neighbours
}

fn level_facts(world: &World, ground: &Ground, above: &Above, grids: &[GridFacts]) -> [Vec<LevelFacts>; 3] {
    let build = |level: usize| -> Vec<LevelFacts> {
        let ranked = ground.levels()[level];
        let of = |place: u32| -> &MultiPolygon {
            match level {
                0 => &world.districts[place as usize].area,
                1 => &world.subdistricts[place as usize].area,
                _ => &world.communities[place as usize].area,
            }
        };
        let mut facts: Vec<LevelFacts> = ranked
            .places
            .par_iter()
            .map(|place| {
                let area = of(*place);
                let anchor = inside(area);
                LevelFacts {
                    place: *place,
                    parent: match level {
                        0 => None,
                        1 => above.subdistricts[*place as usize],
                        _ => above.communities[*place as usize],
                    },
                    grids: 0,
                    households: 0,
                    area: ground.frame.area(area.doubled_area()),
                    bounds: area.bounds().unwrap_or(Bounds { min: anchor, max: anchor }),
                    anchor,
                }
            })
            .collect();
        let mut rank_of = vec![0usize; facts.len()];
        for (rank, place) in ranked.places.iter().enumerate() {
            rank_of[*place as usize] = rank;
        }
        for grid in grids {
            let place = [grid.district, grid.subdistrict, grid.community][level];
            if let Some(place) = place {
                let facts = &mut facts[rank_of[place as usize]];
                facts.grids += 1;
                add(&mut facts.households, grid.households());
            }
        }
        facts
    };
    [build(0), build(1), build(2)]
}
