//! From built plots to the model's layers: households, names, addresses, levels, land.

use super::dice::{Dice, mix};
use super::layout::{Layout, Quarter};
use super::levels::{Counts, Levels, dissolve};
use super::mesh::{Course, Mesh, OUTSIDE};
use super::names::Names;
use super::plane::{P, area, centroid, inset, to_segment};
use super::plots::{Plot, Use};
use super::roads::Roads;
use super::site::{Built, House};
use crate::model::*;
use jiff::civil::{Date, date};
use std::collections::BTreeMap;

/// Everything that has been decided when the layers are written.
pub struct Draft<'a> {
    /// The district's code, with which all others begin.
    pub code: &'a str,
    /// The skeleton.
    pub layout: &'a Layout,
    /// The ground.
    pub mesh: &'a Mesh,
    /// Its plots.
    pub plots: &'a [Plot],
    /// What stands on each plot.
    pub built: &'a [Built],
    /// Households of every house of every plot.
    pub households: &'a [Vec<u32>],
    /// Streets.
    pub roads: &'a Roads,
    /// Units.
    pub levels: &'a Levels,
}

/// A ring of the plane as a ring of the model.
pub fn ring(mesh: &Mesh, places: &[P]) -> Ring {
    let mut ring: Vec<Coord> = places.iter().map(|at| mesh.frame.coord(at.x, at.y)).collect();
    ring.dedup();
    Ring(ring)
}

fn polygon(mesh: &Mesh, outer: &[P], holes: &[Vec<P>]) -> MultiPolygon {
    Polygon { outer: ring(mesh, outer), holes: holes.iter().map(|hole| ring(mesh, hole)).collect() }.into()
}

/// Turns dwellings into households so that the city has exactly as many as asked for; a farmhouse is one household.
/// Rounding errors are carried from house to house, so no plot drifts.
pub fn settle(plots: &[Plot], built: &[Built], wanted: u32, seed: u64) -> Vec<Vec<u32>> {
    let lived_in = |plot: &Plot| Dice::new(seed, &[7, u64::from(plot.face)]).range(0.86, 1.0);
    let (mut farms, mut raw) = (0.0, 0.0);
    for (plot, built) in plots.iter().zip(built) {
        let flats: f64 = built.houses.iter().map(|house| f64::from(house.flats)).sum();
        if plot.usage == Use::Hamlet {
            farms += flats;
        } else {
            raw += lived_in(plot) * flats;
        }
    }
    let scale = (f64::from(wanted) - farms) / f64::max(raw, 1.0);
    let mut carry = 0.0;
    plots
        .iter()
        .zip(built)
        .map(|(plot, built)| {
            let share = if plot.usage == Use::Hamlet { 1.0 } else { lived_in(plot) * scale };
            let settle = |house: &House| {
                let exact = f64::from(house.flats) * share + carry;
                let whole = exact.round().max(0.0);
                carry = exact - whole;
                whole as u32
            };
            built.houses.iter().map(settle).collect()
        })
        .collect()
}

/// How many units the city is divided into.
pub fn counts(district: bool, dice: &mut Dice) -> Counts {
    if district {
        Counts { subdistricts: dice.whole(8, 11), communities: dice.whole(52, 58), grids: 269 }
    } else {
        Counts { subdistricts: 1, communities: 1, grids: 5 }
    }
}

const SURVEY: Date = date(2026, 6, 30);

