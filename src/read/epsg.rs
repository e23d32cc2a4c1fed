//! PROJ's converters, one pair for each EPSG code and thread: its objects may not be shared between threads.

use super::datum::DatumError;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ffi::CString;
use std::sync::{Mutex, PoisonError};

/// Both directions of one EPSG code.
pub(super) struct Pair {
    /// To longitude and latitude of WGS 84.
    pub inward: proj::Proj,
    /// From them.
    pub outward: proj::Proj,
}

/// A thread keeps the converters of the last few codes it met; a server asked for many codes does not grow.
const KEPT_PER_THREAD: usize = 8;

thread_local! {
    static PAIRS: RefCell<Vec<(u32, Pair)>> = const { RefCell::new(Vec::new()) };
}

/// Codes that are unknown or to which PROJ has no way. Asking again takes milliseconds, and the `proj` crate does not free
/// the context of a converter that it failed to make (0.4 MB), so each code may fail once in the life of the process, not
/// once a request.
static REFUSED: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// Does some work with this thread's converters of a code.
pub(super) fn with_proj<T>(code: u32, work: impl FnOnce(&Pair) -> T) -> Result<T, DatumError> {
    PAIRS.with_borrow_mut(|pairs| {
        if let Some(at) = pairs.iter().position(|(known, _)| *known == code) {
            // Most recent last, so the first is the one to forget.
            let found = pairs.remove(at);
            pairs.push(found);
        } else {
            let made = make_pair(code)?;
            if pairs.len() >= KEPT_PER_THREAD {
                pairs.remove(0);
            }
            pairs.push((code, made));
        }
        let (_, pair) = pairs.last().ok_or_else(|| refused(code, "no converter"))?;
        Ok(work(pair))
    })
}

fn make_pair(code: u32) -> Result<Pair, DatumError> {
    if REFUSED.lock().unwrap_or_else(PoisonError::into_inner).contains(&code) {
        return Err(refused(code, "refused before"));
    }
    if !is_known(code) {
        REFUSED.lock().unwrap_or_else(PoisonError::into_inner).insert(code);
        return Err(refused(code, "no such code, or not one of places on the ground"));
    }
    let name = format!("EPSG:{code}");
    // `new_known_crs` normalises both sides to easting, northing and longitude, latitude: the CGCS2000 zones, whose
    // official order is northing first, come out as files write them.
    let make = |from: &str, to: &str| {
        proj::Proj::new_known_crs(from, to, None).map_err(|error| {
            REFUSED.lock().unwrap_or_else(PoisonError::into_inner).insert(code);
            refused(code, &error.to_string())
        })
    };
    Ok(Pair { inward: make(&name, "EPSG:4326")?, outward: make("EPSG:4326", &name)? })
}

fn refused(code: u32, detail: &str) -> DatumError {
    DatumError::NoWay { crs: format!("EPSG:{code}"), detail: detail.to_owned() }
}

/// Whether the database has the code and it is of places on the ground: geographic or projected, alone or with heights.
///
/// Asked of PROJ itself, since the `proj` crate has no question that an unknown code does not leak by.
fn is_known(code: u32) -> bool {
    let Ok(text) = CString::new(code.to_string()) else { return false };
    // SAFETY: the context is made here and destroyed here, after the one object made in it; both calls accept null.
    // The strings outlive the call that reads them, and PROJ copies what it keeps.
    unsafe {
        let context = proj_sys::proj_context_create();
        // PROJ would write its refusal to standard error.
        proj_sys::proj_log_level(context, proj_sys::PJ_LOG_LEVEL_PJ_LOG_NONE);
        let found = proj_sys::proj_create_from_database(
            context,
            c"EPSG".as_ptr(),
            text.as_ptr(),
            proj_sys::PJ_CATEGORY_PJ_CATEGORY_CRS,
            0,
            std::ptr::null(),
        );
        let kind = if found.is_null() { proj_sys::PJ_TYPE_PJ_TYPE_UNKNOWN } else { proj_sys::proj_get_type(found) };
        proj_sys::proj_destroy(found);
        proj_sys::proj_context_destroy(context);
        matches!(
            kind,
            proj_sys::PJ_TYPE_PJ_TYPE_GEOGRAPHIC_2D_CRS
                | proj_sys::PJ_TYPE_PJ_TYPE_GEOGRAPHIC_3D_CRS
                | proj_sys::PJ_TYPE_PJ_TYPE_PROJECTED_CRS
                | proj_sys::PJ_TYPE_PJ_TYPE_COMPOUND_CRS
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_places_on_the_ground_are_known() {
        // CGCS2000 zone, web mercator, a geographic one; a vertical one, a geocentric one, a gap.
        let table = [(4544, true), (3857, true), (4214, true), (5737, false), (4978, false), (9999, false)];
        for (code, known) in table {
            assert_eq!(is_known(code), known, "EPSG:{code}");
        }
    }
}
