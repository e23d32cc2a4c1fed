//! What must hold of every synthetic city, whatever the seed.

use geo::{Intersects, LineString, Relate, Validation};
use gridweave::model::*;
use gridweave::synth::{Scale, Synthetic, generate};
use rstar::{AABB, RTree, RTreeObject};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

const SEEDS: [u64; 3] = [1, 7, 20_261_122];

fn districts() -> &'static [Synthetic] {
    static MADE: OnceLock<Vec<Synthetic>> = OnceLock::new();
    MADE.get_or_init(|| SEEDS.iter().map(|&seed| generate(Scale::District, seed, &|_, _| {})).collect())
}

fn community() -> Synthetic {
    generate(Scale::Compound, 1, &|_, _| {})
}

fn every(check: impl Fn(&World)) {
    districts().iter().for_each(|city| check(&city.world));
    check(&community().world);
}

fn within(figure: f64, wanted: f64, tolerance: f64, what: &str) {
    assert!((figure / wanted - 1.0).abs() <= tolerance, "{what}: {figure}, wanted {wanted} +-{tolerance}");
}

fn households(world: &World) -> u32 {
    world.buildings.iter().filter_map(|b| b.households).map(|h| h.count).sum()
}

#[test]
fn the_district_has_the_size_that_was_asked_for() {
    for Synthetic { world, .. } in districts() {
        assert_eq!(world.districts.len(), 1);
        assert!((8..=11).contains(&world.subdistricts.len()), "{}", world.subdistricts.len());
        assert!((50..=60).contains(&world.communities.len()), "{}", world.communities.len());
        assert_eq!(world.grids.len(), 269);
        within(f64::from(households(world)), 200_000.0, 0.03, "households");
        within(world.buildings.len() as f64, 20_000.0, 0.05, "buildings");
        within(world.cameras.len() as f64, 2_500.0, 0.1, "cameras");
        within(world.checkpoints.len() as f64, 600.0, 0.1, "checkpoints");
        within(world.services.len() as f64, 1_500.0, 0.1, "services");
        within(world.institutions.len() as f64, 250.0, 0.4, "institutions");
        assert!(world.subdistricts.iter().any(|s| s.name.ends_with('镇')), "towns at the edge");
        use ZoneKind::{Consent, Forbidden, FunctionalArea, StreetChiefBlock, WeakArea};
        for kind in [FunctionalArea, StreetChiefBlock, WeakArea, Forbidden, Consent] {
            assert!(world.zones.iter().any(|zone| zone.kind == kind), "{kind:?}");
        }
    }
}

#[test]
fn niusha_road_is_as_its_people_described_it() {
    let Synthetic { world, .. } = community();
    assert_eq!((world.districts.len(), world.subdistricts.len(), world.communities.len()), (1, 1, 1));
    assert_eq!(world.grids.len(), 5);
    assert_eq!(households(&world), 4_000);
    let frame = Frame::at(Coord::new(1_046_286_000, 310_164_000));
    within(frame.area(world.communities[0].area.doubled_area()).0, 320_000.0, 0.06, "area");
    let of = |class| world.compounds.iter().filter(|c| c.class == Some(class)).count();
    assert_eq!((of(GridClass::Open), of(GridClass::Mature)), (14, 2));
    assert_eq!(world.services.iter().filter(|s| s.kind.as_deref() == Some("shop")).count(), 28);
    assert_eq!(world.institutions.iter().filter(|i| i.kind == "social_organisation").count(), 5);
}

#[test]
fn codes_nest_and_are_unique() {
    every(|world| {
        let mut codes = BTreeSet::new();
        let mut unique = |code: &Code, digits: usize| {
            assert_eq!(code.as_str().len(), digits, "{code}");
            assert!(code.as_str().bytes().all(|b| b.is_ascii_digit()) && codes.insert(code.clone()), "{code} again");
        };
        world.districts.iter().for_each(|it| unique(&it.code, 6));
        world.subdistricts.iter().for_each(|it| unique(&it.code, 9));
        world.communities.iter().for_each(|it| unique(&it.code, 12));
        world.grids.iter().for_each(|it| unique(&it.code, 15));
        let parent = |code: &Code, parent: &Option<Code>| {
            let known = parent.as_ref().is_some_and(|p| code.as_str().starts_with(p.as_str()) && codes.contains(p));
            assert!(known, "{code}");
        };
        world.subdistricts.iter().for_each(|it| parent(&it.code, &it.parent));
        world.communities.iter().for_each(|it| parent(&it.code, &it.parent));
        world.grids.iter().for_each(|it| parent(&it.code, &it.community));
    });
}

