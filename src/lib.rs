//! A rule engine for complex event processing: patterns in time over partitioned streams.
//!
//! A rule says what to look for: events in order, one after the other, with conditions between them, or the absence
//! of one. The language is described in the manual, `grammar/README.md`.
//!
//! ```
//! use std::sync::Arc;
//! use tripline::{Alert, AtEnd, Engine, EngineOptions, Event, Limits, Program, Record, Settings, SourceFile};
//! use tripline::{Timestamp, Value};
//!
//! let rule = "rule elsewhere {
//!   sequence by user within 1h {
//!     a: login
//!     b: login where country != a.country
//!   }
//!   emit from = a.country, to = b.country
//! }";
//! let files = [SourceFile::new("elsewhere.trip", rule)];
//! let (program, findings) = Program::compile(&files, &Settings::default(), Limits::default());
//! assert!(findings.is_empty());
//!
//! let login = |minute: i64, user: &str, country: &str| {
//!     let fields = [("user".into(), Value::str(user)), ("country".into(), Value::str(country))];
//!     let time = Timestamp::from_nanos(minute * 60_000_000_000);
//!     Event::new(time, Some("login"), Record::from_iter(fields))
//! };
//! let mut engine = Engine::new(Arc::new(program.unwrap()), EngineOptions::default());
//! let mut alerts: Vec<Alert> = Vec::new();
//! for event in [login(0, "ann", "DE"), login(5, "bob", "FR"), login(20, "ann", "NZ")] {
//!     engine.push_event(event, &mut alerts);
//! }
//! engine.finish(AtEnd::Hold, &mut alerts);
//!
//! assert_eq!(alerts.len(), 1);
//! assert_eq!(alerts[0].key.values(), [Value::str("ann")]);
//! assert_eq!(alerts[0].fields, [("from".into(), Value::str("DE")), ("to".into(), Value::str("NZ"))]);
//! ```
//!
//! # The nouns
//!
//! | noun | what it is |
//! |---|---|
//! | [`Program`] | compiled rules: immutable, shared, a fingerprint for each rule |
//! | [`Engine`] | a program at work on one stream: takes events, in batches or one by one, and watermarks, and holds what was seen so far, also when another program takes over (`swap`) |
//! | [`Event`], [`Value`], [`Schema`] | what flows, and how rule files describe it |
//! | [`Alert`] | what was found, with the events themselves |
//! | [`Sink`] | where alerts go; it can say stop. A closure is one, and so is a `Vec<Alert>` |
//! | [`diagnostic::Diagnostic`] | what is wrong with a rule, as data |
//!
//! The library has no clock, no threads and no randomness: the same program and the same events give the same alerts.
//! No input makes it panic. What grows with the events of one key has a bound in [`Limits`], and so have the open
//! starts of a rule and what each of them binds of the fields that rules ask for. No bound yet have: the events that wait in
//! the reorder buffer; keys that remember something without a start (an absence before the first step, `lag`, a quiet time of
//! `suppress`); what `matches all` remembers of a start to report nothing twice, where it is held in the general form; and
//! what alerts want of an event beyond those fields, where whole events are kept.
//!
//! # Features
//!
//! Without features the library does no input and output. `io` reads NDJSON, CSV and logs and writes alerts;
//! `pipeline` reads them with several threads; `render` draws diagnostics, `draw` the automata of rules; `yaml` reads
//! the files beside rules; `ruletest` runs rule tests; `cli` (default) is the program.

mod alert;
mod analysis;
pub mod automaton;
pub mod data;
#[cfg(feature = "demo")]
pub mod demo;
pub mod diagnostic;
#[cfg(feature = "draw")]
pub mod drawing;
mod event;
pub mod function;
mod groups;
mod id;
#[cfg(feature = "io")]
pub mod io;
mod limits;
#[cfg(feature = "pipeline")]
pub mod pipeline;
pub mod plan;
pub mod predicate;
pub mod program;
pub mod reference;
#[cfg(feature = "render")]
pub mod render;
#[cfg(feature = "ruletest")]
pub mod ruletest;
pub mod runtime;
mod sink;
pub mod snapshot;
mod span;
mod stream;
pub mod syntax;
mod time;
#[cfg(feature = "yaml")]
pub mod yaml;

pub use alert::{Alert, Bound, Kind as AlertKind, LIMIT, RuleInfo};
pub use analysis::Settings;
pub use event::{
    Batch, Event, EventSchema, FieldSchema, FieldType, Fields, Held, Keep, Key, Record, Row, Schema, Source,
    Stamp, Value, ValueRef,
};
pub use groups::KeyGroups;
pub use id::{FieldId, GroupId, RuleId, SlotId, StepId};
pub use limits::Limits;
pub use program::Program;
pub use runtime::Engine;
pub use sink::Sink;
pub use span::{FileId, SourceFile, Span};
pub use stream::{AtEnd, Options as EngineOptions, RuleStats, Stats, Swapped};
pub use time::{Duration, Timestamp};
