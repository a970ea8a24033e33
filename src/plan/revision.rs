//! What an edit of a rule means for its partial matches.

use std::fmt;

use super::{Body, Expr, Item, Pattern, Policy, Rule, Sequence, Shape, Window};

/// How the new text of a rule goes on with the partial matches of the old one. An edit judges only the events after it:
/// what is bound stays bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revision {
    /// The text means the same as before.
    Same,
    /// The steps are the same, in the same combination: every partial match goes on where it is.
    Alike,
    /// The steps or how often they come are others: of each start the furthest partial match goes on, if what it has bound
    /// is a beginning of the new pattern too.
    Reshaped,
    /// Nothing goes on.
    Fresh(Difference),
}

/// Why nothing of a rule goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// It was an `event`, a `sequence` or a `window` and is another of these.
    Kind,
    /// It goes by other keys.
    Key,
    /// Other matches are reported.
    Policy,
    /// They are reported at other times.
    Report,
    /// Other events are looked at together.
    Window,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Difference::Kind => "it is another kind of rule",
            Difference::Key => "it goes by another key",
            Difference::Policy => "it has another `matches`",
            Difference::Report => "`emit final` has come or gone",
            Difference::Window => "its window has another shape",
        })
    }
}

impl Revision {
    /// What the edit of a rule to another means. Both run.
    pub fn of(old: &Rule, new: &Rule) -> Revision {
        if old.canonical == new.canonical {
            return Revision::Same;
        }
        let fresh = match (&old.body, &new.body) {
            _ if keys(old) != keys(new) => Some(Difference::Key),
            (Body::Event(_), Body::Event(_)) => None,
            (Body::Sequence(old), Body::Sequence(new)) => of_sequences(old, new),
            (Body::Window(old), Body::Window(new)) => of_windows(old, new),
            _ => Some(Difference::Kind),
        };
        match fresh {
            Some(difference) => Revision::Fresh(difference),
            None if is_alike(old.pattern(), new.pattern()) => Revision::Alike,
            // Each place has the latest that came there: with other places that could not be said.
            None if is_latest(new) => Revision::Fresh(Difference::Policy),
            None => Revision::Reshaped,
        }
    }
}

fn of_sequences(old: &Sequence, new: &Sequence) -> Option<Difference> {
    let name = |sequence: &Sequence, policy: &Policy| match policy {
        Policy::ToFirst(slot) | Policy::ToLast(slot) => sequence.pattern.slot(*slot).name.clone(),
        _ => Default::default(),
    };
    let (policy, other) = (&old.policy, &new.policy);
    let same = std::mem::discriminant(policy) == std::mem::discriminant(other)
        && name(old, policy) == name(new, other);
    match () {
        () if !same => Some(Difference::Policy),
        () if old.report != new.report => Some(Difference::Report),
        () => None,
    }
}

fn of_windows(old: &Window, new: &Window) -> Option<Difference> {
    let goes_on = match (&old.shape, &new.shape) {
        (Shape::Sliding(_), Shape::Sliding(_)) | (Shape::Count(_), Shape::Count(_)) => true,
        (old, new) => old == new,
    };
    (!goes_on).then_some(Difference::Window)
}

fn is_latest(rule: &Rule) -> bool {
    matches!(&rule.body, Body::Sequence(sequence) if sequence.policy == Policy::Latest)
}

/// The keys of the rule, and those that steps of a name have for their own. Values that only compare equal make different
/// keys.
fn keys(rule: &Rule) -> String {
    let key: Vec<&Expr> = rule.key().iter().map(|(_, expr)| expr).collect();
    let pattern = rule.pattern();
    let own =
        pattern.steps.iter().filter_map(|step| Some((&pattern.slot(step.slot).name, step.key.as_ref()?)));
    let mut own: Vec<String> = own.map(|(name, key)| format!("{name}: {key:?}")).collect();
    own.sort();
    format!("{key:?} {own:?}")
}

/// Whether two patterns have the same steps by name, as often, combined in the same way: then all their ids agree.
fn is_alike(old: &Pattern, new: &Pattern) -> bool {
    let names = |pattern: &Pattern| -> Vec<_> {
        pattern.steps.iter().map(|step| (pattern.slot(step.slot).name.clone(), step.repeat)).collect()
    };
    let groups = |pattern: &Pattern| -> Vec<_> { pattern.groups.iter().map(|group| group.repeat).collect() };
    let inside = old.groups.iter().zip(&new.groups);
    names(old) == names(new)
        && groups(old) == groups(new)
        && old.cancel == new.cancel
        && same_items(&old.items, &new.items)
        && inside.into_iter().all(|(old, new)| same_items(&old.items, &new.items))
}

fn same_items(old: &[Item], new: &[Item]) -> bool {
    let lists = |old: &[Vec<Item>], new: &[Vec<Item>]| {
        old.len() == new.len() && old.iter().zip(new).all(|(old, new)| same_items(old, new))
    };
    old.len() == new.len()
        && old.iter().zip(new).all(|pair| match pair {
            (Item::Step(old), Item::Step(new)) | (Item::Absence(old), Item::Absence(new)) => old == new,
            (Item::Group(old), Item::Group(new)) => old == new,
            (Item::Either(old), Item::Either(new)) => lists(old, new),
            (Item::Of { take, members }, Item::Of { take: other, members: others }) => {
                take == other && lists(members, others)
            }
            _ => false,
        })
}
