//! Files as they were when they were read, to notice that they have changed.

use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// What was read, and what of each file would tell another one; nothing of those that could not be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen(BTreeMap<PathBuf, Option<Stamp>>);

/// A file that is written, replaced or reached by another link gets another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
    /// Where the system has them: the device, the number of the file, and when anything of it was changed.
    node: Option<(u64, u64, i64, i64)>,
}

impl Stamp {
    #[cfg(unix)]
    fn of(meta: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        let node = Some((meta.dev(), meta.ino(), meta.ctime(), meta.ctime_nsec()));
        Stamp { length: meta.len(), modified: meta.modified().ok(), node }
    }

    #[cfg(not(unix))]
    fn of(meta: &Metadata) -> Self {
        Stamp { length: meta.len(), modified: meta.modified().ok(), node: None }
    }
}

impl Seen {
    /// Opens a file to be read, and takes note of how it is.
    pub(crate) fn open(&mut self, path: &Path) -> io::Result<File> {
        let file = File::open(path)?;
        self.note(path, &file);
        Ok(file)
    }

    /// Takes note of how a file is that was opened to be read.
    pub(crate) fn note(&mut self, path: &Path, file: &File) {
        self.0.insert(path.to_owned(), file.metadata().ok().map(|meta| Stamp::of(&meta)));
    }

    /// Takes note of how a file is now.
    pub(crate) fn look(&mut self, path: &Path) {
        self.0.insert(path.to_owned(), fs::metadata(path).ok().map(|meta| Stamp::of(&meta)));
    }

    /// Takes note of what was read besides.
    pub(crate) fn extend(&mut self, other: Seen) {
        self.0.extend(other.0);
    }

    /// Which files these are.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.0.keys().map(PathBuf::as_path)
    }

    /// Whether one of the files was written in these last moments, and may not be whole yet. What holds nothing may just
    /// have been emptied to be written.
    pub(crate) fn is_fresh(&self, now: SystemTime) -> bool {
        const SETTLED: Duration = Duration::from_millis(100);
        const EMPTY: Duration = Duration::from_secs(1);
        let is_fresh = |stamp: &Stamp| {
            // What lies in the future tells nothing.
            let age = stamp.modified.and_then(|time| now.duration_since(time).ok());
            age.is_some_and(|age| age < if stamp.length == 0 { EMPTY } else { SETTLED })
        };
        self.0.values().flatten().any(is_fresh)
    }
}
