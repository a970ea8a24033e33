//! A run beside a stream that goes on: what it says is there line by line.

pub mod backfill;
pub mod follow;
pub mod formats;
pub mod hostile;
pub mod logs;
pub mod memory;
pub mod reload;
pub mod seeing;
pub mod state;

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

/// Longer than anything takes, on however busy a machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A run, its input, and the lines that it has written and said.
pub struct Live {
    child: Child,
    input: Option<ChildStdin>,
    out: Receiver<String>,
    said: Receiver<String>,
    /// What it said until it took signals.
    pub begun: Vec<String>,
}

impl Live {
    /// `tripline run` in a folder.
    pub fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tripline"));
        command.current_dir(folder).arg("run").args(arguments);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (out, said) = (lines(child.stdout.take().unwrap()), lines(child.stderr.take().unwrap()));
        let mut live = Live { input: child.stdin.take(), child, out, said, begun: Vec::new() };
        // Until then it does not take signals.
        if arguments.contains(&"--watch") {
            live.begun = live.hear("watching");
        } else if arguments.contains(&"--follow") {
            live.begun = live.hear("following");
        }
        live
    }

    /// Writes to its standard input.
    pub fn write(&mut self, text: &str) {
        self.input.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// The next line of its standard output, which it waits for.
    pub fn line(&self) -> String {
        self.out.recv_timeout(PATIENCE).expect("no further line was written")
    }

    /// The next line that it says of which this is a part, with those before it.
    pub fn hear(&self, part: &str) -> Vec<String> {
        self.hear_one(&[part])
    }

    /// The same with one of several parts.
    pub fn hear_one(&self, parts: &[&str]) -> Vec<String> {
        let mut heard = Vec::new();
        while !heard.last().is_some_and(|line: &String| parts.iter().any(|part| line.contains(part))) {
            let line = self.said.recv_timeout(PATIENCE);
            heard.push(line.unwrap_or_else(|_| panic!("{parts:?} was not said, but {heard:#?}")));
        }
        heard
    }

    /// Sends it a signal.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Ends its standard input: what it still writes and says, and how it ends.
    pub fn end(mut self) -> (Vec<String>, Vec<String>, ExitStatus) {
        drop(self.input.take());
        let (out, said) = (self.out.iter().collect(), self.said.iter().collect());
        (out, said, self.child.wait().unwrap())
    }
}

/// A test that fails leaves nothing behind.
impl Drop for Live {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What comes, by lines.
fn lines(from: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        BufReader::new(from).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
    });
    lines
}
