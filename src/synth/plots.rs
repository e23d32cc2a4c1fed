//! From arterials to plots: streets cut quarters into blocks, blocks get a use, walls and lanes cut them into plots.

use super::dice::Dice;
use super::layout::{Layout, Quarter};
use super::mesh::{Course, Cut, Mesh, OUTSIDE, Tag};
use super::plane::{P, area, centroid, inside, p, smallest_box};
use crate::model::{GridClass, StreetClass};

/// What a plot is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Use {
    OldTown,
    OldSlabs,
    WalkUp,
    MidRise,
    Towers,
    UrbanVillage,
    Hamlet,
    Field,
    Wood,
    School,
    Kindergarten,
    Campus,
    Hospital,
    Clinic,
    Mall,
    Office,
    Government,
    Market,
    Culture,
    Hotel,
    Social,
    Park,
    Square,
    Factory,
    Warehouse,
    Station,
    Vacant,
    River,
}

impl Use {
    /// The class of grid that its households call for; `None` where nobody lives.
    pub fn class(self) -> Option<GridClass> {
        match self {
            Self::OldTown | Self::OldSlabs => Some(GridClass::Open),
            Self::WalkUp | Self::MidRise | Self::Towers => Some(GridClass::Mature),
            Self::UrbanVillage => Some(GridClass::UrbanVillage),
            Self::Hamlet | Self::Field | Self::Wood => Some(GridClass::Rural),
            _ => None,
        }
    }

    /// Whether it is a compound with one management.
    pub fn is_compound(self) -> bool {
        matches!(self, Self::OldSlabs | Self::WalkUp | Self::MidRise | Self::Towers)
    }
}

/// A face of the mesh with a use.
#[derive(Clone, Copy, Debug)]
pub struct Plot {
    /// In the mesh.
    pub face: u32,
    /// What for.
    pub usage: Use,
    /// Where in the city.
    pub quarter: Quarter,
    /// Block and cell.
    pub tag: Tag,
}

/// How a piece of ground is cut up.
struct Grain {
    /// Pieces end near this size, square metres.
    target: f64,
    /// Sideways bends, as a share of a cut's length.
    wiggle: f64,
    /// Turns away from square, radians.
    skew: f64,
    clearance: f64,
    snap: f64,
    /// What runs along cuts of a piece of a given size.
    course: fn(f64) -> Course,
}

fn city_street(size: f64) -> Course {
    Course::Street(if size > 220_000.0 { StreetClass::Tertiary } else { StreetClass::Residential })
}
fn old_street(size: f64) -> Course {
    Course::Street(match size {
        s if s > 170_000.0 => StreetClass::Tertiary,
        s if s > 30_000.0 => StreetClass::Residential,
        _ => StreetClass::Service,
    })
}
fn country_road(_: f64) -> Course {
    Course::Street(StreetClass::Residential)
}
fn lane(_: f64) -> Course {
    Course::Street(StreetClass::Service)
}
fn wall(_: f64) -> Course {
    Course::Wall
}
fn furrow(_: f64) -> Course {
    Course::Furrow
}

/// Cuts a face, again and again, until its pieces are small enough.
fn carve(mesh: &mut Mesh, dice: &mut Dice, face: u32, grain: &Grain) -> Vec<u32> {
    let (mut todo, mut done) = (vec![face], Vec::new());
    while let Some(face) = todo.pop() {
        let ring = mesh.ring(face);
        let size = area(&ring);
        if size < grain.target * dice.range(1.25, 1.75) {
            done.push(face);
            continue;
        }
        match halve(mesh, dice, face, &ring, size, grain) {
            Some(new) => todo.extend([face, new]),
            None => done.push(face),
        }
    }
    done.sort_unstable();
    done
}

