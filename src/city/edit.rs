//! One thing added, corrected or removed by hand: the rules are those for files, and what follows from it is worked out
//! as after an import.

use super::import::derive_households;
use super::undo::Signed;
use super::{City, Snapshot};
use crate::index::point_of;
use crate::model::{Bounds, Coord, FieldFault, Geometry, Layer, Problem, Record, Severity, Value, World};
use crate::read::{canonical, one};
use crate::store::{Change, Edit, StoreError};
use serde_json::{Map, Value as Json};
use std::collections::{BTreeSet, HashMap};

/// A thing as somebody sees it before changing it.
#[derive(Clone, Debug, PartialEq)]
pub struct Feature {
    /// Its layer.
    pub layer: Layer,
    /// Everything it holds.
    pub record: Record,
    /// A point that stands for it.
    pub anchor: Coord,
    /// The box around it.
    pub bounds: Bounds,
    /// The version of the city that holds it so.
    pub version: u64,
}

impl Feature {
    /// Names this state of the thing: whoever changes it says which state they saw.
    pub fn tag(&self) -> String {
        format!("{:016x}", self.record.digest())
    }
}

/// What somebody wants a thing to be.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    /// Fields by their canonical names; null clears one, and what is not named stays.
    pub properties: &'a Map<String, Json>,
    /// A GeoJSON geometry in WGS 84; where there is none it stays.
    pub geometry: Option<&'a Json>,
}

/// A thing after it was changed.
#[derive(Clone, Debug)]
pub struct Edited {
    /// As it is now; `None` where it was removed.
    pub feature: Option<Feature>,
    /// The version of the city that holds it so.
    pub version: u64,
    /// What the editor should know.
    pub remarks: Vec<Problem>,
}

/// Why a thing is not changed.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// It is not there.
    #[error("there is no {} with the number {}; it may have been removed", .0.singular(), .1)]
    Missing(Layer, u32),
    /// Somebody changed it meanwhile.
    #[error("the {} was changed by somebody else since you read it; look at it as it is now and change it again", .0.layer.singular())]
    Stale(Box<Feature>),
    /// What was asked for is not possible.
    #[error("{}", told(.0))]
    Refused(Vec<FieldFault>),
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn told(faults: &[FieldFault]) -> String {
    faults.iter().map(|fault| format!("{fault} ({})", fault.remedy)).collect::<Vec<_>>().join("; ")
}

impl From<FieldFault> for EditError {
    fn from(fault: FieldFault) -> Self {
        Self::Refused(vec![fault])
    }
}

fn fault(field: &'static str, message: impl Into<String>, remedy: impl Into<String>) -> FieldFault {
    FieldFault { field, message: message.into(), remedy: remedy.into() }
}

impl Snapshot {
    /// A thing by its number.
    pub fn feature(&self, layer: Layer, id: u32) -> Option<Feature> {
        let record = self.world.record(layer, id)?;
        let bounds = record.geometry.bounds()?;
        Some(Feature { layer, anchor: point_of(&record.geometry), bounds, record, version: self.version })
    }

    /// The thing that an editor saw, if it still is as they saw it.
    fn seen(&self, layer: Layer, id: u32, saw: &dyn Fn(&str) -> bool) -> Result<Feature, EditError> {
        let feature = self.feature(layer, id).ok_or(EditError::Missing(layer, id))?;
        if saw(&feature.tag()) { Ok(feature) } else { Err(EditError::Stale(Box::new(feature))) }
    }
}

impl City {
    /// Adds a thing.
    ///
    /// # Errors
    /// See [`EditError`].
    pub fn add(&self, signed: &Signed, layer: Layer, wish: Wish<'_>) -> Result<Edited, EditError> {
        let mut remarks = Vec::new();
        let mut given = 0;
        let after = self.change(|snapshot| {
            refuse_borders(layer)?;
            if wish.geometry.is_none() {
                return Err(fault("geometry", "it has no geometry", "draw it").into());
            }
            let record = fitted(snapshot, layer, None, wish, &mut remarks)?;
            let mut world = snapshot.world.clone();
            given = world.put(layer, &record)?;
            let edit = Edit::Put(layer, Record { id: given, ..record });
            Ok::<_, EditError>(followed(snapshot, world, edit, signed))
        })?;
        Ok(Edited { feature: after.feature(layer, given), version: after.version, remarks })
    }

