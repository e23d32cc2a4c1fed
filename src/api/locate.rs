//! This place: who is responsible?

use super::error::{Body, Problem, Query};
use super::shapes::{GridCard, Position, position};
use super::{App, closed};
use crate::city::Snapshot;
use crate::model::{Coord, Layer};
use crate::read::datum::{Crs, Datum};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// One question in the query string.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Ask {
    /// Longitude, or easting in a projected system.
    lon: f64,
    /// Latitude, or northing in a projected system.
    lat: f64,
    /// The datum of the coordinates: `wgs84`, `gcj02`, `bd09`, `cgcs2000` or `EPSG:…`; the city's own when left out.
    crs: Option<String>,
    /// A moment (RFC 3339); the plan in force then answers.
    at: Option<String>,
}

/// The datum and moment of a batch.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AskMany {
    /// The datum of the coordinates: `wgs84`, `gcj02`, `bd09`, `cgcs2000` or `EPSG:…`; the city's own when left out.
    crs: Option<String>,
    /// A moment (RFC 3339); the plan in force then answers.
    at: Option<String>,
}

/// A building.
#[derive(Serialize, ToSchema)]
pub struct BuildingShape<'a> {
    /// Its number.
    id: u32,
    /// Its code, where it has one.
    code: Option<&'a str>,
    /// Its name with its compound's, or its address.
    name: String,
}

/// A grid that answers together with the primary one.
#[derive(Serialize, ToSchema)]
pub struct GridName<'a> {
    /// Its code.
    grid: &'a str,
    /// Its name.
    name: &'a str,
}

/// How near the primary grid's border is.
#[derive(Serialize, ToSchema)]
pub struct BorderShape<'a> {
    /// Distance in metres.
    metres: f64,
    /// The code of the grid behind it; null where nobody answers there.
    neighbour: Option<&'a str>,
}

/// Who is responsible for a place.
#[derive(Serialize, ToSchema)]
pub struct LocateAnswer<'a> {
    /// The one grid that the point belongs to; null outside every grid.
    primary: Option<GridCard<'a>>,
    /// Grids that answer jointly, because the point stands on a street along the border.
    co_responsible: Vec<GridName<'a>>,
    /// The building whose footprint holds the point.
    building: Option<BuildingShape<'a>>,
    /// The nearest border.
    border: Option<BorderShape<'a>>,
    /// The point in WGS 84, as it was looked up.
    point: Position,
    /// The datum in which the question was read.
    crs: String,
    /// The version of the city that answered.
    version: u64,
}

/// One answer of a JSON batch.
#[derive(Serialize, ToSchema)]
pub struct BatchRow<'a> {
    /// The grid's code; null outside every grid.
    grid: Option<&'a str>,
}

/// Answers of a JSON batch, in the order of the questions.
#[derive(Serialize, ToSchema)]
pub struct BatchAnswer<'a> {
    /// The datum in which the questions were read.
    crs: String,
    /// The version of the city that answered.
    version: u64,
    /// One for each point.
    results: Vec<BatchRow<'a>>,
}

/// Who is responsible for a place?
#[utoipa::path(get, path = "/api/v1/locate", tag = "lookup", params(Ask),
    responses((status = 200, body = LocateAnswer), (status = 400, body = Problem, content_type = "application/problem+json"),
              (status = 404, description = "no plan was in force then", body = Problem, content_type = "application/problem+json")))]
pub async fn locate(State(app): State<App>, Query(ask): Query<Ask>) -> Result<Response, Problem> {
    let snapshot = app.city.snapshot();
    in_force(&snapshot, ask.at.as_deref())?;
    let datum = datum(&snapshot, ask.crs.as_deref())?;
    let at = datum.coord(ask.lon, ask.lat).map_err(|e| Problem::bad_request(e.to_string()))?;
    let found = snapshot.locate(at);
    let name = |rank: u32| {
        let place = snapshot.ground.grids.places[rank as usize] as usize;
        let grid = &snapshot.world.grids[place];
        GridName { grid: grid.code.as_str(), name: &grid.name }
    };
    let building = found.building.and_then(|b| snapshot.world.buildings.get(b as usize)).map(|b| BuildingShape {
        id: b.id.0,
        code: b.code.as_ref().map(|c| c.as_str()),
        name: snapshot.building_name(b.id.0).unwrap_or_default(),
    });
    let border = found.border.map(|(metres, behind)| BorderShape {
        metres: (metres.0 * 100.0).round() / 100.0,
        neighbour: behind.map(|rank| snapshot.grid_code(rank)),
    });
    let answer = LocateAnswer {
        primary: found.primary.map(|rank| GridCard::of(&snapshot, rank, !closed(&app, Layer::Cameras))),
        co_responsible: found.co_responsible.into_iter().map(name).collect(),
        building,
        border,
        point: position(at),
        crs: datum.crs().name(),
        version: snapshot.version,
    };
    Ok(super::json(&answer))
}