fn halve(mesh: &mut Mesh, dice: &mut Dice, face: u32, ring: &[P], size: f64, grain: &Grain) -> Option<u32> {
    let (axes, lo, hi) = smallest_box(ring);
    let middle = axes.local(centroid(ring));
    for attempt in 0..9 {
        // Across the longer side first; along it only when nothing else goes.
        let across = attempt < 7;
        let share = 0.5 + dice.range(-0.1, 0.1) * (1.0 + f64::from(attempt % 7) * 0.35);
        let through = if across {
            axes.out(lo.x + (hi.x - lo.x) * share, middle.y)
        } else {
            axes.out(middle.x, lo.y + (hi.y - lo.y) * share)
        };
        let square = if across { axes.along.left() } else { axes.along };
        let along = square.turn(dice.range(-grain.skew, grain.skew));
        let length = if across { hi.y - lo.y } else { hi.x - lo.x };
        let mut bends = Vec::new();
        if grain.wiggle > 0.0 {
            let count = (length / 70.0).clamp(1.0, 6.0) as usize;
            let bow = dice.range(-1.0, 1.0) * grain.wiggle * length;
            bends = (1..=count)
                .map(|k| {
                    let t = k as f64 / (count + 1) as f64;
                    bow * (std::f64::consts::PI * t).sin() + dice.range(-0.35, 0.35) * grain.wiggle * length.min(160.0)
                })
                .collect();
        }
        let rules = Cut {
            course: (grain.course)(size),
            snap: grain.snap,
            clearance: grain.clearance,
            least: (grain.target * 0.3).min(size * 0.22),
            bends,
        };
        if let Some(new) = mesh.cut(face, through, along, &rules) {
            return Some(new);
        }
    }
    None
}

/// Streets between the arterials.
fn street_grain(quarter: Quarter) -> Option<Grain> {
    let grain =
        |target, wiggle, skew, clearance, snap, course| Some(Grain { target, wiggle, skew, clearance, snap, course });
    match quarter {
        Quarter::Core => grain(10_500.0, 0.10, 0.22, 19.0, 26.0, old_street),
        Quarter::Mature => grain(42_000.0, 0.012, 0.03, 48.0, 55.0, city_street),
        Quarter::Centre => grain(38_000.0, 0.0, 0.02, 50.0, 60.0, city_street),
        Quarter::New => grain(72_000.0, 0.008, 0.015, 70.0, 75.0, city_street),
        Quarter::Village | Quarter::Station => grain(60_000.0, 0.03, 0.08, 50.0, 60.0, city_street),
        Quarter::Industry => grain(100_000.0, 0.0, 0.02, 70.0, 75.0, city_street),
        Quarter::Fringe => grain(110_000.0, 0.05, 0.12, 70.0, 75.0, city_street),
        Quarter::Rural => grain(230_000.0, 0.11, 0.25, 80.0, 80.0, country_road),
        Quarter::Campus | Quarter::Park | Quarter::River => None,
    }
}

/// Urban villages hold seven houses in ten ares; more ground than this (square metres) would leave none of the
/// district's 20,000 buildings for the countryside.
const VILLAGES: f64 = 1_200_000.0;

/// Cuts the whole ground and says what every plot is for.
pub fn lay_out(mesh: &mut Mesh, layout: &Layout) -> Vec<Plot> {
    let faces: Vec<u32> = (OUTSIDE + 1..mesh.faces()).collect();
    let mut cells: Vec<(u32, Vec<u32>)> = Vec::new();
    for face in faces {
        let tag = mesh.tags[face as usize];
        let mut dice = Dice::new(layout.seed, &[3, u64::from(face)]);
        let blocks = match street_grain(layout.quarter(tag.cell)) {
            Some(grain) => carve(mesh, &mut dice, face, &grain),
            None => vec![face],
        };
        for &block in &blocks {
            mesh.tags[block as usize].block = block;
        }
        cells.push((tag.cell, blocks));
    }
    let mut plots = Vec::new();
    let mut villages = 0.0;
    for (cell, blocks) in cells {
        let quarter = layout.quarter(cell);
        let mut dice = Dice::new(layout.seed, &[4, u64::from(blocks[0])]);
        for (block, mut usage) in block_uses(mesh, layout, quarter, blocks, &mut dice) {
            if usage == Use::UrbanVillage {
                villages += area(&mesh.ring(block));
                if villages > VILLAGES {
                    usage = if quarter == Quarter::Fringe { Use::Field } else { Use::WalkUp };
                }
            }
            subdivide(mesh, &mut dice, block, usage, (quarter, layout.town), &mut plots);
        }
    }
    plots.sort_by_key(|plot| plot.face);
    plots
}

