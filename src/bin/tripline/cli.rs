//! The command line: sub-commands, what all of them share, exit codes.

use std::io;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};

use crate::config::CommandLine;
use crate::log::LogFormat;
use crate::params::Params;
use crate::terminal::{ColourChoice, Terminal};
use crate::{check, demo, fmt, graph, plan, run, test};

/// Finds patterns in time in streams of events
#[derive(Parser)]
#[command(version, max_term_width = 100, arg_required_else_help = true, disable_help_subcommand = true)]
#[command(after_help = "\
Exit codes:
  0  done
  1  findings: failed tests, denied lints, alerts where none should be
  2  the rules are wrong
  3  usage, configuration, or an input that could not be opened

A run that a signal ends gives 128 and its number: 130 after Ctrl-C.

Each command has examples in its own help: tripline check --help")]
struct Cli {
    #[command(subcommand)]
    command: Command,

    /// Use colours: auto, always, never
    #[arg(long, global = true, value_name = "WHEN", display_order = 900)]
    #[arg(default_value = "auto", hide_possible_values = true)]
    color: ColourChoice,
}

#[derive(Subcommand)]
enum Command {
    Run(Box<run::Args>),
    Check(check::Args),
    Fmt(fmt::Args),
    Test(test::Args),
    Plan(plan::Args),
    Graph(graph::Args),
    Demo(demo::Args),
}

/// How the program ends, and its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything is done.
    Done = 0,
    /// There are findings: failed tests, denied lints, alerts where none should be.
    Findings = 1,
    /// The rules are wrong.
    Rules = 2,
    /// Usage, configuration, or an input that could not be opened.
    Usage = 3,
    /// Ctrl-C.
    Interrupted = 130,
    /// SIGTERM.
    Terminated = 143,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// Why a sub-command ends before its time.
pub(crate) enum Stop {
    /// Nobody reads what is written: the end, quietly.
    ClosedPipe,
    /// The rules are wrong, which has been said.
    Rules,
    /// What went wrong, for exit code 3: lower case, no full stop, names what it speaks of.
    Failed(String),
}

/// Of writing to standard output.
impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Stop::ClosedPipe,
            _ => Stop::Failed(format!("cannot write to standard output: {error}")),
        }
    }
}

/// Parses the command line and does what it says.
pub(crate) fn main() -> Exit {
    let line = match CommandLine::new(std::env::args_os().collect(), Cli::command()) {
        Ok(line) => line,
        Err(stop) => return end(Err(stop), &Terminal::new(ColourChoice::Auto)),
    };
    let cli = match Cli::try_parse_from(&line.arguments) {
        Ok(cli) => cli,
        Err(error) => return refuse(&error, &line),
    };
    let format = if let Command::Run(args) = &cli.command { args.log_format() } else { LogFormat::Text };
    let terminal = Terminal::new(cli.color).with_format(format);
    let done = match cli.command {
        Command::Run(args) => run::execute(&args, &terminal),
        Command::Check(args) => check::execute(&args, &terminal),
        Command::Fmt(args) => fmt::execute(&args, &terminal),
        Command::Test(args) => test::execute(&args, &terminal),
        Command::Plan(args) => plan::execute(&args, &terminal),
        Command::Graph(args) => graph::execute(&args, &terminal),
        Command::Demo(args) => demo::execute(&args, &terminal),
    };
    end(done, &terminal)
}

/// What `run` was told of the rules, with the settings as they are now, and the settings that are not of the rules.
pub(crate) fn params_again() -> Result<(Params, Vec<String>), Stop> {
    let line = CommandLine::new(std::env::args_os().collect(), Cli::command())?;
    let of_rules = |setting: &String| setting.starts_with("--param") || setting.starts_with("--allow-read");
    let others = line.settings.iter().flat_map(|(_, all)| all).filter(|setting| !of_rules(setting));
    let others = others.cloned().collect();
    match Cli::try_parse_from(&line.arguments).map(|cli| cli.command) {
        Ok(Command::Run(args)) => Ok((args.params().clone(), others)),
        Ok(_) => Err(Stop::Failed("the command line is of another command".to_owned())),
        Err(error) => Err(Stop::Failed(error.to_string())),
    }
}

/// Says what is wrong with the command line, or what help was asked for.
fn refuse(error: &clap::Error, line: &CommandLine) -> Exit {
    // A help text that nobody reads to its end is no failure.
    let _ = error.print();
    let of_several = matches!(error.kind(), ErrorKind::ArgumentConflict | ErrorKind::MissingRequiredArgument);
    if let Some((file, settings)) = line.settings.as_ref().filter(|(_, all)| of_several && !all.is_empty()) {
        let text = format!("\nnote: `{}` says: {}", file.display(), settings.join(" "));
        Terminal::new(ColourChoice::Auto).say(&text);
    }
    if error.use_stderr() { Exit::Usage } else { Exit::Done }
}

fn end(done: Result<Exit, Stop>, terminal: &Terminal) -> Exit {
    match done {
        Ok(exit) => exit,
        Err(Stop::ClosedPipe) => Exit::Done,
        Err(Stop::Rules) => Exit::Rules,
        Err(Stop::Failed(text)) => {
            terminal.error(&text);
            Exit::Usage
        }
    }
}
