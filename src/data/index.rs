//! Values found again by what is equal to them.

use std::net::IpAddr;

use hashbrown::HashTable;
use smallvec::SmallVec;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::event::{Value, ValueRef, text};
use crate::time::{Duration, Timestamp};

/// Places by what stands there, the first of equal ones.
///
/// A text is entered under each value that it says, so that it is found by any of them.
#[derive(Clone, Default)]
pub(super) struct Index {
    entries: HashTable<Entry>,
    /// Whether something else than text is entered, which a text may say.
    typed: bool,
}

#[derive(Clone, Copy)]
struct Entry {
    hash: u64,
    at: usize,
}

impl Index {
    /// Enters a place, unless the same value is there; then its place is given.
    pub(super) fn enter<'v>(
        &mut self,
        at: usize,
        value: &Value,
        values: impl Fn(usize) -> &'v Value,
    ) -> Option<usize> {
        let is_text = matches!(value, Value::Str(_));
        self.typed |= !is_text;
        for (nth, hash) in hashes(value.borrowed(), true).into_iter().enumerate() {
            let is_same = |entry: &Entry| {
                entry.hash == hash
                    && matches!(values(entry.at), Value::Str(_)) == is_text
                    && values(entry.at) == value
            };
            match self.entries.find(hash, is_same) {
                Some(known) if nth == 0 => return Some(known.at),
                _ => drop(self.entries.insert_unique(hash, Entry { hash, at }, |entry| entry.hash)),
            }
        }
        None
    }

    /// The first place where a value stands that is equal to this one.
    pub(super) fn find<'v>(&self, value: ValueRef<'_>, values: impl Fn(usize) -> &'v Value) -> Option<usize> {
        let places = hashes(value, self.typed).into_iter().flat_map(|hash| {
            let found = self.entries.iter_hash(hash);
            found.filter(move |entry| entry.hash == hash).map(|entry| entry.at)
        });
        places.filter(|at| meets(values(*at).borrowed(), value)).min()
    }
}

/// Whether a value of a file is equal to one that is asked for.
fn meets(value: ValueRef<'_>, asked: ValueRef<'_>) -> bool {
    match (value, asked) {
        (ValueRef::Str(a), ValueRef::Str(b)) => a == b,
        (ValueRef::Str(text), other) | (other, ValueRef::Str(text)) => {
            said(text).iter().any(|value| value.borrowed().compare(other).is_some_and(|order| order.is_eq()))
        }
        _ => value.compare(asked).is_some_and(|order| order.is_eq()),
    }
}

/// What a text says besides itself.
fn said(text: &str) -> SmallVec<[Value; 2]> {
    let word = text::boolean(text).or_else(|| text::number(text));
    let time = || Timestamp::parse(text).map(Value::Time);
    let length = || Duration::parse(text).map(Value::Duration);
    let address = || text.parse::<IpAddr>().ok().map(Value::Ip);
    // No text says two of these.
    word.or_else(length).or_else(address).or_else(time).into_iter().collect()
}

/// The hashes under which a value is found: its own first, then of what a text says.
fn hashes(value: ValueRef<'_>, all: bool) -> SmallVec<[u64; 2]> {
    let own = |value: ValueRef<'_>| match value {
        ValueRef::Str(text) => xxh3_64_with_seed(text.as_bytes(), 1),
        other => {
            let mut bytes = Vec::with_capacity(32);
            other.encode(&mut bytes);
            xxh3_64(&bytes)
        }
    };
    let mut hashes = SmallVec::from_slice(&[own(value)]);
    if let (ValueRef::Str(text), true) = (value, all) {
        hashes.extend(said(text).iter().map(|value| own(value.borrowed())));
    }
    hashes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> Vec<Value> {
        let texts = [
            "DE",
            "7",
            "7.0",
            "007",
            "true",
            "True",
            "60s",
            "1m",
            "10.0.0.1",
            "2026-01-05T10:00:00Z",
            "2026-01-05T11:00:00+01:00",
            "1e400",
            "",
            "DE",
            "-0",
            "9007199254740993",
        ];
        let mut values: Vec<Value> = texts.into_iter().map(Value::str).collect();
        values.extend([Value::Int(7), Value::Float(7.5), Value::Bool(false), Value::Int(0), Value::Null]);
        values.extend([
            Value::Duration(Duration::from_millis(60_000)),
            Value::Ip("10.0.0.1".parse().unwrap()),
            Value::Uint(u64::MAX),
            Value::str("7.5"),
            Value::str("18446744073709551615"),
        ]);
        values
    }

    #[test]
    fn a_value_is_found_where_the_first_equal_one_stands() {
        let all = values();
        for some in [&all[..], &all[..16], &all[16..]] {
            let mut index = Index::default();
            for (at, value) in some.iter().enumerate() {
                let first = some[..at].iter().position(|other| other == value);
                assert_eq!(index.enter(at, value, |at| &some[at]), first, "{value:?}");
            }
            for asked in &all {
                let first = some.iter().position(|value| meets(value.borrowed(), asked.borrowed()));
                assert_eq!(index.find(asked.borrowed(), |at| &some[at]), first, "{asked:?}");
            }
        }
    }

    #[test]
    fn a_text_says_one_thing_at_the_most() {
        for value in values() {
            let Value::Str(text) = value else { continue };
            let time = Timestamp::parse(&text).is_some();
            let length = Duration::parse(&text).is_some();
            let address = text.parse::<IpAddr>().is_ok();
            let number = text::number(&text).is_some();
            assert!([time, length, address, number].into_iter().filter(|is| *is).count() <= 1, "{text}");
        }
    }
}
