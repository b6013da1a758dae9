//! The verifier of the intermediate representation, for debug builds: definitions dominate uses, kinds fit, and what has to be stored at exits is
//! there.

use std::collections::HashSet;

use crate::exec::optimise::ir::{Condition, Edge, ExitId, Inst, Kind, Loop, Target, Value, Way};
use crate::exec::specialise::CodeAddr;

/// Goes over a loop.
///
/// # Errors
/// What is not as it has to be.
pub(super) fn verify(body: &Loop) -> Result<(), String> {
    let mut checker = Checker { body, known: Vec::new(), defined: HashSet::new() };
    checker.entry()?;
    for number in 0..body.blocks.len() {
        checker.block(number)?;
    }
    let comes_back = |edge: &Edge| edge.to == Target::Block(0);
    if !body.blocks.iter().flat_map(|block| block.end.edges()).any(comes_back) {
        return Err("nothing leads back to the header".to_owned());
    }
    Ok(())
}

struct Checker<'a> {
    body: &'a Loop,
    /// By block, the values that are there at its end.
    known: Vec<HashSet<Value>>,
    /// Everything that was defined.
    defined: HashSet<Value>,
}

impl Checker<'_> {
    fn define(&mut self, value: Value) -> Result<(), String> {
        if value.index() >= self.body.defs.len() || !self.defined.insert(value) {
            return Err(format!("{value:?} is defined twice, or nowhere"));
        }
        Ok(())
    }

    fn entry(&mut self) -> Result<(), String> {
        for value in &self.body.entry {
            self.define(*value)?;
            if !self.body.inst(*value).is_invariant() {
                return Err(format!("{value:?} is computed where the loop is entered"));
            }
        }
        let entry: HashSet<Value> = self.body.entry.iter().copied().collect();
        self.arguments(&entry, &self.body.args, 0)
    }

    fn block(&mut self, number: usize) -> Result<(), String> {
        let body = self.body;
        let block = &body.blocks[number];
        let mut known: HashSet<Value> = body.entry.iter().copied().collect();
        let before = body.blocks[..number].iter().enumerate();
        let leads = before
            .filter(|(_, other)| other.end.edges().any(|edge| edge.to == Target::Block(number)))
            .map(|(other, _)| &self.known[other]);
        // What is there on all ways.
        let dominating = leads.cloned().reduce(|one, other| one.intersection(&other).copied().collect());
        match dominating {
            Some(values) => known.extend(values),
            None if number != 0 => return Err(format!("nothing before block {number} leads to it")),
            None => {}
        }
        for param in &block.params {
            self.define(*param)?;
            if *body.inst(*param) != Inst::Param {
                return Err(format!("{param:?} is no parameter"));
            }
            known.insert(*param);
        }
        for value in &block.insts {
            self.inst(&known, *value)?;
            self.define(*value)?;
            known.insert(*value);
        }
        if let crate::exec::optimise::ir::End::Branch(condition, _, _) = &block.end {
            self.condition(&known, condition)?;
        }
        for edge in block.end.edges() {
            self.edge(&known, number, edge)?;
        }
        self.known.push(known);
        Ok(())
    }

    fn edge(&self, known: &HashSet<Value>, from: usize, edge: &Edge) -> Result<(), String> {
        if let Some((_, exit)) = edge.charge {
            self.exit(known, exit, Way::OutOfFuel)?;
        }
        match edge.to {
            Target::Block(to) if to != 0 && to <= from => {
                Err(format!("block {from} leads back to block {to}"))
            }
            Target::Block(to) => self.arguments(known, &edge.args, to),
            Target::Exit(exit) => {
                let way = self.body.exit(exit).way;
                if !matches!(way, Way::To(_)) || edge.charge.is_some() || edge.refund != 0 {
                    return Err(format!("an edge leads out by {way:?}"));
                }
                self.exit(known, exit, way)
            }
        }
    }

    fn arguments(&self, known: &HashSet<Value>, args: &[Value], to: usize) -> Result<(), String> {
        let params = &self.body.blocks[to].params;
        if args.len() != params.len() {
            return Err(format!(
                "{} arguments for the {} parameters of block {to}",
                args.len(),
                params.len()
            ));
        }
        args.iter().zip(params).try_for_each(|(value, param)| self.is(known, *value, self.body.kind(*param)))
    }

    /// That a value is there, and of a kind.
    fn is(&self, known: &HashSet<Value>, value: Value, kind: Kind) -> Result<(), String> {
        if !known.contains(&value) {
            return Err(format!("{value:?} is used where it is not there"));
        }
        if self.body.kind(value) != kind {
            return Err(format!("{value:?} is a {:?}, and a {kind:?} is needed", self.body.kind(value)));
        }
        Ok(())
    }

    fn exit(&self, known: &HashSet<Value>, exit: ExitId, way: Way) -> Result<(), String> {
        let exit = self.body.exit(exit);
        if exit.way != way {
            return Err(format!("the exit at @{} is {:?}, and {way:?} is needed", exit.place, exit.way));
        }
        let mut stored = HashSet::new();
        for (register, value) in &exit.state {
            if !stored.insert(*register) {
                return Err(format!("the exit at @{} stores r{register} twice", exit.place));
            }
            match self.body.kind(*value) {
                kind @ (Kind::Int | Kind::Float | Kind::Bool) => self.is(known, *value, kind)?,
                Kind::Vector | Kind::Row | Kind::Nothing => {
                    return Err(format!("the exit at @{} stores no number in r{register}", exit.place));
                }
            }
        }
        for (_, value) in &exit.stale {
            self.is(known, *value, Kind::Bool)?;
        }
        match exit.charge {
            Some((_, other)) if self.body.exit(other).charge.is_none() => {
                self.exit(known, other, Way::OutOfFuel)
            }
            Some(_) => Err(format!("the exit at @{} charges twice", exit.place)),
            None => Ok(()),
        }
    }

    fn condition(&self, known: &HashSet<Value>, condition: &Condition) -> Result<(), String> {
        match condition {
            Condition::Ints(_, left, right) => {
                self.is(known, *left, Kind::Int)?;
                self.is(known, *right, Kind::Int)
            }
            Condition::Floats(_, left, right) => {
                self.is(known, *left, Kind::Float)?;
                self.is(known, *right, Kind::Float)
            }
            Condition::True(value) => self.is(known, *value, Kind::Bool),
            Condition::NoBits(value, _) => self.is(known, *value, Kind::Int),
            Condition::Not(condition) => self.condition(known, condition),
            Condition::Both(two) | Condition::Either(two) => {
                two.iter().try_for_each(|one| self.condition(known, one))
            }
        }
    }

    fn inst(&self, known: &HashSet<Value>, value: Value) -> Result<(), String> {
        let inst = self.body.inst(value);
        if let Some(exit) = inst.exit() {
            let does_again =
                matches!(inst, Inst::Row { .. } | Inst::Held(..) | Inst::Keep { .. } | Inst::StoreRow { .. });
            let way = if matches!(inst, Inst::Charge(..)) {
                Way::OutOfFuel
            } else if does_again {
                Way::To(CodeAddr::of(self.body.exit(exit).place))
            } else {
                Way::Guard
            };
            self.exit(known, exit, way)?;
        }
        let (operands, result) = match inst {
            Inst::Arithmetic(..) | Inst::Divide { .. } | Inst::Shift(..) | Inst::Mask(..) => {
                (Kind::Int, Kind::Int)
            }
            Inst::Float2(..) | Inst::NegateFloat(_) => (Kind::Float, Kind::Float),
            Inst::NotZero(..) => (Kind::Float, Kind::Nothing),
            Inst::FloatOf(_) => (Kind::Int, Kind::Float),
            Inst::TestInts(..) => (Kind::Int, Kind::Bool),
            Inst::TestFloats(..) => (Kind::Float, Kind::Bool),
            Inst::Not(_) | Inst::And(..) | Inst::Or(..) => (Kind::Bool, Kind::Bool),
            Inst::Charge(..) => (Kind::Nothing, Kind::Nothing),
            Inst::Length(_) => (Kind::Vector, Kind::Int),
            Inst::LengthOf(_) => (Kind::Row, Kind::Int),
            Inst::LoadRow { row, index, kind, .. } => {
                self.is(known, *row, Kind::Row)?;
                self.is(known, *index, Kind::Int)?;
                return (self.body.kind(value) == *kind)
                    .then_some(())
                    .ok_or_else(|| format!("{value:?} reads what is no {kind:?}"));
            }
            Inst::Keep { .. } => (Kind::Row, Kind::Nothing),
            Inst::Held(..) => (Kind::Nothing, Kind::Row),
            Inst::Row { values, index, .. } => {
                self.is(known, *values, Kind::Vector)?;
                self.is(known, *index, Kind::Int)?;
                return (self.body.kind(value) == Kind::Row)
                    .then_some(())
                    .ok_or_else(|| format!("{value:?} is no array"));
            }
            Inst::StoreRow { row, index, value: stored, .. } => {
                self.is(known, *row, Kind::Row)?;
                self.is(known, *index, Kind::Int)?;
                return match self.body.kind(*stored) {
                    kind @ (Kind::Int | Kind::Float | Kind::Bool) => self.is(known, *stored, kind),
                    kind @ (Kind::Vector | Kind::Row | Kind::Nothing) => {
                        Err(format!("a {kind:?} is written to an element"))
                    }
                };
            }
            Inst::Load { codes, words, index, kind, .. } => {
                self.is(known, *codes, Kind::Vector)?;
                words.iter().try_for_each(|words| self.is(known, *words, Kind::Vector))?;
                self.is(known, *index, Kind::Int)?;
                return (self.body.kind(value) == *kind && words.is_some() == (*kind != Kind::Bool))
                    .then_some(())
                    .ok_or_else(|| format!("{value:?} reads what is no {kind:?}"));
            }
            Inst::Store { codes, words, index, value, .. } => {
                self.is(known, *codes, Kind::Vector)?;
                words.iter().try_for_each(|words| self.is(known, *words, Kind::Vector))?;
                self.is(known, *index, Kind::Int)?;
                let kind = self.body.kind(*value);
                self.is(known, *value, kind)?;
                return (words.is_some() == (kind != Kind::Bool))
                    .then_some(())
                    .ok_or_else(|| format!("a {kind:?} is written to the wrong vector"));
            }
            Inst::Slot(_)
            | Inst::Param
            | Inst::Int(_)
            | Inst::Float(_)
            | Inst::Bool(_)
            | Inst::Codes(_)
            | Inst::Words(_)
            | Inst::Values(_) => {
                return Err(format!("{value:?} stands in a block"));
            }
        };
        if self.body.kind(value) != result {
            return Err(format!("{value:?} is a {:?}, and gives a {result:?}", self.body.kind(value)));
        }
        let mut all = Ok(());
        inst.each_operand(|operand| {
            if all.is_ok() {
                all = self.is(known, operand, operands);
            }
        });
        all
    }
}
