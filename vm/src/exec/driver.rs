//! The tier policy: which tier runs what, when a program moves to a faster one, and what that may cost.
//!
//! The baseline interpreter asks it through [`TierUp`] at back edges, calls and returns. When a program is hot, its code is
//! specialised block by block as control reaches it, and what stays hot is compiled to machine code. An exit comes back here,
//! where it goes on in other specialised code or in the baseline interpreter.

mod payoff;
mod run;
mod saved;
mod specialised;
mod stats;
mod tiers;

use std::cell::{Cell, RefCell};

use self::payoff::{Payoff, Work};
pub(crate) use self::run::{Ended, RunInput, resume, run};
use self::stats::Recorder;
pub use self::stats::{ExitCounts, ExitKind, TierStats, TierTimes, TierUse};
pub use self::tiers::Tiers;
use crate::exec::analysis::{FlowGraph, LONGEST_WINDOW, Origin, Write};
use crate::exec::interpreter::{Op, Program, TierExit, TierUp};
#[cfg(machine_code)]
use crate::exec::jit::CodeCache;
use crate::exec::specialise::{Code, materialise};
use crate::isa::REGISTERS;
use crate::module::Module;
use crate::runtime::{CallSiteId, Machine, StackPool};
use crate::value::Value;

/// A module that is ready to run, and what earlier runs leave for later ones.
pub(crate) struct Executable {
    pub(crate) program: Program,
    /// How often control came to a back edge, a call or a return in the baseline interpreter.
    hotness: Cell<u32>,
    /// Taken out while a run uses it.
    tiered: RefCell<Option<Box<Tiered>>>,
    /// What is known of a program that has no faster tiers yet; it is taken out in the same way.
    analysed: RefCell<Option<Box<Code>>>,
    /// What the tiers did in runs that ended.
    stats: RefCell<TierStats>,
    stack_pool: StackPool,
}

/// Everything that the faster tiers have of a program. It grows while the program runs.
struct Tiered {
    code: Code,
    payoff: Payoff,
    #[cfg(machine_code)]
    jit: CodeCache,
    recorder: Recorder,
}

impl Executable {
    /// A program that is this hot gets specialised code. What runs but once is not worth it.
    const TIER_UP_AT: u32 = 64;

    pub(crate) fn new(module: Module) -> Self {
        Self {
            program: Program::new(module),
            hotness: Cell::default(),
            tiered: RefCell::default(),
            analysed: RefCell::default(),
            stats: RefCell::default(),
            stack_pool: StackPool::default(),
        }
    }

    /// The faster tiers of the program; for this run alone until they are given back.
    fn take_tiered(&self) -> Option<Box<Tiered>> {
        self.tiered.try_borrow_mut().ok()?.take()
    }

    fn take_analysed(&self) -> Option<Box<Code>> {
        self.analysed.try_borrow_mut().ok()?.take()
    }

    fn give_back_analysed(&self, code: Box<Code>) {
        if let Ok(mut place) = self.analysed.try_borrow_mut() {
            *place = Some(code);
        }
    }

    fn give_back(&self, mut tiered: Box<Tiered>) {
        self.count(&std::mem::take(&mut tiered.recorder).stats);
        if let Ok(mut place) = self.tiered.try_borrow_mut() {
            *place = Some(tiered);
        }
    }

    /// Adds what was counted in a run.
    fn count(&self, more: &TierStats) {
        if let Ok(mut stats) = self.stats.try_borrow_mut() {
            stats.add(more);
        }
    }

    /// What the tiers did in runs that ended.
    pub(crate) fn tier_stats(&self) -> TierStats {
        let mut stats = self.stats.try_borrow().map(|stats| stats.clone()).unwrap_or_default();
        if let Some(tiered) = self.tiered.try_borrow().ok().as_deref().and_then(Option::as_ref) {
            stats.places_given_up = tiered.payoff.places_given_up();
        }
        stats
    }

    /// How many bytes of machine code there are.
    pub(crate) fn machine_code(&self) -> usize {
        #[cfg(machine_code)]
        let size =
            self.tiered.try_borrow().ok().and_then(|tiered| Some(tiered.as_ref()?.jit.size())).unwrap_or(0);
        #[cfg(not(machine_code))]
        let size = 0;
        size
    }

    /// The specialised code that runs have left, as text.
    pub(crate) fn dump_specialised(&self) -> String {
        let tiered = self.tiered.try_borrow().ok();
        tiered.and_then(|tiered| Some(tiered.as_ref()?.code.dump(&self.program))).unwrap_or_default()
    }

    /// The machine code that runs have left, as text.
    pub(crate) fn dump_jit(&self) -> String {
        #[cfg(machine_code)]
        if let Some(tiered) = self.tiered.try_borrow().ok().as_deref().and_then(Option::as_ref) {
            return tiered.jit.dump(&tiered.code);
        }
        String::new()
    }

    /// Whether the run has taken enough steps for the analysis of the whole module before there are faster tiers. A small one takes no
    /// time worth waiting for.
    fn can_analyse(&self, steps: u64) -> bool {
        /// In instructions.
        const SMALL: u64 = 1 << 12;
        self.can_tier_up(steps) && steps >= (self.program.ops.len() as u64).saturating_sub(SMALL)
    }

