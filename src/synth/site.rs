//! A plot while it is being built on: what stands, what must stay free, and whether one more house fits.

use super::mesh::{Course, Mesh};
use super::plane::{Axes, P, between, convex_near, inside, p, to_segment};
use super::plots::Plot;
use crate::model::{BuildingKind, StreetClass};

/// A building's outline. The convex parts together cover it; overlap is judged on them.
#[derive(Clone, Debug, Default)]
pub struct Footprint {
    /// Counter-clockwise.
    pub outer: Vec<P>,
    /// Yards.
    pub holes: Vec<Vec<P>>,
    /// Convex pieces.
    pub parts: Vec<Vec<P>>,
}

fn block(axes: &Axes, x0: f64, y0: f64, x1: f64, y1: f64) -> Vec<P> {
    vec![axes.out(x0, y0), axes.out(x1, y0), axes.out(x1, y1), axes.out(x0, y1)]
}

/// Joins the corners of a right-angled outline given in a frame.
fn outline(axes: &Axes, corners: &[(f64, f64)]) -> Vec<P> {
    corners.iter().map(|&(x, y)| axes.out(x, y)).collect()
}

impl Footprint {
    /// A rectangle `w` by `d`, its lower left corner at the frame's origin.
    pub fn slab(axes: &Axes, w: f64, d: f64) -> Self {
        let outer = block(axes, 0.0, 0.0, w, d);
        Self { parts: vec![outer.clone()], outer, holes: Vec::new() }
    }

    /// A slab with stairwells that stand out to the north, one for each unit.
    pub fn stepped(axes: &Axes, w: f64, d: f64, units: u32) -> Self {
        let (unit, bay) = (w / f64::from(units), 1.5);
        let mut corners = vec![(0.0, 0.0), (w, 0.0), (w, d - bay)];
        for k in (0..units).rev() {
            let middle = (f64::from(k) + 0.5) * unit;
            corners.extend([
                (middle + unit * 0.22, d - bay),
                (middle + unit * 0.22, d),
                (middle - unit * 0.22, d),
                (middle - unit * 0.22, d - bay),
            ]);
        }
        corners.push((0.0, d - bay));
        Self { outer: outline(axes, &corners), holes: Vec::new(), parts: vec![block(axes, 0.0, 0.0, w, d)] }
    }

    /// A tower with notched corners, as wind and light ask for.
    pub fn tower(axes: &Axes, w: f64, d: f64) -> Self {
        let (nx, ny) = (w * 0.2, d * 0.22);
        let corners = [
            (nx, 0.0),
            (w - nx, 0.0),
            (w - nx, ny),
            (w, ny),
            (w, d - ny),
            (w - nx, d - ny),
            (w - nx, d),
            (nx, d),
            (nx, d - ny),
            (0.0, d - ny),
            (0.0, ny),
            (nx, ny),
        ];
        Self { outer: outline(axes, &corners), holes: Vec::new(), parts: vec![block(axes, 0.0, 0.0, w, d)] }
    }

    /// An L: wings of depth `t` along the lower and the left side.
    pub fn ell(axes: &Axes, w: f64, d: f64, t: f64) -> Self {
        let t = t.min(w * 0.7).min(d * 0.7);
        let corners = [(0.0, 0.0), (w, 0.0), (w, t), (t, t), (t, d), (0.0, d)];
        let parts = vec![block(axes, 0.0, 0.0, w, t), block(axes, 0.0, t, t, d)];
        Self { outer: outline(axes, &corners), holes: Vec::new(), parts }
    }

    /// A U, open to the top.
    pub fn horseshoe(axes: &Axes, w: f64, d: f64, t: f64) -> Self {
        let t = t.min(w * 0.36).min(d * 0.7);
        let corners = [(0.0, 0.0), (w, 0.0), (w, d), (w - t, d), (w - t, t), (t, t), (t, d), (0.0, d)];
        let parts = vec![block(axes, 0.0, 0.0, w, t), block(axes, 0.0, t, t, d), block(axes, w - t, t, w, d)];
        Self { outer: outline(axes, &corners), holes: Vec::new(), parts }
    }

    /// Four wings around a yard.
    pub fn courtyard(axes: &Axes, w: f64, d: f64, t: f64) -> Self {
        let t = t.min(w * 0.36).min(d * 0.36);
        let mut yard = block(axes, t, t, w - t, d - t);
        yard.reverse();
        let outer = block(axes, 0.0, 0.0, w, d);
        Self { parts: vec![outer.clone()], outer, holes: vec![yard] }
    }
}

