//! What each instruction means: one function per opcode, named by its mnemonic.
//!
//! The generated dispatch calls them. A function takes what its opcode's `effects` name, then the operands that are read,
//! and gives the value that is written; it knows nothing of registers, frames or the program counter.

mod arithmetic;
mod arrays;
mod control;
mod dicts;
mod logic;
mod registers;
mod strings;

pub(crate) use arithmetic::*;
pub(crate) use arrays::*;
pub(crate) use control::*;
pub(crate) use dicts::*;
pub(crate) use logic::*;
pub(crate) use registers::*;
pub(crate) use strings::*;

use crate::errors::{Expected, RuntimeError};
use crate::value::Value;

/// The error of an operand that should have been of another type.
#[cold]
fn mismatch(expected: Expected, found: &Value) -> RuntimeError {
    RuntimeError::TypeMismatch { expected, found: found.type_id() }
}

/// The error of two operands that do not go together.
#[cold]
fn operand_types(expected: Expected, left: &Value, right: &Value) -> RuntimeError {
    RuntimeError::OperandTypes { expected, left: left.type_id(), right: right.type_id() }
}
