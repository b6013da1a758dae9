//! Runs, as plain data on both ends: what a run is asked for and what it comes to may go from thread to thread.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::module::Loaded;
use super::values::{Parcel, Plain, to_value};
use crate::asm::instruction_text;
use crate::errors::{RuntimeErrorKind, StateError};
use crate::exec::Tiers;
use crate::runtime::{Sink, TraceStep};
use crate::state::State as Saved;
use crate::values::{Limits, TRACE_STEPS};
use crate::vm::{CallSite, Completion, Failure, Run, Vm};

/// A run that is asked for.
pub(super) struct Job {
    pub(super) module: Arc<Loaded>,
    pub(super) limits: Limits,
    /// When the run ends at the latest.
    pub(super) deadline: Option<Instant>,
    pub(super) tiers: Tiers,
    pub(super) globals: Vec<(String, Plain)>,
    pub(super) parcel: Parcel,
    pub(super) tracing: Tracing,
    /// After how many steps to stop.
    pub(super) stop_at: Option<u64>,
    /// The state to go on from, which has the globals.
    pub(super) from: Option<Saved>,
}

/// What is recorded of each instruction that was executed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tracing {
    Nothing,
    /// Its index and the digest of what it wrote, in a list.
    Digests,
    /// Its index and its text, a line of the output.
    Lines,
}

/// How a run ended.
pub(super) struct Ended {
    pub(super) result: Result<Plain, Box<Failed>>,
    pub(super) steps: u64,
    pub(super) globals: Vec<(String, Plain)>,
    /// What was executed, where the run was traced.
    pub(super) trace: Option<Vec<TraceStep>>,
    /// Where it stopped, as JSON.
    pub(super) state: Option<String>,
    pub(super) seconds: f64,
    parcel: Parcel,
}

/// Why a run failed, and where.
pub(super) struct Failed {
    /// What ran.
    pub(super) module: Arc<Loaded>,
    pub(super) kind: &'static str,
    pub(super) message: String,
    pub(super) pc: usize,
    pub(super) instruction: Option<String>,
    /// The registers that the instruction reads: the name, the value, and a short text of it.
    pub(super) operands: Vec<(String, Plain, String)>,
    pub(super) call_stack: Vec<CallSite>,
    pub(super) scopes: Vec<u16>,
}

/// A run on the calling thread comes to its end within these limits, or begins again on a thread of its own. That keeps
/// short runs free of the price of a thread, and long ones open to Ctrl-C. A program has no way to tell: it cannot see the
/// time, and its output is held back until it is known which it is.
const SHORT: Limits = Limits {
    max_steps: Some(10_000),
    max_call_depth: None,
    max_memory: Some(1 << 18),
    max_output: Some(1 << 16),
};

/// How often a long run is looked after: its output goes to Python, and Ctrl-C is asked for.
const TICK: Duration = Duration::from_millis(10);

/// How much output waits for Python before the run waits, too.
const MOST_PENDING: usize = 1 << 20;

impl Job {
    /// Runs it on this thread, if it is a short one; what it printed goes to `stdout`.
    ///
    /// # Errors
    /// Says what is wrong with the state to go on from.
    pub(super) fn run_short(&self, stdout: &mut String) -> Result<Option<Ended>, StateError> {
        if self.tracing == Tracing::Lines {
            return Ok(None);
        }
        let mine = &self.limits;
        let limits = Limits {
            max_steps: least(mine.max_steps, SHORT.max_steps),
            max_call_depth: mine.max_call_depth,
            max_memory: least(mine.max_memory, SHORT.max_memory),
            max_output: least(mine.max_output, SHORT.max_output),
        };
        let vm = self.module.vm();
        let begin = Instant::now();
        let mut trace = Vec::new();
        let result = self
            .run(&vm, limits.clone(), stdout, &AtomicBool::new(false), &mut |step| note(&mut trace, step))?;
        let is_short = match result.as_ref().map_err(|failure| failure.error.kind()) {
            Err(RuntimeErrorKind::StepLimitExceeded) => limits.max_steps == mine.max_steps,
            Err(RuntimeErrorKind::OutOfMemory) => limits.max_memory == mine.max_memory,
            Err(RuntimeErrorKind::OutputLimitExceeded) => limits.max_output == mine.max_output,
            Ok(_) | Err(_) => true,
        };
        if !is_short {
            stdout.clear();
            return Ok(None);
        }
        Ok(Some(self.end(&vm, result, trace, begin.elapsed())))
    }

    /// Runs it on a thread of its own.
    ///
    /// # Errors
    /// Fails where the system has no thread to give.
    pub(super) fn run_long(self) -> io::Result<Long> {
        let progress = Arc::new(Progress::default());
        let theirs = Arc::clone(&progress);
        let run = move || {
            let vm = Vm::new(self.module.module.clone());
            let begin = Instant::now();
            let mut trace = Vec::new();
            let mut sink = |line: &str| theirs.print(line);
            let mut on_step = |step: TraceStep| match self.tracing {
                Tracing::Nothing => {}
                Tracing::Digests => note(&mut trace, step),
                Tracing::Lines => {
                    let text = instruction_text(vm.module(), step.pc as usize).unwrap_or_default();
                    // Where the run is to end, it ends soon, whether or not this is read.
                    let _ = theirs.print(&format!("PC: {}, Instruction: {text}\n", step.pc));
                }
            };
            let result = self.run(&vm, self.limits.clone(), &mut sink, &theirs.interrupt, &mut on_step);
            // Nobody waits for what an interrupted run came to, and a state that is wrong was refused by the short run.
            if let Ok(result) = result
                && !theirs.interrupt.load(Ordering::Relaxed)
            {
                let ended = self.end(&vm, result, trace, begin.elapsed());
                theirs.state().ended = Some(ended);
            }
            theirs.changed.notify_all();
        };
        let thread = thread::Builder::new().name("machine-dialect run".to_owned()).spawn(run)?;
        Ok(Long { progress, thread })
    }

