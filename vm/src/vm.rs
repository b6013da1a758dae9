//! Running modules.

use std::fmt;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use crate::errors::{LoadError, RuntimeError, StateError};
use crate::exec::{self, Ended, Executable, RunInput, TierStats, Tiers};
use crate::isa::{Reg, ScopeId};
use crate::module::Module;
use crate::observer::{self, Observer};
use crate::runtime::{Sink, TraceStep};
use crate::state::State;
use crate::value::Value;
use crate::values::{Limits, format};

/// A machine with a module in it, ready to run any number of times. Every run starts fresh: nothing of an earlier run, nor
/// of an error in it, can be seen in a later one.
pub struct Vm {
    executable: Executable,
}

impl Vm {
    /// A machine that runs `module`. The module is prepared here, once, in time proportional to its code.
    #[must_use]
    pub fn new(module: Module) -> Self {
        Self { executable: Executable::new(module) }
    }

    /// Decodes a module and makes a machine that runs it.
    ///
    /// # Errors
    /// Gives the first fault of the module, as [`Module::decode`] does.
    pub fn load(bytes: &[u8]) -> Result<Self, LoadError> {
        Module::decode(bytes).map(Self::new)
    }

    /// The module.
    #[must_use]
    pub fn module(&self) -> &Module {
        &self.executable.program.module
    }

    /// How many bytes of machine code there are by now for the module, which were made in runs that ended. None are made in
    /// [`Tiers::Specialised`] and where the cargo feature `machine-code` is off, nor on processors other than x86-64.
    #[must_use]
    pub fn machine_code(&self) -> usize {
        self.executable.machine_code()
    }

    /// What the tiers did in all runs that ended by now: how often each was entered, how often it was left and why, and what was
    /// made. Runs that somebody observes or traces are not counted, as they use no tier but the interpreter. It is counted
    /// where control goes from one tier to another, so it costs nothing while control stays in one.
    #[must_use]
    pub fn tier_stats(&self) -> TierStats {
        self.executable.tier_stats()
    }

    /// The specialised code that runs have left by now, as text for people: versions of blocks with the types that they are for,
    /// instructions, exits. It is empty where no run got hot.
    #[must_use]
    pub fn dump_specialised(&self) -> String {
        self.executable.dump_specialised()
    }

    /// The machine code that runs have left by now, below the specialised instructions that it was made of: its bytes in hexadecimal, and
    /// with the cargo feature `disasm` its instructions.
    #[must_use]
    pub fn dump_jit(&self) -> String {
        self.executable.dump_jit()
    }

    /// Runs the module from its beginning.
    ///
    /// # Errors
    /// Gives a [`Failure`] when an instruction fails, a limit is reached, or the host ends the run.
    pub fn run<'a>(&'a self, run: Run<'a>) -> Result<Completion, Box<Failure>> {
        self.end(exec::run(&self.executable, run.0))
    }

    /// Goes on with a run from where it stopped, here or in another implementation. It has the outcome of a run that never stopped,
    /// if it has the same limits; what it prints is what was not printed yet. The globals are those of the state, and none of `run`.
    ///
    /// # Errors
    /// Gives a [`StateError`] when the state is damaged or belongs to another module; nothing is run then. The inner errors are those
    /// of [`Vm::run`].
    pub fn resume<'a>(
        &'a self,
        state: &State,
        run: Run<'a>,
    ) -> Result<Result<Completion, Box<Failure>>, StateError> {
        exec::resume(&self.executable, run.0, state).map(|ended| self.end(ended))
    }

    /// Tells a host how a run ended.
    fn end(&self, ended: Ended) -> Result<Completion, Box<Failure>> {
        let Ended { result, state, steps, globals } = ended;
        match result {
            Ok(result) => Ok(Completion { result, steps, globals, state }),
            Err(fault) => {
                let name = |function: Option<u32>| {
                    let known = function.and_then(|index| self.module().functions().get(index as usize));
                    known.map_or(format::ENTRY_FUNCTION, |function| &function.name).to_owned()
                };
                let call_stack = fault
                    .frames
                    .iter()
                    .map(|(function, pc)| CallSite { function: name(*function), pc: *pc })
                    .collect();
                let operands = self.operands(fault.pc, &fault.registers);
                Err(Box::new(Failure {
                    error: fault.error,
                    pc: fault.pc,
                    call_stack,
                    operands,
                    scopes: fault.scopes,
                    sink_error: fault.sink_error,
                    steps,
                    globals,
                }))
            }
        }
    }

    /// The registers that the instruction at `pc` reads, with their values.
    fn operands(&self, pc: usize, registers: &[Value]) -> Vec<(Reg, Value)> {
        let value = |register: &Reg| registers.get(usize::from(register.0)).cloned().unwrap_or_default();
        observer::reads(self.module(), pc).into_iter().map(|register| (register, value(&register))).collect()
    }
}

impl fmt::Debug for Vm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vm").field("module", &self.module().name()).finish_non_exhaustive()
    }
}

/// What a run begins with: where its output goes, its limits, its globals, and how the host may end it.
///
/// ```
/// use machine_dialect_vm::{Limits, Run, RuntimeErrorKind, Vm, assemble};
///
/// let endless = assemble("again:\n jump again").unwrap();
/// let limits = Limits { max_steps: Some(1000), ..Limits::default() };
/// let failure = Vm::new(endless).run(Run::new(&mut ()).limits(limits)).unwrap_err();
/// assert_eq!(failure.error.kind(), RuntimeErrorKind::StepLimitExceeded);
/// assert_eq!(failure.steps, 1000);
/// ```
pub struct Run<'a>(RunInput<'a>);

