//! Text to a concrete tree, by the grammar. The only file that names pest; what leaves it is a [`Tree`] or a
//! [`Failure`].

use std::num::NonZeroUsize;
use std::ops::Range;

use pest::Parser as _;
use pest::Token;
use pest::error::{Error, ErrorVariant, InputLocation};

pub(super) use grammar::Rule;

#[allow(missing_docs, unreachable_pub, reason = "written by the derive")]
mod grammar {
    #[derive(pest_derive::Parser)]
    #[grammar = "../grammar/tripline.pest"]
    pub(super) struct Grammar;
}

/// A fence behind the linear grammar: a declaration that takes more calls than this is refused rather than waited for.
const CALL_LIMIT: usize = 50_000_000;

/// A concrete tree: its nodes in the order of their first byte, parents before children.
pub(super) struct Tree<'t> {
    text: &'t str,
    nodes: Vec<Raw>,
}

struct Raw {
    rule: Rule,
    start: usize,
    end: usize,
    /// The index behind its subtree.
    next: usize,
}

/// A node of a [`Tree`]. Offsets are those of the whole text.
#[derive(Clone, Copy)]
pub(super) struct Node<'t> {
    tree: &'t Tree<'t>,
    index: usize,
}

/// Why a text does not parse.
pub(super) enum Failure {
    /// Something else should stand there.
    Unexpected {
        /// The furthest byte that was reached.
        at: usize,
        /// What could have stood there, in the user's words.
        expected: Vec<&'static str>,
    },
    /// It nests too deep or takes too many calls.
    TooLarge,
}

/// Parses `range` of `text` as `rule`.
///
/// Cost: linear. Nesting is bounded by the caller for brackets and by pest's stack guard for the rest.
pub(super) fn parse(rule: Rule, text: &str, range: Range<usize>) -> Result<Tree<'_>, Failure> {
    pest::set_call_limit(NonZeroUsize::new(CALL_LIMIT));
    let base = range.start;
    let part = text.get(range).unwrap_or_default();
    match grammar::Grammar::parse(rule, part) {
        Ok(pairs) => Ok(Tree { text, nodes: flatten(pairs.tokens(), part, base) }),
        Err(error) => Err(failure(&error, base)),
    }
}

fn flatten<'t>(tokens: impl Iterator<Item = Token<'t, Rule>>, part: &str, base: usize) -> Vec<Raw> {
    let (mut nodes, mut open, mut comments) = (Vec::new(), Vec::new(), Vec::new());
    for token in tokens {
        match token {
            Token::Start { rule: Rule::COMMENT, pos } => comments.push((pos.pos(), pos.pos())),
            Token::End { rule: Rule::COMMENT, pos } => {
                if let Some(comment) = comments.last_mut() {
                    comment.1 = pos.pos();
                }
            }
            Token::Start { rule, pos } if keeps(rule) => {
                open.push(nodes.len());
                nodes.push(Raw { rule, start: base + pos.pos(), end: 0, next: 0 });
            }
            Token::End { rule, pos } if keeps(rule) => {
                let next = nodes.len();
                if let Some(node) = open.pop().and_then(|index| nodes.get_mut(index)) {
                    node.end = base + trimmed(part, pos.pos(), &comments);
                    node.next = next;
                }
            }
            _ => {}
        }
    }
    nodes
}

/// The end of a node without the white space and the comments that pest counts in where something optional is not
/// there.
fn trimmed(part: &str, mut end: usize, comments: &[(usize, usize)]) -> usize {
    for comment in comments.iter().rev().map(Some).chain([None]) {
        end = part.get(..end).unwrap_or_default().trim_end_matches([' ', '\t', '\n', '\r']).len();
        match comment {
            Some((start, stop)) if *stop == end => end = *start,
            _ => break,
        }
    }
    end
}

/// Whether the tree holds such nodes: punctuation and comments are left out.
fn keeps(rule: Rule) -> bool {
    use Rule::*;
    !matches!(rule, COMMENT | EOI | open | close | shut | end | colon | equals | no_args)
}

impl Tree<'_> {
    /// The nodes that have no parent.
    pub(super) fn roots(&self) -> impl Iterator<Item = Node<'_>> {
        Siblings { tree: self, index: 0, end: self.nodes.len() }
    }
}

struct Siblings<'t> {
    tree: &'t Tree<'t>,
    index: usize,
    end: usize,
}

impl<'t> Iterator for Siblings<'t> {
    type Item = Node<'t>;

    fn next(&mut self) -> Option<Node<'t>> {
        let node = Node { tree: self.tree, index: self.index };
        if self.index >= self.end {
            return None;
        }
        self.index = node.raw().next;
        Some(node)
    }
}

impl<'t> Node<'t> {
    #[expect(clippy::indexing_slicing, reason = "a node is only made for an index of its tree")]
    fn raw(self) -> &'t Raw {
        &self.tree.nodes[self.index]
    }

    pub(super) fn rule(self) -> Rule {
        self.raw().rule
    }

    pub(super) fn start(self) -> usize {
        self.raw().start
    }

    pub(super) fn end(self) -> usize {
        self.raw().end
    }

    pub(super) fn text(self) -> &'t str {
        self.tree.text.get(self.start()..self.end()).unwrap_or_default()
    }

    pub(super) fn children(self) -> impl Iterator<Item = Node<'t>> {
        Siblings { tree: self.tree, index: self.index + 1, end: self.raw().next }
    }

    /// The first child of this rule.
    pub(super) fn child(self, rule: Rule) -> Option<Node<'t>> {
        self.children().find(|child| child.rule() == rule)
    }

    /// Whether it has a child of this rule.
    pub(super) fn has(self, rule: Rule) -> bool {
        self.child(rule).is_some()
    }
}

