//! What was before, for rules that begin: a history is judged without a word said of it, and what they have come to hold by it
//! goes on.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use tripline::io::{Error, Input, Inputs, Intake, ReadOptions, Tap};
use tripline::pipeline::{Flow, Portion, Run, Shards, Workers};
use tripline::{Alert, Duration, Event, Keep, Program, Sink, Timestamp};

use super::drive::Drive;
use super::live::{Live, Works};
use super::memory::Memory;
use crate::cli::Stop;
use crate::terminal::counted;

/// Where the history is, and how it is read.
pub(super) struct Backfill {
    pub(super) arguments: Vec<String>,
    pub(super) options: Arc<ReadOptions>,
    pub(super) keep: Keep,
    pub(super) chunk: usize,
    pub(super) workers: Arc<Workers>,
    /// Says when the run is to end.
    pub(super) tap: Tap,
}

/// A history that was judged.
pub(super) struct History {
    engines: Shards,
    /// The rules that take over what it has left.
    rules: BTreeSet<String>,
    events: u64,
    newest: Timestamp,
    heard: Heard,
    /// What is no event, and of what kind the first is.
    rejects: u64,
    first_reject: Option<String>,
    failed: Vec<String>,
}

/// Nobody is told what is found in a history.
#[derive(Default)]
struct Heard {
    alerts: u64,
    late: u64,
}

impl Sink for Heard {
    fn alert(&mut self, _: Alert) -> ControlFlow<()> {
        self.alerts += 1;
        ControlFlow::Continue(())
    }

    fn late(&mut self, _: Arc<Event>) -> ControlFlow<()> {
        self.late += 1;
        ControlFlow::Continue(())
    }
}

impl Backfill {
    /// Looks whether it is there.
    pub(super) fn check(&self) -> Result<(), Stop> {
        for input in &self.find()? {
            let name = &input.source().name;
            let what = match input.path() {
                Some(path) if path.is_file() => continue,
                Some(path) if !path.exists() => "there is no such file or folder",
                _ => "it has to be a file, because rules that begin later read it again",
            };
            return Err(Stop::Failed(format!("`{name}` cannot be a history (--backfill): {what}")));
        }
        Ok(())
    }

    fn find(&self) -> Result<Inputs, Error> {
        Inputs::find(&self.arguments, &self.options)
    }

    fn open(&self, input: &Input, program: &Arc<Program>) -> Result<Intake, Error> {
        let fields = program.fields();
        let mut intake = Intake::open(input, &self.options, fields, self.keep, self.chunk, &self.tap)?;
        intake.read_for(fields, &program.plan().schema);
        Ok(intake)
    }

    /// Judges what lies before a time, or all of it, for these rules. Nothing if the run is to end.
    fn judge(
        &self,
        program: &Arc<Program>,
        rules: BTreeSet<String>,
        until: Option<Timestamp>,
        drive: Drive<'_>,
        mut memory: Option<&mut Memory>,
        mut see: impl FnMut(&Run),
    ) -> Option<History> {
        let mut failed = Vec::new();
        let found = self.find().map_err(|error| failed.push(error.to_string()));
        let mut intakes = Vec::new();
        for opened in found.iter().flatten().map(|input| self.open(input, program)) {
            match opened {
                Ok(intake) => intakes.push(intake),
                Err(error) => failed.push(error.to_string()),
            }
        }
        let mut flow = Flow::new(intakes, program, &self.workers);
        flow.take_until(until.map(|until| until.before(MOMENT)));
        let mut history = History {
            engines: Shards::new(program, &drive.options(), &self.workers),
            rules,
            events: 0,
            newest: Timestamp::MIN,
            heard: Heard::default(),
            rejects: 0,
            first_reject: None,
            failed,
        };
        for portion in flow {
            history.take(portion, &mut see);
            if drive.interrupt.exit().is_some() {
                return None;
            }
            if let Some(memory) = memory.as_deref_mut() {
                memory.spare(&mut history.engines, &mut history.heard);
            }
        }
        Some(history)
    }
}

const MOMENT: Duration = Duration::from_nanos(1);

impl History {
    fn take(&mut self, portion: Portion, mut see: impl FnMut(&Run)) {
        match portion {
            Portion::Rows(runs) => {
                for run in &runs {
                    see(run);
                    self.events += run.rows.len() as u64;
                    let times = run.rows.clone().filter_map(|row| run.batch.row(row)).map(|row| row.time());
                    self.newest = times.max().unwrap_or(self.newest).max(self.newest);
                }
                // What only counts says no stop.
                let _: ControlFlow<()> = self.engines.push(&runs, &mut self.heard);
            }
            Portion::Reject(reject) => {
                self.rejects += 1;
                let told = || format!("`{}:{}`: {}", reject.source.name, reject.offset, reject.detail);
                self.first_reject.get_or_insert_with(told);
            }
            Portion::Broken(error) => self.failed.push(error.to_string()),
            // What lies behind is not history yet. No clock decides anything here.
            Portion::Ahead(..)
            | Portion::Idle(_)
            | Portion::Back(_)
            | Portion::Ended(_)
            | Portion::Reached
            | Portion::Quiet => {}
        }
    }

