//! Functions that machine code calls for what is rare or long.
//!
//! # Safety
//!
//! All of them are called by machine code only, which passes the JIT context that it was entered with, or addresses of values in
//! the current frame, in globals, or in the pool. While machine code runs, nothing else borrows the machine or its values (see
//! the top of `../jit.rs`), so each function may borrow them until it returns.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::exec::interpreter::Op;
use crate::exec::jit::context::JitContext;
use crate::exec::specialise::{
    CodeAddr, ExitReason, Slot, SpecOp, append_item, dispatch_baseline, elide_copy, grow as grow_stack,
    put_item, set_item,
};
use crate::isa::REGISTERS;
use crate::ops;
use crate::runtime::{Frame, RESERVE};
use crate::value::{Array, Value, put_over_phantom};

/// Asks for steps, and gives how many may be charged: 0 where there are none.
pub(super) unsafe extern "sysv64" fn refill(context: &mut JitContext<'_, '_>, fuel: u64) -> u64 {
    // SAFETY: see the top of the module.
    let run = unsafe { &mut context.machine().fuel };
    run.left = fuel + RESERVE;
    if run.refill() { run.left - RESERVE } else { 0 }
}

/// Does the instruction at that place, which goes on to the next. Gives whether it stopped instead.
pub(super) unsafe extern "sysv64" fn step(
    context: &mut JitContext<'_, '_>,
    place: u32,
    frame: *mut Value,
    size: u64,
    fuel: u64,
) -> u32 {
    // SAFETY: see the top of the module.
    let machine = unsafe { context.machine() };
    // SAFETY: as above.
    let (program, code) = unsafe { context.code() };
    // SAFETY: as above.
    let exit_payload = unsafe { context.exit_payload() };
    machine.frame = self::frame(&mut machine.stack, frame, size);
    machine.fuel.left = fuel + RESERVE;
    machine.env.scopes.set_depth(context.depth());
    // SAFETY: machine code wrote so many, one after the other.
    unsafe { machine.callers.set_len(context.depth() as usize) };
    let mut at = CodeAddr::of(place as usize);
    let done = catch_unwind(AssertUnwindSafe(|| {
        machine.execute_specialised::<true>(program, code, &mut at, exit_payload, u64::MAX)
    }));
    context.see_scopes(&machine.env.scopes);
    match done {
        Ok(ExitReason::Stepped) => 0,
        Err(payload) => stop_for_panic(context, payload),
        Ok(stop) => {
            context.reason = stop;
            1
        }
    }
}

/// Does the baseline instruction at that place as it is. Gives whether it failed.
pub(super) unsafe extern "sysv64" fn plain(
    context: &mut JitContext<'_, '_>,
    place: u32,
    frame: *mut Value,
    size: u64,
) -> u32 {
    // SAFETY: see the top of the module.
    let (_, code) = unsafe { context.code() };
    // SAFETY: as above; the frame has so many places.
    let registers = unsafe { &mut *frame.cast::<[Value; REGISTERS]>() };
    let SpecOp::Baseline { op } = code.ops[place as usize] else { return 0 };
    if let Op::ArraySet { array: container, index: key, value } | Op::DictSet { dict: container, key, value } =
        op
        && registers[usize::from(container.0)].is_copy_dear()
    {
        let [key, value] = [key, value].map(|operand| registers[usize::from(operand.0)].clone());
        own(context, place, frame, size, (&key, &value));
    }
    // SAFETY: as above.
    let machine = unsafe { context.machine() };
    // SAFETY: as above.
    let registers = unsafe { &mut *frame.cast::<[Value; REGISTERS]>() };
    let env = &mut machine.env;
    env.scopes.set_depth(context.depth());
    let done = catch_unwind(AssertUnwindSafe(|| dispatch_baseline(op, registers, env)));
    context.see_scopes(&env.scopes);
    let error = match done {
        Ok(Ok(())) => return 0,
        Ok(Err(error)) => error,
        Err(payload) => return stop_for_panic(context, payload),
    };
    // SAFETY: see the top of the module.
    unsafe { context.exit_payload().error = Some(error) };
    context.reason = ExitReason::Deoptimise;
    1
}

/// Keeps a panic of the host until machine code is left: it cannot be unwound through machine code. Stops that.
#[cold]
fn stop_for_panic(context: &mut JitContext<'_, '_>, payload: Box<dyn Any + Send>) -> u32 {
    // SAFETY: see the top of the module.
    unsafe { context.exit_payload().panic = Some(payload) };
    context.reason = ExitReason::Deoptimise;
    1
}

