//! A table from a file.

use std::fmt;

use compact_str::CompactString;

use super::index::Index;
use super::list::NOTHING;
use super::place;
use crate::event::{Value, ValueRef};

/// The rows of a table as they stand in a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// The names of the columns, all different.
    pub columns: Vec<CompactString>,
    /// The cells, row by row: in each row one for every column.
    pub cells: Vec<Value>,
}

/// `table NAME from "file" key COLUMN`
#[derive(Clone)]
pub struct Table {
    name: CompactString,
    columns: Box<[CompactString]>,
    key: usize,
    cells: Box<[Value]>,
    index: Index,
}

/// Why rows make no table. Rows are counted from 1 on, without a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// The key is no column.
    NoColumn(Vec<CompactString>),
    /// The key of this row is missing, or it is a list or an object.
    NoKey {
        /// The row.
        row: usize,
    },
    /// Two rows have the same key.
    Twice {
        /// The key.
        key: Value,
        /// The first row with it.
        first: usize,
        /// The second.
        second: usize,
    },
}

impl Table {
    /// A table of this name whose rows are found by a column in which no two are equal. Keys that are written in two
    /// ways (`7` and `7.0`) are two; a number is found at the first row that says it.
    pub fn new(name: CompactString, rows: Rows, key: &str) -> Result<Table, Unfit> {
        let Some(key) = place(&rows.columns, key) else { return Err(Unfit::NoColumn(rows.columns)) };
        let table = Table {
            name,
            columns: rows.columns.into(),
            key,
            cells: rows.cells.into(),
            index: Index::default(),
        };
        let mut index = Index::default();
        for row in 0..table.len() {
            let value = table.cell(row, key);
            if matches!(value, Value::Null | Value::List(_) | Value::Record(_)) {
                return Err(Unfit::NoKey { row: row + 1 });
            }
            if let Some(first) = index.enter(row, value, |row| table.cell(row, key)) {
                return Err(Unfit::Twice { key: value.clone(), first: first + 1, second: row + 1 });
            }
        }
        Ok(Table { index, ..table })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The names of its columns.
    pub fn columns(&self) -> &[CompactString] {
        &self.columns
    }

    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<usize> {
        place(&self.columns, name)
    }

    /// The column that rows are found by.
    pub fn key(&self) -> usize {
        self.key
    }

    /// How many rows it has.
    pub fn len(&self) -> usize {
        self.cells.len() / self.columns.len().max(1)
    }

    /// Whether it has no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A cell; null beyond the last row or column.
    pub fn cell(&self, row: usize, column: usize) -> &Value {
        let width = self.columns.len();
        let at = row.checked_mul(width).and_then(|begin| begin.checked_add(column));
        at.filter(|_| column < width).and_then(|at| self.cells.get(at)).unwrap_or(&NOTHING)
    }

    /// The first row whose key is equal to this value. Cost: as many rows as there may be, a hash or two.
    pub fn find(&self, key: ValueRef<'_>) -> Option<usize> {
        self.index.find(key, |row| self.cell(row, self.key))
    }
}

/// There is one table of a name in a rule set.
impl PartialEq for Table {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
            && self.columns == other.columns
            && self.key == other.key
            && self.cells == other.cells
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Table({:?}, {} rows)", self.name, self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(keys: &[&str]) -> Result<Table, Unfit> {
        let cells = keys.iter().enumerate().flat_map(|(at, key)| {
            let key = if key.is_empty() { Value::Null } else { Value::str(*key) };
            [key, Value::Int(at as i64)]
        });
        let rows = Rows { columns: vec!["k".into(), "v".into()], cells: cells.collect() };
        Table::new("t".into(), rows, "k")
    }

    #[test]
    fn rows_are_found_by_their_key() {
        let t = table(&["a", "7", "7.0"]).unwrap();
        assert_eq!(t.find(ValueRef::Str("a")), Some(0));
        assert_eq!(t.find(ValueRef::Int(7)), Some(1));
        assert_eq!(t.find(ValueRef::Str("7.0")), Some(2));
        assert_eq!(t.find(ValueRef::Str("b")), None);
        assert_eq!(
            (t.len(), t.cell(2, 1), t.cell(2, 2), t.cell(3, 0)),
            (3, &Value::Int(2), &NOTHING, &NOTHING)
        );
    }

    #[test]
    fn what_is_no_table_is_refused_with_the_row() {
        assert_eq!(
            table(&["a", "b", "a"]).err(),
            Some(Unfit::Twice { key: Value::str("a"), first: 1, second: 3 })
        );
        assert_eq!(table(&["a", ""]).err(), Some(Unfit::NoKey { row: 2 }));
        let rows = Rows { columns: vec!["k".into()], cells: vec![] };
        assert_eq!(Table::new("t".into(), rows, "x").err(), Some(Unfit::NoColumn(vec!["k".into()])));
    }
}
