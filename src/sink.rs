//! Where results go.

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::alert::Alert;
use crate::event::Event;

/// Receives what an engine finds. Any call may say stop; the engine then returns at once and must not be used again.
///
/// A closure over alerts is a sink, and so is a `Vec<Alert>`.
pub trait Sink {
    /// An alert, in the one order of alerts.
    fn alert(&mut self, alert: Alert) -> ControlFlow<()>;

    /// An alert of a rule with `status shadow`, in the same order. Unless a sink says otherwise it goes nowhere; statistics
    /// count it.
    fn shadow(&mut self, alert: Alert) -> ControlFlow<()> {
        let _ = alert;
        ControlFlow::Continue(())
    }

    /// An event that came after the watermark had passed it. It is counted and changes no verdict.
    fn late(&mut self, event: Arc<Event>) -> ControlFlow<()> {
        let _ = event;
        ControlFlow::Continue(())
    }
}

impl Sink for Vec<Alert> {
    fn alert(&mut self, alert: Alert) -> ControlFlow<()> {
        self.push(alert);
        ControlFlow::Continue(())
    }
}

impl<F: FnMut(Alert) -> ControlFlow<()>> Sink for F {
    fn alert(&mut self, alert: Alert) -> ControlFlow<()> {
        self(alert)
    }
}
