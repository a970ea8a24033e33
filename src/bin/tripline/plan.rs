//! `tripline plan`: what another rule set would do with the partial matches of the one that runs.

use std::io::Write;
use std::path::PathBuf;

use clap::ValueEnum;
use comfy_table::{Table, presets};
use serde_json::json;
use tripline::Program;
use tripline::plan::{Revision, Rule};
use tripline::program::{KeptSince, Lack};

use crate::cli::{Exit, Stop};
use crate::params::Params;
use crate::rules;
use crate::terminal::{self, Terminal, counted};

/// Say what an edit of the rules keeps of their partial matches, and what it loses
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  tripline plan rules/ edited/                     each rule that an edit changes
  git worktree add ../before && tripline plan ../before/rules rules
  tripline plan old.trip new.trip --format json    for scripts

An edit judges the events after it. What was bound before stays bound; what becomes of it is told by the two texts
alone.")]
pub(crate) struct Args {
    /// The rules as they run: a rule file, or a folder with *.trip files
    #[arg(value_name = "OLD")]
    old: PathBuf,

    /// The rules as they would be
    #[arg(value_name = "NEW")]
    new: PathBuf,

    #[command(flatten)]
    params: Params,

    /// How it is said; JSON is one line for each rule, also for those that stay as they are
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Json,
}

/// What becomes of one rule.
pub(crate) struct Change<'p> {
    pub(crate) name: &'p str,
    fate: Fate,
    /// The fields of bound events that the new text reads and that were not kept, as the rule writes them.
    lacks: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    New,
    Gone,
    Revised(Revision),
}

/// Says what the edit does.
pub(crate) fn execute(args: &Args, terminal: &Terminal) -> Result<Exit, Stop> {
    let old = rules::load(&args.old, &args.params, terminal)?;
    let new = rules::load(&args.new, &args.params, terminal)?;
    let changes = changes(&old, &new);
    let mut out = terminal::out();
    match args.format {
        Format::Json => changes.iter().try_for_each(|change| writeln!(out, "{}", line(change)))?,
        Format::Table if changes.iter().all(Change::is_none) => {}
        Format::Table => writeln!(out, "{}", table(&changes))?,
    }
    out.flush()?;
    let same = changes.iter().filter(|change| change.is_none()).count();
    terminal.say(&format!("{} changed, {same} as before", counted(changes.len() - same, "rule")));
    Ok(Exit::Done)
}

/// What becomes of each rule that runs before or after, by name.
pub(crate) fn changes<'p>(old: &'p Program, new: &'p Program) -> Vec<Change<'p>> {
    let of = |program: &'p Program, name: &str| -> Option<&'p Rule> {
        program.plan().rules.iter().find(|rule| rule.name == name && rule.runs())
    };
    let rules = old.plan().rules.iter().chain(&new.plan().rules).filter(|rule| rule.runs());
    let mut names: Vec<&str> = rules.map(|rule| rule.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let change = |name| match (of(old, name), of(new, name)) {
        (Some(before), Some(after)) => {
            let revision = Revision::of(before, after);
            let goes_on = matches!(revision, Revision::Alike | Revision::Reshaped);
            let lacks = if goes_on {
                Lack::new(old, &KeptSince::default(), (new, after)).missing(before, after)
            } else {
                Vec::new()
            };
            Change { name, fate: Fate::Revised(revision), lacks }
        }
        (None, _) => Change { name, fate: Fate::New, lacks: Vec::new() },
        (Some(_), None) => Change { name, fate: Fate::Gone, lacks: Vec::new() },
    };
    names.into_iter().map(change).collect()
}

impl Change<'_> {
    /// Whether nothing becomes of it.
    pub(crate) fn is_none(&self) -> bool {
        self.fate == Fate::Revised(Revision::Same)
    }

    /// The rule, if nothing of it goes on from before.
    pub(crate) fn begins(&self) -> Option<&str> {
        matches!(self.fate, Fate::New | Fate::Revised(Revision::Fresh(_))).then_some(self.name)
    }

    /// What a script asks for.
    fn word(&self) -> &'static str {
        match self.fate {
            Fate::New => "new",
            Fate::Gone => "gone",
            Fate::Revised(Revision::Same) => "same",
            Fate::Revised(Revision::Alike) => "alike",
            Fate::Revised(Revision::Reshaped) => "reshaped",
            Fate::Revised(Revision::Fresh(_)) => "fresh",
        }
    }

    fn because(&self) -> Option<String> {
        match self.fate {
            Fate::Revised(Revision::Fresh(difference)) => Some(difference.to_string()),
            _ => None,
        }
    }

    /// What becomes of its partial matches, in words.
    pub(crate) fn text(&self) -> String {
        let text = match self.fate {
            Fate::New => "none yet: the rule is new".to_owned(),
            Fate::Gone => "lost: the rule is gone".to_owned(),
            Fate::Revised(Revision::Same) => "stay as they are".to_owned(),
            Fate::Revised(Revision::Alike) => "go on".to_owned(),
            Fate::Revised(Revision::Reshaped) => {
                "go on where their steps are those of the new text too; of each start the furthest".to_owned()
            }
            Fate::Revised(Revision::Fresh(difference)) => format!("lost: {difference}"),
        };
        if self.lacks.is_empty() {
            return text;
        }
        let fields: Vec<String> = self.lacks.iter().map(|field| format!("`{field}`")).collect();
        format!("{text}; lost where {} would be read, which was not kept", fields.join(" or "))
    }
}

fn line(change: &Change<'_>) -> String {
    json!({
        "rule": change.name,
        "change": change.word(),
        "because": change.because(),
        "lacks": change.lacks,
    })
    .to_string()
}

fn table(changes: &[Change<'_>]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["rule", "its partial matches"]);
    for change in changes.iter().filter(|change| !change.is_none()) {
        table.add_row([change.name, &change.text()]);
    }
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}
