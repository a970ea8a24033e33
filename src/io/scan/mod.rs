//! Lines of JSON into rows: only what rules read is taken out of them, without making events.
//!
//! Every line is followed to its end, as strictly as the decoder does. A line in which anything is unusual (an error, a
//! wanted list or object, a name twice or with escapes) is given to the decoder, so that what is read and what is
//! rejected, and why, is the same.

mod cursor;
mod known;
mod line;
#[cfg(test)]
mod test;
mod wanted;

use std::collections::VecDeque;
use std::sync::Arc;

use memchr::memchr;

use self::cursor::{Cursor, next_escape};
use self::known::Known;
use self::line::{Found, LineReader};
use self::wanted::Wanted;
use super::ReadOptions;
use super::assemble::Assembler;
use super::chunk::{Block, Chunk};
use super::reject::Fault;
use super::time::TimeReader;
use super::{json, ndjson};
use crate::event::{Batch, Fields, Keep, Line, Record, Source, Span, Whole};

/// Makes the rows of chunks of one input. What it remembers from chunk to chunk changes nothing but its speed.
pub struct Scanner {
    fields: Arc<Fields>,
    source: Arc<Source>,
    keep: Keep,
    options: Arc<ReadOptions>,
    wanted: Wanted,
    known: Known,
    times: TimeReader,
    assembler: Assembler,
    lines: Arc<dyn Whole>,
    scanned: u64,
    /// How many bytes the chunk before had, and how many rows.
    before: (usize, usize),
    /// Lines that were left to the decoder.
    #[cfg(test)]
    aided: u64,
}

/// What nests deeper is left to the decoder.
const DEEPEST: usize = 100;

impl Scanner {
    pub(in crate::io) fn new(
        fields: &Arc<Fields>,
        source: &Arc<Source>,
        options: &Arc<ReadOptions>,
        keep: Keep,
    ) -> Self {
        let wanted = Wanted::new(fields, options);
        Scanner {
            fields: Arc::clone(fields),
            source: Arc::clone(source),
            keep,
            known: Known::nothing(wanted.len()),
            wanted,
            times: TimeReader::new(options.times.clone()),
            assembler: Assembler::new(Arc::clone(source), Arc::clone(options)),
            lines: Arc::new(Decoded { depth: options.limits.record_depth }),
            options: Arc::clone(options),
            scanned: 0,
            before: (USUAL_LINE, 1),
            #[cfg(test)]
            aided: 0,
        }
    }

    /// The rows of the lines of a chunk, and what among them is no event.
    pub fn block(&mut self, chunk: Chunk) -> Block {
        let marks = chunk.marks();
        let (first, text, spoilt) = chunk.into_text();
        let mut spoilt = spoilt.into_iter().peekable();
        let mut batch =
            Batch::reading(&self.fields, &self.source, text.len(), Arc::clone(&self.lines), self.keep);
        let mut rejects = VecDeque::new();
        // Chunks of one input have lines of much the same length.
        let (bytes, rows) = self.before;
        batch.expect((text.len() * rows / bytes.max(1) * 9 / 8 + 1).min(MOST_EXPECTED));
        let (mut start, mut number) = (0, first);
        // Looked for ahead: most lines have none.
        let mut escape = next_escape(&text, 0);
        while start < text.len() {
            if escape < start {
                escape = next_escape(&text, start);
            }
            if let Some(end) = self.scan(&mut batch, Cursor::new(&text, start, escape), number) {
                (start, number) = (end + 1, number + 1);
                continue;
            }
            let rest = text.as_bytes().get(start..).unwrap_or_default();
            let length = memchr(b'\n', rest).unwrap_or(rest.len());
            let spoilt = spoilt.next_if(|(at, _)| *at == start);
            let line = rest.get(..length).unwrap_or_default();
            let raw = spoilt.as_ref().map_or(line, |(_, bytes)| bytes);
            let place = Place { start, number, spoilt: spoilt.is_some() };
            if let Err(fault) = self.line(&mut batch, place, raw) {
                let raw = self.cut(raw).trim_ascii();
                rejects.push_back((batch.len(), self.assembler.reject(number, fault, raw)));
            }
            (start, number) = (start + length + 1, number + 1);
        }
        self.before = (text.len(), batch.len());
        Block { batch: Arc::new(batch.read(text)), rejects, marks }
    }

    /// One line without its LF that the decoder has to read.
    fn line(&mut self, batch: &mut Batch, place: Place, raw: &[u8]) -> Result<(), Fault> {
        let limit = self.options.limits.line_bytes;
        let too_long = raw.strip_suffix(b"\r").unwrap_or(raw).len() > limit;
        let raw = if too_long { self.cut(raw) } else { raw };
        let trimmed = raw.trim_ascii();
        if trimmed.is_empty() {
            return Ok(());
        }
        if too_long {
            return Err(Fault::too_long(limit));
        }
        let start = place.start + (raw.len() - raw.trim_ascii_start().len());
        let span = span(start, start + trimmed.len()).filter(|_| !place.spoilt);
        #[cfg(test)]
        {
            self.aided += 1;
        }
        let event = ndjson::object(trimmed, place.number, &mut self.assembler)?;
        match span {
            Some(span) => batch.line_of(&event, span, self.options.event_id.is_some()),
            None => batch.push(Arc::new(event)),
        }
        Ok(())
    }

    /// Of a line that is too long as much as a reader of lines gives.
    fn cut<'r>(&self, raw: &'r [u8]) -> &'r [u8] {
        raw.get(..self.options.limits.line_bytes).unwrap_or(raw)
    }

    /// Makes a row of the line that begins here, and says where it ends. `None` leaves it to the decoder.
    fn scan(&mut self, batch: &mut Batch, mut cursor: Cursor<'_>, number: u64) -> Option<usize> {
        let start = cursor.at();
        // So every place in it can be said by a span.
        u32::try_from(start + cursor.rest.len()).ok()?;
        self.scanned += 1;
        batch.blank();
        cursor.space();
        let start_of_object = cursor.at();
        let mut reader = LineReader {
            cursor,
            wanted: &mut self.wanted,
            known: &mut self.known,
            times: &mut self.times,
            batch,
            number: self.scanned,
            found: Found::default(),
        };
        let end = reader.read(self.options.limits.record_depth.min(DEEPEST))?;
        let (mut cursor, Found { time, kind, identity }) = (reader.cursor, reader.found);
        let has_end = cursor.end() && cursor.at() - start <= self.options.limits.line_bytes;
        let span = span(start_of_object, end).filter(|_| has_end)?;
        batch.line(Line { time: time?, kind: kind.as_deref(), offset: number, span, identity });
        Some(cursor.at())
    }
}

/// How long lines mostly are.
const USUAL_LINE: usize = 200;

/// For so many rows room is made before they come.
const MOST_EXPECTED: usize = 4_096;

fn span(start: usize, end: usize) -> Option<Span> {
    Some(Span { start: u32::try_from(start).ok()?, end: u32::try_from(end).ok()? })
}

/// Where a line stands.
#[derive(Clone, Copy)]
struct Place {
    /// Where in the text it begins.
    start: usize,
    /// Its number.
    number: u64,
    /// Whether it is no UTF-8, and blank in the text.
    spoilt: bool,
}

/// Decodes a line that was read once.
#[derive(Debug)]
struct Decoded {
    depth: usize,
}

impl Whole for Decoded {
    fn fields(&self, line: &str) -> Record {
        json::decode(line, self.depth, &[]).map(|(record, _)| record).unwrap_or_default()
    }
}
