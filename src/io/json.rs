//! One JSON object into a record.

use std::cell::Cell;
use std::fmt;

use compact_str::CompactString;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::reject::{Fault, Reason};
use crate::event::{Record, Value};

/// A record and, if the value at the path of its time is a number, that number as written.
pub(super) type Decoded<'a> = (Record, Option<&'a str>);

/// Reads a text that must be one JSON object, nested at most `depth` deep, itself included.
///
/// Of fields of one name the last holds, escapes in the name decoded. Whole numbers from −2^63 to 2^64−1 are exact,
/// other ones are the nearest float, and a `-0` of any form is 0.
pub(super) fn decode<'a>(text: &'a str, depth: usize, time: &[CompactString]) -> Result<Decoded<'a>, Fault> {
    let depth = depth.min(DEEPEST);
    let number = Cell::new(None);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let seed = Seed { depth, time: Some(time), number: &number };
    let value = seed.deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
    match value {
        Ok(Value::Record(record)) => Ok((take(record), number.get())),
        Ok(other) => Err(not_an_object(&other)),
        Err(error) => Err(fault(text, &error, depth)),
    }
}

/// Reads a text that must be one JSON value, nested at most `depth` deep.
pub(super) fn value(text: &str, depth: usize) -> Result<Value, Fault> {
    let depth = depth.min(DEEPEST);
    let number = Cell::new(None);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let seed = Seed { depth, time: None, number: &number };
    let value = seed.deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
    value.map_err(|error| fault(text, &error, depth))
}

fn take(record: std::sync::Arc<Record>) -> Record {
    std::sync::Arc::try_unwrap(record).unwrap_or_else(|shared| (*shared).clone())
}

fn not_an_object(value: &Value) -> Fault {
    let what = match value {
        Value::List(_) => "a list, where an object was expected; `--records .` reads the objects in it",
        Value::Null => "a null, where an object was expected",
        Value::Str(_) => "a string, where an object was expected",
        Value::Bool(_) => "a boolean, where an object was expected",
        _ => "a number, where an object was expected",
    };
    Fault::new(Reason::NotAnObject, what)
}

/// Reads any value. `time` is what is left of the path to the time, as far as this value is on it.
#[derive(Clone, Copy)]
struct Seed<'c, 'de> {
    depth: usize,
    time: Option<&'c [CompactString]>,
    number: &'c Cell<Option<&'de str>>,
}

