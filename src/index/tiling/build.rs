//! Weaving the raster: bands of rows on all cores, each cell by cell from the edges that touch it.
//!
//! 1. Choose the cell sides from the number and the lengths of the edges.
//! 2. For each band: note the cells that each edge touches, and where each polygon's border crosses a raster line (the
//!    line through the cells' south-west corners, moved by `e²`).
//! 3. Walk the band row by row from the west. The crossings say which polygons contain the next corner; a cell
//!    without edges is a true hit, any other gets a record.
//! 4. Join the bands.

use super::record::{self, Cell, Edge, Records};
use super::{OUTSIDE, Raster, Tiling};
use crate::model::{Bounds, Coord, MultiPolygon};
use rayon::prelude::*;

/// Cells that the raster may have for each edge of each polygon. Measured with 20,164 grids of 64 vertices, ns a point
/// (batch in random order / one call) and memory: half 13.5 / 87 / 10 MB, 1 10.8 / 72 / 15 MB, 2 9.6 / 56 / 21 MB,
/// 4 10.0 / 49 / 34 MB, 8 10.3 / 44 / 53 MB.
const CELLS_PER_EDGE: u128 = 2;

/// The raster may have this many cells even for few edges; a quarter of a megabyte.
const SMALL: u128 = 1 << 16;

/// No more cells than this for the cell words' sake (half a gigabyte), and fewer where polygons lie many deep, since
/// every cell lists those that cover it.
const LARGE: u128 = 1 << 27;

/// Bands to share between cores: many more than cores, since a band in the middle holds more than one at the edge.
const BANDS: u32 = 128;

pub(super) fn build(polygons: &[&MultiPolygon]) -> Tiling {
    assert!(polygons.len() < 1 << 30, "polygons are counted in 30 bits");
    let Some(raster) = choose(polygons) else {
        let raster =
            Raster { origin: Coord::default(), shift_x: 0, shift_y: 0, columns: 0, rows: 0, width: 0, height: 0 };
        return Tiling { raster, cells: vec![OUTSIDE << 1], records: Records::from_words(Vec::new()) };
    };
    let height = raster.rows.div_ceil(BANDS);
    let bands: Vec<_> = members(polygons, &raster, height)
        .into_par_iter()
        .enumerate()
        .map(|(i, members)| {
            let south = i as u32 * height;
            weave(polygons, &members, &raster, south..raster.rows.min(south + height))
        })
        .collect();
    let (cells, words): (usize, usize) =
        bands.iter().fold((1, 0), |(cells, words), band| (cells + band.cells.len(), words + band.words.len()));
    assert!(words < 1 << 30, "records are counted in 30 bits of words");
    let mut tiling = Tiling { raster, cells: Vec::with_capacity(cells), records: Records::default() };
    let mut records = Vec::with_capacity(words + 8);
    for band in bands {
        let moved = (records.len() as u32) << 1;
        tiling.cells.extend(band.cells.iter().map(|word| if word & 1 == 1 { word + moved } else { *word }));
        records.extend(band.words);
    }
    tiling.cells.push(OUTSIDE << 1);
    tiling.records = Records::from_words(records);
    tiling
}

/// Every edge of a polygon, both ends.
fn edges(polygon: &MultiPolygon) -> impl Iterator<Item = (Coord, Coord)> + '_ {
    polygon.rings().filter_map(|ring| Some((&ring.0, *ring.0.last()?))).flat_map(|(vertices, last)| {
        vertices.iter().scan(last, |previous, v| Some((std::mem::replace(previous, *v), *v)))
    })
}

