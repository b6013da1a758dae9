//! Uniqueness: writes to a container that has another holder, though nobody will read it there again.
//!
//! `load_global r1, "list"`, `array_set r1, …`, `store_global r1, "list"` copies the list, as the global has it, too, until it
//! is set. A loop that moves an array from register to register copies it once an iteration in the same way. Where the other holder
//! is sure to be overwritten before it is read, it lets go first, and the write changes the container in place.
//!
//! Memory is counted as if it had been copied: nothing between the write and the overwriting counts any, and the holder lets go
//! only where there is room for the copy.
//!
//! What takes more than a look at the next few instructions is done by [`super::ownership`] when a write is about to copy.

use crate::exec::analysis::RegSet;
use crate::exec::analysis::flow_graph::registers_of;
use crate::exec::interpreter::{Op, Program};
use crate::isa::Reg;
use crate::memory;
use crate::runtime::GlobalSlot;
use crate::value::{Array, Value};
use crate::values::costs;

/// The other holder of a container.
pub(crate) enum OtherHolder {
    /// A register, which is overwritten further on.
    Register(Reg),
    /// A global, which the next instruction sets to the container.
    Global(GlobalSlot),
}

/// So far is looked ahead, in instructions.
const FAR: usize = 32;

impl OtherHolder {
    /// What may hold the container that the instruction at `pc` writes to, and is set to it again before it is read, while
    /// no memory is counted. `is_number` tells which registers are known to hold numbers or bools.
    pub(crate) fn find(
        program: &Program,
        pc: usize,
        container: Reg,
        is_number: impl Fn(u8) -> bool,
    ) -> Option<Self> {
        if let Some(&Op::StoreGlobal { src, name }) = program.ops.get(pc + 1)
            && src == container
        {
            return Some(Self::Global(name));
        }
        let mut read = registers_of(&program.module.instruction(pc)?, true).0;
        // Of the registers that were written since: which they are, and which of them hold numbers.
        let (mut written, mut numbers) = (RegSet::default(), RegSet::default());
        let is_number_now = |written: RegSet, numbers: RegSet, register: Reg| {
            if written.contains(register.0) { numbers.contains(register.0) } else { is_number(register.0) }
        };
        let mut at = pc + 1;
        let mut previous = pc;
        for _ in 0..FAR {
            let op = *program.ops.get(at)?;
            if let Op::Phi { .. } = op {
                let run = program.ops[at..]
                    .iter()
                    .map_while(|op| op.select(program.code(), Some(previous)))
                    .take(FAR);
                let chosen = run.filter_map(|(dst, src)| Some((dst, src?)));
                let mut holder = None;
                for (dst, src) in chosen {
                    read.insert(src.0);
                    holder = holder.or((src == container && dst != container).then_some(dst));
                }
                return holder.filter(|holder| !read.contains(holder.0)).map(Self::Register);
            }
            let mut result = None;
            if let Op::Move { dst, src } = op {
                if src == container && dst != container {
                    return (!read.contains(dst.0)).then_some(Self::Register(dst));
                }
                result = Some((dst, is_number_now(written, numbers, src)));
            } else if let Op::LoadConst { dst, constant } = op {
                let value = &program.constants[usize::from(constant.0)];
                result = Some((dst, matches!(value, Value::Bool(_) | Value::Int(_) | Value::Float(_))));
            } else if let Op::Add { dst, left, right } = op {
                // Joining strings counts memory.
                if ![left, right].into_iter().any(|operand| is_number_now(written, numbers, operand)) {
                    return None;
                }
                result = Some((dst, true));
            } else if let Op::Sub { dst, .. }
            | Op::Mul { dst, .. }
            | Op::Div { dst, .. }
            | Op::Mod { dst, .. }
            | Op::Neg { dst, .. }
            | Op::Not { dst, .. }
            | Op::And { dst, .. }
            | Op::Or { dst, .. }
            | Op::Eq { dst, .. }
            | Op::Neq { dst, .. }
            | Op::Lt { dst, .. }
            | Op::Gt { dst, .. }
            | Op::Lte { dst, .. }
            | Op::Gte { dst, .. }
            | Op::ArrayLen { dst, .. }
            | Op::DictLen { dst, .. }
            | Op::StrLen { dst, .. } = op
            {
                result = Some((dst, true));
            } else if !matches!(op, Op::Jump { .. } | Op::Nop | Op::BreakPoint) {
                // What is not known to count no memory may count some.
                return None;
            }
            read = read.union(registers_of(&program.module.instruction(at)?, true).0);
            if let Some((dst, is_number)) = result {
                if dst == container {
                    return None;
                }
                written.insert(dst.0);
                numbers.set(dst.0, is_number);
            }
            previous = at;
            at = if let Op::Jump { offset } = op { offset.pc() } else { at + 1 };
        }
        None
    }
}

/// Whether two places hold one container, and nothing else does, and there is room for a copy of it and one more entry.
pub(crate) fn is_twin(one: &Value, other: &Value, memory: &memory::Memory) -> bool {
    let copy = if let (Value::Array(one), Value::Array(other)) = (one, other) {
        one.is_twin(other).then(|| Array::cost(one.len()))
    } else if let (Value::Dict(one), Value::Dict(other)) = (one, other) {
        one.is_twin(other).then(|| one.cost())
    } else {
        None
    };
    let Some(copy) = copy else { return false };
    copy.saturating_add(costs::ELEMENT.max(costs::ENTRY)) <= memory.room()
}

/// Whether a write to a container, which is not shared then, cannot fail but for want of memory.
pub(crate) fn can_set(container: &Value, key: &Value) -> bool {
    if let (Value::Array(array), Value::Int(index)) = (container, key) {
        return usize::try_from(*index).is_ok_and(|index| index <= array.len());
    }
    // Where a dict makes room for more, or hashes a long key, the host may end the run.
    matches!((container, key), (Value::Dict(dict), Value::String(key)) if !key.is_long() && !dict.is_full())
}