    /// Corrects or moves a thing. `saw` tells whether a state's tag is one that the editor saw.
    ///
    /// # Errors
    /// See [`EditError`].
    pub fn correct(
        &self,
        signed: &Signed,
        (layer, id): (Layer, u32),
        saw: &dyn Fn(&str) -> bool,
        wish: Wish<'_>,
    ) -> Result<Edited, EditError> {
        let mut remarks = Vec::new();
        let after = self.change(|snapshot| {
            let old = snapshot.seen(layer, id, saw)?.record;
            let record = fitted(snapshot, layer, Some(&old), wish, &mut remarks)?;
            if record == old {
                return Ok(Change::default());
            }
            let mut world = snapshot.world.clone();
            world.put(layer, &record)?;
            Ok::<_, EditError>(followed(snapshot, world, Edit::Put(layer, record), signed))
        })?;
        Ok(Edited { feature: after.feature(layer, id), version: after.version, remarks })
    }

    /// Removes a thing. `saw` as in [`City::correct`].
    ///
    /// # Errors
    /// See [`EditError`].
    pub fn remove(
        &self,
        signed: &Signed,
        (layer, id): (Layer, u32),
        saw: &dyn Fn(&str) -> bool,
    ) -> Result<Edited, EditError> {
        let after = self.change(|snapshot| {
            snapshot.seen(layer, id, saw)?;
            refuse_borders(layer)?;
            let mut world = snapshot.world.clone();
            world.delete_all(layer, &BTreeSet::from([id]));
            Ok::<_, EditError>(followed(snapshot, world, Edit::Delete(layer, id), signed))
        })?;
        Ok(Edited { feature: None, version: after.version, remarks: Vec::new() })
    }
}

/// Places that tile the plane share their borders; one alone cannot be drawn.
fn refuse_borders(layer: Layer) -> Result<(), FieldFault> {
    if !layer.tiles_the_plane() {
        return Ok(());
    }
    Err(fault(
        "geometry",
        format!(
            "{layer} are drawn together, so that no gap or overlap comes between them; by hand only their attributes change"
        ),
        format!("correct the borders in a file and import it as {layer}"),
    ))
}

/// The change that an edit makes together with what follows from it; `world` has the edit already.
fn followed(before: &Snapshot, mut world: World, edit: Edit, signed: &Signed) -> Change {
    let mut edits = vec![edit];
    derive_households(&mut world, &before.profile, &mut edits, &mut HashMap::new());
    Change { author: signed.author.clone(), reason: signed.reason.clone(), undoes: None, edits }
}

/// The record that a wish makes of the old one.
fn fitted(
    snapshot: &Snapshot,
    layer: Layer,
    old: Option<&Record>,
    wish: Wish<'_>,
    remarks: &mut Vec<Problem>,
) -> Result<Record, EditError> {
    let mut faults = Vec::new();
    let mut values = old.map_or_else(|| vec![Value::Null; layer.fields().len()], |old| old.values.clone());
    for (name, json) in wish.properties {
        let Some(at) = layer.fields().iter().position(|field| field.name == name) else {
            let known: Vec<&str> = layer.fields().iter().map(|field| field.name).collect();
            let remedy = format!("use one of: {}", known.join(", "));
            faults.push(fault("properties", format!("{layer} have no field `{name}`"), remedy));
            continue;
        };
        match one::value(layer, &layer.fields()[at], json) {
            Ok(value) => values[at] = value,
            Err(fault) => faults.push(fault),
        }
    }
    count_anew(layer, old, wish.properties, &mut values, &mut faults);
    let mut geometry = old.map(|old| old.geometry.clone());
    if let Some(json) = wish.geometry {
        match one::geometry(layer, json) {
            Ok((drawn, _)) if old.is_some_and(|old| old.geometry == drawn) => {}
            Ok((drawn, repairs)) => {
                if let Err(fault) = refuse_borders(layer) {
                    faults.push(fault);
                }
                remarks.extend(repairs);
                geometry = Some(drawn);
            }
            Err(fault) => faults.push(fault),
        }
    }
    let Some(geometry) = geometry.filter(|_| faults.is_empty()) else { return Err(EditError::Refused(faults)) };
    let record = canonical(layer, &Record { id: old.map_or(0, |old| old.id), geometry, values: values.clone() })?;
    for (field, (said, kept)) in layer.fields().iter().zip(values.iter().zip(&record.values)) {
        if wish.properties.contains_key(field.name) && *said != Value::Null && *kept == Value::Null {
            faults.push(fault(
                field.name,
                "it describes a number of households, and there is none",
                "give households with it",
            ));
        }
    }
    refuse_twins(snapshot, layer, &record, remarks, &mut faults);
    if !faults.is_empty() {
        return Err(EditError::Refused(faults));
    }
    remark_place(snapshot, layer, old, &record, remarks);
    Ok(record)
}

