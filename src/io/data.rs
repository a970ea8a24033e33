//! Lists and tables for rules, from the text of a file.

use std::io::{self, BufRead};

use compact_str::CompactString;
use indexmap::IndexSet;

use super::chunk::Mark;
use super::columns::{Kind, Rows as _};
use super::csv::Csv;
use super::json;
use super::lines::Lines;
use super::ndjson::utf8;
use super::reject::Fault;
use crate::data::{Rows, Unread};
use crate::event::{Record, Value};
use crate::limits::Limits;

/// How a list or table is written, by the ending of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// One JSON value a line.
    Json,
    /// A table with a header.
    Csv(Option<u8>),
    /// Lines of text.
    Text,
}

impl Form {
    fn of(name: &str) -> Form {
        match name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).as_deref() {
            Some("ndjson" | "jsonl") => Form::Json,
            Some("csv") => Form::Csv(None),
            Some("tsv") => Form::Csv(Some(b'\t')),
            _ => Form::Text,
        }
    }
}

/// The items of a list. `.ndjson` and `.jsonl` hold one JSON value a line, `.csv` and `.tsv` items in their first column
/// below a header; everything else holds one item a line, where blank lines and those that begin with `#` are passed over
/// and white space around an item is none of it. Without JSON all items are text.
pub fn items(name: &str, input: impl BufRead, limits: &Limits) -> Result<Vec<Value>, Unread> {
    within(name, input, limits, |input| items_of(name, input, limits))
}

fn items_of(name: &str, input: impl BufRead, limits: &Limits) -> Result<Vec<Value>, Unread> {
    let mut items = Vec::new();
    match Form::of(name) {
        Form::Csv(delimiter) => {
            let mut first = |cells: Vec<Option<CompactString>>, _| {
                items.extend(cells.into_iter().next().flatten().map(Value::Str));
            };
            records(
                name,
                Csv::new(input, delimiter, limits.line_bytes, &Mark::default()),
                |_| {},
                &mut first,
            )?;
        }
        form => lines(name, input, limits, |text, place| {
            match form {
                Form::Json => {
                    match json::value(text, limits.record_depth).map_err(|fault| place.bad(&fault))? {
                        Value::Null | Value::List(_) | Value::Record(_) => {
                            return Err(place.wrong("an item is a text, a number or a boolean"));
                        }
                        item => items.push(item),
                    }
                }
                _ if text.starts_with('#') => {}
                _ => items.push(Value::str(text)),
            }
            Ok(())
        })?,
    }
    Ok(items)
}

/// The rows of a table: one JSON object a line (`.ndjson`, `.jsonl`), else a table with a header. A column of the latter
/// has the type that all its cells have: numbers, booleans or else text; that of its key stays text.
pub fn rows(name: &str, input: impl BufRead, limits: &Limits, key: &str) -> Result<Rows, Unread> {
    within(name, input, limits, |input| match Form::of(name) {
        Form::Json => objects(name, input, limits),
        form => {
            let delimiter = if let Form::Csv(delimiter) = form { delimiter } else { None };
            cells(name, Csv::new(input, delimiter, limits.line_bytes, &Mark::default()), key)
        }
    })
}

/// Reads no more than the limit and one byte, which tells that there is more: then whatever was made of it is wrong.
fn within<R: BufRead, T>(
    name: &str,
    input: R,
    limits: &Limits,
    read: impl FnOnce(&mut io::Take<R>) -> Result<T, Unread>,
) -> Result<T, Unread> {
    let most = limits.data_file_bytes as u64;
    let mut input = input.take(most.saturating_add(1));
    let made = read(&mut input);
    if input.limit() > 0 {
        return made;
    }
    let why = format!("`{name}` is too large: it has more than {most} bytes, which is the limit");
    Err(Unread::Bad { why, help: None })
}

fn objects(name: &str, input: impl BufRead, limits: &Limits) -> Result<Rows, Unread> {
    let (mut columns, mut records) = (IndexSet::new(), Vec::<Record>::new());
    lines(name, input, limits, |text, place| {
        let (record, _) = json::decode(text, limits.record_depth, &[]).map_err(|fault| place.bad(&fault))?;
        columns.extend(record.keys().cloned());
        records.push(record);
        Ok(())
    })?;
    let columns: Vec<CompactString> = columns.into_iter().collect();
    let mut cells = Vec::with_capacity(columns.len().saturating_mul(records.len()));
    for mut record in records {
        cells.extend(
            columns.iter().map(|column| record.get_mut(column).map(std::mem::take).unwrap_or_default()),
        );
    }
    Ok(Rows { columns, cells })
}

fn cells(name: &str, table: Csv<impl BufRead>, key: &str) -> Result<Rows, Unread> {
    let (mut columns, mut kinds, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    let mut begin = |names: Vec<CompactString>| columns = names;
    records(name, table, &mut begin, &mut |cells: Vec<Option<CompactString>>, _| {
        kinds.resize(cells.len(), Kind::Open);
        for (kind, cell) in kinds.iter_mut().zip(&cells) {
            *kind = cell.as_ref().map_or(*kind, |text| kind.with(Kind::of(text)));
        }
        texts.extend(cells);
    })?;
    if let Some(at) = columns.iter().position(|column| column == key)
        && let Some(kind) = kinds.get_mut(at)
    {
        *kind = Kind::Text;
    }
    let read = |(text, kind): (Option<CompactString>, &Kind)| match text {
        Some(text) => kind.read(&text).unwrap_or(Value::Str(text)),
        None => Value::Null,
    };
    let cells = texts.into_iter().zip(kinds.iter().cycle()).map(read).collect();
    Ok(Rows { columns, cells })
}

/// A line or record of a file.
struct Place<'a> {
    name: &'a str,
    what: &'static str,
    number: u64,
}

