//! Vector tiles over HTTP: built once for all who wait, kept compressed, revalidated by strong ETags.

use super::error::{Path, Problem};
use super::{App, refuse_closed};
use crate::city::{MAX_ZOOM, Snapshot};
use crate::model::Layer;
use crate::tiles::tilejson;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use std::io::Write;
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_128;

/// How the bytes are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Encoding {
    Plain,
    Gzip,
    Brotli,
}

/// What a built tile is kept under. The version is part of it, so that a build that began before an edit can never be
/// served after it.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    version: u64,
    layers: u16,
    z: u8,
    x: u32,
    y: u32,
    encoding: Encoding,
}

#[derive(Clone)]
struct Tile {
    bytes: Bytes,
    etag: HeaderValue,
}

/// Built tiles, the least recently used dropped first.
pub struct TileCache(moka::future::Cache<Key, Tile>);

impl TileCache {
    /// A cache that holds at most so many bytes.
    pub fn new(capacity: u64) -> Self {
        let weigh = |_: &Key, tile: &Tile| u32::try_from(tile.bytes.len() + 128).unwrap_or(u32::MAX);
        Self(moka::future::Cache::builder().max_capacity(capacity).weigher(weigh).build())
    }
}

/// A tile of one layer, or of several joined with commas.
#[utoipa::path(get, path = "/tiles/{layers}/{z}/{x}/{y}", tag = "tiles",
    params(("layers" = String, Path, description = "layer names, several joined with commas"), ("z" = u8, Path), ("x" = u32, Path), ("y" = u32, Path)),
    responses((status = 200, description = "a Mapbox Vector Tile 2.1", body = Vec<u8>, content_type = "application/vnd.mapbox-vector-tile"),
              (status = 204, description = "nothing there"), (status = 304, description = "not changed"),
              (status = 403, body = Problem, content_type = "application/problem+json"),
              (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn tile(
    State(app): State<App>,
    Path((layers, z, x, y)): Path<(String, u8, u32, u32)>,
    request: Request,
) -> Result<Response, Problem> {
    let headers = request.headers();
    let mask = layers_of(&app, &layers)?;
    if z > 24 || u64::from(x) >> z != 0 || u64::from(y) >> z != 0 {
        return Err(Problem::not_found(format!("no tile {z}/{x}/{y}: z goes to {MAX_ZOOM}, x and y to 2^z - 1")));
    }
    let snapshot = app.city.snapshot();
    let encoding = encoding(headers);
    let key = Key { version: snapshot.version, layers: mask, z, x, y, encoding };
    let tile = match app.tiles.0.get(&key).await {
        Some(tile) => tile,
        None => {
            // `get_with` lets one caller build and all others wait for that one.
            let build = async {
                let task = tokio::task::spawn_blocking(move || build(&snapshot, mask, z, x, y, encoding));
                task.await.map_err(|e| Arc::new(Problem::internal(&e)))
            };
            app.tiles.0.try_get_with(key, build).await.map_err(|e| Problem::clone(&e))?
        }
    };
    let unchanged = headers.get(header::IF_NONE_MATCH).is_some_and(|tags| matches_etag(tags, &tile.etag));
    let status = match (unchanged, tile.bytes.is_empty()) {
        (true, _) => StatusCode::NOT_MODIFIED,
        (false, true) => StatusCode::NO_CONTENT,
        (false, false) => StatusCode::OK,
    };
    let body = if status == StatusCode::OK { tile.bytes } else { Bytes::new() };
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let out = response.headers_mut();
    // Room for these and the guard's, so that the map need not grow.
    out.reserve(12);
    out.insert(header::ETAG, tile.etag);
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    out.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/vnd.mapbox-vector-tile"));
    match encoding {
        _ if status != StatusCode::OK => {}
        Encoding::Gzip => drop(out.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"))),
        Encoding::Brotli => drop(out.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"))),
        Encoding::Plain => {}
    }
    Ok(response)
}

/// The TileJSON of one layer, or of several joined with commas.
#[utoipa::path(get, path = "/tiles/{document}", tag = "tiles",
    params(("document" = String, Path, description = "layer names, several joined with commas, and `.json`")),
    responses((status = 200, description = "TileJSON 3.0.0", body = serde_json::Value),
              (status = 403, body = Problem, content_type = "application/problem+json"),
              (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn describe(
    State(app): State<App>,
    Path(document): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Some(layers) = document.strip_suffix(".json") else {
        return Err(Problem::not_found("ask for /tiles/LAYERS.json or /tiles/LAYERS/Z/X/Y"));
    };
    let mask = layers_of(&app, layers)?;
    let snapshot = app.city.snapshot();
    let host = headers.get(header::HOST).and_then(|h| h.to_str().ok()).unwrap_or("localhost");
    let url = format!("http://{host}/tiles/{layers}/{{z}}/{{x}}/{{y}}");
    let drawn: Vec<_> = members(mask).map(|layer| snapshot.about_tiles(layer)).collect();
    Ok(super::json(&tilejson(&drawn, &url, &snapshot.profile.name, snapshot.version)))
}

fn layers_of(app: &App, names: &str) -> Result<u16, Problem> {
    let mut mask = 0;
    for name in names.split(',') {
        let layer = Layer::parse(name).ok_or_else(|| {
            Problem::not_found(format!("no layer `{name}`; there are {}", Layer::ALL.map(Layer::word).join(", ")))
        })?;
        refuse_closed(app, layer)?;
        mask |= 1 << layer as u16;
    }
    Ok(mask)
}

fn members(mask: u16) -> impl Iterator<Item = Layer> {
    Layer::ALL.into_iter().filter(move |layer| mask & (1 << *layer as u16) != 0)
}

fn build(snapshot: &Snapshot, mask: u16, z: u8, x: u32, y: u32, encoding: Encoding) -> Tile {
    let mut plain = Vec::new();
    for layer in members(mask) {
        snapshot.draw(layer, (z, x, y), &mut plain);
    }
    let suffix = match encoding {
        Encoding::Plain => "",
        Encoding::Gzip => "-gz",
        Encoding::Brotli => "-br",
    };
    let etag = format!("\"{:032x}{suffix}\"", xxh3_128(&plain));
    // Hex digits in quotes are a valid header value.
    let etag = HeaderValue::from_str(&etag).unwrap_or(HeaderValue::from_static("\"\""));
    let bytes = if plain.is_empty() { plain } else { pack(plain, encoding) };
    Tile { bytes: bytes.into(), etag }
}

/// Bytes from which a tile is large.
const LARGE: usize = 512 << 10;

/// Light compression: a tile waits for its first viewer, and stronger levels cost ten times the encoding for a tenth of
/// the bytes (research 2.3).
///
/// An overview of twenty thousand grids is a megabyte and would spend most of the time that a tile may take here, so the
/// lightest has to do.
fn pack(plain: Vec<u8>, encoding: Encoding) -> Vec<u8> {
    let large = plain.len() > LARGE;
    match encoding {
        Encoding::Plain => plain,
        Encoding::Gzip => {
            let mut gzip = flate2::write::GzEncoder::new(
                Vec::with_capacity(plain.len() / 2),
                flate2::Compression::new(if large { 1 } else { 3 }),
            );
            // Writing into memory cannot fail.
            let _ = gzip.write_all(&plain);
            gzip.finish().unwrap_or_default()
        }
        Encoding::Brotli => {
            let mut packed = Vec::with_capacity(plain.len() / 2);
            let parameters =
                brotli::enc::BrotliEncoderParams { quality: if large { 1 } else { 4 }, ..Default::default() };
            let _ = brotli::BrotliCompress(&mut plain.as_slice(), &mut packed, &parameters);
            packed
        }
    }
}

/// The smaller of the packings that the client takes; RFC 9110 section 12.5.3, but for weights between 0 and 1.
fn encoding(headers: &HeaderMap) -> Encoding {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let mut best = Encoding::Plain;
    for part in accepted.split(',') {
        let (name, weight) = part.split_once(';').unwrap_or((part, ""));
        if weight.trim().strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0)) {
            continue;
        }
        let name = name.trim();
        if name.eq_ignore_ascii_case("br") {
            return Encoding::Brotli;
        }
        if name.eq_ignore_ascii_case("gzip") {
            best = Encoding::Gzip;
        }
    }
    best
}

/// RFC 9110 section 13.1.2: a list of tags compared weakly, or `*`.
fn matches_etag(tags: &HeaderValue, etag: &HeaderValue) -> bool {
    let (Ok(tags), Ok(etag)) = (tags.to_str(), etag.to_str()) else { return false };
    tags.trim() == "*" || tags.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag)
}
