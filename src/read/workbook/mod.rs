//! Workbooks: XLSX, XLS and XLSB (which WPS writes too) by calamine, ODS by [`ods`].
//!
//! Files come from strangers. A few bytes can claim sixteen thousand million cells, or unpack to more than any memory,
//! so everything is measured before and while it is read ([`archive`], [`old`], [`Budget`]); no dense range is ever made
//! of what a sheet claims.

mod archive;
mod cells;
mod ods;
mod old;

use super::raw::{Cell, Fault, Sheet};
use super::table::{self, Merged, Page};
use crate::model::{Problem, Severity};
use archive::Book;
use calamine::{Data, DataRef, Dimensions, Reader, SheetType, SheetVisible, Xls, Xlsb, Xlsx};
use cells::{Budget, Builder};
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Opens a file: one sheet for each of its sheets that people see.
///
/// # Errors
/// It is damaged, locked by a password, too large, or holds no sheet that people see.
pub(super) fn open(bytes: Arc<[u8]>, progress: &(dyn Fn(u64, u64) + Sync)) -> Result<Vec<Sheet>, Fault> {
    // calamine takes positions within a damaged file on trust and then indexes with them. What could take memory without
    // end was looked at beforehand; what is left is a panic, and it must not end the server.
    let read = || pages(bytes, progress);
    let pages =
        catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err(damaged("its inner positions are wrong")))?;
    pages
        .into_iter()
        .map(|page| {
            table::sheet(page).map_err(|problem| Fault::new("workbook-damaged", problem.message, problem.remedy))
        })
        .collect()
}

type Bytes = Cursor<Arc<[u8]>>;

fn pages(bytes: Arc<[u8]>, progress: &(dyn Fn(u64, u64) + Sync)) -> Result<Vec<Page>, Fault> {
    let book = if bytes.starts_with(&[0xD0, 0xCF, 0x11, 0xE0]) {
        old::check(&bytes)?;
        Book::Xls
    } else {
        archive::check(&bytes)?
    };
    let input = Cursor::new(bytes);
    let mut budget = Budget::default();
    match book {
        Book::Ods => ods::pages(input, &mut budget),
        Book::Xlsx => {
            let mut book: Xlsx<Bytes> = Xlsx::new(input).map_err(|error| damaged(&error.to_string()))?;
            each_sheet(book.sheets_metadata().to_vec(), progress, |name| {
                let mut builder = Builder::new(name, &mut budget);
                let mut cells = book.worksheet_cells_reader(name).map_err(|error| damaged(&error.to_string()))?;
                while let Some(cell) = cells.next_cell().map_err(|error| damaged(&error.to_string()))? {
                    put(&mut builder, &cell)?;
                }
                drop(cells);
                // Without them a table is still a table.
                let merged = book.merge_cells_by_sheet_name(name).unwrap_or_default();
                Ok(builder.page(merged.into_iter().map(region).collect()))
            })
        }
        Book::Xlsb => {
            let mut book: Xlsb<Bytes> = Xlsb::new(input).map_err(|error| damaged(&error.to_string()))?;
            each_sheet(book.sheets_metadata().to_vec(), progress, |name| {
                let mut builder = Builder::new(name, &mut budget);
                let mut cells = book.worksheet_cells_reader(name).map_err(|error| damaged(&error.to_string()))?;
                while let Some(cell) = cells.next_cell().map_err(|error| damaged(&error.to_string()))? {
                    put(&mut builder, &cell)?;
                }
                Ok(builder.page(Vec::new()))
            })
        }
        Book::Xls => {
            let mut book: Xls<Bytes> = Xls::new(input).map_err(|error| damaged(&error.to_string()))?;
            each_sheet(book.sheets_metadata().to_vec(), progress, |name| {
                let mut builder = Builder::new(name, &mut budget);
                let range = book.worksheet_range(name).map_err(|error| damaged(&error.to_string()))?;
                let (top, left) = range.start().unwrap_or_default();
                for (row, column, value) in range.used_cells() {
                    let cell = cell(value, &mut builder, top + row as u32);
                    builder.put(top + row as u32, left + column as u32, cell)?;
                }
                let merged = book.merge_cells_by_sheet_name(name).unwrap_or_default();
                Ok(builder.page(merged.into_iter().map(region).collect()))
            })
        }
    }
}

/// Reads the sheets that people see; those that somebody hid are told.
fn each_sheet(
    sheets: Vec<calamine::Sheet>,
    progress: &(dyn Fn(u64, u64) + Sync),
    mut read: impl FnMut(&str) -> Result<Page, Fault>,
) -> Result<Vec<Page>, Fault> {
    let (mut pages, mut notes) = (Vec::new(), Vec::new());
    let all = sheets.len() as u64;
    for (sheet, done) in sheets.iter().zip(0..) {
        progress(done, all);
        if sheet.typ != SheetType::WorkSheet {
            continue;
        }
        if sheet.visible == SheetVisible::Visible {
            pages.push(read(&sheet.name)?);
        } else {
            notes.push(hidden(&sheet.name));
        }
    }
    progress(all, all);
    with_notes(pages, notes)
}

