//! The city file and its journal: what was acknowledged is there, whoever reads and however it ends.

use gridweave::city::{City, Snapshot};
use gridweave::model::{Coord, Geometry, Layer, Profile, Record, Value, World};
use gridweave::store::{Change, Checkpoint, Edit, Effect, Embedded, Store, StoreError, export_geopackage, read_only};
use gridweave::synth::{Scale, generate};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| generate(Scale::Compound, 1, &|_, _| {}).world)
}

fn profile() -> Profile {
    Profile::preset("测试").expect("preset")
}

fn scratch() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().expect("a scratch folder");
    let path = dir.path().join("city.gpkg");
    (dir, path)
}

/// A change that puts `name` on the first checkpoint.
fn rename(name: &str) -> Change {
    let mut record = world().record(Layer::Checkpoints, world().checkpoints[0].id.0).expect("checkpoint");
    record.values[0] = name.into();
    Change {
        reason: format!("rename to {name}"),
        edits: vec![Edit::Put(Layer::Checkpoints, record)],
        ..Change::default()
    }
}

fn first_name(world: &World) -> &str {
    &world.checkpoints[0].name
}

#[test]
fn a_city_comes_back_as_it_was_written() {
    let (_dir, path) = scratch();
    drop(City::create(&path, &profile(), world(), "test").expect("create"));
    let stored = read_only(&path).expect("read");
    for layer in Layer::ALL {
        let (a, b): (Vec<Record>, Vec<Record>) =
            (world().records(layer).collect(), stored.world.records(layer).collect());
        assert_eq!(a, b, "{layer}");
    }
    assert_eq!((stored.profile, stored.version), (profile(), 1));
}

#[test]
fn a_second_writer_is_refused_and_readers_never_are() {
    let (_dir, path) = scratch();
    let city = City::create(&path, &profile(), world(), "test").expect("create");
    assert!(matches!(Embedded::open(&path), Err(StoreError::Locked(_))));
    assert_eq!(Snapshot::read(&path).expect("read").version, 1);
    drop(city);
    Embedded::open(&path).expect("free again");
}

#[test]
fn what_the_file_has_not_seen_is_replayed_from_the_journal() {
    let (_dir, path) = scratch();
    drop(City::create(&path, &profile(), world(), "test").expect("create"));
    let mut store = Embedded::open(&path).expect("open");
    let (version, _) = store.commit(&rename("新名"), &Effect::default()).expect("commit");
    drop(store);
    assert_ne!(first_name(&read_only(&path).expect("file").world), "新名", "no checkpoint ran yet");
    let city = City::open(&path).expect("open");
    assert_eq!((first_name(&city.snapshot().world), city.snapshot().version), ("新名", version));
    assert_eq!(first_name(&read_only(&path).expect("file").world), "新名", "opening brings the file up to date");
}

/// A child that another thread is starting holds copies of all handles until it becomes another program.
#[test]
fn the_lock_is_free_at_once_whatever_is_started_meanwhile() {
    let (_dir, path) = scratch();
    drop(City::create(&path, &profile(), world(), "test").expect("create"));
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                drop(Command::new("true").status());
            }
        });
        let locked = (0..200).filter(|_| Embedded::open(&path).is_err()).count();
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        assert_eq!(locked, 0);
    });
}

#[test]
fn a_readers_lock_delays_the_checkpoint_and_loses_nothing() {
    let (_dir, path) = scratch();
    drop(City::create(&path, &profile(), world(), "test").expect("create"));
    let mut store = Embedded::open(&path).expect("open");
    let reader = rusqlite::Connection::open(&path).expect("reader");
    reader.execute_batch("BEGIN").expect("begin");
    let count: i64 = reader.query_row("SELECT count(*) FROM buildings", [], |row| row.get(0)).expect("select");
    assert!(count > 0);
    store.commit(&rename("等待"), &Effect::default()).expect("a reader cannot stop an acknowledgement");
    assert_eq!(store.checkpoint().expect("busy is no error"), Checkpoint::Busy);
    assert_eq!(first_name(&store.load().expect("load").world), "等待");
    reader.execute_batch("COMMIT").expect("commit");
    assert_eq!(store.checkpoint().expect("free"), Checkpoint::Done);
    assert_eq!(first_name(&read_only(&path).expect("file").world), "等待");
}

#[test]
fn ids_are_never_given_twice() {
    let (_dir, path) = scratch();
    drop(City::create(&path, &profile(), world(), "test").expect("create"));
    let last = world().checkpoints.last().expect("checkpoints").id.0;
    let mut store = Embedded::open(&path).expect("open");
    store
        .commit(
            &Change {
                reason: "delete".into(),
                edits: vec![Edit::Delete(Layer::Checkpoints, last)],
                ..Change::default()
            },
            &Effect::default(),
        )
        .expect("commit");
    store.checkpoint().expect("checkpoint");
    let mut stored = store.load().expect("load").world;
    let mut record = world().record(Layer::Checkpoints, last).expect("record");
    record.id = 0;
    assert_eq!(stored.put(Layer::Checkpoints, &record), Ok(last + 1));
}

