//! Another rule set while a run goes on: what is taken, and what is said of it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use serde_json::Value;
use tripline::{Program, Swapped};

use super::board::{Reloaded, wall};
use super::drive::Drive;
use super::watch::News;
use crate::cli::Stop;
use crate::plan::{self, Change};
use crate::rules::{Compiled, Origin};
use crate::terminal::counted;

/// The rule set that runs, and what comes to take over.
pub(super) struct Reloads {
    news: Receiver<News>,
    running: Ruling,
    /// The one that ran before.
    before: Option<Ruling>,
    /// Whether what was read last could not be taken.
    is_wrong: bool,
    /// Whether the one that runs was gone back to.
    is_back: bool,
    /// What is looked at before all that comes.
    first: Option<News>,
    /// What has come of those before.
    pub(super) counts: Reloaded,
}

/// A rule set, and what it was compiled from.
#[derive(Clone)]
pub(super) struct Ruling {
    pub(super) program: Arc<Program>,
    pub(super) origin: Arc<Origin>,
}

impl Ruling {
    pub(super) fn new(program: Program, origin: Origin) -> Self {
        Ruling { program: Arc::new(program), origin: Arc::new(origin) }
    }
}

impl Reloads {
    pub(super) fn new(news: Receiver<News>, running: Ruling) -> Self {
        Reloads {
            news,
            running,
            before: None,
            is_wrong: false,
            is_back: false,
            first: None,
            counts: Reloaded::default(),
        }
    }

    /// The rule set that takes over now, if there is one; [`take`](Reloads::take) has it take over.
    pub(super) fn next(&mut self, drive: Drive<'_>) -> Option<Ruling> {
        let mut next = None;
        while let Some(news) = self.first.take().or_else(|| self.news.try_recv().ok()) {
            match news {
                News::Rules(found) => {
                    // What was found wrong leaves what was found before it.
                    if let Some(ruling) = self.read(*found, next.as_ref(), drive) {
                        (next, self.is_back) = (Some(ruling), false);
                    }
                    self.counts.refused += u64::from(self.is_wrong);
                }
                News::Settings => drive.note(
                    "settings other than `param` and `allow-read` have changed; they hold from the next start on",
                    &[],
                ),
                News::Back if self.before.is_none() => {
                    drive.note("there is no rule set before this one to go back to", &[]);
                }
                News::Back => (next, self.is_back) = (self.before.clone(), true),
            }
        }
        next
    }

    /// Has rules looked at that were read before all that comes.
    pub(super) fn look_first_at(&mut self, found: Result<Compiled, Stop>) {
        self.first = Some(News::Rules(Box::new(found)));
    }

    /// The same, where another one ran before, and that which runs was gone back to or not.
    pub(super) fn behind(self, before: Option<Ruling>, is_back: bool) -> Self {
        Reloads { before, is_back, ..self }
    }

    /// Whether the rule set that takes over or runs was gone back to.
    pub(super) fn is_back(&self) -> bool {
        self.is_back
    }

    /// Says that it was, or not.
    pub(super) fn set_back(&mut self, is_back: bool) {
        self.is_back = is_back;
    }

    /// Whether there is nothing new in these contents of rule files: they are of what runs, or of what was gone back from.
    pub(super) fn knows(&self, contents: u128) -> bool {
        let gone_back_from = self.before.as_ref().filter(|_| self.is_back);
        let known = [Some(&self.running), gone_back_from];
        known.into_iter().flatten().any(|ruling| ruling.origin.contents == contents)
    }

    /// The rule set that ran before.
    pub(super) fn before(&self) -> Option<&Ruling> {
        self.before.as_ref()
    }

    /// The rule set that runs.
    pub(super) fn running(&self) -> &Ruling {
        &self.running
    }

    /// The rules that begin if this takes over.
    pub(super) fn beginning(&self, program: &Program) -> BTreeSet<String> {
        let changes = plan::changes(&self.running.program, program);
        changes.iter().filter_map(Change::begins).map(str::to_owned).collect()
    }

    /// Another rule set has taken over.
    pub(super) fn take(&mut self, next: Ruling) {
        self.counts = Reloaded { taken: self.counts.taken + 1, last: Some(wall()), ..self.counts };
        self.before = Some(std::mem::replace(&mut self.running, next));
    }

    /// What was read, if it can take over and is another one.
    fn read(
        &mut self,
        found: Result<Compiled, Stop>,
        next: Option<&Ruling>,
        drive: Drive<'_>,
    ) -> Option<Ruling> {
        let was_wrong = std::mem::replace(&mut self.is_wrong, true);
        let Compiled { sources, findings, program, origin, .. } = match found {
            Ok(compiled) => compiled,
            Err(stop) => {
                drive.error(&format!("{}; {STAY}", words(stop)));
                return None;
            }
        };
        let Some(program) = program else {
            let errors = counted(findings.iter().filter(|finding| finding.is_error()).count(), "error");
            drive.draw(&findings, &sources);
            drive.error(&format!("{errors} in the rules; {STAY}"));
            return None;
        };
        if program.rules().next().is_none() {
            drive.error(&format!("there is no rule any more; {STAY}"));
            return None;
        }
        self.is_wrong = false;
        if !findings.is_empty() {
            let count = findings.len();
            drive.note(&format!("{} in the rules", counted(count, "warning")), &[("warnings", count.into())]);
        }
        if next.unwrap_or(&self.running).origin.contents == origin.contents {
            let again = if was_wrong { "the rules are good again, and" } else { "rules read again:" };
            drive.note(&format!("{again} as those that run"), &[]);
            return None;
        }
        Some(Ruling::new(program, origin))
    }

    /// Says what became of the partial matches.
    pub(super) fn say(&self, swapped: &[Swapped], drive: Drive<'_>) {
        let Some(before) = &self.before else { return };
        let changes = plan::changes(&before.program, &self.running.program);
        let same = changes.iter().filter(|change| change.is_none()).count();
        let count = changes.len() - same;
        let changed = counted(count, "rule");
        let what = if self.is_back { "back to the rules before" } else { "rules reloaded" };
        let told = format!("{what}: {changed} changed, {same} as they were");
        drive.note(&told, &[("changed", count.into()), ("same", same.into())]);
        for change in changes.iter().filter(|change| !change.is_none()) {
            let counts = swapped.iter().find(|swapped| swapped.name == change.name);
            let told = format!("partial matches of `{}`: {}", change.name, text(change, counts));
            drive.note(&told, &fields(change, counts));
        }
    }
}

pub(super) const STAY: &str = "the rules that run stay as they are";

fn text(change: &Change<'_>, counts: Option<&Swapped>) -> String {
    let text = change.text();
    let Some(Swapped { kept, lost, lacking, .. }) = counts else { return text };
    let lacking = if *lacking > 0 { format!(" ({lacking} for want of a field)") } else { String::new() };
    format!("{text}; {kept} kept, {lost} lost{lacking}")
}

/// The same for programs.
fn fields(change: &Change<'_>, counts: Option<&Swapped>) -> Vec<(&'static str, Value)> {
    let counts = counts.map(|Swapped { kept, lost, lacking, .. }| {
        [("kept", (*kept).into()), ("lost", (*lost).into()), ("lacking", (*lacking).into())]
    });
    let rule = [("rule", Value::from(change.name))];
    rule.into_iter().chain(counts.into_iter().flatten()).collect()
}

fn words(stop: Stop) -> String {
    match stop {
        Stop::Failed(text) => text,
        Stop::Rules | Stop::ClosedPipe => "the rules cannot be read".to_owned(),
    }
}
