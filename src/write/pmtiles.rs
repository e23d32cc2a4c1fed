//! Layers as PMTiles 3: the vector tiles of every zoom in one file, which a web map reads in part from any file server.
//! For showing only: tiles are simplified and rounded, so this format is not read back.

use super::{Origin, Progress, WriteError};
use crate::model::Bounds;
use crate::tiles::TileLayer;
use flate2::Compression as Level;
use flate2::write::GzEncoder;
use pmtiles::{Compression, PmTilesWriter, PmtError, TileCoord, TileId, TileType};
use rayon::prelude::*;
use serde_json::json;
use std::io::{self, Seek, Write};

/// Tiles that are made at once on all cores before they are written.
const BATCH: usize = 256;

/// Writes layers, each tile holding all of them. A layer's name tells its MVT layer.
///
/// # Errors
/// Whatever the sink or the progress says.
pub fn layers(
    out: impl Write + Seek,
    layers: &[&TileLayer],
    name: &str,
    origin: Origin<'_>,
    progress: Progress<'_>,
) -> Result<(), WriteError> {
    let lowest = layers.iter().map(|layer| layer.about().zooms.0).min().unwrap_or(0);
    let highest = layers.iter().map(|layer| layer.about().zooms.1).max().unwrap_or(0);
    let vector_layers: Vec<_> = layers.iter().flat_map(|layer| layer.about().vector_layers()).collect();
    let metadata = json!({
        "name": format!("{} {name}", origin.city),
        "version": format!("1.{}.0", origin.version),
        "type": "overlay",
        "generator": concat!("gridweave ", env!("CARGO_PKG_VERSION")),
        "attribution": origin.attribution.join(", "),
        "vector_layers": vector_layers,
    });
    let mut file = PmTilesWriter::new(TileType::Mvt)
        .precompressed(Compression::Gzip)
        .min_zoom(lowest)
        .max_zoom(highest)
        .metadata(metadata.to_string());
    if let Some(bounds) = layers.iter().filter_map(|layer| layer.about().bounds).reduce(Bounds::union) {
        let [west, south, east, north] = bounds.degrees();
        let (centre, zoom) = (bounds.centre(), overview(bounds).clamp(lowest, highest));
        file = file.bounds(west, south, east, north).center(centre.lon(), centre.lat()).center_zoom(zoom);
    }
    let mut file = file.create(out).map_err(pmt_error)?;
    let tiles = reached(layers, lowest, highest)?;
    for (batch, done) in tiles.chunks(BATCH).zip((0..).step_by(BATCH)) {
        progress(done, tiles.len() as u64)?;
        let made: Vec<io::Result<(TileCoord, Vec<u8>)>> =
            batch.par_iter().map(|id| tile(layers, TileCoord::from(*id))).collect();
        for tile in made {
            let (at, bytes) = tile?;
            file.add_tile(at, &bytes).map_err(pmt_error)?;
        }
    }
    file.finalize().map_err(pmt_error)
}

/// Every tile of the zooms that something lies in, in the order of the format: zoom by zoom along the Hilbert curve.
fn reached(layers: &[&TileLayer], lowest: u8, highest: u8) -> Result<Vec<TileId>, WriteError> {
    let mut all = Vec::new();
    let mut level = vec![(0u32, 0u32)];
    for z in 0..=highest {
        // What lies in a tile lies in the one above it, so nobody looks where nothing is, however wide the layer.
        level.retain(|&(x, y)| layers.iter().any(|layer| layer.reaches(z, x, y)));
        if z >= lowest {
            let ids = level.iter().map(|&(x, y)| TileCoord::new(z, x, y).map(TileId::from));
            all.extend(ids.collect::<Result<Vec<_>, _>>().map_err(pmt_error)?);
        }
        let below = |&(x, y): &(u32, u32)| [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(i, j)| (2 * x + i, 2 * y + j));
        level = level.iter().flat_map(below).collect();
    }
    all.sort_unstable();
    Ok(all)
}

fn tile(layers: &[&TileLayer], at: TileCoord) -> io::Result<(TileCoord, Vec<u8>)> {
    let mut plain = Vec::new();
    layers.iter().for_each(|layer| layer.encode(at.z(), at.x(), at.y(), &mut plain));
    if plain.is_empty() {
        // Something lies there, but nothing that is drawn at this zoom; such a tile is left out.
        return Ok((at, plain));
    }
    let mut packed = GzEncoder::new(Vec::with_capacity(plain.len() / 2), Level::default());
    packed.write_all(&plain)?;
    Ok((at, packed.finish()?))
}

/// The zoom at which a box fills about one tile.
fn overview(bounds: Bounds) -> u8 {
    let [west, south, east, north] = bounds.degrees();
    let span = (east - west).max(north - south).max(1e-6);
    (360.0 / span).log2().floor().clamp(0.0, 22.0) as u8
}

fn pmt_error(error: PmtError) -> WriteError {
    WriteError::Io(match error {
        PmtError::Reading(error) => error,
        other => io::Error::other(other),
    })
}
