//! Tables: they read the same however few bytes come at once, as rows and as events, and if all cells are quoted.

use std::io::{BufReader, Cursor};
use std::sync::{Arc, OnceLock};

use tripline::io::{Format, Intake, Item, Load, ReadOptions, Reader};
use tripline::{Fields, Keep, Limits, Program, Settings, SourceFile};

/// The first byte chooses how the table is read, the second how many bytes come at once; the rest is the table.
pub fn check(data: &[u8]) {
    let [variant, portion, table @ ..] = data else { return };
    let options = Arc::new(options(*variant));
    let whole = read(table, table.len().max(1), &options);
    assert_eq!(read(table, usize::from(*portion) + 1, &options), whole);
    assert_eq!(rows(table, &options), whole);
    if let (Format::Tsv, Some(records)) = (&options.format, records(table, b'\t')) {
        let quoted = quoted(&records);
        let longest = table.len().max(quoted.len());
        if longest <= options.limits.line_bytes {
            assert_eq!(read(&quoted, longest, &options), whole, "{}", String::from_utf8_lossy(&quoted));
        }
    }
}

fn options(variant: u8) -> ReadOptions {
    let mut options = ReadOptions {
        format: if variant & 1 == 0 { Format::Csv } else { Format::Tsv },
        sample: if variant & 2 == 0 { 3 } else { 0 },
        ..ReadOptions::default()
    };
    options.limits.line_bytes = if variant & 4 == 0 { 10_000 } else { 40 };
    options
}

/// What is read, in words, and what ended it.
fn read(table: &[u8], portion: usize, options: &Arc<ReadOptions>) -> Vec<String> {
    let input = BufReader::with_capacity(portion, Cursor::new(table.to_vec()));
    let mut reader = Reader::from_bytes("table", input, options);
    let mut said: Vec<String> =
        reader.by_ref().map(|item| item.map_or_else(|e| e.to_string(), shown)).collect();
    said.extend(reader.notes().iter().cloned());
    said
}

fn shown(item: Item) -> String {
    match item {
        Item::Event(event) => {
            format!("{} {} {:?} {:?}", event.offset, event.time, event.kind, event.fields)
        }
        Item::Reject(reject) => format!("{} {:?} {}", reject.offset, reject.reason, reject.detail),
    }
}

/// The same, by way of rows.
fn rows(table: &[u8], options: &Arc<ReadOptions>) -> Vec<String> {
    let mut intake = Intake::from_bytes("table", table.to_vec(), options, fields(), Keep::Events, 100);
    let mut said = Vec::new();
    loop {
        match intake.next_load() {
            Ok(Some(Load::Rows(mut block))) => {
                let mut rejects = block.rejects.drain(..).peekable();
                for at in 0..=block.batch.len() {
                    while let Some((_, reject)) = rejects.next_if(|(before, _)| *before == at) {
                        said.push(shown(Item::Reject(reject)));
                    }
                    let event = block.batch.row(at).map(|row| row.event());
                    said.extend(event.map(|event| shown(Item::Event((*event).clone()))));
                }
            }
            Ok(Some(Load::Lines(_))) => panic!("a table is read as lines"),
            Ok(None) => break,
            Err(error) => {
                said.push(error.to_string());
                break;
            }
        }
    }
    said.extend(intake.notes().iter().cloned());
    said
}

fn fields() -> &'static Arc<Fields> {
    static FIELDS: OnceLock<Arc<Fields>> = OnceLock::new();
    FIELDS.get_or_init(|| {
        let files = [SourceFile::new("fuzz.trip", "rule r { event x: * where a == 1 }")];
        let (program, _) = Program::compile(&files, &Settings::default(), Limits::default());
        Arc::clone(program.unwrap().fields())
    })
}

type Records = Vec<Vec<Vec<u8>>>;

/// The cells of a table, byte by byte; `None` if a quote stays open.
fn records(table: &[u8], delimiter: u8) -> Option<Records> {
    let mut rest = table.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(table);
    let mut records = Vec::new();
    while !rest.is_empty() {
        let blank = [&b"\r\n"[..], b"\n"].into_iter().find_map(|end| rest.strip_prefix(end));
        if let Some(next) = blank.or_else(|| (rest == b"\r").then_some(b"")) {
            rest = next;
            continue;
        }
        let mut cells = Vec::new();
        loop {
            let (cell, next) = cell(rest, delimiter)?;
            cells.push(cell);
            rest = next;
            match rest.strip_prefix(&[delimiter]) {
                Some(next) => rest = next,
                None => break,
            }
        }
        rest = rest.strip_prefix(b"\r").filter(|rest| rest.starts_with(b"\n")).unwrap_or(rest);
        rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        records.push(cells);
    }
    Some(records)
}

/// One cell, and what stands behind it.
fn cell(mut rest: &[u8], delimiter: u8) -> Option<(Vec<u8>, &[u8])> {
    let mut cell = Vec::new();
    if let Some(mut quoted) = rest.strip_prefix(b"\"") {
        loop {
            let (byte, next) = quoted.split_first()?;
            quoted = next;
            match (byte, quoted.strip_prefix(b"\"")) {
                (b'"', Some(next)) => quoted = next,
                (b'"', None) => break,
                _ => {}
            }
            cell.push(*byte);
        }
        rest = quoted;
    }
    while let Some((byte, next)) = rest.split_first() {
        let ends = *byte == delimiter || *byte == b'\n' || rest.starts_with(b"\r\n");
        if ends {
            break;
        }
        cell.push(*byte);
        rest = next;
    }
    Some((cell, rest))
}

/// A table of these cells, all of them in quotes.
fn quoted(records: &Records) -> Vec<u8> {
    let mut table = Vec::new();
    for record in records {
        for (at, cell) in record.iter().enumerate() {
            table.extend_from_slice(if at == 0 { b"\"" } else { b"\t\"" });
            cell.iter()
                .for_each(|byte| table.extend(std::iter::repeat_n(*byte, 1 + usize::from(*byte == b'"'))));
            table.push(b'"');
        }
        table.push(b'\n');
    }
    table
}
