//! Comma-separated values (RFC 4180) and what is called so: any encoding that `text` knows, separated by commas,
//! semicolons, tabs or bars, with decimal commas where semicolons separate.

use super::raw::{Cell, Fault, Sheet};
use super::table::{self, Page, Rows};
use super::{Problems, bundle, text};
use crate::model::{Problem, Severity};
use csv::{ByteRecord, ReaderBuilder};
use std::collections::HashMap;
use std::sync::Arc;

/// Opens a file: one sheet.
///
/// # Errors
/// It is not text.
pub(super) fn open(name: &str, bytes: Arc<[u8]>, progress: &(dyn Fn(u64, u64) + Sync)) -> Result<Vec<Sheet>, Fault> {
    let total = bytes.len() as u64;
    progress(0, total);
    let mut problems = Problems::new("");
    let text = Text::of(bytes, &mut problems)?;
    let mut lines = Lines { separator: b',', decimal_comma: false, first: 0, skipped: 0, text };
    lines.look();
    lines.check(&mut problems);
    let page = Page {
        name: bundle::stem(name.rsplit(['/', '\\']).next().unwrap_or(name)).to_owned(),
        rows: Box::new(lines),
        merged: Vec::new(),
        problems: problems.finish(),
    };
    let sheet = table::sheet(page).map_err(|problem| Fault::new("csv-malformed", problem.message, problem.remedy))?;
    progress(total, total);
    Ok(vec![sheet])
}

/// A file's text: its own bytes where they are UTF-8, so that a large file is held once.
enum Text {
    Own(Arc<[u8]>, usize),
    Converted(String),
}

impl Text {
    fn of(bytes: Arc<[u8]>, problems: &mut Problems) -> Result<Self, Fault> {
        let Some((text, encoding)) = text::decode(&bytes) else {
            let message = "the file is neither UTF-8, UTF-16 nor GB18030 text";
            return Err(Fault::new("not-text", message, "save it as CSV UTF-8 in the program that wrote it"));
        };
        if let Some(encoding) = encoding {
            let message = format!("the file is {encoding}, read so");
            problems.push(Problem::new(Severity::Note, "text-encoding", message, "nothing to do"));
            return Ok(Self::Converted(text.into_owned()));
        }
        let start = bytes.len() - text.len();
        Ok(Self::Own(bytes, start))
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Own(bytes, start) => bytes.get(*start..).unwrap_or_default(),
            Self::Converted(text) => text.as_bytes(),
        }
    }
}

/// The rows of a text, parsed whenever somebody asks.
struct Lines {
    text: Text,
    separator: u8,
    decimal_comma: bool,
    /// Where the first row begins, after `sep=;`, which Excel understands, and how many rows that makes.
    first: usize,
    skipped: u64,
}

const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// So many rows show what separates cells.
const LOOKED_AT: usize = 200;
/// A cell of more lines than this is what follows a quote that nobody closed.
const MOST_LINES: usize = 200;

impl Lines {
    fn body(&self) -> &[u8] {
        self.text.bytes().get(self.first..).unwrap_or_default()
    }

    /// Finds out what separates cells: what most rows agree on, the header among them.
    fn look(&mut self) {
        let text = self.text.bytes();
        if let Some(rest) = text.strip_prefix(b"sep=")
            && let [separator, b'\r' | b'\n', ..] = rest
        {
            self.separator = *separator;
            self.first = if rest.get(1..3) == Some(b"\r\n") { 7 } else { 6 };
            self.skipped = 1;
        } else {
            let merit = |separator: &u8| agreement(text, *separator);
            let best = SEPARATORS.iter().map(|one| (merit(one), *one)).reduce(|a, b| if b.0 > a.0 { b } else { a });
            self.separator = best.filter(|(merit, _)| *merit > 0.0).map_or(b',', |(_, separator)| separator);
        }
        if self.separator == b';' {
            let (mut commas, mut points) = (0, 0);
            let mut seen = 0;
            // Nothing fails while text is split.
            let _ = self.records(&mut |_, record| {
                for cell in record.iter() {
                    commas += usize::from(decimal(cell, b','));
                    points += usize::from(decimal(cell, b'.'));
                }
                seen += 1;
                seen < LOOKED_AT
            });
            self.decimal_comma = commas > 0 && points == 0;
        }
    }

