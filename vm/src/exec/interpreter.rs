//! The baseline interpreter: the internal code that a module is lowered to, and the loop that executes it.

mod execute;
mod lower;

pub(crate) use execute::{TierExit, TierUp};
pub(crate) use lower::{Op, Program, Target, dispatch};
