//! The data desk: files in, looked at, read on trial, imported.

use super::error::{Json, Path, Problem, Query};
use super::features::{Signature, refused};
use super::shapes::ProblemShape;
use super::{App, aside, json};
use crate::city::desk::files::{FilesError, OnDesk};
use crate::city::desk::look::SheetLook;
use crate::city::desk::trial::{self, Ask};
use crate::city::jobs::{Failure, Pace};
use crate::model::FieldFault;
use crate::read::Source;
use crate::read::datum::{Crs, Datum};
use axum::body::{Body, HttpBody};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::pin::Pin;
use utoipa::{IntoParams, ToSchema};

/// What an upload says of itself.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UploadQuery {
    /// The file's name: `grids.shp`. The parts of a shapefile are told by it.
    name: String,
}

/// A column of a table.
#[derive(Serialize, ToSchema)]
pub struct ColumnLook {
    /// Its name.
    name: String,
    /// Some of its values.
    sample: Vec<String>,
}

/// How a file with the same columns was read last time.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Remembered {
    /// As which layer.
    layer: String,
    /// In which datum, where somebody stated it.
    crs: Option<String>,
    /// Field and column, where somebody stated them.
    map: BTreeMap<String, String>,
}

/// A table of a file.
#[derive(Serialize, ToSchema)]
pub struct SheetShape {
    /// Its name.
    name: String,
    /// How many rows.
    rows: u64,
    /// `point`, `line`, `area`, `mixed` or `none`.
    geometry: &'static str,
    /// Its columns.
    columns: Vec<ColumnLook>,
    /// The datum that the file names.
    declared: Option<String>,
    /// The layer that it seems to be.
    layer: Option<&'static str>,
    /// How a file with the same columns was read last time.
    remembered: Option<Remembered>,
}

/// A file at the desk: one, or the parts of a shapefile.
#[derive(Serialize, ToSchema)]
pub struct FileAnswer {
    /// Its number.
    id: String,
    /// Its name.
    name: String,
    /// The names of its parts, the file itself first.
    parts: Vec<String>,
    /// How large all of them are.
    bytes: u64,
    /// `shapefile`, `geojson`, ...; null where it is none that is read here.
    format: Option<&'static str>,
    /// Its tables; none of OpenStreetMap, which is read as `osm`.
    sheets: Vec<SheetShape>,
    /// Why it cannot be read, or what is missing.
    problem: Option<ProblemShape>,
}

/// The files at the desk.
#[derive(Serialize, ToSchema)]
pub struct FilesAnswer {
    /// In the order in which they came.
    files: Vec<FileAnswer>,
}

impl From<FilesError> for Problem {
    fn from(error: FilesError) -> Self {
        let status = match &error {
            FilesError::Nameless => StatusCode::BAD_REQUEST,
            FilesError::Full(_) => StatusCode::PAYLOAD_TOO_LARGE,
            FilesError::Io(io) if io.kind() == std::io::ErrorKind::StorageFull => StatusCode::INSUFFICIENT_STORAGE,
            FilesError::Io(io) => return Self::internal(io),
        };
        Self::new(status, error.to_string())
    }
}

/// So much of an upload is gathered before it goes to the disk.
const PIECE: usize = 1 << 20;

/// Takes a file in, whatever its size: it goes to the disk piece by piece.
#[utoipa::path(post, path = "/api/v1/desk/files", tag = "desk", params(UploadQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = FileAnswer), (status = 400, body = Problem, content_type = "application/problem+json"),
              (status = 403, body = Problem, content_type = "application/problem+json"),
              (status = 408, description = "no more of it came for too long", body = Problem, content_type = "application/problem+json"),
              (status = 413, description = "no room at the desk", body = Problem, content_type = "application/problem+json"),
              (status = 507, description = "the disk is full", body = Problem, content_type = "application/problem+json")))]
pub async fn upload(
    State(app): State<App>,
    Query(query): Query<UploadQuery>,
    mut body: Body,
) -> Result<Response, Problem> {
    let mut coming = app.desk.take(&query.name)?;
    let mut piece = Vec::with_capacity(PIECE);
    loop {
        let next = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx));
        let frame = tokio::time::timeout(app.config.request_timeout(), next).await.map_err(|_| {
            Problem::new(StatusCode::REQUEST_TIMEOUT, "nothing more of the file came for too long; send it again")
        })?;
        let last = frame.is_none();
        if let Some(frame) = frame {
            let cut = |_| Problem::bad_request("the file broke off on its way; send it again");
            // Frames that are no data are trailers.
            if let Ok(data) = frame.map_err(cut)?.into_data() {
                piece.extend_from_slice(&data);
            }
        }
        if piece.len() >= PIECE || last && !piece.is_empty() {
            let full = std::mem::replace(&mut piece, Vec::with_capacity(PIECE));
            coming = aside(move || coming.write(&full).map(|()| coming)).await??;
        }
        if last {
            break;
        }
    }
    aside(move || {
        let file = app.desk.put(coming)?;
        let mut response = json(&file_answer(&app, &file)?);
        *response.status_mut() = StatusCode::CREATED;
        Ok(response)
    })
    .await?
}

