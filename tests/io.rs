//! Reading inputs: the cases of `io/*.toml`, and what data cannot say.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use serde::Deserialize;
use tripline::io::{
    FieldPath, Format, Inputs, Item, JsonRecord, LinePattern, Merge, ReadOptions, Reader, TimeOptions,
    TimeUnit,
};
use tripline::{EventSchema, FieldSchema, FieldType, Limits};

#[derive(Deserialize)]
struct File {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default)]
    input: String,
    hex: Option<String>,
    #[serde(default)]
    expect: Vec<String>,
    error: Option<String>,
    #[serde(default)]
    notes: Vec<String>,
    file: Option<String>,
    format: Option<String>,
    records: Option<String>,
    lines: Option<String>,
    time: Option<String>,
    r#type: Option<String>,
    id: Option<String>,
    unit: Option<String>,
    time_format: Option<String>,
    tz: Option<String>,
    year: Option<i32>,
    sample: Option<usize>,
    max_line: Option<usize>,
    #[serde(default)]
    schema: toml::Table,
}

impl Case {
    fn bytes(&self) -> Vec<u8> {
        match &self.hex {
            Some(hex) => {
                (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect()
            }
            None => self.input.clone().into_bytes(),
        }
    }

    fn options(&self) -> ReadOptions {
        let path = |text: &Option<String>, default: &str| -> FieldPath {
            text.as_deref().unwrap_or(default).parse().unwrap()
        };
        let mut options = ReadOptions {
            format: self.format(),
            time: path(&self.time, "ts"),
            kind: path(&self.r#type, "type"),
            event_id: self.id.as_ref().map(|id| id.parse().unwrap()),
            times: self.times(),
            sample: self.sample.unwrap_or(1_000),
            ..ReadOptions::default()
        };
        options.limits.line_bytes = self.max_line.unwrap_or(options.limits.line_bytes);
        for (kind, fields) in &self.schema {
            let field = |(name, text): (&String, &toml::Value)| {
                let text = text.as_str().unwrap();
                let (_, field_type) = FieldType::SCALARS.into_iter().find(|(name, _)| *name == text).unwrap();
                (name.clone(), FieldSchema { field_type, optional: true })
            };
            let fields = fields.as_table().unwrap().iter().map(field).collect();
            options.schema.events.insert(kind.clone(), EventSchema { fields });
        }
        options
    }

    fn format(&self) -> Format {
        match (self.format.as_deref(), &self.records, &self.lines) {
            (Some("ndjson"), ..) => Format::Ndjson,
            (Some("csv"), ..) => Format::Csv,
            (Some("tsv"), ..) => Format::Tsv,
            (_, Some(path), _) if path == "." => Format::Records(None),
            (_, Some(path), _) => Format::Records(Some(path.parse().unwrap())),
            (_, _, Some(lines)) => Format::Lines(LinePattern::new(lines, &Limits::default()).unwrap().into()),
            _ => Format::Auto,
        }
    }

    fn times(&self) -> TimeOptions {
        let mut times = TimeOptions::default();
        if let Some(year) = self.year {
            times = times.year(year);
        }
        if let Some(zone) = &self.tz {
            times = times.zone(zone).unwrap();
        }
        if let Some(format) = &self.time_format {
            times = times.format(format).unwrap();
        }
        match self.unit.as_deref() {
            Some("us") => times.unit(TimeUnit::Micros),
            _ => times,
        }
    }
}

#[test]
fn the_cases() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/io");
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "toml"));
    files.sort();
    let mut failures = Vec::new();
    for file in files {
        let cases: File =
            toml::from_str(&fs::read_to_string(&file).unwrap()).unwrap_or_else(|e| panic!("{e}"));
        for case in cases.case {
            let read = read(case.file.as_deref().unwrap_or("a.ndjson"), &case.bytes(), case.options());
            let expected = Read { items: case.expect, error: case.error, notes: case.notes };
            if !read.fits(&expected) {
                failures.push(format!(
                    "{}: {}\nexpected {expected:#?}\nfound {read:#?}",
                    file.display(),
                    case.name
                ));
            }
        }
    }
    assert!(failures.is_empty(), "{} cases fail\n\n{}", failures.len(), failures.join("\n\n"));
}

/// What was read, as the cases write it.
#[derive(Debug, Default)]
struct Read {
    items: Vec<String>,
    error: Option<String>,
    notes: Vec<String>,
}

impl Read {
    fn fits(&self, expected: &Read) -> bool {
        let same = |(found, expected): (&String, &String)| match expected.strip_suffix('…') {
            Some(begin) if !expected.contains(" …") => found.starts_with(begin),
            _ => found == expected,
        };
        self.items.len() == expected.items.len()
            && self.items.iter().zip(&expected.items).all(same)
            && self.error == expected.error
            && self.notes == expected.notes
    }
}

