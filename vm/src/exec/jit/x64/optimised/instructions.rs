//! Lowering of the instructions of an optimised loop.

use dynasmrt::{DynamicLabel, DynasmApi, DynasmLabelApi};

use super::super::emit::x64;
use super::{Lowering, RAX, low};
use crate::exec::jit::layout::{Layout, thin};
use crate::exec::optimise::{Arithmetic, ExitId, FloatArithmetic, Inst, Kind, Value};
use crate::exec::specialise::Test;
use crate::value::array::code;

impl Lowering<'_, '_> {
    pub(super) fn inst(&mut self, value: Value) {
        let inst = self.body.inst(value).clone();
        match inst {
            Inst::Arithmetic(operation, left, right, exit) => {
                self.arithmetic(value, operation, (left, right), exit)
            }
            Inst::Divide { left, right, is_remainder, exit } => {
                self.divide(value, left, right, is_remainder, exit)
            }
            Inst::Shift(left, shift) => self.shift(value, left, shift),
            Inst::Mask(left, mask) => self.mask(value, left, mask),
            Inst::Float2(operation, left, right) => self.floats(value, operation, left, right),
            Inst::NegateFloat(operand) => {
                let Some(to) = self.float_register(value) else { return };
                let sign = self.emitter.number(1 << 63);
                self.load_float(to, operand);
                low!(self ; movsd xmm1, [=>sign] ; xorps Rx(to), xmm1);
            }
            Inst::NotZero(operand, exit) => {
                let (register, exit, behind) =
                    (self.float(operand, 1), self.exit(exit), self.emitter.new_label());
                low!(self ; xorps xmm0, xmm0 ; ucomisd Rx(register), xmm0 ; jp =>behind ; je =>exit ; =>behind);
            }
            Inst::FloatOf(operand) => {
                let Some(to) = self.float_register(value) else { return };
                let from = self.int(operand, RAX);
                low!(self ; xorps Rx(to), Rx(to) ; cvtsi2sd Rx(to), Rq(from));
            }
            Inst::TestInts(test, left, right) => {
                match self.compare(test, left, right) {
                    Test::Eq => low!(self ; sete al),
                    Test::Ne => low!(self ; setne al),
                    Test::Lt => low!(self ; setl al),
                    Test::Le => low!(self ; setle al),
                    Test::Gt => low!(self ; setg al),
                    Test::Ge => low!(self ; setge al),
                }
                self.keep_bool(value);
            }
            Inst::TestFloats(test, left, right) => self.test_floats(value, test, left, right),
            Inst::Not(operand) => {
                self.load(RAX, operand);
                low!(self ; xor eax, 1);
                self.keep(value);
            }
            Inst::And(left, right) | Inst::Or(left, right) => {
                let behind = self.emitter.new_label();
                self.load(RAX, left);
                low!(self ; test eax, eax);
                if let Inst::And(..) = inst {
                    low!(self ; je =>behind);
                } else {
                    low!(self ; jne =>behind);
                }
                self.load(RAX, right);
                low!(self ; =>behind);
                self.keep(value);
            }
            Inst::Charge(steps, exit) => self.charge(steps, exit),
            Inst::Slot(_)
            | Inst::Param
            | Inst::Int(_)
            | Inst::Float(_)
            | Inst::Bool(_)
            | Inst::Codes(_)
            | Inst::Words(_)
            | Inst::Values(_) => {}
            Inst::Row { values, index, exit } => self.row(value, values, index, exit),
            Inst::Held(register, exit) => self.held(value, register, exit),
            Inst::Keep { register, row, exit } => self.keep_row(register, row, exit),
            Inst::LengthOf(row) => self.length_of(value, row),
            Inst::LoadRow { row, index, kind, exit } => {
                let exit = self.exit(exit);
                self.read_row(value, row, index, kind, exit);
            }
            Inst::StoreRow { row, index, value, holders, exit } => {
                self.write_row(row, (index, value), holders, exit);
            }
            Inst::Length(codes) => {
                if let (Some(to), Some(codes)) = (self.int_register(value), self.int_register(codes)) {
                    low!(self ; mov Rq(to), [Rq(codes) + thin::LENGTH]);
                }
            }
            Inst::Load { codes, words, index, kind, exit } => {
                let exit = self.exit(exit);
                let vectors = (self.int_register(codes), words.and_then(|words| self.int_register(words)));
                if let (Some(codes), words) = vectors {
                    self.read_element(value, (codes, words), index, kind, exit);
                }
            }
            Inst::Store { codes, words, index, value, exit } => {
                let exit = self.exit(exit);
                let vectors = (self.int_register(codes), words.and_then(|words| self.int_register(words)));
                if let (Some(codes), words) = vectors {
                    self.write_element((codes, words), index, value, exit);
                }
            }
        }
    }

