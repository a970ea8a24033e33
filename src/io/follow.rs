//! Files that are read on as they grow, and folders in which new ones come up.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use super::ReadOptions;
use super::error::Error;
use super::inputs::{Input, Inputs};
use super::open::Tap;
use super::place::{KNOWN_BY, Node, Place, Trail, before, node, node_of, successor};

/// How often is looked whether there is more.
const PAUSE: Duration = Duration::from_millis(50);
/// How many times in a row nothing more must come of a file that is not at its path any more, before the one that is there
/// is read: who writes may not have noticed yet.
const GRACE: u32 = 4;
/// How long a file that was found in a folder may be gone until it is not waited for any more.
const GONE: u32 = 60 * 20;

/// A file that is read on as it grows, for as long as it is wanted. If another file comes to its path, that is read behind what
/// was left of the old one; if it is cut, or written anew from its beginning, it is read from there. A last line that was not
/// complete then is ended.
pub(super) struct Followed {
    path: PathBuf,
    file: Option<(File, Option<Node>)>,
    place: u64,
    /// The bytes before this place.
    before: Vec<u8>,
    /// How often in a row nothing came.
    quiet: u32,
    /// When it was written, as far as that was looked at.
    modified: Option<SystemTime>,
    /// Whether it is waited for as long as the run lasts.
    is_named: bool,
    /// Whether what its files are renamed to is no input by itself.
    is_alone: bool,
    /// How many bytes were given.
    given: u64,
    trail: Trail,
}

/// What has become of a file that has no more bytes.
enum Turn {
    /// There may be more.
    Stays,
    /// It begins anew.
    Again,
    /// Another one is at its path.
    Other,
    /// It is not there.
    Gone,
}

impl Followed {
    /// A file that may not be there yet. One that was `found` in a folder is not waited for without end when it is gone.
    pub(super) fn open(
        path: &Path,
        (is_named, is_alone): (bool, bool),
        from: &Place,
        trail: &Trail,
    ) -> io::Result<Self> {
        let mut followed = Followed {
            path: path.to_owned(),
            file: None,
            place: 0,
            before: Vec::new(),
            quiet: 0,
            modified: None,
            is_named,
            is_alone,
            given: from.byte,
            trail: trail.clone(),
        };
        match from.find(path).filter(|_| *from != Place::default()) {
            Some(found) => followed.go_on(&found, from.byte)?,
            None => followed.begin(None)?,
        }
        Ok(followed)
    }

    /// Goes on with a file that was read up to a byte.
    fn go_on(&mut self, path: &Path, byte: u64) -> io::Result<()> {
        let mut file = File::open(path)?;
        (self.before, self.place) = (before(&mut file, byte)?, byte);
        self.took(file);
        Ok(())
    }

    /// Reads this file from now on.
    fn took(&mut self, file: File) {
        let node = file.metadata().ok().as_ref().and_then(node_of);
        self.trail.begin(self.given, self.place, node);
        self.file = Some((file, node));
    }

