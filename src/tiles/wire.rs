//! The bytes of a vector tile: Mapbox Vector Tile specification 2.1 in protocol buffers' wire format.

use super::clip::Point;
use crate::model::Value;

/// `GeomType` of the specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Point = 1,
    Line = 2,
    Area = 3,
}

/// Appends a variable-length integer.
#[inline]
pub(super) fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a field that holds bytes.
pub(super) fn bytes(out: &mut Vec<u8>, field: u8, content: &[u8]) {
    out.push(field << 3 | 2);
    varint(out, content.len() as u64);
    out.extend_from_slice(content);
}

/// A `Value` message as a layer's field 4; `None` for null, which tiles leave out.
pub(super) fn value(value: &Value) -> Option<Vec<u8>> {
    let mut message = Vec::new();
    match value {
        Value::Null => return None,
        Value::Text(text) => bytes(&mut message, 1, text.as_bytes()),
        Value::Real(number) => {
            message.push(3 << 3 | 1);
            message.extend_from_slice(&number.to_le_bytes());
        }
        Value::Integer(number) => match u64::try_from(*number) {
            Ok(number) => {
                message.push(5 << 3);
                varint(&mut message, number);
            }
            Err(_) => {
                message.push(6 << 3);
                varint(&mut message, zigzag(*number));
            }
        },
        Value::Bool(yes) => message.extend_from_slice(&[7 << 3, u8::from(*yes)]),
    }
    let mut field = Vec::with_capacity(message.len() + 2);
    bytes(&mut field, 4, &message);
    Some(field)
}

fn zigzag(n: i64) -> u64 {
    (n << 1 ^ n >> 63) as u64
}

/// Draws one feature's geometry.
#[derive(Default)]
pub(super) struct Pen {
    commands: Vec<u8>,
    at: Point,
}

impl Pen {
    /// Starts a feature.
    pub fn lift(&mut self) {
        self.commands.clear();
        self.at = [0, 0];
    }

    /// The geometry so far.
    pub fn commands(&self) -> &[u8] {
        &self.commands
    }

    /// A point.
    pub fn point(&mut self, at: Point) {
        self.command(1, 1);
        self.go(at);
    }

    /// A line of at least two vertices.
    pub fn line(&mut self, points: &[Point]) {
        let [first, rest @ ..] = points else { return };
        self.point(*first);
        self.command(2, rest.len());
        // Room for the longest integers at once, so that the usual short ones are written without asking for more.
        let mut end = self.commands.len();
        self.commands.resize(end + rest.len() * 20, 0);
        for &point in rest {
            for axis in [0, 1] {
                let mut step = zigzag(point[axis] - self.at[axis]);
                while step >= 0x80 {
                    self.commands[end] = step as u8 | 0x80;
                    end += 1;
                    step >>= 7;
                }
                self.commands[end] = step as u8;
                end += 1;
            }
            self.at = point;
        }
        self.commands.truncate(end);
    }

    /// A ring of at least three vertices, the first not repeated.
    pub fn ring(&mut self, points: &[Point]) {
        self.line(points);
        self.command(7, 1);
    }

    fn command(&mut self, id: u64, count: usize) {
        varint(&mut self.commands, (count as u64) << 3 | id);
    }

    #[inline]
    fn go(&mut self, to: Point) {
        for axis in [0, 1] {
            varint(&mut self.commands, zigzag(to[axis] - self.at[axis]));
        }
        self.at = to;
    }
}

/// Properties of a layer in encoded form; a tile lists only those it uses.
#[derive(Debug, Default)]
pub(super) struct Table {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl Table {
    /// Adds an encoded field and gives its number.
    pub fn push(&mut self, field: &[u8]) -> u32 {
        self.bytes.extend_from_slice(field);
        self.ends.push(self.bytes.len() as u32);
        self.ends.len() as u32 - 1
    }

