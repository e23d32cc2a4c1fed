//! What a reading of a file means for a city: which things are new, which changed, and who lives where afterwards.

use super::Snapshot;
use crate::index::{Ground, compounds};
use crate::model::{Layer, Problem, Profile, Record, Severity, Value, World};
use crate::read::Reading;
use crate::store::{Change, Edit};
use std::collections::HashMap;
use xxhash_rust::xxh3::xxh3_128;

/// A change that is ready to be made, and what it does.
#[derive(Debug)]
pub struct Prepared {
    /// The edits.
    pub change: Change,
    /// What the reading complained of, and what fitting it into the city added.
    pub problems: Vec<Problem>,
    /// By layer, in the order of [`Layer::ALL`]; layers that nothing happened to are left out.
    pub tallies: Vec<(Layer, Tally)>,
    /// The city as it will be.
    pub world: World,
}

/// What happens to one layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// New things.
    pub added: u32,
    /// Things that changed.
    pub updated: u32,
    /// Things that were there already.
    pub unchanged: u32,
    /// Things that `--replace` removed.
    pub removed: u32,
    /// Things whose household figure was derived anew.
    pub derived: u32,
}

impl Prepared {
    /// Whether the data itself is at fault: nothing may be written then.
    pub fn has_errors(&self) -> bool {
        self.problems.iter().any(|p| p.severity == Severity::Error)
    }
}

/// Fits a reading into a world.
///
/// A feature is the same thing as one in the city when it has the same code, for compounds the same name, for what has
/// neither the same place; it then keeps its id. With `replace`, what a layer of the file does not mention is removed.
pub fn prepare(before: &World, profile: &Profile, reading: Reading, reason: &str, replace: bool) -> Prepared {
    let mut world = before.clone();
    let mut edits = Vec::new();
    let mut problems = reading.problems;
    let mut tallies: HashMap<Layer, Tally> = HashMap::new();
    let mut by_layer: HashMap<Layer, Vec<Record>> = HashMap::new();
    for (layer, record) in reading.features {
        by_layer.entry(layer).or_default().push(record);
    }
    for layer in Layer::ALL {
        let Some(records) = by_layer.remove(&layer) else { continue };
        let tally = tallies.entry(layer).or_default();
        fit(layer, records, replace, &mut world, &mut edits, &mut problems, tally);
    }
    derive_households(&mut world, profile, &mut edits, &mut tallies);
    let tallies = Layer::ALL.into_iter().filter_map(|layer| tallies.get(&layer).map(|t| (layer, *t))).collect();
    Prepared { change: Change { reason: reason.to_owned(), edits }, problems, tallies, world }
}

fn fit(
    layer: Layer,
    records: Vec<Record>,
    replace: bool,
    world: &mut World,
    edits: &mut Vec<Edit>,
    problems: &mut Vec<Problem>,
    tally: &mut Tally,
) {
    let mut known: HashMap<u128, u32> = HashMap::new();
    for record in world.records(layer) {
        known.insert(key(layer, &record), record.id);
        known.entry(place_key(&record)).or_insert(record.id);
    }
    let mut met: HashMap<u32, ()> = HashMap::new();
    let mut seen_keys: HashMap<u128, ()> = HashMap::new();
    for mut record in records {
        let key = key(layer, &record);
        let doubled = seen_keys.insert(key, ()).is_some();
        if doubled {
            problems.push(
                Problem::new(Severity::Warning, "doubled", "stands in the file more than once", "keep one of them")
                    .of(describe(layer, &record)),
            );
        }
        let same = if doubled { known.get(&place_key(&record)) } else { known.get(&key) };
        let same = same.copied().filter(|id| !met.contains_key(id));
        record.id = same.unwrap_or(0);
        let old = same.and_then(|id| world.record(layer, id));
        if let Some(old) = &old {
            keep_derived(layer, old, &mut record);
        }
        if old.as_ref() == Some(&record) {
            tally.unchanged += 1;
            met.insert(record.id, ());
            continue;
        }
        match world.put(layer, &record) {
            Ok(id) => {
                record.id = id;
                met.insert(id, ());
                match old {
                    Some(_) => tally.updated += 1,
                    None => tally.added += 1,
                }
                edits.push(Edit::Put(layer, record));
            }
            Err(fault) => problems.push(
                Problem::new(Severity::Error, "field", format!("{}: {}", fault.field, fault.message), fault.remedy)
                    .of(describe(layer, &record)),
            ),
        }
    }
    if replace {
        let gone: Vec<u32> = world.records(layer).map(|r| r.id).filter(|id| !met.contains_key(id)).collect();
        for id in gone {
            world.delete(layer, id);
            edits.push(Edit::Delete(layer, id));
            tally.removed += 1;
        }
    }
}

