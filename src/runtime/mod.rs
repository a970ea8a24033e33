//! The engine: compiled rules at work on a stream.
//!
//! The way of a row: `keys` (those it has, worked out where it is decoded) -> `order` (reorder buffer, watermark; `sources` have their own) ->
//! [`Engine`] -> `partitions` (rules, deadlines; `room` says whether one may begin) -> `table`
//! (the states of each key) -> `partition` (the state of one rule for one key) -> `queue`, `shared` or `runs` (partial
//! matches) or `windows` (events that are looked at together) -> `report` (the alert) -> `outlet` -> `gate` (what is held back).
//! `strata` shows alerts to the rules that look at them. `judge` says what an event fits, `chain` holds what is bound, `snapshot` and `global` take what an engine holds to bytes
//! and back.
//!
//! There is no clock here, no thread, no input and no output.

mod adopt;
mod chain;
mod counts;
mod engine;
mod footprint;
mod gate;
mod global;
mod judge;
mod keys;
mod logical;
mod naming;
mod observer;
mod order;
mod outlet;
mod partition;
mod partitions;
mod queue;
mod report;
mod room;
mod runs;
mod shared;
mod shed;
mod snapshot;
mod sources;
mod strata;
mod swap;
mod table;
mod timers;
mod windows;

pub use crate::groups::KeyGroups;
pub use adopt::Foreign;
pub use engine::{Alone, Engine, Setup};
pub use footprint::Footprint;
#[cfg(feature = "pipeline")]
pub(crate) use gate::Gate;
#[cfg(feature = "pipeline")]
pub(crate) use keys::RowKeys;
pub use observer::{At, Observer};
#[cfg(feature = "pipeline")]
pub(crate) use outlet::{Given, Outlet, Straight};
#[cfg(feature = "pipeline")]
pub(crate) use shed::Shed;
#[cfg(feature = "pipeline")]
pub(crate) use strata::ascend;
