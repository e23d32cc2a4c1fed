//! A city of 20,000 grids, 1,000,000 buildings and 100,000 cameras against the goals that such a city has:
//! `cargo bench --profile dev --bench city`. Each figure is of one run; the memory is what the process holds then.

use gridweave::city::City;
use gridweave::model::{Layer, Profile};
use gridweave::synth::{Scale, generate};
use std::time::Instant;

fn main() {
    let dir = std::env::temp_dir().join(format!("gridweave-bench-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a scratch folder");
    let path = dir.join("city.gpkg");
    let made = step("synthetic city", || generate(Scale::City, 1, &|_, _| {}));
    for layer in Layer::ALL {
        println!("  {:<28}{:>10}", layer.word(), made.world.count(layer));
    }
    let homes: u64 = made.world.buildings.iter().filter_map(|b| b.households).map(|h| u64::from(h.count)).sum();
    println!("  {:<28}{homes:>10}", "households");
    let profile = Profile::preset(&made.name).expect("preset");
    let city = step("city file created", || City::create(&path, &profile, &made.world, "bench").expect("create"));
    println!("  file {:.0} MB", std::fs::metadata(&path).map_or(0.0, |m| m.len() as f64 / 1e6));
    drop((city, made));
    let city = step("opened", || City::open(&path).expect("open"));
    let snapshot = city.snapshot();
    step("warm", || snapshot.warm());
    let _ = std::fs::remove_dir_all(&dir);
}

fn step<T>(name: &str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let made = work();
    let (now, most) = memory();
    println!("{name:<30}{:>9.2} s   {now:>6.0} MB now, {most:>6.0} MB at most", start.elapsed().as_secs_f64());
    made
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
