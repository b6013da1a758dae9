//! Running fast code.

use std::mem;

use super::code::{At, Code, Fast, RESERVE, Triple};
use super::state::{Kind, Source, State};
use crate::errors::RuntimeError;
use crate::interpreter::Program;
use crate::interpreter::lower::{Op, dispatch};
use crate::interpreter::machine::{Caller, Frame, Machine, Site, registers};
use crate::interpreter::window::{Context, Unobserved, Window};
use crate::isa::REGISTERS;
use crate::memory;
use crate::ops;
use crate::value::{Array, Value, put, put_bool, put_float, put_int};
use crate::values::costs;

/// How fast code was left.
pub(in crate::interpreter) enum Left {
    /// To go on with a plain instruction, where `previous` ran before.
    For { pc: usize, previous: Option<usize> },
    /// By a return to a frame that plain code waits in, to go on with this instruction.
    Returned { pc: usize },
    /// The program ended.
    Ended(Value),
    /// An instruction failed, the one that the machine stands at.
    Failed(RuntimeError),
}

/// Why the loop over fast code stopped. It is a word and nothing more; what belongs to it stands in [`Parcel`].
#[derive(Clone, Copy)]
enum Stop {
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
}

/// What goes with the reason to stop.
#[derive(Default)]
struct Parcel {
    /// The error of the instruction where it stopped, if that failed.
    error: Option<RuntimeError>,
    /// What the program returned, if it ended.
    result: Value,
}

