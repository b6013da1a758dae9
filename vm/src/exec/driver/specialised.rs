//! Runs in specialised code and in machine code: entering them, what to do at each exit, and when to flush them.

use crate::exec::driver::payoff::Work;
use crate::exec::driver::{Driver, Tiered, Tiers};
use crate::exec::interpreter::{Program, TierExit};
#[cfg(machine_code)]
use crate::exec::jit::{self, JitEnd};
use crate::exec::specialise::{CodeAddr, ExitPayload, ExitReason, TypeContext, materialise};
use crate::runtime::{CallSiteId, Machine, RESERVE, registers};

impl Driver<'_> {
    /// Goes on in specialised code from a baseline instruction, if there can be some. Gives `None` where nothing was done.
    pub(super) fn enter_specialised(&mut self, machine: &mut Machine<'_>, pc: usize) -> Option<TierExit> {
        if machine.fuel.left < 2 * RESERVE {
            return None;
        }
        let (program, tiers) = (&self.executable.program, self.tiers);
        let tiered = self.tiered.as_deref_mut()?;
        if tiers.is_eager() {
            tiered.run(machine, program, tiers, pc)
        } else {
            tiered.run_if_it_pays(machine, program, tiers, pc)
        }
    }
}

impl Tiered {
    /// The same, unless it did not pay before. See [`super::payoff`].
    fn run_if_it_pays(
        &mut self,
        machine: &mut Machine<'_>,
        program: &Program,
        tiers: Tiers,
        pc: usize,
    ) -> Option<TierExit> {
        let before = machine.fuel.steps();
        let mut exit = None;
        if self.payoff.can_enter(pc, before) && self.code.has_room_for(pc) {
            let work = self.work();
            exit = self.run(machine, program, tiers, pc);
            let steps = machine.fuel.steps();
            let work = self.work().since(work);
            self.payoff.settle(pc, steps - before, work, steps);
        } else {
            self.payoff.back_off(pc, 0);
        }
        if self.code.is_full() && self.payoff.is_missed(pc) && self.payoff.flush() {
            self.materialise_frames(machine, program);
            self.code.flush();
            #[cfg(machine_code)]
            self.jit.flush();
        }
        exit
    }

    /// Has frames that wait in specialised code wait in the baseline interpreter instead.
    fn materialise_frames(&self, machine: &mut Machine<'_>, program: &Program) {
        let mut base = machine.frame.base;
        for caller in machine.callers.iter_mut().rev() {
            base -= usize::from(caller.size);
            if caller.site != CallSiteId::BASELINE {
                let CallSiteId(site) = caller.site;
                if !planted!("flush-leads-on") {
                    caller.site = CallSiteId::BASELINE;
                }
                if planted!("flush-forgets") {
                    continue;
                }
                materialise(program, registers(&mut machine.stack, base), self.code.after(site));
            }
        }
    }

