//! Lists and tables from files, looked through from the beginning.

use super::{Fault, Worth, read_like};
use crate::data::{List, Table};
use crate::event::{Value, text};

pub(super) fn is_in(value: &Value, list: &List) -> Worth {
    match value {
        Value::Null => Ok(Value::Null),
        Value::List(_) | Value::Record(_) => Err(Fault),
        _ => Ok(Value::Bool(list.items().iter().any(|item| equal(item, value)))),
    }
}

pub(super) fn lookup(table: &Table, key: &Value, column: usize) -> Worth {
    match key {
        Value::Null => Ok(Value::Null),
        Value::List(_) | Value::Record(_) => Err(Fault),
        _ => {
            let row = (0..table.len()).find(|row| equal(table.cell(*row, table.key()), key));
            Ok(row.map_or(Value::Null, |row| table.cell(row, column).clone()))
        }
    }
}

/// A text is equal to whatever it says.
fn equal(a: &Value, b: &Value) -> bool {
    let said = |text: &str, other: &Value| match other {
        Value::Bool(_) => text::boolean(text).as_ref() == Some(other),
        Value::Int(_) | Value::Uint(_) | Value::Float(_) => text::number(text).as_ref() == Some(other),
        _ => read_like(other, text).as_ref() == Ok(other),
    };
    match (a, b) {
        (Value::Str(a), Value::Str(b)) => a == b,
        (Value::Str(text), other) | (other, Value::Str(text)) => said(text, other),
        _ => a.compare(b).is_some_and(|order| order.is_eq()),
    }
}
