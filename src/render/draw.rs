//! The drawing with the source line, carets and help.

use std::borrow::Cow;

use annotate_snippets::renderer::DEFAULT_TERM_WIDTH;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};
use indexmap::IndexMap;

use super::excerpt::{Excerpt, excerpts};
use crate::diagnostic::{Diagnostic, Label, Severity};
use crate::span::{SourceFile, Span};

/// A text longer than this many bytes is cut: it quotes somebody's megabyte.
const LONGEST_TEXT: usize = 2_000;

/// How drawings look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether terminal colours are used. Nothing depends on them.
    pub colour: bool,
    /// How many columns there are for source lines.
    pub width: usize,
}

impl Default for Style {
    fn default() -> Self {
        Style { colour: false, width: DEFAULT_TERM_WIDTH }
    }
}

/// The finding with its place in the source, without a line end.
///
/// Cost: the text before each label is read to count lines; the rest in the size of what is shown.
///
/// ```
/// use tripline::diagnostic::{Code, Diagnostic};
/// use tripline::render::{Style, draw};
/// use tripline::{FileId, SourceFile, Span};
/// let file = SourceFile::new("a.trip", "rule a {\n  severty high\n}\n");
/// let finding = Diagnostic::new(Code::UnknownClause, Span::new(FileId(0), 11, 18), "no clause `severty`")
///     .help("`severity` is one");
/// assert_eq!(
///     draw(&finding, &[file], Style::default()),
///     "\
/// error[E0201]: no clause `severty`
///  --> a.trip:2:3
///   |
/// 2 |   severty high
///   |   ^^^^^^^
///   |
///   = help: `severity` is one"
/// );
/// ```
pub fn draw(diagnostic: &Diagnostic, sources: &[SourceFile], style: Style) -> String {
    let title = level(diagnostic.severity).primary_title(shorten(&diagnostic.message));
    let mut group = Group::with_title(title.id(diagnostic.code.as_str()));
    let mut headers = Vec::new();
    for (source, spans) in by_file(&diagnostic.labels, sources) {
        for excerpt in excerpts(&source.text, &spans) {
            headers.extend(header(source, &excerpt));
            group = group.element(snippet(source, excerpt));
        }
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(shorten(help)));
    }
    let renderer = if style.colour { Renderer::styled().hyperlink(false) } else { Renderer::plain() };
    let drawn = renderer.term_width(style.width.clamp(40, 1_000)).render(&[group]);
    headers.iter().fold(drawn, |text, (shown, real)| text.replacen(shown, real, 1))
}

fn level(severity: Severity) -> Level<'static> {
    match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    }
}

/// A span, what is said there, and whether it is the main one.
type Marked<'a> = (Span, &'a str, bool);

/// The labels by file, that of the main one first.
fn by_file<'a>(labels: &'a [Label], sources: &'a [SourceFile]) -> Vec<(&'a SourceFile, Vec<Marked<'a>>)> {
    let mut files: IndexMap<u32, Vec<Marked<'a>>> = IndexMap::new();
    for (i, label) in labels.iter().enumerate() {
        files.entry(label.span.file.0).or_default().push((label.span, &label.text, i == 0));
    }
    files.into_iter().filter_map(|(file, marked)| Some((sources.get(file as usize)?, marked))).collect()
}

fn snippet<'a>(source: &'a SourceFile, excerpt: Excerpt<'a>) -> Snippet<'a, Annotation<'a>> {
    let annotations = excerpt.marks.into_iter().map(|(range, text, primary)| {
        let kind = if primary { AnnotationKind::Primary } else { AnnotationKind::Context };
        kind.span(range).label((!text.is_empty()).then(|| shorten(text)))
    });
    Snippet::source(excerpt.text)
        .path(source.name.as_str())
        .line_start(excerpt.line)
        .annotations(annotations.collect::<Vec<_>>())
}

