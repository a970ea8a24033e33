//! The grammar of JSON, over the bytes of one line.

use memchr::memchr;

use crate::event::{Cell, Span};

/// A place in a line. What it reads follows the grammar as strictly as the decoder does; whatever it does not want to
/// judge is `None`, and the decoder judges it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'t> {
    /// The lines up to the end of this one, or further ones too: no value goes on behind the end of a line.
    text: &'t str,
    /// What of them is still to be read.
    pub(super) rest: &'t [u8],
    /// Where the next backslash is: strings that end before it stand for themselves.
    escape: usize,
}

/// A string.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quoted {
    /// What is between its quotes, of a text that is no longer than a span can say.
    pub(super) span: Span,
    /// Whether it says something else than its bytes.
    pub(super) escaped: bool,
}

impl Quoted {
    fn new(start: usize, end: usize, escaped: bool) -> Self {
        Quoted { span: Span { start: start as u32, end: end as u32 }, escaped }
    }
}

impl<'t> Cursor<'t> {
    pub(super) fn new(text: &'t str, at: usize, escape: usize) -> Self {
        Cursor { text, rest: text.as_bytes().get(at..).unwrap_or_default(), escape }
    }

    /// Where in the text it is.
    #[inline]
    pub(super) fn at(&self) -> usize {
        self.text.len() - self.rest.len()
    }

    /// Passes over so many bytes.
    #[inline]
    pub(super) fn pass(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    /// The byte here, at the end a 0, with which nothing goes on.
    #[inline]
    pub(super) fn peek(&self) -> u8 {
        self.rest.first().copied().unwrap_or(0)
    }

    /// Whether the line ends here, but for space.
    pub(super) fn end(&mut self) -> bool {
        while matches!(self.peek(), b' ' | b'\t' | b'\r' | b'\x0C') {
            self.pass(1);
        }
        matches!(self.rest, [] | [b'\n', ..])
    }

    /// A byte that must be here.
    pub(super) fn eat(&mut self, byte: u8) -> Option<()> {
        let (first, rest) = self.rest.split_first()?;
        (*first == byte).then(|| self.rest = rest)
    }

    /// Bytes, if they are here.
    fn eat_all(&mut self, bytes: &[u8]) -> bool {
        self.rest.strip_prefix(bytes).is_some_and(|rest| {
            self.rest = rest;
            true
        })
    }

    /// What is between the quotes of a string.
    #[inline]
    pub(super) fn inside(&self, quoted: Quoted) -> Option<&'t str> {
        self.slice(quoted.span.start as usize, quoted.span.end as usize)
    }