/// The directed edges of rings that have no twin in the opposite direction: the outline of what the rings cover.
fn outline<'a>(areas: impl Iterator<Item = &'a MultiPolygon>) -> BTreeSet<(Coord, Coord)> {
    let mut edges: BTreeSet<(Coord, Coord)> = BTreeSet::new();
    for (a, b) in areas.flat_map(MultiPolygon::rings).flat_map(Ring::edges) {
        if !edges.remove(&(b, a)) {
            assert!(edges.insert((a, b)), "two units on the same side of an edge");
        }
    }
    edges
}

#[test]
fn every_level_tiles_the_one_above_exactly() {
    every(|world| {
        let whole: i128 = world.districts[0].area.doubled_area();
        let sum = |areas: &[&MultiPolygon]| areas.iter().map(|a| a.doubled_area()).sum::<i128>();
        let districts: Vec<&MultiPolygon> = world.districts.iter().map(|it| &it.area).collect();
        let subdistricts: Vec<&MultiPolygon> = world.subdistricts.iter().map(|it| &it.area).collect();
        let communities: Vec<&MultiPolygon> = world.communities.iter().map(|it| &it.area).collect();
        let grids: Vec<&MultiPolygon> = world.grids.iter().map(|it| &it.area).collect();
        for level in [&districts, &subdistricts, &communities, &grids] {
            assert_eq!(sum(level), whole);
            assert_eq!(outline(level.iter().copied()), outline(districts.iter().copied()));
            assert!(level.iter().all(|area| area.0.len() == 1), "a unit in several pieces");
        }
        // Each unit's children cover exactly it: same area and same outline, vertex for vertex.
        let nested = |parent: &MultiPolygon, children: Vec<&MultiPolygon>, code: &Code| {
            assert_eq!(sum(&children), parent.doubled_area(), "{code}");
            assert_eq!(outline(children.into_iter()), outline(std::iter::once(parent)), "{code}");
        };
        for it in &world.subdistricts {
            let children = world.communities.iter().filter(|c| c.parent.as_ref() == Some(&it.code)).map(|c| &c.area);
            nested(&it.area, children.collect(), &it.code);
        }
        for it in &world.communities {
            let children = world.grids.iter().filter(|g| g.community.as_ref() == Some(&it.code)).map(|g| &g.area);
            nested(&it.area, children.collect(), &it.code);
        }
    });
}

fn geo_ring(ring: &Ring) -> LineString<f64> {
    LineString::from(ring.0.iter().map(|c| (f64::from(c.x), f64::from(c.y))).collect::<Vec<_>>())
}

fn geo_polygon(polygon: &Polygon) -> geo::Polygon<f64> {
    geo::Polygon::new(geo_ring(&polygon.outer), polygon.holes.iter().map(geo_ring).collect())
}

/// Something with a box around it, for the tree.
struct Boxed<T> {
    bounds: Bounds,
    it: T,
}

impl<T> RTreeObject for Boxed<T> {
    type Envelope = AABB<[f64; 2]>;
    fn envelope(&self) -> Self::Envelope {
        let corner = |c: Coord| [f64::from(c.x), f64::from(c.y)];
        AABB::from_corners(corner(self.bounds.min), corner(self.bounds.max))
    }
}

fn tree<T>(items: impl Iterator<Item = (Bounds, T)>) -> RTree<Boxed<T>> {
    RTree::bulk_load(items.map(|(bounds, it)| Boxed { bounds, it }).collect())
}

