//! Declarations to the syntax tree, all errors at once: what does not parse as a whole is parsed clause by clause, and
//! a broken sequence step by step.

use std::ops::Range;

use super::ast::{Clause, ClauseKind, File, Item, Rule, SequenceItem};
use super::lower::Lower;
use super::message;
use super::parser::{self, Failure, Node, Rule as R};
use super::scan::{Kind, Token};
use super::split::{DECLARATIONS, Piece, word};
use super::words::{CLAUSES, METADATA, RESERVED};
use crate::diagnostic::Diagnostic;
use crate::limits::Limits;
use crate::span::{FileId, Span};

/// Reads declarations and collects what is wrong.
pub(super) struct Reader<'a> {
    pub(super) file: FileId,
    pub(super) text: &'a str,
    pub(super) limits: &'a Limits,
    pub(super) found: Vec<Diagnostic>,
    /// Where the scan found strings that do not end or are too long, in order.
    pub(super) bad: Vec<usize>,
    /// Where the brackets of the declaration that is being read are wrong.
    pub(super) crooked: Vec<usize>,
}

/// A part of a declaration: tokens with their depths.
#[derive(Clone, Copy)]
struct Part<'s> {
    tokens: &'s [Token],
    depths: &'s [usize],
}

impl Reader<'_> {
    /// Reads one declaration into `out`.
    pub(super) fn declaration(&mut self, mut piece: Piece<'_>, out: &mut File) {
        let part = Part { tokens: piece.tokens, depths: &piece.depths };
        let range = part.range();
        let sound = piece.problems.is_empty() && !self.is_bad(&range);
        self.crooked = piece.problems.iter().map(|problem| problem.span().start as usize).collect();
        self.found.append(&mut piece.problems);
        let first = part.tokens.first().map(|token| word(self.text, token)).unwrap_or_default();
        if !DECLARATIONS.contains(&first) {
            if sound {
                self.found.push(message::no_declaration(self.file, self.text, range.start));
            }
            return;
        }
        let mut whole = None;
        if sound {
            match parser::parse(R::declaration, self.text, range.clone()) {
                Ok(tree) => return out.items.extend(tree.roots().next().and_then(|node| self.lower(node))),
                Err(failure) => whole = Some(failure),
            }
        }
        let before = self.found.len();
        if first == "rule" && !self.is_full() {
            out.items.extend(self.broken_rule(part).map(Item::Rule));
        }
        if let Some(failure) = whole.filter(|_| self.found.len() == before) {
            self.fail(failure, &range);
        }
    }

    fn lower(&mut self, node: Node<'_>) -> Option<Item> {
        let before = self.found.len();
        let mut item = self.lowering().item(node);
        if let Some(Item::Rule(rule)) = &mut item {
            rule.broken = self.found.len() > before;
        }
        item
    }

    fn lowering(&mut self) -> Lower<'_> {
        Lower::new(self.file, self.limits, &mut self.found)
    }

    fn is_full(&self) -> bool {
        self.found.len() > self.limits.diagnostics
    }

    /// Whether something that has been reported is wrong with the text there.
    fn is_bad(&self, range: &Range<usize>) -> bool {
        let next = self.bad.partition_point(|at| *at < range.start);
        self.bad.get(next).is_some_and(|at| *at < range.end)
            || self.crooked.iter().any(|at| range.contains(at))
    }

    fn fail(&mut self, failure: Failure, range: &Range<usize>) {
        let problem = match failure {
            Failure::TooLarge => message::too_large(Span::new(self.file, range.start, range.start + 1)),
            Failure::Unexpected { at, expected } => {
                message::unexpected(self.file, self.text, range.start, at, &expected)
            }
        };
        self.found.push(problem);
    }

    /// Reads a rule that does not parse as a whole.
    fn broken_rule(&mut self, part: Part<'_>) -> Option<Rule> {
        let Some(open) = part.position(|token, depth| token.kind == Kind::Open(b'{') && depth == 0) else {
            let range = part.range();
            if !self.is_bad(&range)
                && let Err(failure) = parser::parse(R::declaration, self.text, range.clone())
            {
                self.fail(failure, &range);
            }
            return None;
        };
        let body = part.inside(open);
        let head = part.slice(0..open + 1).range();
        let mut name = None;
        match parser::parse(R::rule_head, self.text, head.clone()) {
            Ok(tree) => {
                let ident = tree.roots().next().and_then(|head| head.child(R::ident));
                name = ident.map(|node| self.lowering().ident(node));
            }
            Err(_) if self.is_bad(&head) => {}
            Err(failure) => self.fail(failure, &head),
        }
        let clauses = self.clauses(body);
        let range = part.range();
        Some(Rule { name: name?, clauses, broken: true, span: Span::new(self.file, range.start, range.end) })
    }

    /// Reads clause by clause, going on at the next line that begins one.
    fn clauses(&mut self, body: Part<'_>) -> Vec<Clause> {
        let mut clauses = Vec::new();
        self.each(body, R::clauses, begins_clause, |reader, part, tree| match tree {
            Some(node) => clauses.extend(reader.lowering().clause(node)),
            None => clauses.extend(reader.broken_sequence(part)),
        });
        clauses
    }

    /// Reads a sequence that does not parse as a whole step by step; `None` if this is none, and reports the error
    /// in any case.
    fn broken_sequence(&mut self, part: Part<'_>) -> Option<Clause> {
        let base = part.depths.first().copied().unwrap_or_default();
        let open = part.position(|token, depth| token.kind == Kind::Open(b'{') && depth == base);
        let first = part.tokens.first().map(|token| word(self.text, token));
        let range = part.range();
        let Some(open) = open.filter(|_| first == Some("sequence")) else {
            self.report_clause(&range);
            return None;
        };
        let head_range = part.slice(0..open + 1).range();
        let head = parser::parse(R::one_head, self.text, head_range.clone());
        let mut items: Vec<SequenceItem> = Vec::new();
        let before = self.found.len();
        self.each(part.inside(open), R::items, begins_item, |reader, part, tree| match tree {
            Some(node) => items.extend(reader.lowering().sequence_item(node)),
            None => reader.report_part(R::one_item, &part.range()),
        });
        match head {
            Ok(tree) => {
                if self.found.len() == before {
                    self.report_part(R::one_clause, &range);
                }
                let node = tree.roots().next()?;
                let mut sequence = self.lowering().sequence(node, Some(items));
                sequence.span = Span::new(self.file, range.start, range.end);
                Some(Clause { span: sequence.span, kind: ClauseKind::Sequence(sequence) })
            }
            Err(failure) => {
                if !self.is_bad(&head_range) {
                    self.fail(failure, &range);
                }
                None
            }
        }
    }

    /// Reports why a part is no clause: its first word, or what stands behind it.
    fn report_clause(&mut self, range: &Range<usize>) {
        if self.is_bad(range) {
            return;
        }
        match message::misspelt_clause(self.file, self.text, range.start) {
            Some(problem) => self.found.push(problem),
            None => self.report_part(R::one_clause, range),
        }
    }

    /// Reports why a part does not parse, unless the scan has said so.
    fn report_part(&mut self, rule: R, range: &Range<usize>) {
        if self.is_bad(range) {
            return;
        }
        if let Err(failure) = parser::parse(rule, self.text, range.clone()) {
            self.fail(failure, range);
        }
    }

    /// Parses as much of `body` as `rule` takes, and goes on where the next token `begins` something. `take` gets each
    /// node, and each part that was passed over.
    fn each<'s>(
        &mut self,
        body: Part<'s>,
        rule: R,
        begins: fn(&str, &[Token], usize) -> bool,
        mut take: impl FnMut(&mut Self, Part<'s>, Option<Node<'_>>),
    ) {
        let base = body.depths.first().copied().unwrap_or_default();
        let count = body.tokens.len();
        let mut at = 0;
        while at < count && !self.is_full() {
            if let Ok(tree) = parser::parse(rule, self.text, body.slice(at..count).range()) {
                for node in tree.roots() {
                    if self.is_bad(&(node.start()..node.end())) {
                        break;
                    }
                    at = body.after(self.text, node.end());
                    take(self, body, Some(node));
                }
            }
            if at == count {
                return;
            }
            let next = (at + 1..count)
                .find(|next| body.depths.get(*next) == Some(&base) && begins(self.text, body.tokens, *next))
                .unwrap_or(count);
            take(self, body.slice(at..next), None);
            at = next;
        }
    }
}

