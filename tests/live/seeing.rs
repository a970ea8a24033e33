//! What a run says of itself: numbers that are scraped while it goes on, whether it is ready, and whom that cannot harm.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{Live, PATIENCE};

pub const RULES: &str = "\
rule pair { sequence by user within 1h { a: a  b: b } }
rule any { event x: c  suppress 1h }
rule quiet { sequence by user { a: a  not b within 1h: b } }
rule dark { status shadow  event x: c }
rule faulty { event x: d where 1 % v > 0 }
";

pub const EVENTS: &str = r#"{"ts":1000,"type":"a","user":"ann"}
{"ts":1001,"type":"a","user":"bob"}
{"ts":1002,"type":"b","user":"ann"}
{"ts":1003,"type":"c","user":"ann"}
{"ts":1004,"type":"c","user":"ann"}
{"ts":1005,"type":"d","user":"ann","v":0}
{"ts":10,"type":"a","user":"late"}
no event
{"type":"a"}
"#;

/// Where the metrics are, from the line that says it.
fn address(said: &[String]) -> String {
    let line = said.iter().find(|line| line.contains("metrics are at http://127.0.0.1:")).unwrap();
    let rest = line.split_once("http://").unwrap().1;
    rest[..rest.find('/').unwrap()].to_owned()
}

/// The status, the head and the body of what is answered to these bytes; nothing if the connection is refused or reset.
fn ask(address: &str, bytes: &[u8]) -> (u16, String, String) {
    let mut answer = String::new();
    let mut talk = || {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(bytes)?;
        stream.read_to_string(&mut answer)
    };
    if talk().is_err() && answer.is_empty() {
        return (0, String::new(), String::new());
    }
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer:?}"));
    (head[9..12].parse().unwrap(), head.to_owned(), body.to_owned())
}

fn get(address: &str, path: &str) -> (u16, String, String) {
    ask(address, format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n").as_bytes())
}

/// Asks until the answer is so.
pub fn until<T>(mut look: impl FnMut() -> T, is_so: impl Fn(&T) -> bool) -> T {
    for _ in 0..PATIENCE.as_millis() / 50 {
        let found = look();
        if is_so(&found) {
            return found;
        }
        sleep(Duration::from_millis(50));
    }
    look()
}

/// The samples of a page, by name with labels, and its families with their types. The page must be what OpenMetrics wants.
pub struct Page {
    samples: BTreeMap<String, f64>,
    families: BTreeMap<String, String>,
}

impl Page {
    pub fn scrape(address: &str) -> Self {
        let (status, head, body) = get(address, "/metrics");
        let kind = "Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8";
        assert!(status == 200 && head.lines().any(|line| line == kind), "{head}");
        Page::read(&body)
    }

    fn read(text: &str) -> Self {
        let (mut samples, mut families) = (BTreeMap::new(), BTreeMap::new());
        let (mut helped, mut current) = (BTreeSet::new(), (String::new(), String::new()));
        let lines = text.strip_suffix("# EOF\n").unwrap_or_else(|| panic!("no end: {text}"));
        assert!(!lines.contains("# EOF"));
        for line in lines.lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, help) = help.split_once(' ').unwrap();
                assert!(!help.is_empty() && helped.insert(name.to_owned()), "{line}");
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').unwrap();
                assert!(helped.contains(name) && ["counter", "gauge", "info"].contains(&kind), "{line}");
                current = (name.to_owned(), kind.to_owned());
                assert!(families.insert(name.to_owned(), kind.to_owned()).is_none(), "twice: {line}");
            } else if let Some(unit) = line.strip_prefix("# UNIT ") {
                let (name, unit) = unit.split_once(' ').unwrap();
                assert!(name == current.0 && name.ends_with(&format!("_{unit}")), "{line}");
            } else {
                let (sample, value) = line.rsplit_once(' ').unwrap();
                let name = sample.split('{').next().unwrap();
                let suffix = match &*current.1 {
                    "counter" => "_total",
                    "info" => "_info",
                    _ => "",
                };
                assert_eq!(name, current.0.clone() + suffix, "{line}");
                assert!(samples.insert(sample.to_owned(), value.parse().unwrap()).is_none(), "twice: {line}");
            }
        }
        Page { samples, families }
    }

    fn of(&self, sample: &str) -> f64 {
        *self.samples.get(sample).unwrap_or_else(|| panic!("no {sample} in {:#?}", self.samples))
    }

    pub fn rule(&self, what: &str, rule: &str) -> f64 {
        self.of(&format!("tripline_rule_{what}{{rule=\"{rule}\"}}"))
    }
}

