//! Transfers and deposits: wages, rent and friends, and those who move what is not theirs.

use super::logins::{self, Login};
use super::people::{People, Person, Plan};
use super::random::Random;
use super::world::{DAY, DAYS, HOUR, MINUTE, SECOND, START, World, around, daytime, money, sometime};

/// What concerns one person's money over days lies farther apart than the rules over a day look.
const APART: i64 = 25 * HOUR;

/// Makes all transfers and deposits: what is planned, then what people do every day around it.
pub(super) fn make(world: &mut World, people: &mut People) {
    let mut random = world.random("money");
    let plans: [(Plan, i64); 3] = [(pass_through, 50), (take_over, 50), (swap, 40)];
    for (plan, count) in plans {
        for _ in 0..world.scaled(count, 24) {
            plan(world, people, &mut random);
        }
    }
    for who in 0..people.all.len() {
        let wages = wages(world, people, &mut random, who);
        for day in 0..DAYS {
            everyday(world, people, &mut random, who, day, wages);
        }
    }
    super::deposits::make(world);
}

/// A transfer out of a person's account, which they are asked to confirm by telephone.
fn pay(world: &mut World, time: i64, from: &Person, payee: &str, cents: i64) {
    world.event(
        time,
        "transfer",
        &[
            ("user", from.user.as_str().into()),
            ("phone", from.phone.as_str().into()),
            ("payer", from.account.as_str().into()),
            ("payee", payee.into()),
            ("amount", money(cents)),
            ("currency", "EUR".into()),
        ],
    );
}

/// A transfer from outside the bank.
fn receive(world: &mut World, time: i64, payer: &str, to: &Person, cents: i64) {
    let fields = [
        ("payer", payer.into()),
        ("payee", to.account.as_str().into()),
        ("amount", money(cents)),
        ("currency", "EUR".into()),
    ];
    world.event(time, "transfer", &fields);
}

/// Once in two weeks, unless something is planned. Says when.
fn wages(world: &mut World, people: &mut People, random: &mut Random, who: usize) -> Option<i64> {
    let time = START + random.between(0, DAYS - 1) * DAY + 6 * HOUR + random.between(0, 10 * MINUTE);
    let paid = people.money.take(who, time - SECOND, time + APART);
    if paid {
        let employer = format!("employer-{}", who % 40);
        receive(world, time, &employer, &people.all[who], random.between(2_000_00, 5_200_00));
    }
    paid.then_some(time)
}

/// Small things any day, large ones now and then; only small ones in the day after the wages, nothing while something
/// is planned.
fn everyday(
    world: &mut World,
    people: &People,
    random: &mut Random,
    who: usize,
    day: i64,
    wages: Option<i64>,
) {
    let (person, time) = (&people.all[who], daytime(random, day));
    let is_payday = wages.is_some_and(|wages| (wages..=wages + APART).contains(&time));
    if is_payday {
        return pay(world, time, person, "biller-7", random.between(1_00, 400_00));
    }
    if random.percent(60) || !people.money.is_free(who, time, time) {
        return;
    }
    match random.between(0, 9) {
        0 => pay(world, time, person, "landlord-3", random.between(600_00, 2_400_00)),
        1..=3 => {
            let friend = &people.all[random.index(people.all.len())];
            pay(world, time, person, &friend.account, random.between(5_00, 400_00));
        }
        _ => pay(
            world,
            time,
            person,
            random.pick(&["biller-1", "biller-2", "biller-7"]),
            random.between(3_00, 300_00),
        ),
    }
}

/// Somebody receives money and sends some of it on, all of it if they do it for others.
///
/// An incident: of two thousand or more received, nine tenths are gone within a day.
fn pass_through(world: &mut World, people: &mut People, random: &mut Random) {
    let (who, start) = (random.index(people.all.len()), sometime(random));
    let length = around(random, DAY, 10 * MINUTE, 36 * HOUR);
    if !people.money.take(who, start - APART, start + length + APART) {
        return;
    }
    let received = random.pick(&[2_000_00, 1_999_99, 2_400_00, 3_100_00, 8_750_00, 19_000_00]);
    let sent = match random.between(0, 5) {
        0 => received / 10 * 9 - 1,
        1 => received / 10 * 9 + 10,
        2 => received * 6 / 10,
        _ => received * random.between(91, 100) / 100,
    };
    receive(world, start, "bank-of-elsewhere", &people.all[who], received);
    let pieces = random.pick(&[1, 1, 2, 3, 5]);
    let (mut gone, mut certain) = (0, None);
    for piece in 1..=pieces {
        let (time, cents) = (start + length * piece / pieces, sent * piece / pieces - gone);
        pay(world, time, &people.all[who], &format!("iban-{}", random.between(1_000, 9_999)), cents);
        gone += cents;
        if certain.is_none() && received >= 2_000_00 && gone * 10 >= received * 9 && time - start <= DAY {
            certain = Some(time);
        }
    }
    world.tried("money_mule", &people.all[who].account, certain);
}

