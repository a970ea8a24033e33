//! Cells of text into values: the types of a table's columns.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::assemble::Assembler;
use super::chunk::Mark;
use super::memo::{Columns, Memo};
use super::reader::{Decode, Item};
use super::reject::Fault;
use super::{FieldPath, ReadOptions};
use crate::event::text::{any_number, boolean, number};
use crate::event::{EventSchema, FieldType, Record, Value};

/// A record of cells.
pub(super) struct Row {
    pub(super) offset: u64,
    /// How many bytes of the input stand before what comes behind it.
    pub(super) end: u64,
    /// The bytes it was read from.
    pub(super) raw: Vec<u8>,
    /// One cell for each column, or why it is no record.
    pub(super) cells: Result<Cells, Fault>,
}

/// The cells of a record; `None` is a null.
pub(super) type Cells = Vec<Option<CompactString>>;

/// Where the records of a table come from.
pub(super) trait Rows {
    /// The names of the columns; read first.
    fn names(&mut self) -> io::Result<Vec<CompactString>>;

    /// The next record.
    fn next(&mut self) -> io::Result<Option<Row>>;

    /// What stands between two cells, where that was told by the header.
    fn delimiter(&self) -> Option<u8> {
        None
    }
}

/// Decodes a table.
///
/// A cell has the type that is declared for its column, else the column's own: what all cells of the column in the
/// first records, the sample, can be read as.
pub(super) struct Table<T> {
    rows: T,
    assembler: Assembler,
    columns: Vec<Column>,
    /// Which columns hold the type and the time.
    kind: Option<usize>,
    time: Option<usize>,
    started: bool,
    sampled: bool,
    waiting: VecDeque<Row>,
    end: Option<io::Result<()>>,
    /// Behind the record that was given last, and what was known of the columns before and is now.
    mark: Mark,
}

struct Column {
    name: CompactString,
    kind: Kind,
    /// Cells behind the sample that are not of its kind.
    misfits: u64,
}

impl<T: Rows> Table<T> {
    /// Decodes what stands behind a mark.
    pub(super) fn new(rows: T, mut assembler: Assembler, from: &Mark) -> Self {
        assembler.go_on(&from.memo);
        let sampled = assembler.options.sample == 0;
        let (columns, waiting) = (Vec::new(), VecDeque::new());
        Table {
            rows,
            assembler,
            columns,
            kind: None,
            time: None,
            started: false,
            sampled,
            waiting,
            end: None,
            mark: from.clone(),
        }
    }

    fn start(&mut self) -> io::Result<()> {
        self.started = true;
        let before = self.mark.memo.columns.clone();
        let kind = |name: &str| {
            let known = before.as_ref()?.columns.iter().find(|(known, _)| known == name);
            known.map(|(_, kind)| *kind)
        };
        self.sampled |= before.as_ref().is_some_and(|before| before.sampled);
        let column = |name: CompactString| {
            let kind = kind(&name).unwrap_or(Kind::Open);
            Column { name, kind, misfits: 0 }
        };
        self.columns = self.rows.names()?.into_iter().map(column).collect();
        let place =
            |path: &FieldPath| self.columns.iter().position(|column| path.names() == [column.name.as_str()]);
        self.kind = place(&self.assembler.options.kind);
        self.time = place(&self.assembler.options.time);
        self.note_columns();
        Ok(())
    }

    /// Has the mark know of the columns what is known now.
    fn note_columns(&mut self) {
        let columns = self.columns.iter().map(|column| (column.name.to_string(), column.kind)).collect();
        let (sampled, delimiter) = (self.sampled, self.rows.delimiter());
        self.mark.memo.columns = Some(Arc::new(Columns { columns, sampled, delimiter }));
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
        self.note_columns();
    }

    /// Whether this is the header once more, as it is where a file goes on with another one that has its own.
    fn is_header(&self, row: &Row) -> bool {
        let same = |(column, cell): (&Column, &Option<CompactString>)| cell.as_ref() == Some(&column.name);
        row.cells.as_ref().is_ok_and(|cells| self.columns.iter().zip(cells).all(same))
    }

    fn observe(&mut self, row: &Row) {
        let Ok(cells) = &row.cells else { return };
        for (column, cell) in self.columns.iter_mut().zip(cells) {
            if let Some(text) = cell {
                column.kind = column.kind.with(Kind::of(text));
            }
        }
    }

