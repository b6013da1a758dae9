//! Expressions: values into registers, and conditions into jumps.

use super::helpers::Helper;
use super::registers::Storage;
use super::{Emit, Emitter};
use crate::isa::{Instruction, Reg, Registers};
use crate::language::ast::{Arm, ExpressionKind, Id, Link, Position};
use crate::language::lexer::{Symbol, unescape};
use crate::language::tables::{Operator, StaticType};
use crate::values::TypeId;

/// A value that was emitted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Emitted {
    pub(super) register: Reg,
    /// Whether it is certainly a text (rule Joining).
    is_text: bool,
}

impl Emitter<'_> {
    /// The register that holds the value of an expression: its own for a variable, else a temporary.
    pub(super) fn operand(&mut self, id: Id) -> Emit<Emitted> {
        self.operand_in(id, None)
    }

    /// As [`Self::operand`], in `free` where a register is needed and `free` is a temporary.
    fn operand_in(&mut self, id: Id, free: Option<Reg>) -> Emit<Emitted> {
        if let ExpressionKind::Name(symbol) = self.program.kind(id)
            && let Storage::Register(register) = self.storage(*symbol)
        {
            return Ok(Emitted { register, is_text: self.is_text(*symbol) });
        }
        let register = match free.filter(|free| self.frame.is_temporary(*free)) {
            Some(free) => free,
            None => self.temporary()?,
        };
        let is_text = self.into(id, register)?;
        Ok(Emitted { register, is_text })
    }

    fn is_text(&self, symbol: Symbol) -> bool {
        let scope = &self.checked.functions[self.function];
        scope.by_name.get(&symbol).is_some_and(|index| scope.variables[*index].is_text)
    }

    /// Computes an expression into `dst`, which is written last: nothing that the expression reads is read after that. Tells
    /// whether the value is certainly a text.
    pub(super) fn into(&mut self, id: Id, dst: Reg) -> Emit<bool> {
        let program = self.program;
        let mark = self.frame.mark();
        let at = program.expression(id).at;
        let mut is_text = false;
        match program.kind(id) {
            ExpressionKind::Whole(value) => self.load_int(dst, *value)?,
            ExpressionKind::Float(value) => self.load_float(dst, *value)?,
            ExpressionKind::Text { from, to, is_url: _ } => {
                let text = unescape(&self.text[*from as usize..*to as usize]);
                self.load_text(dst, &text)?;
                is_text = true;
            }
            ExpressionKind::Truth(value) => self.load_bool(dst, *value)?,
            ExpressionKind::Empty => self.load_empty(dst)?,
            ExpressionKind::Name(symbol) => {
                is_text = self.is_text(*symbol);
                match self.storage(*symbol) {
                    Storage::Register(src) if src == dst => {}
                    Storage::Register(src) => self.push(self.statement, Instruction::Move { dst, src })?,
                    Storage::Slot(slot) => self.load_slot(dst, slot)?,
                }
            }
            ExpressionKind::Chain { first, links } => {
                let links = program.links(links);
                match links.first().map(|link| link.operator) {
                    Some(Operator::And) => self.logic(*first, links, dst, false)?,
                    Some(Operator::Or) => self.logic(*first, links, dst, true)?,
                    Some(_) | None => is_text = self.chain(*first, links, dst)?,
                }
            }
            ExpressionKind::Conditional { arms, otherwise } => {
                is_text = self.conditional(program.arms(arms), *otherwise, dst)?;
            }
            ExpressionKind::Prefix { operator, operand } => self.prefix(at, *operator, *operand, dst)?,
            ExpressionKind::Item { place, list } => self.item(at, *place, *list, dst)?,
            ExpressionKind::Key { name, key } => {
                let dict = self.variable(*name, dst)?;
                // The key must not take the register that the named list is in.
                let free = if dict == dst { None } else { Some(dst) };
                let key = self.operand_in(*key, free)?.register;
                self.push(at, Instruction::DictGet { dst, dict, key })?;
            }
        }
        self.frame.release(mark);
        Ok(is_text)
    }

    /// The register of a variable; of one in the spill, a copy in `free` or another temporary.
    fn variable(&mut self, symbol: Symbol, free: Reg) -> Emit<Reg> {
        match self.storage(symbol) {
            Storage::Register(register) => Ok(register),
            Storage::Slot(slot) => {
                let register = if self.frame.is_temporary(free) { free } else { self.temporary()? };
                self.load_slot(register, slot)?;
                Ok(register)
            }
        }
    }

    fn chain(&mut self, first: Id, links: &[Link], dst: Reg) -> Emit<bool> {
        let mark = self.frame.mark();
        let mut left = self.operand_in(first, Some(dst))?;
        for (number, link) in links.iter().enumerate() {
            let right = self.operand(link.operand)?;
            let is_last = number + 1 == links.len();
            let target = if is_last {
                dst
            } else if self.frame.is_temporary(left.register) {
                left.register
            } else if self.frame.is_temporary(right.register) {
                right.register
            } else {
                self.temporary()?
            };
            let is_text = link.operator == Operator::Plus && (left.is_text || right.is_text);
            self.binary(link, left, right, target, is_text)?;
            self.frame.release_but(mark, target);
            left = Emitted { register: target, is_text };
        }
        Ok(left.is_text)
    }

    fn binary(&mut self, link: &Link, left: Emitted, right: Emitted, dst: Reg, is_text: bool) -> Emit<()> {
        let (left, right) = (left.register, right.register);
        let instruction = match link.operator {
            Operator::Plus if is_text => Instruction::ConcatStr { dst, left, right },
            Operator::Plus => Instruction::Add { dst, left, right },
            Operator::Minus => Instruction::Sub { dst, left, right },
            Operator::Times => Instruction::Mul { dst, left, right },
            Operator::Divided => Instruction::Div { dst, left, right },
            Operator::Equal => Instruction::Eq { dst, left, right },
            Operator::Unequal => Instruction::Neq { dst, left, right },
            Operator::Greater => Instruction::Gt { dst, left, right },
            Operator::Less => Instruction::Lt { dst, left, right },
            Operator::GreaterOrEqual => Instruction::Gte { dst, left, right },
            Operator::LessOrEqual => Instruction::Lte { dst, left, right },
            Operator::Has => Instruction::DictContains { dst, dict: left, key: right },
            Operator::Power => return self.call_helper(Helper::Power, link.at, dst, &[left, right]),
            Operator::StrictlyEqual => return self.strict(link, left, right, dst, true),
            Operator::StrictlyUnequal => return self.strict(link, left, right, dst, false),
            Operator::And => Instruction::And { dst, left, right },
            Operator::Or => Instruction::Or { dst, left, right },
            // No infix operators.
            Operator::Negative | Operator::Not | Operator::NamesOf | Operator::ContentsOf => {
                Instruction::Move { dst, src: right }
            }
        };
        self.push(link.at, instruction)
    }

    /// Equal, and both whole numbers or neither (rule Strict).
    fn strict(&mut self, link: &Link, left: Reg, right: Reg, dst: Reg, meant: bool) -> Emit<()> {
        let at = link.at;
        let class = self.program.class(link.operand);
        let may_be_number =
            matches!(class, StaticType::Whole | StaticType::Float | StaticType::Number | StaticType::Unknown);
        if !may_be_number {
            let plain = if meant {
                Instruction::Eq { dst, left, right }
            } else {
                Instruction::Neq { dst, left, right }
            };
            return self.push(at, plain);
        }
        let mark = self.frame.mark();
        let (equal, whole, other) = (self.temporary()?, self.temporary()?, self.temporary()?);
        let r#type = TypeId::Int;
        self.push(at, Instruction::Eq { dst: equal, left, right })?;
        self.push(at, Instruction::CheckType { dst: whole, src: left, r#type })?;
        self.push(at, Instruction::CheckType { dst: other, src: right, r#type })?;
        self.push(at, Instruction::Eq { dst: whole, left: whole, right: other })?;
        self.push(at, Instruction::And { dst, left: equal, right: whole })?;
        if !meant {
            self.push(at, Instruction::Not { dst, src: dst })?;
        }
        self.frame.release(mark);
        Ok(())
    }

    fn prefix(&mut self, at: u32, operator: Operator, operand: Id, dst: Reg) -> Emit<()> {
        if operator == Operator::Negative {
            if let ExpressionKind::Whole(value) = self.program.kind(operand)
                && let Some(negative) = value.checked_neg()
            {
                return self.load_int(dst, negative);
            }
            if let ExpressionKind::Float(value) = self.program.kind(operand) {
                return self.load_float(dst, -value);
            }
        }
        let src = self.operand_in(operand, Some(dst))?.register;
        let instruction = if operator == Operator::Negative {
            Instruction::Neg { dst, src }
        } else if operator == Operator::Not {
            Instruction::Not { dst, src }
        } else if operator == Operator::ContentsOf {
            Instruction::DictValues { dst, dict: src }
        } else {
            // Names of, the last of the prefix operators.
            Instruction::DictKeys { dst, dict: src }
        };
        self.push(at, instruction)
    }

    fn item(&mut self, at: u32, place: Position, list: Id, dst: Reg) -> Emit<()> {
        let (array, index) = match place {
            Position::Last => {
                let array = self.operand_in(list, Some(dst))?.register;
                (array, self.last_index(at, array)?)
            }
            Position::Fixed(_) | Position::At(_) => {
                let index = self.index(at, place, Some(dst))?;
                (self.operand(list)?.register, index)
            }
        };
        self.push(at, Instruction::ArrayGet { dst, array, index })
    }

    /// The index from 0 that a place names, in a temporary.
    pub(super) fn index(&mut self, at: u32, place: Position, free: Option<Reg>) -> Emit<Reg> {
        let free = free.filter(|free| self.frame.is_temporary(*free));
        let number = match place {
            Position::Fixed(index) => Some(index),
            Position::At(id) => {
                let kind = self.program.kind(id);
                if let ExpressionKind::Whole(number) = kind { number.checked_sub(1) } else { None }
            }
            Position::Last => None,
        };
        let target = match free {
            Some(free) => free,
            None => self.temporary()?,
        };
        if let Some(index) = number {
            self.load_int(target, index)?;
        } else if let Position::At(id) = place {
            let mark = self.frame.mark();
            let left = self.operand_in(id, Some(target))?.register;
            self.subtract_one(at, left, target)?;
            self.frame.release(mark);
        }
        Ok(target)
    }

    /// The index of the last item of the list in a register.
    pub(super) fn last_index(&mut self, at: u32, array: Reg) -> Emit<Reg> {
        let index = self.temporary()?;
        self.push(at, Instruction::ArrayLen { dst: index, array })?;
        self.subtract_one(at, index, index)?;
        Ok(index)
    }

    fn subtract_one(&mut self, at: u32, left: Reg, dst: Reg) -> Emit<()> {
        let mark = self.frame.mark();
        let one = self.temporary()?;
        self.load_int(one, 1)?;
        self.frame.release(mark);
        self.push(at, Instruction::Sub { dst, left, right: one })
    }

    fn conditional(&mut self, arms: &[Arm], otherwise: Id, dst: Reg) -> Emit<bool> {
        let mut ends = Vec::new();
        let mut are_texts = true;
        for arm in arms {
            let mut skip = Vec::new();
            self.branch(arm.condition, false, &mut skip)?;
            are_texts &= self.into(arm.value, dst)?;
            ends.push(self.jump()?);
            self.land(&skip);
        }
        are_texts &= self.into(otherwise, dst)?;
        self.land(&ends);
        Ok(are_texts)
    }

    /// The value of `and` or `or`: the value of the operand that decides, as a bool. An operand that counts as `decides` does.
    fn logic(&mut self, first: Id, links: &[Link], dst: Reg, decides: bool) -> Emit<()> {
        let mut decided = Vec::new();
        let mut last = first;
        for link in links {
            self.branch(last, decides, &mut decided)?;
            last = link.operand;
        }
        if self.program.class(last) == StaticType::Truth {
            self.into(last, dst)?;
        } else {
            let mark = self.frame.mark();
            let value = self.operand_in(last, Some(dst))?.register;
            self.frame.release(mark);
            self.push(self.statement, Instruction::And { dst, left: value, right: value })?;
        }
        let end = self.jump()?;
        self.land(&decided);
        self.load_bool(dst, decides)?;
        self.land(&[end]);
        Ok(())
    }

    /// Emits jumps that are taken if the expression counts as `when`, and lead nowhere yet. Else, what comes next is reached.
    pub(super) fn branch(&mut self, id: Id, when: bool, jumps: &mut Vec<usize>) -> Emit<()> {
        let program = self.program;
        match program.kind(id) {
            ExpressionKind::Truth(value) => {
                if *value == when {
                    jumps.push(self.jump()?);
                }
                return Ok(());
            }
            ExpressionKind::Prefix { operator: Operator::Not, operand } => {
                return self.branch(*operand, !when, jumps);
            }
            ExpressionKind::Chain { first, links } => {
                let links = program.links(links);
                let decides = match links.first().map(|link| link.operator) {
                    Some(Operator::And) => Some(false),
                    Some(Operator::Or) => Some(true),
                    Some(_) | None => None,
                };
                if let Some(decides) = decides {
                    let mut skip = Vec::new();
                    let mut last = *first;
                    for link in links {
                        // What decides jumps, if that is what is asked for, or past the rest.
                        let decided = if decides == when { &mut *jumps } else { &mut skip };
                        self.branch(last, decides, decided)?;
                        last = link.operand;
                    }
                    self.branch(last, when, jumps)?;
                    self.land(&skip);
                    return Ok(());
                }
            }
            ExpressionKind::Whole(_)
            | ExpressionKind::Float(_)
            | ExpressionKind::Text { .. }
            | ExpressionKind::Empty
            | ExpressionKind::Name(_)
            | ExpressionKind::Conditional { .. }
            | ExpressionKind::Prefix { .. }
            | ExpressionKind::Item { .. }
            | ExpressionKind::Key { .. } => {}
        }
        let mark = self.frame.mark();
        let condition = self.operand(id)?.register;
        self.frame.release(mark);
        jumps.push(self.jump_if(condition, when)?);
        Ok(())
    }

    pub(super) fn call_helper(&mut self, helper: Helper, at: u32, dst: Reg, arguments: &[Reg]) -> Emit<()> {
        if !self.helpers.contains(&helper) {
            self.helpers.push(helper);
        }
        let mark = self.frame.mark();
        let func = self.temporary()?;
        self.load_text(func, helper.name())?;
        self.frame.release(mark);
        let bytes: Vec<u8> = arguments.iter().map(|register| register.0).collect();
        let args = Registers::new(&bytes).unwrap_or_default();
        self.push(at, Instruction::Call { func, dst, args })
    }

    pub(super) fn load_slot(&mut self, dst: Reg, slot: u32) -> Emit<()> {
        let Some((array, _)) = self.frame.spill else { return Ok(()) };
        // The index may be where the value will.
        self.load_int(dst, i64::from(slot))?;
        self.push(self.statement, Instruction::ArrayGet { dst, array, index: dst })
    }

    pub(super) fn store_slot(&mut self, slot: u32, value: Reg) -> Emit<()> {
        let Some((array, _)) = self.frame.spill else { return Ok(()) };
        let mark = self.frame.mark();
        let index = self.temporary()?;
        self.load_int(index, i64::from(slot))?;
        self.frame.release(mark);
        self.push(self.statement, Instruction::ArraySet { array, index, value })
    }
}
