//! `captured_bytes`: what the events weigh that one start has bound.

use tripline::Limits;

use super::{case, compare, verdict};
use crate::generate::{Arrival, rules, trials};

/// At most so much.
fn at_most(captured_bytes: usize) -> Limits {
    Limits { captured_bytes, ..Limits::default() }
}

/// What an event weighs besides its text.
const EVENT: usize = 256;

#[test]
fn an_event_weighs_its_fixed_share_and_the_text_that_rules_ask_of_it() {
    for (text, weight) in [
        // Of what no rule asks for nothing is kept.
        ("u=ann note=long", 3),
        ("u=12", 0),
        ("", 0),
        ("u=[\"ann\",[\"b\"],7]", 3 + 1 + 4 * 8),
        ("u={\"n\":\"ann\"}", 1 + 3 + 8),
    ] {
        let rule = "rule r { sequence global within 9s { a: a  b: b } emit u = a.u }";
        let found = |limit| verdict(&case(rule, &format!("0s a {text}\n1s b")), at_most(limit), 1);
        let open = |limit| found(limit).1 == 0;
        assert!(open(2 * EVENT + weight) && !open(2 * EVENT + weight - 1), "{text}");
    }
}

const PAIR: &str = "rule r { sequence by k within 9s { a: a  b: b where u == a.u  c: c } }";

#[test]
fn an_event_that_is_too_much_ends_what_it_would_go_on_with() {
    let stream = "0s a k=1 u=x\n1s b k=1 u=x\n2s c k=1\n2s a k=1 u=y\n3s b k=1 u=y\n4s c k=1";
    let all = vec![vec![1, 2, 3], vec![4, 5, 6]];
    // The key is asked of bound events too, but these are numbers.
    assert_eq!(verdict(&case(PAIR, stream), at_most(3 * EVENT + 2), 1), (all, 0));
    assert_eq!(verdict(&case(PAIR, stream), at_most(3 * EVENT + 1), 1), (vec![], 2));
    assert_eq!(verdict(&case(PAIR, stream), at_most(EVENT), 1), (vec![], 2));
    // Nothing begins at all, and nothing waits.
    assert_eq!(verdict(&case(PAIR, stream), at_most(EVENT), 1).1, 2);
    assert_eq!(verdict(&case("rule r { event a: a }", "0s a\n1s a"), at_most(EVENT - 1), 1), (vec![], 2));
}

/// Whichever of its ways would hold too much: a loop that has gone on too long is not left earlier instead.
#[test]
fn a_start_is_given_up_with_all_its_ways() {
    let stream = "0s a\n1s a\n2s a\n3s b";
    for (mode, refused) in [("", 1), ("any ", 1)] {
        let rule = format!("rule r {{ sequence global within 9s {{ s: s  {mode}a+: a  b: b }} }}");
        let stream = format!("0s s\n{stream}");
        let found = |events: usize| verdict(&case(&rule, &stream), at_most(events * EVENT), 1);
        assert_eq!(found(4), (vec![], refused), "{rule}");
        assert_eq!(found(5), (vec![vec![1, 2, 3, 4, 5]], 0), "{rule}");
    }
    // Later starts have bound less.
    let rule = "rule r { sequence global within 9s { a{2,}: a  b: b } }";
    assert_eq!(verdict(&case(rule, stream), at_most(3 * EVENT), 1), (vec![vec![2, 3, 4]], 1));
}

/// What starts share, each of them weighs.
#[test]
fn what_starts_of_a_queue_share_is_weighed_for_each() {
    let rule = "rule r { sequence global within 99s { a: a  b{2}: b  c: c } matches every }";
    let stream = "0s a\n1s a\n2s b\n3s b\n4s c\n5s a\n6s b\n7s a\n8s b\n9s b\n10s c";
    let all = vec![vec![1, 3, 4, 5], vec![2, 3, 4, 5], vec![6, 7, 9, 11], vec![8, 9, 10, 11]];
    assert_eq!(verdict(&case(rule, stream), at_most(4 * EVENT), 1), (all, 0));
    assert_eq!(verdict(&case(rule, stream), at_most(4 * EVENT - 1), 1), (vec![], 4));
    assert_eq!(verdict(&case(rule, stream), at_most(2 * EVENT), 1), (vec![], 4));
    // Some are heavier than others: an event that is too much for one is not for the next.
    let rule = "rule r { sequence global within 99s { a: a where t != \"\"  b{2}: b  c: c } matches every emit t = a.t }";
    let stream = "0s a t=long\n1s a t=x\n2s b\n3s a t=longer\n4s b\n5s c\n6s b\n7s c";
    assert_eq!(
        verdict(&case(rule, stream), at_most(4 * EVENT + 4), 1),
        (vec![vec![1, 3, 5, 6], vec![2, 3, 5, 6]], 1)
    );
    assert_eq!(verdict(&case(rule, stream), at_most(4 * EVENT + 3), 1), (vec![vec![2, 3, 5, 6]], 2));
    assert_eq!(verdict(&case(rule, stream), at_most(2 * EVENT + 4), 1), (vec![], 3));
}

/// Two to four events, the text of some included.
fn few(n: usize) -> Limits {
    at_most((1 + n % 4) * EVENT + n % 5)
}

#[test]
fn random_rules_are_refused_the_same_events() {
    compare(trials(rules::any(), Arrival::Mixed), 20, few);
}

#[test]
fn random_rules_are_refused_the_same_events_of_keys() {
    compare(trials(rules::keyed(), Arrival::Mixed), 20, few);
}

#[test]
fn random_queues_are_refused_the_same_events() {
    compare(trials(rules::queues(), Arrival::Mixed), 20, few);
}

#[test]
fn random_rules_held_in_common_are_refused_the_same_events() {
    compare(trials(rules::in_common(), Arrival::Mixed), 20, few);
}

#[test]
fn random_timeouts_are_refused_the_same_events() {
    compare(trials(rules::timeouts(), Arrival::Mixed), 20, few);
}

#[test]
fn random_finals_are_refused_the_same_events() {
    compare(trials(rules::finals(), Arrival::Mixed), 20, few);
}

#[test]
fn random_latest_are_refused_the_same_events() {
    compare(trials(rules::latest(), Arrival::Mixed), 20, few);
}
