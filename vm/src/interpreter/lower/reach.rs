//! How many registers the code that can be reached from somewhere can touch.

use crate::isa::{FlowKind, Instruction, Operand, REGISTERS, Reg};
use crate::module::Module;

/// For each place that control can be led to, how many registers from r0 on the code reachable from there can touch, calls not
/// followed: a frame needs no more.
///
/// The code is seen as segments. Each begins where a function begins or a jump leads to, and ends where the next begins or control
/// surely leaves. So there are no more of them than jumps and functions, however long the code is.
pub(super) struct Reach {
    /// Where the segments begin, in order.
    begins: Vec<u32>,
    registers: Vec<u16>,
}

/// What the code of a segment does.
struct Segments {
    /// How many registers it touches.
    touched: Vec<u16>,
    /// Whether control can go on to the next segment.
    goes_on: Vec<bool>,
    /// The segments that jumps lead to and those that they stand in, sorted.
    jumps: Vec<(u32, u32)>,
}

impl Reach {
    pub(super) fn new(module: &Module) -> Self {
        let mut begins: Vec<u32> = module.functions().iter().map(|function| function.entry).collect();
        begins.push(0);
        for (index, (_, instruction)) in module.code().iter().enumerate() {
            each_jump(&instruction, index, |target| begins.push(target));
        }
        begins.sort_unstable();
        begins.dedup();
        begins.shrink_to_fit();
        let segments = Segments::new(module, &begins);
        Self { registers: segments.reach(), begins }
    }

    /// How many registers the code reachable from `pc` can touch; a segment begins there, or the code ends.
    pub(super) fn registers(&self, pc: usize) -> u16 {
        let segment = self.begins.binary_search_by(|begin| (*begin as usize).cmp(&pc));
        segment.map_or(0, |segment| self.registers[segment])
    }
}

impl Segments {
    fn new(module: &Module, begins: &[u32]) -> Self {
        let (mut touched, mut goes_on) = (vec![0; begins.len()], vec![false; begins.len()]);
        let mut jumps = Vec::new();
        let mut next = 0;
        // The segment that the instruction is in; none where nothing leads to it.
        let mut current: Option<usize> = None;
        for (index, (_, instruction)) in module.code().iter().enumerate() {
            if begins.get(next).is_some_and(|begin| *begin as usize == index) {
                if let Some(before) = current {
                    goes_on[before] = true;
                }
                current = Some(next);
                next += 1;
            }
            let Some(segment) = current else { continue };
            touched[segment] = registers_touched(&instruction).max(touched[segment]);
            each_jump(&instruction, index, |target| {
                let target = begins.partition_point(|begin| *begin < target);
                jumps.push((target as u32, segment as u32));
            });
            if !falls_through(instruction.opcode().spec().flow) {
                current = None;
            }
        }
        jumps.sort_unstable();
        jumps.dedup();
        Self { touched, goes_on, jumps }
    }

    /// What an instruction touches holds for everything that leads to it. So the segments are taken in order of what they touch, the
    /// most first, and each marks what leads to it and is not marked yet: every segment is marked once.
    fn reach(self) -> Vec<u16> {
        const UNKNOWN: u16 = u16::MAX;
        let mut reach = vec![UNKNOWN; self.touched.len()];
        let mut pending: Vec<u32> = Vec::new();
        for first in in_order_of(&self.touched) {
            pending.push(first);
            while let Some(segment) = pending.pop() {
                let place = segment as usize;
                if reach[place] != UNKNOWN {
                    continue;
                }
                reach[place] = self.touched[first as usize];
                if place > 0 && self.goes_on[place - 1] {
                    pending.push(segment - 1);
                }
                let sources = self.jumps.partition_point(|(to, _)| *to < segment);
                let sources = self.jumps[sources..].iter().take_while(|(to, _)| *to == segment);
                pending.extend(sources.map(|(_, from)| *from).filter(|from| reach[*from as usize] == UNKNOWN));
            }
        }
        reach
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
fn each_jump(instruction: &Instruction<'_>, index: usize, mut tell: impl FnMut(u32)) {
    for operand in instruction.operands().iter() {
        match operand {
            // Loading made sure that the target is within the code or at its end.
            Operand::Jump(jump) => tell(jump.target(index) as u32),
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
            for begin in &reach.begins {
                let (mut seen, mut pending) = (vec![false; module.len() + 1], vec![*begin as usize]);
                let mut most = 0;
                while let Some(pc) = pending.pop() {
                    if std::mem::replace(&mut seen[pc], true) {
                        continue;
                    }
                    let Some(instruction) = module.instruction(pc) else { continue };
                    most = most.max(registers_touched(&instruction));
                    each_jump(&instruction, pc, |target| pending.push(target as usize));
                    if falls_through(instruction.opcode().spec().flow) {
                        pending.push(pc + 1);
                    }
                }
                assert_eq!(reach.registers(*begin as usize), most, "from {begin} of {source}");
            }
        }
    }
}