    /// What is declared for the type of this record.
    fn schema<'o>(&self, cells: &Cells, options: &'o ReadOptions) -> Option<&'o EventSchema> {
        options.schema.events.get(cells.get(self.kind?)?.as_deref()?)
    }

    /// Whether the types of all columns of this record are declared, so that it need not wait for the sample.
    fn is_declared(&self, cells: &Cells) -> bool {
        let schema = self.schema(cells, &self.assembler.options);
        schema
            .is_some_and(|schema| self.columns.iter().all(|column| declared(schema, &column.name).is_some()))
    }

    fn fields(&mut self, cells: &Cells) -> Record {
        let options = Arc::clone(&self.assembler.options);
        let schema = self.schema(cells, &options);
        let columns = self.columns.iter_mut().zip(cells);
        columns.map(|(column, cell)| (column.name.clone(), column.value(cell.as_deref(), schema))).collect()
    }
}

impl Column {
    fn value(&mut self, cell: Option<&str>, schema: Option<&EventSchema>) -> Value {
        let Some(text) = cell else { return Value::Null };
        if let Some(field_type) = schema.and_then(|schema| declared(schema, &self.name)) {
            return as_declared(field_type, text);
        }
        let value = self.kind.read(text);
        self.misfits += u64::from(value.is_none());
        value.unwrap_or_else(|| Value::str(text))
    }

    /// What is said about cells that are not of the column's kind.
    fn note(&self, sample: usize) -> Option<String> {
        let (name, kind, n) = (&self.name, self.kind.plural(), self.misfits);
        let cells = if n == 1 { "cell behind them is" } else { "cells behind them are" };
        let note = || {
            format!(
                "column `{name}` holds {kind} in the first {sample} records; {n} other {cells} read as text"
            )
        };
        (n > 0).then(note)
    }
}

impl<T: Rows> Decode for Table<T> {
    fn next(&mut self) -> io::Result<Option<Item>> {
        if !self.started {
            self.start()?;
        }
        let row = loop {
            let Some(row) = self.row()? else { return Ok(None) };
            if !self.is_header(&row) {
                break row;
            }
        };
        if !self.sampled && row.cells.as_ref().is_ok_and(|cells| !self.is_declared(cells)) {
            self.sample(&row);
        }
        (self.mark.byte, self.mark.line) = (row.end, row.offset);
        let event = row.cells.and_then(|cells| {
            let fields = self.fields(&cells);
            let written = self.time.and_then(|column| cells.get(column)?.as_deref());
            self.assembler.event(fields, written.map(str::trim), &row.raw, row.offset)
        });
        Ok(Some(match event {
            Ok(event) => Item::Event(event),
            Err(fault) => Item::Reject(self.assembler.reject(row.offset, fault, &row.raw)),
        }))
    }

    fn mark(&self) -> Mark {
        let Memo { last, .. } = self.assembler.memo();
        let memo = Memo { last, ..self.mark.memo.clone() };
        Mark { memo, items: 0, ..self.mark }
    }

    fn declare(&mut self, options: &Arc<ReadOptions>) {
        // How many records are the sample was told for this input.
        let sample = self.assembler.options.sample;
        self.assembler.options = Arc::new(ReadOptions { sample, ..ReadOptions::clone(options) });
    }

    fn notes(&self) -> Vec<String> {
        self.columns.iter().filter_map(|column| column.note(self.assembler.options.sample)).collect()
    }
}

fn declared<'s>(schema: &'s EventSchema, name: &str) -> Option<&'s FieldType> {
    schema.fields.get(name).map(|field| &field.field_type).filter(|t| **t != FieldType::Any)
}

/// What the cells of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    /// Nothing is known: each cell is what it looks like.
    Open,
    Bool,
    Number,
    Text,
}

impl Kind {
    /// What one cell looks like.
    pub(super) fn of(text: &str) -> Self {
        match text.trim() {
            text if is_nothing(text) => Kind::Open,
            text if boolean(text).is_some() => Kind::Bool,
            text if number(text).is_some() => Kind::Number,
            _ => Kind::Text,
        }
    }

    /// What holds for two cells together.
    pub(super) fn with(self, other: Self) -> Self {
        match (self, other) {
            (Kind::Open, kind) | (kind, Kind::Open) => kind,
            (a, b) if a == b => a,
            _ => Kind::Text,
        }
    }

    /// The cell as one of this kind, if it is one.
    pub(super) fn read(self, text: &str) -> Option<Value> {
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
