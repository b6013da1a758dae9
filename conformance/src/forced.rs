//! Forcing every exit: a run leaves faster tiers where it need not, and all that can be seen stays as it is.
//!
//! A first run counts its places. Each of those is then forced in a run of its own. Where that leads back to the interpreter, the
//! run stops, and its state must be that of an interpreter which stopped at the same step: call stack, globals, objects,
//! output and every register. Only a register that [`Liveness`] proves dead may differ, and only in what costs no memory. A run that is
//! forced and goes on must come to the outcome of the interpreter.

pub mod campaign;
pub mod command;
mod frames;
pub mod tally;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use machine_dialect_vm::Module;

use self::tally::Tally;
use crate::implementation::Launcher;
use crate::liveness::Liveness;
use crate::outcome::Outcome;
use crate::plug::{Request, Subject};
use crate::schedule::{Forced, Report, Schedule};
use crate::states::{Came, Speaker, Stopped};

/// A program whose runs take longer is forced at few places only, whatever its steps do.
const SLOW: Duration = Duration::from_millis(60);

/// What is said of an answer that is too long.
const OVERLONG: &str = "it wrote a line of more than";

/// A machine that takes schedules, and the interpreter that it is compared with.
#[derive(Debug)]
pub struct Forcer {
    machine: Speaker,
    interpreter: Speaker,
}

/// How one program is forced.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// So many exits are forced at most, those that come first and others by the seed.
    pub exits: u64,
    /// So many entries and stubs are refused at most.
    pub refusals: u64,
    /// The sequence of random choices.
    pub seed: u64,
}

impl Effort {
    /// Fewer places where each run takes many steps.
    fn of_a_run(self, steps: u64, took: Duration) -> Self {
        /// So many steps are taken for a program, over all its runs, unless that would be but a few runs.
        const STEPS: u64 = 60_000;
        const FEW: u64 = 3;
        let most = if took > SLOW { FEW } else { (STEPS / (steps + 1)).max(FEW) };
        Self { exits: self.exits.min(most), refusals: self.refusals.min(most), ..self }
    }
}

/// A schedule that changes what can be seen.
#[derive(Debug, Clone)]
pub struct Found {
    /// What was forced.
    pub schedule: Schedule,
    /// What differs, and where.
    pub what: String,
}

impl Found {
    fn new(schedule: &Schedule, what: impl Into<String>) -> Self {
        Self { schedule: schedule.clone(), what: what.into() }
    }
}

impl Forcer {
    /// A machine that has `timeout` for each answer.
    #[must_use]
    pub fn new(machine: &Launcher, timeout: Duration) -> Self {
        let interpreter = Launcher::rust_interpreter();
        Self { machine: Speaker::new(machine, timeout), interpreter: Speaker::new(&interpreter, timeout) }
    }

    /// What reports call the machine.
    #[must_use]
    pub fn name(&self) -> &str {
        self.machine.name()
    }

    /// Whether the machine takes schedules.
    ///
    /// # Errors
    /// Says why it does not start.
    pub fn takes_schedules(&mut self) -> Result<bool, String> {
        self.machine.knows_schedules()
    }

    /// Forces the places of a program one by one, and tells `tally` of them. Gives the first schedule that changes something.
    ///
    /// # Errors
    /// Says why an implementation gives no answer.
    pub fn force_each(
        &mut self,
        request: &Request<'_>,
        effort: Effort,
        tally: &mut Tally,
    ) -> Result<Option<Found>, String> {
        self.with_program(request, |forcer, program| forcer.force_places(program, effort, tally))
    }