/// A building before it has a number.
#[derive(Clone, Debug)]
pub struct House {
    /// Where.
    pub shape: Footprint,
    /// Above ground.
    pub floors: u32,
    /// What for.
    pub kind: BuildingKind,
    /// Dwellings; the city's occupancy turns them into households.
    pub flats: u32,
    /// Stairwells; 0 where nobody counts them.
    pub units: u32,
    /// What it is called; numbered in its compound when empty and `units > 0`.
    pub name: &'static str,
    /// Metres from one floor to the next.
    pub storey: f64,
}

impl House {
    /// A building nobody lives in.
    pub fn works(shape: Footprint, floors: u32, kind: BuildingKind, name: &'static str) -> Self {
        Self { shape, floors, kind, flats: 0, units: 0, name, storey: 3.9 }
    }
    /// A building of dwellings.
    pub fn homes(shape: Footprint, floors: u32, units: u32, flats_per_floor: u32) -> Self {
        let flats = floors * units.max(1) * flats_per_floor;
        Self { shape, floors, kind: BuildingKind::Residential, flats, units, name: "", storey: 2.9 }
    }
}

/// Green ground, water or a pitch inside a plot.
#[derive(Clone, Debug)]
pub struct Patch {
    /// As the green or water layer names it.
    pub kind: &'static str,
    /// Its name; may be empty.
    pub name: String,
    /// Counter-clockwise.
    pub ring: Vec<P>,
    /// Holes.
    pub holes: Vec<Vec<P>>,
}

/// A way inside a plot. Its first place is a vertex of the mesh or of an earlier way of the plot.
#[derive(Clone, Debug)]
pub struct Way {
    /// Its rank.
    pub class: StreetClass,
    /// Its course.
    pub line: Vec<P>,
}

/// What has been put on a plot.
#[derive(Clone, Debug, Default)]
pub struct Built {
    /// Buildings.
    pub houses: Vec<House>,
    /// Green.
    pub green: Vec<Patch>,
    /// Ponds.
    pub water: Vec<Patch>,
    /// Ways.
    pub ways: Vec<Way>,
    /// Where the plot opens to a street, and the direction outward.
    pub gate: Option<(P, P)>,
}

/// A plot under construction.
pub struct Site {
    /// Its corners.
    pub ring: Vec<P>,
    /// What runs along each side.
    pub courses: Vec<Course>,
    /// How far houses keep from each side.
    pub setbacks: Vec<f64>,
    /// What stands already.
    pub built: Built,
    taken: Vec<(P, P, Vec<P>)>,
}

fn box_of(ring: &[P]) -> (P, P) {
    let mut lo = p(f64::MAX, f64::MAX);
    let mut hi = p(f64::MIN, f64::MIN);
    for at in ring {
        lo = p(lo.x.min(at.x), lo.y.min(at.y));
        hi = p(hi.x.max(at.x), hi.y.max(at.y));
    }
    (lo, hi)
}

impl Site {
    /// An empty plot.
    pub fn new(mesh: &Mesh, plot: &Plot) -> Self {
        let around = mesh.around(plot.face);
        let ring: Vec<P> = around.iter().map(|&h| mesh.from(h)).collect();
        let courses: Vec<Course> = around.iter().map(|&h| mesh.course(h)).collect();
        let setbacks = courses.iter().map(|course| course.setback()).collect();
        Self { ring, courses, setbacks, built: Built::default(), taken: Vec::new() }
    }

    /// The side from corner `i`.
    pub fn side(&self, i: usize) -> (P, P) {
        (self.ring[i], self.ring[(i + 1) % self.ring.len()])
    }

    /// Whether a place keeps clear of every side by its setback and some more.
    pub fn clear(&self, at: P, more: f64) -> bool {
        inside(&self.ring, at)
            && (0..self.ring.len()).all(|i| {
                let (a, b) = self.side(i);
                to_segment(at, a, b) >= self.setbacks[i] + more
            })
    }

    /// Whether a footprint keeps its distance from sides and from what stands there.
    pub fn fits(&self, shape: &Footprint, gap: f64) -> bool {
        if !shape.outer.iter().all(|&at| inside(&self.ring, at)) {
            return false;
        }
        let (lo, hi) = box_of(&shape.outer);
        let n = shape.outer.len();
        for i in 0..self.ring.len() {
            let ((a, b), back) = (self.side(i), self.setbacks[i]);
            let off = a.x.max(b.x) + back < lo.x
                || a.x.min(b.x) - back > hi.x
                || a.y.max(b.y) + back < lo.y
                || a.y.min(b.y) - back > hi.y;
            if !off && (0..n).any(|k| between(shape.outer[k], shape.outer[(k + 1) % n], a, b) < back) {
                return false;
            }
        }
        self.is_free(shape, gap)
    }

