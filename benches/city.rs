//! A city of 20,000 grids, 1,000,000 buildings and 100,000 cameras against the goals that such a city has:
//! `cargo bench --profile dev --bench city`. Each step runs once, as it does for a user; beside its time stands the memory
//! that the process holds after it and the most that it ever held. On a busy machine the processor time tells more than the
//! clock: both are given. Give `-- file.gpkg` to start from a city file.

use flate2::{Compression, write::GzEncoder};
use gridweave::city::{City, Snapshot, import};
use gridweave::model::{Coord, Entity, Layer, MultiPolygon, Profile, World};
use gridweave::read::Reading;
use gridweave::store::{Change, Edit, Effect, Embedded, Store};
use gridweave::synth::{Scale, generate};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

fn main() {
    let dir = std::env::temp_dir().join(format!("gridweave-bench-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a scratch folder");
    let given = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).map(PathBuf::from);
    let path = given.unwrap_or_else(|| create(&dir.join("city.gpkg")));
    let city = step("opened", || City::open(&path).expect("open"));
    let snapshot = city.snapshot();
    step("map layers", || snapshot.warm());
    step("search", || snapshot.warm_search());
    parts_of_the_snapshot(&snapshot);
    // A pool of one, so that a thread's own time is all that a tile takes.
    let single = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
    single.install(|| tiles(&snapshot));
    search(&snapshot);
    locate(&snapshot);
    drop((snapshot, city));
    let more = more_buildings(&path);
    prepare(&more);
    commit(&dir.join("bulk.gpkg"), &more);
    let _ = std::fs::remove_dir_all(&dir);
}

fn create(path: &Path) -> PathBuf {
    let made = step("synthetic city (goal 60 s)", || generate(Scale::City, 1, &|_, _| {}));
    for layer in Layer::ALL {
        println!("  {:<28}{:>10}", layer.word(), made.world.count(layer));
    }
    let counts = [Layer::Grids, Layer::Buildings, Layer::Cameras].map(|layer| made.world.count(layer));
    assert_eq!(counts, [20_000, 1_000_000, 100_000]);
    let homes: u64 = made.world.buildings.iter().filter_map(|b| b.households).map(|h| u64::from(h.count)).sum();
    println!("  {:<28}{homes:>10}", "households");
    let profile = Profile::preset(&made.name).expect("preset");
    step("city file created", || City::create(path, &profile, &made.world, "bench").map(drop).expect("create"));
    println!("  file {:.0} MB", std::fs::metadata(path).map_or(0.0, |m| m.len() as f64 / 1e6));
    path.to_owned()
}

/// What the start consists of, each step alone.
fn parts_of_the_snapshot(snapshot: &Snapshot) {
    use gridweave::index::{Facts, Ground, Near};
    let world = &snapshot.world;
    let day = jiff::Zoned::now().date();
    step("  copy of the world", || drop(world.clone()));
    step("  ground", || drop(Ground::build(world)));
    step("    buildings' tree", || drop(Near::build((0..).zip(world.shapes(Layer::Buildings)))));
    step("  facts", || drop(Facts::build(world, &snapshot.profile, &snapshot.ground, day)));
}

/// Layers as the map asks for them, several in one tile.
const ASKED: [(&str, &[Layer]); 8] = [
    ("base", &[Layer::Water, Layer::Green, Layer::Barriers, Layer::Streets, Layer::Buildings]),
    ("areas", &[Layer::Districts, Layer::Subdistricts, Layer::Communities, Layer::Grids, Layer::Zones]),
    ("compounds", &[Layer::Compounds]),
    ("institutions", &[Layer::Institutions]),
    ("cameras", &[Layer::Cameras]),
    ("checkpoints", &[Layer::Checkpoints]),
    ("services", &[Layer::Services]),
    ("all in one", &Layer::ALL),
];

/// Every tile of the overview and a sample of the deeper ones, compressed as the server does.
fn tiles(snapshot: &Snapshot) {
    println!(
        "tiles as the map asks for them, gzip included, one core, ms (goal 20): zoom, tiles, median / worst of each"
    );
    let bounds = snapshot.world.bounds().expect("a city");
    println!("{}", ASKED.iter().fold(format!("{:>14}", ""), |line, (name, _)| format!("{line}{name:>16}")));
    for z in 0..=16u8 {
        let range = gridweave::tiles::touched(bounds, z);
        let mut wanted: Vec<(u32, u32)> =
            (range.x.0..=range.x.1).flat_map(|x| (range.y.0..=range.y.1).map(move |y| (x, y))).collect();
        if wanted.len() > 400 {
            let tile = |at: &Coord| {
                let touched = gridweave::tiles::touched(gridweave::model::Bounds { min: *at, max: *at }, z);
                (touched.x.0, touched.y.0)
            };
            let anchors = &snapshot.ground.building_anchors;
            wanted = anchors.iter().step_by(anchors.len() / 400).map(tile).collect();
        }
        let mut line = format!("  {z:>4}{:>6}  ", wanted.len());
        for (_, layers) in ASKED {
            let mut times: Vec<f64> = wanted.iter().map(|&(x, y)| tile_time(snapshot, layers, (z, x, y))).collect();
            times.sort_by(f64::total_cmp);
            let worst = times.last().copied().unwrap_or_default();
            line += &format!("{:>7.2} /{worst:>7.2}", times[times.len() / 2]);
        }
        println!("{line}");
    }
}

