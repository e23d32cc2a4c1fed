//! A real district, Xiacheng in Hangzhou: five subdistricts, their communities and grids, and estates in another datum.

mod common;

use common::estates::xiacheng_estates;
use common::shared;
use gridweave::city::{City, Snapshot};
use gridweave::index::{OUTSIDE, inside, oracle};
use gridweave::model::{Bounds, Coord, Layer, MultiPolygon, Problem, Profile, Ring, World};
use gridweave::read::datum::Crs;
use gridweave::read::{Options, Reading, Source, read, read_bytes};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

const GRIDS: &str = "data/maps/cn-grid/hangzhou-xiacheng-grids.geojson";

fn options(crs: Crs) -> Options {
    Options { crs: Some(crs), map: Vec::new(), ..Options::default() }
}

/// The city after all files, and what was said of the grids on the way.
struct Xiacheng {
    _folder: tempfile::TempDir,
    city: City,
    told_of_grids: Vec<Problem>,
}

impl Xiacheng {
    fn snapshot(&self) -> Arc<Snapshot> {
        self.city.snapshot()
    }
}

/// Imports one file after the other into a city file, as a district would. Read once for all tests.
fn xiacheng() -> Option<&'static Xiacheng> {
    static CITY: OnceLock<Option<Xiacheng>> = OnceLock::new();
    let read_all = || {
        let layers = [
            ("data/maps/cn-admin/district-outlines/330103.json", Layer::Districts, Crs::Gcj02),
            ("data/maps/cn-grid/hangzhou-xiacheng-streets.geojson", Layer::Subdistricts, Crs::Wgs84),
            ("data/maps/cn-grid/hangzhou-xiacheng-communities.geojson", Layer::Communities, Crs::Wgs84),
            (GRIDS, Layer::Grids, Crs::Wgs84),
        ];
        let paths: Option<Vec<_>> = layers.iter().map(|(path, ..)| shared(path)).collect();
        let (paths, estates) = (paths?, xiacheng_estates()?);
        let folder = tempfile::tempdir().expect("a folder");
        let profile = Profile::preset("下城区").expect("preset");
        let city = City::create(&folder.path().join("xiacheng.gpkg"), &profile, &World::default(), "new").expect("new");
        let mut told_of_grids = Vec::new();
        for ((_, layer, crs), path) in layers.iter().zip(paths) {
            let reading = read(&path, Source::Layer(*layer), &options(crs.clone()), &|_, _| {});
            if *layer == Layer::Grids {
                told_of_grids.clone_from(&reading.problems);
            }
            commit(&city, reading);
        }
        let estates = estates.to_string();
        let layer = Source::Layer(Layer::Compounds);
        commit(&city, read_bytes("estates", estates.as_bytes(), layer, &options(Crs::Bd09), &|_, _| {}));
        Some(Xiacheng { _folder: folder, city, told_of_grids })
    };
    CITY.get_or_init(read_all).as_ref()
}

fn commit(city: &City, reading: Reading) {
    let prepared = city.snapshot().prepare_import(reading, "import", false);
    assert!(!prepared.has_errors(), "{:#?}", prepared.problems);
    city.commit(&prepared.change).expect("commit");
}

#[test]
fn every_place_is_there() {
    let Some(xiacheng) = xiacheng() else { return };
    let city = xiacheng.snapshot();
    let counts = [Layer::Districts, Layer::Subdistricts, Layer::Communities, Layer::Grids, Layer::Compounds]
        .map(|layer| city.world.count(layer));
    assert_eq!(counts, [1, 5, 41, 164, 279]);
    let names: BTreeSet<&str> = city.world.subdistricts.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, BTreeSet::from(["潮鸣街道", "朝晖街道", "长庆街道", "武林街道", "天水街道"]));
    assert_eq!(city.world.communities[0].parent.as_ref().map(|c| c.as_str()), Some("CM"), "read without --map");
}

