//! What the engine takes for what it holds, in bytes, told from the structures that hold it.

use super::chain::Link;
use super::table::Entry;
use super::timers::Timers;
use super::{gate, queue, runs, shared, windows};
use crate::event::{Held, Value};
use crate::plan::{Body, Suppress};
use crate::program::{Compiled, Form, Program};

/// What a rule takes for each key that holds something, in bytes. Text counts as far as it lies in its value; what is
/// longer comes on top, once for each event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Footprint {
    /// For the key, with room for the first four starts or events, but without them.
    pub key: usize,
    /// For each start with its first event. In a window every event is one.
    pub start: usize,
    /// For each further event that a start binds.
    pub event: usize,
}

/// What a form takes of its own: for the state of one key, for a start, and for an event that is bound, without the event.
pub(super) struct Sizes {
    pub(super) key: usize,
    pub(super) start: usize,
    pub(super) event: usize,
}

impl Footprint {
    /// What a rule takes; `None` if it holds nothing.
    pub fn of(program: &Program, rule: &Compiled) -> Option<Footprint> {
        let sizes = match rule.form {
            Form::Stateless => return None,
            Form::Queue => queue::sizes(rule),
            Form::Shared => shared::sizes(rule),
            Form::Runs => runs::sizes(matches!(program.plan().rules.get(rule.rule)?.body, Body::Event(_))),
            Form::Window => windows::sizes(rule),
        };
        let held = held(program, rule);
        let lags = rule.lagging.len() * held;
        let key =
            block(size_of::<Entry>()) + slot(size_of::<usize>()) + slot(Timers::SIZE) + sizes.key + lags;
        Some(Footprint { key, start: sizes.start + sizes.event + held, event: sizes.event + held })
    }

    /// What an alert that came out takes as long as `suppress` holds back those like it.
    pub fn of_alert(suppress: &Suppress) -> usize {
        gate::size(suppress)
    }
}

/// An event that is bound, the largest of those that the rule binds.
fn held(program: &Program, rule: &Compiled) -> usize {
    let kinds = rule.steps.iter().flat_map(|step| match &step.kinds {
        Some(kinds) => kinds.iter().map(|kind| Some(*kind)).collect(),
        None => vec![None],
    });
    let fields = kinds.map(|kind| program.held(kind).len()).max().unwrap_or(0);
    shared_block(size_of::<Held>()) + block(fields * size_of::<Value>())
}

/// What an allocation takes of this size.
pub(super) const fn block(size: usize) -> usize {
    size.next_multiple_of(16)
}

/// The same behind a counted reference.
pub(super) const fn shared_block(size: usize) -> usize {
    block(size + 2 * size_of::<usize>())
}

/// A place in a list that grows: it has half as much room again as it needs, on the average.
pub(super) const fn slot(size: usize) -> usize {
    size * 3 / 2
}

/// The room that a list has from its first item on.
pub(super) const fn room<T>() -> usize {
    block(4 * size_of::<T>())
}

/// An event in a chain of bound ones.
pub(super) const fn link() -> usize {
    shared_block(size_of::<Link>())
}
