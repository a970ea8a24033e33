//! Predicates over one event, compiled.

mod text;

pub use text::{Groups, Matcher, TextError};
