//! The syntax of GeoJSON, forgiving about each feature and strict about the file: a feature that makes no sense carries
//! its fault along instead of ending the reading.
//!
//! Coordinates go straight into flat vectors; a tree of JSON values would take ten times the memory.

use super::super::raw::Outline;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value as Json};
use std::fmt;

/// Most positions in one feature. The coastline of the largest city has fewer than a hundred thousand.
const MOST_POSITIONS: usize = 5_000_000;

/// A feature as the file gives it.
#[derive(Debug, Default)]
pub(super) struct RawFeature {
    pub id: Option<Json>,
    pub properties: Map<String, Json>,
    pub geometry: Option<RawGeometry>,
    /// Why it is no feature at all.
    pub fault: Option<&'static str>,
}

/// A geometry as the file gives it.
#[derive(Debug, Default)]
pub(super) struct RawGeometry {
    pub kind: String,
    pub nest: Nest,
}

/// Nested lists of positions, flattened.
#[derive(Debug, Default)]
pub(super) struct Nest {
    pub outline: Outline,
    /// How deep: 1 a position, 2 a list of them, 3 a list of lists, 4 one more.
    pub depth: u8,
    pub fault: Option<&'static str>,
}

/// What stands at the top of a file.
#[derive(Debug, Default)]
pub(super) struct Document {
    pub features: Vec<RawFeature>,
    /// The `crs` member: a name, or whatever else stood there.
    pub crs: Option<Json>,
    /// Why it is no GeoJSON.
    pub fault: Option<&'static str>,
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Top;
        impl<'de> Visitor<'de> for Top {
            type Value = Document;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a FeatureCollection, a Feature or a list of Features")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Document, A::Error> {
                let mut document = Document::default();
                let (mut kind, mut single) = (String::new(), RawFeature::default());
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "type" => kind = text_of(map.next_value()?),
                        "features" => document.features = map.next_value::<Features>()?.0,
                        "crs" => document.crs = Some(map.next_value()?),
                        _ => single.take(&key, &mut map)?,
                    }
                }
                match kind.as_str() {
                    "FeatureCollection" => {}
                    "Feature" => document.features = vec![single],
                    "Topology" => document.fault = Some("this is TopoJSON, not GeoJSON"),
                    "" => document.fault = Some("the object has no `type`"),
                    _ => document.fault = Some("neither a FeatureCollection nor a Feature nor a list of Features"),
                }
                Ok(document)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Document, A::Error> {
                let features = visit_features(seq)?;
                Ok(Document { features, ..Document::default() })
            }
        }
        deserializer.deserialize_any(Top)
    }
}

struct Features(Vec<RawFeature>);

impl<'de> Deserialize<'de> for Features {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Features;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of Features")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Features, A::Error> {
                visit_features(seq).map(Features)
            }
        }
        deserializer.deserialize_seq(List)
    }
}

fn visit_features<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<Vec<RawFeature>, A::Error> {
    let mut features = Vec::new();
    while let Some(feature) = seq.next_element()? {
        features.push(feature);
    }
    Ok(features)
}

fn text_of(json: Json) -> String {
    if let Json::String(text) = json { text } else { String::new() }
}

impl RawFeature {
    fn take<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "id" => self.id = Some(map.next_value()?),
            "properties" => match map.next_value()? {
                Json::Object(properties) => self.properties = properties,
                Json::Null => {}
                _ => self.fault = Some("its properties are no object"),
            },
            "geometry" => self.geometry = map.next_value::<Lenient<RawGeometry>>()?.0,
            _ => {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for RawFeature {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fault = "it is no Feature object";
        let read = Lenient::<Members<RawFeature>>::deserialize(deserializer)?.0;
        Ok(read.map_or(RawFeature { fault: Some(fault), ..RawFeature::default() }, |members| members.0))
    }
}

/// Reads an object member by member.
trait FromMembers: Default {
    fn member<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error>;
}

impl FromMembers for RawFeature {
    fn member<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        self.take(key, map)
    }
}

impl FromMembers for RawGeometry {
    fn member<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "type" => self.kind = text_of(map.next_value()?),
            "coordinates" => {
                let mut nest = Nest::default();
                let height = map.next_value_seed(Level { nest: &mut nest })?;
                nest.depth = height;
                self.nest = nest;
            }
            _ => {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

struct Members<T>(T);

/// An object, or `None` for any other value.
struct Lenient<T>(Option<T>);

impl<'de> Deserialize<'de> for Lenient<RawGeometry> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = Lenient::<Members<RawGeometry>>::deserialize(deserializer)?.0;
        Ok(Self(read.map(|members| members.0)))
    }
}

