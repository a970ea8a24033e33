//! Values as JSON.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::event::{Record, Value};

/// A value that serialises as JSON: whole numbers exactly, floats in the shortest form that reads back as the same
/// float and always with a point or an exponent, times as RFC 3339, durations as the language writes them.
///
/// ```
/// use tripline::{Value, io::JsonValue};
/// let json = |value| serde_json::to_string(&JsonValue(&value)).unwrap();
/// assert_eq!(json(Value::Uint(u64::MAX)), "18446744073709551615");
/// assert_eq!(json(Value::Float(2.0)), "2.0");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct JsonValue<'a>(pub &'a Value);

/// A record that serialises as a JSON object, its fields in their order.
#[derive(Clone, Copy, Debug)]
pub struct JsonRecord<'a>(pub &'a Record);

impl Serialize for JsonValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(b) => serializer.serialize_bool(*b),
            Value::Int(n) => serializer.serialize_i64(*n),
            Value::Uint(n) => serializer.serialize_u64(*n),
            Value::Float(x) => serializer.serialize_f64(*x),
            Value::Str(text) => serializer.serialize_str(text),
            Value::Time(time) => serializer.collect_str(time),
            Value::Duration(length) => serializer.collect_str(length),
            Value::Ip(ip) => serializer.collect_str(ip),
            Value::List(items) => serializer.collect_seq(items.iter().map(JsonValue)),
            Value::Record(record) => JsonRecord(record).serialize(serializer),
        }
    }
}

impl Serialize for JsonRecord<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.0 {
            map.serialize_entry(name.as_str(), &JsonValue(value))?;
        }
        map.end()
    }
}
