//! The run loop seen from outside: what it puts up for others between two portions, and the options that ask for it.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tripline::io::{Input, Tap};
use tripline::pipeline::{Flow, Shards};
use tripline::{Stats, Timestamp};

use super::board::{Board, Checkpoints, FRESH, Numbers, Reloaded, Sheds, now};
use super::interrupt::Interrupt;
use super::output::Shared;
use super::progress::Progress;
use super::status::StatusLine;
use super::summary::Counts;
use super::{http, metrics};
use crate::cli::Stop;
use crate::log::LogFormat;
use crate::terminal::Terminal;

/// What the run says of itself.
#[derive(clap::Args)]
#[command(next_help_heading = "Seeing")]
pub(super) struct Seeing {
    /// Serve numbers of the run for Prometheus at /metrics, and /healthz and /readyz, as long as it goes on: 9464 is a port
    /// of this machine alone, 0.0.0.0:9464 one for others too, port 0 any that is free
    #[arg(long, value_name = "ADDR", value_parser = address)]
    pub(super) metrics: Option<SocketAddr>,

    /// How notes, errors and the summary are written: for people, or a line of JSON for each
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) log_format: LogFormat,
}

/// A port is one of this machine alone, unless an address says otherwise.
fn address(text: &str) -> Result<SocketAddr, String> {
    let port = text.strip_prefix("localhost:").or(text.strip_prefix(':')).unwrap_or(text);
    let here = port.parse().ok().map(|port: u16| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    here.or_else(|| text.parse().ok())
        .ok_or_else(|| "expected a port, as `9464`, or an address with one, as `0.0.0.0:9464`".to_owned())
}

impl Seeing {
    /// Listens, if that is wanted, and says where.
    pub(super) fn listen(&self, terminal: &Terminal) -> Result<Option<Arc<Board>>, Stop> {
        let Some(address) = self.metrics else { return Ok(None) };
        let cannot =
            |e| Stop::Failed(format!("cannot serve metrics at `{address}`: {}", crate::rules::plain(&e)));
        let listener = TcpListener::bind(address).map_err(cannot)?;
        let address = listener.local_addr().map_err(cannot)?;
        let board = Arc::new(Board::new());
        http::serve(listener, metrics::answers(Arc::clone(&board))).map_err(cannot)?;
        let text = format!("metrics are at http://{address}/metrics");
        terminal.note_with(&text, &[("address", address.to_string().into())]);
        Ok(Some(board))
    }
}

/// The tap for an input.
pub(super) fn tap(board: Option<&Arc<Board>>, input: &Input, tap: &Tap) -> Tap {
    board.map_or_else(|| Arc::clone(tap), |board| board.tap(&input.source().name, tap))
}

/// What the run loop has at hand between two portions.
pub(super) struct Scene<'s> {
    pub(super) flow: &'s Flow,
    pub(super) engines: &'s Shards,
    pub(super) counts: &'s Counts,
    pub(super) sink: &'s Shared,
    pub(super) reloads: Reloaded,
    pub(super) checkpoints: Option<Checkpoints>,
    pub(super) sheds: Option<Sheds>,
}

/// Puts numbers up and draws the status line, as far as somebody wants that.
///
/// Cost: between two portions a look at the clock; numbers at most five times a second, and so seldom that they take no more
/// than a hundredth of the time.
pub(super) struct Monitor {
    board: Option<Arc<Board>>,
    status: Option<StatusLine>,
    counting: Thrift,
    /// The look at every key, which tells what is pending.
    walking: Thrift,
    /// What the last one found, by rule.
    pending: BTreeMap<String, u64>,
}

impl Monitor {
    /// For these, if there is any; the run begins.
    pub(super) fn new(board: Option<Arc<Board>>, progress: &Progress, interrupt: &Interrupt) -> Option<Self> {
        board.iter().for_each(|board| board.runs(interrupt));
        let status = progress.status();
        (board.is_some() || status.is_some()).then(|| Monitor {
            board,
            status,
            counting: Thrift::new(),
            walking: Thrift::new(),
            pending: BTreeMap::new(),
        })
    }

