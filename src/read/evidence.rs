//! Which datum a file must be in, shown by where its places come to lie in a city that is known already.
//!
//! Every candidate datum is tried on a sample of the file's positions. Two things are measured: which part of them falls
//! on ground that the city knows (`inside`), and which part falls upon lines that the city knows, within a few metres
//! (`aligned`): borders that the file shares with the city's, or outlines of the same buildings. A wrong datum moves
//! everything by 200 to 700 metres, so by `inside` a file is told apart where its extent comes near that of the city,
//! and by `aligned` almost always. What neither shows clearly is not decided.

use super::Options;
use super::datum::{Crs, Datum};
use super::fields::Mapping;
use super::raw::{Cell, Shape, Sheet};
use crate::model::{Bounds, Coord, Frame, Geometry, Layer, MultiPolygon, Record, Ring, World};
use rayon::prelude::*;
use rstar::{AABB, RTree, RTreeObject};
use std::fmt::Write;
use std::sync::OnceLock;

/// How a datum was come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// The user says so.
    Stated,
    /// The file says so.
    Declared,
    /// Evidence shows it.
    Detected,
    /// The file says nothing; its format prescribes one.
    Prescribed,
    /// Not at all.
    Refused,
}

impl How {
    /// The word that the API uses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Stated => "stated",
            Self::Declared => "declared",
            Self::Detected => "detected",
            Self::Prescribed => "prescribed",
            Self::Refused => "refused",
        }
    }
}

/// How well a candidate fits.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// The candidate.
    pub crs: Crs,
    /// The file holds latitude before longitude, or northing before easting.
    pub swapped: bool,
    /// Part of the sampled places that lie on known ground, 0 to 1.
    pub inside: f64,
    /// Part of the sampled vertices that lie upon known lines, 0 to 1.
    pub aligned: f64,
}

/// Which datum is taken, how it was come by, and how all candidates fit.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The datum and whether the axes are swapped; `None` where nothing shows it clearly.
    pub crs: Option<(Crs, bool)>,
    /// How.
    pub how: How,
    /// Best first; empty where nothing was tried.
    pub scores: Vec<Score>,
    /// Places that were tried.
    pub tried: usize,
    /// Which places of the file these are, where not all of them: those whose `address` names the city.
    pub among: Option<String>,
}

impl Verdict {
    /// A datum that somebody told.
    pub fn of(crs: Crs, how: How) -> Self {
        Self { crs: Some((crs, false)), how, scores: Vec::new(), tried: 0, among: None }
    }

    /// None.
    pub fn refused() -> Self {
        Self { crs: None, how: How::Refused, scores: Vec::new(), tried: 0, among: None }
    }

    /// Whether there was anything to try.
    pub fn tried(&self) -> bool {
        !self.scores.is_empty()
    }

    /// Whether the evidence speaks against a datum that a file declares: not only is another better, this one is bad.
    pub fn contradicts(&self, declared: &Crs) -> bool {
        let score = |crs: &Crs, swapped: bool| {
            let found = self.scores.iter().find(|score| score.crs == *crs && score.swapped == swapped);
            found.map_or((0.0, 0.0), |score| (score.inside, score.aligned))
        };
        let Some((better, swapped)) = &self.crs else { return false };
        let (own, other) = (score(declared, false), score(better, *swapped));
        other.0 - own.0 >= MARGIN || other.1 - own.1 >= ALIGNED
    }

    /// `bd09 99.3 % on known ground, 41 % on known lines; gcj02 68 % and 2 %; ...`.
    pub fn told(&self) -> String {
        let mut text = String::new();
        for (i, score) in self.scores.iter().take(4).enumerate() {
            let order = if score.swapped { " (axes swapped)" } else { "" };
            let (inside, aligned) = (score.inside * 100.0, score.aligned * 100.0);
            // Writing into a string cannot fail.
            let _ = match i {
                0 => write!(text, "{}{order} {inside:.1} % on known ground, {aligned:.1} % on known lines", score.crs),
                _ => write!(text, "; {}{order} {inside:.1} % and {aligned:.1} %", score.crs),
            };
        }
        let among = self.among.as_deref().unwrap_or_default();
        let _ = write!(text, " (of {} places{among})", self.tried);
        text
    }
}

