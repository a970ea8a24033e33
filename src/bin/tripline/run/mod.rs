//! `tripline run`: events in, alerts out.

mod args;
mod backfill;
mod board;
mod drive;
mod http;
mod interrupt;
mod lasting;
mod live;
mod memory;
mod metrics;
mod monitor;
mod output;
mod progress;
mod reload;
mod start;
mod state;
mod status;
mod summary;
mod table;
mod unseen;
mod watch;

use std::io::{self, IsTerminal};
use std::path::Path;
use std::sync::Arc;

use tripline::io::{Discovery, Input, Inputs, Intake, Merge, ReadOptions, Reader, Tap};
use tripline::pipeline::{Flow, Shards, Workers};
use tripline::{Keep, Program};

pub(crate) use self::args::{Args, Writing};
use self::args::{End, Engine, Matching, Style};
use self::backfill::Backfill;
use self::drive::Drive;
use self::interrupt::Interrupt;
use self::live::{Live, Newcomers};
use self::memory::Memory;
use self::monitor::Monitor;
use self::output::{Outputs, Shared};
use self::progress::Progress;
use self::start::Start;
use self::summary::Counts;
use crate::cli::{Exit, Stop};
use crate::rules;
use crate::terminal::Terminal;

/// Runs the rules over the inputs.
pub(crate) fn execute(args: &Args, terminal: &Terminal) -> Result<Exit, Stop> {
    let reads_stdin = args.inputs.is_empty() || args.inputs.iter().any(|input| input == "-");
    if reads_stdin && args.rules == Path::new("-") {
        return Err(Stop::Failed("standard input cannot hold both the rules and the events".to_owned()));
    }
    check_order(args)?;
    if args.matching.watch && args.rules == Path::new("-") {
        return Err(Stop::Failed(
            "`--watch` needs rules in files: standard input comes only once".to_owned(),
        ));
    }
    check_engine(args)?;
    let board = args.seeing.listen(terminal)?;
    check_state(args)?;
    let mut start = Start::new(args, terminal)?;
    let options = Arc::new(args.reading.options(start.ruling.program.plan().schema.clone())?);
    let found = args.inputs(&options)?;
    let inputs = start.inputs(found, args, terminal);
    let rule_files = rules::find(std::slice::from_ref(&args.rules))?;
    let progress = Progress::new(&inputs, !args.matching.follow, args.is_live(), terminal);
    let shared = Shared::default();
    let interrupt = Interrupt::new().map_err(|e| Stop::Failed(format!("cannot take signals: {e}")))?;
    let (program, tap) = (Arc::clone(&start.ruling.program), tap(&progress, &shared, &interrupt));
    let drive = Drive {
        args,
        program: &program,
        shared: &shared,
        progress: &progress,
        interrupt: &interrupt,
        terminal,
    };
    let before = start.header();
    let begin = || -> Result<(), Stop> {
        if args.matching.follow {
            terminal.note("following the inputs; Ctrl-C ends it, SIGHUP has the rules read anew");
            let is_missing = |input: &&Input| input.path().is_some_and(|path| !path.exists());
            inputs.iter().filter(is_missing).for_each(|input| {
                let name = &input.source().name;
                let text = format!("`{name}` is not there yet, and waited for");
                terminal.note_with(&text, &[("input", name.as_str().into())]);
            });
        }
        if reads_stdin && io::stdin().is_terminal() {
            terminal.note("reading standard input (Ctrl-D ends it)");
        }
        shared.set(Outputs::create(
            &args.writing,
            &inputs,
            &rule_files,
            &program,
            &progress,
            before.as_ref(),
        )?);
        Ok(())
    };
    let (mut counts, missing) = match args.matching.engine {
        Engine::Reference => {
            let (readers, missing) = drive.open(&inputs, |input| Reader::open(input, &options, &tap))?;
            begin()?;
            (drive.reference(Merge::new(readers)), missing)
        }
        Engine::Fast => {
            let workers = Arc::new(args.matching.workers()?);
            let (fields, keep, chunk) = (program.fields(), args.writing.keep(), chunk(&inputs));
            let backfill = backfill(args, &options, (keep, chunk), &workers, &interrupt);
            backfill.as_ref().map_or(Ok(()), Backfill::check)?;
            let tap_of = |input: &Input| monitor::tap(board.as_ref(), input, &tap);
            let open = |input: &Input| {
                Ok((input.clone(), Intake::open(input, &options, fields, keep, chunk, &tap_of(input))?))
            };
            let (opened, missing) = drive.open(&inputs, open)?;
            let (opened, intakes): (Vec<Input>, Vec<Intake>) = opened.into_iter().unzip();
            begin()?;
            let has_files = args.inputs.iter().any(|input| input != "-");
            let flow = Flow::new(intakes, &program, &workers);
            let flow = args.matching.patience(flow, args.is_live(), has_files, &tap)?;
            let watch = |watched| watch::begin(watched, std::mem::take(&mut start.seen));
            let news = args.watched().map(watch).transpose();
            let news = news.map_err(|e| Stop::Failed(format!("cannot watch the rules: {e}")))?;
            if args.matching.watch {
                terminal.note(&format!("watching the rules in `{}`", args.rules.display()));
            }
            let open = |input: &Input, program: &Arc<Program>| {
                let intake = Intake::open(input, &options, program.fields(), keep, chunk, &tap_of(input));
                let mut intake = intake.map_err(|e| e.to_string())?;
                // The rules may declare other types than they did at the start.
                intake.read_for(program.fields(), &program.plan().schema);
                Ok(intake)
            };
            let discovery = Discovery::new(&args.inputs, &options, &inputs, args.matching.follow);
            let newcomers = Newcomers::new(discovery, &workers, open);
            let engines = Shards::new(&program, &drive.options(), &workers);
            let mut live = Live {
                newcomers: (args.matching.follow || args.keeping.state.is_some()).then_some(newcomers),
                clock: args.matching.clock(),
                memory: args.matching.max_memory.map(Memory::new).transpose()?,
                backfill,
                monitor: Monitor::new(board.clone(), &progress, &interrupt),
                ..Live::default()
            };
            let (flow, engines) = start.go_on((flow, engines), (opened, &inputs), news, &mut live)?;
            (drive.fast(flow, engines, live), missing)
        }
    };
    counts.failed |= missing;
    counts.say_unseen(&options.kind.to_string());
    progress.end();
    match shared.finish() {
        // Whoever reads no further may still want to know that there was something to read.
        Err(Stop::ClosedPipe) if args.matching.fail_on_alert && shared.alerts() > 0 => {
            return Ok(Exit::Findings);
        }
        done => done?,
    }
    summary::say(&counts, args.writing.stats, terminal);
    if let Some(exit) = interrupt.exit() {
        return Ok(exit);
    }
    Ok(match counts {
        Counts { failed: true, .. } => Exit::Usage,
        Counts { alerts: 1.., .. } if args.matching.fail_on_alert => Exit::Findings,
        _ => Exit::Done,
    })
}

