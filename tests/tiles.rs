//! Tiles, read back by an independent decoder (geozero's protocol buffers, commands read here) and compared with what
//! went in.

mod common;

use common::jagged::Jagged;
use geozero::mvt::{Message, Tile, tile::Layer};
use gridweave::fabric::arcs::{Weave, weave, weave_family};
use gridweave::model::{Coord, Geometry, Line, MultiPolygon, Polygon, Ring, Value};
use gridweave::tiles::mercator::World;
use gridweave::tiles::{Feature, LayerOptions, Shared, TileLayer, tilejson, touched};
use proptest::prelude::*;
use std::collections::{BTreeMap, HashMap};

type Point = [i64; 2];

/// A feature as a client sees it.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    id: u64,
    properties: BTreeMap<String, String>,
    shape: i32,
    /// Rings without the repeated vertex, lines, or points of one vertex each.
    parts: Vec<Vec<Point>>,
}

fn decode(bytes: &[u8]) -> BTreeMap<String, Vec<Seen>> {
    let tile = Tile::decode(bytes).expect("a tile");
    let mut layers = BTreeMap::new();
    for layer in &tile.layers {
        assert_eq!((layer.version, layer.extent), (2, Some(4096)));
        let features = layer.features.iter().map(|feature| Seen {
            id: feature.id.expect("an id"),
            properties: properties(layer, &feature.tags),
            shape: feature.r#type.expect("a type"),
            parts: parts(feature.r#type.expect("a type"), &feature.geometry),
        });
        assert!(layers.insert(layer.name.clone(), features.collect()).is_none(), "layer {} twice", layer.name);
    }
    layers
}

fn properties(layer: &Layer, tags: &[u32]) -> BTreeMap<String, String> {
    tags.chunks_exact(2)
        .map(|pair| {
            let v = &layer.values[pair[1] as usize];
            let text = v.string_value.clone();
            let number = v.double_value.map(|n| n.to_string()).or(v.uint_value.map(|n| n.to_string()));
            let rest = v.sint_value.map(|n| n.to_string()).or(v.bool_value.map(|n| n.to_string()));
            (layer.keys[pair[0] as usize].clone(), text.or(number).or(rest).expect("a value"))
        })
        .collect()
}

/// Reads the commands as the specification says and checks what it demands of them.
fn parts(shape: i32, commands: &[u32]) -> Vec<Vec<Point>> {
    let zigzag = |n: u32| i64::from(n >> 1) ^ -i64::from(n & 1);
    let (mut at, mut cursor) = (0, [0i64, 0]);
    let mut parts: Vec<Vec<Point>> = Vec::new();
    let mut closed = true;
    while at < commands.len() {
        let (id, count) = (commands[at] & 7, commands[at] >> 3);
        at += 1;
        assert!(count > 0);
        if id == 7 {
            assert!(count == 1 && shape == 3);
            closed = true;
            continue;
        }
        for _ in 0..count {
            let step = [zigzag(commands[at]), zigzag(commands[at + 1])];
            at += 2;
            cursor = [cursor[0] + step[0], cursor[1] + step[1]];
            if id == 1 {
                assert!(closed || shape != 3, "a ring was not closed");
                closed = false;
                parts.push(vec![cursor]);
            } else {
                assert!(id == 2 && step != [0, 0], "a segment without length");
                parts.last_mut().expect("MoveTo comes first").push(cursor);
            }
        }
    }
    match shape {
        1 => assert!(parts.iter().all(|part| part.len() == 1)),
        2 => assert!(parts.iter().all(|part| part.len() > 1)),
        _ => {
            assert!(closed && parts.iter().all(|part| part.len() > 2 && part.first() != part.last()));
            assert!(doubled_area(&parts[0]) > 0, "the first ring is an outer one");
        }
    }
    parts
}

fn doubled_area(ring: &[Point]) -> i64 {
    (0..ring.len()).map(|i| (ring[i], ring[(i + 1) % ring.len()])).map(|(a, b)| a[0] * b[1] - b[0] * a[1]).sum()
}

/// How often rings wind around a point that lies on no vertex's height.
fn winding(parts: &[Vec<Point>], [x, y]: [f64; 2]) -> i32 {
    let mut sum = 0;
    for ring in parts {
        for i in 0..ring.len() {
            let (a, b) = (ring[i], ring[(i + 1) % ring.len()]);
            let (ax, ay, bx, by) = (a[0] as f64, a[1] as f64, b[0] as f64, b[1] as f64);
            if (ay > y) != (by > y) && x < (bx - ax) * (y - ay) / (by - ay) + ax {
                sum += if by > ay { -1 } else { 1 };
            }
        }
    }
    // Clockwise on a screen counts once.
    -sum
}

fn encode(layer: &TileLayer, z: u8, x: u32, y: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    layer.encode(z, x, y, &mut bytes);
    bytes
}

fn areas(cells: &[MultiPolygon]) -> Vec<Geometry> {
    cells.iter().cloned().map(Geometry::Area).collect()
}

fn features(geometries: &[Geometry]) -> Vec<Feature<'_>> {
    geometries
        .iter()
        .zip(1u32..)
        .map(|(geometry, id)| Feature {
            id,
            geometry: geometry.into(),
            properties: vec![
                ("code", format!("G{id:05}").as_str().into()),
                ("households", Value::Integer(700 + i64::from(id % 3))),
            ],
            min_zoom: 0,
            anchor: None,
        })
        .collect()
}

