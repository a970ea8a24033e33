//! Expressions over small numbers and words, three-valued.

use tripline::plan::{Aggregate, Binary, Compare, Expr, Pick, Set, SlotRef, TextOp};
use tripline::{GroupId, Value};

use super::Partition;
use super::derive::State;

/// What an expression can be besides unknown.
#[derive(Clone, Debug, PartialEq, PartialOrd)]
pub enum Word {
    Bool(bool),
    Number(f64),
    Text(String),
}

type Path<'p> = &'p [(GroupId, u32)];

impl Partition<'_> {
    /// Whether a condition is true of an event, with what is bound.
    pub fn holds(&self, condition: &Expr, event: usize, state: &State, path: Path) -> bool {
        self.eval(condition, event, state, path) == Some(Word::Bool(true))
    }

    fn eval(&self, expr: &Expr, event: usize, state: &State, path: Path) -> Option<Word> {
        let go = |expr: &Expr| self.eval(expr, event, state, path);
        match expr {
            Expr::Const(value) => self.word(value),
            Expr::Field(field) => self.word(self.events[event].get(&field.path)),
            Expr::Bound { slot, pick, field } => {
                let chosen = picked(&bound(*slot, state, path), *pick)?;
                self.word(self.events[chosen].get(&field.path))
            }
            Expr::Aggregate { function, slot, arg } => {
                let events = bound(*slot, state, path);
                self.aggregate(*function, &events, arg.as_deref(), state, path)
            }
            Expr::Trend { slot, falling, value } => {
                let Some(&before) = bound(*slot, state, path).last() else { return Some(Word::Bool(true)) };
                let (was, is) = (self.eval(value, before, state, path)?, go(value)?);
                Some(Word::Bool(if *falling { is < was } else { is > was }))
            }
            Expr::Has(inner) => Some(Word::Bool(go(inner).is_some())),
            Expr::Not(inner) => Some(Word::Bool(!truth(go(inner)?)?)),
            Expr::And(a, b) => logic(go(a).and_then(truth), go(b).and_then(truth), false),
            Expr::Or(a, b) => logic(go(a).and_then(truth), go(b).and_then(truth), true),
            Expr::Coalesce(a, b) => go(a).or_else(|| go(b)),
            Expr::If(c, a, b) => go(if go(c) == Some(Word::Bool(true)) { a } else { b }),
            Expr::Compare(op, a, b) => compare(*op, &go(a)?, &go(b)?),
            Expr::Binary(op, a, b) => self.arithmetic(*op, go(a)?, go(b)?),
            Expr::Neg(a) => self.arithmetic(Binary::Sub, Word::Number(0.0), go(a)?),
            Expr::In(x, set) => self.contains(&go(x)?, set, &go),
            Expr::Text(text, pattern) => match (go(text)?, pattern.op) {
                (Word::Text(text), TextOp::Like) => Some(Word::Bool(glob(&pattern.pattern, &text))),
                _ => self.give_up(),
            },
            Expr::Call(function, args) => match (function.name(), &args[..]) {
                ("lower", [text]) => match go(text)? {
                    Word::Text(text) => Some(Word::Text(text.to_lowercase())),
                    _ => None,
                },
                _ => self.give_up(),
            },
            _ => self.give_up(),
        }
    }

    /// The key of an event; `None` if a part of it is null.
    pub fn key_of(&self, exprs: &[Expr], event: usize) -> Option<Vec<Word>> {
        exprs.iter().map(|expr| self.eval(expr, event, &State::default(), &[])).collect()
    }

    fn word(&self, value: &Value) -> Option<Word> {
        match value {
            Value::Null => None,
            Value::Bool(b) => Some(Word::Bool(*b)),
            Value::Int(n) => Some(Word::Number(*n as f64)),
            Value::Float(x) => Some(Word::Number(*x)),
            Value::Str(s) => Some(Word::Text(s.to_string())),
            _ => self.give_up(),
        }
    }

    fn give_up(&self) -> Option<Word> {
        self.note.beyond.set(true);
        None
    }

    fn aggregate(
        &self,
        function: Aggregate,
        events: &[usize],
        arg: Option<&Expr>,
        state: &State,
        path: Path,
    ) -> Option<Word> {
        let Some(arg) = arg else { return Some(Word::Number(events.len() as f64)) };
        let words: Vec<Word> = events.iter().filter_map(|&e| self.eval(arg, e, state, path)).collect();
        let numbers: Vec<f64> = words.iter().filter_map(number).collect();
        if numbers.len() < words.len() {
            return self.give_up();
        }
        let over_some = |x: f64| (!numbers.is_empty()).then_some(Word::Number(x));
        let sum: f64 = numbers.iter().sum();
        match function {
            Aggregate::Count => Some(Word::Number(numbers.len() as f64)),
            Aggregate::Sum => over_some(sum),
            Aggregate::Avg => over_some(sum / numbers.len() as f64),
            Aggregate::Min => over_some(numbers.iter().copied().fold(f64::INFINITY, f64::min)),
            Aggregate::Max => over_some(numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
            Aggregate::Distinct => {
                let mut different = numbers;
                different.sort_by(f64::total_cmp);
                different.dedup();
                Some(Word::Number(different.len() as f64))
            }
            Aggregate::List | Aggregate::Stddev | Aggregate::Percentile(_) => self.give_up(),
        }
    }

    fn arithmetic(&self, op: Binary, a: Word, b: Word) -> Option<Word> {
        let (a, b) = (number(&a)?, number(&b)?);
        match op {
            Binary::Add => Some(Word::Number(a + b)),
            Binary::Sub => Some(Word::Number(a - b)),
            Binary::Mul => Some(Word::Number(a * b)),
            _ => self.give_up(),
        }
    }

    fn contains(&self, x: &Word, set: &Set, go: &dyn Fn(&Expr) -> Option<Word>) -> Option<Word> {
        match set {
            Set::Items(items) => {
                let items: Option<Vec<Word>> = items.iter().map(go).collect();
                Some(Word::Bool(items?.contains(x)))
            }
            Set::Range { low, high, inclusive } => {
                let (low, high) = (go(low)?, go(high)?);
                Some(Word::Bool(*x >= low && (*x < high || *inclusive && *x == high)))
            }
            Set::Value(_) | Set::File(_) => self.give_up(),
        }
    }
}

