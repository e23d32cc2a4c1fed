//! What happened, and taking it back.

use super::error::{Json, Path, Problem, Query};
use super::features::{Signature, VersionAnswer};
use super::guard::editable;
use super::{App, aside, closed, json};
use crate::city::undo::{ChangedFeature, UndoError};
use crate::store::Entry;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which changes to list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ChangesQuery {
    /// Only versions above this one.
    since: Option<u64>,
    /// Only versions below this one: the page after one that ended there.
    before: Option<u64>,
    /// Changes at most, up to 1,000.
    limit: Option<usize>,
}

/// How many things of a layer a change touched.
#[derive(Serialize, ToSchema)]
pub struct TouchedShape {
    /// The layer.
    layer: &'static str,
    /// New things.
    added: u64,
    /// Things that became different.
    updated: u64,
    /// Things that are gone.
    removed: u64,
}

/// A line of the history.
#[derive(Serialize, ToSchema)]
pub struct ChangeShape {
    /// The version of the city that it made.
    version: u64,
    /// When (RFC 3339).
    time: String,
    /// Who; empty where nobody said, and on a server that others than this machine can reach.
    author: String,
    /// Why.
    reason: String,
    /// What it did, by layer.
    tallies: Vec<TouchedShape>,
    /// The version that it took back.
    undoes: Option<u64>,
    /// The version that took it back and stands.
    undone_by: Option<u64>,
    /// Whether what it takes to undo it is kept, and it stands.
    undoable: bool,
}

/// The history, newest first.
#[derive(Serialize, ToSchema)]
pub struct ChangesAnswer {
    /// Newest first.
    changes: Vec<ChangeShape>,
}

/// What happened, newest first.
#[utoipa::path(get, path = "/api/v1/changes", tag = "editing", params(ChangesQuery),
    responses((status = 200, body = ChangesAnswer), (status = 400, body = Problem, content_type = "application/problem+json")))]
pub async fn list(State(app): State<App>, Query(query): Query<ChangesQuery>) -> Result<Response, Problem> {
    let first = query.since.map_or(0, |since| since.saturating_add(1));
    let last = query.before.map_or(u64::MAX, |before| before.saturating_sub(1));
    let limit = query.limit.unwrap_or(100).min(1_000);
    aside(move || {
        let entries = app.city.history(first..=last, limit).map_err(|e| Problem::internal(&e))?;
        Ok(json(&ChangesAnswer { changes: entries.into_iter().map(|entry| shape(&app, entry)).collect() }))
    })
    .await?
}

fn shape(app: &App, entry: Entry) -> ChangeShape {
    let open = entry.touched.into_iter().filter(|touched| !closed(app, touched.layer));
    ChangeShape {
        version: entry.version,
        time: entry.time.to_string(),
        author: if editable(app).is_ok() { entry.author } else { String::new() },
        reason: entry.reason,
        tallies: open
            .map(|t| TouchedShape { layer: t.layer.word(), added: t.added, updated: t.updated, removed: t.removed })
            .collect(),
        undoes: entry.undoes,
        undone_by: entry.undone_by,
        undoable: entry.undoable,
    }
}

/// Takes a change back by a new change; the undo of an undo does it again.
#[utoipa::path(post, path = "/api/v1/changes/{version}/undo", tag = "editing", request_body = Signature,
    params(("version" = u64, Path, description = "the change")),
    responses((status = 200, body = VersionAnswer), (status = 403, body = Problem, content_type = "application/problem+json"),
              (status = 404, body = Problem, content_type = "application/problem+json"),
              (status = 409, description = "it cannot be taken back; `features` are in the way", body = Problem, content_type = "application/problem+json"),
              (status = 422, body = Problem, content_type = "application/problem+json")))]
pub async fn undo(
    State(app): State<App>,
    Path(version): Path<u64>,
    Json(signature): Json<Signature>,
) -> Result<Response, Problem> {
    let signed = signature.signed()?;
    aside(move || Ok(json(&VersionAnswer { version: app.city.undo(version, &signed)?.version }))).await?
}

/// A feature that stands in the way of an undo.
#[derive(Serialize)]
struct InTheWay {
    layer: Option<&'static str>,
    id: Option<u32>,
    called: String,
}

/// So many features are listed in one answer.
const LISTED: usize = 1_000;

impl From<UndoError> for Problem {
    fn from(error: UndoError) -> Self {
        let conflict = || Self::new(StatusCode::CONFLICT, error.to_string());
        let shape = |feature: &ChangedFeature| InTheWay {
            layer: feature.place.map(|(layer, _)| layer.word()),
            id: feature.place.map(|(_, id)| id),
            called: feature.called.clone(),
        };
        match &error {
            UndoError::Unknown(_) => Self::not_found(error.to_string()),
            UndoError::Undone { .. } | UndoError::Forgotten(_) => conflict(),
            UndoError::Changed { features, .. } => {
                conflict().with("features", features.iter().take(LISTED).map(shape).collect::<Vec<_>>())
            }
            UndoError::Store(error) => Self::internal(error),
        }
    }
}
