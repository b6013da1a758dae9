//! Single-step vectors: a state, one instruction, and what comes of it. An implementer can load them without any runner.
//!
//! There is one for each instruction with operands of each types that the cases execute, and for each way in which it goes on: to
//! the next instruction, elsewhere, into a function or out of one, or to the end of the run.

pub mod command;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use machine_dialect_vm::{Limits, Module, Run, State, Tiers, Value, Vm, outcome};
use mdvm_spec::Spec;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::case::Case;
use crate::case_file::Expecting;
use crate::fuzz::machine;
use crate::fuzz::program::Subject;
use crate::outcome::Outcome;
use crate::plug::{Request, Subject as Runs};
use crate::states::{Came, Speaker, is_same_json};
use crate::{catalog, matrix, paths};

/// So many steps of a case are looked at.
const STEPS: u64 = 120;
/// A longer state, in bytes, is none that people look at.
const LONGEST: usize = 16_384;
/// What has come to more memory, in bytes, does not come back to such a state.
const LARGEST: u64 = 1 << 20;
/// A run has no more phis.
const MOST_PHIS: u64 = 512;

/// One instruction: from a state to a state, or to the end of the run.
#[derive(Debug, Serialize, Deserialize)]
pub struct Vector {
    /// What it shows, as in `add (int, int) next`.
    pub id: String,
    /// The case that it is taken from.
    pub case: String,
    /// The module, in base64.
    pub module: String,
    /// The limits that are not the default ones.
    pub limits: BTreeMap<String, u64>,
    /// The state before.
    pub state: Box<RawValue>,
    /// What the instruction prints.
    pub stdout: String,
    /// The state after it, where the run goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Box<RawValue>>,
    /// The outcome, where it ends; it tells what was printed by this instruction alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Box<RawValue>>,
}

/// All vectors, in order of what they show.
///
/// # Errors
/// Says what is wrong with the specification or its cases.
pub fn generate(spec: &Spec) -> Result<Vec<Vector>, String> {
    let wrong = |problems: mdvm_spec::Problems| problems.to_string();
    let mut cases =
        catalog::read_folder(&paths::cases_folder(), spec, Expecting::Something).map_err(wrong)?;
    cases.extend(matrix::cases(spec).map_err(wrong)?);
    // The shortest way to show something comes first.
    cases.sort_by_key(Case::weight);
    let mut vectors = BTreeMap::new();
    for case in cases.iter().filter(|case| !case.id.starts_with("deep/")) {
        if let Ok(vm) = Vm::load(&case.module) {
            of_case(case, &vm, &mut vectors);
        }
    }
    Ok(vectors.into_values().collect())
}

/// Adds what the steps of a case show that nothing before showed.
fn of_case(case: &Case, vm: &Vm, vectors: &mut BTreeMap<String, Vector>) {
    let subject = Subject {
        module: case.module.clone(),
        limits: case.limits.clone(),
        globals: case.globals.clone(),
        schedule: None,
    };
    for step in 0..STEPS {
        let Some(state) = state_at(vm, &subject, step) else { return };
        if state.memory() > LARGEST {
            return;
        }
        // In the midst of a run of phis nothing stops.
        if state.steps() < step {
            continue;
        }
        let Some((pc, types)) = machine::operand_types_after(vm, &subject, step) else { return };
        let Some(opcode) = vm.module().opcode(pc).filter(|_| pc == state.pc()) else { return };
        let Some((stdout, came)) = execute(vm, &subject.limits, &state) else { return };
        let types: Vec<&str> = types.iter().map(|one| one.name()).collect();
        let goes = match &came {
            Err((how, _)) => how.clone(),
            Ok(after) if after.depth() > state.depth() => "call".to_owned(),
            Ok(after) if after.depth() < state.depth() => "return".to_owned(),
            Ok(after) if after.pc() as u64 == pc as u64 + (after.steps() - state.steps()) => {
                "next".to_owned()
            }
            Ok(_) => "elsewhere".to_owned(),
        };
        let id = format!("{} ({}) {goes}", opcode.spec().mnemonic, types.join(", "));
        if vectors.contains_key(&id) {
            continue;
        }
        let before = state.to_json();
        if before.len() > LONGEST {
            continue;
        }
        let (after, outcome) = match came {
            Ok(after) => (raw(after.to_json()), None),
            Err((_, outcome)) => (None, raw(outcome)),
        };
        let Some(state) = raw(before) else { return };
        let vector = Vector {
            id: id.clone(),
            case: case.id.clone(),
            module: STANDARD.encode(&case.module),
            limits: case.limits.clone(),
            state,
            stdout,
            after,
            outcome,
        };
        vectors.insert(id, vector);
    }
}

