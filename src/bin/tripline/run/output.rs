//! Where alerts, late events and rejects go.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, IsTerminal, Seek, SeekFrom, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use terminal_size::{Width, terminal_size_of};
use tripline::io::{AlertFormat, Inputs, LateEvent, Reject};
use tripline::{Alert, Event, Program, Sink};
use xxhash_rust::xxh3::xxh3_128;

use super::progress::Progress;
use super::state::{Header, OutputState, private};
use super::table::Table;
use super::{Style, Writing};
use crate::cli::Stop;
use crate::rules;
use crate::terminal::counted;

/// A file or standard output.
struct Target {
    name: String,
    to: BufWriter<Box<dyn Write + Send>>,
    /// The file that is gone on with by the next run, and where it is.
    lasting: Option<(File, PathBuf)>,
    /// The lines that a run before has written behind its last checkpoint, and how often: they are not written again.
    there: BTreeMap<u128, u32>,
    /// How many other lines were written before all of those had come.
    others: u64,
}

impl Target {
    fn create(path: Option<&Path>, progress: &Progress) -> Result<Self, Stop> {
        let (name, to): (String, Box<dyn Write + Send>) = match path.filter(|_| !is_stdout(path)) {
            None => ("standard output".to_owned(), progress.beside_stdout()),
            Some(path) => {
                let file = create(path).map_err(|e| failed(&format!("create `{}`", path.display()), &e))?;
                (format!("`{}`", path.display()), Box::new(file))
            }
        };
        Ok(Target::of(name, to, None))
    }

    fn of(name: String, to: Box<dyn Write + Send>, lasting: Option<(File, PathBuf)>) -> Self {
        let to = BufWriter::with_capacity(64 << 10, to);
        Target { name, to, lasting, there: BTreeMap::new(), others: 0 }
    }

    /// The same file as in the run before, behind what it has. What stands there behind the last checkpoint is not written
    /// again; a last line that was not finished is.
    fn go_on(path: Option<&Path>, before: Option<&OutputState>, progress: &Progress) -> Result<Self, Stop> {
        let Some(path) = path.filter(|path| !is_stdout(Some(*path)) && (path.is_file() || !path.exists()))
        else {
            return Target::create(path, progress);
        };
        let cannot = |e| failed(&format!("go on with `{}`", path.display()), &e);
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        let file = private(&mut options).open(path).map_err(cannot)?;
        let clone = |file: &File| file.try_clone().map_err(cannot);
        let name = format!("`{}`", path.display());
        let mut target = Target::of(name, Box::new(clone(&file)?), Some((clone(&file)?, path.to_owned())));
        let length = file.metadata().map_err(cannot)?.len();
        let before = before.filter(|before| Path::new(&before.path) == path && before.length <= length);
        target.read_there(file, before.map_or(length, |before| before.length)).map_err(cannot)?;
        Ok(target)
    }

    /// Takes note of the lines from a byte on.
    fn read_there(&mut self, mut file: File, from: u64) -> io::Result<()> {
        file.seek(SeekFrom::Start(from))?;
        let (mut lines, mut line, mut end) = (BufReader::new(&file), Vec::new(), from);
        while lines.read_until(b'\n', &mut line)? > 0 {
            if let Some(whole) = line.strip_suffix(b"\n") {
                *self.there.entry(xxh3_128(whole)).or_default() += 1;
                end += line.len() as u64;
            }
            line.clear();
        }
        file.set_len(end)
    }

    /// Whether a line stands there already, which it does once less from now on.
    fn is_there(&mut self, line: &[u8]) -> bool {
        if self.there.is_empty() {
            return false;
        }
        let Entry::Occupied(mut there) = self.there.entry(xxh3_128(line)) else {
            self.others += 1;
            return false;
        };
        *there.get_mut() -= 1;
        if *there.get() == 0 {
            there.remove();
        }
        true
    }

    /// What is to be said of lines of a run before that did not come again; they are not waited for any longer.
    fn leave(&mut self) -> Option<String> {
        let there: u64 = std::mem::take(&mut self.there).into_values().map(u64::from).sum();
        let others = std::mem::take(&mut self.others);
        let (name, lines) = (&self.name, counted(usize::try_from(there).unwrap_or(usize::MAX), "line"));
        (there > 0).then(|| {
            format!(
                "{lines} of {name} did not come about again, and {others} others did: the inputs, the options or the file are \
                 not what they were; both stand there"
            )
        })
    }

    fn line(&mut self, line: &[u8]) -> Result<(), Stop> {
        if self.is_there(line) {
            return Ok(());
        }
        self.to.write_all(line).and_then(|()| self.to.write_all(b"\n")).map_err(|e| self.failed(&e))
    }

    fn json(&mut self, value: &impl Serialize) -> Result<(), Stop> {
        let line = serde_json::to_vec(value).map_err(|e| self.failed(&e.into()))?;
        self.line(&line)
    }

    fn flush(&mut self) -> Result<(), Stop> {
        self.to.flush().map_err(|e| self.failed(&e))
    }

