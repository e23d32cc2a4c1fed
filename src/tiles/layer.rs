//! A layer prepared for drawing: built once for a snapshot, then any tile of it is integer work.

use super::clip::{self, Point, Window};
use super::mercator::{BUFFER, DEEPEST, EXTENT, World, at_zoom, tile_box, unit};
use super::simplify::ranks;
use super::wire::{LayerWriter, Pen, Shape, Table, bytes, value};
use crate::fabric::anchor::anchor;
use crate::fabric::arcs::{ArcRef, Weave};
use crate::fabric::boxes::{Box4, BoxTree};
use crate::model::{Bounds, Coord, Ring, Shape as Place, Value};
use rayon::prelude::*;
use serde_json::json;
use std::collections::HashMap;
use std::sync::OnceLock;

/// What a tile shows of one thing.
#[derive(Clone, Debug)]
pub struct Feature<'a> {
    /// The feature id in tiles, stable for life.
    pub id: u32,
    /// Where.
    pub geometry: Place<'a>,
    /// Name and value; nulls are left out of tiles.
    pub properties: Vec<(&'static str, Value)>,
    /// Not drawn at lower zooms; see [`super::zooms`].
    pub min_zoom: u8,
    /// Where its label stands; found by [`anchor`] when absent.
    pub anchor: Option<Coord>,
}

/// Polygons that share their arcs: feature `i` of the layer is place `first + i` of the weave.
#[derive(Clone, Copy, Debug)]
pub struct Shared<'a> {
    /// The woven family.
    pub weave: &'a Weave,
    /// The weave's number of the layer's first feature.
    pub first: u32,
}

/// How a layer is drawn.
#[derive(Clone, Copy, Debug)]
pub struct LayerOptions<'a> {
    /// Empty at lower zooms.
    pub min_zoom: u8,
    /// The deepest zoom that clients are told to ask for; deeper ones are answered all the same, down to 22.
    pub max_zoom: u8,
    /// Also draw `<name>_label`: one point with the same id and properties for each area or point.
    pub labels: bool,
    /// No labels at lower zooms: twenty thousand in an overview tile nobody can read.
    pub label_zoom: u8,
    /// Codes and names are left out at lower zooms, where a thing is a few pixels: hardly two are alike, so they are most
    /// of an overview tile.
    pub text_zoom: u8,
    /// For layers that tile the ground.
    pub shared: Option<Shared<'a>>,
}

impl Default for LayerOptions<'_> {
    fn default() -> Self {
        Self { min_zoom: 0, max_zoom: 16, labels: false, label_zoom: 0, text_zoom: 0, shared: None }
    }
}

/// Lines are simplified up to this zoom. Deeper tiles show few vertices, and all of them.
const LAST_LEVEL: u8 = 16;

/// Features that one thread prepares at least. A layer made for one tile stays below, so that it never waits for threads
/// that prepare a whole one.
const ALONE: usize = 4096;

/// How far a simplified line may leave the original, in tile units. Two are a quarter of a pixel of a 512-pixel tile
/// (geojson-vt's default is three), half is what rounding does anyway.
fn tolerance(z: u8) -> f64 {
    if z < 14 { 2.0 } else { 0.5 }
}

/// Areas below this many square tile units are not drawn, unless they are part of a tessellation: a quarter of a pixel
/// of a 512-pixel tile.
const SMALLEST: i64 = 16;

/// What clients are told of a layer before they ask for its tiles.
#[derive(Clone, Debug)]
pub struct About {
    /// The name of the MVT layer.
    pub name: String,
    /// The name of the MVT layer with its labels, where it has one.
    pub label_name: Option<String>,
    /// Lowest and highest zoom that clients are told to ask for.
    pub zooms: (u8, u8),
    /// The lowest zoom that has labels.
    pub label_zoom: u8,
    /// The box around all features; `None` for an empty layer.
    pub bounds: Option<Bounds>,
    /// Key names and their types for TileJSON.
    pub fields: Vec<(&'static str, &'static str)>,
}

