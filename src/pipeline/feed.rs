//! One input, decoded ahead of its use.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Workers;
use crate::io::{Block, Error, Intake, Load, Reject, Scanner};
use crate::program::Program;
use crate::runtime::RowKeys;

/// One input: what was decoded of it and is not used up.
pub(super) struct Feed {
    intake: Intake,
    program: Arc<Program>,
    /// One for each portion that is decoded at the same time.
    scanners: Vec<Scanner>,
    blocks: VecDeque<(Block, Arc<RowKeys>)>,
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
    pub(super) fn new(intake: Intake, program: &Arc<Program>) -> Self {
        Feed {
            intake,
            program: Arc::clone(program),
            scanners: Vec::new(),
            blocks: VecDeque::new(),
            row: 0,
            failed: None,
            ended: false,
        }
    }

    pub(super) fn intake(&self) -> &Intake {
        &self.intake
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
    pub(super) fn next(&mut self, workers: &Workers) -> Next {
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
                self.read(workers);
            }
        }
    }

    /// Reads portions and decodes them side by side, a few for each thread, if the input may be read ahead.
    fn read(&mut self, workers: &Workers) {
        const FOR_EACH: usize = 2;
        let most = match workers.count() {
            1 => 1,
            _ if !self.intake.reads_ahead() => 1,
            count => count * FOR_EACH,
        };
        let mut loads = Vec::with_capacity(most);
        while loads.len() < most && !self.ended {
            match self.intake.next_load() {
                Ok(Some(load)) => loads.push(load),
                end => {
                    self.ended = true;
                    self.failed = end.err();
                }
            }
        }
        while self.scanners.len() < loads.len() {
            self.scanners.push(self.intake.scanner());
        }
        let work = loads.into_iter().zip(&mut self.scanners).collect();
        let program = &self.program;
        self.blocks.extend(workers.map(work, |(load, scanner)| {
            let block = match load {
                Load::Lines(chunk) => scanner.block(chunk),
                Load::Rows(block) => block,
            };
            let keys = Arc::new(RowKeys::of(program, &block.batch));
            (block, keys)
        }));
    }
}
