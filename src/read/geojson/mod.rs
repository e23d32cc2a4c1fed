//! GeoJSON (RFC 7946 and what people call so): collections, single features, bare lists, one feature a line, RFC 8142
//! sequences; UTF-8 with or without a byte order mark, UTF-16, GB18030.

mod parse;

use super::datum::{Crs, Datum};
use super::fields::Mapping;
use super::rings::{Fault, area_of, check_clash, check_parts_apart};
use super::{Options, Problems, Reading, admit, text};
use crate::model::{Bounds, Coord, Geometry, Layer, Line, MultiPolygon, Problem, Record, Severity, Value};
use parse::{Document, Nest, RawFeature, RawGeometry};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// Why something is left out; boxed, for it is large and rare.
type Refusal = Box<Problem>;

fn error(code: &str, message: impl Into<String>, remedy: &str) -> Refusal {
    Box::new(Problem::new(Severity::Error, code, message, remedy))
}

/// Reads the features of one layer.
pub(super) fn read(
    name: &str,
    bytes: &[u8],
    layer: Layer,
    options: &Options,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Reading {
    let total = bytes.len() as u64;
    progress(0, total);
    let mut problems = Problems::new(name);
    let (features, crs_member) = match parse_text(bytes, &mut problems) {
        Ok(parsed) => parsed,
        Err(problem) => return Reading::failed(problem.in_file(name)),
    };
    let datum = match choose_datum(options.crs, crs_member.as_ref(), &mut problems) {
        Ok(datum) => datum,
        Err(problem) => return Reading::failed(problem.in_file(name)),
    };
    progress(total / 2, total);

    let columns: BTreeSet<String> = features.iter().flat_map(|feature| feature.properties.keys().cloned()).collect();
    let mapping = Mapping::new(layer, &options.map, &columns, &mut problems);
    let mut reading = Reading::default();
    reading.count("features", features.len() as u64);
    if features.is_empty() {
        let message = "the file holds no features";
        problems.push(Problem::new(Severity::Warning, "no-features", message, "check that it is the right file"));
    }
    let mut records: Vec<(Record, String)> = Vec::new();
    // Official plans hold slivers a millimetre wide beside the grid of their code; alone they are errors.
    let mut slivers: Vec<(Vec<Value>, Problem)> = Vec::new();
    let count = features.len().max(1) as u64;
    for (i, feature) in features.into_iter().enumerate() {
        if i % 1024 == 0 {
            progress(total / 2 + total / 2 * i as u64 / count, total);
        }
        let called = called(i + 1, &feature);
        match geometries(&feature, layer, &datum, &called, &mut problems) {
            Err(problem) if problem.code == "ring-without-area" && layer.tiles_the_plane() => {
                let values = mapping.values(&feature.properties, &called, &mut Problems::new(name));
                slivers.push((values, problem.of(called)));
            }
            Err(problem) => problems.push(problem.of(called)),
            Ok(geometries) => {
                let values = mapping.values(&feature.properties, &called, &mut problems);
                for geometry in geometries {
                    let record = Record { id: 0, geometry, values: values.clone() };
                    match admit(layer, record, &called, &mut problems) {
                        Ok(record) => records.push((record, called.clone())),
                        Err(problem) => problems.push(*problem),
                    }
                }
            }
        }
    }
    if layer.tiles_the_plane() {
        records = merge_parts(layer, records, &mut problems);
        let codes: BTreeMap<&str, &str> =
            records.iter().filter_map(|(record, called)| Some((code_of(layer, record)?, called.as_str()))).collect();
        for (values, problem) in slivers {
            let sliver = Record { id: 0, geometry: Geometry::Point(Coord::default()), values };
            let Some((code, called)) = code_of(layer, &sliver).and_then(|code| codes.get_key_value(code)) else {
                problems.push(problem);
                continue;
            };
            let message = format!("a sliver of code {code} has no area at 1e-7 degree; dropped, the rest stays");
            let remedy = "nothing to do; delete it in the source if that is yours";
            let sliver = problem.feature;
            problems.push(Problem::new(Severity::Warning, "sliver-dropped", message, remedy).of(sliver.as_str()));
            // The source has the place in several parts, though the city will not.
            let message =
                format!("code {code} has several features, of which {sliver} has no area: not kept as a part");
            problems.push(multi_part(&message).of(*called));
        }
    }
    reading.features = records.into_iter().map(|(record, _)| (layer, record)).collect();
    reading.problems = problems.finish();
    progress(total, total);
    reading
}

/// `feature 12`, with the feature's own id where it has one.
fn called(number: usize, feature: &RawFeature) -> String {
    match &feature.id {
        Some(Json::String(id)) => format!("feature {number} ({})", id.chars().take(40).collect::<String>()),
        Some(Json::Number(id)) => format!("feature {number} ({id})"),
        _ => format!("feature {number}"),
    }
}

fn parse_text(bytes: &[u8], problems: &mut Problems) -> Result<(Vec<RawFeature>, Option<Json>), Refusal> {
    let Some((text, encoding)) = text::decode(bytes) else {
        return Err(error(
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
                return error("json-truncated", format!("ends in the middle, at {place}"), remedy);
            }
            let remedy = "Gridweave reads GeoJSON: ogr2ogr -f GeoJSON -t_srs EPSG:4326 out.geojson FILE makes it";
            error("json-malformed", format!("no GeoJSON at {place}: {cause}"), remedy)
        })?;
        if let Some(fault) = document.fault {
            let remedy = "export the layer as a GeoJSON FeatureCollection";
            return Err(error("not-geojson", fault.to_owned(), remedy));
        }
        documents += 1;
        features.extend(document.features);
        crs = crs.or(document.crs);
    }
    if documents == 0 {
        return Err(error("file-empty", "the file is empty".to_owned(), "check that it is the right file"));
    }
    Ok((features, crs))
}

