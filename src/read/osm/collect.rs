//! What the three passes found, and the records that come of it.

use super::super::repairs::{Kind, Repairs};
use super::super::rings::{Fault, clean_ring, inner_point, nest};
use super::super::{Problems, Reading, admit};
use super::areas::rings;
use super::tags::{Form, Shape, Thing, get, has, is_camera, things};
use super::{Element, Member, MemberKind, Pass, Tags};
use crate::model::{Coord, Geometry, Layer, Line, MultiPolygon, Problem, Record, Severity};
use std::collections::{BTreeMap, HashMap, HashSet};

/// A multipolygon or boundary relation that may give areas.
struct Relation {
    id: i64,
    ways: Vec<Member>,
    /// Empty for the old manner, where the outer ways carry the tags.
    things: Vec<Thing>,
}

struct Way {
    id: i64,
    refs: Vec<i64>,
    things: Vec<Thing>,
}

/// Outer ways and the layers in which a relation speaks for them.
type Covered = HashSet<(i64, Layer)>;

struct Node {
    id: i64,
    at: Coord,
    things: Vec<Thing>,
}

/// Grows through the passes; see [`super`] for their order.
#[derive(Default)]
pub(super) struct Collected {
    relations: Vec<Relation>,
    needed_ways: HashSet<i64>,
    ways: Vec<Way>,
    /// Sorted once the ways are in.
    needed_nodes: Vec<i64>,
    /// Where each needed node is, in the same order.
    positions: Vec<Option<Coord>>,
    nodes: Vec<Node>,
    /// Elements tagged as buildings that enclose no ground.
    no_outline: Vec<String>,
    counts: BTreeMap<&'static str, u64>,
}

/// Keys that say nothing about what a relation is.
const BARE: [&str; 6] = ["type", "source", "created_by", "note", "attribution", "fixme"];
/// Up to so many problems of one kind are told one by one, more in one line.
const TOLD_ONE_BY_ONE: usize = 20;

impl Collected {
    fn count(&mut self, kind: &'static str) {
        *self.counts.entry(kind).or_default() += 1;
    }

    pub(super) fn take(&mut self, pass: Pass, element: &Element<'_>) {
        match (pass, element) {
            (Pass::Relations, Element::Relation { id, members, tags }) => self.take_relation(*id, members, tags),
            (Pass::Ways, Element::Way { id, refs, tags }) => self.take_way(*id, refs, tags),
            (Pass::Nodes, Element::Node { id, at, tags }) => self.take_node(*id, *at, tags),
            _ => {}
        }
    }

    fn take_relation(&mut self, id: i64, members: &[Member], tags: &Tags<'_>) {
        self.count("relations");
        let multipolygon = get(tags, "type") == Some("multipolygon");
        // `type=building` groups the outline and the parts of one building, which are there as ways.
        if has(tags, "building") && get(tags, "type") != Some("building") {
            self.count(if multipolygon { "building relations" } else { "building relations of another type" });
            if !multipolygon {
                self.no_outline.push(format!("relation {id}"));
            }
        }
        if !multipolygon && get(tags, "type") != Some("boundary") {
            return;
        }
        let things = things(tags, Shape::Relation);
        let bare = multipolygon && tags.iter().all(|(key, _)| BARE.contains(&key.as_ref()));
        if things.is_empty() && !bare {
            return;
        }
        let ways: Vec<Member> = members.iter().filter(|member| member.kind == MemberKind::Way).copied().collect();
        self.needed_ways.extend(ways.iter().map(|way| way.id));
        self.relations.push(Relation { id, ways, things });
    }

    fn take_way(&mut self, id: i64, refs: &[i64], tags: &Tags<'_>) {
        self.count("ways");
        if has(tags, "building") {
            self.count("building ways");
        }
        if get(tags, "highway").is_some() {
            self.count("highway ways");
            if get(tags, "name").is_some() {
                self.count("named highway ways");
            }
        }
        let closed = refs.len() >= 4 && refs.first() == refs.last();
        // An outer piece of a multipolygon may be open; its relation speaks for it.
        if !closed && has(tags, "building") && !self.needed_ways.contains(&id) {
            self.no_outline.push(format!("way {id}"));
        }
        let things = things(tags, if closed { Shape::ClosedWay } else { Shape::OpenWay });
        if things.is_empty() && !self.needed_ways.contains(&id) {
            return;
        }
        self.needed_nodes.extend_from_slice(refs);
        self.ways.push(Way { id, refs: refs.to_vec(), things });
    }

