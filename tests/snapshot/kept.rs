//! A snapshot of each version of the format, kept as it was written then.
//!
//! A folder `vN` has rules, a stream up to the snapshot and behind it, the sections, what they say as text, and the
//! alerts that come of the rest of the stream. `v1_shared` is `v1` since derivations are told in common. `SNAPSHOT_KEEP=1`
//! writes the folder of the present version anew; what it says is then to be read by a human.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use tripline::runtime::{Engine, KeyGroups, Setup};
use tripline::snapshot::{Fate, RestoreError};
use tripline::{AtEnd, Batch, Duration, EngineOptions, Event, Limits, Program, Settings, Source, SourceFile};

use super::cbor;
use super::format::Format;
use crate::corpus::case::Case;
use crate::corpus::engine::{self, sections};
use crate::corpus::notation::{self, Input};
use crate::corpus::run::{self, Collector};

/// The folder of what is written now.
const WRITTEN: &str = "v1_shared";

/// Fields that the first snapshot has not: of what was read as lines, of groups that a shell names, of windows, of alerts
/// between events, of derivations in common, of open sources, of a later time, of edits.
const NEVER: [&str; 49] = [
    "EventData.kept",
    "EventData.reference",
    "Events.paths",
    "Global.keys",
    "Global.named",
    "Global.heard",
    "Global.furthest",
    "Global.since",
    "KeyPlace.rule",
    "KeyPlace.version",
    "KeyPlace.step",
    "PartitionState.window",
    "PartitionState.shared",
    "PartitionState.came",
    "PlaceState.after",
    "PlaceState.registers",
    "PlaceState.waits",
    "QuietState.timeout",
    "QuietState.likeness",
    "QuietState.until",
    "QuietState.count",
    "QuietState.id",
    "QuietState.event_type",
    "QuietState.key",
    "QuietState.fields",
    "QuietState.time",
    "QuietState.first",
    "QuietState.last",
    "QuietState.limit",
    "RuleCounts.suppressed",
    "RuleState.quiet",
    "SharedEvent.event",
    "SharedEvent.seq",
    "SharedEvent.taken",
    "SharedEvent.left",
    "SharedState.places",
    "SharedState.rows",
    "Since.kind",
    "Since.path",
    "Since.time",
    "Watermark.source",
    "Watermark.rank",
    "Watermark.idle",
    "WindowEvent.event",
    "WindowEvent.seq",
    "WindowEvent.steps",
    "WindowState.events",
    "WindowState.fired",
    "WindowState.closes",
];

#[test]
fn a_snapshot_of_version_1_says_what_it_said() {
    let kept = Kept::new("v1");
    let mut format = Format::new();
    kept.sections().iter().for_each(|section| format.section(section));
    let (text, missing) = format.finish();
    assert_eq!(text, kept.read("says.txt"));
    assert_eq!(missing, NEVER, "fields that the snapshot has not");
}

/// What the page says of windows, which came later.
#[test]
fn a_snapshot_of_a_window_is_as_the_page_says() {
    let rule = "rule r { window by k every 5s { a: a  b: b where v > 1 } when count(a) > 1 }";
    let (text, missing) = said_of(rule, "1s a k=1\n2s b k=1 v=2\n3s a k=1\n6s a k=1\n11s a k=1");
    assert!(!missing.iter().any(|field| field.contains("indow")), "{missing:?}");
    let closed = "events 0\n          seq: 3\n          steps: [\"a\"]\n        fired: 1\n        closes: 1767225610000000000\n";
    assert!(text.contains(closed), "{text}");
}

/// What the page says of derivations that are told in common, which came later.
#[test]
fn a_snapshot_of_what_is_held_in_common_is_as_the_page_says() {
    let rule = "rule r { sequence by k within 1h { a: a  any b{1,2}: b  not x: x  c: c  any d: d } matches all limit 3 }";
    let (text, missing) = said_of(rule, "1s a k=1\n2s b k=1\n3s x k=1\n4s b k=1\n5s c k=1");
    let missed = |field: &&String| field.contains("hared") || field.starts_with("PlaceState");
    assert_eq!(missing.iter().find(missed), None);
    assert!(text.contains("after: \"b\"\n") && text.contains("registers: [2]\n"), "{text}");
}

/// What the page says of open sources, which came later.
#[test]
fn a_snapshot_of_open_sources_is_as_the_page_says() {
    let rule = "rule r { event x: a }";
    let (text, missing) = said_of(rule, "open s1\nopen s2\ns1 1s a\ns2 9s a\nidle s1");
    assert!(!missing.iter().any(|field| field.starts_with("Watermark")), "{missing:?}");
    let first = "source: \"s1\"\n    time: 1767225601000000000\n    rank: 1\n    idle: true\n";
    assert!(text.contains(first) && text.contains("furthest: 1767225609000000000\n"), "{text}");
}

/// What the snapshots say that are taken behind each event, and the fields that none of them has.
fn said_of(rule: &str, events: &str) -> (String, Vec<String>) {
    let inputs = notation::inputs(events).unwrap();
    let case = Case { rule: rule.into(), inputs, ..Case::default() };
    let program = Arc::new(run::compile(&case, Limits::default()).0.unwrap());
    let mut format = Format::new();
    engine::seen(&case, program, |engine| sections(engine).iter().for_each(|bytes| format.section(bytes)));
    format.finish()
}

#[test]
fn a_snapshot_of_version_1_is_read_and_gone_on_with() {
    for folder in ["v1", WRITTEN] {
        let kept = Kept::new(folder);
        let mut engine = kept.engine();
        for section in kept.sections() {
            let report = engine.restore(&section).unwrap();
            assert!(report.rules.iter().all(|rule| rule.fate == Fate::Kept), "{report:?}");
        }
        assert_eq!(kept.finish(engine), kept.read("alerts.txt"), "{folder}");
    }
}

