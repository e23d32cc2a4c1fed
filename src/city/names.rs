//! Codes, names and addresses, laid out so that three million of them are searched in a few milliseconds.
//!
//! Keys of a layer lie one after the other in one text, the shortest first, in blocks. Each block has a filter that tells
//! which pairs of neighbouring letters may occur in it; a block is read only where all pairs of the query may occur. The
//! shortest match is the best one, so a search ends when it has found enough.

use crate::model::{Layer, Value, World};
use std::collections::HashSet;

/// Keys in a block. With 32 the filters took twice the memory, with 128 a common name had twice as much text read.
const BLOCK: usize = 64;

/// Words of a block's filter. A block has some 300 different pairs, so of a name of three letters one block in a few
/// hundred is read in vain.
const FILTER: usize = 32;

/// Larger places first among equally good matches; water and walls are not looked for.
pub const ORDER: [Layer; 12] = [
    Layer::Grids,
    Layer::Communities,
    Layer::Subdistricts,
    Layer::Districts,
    Layer::Compounds,
    Layer::Institutions,
    Layer::Streets,
    Layer::Zones,
    Layer::Services,
    Layer::Checkpoints,
    Layer::Buildings,
    Layer::Cameras,
];

/// How a key has to match. The better way first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The whole key.
    Whole,
    /// Its beginning.
    Start,
    /// Any part of it.
    Part,
}

/// Everything in a world that has a code or a name.
#[derive(Debug)]
pub struct Names(Vec<Keys>);

/// The keys of one layer.
#[derive(Debug)]
struct Keys {
    layer: Layer,
    text: String,
    /// Where each key ends in the text.
    ends: Vec<u32>,
    /// The id that each key belongs to.
    ids: Vec<u32>,
    filters: Vec<[u64; FILTER]>,
}

/// Folds a text for comparison: full-width letters and digits are typed as often as half-width ones.
pub fn fold(text: &str) -> String {
    let mut folded = String::new();
    fold_into(text, &mut folded);
    folded
}

fn fold_into(text: &str, out: &mut String) {
    let half = |c: char| match c {
        '！'..='～' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
        other => other,
    };
    out.extend(text.trim().chars().map(half).flat_map(char::to_lowercase));
}

impl Names {
    /// Lays out the names of a world, on the caller's thread alone: it takes the best part of a second for a million
    /// buildings, and whoever asks for something else meanwhile should find threads free.
    pub fn of(world: &World) -> Self {
        Self(ORDER.into_iter().map(|layer| Keys::of(world, layer)).collect())
    }

    /// Hands out the layer and the id of every match in one way, larger places first, then shorter keys, then lower ids;
    /// until `found` says that it is enough. What matches in a better way is left out.
    pub fn each(&self, query: &str, way: Way, mut found: impl FnMut(Layer, u32) -> bool) {
        for keys in &self.0 {
            if !keys.each(query, way, &mut |id| found(keys.layer, id)) {
                return;
            }
        }
    }
}

impl Keys {
    fn of(world: &World, layer: Layer) -> Self {
        // As they come: all texts in a row, and of each its length, its start and whose it is.
        let mut text = String::new();
        let mut spans: Vec<(u32, u32, u32)> = Vec::new();
        let mut streets: HashSet<String> = HashSet::new();
        let mut add = |id: u32, name: &str| {
            let start = text.len();
            fold_into(name, &mut text);
            let key = &text[start..];
            let again = spans
                .last()
                .is_some_and(|&(length, at, same)| same == id && text[at as usize..(at + length) as usize] == *key);
            // A street is drawn in many pieces and found once.
            if key.is_empty() || again || layer == Layer::Streets && !streets.insert(key.to_owned()) {
                text.truncate(start);
            } else {
                spans.push((key.len() as u32, start as u32, id));
            }
        };
        match layer {
            // A record each would copy the outlines of a million buildings.
            Layer::Buildings => {
                for building in &world.buildings {
                    let code = building.code.as_ref().map_or("", |code| code.as_str());
                    [code, &building.name, &building.address].into_iter().for_each(|text| add(building.id.0, text));
                }
            }
            _ => {
                for record in world.records(layer) {
                    for field in ["code", "name", "aliases", "address"] {
                        if let Value::Text(text) = record.get(layer, field) {
                            add(record.id, text);
                        }
                    }
                }
            }
        }
        spans.sort_by_key(|(length, ..)| *length);
        let mut keys = Self { layer, text: String::new(), ends: Vec::new(), ids: Vec::new(), filters: Vec::new() };
        keys.text.reserve_exact(text.len());
        for block in spans.chunks(BLOCK) {
            let mut filter = [0; FILTER];
            for &(length, start, id) in block {
                let key = &text[start as usize..(start + length) as usize];
                pairs(key, |bit| filter[bit / 64] |= 1 << (bit % 64));
                keys.text.push_str(key);
                keys.ends.push(keys.text.len() as u32);
                keys.ids.push(id);
            }
            keys.filters.push(filter);
        }
        keys
    }