pub fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("r.trip"), RULES).unwrap();
    folder
}

/// Seconds since 1970.
#[expect(clippy::disallowed_methods, reason = "how far a run is behind the clock is told by the clock")]
fn clock() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
}

#[cfg(unix)]
#[test]
fn the_numbers_are_those_of_what_was_written() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("e \"1\".ndjson"), "").unwrap();
    let arguments = ["r.trip", "e \"1\".ndjson", "--follow", "--clock", "none", "--watch", "--metrics", "0"];
    let live = Live::start(
        folder.path(),
        &[&arguments[..], &["--state", "s", "--checkpoint-every", "10ms"]].concat(),
    );
    let address = address(&live.begun);
    let begun = Page::scrape(&address);
    assert_eq!((begun.of("tripline_events_total"), begun.rule("starts_total", "pair")), (0.0, 0.0));
    assert!(!begun.samples.contains_key("tripline_watermark_timestamp_seconds"), "there was no event");
    fs::write(path("e \"1\".ndjson"), EVENTS).unwrap();
    let rejects = |page: &Page| page.of("tripline_rejects_total{reason=\"no_time\"}");
    let page = until(|| Page::scrape(&address), |page| rejects(page) == 1.0);
    let expected = [
        ("tripline_build_info{version=\"0.1.0\"}", 1),
        ("tripline_events_total", 7),
        ("tripline_late_events_total", 1),
        ("tripline_alerts_total", 2),
        ("tripline_shadow_alerts_total", 2),
        ("tripline_rejects_total{reason=\"broken_json\"}", 1),
        ("tripline_rejects_total{reason=\"no_time\"}", 1),
        ("tripline_rejects_total{reason=\"too_long\"}", 0),
        ("tripline_input_read_bytes_total{input=\"e \\\"1\\\".ndjson\"}", EVENTS.len()),
        ("tripline_inputs_open", 1),
        ("tripline_inputs_idle", 0),
        ("tripline_newest_event_timestamp_seconds", 1005),
        ("tripline_watermark_timestamp_seconds", 1005),
        ("tripline_reloads_total{result=\"taken\"}", 0),
        ("tripline_reloads_total{result=\"refused\"}", 0),
        ("tripline_rules", 5),
    ];
    for (sample, value) in expected {
        assert_eq!(page.of(sample), value as f64, "{sample}");
    }
    // The first before anything, the last with what came.
    let written = |page: &Page| page.of("tripline_checkpoints_total{result=\"written\"}");
    let page = until(
        || Page::scrape(&address),
        |page| written(page) >= 2.0 && page.of("tripline_last_checkpoint_age_seconds") > 0.3,
    );
    assert_eq!(page.of("tripline_checkpoints_total{result=\"failed\"}"), 0.0);
    let files = fs::read_dir(path("s")).unwrap().map(|entry| entry.unwrap());
    let last = files
        .filter(|file| file.file_name().to_string_lossy().ends_with(".trip"))
        .max_by_key(|file| file.file_name());
    assert_eq!(
        page.of("tripline_last_checkpoint_size_bytes"),
        last.unwrap().metadata().unwrap().len() as f64
    );
    let took = page.of("tripline_last_checkpoint_duration_seconds");
    assert!(took > 0.0 && page.of("tripline_last_checkpoint_pause_seconds") <= took);
    assert!((0.0..60.0).contains(&page.of("tripline_last_checkpoint_age_seconds")));
    // Starts, alerts, suppressed, refused, errors, open, pending.
    let rules = [
        ("pair", [2, 1, 0, 0, 0, 1, 0]),
        ("any", [2, 2, 1, 0, 0, 0, 0]),
        ("quiet", [2, 0, 0, 0, 0, 1, 1]),
        ("dark", [2, 2, 0, 0, 0, 0, 0]),
        ("faulty", [0, 0, 0, 0, 1, 0, 0]),
    ];
    let names = [
        "starts_total",
        "alerts_total",
        "suppressed_total",
        "refused_total",
        "eval_errors_total",
        "open",
        "pending",
    ];
    for (rule, values) in rules {
        assert_eq!(names.map(|name| page.rule(name, rule)), values.map(f64::from), "{rule}");
    }
    assert_eq!(page.rule("events_total", "pair"), 3.0);
    assert!((page.of("tripline_watermark_lag_seconds") - (clock() - 1005.0)).abs() < 30.0);
    assert!(page.of("tripline_numbers_age_seconds") < 30.0);
    assert!((clock() - page.of("process_start_time_seconds")).abs() < 120.0);
    if cfg!(target_os = "linux") {
        assert!(page.of("process_resident_memory_bytes") > 1e6);
    }
    // Other rules: refused, then taken. Counters of rules that stay go on.
    fs::write(path("r.trip"), "rule {").unwrap();
    live.hear("the rules that run stay as they are");
    fs::write(path("r.trip"), RULES.replace("% v > 0", "% v > 1").replace("rule dark", "rule gone")).unwrap();
    live.hear("rules reloaded");
    let reload = "tripline_last_reload_timestamp_seconds";
    let page = until(|| Page::scrape(&address), |page| page.samples.contains_key(reload));
    let reloads =
        ["taken", "refused"].map(|name| page.of(&format!("tripline_reloads_total{{result=\"{name}\"}}")));
    assert_eq!(reloads, [1.0, 1.0]);
    assert!((clock() - page.of(reload)).abs() < 60.0);
    assert_eq!(page.rule("starts_total", "pair"), 2.0);
    assert!(page.samples.contains_key("tripline_rule_alerts_total{rule=\"gone\"}"));
    assert!(!page.samples.contains_key("tripline_rule_alerts_total{rule=\"dark\"}"));
    live.signal("-TERM");
    assert!(live.end().1.last().unwrap().starts_with("7 events, 2 alerts; 2 rejects"));
}

