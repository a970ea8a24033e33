//! Rows scanned are the rows of events decoded.

use std::io::BufReader;
use std::sync::Arc;

use compact_str::CompactString;
use proptest::prelude::*;

use super::Scanner;
use crate::event::{Batch, Event, Fields, Keep, Row, Source};
use crate::io::assemble::Assembler;
use crate::io::chunk::{Chunks, Mark};
use crate::io::ndjson::Ndjson;
use crate::io::open::Bytes;
use crate::io::reader::{Decode, Item};
use crate::io::{FieldPath, ReadOptions, TimeOptions};

/// The fields of rules: one of them holds another, and one is the time.
const FIELDS: [&[&str]; 6] =
    [&["a"], &["user"], &["device", "os"], &["device", "os", "name"], &["ts"], &["ü\n"]];

fn fields() -> Arc<Fields> {
    let mut fields = Fields::default();
    for path in FIELDS {
        let path: Vec<CompactString> = path.iter().map(|&name| name.into()).collect();
        fields.number(&path.into()).unwrap();
    }
    Arc::new(fields)
}

fn options(variant: usize) -> ReadOptions {
    let mut options = ReadOptions::default();
    options.limits.record_depth = 6;
    options.limits.line_bytes = 300;
    if variant % 2 == 1 {
        options.event_id = Some("device.id".parse().unwrap());
        options.kind = FieldPath::of("a");
    }
    if variant % 3 == 1 {
        options.times = TimeOptions::default().zone("+02:00").unwrap();
    }
    if variant % 5 == 1 {
        options.time = "device.os.t".parse().unwrap();
    }
    options
}

/// A row in words, whole event and all; exact in what is compared.
fn said(row: Row<'_>) -> String {
    let cells: Vec<String> = fields()
        .iter()
        .map(|path| {
            let id = fields().find(path).unwrap();
            format!("{:?}", row.value(id).to_value())
        })
        .collect();
    let event = row.event();
    format!(
        "{:?} {:?} {:x} {cells:?} {:?} {}",
        row.place(),
        row.kind(),
        row.identity(),
        event.fields,
        event.source.name
    )
}

/// What decoder and batches of events make of it.
fn decoded(bytes: &[u8], options: &Arc<ReadOptions>) -> (Vec<String>, Vec<String>) {
    let mut decoder = Ndjson::new(bytes, Assembler::new(source(), Arc::clone(options)), &Mark::default());
    let (mut events, mut rejects) = (Vec::<Arc<Event>>::new(), Vec::new());
    while let Some(item) = decoder.next().unwrap() {
        match item {
            Item::Event(event) => events.push(Arc::new(event)),
            Item::Reject(reject) => rejects.push(format!("{} {reject:?}", events.len())),
        }
    }
    let batch = Batch::of(&fields(), events);
    (batch.rows().map(said).collect(), rejects)
}

/// Reads of a few bytes.
impl Bytes for BufReader<&[u8]> {}

/// What the scanner makes of it, read in chunks of this size.
fn scanned(bytes: &[u8], options: &Arc<ReadOptions>, chunk: usize) -> (Vec<String>, Vec<String>) {
    let input = BufReader::with_capacity(chunk % 7 + 1, bytes);
    let mut chunks = Chunks::new(input, Mark::default(), chunk, options.limits.line_bytes);
    let mut scanner = Scanner::new(&fields(), &source(), options, Keep::Events);
    let (mut rows, mut rejects) = (Vec::new(), Vec::new());
    while let Some(chunk) = chunks.next().unwrap() {
        let block = scanner.block(chunk);
        rejects.extend(block.rejects.iter().map(|(row, reject)| format!("{} {reject:?}", rows.len() + row)));
        rows.extend(block.batch.rows().map(said));
    }
    (rows, rejects)
}

fn source() -> Arc<Source> {
    Arc::new(Source { rank: 3, name: "input".into() })
}

