//! How many registers the code that can be reached from somewhere can touch.

use crate::isa::{FlowKind, Instruction, Operand, REGISTERS, Reg};
use crate::module::{Marks, Module};

/// For each place that control can be led to, how many registers from r0 on the code reachable from there can touch, calls not
/// followed: a frame needs no more.
///
/// The code is seen as segments. Each begins where a function begins or a jump leads to, and ends where the next begins or control
/// surely leaves. So there are no more of them than jumps and functions, however long the code is.
pub(super) struct Reach {
    begins: Marks,
    /// By segment.
    registers: Vec<u16>,
}

impl Reach {
    pub(super) fn new(module: &Module) -> Self {
        let mut begins = Marks::new(module.len());
        begins.set(0);
        module.functions().iter().for_each(|function| begins.set(function.entry as usize));
        for (index, (_, instruction)) in module.code().iter().enumerate() {
            each_jump(&instruction, index, |target| begins.set(target));
        }
        let count = begins.count();
        let segments = Segments::new(module, &begins, count);
        Self { registers: segments.reach(), begins }
    }

    /// How many registers the code reachable from `pc` can touch; a segment begins there, or the code ends.
    pub(super) fn registers(&self, pc: usize) -> u16 {
        self.registers.get(self.begins.before(pc)).copied().unwrap_or(0)
    }
}

/// What the code of each segment does.
struct Segments {
    /// How many registers it touches.
    touched: Vec<u16>,
    /// Whether control can go on to the next segment.
    goes_on: Vec<bool>,
    /// For each segment, where those that jump to it begin in `sources`, and where the last of them end.
    sources_begin: Vec<u32>,
    /// The segments that jumps are in, in order of those that they lead to.
    sources: Vec<u32>,
}

impl Segments {
    fn new(module: &Module, begins: &Marks, count: usize) -> Self {
        let (mut touched, mut goes_on) = (vec![0; count], vec![false; count]);
        let mut sources_begin = vec![0; count + 1];
        each_in_segment(module, begins, |segment, index, instruction, leads_on| {
            touched[segment] = registers_touched(instruction).max(touched[segment]);
            goes_on[segment] |= leads_on;
            each_jump(instruction, index, |target| sources_begin[begins.before(target) + 1] += 1);
        });
        for segment in 0..count {
            sources_begin[segment + 1] += sources_begin[segment];
        }
        let mut sources = vec![0; sources_begin[count] as usize];
        // Filling moves each beginning to its end, which is the next one's beginning.
        each_in_segment(module, begins, |segment, index, instruction, _| {
            each_jump(instruction, index, |target| {
                let place = &mut sources_begin[begins.before(target)];
                sources[*place as usize] = segment as u32;
                *place += 1;
            });
        });
        sources_begin.rotate_right(1);
        sources_begin[0] = 0;
        Self { touched, goes_on, sources_begin, sources }
    }

    /// What an instruction touches holds for everything that leads to it. So the segments are taken in order of what they touch, the
    /// most first, and each marks what leads to it and is not marked yet: every segment is marked once.
    fn reach(self) -> Vec<u16> {
        const UNKNOWN: u16 = u16::MAX;
        let mut reach = vec![UNKNOWN; self.touched.len()];
        let mut pending: Vec<u32> = Vec::new();
        for first in in_order_of(&self.touched) {
            let registers = self.touched[first as usize];
            let mut reached = |segment: u32, pending: &mut Vec<u32>| {
                let reach = &mut reach[segment as usize];
                if *reach == UNKNOWN {
                    *reach = registers;
                    pending.push(segment);
                }
            };
            reached(first, &mut pending);
            while let Some(segment) = pending.pop() {
                let place = segment as usize;
                if place > 0 && self.goes_on[place - 1] {
                    reached(segment - 1, &mut pending);
                }
                let sources = self.sources_begin[place] as usize..self.sources_begin[place + 1] as usize;
                self.sources[sources].iter().for_each(|from| reached(*from, &mut pending));
            }
        }
        reach
    }
}

