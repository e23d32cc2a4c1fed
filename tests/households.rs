//! Compounds, their buildings and who lives where, on small worlds drawn by hand.
//!
//! Places are metres east and north of one corner. A building is `(x, y, side, floors)`: a square.

use gridweave::city::Snapshot;
use gridweave::city::import::{Prepared, Tally, prepare};
use gridweave::model::{Coord, Frame, Layer, Profile, Provenance, World};
use gridweave::read::datum::Crs;
use gridweave::read::{Options, Source, read_bytes};
use gridweave::store::Stored;
use gridweave::synth::{Scale, generate};
use proptest::prelude::*;
use serde_json::{Value, json};

fn at(x: f64, y: f64) -> [f64; 2] {
    let c = Frame::at(Coord::new(1_040_000_000, 306_000_000)).coord(x, y);
    [c.lon(), c.lat()]
}

fn point(x: f64, y: f64) -> Value {
    json!({"type": "Point", "coordinates": at(x, y)})
}

fn rectangle(x: f64, y: f64, wide: f64, high: f64) -> Value {
    let ring = [at(x, y), at(x + wide, y), at(x + wide, y + high), at(x, y + high), at(x, y)];
    json!({"type": "Polygon", "coordinates": [ring]})
}

fn feature(geometry: Value, properties: Value) -> Value {
    json!({"type": "Feature", "geometry": geometry, "properties": properties})
}

fn building(code: &str, (x, y, side, floors): (f64, f64, f64, u16), more: Value) -> Value {
    let mut properties = json!({"code": code, "floors": floors, "kind": "residential"});
    for (key, value) in more.as_object().into_iter().flatten() {
        properties[key] = value.clone();
    }
    feature(rectangle(x, y, side, side), properties)
}

fn plain(code: &str, x: f64, y: f64) -> Value {
    building(code, (x, y, 20.0, 6), json!({}))
}

fn compound(name: &str, place: Value, more: Value) -> Value {
    let mut properties = json!({"name": name});
    for (key, value) in more.as_object().into_iter().flatten() {
        properties[key] = value.clone();
    }
    feature(place, properties)
}

/// A city that takes one file after the other.
#[derive(Clone, Default)]
struct Town(World);

impl Town {
    fn import(&mut self, layer: Layer, features: &[Value], replace: bool) -> Prepared {
        let file = json!({"type": "FeatureCollection", "features": features}).to_string();
        let options = Options { crs: Some(Crs::Wgs84), map: Vec::new(), ..Options::default() };
        let reading = read_bytes("town.geojson", file.as_bytes(), Source::Layer(layer), &options, &|_, _| {});
        let prepared = prepare(&self.0, &profile(), reading, "test", replace);
        assert!(!prepared.has_errors(), "{:#?}", prepared.problems);
        // What is committed must be what was shown.
        let mut applied = self.0.clone();
        prepared.change.apply(&mut applied, &mut profile()).expect("applies");
        for layer in Layer::ALL {
            assert!(applied.records(layer).eq(prepared.world.records(layer)), "{layer}");
        }
        self.0 = prepared.world.clone();
        prepared
    }

    fn buildings(&mut self, features: &[Value]) -> Prepared {
        self.import(Layer::Buildings, features, false)
    }

    fn compounds(&mut self, features: &[Value]) -> Prepared {
        self.import(Layer::Compounds, features, false)
    }

    /// `12 spread`, by the building's code; empty when nobody knows.
    fn figure(&self, code: &str) -> String {
        let building = self.0.buildings.iter().find(|b| b.code.as_ref().is_some_and(|c| c.as_str() == code));
        let figure = building.unwrap_or_else(|| panic!("no building {code}")).households;
        figure.map_or(String::new(), |h| format!("{} {}", h.count, h.provenance.word()))
    }

    fn figures<const N: usize>(&self, codes: [&str; N]) -> [String; N] {
        codes.map(|code| self.figure(code))
    }

    fn total(&self, provenance: Provenance) -> u32 {
        let counts = self.0.buildings.iter().filter_map(|b| b.households);
        counts.filter(|h| h.provenance == provenance).map(|h| h.count).sum()
    }

    fn snapshot(&self) -> Snapshot {
        let since = jiff::Timestamp::UNIX_EPOCH;
        Snapshot::build(Stored { world: self.0.clone(), profile: profile(), version: 1, since })
    }
}

