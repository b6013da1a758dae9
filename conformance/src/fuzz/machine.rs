//! The machine of this repository inside this process, on a [`Subject`].

use std::collections::BTreeMap;

use machine_dialect_vm::{Completion, Failure, Limits, Run, Tiers, TypeId, Value, Vm, outcome};

use crate::fuzz::program::Subject;
use crate::value::ValueText;

/// The limit on steps, by its name in `spec/values.yaml`.
pub const MAX_STEPS: &str = "max_steps";

/// How a run is to be carried out, besides what its subject says.
#[derive(Debug, Clone, Copy, Default)]
pub struct How {
    /// At most so many steps, whatever the subject says.
    pub steps: Option<u64>,
    /// Of what code the run is made.
    pub tiers: Tiers,
}

/// What came of a run.
pub struct Ran {
    /// The end of the run.
    pub result: Result<Completion, Box<Failure>>,
    /// What it printed.
    pub stdout: String,
}

impl Ran {
    /// The outcome as one line of JSON.
    #[must_use]
    pub fn outcome(&self) -> String {
        outcome::of_run(&self.result, &self.stdout)
    }

    /// The outcome, and all else that a host is told of a failure: the calls that were open, what the instruction read, and
    /// the open scopes.
    #[must_use]
    pub fn told(&self) -> String {
        let mut text = self.outcome();
        if let Err(failure) = &self.result {
            text.push_str(&format!(
                "\ncalls {:?}\nscopes {:?}\noperands",
                failure.call_stack, failure.scopes
            ));
            for (register, value) in &failure.operands {
                text.push_str(&format!(" {register} = {}", value.to_json()));
            }
        }
        text
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
    let mut run = Run::new(&mut stdout).limits(limits).tiers(how.tiers);
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
    let ran = run(vm, subject, How { steps: Some(steps), tiers: Tiers::Plain });
    let failure = ran.result.err()?;
    Some((failure.pc, failure.operands.into_iter().map(|(register, value)| (register.0, value)).collect()))
}

/// The types of those values.
#[must_use]
pub fn operand_types_after(vm: &Vm, subject: &Subject, steps: u64) -> Option<(usize, Vec<TypeId>)> {
    let (pc, operands) = operands_after(vm, subject, steps)?;
    Some((pc, operands.iter().map(|(_, value)| value.type_id()).collect()))
}
