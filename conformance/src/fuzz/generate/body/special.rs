//! Work that a machine may do in a way of its own where it meets it often: writes to containers that several registers
//! hold, text that grows, arithmetic and comparisons with constants that allow short cuts, keys that several dicts share.

use machine_dialect_vm::{Constant, Instruction, JumpOffset, Reg, TypeId};

use super::Body;
use super::lines::Open;
use crate::fuzz::generate::choose::{choose, one_in, pick};

/// Divisors of ints: powers of two, their opposites, and others.
const INT_DIVISORS: [i64; 18] =
    [1, 2, 4, 8, 64, 1024, 1 << 32, 1 << 62, 3, 7, 10, 1009, i64::MAX, i64::MIN, -1, -2, -8, -7];
/// Ints at the ends of their range, and around zero.
const INT_EXTREMES: [i64; 9] =
    [i64::MIN, i64::MIN, i64::MIN + 7, i64::MAX, i64::MAX, i64::MAX - 1, -1, 0, 1 << 53];
/// The smallest normal float.
const NORMAL: f64 = f64::MIN_POSITIVE;
/// Divisors of floats: powers of two whose reciprocals are normal numbers, subnormal or infinite, and others.
const FLOAT_DIVISORS: [f64; 16] = [
    2.0,
    0.5,
    -4.0,
    1024.0,
    -0.125,
    NORMAL,
    4.0 / NORMAL,
    1.0 / NORMAL,
    -2.0 / NORMAL,
    5e-324,
    -1e-310,
    3.0,
    -7.0,
    0.1,
    1e308,
    f64::INFINITY,
];
/// Floats that lose digits where arithmetic is not exact.
const FLOAT_EXTREMES: [f64; 8] = [5e-324, -3e-310, NORMAL, 1e308, -0.0, 0.1, f64::INFINITY, f64::NAN];

