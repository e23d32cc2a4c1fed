//! KML 2.2: placemarks, a sheet for each folder that holds any.

use super::datum::Crs;
use super::raw::{Cell, Declared, Fault, Feature, Kind, Noun, Outline, Shape, Sheet};
use super::xml::{Item, Tag, Xml};
use super::{NUMBER_COLUMN, bundle, text, well_known};
use std::collections::HashMap;

/// Columns that every sheet has.
const COLUMNS: [&str; 3] = ["name", "description", "address"];
/// Folders within folders.
const DEEPEST: usize = 100;

/// Opens a file.
///
/// # Errors
/// It is not text, not XML, or ends in the middle.
pub(super) fn open(name: &str, bytes: &[u8]) -> Result<Vec<Sheet>, Fault> {
    let Some((text, _)) = text::decode(bytes) else {
        let message = "the file is neither UTF-8, UTF-16 nor GB18030 text";
        return Err(Fault::new("not-text", message, "export it as KML again"));
    };
    let mut xml = Xml::new(text.as_bytes());
    let stem = bundle::stem(name.rsplit(['/', '\\']).next().unwrap_or(name)).to_owned();
    let mut folders = vec![Folder::default()];
    // The folders that are open, innermost last, and for each open element whether it is one.
    let (mut open, mut elements) = (vec![0_usize], Vec::new());
    let mut number = 0;
    loop {
        match xml.next()? {
            Item::Open(tag) => match tag.name.as_str() {
                "Placemark" => {
                    number += 1;
                    let at = open.last().copied().unwrap_or_default();
                    let mut feature = folders[at].columns.placemark(&tag, &mut xml)?;
                    feature.number = number;
                    folders[at].features.push(feature);
                }
                "Folder" | "Document" if open.len() < DEEPEST => {
                    elements.push(true);
                    open.push(folders.len());
                    folders.push(Folder::default());
                }
                "name" if elements.last() == Some(&true) => {
                    let at = open.last().copied().unwrap_or_default();
                    folders[at].name = xml.text()?;
                }
                "kml" | "Folder" | "Document" => elements.push(false),
                _ => xml.skip()?,
            },
            Item::Close => {
                if elements.pop() == Some(true) {
                    open.pop();
                }
            }
            Item::Text(_) => {}
            Item::End => break,
        }
    }
    let mut sheets: Vec<Sheet> = Vec::new();
    let mut names: HashMap<String, usize> = HashMap::new();
    let empty = folders.iter().all(|folder| folder.features.is_empty());
    for folder in folders.into_iter().filter(|folder| empty || !folder.features.is_empty()) {
        let own = if folder.name.is_empty() { stem.clone() } else { folder.name };
        let times = names.entry(own.clone()).or_default();
        *times += 1;
        let name = if *times == 1 { own } else { format!("{own} ({times})") };
        sheets.push(folder.columns.sheet(name, folder.features));
        if empty {
            break;
        }
    }
    Ok(sheets)
}

#[derive(Default)]
struct Folder {
    name: String,
    columns: Columns,
    features: Vec<Feature>,
}

/// The columns of a folder's placemarks, in the order in which they first appear.
struct Columns {
    names: Vec<String>,
    at: HashMap<String, usize>,
}

impl Default for Columns {
    fn default() -> Self {
        let names: Vec<String> = COLUMNS.iter().map(|name| (*name).to_owned()).collect();
        Self { at: names.iter().cloned().zip(0..).collect(), names }
    }
}

impl Columns {
    fn put(&mut self, cells: &mut Vec<Cell>, name: String, text: String) {
        if text.is_empty() {
            return;
        }
        let at = *self.at.entry(name.clone()).or_insert_with(|| {
            self.names.push(name);
            self.names.len() - 1
        });
        if cells.len() <= at {
            cells.resize(at + 1, Cell::Empty);
        }
        cells[at] = Cell::Text(text);
    }

