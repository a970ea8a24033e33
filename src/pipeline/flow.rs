//! Several inputs as one stream of rows.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::io;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;
use std::time::Duration;

use super::Workers;
use super::apart::{Apart, News};
use super::feed::{Feed, Next};
use crate::event::{Batch, Row};
use crate::io::{Error, Intake, Place, Reject, Tap};
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
    /// An input that has said nothing for so long that the others do not wait for it, until it does.
    Idle(usize),
    /// An input that was not waited for, and is again: its next rows stand where they belong beside those of the others.
    Back(usize),
    /// An input that is at its end.
    Ended(usize),
    /// The next row of an input, whose time is beyond what is taken: [`Flow::take_until`].
    Ahead(usize, Reject),
    /// As much was given as was to be: [`Flow::give_until`].
    Reached,
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
/// What is given is a matter of the inputs alone, but for what a clock decides: which inputs are waited for. That is told by
/// [`Portion::Idle`], [`Back`](Portion::Back) and [`Ended`](Portion::Ended) before it makes a difference, and can be decided again
/// in the same way ([`set_aside`](Flow::set_aside)) where as much has been given ([`give_until`](Flow::give_until)).
///
/// Where the next bytes may be long in coming, nothing is read before all that was read is given, so that a pipe gives
/// each row as soon as it is read. Files are read and decoded ahead while what was read before is judged.
pub struct Flow {
    feeds: Vec<Feed>,
    heads: BinaryHeap<Reverse<Head>>,
    /// Inputs whose next row is not known yet, the first one last.
    wanted: Vec<usize>,
    /// Inputs that are not waited for without end.
    apart: Option<Apart>,
    /// Inputs that are waited for again.
    returning: VecDeque<usize>,
    /// How many rows and rejects were given, and up to how many are to be.
    given: u64,
    until: Option<u64>,
    /// Whether nothing is decided by a clock.
    holds: bool,
    /// No row is taken whose time is after this.
    latest: Option<Timestamp>,
}

/// The place of an input's next row, and the input.
type Head = ((Timestamp, u32, u64), usize);

impl Flow {
    /// Merges these, which stand in the order of their ranks and read what this program asks for.
    pub fn new(intakes: Vec<Intake>, program: &Arc<Program>, workers: &Arc<Workers>) -> Self {
        let wanted = (0..intakes.len()).rev().collect();
        let feeds = intakes.into_iter().map(|intake| Feed::new(intake, program, workers)).collect();
        Flow {
            feeds,
            heads: BinaryHeap::new(),
            wanted,
            apart: None,
            returning: VecDeque::new(),
            given: 0,
            until: None,
            holds: false,
            latest: None,
        }
    }

    /// The same, where so many rows and rejects were given before.
    pub fn going_on(self, given: u64) -> Self {
        Flow { given, ..self }
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
        self.feeds.push(feed);
        self.want(self.feeds.len() - 1);
        Ok(())
    }

    /// How many rows and rejects were given so far.
    pub fn given(&self) -> u64 {
        self.given
    }

    /// Gives no more than so many rows and rejects in all, and then [`Portion::Reached`]; without a number all.
    pub fn give_until(&mut self, given: Option<u64>) {
        self.until = given;
    }

    /// Has nothing decided by a clock: inputs that are waited for are waited for without end, the others not taken back. When it
    /// ends, those that are not waited for are given another chance.
    pub fn hold(&mut self, holds: bool) {
        self.holds = holds;
        self.apart.iter_mut().for_each(|apart| apart.hold(holds));
        if !holds {
            let is_back = |feed: &&mut Feed| feed.is_aside() && !feed.has_ended() && !feed.is_asked();
            let back = self.feeds.iter_mut().enumerate().filter(|(_, feed)| is_back(feed));
            self.returning.extend(back.map(|(input, _)| input));
        }
    }

    /// Gives no row any more whose time is after this, but [`Portion::Ahead`] in the place of it: one time of the far future would
    /// make all that comes later late.
    pub fn take_until(&mut self, latest: Option<Timestamp>) {
        self.latest = latest;
    }

    /// Decides that the next row of an input is not taken.
    pub fn refuse_next(&mut self, input: usize) {
        self.feeds.get_mut(input).into_iter().for_each(Feed::refuse_next);
    }

    /// Whether an input is not waited for.
    pub fn is_aside(&self, input: usize) -> bool {
        self.feeds.get(input).is_some_and(Feed::is_aside)
    }

    /// Decides that an input is not waited for any more and nothing of it is given, or that it is again.
    pub fn set_aside(&mut self, input: usize, aside: bool) {
        let Some(feed) = self.feeds.get_mut(input) else { return };
        if feed.set_aside(aside) == aside {
            return;
        }
        let is_asked = feed.is_asked();
        self.wanted.retain(|wanted| *wanted != input);
        self.heads.retain(|Reverse((_, head))| *head != input);
        if !is_asked && !aside {
            self.want(input);
        }
        let apart = self.apart.iter_mut().filter(|_| is_asked);
        apart.for_each(|apart| if aside { apart.give_up(input) } else { apart.wait_for(input) });
    }

    /// Up to where each input was given, in the order in which they were added. The files are looked at, to know them again.
    pub fn places(&self) -> impl Iterator<Item = Place> {
        self.feeds.iter().map(Feed::place)
    }

    /// The name of an input.
    pub fn name(&self, input: usize) -> &str {
        self.feeds.get(input).map_or("", Feed::name)
    }

