//! The weave against exact arithmetic and a real tessellation.

mod common;

use common::jagged::Jagged;
use gridweave::fabric::arcs::{Fault, Weave, weave, weave_family};
use gridweave::model::{Coord, MultiPolygon, Polygon, Ring};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn area(rings: &[&[(i32, i32)]]) -> MultiPolygon {
    let ring = |r: &&[(i32, i32)]| Ring(r.iter().map(|&(x, y)| Coord::new(x, y)).collect());
    Polygon { outer: ring(&rings[0]), holes: rings[1..].iter().map(ring).collect() }.into()
}

fn square(x: i32, y: i32, side: i32) -> MultiPolygon {
    area(&[&[(x, y), (x + side, y), (x + side, y + side), (x, y + side)]])
}

fn woven(polygons: &[MultiPolygon]) -> Weave {
    let weave = weave(&polygons.iter().collect::<Vec<_>>());
    every_place_is_bounded_by_its_arcs(&weave);
    weave
}

/// Each ring starts at its smallest vertex, rings sorted: equal for equal areas.
fn canonical(area: &MultiPolygon) -> BTreeSet<Vec<Coord>> {
    area.rings()
        .map(|ring| {
            let mut ring = ring.0.clone();
            let at = (0..ring.len()).min_by_key(|&i| ring[i]).expect("a vertex");
            ring.rotate_left(at);
            ring
        })
        .collect()
}

/// Every arc of a place's rings names the place on its left (in the ring's direction) and not on its right.
fn every_place_is_bounded_by_its_arcs(weave: &Weave) {
    for (place, polygons) in weave.places.iter().zip(0u32..).map(|(p, n)| (n, p)) {
        for piece in polygons.iter().flat_map(|p| std::iter::once(&p.outer).chain(&p.holes)).flatten() {
            let arc = &weave.arcs[piece.arc as usize];
            let (left, right) = if piece.reversed { (&arc.right, &arc.left) } else { (&arc.left, &arc.right) };
            assert!(left.contains(&place) && !right.contains(&place), "{place} {piece:?} {left:?} {right:?}");
        }
        let rebuilt = weave.polygon(place);
        for polygon in &rebuilt.0 {
            assert!(polygon.outer.doubled_area() > 0);
            assert!(polygon.holes.iter().all(|hole| hole.doubled_area() < 0));
        }
        for ring in rebuilt.rings() {
            assert_eq!(ring.0.iter().collect::<BTreeSet<_>>().len(), ring.0.len(), "a ring visits a vertex twice");
        }
    }
}

fn total(weave: &Weave, layer: usize) -> i128 {
    weave.layer_places(layer).map(|place| weave.polygon(place).doubled_area()).sum()
}

#[test]
fn two_squares_share_one_arc() {
    let weave = woven(&[square(0, 0, 100), square(100, 0, 100)]);
    assert_eq!(weave.faults, []);
    assert_eq!(weave.arcs.len(), 3);
    let shared: Vec<_> = weave.arcs.iter().filter(|arc| !arc.left.is_empty() && !arc.right.is_empty()).collect();
    assert_eq!(shared.len(), 1);
    assert_eq!(shared[0].line.len(), 2);
    let neighbours = weave.neighbours(0);
    assert_eq!(neighbours.len(), 1);
    assert_eq!((neighbours[0].place, neighbours[0].edges), (1, 1));
    // 100 units of latitude at the equator.
    assert!((neighbours[0].length.0 - 1.1057).abs() < 0.001, "{}", neighbours[0].length);
}

#[test]
fn a_t_junction_gets_a_node_and_no_gap() {
    let tall = area(&[&[(0, 0), (100, 0), (100, 200), (0, 200)]]);
    let weave = woven(&[tall, square(100, 0, 100), square(100, 100, 100)]);
    assert_eq!(weave.faults, []);
    let with_node = area(&[&[(0, 0), (100, 0), (100, 100), (100, 200), (0, 200)]]);
    assert_eq!(canonical(&weave.polygon(0)), canonical(&with_node));
    // The same junction a unit off, as rounding leaves it.
    let off = area(&[&[(101, 100), (200, 100), (200, 200), (100, 200)]]);
    let low = area(&[&[(100, 0), (200, 0), (200, 100), (101, 100)]]);
    let tall = area(&[&[(0, 0), (100, 0), (100, 200), (0, 200)]]);
    assert_eq!(woven(&[tall, low, off]).faults, []);
}