/// Joins two strings, and writes what comes of it to a place. Gives whether it did.
pub(super) unsafe extern "sysv64" fn join(
    context: &mut JitContext<'_, '_>,
    left: *const Value,
    right: *const Value,
    place: *mut Value,
) -> u32 {
    // SAFETY: see the top of the module.
    let Value::String(left) = (unsafe { &*left }) else { return 0 };
    // SAFETY: as above.
    let Value::String(right) = (unsafe { &*right }) else { return 0 };
    // Held by references of their own, so that nothing but the place is borrowed then.
    let (left, right) = (left.clone(), right.clone());
    // SAFETY: as above.
    let machine = unsafe { context.machine() };
    // SAFETY: as above.
    let place = unsafe { &mut *place };
    u32::from(ops::join_over(&machine.env.memory, place, &left, &right).is_ok())
}

/// Writes the text of an int to a place. Gives whether it did.
pub(super) unsafe extern "sysv64" fn int_text(
    context: &mut JitContext<'_, '_>,
    number: i64,
    place: *mut Value,
) -> u32 {
    // SAFETY: see the top of the module.
    let machine = unsafe { context.machine() };
    // SAFETY: as above.
    let place = unsafe { &mut *place };
    u32::from(ops::int_text_over(&machine.env.memory, place, number).is_ok())
}

/// Writes a copy of a value to an element of an array, for the instruction at that place. Gives whether it did.
pub(super) unsafe extern "sysv64" fn set_element(
    context: &mut JitContext<'_, '_>,
    place: u32,
    frame: *mut Value,
    index: i64,
    size: u64,
) -> u32 {
    // SAFETY: see the top of the module.
    let machine = unsafe { context.machine() };
    // SAFETY: as above.
    let (program, code) = unsafe { context.code() };
    // SAFETY: as above; the frame has so many places.
    let registers = unsafe { &mut *frame.cast::<[Value; REGISTERS]>() };
    let (SpecOp::ArraySet { array, value, .. } | SpecOp::ArraySetConst { array, value, .. }) =
        code.ops[place as usize]
    else {
        return 0;
    };
    let value = registers[usize::from(value.register())].clone();
    let place_of_array = &mut registers[usize::from(array.register())];
    let value = match append_item(&machine.env.memory, place_of_array, (index, value)) {
        Ok(()) => return 1,
        Err(unused) => unused,
    };
    machine.frame = self::frame(&mut machine.stack, frame, size);
    // SAFETY: machine code wrote so many, one after the other.
    unsafe { machine.callers.set_len(context.depth() as usize) };
    let at = CodeAddr::of(place as usize);
    u32::from(put_item(program, code, at, machine, array, (index, value)))
}

/// Writes a scalar to an element of an array, for the instruction at that place. Gives 1 if it did, 0 if that is an error, and 2, with
/// nothing written, if the array was shared and is not any more.
pub(super) unsafe extern "sysv64" fn set_scalar(
    context: &mut JitContext<'_, '_>,
    place: u32,
    frame: *mut Value,
    index: i64,
    size: u64,
) -> u32 {
    // SAFETY: see the top of the module.
    let machine = unsafe { context.machine() };
    // SAFETY: as above.
    let (program, code) = unsafe { context.code() };
    machine.frame = self::frame(&mut machine.stack, frame, size);
    // SAFETY: machine code wrote so many, one after the other.
    unsafe { machine.callers.set_len(context.depth() as usize) };
    let at = CodeAddr::of(place as usize);
    if code.elide_known_copy(at, machine, index) {
        return 2;
    }
    // SAFETY: the frame has so many places.
    let registers = unsafe { &mut *frame.cast::<[Value; REGISTERS]>() };
    let op = code.ops[place as usize].unfused();
    let held = |slot: Slot| registers[usize::from(slot.register())].clone();
    let (array, value) = if let SpecOp::ArraySetScalar { array, value, .. } = op {
        (array, held(*value))
    } else if let SpecOp::ArraySetInt { array, value, .. } = op {
        (array, held(*value))
    } else if let SpecOp::ArraySetFloat { array, value, .. } = op {
        (array, held(*value))
    } else if let SpecOp::ArraySetToBool { array, value, .. } = op {
        (array, Value::Bool(value))
    } else if let SpecOp::ArraySetToInt { array, value, .. } = op {
        (array, Value::Int(value))
    } else if let SpecOp::ArraySetToFloat { array, value, .. } = op {
        (array, Value::Float(value))
    } else {
        return 0;
    };
    if registers[usize::from(array.register())].is_copy_dear() {
        elide_copy(program, code, at, machine, (&Value::Int(index), &value));
        // SAFETY: as above.
        let registers = unsafe { &mut *frame.cast::<[Value; REGISTERS]>() };
        let array = &mut registers[usize::from(array.register())];
        if matches!(array, Value::Array(array) if !array.is_shared()) {
            return 2;
        }
        return u32::from(ops::array_set(&machine.env.memory, array, Value::Int(index), value).is_ok());
    }
    u32::from(set_item(program, code, at, machine, array, (index, value)))
}

