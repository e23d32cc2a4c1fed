//! What tags mean: tables first, then the rule of each layer.

use super::Tags;
use super::values::{address, bearings, floors, metres};
use crate::model::{BuildingKind, Layer, StreetClass, Value};

/// How a thing takes its geometry from its element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// The node itself; of an area, a point inside it.
    Point,
    /// The way's course.
    Line,
    /// The ground that the closed way or the relation encloses.
    Area,
    /// The node itself, or the ground.
    PointOrArea,
}

/// One record in the making.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Thing {
    pub layer: Layer,
    pub form: Form,
    pub values: Vec<Value>,
    /// Tags whose values could not be read, as `key=value`.
    pub unread: Vec<String>,
}

/// What kind of element carries the tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Node,
    OpenWay,
    ClosedWay,
    /// A multipolygon or boundary relation.
    Relation,
}

/// `highway` values and the class each belongs to; links go with their parent. Others (construction, proposed, platform,
/// elevator, raceway, services, ...) are no streets that a patrol walks.
const STREETS: [(&str, StreetClass); 21] = [
    ("motorway", StreetClass::Motorway),
    ("motorway_link", StreetClass::Motorway),
    ("trunk", StreetClass::Trunk),
    ("trunk_link", StreetClass::Trunk),
    ("primary", StreetClass::Primary),
    ("primary_link", StreetClass::Primary),
    ("secondary", StreetClass::Secondary),
    ("secondary_link", StreetClass::Secondary),
    ("tertiary", StreetClass::Tertiary),
    ("tertiary_link", StreetClass::Tertiary),
    ("residential", StreetClass::Residential),
    ("unclassified", StreetClass::Residential),
    ("living_street", StreetClass::Residential),
    ("road", StreetClass::Residential),
    ("service", StreetClass::Service),
    ("pedestrian", StreetClass::Pedestrian),
    ("footway", StreetClass::Footway),
    ("steps", StreetClass::Footway),
    ("cycleway", StreetClass::Cycleway),
    ("path", StreetClass::Path),
    ("bridleway", StreetClass::Path),
];

/// `building` values (first column) and what `amenity`, `shop`, `office` and the like say of a building (second).
const BUILDING_KINDS: [(BuildingKind, &[&str], &[&str]); 7] = [
    (
        BuildingKind::Residential,
        &[
            "residential",
            "apartments",
            "house",
            "detached",
            "semidetached_house",
            "terrace",
            "bungalow",
            "dormitory",
            "farm",
            "villa",
            "houseboat",
            "static_caravan",
            "cabin",
            "annexe",
        ],
        &[],
    ),
    (BuildingKind::Office, &["office"], &["office=*"]),
    (
        BuildingKind::Retail,
        &["retail", "commercial", "supermarket", "kiosk", "shop", "mall", "hotel"],
        &["shop=*", "tourism=hotel", "amenity=restaurant", "amenity=cafe", "amenity=fast_food", "amenity=marketplace"],
    ),
    (
        BuildingKind::School,
        &["school", "university", "college", "kindergarten"],
        &["amenity=school", "amenity=university", "amenity=college", "amenity=kindergarten"],
    ),
    (BuildingKind::Hospital, &["hospital", "clinic"], &["amenity=hospital", "amenity=clinic", "healthcare=hospital"]),
    (BuildingKind::Industrial, &["industrial", "warehouse", "factory", "manufacture"], &["man_made=works"]),
    (
        BuildingKind::Public,
        &[
            "public",
            "government",
            "civic",
            "townhall",
            "church",
            "cathedral",
            "chapel",
            "mosque",
            "temple",
            "shrine",
            "synagogue",
            "religious",
            "train_station",
            "transportation",
            "station",
            "museum",
            "library",
            "fire_station",
            "police",
            "stadium",
            "sports_hall",
            "sports_centre",
            "theatre",
        ],
        &[
            "amenity=townhall",
            "amenity=police",
            "amenity=fire_station",
            "amenity=library",
            "amenity=theatre",
            "amenity=place_of_worship",
            "amenity=courthouse",
            "amenity=post_office",
            "office=government",
            "tourism=museum",
            "railway=station",
        ],
    ),
];

/// 机关、学校、医院、商场 and their like: premises with work, no households.
const INSTITUTIONS: [(&str, &[&str]); 6] = [
    (
        "amenity",
        &[
            "school",
            "kindergarten",
            "university",
            "college",
            "hospital",
            "townhall",
            "courthouse",
            "police",
            "fire_station",
            "place_of_worship",
            "theatre",
            "bus_station",
            "prison",
            "embassy",
            "exhibition_centre",
            "conference_centre",
        ],
    ),
    ("shop", &["mall", "department_store", "supermarket"]),
    ("office", &["government"]),
    ("healthcare", &["hospital"]),
    ("tourism", &["museum"]),
    ("leisure", &["stadium", "sports_centre"]),
];

