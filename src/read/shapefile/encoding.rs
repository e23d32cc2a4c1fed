//! Which encoding the text of a table is in. The table says one thing, the `.cpg` beside it another, and both may be
//! wrong; what the bytes are valid in decides.

use crate::model::{Problem, Severity};
use encoding_rs::{Encoding, GB18030, UTF_8};
use std::borrow::Cow;

/// Encodings that are tried, in order of preference, and how many values are no text in each.
pub(super) struct Trial {
    declared: Option<(&'static Encoding, String)>,
    /// What somebody said that is no encoding we know.
    unknown: Option<String>,
    tried: Vec<(&'static Encoding, u64)>,
    /// Values that are not plain ASCII.
    telling: u64,
}

/// The encoding that was found.
#[derive(Clone, Copy)]
pub(super) struct Text(&'static Encoding);

impl Trial {
    /// What the `.cpg` declares, else the language driver in the head of the table.
    pub fn new(cpg: Option<&str>, driver: u8) -> Self {
        let cpg = cpg.map(str::trim).filter(|name| !name.is_empty());
        let by_cpg = cpg.and_then(by_name).map(|encoding| (encoding, format!("the .cpg says {}", shown(cpg))));
        let by_driver = by_driver(driver).map(|encoding| (encoding, format!("the .dbf says {}", encoding.name())));
        let unknown = cpg.filter(|name| by_cpg.is_none() && !name.eq_ignore_ascii_case("system"));
        let unknown = unknown.map(|name| shown(Some(name)));
        let declared = by_cpg.or(by_driver);
        let mut tried: Vec<(&'static Encoding, u64)> = Vec::new();
        for encoding in declared.iter().map(|(encoding, _)| *encoding).chain([UTF_8, GB18030]) {
            if tried.iter().all(|(known, _)| *known != encoding) {
                tried.push((encoding, 0));
            }
        }
        Self { declared, unknown, tried, telling: 0 }
    }

    /// Looks at a value.
    pub fn see(&mut self, value: &[u8]) {
        if value.is_ascii() {
            return;
        }
        self.telling += 1;
        for (encoding, bad) in &mut self.tried {
            *bad += u64::from(strict(encoding, value).is_none());
        }
    }

    /// The encoding in which the fewest values are broken; the declared one if others are no better. A declared one
    /// with one byte a character is never broken, so that UTF-8, which chance does not make, beats it.
    pub fn decide(self, problems: &mut Vec<Problem>) -> Text {
        let declared = self.declared.as_ref().map(|(encoding, _)| *encoding);
        let in_utf8 = self.tried.iter().any(|(encoding, bad)| *encoding == UTF_8 && *bad == 0);
        let best = self.tried.iter().min_by_key(|(_, bad)| *bad).copied().unwrap_or((GB18030, 0));
        let (encoding, bad) = match declared {
            Some(declared) if declared.is_single_byte() && in_utf8 && self.telling > 0 => (UTF_8, 0),
            _ => best,
        };
        let remedy = "save the table as UTF-8, with a .cpg beside it that says UTF-8";
        let mut tell = |severity, message: String| {
            problems.push(Problem::new(severity, "text-encoding", message, remedy));
        };
        if self.telling == 0 {
            return Text(encoding);
        }
        let name = encoding.name();
        match &self.declared {
            Some((declared, said)) if *declared != encoding => {
                tell(Severity::Warning, format!("{said}, yet the text of the table is {name}; read so"));
            }
            Some(_) => {}
            None => {
                let unknown = self.unknown.map(|said| format!("the .cpg says {said}, which is unknown; "));
                let unknown = unknown.unwrap_or_else(|| "nothing names the encoding of the table; ".to_owned());
                tell(Severity::Warning, format!("{unknown}its text is {name}, read so"));
            }
        }
        if bad > 0 {
            tell(
                Severity::Warning,
                format!("{bad} values are no {name} text; what cannot be read of them is shown as \u{fffd}"),
            );
        }
        Text(encoding)
    }
}

impl Text {
    /// The text of a value, and whether it ends in half a character, which is left out: fields are cut at their width
    /// in bytes.
    pub fn decode(self, value: &[u8]) -> (Cow<'_, str>, bool) {
        match strict(self.0, value) {
            Some(found) => found,
            None => (self.0.decode_without_bom_handling(value).0, false),
        }
    }
}

/// The text of bytes that are valid, but for a character that the end cuts in two.
fn strict<'v>(encoding: &'static Encoding, value: &'v [u8]) -> Option<(Cow<'v, str>, bool)> {
    // A character has four bytes at most, so three of them may be left.
    (0..4.min(value.len())).find_map(|cut| {
        let whole = value.get(..value.len() - cut)?;
        let half = value.get(value.len() - cut..)?;
        // What is left out must be the beginning of a character.
        let begins = half.first().is_none_or(|byte| !byte.is_ascii());
        let text = encoding.decode_without_bom_handling_and_without_replacement(whole).filter(|_| begins)?;
        Some((text, cut > 0))
    })
}

fn shown(name: Option<&str>) -> String {
    name.unwrap_or_default().chars().take(40).collect()
}

/// An encoding as `.cpg` files name it: `UTF-8`, `GBK`, `936`, `CP936`, `ANSI 1252`, `ISO 88591`.
fn by_name(name: &str) -> Option<&'static Encoding> {
    let name = name.trim_matches(|c: char| c.is_whitespace() || c == '\0' || c == '\u{feff}');
    let found = Encoding::for_label(name.as_bytes());
    let lower = name.to_ascii_lowercase();
    let number = lower.trim_start_matches(|c: char| !c.is_ascii_digit());
    let found = found.or_else(|| match number {
        "65001" | "8" if lower.contains("utf") || number == "65001" => Some(UTF_8),
        "936" | "2312" | "18030" | "54936" => Some(GB18030),
        "950" => Some(encoding_rs::BIG5),
        "932" => Some(encoding_rs::SHIFT_JIS),
        "949" => Some(encoding_rs::EUC_KR),
        "866" => Some(encoding_rs::IBM866),
        "88591" | "8859-1" => Some(encoding_rs::WINDOWS_1252),
        code => Encoding::for_label(format!("windows-{code}").as_bytes()),
    })?;
    // GB18030 holds all of GBK.
    Some(if found == encoding_rs::GBK { GB18030 } else { found })
}

/// An encoding by the byte of the language driver. 0x57, "whatever this computer uses", says nothing.
fn by_driver(driver: u8) -> Option<&'static Encoding> {
    match driver {
        0x03 | 0x58 | 0x59 => Some(encoding_rs::WINDOWS_1252),
        0x13 | 0x7b => Some(encoding_rs::SHIFT_JIS),
        0x4d | 0x7a => Some(GB18030),
        0x4e | 0x79 => Some(encoding_rs::EUC_KR),
        0x4f | 0x78 => Some(encoding_rs::BIG5),
        0x50 | 0x7c => Some(encoding_rs::WINDOWS_874),
        0x26 | 0x65 => Some(encoding_rs::IBM866),
        0xc8 => Some(encoding_rs::WINDOWS_1250),
        0xc9 => Some(encoding_rs::WINDOWS_1251),
        0xca => Some(encoding_rs::WINDOWS_1254),
        0xcb => Some(encoding_rs::WINDOWS_1253),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decided(cpg: Option<&str>, driver: u8, values: &[&[u8]]) -> (&'static str, usize) {
        let mut trial = Trial::new(cpg, driver);
        values.iter().for_each(|value| trial.see(value));
        let mut problems = Vec::new();
        let Text(encoding) = trial.decide(&mut problems);
        (encoding.name(), problems.len())
    }

    #[test]
    fn bytes_decide_and_lies_are_told() {
        let (gbk, _, _) = GB18030.encode("潮鸣街道刀茅巷社区");
        let utf8 = "潮鸣街道".as_bytes();
        let latin: &[u8] = b"Stra\xdfe";
        assert_eq!(decided(Some("GBK"), 0, &[&gbk]), ("gb18030", 0));
        assert_eq!(decided(Some("936"), 0, &[&gbk]), ("gb18030", 0));
        assert_eq!(decided(None, 0x4d, &[&gbk]), ("gb18030", 0));
        assert_eq!(decided(None, 0, &[&gbk]), ("gb18030", 1), "told, since nothing named it");
        assert_eq!(decided(None, 0x57, &[utf8]), ("UTF-8", 1));
        assert_eq!(decided(Some("UTF-8\r\n"), 0x57, &[utf8]), ("UTF-8", 0));
        assert_eq!(decided(Some("UTF-8"), 0, &[&gbk]), ("gb18030", 1), "the .cpg lies");
        assert_eq!(decided(Some("GBK"), 0, &["é".as_bytes(), utf8, "街".as_bytes(), "街道x".as_bytes()]).0, "UTF-8");
        assert_eq!(decided(Some("ISO-8859-1"), 0, &[utf8]), ("UTF-8", 1));
        assert_eq!(decided(Some("ISO-8859-1"), 0, &[latin]), ("windows-1252", 0));
        assert_eq!(decided(Some("Klingon"), 0, &[&gbk]), ("gb18030", 1));
        assert_eq!(decided(None, 0, &[b"plain"]).1, 0, "nothing to tell of ASCII");
    }

    #[test]
    fn half_a_character_is_left_out() {
        let (gbk, _, _) = GB18030.encode("刀茅巷社区");
        let cut = Text(GB18030).decode(&gbk[..9]);
        assert_eq!(cut, (Cow::Borrowed("刀茅巷社"), true));
        let utf8 = "刀茅巷".as_bytes();
        for keep in [7, 8] {
            assert_eq!(Text(UTF_8).decode(&utf8[..keep]), (Cow::Borrowed("刀茅"), true));
        }
        assert_eq!(Text(UTF_8).decode(b"a\xffb"), (Cow::Borrowed("a\u{fffd}b"), false));
        assert_eq!(decided(Some("GBK"), 0, &[&gbk[..9]]), ("gb18030", 0));
    }
}
