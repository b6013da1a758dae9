//! A top level that goes on where an earlier run had come to, as sessions need it: variables come from globals of their names, and
//! those that a statement changed go back there when it is done.

use std::ops::Range;

use super::registers::Storage;
use super::{Emit, Emitter, NO_PLACE};
use crate::isa::Instruction;
use crate::language::ast::StatementKind;
use crate::language::lexer::Symbol;
use crate::module::Constant;

impl Emitter<'_> {
    /// Emits the statements of the top level from the first on that no run has done. If the last is an expression, its value becomes
    /// the result. Tells whether control goes on behind them.
    pub(super) fn resume(&mut self, range: Range<u32>) -> Emit<bool> {
        self.load_variables(range.start)?;
        let statements = &self.program.functions[0].statements;
        self.unsaved = range.start;
        while self.unsaved < range.end {
            let mark = self.frame.mark();
            let index = self.unsaved;
            if let StatementKind::Value { value } = &statements[index as usize].kind
                && index + 1 == range.end
            {
                self.statement = statements[index as usize].at;
                let src = Some(self.operand(*value)?.register);
                self.push(self.statement, Instruction::Return { src })?;
                return Ok(false);
            }
            let (after, goes_on) = self.statement(statements, index)?;
            if !goes_on {
                return Ok(false);
            }
            self.save_variables(after)?;
            self.unsaved = after;
            self.frame.release(mark);
        }
        Ok(true)
    }

    /// Gives variables that are declared before a statement the values of their globals.
    fn load_variables(&mut self, first: u32) -> Emit<()> {
        let at = std::mem::replace(&mut self.statement, NO_PLACE);
        for symbol in self.defined(0..first) {
            let name = self.name_constant(symbol)?;
            self.assign(symbol, |emitter, dst| {
                emitter.push(NO_PLACE, Instruction::LoadGlobal { dst, name })
            })?;
        }
        self.statement = at;
        Ok(())
    }

    /// Puts the variables that were changed since [`Self::unsaved`] and before a statement into their globals.
    pub(super) fn save_variables(&mut self, end: u32) -> Emit<()> {
        if self.resumed.is_none() || self.function != 0 {
            return Ok(());
        }
        let range = self.unsaved..end;
        let mut changed = self.defined(range.clone());
        for variable in &self.checked.functions[0].variables {
            let next = variable.changes.partition_point(|change| *change < range.start);
            let is_changed = variable.changes.get(next).is_some_and(|change| *change < range.end);
            if is_changed && !changed.contains(&variable.name.symbol) {
                changed.push(variable.name.symbol);
            }
        }
        for symbol in changed {
            let name = self.name_constant(symbol)?;
            let mark = self.frame.mark();
            let src = match self.storage(symbol) {
                Storage::Register(register) => register,
                Storage::Slot(slot) => {
                    let register = self.temporary()?;
                    self.load_slot(register, slot)?;
                    register
                }
            };
            self.push(self.statement, Instruction::StoreGlobal { src, name })?;
            self.frame.release(mark);
        }
        Ok(())
    }

    /// The variables that statements of a range define.
    fn defined(&self, range: Range<u32>) -> Vec<Symbol> {
        let mut symbols = Vec::new();
        for statement in &self.program.functions[0].statements[range.start as usize..range.end as usize] {
            if let StatementKind::Define { name, .. } = &statement.kind {
                symbols.push(name.symbol);
            }
        }
        symbols
    }

    fn name_constant(&mut self, symbol: Symbol) -> Emit<crate::isa::ConstIdx> {
        let name = self.program.names.spelling(symbol);
        if let Some(known) = self.constants.texts.get(name) {
            return Ok(*known);
        }
        let constant = self.pool(Constant::String(name.to_owned()))?;
        self.constants.texts.insert(name.to_owned(), constant);
        Ok(constant)
    }
}
