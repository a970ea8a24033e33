//! A snapshot as text, read by nothing but the tables of the page that describes the format.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use xxhash_rust::xxh3::xxh3_64;

use super::cbor::{self, Item};

/// The page.
const PAGE: &str = include_str!("../../src/snapshot/README.md");

/// The records of the page with their fields, and which of these were seen.
pub struct Format {
    records: BTreeMap<&'static str, Vec<Field>>,
    seen: BTreeSet<(&'static str, &'static str)>,
    /// The labels of the rule that is being read.
    steps: Vec<Item>,
    slots: Vec<Item>,
    out: String,
}

#[derive(Clone, Copy)]
struct Field {
    number: u64,
    name: &'static str,
    of: &'static str,
}

impl Format {
    pub fn new() -> Self {
        let mut records: BTreeMap<&str, Vec<Field>> = BTreeMap::new();
        let mut record = "";
        for line in PAGE.lines() {
            if let Some(heading) = line.strip_prefix('#') {
                record = heading.trim_matches(['#', ' ']);
            }
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            if let ["", number, name, of, _, ""] = cells[..]
                && let Ok(number) = number.parse()
            {
                records.entry(record).or_default().push(Field { number, name: name.trim_matches('`'), of });
            }
        }
        assert!(records.len() > 15, "the page has no tables");
        Format { records, seen: BTreeSet::new(), steps: Vec::new(), slots: Vec::new(), out: String::new() }
    }

    /// Adds a section, whose envelope must be whole.
    pub fn section(&mut self, bytes: &[u8]) {
        let (content, sum) = bytes.split_at(bytes.len() - 8);
        assert_eq!(xxh3_64(content).to_le_bytes(), sum);
        assert_eq!(&content[..8], b"tripsnap");
        let kind = ["Global", "Group"][usize::from(content[10])];
        let version = u16::from_le_bytes(content[8..10].try_into().unwrap());
        let fingerprint = u64::from_le_bytes(content[11..19].try_into().unwrap());
        _ = writeln!(self.out, "{kind}, version {version}, rules {fingerprint:016x}");
        self.record(kind, &cbor::read(&content[19..]), 1);
    }

    /// The text, and the fields that were not in it.
    pub fn finish(self) -> (String, Vec<String>) {
        let all =
            self.records.iter().flat_map(|(record, fields)| fields.iter().map(move |f| (*record, f.name)));
        let missing = all.filter(|field| !self.seen.contains(field));
        let missing = missing.map(|(record, field)| format!("{record}.{field}")).collect();
        (self.out, missing)
    }

    fn record(&mut self, name: &'static str, item: &Item, depth: usize) {
        let Item::Map(pairs) = item else { panic!("{name} is no map: {item:?}") };
        for (number, value) in pairs {
            let fields = &self.records[name];
            let field =
                *fields.iter().find(|f| Item::Uint(f.number) == *number).expect("a field of the page");
            self.seen.insert((name, field.name));
            match (name, field.name, value) {
                ("Labels", "steps", Item::Array(labels)) => self.steps.clone_from(labels),
                ("Labels", "slots", Item::Array(labels)) => self.slots.clone_from(labels),
                _ => {}
            }
            self.field(field.name, field.of, value, depth);
        }
    }

    /// A field, in one line unless it holds records.
    fn field(&mut self, label: &str, of: &'static str, item: &Item, depth: usize) {
        let of = of.trim_end_matches('?');
        let indent = "  ".repeat(depth);
        if let Some(line) = self.inline(of, item) {
            _ = writeln!(self.out, "{indent}{label}: {line}");
        } else if let (Some(of), Item::Array(items)) = (list(of), item) {
            for (index, item) in items.iter().enumerate() {
                self.field(&format!("{label} {index}"), of, item, depth);
            }
        } else if let (Some((first, second)), Item::Array(items)) = (pair(of), item) {
            let first = self.inline(first, &items[0]).expect("a key in one line");
            self.field(&format!("{label}, {first}"), second, &items[1], depth);
        } else {
            _ = writeln!(self.out, "{indent}{label}");
            let (name, _) = self.records.get_key_value(of).expect("a type of the page");
            self.record(name, item, depth + 1);
        }
    }

    /// What holds no record.
    fn inline(&mut self, of: &str, item: &Item) -> Option<String> {
        let of = of.trim_end_matches('?');
        match (of, item) {
            (_, Item::Null) => Some("null".into()),
            ("uint" | "event", Item::Uint(n)) => Some(n.to_string()),
            ("step", Item::Uint(n)) => Some(show(&self.steps[*n as usize])),
            ("slot", Item::Uint(n)) => Some(show(&self.slots[*n as usize])),
            ("text" | "bytes" | "bool" | "value" | "fields" | "time", _) => Some(show(item)),
            ("Waits", Item::Array(items)) => Some(self.waits(items)),
            (_, Item::Array(items)) => {
                let parts: Option<Vec<String>> = match (list(of), pair(of)) {
                    (Some(of), _) => items.iter().map(|item| self.inline(of, item)).collect(),
                    (_, Some((a, b))) => Some(vec![self.inline(a, &items[0])?, self.inline(b, &items[1])?]),
                    _ => None,
                };
                parts.map(|parts| format!("[{}]", parts.join(", ")))
            }
            _ => None,
        }
    }

    fn waits(&mut self, items: &[Item]) -> String {
        let variant = self.records["Waits"].iter().find(|f| Item::Uint(f.number) == items[0]);
        let Field { name, of, .. } = *variant.expect("a way to wait of the page");
        self.seen.insert(("Waits", name));
        let types = of.trim_matches(['(', ')']).split(", ");
        let parts =
            types.zip(&items[1..]).map(|(of, item)| self.inline(of, item).expect("a part in one line"));
        format!("{name} {}", parts.collect::<Vec<_>>().join(" "))
    }
}

fn list(of: &str) -> Option<&str> {
    of.strip_prefix('[')?.strip_suffix(']')
}

fn pair(of: &str) -> Option<(&str, &str)> {
    of.strip_prefix('(')?.strip_suffix(')')?.split_once(", ")
}

fn show(item: &Item) -> String {
    let all = |items: &[Item]| items.iter().map(show).collect::<Vec<_>>().join(", ");
    match item {
        Item::Uint(n) => n.to_string(),
        Item::Negative(n) => n.to_string(),
        Item::Bytes(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        Item::Text(text) => format!("{text:?}"),
        Item::Array(items) => format!("[{}]", all(items)),
        Item::Map(pairs) => {
            let pairs = pairs.iter().map(|(key, value)| format!("{}: {}", show(key), show(value)));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
        }
        Item::Tag(tag, inner) => format!("{tag}({})", show(inner)),
        Item::Bool(b) => b.to_string(),
        Item::Null => "null".into(),
        Item::Float(x) => format!("{x:?}"),
    }
}
