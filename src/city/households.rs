//! Household figures of a table go to the buildings and compounds that they speak of.

use super::import::Tally;
use crate::index::{Ground, compounds};
use crate::model::{Entity, HouseholdCount, Layer, Problem, Severity, World};
use crate::read::Counted;
use crate::store::Edit;
use std::collections::{BTreeMap, HashMap};

/// Sets the figures of the rows; what belongs to nothing, or to several things, is told and left.
///
/// A row is of the building with its code; else of the building with its name in its compound; else of the one building
/// with its address. A row that names no building is of the compound with its name, former names included. Several rows
/// of one thing are added up where they are of different stairwells; else none of them counts, for nobody knows which.
pub(super) fn fit(
    world: &mut World,
    rows: Vec<Counted>,
    floor_area_per_household: f64,
    edits: &mut Vec<Edit>,
    problems: &mut Vec<Problem>,
    tallies: &mut HashMap<Layer, Tally>,
) {
    if rows.is_empty() {
        return;
    }
    let names = Names::of(world, floor_area_per_household);
    let mut of: BTreeMap<Thing, Vec<&Counted>> = BTreeMap::new();
    for row in &rows {
        match names.find(row).as_slice() {
            [only] => of.entry(*only).or_default().push(row),
            [] => problems.push(tell(
                row,
                "household-unmatched",
                format!("nothing in the city is {}; its {} households are left out", called(row), row.count.count),
                "import the building or compound first, or write its code or name as the city has it",
            )),
            several => problems.push(tell(
                row,
                "household-ambiguous",
                format!("{} things in the city are {}; its households are left out", several.len(), called(row)),
                "write the building's code, or its compound beside its name",
            )),
        }
    }
    let mut edited: HashMap<(Layer, u32), usize> = edits
        .iter()
        .enumerate()
        .filter_map(|(i, edit)| if let Edit::Put(layer, record) = edit { Some(((*layer, record.id), i)) } else { None })
        .collect();
    for (thing, rows) in of {
        let Some(count) = together(&rows, problems) else { continue };
        let layer = thing.layer();
        let tally = tallies.entry(layer).or_default();
        let put = match thing {
            Thing::Building(at) => world.buildings.get_mut(at).and_then(|building| {
                let changed = building.households.replace(count) != Some(count);
                changed.then(|| building.to_record())
            }),
            Thing::Compound(at) => world.compounds.get_mut(at).and_then(|compound| {
                let changed = compound.households.replace(count) != Some(count);
                changed.then(|| compound.to_record())
            }),
        };
        let Some(record) = put else {
            tally.unchanged += 1;
            continue;
        };
        tally.updated += 1;
        let key = (layer, record.id);
        let put = Edit::Put(layer, record);
        match edited.get(&key).and_then(|i| edits.get_mut(*i)) {
            Some(edit) => *edit = put,
            None => {
                edited.insert(key, edits.len());
                edits.push(put);
            }
        }
    }
}

/// What a figure can belong to, by its position in the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Thing {
    Building(usize),
    Compound(usize),
}

impl Thing {
    fn layer(self) -> Layer {
        match self {
            Self::Building(_) => Layer::Buildings,
            Self::Compound(_) => Layer::Compounds,
        }
    }
}

/// What rows may know things by.
struct Names {
    by_code: HashMap<String, Vec<Thing>>,
    by_compound: HashMap<(String, String), Vec<Thing>>,
    by_address: HashMap<String, Vec<Thing>>,
    compounds: HashMap<String, Vec<Thing>>,
}

impl Names {
    fn of(world: &World, floor_area_per_household: f64) -> Self {
        let mut names = Self {
            by_code: HashMap::new(),
            by_compound: HashMap::new(),
            by_address: HashMap::new(),
            compounds: HashMap::new(),
        };
        let of_compound = |at: usize| {
            let compound = world.compounds.get(at);
            compound
                .into_iter()
                .flat_map(|compound| std::iter::once(&compound.name).chain(&compound.aliases))
                .map(|n| plain(n))
        };
        for at in 0..world.compounds.len() {
            for name in of_compound(at) {
                add(&mut names.compounds, name, Thing::Compound(at));
            }
        }
        let members = if world.buildings.is_empty() {
            Vec::new()
        } else {
            compounds::membership(world, &Ground::build(world), floor_area_per_household)
        };
        for (at, building) in world.buildings.iter().enumerate() {
            let thing = Thing::Building(at);
            if let Some(code) = &building.code {
                add(&mut names.by_code, plain(code.as_str()), thing);
            }
            if !building.address.is_empty() {
                add(&mut names.by_address, plain(&building.address), thing);
            }
            let said = building.compound.iter().map(|name| plain(name));
            let lies =
                members.get(at).copied().flatten().into_iter().flat_map(|compound| of_compound(compound as usize));
            let mut of: Vec<String> = said.chain(lies).collect();
            of.sort();
            of.dedup();
            if !building.name.is_empty() {
                for compound in of {
                    add(&mut names.by_compound, (compound, number(&building.name)), thing);
                }
            }
        }
        names
    }

