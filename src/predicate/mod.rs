//! Expressions, compiled: what the fast engine judges events with.
//!
//! `compile` turns an expression of the plan into nodes, `eval` says what a node is worth at a place, `place` is such a
//! place: the current event and what is bound. Values are lent from rows and bound events wherever they lie there.
//!
//! The reference engine has an evaluator of its own, which shares nothing with this one but the text matchers.

mod aggregate;
mod calendar;
mod call;
mod compare;
mod compile;
mod convert;
mod eval;
mod exact;
mod members;
mod meter;
mod network;
mod node;
mod number;
mod personal;
mod place;
mod read;
mod spread;
mod text;
mod total;
mod worth;

use crate::event::Value;
use crate::function::Function;

pub use compile::Expression;
pub use meter::{Gauge, Meter};
pub use place::{Bound, Current, Here, Unbound};
pub use text::{Groups, Matcher, TextError};

/// What `mask` or `hash` make of a value; of a list or a record, which have no text, nothing but stars.
pub(crate) fn veiled(function: Function, value: &Value) -> Value {
    call::call(function, &[value.borrowed()], usize::MAX).unwrap_or_else(|_| Value::str("***"))
}
