//! Work on arrays and dicts.

use machine_dialect_vm::{Constant, Instruction, JumpOffset, Reg, TypeId};

use super::Body;
use super::lines::Open;
use crate::fuzz::generate::choose::{choose, one_in, pick};

impl Body<'_, '_, '_> {
    /// What the public compiler emits for "Add … to …".
    pub(super) fn append(&mut self, array: u8) {
        let index = self.scratch[1];
        let value = if one_in(self.u, 8) { self.any_register() } else { self.any_of(TypeId::Int) };
        self.emit(Instruction::ArrayLen { dst: Reg(index), array: Reg(array) });
        self.emit(Instruction::ArraySet { array: Reg(array), index: Reg(index), value: Reg(value) });
    }

    /// Reads or writes an array at an index that is mostly inside.
    pub(super) fn at_index(&mut self) {
        let array = self.any_of(TypeId::Array);
        let [length, index, _] = self.scratch;
        if one_in(self.u, 4) {
            let constant = Constant::Int(choose(self.u, 3) as i64);
            self.load(index, constant);
        } else {
            self.emit(Instruction::ArrayLen { dst: Reg(length), array: Reg(array) });
            let out = self.emit(Instruction::JumpIfNot { cond: Reg(length), offset: JumpOffset(0) });
            let number = self.any_counter();
            self.emit(Instruction::Mod { dst: Reg(index), left: Reg(number), right: Reg(length) });
            self.index_into(array, index);
            return self.land(Open(out));
        }
        self.index_into(array, index);
    }

    pub(super) fn index_into(&mut self, array: u8, index: u8) {
        if one_in(self.u, 2) {
            let value = if one_in(self.u, 6) { self.any_register() } else { self.any_of(TypeId::Int) };
            self.emit(Instruction::ArraySet { array: Reg(array), index: Reg(index), value: Reg(value) });
        } else {
            let dst = self.any_of(TypeId::Empty);
            self.emit(Instruction::ArrayGet { dst: Reg(dst), array: Reg(array), index: Reg(index) });
        }
    }

    pub(super) fn insert(&mut self, dict: u8) {
        let key = self.key();
        let value = if one_in(self.u, 8) { self.any_register() } else { self.any_of(TypeId::Int) };
        self.emit(Instruction::DictSet { dict: Reg(dict), key: Reg(key), value: Reg(value) });
    }

    pub(super) fn look_up(&mut self) {
        let dict = self.any_of(TypeId::Dict);
        let key = self.key();
        if one_in(self.u, 3) {
            self.emit(Instruction::DictRemove { dict: Reg(dict), key: Reg(key) });
            return;
        }
        let dst = self.any_of(TypeId::Empty);
        self.emit(Instruction::DictGet { dst: Reg(dst), dict: Reg(dict), key: Reg(key) });
    }

    /// A register with a key: a constant, or made from a counter.
    pub(super) fn key(&mut self) -> u8 {
        let key = self.scratch[0];
        if one_in(self.u, 3) {
            let number = self.any_counter();
            self.load(key, Constant::String("k".to_owned()));
            self.emit(Instruction::ConcatStr { dst: Reg(key), left: Reg(key), right: Reg(number) });
        } else {
            let name = pick(self.u, &["a", "b", "k1", "", "é"]).copied().unwrap_or("a");
            self.load(key, Constant::String(name.to_owned()));
        }
        key
    }
}
