//! Text to tree and back.
//!
//! `scan` finds strings, comments and brackets; `split` cuts the text into declarations; `recover` reads them one by
//! one, with `parser` (the grammar) and `lower` (the concrete tree to [`ast`]), and starts again behind an error;
//! `print` writes the tree in its canonical form.

pub mod ast;
mod habit;
mod lower;
mod message;
mod parser;
mod print;
mod recover;
mod scan;
mod split;
mod words;

pub use habit::instead_of_clause;
pub use print::{print, print_clause, print_expr, print_head, print_rule, print_step};
pub use words::{CLAUSES, METADATA, POLICIES, RESERVED, quote_ident, quote_string};

use crate::diagnostic::{self, Code, Diagnostic};
use crate::limits::Limits;
use crate::span::{FileId, Span};
use recover::Reader;

/// Parses a rule file. Reports all errors at once; what could be read is in the tree.
///
/// Cost: linear in the text. Never panics; nesting, strings and the text as a whole are bounded by `limits`, and so is
/// the number of errors: one more than the limit says that there are more than are listed.
///
/// ```
/// use tripline::{FileId, Limits, syntax};
/// let text = "rule slow { event x: request where took > 5s }";
/// let (file, errors) = syntax::parse(FileId(0), text, &Limits::default());
/// assert_eq!((file.items.len(), errors.len()), (1, 0));
/// ```
pub fn parse(file: FileId, text: &str, limits: &Limits) -> (ast::File, Vec<Diagnostic>) {
    let mut tree = ast::File::default();
    if text.len() > limits.rule_file_bytes {
        return (tree, vec![too_large(file, text, limits)]);
    }
    let scan = scan::scan(file, text, limits);
    tree.comments = scan.comments.iter().map(|span| comment(text, *span)).collect();
    let (found, bad, crooked) = (scan.problems, scan.bad, Vec::new());
    let mut reader = Reader { file, text, limits, found, bad, crooked };
    for piece in split::split(file, text, &scan.tokens, limits) {
        reader.declaration(piece, &mut tree);
    }
    (tree, sorted(reader.found, limits))
}

/// The canonical form of a rule file, or what is wrong with it.
///
/// Formatting twice changes nothing, and nothing but white space, back-ticks, trailing commas and semicolons is lost.
///
/// ```
/// use tripline::{FileId, Limits, syntax};
/// let text = "rule slow{event x:request where took>5s}# too slow";
/// let pretty = syntax::format(FileId(0), text, &Limits::default()).unwrap();
/// assert_eq!(pretty, "rule slow {\n  event x: request where took > 5s\n}  # too slow\n");
/// ```
pub fn format(file: FileId, text: &str, limits: &Limits) -> Result<String, Vec<Diagnostic>> {
    let (tree, errors) = parse(file, text, limits);
    if errors.iter().any(Diagnostic::is_error) {
        return Err(diagnostic::in_order(errors, limits.diagnostics));
    }
    Ok(print(&tree, text))
}

fn too_large(file: FileId, text: &str, limits: &Limits) -> Diagnostic {
    let message =
        format!("the file has `{}` bytes, more than the limit of `{}`", text.len(), limits.rule_file_bytes);
    Diagnostic::new(Code::TooLarge, Span::new(file, 0, 0), message).help("split it into several files")
}

fn comment(text: &str, span: Span) -> ast::Comment {
    let range = span.start as usize..span.end as usize;
    ast::Comment { text: text.get(range).unwrap_or_default().to_owned(), span }
}

/// In the order of the text, one more than the limit allows.
fn sorted(mut found: Vec<Diagnostic>, limits: &Limits) -> Vec<Diagnostic> {
    found.sort_by_key(|problem| problem.span().start);
    found.truncate(limits.diagnostics.saturating_add(1));
    found
}