/// The table of the manual and what is served are the same list.
#[test]
fn the_manual_lists_every_number() {
    let folder = folder();
    let live = Live::start(
        folder.path(),
        &["r.trip", "e.ndjson", "--follow", "--metrics", "0", "--state", "s", "--max-memory", "4GB"],
    );
    let address = address(&live.begun);
    // Before it begins there are no checkpoints.
    let has_begun = |page: &Page| page.families.contains_key("tripline_checkpoints");
    let served = until(|| Page::scrape(&address), has_begun);
    let manual = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("grammar/README.md")).unwrap();
    let section = manual.split("### What a run says of itself").nth(1).unwrap();
    let section = section.split("\n##").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let mut listed = BTreeMap::new();
    for (name, rest) in rows.filter(|(name, _)| name.starts_with("tripline_") || name.starts_with("process_"))
    {
        let kind = rest.split('|').nth(1).unwrap().trim();
        let name = name.split('{').next().unwrap();
        let suffix = if kind == "counter" {
            "_total"
        } else if kind == "info" {
            "_info"
        } else {
            ""
        };
        listed.insert(name.strip_suffix(suffix).unwrap().to_owned(), kind.to_owned());
    }
    // Those that alerts are made of are among them.
    let names = section.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    for name in names.filter(|name| name.starts_with("tripline_")) {
        assert!(section.contains(&format!("| `{name}")), "{name} is in no table");
    }
    let wanted = |families: BTreeMap<String, String>| -> BTreeMap<String, String> {
        // Only some systems say it.
        families.into_iter().filter(|(name, _)| name != "process_resident_memory_bytes").collect()
    };
    assert_eq!(wanted(listed), wanted(served.families));
}