/// The levels with codes and names.
pub fn places(draft: &Draft<'_>, names: &mut Names, district: &str, world: &mut World) {
    let (mesh, levels) = (draft.mesh, draft.levels);
    // The share of fields and hamlets in a unit's ground.
    let rural = |level: &[u32], unit: u32| -> f64 {
        let (mut fields, mut all) = (0.0, 0.0);
        for plot in draft.plots.iter().filter(|plot| level[plot.face as usize] == unit) {
            let size = area(&mesh.ring(plot.face));
            all += size;
            fields += if matches!(plot.usage, Use::Field | Use::Hamlet | Use::Wood) { size } else { 0.0 };
        }
        fields / all.max(1.0)
    };
    let whole: Vec<u32> = (0..mesh.faces()).map(|face| if face == OUTSIDE { u32::MAX } else { 0 }).collect();
    let code = draft.code.to_owned();
    for area in dissolve(mesh, &whole, 1) {
        world.districts.push(District {
            id: DistrictId(1),
            code: Code(code.clone()),
            name: district.into(),
            parent: None,
            area,
        });
    }
    let count = levels.parents.iter().max().map_or(0, |&s| s + 1);
    let mut sub_codes = Vec::new();
    let mut towns = 0;
    let fields: Vec<f64> = (0..count).map(|s| rural(&levels.subdistrict, s)).collect();
    let most = fields.iter().copied().fold(0.0, f64::max);
    for (s, area) in dissolve(mesh, &levels.subdistrict, count as usize).into_iter().enumerate() {
        // Towns are numbered from 100, subdistricts from 001, as in the statistical codes.
        let town = fields[s] > 0.5 || (fields[s] > 0.2 && fields[s] >= most);
        towns += u32::from(town);
        let number = if town { 99 + towns } else { s as u32 + 1 - towns };
        let own = format!("{code}{number:03}");
        let name = names.subdistrict(town);
        let id = SubdistrictId(s as u32 + 1);
        world.subdistricts.push(Subdistrict {
            id,
            code: Code(own.clone()),
            name,
            parent: Some(Code(code.clone())),
            area,
        });
        sub_codes.push((own, town, 0u32, 0u32));
    }
    let mut community_codes = Vec::new();
    for (c, area) in dissolve(mesh, &levels.community, levels.parents.len()).into_iter().enumerate() {
        let village = rural(&levels.community, c as u32) > 0.6;
        let parent = &mut sub_codes[levels.parents[c] as usize];
        // Villages from 200, communities from 001.
        let number = if village { 200 + parent.3 } else { parent.2 + 1 };
        *(if village { &mut parent.3 } else { &mut parent.2 }) += 1;
        let own = format!("{}{number:03}", parent.0);
        let name = names.community(village);
        world.communities.push(Community {
            id: CommunityId(c as u32 + 1),
            code: Code(own.clone()),
            name: name.clone(),
            parent: Some(Code(parent.0.clone())),
            area,
        });
        community_codes.push((own, name, 0u32));
    }
    for (g, area) in dissolve(mesh, &levels.grid, levels.classes.len()).into_iter().enumerate() {
        let community = &mut community_codes[levels.communities[g] as usize];
        community.2 += 1;
        world.grids.push(Grid {
            id: GridId(g as u32 + 1),
            code: Code(format!("{}{:03}", community.0, community.2)),
            name: format!("{}第{}网格", community.1, super::names::chinese(community.2)),
            class: levels.classes[g],
            community: Some(Code(community.0.clone())),
            external_code: None,
            area,
        });
    }
}

/// A street's name and a number on it, for a place on a plot.
struct Addresses<'a> {
    draft: &'a Draft<'a>,
    used: BTreeMap<(String, u32), u32>,
}

impl Addresses<'_> {
    fn of(&mut self, plot: &Plot, at: P) -> String {
        let (mesh, roads) = (self.draft.mesh, self.draft.roads);
        let section = |h: u32| roads.sections.get(roads.of_edge[(h / 2) as usize]).filter(|s| !s.name.is_empty());
        let nearest = mesh.around(plot.face).into_iter().filter(|&h| section(h).is_some()).min_by(|&a, &b| {
            to_segment(at, mesh.from(a), mesh.to(a)).total_cmp(&to_segment(at, mesh.from(b), mesh.to(b)))
        });
        let Some((h, section)) = nearest.and_then(|h| section(h).map(|s| (h, s))) else { return String::new() };
        // Odd numbers on one side, even ones on the other, one each eight metres. They rise from the road's western or
        // southern end; on long roads with an eastern and a western half, away from the middle of town.
        let along = mesh.to(h) - mesh.from(h);
        let start = roads.starts[section.road];
        let (position, begin, odd) =
            if along.x.abs() > along.y.abs() { (at.x, start.x, along.x > 0.0) } else { (at.y, start.y, along.y > 0.0) };
        let far = if section.halved { position.abs() } else { (position - begin).max(0.0) };
        let number = (far / 8.0) as u32 * 2 + 1 + u32::from(!odd);
        let again = self.used.entry((section.name.clone(), number)).or_insert(0);
        *again += 1;
        match *again {
            1 => format!("{}{number}号", section.name),
            n => format!("{}{number}号附{}号", section.name, n - 1),
        }
    }
}

