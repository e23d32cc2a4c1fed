//! The skeleton: a lattice of arterials, river and railway, bent by smooth fields into something that grew.
//!
//! Positions on the lattice are `(u, v)`, metres east and north before bending. [`Layout::bend`] is smooth and one to
//! one, so lattice lines never cross where they should not, whatever the seed.

use super::dice::{Dice, mix, noise};
use super::mesh::{Course, Mesh, Tag};
use super::plane::{P, p};
use crate::model::{Coord, Frame, StreetClass};

/// What a cell between arterials is mostly made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quarter {
    /// Old town: lanes and courtyard houses.
    Core,
    /// Work-unit compounds of walk-up slabs, 1980-2000.
    Mature,
    /// Superblocks of towers.
    New,
    /// Offices, malls, squares.
    Centre,
    /// A village that the city has swallowed.
    Village,
    /// Factories and warehouses.
    Industry,
    /// A university.
    Campus,
    /// Around the railway station.
    Station,
    /// A large park.
    Park,
    /// Where town and fields mix.
    Fringe,
    /// Fields and hamlets.
    Rural,
    /// The river between its embankment roads.
    River,
}

/// One line of the lattice.
#[derive(Clone, Copy, Debug)]
pub struct Axis {
    /// Metres before bending.
    pub at: f64,
    /// What runs along it.
    pub course: Course,
}

/// A place around which the ground is turned.
#[derive(Clone, Copy, Debug)]
struct Swirl {
    at: P,
    angle: f64,
    reach: f64,
}

/// Where a district lies in a city of many.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The city's.
    pub seed: u64,
    /// Metres around the middle of the city.
    pub frame: Frame,
    /// The middle of the district, before bending, in the city's metres.
    pub origin: P,
    /// Half its width and height before bending.
    pub half: P,
}

/// Within so many metres of the border a district's own bends fade out.
const FADE: f64 = 1_600.0;

/// The skeleton of a city.
pub struct Layout {
    /// For everything below.
    pub seed: u64,
    /// Where the plane's origin lies.
    pub frame: Frame,
    /// West to east.
    pub columns: Vec<Axis>,
    /// South to north.
    pub rows: Vec<Axis>,
    /// By row, then column.
    pub quarters: Vec<Quarter>,
    /// Half the widest extent; outside two thirds of it the land is rural and lines wander.
    pub reach: f64,
    /// The middle of the river before bending, where there is one.
    pub river: Option<f64>,
    /// A town with everything that one has, not a single community.
    pub town: bool,
    /// Where it lies among the other districts of a city.
    setting: Option<Setting>,
    swirls: Vec<Swirl>,
    meander: [(f64, f64, f64); 3],
}

const TRUNK: Course = Course::Street(StreetClass::Trunk);
const PRIMARY: Course = Course::Street(StreetClass::Primary);
const SECONDARY: Course = Course::Street(StreetClass::Secondary);
const TERTIARY: Course = Course::Street(StreetClass::Tertiary);
const RESIDENTIAL: Course = Course::Street(StreetClass::Residential);

/// The district's quarters, north to south, the river left out. One letter each: see [`quarter`].
const DISTRICT: [&str; 10] = [
    "RRRRFRRRRRR",
    "RRFNUUNNFFR",
    "RFVMMMNNNFR",
    "RFMMMMMBNNR",
    "RVSMMCCBNNR",
    "RFMMMCCMNVR",
    "RIIMMMMMNNF",
    "RIIMVMMMPUR",
    "RRIIFNNNNFR",
    "RRRFRRRFRRR",
];
/// The compound scale's four quarters.
const COMMUNITY: [&str; 2] = ["MM", "MN"];

fn quarter(letter: char) -> Quarter {
    match letter {
        'C' => Quarter::Core,
        'M' => Quarter::Mature,
        'N' => Quarter::New,
        'B' => Quarter::Centre,
        'V' => Quarter::Village,
        'I' => Quarter::Industry,
        'U' => Quarter::Campus,
        'S' => Quarter::Station,
        'P' => Quarter::Park,
        'F' => Quarter::Fringe,
        _ => Quarter::Rural,
    }
}