/// What only the fast engine does.
fn check_engine(args: &Args) -> Result<(), Stop> {
    let Matching { idle, max_memory, max_ahead, watch, follow, backfill, .. } = &args.matching;
    let asked = [
        (idle.is_some(), "`--idle` needs the engine `fast`: the reference waits for each input"),
        (args.seeing.metrics.is_some(), "`--metrics` needs the engine `fast`"),
        (max_memory.is_some(), "`--max-memory` needs the engine `fast`"),
        (max_ahead.is_some(), "`--max-ahead` needs the engine `fast`"),
        (*watch || *follow, "`--watch` and `--follow` need the engine `fast`"),
        (!backfill.is_empty(), "`--backfill` needs the engine `fast`"),
        (args.keeping.state.is_some(), "`--state` needs the engine `fast`"),
    ];
    let wrong =
        asked.into_iter().find(|(is_asked, _)| *is_asked && args.matching.engine == Engine::Reference);
    wrong.map_or(Ok(()), |(_, why)| Err(Stop::Failed(why.to_owned())))
}

/// What goes together with a state that is kept.
fn check_state(args: &Args) -> Result<(), Stop> {
    let wrong = match () {
        () if args.keeping.state.is_none() => return Ok(()),
        () if args.matching.at_end == End::Flush => {
            "`--at-end flush` ends the stream, and with `--state` it goes on with the next run; leave one of them out"
        }
        () if args.writing.format == Some(Style::Table) && args.writing.out.is_some() => {
            "a table is not gone on with: with `--state` and `--out` alerts are written as JSON"
        }
        () => return Ok(()),
    };
    Err(Stop::Failed(wrong.to_owned()))
}

/// Called whenever an input is about to be read, which may take its time: alerts so far are written out.
fn tap(progress: &Progress, shared: &Shared, interrupt: &Interrupt) -> Tap {
    let (progress, shared, interrupt) = (progress.clone(), shared.clone(), interrupt.clone());
    Arc::new(move |bytes| {
        shared.flush();
        progress.read(bytes);
        interrupt.check()
    })
}

/// What was before, if it is to be known.
fn backfill(
    args: &Args,
    options: &Arc<ReadOptions>,
    (keep, chunk): (Keep, usize),
    workers: &Arc<Workers>,
    interrupt: &Interrupt,
) -> Option<Backfill> {
    let (arguments, interrupt) = (args.matching.backfill.clone(), interrupt.clone());
    let tap: Tap = Arc::new(move |_| interrupt.check());
    let (options, workers) = (Arc::clone(options), Arc::clone(workers));
    (!arguments.is_empty()).then_some(Backfill { arguments, options, keep, chunk, workers, tap })
}

/// How much of an input is read at once: together the inputs hold little.
fn chunk(inputs: &Inputs) -> usize {
    const ALL: usize = 16 << 20;
    (ALL / inputs.iter().len().max(1)).clamp(8 << 10, 256 << 10)
}

/// What stands in the place of the other is told apart by its ending.
fn check_order(args: &Args) -> Result<(), Stop> {
    let ends = |path: &Path, endings: &[&str]| {
        path.extension().is_some_and(|e| endings.iter().any(|known| e == *known))
    };
    if !args.rules.is_dir() && ends(&args.rules, &["ndjson", "jsonl", "csv", "tsv"]) {
        let text = format!("`{}` is no rule file; `run` takes RULES first, then INPUT", args.rules.display());
        return Err(Stop::Failed(text));
    }
    match args.inputs.iter().find(|input| ends(Path::new(input), &["trip"])) {
        None => Ok(()),
        Some(input) => Err(Stop::Failed(format!(
            "`{input}` is a rule file; `run` takes one file or folder of rules, before the inputs"
        ))),
    }
}