fn grids(geometries: &[Geometry], weave: &Weave, first: u32) -> TileLayer {
    let shared = Some(Shared { weave, first });
    TileLayer::build("grids", &features(geometries), LayerOptions { labels: true, shared, ..LayerOptions::default() })
}

/// All tiles of a zoom that a set of polygons touches.
fn tiles(cells: &[MultiPolygon], z: u8) -> Vec<(u32, u32)> {
    let bounds = cells.iter().filter_map(MultiPolygon::bounds).reduce(|a, b| a.union(b)).expect("not empty");
    let range = touched(bounds, z);
    (range.x.0..=range.x.1).flat_map(|x| (range.y.0..=range.y.1).map(move |y| (x, y))).collect()
}

/// A source vertex in a tile's units, not rounded.
fn exact(c: Coord, z: u8, x: u32, y: u32) -> [f64; 2] {
    let w = World::of(c);
    let unit = f64::from(20 - i32::from(z)).exp2();
    let at = |v: i32, tile: u32| (f64::from(v) + 2_147_483_648.0) / unit - f64::from(tile) * 4096.0;
    [at(w.x, x), at(w.y, y)]
}

/// The invariant: every inner edge is drawn once in each direction, except along the buffer's border where polygons are
/// cut. `outline` tells the edges that only one polygon owns.
fn no_gap_between_neighbours(seen: &[Seen], outline: impl Fn(Point, Point) -> bool) {
    let mut edges: HashMap<(Point, Point), i32> = HashMap::new();
    for ring in seen.iter().flat_map(|feature| &feature.parts) {
        for i in 0..ring.len() {
            let (a, b) = (ring[i], ring[(i + 1) % ring.len()]);
            *edges.entry((a.min(b), a.max(b))).or_default() += if a < b { 1 } else { -1 };
        }
    }
    for ((a, b), net) in edges {
        let cut = (0..2).any(|axis| a[axis] == b[axis] && (a[axis] == -64 || a[axis] == 4160));
        assert!(net == 0 || cut || outline(a, b), "{a:?} {b:?} is drawn {net} times more one way");
    }
}

/// Corners of the jagged square in a tile's units.
fn square(jagged: Jagged, z: u8, x: u32, y: u32) -> [Point; 2] {
    let side = jagged.n as i32 * jagged.cell;
    let (a, b) = (jagged.corner, Coord::new(jagged.corner.x + side, jagged.corner.y + side));
    let origin = [i64::from(x) * 4096, i64::from(y) * 4096];
    [a, b].map(|c| World::of(c).at_zoom(z)).map(|g| [g[0] - origin[0], g[1] - origin[1]])
}

