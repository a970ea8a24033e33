//! Syntax errors in the user's words.

use super::habit;
use super::split::DECLARATIONS;
use super::words::{CLAUSES, METADATA, POLICIES, RESERVED};
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::span::{FileId, Span};

/// Words that a slip of the finger may have meant, besides clauses and policies.
const STRUCTURE: [&str; 23] = [
    "where", "until", "by", "after", "within", "global", "next", "any", "not", "either", "all", "of", "and",
    "or", "in", "like", "then", "else", "over", "session", "timeout", "from", "key",
];

/// How the policies of `matches` are waited for.
pub(super) const POLICY: &str = "`disjoint`, `separate`, `every`, `latest`, `all` or `to`";

/// Something else should stand at `at`; `start` is where the broken part begins.
pub(super) fn unexpected(
    file: FileId,
    text: &str,
    start: usize,
    at: usize,
    expected: &[&'static str],
) -> Diagnostic {
    let place = Place::at(text, start, at);
    let span = Span::new(file, place.at, place.at + place.found.len());
    let message = match join(expected) {
        Some(expected) => format!("expected {expected}, found {}", place.shown()),
        None => format!("{} cannot stand here", place.shown()),
    };
    let problem = Diagnostic::new(Code::Syntax, span, message);
    match place.advice(expected) {
        Some(help) => problem.help(help),
        None => problem,
    }
}

/// A word that stands where a clause begins and looks like a slip of the finger; `None` if it does not, or if it may
/// be a field of `emit`.
pub(super) fn misspelt_clause(file: FileId, text: &str, start: usize) -> Option<Diagnostic> {
    let place = Place::at(text, start, start);
    let behind = Place::at(text, start, place.at + place.found.len());
    if clauses(true).any(|word| word == place.found) || behind.found == "=" {
        return None;
    }
    let help = match habit::instead_of_clause(place.found) {
        Some(help) => help.to_owned(),
        None => {
            let near = nearest(place.found, clauses(true).chain(STRUCTURE));
            format!("did you mean `{}`?", near.filter(|_| place.found.len() > 2)?)
        }
    };
    let span = Span::new(file, place.at, place.at + place.found.len());
    let problem = Diagnostic::new(Code::Syntax, span, format!("expected a clause, found {}", place.shown()));
    Some(problem.help(help))
}

/// What stands where a declaration should.
pub(super) fn no_declaration(file: FileId, text: &str, at: usize) -> Diagnostic {
    let place = Place::at(text, at, at);
    let span = Span::new(file, place.at, place.at + place.found.len());
    let message = format!("expected a declaration, found {}", place.shown());
    let help = match nearest(place.found, DECLARATIONS) {
        Some(word) => format!("did you mean `{word}`?"),
        None => "a file holds `rule`, `event`, `list`, `table` and `param`".to_owned(),
    };
    Diagnostic::new(Code::Syntax, span, message).help(help)
}

/// A declaration that nests too deep or takes too long.
pub(super) fn too_large(span: Span) -> Diagnostic {
    let message = "this nests too deep or is too long to be read";
    Diagnostic::new(Code::TooLarge, span, message).help("split it into smaller parts")
}

/// A place in the text where something is wrong.
struct Place<'t> {
    at: usize,
    /// The token there; empty at the end of the file.
    found: &'t str,
    /// The word before it in the broken part.
    before: &'t str,
    /// All that stands before it.
    text: &'t str,
    /// All that stands behind it.
    rest: &'t str,
}

impl<'t> Place<'t> {
    fn at(text: &'t str, start: usize, at: usize) -> Self {
        let at = text.len() - skip_blank(text.get(at..).unwrap_or_default()).len();
        let at = at - operator_before(text, at);
        let rest = text.get(at..).unwrap_or_default();
        let run = |inside: fn(char) -> bool| rest.find(|c: char| !inside(c)).unwrap_or(rest.len());
        let length = match run(is_word).max(run(is_operator)) {
            0 => rest.chars().next().map_or(0, char::len_utf8),
            length => length,
        };
        let before = text.get(start..at).unwrap_or_default().trim_end();
        let before = before.rsplit(|c: char| !is_word(c)).next().unwrap_or_default();
        let found = rest.get(..length).unwrap_or_default();
        let rest = rest.get(length..).unwrap_or_default();
        Place { at, found, before, text: text.get(..at).unwrap_or_default(), rest }
    }

    /// At most 40 characters, the invisible ones escaped.
    fn shown(&self) -> String {
        let escape = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
        match self.found.chars().nth(40) {
            _ if self.found.is_empty() => "the end of the file".to_owned(),
            Some(_) => format!("`{}…`", self.found.chars().take(40).collect::<String>()),
            None => format!("`{}`", self.found.chars().map(escape).collect::<String>()),
        }
    }