/// Places of a sheet, as the file holds them.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    positions: Vec<[f64; 2]>,
    /// Where the features are whose cell names the city, by the column of that cell.
    naming: Vec<(String, Vec<[f64; 2]>)>,
}

/// So many positions are tried: the share of any part is then known to about one percent.
const SAMPLE: usize = 4096;

/// Takes a sample, evenly through the file.
pub(super) fn sample(sheet: &Sheet, mapping: &Mapping, options: &Options) -> Sample {
    let (mut positions, mut step, mut seen) = (Vec::new(), 1_usize, 0_usize);
    let mut add = |position: &[f64; 2]| {
        if seen % step == 0 {
            positions.push(*position);
            if positions.len() >= 2 * SAMPLE {
                // Every other one is enough; from now on take half as many.
                let mut keep = false;
                positions.retain(|_| {
                    keep = !keep;
                    keep
                });
                step *= 2;
            }
        }
        seen += 1;
    };
    let names = options.known.as_ref().map(|known| known.names.as_slice()).unwrap_or_default();
    let mut naming: Vec<(String, Vec<[f64; 2]>)> =
        sheet.columns.iter().map(|name| (name.clone(), Vec::new())).collect();
    // A file that breaks off half way has told enough; the reading itself says that it does.
    let _ = sheet.features.each(&mut |feature| {
        let told;
        let shape = if sheet.has_places {
            &feature.shape
        } else {
            told = mapping.place(feature);
            &told
        };
        if let Shape::Of(outline) = shape {
            outline.positions.iter().for_each(&mut add);
            for ((_, found), cell) in naming.iter_mut().zip(&feature.cells) {
                if let (Cell::Text(text), Some(place)) = (cell, outline.positions.first())
                    && found.len() < SAMPLE
                    && names.iter().any(|name| text.contains(name.as_str()))
                {
                    found.push(*place);
                }
            }
        }
        !options.cancelled()
    });
    naming.retain(|(_, found)| found.len() >= FEWEST_NAMING);
    Sample { positions, naming }
}

/// Cells of the picture of the known ground, along its longer side. In a district of 10 km a cell has 10 m.
const CELLS: usize = 1024;
/// The share that the best candidate must have on known ground, and by which it must lead the next.
const ENOUGH: f64 = 0.9;
const MARGIN: f64 = 0.04;
/// The share upon known lines that chance does not give, and the factor by which the best must lead.
const ALIGNED: f64 = 0.15;
const LEAD: f64 = 3.0;
/// Fewer places than this show nothing.
const FEWEST: usize = 8;
/// Fewer places that name the city show nothing: names occur in those of other places.
const FEWEST_NAMING: usize = 30;
/// So many buildings are looked at.
const MOST_BUILDINGS: usize = 50_000;
/// What counts as upon a line, in metres.
const NEAR: f64 = 2.5;
/// The farthest that a candidate may throw a file from the city before it is not shown at all, in known extents.
const BESIDE: f64 = 3.0;
/// A village of a few houses counts as a kilometre wide there.
const LEAST_EXTENT: i32 = 100_000;

/// What a city knows of the ground.
pub struct Known {
    /// Whose borders and outlines are known lines.
    areas: Vec<MultiPolygon>,
    /// The names of its largest known level, as people write them: `下城区` and `下城`.
    names: Vec<String>,
    frame: Frame,
    bounds: Bounds,
    ground: Option<Picture>,
    lines: OnceLock<RTree<Segment>>,
}

impl std::fmt::Debug for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Known").field("bounds", &self.bounds).finish_non_exhaustive()
    }
}

/// Names of districts, or of subdistricts where no district is known, with and without the word for what they are.
fn names_of(world: &World) -> Vec<String> {
    let districts: Vec<&String> = world.districts.iter().map(|district| &district.name).collect();
    let subdistricts = || world.subdistricts.iter().map(|subdistrict| &subdistrict.name).collect();
    let full = if districts.iter().any(|name| !name.is_empty()) { districts } else { subdistricts() };
    let mut names: Vec<String> = Vec::new();
    for name in full {
        let short = ["新区", "街道", "区", "县", "市", "镇", "乡"].iter().find_map(|word| name.strip_suffix(word));
        // One character is in every second name.
        let fits = |name: &&str| name.chars().count() >= 2;
        names.extend([Some(name.as_str()), short].into_iter().flatten().filter(fits).map(str::to_owned));
    }
    names
}