impl About {
    /// A layer as it is drawn, whose features are to be told yet.
    pub fn new(name: &str, options: LayerOptions<'_>) -> Self {
        Self {
            name: name.to_owned(),
            label_name: options.labels.then(|| format!("{name}_label")),
            zooms: (options.min_zoom, options.max_zoom),
            label_zoom: options.label_zoom.max(options.min_zoom),
            bounds: None,
            fields: Vec::new(),
        }
    }

    /// The layer, and its labels when it has them, as TileJSON 3's `vector_layers` lists them.
    pub fn vector_layers(&self) -> Vec<serde_json::Value> {
        let fields: serde_json::Map<String, serde_json::Value> =
            self.fields.iter().map(|&(name, kind)| (name.to_owned(), kind.into())).collect();
        std::iter::once((&self.name, self.zooms.0))
            .chain(self.label_name.as_ref().map(|name| (name, self.label_zoom)))
            .map(|(id, from)| json!({ "id": id, "fields": fields, "minzoom": from, "maxzoom": self.zooms.1 }))
            .collect()
    }
}

/// One MVT layer and its labels, immutable and shared between threads.
#[derive(Debug)]
pub struct TileLayer {
    about: About,
    /// Twice the least area of a polygon in square tile units.
    smallest: i64,
    lines: Lines,
    /// Pieces of rings: arc << 1 | reversed, clockwise on a screen for outer rings as the specification asks.
    pieces: Vec<u32>,
    /// Rings and lines.
    strokes: Vec<Stroke>,
    features: Vec<Prepared>,
    tags: Vec<[u32; 2]>,
    keys: Table,
    values: Table,
    tree: BoxTree,
    /// Simplified and rounded vertices of each zoom of a layer that tiles the ground, whose overview shows all of them; made
    /// when a zoom is first asked for: after an edit only the zooms that somebody looks at cost anything. Of other layers
    /// a tile shows so few that it simplifies them itself.
    levels: Option<[OnceLock<Level>; LAST_LEVEL as usize + 1]>,
    text_zoom: u8,
    /// Which keys are codes and names.
    text_keys: [bool; 64],
}

#[derive(Debug)]
struct Prepared {
    id: u32,
    min_zoom: u8,
    shape: Shape,
    /// Part of `strokes`; for a point the anchor is all there is.
    strokes: (u32, u32),
    /// Part of `tags`.
    tags: (u32, u32),
    anchor: Option<World>,
}

#[derive(Debug)]
struct Stroke {
    /// Part of `pieces`.
    pieces: (u32, u32),
    hole: bool,
}

/// Every arc's vertices one after the other.
#[derive(Debug, Default)]
struct Lines {
    vertices: Vec<World>,
    ranks: Vec<f32>,
    /// Arc `i` has the vertices `start[i]..start[i + 1]`.
    start: Vec<u32>,
    boxes: Vec<Box4>,
}

/// The arcs at one zoom, in units from the world's corner.
#[derive(Debug, Default)]
struct Level {
    points: Vec<[i32; 2]>,
    start: Vec<u32>,
}

