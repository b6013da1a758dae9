//! The loop that executes specialised code.
//!
//! # `unsafe`
//!
//! A specialised instruction does little: checking the type of each operand, the bounds of the code and what a write drops
//! would be most of the work. The builder has established all of it, so here it is taken for granted:
//!
//! 1. *Control stays in the code.* A jump checks its target. What goes on to the next instruction finds one, since the last
//!    instruction of all leads elsewhere; that is checked when the loop begins (`Cursor::new`).
//! 2. *A slot is one of the 256 registers of a frame.* [`Slot`] is made from a register and from nothing else. The registers of
//!    the current frame are on the stack (each call sees to that of the frame it enters), and the stack does not move while
//!    the frame runs.
//! 3. *Operands have the types that an instruction requires,* and what a scalar is written over is a scalar, which need
//!    not be dropped. The builder makes such an instruction only where its [`TypeContext`](super::TypeContext) says so, and a
//!    context says so after a guard, after an instruction that gives nothing else, or where all paths agree.
//!
//! With debug assertions, every check that is left out here is made. The tests, the conformance suite and the fuzzers run
//! that way.

#![allow(unsafe_code, reason = "see the top of the module")]

mod unchecked;

use std::mem;

use self::unchecked::{Cursor, RawRegisters, payload, scalar};
use crate::errors::RuntimeError;
use crate::exec::analysis::{can_set, is_twin, take_element};
use crate::exec::interpreter::{Op, Program, dispatch};
use crate::exec::specialise::code::Code;
use crate::exec::specialise::elements::{elide_copy, set_item};
use crate::exec::specialise::op::{CodeAddr, Slot, SpecOp, Triple};
use crate::exec::specialise::types::Type;
use crate::isa::{REGISTERS, Reg};
use crate::memory;
use crate::ops;
use crate::runtime::{CallSiteId, Caller, Environment, Frame, FrameRegisters, Machine, RESERVE, Unobserved};
use crate::schedule::{self, Tier};
use crate::value::{Array, Value, put, put_int};
use crate::values::costs;

/// Why specialised code was left. It is a word and nothing more; what goes with it is in [`ExitPayload`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExitReason {
    /// At code that is still to be made.
    Stub(u32),
    /// At an instruction whose guard failed.
    Guard,
    /// At an instruction that charges more steps than are at hand.
    OutOfFuel,
    /// At an instruction that the baseline interpreter has to execute.
    Deoptimise,
    /// Behind a return to a frame that the baseline interpreter waits in, which goes on with that instruction.
    Returned(u32),
    /// Behind the return from the program.
    Ended,
    /// Behind the one instruction that was to be done.
    Stepped,
}

/// What goes with an exit reason.
#[derive(Default)]
pub(crate) struct ExitPayload {
    /// The error of the instruction where it stopped, if that failed.
    pub(crate) error: Option<RuntimeError>,
    /// What the program returned, if it ended.
    pub(crate) result: Value,
    /// A panic of the host, from a function that machine code called.
    #[cfg(machine_code)]
    pub(crate) panic: Option<Box<dyn std::any::Any + Send>>,
}

