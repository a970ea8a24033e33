//! What a run says, for programs.

use std::fs;

use serde_json::Value;

use super::Live;
use super::seeing::{EVENTS, Page, RULES, folder, until};

/// The lines that are said, read.
fn read(said: &[String]) -> Vec<Value> {
    let lines = said.iter().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")));
    lines.collect()
}

#[test]
fn logs_for_programs_say_what_those_for_people_say() {
    let folder = folder();
    fs::write(folder.path().join("e.ndjson"), EVENTS).unwrap();
    let said = |more: &[&str]| {
        let arguments = [&["r.trip", "e.ndjson", "none", "--stats=json"], more].concat();
        let (_, said, status) = Live::start(folder.path(), &arguments).end();
        assert_eq!(status.code(), Some(3), "an input is missing");
        said
    };
    let (text, json) = (said(&[]), read(&said(&["--log-format", "json"])));
    let as_text = |line: &Value| {
        let message = line["message"].as_str().unwrap();
        match line["level"].as_str().unwrap() {
            _ if line.get("stats").is_some() => line["stats"].to_string(),
            _ if line.get("events").is_some() => message.to_owned(),
            "info" => format!("note: {message}"),
            level => format!("{level}: {message}"),
        }
    };
    assert_eq!(json.iter().map(as_text).collect::<Vec<_>>(), text);
    for line in &json {
        let time = line["time"].as_str().unwrap();
        assert!(tripline::Timestamp::parse(time).is_some() && time.ends_with('Z'), "{time}");
    }
    let reasons: Vec<&str> = json.iter().filter_map(|line| line["reason"].as_str()).collect();
    assert_eq!(reasons, ["broken_json", "no_time"]);
    let last = json.last().unwrap();
    let counted =
        ["events", "alerts", "shadow", "rejects", "late", "suppressed", "open", "pending", "eval_errors"];
    assert_eq!(counted.map(|name| last[name].as_u64().unwrap()), [7, 2, 2, 2, 1, 1, 2, 1, 1]);
}

#[cfg(unix)]
#[test]
fn logs_for_programs_name_rules_and_inputs() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("logs")).unwrap();
    let live = Live::start(
        folder.path(),
        &["r.trip", "logs", "--follow", "--watch", "--log-format", "json", "--metrics", "0"],
    );
    let begun = read(&live.begun);
    assert!(begun[0]["address"].as_str().unwrap().starts_with("127.0.0.1:"), "{begun:?}");
    fs::write(path("logs/a.ndjson"), "{\"ts\":1000,\"type\":\"a\",\"user\":\"ann\"}\n").unwrap();
    let heard = read(&live.hear("has come up"));
    assert_eq!(heard.last().unwrap()["input"], "logs/a.ndjson");
    fs::write(path("r.trip"), RULES.replace("x: d", "x d")).unwrap();
    let heard = read(&live.hear("the rules that run stay as they are"));
    let finding = heard.iter().find(|line| line.get("finding").is_some()).unwrap();
    assert_eq!(
        (&finding["level"], &finding["finding"]["file"]),
        (&Value::from("error"), &Value::from("r.trip"))
    );
    assert_eq!(finding["finding"]["line"], 5);
    let address = begun[0]["address"].as_str().unwrap();
    until(|| Page::scrape(address), |page| page.rule("starts_total", "pair") == 1.0);
    fs::write(path("r.trip"), RULES.replace("a: a  b: b", "a: a  b: c")).unwrap();
    let heard = read(&live.hear("partial matches of"));
    let reloaded = heard.iter().find(|line| line.get("changed").is_some()).unwrap();
    assert_eq!((&reloaded["changed"], &reloaded["same"]), (&Value::from(1), &Value::from(4)));
    let rule = heard.last().unwrap();
    assert_eq!(
        (&rule["rule"], &rule["kept"], &rule["lost"]),
        (&"pair".into(), &1.into(), &0.into()),
        "{rule}"
    );
    live.signal("-INT");
    let said = read(&live.end().1);
    assert_eq!(said.last().unwrap()["events"], 1);
}
