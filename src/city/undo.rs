//! Taking a change back.

use super::{City, Snapshot};
use crate::model::{FieldFault, Layer, Value};
use crate::store::{Change, StoreError};
use std::sync::Arc;

/// Who changes something, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signed {
    /// Who.
    pub author: String,
    /// Why.
    pub reason: String,
}

impl Signed {
    /// Both must be there, since the history keeps them for ever.
    ///
    /// # Errors
    /// Which is missing or too long.
    pub fn new(author: &str, reason: &str) -> Result<Self, FieldFault> {
        let text = |field: &'static str, text: &str, most: usize, remedy: &str| {
            let text = text.trim();
            let message = match text.chars().count() {
                0 => "empty".to_owned(),
                n if n > most => format!("{n} characters; the most is {most}"),
                _ => return Ok(text.to_owned()),
            };
            Err(FieldFault { field, message, remedy: remedy.to_owned() })
        };
        Ok(Self {
            author: text("author", author, 100, "write who makes the change")?,
            reason: text("reason", reason, 1_000, "write in a few words why")?,
        })
    }
}

/// Why a change is not taken back.
#[derive(Debug, thiserror::Error)]
pub enum UndoError {
    /// There is none of this number.
    #[error("there is no change {0} in this city's history")]
    Unknown(u64),
    /// It does not stand any more.
    #[error("change {version} was undone by change {by}; undo that one to have it back")]
    Undone {
        /// The change.
        version: u64,
        /// The one that took it back.
        by: u64,
    },
    /// What it takes is not kept.
    #[error(
        "change {0} cannot be undone any more: what was there before it is kept for the latest changes only; correct the features instead"
    )]
    Forgotten(u64),
    /// Later changes would be lost with it.
    #[error("change {version} cannot be undone: {} of the features it touched changed since ({}); undo the later change first, or correct the features", .features.len(), listed(.features))]
    Changed {
        /// The change.
        version: u64,
        /// What is not any more as the change left it, each with its number; what the city says of itself has no layer.
        features: Vec<ChangedFeature>,
    },
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A feature that stands in the way of an undo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedFeature {
    /// Layer and number; `None` is the city's own description.
    pub place: Option<(Layer, u32)>,
    /// What people call it: `building 3号楼`.
    pub called: String,
}

/// So many features are named in one sentence.
const NAMED: usize = 5;

fn listed(features: &[ChangedFeature]) -> String {
    let mut named: Vec<&str> = features.iter().take(NAMED).map(|feature| feature.called.as_str()).collect();
    if features.len() > NAMED {
        named.push("...");
    }
    named.join(", ")
}

impl City {
    /// Takes a change back by a change of its own, which can be taken back in turn. Refused where it would take later
    /// changes along. Ids come back the same.
    ///
    /// # Errors
    /// See [`UndoError`].
    pub fn undo(&self, version: u64, signed: &Signed) -> Result<Arc<Snapshot>, UndoError> {
        let _writer = self.writing();
        let snapshot = self.snapshot();
        let entry = self.history(version..=version, 1)?.pop().ok_or(UndoError::Unknown(version))?;
        if let Some(by) = entry.undone_by {
            return Err(UndoError::Undone { version, by });
        }
        let effect = self.store().effect(version)?.ok_or(UndoError::Forgotten(version))?;
        let changed = effect.changed_since(&snapshot.world, &snapshot.profile);
        if !changed.is_empty() {
            let features = changed.into_iter().map(|place| snapshot.called(place)).collect();
            return Err(UndoError::Changed { version, features });
        }
        let Signed { author, reason } = signed.clone();
        // Also where nothing was touched: the history then tells that it was taken back.
        let change = Change { author, reason, undoes: Some(version), edits: effect.back() };
        Ok(self.make(snapshot, &change)?)
    }
}

impl Snapshot {
    fn called(&self, place: Option<(Layer, u32)>) -> ChangedFeature {
        let Some((layer, id)) = place else {
            return ChangedFeature { place, called: "the city's own description".to_owned() };
        };
        let name = self.world.record(layer, id).and_then(|record| {
            ["code", "name"].into_iter().find_map(|field| match record.get(layer, field) {
                Value::Text(text) => Some(text.clone()),
                _ => None,
            })
        });
        let called = format!("{} {}", layer.singular(), name.unwrap_or_else(|| format!("#{id}")));
        ChangedFeature { place, called }
    }
}
