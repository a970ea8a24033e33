//! Which rules look at the alerts of which: the rule graph, and how deep each rule stands in it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use compact_str::CompactString;

use super::{Rule, Types};

impl Rule {
    /// The event types of its alerts: that of its matches, and that of its timeouts if it speaks of them.
    pub fn emits(&self) -> impl Iterator<Item = &CompactString> {
        let outputs = [Some(&self.output), self.timeout.as_ref().map(|timeout| &timeout.output)];
        outputs.into_iter().flatten().map(|output| &output.event_type)
    }

    /// The names of the fields that its alerts may have as events; of a path the first.
    pub fn says(&self) -> impl Iterator<Item = &str> {
        let outputs = [Some(&self.output), self.timeout.as_ref().map(|timeout| &timeout.output)];
        let emitted =
            outputs.into_iter().flatten().flat_map(|output| &output.fields).map(|(name, _)| name.as_str());
        let key = self.key().iter().map(|(name, _)| name.split('.').next().unwrap_or(name));
        emitted.chain(key).chain(SAID)
    }

    /// The event types that its steps and absences name.
    pub fn names(&self) -> impl Iterator<Item = &CompactString> {
        self.pattern().steps.iter().flat_map(|step| match &step.types {
            Types::OneOf(types) => &types[..],
            Types::Any => &[],
        })
    }
}

/// What an alert says of itself as an event, beside its key and what `emit` adds.
pub const SAID: [&str; 12] = [
    "rule", "version", "id", "kind", "reached", "bound", "severity", "risk", "time", "first", "last",
    "deadline",
];

/// How deep each of these rules stands in the rule graph: 0 if no step of it names the type of any rule's alerts, else one
/// more than the deepest rule whose alerts it looks at. If rules look at their own alerts, directly or through others,
/// the cycles instead: rules by their indices, each looking at the alerts of the one before, the first at those of the
/// last. One rule is in one cycle at most.
///
/// Cost: linear in the types that rules name, for each cycle once more.
pub fn depths(rules: &[Rule]) -> Result<Vec<u32>, Vec<Vec<usize>>> {
    let mut graph = Graph::new(rules);
    let (depths, mut open) = graph.order();
    if open.is_empty() {
        return Ok(depths);
    }
    let mut cycles = Vec::new();
    while let Some(cycle) = graph.cycle(&open) {
        graph.left_out.extend(&cycle);
        cycles.push(cycle);
        open = graph.order().1;
    }
    Err(cycles)
}

struct Graph<'r> {
    rules: &'r [Rule],
    /// By the types of alerts the rules that emit them and those that look at them.
    types: BTreeMap<&'r CompactString, Ends>,
    /// Rules that are in a cycle which is known.
    left_out: BTreeSet<usize>,
}

#[derive(Default)]
struct Ends {
    emitters: BTreeSet<usize>,
    lookers: BTreeSet<usize>,
}

impl<'r> Graph<'r> {
    fn new(rules: &'r [Rule]) -> Self {
        let mut types: BTreeMap<&CompactString, Ends> = BTreeMap::new();
        for (index, rule) in rules.iter().enumerate() {
            for kind in rule.emits() {
                types.entry(kind).or_default().emitters.insert(index);
            }
        }
        for (index, rule) in rules.iter().enumerate() {
            for kind in rule.names() {
                if let Some(ends) = types.get_mut(kind) {
                    ends.lookers.insert(index);
                }
            }
        }
        Graph { rules, types, left_out: BTreeSet::new() }
    }

    /// The depths of the rules, and those that have none for a cycle in which they are or which leads to them.
    fn order(&self) -> (Vec<u32>, BTreeSet<usize>) {
        let here = |rule: &&usize| !self.left_out.contains(rule);
        let mut depths = vec![0; self.rules.len()];
        // How many emitters of a type are still to come, and how deep the others are; how many types of a rule.
        let mut of_type: BTreeMap<&CompactString, (usize, u32)> = BTreeMap::new();
        let mut of_rule = vec![0; self.rules.len()];
        for (kind, ends) in &self.types {
            let emitters = ends.emitters.iter().filter(here).count();
            of_type.insert(kind, (emitters, 0));
            ends.lookers.iter().filter(|_| emitters > 0).for_each(|rule| of_rule[*rule] += 1);
        }
        let mut open: BTreeSet<usize> = (0..self.rules.len()).filter(|rule| here(&rule)).collect();
        let mut ready: VecDeque<usize> = open.iter().copied().filter(|rule| of_rule[*rule] == 0).collect();
        while let Some(rule) = ready.pop_front() {
            open.remove(&rule);
            let emitted: BTreeSet<&CompactString> = self.rules[rule].emits().collect();
            for kind in emitted {
                let Some((left, deepest)) = of_type.get_mut(kind) else { continue };
                (*left, *deepest) = (*left - 1, depths[rule].max(*deepest));
                let lookers = self.types.get(kind).into_iter().flat_map(|ends| &ends.lookers);
                for looker in lookers.filter(|_| *left == 0).copied() {
                    depths[looker] = depths[looker].max(*deepest + 1);
                    of_rule[looker] -= 1;
                    if of_rule[looker] == 0 && open.contains(&looker) {
                        ready.push_back(looker);
                    }
                }
            }
        }
        (depths, open)
    }

    /// A cycle among rules of which each looks at the alerts of another of them.
    fn cycle(&self, open: &BTreeSet<usize>) -> Option<Vec<usize>> {
        let mut way = vec![*open.first()?];
        loop {
            let before = self.looked_at(*way.last()?, open)?;
            if let Some(start) = way.iter().position(|rule| *rule == before) {
                let mut cycle = way.split_off(start);
                cycle.reverse();
                let first = cycle.iter().enumerate().min_by_key(|(_, rule)| **rule).map_or(0, |(at, _)| at);
                cycle.rotate_left(first);
                return Some(cycle);
            }
            way.push(before);
        }
    }

    /// The first of these rules whose alerts a rule looks at.
    fn looked_at(&self, rule: usize, open: &BTreeSet<usize>) -> Option<usize> {
        let of_type = |kind| self.types.get(kind).into_iter().flat_map(|ends| &ends.emitters);
        let emitters = self.rules.get(rule)?.names().flat_map(of_type);
        emitters.copied().filter(|emitter| open.contains(emitter)).min()
    }
}
