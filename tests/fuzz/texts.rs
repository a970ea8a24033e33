//! Lines of text and records inside documents: they read the same however few bytes come at once, and of a list as many
//! records as it has items.

use std::io::{BufReader, Cursor};
use std::sync::Arc;

use tripline::Limits;
use tripline::io::{Format, Item, LinePattern, ReadOptions, Reader};

/// The first line is `l` with a pattern, or `r` with a path; the rest is the input.
pub fn check(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (first, rest) = data.split_at(end);
    let input = rest.strip_prefix(b"\n").unwrap_or(rest);
    let Some(format) = std::str::from_utf8(first).ok().and_then(format) else { return };
    let options = Arc::new(ReadOptions { format, limits: limits(), ..ReadOptions::default() });
    let whole = read(input, input.len().max(1), &options);
    for portion in [1, input.len() % 7 + 2] {
        assert_eq!(read(input, portion, &options), whole);
    }
    if matches!(options.format, Format::Records(None))
        && let Ok(items) = serde_json::from_slice::<Vec<serde_json::Value>>(input)
    {
        assert_eq!(whole.len(), items.len(), "{whole:?}");
    }
}

fn limits() -> Limits {
    Limits { regex_bytes: 1 << 16, line_bytes: 200, record_depth: 6, ..Limits::default() }
}

fn format(first: &str) -> Option<Format> {
    match first.split_at_checked(1)? {
        ("l", pattern) => Some(Format::Lines(LinePattern::new(pattern, &limits()).ok()?.into())),
        ("r", ".") => Some(Format::Records(None)),
        ("r", path) => Some(Format::Records(Some(path.parse().ok()?))),
        _ => None,
    }
}

/// What is read, in words, and what ended it.
fn read(input: &[u8], portion: usize, options: &Arc<ReadOptions>) -> Vec<String> {
    let input = BufReader::with_capacity(portion, Cursor::new(input.to_vec()));
    let reader = Reader::from_bytes("input", input, options);
    reader.map(|item| item.map_or_else(|error| error.to_string(), shown)).collect()
}

fn shown(item: Item) -> String {
    match item {
        Item::Event(event) => format!("{} {} {:?} {:?}", event.offset, event.time, event.kind, event.fields),
        Item::Reject(reject) => {
            format!("{} {:?} {} {:?}", reject.offset, reject.reason, reject.detail, reject.raw)
        }
    }
}
