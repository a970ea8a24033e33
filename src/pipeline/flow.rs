//! Several inputs as one stream of rows.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;
use std::time::Duration;

use super::Workers;
use super::apart::{Apart, News};
use super::feed::{Feed, Next};
use crate::event::{Batch, Row};
use crate::io::{Error, Intake, Reject, Tap};
use crate::program::Program;
use crate::runtime::RowKeys;
use crate::time::Timestamp;

/// A part of the stream.
#[derive(Debug)]
pub enum Portion {
    /// Rows in the order of the stream.
    Rows(Vec<Run>),
    /// A line or record that is no event.
    Reject(Reject),
    /// An input that breaks off.
    Broken(Error),
    /// The name of an input that has said nothing for so long that the others do not wait for it, until it does.
    Idle(String),
    /// Nothing has come for a while, and nothing is known to come.
    Quiet,
}

/// Rows of a batch that follow each other in the stream too.
#[derive(Clone, Debug)]
pub struct Run {
    /// Their batch.
    pub batch: Arc<Batch>,
    /// Which they are.
    pub rows: Range<usize>,
    /// The keys of the rows of the batch.
    pub(super) keys: Arc<RowKeys>,
}

/// The rows of several inputs by time, source and offset: of the next rows of all inputs the earliest comes first. An
/// input that is not ordered by itself keeps its order.
///
/// Where the next bytes may be long in coming, nothing is read before all that was read is given, so that a pipe gives
/// each row as soon as it is read. Files are read and decoded ahead while what was read before is judged.
pub struct Flow {
    feeds: Vec<Feed>,
    heads: BinaryHeap<Reverse<Head>>,
    /// Inputs whose next row is not known yet.
    wanted: Vec<usize>,
    /// Inputs that are not waited for without end.
    apart: Option<Apart>,
}

/// The place of an input's next row, and the input.
type Head = ((Timestamp, u32, u64), usize);

impl Flow {
    /// Merges these, which stand in the order of their ranks and read what this program asks for.
    pub fn new(intakes: Vec<Intake>, program: &Arc<Program>, workers: &Arc<Workers>) -> Self {
        let wanted = (0..intakes.len()).rev().collect();
        let feeds = intakes.into_iter().map(|intake| Feed::new(intake, program, workers)).collect();
        Flow { feeds, heads: BinaryHeap::new(), wanted, apart: None }
    }

    /// The same, but that an input whose bytes may be long in coming, as those of a pipe, is waited for no longer than this
    /// while others have rows. Its own next rows may come late then, as everything that depends on a clock may. `tap` is
    /// called before each wait. Fails if a thread cannot be started.
    ///
    /// Cost: a thread for each such input, which reads one portion ahead.
    pub fn waiting_at_most(self, patience: Duration, tap: &Tap) -> io::Result<Self> {
        self.apart(Apart::new(Some(patience), None, false, Arc::clone(tap)))
    }

    /// The same, but that [`Portion::Quiet`] is given whenever such inputs have been waited for so long (`pause`), so that who
    /// takes the portions can do something else in between. Without `patience` they are waited for. If it `stays`, it does not
    /// end with its inputs, as more may be added: only `tap` ends it then.
    pub fn with_pauses(
        self,
        patience: Option<Duration>,
        pause: Duration,
        stays: bool,
        tap: &Tap,
    ) -> io::Result<Self> {
        self.apart(Apart::new(patience, Some(pause), stays, Arc::clone(tap)))
    }

    fn apart(mut self, apart: Apart) -> io::Result<Self> {
        for (input, feed) in self.feeds.iter_mut().enumerate() {
            feed.set_apart(input, &apart)?;
        }
        self.apart = Some(apart);
        Ok(self)
    }

    /// Takes one more input, whose rank is above those of all before it.
    pub fn add(&mut self, intake: Intake, program: &Arc<Program>, workers: &Arc<Workers>) -> io::Result<()> {
        let mut feed = Feed::new(intake, program, workers);
        if let Some(apart) = &self.apart {
            feed.set_apart(self.feeds.len(), apart)?;
        }
        self.wanted.push(self.feeds.len());
        self.feeds.push(feed);
        Ok(())
    }

