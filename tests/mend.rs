//! Torn tessellations closed onto shared borders: small ones drawn by hand, random ones against exact sums, real ones
//! against the truth they were torn from.

mod common;

use common::jagged::Jagged;
use gridweave::city::import::{self, Prepared};
use gridweave::fabric::arcs::{Fault, Weave, weave};
use gridweave::fabric::mend::{CRACK, Mended, TOLERANCE, mend, tolerance_of};
use gridweave::model::{Coord, Frame, Geometry, Layer, Metres, MultiPolygon, Polygon, Profile, Ring, Value, World};
use gridweave::read::{Options, Source, datum::Crs, read, read_bytes};
use proptest::prelude::*;

/// At Hangzhou: 100 units are 0.96 m of longitude and 1.11 m of latitude.
const CORNER: Coord = Coord::new(1_201_600_000, 302_700_000);

fn area(vertices: &[(i32, i32)]) -> MultiPolygon {
    Polygon::simple(vertices.iter().map(|&(x, y)| Coord::new(CORNER.x + x, CORNER.y + y)).collect()).into()
}

fn rectangle(west: i32, south: i32, east: i32, north: i32) -> MultiPolygon {
    area(&[(west, south), (east, south), (east, north), (west, north)])
}

fn mended(polygons: &[MultiPolygon], fixed: usize, tolerance: Option<f64>) -> Mended {
    mend(&polygons.iter().collect::<Vec<_>>(), fixed, tolerance.map(Metres))
}

fn woven(polygons: &[MultiPolygon]) -> Weave {
    weave(&polygons.iter().collect::<Vec<_>>())
}

/// Twice the areas of the polygons as the weave has them, and twice the area within the outer border.
fn sums(weave: &Weave) -> (i128, i128) {
    let own = (0..weave.places.len() as u32).map(|place| weave.polygon(place).doubled_area()).sum();
    let outer = weave.arcs.iter().filter(|arc| arc.left.is_empty() || arc.right.is_empty());
    let outline = outer.map(|arc| {
        let cross = |w: &[Coord]| i128::from(w[0].x) * i128::from(w[1].y) - i128::from(w[1].x) * i128::from(w[0].y);
        let sum: i128 = arc.line.windows(2).map(cross).sum();
        if arc.right.is_empty() { sum } else { -sum }
    });
    (own, outline.sum())
}

/// How long a polygon's border is, in metres.
fn perimeter(area: &MultiPolygon) -> f64 {
    area.rings().flat_map(Ring::edges).map(|(a, b)| Frame::at(CORNER).distance(a, b).0).sum()
}

/// No gap and no overlap that anybody could see: noding rounds to the unit, so cracks of two units (2 cm) along the
/// borders of those concerned may stay.
fn only_cracks(weave: &Weave, polygons: &[MultiPolygon]) {
    for fault in &weave.faults {
        let (area, places) = match fault {
            Fault::Gap { area, neighbours, .. } => (*area, neighbours.clone()),
            Fault::Overlap { area, a, b, .. } => (*area, vec![*a, *b]),
        };
        let border: f64 = places.iter().map(|place| perimeter(&polygons[*place as usize])).sum();
        let area = Frame::at(CORNER).area(area);
        assert!(area.0 < CRACK.0 * border / 2.0, "{area} {fault:?}");
    }
}

/// What closing slivers must hold to, whatever was torn.
fn everything_holds(before: &[MultiPolygon], out: &Mended) {
    let frame = Frame::at(CORNER);
    assert_eq!(before.len(), out.polygons.len());
    for step in &out.moves {
        assert!(step.length.0 <= out.tolerance.0 * 1.01 + 0.03, "{step:?} moved beyond {}", out.tolerance);
    }
    for sliver in &out.closed {
        assert!(sliver.width.0 <= out.tolerance.0, "{sliver:?}");
    }
    for (place, (before, after)) in before.iter().zip(&out.polygons).enumerate() {
        let length = perimeter(before);
        let change = frame.area(after.doubled_area() - before.doubled_area()).0.abs();
        assert!(after.doubled_area() > 0 && change <= length * out.tolerance.0, "grid {place}: {change} m²");
    }
    let again = mend(&out.polygons.iter().collect::<Vec<_>>(), 0, Some(out.tolerance));
    assert!(again.closed.is_empty() && again.polygons == out.polygons, "a second mending finds {:?}", again.closed);
}

