//! `tripline test`: rules against what their tests expect.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::ValueEnum;
use tripline::ruletest::{self, Outcome, Report, Suite, Test};
use tripline::{Limits, Program};

use crate::cli::{Exit, Stop};
use crate::params::Params;
use crate::rules::{self, Compiled, cannot};
use crate::terminal::{self, Terminal, counted};

/// Run the tests beside rules
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  tripline test                       every *.test.yaml below the current folder
  tripline test rules/fraud           those below one folder
  tripline test a.test.yaml b.trip    those of one file, and those beside one rule file
  tripline test --deny rules/         fail as well if a rule is not tested both ways

A test fails if an alert is missing, is not as expected, or was not expected.")]
pub(crate) struct Args {
    /// Test files, rule files with tests beside them, or folders
    #[arg(value_name = "PATH", default_value = ".", hide_default_value = true)]
    paths: Vec<PathBuf>,

    /// Exit with 1 if a rule has no test in which it alerts, or none in which it does not
    #[arg(long)]
    deny: bool,

    /// Let lists and tables be read from beneath this folder too, not only from beneath PATH; repeat for several
    #[arg(long, value_name = "FOLDER")]
    allow_read: Vec<PathBuf>,

    /// full is told on standard error; json is one line a test on standard output
    #[arg(long, value_enum, default_value_t = Format::Full)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Full,
    Json,
}

/// What was seen of a rule over all tests.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    alerting: bool,
    quiet: bool,
}

/// What came of everything so far.
#[derive(Default)]
struct Tally {
    passed: usize,
    failed: usize,
    /// Tests whose rules do not compile.
    broken_rules: usize,
    /// Problems of test files.
    problems: usize,
    rules: BTreeMap<String, Seen>,
    /// Rule files that a test has run.
    run: Vec<PathBuf>,
}

/// Runs the tests.
pub(crate) fn execute(args: &Args, terminal: &Terminal) -> Result<Exit, Stop> {
    let files = Files::find(&args.paths)?;
    let folders = args.paths.iter().filter(|path| path.is_dir());
    let allow_read: Vec<PathBuf> = args.allow_read.iter().chain(folders).cloned().collect();
    let mut tally = Tally::default();
    let mut out = terminal::out();
    for path in &files.tests {
        let text = fs::read_to_string(path).map_err(|e| cannot("read", path, &e))?;
        let (suite, problems) = Suite::read(path, &text);
        for problem in &problems {
            terminal.error(&format!("{}: {problem}", path.display()));
        }
        tally.problems += problems.len();
        let mut compiled = Cache { allow_read: &allow_read, of: None, program: None };
        for test in &suite.tests {
            let Some(program) = compiled.program(test, &mut tally, terminal)? else { continue };
            let outcome = ruletest::run(test, &program);
            tally.take(&program, &outcome);
            tell(args.format, path, test, &outcome, terminal, &mut out)?;
        }
    }
    out.flush()?;
    let gaps = tally.gaps(&files.rules);
    gaps.iter().for_each(|gap| terminal.say(&format!("untested: {gap}")));
    tally.summary(terminal, files.tests.len());
    Ok(match &tally {
        Tally { problems: 1.., .. } => Exit::Usage,
        Tally { broken_rules: 1.., .. } => Exit::Rules,
        Tally { failed: 1.., .. } => Exit::Findings,
        _ if args.deny && !gaps.is_empty() => Exit::Findings,
        _ => Exit::Done,
    })
}

/// A test as data.
#[derive(serde::Serialize)]
struct Line<'a> {
    file: &'a str,
    test: &'a str,
    passed: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    difference: Vec<&'a str>,
}

fn tell(
    format: Format,
    path: &Path,
    test: &Test,
    outcome: &Outcome,
    terminal: &Terminal,
    out: &mut impl Write,
) -> io::Result<()> {
    let (passed, report) = (outcome.passed(), Report(outcome).to_string());
    if format == Format::Json {
        let difference = report.lines().filter(|_| !passed).collect();
        let line = Line { file: &path.to_string_lossy(), test: &test.name, passed, difference };
        return writeln!(out, "{}", serde_json::to_string(&line)?);
    }
    if !passed {
        terminal.say(&format!("FAILED {}: {}\n{report}", path.display(), test.name));
    }
    Ok(())
}

/// The rule set compiled last: most tests of a file have the same.
struct Cache<'a> {
    allow_read: &'a [PathBuf],
    of: Option<RuleSet>,
    program: Option<Arc<Program>>,
}

#[derive(PartialEq)]
struct RuleSet {
    paths: Vec<PathBuf>,
    params: Vec<(String, String)>,
}

