//! A run that stops in one implementation and ends in another has the outcome of a run that does not stop.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::implementation::Launcher;
use crate::outcome::{Field, Outcome};
use crate::plug::{Handshake, Request};
use crate::schedule::Report;
use crate::value::excerpt;
use crate::worker::{Event, Worker};

/// An implementation that runs one thing after another, up to a step, or on from a state.
#[derive(Debug)]
pub struct Speaker {
    launcher: Launcher,
    timeout: Duration,
    running: Option<(Worker, Handshake)>,
    asked: usize,
}

/// What a run came to.
#[derive(Debug, Clone)]
pub enum Came {
    /// To an outcome.
    End(Outcome),
    /// To where it was to stop.
    Stopped(Stopped),
    /// To nothing, as the state is wrong.
    Refused {
        /// The kind of the error.
        kind: String,
        /// Its message.
        message: String,
    },
}

/// A run that stopped.
#[derive(Debug, Clone)]
pub struct Stopped {
    /// How many instructions it took.
    pub steps: u64,
    /// What it printed.
    pub stdout: String,
    /// Its state, as JSON.
    pub state: String,
}

#[derive(Deserialize)]
struct RawAnswer<'a> {
    id: usize,
    #[serde(default, borrow)]
    outcome: Option<&'a RawValue>,
    #[serde(default, borrow)]
    error: Option<&'a RawValue>,
    #[serde(default, borrow)]
    state: Option<&'a RawValue>,
    #[serde(default)]
    schedule: Option<Report>,
}

/// The fields of the outcomes that only runs with states have.
#[derive(Deserialize)]
struct RawOutcome {
    status: String,
    #[serde(default)]
    stdout: Option<String>,
    #[serde(default)]
    steps: Option<u64>,
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    message: Option<String>,
}

impl Speaker {
    /// An implementation that has `timeout` for each answer.
    #[must_use]
    pub fn new(launcher: &Launcher, timeout: Duration) -> Self {
        Self { launcher: launcher.clone(), timeout, running: None, asked: 0 }
    }

    /// What reports call it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.launcher.name
    }

    /// Whether it stops and goes on.
    ///
    /// # Errors
    /// Says why it does not start.
    pub fn knows_states(&mut self) -> Result<bool, String> {
        self.knows(|handshake| handshake.states)
    }

    /// Whether it takes schedules of forced exits.
    ///
    /// # Errors
    /// Says why it does not start.
    pub fn knows_schedules(&mut self) -> Result<bool, String> {
        self.knows(|handshake| handshake.schedules)
    }

    fn knows(&mut self, what: impl FnOnce(&Handshake) -> bool) -> Result<bool, String> {
        let running = match self.running.take() {
            Some(running) => running,
            None => Worker::start(&self.launcher, self.timeout)?,
        };
        let knows = what(&running.1);
        self.running = Some(running);
        Ok(knows)
    }

    /// Runs something, from its beginning or from a state, to its end or to a step.
    ///
    /// # Errors
    /// Says why there is no answer, or what is wrong with it.
    pub fn run(
        &mut self,
        request: &Request<'_>,
        state: Option<&str>,
        stop_at: Option<u64>,
    ) -> Result<Came, String> {
        if !self.knows_states()? {
            return Err(format!("{} knows no states: it speaks version 1 of the protocol", self.name()));
        }
        let line = request.line_with_state(&(self.asked + 1).to_string(), state, stop_at);
        self.exchange(line).map(|(came, _)| came)
    }

    /// Runs something as its schedule says. It stops where it is first forced back to the interpreter, if that is asked for.
    ///
    /// # Errors
    /// Says why there is no answer, what is wrong with it, or that the implementation takes no schedules.
    pub fn run_scheduled(&mut self, request: &Request<'_>, stops: bool) -> Result<(Came, Report), String> {
        if !self.knows_schedules()? {
            return Err(format!("{} takes no schedules of forced exits", self.name()));
        }
        let line = request.scheduled_line(&(self.asked + 1).to_string(), stops);
        match self.exchange(line)? {
            (came, Some(report)) => Ok((came, report)),
            (came, None) => Err(format!("{} tells nothing of the schedule: {came:?}", self.name())),
        }
    }

    /// Sends a line, whose id is one more than that of the last, and gives what the answer says.
    fn exchange(&mut self, line: String) -> Result<(Came, Option<Report>), String> {
        let (mut worker, handshake) = match self.running.take() {
            Some(running) => running,
            None => Worker::start(&self.launcher, self.timeout)?,
        };
        self.asked += 1;
        worker.send(line);
        let until = Instant::now() + self.timeout;
        loop {
            match worker.next(until.saturating_duration_since(Instant::now())) {
                Event::Line(line) => {
                    if let Some(came) = self.read(&line, &handshake.unreported) {
                        self.running = Some((worker, handshake));
                        return came;
                    }
                    if Instant::now() >= until {
                        return Err(format!("{} gives no answer", self.name()));
                    }
                }
                Event::Overlong(why) => return Err(format!("{}: {why}", self.name())),
                Event::Ended(how) => return Err(format!("{} ended: {how}", self.name())),
                Event::Silence => {
                    worker.kill();
                    return Err(format!("{}: no answer in {:.1} s", self.name(), self.timeout.as_secs_f64()));
                }
            }
        }
    }

    /// What an answer says; nothing where the line is not the answer that is waited for.
    fn read(&self, line: &str, unreported: &[Field]) -> Option<Result<(Came, Option<Report>), String>> {
        let mut raw: RawAnswer<'_> = serde_json::from_str(line).ok()?;
        if raw.id != self.asked {
            return None;
        }
        let report = raw.schedule.take();
        Some(self.came(&raw, unreported).map(|came| (came, report)))
    }

    fn came(&self, raw: &RawAnswer<'_>, unreported: &[Field]) -> Result<Came, String> {
        let wrong = |why: &str| Err(format!("{}: {}", self.name(), excerpt(why)));
        let Some(outcome) = raw.outcome else {
            return wrong(raw.error.map_or("neither outcome nor error", RawValue::get));
        };
        match serde_json::from_str(outcome.get()) {
            Ok(RawOutcome { status, stdout: Some(stdout), steps: Some(steps), .. })
                if status == "stopped" =>
            {
                match raw.state {
                    Some(state) => {
                        Ok(Came::Stopped(Stopped { steps, stdout, state: state.get().to_owned() }))
                    }
                    None => wrong("it stopped and gives no state"),
                }
            }
            Ok(RawOutcome { status, kind: Some(kind), message: Some(message), .. })
                if status == "state_error" =>
            {
                Ok(Came::Refused { kind, message })
            }
            Ok(_) => match Outcome::from_json(outcome.get(), unreported) {
                Ok(outcome) => Ok(Came::End(outcome)),
                Err(problem) => wrong(&problem),
            },
            Err(error) => wrong(&error.to_string()),
        }
    }
}

