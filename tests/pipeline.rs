//! The pipeline says what the reference engine says of the same inputs, whatever the threads and the size of chunks.

mod resume;

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use tripline::demo::{RULES, Stream};
use tripline::io::{
    AlertFormat, AlertStyle, Evidence, Inputs, Intake, Item, LateEvent, Merge, ReadOptions, Reader, Reject,
    Tap,
};
use tripline::pipeline::{Flow, Portion, Shards, Workers};
use tripline::reference::Reference;
use tripline::{
    Alert, AtEnd, Duration, EngineOptions, Event, Keep, Limits, Program, Settings, Sink, SourceFile, Stats,
    Swapped,
};

/// Everything that comes out, as it would be written.
#[derive(Default, Debug, PartialEq)]
struct Said {
    alerts: Vec<String>,
    shadow: usize,
    late: Vec<String>,
    rejects: Vec<String>,
    broken: Vec<String>,
    counts: String,
    swapped: Vec<Swapped>,
}

struct Writer {
    said: Said,
    format: AlertFormat,
}

/// Rules whose alerts are held back across the keys of the engines that share the work.
const HELD_BACK: &str = r#"
rule failures {
  event x: login where outcome == "failure"
  emit country = x.country
  suppress 20m by country
}
rule returns {
  status shadow
  sequence by user, country within 1h { a: login where outcome == "failure"  b: login where outcome == "success" }
  suppress 1h by country
}
rule each { sequence by site within 1h { a: reading  b: reading where value > a.value }  suppress forever }
"#;

/// Rules over alerts, whose keys are others than those of what they look at.
const CHAINED: &str = r#"
rule by_country { window by country over 2h { f: failures } when count(f) >= 2  emit risk_of = "country", n = count(f) }
rule by_hand { sequence by user within 6h { f: returns_again  a: login } emit country = a.country }
rule returns_again {
  sequence by user within 1h { a: login where outcome == "failure"  b: login where outcome == "success" }
  emit country = b.country
}
rule quiet_after { sequence by country { c: by_country | by_hand  not again within 30m: by_country | by_hand } }
rule all_quiet { sequence global within 1d { q{2}: quiet_after }  suppress 1h }
rule said { status shadow  event x: all_quiet | quiet_after  emit rule = x.rule, since = time() - x.first }
"#;

impl Sink for Writer {
    fn shadow(&mut self, alert: Alert) -> ControlFlow<()> {
        self.said.shadow += 1;
        self.alert(alert)
    }

    fn alert(&mut self, alert: Alert) -> ControlFlow<()> {
        self.said.alerts.push(String::from_utf8(self.format.line(&alert).unwrap()).unwrap());
        ControlFlow::Continue(())
    }

    fn late(&mut self, event: Arc<Event>) -> ControlFlow<()> {
        self.said.late.push(serde_json::to_string(&LateEvent(&event)).unwrap());
        ControlFlow::Continue(())
    }
}

impl Writer {
    fn new(evidence: Evidence) -> Self {
        Writer { said: Said::default(), format: AlertFormat { style: AlertStyle::Plain, evidence, limit: 5 } }
    }

    fn reject(&mut self, reject: &Reject) {
        self.said.rejects.push(serde_json::to_string(reject).unwrap());
    }
}

struct World {
    folder: tempfile::TempDir,
    program: Arc<Program>,
}

