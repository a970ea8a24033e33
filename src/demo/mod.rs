//! A small world with known incidents in it: payments, logins, orders, sensors and calls of two weeks.
//!
//! [`Stream::generate`] makes the events and keeps the truth about them; [`run`] has rules look for it; [`score`] sets
//! what was found beside what is true. The maker knows nothing of the rule engine: whoever makes something happen writes
//! down, by the plain definition of the incident, whether it was one. What is planned for somebody takes its time in
//! their `agenda`, so that nothing that nobody planned comes together by accident.

#![expect(clippy::inconsistent_digit_grouping, reason = "cents: `1_000_00` is a thousand")]

mod agenda;
mod calls;
mod cards;
mod deposits;
mod doors;
mod intruders;
mod logins;
mod money;
mod orders;
mod people;
mod random;
mod rules;
mod run;
mod score;
mod sensors;
mod services;
mod stream;
mod world;

pub use rules::{RULES, ShippedRule};
pub use run::run;
pub use score::{Score, score};
pub use stream::Stream;
pub use world::Incident;
