//! What was read up to any place is read on from there, whatever its format.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use tripline::io::{
    FieldPath, Format, Inputs, Intake, LinePattern, Memo, Place, ReadOptions, Tap, TimeOptions,
};
use tripline::pipeline::{Flow, Portion, Workers};
use tripline::{Keep, Limits, Program, Settings, SourceFile};

/// A table with cells over several lines, records that are none, its header once more, numbers that end behind the sample.
const TABLE: &str = "\u{feff}ts;type;user;amount\r\n1;a;ann;5\n\n2;a;\"b;o\n\"\"b\"\"\";7\r\n3;a\n4;b;cid;\nts;type;user;amount\n\
                     5;b;\"d\n\nd\";8.5\n6;a;eve;none\n\"7\";a;ann;true\n8;a;x;y;z\n9;b;bob;\"10\"\n10;a;\"open\n11;a;fin\";3\n";

/// A log whose times have no year, over three of them.
const LOG: &str = "Dec 30 23:59:58 ann 1\nDec 31 23:59:59 bob 2\n\nJan  1 00:00:00 cid 3\nnothing\nJun 30 12:00:00 dan x\n\
                   Nov 30 12:00:00 eve 5\nFeb 27 01:00:00 fin 6\r\nJan 30 01:00:00 gil 7\nMay  1 01:00:00 hal 8\n";

/// Documents with records, some of which are none.
const DOCUMENTS: &str = r#"{"x":{"list":[9]},"in":{"list":[{"ts":1,"user":"]}"}, {"ts":2} ,3,{"user":"\\"},
    {"ts":4,"in":{"list":[]}}],"y":1},"z":[{}]}
{"in":{"list":[]}} {"in":{"list":[{"ts":5},{"ts":"6","type":[1]}]}}{"in":{}}
"#;

const LINES: &str = "\u{feff}{\"ts\":1,\"user\":\"ann\"}\n\n{\"ts\":2}x\r\n{\"ts\":3,\"amount\":7}\n[]\n  \n{\"ts\":4,\"type\":\"a\"}\r\n{\"ts\":5}\n";

/// What is read: a name, its bytes, and how.
fn scenes() -> Vec<(&'static str, Vec<u8>, ReadOptions)> {
    let short = || ReadOptions {
        sample: 4,
        pipe_sample: 4,
        limits: Limits { line_bytes: 60, ..Limits::default() },
        ..ReadOptions::default()
    };
    let yearless = || {
        let times = TimeOptions::default().zone("UTC").unwrap().year(2021);
        times.format("%b %e %H:%M:%S").unwrap()
    };
    let pattern = r"^(?<ts>\w+ +\d+ [\d:]+) (?<user>\S+) (?<amount>\S+)$";
    let pattern = Arc::new(LinePattern::new(pattern, &Limits::default()).unwrap());
    let path = "in.list".parse::<FieldPath>().unwrap();
    let as_json = |line: &str| match line.split_at_checked(15) {
        Some((ts, user)) => format!("{{\"ts\":\"{ts}\",\"user\":\"{user}\"}}\n"),
        None => format!("{line}\n"),
    };
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(TABLE.as_bytes()).unwrap();
    vec![
        ("a.csv", TABLE.into(), short()),
        ("b.csv", TABLE.into(), ReadOptions { sample: 0, ..short() }),
        ("c.csv", TABLE.into(), ReadOptions::default()),
        ("d.csv.gz", packed.finish().unwrap(), short()),
        ("e.tsv", TABLE.replace(';', "\t").into(), short()),
        ("f.log", LOG.into(), ReadOptions { format: Format::Lines(pattern), times: yearless(), ..short() }),
        (
            "g.ndjson",
            LOG.lines().map(as_json).collect::<String>().into(),
            ReadOptions { times: yearless(), ..short() },
        ),
        ("h.json", DOCUMENTS.into(), ReadOptions { format: Format::Records(Some(path)), ..short() }),
        ("i.ndjson", LINES.into(), short()),
    ]
}

