//! What the spatial indexes of other programs ask of our connection (OGC 12-128r17, annex F.3).
//!
//! A city file comes without an R-tree. Where QGIS or GDAL has given a layer one, its triggers run inside our writes and
//! call these functions; without them no change would reach the file any more.

use super::wkb;
use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};

/// Teaches a connection the functions.
pub fn register(db: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    db.create_scalar_function("ST_IsEmpty", 1, flags, |context| Ok(bounds(context).is_none()))?;
    for (at, name) in ["ST_MinX", "ST_MinY", "ST_MaxX", "ST_MaxY"].into_iter().enumerate() {
        db.create_scalar_function(name, 1, flags, move |context| Ok(bounds(context).map(|b| b[at])))?;
    }
    Ok(())
}

/// `[west, south, east, north]` of the geometry that a function is called with; what is no geometry counts as empty.
fn bounds(context: &Context<'_>) -> Option<[f64; 4]> {
    let geometry = wkb::decode(context.get_raw(0).as_blob().ok()?).ok()?;
    geometry.bounds().map(|bounds| bounds.degrees())
}
