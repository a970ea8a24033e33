//! Alerts: what a match says, in full, before any format.

mod event;

use std::cmp::Ordering;
use std::sync::Arc;

use compact_str::CompactString;
use xxhash_rust::xxh3::xxh3_128;

use crate::event::{Event, Key, Source, Value, ValueRef};
use crate::function::Function;
use crate::limits::Limits;
use crate::plan::{Full, Hold, KeyShown, Level, Suppress, SuppressBy};
use crate::predicate::veiled;
use crate::time::{Duration, Timestamp};

/// A match, a timeout or a summary.
#[derive(Clone, Debug)]
pub struct Alert {
    /// The rule that says it.
    pub rule: Arc<RuleInfo>,
    /// What kind it is.
    pub kind: Kind,
    /// The same on replay, after a restart and for any thread count.
    pub id: u128,
    /// The event type of the alert.
    pub event_type: CompactString,
    /// The partition, as the rule has it shown.
    pub key: Key,
    /// When it was certain: its time as an event.
    pub time: Timestamp,
    /// Time of the first event bound.
    pub first: Timestamp,
    /// Time of the last event bound.
    pub last: Timestamp,
    /// The deadline of a last absence.
    pub deadline: Option<Timestamp>,
    /// What `emit` adds, in order.
    pub fields: Vec<(CompactString, Value)>,
    /// For each step that bound something, in the order of the rule, its events in order. They have their fields only
    /// where whole events are kept: always of events that were pushed as such, of lines that were read with
    /// [`Keep::Events`](crate::Keep::Events).
    pub bindings: Vec<(CompactString, Vec<Arc<Event>>)>,
    /// Of a window, for each of `bindings` how many events of the step were in it: then those name only the first of them
    /// and the last.
    pub counts: Option<Vec<u64>>,
}

impl Alert {
    /// For each step that bound something how many events it bound.
    pub fn bound(&self) -> impl Iterator<Item = (&CompactString, u64)> {
        self.bindings.iter().enumerate().map(|(at, (step, events))| {
            let count = self.counts.as_ref().and_then(|counts| counts.get(at));
            (step, count.copied().unwrap_or(events.len() as u64))
        })
    }
}

/// What kind of alert.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The pattern was matched.
    Match,
    /// A start expired.
    Timeout {
        /// The furthest step it reached.
        reached: CompactString,
        /// The bound that expired: `within 1h`, or with its step, `hit within 10m`.
        bound: CompactString,
    },
    /// Alerts like one that came out were held back, and the time for which they are has passed. It has that one's key and
    /// the fields by which they were alike, no bindings, and the times of those that were held back.
    Summary {
        /// How many.
        count: u64,
    },
    /// A rule has come to one of its bounds. It has the key, the time of the event, no bindings, and in its fields what the
    /// bound is.
    Limit(Bound),
}

/// A bound that a rule may come to with what it holds. Where an event meets several, the first of these is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bound {
    /// `hold`: the starts of one key.
    Hold,
    /// `starts_per_group` of [`Limits`].
    StartsPerGroup,
    /// `captured_bytes` of [`Limits`].
    CapturedBytes,
    /// `partials_per_key` of [`Limits`].
    PartialsPerKey,
    /// `--max-memory`: what all rules hold together.
    Memory,
}

impl Bound {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Bound::Hold => "hold",
            Bound::StartsPerGroup => "starts_per_group",
            Bound::CapturedBytes => "captured_bytes",
            Bound::PartialsPerKey => "partials_per_key",
            Bound::Memory => "memory",
        }
    }

    /// How much a rule may hold by it. That of memory is not its own.
    pub(crate) fn most(self, hold: Option<Hold>, limits: &Limits) -> u64 {
        match self {
            Bound::Hold => hold.map_or(0, |hold| u64::from(hold.most)),
            Bound::StartsPerGroup => limits.starts_per_group as u64,
            Bound::CapturedBytes => limits.captured_bytes as u64,
            Bound::PartialsPerKey => limits.partials_per_key as u64,
            Bound::Memory => u64::MAX,
        }
    }

    /// What becomes of what is too much.
    pub(crate) fn policy(self, hold: Option<Hold>) -> &'static str {
        match (self, hold.map(|hold| hold.full)) {
            (Bound::Hold, Some(Full::DropOldest)) | (Bound::Memory, _) => "drop oldest",
            (Bound::CapturedBytes, _) => "drop this",
            _ => "refuse new",
        }
    }
}

