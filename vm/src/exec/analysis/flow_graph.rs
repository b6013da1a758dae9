//! How control and values flow through a module: where paths meet, and which registers may still be read from there.

use std::cell::{Cell, OnceCell};

use crate::exec::analysis::RegSet;
use crate::exec::interpreter::{Op, Program};
use crate::isa::{FlowKind, Instruction, Operand, Role};
use crate::module::Module;

/// What is known of a module as a whole.
pub(crate) struct FlowGraph {
    /// By instruction, and one more for the end of the code: how control may reach it.
    arrivals: Vec<Arrivals>,
    /// The first instruction of each block, in order.
    leaders: Vec<u32>,
    /// The functions in order of their code, and what stands before the first. Each is looked into when it is first needed.
    regions: Vec<Region>,
    /// How many instructions were looked into.
    seen: Cell<usize>,
    /// Whether a call may come back without a value and leave its destination as it was.
    keeps_destination: bool,
}

/// The code from the beginning of a function to that of the next.
struct Region {
    /// Its first instruction.
    begin: u32,
    /// Its first block.
    block: u32,
    /// For each block, the registers that may be read from there before they are written, once that was looked into. There are
    /// none where it is not known.
    live: OnceCell<Box<[RegSet]>>,
}

/// How control may reach an instruction.
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

/// A function of more blocks is not looked into: every register counts as live there.
const MAX_BLOCKS: usize = 1 << 16;

/// So often are the blocks gone over. Where that is not enough, every register counts as live, too.
const MAX_ROUNDS: usize = 32;

impl FlowGraph {
    pub(crate) fn new(program: &Program) -> Self {
        let module = &program.module;
        let mut arrivals = vec![Arrivals::None; module.len() + 1];
        let mut is_leader = vec![false; module.len() + 1];
        let mut starts: Vec<u32> = module.functions().iter().map(|function| function.entry).collect();
        starts.extend([0, module.entry().0 as u32]);
        starts.sort_unstable();
        starts.dedup();
        for start in &starts {
            arrivals[*start as usize] = Arrivals::Many;
            is_leader[*start as usize] = true;
        }
        let mut keeps_destination = false;
        for pc in 0..module.len() {
            let Some(flow) = module.opcode(pc).map(|opcode| opcode.spec().flow) else { break };
            if falls_through(flow) {
                arrivals[pc + 1].and(Arrivals::Above);
            }
            if flow == FlowKind::Next {
                continue;
            }
            is_leader[pc + 1] = true;
            // Decoding each would take most of the time.
            let target = if let Op::Jump { offset }
            | Op::JumpIf { offset, .. }
            | Op::JumpIfNot { offset, .. } = program.ops[pc]
            {
                Some(offset.pc())
            } else {
                None
            };
            debug_assert_eq!(target, module.instruction(pc).and_then(|line| jump_of(&line, pc)));
            keeps_destination |= matches!(program.ops[pc], Op::Return { src: None });
            if let Some(target) = target {
                arrivals[target].and(Arrivals::Jump);
                is_leader[target] = true;
            }
        }
        let leaders: Vec<u32> =
            (0..).zip(&is_leader).filter(|(_, is_leader)| **is_leader).map(|(pc, _)| pc).collect();
        let region = |begin: u32| Region {
            begin,
            block: leaders.partition_point(|leader| *leader < begin) as u32,
            live: OnceCell::new(),
        };
        let regions = starts.into_iter().map(region).collect();
        Self { arrivals, leaders, regions, seen: Cell::new(0), keeps_destination }
    }

    /// Looks into the function whose code an instruction is, if that was not done, and if no more than `most` instructions will
    /// have been looked into then.
    pub(crate) fn analyse(&self, module: &Module, pc: usize, most: usize) {
        let index = self.region_of(pc);
        let Some(region) = self.regions.get(index).filter(|region| region.live.get().is_none()) else {
            return;
        };
        let end = self.regions.get(index + 1).map_or(module.len(), |next| next.begin as usize);
        let length = end - region.begin as usize;
        let seen = self.seen.get() + length;
        if seen > most {
            return;
        }
        self.seen.set(seen);
        region.live.get_or_init(|| self.live_registers(module, index).into());
    }

