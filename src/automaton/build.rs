//! From a pattern to its automaton: a walk from each position over everything that can come next.

use std::fmt;
use std::rc::Rc;

use indexmap::IndexSet;

use super::frame::{Block, Frame, Layout};
use super::path::{Path, at_least, at_most_zero, below, fresh, running};
use super::registers::{Count, Guard, Update};
use super::{Absence, Automaton, Began, Edge};
use crate::id::{GroupId, StepId};
use crate::plan::{Item, Pattern};

/// A pattern has more edges than its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge {
    /// How many there may be.
    pub limit: usize,
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the pattern has more than {} ways from step to step, which is the limit", self.limit)
    }
}

impl std::error::Error for TooLarge {}

pub(super) fn automaton(pattern: &Pattern, limit: usize) -> Result<Automaton, TooLarge> {
    let layout = Layout::new(pattern);
    let whole = then(Todo::Items(&pattern.items), &None);
    let mut walk = Walk {
        pattern,
        layout: &layout,
        edges: IndexSet::default(),
        met: IndexSet::default(),
        alive: Vec::new(),
        passed: 0,
        limit,
    };
    let start = walk.from(&whole, Path::default())?;
    let mut positions = Vec::with_capacity(pattern.steps.len());
    for (index, place) in layout.places.iter().enumerate() {
        positions.push(match StepId::new(index).filter(|_| !place.is_empty()) {
            Some(step) => {
                let (rest, path) = behind(&layout, step, place);
                walk.from(&rest, path)?
            }
            None => Vec::new(),
        });
    }
    Ok(Automaton { registers: layout.registers, start, positions })
}

/// What is still to be done, the nearest first.
type Rest<'p> = Option<Rc<Node<'p>>>;

struct Node<'p> {
    todo: Todo<'p>,
    next: Rest<'p>,
}

/// One thing to be done.
#[derive(Clone)]
enum Todo<'p> {
    /// These items in order.
    Items(&'p [Item]),
    /// A step that has bound an event.
    Loop(StepId),
    /// The end of an iteration that has bound an event before this walk.
    EndIteration(GroupId),
    /// The end of an iteration that began on this walk, when so many were complete.
    EndEmpty(GroupId, Rounds),
    /// The members of a block that have not begun.
    Members {
        block: Block<'p>,
        /// Whether the registers hold some that have begun; else it was entered on this walk.
        entered_before: bool,
        /// Those that began on this walk, ascending.
        begun: Vec<usize>,
    },
    /// Nothing: here the branches of an `either` come together.
    Meet,
}

/// How many iterations of a group are complete.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rounds {
    None,
    /// One more than the register says. Where the quantifier needs no register one is as good as many.
    OneMore,
}

/// What is to be done behind a step that has just bound an event, and the iterations that run there.
fn behind<'p>(layout: &Layout<'p>, step: StepId, place: &[Frame<'p>]) -> (Rest<'p>, Path) {
    let (mut rest, mut path) = (None, Path::default());
    for frame in place {
        let todo = match frame {
            Frame::Items(items) => Todo::Items(items),
            Frame::Group(group) => {
                path.scopes.extend(layout.began(*group).map(|register| (*group, Began::At(register))));
                Todo::EndIteration(*group)
            }
            Frame::Member(block) => Todo::Members { block: *block, entered_before: true, begun: Vec::new() },
        };
        rest = then(todo, &rest);
    }
    (then(Todo::Loop(step), &rest), path)
}

fn then<'p>(todo: Todo<'p>, next: &Rest<'p>) -> Rest<'p> {
    Some(Rc::new(Node { todo, next: next.clone() }))
}

struct Walk<'p, 'l> {
    pattern: &'p Pattern,
    layout: &'l Layout<'p>,
    edges: IndexSet<Edge, foldhash::fast::FixedState>,
    /// Where ways met that had parted: what lies behind is the same for each, and the first to come is preferred.
    met: IndexSet<(usize, Vec<usize>, Path), foldhash::fast::FixedState>,
    alive: Vec<Rc<Node<'p>>>,
    /// Edges and meetings in all.
    passed: usize,
    limit: usize,
}

type Walked = Result<(), TooLarge>;

