//! The synthetic district: a made-up town on the Chengdu plain, for demos and tests that need a whole city at once.
//!
//! The steps, each in its own file, in the order they happen:
//! 1. `layout`: a lattice of arterials, river and railway, bent by smooth fields; it becomes a planar `mesh`.
//! 2. `plots`: streets, lanes and walls cut quarters into blocks and plots; each plot gets a use.
//! 3. `housing` and `premises` build on each plot's `site`.
//! 4. `city`: households, names (`names`), addresses, land; `roads`: the street layer.
//! 5. `levels`: today's subdistricts, communities and grids, deliberately uneven; `points`: cameras and the rest.
//!
//! `metropolis` makes a city of many districts that way and `seams` joins them.
//!
//! Everything follows from the seed: same seed, same bytes. Units are fictional, and so are all names.

mod city;
mod dice;
mod housing;
mod layout;
mod levels;
mod mesh;
mod metropolis;
mod names;
mod plane;
mod plots;
mod points;
mod premises;
mod roads;
mod seams;
mod site;

use crate::model::World;
use city::Draft;
use dice::Dice;
use layout::Layout;
use levels::Counts;
use mesh::Mesh;
use names::Names;
use plane::P;
use plots::{Plot, Use};
use points::Quota;
use rayon::prelude::*;
use site::{Built, Site};
use std::sync::atomic::{AtomicU64, Ordering};

/// How large a city to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// One community of 0.32 km²: 4,000 households, 14 old courtyards and two commodity compounds.
    Compound,
    /// A district of 269 grids, about 200,000 households in 20,000 buildings.
    District,
    /// 49 districts: 20,000 grids, 1,000,000 buildings, 100,000 cameras.
    City,
}

/// A made-up city.
#[derive(Clone, Debug, PartialEq)]
pub struct Synthetic {
    /// What it is called.
    pub name: String,
    /// All of it.
    pub world: World,
}

/// Makes a city. The same scale and seed give the same world, byte for byte, on any number of threads. `progress` hears
/// (plots done, plots), or of a city the districts.
pub fn generate(scale: Scale, seed: u64, progress: &(dyn Fn(u64, u64) + Sync)) -> Synthetic {
    let (layout, name) = match scale {
        Scale::Compound => (Layout::community(seed), "牛沙路社区"),
        Scale::District => (Layout::district(seed), "织城区"),
        Scale::City => return metropolis::generate(seed, progress),
    };
    let district = layout.town;
    let (done, plots) = (AtomicU64::new(0), AtomicU64::new(0));
    let mut ground = lay(layout, &|all| {
        plots.store(all, Ordering::Relaxed);
        progress(done.fetch_add(1, Ordering::Relaxed), all);
    });
    if district {
        thin_hamlets(&ground.plots, &mut ground.built, 20_000);
    }
    let size = Size {
        code: "510699".to_owned(),
        name: "织城区".to_owned(),
        households: if district { 200_000 } else { 4_000 },
        counts: city::counts(district, &mut Dice::new(seed, &[5])),
        quota: if district { Quota::DISTRICT } else { Quota::COMMUNITY },
    };
    let world = settle(&ground, &size);
    let plots = plots.into_inner();
    progress(plots, plots);
    Synthetic { name: name.to_owned(), world }
}

/// A district whose plots are built on, before anybody lives there.
struct Ground {
    layout: Layout,
    mesh: Mesh,
    /// How many of the mesh's vertices the layout itself brought.
    laid_out: u32,
    plots: Vec<Plot>,
    built: Vec<Built>,
}

/// How many people a district has and what they are given.
struct Size {
    code: String,
    name: String,
    households: u32,
    counts: Counts,
    quota: Quota,
}

/// Steps 1 to 3. `progress` hears the number of plots before each.
fn lay(layout: Layout, progress: &(dyn Fn(u64) + Sync)) -> Ground {
    let mut mesh = layout.mesh();
    let laid_out = mesh.vertices.len() as u32;
    let mut plots = plots::lay_out(&mut mesh, &layout);
    if !layout.town {
        plots::as_niusha(&mesh, &mut plots);
    }
    roads::drop_islands(&mut mesh);
    roads::cross_railway(&mut mesh);
    let gates = gates(&mut mesh, &plots);
    let build_up = |(plot, gate): (&Plot, &Option<(P, P)>)| {
        progress(plots.len() as u64);
        build(&mesh, plot, layout.seed, *gate)
    };
    let built: Vec<Built> = plots.par_iter().zip(&gates).map(build_up).collect();
    Ground { layout, mesh, laid_out, plots, built }
}

