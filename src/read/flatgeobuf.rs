//! FlatGeobuf 3: a head that names the columns, an index of boxes, features one after the other.
//!
//! The crate `flatgeobuf` knows the buffers and verifies them. Lengths are checked here, before anything is allocated
//! by them or sliced at them, which its own iterator leaves to the file; and so features are visited without a copy.

use super::bundle::{Body, Bundle, ReadSeek};
use super::datum::{Crs, Datum};
use super::detect::unreadable;
use super::raw::{Cell, Declared, Fault, Feature, Features, Kind, Noun, Outline, Shape, Sheet};
use super::{bundle, well_known};
use crate::model::{Problem, Severity};
use ::flatgeobuf as fgb;
use fgb::{ColumnType, GeometryType};
use std::io::SeekFrom;

/// The version that is read.
const VERSION: u8 = 3;
/// The crate's own limit.
const MOST_HEAD: u64 = 10 << 20;
/// A feature longer than this is no place.
const MOST_FEATURE: u64 = 1 << 28;

/// Opens a file: one sheet.
///
/// # Errors
/// Its head is damaged or of another version.
pub(super) fn open(bundle: &Bundle, progress: &(dyn Fn(u64, u64) + Sync)) -> Result<Vec<Sheet>, Fault> {
    let body = &bundle.main.body;
    let size = body.size().map_err(|error| unreadable(&error))?;
    progress(0, size);
    let bytes = body.head(12).map_err(|error| unreadable(&error))?;
    if let Some(version) = bytes.get(3).filter(|version| **version != VERSION) {
        let message = format!("FlatGeobuf version {version}; read is version {VERSION}");
        let remedy = "write it again with a program of today: ogr2ogr -f FlatGeobuf out.fgb SOURCE";
        return Err(Fault::new("format-version", message, remedy));
    }
    let length = bytes.last_chunk().map(|chunk| u64::from(u32::from_le_bytes(*chunk)));
    let Some(length) = length.filter(|length| (8..=MOST_HEAD).contains(length) && *length <= size.saturating_sub(12))
    else {
        return Err(damaged("its head is cut short or no head"));
    };
    let bytes = body.head(12 + length as usize).map_err(|error| unreadable(&error))?;
    let head = bytes.get(8..).map(fgb::size_prefixed_root_as_header);
    let Some(Ok(head)) = head else { return Err(damaged("its head is no FlatGeobuf head")) };

    let columns = head.columns().into_iter().flatten();
    let (names, kinds): (Vec<String>, Vec<ColumnType>) = columns.map(|c| (c.name().to_owned(), c.type_())).unzip();
    let index = index_length(head.features_count(), head.index_node_size());
    let start = index.and_then(|index| (12 + length).checked_add(index)).filter(|start| *start <= size);
    let Some(start) = start else {
        return Err(Fault::new("file-truncated", "the file ends within its index", "copy or export it again"));
    };
    let announced = head.features_count();
    let mut file =
        File { body: body.clone(), start, size, announced, count: announced, kind: head.geometry_type(), kinds };
    if announced == 0 {
        // Programs that write as they go do not know how many there will be.
        file.count = u64::MAX;
        file.count = file.count_features()?;
    }
    // A table written without geometries is known by having none.
    let mut has_places = false;
    // What breaks off is told when the features themselves are read.
    let _ = file.each(&mut |feature| {
        has_places = feature.shape != Shape::Missing;
        !has_places
    });
    Ok(vec![Sheet {
        name: match head.name() {
            Some(name) if !name.is_empty() => name.to_owned(),
            _ => bundle::stem(&bundle.main.name).to_owned(),
        },
        noun: if has_places { Noun::Feature } else { Noun::Row },
        numbers: names.iter().position(|name| name == super::NUMBER_COLUMN),
        columns: names,
        has_places: has_places || file.count == 0,
        declared: head.crs().map_or(Declared::Nothing, declared),
        count: file.count,
        problems: Vec::new(),
        features: Box::new(file),
    }])
}

fn damaged(what: &str) -> Fault {
    Fault::new("flatgeobuf-damaged", format!("the file is damaged: {what}"), "copy or export it again")
}

/// The code, as long as PROJ knows it, else the definition.
fn declared(crs: fgb::Crs<'_>) -> Declared {
    let organization = crs.org().filter(|name| !name.is_empty()).unwrap_or("EPSG");
    let code = match crs.code() {
        0 => crs.code_string().unwrap_or_default().to_owned(),
        code => code.to_string(),
    };
    let definition = crs.wkt().unwrap_or_default();
    if code.is_empty() && definition.is_empty() {
        return Declared::Nothing;
    }
    let said = format!("{organization}:{code}");
    if let Some(crs) = Crs::parse(&said).ok().filter(|crs| definition.is_empty() || Datum::new(crs.clone()).is_ok()) {
        return Declared::As(crs);
    }
    Crs::parse(definition).map_or(Declared::Unknown(said), Declared::As)
}

