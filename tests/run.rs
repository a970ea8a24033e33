//! `tripline run` from outside. Most cases are data in `tests/run/`.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

#[test]
fn the_cases() {
    trycmd::TestCases::new().env("COLUMNS", "100").case("tests/run/*.trycmd");
}

const PAIRS: &str = "rule pair { sequence by user within 1h { a: a  b: b } }\nrule any { event x: c }\n";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("r.trip"), PAIRS).unwrap();
    folder
}

fn start(folder: &Path, arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tripline"));
    command.current_dir(folder).arg("run").args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn event(kind: &str, ts: u32) -> String {
    format!("{{\"ts\":{ts},\"type\":\"{kind}\",\"user\":\"ann\"}}\n")
}

#[test]
fn a_live_pipe_has_its_alerts_while_it_is_open() {
    let folder = folder();
    let mut child = start(folder.path(), &["r.trip"]);
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    for round in 0..3 {
        input.write_all((event("a", round * 10) + &event("b", round * 10 + 1)).as_bytes()).unwrap();
        let mut line = String::new();
        // It would wait for ever if the alert came only with the next event.
        output.read_line(&mut line).unwrap();
        assert!(line.contains(&format!("\"offset\":{}", round * 2 + 1)), "{line}");
    }
    drop(input);
    let said = child.wait_with_output().unwrap();
    let error = String::from_utf8_lossy(&said.stderr);
    assert!(error.ends_with("\n6 events, 3 alerts\n"), "{error}");
}

#[test]
fn a_closed_pipe_ends_it_quietly() {
    let folder = folder();
    let many: String = (0..50_000).map(|n| event("c", n)).collect();
    fs::write(folder.path().join("many.ndjson"), many).unwrap();
    let mut child = start(folder.path(), &["r.trip", "many.ndjson"]);
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let said = child.wait_with_output().unwrap();
    assert_eq!((said.status.code(), said.stderr.len()), (Some(0), 0));
}

#[test]
fn an_input_that_breaks_off_is_named_and_the_others_are_read_to_their_end() {
    let folder = folder();
    let many: String = (0..30_000).map(|n| event("c", n * 2)).collect();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(many.as_bytes()).unwrap();
    let packed = encoder.finish().unwrap();
    fs::write(folder.path().join("cut.gz"), &packed[..packed.len() / 2]).unwrap();
    fs::write(folder.path().join("whole.ndjson"), event("a", 100_000) + &event("b", 100_001)).unwrap();
    let child = start(folder.path(), &["r.trip", "cut.gz", "whole.ndjson", "--out", "alerts"]);
    let said = child.wait_with_output().unwrap();
    let error = String::from_utf8_lossy(&said.stderr);
    assert_eq!(said.status.code(), Some(3));
    assert!(
        error.starts_with(
            "error: cannot read `cut.gz` to its end: it ends in the middle of its compressed data\n"
        ),
        "{error}"
    );
    let alerts = fs::read_to_string(folder.path().join("alerts")).unwrap();
    let rule =
        |name: &str| alerts.lines().filter(|line| line.contains(&format!("\"rule\":\"{name}\""))).count();
    assert!(rule("any") > 1_000, "what was read before is judged");
    assert_eq!(rule("pair"), 1);
}

#[test]
fn nothing_is_written_over_before_rules_and_inputs_are_good() {
    let folder = folder();
    fs::write(folder.path().join("alerts"), "precious").unwrap();
    fs::write(folder.path().join("wrong.trip"), "rule {").unwrap();
    for (arguments, code) in
        [(["wrong.trip", "-", "--out", "alerts"], 2), (["r.trip", "none", "--out", "alerts"], 3)]
    {
        let said = start(folder.path(), &arguments).wait_with_output().unwrap();
        assert_eq!(said.status.code(), Some(code));
        assert_eq!(fs::read_to_string(folder.path().join("alerts")).unwrap(), "precious");
    }
}

#[test]
fn late_events_and_rejects_have_files_of_their_own() {
    let folder = folder();
    let text = event("c", 10) + "oops \u{0}\n" + &event("c", 4) + &event("c", 10);
    fs::write(folder.path().join("c.ndjson"), text).unwrap();
    let files = ["r.trip", "c.ndjson", "--late", "late", "--rejects", "rejects"];
    let said = start(folder.path(), &files).wait_with_output().unwrap();
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let late = r#"{"source":"c.ndjson","offset":3,"time":"1970-01-01T00:00:04.000Z","event":{"ts":4,"type":"c","user":"ann"}}"#;
    assert_eq!(read("late").trim_end(), late);
    let reject = r#"{"source":"c.ndjson","offset":2,"reason":"broken_json","detail":"no JSON object; tables are read with --input-format csv, lines of text with --lines","raw":"oops \u0000"}"#;
    assert_eq!(read("rejects").trim_end(), reject);
    assert_eq!(
        String::from_utf8_lossy(&said.stdout).lines().count(),
        2,
        "an event of equal time is not late"
    );
}

#[cfg(unix)]
#[test]
fn output_files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    let mode = |name: &str| fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777;
    fs::write(folder.path().join("c.ndjson"), event("c", 1)).unwrap();
    fs::write(folder.path().join("shared"), "").unwrap();
    let before = mode("shared");
    let files =
        ["r.trip", "c.ndjson", "--out", "alerts", "--late", "late", "--rejects", "bad", "--shadow", "shared"];
    assert!(start(folder.path(), &files).wait().unwrap().success());
    assert_eq!([mode("alerts"), mode("late"), mode("bad"), mode("shared")], [0o600, 0o600, 0o600, before]);
}