/// Known ground as a picture of bits.
struct Picture {
    bounds: Bounds,
    columns: usize,
    rows: usize,
    bits: Vec<bool>,
}

#[derive(Clone, Copy)]
struct Segment(Coord, Coord);

impl RTreeObject for Segment {
    type Envelope = AABB<[f64; 2]>;
    fn envelope(&self) -> Self::Envelope {
        let point = |c: Coord| [f64::from(c.x), f64::from(c.y)];
        AABB::from_corners(point(self.0), point(self.1))
    }
}

impl Known {
    /// What a world knows: the ground of its administrative levels and grids, the lines of these and of its buildings.
    /// `None` for a world that knows no place.
    pub fn of(world: &World) -> Option<Self> {
        let levels = [Layer::Districts, Layer::Subdistricts, Layer::Communities, Layer::Grids];
        let area = |record: Record| if let Geometry::Area(area) = record.geometry { Some(area) } else { None };
        let mut areas: Vec<MultiPolygon> =
            levels.into_iter().flat_map(|layer| world.records(layer)).filter_map(area).collect();
        let bounds = |areas: &[MultiPolygon]| areas.iter().filter_map(MultiPolygon::bounds).reduce(Bounds::union);
        let ground = bounds(&areas).map(|bounds| {
            let mut picture = Picture::new(bounds);
            areas.iter().for_each(|area| picture.fill(area.rings()));
            picture
        });
        // Outlines of some thousand buildings show a datum as well as those of a million.
        let step = world.buildings.len().div_ceil(MOST_BUILDINGS).max(1);
        areas.extend(world.buildings.iter().step_by(step).map(|building| building.area.clone()));
        let bounds = ground.as_ref().map(|ground| ground.bounds).or_else(|| bounds(&areas))?;
        let names = names_of(world);
        Some(Self { areas, names, frame: Frame::at(bounds.centre()), bounds, ground, lines: OnceLock::new() })
    }

    /// The box around everything that it knows.
    pub fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// Whether a place is on ground that it knows; by the box around it where it knows no ground.
    pub fn holds(&self, place: Coord) -> bool {
        self.ground.as_ref().map_or_else(|| self.bounds.contains(place), |ground| ground.holds(place))
    }

    /// Tries every candidate on a sample. A file of a larger area than the city lies beside it in every datum; then the
    /// features that name the city must lie in it.
    pub fn judge(&self, sample: &Sample) -> Verdict {
        let all = self.judge_places(&sample.positions);
        if all.crs.is_some() || self.ground.is_none() {
            return all;
        }
        let best = |verdict: &Verdict| verdict.scores.first().map_or(0.0, |score| score.inside);
        let named = sample.naming.iter().map(|(column, places)| {
            let among = format!(" whose `{column}` names it");
            Verdict { among: Some(among), ..self.judge_places(places) }
        });
        // Of several columns that name it, the one that tells where things are: a developer builds elsewhere too.
        let named = named.reduce(|a, b| if best(&b) > best(&a) { b } else { a });
        named.filter(|verdict| verdict.crs.is_some()).unwrap_or(all)
    }

    fn judge_places(&self, positions: &[[f64; 2]]) -> Verdict {
        let tried = positions.len();
        if tried < FEWEST {
            return Verdict { tried, ..Verdict::refused() };
        }
        let mut scores: Vec<Score> = self
            .candidates()
            .into_par_iter()
            .flat_map_iter(|crs| [(crs.clone(), false), (crs, true)])
            .filter_map(|(crs, swapped)| self.score(positions, crs, swapped))
            .collect();
        let merit = |score: &Score| score.inside + 2.0 * score.aligned;
        scores.sort_by(|a, b| merit(b).total_cmp(&merit(a)).then(a.swapped.cmp(&b.swapped)));
        let crs = self.clearest(&scores, tried).map(|best| (best.crs.clone(), best.swapped));
        let how = if crs.is_some() { How::Detected } else { How::Refused };
        Verdict { crs, how, scores, tried, among: None }
    }