impl TileLayer {
    /// Prepares the features, in the order in which tiles list them.
    pub fn build(name: &str, features: &[Feature], options: LayerOptions) -> Self {
        let mut strokes = StrokeBuilder::new(options.shared.map(|shared| shared.weave));
        let mut tables = TagBuilder::default();
        let anchors: Vec<Option<Coord>> = features
            .par_iter()
            .with_min_len(ALONE)
            .map(|feature| match feature.geometry {
                Place::Point(at) => Some(at),
                Place::Area(area) if options.labels => feature.anchor.or_else(|| anchor(area)),
                _ => None,
            })
            .collect();
        let mut prepared = Vec::with_capacity(features.len());
        for (i, (feature, at)) in features.iter().zip(&anchors).enumerate() {
            let from = strokes.strokes.len() as u32;
            let shape = match feature.geometry {
                Place::Point(_) => Shape::Point,
                Place::Line(line) => {
                    strokes.line(&line.0);
                    Shape::Line
                }
                Place::Area(area) => {
                    match options.shared {
                        Some(shared) => strokes.place(shared, shared.first as usize + i),
                        None => area.0.iter().for_each(|polygon| {
                            strokes.ring(&polygon.outer, false);
                            polygon.holes.iter().for_each(|hole| strokes.ring(hole, true));
                        }),
                    }
                    Shape::Area
                }
            };
            prepared.push(Prepared {
                id: feature.id,
                min_zoom: feature.min_zoom.max(options.min_zoom),
                shape,
                strokes: (from, strokes.strokes.len() as u32),
                tags: tables.add(&feature.properties),
                anchor: at.map(World::of),
            });
        }
        let StrokeBuilder { runs, pieces, strokes, .. } = strokes;
        let lines = Lines::new(&runs);
        let boxes: Vec<Box4> = prepared
            .iter()
            .map(|feature| {
                let own = &strokes[feature.strokes.0 as usize..feature.strokes.1 as usize];
                let arcs = own.iter().flat_map(|s| &pieces[s.pieces.0 as usize..s.pieces.1 as usize]);
                let start = feature.anchor.map_or([i32::MAX, i32::MAX, i32::MIN, i32::MIN], |w| [w.x, w.y, w.x, w.y]);
                arcs.fold(start, |all, piece| join(all, lines.boxes[(piece >> 1) as usize]))
            })
            .collect();
        let mut text_keys = [false; 64];
        for (text, (name, _)) in text_keys.iter_mut().zip(&tables.fields) {
            *text = matches!(*name, "code" | "name");
        }
        let about = About {
            bounds: features.iter().filter_map(|f| f.geometry.bounds()).reduce(Bounds::union),
            fields: tables.fields,
            ..About::new(name, options)
        };
        Self {
            about,
            smallest: if options.shared.is_some() { 1 } else { 2 * SMALLEST },
            lines,
            pieces,
            strokes,
            features: prepared,
            tags: tables.tags,
            keys: tables.keys,
            values: tables.values,
            tree: BoxTree::new(&boxes),
            levels: options.shared.map(|_| Default::default()),
            text_zoom: options.text_zoom,
            text_keys,
        }
    }

    /// Makes every zoom's vertices, so that no tile has to wait for them.
    pub fn warm(&self) {
        (self.about.zooms.0..=LAST_LEVEL).into_par_iter().for_each(|z| {
            self.level(z);
        });
    }

    /// Appends the layer's part of a tile: no, one or two `Layer` messages. Several layers' parts one after the other
    /// are a tile. Unknown tiles (`x` or `y` beyond the zoom, zoom beyond 22) are empty.
    pub fn encode(&self, z: u8, x: u32, y: u32, out: &mut Vec<u8>) {
        if z < self.about.zooms.0 || z > DEEPEST || (x | y) >> z != 0 {
            return;
        }
        let mut found = Vec::new();
        self.tree.visit(tile_box(z, x, y), |i| {
            if self.features[i as usize].min_zoom <= z {
                found.push(i);
            }
        });
        if found.is_empty() {
            return;
        }
        found.sort_unstable();
        let origin = [i64::from(x) * EXTENT, i64::from(y) * EXTENT];
        let mut view = View::new(self, z, origin);
        let mut layer = LayerWriter::new(&self.keys, &self.values, found.len() * 64);
        for &i in &found {
            let feature = &self.features[i as usize];
            if view.draw(feature) {
                layer.feature(feature.id, self.tags_of(feature, z), feature.shape, view.pen.commands());
            }
        }
        layer.finish(&self.about.name, out);
        let Some(label_name) = self.about.label_name.as_ref().filter(|_| z >= self.about.label_zoom) else { return };
        let mut labels = LayerWriter::new(&self.keys, &self.values, found.len() * 24);
        for &i in &found {
            let feature = &self.features[i as usize];
            if view.mark(feature.anchor) {
                labels.feature(feature.id, self.tags_of(feature, z), Shape::Point, view.pen.commands());
            }
        }
        labels.finish(label_name, out);
    }

    /// Whether any feature's box reaches into a tile, drawn at its zoom or not. A tile that none reaches has none in the
    /// tiles below it either.
    pub fn reaches(&self, z: u8, x: u32, y: u32) -> bool {
        let mut any = false;
        self.tree.visit(tile_box(z, x, y), |_| any = true);
        any
    }