    fn run(
        &mut self,
        machine: &mut Machine<'_>,
        program: &Program,
        tiers: Tiers,
        pc: usize,
    ) -> Option<TierExit> {
        let is_eager = tiers.is_eager();
        let before = self.work();
        let size = usize::from(machine.frame.size);
        self.count_steps(machine.fuel.steps(), is_eager);
        self.code.analyse(program, pc);
        let can_make = is_eager || self.payoff.can_make(Work::default());
        let mut at = self.code.enter(program, machine.registers(), pc, size, can_make)?;
        loop {
            let mut payload = ExitPayload::default();
            let reason = self.advance(machine, program, tiers, &mut at, &mut payload);
            if let Some(error) = payload.error {
                let exit = self.code.exit_at(at);
                materialise(program, machine.registers(), &exit.context);
                machine.fuel.left -= u64::from(exit.context.steps) + 1;
                machine.pc = exit.pc as usize;
                return Some(TierExit::Failed(error));
            }
            match reason {
                ExitReason::Stub(number) => {
                    let number = number as usize;
                    if !(is_eager || self.payoff.can_make(self.work().since(before)))
                        && let Some(Some(stub)) = self.code.stubs.get(number)
                    {
                        return Some(resume(machine, program, &stub.context, stub.pc));
                    }
                    self.count_steps(machine.fuel.steps(), is_eager);
                    at = self.code.make_stub(program, machine.registers(), number)?;
                }
                ExitReason::OutOfFuel if machine.fuel.refill() => {}
                ExitReason::Guard | ExitReason::OutOfFuel | ExitReason::Deoptimise => {
                    if let ExitReason::Guard = reason {
                        let can_make = is_eager || self.payoff.can_make(self.work().since(before));
                        if can_make && self.code.widen(program, machine.registers(), at) {
                            continue;
                        }
                        if let Some(other) = self.code.side_exit(program, machine.registers(), at, can_make) {
                            at = other;
                            continue;
                        }
                    }
                    let exit = self.code.exit_at(at);
                    return Some(resume(machine, program, &exit.context, exit.pc));
                }
                ExitReason::Returned(pc) => return Some(TierExit::Returned { pc: pc as usize }),
                ExitReason::Ended => return Some(TierExit::Ended(payload.result)),
                // Whoever has one instruction executed goes on by itself.
                ExitReason::Stepped => {}
            }
        }
    }

    /// Executes specialised code from `at` until something stops it, and leaves `at` there.
    #[cfg(not(machine_code))]
    fn advance(
        &mut self,
        machine: &mut Machine<'_>,
        program: &Program,
        _tiers: Tiers,
        at: &mut CodeAddr,
        payload: &mut ExitPayload,
    ) -> ExitReason {
        machine.execute_specialised::<false>(program, &self.code, at, payload, u64::MAX)
    }

    /// Executes specialised code from `at` until something stops it, and leaves `at` there: as machine code, where there is some.
    #[cfg(machine_code)]
    fn advance(
        &mut self,
        machine: &mut Machine<'_>,
        program: &Program,
        tiers: Tiers,
        at: &mut CodeAddr,
        payload: &mut ExitPayload,
    ) -> ExitReason {
        let Self { code, jit, .. } = self;
        if !tiers.has_jit() {
            return machine.execute_specialised::<false>(program, code, at, payload, u64::MAX);
        }
        if let Some(place) = code.take_rewritten() {
            jit.invalidate(place);
        }
        let is_eager = tiers.is_eager();
        loop {
            if jit.is_due(code, is_eager) {
                jit.compile(code, program, *at);
            }
            let reason = if let Some(address) = jit.address(*at) {
                let before = machine.fuel.steps();
                let end = jit.run(machine, program, code, address, at, payload);
                if !is_eager {
                    jit.count_entry(machine.fuel.steps() - before);
                }
                match end {
                    JitEnd::Exit(reason) => return reason,
                    JitEnd::Fallback => {
                        machine.execute_specialised::<true>(program, code, at, payload, u64::MAX)
                    }
                }
            } else {
                machine.execute_specialised::<false>(program, code, at, payload, jit::SLICE)
            };
            match reason {
                ExitReason::Stepped => {}
                ExitReason::OutOfFuel if machine.fuel.left >= 2 * RESERVE => jit.count_slice(),
                ExitReason::Stub(_)
                | ExitReason::Guard
                | ExitReason::OutOfFuel
                | ExitReason::Deoptimise
                | ExitReason::Returned(_)
                | ExitReason::Ended => return reason,
            }
        }
    }
}

/// Leaves for the baseline interpreter, which goes on at `pc`.
fn resume(machine: &mut Machine<'_>, program: &Program, context: &TypeContext, pc: u32) -> TierExit {
    materialise(program, machine.registers(), context);
    machine.fuel.left -= u64::from(context.steps);
    TierExit::Resume { pc: pc as usize, previous: context.previous.map(|pc| pc as usize) }
}