    /// The region that an instruction belongs to.
    fn region_of(&self, pc: usize) -> usize {
        self.regions.partition_point(|region| region.begin as usize <= pc).saturating_sub(1)
    }

    /// The blocks of a region.
    fn blocks_of(&self, region: usize) -> std::ops::Range<usize> {
        let end = self.regions.get(region + 1).map_or(self.leaders.len(), |next| next.block as usize);
        self.regions.get(region).map_or(end, |region| region.block as usize)..end
    }

    /// Whether paths meet at an instruction.
    pub(crate) fn is_join(&self, pc: usize) -> bool {
        self.arrivals.get(pc).is_some_and(|arrivals| *arrivals == Arrivals::Many)
    }

    /// Whether an instruction is reached from the one before it and from nowhere else.
    pub(crate) fn is_straight(&self, pc: usize) -> bool {
        self.arrivals.get(pc).is_some_and(|arrivals| *arrivals == Arrivals::Above)
    }

    /// The registers that may be read from `pc` on before they are written; all, where nothing better is known.
    pub(crate) fn live_at(&self, pc: usize) -> RegSet {
        let live = || {
            let region = self.regions.get(self.region_of(pc))?;
            let block = self.leaders.binary_search(&u32::try_from(pc).ok()?).ok()?;
            region.live.get()?.get(block - region.block as usize).copied()
        };
        live().unwrap_or(RegSet::ALL)
    }

    /// Of a block, so many instructions are looked through.
    pub(crate) const STRAIGHT: usize = 256;

    /// The registers that may be read from `pc` on before they are written, wherever in a block that is; all, where nothing better
    /// is known.
    pub(crate) fn live_before(&self, module: &Module, pc: usize) -> RegSet {
        let (mut reads, mut writes) = (RegSet::default(), RegSet::default());
        for pc in pc..pc + Self::STRAIGHT {
            // At the end of the code nothing is read any more.
            let Some(instruction) = module.instruction(pc) else { return reads };
            let written = writes;
            each_register(&instruction, self.keeps_destination, |register, is_written| {
                if is_written {
                    writes.insert(register);
                } else if !written.contains(register) {
                    reads.insert(register);
                }
            });
            let flow = instruction.opcode().spec().flow;
            let target = jump_of(&instruction, pc);
            let next = falls_through(flow).then_some(pc + 1);
            let is_leader =
                |pc: usize| u32::try_from(pc).is_ok_and(|pc| self.leaders.binary_search(&pc).is_ok());
            if flow == FlowKind::Next && !is_leader(pc + 1) {
                continue;
            }
            let after = next.into_iter().chain(target).filter(|pc| *pc < module.len());
            let live = after.fold(RegSet::default(), |all, pc| all.union(self.live_at(pc)));
            return reads.union(live.without(writes));
        }
        RegSet::ALL
    }

    /// Whether a call may come back without a value and leave its destination as it was.
    pub(crate) fn keeps_destination(&self) -> bool {
        self.keeps_destination
    }

    /// Whether a register is sure to be written before it is read from `pc` on, whatever way control takes. What cannot be told
    /// from a few instructions counts as not sure.
    pub(crate) fn is_dead(&self, module: &Module, pc: usize, register: u8) -> bool {
        /// So far is looked ahead.
        const FAR: usize = 64;
        let mut pc = pc;
        for _ in 0..FAR {
            let Some(instruction) = module.instruction(pc) else { return true };
            let effect = effect(&instruction, register, self.keeps_destination);
            match effect {
                Effect::Reads => return false,
                Effect::Writes => return true,
                Effect::Nothing => {}
            }
            let flow = instruction.opcode().spec().flow;
            let dead_at = |pc: usize| !self.live_at(pc).contains(register);
            if jump_of(&instruction, pc).is_some_and(|target| !dead_at(target)) {
                return false;
            }
            if !falls_through(flow) {
                return true;
            }
            pc += 1;
            if self.leaders.binary_search(&(pc as u32)).is_ok() {
                return dead_at(pc);
            }
        }
        false
    }

