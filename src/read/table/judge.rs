//! Rows of the table, and rows about the table: sums, headers and titles that a printed page repeats, footnotes.

use super::header::Header;
use super::{Merged, Problems, Row, is_filled};
use crate::model::{Problem, Severity};
use crate::read::fields;
use crate::read::raw::Cell;
use std::collections::HashSet;

/// What a row is.
pub(super) enum Kind {
    /// A row of the table.
    Data,
    /// Something else: a code and why.
    Other(&'static str, &'static str),
}

/// Words that stand before sums; the last ones are also names of firms and need their numbers as witnesses.
const SUMS: [&str; 8] = ["合计", "总计", "小计", "共计", "汇总", "总和", "合计数", "总计数"];
const SUMS_LATIN: [&str; 5] = ["total", "subtotal", "sub-total", "grandtotal", "sum"];
/// How footnotes begin, with a colon or without.
const NOTES: [&str; 17] = [
    "填表人",
    "制表",
    "填报人",
    "填表单位",
    "填报单位",
    "填报日期",
    "填表日期",
    "填报时间",
    "审核人",
    "审核：",
    "负责人",
    "联系电话",
    "数据来源",
    "资料来源",
    "统计时间",
    "经办人",
    "单位负责人",
];
const NOTES_WITH_COLON: [&str; 9] = ["备注", "注", "说明", "附注", "来源", "日期", "note", "notes", "source"];
/// How headings between rows begin.
const NUMERALS: &str = "一二三四五六七八九十";

/// Judges the rows below the header in their order, keeping sums on the way.
pub(super) struct Judge {
    width: usize,
    /// The lines of the header, as written.
    lines: Vec<Vec<String>>,
    /// What stands above the header.
    titles: HashSet<String>,
    /// Rows that one merged cell fills from side to side.
    headings: HashSet<u64>,
    /// Sums of each column: of all rows, and of those since the last row of sums.
    all: Vec<f64>,
    since: Vec<f64>,
    /// Sums that none of the rows above bear out.
    open: Vec<(u64, Vec<(usize, f64)>)>,
    /// Rows of the table so far.
    seen: u64,
}

impl Judge {
    pub(super) fn new(header: &Header, head: &[Row], merged: &[Merged]) -> Self {
        let titles = head.iter().filter(|(number, _)| *number < header.first_row());
        let width = header.names.len();
        // From side to side, but for a column or two.
        let is_heading =
            |m: &&Merged| m.first.0 == m.last.0 && width >= 3 && m.last.1 - m.first.1 + 1 >= (width - width / 4).max(3);
        Self {
            width,
            lines: header.lines.iter().map(|cells| words(cells)).collect(),
            titles: titles.flat_map(|(_, cells)| words(cells)).filter(|word| !word.is_empty()).collect(),
            headings: merged.iter().filter(is_heading).map(|m| m.first.0).collect(),
            all: Vec::new(),
            since: Vec::new(),
            open: Vec::new(),
            seen: 0,
        }
    }

    /// What a row is; sums that do not add up are told.
    pub(super) fn kind(&mut self, number: u64, cells: &[Cell], problems: &mut Problems) -> Kind {
        let own: Vec<&Cell> = cells.iter().filter(|cell| is_filled(cell)).collect();
        let first = own.first().map(|cell| word(cell)).unwrap_or_default();
        if own.len() >= 2 || self.width == 1 {
            let row = words(cells);
            if self.lines.iter().any(|line| same(line, &row)) {
                return Kind::Other("header-again", "repeats the header");
            }
        }
        if own.len() == 1 && self.titles.contains(&first) {
            return Kind::Other("title-again", "repeats the title");
        }
        if is_footnote(&first, own.len(), self.width) {
            return Kind::Other("footnote", "is a remark about the table");
        }
        if own.len() == 1 && self.width >= 3 && (self.headings.contains(&number) || is_numbered_heading(&first)) {
            return Kind::Other("heading-row", "is a heading between rows");
        }
        let numbers: Vec<(usize, f64)> =
            cells.iter().enumerate().filter_map(|(at, cell)| Some((at, number_in(cell)?))).collect();
        if self.is_total(cells, &numbers) {
            let right = |(at, n): &(usize, f64)| self.bears_out(*at, *n);
            if !numbers.is_empty() && !numbers.iter().all(right) {
                let open = numbers.iter().filter(|one| !right(one)).copied().collect();
                // What stands above all rows may be the sum of those below.
                if self.seen == 0 {
                    self.open.push((number, open));
                } else {
                    self.tell(number, &open, problems);
                }
            }
            self.since.iter_mut().for_each(|sum| *sum = 0.0);
            return Kind::Other("totals-row", "holds sums, not a thing");
        }
        self.seen += 1;
        for (at, n) in numbers {
            if self.all.len() <= at {
                self.all.resize(at + 1, 0.0);
                self.since.resize(at + 1, 0.0);
            }
            self.all[at] += n;
            self.since[at] += n;
        }
        Kind::Data
    }

    /// Looks once more at sums that stand above what they add up.
    pub(super) fn finish(&mut self, broken: bool, problems: &mut Problems) {
        for (number, open) in std::mem::take(&mut self.open) {
            let wrong: Vec<(usize, f64)> = open.into_iter().filter(|(at, n)| !self.bears_out(*at, *n)).collect();
            if !wrong.is_empty() && !broken {
                self.tell(number, &wrong, problems);
            }
        }
    }

