//! What a planner should know about a city's data before trusting it.

use super::Snapshot;
use crate::fabric::arcs::Fault;
use crate::index::OUTSIDE;
use crate::model::{Coord, Layer, Problem, Severity};

/// Gaps and overlaps smaller than this are named in one line together: at 1e-7 degree even a perfect survey's rounding
/// leaves slivers of a few square decimetres.
const SLIVER: f64 = 1.0;

impl Snapshot {
    /// Everything worth a look, worst first within each subject.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        self.check_codes(&mut problems);
        self.check_parts(&mut problems);
        self.check_borders(&mut problems);
        self.check_parents(&mut problems);
        self.check_totals(&mut problems);
        self.check_unassigned(&mut problems);
        problems
    }

    fn check_codes(&self, problems: &mut Vec<Problem>) {
        for pair in self.ground.grids.places.windows(2) {
            let (a, b) = (&self.world.grids[pair[0] as usize], &self.world.grids[pair[1] as usize]);
            if a.code == b.code {
                problems.push(
                    Problem::new(
                        Severity::Error,
                        "code-twice",
                        "two grids have this code",
                        "give one of them a code of its own",
                    )
                    .of(format!("grid {}", a.code)),
                );
            }
        }
    }

    /// Official grids in several parts exist; they are inherited, and computed plans add none.
    fn check_parts(&self, problems: &mut Vec<Problem>) {
        for facts in &self.facts.grids {
            let grid = &self.world.grids[facts.place as usize];
            if grid.area.0.len() > 1 {
                problems.push(
                    Problem::new(
                        Severity::Warning,
                        "inherited-multi-part",
                        format!("lies in {} separate parts", grid.area.0.len()),
                        "kept as the official plan has it; join the parts when the plan is next redrawn",
                    )
                    .of(format!("grid {}", grid.code)),
                );
            }
        }
    }

    fn check_borders(&self, problems: &mut Vec<Problem>) {
        let mut slivers = (0u32, 0.0);
        for (layer, fault) in &self.facts.faults {
            let (code, doubled, at, who) = match fault {
                Fault::Gap { area, at, neighbours, .. } => ("gap", *area, *at, neighbours.clone()),
                Fault::Overlap { a, b, area, at, .. } => ("overlap", *area, *at, vec![*a, *b]),
            };
            let area = self.ground.frame.area(doubled).0.abs();
            if area < SLIVER {
                slivers = (slivers.0 + 1, slivers.1 + area);
                continue;
            }
            let who: Vec<String> = who.iter().map(|place| self.code_of(*layer, *place)).collect();
            let (message, remedy) = match code {
                "gap" => (
                    format!("a gap of {area:.1} m² between"),
                    "draw one of the borders to meet the other, or leave it if nobody answers for that ground",
                ),
                _ => (
                    format!("an overlap of {area:.1} m² between"),
                    "until it is redrawn the ground belongs to the lower code",
                ),
            };
            problems.push(
                Problem::new(
                    Severity::Warning,
                    code,
                    format!("{message} {} at {}", who.join(", "), degrees(at)),
                    remedy,
                )
                .of(format!("layer {layer}")),
            );
        }
        if slivers.0 > 0 {
            problems.push(Problem::new(
                Severity::Note,
                "slivers",
                format!("{} gaps and overlaps of less than {SLIVER} m² each, {:.2} m² together", slivers.0, slivers.1),
                "nothing to do",
            ));
        }
    }

    /// The code of a place by its position in its layer.
    fn code_of(&self, layer: Layer, place: u32) -> String {
        let place = place as usize;
        match layer {
            Layer::Districts => self.world.districts.get(place).map(|p| p.code.to_string()),
            Layer::Subdistricts => self.world.subdistricts.get(place).map(|p| p.code.to_string()),
            Layer::Communities => self.world.communities.get(place).map(|p| p.code.to_string()),
            _ => self.world.grids.get(place).map(|p| p.code.to_string()),
        }
        .unwrap_or_default()
    }

    fn check_parents(&self, problems: &mut Vec<Problem>) {
        let orphan = |what: String, above: &str| {
            Problem::new(
                Severity::Warning,
                "no-parent",
                format!("lies in no {above}"),
                format!("import the {above} layer, or map its parent's code"),
            )
            .of(what)
        };
        if !self.world.communities.is_empty() {
            for facts in self.facts.grids.iter().filter(|f| f.community.is_none()) {
                problems.push(orphan(format!("grid {}", self.world.grids[facts.place as usize].code), "community"));
            }
        }
        for (level, above) in [(1, "district"), (2, "subdistrict")] {
            let layer = self.ground.levels()[level].layer;
            if self.world.count(self.ground.levels()[level - 1].layer) == 0 {
                continue;
            }
            for facts in self.facts.levels[level].iter().filter(|f| f.parent.is_none()) {
                problems.push(orphan(format!("{} {}", layer.singular(), self.code_of(layer, facts.place)), above));
            }
        }
    }

    /// A compound's total and the counts of its buildings come from different people. Grids count the buildings.
    fn check_totals(&self, problems: &mut Vec<Problem>) {
        let mut counted: Vec<Option<u64>> = vec![None; self.world.compounds.len()];
        for (building, compound) in self.world.buildings.iter().zip(&self.facts.compound_of_building) {
            if let (Some(compound), Some(h)) = (compound, building.households) {
                *counted[*compound as usize].get_or_insert(0) += u64::from(h.count);
            }
        }
        for (compound, counted) in self.world.compounds.iter().zip(counted) {
            let (Some(total), Some(counted)) = (compound.households, counted) else { continue };
            if counted != u64::from(total.count) {
                problems.push(
                    Problem::new(
                        Severity::Warning,
                        "compound-total",
                        format!("reports {} households, its buildings add up to {counted}", total.count),
                        "grids count the buildings; correct whichever of the two is wrong",
                    )
                    .of(format!("compound {}", compound.name)),
                );
            }
        }
    }

    fn check_unassigned(&self, problems: &mut Vec<Problem>) {
        if self.world.grids.is_empty() {
            return;
        }
        let outside = self.facts.grid_of_building.iter().filter(|grid| **grid == OUTSIDE).count();
        if outside > 0 {
            problems.push(Problem::new(
                Severity::Note,
                "outside-every-grid",
                format!("{outside} of {} buildings lie outside every grid", self.world.buildings.len()),
                "nothing to do where the data reaches beyond the district; else draw the missing grids",
            ));
        }
        let anchors = self.ground.compound_anchors.iter().zip(&self.world.compounds);
        let lost: Vec<&str> = anchors
            .filter(|(at, c)| c.households.is_some() && self.ground.grids.locate(**at).is_none())
            .map(|(_, c)| c.name.as_str())
            .collect();
        if let Some(first) = lost.first() {
            problems.push(Problem::new(
                Severity::Note,
                "outside-every-grid",
                format!("{} compounds with households lie outside every grid, {first} first", lost.len()),
                "check their datum (--crs) if they should lie inside",
            ));
        }
    }
}

fn degrees(at: Coord) -> String {
    format!("{:.7}, {:.7}", at.lon(), at.lat())
}
