//! Runs in specialised code and in machine code: entering them, what to do at each exit, and when to flush them.

use crate::exec::driver::payoff::Work;
use crate::exec::driver::stats::Phase;
use crate::exec::driver::{Driver, ExitKind, Tiered, Tiers};
use crate::exec::interpreter::{Program, TierExit};
#[cfg(machine_code)]
use crate::exec::jit::{self, JitEnd};
use crate::exec::specialise::{CodeAddr, ExitPayload, ExitReason, TypeContext, materialise, spoil_stub};
use crate::runtime::{CallSiteId, Machine, RESERVE, registers};
use crate::schedule::{self, Site, Tier};

impl Driver<'_> {
    /// Goes on in specialised code from a baseline instruction, if there can be some. Gives `None` where nothing was done.
    pub(super) fn enter_specialised(&mut self, machine: &mut Machine<'_>, pc: usize) -> Option<TierExit> {
        // A run that begins has no fuel at hand yet. Eager tiers are to have straight-line programs, too.
        let has_fuel = machine.fuel.left >= 2 * RESERVE || self.tiers.is_eager() && machine.fuel.refill();
        if !has_fuel || schedule::is_refused(|| Site::entry(Tier::Specialised)) {
            return None;
        }
        let (program, tiers) = (&self.executable.program, self.tiers);
        let tiered = self.tiered.as_deref_mut()?;
        tiered.recorder.begin(self.is_timed);
        let exit = if tiers.is_eager() {
            tiered.run_and_count(machine, program, tiers, pc)
        } else {
            tiered.run_if_it_pays(machine, program, tiers, pc)
        };
        tiered.recorder.end(Phase::Specialised);
        exit
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
            exit = self.run_and_count(machine, program, tiers, pc);
            let steps = machine.fuel.steps();
            let work = self.work().since(work);
            self.payoff.settle(pc, steps - before, work, steps);
        } else {
            self.recorder.stats.declined += 1;
            self.payoff.back_off(pc, 0);
        }
        if self.code.is_full() && self.payoff.is_missed(pc) && self.payoff.flush() {
            self.materialise_frames(machine, program);
            self.recorder.stats.flushes += 1;
            schedule::see_exits(|| self.code.exit_sites(Tier::Specialised));
            self.code.flush();
            #[cfg(machine_code)]
            self.jit.flush();
        }
        exit
    }

    /// Has frames that wait in specialised code wait in the baseline interpreter instead.
    pub(super) fn materialise_frames(&self, machine: &mut Machine<'_>, program: &Program) {
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

    /// Runs, and counts the steps that were taken outside of machine code.
    fn run_and_count(
        &mut self,
        machine: &mut Machine<'_>,
        program: &Program,
        tiers: Tiers,
        pc: usize,
    ) -> Option<TierExit> {
        let before = machine.fuel.steps() - self.recorder.stats.machine_code.steps;
        let exit = self.run(machine, program, tiers, pc);
        let stats = &mut self.recorder.stats;
        stats.specialised.steps += machine.fuel.steps() - stats.machine_code.steps - before;
        exit
    }

    /// Before code is looked for, and made where there is none. Gives how much there is.
    fn begin_making(&mut self) -> usize {
        self.recorder.end(Phase::Specialised);
        schedule::draw_switches();
        self.code.ops.len()
    }

    /// Counts what was made since there was so much.
    fn end_making(&mut self, before: usize) {
        if let Some(more @ 1..) = self.code.ops.len().checked_sub(before) {
            self.recorder.stats.blocks += 1;
            self.recorder.stats.instructions += more as u64;
        }
        self.recorder.end(Phase::Specialising);
    }

    fn stub_is_refused(&self, number: usize) -> bool {
        let stub = self.code.stubs.get(number).and_then(Option::as_ref);
        stub.is_some_and(|stub| schedule::is_refused(|| Site::stub(stub.pc)))
    }

    fn left(&mut self, kind: ExitKind) {
        self.recorder.stats.specialised.exits.count(kind);
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
        let length = self.begin_making();
        let entry = self.code.enter(program, machine.registers(), pc, size, can_make);
        self.end_making(length);
        let mut at = entry?;
        self.recorder.stats.specialised.entries += 1;
        loop {
            let mut payload = ExitPayload::default();
            let reason = self.advance(machine, program, tiers, &mut at, &mut payload);
            if let Some(error) = payload.error {
                let exit = self.code.exit_at(at);
                materialise(program, machine.registers(), &exit.context);
                machine.fuel.left -= u64::from(exit.context.steps) + 1;
                machine.pc = exit.pc as usize;
                self.left(ExitKind::Failed);
                return Some(TierExit::Failed(error));
            }
            match reason {
                ExitReason::Stub(number) => {
                    let number = number as usize;
                    let is_refused = self.stub_is_refused(number);
                    if (is_refused || !(is_eager || self.payoff.can_make(self.work().since(before))))
                        && let Some(Some(stub)) = self.code.stubs.get(number)
                    {
                        let exit = if cfg!(feature = "planted") {
                            resume(machine, program, &spoil_stub(&stub.context), stub.pc)
                        } else {
                            resume(machine, program, &stub.context, stub.pc)
                        };
                        self.left(ExitKind::Stub);
                        return Some(exit);
                    }
                    self.count_steps(machine.fuel.steps(), is_eager);
                    let length = self.begin_making();
                    let made = self.code.make_stub(program, machine.registers(), number);
                    self.end_making(length);
                    at = made?;
                }
                ExitReason::OutOfFuel if machine.fuel.refill() => {}
                ExitReason::Guard | ExitReason::OutOfFuel | ExitReason::Deoptimise => {
                    if let ExitReason::Guard = reason {
                        let can_make = is_eager || self.payoff.can_make(self.work().since(before));
                        // Some programs take a side exit every few steps, and looking at the clock takes as long as those.
                        let is_made = self.code.exit_at(at).other.is_some();
                        let length = if is_made { None } else { Some(self.begin_making()) };
                        let other = if can_make && self.code.widen(program, machine.registers(), at) {
                            Some(at)
                        } else {
                            self.code.side_exit(program, machine.registers(), at, can_make)
                        };
                        if let Some(length) = length {
                            self.end_making(length);
                        }
                        if let Some(other) = other {
                            self.recorder.stats.side_exits += 1;
                            at = other;
                            continue;
                        }
                    }
                    self.left(kind_of(reason));
                    let exit = self.code.exit_at(at);
                    return Some(resume(machine, program, &exit.context, exit.pc));
                }
                ExitReason::Returned(pc) => {
                    self.left(ExitKind::Returned);
                    return Some(TierExit::Returned { pc: pc as usize });
                }
                ExitReason::Ended => {
                    self.left(ExitKind::Ended);
                    return Some(TierExit::Ended(payload.result));
                }
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
        let Self { code, jit, recorder, .. } = self;
        if !tiers.has_jit() {
            return machine.execute_specialised::<false>(program, code, at, payload, u64::MAX);
        }
        if let Some(place) = code.ops.take_rewritten() {
            jit.invalidate(place);
        }
        let is_eager = tiers.is_eager();
        loop {
            if jit.is_due(code, is_eager) {
                recorder.end(Phase::Specialised);
                schedule::draw_switches();
                jit.compile(code, program, *at);
                recorder.stats.compilations += 1;
                recorder.stats.bytes += jit.size() as u64;
                recorder.stats.is_jit_refused |= jit.size() == 0;
                recorder.end(Phase::Compiling);
            }
            let address = jit.address(*at);
            let address = address.filter(|_| !schedule::is_refused(|| Site::entry(Tier::MachineCode)));
            let reason = if let Some(address) = address {
                recorder.end(Phase::Specialised);
                let before = machine.fuel.steps();
                let end = jit.run(machine, program, code, address, at, payload);
                let steps = machine.fuel.steps() - before;
                recorder.end(Phase::MachineCode);
                let usage = &mut recorder.stats.machine_code;
                usage.entries += 1;
                usage.steps += steps;
                if !is_eager && jit.count_entry(steps) {
                    recorder.stats.pauses += 1;
                }
                match end {
                    JitEnd::Exit(reason) => {
                        let kind = if payload.error.is_some() { ExitKind::Failed } else { kind_of(reason) };
                        usage.exits.count(kind);
                        return reason;
                    }
                    JitEnd::Fallback => {
                        usage.exits.count(ExitKind::Fallback);
                        machine.execute_specialised::<true>(program, code, at, payload, u64::MAX)
                    }
                }
            } else {
                let before = machine.fuel.steps();
                let reason = machine.execute_specialised::<false>(program, code, at, payload, jit::SLICE);
                if reason == ExitReason::OutOfFuel && machine.fuel.left >= 2 * RESERVE {
                    jit.count_slice();
                    continue;
                }
                jit.count_steps(machine.fuel.steps() - before);
                reason
            };
            // Machine code goes there by itself, once there is some.
            if reason == ExitReason::Guard
                && payload.error.is_none()
                && let Some(other) = code.exit_at(*at).other
            {
                *at = other;
                recorder.stats.side_exits += 1;
                continue;
            }
            match reason {
                ExitReason::Stepped => {}
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

fn kind_of(reason: ExitReason) -> ExitKind {
    match reason {
        ExitReason::Stub(_) => ExitKind::Stub,
        ExitReason::Guard => ExitKind::Guard,
        ExitReason::OutOfFuel => ExitKind::OutOfFuel,
        ExitReason::Deoptimise => ExitKind::Deoptimise,
        ExitReason::Returned(_) => ExitKind::Returned,
        ExitReason::Ended => ExitKind::Ended,
        ExitReason::Stepped => ExitKind::Fallback,
    }
}

/// Leaves for the baseline interpreter, which goes on at `pc`.
fn resume(machine: &mut Machine<'_>, program: &Program, context: &TypeContext, pc: u32) -> TierExit {
    materialise(program, machine.registers(), context);
    machine.fuel.left -= u64::from(context.steps);
    if schedule::stops_after(machine.fuel.steps()) {
        machine.fuel.stop_here();
    }
    TierExit::Resume { pc: pc as usize, previous: context.previous.map(|pc| pc as usize) }
}
