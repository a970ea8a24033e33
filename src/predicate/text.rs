//! Text patterns: globs and regular expressions. The only file that names `regex_automata`.

use std::error::Error;
use std::fmt;

use regex_automata::meta::{BuildError, Config, Regex};
use regex_automata::nfa::thompson::WhichCaptures;

use crate::id::FieldId;
use crate::limits::Limits;
use crate::plan::{TextOp, TextPattern};

/// A compiled text pattern. Matching takes time linear in the text, whatever the pattern.
///
/// ```
/// use tripline::Limits;
/// use tripline::plan::{TextOp, TextPattern};
/// use tripline::predicate::Matcher;
///
/// let pattern = TextPattern { op: TextOp::Like, pattern: "/etc/*".into() };
/// let matcher = Matcher::new(&pattern, &Limits::default()).unwrap();
/// assert!(matcher.is_match("/etc/passwd"));
/// assert!(!matcher.is_match("/home/etc/"));
/// ```
#[derive(Clone, Debug)]
pub struct Matcher(Regex);

impl Matcher {
    /// Compiles a pattern, which must fit into `limits.regex_bytes` compiled. A glob too is compiled to an automaton.
    pub fn new(pattern: &TextPattern, limits: &Limits) -> Result<Matcher, TextError> {
        build(&regex_of(pattern)?, config(WhichCaptures::None, limits), limits).map(Matcher)
    }

    /// Whether [`Matcher::new`] takes the pattern. Leaves out what only makes matching fast, and so is several times
    /// faster itself.
    pub fn check(pattern: &TextPattern, limits: &Limits) -> Result<(), TextError> {
        // With the lazy automaton both directions are built, each of which may exceed the limit.
        let config =
            config(WhichCaptures::None, limits).hybrid(true).dfa(false).onepass(false).backtrack(false);
        build(&regex_of(pattern)?, config, limits).map(drop)
    }

    /// Whether the text fits: a glob all of it, a regular expression anywhere in it.
    pub fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

/// A regular expression that takes a text apart by its named groups.
///
/// ```
/// use tripline::Limits;
/// use tripline::predicate::Groups;
///
/// let groups = Groups::new(r"^(?<verb>\w+) (?<path>\S+)( (?<rest>.*))?$", &Limits::default()).unwrap();
/// assert_eq!(groups.names().collect::<Vec<_>>(), ["verb", "path", "rest"]);
/// assert_eq!(groups.take_apart("GET /index"), Some(vec![Some("GET"), Some("/index"), None]));
/// assert_eq!(groups.take_apart("nothing"), None);
/// ```
#[derive(Clone, Debug)]
pub struct Groups(Regex);

impl Groups {
    /// Compiles an expression, which must fit into `limits.regex_bytes` compiled.
    pub fn new(pattern: &str, limits: &Limits) -> Result<Groups, TextError> {
        build(pattern, config(WhichCaptures::All, limits), limits).map(Groups)
    }

    /// The names of its groups, from left to right.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.group_info().all_names().filter_map(|(_, _, name)| name)
    }

    /// What each named group matched where the expression is first found in the text; `None` if it is not.
    pub fn take_apart<'t>(&self, text: &'t str) -> Option<Vec<Option<&'t str>>> {
        let mut captures = self.0.create_captures();
        self.0.captures(text, &mut captures);
        let group = |name| text.get(captures.get_group_by_name(name)?.range());
        captures.is_match().then(|| self.names().map(group).collect())
    }
}

fn regex_of(pattern: &TextPattern) -> Result<String, TextError> {
    match pattern.op {
        TextOp::Like => glob(&pattern.pattern, "(?s)"),
        TextOp::Ilike => glob(&pattern.pattern, "(?si)"),
        TextOp::Regex => Ok(pattern.pattern.to_string()),
    }
}

