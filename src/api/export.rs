//! Layers as files to download.

use super::error::{Path, Problem};
use super::{App, refuse_closed};
use crate::city::Snapshot;
use crate::city::export::ExportError;
use crate::model::Layer;
use crate::write::{Format, WriteError};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::{TryStreamExt, stream};
use std::fmt::Write;
use std::fs::File;
use std::io::{self, ErrorKind};
use tokio_util::io::ReaderStream;

/// Exports that are made at the same time; each may keep a core and a disk busy for a minute.
pub const AT_ONCE: usize = 2;

/// Bytes that a download takes from its file at a time.
const CHUNK: usize = 1 << 16;

/// Downloads a layer as a file.
#[utoipa::path(get, path = "/api/v1/export/{file}", tag = "layers",
    params(("file" = String, Path, description = "a layer and a format: `grids.xlsx`. Formats are geojson, fgb (FlatGeobuf), gpkg (GeoPackage), csv, xlsx and pmtiles (vector tiles, for showing only)")),
    responses((status = 200, description = "the file, under the name of the city and the layer; all coordinates are WGS 84",
               content((Vec<u8> = "application/geo+json"), (Vec<u8> = "application/flatgeobuf"), (Vec<u8> = "application/geopackage+sqlite3"), (Vec<u8> = "text/csv; charset=utf-8"),
                       (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"), (Vec<u8> = "application/vnd.pmtiles"))),
              (status = 400, description = "the format cannot hold so much", body = Problem, content_type = "application/problem+json"),
              (status = 403, description = "closed on this server", body = Problem, content_type = "application/problem+json"),
              (status = 404, body = Problem, content_type = "application/problem+json"),
              (status = 503, description = "other files are being made", body = Problem, content_type = "application/problem+json")))]
pub async fn export(State(app): State<App>, Path(file): Path<String>) -> Result<Response, Problem> {
    let (layer, format) = asked_for(&file)?;
    refuse_closed(&app, layer)?;
    let Ok(permit) = app.exports.clone().try_acquire_owned() else {
        let busy = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "other files are being made; try again in a moment");
        return Ok(([(header::RETRY_AFTER, HeaderValue::from_static("5"))], busy).into_response());
    };
    let snapshot = app.city.snapshot();
    let disposition = disposition(&snapshot.profile.name, layer, format);
    // Nobody waits for the file any more once the client has gone or the server stops.
    let stop = app.stopping.child_token();
    let abandoned = stop.clone().drop_guard();
    let mut job = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        make(&snapshot, layer, format, || stop.is_cancelled())
    });
    // A file that is made in time comes with its length, and a failure with its status. One that takes longer than a
    // request may take to be answered follows its headers, and a failure cuts the connection.
    let (body, length) = match tokio::time::timeout(app.config.request_timeout() / 2, &mut job).await {
        Ok(made) => {
            let (file, length) = made.map_err(|e| Problem::internal(&e))?.map_err(|e| refusal(&e))?;
            (Body::from_stream(reader(file)), Some(length))
        }
        Err(_) => {
            let made = async move {
                let made = job.await.map_err(io::Error::other)?.map_err(io::Error::other);
                drop(abandoned);
                let (file, _) = made.inspect_err(|error| tracing::error!(%error, "an export failed"))?;
                io::Result::Ok(reader(file))
            };
            (Body::from_stream(stream::once(made).try_flatten()), None)
        }
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    headers.insert(header::CONTENT_DISPOSITION, disposition);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(length) = length {
        headers.insert(header::CONTENT_LENGTH, length.into());
    }
    Ok(response)
}

/// `grids.xlsx`.
fn asked_for(file: &str) -> Result<(Layer, Format), Problem> {
    let (layer, extension) = file.rsplit_once('.').unwrap_or((file, ""));
    let layer = Layer::parse(layer).ok_or_else(|| {
        Problem::not_found(format!("no layer `{layer}`; there are {}", Layer::ALL.map(Layer::word).join(", ")))
    })?;
    let format = Format::of_extension(extension).ok_or_else(|| {
        let known = Format::ALL.map(Format::extension).join(", ");
        Problem::not_found(format!("no format `{extension}`; ask for {layer}.EXTENSION with one of {known}"))
    })?;
    Ok((layer, format))
}

/// Makes the file where nobody else sees it: its name is gone when this returns.
fn make(
    snapshot: &Snapshot,
    layer: Layer,
    format: Format,
    stopped: impl Fn() -> bool,
) -> Result<(File, u64), ExportError> {
    let temporary = tempfile::NamedTempFile::new()?;
    snapshot.export(temporary.path(), format, &[layer], &|_, _| {
        if stopped() { Err(ErrorKind::ConnectionAborted.into()) } else { Ok(()) }
    })?;
    let file = temporary.reopen()?;
    let length = file.metadata()?.len();
    Ok((file, length))
}

fn reader(file: File) -> ReaderStream<tokio::fs::File> {
    ReaderStream::with_capacity(tokio::fs::File::from_std(file), CHUNK)
}

fn refusal(error: &ExportError) -> Problem {
    match error {
        ExportError::Write(WriteError::TooManyRows { .. }) => Problem::bad_request(error.to_string()),
        other => Problem::internal(other),
    }
}

/// RFC 6266: a plain name for clients that know no better, and the right one in UTF-8.
fn disposition(city: &str, layer: Layer, format: Format) -> HeaderValue {
    let extension = format.extension();
    // Separators of folders and what cannot be seen have no place in a file's name.
    let city: String =
        city.chars().map(|c| if c.is_control() || "/\\:*?\"<>|".contains(c) { '-' } else { c }).collect();
    let mut encoded = String::new();
    for byte in format!("{city}-{layer}.{extension}").bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => encoded.push(char::from(byte)),
            // Writing into a string cannot fail.
            _ => drop(write!(encoded, "%{byte:02X}")),
        }
    }
    let value = format!("attachment; filename=\"{layer}.{extension}\"; filename*=UTF-8''{encoded}");
    HeaderValue::from_str(&value).unwrap_or(HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_travel_in_any_script() {
        let told = |city| disposition(city, Layer::Grids, Format::Xlsx);
        assert_eq!(
            told("织城 区"),
            "attachment; filename=\"grids.xlsx\"; filename*=UTF-8''%E7%BB%87%E5%9F%8E%20%E5%8C%BA-grids.xlsx"
        );
        assert_eq!(told("../a\r\nb"), "attachment; filename=\"grids.xlsx\"; filename*=UTF-8''..-a--b-grids.xlsx");
    }

    #[test]
    fn what_is_asked_for() {
        assert_eq!(asked_for("grids.xlsx").ok(), Some((Layer::Grids, Format::Xlsx)));
        assert_eq!(asked_for("buildings.FGB").ok(), Some((Layer::Buildings, Format::Flatgeobuf)));
        for file in ["grids", "grids.", "grids.shp", ".csv", "meshes.csv", "grids.tar.gz"] {
            assert!(asked_for(file).is_err(), "{file}");
        }
    }
}
