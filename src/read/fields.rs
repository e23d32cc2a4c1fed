//! Columns of a file become canonical fields: which column feeds which field, and how its values are read.

use super::Problems;
use super::osm::street_class;
use super::raw::{Cell, Fault, Feature, Outline, Shape, Sheet};
use crate::model::{Basis, Field, FieldKind, Layer, Problem, Severity, Value};

/// Words that stand for "not known".
const UNKNOWN: [&str; 10] = ["", "-", "--", "/", "暂无信息", "暂无资料", "暂无", "无", "未知", "null"];
/// Units that a count may carry.
const UNITS: [&str; 10] = ["栋", "户", "层", "人", "套", "幢", "座", "间", "个", "楼"];
/// So many columns are named in one message.
const MOST_LISTED: usize = 60;
/// The largest whole number that every program writes exactly as a JSON number.
const EXACT: u64 = 1 << 53;

/// Where a table without geometries tells a place: the names that `--map` uses, and those that files use.
const PLACE: [(&str, &[&str]); 4] = [
    (
        "lon",
        &[
            "lng",
            "long",
            "longitude",
            "经度",
            "东经",
            "x",
            "point_x",
            "xcoord",
            "x坐标",
            "横坐标",
            "东坐标",
            "中心经度",
            "经度坐标",
            "lon_wgs84",
            "xgcswgs84",
        ],
    ),
    (
        "lat",
        &[
            "latitude",
            "纬度",
            "北纬",
            "y",
            "point_y",
            "ycoord",
            "y坐标",
            "纵坐标",
            "北坐标",
            "中心纬度",
            "纬度坐标",
            "lat_wgs84",
            "ygcswgs84",
        ],
    ),
    (
        "position",
        &[
            "经纬度",
            "坐标",
            "lnglat",
            "lonlat",
            "location",
            "position",
            "gps",
            "gps坐标",
            "地理坐标",
            "位置坐标",
            "经纬度坐标",
        ],
    ),
    ("wkt", &["geometry", "geom", "the_geom", "wkt_geom", "wkb_geometry"]),
];

/// Whether tables without geometries use this word for a place.
pub(super) fn is_of_place(word: &str) -> bool {
    PLACE.iter().any(|(name, aliases)| *name == word || aliases.contains(&word))
}

/// What the brackets behind a column's name may hold without being part of it: units and hints.
const IN_BRACKETS: [&str; 26] = [
    "户",
    "栋",
    "幢",
    "层",
    "人",
    "套",
    "座",
    "间",
    "个",
    "米",
    "m",
    "m2",
    "㎡",
    "平方米",
    "度",
    "°",
    "必填",
    "选填",
    "wgs84",
    "gcj02",
    "bd09",
    "百度",
    "高德",
    "单位:户",
    "单位:人",
    "单位:米",
];

/// A column's name as it is compared: full-width letters as half-width ones, no blanks, lower case, without the unit in
/// brackets that `户数（户）` carries.
pub(super) fn normal(name: &str) -> String {
    let half = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        '【' => '[',
        '】' => ']',
        other => other,
    };
    let blank = |c: &char| !c.is_whitespace() && !matches!(c, '\u{200b}' | '\u{feff}');
    let mut text: String = name.chars().filter(blank).map(half).flat_map(char::to_lowercase).collect();
    let trimmed = text.trim_matches(|c| matches!(c, '*' | ':'));
    let bracket = trimmed.strip_suffix([')', ']']).and_then(|body| {
        let at = body.rfind(['(', '['])?;
        let (before, inner) = body.split_at(at);
        let inner = inner.get(1..)?;
        (!before.is_empty() && IN_BRACKETS.contains(&inner)).then_some(before)
    });
    let short = bracket.unwrap_or(trimmed).to_owned();
    if !short.is_empty() {
        text = short;
    }
    text
}

/// The columns of a sheet by the words that they are looked for with.
struct Words<'s> {
    columns: &'s [String],
    normal: Vec<String>,
    /// The last part of `居民户数/常住`, where no other column ends so.
    leaf: Vec<Option<String>>,
}

