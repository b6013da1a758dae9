//! The interpreter: the internal code that a module is lowered to, and the machine that runs it.

mod fast;
mod functions;
mod globals;
mod lower;
mod machine;
mod output;
mod scopes;
mod trace;
mod window;

pub(crate) use functions::{FunctionIndex, Functions};
pub(crate) use globals::{GlobalSlot, Globals};
pub(crate) use lower::Program;
pub(crate) use machine::{Ended, Machine, RunInput};
pub(crate) use output::Output;
pub use output::Sink;
pub(crate) use scopes::Scopes;
pub use trace::TraceStep;
