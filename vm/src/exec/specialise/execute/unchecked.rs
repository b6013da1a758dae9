//! Instructions and registers, without a check of where they are and what they hold. The top of `../execute.rs` says why.

use crate::exec::specialise::op::{CodeAddr, Slot, SpecOp};
use crate::isa::REGISTERS;
use crate::value::Value;

/// The instruction that is up.
pub(super) struct Cursor<'a> {
    ops: &'a [SpecOp],
    next: *const SpecOp,
}

impl<'a> Cursor<'a> {
    /// Stands before an instruction; `None` where there is none, or where control could run past the end of the code.
    pub(super) fn new(ops: &'a [SpecOp], at: CodeAddr) -> Option<Self> {
        let is_sound = at.index() < ops.len() && ops.last().is_some_and(SpecOp::leads_elsewhere);
        is_sound.then(|| Self { ops, next: ops.as_ptr().wrapping_add(at.index()) })
    }

    /// Takes the next instruction.
    ///
    /// # Safety
    ///
    /// If the one before leads elsewhere, `go` must have been called since.
    #[inline(always)]
    pub(super) unsafe fn take(&mut self) -> &'a SpecOp {
        debug_assert!(self.ops.as_ptr_range().contains(&self.next));
        // SAFETY: `next` is within the code: `new` and `go` saw to that, and if it was moved on by this function, then from
        // an instruction that does not lead elsewhere, so one that is not the last.
        let op = unsafe { &*self.next };
        self.next = self.next.wrapping_add(1);
        op
    }

    /// The instruction behind the one that was taken last.
    ///
    /// # Safety
    ///
    /// As for `take`.
    #[inline(always)]
    pub(super) unsafe fn peek(&self) -> &'a SpecOp {
        debug_assert!(self.ops.as_ptr_range().contains(&self.next));
        // SAFETY: as for `take`.
        unsafe { &*self.next }
    }

    /// Goes on at another place, if there is code.
    #[inline(always)]
    pub(super) fn go(&mut self, to: CodeAddr) -> bool {
        let offset = to.offset();
        let is_there = offset < size_of_val(self.ops);
        if is_there {
            // SAFETY: the offset is that of an instruction, and less than the size of all.
            self.next = unsafe { self.ops.as_ptr().byte_add(offset) };
        }
        is_there
    }

    /// Where the next instruction is.
    pub(super) fn next(&self) -> CodeAddr {
        CodeAddr::of((self.next as usize - self.ops.as_ptr() as usize) / size_of::<SpecOp>())
    }

    /// Where the instruction that was taken last is.
    #[inline(always)]
    pub(super) fn taken(&self) -> CodeAddr {
        CodeAddr::of((self.next as usize - self.ops.as_ptr() as usize) / size_of::<SpecOp>() - 1)
    }
}

/// The registers of the current frame.
#[derive(Clone, Copy)]
pub(super) struct RawRegisters(*mut Value);

impl RawRegisters {
    /// Those of the frame that begins at `base`.
    #[inline(always)]
    pub(super) fn of(stack: &mut Vec<Value>, base: usize) -> Self {
        debug_assert!(base + REGISTERS <= stack.len());
        Self(stack.as_mut_ptr().wrapping_add(base))
    }

    /// Where the frame begins.
    pub(super) fn base(self, stack: &mut Vec<Value>) -> usize {
        (self.0 as usize - stack.as_mut_ptr() as usize) / size_of::<Value>()
    }

    /// Those of the frame behind this one, which has that size.
    #[inline(always)]
    pub(super) fn above(self, size: u16) -> Self {
        Self(self.0.wrapping_add(usize::from(size)))
    }

    /// Those of the frame before this one. It has that size.
    #[inline(always)]
    pub(super) fn below(self, size: u16) -> Self {
        Self(self.0.wrapping_sub(usize::from(size)))
    }

    #[inline(always)]
    pub(super) fn place(self, slot: Slot) -> *mut Value {
        self.0.wrapping_byte_add(slot.offset())
    }

    /// All of them.
    ///
    /// # Safety
    ///
    /// The frame must be the current one, and nothing else may look at its registers while they are borrowed.
    #[inline(always)]
    pub(super) unsafe fn all<'a>(self) -> &'a mut [Value; REGISTERS] {
        // SAFETY: there are so many on the stack from where a frame begins.
        unsafe { &mut *self.0.cast() }
    }

