//! Today's levels: plots are gathered into communities, subdistricts and grids that nobody has balanced yet.
//!
//! Every unit is a set of faces of the mesh, so units tile the plane exactly and their borders run along streets, the
//! river, the railway and compound walls.

use super::dice::Dice;
use super::mesh::{Course, Mesh, OUTSIDE};
use super::plane::{P, area, centroid, p};
use super::plots::{Plot, Use};
use crate::model::{GridClass, MultiPolygon, Polygon, Ring, StreetClass};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

/// Pieces of ground and which of them touch.
struct Graph {
    weights: Vec<f64>,
    at: Vec<P>,
    /// Where the wider neighbourhood of a piece lies: growth finishes a neighbourhood before it starts the next.
    around: Vec<P>,
    /// Neighbour, cost of a border between them.
    near: Vec<Vec<(u32, f64)>>,
}

/// Cost of a border along a course, per metre: people put up with a border along a main road, not through a yard.
fn border_cost(course: Course) -> f64 {
    match course {
        Course::Rail | Course::Midriver => 0.02,
        Course::Street(class) | Course::Bridge(class) => match class {
            StreetClass::Motorway | StreetClass::Trunk => 0.05,
            StreetClass::Primary => 0.1,
            StreetClass::Secondary => 0.2,
            StreetClass::Tertiary => 0.6,
            StreetClass::Residential => 1.0,
            _ => 2.2,
        },
        Course::Wall => 1.6,
        Course::Furrow => 2.0,
        Course::Border => 1.0,
    }
}

/// What unit each face belongs to.
pub struct Levels {
    /// Index of the subdistrict by face.
    pub subdistrict: Vec<u32>,
    /// Index of the community by face.
    pub community: Vec<u32>,
    /// Index of the grid by face.
    pub grid: Vec<u32>,
    /// Class of each grid.
    pub classes: Vec<GridClass>,
    /// Subdistrict of each community.
    pub parents: Vec<u32>,
    /// Community of each grid.
    pub communities: Vec<u32>,
}

/// How many units of each level there are.
#[derive(Clone, Copy, Debug)]
pub struct Counts {
    /// 街道.
    pub subdistricts: u32,
    /// 社区.
    pub communities: u32,
    /// 网格.
    pub grids: u32,
}

const NONE: u32 = u32::MAX;