/// The widest street along a face: 0 trunk ... 10 path.
pub fn frontage(mesh: &Mesh, face: u32) -> StreetClass {
    mesh.around(face).into_iter().filter_map(|h| mesh.course(h).street()).min().unwrap_or(StreetClass::Path)
}

/// Shares a cell's blocks out over uses: the special ones first, by size and frontage, the rest by weight.
fn block_uses(
    mesh: &Mesh,
    layout: &Layout,
    quarter: Quarter,
    mut blocks: Vec<u32>,
    dice: &mut Dice,
) -> Vec<(u32, Use)> {
    let mut out: Vec<(u32, Use)> = Vec::new();
    let size = |face: u32| area(&mesh.ring(face));
    dice.shuffle(&mut blocks);
    let mut take = |usage: Use, lo: f64, hi: f64, front: StreetClass, blocks: &mut Vec<u32>| {
        let found = blocks.iter().position(|&b| (lo..hi).contains(&size(b)) && frontage(mesh, b) <= front);
        if let Some(at) = found {
            out.push((blocks.remove(at), usage));
        }
    };
    const ANY: StreetClass = StreetClass::Path;
    const BIG: StreetClass = StreetClass::Secondary;
    match quarter {
        Quarter::Core => {
            take(Use::School, 7_000.0, 30_000.0, ANY, &mut blocks);
            take(Use::Market, 5_000.0, 18_000.0, ANY, &mut blocks);
            take(Use::Culture, 5_000.0, 20_000.0, ANY, &mut blocks);
            take(Use::Government, 6_000.0, 20_000.0, ANY, &mut blocks);
            take(Use::Park, 8_000.0, 30_000.0, ANY, &mut blocks);
            if dice.chance(0.6) {
                take(Use::Hospital, 9_000.0, 40_000.0, ANY, &mut blocks);
            }
            if dice.chance(0.5) {
                take(Use::Mall, 8_000.0, 40_000.0, BIG, &mut blocks);
            }
        }
        Quarter::Mature if layout.town => {
            take(Use::School, 22_000.0, 75_000.0, ANY, &mut blocks);
            if dice.chance(0.35) {
                take(Use::Park, 15_000.0, 60_000.0, ANY, &mut blocks);
            }
            if dice.chance(0.22) {
                take(Use::Hospital, 25_000.0, 70_000.0, BIG, &mut blocks);
            }
            if dice.chance(0.2) {
                take(Use::Mall, 15_000.0, 60_000.0, BIG, &mut blocks);
            }
            if dice.chance(0.25) {
                take(Use::Office, 15_000.0, 60_000.0, BIG, &mut blocks);
            }
        }
        Quarter::New if layout.town => {
            take(Use::School, 35_000.0, 110_000.0, ANY, &mut blocks);
            take(Use::Park, 25_000.0, 110_000.0, ANY, &mut blocks);
            if dice.chance(0.4) {
                take(Use::Mall, 30_000.0, 110_000.0, BIG, &mut blocks);
            }
            if dice.chance(0.35) {
                take(Use::Office, 30_000.0, 110_000.0, BIG, &mut blocks);
            }
            if dice.chance(0.15) {
                take(Use::Hospital, 40_000.0, 120_000.0, BIG, &mut blocks);
            }
        }
        Quarter::Centre => {
            take(Use::Mall, 15_000.0, 80_000.0, BIG, &mut blocks);
            take(Use::Mall, 15_000.0, 80_000.0, BIG, &mut blocks);
            take(Use::Square, 15_000.0, 80_000.0, ANY, &mut blocks);
            take(Use::Culture, 15_000.0, 80_000.0, ANY, &mut blocks);
            take(Use::Government, 15_000.0, 80_000.0, ANY, &mut blocks);
            take(Use::Hotel, 15_000.0, 80_000.0, ANY, &mut blocks);
        }
        Quarter::Station => {
            let rail = blocks.iter().position(|&b| {
                size(b) > 25_000.0 && mesh.around(b).into_iter().any(|h| mesh.course(h) == Course::Rail)
            });
            if let Some(at) = rail {
                out.push((blocks.remove(at), Use::Station));
            }
            let mut more = |usage| {
                if let Some(block) = blocks.pop() {
                    out.push((block, usage));
                }
            };
            more(Use::Hotel);
            more(Use::Market);
            more(Use::Warehouse);
        }
        _ => {}
    }
    let weights: &[(Use, f64)] = match quarter {
        Quarter::Core => &[(Use::OldTown, 0.66), (Use::OldSlabs, 0.34)],
        Quarter::Mature => &[(Use::WalkUp, 0.9), (Use::MidRise, 0.085), (Use::Office, 0.015)],
        Quarter::New => &[(Use::Towers, 0.5), (Use::MidRise, 0.4), (Use::Vacant, 0.1)],
        Quarter::Centre => &[(Use::Office, 0.62), (Use::Towers, 0.25), (Use::Mall, 0.13)],
        Quarter::Village => &[(Use::UrbanVillage, 0.27), (Use::WalkUp, 0.48), (Use::Factory, 0.1), (Use::Vacant, 0.15)],
        Quarter::Station => &[(Use::WalkUp, 0.7), (Use::MidRise, 0.3)],
        Quarter::Industry => &[(Use::Factory, 0.66), (Use::Warehouse, 0.18), (Use::Vacant, 0.08), (Use::MidRise, 0.08)],
        Quarter::Fringe => &[
            (Use::Towers, 0.12),
            (Use::MidRise, 0.2),
            (Use::Field, 0.4),
            (Use::UrbanVillage, 0.12),
            (Use::Factory, 0.12),
            (Use::Wood, 0.04),
        ],
        Quarter::Rural => &[(Use::Field, 1.0)],
        Quarter::Campus => &[(Use::Campus, 1.0)],
        Quarter::Park => &[(Use::Park, 1.0)],
        Quarter::River => &[(Use::River, 1.0)],
    };
    for block in blocks {
        let mut usage = dice.weighted(weights);
        // Slivers between bends become pocket parks.
        if size(block) < 3_500.0 && !matches!(usage, Use::OldTown | Use::River | Use::Field) {
            usage = Use::Square;
        }
        out.push((block, usage));
    }
    out.sort_by_key(|&(block, _)| block);
    out
}