/// Milliseconds for one tile. Nothing of a tile is kept, so the least of a few rounds is what it costs undisturbed.
fn tile_time(snapshot: &Snapshot, layers: &[Layer], tile: (u8, u32, u32)) -> f64 {
    let round = |_| {
        let start = Instant::now();
        let mut bytes = Vec::new();
        layers.iter().for_each(|layer| snapshot.draw(*layer, tile, &mut bytes));
        let level = if bytes.len() > 512 << 10 { 1 } else { 3 };
        let mut gzip = GzEncoder::new(Vec::new(), Compression::new(level));
        gzip.write_all(&bytes).expect("memory");
        gzip.finish().expect("memory");
        start.elapsed().as_secs_f64() * 1e3
    };
    (0..3).map(round).fold(f64::INFINITY, f64::min)
}

fn search(snapshot: &Snapshot) {
    let world = &snapshot.world;
    let (building, camera) = (&world.buildings[world.buildings.len() / 2], &world.cameras[world.cameras.len() / 3]);
    let code = |code: &Option<gridweave::model::Code>| code.as_ref().map_or("", |c| c.as_str()).to_owned();
    let queries = [
        building.address.clone(),
        building.address.chars().skip(2).collect(),
        code(&building.code),
        code(&camera.code),
        "织".to_owned(),
        "路".to_owned(),
        "号楼".to_owned(),
        "3号楼".to_owned(),
        "1号楼2".to_owned(),
        "B00".to_owned(),
        "没有这个地方".to_owned(),
        "楼号".to_owned(),
        "路号".to_owned(),
        "1".to_owned(),
        "99号附".to_owned(),
    ];
    println!("search (goal 20 ms)");
    for query in queries {
        let (mut least, mut found) = (f64::INFINITY, 0);
        for _ in 0..3 {
            let start = Instant::now();
            found = snapshot.search(&query, 20, |_| true).len();
            least = least.min(start.elapsed().as_secs_f64() * 1e3);
        }
        println!("  {query:<30}{found:>4} found{least:>9.2} ms");
    }
}

fn locate(snapshot: &Snapshot) {
    let bounds = snapshot.world.bounds().expect("a city");
    let span = |lo: i32, hi: i32, k: u64| lo + (k.wrapping_mul(0x9E37_79B9_7F4A_7C15) % (hi - lo) as u64) as i32;
    let points: Vec<Coord> = (0..4_000_000u64)
        .map(|k| Coord::new(span(bounds.min.x, bounds.max.x, k), span(bounds.min.y, bounds.max.y, k ^ 0xABCD_EF01)))
        .collect();
    let start = processor();
    let found = snapshot.locate_batch(&points);
    let took = processor() - start;
    let inside = found.iter().filter(|rank| **rank != gridweave::index::OUTSIDE).count();
    println!(
        "lookup in the city's own grids: {:.0} M points/s and core, {inside} inside",
        points.len() as f64 / took / 1e6
    );
}

/// The buildings of a city, moved to where none are.
fn more_buildings(path: &Path) -> Vec<gridweave::model::Record> {
    let world = gridweave::store::read_only(path).expect("read").world;
    let east = |area: &mut MultiPolygon| {
        for polygon in &mut area.0 {
            for ring in std::iter::once(&mut polygon.outer).chain(&mut polygon.holes) {
                ring.0.iter_mut().for_each(|c| c.x += 20_000_000);
            }
        }
    };
    let moved = |building: &gridweave::model::Building| {
        let mut building = building.clone();
        east(&mut building.area);
        building.code = building.code.map(|code| format!("N{code}").into());
        building.to_record()
    };
    world.buildings.iter().map(moved).collect()
}

fn per_second<T>(what: &str, n: usize, work: impl FnOnce() -> T) -> T {
    let (start, processor) = (Instant::now(), processor());
    let made = work();
    let (took, used) = (start.elapsed().as_secs_f64(), self::processor() - processor);
    println!("{what:<34}{took:>7.2} s, {used:>6.2} s of processors: {:>8.0} a second and core", n as f64 / used);
    made
}

/// A reading of new buildings fitted into an empty city.
fn prepare(records: &[gridweave::model::Record]) {
    let profile = Profile::preset("bench").expect("preset");
    let reading = Reading {
        features: records.iter().map(|r| (Layer::Buildings, gridweave::model::Record { id: 0, ..r.clone() })).collect(),
        ..Reading::default()
    };
    let prepare = || import::prepare(&World::default(), &profile, reading, "bench", false);
    drop(per_second("import prepared", records.len(), prepare));
}

/// A change of a million new buildings: the store alone, then the open city.
fn commit(path: &Path, records: &[gridweave::model::Record]) {
    let profile = Profile::preset("bench").expect("preset");
    let edits = records.iter().map(|r| Edit::Put(Layer::Buildings, r.clone())).collect();
    let change = Change { reason: "bench".into(), edits, ..Change::default() };
    let mut store = Embedded::create(path, &profile).expect("create");
    per_second("committed to the store", records.len(), || store.commit(&change, &Effect::default()).expect("commit"));
    drop(store);
    let path = path.with_extension("city.gpkg");
    let city = City::create(&path, &profile, &World::default(), "").expect("create");
    per_second("committed to the open city", records.len(), || city.commit(&change).expect("commit"));
}

fn step<T>(name: &str, work: impl FnOnce() -> T) -> T {
    let (start, processor) = (Instant::now(), processor());
    let made = work();
    let (took, used) = (start.elapsed().as_secs_f64(), self::processor() - processor);
    let (now, most) = memory();
    println!("{name:<30}{took:>9.2} s, {used:>6.2} s of processors {now:>6.0} MB now, {most:>6.0} MB at most");
    made
}

/// Seconds that all threads have had a processor.
fn processor() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default();
    // utime and stime, in hundredths.
    fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// Megabytes that the process holds, and that it ever held.
fn memory() -> (f64, f64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let of = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default();
        line.trim().trim_end_matches(" kB").trim().parse::<f64>().unwrap_or_default() / 1024.0
    };
    (of("VmRSS:"), of("VmHWM:"))
}
