//! PLT, the tracks of Geolife and OziExplorer: six lines of preamble, then `latitude,longitude,0,feet,days,date,time`.

use super::datum::Crs;
use super::raw::{Cell, Declared, Fault, Feature, Kind, Noun, Outline, Shape, Sheet};
use super::text;
use crate::model::{Problem, Severity};

/// Lines before the first point.
const PREAMBLE: usize = 6;
/// OziExplorer writes this height where it has none, in feet.
const NO_HEIGHT: f64 = -777.0;
const METRES_IN_A_FOOT: f64 = 0.3048;

/// Opens a file: the sheets `points`, one row each, and `track`, one line.
///
/// # Errors
/// It is not text, or too short.
pub(super) fn open(bytes: &[u8]) -> Result<Vec<Sheet>, Fault> {
    let Some((text, _)) = text::decode(bytes) else {
        return Err(Fault::new("not-text", "the file is not text", "copy it again"));
    };
    let lines: Vec<&str> = text.lines().collect();
    if lines.len() < PREAMBLE {
        let message = "the file ends within its first six lines";
        return Err(Fault::new("plt-truncated", message, "copy it again"));
    }
    let declared = match lines.get(1).map(|line| line.trim()) {
        Some("WGS 84" | "WGS84") => Declared::As(Crs::Wgs84),
        Some(other) => Declared::Unknown(other.chars().take(40).collect()),
        None => Declared::Nothing,
    };
    let mut problems = Vec::new();
    let mut points = Vec::new();
    let mut outline = Outline { kind: Kind::Line, ..Outline::default() };
    let (mut from, mut to) = (Cell::Empty, Cell::Empty);
    for (line, row) in lines.iter().zip(1_u64..).skip(PREAMBLE).filter(|(line, _)| !line.trim().is_empty()) {
        match point(line) {
            Some((at, cells)) => {
                outline.positions.push(at);
                if let Some(time @ Cell::Text(_)) = cells.first() {
                    if from == Cell::Empty {
                        from = time.clone();
                    }
                    to = time.clone();
                }
                let shape = Shape::Of(Outline::point(at[0], at[1]));
                points.push(Feature { number: row, cells, shape, ..Feature::default() });
            }
            None => {
                let shown: String = line.chars().take(40).collect();
                let message = format!("`{shown}` is no point of a track; left out");
                let remedy = "expected is latitude,longitude,0,feet,days,date,time";
                let problem = Problem::new(Severity::Warning, "point-unreadable", message, remedy);
                problems.push(problem.of(format!("row {row}")).in_row(row));
            }
        }
    }
    outline.lists.push(outline.positions.len());
    let cells = vec![Cell::Integer(points.len() as i64), from, to];
    let track = Feature { number: 1, cells, shape: Shape::Of(outline), ..Feature::default() };
    let tracks = if points.is_empty() { Vec::new() } else { vec![track] };
    let sheet = |name: &str, noun, columns: &[&str], features: Vec<Feature>, problems| Sheet {
        name: name.to_owned(),
        noun,
        columns: columns.iter().map(|column| (*column).to_owned()).collect(),
        has_places: true,
        declared: declared.clone(),
        count: features.len() as u64,
        numbers: None,
        problems,
        features: Box::new(features),
    };
    Ok(vec![
        sheet("points", Noun::Row, &["time", "ele"], points, problems.clone()),
        sheet("track", Noun::Feature, &["points", "from", "to"], tracks, problems),
    ])
}

/// Place, time and height in metres.
fn point(line: &str) -> Option<([f64; 2], Vec<Cell>)> {
    let parts: Vec<&str> = line.split(',').map(str::trim).collect();
    let number = |at: usize| parts.get(at)?.parse::<f64>().ok().filter(|n: &f64| n.is_finite());
    let (lat, lon) = (number(0)?, number(1)?);
    let time = match (parts.get(5), parts.get(6)) {
        (Some(day), Some(time)) if !day.is_empty() => Cell::Text(format!("{day}T{time}Z")),
        _ => Cell::Empty,
    };
    let height = number(3).filter(|feet| *feet != NO_HEIGHT).map(|feet| Cell::Real(feet * METRES_IN_A_FOOT));
    Some(([lon, lat], vec![time, height.unwrap_or_default()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_and_their_line() {
        let head = "Geolife trajectory\r\nWGS 84\r\nAltitude is in Feet\r\nReserved 3\r\n0,2,255\r\n0\r\n";
        let text = format!(
            "{head}40.5,116.25,0,100,39750.78,2008-10-29,18:42:30\r\n40.6,116.5,0,-777,39750.79,2008-10-29,18:42:35\r\nx\r\n"
        );
        let sheets = open(text.as_bytes()).expect("reads");
        assert_eq!(sheets.iter().map(|sheet| sheet.count).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(sheets[0].problems[0].row, Some(9));
        let mut rows = Vec::new();
        for sheet in &sheets {
            sheet
                .features
                .each(&mut |feature| {
                    rows.push((feature.number, feature.cells.clone()));
                    true
                })
                .expect("read");
        }
        let text = |text: &str| Cell::Text(text.to_owned());
        assert_eq!(rows[0], (7, vec![text("2008-10-29T18:42:30Z"), Cell::Real(100.0 * METRES_IN_A_FOOT)]));
        assert_eq!(rows[1].1[1], Cell::Empty);
        assert_eq!(rows[2].1, [Cell::Integer(2), text("2008-10-29T18:42:30Z"), text("2008-10-29T18:42:35Z")]);
        assert!(open(b"Geolife trajectory\n").is_err());
    }
}
