//! Partition keys.

use std::cmp::Ordering;

use super::Value;

/// The values of a rule's key expressions for one partition. Keys are equal where their values compare equal, so
/// `1` and `1.0` are one partition.
#[derive(Clone, Debug, Default)]
pub struct Key(Vec<Value>);

impl Key {
    /// The key of these values, or `None` if one of them is null: such an event has no partition.
    pub fn new(values: Vec<Value>) -> Option<Self> {
        (!values.iter().any(Value::is_null)).then_some(Key(values))
    }

    /// The values, one for each key expression; none for a `global` rule.
    pub fn values(&self) -> &[Value] {
        &self.0
    }

    /// Appends its binary form: equal keys have equal bytes.
    pub fn encode(&self, out: &mut Vec<u8>) {
        self.0.iter().for_each(|value| value.encode(out));
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        let lengths = self.0.len().cmp(&other.0.len());
        self.0.iter().zip(&other.0).map(|(a, b)| a.total_cmp(b)).find(|o| o.is_ne()).unwrap_or(lengths)
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Key {}
