//! The files that rules read lists and tables from.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tripline::data::{Files, Rows, Unread, Wanted};
use tripline::io::data;
use tripline::{Limits, Value};
use xxhash_rust::xxh3::Xxh3;

use crate::rules::plain;
use crate::seen::Seen;

/// Reads files that lie beneath the folder of the rules, or beneath one that is allowed.
#[derive(Debug)]
pub(crate) struct DataFiles {
    /// For each rule file what its paths are seen from, and the folder beneath which they must lead.
    homes: Vec<(PathBuf, PathBuf)>,
    allowed: Vec<PathBuf>,
    limits: Limits,
    read: Arc<Mutex<WasRead>>,
}

/// What was read, or could not be.
#[derive(Clone, Debug, Default)]
pub(crate) struct WasRead {
    pub(crate) seen: Seen,
    /// What was in the files, as numbers that tell it apart.
    pub(crate) contents: BTreeMap<PathBuf, u128>,
}

impl DataFiles {
    /// For these rule files, which were found in these places.
    pub(crate) fn new<'f>(
        files: impl IntoIterator<Item = &'f str>,
        places: &[PathBuf],
        allowed: &[PathBuf],
        limits: &Limits,
    ) -> Self {
        let home = |file: &str| {
            let file = Path::new(file);
            let folder = file.parent().unwrap_or(Path::new(""));
            let root = places.iter().find(|place| file != place.as_path() && file.starts_with(place));
            let root = root.map_or(folder, PathBuf::as_path);
            let root = if root.as_os_str().is_empty() { Path::new(".") } else { root };
            (folder.to_owned(), root.to_owned())
        };
        DataFiles {
            homes: files.into_iter().map(home).collect(),
            allowed: allowed.to_vec(),
            limits: limits.clone(),
            read: Arc::default(),
        }
    }

    /// What was read so far.
    pub(crate) fn read(&self) -> WasRead {
        lock(&self.read).clone()
    }

    /// The file that is wanted, if it may be read.
    fn open(&self, wanted: Wanted<'_>) -> Result<BufReader<Noted>, Unread> {
        let Some((folder, root)) = self.homes.get(wanted.rule_file.0 as usize) else {
            return Err(closed(format!("`{}` is of no rule file", wanted.name), ""));
        };
        let path = folder.join(wanted.name);
        let cannot = |error: &io::Error| {
            let why = format!("cannot open `{}`: {}", path.display(), plain(error));
            closed(why, "the path is seen from the folder of this rule file")
        };
        // What is not there yet may come.
        lock(&self.read).seen.look(&path);
        let real = fs::canonicalize(&path).map_err(|e| cannot(&e))?;
        let mut folders = std::iter::once(root).chain(&self.allowed);
        if !folders.any(|folder| fs::canonicalize(folder).is_ok_and(|folder| real.starts_with(folder))) {
            let why = format!("`{}` leads out of the folder of the rules, `{}`", wanted.name, root.display());
            return Err(closed(why, "put the file there, or allow its folder with `--allow-read FOLDER`"));
        }
        if !real.is_file() {
            return Err(closed(
                format!("`{}` is no file", path.display()),
                "name a file with one item or row a line",
            ));
        }
        let file = File::open(&real).map_err(|e| cannot(&e))?;
        lock(&self.read).seen.note(&path, &file);
        let noted = Noted { file, path, digest: Xxh3::new(), read: Arc::clone(&self.read) };
        Ok(BufReader::with_capacity(1 << 16, noted))
    }
}

fn lock(read: &Mutex<WasRead>) -> MutexGuard<'_, WasRead> {
    read.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A file of which is noted what is read.
struct Noted {
    file: File,
    path: PathBuf,
    digest: Xxh3,
    read: Arc<Mutex<WasRead>>,
}

impl Read for Noted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.digest.update(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}

impl Drop for Noted {
    fn drop(&mut self) {
        let path = std::mem::take(&mut self.path);
        lock(&self.read).contents.insert(path, self.digest.digest128());
    }
}

fn closed(why: String, help: &str) -> Unread {
    Unread::Closed { why, help: (!help.is_empty()).then(|| help.to_owned()) }
}

impl Files for DataFiles {
    fn list(&self, wanted: Wanted<'_>) -> Result<Vec<Value>, Unread> {
        data::items(wanted.name, self.open(wanted)?, &self.limits)
    }

    fn table(&self, wanted: Wanted<'_>, key: &str) -> Result<Rows, Unread> {
        data::rows(wanted.name, self.open(wanted)?, &self.limits, key)
    }
}