/// What the tree holds within a margin of a box.
fn near<T>(tree: &RTree<Boxed<T>>, bounds: Bounds, margin: i32) -> impl Iterator<Item = &T> {
    let grown = Bounds {
        min: Coord::new(bounds.min.x - margin, bounds.min.y - margin),
        max: Coord::new(bounds.max.x + margin, bounds.max.y + margin),
    };
    let found: Vec<&T> =
        tree.locate_in_envelope_intersecting(&Boxed { bounds: grown, it: () }.envelope()).map(|b| &b.it).collect();
    found.into_iter()
}

#[test]
fn rings_are_simple_and_oriented() {
    every(|world| {
        let levels = world.grids.iter().map(|it| &it.area).chain(world.communities.iter().map(|it| &it.area));
        let premises = world.buildings.iter().map(|it| &it.area).chain(world.zones.iter().map(|it| &it.area));
        let place = |place: &Geometry| if let Geometry::Area(area) = place { Some(area.clone()) } else { None };
        let grounds: Vec<MultiPolygon> = world
            .compounds
            .iter()
            .map(|it| &it.place)
            .chain(world.institutions.iter().map(|it| &it.place))
            .chain(world.green.iter().map(|it| &it.place))
            .chain(world.water.iter().map(|it| &it.place))
            .filter_map(place)
            .collect();
        for polygon in levels.chain(premises).chain(&grounds).flat_map(|area| &area.0) {
            assert!(polygon.outer.doubled_area() > 0, "clockwise: {polygon:?}");
            assert!(polygon.holes.iter().all(|hole| hole.doubled_area() < 0));
            for ring in polygon.rings() {
                let vertices: BTreeSet<Coord> = ring.0.iter().copied().collect();
                assert!(ring.0.len() >= 3 && vertices.len() == ring.0.len(), "a ring passes a vertex twice: {ring:?}");
            }
            assert!(geo_polygon(polygon).is_valid(), "{polygon:?}");
        }
    });
}

#[test]
fn buildings_stand_apart_from_each_other_and_from_water() {
    every(|world| {
        let shapes: Vec<geo::Polygon<f64>> = world.buildings.iter().map(|b| geo_polygon(&b.area.0[0])).collect();
        let all = tree(world.buildings.iter().enumerate().filter_map(|(i, b)| Some((b.area.bounds()?, i))));
        for one in all.iter() {
            for &other in near(&all, one.bounds, 0) {
                let apart = one.it >= other || !shapes[one.it].intersects(&shapes[other]);
                assert!(apart, "buildings {:?} and {:?}", world.buildings[one.it], world.buildings[other]);
            }
        }
        for water in &world.water {
            let Geometry::Area(area) = &water.place else { continue };
            let (Some(bounds), shape) = (area.bounds(), geo_polygon(&area.0[0])) else { continue };
            for &i in near(&all, bounds, 0) {
                assert!(!shape.intersects(&shapes[i]), "{} in {}", world.buildings[i].id, water.kind);
            }
        }
    });
}

#[test]
fn streets_keep_off_buildings_and_meet_only_at_shared_vertices() {
    every(|world| {
        let frame = Frame::at(world.streets[0].line.0[0]);
        let pieces = |(s, street)| -> Vec<(usize, Coord, Coord)> {
            let street: &Street = street;
            street.line.0.windows(2).map(|w| (s, w[0], w[1])).collect()
        };
        let segments = world.streets.iter().enumerate().flat_map(pieces);
        let all = tree(segments.filter_map(|(s, a, b)| Some((Bounds::of([a, b])?, (s, a, b)))));
        for one in all.iter() {
            let (s, a, b) = one.it;
            for &(t, c, d) in near(&all, one.bounds, 0) {
                let shared = [a, b].iter().any(|v| *v == c || *v == d);
                if (s, a, b) >= (t, c, d) || shared || world.streets[s].level != world.streets[t].level {
                    continue;
                }
                let (one, other) = (&world.streets[s], &world.streets[t]);
                assert!(!cross(a, b, c, d), "{one:?} and {other:?} cross without a junction");
            }
        }
        for building in &world.buildings {
            let Some(bounds) = building.area.bounds() else { continue };
            for &(s, a, b) in near(&all, bounds, 2_000) {
                let half = world.streets[s].class.usual_width() / 2.0;
                for (c, d) in building.area.0[0].outer.edges() {
                    let ends = [(c, a, b), (a, c, d), (b, c, d)];
                    let far =
                        ends.map(|(p, a, b)| frame.distance_to_segment(p, a, b).0).into_iter().fold(f64::MAX, f64::min);
                    let gap = if cross(a, b, c, d) { 0.0 } else { far };
                    assert!(gap >= half - 0.05, "{gap:.2} m between {building:?} and {:?}", world.streets[s]);
                }
            }
        }
    });
}