/// Numbers in `0..span`, the same each time.
fn numbers(mut seed: u64) -> impl FnMut(f64) -> f64 {
    move |span| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 11) as f64 / (1u64 << 53) as f64 * span
    }
}

const CITY: Jagged =
    Jagged { n: 12, cell: 40_000, pieces: 16, corner: Coord::new(1_040_600_000, 306_500_000), seed: 11 };

#[test]
fn neighbours_never_gap_at_any_zoom() {
    let cells = CITY.cells();
    let woven = weave(&cells.iter().collect::<Vec<_>>());
    let geometries = areas(&cells);
    let layer = grids(&geometries, &woven, 0);
    let mut next = numbers(5);
    let mut smallest = usize::MAX;
    for z in 6..=18u8 {
        for (x, y) in tiles(&cells, z).into_iter().take(60) {
            let tile = decode(&encode(&layer, z, x, y));
            let Some(seen) = tile.get("grids") else { continue };
            let [a, b] = square(CITY, z, x, y);
            no_gap_between_neighbours(seen, |p, q| {
                (0..2).any(|axis| p[axis] == q[axis] && (p[axis] == a[axis] || p[axis] == b[axis]))
            });
            // Each place in the square is under exactly one polygon, counting windings.
            for _ in 0..20 {
                let p = [next(4096.0), next(4096.0)];
                let inside = p[0] > a[0] as f64 && p[0] < b[0] as f64 && p[1] > b[1] as f64 && p[1] < a[1] as f64;
                let sum: i32 = seen.iter().map(|feature| winding(&feature.parts, p)).sum();
                assert_eq!(sum, i32::from(inside), "{z}/{x}/{y} {p:?}");
                let over = seen.iter().filter(|feature| winding(&feature.parts, p) > 0).count();
                assert!(over >= usize::from(inside));
            }
            if z <= 10 {
                smallest = smallest.min(seen.len());
            }
        }
    }
    println!("fewest features on an overview tile: {smallest}");
}

/// The goal for overviews: 20,164 grids of 64 vertices in one tile, at most a fifth of the bytes that their rounded
/// vertices alone would take, every grid there, no gap.
#[test]
fn an_overview_of_a_large_city_is_small_and_whole() {
    let city = Jagged { n: 142, cell: 20_000, pieces: 16, corner: Coord::new(1_040_700_000, 304_600_000), seed: 2 };
    let cells = city.cells();
    let woven = weave(&cells.iter().collect::<Vec<_>>());
    let geometries = areas(&cells);
    let features: Vec<Feature> =
        features(&geometries).into_iter().map(|feature| Feature { properties: Vec::new(), ..feature }).collect();
    let shared = Some(Shared { weave: &woven, first: 0 });
    let layer = TileLayer::build("grids", &features, LayerOptions { shared, ..LayerOptions::default() });
    let (x, y) = tiles(&cells, 10)[0];
    let bytes = encode(&layer, 10, x, y);
    let integer = |n: i64| (64 - (((n << 1) ^ (n >> 63)) as u64 | 1).leading_zeros() as usize).div_ceil(7);
    let unsimplified: usize = cells
        .iter()
        .flat_map(MultiPolygon::rings)
        .flat_map(Ring::edges)
        .map(|(a, b)| (World::of(a).at_zoom(10), World::of(b).at_zoom(10)))
        .map(|(a, b)| integer(b[0] - a[0]) + integer(b[1] - a[1]))
        .sum();
    println!("{} bytes of {unsimplified}: {:.3}", bytes.len(), bytes.len() as f64 / unsimplified as f64);
    assert!(bytes.len() * 5 <= unsimplified);
    let tile = decode(&bytes);
    assert_eq!(tile["grids"].len(), cells.len());
    let [a, b] = square(city, 10, x, y);
    no_gap_between_neighbours(&tile["grids"], |p, q| {
        (0..2).any(|axis| p[axis] == q[axis] && (p[axis] == a[axis] || p[axis] == b[axis]))
    });
    let whole: i64 = tile["grids"].iter().flat_map(|feature| &feature.parts).map(|ring| doubled_area(ring)).sum();
    assert_eq!(whole, 2 * (b[0] - a[0]) * (a[1] - b[1]));
}

