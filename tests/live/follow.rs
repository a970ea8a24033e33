//! Files that grow, are rotated and cut while they are read, folders in which new ones come up, and time that goes on by the
//! clock.

use std::fs;
use std::io::Write;
use std::path::Path;

use super::Live;

const RULES: &str = "rule pair { sequence by user within 1h { a: a  b: b } }\nrule any { event x: c }\n";

fn event(kind: &str, ts: u32) -> String {
    format!("{{\"ts\":{ts},\"type\":\"{kind}\",\"user\":\"ann\"}}\n")
}

fn append(path: &Path, text: &str) {
    let mut file = fs::OpenOptions::new().append(true).create(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

/// The rule, and the places of the events, of the next alert.
fn next(live: &Live) -> (String, String) {
    let alert: serde_json::Value = serde_json::from_str(&live.line()).unwrap();
    (alert["rule"].as_str().unwrap().to_owned(), alert["match"].to_string())
}

fn found(rule: &str, bound: &str) -> (String, String) {
    (rule.to_owned(), bound.to_owned())
}

fn place(step: &str, source: &str, offset: u32) -> String {
    format!("\"{step}\":[{{\"offset\":{offset},\"source\":\"{source}\"}}]")
}

#[cfg(unix)]
#[test]
fn a_file_is_read_on_as_it_grows_is_rotated_and_cut() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("r.trip"), RULES).unwrap();
    let live = Live::start(folder.path(), &["r.trip", "a.ndjson", "--follow"]);
    live.hear("`a.ndjson` is not there yet, and waited for");
    let c = |offset: u32| found("any", &format!("{{{}}}", place("x", "a.ndjson", offset)));
    append(&path("a.ndjson"), &event("c", 1));
    assert_eq!(next(&live), c(1));
    // A line in two parts.
    let text = event("c", 2);
    append(&path("a.ndjson"), &text[..9]);
    std::thread::sleep(std::time::Duration::from_millis(120));
    append(&path("a.ndjson"), &text[9..]);
    assert_eq!(next(&live), c(2));
    // Who writes goes on with the file under its new name for a moment; the numbers of the lines go on.
    append(&path("a.ndjson"), &event("a", 3));
    fs::rename(path("a.ndjson"), path("a.ndjson.1")).unwrap();
    append(&path("a.ndjson"), &event("c", 5));
    append(&path("a.ndjson.1"), &event("c", 4));
    assert_eq!([next(&live), next(&live)], [c(4), c(5)]);
    // Cut, and begun anew.
    fs::write(path("a.ndjson"), event("b", 6)).unwrap();
    let pair = format!("{{{},{}}}", place("a", "a.ndjson", 3), place("b", "a.ndjson", 6));
    assert_eq!(next(&live), found("pair", &pair));
    live.signal("-TERM");
    let (out, said, status) = live.end();
    assert!(out.is_empty(), "{out:?}");
    assert_eq!((said, status.code()), (vec!["6 events, 5 alerts".to_owned()], Some(143)));
}

#[cfg(unix)]
#[test]
fn what_comes_up_in_a_folder_is_read_and_what_is_renamed_is_not_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("r.trip"), RULES).unwrap();
    fs::create_dir(path("logs")).unwrap();
    let live = Live::start(
        folder.path(),
        &["r.trip", "logs", "--follow", "--idle", "100ms", "--lateness", "5s", "--sample", "0"],
    );
    append(&path("logs/a.ndjson"), &event("c", 1));
    live.hear("`logs/a.ndjson` has come up and is read too");
    append(&path("logs/b.csv"), "ts,type,user\n3,a,ann\n4,c,ann\n30,c,ann\n");
    live.hear("`logs/b.csv` has come up and is read too");
    let c = |name: &str, offset: u32| found("any", &format!("{{{}}}", place("x", name, offset)));
    assert_eq!([next(&live), next(&live)], [c("logs/a.ndjson", 1), c("logs/b.csv", 2)]);
    fs::rename(path("logs/a.ndjson"), path("logs/a.1.ndjson")).unwrap();
    append(&path("logs/a.ndjson"), &event("c", 40));
    assert_eq!(next(&live), c("logs/b.csv", 3));
    // The next file has a header too, which is no row.
    fs::rename(path("logs/b.csv"), path("logs/b.old")).unwrap();
    append(&path("logs/b.csv"), "ts,type,user\n41,b,ann\n50,x,ann\n");
    assert_eq!(next(&live), c("logs/a.ndjson", 2));
    let pair = format!("{{{},{}}}", place("a", "logs/b.csv", 1), place("b", "logs/b.csv", 5));
    assert_eq!(next(&live), found("pair", &pair));
    live.signal("-INT");
    let (out, said, status) = live.end();
    assert!(out.is_empty() && status.code() == Some(130), "{out:?} {said:?}");
    assert!(said.last().unwrap().starts_with("7 events, 5 alerts"), "{said:?}");
}

