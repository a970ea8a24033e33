//! How long a thread has worked.

use std::fs;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// The processor time that this thread has had so far, which does not grow while others use the machine. Where the
/// system does not tell it, the time that has passed since the first call.
#[expect(clippy::disallowed_methods, reason = "a test may look at the clock")]
pub fn worked() -> Duration {
    static WITHOUT: OnceLock<Option<Instant>> = OnceLock::new();
    let begin = WITHOUT.get_or_init(|| processor_time().is_none().then(Instant::now));
    match begin {
        Some(begin) => begin.elapsed(),
        None => processor_time().unwrap(),
    }
}

/// Linux counts it in nanoseconds; zero means that it does not count.
fn processor_time() -> Option<Duration> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanos = text.split(' ').next()?.parse().ok()?;
    (nanos > 0).then(|| Duration::from_nanos(nanos))
}

#[test]
fn work_is_measured() {
    let begin = worked();
    let mut sum = 0u64;
    while worked() - begin < Duration::from_millis(5) {
        sum = std::hint::black_box(sum + 1);
    }
    assert!(sum > 0);
}
