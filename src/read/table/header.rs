//! Which rows name the columns, and the names that they make together.

use super::{Merged, Row, is_filled};
use crate::model::Layer;
use crate::read::fields;
use crate::read::raw::Cell;

/// The rows that name the columns.
#[derive(Default)]
pub(super) struct Header {
    /// Their numbers; none where no row names anything.
    pub(super) rows: Vec<u64>,
    /// What stands in each of them, as written.
    pub(super) lines: Vec<Vec<Cell>>,
    /// The name of each column: those of merged cells above joined to their own, `居民户数/常住`. Empty where it has none.
    pub(super) names: Vec<String>,
}

impl Header {
    /// The number of the first of its rows; 0 for none.
    pub(super) fn first_row(&self) -> u64 {
        self.rows.first().copied().unwrap_or_default()
    }

    /// The number of the last of its rows; 0 for none.
    pub(super) fn last_row(&self) -> u64 {
        self.rows.last().copied().unwrap_or_default()
    }
}

/// More rows than these are no header.
const MOST_ROWS: usize = 3;
/// A name is not longer than this, in characters.
const LONGEST: usize = 60;

/// Finds the header among the first rows: the first row that has words in most columns, or two words that files use for
/// fields, and nothing else; with the rows below it that divide its merged cells.
pub(super) fn find(head: &[Row], merged: &[Merged]) -> Option<Header> {
    let width = head.iter().map(|(_, cells)| filled(cells).last().map_or(0, |at| at + 1)).max()?;
    let mut first = None;
    for (i, (number, cells)) in head.iter().enumerate() {
        let own = filled(cells).count();
        if own < 2.min(width) {
            continue;
        }
        let covered = (0..width).filter(|at| is_named(*number, *at, cells, merged)).count();
        let wide = covered * 2 >= width;
        let words = filled(cells).filter_map(|at| cells.get(at)).all(is_name);
        if words && (wide || filled(cells).filter_map(|at| cells.get(at)).filter(|cell| is_known(cell)).count() >= 2) {
            first = Some(i);
            break;
        }
        // The table begins, and nothing has named its columns.
        if wide && !words && !filled(cells).filter_map(|at| cells.get(at)).any(is_remark) {
            return None;
        }
    }
    let first = first?;
    let mut rows = vec![first];
    while rows.len() < MOST_ROWS {
        let (top, next) = (rows[rows.len() - 1], rows[rows.len() - 1] + 1);
        let (Some((top_number, top)), Some((number, below))) = (head.get(top), head.get(next)) else { break };
        let from = head[first].0;
        let reaches =
            |region: &Merged| region.first.0 >= from && region.first.0 <= *top_number && region.last.0 >= *number;
        if number - top_number != 1 || !(merged.iter().any(reaches) || divides(top, below)) {
            break;
        }
        rows.push(next);
    }
    let rows: Vec<&Row> = rows.iter().filter_map(|i| head.get(*i)).collect();
    Some(Header {
        names: (0..width).map(|at| name(at, &rows, merged)).collect(),
        lines: rows.iter().map(|(_, cells)| cells.clone()).collect(),
        rows: rows.iter().map(|(number, _)| *number).collect(),
    })
}

fn filled(cells: &[Cell]) -> impl DoubleEndedIterator<Item = usize> {
    cells.iter().enumerate().filter(|(_, cell)| is_filled(cell)).map(|(at, _)| at)
}

/// Whether a column has a word in this row, its own or that of a cell merged over it.
fn is_named(number: u64, at: usize, cells: &[Cell], merged: &[Merged]) -> bool {
    cells.get(at).is_some_and(is_filled) || over(number, at, merged).is_some()
}

/// The column of the merged cell that covers this one from the left.
fn over(number: u64, at: usize, merged: &[Merged]) -> Option<usize> {
    let region = merged.iter().find(|region| region.first.0 == number && region.first.1 < at && region.last.1 >= at)?;
    Some(region.first.1)
}

/// Whether a cell can be a name: a word that is no number, no date and no remark such as `填报单位：XX街道`.
fn is_name(cell: &Cell) -> bool {
    let Cell::Text(text) = cell else { return false };
    let text = text.trim();
    let begins_with_number = text.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '+');
    let is_number = begins_with_number && (fields::real(text).is_some() || fields::date(text).is_some());
    !is_remark(cell) && !is_number && text.chars().count() <= LONGEST
}

/// Whether a cell is a remark such as `填报单位：XX街道`.
fn is_remark(cell: &Cell) -> bool {
    let Cell::Text(text) = cell else { return false };
    let chinese = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
    text.find(['：', ':']).is_some_and(|at| {
        let (before, after) = text.split_at(at);
        let after = after.trim_start_matches(['：', ':']);
        !after.trim().is_empty() && before.chars().last().is_some_and(chinese)
    })
}

/// Whether files use this word for a field of any layer.
fn is_known(cell: &Cell) -> bool {
    let Cell::Text(text) = cell else { return false };
    let word = fields::normal(text);
    Layer::ALL.into_iter().flat_map(Layer::fields).any(|field| field.is_called(&word)) || fields::is_of_place(&word)
}

/// Whether a row only divides cells of the one above that stand over several columns: words under such cells, and nothing
/// under the others.
fn divides(top: &[Cell], below: &[Cell]) -> bool {
    let has = |cells: &[Cell], at: usize| cells.get(at).is_some_and(is_filled);
    let mut under = 0;
    for at in filled(below) {
        let spans =
            if has(top, at) { !has(top, at + 1) && has(below, at + 1) } else { filled(top).any(|left| left < at) };
        if !spans || !below.get(at).is_some_and(is_name) {
            return false;
        }
        under += 1;
    }
    under >= 2
}

/// The name of a column, from the top down.
fn name(at: usize, rows: &[&Row], merged: &[Merged]) -> String {
    let mut parts: Vec<String> = Vec::new();
    for (i, (number, cells)) in rows.iter().enumerate() {
        let word = |at: usize| cells.get(at).filter(|cell| is_filled(cell)).map(tidy);
        let below = rows.get(i + 1..).unwrap_or_default();
        let is_divided = below.iter().any(|(_, cells)| cells.get(at).is_some_and(is_filled));
        let part = word(at).or_else(|| word(over(*number, at, merged)?)).or_else(|| {
            // Where nobody says which cells are merged, the next word to the left stands over a divided column.
            let left = filled(cells).take_while(|left| *left < at).last();
            left.filter(|_| is_divided && merged.is_empty()).and_then(word)
        });
        if let Some(part) = part.filter(|part| parts.last() != Some(part)) {
            parts.push(part);
        }
    }
    parts.join("/")
}

/// A name on one line: no blanks between Chinese characters, single ones elsewhere.
fn tidy(cell: &Cell) -> String {
    let text = match cell {
        Cell::Text(text) => text.trim().to_owned(),
        other => other.shown(),
    };
    let mut tidy = String::new();
    let mut words = text.split_whitespace().peekable();
    while let Some(word) = words.next() {
        tidy.push_str(word);
        if let Some(next) = words.peek() {
            let wide = |c: Option<char>| c.is_some_and(|c| c as u32 >= 0x2e80);
            if !(wide(word.chars().last()) && wide(next.chars().next())) {
                tidy.push(' ');
            }
        }
    }
    tidy
}
