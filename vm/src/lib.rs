//! A virtual machine for Machine Dialect bytecode: fast, exact, and safe on modules that strangers wrote.
//!
//! [`Module::decode`] reads a `.mdbc` file and checks all of it. [`Vm`] runs modules, under [`Limits`], and gives back a
//! [`Completion`] or a [`Failure`] that says which instruction failed, in which function, and why.
//!
//! ```
//! use machine_dialect_vm::{Run, Value, Vm, assemble};
//!
//! let module = assemble(
//!     "
//!     load_const r0, 40
//!     load_const r1, 2
//!     add r2, r0, r1
//!     debug_print r2
//!     return r2
//!     ",
//! )?;
//! let mut printed = String::new();
//! let completion = Vm::new(module).run(Run::new(&mut printed))?;
//! assert_eq!(completion.result, Value::Int(42));
//! assert_eq!(printed, "42\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What instructions do, what files look like and what errors say is declared in the YAML files of the `spec` folder.
//! The tables, the decoder, the encoder and the dispatch are generated from them.

/// Whether this process has a mutant; never, unless the feature `planted` compiles them in.
#[cfg(feature = "planted")]
macro_rules! planted {
    ($name:literal) => {{
        const { crate::planted::known($name) };
        crate::planted::is($name)
    }};
}
#[cfg(not(feature = "planted"))]
macro_rules! planted {
    ($name:literal) => {{
        const { crate::planted::known($name) };
        false
    }};
}

/// Whether this process does without a technique of the faster tiers; never, unless the feature `ablation` compiles switches in.
#[cfg(feature = "ablation")]
macro_rules! without {
    ($name:literal) => {
        crate::ablation::is_off(const { crate::ablation::number_of($name) })
    };
}
#[cfg(not(feature = "ablation"))]
macro_rules! without {
    ($name:literal) => {{
        const _: usize = crate::ablation::number_of($name);
        false
    }};
}

#[doc(hidden)]
pub mod ablation;
pub mod asm;
mod errors;
pub mod escape;
mod excerpt;
mod exec;
mod isa;
#[cfg(feature = "language")]
pub mod language;
mod memory;
mod module;
mod observer;
mod ops;
#[cfg(feature = "json")]
pub mod outcome;
#[doc(hidden)]
pub mod planted;
#[cfg(feature = "json")]
pub mod plug;
mod profile;
mod runtime;
#[doc(hidden)]
pub mod schedule;
mod state;
// The command `mdvm`, which the Python package has inside, names this crate as any other does.
#[cfg(feature = "pyo3")]
extern crate self as machine_dialect_vm;
#[cfg(feature = "pyo3")]
mod python;
mod value;
mod values;
mod vm;
mod watch;

pub use asm::{assemble, disassemble};
pub use errors::{
    Expected, LoadError, LoadErrorKind, Operation, RuntimeError, RuntimeErrorKind, StateError, StateErrorKind,
};
pub use exec::{ExitCounts, ExitKind, TierStats, TierTimes, TierUse, Tiers};
#[cfg(all(machine_code, feature = "check-machine-code"))]
#[doc(hidden)]
pub use exec::{Proved, proved};
pub use isa::*;
pub use module::{Constant, Function, Label, Module, ModuleBuilder, Salvage};
pub use observer::{Observer, Step, Written};
#[cfg(feature = "language")]
pub use profile::LineCount;
pub use profile::{CallCount, Profile};
pub use runtime::{Sink, TraceStep};
pub use state::State;
pub use value::{Array, Dict, Str, Value};
#[doc(hidden)]
pub use value::{Copies, copies};
pub use values::format::MAGIC;
pub use values::{AssertKind, Limits, TRACE_STEPS, TypeId};
pub use vm::{CallSite, Completion, Failure, Run, Vm};

/// The name of the function in which a program begins, and of the code that is outside of all functions.
pub const ENTRY_FUNCTION: &str = values::format::ENTRY_FUNCTION;

/// The examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