    fn placemark(&mut self, tag: &Tag, xml: &mut Xml<&[u8]>) -> Result<Feature, Fault> {
        let id = tag.get("id").map(str::to_owned);
        let mut cells = Vec::new();
        let mut shapes = Shapes::default();
        // The name of the value that is being read, where it is an element of `Data`.
        let (mut data, mut depth) = (None, 0_usize);
        loop {
            match xml.next()? {
                Item::Open(tag) => match tag.name.as_str() {
                    "name" | "description" | "address" => {
                        let text = xml.text()?;
                        self.put(&mut cells, tag.name, text);
                    }
                    "SimpleData" => {
                        let text = xml.text()?;
                        self.put(&mut cells, tag.get("name").unwrap_or("value").to_owned(), text);
                    }
                    "Data" => {
                        data = tag.get("name").map(str::to_owned);
                        depth += 1;
                    }
                    "value" => {
                        let text = xml.text()?;
                        self.put(&mut cells, data.take().unwrap_or_else(|| "value".to_owned()), text);
                    }
                    "ExtendedData" | "SchemaData" | "MultiGeometry" | "MultiTrack" => depth += 1,
                    "Point" | "LineString" | "LinearRing" | "Polygon" | "Track" => shapes.read(&tag.name, xml)?,
                    _ => xml.skip()?,
                },
                Item::Close if depth > 0 => depth -= 1,
                Item::Close | Item::End => break,
                Item::Text(_) => {}
            }
        }
        Ok(Feature { id, cells, shape: shapes.shape(), ..Feature::default() })
    }

    fn sheet(self, name: String, features: Vec<Feature>) -> Sheet {
        Sheet {
            name,
            noun: Noun::Feature,
            numbers: self.names.iter().position(|column| column == NUMBER_COLUMN),
            columns: self.names,
            has_places: true,
            // KML knows no other; apps that write another are found out by evidence.
            declared: Declared::As(Crs::Wgs84),
            count: features.len() as u64,
            problems: Vec::new(),
            features: Box::new(features),
        }
    }
}

/// The geometries of a placemark.
#[derive(Default)]
struct Shapes {
    points: Vec<[f64; 2]>,
    lines: Outline,
    polygons: Outline,
    fault: Option<Fault>,
}

impl Shapes {
    fn read(&mut self, kind: &str, xml: &mut Xml<&[u8]>) -> Result<(), Fault> {
        match kind {
            "Polygon" => {
                let (mut outer, mut inner) = (Vec::new(), Vec::new());
                let (mut depth, mut in_hole) = (0_usize, false);
                loop {
                    match xml.next()? {
                        Item::Open(tag) if tag.name == "coordinates" => {
                            let ring = self.positions(&xml.text()?);
                            if in_hole { inner.push(ring) } else { outer.push(ring) }
                        }
                        Item::Open(tag) if tag.name == "outerBoundaryIs" || tag.name == "innerBoundaryIs" => {
                            in_hole = tag.name == "innerBoundaryIs";
                            depth += 1;
                        }
                        Item::Open(tag) if tag.name == "LinearRing" => depth += 1,
                        Item::Open(_) => xml.skip()?,
                        Item::Close if depth > 0 => depth -= 1,
                        Item::Close | Item::End => break,
                        Item::Text(_) => {}
                    }
                }
                let outline = &mut self.polygons;
                for ring in outer.into_iter().chain(inner).filter(|ring| !ring.is_empty()) {
                    outline.positions.extend(ring);
                    outline.lists.push(outline.positions.len());
                }
                if outline.groups.last().copied().unwrap_or_default() < outline.lists.len() {
                    outline.groups.push(outline.lists.len());
                }
            }
            _ => {
                let mut found = Vec::new();
                loop {
                    match xml.next()? {
                        Item::Open(tag) if tag.name == "coordinates" => found.extend(self.positions(&xml.text()?)),
                        // A moment of a gx:Track: longitude, latitude and height with blanks between.
                        Item::Open(tag) if tag.name == "coord" => {
                            let text = xml.text()?.split_whitespace().collect::<Vec<_>>().join(",");
                            found.extend(self.positions(&text));
                        }
                        Item::Open(_) => xml.skip()?,
                        Item::Close | Item::End => break,
                        Item::Text(_) => {}
                    }
                }
                if kind == "Point" {
                    self.points.extend(found);
                } else if !found.is_empty() {
                    self.lines.positions.extend(found);
                    self.lines.lists.push(self.lines.positions.len());
                }
            }
        }
        Ok(())
    }

