//! What is read goes through an engine.

use std::ops::ControlFlow;
use std::sync::Arc;

use tripline::diagnostic::Diagnostic;
use tripline::io::{Error, Input, Inputs, Item, Merge, Reject};
use tripline::pipeline::{Flow, Portion, Shards};
use tripline::reference::Reference;
use tripline::{AtEnd, Duration, EngineOptions, Program, SourceFile, Stats};

use super::interrupt::Interrupt;
use super::lasting::count_on;
use super::live::{Live, Works};
use super::output::Shared;
use super::progress::Progress;
use super::state::Decision;
use super::summary::{Counts, Kept};
use super::{Args, End, Matching};
use crate::cli::Stop;
use crate::log::Fields;
use crate::terminal::Terminal;

/// What a run goes by.
#[derive(Clone, Copy)]
pub(super) struct Drive<'r> {
    pub(super) args: &'r Args,
    pub(super) program: &'r Arc<Program>,
    pub(super) shared: &'r Shared,
    pub(super) progress: &'r Progress,
    pub(super) interrupt: &'r Interrupt,
    pub(super) terminal: &'r Terminal,
}

impl<'r> Drive<'r> {
    /// Opens all inputs; whether one could not be, which is said, and the others are read all the same, if there is
    /// any.
    pub(super) fn open<T>(
        self,
        inputs: &Inputs,
        open: impl Fn(&Input) -> Result<T, Error>,
    ) -> Result<(Vec<T>, bool), Stop> {
        let (mut opened, mut failed) = (Vec::new(), None);
        for input in inputs {
            match open(input) {
                Ok(one) => opened.push(one),
                Err(error) => {
                    let before = failed.replace(error);
                    before.iter().for_each(|error| self.error(&error.to_string()));
                }
            }
        }
        match failed {
            Some(error) if opened.is_empty() => Err(error.into()),
            failed => {
                failed.iter().for_each(|error| self.error(&error.to_string()));
                Ok((opened, failed.is_some()))
            }
        }
    }

    /// Pushes all events through the reference engine.
    pub(super) fn reference(self, mut merge: Merge) -> Counts {
        let mut counts = self.counts();
        let mut engine = Reference::new(Arc::clone(self.program), self.options());
        let mut sink = self.shared.clone();
        for item in merge.by_ref() {
            let flow = match item {
                Ok(Item::Event(event)) => {
                    counts.see(&event);
                    engine.push(event, &mut sink)
                }
                Ok(Item::Reject(reject)) => self.reject(&reject, &mut counts),
                Err(error) => self.broken(&error, &mut counts),
            };
            match flow {
                ControlFlow::Break(()) if counts.is_strict() => break,
                ControlFlow::Break(()) => return counts,
                ControlFlow::Continue(()) => {}
            }
        }
        // A sink that says stop has remembered why.
        let _ = engine.finish(self.at_end(), &mut sink);
        self.ended(counts, merge.notes(), engine.stats())
    }

    /// Pushes all rows through the engine.
    pub(super) fn fast(self, mut flow: Flow, mut engines: Shards, mut live: Live<'_>) -> Counts {
        let (mut counts, mut sink) = (self.counts(), self.shared.clone());
        live.before.iter().for_each(|header| count_on(&mut counts, header));
        let mut works =
            Works { flow: &mut flow, engines: &mut engines, counts: &mut counts, sink: &mut sink };
        let ended = self.go(&mut works, &mut live);
        live.ends();
        if ended.is_break() && !counts.is_strict() {
            return counts;
        }
        // A sink that says stop has remembered why. The stream goes on if another run does.
        if !live.lasts() {
            let _ = engines.finish(self.at_end(), &mut sink);
        }
        self.ended(counts, flow.notes(), engines.stats())
    }

    /// Does what comes, to the end.
    fn go(self, works: &mut Works<'_>, live: &mut Live<'_>) -> ControlFlow<()> {
        live.warm_up(self, works)?;
        live.begin(self, works)?;
        loop {
            loop {
                works.flow.take_until(live.latest(self));
                let Some(portion) = works.flow.next() else { break };
                live.works();
                self.take(portion, works, live)?;
                if live.lasts() && self.interrupt.exit().is_some() {
                    break;
                }
                live.turn(self, works)?;
            }
            if !live.is_catching_up() || self.interrupt.exit().is_some() {
                break;
            }
            live.give_up(self, works)?;
        }
        live.end(self, works);
        ControlFlow::Continue(())
    }

