//! One input as blocks of rows.

use std::collections::VecDeque;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::ReadOptions;
use super::chunk::{Block, Chunk, Chunks, Mark};
use super::error::Error;
use super::inputs::{Input, is_by_lines};
use super::open::{self, Bytes, Raw, Tap};
use super::place::{Place, Trail};
use super::reader::{Item, Reader};
use super::scan::Scanner;
use crate::event::{Batch, Fields, Keep, Schema, Source};

/// Reads one input to its end, in portions: lines of JSON as chunks for a [`Scanner`], which may work elsewhere, and
/// everything else as rows. An error ends the input; what was read before has been given by then.
pub struct Intake {
    source: Arc<Source>,
    options: Arc<ReadOptions>,
    fields: Arc<Fields>,
    keep: Keep,
    chunk: usize,
    is_live: bool,
    is_one_of_many: bool,
    path: Option<PathBuf>,
    from: Place,
    trail: Trail,
    /// Behind the rows that were given.
    mark: Mark,
    state: State,
    notes: Vec<String>,
    failed: Option<Error>,
}

/// A portion of an input.
#[derive(Debug)]
pub enum Load {
    /// Lines that are to be scanned.
    Lines(Chunk),
    /// Rows.
    Rows(Block),
}

enum State {
    /// Opened; nothing is read before the first portion is asked for, because a pipe may keep us waiting.
    Opened(Box<Raw>),
    Lines(Chunks<Box<dyn Bytes + Send>>),
    Items(Box<Reader>),
    Ended,
}

/// How many records become one batch, where nobody waits for them.
const RECORDS: usize = 256;

impl Intake {
    /// Opens an input for rules that read these fields, where it was read up to before: up to the [`Mark`] of that place, so that
    /// its first `items` are there once more. Portions have about `chunk` bytes, those of a pipe what there
    /// is. `tap` is called before each read of its bytes.
    pub fn open(
        input: &Input,
        options: &Arc<ReadOptions>,
        fields: &Arc<Fields>,
        keep: Keep,
        chunk: usize,
        tap: &Tap,
    ) -> Result<Self, Error> {
        let raw = open::open(input, tap)?;
        Ok(Intake {
            source: Arc::clone(input.source()),
            options: Arc::clone(options),
            fields: Arc::clone(fields),
            keep,
            chunk: if raw.is_pipe() { 0 } else { chunk },
            is_live: raw.is_pipe(),
            is_one_of_many: input.is_one_of_many(),
            path: input.path().map(Path::to_owned),
            from: input.from().clone(),
            trail: raw.trail().clone(),
            mark: input.from().mark(),
            state: State::Opened(Box::new(raw)),
            notes: Vec::new(),
            failed: None,
        })
    }

    /// Reads bytes that are already at hand as the only input of a run. They are not packed, and `name` tells the format as
    /// a path would. Portions have about `chunk` bytes, as those of a file.
    pub fn from_bytes(
        name: &str,
        bytes: Vec<u8>,
        options: &Arc<ReadOptions>,
        fields: &Arc<Fields>,
        keep: Keep,
        chunk: usize,
    ) -> Self {
        let source = Arc::new(Source { rank: 0, name: name.to_owned() });
        let mut intake = Intake {
            source,
            options: Arc::clone(options),
            fields: Arc::clone(fields),
            keep,
            chunk,
            is_live: false,
            is_one_of_many: false,
            path: None,
            from: Place::default(),
            trail: Trail::default(),
            mark: Mark::default(),
            state: State::Ended,
            notes: Vec::new(),
            failed: None,
        };
        intake.state = match intake.is_by_lines() {
            true => intake.lines(Box::new(Cursor::new(bytes))),
            false => State::Items(Box::new(Reader::from_bytes(name, Cursor::new(bytes), options))),
        };
        intake
    }

