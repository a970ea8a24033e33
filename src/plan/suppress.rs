//! Alerts that are held back because one like them came out.

use compact_str::CompactString;

use crate::event::{Key, Value};
use crate::time::Duration;

/// `suppress`: after an alert came out, those like it are counted for a while instead.
#[derive(Clone, Debug, PartialEq)]
pub struct Suppress {
    /// For how long after the one that came out; nothing is for ever.
    pub length: Option<Duration>,
    /// What alerts that are alike have in common, besides their rule and kind.
    pub by: Vec<SuppressBy>,
}

/// What alerts that are alike have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SuppressBy {
    /// A key of the rule, by its place.
    Key(usize),
    /// A field that it emits.
    Field(CompactString),
}

impl Suppress {
    /// What is the same for alerts that are alike: the binary form of what they have in common. `key` is as it is, also if
    /// alerts show it veiled.
    pub fn likeness(&self, key: &Key, fields: &[(CompactString, Value)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for by in &self.by {
            let value = match by {
                SuppressBy::Key(at) => key.values().get(*at),
                SuppressBy::Field(name) => fields.iter().find(|(n, _)| n == name).map(|(_, value)| value),
            };
            value.unwrap_or(&Value::Null).encode(&mut bytes);
        }
        bytes
    }

    /// Whether it goes by the whole key of a rule with so many keys.
    pub fn by_whole_key(&self, keys: usize) -> bool {
        (0..keys).all(|at| self.by.contains(&SuppressBy::Key(at)))
    }
}
