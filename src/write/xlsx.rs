//! A layer as a workbook for Excel and WPS: a sheet with the table and a sheet `about` that tells what it is.
//!
//! Codes and other text are text cells, so no digit is lost and nothing is taken for a formula; their columns are
//! formatted as text, so that what people type below stays text too. Dates are dates. A text that is longer than a cell
//! may be (32,767 UTF-16 units) goes on in columns of its own, `wkt`, `wkt_2`, ...: joined they are the text.

use super::{Origin, Progress, WriteError, table, tell};
use crate::model::{FieldKind, Layer, Value, World};
use jiff::civil::Date;
use rust_xlsxwriter::{ExcelDateTime, Format, FormatBorder, IgnoreError, Workbook, Worksheet, XlsxError};
use std::io::{self, Write};

/// Rows that a sheet holds below its header.
pub const MOST_ROWS: usize = 1_048_575;

/// UTF-16 units that a cell holds.
const CELL: usize = 32_767;

/// Integers up to here are exact in a cell, which is a float.
const EXACT: i64 = 1 << 53;

/// Writes a layer as a workbook.
///
/// # Errors
/// The layer has more than [`MOST_ROWS`]; or whatever the sink or the progress says.
pub fn layer(
    out: impl Write + Send,
    world: &World,
    layer: Layer,
    origin: Origin<'_>,
    progress: Progress<'_>,
) -> Result<(), WriteError> {
    let count = world.count(layer);
    // Two rounds: how wide and in how many parts the columns are must be known before the first row is written.
    let all = 2 * count as u64;
    let mut columns: Vec<Laid> =
        table::columns(layer).iter().map(|column| Laid::new(column.name, column.kind)).collect();
    for (record, done) in world.records(layer).zip(0..) {
        tell(progress, done, all)?;
        columns.iter_mut().zip(&table::row(layer, record)).for_each(|(column, cell)| column.make_room(cell));
    }
    book(out, |book| {
        let mut sheet = Sheet::begin(book, layer.word(), &columns, count)?;
        for (record, done) in world.records(layer).zip(count as u64..) {
            tell(progress, done, all)?;
            sheet.row(&table::row(layer, record))?;
        }
        about(book, layer, count, origin)
    })
}

fn about(book: &mut Workbook, layer: Layer, count: usize, origin: Origin<'_>) -> Result<(), WriteError> {
    let sheet = book.add_worksheet().set_name("about").map_err(sheet_error)?;
    sheet.set_column_width(0, 14).and_then(|sheet| sheet.set_column_width(1, 80)).map_err(sheet_error)?;
    let version = origin.version.to_string();
    let count = count.to_string();
    let id = format!("{} keeps who is who: leave it as it is, and empty in new rows", super::ID);
    let mut lines = vec![
        ("layer", layer.word()),
        ("city", origin.city),
        ("version", &version),
        ("datum", "WGS 84 (EPSG:4326): lon and lat in degrees, wkt as longitude latitude"),
        ("count", &count),
        ("ids", &id),
    ];
    lines.extend(origin.attribution.iter().map(|whom| ("source", whom.as_str())));
    let bold = Format::new().set_bold();
    for ((key, value), row) in lines.into_iter().zip(0..) {
        sheet.write_string_with_format(row, 0, key, &bold).map_err(sheet_error)?;
        let value = pieces(value).next().unwrap_or_default();
        match value.parse::<f64>() {
            Ok(number) if matches!(key, "version" | "count") => sheet.write_number(row, 1, number),
            _ => sheet.write_string(row, 1, value),
        }
        .map_err(sheet_error)?;
    }
    Ok(())
}

/// Makes a workbook and sends it to a sink.
pub(super) fn book(
    out: impl Write + Send,
    fill: impl FnOnce(&mut Workbook) -> Result<(), WriteError>,
) -> Result<(), WriteError> {
    // Rows wait in a temporary file, and the library panics when that file cannot take more.
    let made = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let mut book = Workbook::new();
        fill(&mut book)?;
        book.save_to_writer(out).map_err(sheet_error)
    }));
    made.unwrap_or_else(|_| {
        let folder = std::env::temp_dir();
        Err(io::Error::other(format!("the workbook could not be made; is the disk of {} full?", folder.display()))
            .into())
    })
}

pub(super) fn sheet_error(error: XlsxError) -> WriteError {
    WriteError::Io(match error {
        XlsxError::IoError(error) => error,
        other => io::Error::other(other),
    })
}

/// A column and how much room it takes.
#[derive(Clone, Debug)]
pub(super) struct Laid {
    name: &'static str,
    kind: FieldKind,
    /// In how many sheet columns its longest text goes.
    parts: usize,
    /// Characters of its widest cell, wide ones counted twice.
    width: usize,
}

impl Laid {
    /// A column that has room for its heading and the button of its filter.
    pub fn new(name: &'static str, kind: FieldKind) -> Self {
        Self { name, kind, parts: 1, width: name.len() + 3 }
    }

    /// Makes room for a cell.
    pub fn make_room(&mut self, cell: &Value) {
        let text = table::text(cell);
        self.parts = self.parts.max(pieces(&text).count());
        let first_line = text.lines().next().unwrap_or_default().chars().take(WIDEST);
        self.width = self.width.max(first_line.map(|c| if c.is_ascii() { 1 } else { 2 }).sum());
    }
}

/// Characters that a column is wide at most.
const WIDEST: usize = 40;

/// A sheet that is being filled row by row.
pub(super) struct Sheet<'a> {
    sheet: &'a mut Worksheet,
    columns: &'a [Laid],
    date: Format,
    next: u32,
}

