//! Runs that are killed at any moment and go on: what they write is what a run writes that nobody has killed.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tripline::demo::{RULES, Stream};

use super::reload::{Random, variant};

/// What is written besides alerts.
const OUTPUTS: [&str; 4] = ["alerts", "shadow", "late", "rejects"];

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tripline"));
    command.current_dir(folder).arg("run").args(arguments);
    command.args(["--out", "alerts", "--shadow", "shadow", "--late", "late", "--rejects", "rejects"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What stands in the outputs now.
fn written(folder: &Path) -> Vec<String> {
    OUTPUTS.iter().map(|name| fs::read_to_string(folder.join(name)).unwrap_or_default()).collect()
}

/// Wants the same of two runs, and shows the first line that is not.
fn same(found: &[String], expected: &[String], what: &str) {
    for ((found, expected), name) in found.iter().zip(expected).zip(OUTPUTS) {
        let (mut lines, mut wanted) = (found.lines(), expected.lines());
        let mut number = 0;
        loop {
            number += 1;
            let (line, wanted) = (lines.next(), wanted.next());
            assert_eq!(line, wanted, "{what}: `{name}`, line {number}");
            if line.is_none() {
                break;
            }
        }
        assert_eq!(found, expected, "{what}: `{name}`");
    }
}

/// Ends a process as nothing can be prepared for.
fn kill(mut child: Child) -> String {
    child.kill().unwrap();
    said(&child.wait_with_output().unwrap())
}

fn pause(milliseconds: usize) {
    std::thread::sleep(Duration::from_millis(milliseconds as u64));
}

/// A stream with lines that are no events and such as come too late, in three files, of which two are packed; the shipped rules,
/// one of them on trial. Something comes long after, so that nothing waits in the end.
fn scene(folder: &Path, events: usize) {
    fs::create_dir(folder.join("rules")).unwrap();
    for rule in RULES {
        let text = match rule.name {
            "fraud/card_testing" => rule.rule.replacen("severity", "status shadow\n  severity", 1),
            _ => rule.rule.to_owned(),
        };
        let name = rule.name.replace('/', "_");
        fs::write(folder.join("rules").join(name).with_extension("trip"), text).unwrap();
    }
    let stream = Stream::generate(5, events);
    let lines: Vec<&str> = stream.events.lines().collect();
    let mut files = [const { String::new() }; 3];
    for (number, line) in lines.iter().enumerate() {
        let to = &mut files[number * 7 % 11 % 3];
        *to += line;
        to.push('\n');
        match number % 97 {
            13 => *to += "{\"ts\": 5, \"type\": \n",
            // As old as the stream is young.
            40 if number > 97 => {
                *to += lines[number - 90];
                to.push('\n');
            }
            _ => {}
        }
    }
    files[0] += "{\"ts\":\"2200-01-01T00:00:00Z\",\"type\":\"last\"}\n{\"ts\":\"2200-01-02T00:00:00Z\",\"type\":\"last\"}\n";
    let [first, second, third] = files;
    fs::write(folder.join("first.ndjson"), first).unwrap();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(second.as_bytes()).unwrap();
    fs::write(folder.join("second.ndjson.gz"), packed.finish().unwrap()).unwrap();
    fs::write(folder.join("third.ndjson"), third).unwrap();
}

const INPUTS: [&str; 6] = ["rules", "first.ndjson", "second.ndjson.gz", "third.ndjson", "--lateness", "1m"];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    INPUTS.into_iter().chain(more.iter().copied()).collect()
}

#[test]
fn killed_at_random_it_writes_what_it_writes_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    scene(folder, 20_000);
    let plain = run(folder, &INPUTS);
    assert!(plain.status.success(), "{}", said(&plain));
    let expected = written(folder);
    let lines = |of: usize| expected[of].lines().count();
    assert!(lines(0) > 30 && lines(1) > 0 && lines(2) > 100 && lines(3) > 100, "{}", said(&plain));
    OUTPUTS.iter().for_each(|name| fs::remove_file(folder.join(name)).unwrap());
    let (mut random, mut rounds) = (Random(11), 0);
    for kills in 1.. {
        let threads = ["1", "2", "3"][random.below(3)];
        let arguments = with(&["--state", "state", "--checkpoint-every", "20ms", "--threads", threads]);
        let mut child = command(folder, &arguments).spawn().unwrap();
        pause(random.below(150));
        if child.try_wait().unwrap().is_none() {
            kill(child);
        } else {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", said(&output));
            let summary = said(&output).lines().last().map(str::to_owned);
            same(&written(folder), &expected, &format!("after {kills} kills"));
            // Alerts, rejects and late events are counted over all runs.
            assert_eq!(summary, said(&plain).lines().last().map(str::to_owned));
            rounds += 1;
            if kills >= 120 {
                break;
            }
            fs::remove_dir_all(folder.join("state")).unwrap();
            OUTPUTS.iter().for_each(|name| fs::remove_file(folder.join(name)).unwrap());
        }
    }
    assert!(rounds > 0);
}

