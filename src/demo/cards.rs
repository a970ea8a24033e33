//! Charges: shopping in town and on the web, journeys, stolen numbers and copied cards.

use super::agenda::Agenda;
use super::random::Random;
use super::world::{DAYS, Field, HOUR, MINUTE, SECOND, World, around, daytime, money, sometime};

/// Name, latitude and longitude in ten thousandths of a degree. No two are within 150 km of each other.
const CITIES: [(&str, i64, i64); 12] = [
    ("Berlin", 525_200, 134_000),
    ("Madrid", 404_200, -37_000),
    ("Paris", 488_600, 23_500),
    ("Rome", 419_000, 125_000),
    ("Warsaw", 522_300, 210_100),
    ("Stockholm", 593_300, 180_700),
    ("Lisbon", 387_200, -91_400),
    ("Athens", 379_800, 237_300),
    ("Dublin", 533_500, -62_600),
    ("Vienna", 482_100, 163_700),
    ("Istanbul", 410_100, 289_800),
    ("Helsinki", 601_700, 249_400),
];
const MERCHANTS: [&str; 8] =
    ["grocer", "bakery", "fuel", "bookshop", "pharmacy", "cafe", "tickets", "hardware"];

/// What happens on two journeys of a card lies farther apart than the rule over journeys looks.
const APART: i64 = 6 * HOUR + MINUTE;

/// Makes all charges.
pub(super) fn make(world: &mut World) {
    let mut random = world.random("cards");
    let count = world.scaled(1_550, 60) as usize;
    let mut agenda = Agenda::new(count);
    let homes: Vec<usize> = (0..count).map(|_| random.index(CITIES.len())).collect();
    for _ in 0..world.scaled(100, 16) {
        probe(world, &mut agenda, &mut random);
        journey(world, &mut agenda, &mut random, &homes);
    }
    for (card, &home) in homes.iter().enumerate() {
        for day in 0..DAYS {
            if random.percent(65) {
                shop(world, &mut agenda, &mut random, card, home, day);
            }
        }
    }
}

fn name(card: usize) -> String {
    format!("4929-{:04}-{:04}", card * 7 % 10_000, card)
}

/// A charge at a terminal of a city, or on the web.
fn charge(world: &mut World, random: &mut Random, time: i64, card: usize, cents: i64, city: Option<usize>) {
    let card = name(card);
    let merchant = random.pick(&MERCHANTS);
    let mut fields: Vec<(&str, Field<'_>)> = vec![
        ("card", (&card).into()),
        ("amount", money(cents)),
        ("merchant", merchant.into()),
        ("present", city.is_some().into()),
    ];
    if let Some(city) = city {
        let (name, lat, lon) = CITIES[city];
        fields.push(("city", name.into()));
        fields.push(("lat", Field::Decimal(lat + random.between(-300, 300), 4)));
        fields.push(("lon", Field::Decimal(lon + random.between(-300, 300), 4)));
    }
    world.event(time, "charge", &fields);
}

/// An ordinary trip to the shops, or an hour on the web: at most two things for next to nothing.
fn shop(world: &mut World, agenda: &mut Agenda, random: &mut Random, card: usize, home: usize, day: i64) {
    let start = daytime(random, day);
    if !agenda.take(card, start, start + 3 * HOUR) {
        return;
    }
    let web = random.percent(30);
    let (mut time, mut trifles) = (start, 0);
    for _ in 0..random.between(1, 6) {
        let cents = match random.between(0, 9) {
            0 | 1 if web && trifles < 2 => {
                trifles += 1;
                random.pick(&[99, 199, 49])
            }
            2 if web => random.between(300_00, 1_400_00),
            _ => random.skewed(2_00, 180_00),
        };
        charge(world, random, time, card, cents, (!web).then_some(home));
        time += random.between(MINUTE, 25 * MINUTE);
    }
    if trifles == 2 {
        world.near.push("card_testing");
    }
}

/// Somebody tries whether a number works, and if it does uses it.
///
/// An incident: more than five hundred charged, and three charges of less than two in the ten minutes before.
fn probe(world: &mut World, agenda: &mut Agenda, random: &mut Random) {
    let (card, start) = (random.index(agenda.len()), sometime(random));
    let mut probes = vec![start];
    let tempo = random.skewed(2 * SECOND, 4 * MINUTE);
    for _ in 0..random.between(1, 7) {
        probes.push(probes[probes.len() - 1] + random.between(tempo / 2, tempo * 3 / 2));
    }
    let last = probes[probes.len() - 1];
    let hit = (start + around(random, 10 * MINUTE, SECOND, 15 * MINUTE)).max(last + SECOND);
    if !agenda.take(card, start - 11 * MINUTE, hit + 11 * MINUTE) {
        return;
    }
    let mut seen = 0;
    for &time in &probes {
        let cents = random.pick(&[49, 99, 99, 100, 149, 199, 200]);
        charge(world, random, time, card, cents, None);
        seen += usize::from(cents < 2_00 && hit - time <= 10 * MINUTE);
    }
    let cents = random.pick(&[500_00, 500_01, 620_00, 899_00, 1_250_00, 1_999_00, 240_00]);
    charge(world, random, hit, card, cents, None);
    world.tried("card_testing", &name(card), (seen >= 3 && cents > 500_00).then_some(hit));
}

/// A card is used at home and then in another city: by its owner, who flew, or by somebody with a copy.
///
/// An incident: within six hours, and faster than 900 km/h takes anybody.
fn journey(world: &mut World, agenda: &mut Agenda, random: &mut Random, homes: &[usize]) {
    let (card, start) = (random.index(agenda.len()), sometime(random));
    let home = homes[card];
    let there = (home + 1 + random.index(CITIES.len() - 1)) % CITIES.len();
    let distance = kilometres(CITIES[home], CITIES[there]);
    let flight = (distance / 900.0 * HOUR as f64) as i64;
    let length = match random.between(0, 3) {
        // Just too fast to be true, or just possible: three minutes are 45 km, more than two towns' width.
        0 => flight - random.between(4 * MINUTE, 10 * MINUTE),
        1 => flight + random.between(4 * MINUTE, 10 * MINUTE),
        2 => flight + random.between(HOUR, 3 * HOUR),
        _ => random.skewed(MINUTE, 5 * HOUR),
    }
    .max(SECOND);
    let end = start + length + HOUR;
    if (length - flight).abs() < 4 * MINUTE || !agenda.take(card, start - APART, end + APART) {
        return;
    }
    let cents = random.skewed(5_00, 400_00);
    charge(world, random, start, card, cents, Some(home));
    charge(world, random, start + length, card, cents * 2, Some(there));
    for i in 1..=random.between(0, 3) {
        charge(world, random, start + length + i * 15 * MINUTE, card, cents, Some(there));
    }
    world.tried(
        "cloned_card",
        &name(card),
        (length < flight && length <= 6 * HOUR).then_some(start + length),
    );
}

/// Along the great circle.
fn kilometres(from: (&str, i64, i64), to: (&str, i64, i64)) -> f64 {
    let radians = |parts: i64| (parts as f64 / 10_000.0).to_radians();
    let (lat1, lon1, lat2, lon2) = (radians(from.1), radians(from.2), radians(to.1), radians(to.2));
    let cosine = lat1.sin() * lat2.sin() + lat1.cos() * lat2.cos() * (lon2 - lon1).cos();
    6_371.0 * cosine.clamp(-1.0, 1.0).acos()
}