impl Machine<'_> {
    /// Runs fast code from a plain instruction on, if there can be some. Gives `None` where nothing was done.
    pub(in crate::interpreter) fn run_fast(&mut self, pc: usize) -> Option<Left> {
        if self.meter.left < 2 * RESERVE {
            return None;
        }
        let mut code = self.code.take()?;
        let left = self.run_code(&mut code, pc);
        self.code = Some(code);
        left
    }

    fn run_code(&mut self, code: &mut Code, pc: usize) -> Option<Left> {
        let program: &Program = self.program;
        let size = usize::from(self.frame.size);
        let mut at = code.enter(program, registers(&mut self.stack, self.frame.base), pc, size)?;
        loop {
            let mut parcel = Parcel::default();
            let stop = self.obey(code, &mut at, &mut parcel);
            if let Some(error) = parcel.error {
                let exit = &code.exits[code.exit_of[at.index()] as usize];
                catch_up(program, registers(&mut self.stack, self.frame.base), &exit.state);
                self.meter.left -= u64::from(exit.state.steps) + 1;
                self.pc = exit.pc as usize;
                return Some(Left::Failed(error));
            }
            match stop {
                Stop::Stub(number) => {
                    let number = number as usize;
                    let registers = registers(&mut self.stack, self.frame.base);
                    at = code.make_stub(program, registers, number)?;
                }
                Stop::Charge if self.meter.refill() => {}
                Stop::Exit | Stop::Charge | Stop::Leave => {
                    let exit = code.exit_of[at.index()] as usize;
                    let registers = registers(&mut self.stack, self.frame.base);
                    if let Stop::Exit = stop
                        && let Some(other) = code.detour(program, registers, exit)
                    {
                        at = other;
                        continue;
                    }
                    let exit = &code.exits[exit];
                    catch_up(program, registers, &exit.state);
                    self.meter.left -= u64::from(exit.state.steps);
                    let previous = exit.state.previous.map(|pc| pc as usize);
                    return Some(Left::For { pc: exit.pc as usize, previous });
                }
                Stop::Returned(pc) => return Some(Left::Returned { pc: pc as usize }),
                Stop::Ended => return Some(Left::Ended(parcel.result)),
            }
        }
    }

    /// Obeys fast code from `at` on until something stops it, and leaves `at` there.
    #[inline(never)]
    #[allow(clippy::cognitive_complexity, reason = "one arm for each instruction")]
    fn obey(&mut self, code: &Code, position: &mut At, parcel: &mut Parcel) -> Stop {
        let program: &Program = self.program;
        let ops = code.ops.as_slice();
        // The instructions from the next one on.
        let mut rest = ops[position.index()..].iter();
        let max_call_depth = self.max_call_depth;
        let Self { stack, frame: frame_place, callers, context, meter, .. } = self;
        let mut frame = *frame_place;
        // What may be charged: fast code is entered only while there is more than the reserve, and never charges that.
        let mut fuel = meter.left - RESERVE;
        let mut window = registers(stack, frame.base);
        macro_rules! leave {
            ($stop:expr) => {{
                *position = At((ops.len() - rest.len() - 1) as u32);
                meter.left = fuel + RESERVE;
                *frame_place = frame;
                return $stop;
            }};
        }
        // Stops where the instruction that was read is done with.
        macro_rules! stop {
            ($stop:expr) => {{
                meter.left = fuel + RESERVE;
                *frame_place = frame;
                return $stop;
            }};
        }
        // Goes on elsewhere.
        macro_rules! goto {
            ($to:expr) => {{
                let to: At = $to;
                match ops.get(to.index()..) {
                    Some(tail) => rest = tail.iter(),
                    None => stop!(Stop::Stub(to.as_stub())),
                }
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
        macro_rules! slot {
            ($register:expr) => {
                window[usize::from($register)]
            };
        }
        macro_rules! write {
            ($dst:expr, $value:expr) => {{
                let value = $value;
                put(&mut slot!($dst), value);
            }};
        }
        macro_rules! write_int {
            ($dst:expr, $number:expr) => {{
                let number = $number;
                put_int(&mut slot!($dst), number);
            }};
        }
        macro_rules! write_float {
            ($dst:expr, $number:expr) => {{
                let number = $number;
                put_float(&mut slot!($dst), number);
            }};
        }
        macro_rules! write_bool {
            ($dst:expr, $value:expr) => {{
                let value = $value;
                put_bool(&mut slot!($dst), value);
            }};
        }
        macro_rules! write_copy {
            ($dst:expr, $value:expr) => {{
                let value: &Value = $value;
                if let &Value::Int(number) = value {
                    write_int!($dst, number);
                } else if let &Value::Float(number) = value {
                    write_float!($dst, number);
                } else {
                    let value = value.clone();
                    copy(&mut slot!($dst), value);
                }
            }};
        }
        // An operation on two numbers of one type: the value, or nothing, where it is an error.
        macro_rules! ints {
            ($dst:expr, $left:expr, $right:expr, $operation:expr) => {{
                if let (&Value::Int(left), &Value::Int(right)) = (&slot!($left), &slot!($right))
                    && let Some(result) = $operation(left, right)
                {
                    write_int!($dst, result);
                    continue;
                }
                leave!(Stop::Exit)
            }};
        }
        macro_rules! int {
            ($dst:expr, $operand:expr, $operation:expr) => {{
                if let &Value::Int(operand) = &slot!($operand)
                    && let Some(result) = $operation(operand)
                {
                    write_int!($dst, result);
                    continue;
                }
                leave!(Stop::Exit)
            }};
        }
        macro_rules! floats {
            ($dst:expr, $left:expr, $right:expr, $operation:expr) => {{
                if let (&Value::Float(left), &Value::Float(right)) = (&slot!($left), &slot!($right)) {
                    write_float!($dst, $operation(left, right));
                    continue;
                }
                leave!(Stop::Exit)
            }};
        }
        macro_rules! float {
            ($dst:expr, $operand:expr, $operation:expr) => {{
                if let &Value::Float(operand) = &slot!($operand) {
                    write_float!($dst, $operation(operand));
                    continue;
                }
                leave!(Stop::Exit)
            }};
        }
        // Two operations on floats. Where the second is none, it is left to the instruction behind, which is that operation.
        macro_rules! pair {
            ($first:expr, $second:expr, $one:expr, $two:expr) => {{
                let Triple { dst, left, right } = $first;
                let (&Value::Float(left), &Value::Float(right)) = (&slot!(left), &slot!(right)) else {
                    leave!(Stop::Exit)
                };
                let operation: fn(f64, f64) -> f64 = $one;
                write_float!(dst, operation(left, right));
                let Triple { dst, left, right } = $second;
                if let (&Value::Float(left), &Value::Float(right)) = (&slot!(left), &slot!(right)) {
                    let operation: fn(f64, f64) -> f64 = $two;
                    write_float!(dst, operation(left, right));
                    rest.next();
                }
            }};
        }
        macro_rules! mixed {
            ($dst:expr, $left:expr, $right:expr, $operation:expr) => {{
                if let Some((left, right)) = mixed(&slot!($left), &slot!($right)) {
                    write_float!($dst, $operation(left, right));
                    continue;
                }
                leave!(Stop::Exit)
            }};
        }
        macro_rules! branch {
            ($variant:ident, $left:expr, $right:expr, $to:expr, $test:expr) => {{
                if let (&Value::$variant(left), &Value::$variant(right)) = (&slot!($left), &slot!($right)) {
                    if $test(left, right) {
                        goto!($to);
                    }
                    continue;
                }
                leave!(Stop::Exit)
            }};
        }
        // The turn of a loop.
        macro_rules! turn {
            ($left:expr, $right:expr, $to:expr, $steps:expr, $test:expr) => {{
                if let (&Value::Int(left), &Value::Int(right)) = (&slot!($left), &slot!($right))
                    && $test(left, right)
                {
                    charge!($steps);
                    goto!($to);
                }
            }};
        }
        macro_rules! turn_const {
            ($left:expr, $right:expr, $to:expr, $steps:expr, $test:expr) => {{
                if let &Value::Int(left) = &slot!($left)
                    && $test(left, $right)
                {
                    charge!($steps);
                    goto!($to);
                }
            }};
        }
        // Counting, and the turn of a loop.
        macro_rules! count {
            ($counter:expr, $step:expr, $right:expr, $to:expr, $steps:expr, $test:expr) => {{
                let right = $right;
                let Some(left) = fuel.checked_sub(u64::from($steps)) else { leave!(Stop::Charge) };
                if let Value::Int(counter) = &mut slot!($counter)
                    && let Some(next) = counter.checked_add(i64::from($step))
                {
                    *counter = next;
                    if $test(next, right) {
                        fuel = left;
                        goto!($to);
                    }
                    continue;
                }
                leave!(Stop::Exit)
            }};
        }
        macro_rules! branch_const {
            ($variant:ident, $left:expr, $right:expr, $to:expr, $test:expr) => {{
                if let &Value::$variant(left) = &slot!($left) {
                    if $test(left, $right) {
                        goto!($to);
                    }
                    continue;
                }
                leave!(Stop::Exit)
            }};
        }
        loop {
            // Code ends with an instruction that leads elsewhere.
            let Some(op) = rest.next() else { stop!(Stop::Ended) };
            match *op {
                Fast::Goto { to } => goto!(to),
                Fast::Jump { to, steps } => {
                    charge!(steps.saturating_sub(u16::from(planted!("fast-steps"))));
                    goto!(to);
                }
                Fast::Charge { steps } => {
                    charge!(steps);
                }
                Fast::Leave => leave!(Stop::Leave),
                Fast::Move { dst, src } => write_copy!(dst, &slot!(src)),
                Fast::Swap { a, b } => {
                    window.swap(usize::from(a), usize::from(b));
                }
                Fast::LoadConst { dst, constant } => {
                    write!(dst, program.constants[usize::from(constant)].clone());
                }
                Fast::LoadInt { dst, value } => write_int!(dst, value),
                Fast::LoadFloat { dst, value } => write_float!(dst, value),
                Fast::LoadBool { dst, value } => write_bool!(dst, value),
                Fast::Guard { slot, kind } => {
                    let value = &slot!(slot);
                    let passes = match kind {
                        Kind::Any => true,
                        Kind::Free => {
                            value.is_scalar()
                                || matches!(value, Value::String(text) if text.is_pooled(program.functions.id))
                        }
                        Kind::Bool => matches!(value, Value::Bool(_)),
                        Kind::Int => matches!(value, Value::Int(_)),
                        Kind::Float => matches!(value, Value::Float(_)),
                    };
                    if !passes {
                        leave!(Stop::Exit)
                    }
                }
                Fast::GuardInt { slot } => {
                    let Value::Int(_) = slot!(slot) else { leave!(Stop::Exit) };
                }
                Fast::GuardFunction { slot, function } => {
                    if !ops::call(&program.functions, &slot!(slot)).is_ok_and(|named| named == function) {
                        leave!(Stop::Exit)
                    }
                }
                Fast::AddInt { dst, left, right } => ints!(dst, left, right, i64::checked_add),
                Fast::SubInt { dst, left, right } => ints!(dst, left, right, i64::checked_sub),
                Fast::MulInt { dst, left, right } => ints!(dst, left, right, i64::checked_mul),
                Fast::DivInt { dst, left, right } => ints!(dst, left, right, i64::checked_div),
                Fast::ModInt { dst, left, right } => ints!(dst, left, right, i64::checked_rem),
                Fast::AddIntConst { dst, left, right } => {
                    int!(dst, left, |left: i64| left.checked_add(right))
                }
                Fast::SubConstInt { dst, left, right } => {
                    int!(dst, right, |right: i64| left.checked_sub(right))
                }
                Fast::MulIntConst { dst, left, right } => {
                    int!(dst, left, |left: i64| left.checked_mul(right))
                }
                Fast::DivIntConst { dst, left, right } => {
                    int!(dst, left, |left: i64| left.checked_div(right))
                }
                Fast::ModIntConst { dst, left, right } => {
                    int!(dst, left, |left: i64| left.checked_rem(right))
                }
                Fast::AddFloat { dst, left, right } => floats!(dst, left, right, |a: f64, b: f64| a + b),
                Fast::SubFloat { dst, left, right } => floats!(dst, left, right, |a: f64, b: f64| a - b),
                Fast::MulFloat { dst, left, right } => floats!(dst, left, right, |a: f64, b: f64| a * b),
                Fast::DivFloat { dst, left, right } => {
                    if let (&Value::Float(left), &Value::Float(right)) = (&slot!(left), &slot!(right))
                        && right != 0.0
                    {
                        write_float!(dst, left / right);
                        continue;
                    }
                    leave!(Stop::Exit)
                }
                Fast::AddFloatConst { dst, left, right } => float!(dst, left, |left: f64| left + right),
                Fast::SubConstFloat { dst, left, right } => float!(dst, right, |right: f64| left - right),
                Fast::MulFloatConst { dst, left, right } => float!(dst, left, |left: f64| left * right),
                Fast::DivFloatConst { dst, left, right } => float!(dst, left, |left: f64| left / right),
                Fast::DivConstFloat { dst, left, right } => {
                    if let &Value::Float(right) = &slot!(right)
                        && right != 0.0
                    {
                        write_float!(dst, left / right);
                        continue;
                    }
                    leave!(Stop::Exit)
                }
                Fast::AddAddFloat { first, second } => pair!(first, second, |a, b| a + b, |a, b| a + b),
                Fast::AddSubFloat { first, second } => pair!(first, second, |a, b| a + b, |a, b| a - b),
                Fast::AddMulFloat { first, second } => pair!(first, second, |a, b| a + b, |a, b| a * b),
                Fast::SubAddFloat { first, second } => pair!(first, second, |a, b| a - b, |a, b| a + b),
                Fast::SubSubFloat { first, second } => pair!(first, second, |a, b| a - b, |a, b| a - b),
                Fast::SubMulFloat { first, second } => pair!(first, second, |a, b| a - b, |a, b| a * b),
                Fast::MulAddFloat { first, second } => pair!(first, second, |a, b| a * b, |a, b| a + b),
                Fast::MulSubFloat { first, second } => pair!(first, second, |a, b| a * b, |a, b| a - b),
                Fast::MulMulFloat { first, second } => pair!(first, second, |a, b| a * b, |a, b| a * b),
                Fast::AddMixed { dst, left, right } => mixed!(dst, left, right, |a: f64, b: f64| a + b),
                Fast::SubMixed { dst, left, right } => mixed!(dst, left, right, |a: f64, b: f64| a - b),
                Fast::MulMixed { dst, left, right } => mixed!(dst, left, right, |a: f64, b: f64| a * b),
                Fast::DivMixed { dst, left, right } => {
                    if let Some((left, right)) = mixed(&slot!(left), &slot!(right))
                        && right != 0.0
                    {
                        write_float!(dst, left / right);
                        continue;
                    }
                    leave!(Stop::Exit)
                }
                Fast::NegInt { dst, src } => int!(dst, src, |number: i64| number.checked_neg()),
                Fast::NegFloat { dst, src } => float!(dst, src, |number: f64| -number),
                Fast::IfEqString { left, right, to } => {
                    let (Value::String(left), Value::String(right)) = (&slot!(left), &slot!(right)) else {
                        leave!(Stop::Exit)
                    };
                    if left.is_same(right) {
                        goto!(to);
                    }
                }
                Fast::IfNeString { left, right, to } => {
                    let (Value::String(left), Value::String(right)) = (&slot!(left), &slot!(right)) else {
                        leave!(Stop::Exit)
                    };
                    if !left.is_same(right) {
                        goto!(to);
                    }
                }
                Fast::IfEqStringConst { left, right, to } => {
                    let (Value::String(left), Value::String(right)) =
                        (&slot!(left), &program.constants[usize::from(right)])
                    else {
                        leave!(Stop::Exit)
                    };
                    if left.is_same(right) {
                        goto!(to);
                    }
                }
                Fast::IfNeStringConst { left, right, to } => {
                    let (Value::String(left), Value::String(right)) =
                        (&slot!(left), &program.constants[usize::from(right)])
                    else {
                        leave!(Stop::Exit)
                    };
                    if !left.is_same(right) {
                        goto!(to);
                    }
                }
                Fast::IfEqInt { left, right, to } => branch!(Int, left, right, to, |a, b| a == b),
                Fast::IfNeInt { left, right, to } => branch!(Int, left, right, to, |a, b| a != b),
                Fast::IfLtInt { left, right, to } => branch!(Int, left, right, to, |a, b| a < b),
                Fast::IfLeInt { left, right, to } => branch!(Int, left, right, to, |a, b| a <= b),
                Fast::IfEqIntConst { left, to, right } => branch_const!(Int, left, right, to, |a, b| a == b),
                Fast::IfNeIntConst { left, to, right } => branch_const!(Int, left, right, to, |a, b| a != b),
                Fast::IfLtIntConst { left, to, right } => branch_const!(Int, left, right, to, |a, b| a < b),
                Fast::IfGeIntConst { left, to, right } => branch_const!(Int, left, right, to, |a, b| a >= b),
                Fast::IfEqFloat { left, right, to } => branch!(Float, left, right, to, |a, b| a == b),
                Fast::IfNeFloat { left, right, to } => branch!(Float, left, right, to, |a, b| a != b),
                Fast::IfLtFloat { left, right, to } => branch!(Float, left, right, to, |a, b| a < b),
                Fast::IfNotLtFloat { left, right, to } => {
                    branch!(Float, left, right, to, |a: f64, b: f64| !a.lt(&b))
                }
                Fast::IfLeFloat { left, right, to } => branch!(Float, left, right, to, |a, b| a <= b),
                Fast::IfNotLeFloat { left, right, to } => {
                    branch!(Float, left, right, to, |a: f64, b: f64| !a.le(&b))
                }
                Fast::IfEqFloatConst { left, to, right } => {
                    branch_const!(Float, left, right, to, |a, b| a == b)
                }
                Fast::IfNeFloatConst { left, to, right } => {
                    branch_const!(Float, left, right, to, |a, b| a != b)
                }
                Fast::IfLtFloatConst { left, to, right } => {
                    branch_const!(Float, left, right, to, |a, b| a < b)
                }
                Fast::IfNotLtFloatConst { left, to, right } => {
                    branch_const!(Float, left, right, to, |a: f64, b: f64| !a.lt(&b))
                }
                Fast::IfLeFloatConst { left, to, right } => {
                    branch_const!(Float, left, right, to, |a, b| a <= b)
                }
                Fast::IfNotLeFloatConst { left, to, right } => {
                    branch_const!(Float, left, right, to, |a: f64, b: f64| !a.le(&b))
                }
                Fast::IfGtFloatConst { left, to, right } => {
                    branch_const!(Float, left, right, to, |a, b| a > b)
                }
                Fast::IfNotGtFloatConst { left, to, right } => {
                    branch_const!(Float, left, right, to, |a: f64, b: f64| !a.gt(&b))
                }
                Fast::IfGeFloatConst { left, to, right } => {
                    branch_const!(Float, left, right, to, |a, b| a >= b)
                }
                Fast::IfNotGeFloatConst { left, to, right } => {
                    branch_const!(Float, left, right, to, |a: f64, b: f64| !a.ge(&b))
                }
                Fast::LoopEqInt { left, right, to, steps } => turn!(left, right, to, steps, |a, b| a == b),
                Fast::LoopNeInt { left, right, to, steps } => turn!(left, right, to, steps, |a, b| a != b),
                Fast::LoopLtInt { left, right, to, steps } => turn!(left, right, to, steps, |a, b| a < b),
                Fast::LoopLeInt { left, right, to, steps } => turn!(left, right, to, steps, |a, b| a <= b),
                Fast::LoopEqIntConst { left, steps, to, right } => {
                    turn_const!(left, right, to, steps, |a, b| a == b);
                }
                Fast::LoopNeIntConst { left, steps, to, right } => {
                    turn_const!(left, right, to, steps, |a, b| a != b);
                }
                Fast::LoopLtIntConst { left, steps, to, right } => {
                    turn_const!(left, right, to, steps, |a, b| a < b);
                }
                Fast::LoopGeIntConst { left, steps, to, right } => {
                    turn_const!(left, right, to, steps, |a, b| a >= b);
                }
                Fast::CountLtInt { counter, right, step, steps, to } => {
                    let &Value::Int(right) = &slot!(right) else { leave!(Stop::Exit) };
                    count!(counter, step, right, to, steps, |a, b| a < b)
                }
                Fast::CountLeInt { counter, right, step, steps, to } => {
                    let &Value::Int(right) = &slot!(right) else { leave!(Stop::Exit) };
                    count!(counter, step, right, to, steps, |a, b| a <= b)
                }
                Fast::CountLtIntConst { counter, step, steps, to, right } => {
                    count!(counter, step, right, to, steps, |a, b| a < b)
                }
                Fast::CountGeIntConst { counter, step, steps, to, right } => {
                    count!(counter, step, right, to, steps, |a, b| a >= b)
                }
                Fast::StepLtInt { counter, step, right, steps, to } => {
                    let &Value::Int(right) = &slot!(right) else { leave!(Stop::Exit) };
                    let &Value::Int(step) = &slot!(step) else { leave!(Stop::Exit) };
                    count!(counter, step, right, to, steps, |a, b| a < b)
                }
                Fast::StepLeInt { counter, step, right, steps, to } => {
                    let &Value::Int(right) = &slot!(right) else { leave!(Stop::Exit) };
                    let &Value::Int(step) = &slot!(step) else { leave!(Stop::Exit) };
                    count!(counter, step, right, to, steps, |a, b| a <= b)
                }
                Fast::IfBoth { left, right, to } => {
                    if slot!(left).is_truthy() && slot!(right).is_truthy() {
                        goto!(to);
                    }
                }
                Fast::IfNotBoth { left, right, to } => {
                    if !(slot!(left).is_truthy() && slot!(right).is_truthy()) {
                        goto!(to);
                    }
                }
                Fast::IfEither { left, right, to } => {
                    if slot!(left).is_truthy() || slot!(right).is_truthy() {
                        goto!(to);
                    }
                }
                Fast::IfNeither { left, right, to } => {
                    if !(slot!(left).is_truthy() || slot!(right).is_truthy()) {
                        goto!(to);
                    }
                }
                Fast::TestInt { test, dst, left, right } => {
                    if let (&Value::Int(left), &Value::Int(right)) = (&slot!(left), &slot!(right)) {
                        write_bool!(dst, test.of(&left, &right));
                        continue;
                    }
                    leave!(Stop::Exit)
                }
                Fast::TestIntConst { test, dst, left, right } => {
                    if let &Value::Int(left) = &slot!(left) {
                        write_bool!(dst, test.of(&left, &right));
                        continue;
                    }
                    leave!(Stop::Exit)
                }
                Fast::TestFloat { test, dst, left, right } => {
                    if let (&Value::Float(left), &Value::Float(right)) = (&slot!(left), &slot!(right)) {
                        write_bool!(dst, test.of(&left, &right));
                        continue;
                    }
                    leave!(Stop::Exit)
                }
                Fast::TestFloatConst { test, dst, left, right } => {
                    if let &Value::Float(left) = &slot!(left) {
                        write_bool!(dst, test.of(&left, &right));
                        continue;
                    }
                    leave!(Stop::Exit)
                }
                Fast::And { dst, left, right } => {
                    write_bool!(dst, slot!(left).is_truthy() && slot!(right).is_truthy());
                }
                Fast::Or { dst, left, right } => {
                    write_bool!(dst, slot!(left).is_truthy() || slot!(right).is_truthy());
                }
                Fast::Not { dst, src } => write_bool!(dst, !slot!(src).is_truthy()),
                Fast::IfTrue { slot, to } => {
                    if slot!(slot).is_truthy() {
                        goto!(to);
                    }
                }
                Fast::IfFalse { slot, to } => {
                    if !slot!(slot).is_truthy() {
                        goto!(to);
                    }
                }
                Fast::LoadGlobal { dst, name } => match context.globals.get(name) {
                    Some(value) => write_copy!(dst, value),
                    None => write!(dst, Value::Empty),
                },
                Fast::StoreGlobal { src, name } => {
                    context.globals.set(name, slot!(src).clone());
                }
                Fast::ArrayGet { dst, array, index } => {
                    if let (Value::Array(array), &Value::Int(index)) = (&slot!(array), &slot!(index))
                        && let Ok(index) = usize::try_from(index)
                        && let Some(item) = array.items().get(index)
                    {
                        write_copy!(dst, item);
                        continue;
                    }
                    leave!(Stop::Exit)
                }
                Fast::ArrayGetConst { dst, array, index } => {
                    if let Value::Array(array) = &slot!(array)
                        && let Some(item) = array.items().get(index as usize)
                    {
                        write_copy!(dst, item);
                        continue;
                    }
                    leave!(Stop::Exit)
                }
                Fast::ArrayGetInt { dst, array, index } => {
                    if let (Value::Array(array), &Value::Int(index)) = (&slot!(array), &slot!(index))
                        && let Ok(index) = usize::try_from(index)
                        && let Some(&Value::Int(item)) = array.items().get(index)
                    {
                        write_int!(dst, item);
                        continue;
                    }
                    leave!(Stop::Exit)
                }
                Fast::ArrayGetConstInt { dst, array, index } => {
                    if let Value::Array(array) = &slot!(array)
                        && let Some(&Value::Int(item)) = array.items().get(index as usize)
                    {
                        write_int!(dst, item);
                        continue;
                    }
                    leave!(Stop::Exit)
                }
                Fast::Release { holder, container } => {
                    if is_twin(&slot!(holder), &slot!(container), &context.memory) {
                        slot!(holder) = Value::Empty;
                    }
                }
                Fast::ReleaseGlobal { holder, container, key } => {
                    if let Some(held) = context.globals.get(holder)
                        && is_twin(held, &slot!(container), &context.memory)
                        && can_set(&slot!(container), &slot!(key))
                    {
                        context.globals.set(holder, Value::Empty);
                    }
                }
                Fast::ArraySet { array, index, value } => {
                    let &Value::Int(index) = &slot!(index) else { leave!(Stop::Exit) };
                    let scalar = Scalar::of(&slot!(value));
                    if let Some(scalar) = scalar
                        && let Value::Array(array) = &mut slot!(array)
                        && let Some(items) = array.items_mut()
                        && let Ok(index) = usize::try_from(index)
                        && let Some(item) = items.get_mut(index)
                    {
                        match scalar {
                            Scalar::Int(number) => put_int(item, number),
                            Scalar::Float(number) => put_float(item, number),
                            Scalar::Bool(value) => put_bool(item, value),
                        }
                        continue;
                    }
                    let value = slot!(value).clone();
                    if !set_item(&context.memory, &mut slot!(array), index, value) {
                        leave!(Stop::Exit)
                    }
                }
                Fast::ArraySetValue { array, index, constant } => {
                    let &Value::Int(index) = &slot!(index) else { leave!(Stop::Exit) };
                    let value = &program.constants[usize::from(constant)];
                    if let Value::Array(array) = &mut slot!(array)
                        && let Some(items) = array.items_mut()
                        && let Ok(index) = usize::try_from(index)
                        && let Some(item) = items.get_mut(index)
                    {
                        match value {
                            Value::Int(number) => put_int(item, *number),
                            Value::Bool(value) => put_bool(item, *value),
                            value => put(item, value.clone()),
                        }
                        continue;
                    }
                    if !set_item(&context.memory, &mut slot!(array), index, value.clone()) {
                        leave!(Stop::Exit)
                    }
                }
                Fast::ArraySetConst { array, value, index } => {
                    let value = slot!(value).clone();
                    if !set_item(&context.memory, &mut slot!(array), i64::from(index), value) {
                        leave!(Stop::Exit)
                    }
                }
                Fast::ArrayLen { dst, array } => {
                    if let Value::Array(array) = &slot!(array) {
                        let length = array.items().len() as i64;
                        write_int!(dst, length);
                        continue;
                    }
                    leave!(Stop::Exit)
                }
                Fast::DictGet { dst, dict, key } => {
                    let (Value::Dict(dict), Value::String(key)) = (&slot!(dict), &slot!(key)) else {
                        leave!(Stop::Exit)
                    };
                    match dict.get_by(key) {
                        Some(value) => write_copy!(dst, value),
                        None => write!(dst, Value::Empty),
                    }
                }
                Fast::DictSet { dict, key, value } => {
                    let (key, value) = (slot!(key).clone(), slot!(value).clone());
                    if let Value::Dict(dict) = &mut slot!(dict)
                        && let Value::String(key) = &key
                        && let Some(object) = dict.object_mut()
                        && let Some(place) = object.value_mut(key)
                    {
                        *place = value;
                        continue;
                    }
                    if ops::dict_set(&context.memory, &mut slot!(dict), key, value).is_err() {
                        leave!(Stop::Exit)
                    }
                }
                Fast::Call { site, steps } => {
                    let call = &code.sites[site as usize];
                    let is_too_much =
                        callers.len() as u64 >= max_call_depth || context.memory.room() < costs::FRAME;
                    if is_too_much {
                        leave!(Stop::Leave)
                    }
                    charge!(steps);
                    memory::charge(costs::FRAME);
                    let base = frame.base + usize::from(frame.size);
                    if stack.len() < base + 2 * REGISTERS {
                        grow(stack, base);
                    }
                    let (below, above) = stack.split_at_mut(base);
                    let caller = &below[frame.base..];
                    for (place, arg) in above.iter_mut().zip(&call.args) {
                        match &caller[usize::from(*arg)] {
                            &Value::Int(number) => put_int(place, number),
                            &Value::Float(number) => put_float(place, number),
                            value => put(place, value.clone()),
                        }
                    }
                    for register in call.clear.iter().skip(usize::from(planted!("fast-window"))) {
                        put(&mut above[usize::from(*register)], Value::Empty);
                    }
                    let scopes = &mut context.scopes;
                    let outer_scopes = if scopes.are_closed() { 0 } else { scopes.begin_frame() };
                    callers.push(Caller {
                        frame,
                        pc: call.pc,
                        dst: crate::isa::Reg(call.dst),
                        site: Some(Site(site)),
                    });
                    frame = Frame { base, size: call.registers, function: Some(call.function), outer_scopes };
                    window = registers(stack, base);
                    goto!(call.callee);
                }
                Fast::Return { src, clear, steps } => {
                    charge!(steps);
                    if clear != 0 {
                        for register in &code.clears[clear as usize] {
                            put(&mut slot!(*register), Value::Empty);
                        }
                    }
                    let value = &mut slot!(src);
                    let Some(caller) = callers.pop() else {
                        parcel.result = mem::take(value);
                        stop!(Stop::Ended)
                    };
                    if !context.scopes.are_closed() {
                        context.scopes.end_frame(frame.outer_scopes);
                    }
                    memory::release(costs::FRAME);
                    frame = caller.frame;
                    if let &mut Value::Int(number) = value {
                        window = registers(stack, frame.base);
                        put_int(&mut slot!(caller.dst.0), number);
                        let Some(Site(site)) = caller.site else { stop!(Stop::Returned(caller.pc + 1)) };
                        goto!(code.sites[site as usize].back_with_int);
                        continue;
                    } else {
                        let value = mem::take(value);
                        window = registers(stack, frame.base);
                        put(&mut slot!(caller.dst.0), value);
                    }
                    let Some(Site(site)) = caller.site else { stop!(Stop::Returned(caller.pc + 1)) };
                    goto!(code.sites[site as usize].back);
                }
                Fast::ReturnConst { constant, clear, steps } => {
                    charge!(steps);
                    if clear != 0 {
                        for register in &code.clears[clear as usize] {
                            put(&mut slot!(*register), Value::Empty);
                        }
                    }
                    let value = constant.map(|constant| program.constants[usize::from(constant)].clone());
                    let Some(caller) = callers.pop() else {
                        parcel.result = value.unwrap_or_default();
                        stop!(Stop::Ended)
                    };
                    if !context.scopes.are_closed() {
                        context.scopes.end_frame(frame.outer_scopes);
                    }
                    memory::release(costs::FRAME);
                    frame = caller.frame;
                    window = registers(stack, frame.base);
                    if let Some(value) = value {
                        put(&mut slot!(caller.dst.0), value);
                    }
                    let Some(Site(site)) = caller.site else { stop!(Stop::Returned(caller.pc + 1)) };
                    goto!(code.sites[site as usize].back);
                }
                Fast::Plain { op } => {
                    if let Err(error) = plain(op, window, context) {
                        parcel.error = Some(error);
                        leave!(Stop::Leave)
                    }
                }
            }
        }
    }
}

/// Writes what is no number to a place.
#[inline(never)]
fn copy(place: &mut Value, value: Value) {
    match (place, value) {
        (Value::String(old), Value::String(text)) => *old = text,
        (Value::Bool(old), Value::Bool(value)) => *old = value,
        (place, value) => *place = value,
    }
}

/// Two numbers as floats, where one is a float already.
#[inline(always)]
fn mixed(left: &Value, right: &Value) -> Option<(f64, f64)> {
    match (left, right) {
        (Value::Float(left), Value::Int(right)) => Some((*left, *right as f64)),
        (Value::Int(left), Value::Float(right)) => Some((*left as f64, *right)),
        (Value::Float(left), Value::Float(right)) => Some((*left, *right)),
        _ => None,
    }
}

/// Executes a plain instruction that goes on to the next.
#[inline(never)]
fn plain(op: Op, window: &mut [Value; REGISTERS], context: &mut Context<'_>) -> Result<(), RuntimeError> {
    dispatch(op, &mut Window::<Unobserved>::new(window, None), context).map(|_| ())
}

/// A value that is a word.
enum Scalar {
    Int(i64),
    Float(f64),
    Bool(bool),
}

impl Scalar {
    #[inline(always)]
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Int(number) => Some(Self::Int(*number)),
            Value::Float(number) => Some(Self::Float(*number)),
            Value::Bool(value) => Some(Self::Bool(*value)),
            Value::Empty
            | Value::String(_)
            | Value::Function(_)
            | Value::Url(_)
            | Value::Array(_)
            | Value::Dict(_) => None,
        }
    }
}

