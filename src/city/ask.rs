//! Who is responsible for this place?

use super::Snapshot;
use crate::index::Borders;
use crate::model::{Coord, Metres};

/// The answer to one question.
#[derive(Clone, Debug, PartialEq)]
pub struct Located {
    /// The rank of the one grid that the point belongs to.
    pub primary: Option<u32>,
    /// Ranks of the grids that answer together with it, because the point stands on a street that is a border.
    pub co_responsible: Vec<u32>,
    /// Position of the building whose footprint holds the point.
    pub building: Option<u32>,
    /// How far the primary grid's border is, and who lies behind it.
    pub border: Option<(Metres, Option<u32>)>,
}

impl Snapshot {
    /// Answers for a point (border rule: design.md idea 5).
    ///
    /// A street along a border is answered for jointly unless its responsibility record says otherwise, and no record
    /// can say so yet: a point on the carriageway of such a street names the grid behind the border too.
    pub fn locate(&self, at: Coord) -> Located {
        let primary = self.ground.grids.locate(at);
        let border = primary.and_then(|rank| self.borders().nearest(rank, at, &self.ground.frame));
        let co_responsible = match border {
            Some((metres, Some(behind))) if self.on_border_street(at, metres) => vec![behind],
            _ => Vec::new(),
        };
        Located { primary, co_responsible, building: self.ground.buildings.containing(at), border }
    }

    /// Whether a point stands on a street whose carriageway also reaches the border `metres` away.
    fn on_border_street(&self, at: Coord, metres: Metres) -> bool {
        const WIDEST: f64 = 14.0;
        if metres.0 > WIDEST {
            return false;
        }
        let street = self.ground.streets.nearest(at, &self.ground.frame, Metres(WIDEST));
        street.is_some_and(|(street, away)| {
            let half = self.world.streets[street as usize].class.usual_width() / 2.0;
            // The centre line and the border run together when both are within the carriageway of each other.
            away.0 <= half && metres.0 <= half
        })
    }

    /// Prepared when first asked for.
    pub(super) fn borders(&self) -> &Borders {
        self.borders.get_or_init(|| {
            let polygons: Vec<_> =
                self.ground.grids.places.iter().map(|p| &self.world.grids[*p as usize].area).collect();
            Borders::build(&polygons, self.ground.grids.tiling().clone())
        })
    }

    /// The rank of the grid with a code.
    pub fn grid_by_code(&self, code: &str) -> Option<u32> {
        let grids = &self.ground.grids.places;
        let at = grids.binary_search_by(|place| self.world.grids[*place as usize].code.as_str().cmp(code)).ok()?;
        Some(at as u32)
    }
}