#[test]
fn foreign_missing_and_damaged_files_are_named() {
    let (dir, path) = scratch();
    assert!(matches!(Snapshot::read(&path), Err(StoreError::Missing(_))));
    std::fs::write(&path, "not a database at all, but long enough to look at").expect("write");
    let told = Snapshot::read(&path).expect_err("foreign").to_string();
    assert!(told.contains("city.gpkg"), "{told}");
    let other = dir.path().join("export.gpkg");
    export_geopackage(&other, world(), &[Layer::Grids], &|_, _| Ok(())).expect("export");
    assert!(matches!(Snapshot::read(&other), Err(StoreError::Foreign { .. })));
    let damaged = dir.path().join("damaged.gpkg");
    drop(City::create(&damaged, &profile(), world(), "test").expect("create"));
    let db = rusqlite::Connection::open(&damaged).expect("open");
    db.execute("UPDATE grids SET code = NULL WHERE fid = (SELECT min(fid) FROM grids)", []).expect("update");
    let told = Snapshot::read(&damaged).expect_err("damaged").to_string();
    assert!(told.contains("grid 1") && told.contains("code"), "{told}");
}

#[test]
fn a_journal_of_another_city_is_refused() {
    let (dir, path) = scratch();
    drop(City::create(&path, &profile(), world(), "test").expect("create"));
    let other = dir.path().join("other.gpkg");
    drop(City::create(&other, &profile(), world(), "test").expect("create"));
    std::fs::copy(&path, &other).expect("copy");
    assert!(matches!(Embedded::open(&other), Err(StoreError::StrangeJournal(_))));
}

fn ogrinfo(path: &Path) -> Option<String> {
    let run = Command::new("ogrinfo").args(["-ro", "-al", "-so"]).arg(path).output();
    let Ok(run) = run else {
        println!("ogrinfo is not installed: `make test-packages` installs it; not compared with GDAL");
        return None;
    };
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let told = String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr);
    assert!(!told.contains("ERROR") && !told.contains("Warning"), "{told}");
    Some(told)
}

#[test]
fn gdal_reads_every_layer_also_while_the_city_is_written() {
    let (_dir, path) = scratch();
    let city = City::create(&path, &profile(), world(), "test").expect("create");
    let Some(told) = ogrinfo(&path) else { return };
    for layer in Layer::ALL {
        let part = told.split(&format!("Layer name: {layer}\n")).nth(1).unwrap_or_else(|| panic!("{layer} is missing"));
        let count = part.lines().find_map(|l| l.strip_prefix("Feature Count: ")).expect("a count");
        assert_eq!(count, world().count(layer).to_string(), "{layer}");
    }
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut n = 0;
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                n += 1;
                city.commit(&rename(&format!("第{n}次"))).expect("commit");
            }
            n
        });
        for _ in 0..8 {
            ogrinfo(&path);
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(writer.join().expect("writer") > 3, "the writer hardly wrote");
    });
    while city.checkpoint().expect("checkpoint") == Checkpoint::Busy {}
    assert_eq!(first_name(&read_only(&path).expect("file").world), first_name(&city.snapshot().world));
}

const CHILD: &str = "GRIDWEAVE_TEST_CRASH_CHILD";

/// Not a test by itself: commits without end and prints each version once it is acknowledged. Run by the test below.
#[test]
fn crash_child() {
    let Some(path) = std::env::var_os(CHILD) else { return };
    let mut store = Embedded::open(Path::new(&path)).expect("open");
    for n in 0.. {
        let (version, _) = store.commit(&rename(&format!("v{n}")), &Effect::default()).expect("commit");
        println!("\nacknowledged {version} v{n}");
        if n % 3 == 0 {
            store.checkpoint().expect("checkpoint");
        }
    }
}

