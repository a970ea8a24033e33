//! A small server of HTTP: questions with GET or HEAD, and short answers.
//!
//! Whoever asks may be slow, many or ill-disposed, and the run goes on all the same: each connection is one question, has so
//! much time and so many bytes for it, and a thread of its own, of which there are few; one connection more is told to come
//! again. `tiny_http`, which would be the crate for it, has neither limits of time nor of threads. What is read is taken apart
//! by `httparse`.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How many connections are served at the same time.
const CONNECTIONS: usize = 8;
/// How long a question may be, with all its headers.
const HEAD: usize = 8 << 10;
const HEADERS: usize = 64;
/// How long a question may take, and then an answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How much of what nobody wants to know is still read, and for how long, so that whoever sends it sees the answer.
const REST: (usize, Duration) = (64 << 10, Duration::from_millis(500));

/// What is said to a question.
pub(super) struct Answer {
    pub(super) status: Status,
    pub(super) kind: &'static str,
    pub(super) body: Arc<str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Ok = 200,
    BadRequest = 400,
    NotFound = 404,
    MethodNotAllowed = 405,
    RequestTimeout = 408,
    HeadersTooLarge = 431,
    Unavailable = 503,
}

impl Status {
    fn reason(self) -> &'static str {
        match self {
            Status::Ok => "OK",
            Status::BadRequest => "Bad Request",
            Status::NotFound => "Not Found",
            Status::MethodNotAllowed => "Method Not Allowed",
            Status::RequestTimeout => "Request Timeout",
            Status::HeadersTooLarge => "Request Header Fields Too Large",
            Status::Unavailable => "Service Unavailable",
        }
    }
}

impl Answer {
    /// A line of text.
    pub(super) fn text(status: Status, line: &str) -> Self {
        Answer { status, kind: "text/plain; charset=utf-8", body: format!("{line}\n").into() }
    }
}

/// What is asked.
struct Question {
    path: String,
    /// Whether only the head of the answer is wanted.
    is_head: bool,
}

/// Serves until the program ends. `answer` is asked with the path of each question.
pub(super) fn serve(
    listener: TcpListener,
    answer: impl Fn(&str) -> Answer + Send + Sync + 'static,
) -> io::Result<()> {
    let (answer, busy) = (Arc::new(answer), Arc::new(AtomicUsize::new(0)));
    let accept = move || {
        for stream in listener.incoming() {
            let Ok(stream) = stream else {
                // Mostly there are too many open files: they do not become fewer by trying at once.
                thread::sleep(Duration::from_millis(100));
                continue;
            };
            if busy.fetch_add(1, Ordering::AcqRel) >= CONNECTIONS {
                busy.fetch_sub(1, Ordering::AcqRel);
                turn_away(&stream);
                continue;
            }
            let (answer, place) = (Arc::clone(&answer), Place(Arc::clone(&busy)));
            let talk = move || {
                // Whoever is gone misses nothing.
                let _ = converse(&stream, &*answer);
                drop(place);
            };
            // Without a thread the connection is closed, and its place free again.
            let _ = thread::Builder::new().name("http".to_owned()).spawn(talk);
        }
    };
    thread::Builder::new().name("metrics".to_owned()).spawn(accept).map(drop)
}

/// The place of a connection among those that are served, free again when it is gone.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// One connection too many: nothing is waited for. What has come of its question is read, or closing would take the answer
/// back.
fn turn_away(mut stream: &TcpStream) {
    let answer = Answer::text(Status::Unavailable, "too many connections");
    if stream.set_nonblocking(true).is_ok() {
        let _ = stream.read(&mut [0; HEAD]);
        let _ = stream.write_all(&written(&answer, false));
    }
}

fn converse(stream: &TcpStream, answer: &dyn Fn(&str) -> Answer) -> io::Result<()> {
    let until = now() + PATIENCE;
    let (answer, is_head) = match question(stream, until)? {
        Ok(Question { path, is_head }) => (answer(&path), is_head),
        Err(status) => (Answer::text(status, status.reason()), false),
    };
    write(stream, &written(&answer, is_head), now() + PATIENCE)?;
    stream.shutdown(Shutdown::Write)?;
    linger(stream)
}

