//! What a reading of a file means for a city: which things are new, which changed, and who lives where afterwards.

use super::slivers::close_slivers;
use super::{Snapshot, households};
use crate::index::{Ground, compounds};
use crate::model::{
    BuildingKind, Coord, Entity, FieldFault, Frame, Geometry, Layer, Problem, Profile, Record, Severity, Value, World,
};
use crate::read::{Reading, Source};
use crate::store::{Change, Edit};
use rayon::prelude::*;
use std::collections::{BTreeSet, HashMap, HashSet};
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
    /// What becomes of each feature of the reading, in its order.
    pub fates: Vec<Fate>,
}

/// What becomes of one feature of a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is new.
    Added,
    /// It changes a thing that is there.
    Updated,
    /// It is there already.
    Unchanged,
    /// It repeats another feature of the reading.
    Doubled,
    /// The city cannot hold it.
    Refused,
}

/// A feature of a reading, and which one it is.
struct Read {
    at: usize,
    record: Record,
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

    /// Names OpenStreetMap among the city's sources, which it asks for wherever its data is shown (ODbL 1.0, section 4.3).
    pub fn credit(&mut self, source: Source, profile: &mut Profile) {
        const OSM: &str = "© OpenStreetMap contributors";
        if source == Source::Osm && !profile.attribution.iter().any(|a| a == OSM) {
            profile.attribution.push(OSM.to_owned());
            self.change.edits.push(Edit::Describe(Box::new(profile.clone())));
        }
    }
}

/// Fits a reading into a world.
///
/// A feature is the same thing as one in the city, and keeps its id, when both have the same code (compounds: the same
/// name, at most 2 km apart); what has neither, when it has the same place, kind and name; a building also
/// when it has the same outline and no other code. Rows of a table of households go to what the city has by then. What a file leaves empty
/// stays; with `replace` it goes, and what a layer of the file does not mention is removed.
pub fn prepare(before: &World, profile: &Profile, reading: Reading, reason: &str, replace: bool) -> Prepared {
    let mut world = before.clone();
    let mut edits = Vec::new();
    let mut problems = reading.problems;
    let mut tallies: HashMap<Layer, Tally> = HashMap::new();
    let mut fates = vec![Fate::Refused; reading.features.len()];
    let mut by_layer: HashMap<Layer, Vec<Read>> = HashMap::new();
    for (at, (layer, record)) in reading.features.into_iter().enumerate() {
        by_layer.entry(layer).or_default().push(Read { at, record });
    }
    for layer in Layer::ALL {
        let Some(records) = by_layer.remove(&layer) else { continue };
        let mut records = once_each(layer, records, &reading.rows, &mut fates, &mut problems);
        if layer.tiles_the_plane() {
            let row = |at: usize| reading.rows.get(at).copied();
            let records = records.iter_mut().map(|read| (row(read.at), &mut read.record)).collect();
            close_slivers(layer, records, &world, replace, &mut problems);
        }
        tallies.insert(layer, fit(layer, records, replace, &mut world, &mut edits, &mut problems, &mut fates));
    }
    let floor_area = profile.floor_area_per_household;
    households::fit(&mut world, reading.households, floor_area, &mut edits, &mut problems, &mut tallies);
    derive_households(&mut world, profile, &mut edits, &mut tallies);
    let tallies = Layer::ALL.into_iter().filter_map(|layer| tallies.get(&layer).map(|t| (layer, *t))).collect();
    Prepared {
        change: Change { reason: reason.to_owned(), edits, ..Change::default() },
        problems,
        tallies,
        world,
        fates,
    }
}

/// What lies above is left for things that are still to come.
const HIGHEST_NUMBER: u32 = 1 << 31;

/// Estates of one name further apart than this, in metres, are two estates. A datum read wrongly moves one by less.
const SAME_ESTATE: f64 = 2000.0;

