//! The types of expressions and what they have in common.

use std::fmt;

use crate::event::{FieldType, Value};
use crate::function::Kind;

/// The type of an expression, as far as it is known before an event is seen.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Type {
    /// Wrong, and reported: nothing more is said about it.
    Error,
    /// Not known: a field without a schema.
    Any,
    Null,
    Bool,
    Int,
    Float,
    String,
    Time,
    Duration,
    Ip,
    List(Box<Type>),
}

impl Type {
    pub(super) fn of_field(field: &FieldType) -> Type {
        match field {
            FieldType::String => Type::String,
            FieldType::Int => Type::Int,
            FieldType::Float => Type::Float,
            FieldType::Bool => Type::Bool,
            FieldType::Time => Type::Time,
            FieldType::Duration => Type::Duration,
            FieldType::Ip => Type::Ip,
            FieldType::Any => Type::Any,
            FieldType::List(item) => Type::List(Box::new(Type::of_field(item))),
        }
    }

    pub(super) fn of_value(value: &Value) -> Type {
        match value {
            Value::Null => Type::Null,
            Value::Bool(_) => Type::Bool,
            Value::Int(_) | Value::Uint(_) => Type::Int,
            Value::Float(_) => Type::Float,
            Value::Str(_) => Type::String,
            Value::Time(_) => Type::Time,
            Value::Duration(_) => Type::Duration,
            Value::Ip(_) => Type::Ip,
            Value::List(_) => Type::List(Box::new(Type::Any)),
            Value::Record(_) => Type::Any,
        }
    }

    /// Whether anything may come of it, so that no check can fail.
    pub(super) fn is_open(&self) -> bool {
        matches!(self, Type::Error | Type::Any | Type::Null)
    }

    pub(super) fn is_number(&self) -> bool {
        self.is_open() || matches!(self, Type::Int | Type::Float)
    }

    pub(super) fn is_bool(&self) -> bool {
        self.is_open() || *self == Type::Bool
    }

    /// Whether `<` says something about its values.
    pub(super) fn is_ordered(&self) -> bool {
        !matches!(self, Type::Bool | Type::List(_))
    }

    /// Whether values of the two can be equal: numbers whatever their kind; text is read as what it is compared with.
    pub(super) fn compares_with(&self, other: &Type) -> bool {
        let read_from_text = |t: &Type| matches!(t, Type::Time | Type::Duration | Type::Ip);
        match (self, other) {
            (Type::List(a), Type::List(b)) => a.compares_with(b),
            (Type::String, t) | (t, Type::String) if read_from_text(t) => true,
            _ => self.common(other).is_some(),
        }
    }

    /// The type that holds the values of both.
    pub(super) fn common(&self, other: &Type) -> Option<Type> {
        match (self, other) {
            (Type::Error, _) | (_, Type::Error) => Some(Type::Error),
            (Type::Null, t) | (t, Type::Null) => Some(t.clone()),
            (Type::Any, _) | (_, Type::Any) => Some(Type::Any),
            (Type::Int, Type::Float) | (Type::Float, Type::Int) => Some(Type::Float),
            (Type::List(a), Type::List(b)) => a.common(b).map(|item| Type::List(Box::new(item))),
            (a, b) => (a == b).then(|| a.clone()),
        }
    }

    /// Whether a function takes it where it asks for this.
    pub(super) fn fits(&self, kind: Kind) -> bool {
        self.is_open()
            || match kind {
                Kind::Any | Kind::Same => true,
                Kind::String => *self == Type::String,
                Kind::Int => *self == Type::Int,
                Kind::Number | Kind::Float => self.is_number(),
                Kind::Bool => *self == Type::Bool,
                Kind::Time => *self == Type::Time,
                Kind::Duration => *self == Type::Duration,
                Kind::Ip => matches!(self, Type::Ip | Type::String),
                Kind::List => matches!(self, Type::List(_)),
            }
    }
}

/// As rule files write it.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self {
            Type::Error | Type::Any => "any",
            Type::Null => "null",
            Type::Bool => "bool",
            Type::Int => "int",
            Type::Float => "float",
            Type::String => "string",
            Type::Time => "time",
            Type::Duration => "duration",
            Type::Ip => "ip",
            Type::List(item) => return write!(f, "[{item}]"),
        };
        f.write_str(word)
    }
}