/// Everyday services that residents walk to.
const SERVICES: [(&str, &[&str]); 2] = [
    (
        "amenity",
        &[
            "pharmacy",
            "clinic",
            "doctors",
            "dentist",
            "post_office",
            "bank",
            "library",
            "community_centre",
            "social_facility",
            "social_centre",
            "childcare",
            "marketplace",
            "toilets",
        ],
    ),
    ("shop", &["supermarket", "convenience", "laundry", "hairdresser", "greengrocer"]),
];

/// Green ground: key, value, the word of the model.
const GREEN: [(&str, &str, &str); 14] = [
    ("leisure", "park", "park"),
    ("leisure", "garden", "garden"),
    ("leisure", "pitch", "pitch"),
    ("leisure", "golf_course", "grass"),
    ("leisure", "nature_reserve", "park"),
    ("landuse", "grass", "grass"),
    ("landuse", "meadow", "grass"),
    ("landuse", "village_green", "grass"),
    ("landuse", "recreation_ground", "park"),
    ("landuse", "forest", "forest"),
    ("landuse", "cemetery", "cemetery"),
    ("natural", "wood", "forest"),
    ("natural", "scrub", "forest"),
    ("natural", "grassland", "grass"),
];

/// `waterway` lines and the word of the model.
const COURSES: [(&str, &str); 5] =
    [("river", "river"), ("stream", "stream"), ("ditch", "stream"), ("canal", "canal"), ("drain", "canal")];

/// `water=*` of `natural=water`; a lake where it says nothing.
const WATERS: [(&str, &str); 9] = [
    ("river", "river"),
    ("stream", "stream"),
    ("stream_pool", "stream"),
    ("canal", "canal"),
    ("ditch", "canal"),
    ("moat", "canal"),
    ("reservoir", "basin"),
    ("basin", "basin"),
    ("wastewater", "basin"),
];

/// What stops people, by key and value.
const BARRIERS: [(&str, &str, &str); 8] = [
    ("railway", "rail", "rail"),
    ("railway", "light_rail", "rail"),
    ("railway", "narrow_gauge", "rail"),
    ("railway", "subway", "rail"),
    ("barrier", "wall", "wall"),
    ("barrier", "city_wall", "wall"),
    ("barrier", "retaining_wall", "wall"),
    ("barrier", "fence", "fence"),
];

/// `admin_level` by layer, as China uses it; Liechtenstein's communes (8) come in as subdistricts.
const LEVELS: [(&str, Layer); 3] = [("6", Layer::Districts), ("8", Layer::Subdistricts), ("10", Layer::Communities)];

/// Keys that hold an official code, best first.
const CODES: [&str; 7] =
    ["gb2260", "ref:gb2260", "ref:GB2260", "ref:INSEE", "de:amtlicher_gemeindeschluessel", "official_code", "ref"];

/// The class of a `highway` value.
pub(in crate::read) fn street_class(value: &str) -> Option<StreetClass> {
    if value == "track" {
        return Some(StreetClass::Path);
    }
    STREETS.iter().find(|(word, _)| *word == value).map(|(_, class)| *class)
}

pub(super) fn get<'t>(tags: &'t Tags<'_>, key: &str) -> Option<&'t str> {
    tags.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_ref())
}

fn is(tags: &Tags<'_>, key: &str, value: &str) -> bool {
    get(tags, key) == Some(value)
}

/// Whether a key is there and not `no`.
pub(super) fn has(tags: &Tags<'_>, key: &str) -> bool {
    get(tags, key).is_some_and(|value| value != "no")
}

/// Whether a node is a surveillance camera rather than a guard.
pub(super) fn is_camera(tags: &Tags<'_>) -> bool {
    is(tags, "man_made", "surveillance")
        && matches!(get(tags, "surveillance:type"), None | Some("camera" | "ALPR" | "ANPR" | "webcam"))
}

