//! The part of a rule file that a drawing shows: few lines, and long ones cut round what is marked.
//!
//! Drawing costs time in the size of the text it is given, so it is never given a whole file.

use std::ops::Range;

use crate::span::Span;

/// Marked lines at most this far apart share an excerpt.
const APART: usize = 20;
/// A line longer than this many bytes is cut.
const LONG: usize = 400;
/// What is kept to the left and to the right of a mark in a line that is cut.
const ROUND: usize = 120;

/// Stands for what was cut off; one character.
const CUT: &str = "…";

/// A few lines of a text with the marks in them.
pub(super) struct Excerpt<'a> {
    /// The lines; a cut one has lost its ends.
    pub(super) text: String,
    /// Number of the first line, from 1.
    pub(super) line: usize,
    /// The marks: a range of `text`, what is said there, and whether it is the main one.
    pub(super) marks: Vec<(Range<usize>, &'a str, bool)>,
    /// How many characters the line of the main mark, or else of the first, has lost at its beginning.
    pub(super) lost: usize,
}

/// A mark in the original text, within one line.
struct Mark<'a> {
    line: Range<usize>,
    range: Range<usize>,
    text: &'a str,
    primary: bool,
}

/// The excerpts that show these spans, the one with the main span first.
pub(super) fn excerpts<'a>(text: &str, spans: &[(Span, &'a str, bool)]) -> Vec<Excerpt<'a>> {
    let mut marks: Vec<Mark<'_>> = spans.iter().map(|&span| mark(text, span)).collect();
    marks.sort_by_key(|m| (m.line.start, m.range.start, m.range.end));
    let mut groups: Vec<Vec<Mark<'_>>> = Vec::new();
    for mark in marks {
        match groups.last_mut() {
            Some(group) if group.last().is_some_and(|last| near(text, last, &mark)) => group.push(mark),
            _ => groups.push(vec![mark]),
        }
    }
    groups.sort_by_key(|group| !group.iter().any(|m| m.primary));
    groups.into_iter().map(|group| excerpt(text, group)).collect()
}

/// A span in its line. One over several lines ends with the first of them.
fn mark<'a>(text: &str, (span, said, primary): (Span, &'a str, bool)) -> Mark<'a> {
    let start = text.floor_char_boundary(span.start as usize);
    let end = text.ceil_char_boundary((span.end as usize).clamp(start, text.len()));
    let line = line_at(text, start);
    // At a line end the caret stands just behind the text, also where the line ends in two bytes.
    let start = start.min(line.end);
    Mark { range: start..end.clamp(start, line.end), line, text: said, primary }
}

/// The line that holds a byte, without its line end.
fn line_at(text: &str, offset: usize) -> Range<usize> {
    let start = text[..offset].rfind('\n').map_or(0, |n| n + 1);
    let end = text[offset..].find('\n').map_or(text.len(), |n| offset + n);
    let bare = text[start..end].strip_suffix('\r').map_or(end, |line| start + line.len());
    start..bare
}

fn near(text: &str, a: &Mark<'_>, b: &Mark<'_>) -> bool {
    b.line.start <= a.line.end || text[a.line.end..b.line.start].lines().nth(APART).is_none()
}

fn excerpt<'a>(text: &str, marks: Vec<Mark<'a>>) -> Excerpt<'a> {
    let mut out = Excerpt { text: String::new(), line: 1, marks: Vec::new(), lost: 0 };
    let Some(first) = marks.first().map(|m| m.line.start) else { return out };
    out.line += text[..first].bytes().filter(|&b| b == b'\n').count();
    let (mut at, mut rest) = (first, &marks[..]);
    while let Some(next) = rest.first() {
        // Lines between the marks are folded away when drawn; only their number counts.
        out.text.extend(text[at..next.line.start].bytes().filter(|&b| b == b'\n').map(char::from));
        let here = rest.iter().take_while(|m| m.line == next.line).count();
        let (line, later) = rest.split_at(here);
        let shown = shown(text, line);
        let (left, right) = (shown.start > next.line.start, shown.end < next.line.end);
        out.text.push_str(if left { CUT } else { "" });
        for mark in line {
            if mark.primary || out.marks.is_empty() {
                let lost = text[mark.line.start..shown.start].chars().count();
                out.lost = lost.saturating_sub(usize::from(left));
            }
            let place = |n: usize| out.text.len() + n.clamp(shown.start, shown.end) - shown.start;
            out.marks.push((place(mark.range.start)..place(mark.range.end), mark.text, mark.primary));
        }
        out.text.push_str(&text[shown]);
        out.text.push_str(if right { CUT } else { "" });
        (at, rest) = (next.line.end, later);
    }
    out
}

/// Which part of a line is shown: all of it, or what lies round its first mark.
fn shown(text: &str, marks: &[Mark<'_>]) -> Range<usize> {
    let Some(first) = marks.iter().find(|m| m.primary).or(marks.first()) else { return 0..0 };
    if first.line.len() <= LONG {
        return first.line.clone();
    }
    let start = text.floor_char_boundary(first.range.start.saturating_sub(ROUND)).max(first.line.start);
    let end = text.ceil_char_boundary((first.range.start + ROUND).min(first.line.end));
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::FileId;

    fn spans(text: &str, ranges: &[(usize, usize)]) -> Vec<(usize, String, Vec<String>)> {
        let spans: Vec<_> = ranges
            .iter()
            .enumerate()
            .map(|(i, &(start, end))| (Span::new(FileId(0), start, end), "", i == 0))
            .collect();
        let show = |e: Excerpt<'_>| {
            let marked = e.marks.iter().map(|m| e.text[m.0.clone()].to_owned()).collect();
            (e.line, e.text, marked)
        };
        excerpts(text, &spans).into_iter().map(show).collect()
    }

    #[test]
    fn lines_near_each_other_share_an_excerpt() {
        let found = spans("one\ntwo\nthree\nfour", &[(8, 13), (0, 3)]);
        assert_eq!(found, [(1, "one\n\nthree".into(), vec!["one".into(), "three".into()])]);
    }

    #[test]
    fn lines_far_apart_do_not_and_the_main_one_comes_first() {
        let text = format!("first\n{}last", "\n".repeat(50));
        let found = spans(&text, &[(56, 60), (0, 5)]);
        assert_eq!(
            found,
            [(52, "last".into(), vec!["last".into()]), (1, "first".into(), vec!["first".into()])]
        );
    }

    #[test]
    fn a_span_over_lines_ends_with_the_first() {
        assert_eq!(spans("ab\r\ncd\r\n", &[(1, 6)]), [(1, "ab".into(), vec!["b".into()])]);
        assert_eq!(spans("ab\r\n", &[(3, 3)]), [(1, "ab".into(), vec![String::new()])]);
        assert_eq!(spans("ab\n", &[(99, 200)]), [(2, String::new(), vec![String::new()])]);
    }

    #[test]
    fn a_long_line_is_cut_round_the_mark() {
        let text = format!("{}here{}", "é".repeat(1000), "ü".repeat(1000));
        let found = spans(&text, &[(2000, 2004)]);
        let wanted = format!("…{}here{}…", "é".repeat(60), "ü".repeat(58));
        assert_eq!(found, [(1, wanted, vec!["here".into()])]);
    }
}
