//! Portions of one input, decoded side by side.

use std::sync::Arc;
use std::sync::mpsc::Sender;

use super::Workers;
use super::shards::parts;
use super::workers::Ahead;
use crate::event::{Batch, Row};
use crate::io::{Block, Error, Intake, Load, Scanner};
use crate::program::Program;
use crate::runtime::{KeyGroups, RowKeys};

/// Rows and what they are routed by.
pub(super) type Keyed = (Block, Arc<RowKeys>);

/// Reads portions of an input and decodes them.
pub(super) struct Decoder {
    pub(super) intake: Intake,
    program: Arc<Program>,
    workers: Arc<Workers>,
    /// Who judges.
    parts: Arc<[KeyGroups]>,
    /// One for each portion that is decoded at the same time.
    scanners: Vec<Scanner>,
}

/// What was read at once.
pub(super) struct Decoded {
    pub(super) blocks: Vec<Keyed>,
    /// Whether that was all, and what broke it off.
    pub(super) end: Option<Result<(), Error>>,
}

impl Decoder {
    pub(super) fn new(intake: Intake, program: &Arc<Program>, workers: &Arc<Workers>) -> Self {
        Decoder {
            intake,
            program: Arc::clone(program),
            workers: Arc::clone(workers),
            parts: parts(workers).into(),
            scanners: Vec::new(),
        }
    }

    /// Reads for another program from now on.
    fn turn_to(&mut self, program: &Arc<Program>) {
        if !Arc::ptr_eq(&self.program, program) {
            self.program = Arc::clone(program);
            self.intake.read_for(program.fields(), &program.plan().schema);
            self.scanners.clear();
        }
    }

    /// A block that was read for another program.
    pub(super) fn anew(block: &Block, program: &Arc<Program>, workers: &Workers) -> Keyed {
        let events = block.batch.rows().map(Row::event);
        let batch = Arc::new(Batch::of(program.fields(), events));
        let keys = Arc::new(RowKeys::of(program, &parts(workers).into(), &batch));
        (Block { batch, rejects: block.rejects.clone(), marks: block.marks.clone() }, keys)
    }

    /// The next portions: a few for each thread, if the input may be read ahead.
    pub(super) fn next(&mut self, program: &Arc<Program>) -> Decoded {
        self.turn_to(program);
        const FOR_EACH: usize = 2;
        let most = if self.is_ahead() { self.workers.count() * FOR_EACH } else { 1 };
        let (mut loads, mut end) = (Vec::with_capacity(most), None);
        while loads.len() < most && end.is_none() {
            match self.intake.next_load() {
                Ok(Some(load)) => loads.push(load),
                over => end = Some(over.map(drop)),
            }
        }
        while self.scanners.len() < loads.len() {
            self.scanners.push(self.intake.scanner());
        }
        let work = loads.into_iter().zip(&mut self.scanners).collect();
        let (program, parts) = (&self.program, &self.parts);
        let blocks = self.workers.map(work, |(load, scanner)| {
            let block = match load {
                Load::Lines(chunk) => scanner.block(chunk),
                Load::Rows(block) => block,
            };
            let keys = Arc::new(RowKeys::of(program, parts, &block.batch));
            (block, keys)
        });
        Decoded { blocks, end }
    }

    fn is_ahead(&self) -> bool {
        self.workers.count() > 1 && self.intake.reads_ahead()
    }
}

/// A decoder that is here, at work while what it gave before is judged, or with a thread that has to be asked.
pub(super) enum Supply {
    Here(Box<Decoder>),
    Ahead(Ahead<(Box<Decoder>, Decoded)>),
    Apart(Sender<Arc<Program>>),
}

impl Supply {
    /// Whether the next bytes of the input may be long in coming.
    pub(super) fn is_live(&self) -> bool {
        matches!(self, Supply::Here(decoder) if decoder.intake.is_live())
    }

    /// What was read next for a program, unless that is to be waited for, and whoever reads on; what was read ahead may be of
    /// the program before. Nothing if the threads are gone.
    pub(super) fn next(self, program: &Arc<Program>) -> Option<(Option<Decoded>, Supply)> {
        let (decoder, decoded) = match self {
            Supply::Here(decoder) => read(decoder, program),
            Supply::Ahead(ahead) => ahead.get()?,
            Supply::Apart(ask) => {
                return ask.send(Arc::clone(program)).is_ok().then_some((None, Supply::Apart(ask)));
            }
        };
        if decoded.end.is_some() || !decoder.is_ahead() {
            return Some((Some(decoded), Supply::Here(decoder)));
        }
        let (workers, program) = (Arc::clone(&decoder.workers), Arc::clone(program));
        Some((Some(decoded), Supply::Ahead(workers.ahead(move || read(decoder, &program)))))
    }
}

fn read(mut decoder: Box<Decoder>, program: &Arc<Program>) -> (Box<Decoder>, Decoded) {
    let decoded = decoder.next(program);
    (decoder, decoded)
}