/// Every record that an element's tags give.
pub(super) fn things(tags: &Tags<'_>, shape: Shape) -> Vec<Thing> {
    let mut found = Vec::new();
    if tags.is_empty() {
        return found;
    }
    let area = matches!(shape, Shape::ClosedWay | Shape::Relation);
    let way = matches!(shape, Shape::ClosedWay | Shape::OpenWay);
    if shape == Shape::Relation && is(tags, "type", "boundary") {
        return administrative(tags).into_iter().collect();
    }
    if area {
        found.extend(building(tags));
        found.extend(administrative(tags));
        found.extend(ground(tags));
    }
    if way {
        found.extend(street(tags));
        found.extend(course(tags));
        found.extend(barrier(tags));
    }
    if area || shape == Shape::Node {
        found.extend(listed(tags, &INSTITUTIONS, Layer::Institutions, Form::PointOrArea));
        found.extend(listed(tags, &SERVICES, Layer::Services, Form::Point));
    }
    if shape == Shape::Node && is_camera(tags) {
        found.push(camera(tags));
    }
    found
}

/// A thing with the values named, the rest null.
fn thing(layer: Layer, form: Form, values: &[(&str, Value)]) -> Thing {
    let value = |name: &str| values.iter().find(|(n, _)| *n == name).map_or(Value::Null, |(_, value)| value.clone());
    Thing { layer, form, values: layer.fields().iter().map(|field| value(field.name)).collect(), unread: Vec::new() }
}

fn name(tags: &Tags<'_>) -> Value {
    get(tags, "name").unwrap_or_default().into()
}

/// The value of a tag read by `read`; when it cannot be, the tag goes on the list.
fn read<T>(tags: &Tags<'_>, key: &str, read: fn(&str) -> Option<T>, unread: &mut Vec<String>) -> Option<T> {
    let text = get(tags, key)?;
    let value = read(text);
    if value.is_none() {
        unread.push(format!("{key}={}", text.chars().take(60).collect::<String>()));
    }
    value
}

fn building(tags: &Tags<'_>) -> Option<Thing> {
    let value = get(tags, "building").filter(|value| *value != "no")?;
    let mut unread = Vec::new();
    let address = match get(tags, "addr:street").or_else(|| get(tags, "addr:place")) {
        Some(street) => address(street, get(tags, "addr:housenumber").unwrap_or_default()),
        None => get(tags, "addr:full").or_else(|| get(tags, "addr:housenumber")).unwrap_or_default().to_owned(),
    };
    let values = [
        ("name", name(tags)),
        ("address", address.as_str().into()),
        ("floors", read(tags, "building:levels", floors, &mut unread).into()),
        ("height", read(tags, "height", metres, &mut unread).into()),
        ("kind", building_kind(value, tags).word().into()),
    ];
    Some(Thing { unread, ..thing(Layer::Buildings, Form::Area, &values) })
}

fn building_kind(value: &str, tags: &Tags<'_>) -> BuildingKind {
    if let Some((kind, ..)) = BUILDING_KINDS.iter().find(|(_, values, _)| values.contains(&value)) {
        return *kind;
    }
    let says = |rule: &str| match rule.split_once('=') {
        Some((key, "*")) => has(tags, key),
        Some((key, value)) => is(tags, key, value),
        None => false,
    };
    // The last rule that fits is the most particular: `office=government` after `office=*`.
    let fits = BUILDING_KINDS.iter().rev().find(|(_, _, rules)| rules.iter().any(|rule| says(rule)));
    fits.map_or(BuildingKind::Other, |(kind, ..)| *kind)
}

fn street(tags: &Tags<'_>) -> Option<Thing> {
    let value = get(tags, "highway")?;
    let class = street_class(value)?;
    if has(tags, "area") {
        return None;
    }
    let values = [
        ("class", class.word().into()),
        ("name", name(tags)),
        ("access", access(get(tags, "access"))),
        ("foot", access(get(tags, "foot"))),
        ("bicycle", access(get(tags, "bicycle"))),
        ("oneway", oneway(tags, value).into()),
        ("level", level(tags).into()),
    ];
    Some(thing(Layer::Streets, Form::Line, &values))
}

/// The model's word for an access value; null where it says nothing that counts for people on foot or by bicycle.
fn access(value: Option<&str>) -> Value {
    match value.unwrap_or_default() {
        "yes" | "designated" | "permissive" | "official" | "public" => "yes".into(),
        "private" | "destination" | "customers" | "delivery" | "residents" | "permit" | "agricultural" | "forestry" => {
            "private".into()
        }
        "no" | "military" | "emergency" | "dismount" => "no".into(),
        _ => Value::Null,
    }
}