/// Cuts a block into plots of its use.
fn subdivide(
    mesh: &mut Mesh,
    dice: &mut Dice,
    block: u32,
    usage: Use,
    (quarter, town): (Quarter, bool),
    plots: &mut Vec<Plot>,
) {
    let size = area(&mesh.ring(block));
    let grain = |target, wiggle, skew, clearance, snap, course| Grain { target, wiggle, skew, clearance, snap, course };
    let grain = match usage {
        Use::WalkUp if town => Some(grain(dice.range(13_000.0, 24_000.0), 0.0, 0.0, 38.0, 12.0, wall)),
        Use::WalkUp => Some(grain(9_000.0, 0.0, 0.0, 24.0, 12.0, wall)),
        Use::Towers | Use::MidRise if !town => Some(grain(42_000.0, 0.0, 0.0, 60.0, 12.0, wall)),
        _ if !town => None,
        Use::OldSlabs if size > 16_000.0 => Some(grain(9_000.0, 0.0, 0.05, 25.0, 10.0, wall)),
        Use::MidRise if size > 60_000.0 => Some(grain(42_000.0, 0.0, 0.0, 60.0, 12.0, wall)),
        Use::Towers if size > 90_000.0 => Some(grain(55_000.0, 0.0, 0.0, 70.0, 12.0, wall)),
        Use::UrbanVillage => Some(grain(5_200.0, 0.05, 0.12, 14.0, 16.0, lane)),
        Use::Factory | Use::Warehouse => Some(grain(62_000.0, 0.0, 0.0, 55.0, 12.0, wall)),
        Use::Field => Some(grain(26_000.0, 0.03, 0.15, 30.0, 30.0, furrow)),
        Use::Office | Use::Mall | Use::Hotel | Use::Culture | Use::Government | Use::Market if size > 50_000.0 => {
            Some(grain(26_000.0, 0.0, 0.0, 45.0, 12.0, wall))
        }
        Use::Hospital if size > 60_000.0 => Some(grain(36_000.0, 0.0, 0.0, 50.0, 12.0, wall)),
        _ => None,
    };
    let pieces = grain.map_or_else(|| vec![block], |grain| carve(mesh, dice, block, &grain));
    for (k, face) in pieces.into_iter().enumerate() {
        let size = area(&mesh.ring(face));
        let usage = match usage {
            Use::WalkUp => match dice.unit() {
                _ if size < 3_000.0 => Use::Square,
                _ if !town => usage,
                x if x < 0.045 && size < 15_000.0 => Use::Kindergarten,
                x if x < 0.065 => Use::Market,
                x if x < 0.08 => Use::Clinic,
                x if x < 0.095 => Use::Government,
                x if x < 0.115 => Use::Square,
                x if x < 0.125 => Use::Office,
                x if x < 0.135 => Use::Hotel,
                _ => usage,
            },
            Use::MidRise | Use::Towers if k > 0 && dice.chance(0.1) => {
                if size > 16_000.0 {
                    Use::School
                } else {
                    Use::Kindergarten
                }
            }
            Use::Office | Use::Culture | Use::Government | Use::Mall if k > 0 => {
                dice.weighted(&[(Use::Office, 0.6), (Use::Hotel, 0.15), (Use::Square, 0.15), (Use::Towers, 0.1)])
            }
            Use::Hospital | Use::Market | Use::Hotel if k > 0 => Use::WalkUp,
            Use::Field => match dice.unit() {
                x if x < 0.17 => Use::Hamlet,
                x if x < 0.26 => Use::Wood,
                _ => Use::Field,
            },
            other => other,
        };
        plots.push(Plot { face, usage, quarter, tag: mesh.tags[face as usize] });
    }
}

