//! What was put right in an outline: how often, how much, and where.

use crate::model::{Coord, Frame, Metres, SquareMetres};

/// What was done. Each is the only thing that could be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A ring that did not end where it began was closed.
    Closed,
    /// A spike of no width went out and back; it was cut off.
    Spike,
    /// A part or hole without area at the model's unit was dropped; others remain.
    Vanished,
    /// A vertex within two units of another was put on it.
    Snapped,
    /// A crossing became a vertex at which the outline comes apart.
    Split,
    /// A hole that ran along its outline or another hole was taken off the ground.
    Notch,
    /// A line that the outline runs along both ways was dropped.
    Doubled,
}

/// How much a repair concerned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Size {
    /// The longest: between the ends of a ring, of a spike, of a move.
    Length(Metres),
    /// The ground concerned, all together.
    Ground(SquareMetres),
    /// Neither length nor ground was lost.
    Nothing,
}

/// Repairs of one kind in one feature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Repair {
    pub kind: Kind,
    /// How many.
    pub count: usize,
    pub size: Size,
    /// Where: the largest, or the first of equals.
    pub at: Coord,
}

/// All that was put right in one feature.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Repairs {
    /// So many vertices repeated their neighbour; no ground was concerned.
    pub repeats: usize,
    /// By kind, in the order of their first finding.
    pub list: Vec<Repair>,
}

impl Repairs {
    /// Notes a repair.
    pub fn add(&mut self, kind: Kind, size: Size, at: Coord) {
        let Some(known) = self.list.iter_mut().find(|known| known.kind == kind) else {
            self.list.push(Repair { kind, count: 1, size, at });
            return;
        };
        known.count += 1;
        match (&mut known.size, size) {
            (Size::Length(longest), Size::Length(length)) if length > *longest => {
                (*longest, known.at) = (length, at);
            }
            (Size::Ground(sum), Size::Ground(ground)) => *sum += ground,
            _ => {}
        }
    }

    /// Notes a repair whose size is the distance between two vertices.
    pub fn add_length(&mut self, kind: Kind, from: Coord, to: Coord) {
        self.add(kind, Size::Length(Frame::at(from).distance(from, to)), from);
    }

    /// Notes a repair of ground given as twice its area in square units.
    pub fn add_ground(&mut self, kind: Kind, doubled: i128, at: Coord) {
        self.add(kind, Size::Ground(Frame::at(at).area(doubled.abs())), at);
    }

    /// How many repairs of a kind there were.
    pub fn count(&self, kind: Kind) -> usize {
        self.list.iter().find(|repair| repair.kind == kind).map_or(0, |repair| repair.count)
    }

    /// A sentence, and the place of the first repair that has one; `None` when nothing was done.
    pub fn tell(&self) -> Option<(String, Option<Coord>)> {
        let mut done: Vec<String> = Vec::new();
        if self.repeats > 0 {
            done.push(format!("dropped {} repeated vertices", self.repeats));
        }
        done.extend(self.list.iter().map(Repair::tell));
        (!done.is_empty()).then(|| (done.join("; "), self.list.first().map(|repair| repair.at)))
    }
}

impl Repair {
    fn tell(&self) -> String {
        let n = self.count;
        let at = format!("at {:.7}, {:.7}", self.at.lon(), self.at.lat());
        let size = match self.size {
            Size::Length(Metres(m)) => format!("{m:.2} m"),
            Size::Ground(SquareMetres(m2)) => format!("{m2:.2} m²"),
            Size::Nothing => String::new(),
        };
        match self.kind {
            Kind::Closed if n == 1 => format!("closed a ring that did not end where it began, {size} {at}"),
            Kind::Closed => format!("closed {n} rings that did not end where they began, up to {size} {at}"),
            Kind::Spike => format!("cut off {n} spikes of no width, up to {size} {at}"),
            Kind::Vanished => format!("dropped {n} parts or holes without area at 1e-7 degree, one {at}"),
            Kind::Snapped => format!("joined {n} vertices with others at most two units away, up to {size} {at}"),
            Kind::Split => {
                format!("split the outline where it crossed itself, {n} times; {size} had run the other way; {at}")
            }
            Kind::Notch => format!("took {n} holes that ran along a border off the ground, {size} {at}"),
            Kind::Doubled => format!("dropped {n} lines that the outline ran along both ways, one {at}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repairs_of_one_kind_are_told_together() {
        let mut repairs = Repairs::default();
        assert_eq!(repairs.tell(), None);
        let [a, b, c] = [(0, 0), (100, 0), (400, 0)].map(|(x, y)| Coord::new(x, y));
        repairs.add_length(Kind::Spike, a, b);
        repairs.add_length(Kind::Spike, b, c);
        repairs.add_ground(Kind::Notch, 2000, a);
        repairs.add_ground(Kind::Notch, 4000, b);
        assert_eq!((repairs.count(Kind::Spike), repairs.list[0].at), (2, b));
        // 300 units of longitude on the equator; 3000 square units.
        let told = "cut off 2 spikes of no width, up to 3.34 m at 0.0000100, 0.0000000; \
                    took 2 holes that ran along a border off the ground, 0.37 m² at 0.0000000, 0.0000000";
        assert_eq!(repairs.tell(), Some((told.to_owned(), Some(b))));
    }
}
