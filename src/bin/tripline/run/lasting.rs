//! A run that goes on where another one was ended, and can be gone on with itself.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use tripline::io::{Input, Inputs, Place, Reason};
use tripline::{Duration, Timestamp};

use super::board::now;
use super::drive::Drive;
use super::live::{Live, Works};
use super::reload::{Reloads, Ruling};
use super::state::{Checkpoint, Decision, Header, InputState, News, Replay, State};
use super::summary::Counts;
use crate::cli::Stop;
use crate::rules::{Compiled, Origin};

/// What a run keeps beyond its end.
pub(super) struct Lasting {
    pub(super) state: State,
    /// What is decided again, until all that was written is written again.
    replay: Option<Replay>,
    /// What the rule files say now.
    rules: Option<Result<Compiled, Stop>>,
    /// How often nothing came while something was to.
    waited: u32,
}

/// The longest one waits for what an input had before, in moments in which nothing comes.
const PATIENCE: u32 = 100;

impl Lasting {
    /// A run that begins or goes on; in that case `rules` are looked at when it has caught up.
    pub(super) fn new(state: State, replay: Option<Replay>, rules: Option<Result<Compiled, Stop>>) -> Self {
        Lasting { state, replay, rules, waited: 0 }
    }
}

/// The inputs of a run that goes on, with the ranks that they had, and read from where they were read to; and those that are
/// no inputs now; and what is to be said of it.
pub(super) fn inputs(
    found: &Inputs,
    header: &Header,
    (follows, arguments): (bool, &[String]),
) -> (Inputs, Vec<InputState>, Vec<String>) {
    let (mut inputs, mut absent, mut notes) = (Vec::new(), Vec::new(), Vec::new());
    for state in &header.inputs {
        let path = state.path.as_deref().map(Path::new);
        let input = found.iter().find(|input| input.path() == path).cloned();
        // What is gone may have another name.
        let input =
            input.or_else(|| Some(Input::at(path.filter(|_| follows)?, state.rank, true).beside(arguments)));
        match input {
            Some(input) => inputs.push(input.resumed(state.rank, place(state, &input, follows, &mut notes))),
            None => {
                let name = state.path.as_deref().unwrap_or("-");
                notes.push(format!(
                    "`{name}` was an input before and is none now; what it has more is not read"
                ));
                absent.push(state.clone());
            }
        }
    }
    (Inputs::of(inputs), absent, notes)
}

/// From where on an input is read.
fn place(state: &InputState, input: &Input, follows: bool, notes: &mut Vec<String>) -> Place {
    let place = state.place();
    let (name, anew) = (&input.source().name, Place { line: place.line, ..Place::default() });
    if input.spool().is_some() {
        return place;
    } else if input.is_pipe() {
        notes.push(format!(
            "`{name}` is a pipe and cannot be read again: what came through it behind the last checkpoint is lost; `--journal` \
             keeps it"
        ));
        return anew;
    }
    let Some(path) = input.path() else { return anew };
    if !path.exists() && !follows {
        return place;
    }
    match place.find(path) {
        Some(found) if follows || found == path => place,
        _ if place == Place::default() || !path.exists() => place,
        _ => {
            notes.push(format!(
                "`{name}` is not the file that was read up to line {}, nor is one beside it; it is read from its beginning",
                place.line
            ));
            anew
        }
    }
}

