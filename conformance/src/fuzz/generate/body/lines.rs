//! Writing lines down, and jumps whose targets are known later.

use machine_dialect_vm::{ConstIdx, Constant, Instruction, JumpOffset, Phis, Reg, Registers};

use super::Body;
use crate::fuzz::program::{Item, Line};

/// A jump whose target is not known yet.
pub(super) struct Open(pub(super) usize);

impl Body<'_, '_, '_> {
    pub(super) fn constant(&mut self, constant: Constant) -> ConstIdx {
        // The pool is only there until the line is taken over; a program pools its constants itself.
        self.constants.push(constant);
        ConstIdx((self.constants.len() - 1) as u16)
    }

    pub(super) fn here(&self) -> usize {
        self.entry + self.lines.len()
    }

    pub(super) fn emit(&mut self, instruction: Instruction<'_>) -> usize {
        let at = self.here();
        self.lines.push(Line::of(&instruction, at, &self.constants));
        at
    }

    pub(super) fn load(&mut self, dst: u8, constant: Constant) {
        let constant = self.constant(constant);
        self.emit(Instruction::LoadConst { dst: Reg(dst), constant });
    }

    pub(super) fn phi(&mut self, dst: u8, sources: Vec<(u8, usize)>) {
        let at = self.emit(Instruction::Phi { dst: Reg(dst), sources: Phis::default() });
        if let Some(line) = self.lines.get_mut(at - self.entry) {
            line.items[1] = Item::Phis(sources);
        }
    }

    pub(super) fn jump_if_not(&mut self, cond: u8) -> Open {
        Open(self.emit(Instruction::JumpIfNot { cond: Reg(cond), offset: JumpOffset(0) }))
    }

    pub(super) fn jump_to(&mut self, target: usize) {
        let jump = self.emit(Instruction::Jump { offset: JumpOffset(0) });
        self.aim(jump, target);
    }

    pub(super) fn aim(&mut self, jump: usize, target: usize) {
        if let Some(line) = self.lines.get_mut(jump - self.entry) {
            for item in &mut line.items {
                if let Item::Target(place) = item {
                    *place = target;
                }
            }
        }
    }

    pub(super) fn land(&mut self, open: Open) {
        let here = self.here();
        self.aim(open.0, here);
    }
}

pub(super) fn registers(list: &[u8]) -> Registers<'_> {
    Registers::new(list).unwrap_or_default()
}
