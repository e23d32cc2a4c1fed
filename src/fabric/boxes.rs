//! A packed tree of boxes: built once, asked often, never changed.
//!
//! Boxes are sorted along a Z-order curve of their centres and grouped by eight, level upon level (the layout of
//! Kamel and Faloutsos' packed R-tree, VLDB 1994, with the simpler curve).

/// An axis-parallel box, borders included: west, south, east, north in any integer plane.
pub type Box4 = [i32; 4];

/// Boxes under one parent. 8 and 16 measured alike on 640,000 edges; 8 keeps small layers shallow.
const NODE: usize = 8;

/// Boxes and the numbers they were given in, ready for queries.
#[derive(Clone, Debug, Default)]
pub struct BoxTree {
    /// Item numbers in curve order.
    items: Vec<u32>,
    /// `levels[0]` are the items' own boxes in curve order; each further level covers groups of the one before.
    levels: Vec<Vec<Box4>>,
}

impl BoxTree {
    /// Packs the boxes; item `i` is `boxes[i]`. An inverted box (west > east) is never found.
    pub fn new(boxes: &[Box4]) -> Self {
        let mut order: Vec<(u64, u32)> = boxes.iter().zip(0u32..).map(|(b, i)| (curve(b), i)).collect();
        order.sort_unstable();
        let items: Vec<u32> = order.into_iter().map(|(_, i)| i).collect();
        let mut level: Vec<Box4> = items.iter().map(|&i| boxes[i as usize]).collect();
        let mut levels = Vec::new();
        while level.len() > 1 {
            let above = level.chunks(NODE).map(cover).collect();
            levels.push(level);
            level = above;
        }
        levels.push(level);
        Self { items, levels }
    }

    /// Calls `found` with every item whose box shares at least a point with `query`, in an order that depends only on
    /// the boxes.
    pub fn visit(&self, query: Box4, mut found: impl FnMut(u32)) {
        let top = self.levels.len().saturating_sub(1);
        // Deep enough for 8^10 items with every sibling waiting.
        let mut stack: Vec<(usize, usize)> = Vec::with_capacity(NODE * 8);
        if self.levels.get(top).and_then(|level| level.first()).is_some_and(|b| touch(b, &query)) {
            stack.push((top, 0));
        }
        while let Some((level, at)) = stack.pop() {
            if level == 0 {
                found(self.items[at]);
                continue;
            }
            let below = &self.levels[level - 1];
            let end = below.len().min((at + 1) * NODE);
            for (child, b) in below.iter().enumerate().take(end).skip(at * NODE) {
                if !touch(b, &query) {
                    continue;
                }
                if level == 1 { found(self.items[child]) } else { stack.push((level - 1, child)) }
            }
        }
    }

    /// The items along the curve: asking in this order finds the tree's near parts still in the cache.
    pub fn order(&self) -> &[u32] {
        &self.items
    }

    /// The box around everything; `None` when empty.
    pub fn bounds(&self) -> Option<Box4> {
        self.levels.last().and_then(|level| level.first()).copied()
    }
}

fn touch(a: &Box4, b: &Box4) -> bool {
    a[0] <= b[2] && b[0] <= a[2] && a[1] <= b[3] && b[1] <= a[3]
}

fn cover(boxes: &[Box4]) -> Box4 {
    let none = [i32::MAX, i32::MAX, i32::MIN, i32::MIN];
    boxes.iter().fold(none, |all, b| [all[0].min(b[0]), all[1].min(b[1]), all[2].max(b[2]), all[3].max(b[3])])
}

fn curve(b: &Box4) -> u64 {
    let middle = |lo: i32, hi: i32| ((i64::from(lo) + i64::from(hi)).div_euclid(2) - i64::from(i32::MIN)) as u32;
    spread(middle(b[0], b[2])) | spread(middle(b[1], b[3])) << 1
}

/// Puts a zero bit between all bits.
fn spread(x: u32) -> u64 {
    let mut x = u64::from(x);
    for (shift, mask) in [
        (16, 0x0000_ffff_0000_ffff),
        (8, 0x00ff_00ff_00ff_00ff),
        (4, 0x0f0f_0f0f_0f0f_0f0f),
        (2, 0x3333_3333_3333_3333),
        (1, 0x5555_5555_5555_5555),
    ] {
        x = (x | x << shift) & mask;
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_a_scan_finds() {
        let mut seed = 7u64;
        let mut next = |span: i32| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((seed >> 33) as i32).rem_euclid(span)
        };
        for count in [0usize, 1, 2, 8, 9, 64, 65, 1000] {
            let mut any = |size| {
                let (x, y) = (next(2000) - 1000, next(2000) - 1000);
                [x, y, x + next(size), y + next(size)]
            };
            let boxes: Vec<Box4> = (0..count).map(|_| any(50)).collect();
            let tree = BoxTree::new(&boxes);
            for _ in 0..50 {
                let query = any(300);
                let mut found = Vec::new();
                tree.visit(query, |i| found.push(i));
                found.sort_unstable();
                let scan: Vec<u32> = (0..count as u32).filter(|&i| touch(&boxes[i as usize], &query)).collect();
                assert_eq!(found, scan);
            }
        }
    }
}