    /// A portion has come.
    pub(super) fn works(&self) {
        self.board.iter().for_each(|board| board.works());
    }

    /// A portion is done.
    pub(super) fn rests(&mut self, scene: &Scene<'_>) {
        let is_wanted = self.board.as_ref().is_some_and(|board| board.is_wanted());
        if (is_wanted || self.status.as_ref().is_some_and(StatusLine::is_due)) && self.counting.is_due() {
            let begin = now();
            let stats = if is_wanted { self.stats(scene.engines) } else { scene.engines.tally() };
            let numbers = numbers(scene, stats);
            // The look at every key has a measure of its own.
            self.counting.spent(begin, self.walking.since(begin));
            self.status.iter_mut().for_each(|status| status.draw(&numbers));
            if let Some(board) = self.board.as_ref().filter(|_| is_wanted) {
                board.put_up(numbers);
            }
        }
        self.board.iter().for_each(|board| board.rests());
    }

    /// No further portion comes.
    pub(super) fn ends(&self) {
        self.board.iter().for_each(|board| board.ends());
    }

    /// All counts; what is pending may be older, where there are very many keys.
    fn stats(&mut self, engines: &Shards) -> Stats {
        if self.walking.is_due() {
            let begin = now();
            let stats = engines.stats();
            self.walking.spent(begin, Duration::ZERO);
            let pending = stats.rules.iter().filter(|rule| rule.pending > 0);
            self.pending = pending.map(|rule| (rule.name.to_string(), rule.pending)).collect();
            return stats;
        }
        let mut stats = engines.tally();
        for rule in &mut stats.rules {
            rule.pending = self.pending.get(rule.name.as_str()).copied().unwrap_or_default();
        }
        stats
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        self.ends();
    }
}

fn numbers(scene: &Scene<'_>, stats: Stats) -> Numbers {
    let Scene { flow, engines, counts, sink, reloads, checkpoints, sheds } = scene;
    let is_time = |time: &Timestamp| *time > Timestamp::MIN && *time < Timestamp::MAX;
    Numbers {
        taken: Some(now()),
        stats,
        alerts: sink.alerts(),
        shadow: sink.shadow_alerts(),
        rejects: counts.rejects.clone(),
        newest: Some(counts.newest).filter(is_time),
        watermark: Some(engines.watermark()).filter(is_time),
        inputs: flow.inputs(),
        reloads: *reloads,
        checkpoints: *checkpoints,
        sheds: *sheds,
    }
}

/// Does something so seldom that it takes no more than a hundredth of the time.
struct Thrift {
    next: Instant,
    /// When it was done last, and how long that took.
    last: Option<(Instant, Duration)>,
}

impl Thrift {
    fn new() -> Self {
        Thrift { next: now(), last: None }
    }

    fn is_due(&self) -> bool {
        now() >= self.next
    }

    /// It was done from then on, apart from what else took so long.
    fn spent(&mut self, begin: Instant, apart: Duration) {
        let took = begin.elapsed().saturating_sub(apart);
        self.last = Some((begin, took));
        self.next = now() + (took * 100).max(FRESH);
    }

    /// How long it took since then.
    fn since(&self, begin: Instant) -> Duration {
        self.last.filter(|(when, _)| *when >= begin).map_or(Duration::ZERO, |(_, took)| took)
    }
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn a_port_is_one_of_this_machine_alone() {
        for (text, expected) in [
            ("9464", "127.0.0.1:9464"),
            (":0", "127.0.0.1:0"),
            ("localhost:80", "127.0.0.1:80"),
            ("0.0.0.0:9464", "0.0.0.0:9464"),
            ("[::1]:9464", "[::1]:9464"),
        ] {
            assert_eq!(address(text).map(|address| address.to_string()).as_deref(), Ok(expected));
        }
        for text in ["", ":", "70000", "example.org:80", "1.2.3.4", "-1"] {
            assert!(address(text).is_err(), "{text}");
        }
    }
}
