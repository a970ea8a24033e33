//! Where a run begins: anew, or where another one was ended.

use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver};

use tripline::Limits;
use tripline::io::{Input, Inputs, Spool};
use tripline::pipeline::{Flow, Shards};

use super::Args;
use super::lasting::{self, Lasting};
use super::live::Live;
use super::reload::{Reloads, Ruling};
use super::state::{Checkpoint, Found, Header, InputState, State};
use super::watch::News;
use crate::cli::Stop;
use crate::rules::{self, Compiled};
use crate::seen::Seen;
use crate::terminal::Terminal;

/// What a run begins with.
pub(super) struct Start {
    /// The rule set that is in force.
    pub(super) ruling: Ruling,
    /// The rule files as they were read.
    pub(super) seen: Seen,
    state: Option<State>,
    found: Option<Found>,
    /// What the rule files say now, where another run has left others in force.
    rules: Option<Result<Compiled, Stop>>,
    /// Inputs of that run that are none of this one.
    absent: Vec<InputState>,
}

impl Start {
    /// Opens the state, if there is to be one, and takes the rules that are in force.
    pub(super) fn new(args: &Args, terminal: &Terminal) -> Result<Self, Stop> {
        let keeping = &args.keeping;
        let every = std::time::Duration::from_nanos(keeping.checkpoint_every.nanos().unsigned_abs());
        let open = |folder: &PathBuf| State::open(folder, (keeping.checkpoints.into(), every));
        let (state, found) = match keeping.state.as_ref().map(open).transpose()? {
            None => (None, None),
            Some((state, found, notes)) => {
                notes.iter().for_each(|note| terminal.error(note));
                (Some(state), found)
            }
        };
        let before = state.as_ref().zip(found.as_ref());
        let before = before.map(|(state, found)| state.rules(&found.checkpoint.header.rules)).transpose()?;
        let (program, origin, seen, rules) = match before {
            None => {
                let (program, compiled) = rules::load_with(&args.rules, &args.params, terminal)?;
                (program, compiled.origin, compiled.seen, None)
            }
            Some((program, origin)) => {
                let rules =
                    rules::compile(std::slice::from_ref(&args.rules), &args.params, &Limits::default());
                let seen = rules.as_ref().map(|rules| rules.seen.clone()).unwrap_or_default();
                (program, origin, seen, Some(rules))
            }
        };
        let ruling = Ruling::new(program, origin);
        Ok(Start { ruling, seen, state, found, rules, absent: Vec::new() })
    }

    /// The inputs: with the ranks and places of the run before, if there was one.
    pub(super) fn inputs(&mut self, found: Inputs, args: &Args, terminal: &Terminal) -> Inputs {
        let folder = args.keeping.state.as_ref().filter(|_| args.keeping.journal);
        let spool = |input: &Input| match folder {
            Some(folder) => input.clone().spooled(Spool::new(folder, input.source().rank)),
            None => input.clone(),
        };
        let found = Inputs::of(found.iter().map(spool).collect());
        let Some(before) = &self.found else { return found };
        let (inputs, absent, notes) =
            lasting::inputs(&found, &before.checkpoint.header, (args.matching.follow, &args.inputs));
        notes.iter().for_each(|note| terminal.error(note));
        self.absent = absent;
        inputs
    }

    /// What outputs go on from, if they are to.
    pub(super) fn header(&self) -> Option<Header> {
        self.state.as_ref()?;
        Some(self.found.as_ref().map(|found| found.checkpoint.header.clone()).unwrap_or_default())
    }

    /// Goes on where the run before was ended; what could not be opened is not read.
    pub(super) fn go_on(
        self,
        (flow, mut engines): (Flow, Shards),
        (opened, inputs): (Vec<Input>, &Inputs),
        news: Option<Receiver<News>>,
        live: &mut Live<'_>,
    ) -> Result<(Flow, Shards), Stop> {
        let Start { ruling, state, found, rules, mut absent, .. } = self;
        // Nobody tells anything where nothing is watched.
        let news = news.or_else(|| state.is_some().then(|| mpsc::channel().1));
        let before = found.as_ref().and_then(|found| found.checkpoint.header.rules_before.as_ref());
        // Whoever goes back finds none if it cannot be read any more.
        let before = before.zip(state.as_ref()).and_then(|(name, state)| state.rules(name).ok());
        let before = before.map(|(program, origin)| Ruling::new(program, origin));
        let is_back = found.as_ref().is_some_and(|found| found.checkpoint.header.is_back);
        live.reloads = news.map(|news| Reloads::new(news, ruling).behind(before, is_back));
        let Some(mut state) = state else { return Ok((flow, engines)) };
        let is_opened =
            |input: &&Input| opened.iter().any(|other| other.source().rank == input.source().rank);
        let missing = inputs.iter().filter(|input| !is_opened(input));
        absent.extend(missing.map(|input| InputState::new(input, input.from().clone(), true)));
        state.absent = absent;
        opened.into_iter().for_each(|input| state.add(input));
        let Some(Found { checkpoint: Checkpoint { header, sections }, replay }) = found else {
            live.lasting = Some(Lasting::new(state, None, None));
            return Ok((flow, engines));
        };
        let mut flow = flow.going_on(header.given);
        let aside = header.inputs.iter().filter(|input| input.aside);
        aside.filter_map(|input| state.input(input.rank)).for_each(|input| flow.set_aside(input, true));
        engines.restore(sections).map_err(|e| Stop::Failed(format!("cannot go on: {e}")))?;
        state.next_rank(header.next_rank);
        live.clock.iter_mut().for_each(|clock| clock.set_behind(header.behind));
        live.lasting = Some(Lasting::new(state, Some(replay), rules));
        live.before = Some(header);
        Ok((flow, engines))
    }
}
