//! A running program: its state, without any of the tiers that execute it.

mod environment;
mod frames;
mod fuel;
mod functions;
mod globals;
mod machine;
mod observations;
mod output;
mod register_file;
mod scopes;
mod trace;

pub(crate) use environment::{CodeBytes, Environment, Span};
pub(crate) use frames::{CallSiteId, Caller, Frame, StackPool, registers};
pub(crate) use fuel::{Fuel, RESERVE};
pub(crate) use functions::{FunctionIndex, Functions};
pub(crate) use globals::{GlobalSlot, Globals};
pub(crate) use machine::Machine;
pub(crate) use observations::{Mode, Observations, Observed, Unobserved};
pub(crate) use output::Output;
pub use output::Sink;
pub(crate) use register_file::FrameRegisters;
pub(crate) use scopes::Scopes;
pub use trace::TraceStep;