impl<'de, T: FromMembers> Deserialize<'de> for Lenient<Members<T>> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object<T>(std::marker::PhantomData<T>);
        impl<'de, T: FromMembers> Visitor<'de> for Object<T> {
            type Value = Option<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Option<T>, A::Error> {
                let mut value = T::default();
                while let Some(key) = map.next_key::<String>()? {
                    value.member(&key, &mut map)?;
                }
                Ok(Some(value))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Option<T>, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(None)
            }
            fn visit_unit<E>(self) -> Result<Option<T>, E> {
                Ok(None)
            }
            fn visit_bool<E>(self, _: bool) -> Result<Option<T>, E> {
                Ok(None)
            }
            fn visit_i64<E>(self, _: i64) -> Result<Option<T>, E> {
                Ok(None)
            }
            fn visit_u64<E>(self, _: u64) -> Result<Option<T>, E> {
                Ok(None)
            }
            fn visit_f64<E>(self, _: f64) -> Result<Option<T>, E> {
                Ok(None)
            }
            fn visit_str<E>(self, _: &str) -> Result<Option<T>, E> {
                Ok(None)
            }
        }
        deserializer.deserialize_any(Object(std::marker::PhantomData)).map(|read| Self(read.map(Members)))
    }
}

/// One value within `coordinates`; yields its height: 0 a number, 1 a position and so on. The JSON parser itself ends
/// nesting at 128.
struct Level<'n> {
    nest: &'n mut Nest,
}

impl<'de> DeserializeSeed<'de> for Level<'_> {
    type Value = u8;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<u8, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Level<'_> {
    fn fault<E>(self, fault: &'static str) -> Result<u8, E> {
        self.nest.fault.get_or_insert(fault);
        Ok(0)
    }
}

impl<'de> Visitor<'de> for Level<'_> {
    type Value = u8;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("coordinates")
    }
    fn visit_i64<E>(self, _: i64) -> Result<u8, E> {
        self.fault("a number stands where a list should")
    }
    fn visit_u64<E>(self, _: u64) -> Result<u8, E> {
        self.fault("a number stands where a list should")
    }
    fn visit_f64<E>(self, _: f64) -> Result<u8, E> {
        self.fault("a number stands where a list should")
    }
    fn visit_unit<E>(self) -> Result<u8, E> {
        self.fault("null among the coordinates")
    }
    fn visit_bool<E>(self, _: bool) -> Result<u8, E> {
        self.fault("a word among the coordinates")
    }
    fn visit_str<E>(self, _: &str) -> Result<u8, E> {
        self.fault("text among the coordinates")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<u8, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        self.fault("an object among the coordinates")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<u8, A::Error> {
        let Self { nest } = self;
        let mut position = [0.0; 2];
        let mut height: Option<u8> = None;
        let mut count = 0;
        while let Some(item) = seq.next_element_seed(Item { nest })? {
            let found = match item {
                Entry::Number(n) => {
                    if let Some(slot) = position.get_mut(count) {
                        *slot = n;
                    }
                    0
                }
                Entry::List(found) => found,
            };
            if *height.get_or_insert(found) != found {
                nest.fault.get_or_insert("its coordinates are nested unevenly");
            }
            count += 1;
        }
        match height {
            None => {
                nest.fault.get_or_insert("an empty list of coordinates");
                return Ok(0);
            }
            Some(0) if count < 2 => {
                nest.fault.get_or_insert("a position with one number");
            }
            Some(0) if nest.outline.positions.len() >= MOST_POSITIONS => {
                nest.fault.get_or_insert("more positions than one feature may have");
            }
            Some(0) => nest.outline.positions.push(position),
            Some(1) => nest.outline.lists.push(nest.outline.positions.len()),
            Some(2) => nest.outline.groups.push(nest.outline.lists.len()),
            Some(3) => {}
            Some(_) => {
                nest.fault.get_or_insert("its coordinates are nested too deeply");
            }
        }
        Ok(height.unwrap_or_default().saturating_add(1))
    }
}

enum Entry {
    Number(f64),
    List(u8),
}

/// An entry of a list: a number, or a deeper list.
struct Item<'n> {
    nest: &'n mut Nest,
}

impl<'de> DeserializeSeed<'de> for Item<'_> {
    type Value = Entry;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Entry, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Item<'_> {
    type Value = Entry;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a coordinate")
    }
    fn visit_i64<E>(self, n: i64) -> Result<Entry, E> {
        Ok(Entry::Number(n as f64))
    }
    fn visit_u64<E>(self, n: u64) -> Result<Entry, E> {
        Ok(Entry::Number(n as f64))
    }
    fn visit_f64<E>(self, n: f64) -> Result<Entry, E> {
        Ok(Entry::Number(n))
    }
    fn visit_unit<E: serde::de::Error>(self) -> Result<Entry, E> {
        Level { nest: self.nest }.visit_unit().map(Entry::List)
    }
    fn visit_bool<E: serde::de::Error>(self, b: bool) -> Result<Entry, E> {
        Level { nest: self.nest }.visit_bool(b).map(Entry::List)
    }
    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Entry, E> {
        Level { nest: self.nest }.visit_str(text).map(Entry::List)
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Entry, A::Error> {
        Level { nest: self.nest }.visit_map(map).map(Entry::List)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Entry, A::Error> {
        Level { nest: self.nest }.visit_seq(seq).map(Entry::List)
    }
}