impl<'a> Sheet<'a> {
    /// Begins a sheet with its header, which stays in view and filters.
    pub fn begin(book: &'a mut Workbook, name: &str, columns: &'a [Laid], rows: usize) -> Result<Self, WriteError> {
        let last = u32::try_from(rows).ok().filter(|_| rows <= MOST_ROWS).ok_or(WriteError::TooManyRows { rows })?;
        let sheet = book.add_worksheet_with_constant_memory().and_then(|sheet| sheet.set_name(name));
        let sheet = sheet.map_err(sheet_error)?;
        let date = Format::new().set_num_format("yyyy-mm-dd");
        head(sheet, columns, last, &date).map_err(sheet_error)?;
        Ok(Self { sheet, columns, date, next: 1 })
    }

    /// Writes the next row, one cell for each column.
    pub fn row(&mut self, cells: &[Value]) -> Result<(), WriteError> {
        let mut at = 0;
        for (column, cell) in self.columns.iter().zip(cells) {
            self.cell(at, column.kind, cell).map_err(sheet_error)?;
            at += column.parts as u16;
        }
        self.next += 1;
        Ok(())
    }

    /// Writes a cell of the row that is being written with a format of its own.
    pub fn coloured(&mut self, at: u16, text: &str, format: &Format) -> Result<(), WriteError> {
        self.sheet.write_string_with_format(self.next, at, text, format).map_err(sheet_error)?;
        Ok(())
    }

    fn cell(&mut self, at: u16, kind: FieldKind, cell: &Value) -> Result<(), XlsxError> {
        let row = self.next;
        match cell {
            Value::Null => return Ok(()),
            Value::Bool(yes) => self.sheet.write_boolean(row, at, *yes)?,
            Value::Integer(n) if (-EXACT..=EXACT).contains(n) => self.sheet.write_number(row, at, *n as f64)?,
            Value::Real(n) if n.is_finite() => self.sheet.write_number(row, at, *n)?,
            Value::Text(text) if kind == FieldKind::Date => match day(text) {
                Some(day) => self.sheet.write_datetime_with_format(row, at, day, &self.date)?,
                None => self.sheet.write_string(row, at, text)?,
            },
            other => {
                for (piece, at) in pieces(&table::text(other)).zip(at..) {
                    self.sheet.write_string(row, at, piece)?;
                }
                return Ok(());
            }
        };
        Ok(())
    }
}

fn head(sheet: &mut Worksheet, columns: &[Laid], last: u32, date: &Format) -> Result<(), XlsxError> {
    let bold = Format::new().set_bold().set_border_bottom(FormatBorder::Thin);
    let text = Format::new().set_num_format("@");
    let mut at: u16 = 0;
    for column in columns {
        for part in 0..column.parts {
            match part {
                0 => sheet.write_string_with_format(0, at, column.name, &bold)?,
                _ => sheet.write_string_with_format(0, at, format!("{}_{}", column.name, part + 1), &bold)?,
            };
            sheet.set_column_width(at, column.width.clamp(8, WIDEST) as f64 + 1.0)?;
            match column.kind {
                FieldKind::Text | FieldKind::Code => sheet.set_column_format(at, &text)?,
                FieldKind::Date => sheet.set_column_format(at, date)?,
                FieldKind::Integer | FieldKind::Real | FieldKind::Bool => sheet,
            };
            at += 1;
        }
    }
    let right = at.saturating_sub(1);
    sheet.set_freeze_panes(1, 0)?.autofilter(0, 0, last, right)?;
    // Codes are text on purpose.
    sheet.ignore_error_range(0, 0, last, right, IgnoreError::NumberStoredAsText)?;
    Ok(())
}

/// A day as a cell. Programs disagree on the days before March 1900, which stay text.
fn day(text: &str) -> Option<ExcelDateTime> {
    let date: Date = text.parse().ok()?;
    let date = Some(date).filter(|date| *date >= jiff::civil::date(1900, 3, 1) && date.to_string() == text)?;
    let year = u16::try_from(date.year()).ok()?;
    ExcelDateTime::from_ymd(year, date.month().unsigned_abs(), date.day().unsigned_abs()).ok()
}

/// A text in parts that fit into cells; no part for an empty text.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let mut units = 0;
        let fits = |c: &char| {
            units += c.len_utf16();
            units <= CELL
        };
        // As many bytes as units fit for sure, which spares a count for nearly all texts.
        let end = if rest.len() <= CELL { rest.len() } else { rest.chars().take_while(fits).map(char::len_utf8).sum() };
        let (piece, after) = rest.split_at(end);
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_where_cells_end() {
        assert_eq!(pieces("").count(), 0);
        assert_eq!(pieces("网格").collect::<Vec<_>>(), ["网格"]);
        for (text, parts) in [
            ("a".repeat(CELL), 1),
            ("a".repeat(CELL + 1), 2),
            ("网".repeat(CELL), 1),
            ("网".repeat(2 * CELL + 1), 3),
            // A character of two units does not fit into the last one.
            ("𠮷".repeat(CELL / 2 + 1), 2),
            (format!("a{}", "𠮷".repeat(CELL)), 3),
        ] {
            let cut: Vec<&str> = pieces(&text).collect();
            assert!(cut.iter().all(|piece| piece.encode_utf16().count() <= CELL));
            assert_eq!((cut.concat() == text, cut.len()), (true, parts));
        }
    }

    #[test]
    fn days_are_dates_where_all_programs_agree() {
        for (text, is_date) in [
            ("2026-11-22", true),
            ("1900-03-01", true),
            ("9999-12-31", true),
            ("1900-02-28", false),
            ("-0044-03-15", false),
            ("2026-11", false),
            ("20261122", false),
        ] {
            assert_eq!(day(text).is_some(), is_date, "{text}");
        }
    }
}