    /// What to do about it.
    fn advice(&self, expected: &[&'static str]) -> Option<String> {
        let waits = |word: &str| expected.contains(&word);
        if let Some(help) = habit::remedy(self.text, self.found, self.rest, expected) {
            return Some(help);
        }
        if self.found == "=" && expected == ["a value"] {
            return Some(format!("if `{}` is a field of `emit`, a comma must stand before it", self.before));
        }
        let name = self.name();
        if self.found == "(" && !name.is_empty() && !is_known(name) {
            return Some(self.advice_on_call());
        }
        if self.found == "."
            || self.text.trim_end().ends_with('.') && self.text.ends_with(char::is_whitespace)
        {
            return Some("no space stands round the dot of a path: write `a.b`".to_owned());
        }
        if self.found == "=" && self.text.trim_end().ends_with('=') {
            return Some("one `=` is enough".to_owned());
        }
        if self.found == "==" && waits("`=`") {
            return Some("write one `=`".to_owned());
        }
        if let Some(advice) = foreign(self.found, waits("an expression")).filter(|_| !waits("`=`")) {
            return Some(advice.to_owned());
        }
        if RESERVED.contains(&self.found) && (waits("a name") || waits("a step")) {
            return Some(format!("`{}` is reserved: put it in back-ticks to use it as a name", self.found));
        }
        let words = expected.iter().filter_map(|word| word.strip_prefix('`')?.strip_suffix('`'));
        let words = words.filter(|word| word.starts_with(char::is_alphabetic));
        if let Some(word) =
            nearest(self.found, words.chain(clauses(waits("a clause"))).chain(policies(waits(POLICY))))
        {
            return Some(format!("did you mean `{word}`?"));
        }
        if let Some(advice) = self.advice_before(waits("a value")) {
            return Some(advice);
        }
        if let Some(word) = nearest(self.found, STRUCTURE).filter(|_| self.found.len() > 2) {
            return Some(format!("did you mean `{word}`?"));
        }
        if waits("`:`") && waits("`by`") && self.found.starts_with(is_word) && self.has_type() {
            return Some("an event type of several words stands in quotes".to_owned());
        }
        let operand = self.found.starts_with(|c: char| is_word(c) || "\"`(".contains(c));
        let missing = [("`,`", "a comma"), ("`)`", "an operator")].into_iter().find(|(mark, _)| waits(mark));
        missing.filter(|_| operand).map(|(_, what)| format!("put {what} before it"))
    }

    /// The word before it on its line, in the broken part or not.
    fn name(&self) -> &'t str {
        let line = self.text.rsplit('\n').next().unwrap_or_default().trim_end();
        line.rsplit(|c: char| !is_word(c)).next().unwrap_or_default()
    }

    /// Whether nothing but words stands behind the colon of a step on its line.
    fn has_type(&self) -> bool {
        let line = self.text.rsplit('\n').next().unwrap_or_default();
        let behind = line.split_once(':').map(|(_, behind)| behind);
        behind.is_some_and(|behind| behind.chars().all(|c| is_word(c) || c == ' '))
    }

    fn advice_on_call(&self) -> String {
        let name = self.name();
        match self.text.ends_with(is_word) {
            true => format!("a function is called by its name alone: `{name}(…)`"),
            false => format!("no space stands between a function and its parenthesis: write `{name}(`"),
        }
    }

    /// A slip in the word before, after which nothing fits.
    fn advice_before(&self, value: bool) -> Option<String> {
        if self.before.len() < 3 || is_known(self.before) {
            return None;
        }
        match nearest(self.before, clauses(true).chain(STRUCTURE)) {
            Some(word) => Some(format!("did you mean `{word}` instead of `{}`?", self.before)),
            None if value => {
                Some(format!("a clause is a word and a value, and `{}` is no clause", self.before))
            }
            None => None,
        }
    }
}

/// How other languages write what is written differently here, or what must stand before it. `operand`: whether a
/// value is waited for, and no operator.
fn foreign(found: &str, operand: bool) -> Option<&'static str> {
    Some(match found {
        "=" | "===" => "`==` compares",
        "!==" | "<>" => "write `!=`",
        "&" | "&&" => "write `and`",
        "|" | "||" => "write `or`",
        "!" => "write `not`",
        "?" => "write `if … then … else …`, or `a ?? b` for a default",
        "==" | "!=" | "<" | "<=" | ">" | ">=" if !operand => "a condition stands behind `where`",
        "'" => "strings stand in double quotes",
        "/" => "comments begin with `#`",
        _ => return None,
    })
}

fn clauses(wanted: bool) -> impl Iterator<Item = &'static str> {
    CLAUSES.into_iter().chain(METADATA).filter(move |_| wanted)
}

/// Whether a word has a meaning of its own, and is most likely no slip.
fn is_known(word: &str) -> bool {
    RESERVED.contains(&word) || clauses(true).chain(STRUCTURE).any(|known| known == word)
}

fn policies(wanted: bool) -> impl Iterator<Item = &'static str> {
    POLICIES.into_iter().filter(move |_| wanted)
}

/// How many bytes of an operator stand before a place that is inside of it, as in `<>`.
fn operator_before(text: &str, at: usize) -> usize {
    let (before, behind) = (text.get(..at).unwrap_or_default(), text.get(at..).unwrap_or_default());
    if behind.starts_with(is_operator) {
        before.len() - before.trim_end_matches(is_operator).len()
    } else {
        0
    }
}

fn is_operator(c: char) -> bool {
    "=!<>&|?".contains(c)
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// The text behind white space and comments.
fn skip_blank(mut text: &str) -> &str {
    loop {
        text = text.trim_start();
        match text.strip_prefix('#') {
            Some(comment) => text = comment.find('\n').and_then(|at| comment.get(at..)).unwrap_or_default(),
            None => return text,
        }
    }
}

/// `a, b or c`
fn join(words: &[&str]) -> Option<String> {
    let (last, rest) = words.split_last()?;
    if rest.is_empty() {
        return Some((*last).to_owned());
    }
    Some(format!("{} or {last}", rest.join(", ")))
}
