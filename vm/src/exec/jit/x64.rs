//! The code generator for x86-64.

#[cfg(debug_assertions)]
mod checks;
mod containers;
mod control;
mod emit;
mod globals;
mod instructions;
mod loop_registers;
mod numbers;
mod optimised;
mod register_cache;
mod strings;
#[cfg(test)]
mod tests;

pub(super) use emit::{Emitted, Emitter, JitExit};
