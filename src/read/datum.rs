//! Every datum that files and clients use, to and from WGS 84.
//!
//! The caller says the datum of each source. No "inside China" box decides whether GCJ-02 applies: the boxes in
//! circulation hold foreign land too, and a point beside the box would jump by half a kilometre.

use super::epsg::{self, with_proj};
use crate::model::Coord;
use std::f64::consts::PI;
use std::fmt;
use std::sync::Arc;

/// A coordinate reference system by name or definition.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Crs {
    /// GPS, OpenStreetMap, GeoJSON by RFC 7946.
    Wgs84,
    /// 火星坐标: what Chinese map services show.
    Gcj02,
    /// 百度坐标: GCJ-02 shifted once more.
    Bd09,
    /// EPSG:4490. Differs from WGS 84 by centimetres to decimetres, so it is taken as WGS 84: right for patrol, not for
    /// cadastre.
    Cgcs2000,
    /// Any other code that PROJ's database knows.
    Epsg(u32),
    /// A definition in full, WKT or a PROJ string: what a `.prj` file holds, or a city's own system.
    Defined(Arc<str>),
}

/// A name that is no coordinate reference system we know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a known coordinate reference system; use wgs84, gcj02, bd09, cgcs2000 or a code such as EPSG:4544"
)]
pub struct UnknownCrs(pub String);

/// Why coordinates cannot be converted.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DatumError {
    /// PROJ's database has no such code, or no way from it to WGS 84.
    #[error("{crs} is unknown to PROJ or has no way to WGS 84 ({detail}); look its code up on epsg.io")]
    NoWay {
        /// The name asked for.
        crs: String,
        /// PROJ's own words.
        detail: String,
    },
    /// The place lies outside what the projection can express.
    #[error("{x}, {y} cannot be a place in {crs}")]
    Outside {
        /// The system.
        crs: String,
        /// Easting or longitude as given.
        x: f64,
        /// Northing or latitude as given.
        y: f64,
    },
}

impl Crs {
    /// Reads a name as people and files write it: `wgs84`, `GCJ-02`, `bd09`, `cgcs2000`, `EPSG:4544`, `4544`,
    /// `urn:ogc:def:crs:EPSG::4544`, `http://www.opengis.net/def/crs/OGC/1.3/CRS84`; or a definition, WKT or `+proj=...`.
    ///
    /// # Errors
    /// A name that is none of these. Whether PROJ knows an EPSG code shows in [`Datum::new`].
    pub fn parse(text: &str) -> Result<Self, UnknownCrs> {
        let lower = text.trim().to_ascii_lowercase();
        if lower.starts_with("+proj=") || WKT_HEADS.iter().any(|head| lower.starts_with(head)) {
            return Ok(epsg::simplest(text.trim()));
        }
        let plain: String = lower.chars().filter(|c| !matches!(c, '-' | '_' | ' ')).collect();
        match plain.as_str() {
            "wgs84" | "crs84" | "ogc:crs84" => return Ok(Self::Wgs84),
            "gcj02" | "gcj" => return Ok(Self::Gcj02),
            "bd09" | "bd09ll" => return Ok(Self::Bd09),
            "cgcs2000" => return Ok(Self::Cgcs2000),
            _ => {}
        }
        let names_epsg = lower.contains("epsg");
        let last = lower.rsplit([':', '/', '#']).next().unwrap_or_default();
        if last == "crs84" {
            return Ok(Self::Wgs84);
        }
        // EPSG keeps its codes within this range; a code outside it can only be a mistake.
        let code =
            last.parse::<u32>().ok().filter(|code| (names_epsg || last == lower) && (1024..=32767).contains(code));
        match code {
            Some(4326) => Ok(Self::Wgs84),
            Some(4490) => Ok(Self::Cgcs2000),
            Some(code) => Ok(Self::Epsg(code)),
            None => Err(UnknownCrs(text.to_owned())),
        }
    }

    /// The name that answers echo: `wgs84`, `gcj02`, `bd09`, `cgcs2000` or `EPSG:4544`.
    pub fn name(&self) -> String {
        match self {
            Self::Wgs84 => "wgs84".to_owned(),
            Self::Gcj02 => "gcj02".to_owned(),
            Self::Bd09 => "bd09".to_owned(),
            Self::Cgcs2000 => "cgcs2000".to_owned(),
            Self::Epsg(code) => format!("EPSG:{code}"),
            Self::Defined(text) => text.to_string(),
        }
    }

