//! Bytes become text, whatever program wrote them.

use encoding_rs::{Encoding, GB18030, UTF_16BE, UTF_16LE};
use std::borrow::Cow;

/// The text of a file and the name of its encoding when it is not UTF-8, as JSON should be.
///
/// A byte order mark decides; without one, bytes that are no UTF-8 are taken as GB18030 (GBK), which Chinese desktop
/// programs write. `None` when they are neither.
pub(crate) fn decode(bytes: &[u8]) -> Option<(Cow<'_, str>, Option<&'static str>)> {
    if let Some(body) = bytes.strip_prefix(b"\xEF\xBB\xBF") {
        return std::str::from_utf8(body).ok().map(|text| (Cow::Borrowed(text), None));
    }
    for encoding in [UTF_16LE, UTF_16BE] {
        if Encoding::for_bom(bytes).is_some_and(|(found, _)| found == encoding) {
            let (text, _, bad) = encoding.decode(bytes);
            return (!bad).then_some((text, Some(encoding.name())));
        }
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Some((Cow::Borrowed(text), None));
    }
    let (text, bad) = GB18030.decode_without_bom_handling(bytes);
    (!bad).then_some((text, Some("GB18030")))
}
