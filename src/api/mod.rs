//! The HTTP service: all routes on one page, a file per noun, the JSON in [`shapes`].

mod changes;
mod desk;
pub mod error;
mod export;
mod features;
mod guard;
mod jobs;
mod layers;
mod locate;
mod ops;
pub mod shapes;
mod tiles;
mod web;

use crate::city::City;
use crate::city::desk::files::{self, Files};
use crate::city::jobs::{Jobs, KEPT};
use crate::config::Serving;
use crate::model::Layer;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Router, middleware};
use error::Problem;
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What handlers share.
#[derive(Clone)]
pub struct App(Arc<Shared>);

/// See [`App`].
pub struct Shared {
    /// The city that is served.
    pub city: City,
    /// How it is served.
    pub config: Serving,
    /// Files that were brought to the data desk.
    desk: Files,
    jobs: Jobs<desk::Outcome>,
    tiles: tiles::TileCache,
    metrics: ops::Metrics,
    slots: tokio::sync::Semaphore,
    exports: Arc<tokio::sync::Semaphore>,
    /// The id of the next request. Ids begin at the start's microseconds: as long as a server answers less than a million
    /// requests a second, the next one on this machine begins above them.
    request_id: AtomicU64,
    stopping: CancellationToken,
}

impl std::ops::Deref for App {
    type Target = Shared;
    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl App {
    /// A service for a city.
    pub fn new(city: City, config: Serving) -> Self {
        let slots = config.max_requests.min(tokio::sync::Semaphore::MAX_PERMITS);
        Self(Arc::new(Shared {
            city,
            desk: Files::new(config.max_upload_mb.saturating_mul(1 << 20)),
            jobs: Jobs::default(),
            tiles: tiles::TileCache::new(config.tile_cache_mb.saturating_mul(1 << 20)),
            metrics: ops::Metrics::default(),
            slots: tokio::sync::Semaphore::new(slots),
            exports: Arc::new(tokio::sync::Semaphore::new(export::AT_ONCE)),
            request_id: AtomicU64::new(jiff::Timestamp::now().as_microsecond().unsigned_abs()),
            stopping: CancellationToken::new(),
            config,
        }))
    }

    /// The id that a proxy gave the request, or one of our own, unique on this machine.
    fn next_request_id(&self, given: Option<&HeaderValue>) -> HeaderValue {
        let plain = |v: &&HeaderValue| {
            v.len() <= 64 && v.as_bytes().iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        };
        if let Some(given) = given.filter(plain) {
            return given.clone();
        }
        self.request_id.fetch_add(1, Ordering::Relaxed).into()
    }
}

/// Layers that are shown to nobody: cameras, once others than this machine may ask and accounts do not exist yet.
fn closed(app: &App, layer: Layer) -> bool {
    app.config.allow_remote && layer == Layer::Cameras
}

fn refuse_closed(app: &App, layer: Layer) -> Result<(), Problem> {
    if closed(app, layer) {
        return Err(Problem::forbidden(format!(
            "{layer} are closed on a server that others than this machine can reach"
        )));
    }
    Ok(())
}

/// The layer of a word, unless it is closed.
fn open_layer(app: &App, word: &str) -> Result<Layer, Problem> {
    let known = || Layer::ALL.map(Layer::word).join(", ");
    let layer =
        Layer::parse(word).ok_or_else(|| Problem::not_found(format!("no layer `{word}`; there are {}", known())))?;
    refuse_closed(app, layer)?;
    Ok(layer)
}

/// Runs what reads or writes much on a thread of its own, so that quick questions need not wait for it.
async fn aside<T: Send + 'static>(task: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    tokio::task::spawn_blocking(task).await.map_err(|e| Problem::internal(&e))
}

#[derive(OpenApi)]
#[openapi(
    info(title = "Gridweave", description = "Places, the grids that answer for them, and the map. Errors are RFC 9457 problem documents.", license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")),
    tags((name = "lookup", description = "Who is responsible?"), (name = "layers", description = "Everything on the map, as tables"),
         (name = "editing", description = "Changes by hand and their history"),
         (name = "desk", description = "Files in, looked at, read on trial, imported"), (name = "tiles", description = "Vector tiles"), (name = "operations", description = "For those who run the server"))
)]
struct Description;

fn described() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(locate::locate, locate::locate_many))
        .routes(routes!(layers::search))
        .routes(routes!(layers::city))
        .routes(routes!(layers::grid))
        .routes(routes!(features::schema))
        .routes(routes!(changes::list))
        .routes(routes!(desk::files, desk::upload))
        .routes(routes!(desk::file, desk::remove))
        .routes(routes!(desk::preview))
        .routes(routes!(desk::import))
        .routes(routes!(jobs::job, jobs::cancel))
        .routes(routes!(jobs::problems_jsonl))
        .routes(routes!(jobs::problems_xlsx))
        .routes(routes!(layers::list))
        .routes(routes!(export::export))
        .routes(routes!(features::add))
        .routes(routes!(features::get, features::correct, features::remove))
        .routes(routes!(changes::undo))
        .routes(routes!(tiles::tile))
        .routes(routes!(tiles::describe))
        .routes(routes!(ops::healthz))
        .routes(routes!(ops::readyz))
        .routes(routes!(ops::metrics))
}