/// Reads a question; else what is wrong with it.
fn question(mut stream: &TcpStream, until: Instant) -> io::Result<Result<Question, Status>> {
    let (mut head, mut length) = ([0; HEAD], 0);
    loop {
        let Some(room) = head.get_mut(length..).filter(|room| !room.is_empty()) else {
            return Ok(Err(Status::HeadersTooLarge));
        };
        stream.set_read_timeout(Some(left(until)))?;
        match stream.read(room) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if is_timeout(&error) => return Ok(Err(Status::RequestTimeout)),
            Err(error) => return Err(error),
        }
        if let Some(read) = parsed(head.get(..length).unwrap_or_default()) {
            return Ok(read);
        } else if now() >= until {
            return Ok(Err(Status::RequestTimeout));
        }
    }
}

/// The question that this is the head of; nothing as long as it is not complete.
fn parsed(head: &[u8]) -> Option<Result<Question, Status>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(head) {
        Ok(httparse::Status::Partial) => return None,
        Ok(httparse::Status::Complete(_)) => {}
        Err(httparse::Error::TooManyHeaders) => return Some(Err(Status::HeadersTooLarge)),
        Err(_) => return Some(Err(Status::BadRequest)),
    }
    let is_head = match request.method {
        Some("GET") => false,
        Some("HEAD") => true,
        _ => return Some(Err(Status::MethodNotAllowed)),
    };
    let path = request.path.and_then(|path| path.split(['?', '#']).next()).unwrap_or_default().to_owned();
    Some(Ok(Question { path, is_head }))
}

fn written(answer: &Answer, is_head: bool) -> Vec<u8> {
    let Answer { status, kind, body } = answer;
    let allow = if *status == Status::MethodNotAllowed { "Allow: GET, HEAD\r\n" } else { "" };
    let head = format!(
        "HTTP/1.1 {} {}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n{allow}Cache-Control: no-store\r\n\
         X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n",
        *status as u16,
        status.reason(),
        body.len(),
    );
    let body = if is_head { "" } else { body };
    [head.as_bytes(), body.as_bytes()].concat()
}

/// Writes all by then; whoever reads more slowly does not get it all.
fn write(mut stream: &TcpStream, mut bytes: &[u8], until: Instant) -> io::Result<()> {
    while !bytes.is_empty() {
        stream.set_write_timeout(Some(left(until)))?;
        match stream.write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if now() >= until {
            return Err(io::ErrorKind::TimedOut.into());
        }
    }
    Ok(())
}

/// Reads what still comes: where something is unread, closing would take the answer back.
fn linger(mut stream: &TcpStream) -> io::Result<()> {
    let (mut most, until) = (REST.0, now() + REST.1);
    let mut rest = [0; 4 << 10];
    while most > 0 && now() < until {
        stream.set_read_timeout(Some(left(until)))?;
        match stream.read(&mut rest)? {
            0 => break,
            read => most = most.saturating_sub(read),
        }
    }
    Ok(())
}

/// How long it is until then; no time at all would be for ever.
fn left(until: Instant) -> Duration {
    until.saturating_duration_since(now()).max(Duration::from_millis(1))
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

#[expect(clippy::disallowed_methods, reason = "how long a client takes is told by the clock alone")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(head: &str) -> Option<Result<(String, bool), u16>> {
        let question = parsed(head.as_bytes())?;
        Some(question.map(|question| (question.path, question.is_head)).map_err(|status| status as u16))
    }

    #[test]
    fn a_question_is_a_method_a_path_and_headers() {
        let asked = |path: &str, is_head| Some(Ok((path.to_owned(), is_head)));
        assert_eq!(read("GET /metrics?x=1 HTTP/1.1\r\nHost: a\r\n\r\n"), asked("/metrics", false));
        assert_eq!(read("HEAD / HTTP/1.0\r\n\r\n"), asked("/", true));
        assert_eq!(read("GET /metrics HTTP/1.1\r\nHost:"), None);
        assert_eq!(read("DELETE / HTTP/1.1\r\n\r\n"), Some(Err(405)));
        assert_eq!(read("\u{16}\u{3}\u{1}"), Some(Err(400)), "TLS");
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(HEADERS + 1));
        assert_eq!(read(&many), Some(Err(431)));
    }
}