    /// Rows of unequal length and quotes left open are told.
    fn check(&self, problems: &mut Problems) {
        let mut lengths: HashMap<usize, u64> = HashMap::new();
        let filled = |record: &ByteRecord| record.iter().any(|cell| !cell.trim_ascii().is_empty());
        let _ = self.records(&mut |_, record| {
            if filled(record) {
                *lengths.entry(record.len()).or_default() += 1;
            }
            true
        });
        let Some((width, _)) = lengths.iter().max_by_key(|(length, n)| (**n, **length)) else { return };
        let several = lengths.len() > 1;
        let _ = self.records(&mut |row, record| {
            let told = |problem: Problem| problem.of(format!("row {row}")).in_row(row);
            if let Some(cell) = record.iter().find(|cell| cell.iter().filter(|b| **b == b'\n').count() > MOST_LINES) {
                let lines = cell.iter().filter(|b| **b == b'\n').count();
                let message = format!("a cell of {lines} lines: a quote opens in this row and is not closed");
                let remedy = "double the quotes within cells (\"\"), or delete the one that is too many";
                problems.push(told(Problem::new(Severity::Error, "quote-open", message, remedy)));
            }
            // A title has one cell, whatever the table has.
            let words = record.iter().filter(|cell| !cell.trim_ascii().is_empty()).count();
            if several && record.len() != *width && words > 1 {
                let severity = if record.len() > *width { Severity::Warning } else { Severity::Note };
                let message = format!("{} cells where most rows have {width}", record.len());
                let remedy = "check the row: a separator within a cell needs quotes around the cell";
                problems.push(told(Problem::new(severity, "row-length", message, remedy)));
            }
            several || lengths.len() == 1
        });
    }

    /// Splits the text; rows are numbered as a program that shows the table does, empty ones counted.
    fn records(&self, visit: &mut dyn FnMut(u64, &ByteRecord) -> bool) -> Result<(), csv::Error> {
        let body = self.body();
        let mut reader =
            ReaderBuilder::new().has_headers(false).flexible(true).delimiter(self.separator).from_reader(body);
        let (mut record, mut row) = (ByteRecord::new(), self.skipped);
        loop {
            let before = reader.position().byte() as usize;
            if !reader.read_byte_record(&mut record)? {
                return Ok(());
            }
            row += 1 + empty_lines(body, before);
            if !visit(row, &record) {
                return Ok(());
            }
        }
    }

    fn cell(&self, bytes: &[u8]) -> Cell {
        let bytes = bytes.trim_ascii();
        if bytes.is_empty() {
            return Cell::Empty;
        }
        let text = String::from_utf8_lossy(bytes).into_owned();
        Cell::Text(if self.decimal_comma && decimal(bytes, b',') { text.replace(',', ".") } else { text })
    }
}

impl Rows for Lines {
    fn each(&self, visit: &mut dyn FnMut(u64, &[Cell]) -> bool) -> Result<(), Box<Problem>> {
        let mut cells = Vec::new();
        let outcome = self.records(&mut |row, record| {
            cells.clear();
            cells.extend(record.iter().map(|cell| self.cell(cell)));
            visit(row, &cells)
        });
        outcome.map_err(|error| {
            let remedy = "save it as CSV UTF-8 again";
            Box::new(Problem::new(Severity::Error, "csv-malformed", error.to_string(), remedy))
        })
    }
}

/// How many empty lines stand at a place before the next row; the line break of the row before may come first.
fn empty_lines(body: &[u8], at: usize) -> u64 {
    let mut rest = body.get(at..).unwrap_or_default();
    if body.get(..at).is_some_and(|before| before.ends_with(b"\r"))
        && let Some(after) = rest.strip_prefix(b"\n")
    {
        rest = after;
    }
    let mut lines = 0;
    while let Some(after) =
        rest.strip_prefix(b"\r\n").or_else(|| rest.strip_prefix(b"\n")).or_else(|| rest.strip_prefix(b"\r"))
    {
        rest = after;
        lines += 1;
    }
    lines
}

