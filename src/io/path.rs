//! Paths to fields, as options name them.

use std::fmt;
use std::str::FromStr;

use compact_str::CompactString;

use super::Error;
use crate::event::{Record, Value};

/// A path of field names: `device.os.name`. A name with a dot in it stands in back-ticks.
///
/// ```
/// use tripline::io::FieldPath;
/// let path: FieldPath = "user.`e.mail`".parse().unwrap();
/// assert_eq!(path.names(), ["user", "e.mail"]);
/// assert!("user..name".parse::<FieldPath>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldPath(Vec<CompactString>);

impl FieldPath {
    /// The path of one name, whatever is in it.
    pub fn of(name: &str) -> Self {
        FieldPath(vec![name.into()])
    }

    /// The names from the outside in.
    pub fn names(&self) -> &[CompactString] {
        &self.0
    }

    /// The value there, `None` where there is none or a null.
    pub(super) fn find<'r>(&self, record: &'r Record) -> Option<&'r Value> {
        let (first, rest) = self.0.split_first()?;
        let found = rest.iter().try_fold(record.get(first)?, |value, name| match value {
            Value::Record(inner) => inner.get(name),
            _ => None,
        })?;
        (!found.is_null()).then_some(found)
    }
}

impl FromStr for FieldPath {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let bad = |what: &str| Error::new(format!("`{text}` is no path to a field: {what}"));
        let (mut names, mut rest) = (Vec::new(), text);
        loop {
            let (name, behind) = match rest.strip_prefix('`') {
                Some(quoted) => quoted.split_once('`').ok_or_else(|| bad("a back-tick is not closed"))?,
                None => rest.split_at(rest.find('.').unwrap_or(rest.len())),
            };
            if name.is_empty() {
                return Err(bad("a name is empty"));
            }
            names.push(CompactString::from(name));
            match behind.strip_prefix('.') {
                Some(next) => rest = next,
                None if behind.is_empty() => return Ok(FieldPath(names)),
                None => return Err(bad("behind a back-tick comes a dot or the end")),
            }
        }
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, name) in self.0.iter().enumerate() {
            f.write_str(if i == 0 { "" } else { "." })?;
            if name.contains('.') { write!(f, "`{name}`")? } else { f.write_str(name)? }
        }
        Ok(())
    }
}