/// The raster over all polygons; `None` when there is no vertex.
///
/// An edge of `dx` by `dy` touches about `1 + dx/side + dy/side` cells, so the sides are chosen as short as the
/// budget for cells allows and as long as needed for edges that would touch too many.
fn choose(polygons: &[&MultiPolygon]) -> Option<Raster> {
    let sums = polygons.par_iter().map(|polygon| {
        let mut sum = (polygon.bounds(), 0u128, 0u128, 0u128);
        for (a, b) in edges(polygon) {
            sum.1 += 1;
            sum.2 += u128::from(a.x.abs_diff(b.x));
            sum.3 += u128::from(a.y.abs_diff(b.y));
        }
        sum
    });
    let (bounds, count, east, north) = sums.reduce(
        || (None, 0, 0, 0),
        |a, b| {
            let bounds = match (a.0, b.0) {
                (Some(a), Some(b)) => Some(Bounds::union(a, b)),
                (a, b) => a.or(b),
            };
            (bounds, a.1 + b.1, a.2 + b.2, a.3 + b.3)
        },
    );
    let bounds = bounds?;
    let area = |b: Bounds| (f64::from(b.max.x.abs_diff(b.min.x)) + 1.0) * (f64::from(b.max.y.abs_diff(b.min.y)) + 1.0);
    let depth = polygons.iter().filter_map(|polygon| polygon.bounds()).map(area).sum::<f64>() / area(bounds);
    let (width, height) = (bounds.max.x.abs_diff(bounds.min.x), bounds.max.y.abs_diff(bounds.min.y));
    let cells = |x: u32, y: u32| (u128::from(width >> x) + 1) * (u128::from(height >> y) + 1);
    let touched = |x: u32, y: u32| count + (east >> x) + (north >> y);
    let most_cells = (count * CELLS_PER_EDGE).clamp(SMALL, LARGE).min((LARGE as f64 / depth.max(1.0)) as u128);
    let most_touched = 4 * count + 4 * SMALL;
    let (mut x, mut y) = (0u32, 0u32);
    while (x < 31 || y < 31) && (cells(x, y) > most_cells || touched(x, y) > most_touched) {
        if (x <= y && x < 31) || y == 31 { x += 1 } else { y += 1 }
    }
    Some(Raster {
        origin: bounds.min,
        shift_x: x,
        shift_y: y,
        columns: (width >> x) + 1,
        rows: (height >> y) + 1,
        width,
        height,
    })
}

/// For each band of `height` rows, the polygons whose bounds touch it, in ascending order.
fn members(polygons: &[&MultiPolygon], raster: &Raster, height: u32) -> Vec<Vec<u32>> {
    let mut bands = vec![Vec::new(); raster.rows.div_ceil(height) as usize];
    for (i, polygon) in (0u32..).zip(polygons) {
        let Some(bounds) = polygon.bounds() else { continue };
        let band = |y: i32| ((y.abs_diff(raster.origin.y) >> raster.shift_y) / height) as usize;
        for members in &mut bands[band(bounds.min.y)..=band(bounds.max.y)] {
            members.push(i);
        }
    }
    bands
}

/// The cell words and records of some rows; record numbers count from the band's first word.
struct Band {
    cells: Vec<u32>,
    words: Vec<u32>,
}

/// An edge of a polygon in a cell that it touches.
#[derive(Clone, Copy)]
struct Touch {
    cell: u32,
    polygon: u32,
    a: Coord,
    b: Coord,
}

/// A polygon's border crosses the raster line of a row between the corners of a cell and the one before.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    cell: u32,
    polygon: u32,
}

fn weave(polygons: &[&MultiPolygon], members: &[u32], raster: &Raster, rows: std::ops::Range<u32>) -> Band {
    let count = (rows.end - rows.start) as usize * raster.columns as usize;
    let mut tracer = Tracer { raster, rows: rows.clone(), touches: Vec::new(), turns: Vec::new() };
    for polygon in members {
        for (a, b) in edges(polygons[*polygon as usize]) {
            tracer.trace(*polygon, a, b);
        }
    }
    let Tracer { touches, mut turns, .. } = tracer;
    turns.sort_unstable();
    let (touches, ends) = by_cell(&touches, count);
    let mut band = Band { cells: Vec::with_capacity(count), words: Vec::new() };
    let mut writer = Writer::default();
    let mut turns = turns.into_iter().peekable();
    let mut first = 0usize;
    // Containing the corner of the current cell; ascending.
    let mut inside: Vec<u32> = Vec::new();
    // The word of the cell before, as long as this one is just like it.
    let mut same: Option<u32> = None;
    for (cell, end) in (0u32..).zip(ends) {
        if cell.is_multiple_of(raster.columns) {
            inside.clear();
            same = None;
        }
        while let Some(turn) = turns.next_if(|turn| turn.cell == cell) {
            match inside.binary_search(&turn.polygon) {
                Ok(i) => drop(inside.remove(i)),
                Err(i) => inside.insert(i, turn.polygon),
            }
            same = None;
        }
        let touches = &touches[first..end as usize];
        first = end as usize;
        if touches.is_empty() {
            let word = same.unwrap_or_else(|| plain(&mut band.words, &inside));
            same = Some(word);
            band.cells.push(word);
            continue;
        }
        same = None;
        let (row, column) = (rows.start + cell / raster.columns, cell % raster.columns);
        let last = |origin: i32, size: u32, index: u32, shift: u32| {
            let start = u64::from(index) << shift;
            let corner = (i64::from(origin) + start as i64) as i32;
            (corner, ((1u64 << shift) - 1).min(u64::from(size) - start) as i64)
        };
        let (x, last_x) = last(raster.origin.x, raster.width, column, raster.shift_x);
        let (y, last_y) = last(raster.origin.y, raster.height, row, raster.shift_y);
        let at = Cell { corner: Coord::new(x, y), last: (last_x, last_y) };
        let word = writer.write(&mut band.words, at, &inside, touches);
        band.cells.push(word);
    }
    band
}

