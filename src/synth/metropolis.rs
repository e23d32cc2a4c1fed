//! A city of 49 districts: where they lie, what each is made of, and how their share of everything is found.
//!
//! Districts are made side by side on all cores, each from its own seed, so that the order of work never matters. Two
//! passes, because the city has exactly as many buildings and grids as were asked for: the first builds on every plot,
//! then hamlets are thinned and grids shared out over the whole city, the second names, divides and equips.

use super::dice::{Dice, mix, noise};
use super::layout::{Axis, Layout, Quarter, Setting};
use super::levels::Counts;
use super::mesh::Course;
use super::plane::{P, p};
use super::plots::Use;
use super::points::Quota;
use super::seams::{Seams, outline};
use super::{Ground, Size, Synthetic};
use crate::model::{Coord, Entity, Frame, Layer, StreetClass, World};
use rayon::prelude::*;
use std::sync::atomic::{AtomicU64, Ordering};

const SIDE: usize = 7;
const WIDTH: f64 = 9_300.0;
const HEIGHT: f64 = 7_900.0;

const BUILDINGS: usize = 1_000_000;
const GRIDS: u32 = 20_000;
const CAMERAS: usize = 100_000;

const NAMES: [&str; SIDE * SIDE] = [
    "雪岭县",
    "湔江县",
    "石亭县",
    "绵远县",
    "玉垒县",
    "岷影县",
    "鹿鸣县",
    "棠梨县",
    "柏木县",
    "青衣区",
    "桑园区",
    "麦垄区",
    "鹤洲县",
    "松涛县",
    "望蜀县",
    "茶马区",
    "书院区",
    "蚕市区",
    "云机区",
    "金穗区",
    "竹影县",
    "菱塘县",
    "经纬区",
    "锦梭区",
    "织城区",
    "鹭洲区",
    "迎晖区",
    "荷风县",
    "梅溪县",
    "凤栖区",
    "染坊区",
    "百工区",
    "听泉区",
    "稻香区",
    "枇杷县",
    "平畴县",
    "龙脊县",
    "黄葛区",
    "天工区",
    "水碾区",
    "燕归县",
    "翠屏县",
    "银杏县",
    "丰年县",
    "沃野县",
    "三圣县",
    "双井县",
    "七星县",
    "五桂县",
];

/// Makes the city; see [`super::generate`]. `progress` hears (steps done, steps), a district being two.
pub fn generate(seed: u64, progress: &(dyn Fn(u64, u64) + Sync)) -> Synthetic {
    let steps = 2 * (SIDE * SIDE) as u64;
    let done = AtomicU64::new(0);
    let step = || progress(done.fetch_add(1, Ordering::Relaxed), steps);
    let mut grounds: Vec<Ground> = (0..SIDE * SIDE)
        .into_par_iter()
        .map(|i| {
            step();
            super::lay(layout(seed, i % SIDE, i / SIDE), &|_| {})
        })
        .collect();
    thin_hamlets(&mut grounds, BUILDINGS);
    let sizes = sizes(&grounds);
    let seams = Seams::between(&grounds.iter().map(|it| outline(&it.mesh, it.laid_out)).collect::<Vec<_>>());
    let parts: Vec<World> = grounds
        .into_par_iter()
        .zip(&sizes)
        .map(|(ground, size)| {
            step();
            let mut world = super::settle(&ground, size);
            drop(ground);
            seams.sew(&mut world);
            world
        })
        .collect();
    let mut world = World::default();
    for part in parts {
        append_all(&mut world, part);
    }
    world.cameras = super::points::sample(world.cameras, CAMERAS, &mut Dice::new(seed, &[51]));
    for (camera, id) in world.cameras.iter_mut().zip(1..) {
        camera.renumber(id);
    }
    for layer in Layer::ALL {
        world.keep_given(layer, world.count(layer) as u32);
    }
    progress(steps, steps);
    Synthetic { name: "织锦市".to_owned(), world }
}

fn append_all(all: &mut World, part: World) {
    append(&mut all.districts, part.districts);
    append(&mut all.subdistricts, part.subdistricts);
    append(&mut all.communities, part.communities);
    append(&mut all.grids, part.grids);
    append(&mut all.zones, part.zones);
    append(&mut all.compounds, part.compounds);
    append(&mut all.institutions, part.institutions);
    append(&mut all.buildings, part.buildings);
    append(&mut all.streets, part.streets);
    append(&mut all.water, part.water);
    append(&mut all.green, part.green);
    append(&mut all.barriers, part.barriers);
    append(&mut all.cameras, part.cameras);
    append(&mut all.checkpoints, part.checkpoints);
    append(&mut all.services, part.services);
}

