//! What an engine holds of a key group, to bytes and back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

use super::engine::Engine;
use super::gate::{Alike, Gate, Quiet};
use super::logical::Misfit;
use super::observer::Observer;
use super::partition::Partition;
use super::table::{KeyBytes, Table};
use crate::event::Held;
use crate::program::{Compiled, Program};
use crate::snapshot::{
    Blob, Fate, Group, HeldTable, Labels, Malformed, PartitionState, QuietState, RestoreError, Restored,
    RestoredRule, RuleState, Section, Snapshot,
};

impl<O: Observer> Engine<O> {
    /// Everything that the engine holds of the keys of one key group, for [`restore`](Engine::restore). Of the same state
    /// the bytes are the same.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use tripline::{Alert, Batch, EngineOptions, Event, Limits, Program, Record, Settings, SourceFile};
    /// # use tripline::{Timestamp, Value};
    /// use tripline::runtime::Engine;
    ///
    /// # let rule = "rule short { sequence by user within 1h { a: login  b: logout } }";
    /// # let files = [SourceFile::new("short.trip", rule)];
    /// # let (program, _) = Program::compile(&files, &Settings::default(), Limits::default());
    /// # let program = Arc::new(program.unwrap());
    /// # let one = |kind, minute: i64| {
    /// #     let fields = Record::from_iter([("user".into(), Value::str("ann"))]);
    /// #     let event = Event::new(Timestamp::from_nanos(minute * 60_000_000_000), Some(kind), fields);
    /// #     Arc::new(Batch::of(program.fields(), [Arc::new(event)]))
    /// # };
    /// let mut alerts: Vec<Alert> = Vec::new();
    /// let mut engine = Engine::new(Arc::clone(&program), EngineOptions::default());
    /// engine.push(&one("login", 0), &mut alerts);
    ///
    /// let mut sections = vec![engine.snapshot_global()];
    /// sections.extend(engine.groups().owned().map(|group| engine.snapshot(group)));
    ///
    /// let mut engine = Engine::new(Arc::clone(&program), EngineOptions::default());
    /// for bytes in &sections {
    ///     engine.restore(bytes)?;
    /// }
    /// engine.push(&one("logout", 5), &mut alerts);
    /// assert_eq!(alerts.len(), 1);
    /// # Ok::<(), tripline::snapshot::RestoreError>(())
    /// ```
    ///
    /// Cost: all keys are passed over; the bytes grow with what is held.
    pub fn snapshot(&self, group: u32) -> Vec<u8> {
        let mut held = self.held(&self.gate, |of| of == group);
        self.section(group, held.remove(&group).unwrap_or_default())
    }

    /// The sections of all key groups of which anything is held, where this gate stands behind the engine.
    ///
    /// Cost: one pass over the keys; the bytes grow with what is held.
    #[cfg(feature = "pipeline")]
    pub(crate) fn sections(&self, gate: &Gate) -> Vec<Vec<u8>> {
        let held = self.held(gate, |group| self.groups().owns(group));
        held.into_iter().map(|(group, held)| self.section(group, held)).collect()
    }

