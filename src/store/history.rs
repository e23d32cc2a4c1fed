//! What changes did, and how they are taken back.
//!
//! Who changed how much, when and why is kept for as long as the city lives. Beside it stands, for as long as there is
//! room, the [`Effect`] of each change: the things it changed and removed as they were before, and the numbers alone of
//! those it added. Taking a change back is a change of its own, so it can be taken back in turn.

use super::{Change, Edit};
use crate::model::{Layer, Profile, Record, World};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

/// How many things of a layer a change touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touched {
    /// The layer.
    pub layer: Layer,
    /// New things.
    pub added: u64,
    /// Things that became different.
    pub updated: u64,
    /// Things that are gone.
    pub removed: u64,
}

/// A line of the history.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The number of the change.
    pub version: u64,
    /// When it was made.
    pub time: jiff::Timestamp,
    /// Who made it; empty where nobody said.
    pub author: String,
    /// Why.
    pub reason: String,
    /// What it did, by layer.
    pub touched: Vec<Touched>,
    /// The change that it took back.
    pub undoes: Option<u64>,
    /// The change that took it back and stands.
    pub undone_by: Option<u64>,
    /// Whether it can be taken back, as far as the history knows: its effect is kept, and it stands.
    pub undoable: bool,
}

/// What a change did to what was there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    layers: Vec<LayerEffect>,
    /// What the city said of itself before, and the digest of what it says since.
    described: Option<(Box<Profile>, u64)>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct LayerEffect {
    layer: Layer,
    /// The numbers of the things touched, ascending, as ranges that include both ends.
    ids: Vec<(u32, u32)>,
    /// For each of them the digest of its record after the change; 0 where it is gone.
    after: Vec<u64>,
    /// Those that were there before, as they were, by id; the others were added.
    before: Vec<Record>,
}

impl LayerEffect {
    fn ids(&self) -> impl Iterator<Item = u32> + '_ {
        self.ids.iter().flat_map(|(first, last)| *first..=*last)
    }
}

impl Effect {
    /// The effect of a change that made `after` of `before`.
    pub fn of(change: &Change, before: (&World, &Profile), after: (&World, &Profile)) -> Self {
        let mut effect = Self::default();
        if before.1 != after.1 {
            effect.described = Some((Box::new(before.1.clone()), digest(after.1)));
        }
        let mut touched: [Vec<u32>; Layer::ALL.len()] = Default::default();
        for edit in &change.edits {
            match edit {
                Edit::Put(layer, Record { id, .. }) | Edit::Delete(layer, id) => touched[*layer as usize].push(*id),
                Edit::Describe(_) => {}
            }
        }
        for (layer, mut ids) in Layer::ALL.into_iter().zip(touched) {
            ids.sort_unstable();
            ids.dedup();
            let look = |id: u32| (id, before.0.record(layer, id), state(after.0, layer, id));
            let looked: Vec<(u32, Option<Record>, u64)> = ids.into_par_iter().map(look).collect();
            let mut of_layer = LayerEffect { layer, ids: Vec::new(), after: Vec::new(), before: Vec::new() };
            for (id, old, new) in looked {
                if old.as_ref().map_or(0, Record::digest) == new {
                    continue;
                }
                match of_layer.ids.last_mut() {
                    Some((_, last)) if last.checked_add(1) == Some(id) => *last = id,
                    _ => of_layer.ids.push((id, id)),
                }
                of_layer.after.push(new);
                of_layer.before.extend(old);
            }
            if !of_layer.ids.is_empty() {
                effect.layers.push(of_layer);
            }
        }
        effect
    }

    /// How many things of each layer were touched.
    pub fn touched(&self) -> Vec<Touched> {
        let count = |of: &LayerEffect| {
            let removed = of.after.iter().filter(|digest| **digest == 0).count() as u64;
            let there = of.before.len() as u64;
            Touched { layer: of.layer, added: of.after.len() as u64 - there, updated: there - removed, removed }
        };
        self.layers.iter().map(count).collect()
    }

    /// The things that are not any more as the change left them; none where it can be taken back. What the city says of
    /// itself counts as one without a layer.
    pub fn changed_since(&self, world: &World, profile: &Profile) -> Vec<Option<(Layer, u32)>> {
        let described = self.described.as_ref().is_some_and(|(_, after)| digest(profile) != *after);
        let mut changed = if described { vec![None] } else { Vec::new() };
        for of in &self.layers {
            let ids: Vec<(u32, u64)> = of.ids().zip(of.after.iter().copied()).collect();
            let other = |(id, after): &(u32, u64)| (state(world, of.layer, *id) != *after).then_some((of.layer, *id));
            changed.extend(ids.par_iter().filter_map(other).map(Some).collect::<Vec<_>>());
        }
        changed
    }

    /// The edits that take the change back.
    pub fn back(self) -> Vec<Edit> {
        let mut edits = Vec::new();
        for of in self.layers {
            let had = |id: &u32| of.before.binary_search_by_key(id, |record| record.id).is_ok();
            edits.extend(of.ids().filter(|id| !had(id)).map(|id| Edit::Delete(of.layer, id)));
            edits.extend(of.before.into_iter().map(|record| Edit::Put(of.layer, record)));
        }
        edits.extend(self.described.map(|(before, _)| Edit::Describe(before)));
        edits
    }
}

/// The digest of a thing as it is; 0 where there is none.
fn state(world: &World, layer: Layer, id: u32) -> u64 {
    world.record(layer, id).map_or(0, |record| record.digest())
}

fn digest(profile: &Profile) -> u64 {
    // Plain values written as JSON into memory cannot fail; an empty text would only be another digest.
    xxh3_64(&serde_json::to_vec(profile).unwrap_or_default())
}
