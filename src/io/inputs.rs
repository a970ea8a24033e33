//! Which inputs there are, and in which order.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;

use super::error::Error;
use super::open::{ending, is_packed};
use super::place::Place;
use super::spool::Spool;
use super::{Format, ReadOptions};
use crate::event::Source;

/// One input.
#[derive(Clone, Debug)]
pub struct Input {
    path: Option<PathBuf>,
    source: Arc<Source>,
    one_of_many: bool,
    /// Whether it is read on as it grows; whether it is waited for then when it is not there.
    followed: Option<bool>,
    /// Whether what it is renamed to when it is rotated is no input by itself.
    is_alone: bool,
    /// From where on it is read.
    from: Place,
    /// Where it is written down, if it is a pipe.
    spool: Option<Spool>,
}

impl Input {
    /// A file that has come up, or was an input of a run that goes on. If it is followed, it is not waited for without end
    /// when it is gone.
    pub fn at(path: &Path, rank: u32, follows: bool) -> Self {
        let source = Arc::new(Source { rank, name: path.display().to_string() });
        let followed = (follows && !is_packed(&source.name)).then_some(false);
        let from = Place::default();
        Input {
            path: Some(path.to_owned()),
            source,
            one_of_many: false,
            followed,
            is_alone: true,
            from,
            spool: None,
        }
    }

    /// The same input of a run that was ended: with its rank of then, and read from where it was read to.
    pub fn resumed(&self, rank: u32, from: Place) -> Self {
        let source = Arc::new(Source { rank, name: self.source.name.clone() });
        let spool = self.spool.as_ref().map(|spool| spool.of_rank(rank));
        Input { source, from, spool, ..self.clone() }
    }

    /// The same input; if it is a pipe, its bytes are written down before they are given, and read from there another time.
    pub fn spooled(self, spool: Spool) -> Self {
        Input { spool: Some(spool), ..self }
    }

    /// Where it is written down, if it is a pipe and that was asked for.
    pub fn spool(&self) -> Option<&Spool> {
        self.spool.as_ref().filter(|_| self.is_pipe())
    }

    /// Whether it is standard input or another pipe, which cannot be read again.
    pub fn is_pipe(&self) -> bool {
        self.path.as_ref().is_none_or(|path| path.exists() && !path.is_file())
    }

    /// From where on it is read.
    pub fn from(&self) -> &Place {
        &self.from
    }

    pub(super) fn is_alone(&self) -> bool {
        self.is_alone
    }

    /// Takes note of what else the arguments name.
    pub fn beside(mut self, arguments: &[String]) -> Self {
        let renamed = format!("{}.1", self.source.name);
        let globs = arguments.iter().filter_map(|argument| glob::Pattern::new(argument).ok());
        self.is_alone = !globs.into_iter().any(|glob| glob.matches(&renamed));
        self
    }

    pub(super) fn followed(&self) -> Option<bool> {
        self.followed
    }

    /// Where it is; `None` for standard input.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Its name and rank.
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    pub(super) fn name(&self) -> &str {
        &self.source.name
    }

    pub(super) fn is_one_of_many(&self) -> bool {
        self.one_of_many
    }
}

/// The inputs of a run, in the order of their ranks.
#[derive(Clone, Debug)]
pub struct Inputs(Vec<Input>);

/// More files than this are not kept open all at once.
const MANY: usize = 200;

impl Inputs {
    /// Finds the inputs that these arguments name: files, folders, globs, and `-` for standard input, as which also
    /// no argument counts.
    ///
    /// Ranks follow the arguments, and within a folder or glob the names. A folder stands for all files below it
    /// whose ending tells an input (`.ndjson`, `.jsonl`, `.csv`, `.tsv`, packed or not; with records `.json` too, with
    /// lines `.log` and `.txt`); hidden files and folders are passed over. A file that is reached twice is read once. A path
    /// that leads to nothing is an input too, which cannot be opened.
    pub fn find(arguments: &[String], options: &ReadOptions) -> Result<Self, Error> {
        Inputs::look(arguments, options, true)
    }

    /// The same for inputs that are followed: files are read on as they grow and may not be there yet, folders and globs may be
    /// without any. What is packed has an end all the same.
    pub fn find_so_far(arguments: &[String], options: &ReadOptions) -> Result<Self, Error> {
        Ok(Inputs::look(arguments, options, false)?.following(arguments))
    }