    /// A name short enough for a sentence: of a definition, the part that names it.
    pub fn short(&self) -> String {
        let Self::Defined(text) = self else { return self.name() };
        match text.split('"').nth(1) {
            Some(named) => named.chars().take(60).collect(),
            None => text.chars().take(60).collect(),
        }
    }

    /// The definition by which PROJ knows it; `None` for what is converted here.
    fn proj(&self) -> Option<String> {
        matches!(self, Self::Epsg(_) | Self::Defined(_)).then(|| self.name())
    }
}

/// How definitions of places on the ground begin in WKT 1 and 2, lower case.
const WKT_HEADS: [&str; 7] = ["projcs[", "geogcs[", "compd_cs[", "projcrs[", "geogcrs[", "compoundcrs[", "boundcrs["];

impl fmt::Display for Crs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.short())
    }
}

/// Converts between one system and WGS 84. Cheap to clone and share: PROJ's objects, which may not cross threads, are
/// kept per thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datum {
    crs: Crs,
    /// What PROJ is asked with, where it is asked.
    proj: Option<Arc<str>>,
}

impl Datum {
    /// The converter of a system.
    ///
    /// # Errors
    /// PROJ does not know the EPSG code or cannot read the definition.
    pub fn new(crs: Crs) -> Result<Self, DatumError> {
        let proj: Option<Arc<str>> = crs.proj().map(Into::into);
        if let Some(definition) = &proj {
            with_proj(definition, |_| ())?;
        }
        Ok(Self { crs, proj })
    }

    /// The system.
    pub fn crs(&self) -> &Crs {
        &self.crs
    }

    /// Longitude and latitude in degrees of WGS 84. `x` is the easting or longitude, `y` the northing or latitude: the
    /// order in which files hold them, whatever order the authority gives its axes.
    ///
    /// # Errors
    /// The place lies outside what the system can express, or is no number.
    pub fn to_wgs84(&self, x: f64, y: f64) -> Result<(f64, f64), DatumError> {
        let outside = || DatumError::Outside { crs: self.crs.short(), x, y };
        if !x.is_finite() || !y.is_finite() {
            return Err(outside());
        }
        let (lon, lat) = match (&self.crs, &self.proj) {
            (_, Some(proj)) => with_proj(proj, |pair| pair.inward.convert((x, y)))?.map_err(|_| outside())?,
            (Crs::Gcj02, None) => from_gcj02(x, y),
            (Crs::Bd09, None) => {
                let (x, y) = from_bd09(x, y);
                from_gcj02(x, y)
            }
            (_, None) => (x, y),
        };
        let in_world = (-180.0..=180.0).contains(&lon) && (-90.0..=90.0).contains(&lat);
        if in_world { Ok((lon, lat)) } else { Err(outside()) }
    }

    /// The vertex at a place, rounded to the model's unit.
    ///
    /// # Errors
    /// As [`Datum::to_wgs84`].
    pub fn coord(&self, x: f64, y: f64) -> Result<Coord, DatumError> {
        let (lon, lat) = self.to_wgs84(x, y)?;
        Coord::from_degrees(lon, lat).ok_or_else(|| DatumError::Outside { crs: self.crs.short(), x, y })
    }

    /// The other way: easting or longitude, northing or latitude in this system.
    ///
    /// # Errors
    /// The system cannot express the place.
    pub fn from_wgs84(&self, lon: f64, lat: f64) -> Result<(f64, f64), DatumError> {
        let outside = || DatumError::Outside { crs: self.crs.short(), x: lon, y: lat };
        let (x, y) = match (&self.crs, &self.proj) {
            (_, Some(proj)) => with_proj(proj, |pair| pair.outward.convert((lon, lat)))?.map_err(|_| outside())?,
            (Crs::Gcj02, None) => to_gcj02(lon, lat),
            (Crs::Bd09, None) => {
                let (x, y) = to_gcj02(lon, lat);
                to_bd09(x, y)
            }
            (_, None) => (lon, lat),
        };
        if x.is_finite() && y.is_finite() { Ok((x, y)) } else { Err(outside()) }
    }
}

