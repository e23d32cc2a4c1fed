//! Many places at once.

use super::Snapshot;
use crate::index::OUTSIDE;
use crate::model::Coord;
use crate::read::datum::Datum;
use crate::read::text;

impl Snapshot {
    /// The rank of the grid of each point, [`OUTSIDE`] where none.
    pub fn locate_batch(&self, points: &[Coord]) -> Vec<u32> {
        let mut ranks = vec![OUTSIDE; points.len()];
        self.ground.grids.tiling().locate_batch(points, &mut ranks);
        ranks
    }

    /// The code behind an answer of [`Self::locate_batch`].
    pub fn code_at(&self, rank: u32) -> Option<&str> {
        (rank != OUTSIDE).then(|| self.grid_code(rank))
    }

    /// Answers a table `id,lon,lat` with a table `id,grid`; the grid is empty outside every grid.
    ///
    /// # Errors
    /// A sentence naming the line and what is wrong with it.
    pub fn locate_csv(&self, datum: &Datum, table: &[u8]) -> Result<Vec<u8>, String> {
        // Chinese spreadsheets save GB18030 unless told otherwise.
        let (table, _) = text::decode(table).ok_or("the table is neither UTF-8, UTF-16 nor GB18030 text")?;
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(table.as_bytes());
        let headers = reader.headers().map_err(|e| e.to_string())?.clone();
        let column = |name: &str| {
            let at = headers.iter().position(|h| h.eq_ignore_ascii_case(name));
            at.ok_or_else(|| format!("the table has no column `{name}`; its first line must be id,lon,lat"))
        };
        let (id, lon, lat) = (column("id")?, column("lon")?, column("lat")?);
        let (mut ids, mut coords) = (Vec::new(), Vec::new());
        for row in reader.into_records() {
            let row = row.map_err(|e| e.to_string())?;
            let line = row.position().map_or(0, csv::Position::line);
            let number = |at: usize, name: &str| -> Result<f64, String> {
                let text = row.get(at).unwrap_or_default();
                text.parse().map_err(|_| format!("line {line}: {name} `{text}` is not a number"))
            };
            coords
                .push(datum.coord(number(lon, "lon")?, number(lat, "lat")?).map_err(|e| format!("line {line}: {e}"))?);
            ids.push(row.get(id).unwrap_or_default().to_owned());
        }
        let mut writer = csv::Writer::from_writer(Vec::new());
        let failed = |e: csv::Error| e.to_string();
        writer.write_record(["id", "grid"]).map_err(failed)?;
        for (id, rank) in ids.iter().zip(self.locate_batch(&coords)) {
            writer.write_record([id.as_str(), self.code_at(rank).unwrap_or_default()]).map_err(failed)?;
        }
        writer.into_inner().map_err(|e| e.to_string())
    }
}