    /// What clients are told of it.
    pub fn about(&self) -> &About {
        &self.about
    }

    fn tags_of(&self, feature: &Prepared, z: u8) -> impl Iterator<Item = [u32; 2]> {
        let all = z >= self.text_zoom;
        let tags = &self.tags[feature.tags.0 as usize..feature.tags.1 as usize];
        tags.iter().copied().filter(move |[key, _]| all || !self.text_keys.get(*key as usize).is_some_and(|text| *text))
    }

    fn level(&self, z: u8) -> Option<&Level> {
        self.levels.as_ref()?.get(z as usize).map(|level| level.get_or_init(|| self.lines.at(z)))
    }
}

fn join(a: Box4, b: Box4) -> Box4 {
    [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]
}

/// One tile being drawn, with scratch space.
struct View<'a> {
    layer: &'a TileLayer,
    level: Option<&'a Level>,
    z: u8,
    origin: Point,
    window: Window,
    pen: Pen,
    points: Vec<Point>,
    spare: Vec<Point>,
}

impl<'a> View<'a> {
    fn new(layer: &'a TileLayer, z: u8, origin: Point) -> Self {
        let window = Window { lo: -BUFFER, hi: EXTENT + BUFFER };
        let level = layer.level(z);
        Self { layer, level, z, origin, window, pen: Pen::default(), points: Vec::new(), spare: Vec::new() }
    }

    /// Draws a feature; whether anything of it is left in this tile at this zoom.
    fn draw(&mut self, feature: &Prepared) -> bool {
        match feature.shape {
            Shape::Point => return self.mark(feature.anchor),
            Shape::Line => self.pen.lift(),
            Shape::Area => self.pen.lift(),
        }
        let mut outer_drawn = false;
        for stroke in &self.layer.strokes[feature.strokes.0 as usize..feature.strokes.1 as usize] {
            // Holes of an outer ring that has vanished would become outer rings themselves.
            if stroke.hole && !outer_drawn {
                continue;
            }
            if feature.shape == Shape::Line {
                let inside = self.gather(stroke, push_distinct);
                self.draw_line(inside);
                continue;
            }
            let inside = self.gather(stroke, clip::push);
            if !inside {
                clip::ring(&mut self.points, &mut self.spare, self.window);
            }
            clip::close(&mut self.points);
            let area = clip::doubled_area(&self.points);
            let drawn = if stroke.hole { -area } else { area } >= self.layer.smallest;
            if drawn {
                self.pen.ring(&self.points);
            }
            if !stroke.hole {
                outer_drawn = drawn;
            }
        }
        !self.pen.commands().is_empty()
    }

    /// Draws a point if it lies in the tile proper: each point is in exactly one tile of a zoom.
    fn mark(&mut self, at: Option<World>) -> bool {
        self.pen.lift();
        let Some(at) = at.map(|at| self.local(at)) else { return false };
        let inside = at.iter().all(|v| (0..EXTENT).contains(v));
        if inside {
            self.pen.point(at);
        }
        inside
    }

    fn draw_line(&mut self, inside: bool) {
        if inside {
            if self.points.len() > 1 {
                self.pen.line(&self.points);
            }
            return;
        }
        let pen = &mut self.pen;
        clip::line(&self.points, self.window, |run| pen.line(run));
    }

    fn local(&self, w: World) -> Point {
        let at = w.at_zoom(self.z);
        [at[0] - self.origin[0], at[1] - self.origin[1]]
    }

