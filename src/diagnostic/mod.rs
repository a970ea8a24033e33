//! What is wrong with a rule, as data: a code of the registry, a place, a message, a remedy.
//!
//! Nothing here draws or prints; `render` does.

mod codes;
mod list;

pub use codes::{Code, Severity};
pub use list::in_order;

use crate::span::Span;

/// One finding about a rule set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// What kind of finding, stable over versions.
    pub code: Code,
    /// Whether it stops compilation. The code's own unless a caller raised it.
    pub severity: Severity,
    /// What is wrong: lower case, no full stop, user text in back-ticks.
    pub message: String,
    /// Where. The first is the place the caret shows; none if it stands in no rule file.
    pub labels: Vec<Label>,
    /// What to do about it.
    pub help: Option<String>,
}

/// A place and what to say there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What stands beside the caret; may be empty.
    pub text: String,
}

impl Diagnostic {
    /// A finding of this kind at this place.
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Diagnostic {
            code,
            severity: code.severity(),
            message: message.into(),
            labels: vec![Label { span, text: String::new() }],
            help: None,
        }
    }

    /// A finding about something that stands in no rule file, such as a setting.
    pub fn without_place(code: Code, message: impl Into<String>) -> Self {
        Diagnostic { labels: Vec::new(), ..Diagnostic::new(code, Span::default(), message) }
    }

    /// Says what stands beside the caret.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        if let Some(first) = self.labels.first_mut() {
            first.text = text.into();
        }
        self
    }

    /// Adds a second place.
    #[must_use]
    pub fn also(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Says what to do about it.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// Whether it stops compilation.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// The place the caret shows.
    pub fn span(&self) -> Span {
        self.labels.first().map(|l| l.span).unwrap_or_default()
    }
}

/// The candidate nearest to `name`, if one is near enough to be what was meant; of several, one that begins with it.
///
/// Cost: the product of the lengths for each candidate; names beyond 64 bytes get no suggestion.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > 64 {
        return None;
    }
    let length = name.chars().count();
    // A name of one letter is near to every other.
    let allowed = (length / 3).clamp(1, 3).min(length.saturating_sub(1));
    candidates
        .into_iter()
        .filter(|c| *c != name && c.len() <= 64)
        .map(|c| (distance(name, c), c))
        .filter(|&(d, _)| d <= allowed)
        .min_by_key(|&(d, c)| (d, !c.starts_with(name), c))
        .map(|(_, c)| c)
}

/// Optimal string alignment distance, letter case counting nothing.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.to_lowercase().chars().collect();
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let mut before: Vec<usize> = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let change = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = change.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_of_the_finger_is_found_and_a_stranger_is_not() {
        let words = ["severity", "sequence", "suppress"];
        assert_eq!(nearest("severty", words), Some("severity"));
        assert_eq!(nearest("sequnece", words), Some("sequence"));
        assert_eq!(nearest("window", words), None);
        assert_eq!(nearest("a", ["b"]), None);
        assert_eq!(nearest("fial", ["f", "fail"]), Some("fail"));
        assert_eq!(nearest("wher", ["when", "where"]), Some("where"));
    }
}
