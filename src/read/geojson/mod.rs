//! GeoJSON (RFC 7946 and what people call so): collections, single features, bare lists, one feature a line, RFC 8142
//! sequences; UTF-8 with or without a byte order mark, UTF-16, GB18030.

mod parse;

use super::datum::Crs;
use super::raw::{Cell, Declared, Fault, Feature, Kind, Noun, Shape, Sheet};
use super::{bundle, text, well_known};
use crate::model::{Problem, Severity};
use parse::{Document, RawFeature, RawGeometry};
use serde_json::Value as Json;
use std::collections::HashMap;

/// Opens a file: one sheet.
///
/// # Errors
/// It is not text, not JSON, or JSON of something else.
pub(super) fn open(name: &str, bytes: &[u8], progress: &(dyn Fn(u64, u64) + Sync)) -> Result<Vec<Sheet>, Fault> {
    let total = bytes.len() as u64;
    progress(0, total);
    let mut problems = Vec::new();
    let (raw, crs) = parse_text(bytes, &mut problems)?;
    let mut columns = Columns::default();
    let features: Vec<Feature> =
        raw.into_iter().zip(1..).map(|(feature, number)| feature_of(feature, number, &mut columns)).collect();
    progress(total, total);
    let numbers = columns.names.iter().position(|column| column == super::NUMBER_COLUMN);
    Ok(vec![Sheet {
        name: bundle::stem(name.rsplit(['/', '\\']).next().unwrap_or(name)).to_owned(),
        noun: Noun::Feature,
        numbers,
        columns: columns.names,
        has_places: true,
        // Our own exports are in WGS 84, which their format need not say.
        declared: if numbers.is_some() { Declared::As(Crs::Wgs84) } else { declared(crs.as_ref()) },
        count: features.len() as u64,
        problems,
        features: Box::new(features),
    }])
}

/// The properties that features of the file have, in the order in which they first appear.
#[derive(Default)]
struct Columns {
    names: Vec<String>,
    at: HashMap<String, usize>,
}

impl Columns {
    fn position(&mut self, name: String) -> usize {
        if let Some(at) = self.at.get(&name) {
            return *at;
        }
        let at = self.names.len();
        self.names.push(name.clone());
        self.at.insert(name, at);
        at
    }
}

fn feature_of(raw: RawFeature, number: u64, columns: &mut Columns) -> Feature {
    let mut cells = Vec::new();
    for (name, value) in raw.properties {
        let at = columns.position(name);
        if cells.len() <= at {
            cells.resize(at + 1, Cell::Empty);
        }
        cells[at] = cell(value);
    }
    let id = match raw.id {
        Some(Json::String(id)) => Some(id),
        Some(Json::Number(id)) => Some(id.to_string()),
        _ => None,
    };
    let fault = raw.fault.map(|fault| Fault::new("not-a-feature", fault, "write it as a GeoJSON Feature"));
    Feature { number, id, cells, shape: raw.geometry.map_or(Shape::Missing, shape), fault }
}

/// A scalar; a list of scalars joined by `;`, as OpenStreetMap writes them.
pub(super) fn cell(json: Json) -> Cell {
    match json {
        Json::Null => Cell::Empty,
        Json::Bool(b) => Cell::Bool(b),
        Json::Number(n) => match (n.as_i64(), n.as_f64()) {
            (Some(n), _) => Cell::Integer(n),
            (None, Some(n)) => Cell::Real(n),
            _ => Cell::Text(n.to_string()),
        },
        Json::String(text) => Cell::Text(text),
        Json::Array(items) => {
            let scalar = |item: &Json| match item {
                Json::Null => Some(String::new()),
                Json::String(text) => Some(text.clone()),
                Json::Bool(_) | Json::Number(_) => Some(item.to_string()),
                _ => None,
            };
            match items.iter().map(scalar).collect::<Option<Vec<_>>>() {
                Some(parts) => Cell::Text(parts.join(";")),
                None => Cell::Nested("[...]".to_owned()),
            }
        }
        Json::Object(_) => Cell::Nested("{...}".to_owned()),
    }
}