    /// Goes over the blocks of a region until nothing changes, each after those that may come next as far as there is no loop.
    /// So it does not matter in what order the code is laid out: a few rounds do, one more for each loop in a loop.
    fn live_registers(&self, module: &Module, region: usize) -> Vec<RegSet> {
        let range = self.blocks_of(region);
        if range.len() > MAX_BLOCKS {
            return Vec::new();
        }
        let blocks: Vec<Block> = range.clone().map(|block| self.summary(module, block, &range)).collect();
        let mut sources = vec![Vec::new(); blocks.len()];
        for (index, block) in (0_u32..).zip(&blocks) {
            for next in block.next.into_iter().flatten() {
                sources[next as usize].push(index);
            }
        }
        let mut live: Vec<RegSet> = blocks.iter().map(|block| block.reads).collect();
        let order = last_first(&blocks);
        let mut is_due = vec![true; blocks.len()];
        let mut due = blocks.len();
        for index in std::iter::repeat_n(&order, MAX_ROUNDS).flatten().map(|index| *index as usize) {
            if !std::mem::take(&mut is_due[index]) {
                if due == 0 {
                    break;
                }
                continue;
            }
            due -= 1;
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
                    due += usize::from(!std::mem::replace(&mut is_due[*source as usize], true));
                }
            }
        }
        if due == 0 { live } else { Vec::new() }
    }

    /// What a block does. Blocks that come next are counted from the first of the region.
    fn summary(&self, module: &Module, block: usize, region: &std::ops::Range<usize>) -> Block {
        let begin = self.leaders[block] as usize;
        let end = self.leaders.get(block + 1).map_or(module.len(), |end| *end as usize).min(module.len());
        let mut summary = Block::default();
        for pc in begin..end {
            let Some(instruction) = module.instruction(pc) else { break };
            let Block { reads, writes, .. } = &mut summary;
            let written = *writes;
            each_register(&instruction, self.keeps_destination, |register, is_written| {
                if is_written {
                    writes.insert(register);
                } else if !written.contains(register) {
                    reads.insert(register);
                }
            });
        }
        let Some(last) = end.checked_sub(1).filter(|last| *last >= begin) else { return summary };
        let Some(instruction) = module.instruction(last) else { return summary };
        let above = falls_through(instruction.opcode().spec().flow).then_some(end);
        for (next, pc) in summary.next.iter_mut().zip([above, jump_of(&instruction, last)]) {
            // At the end of the code nothing is read any more.
            let Some(pc) = pc.filter(|pc| *pc < module.len()) else { continue };
            match u32::try_from(pc).ok().and_then(|pc| self.leaders.binary_search(&pc).ok()) {
                Some(block) if region.contains(&block) => *next = Some((block - region.start) as u32),
                // What another function reads is not looked into here.
                Some(_) | None => summary.reads = summary.reads.union(RegSet::ALL.without(summary.writes)),
            }
        }
        summary
    }
}

/// The blocks, each behind those that may come next as far as there is no loop.
fn last_first(blocks: &[Block]) -> Vec<u32> {
    let mut order = Vec::with_capacity(blocks.len());
    let mut is_seen = vec![false; blocks.len()];
    // Blocks that are begun, with how many of those that come next were looked at.
    let mut begun: Vec<(u32, usize)> = Vec::new();
    for first in (0..).take(blocks.len()) {
        if !std::mem::replace(&mut is_seen[first as usize], true) {
            begun.push((first, 0));
        }
        while let Some((block, looked)) = begun.last_mut() {
            let next = blocks[*block as usize].next.get(*looked).copied();
            *looked += 1;
            match next {
                Some(Some(next)) if !std::mem::replace(&mut is_seen[next as usize], true) => {
                    begun.push((next, 0));
                }
                Some(_) => {}
                None => order.extend(begun.pop().map(|(block, _)| block)),
            }
        }
    }
    order
}

