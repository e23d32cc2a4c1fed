//! The table of a shapefile (dBASE III and what followed): fixed rows of text, each field in a kind of its own.

use super::encoding::{Text, Trial};
use crate::model::{Problem, Severity};
use crate::read::bundle::{Body, ReadSeek};
use crate::read::detect::unreadable;
use crate::read::raw::{Cell, Fault};
use std::io::SeekFrom;

/// So many rows with cut text are named.
const NAMED: usize = 5;

/// A `.dbf` file.
pub(super) struct Table {
    body: Body,
    head: u64,
    row: usize,
    fields: Vec<Field>,
    text: Text,
    /// Rows that the file holds, whatever its head says; those marked as deleted included.
    pub rows: u64,
    /// Rows that are marked as deleted.
    pub deleted: u64,
}

struct Field {
    name: String,
    kind: u8,
    /// Where it begins in a row, behind the mark of deletion.
    start: usize,
    width: usize,
}

/// What follows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Row,
    /// A row that is marked as deleted; its shape goes with it.
    Deleted,
    End,
}

impl Table {
    /// Reads the head, then all text once, to see in which encoding it is.
    pub fn open(body: &Body, cpg: Option<&str>, problems: &mut Vec<Problem>) -> Result<Self, Fault> {
        let damaged = |what: &str| {
            Fault::new("table-damaged", format!("the .dbf {what}"), "copy or export it again, or leave it away")
        };
        let size = body.size().map_err(|error| unreadable(&error))?;
        // The head's own length is two bytes.
        let bytes = body.head(1 << 16).map_err(|error| unreadable(&error))?;
        let byte = |at: usize| bytes.get(at).copied().ok_or_else(|| damaged("ends within its head"));
        let short = |at: usize| Ok::<_, Fault>(usize::from(byte(at)?) | usize::from(byte(at + 1)?) << 8);
        let said =
            u64::from(byte(4)?) | u64::from(byte(5)?) << 8 | u64::from(byte(6)?) << 16 | u64::from(byte(7)?) << 24;
        let (head, row) = (short(8)?, short(10)?);
        let mut trial = Trial::new(cpg, byte(29)?);
        let mut raw: Vec<(&[u8], u8, usize, usize)> = Vec::new();
        let mut at = 32;
        // A byte 13 ends the fields; some programs leave it out.
        while at + 32 <= head && byte(at)? != 13 {
            let field = bytes.get(at..at + 32).ok_or_else(|| damaged("ends within its head"))?;
            let name = field.get(..11).unwrap_or_default().split(|byte| *byte == 0).next().unwrap_or_default();
            raw.push((name, byte(at + 11)?, usize::from(byte(at + 16)?), usize::from(byte(at + 17)?)));
            at += 32;
        }
        // Text wider than 255 bytes borrows the byte of decimals; the length of the row tells.
        let plain: usize = raw.iter().map(|(_, _, width, _)| width).sum();
        if plain + 1 != row {
            raw.iter_mut().filter(|field| field.1 == b'C').for_each(|field| field.2 += field.3 << 8);
        }
        let widths: usize = raw.iter().map(|(_, _, width, _)| width).sum();
        if raw.is_empty() || widths >= row || (head as u64) > size {
            return Err(damaged("has a head that contradicts itself"));
        }
        raw.iter().for_each(|(name, ..)| trial.see(name));

        let mut table = Self {
            body: body.clone(),
            head: head as u64,
            row,
            fields: Vec::with_capacity(raw.len()),
            text: Trial::new(None, 0).decide(&mut Vec::new()),
            rows: 0,
            deleted: 0,
        };
        let mut start = 1;
        for (_, kind, width, _) in &raw {
            table.fields.push(Field { name: String::new(), kind: *kind, start, width: *width });
            start += width;
        }
        let held = (size - table.head) / row as u64;
        table.rows = said.min(held);
        table.look(&mut trial)?;
        table.text = trial.decide(problems);
        table.name(&raw.iter().map(|(name, ..)| *name).collect::<Vec<_>>());
        if said > held {
            let message = format!("the .dbf announces {said} rows and holds {held}");
            let remedy = "the file is cut short: copy or export it again";
            problems.push(Problem::new(Severity::Warning, "file-truncated", message, remedy));
        }
        table.tell_cut(problems)?;
        Ok(table)
    }

