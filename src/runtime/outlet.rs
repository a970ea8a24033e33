//! What an engine gives, before it is known what else it has to be put in order with.

use std::ops::ControlFlow;
use std::sync::Arc;

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

/// Alerts go on at once: nothing else has to be put in order with them.
pub(crate) struct Straight<'s, S>(pub(crate) &'s mut S);

impl<S: Sink> Outlet for Straight<'_, S> {
    fn certain(&mut self, certain: Certain) -> ControlFlow<()> {
        self.0.alert(certain.alert)
    }

    fn late(&mut self, event: &mut dyn FnMut() -> Arc<Event>) -> ControlFlow<()> {
        self.0.late(event())
    }
}