fn shown(item: &Item) -> String {
    match item {
        Item::Event(event) => {
            let fields = serde_json::to_string(&JsonRecord(&event.fields)).unwrap();
            format!("{} {} {} {fields}", event.offset, event.time, event.kind.as_deref().unwrap_or("-"))
        }
        Item::Reject(reject) => format!("{} {} {}", reject.offset, reject.reason.as_str(), reject.detail),
    }
}

fn read(name: &str, bytes: &[u8], options: ReadOptions) -> Read {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    read_path(&path, options)
}

fn read_path(path: &Path, options: ReadOptions) -> Read {
    let mut merge = open(&[path.to_str().unwrap()], options).unwrap();
    let mut read = Read::default();
    for item in merge.by_ref() {
        match item {
            Ok(item) => read.items.push(shown(&item)),
            Err(error) => {
                let text = error.to_string();
                read.error = text.split_once("to its end: ").map(|(_, what)| what.to_string()).or(Some(text));
            }
        }
    }
    read.notes = merge.notes().map(|(_, note)| note.to_string()).collect();
    read
}

fn open(arguments: &[&str], options: ReadOptions) -> Result<Merge, tripline::io::Error> {
    let options = Arc::new(options);
    let arguments: Vec<String> = arguments.iter().map(|a| a.to_string()).collect();
    let inputs = Inputs::find(&arguments, &options)?;
    let tap: tripline::io::Tap = Arc::new(|_| Ok(()));
    let readers: Result<Vec<Reader>, _> =
        inputs.iter().map(|input| Reader::open(input, &options, &tap)).collect();
    Ok(Merge::new(readers?))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::stream::encode_all(bytes, 0).unwrap()
}

fn lines(range: std::ops::Range<u32>) -> Vec<u8> {
    range
        .flat_map(|n| format!("{{\"ts\":{n},\"text\":\"{}\"}}\n", n.wrapping_mul(2_654_435_769)).into_bytes())
        .collect()
}

#[test]
fn packed_inputs_are_told_by_their_beginning_and_may_have_several_members() {
    let (a, b) = (lines(0..500), lines(500..1_000));
    let plain = [a.clone(), b.clone()].concat();
    let packings: [(&str, Vec<u8>); 4] = [
        ("a.ndjson", plain.clone()),
        ("a.ndjson.gz", [gzip(&a), gzip(&b)].concat()),
        ("a.ndjson.zst", [zstd(&a), zstd(&b)].concat()),
        ("not-named-so", gzip(&plain)),
    ];
    for (name, bytes) in packings {
        let read = read(name, &bytes, ReadOptions::default());
        assert_eq!((read.items.len(), read.error), (1_000, None), "{name}");
        assert!(read.items[999].starts_with("1000 1970-01-01T00:16:39.000Z"), "{name}");
    }
    let table = gzip(b"ts,a\n1,2\n");
    assert_eq!(
        read("a.csv.gz", &table, ReadOptions::default()).items,
        [r#"1 1970-01-01T00:00:01.000Z - {"ts":1,"a":2}"#]
    );
}

#[test]
fn a_packed_input_that_breaks_off_is_an_error_and_what_came_before_is_read() {
    let plain = lines(0..20_000);
    for (name, bytes) in [("a.gz", gzip(&plain)), ("a.zst", zstd(&plain))] {
        let cut = read(name, &bytes[..bytes.len() - 5], ReadOptions::default());
        assert_eq!(cut.error.as_deref(), Some("it ends in the middle of its compressed data"), "{name}");
        assert!(cut.items.len() > 10_000, "{name}: {}", cut.items.len());
        assert!(cut.items.iter().all(|item| item.contains("Z - {")), "{name}");
        let empty = read(name, b"", ReadOptions::default());
        assert_eq!(empty.items.len(), 0, "{name}");
        let other = read(name, b"{\"ts\":1}\n", ReadOptions::default());
        assert!(other.error.is_some(), "{name}");
        let mut damaged = bytes.clone();
        let middle = damaged.len() / 2;
        damaged[middle..middle + 8].copy_from_slice(b"damaged!");
        assert!(read(name, &damaged, ReadOptions::default()).error.is_some(), "{name}");
    }
}

#[test]
fn folders_and_globs_are_read_in_the_order_of_names_and_no_file_twice() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_string();
    fs::create_dir_all(folder.path().join("sub/.hidden")).unwrap();
    for name in
        ["b.ndjson", "a.jsonl", "sub/c.csv.gz", "d.txt", ".e.ndjson", "sub/.hidden/f.ndjson", "x[1].ndjson"]
    {
        fs::write(folder.path().join(name), "").unwrap();
    }
    let found = |arguments: &[String]| -> Result<Vec<String>, String> {
        let inputs = Inputs::find(arguments, &ReadOptions::default()).map_err(|e| e.to_string())?;
        let strip = |name: &str| name.strip_prefix(&at("")).unwrap_or(name).to_string();
        Ok(inputs
            .iter()
            .map(|input| format!("{}:{}", input.source().rank, strip(&input.source().name)))
            .collect())
    };
    assert_eq!(found(&[at("")]).unwrap(), ["0:a.jsonl", "1:b.ndjson", "2:sub/c.csv.gz", "3:x[1].ndjson"]);
    assert_eq!(found(&[at("b.ndjson"), at("*.*"), "-".into()]).unwrap()[..2], ["0:b.ndjson", "1:.e.ndjson"]);
    assert_eq!(found(&[at("x[1].ndjson")]).unwrap(), ["0:x[1].ndjson"]);
    assert_eq!(found(&[]).unwrap(), ["0:-"]);
    assert_eq!(found(&[at("none.ndjson")]).unwrap(), ["0:none.ndjson"], "it fails when it is opened");
    assert!(found(&[at("*.none")]).unwrap_err().starts_with("no file fits"));
    assert!(found(&[at("sub/.hidden/../../d*")]).is_ok());
    fs::create_dir(folder.path().join("empty")).unwrap();
    assert!(found(&[at("empty")]).unwrap_err().contains("holds no input"));
}