    /// Begins with this file, or else the one that is at the path now, if there is one.
    fn begin(&mut self, next: Option<File>) -> io::Result<()> {
        (self.place, self.quiet, self.file) = (0, 0, None);
        self.before.clear();
        match next.map_or_else(|| File::open(&self.path), Ok) {
            Ok(file) => self.took(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// What comes next, however long that takes. `tap` is called while nothing does.
    pub(super) fn read(&mut self, buffer: &mut [u8], tap: &Tap) -> io::Result<usize> {
        loop {
            let read = self.read_now(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            self.quiet = self.quiet.saturating_add(1);
            let turn = self.turn();
            let is_over = match turn {
                Turn::Stays => false,
                Turn::Again => true,
                Turn::Other => self.file.is_none() || self.quiet > GRACE,
                Turn::Gone if self.quiet > GONE && !self.is_named => return Ok(0),
                Turn::Gone => false,
            };
            if is_over {
                let torn = self.before.last().is_some_and(|last| *last != b'\n');
                self.given += u64::from(torn);
                // More than one may have come since it was looked last.
                let was_replaced = self.is_alone && matches!(turn, Turn::Other);
                let file = self.file.as_ref().filter(|_| was_replaced);
                let next = file.and_then(|(file, _)| successor(&self.path, file));
                // What may not be read yet may be soon.
                let _ = self.begin(next);
                if torn {
                    return (&b"\n"[..]).read(buffer);
                }
                if self.file.is_some() {
                    continue;
                }
            }
            tap(0)?;
            thread::sleep(PAUSE);
        }
    }

    /// What is there.
    fn read_now(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let waited = std::mem::take(&mut self.quiet);
        let Some((file, _)) = &mut self.file else {
            self.quiet = waited;
            return Ok(0);
        };
        let read = file.read(buffer)?;
        if read == 0 {
            self.quiet = waited;
            return Ok(0);
        }
        // What was cut and has grown beyond this place since looks as if it had grown only.
        if waited > 0 && !self.is_known()? {
            self.quiet = waited;
            return Ok(0);
        }
        self.place += read as u64;
        self.given += read as u64;
        let new = buffer.get(..read).unwrap_or_default();
        self.before.extend_from_slice(new.get(read.saturating_sub(KNOWN_BY)..).unwrap_or_default());
        self.before.drain(..self.before.len().saturating_sub(KNOWN_BY));
        Ok(read)
    }

    /// Whether what stands before this place is what was read there. Else the file is put back to its beginning.
    fn is_known(&mut self) -> io::Result<bool> {
        let Some((file, _)) = &mut self.file else { return Ok(false) };
        let place = file.stream_position()?;
        let mut there = vec![0; self.before.len()];
        file.seek(SeekFrom::Start(self.place - self.before.len() as u64))?;
        let same = file.read_exact(&mut there).is_ok() && there == self.before;
        file.seek(SeekFrom::Start(if same { place } else { 0 }))?;
        if !same {
            self.place = u64::MAX;
        }
        Ok(same)
    }

    fn turn(&mut self) -> Turn {
        let Ok(meta) = fs::metadata(&self.path) else { return Turn::Gone };
        match &self.file {
            None => Turn::Other,
            Some((_, node)) if *node != node_of(&meta) => Turn::Other,
            Some(_) if meta.len() < self.place => Turn::Again,
            // It may have been written anew, and be as long as before.
            Some(_) if meta.modified().ok() != self.modified => {
                self.modified = meta.modified().ok();
                if self.is_known().unwrap_or(true) { Turn::Stays } else { Turn::Again }
            }
            Some(_) => Turn::Stays,
        }
    }
}

/// What is known of a path: which file was there when it was looked last, and how often in a row there was none.
#[derive(Clone, Copy, Default)]
struct Known {
    node: Option<Node>,
    missed: u32,
}

/// For how many looks a path is known at which nothing is: for longer than who follows it waits.
const FORGOTTEN: u32 = 140;

/// The inputs that arguments name, and those that come up under them.
#[derive(Clone)]
pub struct Discovery {
    arguments: Vec<String>,
    options: ReadOptions,
    /// What is known by path.
    known: BTreeMap<PathBuf, Known>,
    rank: u32,
    follows: bool,
}

impl Discovery {
    /// Knows these inputs, which the arguments name now or did when they were opened first. What comes has the ranks behind
    /// theirs, and is followed or not.
    pub fn new(arguments: &[String], options: &ReadOptions, inputs: &Inputs, follows: bool) -> Self {
        let rank = inputs.iter().map(|input| input.source().rank + 1).max().unwrap_or_default();
        let at = |path: PathBuf| {
            let node = node(&path);
            (path, Known { node, missed: 0 })
        };
        let paths = inputs.iter().filter_map(Input::path).map(Path::to_owned);
        // What is read on may have another name now.
        let renamed = inputs.iter().filter_map(|input| input.from().find(input.path()?));
        let known = renamed.chain(paths).map(at).collect();
        Discovery { arguments: arguments.to_owned(), options: options.clone(), known, rank, follows }
    }

    /// The same, where these inputs are known instead, and what comes has this rank and those behind it.
    pub fn knowing(&self, inputs: &Inputs, rank: u32) -> Self {
        Discovery { rank, ..Discovery::new(&self.arguments, &self.options, inputs, self.follows) }
    }

    /// The inputs that have come since. A file that has only got another name is none.
    ///
    /// Meant to be called about twice a second. Cost: the folders are read.
    pub fn look(&mut self) -> Result<Vec<Input>, Error> {
        let find = if self.follows { Inputs::find_so_far } else { Inputs::find };
        let found = find(&self.arguments, &self.options)?;
        let paths: Vec<(PathBuf, Option<Node>)> =
            found.iter().filter_map(Input::path).map(|path| (path.to_owned(), node(path))).collect();
        let nodes: Vec<Node> = self.known.values().filter_map(|known| known.node).collect();
        let is_new = |path: &Path, node: &Option<Node>| {
            !self.known.contains_key(path) && !node.is_some_and(|node| nodes.contains(&node))
        };
        let mut new = Vec::new();
        for (path, _) in paths.iter().filter(|(path, node)| is_new(path, node)) {
            new.push(Input::at(path, self.rank, self.follows).beside(&self.arguments));
            self.rank += 1;
        }
        // What is gone may come again as another file with the same number.
        self.known.values_mut().for_each(|known| *known = Known { node: None, missed: known.missed + 1 });
        self.known.extend(paths.into_iter().map(|(path, node)| (path, Known { node, missed: 0 })));
        self.known.retain(|_, known| known.missed < FORGOTTEN);
        Ok(new)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// Reads until nothing has come for a while.
    fn all(followed: &mut Followed) -> String {
        let mut text = Vec::new();
        loop {
            let rounds = AtomicU32::new(0);
            let tap: Tap = Arc::new(move |_| match rounds.fetch_add(1, Ordering::Relaxed) {
                8 => Err(io::Error::other("enough")),
                _ => Ok(()),
            });
            let mut buffer = [0; 5];
            match followed.read(&mut buffer, &tap) {
                Ok(read) => text.extend_from_slice(&buffer[..read]),
                Err(_) => return String::from_utf8(text).unwrap(),
            }
        }
    }

    #[test]
    fn it_goes_on_with_what_comes_to_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        let mut followed = Followed::open(&path, (true, true), &Place::default(), &Trail::default()).unwrap();
        assert_eq!(all(&mut followed), "");
        fs::write(&path, "one\ntw").unwrap();
        assert_eq!(all(&mut followed), "one\ntw");
        let append = |path: &Path, text: &str| {
            fs::OpenOptions::new().append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
        };
        append(&path, "o\nthree\n");
        assert_eq!(all(&mut followed), "o\nthree\n");
        // Another name, and a new file at the path; who writes goes on with the old one for a moment.
        let old = folder.path().join("a.log.1");
        fs::rename(&path, &old).unwrap();
        append(&old, "four\nfi");
        fs::write(&path, "six\n").unwrap();
        assert_eq!(all(&mut followed), "four\nfi\nsix\n");
        // Cut.
        fs::write(&path, "").unwrap();
        assert_eq!(all(&mut followed), "");
        append(&path, "seven\n");
        assert_eq!(all(&mut followed), "seven\n");
        // Written anew, and as long as before, or longer.
        fs::write(&path, "eight\n").unwrap();
        assert_eq!(all(&mut followed), "eight\n");
        fs::write(&path, "eighth\n").unwrap();
        append(&path, "nine\n");
        assert_eq!(all(&mut followed), "eighth\nnine\n");
        fs::remove_file(&path).unwrap();
        assert_eq!(all(&mut followed), "");
        fs::write(&path, "ten\n").unwrap();
        assert_eq!(all(&mut followed), "ten\n");
    }

    #[test]
    fn what_comes_up_is_found_and_what_is_renamed_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("a.ndjson"), "{}").unwrap();
        let arguments = [folder.path().display().to_string()];
        let options = ReadOptions::default();
        let inputs = Inputs::find(&arguments, &options).unwrap();
        let mut discovery = Discovery::new(&arguments, &options, &inputs, true);
        let mut names = || -> Vec<(String, u32)> {
            let new = discovery.look().unwrap();
            let file = |name: &str| name.rsplit('/').next().unwrap().to_owned();
            new.iter().map(|input| (file(&input.source().name), input.source().rank)).collect()
        };
        assert_eq!(names(), []);
        fs::write(path("b.ndjson"), "{}").unwrap();
        fs::write(path("c.txt"), "{}").unwrap();
        assert_eq!(names(), [("b.ndjson".to_owned(), 1)]);
        fs::rename(path("b.ndjson"), path("b.1.ndjson")).unwrap();
        fs::write(path("b.ndjson"), "{}").unwrap();
        assert_eq!(names(), []);
        fs::rename(path("b.1.ndjson"), path("b.2.ndjson")).unwrap();
        fs::write(path("0.ndjson"), "{}").unwrap();
        assert_eq!(names(), [("0.ndjson".to_owned(), 2)]);
    }
}
