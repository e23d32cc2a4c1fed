//! Typed numbers that stay with a thing for life: the `fid` of its row in the city file and the feature id in its tiles.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! ids {
    ($($name:ident $word:literal),* $(,)?) => {$(
        #[doc = concat!("Identifies one ", $word, "; unique within its layer, never reused.")]
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($word, " #{}"), self.0)
            }
        }
        impl From<u32> for $name {
            fn from(id: u32) -> Self {
                Self(id)
            }
        }
        impl From<$name> for u32 {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    )*};
}

ids! {
    DistrictId "district",
    SubdistrictId "subdistrict",
    CommunityId "community",
    GridId "grid",
    ZoneId "zone",
    BuildingId "building",
    CompoundId "compound",
    InstitutionId "institution",
    CameraId "camera",
    CheckpointId "checkpoint",
    ServiceId "service",
    StreetId "street",
    WaterId "water",
    GreenId "green",
    BarrierId "barrier",
}

/// An administrative or grid code. Always text: `510104001` has meaning in its digits, not in its value, and
/// leading zeros and letters (`SQ-3-2`) are legal.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Code(pub String);

impl Code {
    /// The code as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for Code {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for Code {
    fn from(text: String) -> Self {
        Self(text)
    }
}
