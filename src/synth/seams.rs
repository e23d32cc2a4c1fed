//! Districts that were made one by one get the same vertices along their common borders.
//!
//! Neighbours agree on the border's vertices from the layout; streets and walls that end on the border add vertices of
//! their own side. Each side gets the other's, so that units of all districts tile the city to the vertex.

use super::mesh::{Mesh, OUTSIDE};
use crate::model::{Coord, MultiPolygon, World};
use std::collections::{BTreeMap, HashMap};

/// The vertices around a district, and whether the layout put them there.
pub fn outline(mesh: &Mesh, laid_out: u32) -> Vec<(Coord, bool)> {
    let vertex = |h: u32| (mesh.vertices[mesh.origin(h) as usize], mesh.origin(h) < laid_out);
    mesh.around(OUTSIDE).into_iter().map(vertex).collect()
}

/// Vertices to add along an edge of a ring, by the edge.
#[derive(Default)]
pub struct Seams(HashMap<(Coord, Coord), Vec<Coord>>);

impl Seams {
    /// Compares the outlines of all districts.
    pub fn between(outlines: &[Vec<(Coord, bool)>]) -> Self {
        let runs: Vec<Vec<Coord>> = outlines.iter().flat_map(|outline| runs(outline)).collect();
        let mut together: BTreeMap<(Coord, Coord), Vec<Coord>> = BTreeMap::new();
        for run in &runs {
            let (Some(&a), Some(&b)) = (run.first(), run.last()) else { continue };
            together.entry((a.min(b), a.max(b))).or_default().extend(run);
        }
        for ((a, b), vertices) in &mut together {
            let along = |c: &Coord| {
                let from = |one: i32, two: i32| i128::from(one) - i128::from(two);
                from(c.x, a.x) * from(b.x, a.x) + from(c.y, a.y) * from(b.y, a.y)
            };
            vertices.sort_unstable_by_key(|c| (along(c), *c));
            vertices.dedup();
        }
        let mut seams = Self::default();
        for run in &runs {
            let (Some(&a), Some(&b)) = (run.first(), run.last()) else { continue };
            let Some(all) = together.get(&(a.min(b), a.max(b))) else { continue };
            for edge in run.windows(2) {
                let place = |c: Coord| all.iter().position(|other| *other == c).unwrap_or(0);
                let (from, to) = (place(edge[0]), place(edge[1]));
                let between: Vec<Coord> = if from < to {
                    all[from + 1..to].to_vec()
                } else {
                    all[to + 1..from].iter().rev().copied().collect()
                };
                if !between.is_empty() {
                    seams.0.insert((edge[1], edge[0]), between.iter().rev().copied().collect());
                    seams.0.insert((edge[0], edge[1]), between);
                }
            }
        }
        seams
    }

    /// Adds the vertices to the units of one district.
    pub fn sew(&self, world: &mut World) {
        let areas = (world.districts.iter_mut().map(|it| &mut it.area))
            .chain(world.subdistricts.iter_mut().map(|it| &mut it.area))
            .chain(world.communities.iter_mut().map(|it| &mut it.area))
            .chain(world.grids.iter_mut().map(|it| &mut it.area));
        areas.for_each(|area| self.sew_area(area));
    }

    fn sew_area(&self, area: &mut MultiPolygon) {
        for polygon in &mut area.0 {
            for ring in std::iter::once(&mut polygon.outer).chain(&mut polygon.holes) {
                if !ring.edges().any(|edge| self.0.contains_key(&edge)) {
                    continue;
                }
                let edges: Vec<(Coord, Coord)> = ring.edges().collect();
                ring.0.clear();
                for edge in edges {
                    ring.0.push(edge.0);
                    ring.0.extend(self.0.get(&edge).into_iter().flatten());
                }
            }
        }
    }
}

/// Cuts an outline at the vertices of the layout.
fn runs(outline: &[(Coord, bool)]) -> Vec<Vec<Coord>> {
    let Some(first) = outline.iter().position(|(_, laid_out)| *laid_out) else { return Vec::new() };
    let mut runs = Vec::new();
    let mut run = vec![outline[first].0];
    for k in 1..=outline.len() {
        let (c, laid_out) = outline[(first + k) % outline.len()];
        run.push(c);
        if laid_out {
            runs.push(std::mem::replace(&mut run, vec![c]));
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Grid, GridClass, GridId, Polygon};

    #[test]
    fn both_sides_of_a_border_get_the_others_vertices() {
        let c = Coord::new;
        // Two squares; a street of the left one ends on the border at a third, two of the right one at a quarter and a half.
        let left = [(c(0, 0), true), (c(0, 100), true), (c(100, 100), true), (c(101, 33), false), (c(100, 0), true)];
        let right = [
            (c(100, 0), true),
            (c(100, 25), false),
            (c(100, 50), false),
            (c(100, 100), true),
            (c(200, 100), true),
            (c(200, 0), true),
        ];
        let seams = Seams::between(&[left.to_vec(), right.to_vec()]);
        let grid = |ring: &[(Coord, bool)]| Grid {
            id: GridId(1),
            code: "1".into(),
            name: String::new(),
            class: GridClass::Mature,
            community: None,
            external_code: None,
            area: Polygon::simple(ring.iter().rev().map(|(c, _)| *c).collect()).into(),
        };
        let mut world = World::default();
        world.grids = vec![grid(&left), grid(&right)];
        seams.sew(&mut world);
        let border = |ring: &[Coord]| {
            let mut border: Vec<Coord> = ring.iter().copied().filter(|c| (100..=101).contains(&c.x)).collect();
            border.sort_unstable_by_key(|c| c.y);
            border
        };
        let expected = [c(100, 0), c(100, 25), c(101, 33), c(100, 50), c(100, 100)];
        for grid in &world.grids {
            assert_eq!(border(&grid.area.0[0].outer.0), expected);
        }
    }
}
