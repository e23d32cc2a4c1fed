//! Layers of the city as files for other programs.

use super::Snapshot;
use crate::model::Layer;
use crate::store::{self, StoreError};
use crate::write::{self, Format, Origin, Progress, WriteError};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Why an export failed.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// A file of this format holds one layer.
    #[error("{} holds one layer: name one", .0.name())]
    OneLayer(Format),
    /// A file of this format is not written from its beginning to its end.
    #[error("{} needs a file of its own", .0.name())]
    NeedsFile(Format),
    /// The writer failed.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The GeoPackage could not be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<io::Error> for ExportError {
    fn from(error: io::Error) -> Self {
        Self::Write(error.into())
    }
}

impl Snapshot {
    /// Writes layers into a file that is missing or empty. A failure leaves half a file: give a
    /// [`Draft`](crate::write::Draft) or a temporary file.
    ///
    /// # Errors
    /// The format cannot hold the layers, the disk refuses, or the progress stops it.
    pub fn export(
        &self,
        path: &Path,
        format: Format,
        layers: &[Layer],
        progress: Progress<'_>,
    ) -> Result<(), ExportError> {
        match format {
            Format::Geopackage => Ok(store::export_geopackage(path, &self.world, layers, progress)?),
            Format::Pmtiles => {
                let whole: Vec<_> = layers.iter().map(|layer| self.whole(*layer)).collect();
                let tiles: Vec<_> = whole.iter().map(|tiles| &**tiles).collect();
                let name = layers.iter().map(|layer| layer.word()).collect::<Vec<_>>().join(", ");
                Ok(write::pmtiles::layers(File::create(path)?, &tiles, &name, self.origin(), progress)?)
            }
            _ => self.export_to(&mut File::create(path)?, format, layers, progress),
        }
    }

    /// Writes a layer to a sink, for formats that are written from their beginning to their end.
    ///
    /// # Errors
    /// The format is none of those or cannot hold the layers; or whatever the sink or the progress says.
    pub fn export_to(
        &self,
        out: &mut (impl Write + Send),
        format: Format,
        layers: &[Layer],
        progress: Progress<'_>,
    ) -> Result<(), ExportError> {
        let &[layer] = layers else { return Err(ExportError::OneLayer(format)) };
        let mut out = BufWriter::with_capacity(1 << 16, out);
        match format {
            Format::Geojson => write::geojson::layer(&mut out, &self.world, layer, progress)?,
            Format::Csv => write::csv::layer(&mut out, &self.world, layer, progress)?,
            Format::Flatgeobuf => write::flatgeobuf::layer(&mut out, &self.world, layer, self.origin(), progress)?,
            Format::Xlsx => write::xlsx::layer(&mut out, &self.world, layer, self.origin(), progress)?,
            Format::Geopackage | Format::Pmtiles => return Err(ExportError::NeedsFile(format)),
        }
        Ok(out.flush()?)
    }

    fn origin(&self) -> Origin<'_> {
        Origin { city: &self.profile.name, version: self.version, attribution: &self.profile.attribution }
    }
}
