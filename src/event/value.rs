//! Values: what a field can hold, how values compare, and their one binary form for hashes.

use std::cmp::Ordering;
use std::net::IpAddr;
use std::sync::Arc;

use compact_str::CompactString;
use indexmap::IndexMap;

use crate::time::{Duration, Timestamp};

/// The fields of an event or of a nested object, in the order of the input.
pub type Record = IndexMap<CompactString, Value, foldhash::fast::RandomState>;

/// A value of the language. Floats are always finite: what would not be is unknown.
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// Missing, or `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number of 64 bits.
    Int(i64),
    /// A whole number above `i64::MAX`, as unsigned ids are: exact in comparisons, keys and output; arithmetic
    /// on it overflows.
    Uint(u64),
    /// A finite number that was not written as a whole one.
    Float(f64),
    /// Text.
    Str(CompactString),
    /// A point in time.
    Time(Timestamp),
    /// A length of time.
    Duration(Duration),
    /// An IPv4 or IPv6 address.
    Ip(IpAddr),
    /// A list.
    List(Arc<[Value]>),
    /// A nested object.
    Record(Arc<Record>),
}

impl Value {
    /// Text.
    pub fn str(text: impl Into<CompactString>) -> Self {
        Value::Str(text.into())
    }

    /// A whole number, in whichever variant holds it.
    pub fn from_u64(n: u64) -> Self {
        i64::try_from(n).map_or(Value::Uint(n), Value::Int)
    }

    /// A number, or `None` for NaN and the infinities.
    pub fn from_f64(x: f64) -> Option<Self> {
        x.is_finite().then_some(Value::Float(x))
    }

    /// Whether it is missing.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// What messages call its type.
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Int(_) | Value::Uint(_) => "int",
            Value::Float(_) => "float",
            Value::Str(_) => "string",
            Value::Time(_) => "time",
            Value::Duration(_) => "duration",
            Value::Ip(_) => "ip",
            Value::List(_) => "list",
            Value::Record(_) => "record",
        }
    }

    /// How two values of one family compare: numbers by exact value whatever their kind, text by bytes, times,
    /// durations, addresses (IPv4 before IPv6) and booleans by themselves, lists item by item.
    /// `None` for nulls, records and values of different families.
    pub fn compare(&self, other: &Value) -> Option<Ordering> {
        match (self, other) {
            (Value::Null | Value::Record(_), _) | (_, Value::Null | Value::Record(_)) => None,
            _ if self.family() != other.family() => None,
            (Value::List(a), Value::List(b)) => {
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
    pub fn total_cmp(&self, other: &Value) -> Ordering {
        match (self, other) {
            (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
            (Value::Str(a), Value::Str(b)) => a.cmp(b),
            (Value::Time(a), Value::Time(b)) => a.cmp(b),
            (Value::Duration(a), Value::Duration(b)) => a.cmp(b),
            (Value::Ip(a), Value::Ip(b)) => a.cmp(b),
            (Value::List(a), Value::List(b)) => lexicographic(a.iter(), b.iter(), Value::total_cmp),
            (Value::Record(a), Value::Record(b)) => {
                lexicographic(a.iter(), b.iter(), |x, y| x.0.cmp(y.0).then_with(|| x.1.total_cmp(y.1)))
            }
            _ => match self.family().cmp(&other.family()) {
                Ordering::Equal => compare_numbers(self, other),
                unequal => unequal,
            },
        }
    }

    /// Appends its binary form: equal values have equal bytes, unequal ones unequal bytes.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Value::Float(x) => match whole(*x) {
                Some(n) => encode_whole(n, out),
                None => {
                    out.push(b'f');
                    out.extend_from_slice(&x.to_bits().to_le_bytes());
                }
            },
            Value::Int(n) => encode_whole(i128::from(*n), out),
            Value::Uint(n) => encode_whole(i128::from(*n), out),
            Value::Null => out.push(b'0'),
            Value::Bool(b) => out.extend_from_slice(&[b'b', u8::from(*b)]),
            Value::Str(s) => encode_bytes(b's', s.as_bytes(), out),
            Value::Time(t) => encode_bytes(b't', &t.nanos().to_le_bytes(), out),
            Value::Duration(d) => encode_bytes(b'd', &d.nanos().to_le_bytes(), out),
            Value::Ip(IpAddr::V4(ip)) => encode_bytes(b'a', &ip.octets(), out),
            Value::Ip(IpAddr::V6(ip)) => encode_bytes(b'a', &ip.octets(), out),
            Value::List(items) => {
                encode_bytes(b'l', &(items.len() as u64).to_le_bytes(), out);
                items.iter().for_each(|item| item.encode(out));
            }
            Value::Record(fields) => {
                encode_bytes(b'r', &(fields.len() as u64).to_le_bytes(), out);
                for (name, value) in fields.iter() {
                    encode_bytes(b'n', name.as_bytes(), out);
                    value.encode(out);
                }
            }
        }
    }

    /// Values of one family compare with each other.
    fn family(&self) -> u8 {
        match self {
            Value::Null => 0,
            Value::Bool(_) => 1,
            Value::Int(_) | Value::Uint(_) | Value::Float(_) => 2,
            Value::Str(_) => 3,
            Value::Time(_) => 4,
            Value::Duration(_) => 5,
            Value::Ip(_) => 6,
            Value::List(_) => 7,
            Value::Record(_) => 8,
        }
    }
}

