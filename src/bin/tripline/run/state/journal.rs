//! What a clock or a person decided while a run went on, and where in its input: written down before it takes effect.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::files;

/// A decision, which takes effect when so many rows and rejects have been given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in super::super) struct Entry {
    pub(super) at: u64,
    #[serde(flatten)]
    pub(super) decision: Decision,
}

/// What is decided. Inputs are told by their ranks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum Decision {
    /// An input is not waited for.
    Aside(u32),
    /// It is waited for again.
    Back(u32),
    /// An input has come up.
    New { rank: u32, path: String, file: Option<(u64, u64)> },
    /// No event before this time comes any more, in nanoseconds since 1970.
    Time(i64),
    /// The next row of an input is refused for its time.
    Ahead(u32),
    /// What began before this time is given up, as more memory was short than there may be.
    Shed { before: i64, most: u64 },
    /// A rule set takes over, by its name in the store.
    Rules(String),
    /// The same, as somebody wants the one before, whatever the rule files say.
    RulesBefore(String),
}

/// The decisions behind one checkpoint.
pub(super) struct Journal {
    file: File,
    path: PathBuf,
}

impl Journal {
    /// Begins one, or goes on with one behind its last whole entry.
    pub(super) fn open(folder: &Path, number: u64) -> io::Result<Self> {
        let path = path(folder, number);
        let whole = fs::read(&path).map_or(0, |bytes| entries(&bytes).1);
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        let file = files::private(&mut options).open(&path)?;
        file.set_len(whole as u64)?;
        Ok(Journal { file, path })
    }

    /// Writes an entry down. It holds when this is done.
    pub(super) fn note(&mut self, entry: &Entry) -> io::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        let sum = xxh3_64(&line);
        writeln!(line, "\t{sum:016x}")?;
        // In one piece: what the system has outlives the process.
        self.file.write_all(&line)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Has the system keep it beyond its own end.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

/// The entries behind a checkpoint, of all journals from its own on; whether one ends in what is no entry.
pub(super) fn read(folder: &Path, numbers: &[u64]) -> io::Result<(VecDeque<Entry>, bool)> {
    let (mut all, mut torn) = (VecDeque::new(), false);
    for number in numbers {
        let bytes = fs::read(path(folder, *number))?;
        let (found, whole) = entries(&bytes);
        all.extend(found);
        torn |= whole < bytes.len();
    }
    Ok((all, torn))
}

/// The whole entries, and how many bytes they take.
fn entries(bytes: &[u8]) -> (Vec<Entry>, usize) {
    let (mut entries, mut whole) = (Vec::new(), 0);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let Some(entry) = entry(line) else { break };
        entries.push(entry);
        whole += line.len();
    }
    (entries, whole)
}

fn entry(line: &[u8]) -> Option<Entry> {
    let line = str::from_utf8(line).ok()?.strip_suffix('\n')?;
    let (json, sum) = line.rsplit_once('\t')?;
    let is_whole = u64::from_str_radix(sum, 16).ok()? == xxh3_64(json.as_bytes());
    is_whole.then(|| serde_json::from_str(json).ok()).flatten()
}

pub(super) const NAME: files::Numbered = files::Numbered { stem: "journal-", ending: ".log" };

fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(NAME.of(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_torn_is_no_entry_and_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let entry = |at, decision| Entry { at, decision };
        let all = [
            entry(3, Decision::Aside(1)),
            entry(3, Decision::New { rank: 7, path: "a\tb \"c\".ndjson".to_owned(), file: Some((1, 2)) }),
            entry(9, Decision::Time(-5)),
            entry(9, Decision::Shed { before: 7, most: 1 << 30 }),
            entry(10, Decision::Rules("ab".to_owned())),
        ];
        let write = |entries: &[Entry]| {
            let mut journal = Journal::open(folder.path(), 4).unwrap();
            entries.iter().for_each(|entry| journal.note(entry).unwrap());
        };
        write(&all);
        let whole = fs::read(path(folder.path(), 4)).unwrap();
        assert_eq!(read(folder.path(), &[4]).unwrap(), (all.to_vec().into(), false));
        let ends: Vec<usize> = (0..whole.len()).filter(|at| whole[*at] == b'\n').collect();
        for cut in 0..whole.len() {
            fs::write(path(folder.path(), 4), &whole[..cut]).unwrap();
            let kept = ends.iter().filter(|end| **end < cut).count();
            let is_torn = cut > 0 && !ends.contains(&(cut - 1));
            assert_eq!(read(folder.path(), &[4]).unwrap(), (all[..kept].to_vec().into(), is_torn), "{cut}");
            write(&all[kept..]);
            assert_eq!(fs::read(path(folder.path(), 4)).unwrap(), whole, "{cut}");
        }
        // Somebody may have edited one, and made its sum right again.
        let mut good = 0;
        for text in files::edited(br#"{"at":3,"new":{"rank":7,"path":"a","file":[1,2]}}"#, 50_000) {
            let line = [&text[..], format!("\t{:016x}\n", xxh3_64(&text)).as_bytes()].concat();
            if let Some(read) = super::entry(&line) {
                good += 1;
                let again: Entry = serde_json::from_slice(&serde_json::to_vec(&read).unwrap()).unwrap();
                assert_eq!(again, read);
            }
        }
        assert!((1_000..49_000).contains(&good), "{good} were read");
    }
}
