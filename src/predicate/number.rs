//! Arithmetic: whole numbers of 64 bits, floats, times and durations. Null makes null; overflow, division by zero and
//! a wrong type are faults.

use crate::event::{Value, ValueRef};
use crate::plan::Binary;
use crate::time::{Duration, Timestamp};

use super::worth::Fault;

/// `a + b` …
pub(super) fn arithmetic(op: Binary, a: ValueRef<'_>, b: ValueRef<'_>) -> Result<Value, Fault> {
    use ValueRef::{Duration, Int, Null, Time};
    match (a, b) {
        (Null, _) | (_, Null) => Ok(Value::Null),
        (Int(a), Int(b)) => whole(op, a, b),
        (Time(a), Time(b)) if op == Binary::Sub => length(a.nanos().checked_sub(b.nanos())),
        (Time(t), Duration(d)) if op == Binary::Add => moment(t.nanos().checked_add(d.nanos())),
        (Duration(d), Time(t)) if op == Binary::Add => moment(t.nanos().checked_add(d.nanos())),
        (Time(t), Duration(d)) if op == Binary::Sub => moment(t.nanos().checked_sub(d.nanos())),
        (Duration(a), Duration(b)) => lengths(op, a.nanos(), b.nanos()),
        (Duration(d), Int(n)) | (Int(n), Duration(d)) if op == Binary::Mul => {
            length(d.nanos().checked_mul(n))
        }
        (Duration(d), n) | (n, Duration(d)) if op == Binary::Mul => nearest(d.nanos() as f64 * float(n)?),
        (Duration(d), n) if op == Binary::Div => nearest(d.nanos() as f64 / float(n)?),
        (Time(_) | Duration(_), _) | (_, Time(_) | Duration(_)) => Err(Fault),
        _ if op != Binary::Div && is_whole(a) && is_whole(b) => Err(Fault), // beyond 63 bits
        _ => real(op, float(a)?, float(b)?),
    }
}

/// `-x`
pub(super) fn negate(value: ValueRef<'_>) -> Result<Value, Fault> {
    match value {
        ValueRef::Null => Ok(Value::Null),
        ValueRef::Int(n) => n.checked_neg().map(Value::Int).ok_or(Fault),
        ValueRef::Float(x) => Ok(Value::Float(-x)),
        ValueRef::Duration(d) => length(d.nanos().checked_neg()),
        _ => Err(Fault),
    }
}

/// A number as the nearest float.
pub(super) fn float(value: ValueRef<'_>) -> Result<f64, Fault> {
    match value {
        ValueRef::Int(n) => Ok(n as f64),
        ValueRef::Uint(n) => Ok(n as f64),
        ValueRef::Float(x) => Ok(x),
        _ => Err(Fault),
    }
}

/// A float that is one: neither infinite nor none.
pub(super) fn finite(x: f64) -> Result<Value, Fault> {
    Value::from_f64(x).ok_or(Fault)
}

/// A float cut towards zero, where 64 bits hold it.
pub(super) fn cut(x: f64) -> Result<i64, Fault> {
    const END: f64 = 9_223_372_036_854_775_808.0; // 2^63
    (-END..END).contains(&x).then_some(x as i64).ok_or(Fault)
}

fn is_whole(value: ValueRef<'_>) -> bool {
    matches!(value, ValueRef::Int(_) | ValueRef::Uint(_))
}

fn whole(op: Binary, a: i64, b: i64) -> Result<Value, Fault> {
    match op {
        Binary::Add => a.checked_add(b),
        Binary::Sub => a.checked_sub(b),
        Binary::Mul => a.checked_mul(b),
        Binary::IntDiv => a.checked_div(b),
        Binary::Rem => a.checked_rem(b),
        Binary::Div => return finite(a as f64 / b as f64),
    }
    .map(Value::Int)
    .ok_or(Fault)
}

fn real(op: Binary, a: f64, b: f64) -> Result<Value, Fault> {
    finite(match op {
        Binary::Add => a + b,
        Binary::Sub => a - b,
        Binary::Mul => a * b,
        Binary::Div => a / b,
        Binary::Rem => a % b,
        Binary::IntDiv => return cut(a / b).map(Value::Int),
    })
}

fn lengths(op: Binary, a: i64, b: i64) -> Result<Value, Fault> {
    match op {
        Binary::Add => length(a.checked_add(b)),
        Binary::Sub => length(a.checked_sub(b)),
        Binary::Rem => length(a.checked_rem(b)),
        Binary::Div | Binary::IntDiv => whole(op, a, b),
        Binary::Mul => Err(Fault),
    }
}

/// The nearest duration.
fn nearest(nanos: f64) -> Result<Value, Fault> {
    length(Some(cut(nanos.round())?))
}

pub(super) fn length(nanos: Option<i64>) -> Result<Value, Fault> {
    nanos.map(|n| Value::Duration(Duration::from_nanos(n))).ok_or(Fault)
}

fn moment(nanos: Option<i64>) -> Result<Value, Fault> {
    nanos.map(|n| Value::Time(Timestamp::from_nanos(n))).ok_or(Fault)
}
