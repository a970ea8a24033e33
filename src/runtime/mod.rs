//! The engine: compiled rules at work on a stream.
//!
//! The way of a row: `order` (reorder buffer, watermark) -> [`Engine`] (keys, rules, deadlines) -> `table` (the state of
//! each rule for each key) -> `runs` (partial matches) -> `report` (the alert). `judge` says what an event fits,
//! `chain` holds what is bound.
//!
//! There is no clock here, no thread, no input and no output.

mod chain;
mod engine;
mod judge;
mod order;
mod report;
mod runs;
mod table;
mod timers;

pub use engine::Engine;