#[test]
fn a_full_disk_is_an_error() {
    if !Path::new("/dev/full").exists() {
        return;
    }
    let folder = folder();
    fs::write(folder.path().join("c.ndjson"), event("c", 1)).unwrap();
    let said =
        start(folder.path(), &["r.trip", "c.ndjson", "--out", "/dev/full"]).wait_with_output().unwrap();
    assert_eq!(said.status.code(), Some(3));
    assert!(
        String::from_utf8_lossy(&said.stderr)
            .starts_with("error: cannot write to `/dev/full`: no space left")
    );
}

#[cfg(unix)]
fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

#[cfg(unix)]
#[test]
fn a_signal_ends_it_in_order() {
    let folder = folder();
    for (name, code) in [("-INT", 130), ("-TERM", 143)] {
        let mut child = start(folder.path(), &["r.trip"]);
        let mut input = child.stdin.take().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        // The last line is not complete: what it would say is not known.
        let text = event("c", 1) + &event("a", 2) + r#"{"ts":3,"#;
        input.write_all(text.as_bytes()).unwrap();
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        signal(&child, name);
        let said = child.wait_with_output().unwrap();
        assert_eq!(said.status.code(), Some(code));
        let error = String::from_utf8_lossy(&said.stderr);
        assert!(error.ends_with("\n2 events, 1 alert\n"), "{error}");
        drop(input);
    }
}

#[cfg(unix)]
#[test]
fn a_signal_brings_out_what_waits_for_the_sample() {
    let folder = folder();
    let mut child = start(folder.path(), &["r.trip", "--input-format", "csv", "--sample", "1000"]);
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"ts,type\n1,c\n2,c\n3,c").unwrap();
    // Nothing tells when it has read so far.
    std::thread::sleep(std::time::Duration::from_millis(1_500));
    signal(&child, "-INT");
    let said = child.wait_with_output().unwrap();
    assert_eq!(said.status.code(), Some(130));
    assert_eq!(String::from_utf8_lossy(&said.stdout).lines().count(), 2);
    drop(input);
}

#[test]
fn a_pipe_that_stays_open_waits_for_a_small_sample_only() {
    let folder = folder();
    let mut child = start(folder.path(), &["r.trip", "--input-format", "csv"]);
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let rows: String = (0..10).map(|n| format!("{n},c\n")).collect();
    input.write_all(format!("ts,type\n{rows}").as_bytes()).unwrap();
    let mut line = String::new();
    // It would wait for ever if a thousand records were wanted.
    output.read_line(&mut line).unwrap();
    assert!(line.contains("\"offset\":1"), "{line}");
    drop(input);
    child.wait().unwrap();
}

#[cfg(unix)]
#[test]
fn a_pipe_that_says_nothing_does_not_hold_the_others_for_ever() {
    let folder = folder();
    let quiet = folder.path().join("quiet");
    assert!(Command::new("mkfifo").arg(&quiet).status().unwrap().success());
    fs::write(folder.path().join("old.ndjson"), event("c", 1) + &event("c", 2)).unwrap();
    let mut child = start(folder.path(), &["r.trip", "-", "quiet", "old.ndjson", "--idle", "300ms"]);
    let mut quiet = fs::OpenOptions::new().write(true).open(&quiet).unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut next = || {
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let alert: serde_json::Value = serde_json::from_str(&line).unwrap();
        (alert["rule"].as_str().unwrap().to_owned(), alert["last"].as_str().unwrap()[17..19].to_owned())
    };
    let found = |rule: &str, second: &str| (rule.to_owned(), second.to_owned());
    input.write_all((event("a", 10) + &event("b", 11)).as_bytes()).unwrap();
    // It would wait for ever for the first line of the pipe.
    assert_eq!([next(), next(), next()], [found("any", "01"), found("any", "02"), found("pair", "11")]);
    // What comes then may be too late, or not.
    quiet.write_all((event("c", 10) + &event("c", 12)).as_bytes()).unwrap();
    assert_eq!(next(), found("any", "12"));
    // The other way round.
    quiet.write_all((event("a", 20) + &event("b", 21)).as_bytes()).unwrap();
    assert_eq!(next(), found("pair", "21"));
    drop((quiet, input));
    let said = child.wait_with_output().unwrap();
    let error = String::from_utf8_lossy(&said.stderr);
    assert_eq!(error.matches("`quiet` says nothing; the others go on").count(), 1, "{error}");
    assert!(error.contains("8 events, 5 alerts; 1 event too late"), "{error}");
}

#[test]
fn a_gate_holds_although_nobody_reads_to_the_end() {
    let folder = folder();
    let many: String = (0..50_000).map(|n| event("c", n)).collect();
    fs::write(folder.path().join("many.ndjson"), many).unwrap();
    let mut child = start(folder.path(), &["r.trip", "many.ndjson", "--fail-on-alert"]);
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut String::new()).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

#[test]
fn a_missing_input_is_named_and_the_others_are_read() {
    let folder = folder();
    fs::write(folder.path().join("c.ndjson"), event("c", 1)).unwrap();
    let said = start(folder.path(), &["r.trip", "none", "c.ndjson"]).wait_with_output().unwrap();
    assert_eq!(said.status.code(), Some(3));
    assert_eq!(String::from_utf8_lossy(&said.stdout).lines().count(), 1);
    let error = String::from_utf8_lossy(&said.stderr);
    assert!(error.starts_with("error: cannot open `none`: no such file or folder\n"), "{error}");
}