/// Gathers plots into levels.
pub fn gather(mesh: &Mesh, plots: &[Plot], households: &[f64], counts: Counts, seed: u64) -> Levels {
    let faces = mesh.faces() as usize;
    let mut dice = Dice::new(seed, &[6]);
    let total: f64 = households.iter().sum();
    let sizes: Vec<f64> =
        (0..mesh.faces()).map(|face| if face == OUTSIDE { 0.0 } else { area(&mesh.ring(face)) }).collect();
    let ground: f64 = sizes.iter().sum();
    // Work comes from people first and from ground second.
    let weight = |face: usize| households[face] / total + 0.42 * sizes[face] / ground;

    // 1. Blocks into subdistricts, blocks of a subdistrict into communities.
    let mut blocks: BTreeMap<u32, u32> = BTreeMap::new();
    let mut block_of = vec![NONE; faces];
    for plot in plots {
        let next = blocks.len() as u32;
        block_of[plot.face as usize] = *blocks.entry(plot.tag.block).or_insert(next);
    }
    let cells: Vec<u32> = mesh.tags.iter().map(|tag| tag.cell).collect();
    let by_block = graph(mesh, &block_of, blocks.len(), &cells, &weight);
    let all: Vec<u32> = (0..blocks.len() as u32).collect();
    let mut subdistricts = Vec::new();
    split(&by_block, all, counts.subdistricts, 0.12, &mut dice, &mut subdistricts);
    subdistricts.sort_by(|a, b| reading_order(&by_block, a, b));
    let loads: Vec<f64> = subdistricts.iter().map(|s| s.iter().map(|&b| by_block.weights[b as usize]).sum()).collect();
    let most: Vec<u32> = subdistricts.iter().map(|s| s.len() as u32).collect();
    let shares = apportion(&loads, &most, counts.communities);
    let (mut of_block_s, mut of_block_c) = (vec![NONE; blocks.len()], vec![NONE; blocks.len()]);
    let mut parents = Vec::new();
    for (s, members) in subdistricts.into_iter().enumerate() {
        for &block in &members {
            of_block_s[block as usize] = s as u32;
        }
        let mut communities = Vec::new();
        split(&by_block, members, shares[s], 0.18, &mut dice, &mut communities);
        communities.sort_by(|a, b| reading_order(&by_block, a, b));
        for members in communities {
            for block in members {
                of_block_c[block as usize] = parents.len() as u32;
            }
            parents.push(s as u32);
        }
    }
    let lift = |of_block: &[u32]| -> Vec<u32> {
        block_of.iter().map(|&block| if block == NONE { NONE } else { of_block[block as usize] }).collect()
    };
    let (subdistrict, community) = (lift(&of_block_s), lift(&of_block_c));

    // 2. Plots of a community into grids: like with like.
    let own: Vec<u32> = (0..faces as u32).map(|face| if face == OUTSIDE { NONE } else { face }).collect();
    let blocks_as_cells: Vec<u32> = mesh.tags.iter().map(|tag| tag.block).collect();
    let by_face = graph(mesh, &own, faces, &blocks_as_cells, &|face| households[face] + 2.0 + sizes[face] / 9_000.0);
    let pieces = like_with_like(mesh, plots, households, &sizes, &by_face, &community, parents.len());
    let mut ideals: Vec<f64> = pieces
        .iter()
        .map(|piece| {
            let people: f64 = piece.faces.iter().map(|&face| households[face as usize]).sum();
            let ground: f64 = piece.faces.iter().map(|&face| sizes[face as usize]).sum();
            match piece.class {
                GridClass::Mature => people / 850.0,
                GridClass::Open => people / 290.0,
                GridClass::UrbanVillage => people / 620.0,
                GridClass::Rural => people / 120.0 + ground / 1_700_000.0,
                GridClass::Dedicated => 0.01,
            }
        })
        .collect();
    // Mature compounds were gridded with the band in mind; the other classes share the grids that are left.
    let of = |ideals: &[f64], mature: bool| -> f64 {
        let same = |piece: &&Piece| (piece.class == GridClass::Mature) == mature;
        pieces.iter().zip(ideals).filter(|(piece, _)| same(piece)).map(|(_, ideal)| ideal).sum()
    };
    let dedicated = pieces.iter().filter(|piece| piece.class == GridClass::Dedicated).count() as f64;
    let left = f64::from(counts.grids) - dedicated - of(&ideals, true);
    let others = (left / of(&ideals, false).max(1.0)).clamp(0.55, 1.5);
    for (piece, ideal) in pieces.iter().zip(&mut ideals) {
        if piece.class != GridClass::Mature {
            *ideal *= others;
        }
    }
    let most: Vec<u32> = pieces
        .iter()
        .map(|piece| if piece.class == GridClass::Dedicated { 1 } else { piece.faces.len() as u32 })
        .collect();
    let shares = apportion(&ideals, &most, counts.grids);
    let mut found: Vec<(u32, GridClass, Vec<u32>)> = Vec::new();
    for (piece, &share) in pieces.iter().zip(&shares) {
        let mut grids = Vec::new();
        split(&by_face, piece.faces.clone(), share, 0.75, &mut dice, &mut grids);
        found.extend(grids.into_iter().map(|grid| (piece.community, piece.class, grid)));
    }

    // 3. Within a community, grids are numbered row by row from the north, each row from west to east.
    let mut levels = Levels {
        subdistrict,
        community,
        grid: vec![NONE; faces],
        classes: Vec::new(),
        parents,
        communities: Vec::new(),
    };
    found.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| reading_order(&by_face, &a.2, &b.2)));
    for (community, class, members) in found {
        for face in members {
            levels.grid[face as usize] = levels.classes.len() as u32;
        }
        levels.classes.push(class);
        levels.communities.push(community);
    }
    levels
}

/// Middle of a set of pieces.
fn middle(graph: &Graph, members: &[u32]) -> P {
    let sum = members.iter().fold(p(0.0, 0.0), |sum, &m| sum + graph.at[m as usize]);
    sum * (1.0 / members.len().max(1) as f64)
}

