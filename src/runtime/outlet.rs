//! What an engine gives, before it is known what else it has to be put in order with.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::gate::Gate;
use crate::alert::Certain;
use crate::event::Event;
use crate::program::Program;
use crate::sink::Sink;

/// Receives what an engine finds, in order.
pub(crate) trait Outlet {
    /// An alert with its place in the one order.
    fn certain(&mut self, certain: Certain) -> ControlFlow<()>;

    /// An event that came too late.
    fn late(&mut self, event: &mut dyn FnMut() -> Arc<Event>) -> ControlFlow<()>;
}

/// Alerts are kept, to be put in order with others.
#[derive(Debug, Default)]
pub(crate) struct Given {
    pub(crate) certain: Vec<Certain>,
    pub(crate) late: Vec<Arc<Event>>,
    /// Where engines stand side by side late events are late for each of them; one says so.
    pub(crate) says_late: bool,
}

impl Outlet for Given {
    fn certain(&mut self, certain: Certain) -> ControlFlow<()> {
        self.certain.push(certain);
        ControlFlow::Continue(())
    }

    fn late(&mut self, event: &mut dyn FnMut() -> Arc<Event>) -> ControlFlow<()> {
        if self.says_late {
            self.late.push(event());
        }
        ControlFlow::Continue(())
    }
}

/// Alerts go on at once, through the gate, if nothing else has to be put in order with them.
pub(crate) struct Straight<'s, S> {
    gate: &'s mut Gate,
    sink: &'s mut S,
    /// Where rules look at the alerts of others what those of depth 0 have said.
    pub(crate) kept: Option<Vec<Certain>>,
}

impl<'s, S: Sink> Straight<'s, S> {
    pub(crate) fn new(program: &Program, gate: &'s mut Gate, sink: &'s mut S) -> Self {
        Straight { gate, sink, kept: (program.strata() > 1).then(Vec::new) }
    }
}

impl<S: Sink> Outlet for Straight<'_, S> {
    fn certain(&mut self, certain: Certain) -> ControlFlow<()> {
        match &mut self.kept {
            None => self.gate.take(certain, self.sink),
            Some(kept) => {
                kept.push(certain);
                ControlFlow::Continue(())
            }
        }
    }

    fn late(&mut self, event: &mut dyn FnMut() -> Arc<Event>) -> ControlFlow<()> {
        self.sink.late(event())
    }
}
