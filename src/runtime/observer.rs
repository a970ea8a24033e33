//! Whoever watches an engine at work.

use crate::id::StepId;
use crate::program::Compiled;
use crate::time::Timestamp;

/// Is told what becomes of partial matches, while an engine works. Statistics, coverage, tracing and the answer to "why
/// did it not fire" are observers. For `()` all calls are compiled away.
///
/// Calls come in the order of what happens; they change nothing.
///
/// ```
/// use std::cell::Cell;
/// use tripline::StepId;
/// use tripline::runtime::{At, Observer};
///
/// /// How many partial matches went on.
/// #[derive(Default)]
/// struct Steps(Cell<u64>);
///
/// impl Observer for Steps {
///     fn advance(&self, _: At<'_>, _: StepId) {
///         self.0.set(self.0.get() + 1);
///     }
/// }
/// ```
pub trait Observer {
    /// A match begins with an event that this step binds.
    fn start(&self, at: At<'_>, step: StepId) {
        let _ = (at, step);
    }

    /// A partial match goes on with an event that this step binds. Those that are held in common (the form `shared`) go on
    /// as one.
    fn advance(&self, at: At<'_>, step: StepId) {
        let _ = (at, step);
    }

    /// A partial match, or a start that waits for quiet before it, ends: an event fits this absence.
    fn violation(&self, at: At<'_>, absence: StepId) {
        let _ = (at, absence);
    }

    /// A partial match ends by time.
    fn expiry(&self, at: At<'_>) {
        let _ = at;
    }

    /// A match is reported.
    fn alert(&self, at: At<'_>) {
        let _ = at;
    }
}

/// Where something happens.
#[derive(Clone, Copy, Debug)]
pub struct At<'a> {
    /// The rule.
    pub rule: &'a Compiled,
    /// The bytes of the key.
    pub key: &'a [u8],
    /// Event time.
    pub time: Timestamp,
}

impl Observer for () {}