impl Layout {
    /// The district: an old town west of a river, a ring road, a railway, new towns and fields around.
    pub fn district(seed: u64) -> Self {
        let mut dice = Dice::new(seed, &[1]);
        let columns = [
            (-4750.0, Course::Border),
            (-3950.0, TERTIARY),
            (-3150.0, Course::Rail),
            (-2380.0, TRUNK),
            (-1520.0, SECONDARY),
            (-720.0, SECONDARY),
            (80.0, PRIMARY),
            (905.0, SECONDARY),
            (1025.0, Course::Midriver),
            (1145.0, SECONDARY),
            (1970.0, PRIMARY),
            (2830.0, TRUNK),
            (3650.0, SECONDARY),
            (4550.0, Course::Border),
        ];
        let rows = [
            (-4050.0, Course::Border),
            (-3250.0, TERTIARY),
            (-2430.0, TRUNK),
            (-1640.0, SECONDARY),
            (-860.0, SECONDARY),
            (-80.0, PRIMARY),
            (680.0, SECONDARY),
            (1450.0, PRIMARY),
            (2240.0, TRUNK),
            (3050.0, TERTIARY),
            (3850.0, Course::Border),
        ];
        let mut axes = |axes: &[(f64, Course)], fixed: &[usize]| -> Vec<Axis> {
            let jitter = |i: usize, dice: &mut Dice| if fixed.contains(&i) { 0.0 } else { dice.range(-70.0, 70.0) };
            axes.iter().enumerate().map(|(i, &(at, course))| Axis { at: at + jitter(i, &mut dice), course }).collect()
        };
        let (columns, rows) = (axes(&columns, &[7, 8, 9]), axes(&rows, &[]));
        let river_cell = [7, 8];
        let mut quarters = Vec::new();
        for line in DISTRICT.iter().rev() {
            let mut letters = line.chars();
            for i in 0..columns.len() - 1 {
                let here =
                    if river_cell.contains(&i) { Quarter::River } else { quarter(letters.next().unwrap_or('R')) };
                // A few quarters differ from seed to seed.
                quarters.push(match here {
                    Quarter::Mature if dice.chance(0.12) => Quarter::New,
                    Quarter::New if dice.chance(0.12) => Quarter::Mature,
                    Quarter::Fringe if dice.chance(0.2) => Quarter::Village,
                    other => other,
                });
            }
        }
        let swirl = |x: f64, y: f64, dice: &mut Dice| {
            let sign = if dice.chance(0.5) { 1.0 } else { -1.0 };
            Swirl { at: p(x, y), angle: sign * dice.range(0.16, 0.4), reach: dice.range(1100.0, 1600.0) }
        };
        let swirls = [
            (2500.0, 1300.0),
            (-2300.0, 2300.0),
            (2400.0, -2300.0),
            (-2500.0, -2200.0),
            (3900.0, -300.0),
            (-600.0, 3000.0),
        ]
        .map(|(x, y)| swirl(x, y, &mut dice))
        .to_vec();
        let mut phase = || dice.range(0.0, std::f64::consts::TAU);
        let meander = [(250.0, 4300.0, phase()), (110.0, 2100.0, phase()), (35.0, 1000.0, phase())];
        Self {
            seed,
            frame: Frame::at(Coord::new(1_046_200_000, 310_200_000)),
            columns,
            rows,
            quarters,
            reach: 4700.0,
            river: Some(1025.0),
            town: true,
            setting: None,
            swirls,
            meander,
        }
    }

    /// One of many districts. `quarters` are by row, then column; `phases` are the river's.
    pub fn among_others(
        seed: u64,
        setting: Setting,
        (columns, rows): (Vec<Axis>, Vec<Axis>),
        quarters: Vec<Quarter>,
        river: Option<(f64, [f64; 3])>,
    ) -> Self {
        let mut dice = Dice::new(seed, &[1]);
        let mut swirl = |x: f64, y: f64| {
            let sign = if dice.chance(0.5) { 1.0 } else { -1.0 };
            let at = p(x + dice.range(-500.0, 500.0), y + dice.range(-500.0, 500.0));
            Swirl { at, angle: sign * dice.range(0.1, 0.26), reach: dice.range(900.0, 1_300.0) }
        };
        let swirls = vec![
            swirl(-2_300.0, 1_500.0),
            swirl(2_600.0, 1_300.0),
            swirl(-1_900.0, -1_700.0),
            swirl(2_500.0, -1_600.0),
        ];
        let [a, b, c] = river.map_or([0.0; 3], |(_, phases)| phases);
        let middle = setting.frame.coord(setting.origin.turn(-0.09).x, setting.origin.turn(-0.09).y);
        Self {
            seed,
            frame: Frame::at(middle),
            columns,
            rows,
            quarters,
            reach: 4700.0,
            river: river.map(|(at, _)| at),
            town: true,
            setting: Some(setting),
            swirls,
            meander: [(250.0, 4300.0, a), (110.0, 2100.0, b), (35.0, 1000.0, c)],
        }
    }