impl<'s> Part<'s> {
    fn range(self) -> Range<usize> {
        let start = self.tokens.first().map_or(0, |token| token.start);
        start..self.tokens.last().map_or(start, |token| token.end)
    }

    fn slice(self, range: Range<usize>) -> Part<'s> {
        Part {
            tokens: self.tokens.get(range.clone()).unwrap_or_default(),
            depths: self.depths.get(range).unwrap_or_default(),
        }
    }

    fn position(self, wanted: impl Fn(&Token, usize) -> bool) -> Option<usize> {
        self.tokens.iter().zip(self.depths).position(|(token, depth)| wanted(token, *depth))
    }

    /// What stands inside of the bracket at `open`.
    fn inside(self, open: usize) -> Part<'s> {
        let depth = self.depths.get(open).copied().unwrap_or_default();
        let rest = self.slice(open + 1..self.tokens.len());
        let end = rest.depths.iter().position(|inner| *inner <= depth).unwrap_or(rest.depths.len());
        rest.slice(0..end)
    }

    /// The index of the first token that begins at or after this byte and is no `;`.
    fn after(self, text: &str, byte: usize) -> usize {
        let next = self.tokens.partition_point(|token| token.start < byte);
        let rest = self.tokens.get(next..).unwrap_or_default();
        next + rest.iter().take_while(|token| word(text, token) == ";").count()
    }
}