    fn tell(&self, number: u64, wrong: &[(usize, f64)], problems: &mut Problems) {
        // A column in which no number stands has no sum: years, numbers of rows.
        let sum = |at: usize| self.all.get(at).copied().filter(|sum| *sum != 0.0);
        let told: Vec<String> = wrong
            .iter()
            .filter_map(|(at, n)| Some(format!("column {}: {n} where the rows add up to {}", at + 1, sum(*at)?)))
            .take(5)
            .collect();
        if !told.is_empty() {
            let message = format!("the sums do not add up: {}", told.join("; "));
            let remedy = "look for a row that is missing or stands twice";
            let problem = Problem::new(Severity::Warning, "totals-differ", message, remedy);
            problems.push(problem.of(format!("row {number}")).in_row(number));
        }
    }

    /// Whether a number is the sum of a column, its own first: people write sums beside theirs.
    fn bears_out(&self, at: usize, n: f64) -> bool {
        let is = |sum: Option<&f64>| sum.is_some_and(|sum| *sum != 0.0 && (sum - n).abs() <= 1e-6 * n.abs().max(1.0));
        is(self.all.get(at))
            || is(self.since.get(at))
            || (self.all.get(at).is_none_or(|sum| *sum == 0.0)
                && self.all.iter().chain(&self.since).any(|sum| is(Some(sum))))
            // How many rows there are is a sum as well.
            || n == self.seen as f64
    }

    fn is_total(&self, cells: &[Cell], numbers: &[(usize, f64)]) -> bool {
        let proved = || !numbers.is_empty() && numbers.iter().any(|(at, n)| self.bears_out(*at, *n));
        let texts: Vec<String> =
            cells.iter().filter(|cell| matches!(cell, Cell::Text(_)) && is_filled(cell)).map(word).collect();
        let first_numbers_end = texts.iter().position(|text| number_of(text).is_none()).unwrap_or(texts.len());
        for (i, text) in texts.iter().enumerate() {
            let plain = text.trim_end_matches(['：', ':']);
            let is_first = i == first_numbers_end;
            let exact = SUMS.contains(&plain);
            let ends = is_first && SUMS.iter().any(|sum| plain.ends_with(sum)) && plain.chars().count() <= 20;
            if (exact && (is_first || proved())) || ends {
                return true;
            }
            let latin = SUMS_LATIN.contains(&plain.to_ascii_lowercase().as_str());
            let alone = texts.iter().filter(|text| number_of(text).is_none()).count() == 1;
            if latin && (proved() || (alone && is_first && self.seen > 0 && numbers.is_empty())) {
                return true;
            }
        }
        false
    }
}

/// The text of a cell without blanks and brackets with units.
fn word(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => fields::normal(text),
        other => other.shown(),
    }
}

fn words(cells: &[Cell]) -> Vec<String> {
    cells.iter().map(|cell| if is_filled(cell) { word(cell) } else { String::new() }).collect()
}

/// Whether two rows have the same words in the same columns.
fn same(a: &[String], b: &[String]) -> bool {
    let at = |row: &[String], i: usize| row.get(i).cloned().unwrap_or_default();
    (0..a.len().max(b.len())).all(|i| at(a, i) == at(b, i))
}

fn number_in(cell: &Cell) -> Option<f64> {
    match cell {
        Cell::Integer(n) => Some(*n as f64),
        Cell::Real(n) => Some(*n).filter(|n| n.is_finite()),
        Cell::Text(text) => number_of(text),
        _ => None,
    }
}

fn number_of(text: &str) -> Option<f64> {
    let text = text.trim();
    text.starts_with(|c: char| c.is_ascii_digit() || c == '-').then(|| fields::real(text)).flatten()
}

fn is_footnote(first: &str, filled: usize, width: usize) -> bool {
    let sparse = filled * 2 <= width.max(2) || width <= 2;
    let colon = |rest: &str| rest.starts_with([':', '：', '1', '２']) || rest.is_empty() && filled == 1 && width > 2;
    sparse
        && (NOTES.iter().any(|note| first.starts_with(&fields::normal(note)))
            || NOTES_WITH_COLON.iter().any(|note| first.strip_prefix(note).is_some_and(colon)))
}

/// `一、朝晖街道`, `（二）老旧小区`.
fn is_numbered_heading(text: &str) -> bool {
    let text = text.trim_start_matches(['(', '（']);
    let rest = text.trim_start_matches(|c: char| NUMERALS.contains(c));
    rest.len() < text.len() && rest.starts_with(['、', '.', '．', ')', '）'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_and_headings() {
        for (text, filled, width, expected) in [
            ("备注:户数为常住户", 1, 4, true),
            ("注:1.含商铺", 1, 4, true),
            ("填表人:王五", 2, 6, true),
            ("制表日期", 2, 4, true),
            ("日期", 4, 4, false),
            ("注安小区", 1, 4, false),
            ("说明书小区", 3, 4, false),
        ] {
            assert_eq!(is_footnote(text, filled, width), expected, "{text}");
        }
        assert!(is_numbered_heading("一、朝晖街道") && is_numbered_heading("(十二)老旧小区"));
        assert!(!is_numbered_heading("一品嘉园") && !is_numbered_heading("三里亭"));
    }
}
