//! Threads that work side by side.

use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use rayon::iter::{IntoParallelIterator, ParallelIterator};
use rayon::{ThreadPool, ThreadPoolBuilder};

/// Threads that work side by side. One thread is the calling one, and needs no other.
#[derive(Debug)]
pub struct Workers(Option<ThreadPool>);

/// Why there are no threads.
#[derive(Debug)]
pub struct Failed(rayon::ThreadPoolBuildError);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot start threads: {}", self.0)
    }
}

impl std::error::Error for Failed {}

impl Workers {
    /// So many threads; 0 is 1.
    pub fn new(threads: usize) -> Result<Self, Failed> {
        let pool = || ThreadPoolBuilder::new().num_threads(threads).build().map_err(Failed);
        Ok(Workers((threads > 1).then(pool).transpose()?))
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.as_ref().map_or(1, ThreadPool::current_num_threads)
    }

    /// Does something with each of these, and gives the results in their order.
    pub(super) fn map<T: Send, R: Send>(&self, items: Vec<T>, work: impl Fn(T) -> R + Send + Sync) -> Vec<R> {
        match self.0.as_ref().filter(|_| items.len() > 1) {
            Some(pool) => pool.install(|| items.into_par_iter().map(work).collect()),
            None => items.into_iter().map(work).collect(),
        }
    }
}

/// What is being worked out.
pub(super) struct Ahead<R>(Receiver<thread::Result<R>>);

impl Workers {
    /// Has something worked out while the caller goes on; without threads before it goes on.
    pub(super) fn ahead<R: Send + 'static>(&self, work: impl FnOnce() -> R + Send + 'static) -> Ahead<R> {
        let (sender, receiver) = mpsc::channel();
        // Nobody may be waiting any more.
        let work = move || drop(sender.send(panic::catch_unwind(AssertUnwindSafe(work))));
        match &self.0 {
            Some(pool) => pool.spawn(work),
            None => work(),
        }
        Ahead(receiver)
    }
}

impl<R> Ahead<R> {
    /// What came out, as soon as it does.
    pub(super) fn get(self) -> Option<R> {
        self.0.recv().ok().map(|result| result.unwrap_or_else(|panic| panic::resume_unwind(panic)))
    }
}
