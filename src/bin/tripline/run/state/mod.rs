//! What a run keeps beyond its end, however it ends: checkpoints, and a journal of what was decided behind them.
//!
//! A run is a matter of its inputs, but for what a clock or a person decides: which inputs are waited for, which come up, how far
//! time goes on by itself, which rules are in force. Each decision is written into the journal, with the number of rows and
//! rejects given before it, before it takes effect. So a run that was killed goes on from its last checkpoint and comes by the
//! same alerts once more, which stand in the output already, takes the same decisions in the same places, and is then where it was.
// `journal` has the decisions, `checkpoint` the rest, `store` the rule sets by content, `replay` what a run does that goes on.

mod checkpoint;
mod files;
mod journal;
mod replay;
mod store;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, TryRecvError};
use std::thread;
use std::time::{Duration, Instant};

use tripline::Timestamp;
use tripline::io::{Input, Spool};

pub(super) use self::checkpoint::{Checkpoint, Header, InputState, OutputState};
pub(super) use self::files::private;
use self::journal::Journal;
pub(super) use self::journal::{Decision, Entry};
pub(super) use self::replay::Replay;
use self::store::Store;
use super::board::{Checkpoints, now, wall};
use crate::cli::Stop;
use crate::rules::{Origin, plain};

/// The state of a run in its folder.
pub(super) struct State {
    folder: PathBuf,
    /// Held for as long as the run lasts: two runs would spoil each other's state.
    _lock: File,
    store: Store,
    /// Behind the checkpoint of this number.
    journal: Option<Journal>,
    number: u64,
    /// The rule sets that checkpoints and journals speak of, by the number of these.
    rules: BTreeMap<u64, BTreeSet<String>>,
    /// Up to where each pipe that is written down was given, by the number of the checkpoint.
    pipes: BTreeMap<u64, Vec<(Spool, u64)>>,
    /// How many checkpoints are kept, and how often there is one.
    keep: usize,
    every: Duration,
    /// The inputs in the order in which they are merged.
    inputs: Vec<Input>,
    pub(super) next_rank: u32,
    /// Those of the run before that are none now.
    pub(super) absent: Vec<InputState>,
    /// When the last one was begun, and how much was given then.
    last: (Instant, u64),
    /// Whether something was noted since.
    noted: u64,
    writing: Option<Receiver<Written>>,
    failed: bool,
    /// What has come of checkpoints.
    pub(super) counts: Checkpoints,
}

/// What came of writing a checkpoint.
struct Written {
    number: u64,
    done: io::Result<u64>,
    /// When it was made, and how long that and all of it took.
    when: (Timestamp, Duration, Duration),
}

/// What is to be said of checkpoints that did not fail.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum News {
    None,
    PossibleAgain,
}

/// What there is to go on from.
pub(super) struct Found {
    pub(super) checkpoint: Checkpoint,
    pub(super) replay: Replay,
}

impl State {
    /// Opens a state folder; what there is to go on from, and what is to be said of it.
    pub(super) fn open(
        folder: &Path,
        (keep, every): (usize, Duration),
    ) -> Result<(Self, Option<Found>, Vec<String>), Stop> {
        let failed = |e: io::Error| {
            Stop::Failed(format!("cannot keep state in `{}`: {}", folder.display(), plain(&e)))
        };
        files::make(folder).map_err(failed)?;
        let lock = lock(folder).map_err(|e| e.map_or_else(|| in_use(folder), failed))?;
        files::tidy(folder).map_err(failed)?;
        let store = Store::open(folder).map_err(failed)?;
        let mut state = State {
            folder: folder.to_owned(),
            _lock: lock,
            store,
            journal: None,
            number: 0,
            rules: BTreeMap::new(),
            pipes: BTreeMap::new(),
            keep,
            every,
            inputs: Vec::new(),
            next_rank: 0,
            absent: Vec::new(),
            last: (now(), 0),
            noted: 0,
            writing: None,
            failed: false,
            counts: Checkpoints::default(),
        };
        let mut notes = Vec::new();
        let found = state.find(&mut notes).map_err(|e| e.unwrap_or_else(failed))?;
        Ok((state, found, notes))
    }