impl Machine<'_> {
    /// Obeys specialised code from `at` on until something stops it, and leaves `at` there. It charges no more than `slice` steps, and
    /// does no more than one instruction if it is to do it `ONCE`.
    #[inline(never)]
    #[expect(clippy::cognitive_complexity, reason = "one arm for each instruction")]
    pub(crate) fn execute_specialised<const ONCE: bool>(
        &mut self,
        program: &Program,
        code: &Code,
        position: &mut CodeAddr,
        exit_payload: &mut ExitPayload,
        slice: u64,
    ) -> ExitReason {
        let Some(mut cursor) = Cursor::new(&code.ops, *position) else { return ExitReason::Deoptimise };
        // What may be charged: specialised code is entered only while there is more than the reserve, and never charges that.
        let most = (self.fuel.left - RESERVE).min(slice);
        let mut fuel = most;
        let mut is_done = false;
        let mut frame = RawRegisters::of(&mut self.stack, self.frame.base);
        let mut size = self.frame.size;
        // SAFETY, for all of the macros: `frame` are those of the current frame, since what changes the frame sets them; a
        // value that is borrowed is let go before the next is written, within the same macro or arm; and the types are as
        // the builder knew them (see the top of the module).
        macro_rules! value {
            ($slot:expr) => {
                // SAFETY: see above.
                unsafe { frame.value($slot) }
            };
        }
        macro_rules! value_mut {
            ($slot:expr) => {
                // SAFETY: see above.
                unsafe { frame.value_mut($slot) }
            };
        }
        macro_rules! int {
            ($slot:expr) => {
                // SAFETY: see above.
                unsafe { frame.int($slot) }
            };
        }
        macro_rules! float {
            ($slot:expr) => {
                // SAFETY: see above.
                unsafe { frame.float($slot) }
            };
        }
        macro_rules! write_int {
            ($dst:expr, $number:expr) => {{
                let number: i64 = $number;
                // SAFETY: see above.
                unsafe { frame.write($dst, Value::Int(number)) }
            }};
        }
        macro_rules! write_float {
            ($dst:expr, $number:expr) => {{
                let number: f64 = $number;
                // SAFETY: see above.
                unsafe { frame.write($dst, Value::Float(number)) }
            }};
        }
        macro_rules! write_bool {
            ($dst:expr, $value:expr) => {{
                let value: bool = $value;
                // SAFETY: see above.
                unsafe { frame.write($dst, Value::Bool(value)) }
            }};
        }
        macro_rules! copy {
            ($place:expr, $value:expr) => {{
                // The address before the place is borrowed: the value may stand in it.
                let value: *const Value = $value;
                let place: &mut Value = $place;
                // SAFETY: see above.
                unsafe { copy(place, value) }
            }};
        }
        let stop = 'execute: loop {
            if ONCE && mem::replace(&mut is_done, true) {
                *position = cursor.next();
                break ExitReason::Stepped;
            }
            // Stops at this instruction.
            macro_rules! leave {
                ($stop:expr) => {{
                    *position = cursor.taken();
                    break 'execute $stop;
                }};
            }
            // Goes on elsewhere.
            macro_rules! goto {
                ($to:expr) => {{
                    let to: CodeAddr = $to;
                    if cursor.go(to) {
                        continue 'execute;
                    }
                    break 'execute ExitReason::Stub(to.as_stub());
                }};
            }
            macro_rules! charge {
                ($steps:expr) => {{
                    match fuel.checked_sub(u64::from($steps)) {
                        Some(left) => fuel = left,
                        None => leave!(ExitReason::OutOfFuel),
                    }
                }};
            }
            // Writes the result of an operation on ints, if it has one.
            macro_rules! checked {
                ($dst:expr, $result:expr) => {{
                    match $result {
                        Some(result) => write_int!($dst, result),
                        None => leave!(ExitReason::Guard),
                    }
                }};
            }
            // Two operations on floats. The instruction behind is the second of them.
            macro_rules! pair {
                ($first:expr, $one:tt, $second:expr, $two:tt) => {{
                    let Triple { dst, left, right } = $first;
                    write_float!(dst, float!(left) $one float!(right));
                    let Triple { dst, left, right } = $second;
                    write_float!(dst, float!(left) $two float!(right));
                    // SAFETY: this instruction does not lead elsewhere.
                    unsafe { cursor.take() };
                }};
            }
            macro_rules! mixed {
                ($dst:expr, $left:expr, $right:expr, $operation:expr) => {{
                    match (value!($left).to_float(), value!($right).to_float()) {
                        (Some(left), Some(right)) => write_float!($dst, $operation(left, right)),
                        (None, _) | (_, None) => leave!(ExitReason::Guard),
                    }
                }};
            }
            macro_rules! branch {
                ($holds:expr, $to:expr) => {{
                    if $holds {
                        goto!($to);
                    }
                }};
            }
            // the back edge of a loop.
            macro_rules! back_edge {
                ($holds:expr, $to:expr, $steps:expr) => {{
                    if $holds {
                        charge!($steps);
                        goto!($to);
                    }
                }};
            }
            // Counting, and the back edge of a loop.
            macro_rules! count {
                ($counter:expr, $step:expr, $to:expr, $steps:expr, $holds:expr) => {{
                    let Some(left) = fuel.checked_sub(u64::from($steps)) else {
                        leave!(ExitReason::OutOfFuel)
                    };
                    let Some(next) = int!($counter).checked_add($step) else { leave!(ExitReason::Guard) };
                    write_int!($counter, next);
                    if $holds(next) {
                        fuel = left;
                        goto!($to);
                    }
                }};
            }
            macro_rules! strings {
                ($left:expr, $right:expr) => {{
                    let (Value::String(left), Value::String(right)) = ($left, $right) else {
                        leave!(ExitReason::Guard)
                    };
                    // The host can end a comparison only where the interpreter does it.
                    if left.is_long() && right.is_long() {
                        leave!(ExitReason::Guard)
                    }
                    left.is_same(right)
                }};
            }
            macro_rules! array {
                ($slot:expr) => {{
                    let Value::Array(array) = value!($slot) else { leave!(ExitReason::Guard) };
                    array
                }};
            }
            // Writes a copy of an element.
            macro_rules! get_item {
                ($dst:expr, $array:expr, $index:expr) => {{
                    let (array, index) = (array!($array), Array::place($index));
                    if let Some(scalar) = array.scalar(index) {
                        copy!(value_mut!($dst), &scalar);
                    } else if let Some(item) = array.values().get(index) {
                        copy!(value_mut!($dst), item);
                    } else {
                        leave!(ExitReason::Guard)
                    }
                }};
            }
            // An element of that type.
            macro_rules! item_of {
                ($array:expr, $index:expr, $of_type:ident) => {{
                    match array!($array).$of_type(Array::place($index)) {
                        Some(item) => item,
                        None => leave!(ExitReason::Guard),
                    }
                }};
            }
            // Writes a scalar to an element of an array.
            macro_rules! set_scalar {
                ($array:expr, $index:expr, $value:expr) => {{
                    let index: i64 = $index;
                    let is_set = if let Value::Array(array) = value_mut!($array) {
                        array.set_scalar(Array::place(index), $value)
                    } else {
                        false
                    };
                    if !is_set {
                        set_item!($array, index, $value);
                    }
                }};
            }
            // Writes an element of an array, or appends it.
            macro_rules! set_item {
                ($array:expr, $index:expr, $value:expr) => {{
                    // The element first: it may come from a register, and all of them are borrowed then.
                    let element = ($index, $value);
                    let (array, at) = ($array, cursor.taken());
                    let base = frame.base(&mut self.stack);
                    self.frame = Frame { base, size };
                    let is_set = set_item(program, code, at, self, array, element);
                    frame = RawRegisters::of(&mut self.stack, base);
                    if !is_set {
                        leave!(ExitReason::Guard)
                    }
                }};
            }
            // Drops what is not to stay behind a frame.
            macro_rules! clear {
                ($clear:expr) => {{
                    if $clear != 0 {
                        for slot in &code.clears[$clear as usize] {
                            put(value_mut!(*slot), Value::Empty);
                        }
                    }
                }};
            }
            // Goes back to a caller that waits in specialised code, or stops.
            macro_rules! go_back {
                ($caller:expr, $back:ident) => {{
                    let CallSiteId(site) = $caller.site;
                    let Some(site) = code.sites.get(site as usize) else {
                        break 'execute ExitReason::Returned($caller.pc + 1);
                    };
                    goto!(site.$back);
                }};
            }
            // Leaves the current frame, and gives the one to go back to.
            macro_rules! leave_frame {
                () => {
                    self.callers.pop().map(|caller| {
                        self.env.scopes.end_frame();
                        memory::release(costs::FRAME);
                        size = caller.size;
                        frame = frame.below(size);
                        caller
                    })
                };
            }
            // Enters a function.
            macro_rules! call {
                ($site:expr, $steps:expr) => {{
                    let (site, steps): (u32, u16) = ($site, $steps);
                    let call = &code.sites[site as usize];
                    let is_too_much = self.callers.len() as u64 >= self.max_call_depth
                        || self.env.memory.room() < costs::FRAME;
                    if is_too_much {
                        leave!(ExitReason::Deoptimise)
                    }
                    charge!(steps);
                    memory::charge(costs::FRAME);
                    // The frame that is entered has all its places on the stack, and so does the next.
                    let end = self.stack.as_mut_ptr_range().end;
                    if frame.above(size).distance_to(end) < 2 * REGISTERS * size_of::<Value>() {
                        let base = frame.base(&mut self.stack);
                        grow(&mut self.stack, base + usize::from(size));
                        frame = RawRegisters::of(&mut self.stack, base);
                    }
                    // Behind the frame lie scalars only.
                    let above = frame.above(size);
                    for (place, arg) in call.args.iter().enumerate() {
                        let value = value!(*arg);
                        let copy = if value.is_scalar() {
                            // SAFETY: it is a scalar.
                            unsafe { scalar(value) }
                        } else {
                            value.clone()
                        };
                        // SAFETY: the stack has all the places of the frame that is entered, and each holds a scalar.
                        unsafe { above.place(Slot::of(place as u8)).write(copy) };
                    }
                    for register in call.clear.iter().skip(usize::from(planted!("specialised-call-clear"))) {
                        // SAFETY: as above.
                        unsafe { above.write(*register, Value::Empty) };
                    }
                    self.env.scopes.begin_frame();
                    self.callers.push(Caller {
                        pc: call.pc,
                        callee: call.function,
                        site: CallSiteId(site),
                        size,
                        dst: Reg(call.dst),
                    });
                    size = call.registers;
                    frame = above;
                    goto!(call.callee);
                }};
            }
            // Leaves a function with what a register holds.
            macro_rules! r#return {
                ($src:expr, $clear:expr, $steps:expr) => {{
                    let (src, clear, steps): (Slot, u32, u16) = ($src, $clear, $steps);
                    charge!(steps);
                    clear!(clear);
                    let result = value_mut!(src);
                    let Some(caller) = leave_frame!() else {
                        exit_payload.result = mem::take(result);
                        break 'execute ExitReason::Ended;
                    };
                    let dst = value_mut!(Slot::of(caller.dst.0));
                    match result {
                        Value::Int(number) => {
                            put_int(dst, *number);
                            go_back!(caller, back_with_int);
                        }
                        Value::Float(_) => {
                            copy!(dst, result);
                            go_back!(caller, back_with_float);
                        }
                        Value::Bool(_) => {
                            copy!(dst, result);
                            go_back!(caller, back_with_bool);
                        }
                        Value::Empty
                        | Value::String(_)
                        | Value::Function(_)
                        | Value::Url(_)
                        | Value::Array(_)
                        | Value::Dict(_) => {
                            // What is left behind is a scalar.
                            put(dst, mem::take(result));
                            go_back!(caller, back);
                        }
                    }
                }};
            }
            // Executes the instruction behind, too, if it is the expected one. If not, the loop does.
            macro_rules! then {
                ($op:ident { $($field:ident),* } => $body:expr) => {{
                    // SAFETY: the instruction that was taken does not lead elsewhere.
                    if let &SpecOp::$op { $($field),* } = unsafe { cursor.peek() } {
                        // SAFETY: as above.
                        unsafe { cursor.take() };
                        if is_forced(code, cursor.taken()) {
                            leave!(ExitReason::Deoptimise)
                        }
                        $body
                    }
                }};
            }
            macro_rules! count_lt {
                ($counter:expr, $right:expr, $step:expr, $steps:expr, $to:expr) => {{
                    let right = int!($right);
                    count!($counter, $step, $to, $steps, |next| next < right);
                }};
            }
            macro_rules! load_const {
                ($dst:expr, $constant:expr) => {
                    match (value_mut!($dst), &program.constants[usize::from($constant)]) {
                        (Value::String(old), Value::String(text)) => *old = text.clone(),
                        (place, value) => copy!(place, value),
                    }
                };
            }
            macro_rules! jump {
                ($to:expr, $steps:expr) => {{
                    let steps: u16 = $steps;
                    charge!(steps.saturating_sub(u16::from(planted!("specialised-fuel"))));
                    goto!($to);
                }};
            }
            // SAFETY: what leads elsewhere went there or stopped.
            let mut op = unsafe { cursor.take() };
            let unfused;
            if ONCE {
                unfused = op.unfused();
                op = &unfused;
            }
            if is_forced(code, cursor.taken()) {
                leave!(ExitReason::Deoptimise)
            }
            match op {
                &SpecOp::Goto { to } => goto!(to),
                &SpecOp::Jump { to, steps } => jump!(to, steps),
                &SpecOp::ChargeFuel { steps } => charge!(steps),
                SpecOp::Deoptimise => leave!(ExitReason::Deoptimise),
                &SpecOp::Move { dst, src } => {
                    if dst != src {
                        copy!(value_mut!(dst), value!(src));
                    }
                }
                &SpecOp::MoveInt { dst, src } => write_int!(dst, int!(src)),
                &SpecOp::MoveFloat { dst, src } => write_float!(dst, float!(src)),
                &SpecOp::MoveScalar { dst, src } => {
                    let value = value!(src);
                    // SAFETY: the value is a scalar.
                    let value = unsafe { scalar(value) };
                    // SAFETY: it is written over a scalar.
                    unsafe { frame.write(dst, value) };
                }
                &SpecOp::Swap { a, b } => {
                    if a != b {
                        mem::swap(value_mut!(a), value_mut!(b));
                    }
                }
                &SpecOp::LoadConst { dst, constant } => load_const!(dst, constant),
                &SpecOp::PutBool { dst, value } => put(value_mut!(dst), Value::Bool(value)),
                &SpecOp::LoadInt { dst, value } => write_int!(dst, value),
                &SpecOp::LoadFloat { dst, value } => write_float!(dst, value),
                &SpecOp::LoadBool { dst, value } => write_bool!(dst, value),
                &SpecOp::Guard { slot, ty } => {
                    let value = value!(slot);
                    let passes = match ty {
                        Type::Any => true,
                        Type::Free => {
                            value.is_scalar()
                                || matches!(value, Value::String(text) if text.is_pooled(program.functions.id))
                        }
                        Type::Scalar => value.is_scalar(),
                        Type::Bool => matches!(value, Value::Bool(_)),
                        Type::Int => matches!(value, Value::Int(_)),
                        Type::Float => matches!(value, Value::Float(_)),
                    };
                    if !passes {
                        leave!(ExitReason::Guard)
                    }
                }
                &SpecOp::GuardInt { slot } => {
                    let Value::Int(_) = value!(slot) else { leave!(ExitReason::Guard) };
                }
                &SpecOp::GuardFloat { slot } => {
                    let Value::Float(_) = value!(slot) else { leave!(ExitReason::Guard) };
                }
                &SpecOp::GuardBool { slot } => {
                    let Value::Bool(_) = value!(slot) else { leave!(ExitReason::Guard) };
                }
                &SpecOp::GuardFunction { slot, function } => {
                    if !ops::call(&program.functions, value!(slot)).is_ok_and(|named| named == function) {
                        leave!(ExitReason::Guard)
                    }
                }
                &SpecOp::AddInt { dst, left, right } => checked!(dst, int!(left).checked_add(int!(right))),
                &SpecOp::SubInt { dst, left, right } => checked!(dst, int!(left).checked_sub(int!(right))),
                &SpecOp::MulInt { dst, left, right } => checked!(dst, int!(left).checked_mul(int!(right))),
                &SpecOp::DivInt { dst, left, right } => checked!(dst, int!(left).checked_div(int!(right))),
                &SpecOp::ModInt { dst, left, right } => checked!(dst, int!(left).checked_rem(int!(right))),
                &SpecOp::AddIntConst { dst, left, right } => checked!(dst, int!(left).checked_add(right)),
                &SpecOp::SubConstInt { dst, left, right } => checked!(dst, left.checked_sub(int!(right))),
                &SpecOp::MulIntConst { dst, left, right } => checked!(dst, int!(left).checked_mul(right)),
                &SpecOp::DivIntConst { dst, left, right } => checked!(dst, int!(left).checked_div(right)),
                &SpecOp::ModIntConst { dst, left, right } => checked!(dst, int!(left).checked_rem(right)),
                &SpecOp::DivIntShift { dst, left, shift } => {
                    let left = int!(left);
                    // Rounds toward zero: what is below is brought up first.
                    let below = (left >> 63) & !(-1 << shift);
                    write_int!(dst, left.wrapping_add(below) >> shift);
                }
                &SpecOp::ModIntMask { dst, left, mask } => {
                    let left = int!(left);
                    let below = (left >> 63) & mask;
                    write_int!(dst, (left.wrapping_add(below) & mask) - below);
                }
                &SpecOp::AddFloat { dst, left, right } => write_float!(dst, float!(left) + float!(right)),
                &SpecOp::SubFloat { dst, left, right } => write_float!(dst, float!(left) - float!(right)),
                &SpecOp::MulFloat { dst, left, right } => write_float!(dst, float!(left) * float!(right)),
                &SpecOp::DivFloat { dst, left, right } => {
                    let right = float!(right);
                    if right == 0.0 {
                        leave!(ExitReason::Guard)
                    }
                    write_float!(dst, float!(left) / right);
                }
                &SpecOp::AddFloatConst { dst, left, right } => write_float!(dst, float!(left) + right),
                &SpecOp::SubConstFloat { dst, left, right } => write_float!(dst, left - float!(right)),
                &SpecOp::MulFloatConst { dst, left, right } => write_float!(dst, float!(left) * right),
                &SpecOp::DivFloatConst { dst, left, right } => write_float!(dst, float!(left) / right),
                &SpecOp::DivConstFloat { dst, left, right } => {
                    let right = float!(right);
                    if right == 0.0 {
                        leave!(ExitReason::Guard)
                    }
                    write_float!(dst, left / right);
                }
                &SpecOp::AddAddFloat { first, second } => pair!(first, +, second, +),
                &SpecOp::AddSubFloat { first, second } => pair!(first, +, second, -),
                &SpecOp::AddMulFloat { first, second } => pair!(first, +, second, *),
                &SpecOp::SubAddFloat { first, second } => pair!(first, -, second, +),
                &SpecOp::SubSubFloat { first, second } => pair!(first, -, second, -),
                &SpecOp::SubMulFloat { first, second } => pair!(first, -, second, *),
                &SpecOp::MulAddFloat { first, second } => pair!(first, *, second, +),
                &SpecOp::MulSubFloat { first, second } => pair!(first, *, second, -),
                &SpecOp::MulMulFloat { first, second } => pair!(first, *, second, *),
                &SpecOp::AddMixed { dst, left, right } => mixed!(dst, left, right, |a: f64, b: f64| a + b),
                &SpecOp::SubMixed { dst, left, right } => mixed!(dst, left, right, |a: f64, b: f64| a - b),
                &SpecOp::MulMixed { dst, left, right } => mixed!(dst, left, right, |a: f64, b: f64| a * b),
                &SpecOp::DivMixed { dst, left, right } => {
                    let (Some(left), Some(right)) = (value!(left).to_float(), value!(right).to_float())
                    else {
                        leave!(ExitReason::Guard)
                    };
                    if right == 0.0 {
                        leave!(ExitReason::Guard)
                    }
                    write_float!(dst, left / right);
                }
                &SpecOp::NegInt { dst, src } => checked!(dst, int!(src).checked_neg()),
                &SpecOp::NegFloat { dst, src } => write_float!(dst, -float!(src)),
                &SpecOp::IfEqString { left, right, to } => branch!(strings!(value!(left), value!(right)), to),
                &SpecOp::IfNeString { left, right, to } => {
                    branch!(!strings!(value!(left), value!(right)), to)
                }
                &SpecOp::IfEqStringConst { left, right, to } => {
                    branch!(strings!(value!(left), &program.constants[usize::from(right)]), to);
                }
                &SpecOp::IfNeStringConst { left, right, to } => {
                    branch!(!strings!(value!(left), &program.constants[usize::from(right)]), to);
                }
                &SpecOp::IfEqInt { left, right, to } => branch!(int!(left) == int!(right), to),
                &SpecOp::IfNeInt { left, right, to } => branch!(int!(left) != int!(right), to),
                &SpecOp::IfLtInt { left, right, to } => branch!(int!(left) < int!(right), to),
                &SpecOp::IfLeInt { left, right, to } => branch!(int!(left) <= int!(right), to),
                &SpecOp::IfEqIntConst { left, to, right } => branch!(int!(left) == right, to),
                &SpecOp::IfNeIntConst { left, to, right } => branch!(int!(left) != right, to),
                &SpecOp::IfLtIntConst { left, to, right } => branch!(int!(left) < right, to),
                &SpecOp::IfGeIntConst { left, to, right } => branch!(int!(left) >= right, to),
                &SpecOp::IfEqFloat { left, right, to } => branch!(float!(left) == float!(right), to),
                &SpecOp::IfNeFloat { left, right, to } => branch!(float!(left) != float!(right), to),
                &SpecOp::IfLtFloat { left, right, to } => branch!(float!(left) < float!(right), to),
                &SpecOp::IfNotLtFloat { left, right, to } => branch!(!float!(left).lt(&float!(right)), to),
                &SpecOp::IfLeFloat { left, right, to } => branch!(float!(left) <= float!(right), to),
                &SpecOp::IfNotLeFloat { left, right, to } => branch!(!float!(left).le(&float!(right)), to),
                &SpecOp::IfEqFloatConst { left, to, right } => branch!(float!(left) == right, to),
                &SpecOp::IfNeFloatConst { left, to, right } => branch!(float!(left) != right, to),
                &SpecOp::IfLtFloatConst { left, to, right } => branch!(float!(left) < right, to),
                &SpecOp::IfNotLtFloatConst { left, to, right } => branch!(!float!(left).lt(&right), to),
                &SpecOp::IfLeFloatConst { left, to, right } => branch!(float!(left) <= right, to),
                &SpecOp::IfNotLeFloatConst { left, to, right } => branch!(!float!(left).le(&right), to),
                &SpecOp::IfGtFloatConst { left, to, right } => branch!(float!(left) > right, to),
                &SpecOp::IfNotGtFloatConst { left, to, right } => branch!(!float!(left).gt(&right), to),
                &SpecOp::IfGeFloatConst { left, to, right } => branch!(float!(left) >= right, to),
                &SpecOp::IfNotGeFloatConst { left, to, right } => branch!(!float!(left).ge(&right), to),
                &SpecOp::LoopEqInt { left, right, to, steps } => {
                    back_edge!(int!(left) == int!(right), to, steps)
                }
                &SpecOp::LoopNeInt { left, right, to, steps } => {
                    back_edge!(int!(left) != int!(right), to, steps)
                }
                &SpecOp::LoopLtInt { left, right, to, steps } => {
                    back_edge!(int!(left) < int!(right), to, steps)
                }
                &SpecOp::LoopLeInt { left, right, to, steps } => {
                    back_edge!(int!(left) <= int!(right), to, steps)
                }
                &SpecOp::LoopEqIntConst { left, steps, to, right } => {
                    back_edge!(int!(left) == right, to, steps)
                }
                &SpecOp::LoopNeIntConst { left, steps, to, right } => {
                    back_edge!(int!(left) != right, to, steps)
                }
                &SpecOp::LoopLtIntConst { left, steps, to, right } => {
                    back_edge!(int!(left) < right, to, steps)
                }
                &SpecOp::LoopGeIntConst { left, steps, to, right } => {
                    back_edge!(int!(left) >= right, to, steps)
                }
                &SpecOp::CountLtInt { counter, right, step, steps, to } => {
                    count_lt!(counter, right, i64::from(step), steps, to);
                }
                &SpecOp::CountLeInt { counter, right, step, steps, to } => {
                    let right = int!(right);
                    count!(counter, i64::from(step), to, steps, |next| next <= right);
                }
                &SpecOp::CountLtIntConst { counter, step, steps, to, right } => {
                    count!(counter, i64::from(step), to, steps, |next| next < i64::from(right));
                }
                &SpecOp::CountGeIntConst { counter, step, steps, to, right } => {
                    count!(counter, i64::from(step), to, steps, |next| next >= i64::from(right));
                }
                &SpecOp::StepLtInt { counter, step, right, steps, to } => {
                    count_lt!(counter, right, int!(step), steps, to);
                }
                &SpecOp::StepLeInt { counter, step, right, steps, to } => {
                    let right = int!(right);
                    count!(counter, int!(step), to, steps, |next| next <= right);
                }
                &SpecOp::IfBoth { left, right, to } => {
                    branch!(holds(value!(left)) && holds(value!(right)), to)
                }
                &SpecOp::IfNotBoth { left, right, to } => {
                    branch!(!(holds(value!(left)) && holds(value!(right))), to);
                }
                &SpecOp::IfEither { left, right, to } => {
                    branch!(holds(value!(left)) || holds(value!(right)), to);
                }
                &SpecOp::IfNeither { left, right, to } => {
                    branch!(!(holds(value!(left)) || holds(value!(right))), to);
                }
                &SpecOp::TestEqInt { dst, left, right } => write_bool!(dst, int!(left) == int!(right)),
                &SpecOp::TestNeInt { dst, left, right } => write_bool!(dst, int!(left) != int!(right)),
                &SpecOp::TestLtInt { dst, left, right } => write_bool!(dst, int!(left) < int!(right)),
                &SpecOp::TestLeInt { dst, left, right } => write_bool!(dst, int!(left) <= int!(right)),
                &SpecOp::TestEqIntConst { dst, left, right } => write_bool!(dst, int!(left) == right),
                &SpecOp::TestNeIntConst { dst, left, right } => write_bool!(dst, int!(left) != right),
                &SpecOp::TestLtIntConst { dst, left, right } => write_bool!(dst, int!(left) < right),
                &SpecOp::TestGeIntConst { dst, left, right } => write_bool!(dst, int!(left) >= right),
                &SpecOp::TestFloat { test, dst, left, right } => {
                    write_bool!(dst, test.of(&float!(left), &float!(right)));
                }
                &SpecOp::TestFloatConst { test, dst, left, right } => {
                    write_bool!(dst, test.of(&float!(left), &right));
                }
                &SpecOp::And { dst, left, right } => {
                    write_bool!(dst, holds(value!(left)) && holds(value!(right)));
                }
                &SpecOp::Or { dst, left, right } => {
                    write_bool!(dst, holds(value!(left)) || holds(value!(right)));
                }
                &SpecOp::Not { dst, src } => write_bool!(dst, !holds(value!(src))),
                // SAFETY: the value is a bool.
                &SpecOp::IfTrueBool { slot, to } => branch!(unsafe { frame.bool(slot) }, to),
                // SAFETY: the value is a bool.
                &SpecOp::IfFalseBool { slot, to } => branch!(!unsafe { frame.bool(slot) }, to),
                &SpecOp::IfTrue { slot, to } => branch!(holds(value!(slot)), to),
                &SpecOp::IfFalse { slot, to } => branch!(!holds(value!(slot)), to),
                &SpecOp::Join { dst, left, right } => {
                    let (Value::String(left), Value::String(right)) = (value!(left), value!(right)) else {
                        leave!(ExitReason::Guard)
                    };
                    // References of their own: the result may be written over one of them.
                    let (left, right) = (left.clone(), right.clone());
                    if ops::join_over(&self.env.memory, value_mut!(dst), &left, &right).is_err() {
                        leave!(ExitReason::Guard)
                    }
                }
                &SpecOp::IntText { dst, src } => {
                    let number = int!(src);
                    if ops::int_text_over(&self.env.memory, value_mut!(dst), number).is_err() {
                        leave!(ExitReason::Guard)
                    }
                }
                &SpecOp::StrLen { dst, string } => {
                    let Value::String(text) = value!(string) else { leave!(ExitReason::Guard) };
                    write_int!(dst, text.as_str().len() as i64);
                }
                &SpecOp::LoadGlobal { dst, name } => match self.env.globals.get(name) {
                    Some(value) => copy!(value_mut!(dst), value),
                    None => put(value_mut!(dst), Value::Empty),
                },
                &SpecOp::StoreGlobal { src, name } => {
                    let value = value!(src);
                    match self.env.globals.get_mut(name) {
                        Some(place) => copy!(place, value),
                        None => self.env.globals.set(name, value.clone()),
                    }
                }
                &SpecOp::ArrayGet { dst, array, index } => {
                    get_item!(dst, array, int!(index));
                }
                &SpecOp::ArrayGetConst { dst, array, index } => {
                    get_item!(dst, array, index);
                }
                &SpecOp::ArrayGetBool { dst, array, index } => {
                    write_bool!(dst, item_of!(array, int!(index), bool));
                }
                &SpecOp::ArrayGetInt { dst, array, index } => {
                    write_int!(dst, item_of!(array, int!(index), int));
                }
                &SpecOp::ArrayGetFloat { dst, array, index } => {
                    write_float!(dst, item_of!(array, int!(index), float));
                }
                &SpecOp::ArrayGetConstInt { dst, array, index } => {
                    write_int!(dst, item_of!(array, index, int));
                }
                &SpecOp::ArrayGetConstFloat { dst, array, index } => {
                    write_float!(dst, item_of!(array, index, float));
                }
                &SpecOp::ElideCopy { holder, container } => {
                    if is_twin(value!(holder), value!(container), &self.env.memory) {
                        put(value_mut!(holder), Value::Empty);
                    }
                }
                &SpecOp::ElideCopyGlobal { holder, container, key } => {
                    if let Some(held) = self.env.globals.get(holder)
                        && is_twin(held, value!(container), &self.env.memory)
                        && can_set(value!(container), value!(key))
                    {
                        self.env.globals.set(holder, Value::Empty);
                    }
                }
                &SpecOp::ElideCopyElement { outer, key, container } => {
                    // SAFETY: the frame has so many places, and nothing else looks at them meanwhile.
                    let registers = unsafe { frame.all() };
                    let places = [outer, key, container].map(|slot| usize::from(slot.register()));
                    if let Ok([outer, key, container]) = registers.get_disjoint_mut(places) {
                        take_element(&self.env.memory, outer, key, container);
                    }
                }
                &SpecOp::ArraySetScalar { array, index, value } => {
                    let value = value!(value);
                    // SAFETY: it is a scalar.
                    let value = || unsafe { scalar(value) };
                    set_scalar!(array, int!(index), value());
                }
                &SpecOp::ArraySetInt { array, index, value } => {
                    let number = int!(value);
                    set_scalar!(array, int!(index), Value::Int(number));
                }
                &SpecOp::ArraySetFloat { array, index, value } => {
                    let number = float!(value);
                    set_scalar!(array, int!(index), Value::Float(number));
                }
                &SpecOp::ArraySetToBool { array, index, value } => {
                    set_scalar!(array, int!(index), Value::Bool(value));
                }
                &SpecOp::ArraySetToInt { array, index, value } => {
                    set_scalar!(array, int!(index), Value::Int(value));
                }
                &SpecOp::ArraySetToFloat { array, index, value } => {
                    set_scalar!(array, int!(index), Value::Float(value));
                }
                &SpecOp::ArraySet { array, index, value } => {
                    let index = int!(index);
                    let value = value!(value).clone();
                    set_item!(array, index, value);
                }
                &SpecOp::ArraySetConst { array, value, index } => {
                    let value = value!(value).clone();
                    set_item!(array, i64::from(index), value);
                }
                &SpecOp::ArrayLen { dst, array } => {
                    let length = array!(array).len() as i64;
                    write_int!(dst, length);
                }
                &SpecOp::DictGet { dst, dict, key } => {
                    let (Value::Dict(dict), Value::String(key)) = (value!(dict), value!(key)) else {
                        leave!(ExitReason::Guard)
                    };
                    if key.is_long() {
                        leave!(ExitReason::Guard)
                    }
                    match dict.get_by(key) {
                        // A copy first: the dict may be what is written over.
                        Some(Value::Int(number)) => {
                            let number = *number;
                            put_int(value_mut!(dst), number);
                        }
                        Some(value) => put(value_mut!(dst), value.clone()),
                        None => put(value_mut!(dst), Value::Empty),
                    }
                }
                &SpecOp::DictSet { dict, key, value } => {
                    let (key, value) = (value!(key).clone(), value!(value).clone());
                    if let Value::Dict(dict) = value_mut!(dict)
                        && let Value::String(key) = &key
                        && let Some(object) = dict.object_mut()
                        && let Some(place) = object.known_value(key)
                    {
                        *place = value;
                        continue;
                    }
                    if value!(dict).is_copy_dear() {
                        let base = frame.base(&mut self.stack);
                        self.frame = Frame { base, size };
                        elide_copy(program, code, cursor.taken(), self, (&key, &value));
                        frame = RawRegisters::of(&mut self.stack, base);
                    }
                    if ops::dict_set(&self.env.memory, value_mut!(dict), key, value).is_err() {
                        leave!(ExitReason::Guard)
                    }
                }
                &SpecOp::Call { site, steps } => call!(site, steps),
                &SpecOp::CallAny { func, family, steps } => {
                    let named = ops::call(&program.functions, value!(func)).ok();
                    let site = named.and_then(|function| code.families[family as usize].site(function));
                    let Some(site) = site else { leave!(ExitReason::Guard) };
                    call!(site, steps)
                }
                &SpecOp::Return { src, clear, steps } => r#return!(src, clear, steps),
                &SpecOp::ReturnConst { constant, clear, steps } => {
                    charge!(steps);
                    clear!(clear);
                    let value = constant.map(|constant| &program.constants[usize::from(constant)]);
                    let Some(caller) = leave_frame!() else {
                        exit_payload.result = value.cloned().unwrap_or_default();
                        break 'execute ExitReason::Ended;
                    };
                    match value {
                        Some(value @ Value::Bool(_)) => {
                            copy!(value_mut!(Slot::of(caller.dst.0)), value);
                            go_back!(caller, back_with_bool);
                        }
                        Some(value) => copy!(value_mut!(Slot::of(caller.dst.0)), value),
                        None => {}
                    }
                    go_back!(caller, back);
                }
                &SpecOp::SubIntSubInt { dst, left, right } => {
                    checked!(dst, int!(left).checked_sub(int!(right)));
                    then!(SubInt { dst, left, right } => checked!(dst, int!(left).checked_sub(int!(right))));
                }
                &SpecOp::AddIntCountLtInt { dst, left, right } => {
                    checked!(dst, int!(left).checked_add(int!(right)));
                    then!(CountLtInt { counter, right, step, steps, to } =>
                        count_lt!(counter, right, i64::from(step), steps, to));
                }
                &SpecOp::ModIntMaskIfNeIntConst { dst, left, mask } => {
                    let left = int!(left);
                    let below = (left >> 63) & mask;
                    write_int!(dst, (left.wrapping_add(below) & mask) - below);
                    then!(IfNeIntConst { left, to, right } => branch!(int!(left) != right, to));
                }
                &SpecOp::AddFloatCountLtInt { dst, left, right } => {
                    write_float!(dst, float!(left) + float!(right));
                    then!(CountLtInt { counter, right, step, steps, to } =>
                        count_lt!(counter, right, i64::from(step), steps, to));
                }
                &SpecOp::TestEqIntOr { dst, left, right } => {
                    write_bool!(dst, int!(left) == int!(right));
                    then!(Or { dst, left, right } => {
                        write_bool!(dst, holds(value!(left)) || holds(value!(right)));
                    });
                }
                &SpecOp::TestEqIntIfNeither { dst, left, right } => {
                    write_bool!(dst, int!(left) == int!(right));
                    then!(IfNeither { left, right, to } => {
                        branch!(!(holds(value!(left)) || holds(value!(right))), to);
                    });
                }
                &SpecOp::IfEqStringConstTwice { left, right, to } => {
                    branch!(strings!(value!(left), &program.constants[usize::from(right)]), to);
                    then!(IfEqStringConst { left, right, to } => {
                        branch!(strings!(value!(left), &program.constants[usize::from(right)]), to);
                    });
                }
                &SpecOp::MoveIntMoveInt { dst, src } => {
                    write_int!(dst, int!(src));
                    then!(MoveInt { dst, src } => write_int!(dst, int!(src)));
                }
                &SpecOp::MoveIntJump { dst, src } => {
                    write_int!(dst, int!(src));
                    then!(Jump { to, steps } => jump!(to, steps));
                }
                &SpecOp::MoveFloatJump { dst, src } => {
                    write_float!(dst, float!(src));
                    then!(Jump { to, steps } => jump!(to, steps));
                }
                &SpecOp::LoadConstJump { dst, constant } => {
                    load_const!(dst, constant);
                    then!(Jump { to, steps } => jump!(to, steps));
                }
                &SpecOp::ArrayGetIntAddInt { dst, array, index } => {
                    write_int!(dst, item_of!(array, int!(index), int));
                    then!(AddInt { dst, left, right } => checked!(dst, int!(left).checked_add(int!(right))));
                }
                &SpecOp::ArrayGetIntAddIntConst { dst, array, index } => {
                    write_int!(dst, item_of!(array, int!(index), int));
                    then!(AddIntConst { dst, left, right } => checked!(dst, int!(left).checked_add(right)));
                }
                &SpecOp::ArrayGetIntTestEqInt { dst, array, index } => {
                    write_int!(dst, item_of!(array, int!(index), int));
                    then!(TestEqInt { dst, left, right } => write_bool!(dst, int!(left) == int!(right)));
                }
                &SpecOp::ArrayGetIntIfLtInt { dst, array, index } => {
                    write_int!(dst, item_of!(array, int!(index), int));
                    then!(IfLtInt { left, right, to } => branch!(int!(left) < int!(right), to));
                }
                &SpecOp::ArrayGetFloatTwice { dst, array, index } => {
                    write_float!(dst, item_of!(array, int!(index), float));
                    then!(ArrayGetFloat { dst, array, index } => {
                        write_float!(dst, item_of!(array, int!(index), float));
                    });
                }
                &SpecOp::ArrayGetFloatMulFloat { dst, array, index } => {
                    write_float!(dst, item_of!(array, int!(index), float));
                    then!(MulFloat { dst, left, right } => write_float!(dst, float!(left) * float!(right)));
                }
                &SpecOp::ArrayGetFloatSubFloat { dst, array, index } => {
                    write_float!(dst, item_of!(array, int!(index), float));
                    then!(SubFloat { dst, left, right } => write_float!(dst, float!(left) - float!(right)));
                }
                &SpecOp::ArraySetFloatArrayGetFloat { array, index, value } => {
                    let number = float!(value);
                    set_scalar!(array, int!(index), Value::Float(number));
                    then!(ArrayGetFloat { dst, array, index } => {
                        write_float!(dst, item_of!(array, int!(index), float));
                    });
                }
                &SpecOp::ArraySetToBoolStepLtInt { array, index, value } => {
                    set_scalar!(array, int!(index), Value::Bool(value));
                    then!(StepLtInt { counter, step, right, steps, to } =>
                        count_lt!(counter, right, int!(step), steps, to));
                }
                &SpecOp::ArraySetIntCountLtInt { array, index, value } => {
                    let number = int!(value);
                    set_scalar!(array, int!(index), Value::Int(number));
                    then!(CountLtInt { counter, right, step, steps, to } =>
                        count_lt!(counter, right, i64::from(step), steps, to));
                }
                &SpecOp::AddIntConstCall { dst, left, right } => {
                    checked!(dst, int!(left).checked_add(right));
                    then!(Call { site, steps } => call!(site, steps));
                }
                &SpecOp::AddIntReturn { dst, left, right } => {
                    checked!(dst, int!(left).checked_add(int!(right)));
                    then!(Return { src, clear, steps } => r#return!(src, clear, steps));
                }
                &SpecOp::Baseline { op } => {
                    if let Op::ArraySet { array: container, index: key, value }
                    | Op::DictSet { dict: container, key, value } = op
                        && value!(Slot::of(container.0)).is_copy_dear()
                    {
                        let [key, value] = [key, value].map(|operand| value!(Slot::of(operand.0)).clone());
                        let base = frame.base(&mut self.stack);
                        self.frame = Frame { base, size };
                        elide_copy(program, code, cursor.taken(), self, (&key, &value));
                        frame = RawRegisters::of(&mut self.stack, base);
                    }
                    // SAFETY: the frame has so many places, and nothing else looks at them meanwhile.
                    let registers = unsafe { frame.all() };
                    if let Err(error) = dispatch_baseline(op, registers, &mut self.env) {
                        exit_payload.error = Some(error);
                        leave!(ExitReason::Deoptimise)
                    }
                }
            }
        };
        self.fuel.left -= most - fuel;
        self.frame = Frame { base: frame.base(&mut self.stack), size };
        stop
    }
}