/// A place inside a ring, well away from its border: the best of a coarse raster.
pub fn heart(ring: &[P]) -> P {
    let (axes, lo, hi) = smallest_box(ring);
    let n = ring.len();
    let clear =
        |at: P| (0..n).map(|i| super::plane::to_segment(at, ring[i], ring[(i + 1) % n])).fold(f64::MAX, f64::min);
    let mut best = (f64::MIN, centroid(ring));
    for i in 1..8 {
        for j in 1..8 {
            let at = axes.out(lo.x + (hi.x - lo.x) * f64::from(i) / 8.0, lo.y + (hi.y - lo.y) * f64::from(j) / 8.0);
            if inside(ring, at) && clear(at) > best.0 {
                best = (clear(at), at);
            }
        }
    }
    let middle = centroid(ring);
    // The centre of gravity wins when it is nearly as good: it looks right.
    if inside(ring, middle) && clear(middle) > best.0 * 0.85 { middle } else { p(best.1.x, best.1.y) }
}

/// Gives the plots of one community the uses that 牛沙路 has (domain.md A8): two commodity compounds, fourteen old
/// courtyards and five social organisations, besides a school, a market and a garden.
pub fn as_niusha(mesh: &Mesh, plots: &mut [Plot]) {
    let mut order: Vec<usize> = (0..plots.len()).collect();
    let size = |i: usize| area(&mesh.ring(plots[i].face));
    order.sort_by(|&a, &b| {
        let new = |i: usize| plots[i].quarter == Quarter::New;
        new(b).cmp(&new(a)).then(size(b).total_cmp(&size(a))).then(a.cmp(&b))
    });
    // The smallest plots go to the social organisations, what is left over to the usual neighbours.
    let spare = plots.len().saturating_sub(22);
    let others = [Use::Market, Use::Square, Use::Kindergarten, Use::Clinic, Use::Government, Use::Hotel];
    let wanted = [Use::Towers, Use::Towers, Use::School]
        .into_iter()
        .chain([Use::OldSlabs; 14])
        .chain(others.into_iter().chain(std::iter::repeat(Use::Square)).take(spare))
        .chain([Use::Social; 5]);
    for (i, usage) in order.into_iter().zip(wanted) {
        plots[i].usage = usage;
    }
}