    fn failed(&self, error: &io::Error) -> Stop {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Stop::ClosedPipe,
            _ => failed(&format!("write to {}", self.name), error),
        }
    }
}

/// Empties a file, or makes one that nobody else may read: alerts speak of people. One that is there keeps its permissions.
fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    private(&mut options).open(path)
}

fn failed(what: &str, error: &io::Error) -> Stop {
    Stop::Failed(format!("cannot {what}: {}", rules::plain(error)))
}

/// All outputs of a run.
pub(super) struct Outputs {
    alerts: Target,
    format: AlertFormat,
    table: Option<Table>,
    shadow: Option<Target>,
    late: Option<Target>,
    rejects: Option<Target>,
    written: u64,
    written_shadow: u64,
}

impl Outputs {
    /// Creates the files. None of them may be an input, a rule file or another output.
    pub(super) fn create(
        writing: &Writing,
        inputs: &Inputs,
        rule_files: &[PathBuf],
        program: &Program,
        progress: &Progress,
        before: Option<&Header>,
    ) -> Result<Self, Stop> {
        check_places(writing, inputs, rule_files)?;
        let target = |option: &str, path: Option<&Path>| match before {
            None => Target::create(path, progress),
            Some(header) => Target::go_on(path, header.outputs.get(option), progress),
        };
        let optional = |option, path: &Option<PathBuf>| {
            path.as_deref().map(|path| target(option, Some(path))).transpose()
        };
        let (written, written_shadow) = before.map_or((0, 0), |header| (header.alerts, header.shadow));
        Ok(Outputs {
            alerts: target("out", writing.out.as_deref())?,
            format: writing.alert_format(),
            table: table(writing, program),
            shadow: optional("shadow", &writing.shadow)?,
            late: optional("late", &writing.late)?,
            rejects: optional("rejects", &writing.rejects)?,
            written,
            written_shadow,
        })
    }

    fn targets(&mut self) -> impl Iterator<Item = (&'static str, &mut Target)> {
        let Outputs { alerts, shadow, late, rejects, .. } = self;
        let optional = [("shadow", shadow), ("late", late), ("rejects", rejects)];
        std::iter::once(("out", alerts))
            .chain(optional.into_iter().filter_map(|(option, target)| Some((option, target.as_mut()?))))
    }

    /// Writes out what is held back: how long the files are then, by their options, and the files.
    fn lengths(&mut self) -> Result<(BTreeMap<String, OutputState>, Vec<File>), Stop> {
        self.flush()?;
        let (mut states, mut files) = (BTreeMap::new(), Vec::new());
        for (option, target) in self.targets() {
            let Some((file, path)) = &target.lasting else { continue };
            let length = file.metadata().map_err(|e| target.failed(&e))?.len();
            states
                .insert(option.to_owned(), OutputState { path: path.to_string_lossy().into_owned(), length });
            files.push(file.try_clone().map_err(|e| target.failed(&e))?);
        }
        Ok((states, files))
    }

    fn alert(&mut self, alert: &Alert) -> Result<(), Stop> {
        self.written += 1;
        match &mut self.table {
            Some(table) => self.alerts.line(table.row(alert).as_bytes()),
            None => {
                let line = self.format.line(alert).map_err(|e| self.alerts.failed(&e.into()))?;
                self.alerts.line(&line)
            }
        }
    }

    /// In a file of their own alerts of shadow rules are always lines of JSON.
    fn shadow(&mut self, alert: &Alert) -> Result<(), Stop> {
        self.written_shadow += 1;
        let Some(to) = &mut self.shadow else { return Ok(()) };
        let line = self.format.line(alert).map_err(|e| to.failed(&e.into()))?;
        to.line(&line)
    }

    fn turn_to(&mut self, program: &Program) {
        self.table.iter_mut().for_each(|table| table.turn_to(program));
    }

    fn flush(&mut self) -> Result<(), Stop> {
        self.alerts.flush()?;
        self.shadow.as_mut().map_or(Ok(()), Target::flush)?;
        self.late.as_mut().map_or(Ok(()), Target::flush)?;
        self.rejects.as_mut().map_or(Ok(()), Target::flush)
    }
}

/// The table, if alerts are written as one: on a terminal, unless another format is wanted.
fn table(writing: &Writing, program: &Program) -> Option<Table> {
    let on_terminal = is_stdout(writing.out.as_deref()) && io::stdout().is_terminal();
    let wanted = writing.format.map_or(on_terminal, |style| style == Style::Table);
    // Evidence that nobody asked for would hide the alerts.
    let evidence = writing.evidence.map(|_| writing.alert_format());
    let width = terminal_size_of(io::stdout()).map(|(Width(width), _)| width.into()).filter(|_| on_terminal);
    wanted.then(|| Table::new(program, evidence, width))
}

fn is_stdout(path: Option<&Path>) -> bool {
    path.is_none_or(|path| path == Path::new("-"))
}

