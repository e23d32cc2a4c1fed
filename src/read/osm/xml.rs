//! Elements out of an XML file, event by event.

use super::super::bundle::Body;
use super::{Broken, Element, Member, MemberKind, Pass, Progress};
use crate::model::Coord;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use std::borrow::Cow;
use std::io::BufReader;

/// Most references in one element; OpenStreetMap itself allows 2,000 nodes in a way and 32,000 members in a relation.
const MOST_REFS: usize = 1_000_000;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Node,
    Way,
    Relation,
}

/// The element being read.
#[derive(Default)]
struct Open {
    id: i64,
    at: Option<Coord>,
    deleted: bool,
    tags: Vec<(Cow<'static, str>, Cow<'static, str>)>,
    refs: Vec<i64>,
    members: Vec<Member>,
}

pub(super) fn each(
    input: &Body,
    pass: Pass,
    progress: &Progress<'_>,
    take: &mut dyn FnMut(Element<'_>),
) -> Result<(), Broken> {
    let mut reader = Reader::from_reader(BufReader::new(input.open()?));
    let mut buffer = Vec::new();
    let mut open: Option<(Kind, Open)> = None;
    let mut seen_root = false;
    let mut told = 0;
    loop {
        buffer.clear();
        let position = reader.buffer_position();
        if position >= told {
            progress(position);
            told = position + (1 << 20);
        }
        let event = reader.read_event_into(&mut buffer).map_err(|error| malformed(position, &error.to_string()))?;
        let (start, empty) = match &event {
            Event::Start(start) => (start, false),
            Event::Empty(start) => (start, true),
            Event::End(end) => {
                if open.as_ref().is_some_and(|(kind, _)| end.name().as_ref() == name_of(*kind)) {
                    hand_over(open.take(), take);
                }
                continue;
            }
            Event::Eof if seen_root && open.is_none() => return Ok(()),
            Event::Eof => return Err(malformed(position, "the file ends in the middle")),
            _ => continue,
        };
        if !seen_root {
            if start.name().as_ref() != b"osm" {
                return Err(Broken::Format(
                    "not-osm",
                    "the XML is not an OpenStreetMap extract: its root is not <osm>".to_owned(),
                    "give a .osm or .osm.pbf extract (change files: osmium apply-changes first)",
                ));
            }
            seen_root = true;
            continue;
        }
        let wrong = |what: &str| malformed(position, what);
        match (start.name().as_ref(), &mut open) {
            (b"tag", Some((_, element))) => {
                let (mut key, mut value) = (None, None);
                for attribute in start.attributes() {
                    let attribute = attribute.map_err(|error| wrong(&error.to_string()))?;
                    let slot = match attribute.key.as_ref() {
                        b"k" => &mut key,
                        b"v" => &mut value,
                        _ => continue,
                    };
                    let text = attribute.unescape_value().map_err(|error| wrong(&error.to_string()))?;
                    *slot = Some(Cow::Owned(text.into_owned()));
                }
                if let (Some(key), Some(value)) = (key, value) {
                    element.tags.push((key, value));
                }
            }
            (b"nd", Some((Kind::Way, element))) => {
                element.refs.push(number(start, b"ref")?.ok_or_else(|| wrong("<nd> without ref"))?);
            }
            (b"member", Some((Kind::Relation, element))) => {
                let id = number(start, b"ref")?.ok_or_else(|| wrong("<member> without ref"))?;
                let kind = match attribute(start, b"type")?.as_deref() {
                    Some("way") => MemberKind::Way,
                    Some("node") => MemberKind::Node,
                    _ => MemberKind::Relation,
                };
                let inner = attribute(start, b"role")?.as_deref() == Some("inner");
                element.members.push(Member { kind, id, inner });
            }
            (name @ (b"node" | b"way" | b"relation"), None) => {
                let (kind, wanted) = match name {
                    b"node" => (Kind::Node, pass == Pass::Nodes),
                    b"way" => (Kind::Way, pass == Pass::Ways),
                    _ => (Kind::Relation, pass == Pass::Relations),
                };
                if wanted {
                    let element = begin(kind, start)?;
                    open = Some((kind, element));
                    if empty {
                        hand_over(open.take(), take);
                    }
                }
            }
            _ => {}
        }
        if open.as_ref().is_some_and(|(_, e)| e.refs.len() > MOST_REFS || e.members.len() > MOST_REFS) {
            return Err(wrong("an element with more than a million references"));
        }
    }
}

fn name_of(kind: Kind) -> &'static [u8] {
    match kind {
        Kind::Node => b"node",
        Kind::Way => b"way",
        Kind::Relation => b"relation",
    }
}

fn begin(kind: Kind, start: &BytesStart<'_>) -> Result<Open, Broken> {
    let missing = || Broken::Format("osm-malformed", "an element without an id".to_owned(), REMEDY);
    let id = number(start, b"id")?.ok_or_else(missing)?;
    // JOSM marks what its user deleted; histories mark what is no longer there.
    let deleted = attribute(start, b"action")?.as_deref() == Some("delete")
        || attribute(start, b"visible")?.as_deref() == Some("false");
    let mut at = None;
    if kind == Kind::Node {
        let degrees = |text: Option<String>| text.and_then(|text| text.parse::<f64>().ok());
        let (lon, lat) = (degrees(attribute(start, b"lon")?), degrees(attribute(start, b"lat")?));
        at = lon.zip(lat).and_then(|(lon, lat)| Coord::from_degrees(lon, lat));
    }
    Ok(Open { id, at, deleted, ..Open::default() })
}

fn hand_over(open: Option<(Kind, Open)>, take: &mut dyn FnMut(Element<'_>)) {
    let Some((kind, element)) = open.filter(|(_, element)| !element.deleted) else { return };
    let Open { id, at, tags, refs, members, .. } = &element;
    match kind {
        Kind::Node => take(Element::Node { id: *id, at: *at, tags }),
        Kind::Way => take(Element::Way { id: *id, refs, tags }),
        Kind::Relation => take(Element::Relation { id: *id, members, tags }),
    }
}

const REMEDY: &str = "fetch the file again, or convert it: osmium cat IN -o OUT.osm.pbf";

fn malformed(position: u64, detail: &str) -> Broken {
    Broken::Format("osm-malformed", format!("malformed XML near byte {position}: {detail}"), REMEDY)
}

fn attribute(start: &BytesStart<'_>, name: &[u8]) -> Result<Option<String>, Broken> {
    let wrong = |detail: &str| Broken::Format("osm-malformed", format!("malformed attribute: {detail}"), REMEDY);
    let Some(found) = start.try_get_attribute(name).map_err(|error| wrong(&error.to_string()))? else {
        return Ok(None);
    };
    found.unescape_value().map(|text| Some(text.into_owned())).map_err(|error| wrong(&error.to_string()))
}

fn number(start: &BytesStart<'_>, name: &[u8]) -> Result<Option<i64>, Broken> {
    Ok(attribute(start, name)?.and_then(|text| text.parse().ok()))
}
