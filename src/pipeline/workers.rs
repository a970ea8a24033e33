//! Threads that work side by side.

use std::fmt;

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
