//! Lines of text that a regular expression takes apart.

use std::fmt;
use std::io::{self, BufRead};
use std::sync::Arc;

use compact_str::CompactString;

use super::chunk::Mark;
use super::columns::{Cells, Row, Rows};
use super::error::Error;
use super::lines::Lines;
use super::ndjson::utf8;
use super::reject::{Fault, Reason};
use crate::limits::Limits;
use crate::predicate::Groups;

/// A regular expression whose named groups are the fields of a line.
pub struct LinePattern {
    groups: Groups,
    text: String,
}

impl LinePattern {
    /// Compiles an expression, which must have at least one named group.
    ///
    /// ```
    /// use tripline::{Limits, io::LinePattern};
    /// assert!(LinePattern::new(r"^(?<ts>\S+) (?<user>\w+)", &Limits::default()).is_ok());
    /// assert!(LinePattern::new(r"^(\S+) (\w+)", &Limits::default()).is_err());
    /// ```
    pub fn new(pattern: &str, limits: &Limits) -> Result<Self, Error> {
        let bad = |what: &str| Error::new(format!("the line pattern `{pattern}` {what}"));
        let groups = Groups::new(pattern, limits).map_err(|e| bad(&format!("does not compile: {e}")))?;
        if groups.names().next().is_none() {
            return Err(bad("has no named group: write `(?<name>…)` for each field"));
        }
        Ok(LinePattern { groups, text: pattern.to_string() })
    }
}

impl fmt::Debug for LinePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LinePattern").field(&self.text).finish()
    }
}

/// The lines of an input as records. Blank lines are nothing; they count as lines.
pub(super) struct Matched<R> {
    lines: Lines<R>,
    limit: usize,
    pattern: Arc<LinePattern>,
}

impl<R: BufRead> Matched<R> {
    /// What stands behind a mark.
    pub(super) fn new(input: R, pattern: &Arc<LinePattern>, limit: usize, from: &Mark) -> Self {
        let lines = Lines::new(input, limit).behind(from.byte, from.line);
        Matched { lines, limit, pattern: Arc::clone(pattern) }
    }
}

impl<R: BufRead> Rows for Matched<R> {
    fn names(&mut self) -> io::Result<Vec<CompactString>> {
        Ok(self.pattern.groups.names().map(CompactString::from).collect())
    }

    fn next(&mut self) -> io::Result<Option<Row>> {
        while let Some(line) = self.lines.next()? {
            let text = line.text();
            if text.trim_ascii().is_empty() {
                continue;
            }
            let cells = match line.too_long {
                true => Err(Fault::too_long(self.limit)),
                false => cells(text, &self.pattern.groups),
            };
            let (offset, raw) = (line.number, text.to_vec());
            return Ok(Some(Row { offset, end: self.lines.place(), raw, cells }));
        }
        Ok(None)
    }
}

fn cells(line: &[u8], groups: &Groups) -> Result<Cells, Fault> {
    let found = groups.take_apart(utf8(line)?);
    let found =
        found.ok_or_else(|| Fault::new(Reason::NoMatch, "the line pattern (--lines) does not match"))?;
    Ok(found
        .into_iter()
        .map(|group| group.filter(|text| !text.is_empty()).map(CompactString::from))
        .collect())
}
