//! Reading rule files and folders.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tripline::diagnostic::{self, Code, Diagnostic};
use tripline::{FileId, Limits, Program, Settings, SourceFile, Span, syntax};
use xxhash_rust::xxh3::xxh3_128;

use crate::cli::Stop;
use crate::data::DataFiles;
use crate::params::Params;
use crate::seen::Seen;
use crate::terminal::{Terminal, counted};

/// The files of a rule set.
#[derive(Default)]
pub(crate) struct RuleFiles {
    /// The files, those of a folder in the order of their paths.
    pub(crate) sources: Vec<SourceFile>,
    /// What is wrong with files that are no text; their text is only there to show the place.
    pub(crate) findings: Vec<Diagnostic>,
    seen: Seen,
}

/// Reads the files and, in folders, every `*.trip` below. A file that is named twice counts once.
pub(crate) fn read(paths: &[PathBuf], limits: &Limits) -> Result<RuleFiles, Stop> {
    let mut files = RuleFiles::default();
    for path in find(paths)? {
        files.add(&path, limits)?;
    }
    Ok(files)
}

impl RuleFiles {
    /// Reads one more file; `-` is standard input.
    pub(crate) fn add(&mut self, path: &Path, limits: &Limits) -> Result<(), Stop> {
        let bytes = read_file(path, limits, &mut self.seen).map_err(|e| cannot("read", path, &e))?;
        let id = FileId(u32::try_from(self.sources.len()).unwrap_or(u32::MAX));
        let (text, finding) = decode(bytes, id, limits);
        self.sources.push(SourceFile::new(path.to_string_lossy(), text));
        self.findings.extend(finding);
        Ok(())
    }
}

/// A rule set with what was found about it.
pub(crate) struct Compiled {
    /// The files.
    pub(crate) sources: Vec<SourceFile>,
    /// What is wrong with them, by file and place.
    pub(crate) findings: Vec<Diagnostic>,
    /// The rule set, unless one of the findings is an error.
    pub(crate) program: Option<Program>,
    /// What was read for it.
    pub(crate) seen: Seen,
    /// What it was compiled from.
    pub(crate) origin: Origin,
}

/// What a rule set is compiled from.
#[derive(Clone, Default)]
pub(crate) struct Origin {
    /// The files.
    pub(crate) sources: Vec<SourceFile>,
    /// Values of parameters.
    pub(crate) params: Vec<(String, String)>,
    /// The files of lists and tables, each with a number that tells its content apart.
    pub(crate) data: BTreeMap<PathBuf, u128>,
    /// Tells all of it apart from anything else.
    pub(crate) contents: u128,
}

/// Reads and compiles rules. A file that is no text hides what it declares from the others: then only their syntax is
/// checked.
pub(crate) fn compile(paths: &[PathBuf], params: &Params, limits: &Limits) -> Result<Compiled, Stop> {
    let RuleFiles { sources, mut findings, mut seen } = read(paths, limits)?;
    if findings.is_empty() {
        let names = sources.iter().map(|source| source.name.as_str());
        let files = Arc::new(DataFiles::new(names, paths, &params.allow_read, limits));
        let settings = Settings {
            params: params.params.clone(),
            files: Some(Arc::<DataFiles>::clone(&files)),
            ..Settings::default()
        };
        let (program, findings) = Program::compile(&sources, &settings, limits.clone());
        let read = files.read();
        seen.extend(read.seen);
        let contents = xxh3_128(format!("{sources:?} {params:?} {:?}", read.contents).as_bytes());
        let params = params.params.clone();
        let origin = Origin { sources: sources.clone(), params, data: read.contents, contents };
        return Ok(Compiled { sources, findings, program, seen, origin });
    }
    for (file, source) in (0..).map(FileId).zip(&sources) {
        if !findings.iter().any(|f| f.span().file == file) {
            findings.extend(syntax::parse(file, &source.text, limits).1);
        }
    }
    let findings = diagnostic::in_order(findings, limits.diagnostics);
    Ok(Compiled { sources, findings, program: None, seen, origin: Origin::default() })
}

/// The rule set, or its end: everything that is wrong is drawn. Lints are for `check`; here they are counted.
pub(crate) fn load(path: &Path, params: &Params, terminal: &Terminal) -> Result<Program, Stop> {
    load_with(path, params, terminal).map(|(program, _)| program)
}

/// The same, with everything that it was compiled from.
pub(crate) fn load_with(
    path: &Path,
    params: &Params,
    terminal: &Terminal,
) -> Result<(Program, Compiled), Stop> {
    let mut compiled = compile(&[path.to_owned()], params, &Limits::default())?;
    let Compiled { sources, findings, program, .. } = &mut compiled;
    let Some(program) = program.take() else {
        terminal.draw(findings, sources);
        return Err(Stop::Rules);
    };
    if !findings.is_empty() {
        let (count, path) = (counted(findings.len(), "warning"), path.display());
        terminal.note(&format!("{count} in the rules; see with `tripline check {path}`"));
    }
    Ok((program, compiled))
}

/// The rule files that these paths stand for: themselves, or in folders every `*.trip` below in the order of paths.
/// Hidden entries of a folder are skipped, links to folders not followed. `-` is standard input.
pub(crate) fn find(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Stop> {
    let mut found = Vec::new();
    for path in paths {
        if path == Path::new("-") {
            found.push(path.clone());
        } else if fs::metadata(path).map_err(|e| cannot("open", path, &e))?.is_dir() {
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
fn read_file(path: &Path, limits: &Limits, seen: &mut Seen) -> io::Result<Vec<u8>> {
    let file: Box<dyn Read> = match path.to_str() {
        Some("-") => Box::new(io::stdin().lock()),
        _ => Box::new(seen.open(path)?),
    };
    let mut bytes = Vec::new();
    file.take(limits.rule_file_bytes as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn decode(bytes: Vec<u8>, file: FileId, limits: &Limits) -> (String, Option<Diagnostic>) {
    if bytes.len() > limits.rule_file_bytes {
        let message = format!("the file is larger than the limit of {} bytes", limits.rule_file_bytes);
        return (String::new(), Some(Diagnostic::new(Code::TooLarge, Span::new(file, 0, 0), message)));
    }
    match String::from_utf8(bytes) {
        // Some editors begin a file with a byte order mark. It says nothing here.
        Ok(text) => (text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text), None),
        Err(error) => {
            let (at, bytes) = (error.utf8_error().valid_up_to(), error.as_bytes());
            let message = format!("the file is not UTF-8: byte 0x{:02x} is no character", bytes[at]);
            let finding = Diagnostic::new(Code::NotUtf8, Span::new(file, at, at + 1), message)
                .help("save the file as UTF-8");
            (String::from_utf8_lossy(bytes).into_owned(), Some(finding))
        }
    }
}

/// A file or folder that the system does not give.
pub(crate) fn cannot(what: &str, path: &Path, error: &io::Error) -> Stop {
    Stop::Failed(format!("cannot {what} `{}`: {}", path.display(), plain(error)))
}

/// The system's words without its number: `no such file or directory`.
pub(crate) fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}
