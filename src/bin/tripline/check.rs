//! `tripline check`: compile, report every error and lint.

use std::io::Write;
use std::path::PathBuf;

use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use tripline::diagnostic::{Code, Diagnostic, Severity};
use tripline::{Limits, SourceFile, render};

use crate::cli::{Exit, Stop};
use crate::rules::{self, RuleFiles};
use crate::terminal::{self, Terminal};

/// Report what is wrong with rules
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Rule files, or folders with *.trip files
    #[arg(required = true, value_name = "RULES")]
    rules: Vec<PathBuf>,

    /// Exit with 1 if there are lints: any, or those of these codes
    #[arg(long, value_name = "CODE,…", num_args = 0..=1, require_equals = true, value_delimiter = ',')]
    #[arg(default_missing_value = "all", value_parser = lint_parser())]
    deny: Vec<Lint>,

    /// How findings are written: drawn on standard error, or one a line on standard output
    #[arg(long, value_enum, default_value_t = Format::Full)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Full,
    Short,
    Json,
}

/// What `--deny` names: all lints, or one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lint {
    All,
    One(Code),
}

fn lint_parser() -> impl TypedValueParser<Value = Lint> {
    let lints = Code::ALL.iter().filter(|c| c.severity() == Severity::Warning).map(|c| c.as_str());
    PossibleValuesParser::new(["all"].into_iter().chain(lints)).map(|name| {
        let code = Code::ALL.iter().copied().find(|c| c.as_str() == name);
        code.map_or(Lint::All, Lint::One)
    })
}

/// Checks the rules.
pub(crate) fn execute(args: &Args, terminal: &Terminal) -> Result<Exit, Stop> {
    let RuleFiles { sources, mut findings } = rules::read(&args.rules, &Limits::default())?;
    findings.sort_by_key(render::place);
    report(&findings, &sources, args.format, terminal)?;
    let count = |severity| findings.iter().filter(|f| f.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    terminal.say(&format!("{}, {}", counted(errors, "error"), counted(warnings, "warning")));
    let denied =
        findings.iter().any(|f| args.deny.iter().any(|&lint| lint == Lint::All || lint == Lint::One(f.code)));
    Ok(match (errors, denied) {
        (1.., _) => Exit::Rules,
        (0, true) => Exit::Findings,
        (0, false) => Exit::Done,
    })
}

fn report(
    findings: &[Diagnostic],
    sources: &[SourceFile],
    format: Format,
    terminal: &Terminal,
) -> Result<(), Stop> {
    let line = match format {
        Format::Full => {
            terminal.draw(findings, sources);
            return Ok(());
        }
        Format::Short => render::short,
        Format::Json => render::json,
    };
    let mut out = terminal::out();
    for finding in findings {
        writeln!(out, "{}", line(finding, sources))?;
    }
    Ok(out.flush()?)
}

fn counted(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}