/// Goes through the instructions that something leads to: the segment of each, its index, and whether control can go on from it into
/// another segment.
fn each_in_segment(
    module: &Module,
    begins: &Marks,
    mut tell: impl FnMut(usize, usize, &Instruction<'_>, bool),
) {
    let mut next = 0;
    let mut current: Option<usize> = None;
    for (index, (_, instruction)) in module.code().iter().enumerate() {
        if begins.has(index) {
            current = Some(next);
            next += 1;
        }
        let Some(segment) = current else { continue };
        let goes_on = falls_through(instruction.opcode().spec().flow);
        tell(segment, index, &instruction, goes_on && begins.has(index + 1));
        if !goes_on {
            current = None;
        }
    }
}

/// The segments in order of how many registers they touch, the most first.
fn in_order_of(touched: &[u16]) -> Vec<u32> {
    let mut places = [0_u32; REGISTERS + 2];
    for registers in touched {
        places[REGISTERS - usize::from(*registers) + 1] += 1;
    }
    for registers in 0..=REGISTERS {
        places[registers + 1] += places[registers];
    }
    let mut order = vec![0; touched.len()];
    for (index, registers) in (0..).zip(touched) {
        let place = &mut places[REGISTERS - usize::from(*registers)];
        order[*place as usize] = index;
        *place += 1;
    }
    order
}

/// Whether control can go on to the next instruction.
fn falls_through(flow: FlowKind) -> bool {
    match flow {
        FlowKind::Next | FlowKind::Branch | FlowKind::Call | FlowKind::Phi => true,
        FlowKind::Jump | FlowKind::Return | FlowKind::Halt => false,
    }
}

/// Tells where the instruction at `index` jumps to.
fn each_jump(instruction: &Instruction<'_>, index: usize, mut tell: impl FnMut(usize)) {
    for operand in instruction.operands().iter() {
        match operand {
            // Loading made sure that the target is within the code or at its end.
            Operand::Jump(jump) => tell(jump.target(index) as usize),
            Operand::Register(_)
            | Operand::OptionalRegister(_)
            | Operand::Registers(_)
            | Operand::Constant(_)
            | Operand::Type(_)
            | Operand::Phis(_)
            | Operand::Check(_)
            | Operand::Scope(_) => {}
        }
    }
}

/// One more than the highest register that the instruction names, or 0.
fn registers_touched(instruction: &Instruction<'_>) -> u16 {
    let one_more = |register: Reg| u16::from(register.0) + 1;
    let of_operand = |operand: &Operand<'_>| match operand {
        Operand::Register(register) => one_more(*register),
        Operand::OptionalRegister(register) => register.map_or(0, one_more),
        Operand::Registers(registers) => registers.iter().map(one_more).max().unwrap_or(0),
        Operand::Phis(phis) => phis.iter().map(|source| one_more(source.register)).max().unwrap_or(0),
        Operand::Constant(_)
        | Operand::Type(_)
        | Operand::Jump(_)
        | Operand::Check(_)
        | Operand::Scope(_) => 0,
    };
    instruction.operands().iter().map(of_operand).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assemble;

    /// Every segment is checked against a walk along everything that follows from its beginning.
    #[test]
    fn what_is_reached_is_what_a_walk_finds() {
        for source in [
            "nop",
            "a:\nload_const r3, 1\njump_if r3, c\nreturn r3\nload_const r200, 1\nb:\nload_const r9, 1\njump a\nc:\nnot r7, r3\njump_if r7, b",
            "jump b\na:\nload_const r50, 1\nhalt\nb:\njump_if r1, a\nc:\njump c",
            "jump end\nload_const r8, 1\n.func f\nload_const r2, \"f\"\ncall r2, r3, (r60)\nend:",
        ] {
            let module = assemble(source).unwrap();
            let reach = Reach::new(&module);
            for begin in (0..module.len()).filter(|index| reach.begins.has(*index)) {
                let (mut seen, mut pending) = (vec![false; module.len() + 1], vec![begin]);
                let mut most = 0;
                while let Some(pc) = pending.pop() {
                    if std::mem::replace(&mut seen[pc], true) {
                        continue;
                    }
                    let Some(instruction) = module.instruction(pc) else { continue };
                    most = most.max(registers_touched(&instruction));
                    each_jump(&instruction, pc, |target| pending.push(target));
                    if falls_through(instruction.opcode().spec().flow) {
                        pending.push(pc + 1);
                    }
                }
                assert_eq!(reach.registers(begin), most, "from {begin} of {source}");
            }
        }
    }
}
