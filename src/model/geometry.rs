//! The one coordinate: WGS 84 in integer units of 1e-7 degree (1.1 cm), as OpenStreetMap stores it.
//!
//! Rings are stored without the repeated last vertex. After reading, outer rings run counter-clockwise and holes
//! clockwise; no ring has fewer than three vertices or equal neighbours.

use super::units::{Metres, SquareMetres};
use serde::{Deserialize, Serialize};

/// Units per degree.
pub const UNITS: f64 = 1e7;

/// The WGS 84 ellipsoid: lengths come from its two radii of curvature at the frame's latitude.
const EQUATOR_RADIUS: f64 = 6_378_137.0;
const ECCENTRICITY_SQUARED: f64 = 0.006_694_379_990_141_317;

/// A vertex: longitude `x` and latitude `y` in 1e-7 degree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Coord {
    /// Longitude, east positive.
    pub x: i32,
    /// Latitude, north positive.
    pub y: i32,
}

impl Coord {
    /// A vertex from its units.
    pub const fn new(x: i32, y: i32) -> Self {
        Self { x, y }
    }

    /// Rounds degrees half away from zero; `None` outside the world (or not a number).
    pub fn from_degrees(lon: f64, lat: f64) -> Option<Self> {
        if !(-180.0..=180.0).contains(&lon) || !(-90.0..=90.0).contains(&lat) {
            return None;
        }
        // f64::round rounds half away from zero, as design.md idea 1 asks.
        Some(Self::new((lon * UNITS).round() as i32, (lat * UNITS).round() as i32))
    }

    /// Longitude in degrees.
    pub fn lon(self) -> f64 {
        f64::from(self.x) / UNITS
    }

    /// Latitude in degrees.
    pub fn lat(self) -> f64 {
        f64::from(self.y) / UNITS
    }
}

/// A polyline of at least two vertices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Line(pub Vec<Coord>);

/// A closed ring, the last vertex joined to the first and not repeated.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ring(pub Vec<Coord>);

impl Ring {
    /// The ring's edges, the closing one included.
    pub fn edges(&self) -> impl Iterator<Item = (Coord, Coord)> + '_ {
        let n = self.0.len();
        (0..n).map(move |i| (self.0[i], self.0[(i + 1) % n]))
    }

    /// Twice the signed area in square units; positive when counter-clockwise. Exact.
    pub fn doubled_area(&self) -> i128 {
        self.edges().map(|(a, b)| i128::from(a.x) * i128::from(b.y) - i128::from(b.x) * i128::from(a.y)).sum()
    }
}

/// An outer ring and its holes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Polygon {
    /// Counter-clockwise.
    pub outer: Ring,
    /// Clockwise, inside the outer ring.
    pub holes: Vec<Ring>,
}

impl Polygon {
    /// A polygon without holes.
    pub fn simple(outer: Vec<Coord>) -> Self {
        Self { outer: Ring(outer), holes: Vec::new() }
    }

    /// Outer ring first, then the holes.
    pub fn rings(&self) -> impl Iterator<Item = &Ring> {
        std::iter::once(&self.outer).chain(&self.holes)
    }
}

/// The area of a place: one polygon or, for inherited official grids, several.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MultiPolygon(pub Vec<Polygon>);

impl MultiPolygon {
    /// Every ring of every part.
    pub fn rings(&self) -> impl Iterator<Item = &Ring> {
        self.0.iter().flat_map(Polygon::rings)
    }

    /// Twice the area in square units, holes taken off; exact when rings are oriented.
    pub fn doubled_area(&self) -> i128 {
        self.rings().map(Ring::doubled_area).sum()
    }

    /// The smallest box around it; `None` when empty.
    pub fn bounds(&self) -> Option<Bounds> {
        Bounds::of(self.rings().flat_map(|ring| ring.0.iter().copied()))
    }
}

impl From<Polygon> for MultiPolygon {
    fn from(polygon: Polygon) -> Self {
        Self(vec![polygon])
    }
}

/// An axis-parallel box, borders included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    /// South-west corner.
    pub min: Coord,
    /// North-east corner.
    pub max: Coord,
}