/// A household figure that Gridweave derived is not part of what a file says, so a file that says nothing about
/// households does not change it.
fn keep_derived(layer: Layer, old: &Record, new: &mut Record) {
    if layer != Layer::Buildings || *new.get(layer, "households") != Value::Null {
        return;
    }
    if matches!(old.get(layer, "provenance"), Value::Text(word) if word != "surveyed") {
        for (i, field) in layer.fields().iter().enumerate() {
            if matches!(field.name, "households" | "basis" | "provenance" | "as_of") {
                new.values[i] = old.values[i].clone();
            }
        }
    }
}

fn key(layer: Layer, record: &Record) -> u128 {
    let name = match layer {
        Layer::Compounds => record.get(layer, "name"),
        _ => record.get(layer, "code"),
    };
    match name {
        Value::Text(text) => xxh3_128(text.as_bytes()),
        _ => place_key(record),
    }
}

/// Two things of a layer with the same geometry, and the same kind and name where the layer has them, are one.
fn place_key(record: &Record) -> u128 {
    let words: Vec<&Value> = record.values.iter().take(2).collect();
    // Writing plain values as JSON into memory cannot fail; an empty key would only make two things look alike.
    xxh3_128(&serde_json::to_vec(&(&record.geometry, words)).unwrap_or_default())
}

/// `grid SQ-3-2`, `building 3号楼`, `camera at 104.1, 30.6`.
fn describe(layer: Layer, record: &Record) -> String {
    for field in ["code", "name"] {
        if let Value::Text(text) = record.get(layer, field) {
            return format!("{} {text}", layer.singular());
        }
    }
    let at = record.geometry.bounds().map(|b| b.centre()).unwrap_or_default();
    format!("{} at {:.6}, {:.6}", layer.singular(), at.lon(), at.lat())
}

/// Matches compounds to buildings and gives uncounted buildings their share or an estimate.
fn derive_households(world: &mut World, profile: &Profile, edits: &mut Vec<Edit>, tallies: &mut HashMap<Layer, Tally>) {
    if edits.is_empty() || world.buildings.is_empty() {
        return;
    }
    let ground = Ground::build(world);
    let members = compounds::membership(world, &ground, profile.floor_area_per_household);
    let counts = compounds::counts(world, &ground, &members, profile.floor_area_per_household);
    let fresh: HashMap<u32, usize> = edits
        .iter()
        .enumerate()
        .filter_map(|(i, edit)| match edit {
            Edit::Put(Layer::Buildings, record) => Some((record.id, i)),
            _ => None,
        })
        .collect();
    for (building, count) in world.buildings.iter_mut().zip(counts) {
        if building.households == count {
            continue;
        }
        building.households = count;
        tallies.entry(Layer::Buildings).or_default().derived += 1;
        let put = Edit::Put(Layer::Buildings, crate::model::Entity::to_record(building));
        match fresh.get(&building.id.0) {
            Some(i) => edits[*i] = put,
            None => edits.push(put),
        }
    }
}

impl Snapshot {
    /// Fits a reading into this city; nothing changes until the result is committed.
    pub fn prepare_import(&self, reading: Reading, reason: &str, replace: bool) -> Prepared {
        prepare(&self.world, &self.profile, reading, reason, replace)
    }
}
