//! Up to where an input was read, and how that is found again.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use xxhash_rust::xxh3::xxh3_64;

use super::chunk::Mark;
use super::memo::Memo;
use super::open::is_packed;

/// By how many bytes before it a place in a file is known.
pub(super) const KNOWN_BY: usize = 64;

/// Device and number of a file, which it keeps under another name.
pub type Node = (u64, u64);

/// Up to where an input was read, to read on from there another time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// So many bytes stand before it in the file, unpacked if it is packed.
    pub byte: u64,
    /// So many lines, or records where these are counted, stand before it, over all files that came to the path.
    pub line: u64,
    /// Behind these so many events and rejects are to be passed over.
    pub items: u64,
    /// The file, if the system tells it from others.
    pub file: Option<Node>,
    /// What the bytes before it are known by, if the file is not packed.
    pub known: Option<u64>,
    /// What is to be known of what stands before it.
    pub memo: Memo,
}

impl Place {
    /// Where the bytes are read on from, in which `items` may be to be passed over.
    pub(crate) fn mark(&self) -> Mark {
        Mark { byte: self.byte, line: self.line, items: 0, memo: self.memo.clone() }
    }

    /// The beginning of the file that is at a path now.
    pub fn at(path: &Path) -> Self {
        Place { file: node(path), ..Place::default() }
    }

    /// Where the file lies that was read, which may have got another name or been copied to one since; nothing if it is gone or was
    /// written anew.
    ///
    /// Cost: the folder is read if it is not at its path.
    pub fn find(&self, path: &Path) -> Option<PathBuf> {
        if self.is_of(path) && (self.file.is_none() || self.file == node(path)) {
            return Some(path.to_owned());
        }
        let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
        let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
        let mut beside: Vec<PathBuf> =
            entries.map(|entry| entry.path()).filter(|path| path.is_file()).collect();
        beside.sort();
        let same_file =
            |other: &&PathBuf| self.file.is_some() && self.file == node(other) && self.is_of(other);
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        // Some copy a file to such a name, and empty it.
        let copied = |other: &&PathBuf| {
            let other_name = other.file_name().unwrap_or_default().as_encoded_bytes();
            other_name.len() > name.len()
                && other_name.starts_with(name)
                && self.byte > 0
                && self.is_of(other)
        };
        let other = beside.iter().find(same_file);
        let back = || (self.byte > 0 && self.known.is_some() && self.is_of(path)).then(|| path.to_owned());
        other.cloned().or_else(back).or_else(|| beside.iter().find(copied).cloned())
    }

    /// Whether the bytes before the place are those that were read.
    fn is_of(&self, path: &Path) -> bool {
        path.exists() && (self.known.is_none() || known(path, self.byte) == self.known)
    }
}

/// The file that came to a path behind this one, and has got another name since: such names begin as the path does, as
/// `app.log.1`. Nothing if none did.
pub(super) fn successor(path: &Path, file: &File) -> Option<File> {
    let written = file.metadata().ok()?.modified().ok()?;
    let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    let node_here = node_of(&file.metadata().ok()?);
    let behind = fs::read_dir(folder).ok()?.filter_map(Result::ok).filter_map(|entry| {
        let other = entry.file_name();
        let is_named_so =
            other.as_encoded_bytes().len() > name.len() && other.as_encoded_bytes().starts_with(name);
        let meta = entry.metadata().ok().filter(|meta| meta.is_file() && is_named_so)?;
        let modified = meta.modified().ok().filter(|time| *time > written && node_of(&meta) != node_here)?;
        (!is_packed(&other.to_string_lossy())).then(|| (modified, entry.path()))
    });
    File::open(behind.min()?.1).ok()
}

/// What tells the file at a path from others.
pub(super) fn node(path: &Path) -> Option<Node> {
    node_of(&fs::metadata(path).ok()?)
}

#[cfg(unix)]
pub(super) fn node_of(meta: &fs::Metadata) -> Option<Node> {
    use std::os::unix::fs::MetadataExt;
    Some((meta.dev(), meta.ino()))
}

/// The system does not say: a file that was replaced by a longer one is not noticed by this.
#[cfg(not(unix))]
pub(super) fn node_of(_: &fs::Metadata) -> Option<Node> {
    None
}

/// The last bytes before a place in a file.
pub(super) fn before(file: &mut File, byte: u64) -> io::Result<Vec<u8>> {
    let start = byte.saturating_sub(KNOWN_BY as u64);
    let mut bytes = vec![0; (byte - start) as usize];
    file.seek(SeekFrom::Start(start))?;
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// What the bytes before a place are known by; nothing if the file has not as many.
fn known(path: &Path, byte: u64) -> Option<u64> {
    Some(xxh3_64(&before(&mut File::open(path).ok()?, byte).ok()?))
}

/// The files that the bytes of an input come from, one behind the other. Whoever reads them adds to it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trail(Arc<Mutex<Vec<Begun>>>);

/// A file that was begun.
#[derive(Clone, Copy, Debug)]
struct Begun {
    /// How many bytes of the input stand before it.
    stream: u64,
    /// From where on it is read.
    byte: u64,
    file: Option<Node>,
}

impl Trail {
    /// Another file is read from a byte on, when so many bytes of the input were read.
    pub(super) fn begin(&self, stream: u64, byte: u64, file: Option<Node>) {
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // What had nothing is of no account.
        files.retain(|begun| begun.stream < stream);
        files.push(Begun { stream, byte, file });
    }

    /// Where a mark of the input lies, `items` behind it. What lies before it is forgotten.
    pub(crate) fn place(&self, mark: Mark, path: Option<&Path>) -> Place {
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = files.iter().rposition(|begun| begun.stream <= mark.byte).unwrap_or_default();
        files.drain(..last);
        let Mark { byte, line, items, memo } = mark;
        let Some(begun) = files.first() else {
            return Place { byte, line, items, memo, ..Place::default() };
        };
        let byte = byte - begun.stream.min(byte) + begun.byte;
        let path = path.filter(|path| !is_packed(&path.to_string_lossy()) && node(path) == begun.file);
        Place { byte, line, items, file: begun.file, known: path.and_then(|path| known(path, byte)), memo }
    }
}
