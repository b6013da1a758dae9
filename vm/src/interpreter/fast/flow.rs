//! How control and values flow through a module: where paths meet, and which registers may still be read from there.

use crate::isa::{FlowKind, Instruction, Operand, Reg, Role};
use crate::module::Module;

/// A set of registers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct RegSet([u64; 4]);

impl RegSet {
    pub(super) const ALL: Self = Self([u64::MAX; 4]);

    #[inline]
    pub(super) fn contains(&self, register: u8) -> bool {
        self.0[usize::from(register >> 6)] >> (register & 63) & 1 != 0
    }

    #[inline]
    pub(super) fn insert(&mut self, register: u8) {
        self.0[usize::from(register >> 6)] |= 1 << (register & 63);
    }

    fn union(self, other: Self) -> Self {
        Self(std::array::from_fn(|word| self.0[word] | other.0[word]))
    }

    fn without(self, other: Self) -> Self {
        Self(std::array::from_fn(|word| self.0[word] & !other.0[word]))
    }

    pub(super) fn iter(self) -> impl Iterator<Item = u8> {
        (0..=u8::MAX).filter(move |register| self.contains(*register))
    }
}

/// What the compiler of fast code knows of a module as a whole.
pub(super) struct FlowGraph {
    /// By instruction, and one more for the end of the code: how it may be come to.
    arrivals: Vec<Arrivals>,
    /// The first instruction of each block, in order.
    leaders: Vec<u32>,
    /// For each block, the registers that may be read from there before they are written.
    live: Vec<RegSet>,
}

/// How control may come to an instruction.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Arrivals {
    None,
    /// From the instruction before it and from nowhere else.
    Above,
    /// From one jump and nowhere else.
    Jump,
    /// In more ways than one, or by a call.
    Many,
}

impl Arrivals {
    fn and(&mut self, another: Self) {
        *self = if *self == Self::None { another } else { Self::Many };
    }
}

/// A module of more blocks is not looked into: every register counts as live there.
const MOST_BLOCKS: usize = 1 << 16;

impl FlowGraph {
    pub(super) fn new(module: &Module) -> Self {
        let mut arrivals = vec![Arrivals::None; module.len() + 1];
        let mut is_leader = vec![false; module.len() + 1];
        let starts = module.functions().iter().map(|function| function.entry as usize);
        for start in starts.chain([0, module.entry().0]) {
            arrivals[start] = Arrivals::Many;
            is_leader[start] = true;
        }
        let mut keeps_destination = false;
        for (pc, instruction) in module.instructions().enumerate() {
            let flow = instruction.opcode().spec().flow;
            for operand in instruction.operands().iter() {
                if let Operand::Jump(jump) = operand {
                    // Loading made sure that the target is within the code or at its end.
                    let target = jump.target(pc) as usize;
                    arrivals[target].and(Arrivals::Jump);
                    is_leader[target] = true;
                }
            }
            if falls_through(flow) {
                arrivals[pc + 1].and(Arrivals::Above);
            }
            if flow != FlowKind::Next {
                is_leader[pc + 1] = true;
            }
            keeps_destination |= matches!(instruction, Instruction::Return { src: None });
        }
        let leaders = (0..).zip(&is_leader).filter(|(_, is_leader)| **is_leader).map(|(pc, _)| pc).collect();
        let mut graph = Self { arrivals, leaders, live: Vec::new() };
        graph.live = graph.live_registers(module, keeps_destination);
        graph
    }

    /// Whether paths meet at an instruction.
    pub(super) fn is_join(&self, pc: usize) -> bool {
        self.arrivals.get(pc).is_some_and(|arrivals| *arrivals == Arrivals::Many)
    }

    /// Whether an instruction is come to from the one before it and from nowhere else.
    pub(super) fn is_straight(&self, pc: usize) -> bool {
        self.arrivals.get(pc).is_some_and(|arrivals| *arrivals == Arrivals::Above)
    }

    /// The registers that may be read from `pc` on before they are written; all, where nothing better is known.
    pub(super) fn live_at(&self, pc: usize) -> RegSet {
        let block = u32::try_from(pc).ok().and_then(|pc| self.leaders.binary_search(&pc).ok());
        block.and_then(|block| self.live.get(block).copied()).unwrap_or(RegSet::ALL)
    }

