//! The history: what happened is told for ever, and what was done can be taken back, and taken back again.

use gridweave::city::City;
use gridweave::city::undo::{Signed, UndoError};
use gridweave::model::{Coord, Geometry, Layer, Profile, Record, Value, World};
use gridweave::store::{Change, Edit, Entry};
use gridweave::synth::{Scale, generate};
use proptest::prelude::*;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// A corner of the synthetic compound: small enough to be built anew hundreds of times.
fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let whole = generate(Scale::Compound, 1, &|_, _| {}).world;
        let mut corner = World::default();
        for layer in Layer::ALL {
            for record in whole.records(layer).take(6) {
                corner.put(layer, &record).expect("put");
            }
        }
        corner
    })
}

fn profile() -> Profile {
    Profile::preset("测试").expect("preset")
}

fn signed(reason: &str) -> Signed {
    Signed { author: "王工".into(), reason: reason.into() }
}

/// What a city holds, but for the highest ids ever given away: those never go back.
fn state(city: &City) -> (Vec<Vec<Record>>, Profile) {
    let snapshot = city.snapshot();
    (Layer::ALL.iter().map(|layer| snapshot.world.records(*layer).collect()).collect(), snapshot.profile.clone())
}

/// One random edit, by numbers: which layer, which of its things, what happens to it.
type Dice = (usize, u32, u8, i32);

const LAYERS: [Layer; 4] = [Layer::Buildings, Layer::Checkpoints, Layer::Cameras, Layer::Grids];

fn edit(city: &City, (layer, which, what, by): Dice, fresh: &mut u32) -> Edit {
    let snapshot = city.snapshot();
    let layer = LAYERS[layer % LAYERS.len()];
    let ids: Vec<u32> = snapshot.world.ids(layer).collect();
    let some = ids.get(which as usize % ids.len().max(1)).and_then(|id| snapshot.world.record(layer, *id));
    let template = || world().records(layer).next().expect("a thing");
    match (what % 5, some) {
        (0, Some(thing)) => Edit::Delete(layer, thing.id),
        (1, _) => {
            let mut profile = snapshot.profile.clone();
            profile.attribution.push(format!("source {by}"));
            Edit::Describe(Box::new(profile))
        }
        (2, _) | (_, None) => {
            *fresh += 1;
            Edit::Put(layer, Record { id: snapshot.world.given(layer) + *fresh, ..template() })
        }
        (3, Some(mut thing)) => {
            if let Geometry::Point(at) = thing.geometry {
                thing.geometry = Geometry::Point(Coord::new(at.x + by, at.y));
            }
            Edit::Put(layer, thing)
        }
        (_, Some(mut thing)) => {
            let field = layer.fields().iter().position(|f| matches!(f.name, "name" | "owner")).expect("a text");
            thing.values[field] = Value::Text(format!("新名 {by}"));
            // A number whose last bit counts.
            if let Some(height) = layer.fields().iter().position(|f| f.name == "height") {
                thing.values[height] = Value::Real(f64::from(by) / 7.0);
            }
            Edit::Put(layer, thing)
        }
    }
}

fn commit(city: &City, edits: Vec<Edit>) {
    city.commit(&Change { author: "李工".into(), reason: "a test".into(), undoes: None, edits }).expect("commit");
}

fn undo(city: &City, version: u64) -> u64 {
    city.undo(version, &signed("undo")).unwrap_or_else(|e| panic!("{version}: {e}")).version
}

/// Does the changes, undoes them newest first, undoes the undos newest first: each state comes back to the last value.
fn there_and_back(city: &City, changes: &[Vec<Dice>]) {
    let mut states = vec![state(city)];
    let mut versions = Vec::new();
    for dice in changes {
        let mut fresh = 0;
        let edits = dice.iter().map(|dice| edit(city, *dice, &mut fresh)).collect();
        commit(city, edits);
        versions.push(city.snapshot().version);
        states.push(state(city));
    }
    let mut undos = Vec::new();
    for (at, version) in versions.iter().enumerate().rev() {
        undos.push(undo(city, *version));
        assert!(state(city) == states[at], "after undoing {version} of {changes:?}");
    }
    for (at, version) in undos.iter().rev().enumerate() {
        undo(city, *version);
        assert!(state(city) == states[at + 1], "after redoing {at} of {changes:?}");
    }
    let told = city.history(0..=u64::MAX, usize::MAX).expect("history");
    let standing = |entry: &&Entry| versions.contains(&entry.version) && entry.undone_by.is_none();
    assert_eq!(told.iter().filter(standing).count(), versions.len(), "what was redone stands");
}