#[test]
fn every_feature_in_view_is_there_as_it_was() {
    let cells = CITY.cells();
    let woven = weave(&cells.iter().collect::<Vec<_>>());
    let geometries = areas(&cells);
    let layer = grids(&geometries, &woven, 0);
    for z in 14..=18u8 {
        for (x, y) in tiles(&cells, z).into_iter().step_by(7) {
            let tile = decode(&encode(&layer, z, x, y));
            let seen: BTreeMap<u64, &Seen> = tile.get("grids").into_iter().flatten().map(|f| (f.id, f)).collect();
            for (cell, id) in cells.iter().zip(1u64..) {
                let vertices: Vec<[f64; 2]> = cell.rings().flat_map(|r| &r.0).map(|&c| exact(c, z, x, y)).collect();
                let within = |[vx, vy]: [f64; 2]| (-63.0..=4159.0).contains(&vx) && (-63.0..=4159.0).contains(&vy);
                let Some(feature) = seen.get(&id) else {
                    assert!(!vertices.iter().any(|&v| within(v)), "{z}/{x}/{y}: {id} is missing");
                    continue;
                };
                assert_eq!(feature.properties["code"], format!("G{id:05}"));
                assert_eq!(feature.properties["households"], (700 + id % 3).to_string());
                // Each drawn vertex is a source vertex, rounded, unless it was cut.
                for &[px, py] in feature.parts.iter().flatten() {
                    let cut = [px, py].iter().any(|v| *v == -64 || *v == 4160);
                    let rounded = |v: &[f64; 2]| (v[0] - px as f64).abs() <= 0.5 && (v[1] - py as f64).abs() <= 0.5;
                    assert!(cut || vertices.iter().any(rounded), "{z}/{x}/{y} {id}: {px} {py}");
                }
                // Each source vertex lies within rounding and half a unit of a drawn edge.
                for &v in vertices.iter().filter(|&&v| within(v)) {
                    let near = feature.parts.iter().map(|ring| distance(v, ring)).fold(f64::INFINITY, f64::min);
                    assert!(near <= 1.3, "{z}/{x}/{y} {id}: {v:?} is {near} off");
                }
            }
        }
    }
}