    /// Whether there can be specialised code, and a run has taken enough steps for the analysis of the whole module: no limit on
    /// steps or time is looked at meanwhile.
    fn can_tier_up(&self, steps: u64) -> bool {
        self.program.is_lowered() && steps >= payoff::steps_before_analysis(self.program.ops.len())
    }
}

impl Tiered {
    /// `code` is what was found out of the program before, if anything.
    fn new(program: &Program, code: Option<Box<Code>>, is_portable: bool) -> Box<Self> {
        let mut code = code.map_or_else(|| Code::new(FlowGraph::new(program)), |code| *code);
        code.elides_copies = !is_portable;
        Box::new(Self {
            code,
            payoff: Payoff::new(program.ops.len()),
            #[cfg(machine_code)]
            jit: CodeCache::default(),
            recorder: Recorder::default(),
        })
    }

    /// What was made up to now, of what there is.
    fn work(&self) -> Work {
        #[cfg(machine_code)]
        let translated = self.jit.translated();
        #[cfg(not(machine_code))]
        let translated = 0;
        Work {
            instructions: self.code.ops.len() as u64,
            callees: self.code.sites.len() as u64,
            translated,
            phis: self.code.phis_seen,
        }
    }

    /// Says how many steps the run has taken, by which it is decided how much of the module may be analysed; all of it where the
    /// host asked for specialised code whether it pays or not.
    fn count_steps(&mut self, steps: u64, is_eager: bool) {
        self.code.set_analysis_budget(if is_eager { usize::MAX } else { payoff::analysis_budget(steps) });
    }
}

/// The tiers of one run.
struct Driver<'p> {
    executable: &'p Executable,
    tiers: Tiers,
    tiered: Option<Box<Tiered>>,
    /// What is known of the program before there are faster tiers.
    analysed: Option<Box<Code>>,
    /// Whether the clock is looked at where control goes from one tier to another.
    is_timed: bool,
    /// Whether the run may stop and be looked at, so that every register and global has to hold what the program put there.
    is_portable: bool,
}

impl<'p> TierUp<'p> for Driver<'p> {
    fn program(&self) -> &'p Program {
        &self.executable.program
    }

    fn is_eager(&self) -> bool {
        self.tiers.is_eager()
    }

    #[inline(always)]
    fn is_hot(&mut self, machine: &Machine<'_>, pc: usize) -> bool {
        if self.tiers == Tiers::Interpreter {
            return false;
        }
        match &mut self.tiered {
            Some(tiered) => tiered.payoff.arrive(pc),
            None => self.tier_up(machine),
        }
    }

    /// Out of line, as it would take registers from the interpreter.
    #[inline(never)]
    fn enter(&mut self, machine: &mut Machine<'_>, pc: usize) -> Option<TierExit> {
        self.enter_specialised(machine, pc)
    }

    /// Out of line, as it would take registers from the loop.
    #[cold]
    #[inline(never)]
    fn elide_copy(&mut self, machine: &mut Machine<'_>, pc: usize, op: Op) {
        let (Op::ArraySet { array: container, index: key, value }
        | Op::DictSet { dict: container, key, value }) = op
        else {
            return;
        };
        // No limit may be met, and the host asked for nothing, within a window.
        if machine.fuel.left < LONGEST_WINDOW as u64 || self.is_portable || without!("copy-elision") {
            return;
        }
        let (program, steps) = (&self.executable.program, machine.fuel.steps());
        if self.tiered.is_none() && self.analysed.is_none() {
            if !self.executable.can_analyse(steps) {
                return;
            }
            self.analysed = Some(Box::new(Code::new(FlowGraph::new(program))));
        }
        let code = match (&mut self.tiered, &mut self.analysed) {
            (Some(tiered), _) => &mut tiered.code,
            (None, Some(code)) => code,
            (None, None) => return,
        };
        let budget = if self.tiers.is_eager() { usize::MAX } else { payoff::analysis_budget(steps) };
        let source = |machine: &Machine<'_>, operand: Origin| match operand {
            Origin::Register(register) => machine.stack[machine.frame.base + usize::from(register)].clone(),
            Origin::Constant(constant) => program.constants[usize::from(constant)].clone(),
        };
        let [key, value] = [key, value].map(|operand| machine.registers()[usize::from(operand.0)].clone());
        let (key, value, graph) = (&key, &value, &code.graph);
        code.ownership
            .elide_copy(machine, &Write { program, graph, budget, pc, container, key, value, source });
    }

    fn materialise(&self, CallSiteId(site): CallSiteId, registers: &mut [Value; REGISTERS]) {
        if let Some(tiered) = self.tiered.as_ref().filter(|_| !planted!("exit-of-call-forgets-a-store")) {
            materialise(&self.executable.program, registers, tiered.code.after(site));
        }
    }
}

impl Driver<'_> {
    /// Counts that control came by, and begins specialised code where that was often enough. Tells whether there is some now.
    #[cold]
    #[inline(never)]
    fn tier_up(&mut self, machine: &Machine<'_>) -> bool {
        let Executable { program, hotness, .. } = self.executable;
        let count = hotness.get() + 1;
        let is_due = count >= Executable::TIER_UP_AT && self.executable.can_tier_up(machine.fuel.steps());
        if !program.is_lowered() || !self.tiers.is_eager() && !is_due {
            hotness.set(count.min(Executable::TIER_UP_AT));
            return false;
        }
        self.tiered = Some(Tiered::new(program, self.analysed.take(), self.is_portable));
        true
    }
}
