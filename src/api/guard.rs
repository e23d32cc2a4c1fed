//! What stands before every handler: limits, ids, logs, and a few headers.

use super::App;
use super::error::Problem;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::time::Instant;

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
static FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
static RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Gives the request an id, counts and logs it, refuses it when too many are under way (503), stops it when it takes too
/// long (408), and names the headers that every answer carries.
pub async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = app.next_request_id(request.headers().get(&REQUEST_ID));
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut response = match limited(&app, request, next).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    };
    let status = response.status();
    let took = started.elapsed();
    app.metrics.observe(route.as_ref().map_or("none", MatchedPath::as_str), status, took);
    let millis = took.as_secs_f64() * 1e3;
    // The query string is left out: a place that somebody asks about is nobody's business in a log.
    if status.is_server_error() {
        tracing::error!(request = ?id, %method, path, status = status.as_u16(), millis);
    } else {
        tracing::info!(request = ?id, %method, path, status = status.as_u16(), millis);
    }
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID.clone(), id);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(RESOURCE_POLICY.clone(), HeaderValue::from_static("same-origin"));
    response
}

async fn limited(app: &App, request: Request, next: Next) -> Result<Response, Problem> {
    known_host(app, &request)?;
    if !request.method().is_safe() && request.uri().path() != ASKED_BY_POST {
        may_write(app, request.headers())?;
    }
    let Ok(_permit) = app.slots.try_acquire() else {
        let busy = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too many requests at once; try again in a moment");
        let mut response = busy.into_response();
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        return Ok(response);
    };
    if request.uri().path() == UPLOAD {
        // A large file may be long on its way; its handler stops when no more of it comes.
        return Ok(next.run(request).await);
    }
    match tokio::time::timeout(app.config.request_timeout(), next.run(request)).await {
        Ok(response) => Ok(response),
        Err(_) => Err(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "the request took longer than this server allows; ask for less at once",
        )),
    }
}

/// The route that takes files of any size.
const UPLOAD: &str = "/api/v1/desk/files";

/// The one route that takes a body and changes nothing.
const ASKED_BY_POST: &str = "/api/v1/locate";

/// Whether this server lets anybody change the city; if not, why.
pub fn editable(app: &App) -> Result<(), &'static str> {
    if app.config.allow_remote {
        return Err(
            "other machines can reach this server and there are no accounts yet, so nothing can be changed through it",
        );
    }
    Ok(())
}

/// A page of another site can make a browser send a request here, though not read the answer. Only our own pages may
/// change something; programs that are no browsers name no origin.
fn may_write(app: &App, headers: &HeaderMap) -> Result<(), Problem> {
    editable(app).map_err(Problem::forbidden)?;
    let text = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let ours = |origin: &str| {
        let bare = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        bare.is_some_and(|bare| text(&header::HOST).is_some_and(|host| host.eq_ignore_ascii_case(bare)))
    };
    if text(&FETCH_SITE) == Some("cross-site") || text(&header::ORIGIN).is_some_and(|origin| !ours(origin)) {
        return Err(Problem::forbidden(
            "a page of another site asked for this change; open this server's own page to make it",
        ));
    }
    Ok(())
}

/// On loopback only names of this machine are answered, so that a page elsewhere cannot reach the server by pointing its
/// own name at 127.0.0.1 (DNS rebinding).
fn known_host(app: &App, request: &Request) -> Result<(), Problem> {
    if app.config.allow_remote {
        return Ok(());
    }
    let host = request.headers().get(header::HOST).and_then(|h| h.to_str().ok()).or_else(|| request.uri().host());
    let Some(host) = host else { return Ok(()) };
    let name = match host.strip_prefix('[') {
        Some(six) => six.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    let loopback =
        name.eq_ignore_ascii_case("localhost") || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    if loopback {
        Ok(())
    } else {
        Err(Problem::new(
            StatusCode::MISDIRECTED_REQUEST,
            format!("this server answers on this machine only, not as `{name}`"),
        ))
    }
}
