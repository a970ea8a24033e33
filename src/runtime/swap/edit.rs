//! What becomes of a rule and of what it holds.

use super::Turn;
use super::carry::Carry;
use crate::plan::{Pattern, Revision, Shape};
use crate::program::{Compiled, Form, KeptSince, Lack, Program, WindowCode};
use crate::stream::Swapped;
use crate::time::Timestamp;

/// A rule and what it becomes.
pub(super) struct Edit<'p> {
    pub(super) old: &'p Compiled,
    /// Its number now, and it.
    pub(super) new: Option<(u32, &'p Compiled)>,
    revision: Option<Revision>,
    /// Whether nothing is to be done at all: the rule has its old number, key space and depth too.
    pub(super) is_untouched: bool,
    /// Whether what goes on may hold events of types that the rule does not name any more.
    pub(super) strays: bool,
    pub(super) fate: Fate<'p>,
}

/// What becomes of what a rule holds.
pub(super) enum Fate<'p> {
    /// Nothing goes on.
    Lost,
    /// All of it stays as it is, but for what is kept of its events if that `turns`.
    Stays { turns: bool },
    /// It is told, carried over, and taken up again.
    Told {
        /// Whether in the form in which it is held; else one by one.
        in_form: bool,
        /// `None` if the text means the same.
        carry: Option<Carry<'p>>,
    },
}

impl<'p> Edit<'p> {
    /// What becomes of the rule of this number, which has strays maybe.
    pub(super) fn new(
        (before, old): (&'p Program, &'p Compiled),
        (at, had_strays): (u32, bool),
        program: &'p Program,
        since: &KeptSince,
        turn: &Turn<'_>,
        now: Timestamp,
    ) -> Self {
        let rules = program.compiled();
        let number = rules.binary_search_by(|new| new.info.name.cmp(&old.info.name)).ok();
        let new = number.and_then(|number| Some((u32::try_from(number).ok()?, rules.get(number)?)));
        let plan = |program: &'p Program, rule: &Compiled| program.plan().rules.get(rule.rule);
        let texts = new.and_then(|(_, new)| Some((new, plan(before, old)?, plan(program, new)?)));
        let revision = texts.map(|(_, old, new)| Revision::of(old, new));
        let strays = had_strays || new.is_some_and(|(_, new)| takes_less((before, old), (program, new)));
        let stays = |new: &Compiled| {
            // What a window adds up may be of a file, which may say something else now.
            let outside = new.window.as_ref().is_some_and(WindowCode::looks_outside);
            let turns = turn.concerns(before, old) || turn.concerns(program, new) || strays && turn.is_any();
            Fate::Stays { turns: outside || turns }
        };
        let fate = match texts.zip(revision) {
            None | Some((_, Revision::Fresh(_))) => Fate::Lost,
            Some(((new, ..), Revision::Same)) if new.form == old.form => stays(new),
            Some((_, Revision::Same)) => Fate::Told { in_form: false, carry: None },
            Some(((new, was, text), revision)) => {
                let lack = Lack::new(before, since, (program, text));
                let lacks = had_strays || lack.is_possible(was, text);
                if revision == Revision::Alike && !lacks && is_held_alike(old, new) {
                    stays(new)
                } else {
                    let patterns = (before.pattern_of(old), program.pattern_of(new));
                    told((old, new), patterns, revision, (lack, lacks), now)
                }
            }
        };
        let is_there = |(number, new): (u32, &Compiled)| {
            number == at && new.space == old.space && new.info.depth == old.info.depth
        };
        let is_untouched = matches!(fate, Fate::Stays { turns: false }) && new.is_some_and(is_there);
        Edit { old, new, revision, is_untouched, strays, fate }
    }

    /// That nothing was counted yet.
    pub(super) fn nothing_yet(&self) -> Swapped {
        Swapped { name: self.old.info.name.clone(), revision: self.revision, kept: 0, lost: 0, lacking: 0 }
    }

    /// The rule that goes on with what there is, if one does.
    pub(super) fn goes_on(&self) -> Option<(u32, &'p Compiled)> {
        self.new.filter(|_| !matches!(self.fate, Fate::Lost))
    }

    /// The number that the rule has now, if what it holds stays where it is.
    pub(super) fn stays(&self) -> Option<u32> {
        self.new.filter(|_| matches!(self.fate, Fate::Stays { .. })).map(|(number, _)| number)
    }
}

/// Whether there are types of events which the old text of a rule binds and the new one does not.
fn takes_less((before, old): (&Program, &Compiled), (program, new): (&Program, &Compiled)) -> bool {
    let takes = |kind: &str| {
        let kind = program.kinds().get_index_of(kind);
        new.steps.iter().any(|step| step.takes(kind))
    };
    let any = new.steps.iter().any(|step| step.kinds.is_none());
    let name = |kind: &usize| before.kinds().get_index(*kind);
    let all = |kinds: &Vec<usize>| kinds.iter().filter_map(name).all(|kind| takes(kind));
    !any && !old.steps.iter().all(|step| step.kinds.as_ref().is_some_and(all))
}

fn told<'p>(
    (old, new): (&'p Compiled, &'p Compiled),
    patterns: (&'p Pattern, &'p Pattern),
    revision: Revision,
    (lack, lacks): (Lack<'p>, bool),
    now: Timestamp,
) -> Fate<'p> {
    let goes_on_in_form =
        revision == Revision::Alike && new.form == old.form && !lacks && reads_alike(old, new);
    let in_form = goes_on_in_form || old.form == Form::Window;
    let carry = Carry::new((old, new), patterns, (lack, lacks), revision == Revision::Reshaped, now);
    Fate::Told { in_form, carry: Some(carry) }
}

/// Whether what was held under one text of a rule is what is held under another with the same steps: what is edited is
/// asked of events that come, or said of matches. Nothing of it ends by an edit that leaves all bounds as they are.
fn is_held_alike(old: &Compiled, new: &Compiled) -> bool {
    let bounds = |rule: &Compiled| -> Vec<_> {
        rule.steps.iter().map(|step| (step.mode, step.after, step.within)).collect()
    };
    let windows = match (&old.window, &new.window) {
        (None, None) => true,
        (Some(old), Some(new)) => {
            let gauges = old.gauges.iter().zip(&new.gauges);
            // That the condition was true of windows at regular times is forgotten by an edit where nothing is in them.
            old.shape == new.shape
                && !matches!(new.shape, Shape::Periodic { .. })
                && old.gauges.len() == new.gauges.len()
                && gauges.into_iter().all(|(old, new)| old.is_same(new))
        }
        _ => false,
    };
    let reached = |rule: &Compiled| rule.timeout.as_ref().map(|(after, _)| *after);
    old.form == new.form
        && old.automaton == new.automaton
        && old.within == new.within
        && old.forget == new.forget
        && bounds(old) == bounds(new)
        && old.observed == new.observed
        && reached(old) == reached(new)
        && old.stops == new.stops
        && old.judges_last() == new.judges_last()
        && old.places == new.places
        && old.lagging.is_empty()
        && new.lagging.is_empty()
        && windows
}

/// Whether what is told in common means the same: it says where events were taken, and whether one who has taken an event
/// waits on goes by the mode of the step.
fn reads_alike(old: &Compiled, new: &Compiled) -> bool {
    let modes = |rule: &Compiled| rule.steps.iter().map(|step| step.mode).collect::<Vec<_>>();
    old.form != Form::Shared || modes(old) == modes(new)
}