fn distance([x, y]: [f64; 2], ring: &[Point]) -> f64 {
    (0..ring.len())
        .map(|i| {
            let (a, b) = (ring[i], ring[(i + 1) % ring.len()]);
            let (ax, ay, dx, dy) = (a[0] as f64, a[1] as f64, (b[0] - a[0]) as f64, (b[1] - a[1]) as f64);
            let t = (((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
            (x - ax - t * dx).hypot(y - ay - t * dy)
        })
        .fold(f64::INFINITY, f64::min)
}

#[test]
fn points_are_under_the_polygon_that_holds_them() {
    let cells = CITY.cells();
    let woven = weave(&cells.iter().collect::<Vec<_>>());
    let geometries = areas(&cells);
    let layer = grids(&geometries, &woven, 0);
    let mut next = numbers(9);
    let side = f64::from(CITY.n as i32 * CITY.cell);
    let mut compared = 0;
    for _ in 0..600 {
        let c = Coord::new(CITY.corner.x + next(side) as i32, CITY.corner.y + next(side) as i32);
        for z in 14..=16u8 {
            let [gx, gy] = World::of(c).at_zoom(z).map(|v| (v / 4096) as u32);
            let tile = decode(&encode(&layer, z, gx, gy));
            // Off the integers, so that no vertex is level with it.
            let p = exact(c, z, gx, gy).map(|v| v + 1e-4);
            if tile["grids"].iter().any(|f| f.parts.iter().any(|ring| distance(p, ring) < 1.3)) {
                continue;
            }
            let drawn: Vec<u64> = tile["grids"].iter().filter(|f| winding(&f.parts, p) != 0).map(|f| f.id).collect();
            let holds = |cell: &MultiPolygon| {
                let crossed = |(a, b): &(Coord, Coord)| {
                    let (ax, ay, bx, by) = (f64::from(a.x), f64::from(a.y), f64::from(b.x), f64::from(b.y));
                    let (x, y) = (f64::from(c.x), f64::from(c.y));
                    (ay > y) != (by > y) && x < (bx - ax) * (y - ay) / (by - ay) + ax
                };
                cell.rings().flat_map(Ring::edges).filter(crossed).count() % 2 == 1
            };
            let source: Vec<u64> = (1u64..).zip(&cells).filter(|(_, cell)| holds(cell)).map(|(id, _)| id).collect();
            assert_eq!(drawn, source, "{c:?} at {z}");
            compared += 1;
        }
    }
    assert!(compared > 1000, "{compared}");
}

#[test]
fn levels_of_a_family_share_their_lines() {
    let cells = CITY.cells();
    // Four quarters, each the union of its grids, from the weave of the grids.
    let grids_only = weave(&cells.iter().collect::<Vec<_>>());
    let quarter = |place: u32| (place % 12 / 6 + place / 12 / 6 * 2) as usize;
    let mut quarters: Vec<MultiPolygon> = Vec::new();
    for q in 0..4 {
        let mut next: BTreeMap<Coord, Coord> = BTreeMap::new();
        for arc in &grids_only.arcs {
            let owns = |side: &[u32]| side.iter().any(|&place| quarter(place) == q);
            let (left, right) = (owns(&arc.left), owns(&arc.right));
            for pair in arc.line.windows(2).filter(|_| left != right) {
                next.insert(pair[usize::from(!left)], pair[usize::from(left)]);
            }
        }
        let start = *next.keys().next().expect("an edge");
        let mut ring = vec![start];
        while next[&ring[ring.len() - 1]] != start {
            ring.push(next[&ring[ring.len() - 1]]);
        }
        quarters.push(Polygon::simple(ring).into());
    }
    let family = weave_family(&[&quarters.iter().collect::<Vec<_>>(), &cells.iter().collect::<Vec<_>>()]);
    let (above, below) = (areas(&quarters), areas(&cells));
    let communities = grids(&above, &family, family.first[0]);
    let grids = grids(&below, &family, family.first[1]);
    for z in 8..=16u8 {
        for (x, y) in tiles(&cells, z).into_iter().take(20) {
            let edges = |layer: &TileLayer| -> std::collections::HashSet<(Point, Point)> {
                let tile = decode(&encode(layer, z, x, y));
                let rings = tile.get("grids").into_iter().flatten().flat_map(|f| f.parts.clone()).collect::<Vec<_>>();
                rings
                    .iter()
                    .flat_map(|r| (0..r.len()).map(|i| (r[i], r[(i + 1) % r.len()])).collect::<Vec<_>>())
                    .collect()
            };
            let own = edges(&grids);
            for (a, b) in edges(&communities) {
                let cut = (0..2).any(|axis| a[axis] == b[axis] && (a[axis] == -64 || a[axis] == 4160));
                assert!(cut || own.contains(&(a, b)), "{z}/{x}/{y}: {a:?} {b:?} is no grid's border");
            }
        }
    }
}

#[test]
fn labels_stand_inside_and_once() {
    let cells = CITY.cells();
    let woven = weave(&cells.iter().collect::<Vec<_>>());
    let geometries = areas(&cells);
    let layer = grids(&geometries, &woven, 0);
    for z in [10u8, 14, 16] {
        let mut count = BTreeMap::<u64, usize>::new();
        for (x, y) in tiles(&cells, z) {
            let tile = decode(&encode(&layer, z, x, y));
            for label in tile.get("grids_label").into_iter().flatten() {
                *count.entry(label.id).or_default() += 1;
                let area = tile["grids"].iter().find(|f| f.id == label.id).expect("with its area");
                assert_eq!(area.properties, label.properties);
                let [px, py] = label.parts[0][0];
                assert!(winding(&area.parts, [px as f64 + 1e-3, py as f64 + 1e-3]) > 0);
            }
        }
        assert_eq!(count.len(), cells.len());
        assert!(count.values().all(|&n| n == 1));
    }
}

#[test]
fn same_bytes_on_any_number_of_threads() {
    let cells = CITY.cells();
    let bytes = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| {
            let woven = weave(&cells.iter().collect::<Vec<_>>());
            let geometries = areas(&cells);
            let layer = grids(&geometries, &woven, 0);
            let all = (8..=16u8).flat_map(|z| tiles(&cells, z).into_iter().take(9).map(move |(x, y)| (z, x, y)));
            all.map(|(z, x, y)| encode(&layer, z, x, y)).collect::<Vec<_>>()
        })
    };
    assert!(bytes(1) == bytes(4));
}

fn line(points: &[(i32, i32)]) -> Geometry {
    Geometry::Line(Line(points.iter().map(|&(x, y)| Coord::new(x, y)).collect()))
}

fn ring(points: &[(i32, i32)]) -> Ring {
    Ring(points.iter().map(|&(x, y)| Coord::new(x, y)).collect())
}

#[test]
fn points_lines_and_areas_with_holes() {
    // Zoom 8: a tile is 1.40625 degrees; 0/0 of the world's middle is the tile 128/127 north-east of the origin.
    let geometries = [
        Geometry::Point(Coord::new(7_000_000, 7_000_000)),
        line(&[(1_000_000, 1_000_000), (13_000_000, 1_000_000), (30_000_000, 1_000_000)]),
        Geometry::Area(
            Polygon {
                outer: ring(&[
                    (2_000_000, 2_000_000),
                    (8_000_000, 2_000_000),
                    (8_000_000, 8_000_000),
                    (2_000_000, 8_000_000),
                ]),
                holes: vec![ring(&[
                    (4_000_000, 4_000_000),
                    (4_000_000, 6_000_000),
                    (6_000_000, 6_000_000),
                    (6_000_000, 4_000_000),
                ])],
            }
            .into(),
        ),
        // Too small to be seen here.
        Geometry::Area(Polygon::simple(ring(&[(0, 0), (900, 0), (900, 900), (0, 900)]).0).into()),
        Geometry::Area(MultiPolygon::default()),
        Geometry::Line(Line::default()),
        line(&[(5, 5), (5, 5)]),
    ];
    let layer = TileLayer::build("things", &features(&geometries), LayerOptions::default());
    let tile = decode(&encode(&layer, 8, 128, 127));
    let seen = &tile["things"];
    assert_eq!(seen.iter().map(|f| (f.id, f.shape)).collect::<Vec<_>>(), [(1, 1), (2, 2), (3, 3)]);
    assert_eq!(seen[0].parts, [[[2039, 2057]]]);
    assert_eq!(seen[1].parts, [[[291, 3805], [4160, 3805]]]);
    assert_eq!(seen[2].parts.len(), 2);
    assert!(doubled_area(&seen[2].parts[0]) > 0 && doubled_area(&seen[2].parts[1]) < 0);
    // The neighbour sees the line's rest, no point, and the area not at all.
    let east = decode(&encode(&layer, 8, 129, 127));
    assert_eq!(east["things"].iter().map(|f| f.id).collect::<Vec<_>>(), [2]);
    assert_eq!(east["things"][0].parts, [[[-64, 3805], [4160, 3805]]]);
    // Further in, the small one shows.
    let small = decode(&encode(&layer, 16, 32768, 32767));
    assert!(small["things"].iter().any(|f| f.id == 4));
}

#[test]
fn zooms_begin_where_they_should_and_odd_tiles_are_empty() {
    let at = Geometry::Point(Coord::new(1_040_668_000, 305_728_000));
    let feature = |id, min_zoom| Feature { id, geometry: (&at).into(), properties: vec![], min_zoom, anchor: None };
    let options = LayerOptions { min_zoom: 5, max_zoom: 14, ..LayerOptions::default() };
    let layer = TileLayer::build("p", &[feature(1, 0), feature(2, 9)], options);
    let [x, y] = World::of(Coord::new(1_040_668_000, 305_728_000)).at_zoom(22).map(|v| (v / 4096) as u32);
    for z in 0..=22u8 {
        let seen = decode(&encode(&layer, z, x >> (22 - z), y >> (22 - z)));
        let ids: Vec<u64> = seen.get("p").into_iter().flatten().map(|f| f.id).collect();
        assert_eq!(
            ids,
            if z < 5 {
                vec![]
            } else if z < 9 {
                vec![1]
            } else {
                vec![1, 2]
            },
            "{z}"
        );
    }
    for (z, x, y) in [(23u8, 0, 0), (255, 0, 0), (5, 32, 0), (5, 0, u32::MAX), (22, u32::MAX, u32::MAX)] {
        assert!(encode(&layer, z, x, y).is_empty());
    }
    let empty = TileLayer::build("none", &[], LayerOptions { labels: true, ..LayerOptions::default() });
    assert!(encode(&empty, 0, 0, 0).is_empty() && empty.about().bounds.is_none());
}

#[test]
fn the_edges_of_the_world() {
    let world = Polygon::simple(
        ring(&[
            (-1_800_000_000, -900_000_000),
            (1_800_000_000, -900_000_000),
            (1_800_000_000, 900_000_000),
            (-1_800_000_000, 900_000_000),
        ])
        .0,
    );
    let geometries = [Geometry::Area(world.into()), line(&[(-1_800_000_000, 0), (1_800_000_000, 1)])];
    let layer = TileLayer::build("w", &features(&geometries), LayerOptions::default());
    for z in [0u8, 1, 7, 16, 20, 21, 22] {
        let last = ((1u64 << z) - 1) as u32;
        for (x, y) in [(0, 0), (last, last), (last / 2, last / 2)] {
            let tile = decode(&encode(&layer, z, x, y));
            let covered = doubled_area(&tile["w"][0].parts[0]) / 2;
            // All of the tile, and the buffer where the world goes on.
            assert!((4096 * 4096 - 5000..=4224 * 4224).contains(&covered), "{z} {covered}");
        }
    }
}

#[test]
fn several_layers_make_one_tile_and_one_description() {
    let geometries = areas(&CITY.cells()[..3]);
    let one =
        TileLayer::build("grids", &features(&geometries), LayerOptions { labels: true, ..LayerOptions::default() });
    let two = TileLayer::build(
        "zones",
        &features(&geometries),
        LayerOptions { min_zoom: 4, max_zoom: 15, ..LayerOptions::default() },
    );
    let (x, y) = tiles(&CITY.cells()[..1], 14)[0];
    let mut bytes = Vec::new();
    for layer in [&one, &two] {
        layer.encode(14, x, y, &mut bytes);
    }
    assert_eq!(decode(&bytes).into_keys().collect::<Vec<_>>(), ["grids", "grids_label", "zones"]);
    let json = tilejson(
        &[one.about().clone(), two.about().clone()],
        "http://localhost/tiles/grids,zones/{z}/{x}/{y}",
        "Demo",
        17,
    );
    let fields = serde_json::json!({"code": "String", "households": "Number"});
    assert_eq!(json["tilejson"], "3.0.0");
    assert_eq!(json["version"], "1.17.0");
    assert_eq!((&json["minzoom"], &json["maxzoom"]), (&0.into(), &16.into()));
    assert_eq!(json["vector_layers"].as_array().map(Vec::len), Some(3));
    assert_eq!(
        json["vector_layers"][1],
        serde_json::json!({"id": "grids_label", "fields": fields, "minzoom": 0, "maxzoom": 16})
    );
    assert_eq!(json["bounds"][0].as_f64(), Some(104.06));
    let empty = tilejson(&[], "u", "n", 1);
    assert!(empty.get("bounds").is_none() && empty["vector_layers"].as_array().is_some_and(Vec::is_empty));
}

/// One grid with every kind of value, byte by byte: a change of the encoder shows here first.
#[test]
fn golden_tile() {
    let square = ring(&[(0, 0), (900_000_000, 0), (900_000_000, 600_000_000), (0, 600_000_000)]);
    let geometry = Geometry::Area(Polygon { outer: square, holes: vec![] }.into());
    let properties = vec![
        ("code", Value::from("SQ-3-2")),
        ("households", Value::Integer(912)),
        ("change", Value::Integer(-3)),
        ("share", Value::Real(0.5)),
        ("online", Value::Bool(true)),
        ("name", Value::Null),
    ];
    let feature = Feature { id: 300, geometry: (&geometry).into(), properties, min_zoom: 0, anchor: None };
    let layer = TileLayer::build("grids", &[feature], LayerOptions::default());
    let hex: String = encode(&layer, 0, 0, 0).iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(hex, include_str!("golden/tile.hex").trim());
}

#[test]
fn xiacheng_without_gaps() {
    let Some(file) = common::shared("data/maps/cn-grid/hangzhou-xiacheng-grids.geojson") else { return };
    let json: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(file).expect("reads")).expect("JSON");
    let cells: Vec<MultiPolygon> = json["features"].as_array().expect("features").iter().map(read_area).collect();
    let woven = weave(&cells.iter().collect::<Vec<_>>());
    let geometries = areas(&cells);
    let layer = grids(&geometries, &woven, 0);
    for z in 9..=17u8 {
        // The union's border at this zoom: what the grids draw only one way on a tile that needs no cut.
        for (x, y) in tiles(&cells, z).into_iter().take(80) {
            let tile = decode(&encode(&layer, z, x, y));
            let Some(seen) = tile.get("grids") else { continue };
            let outside: Vec<Vec<[f64; 2]>> = woven
                .arcs
                .iter()
                .filter(|arc| arc.left.is_empty() || arc.right.is_empty())
                .map(|arc| arc.line.iter().map(|&c| exact(c, z, x, y)).collect())
                .collect();
            no_gap_between_neighbours(seen, |a, b| {
                let on_border = |p: Point| {
                    outside
                        .iter()
                        .flatten()
                        .any(|v| (v[0] - p[0] as f64).abs() <= 0.5 && (v[1] - p[1] as f64).abs() <= 0.5)
                };
                let cut = |p: Point| p.iter().any(|v| *v == -64 || *v == 4160);
                (on_border(a) || cut(a)) && (on_border(b) || cut(b))
            });
            if z == 12 {
                println!("{z}/{x}/{y}: {} grids", seen.len());
            }
        }
    }
}

