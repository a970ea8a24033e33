//! Syntax errors in the user's words.

use std::ops::Range;

use super::split::DECLARATIONS;
use super::words::{CLAUSES, METADATA, POLICIES};
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::span::{FileId, Span};

/// Words that a slip of the finger may have meant, besides clauses and policies.
const STRUCTURE: [&str; 21] = [
    "where", "until", "by", "after", "within", "global", "next", "any", "not", "either", "all", "of", "and",
    "or", "in", "like", "then", "else", "over", "session", "timeout",
];

/// Something else should stand at `at`, in the part `range` of the text.
pub(super) fn unexpected(
    file: FileId,
    text: &str,
    range: &Range<usize>,
    at: usize,
    expected: &[&'static str],
) -> Diagnostic {
    let (start, found) = token_at(text, range, at);
    let span = Span::new(file, start, start + found.len().max(1));
    let shown = if found.is_empty() { "the end of it".to_owned() } else { format!("`{}`", show(found)) };
    let message = match join(expected) {
        Some(expected) => format!("expected {expected}, found {shown}"),
        None => format!("{shown} cannot stand here"),
    };
    let problem = Diagnostic::new(Code::Syntax, span, message);
    match advice(text, range, start, found, expected) {
        Some(help) => problem.help(help),
        None => problem,
    }
}

/// What stands where a declaration should.
pub(super) fn no_declaration(file: FileId, text: &str, range: &Range<usize>) -> Diagnostic {
    let (start, found) = token_at(text, range, range.start);
    let span = Span::new(file, start, start + found.len().max(1));
    let message = format!("expected a declaration, found `{}`", show(found));
    let help = match nearest(found, DECLARATIONS) {
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

/// What to do about it.
fn advice(text: &str, range: &Range<usize>, start: usize, found: &str, expected: &[&str]) -> Option<String> {
    let operator = match found {
        "=" => Some("`==` compares"),
        "&" => Some("the operator is written `and`"),
        "|" => Some("the operator is written `or`"),
        "!" => Some("the operator is written `not`"),
        "'" => Some("strings stand in double quotes"),
        _ => None,
    };
    if let Some(operator) = operator.filter(|_| !expected.contains(&"`=`")) {
        return Some(operator.to_owned());
    }
    let named = expected.contains(&"a name") || expected.contains(&"a step");
    if named && super::words::RESERVED.contains(&found) {
        return Some(format!("`{found}` is reserved: put it in back-ticks to use it as a name"));
    }
    let wanted: Vec<&str> =
        expected.iter().filter_map(|word| word.strip_prefix('`')?.strip_suffix('`')).collect();
    if let Some(word) = nearest(found, wanted.iter().copied().chain(known_words(expected))) {
        return Some(format!("did you mean `{word}`?"));
    }
    let before = word_before(text, range, start);
    let word = nearest(before, known_words(&[])).filter(|_| !is_known(before))?;
    Some(format!("did you mean `{word}` instead of `{before}`?"))
}

fn known_words<'a>(expected: &[&str]) -> impl Iterator<Item = &'a str> {
    let all = expected.is_empty();
    let clauses = all || expected.contains(&"a clause");
    let clauses = CLAUSES.into_iter().chain(METADATA).filter(move |_| clauses);
    let policies = POLICIES.into_iter().filter(|_| expected.contains(&"a policy"));
    clauses.chain(policies).chain(STRUCTURE.into_iter().filter(move |_| all))
}

fn is_known(word: &str) -> bool {
    CLAUSES.contains(&word) || METADATA.contains(&word) || STRUCTURE.contains(&word)
}

/// The token at or after a byte, and where it begins.
fn token_at<'t>(text: &'t str, range: &Range<usize>, at: usize) -> (usize, &'t str) {
    let rest = text.get(at..range.end).unwrap_or_default();
    let rest = skip_blank(rest);
    let start = if rest.is_empty() { at } else { range.end - rest.len() };
    let mut length = rest.find(|c: char| !(c == '_' || c.is_alphanumeric())).unwrap_or(rest.len());
    if length == 0 {
        length = rest.chars().next().map_or(0, char::len_utf8);
    }
    (start, rest.get(..length).unwrap_or_default())
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

fn word_before<'t>(text: &'t str, range: &Range<usize>, at: usize) -> &'t str {
    let before = text.get(range.start..at).unwrap_or_default().trim_end();
    let word = before.rsplit(|c: char| !(c == '_' || c.is_alphanumeric())).next();
    word.unwrap_or_default()
}

/// At most 40 characters, the invisible ones escaped.
fn show(text: &str) -> String {
    let mut shown: String = text.chars().take(40).flat_map(|c| c.escape_debug()).collect();
    if text.chars().nth(40).is_some() {
        shown.push('…');
    }
    shown.replace("\\\"", "\"").replace("\\'", "'")
}

/// `a, b or c`
fn join(words: &[&str]) -> Option<String> {
    let (last, rest) = words.split_last()?;
    if rest.is_empty() {
        return Some((*last).to_owned());
    }
    Some(format!("{} or {last}", rest.join(", ")))
}
