//! Shapefiles (ESRI 1998): `.shp` shapes, `.dbf` rows, `.prj` datum and `.cpg` encoding as one table; a `.dbf` alone is a
//! table without places. The `.shx` is not needed: records follow each other in the `.shp`.
//!
//! Read here instead of with the crates `shapefile` and `dbase`: those give numbers as `f64`, in which a code of 18
//! digits loses its last two, decode a table with the one encoding that it claims, and stop at the first value that is
//! not valid in it, while districts hold tables whose `.cpg` lies.

mod dbf;
mod encoding;
mod shp;

use super::bundle::{self, Bundle, Part};
use super::datum::Crs;
use super::detect::unreadable;
use super::raw::{Declared, Fault, Feature, Features, Noun, Shape, Sheet};
use super::text;
use crate::model::{Problem, Severity};
use dbf::Table;
use shp::Shapes;

/// No definition of a datum is longer, nor the name of an encoding.
const MOST_TEXT: usize = 1 << 16;

/// Opens a shapefile, or a `.dbf` alone: one sheet.
///
/// # Errors
/// The head of the `.shp` or of the `.dbf` is broken.
pub(super) fn open(bundle: &Bundle, progress: &(dyn Fn(u64, u64) + Sync)) -> Result<Vec<Sheet>, Fault> {
    let head = |part: &Part| part.body.head(MOST_TEXT).map_err(|error| unreadable(&error));
    let mut problems = Vec::new();
    let cpg = bundle.part("cpg").map(&head).transpose()?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let table = match bundle.part("dbf") {
        Some(part) => Some(Table::open(&part.body, cpg.as_deref(), &mut problems)?),
        None => None,
    };
    let shapes = match bundle.part("shp") {
        Some(part) => Some(Shapes::open(&part.body, progress)?),
        None => None,
    };
    let declared = match bundle.part("prj") {
        Some(part) => declared(&head(part)?),
        None => Declared::Nothing,
    };
    if shapes.is_none() && table.is_none() {
        let message = "a part of a shapefile without its .shp";
        return Err(Fault::new("shapefile-incomplete", message, "give the .shp file and keep its parts beside it"));
    }
    if table.is_none() {
        let message = "there is no .dbf beside the .shp, so its shapes have no names, codes or other values";
        let remedy = "put the .dbf of the same name beside it";
        problems.push(Problem::new(Severity::Warning, "shapefile-no-table", message, remedy));
    }
    let rows = table.as_ref().map_or(0, |table| table.rows);
    let count = match &shapes {
        Some(shapes) => {
            if table.is_some() && rows != shapes.count {
                let message = format!("the .shp holds {} shapes, the .dbf {rows} rows", shapes.count);
                let remedy = "the parts may belong to different files: export the layer again";
                problems.push(Problem::new(Severity::Warning, "shapefile-counts-differ", message, remedy));
            }
            shapes.count.max(rows)
        }
        None => rows,
    };
    let deleted = table.as_ref().map_or(0, |table| table.deleted);
    if deleted > 0 {
        let message = format!("{deleted} rows of the .dbf are marked as deleted; left out");
        problems.push(Problem::new(Severity::Note, "rows-deleted", message, "nothing to do"));
    }
    Ok(vec![Sheet {
        name: bundle::stem(&bundle.main.name).to_owned(),
        noun: if shapes.is_some() { Noun::Feature } else { Noun::Row },
        columns: table.as_ref().map(Table::columns).unwrap_or_default(),
        has_places: shapes.is_some(),
        declared,
        count: count.saturating_sub(deleted),
        numbers: table.as_ref().and_then(|table| table.columns().iter().position(|name| name == super::NUMBER_COLUMN)),
        problems,
        features: Box::new(Layer { shapes, table }),
    }])
}

/// What a `.prj` says. A system of its own kind (`LOCAL_CS`) says nothing of where on the ground it is.
fn declared(prj: &[u8]) -> Declared {
    let Some((text, _)) = text::decode(prj) else { return Declared::Unknown("bytes that are no text".to_owned()) };
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    let lower = text.to_ascii_lowercase();
    if text.is_empty() || ["local_cs[", "engcrs["].iter().any(|head| lower.starts_with(head)) {
        return Declared::Nothing;
    }
    Crs::parse(text).map_or_else(|_| Declared::Unknown(text.chars().take(60).collect()), Declared::As)
}

/// Shapes and the rows beside them.
struct Layer {
    shapes: Option<Shapes>,
    table: Option<Table>,
}

impl Features for Layer {
    fn each(&self, visit: &mut dyn FnMut(&Feature) -> bool) -> Result<(), Box<Problem>> {
        let mut shapes = self.shapes.as_ref().map(Shapes::read).transpose().map_err(told)?;
        let mut rows = self.table.as_ref().map(Table::read).transpose().map_err(told)?;
        let mut feature = Feature::default();
        for number in 1.. {
            feature.number = number;
            let shape = match &mut shapes {
                Some(shapes) => shapes.next(&mut feature.shape).map_err(told)?,
                None => false,
            };
            let row = match &mut rows {
                Some(rows) => rows.next(&mut feature.cells).map_err(told)?,
                None => dbf::Next::End,
            };
            if !shape {
                feature.shape = if self.shapes.is_some() { Shape::Missing } else { Shape::None };
            }
            match row {
                dbf::Next::End if !shape => return Ok(()),
                dbf::Next::End => feature.cells.clear(),
                dbf::Next::Deleted => continue,
                dbf::Next::Row => {}
            }
            if !visit(&feature) {
                break;
            }
        }
        Ok(())
    }
}

fn told(fault: Fault) -> Box<Problem> {
    Box::new(fault.problem(Severity::Error))
}
