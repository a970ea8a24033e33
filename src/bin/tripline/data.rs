//! The files that rules read lists and tables from.

use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use tripline::data::{Files, Rows, Unread, Wanted};
use tripline::io::data;
use tripline::{Limits, Value};

use crate::rules::plain;

/// Reads files that lie beneath the folder of the rules, or beneath one that is allowed.
#[derive(Debug)]
pub(crate) struct DataFiles {
    /// For each rule file what its paths are seen from, and the folder beneath which they must lead.
    homes: Vec<(PathBuf, PathBuf)>,
    allowed: Vec<PathBuf>,
    limits: Limits,
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
        }
    }

    /// The file that is wanted, if it may be read.
    fn open(&self, wanted: Wanted<'_>) -> Result<BufReader<File>, Unread> {
        let Some((folder, root)) = self.homes.get(wanted.rule_file.0 as usize) else {
            return Err(closed(format!("`{}` is of no rule file", wanted.name), ""));
        };
        let path = folder.join(wanted.name);
        let cannot = |error: &io::Error| {
            let why = format!("cannot open `{}`: {}", path.display(), plain(error));
            closed(why, "the path is seen from the folder of this rule file")
        };
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
        Ok(BufReader::with_capacity(1 << 16, File::open(&real).map_err(|e| cannot(&e))?))
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
