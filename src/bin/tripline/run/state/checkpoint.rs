//! All that a run knows at one moment, in one file.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use tripline::io::{Input, Memo, Place};
use xxhash_rust::xxh3::xxh3_64;

use super::files;

/// What a checkpoint says besides what the engines hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(in super::super) struct Header {
    /// How many rows and rejects were given.
    pub(in super::super) given: u64,
    /// The rule set, by its name in the store.
    pub(in super::super) rules: String,
    /// The one before it, which can be gone back to.
    pub(in super::super) rules_before: Option<String>,
    /// Whether the one that runs was gone back to.
    pub(in super::super) is_back: bool,
    /// The inputs, by rank.
    pub(in super::super) inputs: Vec<InputState>,
    /// The rank of the next input that comes up.
    pub(in super::super) next_rank: u32,
    /// The length of each output file, by its option.
    pub(in super::super) outputs: BTreeMap<String, OutputState>,
    /// How many alerts were written, and those of shadow rules.
    pub(in super::super) alerts: u64,
    pub(in super::super) shadow: u64,
    /// How many rejects there were, by reason.
    pub(in super::super) rejects: BTreeMap<String, u64>,
    /// The newest time, and by how much an event came later at most, in nanoseconds.
    pub(in super::super) newest: i64,
    pub(in super::super) latest: i64,
    /// How far behind the clock the newest events were, at the least, in nanoseconds.
    pub(in super::super) behind: Option<i64>,
    /// How long the sections are that stand behind this; set when it is written.
    pub(in super::super) sections: Vec<u64>,
}

impl Header {
    /// The rule sets of which it speaks, by their names in the store.
    pub(super) fn named_rules(&self) -> impl Iterator<Item = String> + use<> {
        [Some(self.rules.clone()), self.rules_before.clone()].into_iter().flatten()
    }
}

/// An input.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(in super::super) struct InputState {
    pub(in super::super) rank: u32,
    /// Standard input has none.
    pub(in super::super) path: Option<String>,
    pub(in super::super) byte: u64,
    pub(in super::super) line: u64,
    pub(in super::super) items: u64,
    pub(in super::super) file: Option<(u64, u64)>,
    pub(in super::super) known: Option<u64>,
    #[serde(skip_serializing_if = "Memo::is_empty")]
    pub(in super::super) memo: Memo,
    /// Whether it is not waited for.
    pub(in super::super) aside: bool,
}

impl InputState {
    /// Up to where an input was given, and whether it is waited for.
    pub(in super::super) fn new(input: &Input, place: Place, aside: bool) -> Self {
        let path = input.path().map(|path| path.to_string_lossy().into_owned());
        let Place { byte, line, items, file, known, memo } = place;
        InputState { rank: input.source().rank, path, byte, line, items, file, known, memo, aside }
    }

    /// Whether nothing is to be expected of it: it is not waited for, nowhere, and nobody names it.
    pub(in super::super) fn is_gone(&self, arguments: &[String]) -> bool {
        let is_named = |path: &&str| arguments.iter().any(|argument| argument == path);
        let path = self.path.as_deref().filter(|path| self.aside && !is_named(path));
        path.is_some_and(|path| self.place().find(Path::new(path)).is_none())
    }

    /// The input, as far as it has a path.
    pub(in super::super) fn input(&self) -> Option<Input> {
        Some(Input::at(Path::new(self.path.as_deref()?), self.rank, false).resumed(self.rank, self.place()))
    }

    pub(in super::super) fn place(&self) -> Place {
        let InputState { byte, line, items, file, known, .. } = *self;
        Place { byte, line, items, file, known, memo: self.memo.clone() }
    }
}

/// An output file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in super::super) struct OutputState {
    pub(in super::super) path: String,
    pub(in super::super) length: u64,
}

/// A checkpoint: what it says, and the sections of the engines.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Checkpoint {
    pub(in super::super) header: Header,
    pub(in super::super) sections: Vec<Vec<u8>>,
}

const MAGIC: &[u8] = b"tripline checkpoint\n";
/// The version that is written, and the latest that is read.
const VERSION: u32 = 1;

pub(super) const NAME: files::Numbered = files::Numbered { stem: "checkpoint-", ending: ".trip" };