/// The stated datum, else the file's own `crs` member, else RFC 7946's WGS 84: never the last in silence.
fn choose_datum(stated: Option<Crs>, member: Option<&Json>, problems: &mut Problems) -> Result<Datum, Refusal> {
    let name = member.filter(|json| !json.is_null()).map(|json| {
        let name = json.pointer("/properties/name").or_else(|| json.pointer("/properties/code"));
        match name {
            Some(Json::String(name)) => name.clone(),
            Some(Json::Number(code)) => code.to_string(),
            _ => json.to_string().chars().take(60).collect(),
        }
    });
    let declared = name.as_deref().map(Crs::parse);
    let crs = match (stated, declared) {
        (Some(stated), Some(declared)) => {
            if declared.as_ref() != Ok(&stated) {
                let said = declared.map_or_else(|unknown| unknown.0, |crs| crs.name());
                let message = format!("the file says `{said}`, the command says {stated}; read as {stated}");
                let remedy = "leave out --crs if the file is right";
                problems.push(Problem::new(Severity::Warning, "crs-overridden", message, remedy));
            }
            stated
        }
        (Some(stated), None) => stated,
        (None, Some(Ok(declared))) => declared,
        (None, Some(Err(unknown))) => {
            let remedy = "state the datum: --crs wgs84, gcj02, bd09, cgcs2000 or EPSG:code";
            return Err(error("unknown-crs", unknown.to_string(), remedy));
        }
        (None, None) => {
            let message = "the file does not name its datum; read as wgs84, which RFC 7946 prescribes";
            let remedy = "state it: --crs wgs84, gcj02 or bd09; Chinese files are often gcj02 or bd09, 100-700 m off";
            problems.push(Problem::new(Severity::Warning, "crs-assumed", message, remedy));
            Crs::Wgs84
        }
    };
    if crs == Crs::Cgcs2000 {
        let message = "CGCS2000 is taken as WGS 84, which differs by less than a metre";
        let remedy = "right for patrol; do not use the result for cadastre";
        problems.push(Problem::new(Severity::Note, "cgcs2000-as-wgs84", message, remedy));
    }
    Datum::new(crs).map_err(|cause| {
        let remedy = "state a datum that PROJ knows: --crs wgs84, gcj02, bd09, cgcs2000 or EPSG:code";
        error("unknown-crs", cause.to_string(), remedy)
    })
}