    fn take_node(&mut self, id: i64, at: Option<Coord>, tags: &Tags<'_>) {
        self.count("nodes");
        if let Ok(place) = self.needed_nodes.binary_search(&id)
            && let Some(slot) = self.positions.get_mut(place)
        {
            *slot = at;
        }
        if tags.is_empty() {
            return;
        }
        if has(tags, "building") {
            self.count("building nodes");
            self.no_outline.push(format!("node {id}"));
        }
        if get(tags, "man_made") == Some("surveillance") {
            self.count("surveillance nodes");
            if get(tags, "camera:direction").or_else(|| get(tags, "direction")).is_some() {
                self.count("surveillance nodes with direction");
            }
            if is_camera(tags) {
                self.count("cameras");
            }
        }
        let things = things(tags, Shape::Node);
        if let (Some(at), false) = (at, things.is_empty()) {
            self.nodes.push(Node { id, at, things });
        }
    }

    pub(super) fn end_of(&mut self, pass: Pass) {
        if pass == Pass::Ways {
            self.needed_nodes.sort_unstable();
            self.needed_nodes.dedup();
            self.positions = vec![None; self.needed_nodes.len()];
        }
    }

    fn position(&self, id: i64) -> Option<Coord> {
        self.needed_nodes.binary_search(&id).ok().and_then(|at| self.positions.get(at).copied().flatten())
    }

    /// Makes the records: nodes, then ways, then relations, each in the order of the file.
    pub(super) fn finish(mut self, problems: Problems) -> Reading {
        let mut maker = Maker { problems, features: Vec::new(), cut: Vec::new() };
        for node in std::mem::take(&mut self.nodes) {
            for thing in node.things {
                maker.add(thing, Geometry::Point(node.at), &format!("node {}", node.id));
            }
        }
        // Relations first: a building that they give is not given again by its outer way.
        let mut covered = Covered::new();
        let mut of_relations = Vec::new();
        let by_id: HashMap<i64, usize> = self.ways.iter().enumerate().map(|(i, way)| (way.id, i)).collect();
        for relation in std::mem::take(&mut self.relations) {
            of_relations.extend(self.relation(relation, &by_id, &mut covered, &mut maker));
        }
        for way in std::mem::take(&mut self.ways) {
            self.way(way, &covered, &mut maker);
        }
        for (thing, area, called) in of_relations {
            maker.add_area(thing, area, &called);
        }
        maker.tell_no_outline(&self.no_outline);
        maker.tell_cut();
        let mut reading = Reading { features: maker.features, problems: Vec::new(), ..Reading::default() };
        for (kind, n) in self.counts {
            reading.count(kind, n);
        }
        if reading.features.is_empty() {
            let message = "nothing in the extract has tags that Gridweave reads";
            let remedy = "check that it is the right extract";
            maker.problems.push(Problem::new(Severity::Warning, "no-features", message, remedy));
        }
        reading.problems = maker.problems.finish();
        reading
    }