    fn look(arguments: &[String], options: &ReadOptions, must_be: bool) -> Result<Self, Error> {
        let mut found: IndexMap<PathBuf, Option<PathBuf>> = IndexMap::new();
        let stdin = ["-".to_string()];
        for argument in if arguments.is_empty() { &stdin[..] } else { arguments } {
            if argument == "-" {
                found.insert(PathBuf::from("-"), None);
                continue;
            }
            for path in expand(argument, options, must_be)? {
                // What is no file, as the pipe behind `/dev/fd/63`, has no other name; what is not there at all
                // fails when it is opened.
                let real = path.canonicalize().unwrap_or_else(|_| path.clone());
                found.entry(real).or_insert(Some(path));
            }
        }
        let one_of_many = found.len() > MANY;
        let inputs = found.into_values().zip(0..).map(|(path, rank)| {
            let name = path.as_ref().map_or("-".to_string(), |path| path.display().to_string());
            let one_of_many = one_of_many && path.as_ref().is_some_and(|path| path.is_file());
            Input {
                path,
                source: Arc::new(Source { rank, name }),
                one_of_many,
                followed: None,
                is_alone: true,
                from: Place::default(),
                spool: None,
            }
        });
        Ok(Inputs(inputs.collect()))
    }

    /// Has files read on as they grow, and those that are not there waited for. What is packed has an end all the same.
    fn following(mut self, arguments: &[String]) -> Self {
        for input in &mut self.0 {
            let Some(path) = input.path.as_deref().filter(|path| path.is_file() || !path.exists()) else {
                continue;
            };
            let is_named = arguments.iter().any(|argument| Path::new(argument) == path);
            input.followed = (!is_packed(&input.source.name)).then_some(is_named);
            input.one_of_many = false;
        }
        self.0 = self.0.into_iter().map(|input| input.beside(arguments)).collect();
        self
    }

    /// These inputs, in the order of their ranks.
    pub fn of(inputs: Vec<Input>) -> Self {
        Inputs(inputs)
    }

    /// The inputs.
    pub fn iter(&self) -> std::slice::Iter<'_, Input> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a Inputs {
    type Item = &'a Input;
    type IntoIter = std::slice::Iter<'a, Input>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Whether an input is lines of JSON that say all by themselves. A time that is told from the one before needs all lines in order.
pub(super) fn is_by_lines(name: &str, options: &ReadOptions) -> bool {
    let by_lines = match options.format {
        Format::Ndjson => true,
        Format::Auto => !matches!(ending(name), "csv" | "tsv"),
        Format::Csv | Format::Tsv | Format::Records(_) | Format::Lines(_) => false,
    };
    by_lines && !options.times.look_back()
}

/// The files that one argument stands for.
fn expand(argument: &str, options: &ReadOptions, must_be: bool) -> Result<Vec<PathBuf>, Error> {
    let some = |files: Vec<PathBuf>, none: &dyn Fn() -> String| match files.is_empty() && must_be {
        true => Err(Error::new(none())),
        false => Ok(files),
    };
    let path = Path::new(argument);
    if path.is_dir() {
        let mut files = Vec::new();
        walk(path, options, &mut files)?;
        return some(files, &|| {
            format!("the folder `{argument}` holds no input; endings that tell one are {}", known(options))
        });
    }
    if path.exists() || !argument.contains(['*', '?', '[']) {
        return Ok(vec![path.to_path_buf()]);
    }
    let paths =
        glob::glob(argument).map_err(|e| Error::new(format!("`{argument}` is no glob: {}", e.msg)))?;
    let mut files: Vec<PathBuf> = paths.filter_map(Result::ok).filter(|path| path.is_file()).collect();
    files.sort();
    some(files, &|| format!("no file fits `{argument}`"))
}

/// All inputs below a folder, by name.
fn walk(folder: &Path, options: &ReadOptions, files: &mut Vec<PathBuf>) -> Result<(), Error> {
    let failed = |e| Error::opening(&folder.display().to_string(), e);
    let mut entries = Vec::new();
    for entry in folder.read_dir().map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            entries.push((entry.path(), entry.file_type().map_err(failed)?));
        }
    }
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    for (path, kind) in entries {
        // A link to a folder is not followed: it may lead round in a circle.
        if kind.is_dir() {
            walk(&path, options, files)?;
        } else if path.is_file() && endings(options).contains(&ending(&path.display().to_string())) {
            files.push(path);
        }
    }
    Ok(())
}

/// The endings that tell an input in a folder.
fn endings(options: &ReadOptions) -> &'static [&'static str] {
    match options.format {
        Format::Auto => &["ndjson", "jsonl", "csv", "tsv"],
        Format::Ndjson => &["ndjson", "jsonl", "json"],
        Format::Csv => &["csv"],
        Format::Tsv => &["tsv"],
        Format::Records(_) => &["json", "ndjson", "jsonl"],
        Format::Lines(_) => &["log", "txt"],
    }
}

fn known(options: &ReadOptions) -> String {
    let quoted: Vec<String> = endings(options).iter().map(|ending| format!("`.{ending}`")).collect();
    quoted.join(" ")
}
