//! The synthetic district: a made-up town on the Chengdu plain, for demos and tests that need a whole city at once.
//!
//! The steps, each in its own file, in the order they happen:
//! 1. `layout`: a lattice of arterials, river and railway, bent by smooth fields; it becomes a planar `mesh`.
//! 2. `plots`: streets, lanes and walls cut quarters into blocks and plots; each plot gets a use.
//! 3. `housing` and `premises` build on each plot's `site`.
//! 4. `city`: households, names (`names`), addresses, land; `roads`: the street layer.
//! 5. `levels`: today's subdistricts, communities and grids, deliberately uneven; `points`: cameras and the rest.
//!
//! Everything follows from the seed: same seed, same bytes. Units are fictional, and so are all names.

mod city;
mod dice;
mod housing;
mod layout;
mod levels;
mod mesh;
mod names;
mod plane;
mod plots;
mod points;
mod premises;
mod roads;
mod site;

use crate::model::World;
use city::Draft;
use dice::Dice;
use layout::Layout;
use mesh::Mesh;
use names::Names;
use plane::P;
use plots::{Plot, Use};
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
}

/// A made-up city.
#[derive(Clone, Debug, PartialEq)]
pub struct Synthetic {
    /// What it is called.
    pub name: String,
    /// All of it.
    pub world: World,
}

/// Makes a city. The same scale and seed give the same world, byte for byte. `progress` hears (plots done, plots).
pub fn generate(scale: Scale, seed: u64, progress: &(dyn Fn(u64, u64) + Sync)) -> Synthetic {
    let district = scale == Scale::District;
    let layout = if district { Layout::district(seed) } else { Layout::community(seed) };
    let name = if district { "织城区" } else { "牛沙路社区" };
    let mut mesh = layout.mesh();
    let mut plots = plots::lay_out(&mut mesh, &layout);
    if !district {
        plots::as_niusha(&mesh, &mut plots);
    }
    roads::drop_islands(&mut mesh);
    roads::cross_railway(&mut mesh);
    let gates = gates(&mut mesh, &plots);
    let done = AtomicU64::new(0);
    let build_up = |(plot, gate): (&Plot, &Option<(P, P)>)| {
        progress(done.fetch_add(1, Ordering::Relaxed), plots.len() as u64);
        build(&mesh, plot, seed, *gate)
    };
    let mut built: Vec<Built> = plots.par_iter().zip(&gates).map(build_up).collect();
    if district {
        thin_hamlets(&plots, &mut built, 20_000);
    }
    let households = city::settle(&plots, &built, if district { 200_000 } else { 4_000 }, seed);
    let mut per_face = vec![0.0; mesh.faces() as usize];
    for (plot, houses) in plots.iter().zip(&households) {
        per_face[plot.face as usize] = f64::from(houses.iter().sum::<u32>());
    }
    let counts = city::counts(district, &mut Dice::new(seed, &[5]));
    let levels = levels::gather(&mesh, &plots, &per_face, counts, seed);
    let mut names = Names::new(seed);
    let mut named = vec![false; mesh.faces() as usize];
    for plot in &plots {
        named[plot.face as usize] = city::carries_names(plot);
    }
    let roads = roads::join(&mesh, &mut names, &|face| named[face as usize]);
    let draft = Draft {
        layout: &layout,
        mesh: &mesh,
        plots: &plots,
        built: &built,
        households: &households,
        roads: &roads,
        levels: &levels,
    };
    let mut world = World::default();
    city::places(&draft, &mut names, if district { name } else { "织城区" }, &mut world);
    city::premises(&draft, &mut names, &mut world);
    city::river(&draft, &mut world);
    city::land(&draft, &mut names, &mut world);
    world.streets = roads::layer(&mesh, &roads, &built);
    points::place(&draft, &mut names, &mut world);
    progress(plots.len() as u64, plots.len() as u64);
    Synthetic { name: name.to_owned(), world }
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