/// The geometries of a feature in the model's form. Lines of several parts become several; nothing else does.
fn geometries(
    feature: &RawFeature,
    layer: Layer,
    datum: &Datum,
    called: &str,
    problems: &mut Problems,
) -> Result<Vec<Geometry>, Refusal> {
    let refuse = |code: &str, message: String, remedy: &str| Err(error(code, message, remedy));
    if let Some(fault) = feature.fault {
        return refuse("not-a-feature", fault.to_owned(), "write it as a GeoJSON Feature");
    }
    let Some(geometry) = &feature.geometry else {
        return refuse("geometry-missing", "it has no geometry".to_owned(), "draw it, or delete the feature");
    };
    let depth = match geometry.kind.as_str() {
        "Point" => 1,
        "MultiPoint" | "LineString" => 2,
        "MultiLineString" | "Polygon" => 3,
        "MultiPolygon" => 4,
        "GeometryCollection" => {
            let remedy = "split it into features of one kind; in QGIS: Extract/filter, Collected to single parts";
            return refuse("geometry-collection", "a geometry collection".to_owned(), remedy);
        }
        other => {
            let other: String = other.chars().take(40).collect();
            return refuse("geometry-unknown", format!("unknown geometry `{other}`"), "export it as GeoJSON again");
        }
    };
    let nest = &geometry.nest;
    if let Some(fault) = nest.fault {
        return refuse("coordinates-malformed", fault.to_owned(), "draw the feature again, or delete it");
    }
    if nest.depth != depth {
        let message = format!("the coordinates are not those of a {}", geometry.kind);
        return refuse("coordinates-malformed", message, "export it as GeoJSON again");
    }
    let mut coords = Vec::with_capacity(nest.positions.len());
    for &[x, y] in &nest.positions {
        coords.push(vertex(datum, x, y)?);
    }
    match depth {
        1 => Ok(coords.into_iter().map(Geometry::Point).collect()),
        2 if geometry.kind == "MultiPoint" => {
            if coords.len() > 1 {
                let message = format!("{} points in one feature", coords.len());
                return refuse("several-points", message, "one feature a point; in QGIS: Multipart to Singleparts");
            }
            Ok(coords.into_iter().map(Geometry::Point).collect())
        }
        2 => line(&coords).map(|line| vec![line]),
        3 if geometry.kind == "MultiLineString" => split(nest, &coords).map(line).collect(),
        _ => area(layer, geometry, &coords, called, problems).map(|area| vec![Geometry::Area(area)]),
    }
}

/// The vertices list by list.
fn split<'c>(nest: &'c Nest, coords: &'c [Coord]) -> impl Iterator<Item = &'c [Coord]> {
    let starts = std::iter::once(0).chain(nest.lists.iter().copied());
    starts.zip(&nest.lists).map(|(from, &to)| coords.get(from..to).unwrap_or_default())
}

fn line(coords: &[Coord]) -> Result<Geometry, Refusal> {
    let mut coords = coords.to_vec();
    coords.dedup();
    let wide =
        Bounds::of(coords.iter().copied()).is_some_and(|b| i64::from(b.max.x) - i64::from(b.min.x) > 1_800_000_000);
    if wide {
        return Err(told(&Fault::TooWide));
    }
    if coords.len() < 2 {
        let message = "a line with fewer than two distinct vertices";
        return Err(error("line-too-short", message, "draw it again, or delete the feature"));
    }
    Ok(Geometry::Line(Line(coords)))
}

fn told(fault: &Fault) -> Refusal {
    let (code, message, remedy) = fault.tell();
    let problem = error(code, message, remedy);
    match fault.place() {
        Some(at) => Box::new(problem.at(at)),
        None => problem,
    }
}

fn area(
    layer: Layer,
    geometry: &RawGeometry,
    coords: &[Coord],
    called: &str,
    problems: &mut Problems,
) -> Result<MultiPolygon, Refusal> {
    let rings: Vec<Vec<Coord>> = split(&geometry.nest, coords).map(<[Coord]>::to_vec).collect();
    let parts: Vec<Vec<Vec<Coord>>> = if geometry.kind == "Polygon" {
        vec![rings]
    } else {
        let groups = &geometry.nest.groups;
        let starts = std::iter::once(0).chain(groups.iter().copied());
        starts.zip(groups).map(|(from, &to)| rings.get(from..to).unwrap_or_default().to_vec()).collect()
    };
    let (area, mut repairs) = area_of(&parts).map_err(|fault| told(&fault))?;
    // Vertices that fall together only by rounding to the model's unit are not the file's fault.
    repairs.repeats = geometry.nest.lists().flat_map(|list| list.windows(2)).filter(|pair| pair[0] == pair[1]).count();
    if let Some((message, at)) = repairs.tell() {
        let remedy = "nothing to do; mend the source if it is yours";
        let problem = Problem::new(Severity::Warning, "ring-repaired", message, remedy).of(called);
        problems.push(Problem { at: at.map(|at| [at.lon(), at.lat()]), ..problem });
    }
    if layer == Layer::Grids && area.0.len() > 1 {
        problems.push(multi_part(&format!("has {} separate parts", area.0.len())).of(called));
    }
    Ok(area)
}

fn multi_part(what: &str) -> Problem {
    let remedy = "kept as it is (an inherited breach); a plan can join or split it";
    Problem::new(Severity::Warning, "multi-part", what, remedy)
}