    fn key(&self, at: usize) -> &str {
        let start = if at == 0 { 0 } else { self.ends[at - 1] as usize };
        &self.text[start..self.ends[at] as usize]
    }

    /// Whether `found` wants to hear more.
    fn each(&self, query: &str, way: Way, found: &mut impl FnMut(u32) -> bool) -> bool {
        let mut wanted = [0u64; FILTER];
        inner_pairs(query, |bit| wanted[bit / 64] |= 1 << (bit % 64));
        if way != Way::Part {
            first_pair(query, |bit| wanted[bit / 64] |= 1 << (bit % 64));
        }
        let count = self.ids.len();
        let length = |at: usize| self.key(at).len();
        // Keys are sorted by length.
        let first = lower_bound(count, |at| length(at) < query.len());
        let last = if way == Way::Whole { lower_bound(count, |at| length(at) <= query.len()) } else { count };
        let mut at = first;
        while at < last {
            let block = at / BLOCK;
            let end = last.min((block + 1) * BLOCK);
            if self.filters[block].iter().zip(&wanted).all(|(has, wants)| has & wants == *wants) {
                for at in at..end {
                    let key = self.key(at);
                    let matches = match way {
                        Way::Whole => key == query,
                        Way::Start => key.len() > query.len() && key.starts_with(query),
                        Way::Part => key.len() > query.len() && !key.starts_with(query) && key.contains(query),
                    };
                    if matches && !found(self.ids[at]) {
                        return false;
                    }
                }
            }
            at = end;
        }
        true
    }
}

/// The first of `count` positions for which something no longer holds.
fn lower_bound(count: usize, holds: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) { low = middle + 1 } else { high = middle }
    }
    low
}

fn bit(a: u32, b: u32) -> usize {
    let hash = (u64::from(a) << 32 | u64::from(b)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (hash >> 53) as usize % (FILTER * 64)
}

/// Stands before the first letter of a key.
const BEFORE: u32 = u32::MAX;

fn first_pair(key: &str, mark: impl FnOnce(usize)) {
    if let Some(first) = key.chars().next() {
        mark(bit(BEFORE, first.into()));
    }
}

/// Neighbouring letters; single ones count too, for a query may be one.
fn inner_pairs(key: &str, mut mark: impl FnMut(usize)) {
    let mut last = None;
    for letter in key.chars().map(u32::from) {
        match last {
            Some(last) => mark(bit(last, letter)),
            None if key.chars().nth(1).is_none() => mark(bit(letter, letter)),
            None => {}
        }
        last = Some(letter);
    }
}

/// Everything by which a key may be asked for.
fn pairs(key: &str, mut mark: impl FnMut(usize)) {
    first_pair(key, &mut mark);
    let mut last = None;
    for letter in key.chars().map(u32::from) {
        mark(bit(letter, letter));
        if let Some(last) = last {
            mark(bit(last, letter));
        }
        last = Some(letter);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Checkpoint, CheckpointId, Coord};
    use proptest::prelude::*;

    fn names(words: &[String]) -> Names {
        let checkpoint = |(name, id): (&String, u32)| Checkpoint {
            id: CheckpointId(id),
            name: name.clone(),
            kind: None,
            interval: None,
            dwell: None,
            hours: None,
            at: Coord::new(0, 0),
        };
        let mut world = World::default();
        world.checkpoints = words.iter().zip(1..).map(checkpoint).collect();
        Names::of(&world)
    }

    proptest! {
        /// Against a plain scan of every key.
        #[test]
        fn finds_what_a_scan_finds_in_the_same_order(
            words in prop::collection::vec("[ab路街号Ａ1]{1,6}", 1..300),
            query in "[ab路街号1]{1,4}",
        ) {
            let names = names(&words);
            let keys: Vec<String> = words.iter().map(|word| fold(word)).collect();
            let mut seen = 0;
            for way in [Way::Whole, Way::Start, Way::Part] {
                let best = |key: &String| match () {
                    () if *key == query => Some(Way::Whole),
                    () if key.starts_with(&query) => Some(Way::Start),
                    () => key.contains(&query).then_some(Way::Part),
                };
                let mut expected: Vec<u32> = (1u32..).zip(&keys).filter(|(_, key)| best(key) == Some(way)).map(|(id, _)| id).collect();
                expected.sort_by_key(|id| (keys[*id as usize - 1].len(), *id));
                let mut found = Vec::new();
                names.each(&query, way, |_, id| { found.push(id); true });
                seen += found.len();
                prop_assert_eq!(found, expected);
            }
            prop_assert_eq!(seen, keys.iter().filter(|key| key.contains(&query)).count());
        }
    }

    #[test]
    fn it_stops_when_told() {
        let names = names(&["甲路".to_owned(), "甲街".to_owned(), "乙路".to_owned()]);
        let mut heard = 0;
        names.each("甲", Way::Start, |_, _| {
            heard += 1;
            false
        });
        assert_eq!(heard, 1);
    }
}
