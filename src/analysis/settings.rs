//! What is set from outside the rule files.

use std::sync::Arc;

use crate::data::Files;
use crate::event::Value;
use crate::function::Functions;
use crate::time::{Duration, Timestamp};

use super::types::Type;

/// What is set from outside the rule files when they are compiled.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Values for parameters by name, as text: `--param limit=500`. The text is read as the type the parameter is
    /// declared with; for one of type string it is the value itself. Of two values for one name the last holds.
    pub params: Vec<(String, String)>,
    /// Gives the files that lists and tables are read from. Without it such a declaration is an error.
    pub files: Option<Arc<dyn Files>>,
    /// Functions that rules may call besides the built-in ones.
    pub functions: Functions,
}

/// Reads the text of a setting as a value of this type; `None` if it is none. A whole number is a float too.
pub(super) fn read(text: &str, as_type: &Type) -> Option<Value> {
    let plain = text.trim();
    match as_type {
        Type::String => Some(Value::str(text)),
        Type::Bool => plain.parse().ok().map(Value::Bool),
        Type::Int => read_int(plain),
        Type::Float => read_float(plain),
        Type::Duration => Duration::parse(plain).map(Value::Duration),
        Type::Time => Timestamp::parse(time_text(plain)).map(Value::Time),
        _ => None,
    }
}

fn read_int(text: &str) -> Option<Value> {
    let digits = text.replace('_', "");
    digits.parse().map(Value::Int).or_else(|_| digits.parse().map(Value::Uint)).ok()
}

fn read_float(text: &str) -> Option<Value> {
    let starts_as_number = text.trim_start_matches(['-', '+']).starts_with(|c: char| c.is_ascii_digit());
    starts_as_number.then(|| text.replace('_', "").parse().ok()).flatten().and_then(Value::from_f64)
}

/// Takes `t"…"` off a time.
fn time_text(text: &str) -> &str {
    text.strip_prefix("t\"").and_then(|rest| rest.strip_suffix('"')).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_read_as_the_type_of_its_parameter() {
        assert_eq!(read("-1_000", &Type::Int), Some(Value::Int(-1_000)));
        assert_eq!(read("18446744073709551615", &Type::Int), Some(Value::Uint(u64::MAX)));
        assert_eq!(read("5", &Type::Float), Some(Value::Float(5.0)));
        assert_eq!(read("5", &Type::String), Some(Value::str("5")));
        assert_eq!(read("1h30m", &Type::Duration), Some(Value::Duration(Duration::from_millis(5_400_000))));
        let time = Timestamp::parse("2026-01-05T10:00:00Z").map(Value::Time);
        assert_eq!(read("t\"2026-01-05T10:00:00Z\"", &Type::Time), time);
        for (text, as_type) in
            [("5.5", Type::Int), ("inf", Type::Float), ("nan", Type::Float), ("1", Type::Bool)]
        {
            assert_eq!(read(text, &as_type), None, "{text}");
        }
    }
}