/// How many bytes the index takes: 40 for each node of a tree whose leaves are the features.
fn index_length(features: u64, node: u16) -> Option<u64> {
    if features == 0 || node == 0 {
        return Some(0);
    }
    if node == 1 {
        return None;
    }
    let (mut level, mut nodes) = (features, features);
    while level > 1 {
        level = level.div_ceil(u64::from(node));
        nodes = nodes.checked_add(level)?;
    }
    // A tree of one feature still has a root above it.
    (if features == 1 { 2 } else { nodes }).checked_mul(40)
}

/// The features of a file.
struct File {
    body: Body,
    /// Where the first begins.
    start: u64,
    size: u64,
    /// What the head says, 0 where it does not know.
    announced: u64,
    count: u64,
    kind: GeometryType,
    kinds: Vec<ColumnType>,
}

/// A place in the file.
struct Reader<'f> {
    file: &'f File,
    input: Box<dyn ReadSeek>,
    at: u64,
    done: u64,
    /// One feature, its length before it.
    buffer: Vec<u8>,
}

impl File {
    fn read(&self) -> Result<Reader<'_>, Fault> {
        let mut input = self.body.open().map_err(|error| unreadable(&error))?;
        input.seek(SeekFrom::Start(self.start)).map_err(|error| unreadable(&error))?;
        Ok(Reader { file: self, input, at: self.start, done: 0, buffer: Vec::new() })
    }

    fn count_features(&self) -> Result<u64, Fault> {
        let mut reader = self.read()?;
        while let Ok(Some(length)) = reader.length() {
            reader.input.seek_relative(length as i64).map_err(|error| unreadable(&error))?;
            reader.at += length;
            reader.done += 1;
        }
        Ok(reader.done)
    }

    fn take(&self, reader: &mut Reader<'_>, feature: &mut Feature) -> Result<bool, Fault> {
        let Some(length) = reader.length()? else { return Ok(false) };
        reader.buffer.resize(4 + length as usize, 0);
        let body = reader.buffer.get_mut(4..).unwrap_or_default();
        reader.input.read_exact(body).map_err(|error| unreadable(&error))?;
        reader.at += length;
        reader.done += 1;
        feature.number = reader.done;
        let Ok(found) = fgb::size_prefixed_root_as_feature(&reader.buffer) else {
            feature.fault = Some(Fault::new(
                "feature-damaged",
                "its bytes are no FlatGeobuf feature",
                "draw it again, or export the file again",
            ));
            feature.shape = Shape::Missing;
            feature.cells.clear();
            return Ok(true);
        };
        feature.fault = None;
        feature.shape = match found.geometry() {
            Some(geometry) => shape(&geometry, self.kind, std::mem::take(&mut feature.shape)),
            None => Shape::Missing,
        };
        let properties = found.properties().map(|bytes| bytes.bytes()).unwrap_or_default();
        if cells(properties, &self.kinds, &mut feature.cells).is_none() {
            feature.fault = Some(Fault::new(
                "feature-damaged",
                "its values do not fit the columns that the file announces",
                "export the file again",
            ));
        }
        Ok(true)
    }
}

impl Features for File {
    fn each(&self, visit: &mut dyn FnMut(&Feature) -> bool) -> Result<(), Box<Problem>> {
        let told = |fault: Fault| Box::new(fault.problem(Severity::Error));
        let mut reader = self.read().map_err(told)?;
        let mut feature = Feature::default();
        while self.take(&mut reader, &mut feature).map_err(told)? {
            if !visit(&feature) {
                break;
            }
        }
        Ok(())
    }
}

impl Reader<'_> {
    /// The length of the feature that begins here; `None` behind the last.
    fn length(&mut self) -> Result<Option<u64>, Fault> {
        let left = self.file.size.saturating_sub(self.at);
        if self.done == self.file.count || (left == 0 && self.file.announced == 0) {
            return Ok(None);
        }
        let cut = || {
            let (done, announced) = (self.done, self.file.announced);
            let of = if announced > 0 { format!(" of {announced}") } else { String::new() };
            let message = format!("the file ends in the middle, after {done}{of} features");
            Fault::new("file-truncated", message, "the file is cut short: copy or export it again")
        };
        if left < 4 {
            return Err(cut());
        }
        if self.buffer.len() < 4 {
            self.buffer.resize(4, 0);
        }
        let prefix = self.buffer.first_chunk_mut::<4>().ok_or_else(|| damaged("no room"))?;
        self.input.read_exact(prefix).map_err(|error| unreadable(&error))?;
        let length = u64::from(u32::from_le_bytes(*prefix));
        self.at += 4;
        if length > left - 4 {
            return Err(cut());
        }
        if !(4..=MOST_FEATURE).contains(&length) {
            return Err(damaged(&format!("feature {} says that it is {length} bytes long", self.done + 1)));
        }
        Ok(Some(length))
    }
}