    fn take(self, portion: Portion, works: &mut Works<'_>, live: &mut Live<'_>) -> ControlFlow<()> {
        match portion {
            Portion::Rows(runs) => {
                runs.iter().for_each(|run| works.counts.see_rows(run));
                live.clock.iter_mut().for_each(|clock| clock.hear(works.counts.newest));
                works.engines.push(&runs, works.sink)
            }
            Portion::Reject(reject) => self.reject(&reject, works.counts),
            Portion::Ahead(input, reject) => {
                live.note_input(works, input, Decision::Ahead)?;
                self.reject(&reject, works.counts)
            }
            Portion::Broken(error) => self.broken(&error, works.counts),
            Portion::Idle(input) => {
                self.idle(works.flow.name(input).to_owned(), works.counts)?;
                live.note_input(works, input, Decision::Aside)
            }
            Portion::Back(input) => live.note_input(works, input, Decision::Back),
            Portion::Ended(input) => live.note_input(works, input, Decision::Aside),
            Portion::Reached => live.decide_again(self, works, works.flow.given()),
            Portion::Quiet => live.quiet(self, works),
        }
    }

    fn counts(self) -> Counts {
        let writing = &self.args.writing;
        let kept = Kept {
            rejects: writing.rejects.is_some(),
            late: writing.late.is_some(),
            shadow: writing.shadow.is_some(),
        };
        Counts::new(self.program, kept)
    }

    pub(super) fn options(self) -> EngineOptions {
        EngineOptions { lateness: self.lateness() }
    }

    /// Whether inputs are read on as they grow.
    pub(super) fn follows(self) -> bool {
        self.args.matching.follow
    }

    /// The inputs as they were named.
    pub(super) fn arguments(self) -> &'r [String] {
        &self.args.inputs
    }

    /// By how much times may be ahead of the clock, if that has a bound.
    pub(super) fn max_ahead(self) -> Option<Duration> {
        const FOLLOWED: Duration = Duration::from_nanos(86_400_000_000_000);
        let Matching { max_ahead, follow, .. } = &self.args.matching;
        max_ahead.or(follow.then_some(FOLLOWED))
    }

    pub(super) fn lateness(self) -> Duration {
        self.args.matching.lateness
    }

    fn at_end(self) -> AtEnd {
        if self.args.matching.at_end == End::Flush { AtEnd::Flush } else { AtEnd::Hold }
    }

    pub(super) fn error(self, text: &str) {
        self.progress.hidden(|| self.terminal.error(text));
    }

    pub(super) fn note(self, text: &str, fields: Fields<'_>) {
        self.progress.hidden(|| self.terminal.note_with(text, fields));
    }

    pub(super) fn draw(self, findings: &[Diagnostic], sources: &[SourceFile]) {
        self.progress.hidden(|| self.terminal.draw(findings, sources));
    }

    /// A line that is no event; with `--strict` it is the last one.
    fn reject(self, reject: &Reject, counts: &mut Counts) -> ControlFlow<()> {
        let flow = self.shared.reject(reject);
        counts.reject(reject, self.args.matching.strict, |text| self.error(text));
        if counts.is_strict() { ControlFlow::Break(()) } else { flow }
    }

    /// An input that breaks off is said at once; the others go on.
    fn broken(self, error: &Error, counts: &mut Counts) -> ControlFlow<()> {
        // What was read before a signal is judged; nothing broke off.
        if self.interrupt.exit().is_none() {
            self.error(&error.to_string());
            counts.failed = true;
        }
        ControlFlow::Continue(())
    }

    /// An input that is not waited for is said once.
    fn idle(self, name: String, counts: &mut Counts) -> ControlFlow<()> {
        // Of files that are read as they grow most say nothing most of the time.
        if counts.silent.insert(name.clone()) && !self.args.matching.follow {
            let text =
                format!("`{name}` says nothing; the others go on, and its next events may be too late");
            self.note(&text, &[("input", name.into())]);
        }
        ControlFlow::Continue(())
    }

    fn ended<'n>(
        self,
        mut counts: Counts,
        notes: impl Iterator<Item = (&'n str, &'n str)>,
        stats: Stats,
    ) -> Counts {
        counts.notes = notes.map(|(name, note)| format!("`{name}`: {note}")).collect();
        counts.stats = stats;
        counts.alerts = self.shared.alerts();
        counts.shadow = self.shared.shadow_alerts();
        counts
    }
}