fn profile() -> Profile {
    Profile::preset("town").expect("preset")
}

fn unchanged(n: u32) -> Tally {
    Tally { unchanged: n, ..Tally::default() }
}

/// ```text
///   a: 20 m, 6 floors    b: 20 m, 6 floors    c: 20 m, 3 floors     shares 2 : 2 : 1
/// ```
fn three() -> [Value; 3] {
    [plain("a", 0.0, 0.0), plain("b", 40.0, 0.0), building("c", (80.0, 0.0, 20.0, 3), json!({}))]
}

fn around_three(households: Value) -> Value {
    compound("甲院", rectangle(-10.0, -10.0, 130.0, 50.0), json!({"households": households}))
}

#[test]
fn a_total_is_shared_out_by_floor_area_and_adds_up() {
    let mut town = Town::default();
    town.buildings(&three());
    assert_eq!(town.figures(["a", "b", "c"]), ["24 estimated", "24 estimated", "12 estimated"]);
    town.compounds(&[around_three(json!(101))]);
    assert_eq!(town.total(Provenance::Spread), 101);
    assert_eq!(town.figure("c"), "20 spread");
    let given = town.0.buildings[0].households.expect("a figure");
    assert_eq!(given.as_of, None);
    // The other order of files comes to the same.
    let mut other = Town::default();
    other.compounds(&[around_three(json!(101))]);
    other.buildings(&three());
    assert_eq!(other.figures(["a", "b", "c"]), town.figures(["a", "b", "c"]));
}

#[test]
fn what_was_surveyed_is_never_touched_and_lowers_what_the_others_share() {
    let mut town = Town::default();
    let mut buildings = three();
    buildings[0]["properties"]["households"] = json!(70);
    town.buildings(&buildings);
    town.compounds(&[around_three(json!(100))]);
    assert_eq!(town.figures(["a", "b", "c"]), ["70 surveyed", "20 spread", "10 spread"]);
    // Counted beyond the total: the others get nothing, and `check` says so.
    town.compounds(&[around_three(json!(60))]);
    assert_eq!(town.figures(["a", "b", "c"]), ["70 surveyed", "0 spread", "0 spread"]);
    let told = town.snapshot().check();
    let told = told.iter().find(|p| p.code == "compound-total").expect("told");
    assert!(told.feature.contains("甲院") && told.message.contains("60") && told.message.contains("70"), "{told}");
}

#[test]
fn a_surveyed_count_replaces_an_estimate_and_the_rest_is_shared_anew() {
    let mut town = Town::default();
    town.compounds(&[around_three(json!(100))]);
    town.buildings(&three());
    assert_eq!(town.figures(["a", "b", "c"]), ["40 spread", "40 spread", "20 spread"]);
    let counted = building("c", (80.0, 0.0, 20.0, 3), json!({"households": 10, "as_of": "2026-11-01"}));
    let prepared = town.buildings(&[counted]);
    assert_eq!(prepared.tallies, [(Layer::Buildings, Tally { updated: 1, derived: 2, ..Tally::default() })]);
    assert_eq!(town.figures(["a", "b", "c"]), ["45 spread", "45 spread", "10 surveyed"]);
}

#[test]
fn a_file_without_household_columns_erases_nothing() {
    let mut town = Town::default();
    let mut buildings = three();
    buildings[0]["properties"]["households"] = json!(70);
    town.buildings(&buildings);
    town.compounds(&[around_three(json!(100))]);
    let before = town.0.clone();
    let prepared = town.buildings(&three());
    assert_eq!(prepared.tallies, [(Layer::Buildings, unchanged(3))], "the surveyed count stays, too");
    let prepared = town.compounds(&[compound("甲院", rectangle(-10.0, -10.0, 130.0, 50.0), json!({}))]);
    assert_eq!(prepared.tallies, [(Layer::Compounds, unchanged(1))], "the total stays");
    assert_eq!(town.0, before);
    // A new name beside it changes the name and nothing else.
    let mut renamed = three();
    renamed[1]["properties"]["name"] = json!("二号楼");
    let prepared = town.buildings(&renamed);
    assert_eq!(prepared.tallies, [(Layer::Buildings, Tally { updated: 1, unchanged: 2, ..Tally::default() })]);
    assert_eq!(town.figures(["a", "b", "c"]), ["70 surveyed", "20 spread", "10 spread"]);
    // With --replace the file is all there is: nobody counted a.
    town.import(Layer::Buildings, &three(), true);
    assert_eq!(town.figures(["a", "b", "c"]), ["40 spread", "40 spread", "20 spread"]);
}

