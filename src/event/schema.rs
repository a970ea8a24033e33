//! Schemas: which fields an event type has.

use std::fmt;

use indexmap::IndexMap;

/// The type of a field.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FieldType {
    /// Text.
    String,
    /// Whole numbers.
    Int,
    /// Numbers; a whole one fits too.
    Float,
    /// Booleans.
    Bool,
    /// Times. In JSON: RFC 3339 text or epoch numbers.
    Time,
    /// Durations. In JSON: text as the language writes them.
    Duration,
    /// Addresses. In JSON: text.
    Ip,
    /// Whatever comes.
    Any,
    /// A list.
    List(Box<FieldType>),
}

impl FieldType {
    /// The scalar types by the names they have in rule files.
    pub const SCALARS: [(&'static str, FieldType); 8] = [
        ("string", FieldType::String),
        ("int", FieldType::Int),
        ("float", FieldType::Float),
        ("bool", FieldType::Bool),
        ("time", FieldType::Time),
        ("duration", FieldType::Duration),
        ("ip", FieldType::Ip),
        ("any", FieldType::Any),
    ];
}

/// As rule files write it.
impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let FieldType::List(item) = self {
            return write!(f, "[{item}]");
        }
        let name = FieldType::SCALARS.iter().find(|(_, t)| t == self).map_or("any", |(name, _)| name);
        f.write_str(name)
    }
}

/// One declared field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldSchema {
    /// What it holds.
    pub field_type: FieldType,
    /// Whether it may be missing (`field?: type`).
    pub optional: bool,
}

/// The fields of one event type, by path (`device.os.name` is one entry).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventSchema {
    /// Fields in the order of their declaration.
    pub fields: IndexMap<String, FieldSchema>,
}

/// The declared event types of a rule set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schema {
    /// Types in the order of their declaration.
    pub events: IndexMap<String, EventSchema>,
}