impl<'c> Seed<'c, '_> {
    /// For a value one level further in.
    fn inner<E: serde::de::Error>(self, time: Option<&'c [CompactString]>) -> Result<Self, E> {
        let depth = self.depth.checked_sub(1).ok_or_else(|| E::custom(TOO_DEEP))?;
        Ok(Seed { depth, time, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_, 'de> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_, 'de> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, b: bool) -> Result<Value, E> {
        Ok(Value::Bool(b))
    }

    fn visit_i64<E>(self, n: i64) -> Result<Value, E> {
        Ok(Value::Int(n))
    }

    fn visit_u64<E>(self, n: u64) -> Result<Value, E> {
        Ok(Value::from_u64(n))
    }

    fn visit_f64<E>(self, x: f64) -> Result<Value, E> {
        // `-0` comes as a float too.
        let negative_zero = x == 0.0 && x.is_sign_negative();
        Ok(if negative_zero { Value::Int(0) } else { Value::from_f64(x).unwrap_or_default() })
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::str(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let seed = self.inner(None)?;
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(seed)? {
            items.push(item);
        }
        Ok(Value::List(items.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut record = Record::default();
        while let Some(name) = map.next_key_seed(NameSeed)? {
            let time = self.time.and_then(|path| path.split_first()).filter(|(first, _)| **first == name);
            let seed = self.inner(time.map(|(_, rest)| rest))?;
            let value = match seed.time {
                Some([]) => seed.raw(map.next_value()?)?,
                _ => map.next_value_seed(seed)?,
            };
            record.insert(name, value);
        }
        self.inner::<A::Error>(None)?;
        Ok(Value::Record(record.into()))
    }
}

impl<'de> Seed<'_, 'de> {
    /// The value at the path of the time: a number is kept as written as well, because a float does not hold the
    /// nanoseconds of an epoch.
    fn raw<E: serde::de::Error>(self, raw: &'de RawValue) -> Result<Value, E> {
        let text = raw.get();
        self.number.set(text.starts_with(|c: char| c == '-' || c.is_ascii_digit()).then_some(text));
        self.deserialize(&mut serde_json::Deserializer::from_str(text)).map_err(E::custom)
    }
}

/// Reads the name of a field.
struct NameSeed;

impl<'de> DeserializeSeed<'de> for NameSeed {
    type Value = CompactString;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<CompactString, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for NameSeed {
    type Value = CompactString;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E>(self, name: &str) -> Result<CompactString, E> {
        Ok(name.into())
    }
}

const TOO_DEEP: &str = "nested too deeply";

/// The decoder gives up beyond this, whatever the limit.
const DEEPEST: usize = 127;

/// What the decoder's messages mean, by how they begin; everything else is broken JSON.
const MESSAGES: [(&str, Reason, &str); 4] = [
    ("number out of range", Reason::NumberOutOfRange, "a number is too large for a float"),
    ("lone leading surrogate", Reason::InvalidUnicode, "a `\\u` escape is half of a surrogate pair"),
    ("unexpected end of hex escape", Reason::InvalidUnicode, "a `\\u` escape is half of a surrogate pair"),
    ("invalid unicode code point", Reason::InvalidUnicode, "a `\\u` escape is no character"),
];

fn fault(text: &str, error: &serde_json::Error, depth: usize) -> Fault {
    let said = error.to_string();
    let said = said.split(" at line ").next().unwrap_or_default();
    let column = error.column();
    if said.starts_with(TOO_DEEP) || said.starts_with("recursion limit exceeded") {
        return Fault::too_deep(depth);
    }
    if let Some((_, reason, detail)) = MESSAGES.iter().find(|(begin, ..)| said.starts_with(begin)) {
        return Fault::new(*reason, *detail);
    }
    if !text.starts_with(['{', '[']) {
        let detail = "no JSON object; tables are read with --input-format csv, lines of text with --lines";
        return Fault::new(Reason::BrokenJson, detail);
    }
    if let Some((word, help)) = foreign_word(text, column) {
        return Fault::new(Reason::BrokenJson, format!("`{word}` is no JSON; {help}"));
    }
    // The line may be the first of a document that goes on below.
    let help = if error.is_eof() { "; a document over several lines is read with --records" } else { "" };
    let said = said.replace("EOF", "the text ends");
    Fault::new(Reason::BrokenJson, format!("{said} at byte {column}{help}"))
}

/// Words that other languages write where JSON has another or none.
const FOREIGN: [(&str, &str); 11] = [
    ("NaN", "write `null`"),
    ("nan", "write `null`"),
    ("Infinity", "write `null`"),
    ("-Infinity", "write `null`"),
    ("inf", "write `null`"),
    ("-inf", "write `null`"),
    ("-NaN", "write `null`"),
    ("None", "write `null`"),
    ("undefined", "write `null`"),
    ("True", "write `true`"),
    ("False", "write `false`"),
];

/// The foreign word at or just before the byte at which decoding failed.
fn foreign_word(text: &str, column: usize) -> Option<(&'static str, &'static str)> {
    let is_part = |c: char| c.is_ascii_alphabetic() || c == '-';
    let before = text.get(..column.saturating_sub(1))?;
    let start = before.trim_end_matches(is_part).len();
    let word = text.get(start..)?;
    let word = word.get(..word.find(|c| !is_part(c)).unwrap_or(word.len()))?;
    FOREIGN.iter().find(|(foreign, _)| *foreign == word).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time_text(text: &str, path: &[&str]) -> Option<String> {
        let path: Vec<CompactString> = path.iter().map(|&name| name.into()).collect();
        let (_, number) = decode(text, 64, &path).unwrap();
        number.map(str::to_string)
    }

    #[test]
    fn a_number_for_the_time_is_kept_as_written() {
        assert_eq!(
            time_text(r#"{"a":{"t":1700000000.123456789}}"#, &["a", "t"]).unwrap(),
            "1700000000.123456789"
        );
        assert_eq!(time_text(r#"{"t":1,"t":2.50}"#, &["t"]).unwrap(), "2.50");
        assert_eq!(time_text(r#"{"t":1,"t":"x"}"#, &["t"]), None);
        assert_eq!(time_text(r#"{"t":{"a":1}}"#, &["t"]), None);
    }

    #[test]
    fn depth_counts_the_record_itself() {
        for depth in [1, 2, 64, DEEPEST] {
            let nested = |n: usize| format!("{}1{}", "{\"a\":".repeat(n), "}".repeat(n));
            assert!(decode(&nested(depth), depth, &[]).is_ok());
            assert_eq!(decode(&nested(depth + 1), depth, &[]).unwrap_err().reason, Reason::TooDeep);
            let list = format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
            assert_eq!(decode(&list, depth, &[]).unwrap_err().reason, Reason::TooDeep);
        }
        let deeper = |depth| format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        assert!(decode(&deeper(DEEPEST), 500, &[]).is_ok());
        let fault = decode(&deeper(DEEPEST + 1), 500, &[]).unwrap_err();
        assert_eq!(
            fault.detail,
            format!("objects and lists nest more than {DEEPEST} deep, the limit (`record_depth`)")
        );
        let hostile = format!("{{\"a\":{}", "[".repeat(1_000_000));
        assert_eq!(decode(&hostile, 64, &["a".into()]).unwrap_err().reason, Reason::BrokenJson);
        assert_eq!(decode(&hostile, 64, &[]).unwrap_err().reason, Reason::TooDeep);
    }
}
