//! Bytes into lines, none longer than the limit.

use std::io::{self, BufRead, Read};

/// The lines of an input. A line may end in LF or CR LF, the last one in nothing; a byte order mark at the beginning
/// of the input belongs to no line.
pub(super) struct Lines<R> {
    inner: R,
    limit: usize,
    number: u64,
    place: u64,
    buffer: Vec<u8>,
}

/// One line.
pub(super) struct Line<'a> {
    /// Its 1-based number.
    pub(super) number: u64,
    /// Its bytes with its end; of one that is too long the beginning, as much as the limit.
    pub(super) bytes: &'a [u8],
    /// Whether it is longer than the limit.
    pub(super) too_long: bool,
}

impl<'a> Line<'a> {
    /// Its bytes without its end.
    pub(super) fn text(&self) -> &'a [u8] {
        let line = self.bytes.strip_suffix(b"\n").unwrap_or(self.bytes);
        line.strip_suffix(b"\r").unwrap_or(line)
    }
}

impl<R: BufRead> Lines<R> {
    /// Lines of at most `limit` bytes. Of a longer one no more than that is ever held.
    pub(super) fn new(inner: R, limit: usize) -> Self {
        Lines { inner, limit, number: 0, place: 0, buffer: Vec::new() }
    }

    /// The same, where so many bytes and lines stood before.
    pub(super) fn behind(self, place: u64, number: u64) -> Self {
        Lines { place, number, ..self }
    }

    /// How many bytes stand before the next line.
    pub(super) fn place(&self) -> u64 {
        self.place
    }

    /// How many lines stand before the next one.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// The next line. A line that an error cuts off is lost with it.
    pub(super) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        const MARK: &[u8] = b"\xEF\xBB\xBF";
        const END: usize = 2;
        self.buffer.clear();
        let most = self.limit.saturating_add(END + MARK.len()) as u64;
        let is_first = self.place == 0;
        self.place += self.inner.by_ref().take(most).read_until(b'\n', &mut self.buffer)? as u64;
        if is_first && self.buffer.starts_with(MARK) {
            self.buffer.drain(..MARK.len());
        } else if self.buffer.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        let mut line = Line { number: self.number, bytes: &self.buffer, too_long: false };
        line.too_long = line.text().len() > self.limit;
        if !line.bytes.ends_with(b"\n") {
            self.place += self.inner.skip_until(b'\n')? as u64;
        }
        if line.too_long {
            line.bytes = line.bytes.get(..self.limit).unwrap_or(line.bytes);
        }
        Ok(Some(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &[u8], limit: usize, chunk: usize) -> Vec<(u64, String, bool)> {
        let mut lines = Lines::new(io::BufReader::with_capacity(chunk, text), limit);
        let mut all = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            all.push((line.number, String::from_utf8_lossy(line.text()).into_owned(), line.too_long));
        }
        all
    }

    #[test]
    fn line_ends_and_the_byte_order_mark_belong_to_no_line() {
        for chunk in [1, 2, 3, 100] {
            let lines = split(b"\xEF\xBB\xBFa\r\n\nb\xEF\xBB\xBF\r\r\nlast", 10, chunk);
            let texts: Vec<&str> = lines.iter().map(|(_, text, _)| text.as_str()).collect();
            assert_eq!(texts, ["a", "", "b\u{feff}\r", "last"]);
            assert_eq!(split(b"\xEF\xBB\xBF", 10, chunk).len(), 1);
            assert!(split(b"", 10, chunk).is_empty());
        }
    }

    #[test]
    fn a_line_over_the_limit_is_skipped_and_the_next_one_read() {
        for chunk in [1, 7, 100] {
            let lines = split(b"12345\r\n123456\n12345678901234567890\nx", 5, chunk);
            let long: Vec<bool> = lines.iter().map(|line| line.2).collect();
            assert_eq!(long, [false, true, true, false]);
            assert_eq!(lines[3], (4, "x".to_string(), false));
        }
    }
}
