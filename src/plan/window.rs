//! Windows: which events of a partition are looked at together, and when.

use compact_str::CompactString;

use super::{Expr, Pattern};
use crate::time::Duration;

/// A window.
#[derive(Clone, Debug)]
pub struct Window {
    /// The key expressions with the names alerts give them; empty is `global`.
    pub key: Vec<(CompactString, Expr)>,
    /// Which events are looked at together.
    pub shape: Shape,
    /// The steps. An event counts in all that it fits.
    pub pattern: Pattern,
    /// `when`, `whenever`. A bare field in it is of the last event in the window.
    pub condition: Expr,
    /// Whether it fires at every evaluation at which the condition is true, as `whenever` says, and not only at the first
    /// since it was not.
    pub ever: bool,
}

/// The shape of a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `over D`: the events of the last D, evaluated at each of them.
    Sliding(Duration),
    /// `over N events`: so many last events, evaluated at each of them.
    Count(u32),
    /// `every D …`, `over D every S`: windows whose ends are whole multiples of `every` from the epoch and the offset, each
    /// evaluated at its end, which is not part of it.
    Periodic {
        /// How long each is. It is at least `every`.
        over: Duration,
        /// How far apart they are.
        every: Duration,
        /// From the epoch.
        offset: Duration,
        /// The time zone whose clocks tell the epoch and the ends, where `over` is `every`; without one it is UTC.
        zone: Option<CompactString>,
    },
    /// `session G`: events with gaps of at most G, evaluated when a longer one is certain.
    Session(Duration),
}

impl Shape {
    /// Whether it is evaluated when time passes, not when an event comes.
    pub fn closes(&self) -> bool {
        matches!(self, Shape::Periodic { .. } | Shape::Session(_))
    }
}
