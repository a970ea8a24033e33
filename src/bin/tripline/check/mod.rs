//! `tripline check`: compile, report every error and lint.

mod cost;

use std::io::Write;
use std::path::PathBuf;

use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use tripline::diagnostic::{Code, Diagnostic, Severity};
use tripline::syntax::ast::Item;
use tripline::{FileId, Limits, SourceFile, render, syntax};

use crate::cli::{Exit, Stop};
use crate::config::Config;
use crate::params::Params;
use crate::rules::{self, Compiled};
use crate::terminal::{self, Terminal, counted};

/// Report what is wrong with rules
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  tripline check rules/                  every error and lint of the rules below rules/
  tripline check --deny rules/           exit with 1 on lints too
  tripline check -p limit=500 a.trip     with another value for a parameter
  tripline check --format short rules/   file:line:column: error[CODE]: message
  tripline check --cost rules/           what each rule holds for a key, and when that ends")]
pub(crate) struct Args {
    /// Rule files, or folders with *.trip files
    #[arg(required = true, value_name = "RULES")]
    rules: Vec<PathBuf>,

    #[command(flatten)]
    params: Params,

    #[command(flatten)]
    config: Config,

    /// Exit with 1 on lints: on all, or on those of these codes
    #[arg(long, value_name = "CODES", num_args = 0..=1, require_equals = true, value_delimiter = ',')]
    #[arg(default_missing_value = "all", value_parser = lint_parser(), hide_possible_values = true)]
    deny: Vec<Lint>,

    /// Say what each rule costs: a table, with --format json lines, on standard output
    #[arg(long)]
    cost: bool,

    /// full is drawn on standard error; short and json are lines on standard output
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
    let limits = Limits::default();
    let compiled = rules::compile(&args.rules, &args.params, &limits)?;
    let Compiled { sources, findings, .. } = &compiled;
    report(findings, sources, args.format, terminal)?;
    if let Some(program) = compiled.program.as_ref().filter(|_| args.cost) {
        cost::write(program, args.format == Format::Json)?;
    }
    let count = |severity| findings.iter().filter(|f| f.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    terminal.say(&format!(
        "{}, {}, {}",
        counted(rule_count(&compiled, &limits), "rule"),
        counted(errors, "error"),
        counted(warnings, "warning")
    ));
    let denied =
        findings.iter().any(|f| args.deny.iter().any(|&lint| lint == Lint::All || lint == Lint::One(f.code)));
    Ok(match (errors, denied) {
        (1.., _) => Exit::Rules,
        (0, true) => Exit::Findings,
        (0, false) => Exit::Done,
    })
}

/// Rules that do not compile are counted too.
fn rule_count(compiled: &Compiled, limits: &Limits) -> usize {
    if let Some(program) = &compiled.program {
        return program.rules().count();
    }
    let trees =
        (0..).map(FileId).zip(&compiled.sources).map(|(id, file)| syntax::parse(id, &file.text, limits).0);
    trees.flat_map(|tree| tree.items).filter(|item| matches!(item, Item::Rule(_))).count()
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
