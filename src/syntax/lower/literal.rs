//! The values of literals.

use compact_str::CompactString;

use crate::diagnostic::nearest;
use crate::syntax::ast::Literal;
use crate::time::{Duration, Timestamp};

/// What is wrong and what to do about it.
pub(super) type Wrong = (String, String);

const UNITS: [&str; 6] = ["w", "d", "h", "m", "s", "ms"];

/// Reads an integer, a float or a duration.
pub(super) fn number(text: &str) -> Result<Literal, Wrong> {
    let keep = CompactString::from(text);
    let digits = text.replace('_', "");
    if digits.bytes().all(|b| b.is_ascii_digit()) {
        if digits.len() > 1 && digits.starts_with('0') {
            return Err(leading_zero(text, &digits));
        }
        let value = digits.parse().map_err(|_| {
            let message = format!("`{text}` is larger than the largest integer, `{}`", u64::MAX);
            (message, "write a float, such as `1e20`".to_owned())
        })?;
        return Ok(Literal::Int(value, keep));
    }
    if let Some(value) = Duration::parse(text) {
        return Ok(Literal::Duration(value, keep));
    }
    match digits.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(Literal::Float(value, keep)),
        Ok(_) => Err((
            format!("`{text}` is larger than the largest float"),
            "the largest is about `1.8e308`".into(),
        )),
        Err(_) => Err(duration_error(text)),
    }
}

/// Most often part of a date.
fn leading_zero(text: &str, digits: &str) -> Wrong {
    let plain = match digits.trim_start_matches('0') {
        "" => "0",
        plain => plain,
    };
    let help = format!("write `{plain}`; a time is written `t\"2026-01-05T00:00:00Z\"`");
    (format!("the whole number `{text}` begins with `0`"), help)
}

/// Why this is no duration, which is what a number with letters behind it was meant to be.
fn duration_error(text: &str) -> Wrong {
    let message = format!("`{text}` is neither a number nor a duration");
    let order =
        "a duration has whole numbers and the units `w d h m s ms`, the largest first, such as `1h30m`";
    let units: Vec<&str> = text
        .split(|c: char| c.is_ascii_digit() || c == '_' || c == '.')
        .filter(|unit| !unit.is_empty())
        .collect();
    let places: Vec<Option<usize>> =
        units.iter().map(|unit| UNITS.iter().position(|known| known == unit)).collect();
    let help = match places.iter().position(Option::is_none) {
        Some(index) => unknown_unit(units.get(index).copied().unwrap_or_default()),
        None if places.is_sorted_by(|a, b| a < b) && !text.contains('.') => {
            "at most 292 years can be held".to_owned()
        }
        None => order.to_owned(),
    };
    (message, help)
}

fn unknown_unit(unit: &str) -> String {
    let words = [
        ("weeks", "w"),
        ("days", "d"),
        ("hours", "h"),
        ("hrs", "h"),
        ("minutes", "m"),
        ("mins", "m"),
        ("seconds", "s"),
        ("secs", "s"),
        ("milliseconds", "ms"),
        ("msecs", "ms"),
    ];
    let lower = unit.to_lowercase();
    let known =
        words.iter().find(|(word, _)| word.starts_with(&lower) && lower.len() > 1).map(|(_, unit)| *unit);
    match known.or_else(|| UNITS.into_iter().find(|known| *known == lower)).or_else(|| nearest(unit, UNITS)) {
        Some(known) if lower.len() > 1 || known == lower => {
            format!("`{unit}` is no unit: did you mean `{known}`?")
        }
        _ => format!("`{unit}` is no unit: the units are `w d h m s ms`"),
    }
}

/// Reads the text of `t"…"`.
pub(super) fn time(text: &str) -> Result<Literal, Wrong> {
    let inner = text.strip_prefix("t\"").and_then(|text| text.strip_suffix('"')).unwrap_or_default();
    match Timestamp::parse(inner) {
        Some(value) => Ok(Literal::Time(value, inner.into())),
        None => Err((format!("`{inner}` is no time"), time_help(inner))),
    }
}

