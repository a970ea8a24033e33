//! Doors, badges, and those who come in otherwise.

use super::random::Random;
use super::world::{DAYS, END, MINUTE, SECOND, START, World, around, daytime};

const RELEASED: i64 = 30 * SECOND;
const OPEN: i64 = 10 * MINUTE;

/// Makes all that happens at doors.
pub(super) fn make(world: &mut World) {
    let mut random = world.random("doors");
    for number in 0..world.scaled(8, 2) {
        let mut times: Vec<i64> = (0..DAYS * 40).map(|i| daytime(&mut random, i / 40)).collect();
        times.sort_unstable();
        let mut closed = START;
        for time in times {
            if time > closed + 2 * MINUTE {
                closed = passage(world, &mut random, number, time);
            }
        }
    }
}

/// Somebody comes to a door and, mostly, goes through it. Says when the door was closed again.
///
/// Incidents: the door opens with nobody let in during the 30 seconds before; it is still open ten minutes later.
fn passage(world: &mut World, random: &mut Random, number: i64, time: i64) -> i64 {
    let door = format!("d-{number:02}");
    let badge = |world: &mut World, time: i64, granted: bool| {
        let fields = [("door", (&door).into()), ("granted", granted.into()), ("badge", "b-2214".into())];
        world.event(time, "badge", &fields);
    };
    let turns = |world: &mut World, time: i64, state: &str| {
        let fields = [("door", (&door).into()), ("state", state.into()), ("site", "north".into())];
        world.event(time, "door", &fields);
    };
    let mut released = None;
    if random.percent(6) {
        badge(world, time, false);
        if random.percent(95) {
            return time;
        }
    } else if random.between(1, 300) > 1 {
        badge(world, time, true);
        released = Some(time);
    }
    let wait = match random.percent(3) {
        true => around(random, RELEASED, SECOND, MINUTE),
        false => random.skewed(SECOND, 20 * SECOND),
    };
    let open = time + wait;
    turns(world, open, "open");
    let forced = released.is_none_or(|released| open - released > RELEASED);
    if forced || wait >= RELEASED - SECOND {
        world.tried("forced_door", &door, forced.then_some(open));
    }
    let stays = match random.percent(3) {
        true => around(random, OPEN, 8 * MINUTE, 40 * MINUTE),
        false => random.skewed(3 * SECOND, 2 * MINUTE),
    };
    turns(world, open + stays, "closed");
    match stays > OPEN {
        true => world.overdue("door_left_open", &door, open + OPEN, false),
        false if stays > 9 * MINUTE => world.near.push("door_left_open"),
        false => {}
    }
    (open + stays).min(END)
}
