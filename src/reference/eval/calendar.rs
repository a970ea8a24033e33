//! What the calendar and the clock of a zone show.

use chrono::{Datelike, Timelike};

use super::{Fault, Worth};
use crate::event::Value;
use crate::function::Function;
use crate::time::{Timestamp, Zone};

/// A part of a time as it is shown in a zone; without one, in UTC.
pub(super) fn part(function: Function, time: Timestamp, zone: Option<&Value>) -> Worth {
    let zone = match zone {
        None => "UTC",
        Some(Value::Str(name)) => name,
        Some(_) => return Err(Fault),
    };
    let shown = Zone::parse(zone).ok_or(Fault)?.show(time);
    let number = match function {
        Function::Date => return Ok(Value::str(shown.format("%Y-%m-%d").to_string())),
        Function::Hour => shown.hour(),
        Function::Weekday => shown.weekday().number_from_monday(),
        Function::Day => shown.day(),
        Function::Month => shown.month(),
        Function::Year => return Ok(Value::Int(shown.year().into())),
        _ => return Err(Fault),
    };
    Ok(Value::Int(number.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_of_its_zone() {
        let time = Timestamp::parse("2026-01-04T23:30:00Z").unwrap();
        let shown = |function, zone: Option<&str>| part(function, time, zone.map(Value::str).as_ref());
        let berlin = Some("Europe/Berlin");
        assert_eq!(shown(Function::Date, None), Ok(Value::str("2026-01-04")));
        assert_eq!(shown(Function::Date, berlin), Ok(Value::str("2026-01-05")));
        assert_eq!(shown(Function::Weekday, None), Ok(Value::Int(7)));
        assert_eq!(shown(Function::Weekday, berlin), Ok(Value::Int(1)));
        assert_eq!(shown(Function::Hour, berlin), Ok(Value::Int(0)));
        assert_eq!(shown(Function::Hour, Some("-05:30")), Ok(Value::Int(18)));
        assert_eq!(shown(Function::Day, berlin), Ok(Value::Int(5)));
        assert_eq!(shown(Function::Month, berlin), Ok(Value::Int(1)));
        assert_eq!(shown(Function::Year, berlin), Ok(Value::Int(2026)));
        assert_eq!(shown(Function::Hour, Some("Mars/Base")), Err(Fault));
    }
}
