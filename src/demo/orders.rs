//! Orders: paid, shipped, delivered, sometimes returned, sometimes forgotten.

use super::random::Random;
use super::world::{DAY, HOUR, MINUTE, START, World, around, daytime, money, sometime};

const PROMISE: i64 = 48 * HOUR;
const CUSTOMERS: i64 = 3_000;

/// Makes all orders.
pub(super) fn make(world: &mut World) {
    let mut random = world.random("orders");
    let customers = world.scaled(CUSTOMERS, 100) as usize;
    // How often a customer has claimed that nothing came: twice is bad luck.
    let mut claims = vec![0; customers];
    for number in 0..world.scaled(10_000, 300) {
        let who = random.index(customers);
        ordinary(world, &mut random, number, who, &mut claims[who]);
    }
    for number in 0..world.scaled(60, 12) {
        late(world, &mut random, number);
    }
    for number in 0..world.scaled(50, 24) {
        abuse(world, &mut random, number);
    }
}

struct Order {
    id: String,
    customer: String,
    cents: i64,
}

impl Order {
    fn is(&self, world: &mut World, time: i64, status: &str) {
        let (id, customer) = (self.id.as_str(), self.customer.as_str());
        let fields = [
            ("order_id", id.into()),
            ("customer", customer.into()),
            ("status", status.into()),
            ("amount", money(self.cents)),
            ("currency", "EUR".into()),
        ];
        world.event(time, "order", &fields);
    }

    fn refund(&self, world: &mut World, time: i64, reason: &str) {
        let (id, customer) = (self.id.as_str(), self.customer.as_str());
        let fields = [
            ("order_id", id.into()),
            ("customer", customer.into()),
            ("amount", money(self.cents)),
            ("reason", reason.into()),
        ];
        world.event(time, "refund", &fields);
    }
}

/// An order of every day, shipped in time, now and then at the last moment.
fn ordinary(world: &mut World, random: &mut Random, number: i64, who: usize, claims: &mut i64) {
    let day = random.between(0, 13);
    let created = daytime(random, day);
    let order = Order {
        id: format!("o-{number:06}"),
        customer: format!("cust-{who:05}"),
        cents: random.skewed(8_00, 900_00),
    };
    order.is(world, created, "created");
    let mut paid = created + random.skewed(20_000, 2 * HOUR);
    if random.percent(8) {
        order.is(world, paid, random.pick(&["cancelled", "abandoned"]));
        return;
    }
    while random.percent(10) {
        order.is(world, paid, "payment_failed");
        paid += random.between(MINUTE, HOUR);
    }
    order.is(world, paid, "paid");
    let shipped = paid + random.skewed(2 * HOUR, 47 * HOUR);
    order.is(world, shipped, "shipped");
    let delivered = shipped + random.between(10 * HOUR, 60 * HOUR);
    order.is(world, delivered, "delivered");
    if random.percent(6) {
        let reason = match *claims < 2 {
            true => random.pick(&["damaged", "wrong_size", "not_received", "not_received"]),
            false => random.pick(&["damaged", "wrong_size"]),
        };
        *claims += i64::from(reason == "not_received");
        order.refund(world, delivered + random.between(HOUR, 3 * DAY), reason);
    }
}

/// An order that is shipped when the promise ends: just in time, just too late, far too late, or never.
///
/// An incident: nothing is shipped in the 48 hours after the payment.
fn late(world: &mut World, random: &mut Random, number: i64) {
    let order = Order {
        id: format!("p-{number:06}"),
        customer: format!("cust-p{number:04}"),
        cents: random.skewed(20_00, 1_500_00),
    };
    let paid = sometime(random);
    order.is(world, paid - 3 * MINUTE, "created");
    order.is(world, paid, "paid");
    let wait = around(random, PROMISE, 40 * HOUR, 90 * HOUR);
    let is_shipped = random.percent(80);
    if is_shipped {
        order.is(world, paid + wait, "shipped");
    }
    match is_shipped && wait <= PROMISE {
        true => world.tried("paid_not_shipped", &order.id, None),
        false => world.overdue("paid_not_shipped", &order.id, paid + PROMISE, false),
    }
}

/// A customer whose parcels never come: by plan, or by bad luck in one bad week.
///
/// An incident: three orders paid and claimed one after the other, in ten days.
fn abuse(world: &mut World, random: &mut Random, number: i64) {
    let customer = format!("cust-a{number:04}");
    let start = START + random.between(0, 3 * DAY);
    let (count, one_by_one) = (random.pick(&[2, 3, 3, 3, 4, 5]), random.percent(80));
    let length = around(random, 10 * DAY, 4 * DAY, 13 * DAY);
    let mut pairs = Vec::new();
    for i in 0..count {
        let order = |kind: &str, cents| Order {
            id: format!("{kind}-{number:04}-{i}"),
            customer: customer.clone(),
            cents,
        };
        let bought = order("q", random.skewed(30_00, 600_00));
        // One after the other, or all in the first days.
        let paid = start + if one_by_one { length * i / count + i } else { i * HOUR };
        let claimed = start + length * (i + 1) / count - i64::from(i + 1 < count) * random.between(0, HOUR);
        bought.is(world, paid, "paid");
        bought.is(world, paid + random.between(2 * HOUR, 12 * HOUR), "shipped");
        let reason = if random.percent(90) { "not_received" } else { "damaged" };
        bought.refund(world, claimed, reason);
        if reason == "not_received" {
            pairs.push((paid, claimed));
        }
        if random.percent(30) {
            let kept = order("k", 25_00);
            kept.is(world, paid + MINUTE, "paid");
            kept.is(world, paid + 6 * HOUR, "shipped");
        }
    }
    world.tried("refund_abuse", &customer, three_claims(&pairs));
}

/// When the third of three claims came that followed each other with a purchase in between, if within ten days.
fn three_claims(pairs: &[(i64, i64)]) -> Option<i64> {
    let mut times = Vec::new();
    for a in pairs {
        for b in pairs.iter().filter(|b| b.0 > a.1) {
            for c in pairs.iter().filter(|c| c.0 > b.1 && c.1 - a.0 <= 10 * DAY) {
                times.push(c.1);
            }
        }
    }
    times.into_iter().min()
}