/// What was compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compared {
    /// Runs that stopped in one implementation and went on in another.
    pub resumed: u64,
    /// Stops at which both implementations gave the same state, to the letter.
    pub same_states: u64,
}

impl Compared {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { resumed: self.resumed + other.resumed, same_states: self.same_states + other.same_states }
    }
}

/// A longer state, in bytes, is left out: what it shows, shorter ones show in a hundredth of the time.
const LONGEST_STATE: usize = 1 << 20;

/// Stops at each of those steps in each of the two implementations, goes on in both, and compares with the run that does not stop.
/// Steps at which the first has a state of more than 1 MiB are left out.
///
/// # Errors
/// Says where a run ends otherwise, and how.
pub fn check(
    [left, right]: [&mut Speaker; 2],
    request: &Request<'_>,
    steps: impl Fn(u64) -> BTreeSet<u64>,
) -> Result<Compared, String> {
    let mut compared = Compared::default();
    let Came::End(whole) = left.run(request, None, None)? else {
        return Err(format!("{} stops where nobody asks it to", left.name()));
    };
    let Some(taken) = whole.steps() else { return Ok(compared) };
    // What goes on has its globals in the state.
    let none = std::collections::BTreeMap::new();
    let onward = Request { globals: &none, ..*request };
    'steps: for step in steps(taken) {
        let mut states = Vec::new();
        for from_left in [true, false] {
            let (from, to) = if from_left { (&mut *left, &mut *right) } else { (&mut *right, &mut *left) };
            let names = format!("from {} to {} at step {step}", from.name(), to.name());
            let stopped = match from.run(request, None, Some(step))? {
                Came::Stopped(stopped) => stopped,
                Came::End(ended)
                    if taken <= step || whole.kind().is_some_and(|kind| kind == "OutOfMemory") =>
                {
                    same(&whole, &ended, &names)?;
                    continue;
                }
                other @ (Came::End(_) | Came::Refused { .. }) => {
                    return Err(format!("{names}: it does not stop: {other:?}"));
                }
            };
            if stopped.state.len() > LONGEST_STATE {
                continue 'steps;
            }
            if stopped.steps > step {
                return Err(format!("{names}: it took {} steps", stopped.steps));
            }
            for onto in [&mut *to, &mut *from] {
                let names = format!("{names}, on in {}", onto.name());
                match onto.run(&onward, Some(&stopped.state), None)? {
                    Came::End(ended) => same(&whole, &ended.after(&stopped.stdout), &names)?,
                    other @ (Came::Stopped(_) | Came::Refused { .. }) => {
                        return Err(format!("{names}: {other:?}, from {}", excerpt(&stopped.state)));
                    }
                }
                compared.resumed += 1;
            }
            states.push(stopped.state);
        }
        if let [one, other] = states.as_slice() {
            compared.same_states += u64::from(is_same_json(one, other));
        }
    }
    Ok(compared)
}

fn same(whole: &Outcome, found: &Outcome, names: &str) -> Result<(), String> {
    let differences = whole.disagreements(found, &[]);
    if differences.is_empty() {
        return Ok(());
    }
    let shown: String = differences.iter().map(|difference| difference.show("whole", "resumed")).collect();
    Err(format!("{names}:\n{shown}"))
}

/// Whether two JSON texts say the same.
#[must_use]
pub fn is_same_json(one: &str, other: &str) -> bool {
    let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    parse(one).is_some_and(|one| Some(one) == parse(other))
}
