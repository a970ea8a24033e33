//! Values without a copy of them: how values compare, and their one binary form for hashes.

use std::cmp::Ordering;
use std::net::IpAddr;

use super::{Record, Value};
use crate::time::{Duration, Timestamp};

/// A [`Value`] that lies elsewhere: in an event, or in the row of a batch.
#[derive(Clone, Copy, Debug, Default)]
pub enum ValueRef<'a> {
    /// Missing, or `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number of 64 bits.
    Int(i64),
    /// A whole number above `i64::MAX`.
    Uint(u64),
    /// A finite number that was not written as a whole one.
    Float(f64),
    /// Text.
    Str(&'a str),
    /// A point in time.
    Time(Timestamp),
    /// A length of time.
    Duration(Duration),
    /// An IPv4 or IPv6 address.
    Ip(IpAddr),
    /// A list.
    List(&'a [Value]),
    /// A nested object.
    Record(&'a Record),
}

impl ValueRef<'_> {
    /// A copy that stands by itself.
    pub fn to_value(self) -> Value {
        match self {
            ValueRef::Null => Value::Null,
            ValueRef::Bool(b) => Value::Bool(b),
            ValueRef::Int(n) => Value::Int(n),
            ValueRef::Uint(n) => Value::Uint(n),
            ValueRef::Float(x) => Value::Float(x),
            ValueRef::Str(s) => Value::str(s),
            ValueRef::Time(t) => Value::Time(t),
            ValueRef::Duration(d) => Value::Duration(d),
            ValueRef::Ip(ip) => Value::Ip(ip),
            ValueRef::List(items) => Value::List(items.into()),
            ValueRef::Record(fields) => Value::Record(fields.clone().into()),
        }
    }

    /// Whether it is missing.
    #[inline]
    pub fn is_null(self) -> bool {
        matches!(self, ValueRef::Null)
    }

    /// How two values of one family compare: numbers by exact value whatever their kind, text by bytes, times,
    /// durations, addresses (IPv4 before IPv6) and booleans by themselves, lists item by item.
    /// `None` for nulls, records and values of different families.
    pub fn compare(self, other: ValueRef<'_>) -> Option<Ordering> {
        match (self, other) {
            (ValueRef::Null | ValueRef::Record(_), _) | (_, ValueRef::Null | ValueRef::Record(_)) => None,
            _ if self.family() != other.family() => None,
            (ValueRef::List(a), ValueRef::List(b)) => {
                for (x, y) in a.iter().zip(b.iter()) {
                    match x.compare(y)? {
                        Ordering::Equal => {}
                        unequal => return Some(unequal),
                    }
                }
                Some(a.len().cmp(&b.len()))
            }
            _ => Some(self.total_cmp(other)),
        }
    }

    /// A total order over all values: null, booleans, numbers by exact value, text, times, durations, addresses,
    /// lists, records. Keys are equal and ordered by it.
    pub fn total_cmp(self, other: ValueRef<'_>) -> Ordering {
        match (self, other) {
            (ValueRef::Bool(a), ValueRef::Bool(b)) => a.cmp(&b),
            (ValueRef::Str(a), ValueRef::Str(b)) => a.cmp(b),
            (ValueRef::Time(a), ValueRef::Time(b)) => a.cmp(&b),
            (ValueRef::Duration(a), ValueRef::Duration(b)) => a.cmp(&b),
            (ValueRef::Ip(a), ValueRef::Ip(b)) => a.cmp(&b),
            (ValueRef::List(a), ValueRef::List(b)) => lexicographic(a.iter(), b.iter(), Value::total_cmp),
            (ValueRef::Record(a), ValueRef::Record(b)) => {
                lexicographic(a.iter(), b.iter(), |x, y| x.0.cmp(y.0).then_with(|| x.1.total_cmp(y.1)))
            }
            _ => match self.family().cmp(&other.family()) {
                Ordering::Equal => compare_numbers(self, other),
                unequal => unequal,
            },
        }
    }

    /// Appends its binary form: equal values have equal bytes, unequal ones unequal bytes.
    pub fn encode(self, out: &mut Vec<u8>) {
        match self {
            ValueRef::Float(x) => match whole(x) {
                Some(n) => encode_whole(n, out),
                None => {
                    out.push(b'f');
                    out.extend_from_slice(&x.to_bits().to_le_bytes());
                }
            },
            ValueRef::Int(n) => encode_whole(i128::from(n), out),
            ValueRef::Uint(n) => encode_whole(i128::from(n), out),
            ValueRef::Null => out.push(b'0'),
            ValueRef::Bool(b) => out.extend_from_slice(&[b'b', u8::from(b)]),
            ValueRef::Str(s) => encode_bytes(b's', s.as_bytes(), out),
            ValueRef::Time(t) => encode_bytes(b't', &t.nanos().to_le_bytes(), out),
            ValueRef::Duration(d) => encode_bytes(b'd', &d.nanos().to_le_bytes(), out),
            ValueRef::Ip(IpAddr::V4(ip)) => encode_bytes(b'a', &ip.octets(), out),
            ValueRef::Ip(IpAddr::V6(ip)) => encode_bytes(b'a', &ip.octets(), out),
            ValueRef::List(items) => {
                encode_bytes(b'l', &(items.len() as u64).to_le_bytes(), out);
                items.iter().for_each(|item| item.encode(out));
            }
            ValueRef::Record(fields) => {
                encode_bytes(b'r', &(fields.len() as u64).to_le_bytes(), out);
                for (name, value) in fields.iter() {
                    encode_bytes(b'n', name.as_bytes(), out);
                    value.encode(out);
                }
            }
        }
    }

    /// Values of one family compare with each other.
    fn family(self) -> u8 {
        match self {
            ValueRef::Null => 0,
            ValueRef::Bool(_) => 1,
            ValueRef::Int(_) | ValueRef::Uint(_) | ValueRef::Float(_) => 2,
            ValueRef::Str(_) => 3,
            ValueRef::Time(_) => 4,
            ValueRef::Duration(_) => 5,
            ValueRef::Ip(_) => 6,
            ValueRef::List(_) => 7,
            ValueRef::Record(_) => 8,
        }
    }
}

fn lexicographic<T>(
    a: impl ExactSizeIterator<Item = T>,
    b: impl ExactSizeIterator<Item = T>,
    compare: impl Fn(T, T) -> Ordering,
) -> Ordering {
    let lengths = a.len().cmp(&b.len());
    a.zip(b).map(|(x, y)| compare(x, y)).find(|o| o.is_ne()).unwrap_or(lengths)
}

/// Compares two values of the family of numbers exactly; two nulls are equal.
fn compare_numbers(a: ValueRef<'_>, b: ValueRef<'_>) -> Ordering {
    match (a, b) {
        (ValueRef::Float(x), ValueRef::Float(y)) => x.partial_cmp(&y).unwrap_or(Ordering::Equal),
        (ValueRef::Float(x), n) => compare_float(x, integer(n)),
        (n, ValueRef::Float(y)) => compare_float(y, integer(n)).reverse(),
        (n, m) => integer(n).cmp(&integer(m)),
    }
}

fn integer(value: ValueRef<'_>) -> i128 {
    match value {
        ValueRef::Int(n) => i128::from(n),
        ValueRef::Uint(n) => i128::from(n),
        _ => 0,
    }
}

/// A finite float against a whole number, without rounding either.
fn compare_float(x: f64, n: i128) -> Ordering {
    const BEYOND: f64 = 36_893_488_147_419_103_232.0; // 2^65: past every integer value
    if x >= BEYOND {
        return Ordering::Greater;
    }
    if x <= -BEYOND {
        return Ordering::Less;
    }
    let floor = x.floor();
    (floor as i128).cmp(&n).then(if x > floor { Ordering::Greater } else { Ordering::Equal })
}

/// The whole number a float is equal to, if it is one within the range of integers.
fn whole(x: f64) -> Option<i128> {
    (x.fract() == 0.0 && x.abs() < 36_893_488_147_419_103_232.0).then_some(x as i128)
}

fn encode_whole(n: i128, out: &mut Vec<u8>) {
    out.push(b'i');
    out.extend_from_slice(&n.to_le_bytes());
}

fn encode_bytes(tag: u8, bytes: &[u8], out: &mut Vec<u8>) {
    let mut head = [tag; 9];
    head[1..].copy_from_slice(&(bytes.len() as u64).to_le_bytes());
    out.reserve(head.len() + bytes.len());
    out.extend_from_slice(&head);
    out.extend_from_slice(bytes);
}