    /// Goes backward over the blocks until nothing changes. `keeps_destination` tells whether a call may come back without a
    /// value and leave its destination as it was.
    fn live_registers(&self, module: &Module, keeps_destination: bool) -> Vec<RegSet> {
        if self.leaders.len() > MOST_BLOCKS {
            return Vec::new();
        }
        let blocks: Vec<Block> = (0..self.leaders.len())
            .map(|block| {
                let end = self.leaders.get(block + 1).map_or(module.len(), |end| *end as usize);
                self.summary(module, self.leaders[block] as usize..end.min(module.len()), keeps_destination)
            })
            .collect();
        let mut sources = vec![Vec::new(); blocks.len()];
        for (index, block) in (0_u32..).zip(&blocks) {
            for next in block.next.into_iter().flatten() {
                sources[next as usize].push(index);
            }
        }
        let mut live: Vec<RegSet> = blocks.iter().map(|block| block.reads).collect();
        let mut pending: Vec<u32> = (0..).take(blocks.len()).collect();
        let mut is_pending = vec![true; blocks.len()];
        while let Some(index) = pending.pop() {
            let index = index as usize;
            is_pending[index] = false;
            let block = &blocks[index];
            let after = block
                .next
                .into_iter()
                .flatten()
                .fold(RegSet::default(), |all, next| all.union(live[next as usize]));
            let before = block.reads.union(after.without(block.writes));
            if before != live[index] {
                live[index] = before;
                for source in &sources[index] {
                    if !std::mem::replace(&mut is_pending[*source as usize], true) {
                        pending.push(*source);
                    }
                }
            }
        }
        live
    }

    fn summary(&self, module: &Module, range: std::ops::Range<usize>, keeps_destination: bool) -> Block {
        let mut block = Block::default();
        let block_at = |pc: usize| {
            u32::try_from(pc).ok().and_then(|pc| self.leaders.binary_search(&pc).ok()).map(|at| at as u32)
        };
        for pc in range.clone() {
            let Some(instruction) = module.instruction(pc) else { break };
            let flow = instruction.opcode().spec().flow;
            let read = |register: Reg, block: &mut Block| {
                if !block.writes.contains(register.0) {
                    block.reads.insert(register.0);
                }
            };
            let mut written = None;
            for (operand, spec) in instruction.operands().iter().zip(instruction.opcode().spec().operands) {
                match operand {
                    Operand::Register(register) => match spec.role {
                        // A phi without a match, and a call that gives nothing, leave it as it is.
                        Role::Out
                            if flow == FlowKind::Phi || (flow == FlowKind::Call && keeps_destination) =>
                        {
                            read(*register, &mut block);
                        }
                        Role::Out => written = Some(register.0),
                        _ => read(*register, &mut block),
                    },
                    Operand::OptionalRegister(register) => {
                        register.iter().for_each(|register| read(*register, &mut block));
                    }
                    Operand::Registers(registers) => {
                        registers.iter().for_each(|register| read(register, &mut block));
                    }
                    Operand::Phis(phis) => phis.iter().for_each(|phi| read(phi.register, &mut block)),
                    Operand::Jump(jump) => block.next[1] = block_at(jump.target(pc) as usize),
                    Operand::Constant(_) | Operand::Type(_) | Operand::Check(_) | Operand::Scope(_) => {}
                }
            }
            if let Some(register) = written {
                block.writes.insert(register);
            }
            if pc + 1 == range.end && falls_through(flow) {
                block.next[0] = block_at(pc + 1);
            }
        }
        block
    }
}

/// A straight piece of code.
#[derive(Default)]
struct Block {
    /// The registers it reads before it writes them.
    reads: RegSet,
    writes: RegSet,
    /// The blocks that may come next.
    next: [Option<u32>; 2],
}

fn falls_through(flow: FlowKind) -> bool {
    match flow {
        FlowKind::Next | FlowKind::Branch | FlowKind::Call | FlowKind::Phi => true,
        FlowKind::Jump | FlowKind::Return | FlowKind::Halt => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assemble;

    fn live(source: &str, pc: usize) -> Vec<u8> {
        FlowGraph::new(&assemble(source).unwrap()).live_at(pc).iter().collect()
    }

    #[test]
    fn registers_live_from_their_write_to_their_last_read() {
        let source = "
            load_const r0, 1
            load_const r9, 5
        again:
            lt r2, r0, r9
            jump_if_not r2, done
            add r0, r0, r1
            jump again
        done:
            return r0";
        assert_eq!(live(source, 0), [1]);
        assert_eq!(live(source, 2), [0, 1, 9]);
        assert_eq!(live(source, 6), [0]);
    }

    #[test]
    fn paths_meet_where_jumps_lead_besides_the_instruction_before() {
        let graph =
            FlowGraph::new(&assemble("again:\n nop\n jump_if r0, again\n jump end\nend:\n halt").unwrap());
        let joins: Vec<usize> = (0..5).filter(|pc| graph.is_join(*pc)).collect();
        assert_eq!(joins, [0]);
        assert!(graph.is_straight(1));
        assert!(!graph.is_straight(3));
    }
}