#[test]
fn what_is_no_question_is_refused_and_harms_nobody() {
    let folder = folder();
    let mut live = Live::start(folder.path(), &["r.trip", "--watch", "--metrics", "127.0.0.1:0"]);
    let address = address(&live.begun);
    let statuses = ["/metrics?a=b", "/healthz", "/readyz", "/", "/metrics/", "/nothing"];
    assert_eq!(statuses.map(|path| get(&address, path).0), [200, 200, 200, 200, 404, 404]);
    let (status, head, body) = ask(&address, b"HEAD /metrics HTTP/1.0\r\n\r\n");
    assert!(status == 200 && body.is_empty() && !head.contains("Content-Length: 0"), "{head}");
    let (status, head, _) = ask(&address, b"POST /metrics HTTP/1.1\r\nContent-Length: 1\r\n\r\nx");
    assert!(status == 405 && head.contains("\r\nAllow: GET, HEAD\r\n"), "{head}");
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(20_000));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(1_000));
    for (bytes, status) in [
        (&b"\x16\x03\x01\x02\x00\x01\x00"[..], 400),
        (b"\0\0\0\0\r\n\r\n", 400),
        (b"GET /metrics HTTP/9.9\r\n\r\n", 400),
        (b"GET /metrics HTTP/1.1\r\nno header\r\n\r\n", 400),
        (long.as_bytes(), 431),
        (many.as_bytes(), 431),
    ] {
        assert_eq!(
            ask(&address, bytes).0,
            status,
            "{:?}",
            String::from_utf8_lossy(&bytes[..20.min(bytes.len())])
        );
    }
    // Those that say little have all places for a while, and those beyond are turned away; the run does not care.
    let mut slow: Vec<TcpStream> = (0..20).map(|_| TcpStream::connect(&address).unwrap()).collect();
    slow.iter_mut().for_each(|stream| drop(stream.write_all(b"GET /met")));
    live.write("{\"ts\":1,\"type\":\"c\",\"user\":\"x\"}\n");
    assert!(live.line().contains("\"rule\":\"any\""));
    let mut answered = |stream: &mut TcpStream| {
        let mut answer = String::new();
        // One that is turned away may be cut off, as it had said something.
        let _ = stream.read_to_string(&mut answer);
        answer.get(9..12).map(str::to_owned)
    };
    let answers: Vec<Option<String>> = slow.iter_mut().map(&mut answered).collect();
    let late = answers.iter().filter(|answer| answer.as_deref() == Some("408")).count();
    assert!((1..=8).contains(&late), "{answers:?}");
    assert!(answers.iter().flatten().all(|answer| answer == "408" || answer == "503"), "{answers:?}");
    drop(slow);
    assert_eq!(until(|| get(&address, "/healthz").0, |status| *status == 200), 200);
    let (out, said, status) = live.end();
    assert!(out.is_empty() && status.success(), "{out:?}");
    assert_eq!(said.last().unwrap(), "1 event, 1 alert; 1 alert of shadow rules (--shadow FILE keeps them)");
}

/// Not before the inputs are open, and no longer when the run is to end.
#[cfg(unix)]
#[test]
fn a_run_is_ready_while_it_takes_events() {
    let folder = folder();
    assert!(Command::new("mkfifo").arg(folder.path().join("pipe")).status().unwrap().success());
    let mut command = Command::new(env!("CARGO_BIN_EXE_tripline"));
    command.current_dir(folder.path()).args([
        "run",
        "r.trip",
        "pipe",
        "--metrics",
        ":0",
        "--at-end",
        "flush",
    ]);
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let said = super::lines(child.stderr.take().unwrap());
    let address = address(&[said.recv_timeout(PATIENCE).unwrap()]);
    let (status, _, body) = get(&address, "/readyz");
    assert_eq!((status, &*body, get(&address, "/healthz").0), (503, "starting\n", 200));
    assert_eq!(Page::scrape(&address).of("tripline_events_total"), 0.0);
    let mut pipe = fs::OpenOptions::new().write(true).open(folder.path().join("pipe")).unwrap();
    assert_eq!(until(|| get(&address, "/readyz").0, |status| *status == 200), 200);
    // More alerts at the end than a pipe holds that nobody reads.
    let event = |n: u32| format!("{{\"ts\":{},\"type\":\"a\",\"user\":{n}}}\n", n / 10);
    let many: String = (0..5_000).map(event).collect();
    pipe.write_all(many.as_bytes()).unwrap();
    drop(pipe);
    let (status, _, body) = until(|| get(&address, "/readyz"), |(status, ..)| *status == 503);
    assert_eq!((status, &*body, get(&address, "/healthz").0), (503, "ending\n", 200));
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert!(said.iter().last().unwrap().starts_with("5000 events, 5000 alerts"));
}

#[test]
fn an_address_that_is_taken_is_said_before_anything_is_written() {
    let folder = folder();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    fs::write(folder.path().join("out"), "precious").unwrap();
    let live = Live::start(folder.path(), &["r.trip", "--metrics", &address, "--out", "out"]);
    let (_, said, status) = live.end();
    assert_eq!(status.code(), Some(3));
    assert_eq!(said, [format!("error: cannot serve metrics at `{address}`: address already in use")]);
    assert_eq!(fs::read_to_string(folder.path().join("out")).unwrap(), "precious");
}