fn read_area(feature: &serde_json::Value) -> MultiPolygon {
    let rings = feature["geometry"]["coordinates"].as_array().expect("rings").iter().enumerate();
    let mut rings = rings.map(|(i, positions)| {
        let degrees = |p: &serde_json::Value, i: usize| p[i].as_f64().expect("a number");
        let positions = positions.as_array().expect("positions").iter().skip(1);
        let mut ring = Ring(positions.filter_map(|p| Coord::from_degrees(degrees(p, 0), degrees(p, 1))).collect());
        ring.0.dedup();
        if (ring.doubled_area() < 0) == (i == 0) {
            ring.0.reverse();
        }
        ring
    });
    let outer = rings.next().expect("an outer ring");
    Polygon { outer, holes: rings.collect() }.into()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    /// The pieces of a polygon in the tiles of a zoom, without buffers, add up to the polygon.
    #[test]
    fn pieces_add_up(seed: u64, n in 2usize..5, z in 12u8..17) {
        let jagged = Jagged { n, cell: 60_000, pieces: 4, corner: Coord::new(1_200_000_000, 302_000_000), seed };
        let cells = jagged.cells();
        let woven = weave(&cells.iter().collect::<Vec<_>>());
        let geometries = areas(&cells);
        let layer = grids(&geometries, &woven, 0);
        let mut next = numbers(seed);
        for (x, y) in tiles(&cells, z).into_iter().take(6) {
            let tile = decode(&encode(&layer, z, x, y));
            let seen = tile.get("grids").cloned().unwrap_or_default();
            let [a, b] = square(jagged, z, x, y);
            for _ in 0..10 {
                let p = [next(4096.0), next(4096.0)];
                let inside = p[0] > a[0] as f64 && p[0] < b[0] as f64 && p[1] > b[1] as f64 && p[1] < a[1] as f64;
                prop_assert_eq!(seen.iter().map(|f| winding(&f.parts, p)).sum::<i32>(), i32::from(inside));
            }
        }
    }
}
