//! Arithmetic: whole numbers of 64 bits, floats, times and durations.

use super::{Fault, Worth};
use crate::event::Value;
use crate::plan::Binary;
use crate::time::{Duration, Timestamp};

/// `-x`
pub(super) fn negate(value: &Value) -> Worth {
    match value {
        Value::Null => Ok(Value::Null),
        Value::Int(n) => n.checked_neg().map(Value::Int).ok_or(Fault),
        Value::Float(x) => Ok(Value::Float(-x)),
        Value::Duration(d) => d.nanos().checked_neg().map(duration).ok_or(Fault),
        _ => Err(Fault),
    }
}

/// An operation on two values; null with a null, a fault on overflow, division by zero and wrong types.
pub(super) fn arithmetic(op: Binary, left: &Value, right: &Value) -> Worth {
    use Value::{Duration as Length, Float, Int, Null, Time, Uint};
    match (left, right) {
        (Null, _) | (_, Null) => Ok(Null),
        (Time(_) | Length(_), _) | (_, Time(_) | Length(_)) => temporal(op, left, right),
        (Int(a), Int(b)) if op != Binary::Div => whole(op, *a, *b),
        // An integer beyond 63 bits is exact where it is compared; arithmetic on it overflows.
        (Uint(_), Int(_) | Uint(_)) | (Int(_), Uint(_)) if op != Binary::Div => Err(Fault),
        (Int(_) | Uint(_) | Float(_), Int(_) | Uint(_) | Float(_)) => real(op, float(left)?, float(right)?),
        _ => Err(Fault),
    }
}

fn whole(op: Binary, a: i64, b: i64) -> Worth {
    let result = match op {
        Binary::Add => a.checked_add(b),
        Binary::Sub => a.checked_sub(b),
        Binary::Mul => a.checked_mul(b),
        Binary::IntDiv => a.checked_div(b),
        Binary::Rem => a.checked_rem(b),
        Binary::Div => return real(op, a as f64, b as f64),
    };
    result.map(Value::Int).ok_or(Fault)
}

fn real(op: Binary, a: f64, b: f64) -> Worth {
    match op {
        Binary::Add => finite(a + b),
        Binary::Sub => finite(a - b),
        Binary::Mul => finite(a * b),
        Binary::Div => finite(a / b),
        Binary::Rem => finite(a % b),
        Binary::IntDiv => truncate(a / b),
    }
}

/// `time - time`, `time ± duration`, `duration ± duration`, `duration * / number`, `duration / duration`.
fn temporal(op: Binary, left: &Value, right: &Value) -> Worth {
    use Value::{Duration as Length, Time};
    match (op, left, right) {
        (Binary::Sub, Time(a), Time(b)) => a.nanos().checked_sub(b.nanos()).map(duration).ok_or(Fault),
        (Binary::Add, Time(t), Length(d)) | (Binary::Add, Length(d), Time(t)) => {
            t.nanos().checked_add(d.nanos()).map(time).ok_or(Fault)
        }
        (Binary::Sub, Time(t), Length(d)) => t.nanos().checked_sub(d.nanos()).map(time).ok_or(Fault),
        (Binary::Add, Length(a), Length(b)) => a.nanos().checked_add(b.nanos()).map(duration).ok_or(Fault),
        (Binary::Sub, Length(a), Length(b)) => a.nanos().checked_sub(b.nanos()).map(duration).ok_or(Fault),
        (Binary::Div, Length(a), Length(b)) => finite(a.nanos() as f64 / b.nanos() as f64),
        (Binary::IntDiv, Length(a), Length(b)) => whole(op, a.nanos(), b.nanos()),
        (Binary::Rem, Length(a), Length(b)) => a.nanos().checked_rem(b.nanos()).map(duration).ok_or(Fault),
        (Binary::Mul, Length(d), Value::Int(n)) | (Binary::Mul, Value::Int(n), Length(d)) => {
            d.nanos().checked_mul(*n).map(duration).ok_or(Fault)
        }
        (Binary::Mul, Length(d), n) | (Binary::Mul, n, Length(d)) => scaled(d.nanos() as f64 * float(n)?),
        (Binary::Div, Length(d), n) => scaled(d.nanos() as f64 / float(n)?),
        _ => Err(Fault),
    }
}

fn scaled(nanos: f64) -> Worth {
    match truncate(nanos.round())? {
        Value::Int(n) => Ok(duration(n)),
        _ => Err(Fault),
    }
}

fn duration(nanos: i64) -> Value {
    Value::Duration(Duration::from_nanos(nanos))
}

fn time(nanos: i64) -> Value {
    Value::Time(Timestamp::from_nanos(nanos))
}

/// A number as a float, rounded to the nearest.
pub(super) fn float(value: &Value) -> Result<f64, Fault> {
    match value {
        Value::Int(n) => Ok(*n as f64),
        Value::Uint(n) => Ok(*n as f64),
        Value::Float(x) => Ok(*x),
        _ => Err(Fault),
    }
}

/// A float, unless it is none: overflow and division by zero.
pub(super) fn finite(x: f64) -> Worth {
    Value::from_f64(x).ok_or(Fault)
}

/// A float cut towards zero, if it fits a whole number.
pub(super) fn truncate(x: f64) -> Worth {
    const BEYOND: f64 = 9_223_372_036_854_775_808.0; // 2^63
    if (-BEYOND..BEYOND).contains(&x) { Ok(Value::Int(x.trunc() as i64)) } else { Err(Fault) }
}