/// The same outline drawn with its corners only, from its smallest on.
fn corners(area: &MultiPolygon) -> Vec<Vec<Coord>> {
    let turns = |a: Coord, b: Coord, c: Coord| {
        let d = |p: i32, q: i32| i128::from(p) - i128::from(q);
        d(b.x, a.x) * d(c.y, a.y) != d(b.y, a.y) * d(c.x, a.x)
    };
    let ring = |ring: &Ring| {
        let (v, n) = (&ring.0, ring.0.len());
        let kept = (0..n).filter(|&i| turns(v[(i + n - 1) % n], v[i], v[(i + 1) % n]));
        let mut kept: Vec<Coord> = kept.map(|i| v[i]).collect();
        let first = (0..kept.len()).min_by_key(|&i| kept[i]).unwrap_or(0);
        kept.rotate_left(first);
        kept
    };
    area.rings().map(ring).collect()
}

fn same_outlines(found: &[MultiPolygon], expected: &[MultiPolygon]) {
    let corners = |areas: &[MultiPolygon]| areas.iter().map(corners).collect::<Vec<_>>();
    assert_eq!(corners(found), corners(expected));
}

#[test]
fn the_line_of_the_lower_number_holds() {
    // A gap, then an overlap, each a metre wide.
    for shift in [100, -100] {
        let [one, two] = [rectangle(0, 0, 5000, 9000), rectangle(5000 + shift, 0, 9000, 9000)];
        // Others above and below, which keep their outlines.
        let [above, below] = [rectangle(0, 9000, 9000, 12_000), rectangle(0, -3000, 9000, 0)];
        let torn = [one.clone(), two, above.clone(), below.clone()];
        let out = mended(&torn, 0, None);
        everything_holds(&torn, &out);
        same_outlines(&out.polygons, &[one, rectangle(5000, 0, 9000, 9000), above, below]);
        assert_eq!((out.closed.len(), out.closed[0].claimed, out.tolerance), (1, shift < 0, TOLERANCE));
        let steps: Vec<(u32, f64)> =
            out.moves.iter().map(|step| (step.place, (step.length.0 * 100.0).round() / 100.0)).collect();
        assert_eq!(steps, [(1, 0.96), (1, 0.96)], "shift {shift}");
    }
}

#[test]
fn a_fixed_polygon_does_not_move() {
    // The city's own grid has the higher code, the file's the lower: the city's comes first all the same.
    let torn = [rectangle(5000, 0, 9000, 9000), rectangle(0, 0, 5100, 9000), rectangle(9080, 0, 12_000, 9000)];
    let out = mended(&torn, 1, None);
    everything_holds(&torn, &out);
    same_outlines(&out.polygons, &[torn[0].clone(), rectangle(0, 0, 5000, 9000), rectangle(9000, 0, 12_000, 9000)]);
    // Two that do not move keep what lies between them.
    assert_eq!(mended(&torn[..2], 2, None).polygons, torn[..2]);
}

#[test]
fn three_borders_meet_in_one_place_again() {
    let parts = [
        area(&[(0, 0), (9000, 0), (9000, 4010), (4500, 4050), (0, 3960)]),
        area(&[(0, 4000), (4480, 4000), (4460, 9000), (0, 9000)]),
        area(&[(4530, 4020), (9000, 4000), (9000, 9000), (4520, 9000)]),
    ];
    let out = mended(&parts, 0, Some(1.5));
    everything_holds(&parts, &out);
    let weave = woven(&out.polygons);
    assert_eq!(weave.faults, []);
    let (own, outline) = sums(&weave);
    assert_eq!(own, outline);
    for place in 0..3 {
        assert_eq!(weave.neighbours(place).len(), 2, "each still borders on both others");
    }
}

#[test]
fn what_is_wide_stays_and_is_reported() {
    // Four around a pond of 48 x 55 m, with a crack of a metre that runs from the pond to the outside, and a fifth that
    // claims 20 m of the fourth.
    let torn = [
        rectangle(0, 0, 20_000, 5000),
        rectangle(0, 5000, 5000, 15_000),
        rectangle(10_000, 5000, 20_000, 15_000),
        rectangle(0, 10_100, 20_000, 20_000),
        rectangle(18_000, 15_000, 30_000, 20_000),
    ];
    let torn = [
        torn[0].clone(),
        rectangle(0, 5000, 5000, 10_000),
        rectangle(10_000, 5000, 20_000, 10_000),
        torn[3].clone(),
        torn[4].clone(),
    ];
    let out = mended(&torn, 0, None);
    everything_holds(&torn, &out);
    let left: Vec<(bool, f64)> = out
        .left
        .iter()
        .map(|fault| match fault {
            Fault::Gap { area, .. } => (true, Frame::at(CORNER).area(*area).0.round()),
            Fault::Overlap { area, .. } => (false, Frame::at(CORNER).area(*area).0.round()),
        })
        .collect();
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(left.iter().any(|(gap, m2)| *gap && (*m2 - 48.1 * 55.4).abs() < 60.0), "{left:?}");
    assert!(left.iter().any(|(gap, m2)| !*gap && (*m2 - 19.2 * 55.4).abs() < 60.0), "{left:?}");
    assert_eq!(out.polygons[4], torn[4], "a real claim is not touched");
    assert!(out.closed.iter().all(|sliver| !sliver.claimed && sliver.keeper == 3), "{:?}", out.closed);
}

