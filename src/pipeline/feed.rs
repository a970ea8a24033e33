//! One input, decoded ahead of its use.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use super::Workers;
use super::apart::Apart;
use super::decode::{Decoded, Decoder, Keyed, Supply};
use crate::io::{Block, Error, Intake, Reject};
use crate::program::Program;
use crate::runtime::RowKeys;

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
        }
    }

    /// What the input is called.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether nothing more is to be read of it.
    pub(super) fn has_ended(&self) -> bool {
        self.ended
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
        self.row = row;
        let is_over = |(block, _): &mut (Block, _)| row >= block.batch.len() && block.rejects.is_empty();
        if self.blocks.pop_front_if(is_over).is_some() {
            self.row = 0;
        }
    }

    /// What comes next; reads on if nothing is there.
    pub(super) fn next(&mut self) -> Next {
        loop {
            if self.has_row() {
                return Next::Row;
            } else if let Some((block, _)) = self.blocks.front_mut() {
                let reject = block.rejects.pop_front();
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
                    None => return Next::Wait,
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
        self.take(decoded);
        if let Some(decoder) = decoder {
            self.supply = Some(Supply::Here(decoder));
        }
    }
}