/// The event type of alerts that say that a rule has come to a bound.
pub const LIMIT: &str = "tripline.limit";

/// For how long such an alert of a rule holds back those like it.
const LIMIT_QUIET: Duration = Duration::from_millis(3_600_000);

/// What alerts say about their rule.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleInfo {
    /// Its name.
    pub name: CompactString,
    /// Its fingerprint: 16 hexadecimal digits.
    pub version: CompactString,
    /// How deep it stands in the rule graph: 0 if it looks at the input only.
    pub depth: u32,
    /// `severity`.
    pub severity: Option<Level>,
    /// `risk`.
    pub risk: Option<u8>,
    /// The names of the key expressions, one for each value of an alert's key.
    pub key_names: Vec<CompactString>,
    /// Whether its alerts go to the output of shadow rules.
    pub shadow: bool,
    /// Which of its alerts are held back.
    pub suppress: Option<Suppress>,
    /// How its alerts show the key. Unless in the clear, no record of an alert holds the fields of events.
    pub key_shown: KeyShown,
    /// The remaining metadata.
    pub notes: Vec<(CompactString, Value)>,
    /// What its alerts are from, as events.
    pub(crate) source: Arc<Source>,
}

impl RuleInfo {
    /// What its alerts say that speak of its bounds: they are not what it warns of, and are held back by themselves.
    pub(crate) fn at_limit(&self) -> RuleInfo {
        let suppress = Suppress { length: Some(LIMIT_QUIET), by: Vec::new() };
        RuleInfo { severity: None, risk: None, notes: Vec::new(), suppress: Some(suppress), ..self.clone() }
    }

    /// A key as alerts of the rule show it.
    pub(crate) fn shown(&self, key: Key) -> Key {
        let function = match self.key_shown {
            KeyShown::Clear => return key,
            KeyShown::Masked => Function::Mask,
            KeyShown::Hidden => Function::Hash,
        };
        Key::new(key.values().iter().map(|value| veiled(function, value)).collect()).unwrap_or_default()
    }
}

/// What puts an alert in the one order of alerts.
#[derive(Clone, Debug)]
pub(crate) struct Certain {
    /// When it was certain. For what a flush brings out this is the end of time, and not the alert's own time.
    pub(crate) moment: Timestamp,
    /// The place in the order of events of the one that caused it; what a deadline causes stands behind all events.
    pub(crate) cause: u64,
    /// The alert.
    pub(crate) alert: Alert,
    /// What it may be held back by, if its rule says so.
    pub(crate) likeness: Option<Likeness>,
}