fn failure(error: &Error<Rule>, base: usize) -> Failure {
    let (InputLocation::Pos(at) | InputLocation::Span((at, _))) = error.location;
    match &error.variant {
        ErrorVariant::CustomError { .. } => Failure::TooLarge,
        ErrorVariant::ParsingError { positives, .. } => {
            Failure::Unexpected { at: base + at, expected: expected(positives) }
        }
    }
}

/// What could have stood there. What may always follow is only named if there is nothing else.
fn expected(rules: &[Rule]) -> Vec<&'static str> {
    let pick = |wanted: fn(Rule) -> bool| {
        let mut words: Vec<&str> =
            rules.iter().filter(|rule| wanted(**rule)).map(|rule| describe(*rule)).collect();
        words.retain(|word| !word.is_empty());
        words.sort_unstable_by_key(|word| (word.starts_with('`'), *word));
        words.dedup();
        words
    };
    let mut strong = pick(|rule| !is_weak(rule));
    for (whole, parts) in WHOLES {
        if strong.contains(whole) {
            strong.retain(|word| !parts.contains(word));
        }
    }
    if strong.is_empty() { pick(is_weak) } else { strong }
}

/// What is named as a whole, and how its parts may begin: blocks are steps in the user's words.
const WHOLES: &[(&str, &[&str])] =
    &[("a step", &["a number", "`all`", "`either`", "`until`"]), ("an expression", &["a name", "`if`"])];

fn is_weak(rule: Rule) -> bool {
    matches!(rule, Rule::infix | Rule::quantifier | Rule::optional | Rule::reluctant | Rule::args)
}

macro_rules! words {
    ($($rule:ident $word:literal)*) => {
        /// A grammar rule in the user's words; empty for what is never waited for by itself.
        fn describe(rule: Rule) -> &'static str {
            match rule { $(Rule::$rule => $word,)* _ => "" }
        }
    };
}

words! {
    ident "a name" meta_key "a clause" word "a value" tag "a value" meta_literal "a value" string "a string"
    number "a number" literal "an expression" length "a duration" body_word "a clause" type_name "an event type"
    any_type "`*`" types "an event type" field_type "a type" field_decl "a field" path "a field"
    rule_decl "`rule`" event_decl "`event`" list_decl "`list`" table_decl "`table`" param_decl "`param`" EOI "the end"
    open "`{`" close "`}`" shut "`)`" end "`]`" comma "`,`" colon "`:`" equals "`=`"
    event "a clause" sequence "a clause" window "a clause" when "a clause" matches "a clause" emit "a clause"
    on_timeout "a clause" suppress "a clause" hold "a clause" forget "a clause" meta "a clause"
    policy "`disjoint`, `separate`, `every`, `latest`, `all` or `to`" shape "a shape such as `over 5m`" emit_type "an event type" emit_field "a field"
    by "`by`" after "`after`" within "`within`"
    block "`{`" step "a step" cancel "`until`" either "a step" all "a step" of "a step" group "a step" mode "a step"
    filter "`where`" until "`until`" quantifier "a quantifier" optional "`?`" reluctant "`?`"
    expr "an expression" prefix "an expression" place "an expression" list "an expression" paren "an expression"
    conditional "an expression" infix "an operator" args "`(`" meta_list "a value"
    k_after "`after`" k_all "`all`" k_any "`any`" k_by "`by`" k_disjoint "`disjoint`" k_drop "`drop`" k_either "`either`"
    k_else "`else`" k_emit "`emit`" k_event "`event`" k_events "`events`" k_every "`every`" k_first "`first`"
    k_forever "`forever`" k_forget "`forget`" k_from "`from`" k_global "`global`" k_hold "`hold`" k_if "`if`" k_key "`key`" k_last "`last`"
    k_latest "`latest`" k_limit "`limit`" k_list "`list`" k_matches "`matches`" k_new "`new`" k_next "`next`" k_not "`not`"
    k_of "`of`" k_offset "`offset`" k_oldest "`oldest`" k_on "`on`" k_or "`or`" k_over "`over`" k_param "`param`" k_refuse "`refuse`" k_rule "`rule`"
    k_separate "`separate`" k_sequence "`sequence`" k_session "`session`" k_starts "`starts`" k_suppress "`suppress`"
    k_table "`table`" k_then "`then`" k_timeout "`timeout`" k_to "`to`" k_tz "`tz`" k_until "`until`"
    k_when "`when`" k_whenever "`whenever`" k_where "`where`" k_window "`window`" k_within "`within`"
    k_final "`final`"
}

/// Whether a text is a name as it stands.
pub(super) fn is_ident(text: &str) -> bool {
    !text.starts_with('`') && is_whole(Rule::ident, text)
}

/// Whether a text is a bare metadata value as it stands, alone or in a list.
pub(super) fn is_word(text: &str, listed: bool) -> bool {
    let kind = if listed { Rule::tag } else { Rule::word };
    !text.starts_with('`') && is_whole(kind, text) && !is_whole(Rule::literal, text)
}

fn is_whole(rule: Rule, text: &str) -> bool {
    grammar::Grammar::parse(rule, text).is_ok_and(|pairs| pairs.as_str().len() == text.len())
}
