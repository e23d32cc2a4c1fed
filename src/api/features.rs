//! One thing: read, added, corrected, removed.

use super::error::{Json, Path, Problem};
use super::shapes::{Extent, Position, ProblemShape, extent, position};
use super::{App, aside, json, open_layer};
use crate::city::edit::{EditError, Edited, Feature, Wish};
use crate::city::undo::Signed;
use crate::model::{FieldFault, FieldKind, GeometryKind, Layer, Value};
use crate::write::geojson;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// One thing as it is.
#[derive(Serialize, ToSchema)]
pub struct FeatureAnswer {
    /// Its layer.
    layer: &'static str,
    /// Its number.
    id: u32,
    /// Names this state of it; whoever changes it sends this back as `If-Match`.
    etag: String,
    /// Every canonical field of the layer; null where nothing is known.
    #[schema(value_type = BTreeMap<String, serde_json::Value>)]
    properties: BTreeMap<&'static str, Value>,
    /// A GeoJSON geometry in WGS 84.
    #[schema(value_type = Object)]
    geometry: serde_json::Value,
    /// A point that stands for it.
    anchor: Position,
    /// The box around it.
    bounds: Extent,
    /// The version of the city that holds it so.
    version: u64,
    /// What the editor should know of the change just made; empty otherwise.
    problems: Vec<ProblemShape>,
}

impl FeatureAnswer {
    fn of(feature: &Feature, problems: Vec<ProblemShape>) -> Result<Self, Problem> {
        let mut geometry = Vec::new();
        geojson::geometry(&mut geometry, &feature.record.geometry).map_err(|e| Problem::internal(&e))?;
        let names = feature.layer.fields().iter().map(|field| field.name);
        Ok(Self {
            layer: feature.layer.word(),
            id: feature.record.id,
            etag: feature.tag(),
            properties: names.zip(feature.record.values.iter().cloned()).collect(),
            geometry: serde_json::from_slice(&geometry).map_err(|e| Problem::internal(&e))?,
            anchor: position(feature.anchor),
            bounds: extent(feature.bounds),
            version: feature.version,
            problems,
        })
    }
}

/// What somebody wants a thing to be, who they are, and why.
#[derive(Deserialize, ToSchema)]
pub struct Wanted {
    /// Who changes it.
    author: String,
    /// Why.
    reason: String,
    /// Fields by their canonical names; null clears one, what is left out stays.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, serde_json::Value>)]
    properties: serde_json::Map<String, serde_json::Value>,
    /// A GeoJSON geometry in WGS 84; what is left out stays.
    #[schema(value_type = Option<Object>)]
    geometry: Option<serde_json::Value>,
}

/// Who changes something, and why.
#[derive(Deserialize, ToSchema)]
pub struct Signature {
    /// Who.
    pub author: String,
    /// Why.
    pub reason: String,
}

impl Signature {
    /// As the city takes it.
    ///
    /// # Errors
    /// 422 where one is missing.
    pub fn signed(self) -> Result<Signed, Problem> {
        Signed::new(&self.author, &self.reason).map_err(|fault| refused(&[fault]))
    }
}

/// What is wrong with a field.
#[derive(Serialize, ToSchema)]
pub struct FaultShape {
    /// The field, `geometry`, `author` or `reason`.
    field: &'static str,
    /// What is wrong.
    message: String,
    /// What to do.
    remedy: String,
}

/// A version of the city.
#[derive(Serialize, ToSchema)]
pub struct VersionAnswer {
    /// Its number.
    pub version: u64,
}

/// 422, naming every field at fault.
pub fn refused(faults: &[FieldFault]) -> Problem {
    let shape = |f: &FieldFault| FaultShape { field: f.field, message: f.message.clone(), remedy: f.remedy.clone() };
    let told: Vec<String> = faults.iter().map(|fault| format!("{fault} ({})", fault.remedy)).collect();
    let shapes: Vec<FaultShape> = faults.iter().map(shape).collect();
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, told.join("; ")).with("faults", shapes)
}