/// The function that a value names, or `u32::MAX`.
pub(super) unsafe extern "sysv64" fn callee(context: &mut JitContext<'_, '_>, name: *const Value) -> u32 {
    // SAFETY: see the top of the module.
    let (program, _) = unsafe { context.code() };
    // SAFETY: as above.
    let name = unsafe { &*name };
    ops::call(&program.functions, name).unwrap_or(u32::MAX)
}

/// Closes the scopes of the current frame, which is left now.
pub(super) unsafe extern "sysv64" fn close_scopes(context: &mut JitContext<'_, '_>) {
    // SAFETY: see the top of the module.
    let scopes = unsafe { &mut context.machine().env.scopes };
    scopes.set_depth(context.depth());
    if !planted!("scopes-stay") {
        scopes.end_frame();
    }
    context.see_scopes(scopes);
}

/// Makes room on the stack for the frame behind the current one and the one behind that, and gives where the current one begins then.
pub(super) unsafe extern "sysv64" fn grow(
    context: &mut JitContext<'_, '_>,
    frame: *mut Value,
    size: u64,
) -> *mut Value {
    // SAFETY: see the top of the module.
    let machine = unsafe { context.machine() };
    let Frame { base, size } = self::frame(&mut machine.stack, frame, size);
    grow_stack(&mut machine.stack, base + usize::from(size));
    context.see_stack(&mut machine.stack);
    machine.stack.as_mut_ptr().wrapping_add(base)
}

/// Writes the value of that tag and that payload to a place.
pub(super) unsafe extern "sysv64" fn assign(place: *mut Value, tag: u64, payload: u64) {
    let words = [tag, payload];
    // SAFETY: the words are those of a value, which is moved here.
    let value = unsafe { std::ptr::read((&raw const words).cast::<Value>()) };
    // SAFETY: the place holds a value, which is dropped.
    put_over_phantom(unsafe { &mut *place }, value);
}

/// Empties a place.
pub(super) unsafe extern "sysv64" fn clear(place: *mut Value) {
    // SAFETY: see the top of the module.
    put_over_phantom(unsafe { &mut *place }, Value::Empty);
}

/// Whether a value counts as true.
pub(super) unsafe extern "sysv64" fn holds(value: *const Value) -> u32 {
    // SAFETY: see the top of the module.
    u32::from(unsafe { &*value }.is_truthy())
}

/// Whether two strings have the same text.
pub(super) unsafe extern "sysv64" fn is_same(left: *const Value, right: *const Value) -> u32 {
    // SAFETY: see the top of the module.
    let Value::String(left) = (unsafe { &*left }) else { return 0 };
    // SAFETY: as above.
    let Value::String(right) = (unsafe { &*right }) else { return 0 };
    u32::from(left.is_same(right))
}

/// Looks a key up in a dict, and writes what it finds to a place. Gives whether these were a key that is not long and a dict.
pub(super) unsafe extern "sysv64" fn dict_get(
    dict: *const Value,
    key: *const Value,
    place: *mut Value,
) -> u32 {
    // SAFETY: see the top of the module.
    let Value::Dict(dict) = (unsafe { &*dict }) else { return 0 };
    // SAFETY: as above.
    let Value::String(key) = (unsafe { &*key }) else { return 0 };
    if key.is_long() {
        return 0;
    }
    let value = dict.get_by(key).cloned().unwrap_or_default();
    // SAFETY: as above; nothing of the others is borrowed any more.
    put_over_phantom(unsafe { &mut *place }, value);
    1
}

