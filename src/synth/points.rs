//! Points that watch, are visited or serve, and the overlays that ignore the levels.

use super::city::Draft;
use super::dice::Dice;
use super::levels::dissolve;
use super::mesh::Course;
use super::names::Names;
use super::plane::{P, centroid, to_segment};
use super::plots::{Plot, Use};
use super::site::Built;
use crate::model::*;
use jiff::civil::{Date, date};
use std::collections::BTreeMap;

/// How many of each there should be at most.
#[derive(Clone, Copy, Debug)]
pub struct Quota {
    /// Cameras at street corners.
    pub corners: usize,
    /// Cameras at the gates of compounds.
    pub gates: usize,
    /// Cameras at doors.
    pub domes: usize,
    /// Cameras that turn, at large junctions.
    pub ptz: usize,
    /// Checkpoints.
    pub checkpoints: usize,
    /// Services.
    pub services: usize,
}

impl Quota {
    /// A district's.
    pub const DISTRICT: Self =
        Self { corners: 1_200, gates: 700, domes: 480, ptz: 200, checkpoints: 600, services: 1_500 };

    /// One community's.
    pub const COMMUNITY: Self = Self { corners: 14, gates: 18, domes: 8, ptz: 3, checkpoints: 14, services: 42 };
}

/// Places cameras, checkpoints, services and zones.
pub fn place(draft: &Draft<'_>, quota: &Quota, names: &mut Names, world: &mut World) {
    let mut dice = Dice::new(draft.layout.seed, &[30]);
    cameras(draft, quota, &mut dice, world);
    checkpoints(draft, quota, &mut dice, names, world);
    services(draft, quota, &mut dice, names, world);
    if draft.layout.town {
        zones(draft, &mut dice, world);
    }
}

fn at(draft: &Draft<'_>, place: P) -> Coord {
    draft.mesh.frame.coord(place.x, place.y)
}

/// A place beside a gate, just inside the plot.
fn beside(draft: &Draft<'_>, plot: &Plot, (gate, outward): (P, P), sideways: f64) -> P {
    let mesh = draft.mesh;
    let back = mesh
        .around(plot.face)
        .into_iter()
        .min_by(|&a, &b| {
            to_segment(gate, mesh.from(a), mesh.to(a)).total_cmp(&to_segment(gate, mesh.from(b), mesh.to(b)))
        })
        .map_or(6.0, |h| mesh.course(h).setback());
    gate - outward * back + outward.left() * sideways
}

/// Keeps at most `most` of a list, chosen by the dice, in their old order.
pub fn sample<T>(list: Vec<T>, most: usize, dice: &mut Dice) -> Vec<T> {
    let mut order: Vec<usize> = (0..list.len()).collect();
    dice.shuffle(&mut order);
    let mut keep = vec![false; list.len()];
    for &i in order.iter().take(most) {
        keep[i] = true;
    }
    list.into_iter().zip(keep).filter_map(|(item, keep)| keep.then_some(item)).collect()
}

fn installed(dice: &mut Dice) -> Date {
    // Most were put up in the years of the large programmes, 2016-2020, the rest since.
    let year = dice.weighted(&[
        (2014, 0.04),
        (2016, 0.12),
        (2017, 0.16),
        (2018, 0.18),
        (2019, 0.14),
        (2020, 0.1),
        (2022, 0.09),
        (2023, 0.08),
        (2024, 0.06),
        (2025, 0.03),
    ]);
    date(year, dice.whole(1, 12) as i8, dice.whole(1, 28) as i8)
}

struct Spot {
    kind: CameraKind,
    at: P,
    bearing: Option<f64>,
    owner: &'static str,
}

