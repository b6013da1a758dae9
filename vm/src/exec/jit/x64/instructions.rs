//! What each instruction of specialised code becomes.

use dynasmrt::{DynasmApi, DynasmLabelApi};

use super::containers::Scalar;
use super::control::Relation;
use super::emit::{Emitter, JitExit, Place, at, payload, x64};
use super::numbers::{FloatOperation, IntOperation};
use super::register_cache::{Cache, Tag};
use crate::exec::jit::layout::tag;
use crate::exec::specialise::Type;
use crate::exec::specialise::{Slot, SpecOp};

impl Emitter<'_> {
    /// Makes the code of an instruction, which is none of those that are two.
    pub(super) fn instruction(&mut self, op: SpecOp) {
        use FloatOperation as F;
        use IntOperation as I;
        use Relation as R;
        match op {
            SpecOp::Goto { to } => {
                let to = self.to(to);
                x64!(self ; jmp =>to);
            }
            SpecOp::Jump { to, steps } => self.jump(to, steps),
            SpecOp::ChargeFuel { steps } => self.charge(steps),
            SpecOp::Deoptimise => {
                let leave = self.leave(JitExit::Deoptimise);
                x64!(self ; jmp =>leave);
            }
            SpecOp::Move { dst, src } if dst == src => {}
            SpecOp::Move { dst, src } => {
                self.take_copy(src);
                let tag = self.cache.tag(src);
                self.assign(Place::Slot(dst));
                self.cache.set_tag(dst, tag);
            }
            SpecOp::MoveInt { dst, src } => {
                let from = self.int(src);
                let to = self.cache.take_int();
                x64!(self ; mov Rq(to), Rq(from));
                self.write_int(dst, to);
            }
            SpecOp::MoveFloat { dst, src } => {
                let from = self.float(src);
                let to = self.cache.take_float();
                x64!(self ; movaps Rx(to), Rx(from));
                self.write_float(dst, to);
            }
            SpecOp::MoveScalar { dst, src } => {
                let tag = self.cache.tag(src);
                x64!(self
                    ; mov rax, [rbx + at(src)]
                    ; mov rcx, [rbx + payload(src)]
                    ; mov [rbx + at(dst)], rax
                    ; mov [rbx + payload(dst)], rcx
                );
                self.cache.wrote(dst, if tag == Tag::Unknown { Tag::Scalar } else { tag });
            }
            SpecOp::Swap { a, b } => self.swap(a, b),
            SpecOp::LoadConst { dst, constant } => {
                let constant = &self.program.constants[usize::from(constant)];
                let tag = self.load_constant(constant);
                self.assign(Place::Slot(dst));
                self.cache.set_tag(dst, tag);
            }
            SpecOp::PutBool { dst, value } => {
                x64!(self ; mov eax, tag::BOOL ; mov ecx, i32::from(value));
                self.assign(Place::Slot(dst));
                self.cache.set_tag(dst, Tag::Is(tag::BOOL));
            }
            SpecOp::LoadInt { dst, value } => {
                let to = self.cache.take_int();
                match i32::try_from(value) {
                    Ok(value) => x64!(self ; mov Rq(to), value),
                    Err(_) => x64!(self ; mov Rq(to), QWORD value),
                }
                self.write_int(dst, to);
            }
            SpecOp::LoadFloat { dst, value } => {
                let number = self.number(value.to_bits());
                let to = self.cache.take_float();
                x64!(self ; movsd Rx(to), [=>number]);
                self.write_float(dst, to);
            }
            SpecOp::LoadBool { dst, value } => {
                x64!(self ; mov eax, i32::from(value));
                self.write_bool(dst);
            }
            SpecOp::Guard { slot, ty } => match ty {
                Type::Any => {}
                Type::Free => self.guard_free(slot),
                Type::Scalar => {
                    let exit = self.leave(JitExit::Guard);
                    x64!(self ; cmp QWORD [rbx + at(slot)], tag::LAST_SCALAR ; ja =>exit);
                }
                Type::Bool => self.expect(slot, tag::BOOL),
                Type::Int => self.expect(slot, tag::INT),
                Type::Float => self.expect(slot, tag::FLOAT),
            },
            SpecOp::GuardInt { slot } => self.expect(slot, tag::INT),
            SpecOp::GuardFloat { slot } => self.expect(slot, tag::FLOAT),
            SpecOp::GuardBool { slot } => self.expect(slot, tag::BOOL),
            SpecOp::GuardFunction { slot, function } => {
                let exit = self.leave(JitExit::Guard);
                x64!(self ; mov rdi, r15 ; lea rsi, [rbx + at(slot)] ; mov edx, function as i32);
                self.call(super::super::stubs::names as *const ());
                x64!(self ; test eax, eax ; jz =>exit);
                self.cache.lose_registers();
            }
            SpecOp::AddInt { dst, left, right } => self.ints(I::Add, dst, left, right),
            SpecOp::SubInt { dst, left, right } => self.ints(I::Sub, dst, left, right),
            SpecOp::MulInt { dst, left, right } => self.ints(I::Mul, dst, left, right),
            SpecOp::DivInt { dst, left, right } => self.divide(dst, left, right, false),
            SpecOp::ModInt { dst, left, right } => self.divide(dst, left, right, true),
            SpecOp::AddIntConst { dst, left, right } => self.int_and_constant(I::Add, dst, left, right),
            SpecOp::SubConstInt { dst, left, right } => self.constant_minus_int(dst, left, right),
            SpecOp::MulIntConst { dst, left, right } => self.int_and_constant(I::Mul, dst, left, right),
            SpecOp::DivIntConst { dst, left, right } => self.divide_by_constant(dst, left, right, false),
            SpecOp::ModIntConst { dst, left, right } => self.divide_by_constant(dst, left, right, true),
            SpecOp::DivIntShift { dst, left, shift } => self.shift(dst, left, shift),
            SpecOp::ModIntMask { dst, left, mask } => self.mask(dst, left, mask),
            SpecOp::AddFloat { dst, left, right } => self.floats(F::Add, dst, left, right),
            SpecOp::SubFloat { dst, left, right } => self.floats(F::Sub, dst, left, right),
            SpecOp::MulFloat { dst, left, right } => self.floats(F::Mul, dst, left, right),
            SpecOp::DivFloat { dst, left, right } => {
                self.expect_not_zero(right);
                self.floats(F::Div, dst, left, right);
            }
            SpecOp::AddFloatConst { dst, left, right } => self.float_and_constant(F::Add, dst, left, right),
            SpecOp::SubConstFloat { dst, left, right } => self.constant_and_float(F::Sub, dst, left, right),
            SpecOp::MulFloatConst { dst, left, right } => self.float_and_constant(F::Mul, dst, left, right),
            SpecOp::DivFloatConst { dst, left, right } => self.float_and_constant(F::Div, dst, left, right),
            SpecOp::DivConstFloat { dst, left, right } => {
                self.expect_not_zero(right);
                self.constant_and_float(F::Div, dst, left, right);
            }
            SpecOp::AddMixed { dst, left, right } => self.mixed(F::Add, dst, left, right),
            SpecOp::SubMixed { dst, left, right } => self.mixed(F::Sub, dst, left, right),
            SpecOp::MulMixed { dst, left, right } => self.mixed(F::Mul, dst, left, right),
            SpecOp::DivMixed { dst, left, right } => self.mixed(F::Div, dst, left, right),
            SpecOp::NegInt { dst, src } => self.negate_int(dst, src),
            SpecOp::NegFloat { dst, src } => self.negate_float(dst, src),
            SpecOp::IfEqString { left, right, to } => self.if_strings(left, right, to, true),
            SpecOp::IfNeString { left, right, to } => self.if_strings(left, right, to, false),
            SpecOp::IfEqStringConst { left, right, to } => self.if_string_is(left, right, to, true),
            SpecOp::IfNeStringConst { left, right, to } => self.if_string_is(left, right, to, false),
            SpecOp::IfEqInt { left, right, to } => self.if_ints(R::Eq, left, right, to),
            SpecOp::IfNeInt { left, right, to } => self.if_ints(R::Ne, left, right, to),
            SpecOp::IfLtInt { left, right, to } => self.if_ints(R::Lt, left, right, to),
            SpecOp::IfLeInt { left, right, to } => self.if_ints(R::Le, left, right, to),
            SpecOp::IfEqIntConst { left, to, right } => self.if_int_and_constant(R::Eq, left, right, to),
            SpecOp::IfNeIntConst { left, to, right } => self.if_int_and_constant(R::Ne, left, right, to),
            SpecOp::IfLtIntConst { left, to, right } => self.if_int_and_constant(R::Lt, left, right, to),
            SpecOp::IfGeIntConst { left, to, right } => self.if_int_and_constant(R::Ge, left, right, to),
            SpecOp::IfEqFloat { left, right, to } => self.if_floats(R::Eq, true, left, right, to),
            SpecOp::IfNeFloat { left, right, to } => self.if_floats(R::Eq, false, left, right, to),
            SpecOp::IfLtFloat { left, right, to } => self.if_floats(R::Lt, true, left, right, to),
            SpecOp::IfNotLtFloat { left, right, to } => self.if_floats(R::Lt, false, left, right, to),
            SpecOp::IfLeFloat { left, right, to } => self.if_floats(R::Le, true, left, right, to),
            SpecOp::IfNotLeFloat { left, right, to } => self.if_floats(R::Le, false, left, right, to),
            SpecOp::IfEqFloatConst { left, to, right } => {
                self.if_float_and_constant(R::Eq, true, left, right, to)
            }
            SpecOp::IfNeFloatConst { left, to, right } => {
                self.if_float_and_constant(R::Eq, false, left, right, to)
            }
            SpecOp::IfLtFloatConst { left, to, right } => {
                self.if_float_and_constant(R::Lt, true, left, right, to)
            }
            SpecOp::IfNotLtFloatConst { left, to, right } => {
                self.if_float_and_constant(R::Lt, false, left, right, to);
            }
            SpecOp::IfLeFloatConst { left, to, right } => {
                self.if_float_and_constant(R::Le, true, left, right, to)
            }
            SpecOp::IfNotLeFloatConst { left, to, right } => {
                self.if_float_and_constant(R::Le, false, left, right, to);
            }
            SpecOp::IfGtFloatConst { left, to, right } => {
                self.if_float_and_constant(R::Gt, true, left, right, to)
            }
            SpecOp::IfNotGtFloatConst { left, to, right } => {
                self.if_float_and_constant(R::Gt, false, left, right, to);
            }
            SpecOp::IfGeFloatConst { left, to, right } => {
                self.if_float_and_constant(R::Ge, true, left, right, to)
            }
            SpecOp::IfNotGeFloatConst { left, to, right } => {
                self.if_float_and_constant(R::Ge, false, left, right, to);
            }
            SpecOp::LoopEqInt { left, right, to, steps } => self.back_edge(R::Eq, left, right, to, steps),
            SpecOp::LoopNeInt { left, right, to, steps } => self.back_edge(R::Ne, left, right, to, steps),
            SpecOp::LoopLtInt { left, right, to, steps } => self.back_edge(R::Lt, left, right, to, steps),
            SpecOp::LoopLeInt { left, right, to, steps } => self.back_edge(R::Le, left, right, to, steps),
            SpecOp::LoopEqIntConst { left, steps, to, right } => {
                self.back_edge_const(R::Eq, left, right, to, steps)
            }
            SpecOp::LoopNeIntConst { left, steps, to, right } => {
                self.back_edge_const(R::Ne, left, right, to, steps)
            }
            SpecOp::LoopLtIntConst { left, steps, to, right } => {
                self.back_edge_const(R::Lt, left, right, to, steps)
            }
            SpecOp::LoopGeIntConst { left, steps, to, right } => {
                self.back_edge_const(R::Ge, left, right, to, steps)
            }
            SpecOp::CountLtInt { counter, right, step, steps, to } => {
                self.count(R::Lt, counter, step.into(), right, to, steps);
            }
            SpecOp::CountLeInt { counter, right, step, steps, to } => {
                self.count(R::Le, counter, step.into(), right, to, steps);
            }
            SpecOp::CountLtIntConst { counter, step, steps, to, right } => {
                self.count(R::Lt, counter, step.into(), right, to, steps);
            }
            SpecOp::CountGeIntConst { counter, step, steps, to, right } => {
                self.count(R::Ge, counter, step.into(), right, to, steps);
            }
            SpecOp::StepLtInt { counter, step, right, steps, to } => {
                self.count(R::Lt, counter, step.into(), right, to, steps);
            }
            SpecOp::StepLeInt { counter, step, right, steps, to } => {
                self.count(R::Le, counter, step.into(), right, to, steps);
            }
            SpecOp::IfBoth { left, right, to } => self.if_two(left, right, true, true, to),
            SpecOp::IfNotBoth { left, right, to } => self.if_two(left, right, true, false, to),
            SpecOp::IfEither { left, right, to } => self.if_two(left, right, false, true, to),
            SpecOp::IfNeither { left, right, to } => self.if_two(left, right, false, false, to),
            SpecOp::TestEqInt { dst, left, right } => self.test_ints(R::Eq, dst, left, right),
            SpecOp::TestNeInt { dst, left, right } => self.test_ints(R::Ne, dst, left, right),
            SpecOp::TestLtInt { dst, left, right } => self.test_ints(R::Lt, dst, left, right),
            SpecOp::TestLeInt { dst, left, right } => self.test_ints(R::Le, dst, left, right),
            SpecOp::TestEqIntConst { dst, left, right } => {
                self.test_int_and_constant(R::Eq, dst, left, right)
            }
            SpecOp::TestNeIntConst { dst, left, right } => {
                self.test_int_and_constant(R::Ne, dst, left, right)
            }
            SpecOp::TestLtIntConst { dst, left, right } => {
                self.test_int_and_constant(R::Lt, dst, left, right)
            }
            SpecOp::TestGeIntConst { dst, left, right } => {
                self.test_int_and_constant(R::Ge, dst, left, right)
            }
            SpecOp::TestFloat { test, dst, left, right } => {
                let (left, right) = (self.float(left), self.float(right));
                self.test_floats(test, dst, left, right);
            }
            SpecOp::TestFloatConst { test, dst, left, right } => {
                let left = self.float(left);
                let number = self.number(right.to_bits());
                x64!(self ; movsd xmm0, [=>number]);
                self.test_floats(test, dst, left, 0);
            }
            SpecOp::And { dst, left, right } => self.two(dst, left, right, true),
            SpecOp::Or { dst, left, right } => self.two(dst, left, right, false),
            SpecOp::Not { dst, src } => {
                self.truth(src);
                x64!(self ; xor eax, 1);
                self.write_bool(dst);
            }
            SpecOp::IfTrueBool { slot, to } | SpecOp::IfTrue { slot, to } => self.if_true(slot, true, to),
            SpecOp::IfFalseBool { slot, to } | SpecOp::IfFalse { slot, to } => self.if_true(slot, false, to),
            SpecOp::Join { dst, left, right } => self.join(dst, left, right),
            SpecOp::IntText { dst, src } => self.int_text(dst, src),
            SpecOp::Baseline { .. } => {
                let stopped = self.leave(JitExit::Reason);
                x64!(self ; mov rdi, r15 ; mov esi, self.place as i32 ; mov rdx, rbx);
                self.call(super::super::stubs::plain as *const ());
                x64!(self ; test eax, eax ; jnz =>stopped);
                self.cache = Cache::EMPTY;
            }
            SpecOp::StrLen { dst, string } => self.string_length(dst, string),
            SpecOp::LoadGlobal { dst, name } => self.load_global(dst, name),
            SpecOp::StoreGlobal { src, name } => {
                self.take_copy(src);
                self.assign(Place::Global(name.0));
            }
            SpecOp::ArrayGet { dst, array, index } => self.array_get(dst, array, index.into(), None),
            SpecOp::ArrayGetConst { dst, array, index } => self.array_get(dst, array, index.into(), None),
            SpecOp::ArrayGetBool { dst, array, index } => {
                self.array_get(dst, array, index.into(), Some(tag::BOOL))
            }
            SpecOp::ArrayGetInt { dst, array, index } => {
                self.array_get(dst, array, index.into(), Some(tag::INT))
            }
            SpecOp::ArrayGetFloat { dst, array, index } => {
                self.array_get(dst, array, index.into(), Some(tag::FLOAT))
            }
            SpecOp::ArrayGetConstInt { dst, array, index } => {
                self.array_get(dst, array, index.into(), Some(tag::INT))
            }
            SpecOp::ArrayGetConstFloat { dst, array, index } => {
                self.array_get(dst, array, index.into(), Some(tag::FLOAT));
            }
            SpecOp::ArraySetInt { array, index, value } => self.array_set(array, index, Scalar::Int(value)),
            SpecOp::ArraySetFloat { array, index, value } => {
                self.array_set(array, index, Scalar::Float(value))
            }
            SpecOp::ArraySetScalar { array, index, value } => {
                self.array_set(array, index, Scalar::Any(value))
            }
            SpecOp::ArraySetToBool { array, index, value } => {
                self.array_set(array, index, Scalar::Constant(tag::BOOL, i64::from(value)));
            }
            SpecOp::ArraySetToInt { array, index, value } => {
                self.array_set(array, index, Scalar::Constant(tag::INT, value));
            }
            SpecOp::ArraySetToFloat { array, index, value } => {
                self.array_set(array, index, Scalar::Constant(tag::FLOAT, value.to_bits() as i64));
            }
            SpecOp::ArraySet { index, .. } => {
                x64!(self ; mov rcx, [rbx + payload(index)]);
                self.set_element();
            }
            SpecOp::ArraySetConst { index, .. } => {
                x64!(self ; mov ecx, index as i32);
                self.set_element();
            }
            SpecOp::ArrayLen { dst, array } => {
                self.expect(array, tag::ARRAY);
                let to = self.cache.take_int();
                x64!(self ; mov rax, [rbx + payload(array)]);
                self.array_length(to);
                self.write_int(dst, to);
            }
            SpecOp::DictGet { dst, dict, key } => self.dict_get(dst, dict, key),
            SpecOp::DictSet { dict, key, value } => self.dict_set(dict, key, value),
            SpecOp::ElideCopy { holder, container } => self.elide_copy(holder, container),
            SpecOp::ElideCopyGlobal { holder, container, key } => {
                self.elide_copy_global(holder, container, key)
            }
            SpecOp::Call { site, steps } => self.call_function(site, steps),
            SpecOp::CallAny { func, family, steps } => self.call_any(func, family, steps),
            SpecOp::Return { src, clear, steps } => self.return_value(src, clear, steps),
            SpecOp::ReturnConst { constant, clear, steps } => self.return_constant(constant, clear, steps),
            // Those that are two have been taken apart.
            other => {
                debug_assert!(false, "{other:?} is two instructions");
                let retry = self.leave(JitExit::Fallback);
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
