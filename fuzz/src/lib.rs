//! What the fuzz targets share: bytes become a file, the file is read as one of three layers, and whatever was left out
//! must be told.

use gridweave::model::Layer;
use gridweave::read::bundle::{Body, Bundle, Part};
use gridweave::read::datum::Crs;
use gridweave::read::{Options, Reading, Source, read_bundle};

/// Points, lines and areas are made differently; which of them is tried depends on the length.
fn layer(data: &[u8]) -> Layer {
    [Layer::Grids, Layer::Cameras, Layer::Streets][data.len() % 3]
}

fn read(bundle: &Bundle, source: Source, crs: Option<Crs>) {
    let options = Options { crs, ..Options::default() };
    let Reading { features, problems, .. } = read_bundle(bundle, source, &options, &|_, _| {});
    assert!(!features.is_empty() || !problems.is_empty(), "nothing read and nothing said");
}

/// One file of some format.
pub fn file(name: &str, data: &[u8]) {
    read(&Bundle::of_bytes(name, data), Source::Layer(layer(data)), Some(Crs::Wgs84));
}

/// OpenStreetMap.
pub fn osm(name: &str, data: &[u8]) {
    read(&Bundle::of_bytes(name, data), Source::Osm, None);
}

/// A shapefile: the parts follow each other, each behind its length in two bytes, big endian; the last takes the rest.
pub fn shapefile(data: &[u8]) {
    let mut rest = data;
    let mut parts = Vec::new();
    for name in ["fuzz.shp", "fuzz.dbf", "fuzz.cpg", "fuzz.prj"] {
        let (length, body) = match rest {
            [high, low, body @ ..] => (usize::from(*high) << 8 | usize::from(*low), body),
            _ => break,
        };
        let (part, tail) = body.split_at(length.min(body.len()));
        parts.push(Part { name: name.to_owned(), body: Body::Bytes(part.into()) });
        rest = tail;
    }
    read(&Bundle::of_parts(parts), Source::Layer(layer(data)), Some(Crs::Wgs84));
}