impl<'s> Words<'s> {
    fn of(columns: &'s [String]) -> Self {
        let normal: Vec<String> = columns.iter().map(|column| normal(column)).collect();
        let last = |word: &String| word.rsplit_once('/').map(|(_, leaf)| leaf.to_owned());
        let ends = |leaf: &str| {
            normal.iter().filter(|word| word.as_str() == leaf || last(word).is_some_and(|own| own == leaf)).count()
        };
        let leaf = normal.iter().map(|word| last(word).filter(|leaf| ends(leaf) == 1)).collect();
        Self { columns, normal, leaf }
    }

    /// Every column that is called so, those whose whole name it is first.
    fn called(&self, word: &str) -> Vec<usize> {
        let word = normal(word);
        let whole = (0..self.columns.len()).filter(|at| self.normal[*at] == word);
        let leaf = (0..self.columns.len()).filter(|at| self.leaf[*at].as_ref() == Some(&word));
        whole.chain(leaf).collect()
    }

    /// The column that a `--map` names: exactly, else the only one that is called so.
    fn stated(&self, name: &str) -> Option<usize> {
        let exact = self.columns.iter().position(|column| column == name);
        exact.or_else(|| match self.called(name)[..] {
            [only] => Some(only),
            _ => None,
        })
    }
}

/// Columns of each canonical field, in order of preference: the first that has a value in a feature gives it.
#[derive(Clone, Debug)]
pub(super) struct Mapping {
    what: &'static str,
    fields: &'static [Field],
    columns: Vec<Vec<usize>>,
    /// By position in [`PLACE`]; empty where the file has geometries.
    place: [Option<usize>; PLACE.len()],
}

impl Mapping {
    /// Decides which columns feed which fields: `--map` alone where it speaks of a field; else the canonical name, then
    /// its aliases in their order. Names match as [`normal`] writes them, and by their last part where that is unique.
    pub(super) fn new(layer: Layer, map: &[(String, String)], sheet: &Sheet, problems: &mut Problems) -> Self {
        Self::of(layer.word(), layer.fields(), map, sheet, problems)
    }

    /// The same for the fields of a table that is no layer; `what` is its name.
    pub(super) fn of(
        what: &'static str,
        fields: &'static [Field],
        map: &[(String, String)],
        sheet: &Sheet,
        problems: &mut Problems,
    ) -> Self {
        let columns = &sheet.columns;
        let words = Words::of(columns);
        let list = |words: Vec<&str>| match words.len() {
            0 => "none".to_owned(),
            n if n > MOST_LISTED => format!("{} and {} more", words[..MOST_LISTED].join(", "), n - MOST_LISTED),
            _ => words.join(", "),
        };
        for (field, column) in map {
            let of_place = !sheet.has_places && PLACE.iter().any(|(name, _)| name == field);
            if !of_place && !fields.iter().any(|known| known.name == field) {
                let known = list(fields.iter().map(|field| field.name).collect());
                let message = format!("--map {field}={column}: {what} have no field `{field}`");
                problems.push(Problem::new(
                    Severity::Error,
                    "map-unknown-field",
                    message,
                    format!("use one of: {known}"),
                ));
            }
            // No column at all, whatever the names: how somebody keeps a field from being filled.
            if !column.is_empty() && words.stated(column).is_none() {
                let present = list(columns.iter().map(String::as_str).collect());
                let message = format!("--map {field}={column}: no feature has a column `{column}`");
                problems.push(Problem::new(
                    Severity::Error,
                    "map-unknown-column",
                    message,
                    format!("columns in the file: {present}"),
                ));
            }
        }
        let found = |name: &str, aliases: &[&str]| -> Vec<usize> {
            if map.iter().any(|(field, _)| field == name) {
                let stated = map.iter().filter(|(field, _)| field == name);
                return stated.filter_map(|(_, column)| words.stated(column)).collect();
            }
            let mut found: Vec<usize> = Vec::new();
            for at in std::iter::once(&name).chain(aliases).flat_map(|word| words.called(word)) {
                if !found.contains(&at) {
                    found.push(at);
                }
            }
            found
        };
        let chosen: Vec<Vec<usize>> = fields.iter().map(|field| found(field.name, field.aliases)).collect();
        let place =
            PLACE.map(|(name, aliases)| if sheet.has_places { None } else { found(name, aliases).first().copied() });
        let mapping = Self { what, fields, columns: chosen, place };
        let unused: Vec<&str> = mapping.unused(sheet).collect();
        if !unused.is_empty() {
            let message = format!("columns that no field takes: {}", list(unused));
            let remedy = "name one with --map field=column if it is needed";
            problems.push(Problem::new(Severity::Note, "columns-unused", message, remedy));
        }
        mapping
    }