fn cameras(draft: &Draft<'_>, quota: &Quota, dice: &mut Dice, world: &mut World) {
    let mesh = draft.mesh;
    let (mut corners, mut crossings, mut gates, mut doors) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for v in 0..mesh.vertices.len() as u32 {
        let arms: Vec<u32> = mesh.leaving(v).into_iter().filter(|&h| mesh.course(h).street().is_some()).collect();
        let class = |h: u32| mesh.course(h).street().unwrap_or_default();
        let Some(main) = arms.iter().map(|&h| class(h)).min() else { continue };
        if arms.len() < 3
            || main > StreetClass::Residential
            || arms.iter().any(|&h| matches!(mesh.course(h), Course::Bridge(_)))
        {
            continue;
        }
        let here = mesh.places[v as usize];
        let big = arms.iter().filter(|&&h| class(h) <= StreetClass::Secondary).count();
        // A mast stands in the corner between two neighbouring arms and looks along one of them.
        let mut turning = false;
        for k in 0..arms.len() {
            let (one, two) = (arms[k], arms[(k + 1) % arms.len()]);
            let (d1, d2) = ((mesh.to(one) - here).unit(), (mesh.to(two) - here).unit());
            let sine = d2.cross(d1);
            if sine < 0.5 {
                continue;
            }
            let (w1, w2) = (class(one).usual_width() / 2.0 + 2.0, class(two).usual_width() / 2.0 + 2.0);
            let mast = here + d1 * (w2 / sine) + d2 * (w1 / sine);
            if (big >= 3 || big == 2 && arms.len() > 3) && !turning {
                turning = true;
                crossings.push(Spot { kind: CameraKind::Ptz, at: mast, bearing: None, owner: "织城公安分局" });
            } else if main <= StreetClass::Tertiary || dice.chance(0.3) {
                let owner = if dice.chance(0.72) { "织城公安分局" } else { "织城城市管理局" };
                corners.push(Spot { kind: CameraKind::Fixed, at: mast, bearing: Some(d1.bearing()), owner });
            }
        }
    }
    for (plot, built) in draft.plots.iter().zip(draft.built) {
        let Some(gate) = built.gate else { continue };
        let place = beside(draft, plot, gate, 5.0);
        match plot.usage {
            usage if usage.is_compound() => {
                // Gate cameras watch who comes in or who goes out.
                let bearing = if dice.chance(0.6) { gate.1.bearing() } else { (gate.1 * -1.0).bearing() };
                gates.push(Spot { kind: CameraKind::Fixed, at: place, bearing: Some(bearing), owner: "小区物业" });
            }
            Use::School
            | Use::Kindergarten
            | Use::Campus
            | Use::Hospital
            | Use::Mall
            | Use::Market
            | Use::Station
            | Use::Hotel
            | Use::Culture
            | Use::Government
            | Use::Office
            | Use::Clinic => {
                let owner = match plot.usage {
                    Use::School | Use::Kindergarten | Use::Campus => "织城教育和体育局",
                    Use::Mall | Use::Market | Use::Hotel | Use::Office => "商业物业",
                    _ => "织城公安分局",
                };
                doors.push(Spot { kind: CameraKind::Dome, at: place, bearing: None, owner });
                for house in built.houses.iter().filter(|house| !house.name.is_empty()).take(3) {
                    // A dome hangs by the door, a step outside the south wall.
                    let (a, b) = (house.shape.outer[0], house.shape.outer[1]);
                    let door = a.towards(b, 0.5) - (b - a).unit().left() * 1.5;
                    doors.push(Spot { kind: CameraKind::Dome, at: door, bearing: None, owner });
                }
            }
            _ => {}
        }
    }
    let mut spots = sample(corners, quota.corners, dice);
    spots.extend(sample(crossings, quota.ptz, dice));
    spots.extend(sample(gates, quota.gates, dice));
    spots.extend(sample(doors, quota.domes, dice));
    for spot in spots {
        let id = world.cameras.len() as u32 + 1;
        let (angle, height, range, model) = match spot.kind {
            CameraKind::Fixed => (dice.range(55.0, 95.0), dice.range(3.5, 6.0), dice.range(35.0, 80.0), 132),
            CameraKind::Dome => (360.0, dice.range(2.8, 3.8), dice.range(12.0, 22.0), 131),
            CameraKind::Ptz => (dice.range(58.0, 66.0), dice.range(8.0, 12.0), dice.range(120.0, 220.0), 131),
        };
        let online = dice.chance(0.97);
        world.cameras.push(Camera {
            id: CameraId(id),
            // Twenty digits as GB/T 28181 lays them out: area, trade, type, network, number.
            code: Some(Code(format!("{}0000{model}0{id:06}", draft.code))),
            kind: spot.kind,
            directions: spot.bearing.map(|bearing| (bearing.round()) % 360.0).into_iter().collect(),
            angle: Some(angle.round()),
            height: Some((height * 10.0).round() / 10.0),
            range: Some(range.round()),
            owner: Some(spot.owner.to_owned()),
            installed: Some(installed(dice)),
            online: Some(online),
            healthy: Some(dice.chance(if online { 0.99 } else { 0.7 })),
            at: at(draft, spot.at),
        });
    }
}

