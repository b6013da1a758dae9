//! Functions that machine code calls for what is rare or long.
//!
//! # Safety
//!
//! All of them are called by machine code only, which passes the bridge that it was entered with, or addresses of values in
//! the current frame, in globals, or in the pool. While machine code runs, nothing else borrows the machine or its values (see
//! the top of `../native.rs`), so each function may borrow them until it returns.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::super::{Parcel, Stop};
use super::Bridge;
use crate::interpreter::fast::code::{At, Fast, RESERVE};
use crate::interpreter::fast::twin::set_item;
use crate::interpreter::machine::Frame;
use crate::isa::REGISTERS;
use crate::ops;
use crate::value::Value;

/// Asks for steps, and gives how many may be charged: 0 where there are none.
pub(super) unsafe extern "sysv64" fn refill(bridge: &mut Bridge<'_, '_>, fuel: u64) -> u64 {
    // SAFETY: see the top of the module.
    let meter = unsafe { &mut (*bridge.machine).meter };
    meter.left = fuel + RESERVE;
    if meter.refill() { meter.left - RESERVE } else { 0 }
}

/// Does the instruction at that place, which goes on to the next. Gives whether it stopped instead.
pub(super) unsafe extern "sysv64" fn step(
    bridge: &mut Bridge<'_, '_>,
    place: u32,
    places: *mut Value,
    size: u64,
    fuel: u64,
) -> u32 {
    // SAFETY: see the top of the module.
    let (machine, code, parcel): (_, _, &mut Parcel) =
        unsafe { (&mut *bridge.machine, &*bridge.code, &mut *bridge.parcel) };
    machine.frame = frame(&mut machine.stack, places, size);
    machine.meter.left = fuel + RESERVE;
    machine.context.scopes.set_depth(bridge.depth());
    let mut at = At::of(place as usize);
    let done = catch_unwind(AssertUnwindSafe(|| machine.obey::<true>(code, &mut at, parcel, u64::MAX)));
    bridge.see_scopes(&machine.context.scopes);
    match done {
        Ok(Stop::Done) => 0,
        Err(payload) => stop_for_panic(bridge, payload),
        Ok(stop) => {
            bridge.stop = stop;
            1
        }
    }
}

/// Does the plain instruction at that place as it is. Gives whether it failed.
pub(super) unsafe extern "sysv64" fn plain(
    bridge: &mut Bridge<'_, '_>,
    place: u32,
    places: *mut Value,
) -> u32 {
    // SAFETY: see the top of the module; the frame has so many places.
    let (machine, code, registers) =
        unsafe { (&mut *bridge.machine, &*bridge.code, &mut *places.cast::<[Value; REGISTERS]>()) };
    let Fast::Plain { op } = code.ops[place as usize] else { return 0 };
    let context = &mut machine.context;
    context.scopes.set_depth(bridge.depth());
    let done = catch_unwind(AssertUnwindSafe(|| super::super::plain(op, registers, context)));
    bridge.see_scopes(&context.scopes);
    let error = match done {
        Ok(Ok(())) => return 0,
        Ok(Err(error)) => error,
        Err(payload) => return stop_for_panic(bridge, payload),
    };
    // SAFETY: see the top of the module.
    unsafe { (*bridge.parcel).error = Some(error) };
    bridge.stop = Stop::Leave;
    1
}

/// Keeps a panic of the host until machine code is left: it cannot be unwound through machine code. Stops that.
#[cold]
fn stop_for_panic(bridge: &mut Bridge<'_, '_>, payload: Box<dyn Any + Send>) -> u32 {
    // SAFETY: see the top of the module.
    unsafe { (*bridge.parcel).panic = Some(payload) };
    bridge.stop = Stop::Leave;
    1
}

/// Joins two strings, and writes what comes of it to a place. Gives whether it did.
pub(super) unsafe extern "sysv64" fn join(
    bridge: &mut Bridge<'_, '_>,
    left: *const Value,
    right: *const Value,
    place: *mut Value,
) -> u32 {
    // SAFETY: see the top of the module. The strings are held by references of their own, so that nothing but the place is
    // borrowed then.
    unsafe {
        let (Value::String(left), Value::String(right)) = (&*left, &*right) else { return 0 };
        let (left, right) = (left.clone(), right.clone());
        u32::from(ops::join_over(&(*bridge.machine).context.memory, &mut *place, &left, &right).is_ok())
    }
}

/// Writes the text of an int to a place. Gives whether it did.
pub(super) unsafe extern "sysv64" fn int_text(
    bridge: &mut Bridge<'_, '_>,
    number: i64,
    place: *mut Value,
) -> u32 {
    // SAFETY: see the top of the module.
    unsafe { u32::from(ops::int_text_over(&(*bridge.machine).context.memory, &mut *place, number).is_ok()) }
}

/// Writes a copy of a value to an element of an array, for the instruction at that place. Gives whether it did.
pub(super) unsafe extern "sysv64" fn set_element(
    bridge: &mut Bridge<'_, '_>,
    place: u32,
    places: *mut Value,
    index: i64,
) -> u32 {
    // SAFETY: see the top of the module; the frame has so many places.
    let (machine, code, registers) =
        unsafe { (&*bridge.machine, &*bridge.code, &mut *places.cast::<[Value; REGISTERS]>()) };
    let (Fast::ArraySet { array, value, .. } | Fast::ArraySetConst { array, value, .. }) =
        code.ops[place as usize]
    else {
        return 0;
    };
    let value = registers[usize::from(value.register())].clone();
    let at = At::of(place as usize);
    u32::from(set_item(machine.program, code, at, &machine.context.memory, registers, array, (index, value)))
}

