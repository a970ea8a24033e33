//! A rule engine for complex event processing: patterns in time over partitioned streams.

mod alert;
mod analysis;
pub mod diagnostic;
mod event;
pub mod function;
mod id;
#[cfg(feature = "io")]
pub mod io;
mod limits;
pub mod plan;
pub mod predicate;
mod program;
pub mod reference;
#[cfg(feature = "render")]
pub mod render;
mod sink;
mod span;
pub mod syntax;
mod time;

pub use alert::{Alert, Kind as AlertKind, RuleInfo};
pub use analysis::Settings;
pub use event::{Event, EventSchema, FieldSchema, FieldType, Key, Record, Schema, Source, Value};
pub use id::{GroupId, RuleId, SlotId, StepId};
pub use limits::Limits;
pub use program::Program;
pub use sink::Sink;
pub use span::{FileId, SourceFile, Span};
pub use time::{Duration, Timestamp};
