//! One input, decoded ahead of its use.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Workers;
use super::apart::Apart;
use super::decode::{Decoded, Decoder, Keyed, Supply};
use crate::event::Row;
use crate::io::{Block, Error, Intake, Mark, Place, Reject, Trail};
use crate::program::Program;
use crate::runtime::RowKeys;
use crate::time::Timestamp;

/// One input: what was decoded of it and is not used up.
pub(super) struct Feed {
    name: String,
    /// For which it is read.
    program: Arc<Program>,
    workers: Arc<Workers>,
    /// Nobody, once it has broken.
    supply: Option<Supply>,
    blocks: VecDeque<Keyed>,
    /// The row of the first block that is next.
    row: usize,
    /// What ended the input, when the blocks before are used up.
    failed: Option<Error>,
    ended: bool,
    /// Where the front is, but for what was used of the first block; and how many events and rejects that is.
    mark: Mark,
    used: u64,
    /// So many are to be passed over: they were given another time.
    skip: u64,
    /// Whether nothing of it is given, and it is not waited for.
    aside: bool,
    /// Whether it is read elsewhere, and was asked.
    asked: bool,
    /// Whether its next row is not taken, whatever its time.
    refuses: bool,
    trail: Trail,
    path: Option<PathBuf>,
}

/// What an input has next.
pub(super) enum Next {
    /// A row of the block in front.
    Row,
    Reject(Reject),
    Broken(Error),
    End,
    /// It is read elsewhere, and has been asked.
    Wait,
}

impl Feed {
    pub(super) fn new(intake: Intake, program: &Arc<Program>, workers: &Arc<Workers>) -> Self {
        let name = intake.name().to_owned();
        let (from, trail) = (intake.from().clone(), intake.trail().clone());
        let path = intake.path().map(Path::to_owned);
        let decoder = Box::new(Decoder::new(intake, program, workers));
        Feed {
            name,
            program: Arc::clone(program),
            workers: Arc::clone(workers),
            supply: Some(Supply::Here(decoder)),
            blocks: VecDeque::new(),
            row: 0,
            failed: None,
            ended: false,
            mark: from.mark(),
            used: 0,
            skip: from.items,
            aside: false,
            asked: false,
            refuses: false,
            trail,
            path,
        }
    }

    /// What the input is called.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The input, unless it is read elsewhere just now. That has an end before the input has.
    pub(super) fn intake(&self) -> Option<&Intake> {
        match &self.supply {
            Some(Supply::Here(decoder)) => Some(&decoder.intake),
            _ => None,
        }
    }

    /// The block in front with its keys, and which of its rows is next.
    pub(super) fn front(&self) -> Option<(&Block, &Arc<RowKeys>, usize)> {
        self.blocks.front().map(|(block, keys)| (block, keys, self.row))
    }

    /// Up to which row of the block in front nothing else is to be said.
    pub(super) fn until(&self) -> usize {
        self.blocks
            .front()
            .map_or(0, |(block, _)| block.rejects.front().map_or(block.batch.len(), |(row, _)| *row))
    }

    /// Whether the next is a row that is there.
    pub(super) fn has_row(&self) -> bool {
        self.row < self.until()
    }

    /// The rows before this one are used up.
    pub(super) fn use_up(&mut self, row: usize) {
        self.used += (row - self.row) as u64;
        self.row = row;
        let is_over = |(block, _): &mut (Block, _)| row >= block.batch.len() && block.rejects.is_empty();
        if let Some((block, _)) = self.blocks.pop_front_if(is_over) {
            (self.row, self.used, self.mark) = (0, 0, block.marks.end);
        }
    }

    /// Up to where it was given.
    pub(super) fn place(&self) -> Place {
        let mark = self.blocks.front().map_or(&self.mark, |(block, _)| &block.marks.start).clone();
        // What was to be passed over and has not been read yet was given.
        let items = mark.items + self.used + self.skip;
        self.trail.place(Mark { items, ..mark }, self.path.as_deref())
    }

    /// Whether nothing of it is given.
    pub(super) fn is_aside(&self) -> bool {
        self.aside
    }

    /// Has nothing of it given, or what it has again; what it was before.
    pub(super) fn set_aside(&mut self, aside: bool) -> bool {
        std::mem::replace(&mut self.aside, aside)
    }

    /// Whether it is read elsewhere, and has been asked.
    pub(super) fn is_asked(&self) -> bool {
        self.asked
    }

    /// Whether it is read by whoever asks.
    pub(super) fn is_here(&self) -> bool {
        !matches!(self.supply, Some(Supply::Apart(_)))
    }

