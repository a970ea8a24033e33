//! Text that says a number or a truth.

use super::Value;

/// A number as JSON would write it: no leading zeros, no plus. What else looks like one is an id more often than not.
pub(crate) fn number(text: &str) -> Option<Value> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let padded = digits.len() > 1
        && digits.starts_with('0')
        && digits.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
    let (begin, end) = (digits.bytes().next()?, digits.bytes().next_back()?);
    if padded
        || !begin.is_ascii_digit()
        || !end.is_ascii_digit()
        || digits.contains(".e")
        || digits.contains(".E")
    {
        return None;
    }
    any_number(text)
}

/// A number in any form that is common.
pub(crate) fn any_number(text: &str) -> Option<Value> {
    let whole = text.parse().map(Value::Int).or_else(|_| text.parse().map(Value::from_u64));
    whole.ok().or_else(|| text.parse().ok().and_then(Value::from_f64))
}

/// `true` or `false`, as programs write it.
pub(crate) fn boolean(text: &str) -> Option<Value> {
    match text {
        "true" | "True" | "TRUE" => Some(Value::Bool(true)),
        "false" | "False" | "FALSE" => Some(Value::Bool(false)),
        _ => None,
    }
}