/// Krasovsky 1940, as the deployed services use (domain.md 2.6).
const A: f64 = 6_378_245.0;
const EE: f64 = 0.006_693_421_622_965_943;
/// Baidu's own pi.
const X_PI: f64 = PI * 3000.0 / 180.0;
/// Where the inverse stops: far below the model's unit of 1e-7.
const CLOSE_ENOUGH: f64 = 1e-11;
/// The error shrinks about a hundredfold each time, so it never needs more than seven in China.
const MOST_STEPS: usize = 30;

fn to_gcj02(lon: f64, lat: f64) -> (f64, f64) {
    let (x, y) = (lon - 105.0, lat - 35.0);
    let common = (20.0 * (6.0 * x * PI).sin() + 20.0 * (2.0 * x * PI).sin()) * 2.0 / 3.0;
    let north = -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * x.abs().sqrt()
        + common
        + (20.0 * (y * PI).sin() + 40.0 * (y / 3.0 * PI).sin()) * 2.0 / 3.0
        + (160.0 * (y / 12.0 * PI).sin() + 320.0 * (y * PI / 30.0).sin()) * 2.0 / 3.0;
    let east = 300.0
        + x
        + 2.0 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + 0.1 * x.abs().sqrt()
        + common
        + (20.0 * (x * PI).sin() + 40.0 * (x / 3.0 * PI).sin()) * 2.0 / 3.0
        + (150.0 * (x / 12.0 * PI).sin() + 300.0 * (x / 30.0 * PI).sin()) * 2.0 / 3.0;
    let radians = lat.to_radians();
    let magic = 1.0 - EE * radians.sin().powi(2);
    let d_lat = north * 180.0 / ((A * (1.0 - EE)) / (magic * magic.sqrt()) * PI);
    let d_lon = east * 180.0 / (A / magic.sqrt() * radians.cos() * PI);
    (lon + d_lon, lat + d_lat)
}

fn to_bd09(lon: f64, lat: f64) -> (f64, f64) {
    let z = lon.hypot(lat) + 0.00002 * (lat * X_PI).sin();
    let theta = lat.atan2(lon) + 0.000_003 * (lon * X_PI).cos();
    (z * theta.cos() + 0.0065, z * theta.sin() + 0.006)
}

fn from_gcj02(x: f64, y: f64) -> (f64, f64) {
    invert(to_gcj02, x, y)
}

fn from_bd09(x: f64, y: f64) -> (f64, f64) {
    invert(to_bd09, x, y)
}

