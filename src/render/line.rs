//! A finding on one line: for editors and `grep`, and as JSON.

use serde::Serialize;

use super::{location, severity_name};
use crate::diagnostic::Diagnostic;
use crate::span::{SourceFile, Span};

/// `file:line:column: error[E0102]: message`, without a line end. Line and column count from 1, columns in characters.
///
/// ```
/// use tripline::diagnostic::{Code, Diagnostic};
/// use tripline::{FileId, SourceFile, Span};
/// let file = SourceFile::new("a.trip", "rule a {\n  severty high\n}\n");
/// let finding = Diagnostic::new(Code::UnknownClause, Span::new(FileId(0), 11, 18), "no clause `severty`");
/// assert_eq!(tripline::render::short(&finding, &[file]), "a.trip:2:3: error[E0201]: no clause `severty`");
/// ```
pub fn short(diagnostic: &Diagnostic, sources: &[SourceFile]) -> String {
    let place = location(diagnostic, sources).map(|(name, line, column)| format!("{name}:{line}:{column}: "));
    let severity = severity_name(diagnostic.severity);
    let code = diagnostic.code.as_str();
    let text = format!("{}{severity}[{code}]: {}", place.unwrap_or_default(), diagnostic.message);
    one_line(&text)
}

/// One JSON object without a line end: `code severity title message file line column end_line end_column label also
/// help`. `also` lists further places; a part that says nothing is left out.
pub fn json(diagnostic: &Diagnostic, sources: &[SourceFile]) -> String {
    let labels = || diagnostic.labels.iter().map(|label| Place::new(label.span, &label.text, sources));
    let finding = Finding {
        code: diagnostic.code.as_str(),
        severity: severity_name(diagnostic.severity),
        title: diagnostic.code.title(),
        message: &diagnostic.message,
        place: labels().next(),
        also: labels().skip(1).collect(),
        help: diagnostic.help.as_deref(),
    };
    serde_json::to_string(&finding).unwrap_or_default()
}

/// Line ends and control characters of user text are written as escapes, so that a line stays a line.
fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() { out.extend(c.escape_default()) } else { out.push(c) }
    }
    out
}

#[derive(Serialize)]
struct Finding<'a> {
    code: &'a str,
    severity: &'a str,
    title: &'a str,
    message: &'a str,
    #[serde(flatten)]
    place: Option<Place<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    also: Vec<Place<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
}

#[derive(Serialize)]
struct Place<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    file: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    #[serde(skip_serializing_if = "str::is_empty")]
    label: &'a str,
}

impl<'a> Place<'a> {
    fn new(span: Span, label: &'a str, sources: &'a [SourceFile]) -> Self {
        let file = sources.get(span.file.0 as usize);
        let at = |offset: u32| file.map_or((1, 1), |f| f.line_column(offset as usize));
        let ((line, column), (end_line, end_column)) = (at(span.start), at(span.end.max(span.start)));
        Place { file: file.map_or("", |f| &f.name), line, column, end_line, end_column, label }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;
    use crate::span::FileId;

    #[test]
    fn a_line_stays_a_line() {
        let finding = Diagnostic::new(Code::Syntax, Span::default(), "unexpected `a\nb\u{1b}[31m`");
        assert_eq!(short(&finding, &[]), "error[E0001]: unexpected `a\\nb\\u{1b}[31m`");
    }

    #[test]
    fn json_names_every_place() {
        let sources = [SourceFile::new("é.trip", "a é b\nc")];
        let span = |start, end| Span::new(FileId(0), start, end);
        let finding = Diagnostic::new(Code::DuplicateName, span(2, 4), "`é` is declared twice")
            .label("here")
            .also(span(7, 8), "and here")
            .help("rename one");
        assert_eq!(
            json(&finding, &sources),
            r#"{"code":"E0101","severity":"error","title":"a name is declared twice","message":"`é` is declared twice","file":"é.trip","line":1,"column":3,"end_line":1,"end_column":4,"label":"here","also":[{"file":"é.trip","line":2,"column":1,"end_line":2,"end_column":2,"label":"and here"}],"help":"rename one"}"#
        );
    }
}
