//! Work on numbers and text, and values on their way through registers and globals.

use machine_dialect_vm::{Constant, Instruction, JumpOffset, Reg, TypeId};

use super::Body;
use crate::fuzz::generate::choose::{choose, one_in, pick, usual_type};
use crate::fuzz::generate::rules::tables;
use crate::fuzz::generate::setup::GLOBALS;

impl Body<'_, '_, '_> {
    /// Text grows by a piece, and starts anew at times, or it would soon fill the memory.
    pub(super) fn text(&mut self) {
        let dst = self.any_of(TypeId::String);
        let piece = self.any_register();
        self.emit(Instruction::ConcatStr { dst: Reg(dst), left: Reg(dst), right: Reg(piece) });
        if !one_in(self.u, 3) {
            let constant = self.value(TypeId::String);
            self.load(dst, constant);
        }
    }

    pub(super) fn cast(&mut self) {
        let Some((from, to)) = pick(self.u, &tables().casts) else { return };
        let from = pick(self.u, from).copied().unwrap_or(TypeId::Int);
        let (src, dst) = (self.any_of(from), self.write_to(*to));
        self.emit(Instruction::Cast { dst: Reg(dst), src: Reg(src), r#type: *to });
    }

    pub(super) fn global(&mut self) {
        let place = choose(self.u, GLOBALS.len());
        let class = [TypeId::Int, TypeId::String, TypeId::Array, TypeId::Dict, TypeId::Empty][place];
        let name = Constant::String(GLOBALS[place].to_owned());
        let name = self.constant(name);
        if one_in(self.u, 2) {
            let src = self.read(class);
            self.emit(Instruction::StoreGlobal { src, name });
        } else {
            // What is loaded may be empty.
            let dst = self.any_of(TypeId::Empty);
            self.emit(Instruction::LoadGlobal { dst: Reg(dst), name });
        }
    }

    /// Two ints or two floats, kept from running out of their range.
    pub(super) fn arithmetic(&mut self) {
        use Instruction::{Add, Div, Mod, Mul, Sub};
        let class = if one_in(self.u, 4) { TypeId::Float } else { TypeId::Int };
        let (mut left, mut right) = (self.read(class), self.read(class));
        let dst = Reg(self.write_to(class));
        if class == TypeId::Float && one_in(self.u, 3) {
            // What is a float in one turn may be an int in the next.
            left = self.read(TypeId::Int);
            if one_in(self.u, 2) {
                right = self.read(TypeId::Int);
            }
        }
        if one_in(self.u, 16) {
            right = Reg(self.scratch[2]);
            let extreme = pick(self.u, &[i64::MAX, i64::MIN, -1, i64::MAX - 1]).copied().unwrap_or(-1);
            self.load(right.0, Constant::Int(extreme));
        }
        match choose(self.u, 5) {
            0 => self.emit(Add { dst, left, right }),
            1 => self.emit(Sub { dst, left, right }),
            2 => self.emit(Mul { dst, left, right }),
            operation => {
                let divisor = Reg(self.scratch[0]);
                let constant =
                    if class == TypeId::Int { Constant::Int(1 + self.small()) } else { Constant::Float(2.5) };
                self.load(divisor.0, constant);
                if operation == 3 {
                    self.emit(Div { dst, left, right: divisor })
                } else {
                    self.emit(Mod { dst, left, right: divisor })
                }
            }
        };
        if class == TypeId::Int && !one_in(self.u, 4) {
            let divisor = self.scratch[1];
            self.load(divisor, Constant::Int(1009));
            self.emit(Mod { dst, left: dst, right: Reg(divisor) });
        }
    }

    /// Values go from register to register, at times round in a circle, and some are overwritten before anyone reads them.
    pub(super) fn shuffle(&mut self) {
        let class = usual_type(self.u);
        let (one, other) = (self.any_of(class), self.any_of(class));
        let between = self.scratch[0];
        match choose(self.u, 4) {
            0 => {
                self.emit(Instruction::Move { dst: Reg(one), src: Reg(other) });
            }
            1 => {
                self.emit(Instruction::Move { dst: Reg(between), src: Reg(one) });
                self.emit(Instruction::Move { dst: Reg(one), src: Reg(other) });
                self.emit(Instruction::Move { dst: Reg(other), src: Reg(between) });
            }
            2 => {
                let (a, b) = (self.any_of(TypeId::Int), self.any_of(TypeId::Float));
                let loose = self.any_of(TypeId::Empty);
                self.emit(Instruction::Move { dst: Reg(loose), src: Reg(a) });
                self.emit(Instruction::Add { dst: Reg(b), left: Reg(b), right: Reg(loose) });
                self.emit(Instruction::Move { dst: Reg(loose), src: Reg(b) });
            }
            _ => {
                let here = self.here();
                self.emit(Instruction::Jump { offset: JumpOffset(0) });
                self.phi(one, vec![(other, here)]);
                self.phi(other, vec![(one, here)]);
            }
        }
    }
}