fn scalar() -> BoxedStrategy<String> {
    let special = [
        "null",
        "true",
        "false",
        "0",
        "-0",
        "-0.0",
        "0.0",
        "-0e5",
        "1",
        "-1",
        "01",
        "1.",
        ".5",
        "1.5",
        "+1",
        "--1",
        "1e3",
        "1E+2",
        "1e-2",
        "1e400",
        "-1e400",
        "1e-400",
        "0e999999999999",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
        "-9223372036854775808",
        "-9223372036854775809",
        "123456789012345678",
        "1234567890123456789",
        "0.1",
        "123456.789012345",
        "NaN",
        "1.7976931348623157e308",
        "2.2250738585072011e-308",
        "0.30000000000000004",
        "[]",
        "{}",
        "[1,{\"os\":1}]",
        "\"\"",
        "\"text\"",
        "\"two words\"",
        "\"ü€😀\"",
        r#""\n\t\"\\\/""#,
        r#""\u00e9""#,
        r#""\ud83d\ude00""#,
        r#""\ud83d""#,
        r#""\ude00""#,
        r#""\uZZZZ""#,
        r#""\u+123""#,
        r#""\x""#,
        "\"open",
        "\"tab\there\"",
        "\"del\u{7f}\"",
        "\"2026-01-05T10:00:00Z\"",
        "\"2026-01-05T10:00:00.123Z\"",
        "\" 1700000000 \"",
        "\"2026-02-30T00:00:00Z\"",
        "\"2026-01-05 10:00\"",
        "\"2026-01-05T10:00:00+01:00\"",
        "1700000000",
        "1700000000.123456789",
        "1700000000123",
        "17000000000001234567890",
        "tru",
        "nul",
        "\"\u{1}\"",
        "'a'",
        "\"exactly eight bytes and then some more, to pass words\"",
    ];
    let numbers = prop_oneof![
        any::<f64>().prop_map(|x| format!("{x}")),
        any::<f64>().prop_map(|x| format!("{x:e}")),
        any::<f32>().prop_map(|x| format!("{x}")),
        any::<i64>().prop_map(|n| n.to_string()),
        "-?[0-9]{1,21}(\\.[0-9]{1,18})?(e-?[0-9]{1,2})?",
    ];
    prop_oneof![3 => proptest::sample::select(special.to_vec()).prop_map(str::to_string), 1 => numbers]
        .boxed()
}

fn name() -> BoxedStrategy<String> {
    let names = [
        "a",
        "user",
        "device",
        "os",
        "name",
        "ts",
        "type",
        "id",
        "t",
        "other",
        "a",
        "ts",
        "ts",
        "type",
        "",
        "us",
        "users",
        r"\u0061",
        r"user\u0073",
        "ü\\n",
        "ü\\u000a",
    ];
    proptest::sample::select(names.to_vec()).prop_map(|name| format!("\"{name}\"")).boxed()
}

fn space() -> BoxedStrategy<String> {
    proptest::sample::select(vec!["", "", "", "", " ", "  ", "\t", "\r", "\u{c}", "\u{a0}"])
        .prop_map(str::to_string)
        .boxed()
}

fn object(depth: u32) -> BoxedStrategy<String> {
    let value =
        if depth == 0 { scalar() } else { prop_oneof![3 => scalar(), 2 => object(depth - 1)].boxed() };
    let member = (name(), space(), space(), value, space())
        .prop_map(|(name, a, b, value, c)| format!("{a}{name}{b}:{value}{c}"));
    proptest::collection::vec(member, 0..6).prop_map(|members| format!("{{{}}}", members.join(","))).boxed()
}

/// A line with a time and few surprises, so that most of it is taken.
fn usual() -> BoxedStrategy<String> {
    let value = prop_oneof![
        any::<u32>().prop_map(|n| n.to_string()),
        "[a-z]{0,12}".prop_map(|text| format!("\"{text}\"")),
        scalar(),
        object(2),
    ];
    (0..2_000_000_000u64, value.clone(), value, "[a-z]{1,4}")
        .prop_map(|(time, a, b, user)| {
            format!(
                "{{\"ts\":{time},\"type\":\"x\",\"a\":{a},\"user\":\"{user}\",\"device\":{{\"id\":7,\"os\":{b}}}}}"
            )
        })
        .boxed()
}

/// A line, perhaps with some bytes of it changed.
fn line() -> BoxedStrategy<Vec<u8>> {
    let whole = prop_oneof![4 => usual(), 4 => object(3), 1 => scalar(), 1 => space()];
    let change = (any::<proptest::sample::Index>(), any::<u8>(), 0..3u8);
    let broken = (whole.clone(), proptest::collection::vec(change, 1..4)).prop_map(|(text, changes)| {
        let mut bytes = text.into_bytes();
        for (at, byte, how) in changes.into_iter() {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => drop(bytes.remove(at)),
                _ => bytes.insert(at, b"{}[]\",:\\0e-. "[usize::from(byte) % 13]),
            }
        }
        bytes
    });
    prop_oneof![2 => whole.prop_map(String::into_bytes), 1 => broken].boxed()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rows_scanned_are_the_rows_of_events_decoded(
        lines in proptest::collection::vec(line(), 1..8),
        ends in proptest::collection::vec(proptest::sample::select(vec!["\n", "\r\n", "\n\n"]), 8),
        variant in 0..30usize,
        chunk in 0..600usize,
        last in any::<bool>(),
    ) {
        let mut bytes = Vec::new();
        for (index, line) in lines.iter().enumerate() {
            bytes.extend_from_slice(line);
            if last || index + 1 < lines.len() {
                bytes.extend_from_slice(ends[index].as_bytes());
            }
        }
        let options = Arc::new(options(variant));
        prop_assert_eq!(scanned(&bytes, &options, chunk), decoded(&bytes, &options));
    }
}

