//! A run, from its beginning to its end.

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use crate::errors::{RuntimeError, StateError};
use crate::exec::driver::saved::{self, Begin};
use crate::exec::driver::{Driver, Executable, TierStats, TierTimes, Tiers};
use crate::isa::{REGISTERS, ScopeId};
use crate::memory::{self, Memory};
use crate::observer::Observer;
use crate::runtime::{
    Environment, Fuel, FunctionIndex, Globals, Machine, Observations, Observed, Output, Sink, TraceStep,
    Unobserved,
};
use crate::schedule::{self, Tier};
use crate::state::State;
use crate::value::{self, Value};
use crate::values::{Limits, costs};
use crate::watch::Watch;

/// What a run begins with.
pub(crate) struct RunInput<'a> {
    pub(crate) limits: Limits,
    pub(crate) globals: Vec<(String, Value)>,
    pub(crate) sink: &'a mut dyn Sink,
    pub(crate) interrupt: Option<&'a AtomicBool>,
    pub(crate) deadline: Option<Instant>,
    pub(crate) trace: Option<&'a mut dyn FnMut(TraceStep)>,
    pub(crate) observer: Option<&'a mut dyn Observer>,
    pub(crate) tiers: Tiers,
    /// Whether to tell how long the run was in each tier.
    pub(crate) is_timed: bool,
    /// How many instructions run between two looks at what the host wants; at least 1.
    pub(crate) fuel_slice: u64,
    /// After how many steps to stop.
    pub(crate) stop_at: Option<u64>,
}

/// How a run ended.
pub(crate) struct Ended {
    /// Empty where the run stopped.
    pub(crate) result: Result<Value, Fault>,
    /// Where the run stopped, if it did not come to its end.
    pub(crate) state: Option<Box<State>>,
    pub(crate) steps: u64,
    pub(crate) globals: Vec<(String, Value)>,
}

/// An error, and the state of the machine where it came up.
pub(crate) struct Fault {
    pub(crate) error: RuntimeError,
    pub(crate) sink_error: Option<std::io::Error>,
    pub(crate) pc: usize,
    /// The functions of all frames, the current one first, each with the instruction it has reached.
    pub(crate) frames: Vec<(Option<FunctionIndex>, usize)>,
    /// The registers of the current frame.
    pub(crate) registers: Vec<Value>,
    pub(crate) scopes: Vec<ScopeId>,
}

/// Runs a program from its beginning.
pub(crate) fn run<'a>(executable: &'a Executable, mut input: RunInput<'a>) -> Ended {
    let program = &executable.program;
    let mut globals = std::mem::take(&mut input.globals);
    let inherited = value::own(&mut globals, input.limits.max_memory);
    let stack = executable.stack_pool.take(program.start.registers);
    run_from(executable, input, Begin::of_program(program, stack, globals, inherited))
}

/// Goes on from a state, which has the globals.
///
/// # Errors
/// Gives the first fault of the state.
pub(crate) fn resume<'a>(
    executable: &'a Executable,
    input: RunInput<'a>,
    state: &State,
) -> Result<Ended, StateError> {
    let begin = saved::load(&executable.program, state, input.limits.max_memory)?;
    Ok(run_from(executable, input, begin))
}

