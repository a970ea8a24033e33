//! Order and time: what comes too late, in which order the rest is judged, and when the watermark has passed what.

use tripline::{Duration, Event, Timestamp};

use super::derive::{Moment, Place};
use crate::corpus::notation::Input;

/// A stream put in order. Events are named by their number in the order of arrival, from 1.
pub struct Stream<'a> {
    /// What is judged, in order.
    pub events: Vec<&'a Event>,
    /// What comes after the watermark.
    pub late: Vec<u64>,
    /// After each arrival: its number (of the last event, where the watermark moves by itself) and the watermark.
    watermarks: Vec<(u64, Timestamp)>,
    lateness: Duration,
}

impl<'a> Stream<'a> {
    pub fn new(inputs: &'a [Input], lateness: Duration) -> Self {
        let mut stream = Stream { events: Vec::new(), late: Vec::new(), watermarks: Vec::new(), lateness };
        let (mut watermark, mut number) = (Timestamp::MIN, 0);
        for input in inputs {
            match input {
                Input::Advance(time) => watermark = watermark.max(*time),
                Input::Event(event) => {
                    number = event.offset;
                    if event.time < watermark {
                        stream.late.push(number);
                    } else {
                        watermark = watermark.max(event.time.before(lateness));
                        stream.events.push(event);
                    }
                }
            }
            stream.watermarks.push((number, watermark));
        }
        stream.events.sort_by_key(|event| (event.time, event.offset));
        stream
    }

    /// Where the watermark stands when the input has ended and is held.
    pub fn end(&self) -> Timestamp {
        let last = self.events.last().map_or(Timestamp::MIN, |event| event.time);
        self.watermarks.last().map_or(last, |(_, watermark)| last.max(*watermark))
    }

    /// The arrival with which comes out what is certain at this moment; `end` if none is.
    pub fn line(&self, moment: Moment) -> String {
        let passed = |number: u64, watermark: Timestamp| match moment.at {
            Place::Deadline => moment.time < watermark,
            Place::Event(event) if self.lateness == Duration::ZERO => self.events[event].offset <= number,
            Place::Event(_) => moment.time < watermark,
        };
        let line = self.watermarks.iter().find(|(number, watermark)| passed(*number, *watermark));
        line.map_or("end".into(), |(number, _)| number.to_string())
    }
}
