//! The functions that make one type of another: `int float string bool`.

use std::fmt::Write;

use compact_str::CompactString;

use crate::event::{Value, ValueRef};

use super::number::{cut, finite, float};
use super::worth::Fault;

/// A number cut towards zero, a text read, a boolean as 0 or 1.
pub(super) fn to_int(value: ValueRef<'_>) -> Result<Value, Fault> {
    match value {
        ValueRef::Int(_) | ValueRef::Uint(_) => Ok(value.to_value()),
        ValueRef::Bool(b) => Ok(Value::Int(b.into())),
        ValueRef::Float(x) => cut(x).map(Value::Int),
        ValueRef::Str(text) => match text.trim().parse() {
            Ok(n) => Ok(Value::Int(n)),
            Err(_) => cut(parse(text)?).map(Value::Int),
        },
        _ => Err(Fault),
    }
}

/// A number, or a text read as one.
pub(super) fn to_float(value: ValueRef<'_>) -> Result<Value, Fault> {
    match value {
        ValueRef::Str(text) => finite(parse(text)?),
        other => finite(float(other)?),
    }
}

/// `true` and `false` as text, 0 and 1 as whole numbers.
pub(super) fn to_bool(value: ValueRef<'_>) -> Result<bool, Fault> {
    match value {
        ValueRef::Bool(b) => Ok(b),
        ValueRef::Int(n @ (0 | 1)) => Ok(n == 1),
        ValueRef::Str(text) => text.trim().parse().map_err(|_| Fault),
        _ => Err(Fault),
    }
}

/// A value as alerts write it; lists and records are no text.
pub(super) fn written(value: ValueRef<'_>) -> Result<CompactString, Fault> {
    let mut text = CompactString::default();
    push_written(value, &mut text)?;
    Ok(text)
}

/// Appends a value as alerts write it.
pub(super) fn push_written(value: ValueRef<'_>, out: &mut CompactString) -> Result<(), Fault> {
    match value {
        ValueRef::Null => write!(out, "null"),
        ValueRef::Bool(b) => write!(out, "{b}"),
        ValueRef::Int(n) => write!(out, "{n}"),
        ValueRef::Uint(n) => write!(out, "{n}"),
        ValueRef::Float(x) => write!(out, "{x:?}"),
        ValueRef::Str(text) => write!(out, "{text}"),
        ValueRef::Time(time) => write!(out, "{time}"),
        ValueRef::Duration(length) => write!(out, "{length}"),
        ValueRef::Ip(address) => write!(out, "{address}"),
        ValueRef::List(_) | ValueRef::Record(_) => return Err(Fault),
    }
    .map_err(|_| Fault)
}

fn parse(text: &str) -> Result<f64, Fault> {
    text.trim().parse().map_err(|_| Fault)
}