fn cross(a: Coord, b: Coord, c: Coord, d: Coord) -> bool {
    let side = |a: Coord, b: Coord, c: Coord| {
        let (x, y) = (i64::from(b.x) - i64::from(a.x), i64::from(b.y) - i64::from(a.y));
        (x * (i64::from(c.y) - i64::from(a.y)) - y * (i64::from(c.x) - i64::from(a.x))).signum()
    };
    // The boxes tell collinear segments that touch from those that lie apart.
    let apart = !Bounds::of([a, b]).zip(Bounds::of([c, d])).is_some_and(|(one, other)| one.touches(&other));
    !apart && side(a, b, c) * side(a, b, d) <= 0 && side(c, d, a) * side(c, d, b) <= 0
}

#[test]
fn one_can_go_from_any_street_to_any_other() {
    every(|world| {
        let mut links: BTreeMap<Coord, Vec<Coord>> = BTreeMap::new();
        for w in world.streets.iter().flat_map(|street| street.line.0.windows(2)) {
            links.entry(w[0]).or_default().push(w[1]);
            links.entry(w[1]).or_default().push(w[0]);
        }
        let (mut seen, mut todo) = (BTreeSet::new(), vec![world.streets[0].line.0[0]]);
        while let Some(at) = todo.pop() {
            if seen.insert(at) {
                todo.extend(&links[&at]);
            }
        }
        let apart: Vec<_> = links.keys().filter(|at| !seen.contains(at)).collect();
        assert!(apart.is_empty(), "{} of {} vertices lie apart: {:?}", apart.len(), links.len(), apart.first());
    });
}

/// Households of each grid, by the grid that holds a building.
fn by_grid(world: &World) -> Vec<u32> {
    let shapes: Vec<geo::Polygon<f64>> = world.grids.iter().map(|g| geo_polygon(&g.area.0[0])).collect();
    let all = tree(world.grids.iter().enumerate().filter_map(|(i, g)| Some((g.area.bounds()?, i))));
    let mut sums = vec![0; world.grids.len()];
    for building in &world.buildings {
        let Some(bounds) = building.area.bounds() else { continue };
        let own = geo_polygon(&building.area.0[0]);
        let home: Vec<usize> = near(&all, bounds, 0).copied().filter(|&i| shapes[i].intersects(&own)).collect();
        assert_eq!(home.len(), 1, "{} lies in {} grids", building.id, home.len());
        assert!(shapes[home[0]].relate(&own).is_contains(), "{} is cut by a grid's border", building.id);
        sums[home[0]] += building.households.map_or(0, |h| h.count);
    }
    sums
}

#[test]
fn todays_grids_are_uneven_and_cut_no_building() {
    for (Synthetic { world, .. }, seed) in districts().iter().zip(SEEDS) {
        let sums = by_grid(world);
        assert_eq!(sums.iter().sum::<u32>(), households(world));
        let (mut judged, mut held) = (0, 0);
        for (grid, &sum) in world.grids.iter().zip(&sums) {
            let band = match grid.class {
                GridClass::Mature => 700..=1000,
                GridClass::Open => 200..=300,
                _ => continue,
            };
            judged += 1;
            held += u32::from(band.contains(&sum));
        }
        let share = f64::from(held) / f64::from(judged);
        assert!((0.35..=0.65).contains(&share), "seed {seed}: {held} of {judged} in band");
        let mature = || world.grids.iter().zip(&sums).filter(|it| it.0.class == GridClass::Mature).map(|it| *it.1);
        assert!(mature().any(|sum| sum < 450) && mature().any(|sum| sum > 1_500), "none far off");
        use GridClass::{Dedicated, Mature, Open, Rural, UrbanVillage};
        for class in [Mature, Open, UrbanVillage, Rural, Dedicated] {
            assert!(world.grids.iter().filter(|grid| grid.class == class).count() >= 5, "seed {seed}: {class:?}");
        }
    }
    let sums = by_grid(&community().world);
    assert!(sums.iter().max() > sums.iter().min().map(|min| min * 2).as_ref(), "{sums:?}");
}

