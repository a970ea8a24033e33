//! Runs that are killed at any moment and go on: what they write is what a run writes that nobody has killed.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tripline::demo::{RULES, Stream};

use super::Live;
use super::reload::{Random, variant};

/// What is written besides alerts.
pub const OUTPUTS: [&str; 4] = ["alerts", "shadow", "late", "rejects"];

pub fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tripline"));
    command.current_dir(folder).arg("run").args(arguments);
    command.args(["--out", "alerts", "--shadow", "shadow", "--late", "late", "--rejects", "rejects"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What stands in the outputs now.
pub fn written(folder: &Path) -> Vec<String> {
    OUTPUTS.iter().map(|name| fs::read_to_string(folder.join(name)).unwrap_or_default()).collect()
}

/// Wants the same of two runs, and shows the first line that is not.
pub fn same(found: &[String], expected: &[String], what: &str) {
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
pub fn kill(mut child: Child) -> String {
    child.kill().unwrap();
    said(&child.wait_with_output().unwrap())
}

pub fn pause(milliseconds: usize) {
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
pub fn has_ended(child: &mut Child) -> bool {
    child.try_wait().unwrap().is_some()
}

pub fn append(path: &Path, text: &str) {
    let mut file = fs::OpenOptions::new().append(true).create(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

/// How many rows and rejects had been given at the last checkpoint.
pub fn given(folder: &Path) -> u64 {
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
    // What comes up and is rotated away before anybody looks cannot be known of.
    ["logs/a.ndjson", "logs/b.ndjson"].iter().for_each(|name| fs::write(path(name), "").unwrap());
    fs::write(path("r.trip"), variant(0)).unwrap();
    let stream = Stream::generate(3, 12_000);
    let lines: Vec<&str> = stream.events.lines().collect();
    let total = (lines.len() + (lines.len().div_ceil(60) + 4) / 9) as u64;
    let is_over = AtomicBool::new(false);
    let arguments = |clock| {
        [
            "r.trip",
            "logs",
            "--follow",
            "--watch",
            "--state",
            "state",
            "--checkpoint-every",
            "30ms",
            "--checkpoints",
            "65535",
            "--lateness",
            "5s",
            "--idle",
            "40ms",
            "--clock",
            clock,
        ]
    };
    // From then on there are rules that are in force, whatever stands in the file.
    let first = command(folder, &arguments("stream")).spawn().unwrap();
    while !path("state/checkpoint-000000000001.trip").exists() {
        pause(5);
    }
    kill(first);
    let mut kills = 0;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (mut random, mut rotated) = (Random(4), 0);
            for (number, part) in lines.chunks(60).enumerate() {
                let name = ["logs/a.ndjson", "logs/b.ndjson", "logs/c.ndjson"]
                    [random.below(if number < 50 { 2 } else { 3 })];
                let text = part.join("\n") + "\n";
                let (first, second) = text.split_at(random.below(text.len() as u64));
                append(&path(name), first);
                pause(random.below(40));
                append(&path(name), second);
                // What would make all that comes later late.
                if number % 9 == 4 {
                    append(&path(name), "{\"ts\":\"2262-01-01T00:00:00Z\",\"type\":\"login\"}\n");
                }
                pause(random.below(60));
                if random.below(12) == 0 && !name.contains('c') {
                    rotated += 1;
                    let _ = fs::rename(path(name), path(&format!("{name}.{rotated}")));
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
                assert!(!said.contains("error:") || said.contains("the rules that run stay"), "{said}");
                kills += 1;
                continue;
            }
            for _ in 0..600 {
                if given(folder) == total {
                    break;
                }
                pause(100);
            }
            let said = kill(child);
            assert_eq!(given(folder), total, "{said}");
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
    for decision in ["aside", "back", "new", "time", "ahead", "rules"] {
        let count = journal.matches(&format!("\"{decision}\":")).count();
        assert!(count > 0, "{decision} was never decided");
    }
    OUTPUTS.iter().for_each(|name| fs::remove_file(path(name)).unwrap());
    let child = command(folder, &arguments("none")).spawn().unwrap();
    for _ in 0..600 {
        if given(folder) == total {
            break;
        }
        pause(100);
    }
    let said = kill(child);
    assert_eq!(given(folder), total, "{said}");
    same(&written(folder), &expected, &format!("after {kills} kills"));
}

/// Two rules of which one binds over the whole stream.
const PAIRS: &str = "rule pair { sequence by user within 1000d { a: a  b: b } }\nrule any { event x: c }\n";

fn event(kind: &str, ts: u32) -> String {
    format!("{{\"ts\":{ts},\"type\":\"{kind}\",\"user\":\"ann\"}}\n")
}

/// A folder with rules, a file of events, and the state of a run over them.
fn begun() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("r.trip"), PAIRS).unwrap();
    fs::write(folder.path().join("e.ndjson"), event("a", 1) + &event("c", 2) + "no event\n").unwrap();
    let output = run(folder.path(), &["r.trip", "e.ndjson", "--state", "state"]);
    assert!(output.status.success(), "{}", said(&output));
    folder
}

fn go_on(folder: &Path) -> String {
    said(&run(folder, &["r.trip", "e.ndjson", "--state", "state", "--checkpoints", "20"]))
}

fn alerts(folder: &Path) -> usize {
    written(folder)[0].lines().count()
}

#[test]
fn a_file_that_has_grown_is_read_on_and_one_written_anew_is_read_anew() {
    let folder = begun();
    let folder = folder.path();
    assert_eq!(alerts(folder), 1);
    append(&folder.join("e.ndjson"), &event("b", 3));
    assert!(go_on(folder).ends_with("3 events, 2 alerts; 1 reject (1 broken_json)\n"));
    assert!(written(folder)[0].contains(
        "\"a\":[{\"source\":\"e.ndjson\",\"offset\":1}],\"b\":[{\"source\":\"e.ndjson\",\"offset\":4}]"
    ));
    fs::write(folder.join("e.ndjson"), event("c", 5)).unwrap();
    let said = go_on(folder);
    assert!(said.contains("`e.ndjson` is not the file that was read up to line 4"), "{said}");
    assert_eq!(alerts(folder), 3);
    // What is no input any more, and comes again.
    append(&folder.join("e.ndjson"), &event("c", 6));
    fs::write(folder.join("f.ndjson"), event("c", 6)).unwrap();
    let said = self::said(&run(folder, &["r.trip", "f.ndjson", "--state", "state"]));
    assert!(said.contains("`e.ndjson` was an input before and is none now"), "{said}");
    assert_eq!(alerts(folder), 4);
    go_on(folder);
    assert_eq!(alerts(folder), 5);
}

#[test]
fn a_damaged_checkpoint_is_said_and_the_one_before_is_used() {
    let folder = begun();
    let folder = folder.path();
    append(&folder.join("e.ndjson"), &event("b", 3));
    go_on(folder);
    let expected = written(folder);
    let last = folder.join("state/checkpoint-000000000004.trip");
    let whole = fs::read(&last).unwrap();
    assert!(!folder.join("state/checkpoint-000000000005.trip").exists());
    for cut in (0..whole.len()).step_by(whole.len() / 12) {
        let copy = tempfile::tempdir().unwrap();
        let done = Command::new("cp").arg("-r").arg(folder.join(".")).arg(copy.path()).status().unwrap();
        assert!(done.success());
        fs::write(copy.path().join("state/checkpoint-000000000004.trip"), &whole[..cut]).unwrap();
        let said = go_on(copy.path());
        let expected_words = "cannot be used: it is damaged or incomplete; the one before it is";
        assert!(said.contains("checkpoint-000000000004.trip` ") && said.contains(expected_words), "{said}");
        assert!(said.ends_with("3 events, 2 alerts; 1 reject (1 broken_json)\n"), "{said}");
        same(&written(copy.path()), &expected, &format!("cut at {cut}"));
    }
    for entry in fs::read_dir(folder.join("state")).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.extension().is_some_and(|e| e == "trip") {
            fs::write(entry, "").unwrap();
        }
    }
    let said = go_on(folder);
    assert!(said.contains("has no checkpoint that can be read") && said.contains("to begin anew"), "{said}");
    same(&written(folder), &expected, "without a checkpoint");
}

#[test]
fn a_torn_record_is_written_again_and_what_was_changed_is_said() {
    let folder = begun();
    let folder = folder.path();
    // As if it had been killed behind its first checkpoint.
    let killed = |alerts: &str| {
        for number in 2..30 {
            let _ = fs::remove_file(folder.join(format!("state/checkpoint-{number:012}.trip")));
        }
        fs::write(folder.join("alerts"), alerts).unwrap();
    };
    let expected = written(folder);
    for cut in [0, 1, expected[0].len() - 1, expected[0].len()] {
        killed(&expected[0][..cut]);
        go_on(folder);
        same(&written(folder), &expected, &format!("cut at {cut}"));
    }
    killed("{\"rule\":\"another\"}\n");
    let said = go_on(folder);
    assert!(said.contains("1 line of `alerts` did not come about again, and 1 others did"), "{said}");
    assert_eq!(written(folder)[0], format!("{{\"rule\":\"another\"}}\n{}", expected[0]));
}

#[test]
fn rules_that_change_meanwhile_take_over_as_if_they_were_reloaded() {
    let folder = begun();
    let folder = folder.path();
    append(&folder.join("e.ndjson"), &event("b", 3));
    fs::write(folder.join("r.trip"), PAIRS.replace("b: b", "b: b where ts > 2")).unwrap();
    fs::write(
        folder.join("r.trip"),
        PAIRS.replace("c }", "c } rule more { event x: b }").replace("b: b", "b: b and"),
    )
    .unwrap();
    let said = go_on(folder);
    assert!(
        said.contains("error[E0001]") && said.contains("1 error in the rules; the rules that run stay"),
        "{said}"
    );
    assert_eq!(alerts(folder), 2);
    append(&folder.join("e.ndjson"), &(event("a", 4) + &event("b", 5)));
    fs::write(folder.join("r.trip"), PAIRS.to_owned() + "rule more { event x: b }").unwrap();
    let said = go_on(folder);
    assert!(said.contains("rules reloaded: 1 rule changed, 2 as they were"), "{said}");
    assert_eq!(alerts(folder), 4, "{}", written(folder)[0]);
}

#[test]
fn a_state_is_of_one_run_and_has_to_be_writable() {
    let folder = begun();
    let folder = folder.path();
    let arguments = ["r.trip", "e.ndjson", "--state", "state", "--follow"];
    let child = command(folder, &arguments).spawn().unwrap();
    pause(500);
    let output = run(folder, &arguments);
    kill(child);
    assert_eq!(output.status.code(), Some(3));
    assert!(said(&output).contains("`state` is in use by another run"), "{}", said(&output));
    fs::write(folder.join("file"), "").unwrap();
    let output = run(folder, &["r.trip", "e.ndjson", "--state", "file/state"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(said(&output).contains("cannot keep state in `file/state`: "), "{}", said(&output));
    for more in [&["--at-end", "flush"][..], &["--engine", "reference"], &["--format", "table"]] {
        let output = run(folder, &[&["r.trip", "e.ndjson", "--state", "state"], more].concat());
        assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    }
}

/// A limit on how long files may become stands for a disk that is full.
#[cfg(unix)]
#[test]
fn a_full_disk_ends_the_run_and_what_is_missing_comes_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    scene(folder, 6_000);
    assert!(run(folder, &INPUTS).status.success());
    let expected = written(folder);
    let longest = expected.iter().map(String::len).max().unwrap();
    for part in 1..8 {
        OUTPUTS.iter().for_each(|name| fs::remove_file(folder.join(name)).unwrap());
        let _ = fs::remove_dir_all(folder.join("state"));
        let arguments = with(&["--state", "state", "--checkpoint-every", "10ms"]);
        let limited = |blocks: usize| {
            let mut shell = Command::new("sh");
            // So that a write fails, instead of ending the process.
            shell.args(["-c", "trap '' XFSZ; ulimit -f $1; shift; exec \"$@\"", "sh"]);
            shell.arg(blocks.to_string()).arg(env!("CARGO_BIN_EXE_tripline")).arg("run").args(&arguments);
            shell.args(["--out", "alerts", "--shadow", "shadow", "--late", "late", "--rejects", "rejects"]);
            shell.current_dir(folder).output().unwrap()
        };
        // In blocks of 512 bytes.
        let output = limited((longest * part / 8).div_ceil(512));
        assert_eq!(output.status.code(), Some(3), "{}", said(&output));
        assert!(
            said(&output).contains("cannot write to `")
                || said(&output).contains("cannot write a checkpoint"),
            "{}",
            said(&output)
        );
        let output = run(folder, &arguments);
        assert!(output.status.success(), "{}", said(&output));
        same(&written(folder), &expected, &format!("{part} eighths"));
    }
}

/// Where no checkpoint can be begun any more, a run goes on, says it once, and says when it is possible again.
#[cfg(unix)]
#[test]
fn a_checkpoint_that_cannot_be_begun_is_said_once() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("r.trip"), "rule r { event x: c emit n = x.n }\n").unwrap();
    fs::write(folder.join("e.ndjson"), "").unwrap();
    let mut written = 0;
    let mut append = |events: usize| {
        let mut file = fs::OpenOptions::new().append(true).open(folder.join("e.ndjson")).unwrap();
        for _ in 0..events {
            written += 1;
            writeln!(file, "{{\"ts\":{written},\"type\":\"c\",\"n\":{written}}}").unwrap();
            pause(20);
        }
        written
    };
    let arguments =
        ["r.trip", "e.ndjson", "--follow", "--state", "state", "--out", "alerts", "--clock", "none"];
    let live = Live::start(folder, &[&arguments[..], &["--checkpoint-every", "10ms"]].concat());
    append(5);
    pause(300);
    let numbers = fs::read_dir(folder.join("state")).unwrap().filter_map(|entry| {
        let name = entry.unwrap().file_name().into_string().unwrap();
        name.strip_prefix("journal-")?.strip_suffix(".log")?.parse::<u64>().ok()
    });
    let next = folder.join(format!("state/journal-{:012}.log", numbers.max().unwrap() + 1));
    fs::create_dir(&next).unwrap();
    append(20);
    let heard = live.hear("cannot write a checkpoint to `state`: ");
    assert_eq!(heard.len(), 1, "{heard:?}");
    fs::remove_dir(&next).unwrap();
    append(1);
    let heard = live.hear("checkpoints are written again");
    assert_eq!(heard.len(), 1, "{heard:?}");
    let written = append(3);
    drop(live);
    let live = Live::start(folder, &arguments);
    pause(500);
    live.signal("-TERM");
    live.end();
    let alerts = fs::read_to_string(folder.join("alerts")).unwrap();
    let numbers: Vec<String> = (1..=written).map(|n| format!("\"n\":{n}}}")).collect();
    assert_eq!(alerts.lines().count(), numbers.len(), "{alerts}");
    for (alert, number) in alerts.lines().zip(numbers) {
        assert!(alert.contains(&number), "{alert} {number}");
    }
}

/// What comes through a pipe is not lost if it is written down first.
#[test]
fn a_pipe_goes_on_where_it_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("r.trip"), variant(0)).unwrap();
    let stream = Stream::generate(8, 5_000);
    fs::write(folder.join("all.ndjson"), &stream.events).unwrap();
    assert!(run(folder, &["r.trip", "all.ndjson"]).status.success());
    let expected: Vec<String> = written(folder)
        .iter()
        .map(|text| text.replace("\"source\":\"all.ndjson\"", "\"source\":\"-\""))
        .collect();
    OUTPUTS.iter().for_each(|name| fs::remove_file(folder.join(name)).unwrap());
    let arguments = ["r.trip", "-", "--state", "state", "--checkpoint-every", "20ms", "--journal"];
    let mut lines = stream.events.split_inclusive('\n').peekable();
    let (mut random, mut kills, mut sent) = (Random(2), 0, 0);
    let spooled = || {
        let files = fs::read_dir(folder.join("state"))
            .map_or_else(|_| Vec::new(), |entries| entries.map(|entry| entry.unwrap().path()).collect());
        let pipes = files.into_iter().filter(|path| path.extension().is_some_and(|e| e == "pipe"));
        pipes.map(|path| fs::metadata(path).unwrap().len() as usize).sum::<usize>()
    };
    while lines.peek().is_some() {
        let mut child = command(folder, &arguments).stdin(Stdio::piped()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        for _ in 0..random.below(8) {
            let part: String = lines.by_ref().take(1 + random.below(60)).collect();
            input.write_all(part.as_bytes()).unwrap();
            sent += part.len();
            pause(random.below(12));
        }
        // What it has not taken is nobody's.
        while spooled() < sent {
            assert!(!has_ended(&mut child), "{}", kill(child));
            pause(1);
        }
        kill(child);
        kills += 1;
    }
    let output = run(folder, &arguments);
    assert!(output.status.success() && kills > 20, "{kills} {}", said(&output));
    same(&written(folder), &expected, &format!("after {kills} kills"));
    // Without that there is a gap, which is said.
    let output = run(folder, &["r.trip", "-", "--state", "state"]);
    assert!(said(&output).contains("`-` is a pipe and cannot be read again"), "{}", said(&output));
}
