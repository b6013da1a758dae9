//! Observers: what a host learns of each instruction of a run.

use crate::isa::{Operand, REGISTERS, Reg, Role};
use crate::module::Module;
use crate::value::Value;

/// What a host that watches a run learns. [`Profile`](crate::Profile) is one.
///
/// ```
/// use machine_dialect_vm::{Observer, Run, Step, Value, Vm, Written, assemble};
///
/// /// Keeps the largest int that a program wrote to a register.
/// struct Largest(i64);
///
/// impl Observer for Largest {
///     fn before(&mut self, _: &Step<'_>) {}
///     fn after(&mut self, _: usize, written: Written<'_>) {
///         for (_, value) in written.iter() {
///             if let Value::Int(number) = value {
///                 self.0 = self.0.max(*number);
///             }
///         }
///     }
/// }
///
/// let vm = Vm::new(assemble("load_const r0, 6\nload_const r1, 7\nmul r0, r0, r1\nsub r0, r0, r1").unwrap());
/// let mut largest = Largest(0);
/// vm.run(Run::new(&mut ()).observe(&mut largest)).unwrap();
/// assert_eq!(largest.0, 42);
/// ```
pub trait Observer {
    /// An instruction has been charged and is about to execute. Of a run of phis, which reads all before it writes any, each is
    /// told before the first is told to [`Observer::after`].
    fn before(&mut self, step: &Step<'_>);

    /// The instruction at `pc` has executed, or failed; one that failed wrote nothing. A call is reported when the function it
    /// calls is about to begin. What a return hands to the caller counts as written by the return.
    fn after(&mut self, pc: usize, written: Written<'_>) {
        let _ = (pc, written);
    }
}

/// An instruction that is about to execute.
pub struct Step<'a> {
    /// The index of the instruction.
    pub pc: usize,
    /// How many calls have not returned.
    pub depth: usize,
    /// The index of the current function in [`Module::functions`]; none where the program begins outside of all functions.
    pub function: Option<usize>,
    /// How many bytes the values of the run take, as the limit `max_memory` counts them.
    pub memory: u64,
    pub(crate) registers: &'a [Value; REGISTERS],
}

impl<'a> Step<'a> {
    /// A register of the current frame.
    #[must_use]
    pub fn register(&self, register: Reg) -> &'a Value {
        &self.registers[usize::from(register.0)]
    }

    /// The registers that the instruction names as what it reads, each once, with their values; `module` is the one that runs.
    pub fn reads(&self, module: &Module) -> impl Iterator<Item = (Reg, &'a Value)> + use<'a> {
        let registers = self.registers;
        reads(module, self.pc)
            .into_iter()
            .map(move |register| (register, &registers[usize::from(register.0)]))
    }
}

/// What an instruction wrote to registers.
#[derive(Clone, Copy)]
pub struct Written<'a> {
    pub(crate) registers: &'a [Reg],
    /// From the first register of the frame on.
    pub(crate) values: &'a [Value],
}

impl<'a> Written<'a> {
    /// The registers that were written, with their values, in the order in which they were.
    pub fn iter(&self) -> impl Iterator<Item = (Reg, &'a Value)> + use<'a> {
        let values = self.values;
        self.registers
            .iter()
            .filter_map(move |register| Some((*register, values.get(usize::from(register.0))?)))
    }
}

/// The registers that the instruction at `pc` names as what it reads, each once.
pub(crate) fn reads(module: &Module, pc: usize) -> Vec<Reg> {
    let Some(instruction) = module.instruction(pc) else { return Vec::new() };
    let mut read: Vec<Reg> = Vec::new();
    let mut add = |register: Reg| {
        if !read.contains(&register) {
            read.push(register);
        }
    };
    let specs = instruction.opcode().spec().operands;
    for (operand, spec) in instruction.operands().iter().zip(specs) {
        match operand {
            Operand::Register(register) if matches!(spec.role, Role::In | Role::InOut) => add(*register),
            Operand::OptionalRegister(register) => register.iter().copied().for_each(&mut add),
            Operand::Registers(registers) => registers.iter().for_each(&mut add),
            Operand::Phis(phis) => phis.iter().for_each(|source| add(source.register)),
            Operand::Register(_)
            | Operand::Constant(_)
            | Operand::Type(_)
            | Operand::Jump(_)
            | Operand::Check(_)
            | Operand::Scope(_) => {}
        }
    }
    read
}