impl Cache<'_> {
    /// The rules of a test, or `None` if they do not compile, which is told once.
    fn program(
        &mut self,
        test: &Test,
        tally: &mut Tally,
        terminal: &Terminal,
    ) -> Result<Option<Arc<Program>>, Stop> {
        let wanted = Some(RuleSet { paths: test.rules.clone(), params: test.params.clone() });
        if self.of != wanted {
            let allow_read = self.allow_read.to_vec();
            let params = Params { params: test.params.clone(), allow_read };
            let Compiled { sources, findings, program, .. } =
                rules::compile(&test.rules, &params, &Limits::default())?;
            if program.is_none() {
                terminal.draw(&findings, &sources);
            }
            tally.run.extend(sources.iter().map(|source| real(Path::new(&source.name))));
            (self.of, self.program) = (wanted, program.map(Arc::new));
        }
        tally.broken_rules += usize::from(self.program.is_none());
        Ok(self.program.clone())
    }
}

impl Tally {
    fn take(&mut self, program: &Program, outcome: &Outcome) {
        match outcome.passed() {
            true => self.passed += 1,
            false => self.failed += 1,
        }
        for (rule, _) in program.rules() {
            let alerts = outcome.found().any(|alert| alert.rule.name == rule.name);
            let seen = self.rules.entry(rule.name.to_string()).or_default();
            seen.alerting |= alerts;
            seen.quiet |= !alerts;
        }
    }

    /// What no test shows.
    fn gaps(&self, rules: &[PathBuf]) -> Vec<String> {
        let files = rules.iter().filter(|path| !self.run.contains(&real(path)));
        let mut gaps: Vec<String> = files.map(|path| format!("no test runs `{}`", path.display())).collect();
        for (rule, seen) in &self.rules {
            if !seen.alerting {
                gaps.push(format!("rule `{rule}` alerts in no test"));
            }
            if !seen.quiet {
                gaps.push(format!("rule `{rule}` alerts in every test"));
            }
        }
        gaps
    }

    fn summary(&self, terminal: &Terminal, files: usize) {
        let mut text = format!("{} passed, {} failed", counted(self.passed, "test"), self.failed);
        if self.broken_rules > 0 {
            text.push_str(&format!(", {} not run because the rules are wrong", self.broken_rules));
        }
        if self.problems > 0 {
            text.push_str(&format!(", {} in test files", counted(self.problems, "problem")));
        }
        text.push_str(&format!(" ({}, {})", counted(files, "file"), counted(self.rules.len(), "rule")));
        terminal.say(&text);
    }
}

/// What the paths name.
#[derive(Default)]
struct Files {
    tests: Vec<PathBuf>,
    rules: Vec<PathBuf>,
}

const TESTS: &str = ".test.yaml";

impl Files {
    fn find(paths: &[PathBuf]) -> Result<Self, Stop> {
        let mut files = Files::default();
        for path in paths {
            let meta = fs::metadata(path).map_err(|e| cannot("open", path, &e))?;
            if meta.is_dir() {
                files.walk(path)?;
            } else if path.extension().is_some_and(|e| e == "trip") {
                files.tests.push(path.with_extension("test.yaml"));
                files.rules.push(path.clone());
            } else if path.to_string_lossy().ends_with(TESTS) {
                files.tests.push(path.clone());
            } else {
                let path = path.display();
                return Err(Stop::Failed(format!(
                    "`{path}` is no test file: its name must end in `{TESTS}`"
                )));
            }
        }
        if files.tests.is_empty() {
            let named: Vec<String> = paths.iter().map(|path| format!("`{}`", path.display())).collect();
            return Err(Stop::Failed(format!("no tests (`*{TESTS}`) in {}", named.join(", "))));
        }
        Ok(files)
    }

    /// Takes what lies below a folder in order of the paths; hidden entries and links to folders are passed over.
    fn walk(&mut self, folder: &Path) -> Result<(), Stop> {
        let entries = fs::read_dir(folder).and_then(|entries| entries.collect::<Result<Vec<_>, _>>());
        let mut entries = entries.map_err(|e| cannot("read folder", folder, &e))?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            let kind = entry.file_type().map_err(|e| cannot("open", &path, &e))?;
            if name.starts_with('.') {
                continue;
            } else if kind.is_dir() {
                self.walk(&path)?;
            } else if name.ends_with(TESTS) {
                self.tests.push(path);
            } else if name.ends_with(".trip") {
                self.rules.push(path);
            }
        }
        Ok(())
    }
}

/// The same for two ways to write one path.
fn real(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}
