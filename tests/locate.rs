//! The fast lookups against the slow, obvious one.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::jagged::Jagged;
use gridweave::index::tiling::{OUTSIDE, Tiling};
use gridweave::index::{Borders, Near, oracle};
use gridweave::model::{Bounds, Coord, Frame, Geometry, Metres, MultiPolygon, Polygon, Ring};
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The oracle made bearable: polygons whose bounds do not hold the point are passed over.
struct Oracle<'a> {
    polygons: Vec<(Bounds, u32, &'a MultiPolygon)>,
}

impl<'a> Oracle<'a> {
    fn new(polygons: &[&'a MultiPolygon]) -> Self {
        Self {
            polygons: (0..).zip(polygons).filter_map(|(i, polygon)| Some((polygon.bounds()?, i, *polygon))).collect(),
        }
    }

    fn locate_all(&self, p: Coord) -> Vec<u32> {
        let near = self.polygons.iter().filter(|(bounds, ..)| bounds.contains(p));
        near.filter(|(_, _, polygon)| oracle::contains(polygon, p)).map(|(_, i, _)| *i).collect()
    }
}

/// Invariant: one by one, in a batch and as a list, every point gets the oracle's answer.
fn locate_agrees_with_oracle(polygons: &[&MultiPolygon], points: &[Coord]) {
    let tiling = Tiling::build(polygons);
    let oracle = Oracle::new(polygons);
    let mut batch = vec![0; points.len()];
    tiling.locate_batch(points, &mut batch);
    for (p, batch) in points.iter().zip(batch) {
        let expected = oracle.locate_all(*p);
        assert_eq!(tiling.locate_all(*p), expected, "all at {p:?}");
        assert_eq!(tiling.locate(*p), expected.first().copied(), "first at {p:?}");
        assert_eq!(batch, expected.first().copied().unwrap_or(OUTSIDE), "batch at {p:?}");
    }
}

/// Invariant: polygons that tile the ground share out every point of it, borders included, to exactly one.
fn every_point_in_exactly_one(polygons: &[&MultiPolygon], points: impl IntoIterator<Item = Coord>) {
    let tiling = Tiling::build(polygons);
    for p in points {
        assert_eq!(tiling.locate_all(p).len(), 1, "at {p:?}");
    }
}

fn refs(polygons: &[MultiPolygon]) -> Vec<&MultiPolygon> {
    polygons.iter().collect()
}

/// Every vertex, the middle of every edge, and the eight points around each.
fn borders(polygons: &[&MultiPolygon]) -> Vec<Coord> {
    let mut points = Vec::new();
    for (a, b) in polygons.iter().flat_map(|polygon| polygon.rings()).flat_map(Ring::edges) {
        let middle = Bounds::of([a, b]).unwrap().centre();
        for at in [a, middle] {
            for (dx, dy) in (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (dx, dy))) {
                points.push(Coord::new(at.x.saturating_add(dx), at.y.saturating_add(dy)));
            }
        }
    }
    points
}

fn scattered(bounds: Bounds, count: usize, seed: u64) -> Vec<Coord> {
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    (0..count)
        .map(|_| {
            Coord::new(
                random.random_range(bounds.min.x..=bounds.max.x),
                random.random_range(bounds.min.y..=bounds.max.y),
            )
        })
        .collect()
}

fn extent(polygons: &[&MultiPolygon]) -> Bounds {
    polygons.iter().filter_map(|polygon| polygon.bounds()).reduce(Bounds::union).unwrap()
}

/// A square from its south-west corner.
fn square(x: i32, y: i32, side: i32) -> Vec<Coord> {
    vec![Coord::new(x, y), Coord::new(x + side, y), Coord::new(x + side, y + side), Coord::new(x, y + side)]
}

fn area(rings: Vec<Vec<Coord>>) -> MultiPolygon {
    let mut rings = rings.into_iter().map(Ring);
    Polygon { outer: rings.next().unwrap_or_default(), holes: rings.collect() }.into()
}

