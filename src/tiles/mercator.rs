//! Web Mercator (EPSG:3857's plane) on integers: the world is 2^32 units wide, as a tile of zoom 32 - k is 2^k.

use crate::model::geometry::UNITS;
use crate::model::{Bounds, Coord};
use std::f64::consts::PI;

/// Units along a tile's side.
pub const EXTENT: i64 = 4096;

/// Units beyond each side that a tile's lines and areas still reach, so that strokes do not end at its border.
pub const BUFFER: i64 = 64;

/// The deepest zoom that is answered.
pub const DEEPEST: u8 = 22;

/// Where the square world ends: atan(sinh(pi)).
const LATITUDE_LIMIT: f64 = 85.051_128_779_806_59;

/// Zoom at which a tile unit is a world unit.
const EXACT: u8 = 20;

/// A vertex on the square world, 2^32 units wide, centred: x grows east, y grows south.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct World {
    /// East of the zero meridian.
    pub x: i32,
    /// South of the equator.
    pub y: i32,
}

impl World {
    /// Projects a vertex; latitudes beyond 85.05 degrees are moved to the edge of the world.
    pub fn of(c: Coord) -> Self {
        let unit = 4_294_967_296.0 / 360.0;
        let sine = c.lat().clamp(-LATITUDE_LIMIT, LATITUDE_LIMIT).to_radians().sin();
        // ln(tan(pi/4 + lat/2)) = atanh(sin(lat)), which needs one transcendental function less.
        let north = ((1.0 + sine) / (1.0 - sine)).ln() / 2.0 * (2_147_483_648.0 / PI);
        // `as` saturates: 180 degrees east is the last unit, not the first.
        Self { x: (c.lon() * unit).round() as i32, y: (-north).round() as i32 }
    }

    /// In units of a zoom's tiles (4096 each) from the north-west corner of the world, rounded to the nearest. The
    /// grid is global, so that neighbouring tiles agree.
    pub fn at_zoom(self, z: u8) -> [i64; 2] {
        [at_zoom(self.x, z), at_zoom(self.y, z)]
    }
}

/// One axis of [`World::at_zoom`].
pub(super) fn at_zoom(w: i32, z: u8) -> i64 {
    let from_corner = i64::from(w) - i64::from(i32::MIN);
    if z < EXACT {
        let shift = EXACT - z;
        (from_corner + (1 << (shift - 1))) >> shift
    } else {
        from_corner << (z - EXACT).min(DEEPEST - EXACT)
    }
}

/// World units in one unit of a zoom's tiles.
pub(super) fn unit(z: u8) -> f64 {
    (f64::from(EXACT) - f64::from(z)).exp2()
}

/// The box of a tile with its buffer, and a unit more for rounding: west, north, east, south.
pub(super) fn tile_box(z: u8, x: u32, y: u32) -> [i32; 4] {
    let size = 1i64 << (32 - z.min(DEEPEST));
    let reach = (size >> 6) + (size >> 12) + 1;
    let clamp = |v: i64| (v + i64::from(i32::MIN)).clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32;
    let (west, north) = (i64::from(x) * size, i64::from(y) * size);
    [clamp(west - reach), clamp(north - reach), clamp(west + size + reach), clamp(north + size + reach)]
}

/// The ground of a tile with its buffer, a little generously: whatever may leave a trace in the tile touches it.
pub fn covered(z: u8, x: u32, y: u32) -> Bounds {
    let [west, north, east, south] = tile_box(z, x, y);
    let lon = |x: i32| f64::from(x) / 4_294_967_296.0 * 360.0;
    let lat = |y: i32| (-f64::from(y) / 2_147_483_648.0 * PI).sinh().atan().to_degrees();
    // What lies beyond the square world is drawn at its edge.
    let top = if y == 0 { 90.0 } else { lat(north) };
    let bottom = if u64::from(y) + 1 >= 1 << z.min(DEEPEST) { -90.0 } else { lat(south) };
    let unit = |degrees: f64, more: f64| (degrees * UNITS + more).round() as i32;
    Bounds {
        min: Coord::new(unit(lon(west), -2.0), unit(bottom, -2.0)),
        max: Coord::new(unit(lon(east), 2.0), unit(top, 2.0)),
    }
}