    /// Columns that nothing takes.
    pub(super) fn unused<'s>(&self, sheet: &'s Sheet) -> impl Iterator<Item = &'s str> {
        let used = |at: &usize| {
            self.columns.iter().flatten().any(|column| column == at)
                || self.place.contains(&Some(*at))
                || sheet.numbers == Some(*at)
        };
        (0..sheet.columns.len()).filter(move |at| !used(at)).map(|at| sheet.columns[at].as_str())
    }

    /// Which columns feed each field, and the place where the file has no geometries.
    pub(super) fn pairs(&self, sheet: &Sheet) -> Vec<(&'static str, Vec<String>)> {
        let named = |columns: &[usize]| columns.iter().filter_map(|at| sheet.columns.get(*at).cloned()).collect();
        let fields = self.fields.iter().zip(&self.columns).map(|(field, columns)| (field.name, named(columns)));
        let place = PLACE.iter().zip(self.place).filter(|_| !sheet.has_places);
        fields.chain(place.map(|((name, _), column)| (*name, named(column.as_slice())))).collect()
    }

    /// The values of a feature in the order of the layer's fields. A value that cannot be read is null and told; a code
    /// that may have lost digits is told with its own remedy.
    pub(super) fn values(&self, feature: &Feature, sheet: &Sheet, tell: &mut dyn FnMut(Problem)) -> Vec<Value> {
        let mut values = Vec::with_capacity(self.columns.len());
        let mut counted = None;
        for (field, columns) in self.fields.iter().zip(&self.columns) {
            let mut value = Value::Null;
            for &column in columns {
                match convert(self.what, field, feature.cell(column)) {
                    Ok(Value::Null) => continue,
                    Ok(read) => {
                        value = read;
                        if field.name == "households" {
                            counted = sheet.columns.get(column).and_then(|column| basis_of(column));
                        }
                    }
                    Err(fault) => {
                        let message = format!("{}: {}", sheet.columns[column], fault.message);
                        tell(Problem::new(Severity::Warning, fault.code, message, fault.remedy));
                    }
                }
                break;
            }
            if let (Value::Null, "basis", Some(basis)) = (&value, field.name, counted) {
                value = basis.word().into();
            }
            values.push(value);
        }
        values
    }

    /// Whether a table without geometries says where its rows are.
    pub(super) fn tells_places(&self) -> bool {
        let [lon, lat, position, wkt] = self.place;
        (lon.is_some() && lat.is_some()) || position.is_some() || wkt.is_some()
    }

    /// The place that a row of a table tells.
    pub(super) fn place(&self, feature: &Feature) -> Shape {
        let cell = |column: Option<usize>| column.map(|at| feature.cell(at)).filter(|cell| !is_unknown(cell));
        let [lon, lat, position, wkt] = self.place;
        // The whole geometry before a point that stands for it.
        if let Some(Cell::Text(text)) = cell(wkt) {
            return super::well_known::shape(text);
        }
        if let (Some(lon), Some(lat)) = (cell(lon), cell(lat)) {
            return match (coordinate(lon), coordinate(lat)) {
                (Some(x), Some(y)) => Shape::Of(Outline::point(x, y)),
                (x, _) => no_number(if x.is_none() { lon } else { lat }),
            };
        }
        let Some(cell) = cell(position) else { return Shape::Missing };
        let Cell::Text(text) = cell else { return no_number(cell) };
        let plain = text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '[' | ']' | '（' | '）'));
        let numbers: Vec<Option<f64>> = plain
            .split(|c: char| matches!(c, ',' | '，' | ';' | '；' | '、') || c.is_whitespace())
            .filter(|part| !part.is_empty())
            .map(|part| part.parse().ok().filter(|n: &f64| n.is_finite()))
            .collect();
        match numbers[..] {
            [Some(x), Some(y)] => Shape::Of(Outline::point(x, y)),
            _ => no_number(cell),
        }
    }
}

