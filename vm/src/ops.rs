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

pub(crate) use arithmetic::{add, div, r#mod, mul, neg, sub};
pub(crate) use arrays::{array_get, array_len, array_set, new_array};
pub(crate) use control::{
    assert, break_point, call, halt, jump, jump_if, jump_if_not, nop, phi, r#return, scope_enter, scope_exit,
};
pub(crate) use dicts::{
    dict_clear, dict_contains, dict_get, dict_keys, dict_len, dict_new, dict_remove, dict_set, dict_values,
};
pub(crate) use logic::{and, eq, gt, gte, lt, lte, neq, not, or};
pub(crate) use registers::{cast, check_type, define, load_const, load_global, r#move, store_global};
pub(crate) use strings::{concat_str, debug_print, str_len};

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
