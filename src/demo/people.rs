//! The people of the world: who they are, where they live, when they are busy.

use super::agenda::Agenda;
use super::random::Random;
use super::world::{DAY, DAYS, START, World};

const COUNTRIES: [&str; 12] = ["DE", "FR", "ES", "IT", "PL", "NL", "SE", "BR", "US", "JP", "IN", "ZA"];
const NAMES: [&str; 16] = [
    "ann", "bob", "cleo", "dan", "eva", "finn", "gita", "hans", "iris", "juan", "kim", "lena", "max", "nora",
    "omar", "pia",
];
const AGENTS: [&str; 4] = ["firefox/148", "chrome/146 android", "safari/19 ios", "app/7.2"];

/// Something that may be done to somebody.
pub(super) type Plan = fn(&mut World, &mut People, &mut Random);

/// Somebody with a login, a bank account and a telephone.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) user: String,
    pub(super) account: String,
    pub(super) phone: String,
    /// Where they log in from; the staff of one office share the address.
    pub(super) ip: String,
    pub(super) agent: &'static str,
    pub(super) staff: bool,
    home: &'static str,
    /// Abroad from, to, and where.
    trip: (i64, i64, &'static str),
}

impl Person {
    /// The country they are in.
    pub(super) fn country(&self, time: i64) -> &'static str {
        let (from, to, abroad) = self.trip;
        if (from..to).contains(&time) { abroad } else { self.home }
    }
}

/// All of them.
pub(super) struct People {
    pub(super) all: Vec<Person>,
    /// What they do at their screens: things of one session.
    pub(super) sessions: Agenda,
    /// What concerns their money: things of days.
    pub(super) money: Agenda,
    strangers: i64,
}

/// More of the staff than this never share an address, so that no outage looks like an attack on ten users.
const OFFICE: usize = 9;

impl People {
    /// Everybody; every third is staff.
    pub(super) fn new(world: &World) -> Self {
        let mut random = world.random("people");
        let count = world.scaled(1_500, 90) as usize;
        let all: Vec<Person> = (0..count).map(|i| person(i, &mut random)).collect();
        People { sessions: Agenda::new(count), money: Agenda::new(count), all, strangers: 0 }
    }

    /// One of the staff, by index.
    pub(super) fn staff(&self, random: &mut Random) -> usize {
        random.index(self.all.len() / 3) * 3
    }

    /// One who is not of the staff, by index.
    pub(super) fn customer(&self, random: &mut Random) -> usize {
        random.index(self.all.len() / 3) * 3 + 1 + random.index(2)
    }

    /// An address nobody has used before.
    pub(super) fn strange_ip(&mut self) -> String {
        self.strangers += 1;
        format!("45.{}.{}.77", 128 + self.strangers / 250, self.strangers % 250)
    }

    /// Another country than this one.
    pub(super) fn abroad(random: &mut Random, home: &str) -> &'static str {
        let country = random.pick(&COUNTRIES[..11]);
        if country == home { COUNTRIES[11] } else { country }
    }
}

fn person(i: usize, random: &mut Random) -> Person {
    let (staff, office) = (i.is_multiple_of(3), i / 3 / OFFICE);
    let ip = match staff {
        true => format!("10.{}.{}.1", office / 250, office % 250),
        false => format!("84.{}.{}.{}", i / 62_500, i / 250 % 250, i % 250),
    };
    let home = random.pick(&COUNTRIES[..7]);
    let leaves = START + random.between(0, DAYS) * DAY / 2;
    let trip = match random.percent(20) {
        true => (leaves, leaves + random.between(1, 5) * DAY, People::abroad(random, home)),
        false => (0, 0, home),
    };
    Person {
        user: format!("{}.{i:04}", random.pick(&NAMES)),
        account: format!("acc-{i:06}"),
        phone: format!("+4917{:08}", 10_000_000 + i * 37),
        ip,
        agent: random.pick(&AGENTS),
        staff,
        home,
        trip,
    }
}