#[test]
fn more_floors_take_a_larger_share() {
    let mut town = Town::default();
    town.compounds(&[around_three(json!(100))]);
    town.buildings(&three());
    town.buildings(&[building("c", (80.0, 0.0, 20.0, 12), json!({}))]);
    assert_eq!(town.figures(["a", "b", "c"]), ["25 spread", "25 spread", "50 spread"]);
    // Outside every compound an estimate follows, too; one that a file gave stays while the building is the same.
    town.buildings(&[building("d", (900.0, 0.0, 20.0, 6), json!({"households": 31, "provenance": "estimated"}))]);
    town.buildings(&[building("d", (900.0, 0.0, 20.0, 6), json!({"name": "丁"}))]);
    assert_eq!(town.figure("d"), "31 estimated");
    town.buildings(&[building("d", (900.0, 0.0, 20.0, 12), json!({}))]);
    assert_eq!(town.figure("d"), "48 estimated");
}

#[test]
fn names_and_aliases_claim_buildings_wherever_they_stand() {
    let mut town = Town::default();
    let named = |code: &str, x: f64, name: &str| building(code, (x, 0.0, 20.0, 6), json!({"compound": name}));
    town.buildings(&[
        named("a", 0.0, "牛沙小区"),
        named("b", 600.0, "牛沙宿舍"),
        named("c", 1200.0, "别处"),
        plain("d", 30.0, 0.0),
    ]);
    let more = json!({"households": 90, "aliases": "牛沙宿舍;二纺厂宿舍"});
    town.compounds(&[compound("牛沙小区", point(10.0, 10.0), more)]);
    assert_eq!(town.figures(["a", "b", "c"]), ["45 spread", "45 spread", "24 estimated"]);
    assert_eq!(town.figure("d"), "24 estimated", "a compound whose buildings are named takes no others");
}

#[test]
fn of_two_estates_of_one_name_the_nearer_one_is_meant() {
    let mut town = Town::default();
    let estate = |x: f64, households: u32| compound("和平里", point(x, 0.0), json!({"households": households}));
    let prepared = town.compounds(&[estate(0.0, 10), estate(5000.0, 20)]);
    assert!(prepared.problems.iter().any(|p| p.code == "name-twice"));
    let named = |code: &str, x: f64| building(code, (x, 0.0, 20.0, 6), json!({"compound": "和平里"}));
    town.buildings(&[named("a", 100.0), named("b", 4900.0)]);
    assert_eq!(town.figures(["a", "b"]), ["10 spread", "20 spread"]);
    // Read again, in another order: the same two, by the same ids.
    let before = town.0.clone();
    let prepared = town.compounds(&[estate(5000.0, 20), estate(0.0, 10)]);
    assert_eq!(prepared.tallies, [(Layer::Compounds, unchanged(2))]);
    assert_eq!(town.0, before);
    // A third of that name far away is another one; one moved a little is the same.
    let prepared = town.compounds(&[estate(12_000.0, 30), estate(5050.0, 20)]);
    let tally = Tally { added: 1, updated: 1, ..Tally::default() };
    assert_eq!(prepared.tallies, [(Layer::Compounds, tally)]);
    assert_eq!(town.0.compounds.len(), 3);
}

/// ```text
///       +-----------+-----------+
///       | a  *  b   |  c        |    * the point; c is nearer than b, beyond the border
///       +-----------+-----------+    z: 300 m west of the point
/// ```
#[test]
fn a_point_claims_the_nearest_within_reach_in_its_own_grid() {
    let mut town = Town::default();
    let grid = |code: &str, x: f64, wide: f64| feature(rectangle(x, -500.0, wide, 1000.0), json!({"code": code}));
    town.import(Layer::Grids, &[grid("W", -1000.0, 1100.0), grid("E", 100.0, 900.0)], false);
    let office = building("o", (52.0, 0.0, 10.0, 6), json!({"kind": "office"}));
    town.buildings(&[
        plain("a", 0.0, 0.0),
        plain("b", -60.0, 0.0),
        plain("c", 105.0, 0.0),
        plain("z", -250.0, 0.0),
        office,
    ]);
    town.compounds(&[compound("乙院", point(80.0, 10.0), json!({"households": 200}))]);
    assert_eq!(town.figures(["a", "b", "c"]), ["100 spread", "100 spread", "24 estimated"]);
    assert_eq!(town.figures(["z", "o"]), ["24 estimated", ""]);
    // Told how many buildings it has, it takes so many.
    town.compounds(&[compound("乙院", point(80.0, 10.0), json!({"households": 200, "buildings": 1}))]);
    assert_eq!(town.figures(["a", "b"]), ["200 spread", "24 estimated"]);
    let facts = &town.snapshot().facts;
    let households: Vec<u32> = facts.grids.iter().map(|g| g.households()).collect();
    assert_eq!(households, [24, 200 + 24 + 24], "by code: E, W");
}