fn sequences() -> impl Strategy<Value = Vec<Vec<Dice>>> {
    let dice = (0..LAYERS.len(), 0..20u32, 0..5u8, -900..900i32);
    proptest::collection::vec(proptest::collection::vec(dice, 1..8), 1..5)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn undo_of_do_is_identity(changes in sequences()) {
        let city = City::in_memory(profile(), world().clone()).expect("memory");
        there_and_back(&city, &changes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]

    #[test]
    fn undo_of_do_is_identity_in_a_city_file(changes in sequences()) {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("city.gpkg");
        let city = City::create(&path, &profile(), world(), "test").expect("create");
        there_and_back(&city, &changes);
        let before = state(&city);
        drop(city);
        prop_assert_eq!(state(&City::open(&path).expect("open")), before, "the file holds the same");
    }
}

fn name(layer: Layer, id: u32, name: &str) -> Edit {
    let mut record = world().record(layer, id).expect("a thing");
    let field = layer.fields().iter().position(|f| f.name == "name").expect("a name");
    record.values[field] = name.into();
    Edit::Put(layer, record)
}

#[test]
fn the_history_tells_who_what_and_why_and_survives_a_restart() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("city.gpkg");
    let city = City::create(&path, &profile(), world(), "import all").expect("create");
    let before = state(&city);
    let [a, b] = [world().checkpoints[0].id.0, world().checkpoints[1].id.0];
    let added =
        Record { id: world().given(Layer::Checkpoints) + 1, ..world().record(Layer::Checkpoints, a).expect("it") };
    let edits = vec![
        name(Layer::Checkpoints, a, "东门"),
        Edit::Delete(Layer::Checkpoints, b),
        Edit::Put(Layer::Checkpoints, added),
        name(Layer::Buildings, world().buildings[0].id.0, &world().buildings[0].name),
    ];
    commit(&city, edits);
    drop(city);
    let city = City::open(&path).expect("open");
    let told = city.history(0..=u64::MAX, 10).expect("history");
    assert_eq!(told.iter().map(|entry| entry.version).collect::<Vec<_>>(), [2, 1]);
    assert_eq!((told[0].author.as_str(), told[0].reason.as_str()), ("李工", "a test"));
    let touched: Vec<_> = told[0].touched.iter().map(|t| (t.layer, t.added, t.updated, t.removed)).collect();
    assert_eq!(touched, [(Layer::Checkpoints, 1, 1, 1)], "what stays the same was not touched");
    let imported = told[1].touched.iter().find(|t| t.layer == Layer::Buildings).map(|t| (t.added, t.updated));
    assert_eq!((told[1].reason.as_str(), imported), ("import all", Some((world().buildings.len() as u64, 0))));
    assert!(told.iter().all(|entry| entry.undoable));
    let undone = undo(&city, 2);
    assert_eq!(state(&city), before);
    drop(city);
    let city = City::open(&path).expect("open");
    assert_eq!(state(&city), before);
    let told = city.history(2..=3, 10).expect("history");
    assert_eq!((told[0].undoes, told[0].undone_by, told[0].undoable), (Some(2), None, true));
    assert_eq!((told[1].undoes, told[1].undone_by, told[1].undoable), (None, Some(undone), false));
    let again = city.undo(2, &signed("twice")).expect_err("undone already");
    assert!(matches!(again, UndoError::Undone { version: 2, by: 3 }), "{again}");
}

#[test]
fn a_whole_import_is_undone() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("city.gpkg");
    let city = City::create(&path, &profile(), world(), "import all").expect("create");
    let full = state(&city);
    let version = undo(&city, 1);
    assert!(state(&city).0.iter().all(Vec::is_empty));
    undo(&city, version);
    assert_eq!(state(&city), full, "with the ids they had");
}