#[test]
fn communities_lie_in_the_subdistrict_that_they_name() {
    let Some(xiacheng) = xiacheng() else { return };
    let city = xiacheng.snapshot();
    for facts in &city.facts.levels[2] {
        let community = &city.world.communities[facts.place as usize];
        let by_ground = city.ground.subdistricts.place_at(inside(&community.area));
        assert_eq!(facts.parent, by_ground, "{}", community.name);
        let above = &city.world.subdistricts[facts.parent.expect("a subdistrict") as usize];
        assert_eq!(community.parent.as_ref(), Some(&above.code), "{}", community.name);
    }
    for facts in &city.facts.levels[1] {
        assert_eq!(facts.parent, Some(0), "in the one district");
    }
    let grids: u32 = city.facts.levels[2].iter().map(|c| c.grids).sum();
    assert_eq!(grids, 164);
}

/// The source says to whom a grid belongs only within its name: 潮鸣街道 刀茅巷社区 刀茅巷社区第二网格.
#[test]
fn grids_lie_in_the_community_that_their_name_tells() {
    let Some(xiacheng) = xiacheng() else { return };
    let city = xiacheng.snapshot();
    for facts in &city.facts.grids {
        let grid = &city.world.grids[facts.place as usize];
        let found = &city.world.communities[facts.community.expect("a community") as usize];
        assert!(grid.community.is_none(), "found by where it lies");
        let subdistrict = &city.world.subdistricts[facts.subdistrict.expect("a subdistrict") as usize];
        let told = format!("{}{}", subdistrict.name, found.name);
        assert!(grid.name.starts_with(&told), "{} {}: found in {told}", grid.code, grid.name);
    }
}

/// Four codes of the official plan stand over several polygons. Three are of several parts in the city as well; the
/// second polygon of the fourth is 1.5 mm wide, has no area at 1e-7 degree, and is dropped: told at the import.
#[test]
fn multi_part_grids_are_listed_as_inherited() {
    let Some(xiacheng) = xiacheng() else { return };
    let codes = ["CQ-6-4", "TS-1-2", "TS-6-1", "ZH-7-5"];
    let told = |code: &str| xiacheng.told_of_grids.iter().filter(|p| p.code == code).collect::<Vec<_>>();
    let inherited = told("multi-part");
    assert_eq!(inherited.len(), 4, "{inherited:#?}");
    for code in codes {
        assert!(inherited.iter().any(|p| p.message.contains(code) && p.remedy.contains("inherited")), "{code}");
    }
    let dropped = told("sliver-dropped");
    assert!(dropped.len() == 1 && dropped[0].message.contains("ZH-7-5"), "{dropped:#?}");
    let check = xiacheng.snapshot().check();
    let listed: Vec<&str> =
        check.iter().filter(|p| p.code == "inherited-multi-part").map(|p| p.feature.as_str()).collect();
    assert_eq!(listed, ["grid CQ-6-4", "grid TS-1-2", "grid TS-6-1"]);
    println!("{:#?}", check.iter().map(ToString::to_string).collect::<Vec<_>>());
}

#[test]
fn estates_lie_where_bd09_puts_them() {
    let Some(xiacheng) = xiacheng() else { return };
    let city = xiacheng.snapshot();
    let anchors = &city.ground.compound_anchors;
    assert_eq!(anchors.iter().filter(|at| city.ground.districts.locate(**at).is_some()).count(), 274);
    assert_eq!(anchors.iter().filter(|at| city.ground.subdistricts.locate(**at).is_some()).count(), 186);
}