    /// Names of columns, each once.
    pub fn columns(&self) -> Vec<String> {
        self.fields.iter().map(|field| field.name.clone()).collect()
    }

    fn name(&mut self, names: &[&[u8]]) {
        for (i, name) in names.iter().enumerate() {
            let name = self.text.decode(trim(name)).0.into_owned();
            let name = if name.is_empty() { format!("column {}", i + 1) } else { name };
            let taken = |name: &str| self.fields.iter().any(|field| field.name == name);
            let name = match taken(&name) {
                // Names cut at ten bytes are often the same.
                true => (2..).map(|n| format!("{name}_{n}")).find(|name| !taken(name)).unwrap_or(name),
                false => name,
            };
            if let Some(field) = self.fields.get_mut(i) {
                field.name = name;
            }
        }
    }

    fn look(&mut self, trial: &mut Trial) -> Result<(), Fault> {
        let mut deleted = 0;
        let mut rows = self.read()?;
        while rows.advance()? {
            if rows.row.first() == Some(&b'*') {
                deleted += 1;
                continue;
            }
            self.fields.iter().filter(|field| field.kind == b'C').for_each(|field| trial.see(trim(rows.bytes(field))));
        }
        drop(rows);
        self.deleted = deleted;
        Ok(())
    }

    /// Text that the width of its field cut within a character was cut within its words too.
    fn tell_cut(&self, problems: &mut Vec<Problem>) -> Result<(), Fault> {
        let mut found: Vec<(u64, &str)> = Vec::new();
        let mut more = 0;
        let mut rows = self.read()?;
        while rows.advance()? {
            for field in self.fields.iter().filter(|field| field.kind == b'C') {
                let value = trim(rows.bytes(field));
                if value.is_ascii() || !self.text.decode(value).1 {
                    continue;
                }
                if found.len() < NAMED {
                    found.push((rows.at, &field.name));
                } else {
                    more += 1;
                }
            }
        }
        if found.is_empty() {
            return Ok(());
        }
        let mut named = found.iter().map(|(row, name)| format!("row {row} {name}")).collect::<Vec<_>>().join(", ");
        if more > 0 {
            named = format!("{named} and {more} more");
        }
        let message = format!("text was cut at the width of its column, in the middle of a character: {named}");
        let remedy = "the rest is lost in this file: export it with wider columns, or as GeoPackage";
        problems.push(Problem::new(Severity::Warning, "text-cut", message, remedy));
        Ok(())
    }

    /// From the first row.
    pub fn read(&self) -> Result<Rows<'_>, Fault> {
        let mut input = self.body.open().map_err(|error| unreadable(&error))?;
        input.seek(SeekFrom::Start(self.head)).map_err(|error| unreadable(&error))?;
        Ok(Rows { table: self, input, at: 0, row: vec![0; self.row] })
    }
}

/// A place in the table.
pub(super) struct Rows<'t> {
    table: &'t Table,
    input: Box<dyn ReadSeek>,
    at: u64,
    row: Vec<u8>,
}

impl Rows<'_> {
    /// Reads the next row into cells.
    pub fn next(&mut self, cells: &mut Vec<Cell>) -> Result<Next, Fault> {
        cells.clear();
        if !self.advance()? {
            return Ok(Next::End);
        }
        if self.row.first() == Some(&b'*') {
            return Ok(Next::Deleted);
        }
        cells.extend(self.table.fields.iter().map(|field| cell(field.kind, self.bytes(field), self.table.text)));
        Ok(Next::Row)
    }

    fn advance(&mut self) -> Result<bool, Fault> {
        if self.at == self.table.rows {
            return Ok(false);
        }
        self.input.read_exact(&mut self.row).map_err(|error| unreadable(&error))?;
        self.at += 1;
        Ok(true)
    }

    fn bytes(&self, field: &Field) -> &[u8] {
        self.row.get(field.start..field.start + field.width).unwrap_or_default()
    }
}

/// Without the padding: blanks on both sides, zeros and what may stand behind them.
fn trim(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default().trim_ascii()
}

