//! Every flag and variable of the program, in one place.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// Weaves a city into grids that people can answer for.
#[derive(Parser, Debug)]
#[command(name = "gridweave", version, about, propagate_version = true, max_term_width = 110)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
    /// What to log: `warn`, `info`, `gridweave=debug`, ...
    #[arg(long, global = true, env = "GRIDWEAVE_LOG", default_value = "warn")]
    pub log: String,
    /// Log lines as JSON objects, for machines.
    #[arg(long, global = true, env = "GRIDWEAVE_LOG_JSON")]
    pub log_json: bool,
}

/// What the program can be asked to do.
#[derive(Subcommand, Debug)]
pub enum Verb {
    /// Shows a synthetic district in the browser: nothing to install, nothing to import
    #[command(
        after_help = "Example:\n  gridweave demo\n  gridweave demo --scale compound --seed 7 --into demo.gpkg\n  gridweave demo --scale city --into city.gpkg"
    )]
    Demo(Demo),
    /// Reads files into a city file, creating it when it is missing
    #[command(
        after_help = "Examples:\n  gridweave import district.osm.pbf --into city.gpkg --as osm\n  gridweave import grids.geojson --into city.gpkg --as grids --map code=网格编号 --crs EPSG:4544\n  gridweave import 小区.xlsx --into city.gpkg --as compounds --map position=经纬度 --problems problems.jsonl"
    )]
    Import(Import),
    /// Lists what a planner should know about a city's data before trusting it
    #[command(after_help = "Example:\n  gridweave check city.gpkg --problems problems.jsonl")]
    Check(Check),
    /// Serves the map, the lookup and the tiles of a city file
    #[command(after_help = "Example:\n  gridweave serve city.gpkg --listen 127.0.0.1:8080")]
    Serve(Serve),
    /// Finds the grid of every point of a table
    #[command(after_help = "Example:\n  gridweave locate city.gpkg --points calls.csv --out answered.csv --crs gcj02")]
    Locate(Locate),
    /// Writes a layer, or the whole city, for other programs
    #[command(
        after_help = "Examples:\n  gridweave export city.gpkg --layer grids --format xlsx --out grids.xlsx\n  gridweave export city.gpkg --layer grids --format geojson --out - | head\n  gridweave export city.gpkg --format geopackage --out copy.gpkg"
    )]
    Export(Export),
    /// Prints the description of the HTTP API
    #[command(after_help = "Example:\n  gridweave openapi > openapi.json")]
    Openapi,
}

/// How big the synthetic city is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DemoScale {
    /// One community: 0.32 km², 4,000 households.
    Compound,
    /// 269 grids, 200,000 households, 20,000 buildings.
    District,
    /// 49 districts: 20,000 grids, 1,000,000 buildings, 100,000 cameras.
    City,
}

/// `demo`
#[derive(Args, Debug)]
pub struct Demo {
    /// How big the synthetic city is.
    #[arg(long, value_enum, default_value = "district")]
    pub scale: DemoScale,
    /// Another number makes another city.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Keep the city in this file; without it the city is gone when the program ends.
    #[arg(long)]
    pub into: Option<PathBuf>,
    /// How it is served.
    #[command(flatten)]
    pub serving: Serving,
}

/// `import`
#[derive(Args, Debug)]
pub struct Import {
    /// The files, all of one kind.
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// The city file.
    #[arg(long)]
    pub into: PathBuf,
    /// What the files hold: `osm`, or a layer: districts, subdistricts, communities, grids, zones, buildings, compounds,
    /// institutions, cameras, checkpoints, services, streets, water, green, barriers; or `households`, a table whose
    /// figures go to buildings and compounds that the city has.
    #[arg(long = "as")]
    pub layer: String,
    /// The datum of the coordinates: wgs84, gcj02, bd09, cgcs2000, EPSG:…, or a definition (WKT, +proj=…). Left out, the
    /// file's own word counts; where it has none, evidence does, or the file is refused.
    #[arg(long)]
    pub crs: Option<String>,
    /// Which sheet or layer to read, of a file that holds several.
    #[arg(long)]
    pub sheet: Option<String>,
    /// Which column holds a field, as FIELD=COLUMN; may be given several times.
    #[arg(long = "map", value_name = "FIELD=COLUMN")]
    pub map: Vec<String>,
    /// Write every problem to this file: a workbook when its name ends in .xlsx, else one JSON object a line.
    #[arg(long)]
    pub problems: Option<PathBuf>,
    /// Say what would happen and write nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Remove from the layer what the files do not mention, and the values that they leave empty.
    #[arg(long)]
    pub replace: bool,
    /// Name of the city, when it is created; the file's name otherwise.
    #[arg(long)]
    pub name: Option<String>,
}