    /// Whether nothing of it is at hand.
    pub(super) fn is_empty(&self) -> bool {
        self.blocks.is_empty() && self.failed.is_none() && !self.ended
    }

    /// Whether there is nothing more.
    pub(super) fn has_ended(&self) -> bool {
        self.ended && self.blocks.is_empty() && self.failed.is_none()
    }

    /// Has the next row not taken.
    pub(super) fn refuse_next(&mut self) {
        self.refuses = true;
    }

    /// Whether the row in front is not to be taken.
    pub(super) fn refuses(&self, latest: Option<Timestamp>) -> bool {
        let is_later = |latest| self.front_row().is_some_and(|row| row.time() > latest);
        self.refuses || latest.is_some_and(is_later)
    }

    /// The row in front, if it is not to be taken: it is used up then.
    pub(super) fn refused(&mut self, latest: Option<Timestamp>) -> Option<Reject> {
        if !self.refuses(latest) {
            return None;
        }
        let reject = self.front_row().map(Reject::ahead);
        self.refuses = false;
        self.use_up(self.row + 1);
        reject
    }

    fn front_row(&self) -> Option<Row<'_>> {
        self.blocks.front().and_then(|(block, _)| block.batch.row(self.row))
    }

    /// Passes over what was given another time; whether there was any.
    fn pass_over(&mut self) -> bool {
        let most =
            usize::try_from(self.skip).unwrap_or(usize::MAX).min(self.until().saturating_sub(self.row));
        if most > 0 {
            self.skip -= most as u64;
            self.use_up(self.row + most);
        } else if let Some((block, _)) = self.blocks.front_mut().filter(|_| self.skip > 0) {
            let passed = block.rejects.pop_front().is_some();
            self.skip -= u64::from(passed);
            self.used += u64::from(passed);
            self.use_up(self.row);
        } else {
            return false;
        }
        true
    }

    /// What comes next; reads on if nothing is there.
    pub(super) fn next(&mut self) -> Next {
        loop {
            if self.pass_over() {
                continue;
            } else if self.has_row() {
                return Next::Row;
            } else if let Some((block, _)) = self.blocks.front_mut() {
                let reject = block.rejects.pop_front();
                self.used += u64::from(reject.is_some());
                self.use_up(self.row);
                if let Some((_, reject)) = reject {
                    return Next::Reject(reject);
                }
            } else if let Some(error) = self.failed.take() {
                return Next::Broken(error);
            } else if self.ended {
                return Next::End;
            } else {
                let read = self.supply.take().and_then(|supply| supply.next(&self.program));
                self.ended = read.is_none();
                let (decoded, supply) =
                    read.map_or((None, None), |(decoded, supply)| (decoded, Some(supply)));
                self.supply = supply;
                match decoded {
                    Some(decoded) => self.take(decoded),
                    None if self.ended => {}
                    None => {
                        self.asked = true;
                        return Next::Wait;
                    }
                }
            }
        }
    }

    /// Goes on for another program, also with what was read before.
    pub(super) fn turn_to(&mut self, program: &Arc<Program>) {
        self.program = Arc::clone(program);
        let blocks = std::mem::take(&mut self.blocks);
        self.blocks = blocks.into_iter().map(|block| self.current(block)).collect();
    }

    /// A block for the program of now.
    fn current(&self, (block, keys): Keyed) -> Keyed {
        if keys.are_of(&self.program) {
            return (block, keys);
        }
        Decoder::anew(&block, &self.program, &self.workers)
    }

    fn take(&mut self, decoded: Decoded) {
        for block in decoded.blocks {
            let block = self.current(block);
            self.blocks.push_back(block);
        }
        self.ended = decoded.end.is_some();
        self.failed = decoded.end.and_then(Result::err);
    }

    /// Has the input read by a thread, if the next bytes may be long in coming.
    pub(super) fn set_apart(&mut self, input: usize, apart: &Apart) -> io::Result<()> {
        if let Some(Supply::Here(decoder)) = self.supply.take_if(|supply| supply.is_live()) {
            self.supply = Some(Supply::Apart(apart.read(input, decoder)?));
        }
        Ok(())
    }

    /// What was waited for.
    pub(super) fn arrive(&mut self, decoded: Decoded, decoder: Option<Box<Decoder>>) {
        self.asked = false;
        self.take(decoded);
        if let Some(decoder) = decoder {
            self.supply = Some(Supply::Here(decoder));
        }
    }
}
