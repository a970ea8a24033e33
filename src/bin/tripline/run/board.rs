//! What a run shows to those who ask from outside: the newest numbers, whether it is ready, whether it turns.
//!
//! The run loop puts numbers up only when somebody wants them, so that nobody pays for what nobody reads.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tripline::io::{Reason, Tap};
use tripline::{Stats, Timestamp};

use super::interrupt::Interrupt;

/// Numbers that are no older are good enough.
pub(super) const FRESH: Duration = Duration::from_millis(200);
/// How long whoever asks waits for new ones; then the last are theirs.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long the run may be at one portion of its input.
const STUCK: Duration = Duration::from_secs(60);
/// Of so many inputs the bytes are counted each by itself, of the others together: in a folder new names may come for ever.
const INPUTS: usize = 1_000;
/// The others.
const OTHERS: &str = "(others)";

/// The numbers of a run at one moment.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    /// When that was.
    pub(super) taken: Option<Instant>,
    pub(super) stats: Stats,
    pub(super) alerts: u64,
    pub(super) shadow: u64,
    pub(super) rejects: BTreeMap<Reason, u64>,
    /// The time of the newest event.
    pub(super) newest: Option<Timestamp>,
    pub(super) watermark: Option<Timestamp>,
    /// Inputs that have not ended, and how many of them say nothing.
    pub(super) inputs: (usize, usize),
    pub(super) reloads: Reloaded,
    /// Without a state there are none.
    pub(super) checkpoints: Option<Checkpoints>,
    /// Without a bound on memory there are none.
    pub(super) sheds: Option<Sheds>,
}

/// What was given up as memory was short.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sheds {
    /// How much memory the program may take.
    pub(super) most: u64,
    pub(super) times: u64,
    pub(super) given_up: u64,
}

/// What has come of checkpoints.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Checkpoints {
    pub(super) written: u64,
    pub(super) failed: u64,
    /// The last one that was written: of when, for how long nothing was matched, how long it took in all, and its bytes.
    pub(super) last: Option<Timestamp>,
    pub(super) pause: Duration,
    pub(super) took: Duration,
    pub(super) bytes: u64,
}

/// What has come of other rule sets.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reloaded {
    pub(super) taken: u64,
    pub(super) refused: u64,
    /// When the last was taken.
    pub(super) last: Option<Timestamp>,
}

const STARTING: u8 = 0;
const RUNNING: u8 = 1;
const ENDING: u8 = 2;

/// Shared between the run and those who serve it to others.
pub(super) struct Board {
    /// When the program started.
    pub(super) start: Timestamp,
    phase: AtomicU8,
    begun: Instant,
    /// Since when the run is at a portion, in milliseconds and one; 0 if it waits for input.
    busy: AtomicU64,
    wanted: AtomicBool,
    numbers: Mutex<Arc<Numbers>>,
    put_up: Condvar,
    bytes: Mutex<BTreeMap<String, Arc<AtomicU64>>>,
    interrupt: OnceLock<Interrupt>,
}

impl Board {
    /// Nothing yet.
    pub(super) fn new() -> Self {
        Board {
            start: wall(),
            phase: AtomicU8::new(STARTING),
            begun: now(),
            busy: AtomicU64::new(0),
            wanted: AtomicBool::new(false),
            numbers: Mutex::default(),
            put_up: Condvar::new(),
            bytes: Mutex::default(),
            interrupt: OnceLock::new(),
        }
    }

    /// The inputs are opened, and the run begins, until a signal ends it or it ends by itself.
    pub(super) fn runs(&self, interrupt: &Interrupt) {
        let _ = self.interrupt.set(interrupt.clone());
        self.phase.store(RUNNING, Ordering::Release);
    }

    pub(super) fn ends(&self) {
        self.phase.store(ENDING, Ordering::Release);
        self.rests();
    }

    /// The run has a portion of its input.
    pub(super) fn works(&self) {
        self.busy.store(self.millis() + 1, Ordering::Release);
    }

    /// The run waits for the next one.
    pub(super) fn rests(&self) {
        self.busy.store(0, Ordering::Release);
    }

    /// Whether somebody waits for numbers.
    pub(super) fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::Acquire)
    }

    pub(super) fn put_up(&self, numbers: Numbers) {
        *self.lock() = Arc::new(numbers);
        self.wanted.store(false, Ordering::Release);
        self.put_up.notify_all();
    }

    /// The newest numbers. Waits a moment for new ones if those that are there are old.
    pub(super) fn numbers(&self) -> Arc<Numbers> {
        let latest = self.lock();
        let is_fresh = latest.taken.is_some_and(|taken| taken.elapsed() < FRESH);
        if is_fresh || self.phase.load(Ordering::Acquire) != RUNNING {
            return Arc::clone(&latest);
        }
        let before = latest.taken;
        self.wanted.store(true, Ordering::Release);
        let waited = self.put_up.wait_timeout_while(latest, PATIENCE, |latest| latest.taken == before);
        Arc::clone(&waited.unwrap_or_else(PoisonError::into_inner).0)
    }

    /// Whether the run is ready for events, or why not.
    pub(super) fn readiness(&self) -> Result<(), &'static str> {
        let is_ended = || self.interrupt.get().is_some_and(|interrupt| interrupt.exit().is_some());
        match self.phase.load(Ordering::Acquire) {
            STARTING => Err("starting"),
            RUNNING if !is_ended() => Ok(()),
            _ => Err("ending"),
        }
    }

    /// For how long the run has been at one portion, if that is too long.
    pub(super) fn stuck(&self) -> Option<Duration> {
        let since = self.busy.load(Ordering::Acquire).checked_sub(1)?;
        Some(Duration::from_millis(self.millis().saturating_sub(since))).filter(|time| *time > STUCK)
    }

    /// A tap that also counts the bytes of an input.
    pub(super) fn tap(&self, input: &str, tap: &Tap) -> Tap {
        let mut inputs = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let name = if inputs.len() < INPUTS || inputs.contains_key(input) { input } else { OTHERS };
        let (bytes, tap) = (Arc::clone(inputs.entry(name.to_owned()).or_default()), Arc::clone(tap));
        Arc::new(move |read| {
            bytes.fetch_add(read as u64, Ordering::Relaxed);
            tap(read)
        })
    }

    /// How many bytes were read of each input.
    pub(super) fn bytes(&self) -> Vec<(String, u64)> {
        let inputs = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        inputs.iter().map(|(name, bytes)| (name.clone(), bytes.load(Ordering::Relaxed))).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Arc<Numbers>> {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX - 1)
    }
}

/// How much memory the program has, where the system says it: `VmRSS: 123 kB`.
pub(super) fn resident_bytes() -> io::Result<Option<u64>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    Ok(number.map(|kilobytes| kilobytes << 10))
}

#[expect(clippy::disallowed_methods, reason = "how old numbers are is told by the clock alone")]
pub(super) fn now() -> Instant {
    Instant::now()
}

/// What the clock says.
#[expect(clippy::disallowed_methods, reason = "how far a run is behind the clock is told by the clock")]
pub(super) fn wall() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
