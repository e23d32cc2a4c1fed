//! All the things of one city, as plain values.

use super::buildings::{Building, Compound, Institution};
use super::cameras::{Camera, Checkpoint, Service};
use super::geometry::Bounds;
use super::land::{Barrier, Green, Water};
use super::layer::Layer;
use super::places::{Community, District, Grid, Subdistrict, Zone};
use super::record::{Entity, FieldFault, Record};
use super::streets::Street;
use std::collections::{BTreeMap, BTreeSet};

macro_rules! world {
    ($($field:ident: $type:ident $layer:ident),* $(,)?) => {
        /// Every layer, each sorted by id; ids are unique within a layer and never reused while the city lives.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct World {
            $(#[doc = concat!("All ", stringify!($field), ", sorted by id.")]
            pub $field: Vec<$type>,)*
            /// The highest id that each layer ever gave away, in the order of [`Layer::ALL`].
            given: [u32; Layer::ALL.len()],
        }

        impl World {
            /// How many things a layer holds.
            pub fn count(&self, layer: Layer) -> usize {
                match layer { $(Layer::$layer => self.$field.len()),* }
            }

            /// A layer in flat form, in order of id.
            pub fn records(&self, layer: Layer) -> Box<dyn Iterator<Item = Record> + '_> {
                match layer { $(Layer::$layer => Box::new(self.$field.iter().map(Entity::to_record))),* }
            }

            /// One thing in flat form.
            pub fn record(&self, layer: Layer, id: u32) -> Option<Record> {
                match layer { $(Layer::$layer => find(&self.$field, id).map(|at| self.$field[at].to_record())),* }
            }

            /// Adds a record, or replaces the one with its id. An id of 0 asks for the next free one, which is returned.
            ///
            /// # Errors
            /// The field that is missing or cannot be understood; the world is then unchanged.
            pub fn put(&mut self, layer: Layer, record: &Record) -> Result<u32, FieldFault> {
                let given = self.given(layer);
                let id = match layer { $(Layer::$layer => put(&mut self.$field, $type::from_record(record)?, given)),* };
                self.keep_given(layer, id);
                Ok(id)
            }

            /// Adds or replaces many records that have ids, in one pass over the layer.
            ///
            /// # Errors
            /// The id and the fault of the first record that is not a thing of the layer; those before it may be in.
            pub fn put_all<'a>(
                &mut self,
                layer: Layer,
                records: impl IntoIterator<Item = &'a Record>,
            ) -> Result<(), (u32, FieldFault)> {
                let highest = match layer { $(Layer::$layer => put_all(&mut self.$field, records)?),* };
                self.keep_given(layer, highest);
                Ok(())
            }

            /// The ids of a layer, ascending.
            pub fn ids(&self, layer: Layer) -> Box<dyn Iterator<Item = u32> + '_> {
                match layer { $(Layer::$layer => Box::new(self.$field.iter().map(Entity::number))),* }
            }

            /// Removes many things in one pass; how many were there.
            pub fn delete_all(&mut self, layer: Layer, ids: &BTreeSet<u32>) -> usize {
                let before = self.count(layer);
                match layer { $(Layer::$layer => self.$field.retain(|thing| !ids.contains(&thing.number()))),* }
                before - self.count(layer)
            }

            /// Removes a thing; whether it was there.
            pub fn delete(&mut self, layer: Layer, id: u32) -> bool {
                match layer { $(Layer::$layer => delete(&mut self.$field, id)),* }
            }
        }
    };
}

world! {
    districts: District Districts,
    subdistricts: Subdistrict Subdistricts,
    communities: Community Communities,
    grids: Grid Grids,
    zones: Zone Zones,
    compounds: Compound Compounds,
    institutions: Institution Institutions,
    buildings: Building Buildings,
    streets: Street Streets,
    water: Water Water,
    green: Green Green,
    barriers: Barrier Barriers,
    cameras: Camera Cameras,
    checkpoints: Checkpoint Checkpoints,
    services: Service Services,
}

impl World {
    /// The highest id that a layer ever gave away; a deleted thing's id is not used again.
    pub fn given(&self, layer: Layer) -> u32 {
        self.given[layer as usize]
    }

    /// Raises that mark, as a city file that is loaded does.
    pub fn keep_given(&mut self, layer: Layer, id: u32) {
        let mark = &mut self.given[layer as usize];
        *mark = id.max(*mark);
    }

    /// The box around everything; `None` for an empty city.
    pub fn bounds(&self) -> Option<Bounds> {
        Layer::ALL
            .into_iter()
            .flat_map(|layer| self.records(layer))
            .filter_map(|record| record.geometry.bounds())
            .reduce(Bounds::union)
    }
}

/// The position of an id in a layer.
pub fn find<T: Entity>(layer: &[T], id: u32) -> Option<usize> {
    layer.binary_search_by_key(&id, Entity::number).ok()
}

fn put<T: Entity>(layer: &mut Vec<T>, mut thing: T, given: u32) -> u32 {
    if thing.number() == 0 {
        thing.renumber(layer.last().map_or(0, Entity::number).max(given) + 1);
    }
    let id = thing.number();
    match layer.binary_search_by_key(&id, Entity::number) {
        Ok(at) => layer[at] = thing,
        Err(at) => layer.insert(at, thing),
    }
    id
}

/// Gives back the highest id among the records.
fn put_all<'a, T: Entity>(
    layer: &mut Vec<T>,
    records: impl IntoIterator<Item = &'a Record>,
) -> Result<u32, (u32, FieldFault)> {
    let mut highest = 0;
    // What belongs between the things that are there goes in at the end, all at once.
    let mut between: BTreeMap<u32, T> = BTreeMap::new();
    for record in records {
        let thing = T::from_record(record).map_err(|fault| (record.id, fault))?;
        highest = highest.max(record.id);
        if layer.last().is_none_or(|last| last.number() < record.id) {
            layer.push(thing);
            continue;
        }
        match find(layer, record.id) {
            Some(at) => layer[at] = thing,
            None => drop(between.insert(record.id, thing)),
        }
    }
    if !between.is_empty() {
        layer.extend(between.into_values());
        layer.sort_by_key(Entity::number);
    }
    Ok(highest)
}

fn delete<T: Entity>(layer: &mut Vec<T>, id: u32) -> bool {
    let at = find(layer, id);
    at.map(|at| layer.remove(at)).is_some()
}
