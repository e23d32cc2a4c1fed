//! Tables as people keep them become sheets: title rows above the header, headers of up to three rows with merged cells,
//! headers that a printed page repeats, sums between and below, footnotes.
//!
//! 1. [`header`] finds the rows that name the columns,
//! 2. [`judge`] tells rows of the table from rows about the table,
//! 3. what is left is handed on row by row, so that a table as large as its file needs no second copy in memory.
//!
//! Whatever row is left out is told with its number, the first row of the file being 1.

mod header;
mod judge;

use super::datum::Crs;
use super::raw::{Cell, Declared, Feature, Features, Noun, Shape, Sheet};
use super::{NUMBER_COLUMN, Problems};
use crate::model::{Problem, Severity};
use header::Header;
use judge::{Judge, Kind};
use std::collections::{HashMap, HashSet};

/// Rows of cells that can be read through again and again. Rows in which nothing stands may be left out.
pub(super) trait Rows: Send + Sync {
    /// Visits number and cells of each row in order until `visit` says `false`.
    ///
    /// # Errors
    /// The file breaks in the middle.
    fn each(&self, visit: &mut dyn FnMut(u64, &[Cell]) -> bool) -> Result<(), Box<Problem>>;
}

/// One row: its number, the first being 1, and its cells.
pub(super) type Row = (u64, Vec<Cell>);

impl Rows for Vec<Row> {
    fn each(&self, visit: &mut dyn FnMut(u64, &[Cell]) -> bool) -> Result<(), Box<Problem>> {
        let _ = self.iter().all(|(number, cells)| visit(*number, cells));
        Ok(())
    }
}

/// Cells that are one, by their first and last row and column; rows count from 1, columns from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Merged {
    pub(super) first: (u64, usize),
    pub(super) last: (u64, usize),
}

/// A table as its program shows it.
pub(super) struct Page {
    /// The name of the sheet, or of the file.
    pub(super) name: String,
    /// What stands in it.
    pub(super) rows: Box<dyn Rows>,
    /// Which cells are merged.
    pub(super) merged: Vec<Merged>,
    /// What opening it brought to light.
    pub(super) problems: Vec<Problem>,
}

/// So many rows tell where the header is.
const HEAD: usize = 60;

/// Finds out what of a page is a table.
///
/// # Errors
/// The file breaks before its table begins.
pub(super) fn sheet(page: Page) -> Result<Sheet, Box<Problem>> {
    let Page { name, rows, mut merged, problems: opened } = page;
    // Damaged files merge cells that end before they begin.
    merged.retain(|region| region.first.0 <= region.last.0 && region.first.1 <= region.last.1);
    let mut problems = Problems::new("");
    problems.extend(opened);
    let mut head: Vec<Row> = Vec::new();
    rows.each(&mut |number, cells| {
        if cells.iter().any(is_filled) {
            head.push((number, cells.to_vec()));
        }
        head.len() < HEAD
    })?;
    let header = header::find(&head, &merged);
    if header.is_none() && !head.is_empty() {
        let message = "no row that names the columns was found; they are called `column 1`, `column 2` and so on";
        let remedy = "write a first row with the names of the columns, or map these: --map name=\"column 1\"";
        problems.push(Problem::new(Severity::Warning, "header-missing", message, remedy));
    }
    let header = header.unwrap_or_default();
    let begins = header.last_row() + 1;
    for (number, cells) in head.iter().filter(|(number, _)| *number < header.first_row()) {
        told_of_row(&mut problems, "title-row", *number, &format!("stands above the header: {}", shown(cells)));
    }

    // One pass over everything, before anybody asks for it: what is left out, and what the columns hold.
    let mut judge = Judge::new(&header, &head, &merged);
    let (mut dropped, mut used, mut count) = (HashSet::new(), vec![false; header.names.len()], 0_u64);
    let (mut last, mut empty) = (header.last_row(), Gaps::default());
    let outcome = rows.each(&mut |number, cells| {
        if number < begins || !cells.iter().any(is_filled) {
            return true;
        }
        empty.between(last, number);
        last = number;
        match judge.kind(number, cells, &mut problems) {
            Kind::Data => {
                count += 1;
                let width = cells.iter().rposition(is_filled).map_or(0, |at| at + 1);
                used.resize(used.len().max(width), false);
                used.iter_mut().zip(cells).for_each(|(used, cell)| *used |= is_filled(cell));
            }
            Kind::Other(code, why) => {
                dropped.insert(number);
                told_of_row(&mut problems, code, number, &format!("{why}: {}", shown(cells)));
            }
        }
        true
    });
    // The reading itself comes to the same end and tells it.
    let broken = outcome.is_err();
    judge.finish(broken, &mut problems);
    empty.tell(&mut problems);
    let (columns, kept) = columns(&header, &used, &mut problems);
    let fills = fills(&merged, begins, &head, &*rows, &mut problems);
    let numbers = columns.iter().position(|column| column == NUMBER_COLUMN);
    Ok(Sheet {
        name,
        noun: Noun::Row,
        numbers,
        columns,
        has_places: false,
        // Our own exports are always in WGS 84.
        declared: if numbers.is_some() { Declared::As(Crs::Wgs84) } else { Declared::Nothing },
        count,
        problems: problems.finish(),
        features: Box::new(Table { rows, begins, dropped, kept, fills }),
    })
}