    /// The best candidate, if it leads clearly.
    fn clearest<'s>(&self, scores: &'s [Score], tried: usize) -> Option<&'s Score> {
        let best = scores.first()?;
        let others = || scores.iter().skip(1);
        let next_aligned = others().map(|score| score.aligned).fold(0.0, f64::max);
        let next = others().map(|score| score.inside).fold(0.0, f64::max);
        // Lines that are met by chance do not outweigh ground that is missed: parks and water lie on no borders.
        if best.aligned >= ALIGNED && best.aligned >= LEAD * next_aligned && best.inside + MARGIN >= next {
            return Some(best);
        }
        // Three standard deviations of a share measured on so few places.
        let chance = 3.0 * (next * (1.0 - next) / tried.min(SAMPLE) as f64).sqrt();
        let clear = best.inside >= ENOUGH && best.inside - next >= MARGIN.max(chance);
        (self.ground.is_some() && clear).then_some(best)
    }

    /// How well a candidate fits; `None` where it throws the file off the map.
    fn score(&self, positions: &[[f64; 2]], crs: Crs, swapped: bool) -> Option<Score> {
        let datum = Datum::new(crs.clone()).ok()?;
        let coords: Vec<Coord> = positions
            .iter()
            .filter_map(|&[x, y]| if swapped { datum.coord(y, x) } else { datum.coord(x, y) }.ok())
            .collect();
        let centre = self.bounds.centre();
        let reach = |middle: i32, lo: i32, hi: i32, c: i32| {
            let extent = (f64::from(hi) - f64::from(lo)).max(f64::from(LEAST_EXTENT));
            (f64::from(c) - f64::from(middle)).abs() <= BESIDE * extent
        };
        let Bounds { min, max } = self.bounds;
        let on_the_map =
            coords.iter().filter(|c| reach(centre.x, min.x, max.x, c.x) && reach(centre.y, min.y, max.y, c.y)).count();
        if on_the_map * 2 < positions.len() {
            return None;
        }
        let share = |n: usize| n as f64 / positions.len() as f64;
        let inside = match &self.ground {
            Some(ground) => share(coords.iter().filter(|c| ground.holds(**c)).count()),
            None => share(coords.iter().filter(|c| self.bounds.contains(**c)).count()),
        };
        let lines = self.lines.get_or_init(|| self.segments());
        let aligned = share(coords.iter().filter(|c| self.upon(lines, **c)).count());
        Some(Score { crs, swapped, inside, aligned })
    }

    fn upon(&self, lines: &RTree<Segment>, at: Coord) -> bool {
        // Two and a half metres are at most this many units at the latitudes where people live.
        const REACH: f64 = 600.0;
        let (x, y) = (f64::from(at.x), f64::from(at.y));
        let envelope = AABB::from_corners([x - REACH, y - REACH], [x + REACH, y + REACH]);
        lines
            .locate_in_envelope_intersecting(&envelope)
            .any(|Segment(a, b)| self.frame.distance_to_segment(at, *a, *b).0 <= NEAR)
    }

    fn segments(&self) -> RTree<Segment> {
        let edges = self.areas.iter().flat_map(MultiPolygon::rings).flat_map(Ring::edges);
        RTree::bulk_load(edges.map(|(a, b)| Segment(a, b)).collect())
    }

    /// Every datum that files of this part of the world are in.
    fn candidates(&self) -> Vec<Crs> {
        let mut candidates = vec![Crs::Wgs84, Crs::Gcj02, Crs::Bd09, Crs::Epsg(3857)];
        let lon = self.bounds.centre().lon();
        // CGCS2000, three degrees wide: zone numbers before the easting, or central meridians; the neighbours too, since
        // a city may lie beside its zone (domain.md 2.6). Of those six degrees wide only the ones with zone numbers: their
        // central meridians are among the others.
        let narrow = (lon / 3.0).round() as i64;
        for zone in narrow - 1..=narrow + 1 {
            if (25..=45).contains(&zone) {
                candidates.extend([Crs::Epsg(4488 + zone as u32), Crs::Epsg(4509 + zone as u32)]);
            }
        }
        let wide = (lon / 6.0).floor() as i64 + 1;
        if (13..=23).contains(&wide) {
            candidates.push(Crs::Epsg(4478 + wide as u32));
        }
        // UTM, which surveys from abroad use.
        let utm = (lon / 6.0).floor() as i64 + 31;
        if (1..=60).contains(&utm) && self.bounds.min.y > 0 {
            candidates.push(Crs::Epsg(32_600 + utm as u32));
        }
        candidates
    }
}