fn checkpoints(draft: &Draft<'_>, quota: &Quota, dice: &mut Dice, names: &mut Names, world: &mut World) {
    // Kind, hours between visits, minutes to stay, when.
    type Kind = (&'static str, f64, f64, Option<&'static str>);
    let mut found: Vec<(Kind, String, P)> = Vec::new();
    let mut risky: Vec<(Kind, String, P)> = Vec::new();
    for (plot, built) in draft.plots.iter().zip(draft.built) {
        let inside =
            built.gate.map_or_else(|| centroid(&draft.mesh.ring(plot.face)), |gate| beside(draft, plot, gate, -4.0));
        let kind: Option<(Kind, &str)> = match plot.usage {
            Use::School | Use::Campus => {
                Some((("school_gate", 24.0, 20.0, Some("07:00-08:30,16:00-18:00")), "学校门岗"))
            }
            Use::Kindergarten => Some((("school_gate", 24.0, 15.0, Some("07:30-09:00,16:00-17:30")), "幼儿园门岗")),
            Use::Hospital => Some((("hospital", 24.0, 15.0, None), "医院出入口")),
            Use::Market => Some((("market", 24.0, 15.0, Some("06:00-19:00")), "农贸市场消防点")),
            Use::Mall => Some((("mall", 24.0, 15.0, Some("10:00-22:00")), "商场安全出口")),
            Use::Station => Some((("station", 4.0, 15.0, None), "站前广场")),
            Use::Warehouse if dice.chance(0.7) => {
                Some((("chemical_store", 72.0, 20.0, Some("08:00-18:00")), "危化品仓库"))
            }
            Use::Factory if dice.chance(0.35) => {
                Some((("factory", 168.0, 20.0, Some("08:00-18:00")), "企业安全生产点"))
            }
            Use::Vacant if dice.chance(0.7) => {
                Some((("construction_site", 72.0, 15.0, Some("07:00-19:00")), "建筑工地"))
            }
            Use::Park => Some((("park", 48.0, 10.0, Some("06:00-22:00")), "公园水域警示点")),
            Use::Hotel if dice.chance(0.8) => Some((("hotel", 168.0, 15.0, None), "旅馆登记点")),
            _ => None,
        };
        if let Some((kind, tail)) = kind {
            found.push((kind, names.with(tail), inside));
        }
        let share = match plot.usage {
            Use::OldTown => 0.06,
            Use::OldSlabs => 0.3,
            Use::UrbanVillage => 0.035,
            Use::WalkUp => 0.035,
            _ => continue,
        };
        for house in &built.houses {
            if house.flats > 0 && dice.chance(share) {
                let (a, b) = (house.shape.outer[0], house.shape.outer[1]);
                let door = a.towards(b, 0.5) - (b - a).unit().left() * 0.8;
                let (kind, tail): (Kind, &str) = match plot.usage {
                    Use::UrbanVillage => (("rental_house", 168.0, 10.0, None), "群租房隐患点"),
                    Use::WalkUp => (("fire_hydrant", 168.0, 5.0, None), "消防栓"),
                    _ => (("old_building", 168.0, 10.0, None), "老旧房屋隐患点"),
                };
                risky.push((kind, names.with(tail), door));
            }
        }
    }
    // Pump stations on the river, petrol on the arterials, bridges.
    for section in &draft.roads.sections {
        let middle = section.path[section.path.len() / 2] as usize;
        let here = draft.mesh.places[middle];
        let ahead = draft.mesh.places[section.path[section.path.len() / 2 - 1] as usize];
        let side = (ahead - here).unit().left() * (section.class.usual_width() / 2.0 + 4.0);
        if section.bridge && section.class <= StreetClass::Secondary {
            found.push((("bridge", 168.0, 10.0, None), names.with("桥防汛点"), here + side * 0.8));
        } else if section.class <= StreetClass::Secondary && dice.chance(0.05) {
            found.push((("gas_station", 48.0, 15.0, None), names.with("加油站"), here + side));
        } else if section.class == StreetClass::Secondary && dice.chance(0.05) {
            found.push((("pump_station", 72.0, 10.0, None), names.with("排水泵站"), here + side));
        }
    }
    let left = quota.checkpoints.saturating_sub(found.len());
    let mut all = sample(found, quota.checkpoints, dice);
    all.extend(sample(risky, left, dice));
    for (kind, name, place) in all {
        world.checkpoints.push(Checkpoint {
            id: CheckpointId(world.checkpoints.len() as u32 + 1),
            name,
            kind: Some(kind.0.to_owned()),
            interval: Some(kind.1),
            dwell: Some(kind.2),
            hours: kind.3.map(str::to_owned),
            at: at(draft, place),
        });
    }
}