/// How many instructions run between two looks at what the host wants.
pub(crate) const FUEL_SLICE: u64 = 1 << 14;

impl<'a> Run<'a> {
    /// A run with the default limits, whose output goes to `output`.
    pub fn new(output: &'a mut dyn Sink) -> Self {
        Self(RunInput {
            limits: Limits::default(),
            globals: Vec::new(),
            sink: output,
            interrupt: None,
            deadline: None,
            trace: None,
            observer: None,
            tiers: Tiers::default(),
            is_timed: false,
            fuel_slice: FUEL_SLICE,
            stop_at: None,
        })
    }

    /// With these limits.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.0.limits = limits;
        self
    }

    /// With a global of that name; of two with the same name the later stays.
    #[must_use]
    pub fn global(mut self, name: impl Into<String>, value: Value) -> Self {
        let name = name.into();
        self.0.globals.retain(|(known, _)| *known != name);
        self.0.globals.push((name, value));
        self
    }

    /// Ends with [`RuntimeError::Interrupted`] soon after `flag` became true, whichever thread set it. It is looked at
    /// every few thousand instructions, and in the midst of those that work on something large.
    #[must_use]
    pub fn interrupt(mut self, flag: &'a AtomicBool) -> Self {
        self.0.interrupt = Some(flag);
        self
    }

    /// Ends with [`RuntimeError::DeadlineExceeded`] soon after that moment. The clock is looked at every few thousand
    /// instructions, and in the midst of those that work on something large.
    #[must_use]
    pub fn deadline(mut self, deadline: Instant) -> Self {
        self.0.deadline = Some(deadline);
        self
    }

    /// Chooses the tiers that the run may use; see [`Tiers`].
    #[must_use]
    pub fn tiers(mut self, tiers: Tiers) -> Self {
        self.0.tiers = tiers;
        self
    }

    /// Looks at the clock whenever control goes from one tier to another, for [`TierStats::times`]. A run that does so often takes
    /// longer for it.
    #[must_use]
    pub fn time_tiers(mut self) -> Self {
        self.0.is_timed = true;
        self
    }

    /// Looks at the flag and the clock every `slice` instructions, at least 1; only where there is a flag or a deadline. For
    /// tests: no outcome depends on it.
    #[doc(hidden)]
    #[must_use]
    pub fn fuel_slice(mut self, slice: u64) -> Self {
        self.0.fuel_slice = slice.max(1);
        self
    }

    /// Stops before the instruction with which more than `step` would have been executed, unless the program ends by then:
    /// [`Completion::state`] has all that it takes to go on. A run of phis is one instruction here, so it may stop some steps earlier.
    ///
    /// Such a run copies arrays and dicts where others write them in place because nobody looks: a state shows all that is there.
    #[must_use]
    pub fn stop_at(mut self, step: u64) -> Self {
        self.0.stop_at = Some(step);
        self
    }

    /// Tells `trace` of every instruction that was executed. This makes a run several times slower.
    #[must_use]
    pub fn trace(mut self, trace: &'a mut dyn FnMut(TraceStep)) -> Self {
        self.0.trace = Some(trace);
        self
    }

    /// Tells `observer` of every instruction, before and after it executes. It runs in the baseline interpreter,
    /// whatever [`Run::tiers`] says, and ends as it would without an observer.
    #[must_use]
    pub fn observe(mut self, observer: &'a mut dyn Observer) -> Self {
        self.0.observer = Some(observer);
        self
    }
}

/// A run that came to its end, or stopped where it was asked to.
#[derive(Debug, Clone)]
pub struct Completion {
    /// What the program returned, or empty. It is empty where the run stopped.
    pub result: Value,
    /// How many instructions were executed.
    pub steps: u64,
    /// The globals there were at the end, in order of their names.
    pub globals: Vec<(String, Value)>,
    /// Where the run stopped; none where the program ended.
    pub state: Option<Box<State>>,
}

/// A run that ended with an error. Its text is the error's message.
#[derive(Debug)]
pub struct Failure {
    /// What went wrong.
    pub error: RuntimeError,
    /// The index of the instruction that failed.
    pub pc: usize,
    /// Where the program was: the function that failed first, then those that called it.
    pub call_stack: Vec<CallSite>,
    /// The registers that the instruction reads, with the values it saw.
    pub operands: Vec<(Reg, Value)>,
    /// The scopes that were open in the function that failed.
    pub scopes: Vec<ScopeId>,
    /// The error of the output, where it was what ended the run.
    pub sink_error: Option<std::io::Error>,
    /// How many instructions were executed, the one that failed included.
    pub steps: u64,
    /// The globals there were at the end, in order of their names.
    pub globals: Vec<(String, Value)>,
}

impl Failure {
    /// The function that failed: the name of the table entry that was called, or `main`.
    #[must_use]
    pub fn function(&self) -> &str {
        self.call_stack.first().map_or(format::ENTRY_FUNCTION, |site| &site.function)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.error, f)
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.sink_error.as_ref().map(|error| error as _)
    }
}

/// A place in a running program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallSite {
    /// The name of the function.
    pub function: String,
    /// The index of the instruction it had come to: the one that failed, or the call that had not returned.
    pub pc: usize,
}