    /// What is held of the keys of some groups.
    fn held(&self, gate: &Gate, of: impl Fn(u32) -> bool) -> BTreeMap<u32, HeldOfGroup<'_>> {
        let mut held: BTreeMap<u32, HeldOfGroup<'_>> = BTreeMap::new();
        let entries = self.partitions.tables.iter().flat_map(Table::iter);
        for entry in entries.filter(|entry| of(entry.group)) {
            let rules = held.entry(entry.group).or_default();
            for (rule, state) in &entry.states {
                rules.entry(*rule).or_default().0.push((&entry.key, state));
            }
        }
        // A rule may hold nothing but the memory of what came out.
        let rules = self.partitions.program.compiled();
        for ((group, name), quiet) in gate.to_states(of) {
            if let Some(rule) = rules.iter().position(|rule| rule.info.name == name) {
                held.entry(group).or_default().entry(rule as u32).or_default().1 = quiet;
            }
        }
        held
    }

    fn section(&self, group: u32, held: HeldOfGroup<'_>) -> Vec<u8> {
        let mut events = HeldTable::default();
        let rules = held
            .into_iter()
            .map(|(rule, (states, quiet))| RuleState { quiet, ..self.rule_state(rule, states, &mut events) });
        let rules = rules.collect();
        let groups = self.partitions.groups.count();
        let events = events.into_events(self.partitions.program.fields());
        Snapshot::Group(Group { group, groups, rules, events }).write(&self.partitions.program)
    }

    /// Takes back what a section of a snapshot holds, so that what comes next is judged as if the engine had never been
    /// away. The global section comes first, then the key groups in any order. A group may also move to an engine that
    /// has seen the same events, owns the group and holds nothing of it yet.
    ///
    /// A rule is known again by its name and version. One that is not there or was changed loses its partial matches,
    /// and the report says so. What cannot be read is refused as a whole, and the engine is as before.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<Restored, RestoreError> {
        match Snapshot::read(bytes, &self.partitions.program)? {
            Snapshot::Global(global) => self.restore_global(global),
            Snapshot::Group(group) => self.restore_group(group),
        }
    }

    fn rule_state(
        &self,
        rule: u32,
        mut states: Vec<(&KeyBytes, &Partition)>,
        events: &mut HeldTable,
    ) -> RuleState {
        let program = &self.partitions.program;
        let compiled = &program.compiled()[rule as usize];
        states.sort_unstable_by_key(|(key, _)| *key);
        let state =
            |(key, state): (&KeyBytes, &Partition)| (Blob(key.to_vec()), state.to_logical(compiled, events));
        RuleState {
            name: compiled.info.name.clone(),
            version: compiled.info.version.clone(),
            labels: Labels::new(program.pattern_of(compiled), &compiled.automaton),
            partitions: states.into_iter().map(state).collect(),
            quiet: Vec::new(),
        }
    }

    fn restore_group(&mut self, section: Group) -> Result<Restored, RestoreError> {
        self.expects(section.group, section.groups)?;
        let program = Arc::clone(&self.partitions.program);
        let events = section.events.held(&program)?;
        // What is bound was judged, so that nothing can come before it any more.
        if events.iter().any(|event| event.time() > self.buffer.reached()) {
            return Err(RestoreError::Ahead);
        }
        let (mut report, mut taken, mut quiet) = (Vec::<RestoredRule>::new(), Vec::new(), Vec::new());
        let mut strays = Vec::new();
        for state in section.rules {
            if report.last().is_some_and(|before| before.name >= state.name) {
                return Err(Malformed("rules are not in order").into());
            }
            let starts = state.partitions.iter().map(|(_, partition)| partition.open() as u64);
            let (name, partitions, starts) =
                (state.name.clone(), state.partitions.len() as u64, starts.sum());
            let fate = match self.read_rule(state, section.group, &events) {
                Ok(read) => {
                    taken.extend(read.taken);
                    quiet.extend(read.quiet);
                    strays.extend(read.strays.then_some(read.rule));
                    Fate::Kept
                }
                Err(Refusal::OfRule(fate)) => fate,
                Err(Refusal::OfAll(error)) => return Err(error),
            };
            report.push(RestoredRule { name, fate, partitions, starts });
        }
        taken.into_iter().for_each(|taken| self.put_back(section.group, taken));
        strays.into_iter().for_each(|rule| self.partitions.strays[rule as usize] = true);
        quiet.into_iter().for_each(|(alike, quiet)| self.gate.open(alike, quiet));
        Ok(Restored { section: Section::Group(section.group), rules: report })
    }

    /// Whether a key group can be restored.
    ///
    /// Cost: the first time all keys are passed over.
    fn expects(&mut self, group: u32, count: u32) -> Result<(), RestoreError> {
        let groups = &self.partitions.groups;
        let vacant = self.vacant.get_or_insert_with(|| {
            let mut vacant: BTreeSet<u32> = groups.owned().collect();
            let entries = self.partitions.tables.iter().flat_map(Table::iter);
            entries.for_each(|entry| _ = vacant.remove(&entry.group));
            vacant
        });
        match () {
            () if count != groups.count() => {
                Err(RestoreError::OtherGroups { count, expected: groups.count() })
            }
            () if !groups.owns(group) => Err(RestoreError::NotOwned { group }),
            () if !vacant.contains(&group) => Err(RestoreError::Occupied { group }),
            () => Ok(()),
        }
    }

    /// The states of one rule.
    fn read_rule(&self, state: RuleState, group: u32, events: &[Arc<Held>]) -> Result<Read, Refusal> {
        let program = &self.partitions.program;
        let mut rules = (0..).zip(program.compiled());
        let (rule, compiled) =
            rules.find(|(_, rule)| rule.info.name == state.name).ok_or(Refusal::OfRule(Fate::Gone))?;
        if compiled.info.version != state.version {
            return Err(Refusal::OfRule(Fate::Changed));
        }
        let pattern = program.pattern_of(compiled);
        let labels = Labels::new(pattern, &compiled.automaton);
        let (form, most) = (self.partitions.form(rule), program.limits().partials_per_key);
        let mut taken: Vec<Taken> = Vec::with_capacity(state.partitions.len());
        let mut strays = false;
        for (Blob(key), partition) in state.partitions {
            if taken.last().is_some_and(|before| before.key >= key) {
                return Err(Misfit::Malformed(Malformed("keys are not in order")).into());
            }
            self.check(&partition).map_err(Refusal::OfAll)?;
            // A shell may name the group of a key, but it must always be the same.
            if self.partitions.tables[compiled.space].has(xxh3_64(&key), &key) {
                return Err(Misfit::Malformed(Malformed("a key is in two groups")).into());
            }
            strays |= has_strays(&partition, program, compiled, events);
            let partition = labels.adopt(&state.labels, partition).ok_or(Misfit::Unfit)?;
            let state = Partition::from_logical(form, compiled, pattern, &partition, events, most)?;
            taken.push(Taken { rule, key, state });
        }
        let quiet = Quiet::from_states(compiled, group, state.quiet);
        let quiet = quiet.map_err(|malformed| Refusal::OfAll(malformed.into()))?;
        Ok(Read { rule, taken, quiet, strays })
    }

    /// Whether a partition is one that an engine can have which has seen the same events.
    fn check(&self, partition: &PartitionState) -> Result<(), RestoreError> {
        let places = partition.links.iter().map(|link| link.seq);
        let starts = partition.starts.iter().map(|start| start.seq);
        let window = partition.window.iter().flat_map(|window| &window.events).map(|event| event.seq);
        let rows = partition.shared.iter().flat_map(|shared| &shared.rows).map(|row| row.seq);
        let mut seqs = places.chain(starts).chain(window).chain(rows);
        if seqs.any(|seq| seq >= self.counts.judged + self.shown.heard()) {
            return Err(RestoreError::Ahead);
        }
        if !partition.starts.is_sorted_by(|a, b| a.seq < b.seq) {
            return Err(Malformed("starts are not in order").into());
        }
        if partition.begins_otherwise() {
            return Err(Malformed("a start has bound another event first").into());
        }
        Ok(())
    }

    fn put_back(&mut self, group: u32, Taken { rule, key, state }: Taken) {
        if !state.is_empty() {
            self.vacant.iter_mut().for_each(|vacant| _ = vacant.remove(&group));
            self.partitions.open.change(rule, group, 0, state.starts());
            self.partitions.put(rule, (KeyBytes::from_slice(&key), xxh3_64(&key), group), state);
        }
    }
}