/// Whether a process has ended by itself.
fn has_ended(child: &mut Child) -> bool {
    child.try_wait().unwrap().is_some()
}

fn append(path: &Path, text: &str) {
    let mut file = fs::OpenOptions::new().append(true).create(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

/// How many rows and rejects had been given at the last checkpoint.
fn given(folder: &Path) -> u64 {
    let mut checkpoints: Vec<_> = fs::read_dir(folder.join("state"))
        .map_or_else(|_| Vec::new(), |entries| entries.map(|entry| entry.unwrap().path()).collect());
    checkpoints.retain(|path| path.extension().is_some_and(|e| e == "trip"));
    let Some(last) = checkpoints.into_iter().max() else { return 0 };
    let text = String::from_utf8_lossy(&fs::read(last).unwrap_or_default()).into_owned();
    let number = text.split_once("\"given\":").map_or("0", |(_, rest)| rest.split_once(',').unwrap().0);
    number.parse().unwrap()
}

/// Two files that grow, one of which is rotated now and then, a third that comes up, rules that are edited, a clock, and a run
/// that is killed again and again; in the end a run that nobody kills takes the same decisions from the journal.
#[test]
fn killed_while_files_grow_and_rules_change_it_writes_what_its_journal_says() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let path = |name: &str| folder.join(name);
    fs::create_dir(path("logs")).unwrap();
    fs::write(path("r.trip"), variant(0)).unwrap();
    let stream = Stream::generate(3, 12_000);
    let lines: Vec<&str> = stream.events.lines().collect();
    let is_over = AtomicBool::new(false);
    let arguments = |clock| {
        [
            "r.trip", "logs", "--follow", "--watch", "--state", "state", "--checkpoint-every", "30ms", "--checkpoints",
            "65535", "--lateness", "5s", "--idle", "40ms", "--clock", clock,
        ]
    };
    let mut kills = 0;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (mut random, mut rotated) = (Random(4), 0);
            for (number, part) in lines.chunks(60).enumerate() {
                let name = ["logs/a.ndjson", "logs/b.ndjson", "logs/c.ndjson"][random.below(if number < 50 { 2 } else { 3 })];
                let text = part.join("\n") + "\n";
                let (first, second) = text.split_at(random.below(text.len() as u64));
                append(&path(name), first);
                pause(random.below(40));
                append(&path(name), second);
                pause(random.below(60));
                if random.below(12) == 0 {
                    rotated += 1;
                    let _ = fs::rename(path(name), path(&format!("{name}.{rotated}")));
                    // Nobody can follow what is rotated away before it is looked at.
                    pause(700);
                }
                if random.below(8) == 0 {
                    fs::write(path("r.trip"), variant(random.below(60))).unwrap();
                }
            }
            is_over.store(true, Ordering::Relaxed);
        });
        let mut random = Random(9);
        loop {
            let mut child = command(folder, &arguments("stream")).spawn().unwrap();
            let is_last = is_over.load(Ordering::Relaxed) && kills >= 100;
            pause(if is_last { 100 } else { 20 + random.below(250) });
            assert!(!has_ended(&mut child), "{}", kill(child));
            if !is_last {
                let said = kill(child);
                assert!(!said.contains("error:") || said.contains("in the rules"), "{said}");
                kills += 1;
                continue;
            }
            for _ in 0..600 {
                if given(folder) == lines.len() as u64 {
                    break;
                }
                pause(100);
            }
            let said = kill(child);
            assert_eq!(given(folder), lines.len() as u64, "{said}");
            break;
        }
    });
    let expected = written(folder);
    assert!(expected[0].lines().count() > 50);
    // From the first checkpoint on, with all that was decided behind it.
    for entry in fs::read_dir(path("state")).unwrap() {
        let entry = entry.unwrap().path();
        let name = entry.file_name().unwrap().to_str().unwrap();
        if name.ends_with(".trip") && name != "checkpoint-000000000001.trip" {
            fs::remove_file(&entry).unwrap();
        }
    }
    let journal: String = (1..)
        .map_while(|number| fs::read_to_string(path(&format!("state/journal-{number:012}.log"))).ok())
        .collect();
    for decision in ["aside", "back", "new", "time", "rules"] {
        let count = journal.matches(&format!("\"{decision}\":")).count();
        assert!(count > 0, "{decision} was never decided");
    }
    OUTPUTS.iter().for_each(|name| fs::remove_file(path(name)).unwrap());
    let child = command(folder, &arguments("none")).spawn().unwrap();
    for _ in 0..600 {
        if given(folder) == lines.len() as u64 {
            break;
        }
        pause(100);
    }
    let said = kill(child);
    assert_eq!(given(folder), lines.len() as u64, "{said}");
    same(&written(folder), &expected, &format!("after {kills} kills"));
}