#[test]
fn inputs_are_merged_by_time_then_rank() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, times: &[i32]| {
        let text: String = times.iter().map(|t| format!("{{\"ts\":{t}}}\n")).collect();
        fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name).to_str().unwrap().to_string()
    };
    let (a, b, c) = (file("a", &[1, 3, 3, 9]), file("b", &[2, 3, 1, 8]), file("c", &[]));
    let merge = open(&[&b, &a, &c], ReadOptions::default()).unwrap();
    let places: Vec<(i64, String, u64)> = merge
        .map(|item| match item.unwrap() {
            Item::Event(e) => (
                e.time.nanos() / 1_000_000_000,
                e.source.name[e.source.name.len() - 1..].to_string(),
                e.offset,
            ),
            Item::Reject(reject) => panic!("{reject:?}"),
        })
        .collect();
    let expected = [
        (1, "a", 1),
        (2, "b", 1),
        (3, "b", 2),
        (1, "b", 3),
        (3, "a", 2),
        (3, "a", 3),
        (8, "b", 4),
        (9, "a", 4),
    ];
    assert_eq!(places, expected.map(|(t, s, o)| (t, s.to_string(), o)));
}

#[test]
fn very_many_files_are_read_without_keeping_them_open() {
    let folder = tempfile::tempdir().unwrap();
    for n in 0..1_500 {
        fs::write(folder.path().join(format!("{n:04}.ndjson")), format!("{{\"ts\":{}}}\n", 10_000 - n))
            .unwrap();
    }
    let merge = open(&[folder.path().to_str().unwrap()], ReadOptions::default()).unwrap();
    let times: Vec<i64> = merge
        .map(|item| match item.unwrap() {
            Item::Event(event) => event.time.nanos(),
            Item::Reject(reject) => panic!("{reject:?}"),
        })
        .collect();
    assert!(times.len() == 1_500 && times.is_sorted());
}

#[test]
fn a_line_delivered_twice_is_one_event_and_an_id_counts_instead_of_the_bytes() {
    let identities = |text: &str, id: Option<&str>| -> Vec<u128> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.ndjson");
        fs::write(&path, text).unwrap();
        let options = ReadOptions { event_id: id.map(|id| id.parse().unwrap()), ..ReadOptions::default() };
        let merge = open(&[path.to_str().unwrap()], options).unwrap();
        merge
            .map(|item| match item.unwrap() {
                Item::Event(event) => event.identity,
                Item::Reject(reject) => panic!("{reject:?}"),
            })
            .collect()
    };
    let text = "{\"ts\":1,\"id\":7,\"a\":1}\n{\"ts\":1,\"id\":7,\"a\":1}\r\n{\"ts\":2,\"id\":7,\"a\":1}\n{\"ts\":1,\"id\":null,\"a\":1}\n";
    let by_bytes = identities(text, None);
    assert!(by_bytes[0] == by_bytes[1] && by_bytes[0] != by_bytes[2] && by_bytes[0] != by_bytes[3]);
    let by_id = identities(text, Some("id"));
    assert!(by_id[0] == by_id[1] && by_id[0] == by_id[2]);
    assert_eq!(by_id[3], by_bytes[3], "without an id the bytes count");
}