#[test]
fn an_overlap_is_reported_and_the_lower_number_keeps_it() {
    let weave = woven(&[square(0, 0, 100), square(90, 0, 100)]);
    let expected = Fault::Overlap { layer: 0, a: 0, b: 1, area: 2000, at: Coord::new(90, 0) };
    assert_eq!(weave.faults, [expected]);
    let areas = [0, 1].map(|place| weave.polygon(place).doubled_area());
    assert_eq!(areas, [20_000, 18_000]);
}

#[test]
fn a_place_inside_another_takes_nothing_from_a_lower_number() {
    let weave = woven(&[square(0, 0, 100), square(40, 40, 20)]);
    assert_eq!(weave.polygon(0).doubled_area(), 20_000);
    assert_eq!(weave.polygon(1), MultiPolygon::default());
    let weave = woven(&[square(40, 40, 20), square(0, 0, 100)]);
    assert_eq!(weave.polygon(1).doubled_area(), 20_000 - 800);
    assert_eq!(weave.polygon(1).0[0].holes.len(), 1);
}

#[test]
fn gaps_are_found_with_those_around_them() {
    // A ring of four rectangles around an empty middle.
    let places = [
        area(&[&[(0, 0), (200, 0), (200, 100), (0, 100)]]),
        area(&[&[(200, 0), (300, 0), (300, 200), (200, 200)]]),
        area(&[&[(100, 200), (300, 200), (300, 300), (100, 300)]]),
        area(&[&[(0, 100), (100, 100), (100, 300), (0, 300)]]),
    ];
    let weave = woven(&places);
    let gap = Fault::Gap { layer: 0, area: 20_000, at: Coord::new(100, 100), neighbours: vec![0, 1, 2, 3] };
    assert_eq!(weave.faults, [gap]);
    // With an island in the middle of the gap, what is left is the gap.
    let mut places = places.to_vec();
    places.push(square(120, 120, 10));
    let weave = woven(&places);
    let gap = Fault::Gap { layer: 0, area: 19_800, at: Coord::new(100, 100), neighbours: vec![0, 1, 2, 3, 4] };
    assert_eq!(weave.faults, [gap]);
}

#[test]
fn islands_holes_and_points_of_contact() {
    // A lake with an island that touches the shore in one point, and a part that touches the whole in one corner.
    let whole = MultiPolygon(vec![
        Polygon {
            outer: Ring([(0, 0), (100, 0), (100, 100), (0, 100)].map(|(x, y)| Coord::new(x, y)).to_vec()),
            holes: vec![Ring([(0, 0), (10, 50), (50, 10)].map(|(x, y)| Coord::new(x, y)).to_vec())],
        },
        Polygon::simple([(100, 100), (150, 100), (150, 150), (100, 150)].map(|(x, y)| Coord::new(x, y)).to_vec()),
    ]);
    let weave = woven(std::slice::from_ref(&whole));
    assert_eq!(canonical(&weave.polygon(0)), canonical(&whole));
    assert_eq!(weave.polygon(0).0.len(), 2);
    // A chequerboard whose corners touch: eight pieces of one place, each a part of its own.
    let board = MultiPolygon(
        (0..16).filter(|i| (i / 4 + i) % 2 == 0).flat_map(|i| square(i % 4 * 10, i / 4 * 10, 10).0).collect(),
    );
    let weave = woven(std::slice::from_ref(&board));
    assert_eq!(canonical(&weave.polygon(0)), canonical(&board));
}

