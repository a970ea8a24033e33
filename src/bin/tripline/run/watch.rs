//! Rules, lists, tables and settings that change while a run goes on: a thread looks, reads and compiles.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, SystemTime};

use tripline::Limits;

use crate::cli::{self, Stop};
use crate::rules::{self, Compiled};
use crate::seen::Seen;

/// How often is looked.
const PAUSE: Duration = Duration::from_millis(100);
/// How often at most is waited for what is being written; who never stops is read all the same.
const PATIENCE: u32 = 30;

/// What is to be watched.
pub(super) struct Watched {
    pub(super) rules: PathBuf,
    pub(super) config: PathBuf,
    /// Whether to look by oneself, or only when told to.
    pub(super) polls: bool,
}

/// What has come of it.
pub(super) enum News {
    /// Another rule set, or why there is none.
    Rules(Box<Result<Compiled, Stop>>),
    /// Settings that are not of the rules have changed.
    Settings,
    /// The rule set before is to take over again.
    Back,
}

/// The signals that ask for something.
#[derive(Clone, Default)]
struct Asked {
    again: Arc<AtomicBool>,
    back: Arc<AtomicBool>,
}

impl Asked {
    #[cfg(unix)]
    fn take_signals(&self) -> io::Result<()> {
        use signal_hook::consts::{SIGHUP, SIGUSR1};
        signal_hook::flag::register(SIGHUP, Arc::clone(&self.again))?;
        signal_hook::flag::register(SIGUSR1, Arc::clone(&self.back))?;
        Ok(())
    }

    #[cfg(not(unix))]
    fn take_signals(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Begins to watch, from what was read on.
pub(super) fn begin(watched: Watched, seen: Seen) -> io::Result<Receiver<News>> {
    let asked = Asked::default();
    asked.take_signals()?;
    let (sender, news) = mpsc::channel();
    let (_, settings) = cli::params_again().unwrap_or_default();
    let mut watch = Watch { watched, seen, settings, sender };
    // What was read of the settings was not noted.
    watch.seen.look(&watch.watched.config);
    thread::Builder::new().name("watch".to_owned()).spawn(move || {
        while watch.look(&asked).is_some() {
            thread::sleep(PAUSE);
        }
    })?;
    Ok(news)
}

struct Watch {
    watched: Watched,
    /// What was read last.
    seen: Seen,
    /// The settings that are not of the rules.
    settings: Vec<String>,
    sender: Sender<News>,
}

impl Watch {
    /// Looks once; nothing if nobody listens any more.
    fn look(&mut self, asked: &Asked) -> Option<()> {
        if asked.back.swap(false, Ordering::Relaxed) {
            self.sender.send(News::Back).ok()?;
        }
        let told = asked.again.swap(false, Ordering::Relaxed);
        if told || (self.watched.polls && self.now() != self.seen) {
            let found = self.read();
            self.sender.send(News::Rules(Box::new(found))).ok()?;
            if let Ok((_, settings)) = cli::params_again()
                && settings != self.settings
            {
                self.settings = settings;
                self.sender.send(News::Settings).ok()?;
            }
        }
        Some(())
    }

    /// How everything is that was read, and the rule files that are there now.
    fn now(&self) -> Seen {
        let mut now = Seen::default();
        let files = rules::find(std::slice::from_ref(&self.watched.rules)).unwrap_or_default();
        // A rule file that is gone is no longer looked at; a list that is gone is.
        let others = self.seen.paths().filter(|path| path.extension().is_none_or(|e| e != "trip"));
        files.iter().map(PathBuf::as_path).chain(others).for_each(|path| now.look(path));
        now
    }

    /// Reads and compiles what is there, as one whole: nothing of it changes meanwhile.
    fn read(&mut self) -> Result<Compiled, Stop> {
        let mut round = 0;
        loop {
            round += 1;
            while round < PATIENCE && self.now().is_fresh(clock()) {
                round += 1;
                thread::sleep(PAUSE / 2);
            }
            self.seen = Seen::default();
            let found = self.compile();
            if let Ok(compiled) = &found {
                self.seen = compiled.seen.clone();
            }
            self.seen.look(&self.watched.config);
            if found.is_err() {
                self.seen = self.now();
            }
            if round >= PATIENCE || self.now() == self.seen {
                return found;
            }
        }
    }

    fn compile(&self) -> Result<Compiled, Stop> {
        let (params, _) = cli::params_again()?;
        rules::compile(std::slice::from_ref(&self.watched.rules), &params, &Limits::default())
    }
}

#[expect(clippy::disallowed_methods, reason = "how long ago a file was written is told by the clock alone")]
fn clock() -> SystemTime {
    SystemTime::now()
}