/// What is found behind shop windows: kind, ending of its name, hours, weight.
const SHOPS: &[(&str, &str, &str, f64)] = &[
    ("pharmacy", "药房", "08:00-22:00", 1.6),
    ("convenience", "便利店", "07:00-23:00", 2.2),
    ("supermarket", "超市", "08:00-21:30", 0.9),
    ("canteen", "社区食堂", "06:30-19:00", 0.7),
    ("restaurant", "川菜馆", "10:00-22:00", 1.6),
    ("bank", "银行储蓄所", "09:00-17:00", 0.6),
    ("post_office", "邮政所", "09:00-17:30", 0.3),
    ("parcel", "快递驿站", "08:30-21:00", 1.2),
    ("hairdresser", "理发店", "09:00-21:00", 0.7),
    ("laundry", "洗衣店", "09:00-20:00", 0.4),
    ("repair", "便民维修", "09:00-18:00", 0.5),
    ("clinic", "诊所", "08:00-20:00", 0.6),
    ("bookshop", "书店", "09:30-21:00", 0.2),
    ("teahouse", "茶馆", "08:00-22:00", 0.8),
    ("elderly_care", "日间照料中心", "08:30-17:30", 0.4),
    ("library", "社区书屋", "09:00-18:00", 0.3),
];

fn services(draft: &Draft<'_>, quota: &Quota, dice: &mut Dice, names: &mut Names, world: &mut World) {
    let town = draft.layout.town;
    let mut fixed: Vec<(&str, String, &str, P)> = Vec::new();
    let mut shops: Vec<P> = Vec::new();
    let door = |house: &super::site::House| {
        let (a, b) = (house.shape.outer[0], house.shape.outer[1]);
        a.towards(b, 0.5) + (b - a).unit().left() * 1.5
    };
    let mut centre_of: BTreeMap<u32, P> = BTreeMap::new();
    let public = |built: &Built, name: &str| built.houses.iter().find(|house| house.name == name).map(door);
    for (plot, built) in draft.plots.iter().zip(draft.built) {
        if let Some(hall) = public(built, "党群服务中心") {
            centre_of.entry(draft.levels.community[plot.face as usize]).or_insert(hall);
        }
        if let Some(toilet) = public(built, "公共厕所") {
            fixed.push(("toilets", "公共厕所".into(), "00:00-24:00", toilet));
        }
        shops.extend(
            built.houses.iter().filter(|house| house.kind == BuildingKind::Retail && house.name.is_empty()).map(door),
        );
        let gate = built.gate.map(|gate| beside(draft, plot, gate, 3.0));
        match (plot.usage, gate) {
            (Use::Market, Some(gate)) => fixed.push(("market", names.shop("菜市"), "06:00-19:00", gate)),
            (Use::Clinic, Some(gate)) => fixed.push(("clinic", names.shop("社区卫生站"), "08:00-20:00", gate)),
            (Use::Park, Some(gate)) => fixed.push(("toilets", "公园厕所".into(), "06:00-22:00", gate)),
            (Use::Culture, Some(gate)) => fixed.push(("library", names.shop("图书馆"), "09:00-20:00", gate)),
            (Use::Government, Some(gate)) => {
                fixed.push(("government", names.shop("便民服务大厅"), "09:00-17:00", gate))
            }
            _ => {}
        }
    }
    for (community, place) in centre_of {
        let name = world.communities.get(community as usize).map_or("", |c| c.name.as_str());
        fixed.push(("community_centre", format!("{name}党群服务中心"), "08:30-18:00", place));
    }
    let weights: Vec<(usize, f64)> = SHOPS.iter().enumerate().map(|(i, shop)| (i, shop.3)).collect();
    let left = if town { quota.services.saturating_sub(fixed.len()) } else { 28 };
    for place in sample(shops, left, dice) {
        let (kind, tail, hours, _) = SHOPS[dice.weighted(&weights)];
        fixed.push((if town { kind } else { "shop" }, names.shop(tail), hours, place));
    }
    for (kind, name, hours, place) in fixed {
        world.services.push(Service {
            id: ServiceId(world.services.len() as u32 + 1),
            name,
            kind: Some(kind.to_owned()),
            hours: Some(hours.to_owned()),
            at: at(draft, place),
        });
    }
}