impl<'p> Walk<'p, '_> {
    /// The edges out of a place.
    fn from(&mut self, rest: &Rest<'p>, path: Path) -> Result<Vec<Edge>, TooLarge> {
        self.met.clear();
        self.alive.clear();
        self.go(rest, path)?;
        Ok(std::mem::take(&mut self.edges).into_iter().collect())
    }

    fn go(&mut self, rest: &Rest<'p>, path: Path) -> Walked {
        let Some(node) = rest else { return self.edge(None, rest, path) };
        match &node.todo {
            Todo::Meet => match self.meets(node, &path)? {
                true => Ok(()),
                false => self.go(&node.next, path),
            },
            Todo::Items([]) => self.go(&node.next, path),
            Todo::Items([item, others @ ..]) => self.item(item, &then(Todo::Items(others), &node.next), path),
            Todo::Loop(step) => self.step(*step, true, &node.next, path),
            // An iteration that took no event counts only where one is still needed; then the others that are needed
            // take none either, or they would be this one.
            Todo::EndEmpty(group, rounds) => {
                match self.fewer(*group, *rounds, self.pattern.group(*group).repeat.min) {
                    Some(guards) => self.go(&node.next, path.with(guards)),
                    None => Ok(()),
                }
            }
            Todo::EndIteration(group) => self.group(*group, Rounds::OneMore, &node.next, path),
            Todo::Members { block, entered_before, begun } => match self.meets(node, &path)? {
                true => Ok(()),
                false => self.members(*block, *entered_before, begun, &node.next, path),
            },
        }
    }

    fn item(&mut self, item: &'p Item, next: &Rest<'p>, mut path: Path) -> Walked {
        match item {
            Item::Step(step) => self.step(*step, false, next, path),
            Item::Absence(step) => {
                let scopes = running(&path.scopes, &around(next));
                path.absences.push(Absence { step: *step, scopes });
                self.go(next, path)
            }
            Item::Group(group) => self.group(*group, Rounds::None, next, path),
            Item::Either(branches) => {
                let next = then(Todo::Meet, next);
                branches.iter().try_for_each(|items| self.go(&then(Todo::Items(items), &next), path.clone()))
            }
            Item::Of { take, members } => match self.layout.block(*take, members) {
                Some(block) => self.members(block, false, &[], next, path),
                None => self.go(next, path),
            },
        }
    }

    /// A step once more, or go on; a greedy loop prefers once more. `looping` says that it has bound an event, and its
    /// register how many; else it has bound none.
    fn step(&mut self, step: StepId, looping: bool, next: &Rest<'p>, path: Path) -> Walked {
        let repeat = self.pattern.step(step).repeat;
        let register = self.layout.count(step);
        let (more, leave) = match looping {
            true => (below(register, 1, repeat.max), at_least(register, 1, repeat.min)),
            false => (at_most_zero(repeat), (repeat.min == 0).then(Vec::new)),
        };
        let update = if looping { Update::Add } else { Update::Set(1) };
        let updates = register.map(|register| (register, update));
        self.either_way(repeat.greedy, more, leave, path, |walk, once_more, path| match once_more {
            true => {
                let mut path = path;
                path.updates.extend(updates);
                walk.edge(Some(step), next, path)
            }
            false => walk.go(next, path),
        })
    }

    /// A group once more, or go on; a greedy one prefers once more.
    fn group(&mut self, group: GroupId, rounds: Rounds, next: &Rest<'p>, path: Path) -> Walked {
        let repeat = self.pattern.group(group).repeat;
        let more = match repeat.max {
            None => Some(Vec::new()),
            Some(max) => self.fewer(group, rounds, max),
        };
        let leave = match rounds {
            Rounds::None => (repeat.min == 0).then(Vec::new),
            Rounds::OneMore => at_least(self.layout.rounds(group), 0, repeat.min.saturating_sub(1)),
        };
        self.either_way(repeat.greedy, more, leave, path, |walk, once_more, path| match once_more {
            true => walk.iteration(group, rounds, next, path),
            false => walk.go(next, path),
        })
    }

    /// Enters an iteration of a group.
    fn iteration(&mut self, group: GroupId, rounds: Rounds, next: &Rest<'p>, mut path: Path) -> Walked {
        let counted = self.layout.rounds(group);
        let update = if rounds == Rounds::None { Update::Set(0) } else { Update::Add };
        path.updates.extend(counted.map(|register| (register, update)));
        path.updates.extend(self.layout.began(group).map(|register| (register, Update::Here)));
        path.scopes.retain(|(other, _)| *other != group);
        path.scopes.push((group, Began::Here));
        let end = then(Todo::EndEmpty(group, rounds), next);
        self.go(&then(Todo::Items(&self.pattern.group(group).items), &end), path)
    }

    /// When fewer iterations than `bound` are complete; `None` is never.
    fn fewer(&self, group: GroupId, rounds: Rounds, bound: u32) -> Option<Vec<Guard>> {
        match rounds {
            Rounds::None => (bound > 0).then(Vec::new),
            Rounds::OneMore => {
                let register = self.layout.rounds(group);
                (bound > 1)
                    .then(|| register.map(|register| Guard::Below(register, bound - 1)).into_iter().collect())
            }
        }
    }

    /// One of the members that have not begun, then the others; members do not interleave. With enough of them go on.
    fn members(
        &mut self,
        block: Block<'p>,
        entered_before: bool,
        begun: &[usize],
        next: &Rest<'p>,
        path: Path,
    ) -> Walked {
        let missing = block.take.saturating_sub(begun.len() as u32);
        let of_registers = |count| Guard::Members { first: block.first, words: block.words(), count };
        let (enough, too_few) = match entered_before {
            true => (
                Some(vec![of_registers(Count::Is(missing))]),
                (missing > 0).then(|| vec![of_registers(Count::Below(missing))]),
            ),
            false => ((missing == 0).then(Vec::new), (missing > 0).then(Vec::new)),
        };
        if let Some(guards) = enough {
            self.go(next, path.clone().with(guards))?;
        }
        let Some(guards) = too_few else { return Ok(()) };
        let path = path.with(guards);
        for (member, items) in block.members.iter().enumerate().filter(|(member, _)| !begun.contains(member))
        {
            let mut begun = begun.to_vec();
            begun.insert(begun.partition_point(|other| *other < member), member);
            let mut path = path.clone();
            let (register, bit) = block.bit(member);
            if entered_before {
                path.guards.insert(Guard::Clear(register, bit));
                path.mark(register, bit);
            } else {
                path.updates.extend(fresh(&block, &begun));
            }
            let others = then(Todo::Members { block, entered_before, begun }, next);
            self.go(&then(Todo::Items(items), &others), path)?;
        }
        Ok(())
    }

    /// Takes both of two ways where their guards can hold, the one that is preferred first.
    fn either_way(
        &mut self,
        more_first: bool,
        more: Option<Vec<Guard>>,
        leave: Option<Vec<Guard>>,
        path: Path,
        mut take: impl FnMut(&mut Self, bool, Path) -> Walked,
    ) -> Walked {
        let mut ways = [(true, more), (false, leave)];
        if !more_first {
            ways.reverse();
        }
        for (once_more, guards) in ways {
            if let Some(guards) = guards {
                take(self, once_more, path.clone().with(guards))?;
            }
        }
        Ok(())
    }

    /// Whether a way has come to this place before with as much behind it. A place in a block is told by what lies
    /// behind the block and by its members.
    fn meets(&mut self, node: &Rc<Node<'p>>, path: &Path) -> Result<bool, TooLarge> {
        self.pass()?;
        let (place, members) = match &node.todo {
            Todo::Members { block, entered_before, begun } => {
                let told = [block.first.index(), usize::from(*entered_before)];
                (node.next.clone(), told.into_iter().chain(begun.iter().copied()).collect())
            }
            _ => (Some(Rc::clone(node)), Vec::new()),
        };
        let address = place.as_ref().map_or(0, |node| Rc::as_ptr(node) as usize);
        let new = self.met.insert((address, members, path.clone()));
        // An address tells a place only as long as nothing else can come to lie there.
        self.alive.extend(place.filter(|_| new));
        Ok(!new)
    }

    fn pass(&mut self) -> Walked {
        self.passed += 1;
        if self.passed > self.limit { Err(TooLarge { limit: self.limit }) } else { Ok(()) }
    }

    fn edge(&mut self, target: Option<StepId>, rest: &Rest<'p>, path: Path) -> Walked {
        self.pass()?;
        let Path { guards, updates, absences, scopes } = path;
        let groups = around(rest);
        let scopes = running(&scopes, &groups);
        let (guards, updates) = (guards.into_iter().collect(), updates.into_iter().collect());
        // The same way a second time can do nothing that the first, which is preferred, has not done.
        self.edges.insert(Edge { target, guards, updates, absences, scopes, groups });
        Ok(())
    }
}

/// The groups that a place lies in, the innermost first.
fn around(rest: &Rest<'_>) -> Vec<GroupId> {
    let nodes = std::iter::successors(rest.as_ref(), |node| node.next.as_ref());
    let groups = nodes.filter_map(|node| match node.todo {
        Todo::EndIteration(group) | Todo::EndEmpty(group, _) => Some(group),
        _ => None,
    });
    groups.collect()
}
