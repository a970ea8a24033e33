//! Cells of text into values: the types of a table's columns.

use std::collections::VecDeque;
use std::io;

use compact_str::CompactString;

use super::assemble::Assembler;
use super::reader::{Decode, Item};
use super::reject::Fault;
use crate::event::{EventSchema, FieldType, Record, Value};

/// A record of cells.
pub(super) struct Row {
    pub(super) offset: u64,
    /// The bytes it was read from.
    pub(super) raw: Vec<u8>,
    /// One cell for each column, or why it is no record. `None` is a null.
    pub(super) cells: Result<Vec<Option<CompactString>>, Fault>,
}

/// Where the records of a table come from.
pub(super) trait Rows {
    /// The names of the columns; read first.
    fn names(&mut self) -> io::Result<Vec<CompactString>>;

    /// The next record.
    fn next(&mut self) -> io::Result<Option<Row>>;
}

/// Decodes a table.
///
/// A cell has the type that is declared for its column, else the column's own: what all cells of the column in the
/// first records, the sample, can be read as.
pub(super) struct Table<T> {
    rows: T,
    assembler: Assembler,
    names: Vec<CompactString>,
    kinds: Vec<Kind>,
    /// Later cells that are not what the sample says.
    misfits: Vec<u64>,
    started: bool,
    sampled: bool,
    waiting: VecDeque<Row>,
    end: Option<io::Result<()>>,
}

impl<T: Rows> Table<T> {
    pub(super) fn new(rows: T, assembler: Assembler) -> Self {
        let sampled = assembler.options.sample == 0;
        let (names, kinds, misfits) = (Vec::new(), Vec::new(), Vec::new());
        let waiting = VecDeque::new();
        Table { rows, assembler, names, kinds, misfits, started: false, sampled, waiting, end: None }
    }

    fn start(&mut self) -> io::Result<()> {
        self.started = true;
        self.names = self.rows.names()?;
        self.kinds = vec![Kind::Open; self.names.len()];
        self.misfits = vec![0; self.names.len()];
        Ok(())
    }

    /// The next record, first those of the sample.
    fn row(&mut self) -> io::Result<Option<Row>> {
        if let Some(row) = self.waiting.pop_front() {
            return Ok(Some(row));
        }
        match self.end.take() {
            Some(end) => end.map(|()| None),
            None => self.rows.next(),
        }
    }

    /// Reads on until the sample is full, so that what stands behind this record tells its types too.
    fn sample(&mut self, first: &Row) {
        self.sampled = true;
        self.observe(first);
        while self.waiting.len() + 1 < self.assembler.options.sample {
            match self.rows.next() {
                Ok(Some(row)) => {
                    self.observe(&row);
                    self.waiting.push_back(row);
                }
                end => {
                    self.end = Some(end.map(|_| ()));
                    break;
                }
            }
        }
    }

    fn observe(&mut self, row: &Row) {
        let Ok(cells) = &row.cells else { return };
        for (kind, cell) in self.kinds.iter_mut().zip(cells.iter()) {
            if let Some(text) = cell {
                *kind = kind.with(Kind::of(text));
            }
        }
    }

    /// What is declared for the type of this record.
    fn schema(&self, cells: &[Option<CompactString>]) -> Option<&EventSchema> {
        let [name] = self.assembler.options.kind.names() else { return None };
        let column = self.names.iter().position(|n| n == name)?;
        self.assembler.options.schema.events.get(cells.get(column)?.as_ref()?.as_str())
    }

    /// Whether the types of all columns of this record are declared, so that it need not wait for the sample.
    fn is_declared(&self, cells: &[Option<CompactString>]) -> bool {
        let schema = self.schema(cells);
        schema.is_some_and(|schema| self.names.iter().all(|name| declared(schema, name).is_some()))
    }

    fn fields(&mut self, cells: &[Option<CompactString>]) -> Record {
        let schema = self.schema(cells).cloned();
        let mut record = Record::with_capacity_and_hasher(cells.len(), Default::default());
        for (column, (name, cell)) in self.names.iter().zip(cells).enumerate() {
            let field_type = schema.as_ref().and_then(|schema| declared(schema, name));
            let value = match (cell, field_type, self.kinds.get(column)) {
                (None, ..) => Value::Null,
                (Some(text), Some(field_type), _) => as_declared(field_type, text),
                (Some(text), None, kind) => {
                    let value = kind.unwrap_or(&Kind::Open).read(text);
                    if value.is_none()
                        && let Some(misfits) = self.misfits.get_mut(column)
                    {
                        *misfits += 1;
                    }
                    value.unwrap_or_else(|| Value::Str(text.clone()))
                }
            };
            record.insert(name.clone(), value);
        }
        record
    }
}