#[test]
fn what_was_acknowledged_is_there_after_kill_9() {
    let (_dir, path) = scratch();
    drop(City::create(&path, &profile(), world(), "test").expect("create"));
    let mut last = (1u64, String::new());
    for round in 0..12u64 {
        let mut child = Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "crash_child", "--nocapture", "--test-threads=1"])
            .env(CHILD, &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("child");
        let lines = BufReader::new(child.stdout.take().expect("stdout")).lines();
        let mut acknowledged =
            lines.map_while(Result::ok).filter_map(|line| line.strip_prefix("acknowledged ").map(str::to_owned));
        let wanted = 1 + (round * 7) % 23;
        for _ in 0..wanted {
            let line = acknowledged.next().expect("the child commits without end");
            let (version, name) = line.split_once(' ').expect("version and name");
            last = (version.parse().expect("version"), name.to_owned());
        }
        child.kill().expect("SIGKILL");
        // Acknowledgements that were under way when the signal fell count as well.
        for line in acknowledged {
            if let Some((version, name)) = line.split_once(' ') {
                last = (version.parse().unwrap_or(last.0), name.to_owned());
            }
        }
        child.wait().expect("gone");
        let store = Embedded::open(&path).expect("opens after a crash");
        let stored = store.load().expect("loads after a crash");
        assert!(
            stored.version >= last.0,
            "round {round}: version {} is there, {} was acknowledged",
            stored.version,
            last.0
        );
        if stored.version == last.0 {
            assert_eq!(first_name(&stored.world), last.1);
        }
    }
}

#[test]
fn values_of_every_kind_survive() {
    let (_dir, path) = scratch();
    let mut world = World::default();
    let mut camera = generate(Scale::Compound, 1, &|_, _| {}).world.records(Layer::Cameras).next().expect("camera");
    camera.id = 0;
    for (field, value) in Layer::Cameras.fields().iter().zip(&mut camera.values) {
        *value = match field.name {
            "code" => Value::Text("00017".into()),
            "kind" => Value::Text("ptz".into()),
            "direction" => Value::Text("12.5;270".into()),
            "owner" => Value::Text("织城区🏙 “公安”".into()),
            "installed" => Value::Text("2024-02-29".into()),
            "online" => Value::Bool(false),
            "healthy" => Value::Null,
            _ => Value::Real(0.1 + 0.2),
        };
    }
    world.put(Layer::Cameras, &camera).expect("put");
    drop(City::create(&path, &profile(), &world, "test").expect("create"));
    let back = read_only(&path).expect("read").world;
    assert_eq!(back.cameras, world.cameras);
}

fn raw(path: &Path, sql: &str) {
    rusqlite::Connection::open(path).expect("open").execute_batch(sql).expect(sql);
}

#[test]
fn a_file_whose_writer_was_killed_half_way_is_rolled_back() {
    let (dir, path) = scratch();
    drop(City::create(&path, &profile(), world(), "test").expect("create"));
    let writer = rusqlite::Connection::open(&path).expect("open");
    let half = "PRAGMA cache_size = 1; BEGIN IMMEDIATE; UPDATE buildings SET name = hex(zeroblob(200)); \
                UPDATE streets SET name = hex(zeroblob(200));";
    writer.execute_batch(half).expect("half a transaction, spilt into the file");
    for verb in ["check", "serve"] {
        // What a kill leaves: the file as it is, and SQLite's rollback journal.
        let left = dir.path().join(format!("{verb}.gpkg"));
        std::fs::copy(&path, &left).expect("copy");
        let rollback = dir.path().join(format!("{verb}.gpkg-journal"));
        std::fs::copy(dir.path().join("city.gpkg-journal"), &rollback).expect("a rollback journal");
        let stored = match verb {
            "check" => read_only(&left).expect("readers roll back"),
            _ => Embedded::open(&left).expect("writers roll back").load().expect("load"),
        };
        assert_eq!(stored.world.buildings, world().buildings);
        assert!(!rollback.exists());
    }
}

/// QGIS turns a GeoPackage to WAL for as long as it shows it.
#[test]
fn a_file_that_qgis_shows_is_read_and_written_later() {
    let (_dir, path) = scratch();
    drop(City::create(&path, &profile(), world(), "test").expect("create"));
    let qgis = rusqlite::Connection::open(&path).expect("open");
    qgis.pragma_update(None, "journal_mode", "WAL").expect("WAL");
    qgis.execute_batch("BEGIN; SELECT count(*) FROM grids;").expect("a reader");
    let city = City::open(&path).expect("opens");
    let after = city.commit(&rename("等待")).expect("an acknowledged change is no failure");
    assert_eq!((first_name(&after.world), city.checkpoint().expect("busy is no error")), ("等待", Checkpoint::Busy));
    drop(city);
    let city = City::open(&path).expect("opens again");
    assert_eq!((first_name(&city.snapshot().world), city.snapshot().version), ("等待", 2));
    drop(qgis);
    assert_eq!(city.checkpoint().expect("free"), Checkpoint::Done);
    assert_eq!(first_name(&read_only(&path).expect("file").world), "等待");
}

#[test]
fn a_removed_city_can_be_made_again_unless_its_journal_holds_more() {
    let (_dir, path) = scratch();
    drop(City::create(&path, &profile(), world(), "test").expect("create"));
    std::fs::remove_file(&path).expect("remove");
    drop(City::create(&path, &profile(), world(), "again").expect("create again"));
    let mut store = Embedded::open(&path).expect("open");
    store.commit(&rename("新名"), &Effect::default()).expect("commit");
    drop(store);
    std::fs::remove_file(&path).expect("remove");
    assert!(matches!(City::create(&path, &profile(), world(), "third"), Err(StoreError::StrangeJournal(_))));
    assert!(!path.exists(), "nothing was made");
}

