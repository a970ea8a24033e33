//! Input that wants to do harm changes nothing for the rest.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use super::memory::most_of;
use super::state::{command, said, written};

/// One of the rules has a pattern that is dear for engines that try one way after the other, and one has a fault with each event.
const RULES: &str = r#"rule pair { sequence by user within 1h { a: login  b: logout } emit user = a.user }
rule dear { event x: login where agent matches "^(([a-z])+.)+[A-Z]([a-z])+$" emit user = x.user }
rule faulty { event x: login where 10 div n > 0 or 9223372036854775807 + n + 1 > 0 emit user = x.user }
"#;

/// What is put between the events: lines that are no events, and such as are dear to judge.
fn harm() -> Vec<String> {
    let deep = |open: &str| format!("{{\"ts\":1,\"type\":\"login\",\"x\":{}", open.repeat(1_000_000));
    vec![
        deep("["),
        deep("{\"a\":"),
        format!("{}{}", deep("["), "]".repeat(1_000_000) + "}"),
        "[".repeat(1_000_000),
        "{\"ts\":\"9999-12-31T23:59:59Z\",\"type\":\"login\",\"user\":\"late\"}".to_owned(),
        "{\"ts\":1e308,\"type\":\"login\",\"user\":\"late\"}".to_owned(),
        "{\"ts\":-9223372036854775809,\"type\":\"login\",\"user\":\"early\"}".to_owned(),
        format!("{{\"ts\":10,\"type\":\"login\",\"user\":\"h1\",\"agent\":\"{}!\"}}", "a".repeat(1_000_000)),
        format!("{{\"ts\":10,\"type\":\"login\",\"user\":{}1}}", "9".repeat(1_000_000)),
        format!("{{\"ts\":10,\"type\":\"{}\",\"user\":\"h2\"}}", "t".repeat(1_000_000)),
        format!("{{\"{}\":1,\"ts\":10,\"type\":\"login\",\"user\":\"h3\"}}", "n".repeat(1_000_000)),
        "\u{0}\u{1}\u{feff}\u{202e}".to_owned(),
        "{\"ts\":10,\"type\":\"login\",\"user\":\"\\ud800\"}".to_owned(),
    ]
}

/// Events between which nothing stands, or some harm behind each.
fn stream(harm: &[String]) -> String {
    let mut text = String::new();
    for (number, user) in (0..60).zip(["ann", "bob", "eve"].into_iter().cycle()) {
        let kind = ["login", "logout"][number / 3 % 2];
        let ts = 20 + number;
        writeln!(
            text,
            "{{\"ts\":{ts},\"type\":\"{kind}\",\"user\":\"{user}\",\"agent\":\"ab.cd.Ef\",\"n\":0}}"
        )
        .unwrap();
        harm.get(number).iter().for_each(|line| writeln!(text, "{line}").unwrap());
    }
    text
}

/// What alerts say of the rules and users that mean no harm.
fn found(alerts: &str) -> Vec<(String, String)> {
    let alert = |line: &str| -> serde_json::Value { serde_json::from_str(line).unwrap() };
    let of = |alert: &serde_json::Value| {
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        (text(&alert["rule"]), text(&alert["fields"]["user"]))
    };
    let all = alerts.lines().map(|line| of(&alert(line)));
    all.filter(|(_, user)| ["ann", "bob", "eve"].contains(&user.as_str())).collect()
}

#[test]
fn lines_that_want_to_do_harm_change_nothing_for_others() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("r.trip"), RULES).unwrap();
    fs::write(folder.join("e.ndjson"), stream(&[])).unwrap();
    let run = |more: &[&str]| {
        let arguments = [&["r.trip", "e.ndjson", "--lateness", "1m", "--stats=json"], more].concat();
        let output = command(folder, &arguments).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        (found(&written(folder)[0]), said(&output))
    };
    let (expected, _) = run(&[]);
    assert!(expected.len() > 50, "{expected:?}");
    let harm = harm();
    fs::write(folder.join("e.ndjson"), stream(&harm)).unwrap();
    for more in [&["--threads", "1"][..], &["--threads", "2"], &["--engine", "reference"]] {
        let (found, said) = run(more);
        assert_eq!(found, expected, "{more:?}");
        let faults =
            said.split("\"alerts\":0,\"eval_errors\":").nth(1).and_then(|rest| rest.split(',').next());
        assert!(faults.is_some_and(|faults| faults.parse::<u32>().unwrap() >= 30), "{said}");
        // Nothing is lost without a word.
        let rejects = written(folder)[3].lines().count();
        assert!(rejects >= 8, "{said}");
        assert!(said.contains("too_deep") && said.contains("time"), "{said}");
    }
}

/// A line of a gigabyte is not held, and what comes behind it is read.
#[cfg(target_os = "linux")]
#[test]
fn a_line_without_end_takes_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("r.trip"), RULES).unwrap();
    let mut command = command(folder, &["r.trip", "-"]);
    let (read, mut write) = std::io::pipe().unwrap();
    command.stdin(Stdio::from(read));
    let writer = std::thread::spawn(move || {
        let part = [b'a'; 1 << 20];
        write.write_all(b"{\"ts\":1,\"type\":\"login\",\"x\":\"").unwrap();
        (0..1 << 10).for_each(|_| write.write_all(&part).unwrap());
        write.write_all(b"\"}\n").unwrap();
        write.write_all(stream(&[]).as_bytes()).unwrap();
    });
    let (most, said) = most_of(command);
    writer.join().unwrap();
    assert!(most < 200 << 20, "{most} bytes; {said}");
    assert!(said.contains("60 events") && said.contains("1 reject"), "{said}");
}

/// A pattern that cannot be is said when rules are read, and does not take long.
#[test]
fn a_pattern_that_would_be_too_large_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let patterns = ["((a{1000}){1000}){1000}", "(\\\\pL{1,1000}){1000}", "((((a*)*)*)*)*{99999}"];
    for pattern in patterns {
        fs::write(folder.join("r.trip"), format!("rule r {{ event x: a where b matches \"{pattern}\" }}"))
            .unwrap();
        let output = command(folder, &["r.trip", "-"]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{pattern}: {}", said(&output));
        assert!(said(&output).contains("error[E03"), "{}", said(&output));
    }
}