#[test]
fn households_of_estates_are_counted_in_their_grids() {
    let Some(xiacheng) = xiacheng() else { return };
    let city = xiacheng.snapshot();
    let (mut within, mut beyond) = ((0u32, 0u32), (0u32, 0u32));
    for (compound, at) in city.world.compounds.iter().zip(&city.ground.compound_anchors) {
        let Some(h) = compound.households else { continue };
        let sum = if city.ground.grids.locate(*at).is_some() { &mut within } else { &mut beyond };
        *sum = (sum.0 + 1, sum.1 + h.count);
    }
    println!("compounds and households in grids {within:?}, beyond {beyond:?}");
    let total = |sums: &mut dyn Iterator<Item = u32>| sums.sum::<u32>();
    assert_eq!(total(&mut city.facts.grids.iter().map(|g| g.households())), within.1);
    for level in &city.facts.levels[1..] {
        assert_eq!(total(&mut level.iter().map(|place| place.households)), within.1);
    }
    let told = city.check();
    let told = told.iter().find(|p| p.code == "outside-every-grid").expect("told");
    assert!(told.message.starts_with(&format!("{} compounds", beyond.0)), "{told}");
    assert!(within.1 > 0 && beyond.1 > 0);
}

/// Importing everything again must change nothing: 279 estates, some of one name, many on one point.
#[test]
fn the_estates_again_change_nothing() {
    let (Some(xiacheng), Some(estates)) = (xiacheng(), xiacheng_estates()) else { return };
    let layer = Source::Layer(Layer::Compounds);
    for replace in [false, true] {
        let reading = read_bytes("estates", estates.to_string().as_bytes(), layer, &options(Crs::Bd09), &|_, _| {});
        let prepared = xiacheng.snapshot().prepare_import(reading, "again", replace);
        assert!(prepared.change.edits.is_empty(), "{:?}", prepared.tallies);
    }
}

/// Every vertex and the middle of every edge, moved by up to two units each way, over and over.
fn beside_borders(polygons: &[&MultiPolygon], count: usize, random: &mut Pcg64Mcg) -> Vec<Coord> {
    let edges: Vec<_> = polygons.iter().flat_map(|p| p.rings()).flat_map(Ring::edges).collect();
    (0..count)
        .map(|i| {
            let (a, b) = edges[random.random_range(0..edges.len())];
            let at = if i % 2 == 0 { a } else { Bounds::of([a, b]).expect("two").centre() };
            Coord::new(at.x + random.random_range(-2..=2), at.y + random.random_range(-2..=2))
        })
        .collect()
}

#[test]
fn every_lookup_agrees_with_the_oracle() {
    let Some(xiacheng) = xiacheng() else { return };
    let city = xiacheng.snapshot();
    let polygons: Vec<&MultiPolygon> =
        city.ground.grids.places.iter().map(|place| &city.world.grids[*place as usize].area).collect();
    let all = polygons.iter().filter_map(|p| p.bounds()).reduce(Bounds::union).expect("bounds");
    let mut random = Pcg64Mcg::seed_from_u64(330_103);
    let scattered = (0..1_000_000).map(|_| {
        let (x, y) = (random.random_range(all.min.x..=all.max.x), random.random_range(all.min.y..=all.max.y));
        Coord::new(x, y)
    });
    let scattered: Vec<Coord> = scattered.collect();
    let borders = beside_borders(&polygons, 100_000, &mut random);
    let oracle = |p: &Coord| oracle::locate(&polygons, *p);
    for points in [&scattered, &borders] {
        let batch = city.locate_batch(points);
        let different = points.par_iter().zip(&batch).filter(|(p, rank)| oracle(p).unwrap_or(OUTSIDE) != **rank);
        assert_eq!(different.count(), 0);
        println!("{} of {} points in a grid", batch.iter().filter(|rank| **rank != OUTSIDE).count(), points.len());
    }
    // One by one, with the border and the neighbour behind it.
    borders.par_iter().chain(&scattered[..20_000]).for_each(|p| {
        let located = city.locate(*p);
        assert_eq!(located.primary, oracle(p), "{p:?}");
        assert_eq!(located.border.is_some(), located.primary.is_some());
        if let Some((_, Some(behind))) = located.border {
            assert_ne!(Some(behind), located.primary);
        }
    });
    let furthest =
        borders.iter().filter_map(|p| city.locate(*p).border).map(|(metres, _)| metres.0).fold(0.0, f64::max);
    assert!(furthest < 0.05, "points beside a border are that near to one: {furthest} m");
}