#[test]
fn households_add_up_and_say_where_they_come_from() {
    every(|world| {
        let mut sums: BTreeMap<&str, u32> = BTreeMap::new();
        for building in &world.buildings {
            if let (Some(name), Some(h)) = (&building.compound, building.households) {
                *sums.entry(name).or_default() += h.count;
            }
            let units: Vec<u32> = building.units.iter().filter_map(|unit| unit.households).collect();
            let count = building.households.map_or(0, |h| h.count);
            assert!(units.is_empty() || units.iter().sum::<u32>() == count, "{}", building.id);
        }
        for compound in &world.compounds {
            let told = compound.households.map(|h| h.count);
            assert_eq!(told, sums.get(compound.name.as_str()).copied(), "{}", compound.name);
        }
    });
    for provenance in [Provenance::Surveyed, Provenance::Spread, Provenance::Estimated] {
        let has = |b: &Building| b.households.is_some_and(|h| h.provenance == provenance);
        assert!(districts()[0].world.buildings.iter().any(has), "{provenance:?}");
    }
}

#[test]
fn cameras_look_somewhere_and_stand_outside_houses() {
    every(|world| {
        let shapes = tree(world.buildings.iter().filter_map(|b| Some((b.area.bounds()?, geo_polygon(&b.area.0[0])))));
        for camera in &world.cameras {
            assert_eq!(camera.kind == CameraKind::Fixed, camera.directions.len() == 1, "{}", camera.id);
            assert!(camera.directions.iter().all(|d| (0.0..360.0).contains(d)));
            let point = geo::Point::new(f64::from(camera.at.x), f64::from(camera.at.y));
            for shape in near(&shapes, Bounds { min: camera.at, max: camera.at }, 0) {
                assert!(!shape.intersects(&point), "{camera:?} is inside a building");
            }
        }
        let share = |has: &dyn Fn(&Camera) -> bool| {
            world.cameras.iter().filter(|&camera| has(camera)).count() as f64 / world.cameras.len().max(1) as f64
        };
        if world.cameras.len() > 1_000 {
            within(share(&|camera| camera.online == Some(true)), 0.97, 0.015, "online");
            within(share(&|camera| camera.healthy == Some(true)), 0.98, 0.015, "healthy");
        }
    });
}

#[test]
fn every_feature_survives_its_record() {
    every(|world| {
        for layer in Layer::ALL {
            let mut copy = World::default();
            for record in world.records(layer) {
                let put = copy.put(layer, &record);
                assert_eq!(put, Ok(record.id), "{layer}");
            }
            assert!(copy.records(layer).eq(world.records(layer)), "{layer}");
        }
    });
}

#[test]
fn the_seed_decides_everything() {
    assert_eq!(generate(Scale::District, SEEDS[0], &|_, _| {}), districts()[0]);
    assert_eq!(community(), community());
    assert_ne!(districts()[0].world.buildings, districts()[1].world.buildings);
    assert_ne!(generate(Scale::Compound, 2, &|_, _| {}).world, community().world);
}

#[test]
fn progress_is_told_to_the_end() {
    use std::sync::atomic::{AtomicU64, Ordering};
    let (done, all) = (AtomicU64::new(0), AtomicU64::new(1));
    generate(Scale::Compound, 1, &|n, of| {
        assert!(n >= done.swap(n, Ordering::Relaxed));
        all.store(of, Ordering::Relaxed);
    });
    assert_eq!(done.into_inner(), all.into_inner());
}