/// Steps 4 and 5.
fn settle(ground: &Ground, size: &Size) -> World {
    let Ground { layout, mesh, plots, built, .. } = ground;
    let seed = layout.seed;
    let households = city::settle(plots, built, size.households, seed);
    let mut per_face = vec![0.0; mesh.faces() as usize];
    for (plot, houses) in plots.iter().zip(&households) {
        per_face[plot.face as usize] = f64::from(houses.iter().sum::<u32>());
    }
    let levels = levels::gather(mesh, plots, &per_face, size.counts, seed);
    let mut names = Names::new(seed);
    let mut named = vec![false; mesh.faces() as usize];
    for plot in plots {
        named[plot.face as usize] = city::carries_names(plot);
    }
    let roads = roads::join(mesh, &mut names, &|face| named[face as usize]);
    let draft =
        Draft { code: &size.code, layout, mesh, plots, built, households: &households, roads: &roads, levels: &levels };
    let mut world = World::default();
    city::places(&draft, &mut names, &size.name, &mut world);
    city::premises(&draft, &mut names, &mut world);
    city::river(&draft, &mut world);
    city::land(&draft, &mut names, &mut world);
    world.streets = roads::layer(mesh, &roads, built);
    points::place(&draft, &size.quota, &mut names, &mut world);
    world
}

/// Where each plot opens to a street: a vertex of the mesh, and the direction outward.
fn gates(mesh: &mut Mesh, plots: &[Plot]) -> Vec<Option<(P, P)>> {
    plots
        .iter()
        .map(|plot| {
            if matches!(
                plot.usage,
                Use::Field | Use::Wood | Use::Hamlet | Use::River | Use::OldTown | Use::UrbanVillage
            ) {
                return None;
            }
            let centre = plots::heart(&mesh.ring(plot.face));
            // A long side on a street that is neither an arterial nor a lane; north or south, so that rows stay whole.
            let worth = |h: u32| -> f64 {
                let along = mesh.to(h) - mesh.from(h);
                let facing = along.unit().x.abs();
                let toward = (centre - mesh.from(h).towards(mesh.to(h), 0.5)).unit().dot(along.unit().left()).max(0.0);
                along.len().min(90.0) * (0.35 + facing) * (0.2 + toward)
            };
            let h = mesh
                .around(plot.face)
                .into_iter()
                .filter(|&h| {
                    matches!(mesh.course(h), mesh::Course::Street(_)) && (mesh.to(h) - mesh.from(h)).len() > 14.0
                })
                .max_by(|&a, &b| worth(a).total_cmp(&worth(b)).then(b.cmp(&a)))?;
            let (a, b) = (mesh.from(h), mesh.to(h));
            let v = mesh.vertex_near(h, a.towards(b, 0.5));
            Some((mesh.places[v as usize], (b - a).unit().left() * -1.0))
        })
        .collect()
}

fn build(mesh: &Mesh, plot: &Plot, seed: u64, gate: Option<(P, P)>) -> Built {
    let mut site = Site::new(mesh, plot);
    let mut dice = Dice::new(seed, &[10, u64::from(plot.face)]);
    match plot.usage {
        Use::OldSlabs | Use::WalkUp | Use::MidRise | Use::Towers => {
            housing::compound(&mut site, &mut dice, plot.usage, gate);
        }
        Use::OldTown => housing::old_town(&mut site, &mut dice),
        Use::UrbanVillage => housing::urban_village(&mut site, &mut dice),
        Use::Hamlet => {
            housing::hamlet(&mut site, &mut dice);
        }
        Use::Field | Use::Wood => housing::land(&mut site, &mut dice, plot.usage),
        Use::River => {}
        usage => premises::premises(&mut site, &mut dice, usage, gate),
    }
    site.built
}

/// Hamlets grow house by house from their middle; they stop growing where the district would have too many buildings.
fn thin_hamlets(plots: &[Plot], built: &mut [Built], most: usize) {
    let total = |built: &[Built]| built.iter().map(|b| b.houses.len()).sum::<usize>();
    let others: usize =
        plots.iter().zip(built.iter()).filter(|(plot, _)| plot.usage != Use::Hamlet).map(|(_, b)| b.houses.len()).sum();
    let mut cap = 60;
    while total(built) > most && cap > 3 && others < most {
        cap -= 1;
        for (_, built) in plots.iter().zip(built.iter_mut()).filter(|(plot, _)| plot.usage == Use::Hamlet) {
            built.houses.truncate(cap);
        }
    }
}
