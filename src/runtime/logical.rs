//! What is bound, to the form of a snapshot and back. Every form of state goes through here.

use std::sync::Arc;

use hashbrown::HashMap;

use super::chain::Link;
use crate::automaton::Edge;
use crate::event::Held;
use crate::id::StepId;
use crate::plan::Pattern;
use crate::snapshot::{HeldTable, Link as LinkState, Malformed, Piece};

/// Why a partition of a snapshot cannot be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Misfit {
    /// No snapshot says so.
    Malformed(Malformed),
    /// It waits for what this rule does not wait for.
    Unfit,
}

impl From<Malformed> for Misfit {
    fn from(malformed: Malformed) -> Self {
        Misfit::Malformed(malformed)
    }
}

/// The bound events of a partition that is written. What derivations share is written once.
#[derive(Debug)]
pub(super) struct LinksOut<'t> {
    events: &'t mut HeldTable,
    known: HashMap<*const Link, usize, foldhash::fast::FixedState>,
    links: Vec<LinkState>,
}

impl<'t> LinksOut<'t> {
    pub(super) fn new(events: &'t mut HeldTable) -> Self {
        LinksOut { events, known: HashMap::default(), links: Vec::new() }
    }

    /// A list as one piece. It must live as long as this.
    pub(super) fn whole(&mut self, chain: &Link) -> Piece {
        Piece { link: self.number(chain) as u32, count: None }
    }

    /// Adds a link, with the one before it so far back, and gives its number.
    pub(super) fn push(&mut self, event: &Arc<Held>, step: StepId, back: u32, seq: u64) -> u32 {
        self.links.push(LinkState { event: self.events.number(event), step, back, seq });
        self.links.len() as u32 - 1
    }

    /// The number of an event that is held beside the bound ones.
    pub(super) fn event(&mut self, held: &Arc<Held>) -> u32 {
        self.events.number(held)
    }

    pub(super) fn into_links(self) -> Vec<LinkState> {
        self.links
    }

    fn number(&mut self, chain: &Link) -> usize {
        let known = |link: &&Link| !self.known.contains_key(&std::ptr::from_ref(*link));
        let new: Vec<&Link> = chain.backwards().take_while(known).collect();
        for link in new.into_iter().rev() {
            let before =
                link.before.as_deref().and_then(|before| self.known.get(&std::ptr::from_ref(before)));
            let back = before.map_or(0, |before| (self.links.len() - before) as u32);
            let number = self.push(&link.event, link.step, back, link.seq);
            self.known.insert(std::ptr::from_ref(link), number as usize);
        }
        self.known.get(&std::ptr::from_ref(chain)).copied().unwrap_or_default()
    }
}

/// The bound events of a partition that is read. What derivations shared they share again.
#[derive(Debug)]
pub(super) struct LinksIn<'e> {
    pattern: &'e Pattern,
    events: &'e [Arc<Held>],
    links: Vec<Arc<Link>>,
}

impl<'e> LinksIn<'e> {
    pub(super) fn new(
        pattern: &'e Pattern,
        events: &'e [Arc<Held>],
        links: &[LinkState],
    ) -> Result<Self, Malformed> {
        let mut read = LinksIn { pattern, events, links: Vec::new() };
        for link in links {
            let before = match link.back {
                0 => None,
                back => Some(Arc::clone(read.at((read.links.len() as u32).wrapping_sub(back))?)),
            };
            let event = read.event(link.event)?;
            let link = read.bind(before, event, link)?;
            read.links.push(link);
        }
        Ok(read)
    }

    /// The list that some pieces make.
    pub(super) fn chain(&self, pieces: &[Piece]) -> Result<Arc<Link>, Malformed> {
        let mut chain = None;
        for piece in pieces {
            let link = Arc::clone(self.at(piece.link)?);
            chain = match (chain, piece.count) {
                (None, None) => Some(link),
                (before, count) => self.append(before, &link, count)?,
            };
        }
        chain.ok_or(Malformed("a derivation has bound nothing"))
    }

    /// What some pieces hold, the first first.
    pub(super) fn bound(&self, pieces: &[Piece]) -> Result<Vec<&Link>, Malformed> {
        let mut bound = Vec::new();
        for piece in pieces {
            let last = self.at(piece.link)?;
            bound.extend(last_of(last, piece.count)?);
        }
        Ok(bound)
    }

    /// A step, if the rule has it.
    pub(super) fn step(&self, step: StepId) -> Result<StepId, Malformed> {
        if step.index() < self.pattern.steps.len() { Ok(step) } else { Err(Malformed("a step is not there")) }
    }

    /// An event by its number.
    pub(super) fn event(&self, number: u32) -> Result<Arc<Held>, Malformed> {
        self.events.get(number as usize).cloned().ok_or(Malformed("an event is not there"))
    }

    fn at(&self, number: u32) -> Result<&Arc<Link>, Malformed> {
        self.links.get(number as usize).ok_or(Malformed("a bound event is not there"))
    }

    /// The last `count` of a list behind another.
    fn append(
        &self,
        mut chain: Option<Arc<Link>>,
        last: &Link,
        count: Option<u32>,
    ) -> Result<Option<Arc<Link>>, Malformed> {
        for link in last_of(last, count)? {
            let state = LinkState { event: 0, step: link.step, back: 0, seq: link.seq };
            chain = Some(self.bind(chain, Arc::clone(&link.event), &state)?);
        }
        Ok(chain)
    }

    fn bind(
        &self,
        before: Option<Arc<Link>>,
        event: Arc<Held>,
        link: &LinkState,
    ) -> Result<Arc<Link>, Malformed> {
        let slot = self.pattern.step(self.step(link.step)?).slot;
        if before.as_ref().is_some_and(|before| before.seq >= link.seq) {
            return Err(Malformed("bound events are not in order"));
        }
        Ok(Link::new(before, event, link.step, slot, link.seq))
    }
}

/// The last `count` of a list, or all of it, the first first.
fn last_of(last: &Link, count: Option<u32>) -> Result<Vec<&Link>, Malformed> {
    let count = count.map_or(last.len, |count| count as usize);
    if count > last.len {
        return Err(Malformed("a derivation has bound more than is there"));
    }
    let mut links: Vec<&Link> = last.backwards().take(count).collect();
    links.reverse();
    Ok(links)
}

/// Which of the ways of one kind an edge is.
pub(super) fn way(edges: &[Edge], at: u32, kind: impl Fn(&Edge) -> bool) -> u32 {
    edges.iter().take(at as usize).filter(|edge| kind(edge)).count() as u32
}

/// The edge that is this one of the ways of a kind.
pub(super) fn find(edges: &[Edge], way: u32, kind: impl Fn(&Edge) -> bool) -> Result<u32, Misfit> {
    let mut ways = (0..).zip(edges).filter(|(_, edge)| kind(edge));
    ways.nth(way as usize).map(|(at, _)| at).ok_or(Misfit::Unfit)
}