impl Bounds {
    /// The smallest box around the vertices; `None` when there are none.
    pub fn of(coords: impl IntoIterator<Item = Coord>) -> Option<Self> {
        let mut coords = coords.into_iter();
        let first = coords.next()?;
        let mut bounds = Self { min: first, max: first };
        for c in coords {
            bounds.include(c);
        }
        Some(bounds)
    }

    /// Grows to hold a vertex.
    pub fn include(&mut self, c: Coord) {
        self.min = Coord::new(self.min.x.min(c.x), self.min.y.min(c.y));
        self.max = Coord::new(self.max.x.max(c.x), self.max.y.max(c.y));
    }

    /// The smallest box around both.
    pub fn union(self, other: Self) -> Self {
        let mut both = self;
        both.include(other.min);
        both.include(other.max);
        both
    }

    /// Whether they share at least a point.
    pub fn touches(&self, other: &Self) -> bool {
        self.min.x <= other.max.x && other.min.x <= self.max.x && self.min.y <= other.max.y && other.min.y <= self.max.y
    }

    /// Whether the vertex lies inside or on the border.
    pub fn contains(&self, c: Coord) -> bool {
        (self.min.x..=self.max.x).contains(&c.x) && (self.min.y..=self.max.y).contains(&c.y)
    }

    /// The middle, rounded down.
    pub fn centre(&self) -> Coord {
        let mid = |a: i32, b: i32| ((i64::from(a) + i64::from(b)).div_euclid(2)) as i32;
        Coord::new(mid(self.min.x, self.max.x), mid(self.min.y, self.max.y))
    }

    /// `[west, south, east, north]` in degrees.
    pub fn degrees(&self) -> [f64; 4] {
        [self.min.lon(), self.min.lat(), self.max.lon(), self.max.lat()]
    }
}

/// What a record holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "coordinates", rename_all = "lowercase")]
pub enum Geometry {
    /// One vertex.
    Point(Coord),
    /// A polyline.
    Line(Line),
    /// An area.
    Area(MultiPolygon),
}

impl Geometry {
    /// The smallest box around it; `None` when empty.
    pub fn bounds(&self) -> Option<Bounds> {
        match self {
            Self::Point(c) => Some(Bounds { min: *c, max: *c }),
            Self::Line(line) => Bounds::of(line.0.iter().copied()),
            Self::Area(area) => area.bounds(),
        }
    }
}

/// A geometry that somebody else holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape<'a> {
    /// One vertex.
    Point(Coord),
    /// A polyline.
    Line(&'a Line),
    /// An area.
    Area(&'a MultiPolygon),
}

impl Shape<'_> {
    /// The smallest box around it; `None` when empty.
    pub fn bounds(self) -> Option<Bounds> {
        match self {
            Self::Point(c) => Some(Bounds { min: c, max: c }),
            Self::Line(line) => Bounds::of(line.0.iter().copied()),
            Self::Area(area) => area.bounds(),
        }
    }

    /// A copy of its own.
    pub fn to_geometry(self) -> Geometry {
        match self {
            Self::Point(c) => Geometry::Point(c),
            Self::Line(line) => Geometry::Line(line.clone()),
            Self::Area(area) => Geometry::Area(area.clone()),
        }
    }
}

impl<'a> From<&'a Geometry> for Shape<'a> {
    fn from(geometry: &'a Geometry) -> Self {
        match geometry {
            Geometry::Point(c) => Self::Point(*c),
            Geometry::Line(line) => Self::Line(line),
            Geometry::Area(area) => Self::Area(area),
        }
    }
}

/// A local plane in metres around an origin: the same integers, scaled by the ellipsoid's radii of curvature at the
/// origin's latitude. Within 30 km of the origin lengths are right to about 1e-4.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    origin: Coord,
    /// Metres in one unit of longitude and of latitude.
    scale: (f64, f64),
}

