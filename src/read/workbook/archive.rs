//! The archive in which a workbook is kept: what it holds, measured before anything is made of it.

use super::super::raw::Fault;
use super::super::xml::{Item, Xml};
use super::damaged;
use std::io::{BufReader, Cursor, Read, Seek};
use std::sync::Arc;
use zip::ZipArchive;

/// Which workbook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Book {
    Xls,
    Xlsx,
    Xlsb,
    Ods,
}

/// Members that no workbook has more of.
const MOST_MEMBERS: usize = 20_000;
/// What all that is read may unpack to, in bytes.
const MOST_UNPACKED: u64 = 1 << 30;

fn book<R: Read + Seek>(zip: &mut ZipArchive<R>) -> Option<Book> {
    let has = |zip: &ZipArchive<R>, wanted: &str| {
        zip.file_names()
            .flatten()
            .any(|name| name.replace('\\', "/").trim_start_matches('/').eq_ignore_ascii_case(wanted))
    };
    if has(zip, "xl/workbook.xml") {
        return Some(Book::Xlsx);
    }
    if has(zip, "xl/workbook.bin") {
        return Some(Book::Xlsb);
    }
    let mut kind = String::new();
    zip.by_name("mimetype").ok()?.take(100).read_to_string(&mut kind).ok()?;
    kind.starts_with("application/vnd.oasis.opendocument.spreadsheet").then_some(Book::Ods)
}

/// Unpacks everything that will be read once, keeping nothing, so that what is claimed need not be believed.
pub(super) fn check(bytes: &Arc<[u8]>) -> Result<Book, Fault> {
    let mut zip = ZipArchive::new(Cursor::new(bytes.clone())).map_err(|error| damaged(&error.to_string()))?;
    if zip.len() > MOST_MEMBERS {
        return Err(damaged("it has too many members"));
    }
    let Some(book) = book(&mut zip) else { return Err(damaged("it holds no workbook")) };
    let mut left = MOST_UNPACKED;
    for at in 0..zip.len() {
        let member = zip.by_index(at).map_err(|error| damaged(&error.to_string()))?;
        let name = member.name().map_err(|error| damaged(&error.to_string()))?.to_ascii_lowercase();
        if ![".xml", ".bin", ".rels"].iter().any(|end| name.ends_with(end)) {
            continue;
        }
        let size = std::io::copy(&mut member.take(left + 1), &mut std::io::sink())
            .map_err(|error| damaged(&error.to_string()))?;
        let Some(rest) = left.checked_sub(size) else {
            let message = format!("the workbook unpacks to more than {MOST_UNPACKED} bytes");
            return Err(Fault::new("file-too-large", message, "save the sheet that is meant as CSV, or split it"));
        };
        left = rest;
        if book == Book::Xlsx && name.ends_with("sharedstrings.xml") {
            let member = zip.by_index(at).map_err(|error| damaged(&error.to_string()))?;
            check_strings(BufReader::new(member), size)?;
        }
    }
    Ok(book)
}

/// The reader of XLSX makes room for as many texts as this member says it has, before it has seen one.
fn check_strings(input: impl std::io::BufRead, size: u64) -> Result<(), Fault> {
    let mut xml = Xml::new(input);
    loop {
        match xml.next()? {
            Item::Open(tag) if tag.name == "sst" => {
                let count = tag.get("uniqueCount").map_or(0, |count| count.trim().parse().unwrap_or(u64::MAX));
                return if count <= size {
                    Ok(())
                } else {
                    Err(damaged("its list of texts claims more than it holds"))
                };
            }
            Item::End => return Ok(()),
            _ => {}
        }
    }
}
