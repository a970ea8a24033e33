//! Reading rule files and folders.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use tripline::diagnostic::{Code, Diagnostic};
use tripline::{FileId, Limits, SourceFile, Span};

use crate::cli::Stop;

/// The files of a rule set.
pub(crate) struct RuleFiles {
    /// The files, those of a folder in the order of their paths.
    pub(crate) sources: Vec<SourceFile>,
    /// What is wrong with files that are no text; their text is only there to show the place.
    pub(crate) findings: Vec<Diagnostic>,
}

/// Reads the files and, in folders, every `*.trip` below. A file that is named twice counts once.
pub(crate) fn read(paths: &[PathBuf], limits: &Limits) -> Result<RuleFiles, Stop> {
    let mut files = RuleFiles { sources: Vec::new(), findings: Vec::new() };
    for path in find(paths)? {
        let bytes = read_file(&path, limits).map_err(|e| cannot("read", &path, &e))?;
        let id = FileId(u32::try_from(files.sources.len()).unwrap_or(u32::MAX));
        let (text, finding) = decode(bytes, id, limits);
        files.sources.push(SourceFile::new(path.to_string_lossy(), text));
        files.findings.extend(finding);
    }
    Ok(files)
}

/// The rule files that these paths stand for: themselves, or in folders every `*.trip` below in the order of paths.
/// Hidden entries of a folder are skipped, links to folders not followed.
pub(crate) fn find(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Stop> {
    let mut found = Vec::new();
    for path in paths {
        if fs::metadata(path).map_err(|e| cannot("open", path, &e))?.is_dir() {
            let before = found.len();
            walk(path, &mut found)?;
            if found.len() == before {
                return Err(Stop::Failed(format!("no rule file (`*.trip`) in `{}`", path.display())));
            }
        } else {
            found.push(path.clone());
        }
    }
    let mut seen = BTreeSet::new();
    found.retain(|path| seen.insert(fs::canonicalize(path).unwrap_or_else(|_| path.clone())));
    Ok(found)
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Stop> {
    let entries = fs::read_dir(folder).and_then(|entries| entries.collect::<Result<Vec<_>, _>>());
    let mut entries = entries.map_err(|e| cannot("read folder", folder, &e))?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries.iter().filter(|e| !e.file_name().as_encoded_bytes().starts_with(b".")) {
        let path = entry.path();
        if entry.file_type().map_err(|e| cannot("open", &path, &e))?.is_dir() {
            walk(&path, found)?;
        } else if path.extension().is_some_and(|e| e == "trip") && !path.is_dir() {
            found.push(path);
        }
    }
    Ok(())
}

/// One byte beyond the limit is enough to know that a file is too large.
fn read_file(path: &Path, limits: &Limits) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limits.rule_file_bytes as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn decode(bytes: Vec<u8>, file: FileId, limits: &Limits) -> (String, Option<Diagnostic>) {
    if bytes.len() > limits.rule_file_bytes {
        let message = format!("the file is larger than the limit of {} bytes", limits.rule_file_bytes);
        return (String::new(), Some(Diagnostic::new(Code::TooLarge, Span::new(file, 0, 0), message)));
    }
    match String::from_utf8(bytes) {
        Ok(text) => (text, None),
        Err(error) => {
            let (at, bytes) = (error.utf8_error().valid_up_to(), error.as_bytes());
            let message = format!("the file is not UTF-8: byte 0x{:02x} is no character", bytes[at]);
            let finding = Diagnostic::new(Code::NotUtf8, Span::new(file, at, at + 1), message)
                .help("save the file as UTF-8");
            (String::from_utf8_lossy(bytes).into_owned(), Some(finding))
        }
    }
}

fn cannot(what: &str, path: &Path, error: &std::io::Error) -> Stop {
    Stop::Failed(format!("cannot {what} `{}`: {}", path.display(), plain(error)))
}

/// The system's words without its number: `no such file or directory`.
fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}
