//! The objects of an array inside a JSON document, one at a time: the document is never held.

use std::io::{self, BufRead};

use super::FieldPath;
use super::assemble::Assembler;
use super::chunk::Mark;
use super::ndjson;
use super::reader::{Decode, Item};
use super::reject::Fault;

/// Decodes the array at a path of each of the JSON documents of an input. Records are counted from 1 through the
/// whole input. What stands beside the path is skipped.
pub(super) struct Records<R> {
    scanner: Scanner<R>,
    path: Vec<Vec<u8>>,
    shown: String,
    state: State,
    /// Whether there is any document, and whether one has an array at the path.
    begun: bool,
    found: bool,
    number: u64,
    /// Behind the record that was found last.
    end: u64,
    record: Vec<u8>,
    assembler: Assembler,
}

/// Where in the document the reading is. A level is an index into the path.
#[derive(Clone, Copy)]
enum State {
    /// Between documents.
    Document,
    /// Before a name or the end of the object at this level; whether it is just behind the brace.
    Member(usize, bool),
    /// Behind a value of the object at this level.
    AfterMember(usize),
    /// Before a record or the end of the array; whether it is just behind the bracket.
    Record(bool),
    /// Behind a record.
    AfterRecord,
}

impl<R: BufRead> Records<R> {
    /// Decodes what stands behind a mark, which is the beginning or stands behind a record.
    pub(super) fn new(input: R, path: Option<&FieldPath>, mut assembler: Assembler, from: &Mark) -> Self {
        assembler.go_on(&from.memo);
        let names = path.map(FieldPath::names).unwrap_or_default();
        let is_within = from.byte > 0;
        Records {
            scanner: Scanner { input, place: from.byte },
            path: names.iter().map(|name| name.as_bytes().to_vec()).collect(),
            shown: path.map_or(".".to_string(), FieldPath::to_string),
            state: if is_within { State::AfterRecord } else { State::Document },
            begun: is_within,
            found: is_within,
            number: from.line,
            end: from.byte,
            record: Vec::new(),
            assembler,
        }
    }

    /// Goes on to the next record, whose bytes are then in `record`; `None` at the end of the input.
    fn advance(&mut self) -> io::Result<Option<Extent>> {
        loop {
            let next = self.scanner.peek()?;
            self.state = match (self.state, next) {
                (State::Document, None) => return Ok(None),
                (_, None) => return Err(self.scanner.broken("the document ends too early")),
                (State::Document, Some(_)) => self.enter(0)?,
                (State::Member(level, true) | State::AfterMember(level), Some(b'}')) => {
                    self.scanner.bump();
                    level.checked_sub(1).map_or(State::Document, State::AfterMember)
                }
                (State::AfterMember(level), Some(b',')) => {
                    self.scanner.bump();
                    State::Member(level, false)
                }
                (State::Member(level, _), Some(b'"')) => self.member(level)?,
                (State::Record(true) | State::AfterRecord, Some(b']')) => {
                    self.scanner.bump();
                    self.path.len().checked_sub(1).map_or(State::Document, State::AfterMember)
                }
                (State::AfterRecord, Some(b',')) => {
                    self.scanner.bump();
                    State::Record(false)
                }
                (State::Record(_), Some(_)) => {
                    self.state = State::AfterRecord;
                    self.record.clear();
                    let limit = self.assembler.options.limits.line_bytes;
                    return self.scanner.value(Some((&mut self.record, limit))).map(Some);
                }
                (_, Some(byte)) => {
                    let shown = char::from(byte).escape_default();
                    return Err(self.scanner.broken(&format!("`{shown}` cannot stand here")));
                }
            };
        }
    }

    /// One member of an object on the path.
    fn member(&mut self, level: usize) -> io::Result<State> {
        let mut name = Vec::new();
        self.scanner.value(Some((&mut name, self.assembler.options.limits.line_bytes)))?;
        if self.scanner.peek()? != Some(b':') {
            return Err(self.scanner.broken("a colon was expected"));
        }
        self.scanner.bump();
        let name = serde_json::from_slice::<String>(&name).unwrap_or_default();
        if self.path.get(level).is_some_and(|expected| expected == name.as_bytes()) {
            return self.enter(level + 1);
        }
        self.scanner.value(None)?;
        Ok(State::AfterMember(level))
    }

    /// The value that stands at this level of the path: opened if it leads on, else skipped.
    fn enter(&mut self, level: usize) -> io::Result<State> {
        self.begun = true;
        let leads_on = if level == self.path.len() { b'[' } else { b'{' };
        if self.scanner.peek()? == Some(leads_on) {
            self.scanner.bump();
            let at_records = level == self.path.len();
            self.found |= at_records;
            return Ok(if at_records { State::Record(true) } else { State::Member(level, true) });
        }
        self.scanner.value(None)?;
        Ok(level.checked_sub(1).map_or(State::Document, State::AfterMember))
    }
}

impl<R: BufRead> Decode for Records<R> {
    fn next(&mut self) -> io::Result<Option<Item>> {
        let Some(extent) = self.advance()? else {
            let missing = format!("there is no array at `{}` (--records)", self.shown);
            return if self.found || !self.begun { Ok(None) } else { Err(io::Error::other(missing)) };
        };
        self.number += 1;
        self.end = self.scanner.place;
        let event = match extent {
            Extent::Whole => ndjson::object(&self.record, self.number, &mut self.assembler),
            Extent::TooLong => Err(Fault::too_long(self.assembler.options.limits.line_bytes)),
        };
        Ok(Some(match event {
            Ok(event) => Item::Event(event),
            Err(fault) => Item::Reject(self.assembler.reject(self.number, fault, &self.record)),
        }))
    }

