//! What an expression is worth: a value that lies elsewhere, or one that was made.

use crate::event::{Value, ValueRef};

/// Why an expression is unknown although nothing was missing: overflow, division by zero, a wrong type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault;

/// A value that may lie elsewhere. The default is null.
#[derive(Debug)]
pub(super) enum Worth<'a> {
    /// It lies in an event or in the expression.
    Lent(ValueRef<'a>),
    /// It was computed.
    Made(Value),
}

impl Worth<'_> {
    #[inline]
    pub(super) fn get(&self) -> ValueRef<'_> {
        match self {
            Worth::Lent(value) => *value,
            Worth::Made(value) => value.borrowed(),
        }
    }

    pub(super) fn into_value(self) -> Value {
        match self {
            Worth::Lent(value) => value.to_value(),
            Worth::Made(value) => value,
        }
    }
}

impl Default for Worth<'_> {
    fn default() -> Self {
        Worth::Lent(ValueRef::Null)
    }
}

impl From<Option<bool>> for Worth<'_> {
    fn from(truth: Option<bool>) -> Self {
        Worth::Lent(truth.map_or(ValueRef::Null, ValueRef::Bool))
    }
}

/// Three-valued truth; a value that is neither boolean nor null has none.
#[inline]
pub(super) fn truth(value: ValueRef<'_>) -> Result<Option<bool>, Fault> {
    match value {
        ValueRef::Null => Ok(None),
        ValueRef::Bool(b) => Ok(Some(b)),
        _ => Err(Fault),
    }
}