/// The word of a cell without edges that these polygons cover.
fn plain(words: &mut Vec<u32>, inside: &[u32]) -> u32 {
    match inside {
        [] => OUTSIDE << 1,
        [polygon] => polygon << 1,
        several => {
            // A record, so that `locate_all` finds them all. It has no edges, so any cell will do.
            let record = words.len() as u32;
            let cell = Cell { corner: Coord::default(), last: (0, 0) };
            record::write_listed(words, several.len());
            for polygon in several {
                record::write_candidate(words, cell, *polygon, true, std::iter::empty());
            }
            record << 1 | 1
        }
    }
}

/// Sorts by cell, keeping the order within a cell, and gives where each cell's touches end.
fn by_cell(touches: &[Touch], cells: usize) -> (Vec<Touch>, Vec<u32>) {
    let mut ends = vec![0u32; cells];
    for touch in touches {
        ends[touch.cell as usize] += 1;
    }
    let mut sum = 0;
    for end in &mut ends {
        // For now: where the cell begins. Placing its touches moves it to where the cell ends.
        sum += std::mem::replace(end, sum);
    }
    let none = Touch { cell: 0, polygon: 0, a: Coord::default(), b: Coord::default() };
    let mut sorted = vec![none; touches.len()];
    for touch in touches {
        let end = &mut ends[touch.cell as usize];
        sorted[*end as usize] = *touch;
        *end += 1;
    }
    (sorted, ends)
}

/// Follows edges through the cells of a band.
struct Tracer<'a> {
    raster: &'a Raster,
    rows: std::ops::Range<u32>,
    touches: Vec<Touch>,
    turns: Vec<Turn>,
}

impl Tracer<'_> {
    /// Notes every cell of the band with a point that the edge may tell from another (at least those whose closed box
    /// from first to last unit it touches), and every raster line it crosses.
    fn trace(&mut self, polygon: u32, a: Coord, b: Coord) {
        let raster = self.raster;
        let (low, high) = if a.y <= b.y { (a, b) } else { (b, a) };
        let row = |y: i32| y.abs_diff(raster.origin.y) >> raster.shift_y;
        let (first, last) = (row(low.y).max(self.rows.start), row(high.y).min(self.rows.end - 1));
        let (west, east) = (i64::from(a.x.min(b.x)), i64::from(a.x.max(b.x)));
        let (origin_x, origin_y) = (i64::from(raster.origin.x), i64::from(raster.origin.y));
        for row in first..=last {
            let south = origin_y + ((u64::from(row) << raster.shift_y) as i64);
            let north = south + (1i64 << raster.shift_y) - 1;
            let base = (row - self.rows.start) * raster.columns;
            let (from, to) = if low.y == high.y {
                (west, east)
            } else {
                let (x1, x2) = (x_at(low, high, south.max(low.y.into())), x_at(low, high, north.min(high.y.into())));
                if i64::from(low.y) <= south && south < i64::from(high.y) {
                    // Here x1 is where it crosses the raster line; corners at or east of that are on the other side.
                    let column = (x1.1 - origin_x + (1i64 << raster.shift_x) - 1) >> raster.shift_x;
                    if column < i64::from(raster.columns) {
                        self.turns.push(Turn { cell: base + column as u32, polygon });
                    }
                }
                (x1.0.min(x2.0), x1.1.max(x2.1))
            };
            for column in (from - origin_x) >> raster.shift_x..=(to - origin_x) >> raster.shift_x {
                let corner = origin_x + (column << raster.shift_x);
                // All of it at or west of the west side: crossed on the way west and at the bend, so never.
                // Horizontal: crossed by none unless it reaches over the west side, and by all when on the south side.
                if east <= corner || low.y == high.y && (west > corner || i64::from(low.y) == south) {
                    continue;
                }
                self.touches.push(Touch { cell: base + column as u32, polygon, a, b });
            }
        }
    }
}

