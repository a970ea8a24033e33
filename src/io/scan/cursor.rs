//! The grammar of JSON, over the bytes of one line.

use crate::event::{Cell, Span};

/// A place in a line. What it reads follows the grammar as strictly as the decoder does; whatever it does not want to
/// judge is `None`, and the decoder judges it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'t> {
    /// The lines up to the end of this one.
    text: &'t str,
    pub(super) at: usize,
}

/// A string by its quotes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quoted {
    /// The bytes between them.
    pub(super) start: usize,
    pub(super) end: usize,
    /// Whether it says something else than its bytes.
    pub(super) escaped: bool,
}

impl Quoted {
    pub(super) fn span(self) -> Option<Span> {
        Some(Span { start: u32::try_from(self.start).ok()?, end: u32::try_from(self.end).ok()? })
    }
}

impl<'t> Cursor<'t> {
    pub(super) fn new(text: &'t str, at: usize) -> Self {
        Cursor { text, at }
    }

    /// The byte here, at the end a 0, with which nothing goes on.
    pub(super) fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    pub(super) fn is_end(&self) -> bool {
        self.at >= self.text.len()
    }

    /// A byte that must be here.
    pub(super) fn eat(&mut self, byte: u8) -> Option<()> {
        let here = self.peek() == byte;
        self.at += usize::from(here);
        here.then_some(())
    }

    /// What is left of the line.
    pub(super) fn rest(&self) -> &'t [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    /// Bytes, if they are here.
    fn eat_all(&mut self, bytes: &[u8]) -> bool {
        let here = self.rest().starts_with(bytes);
        self.at += if here { bytes.len() } else { 0 };
        here
    }

    pub(super) fn slice(&self, start: usize, end: usize) -> Option<&'t str> {
        self.text.get(start..end)
    }

    pub(super) fn space(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
    }

    /// A string.
    #[inline]
    pub(super) fn string(&mut self) -> Option<Quoted> {
        self.eat(b'"')?;
        let (start, end) = (self.at, self.plain_end());
        self.at = end;
        match self.peek() {
            b'"' => {
                self.at += 1;
                Some(Quoted { start, end, escaped: false })
            }
            _ => self.escaped_string(start),
        }
    }

    /// The rest of a string, which began at `start` and goes on with a backslash.
    #[cold]
    fn escaped_string(&mut self, start: usize) -> Option<Quoted> {
        loop {
            match self.peek() {
                b'"' => {
                    self.at += 1;
                    return Some(Quoted { start, end: self.at - 1, escaped: true });
                }
                b'\\' => self.escape()?,
                // A control character, or the end of the line.
                _ => return None,
            }
            self.at = self.plain_end();
        }
    }

    /// Where what stands for itself in a string ends: at a quote, a backslash, a control character or the line's end.
    #[inline]
    fn plain_end(&self) -> usize {
        const ONES: u64 = 0x0101_0101_0101_0101;
        const HIGHS: u64 = 0x8080_8080_8080_8080;
        let mut at = self.at;
        let bytes = self.text.as_bytes();
        // Eight bytes at a time; the lowest mark is exact, a higher one may be a carry.
        while let Some(eight) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
            let word = u64::from_le_bytes(*eight);
            let control = word.wrapping_sub(ONES * 0x20);
            let quote = (word ^ (ONES * 0x22)).wrapping_sub(ONES);
            let backslash = (word ^ (ONES * 0x5C)).wrapping_sub(ONES);
            let marks = (control | quote | backslash) & !word & HIGHS;
            if marks != 0 {
                return at + (marks.trailing_zeros() / 8) as usize;
            }
            at += 8;
        }
        let rest = bytes.get(at..).unwrap_or_default();
        at + rest.iter().position(|&b| b == b'"' || b == b'\\' || b < 0x20).unwrap_or(rest.len())
    }

    /// A backslash and what it escapes. Halves of surrogate pairs are left to the decoder, whole ones too.
    fn escape(&mut self) -> Option<()> {
        self.at += 1;
        let kind = self.peek();
        self.at += 1;
        match kind {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(()),
            b'u' => {
                let digits = self.slice(self.at, self.at + 4)?;
                let hexadecimal = digits.bytes().all(|b| b.is_ascii_hexdigit());
                let code = u32::from_str_radix(digits, 16).ok().filter(|_| hexadecimal)?;
                self.at += 4;
                char::from_u32(code).map(|_| ())
            }
            _ => None,
        }
    }

    /// A number, as a cell.
    pub(super) fn number(&mut self) -> Option<Cell> {
        let start = self.at;
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
            return self.exact(start, false);
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
            _ => self.exact(start, !point),
        }
    }

    /// A number that nobody asks for. One that may be too large for a float is looked at in full.
    fn skip_number(&mut self) -> Option<()> {
        const SAFE: usize = 300;
        let start = self.at;
        let _ = self.eat(b'-');
        let first = self.peek();
        let whole = self.skip_digits();
        let has_fraction = self.eat(b'.').is_none() || self.skip_digits() > 0;
        if matches!(self.peek(), b'e' | b'E') || whole > SAFE {
            self.at = start;
            return self.number().map(|_| ());
        }
        (whole == 1 || (whole > 1 && first != b'0')).then_some(()).filter(|()| has_fraction)
    }

    fn skip_digits(&mut self) -> usize {
        let start = self.at;
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
        self.at - start
    }

    /// Digits from here on: how many, and their number, which is of no use beyond 19 of them.
    fn digits(&mut self, number: &mut u64) -> usize {
        let start = self.at;
        while let digit @ b'0'..=b'9' = self.peek() {
            *number = number.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
            self.at += 1;
        }
        self.at - start
    }

    fn exponent(&mut self) -> Option<()> {
        self.at += 1;
        if matches!(self.peek(), b'+' | b'-') {
            self.at += 1;
        }
        (self.digits(&mut 0) > 0).then_some(())
    }

    /// The number from `start` to here, by the rules for all of them. One too large for a float is left to the decoder.
    fn exact(&self, start: usize, whole: bool) -> Option<Cell> {
        let text = self.slice(start, self.at)?;
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
        self.at += 1;
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

/// A `-0` of any form is 0.
fn float(x: f64) -> Cell {
    if x == 0.0 && x.is_sign_negative() { Cell::Int(0) } else { Cell::Float(x) }
}

/// Powers of ten that a float holds exactly.
const POWERS: [f64; 16] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
