//! Pieces of control flow: loops that end, branches, jumps that phis look back at, calls and recursion.

use machine_dialect_vm::{Constant, Instruction, JumpOffset, Phis, Reg, TypeId};

use super::Body;
use super::lines::{Open, registers};
use crate::fuzz::generate::choose::{choose, one_in, pick, usual_type};
use crate::fuzz::generate::shape::{ENTRY_MARK, Size};
use crate::fuzz::program::Item;

impl Body<'_, '_, '_> {
    /// `if r0 <= 0 return r0; … again(r0 - 1, …)`
    pub(super) fn recursion(&mut self) {
        let [one, function, result] = self.scratch;
        self.load(one, Constant::Int(1));
        self.emit(Instruction::Lt { dst: Reg(result), left: Reg(0), right: Reg(one) });
        let deeper = self.jump_if_not(result);
        self.emit(Instruction::Return { src: Some(Reg(0)) });
        self.land(deeper);
        self.emit(Instruction::Sub { dst: Reg(0), left: Reg(0), right: Reg(one) });
        let name = self.signatures[self.index].name.clone();
        self.load(function, Constant::String(name));
        let target = self.of(TypeId::Int).last().copied().unwrap_or(result);
        let args = [0, 1];
        self.emit(Instruction::Call { func: Reg(function), dst: Reg(target), args: registers(&args) });
    }

    /// A loop that ends: it counts down or up, tests first or last, and may carry its counter in a phi.
    pub(super) fn counted_loop(&mut self, depth: usize) {
        let Some(counter) = self.free_counters.pop() else { return };
        self.counters.push(counter);
        self.loops += 1;
        let turns = match self.size {
            Size::Small => 1 + choose(self.u, 9) as i64,
            Size::Long if self.loops > 2 || depth > 0 => pick(self.u, &[1, 3, 10, 40]).copied().unwrap_or(3),
            Size::Special if self.loops > 1 || depth > 0 => pick(self.u, &[3, 10, 40]).copied().unwrap_or(3),
            Size::Special => pick(self.u, &[80, 100, 150, 300]).copied().unwrap_or(150),
            Size::Long => pick(self.u, &[30, 100, 300, 1000, 3000]).copied().unwrap_or(100),
        };
        let [one, limit, is_done] = self.scratch;
        match choose(self.u, 4) {
            0 => {
                // while counter < turns
                self.load(counter, Constant::Int(0));
                let head = self.here();
                self.load(limit, Constant::Int(turns));
                self.emit(Instruction::Lt { dst: Reg(is_done), left: Reg(counter), right: Reg(limit) });
                let out = self.jump_if_not(is_done);
                self.statements(depth + 1);
                self.load(one, Constant::Int(1));
                self.emit(Instruction::Add { dst: Reg(counter), left: Reg(counter), right: Reg(one) });
                self.jump_to(head);
                self.land(out);
            }
            1 => {
                // a counter in a phi
                self.load(counter, Constant::Int(turns));
                let before = self.here() - 1;
                let head = self.here();
                let phi = self.emit(Instruction::Phi { dst: Reg(counter), sources: Phis::default() });
                self.statements(depth + 1);
                self.load(one, Constant::Int(1));
                self.emit(Instruction::Sub { dst: Reg(limit), left: Reg(counter), right: Reg(one) });
                let latch = self.emit(Instruction::JumpIf { cond: Reg(limit), offset: JumpOffset(0) });
                self.aim(latch, head);
                let sources = vec![(counter, before), (limit, latch)];
                if let Some(line) = self.lines.get_mut(phi - self.entry) {
                    line.items[1] = Item::Phis(sources);
                }
            }
            2 => {
                // for each element
                let array = self.any_of(TypeId::Array);
                let element = self.any_of(TypeId::Empty);
                self.load(counter, Constant::Int(0));
                let head = self.here();
                self.emit(Instruction::ArrayLen { dst: Reg(limit), array: Reg(array) });
                self.emit(Instruction::Gte { dst: Reg(is_done), left: Reg(counter), right: Reg(limit) });
                let out = self.emit(Instruction::JumpIf { cond: Reg(is_done), offset: JumpOffset(0) });
                self.emit(Instruction::ArrayGet {
                    dst: Reg(element),
                    array: Reg(array),
                    index: Reg(counter),
                });
                self.statements(depth + 1);
                self.load(one, Constant::Int(1));
                self.emit(Instruction::Add { dst: Reg(counter), left: Reg(counter), right: Reg(one) });
                self.jump_to(head);
                self.land(Open(out));
            }
            _ => {
                // do … while counter
                self.load(counter, Constant::Int(turns));
                let head = self.here();
                self.statements(depth + 1);
                self.load(one, Constant::Int(1));
                self.emit(Instruction::Sub { dst: Reg(counter), left: Reg(counter), right: Reg(one) });
                let back = self.emit(Instruction::JumpIf { cond: Reg(counter), offset: JumpOffset(0) });
                self.aim(back, head);
            }
        }
        self.counters.pop();
        self.free_counters.push(counter);
    }

    /// `if … else …`, at times with a phi where the two meet.
    pub(super) fn branch(&mut self, depth: usize) {
        let condition = if one_in(self.u, 4) { self.any_register() } else { self.any_of(TypeId::Bool) };
        let otherwise = if one_in(self.u, 2) {
            self.jump_if_not(condition)
        } else {
            Open(self.emit(Instruction::JumpIf { cond: Reg(condition), offset: JumpOffset(0) }))
        };
        self.statements(depth + 1);
        if one_in(self.u, 2) {
            return self.land(otherwise);
        }
        let out = self.emit(Instruction::Jump { offset: JumpOffset(0) });
        self.land(otherwise);
        self.statements(depth + 1);
        let last = self.here() - 1;
        self.land(Open(out));
        for _ in 0..choose(self.u, 3) {
            let class = usual_type(self.u);
            let (left, right) = (self.any_of(class), self.any_of(class));
            let dst = self.any_of(class);
            self.phi(dst, vec![(left, out), (right, last)]);
        }
    }

    pub(super) fn call(&mut self) {
        // Only functions further on, so that calls end; one that calls itself counts down.
        let callees: Vec<usize> = (self.index + 1..self.signatures.len()).collect();
        let Some(callee) = pick(self.u, &callees).copied() else { return self.plain() };
        let signature = &self.signatures[callee];
        let [function, _, number] = self.scratch;
        let mut args: Vec<u8> = signature.takes.iter().map(|class| self.any_of(*class)).collect();
        if signature.depth > 0 {
            let depth = 1 + choose(self.u, signature.depth as usize) as i64;
            self.load(number, Constant::Int(depth));
            args[0] = number;
        }
        if one_in(self.u, 12) {
            args.push(self.any_register());
        }
        if one_in(self.u, 24) {
            args.pop();
        }
        let name = match choose(self.u, 16) {
            15 => Constant::Int(ENTRY_MARK | callee as i64),
            14 if one_in(self.u, 4) => Constant::String("nobody".to_owned()),
            _ => Constant::String(signature.name.clone()),
        };
        self.load(function, name);
        let dst = self.write_to(signature.gives);
        self.emit(Instruction::Call { func: Reg(function), dst: Reg(dst), args: registers(&args) });
    }

    /// A jump that is taken or not, and phis that tell which.
    pub(super) fn phi_after_jump(&mut self) {
        let cond = self.any_register();
        let class = usual_type(self.u);
        let jump = self.jump_if_not(cond);
        let value = self.value(TypeId::Int);
        let dst = self.any_of(TypeId::Int);
        self.load(dst, value);
        let fallen = self.here() - 1;
        let taken = jump.0;
        self.land(jump);
        for _ in 0..=choose(self.u, 2) {
            let (dst, left, right) = (self.any_of(class), self.any_of(class), self.any_of(class));
            let mut sources = vec![(left, taken), (right, fallen)];
            if one_in(self.u, 4) {
                sources.reverse();
            }
            if one_in(self.u, 6) {
                sources.pop();
            }
            self.phi(dst, sources);
        }
    }

    /// A comparison, and a jump over the next instruction that follows from it.
    pub(super) fn compare_and_skip(&mut self) {
        use Instruction::{Eq, Gt, Gte, Lt, Lte, Neq};
        let class = pick(self.u, &[TypeId::Int, TypeId::Int, TypeId::Float, TypeId::String]).copied();
        let class = class.unwrap_or(TypeId::Int);
        let (left, mut right) = (self.read(class), self.read(class));
        if one_in(self.u, 2) {
            right = Reg(self.scratch[0]);
            let constant = self.value(class);
            self.load(right.0, constant);
        }
        let dst = Reg(self.any_of(TypeId::Bool));
        match choose(self.u, 6) {
            0 => self.emit(Eq { dst, left, right }),
            1 => self.emit(Neq { dst, left, right }),
            2 => self.emit(Lt { dst, left, right }),
            3 => self.emit(Gt { dst, left, right }),
            4 => self.emit(Lte { dst, left, right }),
            _ => self.emit(Gte { dst, left, right }),
        };
        let skip = if one_in(self.u, 2) {
            self.jump_if_not(dst.0)
        } else {
            Open(self.emit(Instruction::JumpIf { cond: dst, offset: JumpOffset(0) }))
        };
        self.plain();
        self.land(skip);
    }
}
