//! The web map, inside the binary, compressed when it was built.

use super::error::Problem;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "web/dist"]
#[allow_missing = true]
struct Files;

/// Nothing off our own origin, no inline script, no plug-in, no frame around us.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
    connect-src 'self'; font-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// The API explorer sets styles on elements it makes while it runs.
pub const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The page.
pub async fn index(headers: HeaderMap) -> Response {
    file("index.html", &headers)
}

/// The API explorer.
pub async fn docs(headers: HeaderMap) -> Response {
    let mut page = file("docs.html", &headers);
    page.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(DOCS_POLICY));
    page
}

/// Any other file of the web build.
pub async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Response {
    file(&path, &headers)
}

fn file(path: &str, headers: &HeaderMap) -> Response {
    let Some(plain) = Files::get(path) else {
        let missing = if Files::iter().next().is_none() {
            "this binary was built without the web map; run `make` to build both"
        } else {
            "no such page"
        };
        return Problem::not_found(missing).into_response();
    };
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let packed = |name: &str, suffix: &str| -> Option<EmbeddedFile> {
        let takes = accepted.split(',').any(|part| part.split(';').next().is_some_and(|n| n.trim() == name));
        if takes { Files::get(&format!("{path}{suffix}")) } else { None }
    };
    let (chosen, encoding) = match (packed("br", ".br"), packed("gzip", ".gz")) {
        (Some(file), _) => (file, Some("br")),
        (None, Some(file)) => (file, Some("gzip")),
        (None, None) => (plain, None),
    };
    let etag = chosen.metadata.sha256_hash().iter().take(16).map(|b| format!("{b:02x}")).collect::<String>();
    let etag = HeaderValue::from_str(&format!("\"{etag}\"")).unwrap_or(HeaderValue::from_static("\"\""));
    // Names under assets/ carry a hash of their content; everything else is asked for again.
    let forever = path.starts_with("assets/");
    let cache = if forever { "public, max-age=31536000, immutable" } else { "no-cache" };
    let fresh = headers.get(header::IF_NONE_MATCH).is_some_and(|tag| tag == etag);
    let mut response = if fresh {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let kind = mime_guess::from_path(path).first_or_octet_stream();
        let mut response = chosen.data.into_owned().into_response();
        // `.mjs` must be JavaScript to be run as a worker.
        let kind = if path.ends_with(".mjs") { "text/javascript".to_owned() } else { kind.to_string() };
        let kind = if kind.starts_with("text/") || kind == "application/json" {
            format!("{kind}; charset=utf-8")
        } else {
            kind
        };
        if let Ok(kind) = HeaderValue::from_str(&kind) {
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
        }
        if let Some(encoding) = encoding {
            response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        response
    };
    let out = response.headers_mut();
    out.insert(header::ETAG, etag);
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    out.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    out.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}
