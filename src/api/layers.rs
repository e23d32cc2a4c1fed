//! Every layer as a table, one grid as a card, and the city as a whole.

use super::error::{Path, Problem, Query};
use super::guard::editable;
use super::shapes::{Extent, GridCard, Position, extent, position};
use super::{App, closed, json, open_layer};
use crate::city::table::Query as TableQuery;
use crate::city::{Found, Snapshot};
use crate::model::{Bounds, Coord, Layer, Value};
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// What to list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// `west,south,east,north` in WGS 84 degrees: only what touches this box.
    bbox: Option<String>,
    /// A grid's code: only what stands in it.
    grid: Option<String>,
    /// Only rows in which some text or code contains this.
    q: Option<String>,
    /// A column name; with `-` before it, descending.
    sort: Option<String>,
    /// Rows at most, up to 1,000.
    limit: Option<usize>,
    /// Rows to leave out first.
    offset: Option<usize>,
}

/// A column.
#[derive(Serialize, ToSchema)]
pub struct Column {
    /// Its name, as in the rows.
    name: &'static str,
    /// `text`, `code`, `integer`, `real`, `bool` or `date`.
    #[schema(value_type = String)]
    kind: crate::model::FieldKind,
}

/// A row: its number, where it is, and a value for each column that is known.
#[derive(Serialize, ToSchema)]
pub struct RowShape {
    /// Number within the layer: the feature id in the tiles.
    id: u32,
    /// A point that stands for it.
    anchor: Position,
    /// The box around it.
    bounds: Extent,
    /// The cells, by column name.
    #[serde(flatten)]
    #[schema(value_type = BTreeMap<String, serde_json::Value>)]
    cells: BTreeMap<&'static str, Value>,
}

/// A page of a layer's table.
#[derive(Serialize, ToSchema)]
pub struct TablePage {
    /// The layer.
    layer: &'static str,
    /// The version of the city that answered.
    version: u64,
    /// How many rows match.
    total: usize,
    /// The columns.
    fields: Vec<Column>,
    /// The page.
    rows: Vec<RowShape>,
}

