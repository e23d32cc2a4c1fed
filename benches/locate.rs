//! Whose place is this? The raster lookup against `rstar` with `geo::Contains` and `geo`'s interval tree, on one core.
//!
//! `cargo bench --profile dev --bench locate`, with `-- million` for the million grids too. Answers are compared before
//! anything is timed. Times are the least of several rounds: the machine is shared, and noise only adds.

#[path = "../tests/common/jagged.rs"]
mod jagged;

use gridweave::index::tiling::{OUTSIDE, Tiling};
use gridweave::index::{Borders, oracle};
use gridweave::model::{Bounds, Coord, Frame, MultiPolygon};
use jagged::Jagged;
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rstar::{AABB, PointDistance, RTree, RTreeObject};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

fn main() {
    let million = std::env::args().any(|argument| argument == "million");
    city("20,164 grids of 64 vertices", 142, 16, true);
    if million {
        city("1,000,000 grids of 16 vertices", 1000, 4, false);
    }
}

fn city(name: &str, n: usize, pieces: usize, peers: bool) {
    let jagged = Jagged { n, cell: 70_000, pieces, corner: Coord::new(1_000_000_000, 200_000_000), seed: 1 };
    let owned = jagged.cells();
    let polygons: Vec<&MultiPolygon> = owned.iter().collect();
    let bounds = polygons.iter().filter_map(|polygon| polygon.bounds()).reduce(Bounds::union).expect("polygons");
    println!("\n{name}");

    let rounds = if peers { 5 } else { 2 };
    let many = least(rounds, || drop(black_box(Tiling::build(&polygons))));
    let single = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
    let one = single.install(|| least(rounds, || drop(black_box(Tiling::build(&polygons)))));
    let tiling = Tiling::build(&polygons);
    let stats = tiling.stats();
    println!("  build                 {one:.3} s on one core, {many:.3} s on {}", rayon::current_num_threads());
    println!(
        "  memory                {:.1} MB (cells {:.1}, records {:.1}); {} x {} cells of {:?} units, {:.1} % on borders",
        tiling.bytes() as f64 / 1e6,
        stats.bytes.0 as f64 / 1e6,
        stats.bytes.1 as f64 / 1e6,
        stats.columns,
        stats.rows,
        stats.cell,
        100.0 * stats.boundary_share()
    );

    let mut random = Pcg64Mcg::seed_from_u64(2);
    let mut points: Vec<Coord> = (0..4_000_000)
        .map(|_| {
            Coord::new(
                random.random_range(bounds.min.x..=bounds.max.x),
                random.random_range(bounds.min.y..=bounds.max.y),
            )
        })
        .collect();
    let mut out = vec![0; points.len()];
    tiling.locate_batch(&points, &mut out);
    for (p, found) in points.iter().zip(&out).take(if peers { 1000 } else { 50 }) {
        assert_eq!(oracle::locate(&polygons, *p).unwrap_or(OUTSIDE), *found, "at {p:?}");
    }
    let alone = report("one call", points.len(), 5, || {
        for (p, out) in points.iter().zip(&mut out) {
            *out = tiling.locate(*p).unwrap_or(OUTSIDE);
        }
    });
    let random_batch = report("batch, random order", points.len(), 9, || tiling.locate_batch(&points, &mut out));
    let million = &points[..1_000_000];
    report("each waits for the last", million.len(), 3, || {
        let mut wait = 0;
        for p in million {
            // No answer has bit 31 without bit 30, so nothing is added; the processor cannot know.
            let found = tiling.locate(Coord::new(p.x + wait, p.y)).unwrap_or(OUTSIDE);
            wait = i32::from(found >> 30 == 2);
        }
        black_box(wait);
    });
    let answers = out.clone();

    if peers {
        let tree = boxes(&polygons);
        let some = 200_000;
        let mut differ = 0;
        for (p, found) in points.iter().zip(&answers).take(some) {
            if peer(&tree, *p) != *found {
                // Doubles hold these integers, so that only points on a border may differ.
                assert!(on_border(&polygons, *p), "at {p:?}");
                differ += 1;
            }
        }
        println!("  geo differs           at {differ} of {some} points, all on a border");
        let peer_time = report("rstar + geo::Contains", some, 3, || {
            for (p, out) in points[..some].iter().zip(&mut out) {
                *out = peer(&tree, *p);
            }
        });
        println!("  ratio                 {:.0} alone, {:.0} in a batch", peer_time / alone, peer_time / random_batch);
        let indexed: Vec<_> =
            owned.iter().map(|polygon| geo::indexed::IntervalTreeMultiPolygon::new(&to_geo(polygon))).collect();
        let interval = report("rstar + interval tree", some, 3, || {
            for (p, out) in points[..some].iter().zip(&mut out) {
                let at = geo::Point::new(f64::from(p.x), f64::from(p.y));
                let found = tree.locate_all_at_point(&[at.x(), at.y()]);
                *out = found
                    .map(|boxed| boxed.index)
                    .find(|i| geo::Contains::contains(&indexed[*i as usize], &at))
                    .unwrap_or(OUTSIDE);
            }
        });
        println!("  ratio                 {:.0} alone, {:.0} in a batch", interval / alone, interval / random_batch);
    }

    points.sort_unstable_by_key(|p| (p.y >> 16, p.x >> 16, p.y >> 13, p.x >> 13));
    report("batch, sorted by place", points.len(), 9, || tiling.locate_batch(&points, &mut out));
    report("one call, sorted", points.len(), 5, || {
        for (p, out) in points.iter().zip(&mut out) {
            *out = tiling.locate(*p).unwrap_or(OUTSIDE);
        }
    });

    if peers {
        let borders = Borders::build(&polygons, Arc::new(tiling));
        let frame = Frame::at(bounds.centre());
        let some: Vec<_> = points.iter().zip(&out).filter(|(_, out)| **out != OUTSIDE).step_by(37).collect();
        report("nearest border", some.len(), 3, || {
            for (p, polygon) in &some {
                black_box(borders.nearest(**polygon, **p, &frame));
            }
        });
    }
}

