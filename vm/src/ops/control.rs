//! Where control goes: S16 to S24 of the specification. These functions decide; the interpreter executes.

use crate::errors::RuntimeError;
use crate::isa::{Check, Condition, Phis, Reg, ScopeId};
use crate::runtime::{FunctionIndex, Functions, Scopes};
use crate::value::{Value, append_text};

/// `pc = offset`
#[inline(always)]
pub(crate) fn jump() {}

/// If `truthy(r[cond])`, `pc = offset`.
#[inline(always)]
pub(crate) fn jump_if(cond: &Value) -> bool {
    cond.is_truthy()
}

/// If not `truthy(r[cond])`, `pc = offset`.
#[inline(always)]
pub(crate) fn jump_if_not(cond: &Value) -> bool {
    !cond.is_truthy()
}

/// `r[dst] = r[func](r[args]...)`; a string names the function, an int is its entry, a function value names itself.
#[inline(always)]
pub(crate) fn call(functions: &Functions, func: &Value) -> Result<FunctionIndex, RuntimeError> {
    if let Value::String(name) = func {
        functions.named(name)
    } else if let Value::Int(entry) = func {
        functions.at_entry(*entry)
    } else if let Value::Function(name) = func {
        functions.named_text(name)
    } else {
        Err(RuntimeError::NotCallable)
    }
}

/// Returns `r[src]`, or returns without a value.
#[inline(always)]
pub(crate) fn r#return(src: Option<&Value>) -> Option<Value> {
    src.cloned()
}

/// The register of the first pair whose label is the instruction that ran before the run of phis.
#[inline]
pub(crate) fn phi(sources: Phis<'_>, predecessor: Option<usize>) -> Option<Reg> {
    let predecessor = predecessor?;
    sources.iter().find(|source| usize::from(source.label) == predecessor).map(|source| source.register)
}

/// Fails with the message unless `r[reg]` passes the check.
pub(crate) fn assert(constants: &[Value], reg: &Value, check: Check) -> Result<(), RuntimeError> {
    let holds = match check.condition {
        Condition::True => reg.is_truthy(),
        Condition::NonEmpty => !matches!(reg, Value::Empty),
        Condition::IntRange { min, max } => matches!(reg, Value::Int(number) if (min..=max).contains(number)),
    };
    if holds {
        return Ok(());
    }
    let mut message = String::new();
    // Loading made sure that the message is a string, and a string of the pool fits.
    let _ = append_text(&constants[usize::from(check.message.0)], &mut message, usize::MAX);
    Err(RuntimeError::AssertionFailed { message })
}

/// Opens a scope in this frame, for debuggers.
pub(crate) fn scope_enter(scopes: &mut Scopes, scope: ScopeId) {
    scopes.enter(scope);
}

/// Closes a scope in this frame, for debuggers.
pub(crate) fn scope_exit(scopes: &mut Scopes, scope: ScopeId) {
    scopes.exit(scope);
}

/// A place where a debugger may stop; otherwise nothing.
#[inline(always)]
pub(crate) fn break_point() {}

/// Ends the program; its result is empty.
#[inline(always)]
pub(crate) fn halt() {}

/// Does nothing.
#[inline(always)]
pub(crate) fn nop() {}
