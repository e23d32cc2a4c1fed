//! Work that takes long: how far it is, what it came to.

use super::desk::Outcome;
use super::error::{Path, Problem};
use super::shapes::{Extent, ProblemShape, extent};
use super::{App, aside, json};
use crate::city::desk::trial::{FieldUse, Imported, Preview, Row, Shown};
use crate::city::import::{Fate, Tally};
use crate::city::jobs::{Failure, State as JobState};
use crate::model::{FieldKind, Layer, Problem as Told, Severity, Value};
use crate::read::evidence::Verdict;
use crate::write::{WriteError, geojson, problems};
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// So many problems are listed in a result; the download has all.
const LISTED: usize = 1_000;

/// A job.
#[derive(Serialize, ToSchema)]
pub struct JobAnswer {
    /// Its number.
    id: String,
    /// `running`, `done`, `failed` or `cancelled`.
    state: &'static str,
    /// What it does now, or did last: `reading grids.shp`.
    what: String,
    /// How much of that is done.
    done: u64,
    /// How much there is; 0 where nobody knows.
    all: u64,
    /// What it came to.
    result: Option<ResultShape>,
    /// Why it came to nothing; where the data is at fault, `result` holds its problems.
    problem: Option<Problem>,
}

/// What a job came to.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(clippy::large_enum_variant, reason = "written once and dropped")]
pub enum ResultShape {
    /// A trial.
    Preview(PreviewShape),
    /// An import.
    Imported(ImportedShape),
    /// Nothing, for the data is at fault.
    Refused(RefusedShape),
}

/// Why nothing was imported.
#[derive(Serialize, ToSchema)]
pub struct RefusedShape {
    /// What is wrong.
    problems: ProblemsShape,
}

/// What importing a file did.
#[derive(Serialize, ToSchema)]
pub struct ImportedShape {
    /// The version of the city that holds it.
    version: u64,
    /// What happened to each layer.
    tallies: Vec<TallyShape>,
    /// What to know.
    problems: ProblemsShape,
}

/// What happens to a layer.
#[derive(Serialize, ToSchema)]
pub struct TallyShape {
    /// The layer.
    layer: &'static str,
    /// New things.
    added: u32,
    /// Things that change.
    updated: u32,
    /// Things that are there already.
    unchanged: u32,
    /// Things that go.
    removed: u32,
    /// Things whose household figure is derived anew.
    derived: u32,
}

/// How many problems, and the worst of them.
#[derive(Serialize, ToSchema)]
pub struct ProblemsShape {
    /// How many errors.
    errors: usize,
    /// How many warnings.
    warnings: usize,
    /// How many notes.
    notes: usize,
    /// The first thousand, worst first.
    list: Vec<ProblemShape>,
}

/// How well a datum fits.
#[derive(Serialize, ToSchema)]
pub struct ScoreShape {
    /// The datum.
    crs: String,
    /// Latitude before longitude.
    swapped: bool,
    /// Part of the places on known ground, 0 to 1.
    inside: f64,
    /// Part of the vertices upon known lines, 0 to 1.
    fit: f64,
}

/// Which datum was taken, and why.
#[derive(Serialize, ToSchema)]
pub struct DatumShape {
    /// The datum; null where none is clear.
    crs: Option<String>,
    /// Whether latitude stands before longitude in the file.
    swapped: bool,
    /// `stated`, `declared`, `detected`, `prescribed` or `refused`.
    how: &'static str,
    /// How the candidates fit, best first; empty where nothing was tried.
    scores: Vec<ScoreShape>,
    /// The same in words.
    message: String,
}

/// Where a field's values come from.
#[derive(Serialize, ToSchema)]
pub struct FieldUseShape {
    /// The field.
    name: &'static str,
    /// Its type.
    #[schema(value_type = String)]
    kind: FieldKind,
    /// Whether nothing is a thing of the layer without it.
    required: bool,
    /// The columns that feed it.
    columns: Vec<String>,
}

/// A row of the file.
#[derive(Serialize, ToSchema)]
pub struct TrialRow {
    /// Its number.
    row: u64,
    /// Fields with a value.
    #[schema(value_type = BTreeMap<String, serde_json::Value>)]
    cells: BTreeMap<&'static str, Value>,
    /// How many problems it has.
    problems: usize,
}

/// What importing a file would do.
#[derive(Serialize, ToSchema)]
pub struct PreviewShape {
    /// As what it was read.
    layer: &'static str,
    /// Which datum was taken; null where the file was not read that far, and for OpenStreetMap.
    datum: Option<DatumShape>,
    /// Where each field's values come from.
    fields: Vec<FieldUseShape>,
    /// Columns that no field takes.
    unused: Vec<String>,
    /// What would happen.
    tallies: Vec<TallyShape>,
    /// What is wrong.
    problems: ProblemsShape,
    /// The first rows.
    rows: Vec<TrialRow>,
    /// How many rows there are.
    total: u64,
    /// A GeoJSON FeatureCollection in WGS 84 of at most 3,000 features, with `row`, `worst` and `change`.
    #[schema(value_type = Object)]
    features: serde_json::Value,
    /// The box around all features.
    bounds: Option<Extent>,
    /// Whether there is something to import and nothing in its way.
    importable: bool,
}