/// What a rule says when a key of it has come to a bound with an event of this time.
pub(crate) fn at_limit(
    info: &Arc<RuleInfo>,
    (bound, most, policy): (Bound, u64, &'static str),
    key: &Key,
    time: Timestamp,
) -> Alert {
    let mut bytes = Vec::new();
    ValueRef::Str(&info.name).encode(&mut bytes);
    bytes.push(b'l');
    ValueRef::Str(bound.name()).encode(&mut bytes);
    key.encode(&mut bytes);
    bytes.extend_from_slice(&time.nanos().to_le_bytes());
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let fields =
        [("bound", Value::str(bound.name())), ("most", Value::Int(most)), ("policy", Value::str(policy))];
    Alert {
        rule: Arc::clone(info),
        kind: Kind::Limit(bound),
        id: xxh3_128(&bytes),
        event_type: LIMIT.into(),
        key: info.shown(key.clone()),
        time,
        first: time,
        last: time,
        deadline: None,
        fields: fields.map(|(name, value)| (name.into(), value)).into(),
        bindings: Vec::new(),
        counts: None,
    }
}

/// What alerts at a bound have in common, which no other alerts have: one for each rule and bound comes out, whatever the
/// key.
pub(crate) fn limit_likeness(bound: Bound) -> Vec<u8> {
    bound.name().as_bytes().to_vec()
}

/// By what alerts of a rule are held back.
#[derive(Clone, Debug)]
pub(crate) struct Likeness {
    /// What is the same for those that are alike.
    pub(crate) bytes: Vec<u8>,
    /// The key group in which it came about: whoever has that remembers what came out.
    pub(crate) group: u32,
}

impl Certain {
    /// The cause of what time itself makes certain.
    pub(crate) const DEADLINE: u64 = u64::MAX - 1;
    /// The cause of what is said of alerts that were held back, behind all others of the moment.
    pub(crate) const QUIET_ENDS: u64 = u64::MAX;

    /// The one order of alerts: moment of certainty, place of the event of the input that was the first cause, depth in
    /// the rule graph, rule name, key, id.
    pub(crate) fn order(&self, other: &Certain) -> Ordering {
        let (a, b) = (&self.alert, &other.alert);
        (self.moment, self.cause)
            .cmp(&(other.moment, other.cause))
            .then(a.rule.depth.cmp(&b.rule.depth))
            .then_with(|| a.rule.name.cmp(&b.rule.name))
            .then_with(|| a.key.cmp(&b.key))
            .then_with(|| a.id.cmp(&b.id))
    }
}

/// An alert's id as text.
pub(crate) fn hex(id: u128) -> String {
    format!("{id:032x}")
}

/// The id of an alert: a hash of rule name, kind, key and, for each step, how many events it bound, the first and the
/// last, or `every` one. The same on replay, and for an edited rule that finds the same events. `counts` are those of an
/// alert.
pub(crate) fn identify(
    rule: &CompactString,
    kind: &Kind,
    key: &Key,
    bindings: &[(CompactString, Vec<Arc<Event>>)],
    counts: Option<&[u64]>,
    every: bool,
) -> u128 {
    let mut bytes = Vec::new();
    ValueRef::Str(rule).encode(&mut bytes);
    bytes.push(match kind {
        Kind::Match => b'm',
        Kind::Timeout { .. } => b't',
        Kind::Summary { .. } => b's',
        Kind::Limit(_) => b'l',
    });
    key.encode(&mut bytes);
    for (at, (name, events)) in bindings.iter().enumerate() {
        ValueRef::Str(name).encode(&mut bytes);
        let count = counts.and_then(|counts| counts.get(at)).copied().unwrap_or(events.len() as u64);
        bytes.extend_from_slice(&count.to_le_bytes());
        let named = if every { &events[..] } else { &[] };
        let ends = events.first().into_iter().chain(events.last()).filter(|_| !every);
        ends.chain(named).for_each(|event| bytes.extend_from_slice(&event.identity.to_le_bytes()));
    }
    xxh3_128(&bytes)
}

/// What a summary of alerts that are held back because of this one will say, as far as it is known: `likeness` is what
/// they have in common.
pub(crate) fn summary_after(alert: &Alert, suppress: &Suppress, likeness: &[u8]) -> Alert {
    let mut bytes = likeness.to_vec();
    bytes.push(b's');
    bytes.extend_from_slice(&alert.id.to_le_bytes());
    let is_limit = matches!(alert.kind, Kind::Limit(_));
    let of_all = !is_limit && suppress.by_whole_key(alert.rule.key_names.len());
    let mut fields = if is_limit { alert.fields.clone() } else { Vec::new() };
    for by in &suppress.by {
        let field = match by {
            SuppressBy::Field(name) => alert.fields.iter().find(|(n, _)| n == name).cloned(),
            // Part of a key is no key.
            SuppressBy::Key(at) if !of_all => {
                alert.rule.key_names.get(*at).cloned().zip(alert.key.values().get(*at).cloned())
            }
            SuppressBy::Key(_) => None,
        };
        fields.extend(field);
    }
    Alert {
        rule: Arc::clone(&alert.rule),
        kind: Kind::Summary { count: 0 },
        id: xxh3_128(&bytes),
        event_type: alert.event_type.clone(),
        key: if of_all { alert.key.clone() } else { Key::default() },
        time: suppress.length.map_or(alert.time, |length| alert.time.after(length)),
        first: alert.first,
        last: alert.last,
        deadline: None,
        fields,
        bindings: Vec::new(),
        counts: None,
    }
}
