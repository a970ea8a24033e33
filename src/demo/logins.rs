//! Logins: people with habits, and those who want in.

use super::people::{People, Plan};
use super::random::Random;
use super::world::{DAYS, END, HOUR, MINUTE, SECOND, START, World, around, daytime, sometime};

/// What happens to one user in two sessions lies farther apart than any rule over sessions looks.
const APART: i64 = 61 * MINUTE;

/// Makes all logins: first what is planned, then the sessions that fit in between.
pub(super) fn make(world: &mut World, people: &mut People) {
    let mut random = world.random("logins");
    let plans: [(Plan, i64); 5] = [(guess, 60), (travel, 40), (fatigue, 40), (spray, 30), (clear_log, 30)];
    for (plan, count) in plans {
        for _ in 0..world.scaled(count, 20) {
            plan(world, people, &mut random);
        }
    }
    super::intruders::make(world, people);
    for who in 0..people.all.len() {
        for day in 0..DAYS {
            for _ in 0..random.between(0, if people.all[who].staff { 3 } else { 2 }) {
                session(world, people, &mut random, who, day);
            }
        }
    }
    rotation(world, &mut random);
}

/// One login.
pub(super) struct Login<'a> {
    pub(super) ok: bool,
    pub(super) ip: &'a str,
    pub(super) country: &'a str,
    pub(super) new_device: bool,
}

/// Somebody logs in as `user`, or fails to.
pub(super) fn login(world: &mut World, time: i64, user: &str, agent: &str, login: &Login<'_>) {
    let outcome = if login.ok { "success" } else { "failure" };
    world.event(
        time,
        "login",
        &[
            ("user", user.into()),
            ("outcome", outcome.into()),
            ("ip", login.ip.into()),
            ("country", login.country.into()),
            ("new_device", login.new_device.into()),
            ("agent", agent.into()),
        ],
    );
}

/// A login by the person themselves.
pub(super) fn own_login(world: &mut World, people: &People, who: usize, time: i64, ok: bool) {
    let person = &people.all[who];
    let (ip, country) = (person.ip.as_str(), person.country(time));
    login(world, time, &person.user, person.agent, &Login { ok, ip, country, new_device: false });
}

/// A login by somebody who is not the person.
pub(super) fn foreign_login(world: &mut World, people: &People, who: usize, time: i64, ok: bool, ip: &str) {
    let person = &people.all[who];
    let country = if person.country(time) == "BR" { "ZA" } else { "BR" };
    login(world, time, &person.user, "python-requests/2.33", &Login { ok, ip, country, new_device: false });
}

fn prompt(world: &mut World, time: i64, user: &str, accepted: bool, ip: &str) {
    let result = if accepted { "accepted" } else { "denied" };
    let fields =
        [("user", user.into()), ("result", result.into()), ("ip", ip.into()), ("factor", "push".into())];
    world.event(time, "mfa", &fields);
}

/// An ordinary session: some slips, mostly in, a prompt for the staff, and some work.
fn session(world: &mut World, people: &mut People, random: &mut Random, who: usize, day: i64) {
    let start = daytime(random, day);
    if !people.sessions.take(who, start, start + 30 * MINUTE + APART) {
        return;
    }
    let slips = random.pick(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 3, 4]);
    let mut time = start;
    for _ in 0..slips {
        own_login(world, people, who, time, false);
        time += random.between(4 * SECOND, 25 * SECOND);
    }
    if slips > 1 && random.percent(10) {
        return;
    }
    own_login(world, people, who, time, true);
    if slips == 4 {
        world.near.push("brute_force_success");
    }
    if people.all[who].staff {
        work(world, people, random, who, time);
    }
}

