//! The loop that obeys fast code.
//!
//! # `unsafe`
//!
//! This is the one module with `unsafe` in it, together with what it is made of (`obey/unchecked.rs`) and
//! with machine code, which does the same (`obey/native.rs`). An instruction of fast
//! code does little: looking at the type of each operand, at the bounds of the code and at what a write drops would be most
//! of the work. It was all found out when the code was made, so here it is taken for granted:
//!
//! 1. *Control stays in the code.* A jump looks at its target. What goes on to the next instruction finds one, since the last
//!    instruction of all leads elsewhere; that is looked at when the loop begins (`Cursor::new`).
//! 2. *A slot is one of the 256 places of a frame.* [`Slot`] is made from a register and from nothing else. The places of
//!    the current frame are on the stack (each call sees to that of the frame it enters), and the stack does not move while
//!    the frame runs.
//! 3. *Operands are of the kind that an instruction is for,* and what a scalar is written over is a scalar, which need
//!    not be dropped. The compiler makes such an instruction only where its [`State`](super::state::State) says so, and a
//!    state says so after a guard, after an instruction that gives nothing else, or where all ways there say so.
//!
//! With debug assertions, every look that is left out here is taken. The tests, the conformance suite and the fuzzers run
//! that way.

#![allow(unsafe_code, reason = "see the top of the module")]

#[cfg(machine_code)]
mod native;
mod unchecked;

use std::mem;

#[cfg(machine_code)]
pub(super) use self::native::Native;
use self::unchecked::{Cursor, Places, payload, scalar};
use super::code::{At, Code, Fast, RESERVE, Slot, Triple};
use super::state::Kind;
use super::twin::{can_set, is_twin, set_item};
use crate::errors::RuntimeError;
use crate::interpreter::Program;
use crate::interpreter::lower::{Op, dispatch};
use crate::interpreter::machine::{Caller, Frame, Machine, Site};
use crate::interpreter::window::{Context, Unobserved, Window};
use crate::isa::{REGISTERS, Reg};
use crate::memory;
use crate::ops;
use crate::value::{Array, Value, put, put_int};
use crate::values::costs;

/// Why the loop over fast code stopped. It is a word and nothing more; what belongs to it stands in [`Parcel`].
#[derive(Clone, Copy)]
pub(super) enum Stop {
    /// At code that is still to be made.
    Stub(u32),
    /// At an instruction that does not do what is needed here.
    Exit,
    /// At an instruction that charges more steps than are at hand.
    Charge,
    /// At an instruction that plain code is to see to.
    Leave,
    /// Behind a return to a frame that plain code waits in, which goes on with that instruction.
    Returned(u32),
    /// Behind the return from the program.
    Ended,
    /// Behind the one instruction that was to be done.
    Done,
}

/// What goes with the reason to stop.
#[derive(Default)]
pub(super) struct Parcel {
    /// The error of the instruction where it stopped, if that failed.
    pub(super) error: Option<RuntimeError>,
    /// What the program returned, if it ended.
    pub(super) result: Value,
    /// A panic of the host, from a function that machine code called.
    #[cfg(machine_code)]
    panic: Option<Box<dyn std::any::Any + Send>>,
}

#[cfg(not(machine_code))]
impl Machine<'_> {
    /// Obeys fast code from `at` on until something stops it, and leaves `at` there.
    pub(super) fn advance(&mut self, code: &mut Code, at: &mut At, parcel: &mut Parcel) -> Stop {
        self.obey::<false>(code, at, parcel, u64::MAX)
    }
}