    /// Puts what is in rax into the register of a value.
    fn keep(&mut self, value: Value) {
        if let Some(to) = self.int_register(value) {
            low!(self ; mov Rq(to), rax);
        }
    }

    /// The same for the bool in al.
    fn keep_bool(&mut self, value: Value) {
        if let Some(to) = self.int_register(value) {
            low!(self ; movzx Rd(to), al);
        }
    }

    fn arithmetic(
        &mut self,
        value: Value,
        operation: Arithmetic,
        (left, right): (Value, Value),
        exit: Option<ExitId>,
    ) {
        let Some(to) = self.int_register(value) else { return };
        // The second operand is a register, a small constant or in memory, if it can be.
        let is_awkward = |value| self.constant(value).is_some() && self.small_constant(value).is_none();
        let commutes = operation != Arithmetic::Sub;
        let is_swapped = commutes && (is_awkward(right) || self.int_register(right) == Some(to));
        let (left, right) = if is_swapped { (right, left) } else { (left, right) };
        let is_needed = exit.is_some_and(|exit| self.is_stored(exit, to));
        let is_in_the_way = self.int_register(right) == Some(to) && self.int_register(left) != Some(to);
        let at = if is_needed || is_in_the_way { RAX } else { to };
        let number = self.small_constant(right);
        if let (Arithmetic::Add, Some(number), Some(from), None) =
            (operation, number, self.int_register(left), exit)
            && from != to
        {
            low!(self ; lea Rq(to), [Rq(from) + number]);
            return;
        }
        if let (Arithmetic::Mul, Some(number)) = (operation, number) {
            let from = self.int(left, RAX);
            low!(self ; imul Rq(at), Rq(from), number);
        } else {
            self.load(at, left);
            let register = self.int_register(right);
            let place = self.in_frame(right);
            match (operation, register, number, place) {
                (Arithmetic::Add, Some(right), _, _) => low!(self ; add Rq(at), Rq(right)),
                (Arithmetic::Sub, Some(right), _, _) => low!(self ; sub Rq(at), Rq(right)),
                (Arithmetic::Mul, Some(right), _, _) => low!(self ; imul Rq(at), Rq(right)),
                (Arithmetic::Add, None, Some(number), _) => low!(self ; add Rq(at), number),
                (Arithmetic::Sub, None, Some(number), _) => low!(self ; sub Rq(at), number),
                (Arithmetic::Add, None, None, Some(place)) => low!(self ; add Rq(at), [rbx + place]),
                (Arithmetic::Sub, None, None, Some(place)) => low!(self ; sub Rq(at), [rbx + place]),
                (Arithmetic::Mul, None, None, Some(place)) => low!(self ; imul Rq(at), [rbx + place]),
                (Arithmetic::Mul, None, Some(_), _) | (_, None, None, None) => {}
            }
        }
        if let Some(exit) = exit {
            let exit = self.exit(exit);
            low!(self ; jo =>exit);
        }
        if at != to {
            low!(self ; mov Rq(to), rax);
        }
    }

    /// Quotient or remainder; see the JIT.
    fn divide(&mut self, value: Value, left: Value, right: Value, is_remainder: bool, exit: ExitId) {
        let (exit, done) = (self.exit(exit), self.emitter.new_label());
        self.load(1, right);
        self.load(RAX, left);
        let known = self.constant(right);
        if known.is_none_or(|number| number == 0 || number == -1) {
            let special = self.emitter.new_label();
            self.emitter.later(move |emitter| {
                x64!(emitter ; =>special ; test rcx, rcx ; jz =>exit ; neg rax);
                if !planted!("minus-one") {
                    x64!(emitter ; jo =>exit);
                }
                x64!(emitter ; xor edx, edx ; jmp =>done);
            });
            low!(self ; lea rdx, [rcx + 1] ; cmp rdx, 1 ; jbe =>special);
        }
        self.emitter.divide_rax(done);
        if is_remainder {
            low!(self ; mov rax, rdx);
        }
        self.keep(value);
    }