    /// Has something done with a program that loads, once it is known what it comes to.
    fn with_program(
        &mut self,
        request: &Request<'_>,
        act: impl FnOnce(&mut Self, &Program<'_>) -> Result<(), Trouble>,
    ) -> Result<Option<Found>, String> {
        let Subject::Module(bytes) = request.subject else { return Ok(None) };
        let Ok(module) = Module::decode(bytes) else { return Ok(None) };
        let began = Instant::now();
        let whole = match self.interpreter.run(&unforced(request), None, None) {
            Ok(Came::End(whole)) => whole,
            Ok(_) => return Err("the interpreter stops where nobody asks it to".to_owned()),
            Err(why) if why.contains(OVERLONG) => return Ok(None),
            Err(why) => return Err(why),
        };
        let (took, live) = (began.elapsed(), Liveness::of(&module));
        let program = Program { request, module: &module, live: &live, whole: &whole, took };
        match act(self, &program) {
            Ok(()) => Ok(None),
            Err(Trouble::Found(found)) => Ok(Some(*found)),
            Err(Trouble::Overlong) => Ok(None),
            Err(Trouble::Silent(why)) => Err(why),
        }
    }

    /// Forces exits of one kind, the first and the last of them, in a run that stops there and in one that goes on.
    ///
    /// # Errors
    /// Says why an implementation gives no answer.
    pub fn force_kind(
        &mut self,
        request: &Request<'_>,
        kind: &str,
        tally: &mut Tally,
    ) -> Result<Option<Found>, String> {
        self.with_program(request, |forcer, program| {
            for run in [Self::stop, Self::run_on] {
                let first = run(forcer, program, &Schedule::of_kind(kind, 1))?;
                tally.add_forced(&first.forced, program.module);
                tally.frames += u64::from(first.forced.iter().any(|forced| forced.steps.is_some()));
                let all = run(forcer, program, &Schedule::of_kind(kind, u64::MAX))?.places.exit;
                if all > 1 {
                    let last = run(forcer, program, &Schedule::of_kind(kind, all))?;
                    tally.add_forced(&last.forced, program.module);
                }
            }
            Ok(())
        })
    }

    /// Runs a program as one schedule says: once to its end, and once to where it is first forced back to the interpreter.
    ///
    /// # Errors
    /// Says why an implementation gives no answer.
    pub fn force(
        &mut self,
        request: &Request<'_>,
        schedule: &Schedule,
        tally: &mut Tally,
    ) -> Result<Option<Found>, String> {
        self.with_program(request, |forcer, program| {
            forcer.run_on(program, schedule)?;
            let report = forcer.stop(program, schedule)?;
            tally.add_forced(&report.forced, program.module);
            tally.frames += u64::from(report.forced.iter().any(|forced| forced.steps.is_some()));
            Ok(())
        })
    }

    /// The places that a run comes by, of a module that loads; none where its outcome is too long to be told.
    ///
    /// # Errors
    /// Says why the machine gives no answer.
    pub fn report(&mut self, request: &Request<'_>, schedule: &Schedule) -> Result<Option<Report>, String> {
        let request = Request { schedule: Some(schedule), ..*request };
        match self.machine.run_scheduled(&request, false) {
            Ok((_, report)) => Ok(Some(report)),
            Err(why) if why.contains(OVERLONG) => Ok(None),
            Err(why) => Err(why),
        }
    }

    fn force_places(
        &mut self,
        program: &Program<'_>,
        effort: Effort,
        tally: &mut Tally,
    ) -> Result<(), Trouble> {
        let nothing = Schedule::default();
        let mut random = fastrand::Rng::with_seed(effort.seed);
        let effort = effort.of_a_run(program.whole.steps().unwrap_or_default(), program.took);
        // A run that may stop copies what others elide, so its places are others.
        let places = self.run_on(program, &nothing)?;
        tally.add_exits(&places.exits, program.module);
        for number in chosen(places.places.exit, effort.exits, &mut random) {
            let schedule = Schedule::of_exit(number);
            let report = self.run_on(program, &schedule)?;
            has_forced(&schedule, &report)?;
            tally.add_forced(&report.forced, program.module);
        }
        for number in chosen(places.places.refuse, effort.refusals, &mut random) {
            let schedule = Schedule { refuse: BTreeSet::from([number]), ..Schedule::default() };
            let report = self.run_on(program, &schedule)?;
            has_forced(&schedule, &report)?;
            tally.add_forced(&report.forced, program.module);
        }
        for number in chosen(places.places.unmap, effort.refusals, &mut random) {
            self.run_on(program, &Schedule { unmap: BTreeSet::from([number]), ..Schedule::default() })?;
            tally.unmapped += 1;
        }
        tally.programs += 1;
        if effort.exits == 0 {
            return Ok(());
        }
        let places = self.stop(program, &nothing)?;
        for number in chosen(places.places.exit, effort.exits, &mut random) {
            let schedule = Schedule::of_exit(number);
            let report = self.stop(program, &schedule)?;
            has_forced(&schedule, &report)?;
            tally.add_forced(&report.forced, program.module);
            tally.frames += 1;
        }
        for number in chosen(places.places.refuse, effort.refusals, &mut random) {
            let schedule = Schedule { refuse: BTreeSet::from([number]), ..Schedule::default() };
            let report = self.stop(program, &schedule)?;
            tally.frames += u64::from(report.forced.iter().any(|forced| forced.steps.is_some()));
        }
        Ok(())
    }

    /// Has the machine run something. Where it ends instead, or falls silent, that is what the schedule shows.
    fn run_machine(
        &mut self,
        request: &Request<'_>,
        schedule: &Schedule,
        stops: bool,
    ) -> Result<(Came, Report), Trouble> {
        self.machine.run_scheduled(request, stops).map_err(|why| {
            if why.contains(OVERLONG) { Trouble::Overlong } else { Found::new(schedule, why).into() }
        })
    }

    /// Runs a program to its end, which must be that of the interpreter.
    fn run_on(&mut self, program: &Program<'_>, schedule: &Schedule) -> Result<Report, Trouble> {
        let request = Request { schedule: Some(schedule), ..*program.request };
        let (came, report) = self.run_machine(&request, schedule, false)?;
        let Came::End(ended) = came else {
            return Err(Found::new(schedule, format!("the run does not come to its end: {came:?}")).into());
        };
        program.same_outcome(schedule, &ended, &report.forced)?;
        Ok(report)
    }

    /// Runs a program to where it is first forced back to the interpreter, or to its end where it is not, and compares.
    fn stop(&mut self, program: &Program<'_>, schedule: &Schedule) -> Result<Report, Trouble> {
        let request = Request { schedule: Some(schedule), ..*program.request };
        let (came, report) = self.run_machine(&request, schedule, true)?;
        let stopped = match came {
            Came::Stopped(stopped) => stopped,
            Came::End(ended) => {
                program.same_outcome(schedule, &ended, &report.forced)?;
                return Ok(report);
            }
            Came::Refused { .. } => {
                return Err(
                    Found::new(schedule, format!("the run does not come to its end: {came:?}")).into()
                );
            }
        };
        let there = self.interpreter.run(&unforced(program.request), None, Some(stopped.steps))?;
        let Came::Stopped(there) = there else {
            let what =
                format!("the run stopped after {} steps, and the interpreter ends: {there:?}", stopped.steps);
            return Err(Found::new(schedule, what).into());
        };
        program.same_state(schedule, &there, &stopped, &report.forced)?;
        Ok(report)
    }
}

/// The same run in an implementation that is not forced.
fn unforced<'a>(request: &Request<'a>) -> Request<'a> {
    Request { schedule: None, ..*request }
}