#[test]
fn a_city_file_put_back_from_a_copy_or_swapped_is_not_written_over() {
    let (dir, path) = scratch();
    drop(City::create(&path, &profile(), world(), "test").expect("create"));
    let copy = dir.path().join("copy.gpkg");
    std::fs::copy(&path, &copy).expect("copy");
    let city = City::open(&path).expect("open");
    city.commit(&rename("新名")).expect("commit");
    std::fs::copy(&copy, &path).expect("put back while it is served");
    city.commit(&rename("更新")).expect("acknowledged");
    assert!(matches!(city.checkpoint(), Err(StoreError::OldCopy(_))));
    drop(city);
    assert!(matches!(Embedded::open(&path), Err(StoreError::OldCopy(_))));
    // Another city in its place.
    let (other_dir, other) = scratch();
    drop(City::create(&other, &profile(), world(), "test").expect("create"));
    let mut store = Embedded::open(&other).expect("open");
    store.commit(&rename("别处"), &Effect::default()).expect("commit");
    std::fs::copy(&copy, &other).expect("swap");
    assert!(matches!(store.checkpoint(), Err(StoreError::StrangeJournal(_))));
    assert_eq!(first_name(&read_only(&other).expect("read").world), first_name(world()));
    drop(other_dir);
}

#[test]
fn what_other_programs_write_is_understood_or_named() {
    let insert = |fid: &str| {
        format!("INSERT INTO checkpoints (fid, geom, name) SELECT {fid}, geom, 'x' FROM checkpoints LIMIT 1;")
    };
    let cases = [
        (insert("0"), "checkpoint 0"),
        (insert("-1"), "checkpoint -1"),
        (insert("4294967295"), "checkpoint 4294967295"),
        ("UPDATE sqlite_sequence SET seq = 99999999999 WHERE name = 'grids';".into(), "grids"),
        ("ALTER TABLE services DROP COLUMN hours;".into(), "hours"),
        ("DROP TABLE services;".into(), "services"),
    ];
    for (sql, named) in cases {
        let (_dir, path) = scratch();
        drop(City::create(&path, &profile(), world(), "test").expect("create"));
        raw(&path, &sql);
        let told = read_only(&path).expect_err(&sql);
        assert!(told.to_string().contains(named) && !told.is_environment(), "{sql}: {told}");
    }
}

#[test]
fn nothing_is_left_beside_a_file_that_is_something_else() {
    let (dir, path) = scratch();
    std::fs::write(&path, "id,lon,lat\n1,104,31\n, and enough bytes to look at for a database").expect("write");
    assert!(matches!(Embedded::open(&path), Err(StoreError::Foreign { .. })));
    std::fs::write(&path, "").expect("write");
    assert!(matches!(Embedded::open(&path), Err(StoreError::Foreign { .. })));
    assert_eq!(std::fs::read_dir(dir.path()).expect("list").count(), 1);
}

#[test]
fn a_spatial_index_that_gdal_added_is_kept_true() {
    let (_dir, path) = scratch();
    drop(City::create(&path, &profile(), world(), "test").expect("create"));
    let ask = |sql: &str| {
        let run = Command::new("ogrinfo").args(["-q", "-sql", sql]).arg(&path).output().ok()?;
        Some(String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr))
    };
    let Some(told) = ask("SELECT CreateSpatialIndex('checkpoints', 'geom')") else {
        println!("ogrinfo is not installed: `make test-packages` installs it; not compared with GDAL");
        return;
    };
    assert!(told.contains("= 1"), "{told}");
    let city = City::open(&path).expect("open");
    let records: Vec<Record> = world().records(Layer::Checkpoints).collect();
    let (mut moved, gone, mut added) = (records[0].clone(), &records[1], records[2].clone());
    moved.geometry = Geometry::Point(Coord::new(1_050_000_000, 310_000_000));
    added.id = records.last().expect("last").id + 1;
    let edits = vec![
        Edit::Put(Layer::Checkpoints, moved),
        Edit::Delete(Layer::Checkpoints, gone.id),
        Edit::Put(Layer::Checkpoints, added),
    ];
    city.commit(&Change { reason: "all kinds of edits".into(), edits, ..Change::default() }).expect("commit");
    assert_eq!(city.checkpoint().expect("the triggers run"), Checkpoint::Done);
    let indexed = ask("SELECT count(*) AS n, max(maxx) AS east FROM rtree_checkpoints_geom").expect("ogrinfo");
    assert!(indexed.contains(&format!("n (Integer) = {}", records.len())) && indexed.contains("= 105"), "{indexed}");
}