impl Checkpoint {
    /// Its bytes: the magic, the version, the length of the header (4 and 8 bytes, little-endian), the header as JSON, the
    /// sections, and behind all of it its xxh3-64.
    fn to_bytes(&self) -> io::Result<Vec<u8>> {
        let sections = self.sections.iter().map(|section| section.len() as u64).collect();
        let header = serde_json::to_vec(&Header { sections, ..self.header.clone() })?;
        let length: usize = self.sections.iter().map(Vec::len).sum();
        let mut bytes = Vec::with_capacity(MAGIC.len() + 20 + header.len() + length);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&(header.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&header);
        self.sections.iter().for_each(|section| bytes.extend_from_slice(section));
        let sum = xxh3_64(&bytes);
        bytes.extend_from_slice(&sum.to_le_bytes());
        Ok(bytes)
    }

    /// What bytes say, or why they say nothing.
    fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        const DAMAGED: &str = "it is damaged or incomplete";
        let (content, sum) = bytes.split_last_chunk::<8>().ok_or(DAMAGED)?;
        if !content.starts_with(MAGIC) || xxh3_64(content) != u64::from_le_bytes(*sum) {
            return Err(DAMAGED.to_owned());
        }
        let rest = content.get(MAGIC.len()..).unwrap_or_default();
        let (version, rest) = rest.split_first_chunk::<4>().ok_or(DAMAGED)?;
        let version = u32::from_le_bytes(*version);
        if version != VERSION {
            return Err(format!("it has version {version}, and this program reads up to {VERSION}"));
        }
        let (length, rest) = rest.split_first_chunk::<8>().ok_or(DAMAGED)?;
        let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| DAMAGED)?;
        let (header, mut rest) = rest.split_at_checked(length).ok_or(DAMAGED)?;
        let header: Header = serde_json::from_slice(header).map_err(|_| DAMAGED)?;
        let mut sections = Vec::with_capacity(header.sections.len());
        for length in &header.sections {
            let length = usize::try_from(*length).map_err(|_| DAMAGED)?;
            let (section, behind) = rest.split_at_checked(length).ok_or(DAMAGED)?;
            sections.push(section.to_vec());
            rest = behind;
        }
        Ok(Checkpoint { header: Header { sections: Vec::new(), ..header }, sections })
    }

    /// Writes it as a whole; how long it is.
    pub(super) fn write(&self, folder: &Path, number: u64) -> io::Result<u64> {
        let bytes = self.to_bytes()?;
        files::write_whole(folder, &NAME.of(number), &[&bytes])?;
        Ok(bytes.len() as u64)
    }

    /// Reads one.
    pub(super) fn read(folder: &Path, number: u64) -> Result<Self, String> {
        let bytes = fs::read(folder.join(NAME.of(number))).map_err(|e| crate::rules::plain(&e))?;
        Checkpoint::from_bytes(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_it_was_written_and_damage_is_seen_wherever_it_is() {
        let input = InputState {
            rank: 3,
            path: Some("a".to_owned()),
            byte: 7,
            known: Some(u64::MAX),
            ..InputState::default()
        };
        let header = Header { given: 12, inputs: vec![input], behind: Some(-4), ..Header::default() };
        let checkpoint = Checkpoint { header, sections: vec![b"global".to_vec(), Vec::new(), vec![0xFF; 9]] };
        let bytes = checkpoint.to_bytes().unwrap();
        assert_eq!(Checkpoint::from_bytes(&bytes).unwrap(), checkpoint);
        for at in 0..bytes.len() {
            assert!(Checkpoint::from_bytes(&bytes[..at]).is_err(), "cut at {at}");
            let mut other = bytes.clone();
            other[at] ^= 1;
            assert!(Checkpoint::from_bytes(&other).is_err(), "another byte at {at}");
        }
        // Somebody may have edited it, and made the sum right again.
        let mut good = 0;
        for mut other in files::edited(&bytes[..bytes.len() - 8], 50_000) {
            let sum = xxh3_64(&other);
            other.extend_from_slice(&sum.to_le_bytes());
            if let Ok(read) = Checkpoint::from_bytes(&other) {
                good += 1;
                assert_eq!(Checkpoint::from_bytes(&read.to_bytes().unwrap()).unwrap(), read);
                for place in read.header.inputs.iter().map(InputState::place) {
                    let _ = (place.find(Path::new("Cargo.toml")), place.memo.is_empty());
                }
            }
        }
        assert!((1_000..49_000).contains(&good), "{good} were read");
        let folder = tempfile::tempdir().unwrap();
        checkpoint.write(folder.path(), 5).unwrap();
        assert_eq!(NAME.all(folder.path()).unwrap(), [5]);
        assert_eq!(Checkpoint::read(folder.path(), 5).unwrap(), checkpoint);
    }
}
