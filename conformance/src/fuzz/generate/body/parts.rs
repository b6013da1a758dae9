//! Changes of what something else holds, too: parts of containers that are got, changed and set; arrays in globals that are loaded, changed
//! and stored; arrays that a function takes and its caller gives up. Some of what makes such a change unseen is left out at times.

use machine_dialect_vm::{Constant, Instruction, Reg, TypeId};

use super::Body;
use super::lines::registers;
use crate::fuzz::generate::choose::{choose, one_in, pick};

/// What leads to a part.
#[derive(Clone, Copy)]
enum Key {
    Index(i64),
    Name(&'static str),
}

impl Body<'_, '_, '_> {
    /// An array is put into one container or two, which may stand in a global, and is changed there.
    pub(super) fn change_part(&mut self) {
        let inner = self.any_of(TypeId::Array);
        let outer = if one_in(self.u, 3) { self.any_of(TypeId::Dict) } else { self.any_of(TypeId::Array) };
        let is_dict = self.of(TypeId::Dict).contains(&outer);
        if outer == inner {
            return self.change_global();
        }
        self.array_of(inner);
        let key = if is_dict { Key::Name("p") } else { Key::Index(choose(self.u, 2) as i64) };
        self.container(outer, key, inner);
        if one_in(self.u, 8) {
            self.set_part(outer, if is_dict { Key::Name("q") } else { Key::Index(1) }, inner);
        }
        if !one_in(self.u, 3) {
            self.load(inner, Constant::Int(0));
        }
        let mut path = vec![(outer, key)];
        if one_in(self.u, 3) {
            let top = self.any_of(TypeId::Empty);
            self.container(top, Key::Index(0), outer);
            self.load(outer, Constant::Int(0));
            path.insert(0, (top, Key::Index(0)));
        }
        let global = one_in(self.u, 2).then(|| pick(self.u, &["list", "loose"]).copied().unwrap_or("list"));
        if let Some(name) = global {
            self.store(path[0].0, name);
            if !one_in(self.u, 3) {
                self.load(path[0].0, Constant::Int(0));
            }
        }
        for _ in 0..=choose(self.u, 3) {
            self.through(&path, global);
        }
        // What registers of arrays hold are arrays of numbers.
        self.array_of(inner);
        if !is_dict {
            self.array_of(outer);
        }
    }

    /// Gets a part along a path, changes it, and sets everything on the way back.
    fn through(&mut self, path: &[(u8, Key)], global: Option<&str>) {
        let part = if one_in(self.u, 3) { self.any_of(TypeId::Array) } else { self.any_of(TypeId::Empty) };
        if path.iter().any(|(register, _)| *register == part) {
            return;
        }
        if let Some(name) = global {
            let name = self.constant(Constant::String(name.to_owned()));
            self.emit(Instruction::LoadGlobal { dst: Reg(path[0].0), name });
        }
        for (place, (container, key)) in path.iter().enumerate() {
            let dst = path.get(place + 1).map_or(part, |(next, _)| *next);
            self.get_part(dst, *container, *key);
        }
        for _ in 0..=choose(self.u, 2) {
            let index = Key::Index(choose(self.u, 3) as i64);
            let value = if one_in(self.u, 8) { self.any_register() } else { self.any_counter() };
            self.set_part(part, index, value);
            self.between();
        }
        let mut value = part;
        for (container, key) in path.iter().rev() {
            if !one_in(self.u, 12) {
                self.set_part(*container, *key, value);
            }
            self.between();
            value = *container;
        }
        if let Some(name) = global.filter(|_| !one_in(self.u, 12)) {
            self.store(value, name);
        }
    }

    /// An array in a global is changed, with other loads of it around: two of its elements change places, or one is written.
    pub(super) fn change_global(&mut self) {
        let array = self.any_of(TypeId::Array);
        if one_in(self.u, 3) {
            self.array_of(array);
            self.store(array, "list");
        } else {
            self.store(array, "list");
            self.array_of(array);
        }
        for _ in 0..=choose(self.u, 3) {
            let (one, other) = (self.any_of(TypeId::Array), self.any_of(TypeId::Empty));
            let element = self.any_of(TypeId::Int);
            let index = Key::Index(choose(self.u, 2) as i64);
            for register in [one, other] {
                let name = self.constant(Constant::String("list".to_owned()));
                self.emit(Instruction::LoadGlobal { dst: Reg(register), name });
            }
            if one_in(self.u, 2) {
                self.get_part(element, other, index);
            }
            let written = if one_in(self.u, 3) { other } else { one };
            for _ in 0..=choose(self.u, 2) {
                let index = Key::Index(choose(self.u, 2) as i64);
                let value = self.any_counter();
                self.set_part(written, index, value);
                self.between();
            }
            if !one_in(self.u, 8) {
                self.store(written, "list");
            }
            if one_in(self.u, 3) {
                self.load(other, Constant::Int(0));
            }
        }
    }

