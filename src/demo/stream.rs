//! The stream as text, with its truth.

use std::fmt::Write;

use super::people::People;
use super::world::{Incident, World, timestamp};
use super::{calls, cards, doors, logins, money, orders, sensors, services};

/// Events and the truth about them.
#[derive(Clone, Debug)]
pub struct Stream {
    /// The events in order of time, one JSON object a line.
    pub events: String,
    /// How many.
    pub count: usize,
    /// The incidents among them, in order of the time they are certain.
    pub truth: Vec<Incident>,
    /// For each time something resembled an incident without being one: the rule it came near to.
    pub near: Vec<&'static str>,
}

impl Stream {
    /// Makes about this many events. The same seed and size give the same bytes everywhere.
    ///
    /// Cost: about 400 bytes of memory an event.
    ///
    /// ```
    /// let stream = tripline::demo::Stream::generate(7, 5_000);
    /// assert_eq!(stream.events, tripline::demo::Stream::generate(7, 5_000).events);
    /// ```
    pub fn generate(seed: u64, events: usize) -> Stream {
        let mut world = World::new(seed, events);
        let mut people = People::new(&world);
        logins::make(&mut world, &mut people);
        money::make(&mut world, &mut people);
        cards::make(&mut world);
        orders::make(&mut world);
        sensors::make(&mut world);
        doors::make(&mut world);
        calls::make(&mut world);
        services::make(&mut world);
        let (events, count, truth, near) = world.finish();
        Stream { events, count, truth, near }
    }

    /// The truth as text, one JSON object a line.
    pub fn truth_lines(&self) -> String {
        let mut lines = String::new();
        for incident in &self.truth {
            let (rule, key, time) = (incident.rule, &incident.key, timestamp(incident.time));
            let kind = if incident.timeout { r#""kind":"timeout","# } else { "" };
            // Writing into a string cannot fail. Names and keys of this world need no escapes.
            let _ = writeln!(lines, r#"{{"rule":"{rule}",{kind}"key":"{key}","time":"{time}"}}"#);
        }
        lines
    }
}
