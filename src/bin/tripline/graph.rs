//! `tripline graph`: the automaton of a rule as a drawing.

use std::io::Write;
use std::path::PathBuf;

use clap::ValueEnum;
use tripline::diagnostic::nearest;
use tripline::drawing::{Drawing, dot, svg};
use tripline::plan::{Plan, Rule};

use crate::cli::{Exit, Stop};
use crate::params::Params;
use crate::rules;
use crate::terminal::{self, Terminal};

/// Draw a rule: its steps, and what may come next
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  tripline graph a.trip --format svg > a.svg       a picture for a browser
  tripline graph rules/ card_testing               one of several rules, for Graphviz
  tripline graph a.trip | dot -Tpng > a.png

A box is a step as the rule says it; an arrow leads to the step that the next event is for. Where there
are several, 1. is preferred to 2. On it stand what must hold for it, and the absences until then.")]
pub(crate) struct Args {
    /// A rule file, or a folder with *.trip files
    #[arg(value_name = "RULES")]
    rules: PathBuf,

    /// Which rule; not needed where there is only one
    #[arg(value_name = "NAME")]
    name: Option<String>,

    #[command(flatten)]
    params: Params,

    /// The language of Graphviz, or a picture
    #[arg(long, value_enum, default_value_t = Format::Dot)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Dot,
    Svg,
}

/// How many names an error lists.
const LISTED: usize = 40;

/// Draws a rule.
pub(crate) fn execute(args: &Args, terminal: &Terminal) -> Result<Exit, Stop> {
    let program = rules::load(&args.rules, &args.params, terminal)?;
    let rule = choose(program.plan(), args.name.as_deref())?;
    let failed = |why: String| Stop::Failed(format!("cannot draw rule `{}`: {why}", rule.name));
    let drawing = Drawing::new(rule, program.limits()).map_err(|large| failed(large.to_string()))?;
    let text = match args.format {
        Format::Dot => dot(&drawing),
        Format::Svg => {
            svg(&drawing).map_err(|crowded| failed(format!("{crowded}; `--format dot` has none")))?
        }
    };
    let mut out = terminal::out();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(Exit::Done)
}

fn choose<'p>(plan: &'p Plan, name: Option<&str>) -> Result<&'p Rule, Stop> {
    let names = || plan.rules.iter().map(|rule| rule.name.as_str());
    let known = listed(&names().collect::<Vec<&str>>());
    match (name, &plan.rules[..]) {
        (None, [only]) => Ok(only),
        (_, []) => Err(Stop::Failed("there is no rule to draw".to_owned())),
        (None, _) => Err(Stop::Failed(format!("which rule is to be drawn? there are {known}"))),
        (Some(name), rules) => rules.iter().find(|rule| rule.name == name).ok_or_else(|| {
            let help = nearest(name, names()).map(|meant| format!("; did you mean `{meant}`?"));
            Stop::Failed(format!("there is no rule `{name}`{}; there are {known}", help.unwrap_or_default()))
        }),
    }
}

/// The first of these names.
fn listed(names: &[&str]) -> String {
    let first: Vec<String> = names.iter().take(LISTED).map(|name| format!("`{name}`")).collect();
    let more = names.len().checked_sub(LISTED).filter(|more| *more > 0);
    first.join(" ") + &more.map(|more| format!(" and {more} more")).unwrap_or_default()
}
