//! Rule files: every text gives a program or says why not, at places that can be shown; and a program can be run, by
//! both engines alike.

use std::sync::Arc;

use tripline::reference::Reference;
use tripline::render::{self, Style};
use tripline::{
    Alert, AtEnd, Engine, EngineOptions, Event, Limits, Program, Record, Settings, Source, SourceFile,
    Timestamp, Value,
};

pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let files = [SourceFile::new("fuzz.trip", text)];
    let (program, found) = Program::compile(&files, &Settings::default(), limits());
    assert_eq!(program.is_none(), found.iter().any(|finding| finding.is_error()), "{found:?}");
    for finding in &found {
        for span in finding.labels.iter().map(|label| label.span) {
            let range = span.start as usize..span.end as usize;
            assert!(text.get(range).is_some(), "no place of the text: {finding:?}");
        }
        render::draw(finding, &files, Style { colour: false, width: 80 });
        render::short(finding, &files);
        render::json(finding, &files);
    }
    if let Some(program) = program {
        run(&Arc::new(program));
    }
}

/// Smaller than those of everyday, so that no input takes long.
fn limits() -> Limits {
    Limits {
        regex_bytes: 1 << 16,
        steps: 50,
        edges: 2_000,
        diagnostics: 20,
        partials_per_key: 100,
        ..Limits::default()
    }
}

/// Shows the same few events to both engines.
fn run(program: &Arc<Program>) {
    let events = events(program);
    let mut engine = Engine::new(Arc::clone(program), EngineOptions::default());
    let mut reference = Reference::new(Arc::clone(program), EngineOptions::default());
    let (mut said, mut expected) = (Vec::<Alert>::new(), Vec::<Alert>::new());
    for event in events {
        let _ = engine.push_event(event.clone(), &mut said);
        let _ = reference.push(event, &mut expected);
    }
    let _ = engine.finish(AtEnd::Flush, &mut said);
    let _ = reference.finish(AtEnd::Flush, &mut expected);
    let refused = |stats: tripline::Stats| stats.rules.iter().any(|rule| rule.refused > 0);
    // What a limit leaves out depends on the form in which an engine holds it.
    if refused(engine.stats()) || refused(reference.stats()) {
        return;
    }
    let shown = |alerts: &[Alert]| alerts.iter().map(shown).collect::<Vec<_>>();
    assert_eq!(shown(&said), shown(&expected));
}

fn shown(alert: &Alert) -> String {
    format!("{} {} {:032x} {:?} {:?}", alert.rule.name, alert.time, alert.id, alert.key, alert.fields)
}

/// Three of each type that the rules name, in turn, with a value in every field that they read.
fn events(program: &Program) -> Vec<Event> {
    const KINDS: usize = 6;
    let source = Arc::new(Source { rank: 0, name: "fuzz".into() });
    let kinds = program.kinds().iter().take(KINDS);
    let kinds: Vec<&str> = kinds.map(|kind| &**kind).chain([""]).collect();
    let mut events = Vec::new();
    for round in 0..3 {
        for kind in &kinds {
            let number = events.len() as u64;
            let mut fields = Record::default();
            for path in program.fields().iter() {
                let path: Vec<&str> = path.iter().map(|name| name.as_str()).collect();
                insert(&mut fields, &path, Value::Int(round % 2));
            }
            let time = Timestamp::from_nanos((number as i64) * 1_000_000_000);
            events.push(Event::new(time, Some(*kind), fields).at(&source, number + 1));
        }
    }
    events
}

fn insert(fields: &mut Record, path: &[&str], value: Value) {
    match path {
        [] => {}
        [name] => _ = fields.insert((*name).into(), value),
        [name, rest @ ..] => {
            let mut inner = match fields.get(*name) {
                Some(Value::Record(inner)) => (**inner).clone(),
                _ => Record::default(),
            };
            insert(&mut inner, rest, value);
            fields.insert((*name).into(), Value::Record(inner.into()));
        }
    }
}