    /// The things that a row can mean.
    fn find(&self, row: &Counted) -> Vec<Thing> {
        let found = |things: Option<&Vec<Thing>>| things.cloned().unwrap_or_default();
        if let Some(building) = &row.building {
            let mut things = found(self.by_code.get(&plain(building)));
            if things.len() > 1
                && let Some(compound) = &row.compound
            {
                // A code such as `3` is that of one building in each compound.
                let within = found(self.by_compound.get(&(plain(compound), number(building))));
                if within.len() == 1 {
                    things = within;
                }
            }
            if let (true, Some(compound)) = (things.is_empty(), &row.compound) {
                things = found(self.by_compound.get(&(plain(compound), number(building))));
            }
            if let (true, Some(address)) = (things.is_empty(), &row.address) {
                things = found(self.by_address.get(&plain(address)));
            }
            return things;
        }
        if let Some(compound) = &row.compound {
            let things = found(self.compounds.get(&plain(compound)));
            if !things.is_empty() {
                return things;
            }
        }
        row.address.as_ref().map(|address| found(self.by_address.get(&plain(address)))).unwrap_or_default()
    }
}

fn add<K: std::hash::Hash + Eq>(to: &mut HashMap<K, Vec<Thing>>, key: K, thing: Thing) {
    let things = to.entry(key).or_default();
    if !things.contains(&thing) {
        things.push(thing);
    }
}

/// A name as it is compared: no blanks, full-width letters as half-width ones, lower case.
fn plain(name: &str) -> String {
    let half = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        other => other,
    };
    name.chars().filter(|c| !c.is_whitespace()).map(half).flat_map(char::to_lowercase).collect()
}

/// `3号楼`, `3幢`, `03` and `3#` are one building's name within its compound.
fn number(name: &str) -> String {
    let mut text = plain(name);
    for word in ["号楼", "号幢", "号栋", "幢", "栋", "楼", "座", "号", "#"] {
        if let Some(body) = text.strip_suffix(word)
            && !body.is_empty()
        {
            text = body.to_owned();
            break;
        }
    }
    let digits = text.trim_start_matches('0');
    if digits.is_empty() { text } else { digits.to_owned() }
}

/// The figure of all rows of one thing; `None` where nobody knows which of them is right.
fn together(rows: &[&Counted], problems: &mut Vec<Problem>) -> Option<HouseholdCount> {
    let mut different: Vec<&Counted> = Vec::new();
    for row in rows {
        let same = |other: &&Counted| (&row.unit, row.count) == (&other.unit, other.count);
        if different.iter().any(same) {
            let message = format!("{}: stands in the table more than once, exactly alike; counted once", called(row));
            problems.push(tell(row, "doubled", message, "delete one of the rows"));
        } else {
            different.push(row);
        }
    }
    let first = different.first()?;
    if different.len() == 1 {
        return Some(first.count);
    }
    let listed: Vec<String> = different.iter().map(|row| row.row.to_string()).collect();
    let listed = listed.join(", ");
    let mut units: Vec<&String> = different.iter().filter_map(|row| row.unit.as_ref()).collect();
    units.sort();
    units.dedup();
    let alike =
        different.iter().all(|row| row.count.basis == first.count.basis && row.count.as_of == first.count.as_of);
    if units.len() < different.len() || !alike {
        for row in &different {
            let message = format!("{}: rows {listed} give it different figures; none is taken", called(row));
            problems.push(tell(
                row,
                "household-twice",
                message,
                "keep one row for each, or tell their stairwells apart",
            ));
        }
        return None;
    }
    let count = different.iter().map(|row| u64::from(row.count.count)).sum::<u64>();
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    let message = format!("{}: rows {listed} are its stairwells, {count} households together", called(first));
    problems.push(Problem { severity: Severity::Note, ..tell(first, "households-added", message, "nothing to do") });
    Some(HouseholdCount { count, ..first.count })
}

fn tell(row: &Counted, code: &str, message: String, remedy: &str) -> Problem {
    Problem::new(Severity::Warning, code, message, remedy)
        .in_file(row.file.clone())
        .of(format!("row {}", row.row))
        .in_row(row.row)
}

/// `building 3号楼 of 甲小区`.
fn called(row: &Counted) -> String {
    match (&row.building, &row.compound, &row.address) {
        (Some(building), Some(compound), _) => format!("building {building} of {compound}"),
        (Some(building), None, _) => format!("building {building}"),
        (None, Some(compound), _) => format!("compound {compound}"),
        (None, None, Some(address)) => format!("building at {address}"),
        (None, None, None) => "unnamed".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_buildings_are_written_in_many_ways() {
        for name in ["3号楼", "３幢", "03", "3#", "3 栋"] {
            assert_eq!(number(name), "3", "{name}");
        }
        assert_eq!((number("东楼"), number("楼"), number("0")), ("东".to_owned(), "楼".to_owned(), "0".to_owned()));
    }
}