#[test]
fn parts_of_a_snapshot_go_on_as_the_whole() {
    let kept = Kept::new("v1");
    let mut alerts = Vec::new();
    for groups in KeyGroups::default().split(3) {
        let mut engine = kept.engine_of(groups.clone());
        for section in kept.sections() {
            match engine.restore(&section) {
                Err(RestoreError::NotOwned { group }) => assert!(!groups.owns(group)),
                taken => _ = taken.unwrap(),
            }
        }
        alerts.extend(kept.finish(engine).lines().map(str::to_owned));
    }
    let mut expected: Vec<String> = kept.read("alerts.txt").lines().map(str::to_owned).collect();
    alerts.sort();
    expected.sort();
    assert_eq!(alerts, expected);
}

#[test]
fn the_same_state_is_written_as_it_was() {
    let kept = Kept::new(WRITTEN);
    let mut engine = kept.engine();
    kept.push(&mut engine, "before.txt", 0, &mut Collector::default());
    let held = told(&engine);
    if std::env::var_os("SNAPSHOT_KEEP").is_some() {
        kept.write(&held, engine);
        return;
    }
    assert!(held.into_iter().map(|(_, bytes)| bytes).eq(kept.sections()), "the format has changed");
    assert_eq!(kept.finish(engine), kept.read("alerts.txt"));
}

/// The global section and the groups that hold something, by file name.
fn told(engine: &Engine) -> Vec<(String, Vec<u8>)> {
    let name = |index: usize| match index {
        0 => "global.bin".to_owned(),
        group => format!("group-{:03}.bin", group - 1),
    };
    let named = sections(engine).into_iter().enumerate().map(|(index, bytes)| (name(index), bytes));
    let holds = |bytes: &[u8]| {
        let cbor::Item::Map(fields) = cbor::read(&bytes[19..bytes.len() - 8]) else { panic!("no record") };
        fields.iter().any(|(number, _)| *number == cbor::Item::Uint(3))
    };
    named.filter(|(_, bytes)| holds(bytes)).collect()
}

pub struct Kept {
    folder: PathBuf,
    pub program: Arc<Program>,
}

impl Kept {
    pub fn new(folder: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/snapshot").join(folder);
        let text = fs::read_to_string(folder.join("rules.trip")).unwrap();
        Kept { folder, ..Kept::with(&text) }
    }

    /// With other rules.
    pub fn with(rules: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/snapshot/v1");
        let files = [SourceFile::new("rules.trip", rules)];
        let (program, findings) = Program::compile(&files, &Settings::default(), Limits::default());
        assert!(findings.iter().all(|d| !d.is_error()), "{findings:?}");
        Kept { folder, program: Arc::new(program.unwrap()) }
    }

    pub fn engine(&self) -> Engine {
        self.engine_of(KeyGroups::default())
    }

    fn engine_of(&self, groups: KeyGroups) -> Engine {
        let options = EngineOptions { lateness: Duration::from_millis(60_000) };
        Engine::with(Arc::clone(&self.program), options, Setup { groups, ..Setup::default() }, ()).unwrap()
    }

    pub fn read(&self, file: &str) -> String {
        fs::read_to_string(self.folder.join(file)).unwrap()
    }

    /// The sections, the global one first.
    pub fn sections(&self) -> Vec<Vec<u8>> {
        self.files().into_iter().map(|file| fs::read(file).unwrap()).collect()
    }

    fn files(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.folder).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<PathBuf> =
            entries.filter(|file| file.extension().is_some_and(|e| e == "bin")).collect();
        files.sort();
        files
    }

    /// The events of a stream, numbered from one on behind `offset`; they come from two sources in turn.
    pub fn events(&self, stream: &str, offset: u64) -> Vec<Arc<Event>> {
        let source = |rank, name: &str| Arc::new(Source { rank, name: name.into() });
        let sources = [source(1, "doors.ndjson"), source(2, "gates.ndjson")];
        let inputs = notation::inputs(&self.read(stream)).unwrap();
        let event = |(index, event): (usize, &Arc<Event>)| {
            Arc::new(Event::clone(event).at(&sources[index % 2], event.offset + offset))
        };
        inputs.iter().filter_map(Input::event).enumerate().map(event).collect()
    }

    /// Pushes the events of a stream.
    pub fn push(&self, engine: &mut Engine, stream: &str, offset: u64, sink: &mut Collector) {
        for event in self.events(stream, offset) {
            let batch = Arc::new(Batch::of(self.program.fields(), [event]));
            assert!(engine.push(&batch, sink).is_continue());
        }
    }

    /// The alerts of the rest of the stream.
    pub fn finish(&self, mut engine: Engine) -> String {
        let before = self.events("before.txt", 0).len() as u64;
        let mut sink = Collector::default();
        self.push(&mut engine, "after.txt", before, &mut sink);
        assert!(engine.finish(AtEnd::Flush, &mut sink).is_continue());
        let alerts = sink.outcome(&engine.stats()).alerts;
        alerts.iter().map(|alert| format!("{alert} id:{:032x}\n", alert.id)).collect()
    }

    fn write(&self, held: &[(String, Vec<u8>)], engine: Engine) {
        let mut format = Format::new();
        self.files().iter().for_each(|file| fs::remove_file(file).unwrap());
        for (file, bytes) in held {
            fs::write(self.folder.join(file), bytes).unwrap();
            format.section(bytes);
        }
        fs::write(self.folder.join("says.txt"), format.finish().0).unwrap();
        fs::write(self.folder.join("alerts.txt"), self.finish(engine)).unwrap();
    }
}