/// Writes a copy of a value to a place. The value is given by its address, since it may go when what stood in the place is
/// dropped: an element that is written over the array it stands in.
///
/// # Safety
///
/// There must be a value at the address, and it must not be the place itself that is borrowed.
#[inline(always)]
unsafe fn copy(place: &mut Value, value: *const Value) {
    if place.is_scalar() {
        // SAFETY: the caller's.
        let scalar = match unsafe { &*value } {
            Value::Int(number) => Some(Value::Int(payload(number))),
            Value::Float(number) => Some(Value::Float(payload(number))),
            Value::Empty
            | Value::Bool(_)
            | Value::String(_)
            | Value::Function(_)
            | Value::Url(_)
            | Value::Array(_)
            | Value::Dict(_) => None,
        };
        if let Some(scalar) = scalar {
            // SAFETY: a reference can be written to, and what is written over need not be dropped.
            return unsafe { std::ptr::write(place, scalar) };
        }
    }
    // SAFETY: the caller's.
    unsafe { clone_to(place, value) }
}

/// The same, where a value may be dropped.
///
/// # Safety
///
/// As for [`copy`].
#[inline(never)]
unsafe fn clone_to(place: &mut Value, value: *const Value) {
    // SAFETY: it is copied before anything is dropped, and not looked at any more after that.
    match (place, unsafe { &*value }) {
        (Value::String(old), Value::String(text)) => *old = text.clone(),
        (Value::Array(old), Value::Array(array)) => *old = array.clone(),
        (place, value) => *place = value.clone(),
    }
}

/// Whether a schedule has the run leave by the exit of an instruction.
#[inline(always)]
fn is_forced(code: &Code, at: CodeAddr) -> bool {
    schedule::is_forced(|| code.exit_site(at, Tier::Specialised))
}

/// Whether a value counts as true.
#[inline(always)]
fn holds(value: &Value) -> bool {
    #[inline(never)]
    fn of_others(value: &Value) -> bool {
        value.is_truthy()
    }
    if let Value::Bool(value) = value { *value } else { of_others(value) }
}

/// Executes a baseline instruction that goes on to the next.
#[inline(never)]
pub(crate) fn dispatch_baseline(
    op: Op,
    registers: &mut [Value; REGISTERS],
    context: &mut Environment<'_>,
) -> Result<(), RuntimeError> {
    dispatch(op, &mut FrameRegisters::<Unobserved>::new(registers, None), context).map(|_| ())
}

#[cold]
#[inline(never)]
pub(crate) fn grow(stack: &mut Vec<Value>, base: usize) {
    stack.resize(base + base / 2 + 2 * REGISTERS, Value::Empty);
}