/// Writes an element of an array, or appends it. Gives false, with nothing done, where that is an error.
#[inline(always)]
fn set_item(memory: &memory::Memory, array: &mut Value, index: i64, value: Value) -> bool {
    ops::array_set(memory, array, Value::Int(index), value).is_ok()
}

/// Whether two places hold one container, and nothing else does, and there is room for a copy of it and one more entry.
fn is_twin(one: &Value, other: &Value, memory: &memory::Memory) -> bool {
    let copy = match (one, other) {
        (Value::Array(one), Value::Array(other)) if one.is_twin(other) => Array::cost(one.items().len()),
        (Value::Dict(one), Value::Dict(other)) if one.is_twin(other) => one.cost(),
        _ => return false,
    };
    copy.saturating_add(costs::ELEMENT.max(costs::ENTRY)) <= memory.room()
}

/// Whether a write to a container cannot fail but for want of memory.
fn can_set(container: &Value, key: &Value) -> bool {
    match (container, key) {
        (Value::Array(array), Value::Int(index)) => {
            usize::try_from(*index).is_ok_and(|index| index <= array.items().len())
        }
        (Value::Dict(_), Value::String(_)) => true,
        _ => false,
    }
}

#[cold]
#[inline(never)]
fn grow(stack: &mut Vec<Value>, base: usize) {
    stack.resize(base + base / 2 + 2 * REGISTERS, Value::Empty);
}

/// Does the writes to registers that fast code has put off.
pub(in crate::interpreter) fn catch_up(program: &Program, registers: &mut [Value; REGISTERS], state: &State) {
    let values: Vec<Value> = state
        .pending
        .iter()
        .map(|(_, source)| match source {
            Source::Slot(slot) => registers[usize::from(*slot)].clone(),
            Source::Constant(constant) => program.constants[usize::from(*constant)].clone(),
            Source::Bool(value) => Value::Bool(*value),
        })
        .collect();
    for ((register, _), value) in state.pending.iter().zip(values) {
        registers[usize::from(*register)] = value;
    }
}
