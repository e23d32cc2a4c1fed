//! PROJ's converters, one pair for each definition and thread: its objects may not be shared between threads.

use super::datum::{Crs, DatumError};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ffi::{CStr, CString};
use std::sync::{Arc, Mutex, PoisonError};
use xxhash_rust::xxh3::xxh3_64;

/// Both directions of one definition.
pub(super) struct Pair {
    /// To longitude and latitude of WGS 84.
    pub inward: proj::Proj,
    /// From them.
    pub outward: proj::Proj,
}

/// A thread keeps the converters of the last few definitions it met; a server asked for many does not grow.
const KEPT_PER_THREAD: usize = 8;

thread_local! {
    static PAIRS: RefCell<Vec<(Arc<str>, Pair)>> = const { RefCell::new(Vec::new()) };
}

/// Definitions that are unknown or from which PROJ has no way, by hash. Asking again takes milliseconds, and the `proj`
/// crate does not free the context of a converter that it failed to make (0.4 MB), so each may fail once in the life of
/// the process, not once a request.
static REFUSED: Mutex<BTreeSet<u64>> = Mutex::new(BTreeSet::new());

/// Does some work with this thread's converters of a definition: `EPSG:4544`, WKT or a PROJ string.
pub(super) fn with_proj<T>(definition: &Arc<str>, work: impl FnOnce(&Pair) -> T) -> Result<T, DatumError> {
    PAIRS.with_borrow_mut(|pairs| {
        if let Some(at) = pairs.iter().rposition(|(known, _)| known == definition) {
            // Most recent last, so the first is the one to forget.
            if at + 1 < pairs.len() {
                let found = pairs.remove(at);
                pairs.push(found);
            }
        } else {
            let made = make_pair(definition)?;
            if pairs.len() >= KEPT_PER_THREAD {
                pairs.remove(0);
            }
            pairs.push((definition.clone(), made));
        }
        let (_, pair) = pairs.last().ok_or_else(|| refused(definition, "no converter"))?;
        Ok(work(pair))
    })
}

fn make_pair(definition: &str) -> Result<Pair, DatumError> {
    let key = xxh3_64(definition.as_bytes());
    let set = || REFUSED.lock().unwrap_or_else(PoisonError::into_inner);
    if set().contains(&key) {
        return Err(refused(definition, "refused before"));
    }
    if !Object::with(definition, Object::is_on_the_ground).unwrap_or(false) {
        set().insert(key);
        return Err(refused(definition, "no such code or definition, or not one of places on the ground"));
    }
    // `new_known_crs` normalises both sides to easting, northing and longitude, latitude: the CGCS2000 zones, whose
    // official order is northing first, come out as files write them.
    let make = |from: &str, to: &str| {
        proj::Proj::new_known_crs(from, to, None).map_err(|error| {
            set().insert(key);
            refused(definition, &error.to_string())
        })
    };
    Ok(Pair { inward: make(definition, "EPSG:4326")?, outward: make("EPSG:4326", definition)? })
}

fn refused(definition: &str, detail: &str) -> DatumError {
    let crs = definition.split('"').nth(1).unwrap_or(definition).chars().take(80).collect();
    DatumError::NoWay { crs, detail: detail.to_owned() }
}

/// The system that a definition means: by its EPSG code where PROJ is sure of one, so that a `.prj` file and a code are
/// the same system; else the definition itself.
pub(super) fn simplest(definition: &str) -> Crs {
    match Object::with(definition, Object::identify).flatten() {
        Some(4326) => Crs::Wgs84,
        Some(4490) => Crs::Cgcs2000,
        Some(code) => Crs::Epsg(code),
        None => Crs::Defined(definition.into()),
    }
}

/// A coordinate reference system as PROJ holds it.
///
/// Asked of PROJ itself, since the `proj` crate has no such questions that an unknown code does not leak by.
struct Object {
    context: *mut proj_sys::PJ_CONTEXT,
    crs: *mut proj_sys::PJ,
}