fn told_of_row(problems: &mut Problems, code: &str, number: u64, message: &str) {
    let remedy = "left out; if it is data, keep it apart from the rows around the table";
    problems.push(Problem::new(Severity::Note, code, message, remedy).of(format!("row {number}")).in_row(number));
}

/// Whether anything stands in a cell.
fn is_filled(cell: &Cell) -> bool {
    match cell {
        Cell::Empty => false,
        Cell::Text(text) => !text.trim().is_empty(),
        _ => true,
    }
}

/// What stands in a row, cut short.
fn shown(cells: &[Cell]) -> String {
    let words: Vec<String> = cells.iter().filter(|cell| is_filled(cell)).map(|cell| cell.shown()).collect();
    let some = words.iter().take(4).map(String::as_str).collect::<Vec<_>>().join(" | ");
    if words.len() > 4 { format!("`{some} | ...`") } else { format!("`{some}`") }
}

/// Empty rows between filled ones.
#[derive(Default)]
struct Gaps {
    rows: u64,
    listed: Vec<String>,
}

impl Gaps {
    fn between(&mut self, last: u64, next: u64) {
        let (from, to) = (last + 1, next.saturating_sub(1));
        if from > to || last == 0 {
            return;
        }
        self.rows += to - from + 1;
        if self.listed.len() < 20 {
            self.listed.push(if from == to { from.to_string() } else { format!("{from}-{to}") });
        }
    }

    fn tell(self, problems: &mut Problems) {
        if self.rows > 0 {
            let message = format!("{} empty rows between the others left out: {}", self.rows, self.listed.join(", "));
            problems.push(Problem::new(Severity::Note, "rows-empty", message, "nothing to do"));
        }
    }
}

/// The names of the columns in which anything stands, each once, and where these columns are.
fn columns(header: &Header, used: &[bool], problems: &mut Problems) -> (Vec<String>, Vec<usize>) {
    let (mut names, mut kept) = (Vec::new(), Vec::new());
    let mut times: HashMap<String, usize> = HashMap::new();
    for at in 0..used.len().max(header.names.len()) {
        let written = header.names.get(at).map(String::as_str).unwrap_or_default();
        if written.is_empty() && !used.get(at).copied().unwrap_or_default() {
            continue;
        }
        let own = if written.is_empty() { format!("column {}", at + 1) } else { written.to_owned() };
        let mut name = own.clone();
        loop {
            let n = times.entry(name.clone()).or_default();
            *n += 1;
            if *n == 1 {
                break;
            }
            name = format!("{own} ({})", times.get(&own).copied().unwrap_or(2));
            if !times.contains_key(&name) {
                let message = format!("several columns are called `{own}`; column {} is read as `{name}`", at + 1);
                let remedy = "give each column a name of its own, or map it: --map field=\"NAME (2)\"";
                problems.push(Problem::new(Severity::Note, "column-renamed", message, remedy));
            } else {
                *times.entry(own.clone()).or_default() += 1;
            }
        }
        names.push(name);
        kept.push(at);
    }
    (names, kept)
}

/// Values that a merged cell gives to the rows below its first, by row and column.
type Fills = HashMap<(u64, usize), Cell>;

