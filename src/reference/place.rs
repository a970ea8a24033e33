//! Where a derivation can go next.
//!
//! A place in a pattern is the list of what is still to be done (`Rest`). `ways` lists, the preferred first, every way
//! to go on from a place: each step that the next event may be for, and the end if nothing more is needed. On the way
//! to a step, loops may be left and optional parts skipped, absences gathered, branches and members chosen.

use std::sync::Arc;

use super::partial::{Iterations, Wait};
use crate::id::{GroupId, StepId};
use crate::plan::{Item, Pattern};

/// What is still to be done, the nearest first.
pub(super) type Rest = Option<Arc<Node>>;

/// One thing to be done and what comes after it.
#[derive(Clone, Debug)]
pub(super) struct Node {
    todo: Todo,
    next: Rest,
}

#[derive(Clone, Debug)]
enum Todo {
    /// Nothing: here the branches of an `either` come together.
    Meet,
    /// These items in order.
    Items(Arc<[Item]>, usize),
    /// A step that has bound this many events.
    Step(StepId, u32),
    /// A group that has completed this many iterations.
    Group(GroupId, u32),
    /// The end of the iteration after that many; it began with this many events bound.
    EndIteration { group: GroupId, done: u32, began: usize },
    /// This many more of the members that are left.
    Of { members: Arc<[Vec<Item>]>, left: Vec<usize>, take: u32 },
}

/// An absence on the way, with the iterations running where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pending {
    pub(super) step: StepId,
    pub(super) iterations: Iterations,
}

/// A way to go on.
#[derive(Clone, Debug)]
pub(super) enum Way {
    /// An event for a step is needed.
    Wait(Wait),
    /// Nothing more is needed but that these absences hold.
    End(Vec<Pending>),
}

/// The ways to go on from the beginning of a pattern.
pub(super) fn first_ways(pattern: &Pattern) -> Vec<Way> {
    let whole = then(Todo::Items(pattern.items.clone().into(), 0), &None);
    ways(pattern, &whole, 0, &Vec::new())
}

/// The ways to go on from a place where `bound` events are bound and these iterations run.
pub(super) fn ways(pattern: &Pattern, rest: &Rest, bound: usize, iterations: &Iterations) -> Vec<Way> {
    let mut walk = Walk { pattern, bound, seen: Vec::new(), ways: Vec::new() };
    walk.go(rest, Path { absences: Vec::new(), iterations: iterations.clone() });
    walk.ways
}

/// The groups that a place lies in, the innermost first.
pub(super) fn groups_around(rest: &Rest) -> impl Iterator<Item = GroupId> {
    std::iter::successors(rest.as_ref(), |node| node.next.as_ref()).filter_map(|node| match node.todo {
        Todo::EndIteration { group, .. } => Some(group),
        _ => None,
    })
}

fn then(todo: Todo, next: &Rest) -> Rest {
    Some(Arc::new(Node { todo, next: next.clone() }))
}

/// Whether two places are the same one: the same node, or the same members left of the same block.
fn same(one: &Rest, other: &Rest) -> bool {
    let (Some(one), Some(other)) = (one, other) else { return one.is_none() && other.is_none() };
    let blocks = match (&one.todo, &other.todo) {
        (Todo::Of { members, left, take }, Todo::Of { members: others, left: rest, take: more }) => {
            Arc::ptr_eq(members, others) && left == rest && take == more
        }
        _ => false,
    };
    Arc::ptr_eq(one, other) || blocks && same(&one.next, &other.next)
}

/// What was met on the way since the last event.
#[derive(Clone, PartialEq)]
struct Path {
    absences: Vec<Pending>,
    iterations: Iterations,
}

struct Walk<'p> {
    pattern: &'p Pattern,
    bound: usize,
    /// Where ways met that had parted: what lies behind is the same for each, and the first to come is preferred.
    seen: Vec<(Rest, Path)>,
    ways: Vec<Way>,
}

