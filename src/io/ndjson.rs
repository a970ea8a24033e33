//! NDJSON: one JSON object a line.

use std::io::{self, BufRead};

use super::assemble::Assembler;
use super::chunk::Mark;
use super::json;
use super::lines::Lines;
use super::reader::{Decode, Item};
use super::reject::{Fault, Reason};
use crate::event::Event;

/// Decodes NDJSON. Blank lines are nothing; they count as lines.
pub(super) struct Ndjson<R> {
    lines: Lines<R>,
    assembler: Assembler,
}

impl<R: BufRead> Ndjson<R> {
    /// Decodes what stands behind a mark.
    pub(super) fn new(input: R, mut assembler: Assembler, from: &Mark) -> Self {
        assembler.go_on(&from.memo);
        let lines = Lines::new(input, assembler.options.limits.line_bytes);
        Ndjson { lines: lines.behind(from.byte, from.line), assembler }
    }
}

impl<R: BufRead> Decode for Ndjson<R> {
    fn next(&mut self) -> io::Result<Option<Item>> {
        while let Some(line) = self.lines.next()? {
            let raw = line.text().trim_ascii();
            if raw.is_empty() {
                continue;
            }
            let event = match line.too_long {
                true => Err(Fault::too_long(self.assembler.options.limits.line_bytes)),
                false => object(raw, line.number, &mut self.assembler),
            };
            return Ok(Some(match event {
                Ok(event) => Item::Event(event),
                Err(fault) => Item::Reject(self.assembler.reject(line.number, fault, raw)),
            }));
        }
        Ok(None)
    }

    fn mark(&self) -> Mark {
        let (byte, line) = (self.lines.place(), self.lines.number());
        Mark { byte, line, items: 0, memo: self.assembler.memo() }
    }
}

/// The event of one JSON object.
pub(super) fn object(raw: &[u8], offset: u64, assembler: &mut Assembler) -> Result<Event, Fault> {
    let text = utf8(raw)?;
    let (depth, time) = (assembler.options.limits.record_depth, assembler.options.time.names());
    let (fields, written) = json::decode(text, depth, time)?;
    assembler.event(fields, written, raw, offset)
}

/// The text that bytes are.
pub(super) fn utf8(bytes: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(bytes)
        .map_err(|e| Fault::new(Reason::InvalidUtf8, format!("no UTF-8 at byte {}", e.valid_up_to() + 1)))
}
