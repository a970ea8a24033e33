//! Telephone calls: conversations, missed calls, call centres, and numbers that want to be called back.

use super::random::Random;
use super::world::{DAYS, HOUR, MINUTE, SECOND, World, around, daytime, sometime};

/// Makes all calls.
pub(super) fn make(world: &mut World) {
    let mut random = world.random("calls");
    let subscribers = world.scaled(2_500, 200);
    let mut slips = vec![0; subscribers as usize];
    for i in 0..world.scaled(30_000, 1_000) {
        let time = daytime(&mut random, i % DAYS);
        let caller = random.index(slips.len());
        let callee = number(random.between(0, subscribers - 1));
        let (ring, talk) = conversation(&mut random, &mut slips[caller]);
        call(world, time, &number(caller as i64), &callee, ring, talk);
    }
    for centre in 0..world.scaled(6, 2) {
        call_centre(world, &mut random, centre, subscribers);
    }
    for campaign in 0..world.scaled(80, 40) {
        one_ring(world, &mut random, campaign, subscribers);
    }
}

fn number(subscriber: i64) -> String {
    format!("+4930{subscriber:06}")
}

fn call(world: &mut World, time: i64, caller: &str, callee: &str, ring_s: i64, talk_s: i64) {
    let fields = [
        ("caller", caller.into()),
        ("callee", callee.into()),
        ("ring_s", ring_s.into()),
        ("talk_s", talk_s.into()),
        ("cell", "b-0417".into()),
    ];
    world.event(time, "call", &fields);
}

/// How long it rings and how long they talk. A number rings others for a moment seven times at the most.
fn conversation(random: &mut Random, slips: &mut i64) -> (i64, i64) {
    match random.between(0, 99) {
        0..=2 if *slips < 7 => {
            *slips += 1;
            (random.between(1, 3), 0)
        }
        0..=22 => (random.between(4, 40), 0),
        _ => (random.between(3, 25), random.skewed(4, 3_000)),
    }
}

/// A call centre rings many, lets it ring, and is called back: no fraud.
fn call_centre(world: &mut World, random: &mut Random, centre: i64, subscribers: i64) {
    let (own, mut time) = (format!("+4980{centre:04}"), sometime(random));
    for _ in 0..random.between(20, 60) {
        let callee = number(random.between(0, subscribers - 1));
        let talk = if random.percent(60) { 0 } else { random.skewed(20, 400) };
        call(world, time, &own, &callee, random.between(4, 25), talk);
        if random.percent(20) {
            call(world, time + 4 * MINUTE, &callee, &own, 6, random.between(30, 200));
        }
        time += random.between(20 * SECOND, 2 * MINUTE);
    }
    world.near.push("wangiri");
}

/// A number abroad rings many for a moment; some call back, and some of those stay on the line.
///
/// An incident: a call back of half a minute or more, with eight numbers rung in the hour before it.
fn one_ring(world: &mut World, random: &mut Random, campaign: i64, subscribers: i64) {
    let (own, start) = (format!("+8821{campaign:05}"), sometime(random));
    let slow = random.percent(30);
    let count = match slow {
        true => 8,
        false if random.percent(40) => random.between(7, 9),
        false => random.between(3, 50),
    };
    let (tempo, few) = (random.skewed(3 * SECOND, 6 * MINUTE), !slow && random.percent(15));
    let (mut time, mut rings) = (start, Vec::new());
    for _ in 0..count {
        let victim = random.between(0, if few { 6 } else { subscribers - 1 });
        let ring = if slow { 3 } else { random.pick(&[1, 2, 2, 3, 3, 3, 4]) };
        call(world, time, &own, &number(victim), ring, 0);
        if ring <= 3 {
            rings.push((time, victim));
        }
        time += random.between(tempo / 2, tempo * 3 / 2);
    }
    let mut backs: Vec<(i64, i64)> = (0..random.between(0, 3))
        .map(|_| {
            let talk = random.pick(&[5, 12, 29, 30, 31, 90, 240]);
            (start + around(random, HOUR, MINUTE, 2 * HOUR) + 500, talk)
        })
        .collect();
    match slow {
        // Nobody calls back before the hour since the first ring is over, or nearly over.
        true => backs = vec![(start + HOUR + random.pick(&[0, -1, 1, SECOND, 30 * SECOND]), 90)],
        false => backs.push((time + random.skewed(SECOND, HOUR), random.pick(&[29, 30, 80]))),
    }
    backs.sort_unstable();
    let mut seen = 0;
    for &(back, talk) in &backs {
        let Some(&(_, victim)) = rings.first() else { continue };
        call(world, back, &number(victim), &own, 5, talk);
        let mut victims: Vec<i64> =
            rings.iter().filter(|r| r.0 > seen && r.0 < back && back - r.0 <= HOUR).map(|r| r.1).collect();
        victims.sort_unstable();
        victims.dedup();
        let certain = (talk >= 30 && victims.len() >= 8).then_some(back);
        world.tried("wangiri", &own, certain);
        // Who was rung before a call back that paid off is part of that one.
        seen = certain.unwrap_or(seen);
    }
}