    fn get(&self, number: u32) -> &[u8] {
        let at = number as usize;
        let start = if at == 0 { 0 } else { self.ends[at - 1] as usize };
        &self.bytes[start..self.ends[at] as usize]
    }
}

/// Gives the numbers of a table that one tile uses new ones in order of their first use.
struct Used {
    /// New number + 1 of each entry; 0 is unused. Zeroed pages come from the system untouched, so a large table costs
    /// only the pages that the tile's features look at.
    new: Vec<u32>,
    order: Vec<u32>,
}

impl Used {
    fn of(table: &Table) -> Self {
        Self { new: vec![0; table.ends.len()], order: Vec::new() }
    }

    fn number(&mut self, entry: u32) -> u32 {
        let new = &mut self.new[entry as usize];
        if *new == 0 {
            self.order.push(entry);
            *new = self.order.len() as u32;
        }
        *new - 1
    }
}

/// One layer of a tile while it is written.
pub(super) struct LayerWriter<'a> {
    keys: (&'a Table, Used),
    values: (&'a Table, Used),
    features: Vec<u8>,
    tags: Vec<u8>,
}

impl<'a> LayerWriter<'a> {
    pub fn new(keys: &'a Table, values: &'a Table, room: usize) -> Self {
        Self {
            keys: (keys, Used::of(keys)),
            values: (values, Used::of(values)),
            features: Vec::with_capacity(room),
            tags: Vec::new(),
        }
    }

    /// Adds a feature; `tags` are pairs of entries of the two tables.
    pub fn feature(&mut self, id: u32, tags: impl Iterator<Item = [u32; 2]>, shape: Shape, geometry: &[u8]) {
        self.tags.clear();
        for [key, value] in tags {
            varint(&mut self.tags, self.keys.1.number(key).into());
            varint(&mut self.tags, self.values.1.number(value).into());
        }
        let size = |n: usize| 1 + varint_size(n as u64) + n;
        let tagged = if self.tags.is_empty() { 0 } else { size(self.tags.len()) };
        let out = &mut self.features;
        out.push(2 << 3 | 2);
        varint(out, (1 + varint_size(id.into()) + tagged + 2 + size(geometry.len())) as u64);
        out.push(1 << 3);
        varint(out, id.into());
        if tagged > 0 {
            bytes(out, 2, &self.tags);
        }
        out.extend_from_slice(&[3 << 3, shape as u8]);
        bytes(out, 4, geometry);
    }

    /// Appends the layer to a tile, unless it is empty.
    pub fn finish(self, name: &str, out: &mut Vec<u8>) {
        if self.features.is_empty() {
            return;
        }
        let mut head = vec![15 << 3, 2];
        bytes(&mut head, 1, name.as_bytes());
        let mut tail = Vec::new();
        for (table, used) in [&self.keys, &self.values] {
            for &entry in &used.order {
                tail.extend_from_slice(table.get(entry));
            }
        }
        tail.push(5 << 3);
        varint(&mut tail, super::mercator::EXTENT as u64);
        let length = head.len() + self.features.len() + tail.len();
        out.reserve(length + 10);
        out.push(3 << 3 | 2);
        varint(out, length as u64);
        for part in [&head, &self.features, &tail] {
            out.extend_from_slice(part);
        }
    }
}

fn varint_size(value: u64) -> usize {
    (64 - (value | 1).leading_zeros() as usize).div_ceil(7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_specifications_examples() {
        // Section 4.3.5 of the specification: point, linestring, polygon.
        let mut pen = Pen::default();
        pen.point([25, 17]);
        assert_eq!(pen.commands(), [9, 50, 34]);
        pen.lift();
        pen.line(&[[2, 2], [2, 10], [10, 10]]);
        assert_eq!(pen.commands(), [9, 4, 4, 18, 0, 16, 16, 0]);
        pen.lift();
        pen.ring(&[[3, 6], [8, 12], [20, 34]]);
        assert_eq!(pen.commands(), [9, 6, 12, 18, 10, 12, 24, 44, 15]);
    }

    #[test]
    fn varints_and_their_sizes() {
        for value in [0, 1, 127, 128, 16_383, 16_384, u64::from(u32::MAX), u64::MAX] {
            let mut out = Vec::new();
            varint(&mut out, value);
            assert_eq!(out.len(), varint_size(value), "{value}");
        }
    }
}
