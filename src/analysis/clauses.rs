//! The clauses of a rule by what they are, each at most once.

use compact_str::CompactString;
use indexmap::IndexMap;

use crate::diagnostic::{Code, Diagnostic};
use crate::plan::Meta;
use crate::span::Span;
use crate::syntax::ast::{
    Clause, ClauseKind, DurationLit, Emit, Expr, Full, Ident, Policy, Rule, Sequence, Step, Window,
};

use super::meta;

/// What a rule says, clause by clause.
#[derive(Debug, Default)]
pub(super) struct Clauses<'a> {
    pub(super) meta: Meta,
    pub(super) body: Option<Body<'a>>,
    pub(super) when: Option<When<'a>>,
    pub(super) matches: Option<(&'a Policy, Span)>,
    pub(super) emit: Option<(&'a Emit, Span)>,
    pub(super) timeout: Option<Timeout<'a>>,
    pub(super) suppress: Option<Suppress<'a>>,
    pub(super) hold: Option<Hold>,
    pub(super) forget: Option<(&'a DurationLit, Span)>,
}

/// `hold`
#[derive(Clone, Copy, Debug)]
pub(super) struct Hold {
    pub(super) most: (u64, Span),
    pub(super) full: Option<Full>,
    pub(super) span: Span,
}

/// `suppress`
#[derive(Debug)]
pub(super) struct Suppress<'a> {
    pub(super) length: Option<&'a DurationLit>,
    pub(super) by: &'a [Expr],
}

/// `when`, `whenever`
#[derive(Debug)]
pub(super) struct When<'a> {
    pub(super) condition: &'a Expr,
    /// Whether it is `whenever`.
    pub(super) ever: bool,
    pub(super) span: Span,
}

/// `on timeout`
#[derive(Debug)]
pub(super) struct Timeout<'a> {
    pub(super) after: Option<&'a Ident>,
    pub(super) emit: &'a Emit,
    pub(super) span: Span,
}

/// The body of a rule.
#[derive(Debug)]
pub(super) enum Body<'a> {
    Event(&'a Step),
    Sequence(&'a Sequence),
    Window(&'a Window),
}

/// Sorts the clauses of a rule.
pub(super) fn sort<'a>(rule: &'a Rule, found: &mut Vec<Diagnostic>) -> Clauses<'a> {
    let mut clauses = Clauses::default();
    let mut seen: IndexMap<CompactString, Span> = IndexMap::new();
    for clause in &rule.clauses {
        let word = word(&clause.kind);
        if let Some(first) = seen.get(word) {
            found.push(twice(word, clause.span, *first));
            continue;
        }
        seen.insert(word.into(), clause.span);
        clauses.take(clause, found);
    }
    if clauses.body.is_none() {
        let message = format!("the rule `{}` says nothing to look for", rule.name.name);
        // Over the whole rule, so that a body that could not be read is not missed.
        let finding = Diagnostic::new(Code::MissingClause, rule.span, message);
        found.push(finding.help("add `event …`, `sequence … { … }` or `window … { … }`"));
    }
    clauses
}

/// What a clause is called. All bodies are one, as a rule has one.
fn word(kind: &ClauseKind) -> &str {
    match kind {
        ClauseKind::Meta { key, .. } => &key.name,
        ClauseKind::Event(_) | ClauseKind::Sequence(_) | ClauseKind::Window(_) => "body",
        ClauseKind::When { .. } => "when",
        ClauseKind::Matches(_) => "matches",
        ClauseKind::Emit(_) => "emit",
        ClauseKind::OnTimeout { .. } => "on timeout",
        ClauseKind::Suppress { .. } => "suppress",
        ClauseKind::Hold { .. } => "hold",
        ClauseKind::Forget(_) => "forget",
    }
}

fn twice(word: &str, span: Span, first: Span) -> Diagnostic {
    let message = match word {
        "body" => "a rule has one body, and this is a second".to_string(),
        _ => format!("`{word}` stands twice in this rule"),
    };
    Diagnostic::new(Code::DuplicateClause, span, message).also(first, "the first stands here")
}

impl<'a> Clauses<'a> {
    fn take(&mut self, clause: &'a Clause, found: &mut Vec<Diagnostic>) {
        let span = clause.span;
        match &clause.kind {
            ClauseKind::Meta { key, value } => meta::set(&mut self.meta, key, value, found),
            ClauseKind::Event(step) => self.body = Some(Body::Event(step)),
            ClauseKind::Sequence(sequence) => self.body = Some(Body::Sequence(sequence)),
            ClauseKind::Window(window) => self.body = Some(Body::Window(window)),
            ClauseKind::When { ever, condition } => {
                self.when = Some(When { condition, ever: *ever, span });
            }
            ClauseKind::Matches(policy) => self.matches = Some((policy, span)),
            ClauseKind::Emit(emit) => self.emit = Some((emit, span)),
            ClauseKind::OnTimeout { after, emit } => {
                self.timeout = Some(Timeout { after: after.as_ref(), emit, span });
            }
            ClauseKind::Suppress { length, by } => {
                self.suppress = Some(Suppress { length: length.as_ref(), by });
            }
            ClauseKind::Hold { most, full } => self.hold = Some(Hold { most: *most, full: *full, span }),
            ClauseKind::Forget(length) => self.forget = Some((length, span)),
        }
    }
}