fn raw(json: String) -> Option<Box<RawValue>> {
    RawValue::from_string(json).ok()
}

/// The state of a run at a step; none where it ends by then.
fn state_at(vm: &Vm, subject: &Subject, step: u64) -> Option<Box<State>> {
    let mut nowhere = ();
    let run = Run::new(&mut nowhere)
        .limits(machine::limits(&subject.limits))
        .tiers(Tiers::Interpreter)
        .stop_at(step);
    let globals = subject.globals.iter();
    let run = globals.fold(run, |run, (name, text)| match Value::from_json(text.as_str()) {
        Ok(value) => run.global(name, value),
        Err(_) => run,
    });
    vm.run(run).ok()?.state
}

/// A state, or how the run ended and its outcome.
type Stepped = Result<Box<State>, (String, String)>;

/// Executes one instruction: what it prints, and where that leads.
fn execute(vm: &Vm, limits: &BTreeMap<String, u64>, state: &State) -> Option<(String, Stepped)> {
    let limits: Limits = machine::limits(limits);
    for more in 1..=MOST_PHIS {
        let mut stdout = String::new();
        let run = Run::new(&mut stdout).limits(limits.clone()).tiers(Tiers::Interpreter);
        let result = vm.resume(state, run.stop_at(state.steps() + more)).ok()?;
        let told = outcome::of_run(&result, &stdout);
        match result {
            Ok(completion) => match completion.state {
                // A run of phis goes on only whole.
                Some(after) if after.steps() == state.steps() => {}
                Some(after) => return Some((stdout, Ok(after))),
                None => return Some((stdout, Err(("ends".to_owned(), told)))),
            },
            Err(failure) => {
                return Some((stdout, Err((format!("fails with {}", failure.error.kind().name()), told))));
            }
        }
    }
    None
}

/// Whether an implementation does what a vector says.
///
/// # Errors
/// Says how it does not.
pub fn check(vector: &Vector, speaker: &mut Speaker) -> Result<(), String> {
    let Vector { id, module, limits, state, stdout, after, outcome, .. } = vector;
    let module =
        STANDARD.decode(module).map_err(|error| format!("{id}: the module is no base64: {error}"))?;
    Module::decode(&module).map_err(|error| format!("{id}: {error}"))?;
    let globals = BTreeMap::new();
    let request =
        Request { subject: Runs::Module(&module), limits, globals: &globals, trace: false, schedule: None };
    let steps = |json: &RawValue| State::from_json(json.get()).map(|state| state.steps());
    let stop_at = match after {
        Some(after) => steps(after),
        // It ends the run, however many steps it takes.
        None => steps(state).map(|steps| steps + MOST_PHIS),
    };
    let stop_at = stop_at.map_err(|error| format!("{id}: {error}"))?;
    match (speaker.run(&request, Some(state.get()), Some(stop_at))?, after, outcome) {
        (Came::Stopped(stopped), Some(after), _) => {
            if !is_same_json(&stopped.state, after.get()) {
                return Err(format!("{id}: it comes to\n  {}\nand not to\n  {}", stopped.state, after.get()));
            }
            if stopped.stdout != *stdout {
                return Err(format!("{id}: it prints {:?} and not {stdout:?}", stopped.stdout));
            }
            Ok(())
        }
        (Came::End(found), None, Some(outcome)) => {
            let expected = Outcome::from_json(outcome.get(), &[])?;
            let differences = expected.disagreements(&found, &[]);
            let shown: String = differences.iter().map(|one| one.show("vector", speaker.name())).collect();
            if differences.is_empty() { Ok(()) } else { Err(format!("{id}:\n{shown}")) }
        }
        (came, ..) => Err(format!("{id}: it comes to {came:?}")),
    }
}