#[test]
fn what_changed_since_stands_in_the_way_and_is_named() {
    let city = City::in_memory(profile(), world().clone()).expect("memory");
    let [a, b] = [world().checkpoints[0].id.0, world().checkpoints[1].id.0];
    commit(&city, vec![name(Layer::Checkpoints, a, "东门"), name(Layer::Checkpoints, b, "西门")]);
    let first = city.snapshot().version;
    commit(&city, vec![name(Layer::Checkpoints, a, "南门")]);
    let second = city.snapshot().version;
    let refused = city.undo(first, &signed("back")).expect_err("it changed since");
    let UndoError::Changed { version, features } = &refused else { panic!("{refused}") };
    assert_eq!((*version, features.len()), (first, 1));
    assert_eq!(features[0].place, Some((Layer::Checkpoints, a)));
    assert!(refused.to_string().contains("checkpoint 南门"), "{refused}");
    assert_eq!(city.snapshot().version, second, "nothing happened");
    // Once the later change is gone the way is free.
    undo(&city, second);
    undo(&city, first);
    assert_eq!(state(&city).0, state(&City::in_memory(profile(), world().clone()).expect("memory")).0);
    // Removed since: named by its number.
    commit(&city, vec![name(Layer::Checkpoints, a, "东门")]);
    let version = city.snapshot().version;
    commit(&city, vec![Edit::Delete(Layer::Checkpoints, a)]);
    let refused = city.undo(version, &signed("back")).expect_err("it is gone").to_string();
    assert!(refused.contains(&format!("checkpoint #{a}")), "{refused}");
    assert!(matches!(city.undo(99, &signed("back")), Err(UndoError::Unknown(99))));
}

/// The city file may be edited in QGIS while no server holds it: an undo must not write over that.
#[test]
fn what_another_program_changed_stands_in_the_way() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("city.gpkg");
    let city = City::create(&path, &profile(), world(), "test").expect("create");
    let a = world().checkpoints[0].id.0;
    commit(&city, vec![name(Layer::Checkpoints, a, "东门")]);
    drop(city);
    let db = rusqlite::Connection::open(&path).expect("open");
    db.execute("UPDATE checkpoints SET name = 'QGIS' WHERE fid = ?1", [a]).expect("update");
    drop(db);
    let city = City::open(&path).expect("open");
    let refused = city.undo(2, &signed("back")).expect_err("QGIS changed it").to_string();
    assert!(refused.contains("checkpoint QGIS"), "{refused}");
}

const CHILD: &str = "GRIDWEAVE_TEST_HISTORY_CHILD";

/// Not a test by itself: changes and undoes without end and prints what was acknowledged. Run by the test below.
#[test]
fn history_child() {
    let Some(path) = std::env::var_os(CHILD) else { return };
    let city = City::open(Path::new(&path)).expect("open");
    let a = world().checkpoints[0].id.0;
    for n in 0.. {
        commit(&city, vec![name(Layer::Checkpoints, a, &format!("v{n}"))]);
        let version = city.snapshot().version;
        println!("\nacknowledged {version}");
        if n % 2 == 1 {
            println!("\nacknowledged {}", undo(&city, version));
        }
    }
}

#[test]
fn after_kill_9_every_acknowledged_change_is_told_and_can_be_undone() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("city.gpkg");
    let city = City::create(&path, &profile(), world(), "test").expect("create");
    let before = state(&city);
    drop(city);
    for round in 0..6usize {
        let mut child = Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "history_child", "--nocapture", "--test-threads=1"])
            .env(CHILD, &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("child");
        let lines = BufReader::new(child.stdout.take().expect("stdout")).lines();
        let mut acknowledged = lines
            .map_while(Result::ok)
            .filter_map(|line| line.strip_prefix("acknowledged ").and_then(|n| n.parse::<u64>().ok()));
        let mut last = acknowledged.nth((round * 5) % 9).expect("the child changes without end");
        child.kill().expect("SIGKILL");
        last = acknowledged.last().unwrap_or(last);
        child.wait().expect("gone");
        let city = City::open(&path).expect("opens after a crash");
        let told = city.history(0..=u64::MAX, usize::MAX).expect("history");
        let versions: Vec<u64> = told.iter().rev().map(|entry| entry.version).collect();
        assert_eq!(versions, (1..=city.snapshot().version).collect::<Vec<_>>(), "none is left out");
        assert!(versions.last().is_some_and(|version| *version >= last), "{last} was acknowledged");
        // Back to the beginning, by what stands.
        for entry in told.iter().filter(|entry| entry.version > 1 && entry.undoes.is_none() && entry.undoable) {
            undo(&city, entry.version);
        }
        assert_eq!(state(&city), before, "round {round}");
    }
}