#[test]
fn a_point_stops_when_its_households_have_room() {
    let mut town = Town::default();
    town.buildings(&[plain("a", 0.0, 0.0), plain("b", 40.0, 0.0), plain("c", 80.0, 0.0)]);
    // 30 households of 100 m² need a (24) and b.
    town.compounds(&[compound("丙院", point(0.0, 10.0), json!({"households": 30}))]);
    assert_eq!(town.figures(["a", "b", "c"]), ["15 spread", "15 spread", "24 estimated"]);
}

#[test]
fn estates_on_one_point_share_what_is_around_it() {
    // Listings put many estates on the position of one shop.
    let mut town = Town::default();
    town.buildings(&[plain("a", 0.0, 0.0), plain("b", 40.0, 0.0), plain("c", 80.0, 0.0), plain("d", 120.0, 0.0)]);
    let estate = |name: &str| compound(name, point(70.0, 30.0), json!({"households": 50, "buildings": 2}));
    town.compounds(&[estate("东院"), estate("西院")]);
    assert_eq!(town.total(Provenance::Spread), 100);
    assert_eq!(town.total(Provenance::Estimated), 0, "no building is estimated beside the total that houses it");
}

#[test]
fn surveyed_buildings_around_a_point_are_not_counted_twice() {
    let mut town = Town::default();
    let grid = feature(rectangle(-500.0, -500.0, 1000.0, 1000.0), json!({"code": "G"}));
    town.import(Layer::Grids, &[grid], false);
    let counted = |code: &str, x: f64, n: u32| building(code, (x, 0.0, 20.0, 6), json!({"households": n}));
    town.buildings(&[counted("a", 0.0, 40), counted("b", 40.0, 60)]);
    town.compounds(&[compound("丁院", point(20.0, 30.0), json!({"households": 100, "buildings": 2}))]);
    assert_eq!(town.snapshot().facts.grids[0].households(), 100);
    // With one of the two uncounted, it gets what is left.
    town.import(Layer::Buildings, &[counted("a", 0.0, 40), plain("b", 40.0, 0.0)], true);
    assert_eq!(town.figures(["a", "b"]), ["40 surveyed", "60 spread"]);
    assert_eq!(town.snapshot().facts.grids[0].households(), 100);
}

#[test]
fn a_compound_without_buildings_stands_for_its_households_itself() {
    let mut town = Town::default();
    let grid = feature(rectangle(-500.0, -500.0, 1000.0, 1000.0), json!({"code": "G"}));
    town.import(Layer::Grids, &[grid], false);
    town.compounds(&[
        compound("戊院", point(0.0, 0.0), json!({"households": 300})),
        compound("己院", rectangle(100.0, 100.0, 50.0, 50.0), json!({"households": 77})),
        compound("远院", point(9000.0, 0.0), json!({"households": 5})),
    ]);
    assert_eq!(town.snapshot().facts.grids[0].basis, [377, 0, 0]);
    assert!(town.snapshot().check().iter().any(|p| p.message.contains("远院")));
}

