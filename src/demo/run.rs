//! The main path over the stream: text to events to alerts.

use std::io::Cursor;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::stream::Stream;
use crate::alert::Alert;
use crate::event::Batch;
use crate::io::{Item, ReadOptions, Reader, Reject};
use crate::program::Program;
use crate::runtime::Engine;
use crate::stream::{AtEnd, Options};

/// How many events go into one batch.
const BATCH: usize = 256;

/// Reads the stream as `tripline run` reads a file and has an engine look for what `program` asks for. `seen` is told of
/// each event and may say stop.
///
/// Gives the alerts in their order, and the lines that were no event: there should be none.
pub fn run(
    stream: &Stream,
    program: &Arc<Program>,
    mut seen: impl FnMut() -> ControlFlow<()>,
) -> Result<(Vec<Alert>, Vec<Reject>), crate::io::Error> {
    let mut engine = Engine::new(Arc::clone(program), Options::default());
    let (mut alerts, mut rejects) = (Vec::new(), Vec::new());
    let mut batch = Batch::new(program.fields());
    let bytes = Cursor::new(stream.events.clone());
    for item in Reader::from_bytes("events.ndjson", bytes, &Arc::new(ReadOptions::default())) {
        match item? {
            Item::Event(event) => {
                batch.push(Arc::new(event));
                if batch.len() == BATCH {
                    let full = std::mem::replace(&mut batch, Batch::new(program.fields()));
                    // A list of alerts never says stop.
                    let _ = engine.push(&Arc::new(full), &mut alerts);
                }
                if seen().is_break() {
                    let _ = engine.push(&Arc::new(batch), &mut alerts);
                    return Ok((alerts, rejects));
                }
            }
            Item::Reject(reject) => rejects.push(reject),
        }
    }
    let _ = engine.push(&Arc::new(batch), &mut alerts);
    let _ = engine.finish(AtEnd::Hold, &mut alerts);
    Ok((alerts, rejects))
}
