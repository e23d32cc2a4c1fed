//! Cells one by one become the rows of a page, within bounds.

use super::super::Problems;
use super::super::raw::{Cell, Fault};
use super::super::table::{Merged, Page, Row};
use crate::model::{Problem, Severity};

/// Columns beyond this one are not read; no table that people keep is wider.
const MOST_COLUMNS: u32 = 2048;
/// Rows beyond those that Excel has.
const MOST_ROWS: u32 = 1 << 20;
/// So many merged cells are looked at.
const MOST_MERGED: usize = 50_000;

/// What is left of the memory that a workbook may take.
pub(super) struct Budget {
    /// Cells, empty ones before filled ones included.
    cells: usize,
    /// Bytes of text.
    text: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { cells: 20_000_000, text: 1 << 29 }
    }
}

impl Budget {
    fn take(&mut self, cells: usize, text: usize) -> Result<(), Fault> {
        match (self.cells.checked_sub(cells), self.text.checked_sub(text)) {
            (Some(cells), Some(text)) => {
                (self.cells, self.text) = (cells, text);
                Ok(())
            }
            _ => {
                let message = "the workbook has more than twenty million cells or 512 MB of text";
                Err(Fault::new("file-too-large", message, "save the sheet that is meant as CSV, or split it"))
            }
        }
    }
}

/// A sheet that is being read.
pub(super) struct Builder<'b> {
    name: String,
    rows: Vec<Row>,
    in_order: bool,
    problems: Problems,
    beyond: u64,
    budget: &'b mut Budget,
}

impl<'b> Builder<'b> {
    pub(super) fn new(name: &str, budget: &'b mut Budget) -> Self {
        Self { name: name.to_owned(), rows: Vec::new(), in_order: true, problems: Problems::new(""), beyond: 0, budget }
    }

    /// Takes a cell; rows and columns count from 0.
    ///
    /// # Errors
    /// The workbook takes too much memory.
    pub(super) fn put(&mut self, row: u32, column: u32, cell: Cell) -> Result<(), Fault> {
        if cell == Cell::Empty {
            return Ok(());
        }
        if column >= MOST_COLUMNS || row >= MOST_ROWS {
            self.beyond += 1;
            return Ok(());
        }
        let (number, at) = (u64::from(row) + 1, column as usize);
        let last = self.rows.last().map_or(0, |(last, _)| *last);
        if last != number {
            self.in_order &= last < number;
            // A row has its own cost.
            self.budget.take(2, 0)?;
            self.rows.push((number, Vec::new()));
        }
        let text = if let Cell::Text(text) = &cell { text.len() } else { 0 };
        let Some((_, cells)) = self.rows.last_mut() else { return Ok(()) };
        self.budget.take((at + 1).saturating_sub(cells.len()), text)?;
        if cells.len() <= at {
            cells.resize(at + 1, Cell::Empty);
        }
        cells[at] = cell;
        Ok(())
    }

    /// A formula that failed.
    pub(super) fn tell_error(&mut self, row: u32, error: &str) {
        let number = u64::from(row) + 1;
        let message = format!("a cell shows the error {error}; read as empty");
        let remedy = "mend the formula, or write the value itself";
        let problem = Problem::new(Severity::Warning, "cell-error", message, remedy);
        self.problems.push(problem.of(format!("row {number}")).in_row(number));
    }

    /// The page, when all cells are there.
    pub(super) fn page(self, mut merged: Vec<Merged>) -> Page {
        let Self { name, mut rows, in_order, mut problems, beyond, .. } = self;
        if !in_order {
            rows.sort_by_key(|(number, _)| *number);
            rows.dedup_by(|later, kept| {
                let same = later.0 == kept.0;
                if same {
                    kept.1.resize(kept.1.len().max(later.1.len()), Cell::Empty);
                    for (at, cell) in std::mem::take(&mut later.1).into_iter().enumerate() {
                        if cell != Cell::Empty {
                            kept.1[at] = cell;
                        }
                    }
                }
                same
            });
        }
        if beyond > 0 {
            let message = format!("{beyond} cells beyond row {MOST_ROWS} or column {MOST_COLUMNS} were not read");
            let remedy = "delete what stands far outside the table, or split it";
            problems.push(Problem::new(Severity::Warning, "cells-beyond", message, remedy));
        }
        merged.truncate(MOST_MERGED);
        Page { name, rows: Box::new(rows), merged, problems: problems.finish() }
    }
}