fn fit(
    layer: Layer,
    mut records: Vec<Read>,
    replace: bool,
    world: &mut World,
    edits: &mut Vec<Edit>,
    problems: &mut Vec<Problem>,
    fates: &mut [Fate],
) -> Tally {
    let mut tally = Tally::default();
    let matches = match world.count(layer) {
        0 => vec![None; records.len()],
        _ => Known::of(world, layer).matches(layer, &records),
    };
    let mut met: HashSet<u32> = HashSet::new();
    let before = world.ids(layer).last().unwrap_or(0).max(world.given(layer));
    // A file of our own tells the number that each thing had. Where this city never gave that number away, the thing
    // keeps it, and what has none is numbered behind.
    let free = |number: u32| number > before && number <= HIGHEST_NUMBER;
    let mut numbers: HashSet<u32> = HashSet::new();
    for (Read { record, .. }, same) in records.iter_mut().zip(&matches) {
        record.id = match same {
            Some(id) => *id,
            None if free(record.id) && numbers.insert(record.id) => record.id,
            None => 0,
        };
    }
    let mut fresh = numbers.into_iter().max().unwrap_or(before);
    let mut changed: Vec<Read> = Vec::with_capacity(records.len());
    for (Read { at, mut record }, same) in records.into_iter().zip(matches) {
        let Some(id) = same else {
            if record.id == 0 {
                fresh += 1;
                record.id = fresh;
            }
            changed.push(Read { at, record });
            continue;
        };
        met.insert(id);
        let old = world.record(layer, id);
        if let Some(old) = &old {
            keep_unsaid(layer, old, &mut record, replace);
        }
        if old.as_ref() == Some(&record) {
            tally.unchanged += 1;
            fates[at] = Fate::Unchanged;
        } else {
            changed.push(Read { at, record });
        }
    }
    // What is new has higher numbers than what is there, so parts can be made apart and joined.
    let made = |part: &[Read]| -> (World, Vec<(u32, FieldFault)>) {
        let mut world = World::default();
        let fault = |read: &Read| world.put(layer, &read.record).err().map(|fault| (read.record.id, fault));
        let faults = part.iter().filter_map(fault).collect();
        (world, faults)
    };
    let parts: Vec<_> = changed.par_chunks(8_192).map(made).collect();
    let mut faults: HashMap<u32, FieldFault> = HashMap::new();
    for (part, faulty) in parts {
        world.append(part);
        faults.extend(faulty);
    }
    for Read { at, record } in changed {
        if let Some(fault) = faults.remove(&record.id) {
            // Only what was there before stays as it was.
            problems.push(
                Problem::new(Severity::Error, "field", format!("{}: {}", fault.field, fault.message), fault.remedy)
                    .of(describe(layer, &record)),
            );
            continue;
        }
        let (count, fate) =
            if record.id > before { (&mut tally.added, Fate::Added) } else { (&mut tally.updated, Fate::Updated) };
        *count += 1;
        fates[at] = fate;
        edits.push(Edit::Put(layer, record));
    }
    if replace {
        let gone: BTreeSet<u32> = world.ids(layer).filter(|id| *id <= before && !met.contains(id)).collect();
        tally.removed = world.delete_all(layer, &gone) as u32;
        edits.extend(gone.into_iter().map(|id| Edit::Delete(layer, id)));
    }
    tally
}

/// The records without those that repeat another to the last value; what shares only a code or name is told.
fn once_each(
    layer: Layer,
    records: Vec<Read>,
    rows: &[u64],
    fates: &mut [Fate],
    problems: &mut Vec<Problem>,
) -> Vec<Read> {
    let keys = |read: &Read| (place_key(&read.record, read.record.values.len()), name_key(layer, &read.record));
    let keys: Vec<(u128, Option<u128>)> = records.par_iter().map(keys).collect();
    let mut met: HashSet<u128> = HashSet::with_capacity(records.len());
    let mut names: HashSet<u128> = HashSet::new();
    let mut kept = Vec::with_capacity(records.len());
    for (Read { at, record }, (place, name)) in records.into_iter().zip(keys) {
        let named = name.is_some_and(|key| !names.insert(key));
        let (code, message, remedy) = if !met.insert(place ^ u128::from(record.id)) {
            (
                "doubled",
                "stands in the files more than once, exactly alike; kept once",
                "give each a code if they are two",
            )
        } else if named {
            (
                "name-twice",
                "another feature of the files has this code or name; both are kept",
                "tell them apart in the source",
            )
        } else {
            kept.push(Read { at, record });
            continue;
        };
        let problem = Problem::new(Severity::Warning, code, message, remedy).of(describe(layer, &record));
        problems.push(Problem { row: rows.get(at).copied(), ..problem.at(centre(&record)) });
        if code == "doubled" {
            fates[at] = Fate::Doubled;
        } else {
            kept.push(Read { at, record });
        }
    }
    kept
}

