//! OpenDocument spreadsheets (ODF 1.2), read event by event: a cell that says it stands ten thousand times is counted
//! before it is repeated.

use super::super::raw::{Cell, Fault};
use super::super::table::{Merged, Page};
use super::super::xml::{Item, Tag, Xml};
use super::cells::{Budget, Builder};
use super::{damaged, hidden, locked, number, text_cell, with_notes};
use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read, Seek};
use zip::ZipArchive;

/// Blanks that one element may stand for.
const MOST_BLANKS: usize = 1000;

pub(super) fn pages(input: impl Read + Seek, budget: &mut Budget) -> Result<Vec<Page>, Fault> {
    let mut zip = ZipArchive::new(input).map_err(|error| damaged(&error.to_string()))?;
    let mut manifest = String::new();
    if let Ok(member) = zip.by_name("META-INF/manifest.xml") {
        // What cannot be read here fails below.
        let _ = member.take(1 << 20).read_to_string(&mut manifest);
    }
    if manifest.contains("encryption-data") {
        return Err(locked());
    }
    let content = zip.by_name("content.xml").map_err(|error| damaged(&error.to_string()))?;
    let mut xml = Xml::new(BufReader::new(content));
    let (mut pages, mut notes) = (Vec::new(), Vec::new());
    let (mut style, mut unseen) = (String::new(), HashSet::new());
    loop {
        match xml.next()? {
            Item::Open(tag) => match tag.name.as_str() {
                "style" => style = tag.get("name").unwrap_or_default().to_owned(),
                "table-properties" if tag.get("display") == Some("false") => {
                    unseen.insert(std::mem::take(&mut style));
                }
                "table" => {
                    let name = tag.get("name").unwrap_or("table").to_owned();
                    if tag.get("style-name").is_some_and(|style| unseen.contains(style)) {
                        notes.push(hidden(&name));
                        xml.skip()?;
                    } else {
                        pages.push(page(&name, &mut xml, budget)?);
                    }
                }
                _ => {}
            },
            Item::End => return with_notes(pages, notes),
            Item::Text(_) | Item::Close => {}
        }
    }
}

fn page(name: &str, xml: &mut Xml<impl BufRead>, budget: &mut Budget) -> Result<Page, Fault> {
    let mut builder = Builder::new(name, budget);
    let mut merged = Vec::new();
    let (mut row, mut inner) = (0_u32, 0_usize);
    loop {
        match xml.next()? {
            Item::Open(tag) if tag.name == "table-row" => {
                let times = times(&tag, "number-rows-repeated");
                let cells = cells(xml, row, &mut builder, &mut merged)?;
                for below in 0..times {
                    if cells.is_empty() {
                        break;
                    }
                    for (column, cell) in &cells {
                        builder.put(row.saturating_add(below), *column, cell.clone())?;
                    }
                }
                row = row.saturating_add(times);
            }
            // Groups of rows, rows of headers, rows that a program keeps beside the table.
            Item::Open(tag) if matches!(tag.name.as_str(), "table-header-rows" | "table-row-group" | "table-rows") => {
                inner += 1;
            }
            Item::Open(_) => xml.skip()?,
            Item::Close if inner > 0 => inner -= 1,
            Item::Close | Item::End => return Ok(builder.page(merged)),
            Item::Text(_) => {}
        }
    }
}

fn times(tag: &Tag, name: &str) -> u32 {
    tag.get(name).and_then(|text| text.parse().ok()).unwrap_or(1).max(1)
}

/// The filled cells of a row by their column.
fn cells(
    xml: &mut Xml<impl BufRead>,
    row: u32,
    builder: &mut Builder<'_>,
    merged: &mut Vec<Merged>,
) -> Result<Vec<(u32, Cell)>, Fault> {
    let (mut cells, mut column) = (Vec::new(), 0_u32);
    loop {
        match xml.next()? {
            Item::Open(tag) if tag.name == "table-cell" || tag.name == "covered-table-cell" => {
                let repeated = times(&tag, "number-columns-repeated");
                let (wide, high) = (times(&tag, "number-columns-spanned"), times(&tag, "number-rows-spanned"));
                if wide > 1 || high > 1 {
                    let first = (u64::from(row) + 1, column as usize);
                    let last = (first.0 + u64::from(high) - 1, first.1 + wide as usize - 1);
                    merged.push(Merged { first, last });
                }
                let covered = tag.name == "covered-table-cell";
                let cell = cell(&tag, xml, row, builder)?;
                // What a merged cell covers is not shown.
                if cell != Cell::Empty && !covered {
                    // Beyond the columns that are read, one stands for all.
                    cells.extend((0..repeated.min(4096)).map(|right| (column.saturating_add(right), cell.clone())));
                }
                column = column.saturating_add(repeated);
            }
            Item::Open(_) => xml.skip()?,
            Item::Close | Item::End => return Ok(cells),
            Item::Text(_) => {}
        }
    }
}

fn cell(tag: &Tag, xml: &mut Xml<impl BufRead>, row: u32, builder: &mut Builder<'_>) -> Result<Cell, Fault> {
    let text = paragraphs(xml)?;
    let real = || tag.get("value").and_then(|text| text.parse::<f64>().ok());
    if tag.get("value-type").is_some()
        && text.starts_with('#')
        && text.ends_with(['!', '?', 'A'])
        && !text.contains(' ')
    {
        builder.tell_error(row, &text);
        return Ok(Cell::Empty);
    }
    Ok(match tag.get("value-type") {
        Some("float" | "currency") => real().map_or_else(|| text_cell(&text), number),
        // As it is shown: 35.5 % is 35.5.
        Some("percentage") => real().map_or_else(|| text_cell(&text), |n| Cell::Real(n * 100.0)),
        Some("date") => {
            let day = tag.get("date-value").unwrap_or(&text);
            text_cell(day.strip_suffix("T00:00:00").unwrap_or(day))
        }
        Some("boolean") => Cell::Bool(tag.get("boolean-value") == Some("true")),
        Some("string") => text_cell(tag.get("string-value").filter(|_| text.is_empty()).unwrap_or(&text)),
        _ => text_cell(&text),
    })
}

/// The text of a cell, its paragraphs on lines of their own; remarks beside it are no part of it.
fn paragraphs(xml: &mut Xml<impl BufRead>) -> Result<String, Fault> {
    let mut text = String::new();
    let (mut inner, mut paragraphs) = (0_usize, 0);
    loop {
        match xml.next()? {
            Item::Open(tag) => match tag.name.as_str() {
                "annotation" | "table" | "object" | "frame" => xml.skip()?,
                "s" => {
                    let blanks = tag.get("c").map_or(1, |count| count.parse().unwrap_or(1));
                    text.extend(std::iter::repeat_n(' ', blanks.min(MOST_BLANKS)));
                    xml.skip()?;
                }
                name => {
                    if matches!(name, "line-break" | "tab") || name == "p" && paragraphs > 0 {
                        text.push(if name == "tab" { '\t' } else { '\n' });
                    }
                    paragraphs += usize::from(name == "p");
                    inner += 1;
                }
            },
            Item::Close if inner > 0 => inner -= 1,
            Item::Close | Item::End => return Ok(text),
            Item::Text(part) if inner > 0 => text.push_str(&part),
            Item::Text(_) => {}
        }
    }
}
