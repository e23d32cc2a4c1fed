//! A city of jagged grids: `side` x `side` polygons that tile a square exactly, neighbours sharing every vertex.

use gridweave::model::{Coord, MultiPolygon, Polygon};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// Polygons from the south-west corner row by row, four borders of `steps` edges each. Corners are moved by up to a
/// twelfth of `pitch`, and borders stray from the straight line by up to a quarter of the way to their nearer corner, so
/// that two of them meet at corners only.
pub fn jagged(side: usize, steps: usize, pitch: i32, origin: Coord, seed: u64) -> Vec<MultiPolygon> {
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let mut stray = |most: i32| if most > 0 { random.random_range(-most..=most) } else { 0 };
    let corners: Vec<Coord> = (0..(side + 1) * (side + 1))
        .map(|i| {
            let (column, row) = ((i % (side + 1)) as i32, (i / (side + 1)) as i32);
            Coord::new(origin.x + column * pitch + stray(pitch / 12), origin.y + row * pitch + stray(pitch / 12))
        })
        .collect();
    let mut border = |a: Coord, b: Coord, upright: bool| -> Vec<Coord> {
        let at = |i: usize, a: i32, b: i32| a + ((i64::from(b) - i64::from(a)) * i as i64 / steps as i64) as i32;
        (0..=steps)
            .map(|i| {
                let most = pitch / 4 * i.min(steps - i) as i32 / steps as i32;
                let aside = stray(most);
                let (x, y) = (at(i, a.x, b.x), at(i, a.y, b.y));
                if upright { Coord::new(x + aside, y) } else { Coord::new(x, y + aside) }
            })
            .collect()
    };
    let mut flat = Vec::new();
    let mut upright = Vec::new();
    for row in 0..=side {
        for column in 0..=side {
            let at = row * (side + 1) + column;
            flat.push(if column < side { border(corners[at], corners[at + 1], false) } else { Vec::new() });
            upright.push(if row < side { border(corners[at], corners[at + side + 1], true) } else { Vec::new() });
        }
    }
    let mut polygons = Vec::with_capacity(side * side);
    for row in 0..side {
        for column in 0..side {
            let at = row * (side + 1) + column;
            let mut ring = flat[at][..steps].to_vec();
            ring.extend(&upright[at + 1][..steps]);
            ring.extend(flat[at + side + 1][1..].iter().rev());
            ring.extend(upright[at][1..].iter().rev());
            polygons.push(Polygon::simple(ring).into());
        }
    }
    polygons
}
