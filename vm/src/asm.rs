//! Assembly: modules as text.
//!
//! One instruction a line, its operands in byte order; `;` begins a comment and `label:` names an instruction. The
//! mnemonics, the operands and their roles are those of `spec/isa.yaml`, so a new opcode is known here without a change.
//!
//! ```text
//! .module "greeting"
//! .func main                ; the next instruction is its entry; `.func name label` names another
//!     load_const r0, "hello"
//!     load_const r1, "greet"
//!     call r1, r2, (r0)     ; the function, the register for what it returns, the arguments
//!     return r2
//! .func greet
//!     debug_print r0
//!     return r0
//! ```
//!
//! Literals are pooled on their own: `5`, `-1.5`, `1e300`, `-0.0`, `nan`, `inf`, `"text"`, `true`, `empty`. `.const 5` puts one
//! into the pool by hand and `k3` names an entry by its index. Types, scopes and assertions are written `int`, `7` and
//! `true, "message"`; the sources of a phi `[r2: label, r3: label]`, where a label stands for the instruction that ran
//! before. Where a label, a type or a kind of assertion is expected, a number is taken as it is encoded.

mod lex;
mod mistakes;
mod parse;
mod print;
mod words;

use std::fmt;

use crate::errors::LoadError;
use crate::module::Module;
pub use mistakes::{Mistake, Mistakes};
pub use print::{Line, disassemble, instruction_text, listing, listing_lines};

/// Why a text is no module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AsmError {
    /// Lines cannot be understood.
    Syntax(Box<Mistakes>),
    /// Every line can, but what they say together would not load.
    Module(LoadError),
}

impl fmt::Display for AsmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(mistakes) => mistakes.fmt(f),
            Self::Module(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for AsmError {}

/// Assembles a module and checks it.
///
/// ```
/// let error = machine_dialect_vm::assemble("load_const r0, 1\nadd r2, r0").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "line 2, column 11: expected `,` and operand `right`, a register that is read such as `r0`; found the end of the line
///   | add r2, r0
///   |           ^"
/// );
/// ```
///
/// A byte-order mark before the text is no part of it.
///
/// # Errors
/// Gives every line that cannot be understood, or the fault that loading the module would give.
pub fn assemble(text: &str) -> Result<Module, AsmError> {
    Module::decode(&assemble_bytes(text)?).map_err(AsmError::Module)
}

/// Assembles a file without checking that it would load: for modules that must be refused.
///
/// # Errors
/// Gives every line that cannot be understood.
pub fn assemble_bytes(text: &str) -> Result<Vec<u8>, AsmError> {
    parse::parse(text)
        .map(|builder| builder.encode())
        .map_err(|mistakes| AsmError::Syntax(Box::new(mistakes)))
}
