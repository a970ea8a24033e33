//! What the printer takes from the text: literals as written, blank lines, comments and where they belong.

use super::doc::{Out, Role};
use crate::span::Span;
use crate::syntax::ast::Comment;

/// The text that is printed, if there is one.
#[derive(Default)]
pub(super) struct Source<'t> {
    text: Option<&'t str>,
    comments: Vec<Placed<'t>>,
}

/// A comment and where it stands.
struct Placed<'t> {
    text: &'t str,
    at: usize,
    /// The token behind it; commas and semicolons do not count.
    next: usize,
    /// Whether it is alone on its line.
    alone: bool,
}

impl<'t> Source<'t> {
    pub(super) fn new(text: &'t str, comments: &'t [Comment]) -> Self {
        let mut source = Source { text: Some(text), comments: Vec::new() };
        // From the last to the first, so that a run of comments is passed over once.
        for comment in comments.iter().rev() {
            let placed = source.place(comment);
            source.comments.push(placed);
        }
        source.comments.reverse();
        source
    }

    fn place(&self, comment: &'t Comment) -> Placed<'t> {
        let at = comment.span.start as usize;
        let before = self.before(at);
        let line = before.rsplit('\n').next().unwrap_or_default();
        let alone = line.trim_start_matches('\u{feff}').trim().is_empty();
        let behind = self.skip_blank(comment.span.end as usize);
        let next = self.comments.last().filter(|later| later.at == behind).map_or(behind, |later| later.next);
        Placed { text: &comment.text, at, next, alone }
    }

    /// Where something else than white space, commas and semicolons stands.
    fn skip_blank(&self, at: usize) -> usize {
        let rest = self.text.and_then(|text| text.get(at..)).unwrap_or_default();
        let blank = [' ', '\t', '\r', '\n', ',', ';', '\u{feff}'];
        at + rest.len() - rest.trim_start_matches(blank).len()
    }

    fn before(&self, at: usize) -> &'t str {
        self.text.and_then(|text| text.get(..at)).unwrap_or_default()
    }

    /// The text of a span, where there is a text.
    pub(super) fn slice(&self, span: Span) -> Option<&'t str> {
        self.text?.get(span.start as usize..span.end as usize)
    }

    /// Where the next token stands; commas and semicolons do not count.
    pub(super) fn next_token(&self, at: usize) -> usize {
        if self.text.is_none() {
            return 0;
        }
        let at = self.skip_blank(at);
        let comment = self.comments.binary_search_by_key(&at, |comment| comment.at);
        comment.ok().and_then(|index| self.comments.get(index)).map_or(at, |comment| comment.next)
    }

    /// Whether a comment stands right before this token.
    pub(super) fn has_comment(&self, token: usize) -> bool {
        let next = self.comments.partition_point(|comment| comment.next < token);
        self.comments.get(next).is_some_and(|comment| comment.next == token)
    }

    /// Whether the lines before this token, with the comments that belong to it, hold a blank one.
    pub(super) fn is_apart(&self, token: usize) -> bool {
        let first = self.comments.partition_point(|comment| comment.next < token);
        let own = self.comments.iter().skip(first).take_while(|comment| comment.next == token);
        self.is_blank(token) || own.filter(|comment| comment.alone).any(|comment| self.is_blank(comment.at))
    }

    /// Whether the line before this place is blank.
    fn is_blank(&self, at: usize) -> bool {
        let before = self.before(at);
        let gap = before.len() - before.trim_end().len();
        before.get(before.len() - gap..).unwrap_or_default().matches('\n').count() > 1
    }

    /// Puts lines and comments together.
    pub(super) fn write(&self, lines: &[Out]) -> String {
        let (notes, tail) = self.assign(lines);
        let mut text = String::new();
        for (line, notes) in lines.iter().zip(&notes) {
            self.write_line(&mut text, line, notes);
        }
        for (index, comment) in tail.iter().enumerate() {
            let first = index == 0 && lines.is_empty();
            push_line(&mut text, self.is_blank(comment.at) && !first, 0, comment.text);
        }
        text
    }

    /// Which comments stand above and behind which line, and those behind the last line.
    ///
    /// A comment that is alone goes above the line that begins with the token behind it. Inside of a line it goes
    /// above that line; one that is not alone goes behind it, and if there are several, the last one does.
    fn assign(&self, lines: &[Out]) -> (Vec<Notes<'_>>, Vec<&Placed<'t>>) {
        let mut notes: Vec<Notes<'_>> = lines.iter().map(|_| Notes::default()).collect();
        let mut tail = Vec::new();
        let end = self.text.map_or(0, str::len);
        for comment in &self.comments {
            let behind = lines.partition_point(|line| line.source < comment.at).saturating_sub(1);
            let above = lines.binary_search_by_key(&comment.next, |line| line.source).ok();
            match above {
                Some(line) if comment.alone => notes.get_mut(line).map(|notes| notes.above.push(comment)),
                _ if comment.alone && comment.next == end => {
                    tail.push(comment);
                    None
                }
                _ if comment.alone => notes.get_mut(behind).map(|notes| notes.lifted.push(comment.text)),
                _ => notes.get_mut(behind).map(|notes| {
                    let earlier = notes.behind.replace(comment.text);
                    notes.lifted.extend(earlier);
                }),
            };
        }
        (notes, tail)
    }

    fn write_line(&self, text: &mut String, line: &Out, notes: &Notes<'_>) {
        let indent = if line.role == Role::Close { line.indent + 2 } else { line.indent };
        for (index, comment) in notes.above.iter().enumerate() {
            let blank = match line.role {
                Role::Continue => false,
                Role::First => index > 0 && self.is_blank(comment.at),
                Role::Declaration => index == 0 || self.is_blank(comment.at),
                Role::Item | Role::Close => self.is_blank(comment.at),
            };
            push_line(text, blank, indent, comment.text);
        }
        let mut blank = match line.role {
            Role::Continue | Role::Close => false,
            Role::First => !notes.above.is_empty() && self.is_blank(line.source),
            Role::Declaration => notes.above.is_empty() || self.is_blank(line.source),
            Role::Item => self.is_blank(line.source),
        };
        for comment in &notes.lifted {
            push_line(text, std::mem::take(&mut blank), indent, comment);
        }
        match notes.behind {
            Some(comment) => push_line(text, blank, line.indent, &format!("{}  {comment}", line.text)),
            None => push_line(text, blank, line.indent, &line.text),
        }
    }
}

/// The comments of a line.
#[derive(Default)]
struct Notes<'s> {
    /// Those that stood above it.
    above: Vec<&'s Placed<'s>>,
    /// Those that stood inside of it.
    lifted: Vec<&'s str>,
    /// The one at its end.
    behind: Option<&'s str>,
}

fn push_line(text: &mut String, blank: bool, indent: usize, line: &str) {
    if blank {
        text.push('\n');
    }
    text.extend(std::iter::repeat_n(' ', indent));
    text.push_str(line);
    text.push('\n');
}