    /// Whether further portions may be read before the first is used: not of a pipe, which may be long in giving the
    /// next, and not of one of very many inputs, which together would hold a lot.
    pub fn reads_ahead(&self) -> bool {
        !self.is_live && !self.is_one_of_many
    }

    /// Whether what comes next may be long in coming, as of a pipe.
    pub fn is_live(&self) -> bool {
        self.is_live
    }

    /// The name of the input.
    pub fn name(&self) -> &str {
        &self.source.name
    }

    /// Where it is; standard input has no place.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// From where on it is read.
    pub(crate) fn from(&self) -> &Place {
        &self.from
    }

    /// The files that its bytes come from.
    pub(crate) fn trail(&self) -> &Trail {
        &self.trail
    }

    /// What should be said about the input when it has ended.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Reads these fields from now on, and by these types of columns; scanners that were made before do not.
    pub fn read_for(&mut self, fields: &Arc<Fields>, schema: &Schema) {
        self.fields = Arc::clone(fields);
        self.options = Arc::new(ReadOptions { schema: schema.clone(), ..ReadOptions::clone(&self.options) });
        if let State::Items(reader) = &mut self.state {
            reader.read_for(&self.options);
        }
    }

    /// Who makes rows of its lines. Any number of them may work side by side.
    pub fn scanner(&self) -> Scanner {
        Scanner::new(&self.fields, &self.source, &self.options, self.keep)
    }

    /// The next portion.
    pub fn next_load(&mut self) -> Result<Option<Load>, Error> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let name = &self.source.name;
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Ended => Ok(None),
            State::Opened(raw) => {
                self.state = self.begin(raw)?;
                self.next_load()
            }
            State::Lines(mut chunks) => {
                let chunk = chunks.next().map_err(|e| Error::reading(name, e))?;
                if chunk.is_some() {
                    self.state = State::Lines(chunks);
                }
                Ok(chunk.map(Load::Lines))
            }
            State::Items(reader) => match self.records(reader) {
                None => self.failed.take().map_or(Ok(None), Err),
                block => Ok(block.map(Load::Rows)),
            },
        }
    }

    fn begin(&self, raw: Box<Raw>) -> Result<State, Error> {
        if !self.is_by_lines() {
            let reader = Reader::of(&self.source, raw, &self.options, self.from.mark());
            return Ok(State::Items(Box::new(reader)));
        }
        let bytes =
            open::decompress(*raw, &self.source.name).map_err(|e| Error::reading(&self.source.name, e))?;
        Ok(self.lines(bytes))
    }

    fn lines(&self, bytes: Box<dyn Bytes + Send>) -> State {
        State::Lines(Chunks::new(bytes, self.from.mark(), self.chunk, self.options.limits.line_bytes))
    }

    /// Whether it is read as lines that a scanner takes.
    fn is_by_lines(&self) -> bool {
        is_by_lines(&self.source.name, &self.options)
    }

    /// The next records of a reader.
    fn records(&mut self, mut reader: Box<Reader>) -> Option<Block> {
        let most = if self.is_live { 1 } else { RECORDS };
        let (mut batch, mut rejects) = (Batch::new(&self.fields), VecDeque::new());
        let start = self.mark.clone();
        while batch.len() + rejects.len() < most {
            match reader.next() {
                Some(Ok(Item::Event(event))) => batch.push(Arc::new(event)),
                Some(Ok(Item::Reject(reject))) => rejects.push_back((batch.len(), reject)),
                end => {
                    self.notes = reader.notes().to_vec();
                    self.failed = end.and_then(Result::err);
                    self.mark = reader.mark();
                    let is_empty = batch.is_empty() && rejects.is_empty();
                    let marks = start..self.mark.clone();
                    return (!is_empty).then(|| Block { batch: Arc::new(batch), rejects, marks });
                }
            }
        }
        self.mark = reader.mark();
        self.state = State::Items(reader);
        Some(Block { batch: Arc::new(batch), rejects, marks: start..self.mark.clone() })
    }
}