/// Who is responsible for many places?
///
/// Three forms, by `Content-Type`: `application/json`, an array of `[lon, lat]`; `text/csv` with columns `id,lon,lat`,
/// answered with `id,grid`; `application/octet-stream`, little-endian i32 pairs of 1e-7 degree, answered with
/// little-endian u32 indices into `GET /api/v1/grids` of the version in `x-data-version`, 0xFFFFFFFF outside.
#[utoipa::path(post, path = "/api/v1/locate", tag = "lookup", params(AskMany),
    request_body(content(
        (Vec<[f64; 2]> = "application/json"),
        (String = "text/csv", example = "id,lon,lat\n7,104.1,30.6\n"),
        (Vec<u8> = "application/octet-stream"),
    )),
    responses((status = 200, body = BatchAnswer), (status = 400, body = Problem, content_type = "application/problem+json"),
              (status = 413, description = "more than the server's limit", body = Problem, content_type = "application/problem+json"),
              (status = 415, body = Problem, content_type = "application/problem+json")))]
pub async fn locate_many(
    State(app): State<App>,
    Query(ask): Query<AskMany>,
    headers: HeaderMap,
    Body(body): Body,
) -> Result<Response, Problem> {
    let snapshot = app.city.snapshot();
    in_force(&snapshot, ask.at.as_deref())?;
    let datum = datum(&snapshot, ask.crs.as_deref())?;
    let form = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let form = form.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let answer: fn(&Snapshot, &Datum, &[u8]) -> Result<Response, Problem> = match form.as_str() {
        "application/json" => json_batch,
        "text/csv" => csv_batch,
        "application/octet-stream" => binary_batch,
        _ => {
            let forms = "send application/json, text/csv or application/octet-stream";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, forms));
        }
    };
    // Up to a few thousand points cost less than handing them to another thread.
    const SMALL: usize = 64 * 1024;
    let mut response = if body.len() <= SMALL {
        answer(&snapshot, &datum, &body)?
    } else {
        let task = snapshot.clone();
        tokio::task::spawn_blocking(move || answer(&task, &datum, &body)).await.map_err(|e| Problem::internal(&e))??
    };
    response.headers_mut().insert("x-data-version", snapshot.version.into());
    Ok(response)
}

fn json_batch(snapshot: &Snapshot, datum: &Datum, body: &[u8]) -> Result<Response, Problem> {
    let points: Vec<[f64; 2]> = serde_json::from_slice(body)
        .map_err(|e| Problem::bad_request(format!("the body is not an array of [lon, lat]: {e}")))?;
    let coords = coords(datum, points.into_iter())?;
    let results =
        snapshot.locate_batch(&coords).into_iter().map(|rank| BatchRow { grid: snapshot.code_at(rank) }).collect();
    Ok(super::json(&BatchAnswer { crs: datum.crs().name(), version: snapshot.version, results }))
}

fn csv_batch(snapshot: &Snapshot, datum: &Datum, body: &[u8]) -> Result<Response, Problem> {
    let out = snapshot.locate_csv(datum, body).map_err(Problem::bad_request)?;
    Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], out).into_response())
}

fn binary_batch(snapshot: &Snapshot, datum: &Datum, body: &[u8]) -> Result<Response, Problem> {
    if !body.len().is_multiple_of(8) {
        return Err(Problem::bad_request(
            "the body must be pairs of little-endian i32: its length is no multiple of 8",
        ));
    }
    let pair = |bytes: &[u8]| -> Coord {
        let unit = |at: usize| i32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        Coord::new(unit(0), unit(4))
    };
    let mut points: Vec<Coord> = body.chunks_exact(8).map(pair).collect();
    if *datum.crs() != Crs::Wgs84 {
        points = coords(datum, points.iter().map(|c| [c.lon(), c.lat()]))?;
    }
    let bytes: Vec<u8> = snapshot.locate_batch(&points).into_iter().flat_map(u32::to_le_bytes).collect();
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], bytes).into_response())
}

fn coords(datum: &Datum, points: impl Iterator<Item = [f64; 2]>) -> Result<Vec<Coord>, Problem> {
    let convert = |(i, [lon, lat]): (usize, [f64; 2])| {
        datum.coord(lon, lat).map_err(|e| Problem::bad_request(format!("point {i}: {e}")))
    };
    points.enumerate().map(convert).collect()
}

/// The datum asked for, or the city's own; an unknown name is refused, never guessed.
fn datum(snapshot: &Snapshot, name: Option<&str>) -> Result<Datum, Problem> {
    let crs = Crs::parse(name.unwrap_or(&snapshot.profile.crs)).map_err(|e| Problem::bad_request(e.to_string()))?;
    Datum::new(crs).map_err(|e| Problem::bad_request(e.to_string()))
}

/// Only the current plan is kept until plans are published: an earlier moment has no answer, and none is made up.
fn in_force(snapshot: &Snapshot, at: Option<&str>) -> Result<(), Problem> {
    let Some(at) = at else { return Ok(()) };
    let moment: jiff::Timestamp = at.parse().map_err(|_| {
        Problem::bad_request(format!("at: `{at}` is not an RFC 3339 time such as 2026-11-22T08:00:00+08:00"))
    })?;
    if moment < snapshot.since {
        return Err(Problem::not_found(format!(
            "no plan that this server keeps was in force at {at}: the current one holds since {}",
            snapshot.since
        )));
    }
    Ok(())
}
