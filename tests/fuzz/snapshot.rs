//! Snapshots: whatever passes the checksum is taken or refused; what is refused leaves the engine as it was; what is taken
//! is written so that it is taken again, written alike, and gone on with alike.

use std::sync::{Arc, OnceLock};

use tripline::runtime::{KeyGroups, Setup};
use tripline::snapshot::Fate;
use tripline::{
    Alert, AtEnd, Duration, Engine, EngineOptions, Event, Limits, Program, Record, Settings, SourceFile,
    Timestamp, Value,
};
use xxhash_rust::xxh3::xxh3_64;

/// Two bytes say how long the payload of the global section is; behind it is that of the only key group.
pub fn check(data: &[u8]) {
    let _ = engine(false).restore(data);
    let Some((length, payloads)) = data.split_first_chunk::<2>() else { return };
    let Some((global, group)) = payloads.split_at_checked(u16::from_le_bytes(*length).into()) else { return };
    let mut engine = engine(false);
    let mut taken = false;
    for (kind, payload) in [(0, global), (1, group)] {
        let before = sections(&engine);
        taken = engine.restore(&sealed(kind, payload)).is_ok();
        assert!(taken || sections(&engine) == before, "what was refused has left something");
    }
    // A global section alone is rarely of interest.
    if taken || group.is_empty() {
        again(engine);
    }
}

/// What an engine holds is taken up by others, which go on as it does, also from the middle of what comes.
fn again(mut first: Engine) {
    let told = sections(&first);
    let mut second = restored(false, &told);
    assert_eq!(sections(&second), told, "what was restored is written in another way");
    let events = stream(7, 14);
    let (begin, end) = events.split_at(events.len() / 2);
    finish(restored(true, &told), end);
    assert_eq!(push(&mut second, begin), push(&mut first, begin));
    let third = restored(false, &sections(&first));
    let said = finish(first, end);
    assert_eq!(finish(second, end), said);
    assert_eq!(finish(third, end), said, "restored in the middle");
}

/// A section around a payload, with the checksum that it should have.
fn sealed(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = [b"tripsnap\x01\x00", &[kind][..], &[0; 8], payload].concat();
    let sum = xxh3_64(&bytes);
    bytes.extend_from_slice(&sum.to_le_bytes());
    bytes
}

fn restored(general: bool, sections: &[Vec<u8>]) -> Engine {
    let mut engine = engine(general);
    for section in sections {
        let report = engine.restore(section).unwrap_or_else(|error| panic!("not taken again: {error}"));
        // What is told in common may be more than the general form can list.
        let taken = |fate| fate == Fate::Kept || general && fate == Fate::Unfit;
        assert!(report.rules.iter().all(|rule| taken(rule.fate)), "{report:?}");
    }
    engine
}

/// Everything that an engine holds.
pub fn sections(engine: &Engine) -> Vec<Vec<u8>> {
    vec![engine.snapshot_global(), engine.snapshot(0)]
}

pub fn push(engine: &mut Engine, events: &[Event]) -> Vec<String> {
    let mut alerts = Vec::new();
    for event in events {
        let _ = engine.push_event(event.clone(), &mut alerts);
    }
    alerts.iter().map(shown).collect()
}

fn finish(mut engine: Engine, events: &[Event]) -> Vec<String> {
    let mut said = push(&mut engine, events);
    let mut alerts = Vec::new();
    let _ = engine.finish(AtEnd::Flush, &mut alerts);
    said.extend(alerts.iter().map(shown));
    said
}

fn shown(alert: &Alert) -> String {
    format!(
        "{} {:?} {} {:032x} {:?} {:?}",
        alert.rule.name, alert.kind, alert.time, alert.id, alert.key, alert.fields
    )
}

/// So many events of what the rules look at, of two keys, out of order now and then.
pub fn stream(seed: u64, count: u64) -> Vec<Event> {
    const BASE: i64 = 1_767_225_600_000_000_000;
    let mut state = seed;
    let mut next = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut seconds = 60;
    let mut event = || {
        seconds += [5, 30, 90, 400][next(4) as usize];
        let time = Timestamp::from_nanos(BASE + (seconds - next(60)) as i64 * 1_000_000_000);
        let kind = ["a", "b", "b", "c", "d", "x"][next(6) as usize];
        let value = |n: u64| Value::Int(n as i64);
        let fields = Record::from_iter([("k".into(), value(next(2))), ("v".into(), value(next(4)))]);
        Event::new(time, Some(kind), fields)
    };
    let source = Arc::default();
    (1..=count).map(|number| event().at(&source, number)).collect()
}

pub fn program() -> &'static Arc<Program> {
    static PROGRAM: OnceLock<Arc<Program>> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let files = [SourceFile::new("snapshot.trip", include_str!("snapshot.trip"))];
        let limits = Limits { partials_per_key: 500, ..Limits::default() };
        let (program, found) = Program::compile(&files, &Settings::default(), limits);
        Arc::new(program.unwrap_or_else(|| panic!("{found:?}")))
    })
}

/// An engine with one key group.
pub fn engine(general: bool) -> Engine {
    let options = EngineOptions { lateness: Duration::from_millis(60_000) };
    let setup = Setup { groups: KeyGroups::all(1), general };
    Engine::with(Arc::clone(program()), options, setup, ()).unwrap()
}