impl World {
    /// The lines of a stream with known incidents over several files: one packed, one a table, one out of order, each
    /// with lines that are no events or unusual ones.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let stream = Stream::generate(3, 6_000);
        let lines: Vec<&str> = stream.events.lines().collect();
        let odd = [
            "",
            "  ",
            "{",
            "{\"ts\":1}x",
            "[1]",
            "{\"type\":\"x\"}",
            "{\"ts\":\"never\"}",
            "\u{feff}",
            "{\"ts\":\"2026-01-07T00:00:00Z\",\"type\":\"login\",\"user\":[1],\"user\":\"a\\u0062\"}",
            "{\"ts\":\"2026-01-08T00:00:00Z\",\"type\":7,\"user\":{\"id\":1}}",
        ];
        let part = |which: usize| {
            let own = lines.iter().enumerate().filter(move |(index, _)| index % 7 % 3 == which);
            own.map(|(index, line)| match index % 50 {
                0 => format!("{line}\r\n{}\n", odd[index / 50 % odd.len()]),
                _ => format!("{line}\n"),
            })
        };
        fs::write(folder.path().join("a.ndjson"), part(0).collect::<String>()).unwrap();
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut packed, part(1).collect::<String>().as_bytes()).unwrap();
        fs::write(folder.path().join("b.ndjson.gz"), packed.finish().unwrap()).unwrap();
        let mut disorder: Vec<String> = part(2).collect();
        disorder.chunks_mut(5).for_each(<[String]>::reverse);
        let mut bytes = disorder.concat().into_bytes();
        bytes.extend_from_slice(b"{\"ts\":1,\"a\":\"\xFF\"}\n{\"ts\":2}");
        fs::write(folder.path().join("c.ndjson"), bytes).unwrap();
        let table =
            "ts,type,user\n2026-01-05T00:00:00Z,login,ann\nnever,login,bob\n2026-01-06T00:00:00Z,login,bob\n";
        fs::write(folder.path().join("d.csv"), table).unwrap();
        World { folder, program: program(&[]) }
    }

    fn inputs(&self, names: &[&str]) -> (Inputs, Arc<ReadOptions>, Tap) {
        let options =
            Arc::new(ReadOptions { schema: self.program.plan().schema.clone(), ..ReadOptions::default() });
        let path = |name: &&str| self.folder.path().join(name).display().to_string();
        let arguments: Vec<String> = names.iter().map(path).collect();
        (Inputs::find(&arguments, &options).unwrap(), options, Arc::new(|_| Ok(())))
    }

    /// What the reference says; with an edit it takes over behind so many events.
    fn reference(
        &self,
        names: &[&str],
        lateness: Duration,
        evidence: Evidence,
        edit: Option<(usize, &Arc<Program>)>,
    ) -> Said {
        let mut seen = 0;
        let (inputs, options, tap) = self.inputs(names);
        let readers = inputs.iter().map(|input| Reader::open(input, &options, &tap).unwrap()).collect();
        let mut engine = Reference::new(Arc::clone(&self.program), EngineOptions { lateness });
        let mut writer = Writer::new(evidence);
        for item in Merge::new(readers) {
            match item {
                Ok(Item::Event(event)) => {
                    assert!(engine.push(event, &mut writer).is_continue());
                    seen += 1;
                    if let Some((_, program)) = edit.filter(|(at, _)| *at == seen) {
                        writer.said.swapped = engine.swap(program, &mut writer);
                    }
                }
                Ok(Item::Reject(reject)) => writer.reject(&reject),
                Err(error) => writer.said.broken.push(error.to_string()),
            }
        }
        let _ = engine.finish(AtEnd::Flush, &mut writer);
        writer.said.counts = counts(engine.stats());
        writer.said
    }

    fn pipeline(
        &self,
        names: &[&str],
        lateness: Duration,
        evidence: Evidence,
        (threads, chunk): (usize, usize),
        edit: Option<(usize, &Arc<Program>)>,
    ) -> (Said, usize) {
        let (inputs, options, tap) = self.inputs(names);
        let keep = if evidence == Evidence::Full { Keep::Events } else { Keep::References };
        let fields = self.program.fields();
        let intakes =
            inputs.iter().map(|input| Intake::open(input, &options, fields, keep, chunk, &tap).unwrap());
        let workers = Arc::new(Workers::new(threads).unwrap());
        let mut taken_over = 0;
        let mut shards = Shards::new(&self.program, &EngineOptions { lateness }, &workers);
        let mut writer = Writer::new(evidence);
        let mut flow = Flow::new(intakes.collect(), &self.program, &workers);
        let (mut seen, mut edit) = (0, edit);
        while let Some(portion) = flow.next() {
            match portion {
                Portion::Rows(runs) => {
                    assert!(shards.push(&runs, &mut writer).is_continue());
                    seen += runs.iter().map(|run| run.rows.len()).sum::<usize>();
                    if let Some((at, program)) = edit.take_if(|(at, _)| *at <= seen) {
                        writer.said.swapped = shards.swap(program, &mut writer);
                        flow.turn_to(program);
                        taken_over = seen.max(at);
                    }
                }
                Portion::Reject(reject) => writer.reject(&reject),
                Portion::Broken(error) => writer.said.broken.push(error.to_string()),
                Portion::Ended(_) => {}
                Portion::Idle(_)
                | Portion::Back(_)
                | Portion::Ahead(..)
                | Portion::Reached
                | Portion::Quiet => {
                    unreachable!("nothing is decided by a clock")
                }
            }
        }
        let _ = shards.finish(AtEnd::Flush, &mut writer);
        writer.said.counts = counts(shards.stats());
        (writer.said, taken_over)
    }
}

