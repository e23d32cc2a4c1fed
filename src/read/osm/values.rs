//! The values of tags as mappers write them.

/// Floors: `5`, `5.5` (5 and a half, so 5), `3;4` (the most), `3-5` (the most), `5+1` (5 and a roof floor).
pub(super) fn floors(text: &str) -> Option<i64> {
    let one = |part: &str| {
        let number = part.split('+').next()?.trim().parse::<f64>().ok()?;
        (0.0..=1000.0).contains(&number).then_some(number as i64)
    };
    text.split([';', '-', ',']).map(one).collect::<Option<Vec<i64>>>()?.into_iter().max()
}

/// Metres: `12`, `12 m`, `12,5`, `40'`, `12'6"`, `40 ft`.
pub(super) fn metres(text: &str) -> Option<f64> {
    const FOOT: f64 = 0.3048;
    let text = text.trim().to_lowercase().replace(',', ".");
    let number = |part: &str| part.trim().parse::<f64>().ok();
    let metres = if let Some((feet, inches)) = text.split_once('\'') {
        let inches = inches.trim().trim_end_matches('"');
        number(feet)? * FOOT + if inches.is_empty() { 0.0 } else { number(inches)? * FOOT / 12.0 }
    } else if let Some(feet) = text.strip_suffix("feet").or_else(|| text.strip_suffix("ft")) {
        number(feet)? * FOOT
    } else {
        number(text.trim_end_matches("metres").trim_end_matches("meters").trim_end_matches('m'))?
    };
    (metres.is_finite() && (0.0..=10_000.0).contains(&metres)).then_some(metres)
}

/// Where a camera looks and, when a range is given, how wide: bearings clockwise from north.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Bearings {
    /// One for each head; empty when it looks all around.
    pub directions: Vec<f64>,
    /// The widest range given.
    pub angle: Option<f64>,
}

/// `135`, `NW`, `90;270`, `90-180` (clockwise, as the wiki defines ranges: middle and width), `0-360`.
pub(super) fn bearings(text: &str) -> Option<Bearings> {
    let mut found = Bearings::default();
    for part in text.split([';', ',', '|']).map(str::trim).filter(|part| !part.is_empty()) {
        if let Some(bearing) = bearing(part) {
            found.directions.push(bearing);
            continue;
        }
        let (from, to) = part.split_once('-')?;
        let (from, to) = (bearing_up_to_360(from)?, bearing_up_to_360(to)?);
        let width = if (to - from).abs() >= 359.0 { 360.0 } else { (to - from).rem_euclid(360.0) };
        found.angle = Some(found.angle.map_or(width, |angle: f64| angle.max(width)));
        if width < 360.0 {
            found.directions.push((from + width / 2.0).rem_euclid(360.0));
        }
    }
    (!found.directions.is_empty() || found.angle.is_some()).then_some(found)
}

fn bearing(text: &str) -> Option<f64> {
    bearing_up_to_360(text).map(|degrees| degrees.rem_euclid(360.0))
}

fn bearing_up_to_360(text: &str) -> Option<f64> {
    const POINTS: [&str; 16] =
        ["n", "nne", "ne", "ene", "e", "ese", "se", "sse", "s", "ssw", "sw", "wsw", "w", "wnw", "nw", "nnw"];
    const WORDS: [(&str, f64); 8] = [
        ("north", 0.0),
        ("northeast", 45.0),
        ("east", 90.0),
        ("southeast", 135.0),
        ("south", 180.0),
        ("southwest", 225.0),
        ("west", 270.0),
        ("northwest", 315.0),
    ];
    let text = text.trim().trim_end_matches(['°', 'º']).to_lowercase();
    if let Some(i) = POINTS.iter().position(|point| *point == text) {
        return Some(i as f64 * 22.5);
    }
    if let Some((_, degrees)) = WORDS.iter().find(|(word, _)| *word == text) {
        return Some(*degrees);
    }
    text.parse::<f64>().ok().filter(|degrees| (-360.0..=360.0).contains(degrees))
}

/// Street and number: as Chinese writes them, without a blank, when the street is Chinese.
pub(super) fn address(street: &str, number: &str) -> String {
    let cjk = street.chars().any(|c| ('\u{2e80}'..='\u{9fff}').contains(&c) || ('\u{f900}'..='\u{faff}').contains(&c));
    match (street.is_empty(), number.is_empty()) {
        (false, false) if cjk => format!("{street}{number}"),
        (false, false) => format!("{street} {number}"),
        _ => format!("{street}{number}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floors_and_metres() {
        let floor_table = [
            ("5", Some(5)),
            ("5.5", Some(5)),
            ("3;4", Some(4)),
            ("3-5", Some(5)),
            ("5+1", Some(5)),
            ("many", None),
            ("-1", None),
            ("", None),
            ("1e9", None),
        ];
        for (text, expected) in floor_table {
            assert_eq!(floors(text), expected, "{text}");
        }
        let metre_table =
            [("12", Some(12.0)), ("12 m", Some(12.0)), ("12,5m", Some(12.5)), ("10'", Some(3.048)), ("tall", None)];
        for (text, expected) in metre_table {
            assert_eq!(metres(text), expected, "{text}");
        }
        assert!(metres("12'6\"").is_some_and(|m| (m - 3.81).abs() < 1e-9));
        assert!(metres("40 ft").is_some_and(|m| (m - 12.192).abs() < 1e-9));
    }

    #[test]
    fn camera_bearings() {
        type Expected = Option<(&'static [f64], Option<f64>)>;
        let table: [(&str, Expected); 10] = [
            ("135", Some((&[135.0], None))),
            ("NW", Some((&[315.0], None))),
            ("90;270", Some((&[90.0, 270.0], None))),
            ("90-180", Some((&[135.0], Some(90.0)))),
            ("270-90", Some((&[0.0], Some(180.0)))),
            ("E-W", Some((&[180.0], Some(180.0)))),
            ("0-360", Some((&[], Some(360.0)))),
            ("-45", Some((&[315.0], None))),
            ("clockwise", None),
            ("", None),
        ];
        for (text, expected) in table {
            let expected = expected.map(|(directions, angle)| Bearings { directions: directions.to_vec(), angle });
            assert_eq!(bearings(text), expected, "{text}");
        }
    }

    #[test]
    fn addresses_in_both_manners() {
        assert_eq!(address("Rue Grimaldi", "12"), "Rue Grimaldi 12");
        assert_eq!(address("长庆街", "12号"), "长庆街12号");
        assert_eq!(address("", "12"), "12");
    }
}