/// West to east in rows 400 m deep, rows from north to south.
fn reading_order(graph: &Graph, a: &[u32], b: &[u32]) -> Ordering {
    let key = |members: &[u32]| {
        let at = middle(graph, members);
        ((-at.y / 400.0).round(), at.x)
    };
    let (a, b) = (key(a), key(b));
    a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
}

/// The graph over groups of faces.
fn graph(mesh: &Mesh, group: &[u32], count: usize, neighbourhood: &[u32], weight: &dyn Fn(usize) -> f64) -> Graph {
    let mut weights = vec![0.0; count];
    let mut sums = vec![(p(0.0, 0.0), 0.0); count];
    let mut wide: BTreeMap<u32, (P, f64)> = BTreeMap::new();
    let mut hood = vec![0; count];
    for face in OUTSIDE + 1..mesh.faces() {
        let g = group[face as usize];
        if g == NONE {
            continue;
        }
        let ring = mesh.ring(face);
        let (at, size) = (centroid(&ring), area(&ring));
        weights[g as usize] += weight(face as usize);
        let add = |sum: &mut (P, f64)| *sum = (sum.0 + at * size, sum.1 + size);
        add(&mut sums[g as usize]);
        add(wide.entry(neighbourhood[face as usize]).or_insert((p(0.0, 0.0), 0.0)));
        hood[g as usize] = neighbourhood[face as usize];
    }
    let mean = |(sum, size): (P, f64)| sum * (1.0 / size.max(1.0));
    let mut borders: BTreeMap<(u32, u32), f64> = BTreeMap::new();
    for h in 0..mesh.half_edges() {
        let (a, b) = (mesh.face(h), mesh.face(h ^ 1));
        if a == OUTSIDE || b == OUTSIDE {
            continue;
        }
        let (a, b) = (group[a as usize], group[b as usize]);
        if a != b && a != NONE && b != NONE {
            *borders.entry((a, b)).or_default() += (mesh.to(h) - mesh.from(h)).len() * border_cost(mesh.course(h));
        }
    }
    let mut near = vec![Vec::new(); count];
    for ((a, b), cost) in borders {
        near[a as usize].push((b, cost));
    }
    let around = hood.iter().map(|h| wide.get(h).map_or(p(0.0, 0.0), |&sum| mean(sum))).collect();
    Graph { weights, at: sums.into_iter().map(mean).collect(), around, near }
}

/// Seats by size, largest remainder, at least one each and at most `most`.
pub fn apportion(loads: &[f64], most: &[u32], seats: u32) -> Vec<u32> {
    let total: f64 = loads.iter().sum::<f64>().max(1e-9);
    let exact: Vec<f64> = loads.iter().map(|load| load / total * f64::from(seats)).collect();
    let mut given: Vec<u32> = exact.iter().zip(most).map(|(e, &m)| (e.round() as u32).clamp(1, m.max(1))).collect();
    loop {
        let sum: u32 = given.iter().sum();
        let better = |a: &usize, b: &usize, sign: f64| {
            let need = |i: usize| sign * (exact[i] / f64::from(given[i]) - 1.0) * exact[i].max(0.2).sqrt();
            need(*a).total_cmp(&need(*b)).then(b.cmp(a))
        };
        let change = match sum.cmp(&seats) {
            Ordering::Equal => return given,
            Ordering::Less => {
                (0..loads.len()).filter(|&i| given[i] < most[i]).max_by(|a, b| better(a, b, 1.0)).map(|i| (i, 1))
            }
            Ordering::Greater => {
                (0..loads.len()).filter(|&i| given[i] > 1).max_by(|a, b| better(a, b, -1.0)).map(|i| (i, -1))
            }
        };
        let Some((i, step)) = change else { return given };
        given[i] = given[i].saturating_add_signed(step);
    }
}