impl Walk<'_> {
    fn go(&mut self, rest: &Rest, path: Path) {
        let Some(node) = rest else { return self.ways.push(Way::End(path.absences)) };
        if matches!(node.todo, Todo::Meet | Todo::Of { .. }) {
            if self.seen.iter().any(|(other, way)| same(other, rest) && *way == path) {
                return;
            }
            self.seen.push((rest.clone(), path.clone()));
        }
        match &node.todo {
            Todo::Meet => self.go(&node.next, path),
            Todo::Items(items, at) => match items.get(*at) {
                Some(item) => self.item(item, &then(Todo::Items(items.clone(), at + 1), &node.next), path),
                None => self.go(&node.next, path),
            },
            Todo::Step(step, done) => self.step(*step, *done, &node.next, path),
            Todo::Group(group, done) => self.group(*group, *done, &node.next, path),
            // An iteration that took no event counts only where one is still needed; then the others that are needed
            // take none either, or they would be this one.
            Todo::EndIteration { group, done, began } if *began == self.bound => {
                if *done < self.pattern.group(*group).repeat.min {
                    self.go(&node.next, path);
                }
            }
            Todo::EndIteration { group, done, .. } => {
                self.go(&then(Todo::Group(*group, done + 1), &node.next), path)
            }
            Todo::Of { members, left, take } => self.members(members, left, *take, &node.next, path),
        }
    }

    fn item(&mut self, item: &Item, next: &Rest, mut path: Path) {
        match item {
            Item::Step(step) => self.step(*step, 0, next, path),
            Item::Absence(step) => {
                path.absences.push(Pending { step: *step, iterations: path.iterations.clone() });
                self.go(next, path);
            }
            Item::Group(group) => self.group(*group, 0, next, path),
            Item::Either(branches) => {
                let next = then(Todo::Meet, next);
                for items in branches {
                    self.items(items, &next, &path);
                }
            }
            Item::Of { take, members } => {
                self.members(
                    &members.clone().into(),
                    &(0..members.len()).collect::<Vec<_>>(),
                    *take,
                    next,
                    path,
                );
            }
        }
    }

    /// A step once more, or go on; a greedy loop prefers once more.
    fn step(&mut self, step: StepId, done: u32, next: &Rest, path: Path) {
        let repeat = self.pattern.step(step).repeat;
        let more = repeat.max.is_none_or(|max| done < max);
        let leave = done >= repeat.min;
        if leave && !repeat.greedy {
            self.go(next, path.clone());
        }
        if more {
            self.ways.push(Way::Wait(Wait {
                step,
                rest: then(Todo::Step(step, done + 1), next),
                absences: path.absences.clone(),
                iterations: path.iterations.clone(),
            }));
        }
        if leave && repeat.greedy {
            self.go(next, path);
        }
    }

    /// A group once more, or go on; a greedy one prefers once more.
    fn group(&mut self, group: GroupId, done: u32, next: &Rest, path: Path) {
        let plan = self.pattern.group(group);
        let more = plan.repeat.max.is_none_or(|max| done < max);
        let leave = done >= plan.repeat.min;
        if leave && !plan.repeat.greedy {
            self.go(next, path.clone());
        }
        if more {
            let mut inside = path.clone();
            inside.iterations.retain(|(g, _)| *g != group);
            inside.iterations.push((group, self.bound));
            let end = then(Todo::EndIteration { group, done, began: self.bound }, next);
            self.go(&then(Todo::Items(plan.items.clone().into(), 0), &end), inside);
        }
        if leave && plan.repeat.greedy {
            self.go(next, path);
        }
    }

    /// One of the members that are left, then the others; members do not interleave.
    fn members(&mut self, members: &Arc<[Vec<Item>]>, left: &[usize], take: u32, next: &Rest, path: Path) {
        if take == 0 {
            return self.go(next, path);
        }
        for &member in left {
            let others = left.iter().copied().filter(|&other| other != member).collect();
            let then_others = then(Todo::Of { members: members.clone(), left: others, take: take - 1 }, next);
            self.items(&members[member], &then_others, &path);
        }
    }

    fn items(&mut self, items: &[Item], next: &Rest, path: &Path) {
        self.go(&then(Todo::Items(items.into(), 0), next), path.clone());
    }
}