    /// The last checkpoint that can be read, and the entries behind it.
    fn find(&mut self, notes: &mut Vec<String>) -> Result<Option<Found>, Result<Stop, io::Error>> {
        let numbers = checkpoint::NAME.all(&self.folder).map_err(Err)?;
        let journals = journal::NAME.all(&self.folder).map_err(Err)?;
        let last = numbers.iter().chain(&journals).max().copied();
        let Some(last) = last else { return Ok(None) };
        // Before the first checkpoint nothing is done.
        if numbers.is_empty()
            && journals == [1]
            && journal::read(&self.folder, &[1]).is_ok_and(|(all, _)| all.is_empty())
        {
            return Ok(None);
        }
        for number in numbers.iter().rev() {
            match Checkpoint::read(&self.folder, *number) {
                Err(why) => notes.push(format!(
                    "the checkpoint `{}` cannot be used: {why}; the one before it is",
                    self.folder.join(checkpoint::NAME.of(*number)).display()
                )),
                Ok(found) => {
                    let behind: Vec<u64> =
                        journals.iter().filter(|other| *other >= number).copied().collect();
                    let is_whole = behind.iter().copied().eq(*number..*number + behind.len() as u64);
                    if !is_whole {
                        notes.push(
                            "a journal is missing: what a clock decided behind it is decided anew".to_owned(),
                        );
                    }
                    let (entries, torn) = journal::read(&self.folder, &behind).map_err(Err)?;
                    if torn {
                        notes.push(
                            "the last entry of the journal was not finished, and is left out".to_owned(),
                        );
                    }
                    for (number, name) in self.known_rules(&numbers, &journals) {
                        self.rules.entry(number).or_default().insert(name);
                    }
                    self.number = last;
                    let open = Journal::open(&self.folder, behind.last().copied().unwrap_or(*number))
                        .map_err(Err)?;
                    self.journal = Some(open);
                    return Ok(Some(Found { checkpoint: found, replay: Replay::new(entries) }));
                }
            }
        }
        Err(Ok(Stop::Failed(format!(
            "`{}` has no checkpoint that can be read; {}; take the folder away to begin anew",
            self.folder.display(),
            notes.join("; ")
        ))))
    }

    /// The rule sets that all of it speaks of.
    fn known_rules(&self, checkpoints: &[u64], journals: &[u64]) -> Vec<(u64, String)> {
        let of_checkpoints = checkpoints.iter().flat_map(|number| {
            let header = Checkpoint::read(&self.folder, *number).ok().map(|found| found.header);
            let names = header.into_iter().flat_map(|header| header.named_rules());
            names.map(|name| (*number, name))
        });
        let entries = |number: &u64| {
            let entries =
                journal::read(&self.folder, &[*number]).map(|(entries, _)| entries).unwrap_or_default();
            let number = *number;
            entries.into_iter().filter_map(move |entry| match entry.decision {
                Decision::Rules(name) | Decision::RulesBefore(name) => Some((number, name)),
                _ => None,
            })
        };
        of_checkpoints.chain(journals.iter().flat_map(entries)).collect()
    }

    /// A rule set that was in force.
    pub(super) fn rules(&self, name: &str) -> Result<(tripline::Program, Origin), Stop> {
        self.store.load(name).map_err(Stop::Failed)
    }

    /// Writes a decision down; it takes effect when this is done.
    pub(super) fn note(&mut self, at: u64, decision: Decision) -> Result<(), Stop> {
        let Some(journal) = &mut self.journal else { return Ok(()) };
        if let Decision::Rules(name) | Decision::RulesBefore(name) = &decision {
            self.rules.entry(self.number).or_default().insert(name.clone());
        }
        self.noted += 1;
        journal.note(&Entry { at, decision }).map_err(|e| {
            Stop::Failed(format!("cannot write to `{}`: {}", journal.path().display(), plain(&e)))
        })
    }

    /// Keeps a rule set that is to take over; its name.
    pub(super) fn keep_rules(&self, origin: &Origin) -> Result<String, String> {
        self.store.keep(origin)
    }

    /// The rank of an input, by the order in which they are merged.
    pub(super) fn rank(&self, input: usize) -> Option<u32> {
        self.inputs.get(input).map(|input| input.source().rank)
    }

    /// An input by its rank.
    pub(super) fn input(&self, rank: u32) -> Option<usize> {
        self.inputs.iter().position(|input| input.source().rank == rank)
    }

    /// The inputs that are merged, in this order.
    pub(super) fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// One more input is merged.
    pub(super) fn add(&mut self, input: Input) {
        self.next_rank = self.next_rank.max(input.source().rank + 1);
        self.inputs.push(input);
    }

    /// The next input that comes up has this rank at least.
    pub(super) fn next_rank(&mut self, rank: u32) {
        self.next_rank = self.next_rank.max(rank);
    }

    /// Whether there is to be a checkpoint, when so much was given.
    pub(super) fn is_due(&self, given: u64) -> bool {
        const MANY: u64 = 100_000;
        let (begun, given_then) = self.last;
        let has_news = given > given_then || self.noted > MANY;
        // However much is held, most of the time is for matching.
        let every = self.every.max(self.counts.pause * 10);
        self.writing.is_none() && has_news && begun.elapsed() >= every
    }

    /// Whether a run that has given so much knows anything that the last checkpoint does not.
    pub(super) fn has_news(&self, given: u64) -> bool {
        given != self.last.1 || self.noted > 0 || self.failed
    }

