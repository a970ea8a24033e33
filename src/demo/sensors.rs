//! Sensors that drift, freeze and overheat, and the devices that report them.

use super::random::Random;
use super::world::{DAY, DAYS, END, Field, HOUR, MINUTE, SECOND, START, World, around};

const INTERVAL: i64 = 10 * MINUTE;

/// Makes all readings and heartbeats.
pub(super) fn make(world: &mut World) {
    let mut random = world.random("sensors");
    for number in 0..world.scaled(26, 2) {
        sensor(world, &mut random, number);
    }
    for number in 0..world.scaled(12, 2) {
        device(world, &mut random, number);
    }
}

/// One sensor over all days: a drift with something remarkable every day or so.
fn sensor(world: &mut World, random: &mut Random, number: i64) {
    let name = format!("t-{number:03}");
    let offset = random.between(0, INTERVAL / 2);
    let count = DAYS * DAY / INTERVAL - 1;
    let values = series(random, count as usize);
    let readings: Vec<(i64, i64)> = (0..)
        .zip(&values)
        .map(|(i, &value)| (START + i * INTERVAL + offset + random.between(0, 20 * SECOND), value))
        .collect();
    for &(time, tenths) in &readings {
        let fields = [
            ("sensor", (&name).into()),
            ("value", Field::Decimal(tenths, 1)),
            ("unit", "C".into()),
            ("site", if number % 2 == 0 { "north" } else { "south" }.into()),
        ];
        world.event(time, "reading", &fields);
    }
    climbs(world, &name, &readings);
    still(world, &name, &readings);
}

/// Values in tenths of a degree.
fn series(random: &mut Random, count: usize) -> Vec<i64> {
    let mut values = vec![random.between(190, 260)];
    while values.len() < count {
        let last = values[values.len() - 1];
        match random.between(0, 499) {
            0 => {
                let length = random.pick(&[7, 8, 9, 10, 12, 30]);
                values.extend(vec![last; length]);
            }
            1 => values.extend(heat(random, last)),
            _ => values.push((last + random.pick(&[-3, -1, -1, 0, 0, 1, 1, 3])).clamp(180, 320)),
        }
        // The drift alone never stands still for ten readings: it is held up at nine, where nothing was frozen.
        let run = values.iter().rev().take_while(|&&value| value == values[values.len() - 1]).count();
        if (9..12).contains(&run) && random.percent(50) {
            values.push(values[values.len() - 1] + 1);
        }
    }
    values.truncate(count);
    values
}

/// A climb into or towards the red, sometimes with a step back or a rest in it, and the way down.
fn heat(random: &mut Random, from: i64) -> Vec<i64> {
    let steps = random.between(3, 10);
    let peak = random.pick(&[760, 799, 800, 801, 850, 930]);
    let mut values: Vec<i64> = (1..=steps).map(|i| from + (peak - from) * i / steps).collect();
    if random.percent(35) {
        let at = random.index(values.len());
        let dip = values[at] - random.pick(&[0, 1, 20]);
        values.insert(at + 1, dip);
    }
    for _ in 0..random.between(0, 2) {
        values.push(values[values.len() - 1] + random.between(1, 15));
    }
    let top = values[values.len() - 1];
    values.extend((1..=8).map(|i| top - (top - from) * i / 8));
    values
}

/// An incident: six readings in a row, each above the one before, and the last at 80 degrees or more.
fn climbs(world: &mut World, sensor: &str, readings: &[(i64, i64)]) {
    let (mut run, mut last) = (0, 0);
    for &(time, tenths) in readings {
        run = if run > 0 && tenths > last { run + 1 } else { 1 };
        last = tenths;
        if run >= 6 && tenths >= 800 {
            world.incident("overheating", sensor, time);
            run = 0;
        } else if (run == 5 && tenths >= 800) || (run >= 6 && (760..800).contains(&tenths)) {
            world.near.push("overheating");
        }
    }
}

/// An incident: ten readings in a row with one value; it is told when the value changes.
fn still(world: &mut World, sensor: &str, readings: &[(i64, i64)]) {
    let mut run = 0;
    for pair in readings.windows(2) {
        run += 1;
        if pair[0].1 != pair[1].1 {
            match run {
                10.. => world.incident("sensor_stuck", sensor, pair[1].0),
                9 => world.near.push("sensor_stuck"),
                _ => {}
            }
            run = 0;
        }
    }
}

/// One device: a heartbeat about every ten minutes, with beats lost on the way and times of silence.
///
/// An incident: no heartbeat in the half hour after one.
fn device(world: &mut World, random: &mut Random, number: i64) {
    let name = format!("gw-{number:03}");
    let limit = 3 * INTERVAL;
    let mut time = START + random.between(0, INTERVAL);
    while time < END {
        let fields = [
            ("device", (&name).into()),
            ("firmware", "2.14.1".into()),
            ("uptime_s", ((time - START) / SECOND).into()),
        ];
        world.event(time, "heartbeat", &fields);
        let gap = match random.between(0, 299) {
            0 => around(random, limit, 20 * MINUTE, 5 * HOUR),
            1..=4 => 2 * INTERVAL + random.between(-MINUTE, MINUTE),
            _ => INTERVAL + random.between(-30 * SECOND, 30 * SECOND),
        };
        match gap > limit {
            true => world.overdue("heartbeat_lost", &name, time + limit, false),
            false if gap > 25 * MINUTE => world.near.push("heartbeat_lost"),
            false => {}
        }
        time += gap;
    }
}
