//! `tripline.yaml`: options of `tripline run` that stand in a file.
//!
//! Each setting becomes the argument that would say the same, and goes through the same parser.

use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::builder::ValueRange;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};
use tripline::diagnostic::nearest;
use tripline::io::JsonValue;
use tripline::{Value, yaml};

use crate::cli::Stop;
use crate::rules::cannot;

/// The file that is read if none is named and it is there.
const FILE: &str = "tripline.yaml";

/// `--config`, the same for every sub-command that takes settings. It is read before the command line is taken apart
/// for good.
#[derive(clap::Args)]
pub(crate) struct Config {
    /// Read settings from this file, not from tripline.yaml in the current folder; a flag wins over a setting
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Config {
    /// Where settings stand, if they are there.
    pub(crate) fn file(&self) -> &Path {
        self.config.as_deref().unwrap_or(Path::new(FILE))
    }
}

/// A command line with the settings in it.
pub(crate) struct CommandLine {
    /// All arguments.
    pub(crate) arguments: Vec<OsString>,
    /// Those of them that are settings, and the file they come from.
    pub(crate) settings: Option<(PathBuf, Vec<String>)>,
}

impl CommandLine {
    /// Puts the settings before what is said on the command line itself. What is said there leaves out the setting of
    /// the same name, and those that do not go together with it.
    pub(crate) fn new(mut arguments: Vec<OsString>, mut cli: Command) -> Result<Self, Stop> {
        cli.build();
        // What is wrong with the command line is said when it is read for good.
        let said = cli.clone().ignore_errors(true).try_get_matches_from(&arguments);
        let (Ok(said), Some(run)) = (&said, cli.find_subcommand("run")) else {
            return Ok(CommandLine { arguments, settings: None });
        };
        let Some((name, said)) = said.subcommand().filter(|(name, _)| takes(name, "param")) else {
            return Ok(CommandLine { arguments, settings: None });
        };
        let named = said.get_one::<PathBuf>("config");
        let file = named.map_or(Path::new(FILE), PathBuf::as_path);
        let Some(text) = read(file, named.is_some())? else {
            return Ok(CommandLine { arguments, settings: None });
        };
        let wrong = |what| Stop::Failed(format!("`{}`: {what}", file.display()));
        let settings = settings(&text, &cli, run).map_err(wrong)?;
        let kept =
            settings.into_iter().filter(|setting| takes(name, &setting.key) && !is_said(setting, said, run));
        let settings: Vec<String> = kept.flat_map(|setting| setting.arguments).collect();
        let behind =
            arguments.iter().position(|argument| argument == name).map_or(arguments.len(), |at| at + 1);
        arguments.splice(behind..behind, settings.iter().map(OsString::from));
        Ok(CommandLine { arguments, settings: Some((file.to_owned(), settings)) })
    }
}

/// Whether a sub-command takes a setting. What `check` shares with `run` is what rules are compiled with.
fn takes(command: &str, key: &str) -> bool {
    match command {
        "run" => true,
        "check" => key == "param" || key == "allow-read",
        _ => false,
    }
}

/// The text of the file. Only one that is named must be there.
fn read(file: &Path, is_named: bool) -> Result<Option<String>, Stop> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound && !is_named => Ok(None),
        Err(error) => Err(cannot("read", file, &error)),
    }
}

/// A setting and the arguments that say the same.
struct Setting {
    key: String,
    arguments: Vec<String>,
}

/// The settings of a file, or the first thing wrong with them.
fn settings(text: &str, cli: &Command, run: &Command) -> Result<Vec<Setting>, String> {
    let root = yaml::parse(text).map_err(|problem| problem.to_string())?;
    let entries = match &root {
        Value::Null => return Ok(Vec::new()),
        Value::Record(entries) => entries,
        _ => return Err("expected settings, as in `lateness: 5s`".to_owned()),
    };
    entries.iter().map(|(key, value)| setting(key, value, cli, run)).collect()
}