/// The events bound to a name, as seen from a place: in a group only those of its running iteration.
fn bound(slot: SlotRef, state: &State, path: Path) -> Vec<usize> {
    let running = slot.scope.map(|group| path.iter().find(|(g, _)| *g == group).copied());
    let seen = state.bound.iter().filter(|b| b.slot == slot.slot);
    let seen = seen.filter(|b| match running {
        None => true,
        Some(iteration) => iteration.is_some_and(|iteration| b.path.contains(&iteration)),
    });
    seen.map(|b| b.event).collect()
}

fn picked(events: &[usize], pick: Pick) -> Option<usize> {
    let place = match pick {
        Pick::First => 0,
        Pick::Last => events.len().checked_sub(1)?,
        Pick::Back(n) => events.len().checked_sub(1 + n as usize)?,
        Pick::Nth(n) => (n as usize).checked_sub(1)?,
    };
    events.get(place).copied()
}

fn number(word: &Word) -> Option<f64> {
    if let Word::Number(x) = word { Some(*x) } else { None }
}

fn truth(word: Word) -> Option<bool> {
    if let Word::Bool(b) = word { Some(b) } else { None }
}

/// `and` is decided by a false, `or` by a true.
fn logic(a: Option<bool>, b: Option<bool>, decides: bool) -> Option<Word> {
    if a == Some(decides) || b == Some(decides) {
        return Some(Word::Bool(decides));
    }
    (a.is_some() && b.is_some()).then_some(Word::Bool(!decides))
}

fn compare(op: Compare, a: &Word, b: &Word) -> Option<Word> {
    use std::mem::discriminant;
    if discriminant(a) != discriminant(b) {
        return None;
    }
    Some(Word::Bool(match op {
        Compare::Eq => a == b,
        Compare::Ne => a != b,
        Compare::Lt => a < b,
        Compare::Le => a <= b,
        Compare::Gt => a > b,
        Compare::Ge => a >= b,
    }))
}

/// `*` stands for any text.
fn glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, tail)) => text.strip_prefix(head).is_some_and(|rest| {
            rest.char_indices().map(|(n, _)| n).chain([rest.len()]).any(|n| glob(tail, &rest[n..]))
        }),
    }
}
