//! GPX 1.0 and 1.1: waypoints, routes and tracks, each a sheet of its own.

use super::datum::Crs;
use super::raw::{Cell, Declared, Fault, Feature, Kind, Noun, Outline, Shape, Sheet};
use super::text;
use super::xml::{Item, Tag, Xml};

/// The columns of waypoints; those of routes and tracks end earlier.
const OF_POINTS: [&str; 8] = ["name", "cmt", "desc", "src", "type", "sym", "ele", "time"];
const OF_LINES: [&str; 9] = ["name", "cmt", "desc", "src", "type", "number", "points", "from", "to"];

/// Opens a file: the sheets `waypoints`, `routes` and `tracks`.
///
/// # Errors
/// It is not text, not XML, or ends in the middle.
pub(super) fn open(bytes: &[u8]) -> Result<Vec<Sheet>, Fault> {
    let Some((text, _)) = text::decode(bytes) else {
        let message = "the file is neither UTF-8, UTF-16 nor GB18030 text";
        return Err(Fault::new("not-text", message, "export it as GPX again"));
    };
    let mut xml = Xml::new(text.as_bytes());
    let (mut waypoints, mut routes, mut tracks) = (Vec::new(), Vec::new(), Vec::new());
    loop {
        match xml.next()? {
            Item::Open(tag) => match tag.name.as_str() {
                "wpt" => {
                    let point = point(&tag, &mut xml)?;
                    let shape = point.at.map_err(Shape::Faulty).map(|[x, y]| Shape::Of(Outline::point(x, y)));
                    let number = waypoints.len() as u64 + 1;
                    let shape = shape.unwrap_or_else(|faulty| faulty);
                    waypoints.push(Feature { number, cells: point.cells, shape, ..Feature::default() });
                }
                "rte" => routes.push(line(&mut xml, "rtept", Kind::Line, routes.len())?),
                "trk" => tracks.push(line(&mut xml, "trkpt", Kind::Lines, tracks.len())?),
                "gpx" => {}
                _ => xml.skip()?,
            },
            Item::End => break,
            Item::Text(_) | Item::Close => {}
        }
    }
    let sheet = |name: &str, columns: &[&str], features: Vec<Feature>| Sheet {
        name: name.to_owned(),
        noun: Noun::Feature,
        columns: columns.iter().map(|column| (*column).to_owned()).collect(),
        has_places: true,
        // GPX 1.1 knows no other; apps that write another are found out by evidence.
        declared: Declared::As(Crs::Wgs84),
        count: features.len() as u64,
        numbers: None,
        problems: Vec::new(),
        features: Box::new(features),
    };
    Ok(vec![
        sheet("waypoints", &OF_POINTS, waypoints),
        sheet("routes", &OF_LINES, routes),
        sheet("tracks", &OF_LINES, tracks),
    ])
}

/// A point of any kind.
struct Point {
    at: Result<[f64; 2], Fault>,
    /// By [`OF_POINTS`].
    cells: Vec<Cell>,
}

fn point(tag: &Tag, xml: &mut Xml<&[u8]>) -> Result<Point, Fault> {
    let degrees = |name: &str| tag.get(name).and_then(|text| text.trim().parse::<f64>().ok()).filter(|n| n.is_finite());
    let at = degrees("lon").zip(degrees("lat")).map(|(lon, lat)| [lon, lat]);
    let at = at.ok_or_else(|| {
        let message = "a point without lon and lat that are numbers";
        Fault::new("value-unreadable", message, "export it from its program again")
    });
    let mut cells = vec![Cell::Empty; OF_POINTS.len()];
    loop {
        match xml.next()? {
            Item::Open(tag) => match OF_POINTS.iter().position(|column| *column == tag.name) {
                Some(column) => cells[column] = cell(xml.text()?),
                None => xml.skip()?,
            },
            Item::Close | Item::End => return Ok(Point { at, cells }),
            Item::Text(_) => {}
        }
    }
}