#[test]
fn what_is_written_is_flushed_before_a_read_may_wait() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.ndjson");
    fs::write(&path, lines(0..10)).unwrap();
    let (calls, bytes) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let tap: tripline::io::Tap = {
        let (calls, bytes) = (Arc::clone(&calls), Arc::clone(&bytes));
        Arc::new(move |read| {
            calls.fetch_add(1, Ordering::Relaxed);
            bytes.fetch_add(read, Ordering::Relaxed);
            Ok(())
        })
    };
    let options = Arc::new(ReadOptions::default());
    let inputs = Inputs::find(&[path.to_str().unwrap().to_string()], &options).unwrap();
    let reader = Reader::open(inputs.iter().next().unwrap(), &options, &tap).unwrap();
    assert_eq!(calls.load(Ordering::Relaxed), 0, "opening reads nothing");
    assert_eq!(reader.count(), 10);
    assert_eq!(bytes.load(Ordering::Relaxed), lines(0..10).len());
    assert!(calls.load(Ordering::Relaxed) >= 2);
}

/// JSON documents as generators of other programs write them.
fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        any::<f64>().prop_filter("finite", |x| x.is_finite() && *x != 0.0).prop_map(Into::into),
        ".{0,20}".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::vec(("[a-e]|.{0,8}", inner), 0..6)
                .prop_map(|fields| serde_json::Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// What is read is what serde_json reads, and it is written as it was.
    #[test]
    fn any_document_is_read_as_written(values in prop::collection::vec(json(), 1..8), pretty: bool) {
        let mut text = String::new();
        for value in &values {
            let line = serde_json::json!({"ts": 1, "value": value});
            text.push_str(&serde_json::to_string(&line).unwrap());
            text.push_str(if pretty { " \r\n" } else { "\n" });
        }
        let read = read("a.ndjson", text.as_bytes(), ReadOptions::default());
        prop_assert_eq!(read.items.len(), values.len());
        for (item, value) in read.items.iter().zip(&values) {
            let fields = item.split_once(" - ").unwrap().1;
            let again: serde_json::Value = serde_json::from_str(fields).unwrap();
            prop_assert_eq!(&again["value"], value);
        }
    }

    /// Whatever the bytes, each line is an event or a reject, and reading ends.
    #[test]
    fn any_bytes_are_read_to_their_end(bytes in prop::collection::vec(any::<u8>(), 0..400), name in "a\\.(ndjson|csv|tsv|json)") {
        let records = name == "a.json";
        let format = if records { Format::Records(None) } else { Format::Auto };
        let _ = read(&name, &bytes, ReadOptions { format, ..ReadOptions::default() });
    }

    /// Records in an array are the lines of the same objects.
    #[test]
    fn records_are_the_same_as_lines(values in prop::collection::vec(json(), 0..8), nested: bool) {
        let objects: Vec<serde_json::Value> = values.iter().map(|v| serde_json::json!({"ts": 1, "value": v})).collect();
        let lines: String = objects.iter().map(|o| format!("{o}\n")).collect();
        let document = serde_json::json!({"before": values, "Records": objects, "z": {"Records": [1]}});
        let text = if nested { serde_json::to_string_pretty(&document) } else { serde_json::to_string(&document) };
        let format = Format::Records(Some(FieldPath::of("Records")));
        let records = read("a.json", text.unwrap().as_bytes(), ReadOptions { format, ..ReadOptions::default() });
        let lines = read("a.ndjson", lines.as_bytes(), ReadOptions::default());
        prop_assert_eq!(records.items, lines.items);
        prop_assert_eq!(records.error, None);
    }

    /// A table that is written by the rules of RFC 4180 is read cell by cell as it was.
    #[test]
    fn any_table_is_read_as_written(rows in prop::collection::vec(prop::collection::vec("[ -~\n\r\"é]{0,8}", 3), 1..8)) {
        let quote = |cell: &String| format!("\"{}\"", cell.replace('"', "\"\""));
        let mut text = String::from("ts,a,b,c\r\n");
        for row in &rows {
            text.push_str(&format!("1,{}\r\n", row.iter().map(quote).collect::<Vec<_>>().join(",")));
        }
        let schema = EventSchema {
            fields: ["a", "b", "c"].map(|n| (n.to_string(), FieldSchema { field_type: FieldType::String, optional: true })).into(),
        };
        let mut options = ReadOptions { kind: FieldPath::of("ts"), ..ReadOptions::default() };
        options.schema.events.insert("1".into(), schema);
        let read = read("a.csv", text.as_bytes(), options);
        prop_assert_eq!(read.items.len(), rows.len());
        for (item, row) in read.items.iter().zip(&rows) {
            let fields: serde_json::Value = serde_json::from_str(item.split_once(" 1 {").map(|(_, f)| format!("{{{f}")).unwrap().as_str()).unwrap();
            for (name, cell) in ["a", "b", "c"].iter().zip(row) {
                prop_assert_eq!(fields[name].as_str().unwrap_or_default(), cell);
            }
        }
    }
}
