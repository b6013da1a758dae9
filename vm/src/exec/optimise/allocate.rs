//! Register allocation, by linear scan.
//!
//! Blocks stand in an order in which each is behind all that lead to it, and what one turn hands on to the next are parameters of the header. So
//! a value is live from where it is defined to where it is used last, in that order; what the loop does not change is live all over it.

use std::collections::HashMap;

use crate::exec::optimise::ir::{End, Inst, Kind, Loop, Target, Value};

/// Where a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Location {
    /// In a register of the processor: of those for ints, or of those for floats.
    Register(u8),
    /// In a register of the frame.
    Slot(u8),
    /// It is a constant, or read again from the frame each time.
    Constant,
    /// There is none.
    Nowhere,
}

/// Where all values are.
pub(crate) struct Allocation {
    locations: Vec<Location>,
}

impl Allocation {
    pub(crate) fn of(&self, value: Value) -> Location {
        self.locations[value.index()]
    }
}

/// One sort of registers.
struct Bank {
    count: u8,
    /// By register, the place up to which it is taken.
    until: Vec<Option<u32>>,
    /// Those that were ever given out.
    used: Vec<bool>,
}

impl Bank {
    fn new(count: u8) -> Self {
        Self { count, until: vec![None; usize::from(count)], used: vec![false; usize::from(count)] }
    }

    /// A register from one place to another: the one that is wanted, if it is free.
    fn take(&mut self, from: u32, to: u32, wanted: Option<u8>) -> Option<u8> {
        let is_free = |register: &u8| self.until[usize::from(*register)].is_none_or(|until| until <= from);
        let register = wanted.filter(is_free).or_else(|| (0..self.count).find(is_free))?;
        self.until[usize::from(register)] = Some(to);
        self.used[usize::from(register)] = true;
        Some(register)
    }

    /// A register that nothing else is ever in.
    fn take_unused(&mut self) -> Option<u8> {
        let register = (0..self.count).find(|register| !self.used[usize::from(*register)])?;
        self.used[usize::from(register)] = true;
        Some(register)
    }
}

/// Gives registers out: so many for ints, and so many for floats. None where there are too few.
pub(crate) fn allocate(body: &Loop, ints: u8, floats: u8) -> Option<Allocation> {
    let uses = Uses::of(body);
    let mut locations = vec![Location::Nowhere; body.defs.len()];
    let mut banks = [Bank::new(ints), Bank::new(floats)];
    let bank = |kind: Kind| usize::from(kind == Kind::Float);
    for (value, from) in &uses.order {
        debug_assert!(!body.inst(*value).is_invariant());
        let kind = body.kind(*value);
        if kind == Kind::Nothing {
            continue;
        }
        let wanted = uses.near.get(value).into_iter().flatten().find_map(|other| {
            if let Location::Register(register) = locations[other.index()] { Some(register) } else { None }
        });
        let to = uses.last.get(value).copied().unwrap_or(*from).max(*from + 1);
        let register = banks[bank(kind)].take(*from, to, wanted)?;
        locations[value.index()] = Location::Register(register);
    }
    // What the loop does not change is given what is left, what is used most first.
    let mut entry = body.entry.clone();
    entry.sort_by_key(|value| {
        let is_vector = body.kind(*value) == Kind::Vector;
        std::cmp::Reverse((is_vector, uses.count.get(value).copied().unwrap_or_default()))
    });
    for value in entry {
        let is_used = uses.count.contains_key(&value);
        let is_register = is_used && !is_immediate(body.inst(value));
        let register = is_register.then(|| banks[bank(body.kind(value))].take_unused()).flatten();
        let inst = body.inst(value);
        locations[value.index()] = if let Some(register) = register {
            Location::Register(register)
        } else if let Inst::Slot(slot) = inst {
            Location::Slot(*slot)
        } else if !is_used {
            Location::Nowhere
        } else if is_immediate(inst) || matches!(inst, Inst::Float(_) | Inst::Values(_)) {
            Location::Constant
        } else {
            return None;
        };
    }
    Some(Allocation { locations })
}

/// Whether it is a constant that can be an operand of an instruction; other ints need a register.
fn is_immediate(inst: &Inst) -> bool {
    if let Inst::Int(number) = inst { i32::try_from(*number).is_ok() } else { matches!(inst, Inst::Bool(_)) }
}

/// Where values are defined and used.
struct Uses {
    /// What is defined in the loop, with where.
    order: Vec<(Value, u32)>,
    /// Where a value is used last.
    last: HashMap<Value, u32>,
    /// How often one is used.
    count: HashMap<Value, u32>,
    /// Values that would best be in the same register: arguments and parameters.
    near: HashMap<Value, Vec<Value>>,
}

impl Uses {
    fn of(body: &Loop) -> Self {
        let mut uses =
            Self { order: Vec::new(), last: HashMap::new(), count: HashMap::new(), near: HashMap::new() };
        let mut place = 0;
        for block in &body.blocks {
            place += 2;
            uses.order.extend(block.params.iter().map(|param| (*param, place)));
            for value in &block.insts {
                place += 2;
                uses.order.push((*value, place));
                let inst = body.inst(*value);
                inst.each_operand(|operand| uses.at(operand, place));
                if let Some(exit) = inst.exit() {
                    body.each_needed(exit, &mut |needed| uses.at(needed, place));
                }
            }
            place += 2;
            if let End::Branch(condition, _, _) = &block.end {
                condition.each_operand(&mut |operand| uses.at(operand, place));
            }
            for edge in block.end.edges() {
                body.each_used(edge, &mut |value| uses.at(value, place));
                if let Target::Block(to) = edge.to {
                    for (arg, param) in edge.args.iter().zip(&body.blocks[to].params) {
                        uses.near.entry(*arg).or_default().push(*param);
                        uses.near.entry(*param).or_default().push(*arg);
                    }
                }
            }
        }
        uses
    }

    fn at(&mut self, value: Value, place: u32) {
        self.last.insert(value, place);
        *self.count.entry(value).or_default() += 1;
    }
}