    /// Divides by a power of two, toward zero.
    fn shift(&mut self, value: Value, left: Value, shift: u8) {
        self.load(RAX, left);
        if shift > 0 {
            low!(self ; sar rax, 63 ; shr rax, (64 - shift) as i8);
            // What is below zero is brought up first.
            if let Some(left) = self.int_register(left) {
                low!(self ; add rax, Rq(left));
            } else if let Some(place) = self.in_frame(left) {
                low!(self ; add rax, [rbx + place]);
            } else if let Some(number) = self.small_constant(left) {
                low!(self ; add rax, number);
            }
            low!(self ; sar rax, shift as i8);
        }
        self.keep(value);
    }

    /// The remainder of a division by a power of two.
    fn mask(&mut self, value: Value, left: Value, mask: i64) {
        let bits = mask.count_ones() as i8;
        if bits == 0 {
            low!(self ; xor eax, eax);
        } else {
            self.load(1, left);
            low!(self ; mov rax, rcx ; sar rcx, 63 ; shr rcx, 64 - bits ; add rax, rcx);
            match i32::try_from(mask) {
                Ok(mask) => low!(self ; and rax, mask),
                Err(_) => low!(self ; mov rdx, QWORD mask ; and rax, rdx),
            }
            low!(self ; sub rax, rcx);
        }
        self.keep(value);
    }

    fn read_element(
        &mut self,
        value: Value,
        (codes, words): (u8, Option<u8>),
        index: Value,
        kind: Kind,
        exit: DynamicLabel,
    ) {
        let Some(words) = words else { return self.read_bool(value, codes, index, exit) };
        let at = self.expect_code(codes, index, kind, exit);
        if let Some(to) = self.float_register(value) {
            low!(self ; movsd Rx(to), [Rq(words) + Rq(at) * 8 + thin::ITEMS]);
        } else if let Some(to) = self.int_register(value) {
            low!(self ; mov Rq(to), [Rq(words) + Rq(at) * 8 + thin::ITEMS]);
        }
    }

    /// Reads an element of an array that is an element.
    fn read_row(&mut self, value: Value, row: Value, index: Value, kind: Kind, exit: DynamicLabel) {
        let Layout { codes, words, .. } = *self.emitter.layout;
        let Some(row) = self.int_register(row) else { return };
        low!(self ; mov rdx, [Rq(row) + codes]);
        if kind == Kind::Bool {
            return self.read_bool(value, 2, index, exit);
        }
        let at = self.expect_code(2, index, kind, exit);
        low!(self ; mov rdx, [Rq(row) + words]);
        if let Some(to) = self.float_register(value) {
            low!(self ; movsd Rx(to), [rdx + Rq(at) * 8 + thin::ITEMS]);
        } else if let Some(to) = self.int_register(value) {
            low!(self ; mov Rq(to), [rdx + Rq(at) * 8 + thin::ITEMS]);
        }
    }

    /// Leaves unless there is an element of that index, and puts the index into a register.
    fn expect_element(&mut self, codes: u8, index: Value, exit: DynamicLabel) -> u8 {
        let at = self.int(index, RAX);
        // An index below zero is beyond all as a number without sign.
        if !planted!("optimise-bound") {
            low!(self ; cmp Rq(at), [Rq(codes) + thin::LENGTH] ; jae =>exit);
        }
        at
    }

    /// The same, and leaves unless the element is a number of that kind.
    fn expect_code(&mut self, codes: u8, index: Value, kind: Kind, exit: DynamicLabel) -> u8 {
        let at = self.expect_element(codes, index, exit);
        let wanted = if kind == Kind::Float { code::FLOAT } else { code::INT };
        low!(self ; cmp BYTE [Rq(codes) + Rq(at) + thin::ITEMS], wanted as i8 ; jne =>exit);
        at
    }

    fn read_bool(&mut self, value: Value, codes: u8, index: Value, exit: DynamicLabel) {
        let at = self.expect_element(codes, index, exit);
        low!(self
            ; movzx eax, BYTE [Rq(codes) + Rq(at) + thin::ITEMS]
            ; and eax, !(1 << code::TRUTH)
            ; cmp eax, code::FALSE as i32
            ; jne =>exit
        );
        let at = self.int(index, RAX);
        low!(self ; movzx eax, BYTE [Rq(codes) + Rq(at) + thin::ITEMS] ; shr eax, code::TRUTH as i8);
        self.keep(value);
    }

