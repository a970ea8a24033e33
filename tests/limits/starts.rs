//! `starts_per_group`: how many starts of a rule are open in a key group.

use tripline::Limits;

use super::{case, compare, verdict};
use crate::generate::{Arrival, rules, trials};

/// At most so many.
fn at_most(starts_per_group: usize) -> Limits {
    Limits { starts_per_group, ..Limits::default() }
}

const PAIR: &str = "rule r { sequence by k within 9s { a: a  b: b } }";

#[test]
fn a_start_beyond_the_limit_is_refused_and_the_earlier_ones_go_on() {
    let stream = "0s a k=1\n1s a k=2\n2s a k=3\n3s b k=3\n4s b k=2\n5s b k=1";
    assert_eq!(verdict(&case(PAIR, stream), at_most(3), 1), (vec![vec![1, 6], vec![2, 5], vec![3, 4]], 0));
    assert_eq!(verdict(&case(PAIR, stream), at_most(2), 1), (vec![vec![1, 6], vec![2, 5]], 1));
    assert_eq!(verdict(&case(PAIR, stream), at_most(0), 1), (vec![], 3));
}

#[test]
fn each_group_has_room_of_its_own() {
    // The keys 1 and 3 are of one group of two, 2 is of the other.
    let stream = "0s a k=1\n1s a k=2\n2s a k=3\n3s b k=3\n4s b k=2\n5s b k=1";
    assert_eq!(verdict(&case(PAIR, stream), at_most(1), 2), (vec![vec![1, 6], vec![2, 5]], 1));
    assert_eq!(verdict(&case(PAIR, stream), at_most(1), 1), (vec![vec![1, 6]], 2));
}

#[test]
fn each_rule_has_room_of_its_own() {
    let rules = format!("{PAIR}\nrule s {{ sequence by k within 9s {{ a: a  b: b }} }}");
    let (alerts, refused) = verdict(&case(&rules, "0s a k=1\n1s b k=1"), at_most(1), 1);
    assert_eq!((alerts.len(), refused), (2, 0));
}

#[test]
fn what_has_ended_makes_room() {
    let ended = |rule: &str, stream: &str| verdict(&case(rule, stream), at_most(1), 1);
    // By a match; but not for a start at the event that completes it (there are two).
    assert_eq!(ended(PAIR, "0s a k=1\n1s b k=1\n1s a k=2\n2s b k=2"), (vec![vec![1, 2], vec![3, 4]], 0));
    let same = "rule r { sequence by k within 9s { a: a  b: a } }";
    assert_eq!(ended(same, "0s a k=1\n1s a k=1\n1s a k=2\n2s a k=2"), (vec![vec![1, 2], vec![3, 4]], 2));
    // By time: a start of second 0 is open up to and with second 9.
    assert_eq!(ended(PAIR, "0s a k=1\n9s a k=2\n10s b k=2"), (vec![], 1));
    assert_eq!(ended(PAIR, "0s a k=1\n10s a k=2\n11s b k=2"), (vec![vec![2, 3]], 0));
    // By a cancelling event.
    let cancelled = "rule r { sequence by k within 9s { a: a  b: b  until x: x } }";
    assert_eq!(ended(cancelled, "0s a k=1\n1s x k=1\n2s a k=2\n3s b k=2"), (vec![vec![3, 4]], 0));
}

/// Both are judged by the number before the event, so that it does not matter which comes first.
#[test]
fn what_one_key_of_an_event_begins_takes_no_room_from_another() {
    let rule = "rule r { sequence by k within 9s { either { a: a } or { c by l: a }  b: b } }";
    let stream = "0s a k=1 l=2\n1s a k=3 l=4\n2s b k=1\n2s b k=2\n3s b k=3";
    assert_eq!(verdict(&case(rule, stream), at_most(1), 1), (vec![vec![1, 3], vec![1, 4]], 2));
    assert_eq!(verdict(&case(rule, stream), at_most(2), 1), (vec![vec![1, 3], vec![1, 4]], 2));
    let (alerts, refused) = verdict(&case(rule, stream), at_most(3), 1);
    assert_eq!((alerts, refused), (vec![vec![1, 3], vec![1, 4], vec![2, 5]], 0));
}

/// It is not asked whether anything of a start would have to be kept.
#[test]
fn a_start_that_completes_at_once_is_refused_like_any_other() {
    let rule = "rule r { sequence by k within 9s { a: a  b?: b } }";
    assert_eq!(verdict(&case(rule, "0s a k=1\n1s a k=2"), at_most(0), 1).1, 2);
    assert_eq!(verdict(&case("rule r { event a: a }", "0s a\n1s a"), at_most(0), 1), (vec![], 2));
    assert_eq!(
        verdict(&case("rule r { event a: a }", "0s a\n1s a"), at_most(1), 1),
        (vec![vec![1], vec![2]], 0)
    );
}

#[test]
fn random_rules_are_refused_the_same_starts() {
    compare(trials(rules::any(), Arrival::Mixed), 20, |n| at_most(1 + n % 3));
}

#[test]
fn random_rules_are_refused_the_same_starts_of_keys() {
    compare(trials(rules::keyed(), Arrival::Mixed), 20, |n| at_most(1 + n % 3));
}

#[test]
fn random_queues_are_refused_the_same_starts() {
    compare(trials(rules::queues(), Arrival::Mixed), 20, |n| at_most(1 + n % 3));
}

#[test]
fn random_rules_held_in_common_are_refused_the_same_starts() {
    compare(trials(rules::in_common(), Arrival::Mixed), 20, |n| at_most(1 + n % 3));
}

#[test]
fn random_timeouts_are_refused_the_same_starts() {
    compare(trials(rules::timeouts(), Arrival::Mixed), 20, |n| at_most(1 + n % 3));
}

#[test]
fn random_finals_are_refused_the_same_starts() {
    compare(trials(rules::finals(), Arrival::Mixed), 20, |n| at_most(1 + n % 3));
}

#[test]
fn random_latest_are_refused_the_same_starts() {
    compare(trials(rules::latest(), Arrival::Mixed), 20, |n| at_most(1 + n % 3));
}
