//! Specialised code: lazy basic-block versioning.
//!
//! A baseline instruction works on any values. A specialised one works on the types that were observed when it was made, and may
//! do what several baseline instructions do: constants are operands, moves and dead writes are left out, a comparison and the
//! branch after it are one, a call knows its callee. Steps are charged where control meets or leaves a function.
//!
//! No program can tell. A specialised instruction does all of what it stands for, or nothing; then it leaves by its exit, which
//! does the deferred stores, charges the steps taken, and resumes the baseline interpreter at that instruction. So the
//! baseline interpreter gives every error, and every limit is met there: specialised code is left when one is near. The only writes
//! that are left out are of values that cost no memory, over values that cost none, to registers that are written again before
//! they are read.

mod builder;
mod code;
mod context;
mod deferred;
mod dump;
mod elements;
mod execute;
mod materialise;
mod op;
mod sites;
mod spoilt;
mod superinstructions;
mod translate;
mod types;
#[cfg(any(test, debug_assertions))]
mod verify;
mod versions;

pub(crate) use code::Code;
#[cfg(machine_code)]
pub(crate) use context::Source;
pub(crate) use context::TypeContext;
#[cfg(machine_code)]
pub(crate) use elements::{append_item, elide_copy, put_item, set_item};
pub(crate) use execute::{ExitPayload, ExitReason};
#[cfg(machine_code)]
pub(crate) use execute::{dispatch_baseline, grow};
pub(crate) use materialise::materialise;
pub(crate) use op::CodeAddr;
#[cfg(all(machine_code, feature = "check-machine-code"))]
pub(crate) use op::Needs;
#[cfg(machine_code)]
pub(crate) use op::{
    BranchOp, CallOp, ComparisonOp, ContainerOp, GuardOp, JitOp, MoveOp, NumberOp, Slot, SpecOp, StringOp,
    Test,
};
#[cfg(machine_code)]
pub(crate) use spoilt::has_mutant;
pub(crate) use spoilt::spoil_stub;
#[cfg(machine_code)]
pub(crate) use types::Type;