    /// Writes a scalar over an element, or appends it where there is room.
    fn write_element(
        &mut self,
        (codes, words): (u8, Option<u8>),
        index: Value,
        value: Value,
        exit: DynamicLabel,
    ) {
        let at = self.int(index, 1);
        let (write, beyond) = (self.emitter.new_label(), self.emitter.new_label());
        let writes_rows = self.writes_rows;
        low!(self ; cmp Rq(at), [Rq(codes) + thin::LENGTH] ; jae =>beyond);
        self.emitter.later(move |emitter| {
            x64!(emitter
                ; =>beyond
                ; cmp Rq(at), [Rq(codes) + thin::LENGTH]
                ; jne =>exit
                ; cmp Rq(at), [Rq(codes) + thin::CAPACITY]
                ; jae =>exit
            );
            let Some(words) = words.filter(|_| !writes_rows) else {
                x64!(emitter ; jmp =>exit);
                return;
            };
            x64!(emitter
                ; cmp Rq(at), [Rq(words) + thin::LENGTH]
                ; jne =>exit
                ; cmp Rq(at), [Rq(words) + thin::CAPACITY]
                ; jae =>exit
            );
            emitter.charge_element(exit);
            x64!(emitter
                ; inc QWORD [Rq(codes) + thin::LENGTH]
                ; inc QWORD [Rq(words) + thin::LENGTH]
                ; jmp =>write
            );
        });
        let Some(words) = words else {
            low!(self ; =>write);
            if let Some(value) = self.constant(value) {
                let code = if value == 0 { code::FALSE } else { code::TRUE };
                low!(self ; mov BYTE [Rq(codes) + Rq(at) + thin::ITEMS], code as i8);
            } else {
                self.load(RAX, value);
                low!(self
                    ; and eax, 1
                    ; shl eax, code::TRUTH as i8
                    ; or eax, code::FALSE as i32
                    ; mov [Rq(codes) + Rq(at) + thin::ITEMS], al
                );
            }
            return;
        };
        // While no element was ever a number there are no words.
        low!(self ; cmp Rq(at), [Rq(words) + thin::LENGTH] ; jae =>exit ; =>write);
        let code = if self.body.kind(value) == Kind::Float {
            let value = self.float(value, 0);
            low!(self ; movsd [Rq(words) + Rq(at) * 8 + thin::ITEMS], Rx(value));
            code::FLOAT
        } else {
            let value = self.int(value, RAX);
            low!(self ; mov [Rq(words) + Rq(at) * 8 + thin::ITEMS], Rq(value));
            code::INT
        };
        low!(self ; mov BYTE [Rq(codes) + Rq(at) + thin::ITEMS], code as i8);
    }

    fn floats(&mut self, value: Value, operation: FloatArithmetic, left: Value, right: Value) {
        let Some(to) = self.float_register(value) else { return };
        let is_in_the_way = self.float_register(right) == Some(to) && self.float_register(left) != Some(to);
        let at = if is_in_the_way { 0 } else { to };
        let right = self.float(right, 1);
        self.load_float(at, left);
        match operation {
            FloatArithmetic::Add => low!(self ; addsd Rx(at), Rx(right)),
            FloatArithmetic::Sub => low!(self ; subsd Rx(at), Rx(right)),
            FloatArithmetic::Mul => low!(self ; mulsd Rx(at), Rx(right)),
            FloatArithmetic::Div => low!(self ; divsd Rx(at), Rx(right)),
        }
        if at != to {
            low!(self ; movaps Rx(to), Rx(at));
        }
    }

    fn test_floats(&mut self, value: Value, test: Test, left: Value, right: Value) {
        let (left, right) = (self.float(left, 0), self.float(right, 1));
        match test {
            Test::Lt | Test::Le => low!(self ; ucomisd Rx(right), Rx(left)),
            Test::Eq | Test::Ne | Test::Gt | Test::Ge => low!(self ; ucomisd Rx(left), Rx(right)),
        }
        let behind = self.emitter.new_label();
        match test {
            Test::Lt | Test::Gt => low!(self ; seta al),
            Test::Le | Test::Ge => low!(self ; setae al),
            // What has no order is known by the parity flag.
            Test::Eq => low!(self ; sete al ; jnp =>behind ; xor eax, eax ; =>behind),
            Test::Ne => low!(self ; setne al ; jnp =>behind ; mov eax, 1 ; =>behind),
        }
        self.keep_bool(value);
    }
}