/// What the staff do once they are in; all of it within half an hour.
fn work(world: &mut World, people: &People, random: &mut Random, who: usize, mut time: i64) {
    let (user, ip) = (&people.all[who].user, &people.all[who].ip);
    for _ in 0..random.pick(&[0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3]) {
        time += random.between(5 * SECOND, 40 * SECOND);
        prompt(world, time, user, false, ip);
    }
    time += random.between(3 * SECOND, 50 * SECOND);
    prompt(world, time, user, true, ip);
    if random.percent(25) {
        time += random.between(MINUTE, 5 * MINUTE);
        let action = random.pick(&["view", "view", "search", "annotate", "disable"]);
        world.event(
            time,
            "audit",
            &[("user", user.into()), ("action", action.into()), ("log", "main".into())],
        );
    }
    if random.percent(15) {
        time += random.between(MINUTE, 5 * MINUTE);
        let rows = if random.percent(10) { 9_999 } else { random.skewed(10, 9_000) };
        export(world, time, user, rows);
    }
    if random.percent(3) {
        role_change(
            world,
            time + random.between(MINUTE, 5 * MINUTE),
            user,
            random.pick(&["reader", "editor", "admin"]),
        );
    }
}

pub(super) fn export(world: &mut World, time: i64, user: &str, rows: i64) {
    world.event(
        time,
        "export",
        &[("user", user.into()), ("rows", rows.into()), ("dataset", "customers".into())],
    );
}

pub(super) fn role_change(world: &mut World, time: i64, user: &str, role: &str) {
    world.event(
        time,
        "role_change",
        &[("user", user.into()), ("role", role.into()), ("system", "backoffice".into())],
    );
}

/// Somebody guesses a password, at their own tempo, for as long as they like, and may get in.
///
/// An incident: a success with five failures in the two minutes before it.
fn guess(world: &mut World, people: &mut People, random: &mut Random) {
    let (who, start) = (random.index(people.all.len()), sometime(random));
    let tempo = random.skewed(300, 45 * SECOND);
    let mut failures = vec![start];
    for _ in 0..random.skewed(2, 60) {
        let last = failures[failures.len() - 1];
        failures.push(last + random.between(tempo / 2, tempo * 3 / 2).max(1));
    }
    let mut success = failures[failures.len() - 1] + random.between(tempo / 2, tempo * 3 / 2).max(1);
    if random.percent(30) {
        // As slow as it can be and still be seen, or a moment slower.
        failures = (0..5).map(|i| start + i * 25 * SECOND).collect();
        success = start + 2 * MINUTE + random.pick(&[0, 0, 1, SECOND]);
    }
    if !people.sessions.take(who, start - APART, success + APART) {
        return;
    }
    let ip = people.strange_ip();
    for &time in &failures {
        foreign_login(world, people, who, time, false, &ip);
    }
    let seen = failures.iter().filter(|&&time| success - time <= 2 * MINUTE).count() >= 5;
    let entered = random.percent(70);
    if entered {
        foreign_login(world, people, who, success, true, &ip);
    }
    world.tried("brute_force_success", &people.all[who].user, (seen && entered).then_some(success));
}

/// A user logs in, and then somebody does from elsewhere, or from next door.
///
/// An incident: two successes in two countries with at most an hour between them.
fn travel(world: &mut World, people: &mut People, random: &mut Random) {
    let (who, first) = (random.index(people.all.len()), sometime(random));
    let second = first + around(random, HOUR, SECOND, 3 * HOUR);
    if !people.sessions.take(who, first - APART, second + APART) {
        return;
    }
    own_login(world, people, who, first, true);
    let (ip, person) = (people.strange_ip(), &people.all[who]);
    let home = person.country(first);
    let country = if random.percent(20) { home } else { People::abroad(random, home) };
    let ok = random.percent(85);
    login(world, second, &person.user, person.agent, &Login { ok, ip: &ip, country, new_device: false });
    let incident = ok && country != home && second - first <= HOUR;
    world.tried("impossible_travel", &person.user, incident.then_some(second));
}

