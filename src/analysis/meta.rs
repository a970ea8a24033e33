//! What a rule says about itself.

use compact_str::CompactString;

use crate::diagnostic::{Code, Diagnostic};
use crate::event::Value;
use crate::plan::{KeyShown, Level, Meta, Status};
use crate::syntax::ast::{Ident, Literal, MetaValue};
use crate::syntax::{CLAUSES, instead_of_clause};

use super::literal;
use super::report::{one_of, suggest};

/// What a word of the metadata takes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Text in quotes.
    Text,
    /// Text in quotes or a bare word.
    Name,
    /// A day or a time.
    Date,
    /// A list of texts and words; one of them stands for a list of one.
    Names,
    Severity,
    Status,
    Risk,
    Enabled,
    Key,
}

const WORDS: [(&str, Kind); 15] = [
    ("id", Kind::Name),
    ("title", Kind::Text),
    ("description", Kind::Text),
    ("severity", Kind::Severity),
    ("risk", Kind::Risk),
    ("status", Kind::Status),
    ("author", Kind::Names),
    ("date", Kind::Date),
    ("modified", Kind::Date),
    ("tags", Kind::Names),
    ("references", Kind::Names),
    ("falsepositives", Kind::Names),
    ("runbook", Kind::Text),
    ("enabled", Kind::Enabled),
    ("key", Kind::Key),
];

/// Whether a word of the metadata changes what a rule finds or says. The others can change without the rule's version.
pub(super) fn is_behaviour(word: &str) -> bool {
    matches!(word, "id" | "severity" | "risk" | "key")
}

/// Takes one clause in.
pub(super) fn set(meta: &mut Meta, key: &Ident, value: &MetaValue, found: &mut Vec<Diagnostic>) {
    let Some((_, kind)) = WORDS.iter().find(|(word, _)| *word == key.name) else {
        return found.push(unknown(key));
    };
    match read(meta, *kind, value) {
        Ok(Some(note)) => meta.notes.push((key.name.clone(), note)),
        Ok(None) => {}
        Err(Wants(wanted)) => {
            let message = format!("`{}` takes {wanted}", key.name);
            let finding = Diagnostic::new(Code::BadValue, value.span(), message);
            found.push(match (*kind, word(value)) {
                (Kind::Severity, Some(text)) => suggest(finding, &text, Level::ALL.map(Level::as_str)),
                (Kind::Key, Some(text)) => suggest(finding, &text, KeyShown::ALL.map(KeyShown::as_str)),
                (Kind::Status, Some(text)) => suggest(finding, &text, ["draft", "shadow", "live"]),
                _ => finding,
            });
        }
    }
}

fn unknown(key: &Ident) -> Diagnostic {
    let finding =
        Diagnostic::new(Code::UnknownClause, key.span, format!("there is no clause `{}`", key.name));
    if let Some(help) = instead_of_clause(&key.name) {
        return finding.help(help);
    }
    suggest(finding, &key.name, WORDS.iter().map(|(word, _)| *word).chain(CLAUSES))
}

/// What a word takes instead.
struct Wants(String);

/// Reads a value into its place, or gives it back as a note.
fn read(meta: &mut Meta, kind: Kind, value: &MetaValue) -> Result<Option<Value>, Wants> {
    let wants = |text: &str| Wants(text.to_string());
    match kind {
        Kind::Text => match value {
            MetaValue::Literal(Literal::Str(text), _) => Ok(Some(Value::str(text.value.as_str()))),
            _ => Err(wants("a string")),
        },
        Kind::Name => {
            word(value).map(|text| Some(Value::Str(text))).ok_or_else(|| wants("a string or a word"))
        }
        Kind::Date => date(value).map(Some).ok_or_else(|| wants("a day such as `2026-01-05`, or a time")),
        Kind::Names => names(value).map(Some).ok_or_else(|| wants("a list of strings and words")),
        Kind::Severity => {
            let level =
                word(value).and_then(|text| Level::ALL.into_iter().find(|level| level.as_str() == text));
            meta.severity = Some(level.ok_or_else(|| Wants(one_of(Level::ALL.map(Level::as_str))))?);
            Ok(None)
        }
        Kind::Status => {
            meta.status = match word(value).as_deref() {
                Some("draft") => Status::Draft,
                Some("live") => Status::Live,
                Some("shadow") => Status::Shadow,
                _ => return Err(Wants(one_of(["draft", "shadow", "live"]))),
            };
            Ok(None)
        }
        Kind::Key => {
            let shown =
                word(value).and_then(|text| KeyShown::ALL.into_iter().find(|shown| shown.as_str() == text));
            meta.key = shown.ok_or_else(|| Wants(one_of(KeyShown::ALL.map(KeyShown::as_str))))?;
            Ok(None)
        }
        Kind::Risk => match value {
            MetaValue::Literal(Literal::Int(n @ 0..=100, _), _) => {
                meta.risk = u8::try_from(*n).ok();
                Ok(None)
            }
            _ => Err(wants("a whole number from 0 to 100")),
        },
        Kind::Enabled => match value {
            MetaValue::Literal(Literal::Bool(enabled), _) => {
                meta.disabled = !enabled;
                Ok(None)
            }
            _ => Err(wants("`true` or `false`")),
        },
    }
}

/// A word or a string.
fn word(value: &MetaValue) -> Option<CompactString> {
    match value {
        MetaValue::Word(word) => Some(word.name.clone()),
        MetaValue::Literal(Literal::Str(text), _) => Some(text.value.as_str().into()),
        _ => None,
    }
}

fn names(value: &MetaValue) -> Option<Value> {
    let items: Option<Vec<Value>> = match value {
        MetaValue::List(items, _) => items.iter().map(|item| word(item).map(Value::Str)).collect(),
        one => word(one).map(|text| vec![Value::Str(text)]),
    };
    items.map(|items| Value::List(items.into()))
}

fn date(value: &MetaValue) -> Option<Value> {
    match value {
        MetaValue::Literal(time @ Literal::Time(..), _) => Some(literal::value(time)),
        other => word(other).filter(|text| is_day(text)).map(Value::Str),
    }
}

/// `2026-01-05` or `2026/01/05`, as far as digits go.
fn is_day(text: &str) -> bool {
    let parts: Vec<&str> = text.split(['-', '/']).collect();
    let number = |part: &&str, digits: usize, most: u32| {
        part.len() == digits && part.parse::<u32>().is_ok_and(|n| (1..=most).contains(&n))
    };
    matches!(&parts[..], [year, month, day] if number(year, 4, 9999) && number(month, 2, 12) && number(day, 2, 31))
}
