//! What each instruction of specialised code becomes.

use dynasmrt::{DynasmApi, DynasmLabelApi};

use super::containers::Scalar;
use super::control::Relation;
use super::emit::{Emitter, JitExit, Place, at, payload, x64};
use super::numbers::{FloatOperation, IntOperation};
use super::register_cache::{Cache, Tag};
use crate::exec::jit::layout::tag;
use crate::exec::specialise::{
    BranchOp, CallOp, ComparisonOp, ContainerOp, GuardOp, JitOp, MoveOp, NumberOp, Slot, SpecOp, StringOp,
    Type,
};

impl Emitter<'_> {
    /// Makes the code of an instruction; of a superinstruction, that of its first half, as the second stays behind it.
    pub(super) fn instruction(&mut self, op: SpecOp) {
        match JitOp::from(op) {
            JitOp::Move(op) => self.move_instruction(op),
            JitOp::Guard(op) => self.guard_instruction(op),
            JitOp::Number(op) => self.number_instruction(op),
            JitOp::Branch(op) => self.branch_instruction(op),
            JitOp::Comparison(op) => self.comparison_instruction(op),
            JitOp::String(op) => self.string_instruction(op),
            JitOp::Container(op) => self.container_instruction(op),
            JitOp::Call(op) => self.call_instruction(op),
            JitOp::Interpreter => {
                self.call_machine();
                self.cache = Cache::EMPTY;
            }
        }
    }

    /// Moves, constants and globals.
    fn move_instruction(&mut self, op: MoveOp) {
        match op {
            MoveOp::Move { dst, src } if dst == src => {}
            MoveOp::Move { dst, src } => {
                self.take_copy(src);
                let tag = self.cache.tag(src);
                self.assign(Place::Slot(dst));
                self.cache.set_tag(dst, tag);
            }
            MoveOp::MoveInt { dst, src } => {
                let from = self.int(src);
                let to = self.cache.take_int();
                x64!(self ; mov Rq(to), Rq(from));
                self.write_int(dst, to);
            }
            MoveOp::MoveFloat { dst, src } => {
                let from = self.float(src);
                let to = self.cache.take_float();
                x64!(self ; movaps Rx(to), Rx(from));
                self.write_float(dst, to);
            }
            MoveOp::MoveScalar { dst, src } => {
                let tag = self.cache.tag(src);
                x64!(self
                    ; mov rax, [rbx + at(src)]
                    ; mov rcx, [rbx + payload(src)]
                    ; mov [rbx + at(dst)], rax
                    ; mov [rbx + payload(dst)], rcx
                );
                self.cache.wrote(dst, if tag == Tag::Unknown { Tag::Scalar } else { tag });
            }
            MoveOp::Swap { a, b } => self.swap(a, b),
            MoveOp::LoadConst { dst, constant } => {
                let constant = &self.program.constants[usize::from(constant)];
                let tag = self.load_constant(constant);
                self.assign(Place::Slot(dst));
                self.cache.set_tag(dst, tag);
            }
            MoveOp::PutBool { dst, value } => {
                x64!(self ; mov eax, tag::BOOL ; mov ecx, i32::from(value));
                self.assign(Place::Slot(dst));
                self.cache.set_tag(dst, Tag::Is(tag::BOOL));
            }
            MoveOp::LoadInt { dst, value } => {
                let to = self.cache.take_int();
                match i32::try_from(value) {
                    Ok(value) => x64!(self ; mov Rq(to), value),
                    Err(_) => x64!(self ; mov Rq(to), QWORD value),
                }
                self.write_int(dst, to);
            }
            MoveOp::LoadFloat { dst, value } => {
                let number = self.number(value.to_bits());
                let to = self.cache.take_float();
                x64!(self ; movsd Rx(to), [=>number]);
                if planted!("jit-writes-code") {
                    x64!(self ; movsd [=>number], Rx(to));
                }
                self.write_float(dst, to);
            }
            MoveOp::LoadBool { dst, value } => {
                x64!(self ; mov eax, i32::from(value));
                self.write_bool(dst);
            }
            MoveOp::LoadGlobal { dst, name } => self.load_global(dst, name),
            MoveOp::StoreGlobal { src, name } => {
                self.take_copy(src);
                self.assign(Place::Global(name.0));
            }
        }
    }

    /// Guards.
    fn guard_instruction(&mut self, op: GuardOp) {
        match op {
            GuardOp::Guard { slot, ty } => match ty {
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
            GuardOp::GuardInt { slot } => self.expect(slot, tag::INT),
            GuardOp::GuardFloat { slot } => self.expect(slot, tag::FLOAT),
            GuardOp::GuardBool { slot } => self.expect(slot, tag::BOOL),
            GuardOp::GuardFunction { slot, function } => self.guard_function(slot, function),
        }
    }

    /// Operations on numbers.
    fn number_instruction(&mut self, op: NumberOp) {
        use FloatOperation as F;
        use IntOperation as I;
        match op {
            NumberOp::AddInt { dst, left, right } => self.ints(I::Add, dst, left, right),
            NumberOp::SubInt { dst, left, right } => self.ints(I::Sub, dst, left, right),
            NumberOp::MulInt { dst, left, right } => self.ints(I::Mul, dst, left, right),
            NumberOp::DivInt { dst, left, right } => self.divide(dst, left, right, false),
            NumberOp::ModInt { dst, left, right } => self.divide(dst, left, right, true),
            NumberOp::AddIntConst { dst, left, right } => self.int_and_constant(I::Add, dst, left, right),
            NumberOp::SubConstInt { dst, left, right } => self.constant_minus_int(dst, left, right),
            NumberOp::MulIntConst { dst, left, right } => self.int_and_constant(I::Mul, dst, left, right),
            NumberOp::DivIntConst { dst, left, right } => self.divide_by_constant(dst, left, right, false),
            NumberOp::ModIntConst { dst, left, right } => self.divide_by_constant(dst, left, right, true),
            NumberOp::DivIntShift { dst, left, shift } => self.shift(dst, left, shift),
            NumberOp::ModIntMask { dst, left, mask } => self.mask(dst, left, mask),
            NumberOp::AddFloat { dst, left, right } => self.floats(F::Add, dst, left, right),
            NumberOp::SubFloat { dst, left, right } => self.floats(F::Sub, dst, left, right),
            NumberOp::MulFloat { dst, left, right } => self.floats(F::Mul, dst, left, right),
            NumberOp::DivFloat { dst, left, right } => {
                self.expect_not_zero(right);
                self.floats(F::Div, dst, left, right);
            }
            NumberOp::AddFloatConst { dst, left, right } => self.float_and_constant(F::Add, dst, left, right),
            NumberOp::SubConstFloat { dst, left, right } => self.constant_and_float(F::Sub, dst, left, right),
            NumberOp::MulFloatConst { dst, left, right } => self.float_and_constant(F::Mul, dst, left, right),
            NumberOp::DivFloatConst { dst, left, right } => self.float_and_constant(F::Div, dst, left, right),
            NumberOp::DivConstFloat { dst, left, right } => {
                self.expect_not_zero(right);
                self.constant_and_float(F::Div, dst, left, right);
            }
            NumberOp::AddMixed { dst, left, right } => self.mixed(F::Add, dst, left, right),
            NumberOp::SubMixed { dst, left, right } => self.mixed(F::Sub, dst, left, right),
            NumberOp::MulMixed { dst, left, right } => self.mixed(F::Mul, dst, left, right),
            NumberOp::DivMixed { dst, left, right } => self.mixed(F::Div, dst, left, right),
            NumberOp::NegInt { dst, src } => self.negate_int(dst, src),
            NumberOp::NegFloat { dst, src } => self.negate_float(dst, src),
        }
    }

    /// Jumps, branches and back edges.
    fn branch_instruction(&mut self, op: BranchOp) {
        use Relation as R;
        match op {
            BranchOp::Goto { to } => {
                let to = self.to(to);
                x64!(self ; jmp =>to);
            }
            BranchOp::Jump { to, steps } => self.jump(to, steps),
            BranchOp::ChargeFuel { steps } => self.charge(steps),
            BranchOp::Deoptimise => {
                let leave = self.leave(JitExit::Deoptimise);
                x64!(self ; jmp =>leave);
            }
            BranchOp::IfEqInt { left, right, to } => self.if_ints(R::Eq, left, right, to),
            BranchOp::IfNeInt { left, right, to } => self.if_ints(R::Ne, left, right, to),
            BranchOp::IfLtInt { left, right, to } => self.if_ints(R::Lt, left, right, to),
            BranchOp::IfLeInt { left, right, to } => self.if_ints(R::Le, left, right, to),
            BranchOp::IfEqIntConst { left, to, right } => self.if_int_and_constant(R::Eq, left, right, to),
            BranchOp::IfNeIntConst { left, to, right } => self.if_int_and_constant(R::Ne, left, right, to),
            BranchOp::IfLtIntConst { left, to, right } => self.if_int_and_constant(R::Lt, left, right, to),
            BranchOp::IfGeIntConst { left, to, right } => self.if_int_and_constant(R::Ge, left, right, to),
            BranchOp::IfEqFloat { left, right, to } => self.if_floats(R::Eq, true, left, right, to),
            BranchOp::IfNeFloat { left, right, to } => self.if_floats(R::Eq, false, left, right, to),
            BranchOp::IfLtFloat { left, right, to } => self.if_floats(R::Lt, true, left, right, to),
            BranchOp::IfNotLtFloat { left, right, to } => self.if_floats(R::Lt, false, left, right, to),
            BranchOp::IfLeFloat { left, right, to } => self.if_floats(R::Le, true, left, right, to),
            BranchOp::IfNotLeFloat { left, right, to } => self.if_floats(R::Le, false, left, right, to),
            BranchOp::IfEqFloatConst { left, to, right } => {
                self.if_float_and_constant(R::Eq, true, left, right, to)
            }
            BranchOp::IfNeFloatConst { left, to, right } => {
                self.if_float_and_constant(R::Eq, false, left, right, to)
            }
            BranchOp::IfLtFloatConst { left, to, right } => {
                self.if_float_and_constant(R::Lt, true, left, right, to)
            }
            BranchOp::IfNotLtFloatConst { left, to, right } => {
                self.if_float_and_constant(R::Lt, false, left, right, to);
            }
            BranchOp::IfLeFloatConst { left, to, right } => {
                self.if_float_and_constant(R::Le, true, left, right, to)
            }
            BranchOp::IfNotLeFloatConst { left, to, right } => {
                self.if_float_and_constant(R::Le, false, left, right, to);
            }
            BranchOp::IfGtFloatConst { left, to, right } => {
                self.if_float_and_constant(R::Gt, true, left, right, to)
            }
            BranchOp::IfNotGtFloatConst { left, to, right } => {
                self.if_float_and_constant(R::Gt, false, left, right, to);
            }
            BranchOp::IfGeFloatConst { left, to, right } => {
                self.if_float_and_constant(R::Ge, true, left, right, to)
            }
            BranchOp::IfNotGeFloatConst { left, to, right } => {
                self.if_float_and_constant(R::Ge, false, left, right, to);
            }
            BranchOp::LoopEqInt { left, right, to, steps } => self.back_edge(R::Eq, left, right, to, steps),
            BranchOp::LoopNeInt { left, right, to, steps } => self.back_edge(R::Ne, left, right, to, steps),
            BranchOp::LoopLtInt { left, right, to, steps } => self.back_edge(R::Lt, left, right, to, steps),
            BranchOp::LoopLeInt { left, right, to, steps } => self.back_edge(R::Le, left, right, to, steps),
            BranchOp::LoopEqIntConst { left, steps, to, right } => {
                self.back_edge_const(R::Eq, left, right, to, steps)
            }
            BranchOp::LoopNeIntConst { left, steps, to, right } => {
                self.back_edge_const(R::Ne, left, right, to, steps)
            }
            BranchOp::LoopLtIntConst { left, steps, to, right } => {
                self.back_edge_const(R::Lt, left, right, to, steps)
            }
            BranchOp::LoopGeIntConst { left, steps, to, right } => {
                self.back_edge_const(R::Ge, left, right, to, steps)
            }
            BranchOp::CountLtInt { counter, right, step, steps, to } => {
                self.count(R::Lt, counter, step.into(), right, to, steps);
            }
            BranchOp::CountLeInt { counter, right, step, steps, to } => {
                self.count(R::Le, counter, step.into(), right, to, steps);
            }
            BranchOp::CountLtIntConst { counter, step, steps, to, right } => {
                self.count(R::Lt, counter, step.into(), right, to, steps);
            }
            BranchOp::CountGeIntConst { counter, step, steps, to, right } => {
                self.count(R::Ge, counter, step.into(), right, to, steps);
            }
            BranchOp::StepLtInt { counter, step, right, steps, to } => {
                self.count(R::Lt, counter, step.into(), right, to, steps);
            }
            BranchOp::StepLeInt { counter, step, right, steps, to } => {
                self.count(R::Le, counter, step.into(), right, to, steps);
            }
            BranchOp::IfBoth { left, right, to } => self.if_two(left, right, true, true, to),
            BranchOp::IfNotBoth { left, right, to } => self.if_two(left, right, true, false, to),
            BranchOp::IfEither { left, right, to } => self.if_two(left, right, false, true, to),
            BranchOp::IfNeither { left, right, to } => self.if_two(left, right, false, false, to),
            BranchOp::IfTrueBool { slot, to } | BranchOp::IfTrue { slot, to } => self.if_true(slot, true, to),
            BranchOp::IfFalseBool { slot, to } | BranchOp::IfFalse { slot, to } => {
                self.if_true(slot, false, to)
            }
        }
    }

    /// Comparisons and logic that give a bool.
    fn comparison_instruction(&mut self, op: ComparisonOp) {
        use Relation as R;
        match op {
            ComparisonOp::TestEqInt { dst, left, right } => self.test_ints(R::Eq, dst, left, right),
            ComparisonOp::TestNeInt { dst, left, right } => self.test_ints(R::Ne, dst, left, right),
            ComparisonOp::TestLtInt { dst, left, right } => self.test_ints(R::Lt, dst, left, right),
            ComparisonOp::TestLeInt { dst, left, right } => self.test_ints(R::Le, dst, left, right),
            ComparisonOp::TestEqIntConst { dst, left, right } => {
                self.test_int_and_constant(R::Eq, dst, left, right)
            }
            ComparisonOp::TestNeIntConst { dst, left, right } => {
                self.test_int_and_constant(R::Ne, dst, left, right)
            }
            ComparisonOp::TestLtIntConst { dst, left, right } => {
                self.test_int_and_constant(R::Lt, dst, left, right)
            }
            ComparisonOp::TestGeIntConst { dst, left, right } => {
                self.test_int_and_constant(R::Ge, dst, left, right)
            }
            ComparisonOp::TestFloat { test, dst, left, right } => {
                let (left, right) = (self.float(left), self.float(right));
                self.test_floats(test, dst, left, right);
            }
            ComparisonOp::TestFloatConst { test, dst, left, right } => {
                let left = self.float(left);
                let number = self.number(right.to_bits());
                x64!(self ; movsd xmm0, [=>number]);
                self.test_floats(test, dst, left, 0);
            }
            ComparisonOp::And { dst, left, right } => self.two(dst, left, right, true),
            ComparisonOp::Or { dst, left, right } => self.two(dst, left, right, false),
            ComparisonOp::Not { dst, src } => {
                self.truth(src);
                x64!(self ; xor eax, 1);
                self.write_bool(dst);
            }
        }
    }

    /// Strings.
    fn string_instruction(&mut self, op: StringOp) {
        match op {
            StringOp::IfEqString { left, right, to } => self.if_strings(left, right, to, true),
            StringOp::IfNeString { left, right, to } => self.if_strings(left, right, to, false),
            StringOp::IfEqStringConst { left, right, to } => self.if_string_is(left, right, to, true),
            StringOp::IfNeStringConst { left, right, to } => self.if_string_is(left, right, to, false),
            StringOp::Join { dst, left, right } => self.join(dst, left, right),
            StringOp::IntText { dst, src } => self.int_text(dst, src),
            StringOp::StrLen { dst, string } => self.string_length(dst, string),
        }
    }

    /// Arrays and dicts.
    fn container_instruction(&mut self, op: ContainerOp) {
        match op {
            ContainerOp::ArrayGet { dst, array, index } => self.array_get(dst, array, index.into(), None),
            ContainerOp::ArrayGetConst { dst, array, index } => {
                self.array_get(dst, array, index.into(), None)
            }
            ContainerOp::ArrayGetBool { dst, array, index } => {
                self.array_get(dst, array, index.into(), Some(tag::BOOL))
            }
            ContainerOp::ArrayGetInt { dst, array, index } => {
                self.array_get(dst, array, index.into(), Some(tag::INT))
            }
            ContainerOp::ArrayGetFloat { dst, array, index } => {
                self.array_get(dst, array, index.into(), Some(tag::FLOAT))
            }
            ContainerOp::ArrayGetConstInt { dst, array, index } => {
                self.array_get(dst, array, index.into(), Some(tag::INT))
            }
            ContainerOp::ArrayGetConstFloat { dst, array, index } => {
                self.array_get(dst, array, index.into(), Some(tag::FLOAT));
            }
            ContainerOp::ArraySetInt { array, index, value } => {
                self.array_set(array, index, Scalar::Int(value))
            }
            ContainerOp::ArraySetFloat { array, index, value } => {
                self.array_set(array, index, Scalar::Float(value))
            }
            ContainerOp::ArraySetScalar { array, index, value } => {
                self.array_set(array, index, Scalar::Any(value))
            }
            ContainerOp::ArraySetToBool { array, index, value } => {
                self.array_set(array, index, Scalar::Constant(tag::BOOL, i64::from(value)));
            }
            ContainerOp::ArraySetToInt { array, index, value } => {
                self.array_set(array, index, Scalar::Constant(tag::INT, value));
            }
            ContainerOp::ArraySetToFloat { array, index, value } => {
                self.array_set(array, index, Scalar::Constant(tag::FLOAT, value.to_bits() as i64));
            }
            ContainerOp::ArraySet { array, index, value } => self.set_element(array, index.into(), value),
            ContainerOp::ArraySetConst { array, index, value } => {
                self.set_element(array, index.into(), value)
            }
            ContainerOp::ArrayLen { dst, array } => {
                self.expect(array, tag::ARRAY);
                let to = self.cache.take_int();
                x64!(self ; mov rax, [rbx + payload(array)]);
                self.array_length(to);
                self.write_int(dst, to);
            }
            ContainerOp::DictGet { dst, dict, key } => self.dict_get(dst, dict, key),
            ContainerOp::DictSet { dict, key, value } => self.dict_set(dict, key, value),
            ContainerOp::ElideCopy { holder, container } => self.elide_copy(holder, container),
            ContainerOp::ElideCopyGlobal { holder, container, key } => {
                self.elide_copy_global(holder, container, key)
            }
            ContainerOp::ElideCopyElement { outer, key, container } => {
                self.elide_copy_of_element(outer, key, container);
            }
        }
    }

    /// Calls, returns and baseline instructions.
    fn call_instruction(&mut self, op: CallOp) {
        match op {
            CallOp::Baseline { .. } => {
                let stopped = self.leave(JitExit::Reason);
                x64!(self ; mov rdi, r15 ; mov esi, self.place as i32 ; mov rdx, rbx ; mov rcx, r13);
                self.call(super::super::stubs::plain as *const ());
                x64!(self ; test eax, eax ; jnz =>stopped);
                self.cache = Cache::EMPTY;
            }
            CallOp::Call { site, steps } => self.call_function(site, steps),
            CallOp::CallAny { func, family, steps } => self.call_any(func, family, steps),
            CallOp::Return { src, clear, steps } => self.return_value(src, clear, steps),
            CallOp::ReturnConst { constant, clear, steps } => self.return_constant(constant, clear, steps),
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
