//! Rules that know of what was before they began.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tripline::demo::Stream;

use super::Live;
use super::state::{append, pause};

/// Of each form, and over the alerts of others.
const RULES: &str = r#"
rule failures { sequence by user within 2h { f{3,}: login where outcome == "failure"  ok: login where outcome == "success" } }
rule unanswered { sequence by user within 1h { a: login where outcome == "failure"  not z: login where outcome == "success" } }
rule busy { window by country over 6h { l: login } when count(l) >= 20  emit n = count(l) }
rule pairs { sequence by user within 1d { a: login  b: login where country != a.country }  matches all limit 100 }
rule again { sequence by user within 2d { a: failures | unanswered  b: failures | unanswered } }
"#;

fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tripline"));
    let command = command.current_dir(folder).args(["run", "r.trip", "--evidence", "none"]).args(arguments);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

fn lines(output: &Output) -> Vec<String> {
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

fn note(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let note = said.lines().find(|line| line.contains("history of")).map(str::to_owned);
    note.unwrap_or_else(|| panic!("{said}"))
}

/// Half of a stream is history: of the other half the same is said as of the whole.
#[test]
fn what_a_run_says_behind_its_history_is_what_it_says_of_all() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("r.trip"), RULES).unwrap();
    let stream = Stream::generate(8, 6_000);
    let all: Vec<&str> = stream.events.split_inclusive('\n').collect();
    fs::write(folder.join("all.ndjson"), &stream.events).unwrap();
    for at in [500, 3_000, 5_500] {
        fs::write(folder.join("history.ndjson"), all[..at].concat()).unwrap();
        fs::write(folder.join("rest.ndjson"), all[at..].concat()).unwrap();
        for more in [&["--threads", "1"][..], &["--threads", "2"], &["--threads", "3", "--lateness", "1m"]] {
            let history = run(folder, &[&["history.ndjson"], more].concat());
            let whole = run(folder, &[&["all.ndjson"], more].concat());
            let rest = run(folder, &[&["rest.ndjson", "--backfill", "history.ndjson"], more].concat());
            let (before, whole, found) = (lines(&history), lines(&whole), lines(&rest));
            let counts = (before.len(), whole.len());
            assert!(counts.0 > 0 && counts.1 > counts.0 + 10, "behind {at}: {counts:?}");
            assert_eq!(whole[..before.len()], before);
            assert_eq!(found, whole[before.len()..], "behind {at}, {more:?}");
            let note = note(&rest);
            assert!(note.contains(&format!("history of all rules: {at} events up to ")), "{note}");
            assert!(note.contains(&format!("alerts that are not raised: {}", before.len())), "{note}");
        }
        // What comes once more is late.
        let twice = run(folder, &["all.ndjson", "--backfill", "history.ndjson", "--threads", "1"]);
        let late = String::from_utf8_lossy(&twice.stderr).contains("too late (--late FILE keeps them)");
        assert!(late && lines(&twice).len() < lines(&run(folder, &["all.ndjson"])).len());
    }
}

const FIRST: &str = "rule pair { sequence by user within 1h { a: a  b: b } }\n";
const SECOND: &str = "rule pair { sequence by user within 1h { a: a  b: b  c: c } }
rule thrice { sequence by user within 1h { x{3}: a } }
rule silent { sequence by user within 1m { x: d  not z: e } }
";

fn event(kind: &str, ts: u32, user: &str) -> String {
    format!("{{\"ts\":{ts},\"type\":\"{kind}\",\"user\":\"{user}\"}}\n")
}