impl Frame {
    /// The frame around an origin.
    pub fn at(origin: Coord) -> Self {
        let latitude = origin.lat().to_radians();
        let w2 = 1.0 - ECCENTRICITY_SQUARED * latitude.sin().powi(2);
        let meridian = EQUATOR_RADIUS * (1.0 - ECCENTRICITY_SQUARED) / (w2 * w2.sqrt());
        let prime_vertical = EQUATOR_RADIUS / w2.sqrt();
        let unit = (1.0 / UNITS).to_radians();
        Self { origin, scale: (unit * prime_vertical * latitude.cos(), unit * meridian) }
    }

    /// Metres east and north of the origin.
    pub fn metres(&self, c: Coord) -> (f64, f64) {
        let dx = f64::from(c.x) - f64::from(self.origin.x);
        let dy = f64::from(c.y) - f64::from(self.origin.y);
        (dx * self.scale.0, dy * self.scale.1)
    }

    /// The vertex nearest to a place given in metres east and north of the origin.
    pub fn coord(&self, east: f64, north: f64) -> Coord {
        let x = f64::from(self.origin.x) + (east / self.scale.0).round();
        let y = f64::from(self.origin.y) + (north / self.scale.1).round();
        Coord::new(x as i32, y as i32)
    }

    /// Straight distance.
    pub fn distance(&self, a: Coord, b: Coord) -> Metres {
        let ((ax, ay), (bx, by)) = (self.metres(a), self.metres(b));
        Metres(hypotenuse(ax - bx, ay - by))
    }

    /// Distance from a point to the segment `a`-`b`.
    pub fn distance_to_segment(&self, p: Coord, a: Coord, b: Coord) -> Metres {
        let ((px, py), (ax, ay), (bx, by)) = (self.metres(p), self.metres(a), self.metres(b));
        let (dx, dy) = (bx - ax, by - ay);
        let length_squared = dx * dx + dy * dy;
        let t = if length_squared == 0.0 {
            0.0
        } else {
            (((px - ax) * dx + (py - ay) * dy) / length_squared).clamp(0.0, 1.0)
        };
        Metres(hypotenuse(px - ax - t * dx, py - ay - t * dy))
    }

    /// Area on the ground from a doubled area in square units.
    pub fn area(&self, doubled: i128) -> SquareMetres {
        SquareMetres(doubled as f64 / 2.0 * self.scale.0 * self.scale.1)
    }

    /// Length of a polyline.
    pub fn length(&self, line: &Line) -> Metres {
        line.0.windows(2).map(|w| self.distance(w[0], w[1])).sum()
    }
}

/// Squares of metres on Earth cannot overflow, so this needs none of `hypot`'s care, which takes five times as long; and
/// unlike `hypot`, IEEE 754 fixes the last bit of `sqrt` on every machine.
fn hypotenuse(x: f64, y: f64) -> f64 {
    (x * x + y * y).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degrees_round_half_away_from_zero() {
        // 0.5 unit each way: 2^-1 of a unit is representable, so the tie is exact.
        assert_eq!(Coord::from_degrees(0.5 / UNITS, -0.5 / UNITS), Some(Coord::new(1, -1)));
        assert_eq!(Coord::from_degrees(f64::NAN, 0.0), None);
        assert_eq!(Coord::from_degrees(0.0, 90.000_000_1), None);
    }

    #[test]
    fn a_frame_measures_a_minute_of_arc_as_the_ellipsoid_does() {
        // Vincenty between 30 N 104 E and 30 N 104.01 E: 964.87 m; to 30.01 N: 1108.53 m (GeographicLib).
        let a = Coord::new(1_040_000_000, 300_000_000);
        let frame = Frame::at(a);
        let east = frame.distance(a, Coord::new(1_040_100_000, 300_000_000)).0;
        let north = frame.distance(a, Coord::new(1_040_000_000, 300_100_000)).0;
        assert!((east - 964.86).abs() < 0.1, "{east}");
        assert!((north - 1108.52).abs() < 0.2, "{north}");
        assert_eq!(
            frame.coord(frame.metres(Coord::new(7, -9)).0, frame.metres(Coord::new(7, -9)).1),
            Coord::new(7, -9)
        );
    }
}
