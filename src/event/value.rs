//! Values: what a field can hold.

use std::cmp::Ordering;
use std::net::IpAddr;
use std::sync::Arc;

use compact_str::CompactString;
use indexmap::IndexMap;

use super::ValueRef;
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
    #[inline]
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

    /// The value without a copy of it.
    #[inline]
    pub fn borrowed(&self) -> ValueRef<'_> {
        match self {
            Value::Null => ValueRef::Null,
            Value::Bool(b) => ValueRef::Bool(*b),
            Value::Int(n) => ValueRef::Int(*n),
            Value::Uint(n) => ValueRef::Uint(*n),
            Value::Float(x) => ValueRef::Float(*x),
            Value::Str(s) => ValueRef::Str(s),
            Value::Time(t) => ValueRef::Time(*t),
            Value::Duration(d) => ValueRef::Duration(*d),
            Value::Ip(ip) => ValueRef::Ip(*ip),
            Value::List(items) => ValueRef::List(items),
            Value::Record(fields) => ValueRef::Record(fields),
        }
    }

    /// How two values of one family compare: see [`ValueRef::compare`].
    pub fn compare(&self, other: &Value) -> Option<Ordering> {
        self.borrowed().compare(other.borrowed())
    }

    /// A total order over all values: see [`ValueRef::total_cmp`].
    pub fn total_cmp(&self, other: &Value) -> Ordering {
        self.borrowed().total_cmp(other.borrowed())
    }

    /// Appends its binary form: equal values have equal bytes, unequal ones unequal bytes.
    pub fn encode(&self, out: &mut Vec<u8>) {
        self.borrowed().encode(out);
    }
}

/// Equality of the total order: `1` and `1.0` are equal, and so are two nulls.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.total_cmp(other).is_eq()
    }
}

impl Eq for Value {}

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