/// Rules that come while a run goes on know what the run has seen without them, those that go on know no more than they did;
/// a run that is killed then knows it too, wherever the history is by now.
#[test]
fn rules_that_come_later_know_what_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let said = |part: &str| fs::read_to_string(path("alerts")).unwrap_or_default().matches(part).count();
    fs::write(path("r.trip"), FIRST).unwrap();
    // One that is older than the run.
    fs::write(path("old.ndjson"), event("a", 900, "ann")).unwrap();
    let seen = [event("a", 1_000, "ann"), event("d", 1_000, "bob"), event("d", 1_090, "cid")].concat();
    fs::write(path("e.ndjson"), seen).unwrap();
    let arguments = [
        "r.trip",
        "e.ndjson",
        "--follow",
        "--watch",
        "--state",
        "state",
        "--clock",
        "none",
        "--out",
        "alerts",
        "--backfill",
        "old.ndjson",
        "--backfill",
        "e.ndjson*",
    ];
    let live = Live::start(folder.path(), &arguments);
    let heard = live.hear("history of");
    assert!(heard.last().unwrap().contains("history of all rules: 4 events"), "{heard:?}");
    // All of it was history.
    append(&path("e.ndjson"), &event("a", 1_095, "ann"));
    pause(300);
    fs::write(path("r.trip"), SECOND).unwrap();
    let heard = live.hear("history of");
    let note = heard.last().unwrap();
    assert!(
        note.contains("history of `silent`, `thrice`: 5 events up to 1970-01-01T00:18:15.000Z"),
        "{note}"
    );
    // The first two of `thrice` of ann are gone with its match, which is not raised; nor is that of bob, whose minute is over.
    assert!(note.contains("partial matches that go on: 1, alerts that are not raised: "), "{note}");
    // Until it is known for good.
    pause(500);
    drop(live);
    assert_eq!(said("rule"), 0);
    fs::remove_file(path("old.ndjson")).unwrap();
    let rest = [event("b", 1_100, "ann"), event("c", 1_101, "ann"), event("x", 1_200, "x")].concat();
    append(&path("e.ndjson"), &rest);
    fs::write(path("old.ndjson"), "").unwrap();
    let again = Live::start(folder.path(), &arguments);
    for _ in 0..200 {
        if said("\"rule\":\"silent\"") > 0 && said("\"rule\":\"pair\"") > 0 {
            break;
        }
        pause(50);
    }
    again.signal("-TERM");
    let (_, heard, _) = again.end();
    assert!(!heard.iter().any(|line| line.contains("history of")), "{heard:?}");
    assert_eq!((said("\"rule\":\"silent\""), said("\"user\":\"cid\"")), (1, 1), "{heard:?}");
    assert_eq!((said("\"rule\":\"pair\""), said("\"rule\":\"thrice\"")), (1, 0), "{heard:?}");
}

/// A history that cannot be read ends a run that begins; one that goes on says so and takes the rules.
#[test]
fn a_history_that_is_gone_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("r.trip"), FIRST).unwrap();
    fs::write(path("e.ndjson"), "").unwrap();
    let begin = |history: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tripline"));
        let command = command.current_dir(folder.path()).args(["run", "r.trip", "e.ndjson"]);
        let output = command.args(["--backfill", history]).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, said) = begin("none.ndjson");
    assert!(code == Some(3) && said.contains("there is no such file or folder"), "{said}");
    let (code, said) = begin("-");
    assert!(code == Some(3) && said.contains("it has to be a file"), "{said}");
    fs::write(path("torn.ndjson.gz"), [0x1F, 0x8B, 8, 0]).unwrap();
    let (code, said) = begin("torn.ndjson.gz");
    assert!(code == Some(3) && said.contains("the history is not complete"), "{said}");
    fs::write(path("old.ndjson"), event("a", 900, "ann")).unwrap();
    let live = Live::start(
        folder.path(),
        &["r.trip", "e.ndjson", "--follow", "--watch", "--backfill", "old.ndjson", "--clock", "none"],
    );
    live.hear("history of");
    append(&path("e.ndjson"), &event("x", 1_000, "ann"));
    pause(200);
    fs::remove_file(path("old.ndjson")).unwrap();
    fs::write(path("r.trip"), SECOND).unwrap();
    let heard = live.hear("history of");
    assert!(heard.iter().any(|line| line.contains("error: the history is not complete")), "{heard:?}");
    append(&path("e.ndjson"), &(event("b", 1_100, "ann") + &event("c", 1_101, "ann")));
    assert!(live.line().contains("\"rule\":\"pair\""));
    kill_live(live);
}

fn kill_live(live: Live) {
    live.signal("-TERM");
    live.end();
}