/// Whether a clause may begin at this token.
fn begins_clause(text: &str, tokens: &[Token], at: usize) -> bool {
    let Some(token) = tokens.get(at) else { return false };
    let this = word(text, token);
    let next = tokens.get(at + 1).map(|token| word(text, token)).unwrap_or_default();
    if token.kind != Kind::Word || continues(text, tokens, at) || ["=", ".", "(", ":", ","].contains(&next) {
        return false;
    }
    let known = CLAUSES.contains(&this) || METADATA.contains(&this);
    let operator = this == "matches" && next.starts_with(['"', 'r']);
    !operator && (known || token.leads && (!RESERVED.contains(&this)))
}

/// Whether a line of a sequence may begin at this token.
fn begins_item(text: &str, tokens: &[Token], at: usize) -> bool {
    let Some(token) = tokens.get(at) else { return false };
    let this = word(text, token);
    let colon = tokens.get(at + 2).is_some_and(|token| word(text, token) == ":");
    let tail = match this {
        "where" | "by" | "after" | "within" => true,
        "until" => !colon,
        "not" => false,
        _ => RESERVED.contains(&this),
    };
    let kind = matches!(token.kind, Kind::Word | Kind::Quoted | Kind::Open(b'('));
    token.leads && kind && !tail && !continues(text, tokens, at)
}

/// Whether what stands before this token waits for it.
fn continues(text: &str, tokens: &[Token], at: usize) -> bool {
    let Some(before) = at.checked_sub(1).and_then(|at| tokens.get(at)) else { return false };
    let word = word(text, before);
    let waits = ["where", "by", "and", "or", "not", "in", "like", "ilike", "if", "then", "else"];
    waits.contains(&word) || before.kind == Kind::Mark && !["?", "*", "+", ";", "'", "”", "’"].contains(&word)
}
