//! The flat form of a feature: an id, a geometry, and one value for each canonical field of its layer.
//!
//! Readers make records from files, the store and the exports write them, the API lists them; only [`Entity`] knows how
//! a record and a thing of the model become each other, so each layer's columns are spelt out once.

use super::buildings::{Building, BuildingKind, Compound, Institution, Unit};
use super::cameras::{Camera, CameraKind, Checkpoint, Service};
use super::geometry::{Coord, Geometry, Line, MultiPolygon};
use super::households::{Basis, HouseholdCount, Provenance};
use super::ids::Code;
use super::land::{Barrier, BarrierKind, Green, Water};
use super::layer::{GeometryKind, Layer};
use super::places::{Community, District, Grid, GridClass, Subdistrict, Zone, ZoneKind};
use super::streets::{Access, Oneway, Street, StreetClass};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

/// A field's value.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// Not known.
    #[default]
    Null,
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Real(f64),
    /// Text, a code, or a date as `2026-11-22`.
    Text(String),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        if text.is_empty() { Self::Null } else { Self::Text(text.to_owned()) }
    }
}
impl From<&Code> for Value {
    fn from(code: &Code) -> Self {
        code.as_str().into()
    }
}
impl From<i64> for Value {
    fn from(n: i64) -> Self {
        Self::Integer(n)
    }
}
impl From<f64> for Value {
    fn from(n: f64) -> Self {
        Self::Real(n)
    }
}
impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Self::Bool(b)
    }
}
impl From<Date> for Value {
    fn from(date: Date) -> Self {
        Self::Text(date.to_string())
    }
}
impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A feature in flat form. `values[i]` belongs to `layer.fields()[i]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The number within the layer; 0 until the world gives it one.
    pub id: u32,
    /// Where.
    pub geometry: Geometry,
    /// One value for each canonical field of the layer, in its order.
    pub values: Vec<Value>,
}

impl Record {
    /// The value of a canonical field; null when the layer has no such field.
    pub fn get(&self, layer: Layer, name: &str) -> &Value {
        let at = layer.fields().iter().position(|field| field.name == name);
        at.and_then(|i| self.values.get(i)).unwrap_or(&Value::Null)
    }

    /// Stands for everything in the record: another digest is another record. Never 0.
    pub fn digest(&self) -> u64 {
        let mut sum = Xxh3::new();
        let number = |sum: &mut Xxh3, n: u64| sum.update(&n.to_le_bytes());
        let vertices = |sum: &mut Xxh3, line: &[Coord]| {
            number(sum, line.len() as u64);
            line.iter().for_each(|c| number(sum, (u64::from(c.x as u32) << 32) | u64::from(c.y as u32)));
        };
        number(&mut sum, self.id.into());
        // Each part begins with what it is and how long, so that no two records write the same bytes.
        match &self.geometry {
            Geometry::Point(at) => vertices(&mut sum, &[*at]),
            Geometry::Line(line) => {
                number(&mut sum, u64::MAX);
                vertices(&mut sum, &line.0);
            }
            Geometry::Area(area) => {
                number(&mut sum, u64::MAX - 1);
                for polygon in &area.0 {
                    number(&mut sum, polygon.holes.len() as u64);
                    polygon.rings().for_each(|ring| vertices(&mut sum, &ring.0));
                }
            }
        }
        for value in &self.values {
            let (kind, n) = match value {
                Value::Null => (0, 0),
                Value::Bool(b) => (1, u64::from(*b)),
                Value::Integer(n) => (2, *n as u64),
                Value::Real(n) => (3, n.to_bits()),
                Value::Text(text) => (4, text.len() as u64),
            };
            number(&mut sum, kind);
            number(&mut sum, n);
            if let Value::Text(text) = value {
                sum.update(text.as_bytes());
            }
        }
        sum.digest().max(1)
    }
}

/// Why a record is not a thing of its layer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct FieldFault {
    /// The canonical field, or `geometry`.
    pub field: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub remedy: String,
}

fn fault(field: &'static str, message: impl Into<String>, remedy: impl Into<String>) -> FieldFault {
    FieldFault { field, message: message.into(), remedy: remedy.into() }
}

/// A thing of the model that is stored as a record.
pub trait Entity: Sized + Clone + Send + Sync + 'static {
    /// Its layer.
    const LAYER: Layer;
    /// Its number.
    fn number(&self) -> u32;
    /// Gives it a number.
    fn renumber(&mut self, id: u32);
    /// Its flat form.
    fn to_record(&self) -> Record;
    /// From the flat form.
    ///
    /// # Errors
    /// Names the first field that is missing or cannot be understood.
    fn from_record(record: &Record) -> Result<Self, FieldFault>;
}

/// Reads typed values out of a record.
struct Fields<'a> {
    layer: Layer,
    record: &'a Record,
}

type Fault<T> = Result<T, FieldFault>;

impl Fields<'_> {
    fn text(&self, name: &str) -> String {
        match self.record.get(self.layer, name) {
            Value::Null => String::new(),
            Value::Text(text) => text.clone(),
            Value::Bool(b) => b.to_string(),
            Value::Integer(n) => n.to_string(),
            Value::Real(n) => n.to_string(),
        }
    }

    fn some_text(&self, name: &str) -> Option<String> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    fn code(&self, name: &str) -> Option<Code> {
        self.some_text(name).map(Code)
    }

    fn real(&self, name: &'static str) -> Fault<Option<f64>> {
        match self.record.get(self.layer, name) {
            Value::Null => Ok(None),
            Value::Integer(n) => Ok(Some(*n as f64)),
            Value::Real(n) if n.is_finite() => Ok(Some(*n)),
            other => Err(fault(name, format!("{other:?} is not a number"), "write a plain number")),
        }
    }

    fn whole<T: TryFrom<i64>>(&self, name: &'static str) -> Fault<Option<T>> {
        let Some(n) = self.real(name)? else { return Ok(None) };
        let whole = (n.fract() == 0.0 && n.abs() < 9e15).then_some(n as i64);
        match whole.and_then(|n| T::try_from(n).ok()) {
            Some(n) => Ok(Some(n)),
            None => Err(fault(name, format!("{n} is not a whole number in range"), "write a whole number, 0 or more")),
        }
    }

    fn boolean(&self, name: &'static str) -> Fault<Option<bool>> {
        match self.record.get(self.layer, name) {
            Value::Null => Ok(None),
            Value::Bool(b) => Ok(Some(*b)),
            Value::Integer(n @ (0 | 1)) => Ok(Some(*n == 1)),
            Value::Text(t) if matches!(t.as_str(), "true" | "yes" | "是" | "1") => Ok(Some(true)),
            Value::Text(t) if matches!(t.as_str(), "false" | "no" | "否" | "0") => Ok(Some(false)),
            other => Err(fault(name, format!("{other:?} is neither yes nor no"), "write true or false")),
        }
    }

    fn date(&self, name: &'static str) -> Fault<Option<Date>> {
        let Some(text) = self.some_text(name) else { return Ok(None) };
        // City files written by other programs may carry a time; only the day counts here.
        let day = text.split(['T', ' ']).next().unwrap_or(&text);
        day.parse().map(Some).map_err(|_| fault(name, format!("`{text}` is not a date"), "write dates as 2026-11-22"))
    }

    fn word<T>(&self, name: &'static str, parse: fn(&str) -> Option<T>, words: &[&str]) -> Fault<Option<T>> {
        let Some(text) = self.some_text(name) else { return Ok(None) };
        match parse(text.trim()) {
            Some(value) => Ok(Some(value)),
            None => Err(fault(
                name,
                format!("`{text}` is not one of the known words"),
                format!("use one of: {}", words.join(", ")),
            )),
        }
    }

    fn households(&self) -> Fault<Option<HouseholdCount>> {
        let Some(count) = self.whole("households")? else { return Ok(None) };
        Ok(Some(HouseholdCount {
            count,
            basis: self.word("basis", Basis::parse, Basis::WORDS)?.unwrap_or_default(),
            // A figure that came with a file was counted by somebody; what Gridweave derives says so itself.
            provenance: self.word("provenance", Provenance::parse, Provenance::WORDS)?.unwrap_or(Provenance::Surveyed),
            as_of: self.date("as_of")?,
        }))
    }

    fn area(&self) -> Fault<MultiPolygon> {
        match &self.record.geometry {
            Geometry::Area(area) if !area.0.is_empty() => Ok(area.clone()),
            other => {
                Err(fault("geometry", format!("{} where a polygon is needed", kind_of(other)), "give the outline"))
            }
        }
    }

    fn line(&self) -> Fault<Line> {
        match &self.record.geometry {
            Geometry::Line(line) if line.0.len() >= 2 => Ok(line.clone()),
            other => {
                Err(fault("geometry", format!("{} where a line is needed", kind_of(other)), "give the centre line"))
            }
        }
    }

    fn point(&self) -> Fault<Coord> {
        match &self.record.geometry {
            Geometry::Point(at) => Ok(*at),
            other => Err(fault("geometry", format!("{} where a point is needed", kind_of(other)), "give one position")),
        }
    }

    /// Whatever the layer takes.
    fn place(&self) -> Fault<Geometry> {
        match (&self.record.geometry, self.layer.geometry()) {
            (Geometry::Area(_), _) => Ok(Geometry::Area(self.area()?)),
            (Geometry::Line(_), GeometryKind::LineOrArea) => Ok(Geometry::Line(self.line()?)),
            (Geometry::Point(at), GeometryKind::PointOrArea) => Ok(Geometry::Point(*at)),
            (other, _) => {
                Err(fault("geometry", format!("{} does not belong here", kind_of(other)), "give the outline"))
            }
        }
    }

    /// A level's code, or its name where it has no code of its own.
    fn code_or_name(&self) -> Fault<Code> {
        self.code("code")
            .or_else(|| self.code("name"))
            .ok_or_else(|| fault("code", "neither code nor name", "map a column to it: --map code=COLUMN"))
    }
}

fn kind_of(geometry: &Geometry) -> &'static str {
    match geometry {
        Geometry::Point(_) => "a point",
        Geometry::Line(_) => "a line",
        Geometry::Area(_) => "an area",
    }
}

fn list(text: &str) -> Vec<String> {
    text.split([';', '；', '|', '、']).map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn directions(text: &str) -> Fault<Vec<f64>> {
    let parse = |part: &String| part.parse::<f64>().ok().filter(|d| d.is_finite()).map(|d| d.rem_euclid(360.0));
    list(text)
        .iter()
        .map(|part| {
            parse(part).ok_or_else(|| {
                fault("direction", format!("`{part}` is not a bearing"), "write degrees from north, several split by ;")
            })
        })
        .collect()
}

fn households_values(households: Option<HouseholdCount>) -> [Value; 4] {
    let Some(h) = households else { return [Value::Null, Value::Null, Value::Null, Value::Null] };
    [i64::from(h.count).into(), h.basis.word().into(), h.provenance.word().into(), h.as_of.into()]
}

fn units_text(units: &[Unit]) -> String {
    let write = |unit: &Unit| match unit.households {
        Some(n) => format!("{}:{n}", unit.name),
        None => unit.name.clone(),
    };
    units.iter().map(write).collect::<Vec<_>>().join(";")
}

fn units_of(text: &str) -> Vec<Unit> {
    let read = |part: String| match part.rsplit_once(':').map(|(name, n)| (name.to_owned(), n.parse().ok())) {
        Some((name, Some(n))) => Unit { name, households: Some(n) },
        _ => Unit { name: part, households: None },
    };
    list(text).into_iter().map(read).collect()
}

/// Implements [`Entity`]: how to write the values in the order of the layer's fields, and how to read them back.
macro_rules! entity {
    ($type:ident, $layer:ident, $geometry:expr, |$it:ident| $values:expr, |$f:ident| $read:expr) => {
        impl Entity for $type {
            const LAYER: Layer = Layer::$layer;
            fn number(&self) -> u32 {
                self.id.0
            }
            fn renumber(&mut self, id: u32) {
                self.id.0 = id;
            }
            fn to_record(&self) -> Record {
                let $it = self;
                let geometry: fn(&$type) -> Geometry = $geometry;
                Record { id: self.id.0, geometry: geometry(self), values: Vec::from($values) }
            }
            fn from_record(record: &Record) -> Result<Self, FieldFault> {
                let $f = Fields { layer: Self::LAYER, record };
                Ok($read)
            }
        }
    };
}

macro_rules! level_entities {
    ($($type:ident $layer:ident),*) => {$(
        entity!($type, $layer, |it| Geometry::Area(it.area.clone()),
            |it| [(&it.code).into(), it.name.as_str().into(), it.parent.as_ref().into()],
            |f| $type { id: record_id(&f), code: f.code_or_name()?, name: f.text("name"), parent: f.code("parent"), area: f.area()? });
    )*};
}

fn record_id<T: From<u32>>(fields: &Fields<'_>) -> T {
    T::from(fields.record.id)
}

level_entities!(District Districts, Subdistrict Subdistricts, Community Communities);

entity!(
    Grid,
    Grids,
    |it| Geometry::Area(it.area.clone()),
    |it| [
        (&it.code).into(),
        it.name.as_str().into(),
        it.class.word().into(),
        it.community.as_ref().into(),
        it.external_code.as_ref().into()
    ],
    |f| Grid {
        id: record_id(&f),
        code: f.code("code").ok_or_else(|| fault(
            "code",
            "a grid without a code",
            "map a column to it: --map code=COLUMN"
        ))?,
        name: f.text("name"),
        class: f.word("class", GridClass::parse, GridClass::WORDS)?.unwrap_or_default(),
        community: f.code("community"),
        external_code: f.code("external_code"),
        area: f.area()?,
    }
);

entity!(
    Zone,
    Zones,
    |it| Geometry::Area(it.area.clone()),
    |it| [it.kind.word().into(), it.name.as_str().into(), it.from.into(), it.to.into(), it.target.into()],
    |f| Zone {
        id: record_id(&f),
        kind: f.word("kind", ZoneKind::parse, ZoneKind::WORDS)?.ok_or_else(|| fault(
            "kind",
            "a zone without a kind",
            format!("use one of: {}", ZoneKind::WORDS.join(", "))
        ))?,
        name: f.some_text("name").ok_or_else(|| fault(
            "name",
            "a zone without a name",
            "map a column to it: --map name=COLUMN"
        ))?,
        from: f.date("from")?,
        to: f.date("to")?,
        target: f.real("target")?,
        area: f.area()?,
    }
);

entity!(
    Compound,
    Compounds,
    |it| it.place.clone(),
    |it| {
        let [households, basis, provenance, as_of] = households_values(it.households);
        [
            it.name.as_str().into(),
            households,
            basis,
            provenance,
            as_of,
            it.buildings.map(i64::from).into(),
            it.class.map(GridClass::word).into(),
            it.aliases.join(";").as_str().into(),
            it.manager.as_deref().into(),
        ]
    },
    |f| Compound {
        id: record_id(&f),
        name: f.some_text("name").ok_or_else(|| fault(
            "name",
            "a compound without a name",
            "map a column to it: --map name=COLUMN"
        ))?,
        aliases: list(&f.text("aliases")),
        households: f.households()?,
        buildings: f.whole("buildings")?,
        class: f.word("class", GridClass::parse, GridClass::WORDS)?,
        manager: f.some_text("manager"),
        place: f.place()?,
    }
);

entity!(
    Institution,
    Institutions,
    |it| it.place.clone(),
    |it| [it.name.as_str().into(), it.kind.as_str().into()],
    |f| Institution { id: record_id(&f), name: f.text("name"), kind: f.text("kind"), place: f.place()? }
);

entity!(
    Building,
    Buildings,
    |it| Geometry::Area(it.area.clone()),
    |it| {
        let [households, basis, provenance, as_of] = households_values(it.households);
        [
            it.code.as_ref().into(),
            it.name.as_str().into(),
            it.address.as_str().into(),
            it.floors.map(i64::from).into(),
            it.height.into(),
            it.kind.word().into(),
            it.compound.as_deref().into(),
            households,
            basis,
            provenance,
            as_of,
            it.rental_class.as_deref().into(),
            it.stars.map(i64::from).into(),
            units_text(&it.units).as_str().into(),
        ]
    },
    |f| Building {
        id: record_id(&f),
        code: f.code("code"),
        name: f.text("name"),
        address: f.text("address"),
        floors: f.whole("floors")?,
        height: f.real("height")?,
        kind: f.word("kind", BuildingKind::parse, BuildingKind::WORDS)?.unwrap_or_default(),
        compound: f.some_text("compound"),
        households: f.households()?,
        rental_class: f.some_text("rental_class"),
        stars: f.whole("stars")?,
        units: units_of(&f.text("units")),
        area: f.area()?,
    }
);

entity!(
    Street,
    Streets,
    |it| Geometry::Line(it.line.clone()),
    |it| [
        it.class.word().into(),
        it.name.as_str().into(),
        it.access.word().into(),
        it.foot.word().into(),
        it.bicycle.word().into(),
        it.oneway.word().into(),
        i64::from(it.level).into()
    ],
    |f| Street {
        id: record_id(&f),
        class: f.word("class", StreetClass::parse, StreetClass::WORDS)?.unwrap_or_default(),
        name: f.text("name"),
        access: f.word("access", Access::parse, Access::WORDS)?.unwrap_or_default(),
        foot: f.word("foot", Access::parse, Access::WORDS)?.unwrap_or_default(),
        bicycle: f.word("bicycle", Access::parse, Access::WORDS)?.unwrap_or_default(),
        oneway: f.word("oneway", Oneway::parse, Oneway::WORDS)?.unwrap_or_default(),
        level: f.whole("level")?.unwrap_or_default(),
        line: f.line()?,
    }
);

entity!(Water, Water, |it| it.place.clone(), |it| [it.kind.as_str().into(), it.name.as_str().into()], |f| Water {
    id: record_id(&f),
    kind: f.text("kind"),
    name: f.text("name"),
    place: f.place()?
});

entity!(Green, Green, |it| it.place.clone(), |it| [it.kind.as_str().into(), it.name.as_str().into()], |f| Green {
    id: record_id(&f),
    kind: f.text("kind"),
    name: f.text("name"),
    place: Geometry::Area(f.area()?)
});

entity!(Barrier, Barriers, |it| Geometry::Line(it.line.clone()), |it| [Value::from(it.kind.word())], |f| Barrier {
    id: record_id(&f),
    kind: f.word("kind", BarrierKind::parse, BarrierKind::WORDS)?.unwrap_or_default(),
    line: f.line()?
});

entity!(
    Camera,
    Cameras,
    |it| Geometry::Point(it.at),
    |it| [
        it.code.as_ref().into(),
        it.kind.word().into(),
        it.directions.iter().map(f64::to_string).collect::<Vec<_>>().join(";").as_str().into(),
        it.angle.into(),
        it.height.into(),
        it.range.into(),
        it.owner.as_deref().into(),
        it.installed.into(),
        it.online.into(),
        it.healthy.into()
    ],
    |f| Camera {
        id: record_id(&f),
        code: f.code("code"),
        kind: f.word("kind", CameraKind::parse, CameraKind::WORDS)?.unwrap_or_default(),
        directions: directions(&f.text("direction"))?,
        angle: f.real("angle")?,
        height: f.real("height")?,
        range: f.real("range")?,
        owner: f.some_text("owner"),
        installed: f.date("installed")?,
        online: f.boolean("online")?,
        healthy: f.boolean("healthy")?,
        at: f.point()?,
    }
);

entity!(
    Checkpoint,
    Checkpoints,
    |it| Geometry::Point(it.at),
    |it| [
        it.name.as_str().into(),
        it.kind.as_deref().into(),
        it.interval.into(),
        it.dwell.into(),
        it.hours.as_deref().into()
    ],
    |f| Checkpoint {
        id: record_id(&f),
        name: f.some_text("name").ok_or_else(|| fault(
            "name",
            "a checkpoint without a name",
            "map a column to it: --map name=COLUMN"
        ))?,
        kind: f.some_text("kind"),
        interval: f.real("interval")?,
        dwell: f.real("dwell")?,
        hours: f.some_text("hours"),
        at: f.point()?,
    }
);

entity!(
    Service,
    Services,
    |it| Geometry::Point(it.at),
    |it| [it.name.as_str().into(), it.kind.as_deref().into(), it.hours.as_deref().into()],
    |f| Service {
        id: record_id(&f),
        name: f.text("name"),
        kind: f.some_text("kind"),
        hours: f.some_text("hours"),
        at: f.point()?
    }
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_building_survives_its_record() {
        let text = |t: &str| Value::Text(t.into());
        let square = MultiPolygon::from(super::super::geometry::Polygon::simple(vec![
            Coord::new(0, 0),
            Coord::new(9, 0),
            Coord::new(9, 9),
        ]));
        let values = vec![
            text("B1"),
            text("一号楼"),
            Value::Null,
            Value::Integer(6),
            Value::Null,
            text("residential"),
            text("牛沙小区"),
            Value::Integer(48),
            text("resident"),
            text("spread"),
            text("2026-01-31"),
            Value::Null,
            Value::Integer(4),
            text("1:24;东:24"),
        ];
        let record = Record { id: 7, geometry: Geometry::Area(square), values };
        let building = Building::from_record(&record).expect("reads");
        assert_eq!(building.units[1], Unit { name: "东".into(), households: Some(24) });
        assert_eq!(building.to_record(), record);
    }

    #[test]
    fn a_layer_takes_its_own_geometries_only() {
        let record =
            |layer: Layer, geometry| Record { id: 1, geometry, values: vec!["x".into(); layer.fields().len()] };
        let line = Geometry::Line(Line(vec![Coord::new(0, 0), Coord::new(1, 1)]));
        assert!(Water::from_record(&record(Layer::Water, line.clone())).is_ok());
        assert!(Water::from_record(&record(Layer::Water, Geometry::Point(Coord::new(0, 0)))).is_err());
        assert!(Institution::from_record(&record(Layer::Institutions, line)).is_err());
        let empty = Geometry::Area(MultiPolygon::default());
        assert!(Institution::from_record(&record(Layer::Institutions, empty)).is_err());
    }

    #[test]
    fn faults_name_the_field_and_the_remedy() {
        let record = Record {
            id: 0,
            geometry: Geometry::Point(Coord::new(0, 0)),
            values: vec![Value::Null; Layer::Grids.fields().len()],
        };
        assert_eq!(Grid::from_record(&record).map(|_| ()).map_err(|f| f.field), Err("code"));
        let mut camera = Record { values: vec![Value::Null; Layer::Cameras.fields().len()], ..record };
        camera.values[2] = Value::Text("90;-30".into());
        assert_eq!(Camera::from_record(&camera).map(|c| c.directions), Ok(vec![90.0, 330.0]));
        camera.values[2] = Value::Text("north".into());
        assert!(Camera::from_record(&camera).is_err());
    }
}