#[test]
fn a_crack_open_to_the_outside_is_closed() {
    let torn = [
        area(&[(0, 0), (5000, 0), (5000, 9000), (0, 9000)]),
        area(&[(5120, 0), (9000, 0), (9000, 9000), (5000, 5000)]),
    ];
    // Something enclosed or claimed twice has to show first that the layer is torn at all.
    let torn = [torn[0].clone(), torn[1].clone(), rectangle(0, 8950, 5000, 12_000)];
    let out = mended(&torn, 0, None);
    everything_holds(&torn, &out);
    assert!(out.polygons[1].0[0].outer.0.contains(&Coord::new(CORNER.x + 5000, CORNER.y)), "{:?}", out.polygons[1]);
}

#[test]
fn nobody_is_lost() {
    // A strip a metre wide, wholly claimed by its neighbours.
    let torn = [rectangle(0, 0, 5000, 9000), rectangle(4960, 0, 5060, 9000), rectangle(5000, 0, 9000, 9000)];
    let out = mended(&torn, 0, None);
    assert!(out.polygons.iter().all(|polygon| polygon.doubled_area() > 0), "{:?}", out.polygons);
    assert_eq!(mended(&[], 0, None).polygons, []);
    let nothing = [MultiPolygon::default(), rectangle(0, 0, 100, 100)];
    assert_eq!(mended(&nothing, 0, None).polygons, nothing);
}

#[test]
fn a_coarse_decimal_grid_shows_itself() {
    // 14.7 m: the diagonal of 1e-4 degree at Hangzhou.
    let coarse = [rectangle(0, 0, 5000, 9000), rectangle(5000, 0, 9000, 9000)];
    let found = tolerance_of(&coarse.iter().collect::<Vec<_>>());
    assert!((found.0 - 14.68).abs() < 0.05, "{found}");
    let fine = [rectangle(0, 0, 5001, 9003), rectangle(5001, 0, 9007, 9003)];
    assert_eq!(tolerance_of(&fine.iter().collect::<Vec<_>>()), TOLERANCE);
}

/// Every vertex of every polygon moved on its own by up to `by` units each way.
fn jittered(polygons: &[MultiPolygon], by: i32, seed: u64) -> Vec<MultiPolygon> {
    let mut state = seed | 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) as i32).rem_euclid(2 * by + 1) - by
    };
    let mut moved = |c: &Coord| Coord::new(c.x + next(), c.y + next());
    let mut polygons = polygons.to_vec();
    for polygon in polygons.iter_mut().flat_map(|area| &mut area.0) {
        polygon.outer.0 = polygon.outer.0.iter().map(&mut moved).collect();
    }
    polygons
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_clean_tessellation_comes_back_vertex_for_vertex(n in 1usize..7, log in 0u32..5, seed: u64) {
        let cells = Jagged { n, cell: 4000, pieces: 1 << log, corner: CORNER, seed }.cells();
        let out = mended(&cells, 0, None);
        prop_assert_eq!(&out.polygons, &cells);
        prop_assert!(out.closed.is_empty() && out.moves.is_empty() && out.left.is_empty());
    }

    #[test]
    fn jitter_is_closed_to_the_last_crack(n in 2usize..6, log in 0u32..3, by in 1i32..80, seed: u64) {
        let cells = Jagged { n, cell: 8000, pieces: 1 << log, corner: CORNER, seed }.cells();
        let torn = jittered(&cells, by, seed);
        // Each of two copies of a vertex lies within by units each way of where it was.
        let tolerance = 2.0 * f64::from(by) * (0.009_63f64.powi(2) + 0.011_09f64.powi(2)).sqrt() + 0.05;
        let out = mended(&torn, 0, Some(tolerance));
        everything_holds(&torn, &out);
        let weave = woven(&out.polygons);
        only_cracks(&weave, &out.polygons);
        let (own, outline) = sums(&weave);
        prop_assert_eq!(own, outline);
        // In one piece and without holes, but for specks where several moved borders meet.
        for (place, area) in out.polygons.iter().enumerate() {
            let mut sizes: Vec<f64> =
                area.rings().map(|ring| Frame::at(CORNER).area(ring.doubled_area().abs()).0).collect();
            sizes.sort_unstable_by(f64::total_cmp);
            sizes.pop();
            prop_assert!(sizes.iter().all(|m2| *m2 < tolerance * tolerance), "grid {}: {:?}", place, sizes);
        }
        let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
        prop_assert_eq!(alone.install(|| mended(&torn, 0, Some(tolerance))), out);
    }
}

