//! Lines and records that are no events.

use std::sync::Arc;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

#[cfg(feature = "pipeline")]
use super::JsonRecord;
#[cfg(feature = "pipeline")]
use crate::event::Row;
use crate::event::Source;

macro_rules! reasons {
    ($($name:ident $code:literal $doc:literal;)*) => {
        /// Why a line or record is no event.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason { $(#[doc = $doc] $name,)* }

        impl Reason {
            /// All of them, in the order of the manual.
            pub const ALL: &[Reason] = &[$(Reason::$name),*];

            /// Its word in the rejects file and in the summary.
            pub fn as_str(self) -> &'static str {
                match self { $(Reason::$name => $code,)* }
            }

            /// What it stands for.
            pub fn title(self) -> &'static str {
                match self { $(Reason::$name => $doc,)* }
            }
        }
    };
}

reasons! {
    BrokenJson "broken_json" "the text does not follow the grammar of JSON";
    NotAnObject "not_an_object" "a JSON value that is not an object";
    NumberOutOfRange "number_out_of_range" "a number too large for a float, as `1e400`";
    InvalidUnicode "invalid_unicode" "an escape that is half of a surrogate pair";
    InvalidUtf8 "invalid_utf8" "bytes that are not UTF-8";
    TooDeep "too_deep" "objects and lists nested beyond the limit";
    TooLong "too_long" "a line or record beyond the limit";
    NoTime "no_time" "no value in the field of the time";
    BadTime "bad_time" "a time that cannot be read";
    TimeOutOfRange "time_out_of_range" "a time before 1677-09-22 or after 2262-04-10";
    TimeAhead "time_ahead" "a time further ahead of the clock than `--max-ahead` allows";
    RaggedRecord "ragged_record" "more or fewer cells than the header has";
    OpenQuote "open_quote" "a quote that is not closed before the end of the input or the limit of a record";
    NoMatch "no_match" "a line that the pattern does not match";
}

/// A line or record that is no event. It serialises as one line of the rejects file.
#[derive(Clone, Debug)]
pub struct Reject {
    /// Where it was read.
    pub source: Arc<Source>,
    /// Its 1-based line or record number there.
    pub offset: u64,
    /// The kind of fault.
    pub reason: Reason,
    /// What exactly is wrong: lower case, no full stop.
    pub detail: String,
    /// The text; of one that is too long its beginning.
    pub raw: Vec<u8>,
}

/// Of a line that is too long this much is kept.
const KEPT: usize = 1_000;

impl Reject {
    pub(super) fn new(source: &Arc<Source>, offset: u64, fault: Fault, raw: &[u8]) -> Self {
        let kept = if fault.reason == Reason::TooLong { raw.len().min(KEPT) } else { raw.len() };
        let raw = raw.get(..kept).unwrap_or_default().to_vec();
        Reject { source: Arc::clone(source), offset, reason: fault.reason, detail: fault.detail, raw }
    }

    /// A row whose time is too far ahead of the clock.
    #[cfg(feature = "pipeline")]
    pub(crate) fn ahead(row: Row<'_>) -> Self {
        let fault = Fault::new(Reason::TimeAhead, "its time is too far ahead of the clock (--max-ahead)");
        let fields = || serde_json::to_vec(&JsonRecord(&row.event().fields)).unwrap_or_default();
        let raw = row.line().map_or_else(fields, |line| line.as_bytes().to_vec());
        let stamp = row.stamp();
        Reject::new(&stamp.source, stamp.offset, fault, &raw)
    }
}

impl Serialize for Reject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(5))?;
        map.serialize_entry("source", &self.source.name)?;
        map.serialize_entry("offset", &self.offset)?;
        map.serialize_entry("reason", self.reason.as_str())?;
        map.serialize_entry("detail", &self.detail)?;
        map.serialize_entry("raw", &String::from_utf8_lossy(&self.raw))?;
        map.end()
    }
}

/// What is wrong, before it is known where.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fault {
    pub(super) reason: Reason,
    pub(super) detail: String,
}

impl Fault {
    pub(super) fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Fault { reason, detail: detail.into() }
    }

    pub(super) fn too_deep(limit: usize) -> Self {
        let detail = format!("objects and lists nest more than {limit} deep, the limit (`record_depth`)");
        Fault::new(Reason::TooDeep, detail)
    }

    pub(super) fn too_long(limit: usize) -> Self {
        Fault::new(Reason::TooLong, format!("it is longer than {limit} bytes, the limit (--max-line)"))
    }
}