    /// How far before `end` the frame begins, in bytes.
    #[inline(always)]
    pub(super) fn distance_to(self, end: *mut Value) -> usize {
        end as usize - self.0 as usize
    }

    /// What a register holds.
    ///
    /// # Safety
    ///
    /// The frame must be the current one, and nothing may write to the register while the value is borrowed.
    #[inline(always)]
    pub(super) unsafe fn value<'a>(self, slot: Slot) -> &'a Value {
        // SAFETY: a slot is one of the places of the frame.
        unsafe { &*self.place(slot) }
    }

    /// A register, to be changed.
    ///
    /// # Safety
    ///
    /// The frame must be the current one, and nothing else may look at the register while it is borrowed.
    #[inline(always)]
    pub(super) unsafe fn value_mut<'a>(self, slot: Slot) -> &'a mut Value {
        // SAFETY: a slot is one of the places of the frame.
        unsafe { &mut *self.place(slot) }
    }

    /// The int in a register.
    ///
    /// # Safety
    ///
    /// The frame must be the current one, and the value an int.
    #[inline(always)]
    pub(super) unsafe fn int(self, slot: Slot) -> i64 {
        // SAFETY: the caller's.
        let value = unsafe { self.value(slot) };
        let Value::Int(number) = value else {
            // SAFETY: it is an int.
            unsafe { never(value) }
        };
        *number
    }

    /// The float in a register.
    ///
    /// # Safety
    ///
    /// The frame must be the current one, and the value a float.
    #[inline(always)]
    pub(super) unsafe fn float(self, slot: Slot) -> f64 {
        // SAFETY: the caller's.
        let value = unsafe { self.value(slot) };
        let Value::Float(number) = value else {
            // SAFETY: it is a float.
            unsafe { never(value) }
        };
        *number
    }

    /// The bool in a register.
    ///
    /// # Safety
    ///
    /// The frame must be the current one, and the value a bool.
    #[inline(always)]
    pub(super) unsafe fn bool(self, slot: Slot) -> bool {
        // SAFETY: the caller's.
        let value = unsafe { self.value(slot) };
        let Value::Bool(truth) = value else {
            // SAFETY: it is a bool.
            unsafe { never(value) }
        };
        *truth
    }

    /// Writes a scalar.
    ///
    /// # Safety
    ///
    /// The frame must be the current one, nothing may look at the register, and what it holds must be a scalar; else it is
    /// not dropped.
    #[inline(always)]
    pub(super) unsafe fn write(self, slot: Slot, value: Value) {
        debug_assert!(value.is_scalar());
        if cfg!(debug_assertions) {
            // SAFETY: the caller's.
            let over = unsafe { self.value(slot) };
            debug_assert!(over.is_scalar(), "{over:?} is not dropped");
        }
        // SAFETY: a slot is one of the places of the frame.
        unsafe { self.place(slot).write(value) };
    }
}

/// A value of a type that the builder has ruled out.
///
/// # Safety
///
/// Must be unreachable.
#[inline(always)]
unsafe fn never(value: &Value) -> ! {
    debug_assert!(false, "the builder of specialised code took {value:?} for something else");
    // SAFETY: the caller's.
    unsafe { std::hint::unreachable_unchecked() }
}

/// A copy of a scalar.
///
/// # Safety
///
/// The value must be a scalar.
#[inline(always)]
pub(super) unsafe fn scalar(value: &Value) -> Value {
    match value {
        Value::Int(number) => Value::Int(payload(number)),
        Value::Float(number) => Value::Float(payload(number)),
        Value::Bool(value) => Value::Bool(*value),
        Value::Empty => Value::Empty,
        // SAFETY: it is a scalar.
        Value::String(_) | Value::Function(_) | Value::Url(_) | Value::Array(_) | Value::Dict(_) => unsafe {
            never(value)
        },
    }
}

/// A number of a value. It is read by itself, as it was written: a processor waits where it is to read at once, tag and
/// number, what it has just written in two pieces.
#[inline(always)]
pub(super) fn payload<T: Copy>(number: &T) -> T {
    // SAFETY: a reference can be read.
    unsafe { std::ptr::read_volatile(number) }
}