/// Splits connected pieces into `parts` connected sets; `uneven` says how far from fair.
fn split(graph: &Graph, members: Vec<u32>, parts: u32, uneven: f64, dice: &mut Dice, out: &mut Vec<Vec<u32>>) {
    if parts <= 1 || members.len() <= 1 {
        out.push(members);
        return;
    }
    let first = parts / 2;
    let fair = f64::from(first) / f64::from(parts);
    // Most cuts were meant to be fair when they were made; some neighbourhoods have grown since.
    let uneven = if dice.chance(0.74) { uneven * 0.05 } else { uneven };
    let share = (fair * (1.0 + dice.range(-uneven, uneven))).clamp(0.08, 0.92);
    let start = dice.range(0.0, std::f64::consts::PI);
    let mut best: Option<(f64, Vec<u32>, Vec<u32>)> = None;
    for k in 0..16 {
        let angle = start + f64::from(k) * std::f64::consts::TAU / 16.0;
        let (one, other) = grow(graph, &members, share, p(angle.cos(), angle.sin()));
        let enough = one.len() >= first as usize && other.len() >= (parts - first) as usize;
        let cost = judge(graph, &one, &other, share) + if enough { 0.0 } else { 100.0 };
        if best.as_ref().is_none_or(|(least, ..)| cost < *least) {
            best = Some((cost, one, other));
        }
    }
    if let Some((_, one, other)) = best {
        // A set with fewer pieces than parts gives its surplus to the other.
        let spare = (first as usize).saturating_sub(one.len()) as u32;
        let lack = ((parts - first) as usize).saturating_sub(other.len()) as u32;
        split(graph, one, first - spare + lack, uneven, dice, out);
        split(graph, other, parts - first + spare - lack, uneven, dice, out);
    }
}

fn sum(graph: &Graph, members: &[u32]) -> f64 {
    members.iter().map(|&m| graph.weights[m as usize]).sum()
}

/// How bad a split is: off its share, long or awkward borders, sprawling shapes.
fn judge(graph: &Graph, one: &[u32], other: &[u32], share: f64) -> f64 {
    let (a, b) = (sum(graph, one), sum(graph, other));
    let off = (a / (a + b).max(1e-12) - share).abs();
    let set: BTreeSet<u32> = one.iter().copied().collect();
    let inside: BTreeSet<u32> = other.iter().copied().collect();
    let mut cut = 0.0;
    for &m in one {
        cut += graph.near[m as usize]
            .iter()
            .filter(|(n, _)| !set.contains(n) && inside.contains(n))
            .map(|e| e.1)
            .sum::<f64>();
    }
    let spread = |members: &[u32]| {
        let c = middle(graph, members);
        (members.iter().map(|&m| (graph.at[m as usize] - c).dot(graph.at[m as usize] - c)).sum::<f64>()
            / members.len().max(1) as f64)
            .sqrt()
    };
    let all: Vec<u32> = one.iter().chain(other).copied().collect();
    let size = spread(&all).max(50.0);
    13.0 * off + 0.35 * cut / size + 1.2 * (spread(one) + spread(other)) / size
}

/// Grows a connected set from the end that lies farthest back along a direction until it has its share; what the
/// growth cut off from the larger rest joins it.
fn grow(graph: &Graph, members: &[u32], share: f64, along: P) -> (Vec<u32>, Vec<u32>) {
    let key = |m: u32| {
        let (at, around) = (graph.at[m as usize], graph.around[m as usize]);
        (at * 0.5 + around * 0.5).dot(along)
    };
    let whole: BTreeSet<u32> = members.iter().copied().collect();
    let total = sum(graph, members);
    let Some(&first) = members.iter().min_by(|&&a, &&b| key(a).total_cmp(&key(b)).then(a.cmp(&b))) else {
        return (Vec::new(), Vec::new());
    };
    let mut taken: BTreeSet<u32> = BTreeSet::new();
    let mut seen: BTreeSet<u32> = BTreeSet::from([first]);
    let mut queue = BinaryHeap::from([Next(key(first), first)]);
    let mut load = 0.0;
    while let Some(Next(_, m)) = queue.pop() {
        let more = graph.weights[m as usize];
        let (before, after) = ((load / total - share).abs(), ((load + more) / total - share).abs());
        if !taken.is_empty() && (load >= share * total || after > before) || taken.len() + 1 == members.len() {
            break;
        }
        taken.insert(m);
        load += more;
        for &(n, _) in &graph.near[m as usize] {
            if whole.contains(&n) && seen.insert(n) {
                queue.push(Next(key(n), n));
            }
        }
    }
    let rest: BTreeSet<u32> = whole.difference(&taken).copied().collect();
    let mut components = connected(graph, &rest);
    components.sort_by(|a, b| sum(graph, b).total_cmp(&sum(graph, a)).then(a.cmp(b)));
    let mut rest = Vec::new();
    for (k, component) in components.into_iter().enumerate() {
        if k == 0 {
            rest = component;
        } else {
            taken.extend(component);
        }
    }
    (taken.into_iter().collect(), rest)
}