    /// Goes on for another program; what was read ahead is made of its lines again.
    pub fn turn_to(&mut self, program: &Arc<Program>) {
        self.feeds.iter_mut().for_each(|feed| feed.turn_to(program));
    }

    /// How many inputs have not ended, and how many of them have said nothing for so long that nobody waits for them.
    pub fn inputs(&self) -> (usize, usize) {
        let open = self.feeds.iter().filter(|feed| !feed.has_ended()).count();
        (open, self.apart.as_ref().map_or(0, Apart::idle))
    }

    /// What should be said about the inputs that have ended: their names, and what.
    pub fn notes(&self) -> impl Iterator<Item = (&str, &str)> {
        let intakes = self.feeds.iter().filter_map(Feed::intake);
        intakes.flat_map(|intake| intake.notes().iter().map(|note| (intake.name(), note.as_str())))
    }

    /// Asks an input for its next row; what was found instead, if that is to be said.
    fn ask(&mut self, input: usize) -> Option<Portion> {
        let feed = self.feeds.get_mut(input)?;
        match feed.next() {
            Next::Row => {
                let place = feed.front().and_then(|(block, _, row)| block.batch.row(row)).map(Row::place);
                self.heads.extend(place.map(|place| Reverse((place, input))));
                None
            }
            Next::Reject(reject) => {
                self.wanted.push(input);
                Some(Portion::Reject(reject))
            }
            Next::Broken(error) => Some(Portion::Broken(error)),
            Next::End => None,
            Next::Wait => {
                self.apart.iter_mut().for_each(|apart| apart.wait_for(input));
                None
            }
        }
    }

    /// Waits for inputs that are read apart, if that is due; what is to be said of it.
    fn wait(&mut self) -> ControlFlow<Portion> {
        let others = !self.heads.is_empty();
        match self.apart.as_mut().and_then(|apart| apart.next(others)) {
            None => {}
            Some(News::Idle(input)) => {
                let name = self.feeds.get(input).map(|feed| feed.name().to_owned());
                return ControlFlow::Break(Portion::Idle(name.unwrap_or_default()));
            }
            Some(News::Quiet) => return ControlFlow::Break(Portion::Quiet),
            Some(News::Arrived(arrival)) => {
                if let Some(feed) = self.feeds.get_mut(arrival.input) {
                    feed.arrive(arrival.decoded, arrival.decoder);
                    self.wanted.push(arrival.input);
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// The rows of an input that come before the next row of any other.
    fn run(&mut self, input: usize) -> Option<Run> {
        let before = self.heads.peek().map(|Reverse((place, _))| *place);
        let feed = self.feeds.get_mut(input)?;
        let until = feed.until();
        let (block, keys, start) = feed.front()?;
        let (batch, keys) = (Arc::clone(&block.batch), Arc::clone(keys));
        let stops = |row: &usize| match (before, batch.row(*row)) {
            (Some(before), Some(row)) => row.place() >= before,
            _ => false,
        };
        let end = match before {
            Some(_) => (start + 1..until).find(stops).unwrap_or(until),
            None => until,
        };
        feed.use_up(end);
        Some(Run { batch, rows: start..end, keys })
    }
}

impl Iterator for Flow {
    type Item = Portion;

    /// The next rows, or what was found on the way to them.
    fn next(&mut self) -> Option<Portion> {
        let mut runs = Vec::new();
        loop {
            while let Some(&input) = self.wanted.last() {
                if !runs.is_empty() && !self.feeds.get(input).is_some_and(Feed::has_row) {
                    return Some(Portion::Rows(runs));
                }
                self.wanted.pop();
                if let Some(found) = self.ask(input) {
                    return Some(found);
                }
            }
            if let Some(apart) = &self.apart {
                if !runs.is_empty() && apart.has_to_wait(!self.heads.is_empty()) {
                    return Some(Portion::Rows(runs));
                }
                if let ControlFlow::Break(idle) = self.wait() {
                    return Some(idle);
                }
                if !self.wanted.is_empty() {
                    continue;
                }
            }
            let Some(Reverse((_, input))) = self.heads.pop() else {
                return (!runs.is_empty()).then_some(Portion::Rows(runs));
            };
            self.wanted.push(input);
            runs.extend(self.run(input));
        }
    }
}