fn cell(text: String) -> Cell {
    if text.is_empty() { Cell::Empty } else { Cell::Text(text) }
}

/// A route or a track: its points, those of each segment in a list of their own.
fn line(xml: &mut Xml<&[u8]>, of: &str, kind: Kind, before: usize) -> Result<Feature, Fault> {
    let mut outline = Outline { kind, ..Outline::default() };
    let mut cells = vec![Cell::Empty; OF_LINES.len()];
    let (mut first, mut last) = (Cell::Empty, Cell::Empty);
    let mut faulty = None;
    let mut segments = 0_usize;
    loop {
        match xml.next()? {
            Item::Open(tag) if tag.name == "trkseg" => segments += 1,
            Item::Open(tag) if tag.name == of => {
                let Point { at, mut cells } = point(&tag, xml)?;
                match at {
                    Ok(at) => outline.positions.push(at),
                    Err(fault) => faulty = Some(fault),
                }
                let time = cells.pop().unwrap_or_default();
                if time != Cell::Empty {
                    if first == Cell::Empty {
                        first = time.clone();
                    }
                    last = time;
                }
            }
            Item::Open(tag) => match OF_LINES.iter().take(6).position(|column| *column == tag.name) {
                Some(column) => cells[column] = cell(xml.text()?),
                None => xml.skip()?,
            },
            Item::Close if segments > 0 => {
                segments -= 1;
                outline.lists.push(outline.positions.len());
            }
            Item::Close | Item::End => break,
            Item::Text(_) => {}
        }
    }
    if outline.lists.last().copied().unwrap_or_default() < outline.positions.len() {
        outline.lists.push(outline.positions.len());
    }
    // A segment without points is no line that is too short.
    let mut end = 0;
    outline.lists.retain(|list| std::mem::replace(&mut end, *list) < *list);
    cells[6] = Cell::Integer(outline.positions.len() as i64);
    (cells[7], cells[8]) = (first, last);
    let shape = match faulty {
        Some(fault) => Shape::Faulty(fault),
        None if outline.positions.is_empty() => Shape::Missing,
        None => Shape::Of(outline),
    };
    Ok(Feature { number: before as u64 + 1, cells, shape, ..Feature::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waypoints_routes_and_tracks() {
        let text = "<gpx><metadata><name>n</name></metadata><wpt lat='30' lon='120'><name>甲</name><x:y>1</x:y></wpt>\
            <rte><name>r</name><rtept lat='1' lon='2'/><rtept lat='3' lon='4'/></rte>\
            <trk><trkseg><trkpt lat='1' lon='2'><time>2024-01-01T00:00:00Z</time></trkpt><trkpt lat='3' lon='4'/></trkseg>\
            <trkseg/><trkseg><trkpt lat='5' lon='6'><time>2024-01-01T01:00:00Z</time></trkpt></trkseg></trk></gpx>";
        let sheets = open(text.as_bytes()).expect("reads");
        let mut told = Vec::new();
        for sheet in &sheets {
            sheet
                .features
                .each(&mut |feature| {
                    let Shape::Of(outline) = &feature.shape else { panic!("{feature:?}") };
                    let cells: Vec<String> = feature.cells.iter().map(Cell::shown).collect();
                    told.push(format!(
                        "{} {:?} {:?} {}",
                        sheet.name,
                        outline.positions,
                        outline.lists,
                        cells.join("|")
                    ));
                    true
                })
                .expect("read");
        }
        assert_eq!(
            told,
            [
                "waypoints [[120.0, 30.0]] [] 甲|||||||",
                "routes [[2.0, 1.0], [4.0, 3.0]] [2] r||||||2||",
                "tracks [[2.0, 1.0], [4.0, 3.0], [6.0, 5.0]] [2, 3] ||||||3|2024-01-01T00:00:00Z|2024-01-01T01:00:00Z",
            ]
        );
    }
}