/// A line of few kinds, as one writer or the other would put it: what is remembered of the lines before fits it all the
/// way, up to some place, or not at all.
fn kin() -> BoxedStrategy<String> {
    let names = [
        ("ts", "1700000000"),
        ("type", "\"x\""),
        ("a", "\"one\""),
        ("user", "\"a name of more than sixteen bytes\""),
        ("device", "{\"os\":{\"name\":\"linux\",\"version\":7},\"id\":\"d1\"}"),
        ("other", "\"nobody asks for it\""),
        ("a_rather_long_name_of_a_field", "12.5"),
        ("a_rather_long_name_of_another", "null"),
    ];
    let values = vec![
        "\"\"",
        "\"q\\\"uo\\\"te\"",
        "\"\\\\\"",
        "-1.25",
        "true",
        "null",
        "[1]",
        "\"open",
        "{\"os\":1}",
        "\"tab\t\"",
    ];
    let style =
        proptest::sample::select(vec![("", ""), ("", ""), ("", " "), (" ", " "), ("", "  "), ("\t", "")]);
    let change = (any::<proptest::sample::Index>(), 0..5u8, proptest::sample::select(values));
    let order =
        prop_oneof![4 => Just((0..8).collect::<Vec<usize>>()), 1 => Just((0..8).collect()).prop_shuffle()];
    (order, style, 0..8usize, proptest::collection::vec(change, 0..3))
        .prop_map(move |(order, (before, behind), left_out, changes)| {
            let mut members: Vec<(String, String)> =
                order.into_iter().map(|at| (names[at].0.to_string(), names[at].1.to_string())).collect();
            if left_out > 3 {
                members.retain(|(name, _)| name != names[left_out].0);
            }
            for (at, how, value) in changes {
                let at = at.index(members.len());
                match how {
                    0 | 1 => members[at].1 = value.to_string(),
                    2 => members.insert(at, (format!("new{}", value.len()), value.to_string())),
                    3 => drop(members.remove(at)),
                    _ => members.push(members[at].clone()),
                }
            }
            let members: Vec<String> = members
                .into_iter()
                .map(|(name, value)| format!("{behind}\"{name}\"{before}:{behind}{value}{before}"))
                .collect();
            format!("{{{}}}", members.join(","))
        })
        .boxed()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_remembered_of_lines_changes_nothing_in_the_next(
        lines in proptest::collection::vec(kin(), 1..40),
        variant in 0..30usize,
        chunk in 0..6_000usize,
    ) {
        let (bytes, options) = (lines.join("\n").into_bytes(), Arc::new(options(variant)));
        prop_assert_eq!(scanned(&bytes, &options, chunk), decoded(&bytes, &options));
    }
}

/// How many of these lines are scanned without the decoder's help.
fn unaided(lines: &[&str]) -> usize {
    let options = Arc::new(options(0));
    let mut scanner = Scanner::new(&fields(), &source(), &options, Keep::References);
    let text = lines.join("\n");
    let mut chunks = Chunks::new(text.as_bytes(), Mark::default(), 0, options.limits.line_bytes);
    while let Some(chunk) = chunks.next().unwrap() {
        scanner.block(chunk);
    }
    scanner.aided as usize
}

#[test]
fn only_what_is_unusual_needs_the_decoder() {
    let usual = [
        r#"{"ts":"2026-01-05T10:00:00Z","type":"x","user":"ann","a":1.5,"device":{"os":"linux"}}"#,
        r#" { "type" : "x" , "ts" : 1700000000 , "user" : null , "other" : [1, {"a": "\n"}], "a" : true } "#,
        r#"{"ts":"2026-01-05T10:00:00.25Z","user":"b\nc","device":{"os":1,"id":"é"},"z":-1.5e3,"a":12345678901234567890}"#,
    ];
    assert_eq!(unaided(&usual), 0);
    // The same in other orders, with other space, and with an escape in one of them.
    let of_many_writers = [
        r#"{"ts":1,"type":"x","user":"ann","other":2}"#,
        r#"{"ts": 1, "type": "x", "user": "ann", "other": 2}"#,
        r#"{"ts":  1,"type" :"x","user":  "ann", "other":{ }}"#,
        r#"{"ts":1,"type":"x","user":"a\nn","other":"\"","a":"b"}"#,
        r#"{"user":"ann","a_rather_long_name_of_a_field":7,"ts":1,"type":"x"}"#,
        r#"{"user":"ann","a_rather_long_name_of_a_friend":7,"type":"x","ts":1}"#,
    ];
    assert_eq!(unaided(&of_many_writers), 0);
    let unusual = [
        r#"{"ts":1,"a":1,"a":2}"#,
        r#"{"ts":1,"\u0061":2}"#,
        r#"{"ts":1,"a":[1]}"#,
        r#"{"a":1}"#,
        r#"{"ts":1,"x":1e400}"#,
        r#"{"ts":1}}"#,
    ];
    assert_eq!(unaided(&unusual), unusual.len());
}