/// No output file may be an input, a rule file or another output.
fn check_places(writing: &Writing, inputs: &Inputs, rule_files: &[PathBuf]) -> Result<(), Stop> {
    let inputs = inputs.iter().filter_map(|input| Some((real(input.path()?), "an input".to_owned())));
    let rule_files = rule_files.iter().map(|path| (real(path), "a rule file".to_owned()));
    let mut taken: Vec<(PathBuf, String)> = inputs.chain(rule_files).collect();
    let outputs = [
        ("out", &writing.out),
        ("shadow", &writing.shadow),
        ("late", &writing.late),
        ("rejects", &writing.rejects),
    ];
    for (option, path) in outputs.into_iter().filter_map(|(option, path)| Some((option, path.as_deref()?))) {
        if path == Path::new("-") && option != "out" {
            return Err(Stop::Failed(format!("--{option} needs a file: standard output is for alerts")));
        }
        // What is no file, as `/dev/null`, may be named twice.
        if path.exists() && !path.is_file() {
            continue;
        }
        if let Some((_, what)) = taken.iter().find(|(other, _)| *other == real(path)) {
            return Err(Stop::Failed(format!("--{option} `{}` is {what} too", path.display())));
        }
        taken.push((real(path), format!("--{option}")));
    }
    Ok(())
}

/// What a path leads to, also if the file is not there yet.
fn real(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    let in_folder = || Some(fs::canonicalize(folder).ok()?.join(path.file_name()?));
    fs::canonicalize(path).ok().or_else(in_folder).unwrap_or_else(|| path.to_owned())
}

/// The outputs, shared between the engine, which writes, and the inputs, which have them flushed. The first failure is
/// remembered and stops the run.
#[derive(Clone, Default)]
pub(super) struct Shared(Arc<Mutex<(Option<Outputs>, Option<Stop>)>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, (Option<Outputs>, Option<Stop>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set(&self, outputs: Outputs) {
        self.lock().0 = Some(outputs);
    }

    fn act(&self, action: impl FnOnce(&mut Outputs) -> Result<(), Stop>) -> ControlFlow<()> {
        let (outputs, failure) = &mut *self.lock();
        if let (Some(outputs), None) = (outputs, &failure) {
            *failure = action(outputs).err();
        }
        if failure.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    pub(super) fn reject(&self, reject: &Reject) -> ControlFlow<()> {
        self.act(|outputs| outputs.rejects.as_mut().map_or(Ok(()), |to| to.json(reject)))
    }

    /// Ends the run, as nothing that cannot be written is to be lost.
    pub(super) fn fail(&self, stop: Stop) -> ControlFlow<()> {
        self.act(|_| Err(stop))
    }

    /// How long the output files are, with all that was written, and the files.
    pub(super) fn lengths(&self) -> Option<(BTreeMap<String, OutputState>, Vec<File>)> {
        let mut lengths = None;
        let _ = self.act(|outputs| outputs.lengths().map(|found| lengths = Some(found)));
        lengths
    }

    /// Whether all that a run before had written behind its last checkpoint has come again.
    pub(super) fn has_caught_up(&self) -> bool {
        let mut outputs = self.lock();
        outputs.0.as_mut().is_none_or(|outputs| outputs.targets().all(|(_, target)| target.there.is_empty()))
    }

    /// What is to be said of what did not.
    pub(super) fn leave(&self) -> Vec<String> {
        let mut outputs = self.lock();
        let outputs = outputs.0.as_mut();
        outputs.map_or_else(Vec::new, |outputs| {
            outputs.targets().filter_map(|(_, target)| target.leave()).collect()
        })
    }

    /// Writes out what is held back. A failure shows at the next write or at the end.
    pub(super) fn flush(&self) {
        let _ = self.act(Outputs::flush);
    }

    /// Writes alerts of other rules from now on.
    pub(super) fn turn_to(&self, program: &Program) {
        self.lock().0.iter_mut().for_each(|outputs| outputs.turn_to(program));
    }

    /// How many alerts were written.
    pub(super) fn alerts(&self) -> u64 {
        self.lock().0.as_ref().map_or(0, |outputs| outputs.written)
    }

    /// How many alerts of shadow rules there were.
    pub(super) fn shadow_alerts(&self) -> u64 {
        self.lock().0.as_ref().map_or(0, |outputs| outputs.written_shadow)
    }

    /// Writes out the rest; the first failure of the run, if there was one.
    pub(super) fn finish(&self) -> Result<(), Stop> {
        self.flush();
        self.lock().1.take().map_or(Ok(()), Err)
    }
}

impl Sink for Shared {
    fn alert(&mut self, alert: Alert) -> ControlFlow<()> {
        self.act(|outputs| outputs.alert(&alert))
    }

    fn shadow(&mut self, alert: Alert) -> ControlFlow<()> {
        self.act(|outputs| outputs.shadow(&alert))
    }

    fn late(&mut self, event: Arc<Event>) -> ControlFlow<()> {
        self.act(|outputs| outputs.late.as_mut().map_or(Ok(()), |to| to.json(&LateEvent(&event))))
    }
}
