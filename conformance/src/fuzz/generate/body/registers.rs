//! Which registers and constants an instruction gets.

use machine_dialect_vm::{Constant, Reg, TypeId};

use super::Body;
use crate::fuzz::generate::choose::{choose, one_in, pick, usual_type};

impl Body<'_, '_, '_> {
    pub(super) fn of(&self, class: TypeId) -> Vec<u8> {
        self.registers.get(&class).cloned().unwrap_or_default()
    }

    /// A register that mostly holds a value of the type.
    pub(super) fn any_of(&mut self, class: TypeId) -> u8 {
        let registers = self.of(class);
        match pick(self.u, &registers) {
            Some(register) => *register,
            None => self.any_register(),
        }
    }

    pub(super) fn read(&mut self, class: TypeId) -> Reg {
        if one_in(self.u, 90) {
            return Reg(self.any_register());
        }
        Reg(if class == TypeId::Int && one_in(self.u, 3) { self.any_counter() } else { self.any_of(class) })
    }

    /// A register for a result of the type; one for anything, where no register is kept for it.
    pub(super) fn write_to(&mut self, class: TypeId) -> u8 {
        self.any_of(if self.registers.contains_key(&class) { class } else { TypeId::Empty })
    }

    pub(super) fn any_register(&mut self) -> u8 {
        let all: Vec<u8> = self.registers.values().flatten().copied().collect();
        pick(self.u, &all).copied().unwrap_or(0)
    }

    /// The counter of a loop around here, or another int.
    pub(super) fn any_counter(&mut self) -> u8 {
        match self.counters.last() {
            Some(counter) => *counter,
            None => self.any_of(TypeId::Int),
        }
    }

    pub(super) fn small(&mut self) -> i64 {
        choose(self.u, 10) as i64
    }

    /// A constant of the type that goes well with others.
    pub(super) fn value(&mut self, class: TypeId) -> Constant {
        match class {
            TypeId::Int => Constant::Int(self.small() - 2),
            TypeId::Float => {
                Constant::Float(pick(self.u, &[0.5, 1.0, -2.25, 1e3, 3.0]).copied().unwrap_or(1.0))
            }
            TypeId::String => Constant::String(
                pick(self.u, &["a", "", "héé", "text", "-1"]).copied().unwrap_or("a").to_owned(),
            ),
            TypeId::Bool => Constant::Bool(one_in(self.u, 2)),
            TypeId::Empty | TypeId::Function | TypeId::Url | TypeId::Array | TypeId::Dict => Constant::Empty,
        }
    }

    /// A constant of any type, an extreme one among them.
    pub(super) fn odd_value(&mut self) -> Constant {
        match choose(self.u, 12) {
            0 => Constant::Int(i64::MIN),
            1 => Constant::Int(i64::MAX),
            2 => Constant::Int(self.u.arbitrary().unwrap_or(0)),
            3 => Constant::Float(f64::from_bits(self.u.arbitrary().unwrap_or(0))),
            4 => Constant::Float(
                pick(self.u, &[-0.0, f64::NAN, f64::INFINITY, 9.3e18, 5e-324, 1e300, 9007199254740993.0])
                    .copied()
                    .unwrap_or(0.0),
            ),
            5 => Constant::Empty,
            6 => Constant::Bool(true),
            7 => Constant::Int(0),
            _ => {
                let class = usual_type(self.u);
                self.value(class)
            }
        }
    }
}
