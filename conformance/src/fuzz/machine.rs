//! The machine of this repository inside this process, on a [`Subject`].

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use machine_dialect_vm::{Completion, Failure, Limits, Observer, Run, Step, Tiers, TypeId, Value, Vm};

use crate::fuzz::program::Subject;
use crate::value::ValueText;

/// The limit on steps, by its name in `spec/values.yaml`.
pub const MAX_STEPS: &str = "max_steps";

/// A value whose text is longer is not written out.
const LIGHT_BYTES: usize = 1 << 14;

/// How a run is to be carried out, besides what its subject says.
#[derive(Debug, Clone, Copy, Default)]
pub struct How {
    /// At most so many steps, whatever the subject says.
    pub steps: Option<u64>,
    /// Of what code the run is made.
    pub tiers: Tiers,
    /// After how many instructions it looks at the flag and the clock, if not after as many as by default.
    pub fuel_slice: Option<u64>,
    /// Whether each instruction is told to somebody, so that it does what it says and no more.
    pub is_observed: bool,
}

/// Somebody whom nothing interests.
struct Nobody;

impl Observer for Nobody {
    fn before(&mut self, _: &Step<'_>) {}
}

/// A deadline that no run comes to.
const FAR: Duration = Duration::from_secs(1 << 30);

/// What came of a run.
pub struct Ran {
    /// The end of the run.
    pub result: Result<Completion, Box<Failure>>,
    /// What it printed.
    pub stdout: String,
}

impl Ran {
    /// The outcome, in a form that two runs can be compared by. A value whose text would be long is told by its type alone,
    /// because a small tree of shared arrays may stand for more than can be written in a minute.
    #[must_use]
    pub fn outcome(&self) -> String {
        self.outcome_within(LIGHT_BYTES)
    }

    /// The same, where a value is told by its type alone if its text has more bytes than that.
    fn outcome_within(&self, most: usize) -> String {
        let shown = |value: &Value| shown(value, most);
        let globals = match &self.result {
            Ok(completion) => &completion.globals,
            Err(failure) => &failure.globals,
        };
        let mut text = match &self.result {
            Ok(completion) => format!("ok, {}", shown(&completion.result)),
            Err(failure) => {
                format!(
                    "{} at {} in {}: {failure}",
                    failure.error.kind().name(),
                    failure.pc,
                    failure.function()
                )
            }
        };
        text.push_str(&format!(", {} steps, {:?}", self.steps(), self.stdout));
        for (name, value) in globals {
            text.push_str(&format!("\nglobal {name:?} = {}", shown(value)));
        }
        text
    }

    /// The outcome, and all else that a host is told of a failure: the calls that were open, what the instruction read, and
    /// the open scopes.
    #[must_use]
    pub fn told(&self) -> String {
        self.told_within(LIGHT_BYTES)
    }

    /// The same, where a value is told by its type alone if its text has more bytes than that.
    #[must_use]
    pub fn told_within(&self, most: usize) -> String {
        let mut text = self.outcome_within(most);
        if let Err(failure) = &self.result {
            text.push_str(&format!("\ncalls {:?}\nscopes {:?}", failure.call_stack, failure.scopes));
            for (register, value) in &failure.operands {
                text.push_str(&format!("\n{register} = {}", shown(value, most)));
            }
        }
        text
    }

    /// Whether all values of the outcome can be written out in little time.
    #[must_use]
    pub fn is_light(&self) -> bool {
        match &self.result {
            Ok(Completion { result, globals, .. }) => {
                is_light(result) && globals.iter().all(|(_, value)| is_light(value))
            }
            Err(failure) => failure.globals.iter().all(|(_, value)| is_light(value)),
        }
    }

    /// How many instructions were executed.
    #[must_use]
    pub fn steps(&self) -> u64 {
        match &self.result {
            Ok(completion) => completion.steps,
            Err(failure) => failure.steps,
        }
    }
}

fn is_light(value: &Value) -> bool {
    value.to_text(LIGHT_BYTES).is_some()
}

fn shown(value: &Value, most: usize) -> String {
    if value.to_text(most).is_some() {
        value.to_json()
    } else {
        format!("a large {}", value.type_id().name())
    }
}

/// The limits of that name, those of a run without any where a name is missing.
#[must_use]
pub fn limits(named: &BTreeMap<String, u64>) -> Limits {
    let mut limits = Limits::default();
    for (name, value) in named {
        if let Some(limit) = limits.by_name(name) {
            *limit = Some(*value);
        }
    }
    limits
}

/// Runs a subject whose module is in `vm`.
#[must_use]
pub fn run(vm: &Vm, subject: &Subject, how: How) -> Ran {
    let mut limits = limits(&subject.limits);
    limits.max_steps = match (limits.max_steps, how.steps) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    };
    let mut stdout = String::new();
    // As the command line and Python do: with a flag that may be set, and a clock that is looked at.
    let flag = AtomicBool::new(false);
    let mut run = Run::new(&mut stdout).limits(limits).tiers(how.tiers).interrupt(&flag);
    if let Some(far) = Instant::now().checked_add(FAR) {
        run = run.deadline(far);
    }
    if let Some(fuel_slice) = how.fuel_slice {
        run = run.fuel_slice(fuel_slice);
    }
    let mut nobody = Nobody;
    if how.is_observed {
        run = run.observe(&mut nobody);
    }
    for (name, value) in globals(&subject.globals) {
        run = run.global(name, value);
    }
    let result = vm.run(run);
    Ran { result, stdout }
}

fn globals(texts: &BTreeMap<String, ValueText>) -> Vec<(String, Value)> {
    let value =
        |(name, text): (&String, &ValueText)| Some((name.clone(), Value::from_json(text.as_str()).ok()?));
    texts.iter().filter_map(value).collect()
}

/// The index of the instruction that is next after so many steps, and the registers that it reads with their values; none
/// where the run does not come so far.
#[must_use]
pub fn operands_after(vm: &Vm, subject: &Subject, steps: u64) -> Option<(usize, Vec<(u8, Value)>)> {
    let ran = run(vm, subject, How { steps: Some(steps), tiers: Tiers::Interpreter, ..How::default() });
    let failure = ran.result.err()?;
    Some((failure.pc, failure.operands.into_iter().map(|(register, value)| (register.0, value)).collect()))
}

/// The types of those values.
#[must_use]
pub fn operand_types_after(vm: &Vm, subject: &Subject, steps: u64) -> Option<(usize, Vec<TypeId>)> {
    let (pc, operands) = operands_after(vm, subject, steps)?;
    Some((pc, operands.iter().map(|(_, value)| value.type_id()).collect()))
}