/// Ids of a district begin at 1; in the city they go on.
fn append<T: Entity>(all: &mut Vec<T>, mut part: Vec<T>) {
    let before = all.len() as u32;
    part.iter_mut().for_each(|thing| thing.renumber(thing.number() + before));
    all.append(&mut part);
}

/// The skeleton of the district in a column from the west and a row from the south.
fn layout(seed: u64, column: usize, row: usize) -> Layout {
    let from_middle = |at: usize| at as f64 - (SIDE / 2) as f64;
    let setting = Setting {
        seed,
        frame: Frame::at(Coord::new(1_046_200_000, 310_200_000)),
        origin: p(from_middle(column) * WIDTH, from_middle(row) * HEIGHT),
        half: p(WIDTH / 2.0, HEIGHT / 2.0),
    };
    // Lines run on from district to district: what is decided about one is decided for its whole column or row.
    let mut of_column = Dice::new(seed, &[41, column as u64]);
    let mut of_row = Dice::new(seed, &[42, row as u64]);
    let river = matches!(column, 0 | 3 | 5);
    let phases = [0; 3].map(|_| of_column.range(0.0, std::f64::consts::TAU));
    let street = Course::Street;
    use StreetClass::{Primary, Secondary, Tertiary, Trunk};
    let middle_ring = (2..=4).contains(&column);
    let west = if matches!(column, 1 | 4) { Course::Rail } else { street(Tertiary) };
    let mut columns = vec![
        (-3950.0, street(Tertiary)),
        (-3150.0, west),
        (-2380.0, street(if column % 2 == 1 { Trunk } else { Primary })),
        (-1520.0, street(Secondary)),
        (-720.0, street(Secondary)),
        (80.0, street(Primary)),
    ];
    if river {
        columns.extend([(905.0, street(Secondary)), (1025.0, Course::Midriver), (1145.0, street(Secondary))]);
    } else {
        columns.push((1025.0, street(Tertiary)));
    }
    columns.extend([
        (1970.0, street(Primary)),
        (2830.0, street(if middle_ring { Trunk } else { Secondary })),
        (3650.0, street(Secondary)),
    ]);
    let rows = [
        (-3250.0, street(Tertiary)),
        (-2430.0, street(if row % 2 == 1 { Trunk } else { Primary })),
        (-1640.0, street(Secondary)),
        (-860.0, street(Secondary)),
        (-80.0, street(Primary)),
        (680.0, street(Secondary)),
        (1450.0, street(Primary)),
        (2240.0, street(if (2..=4).contains(&row) { Trunk } else { Secondary })),
        (3050.0, street(Tertiary)),
    ];
    let axes = |half: f64, lines: &[(f64, Course)], dice: &mut Dice| -> Vec<Axis> {
        let inner = lines.iter().map(|&(at, course)| {
            let jitter = dice.range(-70.0, 70.0);
            // The river's banks keep their distance.
            let fixed = river && lines.len() == columns_with_river() && (900.0..1150.0).contains(&at);
            Axis { at: if fixed { at } else { at + jitter }, course }
        });
        let border = |at| Axis { at, course: Course::Border };
        std::iter::once(border(-half)).chain(inner).chain([border(half)]).collect()
    };
    let columns = axes(WIDTH / 2.0, &columns, &mut of_column);
    let rows = axes(HEIGHT / 2.0, &rows, &mut of_row);
    let mut own = Dice::new(mix(seed, 43), &[column as u64, row as u64]);
    let mut quarters = Vec::new();
    for south_north in rows.windows(2) {
        for west_east in columns.windows(2) {
            let banks = river && (905.0..1145.0).contains(&((west_east[0].at + west_east[1].at) / 2.0));
            let at = p((west_east[0].at + west_east[1].at) / 2.0, (south_north[0].at + south_north[1].at) / 2.0);
            quarters.push(if banks { Quarter::River } else { quarter(seed, setting.origin, at, &mut own) });
        }
    }
    let district = mix(seed, (row * SIDE + column) as u64 + 1);
    Layout::among_others(district, setting, (columns, rows), quarters, river.then_some((1025.0, phases)))
}

const fn columns_with_river() -> usize {
    12
}

