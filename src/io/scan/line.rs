//! One line: its object, and what of it is wanted.

use std::borrow::Cow;

use super::cursor::{Cursor, Quoted};
use super::known::{Known, Place, Then};
use super::wanted::{Wanted, role};
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

/// Reads one line into the cells of a row. `None` leaves the line to the decoder.
pub(super) struct LineReader<'t, 's> {
    pub(super) cursor: Cursor<'t>,
    pub(super) wanted: &'s mut Wanted,
    pub(super) known: &'s mut Known,
    pub(super) times: &'s mut TimeReader,
    pub(super) batch: &'s mut Batch,
    /// Tells this line from the others.
    pub(super) number: u64,
    pub(super) found: Found<'t>,
}

impl<'t> LineReader<'t, '_> {
    /// Reads the object that the line must be, and says where it ends.
    pub(super) fn read(&mut self, depth: usize) -> Option<usize> {
        (self.cursor.peek() == b'{').then_some(())?;
        self.object(0, depth.checked_sub(1)?)?;
        Some(self.cursor.at())
    }

    /// An object, from its brace on.
    fn object(&mut self, node: usize, depth: usize) -> Option<()> {
        let mut place = node;
        let mut rest = self.cursor.rest;
        loop {
            let then;
            (then, place, rest) = match self.known.guess(place, rest) {
                Some(guess) => (guess.then, guess.behind, rest.get(guess.length..)?),
                None => self.name(node, place, rest)?,
            };
            rest = match rest {
                _ if then == Then::End => {
                    self.cursor.rest = rest;
                    return Some(());
                }
                [b'"', text @ ..] => match self.cursor.plain_string(text) {
                    Some((quoted, behind)) => {
                        self.string(then, quoted)?;
                        behind
                    }
                    None => self.value(then, rest, depth)?,
                },
                _ => self.value(then, rest, depth)?,
            };
        }
    }

    /// A name at a place, with the brace or comma before it and the colon behind, or the end of the object.
    #[inline(never)]
    fn name(&mut self, node: usize, place: Place, start: &'t [u8]) -> Option<(Then, Place, &'t [u8])> {
        self.cursor.rest = start;
        let name = self.next_name(place == node)?;
        let written = start.get(..start.len() - self.cursor.rest.len())?;
        let (then, behind) = self.known.find(node, written).unwrap_or_else(|| {
            let of = name.and_then(|name| self.wanted.child(node, self.cursor.inside(name)?));
            let then = match name {
                Some(_) => of.map_or(Then::Pass, Then::Read),
                None => Then::End,
            };
            (then, self.known.add(node, written, then))
        });
        self.known.expect(place, written, then, behind);
        Some((then, behind, self.cursor.rest))
    }

    /// The name by the grammar, or `None` at the end.
    fn next_name(&mut self, is_first: bool) -> Option<Option<Quoted>> {
        if !is_first {
            self.cursor.space();
            if self.cursor.eat(b'}').is_some() {
                return Some(None);
            }
        }
        self.cursor.eat(if is_first { b'{' } else { b',' })?;
        self.cursor.space();
        if is_first && self.cursor.eat(b'}').is_some() {
            return Some(None);
        }
        // What an escape spells may be a wanted name.
        let quoted = self.cursor.string().filter(|quoted| !quoted.escaped)?;
        self.cursor.space();
        self.cursor.eat(b':')?;
        self.cursor.space();
        Some(Some(quoted))
    }

    /// A name that is wanted, or on the way to one that is. Of several of one name the last one counts: the decoder
    /// sees to that.
    fn first(&mut self, of: usize) -> Option<(Option<usize>, u8)> {
        let number = self.number;
        let node = self.wanted.node(of).filter(|node| node.seen != number)?;
        node.seen = number;
        Some((node.column, node.roles))
    }

    /// The value of a name, whatever it is, and what is behind it.
    #[inline(never)]
    fn value(&mut self, then: Then, rest: &'t [u8], depth: usize) -> Option<&'t [u8]> {
        self.cursor.rest = rest;
        // A piece of text that is known may end before the space does.
        self.cursor.space();
        match then {
            Then::Read(of) => self.read_value(of, depth)?,
            Then::Pass | Then::End => self.cursor.skip(depth)?,
        }
        Some(self.cursor.rest)
    }

    fn read_value(&mut self, of: usize, depth: usize) -> Option<()> {
        let (column, roles) = self.first(of)?;
        let is_wanted = column.is_some() || roles != 0;
        let start = self.cursor.at();
        let cell = match self.cursor.peek() {
            b'"' => {
                let quoted = self.cursor.string()?;
                return self.spelt(column, roles, quoted);
            }
            b'{' if !is_wanted => return self.object(of, depth.checked_sub(1)?),
            b'[' if !is_wanted => return self.cursor.skip(depth),
            b'-' | b'0'..=b'9' => self.cursor.number()?,
            _ => self.cursor.word()?,
        };
        if roles & role::TIME != 0 {
            // An event without a time is rejected, and the decoder says how.
            let (Cell::Int(_) | Cell::Uint(_) | Cell::Float(_)) = cell else { return None };
            let written = self.cursor.slice(start, self.cursor.at())?;
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

    /// The value of a name, which is a string without escapes: what most values are.
    #[inline(always)]
    fn string(&mut self, then: Then, quoted: Quoted) -> Option<()> {
        let Then::Read(of) = then else { return Some(()) };
        let (column, roles) = self.first(of)?;
        match (roles, column) {
            (0, Some(column)) => {
                self.batch.set(column, Cell::Str(quoted.span));
                Some(())
            }
            (role::TIME, None) => {
                self.found.time = Some(self.times.spelt(self.cursor.inside(quoted)?)?);
                Some(())
            }
            (role::KIND, None) => {
                self.found.kind = self.cursor.inside(quoted).map(Cow::Borrowed);
                Some(())
            }
            (0, None) => Some(()),
            _ => self.spelt(column, roles, quoted),
        }
    }

    /// A string that has escapes or serves several ends.
    #[inline(never)]
    fn spelt(&mut self, column: Option<usize>, roles: u8, quoted: Quoted) -> Option<()> {
        let text = self.text(quoted)?;
        if roles & role::TIME != 0 {
            self.found.time = Some(self.times.spelt(&text)?);
        }
        if roles & role::ID != 0 {
            self.found.identity = Some(Event::identity_of_id(ValueRef::Str(&text)));
        }
        if let Some(column) = column {
            let cell = if quoted.escaped { self.batch.text(&text) } else { Cell::Str(quoted.span) };
            self.batch.set(column, cell);
        }
        if roles & role::KIND != 0 {
            self.found.kind = Some(text);
        }
        Some(())
    }

    /// What a string says.
    fn text(&self, quoted: Quoted) -> Option<Cow<'t, str>> {
        let written = self.cursor.inside(quoted)?;
        match quoted.escaped {
            false => Some(Cow::Borrowed(written)),
            true => serde_json::from_str(&format!("\"{written}\"")).ok().map(Cow::Owned),
        }
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
