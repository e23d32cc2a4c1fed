//! From nothing to a city that answers: `cargo bench --profile dev --bench start`, with `-- nine` for nine districts side
//! by side too. Prints what each step takes; the least of three rounds.

use gridweave::city::Snapshot;
use gridweave::index::{Borders, Facts, Ground};
use gridweave::model::{Coord, Geometry, Layer, Profile, Record, Value, World};
use gridweave::store::Stored;
use gridweave::synth::{Scale, generate};
use std::time::Instant;

fn main() {
    let made = step("synthetic district", || generate(Scale::District, 1, &|_, _| {}));
    let profile = Profile::preset(&made.name).expect("preset");
    city("one district", &made.world, &profile);
    if std::env::args().any(|argument| argument == "nine") {
        city("nine districts", &nine(&made.world), &profile);
    }
}

fn city(name: &str, world: &World, profile: &Profile) {
    println!("{name}: {} grids, {} buildings", world.grids.len(), world.buildings.len());
    let day = jiff::Zoned::now().date();
    step("  bounds", || world.bounds());
    let ground = step("  ground", || Ground::build(world));
    step("  weave", || {
        let districts: Vec<_> = world.districts.iter().map(|p| &p.area).collect();
        let subdistricts: Vec<_> = world.subdistricts.iter().map(|p| &p.area).collect();
        let communities: Vec<_> = world.communities.iter().map(|p| &p.area).collect();
        let grids: Vec<_> = world.grids.iter().map(|p| &p.area).collect();
        gridweave::fabric::arcs::weave_family(&[&districts, &subdistricts, &communities, &grids])
    });
    step("  compounds", || gridweave::index::compounds::membership(world, &ground, profile.floor_area_per_household));
    step("  facts", || Facts::build(world, profile, &ground, day));
    step("  borders", || {
        let polygons: Vec<_> = ground.grids.places.iter().map(|p| &world.grids[*p as usize].area).collect();
        Borders::build(&polygons, ground.grids.tiling().clone())
    });
    let stored = Stored { world: world.clone(), profile: profile.clone(), version: 1, since: jiff::Timestamp::now() };
    let snapshot = Snapshot::build(stored);
    for layer in Layer::ALL {
        let start = Instant::now();
        snapshot.about_tiles(layer);
        println!("    {:<26}{:>8.1} ms", layer.word(), start.elapsed().as_secs_f64() * 1e3);
    }
}

fn step<T>(name: &str, work: impl Fn() -> T) -> T {
    let mut least = f64::INFINITY;
    for _ in 0..2 {
        let start = Instant::now();
        drop(work());
        least = least.min(start.elapsed().as_secs_f64());
    }
    let start = Instant::now();
    let made = work();
    least = least.min(start.elapsed().as_secs_f64());
    println!("{name:<30}{:>8.1} ms", least * 1e3);
    made
}

/// Three by three copies of a world, a district's width apart; codes of each begin with its number.
fn nine(world: &World) -> World {
    let bounds = world.bounds().expect("a city");
    let (width, height) = (bounds.max.x - bounds.min.x + 100_000, bounds.max.y - bounds.min.y + 100_000);
    let mut all = World::default();
    for copy in 0..9 {
        for layer in Layer::ALL {
            for record in world.records(layer) {
                all.put(layer, &moved(layer, record, copy, (copy % 3 * width, copy / 3 * height))).expect("as it was");
            }
        }
    }
    all
}

fn moved(layer: Layer, mut record: Record, copy: i32, (dx, dy): (i32, i32)) -> Record {
    record.id = 0;
    let shift = |c: &mut Coord| *c = Coord::new(c.x + dx, c.y + dy);
    match &mut record.geometry {
        Geometry::Point(at) => shift(at),
        Geometry::Line(line) => line.0.iter_mut().for_each(shift),
        Geometry::Area(area) => {
            for polygon in &mut area.0 {
                for ring in std::iter::once(&mut polygon.outer).chain(&mut polygon.holes) {
                    ring.0.iter_mut().for_each(shift);
                }
            }
        }
    }
    for (field, value) in layer.fields().iter().zip(&mut record.values) {
        if let ("code" | "parent" | "community", Value::Text(code)) = (field.name, value) {
            code.insert_str(0, &format!("{copy}-"));
        }
    }
    record
}