/// Where an edge that is not horizontal meets height `y`, rounded down and up.
fn x_at(low: Coord, high: Coord, y: i64) -> (i64, i64) {
    let (run, rise) = (i64::from(high.x) - i64::from(low.x), i64::from(high.y) - i64::from(low.y));
    let climbed = y - i64::from(low.y);
    // Below 2^31 each, the product fits; this holds unless the edge spans half the world.
    let (quotient, rest) = match run.checked_mul(climbed) {
        Some(product) => (product.div_euclid(rise), product.rem_euclid(rise) != 0),
        None => {
            let (product, rise) = (i128::from(run) * i128::from(climbed), i128::from(rise));
            (product.div_euclid(rise) as i64, product.rem_euclid(rise) != 0)
        }
    };
    let x = i64::from(low.x) + quotient;
    (x, x + i64::from(rest))
}

/// Turns the touches of a cell into its record; keeps its scratch space from cell to cell.
#[derive(Default)]
struct Writer {
    /// Smaller end, greater end, polygon, place in the order of tracing.
    sorted: Vec<(Coord, Coord, u32, u32)>,
    /// Edge that toggles a polygon: place of the edge in the order of tracing, polygon.
    toggles: Vec<(u32, u32)>,
    candidates: Vec<u32>,
    edges: Vec<Edge>,
    polyline: (Vec<Coord>, Vec<u8>),
}

impl Writer {
    fn write(&mut self, words: &mut Vec<u32>, cell: Cell, inside: &[u32], touches: &[Touch]) -> u32 {
        self.merge(touches);
        if self.toggles.is_empty() {
            return plain(words, inside);
        }
        self.candidates.clear();
        self.candidates.extend(inside);
        self.candidates.extend(self.toggles.iter().map(|(_, polygon)| *polygon));
        self.candidates.sort_unstable();
        self.candidates.dedup();
        let record = words.len() as u32;
        if record::fits_masked(self.candidates.len(), self.toggles.len()) {
            self.write_masked(words, cell, inside, touches);
        } else {
            record::write_listed(words, self.candidates.len());
            self.toggles.sort_unstable_by_key(|(place, polygon)| (*polygon, *place));
            let mut toggles = self.toggles.as_slice();
            for polygon in &self.candidates {
                let own = toggles.partition_point(|(_, other)| other == polygon);
                let edges = toggles[..own].iter().map(|(place, _)| touches[*place as usize]).map(|t| (t.a, t.b));
                record::write_candidate(words, cell, *polygon, inside.binary_search(polygon).is_ok(), edges);
                toggles = &toggles[own..];
            }
        }
        record << 1 | 1
    }

    /// Finds edges that several polygons share, whichever way they run, and gives each to the first place where it was
    /// met; an edge that one polygon has twice toggles nothing.
    fn merge(&mut self, touches: &[Touch]) {
        self.sorted.clear();
        self.sorted.extend((0u32..).zip(touches).map(|(i, t)| (t.a.min(t.b), t.a.max(t.b), t.polygon, i)));
        self.sorted.sort_unstable();
        self.toggles.clear();
        for shared in self.sorted.chunk_by(|s, t| (s.0, s.1) == (t.0, t.1)) {
            let place = shared.iter().map(|s| s.3).min().unwrap_or(0);
            for own in shared.chunk_by(|s, t| s.2 == t.2).filter(|own| own.len() % 2 == 1) {
                self.toggles.push((place, own[0].2));
            }
        }
        self.toggles.sort_unstable();
    }

    fn write_masked(&mut self, words: &mut Vec<u32>, cell: Cell, inside: &[u32], touches: &[Touch]) {
        let candidates = &self.candidates;
        let bit = |polygon: &u32| 1u8 << candidates.partition_point(|c| c < polygon);
        self.edges.clear();
        self.edges.extend(self.toggles.chunk_by(|s, t| s.0 == t.0).map(|edge| {
            let Touch { a, b, .. } = touches[edge[0].0 as usize];
            Edge { a, b, mask: edge.iter().fold(0, |mask, (_, polygon)| mask | bit(polygon)) }
        }));
        let inside = inside.iter().fold(0, |mask, polygon| mask | bit(polygon));
        record::write_masked(words, cell, candidates, inside, &self.edges, &mut self.polyline);
    }
}
