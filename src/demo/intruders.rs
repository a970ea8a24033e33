//! Those who are in: an administrator's role, the data, the accounts from the safe.

use super::logins::{self, Login};
use super::people::People;
use super::random::Random;
use super::world::{MINUTE, SECOND, World, around, sometime};

const APART: i64 = 61 * MINUTE;

pub(super) fn make(world: &mut World, people: &mut People) {
    let mut random = world.random("intruders");
    for _ in 0..world.scaled(60, 40) {
        escalate(world, people, &mut random);
    }
    for i in 0..world.scaled(9, 5) {
        safe(world, &mut random, i);
    }
}

/// A session that ends with auditing switched off and data taken, if all goes well for whoever it is.
///
/// An incident: from outside, made administrator, then auditing off and ten thousand rows or more, in half an hour.
fn escalate(world: &mut World, people: &mut People, random: &mut Random) {
    let (who, start) = (people.staff(random), sometime(random));
    // At most one thing is otherwise than an intruder would have it.
    let flaw = random.between(0, 8);
    let outside = flaw != 0;
    let role = if flaw == 1 { "reader" } else { random.pick(&["admin", "owner"]) };
    let rows = if flaw == 2 { 9_999 } else { random.pick(&[10_000, 25_000, 80_000, 400_000]) };
    let silent = flaw != 3;
    let length = match flaw {
        4..=6 => around(random, 30 * MINUTE, 4 * MINUTE, 55 * MINUTE),
        _ => random.between(4 * MINUTE, 29 * MINUTE),
    };
    if !people.sessions.take(who, start - APART, start + length + APART) {
        return;
    }
    let (granted, first) = (start + length / 4, start + length / 2);
    let (off, taken) = if random.percent(50) { (first, start + length) } else { (start + length, first) };

    if outside {
        let ip = people.strange_ip();
        logins::foreign_login(world, people, who, start, true, &ip);
    } else {
        logins::own_login(world, people, who, start, true);
    }
    let user = people.all[who].user.as_str();
    logins::role_change(world, granted, user, role);
    if silent {
        world.event(
            off,
            "audit",
            &[("user", user.into()), ("action", "disable".into()), ("log", "main".into())],
        );
    }
    logins::export(world, taken, user, rows);
    let incident = outside && role != "reader" && rows >= 10_000 && silent && length <= 30 * MINUTE;
    world.tried("privilege_escalation", user, incident.then_some(start + length));
}

/// Somebody tries an account from the safe.
///
/// An incident: they get in.
fn safe(world: &mut World, random: &mut Random, number: i64) {
    let user = format!("breakglass-{}", number + 1);
    let mut time = sometime(random);
    for _ in 0..random.between(0, 3) {
        let attempt = Login { ok: false, ip: "10.250.0.1", country: "DE", new_device: false };
        logins::login(world, time, &user, "ssh", &attempt);
        time += random.between(5 * SECOND, 20 * SECOND);
    }
    let ok = random.percent(70);
    logins::login(
        world,
        time,
        &user,
        "ssh",
        &Login { ok, ip: "10.250.0.1", country: "DE", new_device: false },
    );
    world.tried("breakglass_login", "", ok.then_some(time));
}