#[test]
fn nonsense_is_survived() {
    for rings in [
        &[&[][..]][..],
        &[&[(0, 0)]],
        &[&[(0, 0), (5, 5)]],
        &[&[(0, 0), (0, 0), (0, 0)]],
        &[&[(0, 0), (10, 0), (20, 0)]],
        &[&[(0, 0), (10, 10), (10, 0), (0, 10)]],
        &[&[(0, 0), (10, 0), (10, 10), (10, 30), (10, 10), (0, 10)]],
        &[&[(i32::MIN, i32::MIN), (i32::MAX, i32::MIN), (i32::MAX, i32::MAX), (i32::MIN, i32::MAX)]],
    ] {
        let _ = woven(&[area(rings), area(rings)]);
    }
    assert_eq!(weave(&[]), Weave { first: vec![0], ..Weave::default() });
    // A spike leaves nothing behind.
    let spike = area(&[&[(0, 0), (10, 0), (10, 10), (10, 30), (10, 10), (0, 10)]]);
    assert_eq!(canonical(&woven(&[spike]).polygon(0)), canonical(&square(0, 0, 10)));
}

#[test]
fn a_community_is_made_of_the_arcs_of_its_grids() {
    let jagged = Jagged { n: 6, cell: 5000, pieces: 8, corner: Coord::new(1_200_000_000, 300_000_000), seed: 3 };
    let grids = jagged.cells();
    let single = woven(&grids);
    // Two communities: the left and the right half, dissolved by hand from the weave of the grids.
    let communities: Vec<MultiPolygon> = [0, 1]
        .map(|half| {
            let inside = |place: &u32| (place % 6) / 3 == half;
            let mut edges: std::collections::BTreeMap<Coord, Coord> = Default::default();
            for arc in &single.arcs {
                let (left, right) = (arc.left.iter().any(inside), arc.right.iter().any(inside));
                for pair in arc.line.windows(2).filter(|_| left != right) {
                    let (a, b) = if left { (pair[0], pair[1]) } else { (pair[1], pair[0]) };
                    edges.insert(a, b);
                }
            }
            let start = *edges.keys().next().expect("an edge");
            let mut ring = vec![start];
            while edges[ring.last().expect("a vertex")] != start {
                ring.push(edges[ring.last().expect("a vertex")]);
            }
            Polygon::simple(ring).into()
        })
        .to_vec();
    let family = weave_family(&[&communities.iter().collect::<Vec<_>>(), &grids.iter().collect::<Vec<_>>()]);
    every_place_is_bounded_by_its_arcs(&family);
    assert_eq!(family.faults, []);
    assert_eq!(family.first, [0, 2]);
    assert_eq!(family.arcs.len(), single.arcs.len());
    for (n, community) in communities.iter().enumerate() {
        assert_eq!(canonical(&family.polygon(n as u32)), canonical(community));
    }
    assert_eq!(family.neighbours(0).len(), 1);
    assert_eq!(family.neighbours(0)[0].place, 1);
    assert_eq!(family.neighbours(2).iter().map(|n| n.place).collect::<Vec<_>>(), [3, 8]);
}

fn read_areas(path: &std::path::Path, key: &str) -> Vec<(String, MultiPolygon)> {
    let text = std::fs::read_to_string(path).expect("reads");
    let json: serde_json::Value = serde_json::from_str(&text).expect("is JSON");
    let features = json["features"].as_array().expect("has features");
    let mut areas: Vec<(String, MultiPolygon)> = Vec::new();
    for feature in features {
        let ring = |positions: &serde_json::Value, hole: bool| {
            let positions = positions.as_array().expect("a ring");
            let degrees = |p: &serde_json::Value, i: usize| p[i].as_f64().expect("a number");
            let mut ring: Vec<Coord> =
                positions.iter().filter_map(|p| Coord::from_degrees(degrees(p, 0), degrees(p, 1))).collect();
            ring.pop();
            ring.dedup();
            let mut ring = Ring(ring);
            if (ring.doubled_area() < 0) != hole {
                ring.0.reverse();
            }
            ring
        };
        let rings = feature["geometry"]["coordinates"].as_array().expect("rings");
        let code = feature["properties"][key].as_str().unwrap_or_default().to_owned();
        let polygon =
            Polygon { outer: ring(&rings[0], false), holes: rings[1..].iter().map(|r| ring(r, true)).collect() };
        match areas.iter_mut().find(|(known, _)| *known == code) {
            Some((_, area)) => area.0.push(polygon),
            None => areas.push((code, polygon.into())),
        }
    }
    areas.sort_by(|a, b| a.0.cmp(&b.0));
    areas
}