/// Real grids in order of their codes, as far as they can be read.
fn grids(file: &str) -> Option<Vec<(String, MultiPolygon)>> {
    let path = common::shared(file)?;
    let options = Options { crs: Some(Crs::Wgs84), ..Options::default() };
    let reading = read(&path, Source::Layer(Layer::Grids), &options, &|_, _| {});
    let mut grids: Vec<(String, MultiPolygon)> = reading
        .features
        .into_iter()
        .filter_map(|(_, record)| match (record.get(Layer::Grids, "code").clone(), record.geometry) {
            (Value::Text(code), Geometry::Area(area)) => Some((code.to_string(), area)),
            _ => None,
        })
        .collect();
    grids.sort_by(|a, b| a.0.cmp(&b.0));
    Some(grids)
}

/// How far the vertices of one area lie from the border of another at most.
fn farthest(from: &MultiPolygon, to: &MultiPolygon, frame: &Frame) -> f64 {
    let edges: Vec<(Coord, Coord)> = to.rings().flat_map(Ring::edges).collect();
    let nearest =
        |c: &Coord| edges.iter().map(|&(a, b)| frame.distance_to_segment(*c, a, b).0).fold(f64::INFINITY, f64::min);
    from.rings().flat_map(|ring| &ring.0).map(nearest).fold(0.0, f64::max)
}

/// The grids of Xiacheng as the district has them, rounded to 1e-4 degree, and with every vertex of every grid moved on
/// its own by up to 2.9 m.
#[test]
fn torn_grids_of_xiacheng() {
    let Some(truth) = grids("data/maps/cn-grid/hangzhou-xiacheng-grids.geojson") else { return };
    let frame = Frame::at(CORNER);
    let clean: Vec<MultiPolygon> = truth.iter().map(|(_, area)| area.clone()).collect();
    let out = mended(&clean, 0, None);
    assert_eq!(
        (out.polygons, out.closed, out.tolerance),
        (clean, vec![], TOLERANCE),
        "nothing is wrong with the truth"
    );
    for name in ["grids-rounded-4dp-slivers", "grids-jittered-topology"] {
        let Some(torn) = grids(&format!("data/maps/nasty/derived/{name}.geojson")) else { return };
        let polygons: Vec<MultiPolygon> = torn.iter().map(|(_, area)| area.clone()).collect();
        let out = mended(&polygons, 0, None);
        let (faults, after) = (woven(&polygons).faults.len(), woven(&out.polygons).faults);
        let over = out.moves.iter().filter(|step| step.length.0 > 1.0).count();
        let longest = out.moves.iter().map(|step| step.length.0).fold(0.0, f64::max);
        let parts = |areas: &[MultiPolygon]| areas.iter().map(|area| area.0.len()).sum::<usize>();
        let vertices = |areas: &[MultiPolygon]| areas.iter().flat_map(|a| a.rings()).map(|r| r.0.len()).sum::<usize>();
        println!(
            "{name}: tolerance {}; faults {faults} -> {}; closed {}; moves {} of which {over} over 1 m, longest {longest:.2} m; parts {} -> {}; vertices {} -> {}",
            out.tolerance,
            after.len(),
            out.closed.len(),
            out.moves.len(),
            parts(&polygons),
            parts(&out.polygons),
            vertices(&polygons),
            vertices(&out.polygons)
        );
        for fault in &after {
            println!("  {fault:?}");
        }
        let (mut worst, mut off) = (0.0f64, 0.0f64);
        for ((code, _), mended) in torn.iter().zip(&out.polygons) {
            let Some((_, real)) = truth.iter().find(|(known, _)| known == code) else { continue };
            worst = worst.max(farthest(mended, real, &frame).max(farthest(real, mended, &frame)));
            let ratio = mended.doubled_area() as f64 / real.doubled_area() as f64;
            off = off.max((ratio - 1.0).abs());
        }
        println!("  from the truth: {worst:.2} m at most, areas within {:.1} %", off * 100.0);
        everything_holds(&polygons, &out);
    }
}

