//! The main path over the stream: text to events to alerts.

use std::io::Cursor;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::stream::Stream;
use crate::alert::Alert;
use crate::io::{Item, ReadOptions, Reader, Reject};
use crate::program::Program;
use crate::reference::Reference;
use crate::stream::{AtEnd, Options};

/// Reads the stream as `tripline run` reads a file and has the reference engine look for what `program` asks for.
/// `seen` is told after each event and may say stop.
///
/// Gives the alerts in their order, and the lines that were no event: there should be none.
pub fn run(
    stream: &Stream,
    program: &Arc<Program>,
    mut seen: impl FnMut() -> ControlFlow<()>,
) -> Result<(Vec<Alert>, Vec<Reject>), crate::io::Error> {
    let mut engine = Reference::new(Arc::clone(program), Options::default());
    let (mut alerts, mut rejects) = (Vec::new(), Vec::new());
    let bytes = Cursor::new(stream.events.clone());
    for item in Reader::from_bytes("events.ndjson", bytes, &Arc::new(ReadOptions::default())) {
        match item? {
            Item::Event(event) => {
                if engine.push(event, &mut alerts).is_break() || seen().is_break() {
                    return Ok((alerts, rejects));
                }
            }
            Item::Reject(reject) => rejects.push(reject),
        }
    }
    // A list of alerts never says stop.
    let _ = engine.finish(AtEnd::Hold, &mut alerts);
    Ok((alerts, rejects))
}