    fn relation(
        &self,
        relation: Relation,
        by_id: &HashMap<i64, usize>,
        covered: &mut Covered,
        maker: &mut Maker,
    ) -> Vec<(Thing, MultiPolygon, String)> {
        let mut members: Vec<(&Way, bool)> = Vec::with_capacity(relation.ways.len());
        let mut seen = HashSet::new();
        let mut missing = 0;
        for member in &relation.ways {
            if !seen.insert(member.id) {
                continue;
            }
            match by_id.get(&member.id).and_then(|&at| self.ways.get(at)) {
                Some(way) => members.push((way, member.inner)),
                None => missing += 1,
            }
        }
        let outer = || members.iter().filter(|(_, inner)| !inner).map(|(way, _)| *way);
        // In the old manner the outer ways say what the area is; unless they do, the relation is none of ours.
        let old_manner = relation.things.is_empty();
        let things = if old_manner { old_things(outer()) } else { relation.things };
        let Some(first) = things.first() else { return Vec::new() };
        let administrative = matches!(first.layer, Layer::Districts | Layer::Subdistricts | Layer::Communities);
        let called = match first.values.get(usize::from(administrative)) {
            Some(crate::model::Value::Text(name)) if administrative => format!("relation {} ({name})", relation.id),
            _ => format!("relation {}", relation.id),
        };
        let mut lines: Vec<Vec<Coord>> = Vec::with_capacity(members.len());
        let mut lost = 0;
        for (way, _) in &members {
            let line: Vec<Coord> = way.refs.iter().filter_map(|id| self.position(*id)).collect();
            lost += way.refs.len() - line.len();
            lines.push(line);
        }
        let views: Vec<&[Coord]> = lines.iter().map(Vec::as_slice).collect();
        let outcome = if administrative && missing + lost > 0 { None } else { Some(rings(&views)) };
        let incomplete = || {
            let n = relation.ways.len();
            let message = format!("{missing} of its {n} ways and {lost} vertices lie outside the extract; left out");
            let remedy = "take an extract with complete relations: osmium extract --strategy smart";
            Problem::new(Severity::Warning, "area-incomplete", message, remedy).of(&called)
        };
        let rings = match outcome {
            Some(Ok(rings)) => rings,
            None => {
                maker.problems.push(incomplete());
                return Vec::new();
            }
            Some(Err(_)) if missing + lost > 0 => {
                maker.problems.push(incomplete());
                return Vec::new();
            }
            Some(Err(end)) => {
                let message =
                    format!("its ways do not close: one ends at {:.7}, {:.7}; left out", end.0.lon(), end.0.lat());
                let remedy = "mend the relation in OpenStreetMap, or draw the area in a layer of its own";
                maker.problems.push(Problem::new(Severity::Warning, "area-open", message, remedy).of(&called));
                return Vec::new();
            }
        };
        let clean: Vec<_> = rings.iter().filter_map(|r| clean_ring(&closed(&r.0), &mut Repairs::default())).collect();
        let area = match nest(clean) {
            Ok(area) => area,
            Err(fault) => {
                maker.refuse_area(&fault, &called);
                return Vec::new();
            }
        };
        for thing in &things {
            covered.extend(outer().map(|way| (way.id, thing.layer)));
        }
        things.into_iter().map(|thing| (thing, area.clone(), called.clone())).collect()
    }

    fn way(&self, way: Way, covered: &Covered, maker: &mut Maker) {
        let doubled = |thing: &Thing| thing.form != Form::Line && covered.contains(&(way.id, thing.layer));
        let things: Vec<Thing> = way.things.into_iter().filter(|thing| !doubled(thing)).collect();
        if things.is_empty() {
            return;
        }
        let called = format!("way {}", way.id);
        // Pieces of the way within the extract.
        let mut pieces: Vec<Vec<Coord>> = vec![Vec::new()];
        let mut lost = 0;
        for id in &way.refs {
            match (self.position(*id), pieces.last_mut()) {
                (Some(at), Some(piece)) => piece.push(at),
                (Some(_), None) => {}
                (None, _) => {
                    lost += 1;
                    pieces.push(Vec::new());
                }
            }
        }
        if lost > 0 {
            maker.cut.push(called.clone());
        }
        let mut area: Option<Option<MultiPolygon>> = None;
        for thing in things {
            if thing.form == Form::Line {
                for piece in &pieces {
                    let mut line = piece.clone();
                    line.dedup();
                    if line.len() >= 2 {
                        maker.add(thing.clone(), Geometry::Line(Line(line)), &called);
                    }
                }
                continue;
            }
            if lost > 0 {
                continue;
            }
            let made =
                area.get_or_insert_with(|| maker.area_of_way(pieces.first().map_or(&[], Vec::as_slice), &called));
            if let Some(made) = made {
                maker.add_area(thing, made.clone(), &called);
            }
        }
    }
}

