//! What a rule file says, without where it says it.

use tripline::{FileId, Limits, syntax};

/// The tree without places and comments.
pub fn tree(text: &str) -> String {
    let (file, _) = syntax::parse(FileId(0), text, &Limits::default());
    let shown = format!("{:?}", file.items);
    let mut parts = shown.split("Span { file: FileId(");
    let mut out = parts.next().unwrap_or_default().to_owned();
    out.extend(parts.map(|part| part.split_once('}').map_or(part, |(_, behind)| behind)));
    out
}

/// The comments, in the order of their texts.
pub fn comments(text: &str) -> Vec<String> {
    let (file, _) = syntax::parse(FileId(0), text, &Limits::default());
    let mut comments: Vec<String> = file.comments.into_iter().map(|comment| comment.text).collect();
    comments.sort();
    comments
}