#[cfg(unix)]
#[test]
fn time_goes_on_by_the_clock_when_nothing_comes() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let rules = "rule quiet { sequence by user { a: a  not b within 1s: b } }\n";
    fs::write(path("r.trip"), rules).unwrap();
    // Old events: the clock goes on from them.
    fs::write(path("a.ndjson"), event("a", 100)).unwrap();
    let live = Live::start(folder.path(), &["r.trip", "a.ndjson", "--follow", "--idle", "200ms"]);
    assert!(live.line().contains("\"deadline\":\"1970-01-01T00:01:41.000Z\""));
    append(&path("a.ndjson"), &event("a", 110));
    // What is earlier than the clock has come by then is late.
    assert!(live.line().contains("\"deadline\":\"1970-01-01T00:01:51.000Z\""));
    live.signal("-INT");
    live.end();
    // A pipe, by the clock itself: what was due long ago is so at once.
    let mut live = Live::start(folder.path(), &["r.trip", "--clock", "wall", "--idle", "100ms"]);
    live.write(&event("a", 100));
    assert!(live.line().contains("\"deadline\":\"1970-01-01T00:01:41.000Z\""));
    let (_, said, _) = live.end();
    assert_eq!(said, ["1 event, 1 alert"]);
}

#[test]
fn a_time_of_the_far_future_is_refused_and_makes_nothing_late() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("r.trip"), RULES).unwrap();
    let far = "{\"ts\":\"2262-01-01T00:00:00Z\",\"type\":\"c\"}\n";
    let text = event("c", 1) + far + &event("c", 2) + far + far + &event("c", 3);
    fs::write(path("a.ndjson"), &text).unwrap();
    let arguments = ["r.trip", "a.ndjson", "--follow", "--rejects", "rejects"];
    let live = Live::start(folder.path(), &arguments);
    for offset in [1, 3, 6] {
        assert_eq!(next(&live), found("any", &format!("{{{}}}", place("x", "a.ndjson", offset))));
    }
    append(&path("a.ndjson"), "no event\n");
    live.signal("-TERM");
    let (_, said, _) = live.end();
    let said = said.join("\n");
    assert!(said.contains("3 time_ahead"), "{said}");
    let rejects = fs::read_to_string(path("rejects")).unwrap();
    let first: serde_json::Value = serde_json::from_str(rejects.lines().next().unwrap()).unwrap();
    assert_eq!((&first["reason"], &first["offset"]), (&"time_ahead".into(), &2.into()));
    assert_eq!(first["raw"], far.trim_end());
    // Over a file, only if that is wanted; what is not far enough is taken.
    let run = |more: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_tripline"));
        let output = command
            .current_dir(folder.path())
            .args(["run", "r.trip", "a.ndjson"])
            .args(more)
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stderr).lines().last().unwrap().to_owned()
    };
    assert!(run(&["--max-ahead", "30d"]).starts_with("3 events, 3 alerts; "));
    assert!(run(&[]).starts_with("6 events, 4 alerts; "));
    assert!(run(&["--max-ahead", "100000d"]).starts_with("6 events, 4 alerts; "));
}
