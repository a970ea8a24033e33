//! `on timeout`: the starts that expire.

use tripline::StepId;
use tripline::plan::{Policy, Report};

use super::Partition;
use super::derive::{Bound, Course, Moment};
use super::lives::Instant;
use super::policy::Won;

/// A start that expired.
pub struct Expiry {
    pub at: Moment,
    /// Its furthest partial match.
    pub bound: Vec<Bound>,
    /// The bound that ended it, by its step; `None` is the rule's.
    pub by: Option<StepId>,
}

/// A derivation of a start on its way, and how it ended.
struct Line<'c> {
    bound: &'c [Bound],
    preference: usize,
    end: Option<Instant>,
    expired: Option<Option<StepId>>,
}

/// The starts of which time ends the last partial match before any is reported.
pub fn timeouts(partition: &Partition, after: Option<StepId>, course: &Course, won: &[Won]) -> Vec<Expiry> {
    let starts = 0..partition.events.len();
    let expired = starts.filter_map(|start| expiry(partition, start, course, won));
    // At least the step: it, or one that stands behind it in the text.
    expired.filter(|e| after.is_none_or(|step| e.bound.iter().any(|b| b.step >= step))).collect()
}

fn expiry(partition: &Partition, start: usize, course: &Course, won: &[Won]) -> Option<Expiry> {
    let lines = lines(partition, start, course, won);
    let ends: Option<Vec<Instant>> = lines.iter().map(|line| line.end).collect();
    let last = ends?.into_iter().max()?;
    let all = matches!(partition.sequence.policy, Policy::All { .. });
    let matched = course.derivations.iter().any(|d| d.start() == start && d.end <= last.moment);
    if all && partition.sequence.report == Report::First && matched {
        return None;
    }
    let expired = || lines.iter().filter(|line| line.expired.is_some());
    expired().find(|line| line.end == Some(last))?;
    let furthest = expired().max_by_key(|line| {
        let step = line.bound.iter().map(|b| b.step).max();
        (step, line.bound.len(), line.end, std::cmp::Reverse(line.preference))
    })?;
    Some(Expiry { at: last.moment, bound: furthest.bound.to_vec(), by: furthest.expired? })
}

/// Everything that a start had going, ended by what is reported if that comes first.
fn lines<'c>(partition: &Partition, start: usize, course: &'c Course, won: &[Won]) -> Vec<Line<'c>> {
    let waits = course.waits.iter().map(|wait| Line {
        bound: &wait.bound,
        preference: wait.preference,
        end: wait.end.as_ref().map(|end| Instant::of(end.at, start)),
        expired: wait.end.as_ref().and_then(|end| end.expired),
    });
    let complete = course.derivations.iter().map(|derivation| Line {
        bound: &derivation.bound,
        preference: derivation.preference,
        end: match partition.sequence.report {
            Report::First => Some(Instant::of(derivation.end, start)),
            Report::Final => derivation.cancelled.map(|at| Instant::of(at, start)),
        },
        expired: None,
    });
    let all = waits.chain(complete).filter(|line| line.bound[0].event == start);
    all.map(|line| cut(partition, line, won)).collect()
}

fn cut<'c>(partition: &Partition, line: Line<'c>, won: &[Won]) -> Line<'c> {
    let drops = won.iter().filter(|won| won.drops(partition, line.bound));
    let cut = drops.map(|won| Instant::of(won.at, won.derivation.start())).min();
    match cut {
        Some(at) if line.end.is_none_or(|end| at <= end) => Line { end: cut, expired: None, ..line },
        _ => line,
    }
}