/// What a place is made of: one large town in the middle, smaller ones around, each district's seat, fields between.
fn quarter(seed: u64, origin: P, at: P, dice: &mut Dice) -> Quarter {
    let place = origin + at;
    let fuzz = 0.16 * noise(mix(seed, 44), place.x / 2_600.0, place.y / 2_600.0)
        + 0.1 * noise(mix(seed, 45), place.x / 900.0, place.y / 900.0);
    let bell = |far: f64, reach: f64| (-(far / reach).powi(2)).exp();
    let middle = bell(place.len(), 15_500.0);
    // A district's seat; the farther out, the smaller.
    let size = 2_900.0 - place.len() * 0.03 + 700.0 * noise(mix(seed, 46), origin.x / 5_000.0, origin.y / 5_000.0);
    let seat = 0.8 * bell((at - p(-300.0, -100.0)).len(), size.max(900.0));
    let urban = middle.max(seat) + fuzz;
    use Quarter::{Campus, Centre, Core, Fringe, Industry, Mature, New, Park, Rural, Station, Village};
    if place.len() < 2_600.0 || (seat > 0.7 && urban > 0.7 && dice.chance(0.6)) {
        return if dice.chance(0.75) { Core } else { Centre };
    }
    match urban {
        u if u > 0.62 => dice.weighted(&[
            (Mature, 0.5),
            (New, 0.24),
            (Centre, 0.07),
            (Core, 0.04),
            (Village, 0.06),
            (Industry, 0.02),
            (Campus, 0.02),
            (Park, 0.03),
            (Station, 0.02),
        ]),
        u if u > 0.4 => dice.weighted(&[
            (Mature, 0.3),
            (New, 0.36),
            (Centre, 0.03),
            (Village, 0.12),
            (Industry, 0.1),
            (Campus, 0.04),
            (Park, 0.03),
            (Station, 0.02),
        ]),
        u if u > 0.26 => dice.weighted(&[(New, 0.3), (Village, 0.15), (Industry, 0.15), (Fringe, 0.4)]),
        u if u > 0.17 => dice.weighted(&[(Fringe, 0.6), (Village, 0.1), (Rural, 0.3)]),
        _ => dice.weighted(&[(Rural, 0.93), (Fringe, 0.04), (Village, 0.03)]),
    }
}

/// Hamlets grow house by house from their middle; they stop growing where the city would have too many buildings.
fn thin_hamlets(grounds: &mut [Ground], most: usize) {
    let mut hamlets: Vec<&mut Vec<super::site::House>> = Vec::new();
    let mut others = 0;
    for ground in grounds {
        for (plot, built) in ground.plots.iter().zip(&mut ground.built) {
            if plot.usage == Use::Hamlet { hamlets.push(&mut built.houses) } else { others += built.houses.len() }
        }
    }
    let total = |cap: usize| others + hamlets.iter().map(|houses| houses.len().min(cap)).sum::<usize>();
    let Some(cap) = (0..=100).rev().find(|&cap| total(cap) <= most) else { return };
    let mut spare = most - total(cap);
    for houses in hamlets {
        let more = usize::from(houses.len() > cap && spare > 0);
        spare -= more;
        houses.truncate(cap + more);
    }
}

/// How large each district is: grids by people and ground, points by people.
fn sizes(grounds: &[Ground]) -> Vec<Size> {
    let flats = |ground: &Ground| -> f64 {
        ground.built.iter().flat_map(|built| &built.houses).map(|house| f64::from(house.flats)).sum()
    };
    let people: Vec<f64> = grounds.iter().map(flats).collect();
    let all: f64 = people.iter().sum();
    let loads: Vec<f64> = people.iter().map(|people| people + 40_000.0).collect();
    let most: Vec<u32> = grounds.iter().map(|ground| ground.plots.len() as u32 / 4).collect();
    let grids = super::levels::apportion(&loads, &most, GRIDS);
    let size = |(i, &grids): (usize, &u32)| {
        let share = people[i] / all;
        let part = |whole: f64| (whole * share).ceil() as usize;
        Size {
            code: format!("5106{:02}", i + 1),
            name: NAMES[i].to_owned(),
            households: (people[i] * 0.93) as u32,
            counts: Counts { subdistricts: (grids / 30).clamp(6, 24), communities: grids * 10 / 49, grids },
            quota: Quota {
                // More than enough: the city keeps as many of all as it should have.
                corners: part(160_000.0),
                gates: part(60_000.0),
                domes: part(40_000.0),
                ptz: part(20_000.0),
                checkpoints: part(20_000.0),
                services: part(50_000.0),
            },
        }
    };
    grids.iter().enumerate().map(size).collect()
}