/// Lists a layer.
#[utoipa::path(get, path = "/api/v1/{layer}", tag = "layers",
    params(("layer" = String, Path, description = "districts, subdistricts, communities, grids, zones, buildings, compounds, institutions, streets, water, green, barriers, cameras, checkpoints or services"), ListQuery),
    responses((status = 200, body = TablePage), (status = 400, body = Problem, content_type = "application/problem+json"),
              (status = 403, description = "closed on this server", body = Problem, content_type = "application/problem+json"),
              (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn list(
    State(app): State<App>,
    Path(layer): Path<String>,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    let layer = open_layer(&app, &layer)?;
    let snapshot = app.city.snapshot();
    let sort = query.sort.map(|s| match s.strip_prefix('-') {
        Some(column) => (column.to_owned(), true),
        None => (s, false),
    });
    if let Some((column, _)) = &sort
        && (!crate::city::table::columns(layer).iter().any(|(name, _)| name == column) || hidden(&app, column))
    {
        return Err(Problem::bad_request(format!("sort: {layer} has no column `{column}`")));
    }
    let grid = match query.grid {
        Some(code) => Some(
            snapshot.grid_by_code(&code).ok_or_else(|| Problem::not_found(format!("no grid has the code `{code}`")))?,
        ),
        None => None,
    };
    let ask = TableQuery {
        bounds: query.bbox.as_deref().map(bbox).transpose()?,
        grid,
        text: query.q.unwrap_or_default(),
        sort,
        offset: query.offset.unwrap_or(0),
        limit: query.limit.unwrap_or(100).min(1_000),
    };
    // A whole layer is looked at to sort it; keep that off the threads that answer quick questions.
    tokio::task::spawn_blocking(move || {
        let table = snapshot.table(layer, &ask).ok_or_else(|| Problem::bad_request("sort: no such column"))?;
        let fields: Vec<Column> = table
            .columns
            .iter()
            .filter(|(name, _)| !hidden(&app, name))
            .map(|(name, kind)| Column { name, kind: *kind })
            .collect();
        let rows = table.rows.into_iter().map(|row| RowShape {
            id: row.id,
            anchor: position(row.anchor),
            bounds: extent(row.bounds),
            cells: table
                .columns
                .iter()
                .map(|(name, _)| *name)
                .zip(row.cells)
                .filter(|(name, _)| !hidden(&app, name))
                .collect(),
        });
        Ok(json(&TablePage {
            layer: layer.word(),
            version: snapshot.version,
            total: table.total,
            fields,
            rows: rows.collect(),
        }))
    })
    .await
    .map_err(|e| Problem::internal(&e))?
}

/// How many cameras a grid has is closed with the cameras.
fn hidden(app: &App, column: &str) -> bool {
    column == Layer::Cameras.word() && closed(app, Layer::Cameras)
}

fn bbox(text: &str) -> Result<Bounds, Problem> {
    let bad = || Problem::bad_request(format!("bbox: `{text}` is not west,south,east,north in degrees"));
    let numbers: Vec<f64> =
        text.split(',').map(|part| part.trim().parse()).collect::<Result<_, _>>().map_err(|_| bad())?;
    let [west, south, east, north] = numbers[..] else { return Err(bad()) };
    // A map that is zoomed out shows more than the world; what lies beyond holds nothing.
    let corner =
        |lon: f64, lat: f64| Coord::from_degrees(lon.clamp(-180.0, 180.0), lat.clamp(-90.0, 90.0)).ok_or_else(bad);
    let (min, max) = (corner(west, south)?, corner(east, north)?);
    if min.x > max.x || min.y > max.y {
        return Err(bad());
    }
    Ok(Bounds { min, max })
}

/// One grid and all that is known about it.
#[utoipa::path(get, path = "/api/v1/grids/{code}", tag = "layers", params(("code" = String, Path, description = "the grid's code")),
    responses((status = 200, body = GridCard), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn grid(State(app): State<App>, Path(code): Path<String>) -> Result<Response, Problem> {
    let snapshot = app.city.snapshot();
    let rank =
        snapshot.grid_by_code(&code).ok_or_else(|| Problem::not_found(format!("no grid has the code `{code}`")))?;
    Ok(json(&GridCard::of(&snapshot, rank, !closed(&app, Layer::Cameras))))
}

/// A household band.
#[derive(Serialize, ToSchema)]
pub struct BandOf {
    /// Fewest households.
    lo: u32,
    /// Most households.
    hi: u32,
}

/// The city as a whole.
#[derive(Serialize, ToSchema)]
pub struct CityAnswer<'a> {
    /// Its name.
    name: &'a str,
    /// The number of its last change.
    version: u64,
    /// When that was (RFC 3339).
    since: String,
    /// The datum in which questions are read unless they name one.
    crs: &'a str,
    /// Whether it is made up.
    synthetic: bool,
    /// The box around everything; null for an empty city.
    bounds: Option<Extent>,
    /// Whom its sources ask to be named.
    attribution: &'a [String],
    /// How many things each layer holds; closed layers are left out.
    counts: BTreeMap<&'static str, usize>,
    /// Layers that this server does not show to anybody.
    closed: Vec<&'static str>,
    /// The bands in force today, by class.
    bands: BTreeMap<&'static str, BandOf>,
    /// Whether the city can be changed through this server.
    editable: bool,
    /// Why not; null where it can.
    read_only_because: Option<&'static str>,
}

/// The city as a whole.
#[utoipa::path(get, path = "/api/v1/city", tag = "layers", responses((status = 200, body = CityAnswer)))]
pub async fn city(State(app): State<App>) -> Response {
    let snapshot = app.city.snapshot();
    let today = jiff::Zoned::now().date();
    let bands = snapshot.profile.bands.0.iter().filter_map(|rule| {
        let band = snapshot.profile.bands.of(rule.class, today)?;
        Some((rule.class.word(), BandOf { lo: band.lo, hi: band.hi }))
    });
    let (closed_layers, open): (Vec<Layer>, Vec<Layer>) =
        Layer::ALL.into_iter().partition(|layer| closed(&app, *layer));
    let read_only_because = editable(&app).err();
    json(&CityAnswer {
        name: &snapshot.profile.name,
        version: snapshot.version,
        since: snapshot.since.to_string(),
        crs: &snapshot.profile.crs,
        synthetic: snapshot.profile.synthetic,
        bounds: snapshot.ground.bounds.map(extent),
        attribution: &snapshot.profile.attribution,
        counts: open.into_iter().map(|layer| (layer.word(), snapshot.world.count(layer))).collect(),
        closed: closed_layers.into_iter().map(Layer::word).collect(),
        bands: bands.collect(),
        editable: read_only_because.is_none(),
        read_only_because,
    })
}

/// What to look for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SearchQuery {
    /// A code, a name, or a part of one.
    q: String,
    /// Results at most, up to 50.
    limit: Option<usize>,
}

/// Something that was found.
#[derive(Serialize, ToSchema)]
pub struct Hit<'a> {
    /// `grid`, `community`, `building`, ...
    kind: &'static str,
    /// Number within its layer.
    id: u32,
    /// Its code, where it has one.
    code: Option<String>,
    /// Its name.
    name: String,
    /// Where it belongs: `district > subdistrict > community`.
    detail: String,
    /// A point that stands for it.
    anchor: Position,
    /// The box around it.
    bounds: Extent,
    /// The code of the grid it stands in.
    grid: Option<&'a str>,
}

/// What was found, best first.
#[derive(Serialize, ToSchema)]
pub struct SearchAnswer<'a> {
    /// Best first.
    results: Vec<Hit<'a>>,
}

/// Finds things by code or name.
#[utoipa::path(get, path = "/api/v1/search", tag = "lookup", params(SearchQuery),
    responses((status = 200, body = SearchAnswer), (status = 400, body = Problem, content_type = "application/problem+json")))]
pub async fn search(State(app): State<App>, Query(query): Query<SearchQuery>) -> Result<Response, Problem> {
    if query.q.chars().count() > 200 {
        return Err(Problem::bad_request("q: ask with at most 200 characters"));
    }
    let snapshot = app.city.snapshot();
    let limit = query.limit.unwrap_or(10).clamp(1, 50);
    // Every name is looked at, and the first search after a change gathers them: not on the threads of quick questions.
    let task = tokio::task::spawn_blocking(move || {
        let found = snapshot.search(&query.q, limit, |layer| !closed(&app, layer));
        json(&SearchAnswer { results: found.into_iter().map(|found| hit(&snapshot, found)).collect() })
    });
    task.await.map_err(|e| Problem::internal(&e))
}

fn hit(snapshot: &Snapshot, found: Found) -> Hit<'_> {
    let above = found.grid.map(|rank| &snapshot.facts.grids[rank as usize]);
    let levels = above.map(|f| {
        [(Layer::Districts, f.district), (Layer::Subdistricts, f.subdistrict), (Layer::Communities, f.community)]
    });
    let levels = levels.into_iter().flatten().filter_map(|(layer, place)| Some(snapshot.place_name(layer, place?)));
    Hit {
        kind: found.layer.singular(),
        id: found.id,
        code: found.code,
        name: found.name,
        detail: levels.collect::<Vec<_>>().join(" > "),
        anchor: position(found.anchor),
        bounds: extent(found.bounds),
        grid: found.grid.map(|rank| snapshot.grid_code(rank)),
    }
}