    /// One community of 0.32 km² between four streets.
    pub fn community(seed: u64) -> Self {
        let axis = |at, course| Axis { at, course };
        let (edge, middle) = (Course::Street(StreetClass::Secondary), TERTIARY);
        let columns = vec![axis(-285.0, edge), axis(-40.0, middle), axis(285.0, edge)];
        let rows = vec![axis(-282.0, edge), axis(15.0, middle), axis(282.0, edge)];
        let quarters = COMMUNITY.iter().rev().flat_map(|line| line.chars().map(quarter)).collect();
        Self {
            seed,
            frame: Frame::at(Coord::new(1_046_286_000, 310_164_000)),
            columns,
            rows,
            quarters,
            reach: 4700.0,
            river: None,
            town: false,
            setting: None,
            swirls: vec![Swirl { at: p(100.0, 50.0), angle: 0.1, reach: 500.0 }],
            meander: [(0.0, 1.0, 0.0); 3],
        }
    }

    /// What a cell is mostly made of.
    pub fn quarter(&self, cell: u32) -> Quarter {
        self.quarters[cell as usize]
    }

    /// Where a lattice position lies.
    pub fn bend(&self, u: f64, v: f64) -> P {
        if let Some(setting) = &self.setting {
            return self.bend_among_others(setting, u, v);
        }
        let r = self.reach;
        let mut at = self.round_off(u, v) + p(self.meanders(u, v), 0.0);
        // 3. Quarters lie at angles to each other.
        at = self.swirled(at);
        // 4. Nothing is quite straight, least of all in the old town and in the fields.
        let far = (at.len() / r - 0.5).clamp(0.0, 0.4) / 0.4;
        let old = if self.river.is_some() { (-((at - p(80.0, -80.0)).len() / 900.0).powi(2)).exp() } else { 0.0 };
        let wander = |salt: u64, wave: f64| {
            let (x, y) = (at.x / wave, at.y / wave);
            p(noise(mix(self.seed, salt), x, y), noise(mix(self.seed, salt + 1), x, y))
        };
        at = at
            + wander(24, 2600.0) * (230.0 * far)
            + wander(20, 1300.0) * (20.0 + 210.0 * far)
            + wander(22, 420.0) * (26.0 * old + 28.0 * far);
        at.turn(-0.09)
    }

    /// 1. Rings round off their corners: a square pulled part of the way towards a disc.
    fn round_off(&self, u: f64, v: f64) -> P {
        let (nx, ny) = (u / self.reach, v / self.reach);
        let pull = 0.45 * (1.0 - (nx * nx).max(ny * ny)).clamp(0.0, 1.0);
        p(u * (1.0 - pull * ny * ny * 0.5).max(0.5), v * (1.0 - pull * nx * nx * 0.5).max(0.5))
    }

    /// 2. The river's meanders push everything beside it aside: how far east.
    fn meanders(&self, u: f64, v: f64) -> f64 {
        let course: f64 = self
            .meander
            .iter()
            .map(|&(size, wave, phase)| size * (std::f64::consts::TAU * v / wave + phase).sin())
            .sum();
        course * self.river.map_or(0.0, |middle| (-((u - middle) / 1500.0).powi(2)).exp())
    }

    fn swirled(&self, mut at: P) -> P {
        for swirl in &self.swirls {
            let d = at - swirl.at;
            at = swirl.at + d.turn(swirl.angle * (-(d.dot(d)) / (swirl.reach * swirl.reach)).exp());
        }
        at
    }

    /// As [`Self::bend`], but so that neighbouring districts agree on every place of their common border: what is the
    /// district's own fades out towards it, and what remains depends on the place in the city alone.
    fn bend_among_others(&self, setting: &Setting, u: f64, v: f64) -> P {
        let ease = |t: f64| t * t * (3.0 - 2.0 * t);
        let fade = |left: f64| ease((left / FADE).clamp(0.0, 1.0));
        let (west_east, south_north) = (fade(setting.half.x - u.abs()), fade(setting.half.y - v.abs()));
        let here = p(u, v);
        let mut own = self.swirled(self.round_off(u, v)) - here;
        let old = (-((here - p(80.0, -80.0)).len() / 900.0).powi(2)).exp();
        let own_noise = |salt: u64| noise(mix(self.seed, salt), u / 420.0, v / 420.0);
        own = own + p(own_noise(22), own_noise(23)) * (26.0 * old);
        // The river runs on into the next district.
        let river = p(self.meanders(u, v + setting.origin.y), 0.0);
        let mut at = setting.origin + here + own * (west_east * south_north) + river * west_east;
        let wander = |salt: u64, wave: f64| {
            let (x, y) = (at.x / wave, at.y / wave);
            p(noise(mix(setting.seed, salt), x, y), noise(mix(setting.seed, salt + 1), x, y))
        };
        at = at + wander(40, 11_000.0) * 620.0 + wander(42, 2_900.0) * 95.0;
        at = at.turn(-0.09);
        // Through the city's own metres, so that both neighbours round to the same vertex.
        let (x, y) = self.frame.metres(setting.frame.coord(at.x, at.y));
        p(x, y)
    }

