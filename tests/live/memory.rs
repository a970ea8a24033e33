//! A bound on memory: what is held the longest is given up, and said.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::reload::Random;
use super::state::{OUTPUTS, command, kill, pause, said, same, written};

/// Two rules that hold something of every key for months.
const RULES: &str = "rule pair { sequence by user within 90d { a: login  b: logout } emit user = a.user }
rule unpaid { sequence by user within 60d { a: login  not paid within 50d: paid } }
";

/// A stream of ever new keys, of which each thousandth comes again soon.
fn scene(folder: &Path, keys: u32) {
    fs::write(folder.join("r.trip"), RULES).unwrap();
    let mut text = String::new();
    for key in 0..keys {
        writeln!(text, "{{\"ts\":{},\"type\":\"login\",\"user\":\"u{key}\"}}", 1_000 + key).unwrap();
        if key % 1_000 == 999 {
            let user = key - 900;
            writeln!(text, "{{\"ts\":{},\"type\":\"logout\",\"user\":\"u{user}\"}}", 1_000 + key).unwrap();
        }
    }
    fs::write(folder.join("e.ndjson"), text).unwrap();
}

/// The most memory that a process has had, in bytes, until it ended.
#[cfg(target_os = "linux")]
pub fn most_of(mut command: Command) -> (u64, String) {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut most = 0;
    while child.try_wait().unwrap().is_none() {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        most = most.max(kilobytes.unwrap_or_default() << 10);
        pause(2);
    }
    (most, said(&child.wait_with_output().unwrap()))
}

#[cfg(target_os = "linux")]
#[test]
fn ever_new_keys_take_no_more_memory_than_there_may_be() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    scene(folder, 300_000);
    let run = |more: &[&str]| {
        let arguments = [&["r.trip", "e.ndjson", "--threads", "1"], more].concat();
        most_of(command(folder, &arguments))
    };
    let (without, _) = run(&[]);
    let expected = written(folder)[0].clone();
    assert!(without > 250_000_000, "nothing is shown by so little: {without}");
    let (with, said) = run(&["--max-memory", "160MB", "--stats=json"]);
    assert!(with < 180_000_000, "{with} bytes; {said}");
    assert!(said.contains("memory is short (") && said.contains("of 152.6 MiB)"), "{said}");
    // What was given up is counted, and each rule says it once; whoever came again soon is still known.
    let found = written(folder)[0].clone();
    let (limits, matches): (Vec<&str>, Vec<&str>) =
        found.lines().partition(|line| line.contains("\"kind\":\"limit\""));
    let mut rules: Vec<&str> = limits.iter().map(|line| line.split('"').nth(3).unwrap()).collect();
    rules.dedup();
    assert_eq!(rules[..2], ["pair", "unpaid"], "{limits:?}");
    let words = "\"fields\":{\"bound\":\"memory\",\"most\":160000000,\"policy\":\"drop oldest\"}";
    assert!(limits.iter().all(|line| line.contains(words)), "{limits:?}");
    assert_eq!(matches, expected.lines().collect::<Vec<_>>());
    let refused = said.split("\"refused\":").nth(1).and_then(|rest| rest.split([',', '}']).next());
    assert!(refused.is_some_and(|refused| refused.parse::<u64>().unwrap() > 100_000), "{said}");
}