    /// Has time come to there.
    fn advance(&mut self, time: Timestamp) {
        // What only counts says no stop.
        let _: ControlFlow<()> = self.engines.advance(time, &mut self.heard);
    }

    /// Has engines that have judged up to there go on with what it has left, and says so.
    fn hand_over(self, whose: &str, engines: &mut Shards, drive: Drive<'_>) {
        let History { engines: own, rules, events, newest, heard, rejects, first_reject, failed } = self;
        failed.iter().for_each(|error| drive.error(&format!("the history is not complete: {error}")));
        let adopted = match engines.adopt(own, |rule| rules.contains(rule)) {
            Ok(adopted) => adopted,
            Err(error) => return drive.error(&format!("the history is of no use: {error}")),
        };
        let mut text = match events {
            0 => format!("history of {whose}: no events"),
            1 => format!("history of {whose}: 1 event at {newest}"),
            _ => format!("history of {whose}: {events} events up to {newest}"),
        };
        text +=
            &format!("; partial matches that go on: {adopted}, alerts that are not raised: {}", heard.alerts);
        if heard.late > 0 {
            text += &format!("; {} came too late and are left out", counted(heard.late as usize, "event"));
        }
        if let Some(first) = first_reject {
            text += &format!("; no events: {}, the first {first}", counted(rejects as usize, "line"));
        }
        let fields = [
            ("history_events", events.into()),
            ("adopted", adopted.into()),
            ("not_raised", heard.alerts.into()),
            ("history_late", heard.late.into()),
            ("history_rejects", rejects.into()),
        ];
        drive.note(&text, &fields);
    }
}

impl Live<'_> {
    /// Has all rules know of the history, where a run begins. Nothing of it comes again: what is as old is late.
    pub(super) fn warm_up(&mut self, drive: Drive<'_>, works: &mut Works<'_>) -> ControlFlow<()> {
        let Some(backfill) = self.backfill.as_ref().filter(|_| self.before.is_none()) else {
            return ControlFlow::Continue(());
        };
        let program = Arc::clone(works.engines.program());
        let rules = program.rules().map(|(_, rule)| rule.name.to_string()).collect();
        drive.note("reading the history first", &[]);
        let see = |run: &Run| works.counts.see_history(run);
        let Some(mut history) = backfill.judge(&program, rules, None, drive, self.memory.as_mut(), see)
        else {
            return ControlFlow::Break(());
        };
        if let Some(error) = history.failed.pop() {
            return works.sink.fail(Stop::Failed(format!("the history is not complete: {error}")));
        }
        if history.events > 0 {
            // What has a time is judged at once if nothing may come later, else when time has passed it.
            let is_in_order = drive.lateness() == Duration::ZERO;
            history.advance(if is_in_order { history.newest } else { history.newest.after(MOMENT) });
            works.engines.advance(history.engines.watermark(), works.sink)?;
        }
        history.hand_over("all rules", works.engines, drive);
        ControlFlow::Continue(())
    }

    /// The history of rules that begin with another rule set, up to where the run has come. Nothing if there is none or no such
    /// rule; breaks if the run is to end.
    pub(super) fn history(
        &mut self,
        program: &Arc<Program>,
        drive: Drive<'_>,
        works: &Works<'_>,
    ) -> ControlFlow<(), Option<History>> {
        let Some(backfill) = &self.backfill else { return ControlFlow::Continue(None) };
        let rules = self.reloads.as_ref().map(|reloads| reloads.beginning(program)).unwrap_or_default();
        if rules.is_empty() {
            return ControlFlow::Continue(None);
        }
        let until = works.engines.reached();
        match backfill.judge(program, rules, Some(until), drive, self.memory.as_mut(), |_| {}) {
            None => ControlFlow::Break(()),
            Some(mut history) => {
                history.advance(works.engines.watermark());
                ControlFlow::Continue(Some(history))
            }
        }
    }

    /// The rules that have begun go on with what was before.
    pub(super) fn remember(history: Option<History>, drive: Drive<'_>, works: &mut Works<'_>) {
        let Some(history) = history else { return };
        let names: Vec<String> = history.rules.iter().map(|rule| format!("`{rule}`")).collect();
        history.hand_over(&names.join(", "), works.engines, drive);
    }
}