impl Live<'_> {
    /// Whether the run comes by what another one had before.
    pub(super) fn is_catching_up(&self) -> bool {
        self.lasting.as_ref().is_some_and(|lasting| lasting.replay.is_some())
    }

    /// Whether there is something that was decided before and has not been again.
    pub(super) fn decides_again(&self) -> bool {
        let replay = self.lasting.as_ref().and_then(|lasting| lasting.replay.as_ref());
        replay.is_some_and(|replay| !replay.is_over())
    }

    /// Whether the stream goes on with another run.
    pub(super) fn lasts(&self) -> bool {
        self.lasting.is_some()
    }

    /// Begins: with a first checkpoint, or to catch up.
    pub(super) fn begin(&mut self, drive: Drive<'_>, works: &mut Works<'_>) -> ControlFlow<()> {
        let Some(lasting) = &self.lasting else { return ControlFlow::Continue(()) };
        match &lasting.replay {
            None => self.checkpoint(drive, works, true),
            Some(replay) => {
                works.flow.hold(true);
                works.flow.give_until(replay.until());
                ControlFlow::Continue(())
            }
        }
    }

    /// Writes down what was decided, before it takes effect.
    pub(super) fn note(&mut self, works: &Works<'_>, decision: Decision) -> ControlFlow<()> {
        self.note_at(works, works.flow.given(), decision)
    }

    fn note_at(&mut self, works: &Works<'_>, given: u64, decision: Decision) -> ControlFlow<()> {
        let Some(lasting) = &mut self.lasting else { return ControlFlow::Continue(()) };
        // What is decided again stands there.
        if lasting.replay.as_ref().is_some_and(|replay| !replay.is_over()) {
            return ControlFlow::Continue(());
        }
        match lasting.state.note(given, decision) {
            Ok(()) => ControlFlow::Continue(()),
            Err(stop) => works.sink.fail(stop),
        }
    }

    /// An input is not waited for, or is again.
    pub(super) fn note_input(
        &mut self,
        works: &Works<'_>,
        input: usize,
        decision: fn(u32) -> Decision,
    ) -> ControlFlow<()> {
        match self.lasting.as_ref().and_then(|lasting| lasting.state.rank(input)) {
            // A row that is refused has been given by now.
            Some(rank) if matches!(decision(rank), Decision::Ahead(_)) => {
                self.note_at(works, works.flow.given() - 1, decision(rank))
            }
            Some(rank) => self.note(works, decision(rank)),
            None => ControlFlow::Continue(()),
        }
    }

    /// Decides what was decided here before.
    pub(super) fn decide_again(
        &mut self,
        drive: Drive<'_>,
        works: &mut Works<'_>,
        given: u64,
    ) -> ControlFlow<()> {
        while let Some(decision) = self.replay().and_then(|replay| replay.next(given)) {
            let input = |rank| self.lasting.as_ref().and_then(|lasting| lasting.state.input(rank));
            match decision {
                Decision::Aside(rank) => {
                    input(rank).into_iter().for_each(|input| works.flow.set_aside(input, true))
                }
                Decision::Back(rank) => {
                    input(rank).into_iter().for_each(|input| works.flow.set_aside(input, false))
                }
                Decision::Ahead(rank) => {
                    input(rank).into_iter().for_each(|input| works.flow.refuse_next(input))
                }
                Decision::New { rank, path, file } => {
                    let input = Input::at(Path::new(&path), rank, drive.follows()).beside(drive.arguments());
                    // The file that has come up may have got another name since.
                    self.add(input.resumed(rank, Place { file, ..Place::default() }), drive, works);
                }
                Decision::Time(nanos) => {
                    works.engines.advance(Timestamp::from_nanos(nanos), works.sink)?;
                }
                Decision::Shed { before, most } => {
                    self.shed(Timestamp::from_nanos(before), most, works);
                }
                Decision::Rules(ref name) | Decision::RulesBefore(ref name) => {
                    let Some(lasting) = &self.lasting else { continue };
                    match lasting.state.rules(name) {
                        Ok((program, origin)) => {
                            let is_back = matches!(decision, Decision::RulesBefore(_));
                            self.reloads.iter_mut().for_each(|reloads| reloads.set_back(is_back));
                            let ruling = Ruling::new(program, origin);
                            let history = self.history(&ruling.program, drive, works)?;
                            self.turn_to(ruling, history, drive, works);
                        }
                        Err(stop) => return works.sink.fail(stop),
                    }
                }
            }
        }
        let until = self.replay().and_then(|replay| replay.until());
        works.flow.give_until(until);
        ControlFlow::Continue(())
    }

    fn replay(&mut self) -> Option<&mut Replay> {
        self.lasting.as_mut().and_then(|lasting| lasting.replay.as_mut())
    }

    /// Whether all that was decided and written has come again; if so, the run goes on by itself.
    pub(super) fn catch_up(&mut self, drive: Drive<'_>, works: &mut Works<'_>) -> ControlFlow<()> {
        let is_over = self.replay().is_some_and(|replay| replay.is_over());
        if is_over && works.sink.has_caught_up() {
            self.go_live(drive, works)
        } else {
            ControlFlow::Continue(())
        }
    }

    /// Nothing comes while something is to.
    pub(super) fn wait(&mut self, drive: Drive<'_>, works: &mut Works<'_>) -> ControlFlow<()> {
        let Some(lasting) = &mut self.lasting else { return ControlFlow::Continue(()) };
        lasting.waited += 1;
        if lasting.waited > PATIENCE { self.give_up(drive, works) } else { ControlFlow::Continue(()) }
    }

    /// The inputs have not what they had: the rest is decided now.
    pub(super) fn give_up(&mut self, drive: Drive<'_>, works: &mut Works<'_>) -> ControlFlow<()> {
        if self.replay().is_some_and(|replay| !replay.is_over()) {
            drive.error(
                "the inputs have less than they had when the run before was ended: what was decided by the clock is decided now",
            );
            self.decide_again(drive, works, u64::MAX)?;
        }
        self.go_live(drive, works)
    }

    /// All that was, is again.
    fn go_live(&mut self, drive: Drive<'_>, works: &mut Works<'_>) -> ControlFlow<()> {
        works.sink.leave().iter().for_each(|text| drive.error(text));
        let Some(lasting) = &mut self.lasting else { return ControlFlow::Continue(()) };
        (lasting.replay, lasting.waited) = (None, 0);
        if let Some(newcomers) = &mut self.newcomers {
            let absent = lasting.state.absent.iter().filter_map(InputState::input);
            let known = Inputs::of(lasting.state.inputs().iter().cloned().chain(absent).collect());
            newcomers.discovery = newcomers.discovery.knowing(&known, lasting.state.next_rank);
        }
        if let (Some(rules), Some(reloads)) = (lasting.rules.take(), &mut self.reloads) {
            let is_known = rules.as_ref().is_ok_and(|rules| reloads.knows(rules.origin.contents));
            let changed = (!is_known).then_some(rules);
            changed.into_iter().for_each(|rules| reloads.look_first_at(rules));
        }
        works.flow.hold(false);
        self.checkpoint(drive, works, false)?;
        self.look_for_inputs(drive, works, true)
    }

    /// Makes a checkpoint if there is to be one, and says what came of the one before.
    pub(super) fn keep(&mut self, drive: Drive<'_>, works: &mut Works<'_>) -> ControlFlow<()> {
        let Some(lasting) = &mut self.lasting else { return ControlFlow::Continue(()) };
        say(drive, lasting.state.look(false));
        if lasting.state.is_due(works.flow.given()) {
            return self.checkpoint(drive, works, false);
        }
        ControlFlow::Continue(())
    }

    /// The last checkpoint of the run, unless it has not come to where the one before was, or knows no more than the last.
    pub(super) fn end(&mut self, drive: Drive<'_>, works: &mut Works<'_>) {
        let Some(lasting) = self.lasting.as_mut().filter(|lasting| lasting.replay.is_none()) else { return };
        say(drive, lasting.state.look(true));
        if lasting.state.has_news(works.flow.given()) {
            // A sink that says stop has remembered why.
            let _ = self.checkpoint(drive, works, true);
        }
    }

    /// Makes a checkpoint; whoever `waits` knows that it is written.
    pub(super) fn checkpoint(
        &mut self,
        drive: Drive<'_>,
        works: &mut Works<'_>,
        waits: bool,
    ) -> ControlFlow<()> {
        let Some(lasting) = &mut self.lasting else { return ControlFlow::Continue(()) };
        say(drive, lasting.state.look(true));
        let begun = now();
        let Some((outputs, files)) = works.sink.lengths() else { return ControlFlow::Break(()) };
        let running = self.reloads.as_ref().map(|reloads| Arc::clone(&reloads.running().origin));
        let before = self.reloads.as_ref().and_then(Reloads::before);
        let keep = |origin: &Origin| lasting.state.keep_rules(origin);
        let rules = keep(&running.unwrap_or_default())
            .and_then(|rules| Ok((rules, before.map(|ruling| keep(&ruling.origin)).transpose()?)));
        let (rules, rules_before) = match rules {
            Ok(rules) => rules,
            Err(why) => return works.sink.fail(Stop::Failed(why)),
        };
        let inputs = lasting.state.inputs().iter().zip(works.flow.places()).enumerate();
        let inputs = inputs
            .map(|(at, (input, place))| InputState::new(input, place, works.flow.is_aside(at)))
            .chain(lasting.state.absent.iter().cloned())
            // What has ended and is gone does not come again.
            .filter(|state| !state.is_gone(drive.arguments()))
            .collect();
        let rejects =
            works.counts.rejects.iter().map(|(reason, n)| (reason.as_str().to_owned(), *n)).collect();
        let header = Header {
            given: works.flow.given(),
            rules,
            rules_before,
            is_back: self.reloads.as_ref().is_some_and(Reloads::is_back),
            inputs,
            next_rank: lasting.state.next_rank,
            outputs,
            alerts: works.sink.alerts(),
            shadow: works.sink.shadow_alerts(),
            rejects,
            newest: works.counts.newest.nanos(),
            latest: works.counts.latest.nanos(),
            behind: self.clock.as_ref().and_then(|clock| clock.behind()),
            sections: Vec::new(),
        };
        let checkpoint = Checkpoint { header, sections: works.engines.snapshot() };
        match lasting.state.checkpoint(checkpoint, files, begun, waits) {
            Err(text) if waits => return works.sink.fail(Stop::Failed(text)),
            news => say(drive, news),
        }
        ControlFlow::Continue(())
    }
}

/// Says what came of a checkpoint.
fn say(drive: Drive<'_>, news: Result<News, String>) {
    match news {
        Ok(News::None) => {}
        Ok(News::PossibleAgain) => drive.note("checkpoints are written again", &[]),
        Err(text) => drive.error(&text),
    }
}

/// Goes on counting.
pub(super) fn count_on(counts: &mut Counts, header: &Header) {
    let of = |name: &str| Reason::ALL.iter().find(|reason| reason.as_str() == name).copied();
    counts.rejects = header.rejects.iter().filter_map(|(name, n)| Some((of(name)?, *n))).collect();
    (counts.newest, counts.latest) =
        (Timestamp::from_nanos(header.newest), Duration::from_nanos(header.latest));
}
