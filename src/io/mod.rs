//! Reading streams and writing what was found.
//!
//! The way in: [`Inputs`] (which files, in which order) -> `open` (bytes, decompressed) -> `lines` or `records` (one
//! event's bytes) -> `json`, or `csv` and `pattern` with `columns` (its fields) -> `assemble` (its time, type and
//! identity) -> [`Reader`] -> [`Merge`] (all inputs by time). The fast way of lines of JSON: `open` -> `chunk` (whole
//! lines) -> [`Scanner`] (rows of what rules read), both in [`Intake`], which has rows of all other formats too. The way
//! out: [`AlertFormat`], [`LateEvent`], [`Reject`].
//!
//! There is no clock here: an event without a usable time is rejected.

mod alert;
mod assemble;
mod chunk;
mod columns;
mod csv;
pub mod data;
mod error;
mod follow;
mod inputs;
mod intake;
mod json;
mod lines;
mod memo;
mod merge;
mod ndjson;
mod open;
mod options;
mod path;
mod pattern;
mod place;
mod reader;
mod records;
mod reject;
mod scan;
mod spool;
mod time;
mod value;

pub use alert::{AlertFormat, AlertStyle, Evidence, LateEvent};
pub use chunk::{Block, Chunk, Mark};
pub use error::Error;
pub use follow::Discovery;
pub use inputs::{Input, Inputs};
pub use intake::{Intake, Load};
pub use memo::Memo;
pub use merge::Merge;
pub use open::Tap;
pub use options::{Format, ReadOptions};
pub use path::FieldPath;
pub use pattern::LinePattern;
pub(crate) use place::Trail;
pub use place::{Node, Place};
pub use reader::{Item, Reader};
pub use reject::{Reason, Reject};
pub use scan::Scanner;
pub use spool::Spool;
pub use time::{TimeOptions, TimeUnit};
pub use value::{JsonRecord, JsonValue};