/// What a layer of the city holds, by what a file may know it by. Several things may have one name, so ids are lists, in
/// order of id.
#[derive(Default)]
struct Known {
    by_place: HashMap<u128, Vec<u32>>,
    by_name: HashMap<u128, Vec<(u32, Coord)>>,
    by_outline: HashMap<u128, Vec<(u32, Value)>>,
    /// Code, place and outline by number.
    by_number: HashMap<u32, (Value, Coord, u128)>,
}

impl Known {
    fn of(world: &World, layer: Layer) -> Self {
        let mut known = Self::default();
        for record in world.records(layer) {
            let code = record.get(layer, "code").clone();
            known.by_number.insert(record.id, (code, centre(&record), place_key(&record, 0)));
            known.by_place.entry(place_key(&record, telling(layer))).or_default().push(record.id);
            if let Some(key) = name_key(layer, &record) {
                known.by_name.entry(key).or_default().push((record.id, centre(&record)));
            }
            if layer == Layer::Buildings {
                let code = record.get(layer, "code").clone();
                known.by_outline.entry(place_key(&record, 0)).or_default().push((record.id, code));
            }
        }
        known
    }

    /// The thing that each record is, where the city has it; each thing once. What agrees in everything that tells
    /// things apart chooses first, so that a second estate of one name cannot take the first one's place.
    fn matches(&self, layer: Layer, records: &[Read]) -> Vec<Option<u32>> {
        let mut found: Vec<Option<u32>> = vec![None; records.len()];
        let mut met: HashSet<u32> = HashSet::new();
        let mut round = |candidates: &(dyn Fn(&Record) -> Vec<u32> + Sync)| {
            let open = |(found, read): (&Option<u32>, &Read)| match found {
                Some(_) => Vec::new(),
                None => candidates(&read.record),
            };
            let candidates: Vec<Vec<u32>> = found.par_iter().zip(records).map(open).collect();
            for (found, candidates) in found.iter_mut().zip(candidates).filter(|(found, _)| found.is_none()) {
                *found = candidates.into_iter().find(|id| met.insert(*id));
            }
        };
        round(&|record| self.by_its_number(layer, record).into_iter().collect());
        round(&|record| self.by_place.get(&place_key(record, telling(layer))).cloned().unwrap_or_default());
        round(&|record| {
            let known = name_key(layer, record).and_then(|key| self.by_name.get(&key));
            let at = centre(record);
            let same = |place: &Coord| layer != Layer::Compounds || Frame::at(at).distance(at, *place).0 <= SAME_ESTATE;
            known.into_iter().flatten().filter(|(_, place)| same(place)).map(|(id, _)| *id).collect()
        });
        if layer == Layer::Buildings {
            round(&|record| {
                let known = self.by_outline.get(&place_key(record, 0));
                let code = record.get(layer, "code");
                let same = |old: &Value| *old == Value::Null || *code == Value::Null;
                known.into_iter().flatten().filter(|(_, old)| same(old)).map(|(id, _)| *id).collect()
            });
        }
        found
    }

    /// The thing of the number that a file of our own tells, unless it is plainly another: another city's file has numbers
    /// too. Its code may have been corrected where its outline is the same, its outline where its code is.
    fn by_its_number(&self, layer: Layer, record: &Record) -> Option<u32> {
        let (code, place, outline) = self.by_number.get(&record.id)?;
        let own = record.get(layer, "code");
        let at = centre(record);
        let same_code = own == code && *own != Value::Null;
        let codeless = *own == Value::Null || *code == Value::Null;
        let near = Frame::at(at).distance(at, *place).0 <= SAME_ESTATE;
        (same_code || (near && (codeless || *outline == place_key(record, 0)))).then_some(record.id)
    }
}

/// What a file leaves empty stays as the city knows it, until `--replace` says that this file is all there is. A household
/// figure that Gridweave derived stays, either way, while what it follows from is the same.
fn keep_unsaid(layer: Layer, old: &Record, new: &mut Record, replace: bool) {
    // This word stands for a use that the source does not tell.
    let unsaid = |field: &str, value: &Value| {
        *value == Value::Null
            || (layer, field) == (Layer::Buildings, "kind") && *value == BuildingKind::Other.word().into()
    };
    let of_households = |field: &str| matches!(field, "households" | "basis" | "provenance" | "as_of");
    let fields = || layer.fields().iter().enumerate();
    if !replace {
        for (i, field) in fields().filter(|(_, field)| !of_households(field.name)) {
            if unsaid(field.name, &new.values[i]) {
                new.values[i] = old.values[i].clone();
            }
        }
    }
    if *new.get(layer, "households") != Value::Null {
        return;
    }
    let derived = matches!(old.get(layer, "provenance"), Value::Text(word) if word != "surveyed");
    let stays = if layer == Layer::Buildings && derived {
        let same = |name: &&str| old.get(layer, name) == new.get(layer, name);
        old.geometry == new.geometry && ["floors", "kind", "compound"].iter().all(same)
    } else {
        !replace
    };
    for (i, _) in fields().filter(|(_, field)| stays && of_households(field.name)) {
        new.values[i] = old.values[i].clone();
    }
}