    /// `120.1,30.2,0 120.2,30.3`: tuples with blanks between; some programs write blanks after the commas too.
    fn positions(&mut self, text: &str) -> Vec<[f64; 2]> {
        let mut found = Vec::new();
        let tight;
        let text = if text.contains(", ") {
            tight = text.replace(", ", ",");
            &tight
        } else {
            text
        };
        for tuple in text.split_whitespace() {
            let mut numbers = tuple.split(',').map(|part| part.parse::<f64>().ok().filter(|n| n.is_finite()));
            match (numbers.next().flatten(), numbers.next().flatten()) {
                (Some(lon), Some(lat)) => found.push([lon, lat]),
                _ => {
                    let tuple: String = tuple.chars().take(40).collect();
                    let message = format!("`{tuple}` is no longitude and latitude");
                    self.fault = Some(Fault::new("value-unreadable", message, "write them as 120.1628,30.2731"));
                }
            }
        }
        found
    }

    fn shape(self) -> Shape {
        let Self { points, mut lines, mut polygons, fault } = self;
        if let Some(fault) = fault {
            return Shape::Faulty(fault);
        }
        match (points.len(), lines.lists.len(), polygons.groups.len()) {
            (0, 0, 0) => Shape::Missing,
            (1.., 0, 0) => {
                let kind = if points.len() == 1 { Kind::Point } else { Kind::Points };
                Shape::Of(Outline { kind, positions: points, ..Outline::default() })
            }
            (0, n, 0) => {
                lines.kind = if n == 1 { Kind::Line } else { Kind::Lines };
                Shape::Of(lines)
            }
            (0, 0, n) => {
                polygons.kind = if n == 1 { Kind::Polygon } else { Kind::Polygons };
                Shape::Of(polygons)
            }
            _ => Shape::Faulty(well_known::collection()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_geometries() {
        let text = "<kml xmlns='http://www.opengis.net/kml/2.2'><Document><name>d</name><Style id='s'><name>no</name></Style>
            <Folder><name>社区</name><Placemark id='p1'><name>甲</name><ExtendedData><Data name='户数'><value>12</value></Data>
            <SchemaData><SimpleData name='code'>001</SimpleData></SchemaData></ExtendedData><Polygon><outerBoundaryIs><LinearRing>
            <coordinates>0,0,0 4,0,0 4,4,0 0,0,0</coordinates></LinearRing></outerBoundaryIs><innerBoundaryIs><LinearRing>
            <coordinates>1,0.5 2,0.5 2,1 1,0.5</coordinates></LinearRing></innerBoundaryIs></Polygon></Placemark></Folder>
            <Folder><name>点</name><Placemark><Point><coordinates>120.5, 30.5, 0</coordinates></Point></Placemark>
            <Placemark><MultiGeometry><LineString><coordinates>0,0 1,1</coordinates></LineString><LineString>
            <coordinates>2,2 3,3</coordinates></LineString></MultiGeometry></Placemark>
            <Placemark><MultiGeometry><Point><coordinates>1,1</coordinates></Point><LineString><coordinates>0,0 1,1
            </coordinates></LineString></MultiGeometry></Placemark><Placemark><Point><coordinates>x,1</coordinates></Point>
            </Placemark></Folder></Document></kml>";
        let sheets = open("f.kml", text.as_bytes()).expect("reads");
        let mut told = Vec::new();
        for sheet in &sheets {
            sheet
                .features
                .each(&mut |feature| {
                    let shape = match &feature.shape {
                        Shape::Of(o) => format!("{:?} {} {:?} {:?}", o.kind, o.positions.len(), o.lists, o.groups),
                        Shape::Faulty(fault) => fault.code.to_owned(),
                        other => format!("{other:?}"),
                    };
                    told.push(format!("{} {} {shape}", sheet.name, feature.number));
                    true
                })
                .expect("read");
        }
        let expected = [
            "社区 1 Polygon 8 [4, 8] [2]",
            "点 2 Point 1 [] []",
            "点 3 Lines 4 [2, 4] []",
            &format!("点 4 {}", well_known::collection().code),
            "点 5 value-unreadable",
        ];
        assert_eq!(told, expected);
        assert_eq!(sheets[0].columns, ["name", "description", "address", "户数", "code"]);
        let nothing = open("f.kml", b"<kml><Document/></kml>").expect("reads");
        assert_eq!((nothing.len(), nothing[0].count, nothing[0].name.as_str()), (1, 0, "f"));
    }
}