#[test]
fn schools_and_gatehouses_of_a_compound_house_nobody() {
    let mut town = Town::default();
    let school = building("s", (40.0, 0.0, 20.0, 4), json!({"kind": "school"}));
    let gatehouse = building("g", (70.0, 0.0, 5.0, 1), json!({"kind": "other"}));
    let unknown = building("u", (80.0, 0.0, 20.0, 6), json!({"kind": "other"}));
    town.buildings(&[plain("a", 0.0, 0.0), school, gatehouse, unknown]);
    town.compounds(&[around_three(json!(50))]);
    assert_eq!(town.figures(["a", "s", "g", "u"]), ["25 spread", "", "", "25 spread"]);
    // Not even what is left when all dwellings are counted; but homes over shops are drawn as shops.
    let counted =
        |code: &str, x: f64, kind: &str| building(code, (x, 0.0, 20.0, 6), json!({"kind": kind, "households": 20}));
    town.buildings(&[counted("a", 0.0, "residential"), counted("u", 80.0, "other")]);
    assert_eq!(town.figures(["a", "s", "g", "u"]), ["20 surveyed", "", "", "20 surveyed"]);
    let shop = |code: &str, x: f64| building(code, (x, 0.0, 20.0, 4), json!({"kind": "retail"}));
    town.import(Layer::Buildings, &[shop("a", 0.0), shop("b", 40.0)], true);
    assert_eq!(town.figures(["a", "b"]), ["25 spread", "25 spread"]);
}

#[test]
fn importing_again_changes_nothing() {
    let mut town = Town::default();
    let files = [
        (
            Layer::Compounds,
            vec![around_three(json!(101)), compound("点", point(500.0, 0.0), json!({"households": 33}))],
        ),
        (Layer::Buildings, [three().to_vec(), vec![plain("p", 490.0, 0.0), plain("q", 530.0, 0.0)]].concat()),
    ];
    for (layer, features) in &files {
        town.import(*layer, features, false);
    }
    let before = town.0.clone();
    for replace in [false, true] {
        for (layer, features) in &files {
            let prepared = town.import(*layer, features, replace);
            assert_eq!(prepared.tallies, [(*layer, unchanged(features.len() as u32))], "replace {replace}");
            assert!(prepared.change.edits.is_empty());
        }
    }
    assert_eq!(town.0, before);
}

#[test]
fn a_compound_that_goes_gives_its_buildings_back() {
    let mut town = Town::default();
    town.buildings(&three());
    town.compounds(&[around_three(json!(101)), compound("远院", point(9000.0, 0.0), json!({"households": 5}))]);
    let prepared =
        town.import(Layer::Compounds, &[compound("远院", point(9000.0, 0.0), json!({"households": 5}))], true);
    assert_eq!(prepared.tallies[0], (Layer::Compounds, Tally { unchanged: 1, removed: 1, ..Tally::default() }));
    assert_eq!(town.figures(["a", "b", "c"]), ["24 estimated", "24 estimated", "12 estimated"]);
    town.import(Layer::Compounds, &[around_three(json!(202))], true);
    assert_eq!(town.total(Provenance::Spread), 202);
    // Two buildings that go leave the whole total to the third.
    town.import(Layer::Buildings, &three()[..1], true);
    assert_eq!(town.figure("a"), "202 spread");
}

#[test]
fn a_spread_figure_waits_for_its_compound() {
    let mut town = Town::default();
    let more = json!({"households": 17, "provenance": "spread", "compound": "甲院"});
    town.buildings(&[building("a", (0.0, 0.0, 20.0, 6), more)]);
    assert_eq!(town.figure("a"), "17 spread", "the compounds may come with the next file");
    town.compounds(&[around_three(json!(17))]);
    assert_eq!(town.figure("a"), "17 spread");
    town.compounds(&[around_three(json!(18))]);
    assert_eq!(town.figure("a"), "18 spread");
}

#[test]
fn the_same_building_is_known_by_its_outline() {
    let mut town = Town::default();
    town.buildings(&[feature(rectangle(0.0, 0.0, 20.0, 20.0), json!({"name": "旧名"}))]);
    let id = town.0.buildings[0].id;
    town.buildings(&[feature(rectangle(0.0, 0.0, 20.0, 20.0), json!({"name": "新名", "code": "B1"}))]);
    assert_eq!(town.0.buildings.len(), 1);
    assert_eq!((town.0.buildings[0].id, town.0.buildings[0].name.as_str()), (id, "新名"));
    town.buildings(&[feature(rectangle(0.0, 0.0, 20.0, 20.0), json!({"code": "B2"}))]);
    assert_eq!(town.0.buildings.len(), 2, "two codes are two buildings");
}

