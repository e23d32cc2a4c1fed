//! Every layer as a table: the same things that the map shows, to be read, filtered and sorted.

use super::Snapshot;
use crate::index::{OUTSIDE, point_of};
use crate::model::{Bounds, Coord, FieldKind, Layer, Record, Value};
use std::cmp::Ordering;

/// What to list.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// Only what touches this box.
    pub bounds: Option<Bounds>,
    /// Only what stands in this grid (a rank).
    pub grid: Option<u32>,
    /// Only rows in which some text or code contains this.
    pub text: String,
    /// A column, and whether it descends. Rows without a value come last either way; ties go by id.
    pub sort: Option<(String, bool)>,
    /// Rows to leave out first.
    pub offset: usize,
    /// Rows to give at most.
    pub limit: usize,
}

/// One row.
#[derive(Clone, Debug)]
pub struct Row {
    /// Number within the layer.
    pub id: u32,
    /// A point that stands for it.
    pub anchor: Coord,
    /// The box around it.
    pub bounds: Bounds,
    /// One value for each column.
    pub cells: Vec<Value>,
}

/// A page of a table.
#[derive(Clone, Debug)]
pub struct Table {
    /// Names and types of the columns.
    pub columns: Vec<(&'static str, FieldKind)>,
    /// How many rows match.
    pub total: usize,
    /// The rows of the page.
    pub rows: Vec<Row>,
}

const DERIVED_OF_GRIDS: [(&str, FieldKind); 9] = [
    ("households", FieldKind::Integer),
    ("lo", FieldKind::Integer),
    ("hi", FieldKind::Integer),
    ("state", FieldKind::Text),
    ("buildings", FieldKind::Integer),
    ("cameras", FieldKind::Integer),
    ("area_m2", FieldKind::Real),
    ("subdistrict", FieldKind::Text),
    ("district", FieldKind::Text),
];
const DERIVED_OF_LEVELS: [(&str, FieldKind); 3] =
    [("grids", FieldKind::Integer), ("households", FieldKind::Integer), ("area_m2", FieldKind::Real)];

/// The columns of a layer's table: its canonical fields, then what is derived.
pub fn columns(layer: Layer) -> Vec<(&'static str, FieldKind)> {
    let derived: &[(&str, FieldKind)] = match layer {
        Layer::Grids => &DERIVED_OF_GRIDS,
        Layer::Districts | Layer::Subdistricts | Layer::Communities => &DERIVED_OF_LEVELS,
        _ => &[("grid", FieldKind::Code)],
    };
    layer.fields().iter().map(|f| (f.name, f.kind)).chain(derived.iter().copied()).collect()
}

impl Snapshot {
    /// A page of a layer's table. `None` when the sort column does not exist.
    pub fn table(&self, layer: Layer, query: &Query) -> Option<Table> {
        let columns = columns(layer);
        let sort = match &query.sort {
            Some((name, descending)) => Some((columns.iter().position(|(c, _)| c == name)?, *descending)),
            None => None,
        };
        let text = query.text.to_lowercase();
        let mut rows: Vec<Row> = Vec::new();
        for (position, record) in self.world.records(layer).enumerate() {
            let Some(bounds) = record.geometry.bounds() else { continue };
            if query.bounds.is_some_and(|b| !b.touches(&bounds)) {
                continue;
            }
            let row = self.row(layer, position, record, bounds);
            if query.grid.is_some_and(|grid| self.ground.grids.locate(row.anchor) != Some(grid))
                || !mentions(&row, &text)
            {
                continue;
            }
            rows.push(row);
        }
        match sort {
            Some((column, descending)) => {
                rows.sort_by(|a, b| compare(&a.cells[column], &b.cells[column], descending).then(a.id.cmp(&b.id)))
            }
            // The order in which binary lookups number the grids.
            None if layer == Layer::Grids => {
                rows.sort_by(|a, b| compare(&a.cells[0], &b.cells[0], false).then(a.id.cmp(&b.id)))
            }
            None => {}
        }
        let total = rows.len();
        let rows = rows.into_iter().skip(query.offset).take(query.limit).collect();
        Some(Table { columns, total, rows })
    }

    fn row(&self, layer: Layer, position: usize, record: Record, bounds: Bounds) -> Row {
        let mut cells = record.values;
        let anchor = match layer {
            Layer::Buildings => self.ground.building_anchors[position],
            Layer::Compounds => self.ground.compound_anchors[position],
            Layer::Grids | Layer::Districts | Layer::Subdistricts | Layer::Communities => bounds.centre(),
            _ => point_of(&record.geometry),
        };
        let anchor = self.derived(layer, position, anchor, &mut cells);
        Row { id: record.id, anchor, bounds, cells }
    }

