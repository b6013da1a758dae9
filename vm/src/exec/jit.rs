//! The JIT: specialised code, compiled to machine code.
//!
//! What stays hot is compiled instruction by instruction for the processor: see `jit/x64/emit.rs` for how it is laid out. An
//! instruction of machine code does what the loop over specialised code would do, on the same registers, so control can change from
//! one to the other at any instruction, and does: machine code ends where it reaches a stub, and the loop goes on in machine
//! code where there is some.
//!
//! # `unsafe`
//!
//! 1. *Machine code is in memory that is executable and never writable.* [`executable`] sees to that. It is
//!    entered at the beginning of an instruction only ([`CodeCache::address`]).
//! 2. *It does to memory what the loop does*, by the same guards, which the builder made; it reads and writes registers
//!    of the frame, globals, the frames that wait, and elements of arrays behind a bounds check. Where these are, the
//!    [`JitContext`](context::JitContext) says, which is made anew whenever machine code is entered; what moves them while it runs says so there.
//! 3. *Nothing else borrows what it works on.* [`CodeCache::run`] has the machine borrowed, and touches it through the JIT
//!    context only until machine code ends; so do the runtime stubs.
//! 4. *Machine code follows changes of specialised code.* Instructions that were compiled are only ever changed
//!    to do the same, or else the machine code is dropped ([`CodeCache::invalidate`]).

#![allow(unsafe_code, reason = "see above")]
#![allow(
    clippy::useless_conversion,
    clippy::unnecessary_cast,
    clippy::identity_op,
    reason = "the macro of the assembler converts what it is given, whatever its type"
)]

mod code_cache;
mod context;
mod executable;
mod layout;
mod listing;
mod stubs;
#[cfg(feature = "check-machine-code")]
mod verify;
mod x64;

pub(crate) use code_cache::{CodeCache, JitEnd, SLICE};
#[cfg(feature = "check-machine-code")]
pub use verify::{Proved, proved};
