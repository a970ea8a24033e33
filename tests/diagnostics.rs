//! What the compiler says about rule files: `diagnostics/NAME.trip`, and in `NAME.expected` one line for each finding,
//! `CODE line:column message | help`. A file without one must compile without a finding. A comment `# set: name=value`
//! sets a parameter; lists and tables lie in `corpus/files`. With `BLESS=1` in the environment the expectations are written anew.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use tripline::diagnostic::{Code, Diagnostic};
use tripline::{Limits, Program, Settings, SourceFile};

use crate::corpus::files::Beside;

#[test]
fn rule_files_give_the_findings_beside_them() {
    let mut wrong = Vec::new();
    for path in rule_files() {
        let (file, found) = compile(&path);
        let lines: String = found.iter().map(|finding| line(&file, finding)).collect();
        let expected = path.with_extension("expected");
        if std::env::var_os("BLESS").is_some() {
            write(&expected, &lines);
        }
        let wanted = fs::read_to_string(&expected).unwrap_or_default();
        if lines != wanted {
            wrong.push(format!("{}:\n{}", path.display(), difference(&wanted, &lines)));
        }
    }
    assert!(wrong.is_empty(), "findings differ (`-` expected, `+` found):\n{}", wrong.join("\n"));
}

#[test]
fn every_code_is_found_somewhere() {
    // A file that is not UTF-8 is refused where files are read.
    let mut found = BTreeSet::from([Code::NotUtf8]);
    for path in rule_files() {
        found.extend(compile(&path).1.iter().map(|finding| finding.code));
    }
    let missing: Vec<_> = Code::ALL.iter().filter(|code| !found.contains(code)).collect();
    assert!(missing.is_empty(), "no rule file shows {missing:?}");
}

fn rule_files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics");
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|e| e == "trip")).collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

fn compile(path: &Path) -> (SourceFile, Vec<Diagnostic>) {
    let text = fs::read_to_string(path).unwrap();
    let sets = text.lines().filter_map(|line| line.strip_prefix("# set: ")?.split_once('='));
    let params = sets.map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let file = SourceFile::new(path.file_name().unwrap().to_str().unwrap(), text);
    let limits = Limits { diagnostics: 1000, ..Limits::default() };
    let settings = Settings { params, ..Beside::default().settings() };
    let (program, found) = Program::compile(std::slice::from_ref(&file), &settings, limits);
    assert_eq!(program.is_none(), found.iter().any(Diagnostic::is_error), "{}", path.display());
    (file, found)
}

fn line(file: &SourceFile, finding: &Diagnostic) -> String {
    let place = match finding.labels.first() {
        Some(label) => {
            let (line, column) = file.line_column(label.span.start as usize);
            format!("{line}:{column}")
        }
        None => "-".to_string(),
    };
    let help = finding.help.as_ref().map_or(String::new(), |help| format!(" | {help}"));
    format!("{} {place} {}{help}\n", finding.code.as_str(), finding.message)
}

fn write(expected: &Path, lines: &str) {
    if lines.is_empty() {
        let _ = fs::remove_file(expected);
    } else {
        fs::write(expected, lines).unwrap();
    }
}

fn difference(wanted: &str, found: &str) -> String {
    let (wanted, found): (BTreeSet<&str>, BTreeSet<&str>) =
        (wanted.lines().collect(), found.lines().collect());
    let gone = wanted.difference(&found).map(|line| format!("  - {line}\n"));
    let new = found.difference(&wanted).map(|line| format!("  + {line}\n"));
    gone.chain(new).collect()
}