/// `check`
#[derive(Args, Debug)]
pub struct Check {
    /// The city file.
    pub city: PathBuf,
    /// Write every problem to this file: a workbook when its name ends in .xlsx, else one JSON object a line.
    #[arg(long)]
    pub problems: Option<PathBuf>,
}

/// `serve`
#[derive(Args, Debug)]
pub struct Serve {
    /// The city file.
    pub city: PathBuf,
    /// How it is served.
    #[command(flatten)]
    pub serving: Serving,
}

/// `locate`
#[derive(Args, Debug)]
pub struct Locate {
    /// The city file.
    pub city: PathBuf,
    /// A table with columns id, lon, lat.
    #[arg(long)]
    pub points: PathBuf,
    /// Where to write the table with columns id, grid; the grid is empty outside every grid.
    #[arg(long)]
    pub out: PathBuf,
    /// The datum of the points; the city's own when left out.
    #[arg(long)]
    pub crs: Option<String>,
    /// A moment (RFC 3339); the plan in force then answers.
    #[arg(long)]
    pub at: Option<String>,
}

/// File formats that can be written; `write` says what each holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// GeoJSON, RFC 7946: web maps and scripts.
    Geojson,
    /// FlatGeobuf with its index: large layers, QGIS and GDAL.
    Flatgeobuf,
    /// GeoPackage 1.3 with spatial indexes: QGIS and ArcGIS; holds one layer or all.
    Geopackage,
    /// A table as UTF-8 text with a byte order mark: every program.
    Csv,
    /// A workbook with codes as text cells: Excel and WPS.
    Xlsx,
    /// Vector tiles of all zooms: web maps without a server; for showing only, holds one layer or all.
    Pmtiles,
}

/// `export`
#[derive(Args, Debug)]
pub struct Export {
    /// The city file.
    pub city: PathBuf,
    /// The layer; a GeoPackage and PMTiles can hold all of them and do when this is left out.
    #[arg(long)]
    pub layer: Option<String>,
    /// The format; what the name of the file to write ends in when this is left out.
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// The file to write, replaced when it is there already; `-` is standard output, for GeoJSON and CSV.
    #[arg(long)]
    pub out: PathBuf,
}

/// How a city is served.
#[derive(Args, Clone, Debug)]
pub struct Serving {
    /// Address and port; port 0 takes a free one and prints it.
    #[arg(long, env = "GRIDWEAVE_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: String,
    /// Let other machines reach the server. Cameras stay closed then, since there are no accounts yet.
    #[arg(long, env = "GRIDWEAVE_ALLOW_REMOTE")]
    pub allow_remote: bool,
    /// Requests under way at most; more are answered 503.
    #[arg(long, env = "GRIDWEAVE_MAX_REQUESTS", default_value_t = 512)]
    pub max_requests: usize,
    /// Seconds that a request may take; longer ones are answered 408.
    #[arg(long, env = "GRIDWEAVE_TIMEOUT", default_value_t = 30.0, value_parser = seconds)]
    pub timeout: f64,
    /// MiB that a request's body may have; larger ones are answered 413.
    #[arg(long, env = "GRIDWEAVE_MAX_BODY", default_value_t = 64)]
    pub max_body_mb: usize,
    /// MiB that all files at the data desk may take on the disk together; more are answered 413.
    #[arg(long, env = "GRIDWEAVE_MAX_UPLOAD", default_value_t = 2048)]
    pub max_upload_mb: u64,
    /// MiB of memory for built tiles.
    #[arg(long, env = "GRIDWEAVE_TILE_CACHE", default_value_t = 256)]
    pub tile_cache_mb: u64,
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "write seconds, such as 30 or 0.5")?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if !duration.is_zero() => Ok(seconds),
        _ => Err("give more than 0 seconds".into()),
    }
}

impl Serving {
    /// How long a request may take.
    pub fn request_timeout(&self) -> Duration {
        Duration::try_from_secs_f64(self.timeout).unwrap_or(Duration::from_secs(30))
    }
}

impl Default for Serving {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:0".into(),
            allow_remote: false,
            max_requests: 512,
            timeout: 30.0,
            max_body_mb: 64,
            max_upload_mb: 2048,
            tile_cache_mb: 256,
        }
    }
}