/// A file of grids as their outlines stand in it.
fn file(grids: &[(&str, &MultiPolygon)]) -> String {
    let ring = |area: &MultiPolygon| -> serde_json::Value {
        let ring = &area.0[0].outer.0;
        ring.iter().chain(ring.first()).map(|c| serde_json::json!([c.lon(), c.lat()])).collect()
    };
    let features = grids.iter().map(|(code, area)| {
        serde_json::json!({"type": "Feature", "properties": {"code": code},
            "geometry": {"type": "Polygon", "coordinates": [ring(area)]}})
    });
    serde_json::json!({"type": "FeatureCollection", "features": features.collect::<Vec<_>>()}).to_string()
}

fn prepared(world: &World, text: &str) -> Prepared {
    let options = Options { crs: Some(Crs::Wgs84), ..Options::default() };
    let reading = read_bytes("grids.geojson", text.as_bytes(), Source::Layer(Layer::Grids), &options, &|_, _| {});
    let profile = Profile::preset("tiny").expect("a preset");
    import::prepare(world, &profile, reading, "test", false)
}

#[test]
fn an_import_closes_slivers_tells_each_and_leaves_the_city_where_it_is() {
    let [west, east] = [rectangle(0, 0, 5000, 9000), rectangle(4850, 0, 9000, 9000)];
    let first = prepared(&World::default(), &file(&[("B", &east), ("A", &west)]));
    assert!(!first.has_errors(), "{:#?}", first.problems);
    let told: Vec<(&str, &str, Option<u64>)> = first
        .problems
        .iter()
        .filter(|p| ["sliver-closed", "vertex-moved"].contains(&p.code.as_str()))
        .map(|p| (p.code.as_str(), p.feature.as_str(), p.row))
        .collect();
    let moved = ("vertex-moved", "grid B", Some(1));
    assert_eq!(told, [("sliver-closed", "grid A", Some(2)), moved, moved]);
    let sliver = first.problems.iter().find(|p| p.code == "sliver-closed").expect("told");
    assert!(sliver.message.contains("1.4 m wide, claimed by grid B as well") && sliver.at.is_some(), "{sliver}");
    assert_eq!(first.problems.iter().filter(|p| p.code == "slivers-closed").count(), 1);
    let areas = |world: &World| world.grids.iter().map(|grid| grid.area.clone()).collect::<Vec<_>>();
    same_outlines(&areas(&first.world), &[rectangle(5000, 0, 9000, 9000), west.clone()]);

    // A third grid with a lower code, a metre off the city's: the city's line holds.
    let third = prepared(&first.world, &file(&[("0", &rectangle(9100, 0, 12_000, 9000))]));
    assert_eq!(third.change.edits.len(), 1, "only the new grid is written");
    same_outlines(&areas(&third.world)[2..], &[rectangle(9000, 0, 12_000, 9000)]);
    // The same file again changes nothing.
    let again = prepared(&third.world, &file(&[("B", &east), ("A", &west)]));
    assert!(again.change.edits.is_empty(), "{:?}", again.tallies);
}

/// 20,000 grids with 20 cm of jitter; also a quarter of them, to show how the time grows.
#[test]
#[ignore = "a city takes some seconds; run with --ignored --nocapture"]
fn a_city_is_mended_in_seconds() {
    for n in [71, 142] {
        let cells = Jagged { n, cell: 4000, pieces: 8, corner: CORNER, seed: 7 }.cells();
        let torn = jittered(&cells, 20, 7);
        let start = std::time::Instant::now();
        let out = mended(&torn, 0, None);
        println!("{} grids, {} slivers closed in {:?}", n * n, out.closed.len(), start.elapsed());
        let start = std::time::Instant::now();
        let weave = woven(&out.polygons);
        println!("  woven in {:?}, {} faults", start.elapsed(), weave.faults.len());
        only_cracks(&weave, &out.polygons);
        let start = std::time::Instant::now();
        assert!(mended(&cells, 0, None).closed.is_empty());
        println!("  clean: {:?}", start.elapsed());
    }
}