/// A number of households that somebody states was counted by them: it does not keep the day or the origin of the one
/// before it. What Gridweave derived, it also describes itself.
fn count_anew(
    layer: Layer,
    old: Option<&Record>,
    properties: &Map<String, Json>,
    values: &mut [Value],
    faults: &mut Vec<FieldFault>,
) {
    let at = |name: &str| layer.fields().iter().position(|field| field.name == name);
    let (Some(count), Some(origin), Some(day)) = (at("households"), at("provenance"), at("as_of")) else { return };
    let named = |name: &str| properties.contains_key(name);
    let changed = |values: &[Value], at: usize| values.get(at) != Some(old.map_or(&Value::Null, |old| &old.values[at]));
    let derived = |value: Option<&Value>| matches!(value, Some(Value::Text(word)) if word != "surveyed");
    // Sent back as it was read, with its origin, it was not counted.
    let counted = changed(values, count) || changed(values, origin) || named("households") && !named("provenance");
    if !counted {
        let derived = derived(values.get(origin));
        let described = [("basis", at("basis")), ("as_of", Some(day))];
        for (name, _) in described.into_iter().filter(|(_, at)| derived && at.is_some_and(|at| changed(values, at))) {
            let message = "the number of households was not counted but derived from others";
            faults.push(fault(name, message, "give households with it"));
        }
        return;
    }
    if named("provenance") && derived(values.get(origin)) {
        let message = "only Gridweave says that a figure was spread or estimated";
        faults.push(fault("provenance", message, "leave it out, or write surveyed"));
    }
    for (name, at) in [("provenance", origin), ("as_of", day)] {
        if let Some(value) = values.get_mut(at).filter(|_| !named(name)) {
            *value = Value::Null;
        }
    }
}

/// Two things of one code: refused where the code is what people ask by, else told.
fn refuse_twins(
    snapshot: &Snapshot,
    layer: Layer,
    record: &Record,
    remarks: &mut Vec<Problem>,
    faults: &mut Vec<FieldFault>,
) {
    let Value::Text(code) = record.get(layer, "code") else { return };
    let same = |other: &Record| other.id != record.id && other.get(layer, "code") == record.get(layer, "code");
    let Some(twin) = snapshot.world.records(layer).find(same) else { return };
    let message = format!("{} number {} has the code {code} too", layer.singular(), twin.id);
    let remedy = "give one of them a code of its own";
    if layer.tiles_the_plane() {
        faults.push(fault("code", message, remedy));
    } else {
        remarks.push(Problem::new(Severity::Warning, "code-twice", message, remedy));
    }
}

/// What an editor should know of the place: a slip of the hand can move a building to another grid.
fn remark_place(snapshot: &Snapshot, layer: Layer, old: Option<&Record>, record: &Record, remarks: &mut Vec<Problem>) {
    if old.is_some_and(|old| old.geometry == record.geometry) {
        return;
    }
    let at = point_of(&record.geometry);
    let degrees = [at.lon(), at.lat()];
    let told = |code: &str, message: String, remedy: &str| Problem {
        at: Some(degrees),
        ..Problem::new(Severity::Warning, code, message, remedy)
    };
    if snapshot.ground.bounds.is_some_and(|city| record.geometry.bounds().is_none_or(|own| !city.touches(&own))) {
        let message = format!("{:.7}, {:.7} lies outside everything that the city holds", at.lon(), at.lat());
        remarks.push(told("outside-the-city", message, "check the datum and the order of longitude and latitude"));
        return;
    }
    let stands = |geometry: &Geometry| snapshot.ground.grids.locate(point_of(geometry));
    let named = |rank: Option<u32>| rank.map_or("no grid".to_owned(), |r| format!("grid {}", snapshot.grid_code(r)));
    let (now, before) = (stands(&record.geometry), old.map(|old| stands(&old.geometry)));
    let mine = !matches!(layer, Layer::Zones | Layer::Streets | Layer::Water | Layer::Green | Layer::Barriers);
    match before {
        Some(before) if mine && before != now => {
            let message = format!("it stood in {} and stands in {} now", named(before), named(now));
            remarks.push(told("moved-grid", message, "undo the change if that was not meant"));
        }
        None if mine && now.is_none() && !snapshot.world.grids.is_empty() => {
            remarks.push(told("outside-every-grid", "it stands in no grid".to_owned(), "draw it where it is"));
        }
        _ => {}
    }
}