fn config(captures: WhichCaptures, limits: &Limits) -> Config {
    Config::new()
        .which_captures(captures)
        .nfa_size_limit(Some(limits.regex_bytes))
        .onepass_size_limit(Some(limits.regex_bytes))
        .hybrid_cache_capacity(limits.regex_bytes)
}

fn build(pattern: &str, config: Config, limits: &Limits) -> Result<Regex, TextError> {
    Regex::builder().configure(config).build(pattern).map_err(|error| TextError::of_regex(error, limits))
}

/// Why a text pattern does not compile.
#[derive(Clone, Debug)]
pub struct TextError {
    message: String,
    at: Option<usize>,
    source: Option<Box<BuildError>>,
}

impl TextError {
    /// The byte of the pattern at which it goes wrong, where there is one place.
    pub fn at(&self) -> Option<usize> {
        self.at
    }

    /// More fields than there are numbers for them.
    pub(super) fn too_many_fields() -> TextError {
        let message =
            format!("the rules read more than {} different fields, which is the limit", FieldId::LIMIT);
        TextError { message, at: None, source: None }
    }

    fn of_regex(error: BuildError, limits: &Limits) -> TextError {
        let (message, at) = match (error.size_limit(), error.syntax_error()) {
            (Some(_), _) => (
                format!("it takes more than {} bytes when compiled, which is the limit", limits.regex_bytes),
                None,
            ),
            (None, Some(syntax)) => place(&syntax.to_string()),
            (None, None) => (error.to_string(), None),
        };
        TextError { message, at, source: Some(Box::new(error)) }
    }
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for TextError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|e| e as &(dyn Error + 'static))
    }
}

/// Takes the regex parser's drawing apart: the pattern indented by four, below it a caret, then `error: …`. A pattern
/// of several lines is drawn otherwise and has no place.
fn place(drawing: &str) -> (String, Option<usize>) {
    const INDENT: usize = 4;
    let lines: Vec<&str> = drawing.lines().collect();
    let message = lines.last().map_or(drawing, |line| line.trim_start_matches("error: ")).to_string();
    let [_, pattern, carets, _] = lines[..] else { return (message, None) };
    let at = carets.find('^').and_then(|column| {
        let (byte, _) = pattern.char_indices().nth(column).unwrap_or((pattern.len(), ' '));
        byte.checked_sub(INDENT)
    });
    (message, at)
}

/// The regular expression of a glob. A `*` at an end is said by leaving out the anchor, which lets a plain text
/// between two of them be searched for as such.
fn glob(pattern: &str, flags: &str) -> Result<String, TextError> {
    let parts = parse_glob(pattern)?;
    let inner = parts.strip_prefix(&[Part::Many]).unwrap_or(&parts);
    let open_end = inner.strip_suffix(&[Part::Many]);
    let mut regex = String::from(flags);
    if inner.len() == parts.len() {
        regex.push_str(r"\A");
    }
    for part in open_end.unwrap_or(inner) {
        match part {
            Part::Many => regex.push_str(".*"),
            Part::One => regex.push('.'),
            Part::Char(c) => push_literal(*c, &mut regex),
        }
    }
    if open_end.is_none() && parts != [Part::Many] {
        regex.push_str(r"\z");
    }
    Ok(regex)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Many,
    One,
    Char(char),
}

fn parse_glob(pattern: &str) -> Result<Vec<Part>, TextError> {
    let mut parts = Vec::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '*' if parts.last() == Some(&Part::Many) => {}
            '*' => parts.push(Part::Many),
            '?' => parts.push(Part::One),
            '\\' => match chars.next() {
                Some(escaped) => parts.push(Part::Char(escaped)),
                None => {
                    let message = r"it ends in `\`, which takes the next character as it is; write `\\` for the character itself";
                    return Err(TextError {
                        message: message.into(),
                        at: Some(pattern.len() - 1),
                        source: None,
                    });
                }
            },
            _ => parts.push(Part::Char(c)),
        }
    }
    Ok(parts)
}