/// Takes a container away from another that holds it as an element.
pub(super) unsafe extern "sysv64" fn take_element(
    context: &mut JitContext<'_, '_>,
    outer: *mut Value,
    key: *const Value,
    container: *const Value,
) {
    // SAFETY: see the top of the module; the three are in different places.
    let machine = unsafe { context.machine() };
    // SAFETY: as above.
    let outer = unsafe { &mut *outer };
    // SAFETY: as above.
    let key = unsafe { &*key };
    // SAFETY: as above.
    let container = unsafe { &*container };
    crate::exec::analysis::take_element(&machine.env.memory, outer, key, container);
}

/// Writes a key of a dict. Gives 1 if it did, 0 if that is an error, and 2, with nothing done, if the dict is shared.
pub(super) unsafe extern "sysv64" fn dict_set(
    context: &mut JitContext<'_, '_>,
    dict: *mut Value,
    key: *const Value,
    value: *const Value,
) -> u32 {
    // SAFETY: see the top of the module. A copy, so that nothing but the dict is borrowed later.
    let key = unsafe { &*key }.clone();
    // SAFETY: as above.
    let value = unsafe { &*value }.clone();
    // SAFETY: as above.
    let dict = unsafe { &mut *dict };
    if let (Value::Dict(dict), Value::String(key)) = (&mut *dict, &key) {
        let Some(object) = dict.object_mut() else { return 2 };
        if let Some(place) = object.known_value(key) {
            *place = value;
            return 1;
        }
    }
    // SAFETY: as above.
    let machine = unsafe { context.machine() };
    u32::from(ops::dict_set(&machine.env.memory, dict, key, value).is_ok())
}

/// Spares the write at that place the copy of the container, where nobody can tell.
fn own(
    context: &mut JitContext<'_, '_>,
    place: u32,
    frame: *mut Value,
    size: u64,
    operands: (&Value, &Value),
) {
    // SAFETY: see the top of the module.
    let machine = unsafe { context.machine() };
    // SAFETY: as above.
    let (program, code) = unsafe { context.code() };
    machine.frame = self::frame(&mut machine.stack, frame, size);
    // SAFETY: machine code wrote so many, one after the other.
    unsafe { machine.callers.set_len(context.depth() as usize) };
    elide_copy(program, code, CodeAddr::of(place as usize), machine, operands);
}

/// Empties a place where a phantom stands, which nothing else holds. Gives whether one does.
pub(super) unsafe extern "sysv64" fn retire(place: *mut Value) -> u32 {
    // SAFETY: see the top of the module.
    let place = unsafe { &mut *place };
    let is_phantom = matches!(place, Value::Dict(dict) if dict.is_phantom());
    if is_phantom {
        put_over_phantom(place, Value::Empty);
    }
    u32::from(is_phantom)
}

/// Puts what costs as much as a copy of the array in a place there, where that is stale: for both that is the same.
pub(super) unsafe extern "sysv64" fn leave_phantoms(
    one: *mut Value,
    other: *mut Value,
    is_one: u64,
    is_other: u64,
) {
    let cost = |place: *mut Value| {
        // SAFETY: see the top of the module; one after the other, as both may be the same place.
        let value = unsafe { &*place };
        if let Value::Array(array) = value { Some(Array::cost(array.len())) } else { None }
    };
    let places = [(one, is_one), (other, is_other)];
    let stale = || places.iter().filter(|(_, is_stale)| is_stale & 1 == 1).map(|(place, _)| *place);
    let Some(cost) = stale().find_map(cost) else { return };
    let phantom = Value::of_cost(if planted!("phantom-costs-nothing") { 0 } else { cost });
    for place in stale() {
        // SAFETY: as above.
        put_over_phantom(unsafe { &mut *place }, phantom.clone());
    }
}

/// Ends the process: at this instruction, machine code relies on what is not so.
#[cfg(debug_assertions)]
#[expect(clippy::panic, reason = "there is nothing to go on with, and only debug builds look")]
pub(super) extern "sysv64" fn relied_in_vain(place: u32) {
    panic!("machine code relies on a tag or a number that is another at specialised instruction {place}");
}

/// The frame that begins at that place.
pub(super) fn frame(stack: &mut Vec<Value>, frame: *mut Value, size: u64) -> Frame {
    let base = (frame as usize - stack.as_mut_ptr() as usize) / size_of::<Value>();
    debug_assert!(base + REGISTERS <= stack.len());
    Frame { base, size: (size as usize / size_of::<Value>()) as u16 }
}