/// Positions of the kind that the geometry names, or what is wrong with them.
fn shape(geometry: RawGeometry) -> Shape {
    let (kind, depth) = match geometry.kind.as_str() {
        "Point" => (Kind::Point, 1),
        "MultiPoint" => (Kind::Points, 2),
        "LineString" => (Kind::Line, 2),
        "MultiLineString" => (Kind::Lines, 3),
        "Polygon" => (Kind::Polygon, 3),
        "MultiPolygon" => (Kind::Polygons, 4),
        "GeometryCollection" => return Shape::Faulty(well_known::collection()),
        other => {
            let other: String = other.chars().take(40).collect();
            let message = format!("unknown geometry `{other}`");
            return Shape::Faulty(Fault::new("geometry-unknown", message, "export it as GeoJSON again"));
        }
    };
    let nest = geometry.nest;
    if let Some(fault) = nest.fault {
        let remedy = "draw the feature again, or delete it";
        return Shape::Faulty(Fault::new("coordinates-malformed", fault, remedy));
    }
    if nest.depth != depth {
        let message = format!("the coordinates are not those of a {}", geometry.kind);
        return Shape::Faulty(Fault::new("coordinates-malformed", message, "export it as GeoJSON again"));
    }
    let mut outline = nest.outline;
    outline.kind = kind;
    Shape::Of(outline)
}

/// The file's own `crs` member (GeoJSON 2008), else RFC 7946's WGS 84.
fn declared(member: Option<&Json>) -> Declared {
    let Some(json) = member.filter(|json| !json.is_null()) else { return Declared::Prescribed(Crs::Wgs84) };
    let name = match json.pointer("/properties/name").or_else(|| json.pointer("/properties/code")) {
        Some(Json::String(name)) => name.clone(),
        Some(Json::Number(code)) => code.to_string(),
        _ => json.to_string().chars().take(60).collect(),
    };
    match Crs::parse(&name) {
        Ok(crs) => Declared::As(crs),
        Err(_) => Declared::Unknown(name),
    }
}

fn parse_text(bytes: &[u8], problems: &mut Vec<Problem>) -> Result<(Vec<RawFeature>, Option<Json>), Fault> {
    let Some((text, encoding)) = text::decode(bytes) else {
        return Err(Fault::new(
            "not-text",
            "the file is neither UTF-8, UTF-16 nor GB18030 text".to_owned(),
            "export it as GeoJSON: ogr2ogr -f GeoJSON -t_srs EPSG:4326 out.geojson FILE",
        ));
    };
    if let Some(encoding) = encoding {
        let message = format!("the file is {encoding}, read so; GeoJSON should be UTF-8");
        problems.push(Problem::new(Severity::Warning, "text-encoding", message, "save the file as UTF-8"));
    }
    // RFC 8142 puts a record separator before each feature; to a JSON parser it must be a blank.
    let text = if text.starts_with('\u{1e}') { text.replace('\u{1e}', " ").into() } else { text };
    let (mut features, mut crs) = (Vec::new(), None);
    let mut documents = 0;
    for document in serde_json::Deserializer::from_str(&text).into_iter::<Document>() {
        let document = document.map_err(|cause| {
            let place = format!("line {}, column {}", cause.line(), cause.column());
            if cause.is_eof() && !text.trim().is_empty() {
                let remedy = "the file is cut short: copy or export it again";
                return Fault::new("json-truncated", format!("ends in the middle, at {place}"), remedy);
            }
            let remedy = "Gridweave reads GeoJSON: ogr2ogr -f GeoJSON -t_srs EPSG:4326 out.geojson FILE makes it";
            Fault::new("json-malformed", format!("no GeoJSON at {place}: {cause}"), remedy)
        })?;
        if let Some(fault) = document.fault {
            let remedy = "export the layer as a GeoJSON FeatureCollection";
            return Err(Fault::new("not-geojson", fault.to_owned(), remedy));
        }
        documents += 1;
        features.extend(document.features);
        crs = crs.or(document.crs);
    }
    if documents == 0 {
        return Err(Fault::new("file-empty", "the file is empty".to_owned(), "check that it is the right file"));
    }
    Ok((features, crs))
}