/// The items of a file from a place on, up to so many since its beginning, and the place then. One that is followed gives
/// each of them by itself.
fn read(
    path: &Path,
    options: &Arc<ReadOptions>,
    program: &Arc<Program>,
    (chunk, follows): (usize, bool),
    (from, given): (Place, u64),
    until: Option<u64>,
) -> (Vec<String>, Place) {
    let tap: Tap = Arc::new(|_| Ok(()));
    let workers = Arc::new(Workers::new(1).unwrap());
    let find = if follows { Inputs::find_so_far } else { Inputs::find };
    let found = find(&[path.display().to_string()], options).unwrap();
    let input = found.iter().next().unwrap().resumed(0, from);
    let intake = Intake::open(&input, options, program.fields(), Keep::Events, chunk, &tap).unwrap();
    let mut flow = Flow::new(vec![intake], program, &workers).going_on(given);
    flow.give_until(until);
    let mut items = Vec::new();
    for portion in &mut flow {
        match portion {
            Portion::Rows(runs) => {
                let rows = runs.iter().flat_map(|run| run.rows.clone().map(move |row| (run, row)));
                items.extend(rows.map(|(run, row)| {
                    let event = run.batch.row(row).unwrap().event();
                    format!("{} {} {:?} {:?}", event.offset, event.time, event.kind, event.fields)
                }));
            }
            Portion::Reject(reject) => items.push(serde_json::to_string(&reject).unwrap()),
            Portion::Reached | Portion::Ended(_) => break,
            other => panic!("{other:?}"),
        }
    }
    (items, flow.places().next().unwrap())
}

#[test]
fn every_format_is_read_on_from_wherever_it_was_left() {
    let folder = tempfile::tempdir().unwrap();
    let rules = [SourceFile::new("r.trip", "rule r { event x: a where user == \"ann\" and amount > 1 }")];
    let (program, found) = Program::compile(&rules, &Settings::default(), Limits::default());
    let program = Arc::new(program.unwrap_or_else(|| panic!("{found:#?}")));
    for (name, bytes, options) in scenes() {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let options = Arc::new(options);
        for chunk in [0, 30, 1 << 16] {
            let read_as =
                |follows, from, until| read(&path, &options, &program, (chunk, follows), from, until);
            let (whole, end) = read_as(false, (Place::default(), 0), None);
            assert!(whole.len() >= 6, "{name}: {whole:#?}");
            let rest = read_as(false, (end, whole.len() as u64), None).0;
            assert_eq!(rest, Vec::<String>::new(), "{name}, from its end");
            let read = |from, until: Option<u64>| read_as(true, from, until.or(Some(whole.len() as u64)));
            for first in 0..whole.len() {
                let (before, place) = read((Place::default(), 0), Some(first as u64));
                assert_eq!(before, whole[..first], "{name}");
                // By way of a checkpoint.
                let text = serde_json::to_string(&place.memo).unwrap();
                assert_eq!(serde_json::from_str::<Memo>(&text).unwrap(), place.memo);
                let then = read((place.clone(), first as u64), None).0;
                assert_eq!(then, whole[first..], "{name}, from {place:?}");
                // Twice.
                let second = (first + 2).min(whole.len());
                let (between, place) = read((place, first as u64), Some(second as u64));
                assert_eq!(between, whole[first..second], "{name}");
                let then = read((place, second as u64), None).0;
                assert_eq!(then, whole[second..], "{name}, from {second}");
            }
        }
    }
}

/// Of a long table only what stands behind the place is read.
#[test]
fn what_stands_before_is_not_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.csv");
    // What the column is was told by cells that stand before.
    let rows = (0..2_000).map(|n| format!("{n},a,ann,{}\n", if n == 1_600 { "none" } else { "7" }));
    fs::write(&path, "ts,type,user,amount\n".to_owned() + &rows.collect::<String>()).unwrap();
    let (program, _) = Program::compile(
        &[SourceFile::new("r.trip", "rule r { event x: a }")],
        &Settings::default(),
        Limits::default(),
    );
    let (program, options) = (Arc::new(program.unwrap()), Arc::new(ReadOptions::default()));
    let read = |from, until| read(&path, &options, &program, (1 << 16, false), from, until);
    let (whole, _) = read((Place::default(), 0), None);
    let (_, place) = read((Place::default(), 0), Some(1_500));
    assert!(place.items < 256 && place.byte > 10_000 && place.line > 1_000, "{place:?}");
    assert_eq!(read((place, 1_500), None).0, whole[1_500..]);
}
