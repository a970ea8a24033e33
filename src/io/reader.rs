//! One input: bytes in, events and rejects out.

use std::io::{self, BufRead};
use std::sync::Arc;

use super::assemble::Assembler;
use super::chunk::Mark;
use super::columns::Table;
use super::csv::Csv;
use super::error::Error;
use super::inputs::Input;
use super::ndjson::Ndjson;
use super::open::{self, Raw, Tap};
use super::pattern::Matched;
use super::records::Records;
use super::reject::Reject;
use super::{Format, ReadOptions};
use crate::event::{Event, Source};

/// What a line or record turned out to be.
#[derive(Debug)]
pub enum Item {
    /// An event.
    Event(Event),
    /// No event.
    Reject(Reject),
}

/// A decoder of one input.
pub(super) trait Decode {
    /// The next line or record; after an error or the end it is not asked again.
    fn next(&mut self) -> io::Result<Option<Item>>;

    /// Behind what was given last.
    fn mark(&self) -> Mark;

    /// Goes by the types of columns that these declare from now on.
    fn declare(&mut self, _options: &Arc<ReadOptions>) {}

    /// What the summary should say about the input.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Reads one input to its end. An error ends it too; what was read before has been given by then.
pub struct Reader {
    source: Arc<Source>,
    state: State,
    notes: Vec<String>,
}

enum State {
    /// Opened; nothing is read before the first event is asked for, because a pipe may keep us waiting.
    Opened(Box<Raw>, Arc<ReadOptions>, Mark),
    Running(Box<dyn Decode + Send>),
    Ended(Mark),
}

impl Reader {
    /// Opens an input. `tap` is called before each read of its bytes.
    pub fn open(input: &Input, options: &Arc<ReadOptions>, tap: &Tap) -> Result<Self, Error> {
        let raw = open::open(input, tap)?;
        Ok(Reader::of(input.source(), Box::new(raw), options, Mark::default()))
    }

    /// Reads an input that was opened to be read on behind a mark.
    pub(super) fn of(source: &Arc<Source>, raw: Box<Raw>, options: &Arc<ReadOptions>, from: Mark) -> Self {
        let state = State::Opened(raw, Arc::clone(options), from);
        Reader { source: Arc::clone(source), state, notes: Vec::new() }
    }

    /// Reads bytes that are already at hand as the only input of a run. They are not packed, and `name` tells the
    /// format as a path would.
    pub fn from_bytes(name: &str, bytes: impl BufRead + Send + 'static, options: &Arc<ReadOptions>) -> Self {
        let source = Arc::new(Source { rank: 0, name: name.to_owned() });
        let decoder = decoder(Box::new(bytes), &source, Arc::clone(options), &Mark::default());
        Reader { source, state: State::Running(decoder), notes: Vec::new() }
    }

    /// What should be said about the input when it has ended.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The name of the input.
    pub fn name(&self) -> &str {
        &self.source.name
    }

    /// Goes by the types of columns that these options declare from now on.
    pub(super) fn read_for(&mut self, options: &Arc<ReadOptions>) {
        match &mut self.state {
            State::Opened(_, before, _) => *before = Arc::clone(options),
            State::Running(decoder) => decoder.declare(options),
            State::Ended(_) => {}
        }
    }

    /// Behind what was given last.
    pub(super) fn mark(&self) -> Mark {
        match &self.state {
            State::Running(decoder) => decoder.mark(),
            State::Opened(_, _, mark) | State::Ended(mark) => mark.clone(),
        }
    }

    fn next_item(&mut self) -> Result<Option<Item>, Error> {
        let ended = State::Ended(Mark::default());
        let mut decoder = match std::mem::replace(&mut self.state, ended) {
            State::Opened(raw, mut options, from) => {
                let name = &self.source.name;
                if raw.is_pipe() && options.pipe_sample < options.sample {
                    let options = Arc::make_mut(&mut options);
                    options.sample = options.pipe_sample;
                }
                self.state = State::Ended(from.clone());
                let bytes = open::decompress(*raw, name).map_err(|e| Error::reading(name, e))?;
                decoder(bytes, &self.source, options, &from)
            }
            State::Running(decoder) => decoder,
            State::Ended(mark) => {
                self.state = State::Ended(mark);
                return Ok(None);
            }
        };
        let item = decoder.next().map_err(|e| Error::reading(&self.source.name, e));
        if let Ok(Some(_)) = item {
            self.state = State::Running(decoder);
            return item;
        }
        self.state = State::Ended(decoder.mark());
        self.notes = decoder.notes();
        item
    }
}

impl Iterator for Reader {
    type Item = Result<Item, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_item().transpose()
    }
}

fn decoder(
    bytes: Box<dyn BufRead + Send>,
    source: &Arc<Source>,
    options: Arc<ReadOptions>,
    from: &Mark,
) -> Box<dyn Decode + Send> {
    let limit = options.limits.line_bytes;
    let assembler = Assembler::new(Arc::clone(source), Arc::clone(&options));
    let delimiter = match &options.format {
        Format::Lines(pattern) => {
            let lines = Matched::new(bytes, pattern, limit, from);
            return Box::new(Table::new(lines, assembler, from));
        }
        Format::Records(path) => return Box::new(Records::new(bytes, path.as_ref(), assembler, from)),
        Format::Ndjson => return Box::new(Ndjson::new(bytes, assembler, from)),
        Format::Csv => None,
        Format::Tsv => Some(b'\t'),
        Format::Auto => match open::ending(&source.name) {
            "csv" => None,
            "tsv" => Some(b'\t'),
            _ => return Box::new(Ndjson::new(bytes, assembler, from)),
        },
    };
    Box::new(Table::new(Csv::new(bytes, delimiter, limit, from), assembler, from))
}