/// Compounds, institutions and buildings.
pub fn premises(draft: &Draft<'_>, names: &mut Names, world: &mut World) {
    let mesh = draft.mesh;
    let mut addresses = Addresses { draft, used: BTreeMap::new() };
    for (i, (plot, built)) in draft.plots.iter().zip(draft.built).enumerate() {
        let mut dice = Dice::new(draft.layout.seed, &[8, u64::from(plot.face)]);
        let households = &draft.households[i];
        let own = mesh.ring(plot.face);
        // Only a compound has a total that can be shared out.
        let shares: &[(Provenance, f64)] = if plot.usage.is_compound() {
            &[(Provenance::Surveyed, 0.72), (Provenance::Spread, 0.18), (Provenance::Estimated, 0.1)]
        } else {
            &[(Provenance::Surveyed, 0.85), (Provenance::Estimated, 0.15)]
        };
        let provenance = dice.weighted(shares);
        let as_of = (provenance == Provenance::Surveyed).then_some(SURVEY);
        let figure = |count| HouseholdCount { count, basis: Basis::Resident, provenance, as_of };
        let total: u32 = households.iter().sum();
        let door = built.gate.map_or_else(|| centroid(&own), |(at, _)| at);
        let mut compound = None;
        let mut address = String::new();
        if plot.usage.is_compound() && total > 0 {
            let new = matches!(plot.usage, Use::MidRise | Use::Towers);
            let name = names.compound(new, plot.usage == Use::OldSlabs);
            address = addresses.of(plot, door);
            let homes = built.houses.iter().filter(|house| house.flats > 0).count() as u32;
            world.compounds.push(Compound {
                id: CompoundId(world.compounds.len() as u32 + 1),
                name: name.clone(),
                aliases: if dice.chance(0.12) { vec![names.with("宿舍")] } else { Vec::new() },
                // The manager always knows its total; only the share of each building may be a guess.
                households: Some(HouseholdCount {
                    count: total,
                    basis: Basis::Resident,
                    provenance: Provenance::Surveyed,
                    as_of: Some(SURVEY),
                }),
                buildings: Some(homes),
                class: plot.usage.class(),
                manager: (plot.usage != Use::OldSlabs).then(|| names.firm()),
                place: ground(mesh, plot).map_or_else(|| point(mesh, centroid(&own)), Geometry::Area),
            });
            compound = Some(name);
        }
        let institution = institution(plot, &mut dice, names);
        if let Some((kind, name)) = &institution {
            address = addresses.of(plot, door);
            world.institutions.push(Institution {
                id: InstitutionId(world.institutions.len() as u32 + 1),
                name: name.clone(),
                kind: (*kind).to_owned(),
                place: ground(mesh, plot).map_or_else(|| point(mesh, centroid(&own)), Geometry::Area),
            });
        }
        let mut number = 0;
        for (house, &count) in built.houses.iter().zip(households) {
            let id = world.buildings.len() as u32 + 1;
            let name = match (&compound, &institution) {
                (Some(_), _) if house.flats > 0 => {
                    number += 1;
                    format!("{number}号楼")
                }
                (_, Some((_, whole))) if !house.name.is_empty() => format!("{whole}{}", house.name),
                _ => house.name.to_owned(),
            };
            let own_address = match &compound {
                Some(_) if house.flats > 0 => format!("{address}{name}"),
                Some(_) => address.clone(),
                None if institution.is_some() => address.clone(),
                None => addresses.of(plot, centroid(&house.shape.outer)),
            };
            let lived_in = house.flats > 0;
            let rental = lived_in
                .then(|| match plot.usage {
                    Use::UrbanVillage => Some(dice.weighted(&[("严管", 0.68), ("宽管", 0.3), ("禁止", 0.02)])),
                    Use::OldTown | Use::OldSlabs if dice.chance(0.3) => {
                        Some(dice.weighted(&[("严管", 0.5), ("宽管", 0.5)]))
                    }
                    _ => None,
                })
                .flatten();
            let stars = (lived_in && matches!(plot.usage, Use::MidRise | Use::Towers) && dice.chance(0.25))
                .then(|| dice.weighted(&[(3, 0.85), (4, 0.12), (5, 0.03)]));
            world.buildings.push(Building {
                id: BuildingId(id),
                code: Some(Code(format!("{}B{id:06}", draft.code))),
                name,
                address: own_address,
                floors: Some(house.floors as u16),
                height: Some((f64::from(house.floors) * house.storey * 10.0).round() / 10.0),
                kind: house.kind,
                compound: compound.clone().filter(|_| lived_in),
                households: lived_in.then(|| figure(count)),
                rental_class: rental.map(str::to_owned),
                stars,
                units: stairwells(house.units, count),
                area: polygon(mesh, &house.shape.outer, &house.shape.holes),
            });
        }
    }
}