    /// Fills `points` with a stroke's vertices in tile units by means of `push`; whether all lie in the window.
    #[inline(always)]
    fn gather(&mut self, stroke: &Stroke, push: impl Fn(&mut Vec<Point>, Point) + Copy) -> bool {
        self.points.clear();
        let mut all = [i64::MAX, i64::MAX, i64::MIN, i64::MIN];
        let layer = self.layer;
        for &piece in &layer.pieces[stroke.pieces.0 as usize..stroke.pieces.1 as usize] {
            let (arc, reversed) = ((piece >> 1) as usize, piece & 1 == 1);
            let b = self.local_box(layer.lines.boxes[arc]);
            all = [all[0].min(b[0]), all[1].min(b[1]), all[2].max(b[2]), all[3].max(b[3])];
            // An arc wholly beyond one side leaves nothing but its ends to the cut.
            let ends_only = self.window.misses(b);
            match self.level {
                Some(level) => {
                    let points = &level.points[level.start[arc] as usize..level.start[arc + 1] as usize];
                    let origin = self.origin;
                    let local = |p: &[i32; 2]| [i64::from(p[0]) - origin[0], i64::from(p[1]) - origin[1]];
                    extend(points.iter(), reversed, ends_only, |p| push(&mut self.points, local(p)));
                }
                None => {
                    let vertices = layer.lines.of(arc);
                    let (z, origin) = (self.z, self.origin);
                    let tolerance = if z > LAST_LEVEL { -1.0 } else { (tolerance(z) * unit(z)) as f32 };
                    extend(vertices, reversed, ends_only, |(w, rank)| {
                        if *rank > tolerance {
                            let at = w.at_zoom(z);
                            push(&mut self.points, [at[0] - origin[0], at[1] - origin[1]]);
                        }
                    });
                }
            }
        }
        self.window.holds(all)
    }

    fn local_box(&self, b: Box4) -> [i64; 4] {
        let [x, y] = self.origin;
        let at = |v: i32| at_zoom(v, self.z);
        [at(b[0]) - x, at(b[1]) - y, at(b[2]) - x, at(b[3]) - y]
    }
}

/// Adds a vertex to a line unless it repeats the last one.
fn push_distinct(points: &mut Vec<Point>, point: Point) {
    if points.last() != Some(&point) {
        points.push(point);
    }
}

/// Hands out the vertices of an arc in the ring's direction, or its ends alone.
#[inline(always)]
fn extend<T>(
    mut line: impl DoubleEndedIterator<Item = T> + ExactSizeIterator,
    reversed: bool,
    ends_only: bool,
    push: impl FnMut(T),
) {
    if ends_only {
        let (first, last) = (line.next(), line.next_back());
        let ends = if reversed { [last, first] } else { [first, last] };
        ends.into_iter().flatten().for_each(push);
    } else if reversed {
        line.rev().for_each(push);
    } else {
        line.for_each(push);
    }
}

impl Lines {
    fn new(runs: &[Run]) -> Self {
        let ranked: Vec<(Vec<World>, Vec<f32>)> = runs
            .par_iter()
            .with_min_len(ALONE)
            .map(|run| {
                let closing = run.closed.then(|| run.line.first()).flatten();
                let line: Vec<World> = run.line.iter().chain(closing).map(|&c| World::of(c)).collect();
                let ranks = ranks(&line);
                (line, ranks)
            })
            .collect();
        let mut lines = Self { start: vec![0], ..Self::default() };
        for (line, ranks) in &ranked {
            lines.vertices.extend_from_slice(line);
            lines.ranks.extend_from_slice(ranks);
            lines.start.push(lines.vertices.len() as u32);
            let none = [i32::MAX, i32::MAX, i32::MIN, i32::MIN];
            lines.boxes.push(line.iter().fold(none, |all, w| join(all, [w.x, w.y, w.x, w.y])));
        }
        lines
    }

    /// The vertices of an arc with their ranks.
    fn of(&self, arc: usize) -> impl DoubleEndedIterator<Item = (&World, &f32)> + ExactSizeIterator {
        let span = self.start[arc] as usize..self.start[arc + 1] as usize;
        self.vertices[span.clone()].iter().zip(&self.ranks[span])
    }

    /// Simplified and rounded for a zoom.
    fn at(&self, z: u8) -> Level {
        let tolerance = (tolerance(z) * unit(z)) as f32;
        let mut level = Level { points: Vec::new(), start: vec![0] };
        for span in self.start.windows(2) {
            let span = span[0] as usize..span[1] as usize;
            let first = level.points.len();
            for (vertex, &rank) in self.vertices[span.clone()].iter().zip(&self.ranks[span]) {
                if rank <= tolerance {
                    continue;
                }
                // Levels end long before the zooms whose units do not fit.
                let point = vertex.at_zoom(z).map(|v| v as i32);
                if level.points.len() == first || level.points.last() != Some(&point) {
                    level.points.push(point);
                }
            }
            level.start.push(level.points.len() as u32);
        }
        level
    }
}