/// What a column of household figures counts, where its name tells.
fn basis_of(column: &str) -> Option<Basis> {
    let says = |words: &[&str]| words.iter().any(|word| column.contains(word));
    if says(&["户籍"]) {
        Some(Basis::Registered)
    } else if says(&["房屋", "套"]) {
        Some(Basis::Dwellings)
    } else {
        says(&["常住", "居民"]).then_some(Basis::Resident)
    }
}

fn no_number(cell: &Cell) -> Shape {
    let message = format!("`{}` is no coordinate", cell.shown());
    Shape::Faulty(Fault::new("value-unreadable", message, "write plain numbers, as 120.1628 and 30.2731"))
}

fn is_unknown(cell: &Cell) -> bool {
    match cell {
        Cell::Empty => true,
        Cell::Text(text) => UNKNOWN.contains(&text.trim()),
        _ => false,
    }
}

/// A coordinate as tables write it: `120.1628`, `13,4050` with a decimal comma, `120°09′46″E`.
fn coordinate(cell: &Cell) -> Option<f64> {
    let text = match cell {
        Cell::Integer(n) => return Some(*n as f64),
        Cell::Real(n) => return Some(*n).filter(|n| n.is_finite()),
        Cell::Text(text) => text.trim(),
        _ => return None,
    };
    let decimal = match text.split_once(',') {
        Some((whole, rest)) if !text.contains('.') && !rest.contains(',') => format!("{whole}.{rest}"),
        _ => text.replace(',', ""),
    };
    if let Ok(n) = decimal.parse::<f64>() {
        return Some(n).filter(|n| n.is_finite());
    }
    // Degrees, minutes and seconds.
    let negative = text.starts_with('-') || text.ends_with(['W', 'w', 'S', 's', '西', '南']);
    let parts: Vec<&str> =
        text.split(|c: char| !c.is_ascii_digit() && c != '.').filter(|part| !part.is_empty()).collect();
    if !text.contains(['°', '度', '\'', '′', '分']) || parts.len() > 3 {
        return None;
    }
    let mut degrees = 0.0;
    for (part, size) in parts.iter().zip([1.0, 60.0, 3600.0]) {
        degrees += part.parse::<f64>().ok()? / size;
    }
    (!parts.is_empty()).then_some(if negative { -degrees } else { degrees })
}

/// Reads a field's value; null where the words say that it is not known.
pub(super) fn convert(what: &str, field: &Field, cell: &Cell) -> Result<Value, Fault> {
    if is_unknown(cell) {
        return Ok(Value::Null);
    }
    let unreadable = |what: &str, remedy: &'static str| {
        Err(Fault::new("value-unreadable", format!("`{}` is not {what}", cell.shown()), remedy))
    };
    if let Cell::Nested(_) = cell {
        return unreadable("a plain value", "write one value in each cell");
    }
    match (field.kind, cell) {
        (FieldKind::Code, _) => return code(cell),
        (FieldKind::Integer, Cell::Integer(n)) => return Ok(Value::Integer(*n)),
        (FieldKind::Real, Cell::Integer(n)) => return Ok(Value::Real(*n as f64)),
        (FieldKind::Real, Cell::Real(n)) if n.is_finite() => return Ok(Value::Real(*n)),
        (FieldKind::Bool, Cell::Bool(b)) => return Ok(Value::Bool(*b)),
        _ => {}
    }
    let written: String;
    let text = match cell {
        Cell::Text(text) => text.trim(),
        Cell::Integer(n) => {
            written = n.to_string();
            &written
        }
        Cell::Real(n) => {
            written = n.to_string();
            &written
        }
        Cell::Bool(b) => {
            if *b {
                "true"
            } else {
                "false"
            }
        }
        Cell::Empty | Cell::Nested(_) => return Ok(Value::Null),
    };
    match field.kind {
        FieldKind::Text if (what, field.name) == ("streets", "class") => {
            Ok(Value::Text(street_class(text).map_or(text, |class| class.word()).to_owned()))
        }
        FieldKind::Text | FieldKind::Code => Ok(Value::Text(text.to_owned())),
        FieldKind::Integer => match whole(text) {
            Some(n) => Ok(Value::Integer(n)),
            None => unreadable("a whole number", "write a plain whole number"),
        },
        FieldKind::Real => match real(text) {
            Some(n) => Ok(Value::Real(n)),
            None => unreadable("a number", "write a plain number"),
        },
        FieldKind::Bool => match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "y" | "1" | "是" | "在线" | "完好" | "正常" => Ok(Value::Bool(true)),
            "false" | "no" | "n" | "0" | "否" | "离线" | "损坏" | "故障" => Ok(Value::Bool(false)),
            _ => unreadable("yes or no", "write true or false"),
        },
        FieldKind::Date => match date(text) {
            Some(day) => Ok(day.into()),
            None => unreadable("a date", "write dates as 2026-11-22"),
        },
    }
}