fn push_literal(c: char, regex: &mut String) {
    if c.is_ascii_punctuation() {
        regex.push('\\');
    }
    regex.push(c);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compile(op: TextOp, pattern: &str) -> Result<Matcher, TextError> {
        Matcher::new(&TextPattern { op, pattern: pattern.into() }, &Limits::default())
    }

    #[test]
    fn globs_cover_the_whole_text() {
        for (pattern, fits, does_not) in [
            ("", &[""][..], &["a"][..]),
            ("*", &["", "a", "a\nb"], &[]),
            ("**", &["", "a"], &[]),
            ("a*", &["a", "ab", "a\n"], &["", "ba", "A"]),
            ("*a", &["a", "ba"], &["ab"]),
            ("*a*", &["a", "bab"], &["", "A"]),
            ("a*b*c", &["abc", "a.b.c", "abcbc"], &["acb", "abcd"]),
            ("a?c", &["abc", "aéc", "a\nc"], &["ac", "abbc"]),
            (r"\*\?\\", &[r"*?\"], &["ab\\"]),
            (r"\a", &["a"], &[r"\a"]),
            (r"*\*", &["*", "a*"], &["a"]),
            ("a.c[x]{2}|(d)^$#&-~", &["a.c[x]{2}|(d)^$#&-~"], &["abc[x]{2}|(d)^$#&-~"]),
        ] {
            let matcher = compile(TextOp::Like, pattern).unwrap();
            fits.iter().for_each(|text| assert!(matcher.is_match(text), "{pattern} {text}"));
            does_not.iter().for_each(|text| assert!(!matcher.is_match(text), "{pattern} {text}"));
        }
    }

    #[test]
    fn ilike_folds_case_by_character() {
        for (pattern, text, fits) in [
            ("ADMIN*", "administrator", true),
            ("straße", "STRASSE", false), // simple folding is character by character
            ("ΣΊΣΥΦΟΣ", "σίσυφος", true),
            ("k", "\u{212A}", true), // KELVIN SIGN
            ("a?", "ab", true),
        ] {
            assert_eq!(compile(TextOp::Ilike, pattern).unwrap().is_match(text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn a_regex_is_found_anywhere_unless_anchored() {
        let matcher = compile(TextOp::Regex, r"^\d+-(\w+)").unwrap();
        assert!(matcher.is_match("12-ab!"));
        assert!(!matcher.is_match("x12-ab"));
        assert!(compile(TextOp::Regex, "b").unwrap().is_match("abc"));
    }

    #[test]
    fn what_would_explode_is_refused_with_the_limit() {
        for pattern in ["(a{1000}){1000}", r"(\pL{1000}){1000}", "(((x{1000}){1000}){1000}){1000}"] {
            let error = compile(TextOp::Regex, pattern).unwrap_err();
            assert!(error.to_string().contains("more than 1048576 bytes"), "{pattern}: {error}");
            assert!(error.source().is_some());
            let pattern = TextPattern { op: TextOp::Regex, pattern: pattern.into() };
            assert!(Matcher::check(&pattern, &Limits::default()).is_err());
        }
        let long = "?".repeat(60_000);
        assert!(compile(TextOp::Like, &long).unwrap_err().to_string().contains("limit"));
        assert!(compile(TextOp::Regex, &"(".repeat(60_000)).is_err());
    }

    #[test]
    fn an_error_names_the_place() {
        for (op, pattern, message, at) in [
            (TextOp::Regex, "ab(c", "unclosed group", Some(2)),
            (TextOp::Regex, "é(", "unclosed group", Some(2)),
            (TextOp::Regex, "a{2,1}", "invalid repetition count range", Some(1)),
            (TextOp::Regex, "a\n(", "unclosed group", None),
            (TextOp::Like, r"ab\", "it ends in", Some(2)),
        ] {
            let error = compile(op, pattern).unwrap_err();
            assert!(error.to_string().starts_with(message), "{pattern}: {error}");
            assert_eq!(error.at(), at, "{pattern}");
        }
    }
}
