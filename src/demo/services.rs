//! Services: requests, deployments, errors, and the people who are paged for them.

use super::agenda::Agenda;
use super::random::Random;
use super::world::{DAYS, HOUR, MINUTE, SECOND, START, World, around, daytime, sometime};

const SERVICES: [&str; 12] =
    ["cart", "search", "login", "stock", "prices", "mail", "images", "pay", "tax", "track", "maps", "chat"];
const PATHS: [&str; 6] = ["/", "/list", "/add", "/remove", "/status", "/export"];

const WINDOW: i64 = 10 * MINUTE;
const APART: i64 = 11 * MINUTE;

/// Makes all requests, deployments and pages.
pub(super) fn make(world: &mut World) {
    let mut random = world.random("services");
    let mut agenda = Agenda::new(SERVICES.len());
    for _ in 0..world.scaled(90, 40) {
        rollout(world, &mut agenda, &mut random);
    }
    for i in 0..world.scaled(14_000, 300) {
        let (time, status) =
            (daytime(&mut random, i % DAYS), random.pick(&[200, 200, 200, 200, 201, 304, 404, 499]));
        let service = random.pick(&SERVICES);
        request(world, &mut random, time, service, status);
    }
    for _ in 0..world.scaled(300, 20) {
        hiccup(world, &mut agenda, &mut random);
    }
    for number in 0..world.scaled(60, 12) {
        page(world, &mut random, number);
    }
}

fn request(world: &mut World, random: &mut Random, time: i64, service: &str, status: i64) {
    let fields = [
        ("service", service.into()),
        ("status", status.into()),
        ("path", random.pick(&PATHS).into()),
        ("ms", random.skewed(2, 4_000).into()),
    ];
    world.event(time, "request", &fields);
}

fn deployment(world: &mut World, time: i64, service: &str, kind: &str, version: i64) {
    let version = format!("4.{version}");
    let fields = [("service", service.into()), ("kind", kind.into()), ("version", (&version).into())];
    world.event(time, "deployment", &fields);
}

/// A few errors, or an outage that no deployment caused.
fn hiccup(world: &mut World, agenda: &mut Agenda, random: &mut Random) {
    let (which, time) = (random.index(SERVICES.len()), sometime(random));
    if agenda.take(which, time - APART, time + APART) {
        for i in 0..random.pick(&[1, 1, 2, 3, 20]) {
            request(world, random, time + i * SECOND, SERVICES[which], 503);
        }
    }
}

/// A version or two go out; errors follow or do not, and somebody may take it back.
///
/// An incident, for each version: ten errors in the ten minutes after it and before it was rolled back.
fn rollout(world: &mut World, agenda: &mut Agenda, random: &mut Random) {
    let (which, start) = (random.index(SERVICES.len()), sometime(random));
    if !agenda.take(which, start - APART, start + 40 * MINUTE + APART) {
        return;
    }
    let (service, version) = (SERVICES[which], random.between(1, 900));
    let mut rollouts = vec![start];
    if random.percent(20) {
        rollouts.push(start + random.between(SECOND, 5 * MINUTE));
    }
    for (number, &time) in (version..).zip(&rollouts) {
        deployment(world, time, service, "rollout", number);
    }
    let count = random.pick(&[0, 2, 8, 9, 9, 10, 10, 11, 25]);
    let tempo = random.skewed(SECOND, 80 * SECOND);
    let mut errors: Vec<i64> =
        (1..=count).map(|i| start + random.between(0, 400) + i * tempo + i * SECOND).collect();
    // Ten errors, the last of them when the ten minutes end.
    let at_the_end = random.percent(25);
    if at_the_end {
        errors = (1..=9).map(|i| start + i * 50 * SECOND).collect();
        errors.push(start + WINDOW + random.pick(&[0, -1, 1, 500, SECOND]));
    }
    // Clients that give up are no errors of the service.
    let refused = random.percent(15);
    for &time in &errors {
        let status = if refused { 499 } else { random.pick(&[500, 502, 503]) };
        request(world, random, time, service, status);
    }
    let rolled_back =
        (!at_the_end && random.percent(35)).then(|| start + random.between(MINUTE, 8 * MINUTE) + 501);
    if let Some(time) = rolled_back {
        deployment(world, time, service, "rollback", version - 1);
    }
    for &deployed in &rollouts {
        let until = rolled_back.filter(|&back| back > deployed).unwrap_or(i64::MAX);
        let mut after =
            errors.iter().filter(|&&e| !refused && e > deployed && e < until && e - deployed <= WINDOW);
        world.tried("deploy_then_errors", service, after.nth(9).copied());
    }
}

/// Somebody is paged, and answers and mends it, in time or not.
///
/// Both ends are told: mended in time when it is mended, a broken promise when it is broken.
fn page(world: &mut World, random: &mut Random, number: i64) {
    let (id, time) = (format!("pg-{number:05}"), sometime(random).max(START));
    let (answer, mend) = (15 * MINUTE, 4 * HOUR);
    let service = random.pick(&SERVICES);
    world.event(
        time,
        "page",
        &[("page_id", (&id).into()), ("service", service.into()), ("urgency", "high".into())],
    );
    let taken = random.percent(85).then(|| time + around(random, answer, 10 * SECOND, 25 * MINUTE));
    let fixed = taken.filter(|_| random.percent(85)).map(|t| t + around(random, mend, 2 * MINUTE, 6 * HOUR));
    if let Some(taken) = taken {
        world.event(taken, "page_ack", &[("page_id", (&id).into()), ("who", "ops.3".into())]);
    }
    if let Some(fixed) = fixed {
        world.event(fixed, "page_resolve", &[("page_id", (&id).into()), ("who", "ops.3".into())]);
    }
    match (taken.filter(|t| t - time <= answer), fixed) {
        (None, _) => world.overdue("page_response", &id, time + answer, true),
        (Some(taken), Some(fixed)) if fixed - taken <= mend => world.incident("page_response", &id, fixed),
        (Some(taken), _) => world.overdue("page_response", &id, taken + mend, true),
    }
}