/// What concerns the whole file is told with each of its sheets, since only one is read.
fn with_notes(mut pages: Vec<Page>, notes: Vec<Problem>) -> Result<Vec<Page>, Fault> {
    if pages.is_empty() && !notes.is_empty() {
        let message = "every sheet of the workbook is hidden";
        return Err(Fault::new(
            "sheet-hidden",
            message,
            "show the sheet that is meant, save the file and read it again",
        ));
    }
    pages.iter_mut().for_each(|page| page.problems.extend(notes.iter().cloned()));
    Ok(pages)
}

fn hidden(name: &str) -> Problem {
    let message = format!("the sheet `{name}` is hidden and was not read");
    Problem::new(Severity::Note, "sheet-hidden", message, "show it in its program and save the file, if it is data")
}

fn damaged(cause: &str) -> Fault {
    if cause.to_ascii_lowercase().contains("password") {
        return locked();
    }
    let cause: String = cause.chars().take(200).collect();
    let message = format!("the workbook is damaged: {cause}");
    Fault::new("workbook-damaged", message, "open it in Excel or WPS and save it again as XLSX")
}

fn locked() -> Fault {
    let message = "the workbook is locked by a password";
    Fault::new("workbook-locked", message, "save it without a password")
}

fn region(dimensions: Dimensions) -> Merged {
    let place = |(row, column): (u32, u32)| (u64::from(row) + 1, column as usize);
    Merged { first: place(dimensions.start), last: place(dimensions.end) }
}

fn put(builder: &mut Builder<'_>, cell: &calamine::Cell<DataRef<'_>>) -> Result<(), Fault> {
    let (row, column) = cell.get_position();
    let value = match cell.get_value() {
        DataRef::SharedString(text) => text_cell(text),
        DataRef::String(text) => text_cell(text),
        other => self::cell(&Data::from(other.clone()), builder, row),
    };
    builder.put(row, column, value)
}

fn text_cell(text: &str) -> Cell {
    if text.trim().is_empty() { Cell::Empty } else { Cell::Text(text.to_owned()) }
}

fn cell(value: &Data, builder: &mut Builder<'_>, row: u32) -> Cell {
    match value {
        Data::Empty => Cell::Empty,
        Data::String(text) => text_cell(text),
        Data::Bool(b) => Cell::Bool(*b),
        Data::Int(n) => number(*n as f64),
        Data::Float(n) => number(*n),
        Data::DateTime(moment) if moment.is_datetime() => match day(moment) {
            Some(text) => Cell::Text(text),
            None => number(moment.as_f64()),
        },
        Data::DateTime(span) => number(span.as_f64()),
        Data::DateTimeIso(text) => {
            Cell::Text(text.strip_suffix("T00:00:00").or(text.strip_suffix("T00:00:00Z")).unwrap_or(text).to_owned())
        }
        Data::DurationIso(text) => Cell::Text(text.clone()),
        Data::Error(error) => {
            builder.tell_error(row, &error.to_string());
            Cell::Empty
        }
    }
}

/// `2026-11-22`, with the time of day where there is one.
fn day(moment: &calamine::ExcelDateTime) -> Option<String> {
    let serial = moment.as_f64();
    let in_range = (0.0..2_958_466.0).contains(&serial);
    let (year, month, day, hour, minute, second, _) = in_range.then(|| moment.to_ymd_hms_milli())?;
    let time = format!("{hour:02}:{minute:02}:{second:02}");
    if serial < 1.0 {
        return Some(time);
    }
    let day = format!("{year:04}-{month:02}-{day:02}");
    Some(if time == "00:00:00" { day } else { format!("{day}T{time}") })
}

/// Whole numbers stay whole as long as a spreadsheet keeps their digits. A long one whose last digits are all nought was
/// shown as `5.10104E+14` once, and what was shown is what was kept: it must not pass for a code.
fn number(n: f64) -> Cell {
    if n.fract() != 0.0 || n.abs() >= 1e15 || lost_digits(n) { Cell::Real(n) } else { Cell::Integer(n as i64) }
}

/// Twelve digits or more, of which at most six are told.
fn lost_digits(n: f64) -> bool {
    let mut whole = n.abs() as u64;
    if whole < 100_000_000_000 {
        return false;
    }
    while whole.is_multiple_of(10) {
        whole /= 10;
    }
    whole < 1_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_lost_digits_are_no_whole_numbers() {
        for (n, expected) in [
            (330_103_001_002_003.0, Cell::Integer(330_103_001_002_003)),
            (510_104_000_000_000.0, Cell::Real(510_104_000_000_000.0)),
            (330_103_001_000.0, Cell::Integer(330_103_001_000)),
            (100_000.0, Cell::Integer(100_000)),
            (1e15, Cell::Real(1e15)),
            (0.5, Cell::Real(0.5)),
            (-3.0, Cell::Integer(-3)),
            (f64::INFINITY, Cell::Real(f64::INFINITY)),
        ] {
            assert_eq!(number(n), expected);
        }
        assert!(matches!(number(f64::NAN), Cell::Real(_)));
    }

    #[test]
    fn days_as_text() {
        let at = |serial| day(&calamine::ExcelDateTime::new(serial, calamine::ExcelDateTimeType::DateTime, false));
        assert_eq!(at(45_292.0).as_deref(), Some("2024-01-01"));
        assert_eq!(at(45_292.5).as_deref(), Some("2024-01-01T12:00:00"));
        assert_eq!(at(0.25).as_deref(), Some("06:00:00"));
        assert_eq!(at(-1.0), None);
    }
}