/// A code keeps its digits or is refused. Spreadsheets show long numbers as `5.10104E+14` and save what they show.
fn code(cell: &Cell) -> Result<Value, Fault> {
    let lost = |text: &str| {
        let message = format!("the code `{text}` is a number that may have lost digits");
        let remedy = "format the column as text in the program that wrote the file, and enter the codes again";
        Err(Fault::new("code-not-text", message, remedy))
    };
    match cell {
        Cell::Integer(n) if n.unsigned_abs() <= EXACT => Ok(Value::Text(n.to_string())),
        Cell::Integer(n) => lost(&n.to_string()),
        Cell::Real(n) => lost(&format!("{n:e}")),
        Cell::Text(text) if in_powers_of_ten(text.trim()) => lost(text.trim()),
        Cell::Text(text) => Ok(Value::Text(text.trim().to_owned())),
        Cell::Bool(b) => Ok(Value::Text(b.to_string())),
        Cell::Empty | Cell::Nested(_) => Ok(Value::Null),
    }
}

/// `5.10104E+14`, but not `1E3` or `12E`, which may be codes: the point and the sign are what spreadsheets write.
fn in_powers_of_ten(text: &str) -> bool {
    let Some((number, power)) = text.split_once(['E', 'e']) else { return false };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let (whole, rest) = number.split_once('.').unwrap_or((number, "0"));
    digits(whole) && digits(rest) && power.strip_prefix('+').is_some_and(digits)
}

/// The number a text begins with once blanks, thousands commas and a unit are taken off.
fn plain(text: &str) -> String {
    let mut text: String = text.chars().filter(|c| !c.is_whitespace() && !matches!(c, ',' | '，')).collect();
    for unit in UNITS {
        if let Some(body) = text.strip_suffix(unit) {
            text = body.to_owned();
            break;
        }
    }
    text
}

pub(super) fn whole(text: &str) -> Option<i64> {
    let text = plain(text);
    if let Ok(n) = text.parse::<i64>() {
        return Some(n);
    }
    // `6.0` is how spreadsheets and GeoPandas write 6.
    let n = text.parse::<f64>().ok()?;
    (n.fract() == 0.0 && n.abs() <= EXACT as f64).then_some(n as i64)
}

pub(super) fn real(text: &str) -> Option<f64> {
    let text = plain(text).to_lowercase();
    let body = text.trim_end_matches(['m', '米', '°', '度', '%']);
    body.parse::<f64>().ok().filter(|n| n.is_finite())
}