/// So many rows are filled from merged cells at most; more is no table that a person keeps.
const MOST_FILLED: u64 = 2_000_000;

/// A cell that is merged downward speaks for all its rows, as 街道 over its communities. A count does not: it would be
/// counted once for each row.
fn fills(merged: &[Merged], begins: u64, head: &[Row], rows: &dyn Rows, problems: &mut Problems) -> Fills {
    let mut down: HashMap<(u64, usize), u64> = HashMap::new();
    let mut budget = MOST_FILLED;
    for region in merged.iter().filter(|region| region.first.0 >= begins && region.last.0 > region.first.0) {
        let height = region.last.0 - region.first.0;
        if height > budget {
            break;
        }
        budget -= height;
        down.insert(region.first, region.last.0);
    }
    let mut fills = Fills::new();
    if down.is_empty() || head.is_empty() {
        return fills;
    }
    // A file that breaks off has told enough; the reading itself says that it does.
    let _ = rows.each(&mut |number, cells| {
        for (at, cell) in cells.iter().enumerate().filter(|(_, cell)| is_filled(cell)) {
            let Some(last) = down.get(&(number, at)) else { continue };
            let counts = match cell {
                // Codes have six digits or more, what is counted has fewer.
                Cell::Integer(n) => n.unsigned_abs() < 100_000,
                Cell::Real(_) => true,
                _ => false,
            };
            if counts {
                let message = format!(
                    "the number {} stands in a cell merged over rows {number} to {last}; taken for row {number} alone",
                    cell.shown()
                );
                let remedy = "write into each row its own number";
                let problem = Problem::new(Severity::Warning, "merged-number", message, remedy);
                problems.push(problem.of(format!("row {number}")).in_row(number));
                continue;
            }
            fills.extend((number + 1..=*last).map(|row| ((row, at), cell.clone())));
        }
        true
    });
    fills
}

/// The rows of a page that are the table's.
struct Table {
    rows: Box<dyn Rows>,
    begins: u64,
    dropped: HashSet<u64>,
    /// Which of the page's columns the sheet's are.
    kept: Vec<usize>,
    fills: Fills,
}