/// The geometry of a feature; the memory of `used` serves again.
fn shape(geometry: &fgb::Geometry<'_>, kind: GeometryType, used: Shape) -> Shape {
    let kind = if kind == GeometryType::Unknown { geometry.type_() } else { kind };
    let mut outline = match used {
        Shape::Of(outline) => outline,
        _ => Outline::default(),
    };
    let filled = match kind {
        GeometryType::Point => {
            outline.clear(Kind::Point);
            list(geometry, &mut outline)
        }
        GeometryType::MultiPoint => {
            outline.clear(Kind::Points);
            list(geometry, &mut outline)
        }
        GeometryType::LineString => {
            outline.clear(Kind::Line);
            list(geometry, &mut outline)
        }
        GeometryType::MultiLineString => {
            outline.clear(Kind::Lines);
            lists(geometry, &mut outline)
        }
        GeometryType::Polygon => {
            outline.clear(Kind::Polygon);
            lists(geometry, &mut outline)
        }
        GeometryType::MultiPolygon => {
            outline.clear(Kind::Polygons);
            match geometry.parts() {
                Some(parts) => parts.iter().try_for_each(|part| {
                    lists(&part, &mut outline)?;
                    outline.groups.push(outline.lists.len());
                    Some(())
                }),
                // A multipolygon of one part may be written as that part.
                None => lists(geometry, &mut outline).map(|()| outline.groups.push(outline.lists.len())),
            }
        }
        GeometryType::GeometryCollection => return Shape::Faulty(well_known::collection()),
        GeometryType::Unknown => return Shape::Missing,
        other => {
            let name = other.variant_name().unwrap_or("an unknown kind");
            let remedy = "draw it with straight edges: ogr2ogr -nlt CONVERT_TO_LINEAR out.fgb FILE";
            return Shape::Faulty(Fault::new("geometry-unknown", format!("its geometry is a {name}"), remedy));
        }
    };
    match filled {
        None => Shape::Faulty(Fault::new(
            "geometry-damaged",
            "the lists of its geometry end where it has no positions",
            "draw it again, or export the file again",
        )),
        // An empty point is one of NaN.
        Some(()) if outline.positions.iter().flatten().all(|n| n.is_nan()) => Shape::Missing,
        Some(()) => Shape::Of(outline),
    }
}

/// All positions as one list.
fn list(geometry: &fgb::Geometry<'_>, outline: &mut Outline) -> Option<()> {
    let bytes = geometry.xy().map(|xy| xy.bytes()).unwrap_or_default();
    let (pairs, rest) = bytes.as_chunks::<16>();
    outline.positions.extend(pairs.iter().map(|pair| {
        let n = |half: Option<&[u8; 8]>| half.map_or(f64::NAN, |bytes| f64::from_le_bytes(*bytes));
        [n(pair.first_chunk()), n(pair.last_chunk())]
    }));
    if outline.kind != Kind::Point {
        outline.lists.push(outline.positions.len());
    }
    rest.is_empty().then_some(())
}

/// Positions in the lists whose ends the geometry tells; in one where it does not.
fn lists(geometry: &fgb::Geometry<'_>, outline: &mut Outline) -> Option<()> {
    let before = outline.positions.len();
    list(geometry, outline)?;
    let Some(ends) = geometry.ends().filter(|ends| !ends.is_empty()) else {
        if outline.positions.len() == before {
            outline.lists.pop();
        }
        return Some(());
    };
    outline.lists.pop();
    let mut last = before;
    for end in ends {
        let end = before.checked_add(end as usize)?;
        if end < last || end > outline.positions.len() {
            return None;
        }
        outline.lists.push(end);
        last = end;
    }
    (last == outline.positions.len()).then_some(())
}