/// The description of the API, as served and as kept in `web/openapi.json`.
pub fn openapi() -> utoipa::openapi::OpenApi {
    described().split_for_parts().1
}

/// Every route behind its guards.
pub fn router(app: &App) -> Router {
    let (described, description) = described().split_for_parts();
    let description = bytes::Bytes::from(serde_json::to_vec(&description).unwrap_or_default());
    let routes = described
        .route("/api/v1/openapi.json", get(async move || raw_json(description.clone())))
        .route("/", get(web::index))
        .route("/docs", get(web::docs))
        .route("/index.html", get(async || Redirect::permanent("/")))
        .fallback(async |uri: axum::http::Uri, headers| match uri.path().strip_prefix('/') {
            Some(path) if !path.starts_with("api/") => web::asset(axum::extract::Path(path.to_owned()), headers).await,
            _ => Problem::not_found("no such route; /docs lists them").into_response(),
        })
        .method_not_allowed_fallback(async || {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this address answers other methods; /docs lists them")
        });
    guarded(routes, app)
}

/// Puts routes behind the guards that every route has; benches put peers of ours there.
pub fn guarded(routes: Router<App>, app: &App) -> Router {
    // The outermost first. One layer of three costs each request less than three layers, which axum boxes one by one.
    let guards = (
        middleware::from_fn_with_state(app.clone(), guard::guard),
        DefaultBodyLimit::max(app.config.max_body_mb.saturating_mul(1 << 20)),
        CatchPanicLayer::custom(|_| Problem::internal(&"a handler panicked").into_response()),
    );
    routes.layer(guards).with_state(app.clone())
}

fn raw_json(bytes: impl Into<bytes::Bytes>) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], bytes.into()).into_response()
}

/// An answer in JSON.
fn json<T: Serialize>(answer: &T) -> Response {
    // A lookup's answer is about a kilobyte; growing to that from nothing costs as much as writing it.
    let mut bytes = Vec::with_capacity(1024);
    match serde_json::to_writer(&mut bytes, answer) {
        Ok(()) => raw_json(bytes),
        Err(error) => Problem::internal(&error).into_response(),
    }
}

/// Serves until the process is told to stop (Ctrl-C or SIGTERM), then lets requests under way finish: for as long as a
/// request may take, or until it is told again. A client that stalls in the middle of a request cannot hold it longer.
///
/// # Errors
/// The listener fails.
pub async fn serve(app: App, listener: tokio::net::TcpListener) -> std::io::Result<()> {
    let stop = app.stopping.clone();
    let router = router(&app);
    let patience = app.config.request_timeout();
    let checkpoints = tokio::spawn(keep_file_current(app));
    let stopped = {
        let stop = stop.clone();
        async move {
            told_to_stop().await;
            tracing::info!("stopping; requests under way are finished first");
            stop.cancel();
        }
    };
    let impatient = async {
        stop.cancelled().await;
        tokio::select! {
            () = tokio::time::sleep(patience) => {}
            () = told_to_stop() => {}
        }
        tracing::warn!("connections that were still open are cut");
    };
    let served = tokio::select! {
        served = axum::serve(listener, router).with_graceful_shutdown(stopped).into_future() => served,
        () = impatient => Ok(()),
    };
    stop.cancel();
    // The last checkpoint has been tried when this ends; what it could not write is in the journal.
    let _ = checkpoints.await;
    served
}

/// A reader's lock may have kept the city file behind the journal: try again every few seconds, and at the end.
async fn keep_file_current(app: App) {
    loop {
        let last = tokio::select! {
            () = app.stopping.cancelled() => true,
            () = tokio::time::sleep(std::time::Duration::from_secs(5)) => false,
        };
        let task = app.clone();
        let chores = move || {
            task.desk.expire(files::IDLE);
            task.jobs.expire(KEPT);
            task.city.checkpoint()
        };
        match tokio::task::spawn_blocking(chores).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => {
                tracing::error!(%error, "the city file could not be brought up to date; changes are safe in the journal")
            }
            Err(error) => tracing::error!(%error, "the checkpoint failed"),
        }
        if last {
            return;
        }
    }
}

async fn told_to_stop() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) else {
            let _ = interrupt.await;
            return;
        };
        tokio::select! {
            _ = interrupt => {}
            _ = terminate.recv() => {}
        }
    }
    #[cfg(not(unix))]
    let _ = interrupt.await;
}