/// The position of the function that a value names among those that a call with many callees knows, or `u32::MAX`.
pub(super) unsafe extern "sysv64" fn callee(
    bridge: &mut Bridge<'_, '_>,
    name: *const Value,
    family: u32,
) -> u32 {
    // SAFETY: see the top of the module.
    let (machine, code, name) = unsafe { (&*bridge.machine, &*bridge.code, &*name) };
    let function = ops::call(&machine.program.functions, name).ok();
    function.and_then(|function| code.families[family as usize].position(function)).unwrap_or(u32::MAX)
}

/// Whether a value names that function.
pub(super) unsafe extern "sysv64" fn names(
    bridge: &mut Bridge<'_, '_>,
    name: *const Value,
    function: u32,
) -> u32 {
    // SAFETY: see the top of the module.
    let (machine, name) = unsafe { (&*bridge.machine, &*name) };
    u32::from(ops::call(&machine.program.functions, name).is_ok_and(|named| named == function))
}

/// Closes the scopes of the current frame, which is left now.
pub(super) unsafe extern "sysv64" fn close_scopes(bridge: &mut Bridge<'_, '_>) {
    // SAFETY: see the top of the module.
    let scopes = unsafe { &mut (*bridge.machine).context.scopes };
    scopes.set_depth(bridge.depth());
    if !planted!("scopes-stay") {
        scopes.end_frame();
    }
    bridge.see_scopes(scopes);
}

/// Makes room on the stack for the frame behind the current one and the one behind that, and gives where the current one begins then.
pub(super) unsafe extern "sysv64" fn grow(
    bridge: &mut Bridge<'_, '_>,
    places: *mut Value,
    size: u64,
) -> *mut Value {
    // SAFETY: see the top of the module.
    let machine = unsafe { &mut *bridge.machine };
    let Frame { base, size } = frame(&mut machine.stack, places, size);
    super::super::grow(&mut machine.stack, base + usize::from(size));
    bridge.see_stack(&mut machine.stack);
    machine.stack.as_mut_ptr().wrapping_add(base)
}

/// Writes the value of that tag and that payload to a place.
pub(super) unsafe extern "sysv64" fn assign(place: *mut Value, tag: u64, payload: u64) {
    let words = [tag, payload];
    // SAFETY: the words are those of a value, which is moved here, and the place holds one, which is dropped.
    unsafe { *place = std::ptr::read((&raw const words).cast::<Value>()) };
}

/// Empties a place.
pub(super) unsafe extern "sysv64" fn clear(place: *mut Value) {
    // SAFETY: see the top of the module.
    unsafe { *place = Value::Empty };
}

/// Whether a value counts as true.
pub(super) unsafe extern "sysv64" fn holds(value: *const Value) -> u32 {
    // SAFETY: see the top of the module.
    u32::from(unsafe { &*value }.is_truthy())
}

/// Whether two strings have the same text.
pub(super) unsafe extern "sysv64" fn is_same(left: *const Value, right: *const Value) -> u32 {
    // SAFETY: see the top of the module.
    match unsafe { (&*left, &*right) } {
        (Value::String(left), Value::String(right)) => u32::from(left.is_same(right)),
        _ => 0,
    }
}

/// Looks a key up in a dict, and writes what it finds to a place. Gives whether these were a key that is not long and a dict.
pub(super) unsafe extern "sysv64" fn dict_get(
    dict: *const Value,
    key: *const Value,
    place: *mut Value,
) -> u32 {
    // SAFETY: see the top of the module. The place is written when nothing of the others is borrowed any more.
    unsafe {
        let (Value::Dict(dict), Value::String(key)) = (&*dict, &*key) else { return 0 };
        if key.is_long() {
            return 0;
        }
        let value = dict.get_by(key).cloned().unwrap_or_default();
        *place = value;
    }
    1
}

/// Writes a key of a dict. Gives whether it did.
pub(super) unsafe extern "sysv64" fn dict_set(
    bridge: &mut Bridge<'_, '_>,
    dict: *mut Value,
    key: *const Value,
    value: *const Value,
) -> u32 {
    // SAFETY: see the top of the module. Key and value are copies, so that nothing but the dict is borrowed then.
    unsafe {
        let (key, value) = ((*key).clone(), (*value).clone());
        if let (Value::Dict(dict), Value::String(key)) = (&mut *dict, &key)
            && let Some(object) = dict.object_mut()
            && let Some(place) = object.known_value(key)
        {
            *place = value;
            return 1;
        }
        u32::from(ops::dict_set(&(*bridge.machine).context.memory, &mut *dict, key, value).is_ok())
    }
}

/// The frame that begins at that place.
pub(super) fn frame(stack: &mut Vec<Value>, places: *mut Value, size: u64) -> Frame {
    let base = (places as usize - stack.as_mut_ptr() as usize) / size_of::<Value>();
    debug_assert!(base + REGISTERS <= stack.len());
    Frame { base, size: (size as usize / size_of::<Value>()) as u16 }
}