/// A line to prepare.
struct Run<'a> {
    line: &'a [Coord],
    /// The last vertex is joined to the first.
    closed: bool,
}

struct StrokeBuilder<'a> {
    runs: Vec<Run<'a>>,
    pieces: Vec<u32>,
    strokes: Vec<Stroke>,
    /// For each arc of the weave its number here, once a place has used it.
    numbers: Vec<Option<u32>>,
}

impl<'a> StrokeBuilder<'a> {
    fn new(weave: Option<&Weave>) -> Self {
        let numbers = vec![None; weave.map_or(0, |weave| weave.arcs.len())];
        Self { runs: Vec::new(), pieces: Vec::new(), strokes: Vec::new(), numbers }
    }

    fn line(&mut self, line: &'a [Coord]) {
        let from = self.pieces.len() as u32;
        self.pieces.push((self.runs.len() as u32) << 1);
        self.runs.push(Run { line, closed: false });
        self.strokes.push(Stroke { pieces: (from, from + 1), hole: false });
    }

    fn ring(&mut self, ring: &'a Ring, hole: bool) {
        let from = self.pieces.len() as u32;
        // Counter-clockwise on the ground with y north stays so on the screen; tiles want outer rings clockwise.
        self.pieces.push((self.runs.len() as u32) << 1 | 1);
        self.runs.push(Run { line: &ring.0, closed: true });
        self.strokes.push(Stroke { pieces: (from, from + 1), hole });
    }

    fn place(&mut self, shared: Shared<'a>, place: usize) {
        for polygon in shared.weave.places.get(place).into_iter().flatten() {
            self.woven(shared.weave, &polygon.outer, false);
            polygon.holes.iter().for_each(|hole| self.woven(shared.weave, hole, true));
        }
    }

    fn woven(&mut self, weave: &'a Weave, ring: &[ArcRef], hole: bool) {
        let from = self.pieces.len() as u32;
        for piece in ring.iter().rev() {
            let number = match self.numbers[piece.arc as usize] {
                Some(number) => number,
                None => {
                    let number = self.runs.len() as u32;
                    self.runs.push(Run { line: &weave.arcs[piece.arc as usize].line, closed: false });
                    self.numbers[piece.arc as usize] = Some(number);
                    number
                }
            };
            self.pieces.push(number << 1 | u32::from(!piece.reversed));
        }
        self.strokes.push(Stroke { pieces: (from, self.pieces.len() as u32), hole });
    }
}

/// Gathers properties; equal keys and values are kept once.
#[derive(Default)]
struct TagBuilder {
    tags: Vec<[u32; 2]>,
    keys: Table,
    values: Table,
    fields: Vec<(&'static str, &'static str)>,
    known: HashMap<Vec<u8>, u32>,
}

impl TagBuilder {
    fn add(&mut self, properties: &[(&'static str, Value)]) -> (u32, u32) {
        let from = self.tags.len() as u32;
        for (name, content) in properties {
            let Some(encoded) = value(content) else { continue };
            let kind = match content {
                Value::Bool(_) => "Boolean",
                Value::Text(_) | Value::Null => "String",
                Value::Integer(_) | Value::Real(_) => "Number",
            };
            let key = match self.fields.iter().position(|(known, _)| known == name) {
                Some(key) => {
                    // TileJSON has no word for a mixture.
                    if self.fields[key].1 != kind {
                        self.fields[key].1 = "String";
                    }
                    key as u32
                }
                None => {
                    self.fields.push((name, kind));
                    let mut field = Vec::new();
                    bytes(&mut field, 3, name.as_bytes());
                    self.keys.push(&field)
                }
            };
            let number = match self.known.get(&encoded) {
                Some(&number) => number,
                None => {
                    let number = self.values.push(&encoded);
                    self.known.insert(encoded, number);
                    number
                }
            };
            self.tags.push([key, number]);
        }
        (from, self.tags.len() as u32)
    }
}