    /// Whether nothing stands within a gap.
    pub fn is_free(&self, shape: &Footprint, gap: f64) -> bool {
        let (lo, hi) = box_of(&shape.outer);
        self.taken.iter().all(|(low, high, part)| {
            low.x > hi.x + gap
                || high.x < lo.x - gap
                || low.y > hi.y + gap
                || high.y < lo.y - gap
                || !shape.parts.iter().any(|mine| convex_near(mine, part, gap))
        })
    }

    /// Builds.
    pub fn build(&mut self, house: House) {
        for part in &house.shape.parts {
            self.keep_free(part.clone());
        }
        self.built.houses.push(house);
    }

    /// Builds when it fits; whether it did.
    pub fn try_build(&mut self, house: House, gap: f64) -> bool {
        let fits = self.fits(&house.shape, gap);
        if fits {
            self.build(house);
        }
        fits
    }

    /// Keeps a convex piece of ground free of houses.
    pub fn keep_free(&mut self, part: Vec<P>) {
        let (lo, hi) = box_of(&part);
        self.taken.push((lo, hi, part));
    }

    /// Keeps a corridor free along a way and adds the way.
    pub fn add_way(&mut self, class: StreetClass, line: Vec<P>, width: f64) {
        for w in line.windows(2) {
            let along = (w[1] - w[0]).unit();
            let axes = Axes { origin: w[0], along };
            self.keep_free(block(&axes, 0.0, -width / 2.0, (w[1] - w[0]).len(), width / 2.0));
        }
        self.built.ways.push(Way { class, line });
    }

    /// Adds a way that leaves the drive (the first way) at a place on it, which becomes one of the drive's vertices.
    pub fn add_branch(&mut self, class: StreetClass, from: P, to: P, width: f64) {
        if let Some(drive) = self.built.ways.first_mut() {
            let at = (0..drive.line.len() - 1)
                .min_by(|&i, &j| {
                    let far = |i: usize| to_segment(from, drive.line[i], drive.line[i + 1]);
                    far(i).total_cmp(&far(j))
                })
                .unwrap_or(0);
            if drive.line[at] != from && drive.line[at + 1] != from {
                drive.line.insert(at + 1, from);
            }
            self.add_way(class, vec![from, to], width);
        }
    }

    /// How far one can go inward from a place before leaving the plot.
    pub fn depth(&self, from: P, direction: P) -> f64 {
        let mut nearest = f64::MAX;
        for i in 0..self.ring.len() {
            let (a, b) = self.side(i);
            let (da, db) = (direction.cross(a - from), direction.cross(b - from));
            if (da > 0.0) != (db > 0.0) {
                let at = a.towards(b, da / (da - db));
                let t = direction.dot(at - from);
                if t > 1.0 && t < nearest {
                    nearest = t;
                }
            }
        }
        if nearest == f64::MAX { 0.0 } else { nearest }
    }
}

impl Site {
    /// Whether a straight way keeps off what stands here, except the corridor that it starts from.
    pub fn way_is_free(&self, from: P, to: P, gap: f64) -> bool {
        let along = (to - from).unit();
        // The corridor of the drive is left behind first.
        let axes = Axes { origin: from + along * 7.0, along };
        let length = (to - from).len() - 7.0;
        let parts = vec![block(&axes, 0.0, -gap, length.max(1.0), gap)];
        let shape = Footprint { outer: parts[0].clone(), holes: Vec::new(), parts };
        self.is_free(&shape, 0.0)
    }
}

impl Site {
    /// Like [`Site::fits`], but a drive may be in the way: the building closes it off.
    pub fn fits_over_ways(&self, shape: &Footprint) -> bool {
        self.bare().fits(shape, 0.0)
    }

    fn bare(&self) -> Self {
        Self {
            ring: self.ring.clone(),
            courses: self.courses.clone(),
            setbacks: self.setbacks.clone(),
            built: Built::default(),
            taken: Vec::new(),
        }
    }

    /// Ends every way before a building; a way left too short is dropped with its corridor.
    pub fn clip_ways(&mut self, shape: &Footprint) {
        let n = shape.outer.len();
        for way in &mut self.built.ways {
            let (Some(&from), Some(&to)) = (way.line.first(), way.line.last()) else { continue };
            let along = (to - from).unit();
            let mut reach = (to - from).len();
            for k in 0..n {
                let (a, b) = (shape.outer[k], shape.outer[(k + 1) % n]);
                let mut t = 0.0;
                while t < reach {
                    if to_segment(from + along * t, a, b) < 4.0 {
                        reach = t;
                    }
                    t += 1.0;
                }
            }
            way.line = vec![from, from + along * reach];
        }
        self.built.ways.retain(|way| way.line.len() == 2 && (way.line[1] - way.line[0]).len() > 5.0);
    }
}