impl From<EditError> for Problem {
    fn from(error: EditError) -> Self {
        match &error {
            EditError::Missing(..) => Self::not_found(error.to_string()),
            EditError::Stale(current) => match FeatureAnswer::of(current, Vec::new()) {
                Ok(current) => Self::new(StatusCode::PRECONDITION_FAILED, error.to_string()).with("current", current),
                Err(problem) => problem,
            },
            EditError::Refused(faults) => refused(faults),
            EditError::Store(error) => Self::internal(error),
        }
    }
}

/// Which states of a thing the client saw, by `If-Match` (RFC 9110 section 13.1.1).
fn saw(headers: &HeaderMap) -> Result<impl Fn(&str) -> bool + Send + 'static, Problem> {
    let missing = || {
        Problem::new(
            StatusCode::PRECONDITION_REQUIRED,
            "say which state you change: send the etag that you read as If-Match",
        )
    };
    let tags = headers.get(header::IF_MATCH).ok_or_else(missing)?;
    let tags = tags.to_str().map_err(|_| Problem::bad_request("If-Match: not a list of etags"))?.to_owned();
    Ok(move |tag: &str| {
        let quoted = |given: &str| given.trim().strip_prefix('"').and_then(|g| g.strip_suffix('"')) == Some(tag);
        tags.trim() == "*" || tags.split(',').any(quoted)
    })
}

fn answer(edited: &Edited, status: StatusCode) -> Result<Response, Problem> {
    let Some(feature) = &edited.feature else { return Ok(json(&VersionAnswer { version: edited.version })) };
    let mut response = json(&FeatureAnswer::of(feature, edited.remarks.iter().map(ProblemShape::of).collect())?);
    *response.status_mut() = status;
    if let Ok(etag) = HeaderValue::from_str(&format!("\"{}\"", feature.tag())) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    // Somebody may change it at any moment.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}

/// One thing as it is.
#[utoipa::path(get, path = "/api/v1/features/{layer}/{id}", tag = "editing",
    params(("layer" = String, Path, description = "the layer"), ("id" = u32, Path, description = "its number")),
    responses((status = 200, body = FeatureAnswer), (status = 403, body = Problem, content_type = "application/problem+json"),
              (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn get(State(app): State<App>, Path((layer, id)): Path<(String, u32)>) -> Result<Response, Problem> {
    let layer = open_layer(&app, &layer)?;
    let snapshot = app.city.snapshot();
    let feature = snapshot.feature(layer, id).ok_or(EditError::Missing(layer, id))?;
    let edited = Edited { version: feature.version, feature: Some(feature), remarks: Vec::new() };
    answer(&edited, StatusCode::OK)
}

/// Adds a thing.
#[utoipa::path(post, path = "/api/v1/features/{layer}", tag = "editing", request_body = Wanted,
    params(("layer" = String, Path, description = "the layer")),
    responses((status = 201, body = FeatureAnswer), (status = 403, body = Problem, content_type = "application/problem+json"),
              (status = 404, body = Problem, content_type = "application/problem+json"),
              (status = 422, description = "`faults` names the fields", body = Problem, content_type = "application/problem+json")))]
pub async fn add(
    State(app): State<App>,
    Path(layer): Path<String>,
    Json(wanted): Json<Wanted>,
) -> Result<Response, Problem> {
    let layer = open_layer(&app, &layer)?;
    let Wanted { author, reason, properties, geometry } = wanted;
    let signed = Signature { author, reason }.signed()?;
    aside(move || {
        let wish = Wish { properties: &properties, geometry: geometry.as_ref() };
        answer(&app.city.add(&signed, layer, wish)?, StatusCode::CREATED)
    })
    .await?
}

/// Corrects or moves a thing.
#[utoipa::path(patch, path = "/api/v1/features/{layer}/{id}", tag = "editing", request_body = Wanted,
    params(("layer" = String, Path, description = "the layer"), ("id" = u32, Path, description = "its number"),
           ("if-match" = String, Header, description = "the etag that was read")),
    responses((status = 200, body = FeatureAnswer), (status = 403, body = Problem, content_type = "application/problem+json"),
              (status = 404, body = Problem, content_type = "application/problem+json"),
              (status = 412, description = "changed since; `current` is how it is now", body = Problem, content_type = "application/problem+json"),
              (status = 422, description = "`faults` names the fields", body = Problem, content_type = "application/problem+json"),
              (status = 428, description = "no If-Match", body = Problem, content_type = "application/problem+json")))]
