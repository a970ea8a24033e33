//! One input, decoded ahead of its use.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Workers;
use super::decode::{Decoder, Keyed, Supply};
use crate::io::{Block, Error, Intake, Reject};
use crate::program::Program;
use crate::runtime::RowKeys;

/// One input: what was decoded of it and is not used up.
pub(super) struct Feed {
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
}

impl Feed {
    pub(super) fn new(intake: Intake, program: &Arc<Program>, workers: &Arc<Workers>) -> Self {
        let decoder = Box::new(Decoder::new(intake, program, workers));
        Feed {
            supply: Some(Supply::Here(decoder)),
            blocks: VecDeque::new(),
            row: 0,
            failed: None,
            ended: false,
        }
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
                self.read();
            }
        }
    }

    fn read(&mut self) {
        let read = self.supply.take().and_then(Supply::next);
        self.ended = read.as_ref().is_none_or(|(decoded, _)| decoded.end.is_some());
        if let Some((decoded, supply)) = read {
            self.blocks.extend(decoded.blocks);
            self.failed = decoded.end.and_then(Result::err);
            self.supply = Some(supply);
        }
    }
}
