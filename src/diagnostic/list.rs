//! Findings of several stages as one list.

use crate::span::FileId;

use super::{Code, Diagnostic, Severity};

/// Findings by file and place. If there are more than the limit errors are kept first, and a last finding says so.
/// It does not say how many are left out: the stages stop looking when nobody would see more.
pub fn in_order(mut found: Vec<Diagnostic>, limit: usize) -> Vec<Diagnostic> {
    if found.len() <= limit {
        found.sort_by_key(place);
        return found;
    }
    found.sort_by_key(|finding| (!finding.is_error(), place(finding)));
    let rest = found.split_off(limit);
    let message = format!("only the first `{limit}` findings are listed");
    let mut last = Diagnostic::without_place(Code::TooLarge, message);
    if !rest.iter().any(Diagnostic::is_error) {
        last.severity = Severity::Warning;
    }
    found.sort_by_key(place);
    found.push(last);
    found
}

fn place(finding: &Diagnostic) -> (FileId, u32, Code, u32) {
    let span = finding.span();
    (span.file, span.start, finding.code, span.end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::Span;

    fn at(code: Code, start: usize, end: usize) -> Diagnostic {
        Diagnostic::new(code, Span::new(FileId(0), start, end), "x")
    }

    #[test]
    fn beyond_the_limit_errors_are_kept() {
        let found =
            vec![at(Code::UnusedParam, 1, 2), at(Code::WrongType, 9, 10), at(Code::UnusedParam, 3, 4)];
        let kept = in_order(found, 2);
        let shown: Vec<_> = kept.iter().map(|f| (f.code, f.severity, f.message.as_str())).collect();
        let expected = [
            (Code::UnusedParam, Severity::Warning, "x"),
            (Code::WrongType, Severity::Error, "x"),
            (Code::TooLarge, Severity::Warning, "only the first `2` findings are listed"),
        ];
        assert_eq!(shown, expected);
    }
}