pub async fn correct(
    State(app): State<App>,
    Path((layer, id)): Path<(String, u32)>,
    headers: HeaderMap,
    Json(wanted): Json<Wanted>,
) -> Result<Response, Problem> {
    let layer = open_layer(&app, &layer)?;
    let saw = saw(&headers)?;
    let Wanted { author, reason, properties, geometry } = wanted;
    let signed = Signature { author, reason }.signed()?;
    aside(move || {
        let wish = Wish { properties: &properties, geometry: geometry.as_ref() };
        answer(&app.city.correct(&signed, (layer, id), &saw, wish)?, StatusCode::OK)
    })
    .await?
}

/// Removes a thing.
#[utoipa::path(delete, path = "/api/v1/features/{layer}/{id}", tag = "editing", request_body = Signature,
    params(("layer" = String, Path, description = "the layer"), ("id" = u32, Path, description = "its number"),
           ("if-match" = String, Header, description = "the etag that was read")),
    responses((status = 200, body = VersionAnswer), (status = 403, body = Problem, content_type = "application/problem+json"),
              (status = 404, body = Problem, content_type = "application/problem+json"),
              (status = 412, description = "changed since; `current` is how it is now", body = Problem, content_type = "application/problem+json"),
              (status = 422, body = Problem, content_type = "application/problem+json"),
              (status = 428, description = "no If-Match", body = Problem, content_type = "application/problem+json")))]
pub async fn remove(
    State(app): State<App>,
    Path((layer, id)): Path<(String, u32)>,
    headers: HeaderMap,
    Json(signature): Json<Signature>,
) -> Result<Response, Problem> {
    let layer = open_layer(&app, &layer)?;
    let saw = saw(&headers)?;
    let signed = signature.signed()?;
    aside(move || answer(&app.city.remove(&signed, (layer, id), &saw)?, StatusCode::OK)).await?
}

/// A field of a layer.
#[derive(Serialize, ToSchema)]
pub struct FieldShape {
    /// Its canonical name.
    name: &'static str,
    /// `text`, `code`, `integer`, `real`, `bool` or `date`.
    #[schema(value_type = String)]
    kind: FieldKind,
    /// Whether nothing is a thing of the layer without it.
    required: bool,
    /// The words that it takes; null where it takes any.
    words: Option<&'static [&'static str]>,
}

/// A layer and its fields.
#[derive(Serialize, ToSchema)]
pub struct LayerShape {
    /// Its name.
    name: &'static str,
    /// `point`, `line`, `area`, `point_or_area` or `line_or_area`.
    geometry: &'static str,
    /// Whether its things are drawn and removed together only: by hand their attributes change.
    attributes_only: bool,
    /// Its canonical fields in order.
    fields: Vec<FieldShape>,
}

/// Every layer and its fields.
#[derive(Serialize, ToSchema)]
pub struct SchemaAnswer {
    /// The layers.
    layers: Vec<LayerShape>,
}

/// What things of each layer hold.
#[utoipa::path(get, path = "/api/v1/schema", tag = "layers", responses((status = 200, body = SchemaAnswer)))]
pub async fn schema() -> Response {
    let layers = Layer::ALL.into_iter().map(|layer| LayerShape {
        name: layer.word(),
        geometry: match layer.geometry() {
            GeometryKind::Point => "point",
            GeometryKind::Line => "line",
            GeometryKind::Area => "area",
            GeometryKind::PointOrArea => "point_or_area",
            GeometryKind::LineOrArea => "line_or_area",
        },
        attributes_only: layer.tiles_the_plane(),
        fields: layer
            .fields()
            .iter()
            .map(|field| FieldShape {
                name: field.name,
                kind: field.kind,
                required: layer.requires(field.name),
                words: layer.words(field.name),
            })
            .collect(),
    });
    json(&SchemaAnswer { layers: layers.collect() })
}