fn run_from<'a>(executable: &'a Executable, input: RunInput<'a>, begin: Begin) -> Ended {
    let program = &executable.program;
    let RunInput { limits, interrupt, deadline, .. } = input;
    let fuel = Fuel::new(limits.max_steps, input.fuel_slice, interrupt, deadline);
    let mut machine = Machine {
        stack: begin.stack,
        frame: begin.frame,
        callers: begin.callers,
        env: Environment {
            memory: Memory::begin(limits.max_memory, begin.inherited, Watch::new(interrupt, deadline)),
            globals: Globals::new(&program.global_names, begin.globals),
            output: Output::new(input.sink, limits.max_output).with_written(begin.output),
            scopes: begin.scopes,
            functions: &program.functions,
            constants: &program.constants,
            code: program.code(),
        },
        fuel: fuel.with_steps(begin.steps).stopping_at(input.stop_at),
        pc: begin.pc,
        previous: begin.previous,
        max_call_depth: limits.max_call_depth.unwrap_or(u64::MAX),
        observations: begin.observations,
        trace: input.trace,
        observer: input.observer,
    };
    let tiers = if without!("specialised-code") { Tiers::Interpreter } else { input.tiers };
    let is_portable = input.stop_at.is_some() || schedule::may_stop();
    let mut driver =
        Driver { executable, tiers, tiered: None, analysed: None, is_timed: input.is_timed, is_portable };
    let began = input.is_timed.then(Instant::now);
    let result = if machine.env.memory.is_over() {
        Err(machine.env.memory.exhausted())
    } else if machine.trace.is_some() || machine.observer.is_some() || program.needs_tags {
        machine.observations.get_or_insert_with(|| Observations::at(machine.frame.base));
        machine.interpret::<Observed, _>(&mut driver)
    } else {
        // Other runs' code elides copies, and so may not be used; what this one makes is not for them either.
        if !is_portable {
            driver.tiered = executable.take_tiered();
            driver.analysed = executable.take_analysed();
        }
        let result = machine.interpret::<Unobserved, _>(&mut driver);
        let mut stats = TierStats { steps: machine.fuel.steps() - begin.steps, ..TierStats::default() };
        let outside = driver.tiered.as_ref().and_then(|tiered| tiered.recorder.stats.times);
        if let Some(began) = began {
            let interpreter = began.elapsed().saturating_sub(outside.unwrap_or_default().outside());
            stats.times = Some(TierTimes { interpreter, ..TierTimes::default() });
        }
        executable.count(&stats);
        if let Some(tiered) = driver.tiered.take() {
            schedule::see_exits(|| tiered.code.exit_sites(Tier::Specialised));
            if is_portable {
                tiered.materialise_frames(&mut machine, program);
                executable.count(&tiered.recorder.stats);
            } else {
                executable.give_back(tiered);
            }
        }
        if let Some(code) = driver.analysed.take() {
            executable.give_back_analysed(code);
        }
        result
    };
    let is_stop = machine.fuel.is_stop() && matches!(result, Err(RuntimeError::StepLimitExceeded { .. }));
    let state = is_stop.then(|| Box::new(saved::save(&machine, program)));
    let result = if is_stop { Ok(Value::Empty) } else { result };
    Ended { state, ..end(executable, machine, result) }
}

fn end(executable: &Executable, mut machine: Machine<'_>, result: Result<Value, RuntimeError>) -> Ended {
    let program = &executable.program;
    memory::release(machine.callers.len() as u64 * costs::FRAME);
    let frames = || {
        let start = program.module.entry().1.and_then(|index| FunctionIndex::try_from(index).ok());
        let callees = machine.callers.iter().rev().map(|caller| Some(caller.callee));
        let places = machine.callers.iter().rev().map(|caller| caller.pc as usize);
        callees.chain([start]).zip(std::iter::once(machine.pc).chain(places)).collect()
    };
    let result = result.map_err(|error| (error, frames()));
    let globals = std::mem::take(&mut machine.env.globals).into_sorted(&program.global_names);
    if result.is_ok() && machine.callers.is_empty() {
        executable.stack_pool.give_back(std::mem::take(&mut machine.stack), machine.frame.size);
    }
    let result = result.map_err(|(error, frames)| Fault {
        error,
        pc: machine.pc,
        frames,
        registers: machine.stack.drain(machine.frame.base..).take(REGISTERS).collect(),
        scopes: machine.env.scopes.current(),
        sink_error: machine.env.output.into_failure(),
    });
    Ended { result, state: None, steps: machine.fuel.steps(), globals }
}
