//! XLS, the workbooks of Excel 97 to 2003: records in a stream in a file system in a file.
//!
//! Their reader makes a dense range of the rows and columns that a sheet's cells claim. This looks at the same records
//! first and refuses what would not fit.

use super::super::raw::Fault;
use super::{damaged, locked};
use cfb::CompoundFile;
use std::io::{Cursor, Read};
use std::sync::Arc;

/// Cells that all sheets together may span.
const MOST_CELLS: u64 = 10_000_000;
/// Sheets of a workbook; Excel makes no more than 255.
const MOST_SHEETS: usize = 4096;

/// Measures a file.
///
/// # Errors
/// It is no workbook, locked, damaged, or its sheets span too much.
pub(super) fn check(bytes: &Arc<[u8]>) -> Result<(), Fault> {
    let mut file = CompoundFile::open(Cursor::new(bytes.clone())).map_err(|error| damaged(&error.to_string()))?;
    if file.exists("/EncryptedPackage") {
        return Err(locked());
    }
    let name = ["/Workbook", "/Book"].into_iter().find(|name| file.exists(name));
    let Some(name) = name else {
        let message = "the file is of Microsoft Office, but no workbook";
        return Err(Fault::new("format-unknown", message, "save it as XLSX in the program that wrote it"));
    };
    let mut stream = Vec::new();
    file.open_stream(name)
        .and_then(|open| open.take(bytes.len() as u64).read_to_end(&mut stream))
        .map_err(|error| damaged(&error.to_string()))?;
    let sheets: Vec<usize> = records(&stream)
        .filter(|(kind, body)| *kind == 0x0085 && body.len() >= 4)
        .filter_map(|(_, body)| Some(u32::from_le_bytes(body.get(..4)?.try_into().ok()?) as usize))
        .collect();
    if sheets.len() > MOST_SHEETS {
        return Err(damaged("it claims too many sheets"));
    }
    let mut left = MOST_CELLS;
    // Several sheets may claim one place; what is read over and over counts each time.
    let mut records_left = 1_usize << 27;
    for place in sheets {
        let Some(sheet) = stream.get(place..) else { return Err(damaged("a sheet lies beyond its end")) };
        let (cells, seen) = spanned(sheet);
        records_left = records_left.checked_sub(seen).ok_or_else(|| damaged("it claims too many sheets"))?;
        left = left.checked_sub(cells).ok_or_else(|| {
            let message = format!("its sheets span more than {MOST_CELLS} cells");
            Fault::new("file-too-large", message, "delete what stands far outside the table, or save it as XLSX")
        })?;
    }
    Ok(())
}

/// The cells between the outermost ones of a sheet, and how many bytes tell it.
fn spanned(sheet: &[u8]) -> (u64, usize) {
    // The first and last row and column.
    let mut outermost: Option<[u16; 4]> = None;
    let widen = |outermost: &mut Option<[u16; 4]>, row: u16, column: u16| {
        let [top, bottom, left, right] = outermost.unwrap_or([row, row, column, column]);
        *outermost = Some([top.min(row), bottom.max(row), left.min(column), right.max(column)]);
    };
    let mut claimed = 0_u64;
    let mut seen = 0;
    for (kind, body) in records(sheet) {
        seen += body.len() + 4;
        let word = |at: usize| Some(u16::from_le_bytes(body.get(at..at + 2)?.try_into().ok()?));
        let long = |at: usize| Some(u32::from_le_bytes(body.get(at..at + 4)?.try_into().ok()?));
        match kind {
            // The end of the sheet, or of a chart in it: what follows is looked at too, which only makes this stricter.
            0x000A => {}
            0x0200 => {
                let span = if body.len() == 10 {
                    (word(0).map(u32::from), word(2).map(u32::from), word(6))
                } else {
                    (long(0), long(4), word(10))
                };
                if let (Some(from), Some(to), Some(wide)) = span {
                    // Room is made for these at once.
                    let high = u64::from(to.max(1)).saturating_sub(u64::from(from)).max(u64::from(from > to) << 32);
                    claimed = claimed.max(high.saturating_mul(u64::from(wide.max(1))));
                }
            }
            0x0203 | 0x0204 | 0x0205 | 0x027E | 0x00D6 | 0x00FD | 0x0006 => {
                if let (Some(row), Some(column)) = (word(0), word(2)) {
                    widen(&mut outermost, row, column);
                }
            }
            0x00BD => {
                if let (Some(row), Some(first), Some(last)) = (word(0), word(2), word(body.len().saturating_sub(2))) {
                    widen(&mut outermost, row, first);
                    widen(&mut outermost, row, last);
                }
            }
            _ => {}
        }
        if kind == 0x000A && outermost.is_some() {
            break;
        }
    }
    let extent = |low: u16, high: u16| u64::from(high) - u64::from(low) + 1;
    let cells = outermost.map_or(0, |[top, bottom, left, right]| extent(top, bottom) * extent(left, right));
    (claimed.max(cells), seen)
}

/// Kind and body of each record, as long as they are whole.
fn records(stream: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = stream;
    std::iter::from_fn(move || {
        let [a, b, c, d, after @ ..] = rest else { return None };
        let (kind, length) = (u16::from_le_bytes([*a, *b]), usize::from(u16::from_le_bytes([*c, *d])));
        let body = after.get(..length)?;
        rest = after.get(length..)?;
        Some((kind, body))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: u16, body: &[u8]) -> Vec<u8> {
        [&kind.to_le_bytes()[..], &(body.len() as u16).to_le_bytes(), body].concat()
    }

    fn number(row: u16, column: u16) -> Vec<u8> {
        let mut body = [row.to_le_bytes(), column.to_le_bytes(), [0, 0]].concat();
        body.extend(1.5_f64.to_le_bytes());
        record(0x0203, &body)
    }

    #[test]
    fn what_a_sheet_spans() {
        let sheet = [number(1, 1), number(10, 4), record(0x000A, &[])].concat();
        assert_eq!(spanned(&sheet).0, 40);
        let far = [number(0, 0), number(u16::MAX, u16::MAX)].concat();
        assert_eq!(spanned(&far).0, 1 << 32);
        let mut claim = vec![0; 14];
        claim[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
        claim[10..12].copy_from_slice(&256_u16.to_le_bytes());
        assert!(spanned(&record(0x0200, &claim)).0 > MOST_CELLS);
        assert_eq!(spanned(&[1, 2, 3]).0, 0);
        assert!(check(&Arc::from(&b"\xD0\xCF\x11\xE0 no"[..])).is_err());
    }
}
