//! Dates and hours in a time zone.

use chrono::{Datelike, NaiveDateTime, Timelike};
use compact_str::format_compact;

use super::worth::Fault;
use crate::event::Value;
use crate::function::Function;
use crate::time::{Timestamp, Zone};

/// What one reads off a clock or a calendar.
type Part = fn(&NaiveDateTime) -> Value;

const PARTS: [(Function, Part); 6] = [
    (Function::Date, |t| Value::Str(format_compact!("{}", t.date()))),
    (Function::Hour, |t| int(t.hour())),
    (Function::Weekday, |t| int(t.weekday().number_from_monday())),
    (Function::Day, |t| int(t.day())),
    (Function::Month, |t| int(t.month())),
    (Function::Year, |t| Value::Int(t.year().into())),
];

/// Whether a function reads off a calendar.
pub(super) fn has(function: Function) -> bool {
    PARTS.iter().any(|(part, _)| *part == function)
}

/// What the calendar of a zone shows; of UTC if none is named.
pub(super) fn part(function: Function, time: Timestamp, zone: Option<&str>) -> Result<Value, Fault> {
    let (_, part) = PARTS.iter().find(|(part, _)| *part == function).ok_or(Fault)?;
    let shown = match zone {
        None => Zone::UTC.show(time),
        Some(name) => Zone::parse(name).ok_or(Fault)?.show(time),
    };
    Ok(part(&shown))
}

fn int(number: u32) -> Value {
    Value::Int(number.into())
}