/// Smallest key first.
struct Next(f64, u32);
impl PartialEq for Next {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Next {}
impl PartialOrd for Next {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Next {
    fn cmp(&self, other: &Self) -> Ordering {
        other.0.total_cmp(&self.0).then(other.1.cmp(&self.1))
    }
}

fn connected(graph: &Graph, members: &BTreeSet<u32>) -> Vec<Vec<u32>> {
    let mut left = members.clone();
    let mut out = Vec::new();
    while let Some(first) = left.pop_first() {
        let (mut found, mut k) = (vec![first], 0);
        while k < found.len() {
            for &(n, _) in &graph.near[found[k] as usize] {
                if left.remove(&n) {
                    found.push(n);
                }
            }
            k += 1;
        }
        found.sort_unstable();
        out.push(found);
    }
    out
}

/// A connected part of a community with one class of grid.
struct Piece {
    community: u32,
    class: GridClass,
    faces: Vec<u32>,
}

/// Cuts communities into pieces of one class. Premises join the class around them, except the few large ones that are
/// grids of their own; pieces too small for a grid join a neighbour.
fn like_with_like(
    mesh: &Mesh,
    plots: &[Plot],
    households: &[f64],
    sizes: &[f64],
    graph: &Graph,
    community: &[u32],
    communities: usize,
) -> Vec<Piece> {
    let faces = mesh.faces() as usize;
    let mut class: Vec<Option<GridClass>> = vec![None; faces];
    for plot in plots {
        let lived_in = households[plot.face as usize] > 0.0;
        class[plot.face as usize] = plot.usage.class().filter(|&c| lived_in || c == GridClass::Rural);
    }
    // 1. The largest premises.
    let mut large: Vec<&Plot> = plots
        .iter()
        .filter(|plot| {
            let least = match plot.usage {
                Use::Campus => 60_000.0,
                Use::Mall | Use::Hospital | Use::Office => 28_000.0,
                Use::Factory => 50_000.0,
                Use::Station => 20_000.0,
                _ => f64::MAX,
            };
            sizes[plot.face as usize] > least
        })
        .collect();
    large.sort_by(|a, b| sizes[b.face as usize].total_cmp(&sizes[a.face as usize]).then(a.face.cmp(&b.face)));
    let members: Vec<BTreeSet<u32>> = {
        let mut sets = vec![BTreeSet::new(); communities];
        for plot in plots {
            sets[community[plot.face as usize] as usize].insert(plot.face);
        }
        sets
    };
    let mut rest = members.clone();
    let mut pieces = Vec::new();
    for plot in large.into_iter().take(16) {
        let c = community[plot.face as usize];
        let mut without = rest[c as usize].clone();
        without.remove(&plot.face);
        if without.len() > 3 && connected(graph, &without).len() == 1 {
            rest[c as usize] = without;
            pieces.push(Piece { community: c, class: GridClass::Dedicated, faces: vec![plot.face] });
        }
    }
    // 2. Everything else takes the class of the nearest people.
    for (c, members) in rest.iter().enumerate() {
        loop {
            let mut changed = Vec::new();
            for &face in members.iter().filter(|&&face| class[face as usize].is_none()) {
                let nearest = graph.near[face as usize]
                    .iter()
                    .filter(|(n, _)| members.contains(n) && class[*n as usize].is_some())
                    .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
                if let Some(&(n, _)) = nearest {
                    changed.push((face, class[n as usize]));
                }
            }
            if changed.is_empty() {
                break;
            }
            for (face, to) in changed {
                class[face as usize] = to;
            }
        }
        // 3. Connected pieces; small ones join the neighbour with which they share the costliest border.
        let of = |face: u32, class: &[Option<GridClass>]| class[face as usize].unwrap_or(GridClass::Dedicated);
        loop {
            let mut found: Vec<Vec<u32>> = Vec::new();
            let kinds: BTreeSet<GridClass> = members.iter().map(|&face| of(face, &class)).collect();
            for kind in kinds {
                let set: BTreeSet<u32> = members.iter().copied().filter(|&face| of(face, &class) == kind).collect();
                found.extend(connected(graph, &set));
            }
            let people = |piece: &[u32]| piece.iter().map(|&face| households[face as usize]).sum::<f64>();
            let small = found
                .iter()
                .filter(|piece| {
                    let least = match of(piece[0], &class) {
                        GridClass::Mature => 330.0,
                        GridClass::Open => 110.0,
                        GridClass::UrbanVillage => 160.0,
                        GridClass::Rural => 45.0,
                        GridClass::Dedicated => f64::MAX,
                    };
                    found.len() > 1 && people(piece) < least
                })
                .min_by(|a, b| people(a).total_cmp(&people(b)).then(a.cmp(b)));
            let merge = small.cloned().and_then(|small| {
                let inside: BTreeSet<u32> = small.iter().copied().collect();
                let mut towards: BTreeMap<GridClass, f64> = BTreeMap::new();
                for &face in &small {
                    for &(n, cost) in &graph.near[face as usize] {
                        if members.contains(&n) && !inside.contains(&n) {
                            *towards.entry(of(n, &class)).or_default() += cost;
                        }
                    }
                }
                let to = towards.into_iter().max_by(|a, b| a.1.total_cmp(&b.1));
                to.map(|(to, _)| (small, to))
            });
            let Some((small, to)) = merge else {
                for piece in found {
                    pieces.push(Piece { community: c as u32, class: of(piece[0], &class), faces: piece });
                }
                break;
            };
            for face in small {
                class[face as usize] = Some(to);
            }
        }
    }
    pieces.sort_by(|a, b| a.community.cmp(&b.community).then_with(|| a.faces.cmp(&b.faces)));
    pieces
}

/// The outlines of all units of a level: inner edges dropped, every vertex on a border kept on both of its sides.
pub fn dissolve(mesh: &Mesh, unit: &[u32], count: usize) -> Vec<MultiPolygon> {
    let of = |h: u32| unit[mesh.face(h) as usize];
    let mut done = vec![false; mesh.half_edges() as usize];
    let mut rings: Vec<Vec<Vec<u32>>> = vec![Vec::new(); count];
    for start in 0..mesh.half_edges() {
        if done[start as usize] || of(start) == NONE || of(start) == of(start ^ 1) {
            continue;
        }
        let mut loop_ = Vec::new();
        let mut h = start;
        loop {
            done[h as usize] = true;
            loop_.push(mesh.origin(h));
            h = mesh.next(h);
            while of(h) == of(h ^ 1) {
                h = mesh.next(h ^ 1);
            }
            if h == start {
                break;
            }
        }
        rings[of(start) as usize].extend(untie(loop_));
    }
    rings.into_iter().map(|rings| assemble(mesh, rings)).collect()
}

/// Splits a loop that passes a vertex twice into loops that do not.
fn untie(loop_: Vec<u32>) -> Vec<Vec<u32>> {
    let (mut out, mut path, mut seen): (Vec<Vec<u32>>, Vec<u32>, BTreeMap<u32, usize>) = Default::default();
    for v in loop_ {
        if let Some(&at) = seen.get(&v) {
            let tied = path.split_off(at);
            for w in &tied {
                seen.remove(w);
            }
            out.push(tied);
        }
        seen.insert(v, path.len());
        path.push(v);
    }
    out.push(path);
    out
}

fn assemble(mesh: &Mesh, rings: Vec<Vec<u32>>) -> MultiPolygon {
    let rings: Vec<Ring> =
        rings.into_iter().map(|ring| Ring(ring.into_iter().map(|v| mesh.vertices[v as usize]).collect())).collect();
    let (outers, holes): (Vec<Ring>, Vec<Ring>) = rings.into_iter().partition(|ring| ring.doubled_area() > 0);
    let mut parts: Vec<Polygon> = outers.into_iter().map(|outer| Polygon { outer, holes: Vec::new() }).collect();
    // Units are in one piece, so a hole belongs to the only outer ring.
    if let Some(part) = parts.first_mut() {
        part.holes = holes;
    }
    MultiPolygon(parts)
}
