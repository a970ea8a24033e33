//! Files of every format that are followed, rotated, and read on by a run that is killed again and again.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use super::reload::Random;
use super::state::{OUTPUTS, append, command, given, has_ended, kill, pause, said, same, written};

const RULES: &str = "rule more {
  sequence by user within 1h { a: login where amount > 3  b: login where amount > a.amount }
  emit from = a.amount, to = b.amount, note = b.note
}
rule much { event x: login where amount > 90 }
";

/// How events are written, and read.
struct Style {
    file: &'static str,
    arguments: &'static [&'static str],
    /// What a file begins with.
    header: &'static str,
    /// Several events as a part of the file, by their number; and how many of them are none.
    part: fn(&[u64]) -> (String, u64),
}

/// Fields of the event with a number: its user, amount and note.
fn fields(number: u64) -> (usize, usize, &'static str) {
    let mut random = Random(number + 1);
    (random.below(7), random.below(100), ["", "plain", "two\nlines", "a \"b\""][random.below(4)])
}

fn table(numbers: &[u64]) -> (String, u64) {
    let (mut text, mut none) = (String::new(), 0);
    for number in numbers {
        let (user, amount, note) = fields(*number);
        let note = note.replace('"', "\"\"");
        writeln!(text, "{},login,u{user},{amount},\"{note}\"", 1_000 + number).unwrap();
        if number % 23 == 5 {
            text += "7,ragged\r\n\n";
            none += 1;
        }
    }
    (text, none)
}

/// Days without a year, over several years.
fn log(numbers: &[u64]) -> (String, u64) {
    let (mut text, mut none) = (String::new(), 0);
    for number in numbers {
        let (user, amount, _) = fields(*number);
        let time = tripline::Timestamp::parse("2020-01-01T00:00:00Z").unwrap().nanos() / 1_000_000_000;
        let time = chrono::DateTime::from_timestamp(time + *number as i64 * 80_000, 0).unwrap();
        writeln!(text, "{} login u{user} {amount}", time.format("%b %e %H:%M:%S")).unwrap();
        if number % 23 == 5 {
            text += "no event\n\n";
            none += 1;
        }
    }
    (text, none)
}

/// A document for each part, over several lines.
fn documents(numbers: &[u64]) -> (String, u64) {
    let (mut records, mut none) = (Vec::new(), 0);
    for number in numbers {
        let (user, amount, note) = fields(*number);
        let ts = 1_000 + number;
        let record =
            serde_json::json!({"ts": ts, "type": "login", "user": user, "amount": amount, "note": note});
        records.push(record);
        if number % 23 == 5 {
            records.push(serde_json::json!({"login": []}));
            none += 1;
        }
    }
    let document = serde_json::json!({"of": {"list": []}, "in": {"list": records}, "end": [1]});
    (serde_json::to_string_pretty(&document).unwrap() + "\n", none)
}

/// Writes on a file in parts, now and then torn, and rotates it; what it wrote of all, and how many events and rejects that is.
fn write(folder: &Path, style: &Style, seed: u64) -> (String, u64) {
    let (mut random, mut rotated) = (Random(seed), 0);
    let path = folder.join(style.file);
    let (mut all, mut items, mut number) = (style.header.to_owned(), 0, 0);
    while number < 2_500 {
        let numbers: Vec<u64> = (number..number + 1 + random.below(30) as u64).collect();
        let (text, none) = (style.part)(&numbers);
        number += numbers.len() as u64;
        items += numbers.len() as u64 + none;
        let (first, second) = text.split_at(random.below(text.len() as u64));
        append(&path, first);
        pause(random.below(20));
        append(&path, second);
        pause(random.below(30));
        all += &text;
        if random.below(9) == 0 {
            rotated += 1;
            fs::rename(&path, folder.join(format!("{}.{rotated}", style.file))).unwrap();
            append(&path, style.header);
            all += style.header;
        }
    }
    (all, items)
}

fn signal(child: &std::process::Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

/// What a run writes that is killed while the file grows and rotates is what one writes that reads all of it at once.
fn killed_it_writes_the_same(style: &Style, seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("r.trip"), RULES).unwrap();
    let plain: Vec<&str> =
        ["r.trip", style.file].into_iter().chain(style.arguments.iter().copied()).collect();
    let more = ["--follow", "--state", "state", "--checkpoint-every", "20ms"];
    let arguments = [&plain[..], &more].concat();
    // What is rotated away before anybody has looked cannot be known of.
    append(&folder.join(style.file), style.header);
    let first = command(folder, &arguments).spawn().unwrap();
    while !folder.join("state/checkpoint-000000000001.trip").exists() {
        pause(5);
    }
    kill(first);
    let is_over = AtomicBool::new(false);
    let (all, kills) = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let (all, items) = write(folder, style, seed);
            is_over.store(true, Ordering::Relaxed);
            (all, items)
        });
        let (mut random, mut kills) = (Random(seed + 1), 0);
        while !is_over.load(Ordering::Relaxed) {
            let mut child = command(folder, &arguments).spawn().unwrap();
            pause(20 + random.below(150));
            assert!(!has_ended(&mut child), "{}", kill(child));
            let said = kill(child);
            assert!(!said.contains("error:"), "{said}");
            kills += 1;
        }
        let (all, items) = writer.join().unwrap();
        // The last one is asked to end, and writes down what it has come to.
        let mut child = command(folder, &arguments).spawn().unwrap();
        for _ in 0..600 {
            if given(folder) == items {
                break;
            }
            assert!(!has_ended(&mut child), "{}", kill(child));
            pause(50);
        }
        signal(&child, "-TERM");
        let said = said(&child.wait_with_output().unwrap());
        assert_eq!(given(folder), items, "{said}");
        (all, kills)
    });
    let found = written(folder);
    let whole = tempfile::tempdir().unwrap();
    fs::write(whole.path().join("r.trip"), RULES).unwrap();
    fs::write(whole.path().join(style.file), all).unwrap();
    let output = command(whole.path(), &plain).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let expected = written(whole.path());
    let lines = |of: usize| expected[of].lines().count();
    assert!(kills >= 10 && lines(0) > 200 && lines(3) > 50, "{kills} kills, {}", said(&output));
    assert_eq!(OUTPUTS[3], "rejects");
    same(&found, &expected, &format!("{}, after {kills} kills", style.file));
}

#[test]
fn a_table_is_read_on() {
    let header = "ts,type,user,amount,note\n";
    killed_it_writes_the_same(
        &Style { file: "in.csv", arguments: &["--sample", "10"], header, part: table },
        1,
    );
}

#[test]
fn lines_of_text_are_read_on() {
    const ARGUMENTS: [&str; 10] = [
        "--lines",
        r"^(?<ts>\w+ +\d+ [\d:]+) (?<type>\w+) (?<user>\S+) (?<amount>\d+)$",
        "--time-format",
        "%b %e %H:%M:%S",
        "--tz",
        "UTC",
        "--year",
        "2020",
        "--sample",
        "10",
    ];
    killed_it_writes_the_same(&Style { file: "in.log", arguments: &ARGUMENTS, header: "", part: log }, 2);
}

#[test]
fn records_are_read_on() {
    killed_it_writes_the_same(
        &Style { file: "in.json", arguments: &["--records", "in.list"], header: "", part: documents },
        3,
    );
}