fn cell(kind: u8, bytes: &[u8], text: Text) -> Cell {
    let value = trim(bytes);
    match kind {
        b'N' | b'F' => number(value),
        b'D' => day(value),
        b'L' => match value {
            b"T" | b"t" | b"Y" | b"y" => Cell::Bool(true),
            b"F" | b"f" | b"N" | b"n" => Cell::Bool(false),
            _ => Cell::Empty,
        },
        b'I' | b'+' => {
            bytes.first_chunk().map_or(Cell::Empty, |bytes| Cell::Integer(i32::from_le_bytes(*bytes).into()))
        }
        b'O' | b'B' if bytes.len() == 8 => {
            bytes.first_chunk().map_or(Cell::Empty, |bytes| Cell::Real(f64::from_le_bytes(*bytes)))
        }
        b'M' | b'G' | b'P' | b'B' | b'@' | b'T' | b'Y' if value.is_empty() => Cell::Empty,
        b'M' | b'G' | b'P' | b'B' => Cell::Nested("(kept in a .dbt file)".to_owned()),
        b'@' | b'T' | b'Y' => Cell::Nested("(a moment or an amount in binary)".to_owned()),
        _ if value.is_empty() => Cell::Empty,
        _ => Cell::Text(text.decode(value).0.into_owned()),
    }
}

/// Every digit is kept: codes stand in such fields. Stars fill a field that was too narrow.
fn number(value: &[u8]) -> Cell {
    let Ok(text) = std::str::from_utf8(value) else { return Cell::Empty };
    if text.is_empty() || text.starts_with('*') {
        return Cell::Empty;
    }
    let whole = match text.split_once('.') {
        Some((whole, rest)) if rest.bytes().all(|digit| digit == b'0') => whole,
        _ => text,
    };
    if let Ok(n) = whole.parse() {
        return Cell::Integer(n);
    }
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    match text.parse::<f64>() {
        Ok(_) if digits.bytes().all(|digit| digit.is_ascii_digit()) => Cell::Text(whole.to_owned()),
        Ok(n) if n.is_finite() => Cell::Real(n),
        _ => Cell::Text(text.to_owned()),
    }
}

fn day(value: &[u8]) -> Cell {
    match std::str::from_utf8(value) {
        Ok("" | "00000000" | "0") | Err(_) => Cell::Empty,
        Ok(text) => match (text.get(..4), text.get(4..6), text.get(6..)) {
            (Some(year), Some(month), Some(day)) if text.bytes().all(|b| b.is_ascii_digit()) && day.len() == 2 => {
                Cell::Text(format!("{year}-{month}-{day}"))
            }
            _ => Cell::Text(text.to_owned()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_as_tables_hold_them() {
        let text = |t: &str| Cell::Text(t.to_owned());
        let table: [(u8, &[u8], Cell); 22] = [
            (b'N', b"   330103001002003", Cell::Integer(330_103_001_002_003)),
            (b'N', b"123456789012345678", Cell::Integer(123_456_789_012_345_678)),
            (b'N', b"12345678901234567890", text("12345678901234567890")),
            (b'N', b"     12.00000000000", Cell::Integer(12)),
            (b'F', b"12.50", Cell::Real(12.5)),
            (b'F', b"  5.10104000000e+014", Cell::Real(5.10104e14)),
            (b'N', b"-7", Cell::Integer(-7)),
            (b'N', b"   ", Cell::Empty),
            (b'N', b"\0\0\0", Cell::Empty),
            (b'N', b"*****", Cell::Empty),
            (b'N', b"12,5", text("12,5")),
            (b'D', b"20261122", text("2026-11-22")),
            (b'D', b"00000000", Cell::Empty),
            (b'D', b"        ", Cell::Empty),
            (b'L', b"T", Cell::Bool(true)),
            (b'L', b"n", Cell::Bool(false)),
            (b'L', b"?", Cell::Empty),
            (b'I', &[0xff, 0xff, 0xff, 0xff], Cell::Integer(-1)),
            (b'O', &[0, 0, 0, 0, 0, 0, 0xf8, 0x3f], Cell::Real(1.5)),
            (b'C', b"  SQ-3-2   ", text("SQ-3-2")),
            (b'C', b"abc\0garbage", text("abc")),
            (b'M', b"         1", Cell::Nested("(kept in a .dbt file)".to_owned())),
        ];
        let plain = Trial::new(Some("UTF-8"), 0).decide(&mut Vec::new());
        for (kind, bytes, expected) in table {
            assert_eq!(cell(kind, bytes, plain), expected, "{} {bytes:?}", char::from(kind));
        }
    }
}
