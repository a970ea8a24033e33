//! Rules that change while a run goes on, from outside: every way to save, and random edits against the reference.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use tripline::demo::Stream;
use tripline::io::{AlertFormat, AlertStyle, Evidence, Item, ReadOptions, Reader};
use tripline::reference::Reference;
use tripline::{Alert, AtEnd, EngineOptions, Event, Limits, Program, Settings, Sink, SourceFile};

use super::Live;

/// Two rules, of which one has a bound that is edited.
fn rules(bound: u32) -> String {
    format!(
        "rule pair {{ sequence by user within 1h {{ a: a  b: b where v > {bound} }} }}\nrule any {{ event x: c }}\n"
    )
}

fn event(kind: &str, ts: u32, v: u32) -> String {
    format!("{{\"ts\":{ts},\"type\":\"{kind}\",\"user\":\"ann\",\"v\":{v}}}\n")
}

/// Puts a file in the place of another.
fn replace(path: &Path, text: &str) {
    let beside = path.with_extension("new");
    fs::write(&beside, text).unwrap();
    fs::rename(beside, path).unwrap();
}

#[test]
fn a_save_is_taken_and_partial_matches_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("r.trip");
    fs::write(&file, rules(5)).unwrap();
    let mut live = Live::start(folder.path(), &["r.trip", "--watch"]);
    live.write(&(event("a", 1, 0) + &event("c", 2, 0)));
    assert!(live.line().contains("\"rule\":\"any\""));
    replace(&file, &rules(2));
    live.hear("rules reloaded: 1 rule changed, 1 as they were");
    live.hear("partial matches of `pair`: go on; 1 kept, 0 lost");
    live.write(&event("b", 3, 3));
    let line = live.line();
    assert!(line.contains("\"a\":[{\"source\":\"-\",\"offset\":1}]"), "{line}");
    let (out, said, status) = live.end();
    assert!(out.is_empty() && status.success(), "{out:?}");
    assert_eq!(said, ["3 events, 2 alerts"]);
}

#[test]
fn what_is_wrong_leaves_the_rules_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("r.trip");
    fs::write(&file, rules(5)).unwrap();
    let live = Live::start(folder.path(), &["r.trip", "--watch"]);
    fs::write(&file, rules(5).replace("v >", "v > >")).unwrap();
    let said = live.hear("1 error in the rules; the rules that run stay as they are").join("\n");
    assert!(said.contains("error[E0001]") && said.contains("r.trip:1:") && said.contains('^'), "{said}");
    fs::write(&file, rules(5)).unwrap();
    live.hear("the rules are good again, and as those that run");
    fs::write(&file, "").unwrap();
    live.hear("there is no rule any more; the rules that run stay as they are");
    fs::remove_file(&file).unwrap();
    live.hear("cannot open `r.trip`: no such file or directory; the rules that run stay as they are");
    fs::write(&file, rules(4)).unwrap();
    live.hear("rules reloaded: 1 rule changed, 1 as they were");
    assert!(live.end().2.success());
}

#[cfg(unix)]
#[test]
fn signals_read_the_rules_at_once_and_go_back() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("r.trip");
    fs::write(&file, rules(5)).unwrap();
    let mut live = Live::start(folder.path(), &["r.trip", "--watch"]);
    live.write(&(event("a", 1, 0) + &event("c", 1, 0)));
    live.line();
    live.signal("-USR1");
    live.hear("there is no rule set before this one to go back to");
    live.signal("-HUP");
    live.hear("rules read again: as those that run");
    replace(&file, &rules(2));
    live.hear("rules reloaded: 1 rule changed");
    live.signal("-USR1");
    live.hear("back to the rules before: 1 rule changed");
    live.write(&(event("b", 2, 3) + &event("b", 3, 6)));
    assert!(live.line().contains("\"offset\":4"), "3 is not enough for the rules before");
    assert!(live.end().2.success());
}

/// The rules before are those before also where the run has been started again, whatever has ended it.
#[cfg(unix)]
#[test]
fn a_run_that_goes_on_can_go_back() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("r.trip");
    fs::write(&file, rules(5)).unwrap();
    fs::write(folder.path().join("e.ndjson"), "").unwrap();
    let arguments = ["r.trip", "e.ndjson", "--follow", "--watch", "--state", "state", "--clock", "none"];
    let live = Live::start(folder.path(), &arguments);
    replace(&file, &rules(2));
    live.hear("rules reloaded: 1 rule changed");
    live.signal("-TERM");
    live.end();
    let live = Live::start(folder.path(), &arguments);
    live.signal("-USR1");
    live.hear("back to the rules before: 1 rule changed");
    // Killed, it stays with them until the next save, whatever the file says.
    drop(live);
    let live = Live::start(folder.path(), &arguments);
    std::thread::sleep(std::time::Duration::from_millis(500));
    live.signal("-TERM");
    let (_, said, _) = live.end();
    assert!(!said.iter().any(|line| line.contains("reloaded")), "{said:?}");
    let live = Live::start(folder.path(), &arguments);
    live.signal("-USR1");
    live.hear("back to the rules before: 1 rule changed");
    live.signal("-TERM");
    live.end();
    fs::write(&file, rules(3)).unwrap();
    let live = Live::start(folder.path(), &arguments);
    live.hear("rules reloaded: 1 rule changed");
    live.signal("-TERM");
    live.end();
}