impl Body<'_, '_, '_> {
    pub(super) fn special(&mut self) {
        match choose(self.u, 21) {
            0..=2 => self.write_to_shared_array(),
            3 => self.write_through_global(),
            4 => self.grow_text(),
            5 => self.divide_floats(),
            6..=7 => self.divide_ints(),
            8..=9 => self.compare_with_constant(),
            10 => self.share_keys(),
            11..=12 => self.call(),
            13 => self.tell_unset(),
            14..=16 => self.change_part(),
            17..=18 => self.change_global(),
            19 => self.pass_array(),
            _ => {
                let src = Reg(self.any_register());
                self.emit(Instruction::DebugPrint { src });
            }
        }
    }

    /// Makes a register part of the outcome to which nothing may have been written since the function began.
    pub(super) fn tell_unset(&mut self) {
        let src = Reg(self.any_of(TypeId::Empty));
        let name = self.constant(Constant::String("unset".to_owned()));
        self.emit(Instruction::StoreGlobal { src, name });
    }

    /// An array that is so long that it may be worth not to copy it.
    pub(super) fn long_array(&mut self, array: u8) {
        let lengths: &[i64] =
            if one_in(self.u, 8) { &[4095, 4096, 4100] } else { &[31, 32, 33, 40, 64, 100] };
        let length = pick(self.u, lengths).copied().unwrap_or(40);
        let size = self.scratch[0];
        self.load(size, Constant::Int(length));
        self.emit(Instruction::NewArray { dst: Reg(array), size: Reg(size) });
    }

    /// An array goes to another register, one of the two is written to, and the other may be read later or not.
    fn write_to_shared_array(&mut self) {
        let array = self.any_of(TypeId::Array);
        if one_in(self.u, 3) {
            self.long_array(array);
        }
        let other = if one_in(self.u, 3) { self.any_of(TypeId::Array) } else { self.any_of(TypeId::Empty) };
        self.emit(Instruction::Move { dst: Reg(other), src: Reg(array) });
        if one_in(self.u, 8) {
            let third = self.any_of(TypeId::Empty);
            self.emit(Instruction::Move { dst: Reg(third), src: Reg(array) });
        }
        let (written, kept) = if one_in(self.u, 2) { (array, other) } else { (other, array) };
        for _ in 0..=choose(self.u, 2) {
            self.write_inside(written);
        }
        match choose(self.u, 6) {
            0 | 1 => {
                self.emit(Instruction::Move { dst: Reg(kept), src: Reg(written) });
            }
            2 => {
                let (index, dst) = (self.scratch[1], self.any_of(TypeId::Empty));
                self.load(index, Constant::Int(0));
                let length = self.scratch[0];
                self.emit(Instruction::ArrayLen { dst: Reg(length), array: Reg(kept) });
                let is_empty = self.jump_if_not(length);
                self.emit(Instruction::ArrayGet { dst: Reg(dst), array: Reg(kept), index: Reg(index) });
                self.land(is_empty);
            }
            3 => self.load(kept, Constant::Int(0)),
            4 => {
                // What is counted between the write and the end of the other register tells whether both arrays are.
                let text = Reg(self.any_of(TypeId::String));
                if one_in(self.u, 2) {
                    self.emit(Instruction::ConcatStr { dst: text, left: text, right: text });
                } else {
                    self.emit(Instruction::Add { dst: text, left: text, right: text });
                }
                self.emit(Instruction::Move { dst: Reg(kept), src: Reg(written) });
                let short = self.value(TypeId::String);
                self.load(text.0, short);
            }
            _ => {}
        }
        if kept == array && one_in(self.u, 3) {
            self.emit(Instruction::Move { dst: Reg(array), src: Reg(written) });
        }
    }

    /// Writes an element of an array, or appends one.
    fn write_inside(&mut self, array: u8) {
        let [length, index, value] = self.scratch;
        self.emit(Instruction::ArrayLen { dst: Reg(length), array: Reg(array) });
        let value = match choose(self.u, 8) {
            0 => self.any_of(TypeId::Float),
            1 => self.any_of(TypeId::Bool),
            2 => self.any_of(TypeId::String),
            3 => {
                self.load(value, Constant::Bool(true));
                value
            }
            4 => {
                self.load(value, Constant::Float(0.5));
                value
            }
            _ => self.any_counter(),
        };
        if one_in(self.u, 4) {
            self.emit(Instruction::ArraySet { array: Reg(array), index: Reg(length), value: Reg(value) });
            return;
        }
        let is_empty = Open(self.emit(Instruction::JumpIfNot { cond: Reg(length), offset: JumpOffset(0) }));
        let number = self.any_counter();
        self.emit(Instruction::Mod { dst: Reg(index), left: Reg(number), right: Reg(length) });
        self.emit(Instruction::ArraySet { array: Reg(array), index: Reg(index), value: Reg(value) });
        self.land(is_empty);
    }

    /// A container is taken out of a global, written to, and put back.
    fn write_through_global(&mut self) {
        let array = self.any_of(TypeId::Array);
        let name = |body: &mut Self| body.constant(Constant::String("shared".to_owned()));
        let stored = name(self);
        self.emit(Instruction::StoreGlobal { src: Reg(array), name: stored });
        for _ in 0..=choose(self.u, 2) {
            let loaded = name(self);
            self.emit(Instruction::LoadGlobal { dst: Reg(array), name: loaded });
            self.write_inside(array);
            if !one_in(self.u, 4) {
                let stored = name(self);
                self.emit(Instruction::StoreGlobal { src: Reg(array), name: stored });
            }
        }
    }

    /// Text grows turn by turn, and numbers, bools and other text are what it grows by.
    fn grow_text(&mut self) {
        let text = self.any_of(TypeId::String);
        for _ in 0..=choose(self.u, 2) {
            let class = pick(self.u, &[TypeId::Int, TypeId::Float, TypeId::Bool, TypeId::Empty]).copied();
            let (dst, left, right) = (Reg(text), Reg(text), self.any_of(class.unwrap_or(TypeId::Int)));
            match choose(self.u, 4) {
                0 => {
                    let piece = self.scratch[0];
                    let constant = self.value(TypeId::String);
                    self.load(piece, constant);
                    self.emit(Instruction::Add { dst, left, right: Reg(piece) });
                }
                1 => {
                    let number = self.any_counter();
                    self.emit(Instruction::ConcatStr { dst, left: Reg(number), right: left });
                }
                2 => {
                    let other = self.any_of(TypeId::Empty);
                    self.emit(Instruction::Move { dst: Reg(other), src: left });
                    self.emit(Instruction::ConcatStr { dst, left, right: Reg(self.scratch[0]) });
                }
                _ => {
                    self.emit(Instruction::ConcatStr { dst, left, right: Reg(right) });
                }
            }
        }
        let length = self.any_of(TypeId::Int);
        self.emit(Instruction::StrLen { dst: Reg(length), r#str: Reg(text) });
        // What only grows fills the memory; what is forgotten each turn is never long.
        if one_in(self.u, 3) {
            let short = self.value(TypeId::String);
            self.load(text, short);
        } else {
            let [limit, is_short, _] = self.scratch;
            self.load(limit, Constant::Int(300));
            self.emit(Instruction::Lt { dst: Reg(is_short), left: Reg(length), right: Reg(limit) });
            let still = Open(self.emit(Instruction::JumpIf { cond: Reg(is_short), offset: JumpOffset(0) }));
            let short = self.value(TypeId::String);
            self.load(text, short);
            self.land(still);
        }
    }

    fn divide_floats(&mut self) {
        let dst = Reg(self.any_of(TypeId::Float));
        let mut left = Reg(self.any_of(TypeId::Float));
        if one_in(self.u, 3) {
            left = Reg(self.scratch[1]);
            let extreme = pick(self.u, &FLOAT_EXTREMES).copied().unwrap_or(1.0);
            self.load(left.0, Constant::Float(extreme));
            let number = self.any_counter();
            if one_in(self.u, 2) {
                self.emit(Instruction::Mul { dst: left, left, right: Reg(number) });
            }
        }
        let right = Reg(self.scratch[0]);
        let divisor = pick(self.u, &FLOAT_DIVISORS).copied().unwrap_or(2.0);
        self.load(right.0, Constant::Float(divisor));
        if one_in(self.u, 6) {
            self.emit(Instruction::Mul { dst, left, right });
        } else {
            self.emit(Instruction::Div { dst, left, right });
        }
        if one_in(self.u, 3) {
            let constant = pick(self.u, &[0.1, -1e10, 7.5]).copied().unwrap_or(0.1);
            self.load(right.0, Constant::Float(constant));
            self.emit(Instruction::Add { dst, left: dst, right });
        }
    }

    fn divide_ints(&mut self) {
        let [divisor, left, result] = self.scratch.map(Reg);
        match choose(self.u, 4) {
            0 => {
                let extreme = pick(self.u, &INT_EXTREMES).copied().unwrap_or(0);
                self.load(left.0, Constant::Int(extreme));
            }
            1 => {
                let number = self.any_of(TypeId::Int);
                self.emit(Instruction::Neg { dst: left, src: Reg(number) });
            }
            choice => {
                // From far below zero upward, or around zero.
                let start = if choice == 2 { i64::MIN + 100 } else { -40 };
                self.load(left.0, Constant::Int(start));
                let number = self.any_counter();
                self.emit(Instruction::Add { dst: left, left, right: Reg(number) });
            }
        }
        let constant = pick(self.u, &INT_DIVISORS).copied().unwrap_or(2);
        self.load(divisor.0, Constant::Int(constant));
        if one_in(self.u, 2) {
            self.emit(Instruction::Div { dst: result, left, right: divisor });
        } else {
            self.emit(Instruction::Mod { dst: result, left, right: divisor });
        }
        let dst = Reg(self.any_of(TypeId::Int));
        self.load(divisor.0, Constant::Int(1009));
        self.emit(Instruction::Mod { dst: result, left: result, right: divisor });
        self.emit(Instruction::Add { dst, left: dst, right: result });
        self.emit(Instruction::Mod { dst, left: dst, right: divisor });
    }

    /// A number is compared with a constant at the end of its range, on either side, for a jump or for the result.
    fn compare_with_constant(&mut self) {
        use Instruction::{Eq, Gt, Gte, Lt, Lte, Neq};
        let is_int = !one_in(self.u, 4);
        let mut number = Reg(if is_int { self.any_counter() } else { self.any_of(TypeId::Float) });
        let constant = Reg(self.scratch[0]);
        let extreme = |body: &mut Self| {
            if is_int && one_in(body.u, 3) {
                // One that a counter comes by.
                Constant::Int(choose(body.u, 40) as i64)
            } else if is_int && one_in(body.u, 2) {
                Constant::Int(if one_in(body.u, 2) { i64::MIN } else { i64::MAX })
            } else if is_int {
                Constant::Int(pick(body.u, &INT_EXTREMES).copied().unwrap_or(0))
            } else {
                Constant::Float(pick(body.u, &FLOAT_EXTREMES).copied().unwrap_or(0.0))
            }
        };
        if one_in(self.u, 3) {
            number = Reg(self.scratch[1]);
            let other = extreme(self);
            self.load(number.0, other);
            if is_int && one_in(self.u, 2) {
                let (turn, divisor) = (self.any_counter(), Reg(self.scratch[2]));
                self.load(divisor.0, Constant::Int(3));
                self.emit(Instruction::Mod { dst: divisor, left: Reg(turn), right: divisor });
                self.load(number.0, Constant::Int(i64::MAX - 2));
                self.emit(Instruction::Add { dst: number, left: number, right: divisor });
            }
        }
        let other = extreme(self);
        self.load(constant.0, other);
        let (left, right) = if one_in(self.u, 3) { (constant, number) } else { (number, constant) };
        let dst = Reg(self.any_of(TypeId::Bool));
        match choose(self.u, 8) {
            0 => self.emit(Eq { dst, left, right }),
            1 => self.emit(Neq { dst, left, right }),
            2 => self.emit(Lt { dst, left, right }),
            3 | 6 => self.emit(Gt { dst, left, right }),
            4 | 7 => self.emit(Lte { dst, left, right }),
            _ => self.emit(Gte { dst, left, right }),
        };
        if one_in(self.u, 2) {
            let name = format!("test{}", choose(self.u, 3));
            let name = self.constant(Constant::String(name));
            self.emit(Instruction::StoreGlobal { src: dst, name });
            return;
        }
        let skip = if one_in(self.u, 2) {
            self.jump_if_not(dst.0)
        } else {
            Open(self.emit(Instruction::JumpIf { cond: dst, offset: JumpOffset(0) }))
        };
        let (counted, one) = (Reg(self.any_of(TypeId::Int)), Reg(self.scratch[2]));
        self.load(one.0, Constant::Int(1));
        self.emit(Instruction::Add { dst: counted, left: counted, right: one });
        self.land(skip);
    }

    /// One string is a key of several dicts, which have it in different places, and of which some may be copies of others.
    fn share_keys(&mut self) {
        let dicts = self.of(TypeId::Dict);
        let key = self.key();
        if one_in(self.u, 4)
            && let Some(dict) = pick(self.u, &dicts).copied()
        {
            let other = self.any_of(TypeId::Dict);
            self.emit(Instruction::Move { dst: Reg(other), src: Reg(dict) });
        }
        for _ in 0..2 + choose(self.u, 4) {
            let dict = Reg(self.any_of(TypeId::Dict));
            match choose(self.u, 6) {
                0 => {
                    self.emit(Instruction::DictRemove { dict, key: Reg(key) });
                }
                1 | 2 => {
                    let dst = self.any_of(TypeId::Empty);
                    self.emit(Instruction::DictGet { dst: Reg(dst), dict, key: Reg(key) });
                }
                _ => {
                    let value = if one_in(self.u, 4) { self.any_register() } else { self.any_counter() };
                    self.emit(Instruction::DictSet { dict, key: Reg(key), value: Reg(value) });
                }
            }
        }
        if one_in(self.u, 6) {
            let dict = self.any_of(TypeId::Dict);
            self.emit(Instruction::DictNew { dst: Reg(dict) });
        }
    }
}
