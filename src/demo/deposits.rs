//! Deposits of businesses, some of which do not want theirs to be reported.

use super::random::Random;
use super::world::{DAY, DAYS, HOUR, START, World, around, daytime, money};

const WEEK: i64 = 7 * DAY;

/// Each business banks its takings most days. Those of the suspicious band come from what is planned for it once.
pub(super) fn make(world: &mut World) {
    let mut random = world.random("deposits");
    for business in 0..world.scaled(70, 30) {
        let account = format!("biz-{business:04}");
        for day in 0..DAYS {
            for _ in 0..random.between(0, 2) {
                let cents = match random.between(0, 9) {
                    0 => 7_999_99,
                    1 => 10_000_00,
                    2 => random.between(10_000_00, 16_000_00),
                    _ => random.skewed(200_00, 7_990_00),
                };
                deposit(world, daytime(&mut random, day), &account, cents);
            }
        }
        band(world, &mut random, &account);
    }
}

fn deposit(world: &mut World, time: i64, account: &str, cents: i64) {
    let fields = [
        ("account", account.into()),
        ("amount", money(cents)),
        ("branch", "north".into()),
        ("method", "cash".into()),
    ];
    world.event(time, "deposit", &fields);
}

/// Some deposits just below the limit: climbing towards it, or as they come.
///
/// An incident: three of them within a week, each larger than the one before.
fn band(world: &mut World, random: &mut Random, account: &str) {
    let start = START + 9 * HOUR + random.between(0, 3 * DAY);
    let count = random.between(2, 5);
    let length = around(random, WEEK, DAY, 10 * DAY);
    let climbs = random.percent(65);
    let mut deposits: Vec<(i64, i64)> = Vec::new();
    for i in 0..count {
        let wobble = if i == 0 || i == count - 1 { 0 } else { random.between(-HOUR, HOUR) };
        let time = start + length * i / (count - 1) + wobble;
        let cents = match climbs {
            true => 8_000_00 + 1_999_99 * i / count + random.between(0, 100_00),
            false => 9_800_00 - 300_00 * i - random.pick(&[0, 50_00]),
        };
        deposits.push((time, cents));
    }
    if !climbs && random.percent(30) {
        // The same amount again and again does not climb.
        deposits.iter_mut().for_each(|deposit| deposit.1 = 9_000_00);
    }
    for &(time, cents) in &deposits {
        deposit(world, time, account, cents);
    }
    let three = deposits
        .windows(3)
        .find(|three| three[0].1 < three[1].1 && three[1].1 < three[2].1 && three[2].0 - three[0].0 <= WEEK);
    world.tried("structuring", account, three.map(|three| three[2].0));
}