/// For a line that lost its beginning: the place that the drawing would name, and the real one.
fn header(source: &SourceFile, excerpt: &Excerpt<'_>) -> Option<(String, String)> {
    if excerpt.lost == 0 {
        return None;
    }
    let (range, _, _) = excerpt.marks.iter().find(|m| m.2).or(excerpt.marks.first())?;
    let before = &excerpt.text[..range.start];
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let line = excerpt.line + before.matches('\n').count();
    let place = |column: usize| format!("{}:{line}:{column}\n", source.name);
    Some((place(column), place(column + excerpt.lost)))
}

fn shorten(text: &str) -> Cow<'_, str> {
    match text.len() {
        0..=LONGEST_TEXT => Cow::Borrowed(text),
        _ => Cow::Owned(format!("{}…", &text[..text.floor_char_boundary(LONGEST_TEXT)])),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::diagnostic::Code;
    use crate::span::FileId;

    fn at(file: u32, start: usize, end: usize) -> Span {
        Span::new(FileId(file), start, end)
    }

    #[test]
    fn a_cut_line_keeps_its_column() {
        let source = SourceFile::new("a.trip", format!("x\n{}here{}", "é".repeat(5_000), "é".repeat(5_000)));
        let finding = Diagnostic::new(Code::Syntax, at(0, 10_002, 10_006), "unexpected").label("this");
        let drawn = draw(&finding, &[source], Style { colour: false, width: 60 });
        assert!(drawn.contains(" --> a.trip:2:5001\n"), "{drawn}");
        assert!(drawn.contains("^^^^ this"), "{drawn}");
        assert!(drawn.lines().all(|line| line.chars().count() < 80), "{drawn}");
    }

    #[test]
    fn two_files_are_shown_with_both_places() {
        let sources = [SourceFile::new("a.trip", "rule a {}"), SourceFile::new("b.trip", "\n\trule a {}")];
        let finding = Diagnostic::new(Code::DuplicateName, at(1, 7, 8), "rule `a` is declared twice")
            .also(at(0, 5, 6), "first here");
        let wanted = "\
error[E0101]: rule `a` is declared twice
 --> b.trip:2:7
  |
2 |     rule a {}
  |          ^
  |
 ::: a.trip:1:6
  |
1 | rule a {}
  |      - first here";
        assert_eq!(draw(&finding, &sources, Style::default()), wanted);
    }

    #[test]
    fn the_end_of_a_file_can_be_shown() {
        let sources = [SourceFile::new("漢.trip", "rule a {\r\n  漢字")];
        let finding = Diagnostic::new(Code::Syntax, at(0, 18, 18), "expected `}`");
        let wanted = "\
error[E0001]: expected `}`
 --> 漢.trip:2:5
  |
2 |   漢字
  |       ^";
        assert_eq!(draw(&finding, &sources, Style::default()), wanted);
    }

    proptest! {
        #[test]
        fn any_span_of_any_text_can_be_shown(
            texts in prop::collection::vec("[ a-c{}\\t\\r\\n漢é\u{301}\u{1b}]{0,60}", 0..3),
            long in 0usize..2_000,
            labels in prop::collection::vec((0u32..3, 0usize..2_100, 0usize..2_100, "[ a\n]{0,3}"), 1..5),
            width in 0usize..200,
            colour: bool,
        ) {
            let name = |(i, text): (usize, String)| SourceFile::new(format!("{i}.trip"), text);
            let mut sources: Vec<_> = texts.into_iter().enumerate().map(name).collect();
            if let Some(last) = sources.last_mut() {
                last.text.push_str(&"é漢 ".repeat(long));
            }
            let (file, start, end, _) = labels[0];
            let mut finding = Diagnostic::new(Code::Syntax, at(file, start, end), "what\never").help("do\nthis");
            for (file, start, end, text) in &labels[1..] {
                finding = finding.also(at(*file, *start, *end), text.as_str());
            }
            let drawn = draw(&finding, &sources, Style { colour, width });
            prop_assert!(drawn.contains("E0001"));
            prop_assert_eq!(crate::render::short(&finding, &sources).lines().count(), 1);
            prop_assert_eq!(crate::render::json(&finding, &sources).lines().count(), 1);
        }
    }
}