impl Place<'_> {
    fn wrong(&self, what: &str) -> Unread {
        let why = format!("`{}` holds no list or table, in {} {}: {what}", self.name, self.what, self.number);
        Unread::Bad { why, help: None }
    }

    fn bad(&self, fault: &Fault) -> Unread {
        self.wrong(&fault.detail)
    }
}

/// Shows every line that is not blank, without white space around it.
fn lines(
    name: &str,
    input: impl BufRead,
    limits: &Limits,
    mut each: impl FnMut(&str, &Place<'_>) -> Result<(), Unread>,
) -> Result<(), Unread> {
    let mut lines = Lines::new(input, limits.line_bytes);
    while let Some(line) = lines.next().map_err(|error| broken(name, &error))? {
        let place = Place { name, what: "line", number: line.number };
        if line.too_long {
            return Err(place.bad(&Fault::too_long(limits.line_bytes)));
        }
        let text = utf8(line.text()).map_err(|fault| place.bad(&fault))?.trim();
        if !text.is_empty() {
            each(text, &place)?;
        }
    }
    Ok(())
}

/// Shows the names of the columns and the cells of every record.
fn records(
    name: &str,
    mut table: Csv<impl BufRead>,
    begin: impl FnOnce(Vec<CompactString>),
    each: &mut impl FnMut(Vec<Option<CompactString>>, u64),
) -> Result<(), Unread> {
    begin(table.names().map_err(|error| broken(name, &error))?);
    while let Some(row) = table.next().map_err(|error| broken(name, &error))? {
        let place = Place { name, what: "row", number: row.offset };
        each(row.cells.map_err(|fault| place.bad(&fault))?, row.offset);
    }
    Ok(())
}

fn broken(name: &str, error: &io::Error) -> Unread {
    Unread::Bad { why: format!("`{name}` holds no list or table: {error}"), help: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(name: &str, text: &str) -> Result<Vec<Value>, Unread> {
        items(name, text.as_bytes(), &Limits::default())
    }

    fn table(name: &str, text: &str) -> Result<Rows, Unread> {
        rows(name, text.as_bytes(), &Limits::default(), "k")
    }

    fn why<T: std::fmt::Debug>(read: Result<T, Unread>) -> String {
        match read.unwrap_err() {
            Unread::Bad { why, .. } | Unread::Closed { why, .. } => why,
        }
    }

    #[test]
    fn a_list_is_lines_a_column_or_json() {
        let words = |words: &[&str]| Ok(words.iter().copied().map(Value::str).collect());
        assert_eq!(list("x.txt", "\u{feff}# those\nDE\r\n\n  FR \n7\n"), words(&["DE", "FR", "7"]));
        assert_eq!(list("x", ""), words(&[]));
        assert_eq!(list("x.CSV", "code,name\n007,a\n\"b,c\",d\n,e\n"), words(&["007", "b,c"]));
        assert_eq!(list("x.tsv", "code\tname\na b\tc\n"), words(&["a b"]));
        assert_eq!(
            list("x.jsonl", "\"# a\"\n7\n\ntrue\n"),
            Ok(vec![Value::str("# a"), Value::Int(7), Value::Bool(true)])
        );
        assert!(why(list("x.ndjson", "1\n[2]\n")).contains("in line 2: an item is a text"));
        assert!(why(list("x.ndjson", "1\nDE\n")).contains("in line 2: "));
        assert!(why(list("x.csv", "a,b\n1,2\n3\n")).contains("in row 2: 1 cells, where the header has 2"));
        assert!(why(list("x.csv", "1,2\n")).contains("it has no header"));
        assert!(why(items("x", &b"a\n\xff\n"[..], &Limits::default())).contains("in line 2: no UTF-8"));
    }

    #[test]
    fn a_column_has_the_type_of_all_its_cells_and_the_key_is_text() {
        let rows = table("x.csv", "k,n,s,b\n1,2,3,true\n007,2.5,x,\n").unwrap();
        assert_eq!(rows.columns, ["k", "n", "s", "b"]);
        let (s, n) = (|text: &str| Value::str(text), Value::Int);
        let cells =
            [s("1"), n(2), s("3"), Value::Bool(true), s("007"), Value::Float(2.5), s("x"), Value::Null];
        assert_eq!(rows.cells, cells);
        assert!(matches!(rows.cells[2], Value::Str(_)));
    }

    #[test]
    fn a_table_of_json_has_the_fields_of_all_its_lines() {
        let rows = table("x.ndjson", "{\"k\":1,\"a\":\"x\"}\n{\"b\":2,\"k\":\"y\"}\n").unwrap();
        assert_eq!(rows.columns, ["k", "a", "b"]);
        let (null, n) = (Value::Null, Value::Int);
        assert_eq!(rows.cells, [n(1), Value::str("x"), null.clone(), Value::str("y"), null, n(2)]);
        assert!(why(table("x.jsonl", "{\"k\":1}\n[]\n")).contains("in line 2: a list, where an object"));
    }
}