    /// Appends the derived cells; gives back the better anchor where one is known.
    fn derived(&self, layer: Layer, position: usize, anchor: Coord, cells: &mut Vec<Value>) -> Coord {
        if layer == Layer::Grids {
            let Some(facts) = self.grid_rank(position).map(|rank| &self.facts.grids[rank as usize]) else {
                return anchor;
            };
            let name = |layer: Layer, place: Option<u32>| place.map(|p| self.place_name(layer, p)).unwrap_or_default();
            cells[3] = name(Layer::Communities, facts.community).as_str().into();
            cells.extend([
                i64::from(facts.households()).into(),
                facts.band.map(|b| i64::from(b.lo)).into(),
                facts.band.map(|b| i64::from(b.hi)).into(),
                facts.state().map_or("none", |s| s.word()).into(),
                i64::from(facts.buildings).into(),
                i64::from(facts.cameras).into(),
                tenth(facts.area.0).into(),
                name(Layer::Subdistricts, facts.subdistrict).as_str().into(),
                name(Layer::Districts, facts.district).as_str().into(),
            ]);
            return facts.anchor;
        }
        let level = match layer {
            Layer::Districts => 0,
            Layer::Subdistricts => 1,
            Layer::Communities => 2,
            _ => {
                let rank = match layer {
                    Layer::Buildings => Some(self.facts.grid_of_building[position]).filter(|rank| *rank != OUTSIDE),
                    _ => self.ground.grids.locate(anchor),
                };
                cells.push(rank.map(|rank| self.grid_code(rank)).into());
                return anchor;
            }
        };
        let Some(facts) = self.facts.levels[level].iter().find(|f| f.place as usize == position) else { return anchor };
        if let Some(parent) = facts.parent {
            let above = self.ground.levels()[level - 1].layer;
            cells[2] = self.place_name(above, parent).as_str().into();
        }
        cells.extend([i64::from(facts.grids).into(), i64::from(facts.households).into(), tenth(facts.area.0).into()]);
        facts.anchor
    }

    /// The code of a grid by its rank.
    pub fn grid_code(&self, rank: u32) -> &str {
        self.world.grids[self.ground.grids.places[rank as usize] as usize].code.as_str()
    }

    /// The rank of a grid by its position in the world, also where two grids have one code.
    fn grid_rank(&self, position: usize) -> Option<u32> {
        let grids = &self.world.grids;
        let wanted = (&grids.get(position)?.code, position);
        let key = |place: &u32| (&grids[*place as usize].code, *place as usize);
        self.ground.grids.places.binary_search_by(|place| key(place).cmp(&wanted)).ok().map(|rank| rank as u32)
    }

    /// Name of a place above the grids by its position; its code where it has no name.
    pub fn place_name(&self, layer: Layer, position: u32) -> String {
        let (code, name) = self.place_words(layer, position);
        if name.is_empty() { code.to_owned() } else { name.to_owned() }
    }

    /// Code and name of a place above the grids by its position.
    pub fn place_words(&self, layer: Layer, position: u32) -> (&str, &str) {
        let position = position as usize;
        let words = match layer {
            Layer::Districts => self.world.districts.get(position).map(|p| (&p.code, &p.name)),
            Layer::Subdistricts => self.world.subdistricts.get(position).map(|p| (&p.code, &p.name)),
            _ => self.world.communities.get(position).map(|p| (&p.code, &p.name)),
        };
        words.map_or(("", ""), |(code, name)| (code.as_str(), name))
    }
}

fn tenth(n: f64) -> f64 {
    (n * 10.0).round() / 10.0
}

fn mentions(row: &Row, text: &str) -> bool {
    let contains = |cell: &Value| matches!(cell, Value::Text(t) if t.to_lowercase().contains(text));
    text.is_empty() || row.cells.iter().any(contains)
}

/// Numbers by size, text by code point, nothing last.
fn compare(a: &Value, b: &Value, descending: bool) -> Ordering {
    let number = |value: &Value| match value {
        Value::Integer(n) => Some(*n as f64),
        Value::Real(n) => Some(*n),
        Value::Bool(b) => Some(f64::from(u8::from(*b))),
        _ => None,
    };
    let order = match (a, b) {
        (Value::Null, Value::Null) => return Ordering::Equal,
        (Value::Null, _) => return Ordering::Greater,
        (_, Value::Null) => return Ordering::Less,
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        _ => number(a).unwrap_or(f64::INFINITY).total_cmp(&number(b).unwrap_or(f64::INFINITY)),
    };
    if descending { order.reverse() } else { order }
}
