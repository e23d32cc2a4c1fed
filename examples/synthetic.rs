//! Writes the synthetic district as one line of JSON per feature, to look at it with any drawing tool:
//! `cargo run --example synthetic -- district 1 > district.jsonl`

use gridweave::model::{Geometry, Layer};
use gridweave::synth::{Scale, generate};
use std::io::Write;

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let scale = if arguments.next().as_deref() == Some("compound") { Scale::Compound } else { Scale::District };
    let seed = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(1);
    let start = std::time::Instant::now();
    let city = generate(scale, seed, &|_, _| {});
    eprintln!("{} in {:.2?}", city.name, start.elapsed());
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for layer in Layer::ALL {
        eprintln!("{:>12} {}", layer.word(), city.world.count(layer));
        for record in city.world.records(layer) {
            let rings: Vec<Vec<[f64; 2]>> = match &record.geometry {
                Geometry::Point(at) => vec![vec![[at.lon(), at.lat()]]],
                Geometry::Line(line) => vec![line.0.iter().map(|c| [c.lon(), c.lat()]).collect()],
                Geometry::Area(area) => {
                    area.rings().map(|r| r.0.iter().map(|c| [c.lon(), c.lat()]).collect()).collect()
                }
            };
            let values: serde_json::Map<String, serde_json::Value> = layer
                .fields()
                .iter()
                .zip(&record.values)
                .map(|(field, value)| (field.name.to_owned(), serde_json::to_value(value).unwrap_or_default()))
                .collect();
            let line = serde_json::json!({ "layer": layer.word(), "id": record.id, "rings": rings, "values": values });
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}
