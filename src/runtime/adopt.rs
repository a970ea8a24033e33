//! What another engine has come to hold of some rules, taken over.

use std::fmt;
use std::sync::Arc;

use super::engine::Engine;
use super::observer::Observer;
use super::table::{Entry, Table};
use crate::time::Timestamp;

/// Why an engine cannot take over what another holds: it runs another [`Program`](crate::Program) or owns other key groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Foreign;

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an engine takes over only from one of the same program and key groups")
    }
}

impl std::error::Error for Foreign {}

impl<O: Observer> Engine<O> {
    /// Takes over what another engine holds of the rules that `adopts` says, as if this one had judged for them what the other
    /// has. How many partial matches that are.
    ///
    /// So rules that begin late can know what was before: the other engine judges what lies before where this one has
    /// [`reached`](Engine::reached), and is [`advance`](Engine::advance)d to its [`watermark`](Engine::watermark). What it has
    /// said is nobody's concern. What `suppress` remembers and what was counted is not taken over; of a key for which this
    /// engine holds something of the rule already, nothing is.
    ///
    /// Cost: a step for each key of the other engine.
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
    /// engine.advance(Timestamp::from_nanos(300_000_000_000), &mut alerts);
    ///
    /// let mut history = Engine::new(Arc::clone(&program), EngineOptions::default());
    /// history.push(&one("login", 4), &mut Vec::new());
    /// history.advance(engine.watermark(), &mut Vec::new());
    /// assert_eq!(engine.adopt(history, |name| name == "short"), Ok(1));
    ///
    /// engine.push(&one("logout", 5), &mut alerts);
    /// assert_eq!(alerts.len(), 1);
    /// ```
    pub fn adopt(&mut self, other: Engine<O>, adopts: impl Fn(&str) -> bool) -> Result<u64, Foreign> {
        let program = &self.partitions.program;
        if !Arc::ptr_eq(program, &other.partitions.program) || self.groups() != other.groups() {
            return Err(Foreign);
        }
        self.vacant = None;
        let is_adopted: Vec<bool> = program.compiled().iter().map(|rule| adopts(&rule.info.name)).collect();
        // What is bound stands before all that comes.
        let before = other.counts.judged + other.shown.places();
        self.shown.leave_room(before.saturating_sub(self.counts.judged));
        let mut adopted = 0;
        for Entry { key, hash, group, states } in
            other.partitions.tables.into_iter().flat_map(Table::into_iter)
        {
            for (rule, state) in states {
                if is_adopted.get(rule as usize) == Some(&true) && !self.partitions.holds(rule, hash, &key) {
                    let starts = state.starts();
                    self.partitions.open.change(rule, group, 0, starts);
                    self.partitions.put(rule, (key.clone(), hash, group), state);
                    adopted += starts as u64;
                }
            }
        }
        Ok(adopted)
    }

    /// Before it no event is judged any more; [`Timestamp::MIN`] before the first. Deadlines before it have passed.
    pub fn watermark(&self) -> Timestamp {
        self.buffer.watermark()
    }

    /// What came before this has been judged, and nothing else: the watermark, or the moment behind it if events of its own
    /// time have been judged too.
    pub fn reached(&self) -> Timestamp {
        self.buffer.judged()
    }
}
