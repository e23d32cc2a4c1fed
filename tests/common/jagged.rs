//! A tessellation like those of official grids: `n` x `n` cells with crooked borders that share every vertex exactly.

use gridweave::model::{Coord, MultiPolygon, Polygon, Ring};

/// What to generate.
#[derive(Clone, Copy, Debug)]
pub struct Jagged {
    /// Cells along each axis.
    pub n: usize,
    /// Side of a cell in units.
    pub cell: i32,
    /// Straight pieces along one side of a cell: a power of two.
    pub pieces: usize,
    /// South-west corner of the whole.
    pub corner: Coord,
    /// Any number.
    pub seed: u64,
}

impl Jagged {
    /// The cells, row by row from the south. The outline of the whole is a straight square with nodes along it.
    pub fn cells(self) -> Vec<MultiPolygon> {
        let n = self.n;
        let mut cells = Vec::with_capacity(n * n);
        for row in 0..n {
            for column in 0..n {
                let mut ring = Vec::with_capacity(4 * self.pieces);
                ring.extend(self.side(column, row, true));
                ring.extend(self.side(column + 1, row, false));
                ring.extend(back(self.side(column, row + 1, true), self.node(column + 1, row + 1)));
                ring.extend(back(self.side(column, row, false), self.node(column, row + 1)));
                ring.dedup();
                while ring.len() > 1 && ring.first() == ring.last() {
                    ring.pop();
                }
                cells.push(Polygon { outer: Ring(ring), holes: Vec::new() }.into());
            }
        }
        cells
    }

    /// Twice the area of the whole.
    #[allow(dead_code, reason = "not every test that includes this file asks")]
    pub fn doubled_area(self) -> i128 {
        2 * (self.n as i128 * i128::from(self.cell)).pow(2)
    }

    fn node(self, column: usize, row: usize) -> Coord {
        let shift = |fixed: bool, salt: u64| {
            if fixed { 0.0 } else { 0.2 * f64::from(self.cell) * (self.random(column, row, salt) - 0.5) }
        };
        let (dx, dy) = (shift(column == 0 || column == self.n, 1), shift(row == 0 || row == self.n, 2));
        Coord::new(
            self.corner.x + column as i32 * self.cell + dx as i32,
            self.corner.y + row as i32 * self.cell + dy as i32,
        )
    }

    /// The side of a cell from a node eastwards or northwards, without its last vertex.
    fn side(self, column: usize, row: usize, east: bool) -> Vec<Coord> {
        let (a, b) =
            (self.node(column, row), if east { self.node(column + 1, row) } else { self.node(column, row + 1) });
        let straight = if east { row == 0 || row == self.n } else { column == 0 || column == self.n };
        let mut line = vec![a, b];
        let mut amplitude = if straight { 0.0 } else { 0.16 * f64::from(self.cell) };
        let mut salt = if east { 100 } else { 200 };
        while line.len() <= self.pieces {
            let mut finer = Vec::with_capacity(line.len() * 2);
            for pair in line.windows(2) {
                salt += 1;
                let off = amplitude * (self.random(column, row, salt) - 0.5);
                let (dx, dy) = if east { (0.0, off) } else { (off, 0.0) };
                finer.push(pair[0]);
                let middle = |a: i32, b: i32, d: f64| ((f64::from(a) + f64::from(b)) / 2.0 + d).round() as i32;
                finer.push(Coord::new(middle(pair[0].x, pair[1].x, dx), middle(pair[0].y, pair[1].y, dy)));
            }
            finer.push(b);
            line = finer;
            amplitude /= 2.0;
        }
        line.pop();
        line
    }

    /// In `0..1`, a function of the place and the seed alone.
    fn random(self, column: usize, row: usize, salt: u64) -> f64 {
        let mut z = self.seed ^ (column as u64) << 40 ^ (row as u64) << 20 ^ salt.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for factor in [0xbf58_476d_1ce4_e5b9_u64, 0x94d0_49bb_1331_11eb] {
            z = (z ^ z >> 30).wrapping_mul(factor);
        }
        ((z ^ z >> 31) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// The same side backwards: from its last node, without its first vertex.
fn back(mut side: Vec<Coord>, last: Coord) -> Vec<Coord> {
    side.push(last);
    side.reverse();
    side.pop();
    side
}