impl Object {
    /// Asks a question about a definition; `None` when PROJ cannot read it.
    fn with<T>(definition: &str, ask: impl FnOnce(&Self) -> T) -> Option<T> {
        let text = CString::new(definition).ok()?;
        // SAFETY: the context is made here and destroyed in `drop`, after the one object made in it; the string outlives
        // the call that reads it, and PROJ copies what it keeps.
        let object = unsafe {
            let context = proj_sys::proj_context_create();
            // PROJ would write its refusal to standard error.
            proj_sys::proj_log_level(context, proj_sys::PJ_LOG_LEVEL_PJ_LOG_NONE);
            // `proj_create` would take any name of the database, which is not what a code or a definition means.
            let crs = match definition.strip_prefix("EPSG:").map(CString::new) {
                Some(Ok(code)) => proj_sys::proj_create_from_database(
                    context,
                    c"EPSG".as_ptr(),
                    code.as_ptr(),
                    proj_sys::PJ_CATEGORY_PJ_CATEGORY_CRS,
                    0,
                    std::ptr::null(),
                ),
                Some(Err(_)) => std::ptr::null_mut(),
                // A PROJ string is an operation until it is said to be a system.
                None if definition.starts_with('+') && !definition.contains("+type=crs") => {
                    match CString::new(format!("{definition} +type=crs")) {
                        Ok(text) => proj_sys::proj_create(context, text.as_ptr()),
                        Err(_) => std::ptr::null_mut(),
                    }
                }
                None => proj_sys::proj_create(context, text.as_ptr()),
            };
            Self { context, crs }
        };
        (!object.crs.is_null()).then(|| ask(&object))
    }

    /// Whether it is of places on the ground: geographic or projected, alone, with heights or with a shift of datum.
    fn is_on_the_ground(&self) -> bool {
        // SAFETY: `crs` is a live object for as long as `self` is.
        let kind = unsafe { proj_sys::proj_get_type(self.crs) };
        matches!(
            kind,
            proj_sys::PJ_TYPE_PJ_TYPE_GEOGRAPHIC_2D_CRS
                | proj_sys::PJ_TYPE_PJ_TYPE_GEOGRAPHIC_3D_CRS
                | proj_sys::PJ_TYPE_PJ_TYPE_PROJECTED_CRS
                | proj_sys::PJ_TYPE_PJ_TYPE_COMPOUND_CRS
                | proj_sys::PJ_TYPE_PJ_TYPE_BOUND_CRS
        )
    }

    /// The EPSG code, where the definition agrees with the database's in all but names.
    fn identify(&self) -> Option<u32> {
        /// PROJ's word for "the same but for names", out of 100.
        const SURE: i32 = 70;
        // SAFETY: `crs` and `context` live as long as `self`; the list and its confidences are destroyed here, the
        // object taken out of it before the text of its code is copied is destroyed after.
        unsafe {
            let mut confidence: *mut i32 = std::ptr::null_mut();
            let list = proj_sys::proj_identify(
                self.context,
                self.crs,
                c"EPSG".as_ptr(),
                std::ptr::null(),
                &raw mut confidence,
            );
            let count = if list.is_null() { 0 } else { proj_sys::proj_list_get_count(list) };
            let mut code = None;
            if count > 0 && !confidence.is_null() && *confidence >= SURE {
                let best = proj_sys::proj_list_get(self.context, list, 0);
                if !best.is_null() {
                    let text = proj_sys::proj_get_id_code(best, 0);
                    if !text.is_null() {
                        code = CStr::from_ptr(text).to_str().ok().and_then(|text| text.parse().ok());
                    }
                    proj_sys::proj_destroy(best);
                }
            }
            if !confidence.is_null() {
                proj_sys::proj_int_list_destroy(confidence);
            }
            if !list.is_null() {
                proj_sys::proj_list_destroy(list);
            }
            code
        }
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        // SAFETY: both were made in `with` and are destroyed once, the object before its context; null is accepted.
        unsafe {
            proj_sys::proj_destroy(self.crs);
            proj_sys::proj_context_destroy(self.context);
        }
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
            let found = Object::with(&format!("EPSG:{code}"), Object::is_on_the_ground).unwrap_or(false);
            assert_eq!(found, known, "EPSG:{code}");
        }
    }
}
