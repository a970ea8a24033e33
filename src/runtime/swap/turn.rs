//! What is kept of bound events, as another program keeps it.
//!
//! An event is kept by the numbers of fields, of which another program may have others, and of a type as much is kept as
//! any rule asks of it. So also what a rule holds that stays as it is may have to be turned; mostly it has not.

use std::sync::Arc;

use compact_str::CompactString;
use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::event::Held;
use crate::id::FieldId;
use crate::program::{Compiled, Program};
use crate::runtime::chain::Link;

/// What was kept of events by one program, to be kept by another.
#[derive(Debug)]
pub(in crate::runtime) struct Turn<'p> {
    program: &'p Program,
    /// By the types that either of them names.
    kinds: HashMap<CompactString, Change, FixedState>,
    /// Of all others.
    unnamed: Change,
    /// What several hold, by where it lay: as it was, so that nothing else comes to lie there, and as it is.
    events: HashMap<*const Held, (Arc<Held>, Arc<Held>), FixedState>,
    links: HashMap<*const Link, (Arc<Link>, Arc<Link>), FixedState>,
}

/// What is kept of events of a type.
#[derive(Debug)]
struct Change {
    columns: Arc<[FieldId]>,
    /// For each of the columns which one it was.
    from: Vec<Option<usize>>,
    /// Whether they are as they were.
    is_none: bool,
}

impl Change {
    fn new(before: &Program, program: &Program, kind: Option<&CompactString>) -> Self {
        let of = |program: &Program| {
            Arc::clone(program.held(kind.and_then(|kind| program.kinds().get_index_of(kind))))
        };
        let (old, columns) = (of(before), of(program));
        let from = |column: &FieldId| {
            let field = before.fields().find(program.fields().path(*column))?;
            old.binary_search(&field).ok()
        };
        let from: Vec<Option<usize>> = columns.iter().map(from).collect();
        let is_none = old == columns && (0..).zip(&from).all(|(at, from)| *from == Some(at));
        Change { columns, from, is_none }
    }
}

impl<'p> Turn<'p> {
    pub(super) fn new(before: &Program, program: &'p Program) -> Self {
        let kinds = before.kinds().iter().chain(program.kinds());
        let kinds = kinds.map(|kind| (kind.clone(), Change::new(before, program, Some(kind))));
        Turn {
            program,
            kinds: kinds.collect(),
            unnamed: Change::new(before, program, None),
            events: HashMap::default(),
            links: HashMap::default(),
        }
    }

    /// Whether anything changes of what is kept of any events.
    pub(super) fn is_any(&self) -> bool {
        self.kinds.values().chain([&self.unnamed]).any(|change| !change.is_none)
    }

    /// Whether anything changes of what is kept of the events that a rule of a program binds.
    pub(super) fn concerns(&self, program: &Program, rule: &Compiled) -> bool {
        let of = |kind: &usize| {
            let kind = program.kinds().get_index(*kind);
            !self.change(kind.map(CompactString::as_str)).is_none
        };
        rule.steps
            .iter()
            .any(|step| step.kinds.as_ref().map_or_else(|| self.is_any(), |kinds| kinds.iter().any(of)))
    }

    /// Turns an event; says whether it weighs something else now.
    pub(in crate::runtime) fn held(&mut self, held: &mut Arc<Held>) -> bool {
        let kind = held.stamp().kind.as_deref();
        let Change { columns, from, is_none } =
            kind.and_then(|kind| self.kinds.get(kind)).unwrap_or(&self.unnamed);
        if *is_none {
            return false;
        }
        let (fields, before) = (self.program.fields(), held.weight());
        if let Some(own) = Arc::get_mut(held) {
            own.turn_to(columns, from, fields);
        } else {
            let place = Arc::as_ptr(held);
            let (_, turned) = self.events.entry(place).or_insert_with(|| {
                let mut turned = Held::clone(held);
                turned.turn_to(columns, from, fields);
                (Arc::clone(held), Arc::new(turned))
            });
            *held = Arc::clone(turned);
        }
        held.weight() != before
    }

    /// Turns a list.
    pub(in crate::runtime) fn chain(&mut self, chain: &mut Arc<Link>) {
        // Mostly nobody shares it, and it is short.
        if let Some(link) = Arc::get_mut(chain).filter(|link| link.before.is_none()) {
            self.held(&mut link.event);
            link.weight = link.event.weight();
            return;
        }
        let (mut new, mut at) = (Vec::new(), Some(&*chain));
        while let Some(link) = at.filter(|link| !self.links.contains_key(&Arc::as_ptr(link))) {
            new.push(Arc::clone(link));
            at = link.before.as_ref();
        }
        let mut turned =
            at.and_then(|link| self.links.get(&Arc::as_ptr(link))).map(|(_, turned)| Arc::clone(turned));
        for link in new.into_iter().rev() {
            let mut event = Arc::clone(&link.event);
            self.held(&mut event);
            let next = Link::new(turned, event, link.step, link.slot, link.seq);
            self.links.insert(Arc::as_ptr(&link), (link, Arc::clone(&next)));
            turned = Some(next);
        }
        turned.into_iter().for_each(|turned| *chain = turned);
    }

    /// Forgets what several hold: what comes next holds nothing of it.
    pub(super) fn forget(&mut self) {
        forget(&mut self.links);
        forget(&mut self.events);
    }

    fn change(&self, kind: Option<&str>) -> &Change {
        kind.and_then(|kind| self.kinds.get(kind)).unwrap_or(&self.unnamed)
    }
}

fn forget<T>(known: &mut HashMap<*const T, (Arc<T>, Arc<T>), FixedState>) {
    // To clear a table costs as much as it has room: after a large one another is cheaper.
    const MANY: usize = 256;
    if known.capacity() > MANY { *known = HashMap::default() } else { known.clear() }
}
