//! `tripline fmt`: rule files in canonical form.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use diffy::DiffOptions;
use tempfile::NamedTempFile;
use tripline::{FileId, Limits, SourceFile, syntax};

use crate::cli::{Exit, Stop};
use crate::rules::{self, RuleFiles, cannot};
use crate::terminal::{self, Terminal, counted};

/// Rewrite rules in canonical form
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  tripline fmt rules/                 rewrite every *.trip below rules/
  tripline fmt --check --diff rules/  show what would change, exit with 1 if anything would
  tripline fmt - < a.trip             from standard input to standard output

A file with syntax errors is left as it is; the others are written.")]
pub(crate) struct Args {
    /// Rule files, or folders with *.trip files; - is standard input
    #[arg(required = true, value_name = "RULES")]
    rules: Vec<PathBuf>,

    /// Write nothing; list files that would change, exit with 1 if any would
    #[arg(long)]
    check: bool,

    /// Write nothing; show what would change
    #[arg(long)]
    diff: bool,
}

impl Args {
    fn writes(&self) -> bool {
        !self.check && !self.diff
    }

    /// From standard input to standard output, with nothing to say about it.
    fn is_filter(&self) -> bool {
        self.writes() && self.rules == [Path::new("-")]
    }
}

/// Formats the rules.
pub(crate) fn execute(args: &Args, terminal: &Terminal) -> Result<Exit, Stop> {
    let limits = Limits::default();
    let paths = rules::find(&args.rules)?;
    let mut files = RuleFiles::default();
    let (mut changed, mut broken) = (0, 0);
    for path in &paths {
        files.add(path, &limits)?;
        match canonical(&mut files, &limits) {
            None => broken += 1,
            Some(text) => changed += usize::from(put(args, path, &files, &text)?),
        }
    }
    terminal.draw(&files.findings, &files.sources);
    if !args.is_filter() {
        summary(args, terminal, changed, paths.len() - changed - broken, broken);
    }
    Ok(match (broken, changed) {
        (1.., _) => Exit::Rules,
        (0, 1..) if args.check => Exit::Findings,
        _ => Exit::Done,
    })
}

/// The canonical form of the file that was read last, or `None` with what is wrong in its findings.
fn canonical(files: &mut RuleFiles, limits: &Limits) -> Option<String> {
    let source = files.sources.last()?;
    let id = FileId(u32::try_from(files.sources.len() - 1).ok()?);
    if files.findings.iter().any(|f| f.span().file == id) {
        return None;
    }
    match syntax::format(id, &source.text, limits) {
        Ok(text) => Some(text),
        Err(findings) => {
            files.findings.extend(findings);
            None
        }
    }
}

/// Does with the canonical form what was asked for; says whether it differs from what was read.
fn put(args: &Args, path: &Path, files: &RuleFiles, text: &str) -> Result<bool, Stop> {
    let Some(source) = files.sources.last() else { return Ok(false) };
    let (changed, stdin) = (source.text != text, path == Path::new("-"));
    let mut out = terminal::out();
    if args.writes() {
        match (stdin, changed) {
            (true, _) => out.write_all(text.as_bytes())?,
            (false, true) => replace(path, text).map_err(|e| cannot("write", path, &e))?,
            (false, false) => {}
        }
    } else if changed {
        if args.check && !args.diff {
            writeln!(out, "{}", source.name)?;
        }
        if args.diff {
            write_diff(&mut out, source, text)?;
        }
    }
    out.flush()?;
    Ok(changed)
}

fn write_diff(out: &mut impl Write, source: &SourceFile, text: &str) -> io::Result<()> {
    let name = || source.name.to_string();
    let mut options = DiffOptions::new();
    options.set_original_filename(name()).set_modified_filename(name());
    write!(out, "{}", options.create_patch(&source.text, text))
}

/// Puts a new file in the place of the old one, all of it or nothing, with the same permissions and, where the system
/// lets us, the same owner. A link stays a link.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = fs::canonicalize(path)?;
    let old = fs::metadata(&path)?;
    if old.permissions().readonly() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the file is read-only"));
    }
    let mut new = NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
    new.write_all(text.as_bytes())?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, fchown};
        let _ = fchown(new.as_file(), Some(old.uid()), Some(old.gid()));
    }
    new.as_file().set_permissions(old.permissions())?;
    new.as_file().sync_all()?;
    new.persist(&path)?;
    Ok(())
}

fn summary(args: &Args, terminal: &Terminal, changed: usize, unchanged: usize, broken: usize) {
    let done = if args.writes() { "changed" } else { "to be changed" };
    let mut text = format!("{} {done}, {unchanged} in canonical form", counted(changed, "file"));
    if broken > 0 {
        text.push_str(&format!(", {broken} with errors"));
    }
    terminal.say(&text);
}
