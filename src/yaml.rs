//! YAML to values, for the files that stand beside rules. The only file that names the crate for it.

use std::fmt;
use std::sync::Arc;

use compact_str::{CompactString, ToCompactString};
use serde_yaml::{Mapping, Value as Yaml};

use crate::event::{Record, Value};

/// What is wrong in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where: a line and column, or a path such as `tests[2].events[0]`.
    pub place: String,
    /// What: lower case, no full stop, user text in back-ticks.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place.as_str() {
            "" => f.write_str(&self.message),
            place => write!(f, "{place}: {}", self.message),
        }
    }
}

/// Reads one YAML document.
///
/// ```
/// use tripline::{Value, yaml};
/// let Ok(Value::Record(settings)) = yaml::parse("lateness: 5s") else { panic!() };
/// assert_eq!(settings.get("lateness"), Some(&Value::str("5s")));
/// ```
pub fn parse(text: &str) -> Result<Value, Problem> {
    let yaml: Yaml = serde_yaml::from_str(text).map_err(|error| broken(&error))?;
    value(yaml).map_err(|message| Problem { place: String::new(), message })
}

/// The crate says the place at the end of its message; here it stands in front.
fn broken(error: &serde_yaml::Error) -> Problem {
    let place = error.location().map(|at| format!("line {}, column {}", at.line(), at.column()));
    let text = error.to_string();
    let message = text.split(" at line ").next().unwrap_or_default();
    Problem { place: place.unwrap_or_default(), message: format!("not readable as YAML: {message}") }
}

fn value(yaml: Yaml) -> Result<Value, String> {
    Ok(match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(b) => Value::Bool(b),
        Yaml::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(n), _) => Value::Int(n),
            (None, Some(n)) => Value::Uint(n),
            (None, None) => {
                let float = number.as_f64().and_then(Value::from_f64);
                float.ok_or_else(|| format!("`{number}` is no number that an event can hold"))?
            }
        },
        Yaml::String(text) => Value::str(text),
        Yaml::Sequence(items) => Value::List(items.into_iter().map(value).collect::<Result<_, _>>()?),
        Yaml::Mapping(mapping) => Value::Record(Arc::new(record(mapping)?)),
        Yaml::Tagged(tagged) => return Err(format!("tags such as `{}` mean nothing here", tagged.tag)),
    })
}

fn record(mapping: Mapping) -> Result<Record, String> {
    mapping.into_iter().map(|(name, field)| Ok((key(name)?, value(field)?))).collect()
}

/// A key that reads as a number or a boolean is its text, as it would be in JSON.
fn key(yaml: Yaml) -> Result<CompactString, String> {
    match yaml {
        Yaml::String(text) => Ok(text.into()),
        Yaml::Number(number) => Ok(number.to_compact_string()),
        Yaml::Bool(b) => Ok(b.to_compact_string()),
        _ => Err("a key must be a name".to_owned()),
    }
}
