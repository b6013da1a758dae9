//! The JIT context: where machine code finds registers, globals and frames.

use std::marker::PhantomData;
use std::mem::offset_of;

use crate::exec::interpreter::Program;
use crate::exec::specialise::{Code, ExitPayload, ExitReason};
use crate::isa::REGISTERS;
use crate::runtime::{Caller, Machine, Scopes};
use crate::value::Value;

/// What machine code works on, and what it hands over. It has its address in a register.
#[repr(C)]
pub(crate) struct JitContext<'a, 'm> {
    /// Where the frame begins; up to date outside of machine code.
    pub(super) frame: *mut Value,
    /// How many steps may still be charged; up to date outside of machine code.
    pub(super) fuel: u64,
    /// How many bytes the frame takes; up to date outside of machine code.
    pub(super) size: u64,
    pub(super) globals: *mut Option<Value>,
    /// Behind the last frame that waits.
    pub(super) top: *mut Caller,
    /// Where those begin.
    pub(super) bottom: *mut Caller,
    /// As far as `top` may go.
    pub(super) limit: *mut Caller,
    /// The last place on the stack where a frame can begin that is called.
    pub(super) last_frame: *mut Value,
    /// Where the memory of the thread is counted.
    pub(super) live: *mut u64,
    /// What was counted before the run.
    pub(super) before: u64,
    /// How much more than that may have been counted where a frame, or an element, is still to be.
    pub(super) room_for_frame: u64,
    pub(super) room_for_element: u64,
    /// The limit on memory.
    pub(super) most_memory: u64,
    /// What `top` is in the innermost frame in which a scope is open; null where there is none.
    pub(super) scoped: *mut Caller,
    /// How many exits machine code may come by before it is to leave.
    #[cfg(feature = "schedule")]
    pub(super) exits_left: u64,
    /// Not for machine code.
    pub(super) machine: *mut Machine<'m>,
    pub(super) program: *const Program,
    pub(super) code: *const Code,
    pub(super) exit_payload: *mut ExitPayload,
    pub(super) reason: ExitReason,
    pub(super) lifetime: PhantomData<&'a mut Machine<'m>>,
}

/// What functions that machine code calls work on. They may borrow it until they return: see the top of `stubs.rs`.
impl<'m> JitContext<'_, 'm> {
    /// The machine that runs.
    ///
    /// # Safety
    ///
    /// To be called from a stub that machine code called, and by nothing that still borrows the machine.
    pub(super) unsafe fn machine<'r>(&self) -> &'r mut Machine<'m> {
        // SAFETY: the machine outlives its context, and the caller sees to it that nothing else borrows it.
        unsafe { &mut *self.machine }
    }

    /// The program that runs, and its specialised code.
    ///
    /// # Safety
    ///
    /// To be called from a stub that machine code called.
    pub(super) unsafe fn code<'r>(&self) -> (&'r Program, &'r Code) {
        // SAFETY: it outlives the context, and is not changed while machine code runs.
        let program = unsafe { &*self.program };
        // SAFETY: as above.
        (program, unsafe { &*self.code })
    }

    /// What goes with the reason that machine code is left for.
    ///
    /// # Safety
    ///
    /// As for [`JitContext::machine`].
    pub(super) unsafe fn exit_payload<'r>(&self) -> &'r mut ExitPayload {
        // SAFETY: it outlives the context, and the caller sees to it that nothing else borrows it.
        unsafe { &mut *self.exit_payload }
    }
}

/// Where the parts of the JIT context are.
impl JitContext<'_, '_> {
    pub(super) const FRAME: i32 = offset_of!(Self, frame) as i32;
    pub(super) const FUEL: i32 = offset_of!(Self, fuel) as i32;
    pub(super) const SIZE: i32 = offset_of!(Self, size) as i32;
    pub(super) const GLOBALS: i32 = offset_of!(Self, globals) as i32;
    pub(super) const TOP: i32 = offset_of!(Self, top) as i32;
    pub(super) const BOTTOM: i32 = offset_of!(Self, bottom) as i32;
    pub(super) const LIMIT: i32 = offset_of!(Self, limit) as i32;
    pub(super) const LAST_FRAME: i32 = offset_of!(Self, last_frame) as i32;
    pub(super) const LIVE: i32 = offset_of!(Self, live) as i32;
    pub(super) const BEFORE: i32 = offset_of!(Self, before) as i32;
    pub(super) const ROOM_FOR_FRAME: i32 = offset_of!(Self, room_for_frame) as i32;
    pub(super) const ROOM_FOR_ELEMENT: i32 = offset_of!(Self, room_for_element) as i32;
    pub(super) const MAX_MEMORY: i32 = offset_of!(Self, most_memory) as i32;
    pub(super) const SCOPED: i32 = offset_of!(Self, scoped) as i32;
    #[cfg(feature = "schedule")]
    pub(super) const EXITS_LEFT: i32 = offset_of!(Self, exits_left) as i32;

    /// How many frames wait.
    pub(super) fn depth(&self) -> u64 {
        ((self.top as usize - self.bottom as usize) / size_of::<Caller>()) as u64
    }

    /// Notes in which frame a return has scopes to close.
    pub(super) fn see_scopes(&mut self, scopes: &Scopes) {
        let depth = scopes.innermost();
        self.scoped = depth.map_or(std::ptr::null_mut(), |depth| self.bottom.wrapping_add(depth as usize));
    }

    /// Notes where the stack is.
    pub(super) fn see_stack(&mut self, stack: &mut [Value]) {
        // Where there is room for none, every place is beyond the last.
        let last = stack.len().checked_sub(2 * REGISTERS);
        self.last_frame = last.map_or(std::ptr::null_mut(), |last| stack.as_mut_ptr().wrapping_add(last));
    }
}