    /// The next row of this input is to be found out.
    fn want(&mut self, input: usize) {
        let at = self.wanted.partition_point(|wanted| *wanted > input);
        self.wanted.insert(at, input);
    }

    /// The input that is asked next, by its place in `wanted`. What inputs that are read apart have is looked at when all have
    /// come that are waited for, so that it does not matter which came first.
    fn candidate(&self) -> Option<usize> {
        let awaits = self.apart.as_ref().is_some_and(Apart::awaits);
        let is_next = |at: &usize| {
            let feed = self.wanted.get(*at).and_then(|input| self.feeds.get(*input));
            feed.is_some_and(|feed| !awaits || feed.is_here() || feed.is_empty())
        };
        (0..self.wanted.len()).rev().find(is_next)
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
            Next::Row if let Some(reject) = feed.refused(self.latest) => {
                self.given += 1;
                self.want(input);
                Some(Portion::Ahead(input, reject))
            }
            Next::Row => {
                let place = feed.front().and_then(|(block, _, row)| block.batch.row(row)).map(Row::place);
                self.heads.extend(place.map(|place| Reverse((place, input))));
                None
            }
            Next::Reject(reject) => {
                self.given += 1;
                self.want(input);
                Some(Portion::Reject(reject))
            }
            Next::Broken(error) => {
                self.want(input);
                Some(Portion::Broken(error))
            }
            Next::End => {
                feed.set_aside(true);
                Some(Portion::Ended(input))
            }
            Next::Wait => {
                self.apart.iter_mut().for_each(|apart| apart.wait_for(input));
                None
            }
        }
    }

    /// Whether there are inputs whose rows may be given while others are waited for.
    fn has_others(&self) -> bool {
        !self.heads.is_empty() || !self.wanted.is_empty()
    }

    /// Waits for inputs that are read apart, if that is due; whether something came, or what is to be said of it.
    fn wait(&mut self) -> ControlFlow<Portion, bool> {
        let others = self.has_others();
        match self.apart.as_mut().and_then(|apart| apart.next(others)) {
            None => ControlFlow::Continue(false),
            Some(News::Idle(input)) => {
                self.feeds.get_mut(input).map(|feed| feed.set_aside(true));
                ControlFlow::Break(Portion::Idle(input))
            }
            Some(News::Quiet) => ControlFlow::Break(Portion::Quiet),
            Some(News::Arrived(arrival)) => {
                let Some(feed) = self.feeds.get_mut(arrival.input) else {
                    return ControlFlow::Continue(true);
                };
                feed.arrive(arrival.decoded, arrival.decoder);
                match feed.is_aside() {
                    false => self.want(arrival.input),
                    true if !self.holds => self.returning.push_back(arrival.input),
                    true => {}
                }
                ControlFlow::Continue(true)
            }
        }
    }

    /// The rows of an input that come before the next row of any other.
    fn run(&mut self, input: usize) -> Option<Run> {
        let before = self.heads.peek().map(|Reverse((place, _))| *place);
        let feed = self.feeds.get_mut(input)?;
        let most = self.until.map_or(usize::MAX, |until| {
            usize::try_from(until.saturating_sub(self.given)).unwrap_or(usize::MAX)
        });
        let until = feed.until();
        let (block, keys, start) = feed.front()?;
        let (batch, keys) = (Arc::clone(&block.batch), Arc::clone(keys));
        let until = until.min(start.saturating_add(most));
        let latest = self.latest;
        let stops = |row: &usize| {
            let row = batch.row(*row);
            let is_behind = before.is_some_and(|before| row.is_some_and(|row| row.place() >= before));
            is_behind || latest.is_some_and(|latest| row.is_some_and(|row| row.time() > latest))
        };
        let end = match (before, latest) {
            (None, None) => until,
            _ => (start + 1..until).find(stops).unwrap_or(until),
        };
        feed.use_up(end);
        self.given += (end - start) as u64;
        Some(Run { batch, rows: start..end, keys })
    }
}

impl Iterator for Flow {
    type Item = Portion;

    /// The next rows, or what was found on the way to them.
    fn next(&mut self) -> Option<Portion> {
        let mut runs = Vec::new();
        loop {
            let is_reached = self.until.is_some_and(|until| self.given >= until);
            if !runs.is_empty() && (is_reached || !self.returning.is_empty()) {
                return Some(Portion::Rows(runs));
            } else if is_reached {
                return Some(Portion::Reached);
            } else if let Some(input) = self.returning.pop_front() {
                self.set_aside(input, false);
                return Some(Portion::Back(input));
            }
            while let Some(at) = self.candidate() {
                let latest = self.latest;
                let is_row = |input: &usize| {
                    self.feeds.get(*input).is_some_and(|feed| feed.has_row() && !feed.refuses(latest))
                };
                if !runs.is_empty() && !self.wanted.get(at).is_some_and(is_row) {
                    return Some(Portion::Rows(runs));
                }
                let input = self.wanted.remove(at);
                if let Some(found) = self.ask(input) {
                    return Some(found);
                }
            }
            if let Some(apart) = &self.apart {
                if !runs.is_empty() && apart.has_to_wait(self.has_others()) {
                    return Some(Portion::Rows(runs));
                }
                match self.wait() {
                    ControlFlow::Break(found) => return Some(found),
                    ControlFlow::Continue(true) => continue,
                    ControlFlow::Continue(false) => {}
                }
            }
            let Some(Reverse((_, input))) = self.heads.pop() else {
                return (!runs.is_empty()).then_some(Portion::Rows(runs));
            };
            runs.extend(self.run(input));
            self.want(input);
        }
    }
}
