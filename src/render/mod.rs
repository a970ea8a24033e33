//! Diagnostics as text: drawn with the source line and carets, on one line, or as JSON.
//!
//! Any span is good enough: one that lies beyond its text, inside a character or in no file at all is moved to the
//! nearest place that can be shown.

mod draw;
mod excerpt;
mod line;

pub use draw::{Style, draw};
pub use line::{json, short};

use crate::diagnostic::{Diagnostic, Severity};
use crate::span::SourceFile;

/// What a severity is called.
pub fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// File name, line and column where the caret stands; no name if the file is unknown.
fn location<'a>(diagnostic: &Diagnostic, sources: &'a [SourceFile]) -> Option<(&'a str, usize, usize)> {
    let span = diagnostic.span();
    let file = sources.get(span.file.0 as usize)?;
    let (line, column) = file.line_column(span.start as usize);
    Some((&file.name, line, column))
}