/// The files at the desk.
#[utoipa::path(get, path = "/api/v1/desk/files", tag = "desk", responses((status = 200, body = FilesAnswer)))]
pub async fn files(State(app): State<App>) -> Result<Response, Problem> {
    aside(move || {
        let files: Result<Vec<FileAnswer>, Problem> =
            app.desk.all().iter().map(|file| file_answer(&app, file)).collect();
        Ok(json(&FilesAnswer { files: files? }))
    })
    .await?
}

/// One file at the desk.
#[utoipa::path(get, path = "/api/v1/desk/files/{id}", tag = "desk", params(("id" = u64, Path, description = "its number")),
    responses((status = 200, body = FileAnswer), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn file(State(app): State<App>, Path(id): Path<u64>) -> Result<Response, Problem> {
    let file = on_desk(&app, id)?;
    aside(move || Ok(json(&file_answer(&app, &file)?))).await?
}

/// Takes a file off the desk.
#[utoipa::path(delete, path = "/api/v1/desk/files/{id}", tag = "desk", params(("id" = u64, Path, description = "its number")),
    responses((status = 204), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn remove(State(app): State<App>, Path(id): Path<u64>) -> Result<Response, Problem> {
    on_desk(&app, id)?;
    aside(move || app.desk.remove(id)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn on_desk(app: &App, id: u64) -> Result<OnDesk, Problem> {
    let gone = || {
        Problem::not_found(format!(
            "no file {id} at the desk; after an hour unasked for it is taken away: send it again"
        ))
    };
    app.desk.get(id).ok_or_else(gone)
}

fn file_answer(app: &App, file: &OnDesk) -> Result<FileAnswer, Problem> {
    let sheets: Result<Vec<SheetShape>, Problem> =
        file.look.sheets.iter().map(|sheet| sheet_shape(app, sheet)).collect();
    Ok(FileAnswer {
        id: file.id.to_string(),
        name: file.name.clone(),
        parts: file.parts.clone(),
        bytes: file.bytes,
        format: file.look.format.map(|format| format.word()),
        sheets: sheets?,
        problem: file.look.problem.as_ref().map(ProblemShape::of),
    })
}

fn sheet_shape(app: &App, sheet: &SheetLook) -> Result<SheetShape, Problem> {
    let noted = match &sheet.signature {
        Some(signature) => app.city.noted(&note_of(signature)).map_err(|e| Problem::internal(&e))?,
        None => None,
    };
    let column = |(name, sample): &(String, Vec<String>)| ColumnLook { name: name.clone(), sample: sample.clone() };
    Ok(SheetShape {
        name: sheet.name.clone(),
        rows: sheet.rows,
        geometry: sheet.geometry,
        columns: sheet.columns.iter().map(column).collect(),
        declared: sheet.declared.clone(),
        layer: sheet.source.map(Source::word),
        // What an older program noted otherwise is no longer of use.
        remembered: noted.and_then(|text| serde_json::from_str(&text).ok()),
    })
}

/// Where the city notes how a file with these columns was read.
fn note_of(signature: &str) -> String {
    format!("columns/{signature}")
}

/// How a file is to be read.
#[derive(Clone, Deserialize, ToSchema)]
pub struct Reading {
    /// The file's number.
    file: String,
    /// The sheet, of a file with several.
    sheet: Option<String>,
    /// `osm` or a layer.
    layer: String,
    /// The datum, where it is known: `bd09`, `EPSG:4549`.
    crs: Option<String>,
    /// Whether latitude or northing stands first; left out, the evidence decides.
    swapped: Option<bool>,
    /// Field and column, an empty one for none; for tables also `lon`, `lat`, `position` or `wkt`.
    #[serde(default)]
    map: BTreeMap<String, String>,
    /// Remove from the layer what the file does not mention.
    #[serde(default)]
    replace: bool,
}

/// How a file is to be read, by whom, and why.
#[derive(Deserialize, ToSchema)]
pub struct Importing {
    /// How.
    #[serde(flatten)]
    reading: Reading,
    /// Who.
    author: String,
    /// Why.
    reason: String,
}

/// A job that was begun.
#[derive(Serialize, ToSchema)]
pub struct Begun {
    /// Its number; `GET /api/v1/jobs/{id}` tells how far it is.
    job: String,
}

impl Reading {
    fn ask(&self) -> Result<Ask, Problem> {
        let fault =
            |field, message: String, remedy: &str| refused(&[FieldFault { field, message, remedy: remedy.to_owned() }]);
        let source = Source::parse(&self.layer).ok_or_else(|| {
            fault("layer", format!("no layer `{}`", self.layer), "use osm or a layer of /api/v1/schema")
        })?;
        let remedy = "use wgs84, gcj02, bd09, cgcs2000 or EPSG:code";
        let crs = self.crs.as_deref().map(Crs::parse).transpose().map_err(|e| fault("crs", e.to_string(), remedy))?;
        if let Some(crs) = &crs {
            Datum::new(crs.clone()).map_err(|e| fault("crs", e.to_string(), remedy))?;
        }
        let map = self.map.iter().map(|(field, column)| (field.clone(), column.clone())).collect();
        let (sheet, swapped, replace) = (self.sheet.clone(), self.swapped, self.replace);
        Ok(Ask { source, sheet, crs, swapped, map, replace })
    }

    fn file(&self, app: &App) -> Result<OnDesk, Problem> {
        on_desk(app, self.file.parse().map_err(|_| Problem::not_found(format!("no file `{}` at the desk", self.file)))?)
    }

    /// Notes for the next file with the same columns how this one was read.
    fn remember(&self, app: &App, file: &OnDesk) {
        let sheets = &file.look.sheets;
        let sheet = match &self.sheet {
            Some(name) => sheets.iter().find(|sheet| sheet.name == *name),
            None => sheets.first().filter(|_| sheets.len() == 1),
        };
        let Some(signature) = sheet.and_then(|sheet| sheet.signature.as_deref()) else { return };
        let how = Remembered { layer: self.layer.clone(), crs: self.crs.clone(), map: self.map.clone() };
        // The import is made; a note that cannot be kept costs a few clicks.
        let noted = serde_json::to_string(&how).map(|text| app.city.note(&note_of(signature), &text));
        if let Ok(Err(error)) = noted {
            tracing::warn!(%error, "how the file was read could not be noted");
        }
    }
}

fn begun(
    app: &App,
    task: impl FnOnce(&Pace) -> Result<Outcome, Failure> + Send + 'static,
) -> Result<Response, Problem> {
    let busy =
        || Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too many jobs wait already; try again when some have ended");
    let id = app.jobs.begin(task).ok_or_else(busy)?;
    let mut response = json(&Begun { job: id.to_string() });
    *response.status_mut() = StatusCode::ACCEPTED;
    Ok(response)
}

/// What a job of the desk came to.
pub enum Outcome {
    /// A trial.
    Preview(Box<trial::Preview>),
    /// An import.
    Imported(trial::Imported),
}

/// Reads a file on trial: nothing changes.
#[utoipa::path(post, path = "/api/v1/desk/preview", tag = "desk", request_body = Reading,
    responses((status = 202, body = Begun), (status = 403, body = Problem, content_type = "application/problem+json"),
              (status = 404, body = Problem, content_type = "application/problem+json"),
              (status = 422, body = Problem, content_type = "application/problem+json"),
              (status = 503, body = Problem, content_type = "application/problem+json")))]
pub async fn preview(State(app): State<App>, Json(reading): Json<Reading>) -> Result<Response, Problem> {
    let (ask, file) = (reading.ask()?, reading.file(&app)?);
    let city = app.clone();
    begun(&app, move |pace| {
        trial::preview(&file.bundle(), &city.city.snapshot(), &ask, pace)
            .map(|preview| Outcome::Preview(Box::new(preview)))
    })
}

/// Imports a file; where there are errors nothing changes.
#[utoipa::path(post, path = "/api/v1/desk/import", tag = "desk", request_body = Importing,
    responses((status = 202, body = Begun), (status = 403, body = Problem, content_type = "application/problem+json"),
              (status = 404, body = Problem, content_type = "application/problem+json"),
              (status = 422, body = Problem, content_type = "application/problem+json"),
              (status = 503, body = Problem, content_type = "application/problem+json")))]
pub async fn import(State(app): State<App>, Json(importing): Json<Importing>) -> Result<Response, Problem> {
    let Importing { reading, author, reason } = importing;
    let signed = Signature { author, reason }.signed()?;
    let (ask, file) = (reading.ask()?, reading.file(&app)?);
    let task = app.clone();
    begun(&app, move |pace| {
        let imported = trial::import(&task.city, &file.bundle(), &ask, &signed, pace)?;
        reading.remember(&task, &file);
        task.desk.remove(file.id);
        Ok(Outcome::Imported(imported))
    })
}
