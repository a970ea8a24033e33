//! Bytes into chunks of whole lines, to be decoded by whoever has time.

use std::collections::VecDeque;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use memchr::{memchr_iter, memrchr};

use super::memo::Memo;
use super::open::Bytes;
use super::reject::Reject;
use crate::event::Batch;

/// What was read.
#[derive(Debug)]
pub struct Block {
    /// The events.
    pub batch: Arc<Batch>,
    /// What is no event, each with the number of rows that stand before it.
    pub rejects: VecDeque<(usize, Reject)>,
    /// Where it begins in its input, and where what comes behind it does.
    pub marks: Range<Mark>,
}

/// A place in an input from which it can be read on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// So many bytes stand before it, unpacked and those of all files that came to its path.
    pub byte: u64,
    /// And so many lines, or records where these are counted.
    pub line: u64,
    /// Behind these so many events and rejects are to be passed over.
    pub items: u64,
    /// What is to be known of what stands before it.
    pub memo: Memo,
}

/// Whole lines.
#[derive(Debug)]
pub struct Chunk {
    bytes: Vec<u8>,
    marks: Range<Mark>,
}

impl Chunk {
    /// Where it begins and ends.
    pub(super) fn marks(&self) -> Range<Mark> {
        self.marks.clone()
    }

    /// The number of the first line, all lines as text, and of those that are no UTF-8 the beginning and the bytes:
    /// in the text they are blank.
    pub(super) fn into_text(self) -> (u64, String, Vec<(usize, Vec<u8>)>) {
        let (mut spoilt, first) = (Vec::new(), self.marks.start.line + 1);
        let mut bytes = match String::from_utf8(self.bytes) {
            Ok(text) => return (first, text, spoilt),
            Err(error) => error.into_bytes(),
        };
        let mut start = 0;
        for line in bytes.split_mut(|b| *b == b'\n') {
            if std::str::from_utf8(line).is_err() {
                spoilt.push((start, line.to_vec()));
                line.fill(b' ');
            }
            start += line.len() + 1;
        }
        (first, String::from_utf8(bytes).unwrap_or_default(), spoilt)
    }
}

/// The lines of an input in chunks. A byte order mark at its beginning belongs to no line.
pub(super) struct Chunks<R> {
    input: R,
    /// How much a chunk is to have.
    wanted: usize,
    /// Of a line that is longer than this only the beginning is kept.
    longest: usize,
    /// What was read of a line that is not complete.
    rest: Vec<u8>,
    /// Behind what was given.
    mark: Mark,
    /// How much of a line that is too long was passed over, in the place of which an end of line was put.
    skipped: Option<u64>,
    /// What ended the input, until it is said.
    failed: Option<io::Error>,
    ended: bool,
}

impl<R: Bytes> Chunks<R> {
    /// Chunks of about `wanted` bytes; if that is 0, of the lines that a read completes. No line may have more than
    /// `line_bytes`. The input is read from `mark` on.
    pub(super) fn new(input: R, mark: Mark, wanted: usize, line_bytes: usize) -> Self {
        // A byte order mark and ends of lines do not count; what is longer is too long in any case.
        let longest = line_bytes.saturating_add(8);
        Chunks {
            input,
            wanted,
            longest,
            rest: Vec::new(),
            mark: Mark { items: 0, ..mark },
            skipped: None,
            failed: None,
            ended: false,
        }
    }

    /// The next lines. A line that an error cuts off is lost with it.
    pub(super) fn next(&mut self) -> io::Result<Option<Chunk>> {
        let mut bytes = std::mem::take(&mut self.rest);
        bytes.reserve(self.wanted);
        let mut whole = 0;
        while !self.ended {
            let before = bytes.len();
            let goes_on = self.fill(&mut bytes).unwrap_or_else(|error| {
                self.failed = Some(error);
                bytes.truncate(whole);
                false
            });
            let end = bytes.get(before..).and_then(|new| memrchr(b'\n', new));
            whole = end.map_or(whole, |end| before + end + 1);
            if !goes_on {
                self.ended = true;
                whole = bytes.len();
            } else if whole > 0 && bytes.len() >= self.wanted {
                break;
            } else if bytes.len() - whole > self.longest {
                match self.skip_line() {
                    Ok(()) => bytes.push(b'\n'),
                    Err(error) => {
                        self.failed = Some(error);
                        self.ended = true;
                        bytes.truncate(whole);
                    }
                }
                whole = bytes.len();
                break;
            }
        }
        self.rest = bytes.split_off(whole.min(bytes.len()));
        match self.give(bytes) {
            None => self.failed.take().map_or(Ok(None), Err),
            chunk => Ok(chunk),
        }
    }

    /// Reads more; whether there was any.
    fn fill(&mut self, bytes: &mut Vec<u8>) -> io::Result<bool> {
        const AT_LEAST: usize = 64 << 10;
        let wanted = self.wanted.saturating_sub(bytes.len()).max(AT_LEAST);
        loop {
            match self.input.append(bytes, wanted) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => return read.map(|read| read > 0),
            }
        }
    }

    /// Passes over what is left of a line.
    fn skip_line(&mut self) -> io::Result<()> {
        self.skipped = Some(self.input.skip_until(b'\n')? as u64);
        Ok(())
    }

    fn give(&mut self, mut bytes: Vec<u8>) -> Option<Chunk> {
        const MARK: &[u8] = b"\xEF\xBB\xBF";
        if bytes.is_empty() {
            return None;
        }
        let start = self.mark.clone();
        self.mark.byte += bytes.len() as u64;
        self.mark.byte = self.skipped.take().map_or(self.mark.byte, |skipped| self.mark.byte + skipped - 1);
        self.mark.line += memchr_iter(b'\n', &bytes).count() as u64;
        if start.byte == 0 && bytes.starts_with(MARK) {
            bytes.drain(..MARK.len());
        }
        Some(Chunk { bytes, marks: start..self.mark.clone() })
    }
}