impl Machine<'_> {
    /// Obeys fast code from `at` on until something stops it, and leaves `at` there. It charges no more than `portion` steps, and
    /// does no more than one instruction if it is to do it `ONCE`.
    #[inline(never)]
    #[expect(clippy::cognitive_complexity, reason = "one arm for each instruction")]
    pub(super) fn obey<const ONCE: bool>(
        &mut self,
        code: &Code,
        position: &mut At,
        parcel: &mut Parcel,
        portion: u64,
    ) -> Stop {
        let program: &Program = self.program;
        let Some(mut cursor) = Cursor::new(&code.ops, *position) else { return Stop::Leave };
        // What may be charged: fast code is entered only while there is more than the reserve, and never charges that.
        let most = (self.meter.left - RESERVE).min(portion);
        let mut fuel = most;
        let mut is_done = false;
        let mut places = Places::of(&mut self.stack, self.frame.base);
        let mut size = self.frame.size;
        // SAFETY, for all of the macros: `places` are those of the current frame, since what changes the frame sets them; a
        // value that is borrowed is let go before the next is written, within the same macro or arm; and the kinds are as
        // the compiler knew them (see the top of the module).
        macro_rules! value {
            ($slot:expr) => {
                // SAFETY: see above.
                unsafe { places.value($slot) }
            };
        }
        macro_rules! value_mut {
            ($slot:expr) => {
                // SAFETY: see above.
                unsafe { places.value_mut($slot) }
            };
        }
        macro_rules! int {
            ($slot:expr) => {
                // SAFETY: see above.
                unsafe { places.int($slot) }
            };
        }
        macro_rules! float {
            ($slot:expr) => {
                // SAFETY: see above.
                unsafe { places.float($slot) }
            };
        }
        macro_rules! write_int {
            ($dst:expr, $number:expr) => {{
                let number: i64 = $number;
                // SAFETY: see above.
                unsafe { places.write($dst, Value::Int(number)) }
            }};
        }
        macro_rules! write_float {
            ($dst:expr, $number:expr) => {{
                let number: f64 = $number;
                // SAFETY: see above.
                unsafe { places.write($dst, Value::Float(number)) }
            }};
        }
        macro_rules! write_bool {
            ($dst:expr, $value:expr) => {{
                let value: bool = $value;
                // SAFETY: see above.
                unsafe { places.write($dst, Value::Bool(value)) }
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
        let stop = 'obey: loop {
            if ONCE && mem::replace(&mut is_done, true) {
                *position = cursor.next();
                break Stop::Done;
            }
            // Stops at this instruction.
            macro_rules! leave {
                ($stop:expr) => {{
                    *position = cursor.taken();
                    break 'obey $stop;
                }};
            }
            // Goes on elsewhere.
            macro_rules! goto {
                ($to:expr) => {{
                    let to: At = $to;
                    if cursor.go(to) {
                        continue 'obey;
                    }
                    break 'obey Stop::Stub(to.as_stub());
                }};
            }
            macro_rules! charge {
                ($steps:expr) => {{
                    match fuel.checked_sub(u64::from($steps)) {
                        Some(left) => fuel = left,
                        None => leave!(Stop::Charge),
                    }
                }};
            }
            // Writes the result of an operation on ints, if it has one.
            macro_rules! checked {
                ($dst:expr, $result:expr) => {{
                    match $result {
                        Some(result) => write_int!($dst, result),
                        None => leave!(Stop::Exit),
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
                        _ => leave!(Stop::Exit),
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
            // The turn of a loop.
            macro_rules! turn {
                ($holds:expr, $to:expr, $steps:expr) => {{
                    if $holds {
                        charge!($steps);
                        goto!($to);
                    }
                }};
            }
            // Counting, and the turn of a loop.
            macro_rules! count {
                ($counter:expr, $step:expr, $to:expr, $steps:expr, $holds:expr) => {{
                    let Some(left) = fuel.checked_sub(u64::from($steps)) else { leave!(Stop::Charge) };
                    let Some(next) = int!($counter).checked_add($step) else { leave!(Stop::Exit) };
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
                        leave!(Stop::Exit)
                    };
                    // The host can end a comparison only where the interpreter does it.
                    if left.is_long() && right.is_long() {
                        leave!(Stop::Exit)
                    }
                    left.is_same(right)
                }};
            }
            macro_rules! array {
                ($slot:expr) => {{
                    let Value::Array(array) = value!($slot) else { leave!(Stop::Exit) };
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
                        leave!(Stop::Exit)
                    }
                }};
            }
            // An element of that type.
            macro_rules! item_of {
                ($array:expr, $index:expr, $of_type:ident) => {{
                    match array!($array).$of_type(Array::place($index)) {
                        Some(item) => item,
                        None => leave!(Stop::Exit),
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
                    // SAFETY: the frame has so many places, and nothing else looks at them meanwhile.
                    let registers = unsafe { places.all() };
                    if !set_item(program, code, at, &self.context.memory, registers, array, element) {
                        leave!(Stop::Exit)
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
            // Goes back to a caller that waits in fast code, or stops.
            macro_rules! go_back {
                ($caller:expr, $back:ident) => {{
                    let Site(site) = $caller.site;
                    let Some(site) = code.sites.get(site as usize) else {
                        break 'obey Stop::Returned($caller.pc + 1);
                    };
                    goto!(site.$back);
                }};
            }
            // Leaves the current frame, and gives the one to go back to.
            macro_rules! leave_frame {
                () => {
                    self.callers.pop().map(|caller| {
                        self.context.scopes.end_frame();
                        memory::release(costs::FRAME);
                        size = caller.size;
                        places = places.below(size);
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
                        || self.context.memory.room() < costs::FRAME;
                    if is_too_much {
                        leave!(Stop::Leave)
                    }
                    charge!(steps);
                    memory::charge(costs::FRAME);
                    // The frame that is entered has all its places on the stack, and so does the next.
                    let end = self.stack.as_mut_ptr_range().end;
                    if places.above(size).distance_to(end) < 2 * REGISTERS * size_of::<Value>() {
                        let base = places.base(&mut self.stack);
                        grow(&mut self.stack, base + usize::from(size));
                        places = Places::of(&mut self.stack, base);
                    }
                    // Behind the frame lie scalars only.
                    let above = places.above(size);
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
                    for register in call.clear.iter().skip(usize::from(planted!("fast-window"))) {
                        // SAFETY: as above.
                        unsafe { above.write(*register, Value::Empty) };
                    }
                    self.context.scopes.begin_frame();
                    self.callers.push(Caller {
                        pc: call.pc,
                        callee: call.function,
                        site: Site(site),
                        size,
                        dst: Reg(call.dst),
                    });
                    size = call.registers;
                    places = above;
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
                        parcel.result = mem::take(result);
                        break 'obey Stop::Ended;
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
                        _ => {
                            // What is left behind is a scalar.
                            put(dst, mem::take(result));
                            go_back!(caller, back);
                        }
                    }
                }};
            }
            // Does the instruction behind, too, if it is what it is likely to be. If not, its turn comes.
            macro_rules! then {
                ($op:ident { $($field:ident),* } => $body:expr) => {{
                    // SAFETY: the instruction that was taken does not lead elsewhere.
                    if let &Fast::$op { $($field),* } = unsafe { cursor.peek() } {
                        // SAFETY: as above.
                        unsafe { cursor.take() };
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
                    charge!(steps.saturating_sub(u16::from(planted!("fast-steps"))));
                    goto!($to);
                }};
            }
            // SAFETY: what leads elsewhere went there or stopped.
            let mut op = unsafe { cursor.take() };
            let alone;
            if ONCE {
                alone = op.alone();
                op = &alone;
            }
            match op {
                &Fast::Goto { to } => goto!(to),
                &Fast::Jump { to, steps } => jump!(to, steps),
                &Fast::Charge { steps } => charge!(steps),
                Fast::Leave => leave!(Stop::Leave),
                &Fast::Move { dst, src } => {
                    if dst != src {
                        copy!(value_mut!(dst), value!(src));
                    }
                }
                &Fast::MoveInt { dst, src } => write_int!(dst, int!(src)),
                &Fast::MoveFloat { dst, src } => write_float!(dst, float!(src)),
                &Fast::MoveScalar { dst, src } => {
                    let value = value!(src);
                    // SAFETY: the value is a scalar, and is written over one.
                    unsafe { places.write(dst, scalar(value)) };
                }
                &Fast::Swap { a, b } => {
                    if a != b {
                        mem::swap(value_mut!(a), value_mut!(b));
                    }
                }
                &Fast::LoadConst { dst, constant } => load_const!(dst, constant),
                &Fast::PutBool { dst, value } => put(value_mut!(dst), Value::Bool(value)),
                &Fast::LoadInt { dst, value } => write_int!(dst, value),
                &Fast::LoadFloat { dst, value } => write_float!(dst, value),
                &Fast::LoadBool { dst, value } => write_bool!(dst, value),
                &Fast::Guard { slot, kind } => {
                    let value = value!(slot);
                    let passes = match kind {
                        Kind::Any => true,
                        Kind::Free => {
                            value.is_scalar()
                                || matches!(value, Value::String(text) if text.is_pooled(program.functions.id))
                        }
                        Kind::Scalar => value.is_scalar(),
                        Kind::Bool => matches!(value, Value::Bool(_)),
                        Kind::Int => matches!(value, Value::Int(_)),
                        Kind::Float => matches!(value, Value::Float(_)),
                    };
                    if !passes {
                        leave!(Stop::Exit)
                    }
                }
                &Fast::GuardInt { slot } => {
                    let Value::Int(_) = value!(slot) else { leave!(Stop::Exit) };
                }
                &Fast::GuardFloat { slot } => {
                    let Value::Float(_) = value!(slot) else { leave!(Stop::Exit) };
                }
                &Fast::GuardBool { slot } => {
                    let Value::Bool(_) = value!(slot) else { leave!(Stop::Exit) };
                }
                &Fast::GuardFunction { slot, function } => {
                    if !ops::call(&program.functions, value!(slot)).is_ok_and(|named| named == function) {
                        leave!(Stop::Exit)
                    }
                }
                &Fast::AddInt { dst, left, right } => checked!(dst, int!(left).checked_add(int!(right))),
                &Fast::SubInt { dst, left, right } => checked!(dst, int!(left).checked_sub(int!(right))),
                &Fast::MulInt { dst, left, right } => checked!(dst, int!(left).checked_mul(int!(right))),
                &Fast::DivInt { dst, left, right } => checked!(dst, int!(left).checked_div(int!(right))),
                &Fast::ModInt { dst, left, right } => checked!(dst, int!(left).checked_rem(int!(right))),
                &Fast::AddIntConst { dst, left, right } => checked!(dst, int!(left).checked_add(right)),
                &Fast::SubConstInt { dst, left, right } => checked!(dst, left.checked_sub(int!(right))),
                &Fast::MulIntConst { dst, left, right } => checked!(dst, int!(left).checked_mul(right)),
                &Fast::DivIntConst { dst, left, right } => checked!(dst, int!(left).checked_div(right)),
                &Fast::ModIntConst { dst, left, right } => checked!(dst, int!(left).checked_rem(right)),
                &Fast::DivIntShift { dst, left, shift } => {
                    let left = int!(left);
                    // Rounds toward zero: what is below is brought up first.
                    let below = (left >> 63) & !(-1 << shift);
                    write_int!(dst, left.wrapping_add(below) >> shift);
                }
                &Fast::ModIntMask { dst, left, mask } => {
                    let left = int!(left);
                    let below = (left >> 63) & mask;
                    write_int!(dst, (left.wrapping_add(below) & mask) - below);
                }
                &Fast::AddFloat { dst, left, right } => write_float!(dst, float!(left) + float!(right)),
                &Fast::SubFloat { dst, left, right } => write_float!(dst, float!(left) - float!(right)),
                &Fast::MulFloat { dst, left, right } => write_float!(dst, float!(left) * float!(right)),
                &Fast::DivFloat { dst, left, right } => {
                    let right = float!(right);
                    if right == 0.0 {
                        leave!(Stop::Exit)
                    }
                    write_float!(dst, float!(left) / right);
                }
                &Fast::AddFloatConst { dst, left, right } => write_float!(dst, float!(left) + right),
                &Fast::SubConstFloat { dst, left, right } => write_float!(dst, left - float!(right)),
                &Fast::MulFloatConst { dst, left, right } => write_float!(dst, float!(left) * right),
                &Fast::DivFloatConst { dst, left, right } => write_float!(dst, float!(left) / right),
                &Fast::DivConstFloat { dst, left, right } => {
                    let right = float!(right);
                    if right == 0.0 {
                        leave!(Stop::Exit)
                    }
                    write_float!(dst, left / right);
                }
                &Fast::AddAddFloat { first, second } => pair!(first, +, second, +),
                &Fast::AddSubFloat { first, second } => pair!(first, +, second, -),
                &Fast::AddMulFloat { first, second } => pair!(first, +, second, *),
                &Fast::SubAddFloat { first, second } => pair!(first, -, second, +),
                &Fast::SubSubFloat { first, second } => pair!(first, -, second, -),
                &Fast::SubMulFloat { first, second } => pair!(first, -, second, *),
                &Fast::MulAddFloat { first, second } => pair!(first, *, second, +),
                &Fast::MulSubFloat { first, second } => pair!(first, *, second, -),
                &Fast::MulMulFloat { first, second } => pair!(first, *, second, *),
                &Fast::AddMixed { dst, left, right } => mixed!(dst, left, right, |a: f64, b: f64| a + b),
                &Fast::SubMixed { dst, left, right } => mixed!(dst, left, right, |a: f64, b: f64| a - b),
                &Fast::MulMixed { dst, left, right } => mixed!(dst, left, right, |a: f64, b: f64| a * b),
                &Fast::DivMixed { dst, left, right } => {
                    let (Some(left), Some(right)) = (value!(left).to_float(), value!(right).to_float())
                    else {
                        leave!(Stop::Exit)
                    };
                    if right == 0.0 {
                        leave!(Stop::Exit)
                    }
                    write_float!(dst, left / right);
                }
                &Fast::NegInt { dst, src } => checked!(dst, int!(src).checked_neg()),
                &Fast::NegFloat { dst, src } => write_float!(dst, -float!(src)),
                &Fast::IfEqString { left, right, to } => branch!(strings!(value!(left), value!(right)), to),
                &Fast::IfNeString { left, right, to } => branch!(!strings!(value!(left), value!(right)), to),
                &Fast::IfEqStringConst { left, right, to } => {
                    branch!(strings!(value!(left), &program.constants[usize::from(right)]), to);
                }
                &Fast::IfNeStringConst { left, right, to } => {
                    branch!(!strings!(value!(left), &program.constants[usize::from(right)]), to);
                }
                &Fast::IfEqInt { left, right, to } => branch!(int!(left) == int!(right), to),
                &Fast::IfNeInt { left, right, to } => branch!(int!(left) != int!(right), to),
                &Fast::IfLtInt { left, right, to } => branch!(int!(left) < int!(right), to),
                &Fast::IfLeInt { left, right, to } => branch!(int!(left) <= int!(right), to),
                &Fast::IfEqIntConst { left, to, right } => branch!(int!(left) == right, to),
                &Fast::IfNeIntConst { left, to, right } => branch!(int!(left) != right, to),
                &Fast::IfLtIntConst { left, to, right } => branch!(int!(left) < right, to),
                &Fast::IfGeIntConst { left, to, right } => branch!(int!(left) >= right, to),
                &Fast::IfEqFloat { left, right, to } => branch!(float!(left) == float!(right), to),
                &Fast::IfNeFloat { left, right, to } => branch!(float!(left) != float!(right), to),
                &Fast::IfLtFloat { left, right, to } => branch!(float!(left) < float!(right), to),
                &Fast::IfNotLtFloat { left, right, to } => branch!(!float!(left).lt(&float!(right)), to),
                &Fast::IfLeFloat { left, right, to } => branch!(float!(left) <= float!(right), to),
                &Fast::IfNotLeFloat { left, right, to } => branch!(!float!(left).le(&float!(right)), to),
                &Fast::IfEqFloatConst { left, to, right } => branch!(float!(left) == right, to),
                &Fast::IfNeFloatConst { left, to, right } => branch!(float!(left) != right, to),
                &Fast::IfLtFloatConst { left, to, right } => branch!(float!(left) < right, to),
                &Fast::IfNotLtFloatConst { left, to, right } => branch!(!float!(left).lt(&right), to),
                &Fast::IfLeFloatConst { left, to, right } => branch!(float!(left) <= right, to),
                &Fast::IfNotLeFloatConst { left, to, right } => branch!(!float!(left).le(&right), to),
                &Fast::IfGtFloatConst { left, to, right } => branch!(float!(left) > right, to),
                &Fast::IfNotGtFloatConst { left, to, right } => branch!(!float!(left).gt(&right), to),
                &Fast::IfGeFloatConst { left, to, right } => branch!(float!(left) >= right, to),
                &Fast::IfNotGeFloatConst { left, to, right } => branch!(!float!(left).ge(&right), to),
                &Fast::LoopEqInt { left, right, to, steps } => turn!(int!(left) == int!(right), to, steps),
                &Fast::LoopNeInt { left, right, to, steps } => turn!(int!(left) != int!(right), to, steps),
                &Fast::LoopLtInt { left, right, to, steps } => turn!(int!(left) < int!(right), to, steps),
                &Fast::LoopLeInt { left, right, to, steps } => turn!(int!(left) <= int!(right), to, steps),
                &Fast::LoopEqIntConst { left, steps, to, right } => turn!(int!(left) == right, to, steps),
                &Fast::LoopNeIntConst { left, steps, to, right } => turn!(int!(left) != right, to, steps),
                &Fast::LoopLtIntConst { left, steps, to, right } => turn!(int!(left) < right, to, steps),
                &Fast::LoopGeIntConst { left, steps, to, right } => turn!(int!(left) >= right, to, steps),
                &Fast::CountLtInt { counter, right, step, steps, to } => {
                    count_lt!(counter, right, i64::from(step), steps, to);
                }
                &Fast::CountLeInt { counter, right, step, steps, to } => {
                    let right = int!(right);
                    count!(counter, i64::from(step), to, steps, |next| next <= right);
                }
                &Fast::CountLtIntConst { counter, step, steps, to, right } => {
                    count!(counter, i64::from(step), to, steps, |next| next < i64::from(right));
                }
                &Fast::CountGeIntConst { counter, step, steps, to, right } => {
                    count!(counter, i64::from(step), to, steps, |next| next >= i64::from(right));
                }
                &Fast::StepLtInt { counter, step, right, steps, to } => {
                    count_lt!(counter, right, int!(step), steps, to);
                }
                &Fast::StepLeInt { counter, step, right, steps, to } => {
                    let right = int!(right);
                    count!(counter, int!(step), to, steps, |next| next <= right);
                }
                &Fast::IfBoth { left, right, to } => branch!(holds(value!(left)) && holds(value!(right)), to),
                &Fast::IfNotBoth { left, right, to } => {
                    branch!(!(holds(value!(left)) && holds(value!(right))), to);
                }
                &Fast::IfEither { left, right, to } => {
                    branch!(holds(value!(left)) || holds(value!(right)), to);
                }
                &Fast::IfNeither { left, right, to } => {
                    branch!(!(holds(value!(left)) || holds(value!(right))), to);
                }
                &Fast::TestEqInt { dst, left, right } => write_bool!(dst, int!(left) == int!(right)),
                &Fast::TestNeInt { dst, left, right } => write_bool!(dst, int!(left) != int!(right)),
                &Fast::TestLtInt { dst, left, right } => write_bool!(dst, int!(left) < int!(right)),
                &Fast::TestLeInt { dst, left, right } => write_bool!(dst, int!(left) <= int!(right)),
                &Fast::TestEqIntConst { dst, left, right } => write_bool!(dst, int!(left) == right),
                &Fast::TestNeIntConst { dst, left, right } => write_bool!(dst, int!(left) != right),
                &Fast::TestLtIntConst { dst, left, right } => write_bool!(dst, int!(left) < right),
                &Fast::TestGeIntConst { dst, left, right } => write_bool!(dst, int!(left) >= right),
                &Fast::TestFloat { test, dst, left, right } => {
                    write_bool!(dst, test.of(&float!(left), &float!(right)));
                }
                &Fast::TestFloatConst { test, dst, left, right } => {
                    write_bool!(dst, test.of(&float!(left), &right));
                }
                &Fast::And { dst, left, right } => {
                    write_bool!(dst, holds(value!(left)) && holds(value!(right)));
                }
                &Fast::Or { dst, left, right } => {
                    write_bool!(dst, holds(value!(left)) || holds(value!(right)));
                }
                &Fast::Not { dst, src } => write_bool!(dst, !holds(value!(src))),
                // SAFETY: the value is a bool.
                &Fast::IfTrueBool { slot, to } => branch!(unsafe { places.bool(slot) }, to),
                // SAFETY: the value is a bool.
                &Fast::IfFalseBool { slot, to } => branch!(!unsafe { places.bool(slot) }, to),
                &Fast::IfTrue { slot, to } => branch!(holds(value!(slot)), to),
                &Fast::IfFalse { slot, to } => branch!(!holds(value!(slot)), to),
                &Fast::Join { dst, left, right } => {
                    let (Value::String(left), Value::String(right)) = (value!(left), value!(right)) else {
                        leave!(Stop::Exit)
                    };
                    // References of their own: the result may be written over one of them.
                    let (left, right) = (left.clone(), right.clone());
                    if ops::join_over(&self.context.memory, value_mut!(dst), &left, &right).is_err() {
                        leave!(Stop::Exit)
                    }
                }
                &Fast::IntText { dst, src } => {
                    let number = int!(src);
                    if ops::int_text_over(&self.context.memory, value_mut!(dst), number).is_err() {
                        leave!(Stop::Exit)
                    }
                }
                &Fast::StrLen { dst, string } => {
                    let Value::String(text) = value!(string) else { leave!(Stop::Exit) };
                    write_int!(dst, text.as_str().len() as i64);
                }
                &Fast::LoadGlobal { dst, name } => match self.context.globals.get(name) {
                    Some(value) => copy!(value_mut!(dst), value),
                    None => put(value_mut!(dst), Value::Empty),
                },
                &Fast::StoreGlobal { src, name } => {
                    let value = value!(src);
                    match self.context.globals.get_mut(name) {
                        Some(place) => copy!(place, value),
                        None => self.context.globals.set(name, value.clone()),
                    }
                }
                &Fast::ArrayGet { dst, array, index } => {
                    get_item!(dst, array, int!(index));
                }
                &Fast::ArrayGetConst { dst, array, index } => {
                    get_item!(dst, array, index);
                }
                &Fast::ArrayGetBool { dst, array, index } => {
                    write_bool!(dst, item_of!(array, int!(index), bool));
                }
                &Fast::ArrayGetInt { dst, array, index } => {
                    write_int!(dst, item_of!(array, int!(index), int));
                }
                &Fast::ArrayGetFloat { dst, array, index } => {
                    write_float!(dst, item_of!(array, int!(index), float));
                }
                &Fast::ArrayGetConstInt { dst, array, index } => {
                    write_int!(dst, item_of!(array, index, int));
                }
                &Fast::ArrayGetConstFloat { dst, array, index } => {
                    write_float!(dst, item_of!(array, index, float));
                }
                &Fast::Release { holder, container } => {
                    if is_twin(value!(holder), value!(container), &self.context.memory) {
                        put(value_mut!(holder), Value::Empty);
                    }
                }
                &Fast::ReleaseGlobal { holder, container, key } => {
                    if let Some(held) = self.context.globals.get(holder)
                        && is_twin(held, value!(container), &self.context.memory)
                        && can_set(value!(container), value!(key))
                    {
                        self.context.globals.set(holder, Value::Empty);
                    }
                }
                &Fast::ArraySetScalar { array, index, value } => {
                    let value = value!(value);
                    // SAFETY: it is a scalar.
                    let value = || unsafe { scalar(value) };
                    set_scalar!(array, int!(index), value());
                }
                &Fast::ArraySetInt { array, index, value } => {
                    let number = int!(value);
                    set_scalar!(array, int!(index), Value::Int(number));
                }
                &Fast::ArraySetFloat { array, index, value } => {
                    let number = float!(value);
                    set_scalar!(array, int!(index), Value::Float(number));
                }
                &Fast::ArraySetToBool { array, index, value } => {
                    set_scalar!(array, int!(index), Value::Bool(value));
                }
                &Fast::ArraySetToInt { array, index, value } => {
                    set_scalar!(array, int!(index), Value::Int(value));
                }
                &Fast::ArraySetToFloat { array, index, value } => {
                    set_scalar!(array, int!(index), Value::Float(value));
                }
                &Fast::ArraySet { array, index, value } => {
                    let index = int!(index);
                    let value = value!(value).clone();
                    set_item!(array, index, value);
                }
                &Fast::ArraySetConst { array, value, index } => {
                    let value = value!(value).clone();
                    set_item!(array, i64::from(index), value);
                }
                &Fast::ArrayLen { dst, array } => {
                    let length = array!(array).len() as i64;
                    write_int!(dst, length);
                }
                &Fast::DictGet { dst, dict, key } => {
                    let (Value::Dict(dict), Value::String(key)) = (value!(dict), value!(key)) else {
                        leave!(Stop::Exit)
                    };
                    if key.is_long() {
                        leave!(Stop::Exit)
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
                &Fast::DictSet { dict, key, value } => {
                    let (key, value) = (value!(key).clone(), value!(value).clone());
                    if let Value::Dict(dict) = value_mut!(dict)
                        && let Value::String(key) = &key
                        && let Some(object) = dict.object_mut()
                        && let Some(place) = object.known_value(key)
                    {
                        *place = value;
                    } else if ops::dict_set(&self.context.memory, value_mut!(dict), key, value).is_err() {
                        leave!(Stop::Exit)
                    }
                }
                &Fast::Call { site, steps } => call!(site, steps),
                &Fast::CallAny { func, family, steps } => {
                    let named = ops::call(&program.functions, value!(func)).ok();
                    let site = named.and_then(|function| code.families[family as usize].site(function));
                    let Some(site) = site else { leave!(Stop::Exit) };
                    call!(site, steps)
                }
                &Fast::Return { src, clear, steps } => r#return!(src, clear, steps),
                &Fast::ReturnConst { constant, clear, steps } => {
                    charge!(steps);
                    clear!(clear);
                    let value = constant.map(|constant| &program.constants[usize::from(constant)]);
                    let Some(caller) = leave_frame!() else {
                        parcel.result = value.cloned().unwrap_or_default();
                        break 'obey Stop::Ended;
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
                &Fast::SubIntSubInt { dst, left, right } => {
                    checked!(dst, int!(left).checked_sub(int!(right)));
                    then!(SubInt { dst, left, right } => checked!(dst, int!(left).checked_sub(int!(right))));
                }
                &Fast::AddIntCountLtInt { dst, left, right } => {
                    checked!(dst, int!(left).checked_add(int!(right)));
                    then!(CountLtInt { counter, right, step, steps, to } =>
                        count_lt!(counter, right, i64::from(step), steps, to));
                }
                &Fast::ModIntMaskIfNeIntConst { dst, left, mask } => {
                    let left = int!(left);
                    let below = (left >> 63) & mask;
                    write_int!(dst, (left.wrapping_add(below) & mask) - below);
                    then!(IfNeIntConst { left, to, right } => branch!(int!(left) != right, to));
                }
                &Fast::AddFloatCountLtInt { dst, left, right } => {
                    write_float!(dst, float!(left) + float!(right));
                    then!(CountLtInt { counter, right, step, steps, to } =>
                        count_lt!(counter, right, i64::from(step), steps, to));
                }
                &Fast::TestEqIntOr { dst, left, right } => {
                    write_bool!(dst, int!(left) == int!(right));
                    then!(Or { dst, left, right } => {
                        write_bool!(dst, holds(value!(left)) || holds(value!(right)));
                    });
                }
                &Fast::TestEqIntIfNeither { dst, left, right } => {
                    write_bool!(dst, int!(left) == int!(right));
                    then!(IfNeither { left, right, to } => {
                        branch!(!(holds(value!(left)) || holds(value!(right))), to);
                    });
                }
                &Fast::IfEqStringConstTwice { left, right, to } => {
                    branch!(strings!(value!(left), &program.constants[usize::from(right)]), to);
                    then!(IfEqStringConst { left, right, to } => {
                        branch!(strings!(value!(left), &program.constants[usize::from(right)]), to);
                    });
                }
                &Fast::MoveIntMoveInt { dst, src } => {
                    write_int!(dst, int!(src));
                    then!(MoveInt { dst, src } => write_int!(dst, int!(src)));
                }
                &Fast::MoveIntJump { dst, src } => {
                    write_int!(dst, int!(src));
                    then!(Jump { to, steps } => jump!(to, steps));
                }
                &Fast::MoveFloatJump { dst, src } => {
                    write_float!(dst, float!(src));
                    then!(Jump { to, steps } => jump!(to, steps));
                }
                &Fast::LoadConstJump { dst, constant } => {
                    load_const!(dst, constant);
                    then!(Jump { to, steps } => jump!(to, steps));
                }
                &Fast::ArrayGetIntAddInt { dst, array, index } => {
                    write_int!(dst, item_of!(array, int!(index), int));
                    then!(AddInt { dst, left, right } => checked!(dst, int!(left).checked_add(int!(right))));
                }
                &Fast::ArrayGetIntAddIntConst { dst, array, index } => {
                    write_int!(dst, item_of!(array, int!(index), int));
                    then!(AddIntConst { dst, left, right } => checked!(dst, int!(left).checked_add(right)));
                }
                &Fast::ArrayGetIntTestEqInt { dst, array, index } => {
                    write_int!(dst, item_of!(array, int!(index), int));
                    then!(TestEqInt { dst, left, right } => write_bool!(dst, int!(left) == int!(right)));
                }
                &Fast::ArrayGetIntIfLtInt { dst, array, index } => {
                    write_int!(dst, item_of!(array, int!(index), int));
                    then!(IfLtInt { left, right, to } => branch!(int!(left) < int!(right), to));
                }
                &Fast::ArrayGetFloatTwice { dst, array, index } => {
                    write_float!(dst, item_of!(array, int!(index), float));
                    then!(ArrayGetFloat { dst, array, index } => {
                        write_float!(dst, item_of!(array, int!(index), float));
                    });
                }
                &Fast::ArrayGetFloatMulFloat { dst, array, index } => {
                    write_float!(dst, item_of!(array, int!(index), float));
                    then!(MulFloat { dst, left, right } => write_float!(dst, float!(left) * float!(right)));
                }
                &Fast::ArrayGetFloatSubFloat { dst, array, index } => {
                    write_float!(dst, item_of!(array, int!(index), float));
                    then!(SubFloat { dst, left, right } => write_float!(dst, float!(left) - float!(right)));
                }
                &Fast::ArraySetFloatArrayGetFloat { array, index, value } => {
                    let number = float!(value);
                    set_scalar!(array, int!(index), Value::Float(number));
                    then!(ArrayGetFloat { dst, array, index } => {
                        write_float!(dst, item_of!(array, int!(index), float));
                    });
                }
                &Fast::ArraySetToBoolStepLtInt { array, index, value } => {
                    set_scalar!(array, int!(index), Value::Bool(value));
                    then!(StepLtInt { counter, step, right, steps, to } =>
                        count_lt!(counter, right, int!(step), steps, to));
                }
                &Fast::ArraySetIntCountLtInt { array, index, value } => {
                    let number = int!(value);
                    set_scalar!(array, int!(index), Value::Int(number));
                    then!(CountLtInt { counter, right, step, steps, to } =>
                        count_lt!(counter, right, i64::from(step), steps, to));
                }
                &Fast::AddIntConstCall { dst, left, right } => {
                    checked!(dst, int!(left).checked_add(right));
                    then!(Call { site, steps } => call!(site, steps));
                }
                &Fast::AddIntReturn { dst, left, right } => {
                    checked!(dst, int!(left).checked_add(int!(right)));
                    then!(Return { src, clear, steps } => r#return!(src, clear, steps));
                }
                &Fast::Plain { op } => {
                    // SAFETY: the frame has so many places, and nothing else looks at them meanwhile.
                    let registers = unsafe { places.all() };
                    if let Err(error) = plain(op, registers, &mut self.context) {
                        parcel.error = Some(error);
                        leave!(Stop::Leave)
                    }
                }
            }
        };
        self.meter.left -= most - fuel;
        self.frame = Frame { base: places.base(&mut self.stack), size };
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
        // SAFETY: the caller's; what is written over need not be dropped.
        unsafe {
            match &*value {
                Value::Int(number) => return std::ptr::write(place, Value::Int(payload(number))),
                Value::Float(number) => return std::ptr::write(place, Value::Float(payload(number))),
                Value::Empty
                | Value::Bool(_)
                | Value::String(_)
                | Value::Function(_)
                | Value::Url(_)
                | Value::Array(_)
                | Value::Dict(_) => {}
            }
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

/// Whether a value counts as true.
#[inline(always)]
fn holds(value: &Value) -> bool {
    #[inline(never)]
    fn of_others(value: &Value) -> bool {
        value.is_truthy()
    }
    if let Value::Bool(value) = value { *value } else { of_others(value) }
}

/// Executes a plain instruction that goes on to the next.
#[inline(never)]
fn plain(op: Op, window: &mut [Value; REGISTERS], context: &mut Context<'_>) -> Result<(), RuntimeError> {
    dispatch(op, &mut Window::<Unobserved>::new(window, None), context).map(|_| ())
}

#[cold]
#[inline(never)]
fn grow(stack: &mut Vec<Value>, base: usize) {
    stack.resize(base + base / 2 + 2 * REGISTERS, Value::Empty);
}