impl<T: Rows> Decode for Table<T> {
    fn next(&mut self) -> io::Result<Option<Item>> {
        if !self.started {
            self.start()?;
        }
        let Some(row) = self.row()? else { return Ok(None) };
        if !self.sampled && row.cells.as_ref().is_ok_and(|cells| !self.is_declared(cells)) {
            self.sample(&row);
        }
        let event = row.cells.and_then(|cells| {
            let fields = self.fields(&cells);
            let time = self.assembler.options.time.names();
            let column = self.names.iter().position(|name| [name] == time.iter().collect::<Vec<_>>()[..]);
            let written = column.and_then(|column| cells.get(column)?.as_deref());
            self.assembler.event(fields, written.map(str::trim), &row.raw, row.offset)
        });
        Ok(Some(match event {
            Ok(event) => Item::Event(event),
            Err(fault) => Item::Reject(self.assembler.reject(row.offset, fault, &row.raw)),
        }))
    }

    fn notes(&self) -> Vec<String> {
        let sample = self.assembler.options.sample;
        let columns = self.names.iter().zip(&self.kinds).zip(&self.misfits).filter(|(_, n)| **n > 0);
        let note = |((name, kind), n): ((&CompactString, &Kind), &u64)| {
            let (cells, are) = if *n == 1 { ("cell", "is") } else { ("cells", "are") };
            let what = kind.plural();
            format!(
                "column `{name}` holds {what} in the first {sample} records; {n} other {cells} behind them {are} read as text"
            )
        };
        columns.map(note).collect()
    }
}

fn declared<'s>(schema: &'s EventSchema, name: &str) -> Option<&'s FieldType> {
    schema.fields.get(name).map(|field| &field.field_type).filter(|t| **t != FieldType::Any)
}

/// What the cells of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Nothing is known: each cell is what it looks like.
    Open,
    Bool,
    Number,
    Text,
}

impl Kind {
    /// What one cell looks like.
    fn of(text: &str) -> Self {
        match text.trim() {
            text if is_nothing(text) => Kind::Open,
            text if boolean(text).is_some() => Kind::Bool,
            text if number(text).is_some() => Kind::Number,
            _ => Kind::Text,
        }
    }

    /// What holds for two cells together.
    fn with(self, other: Self) -> Self {
        match (self, other) {
            (Kind::Open, kind) | (kind, Kind::Open) => kind,
            (a, b) if a == b => a,
            _ => Kind::Text,
        }
    }

    /// The cell as one of this kind, if it is one.
    fn read(self, text: &str) -> Option<Value> {
        let trimmed = text.trim();
        match self {
            Kind::Text => Some(Value::str(text)),
            Kind::Bool | Kind::Number if is_nothing(trimmed) => Some(Value::Null),
            Kind::Bool => boolean(trimmed),
            Kind::Number => number(trimmed),
            Kind::Open => boolean(trimmed).or_else(|| number(trimmed)).or_else(|| Some(Value::str(text))),
        }
    }

    fn plural(self) -> &'static str {
        match self {
            Kind::Bool => "booleans",
            Kind::Number => "numbers",
            Kind::Open | Kind::Text => "text",
        }
    }
}

/// Whether the cell of a column of numbers or booleans says that there is none.
fn is_nothing(text: &str) -> bool {
    const WORDS: [&str; 8] = ["null", "nan", "inf", "-inf", "+inf", "infinity", "-infinity", "+infinity"];
    text.is_empty() || WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
}

fn boolean(text: &str) -> Option<Value> {
    match text {
        "true" | "True" | "TRUE" => Some(Value::Bool(true)),
        "false" | "False" | "FALSE" => Some(Value::Bool(false)),
        _ => None,
    }
}

/// A number as JSON would write it: no leading zeros, no plus. What else looks like one is an id more often than not.
fn number(text: &str) -> Option<Value> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let padded = digits.len() > 1
        && digits.starts_with('0')
        && digits.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
    let (begin, end) = (digits.bytes().next()?, digits.bytes().next_back()?);
    if padded
        || !begin.is_ascii_digit()
        || !end.is_ascii_digit()
        || digits.contains(".e")
        || digits.contains(".E")
    {
        return None;
    }
    any_number(text)
}

/// A number in any form that is common.
fn any_number(text: &str) -> Option<Value> {
    let whole = text.parse().map(Value::Int).or_else(|_| text.parse().map(Value::from_u64));
    whole.ok().or_else(|| text.parse().ok().and_then(Value::from_f64))
}

/// A cell of a column whose type is declared. What cannot be read as that stays text, which the rules then find to
/// be of the wrong type.
fn as_declared(field_type: &FieldType, text: &str) -> Value {
    let trimmed = text.trim();
    let value = match field_type {
        FieldType::Int | FieldType::Float | FieldType::Bool if is_nothing(trimmed) => Some(Value::Null),
        FieldType::Int | FieldType::Float => any_number(trimmed),
        FieldType::Bool => boolean(trimmed),
        FieldType::Time => number(trimmed),
        _ => None,
    };
    value.unwrap_or_else(|| Value::str(text))
}
