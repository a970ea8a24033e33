//! Sets of constants, as large as they may be.

use compact_str::CompactString;
use foldhash::fast::FixedState;
use indexmap::IndexSet;

use crate::event::{Value, ValueRef};

use super::compare::among;
use super::worth::Fault;

/// The constants of an `in`.
#[derive(Clone, Debug)]
pub(super) enum Members {
    /// A few, or of several kinds.
    Any(Box<[Value]>),
    /// Many texts.
    Texts(IndexSet<CompactString, FixedState>),
    /// Many numbers, the least first.
    Numbers(Box<[Value]>),
}

/// Up to here it is faster to look at all of them.
const FEW: usize = 8;

impl Members {
    pub(super) fn new(mut items: Vec<Value>) -> Self {
        let is_number = |value: &Value| matches!(value, Value::Int(_) | Value::Uint(_) | Value::Float(_));
        if items.len() <= FEW {
            Members::Any(items.into())
        } else if items.iter().all(is_number) {
            items.sort_by(Value::total_cmp);
            Members::Numbers(items.into())
        } else {
            let text = |value: &Value| match value {
                Value::Str(text) => Some(text.clone()),
                _ => None,
            };
            let texts: Option<IndexSet<_, _>> = items.iter().map(text).collect();
            texts.map_or_else(|| Members::Any(items.into()), Members::Texts)
        }
    }

    /// Whether the value is one of them: the same answer whatever the form.
    pub(super) fn contain(&self, value: ValueRef<'_>) -> Result<Option<bool>, Fault> {
        match (self, value) {
            (Members::Texts(texts), ValueRef::Str(text)) => Ok(Some(texts.contains(text))),
            (Members::Texts(texts), _) => among(value, texts.iter().map(|text| ValueRef::Str(text))),
            (Members::Numbers(all), ValueRef::Int(_) | ValueRef::Uint(_) | ValueRef::Float(_)) => {
                Ok(Some(all.binary_search_by(|item| item.borrowed().total_cmp(value)).is_ok()))
            }
            (Members::Any(all) | Members::Numbers(all), _) => among(value, all.iter().map(Value::borrowed)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_answer_as_few_do() {
        let numbers: Vec<Value> = (0..20).map(|n| Value::Float(f64::from(n) / 2.0)).collect();
        let texts: Vec<Value> = (0..20).map(|n| Value::str(format!("{n}s"))).collect();
        let mixed: Vec<Value> = numbers.iter().chain(&texts).cloned().chain([Value::Null]).collect();
        let asked = [
            Value::Null,
            Value::Int(3),
            Value::Int(40),
            Value::Uint(1 << 63),
            Value::Float(3.5),
            Value::str("3s"),
            Value::str("3"),
            Value::Bool(true),
            Value::Duration(crate::time::Duration::from_millis(3_000)),
            Value::Duration(crate::time::Duration::from_millis(3_001)),
        ];
        for items in [numbers, texts, mixed] {
            let few = Members::Any(items.clone().into());
            let many = Members::new(items);
            for value in &asked {
                assert_eq!(many.contain(value.borrowed()), few.contain(value.borrowed()), "{value:?}");
            }
        }
    }
}