/// Somebody with a stolen password sends prompts until the owner gives in, or until they do.
///
/// An incident: a prompt accepted after four or more denied, with at most two minutes from one to the next.
fn fatigue(world: &mut World, people: &mut People, random: &mut Random) {
    let (who, start) = (people.staff(random), sometime(random));
    let longest = 2 * MINUTE;
    // Some hurry, some wait about as long as the rule looks, some for the night.
    let hurries = random.percent(60);
    let gap = |random: &mut Random| match hurries {
        true => random.between(4 * SECOND, longest),
        false => around(random, longest, 4 * SECOND, 3 * MINUTE),
    };
    let mut denied = vec![start + random.between(2 * SECOND, 20 * SECOND)];
    for _ in 0..random.between(2, 9) {
        denied.push(denied[denied.len() - 1] + gap(random));
    }
    let last = denied[denied.len() - 1];
    let accepted =
        last + if random.percent(50) { longest + random.pick(&[0, -1, 1, 30 * SECOND]) } else { gap(random) };
    if !people.sessions.take(who, start - APART, accepted + APART) {
        return;
    }
    let (ip, user) = (people.strange_ip(), people.all[who].user.clone());
    foreign_login(world, people, who, start, true, &ip);
    denied.iter().for_each(|&time| prompt(world, time, &user, false, &ip));
    let gave_in = random.percent(75);
    if gave_in {
        prompt(world, accepted, &user, true, &ip);
    }
    let mut close = 0;
    let mut next = accepted;
    for &time in denied.iter().rev().take_while(|&&time| accepted - time <= 30 * MINUTE) {
        if next - time > longest {
            break;
        }
        (close, next) = (close + 1, time);
    }
    world.tried("mfa_fatigue", &user, (gave_in && close >= 4).then_some(accepted));
}

/// Somebody tries one password on many users.
///
/// An incident: a success from an address from which ten users failed in the half hour before it.
fn spray(world: &mut World, people: &mut People, random: &mut Random) {
    let start = sometime(random);
    let length = around(random, 30 * MINUTE, 30 * SECOND, 50 * MINUTE);
    let count = if random.percent(60) { random.between(9, 11) } else { random.between(4, 24) };
    let mut victims: Vec<usize> = Vec::new();
    // Not everybody who is tried is free: those who are not are left out.
    for _ in 0..count {
        let who = random.index(people.all.len());
        if people.sessions.take(who, start - APART, start + length + APART) {
            victims.push(who);
        }
    }
    let Some(&last) = victims.last() else { return };
    let (ip, end) = (people.strange_ip(), start + length);
    let times: Vec<i64> = (0..).map(|i| start + length * i / count).take(victims.len()).collect();
    for (&who, &time) in victims.iter().zip(&times) {
        foreign_login(world, people, who, time, false, &ip);
    }
    let opened = random.percent(80);
    if opened {
        foreign_login(world, people, last, end, true, &ip);
    }
    let seen = times.iter().filter(|&&failure| end - failure <= 30 * MINUTE).count() >= 10;
    world.tried("password_spray", &ip, (seen && opened).then_some(end));
}

/// One of the staff clears the audit log, soon after they logged in or when they should long be at home.
///
/// An incident: the log is cleared within twelve hours of a login.
fn clear_log(world: &mut World, people: &mut People, random: &mut Random) {
    let (who, entry) = (people.staff(random), sometime(random));
    let cleared = entry + around(random, 12 * HOUR, MINUTE, 20 * HOUR);
    if cleared >= END || !people.sessions.take(who, entry - APART, cleared + APART) {
        return;
    }
    own_login(world, people, who, entry, true);
    let user = &people.all[who].user;
    let fields = [("user", user.into()), ("action", "clear".into()), ("log", "main".into())];
    world.event(cleared, "audit", &fields);
    world.tried("audit_log_cleared", user, (cleared - entry <= 12 * HOUR).then_some(cleared));
}

/// The service that rotates logs clears them every night and never logs in.
fn rotation(world: &mut World, random: &mut Random) {
    for day in 0..DAYS {
        let time = START + day * 24 * HOUR + 3 * HOUR + random.between(0, MINUTE);
        let fields = [("user", "svc-rotate".into()), ("action", "clear".into()), ("log", "main".into())];
        world.event(time, "audit", &fields);
    }
}
