//! A list from a file.

use std::fmt;

use compact_str::CompactString;

use super::index::Index;
use crate::event::{Value, ValueRef};

/// `list NAME from "file"`
#[derive(Clone)]
pub struct List {
    name: CompactString,
    items: Box<[Value]>,
    index: Index,
}

impl List {
    /// A list of this name.
    pub fn new(name: CompactString, items: Vec<Value>) -> List {
        let mut index = Index::default();
        for (at, item) in items.iter().enumerate() {
            index.enter(at, item, |at| items.get(at).unwrap_or(&NOTHING));
        }
        List { name, items: items.into(), index }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its items, in the order of the file.
    pub fn items(&self) -> &[Value] {
        &self.items
    }

    /// Whether one of its items is equal to this value. Cost: as many items as there may be, a hash or two.
    pub fn holds(&self, value: ValueRef<'_>) -> bool {
        self.index.find(value, |at| self.items.get(at).unwrap_or(&NOTHING)).is_some()
    }
}

pub(super) static NOTHING: Value = Value::Null;

/// There is one list of a name in a rule set.
impl PartialEq for List {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.items == other.items
    }
}

impl fmt::Debug for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "List({:?}, {} items)", self.name, self.items.len())
    }
}