    #[inline]
    pub(super) fn slice(&self, start: usize, end: usize) -> Option<&'t str> {
        self.text.get(start..end)
    }

    pub(super) fn space(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\r') {
            self.pass(1);
        }
    }

    /// A string.
    pub(super) fn string(&mut self) -> Option<Quoted> {
        let [b'"', rest @ ..] = self.rest else { return None };
        match self.plain_string(rest) {
            Some((quoted, behind)) => {
                self.rest = behind;
                Some(quoted)
            }
            None => self.escaped_string(),
        }
    }

    /// The string that ends with the first quote of this rest of the text, if all of it stands for itself, and what is
    /// behind it.
    #[inline]
    pub(super) fn plain_string(&self, rest: &'t [u8]) -> Option<(Quoted, &'t [u8])> {
        let length = unquoted(rest);
        let Some([b'"', behind @ ..]) = rest.get(length..) else { return None };
        let end = self.text.len() - behind.len() - 1;
        (end <= self.escape).then_some((Quoted::new(end - length, end, false), behind))
    }

    /// A string by the quote that is here, where not all of it stands for itself.
    #[cold]
    fn escaped_string(&mut self) -> Option<Quoted> {
        self.eat(b'"')?;
        let start = self.at();
        loop {
            let limit = self.escape.saturating_sub(self.at());
            self.pass(unquoted(self.rest.get(..limit).unwrap_or(self.rest)));
            match self.peek() {
                b'"' => {
                    let end = self.at();
                    self.pass(1);
                    return Some(Quoted::new(start, end, true));
                }
                b'\\' => {
                    self.escape()?;
                    self.escape = next_escape(self.text, self.at());
                }
                // A control character, or the end of the line.
                _ => return None,
            }
        }
    }

    /// A backslash and what it escapes. Halves of surrogate pairs are left to the decoder, whole ones too.
    fn escape(&mut self) -> Option<()> {
        self.pass(1);
        let kind = self.peek();
        self.pass(1);
        match kind {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(()),
            b'u' => {
                let digits = self.slice(self.at(), self.at() + 4)?;
                let hexadecimal = digits.bytes().all(|b| b.is_ascii_hexdigit());
                let code = u32::from_str_radix(digits, 16).ok().filter(|_| hexadecimal)?;
                self.pass(4);
                char::from_u32(code).map(|_| ())
            }
            _ => None,
        }
    }

    /// A number, as a cell.
    pub(super) fn number(&mut self) -> Option<Cell> {
        let start = *self;
        let negative = self.eat(b'-').is_some();
        let (first, mut digits) = (self.peek(), 0u64);
        let whole = self.digits(&mut digits);
        if whole == 0 || (whole > 1 && first == b'0') {
            return None;
        }
        let point = self.eat(b'.').is_some();
        let fraction = if point { self.digits(&mut digits) } else { 0 };
        if point && fraction == 0 {
            return None;
        }
        if matches!(self.peek(), b'e' | b'E') {
            self.exponent()?;
            return self.exact(start.at(), false);
        }
        // Up to so many digits nothing is rounded on the way.
        match (point, whole + fraction) {
            (false, ..=18) => {
                let n = i64::try_from(digits).ok()?;
                Some(Cell::Int(if negative { -n } else { n }))
            }
            (true, ..=15) => {
                let x = digits as f64 / POWERS.get(fraction)?;
                Some(float(if negative { -x } else { x }))
            }
            _ => self.exact(start.at(), !point),
        }
    }

    /// A number that nobody asks for. One that may be too large for a float is looked at in full.
    fn skip_number(&mut self) -> Option<()> {
        const SAFE: usize = 300;
        let start = *self;
        let _ = self.eat(b'-');
        let first = self.peek();
        let whole = self.skip_digits();
        let has_fraction = self.eat(b'.').is_none() || self.skip_digits() > 0;
        if matches!(self.peek(), b'e' | b'E') || whole > SAFE {
            *self = start;
            return self.number().map(|_| ());
        }
        (whole == 1 || (whole > 1 && first != b'0')).then_some(()).filter(|()| has_fraction)
    }

    fn skip_digits(&mut self) -> usize {
        let digits = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.pass(digits);
        digits
    }

    /// Digits from here on: how many, and their number, which is of no use beyond 19 of them.
    fn digits(&mut self, number: &mut u64) -> usize {
        let mut digits = 0;
        for byte in self.rest.iter().take_while(|byte| byte.is_ascii_digit()) {
            *number = number.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
            digits += 1;
        }
        self.pass(digits);
        digits
    }

    fn exponent(&mut self) -> Option<()> {
        self.pass(1);
        if matches!(self.peek(), b'+' | b'-') {
            self.pass(1);
        }
        (self.digits(&mut 0) > 0).then_some(())
    }

    /// The number from `start` to here, by the rules for all of them. One too large for a float is left to the decoder.
    fn exact(&self, start: usize, whole: bool) -> Option<Cell> {
        let text = self.slice(start, self.at())?;
        if whole {
            let signed = text.parse().ok().map(Cell::Int);
            if let Some(cell) = signed.or_else(|| text.parse().ok().map(Cell::Uint)) {
                return Some(cell);
            }
        }
        text.parse::<f64>().ok().filter(|x| x.is_finite()).map(float)
    }

    /// Any value that nobody asks for, nested at most `depth` deep.
    pub(super) fn skip(&mut self, depth: usize) -> Option<()> {
        match self.peek() {
            b'"' => self.string().map(|_| ()),
            b'{' => self.skip_all(b'}', depth.checked_sub(1)?, true),
            b'[' => self.skip_all(b']', depth.checked_sub(1)?, false),
            b'-' | b'0'..=b'9' => self.skip_number(),
            _ => self.word().map(|_| ()),
        }
    }

    /// The inside of an object or a list.
    fn skip_all(&mut self, close: u8, depth: usize, names: bool) -> Option<()> {
        self.pass(1);
        self.space();
        if self.eat(close).is_some() {
            return Some(());
        }
        loop {
            self.space();
            if names {
                self.string()?;
                self.space();
                self.eat(b':')?;
                self.space();
            }
            self.skip(depth)?;
            self.space();
            if self.eat(b',').is_none() {
                return self.eat(close);
            }
        }
    }

    /// `null`, `true` or `false`.
    pub(super) fn word(&mut self) -> Option<Cell> {
        const WORDS: [(&[u8], Cell); 3] =
            [(b"null", Cell::Null), (b"true", Cell::Bool(true)), (b"false", Cell::Bool(false))];
        WORDS.iter().find(|(word, _)| self.eat_all(word)).map(|(_, cell)| *cell)
    }
}

/// Where the next backslash is, from here on.
pub(super) fn next_escape(text: &str, at: usize) -> usize {
    let rest = text.as_bytes().get(at..).unwrap_or_default();
    memchr(b'\\', rest).map_or(usize::MAX, |length| at + length)
}

/// How much there is before a quote, a control character, or the end.
#[inline(always)]
fn unquoted(text: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let (words, rest) = text.as_chunks();
    let mut at = 0;
    for word in words {
        let word = u64::from_le_bytes(*word);
        // Flipping this bit puts the quote next to the control characters, which stay among themselves. The lowest mark
        // is exact, a higher one may be a carry.
        let marks = (word ^ (ONES * 0x02)).wrapping_sub(ONES * 0x21) & !word & HIGHS;
        if marks != 0 {
            return at + (marks.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    at + rest.iter().position(|&b| b == b'"' || b < 0x20).unwrap_or(rest.len())
}

/// A `-0` of any form is 0.
fn float(x: f64) -> Cell {
    if x == 0.0 && x.is_sign_negative() { Cell::Int(0) } else { Cell::Float(x) }
}

/// Powers of ten that a float holds exactly.
const POWERS: [f64; 16] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