/// Seconds of the quickest of several rounds.
fn least(rounds: usize, mut work: impl FnMut()) -> f64 {
    let times = (0..rounds).map(|_| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    });
    times.fold(f64::INFINITY, f64::min)
}

fn report(name: &str, points: usize, rounds: usize, work: impl FnMut()) -> f64 {
    let each = least(rounds, work) / points as f64;
    println!("  {name:<22}{:>7.1} ns a point, {:>6.1} M points/s", each * 1e9, 1e-6 / each);
    each
}

/// A polygon of the peer with the box that its tree needs; plain doubles, as its users have them.
struct Boxed {
    index: u32,
    bounds: AABB<[f64; 2]>,
    polygon: geo::MultiPolygon<f64>,
}

impl RTreeObject for Boxed {
    type Envelope = AABB<[f64; 2]>;

    fn envelope(&self) -> Self::Envelope {
        self.bounds
    }
}

impl PointDistance for Boxed {
    fn distance_2(&self, point: &[f64; 2]) -> f64 {
        self.bounds.distance_2(point)
    }

    fn contains_point(&self, point: &[f64; 2]) -> bool {
        rstar::Envelope::contains_point(&self.bounds, point)
    }
}

fn boxes(polygons: &[&MultiPolygon]) -> RTree<Boxed> {
    let boxed = (0u32..).zip(polygons).filter_map(|(index, polygon)| {
        let Bounds { min, max } = polygon.bounds()?;
        let corner = |c: Coord| [f64::from(c.x), f64::from(c.y)];
        Some(Boxed { index, bounds: AABB::from_corners(corner(min), corner(max)), polygon: to_geo(polygon) })
    });
    RTree::bulk_load(boxed.collect())
}

fn to_geo(polygon: &MultiPolygon) -> geo::MultiPolygon<f64> {
    let ring = |ring: &gridweave::model::Ring| {
        geo::LineString::from_iter(ring.0.iter().map(|c| (f64::from(c.x), f64::from(c.y))))
    };
    let part =
        |part: &gridweave::model::Polygon| geo::Polygon::new(ring(&part.outer), part.holes.iter().map(ring).collect());
    geo::MultiPolygon(polygon.0.iter().map(part).collect())
}

fn peer(tree: &RTree<Boxed>, p: Coord) -> u32 {
    let at = geo::Point::new(f64::from(p.x), f64::from(p.y));
    let boxed = tree.locate_all_at_point(&[at.x(), at.y()]);
    boxed.filter(|boxed| geo::Contains::contains(&boxed.polygon, &at)).map(|boxed| boxed.index).min().unwrap_or(OUTSIDE)
}

fn on_border(polygons: &[&MultiPolygon], p: Coord) -> bool {
    polygons.iter().filter(|polygon| polygon.bounds().is_some_and(|bounds| bounds.contains(p))).any(|polygon| {
        let mut edges = polygon.rings().flat_map(|ring| ring.edges());
        edges.any(|(a, b)| Frame::at(p).distance_to_segment(p, a, b).0 < 1e-4)
    })
}