/// Rings of few vertices on few integers, so that they touch, overlap and share edges all the time; any ring is
/// allowed, since the even-odd rule gives each a meaning.
fn layers() -> impl Strategy<Value = Vec<MultiPolygon>> {
    let place = prop_oneof![3 => Just((1, 0)), 1 => Just((97, -40_000)), 1 => Just((16_384, -70_000))];
    place.prop_flat_map(|(scale, shift)| {
        let vertex = (0..12i32, 0..12i32).prop_map(move |(x, y)| Coord::new(x * scale + shift, y * scale - shift));
        let ring = prop_oneof![
            4 => prop::collection::vec(vertex, 0..9),
            3 => (0..10i32, 0..10i32, 1..6i32).prop_map(move |(x, y, side)| square(x * scale + shift, y * scale - shift, side * scale)),
        ];
        let polygon = prop::collection::vec(ring, 1..3).prop_map(area);
        let several = prop::collection::vec(polygon, 0..3)
            .prop_map(|parts| MultiPolygon(parts.into_iter().flat_map(|part| part.0).collect()));
        prop::collection::vec(several, 0..14)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_rings_at_all(polygons in layers(), seed in any::<u64>()) {
        let polygons = refs(&polygons);
        let mut points = borders(&polygons);
        for (x, y) in (-1..14).flat_map(|x| (-1..14).map(move |y| (x, y))) {
            points.push(Coord::new(x, y));
        }
        if !points.is_empty() {
            let bounds = points.iter().copied().fold(Bounds { min: points[0], max: points[0] }, |mut b, p| { b.include(p); b });
            points.extend(scattered(bounds, 200, seed));
        }
        locate_agrees_with_oracle(&polygons, &points);
    }

    #[test]
    fn rings_as_wide_as_the_integers(
        rings in prop::collection::vec(prop::collection::vec((any::<i32>(), any::<i32>()), 3..7), 1..5),
        corners in prop::collection::vec(prop::sample::select(vec![i32::MIN, i32::MIN + 1, -1, 0, 1, i32::MAX - 1, i32::MAX]), 16),
        seed in any::<u64>(),
    ) {
        let mut polygons: Vec<_> = rings.into_iter().map(|ring| area(vec![ring.into_iter().map(|(x, y)| Coord::new(x, y)).collect()])).collect();
        polygons.push(area(vec![corners.chunks(2).map(|c| Coord::new(c[0], c[1])).collect()]));
        let polygons = refs(&polygons);
        let mut points = borders(&polygons);
        points.extend(scattered(Bounds { min: Coord::new(i32::MIN, i32::MIN), max: Coord::new(i32::MAX, i32::MAX) }, 200, seed));
        locate_agrees_with_oracle(&polygons, &points);
    }

    #[test]
    fn near_agrees_with_looking_at_everything(polygons in layers(), seed in any::<u64>()) {
        let areas: Vec<_> = polygons.iter().cloned().map(Geometry::Area).collect();
        let near = Near::build((0..).zip(&areas));
        let reach = Bounds { min: Coord::new(-90_000, -160_000), max: Coord::new(270_000, 270_000) };
        let mut points = borders(&refs(&polygons));
        points.extend(scattered(reach, 20, seed));
        for p in points {
            let frame = Frame::at(p);
            prop_assert_eq!(near.containing(p), oracle::locate(&refs(&polygons), p));
            let distance = |polygon: &MultiPolygon| {
                if oracle::contains(polygon, p) {
                    return Some(0.0);
                }
                let edges = polygon.rings().flat_map(Ring::edges);
                edges.map(|(a, b)| frame.distance_to_segment(p, a, b).0).reduce(f64::min)
            };
            let least = polygons.iter().filter_map(distance).reduce(f64::min).filter(|metres| *metres <= 900.0);
            prop_assert_eq!(near.nearest(p, &frame, Metres(900.0)).map(|(_, metres)| metres.0), least);
        }
    }

    #[test]
    fn jagged_grids_share_out_every_point(n in 2..7usize, log in 0..4u32, cell in 120..90_000i32, seed in any::<u64>()) {
        let jagged = Jagged { n, cell, pieces: 1 << log, corner: Coord::new(-1_234_567, 7_654_321), seed };
        let polygons = jagged.cells();
        let polygons = refs(&polygons);
        let mut points = borders(&polygons);
        points.extend(scattered(extent(&polygons), 500, seed));
        locate_agrees_with_oracle(&polygons, &points);
        // The outline is straight; its north and east sides belong to nobody.
        let Bounds { min, max } = extent(&polygons);
        let inner = Bounds { min, max: Coord::new(max.x - 1, max.y - 1) };
        every_point_in_exactly_one(&polygons, points.into_iter().filter(|p| inner.contains(*p)));
    }
}

#[test]
fn no_polygons() {
    locate_agrees_with_oracle(&[], &[Coord::new(0, 0), Coord::new(i32::MIN, i32::MAX)]);
    let nothing = MultiPolygon::default();
    locate_agrees_with_oracle(&[&nothing, &nothing], &[Coord::new(0, 0)]);
    let point = area(vec![vec![Coord::new(5, 5); 4]]);
    locate_agrees_with_oracle(&[&point], &[Coord::new(5, 5), Coord::new(4, 5)]);
}

/// ```text
/// +---+---+
/// | 2 | 3 |   the west and south borders of a square are its own, the east and north ones are not
/// +---+---+
/// | 0 | 1 |
/// +---+---+
/// ```
#[test]
fn a_square_keeps_its_west_and_south_borders() {
    let squares: Vec<_> = [(0, 0), (10, 0), (0, 10), (10, 10)].map(|(x, y)| area(vec![square(x, y, 10)])).into();
    let tiling = Tiling::build(&refs(&squares));
    for (x, y, expected) in [
        (0, 0, Some(0)),
        (9, 9, Some(0)),
        (10, 0, Some(1)),
        (10, 5, Some(1)),
        (5, 10, Some(2)),
        (10, 10, Some(3)),
        (19, 19, Some(3)),
        (20, 5, None),
        (5, 20, None),
        (-1, 5, None),
    ] {
        assert_eq!(tiling.locate(Coord::new(x, y)), expected, "at {x} {y}");
    }
    let all = borders(&refs(&squares));
    let inner = all.iter().filter(|p| (0..20).contains(&p.x) && (0..20).contains(&p.y));
    every_point_in_exactly_one(&refs(&squares), inner.copied());
    locate_agrees_with_oracle(&refs(&squares), &all);
}

/// A square with a hole that holds an island of the second polygon, all under a third that covers everything.
#[test]
fn holes_islands_and_covers() {
    let polygons = vec![
        area(vec![square(0, 0, 90), square(30, 30, 30)]),
        area(vec![square(40, 40, 10)]),
        area(vec![square(-20, -20, 200)]),
    ];
    let polygons = refs(&polygons);
    let points: Vec<_> = (-25..185).flat_map(|x| (-25..185).map(move |y| Coord::new(x, y))).collect();
    locate_agrees_with_oracle(&polygons, &points);
}

/// Forty squares that share a corner region: more than a masked record holds.
#[test]
fn deep_overlaps() {
    let polygons: Vec<_> = (0..40).map(|i| area(vec![square(-i * 3, -i * 5, 200 + i * 7)])).collect();
    let polygons = refs(&polygons);
    let mut points = borders(&polygons);
    points.extend(scattered(extent(&polygons), 20_000, 3));
    locate_agrees_with_oracle(&polygons, &points);
}

/// Three thousand squares almost on top of each other: memory grows with their edges, not with edges times depth.
#[test]
fn thousands_deep() {
    let polygons: Vec<_> = (0..3000).map(|i| area(vec![square(i, -i, 1_000_000)])).collect();
    let polygons = refs(&polygons);
    locate_agrees_with_oracle(&polygons, &scattered(extent(&polygons), 300, 3));
    assert!(Tiling::build(&polygons).bytes() < 16 << 20);
}

/// A neighbour with extra vertices on a straight border, and one with none: the border still has one owner each way.
#[test]
fn borders_with_vertices_on_one_side_only() {
    let west = area(vec![vec![Coord::new(0, 0), Coord::new(60, 0), Coord::new(60, 120), Coord::new(0, 120)]]);
    let east = area(vec![vec![
        Coord::new(60, 0),
        Coord::new(130, 0),
        Coord::new(130, 120),
        Coord::new(60, 120),
        Coord::new(60, 77),
        Coord::new(60, 31),
    ]]);
    let polygons = [&west, &east];
    every_point_in_exactly_one(&polygons, (0..130).flat_map(|x| (0..120).map(move |y| Coord::new(x, y))));
}

#[test]
fn twenty_thousand_grids() {
    let jagged = Jagged { n: 142, cell: 70_000, pieces: 16, corner: Coord::new(1_200_000_000, 300_000_000), seed: 1 };
    let polygons = jagged.cells();
    let polygons = refs(&polygons);
    let bounds = extent(&polygons);
    let mut points = scattered(bounds, 3_000, 2);
    points.extend(borders(&polygons).into_iter().step_by(9_973));
    locate_agrees_with_oracle(&polygons, &points);
    // Any number of threads weaves the same.
    let single = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let (one, many) = (single.install(|| Tiling::build(&polygons)), Tiling::build(&polygons));
    assert_eq!(one.stats(), many.stats());
    let points = scattered(bounds, 200_000, 4);
    let (mut a, mut b) = (vec![0; points.len()], vec![0; points.len()]);
    one.locate_batch(&points, &mut a);
    many.locate_batch(&points, &mut b);
    assert_eq!(a, b);
}

/// The real city-management grids of Hangzhou Xiacheng in the order of their codes, parts of one code merged.
fn xiacheng() -> Option<BTreeMap<String, MultiPolygon>> {
    let file = std::fs::File::open(common::shared("data/maps/cn-grid/hangzhou-xiacheng-grids.geojson")?).unwrap();
    let json: serde_json::Value = serde_json::from_reader(std::io::BufReader::new(file)).unwrap();
    let ring = |ring: &serde_json::Value| {
        let mut vertices: Vec<_> = ring
            .as_array()
            .unwrap()
            .iter()
            .map(|c| Coord::from_degrees(c[0].as_f64().unwrap(), c[1].as_f64().unwrap()).unwrap())
            .collect();
        vertices.pop();
        vertices.dedup();
        vertices
    };
    let polygon = |rings: &serde_json::Value| area(rings.as_array().unwrap().iter().map(ring).collect());
    let mut grids = BTreeMap::<String, MultiPolygon>::new();
    for feature in json["features"].as_array().unwrap() {
        let code = feature["properties"]["网格编号"].as_str().unwrap().to_owned();
        let coordinates = &feature["geometry"]["coordinates"];
        let grid = grids.entry(code).or_default();
        match feature["geometry"]["type"].as_str().unwrap() {
            "Polygon" => grid.0.extend(polygon(coordinates).0),
            _ => grid.0.extend(coordinates.as_array().unwrap().iter().flat_map(|rings| polygon(rings).0)),
        }
    }
    Some(grids)
}

#[test]
fn real_grids_of_hangzhou_xiacheng() {
    let Some(grids) = xiacheng() else { return };
    assert_eq!(grids.len(), 164);
    let polygons: Vec<_> = grids.values().collect();
    let bounds = extent(&polygons);
    locate_agrees_with_oracle(&polygons, &scattered(bounds, 1_000_000, 11));

    // On borders (vertices, middles, the nearest point to a random place on an edge) and within two units of them.
    let edges: Vec<_> = polygons.iter().flat_map(|polygon| polygon.rings()).flat_map(Ring::edges).collect();
    let mut random = Pcg64Mcg::seed_from_u64(12);
    let mut points = borders(&polygons);
    while points.len() < 100_000 {
        let (a, b) = edges[random.random_range(0..edges.len())];
        let t = random.random::<f64>();
        let at = |a: i32, b: i32| (f64::from(a) + t * (f64::from(b) - f64::from(a))).round() as i32;
        let (x, y) = (at(a.x, b.x), at(a.y, b.y));
        points.push(Coord::new(x + random.random_range(-2..=2), y + random.random_range(-2..=2)));
    }
    locate_agrees_with_oracle(&polygons, &points);
    println!("{:?}", Tiling::build(&polygons).stats());
}

/// Invariant: the nearest border is as near as the nearest of all edges, and the neighbour is beyond it.
fn borders_agree_with_every_edge(polygons: &[&MultiPolygon], points: &[Coord]) {
    let tiling = Arc::new(Tiling::build(polygons));
    let index = Borders::build(polygons, tiling.clone());
    for p in points {
        let frame = Frame::at(*p);
        let Some(own) = tiling.locate(*p) else { continue };
        let edges = polygons[own as usize].rings().flat_map(Ring::edges);
        let expected = edges.map(|(a, b)| frame.distance_to_segment(*p, a, b).0).fold(f64::INFINITY, f64::min);
        let (metres, neighbour) = index.nearest(own, *p, &frame).unwrap();
        assert!((metres.0 - expected).abs() <= 1e-6, "at {p:?}: {metres} and not {expected}");
        assert_ne!(neighbour, Some(own));
        // The neighbour has a border there too, up to a digitising gap.
        if let Some(neighbour) = neighbour {
            let other = index.nearest(neighbour, *p, &frame).unwrap().0;
            assert!(other.0 <= metres.0 + 0.5, "at {p:?}: {own} {metres}, neighbour {neighbour} {other}");
        }
    }
}

#[test]
fn borders_of_jagged_grids() {
    let jagged = Jagged { n: 12, cell: 70_000, pieces: 16, corner: Coord::new(1_200_000_000, 300_000_000), seed: 9 };
    let polygons = jagged.cells();
    let polygons = refs(&polygons);
    borders_agree_with_every_edge(&polygons, &scattered(extent(&polygons), 20_000, 5));
}

#[test]
fn borders_of_real_grids() {
    let Some(grids) = xiacheng() else { return };
    let polygons: Vec<_> = grids.values().collect();
    borders_agree_with_every_edge(&polygons, &scattered(extent(&polygons), 20_000, 6));
}

/// ```text
/// +-----+-----+
/// |     |  1  |  the west square has no vertex where its two neighbours meet
/// |  0  +-----+
/// |     |  2  |
/// +-----+-----+
/// ```
#[test]
fn a_border_with_two_neighbours_tells_which_one_is_across() {
    let polygons = [
        area(vec![square(0, 0, 20_000)]),
        area(vec![square(20_000, 10_000, 10_000)]),
        area(vec![square(20_000, 0, 10_000)]),
    ];
    let polygons = refs(&polygons);
    let borders = Borders::build(&polygons, Arc::new(Tiling::build(&polygons)));
    let neighbour = |polygon, x, y| {
        let p = Coord::new(x, y);
        borders.nearest(polygon, p, &Frame::at(p)).map(|(_, neighbour)| neighbour)
    };
    assert_eq!(neighbour(0, 19_000, 15_000), Some(Some(1)));
    assert_eq!(neighbour(0, 19_000, 5_000), Some(Some(2)));
    assert_eq!(neighbour(1, 21_000, 15_000), Some(Some(0)));
    assert_eq!(neighbour(1, 25_000, 10_100), Some(Some(2)));
    assert_eq!(neighbour(0, 500, 10_000), Some(None));
    assert_eq!(neighbour(3, 0, 0), None);
}

/// Not a test but the half of one: writes points and answers for `tests/peers/geos_locate.py` to hold against GEOS.
#[test]
#[ignore = "run by tests/peers/geos_locate.py"]
fn answers_for_a_peer() {
    use std::io::Write;
    let (Some(grids), Some(path)) = (xiacheng(), std::env::var_os("GRIDWEAVE_PEER_FILE")) else { return };
    let polygons: Vec<_> = grids.values().collect();
    let codes: Vec<_> = grids.keys().map(String::as_str).collect();
    let tiling = Tiling::build(&polygons);
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    for p in scattered(extent(&polygons), 1_000_000, 21) {
        let code = tiling.locate(p).map_or("", |i| codes[i as usize]);
        writeln!(file, "{},{},{code}", p.x, p.y).unwrap();
    }
}
