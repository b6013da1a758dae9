//! Statements, and the blocks they are in.

use std::ops::Range;

use super::helpers::Helper;
use super::registers::Storage;
use super::{Emit, Emitter};
use crate::isa::{Instruction, Reg};
use crate::language::ast::{ExpressionKind, Id, Item, Named, Position, Statement, StatementKind};
use crate::language::lexer::Symbol;
use crate::language::tables::DeclaredType;
use crate::values::TypeId;

impl Emitter<'_> {
    /// Makes room for the variables that have no registers.
    pub(super) fn prologue(&mut self) -> Emit<()> {
        let Some((spill, slots)) = self.frame.spill else { return Ok(()) };
        let mark = self.frame.mark();
        let index = self.temporary()?;
        if self.frame.inputs_in_spill == 0 {
            self.load_int(index, i64::from(slots))?;
            self.push(self.statement, Instruction::NewArray { dst: spill, size: index })?;
        } else {
            // The inputs came in an array; the other variables follow them.
            let value = self.temporary()?;
            self.load_empty(value)?;
            for slot in self.frame.inputs_in_spill as u32..slots {
                self.load_int(index, i64::from(slot))?;
                self.push(self.statement, Instruction::ArraySet { array: spill, index, value })?;
            }
        }
        self.frame.release(mark);
        Ok(())
    }

    /// Emits the statements of a range; tells whether control goes on behind them.
    pub(super) fn block(&mut self, range: Range<u32>) -> Emit<bool> {
        let statements = &self.program.functions[self.function].statements;
        let mut next = range.start;
        while next < range.end {
            let mark = self.frame.mark();
            let (after, goes_on) = self.statement(statements, next, range.end)?;
            self.frame.release(mark);
            if !goes_on {
                return Ok(false);
            }
            next = after;
        }
        Ok(true)
    }

    /// Emits a statement of a block that ends there; gives the index of the next one, and whether control goes on there.
    pub(super) fn statement(&mut self, statements: &[Statement], index: u32, end: u32) -> Emit<(u32, bool)> {
        let statement = &statements[index as usize];
        let at = statement.at;
        self.statement = at;
        let inside = index + 1..statement.end;
        let goes_on = match &statement.kind {
            StatementKind::If { .. } | StatementKind::ElseIf { .. } | StatementKind::Else => {
                return self.choice(&statements[..end as usize], index);
            }
            StatementKind::While { condition } => self.while_loop(*condition, inside)?,
            StatementKind::ForEach { name, list } => {
                if let (Some(name), Some(list)) = (name, list) {
                    self.for_each(*name, *list, inside)?;
                }
                true
            }
            StatementKind::Block => self.block(inside)?,
            StatementKind::GiveBack { value } => {
                let src = Some(self.operand(*value)?.register);
                self.save_variables(statement.end)?;
                self.push(at, Instruction::Return { src })?;
                false
            }
            StatementKind::Say { value } => {
                let src = self.operand(*value)?.register;
                self.push(at, Instruction::DebugPrint { src })?;
                true
            }
            StatementKind::Value { value } => {
                self.operand(*value)?;
                true
            }
            StatementKind::Define { name, types: _, default } => {
                if let Some(default) = default {
                    self.set(name.symbol, default.expression)?;
                }
                true
            }
            StatementKind::Set { name, value } => {
                self.set(name.symbol, value.expression)?;
                true
            }
            StatementKind::SetBlank { name, .. } => {
                self.assign(name.symbol, |emitter, dst| emitter.empty_list(name.symbol, dst))?;
                true
            }
            StatementKind::SetList { name, items, is_named, colon: _ } => {
                self.list(*name, self.program.items(items), *is_named)?;
                true
            }
            StatementKind::Call { target, call } => {
                self.call(at, *target, call)?;
                true
            }
            StatementKind::SetItem { .. }
            | StatementKind::SetKey { .. }
            | StatementKind::Add { .. }
            | StatementKind::Remove { .. }
            | StatementKind::RemoveItem { .. }
            | StatementKind::Insert { .. }
            | StatementKind::Clear { .. } => {
                self.change(at, &statement.kind)?;
                true
            }
        };
        Ok((statement.end, goes_on))
    }

    /// Emits an If with the Elses that follow it. The statements are those up to the end of its block: an Else behind that belongs to an
    /// If around this one.
    fn choice(&mut self, statements: &[Statement], first: u32) -> Emit<(u32, bool)> {
        let mut ends = Vec::new();
        let mut goes_on = false;
        let mut has_else = false;
        let mut index = first;
        while let Some(statement) = statements.get(index as usize) {
            let condition = if let StatementKind::If { condition } | StatementKind::ElseIf { condition } =
                &statement.kind
            {
                *condition
            } else {
                None
            };
            has_else |= matches!(statement.kind, StatementKind::Else);
            self.statement = statement.at;
            let mut skip = Vec::new();
            if let Some(condition) = condition {
                self.branch(condition, false, &mut skip)?;
            }
            let block_goes_on = self.block(index + 1..statement.end)?;
            goes_on |= block_goes_on;
            index = statement.end;
            let more = statements
                .get(index as usize)
                .is_some_and(|next| matches!(next.kind, StatementKind::ElseIf { .. } | StatementKind::Else));
            if block_goes_on && more && !has_else {
                ends.push(self.jump()?);
            }
            self.land(&skip);
            if has_else || !more {
                break;
            }
        }
        self.land(&ends);
        Ok((index, goes_on || !has_else))
    }

    fn while_loop(&mut self, condition: Option<Id>, inside: Range<u32>) -> Emit<bool> {
        let Some(condition) = condition else { return Ok(true) };
        let top = self.builder.len();
        let mut out = Vec::new();
        self.branch(condition, false, &mut out)?;
        let at = self.statement;
        if self.block(inside)? {
            self.statement = at;
            let back = self.jump()?;
            self.builder.point_jump(back, top);
        }
        self.land(&out);
        Ok(!out.is_empty())
    }

    fn for_each(&mut self, name: Named, list: Id, inside: Range<u32>) -> Emit<()> {
        if self.frame.spill.is_some() {
            return self.for_each_in_spill(name, list, inside);
        }
        let at = self.statement;
        let item = match self.storage(name.symbol) {
            Storage::Register(register) => register,
            Storage::Slot(_) => return Ok(()),
        };
        // A list that the loop does not change is read where it is; of another the loop has a copy.
        let own = self.unchanged(list, name.symbol, &inside);
        let array = match own {
            Some(register) => register,
            None => {
                let copy = self.temporary()?;
                self.into(list, copy)?;
                copy
            }
        };
        let (length, index, one) = (self.temporary()?, self.temporary()?, self.temporary()?);
        self.push(at, Instruction::ArrayLen { dst: length, array })?;
        self.load_int(index, 0)?;
        self.load_int(one, 1)?;
        let top = self.builder.len();
        let mark = self.frame.mark();
        let is_left = self.temporary()?;
        self.push(at, Instruction::Lt { dst: is_left, left: index, right: length })?;
        let out = self.jump_if(is_left, false)?;
        self.frame.release(mark);
        self.push(at, Instruction::ArrayGet { dst: item, array, index })?;
        self.push(at, Instruction::Add { dst: index, left: index, right: one })?;
        if self.block(inside)? {
            self.statement = at;
            let back = self.jump()?;
            self.builder.point_jump(back, top);
        }
        self.statement = at;
        self.land(&[out]);
        if own.is_none() {
            // Were the copy kept, a change of the list would have to copy it.
            self.load_empty(array)?;
        }
        Ok(())
    }

    /// The register of a list that is a variable, if the loop over it changes neither it nor, by its own variable, its register.
    fn unchanged(&self, list: Id, item: Symbol, inside: &Range<u32>) -> Option<Reg> {
        let ExpressionKind::Name(symbol) = self.program.kind(list) else { return None };
        let Storage::Register(register) = self.storage(*symbol) else { return None };
        let scope = &self.checked.functions[self.function];
        let changes = &scope.variables[*scope.by_name.get(symbol)?].changes;
        let next = changes.partition_point(|change| *change < inside.start);
        let is_changed = changes.get(next).is_some_and(|change| *change < inside.end);
        (*symbol != item && !is_changed).then_some(register)
    }

    /// A loop whose list, length and index are kept in the spill, so that loops within it have all registers.
    fn for_each_in_spill(&mut self, name: Named, list: Id, inside: Range<u32>) -> Emit<()> {
        let at = self.statement;
        let first = self.frame.open_loop();
        let (list_slot, length_slot, index_slot) = (first, first + 1, first + 2);
        let mark = self.frame.mark();
        let (left, right) = (self.temporary()?, self.temporary()?);
        self.into(list, left)?;
        self.push(at, Instruction::ArrayLen { dst: right, array: left })?;
        self.store_slot(list_slot, left)?;
        self.store_slot(length_slot, right)?;
        self.load_int(right, 0)?;
        self.store_slot(index_slot, right)?;
        let top = self.builder.len();
        self.load_empty(left)?;
        self.load_slot(left, index_slot)?;
        self.load_slot(right, length_slot)?;
        self.push(at, Instruction::Lt { dst: right, left, right })?;
        let out = self.jump_if(right, false)?;
        self.load_slot(right, list_slot)?;
        self.assign(name.symbol, |emitter, dst| {
            emitter.push(at, Instruction::ArrayGet { dst, array: right, index: left })
        })?;
        self.load_int(right, 1)?;
        self.push(at, Instruction::Add { dst: left, left, right })?;
        self.store_slot(index_slot, left)?;
        // The loops within may have all registers.
        self.frame.release(mark);
        if self.block(inside)? {
            self.statement = at;
            let back = self.jump()?;
            self.builder.point_jump(back, top);
        }
        self.statement = at;
        self.land(&[out]);
        let nothing = self.temporary()?;
        self.load_empty(nothing)?;
        self.store_slot(list_slot, nothing)?;
        self.frame.close_loop();
        Ok(())
    }

    /// Gives a variable what `compute` leaves in a register, which it writes last.
    pub(super) fn assign(
        &mut self,
        name: Symbol,
        compute: impl FnOnce(&mut Self, Reg) -> Emit<()>,
    ) -> Emit<()> {
        match self.storage(name) {
            Storage::Register(register) => compute(self, register),
            Storage::Slot(slot) => {
                let mark = self.frame.mark();
                let value = self.temporary()?;
                compute(self, value)?;
                self.store_slot(slot, value)?;
                // Were the value kept, a change of the variable would have to copy it.
                self.load_empty(value)?;
                self.frame.release(mark);
                Ok(())
            }
        }
    }

    fn set(&mut self, name: Symbol, value: Id) -> Emit<()> {
        self.assign(name, |emitter, dst| emitter.into(value, dst).map(|_| ()))
    }

    /// Lets `change` change the list or named list of a variable in a register, where nothing else holds it.
    fn in_place(&mut self, name: Symbol, change: impl FnOnce(&mut Self, Reg) -> Emit<()>) -> Emit<()> {
        match self.storage(name) {
            Storage::Register(register) => change(self, register),
            Storage::Slot(slot) => {
                let mark = self.frame.mark();
                let value = self.temporary()?;
                self.load_slot(value, slot)?;
                let nothing = self.temporary()?;
                self.load_empty(nothing)?;
                self.store_slot(slot, nothing)?;
                change(self, value)?;
                self.store_slot(slot, value)?;
                self.load_empty(value)?;
                self.frame.release(mark);
                Ok(())
            }
        }
    }

    fn empty_list(&mut self, name: Symbol, dst: Reg) -> Emit<()> {
        let at = self.statement;
        let scope = &self.checked.functions[self.function];
        let types = scope.by_name.get(&name).and_then(|index| scope.variables[*index].types);
        if types.is_some_and(|types| types.are_only(&[DeclaredType::NamedList])) {
            return self.push(at, Instruction::DictNew { dst });
        }
        self.new_array(dst, 0)
    }

    pub(super) fn new_array(&mut self, dst: Reg, length: usize) -> Emit<()> {
        let mark = self.frame.mark();
        let size = self.temporary()?;
        self.load_int(size, length as i64)?;
        self.frame.release(mark);
        self.push(self.statement, Instruction::NewArray { dst, size })
    }

    fn list(&mut self, name: Named, items: &[Item], is_named: bool) -> Emit<()> {
        if items.is_empty() {
            return self.assign(name.symbol, |emitter, dst| emitter.empty_list(name.symbol, dst));
        }
        let mut has_itself = false;
        for item in items {
            for id in item.key.into_iter().chain([item.value]) {
                self.program.names_in(id, &mut |symbol, _| has_itself |= symbol == name.symbol);
            }
        }
        if !has_itself {
            return self.assign(name.symbol, |emitter, dst| emitter.items(items, is_named, dst));
        }
        let mark = self.frame.mark();
        let list = self.temporary()?;
        self.items(items, is_named, list)?;
        self.assign(name.symbol, |emitter, dst| {
            emitter.push(emitter.statement, Instruction::Move { dst, src: list })
        })?;
        // Were the list kept here too, a change of the variable would have to copy it.
        self.load_empty(list)?;
        self.frame.release(mark);
        Ok(())
    }

    fn items(&mut self, items: &[Item], is_named: bool, dst: Reg) -> Emit<()> {
        let at = self.statement;
        if is_named {
            self.push(at, Instruction::DictNew { dst })?;
        } else {
            self.new_array(dst, items.len())?;
        }
        for (number, item) in items.iter().enumerate() {
            let mark = self.frame.mark();
            if let Some(key) = item.key {
                let key = self.operand(key)?.register;
                let value = self.operand(item.value)?.register;
                self.push(at, Instruction::DictSet { dict: dst, key, value })?;
            } else {
                let value = self.operand(item.value)?.register;
                let index = self.temporary()?;
                self.load_int(index, number as i64)?;
                self.push(at, Instruction::ArraySet { array: dst, index, value })?;
            }
            self.frame.release(mark);
        }
        Ok(())
    }

    /// Emits a statement that changes a list or a named list where it is.
    fn change(&mut self, at: u32, kind: &StatementKind) -> Emit<()> {
        match kind {
            StatementKind::SetItem { place, place_at, name, value } => {
                let index = self.place_in(*place_at, *place, name.symbol)?;
                let value = self.operand(*value)?.register;
                self.in_place(name.symbol, |emitter, array| {
                    emitter.push(at, Instruction::ArraySet { array, index, value })
                })
            }
            StatementKind::SetKey { name, key, value } => {
                let key = self.operand(*key)?.register;
                let value = self.operand(*value)?.register;
                self.in_place(name.symbol, |emitter, dict| {
                    emitter.push(at, Instruction::DictSet { dict, key, value })
                })
            }
            StatementKind::Add { value, name } => {
                let value = self.operand(*value)?.register;
                self.in_place(name.symbol, |emitter, array| {
                    let index = emitter.temporary()?;
                    emitter.push(at, Instruction::ArrayLen { dst: index, array })?;
                    emitter.push(at, Instruction::ArraySet { array, index, value })
                })
            }
            StatementKind::Remove { value, name } => {
                let value = self.operand(*value)?.register;
                self.in_place(name.symbol, |emitter, list| emitter.remove(at, list, value))
            }
            StatementKind::RemoveItem { place, place_at, name } => {
                let index = self.place_in(*place_at, *place, name.symbol)?;
                self.in_place(name.symbol, |emitter, list| {
                    emitter.call_helper(Helper::RemoveItem, at, list, &[list, index])
                })
            }
            StatementKind::Insert { value, position, name } => {
                let value = self.operand(*value)?.register;
                let index = self.index(at, Position::At(*position), None)?;
                self.in_place(name.symbol, |emitter, list| {
                    emitter.call_helper(Helper::Insert, at, list, &[list, index, value])
                })
            }
            StatementKind::Clear { name } => {
                self.in_place(name.symbol, |emitter, list| emitter.clear(at, list))
            }
            // None of these changes one.
            StatementKind::Define { .. }
            | StatementKind::Set { .. }
            | StatementKind::SetBlank { .. }
            | StatementKind::SetList { .. }
            | StatementKind::Call { .. }
            | StatementKind::Say { .. }
            | StatementKind::GiveBack { .. }
            | StatementKind::If { .. }
            | StatementKind::ElseIf { .. }
            | StatementKind::Else
            | StatementKind::While { .. }
            | StatementKind::ForEach { .. }
            | StatementKind::Value { .. }
            | StatementKind::Block => Ok(()),
        }
    }

    /// The index that a place names in the list of a variable.
    fn place_in(&mut self, at: u32, place: Position, name: Symbol) -> Emit<Reg> {
        if !matches!(place, Position::Last) {
            return self.index(at, place, None);
        }
        match self.storage(name) {
            Storage::Register(array) => self.last_index(at, array),
            Storage::Slot(slot) => {
                let index = self.temporary()?;
                let mark = self.frame.mark();
                let array = self.temporary()?;
                self.load_slot(array, slot)?;
                let last = self.last_index(at, array)?;
                self.push(at, Instruction::Move { dst: index, src: last })?;
                self.load_empty(array)?;
                self.frame.release(mark);
                Ok(index)
            }
        }
    }

    fn remove(&mut self, at: u32, list: Reg, value: Reg) -> Emit<()> {
        let mark = self.frame.mark();
        let is_named = self.temporary()?;
        self.push(at, Instruction::CheckType { dst: is_named, src: list, r#type: TypeId::Dict })?;
        let skip = self.jump_if(is_named, false)?;
        self.frame.release(mark);
        self.push(at, Instruction::DictRemove { dict: list, key: value })?;
        let end = self.jump()?;
        self.land(&[skip]);
        self.call_helper(Helper::Remove, at, list, &[list, value])?;
        self.land(&[end]);
        Ok(())
    }

    fn clear(&mut self, at: u32, list: Reg) -> Emit<()> {
        let mark = self.frame.mark();
        let is_list = self.temporary()?;
        self.push(at, Instruction::CheckType { dst: is_list, src: list, r#type: TypeId::Array })?;
        let skip = self.jump_if(is_list, false)?;
        self.frame.release(mark);
        self.new_array(list, 0)?;
        let end = self.jump()?;
        self.land(&[skip]);
        self.push(at, Instruction::DictClear { dict: list })?;
        self.land(&[end]);
        Ok(())
    }
}