    /// Calls a function with an array that the caller does not read again, or does.
    pub(super) fn pass_array(&mut self) {
        let takes_array = |index: &usize| self.signatures[*index].takes.contains(&TypeId::Array);
        let callees: Vec<usize> = (self.index + 1..self.signatures.len()).filter(takes_array).collect();
        let Some(callee) = pick(self.u, &callees).copied() else { return self.change_part() };
        let signature = &self.signatures[callee];
        let array = self.any_of(TypeId::Array);
        if one_in(self.u, 2) {
            self.array_of(array);
        }
        let passed = if one_in(self.u, 2) { self.any_of(TypeId::Empty) } else { array };
        if passed != array {
            self.emit(Instruction::Move { dst: Reg(passed), src: Reg(array) });
        }
        let takes = signature.takes.clone();
        let mut args = Vec::new();
        for class in &takes {
            args.push(if *class == TypeId::Array { passed } else { self.any_of(*class) });
        }
        let [function, _, number] = self.scratch;
        if signature.depth > 0 {
            self.load(number, Constant::Int(2));
            args[0] = number;
        }
        self.load(function, Constant::String(signature.name.clone()));
        let gives = signature.gives;
        let dst = if one_in(self.u, 4) { passed } else { self.write_to(gives) };
        self.emit(Instruction::Call { func: Reg(function), dst: Reg(dst), args: registers(&args) });
        for register in [array, passed] {
            if !one_in(self.u, 4) {
                self.array_of(register);
            }
        }
    }

    /// An array of some numbers.
    fn array_of(&mut self, array: u8) {
        let size = self.scratch[0];
        let length = pick(self.u, &[3, 3, 4, 8, 33]).copied().unwrap_or(3);
        self.load(size, Constant::Int(length));
        self.emit(Instruction::NewArray { dst: Reg(array), size: Reg(size) });
        if one_in(self.u, 2) {
            self.set_part(array, Key::Index(1), size);
        }
    }

    /// A container that holds a value.
    fn container(&mut self, container: u8, key: Key, value: u8) {
        match key {
            Key::Index(_) => {
                let size = self.scratch[0];
                self.load(size, Constant::Int(2));
                self.emit(Instruction::NewArray { dst: Reg(container), size: Reg(size) });
            }
            Key::Name(_) => _ = self.emit(Instruction::DictNew { dst: Reg(container) }),
        }
        self.set_part(container, key, value);
    }

    fn load_key(&mut self, key: Key) -> Reg {
        let register = self.scratch[choose(self.u, 2)];
        match key {
            Key::Index(index) => self.load(register, Constant::Int(index)),
            Key::Name(name) => self.load(register, Constant::String(name.to_owned())),
        }
        Reg(register)
    }

    fn get_part(&mut self, dst: u8, container: u8, key: Key) {
        let register = self.load_key(key);
        match key {
            Key::Index(_) => {
                self.emit(Instruction::ArrayGet { dst: Reg(dst), array: Reg(container), index: register })
            }
            Key::Name(_) => {
                self.emit(Instruction::DictGet { dst: Reg(dst), dict: Reg(container), key: register })
            }
        };
    }

    fn set_part(&mut self, container: u8, key: Key, value: u8) {
        let register = self.load_key(key);
        let (container, value) = (Reg(container), Reg(value));
        match key {
            Key::Index(_) => self.emit(Instruction::ArraySet { array: container, index: register, value }),
            Key::Name(_) => self.emit(Instruction::DictSet { dict: container, key: register, value }),
        };
    }

    fn store(&mut self, src: u8, name: &str) {
        let name = self.constant(Constant::String(name.to_owned()));
        self.emit(Instruction::StoreGlobal { src: Reg(src), name });
    }

    /// Something between a write and what makes it unseen, or nothing.
    fn between(&mut self) {
        match choose(self.u, 20) {
            0 => {
                let (dst, src) = (Reg(self.any_of(TypeId::Empty)), Reg(self.any_register()));
                self.emit(Instruction::Move { dst, src });
            }
            1 => {
                let (dst, left) = (Reg(self.any_of(TypeId::Int)), Reg(self.any_counter()));
                self.emit(Instruction::Add { dst, left, right: left });
            }
            2 => {
                let name = self.constant(Constant::String("list".to_owned()));
                let dst = Reg(self.any_of(TypeId::Empty));
                self.emit(Instruction::LoadGlobal { dst, name });
            }
            3 => {
                let src = self.any_register();
                self.store(src, "loose");
            }
            4 => {
                let (dst, array) = (self.any_of(TypeId::Empty), self.any_of(TypeId::Array));
                self.get_part(dst, array, Key::Index(0));
            }
            5 => {
                let (array, value) = (self.any_of(TypeId::Array), self.any_register());
                self.set_part(array, Key::Index(0), value);
            }
            6 => {
                let (dst, array) = (self.scratch[2], Reg(self.any_of(TypeId::Array)));
                self.emit(Instruction::ArrayLen { dst: Reg(dst), array });
            }
            7 => {
                let text = Reg(self.any_of(TypeId::String));
                self.emit(Instruction::ConcatStr { dst: text, left: text, right: text });
                let short = self.value(TypeId::String);
                self.load(text.0, short);
            }
            8 => {
                let (dst, value) = (self.any_register(), self.value(TypeId::Int));
                self.load(dst, value);
            }
            _ => {}
        }
    }
}