impl Picture {
    fn new(bounds: Bounds) -> Self {
        let width = f64::from(bounds.max.x) - f64::from(bounds.min.x) + 1.0;
        let height = f64::from(bounds.max.y) - f64::from(bounds.min.y) + 1.0;
        let cell = width.max(height) / CELLS as f64;
        let (columns, rows) = ((width / cell).ceil().max(1.0) as usize, (height / cell).ceil().max(1.0) as usize);
        Self { bounds, columns, rows, bits: vec![false; columns * rows] }
    }

    /// The cell's column and row, fractions kept.
    fn place(&self, c: Coord) -> (f64, f64) {
        let part = |lo: i32, hi: i32, c: i32| (f64::from(c) - f64::from(lo)) / (f64::from(hi) - f64::from(lo) + 1.0);
        (
            part(self.bounds.min.x, self.bounds.max.x, c.x) * self.columns as f64,
            part(self.bounds.min.y, self.bounds.max.y, c.y) * self.rows as f64,
        )
    }

    /// Sets the cells whose middles lie within the rings, by the even-odd rule.
    fn fill<'r>(&mut self, rings: impl Iterator<Item = &'r Ring>) {
        let mut crossings: Vec<Vec<f64>> = vec![Vec::new(); self.rows];
        for (a, b) in rings.flat_map(Ring::edges) {
            let ((ax, ay), (bx, by)) = (self.place(a), self.place(b));
            let (lo, hi) = (ay.min(by), ay.max(by));
            let first = (lo - 0.5).ceil().max(0.0) as usize;
            for (row, crossings) in crossings.iter_mut().enumerate().skip(first) {
                let y = row as f64 + 0.5;
                if y >= hi {
                    break;
                }
                crossings.push(ax + (y - ay) / (by - ay) * (bx - ax));
            }
        }
        for (row, mut xs) in crossings.into_iter().enumerate() {
            xs.sort_by(f64::total_cmp);
            for pair in xs.chunks_exact(2) {
                let from = (pair[0] - 0.5).ceil().max(0.0) as usize;
                let to = ((pair[1] - 0.5).ceil().max(0.0) as usize).min(self.columns);
                if from < to {
                    self.bits[row * self.columns + from..row * self.columns + to].fill(true);
                }
            }
        }
    }

    fn holds(&self, c: Coord) -> bool {
        if !self.bounds.contains(c) {
            return false;
        }
        let (x, y) = self.place(c);
        let (column, row) = ((x as usize).min(self.columns - 1), (y as usize).min(self.rows - 1));
        self.bits[row * self.columns + column]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Polygon, Value};

    /// A district of 10 km with 16 grids of 2.5 km.
    fn world() -> World {
        let mut world = World::default();
        let (west, south, size) = (1_043_000_000, 306_000_000, 250_000);
        for i in 0..16 {
            let (x, y) = (west + i % 4 * size, south + i / 4 * size);
            let corners = [(x, y), (x + size, y), (x + size, y + size), (x, y + size)];
            let area = MultiPolygon::from(Polygon::simple(corners.map(|(x, y)| Coord::new(x, y)).into()));
            let mut values = vec![Value::Null; Layer::Grids.fields().len()];
            values[0] = format!("G{i}").as_str().into();
            world.put(Layer::Grids, &Record { id: 0, geometry: Geometry::Area(area), values }).expect("a grid");
        }
        world
    }

    fn sample_in(crs: Crs, swapped: bool, places: impl Iterator<Item = (f64, f64)>) -> Sample {
        let datum = Datum::new(crs).expect("known");
        let place = |(lon, lat)| {
            let (x, y) = datum.from_wgs84(lon, lat).expect("in range");
            if swapped { [y, x] } else { [x, y] }
        };
        Sample { positions: places.map(place).collect(), naming: Vec::new() }
    }

    #[test]
    fn points_over_the_whole_district_show_their_datum() {
        let known = Known::of(&world()).expect("known");
        let everywhere =
            || (0..900).map(|i| (104.3005 + f64::from(i % 30) * 0.0034, 30.6005 + f64::from(i / 30) * 0.0034));
        for crs in
            [Crs::Wgs84, Crs::Gcj02, Crs::Bd09, Crs::Epsg(4523), Crs::Epsg(4544), Crs::Epsg(3857), Crs::Epsg(32648)]
        {
            for swapped in [false, true] {
                let verdict = known.judge(&sample_in(crs.clone(), swapped, everywhere()));
                assert_eq!(verdict.crs, Some((crs.clone(), swapped)), "{}", verdict.told());
            }
        }
    }

    #[test]
    fn what_does_not_show_it_is_not_decided() {
        let known = Known::of(&world()).expect("known");
        // In the middle of the district every datum lies on known ground.
        let middle = || (0..100).map(|i| (104.345 + f64::from(i % 10) * 0.0007, 30.645 + f64::from(i / 10) * 0.0007));
        assert_eq!(known.judge(&sample_in(Crs::Wgs84, false, middle())).crs, None);
        assert_eq!(known.judge(&sample_in(Crs::Wgs84, false, middle().take(3))).crs, None);
        // Elsewhere in the world nothing fits.
        let far = (0..100).map(|i| (7.4 + f64::from(i % 10) * 0.001, 43.7 + f64::from(i / 10) * 0.001));
        let verdict = known.judge(&sample_in(Crs::Wgs84, false, far));
        assert_eq!((verdict.crs.clone(), verdict.tried()), (None, false), "{}", verdict.told());
        assert!(Known::of(&World::default()).is_none());
    }

    #[test]
    fn a_larger_file_shows_it_by_what_names_the_city() {
        let known = Known::of(&world()).expect("known");
        let around = (0..2500).map(|i| (104.2 + f64::from(i % 50) * 0.006, 30.5 + f64::from(i / 50) * 0.006));
        let within = || (0..900).map(|i| (104.3005 + f64::from(i % 30) * 0.0034, 30.6005 + f64::from(i / 30) * 0.0034));
        let mut sample = sample_in(Crs::Bd09, false, around);
        assert_eq!(known.judge(&sample).crs, None);
        let developer = sample_in(Crs::Bd09, false, within().map(|(lon, lat)| (lon + 0.02, lat))).positions;
        let address = sample_in(Crs::Bd09, false, within()).positions;
        sample.naming = vec![("developer".to_owned(), developer), ("address".to_owned(), address)];
        let verdict = known.judge(&sample);
        assert_eq!(verdict.crs, Some((Crs::Bd09, false)), "{}", verdict.told());
        assert!(verdict.told().ends_with("(of 900 places whose `address` names it)"), "{}", verdict.told());
    }

    #[test]
    fn lines_met_by_chance_do_not_outweigh_the_ground() {
        let known = Known::of(&world()).expect("known");
        // As GCJ-02 these run along the western border, a metre outside; as WGS 84 they lie well within the district.
        let beside = (0..400).map(|i| (104.29999, 30.601 + f64::from(i) * 0.0002));
        let verdict = known.judge(&sample_in(Crs::Gcj02, false, beside));
        assert_eq!(verdict.scores.len(), 3, "{}", verdict.told());
        assert_eq!(verdict.crs, None, "{}", verdict.told());
    }

    #[test]
    fn shared_lines_show_it_even_in_the_middle() {
        let known = Known::of(&world()).expect("known");
        // Vertices along the borders of the four grids in the middle.
        let along = (0..400).map(|i| (104.35, 30.626 + f64::from(i) * 0.0001));
        let verdict = known.judge(&sample_in(Crs::Bd09, false, along));
        assert_eq!(verdict.crs, Some((Crs::Bd09, false)), "{}", verdict.told());
    }
}