/// What is held of a key group: for each rule the states of its keys, and what came out of it.
type HeldOfGroup<'e> = BTreeMap<u32, (Vec<(&'e KeyBytes, &'e Partition)>, Vec<QuietState>)>;

/// A state that a snapshot gives back.
struct Taken {
    rule: u32,
    key: Vec<u8>,
    state: Partition,
}

/// What a snapshot gives back of a rule.
struct Read {
    rule: u32,
    taken: Vec<Taken>,
    quiet: Vec<(Alike, Quiet)>,
    /// Whether it holds events of types that it does not name.
    strays: bool,
}

/// Whether a partition holds events of types that its rule does not name.
fn has_strays(partition: &PartitionState, program: &Program, rule: &Compiled, events: &[Arc<Held>]) -> bool {
    let links = partition.links.iter().map(|link| link.event);
    let window = partition.window.iter().flat_map(|window| &window.events).map(|event| event.event);
    let rows = partition.shared.iter().flat_map(|shared| &shared.rows).map(|row| row.event);
    let previous = partition.previous.iter().map(|(_, event)| *event);
    let mut held = links.chain(window).chain(rows).chain(previous);
    held.any(|event| {
        let kind = events.get(event as usize).and_then(|held| held.stamp().kind.as_ref());
        let kind = kind.and_then(|kind| program.kinds().get_index_of(kind));
        !rule.steps.iter().any(|step| step.takes(kind))
    })
}

/// Why something of a snapshot is not taken.
enum Refusal {
    /// The rule cannot go on with what there is of it.
    OfRule(Fate),
    /// The whole snapshot is wrong.
    OfAll(RestoreError),
}

impl From<Misfit> for Refusal {
    fn from(misfit: Misfit) -> Self {
        match misfit {
            Misfit::Unfit => Refusal::OfRule(Fate::Unfit),
            Misfit::Malformed(malformed) => Refusal::OfAll(malformed.into()),
        }
    }
}