/// What is given up is not told by the events, so it is journalled: a run that is not killed takes the same decisions.
#[test]
fn killed_while_memory_is_short_it_writes_what_its_journal_says() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    scene(folder, 200_000);
    let path = |name: &str| folder.join(name);
    let arguments = ["r.trip", "e.ndjson", "--state", "state", "--checkpoint-every", "20ms"];
    let arguments = [&arguments[..], &["--checkpoints", "65535"]].concat();
    let bounded = [&arguments[..], &["--max-memory", "160MB"]].concat();
    let (mut random, mut kills) = (Random(5), 0);
    loop {
        let mut child = command(folder, &bounded).spawn().unwrap();
        pause(60 + random.below(240));
        if child.try_wait().unwrap().is_some() {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", said(&output));
            break;
        }
        if kills == 20 {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", said(&output));
            break;
        }
        kill(child);
        kills += 1;
    }
    let expected = written(folder);
    let journal: String =
        (1..).map_while(|n| fs::read_to_string(path(&format!("state/journal-{n:012}.log"))).ok()).collect();
    let sheds = journal.matches("\"shed\":").count();
    assert!(sheds > 3 && kills > 0, "{sheds} {kills}");
    assert!(expected[0].contains("\"bound\":\"memory\""));
    for entry in fs::read_dir(path("state")).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.extension().is_some_and(|e| e == "trip") && !entry.ends_with("checkpoint-000000000001.trip")
        {
            fs::remove_file(&entry).unwrap();
        }
    }
    OUTPUTS.iter().for_each(|name| fs::remove_file(path(name)).unwrap());
    let output = command(folder, &arguments).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    same(&written(folder), &expected, &format!("after {kills} kills and {sheds} sheds"));
}

#[test]
fn what_cannot_be_kept_to_is_said_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    scene(folder, 10);
    for (more, expected) in [
        (&["--max-memory", "1MB"][..], "`--max-memory 976.6 KiB` is too little: with its rules alone"),
        (&["--max-memory", "much"], "invalid value 'much' for '--max-memory <BYTES>'"),
        (&["--max-memory", "1GB", "--engine", "reference"], "`--max-memory` needs the engine `fast`"),
    ] {
        let output = command(folder, &[&["r.trip", "e.ndjson"], more].concat()).output().unwrap();
        assert!(!output.status.success() && said(&output).contains(expected), "{}", said(&output));
    }
}

/// Rules of every form that look back a minute.
const MINUTE: &str = "rule queue { sequence by user within 1m { a: login  b: logout where ip == a.ip } }
rule runs { sequence by user within 1m { a{2,3}: login where ip > 3  not x: paid  b: logout } }
rule common { sequence by user within 1m { a: login  any b: login  c: logout } matches all limit 5 }
rule absence { sequence by user within 1m { a: login  not paid within 30s: paid } suppress 5m }
rule window { window by user over 1m { x: login } when sum(x.ip) > 1000000 }
rule each { window by user every 1m { x: login } when count(x) > 100000 }
rule lagging { event x: login where ip < lag(ip) - 100 }
";

/// So many minutes of a stream: a hundred events a second of ever new keys, or twenty of one.
#[cfg(target_os = "linux")]
fn most_of_minutes(minutes: u32, is_hot: bool) -> (u64, String) {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("r.trip"), MINUTE).unwrap();
    let mut text = String::new();
    let a_second = if is_hot { 20 } else { 100 };
    for number in 0..minutes * 60 * a_second {
        let seconds = f64::from(number) / f64::from(a_second);
        let user = if is_hot { 1 } else { number / 3 };
        let kind = ["login", "login", "logout"][number as usize % 3];
        let ip = number % 7;
        writeln!(text, "{{\"ts\":{seconds:.2},\"type\":\"{kind}\",\"user\":{user},\"ip\":{ip}}}").unwrap();
    }
    fs::write(folder.join("e.ndjson"), text).unwrap();
    most_of(command(folder, &["r.trip", "e.ndjson", "--threads", "1", "--at-end", "hold"]))
}

#[cfg(target_os = "linux")]
#[test]
fn an_hour_takes_no_more_memory_than_some_minutes() {
    for is_hot in [false, true] {
        let (some, _) = most_of_minutes(10, is_hot);
        let (hour, said) = most_of_minutes(60, is_hot);
        assert!(said.contains(if is_hot { "72000 events, " } else { "360000 events, " }), "{said}");
        assert!(hour < some / 100 * 115, "{some} bytes after ten minutes, {hour} after an hour; {said}");
    }
}