#[test]
fn the_grids_of_xiacheng_tile_the_ground() {
    let Some(file) = common::shared("data/maps/cn-grid/hangzhou-xiacheng-grids.geojson") else { return };
    let grids = read_areas(&file, "网格编号");
    assert_eq!(grids.len(), 164);
    let polygons: Vec<MultiPolygon> = grids.into_iter().map(|(_, area)| area).collect();
    let weave = woven(&polygons);
    println!("{} arcs, faults {:?}", weave.arcs.len(), weave.faults);
    let outside: i128 = {
        let outer = weave.arcs.iter().filter(|arc| arc.left.is_empty() || arc.right.is_empty());
        outer
            .map(|arc| {
                let sum: i128 = arc
                    .line
                    .windows(2)
                    .map(|w| i128::from(w[0].x) * i128::from(w[1].y) - i128::from(w[1].x) * i128::from(w[0].y))
                    .sum();
                if arc.right.is_empty() { sum } else { -sum }
            })
            .sum()
    };
    assert_eq!(total(&weave, 0), outside, "areas of grids and of their union");
    let moved = polygons.iter().zip(0u32..).filter(|(p, n)| canonical(p) != canonical(&weave.polygon(*n))).count();
    println!("{moved} grids got nodes from their neighbours");
    for (polygon, place) in polygons.iter().zip(0u32..) {
        let (before, after) = (polygon.doubled_area(), weave.polygon(place).doubled_area());
        assert!((before - after).abs() * 10_000 < before, "grid {place}: {before} {after}");
    }
    // A district, its communities and its grids as a family.
    for (file, key) in [("communities", "社区编码"), ("streets", "街道编码")] {
        let Some(file) = common::shared(&format!("data/maps/cn-grid/hangzhou-xiacheng-{file}.geojson")) else { return };
        let above: Vec<MultiPolygon> = read_areas(&file, key).into_iter().map(|(_, area)| area).collect();
        let family = weave_family(&[&above.iter().collect::<Vec<_>>(), &polygons.iter().collect::<Vec<_>>()]);
        every_place_is_bounded_by_its_arcs(&family);
        println!("{key}: {} arcs, {} faults", family.arcs.len(), family.faults.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_clean_partition_comes_back_vertex_for_vertex(n in 1usize..7, log in 0u32..5, seed: u64, x in -1_700_000_000i32..1_700_000_000) {
        let jagged = Jagged { n, cell: 4000, pieces: 1 << log, corner: Coord::new(x, 300_000_000), seed };
        let cells = jagged.cells();
        let weave = woven(&cells);
        prop_assert!(weave.faults.is_empty(), "{:?}", weave.faults);
        prop_assert_eq!(total(&weave, 0), jagged.doubled_area());
        for (cell, place) in cells.iter().zip(0u32..) {
            prop_assert_eq!(canonical(cell), canonical(&weave.polygon(place)));
        }
        let inner = weave.arcs.iter().filter(|arc| !arc.left.is_empty() && !arc.right.is_empty()).count();
        prop_assert_eq!(inner, 2 * n * (n - 1));
    }

    /// Any heap of triangles becomes places that do not overlap; each point goes to the lowest triangle over it.
    #[test]
    fn overlapping_heaps_are_sorted_out(
        corners in prop::collection::vec((0i32..60, 0i32..60), 3..30),
        scale in 50i32..1000,
        points in prop::collection::vec((0.0f64..60.0, 0.0f64..60.0), 50),
    ) {
        let triangles: Vec<MultiPolygon> = corners.windows(3).filter_map(|c| {
            let mut ring = Ring(c.iter().map(|&(x, y)| Coord::new(x * scale, y * scale)).collect());
            if ring.doubled_area() < 0 { ring.0.reverse(); }
            (ring.doubled_area() > 0).then(|| Polygon { outer: ring, holes: vec![] }.into())
        }).collect();
        let weave = woven(&triangles);
        let sorted: Vec<MultiPolygon> = (0..triangles.len() as u32).map(|p| weave.polygon(p)).collect();
        for (x, y) in points {
            let p = (x * f64::from(scale), y * f64::from(scale));
            if triangles.iter().flat_map(|t| t.rings()).flat_map(Ring::edges).any(|e| distance(p, e) < 4.0) { continue; }
            let lowest = triangles.iter().position(|t| contains(t, p));
            let keepers: Vec<usize> = (0..sorted.len()).filter(|&n| contains(&sorted[n], p)).collect();
            prop_assert_eq!(keepers, lowest.into_iter().collect::<Vec<_>>(), "at {:?}", p);
        }
        let second = woven(&sorted);
        for fault in &second.faults {
            prop_assert!(!matches!(fault, Fault::Overlap { .. }), "{:?}", fault);
        }
    }
}

fn contains(area: &MultiPolygon, (x, y): (f64, f64)) -> bool {
    let crossed = |(a, b): &(Coord, Coord)| {
        let (ax, ay, bx, by) = (f64::from(a.x), f64::from(a.y), f64::from(b.x), f64::from(b.y));
        (ay > y) != (by > y) && x < (bx - ax) * (y - ay) / (by - ay) + ax
    };
    area.rings().flat_map(Ring::edges).filter(crossed).count() % 2 == 1
}

fn distance((x, y): (f64, f64), (a, b): (Coord, Coord)) -> f64 {
    let (ax, ay, dx, dy) = (f64::from(a.x), f64::from(a.y), f64::from(b.x - a.x), f64::from(b.y - a.y));
    let t = (((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
    (x - ax - t * dx).hypot(y - ay - t * dy)
}

/// Twenty copies of one square: each loses everything to the first, and the report stays as short as the heap.
#[test]
fn a_heap_of_copies_is_reported_once_each() {
    let weave = woven(&vec![square(0, 0, 100); 20]);
    let pairs = weave.faults.iter().map(|f| matches!(f, Fault::Overlap { a: 0, area: 20_000, .. }));
    assert_eq!(pairs.filter(|&keeper| keeper).count(), 19);
    assert_eq!(weave.faults.len(), 19);
    assert_eq!(total(&weave, 0), 20_000);
}

/// The same grids with every vertex rounded to 1e-4 degree (11 m), and with every vertex of every grid moved on its own:
/// whatever was torn is listed, and what comes back fits together.
#[test]
fn torn_tessellations_are_mended_and_reported() {
    for name in ["grids-rounded-4dp-slivers", "grids-jittered-topology"] {
        let Some(file) = common::shared(&format!("data/maps/nasty/derived/{name}.geojson")) else { return };
        let polygons: Vec<MultiPolygon> = read_areas(&file, "网格编号").into_iter().map(|(_, area)| area).collect();
        let weave = woven(&polygons);
        let gaps = weave.faults.iter().filter(|f| matches!(f, Fault::Gap { .. })).count();
        println!(
            "{name}: {} places, {} arcs, {gaps} gaps, {} overlaps",
            polygons.len(),
            weave.arcs.len(),
            weave.faults.len() - gaps
        );
        assert!(!weave.faults.is_empty());
        let mended: Vec<MultiPolygon> = (0..polygons.len() as u32).map(|place| weave.polygon(place)).collect();
        let again = woven(&mended);
        assert!(!again.faults.iter().any(|f| matches!(f, Fault::Overlap { .. })));
    }
}