    /// Makes a checkpoint, which was begun at some time, and waits until it is written if whoever asks `waits`.
    pub(super) fn checkpoint(
        &mut self,
        checkpoint: Checkpoint,
        outputs: Vec<File>,
        begun: Instant,
        waits: bool,
    ) -> Result<News, String> {
        match self.begin(checkpoint, outputs, begun) {
            Ok(()) if waits => self.look(true),
            Ok(()) => Ok(News::None),
            // It is tried again when the next one would be due.
            Err(error) => {
                self.last.0 = now();
                self.came_of(Err(error), waits)
            }
        }
    }

    /// Begins a checkpoint: from now on decisions stand behind it. It is written by another thread when what the outputs have is
    /// there to stay.
    fn begin(&mut self, checkpoint: Checkpoint, outputs: Vec<File>, begun: Instant) -> io::Result<()> {
        let number = self.number + 1;
        let before = self.journal.replace(Journal::open(&self.folder, number)?);
        self.rules.entry(number).or_default().extend(checkpoint.header.named_rules());
        let byte = |rank: u32| {
            checkpoint.header.inputs.iter().find(|input| input.rank == rank).map(|input| input.byte)
        };
        let spools =
            self.inputs.iter().filter_map(|input| Some((input.spool()?.clone(), byte(input.source().rank)?)));
        self.pipes.insert(number, spools.collect());
        (self.number, self.last, self.noted) = (number, (now(), checkpoint.header.given), 0);
        let (sender, writing) = mpsc::channel();
        let (folder, made, pause) = (self.folder.clone(), wall(), begun.elapsed());
        let write = move || {
            let synced = outputs.iter().try_for_each(File::sync_data);
            let synced = synced.and_then(|()| before.iter().try_for_each(Journal::sync));
            let done = synced.and_then(|()| checkpoint.write(&folder, number));
            // Nobody may be waiting any more.
            let _ = sender.send(Written { number, done, when: (made, pause, begun.elapsed()) });
        };
        thread::Builder::new().name("checkpoint".to_owned()).spawn(write)?;
        self.writing = Some(writing);
        Ok(())
    }

    /// Looks whether a checkpoint is written, or waits for it; what is to be said of it.
    pub(super) fn look(&mut self, waits: bool) -> Result<News, String> {
        let Some(writing) = &self.writing else { return Ok(News::None) };
        let written =
            if waits { writing.recv().map_err(|_| TryRecvError::Disconnected) } else { writing.try_recv() };
        let done = match written {
            Err(TryRecvError::Empty) => return Ok(News::None),
            Err(TryRecvError::Disconnected) => Err(io::Error::other("its thread is gone")),
            Ok(Written { number, done, when }) => done.and_then(|bytes| {
                let (last, pause, took) = when;
                let written = self.counts.written + 1;
                self.counts = Checkpoints { written, last: Some(last), pause, took, bytes, ..self.counts };
                self.forget(number)
            }),
        };
        self.writing = None;
        self.came_of(done, waits)
    }

    /// Counts what came of a checkpoint; what is to be said of it.
    fn came_of(&mut self, done: io::Result<()>, waits: bool) -> Result<News, String> {
        self.counts.failed += u64::from(done.is_err());
        let had_failed = std::mem::replace(&mut self.failed, done.is_err());
        match done {
            // The same again is no news.
            Err(_) if had_failed && !waits => Ok(News::None),
            Err(error) => Err(format!(
                "cannot write a checkpoint to `{}`: {}; the one before it holds until this is possible again",
                self.folder.display(),
                plain(&error)
            )),
            Ok(()) if had_failed => Ok(News::PossibleAgain),
            Ok(()) => Ok(News::None),
        }
    }

    /// Takes away checkpoints that are too old, and what is of them alone.
    fn forget(&mut self, number: u64) -> io::Result<()> {
        let numbers = checkpoint::NAME.all(&self.folder)?;
        let numbers: Vec<u64> = numbers.into_iter().filter(|other| *other <= number).collect();
        let Some(first) = numbers.iter().rev().nth(self.keep - 1) else { return Ok(()) };
        for old in numbers.iter().filter(|number| *number < first) {
            std::fs::remove_file(self.folder.join(checkpoint::NAME.of(*old)))?;
        }
        for old in journal::NAME.all(&self.folder)?.iter().filter(|number| *number < first) {
            std::fs::remove_file(self.folder.join(journal::NAME.of(*old)))?;
        }
        self.pipes = self.pipes.split_off(first);
        for (spool, byte) in self.pipes.get(first).into_iter().flatten() {
            spool.forget(*byte)?;
        }
        self.rules = self.rules.split_off(first);
        self.store.forget_others(&self.rules.values().flatten().cloned().collect())
    }
}

fn in_use(folder: &Path) -> Stop {
    Stop::Failed(format!("`{}` is in use by another run; give each its own folder", folder.display()))
}

/// Locks a folder for as long as the file is open; no error of the system if somebody else has.
fn lock(folder: &Path) -> Result<File, Option<io::Error>> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    let file = files::private(&mut options).open(folder.join("lock")).map_err(Some)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(None),
        Err(TryLockError::Error(error)) => Err(Some(error)),
    }
}