/// Equality of the total order: `1` and `1.0` are equal, and so are two nulls.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.total_cmp(other).is_eq()
    }
}

impl Eq for Value {}

fn lexicographic<T>(
    a: impl ExactSizeIterator<Item = T>,
    b: impl ExactSizeIterator<Item = T>,
    compare: impl Fn(T, T) -> Ordering,
) -> Ordering {
    let lengths = a.len().cmp(&b.len());
    a.zip(b).map(|(x, y)| compare(x, y)).find(|o| o.is_ne()).unwrap_or(lengths)
}

/// Compares two values of the family of numbers exactly; two nulls are equal.
fn compare_numbers(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Float(x), Value::Float(y)) => x.partial_cmp(y).unwrap_or(Ordering::Equal),
        (Value::Float(x), n) => compare_float(*x, integer(n)),
        (n, Value::Float(y)) => compare_float(*y, integer(n)).reverse(),
        (n, m) => integer(n).cmp(&integer(m)),
    }
}

fn integer(value: &Value) -> i128 {
    match value {
        Value::Int(n) => i128::from(*n),
        Value::Uint(n) => i128::from(*n),
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
    out.push(tag);
    out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_compare_by_exact_value() {
        let big = 9_007_199_254_740_993; // 2^53 + 1 rounds to 2^53 as a float
        assert_eq!(Value::Int(big).compare(&Value::Float(9_007_199_254_740_992.0)), Some(Ordering::Greater));
        assert_eq!(Value::Int(1).compare(&Value::Float(1.0)), Some(Ordering::Equal));
        assert_eq!(Value::Int(-1).compare(&Value::Float(-1.5)), Some(Ordering::Greater));
        assert_eq!(Value::Uint(u64::MAX).compare(&Value::Float(1.8446744073709552e19)), Some(Ordering::Less));
        assert_eq!(Value::Int(1).compare(&Value::str("1")), None);
    }

    #[test]
    fn equal_values_have_equal_bytes() {
        let bytes = |v: Value| {
            let mut out = Vec::new();
            v.encode(&mut out);
            out
        };
        assert_eq!(bytes(Value::Int(0)), bytes(Value::Float(-0.0)));
        assert_eq!(bytes(Value::from_u64(1 << 63)), bytes(Value::Float(9_223_372_036_854_775_808.0)));
        assert_ne!(bytes(Value::str("1")), bytes(Value::Int(1)));
    }
}