    fn mark(&self) -> Mark {
        Mark { byte: self.end, line: self.number, items: 0, memo: self.assembler.memo() }
    }
}

/// Whether a value was kept whole.
#[derive(Clone, Copy, PartialEq)]
enum Extent {
    Whole,
    TooLong,
}

/// Finds where JSON values begin and end, without judging what is in them.
struct Scanner<R> {
    input: R,
    /// Bytes read so far.
    place: u64,
}

impl<R: BufRead> Scanner<R> {
    /// The next byte that is no white space, nor of a byte order mark at the beginning; not yet taken.
    fn peek(&mut self) -> io::Result<Option<u8>> {
        loop {
            let chunk = self.input.fill_buf()?;
            if chunk.is_empty() {
                return Ok(None);
            }
            let is_mark = |at: u64, b: u8| at < 3 && b"\xEF\xBB\xBF".get(at as usize) == Some(&b);
            let is_space =
                |(at, b): &(u64, &u8)| matches!(b, b' ' | b'\t' | b'\r' | b'\n') || is_mark(*at, **b);
            let spaces = (self.place..).zip(chunk).take_while(is_space).count();
            let found = chunk.get(spaces).copied();
            self.take(spaces);
            if found.is_some() {
                return Ok(found);
            }
        }
    }

    /// Takes the byte that was seen.
    fn bump(&mut self) {
        self.take(1);
    }

    fn take(&mut self, bytes: usize) {
        self.input.consume(bytes);
        self.place += bytes as u64;
    }

    /// Takes one value, copying at most so many of its bytes.
    fn value(&mut self, mut copy: Option<(&mut Vec<u8>, usize)>) -> io::Result<Extent> {
        self.peek()?;
        let (mut end, mut extent) = (End::default(), Extent::Whole);
        while !end.reached && !end.closed {
            let chunk = self.input.fill_buf()?;
            if chunk.is_empty() {
                return if end.may_end_here() {
                    Ok(extent)
                } else {
                    Err(self.broken("the document ends too early"))
                };
            }
            let length = chunk.iter().take_while(|b| end.take(**b)).count();
            let part = chunk.get(..length).unwrap_or_default();
            if let Some((into, limit)) = &mut copy {
                let room = limit.saturating_sub(into.len());
                extent = if part.len() > room { Extent::TooLong } else { extent };
                into.extend_from_slice(part.get(..room).unwrap_or(part));
            }
            self.take(length);
            if length == 0 && !end.begun {
                return Err(self.broken("a value was expected"));
            }
        }
        Ok(extent)
    }

    fn broken(&self, what: &str) -> io::Error {
        io::Error::other(format!("{what}, at byte {}", self.place + 1))
    }
}

/// Follows a value to its end.
#[derive(Default)]
struct End {
    depth: usize,
    in_string: bool,
    escaped: bool,
    begun: bool,
    /// Behind the last byte of a string, list or object.
    closed: bool,
    reached: bool,
}

impl End {
    /// Whether this byte belongs to the value.
    fn take(&mut self, byte: u8) -> bool {
        if self.closed || (self.depth == 0 && !self.in_string && matches!(byte, b',' | b']' | b'}' | b':')) {
            self.reached = true;
            return false;
        }
        if self.in_string {
            self.in_string = self.escaped || byte != b'"';
            self.escaped = !self.escaped && byte == b'\\';
            self.closed = !self.in_string && self.depth == 0;
            return true;
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => {
                self.depth -= 1;
                self.closed = self.depth == 0;
            }
            b' ' | b'\t' | b'\r' | b'\n' if self.depth == 0 => {
                self.reached = true;
                return false;
            }
            _ => {}
        }
        self.begun = true;
        true
    }

    /// Whether the end of the input may be the end of the value.
    fn may_end_here(&self) -> bool {
        self.begun && self.depth == 0 && !self.in_string
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::io::ReadOptions;

    fn records(text: &str, chunk: usize) -> Vec<String> {
        let options = Arc::new(ReadOptions::default());
        let input = io::BufReader::with_capacity(chunk, text.as_bytes());
        let path = "a.b".parse().ok();
        let mut records =
            Records::new(input, path.as_ref(), Assembler::new(Arc::default(), options), &Mark::default());
        let mut found = Vec::new();
        loop {
            match records.next() {
                Ok(Some(Item::Event(event))) => found.push(format!("{} {}", event.offset, event.time)),
                Ok(Some(Item::Reject(reject))) => found.push(format!("{} {}", reject.offset, reject.detail)),
                Ok(None) => return found,
                Err(error) => {
                    found.push(error.to_string());
                    return found;
                }
            }
        }
    }

    #[test]
    fn chunks_make_no_difference() {
        let good = r#" {"x":"}\\\"{", "a" : {"z":[{"b":[]}],"b":[{"ts":1 , "t":"]\\"},{"ts":"2"}, 3 ,{"ts":4,"n":{"b":[1]}}],"y":-1.5e3},"a":5}"#;
        for cut in 0..=good.len() {
            let text = &good[..cut];
            let whole = records(text, 1_000);
            for chunk in 1..20 {
                assert_eq!(records(text, chunk), whole, "{text} in chunks of {chunk}");
            }
        }
        assert_eq!(records(good, 1_000).len(), 4);
    }
}