/// Everything that rules are made of, and each way in which it is saved.
#[cfg(unix)]
#[test]
#[expect(clippy::disallowed_methods, reason = "how soon a save is seen is told by the clock alone")]
fn every_way_to_save_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let one = |name: &str, bound: u32| format!("rule {name} {{ event x: c where v > {bound} }}\n");
    let listed = "list bad from \"bad.txt\"\ntable owners from \"owners.csv\" key id\nparam least = 1\n\
                  rule data { event x: d where user in bad and lookup(owners, user).team == \"red\" and v > least }\n";
    for version in ["one", "two"] {
        fs::create_dir(path(version)).unwrap();
        fs::write(path(version).join("a.trip"), one("a", 1)).unwrap();
        fs::write(path(version).join("data.trip"), listed).unwrap();
        fs::write(path(version).join("bad.txt"), "ann\n").unwrap();
        fs::write(path(version).join("owners.csv"), "id,team\nann,red\n").unwrap();
    }
    fs::write(path("two/a.trip"), one("a", 2)).unwrap();
    std::os::unix::fs::symlink("one", path("rules")).unwrap();
    let live = Live::start(folder.path(), &["rules", "--watch"]);
    let mut slowest = std::time::Duration::ZERO;
    let mut save = |what: &str, expected: &str, save: &dyn Fn()| {
        save();
        let saved = Instant::now();
        let heard = live.hear(expected);
        slowest = slowest.max(saved.elapsed());
        assert!(
            heard.iter().all(|line| line.contains(expected) || line.contains("warning")),
            "{what}: {heard:?}"
        );
    };
    let reloaded = |changed: &str| format!("rules reloaded: {changed}");
    save("a new file", &reloaded("1 rule changed, 2 as"), &|| {
        fs::write(path("one/b.trip"), one("b", 1)).unwrap();
    });
    live.hear("`b`: none yet: the rule is new");
    save("several files", &reloaded("2 rules changed, 1 as"), &|| {
        fs::write(path("one/a.trip"), one("a", 3)).unwrap();
        replace(&path("one/b.trip"), &one("b", 3));
    });
    live.hear("`b`: go on");
    save("in parts", &reloaded("1 rule changed, 2 as"), &|| {
        let text = one("a", 4);
        let mut file = fs::File::create(path("one/a.trip")).unwrap();
        for part in [&text[..10], &text[10..]] {
            std::io::Write::write_all(&mut file, part.as_bytes()).unwrap();
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    });
    live.hear("`a`: go on");
    save("a file is gone", &reloaded("1 rule changed, 2 as"), &|| {
        fs::remove_file(path("one/b.trip")).unwrap()
    });
    live.hear("`b`: lost: the rule is gone");
    save("another folder", &reloaded("1 rule changed, 1 as"), &|| {
        std::os::unix::fs::symlink("two", path("next")).unwrap();
        fs::rename(path("next"), path("rules")).unwrap();
    });
    live.hear("`a`: go on");
    save("a list", &reloaded("0 rules changed, 2 as"), &|| {
        fs::write(path("two/bad.txt"), "ann\nbob\n").unwrap();
    });
    save("a table", &reloaded("0 rules changed, 2 as"), &|| {
        replace(&path("two/owners.csv"), "id,team\nann,blue\n");
    });
    save("a parameter", &reloaded("1 rule changed, 1 as"), &|| {
        fs::write(path("tripline.yaml"), "param:\n  least: 7\n").unwrap();
    });
    live.hear("`data`: go on");
    save("another setting", "rules read again", &|| {
        fs::write(path("tripline.yaml"), "param:\n  least: 7\nlateness: 5s\n").unwrap();
    });
    live.hear("settings other than `param` and `allow-read` have changed");
    assert!(live.end().2.success());
    // A fifth of a second where nothing else is at work.
    assert!(slowest < std::time::Duration::from_secs(5), "seen after {slowest:?}");
}

/// What the reference says, as lines.
#[derive(Default)]
struct Lines(Vec<String>);