/// The tiles of one zoom that a box touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TileRange {
    /// Zoom.
    pub z: u8,
    /// First and last column.
    pub x: (u32, u32),
    /// First and last row.
    pub y: (u32, u32),
}

impl TileRange {
    /// Whether a tile is among them.
    pub fn contains(&self, z: u8, x: u32, y: u32) -> bool {
        z == self.z && (self.x.0..=self.x.1).contains(&x) && (self.y.0..=self.y.1).contains(&y)
    }
}

/// The tiles of a zoom whose bytes can change when a thing with this box does: those that the box touches, buffers
/// included. Give the box of the whole feature, before and after, or of the whole arc: moving one vertex may change how
/// the rest of its line simplifies. Zooms beyond 22 answer as 22.
pub fn touched(bounds: Bounds, z: u8) -> TileRange {
    let z = z.min(DEEPEST);
    let (nw, se) = (
        World::of(Coord::new(bounds.min.x, bounds.max.y)).at_zoom(z),
        World::of(Coord::new(bounds.max.x, bounds.min.y)).at_zoom(z),
    );
    let last = (1i64 << z) - 1;
    // Simplified lines stay within their own vertices' box, so the buffer and the rounding are all there is to add.
    let span = |from: i64, to: i64| {
        let tile = |v: i64| v.div_euclid(EXTENT).clamp(0, last) as u32;
        (tile(from - BUFFER - 1), tile(to + BUFFER + 1))
    };
    TileRange { z, x: span(nw[0], se[0]), y: span(nw[1], se[1]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_places() {
        assert_eq!(World::of(Coord::new(0, 0)), World { x: 0, y: 0 });
        let east_pole = World::of(Coord::new(1_800_000_000, 900_000_000));
        assert_eq!((east_pole.x, east_pole.y), (i32::MAX, i32::MIN));
        assert_eq!(World::of(Coord::new(-1_800_000_000, -900_000_000)), World { x: i32::MIN, y: i32::MAX });
        // Chengdu, 104.0668 E 30.5728 N: tile 12/3232/1682 by the usual formula.
        let chengdu = World::of(Coord::new(1_040_668_000, 305_728_000)).at_zoom(12);
        assert_eq!(chengdu.map(|v| v / EXTENT), [3232, 1682]);
    }

    #[test]
    fn a_tiles_ground_holds_what_it_shows_and_little_more() {
        for k in 0..20_000i32 {
            let c = Coord::new(k.wrapping_mul(178_956_971) % 1_800_000_001, k.wrapping_mul(93_457_711) % 900_000_001);
            let z = (k % 23) as u8;
            let [x, y] = World::of(c).at_zoom(z).map(|v| (v / EXTENT).clamp(0, (1 << z) - 1) as u32);
            let ground = covered(z, x, y);
            assert!(ground.contains(c), "{c:?} at {z}/{x}/{y}: {ground:?}");
            let width = f64::from(ground.max.x) - f64::from(ground.min.x);
            assert!(width <= 3.6e9 / f64::from(1u32 << z) * 1.04 + 10.0, "{z}/{x}/{y}: {ground:?}");
        }
    }

    #[test]
    fn tiles_touched() {
        let everything =
            Bounds { min: Coord::new(-1_800_000_000, -900_000_000), max: Coord::new(1_800_000_000, 900_000_000) };
        assert_eq!(touched(everything, 3), TileRange { z: 3, x: (0, 7), y: (0, 7) });
        let origin = Bounds { min: Coord::new(0, 0), max: Coord::new(0, 0) };
        assert_eq!(touched(origin, 1), TileRange { z: 1, x: (0, 1), y: (0, 1) });
        let inside = Bounds { min: Coord::new(100_000_000, 100_000_000), max: Coord::new(100_000_000, 100_000_000) };
        assert_eq!(touched(inside, 1), TileRange { z: 1, x: (1, 1), y: (0, 0) });
    }
}
