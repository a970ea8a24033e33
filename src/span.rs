//! Where something stands in a rule file.

/// A file of a rule set, by its place in the list that was given to the compiler.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A half-open range of bytes in one file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// A span over `start..end` of `file`.
    pub fn new(file: FileId, start: usize, end: usize) -> Self {
        let clamp = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Span { file, start: clamp(start), end: clamp(end) }
    }

    /// The smallest span that holds both, which must be of one file.
    pub fn to(self, other: Span) -> Span {
        Span { file: self.file, start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// A rule file as it was read. The compiler takes a list of them; a [`FileId`] is a place in that list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceFile {
    /// What diagnostics call it: its path.
    pub name: String,
    /// Its text.
    pub text: String,
}

impl SourceFile {
    /// A file of this name and text.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        SourceFile { name: name.into(), text: text.into() }
    }

    /// Line and column of a byte, both from 1, the column in characters. Any offset will do: one inside a character
    /// means that character, one past the end means the end.
    ///
    /// Cost: the text before the offset is read.
    ///
    /// ```
    /// use tripline::SourceFile;
    /// let file = SourceFile::new("a.trip", "rule é {\n}");
    /// assert_eq!(file.line_column(8), (1, 8));
    /// assert_eq!(file.line_column(10), (2, 1));
    /// ```
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let before = &self.text[..self.text.floor_char_boundary(offset)];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let lines = before.bytes().filter(|&b| b == b'\n').count();
        (lines + 1, before[line_start..].chars().count() + 1)
    }
}
