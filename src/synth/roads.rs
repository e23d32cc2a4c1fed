//! The street layer: edges of the mesh joined into sections between junctions, named along their natural course.

use super::mesh::{Course, Mesh, OUTSIDE};
use super::names::Names;
use super::plane::P;
use super::site::Built;
use crate::model::{Access, Coord, Line, Oneway, Street, StreetClass, StreetId};
use std::collections::BTreeMap;

/// A piece of street between two junctions.
#[derive(Clone, Debug)]
pub struct Section {
    /// Vertices of the mesh.
    pub path: Vec<u32>,
    /// Its rank.
    pub class: StreetClass,
    /// Above the ground.
    pub bridge: bool,
    /// Which road it is part of: sections of a road carry one name.
    pub road: usize,
    /// Whether it is half of a long road, numbered from the middle of town.
    pub halved: bool,
    /// Its name; may be empty.
    pub name: String,
}

/// All streets.
pub struct Roads {
    /// Sections of the mesh's streets.
    pub sections: Vec<Section>,
    /// The south-western corner of each road's extent, by the number that its sections carry.
    pub starts: Vec<P>,
    /// The section along each edge of the mesh, `usize::MAX` where no street runs.
    pub of_edge: Vec<usize>,
}

/// Streets across the railway leave the ground there: arterials over it, small streets under it.
pub fn cross_railway(mesh: &mut Mesh) {
    for v in 0..mesh.vertices.len() as u32 {
        let leaving = mesh.leaving(v);
        let rail = leaving.iter().any(|&h| mesh.course(h) == Course::Rail);
        let streets: Vec<u32> = leaving.into_iter().filter(|&h| mesh.course(h).street().is_some()).collect();
        if rail && streets.len() > 1 {
            for h in streets {
                if let Course::Street(class) = mesh.course(h) {
                    mesh.courses[(h / 2) as usize] = Course::Bridge(class);
                }
            }
        }
    }
}

/// Streets that nothing joins to the rest (behind the railway at the district's edge, say) become field paths, which are
/// no streets: one can go from every street to every other.
pub fn drop_islands(mesh: &mut Mesh) {
    let mut part = vec![usize::MAX; mesh.vertices.len()];
    let mut sizes: Vec<usize> = Vec::new();
    for start in 0..mesh.vertices.len() as u32 {
        if part[start as usize] != usize::MAX {
            continue;
        }
        let (mut todo, mut size) = (vec![start], 0);
        while let Some(v) = todo.pop() {
            if part[v as usize] != usize::MAX {
                continue;
            }
            part[v as usize] = sizes.len();
            size += 1;
            let on = mesh.leaving(v).into_iter().filter(|&h| mesh.course(h).street().is_some());
            todo.extend(on.map(|h| mesh.origin(h ^ 1)));
        }
        sizes.push(size);
    }
    let largest = (0..sizes.len()).max_by_key(|&i| (sizes[i], std::cmp::Reverse(i)));
    for h in (0..mesh.half_edges()).step_by(2) {
        let own = part[mesh.origin(h) as usize];
        if mesh.course(h).street().is_some() && Some(own) != largest {
            mesh.courses[(h / 2) as usize] = Course::Furrow;
        }
    }
}

/// Joins edges into sections and names them.
pub fn join(mesh: &Mesh, names: &mut Names, named: &dyn Fn(u32) -> bool) -> Roads {
    let street = |h: u32| mesh.course(h).street();
    let degree = |v: u32| mesh.leaving(v).into_iter().filter(|&h| street(h).is_some()).count();
    let mut of_edge = vec![usize::MAX; mesh.courses.len()];
    let mut sections: Vec<Section> = Vec::new();
    // Sections start at junctions and ends; what is left over is a closed ring and starts anywhere.
    for closed in [false, true] {
        for h in 0..mesh.half_edges() {
            let Some(class) = street(h) else { continue };
            let course = mesh.course(h);
            let v = mesh.origin(h);
            let changes = || mesh.leaving(v).into_iter().any(|o| street(o).is_some() && mesh.course(o) != course);
            if of_edge[(h / 2) as usize] != usize::MAX || !(closed || degree(v) != 2 || changes()) {
                continue;
            }
            let mut path = vec![v];
            let mut at = h;
            loop {
                of_edge[(at / 2) as usize] = sections.len();
                let end = mesh.origin(at ^ 1);
                path.push(end);
                if degree(end) != 2 {
                    break;
                }
                let next = mesh.leaving(end).into_iter().find(|&o| o != (at ^ 1) && mesh.course(o) == course);
                match next.filter(|&o| of_edge[(o / 2) as usize] == usize::MAX) {
                    Some(next) => at = next,
                    None => break,
                }
            }
            let bridge = matches!(course, Course::Bridge(_));
            sections.push(Section { path, class, bridge, road: 0, halved: false, name: String::new() });
        }
    }
    name(mesh, &mut sections, names, named);
    let mut starts = vec![P { x: f64::MAX, y: f64::MAX }; sections.len()];
    for section in &sections {
        for &v in &section.path {
            let (at, start) = (mesh.places[v as usize], &mut starts[section.road]);
            *start = P { x: start.x.min(at.x), y: start.y.min(at.y) };
        }
    }
    Roads { sections, starts, of_edge }
}