#[test]
fn what_a_file_leaves_empty_stays_until_it_replaces() {
    let mut town = Town::default();
    let place = || rectangle(0.0, 0.0, 20.0, 20.0);
    town.buildings(&[feature(
        place(),
        json!({"code": "B1", "name": "一号楼", "floors": 6, "kind": "住宅", "stars": 4}),
    )]);
    let before = town.0.clone();
    assert_eq!(town.figure("B1"), "24 estimated");
    let prepared = town.buildings(&[feature(place(), json!({"name": "一号楼"}))]);
    assert_eq!((prepared.tallies[0].1, &town.0), (unchanged(1), &before), "known by its outline; nothing is lost");
    town.buildings(&[feature(place(), json!({"code": "B1", "address": "牛沙路1号", "floors": 12}))]);
    let building = &town.0.buildings[0];
    assert_eq!((building.name.as_str(), building.stars, building.address.as_str()), ("一号楼", Some(4), "牛沙路1号"));
    assert_eq!(town.figure("B1"), "48 estimated");
    town.import(Layer::Buildings, &[feature(place(), json!({"code": "B1", "kind": "office"}))], true);
    let building = &town.0.buildings[0];
    assert_eq!((building.name.as_str(), building.stars, building.floors), ("", None, None));
    assert_eq!(town.figure("B1"), "");
}

#[test]
fn what_a_file_repeats_comes_once() {
    let mut town = Town::default();
    let file = [plain("a", 0.0, 0.0), plain("a", 0.0, 0.0), plain("a", 50.0, 0.0)];
    let prepared = town.buildings(&file);
    assert_eq!(town.0.buildings.len(), 2);
    let told: Vec<&str> =
        prepared.problems.iter().map(|p| p.code.as_str()).filter(|c| *c != "columns-unused").collect();
    assert_eq!(told, ["doubled", "name-twice"]);
    let prepared = town.buildings(&file);
    assert_eq!(prepared.tallies, [(Layer::Buildings, unchanged(2))]);
}

#[test]
fn absurd_figures_do_not_bring_it_down() {
    let mut town = Town::default();
    let grid = feature(rectangle(-500.0, -500.0, 1000.0, 1000.0), json!({"code": "G"}));
    town.import(Layer::Grids, &[grid], false);
    let many = |code: &str, x: f64| building(code, (x, 0.0, 20.0, 6), json!({"households": u32::MAX}));
    town.buildings(&[many("a", 0.0), many("b", 40.0), plain("c", 80.0, 0.0)]);
    town.compounds(&[around_three(json!(u32::MAX))]);
    assert_eq!(town.snapshot().facts.grids[0].households(), u32::MAX);
    assert_eq!(town.figure("c"), "0 spread");
}

#[test]
fn a_camera_changes_no_household() {
    let made = generate(Scale::Compound, 3, &|_, _| {}).world;
    let mut town = Town(made);
    let before = town.0.buildings.clone();
    let camera = feature(point(0.0, 0.0), json!({"code": "C-new"}));
    let prepared = town.import(Layer::Cameras, &[camera], false);
    assert_eq!(prepared.change.edits.len(), 1);
    assert_eq!(town.0.buildings, before);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Invariant: households in = households out, whichever buildings were surveyed, and the rest is fair to one.
    #[test]
    fn shares_add_up(total in 0..5000u32, houses in prop::collection::vec((5..40u32, 1..34u16, prop::option::of(0..40u32)), 1..20)) {
        let mut town = Town::default();
        let mut surveyed = 0;
        let drawn: Vec<Value> = houses.iter().enumerate().map(|(i, (side, floors, counted))| {
            surveyed += counted.unwrap_or(0);
            let more = counted.map_or(json!({}), |n| json!({"households": n}));
            building(&format!("h{i}"), (50.0 * i as f64, 0.0, f64::from(*side), *floors), more)
        }).collect();
        town.buildings(&drawn);
        town.compounds(&[compound("院", rectangle(-10.0, -10.0, 1100.0, 100.0), json!({"households": total}))]);
        let open = houses.iter().any(|(.., counted)| counted.is_none());
        prop_assert_eq!(town.total(Provenance::Surveyed), surveyed);
        prop_assert_eq!(town.total(Provenance::Spread), if open { total.saturating_sub(surveyed) } else { 0 });
        prop_assert_eq!(town.total(Provenance::Estimated), 0);
        let area = |(side, floors, _): &(u32, u16, Option<u32>)| f64::from(side * side) * f64::from(*floors);
        let all: f64 = houses.iter().filter(|h| h.2.is_none()).map(area).sum();
        for (house, made) in houses.iter().zip(&town.0.buildings).filter(|(h, _)| h.2.is_none()) {
            let fair = f64::from(total.saturating_sub(surveyed)) * area(house) / all;
            let given = f64::from(made.households.map_or(0, |h| h.count));
            prop_assert!((given - fair).abs() <= 1.5, "{} for {}", given, fair);
        }
    }
}

