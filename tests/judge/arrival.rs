//! Order and time: what comes too late, in which order the rest is judged, and when the watermark has passed what.

use std::collections::BTreeMap;

use tripline::{Duration, Event, Timestamp};

use super::derive::{Moment, Place};
use crate::corpus::notation::Input;

/// A stream put in order. Events are named by their number in the order of arrival, from 1.
pub struct Stream<'a> {
    /// What is judged, in order.
    pub events: Vec<&'a Event>,
    /// What comes after the watermark.
    pub late: Vec<u64>,
    /// After each input: how far it is.
    progress: Vec<Progress>,
}

/// How far a stream is.
struct Progress {
    /// The number of the last event.
    number: u64,
    watermark: Timestamp,
    /// Up to which source nothing can come any more before events of the watermark's time.
    up_to: Option<u32>,
}

impl<'a> Stream<'a> {
    pub fn new(inputs: &'a [Input], lateness: Duration) -> Self {
        let mut stream = Stream { events: Vec::new(), late: Vec::new(), progress: Vec::new() };
        let (mut watermark, mut number) = (Timestamp::MIN, 0);
        for (at, input) in inputs.iter().enumerate() {
            let (largest, open) = waited_for(&inputs[..=at]);
            let before = watermark;
            watermark = watermark.max(largest.map_or(Timestamp::MIN, |time| time.before(lateness)));
            match input {
                Input::Advance(time) => watermark = watermark.max(*time),
                Input::Event(event) => {
                    number = event.offset;
                    if event.time < before {
                        stream.late.push(number);
                    } else {
                        stream.events.push(event);
                    }
                }
                Input::Open(_) | Input::Idle(_) | Input::End(_) | Input::Edit(_) | Input::Shed(_) => {}
            }
            let up_to = match open[..] {
                _ if lateness > Duration::ZERO => None,
                [] => Some(u32::MAX),
                [(rank, largest)] if largest == Some(watermark) => Some(rank),
                _ => None,
            };
            stream.progress.push(Progress { number, watermark, up_to });
        }
        stream.events.sort_by_key(|event| event.place());
        stream
    }

    /// Where the watermark stands when the input has ended and is held.
    pub fn end(&self) -> Timestamp {
        let last = self.events.last().map_or(Timestamp::MIN, |event| event.time);
        self.progress.last().map_or(last, |progress| last.max(progress.watermark))
    }

    /// The arrival with which comes out what is certain at this moment; `end` if none is.
    pub fn line(&self, moment: Moment) -> String {
        let passed = |progress: &&Progress| match moment.at {
            Place::Event(event) if moment.time == progress.watermark => {
                let event = self.events[event];
                event.offset <= progress.number && Some(event.source.rank) <= progress.up_to
            }
            _ => moment.time < progress.watermark,
        };
        let progress = self.progress.iter().find(passed);
        progress.map_or("end".into(), |progress| progress.number.to_string())
    }
}

/// The time before which nothing is to come but for the lateness, as far as the sources tell it, and those that are open. No
/// source is waited for before it opens, once it is idle, and when it has ended; if none is, all events are of one.
fn waited_for(inputs: &[Input]) -> (Option<Timestamp>, Vec<(u32, Option<Timestamp>)>) {
    let mut open: BTreeMap<u32, (Option<Timestamp>, bool)> = BTreeMap::new();
    let mut largest = None;
    for input in inputs {
        match input {
            Input::Advance(_) | Input::Edit(_) | Input::Shed(_) => {}
            Input::Open(source) => open.entry(source.rank).or_default().1 = false,
            Input::Idle(source) => _ = open.entry(source.rank).and_modify(|(_, idle)| *idle = true),
            Input::End(source) => _ = open.remove(&source.rank),
            Input::Event(event) => {
                largest = largest.max(Some(event.time));
                if !open.is_empty() {
                    let (largest, idle) = open.entry(event.source.rank).or_default();
                    (*largest, *idle) = ((*largest).max(Some(event.time)), false);
                }
            }
        }
    }
    let least = open.values().filter(|(_, idle)| !idle).map(|(largest, _)| *largest).min();
    (least.unwrap_or(largest), open.iter().map(|(rank, (largest, _))| (*rank, *largest)).collect())
}
