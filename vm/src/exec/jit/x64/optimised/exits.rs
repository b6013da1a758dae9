//! The ways out of an optimised loop: what the frame has to hold is stored, and the code of the instruction that goes on follows.

use dynasmrt::{DynamicLabel, DynasmApi, DynasmLabelApi};

use super::super::emit::{JitExit, at, payload};
use super::super::loop_registers::RAX;
use super::{Lowering, low, tag_of};
use crate::exec::jit::context::JitContext;
use crate::exec::optimise::{ExitId, Kind, Value, Way};
use crate::exec::specialise::Slot;

impl Lowering<'_, '_> {
    pub(super) fn exit(&mut self, exit: ExitId) -> DynamicLabel {
        self.exit_after(exit, 0)
    }

    /// The way out where so many steps were charged and there were too few.
    fn exit_after(&mut self, exit: ExitId, steps: u16) -> DynamicLabel {
        let emitter = &mut *self.emitter;
        *self.exits.entry((exit.0, steps)).or_insert_with(|| emitter.new_label())
    }

    pub(super) fn charge(&mut self, steps: u16, exit: ExitId) {
        let exit = self.exit_after(exit, steps);
        low!(self ; sub r12, i32::from(steps) ; jb =>exit);
    }

    /// Makes the code of all ways out that are taken.
    pub(super) fn leave(&mut self) {
        let mut done = std::collections::HashSet::new();
        loop {
            let mut open: Vec<((u32, u16), DynamicLabel)> = self
                .exits
                .iter()
                .filter(|(key, _)| !done.contains(*key))
                .map(|(key, label)| (*key, *label))
                .collect();
            if open.is_empty() {
                return;
            }
            open.sort_by_key(|(key, _)| *key);
            for ((number, charged), label) in open {
                done.insert((number, charged));
                low!(self ; =>label);
                self.leave_by(ExitId(number), charged);
            }
        }
    }

    fn leave_by(&mut self, exit: ExitId, charged: u16) {
        let exit = self.body.exit(exit).clone();
        let back = charged + if planted!("optimise-refund") { 0 } else { exit.refund };
        if back > 0 {
            low!(self ; add r12, i32::from(back));
        }
        if let Some((steps, other)) = exit.charge {
            self.charge(steps, other);
        }
        let skipped = usize::from(planted!("optimise-store"));
        for (register, value) in exit.state.iter().skip(skipped) {
            self.store(Slot::of(*register), *value);
        }
        if self.uses_globals {
            low!(self ; mov r14, [r15 + JitContext::GLOBALS]);
        }
        self.emitter.place = exit.place;
        let to = match exit.way {
            Way::Guard => self.emitter.leave(JitExit::Guard),
            Way::OutOfFuel => self.emitter.leave(JitExit::OutOfFuel),
            Way::To(at) => self.emitter.to(at),
        };
        low!(self ; jmp =>to);
    }

    /// Stores a value in the frame.
    fn store(&mut self, slot: Slot, value: Value) {
        let (place, payload) = (at(slot), payload(slot));
        match self.body.kind(value) {
            Kind::Float => {
                let register = self.float(value, 0);
                low!(self ; movsd [rbx + payload], Rx(register));
            }
            Kind::Bool => {
                self.load(RAX, value);
                low!(self ; and eax, 1 ; mov [rbx + payload], al);
            }
            Kind::Int | Kind::Vector | Kind::Nothing => {
                let register = self.int(value, RAX);
                low!(self ; mov [rbx + payload], Rq(register));
            }
        }
        let tag = tag_of(self.body.kind(value));
        low!(self ; mov QWORD [rbx + place], tag);
    }

    /// Whether a way out stores what is in a register for ints.
    pub(super) fn is_stored(&self, exit: ExitId, register: u8) -> bool {
        let mut found = false;
        self.body.each_needed(exit, &mut |value| found |= self.int_register(value) == Some(register));
        found
    }
}
