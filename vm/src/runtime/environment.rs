//! What instructions work with besides registers.

use crate::isa::{Check, ConstIdx, OperandSource, Phis, Registers};
use crate::memory::Memory;
use crate::module::Checked;
use crate::runtime::{Functions, Globals, Output, Scopes};
use crate::value::Value;

/// What instructions work with besides registers.
pub(crate) struct Environment<'a> {
    pub(crate) memory: Memory<'a>,
    pub(crate) globals: Globals,
    pub(crate) output: Output<'a>,
    pub(crate) scopes: Scopes,
    pub(crate) functions: &'a Functions,
    pub(crate) constants: &'a [Value],
    pub(crate) code: CodeBytes<'a>,
}

impl Environment<'_> {
    #[inline(always)]
    pub(crate) fn constant(&self, index: ConstIdx) -> &Value {
        &self.constants[usize::from(index.0)]
    }

    pub(crate) fn check(&self, span: Span) -> Check {
        self.code.check(span)
    }
}

/// A place among the encoded bytes of the code, where a list of operands begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span(pub(crate) u32);

/// The encoded bytes of the code, which the internal code refers to for lists.
#[derive(Clone, Copy)]
pub(crate) struct CodeBytes<'a>(pub(crate) &'a [u8]);

impl<'a> CodeBytes<'a> {
    #[inline]
    fn at(self, span: Span) -> Checked<'a> {
        Checked(&self.0[span.0 as usize..])
    }

    #[inline]
    pub(crate) fn registers(self, span: Span) -> Registers<'a> {
        let Ok(registers) = self.at(span).registers();
        registers
    }

    #[inline]
    pub(crate) fn phis(self, span: Span) -> Phis<'a> {
        let Ok(phis) = self.at(span).phis();
        phis
    }

    pub(crate) fn check(self, span: Span) -> Check {
        let Ok(check) = self.at(span).check();
        check
    }
}