/// Pairs sections that go straight on at each junction and gives every road so found a name.
fn name(mesh: &Mesh, sections: &mut [Section], names: &mut Names, named: &dyn Fn(u32) -> bool) {
    let mut ends: BTreeMap<u32, Vec<(usize, P)>> = BTreeMap::new();
    let place = |v: u32| mesh.places[v as usize];
    for (i, section) in sections.iter().enumerate() {
        let n = section.path.len();
        let away = |a: u32, b: u32| (place(b) - place(a)).unit();
        ends.entry(section.path[0]).or_default().push((i, away(section.path[0], section.path[1])));
        ends.entry(section.path[n - 1]).or_default().push((i, away(section.path[n - 1], section.path[n - 2])));
    }
    let mut road: Vec<usize> = (0..sections.len()).collect();
    for there in ends.values() {
        let mut pairs: Vec<(f64, usize, usize)> = Vec::new();
        for a in 0..there.len() {
            for b in a + 1..there.len() {
                let straight = -there[a].1.dot(there[b].1);
                if straight > 0.8 && sections[there[a].0].class == sections[there[b].0].class {
                    pairs.push((straight, a, b));
                }
            }
        }
        pairs.sort_by(|x, y| y.0.total_cmp(&x.0).then((x.1, x.2).cmp(&(y.1, y.2))));
        let mut used = vec![false; there.len()];
        for (_, a, b) in pairs {
            if !used[a] && !used[b] {
                (used[a], used[b]) = (true, true);
                let (ra, rb) = (root(&road, there[a].0), root(&road, there[b].0));
                road[ra.max(rb)] = ra.min(rb);
            }
        }
    }
    let mut stems: BTreeMap<usize, (String, bool, bool)> = BTreeMap::new();
    let mut spans: BTreeMap<usize, (P, P)> = BTreeMap::new();
    for (i, section) in sections.iter_mut().enumerate() {
        section.road = root(&road, i);
        for &v in &section.path {
            let at = place(v);
            let span = spans.entry(section.road).or_insert((at, at));
            span.0 = P { x: span.0.x.min(at.x), y: span.0.y.min(at.y) };
            span.1 = P { x: span.1.x.max(at.x), y: span.1.y.max(at.y) };
        }
    }
    for section in sections.iter_mut() {
        let middle = place(section.path[section.path.len() / 2]);
        if section.class == StreetClass::Trunk {
            section.name = format!("环城{}路", compass(middle));
            section.halved = true;
            continue;
        }
        let side = |h: u32| mesh.face(h) == OUTSIDE || named(mesh.face(h));
        let edge = mesh.leaving(section.path[0]).into_iter().find(|&h| mesh.origin(h ^ 1) == section.path[1]);
        if section.class >= StreetClass::Residential && !edge.is_some_and(|h| side(h) || side(h ^ 1)) {
            continue;
        }
        let span = spans.get(&section.road).map_or(P::default(), |s| s.1 - s.0);
        let (class, road) = (section.class, section.road);
        let (stem, east_west, long) = stems
            .entry(road)
            .or_insert_with(|| {
                (names.street(), span.x > span.y, span.len() > 2_300.0 && class <= StreetClass::Secondary)
            })
            .clone();
        let direction = match (long, east_west) {
            (false, _) => "",
            (true, true) if middle.x < 0.0 => "西",
            (true, true) => "东",
            (true, false) if middle.y < 0.0 => "南",
            (true, false) => "北",
        };
        // 街 runs east-west, 路 north-south, 巷 off either: a habit of many towns, and easy to find one's way by.
        let tail = match class {
            StreetClass::Primary if !long => "大道",
            StreetClass::Primary | StreetClass::Secondary => "路",
            StreetClass::Tertiary if east_west => "街",
            StreetClass::Tertiary => "路",
            StreetClass::Residential if east_west => "街",
            StreetClass::Residential if stem.chars().count() % 2 == 0 => "路",
            StreetClass::Residential => "横街",
            _ => "巷",
        };
        section.halved = long;
        section.name = format!("{stem}{direction}{tail}");
    }
}

fn root(road: &[usize], mut i: usize) -> usize {
    while road[i] != i {
        i = road[i];
    }
    i
}

fn compass(at: P) -> &'static str {
    match (at.x.abs() > at.y.abs(), at.x > 0.0, at.y > 0.0) {
        (true, true, _) => "东",
        (true, false, _) => "西",
        (false, _, true) => "北",
        (false, _, false) => "南",
    }
}

/// Writes the layer: sections first, then the ways inside plots.
pub fn layer(mesh: &Mesh, roads: &Roads, built: &[Built]) -> Vec<Street> {
    let mut out: Vec<Street> = Vec::new();
    let street = |class, name: &str, line: Vec<Coord>, out: &Vec<Street>| Street {
        id: StreetId(out.len() as u32 + 1),
        class,
        name: name.to_owned(),
        access: Access::Usual,
        foot: Access::Usual,
        bicycle: Access::Usual,
        oneway: Oneway::No,
        level: 0,
        line: Line(line),
    };
    for (i, section) in roads.sections.iter().enumerate() {
        let line = section.path.iter().map(|&v| mesh.vertices[v as usize]).collect();
        let mut one = street(section.class, &section.name, line, &out);
        one.level = match (section.bridge, section.class <= StreetClass::Tertiary) {
            (false, _) => 0,
            (true, true) => 1,
            (true, false) => -1,
        };
        // A tenth of the small streets have become one-way, whole roads at a time.
        let lottery = super::dice::mix(77, section.road as u64) % 10;
        if section.class >= StreetClass::Tertiary && section.class <= StreetClass::Residential && lottery == 0 {
            one.oneway = if i % 2 == 0 { Oneway::Forward } else { Oneway::Backward };
        }
        if section.class <= StreetClass::Trunk {
            one.bicycle = Access::Yes;
        }
        out.push(one);
    }
    for built in built {
        for way in &built.ways {
            let line: Vec<Coord> = way.line.iter().map(|at| mesh.frame.coord(at.x, at.y)).collect();
            let mut one = street(way.class, "", line, &out);
            if way.class == StreetClass::Service {
                one.access = Access::Private;
                one.foot = Access::Yes;
            }
            out.push(one);
        }
    }
    out
}