/// How far a job is.
#[utoipa::path(get, path = "/api/v1/jobs/{id}", tag = "desk", params(("id" = u64, Path, description = "its number")),
    responses((status = 200, body = JobAnswer), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn job(State(app): State<App>, Path(id): Path<u64>) -> Result<Response, Problem> {
    let report = app.jobs.report(id).ok_or_else(|| unknown(id))?;
    aside(move || {
        let (state, result, problem) = match report.state {
            JobState::Running => ("running", None, None),
            JobState::Done(outcome) => ("done", Some(result_shape(&outcome)?), None),
            JobState::Failed(Failure::Cancelled) => ("cancelled", None, None),
            JobState::Failed(Failure::Data(problems)) => {
                let problems = problems_shape(&problems);
                let detail = format!(
                    "nothing was imported: {} errors; mend them in the file, or leave those rows out",
                    problems.errors
                );
                let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail);
                ("failed", Some(ResultShape::Refused(RefusedShape { problems })), Some(problem))
            }
            JobState::Failed(Failure::Server) => ("failed", None, Some(server_failed())),
        };
        let (done, all) = (report.done, report.all);
        Ok(json(&JobAnswer { id: report.id.to_string(), state, what: report.what, done, all, result, problem }))
    })
    .await?
}

/// Gives a job up. It has ended when this answers.
#[utoipa::path(delete, path = "/api/v1/jobs/{id}", tag = "desk", params(("id" = u64, Path, description = "its number")),
    responses((status = 204), (status = 404, body = Problem, content_type = "application/problem+json"),
              (status = 409, description = "it is writing already", body = Problem, content_type = "application/problem+json")))]
pub async fn cancel(State(app): State<App>, Path(id): Path<u64>) -> Result<Response, Problem> {
    match app.jobs.cancel(id) {
        Some(true) => Ok(StatusCode::NO_CONTENT.into_response()),
        Some(false) => Err(Problem::new(StatusCode::CONFLICT, "the import is being written; undo it when it is done")),
        None => Err(unknown(id)),
    }
}

/// All problems of a job as a file, one JSON object a line.
#[utoipa::path(get, path = "/api/v1/jobs/{id}/problems.jsonl", tag = "desk", params(("id" = u64, Path, description = "the job's number")),
    responses((status = 200, body = Vec<u8>, content_type = "application/x-ndjson"),
              (status = 404, body = Problem, content_type = "application/problem+json"),
              (status = 409, description = "it has not ended", body = Problem, content_type = "application/problem+json")))]
pub async fn problems_jsonl(State(app): State<App>, Path(id): Path<u64>) -> Result<Response, Problem> {
    let told = problems_of(&app, id)?;
    aside(move || {
        let mut lines = Vec::new();
        problems::json_lines(&mut lines, &told).map_err(|e| Problem::internal(&e))?;
        Ok(attachment(lines, "application/x-ndjson", "attachment; filename=\"problems.jsonl\""))
    })
    .await?
}

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// All problems of a job as a workbook, with row numbers.
#[utoipa::path(get, path = "/api/v1/jobs/{id}/problems.xlsx", tag = "desk", params(("id" = u64, Path, description = "the job's number")),
    responses((status = 200, body = Vec<u8>, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
              (status = 404, body = Problem, content_type = "application/problem+json"),
              (status = 409, description = "it has not ended", body = Problem, content_type = "application/problem+json"),
              (status = 422, description = "a workbook cannot hold so many", body = Problem, content_type = "application/problem+json")))]
pub async fn problems_xlsx(State(app): State<App>, Path(id): Path<u64>) -> Result<Response, Problem> {
    let told = problems_of(&app, id)?;
    aside(move || {
        let mut book = Vec::new();
        problems::workbook(&mut book, &told).map_err(|error| match error {
            WriteError::Io(error) => Problem::internal(&error),
            too_many => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, format!("{too_many}; problems.jsonl holds all")),
        })?;
        Ok(attachment(book, XLSX, "attachment; filename=\"problems.xlsx\""))
    })
    .await?
}

fn attachment(bytes: Vec<u8>, kind: &'static str, name: &'static str) -> Response {
    let headers = [(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)];
    (headers.map(|(name, value)| (name, HeaderValue::from_static(value))), bytes).into_response()
}