    fn run(
        &self,
        vm: &Vm,
        limits: Limits,
        sink: &mut dyn Sink,
        interrupt: &AtomicBool,
        on_step: &mut dyn FnMut(TraceStep),
    ) -> Result<Result<Completion, Box<Failure>>, StateError> {
        let mut run = Run::new(sink).limits(limits).interrupt(interrupt).tiers(self.tiers);
        if let Some(deadline) = self.deadline {
            run = run.deadline(deadline);
        }
        if !self.globals.is_empty() {
            // What is shared among globals is one object; beyond that the run owns them.
            let made = self.parcel.values();
            for (name, value) in &self.globals {
                run = run.global(name.as_str(), to_value(&made, value));
            }
        }
        if self.tracing != Tracing::Nothing {
            run = run.trace(on_step);
        }
        if let Some(step) = self.stop_at {
            run = run.stop_at(step);
        }
        match &self.from {
            Some(state) => vm.resume(state, run),
            None => Ok(vm.run(run)),
        }
    }

    fn end(
        &self,
        vm: &Vm,
        result: Result<Completion, Box<Failure>>,
        trace: Vec<TraceStep>,
        duration: Duration,
    ) -> Ended {
        let mut parcel = Parcel::default();
        let mut stopped = None;
        let (result, steps, globals) = match result {
            Ok(Completion { result, steps, globals, state }) => {
                stopped = state.map(|state| state.to_json());
                (Ok(parcel.pack(&result)), steps, globals)
            }
            Err(failure) => {
                let Failure { error, pc, call_stack, operands, scopes, steps, globals, .. } = *failure;
                let operands = operands
                    .iter()
                    .map(|(register, value)| (register.to_string(), parcel.pack(value), format!("{value:?}")))
                    .collect();
                let failed = Failed {
                    module: Arc::clone(&self.module),
                    kind: error.kind().name(),
                    message: error.to_string(),
                    pc,
                    instruction: instruction_text(vm.module(), pc),
                    operands,
                    call_stack,
                    scopes: scopes.iter().map(|scope| scope.0).collect(),
                };
                (Err(Box::new(failed)), steps, globals)
            }
        };
        let globals = globals.iter().map(|(name, value)| (name.clone(), parcel.pack(value))).collect();
        let trace = (self.tracing == Tracing::Digests).then_some(trace);
        Ended { result, steps, globals, parcel, trace, state: stopped, seconds: duration.as_secs_f64() }
    }
}

fn note(trace: &mut Vec<TraceStep>, step: TraceStep) {
    if trace.len() < TRACE_STEPS {
        trace.push(step);
    }
}

/// The smaller of two limits, where none is no limit.
fn least(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

impl Ended {
    /// The end and the objects of its values.
    pub(super) fn split(mut self) -> (Parcel, Self) {
        (std::mem::take(&mut self.parcel), self)
    }

    /// All values in it.
    pub(super) fn values(&self) -> impl Iterator<Item = &Plain> {
        let (result, operands) = match &self.result {
            Ok(result) => (Some(result), [].as_slice()),
            Err(failed) => (None, failed.operands.as_slice()),
        };
        let operands = operands.iter().map(|(_, value, _)| value);
        result.into_iter().chain(operands).chain(self.globals.iter().map(|(_, value)| value))
    }
}

/// A run on a thread of its own.
pub(super) struct Long {
    progress: Arc<Progress>,
    thread: JoinHandle<()>,
}

#[derive(Default)]
struct Progress {
    state: Mutex<State>,
    changed: Condvar,
    interrupt: AtomicBool,
}

#[derive(Default)]
struct State {
    /// What was printed and not taken yet.
    pending: String,
    ended: Option<Ended>,
}

impl Progress {
    fn state(&self) -> MutexGuard<'_, State> {
        // A thread that panicked left a state that is as good as any.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn print(&self, line: &str) -> io::Result<()> {
        let mut state = self.state();
        while state.pending.len() > MOST_PENDING {
            if self.interrupt.load(Ordering::Relaxed) {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let waited = self.changed.wait_timeout(state, TICK);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.pending.push_str(line);
        Ok(())
    }
}

impl Long {
    /// Waits for the end, but no longer than a tick. Gives what was printed meanwhile, and the end, if it came.
    pub(super) fn wait(&self) -> (String, Option<Ended>) {
        let mut state = self.progress.state();
        if state.ended.is_none() && state.pending.len() <= MOST_PENDING {
            let waited = self.progress.changed.wait_timeout(state, TICK);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let taken = (std::mem::take(&mut state.pending), state.ended.take());
        self.progress.changed.notify_all();
        taken
    }

    /// Whether the thread is gone.
    pub(super) fn is_gone(&self) -> bool {
        self.thread.is_finished()
    }

    /// Waits for the thread, and panics if it did.
    pub(super) fn join(self) {
        let Self { thread, .. } = self;
        if let Err(panic) = thread.join() {
            std::panic::resume_unwind(panic);
        }
    }

    /// Ends the run, and waits for its thread, which has no more to do than to free what the run held.
    pub(super) fn interrupt(self) {
        self.progress.interrupt.store(true, Ordering::Relaxed);
        self.progress.changed.notify_all();
        // Where the run panicked, it has ended as well.
        let _ = self.thread.join();
    }
}