pub(super) fn date(text: &str) -> Option<jiff::civil::Date> {
    let day = text.split(['T', ' ']).next()?;
    let numbers: Vec<&str> = day.split(['-', '/', '.', '年', '月', '日']).filter(|part| !part.is_empty()).collect();
    let (year, month, day) = match numbers.as_slice() {
        [year, month, day] => (*year, *month, *day),
        [whole] if whole.len() == 8 && whole.is_ascii() => (whole.get(..4)?, whole.get(4..6)?, whole.get(6..)?),
        _ => return None,
    };
    if year.len() != 4 {
        return None;
    }
    jiff::civil::Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::raw::{Declared, Noun};

    fn field(layer: Layer, name: &str) -> &'static Field {
        layer.fields().iter().find(|field| field.name == name).expect("a canonical field")
    }

    #[test]
    fn values_as_files_write_them() {
        let text = |t: &str| Value::Text(t.to_owned());
        let t = |t: &str| Cell::Text(t.to_owned());
        let table = [
            (Layer::Grids, "code", t("SQ-3-2"), Ok(text("SQ-3-2"))),
            (Layer::Grids, "code", Cell::Integer(330103001002003), Ok(text("330103001002003"))),
            (Layer::Grids, "code", Cell::Real(5.10104e14), Err("code-not-text")),
            (Layer::Grids, "code", t("5.10104E+14"), Err("code-not-text")),
            (Layer::Grids, "code", t("1E3"), Ok(text("1E3"))),
            (Layer::Grids, "code", Cell::Integer(9007199254740993), Err("code-not-text")),
            (Layer::Grids, "code", t(" 暂无信息 "), Ok(Value::Null)),
            (Layer::Compounds, "households", t("8389户"), Ok(Value::Integer(8389))),
            (Layer::Compounds, "households", t("1,234"), Ok(Value::Integer(1234))),
            (Layer::Compounds, "households", Cell::Integer(6), Ok(Value::Integer(6))),
            (Layer::Compounds, "households", Cell::Real(6.0), Ok(Value::Integer(6))),
            (Layer::Compounds, "households", t("暂无资料"), Ok(Value::Null)),
            (Layer::Compounds, "households", t("about 6"), Err("value-unreadable")),
            (Layer::Compounds, "buildings", t("43栋"), Ok(Value::Integer(43))),
            (Layer::Buildings, "height", t("12.5 m"), Ok(Value::Real(12.5))),
            (Layer::Buildings, "height", t("NaN"), Err("value-unreadable")),
            (Layer::Buildings, "height", Cell::Real(f64::NAN), Err("value-unreadable")),
            (Layer::Buildings, "name", Cell::Integer(12), Ok(text("12"))),
            (Layer::Buildings, "name", Cell::Nested("{...}".into()), Err("value-unreadable")),
            (Layer::Cameras, "online", t("是"), Ok(Value::Bool(true))),
            (Layer::Cameras, "installed", t("2026-11-22"), Ok(text("2026-11-22"))),
            (Layer::Cameras, "installed", t("2026/1/2"), Ok(text("2026-01-02"))),
            (Layer::Cameras, "installed", Cell::Integer(20261122), Ok(text("2026-11-22"))),
            (Layer::Cameras, "installed", t("2026年1月2日"), Ok(text("2026-01-02"))),
            (Layer::Cameras, "installed", t("31.12.2026"), Err("value-unreadable")),
            (Layer::Streets, "class", t("living_street"), Ok(text("residential"))),
        ];
        for (layer, name, cell, expected) in table {
            let read = convert(layer.word(), field(layer, name), &cell).map_err(|fault| fault.code);
            assert_eq!(read, expected, "{layer} {name} {cell:?}");
        }
    }

    fn sheet(columns: &[&str], has_places: bool) -> Sheet {
        Sheet {
            name: String::new(),
            noun: Noun::Row,
            columns: columns.iter().map(|column| (*column).to_owned()).collect(),
            has_places,
            declared: Declared::Nothing,
            count: 0,
            numbers: None,
            problems: Vec::new(),
            features: Box::new(Vec::new()),
        }
    }

    #[test]
    fn the_names_for_places_are_public() {
        assert_eq!(PLACE.map(|(name, _)| name), super::super::PLACE_FIELDS);
    }

    #[test]
    fn places_as_tables_write_them() {
        let row = |cells: &[&str]| Feature {
            cells: cells.iter().map(|text| Cell::Text((*text).to_owned())).collect(),
            ..Feature::default()
        };
        let read = |columns: &[&str], cells: &[&str]| {
            let mapping = Mapping::new(Layer::Cameras, &[], &sheet(columns, false), &mut Problems::new("f"));
            match mapping.place(&row(cells)) {
                Shape::Of(outline) => Ok(outline.positions[0]),
                Shape::Missing => Err("missing"),
                _ => Err("faulty"),
            }
        };
        let split = ["经度", "纬度"];
        assert_eq!(read(&split, &["120.5", "30.25"]), Ok([120.5, 30.25]));
        assert_eq!(read(&split, &["13,405", "52,5"]), Ok([13.405, 52.5]));
        assert_eq!(read(&split, &["120°30′0″", "30°15'"]), Ok([120.5, 30.25]));
        assert_eq!(read(&split, &["", "30.25"]), Err("missing"));
        assert_eq!(read(&split, &["x", "30.25"]), Err("faulty"));
        assert_eq!(read(&["经纬度"], &["119.827571, 30.269403"]), Ok([119.827571, 30.269403]));
        assert_eq!(read(&["经纬度"], &["（119.5 30.25）"]), Ok([119.5, 30.25]));
        assert_eq!(read(&["经纬度"], &["119.5"]), Err("faulty"));
        assert_eq!(read(&["WKT"], &["POINT (119.5 30.25)"]), Ok([119.5, 30.25]));
    }

    #[test]
    fn names_as_tables_write_them() {
        for (name, expected) in [
            ("户 数（户）", "户数"),
            ("Ｌｏｎ", "lon"),
            (" 经度(WGS84)*", "经度"),
            ("户数(户籍)", "户数(户籍)"),
            ("（户）", "(户)"),
            ("总层数：", "总层数"),
            ("", ""),
        ] {
            assert_eq!(normal(name), expected, "{name}");
        }
        let columns = sheet(&["基本信息/小区名称", "居民户数/常住", "居民户数/户籍", "a/经度", "b/经度"], true);
        let map = [("buildings".to_owned(), "户籍".to_owned())];
        let mapping = Mapping::new(Layer::Compounds, &map, &columns, &mut Problems::new("f"));
        assert_eq!((&mapping.columns[0][..], &mapping.columns[1][..]), (&[0][..], &[1][..]));
        assert_eq!(mapping.columns[5], [2], "the last part of a name, where it is unique");
        assert_eq!(Words::of(&columns.columns).called("经度"), [0_usize; 0]);
    }

    #[test]
    fn a_column_tells_what_it_counts() {
        let row = |column: &str| {
            let sheet = sheet(&["小区", column], false);
            let mapping = Mapping::new(Layer::Compounds, &[], &sheet, &mut Problems::new("f"));
            let cells = vec![Cell::Text("甲".into()), Cell::Text("12户".into())];
            mapping.values(&Feature { cells, ..Feature::default() }, &sheet, &mut |_| {})
        };
        assert_eq!(row("户籍户数")[1..3], [Value::Integer(12), "registered".into()]);
        assert_eq!(row("房屋总数")[1..3], [Value::Integer(12), "dwellings".into()]);
        assert_eq!(row("户数")[1..3], [Value::Integer(12), Value::Null]);
    }

    #[test]
    fn columns_by_map_then_name_then_alias() {
        let columns = sheet(&["NAME", "名称", "网格编号", "Code2"], true);
        let mut problems = Problems::new("f");
        let mapping = Mapping::new(Layer::Grids, &[], &columns, &mut problems);
        assert_eq!(mapping.columns[0], [2]);
        assert_eq!(mapping.columns[1], [0, 1]);
        let map = [("code".to_owned(), "Code2".to_owned()), ("cod".to_owned(), "x".to_owned())];
        let mapping = Mapping::new(Layer::Grids, &map, &columns, &mut problems);
        assert_eq!(mapping.columns[0], [3]);
        let codes: Vec<String> = problems.finish().into_iter().map(|problem| problem.code).collect();
        assert_eq!(codes, ["columns-unused", "map-unknown-field", "map-unknown-column", "columns-unused"]);
    }
}