impl Sink for Lines {
    fn alert(&mut self, alert: Alert) -> ControlFlow<()> {
        let format = AlertFormat { style: AlertStyle::Plain, evidence: Evidence::Refs, limit: 1_000 };
        self.0.push(String::from_utf8(format.line(&alert).unwrap()).unwrap());
        ControlFlow::Continue(())
    }

    fn shadow(&mut self, _: Alert) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn late(&mut self, _: Arc<Event>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// Rule sets that somebody might have in turn; the second does not compile.
pub fn variant(which: usize) -> String {
    let (bound, within, count) =
        ([300, 300, 50, 700][which % 4], ["1h", "20m", "3h"][which % 3], 2 + which % 2);
    let broken = if which % 5 == 1 { "rule broken {" } else { "" };
    let extra = if which.is_multiple_of(3) {
        "rule big { window by user over 2h { c: charge } when count(c) >= 2 }"
    } else {
        ""
    };
    format!(
        "rule marks {{ event x: mark }}
         rule spree {{ sequence by user within {within} {{ c{{{count},}}: charge where amount > {bound}  l: login }} }}
         rule silent {{ sequence by user {{ f: login where outcome == \"failure\"  not ok within {within}: login where outcome == \"success\" }} }}
         rule hand {{ sequence by user within {within} {{ a: login  b: login where country != a.country }} emit from = a.country  suppress {within} }}
         {extra} {broken}"
    )
}

/// A writer that edits at random while a stream goes on, against a reference that knows which rules are in force at each
/// event.
#[test]
fn random_edits_of_a_stream_say_what_the_reference_says() {
    for seed in 1..3 {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("r.trip");
        fs::write(&file, variant(0)).unwrap();
        let mut live = Live::start(folder.path(), &["r.trip", "--watch", "--at-end", "flush"]);
        let stream = Stream::generate(seed, 4_000);
        let mut random = Random(seed);
        // What was written, and behind how many lines which rules were saved.
        let (mut text, mut edits, mut out) = (String::new(), Vec::new(), Vec::new());
        for (number, line) in stream.events.lines().enumerate() {
            let is_edited = number % 50 == 0 && random.below(12) == 0;
            // Behind the alert of a mark everything before is judged.
            let mark = line.replacen("\"type\":\"", "\"type\":\"mark\",\"was\":\"", 1);
            let lines = if is_edited { format!("{line}\n{mark}\n") } else { format!("{line}\n") };
            live.write(&lines);
            text += &lines;
            if !is_edited {
                continue;
            }
            while !out.last().is_some_and(|line: &String| {
                line.contains(&format!("\"offset\":{}}}]}}", text.lines().count()))
            }) {
                out.push(live.line());
            }
            let edit = variant(random.below(60));
            if random.below(2) == 0 {
                replace(&file, &edit)
            } else {
                fs::write(&file, &edit).unwrap()
            }
            live.hear_one(&["rules reloaded", "as those that run", " in the rules; the rules that run stay"]);
            edits.push((text.lines().count(), edit));
        }
        let (rest, said, status) = live.end();
        out.extend(rest);
        assert!(status.success(), "{said:?}");
        let expected = reference(&text, &edits);
        assert!(expected.len() > 100 && edits.len() > 15, "{} alerts, {} edits", expected.len(), edits.len());
        let differs = out.iter().zip(&expected).find(|(out, expected)| out != expected);
        assert_eq!(differs, None, "seed {seed}");
        assert_eq!(out.len(), expected.len(), "seed {seed}");
    }
}

/// A small generator, the same everywhere.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, end: u64) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % end) as usize
    }
}

fn compile(text: &str) -> Option<Arc<Program>> {
    let files = [SourceFile::new("r.trip", text)];
    Program::compile(&files, &Settings::default(), Limits::default()).0.map(Arc::new)
}

/// The stream with each edit behind its line.
fn reference(text: &str, edits: &[(usize, String)]) -> Vec<String> {
    let options = Arc::new(ReadOptions::default());
    let mut engine = Reference::new(compile(&variant(0)).unwrap(), EngineOptions::default());
    let mut sink = Lines::default();
    let mut edits = edits.iter().peekable();
    for item in Reader::from_bytes("-", std::io::Cursor::new(text.to_owned()), &options) {
        let Ok(Item::Event(event)) = item else { panic!("no event") };
        let line = event.offset as usize;
        let _ = engine.push(event, &mut sink);
        if let Some((_, edit)) = edits.next_if(|(at, _)| *at == line)
            && let Some(program) = compile(edit)
        {
            engine.swap(&program, &mut sink);
        }
    }
    let _ = engine.finish(AtEnd::Flush, &mut sink);
    sink.0
}
