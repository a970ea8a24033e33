//! A light scan before the grammar: words, strings, comments and brackets. It cannot fail and does not recurse, so
//! that what follows may rely on closed strings and bounded nesting.

use crate::diagnostic::{Code, Diagnostic};
use crate::limits::Limits;
use crate::span::{FileId, Span};

/// A piece of text that is no white space.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
    /// Whether it is the first on its line.
    pub(super) leads: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A word or a number.
    Word,
    /// A string, a time or a name in back-ticks.
    Quoted,
    /// `{ ( [`
    Open(u8),
    /// `} ) ]`
    Close(u8),
    /// Any other character.
    Mark,
}

/// What a text consists of.
#[derive(Default)]
pub(super) struct Scan {
    pub(super) tokens: Vec<Token>,
    pub(super) comments: Vec<Span>,
    /// The first problems, as many as are shown.
    pub(super) problems: Vec<Diagnostic>,
    /// Where all of them are.
    pub(super) bad: Vec<usize>,
}

/// Cuts a text into tokens and comments.
pub(super) fn scan(file: FileId, text: &str, limits: &Limits) -> Scan {
    let mut scanner =
        Scanner { file, text, at: 0, leads: true, out: Scan::default(), limits, absent: Vec::new() };
    while let Some(c) = scanner.peek() {
        scanner.step(c);
    }
    scanner.out
}

struct Scanner<'t> {
    file: FileId,
    text: &'t str,
    at: usize,
    leads: bool,
    out: Scan,
    limits: &'t Limits,
    /// Endings of raw strings that do not occur in the rest of the text, so that it is searched for them once.
    absent: Vec<&'static str>,
}

impl Scanner<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn step(&mut self, c: char) {
        match c {
            '\n' => {
                self.leads = true;
                self.at += 1;
            }
            ' ' | '\t' | '\r' => self.at += 1,
            '\u{feff}' if self.at == 0 => self.at += c.len_utf8(),
            '#' => self.comment(),
            '"' => self.quoted(1, Quote::Escaped),
            '`' => self.quoted(1, Quote::Tick),
            '{' | '(' | '[' => self.token(Kind::Open(self.byte()), 1),
            '}' | ')' | ']' => self.token(Kind::Close(self.byte()), 1),
            'r' | 't' => self.prefixed(),
            c if is_word(c) => self.word(),
            c => self.token(Kind::Mark, c.len_utf8()),
        }
    }

    fn byte(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or_default()
    }

    fn token(&mut self, kind: Kind, length: usize) {
        let (start, end) = (self.at, self.at + length);
        self.out.tokens.push(Token { kind, start, end, leads: self.leads });
        (self.leads, self.at) = (false, end);
    }

    fn word(&mut self) {
        let length = self.rest().find(|c| !is_word(c)).unwrap_or(self.rest().len());
        self.token(Kind::Word, length);
    }

    fn comment(&mut self) {
        let line = self.rest().split('\n').next().unwrap_or_default().trim_end();
        let (start, end) = (self.at, self.at + line.len().max(1));
        self.out.comments.push(Span::new(self.file, start, end));
        self.at = end;
    }

    /// `r"…"`, `r#"…"#`, `t"…"`, or a word that begins with these letters.
    fn prefixed(&mut self) {
        let rest = self.rest();
        let raw = RAW.into_iter().find(|(open, _)| rest.starts_with(open));
        match raw {
            Some((open, close)) => self.quoted(open.len(), Quote::Raw(close)),
            None if rest.starts_with("t\"") => self.quoted(2, Quote::Plain),
            None => self.word(),
        }
    }

    /// A quoted text whose opening takes `prefix` bytes. One that does not end is taken to the end of its line.
    fn quoted(&mut self, prefix: usize, quote: Quote) {
        let body = self.rest().get(prefix..).unwrap_or_default();
        let known_absent = matches!(quote, Quote::Raw(close) if self.absent.contains(&close));
        let length = if known_absent { None } else { end_of(body, quote) };
        let length = match length {
            Some(length) => prefix + length,
            None => {
                let line = body.split('\n').next().unwrap_or_default().trim_end().len();
                self.unended(prefix, quote);
                prefix + line
            }
        };
        self.check_length(length);
        self.token(Kind::Quoted, length);
    }

    fn unended(&mut self, prefix: usize, quote: Quote) {
        if let Quote::Raw(close) = quote {
            self.absent.push(close);
        }
        self.report(prefix, |span| {
            let (what, remedy) = quote.words();
            let problem = Diagnostic::new(Code::Syntax, span, format!("{what} that does not end"));
            problem.label("it begins here").help(remedy)
        });
    }

    fn report(&mut self, length: usize, problem: impl FnOnce(Span) -> Diagnostic) {
        self.out.bad.push(self.at);
        if self.out.problems.len() <= self.limits.diagnostics {
            self.out.problems.push(problem(Span::new(self.file, self.at, self.at + length)));
        }
    }

    fn check_length(&mut self, length: usize) {
        let limit = self.limits.string_bytes;
        if length > limit {
            self.report(1, |span| {
                let message = format!("a string of `{length}` bytes is longer than the limit of `{limit}`");
                Diagnostic::new(Code::TooLarge, span, message).help("make it shorter")
            });
        }
    }
}

/// Openings and endings of raw strings.
const RAW: [(&str, &str); 3] = [("r\"", "\""), ("r#\"", "\"#"), ("r##\"", "\"##")];

#[derive(Clone, Copy)]
enum Quote {
    Escaped,
    Plain,
    Tick,
    Raw(&'static str),
}

impl Quote {
    /// What it is and how it is ended.
    fn words(self) -> (&'static str, String) {
        match self {
            Quote::Escaped => ("a string", "end it with `\"` on the same line; `\\n` is a new line".into()),
            Quote::Plain => ("a time", "end it with `\"` on the same line".into()),
            Quote::Tick => ("a name in back-ticks", "end it with a back-tick on the same line".into()),
            Quote::Raw(close) => ("a raw string", format!("end it with `{close}`")),
        }
    }
}

/// The bytes up to and including the ending, which stands on the same line unless the string is raw.
fn end_of(body: &str, quote: Quote) -> Option<usize> {
    if let Quote::Raw(close) = quote {
        return body.find(close).map(|at| at + close.len());
    }
    let ending = if matches!(quote, Quote::Tick) { b'`' } else { b'"' };
    let bytes = body.as_bytes();
    let mut at = 0;
    loop {
        let (byte, next) = (*bytes.get(at)?, bytes.get(at + 1));
        let pair = match quote {
            Quote::Escaped => byte == b'\\' && next != Some(&b'\n'),
            Quote::Tick => byte == b'`' && next == Some(&b'`'),
            Quote::Plain | Quote::Raw(_) => false,
        };
        match byte {
            b'\n' => return None,
            _ if pair => at += 2,
            _ if byte == ending => return Some(at + 1),
            _ => at += 1,
        }
    }
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}
