//! Functions that an embedder gives to rules.

use std::fmt;
use std::sync::Arc;

use compact_str::CompactString;
use indexmap::IndexMap;

use super::{Kind, Signature};
use crate::event::Value;

type Call = dyn Fn(&[Value]) -> Option<Value> + Send + Sync;

/// A function of an embedder.
pub struct Own {
    name: CompactString,
    signature: Signature,
    call: Box<Call>,
}

impl Own {
    /// Its name in rules.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it takes and gives.
    pub fn signature(&self) -> Signature {
        self.signature
    }

    /// What it makes of arguments, in a text or list of at most so many bytes; null of a null. `None` if it has no
    /// value, or one that is not of the kind it gives.
    pub(crate) fn call(&self, args: &[Value], most: usize) -> Option<Value> {
        if args.iter().any(Value::is_null) {
            return Some(Value::Null);
        }
        let value = (self.call)(args)?;
        (is_of(self.signature.result, &value) && size(&value) <= most).then_some(value)
    }
}

/// Whether a value is one that a function of this kind may give.
fn is_of(kind: Kind, value: &Value) -> bool {
    let finite = !matches!(value, Value::Float(x) if !x.is_finite());
    finite
        && match kind {
            _ if value.is_null() => true,
            Kind::Any | Kind::Same => true,
            Kind::String => matches!(value, Value::Str(_)),
            Kind::Int => matches!(value, Value::Int(_) | Value::Uint(_)),
            Kind::Number => matches!(value, Value::Int(_) | Value::Uint(_) | Value::Float(_)),
            Kind::Float => matches!(value, Value::Float(_)),
            Kind::Bool => matches!(value, Value::Bool(_)),
            Kind::Time => matches!(value, Value::Time(_)),
            Kind::Duration => matches!(value, Value::Duration(_)),
            Kind::Ip => matches!(value, Value::Ip(_)),
            Kind::List => matches!(value, Value::List(_)),
        }
}

/// The bytes of a text or list, an item counting as its text and eight bytes.
fn size(value: &Value) -> usize {
    let text = |value: &Value| if let Value::Str(text) = value { text.len() } else { 0 };
    match value {
        Value::List(items) => items.iter().map(|item| text(item) + 8).sum(),
        other => text(other),
    }
}

/// There is one function of a name in a rule set.
impl PartialEq for Own {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.signature == other.signature
    }
}

impl fmt::Debug for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Own({:?})", self.name)
    }
}

/// Functions that an embedder gives to rules, by their names.
///
/// ```
/// use tripline::function::{Functions, Kind, Signature};
/// use tripline::{Limits, Program, Settings, SourceFile, Value};
///
/// let one_text = Signature { required: &[Kind::String], optional: &[], variadic: false, result: Kind::Int };
/// let functions = Functions::default().with("vowels", one_text, |args| match args {
///     [Value::Str(text)] => Some(Value::Int(text.matches(['a', 'e', 'i', 'o', 'u']).count() as i64)),
///     _ => None,
/// });
/// let settings = Settings { functions, ..Settings::default() };
/// let files = [SourceFile::new("names.trip", "rule odd_name { event x: login where vowels(user) == 0 }")];
/// let (program, findings) = Program::compile(&files, &settings, Limits::default());
/// assert!(program.is_some() && findings.is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Functions(IndexMap<CompactString, Arc<Own>>);

impl Functions {
    /// Adds a function; of two with one name the last holds. A name must be one of the language and not that of a
    /// built-in function or form, which is checked when rules are compiled.
    ///
    /// A call must depend on its arguments alone: the same ones always give the same value, or alerts will differ
    /// between runs, engines and threads. It is not called if an argument is null; the result is null then. The arguments
    /// are of the kinds of the signature only as far as that is known when rules are compiled, so a call must expect
    /// any value. `None`, a value of another kind than it should give, and a text or list beyond
    /// [`Limits::computed_bytes`](crate::Limits::computed_bytes) are unknown and count in the rule's `eval_errors`.
    #[must_use]
    pub fn with(
        mut self,
        name: &str,
        signature: Signature,
        call: impl Fn(&[Value]) -> Option<Value> + Send + Sync + 'static,
    ) -> Self {
        let own = Own { name: name.into(), signature, call: Box::new(call) };
        self.0.insert(name.into(), Arc::new(own));
        self
    }

    /// The function of this name.
    pub fn get(&self, name: &str) -> Option<&Arc<Own>> {
        self.0.get(name)
    }

    /// Their names, in the order in which they were added.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(CompactString::as_str)
    }
}