fn problems_of(app: &App, id: u64) -> Result<Arc<Vec<Told>>, Problem> {
    match app.jobs.report(id).ok_or_else(|| unknown(id))?.state {
        JobState::Running => Err(Problem::new(StatusCode::CONFLICT, "the job has not ended; ask again when it has")),
        JobState::Done(outcome) => Ok(match &*outcome {
            Outcome::Preview(preview) => preview.problems.clone(),
            Outcome::Imported(imported) => imported.problems.clone(),
        }),
        JobState::Failed(Failure::Data(problems)) => Ok(problems),
        JobState::Failed(_) => Ok(Arc::default()),
    }
}

fn unknown(id: u64) -> Problem {
    Problem::not_found(format!("no job {id}; what a job came to is kept for an hour"))
}

fn server_failed() -> Problem {
    let detail = "the server failed; its log says why under this job's number";
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
}

fn problems_shape(problems: &[Told]) -> ProblemsShape {
    let count = |severity| problems.iter().filter(|problem| problem.severity == severity).count();
    ProblemsShape {
        errors: count(Severity::Error),
        warnings: count(Severity::Warning),
        notes: count(Severity::Note),
        list: problems.iter().take(LISTED).map(ProblemShape::of).collect(),
    }
}

fn tallies(tallies: &[(Layer, Tally)]) -> Vec<TallyShape> {
    let shape = |(layer, t): &(Layer, Tally)| TallyShape {
        layer: layer.word(),
        added: t.added,
        updated: t.updated,
        unchanged: t.unchanged,
        removed: t.removed,
        derived: t.derived,
    };
    tallies.iter().map(shape).collect()
}

fn result_shape(outcome: &Outcome) -> Result<ResultShape, Problem> {
    Ok(match outcome {
        Outcome::Preview(preview) => ResultShape::Preview(preview_shape(preview)?),
        Outcome::Imported(Imported { version, tallies: done, problems }) => ResultShape::Imported(ImportedShape {
            version: *version,
            tallies: tallies(done),
            problems: problems_shape(problems),
        }),
    })
}

fn preview_shape(preview: &Preview) -> Result<PreviewShape, Problem> {
    let field =
        |f: &FieldUse| FieldUseShape { name: f.name, kind: f.kind, required: f.required, columns: f.columns.clone() };
    let row = |r: &Row| TrialRow { row: r.number, cells: r.cells.iter().cloned().collect(), problems: r.problems };
    Ok(PreviewShape {
        layer: preview.source.word(),
        datum: preview.datum.as_ref().map(|verdict| datum_shape(verdict, &preview.problems)),
        fields: preview.fields.iter().map(field).collect(),
        unused: preview.unused.clone(),
        tallies: tallies(&preview.tallies),
        problems: problems_shape(&preview.problems),
        rows: preview.rows.iter().map(row).collect(),
        total: preview.total,
        features: collection(&preview.features)?,
        bounds: preview.bounds.map(extent),
        importable: preview.importable,
    })
}

fn datum_shape(verdict: &Verdict, problems: &[Told]) -> DatumShape {
    let told = problems.iter().find(|problem| problem.code.contains("crs"));
    let share = |x: f64| (x * 10_000.0).round() / 10_000.0;
    DatumShape {
        crs: verdict.crs.as_ref().map(|(crs, _)| crs.short()),
        swapped: verdict.crs.as_ref().is_some_and(|(_, swapped)| *swapped),
        how: verdict.how.word(),
        scores: verdict
            .scores
            .iter()
            .map(|s| ScoreShape {
                crs: s.crs.short(),
                swapped: s.swapped,
                inside: share(s.inside),
                fit: share(s.aligned),
            })
            .collect(),
        message: told.map_or_else(String::new, |problem| problem.message.clone()),
    }
}

/// The features as GeoJSON.
fn collection(features: &[Shown]) -> Result<serde_json::Value, Problem> {
    let mut out = b"{\"type\":\"FeatureCollection\",\"features\":[".to_vec();
    for (i, shown) in features.iter().enumerate() {
        let properties = serde_json::json!({
            "row": shown.row,
            "worst": match shown.worst {
                Some(Severity::Error) => "error",
                Some(Severity::Warning) => "warning",
                Some(Severity::Note) => "note",
                None => "none",
            },
            "change": match shown.fate {
                Fate::Added => "added",
                Fate::Updated => "updated",
                Fate::Unchanged => "unchanged",
                Fate::Doubled => "doubled",
                Fate::Refused => "refused",
            },
        });
        let comma = if i == 0 { "" } else { "," };
        out.extend_from_slice(
            format!("{comma}{{\"type\":\"Feature\",\"properties\":{properties},\"geometry\":").as_bytes(),
        );
        geojson::geometry(&mut out, &shown.geometry).map_err(|e| Problem::internal(&e))?;
        out.push(b'}');
    }
    out.extend_from_slice(b"]}");
    serde_json::from_slice(&out).map_err(|e| Problem::internal(&e))
}
