//! The code generator for x86-64.

mod containers;
mod control;
mod emit;
mod globals;
mod instructions;
mod numbers;
mod register_cache;
mod strings;

pub(super) use emit::{Emitted, Emitter, JitExit};