/// What the outer ways of an untagged multipolygon say it is: the first of them that says something.
fn old_things<'w>(outer: impl Iterator<Item = &'w Way>) -> Vec<Thing> {
    for way in outer {
        let areas: Vec<Thing> = way.things.iter().filter(|thing| thing.form != Form::Line).cloned().collect();
        if !areas.is_empty() {
            return areas;
        }
    }
    Vec::new()
}

fn closed(ring: &[Coord]) -> Vec<Coord> {
    ring.iter().chain(ring.first()).copied().collect()
}

/// Collects the records and what is to be told about them.
struct Maker {
    problems: Problems,
    features: Vec<(Layer, Record)>,
    /// Ways cut by the edge of the extract.
    cut: Vec<String>,
}

impl Maker {
    fn add(&mut self, thing: Thing, geometry: Geometry, called: &str) {
        for tag in &thing.unread {
            let message = format!("`{tag}` cannot be read; left empty");
            let remedy = "mend the tag in OpenStreetMap, or set the value in Gridweave";
            self.problems.push(Problem::new(Severity::Warning, "value-unreadable", message, remedy).of(called));
        }
        let record = Record { id: 0, geometry, values: thing.values };
        let problems = &mut self.problems;
        match admit(thing.layer, record, &mut |problem| problems.push(problem.of(called))) {
            Ok(record) => self.features.push((thing.layer, record)),
            // One bad element among a hundred thousand does not spoil an extract: it is left out and told.
            Err(problem) => self.problems.push(Problem { severity: Severity::Warning, ..problem.of(called) }),
        }
    }

    fn add_area(&mut self, thing: Thing, area: MultiPolygon, called: &str) {
        let geometry = match thing.form {
            Form::Point => inner_point(&area).map(Geometry::Point),
            _ => Some(Geometry::Area(area)),
        };
        if let Some(geometry) = geometry {
            self.add(thing, geometry, called);
        }
    }

    fn area_of_way(&mut self, vertices: &[Coord], called: &str) -> Option<MultiPolygon> {
        let mut repairs = Repairs::default();
        let Some(ring) = clean_ring(vertices, &mut repairs) else {
            self.refuse_area(&Fault::NoArea, called);
            return None;
        };
        let spikes = repairs.count(Kind::Spike);
        if spikes > 0 {
            let message = format!("cut off {spikes} spikes of no width");
            let remedy = "nothing to do; mend the way in OpenStreetMap if you can";
            self.problems.push(Problem::new(Severity::Warning, "ring-repaired", message, remedy).of(called));
        }
        match nest(vec![ring]) {
            Ok(area) => Some(area),
            Err(fault) => {
                self.refuse_area(&fault, called);
                None
            }
        }
    }

    fn refuse_area(&mut self, fault: &Fault, called: &str) {
        let (code, message, _) = fault.tell();
        let remedy = "mend it in OpenStreetMap, or draw it in a layer of its own";
        self.problems.push(Problem::new(Severity::Warning, code, format!("{message}; left out"), remedy).of(called));
    }

    fn tell_no_outline(&mut self, buildings: &[String]) {
        if buildings.is_empty() {
            return;
        }
        let named = buildings.iter().take(TOLD_ONE_BY_ONE).map(String::as_str).collect::<Vec<_>>().join(", ");
        let n = buildings.len();
        let message = format!("{n} elements are tagged as buildings but enclose no ground: {named}");
        let remedy = "not imported; draw their outlines in OpenStreetMap";
        self.problems.push(Problem::new(Severity::Note, "building-without-outline", message, remedy));
    }

    fn tell_cut(&mut self) {
        let remedy = "lines were kept as far as they reach, areas left out; take a larger extract to have all";
        if self.cut.len() > TOLD_ONE_BY_ONE {
            let message = format!(
                "{} ways reach beyond the extract, {} the first of them",
                self.cut.len(),
                self.cut.first().map_or("", String::as_str)
            );
            self.problems.push(Problem::new(Severity::Note, "cut-by-extract", message, remedy));
            return;
        }
        for called in std::mem::take(&mut self.cut) {
            let message = "reaches beyond the extract";
            self.problems.push(Problem::new(Severity::Note, "cut-by-extract", message, remedy).of(called));
        }
    }
}
