//! What stops the reading of an input.

use std::fmt;
use std::io;

/// Why an input could not be opened or read to its end, or an option not be understood. It names the input or the
/// option.
#[derive(Debug)]
pub struct Error {
    message: String,
    source: Option<io::Error>,
}

impl Error {
    /// An error of this text.
    pub(super) fn new(message: impl Into<String>) -> Self {
        Error { message: message.into(), source: None }
    }

    /// The input of this name cannot be opened.
    pub(super) fn opening(name: &str, source: io::Error) -> Self {
        Error { message: format!("cannot open `{name}`: {}", describe(&source)), source: Some(source) }
    }

    /// The input of this name breaks off.
    pub(super) fn reading(name: &str, source: io::Error) -> Self {
        Error {
            message: format!("cannot read `{name}` to its end: {}", describe(&source)),
            source: Some(source),
        }
    }
}

/// What the operating system says, without its number.
fn describe(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file or folder".to_string(),
        io::ErrorKind::PermissionDenied => "permission denied".to_string(),
        io::ErrorKind::UnexpectedEof => "it ends in the middle of its compressed data".to_string(),
        _ => {
            let text = error.to_string();
            text.split(" (os error").next().unwrap_or_default().to_string()
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|e| e as _)
    }
}