/// An account changes: its password, its telephone number, the device it is used from; and money leaves it.
///
/// An incident: two different changes in the day before a transfer of a thousand or more.
fn take_over(world: &mut World, people: &mut People, random: &mut Random) {
    let (who, start) = (people.customer(random), sometime(random));
    let length = around(random, DAY, 20 * MINUTE, 30 * HOUR);
    let mut changes = [0, 1, 2];
    random.shuffle(&mut changes);
    let count = random.pick(&[1, 2, 2, 2, 3]);
    let step = length / 5;
    let times: Vec<i64> = (0..count).map(|i| start + step * i).collect();
    let device = changes.iter().position(|&change| change == 1).and_then(|i| times.get(i).copied());
    let is_free = people.money.is_free(who, start - APART, start + length + APART)
        && device.is_none_or(|time| people.sessions.take(who, time - 61 * MINUTE, time + 61 * MINUTE));
    if !is_free {
        return;
    }
    people.money.take(who, start - APART, start + length + APART);
    for (&change, &time) in changes.iter().zip(&times) {
        change_account(world, people, who, time, change);
    }
    let cents = random.pick(&[1_000_00, 999_99, 1_500_00, 4_000_00, 18_000_00]);
    let (person, gone) = (&people.all[who], start + length);
    pay(world, gone, person, "iban-4471", cents);
    let recent = times.iter().filter(|&&time| gone - time <= DAY).count();
    world.tried("account_takeover", &person.user, (recent >= 2 && cents >= 1_000_00).then_some(gone));
}

fn change_account(world: &mut World, people: &People, who: usize, time: i64, change: i32) {
    let person = &people.all[who];
    let (user, phone, ip) = (person.user.as_str(), person.phone.as_str(), person.ip.as_str());
    match change {
        0 => reset(world, time, person),
        1 => {
            let login = Login { ok: true, ip, country: person.country(time), new_device: true };
            logins::login(world, time, user, "app/7.2", &login);
        }
        _ => {
            let fields = [("user", user.into()), ("phone", phone.into()), ("field", "phone".into())];
            world.event(time, "profile_change", &fields);
        }
    }
}

fn reset(world: &mut World, time: i64, person: &Person) {
    let (user, phone, ip) = (person.user.as_str(), person.phone.as_str(), person.ip.as_str());
    world.event(time, "password_reset", &[("user", user.into()), ("phone", phone.into()), ("ip", ip.into())]);
}

/// A telephone gets a new SIM; its owner proves who they are, or somebody uses it before they can.
///
/// An incident: within a day of the swap, and with no proof before it, five hundred or more leave or the password is reset.
fn swap(world: &mut World, people: &mut People, random: &mut Random) {
    let (who, start) = (people.customer(random), sometime(random));
    let length = around(random, DAY, 5 * MINUTE, 30 * HOUR);
    if !people.money.take(who, start - APART, start + length + APART) {
        return;
    }
    let person = people.all[who].clone();
    let phone = person.phone.as_str();
    let operator = random.pick(&["alpha", "beta", "gamma"]);
    world.event(start, "sim_swap", &[("phone", phone.into()), ("operator", operator.into())]);
    let proof = random.pick(&[None, None, None, Some(false), Some(true)]);
    if let Some(passed) = proof {
        let time = start + random.between(length / 10, length / 2);
        let fields = [("phone", phone.into()), ("passed", passed.into()), ("place", "shop".into())];
        world.event(time, "identity_check", &fields);
    }
    let used = start + length;
    let cents = random.pick(&[500_00, 499_99, 900_00, 2_500_00, 7_000_00]);
    let is_reset = random.percent(30);
    match is_reset {
        true => reset(world, used, &person),
        false => pay(world, used, &person, "iban-9120", cents),
    }
    let incident = proof != Some(true) && length <= DAY && (is_reset || cents >= 500_00);
    world.tried("sim_swap_takeover", phone, incident.then_some(used));
}
