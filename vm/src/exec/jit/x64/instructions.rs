//! What each instruction of specialised code becomes.

use dynasmrt::{DynasmApi, DynasmLabelApi};

use super::containers::Scalar;
use super::control::Relation;
use super::emit::{Emitter, JitExit, Place, at, payload, x64};
use super::numbers::{FloatOperation, IntOperation};
use super::register_cache::{Cache, Tag};
use crate::exec::jit::layout::tag;
use crate::exec::specialise::{JitOp, Slot, SpecOp, Type};

impl Emitter<'_> {
    /// Makes the code of an instruction; of a superinstruction, that of its first half, as the second stays behind it.
    pub(super) fn instruction(&mut self, op: SpecOp) {
        use FloatOperation as F;
        use IntOperation as I;
        use Relation as R;
        match JitOp::from(op) {
            JitOp::Goto { to } => {
                let to = self.to(to);
                x64!(self ; jmp =>to);
            }
            JitOp::Jump { to, steps } => self.jump(to, steps),
            JitOp::ChargeFuel { steps } => self.charge(steps),
            JitOp::Deoptimise => {
                let leave = self.leave(JitExit::Deoptimise);
                x64!(self ; jmp =>leave);
            }
            JitOp::Move { dst, src } if dst == src => {}
            JitOp::Move { dst, src } => {
                self.take_copy(src);
                let tag = self.cache.tag(src);
                self.assign(Place::Slot(dst));
                self.cache.set_tag(dst, tag);
            }
            JitOp::MoveInt { dst, src } => {
                let from = self.int(src);
                let to = self.cache.take_int();
                x64!(self ; mov Rq(to), Rq(from));
                self.write_int(dst, to);
            }
            JitOp::MoveFloat { dst, src } => {
                let from = self.float(src);
                let to = self.cache.take_float();
                x64!(self ; movaps Rx(to), Rx(from));
                self.write_float(dst, to);
            }
            JitOp::MoveScalar { dst, src } => {
                let tag = self.cache.tag(src);
                x64!(self
                    ; mov rax, [rbx + at(src)]
                    ; mov rcx, [rbx + payload(src)]
                    ; mov [rbx + at(dst)], rax
                    ; mov [rbx + payload(dst)], rcx
                );
                self.cache.wrote(dst, if tag == Tag::Unknown { Tag::Scalar } else { tag });
            }
            JitOp::Swap { a, b } => self.swap(a, b),
            JitOp::LoadConst { dst, constant } => {
                let constant = &self.program.constants[usize::from(constant)];
                let tag = self.load_constant(constant);
                self.assign(Place::Slot(dst));
                self.cache.set_tag(dst, tag);
            }
            JitOp::PutBool { dst, value } => {
                x64!(self ; mov eax, tag::BOOL ; mov ecx, i32::from(value));
                self.assign(Place::Slot(dst));
                self.cache.set_tag(dst, Tag::Is(tag::BOOL));
            }
            JitOp::LoadInt { dst, value } => {
                let to = self.cache.take_int();
                match i32::try_from(value) {
                    Ok(value) => x64!(self ; mov Rq(to), value),
                    Err(_) => x64!(self ; mov Rq(to), QWORD value),
                }
                self.write_int(dst, to);
            }
            JitOp::LoadFloat { dst, value } => {
                let number = self.number(value.to_bits());
                let to = self.cache.take_float();
                x64!(self ; movsd Rx(to), [=>number]);
                if planted!("jit-writes-code") {
                    x64!(self ; movsd [=>number], Rx(to));
                }
                self.write_float(dst, to);
            }
            JitOp::LoadBool { dst, value } => {
                x64!(self ; mov eax, i32::from(value));
                self.write_bool(dst);
            }
            JitOp::Guard { slot, ty } => match ty {
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
            JitOp::GuardInt { slot } => self.expect(slot, tag::INT),
            JitOp::GuardFloat { slot } => self.expect(slot, tag::FLOAT),
            JitOp::GuardBool { slot } => self.expect(slot, tag::BOOL),
            JitOp::GuardFunction { slot, function } => self.guard_function(slot, function),
            JitOp::AddInt { dst, left, right } => self.ints(I::Add, dst, left, right),
            JitOp::SubInt { dst, left, right } => self.ints(I::Sub, dst, left, right),
            JitOp::MulInt { dst, left, right } => self.ints(I::Mul, dst, left, right),
            JitOp::DivInt { dst, left, right } => self.divide(dst, left, right, false),
            JitOp::ModInt { dst, left, right } => self.divide(dst, left, right, true),
            JitOp::AddIntConst { dst, left, right } => self.int_and_constant(I::Add, dst, left, right),
            JitOp::SubConstInt { dst, left, right } => self.constant_minus_int(dst, left, right),
            JitOp::MulIntConst { dst, left, right } => self.int_and_constant(I::Mul, dst, left, right),
            JitOp::DivIntConst { dst, left, right } => self.divide_by_constant(dst, left, right, false),
            JitOp::ModIntConst { dst, left, right } => self.divide_by_constant(dst, left, right, true),
            JitOp::DivIntShift { dst, left, shift } => self.shift(dst, left, shift),
            JitOp::ModIntMask { dst, left, mask } => self.mask(dst, left, mask),
            JitOp::AddFloat { dst, left, right } => self.floats(F::Add, dst, left, right),
            JitOp::SubFloat { dst, left, right } => self.floats(F::Sub, dst, left, right),
            JitOp::MulFloat { dst, left, right } => self.floats(F::Mul, dst, left, right),
            JitOp::DivFloat { dst, left, right } => {
                self.expect_not_zero(right);
                self.floats(F::Div, dst, left, right);
            }
            JitOp::AddFloatConst { dst, left, right } => self.float_and_constant(F::Add, dst, left, right),
            JitOp::SubConstFloat { dst, left, right } => self.constant_and_float(F::Sub, dst, left, right),
            JitOp::MulFloatConst { dst, left, right } => self.float_and_constant(F::Mul, dst, left, right),
            JitOp::DivFloatConst { dst, left, right } => self.float_and_constant(F::Div, dst, left, right),
            JitOp::DivConstFloat { dst, left, right } => {
                self.expect_not_zero(right);
                self.constant_and_float(F::Div, dst, left, right);
            }
            JitOp::AddMixed { dst, left, right } => self.mixed(F::Add, dst, left, right),
            JitOp::SubMixed { dst, left, right } => self.mixed(F::Sub, dst, left, right),
            JitOp::MulMixed { dst, left, right } => self.mixed(F::Mul, dst, left, right),
            JitOp::DivMixed { dst, left, right } => self.mixed(F::Div, dst, left, right),
            JitOp::NegInt { dst, src } => self.negate_int(dst, src),
            JitOp::NegFloat { dst, src } => self.negate_float(dst, src),
            JitOp::IfEqString { left, right, to } => self.if_strings(left, right, to, true),
            JitOp::IfNeString { left, right, to } => self.if_strings(left, right, to, false),
            JitOp::IfEqStringConst { left, right, to } => self.if_string_is(left, right, to, true),
            JitOp::IfNeStringConst { left, right, to } => self.if_string_is(left, right, to, false),
            JitOp::IfEqInt { left, right, to } => self.if_ints(R::Eq, left, right, to),
            JitOp::IfNeInt { left, right, to } => self.if_ints(R::Ne, left, right, to),
            JitOp::IfLtInt { left, right, to } => self.if_ints(R::Lt, left, right, to),
            JitOp::IfLeInt { left, right, to } => self.if_ints(R::Le, left, right, to),
            JitOp::IfEqIntConst { left, to, right } => self.if_int_and_constant(R::Eq, left, right, to),
            JitOp::IfNeIntConst { left, to, right } => self.if_int_and_constant(R::Ne, left, right, to),
            JitOp::IfLtIntConst { left, to, right } => self.if_int_and_constant(R::Lt, left, right, to),
            JitOp::IfGeIntConst { left, to, right } => self.if_int_and_constant(R::Ge, left, right, to),
            JitOp::IfEqFloat { left, right, to } => self.if_floats(R::Eq, true, left, right, to),
            JitOp::IfNeFloat { left, right, to } => self.if_floats(R::Eq, false, left, right, to),
            JitOp::IfLtFloat { left, right, to } => self.if_floats(R::Lt, true, left, right, to),
            JitOp::IfNotLtFloat { left, right, to } => self.if_floats(R::Lt, false, left, right, to),
            JitOp::IfLeFloat { left, right, to } => self.if_floats(R::Le, true, left, right, to),
            JitOp::IfNotLeFloat { left, right, to } => self.if_floats(R::Le, false, left, right, to),
            JitOp::IfEqFloatConst { left, to, right } => {
                self.if_float_and_constant(R::Eq, true, left, right, to)
            }
            JitOp::IfNeFloatConst { left, to, right } => {
                self.if_float_and_constant(R::Eq, false, left, right, to)
            }
            JitOp::IfLtFloatConst { left, to, right } => {
                self.if_float_and_constant(R::Lt, true, left, right, to)
            }
            JitOp::IfNotLtFloatConst { left, to, right } => {
                self.if_float_and_constant(R::Lt, false, left, right, to);
            }
            JitOp::IfLeFloatConst { left, to, right } => {
                self.if_float_and_constant(R::Le, true, left, right, to)
            }
            JitOp::IfNotLeFloatConst { left, to, right } => {
                self.if_float_and_constant(R::Le, false, left, right, to);
            }
            JitOp::IfGtFloatConst { left, to, right } => {
                self.if_float_and_constant(R::Gt, true, left, right, to)
            }
            JitOp::IfNotGtFloatConst { left, to, right } => {
                self.if_float_and_constant(R::Gt, false, left, right, to);
            }
            JitOp::IfGeFloatConst { left, to, right } => {
                self.if_float_and_constant(R::Ge, true, left, right, to)
            }
            JitOp::IfNotGeFloatConst { left, to, right } => {
                self.if_float_and_constant(R::Ge, false, left, right, to);
            }
            JitOp::LoopEqInt { left, right, to, steps } => self.back_edge(R::Eq, left, right, to, steps),
            JitOp::LoopNeInt { left, right, to, steps } => self.back_edge(R::Ne, left, right, to, steps),
            JitOp::LoopLtInt { left, right, to, steps } => self.back_edge(R::Lt, left, right, to, steps),
            JitOp::LoopLeInt { left, right, to, steps } => self.back_edge(R::Le, left, right, to, steps),
            JitOp::LoopEqIntConst { left, steps, to, right } => {
                self.back_edge_const(R::Eq, left, right, to, steps)
            }
            JitOp::LoopNeIntConst { left, steps, to, right } => {
                self.back_edge_const(R::Ne, left, right, to, steps)
            }
            JitOp::LoopLtIntConst { left, steps, to, right } => {
                self.back_edge_const(R::Lt, left, right, to, steps)
            }
            JitOp::LoopGeIntConst { left, steps, to, right } => {
                self.back_edge_const(R::Ge, left, right, to, steps)
            }
            JitOp::CountLtInt { counter, right, step, steps, to } => {
                self.count(R::Lt, counter, step.into(), right, to, steps);
            }
            JitOp::CountLeInt { counter, right, step, steps, to } => {
                self.count(R::Le, counter, step.into(), right, to, steps);
            }
            JitOp::CountLtIntConst { counter, step, steps, to, right } => {
                self.count(R::Lt, counter, step.into(), right, to, steps);
            }
            JitOp::CountGeIntConst { counter, step, steps, to, right } => {
                self.count(R::Ge, counter, step.into(), right, to, steps);
            }
            JitOp::StepLtInt { counter, step, right, steps, to } => {
                self.count(R::Lt, counter, step.into(), right, to, steps);
            }
            JitOp::StepLeInt { counter, step, right, steps, to } => {
                self.count(R::Le, counter, step.into(), right, to, steps);
            }
            JitOp::IfBoth { left, right, to } => self.if_two(left, right, true, true, to),
            JitOp::IfNotBoth { left, right, to } => self.if_two(left, right, true, false, to),
            JitOp::IfEither { left, right, to } => self.if_two(left, right, false, true, to),
            JitOp::IfNeither { left, right, to } => self.if_two(left, right, false, false, to),
            JitOp::TestEqInt { dst, left, right } => self.test_ints(R::Eq, dst, left, right),
            JitOp::TestNeInt { dst, left, right } => self.test_ints(R::Ne, dst, left, right),
            JitOp::TestLtInt { dst, left, right } => self.test_ints(R::Lt, dst, left, right),
            JitOp::TestLeInt { dst, left, right } => self.test_ints(R::Le, dst, left, right),
            JitOp::TestEqIntConst { dst, left, right } => self.test_int_and_constant(R::Eq, dst, left, right),
            JitOp::TestNeIntConst { dst, left, right } => self.test_int_and_constant(R::Ne, dst, left, right),
            JitOp::TestLtIntConst { dst, left, right } => self.test_int_and_constant(R::Lt, dst, left, right),
            JitOp::TestGeIntConst { dst, left, right } => self.test_int_and_constant(R::Ge, dst, left, right),
            JitOp::TestFloat { test, dst, left, right } => {
                let (left, right) = (self.float(left), self.float(right));
                self.test_floats(test, dst, left, right);
            }
            JitOp::TestFloatConst { test, dst, left, right } => {
                let left = self.float(left);
                let number = self.number(right.to_bits());
                x64!(self ; movsd xmm0, [=>number]);
                self.test_floats(test, dst, left, 0);
            }
            JitOp::And { dst, left, right } => self.two(dst, left, right, true),
            JitOp::Or { dst, left, right } => self.two(dst, left, right, false),
            JitOp::Not { dst, src } => {
                self.truth(src);
                x64!(self ; xor eax, 1);
                self.write_bool(dst);
            }
            JitOp::IfTrueBool { slot, to } | JitOp::IfTrue { slot, to } => self.if_true(slot, true, to),
            JitOp::IfFalseBool { slot, to } | JitOp::IfFalse { slot, to } => self.if_true(slot, false, to),
            JitOp::Join { dst, left, right } => self.join(dst, left, right),
            JitOp::IntText { dst, src } => self.int_text(dst, src),
            JitOp::Baseline { .. } => {
                let stopped = self.leave(JitExit::Reason);
                x64!(self ; mov rdi, r15 ; mov esi, self.place as i32 ; mov rdx, rbx ; mov rcx, r13);
                self.call(super::super::stubs::plain as *const ());
                x64!(self ; test eax, eax ; jnz =>stopped);
                self.cache = Cache::EMPTY;
            }
            JitOp::StrLen { dst, string } => self.string_length(dst, string),
            JitOp::LoadGlobal { dst, name } => self.load_global(dst, name),
            JitOp::StoreGlobal { src, name } => {
                self.take_copy(src);
                self.assign(Place::Global(name.0));
            }
            JitOp::ArrayGet { dst, array, index } => self.array_get(dst, array, index.into(), None),
            JitOp::ArrayGetConst { dst, array, index } => self.array_get(dst, array, index.into(), None),
            JitOp::ArrayGetBool { dst, array, index } => {
                self.array_get(dst, array, index.into(), Some(tag::BOOL))
            }
            JitOp::ArrayGetInt { dst, array, index } => {
                self.array_get(dst, array, index.into(), Some(tag::INT))
            }
            JitOp::ArrayGetFloat { dst, array, index } => {
                self.array_get(dst, array, index.into(), Some(tag::FLOAT))
            }
            JitOp::ArrayGetConstInt { dst, array, index } => {
                self.array_get(dst, array, index.into(), Some(tag::INT))
            }
            JitOp::ArrayGetConstFloat { dst, array, index } => {
                self.array_get(dst, array, index.into(), Some(tag::FLOAT));
            }
            JitOp::ArraySetInt { array, index, value } => self.array_set(array, index, Scalar::Int(value)),
            JitOp::ArraySetFloat { array, index, value } => {
                self.array_set(array, index, Scalar::Float(value))
            }
            JitOp::ArraySetScalar { array, index, value } => self.array_set(array, index, Scalar::Any(value)),
            JitOp::ArraySetToBool { array, index, value } => {
                self.array_set(array, index, Scalar::Constant(tag::BOOL, i64::from(value)));
            }
            JitOp::ArraySetToInt { array, index, value } => {
                self.array_set(array, index, Scalar::Constant(tag::INT, value));
            }
            JitOp::ArraySetToFloat { array, index, value } => {
                self.array_set(array, index, Scalar::Constant(tag::FLOAT, value.to_bits() as i64));
            }
            JitOp::ArraySet { array, index, value } => self.set_element(array, index.into(), value),
            JitOp::ArraySetConst { array, index, value } => self.set_element(array, index.into(), value),
            JitOp::ArrayLen { dst, array } => {
                self.expect(array, tag::ARRAY);
                let to = self.cache.take_int();
                x64!(self ; mov rax, [rbx + payload(array)]);
                self.array_length(to);
                self.write_int(dst, to);
            }
            JitOp::DictGet { dst, dict, key } => self.dict_get(dst, dict, key),
            JitOp::DictSet { dict, key, value } => self.dict_set(dict, key, value),
            JitOp::ElideCopy { holder, container } => self.elide_copy(holder, container),
            JitOp::ElideCopyGlobal { holder, container, key } => {
                self.elide_copy_global(holder, container, key)
            }
            JitOp::ElideCopyElement { outer, key, container } => {
                self.elide_copy_of_element(outer, key, container);
            }
            JitOp::Call { site, steps } => self.call_function(site, steps),
            JitOp::CallAny { func, family, steps } => self.call_any(func, family, steps),
            JitOp::Return { src, clear, steps } => self.return_value(src, clear, steps),
            JitOp::ReturnConst { constant, clear, steps } => self.return_constant(constant, clear, steps),
            JitOp::Interpreter => {
                self.call_machine();
                self.cache = Cache::EMPTY;
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
