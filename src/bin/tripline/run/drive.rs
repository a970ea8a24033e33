//! What is read goes through an engine.

use std::ops::ControlFlow;
use std::sync::Arc;

use tripline::diagnostic::Diagnostic;
use tripline::io::{Error, Input, Inputs, Item, Merge, Reject};
use tripline::pipeline::{Flow, Portion, Shards, Workers};
use tripline::reference::Reference;
use tripline::{AtEnd, Duration, EngineOptions, Program, SourceFile, Stats};

use super::interrupt::Interrupt;
use super::live::Live;
use super::output::Shared;
use super::progress::Progress;
use super::summary::{Counts, Kept};
use super::{Args, End};
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

impl Drive<'_> {
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
    pub(super) fn fast(self, mut flow: Flow, workers: &Arc<Workers>, mut live: Live<'_>) -> Counts {
        let mut counts = self.counts();
        let mut engines = Shards::new(self.program, &self.options(), workers);
        let mut sink = self.shared.clone();
        while let Some(portion) = flow.next() {
            live.works();
            let goes_on = match portion {
                Portion::Rows(runs) => {
                    runs.iter().for_each(|run| counts.see_rows(run));
                    live.clock.iter_mut().for_each(|clock| clock.hear(counts.newest));
                    engines.push(&runs, &mut sink)
                }
                Portion::Reject(reject) => self.reject(&reject, &mut counts),
                Portion::Broken(error) => self.broken(&error, &mut counts),
                Portion::Idle(name) => self.idle(name, &mut counts),
                Portion::Quiet => live.quiet(self, &mut engines, &mut sink),
            };
            match goes_on {
                ControlFlow::Break(()) if counts.is_strict() => break,
                ControlFlow::Break(()) => return counts,
                ControlFlow::Continue(()) => {}
            }
            live.turn(self, (&mut flow, &mut engines), &mut counts, &mut sink);
        }
        live.ends();
        // A sink that says stop has remembered why.
        let _ = engines.finish(self.at_end(), &mut sink);
        self.ended(counts, flow.notes(), engines.stats())
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

    fn options(self) -> EngineOptions {
        EngineOptions { lateness: self.lateness() }
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