fn stairwells(units: u32, households: u32) -> Vec<Unit> {
    (0..units)
        .map(|k| {
            let share = households * (k + 1) / units - households * k / units;
            Unit { name: format!("{}", k + 1), households: Some(share) }
        })
        .collect()
}

fn point(mesh: &Mesh, at: P) -> Geometry {
    Geometry::Point(mesh.frame.coord(at.x, at.y))
}

/// A plot without its share of the streets around.
fn ground(mesh: &Mesh, plot: &Plot) -> Option<MultiPolygon> {
    let around = mesh.around(plot.face);
    let own: Vec<P> = around.iter().map(|&h| mesh.from(h)).collect();
    let by = |more: f64| -> Vec<f64> {
        around.iter().map(|&h| mesh.course(h).street().map_or(0.4, |class| class.usual_width() / 2.0 + more)).collect()
    };
    inset(&own, &by(2.0)).or_else(|| inset(&own, &by(0.5))).map(|inner| polygon(mesh, &inner, &[]))
}

fn institution(plot: &Plot, dice: &mut Dice, names: &mut Names) -> Option<(&'static str, String)> {
    let (kind, tails): (&str, &[&str]) = match plot.usage {
        Use::School => ("school", &["小学校", "中学", "实验学校", "外国语学校", "小学"]),
        Use::Kindergarten => ("kindergarten", &["幼儿园"]),
        Use::Campus => ("university", &["大学", "职业技术学院", "师范学院", "理工学院"]),
        Use::Hospital => ("hospital", &["人民医院", "中医医院", "妇幼保健院", "骨科医院"]),
        Use::Clinic => ("clinic", &["社区卫生服务中心"]),
        Use::Mall => ("mall", &["购物中心", "广场", "天街"]),
        Use::Office => ("office", &["商务中心", "大厦", "科技园"]),
        Use::Government => ("townhall", &["街道办事处", "派出所", "税务所", "政务服务中心", "司法所"]),
        Use::Market => ("market", &["农贸市场", "建材市场", "花鸟市场"]),
        Use::Culture => ("library", &["图书馆", "文化馆", "博物馆", "体育馆"]),
        Use::Hotel => ("hotel", &["酒店", "宾馆"]),
        Use::Factory => ("factory", &["机械厂", "电器有限公司", "食品厂", "纺织厂", "制药厂"]),
        Use::Warehouse => ("warehouse", &["物流园", "粮库", "仓储中心"]),
        Use::Station => return Some(("station", "织城站".to_owned())),
        Use::Social => {
            ("social_organisation", &["社会工作服务中心", "志愿服务站", "助老服务社", "邻里互助会", "社区基金会"])
        }
        _ => return None,
    };
    Some((kind, names.with(dice.pick::<&str>(tails))))
}

