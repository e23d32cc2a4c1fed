//! A table that tells how many households live where: by building, by compound or by address. Whose figures they are is
//! found out where the city is known.

use super::fields::Mapping;
use super::raw::Sheet;
use super::{Options, Problems, Reading};
use crate::model::{Basis, HOUSEHOLD_TABLE, HouseholdCount, Problem, Provenance, Severity, Value};

/// One row of such a table. At least one of the first three tells where.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counted {
    /// Code or name of the building.
    pub building: Option<String>,
    /// Name of the compound, to which the figure belongs where no building is named.
    pub compound: Option<String>,
    /// Street and number.
    pub address: Option<String>,
    /// The stairwell, where a row is only of one.
    pub unit: Option<String>,
    /// The figure.
    pub count: HouseholdCount,
    /// The file.
    pub file: String,
    /// The row of the file.
    pub row: u64,
}

/// Reads a sheet.
pub(super) fn read(name: &str, sheet: &Sheet, options: &Options, progress: &(dyn Fn(u64, u64) + Sync)) -> Reading {
    let mut problems = Problems::new(name);
    problems.extend(sheet.problems.iter().cloned());
    let mapping = Mapping::of("households", &HOUSEHOLD_TABLE, &options.map, sheet, &mut problems);
    let mut reading = Reading { mapping: mapping.pairs(sheet), ..Reading::default() };
    reading.unused = mapping.unused(sheet).map(str::to_owned).collect();
    let feeds = |field: &str| reading.mapping.iter().any(|(name, columns)| *name == field && !columns.is_empty());
    if !feeds("households") || !["building", "compound", "address"].iter().any(|field| feeds(field)) {
        let message = "no column tells how many households there are, or none tells where";
        let remedy = "name the columns: --map households=COLUMN and one of building, compound and address";
        problems.push(Problem::new(Severity::Error, "column-missing", message, remedy));
        reading.problems = problems.finish();
        return reading;
    }
    let mut seen = 0;
    let outcome = sheet.features.each(&mut |feature| {
        if seen % 1024 == 0 {
            progress(seen, sheet.count.max(seen));
            if options.cancelled() {
                return false;
            }
        }
        seen += 1;
        let mut told = Vec::new();
        let values = mapping.values(feature, sheet, &mut |problem| told.push(problem));
        // A figure that was there and could not be read has been told as that.
        let unread = !told.is_empty();
        match counted(&values) {
            Ok(row) => {
                reading.households.push(Counted { file: name.to_owned(), row: feature.number, ..row });
            }
            Err(problem) if !(unread && problem.code == "households-missing") => told.push(*problem),
            Err(_) => {}
        }
        problems.extend(told.into_iter().map(|problem| problem.of(sheet.called(feature)).in_row(feature.number)));
        true
    });
    if let Err(problem) = outcome {
        problems.push(*problem);
    }
    reading.count("rows", seen);
    if seen == 0 {
        let message = "the table has no rows";
        problems.push(Problem::new(Severity::Warning, "no-features", message, "check that it is the right file"));
    }
    reading.problems = problems.finish();
    progress(seen, seen);
    reading
}

fn counted(values: &[Value]) -> Result<Counted, Box<Problem>> {
    let [building, compound, address, unit, households, basis, as_of] = values else {
        return Err(refused("field-missing", "the row has no fields".to_owned(), "check the file"));
    };
    let text = |value: &Value| if let Value::Text(text) = value { Some(text.clone()) } else { None };
    let Value::Integer(count) = households else {
        let message = "the row tells no number of households; left out".to_owned();
        return Err(refused("households-missing", message, "write 0 where nobody lives"));
    };
    let Ok(count) = u32::try_from(*count) else {
        let message = format!("{count} is no number of households; left out");
        return Err(refused("value-unreadable", message, "write a whole number, 0 or more"));
    };
    let word = text(basis);
    let Some(basis) = word.as_deref().map_or(Some(Basis::default()), Basis::parse) else {
        let message = format!("`{}` is not what households are counted by; left out", word.unwrap_or_default());
        return Err(refused("value-unreadable", message, "write resident, registered or dwellings (常住, 户籍, 套)"));
    };
    let as_of = text(as_of).and_then(|day| day.parse().ok());
    let row = Counted {
        building: text(building),
        compound: text(compound),
        address: text(address),
        unit: text(unit),
        count: HouseholdCount { count, basis, provenance: Provenance::Surveyed, as_of },
        ..Counted::default()
    };
    if row.building.is_none() && row.compound.is_none() && row.address.is_none() {
        let message = "the row names neither a building nor a compound nor an address; left out".to_owned();
        return Err(refused("field-missing", message, "write into each row whose households these are"));
    }
    Ok(row)
}

fn refused(code: &str, message: String, remedy: &str) -> Box<Problem> {
    Box::new(Problem::new(Severity::Warning, code, message, remedy))
}
