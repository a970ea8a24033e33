//! What is refused, and how it is said. Nothing that is given to an engine makes it panic.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use tripline::snapshot::{Fate, RestoreError, Section};
use xxhash_rust::xxh3::xxh3_64;

use super::kept::Kept;
use crate::corpus::notation::BASE;
use crate::corpus::run::Collector;

/// Where the payload begins, and how long the checksum is.
const HEAD: usize = 19;
const SUM: usize = 8;

/// A snapshot with the checksum that it should have.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let end = bytes.len() - SUM;
    let sum = xxh3_64(&bytes[..end]).to_le_bytes();
    bytes[end..].copy_from_slice(&sum);
    bytes
}

#[test]
fn a_snapshot_that_was_cut_is_refused() {
    let kept = Kept::new("v1");
    for bytes in kept.sections() {
        for end in 0..bytes.len() {
            let expected = if end < 8 { RestoreError::NotASnapshot } else { RestoreError::Damaged };
            assert_eq!(kept.engine().restore(&bytes[..end]), Err(expected), "{end} bytes");
        }
    }
}

#[test]
fn a_snapshot_with_a_wrong_bit_is_refused() {
    let kept = Kept::new("v1");
    for bytes in kept.sections() {
        for bit in 0..8 * bytes.len() {
            let mut wrong = bytes.clone();
            wrong[bit / 8] ^= 1 << (bit % 8);
            let expected = if bit < 64 { RestoreError::NotASnapshot } else { RestoreError::Damaged };
            assert_eq!(kept.engine().restore(&wrong), Err(expected), "bit {bit}");
        }
    }
}

#[test]
fn what_is_newer_or_of_another_kind_is_refused_by_name() {
    let kept = Kept::new("v1");
    let refused = |at: usize, byte: u8| {
        let mut bytes = kept.sections().remove(0);
        bytes[at] = byte;
        kept.engine().restore(&sealed(bytes)).unwrap_err()
    };
    assert_eq!(refused(8, 2), RestoreError::Newer { version: 2, known: 1 });
    assert_eq!(refused(8, 0), RestoreError::Damaged);
    assert_eq!(refused(10, 7), RestoreError::UnknownKind { kind: 7 });
    assert!(refused(8, 2).to_string().contains("format version 2, and this program reads up to 1"));
}

/// Checksums are for accidents. What passes them is taken or refused, and what is taken can be gone on with.
#[test]
fn nothing_that_passes_the_checksum_makes_an_engine_panic() {
    let kept = Kept::new("v1");
    for (index, bytes) in kept.sections().into_iter().enumerate() {
        for at in HEAD..bytes.len() - SUM {
            for change in [0x01, 0x40] {
                let mut wrong = bytes.clone();
                wrong[at] ^= change;
                go_on(&kept, index, &sealed(wrong));
            }
            let mut shorter = bytes.clone();
            shorter.remove(at);
            go_on(&kept, index, &sealed(shorter));
        }
    }
}

#[test]
fn random_bytes_are_refused() {
    let kept = Kept::new("v1");
    let head = kept.sections().remove(1)[..HEAD].to_vec();
    let config = Config { cases: 2_000, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[0; 32]));
    let payload = prop::collection::vec(any::<u8>(), 0..200);
    let tried = runner.run(&payload, |payload| {
        prop_assert!(kept.engine().restore(&payload).is_err());
        let bytes = [&head[..], &payload, &[0; SUM]].concat();
        go_on(&kept, 1, &sealed(bytes));
        Ok(())
    });
    tried.unwrap();
}

/// Restores one section in place of that which was kept, and goes on if it is taken.
fn go_on(kept: &Kept, index: usize, wrong: &[u8]) {
    let mut engine = kept.engine();
    for (other, bytes) in kept.sections().iter().enumerate() {
        let taken = if other == index { engine.restore(wrong) } else { engine.restore(bytes) };
        if other == index && taken.is_err() {
            return;
        }
    }
    kept.finish(engine);
}

#[test]
fn a_snapshot_is_not_put_over_what_is_there() {
    let kept = Kept::new("v1");
    let sections = kept.sections();
    let mut engine = kept.engine();
    assert_eq!(engine.restore(&sections[1]), Err(RestoreError::Ahead));
    engine.restore(&sections[0]).unwrap();
    assert_eq!(engine.restore(&sections[0]), Err(RestoreError::Begun));
    let report = engine.restore(&sections[1]).unwrap();
    let Section::Group(group) = report.section else { panic!("{report:?}") };
    assert_eq!(engine.restore(&sections[1]), Err(RestoreError::Occupied { group }));
    let mut engine = kept.engine();
    kept.push(&mut engine, "before.txt", 0, &mut Collector::default());
    assert_eq!(engine.restore(&sections[0]), Err(RestoreError::Begun));
    // Nor where no event has come, but time has.
    let mut engine = kept.engine();
    assert!(engine.advance(BASE, &mut Collector::default()).is_continue());
    assert_eq!(engine.restore(&sections[0]), Err(RestoreError::Begun));
}

#[test]
fn what_became_of_each_rule_is_reported() {
    let kept = Kept::new("v1");
    let rules = kept.read("rules.trip");
    let edited = Kept::with(&rules.replace("rule branches", "rule renamed").replace("b{2}", "b{3}"));
    let mut engine = edited.engine();
    for (index, section) in kept.sections().iter().enumerate() {
        let report = engine.restore(section).unwrap();
        for rule in &report.rules {
            let fate = match &*rule.name {
                "branches" => Fate::Gone,
                "loops" => Fate::Changed,
                _ => Fate::Kept,
            };
            assert_eq!(rule.fate, fate, "{rule:?}");
            assert_eq!(rule.partitions > 0, index > 0, "{rule:?}");
        }
        let starts: u64 = report.rules.iter().map(|rule| rule.starts).sum();
        assert_eq!(starts > 0, index > 0, "{report:?}");
    }
    let said = edited.finish(engine);
    let expected = kept.read("alerts.txt");
    let expected = expected
        .lines()
        .filter(|line| !["rule:branches", "rule:loops"].iter().any(|rule| line.contains(rule)));
    assert_eq!(said.lines().collect::<Vec<_>>(), expected.collect::<Vec<_>>());
}