fn time_help(inner: &str) -> String {
    let day = format!("{inner}T00:00:00Z");
    match Timestamp::parse(&day) {
        Some(_) => format!("a day has no time of its own: write `t\"{day}\"`"),
        None => {
            "write RFC 3339 between 1677-09-21 and 2262-04-11, such as `t\"2026-01-05T10:00:00Z\"`".into()
        }
    }
}

/// The inside of a raw string.
pub(super) fn raw(text: &str) -> Option<&str> {
    let text = text.strip_prefix('r')?;
    let inner = text.trim_start_matches('#');
    let hashes = text.len() - inner.len();
    inner.get(1..inner.len().checked_sub(1 + hashes)?)
}

/// The value of a quoted string with JSON's escapes; or what is wrong with it, and at which byte.
pub(super) fn unescape(text: &str) -> Result<String, (usize, String)> {
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or_default();
    let (mut value, mut rest) = (String::with_capacity(inner.len()), inner);
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        let place = text.len() - 1 - escape.len();
        value.push_str(before);
        let (c, length) = one_escape(escape).map_err(|message| (place, message))?;
        value.push(c);
        rest = escape.get(length..).unwrap_or_default();
    }
    value.push_str(rest);
    match value.chars().find(|c| *c < ' ' && *c != '\t') {
        Some(c) if inner.contains(c) => {
            let at = 1 + inner.find(c).unwrap_or_default();
            Err((at, format!("the control character `\\u{:04x}` must be escaped", u32::from(c))))
        }
        _ => Ok(value),
    }
}

/// The character of the escape that `text` begins with, and its length.
fn one_escape(text: &str) -> Result<(char, usize), String> {
    let simple = match text.as_bytes().get(1) {
        Some(b'"') => '"',
        Some(b'\\') => '\\',
        Some(b'/') => '/',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return unicode(text),
        _ => return Err(format!("`{}` is no escape", text.chars().take(2).collect::<String>())),
    };
    Ok((simple, 2))
}

/// `\u0041`, or two of them that make a surrogate pair.
fn unicode(text: &str) -> Result<(char, usize), String> {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        let all = digits.bytes().all(|b| b.is_ascii_hexdigit());
        if all { u32::from_str_radix(digits, 16).ok() } else { None }
    };
    let first = unit(0).ok_or("four hexadecimal digits must follow `\\u`")?;
    if let Some(c) = char::from_u32(first) {
        return Ok((c, 6));
    }
    match unit(6) {
        Some(second @ 0xdc00..=0xdfff) if first < 0xdc00 => {
            let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            char::from_u32(code).map(|c| (c, 12)).ok_or_else(|| "no character".to_owned())
        }
        _ => Err(format!("`\\u{first:04x}` is half of a surrogate pair")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_read_as_json_reads_them() {
        for text in [r#""""#, r#""a\"b\\c\/d\b\f\n\r\t""#, r#""\u00e9\ud83d\ude00""#, r#""é😀""#] {
            assert_eq!(unescape(text).unwrap(), serde_json::from_str::<String>(text).unwrap());
        }
        for text in [r#""\ud83d""#, r#""\ude00""#, r#""\ud83dx""#, r#""\u12g4""#, r#""\q""#, "\"\u{1}\""] {
            assert!(unescape(text).is_err() && serde_json::from_str::<String>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_wrong_number_gets_a_remedy() {
        let help = |text: &str| number(text).unwrap_err().1;
        assert!(help("5min").contains("`m`"));
        assert!(help("30m1h").contains("largest first"));
        assert!(help("1.5h").contains("whole numbers"));
        assert!(help("5y").contains("`y` is no unit"));
        assert!(help("99999999w").contains("292 years"));
        assert!(help("18446744073709551616").contains("float"));
        assert!(help("01").starts_with("write `1`") && help("0_0").starts_with("write `0`"));
    }
}