fn setting(key: &str, value: &Value, cli: &Command, run: &Command) -> Result<Setting, String> {
    let is_setting = |name: &&str| !["help", "version", "config"].contains(name);
    let names = || run.get_arguments().filter_map(Arg::get_long).filter(is_setting);
    let Some(arg) = run.get_arguments().find(|arg| arg.get_long() == Some(key) && is_setting(&key)) else {
        let remedy = match nearest(key, names()) {
            Some(name) => format!("did you mean `{name}`?"),
            None => "`tripline run --help` lists the options".to_owned(),
        };
        return Err(format!("there is no setting `{key}`; {remedy}"));
    };
    let arguments = arguments(arg, key, value).map_err(|expected| format!("`{key}`: expected {expected}"))?;
    for argument in &arguments {
        let alone = ["tripline", "run", argument, "RULES"];
        let complaint = cli.clone().try_get_matches_from(alone).err().and_then(|error| complaint(&error));
        if let Some(complaint) = complaint {
            let value = argument.split_once('=').map_or("", |(_, value)| value);
            return Err(format!("`{key}: {value}`: {complaint}"));
        }
    }
    Ok(Setting { key: key.to_owned(), arguments })
}

/// The arguments that say what a setting says; else what was expected.
fn arguments(arg: &Arg, key: &str, value: &Value) -> Result<Vec<String>, &'static str> {
    let needs_no_value = arg.get_num_args().is_some_and(|range: ValueRange| range.min_values() == 0);
    let is_list = matches!(arg.get_action(), ArgAction::Append);
    let with = |value: &Value| Ok(format!("--{key}={}", scalar(value).ok_or("a text or a number")?));
    match value {
        Value::Bool(is_on) if needs_no_value => Ok(is_on.then(|| format!("--{key}")).into_iter().collect()),
        _ if matches!(arg.get_action(), ArgAction::SetTrue) => Err("`true` or `false`"),
        Value::List(items) if is_list => items.iter().map(with).collect(),
        Value::Record(entries) if is_list => {
            let text = |value| scalar(value).ok_or("a text, a number or a boolean for each name");
            entries.iter().map(|(name, value)| Ok(format!("--{key}={name}={}", text(value)?))).collect()
        }
        value => Ok(vec![with(value)?]),
    }
}

/// A value as it would stand on the command line.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::Str(text) => Some(text.to_string()),
        Value::Bool(_) | Value::Int(_) | Value::Uint(_) | Value::Float(_) => {
            serde_json::to_string(&JsonValue(value)).ok()
        }
        _ => None,
    }
}

/// What is wrong with a value; `None` if something else is, which only the whole command line can tell.
fn complaint(error: &clap::Error) -> Option<String> {
    match error.kind() {
        ErrorKind::ValueValidation => error.source().map(ToString::to_string),
        ErrorKind::InvalidValue => match error.get(ContextKind::ValidValue) {
            Some(ContextValue::Strings(values)) => Some(format!("expected one of `{}`", values.join("`, `"))),
            _ => Some("expected a value".to_owned()),
        },
        _ => None,
    }
}

/// Whether the command line says this itself, or what does not go together with it. What may be repeated adds up.
fn is_said(setting: &Setting, said: &ArgMatches, run: &Command) -> bool {
    let is_there = |arg: &Arg| {
        said.try_contains_id(arg.get_id().as_str()).is_ok()
            && said.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine)
    };
    let clash =
        |a: &Arg, b: &Arg| run.get_arg_conflicts_with(a).iter().any(|other| other.get_id() == b.get_id());
    let Some(own) = run.get_arguments().find(|arg| arg.get_long() == Some(&setting.key)) else {
        return false;
    };
    let repeats = matches!(own.get_action(), ArgAction::Append);
    run.get_arguments().filter(|arg| is_there(arg)).any(|arg| match arg.get_id() == own.get_id() {
        true => !repeats,
        false => clash(arg, own) || clash(own, arg),
    })
}