/// Some of the numbers up to the last: the first ones, and others by chance.
fn chosen(last: u64, most: u64, random: &mut fastrand::Rng) -> BTreeSet<u64> {
    if last <= most {
        return (1..=last).collect();
    }
    let mut numbers: BTreeSet<u64> = (1..=most / 2).collect();
    numbers.extend((most / 2..most).map(|_| random.u64(1..=last)));
    numbers
}

/// A schedule of a place that a run came by must force it.
fn has_forced(schedule: &Schedule, report: &Report) -> Result<(), Trouble> {
    match report.forced.as_slice() {
        [_] => Ok(()),
        forced => {
            Err(Found::new(schedule, format!("{} places were forced and not one", forced.len())).into())
        }
    }
}

/// A program and how the interpreter runs it.
struct Program<'a> {
    request: &'a Request<'a>,
    module: &'a Module,
    live: &'a Liveness<'a>,
    whole: &'a Outcome,
    /// How long that took.
    took: Duration,
}

impl Program<'_> {
    fn same_outcome(&self, schedule: &Schedule, ended: &Outcome, forced: &[Forced]) -> Result<(), Trouble> {
        let differences = self.whole.disagreements(ended, &[]);
        if differences.is_empty() {
            return Ok(());
        }
        let shown: String =
            differences.iter().map(|difference| difference.show("interpreter", "forced")).collect();
        Err(Found::new(schedule, format!("{}\n{shown}", self.where_forced(forced))).into())
    }

    fn same_state(
        &self,
        schedule: &Schedule,
        there: &Stopped,
        here: &Stopped,
        forced: &[Forced],
    ) -> Result<(), Trouble> {
        let problem = if there.steps != here.steps {
            Some(format!("no instruction begins after {} steps; one does after {}", here.steps, there.steps))
        } else if there.stdout != here.stdout {
            Some(format!("the interpreter printed {:?}, and the run {:?}", there.stdout, here.stdout))
        } else {
            frames::difference(self.live, &there.state, &here.state)?
        };
        match problem {
            None => Ok(()),
            Some(problem) => {
                Err(Found::new(schedule, format!("{}\n{problem}", self.where_forced(forced))).into())
            }
        }
    }

    /// What was forced, in words.
    fn where_forced(&self, forced: &[Forced]) -> String {
        let one = |forced: &Forced| {
            let at = forced.site.pc.map(|pc| {
                let mnemonic = self.module.opcode(pc).map_or("the end", |opcode| opcode.spec().mnemonic);
                format!(" for instruction {pc} ({mnemonic})")
            });
            let steps = forced.steps.map(|steps| format!(" after {steps} steps"));
            format!(
                "forced: {} of {}{}{}",
                forced.site.title(),
                forced.site.tier,
                at.unwrap_or_default(),
                steps.unwrap_or_default()
            )
        };
        if forced.is_empty() {
            "forced: nothing".to_owned()
        } else {
            forced.iter().map(one).collect::<Vec<_>>().join("\n")
        }
    }
}

/// Why a program is not forced further.
enum Trouble {
    Found(Box<Found>),
    /// There is no answer.
    Silent(String),
    /// A state is too long to be told. Such a program is not forced further.
    Overlong,
}

impl From<Found> for Trouble {
    fn from(found: Found) -> Self {
        Self::Found(Box::new(found))
    }
}

impl From<String> for Trouble {
    fn from(why: String) -> Self {
        if why.contains(OVERLONG) { Self::Overlong } else { Self::Silent(why) }
    }
}