/// Reads values into cells, one for each column. `None` when they are cut or of a column that there is not.
fn cells(mut bytes: &[u8], kinds: &[ColumnType], cells: &mut Vec<Cell>) -> Option<()> {
    fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
        let (head, tail) = bytes.split_first_chunk::<N>()?;
        *bytes = tail;
        Some(*head)
    }
    fn sized<'b>(bytes: &mut &'b [u8]) -> Option<&'b [u8]> {
        let length = u32::from_le_bytes(take(bytes)?) as usize;
        let (head, tail) = bytes.split_at_checked(length)?;
        *bytes = tail;
        Some(head)
    }
    cells.resize(kinds.len(), Cell::Empty);
    // Texts keep their memory until it is known which of them the feature lacks; so many columns are kept track of.
    const TRACKED: usize = 128;
    cells.iter_mut().skip(TRACKED).for_each(|cell| *cell = Cell::Empty);
    let mut given = 0_u128;
    // A byte alone at the end is padding behind a column of bytes.
    while bytes.len() > 1 {
        let at = usize::from(u16::from_le_bytes(take(&mut bytes)?));
        let (kind, cell) = (*kinds.get(at)?, cells.get_mut(at)?);
        given |= 1_u128.checked_shl(at as u32).unwrap_or(0);
        *cell = match kind {
            ColumnType::Byte => Cell::Integer(i8::from_le_bytes(take(&mut bytes)?).into()),
            ColumnType::UByte => Cell::Integer(u8::from_le_bytes(take(&mut bytes)?).into()),
            ColumnType::Bool => Cell::Bool(take::<1>(&mut bytes)? != [0]),
            ColumnType::Short => Cell::Integer(i16::from_le_bytes(take(&mut bytes)?).into()),
            ColumnType::UShort => Cell::Integer(u16::from_le_bytes(take(&mut bytes)?).into()),
            ColumnType::Int => Cell::Integer(i32::from_le_bytes(take(&mut bytes)?).into()),
            ColumnType::UInt => Cell::Integer(u32::from_le_bytes(take(&mut bytes)?).into()),
            ColumnType::Long => Cell::Integer(i64::from_le_bytes(take(&mut bytes)?)),
            ColumnType::ULong => {
                let n = u64::from_le_bytes(take(&mut bytes)?);
                i64::try_from(n).map_or_else(|_| Cell::Text(n.to_string()), Cell::Integer)
            }
            // The shortest number that is this one: 12.1, not 12.100000381.
            ColumnType::Float => {
                let n = f32::from_le_bytes(take(&mut bytes)?);
                Cell::Real(n.to_string().parse().unwrap_or(f64::from(n)))
            }
            ColumnType::Double => Cell::Real(f64::from_le_bytes(take(&mut bytes)?)),
            ColumnType::String | ColumnType::DateTime | ColumnType::Json => {
                let text = String::from_utf8_lossy(sized(&mut bytes)?);
                match std::mem::take(cell) {
                    _ if kind == ColumnType::Json && text.starts_with(['{', '[']) => Cell::Nested(text.into_owned()),
                    Cell::Text(mut used) => {
                        used.clear();
                        used.push_str(&text);
                        Cell::Text(used)
                    }
                    _ => Cell::Text(text.into_owned()),
                }
            }
            ColumnType::Binary => {
                sized(&mut bytes)?;
                Cell::Nested("(bytes)".to_owned())
            }
            _ => return None,
        };
    }
    for (at, cell) in cells.iter_mut().enumerate().take(TRACKED) {
        if given >> at & 1 == 0 {
            *cell = Cell::Empty;
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_is_as_long_as_the_crate_makes_it() {
        for (features, node) in [(1_u64, 16_u16), (2, 16), (16, 16), (17, 16), (179, 16), (1000, 2), (100_000, 65_535)]
        {
            let theirs = fgb::packed_r_tree::PackedRTree::index_size(features as usize, node) as u64;
            assert_eq!(index_length(features, node), Some(theirs), "{features} {node}");
        }
        assert_eq!(index_length(u64::MAX, 2), None);
        assert_eq!(index_length(9, 1), None);
        assert_eq!(index_length(0, 16), Some(0));
    }

    #[test]
    fn values_are_cut_or_right() {
        let kinds = [ColumnType::String, ColumnType::Float, ColumnType::ULong];
        let mut found = Vec::new();
        let text =
            [&[0, 0, 3, 0, 0, 0][..], b"abc", &[1, 0], &12.1_f32.to_le_bytes(), &[2, 0], &u64::MAX.to_le_bytes()];
        assert!(cells(&text.concat(), &kinds, &mut found).is_some());
        let all = [Cell::Text("abc".into()), Cell::Real(12.1), Cell::Text(u64::MAX.to_string())];
        assert_eq!(found, all);
        // The next feature lacks two of them.
        assert!(cells(&[2, 0, 5, 0, 0, 0, 0, 0, 0, 0], &kinds, &mut found).is_some());
        assert_eq!(found, [Cell::Empty, Cell::Empty, Cell::Integer(5)]);
        for bad in [&[9, 0, 1, 0][..], &[0, 0, 255, 255, 255, 255], &[1, 0, 1], &[2, 0, 0, 0]] {
            assert!(cells(bad, &kinds, &mut found).is_none(), "{bad:?}");
        }
    }
}
