//! One line: its object, and what of it is wanted.

use std::borrow::Cow;

use super::cursor::{Cursor, Quoted};
use super::wanted::{Before, Wanted, role};
use crate::event::{Batch, Cell, Event, Value, ValueRef};
use crate::io::assemble::type_of;
use crate::io::time::TimeReader;
use crate::time::Timestamp;

/// What is read of a line besides the cells of its row.
#[derive(Debug, Default)]
pub(super) struct Found<'t> {
    pub(super) time: Option<Timestamp>,
    pub(super) kind: Option<Cow<'t, str>>,
    pub(super) identity: Option<u128>,
}

/// What comes next in an object.
enum Name {
    /// A name: whose it is, if it is wanted, and by what it is remembered.
    Of(Option<usize>, Before),
    End,
}

/// Reads one line into the cells of a row. `None` leaves the line to the decoder.
pub(super) struct LineReader<'t, 's> {
    pub(super) cursor: Cursor<'t>,
    pub(super) wanted: &'s mut Wanted,
    pub(super) times: &'s mut TimeReader,
    pub(super) batch: &'s mut Batch,
    /// Tells this line from the others.
    pub(super) number: u64,
    pub(super) found: Found<'t>,
}

impl LineReader<'_, '_> {
    /// Reads the object that the line must be.
    pub(super) fn read(&mut self, depth: usize) -> Option<()> {
        (self.cursor.peek() == b'{').then_some(())?;
        self.object(0, depth.checked_sub(1)?)?;
        self.cursor.is_end().then_some(())
    }

    /// An object, from its brace on.
    fn object(&mut self, node: usize, depth: usize) -> Option<()> {
        let mut before = Before::Nothing;
        loop {
            let name = match self.expected(node, before) {
                Some(name) => name,
                None => self.name(node, before)?,
            };
            let Name::Of(of, here) = name else { return Some(()) };
            match of {
                Some(of) => self.value(of, depth)?,
                None => self.cursor.skip(depth)?,
            }
            before = here;
        }
    }

    /// A name that stood here in an object before, with all that stands around it.
    fn expected(&mut self, node: usize, before: Before) -> Option<Name> {
        let (number, length, of) = self.wanted.expected(node, before, self.cursor.rest())?;
        self.cursor.at += length;
        Some(Name::Of(of, Before::Name(number)))
    }

    /// A name with the brace or comma before it and the colon behind.
    fn name(&mut self, node: usize, before: Before) -> Option<Name> {
        let start = self.cursor.at;
        let is_first = matches!(before, Before::Nothing);
        if !is_first {
            self.cursor.space();
            if self.cursor.eat(b'}').is_some() {
                return Some(Name::End);
            }
        }
        self.cursor.eat(if is_first { b'{' } else { b',' })?;
        self.cursor.space();
        if is_first && self.cursor.eat(b'}').is_some() {
            return Some(Name::End);
        }
        // What an escape spells may be a wanted name.
        let quoted = self.cursor.string().filter(|quoted| !quoted.escaped)?;
        self.cursor.space();
        self.cursor.eat(b':')?;
        self.cursor.space();
        let of = self.wanted.child(node, self.cursor.slice(quoted.start, quoted.end)?);
        let written = self.cursor.slice(start, self.cursor.at)?;
        let number = self.wanted.remember(node, before, written.as_bytes(), of);
        Some(Name::Of(of, number.map_or(Before::Unknown, Before::Name)))
    }

    /// The value of a wanted name, or of one on the way to it. Of several of one name the last one counts: the decoder
    /// sees to that.
    fn value(&mut self, of: usize, depth: usize) -> Option<()> {
        let number = self.number;
        let node = self.wanted.node(of).filter(|node| node.seen != number)?;
        node.seen = number;
        let (column, roles, is_wanted) = (node.column, node.roles, node.is_wanted());
        let start = self.cursor.at;
        let cell = match self.cursor.peek() {
            b'"' => {
                let quoted = self.cursor.string()?;
                return if is_wanted { self.string(column, roles, quoted) } else { Some(()) };
            }
            b'{' if !is_wanted => return self.object(of, depth.checked_sub(1)?),
            b'[' if !is_wanted => return self.cursor.skip(depth),
            b'-' | b'0'..=b'9' => self.cursor.number()?,
            _ => self.cursor.word()?,
        };
        if roles & role::TIME != 0 {
            // An event without a time is rejected, and the decoder says how.
            let (Cell::Int(_) | Cell::Uint(_) | Cell::Float(_)) = cell else { return None };
            let written = self.cursor.slice(start, self.cursor.at)?;
            self.found.time = match cell {
                Cell::Int(n) => self.times.whole(n).or_else(|| self.times.text(written).ok()),
                _ => self.times.text(written).ok(),
            };
            self.found.time?;
        }
        if roles & (role::KIND | role::ID) != 0 {
            let value = scalar(cell)?;
            if roles & role::KIND != 0 {
                self.found.kind = type_of(&value).map(|kind| Cow::Owned(kind.into()));
            }
            if roles & role::ID != 0 && !value.is_null() {
                self.found.identity = Some(Event::identity_of_id(value.borrowed()));
            }
        }
        if let Some(column) = column {
            self.batch.set(column, cell);
        }
        Some(())
    }

    fn string(&mut self, column: Option<usize>, roles: u8, quoted: Quoted) -> Option<()> {
        if let (Some(column), 0, false) = (column, roles, quoted.escaped) {
            self.batch.set(column, Cell::Str(quoted.span()?));
            return Some(());
        }
        let text = self.text(quoted)?;
        if roles & role::TIME != 0 {
            self.found.time = Some(self.times.text(text.trim()).ok()?);
        }
        if roles & role::ID != 0 {
            self.found.identity = Some(Event::identity_of_id(ValueRef::Str(&text)));
        }
        if let Some(column) = column {
            let cell = if quoted.escaped { self.batch.text(&text) } else { Cell::Str(quoted.span()?) };
            self.batch.set(column, cell);
        }
        if roles & role::KIND != 0 {
            self.found.kind = Some(text);
        }
        Some(())
    }
}

impl<'t> LineReader<'t, '_> {
    /// What a string says.
    fn text(&self, quoted: Quoted) -> Option<Cow<'t, str>> {
        if !quoted.escaped {
            return self.cursor.slice(quoted.start, quoted.end).map(Cow::Borrowed);
        }
        let with_quotes = self.cursor.slice(quoted.start.checked_sub(1)?, quoted.end + 1)?;
        serde_json::from_str(with_quotes).ok().map(Cow::Owned)
    }
}

fn scalar(cell: Cell) -> Option<Value> {
    Some(match cell {
        Cell::Null => Value::Null,
        Cell::Bool(b) => Value::Bool(b),
        Cell::Int(n) => Value::Int(n),
        Cell::Uint(n) => Value::Uint(n),
        Cell::Float(x) => Value::Float(x),
        Cell::Str(_) | Cell::Time(_) | Cell::Value(_) => return None,
    })
}
