//! What tangled rings enclose, where every way to read them says the same.
//!
//! An outline that crosses itself encloses ground by the even-odd rule, by the non-zero rule, or by whatever its author
//! meant. [`untangle`] answers only where these agree: every outline winds around its ground once, in either direction,
//! and every hole takes ground off one outline once. A bow-tie is such a case, a pentagram is not, nor is a hole that
//! reaches out of its outline. Crossings get a vertex rounded to the unit, the same for all lines through it; lines
//! closer than one unit become one.

use super::faces::Faces;
use super::noding::node;
use super::outline::outline;
use crate::model::{Coord, MultiPolygon, Polygon, Ring};

/// Ground that two ways to read the rings give to different sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// What is doubtful.
    pub why: Why,
    /// A vertex of its border.
    pub at: Coord,
    /// Twice its area in square units.
    pub area: i128,
}

/// Why ground is doubtful.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// A ring winds around it more than once.
    Twice,
    /// A hole takes off ground that its outline does not have.
    HoleOutside,
    /// Two holes take it off.
    HolesOverlap,
    /// Two outlines hold it.
    PartsOverlap,
    /// The lines could not be parted by units.
    Unsettled,
}

/// Rings that are simple, and what they had been.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untangled {
    /// The ground: simple rings, oriented, that cross nothing.
    pub area: MultiPolygon,
    /// Twice the area, in square units, of the ground that outlines ran around against their main direction: the lesser
    /// side of a bow-tie.
    pub reversed: i128,
}

/// The ground of one polygon or several, each given as its outline and then its holes, in any direction.
///
/// # Errors
/// The largest ground on whose side the ways to read the rings differ.
pub fn untangle(parts: &[Vec<Ring>]) -> Result<Untangled, Doubt> {
    // Each ring is a place of its own, so that the faces tell how often each ring winds around them.
    let roles: Vec<(u32, bool)> =
        parts.iter().zip(0u32..).flat_map(|(rings, part)| (0..rings.len()).map(move |i| (part, i == 0))).collect();
    let edges = || {
        let rings = parts.iter().flatten().zip(0u32..);
        rings.flat_map(|(ring, place)| ring.edges().map(move |(a, b)| (a, b, place))).filter(|(a, b, _)| a != b)
    };
    let owners: Vec<u32> = edges().map(|(_, _, place)| place).collect();
    let fragments = node(edges().map(|(a, b, _)| (a, b))).into_iter().map(|piece| {
        let (a, b, place) = (piece.from, piece.to, owners[piece.source as usize]);
        if a < b { (a, b, place, 1) } else { (b, a, place, -1) }
    });
    let faces = Faces::new(fragments.collect(), &vec![0; roles.len()], 1);

    let mut holder: Vec<Option<u32>> = Vec::with_capacity(faces.over.len());
    let mut doubt: Option<Doubt> = None;
    for (face, over) in faces.over.iter().enumerate() {
        match judge(over, &roles) {
            Ok(part) => holder.push(part),
            Err(why) => {
                let found = Doubt { why, at: faces.corner[face], area: faces.area[face] };
                if doubt.is_none_or(|largest| found.area > largest.area) {
                    doubt = Some(found);
                }
                holder.push(None);
            }
        }
    }
    if let Some(doubt) = doubt {
        return Err(doubt);
    }

    let mut polygons: Vec<Polygon> = Vec::new();
    for part in 0..parts.len() as u32 {
        let held = |half: u32| holder[faces.face[half as usize] as usize] == Some(part);
        let halves: Vec<u32> = (0..faces.face.len() as u32).filter(|&half| held(half) && !held(half ^ 1)).collect();
        polygons.extend(outline(&faces, &halves, &|_| true));
    }
    let area = MultiPolygon(polygons);
    let kept: i128 = holder.iter().zip(&faces.area).filter(|(part, _)| part.is_some()).map(|(_, area)| area).sum();
    if area.doubled_area() != kept {
        let at = faces.corner.last().copied().unwrap_or_default();
        return Err(Doubt { why: Why::Unsettled, at, area: kept });
    }
    Ok(Untangled { area, reversed: reversed(&faces, &roles) })
}

/// The part that holds the ground under these rings, if any. Rings of one part come one after another.
fn judge(over: &[(u32, i32)], roles: &[(u32, bool)]) -> Result<Option<u32>, Why> {
    let role = |ring: u32| roles[ring as usize];
    let mut holder: Option<u32> = None;
    for rings in over.chunk_by(|a, b| role(a.0).0 == role(b.0).0) {
        if rings.iter().any(|(_, winding)| winding.abs() > 1) {
            return Err(Why::Twice);
        }
        let (part, first_is_outer) = role(rings[0].0);
        match (first_is_outer, rings.len()) {
            (true, 1) if holder.replace(part).is_some() => return Err(Why::PartsOverlap),
            (true, 1 | 2) => {}
            (true, _) => return Err(Why::HolesOverlap),
            (false, _) => return Err(Why::HoleOutside),
        }
    }
    Ok(holder)
}

fn reversed(faces: &Faces, roles: &[(u32, bool)]) -> i128 {
    let mut sides = vec![(0i128, 0i128); roles.len()];
    for (over, area) in faces.over.iter().zip(&faces.area) {
        for &(ring, winding) in over {
            let side = &mut sides[ring as usize];
            if winding > 0 { side.0 += area } else { side.1 += area }
        }
    }
    sides.into_iter().map(|(left, right)| left.min(right)).sum()
}