/// Functional areas over whole cells, street-chief blocks, weak and key areas, and where cameras may not be.
fn zones(draft: &Draft<'_>, dice: &mut Dice, world: &mut World) {
    let (mesh, layout) = (draft.mesh, draft.layout);
    let across = layout.columns.len() as u32 - 1;
    let put = |kind, name: String, target: Option<f64>, area: MultiPolygon, world: &mut World| {
        let id = ZoneId(world.zones.len() as u32 + 1);
        world.zones.push(Zone { id, kind, name, from: Some(date(2025, 1, 1)), to: None, target, area });
    };
    let outline = |inside: &dyn Fn(u32) -> bool| -> MultiPolygon {
        let unit: Vec<u32> =
            (0..mesh.faces()).map(|face| if face > 0 && inside(face) { 0 } else { u32::MAX }).collect();
        dissolve(mesh, &unit, 1).pop().unwrap_or_default()
    };
    // Columns and rows of cells, both ends included.
    let areas: [(&str, [u32; 4]); 5] = [
        ("古城文商旅功能区", [5, 6, 4, 6]),
        ("滨江商务功能区", [9, 10, 4, 7]),
        ("城西智造功能区", [1, 2, 1, 3]),
        ("大学城创新功能区", [3, 5, 8, 8]),
        ("城南田园生活功能区", [9, 11, 1, 2]),
    ];
    for (name, [west, east, south, north]) in areas {
        let area = outline(&|face| {
            let cell = mesh.tags[face as usize].cell;
            (west..=east).contains(&(cell % across)) && (south..=north).contains(&(cell / across))
        });
        put(ZoneKind::FunctionalArea, name.to_owned(), Some(0.85), area, world);
    }
    let cells: Vec<u32> = (0..layout.quarters.len() as u32)
        .filter(|&cell| matches!(layout.quarter(cell), super::layout::Quarter::Mature | super::layout::Quarter::Core))
        .collect();
    for (k, cell) in sample(cells, 8, dice).into_iter().enumerate() {
        let area = outline(&|face| mesh.tags[face as usize].cell == cell);
        put(ZoneKind::StreetChiefBlock, format!("街长制街区{}号", k + 1), Some(0.9), area, world);
    }
    let blocks = |usage: Use| -> Vec<u32> {
        let mut blocks: Vec<u32> =
            draft.plots.iter().filter(|plot| plot.usage == usage).map(|plot| plot.tag.block).collect();
        blocks.dedup();
        blocks.sort_unstable();
        blocks.dedup();
        blocks
    };
    for (kind, usage, most, name, target) in [
        (ZoneKind::WeakArea, Use::UrbanVillage, 7, "城中村薄弱片区", Some(0.95)),
        (ZoneKind::KeyArea, Use::Station, 1, "火车站重点地区", Some(1.0)),
        (ZoneKind::KeyArea, Use::Hospital, 3, "医院周边重点地区", Some(0.95)),
        (ZoneKind::Forbidden, Use::Hotel, 12, "旅馆客房禁设区", None),
        (ZoneKind::Consent, Use::Government, 5, "涉密单位周边同意区", None),
    ] {
        for (k, block) in sample(blocks(usage), most, dice).into_iter().enumerate() {
            let area = outline(&|face| mesh.tags[face as usize].block == block);
            put(kind, format!("{name}{}", k + 1), target, area, world);
        }
    }
    // Dormitories on the campuses.
    for (plot, built) in draft.plots.iter().zip(draft.built).filter(|(plot, _)| plot.usage == Use::Campus) {
        let dormitories: Vec<P> = built
            .houses
            .iter()
            .filter(|house| house.name == "学生公寓")
            .flat_map(|house| house.shape.outer.iter().copied())
            .collect();
        if dormitories.len() > 8 {
            let middle = centroid(&mesh.ring(plot.face));
            let grown: Vec<P> =
                dormitories.iter().map(|&d| d + (d - middle).unit() * 3.0).chain(dormitories.iter().copied()).collect();
            let hull = super::plane::hull(&grown);
            let area = Polygon { outer: super::city::ring(mesh, &hull), holes: Vec::new() }.into();
            put(ZoneKind::Forbidden, "学生公寓禁设区".into(), None, area, world);
        }
    }
}