/// Water, green and barriers.
pub fn land(draft: &Draft<'_>, names: &mut Names, world: &mut World) {
    let mesh = draft.mesh;
    for (plot, built) in draft.plots.iter().zip(draft.built) {
        for patch in &built.water {
            let id = WaterId(world.water.len() as u32 + 1);
            let name =
                if patch.name.is_empty() && plot.usage == Use::Park { names.with("湖") } else { patch.name.clone() };
            world.water.push(Water {
                id,
                kind: patch.kind.into(),
                name,
                place: Geometry::Area(polygon(mesh, &patch.ring, &patch.holes)),
            });
        }
        for patch in &built.green {
            let id = GreenId(world.green.len() as u32 + 1);
            let name = if patch.kind == "park" { names.with("公园") } else { patch.name.clone() };
            world.green.push(Green {
                id,
                kind: patch.kind.into(),
                name,
                place: Geometry::Area(polygon(mesh, &patch.ring, &patch.holes)),
            });
        }
    }
    let mut seen = vec![false; mesh.courses.len()];
    for wanted in [Course::Rail, Course::Wall] {
        for h in 0..mesh.half_edges() {
            if seen[(h / 2) as usize] || mesh.course(h) != wanted {
                continue;
            }
            // Back to the start of the chain, then along it.
            let step = |h: u32| {
                let on: Vec<u32> = mesh
                    .leaving(mesh.origin(h ^ 1))
                    .into_iter()
                    .filter(|&o| o != (h ^ 1) && mesh.course(o) == wanted)
                    .collect();
                if on.len() == 1 { Some(on[0]) } else { None }
            };
            let mut start = h ^ 1;
            while let Some(next) = step(start).filter(|&n| n != (h ^ 1)) {
                start = next;
            }
            let mut at = start ^ 1;
            let mut line = vec![mesh.vertices[mesh.origin(at) as usize]];
            loop {
                seen[(at / 2) as usize] = true;
                line.push(mesh.vertices[mesh.origin(at ^ 1) as usize]);
                match step(at).filter(|&n| !seen[(n / 2) as usize]) {
                    Some(next) => at = next,
                    None => break,
                }
            }
            let kind = if wanted == Course::Rail { BarrierKind::Rail } else { BarrierKind::Wall };
            if kind == BarrierKind::Wall {
                keep_off_streets(mesh, start ^ 1, at, &mut line);
            }
            world.barriers.push(Barrier { id: BarrierId(world.barriers.len() as u32 + 1), kind, line: Line(line) });
        }
    }
}

/// Ends a wall where the pavement of the street begins that it runs into.
fn keep_off_streets(mesh: &Mesh, first: u32, last: u32, line: &mut [Coord]) {
    let shorten = |v: u32, inward: P| -> Coord {
        let widest = mesh.leaving(v).into_iter().filter_map(|h| mesh.course(h).street()).min();
        let back = widest.map_or(0.0, |class| class.usual_width() / 2.0 + 1.5).min(inward.len() * 0.45);
        let place = mesh.places[v as usize] + inward.unit() * back;
        mesh.frame.coord(place.x, place.y)
    };
    let end = line.len() - 1;
    line[0] = shorten(mesh.origin(first), mesh.to(first) - mesh.from(first));
    line[end] = shorten(mesh.origin(last ^ 1), mesh.from(last) - mesh.to(last));
}

/// The river between its green banks.
pub fn river(draft: &Draft<'_>, world: &mut World) {
    let (layout, mesh) = (draft.layout, draft.mesh);
    let Some(middle) = layout.river else { return };
    let (Some(south), Some(north)) = (layout.rows.first(), layout.rows.last()) else { return };
    let steps = ((north.at - south.at) / 40.0) as usize;
    let half = |v: f64, side: u64| 62.0 + 20.0 * super::dice::noise(mix(layout.seed, 90 + side), v / 420.0, 0.5);
    let at = |k: usize, offset: &dyn Fn(f64) -> f64| {
        let v = south.at + (north.at - south.at) * k as f64 / steps as f64;
        layout.bend(middle + offset(v), v)
    };
    let bank = |offset: &dyn Fn(f64) -> f64| -> Vec<P> { (0..=steps).map(|k| at(k, offset)).collect() };
    let (west, east) = (bank(&|v| -half(v, 0)), bank(&|v| half(v, 1)));
    let mut water = east.clone();
    water.extend(west.iter().rev());
    world.water.push(Water {
        id: WaterId(world.water.len() as u32 + 1),
        kind: "river".into(),
        name: "织锦河".into(),
        place: Geometry::Area(polygon(mesh, &water, &[])),
    });
    for (shore, road) in [(west, -106.0), (east, 106.0)] {
        let kerb = bank(&|_| road);
        // Strips of eight steps, so that no single polygon spans the whole city.
        for (inner, outer) in shore.windows(9).zip(kerb.windows(9)).step_by(8) {
            let mut strip: Vec<P> = inner.to_vec();
            strip.extend(outer.iter().rev());
            if area(&strip) < 0.0 {
                strip.reverse();
            }
            world.green.push(Green {
                id: GreenId(world.green.len() as u32 + 1),
                kind: "park".into(),
                name: "滨河绿带".into(),
                place: Geometry::Area(polygon(mesh, &strip, &[])),
            });
        }
    }
}

/// Whether streets beside a face carry names: villages' inner lanes do not.
pub fn carries_names(plot: &Plot) -> bool {
    !matches!(plot.usage, Use::UrbanVillage | Use::Field | Use::Wood) && plot.quarter != Quarter::Rural
}