/// The part of rows that have as many cells as most, weighed by that number; 0 where most have one.
fn agreement(text: &[u8], separator: u8) -> f64 {
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).delimiter(separator).from_reader(text);
    let mut lengths: HashMap<usize, usize> = HashMap::new();
    let (mut record, mut rows) = (ByteRecord::new(), 0_usize);
    while rows < LOOKED_AT && reader.read_byte_record(&mut record).unwrap_or(false) {
        *lengths.entry(record.len()).or_default() += 1;
        rows += 1;
    }
    let most = lengths.iter().filter(|(length, _)| **length > 1).max_by_key(|(length, n)| (**n, **length));
    most.map_or(0.0, |(length, n)| *n as f64 / rows as f64 * (*length as f64).ln())
}

/// Whether a cell is a number with this sign between its whole part and the rest: `13,42`.
fn decimal(cell: &[u8], sign: u8) -> bool {
    let cell = cell.trim_ascii();
    let digits = cell.strip_prefix(b"-").unwrap_or(cell);
    let mut parts = digits.split(|b| *b == sign);
    let number = |part: Option<&[u8]>| part.is_some_and(|part| !part.is_empty() && part.iter().all(u8::is_ascii_digit));
    number(parts.next()) && number(parts.next()) && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::raw::Feature;

    fn rows(text: &str) -> (Sheet, Vec<String>) {
        let sheets = open("folder/t.csv", text.as_bytes().into(), &|_, _| {}).expect("a table");
        let sheet = sheets.into_iter().next().expect("one sheet");
        let mut rows = Vec::new();
        let visit = &mut |feature: &Feature| {
            rows.push(format!(
                "{} {}",
                feature.number,
                feature.cells.iter().map(Cell::shown).collect::<Vec<_>>().join("|")
            ));
            true
        };
        sheet.features.each(visit).expect("read");
        (sheet, rows)
    }

    #[test]
    fn rows_are_numbered_as_programs_show_them() {
        for end in ["\n", "\r\n", "\r"] {
            let text = "\n名称,户数\n\n甲,1\n\"乙\n二\",2\n\n\n丙,3\n".replace('\n', end);
            let (sheet, rows) = rows(&text);
            assert_eq!(sheet.name, "t");
            let of_two = format!("乙{end}二");
            assert_eq!(rows, ["4 甲|1".to_owned(), format!("5 {of_two}|2"), "8 丙|3".to_owned()], "{end:?}");
        }
    }

    #[test]
    fn what_separates_cells() {
        let read = |text: &str| rows(text).1;
        assert_eq!(read("a;b;c\n1,5;2,25;x\n3,5;4,75;y"), ["2 1.5|2.25|x", "3 3.5|4.75|y"]);
        assert_eq!(read("a\tb\n1,234\t2"), ["2 1,234|2"]);
        assert_eq!(read("sep=|\na|b\n1;2|3;4"), ["3 1;2|3;4"]);
        assert_eq!(read("a,b\n\"x,1\",\"say \"\"ja\"\"\""), ["2 x,1|say \"ja\""]);
    }

    #[test]
    fn unequal_rows_and_open_quotes_are_told() {
        let told = |text: &str| {
            let (sheet, _) = rows(text);
            sheet.problems.iter().map(|p| format!("{} {}", p.code, p.row.unwrap_or_default())).collect::<Vec<_>>()
        };
        assert_eq!(told("标题\na,b,c\n1,2,3\n1,2,3,4\n1,2\n"), ["row-length 4", "row-length 5", "title-row 1"]);
        let open = format!("a,b\n1,\"x\n{}", "2,3\n".repeat(300));
        assert_eq!(told(&open), ["quote-open 2"]);
    }
}