/// What a feature is called: its code; for compounds the name.
fn name_key(layer: Layer, record: &Record) -> Option<u128> {
    let name = match layer {
        Layer::Compounds => record.get(layer, "name"),
        _ => record.get(layer, "code"),
    };
    match name {
        Value::Text(text) => Some(xxh3_128(text.as_bytes())),
        _ => None,
    }
}

/// The text that tells places of a layer apart: the code, or the name where there is none.
pub(super) fn code_or_name(layer: Layer, record: &Record) -> Option<String> {
    let text = |field| match record.get(layer, field) {
        Value::Text(text) => Some(text.to_string()),
        _ => None,
    };
    text("code").or_else(|| text("name"))
}

/// How many of a layer's first values tell things of one place apart: code and name, or kind and name; a compound's name.
fn telling(layer: Layer) -> usize {
    if layer == Layer::Compounds { 1 } else { 2 }
}

/// Stands for a feature's geometry and its first values. Each part begins with its kind and size, so that no two
/// features write the same bytes.
fn place_key(record: &Record, values: usize) -> u128 {
    let mut bytes: Vec<u8> = Vec::with_capacity(256);
    let line = |bytes: &mut Vec<u8>, kind: u8, line: &[Coord]| {
        bytes.push(kind);
        bytes.extend_from_slice(&line.len().to_le_bytes());
        line.iter().for_each(|c| {
            bytes.extend_from_slice(&(u64::from(c.x as u32) << 32 | u64::from(c.y as u32)).to_le_bytes())
        });
    };
    match &record.geometry {
        Geometry::Point(at) => line(&mut bytes, 0, &[*at]),
        Geometry::Line(all) => line(&mut bytes, 1, &all.0),
        Geometry::Area(area) => {
            for polygon in &area.0 {
                line(&mut bytes, 2, &polygon.outer.0);
                polygon.holes.iter().for_each(|hole| line(&mut bytes, 3, &hole.0));
            }
        }
    }
    for value in record.values.iter().take(values) {
        match value {
            Value::Null => bytes.push(4),
            Value::Bool(b) => bytes.extend_from_slice(&[5, u8::from(*b)]),
            Value::Integer(n) => {
                bytes.push(6);
                bytes.extend_from_slice(&n.to_le_bytes());
            }
            Value::Real(n) => {
                bytes.push(7);
                bytes.extend_from_slice(&n.to_bits().to_le_bytes());
            }
            Value::Text(text) => {
                bytes.push(8);
                bytes.extend_from_slice(&text.len().to_le_bytes());
                bytes.extend_from_slice(text.as_bytes());
            }
        }
    }
    xxh3_128(&bytes)
}

fn centre(record: &Record) -> Coord {
    record.geometry.bounds().map(|b| b.centre()).unwrap_or_default()
}

/// `grid SQ-3-2`, `building 3号楼`, `camera at 104.1, 30.6`.
pub(super) fn describe(layer: Layer, record: &Record) -> String {
    for field in ["code", "name"] {
        if let Value::Text(text) = record.get(layer, field) {
            return format!("{} {text}", layer.singular());
        }
    }
    let at = centre(record);
    format!("{} at {:.6}, {:.6}", layer.singular(), at.lon(), at.lat())
}

/// Matches compounds to buildings and gives uncounted buildings their share or an estimate.
pub(super) fn derive_households(
    world: &mut World,
    profile: &Profile,
    edits: &mut Vec<Edit>,
    tallies: &mut HashMap<Layer, Tally>,
) {
    let matters = |edit: &Edit| match edit {
        // A compound known by a point shares its total within its own grid.
        Edit::Put(layer, _) | Edit::Delete(layer, _) => {
            matches!(layer, Layer::Buildings | Layer::Compounds | Layer::Grids)
        }
        Edit::Describe(_) => true,
    };
    if world.buildings.is_empty() || !edits.iter().any(matters) {
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
        let put = Edit::Put(Layer::Buildings, building.to_record());
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