fn oneway(tags: &Tags<'_>, highway: &str) -> &'static str {
    match get(tags, "oneway") {
        Some("yes" | "true" | "1") => "forward",
        Some("-1" | "reverse") => "backward",
        Some(_) => "no",
        None if highway == "motorway" || is(tags, "junction", "roundabout") => "forward",
        None => "no",
    }
}

/// `layer` where it says; else a bridge is above the ground and a tunnel below. A passage through a building is not.
fn level(tags: &Tags<'_>) -> i64 {
    if let Some(layer) = get(tags, "layer").and_then(|text| text.trim().parse::<i64>().ok()) {
        return layer.clamp(-10, 10);
    }
    if has(tags, "bridge") {
        return 1;
    }
    let passage = is(tags, "tunnel", "building_passage");
    if has(tags, "tunnel") && !passage { -1 } else { 0 }
}

fn ground(tags: &Tags<'_>) -> Option<Thing> {
    let water = match (get(tags, "natural"), get(tags, "waterway"), get(tags, "landuse")) {
        (Some("water"), ..) => {
            let kind = get(tags, "water").and_then(|word| WATERS.iter().find(|(water, _)| *water == word));
            Some(kind.map_or("lake", |(_, kind)| kind))
        }
        (_, Some("riverbank"), _) => Some("river"),
        (_, Some("dock"), _) => Some("basin"),
        (_, _, Some("reservoir" | "basin")) => Some("basin"),
        _ => None,
    };
    let of = |layer, kind: &str| thing(layer, Form::Area, &[("kind", kind.into()), ("name", name(tags))]);
    if let Some(kind) = water {
        return Some(of(Layer::Water, kind));
    }
    let green = GREEN.iter().find(|(key, value, _)| is(tags, key, value));
    green.map(|(_, _, kind)| of(Layer::Green, kind))
}

/// A river's line; underground it stops nobody.
fn course(tags: &Tags<'_>) -> Option<Thing> {
    let value = get(tags, "waterway")?;
    let (_, kind) = COURSES.iter().find(|(word, _)| *word == value)?;
    if has(tags, "tunnel") {
        return None;
    }
    Some(thing(Layer::Water, Form::Line, &[("kind", (*kind).into()), ("name", name(tags))]))
}

/// What stops people on the ground: not rails on bridges or in tunnels.
fn barrier(tags: &Tags<'_>) -> Option<Thing> {
    let hedge = is(tags, "barrier", "hedge").then_some("fence");
    let listed = BARRIERS.iter().find(|(key, value, _)| is(tags, key, value)).map(|(_, _, kind)| *kind);
    let kind = listed.or(hedge)?;
    let off_ground = has(tags, "tunnel") || has(tags, "bridge") || is(tags, "location", "underground");
    if kind == "rail" && off_ground {
        return None;
    }
    Some(thing(Layer::Barriers, Form::Line, &[("kind", kind.into())]))
}

fn administrative(tags: &Tags<'_>) -> Option<Thing> {
    if !is(tags, "boundary", "administrative") {
        return None;
    }
    let level = get(tags, "admin_level")?;
    let (_, layer) = LEVELS.iter().find(|(word, _)| *word == level)?;
    let code = CODES.iter().find_map(|key| get(tags, key));
    let values = [("code", code.unwrap_or_default().into()), ("name", name(tags))];
    Some(thing(*layer, Form::Area, &values))
}

fn listed(tags: &Tags<'_>, table: &[(&str, &[&str])], layer: Layer, form: Form) -> Option<Thing> {
    for (key, values) in table {
        let Some(value) = get(tags, key).filter(|value| values.contains(value)) else { continue };
        let hours = get(tags, "opening_hours").unwrap_or_default();
        let values = [("name", name(tags)), ("kind", value.into()), ("hours", hours.into())];
        return Some(thing(layer, form, &values));
    }
    None
}

/// `camera:angle` is the tilt below the horizon (OpenStreetMap wiki), not the width of the view, so it is not read; a
/// width comes only from a range of bearings.
fn camera(tags: &Tags<'_>) -> Thing {
    let mut unread = Vec::new();
    let kind = match get(tags, "camera:type") {
        Some("dome") => "dome".into(),
        Some("panning" | "ptz") => "ptz".into(),
        Some("fixed" | "bullet") => "fixed".into(),
        _ => Value::Null,
    };
    let key = if has(tags, "camera:direction") { "camera:direction" } else { "direction" };
    let look = read(tags, key, bearings, &mut unread).unwrap_or_default();
    let directions = look.directions.iter().map(f64::to_string).collect::<Vec<_>>().join(";");
    let values = [
        ("code", get(tags, "ref").unwrap_or_default().into()),
        ("kind", kind),
        ("direction", directions.as_str().into()),
        ("angle", look.angle.into()),
        ("height", read(tags, "height", metres, &mut unread).into()),
        ("owner", get(tags, "operator").unwrap_or_default().into()),
    ];
    Thing { unread, ..thing(Layer::Cameras, Form::Point, &values) }
}
