//! Problems for the people who mend them: a workbook to filter and to send around, or one JSON object a line.

use super::WriteError;
use super::xlsx::{Laid, Sheet, book};
use crate::model::{FieldKind, Problem, Severity, Value};
use rust_xlsxwriter::{Color, Format};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Writes problems to a file: a workbook when its name ends in `.xlsx`, else JSON lines.
///
/// # Errors
/// The file cannot be written, or a workbook cannot hold so many.
pub fn write(path: &Path, problems: &[Problem]) -> Result<(), WriteError> {
    let mut out = BufWriter::new(File::create(path)?);
    match path.extension() {
        Some(extension) if extension.eq_ignore_ascii_case("xlsx") => workbook(&mut out, problems)?,
        _ => json_lines(&mut out, problems)?,
    }
    Ok(out.flush()?)
}

/// Writes one JSON object a line.
///
/// # Errors
/// Whatever the sink says.
pub fn json_lines(out: &mut impl Write, problems: &[Problem]) -> io::Result<()> {
    for problem in problems {
        serde_json::to_writer(&mut *out, problem)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// Writes a workbook with a row for each problem, coloured by how bad it is.
///
/// # Errors
/// There are more than [`super::xlsx::MOST_ROWS`]; or whatever the sink says.
pub fn workbook(out: impl Write + Send, problems: &[Problem]) -> Result<(), WriteError> {
    use FieldKind::{Integer, Real, Text};
    let mut columns = [
        ("severity", Text),
        ("code", Text),
        ("file", Text),
        ("feature", Text),
        ("row", Integer),
        ("longitude", Real),
        ("latitude", Real),
        ("message", Text),
        ("remedy", Text),
    ]
    .map(|(name, kind)| Laid::new(name, kind));
    for problem in problems {
        columns.iter_mut().zip(&cells(problem)).for_each(|(column, cell)| column.make_room(cell));
    }
    let fill = |rgb| Format::new().set_bold().set_background_color(Color::RGB(rgb));
    let (red, amber, blue) = (fill(0x00F8_CBAD), fill(0x00FF_E699), fill(0x00DD_EBF7));
    book(out, |book| {
        let mut sheet = Sheet::begin(book, "problems", &columns, problems.len())?;
        for problem in problems {
            let colour = match problem.severity {
                Severity::Error => &red,
                Severity::Warning => &amber,
                Severity::Note => &blue,
            };
            sheet.coloured(0, problem.severity.word(), colour)?;
            let mut cells = cells(problem);
            cells[0] = Value::Null;
            sheet.row(&cells)?;
        }
        Ok(())
    })
}

fn cells(problem: &Problem) -> [Value; 9] {
    let text = |text: &str| text.into();
    let row = problem.row.and_then(|row| i64::try_from(row).ok());
    [
        text(problem.severity.word()),
        text(&problem.code),
        text(&problem.file),
        text(&problem.feature),
        row.into(),
        problem.at.map(|[lon, _]| lon).into(),
        problem.at.map(|[_, lat]| lat).into(),
        text(&problem.message),
        text(&problem.remedy),
    ]
}
