//! Layout: text with places where a line may or must end. A group is set on one line if it fits, else every line end
//! that stands directly in it is taken.

/// Columns of a line that has a choice.
const WIDTH: usize = 100;

/// A part of a layout.
#[derive(Debug)]
pub(super) enum Doc {
    /// Text as it is.
    Text(String),
    /// The end of a line, or `flat` in a group that fits.
    Line(Line),
    /// Text that stands only in a group that is broken.
    Broken(&'static str),
    /// Parts whose lines begin this much deeper.
    Nest(usize, Vec<Doc>),
    /// Parts that are set on one line if they fit and nothing forces them apart.
    Group(Vec<Doc>, bool),
}

/// A line that may begin.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    /// Where its first token stands in the source.
    pub(super) source: usize,
    /// What stands instead in a group that fits.
    pub(super) flat: &'static str,
    pub(super) role: Role,
    /// Whether it must begin.
    pub(super) forced: bool,
}

/// What a line is for, which decides about the blank line before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Goes on with what the line before began.
    Continue,
    /// The first of a block.
    First,
    /// A further one of a block.
    Item,
    /// A declaration behind another.
    Declaration,
    /// The end of a block.
    Close,
}

/// A line as it is set.
#[derive(Debug)]
pub(super) struct Out {
    pub(super) source: usize,
    pub(super) role: Role,
    pub(super) indent: usize,
    pub(super) text: String,
}

impl Doc {
    /// A group; it is forced apart if one of its lines is.
    pub(super) fn group(parts: Vec<Doc>) -> Doc {
        let forced = parts.iter().any(Doc::is_forced);
        Doc::Group(parts, forced)
    }

    fn is_forced(&self) -> bool {
        match self {
            Doc::Text(_) | Doc::Broken(_) => false,
            Doc::Line(line) => line.forced,
            Doc::Nest(_, parts) => parts.iter().any(Doc::is_forced),
            Doc::Group(_, forced) => *forced,
        }
    }
}

impl From<&str> for Doc {
    fn from(text: &str) -> Doc {
        Doc::Text(text.to_owned())
    }
}

impl From<String> for Doc {
    fn from(text: String) -> Doc {
        Doc::Text(text)
    }
}

/// A part that is still to be set.
#[derive(Clone, Copy)]
struct Rest<'d> {
    indent: usize,
    broken: bool,
    doc: &'d Doc,
}

/// Sets parts, of which the first is a line.
pub(super) fn layout(parts: &[Doc]) -> Vec<Out> {
    let mut lines: Vec<Out> = Vec::new();
    let mut stack: Vec<Rest<'_>> = Vec::new();
    extend(&mut stack, parts, 0, true);
    while let Some(Rest { indent, broken, doc }) = stack.pop() {
        match doc {
            Doc::Text(text) => push(&mut lines, text),
            Doc::Line(line) if broken => {
                lines.push(Out { source: line.source, role: line.role, indent, text: String::new() });
            }
            Doc::Line(line) => push(&mut lines, line.flat),
            Doc::Broken(text) if broken => push(&mut lines, text),
            Doc::Broken(_) => {}
            Doc::Nest(deeper, parts) => extend(&mut stack, parts, indent + deeper, broken),
            Doc::Group(parts, forced) => {
                let column = lines.last().map_or(0, column);
                let broken = *forced || !fits(WIDTH.saturating_sub(column), parts, &stack);
                extend(&mut stack, parts, indent, broken);
            }
        }
    }
    lines
}

/// Parts on one line, however long it gets.
pub(super) fn flat(parts: &[Doc]) -> String {
    let mut text = String::new();
    let mut rest: Vec<&Doc> = parts.iter().rev().collect();
    while let Some(doc) = rest.pop() {
        match doc {
            Doc::Text(part) => text.push_str(part),
            Doc::Line(line) => text.push_str(line.flat),
            Doc::Broken(_) => {}
            Doc::Nest(_, parts) | Doc::Group(parts, _) => rest.extend(parts.iter().rev()),
        }
    }
    text
}

fn extend<'d>(stack: &mut Vec<Rest<'d>>, parts: &'d [Doc], indent: usize, broken: bool) {
    stack.extend(parts.iter().rev().map(|doc| Rest { indent, broken, doc }));
}

fn push(lines: &mut [Out], text: &str) {
    if let Some(line) = lines.last_mut() {
        line.text.push_str(text);
    }
}

/// The column behind what is set; a raw string may hold line ends.
fn column(line: &Out) -> usize {
    match line.text.rsplit_once('\n') {
        Some((_, last)) => last.chars().count(),
        None => line.indent + line.text.chars().count(),
    }
}

/// Whether `parts` on one line, and what follows up to the next line end, take no more than `room`. A string that
/// holds a line end does not fit, so that a group is never set on one line with a broken one inside of it.
fn fits(mut room: usize, parts: &[Doc], after: &[Rest<'_>]) -> bool {
    let mut after = after.iter().rev();
    let mut stack: Vec<Rest<'_>> = Vec::new();
    let mut inside = true;
    extend(&mut stack, parts, 0, false);
    loop {
        inside &= !stack.is_empty();
        let Some(next) = stack.pop().or_else(|| after.next().copied()) else { return true };
        let width = match next.doc {
            Doc::Line(_) if next.broken => return true,
            Doc::Line(line) => line.flat.len(),
            Doc::Text(text) if text.contains('\n') => return !inside,
            Doc::Text(text) => text.chars().count(),
            Doc::Broken(text) if next.broken => text.len(),
            Doc::Broken(_) => 0,
            Doc::Nest(_, parts) | Doc::Group(parts, _) => {
                extend(&mut stack, parts, 0, next.broken && matches!(next.doc, Doc::Nest(..)));
                0
            }
        };
        match room.checked_sub(width) {
            Some(left) => room = left,
            None => return false,
        }
    }
}