/// Gives the town a table of households.
fn count(town: &mut Town, table: &str) -> Prepared {
    let reading = read_bytes("户数.csv", table.as_bytes(), Source::Households, &Options::default(), &|_, _| {});
    let prepared = prepare(&town.0, &profile(), reading, "test", false);
    let mut applied = town.0.clone();
    prepared.change.apply(&mut applied, &mut profile()).expect("applies");
    for layer in [Layer::Buildings, Layer::Compounds] {
        assert!(applied.records(layer).eq(prepared.world.records(layer)), "{layer}");
    }
    town.0 = prepared.world.clone();
    prepared
}

fn told(prepared: &Prepared) -> Vec<String> {
    let warned = prepared.problems.iter().filter(|problem| problem.code != "columns-unused");
    warned.map(|problem| format!("{} {}", problem.code, problem.row.unwrap_or_default())).collect()
}

#[test]
fn a_table_of_households_finds_its_buildings() {
    let mut town = Town::default();
    town.compounds(&[around_three(json!(101))]);
    let named = |code: &str, x: f64, more: Value| building(code, (x, 0.0, 20.0, 6), more);
    town.buildings(&[
        named("a", 0.0, json!({"name": "1号楼"})),
        named("b", 40.0, json!({"name": "2号楼"})),
        named("c", 80.0, json!({"address": "环城路 8号"})),
    ]);
    assert_eq!(town.total(Provenance::Spread), 101);
    // By code, by name within the compound around it, by address; one that nobody knows, one without a figure.
    let table = "小区,楼栋,地址,户数,统计日期\n,a,,30户,2024-03-01\n甲院,2幢,,31,\n,,环城路８号,20,\n乙院,1幢,,5,\n甲院,9幢,,,\n合计,,,86,\n";
    let prepared = count(&mut town, table);
    assert_eq!(town.figures(["a", "b", "c"]), ["30 surveyed", "31 surveyed", "20 surveyed"]);
    assert_eq!(told(&prepared), ["totals-row 7", "households-missing 6", "household-unmatched 5"]);
    let first = town.0.buildings[0].households.and_then(|h| h.as_of).expect("a day");
    assert_eq!(first.to_string(), "2024-03-01");
    // The same again changes nothing.
    let again = count(&mut town, table);
    assert!(again.change.edits.is_empty());
    assert_eq!(again.tallies, [(Layer::Buildings, unchanged(3))]);
}

#[test]
fn a_table_of_households_finds_its_compounds_and_shares_them_out() {
    let mut town = Town::default();
    let mut around = around_three(json!(null));
    around["properties"]["aliases"] = json!("老甲院");
    town.compounds(&[around]);
    town.buildings(&three());
    count(&mut town, "小区名称,户籍户数\n老甲院,50\n");
    assert_eq!(town.figures(["a", "b", "c"]), ["20 spread", "20 spread", "10 spread"]);
    let total = town.0.compounds[0].households.expect("a figure");
    assert_eq!((total.count, total.basis.word(), total.provenance), (50, "registered", Provenance::Surveyed));
}

#[test]
fn rows_of_one_building_are_never_added_in_silence() {
    let mut town = Town::default();
    town.buildings(&three());
    let prepared = count(&mut town, "编码,单元,户数\na,1,10\na,2,12\nb,,7\nb,,7\nc,,5\nc,,6\n");
    assert_eq!(town.figures(["a", "b"]), ["22 surveyed", "7 surveyed"]);
    assert_eq!(town.figure("c"), "12 estimated", "nobody knows which row is right");
    assert_eq!(told(&prepared), ["households-added 2", "doubled 5", "household-twice 6", "household-twice 7"]);
    // Two compounds of one name, far apart.
    let ground = |x: f64| rectangle(x, 500.0, 10.0, 10.0);
    town.compounds(&[compound("乙", ground(0.0), json!({})), compound("乙", ground(5000.0), json!({}))]);
    assert_eq!(told(&count(&mut town, "小区,户数\n乙,5\n")), ["household-ambiguous 2"]);
}