impl Features for Table {
    fn each(&self, visit: &mut dyn FnMut(&Feature) -> bool) -> Result<(), Box<Problem>> {
        let mut feature = Feature { shape: Shape::None, ..Feature::default() };
        self.rows.each(&mut |number, cells| {
            if number < self.begins || !cells.iter().any(is_filled) || self.dropped.contains(&number) {
                return true;
            }
            feature.number = number;
            feature.cells.clear();
            for at in &self.kept {
                let own = cells.get(*at).filter(|cell| is_filled(cell));
                let cell = own.or_else(|| self.fills.get(&(number, *at)));
                feature.cells.push(cell.cloned().unwrap_or_default());
            }
            visit(&feature)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows written with `|` between cells; numbers become numbers.
    fn page(text: &str, merged: &[Merged]) -> Sheet {
        let cell = |word: &str| match word.trim() {
            "" => Cell::Empty,
            word => word.parse().map(Cell::Integer).unwrap_or_else(|_| Cell::Text(word.to_owned())),
        };
        let rows: Vec<Row> =
            text.lines().zip(1..).map(|(line, number)| (number, line.split('|').map(cell).collect())).collect();
        let page = Page { name: "t".into(), rows: Box::new(rows), merged: merged.to_vec(), problems: Vec::new() };
        sheet(page).expect("a sheet")
    }

    fn told(sheet: &Sheet) -> Vec<String> {
        sheet.problems.iter().map(|p| format!("{} {}", p.code, p.row.unwrap_or_default())).collect()
    }

    fn rows(sheet: &Sheet) -> Vec<String> {
        let mut rows = Vec::new();
        let visit = &mut |feature: &Feature| {
            let cells: Vec<String> = feature.cells.iter().map(Cell::shown).collect();
            rows.push(format!("{} {}", feature.number, cells.join("|")));
            true
        };
        sheet.features.each(visit).expect("read");
        rows
    }

    #[test]
    fn a_printed_sheet() {
        let text = "XX街道小区底数表\n填报单位：XX街道||填报日期：2024年3月1日|\n序号|小区名称|户数|备注\n1|甲苑|100|\n2|乙苑|50|旧\n|小计|150|\n\n序号|小区名称|户数|备注\n3|丙苑|7|\n|合　计|157|\n备注：户数为常住户\n填表人：王|||审核：李";
        let sheet = page(text, &[]);
        assert_eq!(sheet.columns, ["序号", "小区名称", "户数", "备注"]);
        assert_eq!(rows(&sheet), ["4 1|甲苑|100|", "5 2|乙苑|50|旧", "9 3|丙苑|7|"]);
        let expected = [
            "title-row 1",
            "title-row 2",
            "totals-row 6",
            "header-again 8",
            "totals-row 10",
            "footnote 11",
            "footnote 12",
            "rows-empty 0",
        ];
        assert_eq!(told(&sheet), expected);
        assert_eq!(sheet.count, 3);
    }

    #[test]
    fn headers_of_several_rows() {
        let text = "街道|社区|居民户数||备注\n||常住|户籍|\nA街道|甲|10|9|\n|乙|20|18|x";
        let merged = [
            Merged { first: (1, 0), last: (2, 0) },
            Merged { first: (1, 2), last: (1, 3) },
            Merged { first: (3, 0), last: (4, 0) },
        ];
        for merged in [&merged[..], &[]] {
            let sheet = page(text, merged);
            assert_eq!(sheet.columns, ["街道", "社区", "居民户数/常住", "居民户数/户籍", "备注"]);
            let first = if merged.is_empty() { "" } else { "A街道" };
            assert_eq!(rows(&sheet), ["3 A街道|甲|10|9|".to_owned(), format!("4 {first}|乙|20|18|x")]);
        }
    }

    #[test]
    fn names_are_unique_and_numbers_do_not_fill_down() {
        let merged = [Merged { first: (2, 1), last: (3, 1) }, Merged { first: (2, 2), last: (3, 2) }];
        let sheet = page("名称|户数|编码|名称\na|30|330103001|x\nb|||y", &merged);
        assert_eq!(sheet.columns, ["名称", "户数", "编码", "名称 (2)"]);
        assert_eq!(rows(&sheet), ["2 a|30|330103001|x", "3 b||330103001|y"]);
        assert_eq!(told(&sheet), ["column-renamed 0", "merged-number 2"]);
    }

    #[test]
    fn sums_are_checked_and_names_are_not_sums() {
        let sheet = page("小区|户数\n甲|10\n乙|20\n合计|31", &[]);
        assert_eq!(told(&sheet), ["totals-differ 4", "totals-row 4"]);
        let sheet = page("小区|户数\n合计|30\n甲|10\n乙|20", &[]);
        assert_eq!((told(&sheet), rows(&sheet).len()), (vec!["totals-row 2".to_owned()], 2));
        // A filling station of that name.
        let sheet = page("name|address|floors\nShell|Ring 1|1\nTotal|Ring 2|2\nAral|Ring 3|1", &[]);
        assert_eq!((told(&sheet), rows(&sheet).len()), (Vec::new(), 3));
        let sheet = page("name|households\nA|5\nB|6\nTotal|11", &[]);
        assert_eq!((told(&sheet), rows(&sheet).len()), (vec!["totals-row 4".to_owned()], 2));
        // The sum stands beside its column.
        let sheet = page("小区|户数|备注\n甲|10|\n乙|20|\n合计||30", &[]);
        assert_eq!(told(&sheet), ["totals-row 4"]);
    }

    #[test]
    fn merged_cells_that_end_before_they_begin_are_none() {
        let merged = [Merged { first: (2, 5), last: (2, 0) }, Merged { first: (3, 0), last: (2, 0) }];
        let sheet = page("小区|户数|备注\n甲|1|\n乙|2|", &merged);
        assert_eq!(rows(&sheet), ["2 甲|1|", "3 乙|2|"]);
    }

    #[test]
    fn without_a_header() {
        let sheet = page("1|120.5|30.5\n2|120.6|30.6", &[]);
        assert_eq!(sheet.columns, ["column 1", "column 2", "column 3"]);
        assert_eq!((told(&sheet), rows(&sheet).len()), (vec!["header-missing 0".to_owned()], 2));
        let sheet = page("", &[]);
        assert_eq!((sheet.columns.len(), sheet.count), (0, 0));
    }
}
