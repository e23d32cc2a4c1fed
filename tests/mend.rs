//! Torn tessellations closed onto shared borders: small ones drawn by hand, random ones against exact sums, real ones
//! against the truth they were torn from.

mod common;

use common::jagged::Jagged;
use gridweave::fabric::arcs::{Fault, weave};
use gridweave::fabric::mend::{Mended, mend, tolerance_of};
use gridweave::model::{Coord, Frame, Layer, Metres, MultiPolygon, Polygon, Ring};
use gridweave::read::{Options, Source, datum::Crs, read};
use proptest::prelude::*;

/// At Hangzhou: 100 units are 0.96 m of longitude and 1.11 m of latitude.
const CORNER: Coord = Coord::new(1_201_600_000, 302_700_000);

fn area(vertices: &[(i32, i32)]) -> MultiPolygon {
    Polygon::simple(vertices.iter().map(|&(x, y)| Coord::new(CORNER.x + x, CORNER.y + y)).collect()).into()
}

fn mended(polygons: &[MultiPolygon], fixed: usize, tolerance: Option<f64>) -> Mended {
    mend(&polygons.iter().collect::<Vec<_>>(), fixed, tolerance.map(Metres))
}

/// The tiling of real grids in order of their codes.
fn grids(file: &str) -> Option<Vec<(String, MultiPolygon)>> {
    let path = common::shared(file)?;
    let options = Options { crs: Some(Crs::Wgs84), ..Options::default() };
    let reading = read(&path, Source::Layer(Layer::Grids), &options, &|_, _| {});
    for problem in reading.problems.iter().filter(|p| p.severity == gridweave::model::Severity::Error) {
        println!("{problem}");
    }
    let mut grids: Vec<(String, MultiPolygon)> = reading
        .features
        .into_iter()
        .filter_map(|(_, record)| {
            let gridweave::model::Value::Text(code) = record.get(Layer::Grids, "code").clone() else { return None };
            let gridweave::model::Geometry::Area(area) = record.geometry else { return None };
            Some((code.to_string(), area))
        })
        .collect();
    grids.sort_by(|a, b| a.0.cmp(&b.0));
    Some(grids)
}

#[test]
fn torn_grids_of_xiacheng() {
    let truth = grids("data/maps/cn-grid/hangzhou-xiacheng-grids.geojson");
    let Some(truth) = truth else { return };
    for name in ["grids-rounded-4dp-slivers", "grids-jittered-topology"] {
        let Some(torn) = grids(&format!("data/maps/nasty/derived/{name}.geojson")) else { return };
        let polygons: Vec<MultiPolygon> = torn.iter().map(|(_, area)| area.clone()).collect();
        let out = mended(&polygons, 0, None);
        let before = weave(&polygons.iter().collect::<Vec<_>>()).faults.len();
        let after = weave(&out.polygons.iter().collect::<Vec<_>>()).faults;
        println!(
            "{name}: tolerance {} {} grids of {}, faults {before} -> {} left {} closed {} moves {} over 1 m {} longest {:?}",
            out.tolerance,
            torn.len(),
            truth.len(),
            after.len(),
            out.left.len(),
            out.closed.len(),
            out.moves.len(),
            out.moves.iter().filter(|m| m.length.0 > 1.0).count(),
            out.moves.iter().map(|m| m.length.0).fold(0.0, f64::max)
        );
        let frame = Frame::at(CORNER);
        for f in after.iter().chain([]).take(12) {
            match f {
                Fault::Gap { area, at, neighbours, .. } => {
                    println!("gap {} {:?} {neighbours:?}", frame.area(*area), at)
                }
                Fault::Overlap { a, b, area, at, .. } => println!("overlap {a} {b} {} {at:?}", frame.area(*area)),
            }
        }
        let parts = |p: &[MultiPolygon]| p.iter().map(|p| p.0.len()).sum::<usize>();
        println!(
            "parts {} -> {}; vertices {} -> {}",
            parts(&polygons),
            parts(&out.polygons),
            polygons.iter().flat_map(|p| p.rings()).map(|r| r.0.len()).sum::<usize>(),
            out.polygons.iter().flat_map(|p| p.rings()).map(|r| r.0.len()).sum::<usize>()
        );
        let again = mended(&out.polygons, 0, Some(out.tolerance.0));
        println!("again: closed {} same {}", again.closed.len(), again.polygons == out.polygons);
    }
    let polygons: Vec<MultiPolygon> = truth.iter().map(|(_, area)| area.clone()).collect();
    let out = mended(&polygons, 0, None);
    println!("truth: tolerance {} closed {:?} same {}", out.tolerance, out.closed, out.polygons == polygons);
}
