//! What each instruction of fast code becomes.

use dynasmrt::{DynasmApi, DynasmLabelApi};

use super::cache::{Cache, Tag};
use super::containers::Scalar;
use super::control::Relation;
use super::emit::{Emitter, Place, Why, at, payload, x64};
use super::layout::tag;
use super::numbers::{FloatOperation, IntOperation};
use crate::interpreter::fast::code::{Fast, Slot};
use crate::interpreter::fast::state::Kind;

impl Emitter<'_> {
    /// Makes the code of an instruction, which is none of those that are two.
    pub(super) fn instruction(&mut self, op: Fast) {
        use FloatOperation as F;
        use IntOperation as I;
        use Relation as R;
        match op {
            Fast::Goto { to } => {
                let to = self.to(to);
                x64!(self ; jmp =>to);
            }
            Fast::Jump { to, steps } => self.jump(to, steps),
            Fast::Charge { steps } => self.charge(steps),
            Fast::Leave => {
                let leave = self.leave(Why::Leave);
                x64!(self ; jmp =>leave);
            }
            Fast::Move { dst, src } if dst == src => {}
            Fast::Move { dst, src } => {
                self.take_copy(src);
                let tag = self.cache.tag(src);
                self.assign(Place::Slot(dst));
                self.cache.set_tag(dst, tag);
            }
            Fast::MoveInt { dst, src } => {
                let from = self.int(src);
                let to = self.cache.take_int();
                x64!(self ; mov Rq(to), Rq(from));
                self.write_int(dst, to);
            }
            Fast::MoveFloat { dst, src } => {
                let from = self.float(src);
                let to = self.cache.take_float();
                x64!(self ; movaps Rx(to), Rx(from));
                self.write_float(dst, to);
            }
            Fast::MoveScalar { dst, src } => {
                let tag = self.cache.tag(src);
                x64!(self
                    ; mov rax, [rbx + at(src)]
                    ; mov rcx, [rbx + payload(src)]
                    ; mov [rbx + at(dst)], rax
                    ; mov [rbx + payload(dst)], rcx
                );
                self.cache.wrote(dst, if tag == Tag::Unknown { Tag::Scalar } else { tag });
            }
            Fast::Swap { a, b } => self.swap(a, b),
            Fast::LoadConst { dst, constant } => {
                let constant = &self.program.constants[usize::from(constant)];
                let tag = self.load_constant(constant);
                self.assign(Place::Slot(dst));
                self.cache.set_tag(dst, tag);
            }
            Fast::PutBool { dst, value } => {
                x64!(self ; mov eax, tag::BOOL ; mov ecx, i32::from(value));
                self.assign(Place::Slot(dst));
                self.cache.set_tag(dst, Tag::Is(tag::BOOL));
            }
            Fast::LoadInt { dst, value } => {
                let to = self.cache.take_int();
                match i32::try_from(value) {
                    Ok(value) => x64!(self ; mov Rq(to), value),
                    Err(_) => x64!(self ; mov Rq(to), QWORD value),
                }
                self.write_int(dst, to);
            }
            Fast::LoadFloat { dst, value } => {
                let number = self.number(value.to_bits());
                let to = self.cache.take_float();
                x64!(self ; movsd Rx(to), [=>number]);
                self.write_float(dst, to);
            }
            Fast::LoadBool { dst, value } => {
                x64!(self ; mov eax, i32::from(value));
                self.write_bool(dst);
            }
            Fast::Guard { slot, kind } => match kind {
                Kind::Any => {}
                Kind::Free => self.guard_free(slot),
                Kind::Scalar => {
                    let exit = self.leave(Why::Exit);
                    x64!(self ; cmp QWORD [rbx + at(slot)], tag::LAST_SCALAR ; ja =>exit);
                }
                Kind::Bool => self.expect(slot, tag::BOOL),
                Kind::Int => self.expect(slot, tag::INT),
                Kind::Float => self.expect(slot, tag::FLOAT),
            },
            Fast::GuardInt { slot } => self.expect(slot, tag::INT),
            Fast::GuardFloat { slot } => self.expect(slot, tag::FLOAT),
            Fast::GuardBool { slot } => self.expect(slot, tag::BOOL),
            Fast::GuardFunction { slot, function } => {
                let exit = self.leave(Why::Exit);
                x64!(self ; mov rdi, r15 ; lea rsi, [rbx + at(slot)] ; mov edx, function as i32);
                self.call(super::help::names as *const ());
                x64!(self ; test eax, eax ; jz =>exit);
                self.cache.lose_registers();
            }
            Fast::AddInt { dst, left, right } => self.ints(I::Add, dst, left, right),
            Fast::SubInt { dst, left, right } => self.ints(I::Sub, dst, left, right),
            Fast::MulInt { dst, left, right } => self.ints(I::Mul, dst, left, right),
            Fast::DivInt { dst, left, right } => self.divide(dst, left, right, false),
            Fast::ModInt { dst, left, right } => self.divide(dst, left, right, true),
            Fast::AddIntConst { dst, left, right } => self.int_and_constant(I::Add, dst, left, right),
            Fast::SubConstInt { dst, left, right } => self.constant_minus_int(dst, left, right),
            Fast::MulIntConst { dst, left, right } => self.int_and_constant(I::Mul, dst, left, right),
            Fast::DivIntConst { dst, left, right } => self.divide_by_constant(dst, left, right, false),
            Fast::ModIntConst { dst, left, right } => self.divide_by_constant(dst, left, right, true),
            Fast::DivIntShift { dst, left, shift } => self.shift(dst, left, shift),
            Fast::ModIntMask { dst, left, mask } => self.mask(dst, left, mask),
            Fast::AddFloat { dst, left, right } => self.floats(F::Add, dst, left, right),
            Fast::SubFloat { dst, left, right } => self.floats(F::Sub, dst, left, right),
            Fast::MulFloat { dst, left, right } => self.floats(F::Mul, dst, left, right),
            Fast::DivFloat { dst, left, right } => {
                self.expect_not_zero(right);
                self.floats(F::Div, dst, left, right);
            }
            Fast::AddFloatConst { dst, left, right } => self.float_and_constant(F::Add, dst, left, right),
            Fast::SubConstFloat { dst, left, right } => self.constant_and_float(F::Sub, dst, left, right),
            Fast::MulFloatConst { dst, left, right } => self.float_and_constant(F::Mul, dst, left, right),
            Fast::DivFloatConst { dst, left, right } => self.float_and_constant(F::Div, dst, left, right),
            Fast::DivConstFloat { dst, left, right } => {
                self.expect_not_zero(right);
                self.constant_and_float(F::Div, dst, left, right);
            }
            Fast::AddMixed { dst, left, right } => self.mixed(F::Add, dst, left, right),
            Fast::SubMixed { dst, left, right } => self.mixed(F::Sub, dst, left, right),
            Fast::MulMixed { dst, left, right } => self.mixed(F::Mul, dst, left, right),
            Fast::DivMixed { dst, left, right } => self.mixed(F::Div, dst, left, right),
            Fast::NegInt { dst, src } => self.negate_int(dst, src),
            Fast::NegFloat { dst, src } => self.negate_float(dst, src),
            Fast::IfEqString { left, right, to } => self.if_strings(left, right, to, true),
            Fast::IfNeString { left, right, to } => self.if_strings(left, right, to, false),
            Fast::IfEqStringConst { left, right, to } => self.if_string_is(left, right, to, true),
            Fast::IfNeStringConst { left, right, to } => self.if_string_is(left, right, to, false),
            Fast::IfEqInt { left, right, to } => self.if_ints(R::Eq, left, right, to),
            Fast::IfNeInt { left, right, to } => self.if_ints(R::Ne, left, right, to),
            Fast::IfLtInt { left, right, to } => self.if_ints(R::Lt, left, right, to),
            Fast::IfLeInt { left, right, to } => self.if_ints(R::Le, left, right, to),
            Fast::IfEqIntConst { left, to, right } => self.if_int_and_constant(R::Eq, left, right, to),
            Fast::IfNeIntConst { left, to, right } => self.if_int_and_constant(R::Ne, left, right, to),
            Fast::IfLtIntConst { left, to, right } => self.if_int_and_constant(R::Lt, left, right, to),
            Fast::IfGeIntConst { left, to, right } => self.if_int_and_constant(R::Ge, left, right, to),
            Fast::IfEqFloat { left, right, to } => self.if_floats(R::Eq, true, left, right, to),
            Fast::IfNeFloat { left, right, to } => self.if_floats(R::Eq, false, left, right, to),
            Fast::IfLtFloat { left, right, to } => self.if_floats(R::Lt, true, left, right, to),
            Fast::IfNotLtFloat { left, right, to } => self.if_floats(R::Lt, false, left, right, to),
            Fast::IfLeFloat { left, right, to } => self.if_floats(R::Le, true, left, right, to),
            Fast::IfNotLeFloat { left, right, to } => self.if_floats(R::Le, false, left, right, to),
            Fast::IfEqFloatConst { left, to, right } => {
                self.if_float_and_constant(R::Eq, true, left, right, to)
            }
            Fast::IfNeFloatConst { left, to, right } => {
                self.if_float_and_constant(R::Eq, false, left, right, to)
            }
            Fast::IfLtFloatConst { left, to, right } => {
                self.if_float_and_constant(R::Lt, true, left, right, to)
            }
            Fast::IfNotLtFloatConst { left, to, right } => {
                self.if_float_and_constant(R::Lt, false, left, right, to);
            }
            Fast::IfLeFloatConst { left, to, right } => {
                self.if_float_and_constant(R::Le, true, left, right, to)
            }
            Fast::IfNotLeFloatConst { left, to, right } => {
                self.if_float_and_constant(R::Le, false, left, right, to);
            }
            Fast::IfGtFloatConst { left, to, right } => {
                self.if_float_and_constant(R::Gt, true, left, right, to)
            }
            Fast::IfNotGtFloatConst { left, to, right } => {
                self.if_float_and_constant(R::Gt, false, left, right, to);
            }
            Fast::IfGeFloatConst { left, to, right } => {
                self.if_float_and_constant(R::Ge, true, left, right, to)
            }
            Fast::IfNotGeFloatConst { left, to, right } => {
                self.if_float_and_constant(R::Ge, false, left, right, to);
            }
            Fast::LoopEqInt { left, right, to, steps } => self.turn(R::Eq, left, right, to, steps),
            Fast::LoopNeInt { left, right, to, steps } => self.turn(R::Ne, left, right, to, steps),
            Fast::LoopLtInt { left, right, to, steps } => self.turn(R::Lt, left, right, to, steps),
            Fast::LoopLeInt { left, right, to, steps } => self.turn(R::Le, left, right, to, steps),
            Fast::LoopEqIntConst { left, steps, to, right } => self.turn_at(R::Eq, left, right, to, steps),
            Fast::LoopNeIntConst { left, steps, to, right } => self.turn_at(R::Ne, left, right, to, steps),
            Fast::LoopLtIntConst { left, steps, to, right } => self.turn_at(R::Lt, left, right, to, steps),
            Fast::LoopGeIntConst { left, steps, to, right } => self.turn_at(R::Ge, left, right, to, steps),
            Fast::CountLtInt { counter, right, step, steps, to } => {
                self.count(R::Lt, counter, step.into(), right, to, steps);
            }
            Fast::CountLeInt { counter, right, step, steps, to } => {
                self.count(R::Le, counter, step.into(), right, to, steps);
            }
            Fast::CountLtIntConst { counter, step, steps, to, right } => {
                self.count(R::Lt, counter, step.into(), right, to, steps);
            }
            Fast::CountGeIntConst { counter, step, steps, to, right } => {
                self.count(R::Ge, counter, step.into(), right, to, steps);
            }
            Fast::StepLtInt { counter, step, right, steps, to } => {
                self.count(R::Lt, counter, step.into(), right, to, steps);
            }
            Fast::StepLeInt { counter, step, right, steps, to } => {
                self.count(R::Le, counter, step.into(), right, to, steps);
            }
            Fast::IfBoth { left, right, to } => self.if_two(left, right, true, true, to),
            Fast::IfNotBoth { left, right, to } => self.if_two(left, right, true, false, to),
            Fast::IfEither { left, right, to } => self.if_two(left, right, false, true, to),
            Fast::IfNeither { left, right, to } => self.if_two(left, right, false, false, to),
            Fast::TestEqInt { dst, left, right } => self.test_ints(R::Eq, dst, left, right),
            Fast::TestNeInt { dst, left, right } => self.test_ints(R::Ne, dst, left, right),
            Fast::TestLtInt { dst, left, right } => self.test_ints(R::Lt, dst, left, right),
            Fast::TestLeInt { dst, left, right } => self.test_ints(R::Le, dst, left, right),
            Fast::TestEqIntConst { dst, left, right } => self.test_int_and_constant(R::Eq, dst, left, right),
            Fast::TestNeIntConst { dst, left, right } => self.test_int_and_constant(R::Ne, dst, left, right),
            Fast::TestLtIntConst { dst, left, right } => self.test_int_and_constant(R::Lt, dst, left, right),
            Fast::TestGeIntConst { dst, left, right } => self.test_int_and_constant(R::Ge, dst, left, right),
            Fast::TestFloat { test, dst, left, right } => {
                let (left, right) = (self.float(left), self.float(right));
                self.test_floats(test, dst, left, right);
            }
            Fast::TestFloatConst { test, dst, left, right } => {
                let left = self.float(left);
                let number = self.number(right.to_bits());
                x64!(self ; movsd xmm0, [=>number]);
                self.test_floats(test, dst, left, 0);
            }
            Fast::And { dst, left, right } => self.two(dst, left, right, true),
            Fast::Or { dst, left, right } => self.two(dst, left, right, false),
            Fast::Not { dst, src } => {
                self.truth(src);
                x64!(self ; xor eax, 1);
                self.write_bool(dst);
            }
            Fast::IfTrueBool { slot, to } | Fast::IfTrue { slot, to } => self.if_true(slot, true, to),
            Fast::IfFalseBool { slot, to } | Fast::IfFalse { slot, to } => self.if_true(slot, false, to),
            Fast::Join { dst, left, right } => self.join(dst, left, right),
            Fast::IntText { dst, src } => self.int_text(dst, src),
            Fast::Plain { .. } => {
                let stopped = self.leave(Why::Stopped);
                x64!(self ; mov rdi, r15 ; mov esi, self.place as i32 ; mov rdx, rbx);
                self.call(super::help::plain as *const ());
                x64!(self ; test eax, eax ; jnz =>stopped);
                self.cache = Cache::EMPTY;
            }
            Fast::StrLen { dst, string } => self.string_length(dst, string),
            Fast::LoadGlobal { dst, name } => self.load_global(dst, name),
            Fast::StoreGlobal { src, name } => {
                self.take_copy(src);
                self.assign(Place::Global(name.0));
            }
            Fast::ArrayGet { dst, array, index } => self.array_get(dst, array, index.into(), None),
            Fast::ArrayGetConst { dst, array, index } => self.array_get(dst, array, index.into(), None),
            Fast::ArrayGetBool { dst, array, index } => {
                self.array_get(dst, array, index.into(), Some(tag::BOOL))
            }
            Fast::ArrayGetInt { dst, array, index } => {
                self.array_get(dst, array, index.into(), Some(tag::INT))
            }
            Fast::ArrayGetFloat { dst, array, index } => {
                self.array_get(dst, array, index.into(), Some(tag::FLOAT))
            }
            Fast::ArrayGetConstInt { dst, array, index } => {
                self.array_get(dst, array, index.into(), Some(tag::INT))
            }
            Fast::ArrayGetConstFloat { dst, array, index } => {
                self.array_get(dst, array, index.into(), Some(tag::FLOAT));
            }
            Fast::ArraySetInt { array, index, value } => self.array_set(array, index, Scalar::Int(value)),
            Fast::ArraySetFloat { array, index, value } => self.array_set(array, index, Scalar::Float(value)),
            Fast::ArraySetScalar { array, index, value } => self.array_set(array, index, Scalar::Any(value)),
            Fast::ArraySetToBool { array, index, value } => {
                self.array_set(array, index, Scalar::Constant(tag::BOOL, i64::from(value)));
            }
            Fast::ArraySetToInt { array, index, value } => {
                self.array_set(array, index, Scalar::Constant(tag::INT, value));
            }
            Fast::ArraySetToFloat { array, index, value } => {
                self.array_set(array, index, Scalar::Constant(tag::FLOAT, value.to_bits() as i64));
            }
            Fast::ArraySet { index, .. } => {
                x64!(self ; mov rcx, [rbx + payload(index)]);
                self.set_element();
            }
            Fast::ArraySetConst { index, .. } => {
                x64!(self ; mov ecx, index as i32);
                self.set_element();
            }
            Fast::ArrayLen { dst, array } => {
                self.expect(array, tag::ARRAY);
                let to = self.cache.take_int();
                x64!(self ; mov rax, [rbx + payload(array)]);
                self.array_length(to);
                self.write_int(dst, to);
            }
            Fast::DictGet { dst, dict, key } => self.dict_get(dst, dict, key),
            Fast::DictSet { dict, key, value } => self.dict_set(dict, key, value),
            Fast::Release { holder, container } => self.release(holder, container),
            Fast::ReleaseGlobal { holder, container, key } => self.release_global(holder, container, key),
            Fast::Call { site, steps } => self.call_function(site, steps),
            Fast::CallAny { func, family, steps } => self.call_any(func, family, steps),
            Fast::Return { src, clear, steps } => self.return_value(src, clear, steps),
            Fast::ReturnConst { constant, clear, steps } => self.return_constant(constant, clear, steps),
            // Those that are two have been taken apart.
            other => {
                debug_assert!(false, "{other:?} is two instructions");
                let retry = self.leave(Why::Retry);
                x64!(self ; jmp =>retry);
            }
        }
    }

    fn swap(&mut self, a: Slot, b: Slot) {
        if a == b {
            return;
        }
        let (tag_of_a, tag_of_b) = (self.cache.tag(a), self.cache.tag(b));
        x64!(self
            ; mov rax, [rbx + at(a)]
            ; mov rcx, [rbx + at(b)]
            ; mov [rbx + at(a)], rcx
            ; mov [rbx + at(b)], rax
            ; mov rax, [rbx + payload(a)]
            ; mov rcx, [rbx + payload(b)]
            ; mov [rbx + payload(a)], rcx
            ; mov [rbx + payload(b)], rax
        );
        self.cache.wrote(a, tag_of_b);
        self.cache.wrote(b, tag_of_a);
    }
}
