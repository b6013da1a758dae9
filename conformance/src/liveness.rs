//! Which registers of a module may still be read: a backward data-flow analysis of its instructions, by what `spec/isa.yaml` says of
//! operands and by the rule for phis (S21). It shares nothing with the analysis of the machine, which it judges.

use machine_dialect_vm::{Instruction, Module, Opcode, Operand, Phis, Role};

/// A set of registers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Registers([u64; 4]);

impl Registers {
    fn add(&mut self, register: u8) {
        self.0[usize::from(register >> 6)] |= 1 << (register & 63);
    }

    fn remove(&mut self, register: u8) {
        self.0[usize::from(register >> 6)] &= !(1 << (register & 63));
    }

    /// Whether a register is one of them.
    #[must_use]
    pub fn has(&self, register: u8) -> bool {
        self.0[usize::from(register >> 6)] >> (register & 63) & 1 != 0
    }

    fn join(&mut self, other: Self) {
        for (word, more) in self.0.iter_mut().zip(other.0) {
            *word |= more;
        }
    }
}

/// The live registers at each instruction of a module.
#[derive(Debug)]
pub struct Liveness<'a> {
    module: &'a Module,
    /// By instruction; of phis it depends on where control comes from, so nothing is here.
    before: Vec<Registers>,
    /// Whether a function may return nothing, which leaves the destination of a call as it was (S18).
    may_return_nothing: bool,
}

impl<'a> Liveness<'a> {
    /// Analyses a module.
    #[must_use]
    pub fn of(module: &'a Module) -> Self {
        let gives_nothing = |one: Instruction<'_>| matches!(one, Instruction::Return { src: None });
        let may_return_nothing = module.instructions().any(gives_nothing);
        let before = vec![Registers::default(); module.len()];
        let mut liveness = Self { module, before, may_return_nothing };
        let mut is_changed = true;
        while is_changed {
            is_changed = false;
            for at in (0..module.len()).rev() {
                if let Some(now) = liveness.at_instruction(at)
                    && now != liveness.before[at]
                {
                    liveness.before[at] = now;
                    is_changed = true;
                }
            }
        }
        liveness
    }

    /// The registers that may be read before they are written, from an instruction on. Phis select by `previous`, which ran before.
    #[must_use]
    pub fn before(&self, at: usize, previous: Option<usize>) -> Registers {
        let mut end = at;
        while self.phi(end).is_some() {
            end += 1;
        }
        let mut live = self.before.get(end).copied().unwrap_or_default();
        // All sources are read before any destination is written.
        let mut read = Registers::default();
        for (dst, phis) in (at..end).filter_map(|phi| self.phi(phi)) {
            let chosen = phis.iter().find(|source| Some(usize::from(source.label)) == previous);
            if let Some(source) = chosen {
                live.remove(dst);
                read.add(source.register.0);
            }
        }
        live.join(read);
        live
    }

    /// The registers of a frame that waits at a call that may be read once it returned.
    #[must_use]
    pub fn after_call(&self, at: usize) -> Registers {
        let mut live = self.before(at + 1, Some(at));
        if let Some(Instruction::Call { dst, .. }) = self.module.instruction(at)
            && !self.may_return_nothing
        {
            live.remove(dst.0);
        }
        live
    }

    /// The destination and the sources, where the instruction is a phi.
    fn phi(&self, at: usize) -> Option<(u8, Phis<'_>)> {
        let Instruction::Phi { dst, sources } = self.module.instruction(at)? else { return None };
        Some((dst.0, sources))
    }

    /// What is live before an instruction that is no phi.
    fn at_instruction(&self, at: usize) -> Option<Registers> {
        let instruction = self.module.instruction(at)?;
        let opcode = instruction.opcode();
        if opcode == Opcode::Phi {
            return None;
        }
        let mut live = Registers::default();
        let jump = instruction.operands().iter().find_map(|operand| {
            let Operand::Jump(offset) = operand else { return None };
            usize::try_from(offset.target(at)).ok()
        });
        live.join(jump.map_or_else(Registers::default, |to| self.before(to, Some(at))));
        if !matches!(opcode, Opcode::Jump | Opcode::Return | Opcode::Halt) {
            live.join(self.before(at + 1, Some(at)));
        }
        let operands = instruction.operands();
        let roles = opcode.spec().operands.iter().map(|operand| operand.role);
        for (operand, role) in operands.iter().zip(roles) {
            if let (Operand::Register(register), Role::Out) = (operand, role)
                && !(opcode == Opcode::Call && self.may_return_nothing)
            {
                live.remove(register.0);
            }
        }
        let roles = opcode.spec().operands.iter().map(|operand| operand.role);
        for (operand, role) in operands.iter().zip(roles) {
            match operand {
                Operand::Register(register) if role != Role::Out => live.add(register.0),
                Operand::OptionalRegister(Some(register)) => live.add(register.0),
                Operand::Registers(registers) => registers.iter().for_each(|register| live.add(register.0)),
                Operand::Register(_)
                | Operand::OptionalRegister(None)
                | Operand::Constant(_)
                | Operand::Type(_)
                | Operand::Jump(_)
                | Operand::Phis(_)
                | Operand::Check(_)
                | Operand::Scope(_) => {}
            }
        }
        Some(live)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live(assembly: &str, at: usize, previous: Option<usize>) -> Vec<u8> {
        let module = machine_dialect_vm::assemble(assembly).unwrap();
        let live = Liveness::of(&module).before(at, previous);
        (0..=u8::MAX).filter(|register| live.has(*register)).collect()
    }

    #[test]
    fn what_is_written_before_it_is_read_is_dead() {
        let text = "load_const r1, 1\nadd r2, r1, r3\nreturn r2";
        assert_eq!(live(text, 0, None), [3]);
        assert_eq!(live(text, 1, None), [1, 3]);
        assert_eq!(live(text, 2, None), [2]);
    }

    #[test]
    fn a_loop_needs_what_its_next_turn_reads() {
        let text = "again:\nadd r0, r0, r1\nlt r2, r0, r3\njump_if r2, again\nreturn r0";
        assert_eq!(live(text, 2, None), [0, 1, 2, 3]);
        assert_eq!(live(text, 3, None), [0]);
    }

    #[test]
    fn phis_read_by_where_control_comes_from() {
        let text =
            "a:\njump c\nb:\njump c\nc:\nphi r0, [r1: a, r2: b]\nphi r3, [r0: a]\nadd r4, r0, r3\nreturn r4";
        assert_eq!(live(text, 0, None), [0, 1]);
        // The second phi selects nothing, so its register stays.
        assert_eq!(live(text, 1, None), [2, 3]);
        assert_eq!(live(text, 2, Some(1)), [2, 3]);
        assert_eq!(live(text, 2, None), [0, 3]);
    }

    #[test]
    fn a_call_reads_its_arguments_and_may_leave_its_destination() {
        let text = "call r0, r1, (r2)\nreturn r1\n.func f\nreturn";
        let after = |text: &str| {
            let module = machine_dialect_vm::assemble(text).unwrap();
            let after = Liveness::of(&module).after_call(0);
            [0, 1, 2].map(|register| after.has(register))
        };
        assert_eq!(live(text, 0, None), [0, 1, 2]);
        assert_eq!(after(text), [false, true, false]);
        // Where all functions return something, the call writes it.
        let text = text.replace("f\nreturn", "f\nreturn r0");
        assert_eq!(live(&text, 0, None), [0, 2]);
        assert_eq!(after(&text), [false; 3]);
    }
}