    /// The course of a lattice edge between two cells.
    fn course(&self, axis: Course, one: Option<Quarter>, other: Option<Quarter>, dice: &mut Dice) -> Option<Course> {
        use Quarter::{Campus, Park, River, Rural};
        let (Some(one), Some(other)) = (one, other) else { return Some(axis) };
        if one == River && other == River {
            return match axis {
                Course::Midriver => Some(axis),
                Course::Street(class) if class <= StreetClass::Secondary || dice.chance(0.25) => {
                    Some(Course::Bridge(class))
                }
                _ => None,
            };
        }
        let both = |quarter: Quarter| one == quarter && other == quarter;
        if both(Campus) || both(Park) {
            return Some(RESIDENTIAL);
        }
        if both(Rural) {
            return Some(match axis {
                TRUNK | PRIMARY => SECONDARY,
                SECONDARY => TERTIARY,
                TERTIARY => RESIDENTIAL,
                other => other,
            });
        }
        Some(axis)
    }

    /// Lays the skeleton out as a mesh.
    pub fn mesh(&self) -> Mesh {
        let mut dice = Dice::new(self.seed, &[2]);
        let (nx, ny) = (self.columns.len(), self.rows.len());
        let cells_x = nx - 1;
        let cell = |i: isize, j: isize| -> Option<u32> {
            let inside = i >= 0 && j >= 0 && (i as usize) < nx - 1 && (j as usize) < ny - 1;
            inside.then(|| (j as usize * cells_x + i as usize) as u32)
        };
        let mut vertices: Vec<Coord> = Vec::new();
        let place = |u: f64, v: f64| {
            let at = self.bend(u, v);
            self.frame.coord(at.x, at.y)
        };
        for row in &self.rows {
            vertices.extend(self.columns.iter().map(|column| place(column.at, row.at)));
        }
        let mut edges: Vec<(u32, u32, Course)> = Vec::new();
        let mut left: Vec<(Option<u32>, Option<u32>)> = Vec::new();
        let mut run = |a: usize, b: usize, from: P, to: P, course: Course, sides: (Option<u32>, Option<u32>)| {
            let pieces = ((to - from).len() / 75.0).ceil().max(1.0) as usize;
            let mut last = a as u32;
            for k in 1..=pieces {
                let end = if k == pieces {
                    b as u32
                } else {
                    let at = from.towards(to, k as f64 / pieces as f64);
                    vertices.push(place(at.x, at.y));
                    vertices.len() as u32 - 1
                };
                edges.push((last, end, course));
                left.push(sides);
                last = end;
            }
        };
        let quarter = |cell: Option<u32>| cell.map(|cell| self.quarter(cell));
        for j in 0..ny {
            for i in 0..nx {
                let here = p(self.columns[i].at, self.rows[j].at);
                let (si, sj) = (i as isize, j as isize);
                if i + 1 < nx {
                    let sides = (cell(si, sj), cell(si, sj - 1));
                    if let Some(course) =
                        self.course(self.rows[j].course, quarter(sides.0), quarter(sides.1), &mut dice)
                    {
                        run(j * nx + i, j * nx + i + 1, here, p(self.columns[i + 1].at, here.y), course, sides);
                    }
                }
                if j + 1 < ny {
                    let sides = (cell(si - 1, sj), cell(si, sj));
                    if let Some(course) =
                        self.course(self.columns[i].course, quarter(sides.0), quarter(sides.1), &mut dice)
                    {
                        run(j * nx + i, (j + 1) * nx + i, here, p(here.x, self.rows[j + 1].at), course, sides);
                    }
                }
            }
        }
        let mut mesh = Mesh::new(self.frame, vertices, &edges);
        for (k, sides) in left.iter().enumerate() {
            for (h, cell) in [(2 * k as u32, sides.0), (2 * k as u32 + 1, sides.1)] {
                if let Some(cell) = cell {
                    let face = mesh.face(h) as usize;
                    mesh.tags[face] = Tag { cell, block: 0 };
                }
            }
        }
        mesh
    }
}