/// One vertex, or the problem that tells what the numbers look like.
fn vertex(datum: &Datum, x: f64, y: f64) -> Result<Coord, Refusal> {
    let crs = datum.crs();
    let refuse = |remedy: &str| {
        let message = format!("{x}, {y} is no place in {crs}");
        Err(error("coordinates-out-of-range", message, remedy))
    };
    let looks_like_degrees = x.abs() <= 180.0 && y.abs() <= 90.0;
    let Ok((lon, lat)) = datum.to_wgs84(x, y) else {
        return if x.abs() <= 90.0 && y.abs() > 90.0 && y.abs() <= 180.0 {
            refuse("looks like latitude before longitude: swap the two in the file")
        } else if x.abs() > 1000.0 && y.abs() < 2e7 && !matches!(crs, Crs::Epsg(_)) {
            refuse("looks like metres: give --crs EPSG:code of its projection")
        } else {
            refuse("check the feature and the datum given by --crs")
        };
    };
    // A projection's false origin is never in the city: degrees read as metres land in the sea beside it.
    let projected = matches!(crs, Crs::Epsg(_)) && (lon - x).hypot(lat - y) > 0.1;
    if projected && looks_like_degrees {
        return refuse("looks like degrees: leave out --crs or name the datum of these degrees");
    }
    match Coord::from_degrees(lon, lat) {
        Some(coord) => Ok(coord),
        None => refuse("check the feature and the datum given by --crs"),
    }
}

/// The code of a record of an administrative layer or a grid; the name where it has none.
fn code_of(layer: Layer, record: &Record) -> Option<&str> {
    match (record.get(layer, "code"), record.get(layer, "name")) {
        (Value::Text(code), _) => Some(code),
        (_, Value::Text(name)) if layer != Layer::Grids => Some(name),
        _ => None,
    }
}

/// Features of one code become one record of several parts: official plans hold such grids. All parts are joined at
/// once, so a file in which every feature has one code costs no more than another.
fn merge_parts(layer: Layer, records: Vec<(Record, String)>, problems: &mut Problems) -> Vec<(Record, String)> {
    let code_of = |record: &Record| code_of(layer, record).unwrap_or_default().to_owned();
    let mut by_code: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (i, (record, _)) in records.iter().enumerate() {
        by_code.entry(code_of(record)).or_default().push(i);
    }
    let mut kept = Vec::with_capacity(by_code.len());
    for (i, (mut record, called)) in records.iter().cloned().enumerate() {
        let code = code_of(&record);
        let group = by_code.get(&code).map(Vec::as_slice).unwrap_or_default();
        if group.first() != Some(&i) {
            continue;
        }
        let members: Vec<&(Record, String)> = group.iter().filter_map(|&at| records.get(at)).collect();
        let others: Vec<&str> = members.iter().skip(1).map(|(_, called)| called.as_str()).collect();
        if !others.is_empty() {
            match join(members.iter().map(|(record, _)| &record.geometry)) {
                Ok(both) => {
                    record.geometry = both;
                    let n = members.len();
                    let message = format!("code {code} has {n} features, joined to one: also {}", listed(&others));
                    problems.push(multi_part(&message).of(called.clone()));
                    if members.iter().any(|(other, _)| other.values != record.values) {
                        let message = format!("code {code}: its features differ in other columns; the first holds");
                        let remedy = "give all parts of one code the same values";
                        problems.push(
                            Problem::new(Severity::Warning, "multi-part-differs", message, remedy).of(called.clone()),
                        );
                    }
                }
                Err(fault) => {
                    let (_, why, _) = fault.tell();
                    let message =
                        format!("code {code} is also that of {}, and they share ground: {why}", listed(&others));
                    let remedy = "give each its own code, or delete what is doubled";
                    problems.push(Problem::new(Severity::Error, "duplicate-code", message, remedy).of(called.clone()));
                }
            }
        }
        kept.push((record, called));
    }
    kept
}

/// A few names, and how many more.
fn listed(names: &[&str]) -> String {
    let shown = names.iter().take(5).copied().collect::<Vec<_>>().join(", ");
    if names.len() > 5 { format!("{shown} and {} more", names.len() - 5) } else { shown }
}

/// All parts as one area.
fn join<'g>(parts: impl Iterator<Item = &'g Geometry>) -> Result<Geometry, Fault> {
    let mut polygons = Vec::new();
    for part in parts {
        if let Geometry::Area(area) = part {
            polygons.extend(area.0.iter().cloned());
        }
    }
    let both = MultiPolygon(polygons);
    check_clash(&both)?;
    check_parts_apart(&both)?;
    Ok(Geometry::Area(both))
}
