//! What an engine gives, before it is known what else it has to be put in order with.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::gate::Gate;
use crate::alert::Certain;
use crate::event::Event;
use crate::sink::Sink;

/// Receives what an engine finds, in order.
pub(crate) trait Outlet {
    /// An alert with its place in the one order.
    fn certain(&mut self, certain: Certain) -> ControlFlow<()>;

    /// An event that came too late.
    fn late(&mut self, event: &mut dyn FnMut() -> Arc<Event>) -> ControlFlow<()>;
}

/// Alerts go on at once, through the gate: nothing else has to be put in order with them.
pub(crate) struct Straight<'s, S> {
    pub(crate) gate: &'s mut Gate,
    pub(crate) sink: &'s mut S,
}

impl<S: Sink> Outlet for Straight<'_, S> {
    fn certain(&mut self, certain: Certain) -> ControlFlow<()> {
        self.gate.take(certain, self.sink)
    }

    fn late(&mut self, event: &mut dyn FnMut() -> Arc<Event>) -> ControlFlow<()> {
        self.sink.late(event())
    }
}