/// Fixed point `w <- w + (g - f(w))`: the shift changes slowly, so its error at a nearly right place is nearly nothing.
fn invert(forward: fn(f64, f64) -> (f64, f64), x: f64, y: f64) -> (f64, f64) {
    let (mut lon, mut lat) = (x, y);
    for _ in 0..MOST_STEPS {
        let (fx, fy) = forward(lon, lat);
        let (dx, dy) = (x - fx, y - fy);
        (lon, lat) = (lon + dx, lat + dy);
        if dx.abs() < CLOSE_ENOUGH && dy.abs() < CLOSE_ENOUGH {
            break;
        }
    }
    (lon, lat)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Place, WGS 84, GCJ-02, BD-09 (domain.md 2.6; a = 6378245).
    type Place = (f64, f64);
    const GOLDEN: [(&str, Place, Place, Place); 7] = [
        ("Deyang", (104.397894, 31.131139), (104.400576239, 31.129000267), (104.406993333, 31.135316438)),
        ("Longhua", (114.029, 22.609), (114.034068877, 22.606224650), (114.040596171, 22.612154885)),
        ("Guangming", (113.936, 22.749), (113.940881966, 22.746012654), (113.947444058, 22.751669983)),
        ("Jinjiang", (104.0817, 30.6570), (104.084230948, 30.654595602), (104.090798662, 30.660385451)),
        ("Panzhihua", (101.7184, 26.5823), (101.719974210, 26.578731844), (101.726515455, 26.584579243)),
        ("Jianye", (118.7317, 32.0036), (118.736912396, 32.001568659), (118.743489689, 32.007212387)),
        ("Shanghai", (121.5272106, 31.1774276), (121.531541859, 31.175303984), (121.538015686, 31.181328607)),
    ];

    fn near(a: (f64, f64), b: (f64, f64), tolerance: f64) -> bool {
        (a.0 - b.0).abs() <= tolerance && (a.1 - b.1).abs() <= tolerance
    }

    #[test]
    fn golden_vectors_both_ways() {
        let (gcj, bd) = (Datum::new(Crs::Gcj02).expect("built in"), Datum::new(Crs::Bd09).expect("built in"));
        for (place, wgs84, gcj02, bd09) in GOLDEN {
            for (datum, there) in [(&gcj, gcj02), (&bd, bd09)] {
                let out = datum.from_wgs84(wgs84.0, wgs84.1).expect("in range");
                assert!(near(out, there, 1e-9), "{place} to {}: {out:?} for {there:?}", datum.crs());
                let back = datum.to_wgs84(there.0, there.1).expect("in range");
                assert!(near(back, wgs84, 1e-9), "{place} from {}: {back:?} for {wgs84:?}", datum.crs());
            }
        }
    }

    #[test]
    fn names_as_people_write_them() {
        let table = [
            ("wgs84", Crs::Wgs84),
            ("WGS 84", Crs::Wgs84),
            ("EPSG:4326", Crs::Wgs84),
            ("4326", Crs::Wgs84),
            ("urn:ogc:def:crs:OGC:1.3:CRS84", Crs::Wgs84),
            ("http://www.opengis.net/def/crs/OGC/1.3/CRS84", Crs::Wgs84),
            ("gcj02", Crs::Gcj02),
            ("GCJ-02", Crs::Gcj02),
            ("bd-09", Crs::Bd09),
            ("CGCS2000", Crs::Cgcs2000),
            ("EPSG:4490", Crs::Cgcs2000),
            ("epsg:4544", Crs::Epsg(4544)),
            ("4544", Crs::Epsg(4544)),
            ("urn:ogc:def:crs:EPSG::4544", Crs::Epsg(4544)),
            ("http://www.opengis.net/def/crs/EPSG/0/4544", Crs::Epsg(4544)),
        ];
        for (text, crs) in table {
            assert_eq!(Crs::parse(text), Ok(crs.clone()), "{text}");
            assert_eq!(Crs::parse(&crs.name()), Ok(crs));
        }
        for text in ["", "mars", "EPSG:", "EPSG:99999999", "EPSG:-1", "local:4544"] {
            assert!(Crs::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn gauss_krueger_zones_of_cgcs2000() {
        // Deyang; easting and northing by the Gauss-Krueger series on GRS 80 at CM 105, checked below by a second road:
        // an independent transverse Mercator in this test.
        let place = (104.397894, 31.131139);
        let (east, north) = transverse_mercator(place.0, place.1, 105.0);
        for (code, false_easting) in [(4544, 500_000.0), (4523, 35_500_000.0)] {
            let datum = Datum::new(Crs::Epsg(code)).expect("PROJ knows it");
            let out = datum.from_wgs84(place.0, place.1).expect("in range");
            assert!(near(out, (false_easting + east, north), 1e-3), "EPSG:{code}: {out:?} for {east} {north}");
            let back = datum.to_wgs84(false_easting + east, north).expect("in range");
            assert!(near(back, place, 1e-8), "EPSG:{code}: {back:?}");
        }
        let (east, north) = transverse_mercator(118.7317, 32.0036, 120.0);
        let nanjing = Datum::new(Crs::Epsg(4528)).expect("PROJ knows it");
        assert!(near(nanjing.to_wgs84(40_500_000.0 + east, north).expect("in range"), (118.7317, 32.0036), 1e-8));
    }

    /// Snyder 1987, equations 8-9 and 8-10 with 3-21, on GRS 80 with scale 1: metres east of the central meridian and
    /// north of the equator; right to a millimetre within two degrees.
    fn transverse_mercator(lon: f64, lat: f64, central: f64) -> (f64, f64) {
        let (a, f) = (6_378_137.0_f64, 1.0 / 298.257_222_101);
        let e2 = f * (2.0 - f);
        let ep2 = e2 / (1.0 - e2);
        let phi = lat.to_radians();
        let n = a / (1.0 - e2 * phi.sin().powi(2)).sqrt();
        let t = phi.tan().powi(2);
        let c = ep2 * phi.cos().powi(2);
        let big_a = (lon - central).to_radians() * phi.cos();
        let (e4, e6) = (e2 * e2, e2 * e2 * e2);
        let m = a
            * ((1.0 - e2 / 4.0 - 3.0 * e4 / 64.0 - 5.0 * e6 / 256.0) * phi
                - (3.0 * e2 / 8.0 + 3.0 * e4 / 32.0 + 45.0 * e6 / 1024.0) * (2.0 * phi).sin()
                + (15.0 * e4 / 256.0 + 45.0 * e6 / 1024.0) * (4.0 * phi).sin()
                - (35.0 * e6 / 3072.0) * (6.0 * phi).sin());
        let east = n
            * (big_a
                + (1.0 - t + c) * big_a.powi(3) / 6.0
                + (5.0 - 18.0 * t + t * t + 72.0 * c - 58.0 * ep2) * big_a.powi(5) / 120.0);
        let north = m + n
            * phi.tan()
            * (big_a.powi(2) / 2.0
                + (5.0 - t + 9.0 * c + 4.0 * c * c) * big_a.powi(4) / 24.0
                + (61.0 - 58.0 * t + t * t + 600.0 * c - 330.0 * ep2) * big_a.powi(6) / 720.0);
        (east, north)
    }

    #[test]
    fn definitions_as_prj_files_hold_them() {
        let esri = r#"PROJCS["CGCS2000_3_Degree_GK_CM_120E",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",DATUM["D_China_2000",SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",120.0],PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]"#;
        assert_eq!(Crs::parse(esri), Ok(Crs::Epsg(4549)));
        let wgs84 = r#"GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]"#;
        assert_eq!(Crs::parse(wgs84), Ok(Crs::Wgs84));
        // A city's own: a meridian of its own, kept as it stands.
        let own = "+proj=tmerc +lat_0=0 +lon_0=120.6667 +k=1 +x_0=50000 +y_0=-3400000 +ellps=GRS80 +units=m";
        let datum = Datum::new(Crs::parse(own).expect("a definition")).expect("PROJ reads it");
        let (x, y) = datum.from_wgs84(120.7, 31.0).expect("in range");
        assert!(near(datum.to_wgs84(x, y).expect("in range"), (120.7, 31.0), 1e-8), "{x} {y}");
        assert!(Crs::parse("PROJCS[nonsense").is_ok_and(|crs| Datum::new(crs).is_err()));
    }

    #[test]
    fn a_code_that_nobody_knows_is_refused_with_a_remedy() {
        let error = Datum::new(Crs::Epsg(9999)).expect_err("no such code");
        assert!(error.to_string().contains("epsg.io"), "{error}");
        assert!(Datum::new(Crs::Epsg(9999)).is_err());
    }

    #[test]
    fn every_thread_has_its_own_converter() {
        let datum = Datum::new(Crs::Epsg(4544)).expect("PROJ knows it");
        let here = datum.to_wgs84(442_544.0, 3_445_670.0).expect("in range");
        let there = std::thread::spawn(move || datum.to_wgs84(442_544.0, 3_445_670.0)).join().expect("no panic");
        assert_eq!(there, Ok(here));
    }

    proptest! {
        #[test]
        fn round_trips_everywhere_in_china(lon in 73.5_f64..135.1, lat in 3.8_f64..53.6) {
            for crs in [Crs::Gcj02, Crs::Bd09] {
                let datum = Datum::new(crs.clone()).expect("built in");
                let (x, y) = datum.from_wgs84(lon, lat).expect("in range");
                let back = datum.to_wgs84(x, y).expect("in range");
                prop_assert!(near(back, (lon, lat), 1e-9), "{} {:?}", crs, back);
            }
        }

        #[test]
        fn no_number_panics(x in proptest::num::f64::ANY, y in proptest::num::f64::ANY) {
            for crs in [Crs::Wgs84, Crs::Gcj02, Crs::Bd09, Crs::Cgcs2000, Crs::Epsg(4544), Crs::Epsg(3857)] {
                let _ = Datum::new(crs).expect("PROJ knows it").coord(x, y);
            }
        }
    }
}
