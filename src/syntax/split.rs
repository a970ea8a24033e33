//! Cuts the tokens of a file into declarations and checks that brackets close and nest no deeper than allowed.

use super::scan::{Kind, Token};
use crate::diagnostic::{Code, Diagnostic};
use crate::limits::Limits;
use crate::span::{FileId, Span};

/// The tokens of one declaration, or of what stands where one should.
pub(super) struct Piece<'s> {
    pub(super) tokens: &'s [Token],
    /// For each token, how many brackets of the piece are open before it.
    pub(super) depths: Vec<usize>,
    /// What is wrong with its brackets.
    pub(super) problems: Vec<Diagnostic>,
}

/// The words that begin a declaration.
pub(super) const DECLARATIONS: [&str; 5] = ["rule", "event", "list", "table", "param"];

/// Cuts tokens into declarations.
///
/// A declaration begins with its word outside of all brackets; and inside of them, where a bracket was forgotten, at
/// the head of a line that can be nothing else.
pub(super) fn split<'s>(file: FileId, text: &str, tokens: &'s [Token], limits: &Limits) -> Vec<Piece<'s>> {
    let (mut pieces, mut first) = (Vec::new(), 0);
    let mut brackets = Brackets::new(file, limits);
    for (at, token) in tokens.iter().enumerate() {
        let rest = tokens.get(at..).unwrap_or_default();
        let inside = tokens.get(first..at).unwrap_or_default();
        let begins = if brackets.open.is_empty() {
            brackets.ended || begins_outside(text, inside, token)
        } else {
            token.leads && begins_inside(text, inside.last(), rest)
        };
        if begins && at > first {
            pieces.push(brackets.finish(inside));
            first = at;
        }
        brackets.take(token);
    }
    let last = tokens.get(first..).unwrap_or_default();
    if !last.is_empty() {
        pieces.push(brackets.finish(last));
    }
    pieces
}

/// Whether this word begins a declaration rather than being the name in one.
fn begins_outside(text: &str, inside: &[Token], token: &Token) -> bool {
    let before = inside.last().map(|last| word(text, last));
    let names = inside.len() == 1 && before.is_some_and(|word| DECLARATIONS.contains(&word));
    let table = inside.first().is_some_and(|first| word(text, first) == "table");
    let key = before == Some("key") && table && inside.len() == 5;
    DECLARATIONS.contains(&word(text, token)) && !names && !key
}

/// What may stand before a bracket behind an event type or an expression, of which the word of a declaration may be the
/// last.
const OPENERS: [&str; 4] = ["all", "either", "sequence", "global"];

/// Whether these tokens, inside of a bracket, can only be a declaration.
fn begins_inside(text: &str, before: Option<&Token>, rest: &[Token]) -> bool {
    let mut words = rest.iter().take(4).map(|token| word(text, token));
    let (key, name, next, after) = (words.next(), words.next(), words.next(), words.next());
    let named = name.is_some_and(|name| name.starts_with(|c: char| c.is_alphabetic() || "_`\"".contains(c)));
    let opener = name.is_some_and(|name| OPENERS.contains(&name));
    let quantifier = after.is_some_and(|after| after.starts_with(|c: char| c.is_ascii_digit()));
    // `emit list a = 1` is an alert of the type `list`.
    let emitted = before.is_some_and(|before| ["emit", "final"].contains(&word(text, before)));
    named
        && match (key, next) {
            (Some("rule" | "event"), Some("{")) => !opener && !quantifier,
            (Some("list" | "param"), Some("=")) => !emitted,
            (Some("list" | "table"), Some("from")) => true,
            _ => false,
        }
}

/// The text of a token.
pub(super) fn word<'t>(text: &'t str, token: &Token) -> &'t str {
    text.get(token.start..token.end).unwrap_or_default()
}

struct Brackets<'l> {
    file: FileId,
    limits: &'l Limits,
    open: Vec<(u8, usize)>,
    depths: Vec<usize>,
    problems: Vec<Diagnostic>,
    /// How many problems there were in all pieces; beyond the limit they are not kept.
    count: usize,
    /// How many brackets are open beyond the limit; they are not told apart.
    beyond: usize,
    too_deep: bool,
    /// Whether the last token closed the outermost brace.
    ended: bool,
}

impl<'l> Brackets<'l> {
    fn new(file: FileId, limits: &'l Limits) -> Self {
        let (open, depths, problems) = (Vec::new(), Vec::new(), Vec::new());
        Brackets { file, limits, open, depths, problems, count: 0, beyond: 0, too_deep: false, ended: false }
    }

    fn take(&mut self, token: &Token) {
        self.ended = false;
        match token.kind {
            Kind::Open(byte) => {
                self.depths.push(self.open.len());
                self.open(byte, token.start);
            }
            Kind::Close(_) if self.beyond > 0 => {
                self.beyond -= 1;
                self.depths.push(self.open.len());
            }
            Kind::Close(byte) => {
                self.close(byte, token.start);
                self.depths.push(self.open.len());
            }
            _ => self.depths.push(self.open.len()),
        }
    }

    fn open(&mut self, byte: u8, at: usize) {
        if self.open.len() < self.limits.rule_depth {
            return self.open.push((byte, at));
        }
        self.beyond += 1;
        if !self.too_deep {
            self.too_deep = true;
            let message = format!("brackets nest deeper than the limit of `{}`", self.limits.rule_depth);
            self.report(at, |span| Diagnostic::new(Code::TooLarge, span, message));
        }
    }

    fn report(&mut self, at: usize, problem: impl FnOnce(Span) -> Diagnostic) {
        self.count += 1;
        if self.count <= self.limits.diagnostics.saturating_add(1) || self.problems.is_empty() {
            self.problems.push(problem(Span::new(self.file, at, at + 1)));
        }
    }

    /// A closing bracket closes the innermost one of its kind; those inside of that were forgotten. Only braces are
    /// looked for across other brackets.
    fn close(&mut self, byte: u8, at: usize) {
        let opening = match byte {
            b'}' => b'{',
            b')' => b'(',
            _ => b'[',
        };
        let nearest = self
            .open
            .iter()
            .rposition(|(open, _)| *open == opening || *open == b'{')
            .filter(|index| self.open.get(*index).is_some_and(|(open, _)| *open == opening));
        match nearest {
            Some(index) => {
                if let Some(inner) = self.open.get(index + 1).copied() {
                    self.unclosed(inner);
                }
                self.open.truncate(index);
                self.ended = index == 0 && byte == b'}';
            }
            None => self.report(at, |span| {
                let message = format!("`{}` closes nothing", char::from(byte));
                let help = "remove it, or open its bracket before it";
                Diagnostic::new(Code::Syntax, span, message).help(help)
            }),
        }
    }

    fn unclosed(&mut self, (byte, at): (u8, usize)) {
        if self.too_deep {
            return;
        }
        let closing = match byte {
            b'{' => '}',
            b'(' => ')',
            _ => ']',
        };
        self.report(at, |span| {
            let message = format!("`{}` is not closed", char::from(byte));
            Diagnostic::new(Code::Syntax, span, message)
                .help(format!("add the `{closing}` that belongs to it"))
        });
    }

    fn finish<'s>(&mut self, tokens: &'s [Token]) -> Piece<'s> {
        if let Some(outermost) = self.open.first().copied() {
            self.unclosed(outermost);
        }
        self.open.clear();
        (self.beyond, self.too_deep) = (0, false);
        Piece {
            tokens,
            depths: std::mem::take(&mut self.depths),
            problems: std::mem::take(&mut self.problems),
        }
    }
}
