//! Single opcodes: under one of their rules, or with anything at all.

use machine_dialect_vm::{
    Check, Condition, Constant, Instruction, JumpOffset, Opcode, Operand, PhiSource, Phis, Reg, Role,
    ScopeId, TypeId,
};

use super::Body;
use super::lines::registers;
use crate::fuzz::generate::choose::{choose, one_in, pick};
use crate::fuzz::generate::rules::tables;
use crate::fuzz::generate::setup::GLOBALS;

impl Body<'_, '_, '_> {
    /// Something that no compiler would write.
    pub(super) fn wild(&mut self) {
        match choose(self.u, 6) {
            0 => {
                let target = self.entry + choose(self.u, self.lines.len() + 8);
                let cond = Reg(self.any_register());
                let jump = self.emit(Instruction::JumpIf { cond, offset: JumpOffset(0) });
                self.aim(jump, target);
            }
            1 => {
                let (dst, source) = (self.any_register(), self.any_register());
                let near = self.here().saturating_sub(choose(self.u, 4));
                self.phi(dst, vec![(source, near)]);
            }
            2 => {
                let dst = self.any_register();
                let constant = self.odd_value();
                self.load(dst, constant);
            }
            3 => {
                let (array, value) = (self.any_of(TypeId::Array), self.any_of(TypeId::Array));
                let index = self.scratch[0];
                self.load(index, Constant::Int(0));
                self.emit(Instruction::ArraySet { array: Reg(array), index: Reg(index), value: Reg(value) });
            }
            4 => {
                let size = self.scratch[0];
                let constant = Constant::Int(
                    pick(self.u, &[0, 1, 40, 5000, 1 << 20, 1 << 58, -1]).copied().unwrap_or(0),
                );
                self.load(size, constant);
                let dst = self.any_of(TypeId::Array);
                self.emit(Instruction::NewArray { dst: Reg(dst), size: Reg(size) });
            }
            _ => self.any_opcode(),
        }
    }

    /// An opcode under one of its rules, with operands of the types that the rule takes.
    pub(super) fn plain(&mut self) {
        let Some(choice) = pick(self.u, &tables().plain) else { return };
        if choice.uses_tags && !self.may_use_tags {
            return self.shuffle();
        }
        let spec = choice.opcode.spec();
        // Where more than types decides, the idioms take care; here it is left to chance now and then.
        let depends_on_values = spec.errors.len() > 1
            && spec.operands.iter().any(|operand| ["index", "size"].contains(&operand.name));
        if depends_on_values && !one_in(self.u, 6) {
            return self.at_index();
        }
        let divides = spec.errors.contains(&machine_dialect_vm::RuntimeErrorKind::DivisionByZero);
        if divides && !one_in(self.u, 4) {
            return self.arithmetic();
        }
        if spec.mnemonic == "assert" && !one_in(self.u, 3) || spec.mnemonic == "cast" && !one_in(self.u, 12) {
            return self.cast();
        }
        let takes = |name: &str| choice.takes.get(name).cloned();
        let mut operands = Vec::new();
        let (mut list, mut bytes) = (Vec::new(), Vec::new());
        for operand in spec.operands {
            if operand.role == Role::Registers {
                list = (0..choose(self.u, 4)).map(|_| self.any_register()).collect();
            }
            if operand.role == Role::Phis {
                let source = PhiSource { register: Reg(self.any_register()), label: 0 };
                bytes.push(source.to_bytes());
            }
        }
        for operand in spec.operands {
            operands.push(match operand.role {
                Role::In | Role::InOut => {
                    let wild = one_in(self.u, 90);
                    let register = match takes(operand.name) {
                        Some(types) if !wild => {
                            let class = pick(self.u, &types).copied().unwrap_or(TypeId::Int);
                            self.any_of(class)
                        }
                        Some(_) | None => self.any_register(),
                    };
                    Operand::Register(Reg(register))
                }
                Role::Out => {
                    let class = choice.gives.unwrap_or(TypeId::Empty);
                    Operand::Register(Reg(if one_in(self.u, 48) {
                        self.any_register()
                    } else {
                        self.write_to(class)
                    }))
                }
                Role::Tagged => Operand::Register(Reg(self.any_register())),
                Role::OptionalIn => Operand::OptionalRegister(Some(Reg(self.any_register()))),
                Role::Registers => Operand::Registers(registers(&list)),
                Role::Constant => {
                    let constant = self.odd_value();
                    Operand::Constant(self.constant(constant))
                }
                Role::Global => {
                    let name = pick(self.u, &GLOBALS).copied().unwrap_or("n");
                    Operand::Constant(self.constant(Constant::String(name.to_owned())))
                }
                Role::Type => Operand::Type(pick(self.u, TypeId::ALL).copied().unwrap_or(TypeId::Int)),
                Role::Jump => Operand::Jump(JumpOffset(0)),
                Role::Phis => Operand::Phis(Phis::new(&bytes).unwrap_or_default()),
                Role::Check => {
                    let message = self.constant(Constant::String("must hold".to_owned()));
                    let condition = match choose(self.u, 3) {
                        0 => Condition::NonEmpty,
                        1 => Condition::True,
                        _ => Condition::IntRange { min: -1000 - self.small(), max: 5000 },
                    };
                    Operand::Check(Check { condition, message })
                }
                Role::Scope => Operand::Scope(ScopeId(choose(self.u, 4) as u16)),
            });
        }
        if let Some(instruction) = Instruction::from_operands(choice.opcode, &operands) {
            self.emit(instruction);
        }
        // A string or an int that only ever grows would end the program.
        match choice.gives {
            Some(TypeId::String) if !one_in(self.u, 3) => {
                let dst = self.any_of(TypeId::String);
                let constant = self.value(TypeId::String);
                self.load(dst, constant);
            }
            Some(TypeId::Int) if spec.errors.len() > 1 && one_in(self.u, 2) => {
                let dst = self.any_of(TypeId::Int);
                let constant = self.value(TypeId::Int);
                self.load(dst, constant);
            }
            Some(_) | None => {}
        }
    }

    /// Any opcode at all, with any operands.
    pub(super) fn any_opcode(&mut self) {
        let Some(opcode) = pick(self.u, Opcode::ALL).copied() else { return };
        let uses_tags = tables().plain.iter().any(|choice| choice.opcode == opcode && choice.uses_tags);
        if uses_tags && !self.may_use_tags {
            return;
        }
        // A jump to nowhere in particular goes to the next instruction, which is where nothing is lost.
        let list: Vec<u8> = (0..choose(self.u, 3)).map(|_| self.any_register()).collect();
        let source = PhiSource { register: Reg(self.any_register()), label: self.here() as u16 }.to_bytes();
        let phis = [source];
        let mut operands = Vec::new();
        for operand in opcode.spec().operands {
            let register =
                Reg(if one_in(self.u, 8) { self.u.arbitrary().unwrap_or(0) } else { self.any_register() });
            operands.push(match operand.role {
                Role::In | Role::Out | Role::InOut | Role::Tagged => Operand::Register(register),
                Role::OptionalIn => Operand::OptionalRegister(one_in(self.u, 2).then_some(register)),
                Role::Registers => Operand::Registers(registers(&list)),
                Role::Constant => {
                    let constant = self.odd_value();
                    Operand::Constant(self.constant(constant))
                }
                Role::Global => Operand::Constant(self.constant(Constant::String("loose".to_owned()))),
                Role::Type => Operand::Type(pick(self.u, TypeId::ALL).copied().unwrap_or(TypeId::Int)),
                Role::Jump => Operand::Jump(JumpOffset(0)),
                Role::Phis => Operand::Phis(Phis::new(&phis).unwrap_or_default()),
                Role::Check => {
                    let message = self.constant(Constant::String("wild".to_owned()));
                    Operand::Check(Check { condition: Condition::NonEmpty, message })
                }
                Role::Scope => Operand::Scope(ScopeId(choose(self.u, 3) as u16)),
            });
        }
        if let Some(instruction) = Instruction::from_operands(opcode, &operands) {
            self.emit(instruction);
        }
    }
}
