//! Arrays and dicts: reads, writes, and the copies that writes need not make.

use crate::exec::analysis::{LONGEST_WINDOW, Origin, OtherHolder, Window};
use crate::exec::interpreter::Op;
use crate::exec::specialise::builder::{Builder, MAX_STEPS, Progress};
use crate::exec::specialise::context::Source;
use crate::exec::specialise::op::{Slot, SpecOp};
use crate::exec::specialise::types::Type;
use crate::isa::Reg;
use crate::value::Value;

impl Builder<'_> {
    /// Reads an element of an array.
    pub(super) fn array_get(&mut self, op: Op, dst: Reg, array: Reg, index: Reg) -> Progress {
        if self.speculate_number(index) == Progress::End {
            return Progress::End;
        }
        self.free(dst);
        if let Some(index) = self.small_index(index) {
            let [array] = self.slots([array]);
            self.emit_guarded(SpecOp::ArrayGetConst { dst: Slot::of(dst.0), array, index });
        } else if self.type_of(index) == Type::Int {
            let [array, index] = self.slots([array, index]);
            self.emit_guarded(SpecOp::ArrayGet { dst: Slot::of(dst.0), array, index });
        } else {
            return self.baseline(op, Type::Any);
        }
        self.wrote(dst, Type::Any);
        self.observe_result(dst)
    }

    /// Writes an element of an array.
    pub(super) fn array_set(&mut self, op: Op, array: Reg, index: Reg, value: Reg) -> Progress {
        if self.speculate_number(index) == Progress::End || self.speculate(value, true) == Progress::End {
            return Progress::End;
        }
        if self.type_of(index) != Type::Int {
            return self.baseline(op, Type::Any);
        }
        self.elide_copy(array, index);
        if let Some(index) = self.small_index(index) {
            let [array, value] = self.slots([array, value]);
            self.emit_guarded(SpecOp::ArraySetConst { array, value, index });
        } else if let Some(constant) = self.scalar_constant(value) {
            let [array, index] = self.slots([array, index]);
            self.emit_guarded(match constant {
                Value::Int(value) => SpecOp::ArraySetToInt { array, index, value },
                Value::Float(value) => SpecOp::ArraySetToFloat { array, index, value },
                value @ (Value::Empty
                | Value::Bool(_)
                | Value::String(_)
                | Value::Function(_)
                | Value::Url(_)
                | Value::Array(_)
                | Value::Dict(_)) => SpecOp::ArraySetToBool { array, index, value: value.is_truthy() },
            });
        } else {
            let ty = self.type_of(value);
            let [array, index, value] = self.slots([array, index, value]);
            self.emit_guarded(match ty {
                Type::Int => SpecOp::ArraySetInt { array, index, value },
                Type::Float => SpecOp::ArraySetFloat { array, index, value },
                Type::Bool | Type::Scalar => SpecOp::ArraySetScalar { array, index, value },
                Type::Any | Type::Free => SpecOp::ArraySet { array, index, value },
            });
        }
        self.is_fresh = false;
        self.next()
    }

    /// Sets the value of a key.
    pub(super) fn dict_set(&mut self, dict: Reg, key: Reg, value: Reg) -> Progress {
        self.elide_copy(dict, key);
        let [dict, key, value] = self.slots([dict, key, value]);
        self.emit_guarded(SpecOp::DictSet { dict, key, value });
        self.is_fresh = false;
        self.next()
    }

    /// Reads the value of a key.
    pub(super) fn dict_get(&mut self, dst: Reg, dict: Reg, key: Reg) -> Progress {
        self.free(dst);
        let [dict, key] = self.slots([dict, key]);
        self.emit_guarded(SpecOp::DictGet { dst: Slot::of(dst.0), dict, key });
        self.wrote(dst, Type::Any);
        self.observe_result(dst)
    }

    /// Makes the other holder of the container that is written now let go, where there is one that is overwritten before it is
    /// read.
    pub(super) fn elide_copy(&mut self, container: Reg, key: Reg) {
        if !self.code.elides_copies || without!("copy-elision") {
            return;
        }
        let is_number = |register: u8| {
            matches!(self.source_type(self.context.source(register)), Type::Bool | Type::Int | Type::Float)
        };
        let twin = OtherHolder::find(self.program, self.pc, container, is_number);
        match twin {
            Some(OtherHolder::Register(holder)) => {
                self.store_deferred(|to, _| to == holder.0);
                let [container] = self.slots([container]);
                self.emit(SpecOp::ElideCopy { holder: Slot::of(holder.0), container });
            }
            Some(OtherHolder::Global(holder)) => {
                // Nothing may be seen of the global while it is empty: no limit may be met between the two instructions.
                if self.context.steps + 2 >= MAX_STEPS {
                    self.emit_guarded(SpecOp::ChargeFuel { steps: self.context.steps });
                    self.context.steps = 0;
                }
                let [container, key] = self.slots([container, key]);
                self.emit(SpecOp::ElideCopyGlobal { holder, container, key });
            }
            None => self.elide_copy_of_element(container),
        }
    }

    /// The same with an element of another container, which is set before anybody can look.
    fn elide_copy_of_element(&mut self, container: Reg) {
        let is_set = |op: &Op| matches!(op, Op::ArraySet { value, .. } | Op::DictSet { value, .. } if *value == container);
        if !self.program.ops.iter().skip(self.pc + 1).take(LONGEST_WINDOW).any(is_set) {
            return;
        }
        let window = Window::behind(self.program, self.pc, container);
        let Some((outer, key)) = window.first_element(container) else { return };
        let mut registers = (0..=u8::MAX).map(Reg);
        let key = match key {
            Origin::Register(register) => Some(Reg(register)),
            Origin::Constant(constant) => {
                registers.find(|register| self.context.source(register.0) == Source::Constant(constant))
            }
        };
        let Some(key) = key.filter(|key| ![container, outer].contains(key)) else { return };
        // A number of another type leads to no element.
        if matches!(self.type_of(key), Type::Float | Type::Bool) {
            return;
        }
        let [outer, key, container] = self.slots([outer, key, container]);
        if key != outer && key != container {
            self.emit(SpecOp::ElideCopyElement { outer, key, container });
        }
    }

    /// The value of a constant index of an array.
    pub(super) fn small_index(&self, register: Reg) -> Option<u32> {
        let Source::Constant(constant) = self.operand(register) else { return None };
        let Value::Int(index) = &self.program.constants[usize::from(constant)] else { return None };
        u32::try_from(*index).ok()
    }

    /// A number or bool that a register is known to hold.
    fn scalar_constant(&self, register: Reg) -> Option<Value> {
        match self.operand(register) {
            Source::Constant(constant) => {
                let value = &self.program.constants[usize::from(constant)];
                matches!(value, Value::Bool(_) | Value::Int(_) | Value::Float(_)).then(|| value.clone())
            }
            Source::Bool(value) => Some(Value::Bool(value)),
            Source::Slot(_) => None,
        }
    }
}