/// A basic block.
#[derive(Default)]
struct Block {
    /// The registers it reads before it writes them.
    reads: RegSet,
    writes: RegSet,
    /// The blocks that may come next.
    next: [Option<u32>; 2],
}

/// What an instruction does to a register.
enum Effect {
    Reads,
    Writes,
    Nothing,
}

fn effect(instruction: &Instruction<'_>, register: u8, keeps_destination: bool) -> Effect {
    let (reads, writes) = registers_of(instruction, keeps_destination);
    if reads.contains(register) {
        Effect::Reads
    } else if writes.contains(register) {
        Effect::Writes
    } else {
        Effect::Nothing
    }
}

/// The registers that an instruction reads, and those that it writes whatever happens. A phi without a match, and a call that
/// gives nothing, leave their destination as it was; that counts as reading it.
pub(crate) fn registers_of(instruction: &Instruction<'_>, keeps_destination: bool) -> (RegSet, RegSet) {
    let (mut reads, mut writes) = (RegSet::default(), RegSet::default());
    each_register(instruction, keeps_destination, |register, is_written| {
        if is_written { &mut writes } else { &mut reads }.insert(register);
    });
    (reads, writes)
}

/// Names each of the registers of [`registers_of`], and whether it is written.
#[inline]
fn each_register(instruction: &Instruction<'_>, keeps_destination: bool, mut name: impl FnMut(u8, bool)) {
    let spec = instruction.opcode().spec();
    let may_keep = spec.flow == FlowKind::Phi || (spec.flow == FlowKind::Call && keeps_destination);
    for (operand, operand_spec) in instruction.operands().iter().zip(spec.operands) {
        match operand {
            Operand::Register(register) => name(register.0, operand_spec.role == Role::Out && !may_keep),
            Operand::OptionalRegister(register) => {
                register.iter().for_each(|register| name(register.0, false));
            }
            Operand::Registers(registers) => registers.iter().for_each(|register| name(register.0, false)),
            Operand::Phis(phis) => phis.iter().for_each(|phi| name(phi.register.0, false)),
            Operand::Jump(_)
            | Operand::Constant(_)
            | Operand::Type(_)
            | Operand::Check(_)
            | Operand::Scope(_) => {}
        }
    }
}

/// Where an instruction jumps to. Loading made sure that this is within the code or at its end.
fn jump_of(instruction: &Instruction<'_>, pc: usize) -> Option<usize> {
    instruction.operands().iter().find_map(|operand| {
        if let Operand::Jump(jump) = operand { Some(jump.target(pc) as usize) } else { None }
    })
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

    fn program(source: &str) -> Program {
        Program::new(assemble(source).unwrap())
    }

    fn live(source: &str, pc: usize) -> Vec<u8> {
        let program = program(source);
        let graph = FlowGraph::new(&program);
        graph.analyse(&program.module, pc, usize::MAX);
        graph.live_at(pc).iter().collect()
    }

    #[test]
    fn functions_are_looked_into_one_by_one() {
        let source =
            ".func main\n load_const r0, 1\n jump_if r7, other\n return r0\n .func f\n other: return r9";
        let program = program(source);
        let (module, graph) = (&program.module, FlowGraph::new(&program));
        assert_eq!(graph.live_at(3), RegSet::ALL);
        graph.analyse(module, 3, 0);
        assert_eq!(graph.live_at(3), RegSet::ALL);
        graph.analyse(module, 3, 1);
        assert_eq!(graph.live_at(3).iter().collect::<Vec<_>>(), [9]);
        // What leads to another function may read all but what is written on the way.
        graph.analyse(module, 0, 4);
        assert!(!graph.live_at(0).contains(0));
        assert!(graph.live_at(0).contains(200));
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
        let graph = FlowGraph::new(&program("again:\n nop\n jump_if r0, again\n jump end\nend:\n halt"));
        let joins: Vec<usize> = (0..5).filter(|pc| graph.is_join(*pc)).collect();
        assert_eq!(joins, [0]);
        assert!(graph.is_straight(1));
        assert!(!graph.is_straight(3));
    }
}