/// The rules of the demo and those above, each of these texts being replaced by the other.
fn program(edits: &[(&str, &str)]) -> Arc<Program> {
    let more = [("held_back.trip", HELD_BACK), ("chained.trip", CHAINED)];
    let rules = RULES.iter().map(|rule| (rule.name, rule.rule)).chain(more);
    let file = |(name, text): (&str, &str)| {
        SourceFile::new(name, edits.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to)))
    };
    let files: Vec<SourceFile> = rules.map(file).collect();
    let (program, found) = Program::compile(&files, &Settings::default(), Limits::default());
    Arc::new(program.unwrap_or_else(|| panic!("{found:#?}")))
}

/// What was counted, but for the events that a rule saw: the reference shows a rule also those of types it does not name.
fn counts(mut stats: Stats) -> String {
    stats.rules.iter_mut().for_each(|rule| rule.seen = 0);
    format!("{stats:?}")
}

#[test]
fn it_says_what_the_reference_says() {
    let world = World::new();
    let all = ["a.ndjson", "b.ndjson.gz", "c.ndjson", "d.csv"];
    let hour = Duration::parse("1h").unwrap();
    for (names, lateness, evidence) in [
        (&all[..1], Duration::ZERO, Evidence::Refs),
        (&all[..], Duration::ZERO, Evidence::Full),
        (&all[..], hour, Evidence::Refs),
        (&all[1..3], hour, Evidence::Full),
    ] {
        let expected = world.reference(names, lateness, evidence, None);
        assert!(expected.alerts.len() > 10 && expected.rejects.len() > 10, "{}", expected.counts);
        let summaries = expected.alerts.iter().filter(|alert| alert.contains(r#""kind":"summary""#));
        assert!(summaries.count() > 10 && expected.shadow > 10, "{}", expected.counts);
        for rule in ["by_country", "by_hand", "quiet_after", "all_quiet", "said"] {
            let of_rule = |alert: &&String| alert.starts_with(&format!(r#"{{"rule":"{rule}""#));
            assert!(expected.alerts.iter().any(|alert| of_rule(&alert)), "{rule}: {}", expected.counts);
        }
        for (threads, chunk) in [(1, 1 << 18), (2, 1 << 18), (1, 100), (3, 1_000), (2, 0)] {
            let (said, _) = world.pipeline(names, lateness, evidence, (threads, chunk), None);
            let context = format!("{names:?} {threads} threads, chunks of {chunk}");
            assert_eq!(said.alerts, expected.alerts, "{context}");
            assert_eq!(said.late, expected.late, "{context}");
            assert_eq!(said.rejects, expected.rejects, "{context}");
            assert_eq!(said.broken, expected.broken, "{context}");
            assert_eq!(said.counts, expected.counts, "{context}");
        }
    }
}

/// Edits that take over in the middle of the stream: of thresholds, steps, keys, of what is read, of what is held back.
const EDITS: [(&str, &str); 7] = [
    ("suppress 20m by country", "suppress 10m by country"),
    ("count(f) >= 2", "count(f) >= 3"),
    ("within 6h", "within 12h"),
    ("b: reading where value > a.value", "b: reading where value > a.value + 1  c: reading"),
    ("suppress 1h by country", "suppress 1h"),
    ("q{2}: quiet_after", "q{3}: quiet_after"),
    ("emit country = x.country", "emit country = x.country, ip = x.ip"),
];

#[test]
fn an_edit_in_the_middle_is_taken_as_the_reference_takes_it() {
    let world = World::new();
    let all = ["a.ndjson", "b.ndjson.gz", "c.ndjson", "d.csv"];
    let hour = Duration::parse("1h").unwrap();
    let edited = program(&EDITS);
    for (names, lateness, evidence) in
        [(&all[..1], Duration::ZERO, Evidence::Refs), (&all[..], hour, Evidence::Full)]
    {
        for ((threads, chunk), at) in
            [((1, 1 << 18), 1), ((2, 1_000), 400), ((3, 100), 1_500), ((2, 0), 3_000)]
        {
            let edit = Some((at, &edited));
            let (said, at) = world.pipeline(names, lateness, evidence, (threads, chunk), edit);
            let expected = world.reference(names, lateness, evidence, Some((at, &edited)));
            let context = format!("{names:?} {threads} threads, chunks of {chunk}, edited behind {at}");
            assert!(said.swapped.len() > 10 && said.alerts.len() > 10, "{context}");
            assert_eq!(said.swapped, expected.swapped, "{context}");
            assert_eq!(said.alerts, expected.alerts, "{context}");
            assert_eq!(said.counts, expected.counts, "{context}");
            assert_eq!((said.late, said.rejects), (expected.late, expected.rejects), "{context}");
        }
    }
}

/// Everything that the program writes.
fn session(folder: &Path, arguments: &[&str], engine: &[&str]) -> Vec<Vec<u8>> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tripline"));
    command.current_dir(folder).args(["run", "demo.trip"]).args(arguments).args(engine);
    command.args(["--late", "late.out", "--rejects", "rejects.out", "--stats=json"]);
    let output = command.output().unwrap();
    let file = |name: &str| fs::read(folder.join(name)).unwrap();
    let code = format!("{:?}", output.status.code()).into_bytes();
    vec![output.stdout, output.stderr, file("late.out"), file("rejects.out"), code]
}

/// As `counts` has it.
fn without_seen(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut parts = text.split("\"seen\":");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.trim_start_matches(|c: char| c.is_ascii_digit()))
}

#[test]
fn the_program_says_the_same_with_any_engine_and_number_of_threads() {
    let world = World::new();
    let folder = world.folder.path();
    let rules: String = RULES.iter().map(|rule| rule.rule).collect();
    let asks = "\nrule unseen { sequence by nobody within 1h { a: login  b: teleport } }\n";
    fs::write(folder.join("demo.trip"), rules + asks + HELD_BACK + CHAINED).unwrap();
    for arguments in [
        &["a.ndjson", "b.ndjson.gz", "c.ndjson", "d.csv"][..],
        &["a.ndjson", "--format", "table", "--evidence", "full"],
        &["c.ndjson", "a.ndjson", "--lateness", "20m", "--format", "cloudevents", "--at-end", "flush"],
        &["a.ndjson", "d.csv", "--strict"],
        &["c.ndjson", "--event-id", "user", "--evidence", "none"],
    ] {
        let expected = session(folder, arguments, &["--engine", "reference"]);
        for threads in ["1", "2", "3"] {
            let said = session(folder, arguments, &["--threads", threads]);
            for (said, expected) in said.iter().zip(&expected) {
                let (said, expected) = (without_seen(said), without_seen(expected));
                assert_eq!(said, expected, "{arguments:?}, {threads} threads");
            }
        }
    }
}
