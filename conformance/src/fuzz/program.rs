//! A program that can be edited: constants stand in their operands and jumps name their targets, so that instructions
//! can be taken out, and the rest still means what it did.

use std::collections::BTreeMap;

use machine_dialect_vm::{
    Check, Condition, Constant, Instruction, JumpOffset, Module, ModuleBuilder, Opcode, Operand, PhiSource,
    Phis, Reg, Registers, ScopeId, TypeId,
};
use serde::{Deserialize, Serialize};

use crate::plug::{self, Request};
use crate::schedule::Schedule;
use crate::value::ValueText;

/// A program, how it is run, and what is done to its bytes before it is loaded.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Program {
    /// The name of the module.
    pub name: String,
    /// The functions: each with the index of its first instruction.
    pub functions: Vec<(String, usize)>,
    /// The instructions.
    pub code: Vec<Line>,
    /// The limits of the run that are not the default ones, by name.
    pub limits: BTreeMap<String, u64>,
    /// The globals there are before the run.
    pub globals: BTreeMap<String, ValueText>,
    /// Changes of the encoded file, by which a loader is tested.
    pub patches: Vec<Patch>,
    /// Where the run is forced out of faster tiers, if anywhere.
    pub schedule: Option<Schedule>,
}

/// An instruction.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The opcode.
    pub opcode: Opcode,
    /// The operands, in byte order.
    pub items: Vec<Item>,
}

/// An operand.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// A register, whether it is read, written or changed.
    Register(u8),
    /// A register or nothing.
    Optional(Option<u8>),
    /// A list of registers.
    Registers(Vec<u8>),
    /// A constant.
    Constant(Constant),
    /// A type.
    Type(TypeId),
    /// The index of the instruction that is jumped to.
    Target(usize),
    /// The sources of a phi: a register, and the index of the instruction that must have run before.
    Phis(Vec<(u8, usize)>),
    /// An assertion and its message.
    Check(Condition, Constant),
    /// A scope number.
    Scope(u16),
}

/// A change of an encoded file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    /// The instruction whose opcode byte offsets count from; from the start of the file, where there is none.
    pub anchor: Option<usize>,
    /// Where the change is, in bytes from there.
    pub offset: usize,
    /// What happens there.
    pub change: Change,
}

/// What happens to a byte of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It becomes this one.
    Set(u8),
    /// The file ends before it.
    Cut,
}

/// A module and how it is run: all that an implementation is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The bytes of the module.
    pub module: Vec<u8>,
    /// The limits that are not the default ones.
    pub limits: BTreeMap<String, u64>,
    /// The globals there are before the run.
    pub globals: BTreeMap<String, ValueText>,
    /// Where the run is forced out of faster tiers, if anywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
}

impl Subject {
    /// The request that has an implementation run it.
    #[must_use]
    pub fn request(&self, trace: bool) -> Request<'_> {
        Request {
            subject: plug::Subject::Module(&self.module),
            limits: &self.limits,
            globals: &self.globals,
            trace,
            schedule: self.schedule.as_ref(),
        }
    }
}

impl Line {
    /// The line of an instruction, at the index where it stands, with the constants that it refers to.
    #[must_use]
    pub fn of(instruction: &Instruction<'_>, at: usize, constants: &[Constant]) -> Self {
        let constant = |index: usize| constants.get(index).cloned().unwrap_or(Constant::Empty);
        let item = |operand: &Operand<'_>| match operand {
            Operand::Register(register) => Item::Register(register.0),
            Operand::OptionalRegister(register) => Item::Optional(register.map(|register| register.0)),
            Operand::Registers(registers) => {
                Item::Registers(registers.iter().map(|register| register.0).collect())
            }
            Operand::Constant(index) => Item::Constant(constant(usize::from(index.0))),
            Operand::Type(id) => Item::Type(*id),
            Operand::Jump(offset) => Item::Target(usize::try_from(offset.target(at)).unwrap_or(0)),
            Operand::Phis(phis) => {
                Item::Phis(phis.iter().map(|source| (source.register.0, usize::from(source.label))).collect())
            }
            Operand::Check(check) => Item::Check(check.condition, constant(usize::from(check.message.0))),
            Operand::Scope(scope) => Item::Scope(scope.0),
        };
        Self { opcode: instruction.opcode(), items: instruction.operands().iter().map(item).collect() }
    }

    /// Every register that the instruction names.
    pub fn registers_mut(&mut self) -> impl Iterator<Item = &mut u8> {
        self.items.iter_mut().flat_map(|item| {
            let registers: Vec<&mut u8> = match item {
                Item::Register(register) => vec![register],
                Item::Optional(register) => register.iter_mut().collect(),
                Item::Registers(registers) => registers.iter_mut().collect(),
                Item::Phis(sources) => sources.iter_mut().map(|(register, _)| register).collect(),
                Item::Constant(_) | Item::Type(_) | Item::Target(_) | Item::Check(..) | Item::Scope(_) => {
                    Vec::new()
                }
            };
            registers
        })
    }

    /// Every instruction index that the instruction names.
    pub fn places_mut(&mut self) -> impl Iterator<Item = &mut usize> {
        self.items.iter_mut().flat_map(|item| {
            let places: Vec<&mut usize> = match item {
                Item::Target(target) => vec![target],
                Item::Phis(sources) => sources.iter_mut().map(|(_, label)| label).collect(),
                Item::Register(_)
                | Item::Optional(_)
                | Item::Registers(_)
                | Item::Constant(_)
                | Item::Type(_)
                | Item::Check(..)
                | Item::Scope(_) => Vec::new(),
            };
            places
        })
    }

    /// Every constant of the instruction.
    pub fn constants_mut(&mut self) -> impl Iterator<Item = &mut Constant> {
        self.items.iter_mut().filter_map(|item| match item {
            Item::Constant(constant) | Item::Check(_, constant) => Some(constant),
            Item::Register(_)
            | Item::Optional(_)
            | Item::Registers(_)
            | Item::Type(_)
            | Item::Target(_)
            | Item::Phis(_)
            | Item::Scope(_) => None,
        })
    }
}

impl Program {
    /// The program of a module, with the default limits.
    #[must_use]
    pub fn of_module(module: &Module) -> Self {
        let functions =
            module.functions().iter().map(|function| (function.name.clone(), function.entry as usize));
        let lines = module.instructions().enumerate();
        Self {
            name: module.name().to_owned(),
            functions: functions.collect(),
            code: lines.map(|(at, line)| Line::of(&line, at, module.constants())).collect(),
            ..Self::default()
        }
    }

    /// The module before any patch; none where it would not load, or cannot be written down at all.
    #[must_use]
    pub fn module(&self) -> Option<Module> {
        let mut builder = ModuleBuilder::new(&self.name);
        for (at, line) in self.code.iter().enumerate() {
            push(line, at, &mut builder)?;
        }
        for (name, entry) in &self.functions {
            builder.function(name, u32::try_from(*entry).ok()?);
        }
        builder.finish().ok()
    }

    /// The bytes of the module, patched, with what else a run needs; none as for [`Self::module`].
    #[must_use]
    pub fn subject(&self) -> Option<Subject> {
        let module = self.module()?;
        let mut bytes = module.encode();
        for patch in &self.patches {
            let start = patch.anchor.map_or(0, |at| module.instruction_offset(at));
            let place = start + patch.offset;
            match patch.change {
                Change::Set(byte) => *bytes.get_mut(place)? = byte,
                Change::Cut => bytes.truncate(place),
            }
        }
        let (limits, globals, schedule) = (self.limits.clone(), self.globals.clone(), self.schedule.clone());
        Some(Subject { module: bytes, limits, globals, schedule })
    }

    /// The program with more instructions before the one at `place`. What named that one names the first of them.
    #[must_use]
    pub fn with(&self, place: usize, lines: &[Line]) -> Self {
        let moved = |at: usize| if at > place { at + lines.len() } else { at };
        let mut program = self.clone();
        program.code.iter_mut().for_each(|line| line.places_mut().for_each(|at| *at = moved(*at)));
        program.functions.iter_mut().for_each(|(_, entry)| *entry = moved(*entry));
        for patch in &mut program.patches {
            patch.anchor = patch.anchor.map(|at| if at >= place { at + lines.len() } else { at });
        }
        program.code.splice(place..place, lines.iter().cloned());
        program
    }

    /// The program without some of its instructions. What named one of them names the next that is left, and patches of
    /// theirs go with them.
    #[must_use]
    pub fn without(&self, gone: &dyn Fn(usize) -> bool) -> Self {
        let mut new_index = Vec::with_capacity(self.code.len() + 1);
        let mut kept = 0;
        for at in 0..self.code.len() {
            new_index.push(kept);
            kept += usize::from(!gone(at));
        }
        new_index.push(kept);
        let moved = |place: usize| new_index.get(place).copied().unwrap_or(kept);
        let mut program = Self { code: Vec::with_capacity(kept), ..self.clone() };
        for (at, line) in self.code.iter().enumerate() {
            if !gone(at) {
                let mut line = line.clone();
                line.places_mut().for_each(|place| *place = moved(*place));
                program.code.push(line);
            }
        }
        // A function that began at the very end would not load.
        program.functions.iter_mut().for_each(|(_, entry)| *entry = moved(*entry));
        program.functions.retain(|(_, entry)| *entry < kept);
        program.patches.retain(|patch| patch.anchor.is_none_or(|at| !gone(at)));
        program.patches.iter_mut().for_each(|patch| patch.anchor = patch.anchor.map(moved));
        program
    }
}

/// Appends a line; none where it cannot be encoded.
fn push(line: &Line, at: usize, builder: &mut ModuleBuilder) -> Option<()> {
    let mut phis: Vec<[u8; 3]> = Vec::new();
    for item in &line.items {
        if let Item::Phis(sources) = item {
            for (register, label) in sources {
                let source = PhiSource { register: Reg(*register), label: u16::try_from(*label).ok()? };
                phis.push(source.to_bytes());
            }
        }
    }
    let mut operands = Vec::with_capacity(line.items.len());
    for item in &line.items {
        operands.push(match item {
            Item::Register(register) => Operand::Register(Reg(*register)),
            Item::Optional(register) => Operand::OptionalRegister(register.map(Reg)),
            Item::Registers(registers) => Operand::Registers(Registers::new(registers)?),
            Item::Constant(constant) => Operand::Constant(builder.constant(constant.clone()).ok()?),
            Item::Type(id) => Operand::Type(*id),
            Item::Target(target) => {
                let offset = i64::try_from(*target).ok()? - i64::try_from(at).ok()? - 1;
                Operand::Jump(JumpOffset(i32::try_from(offset).ok()?))
            }
            Item::Phis(_) => Operand::Phis(Phis::new(&phis)?),
            Item::Check(condition, message) => {
                let message = builder.constant(message.clone()).ok()?;
                Operand::Check(Check { condition: *condition, message })
            }
            Item::Scope(scope) => Operand::Scope(ScopeId(*scope)),
        });
    }
    builder.push(Instruction::from_operands(line.opcode, &operands)?);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use machine_dialect_vm::{assemble, disassemble};

    const LOOP: &str = "\
        .func main\nload_const r0, 3\nload_const r1, 1\nnop\nagain:\nsub r0, r0, r1\njump_if r0, again\n\
        phi r2, [r0: again]\ncall r3, r4, (r0, r1)\nreturn r4\n.func other\nassert r0, int_range, \"m\", 1, 2\nreturn";

    #[test]
    fn every_module_of_the_corpus_survives_being_taken_apart() {
        let cases = crate::corpus::read_folder(&crate::corpus::folder()).unwrap();
        let modules: Vec<_> =
            cases.iter().filter_map(|case| Some((case, Module::decode(&case.module).ok()?))).collect();
        assert!(modules.len() * 2 > cases.len());
        for (case, module) in modules {
            let program = Program::of_module(&module);
            let again = program.module().unwrap();
            assert_eq!(Program::of_module(&again), program, "{}", case.id);
        }
    }

    #[test]
    fn jumps_functions_and_phis_follow_what_is_left() {
        let program = Program::of_module(&assemble(LOOP).unwrap());
        let smaller = program.without(&|at| at == 2 || at == 0);
        let expected = "\
            .func main\nload_const r1, 1\nagain:\nsub r0, r0, r1\njump_if r0, again\n\
            phi r2, [r0: again]\ncall r3, r4, (r0, r1)\nreturn r4\n.func other\nassert r0, int_range, \"m\", 1, 2\nreturn";
        assert_eq!(disassemble(&smaller.module().unwrap()), disassemble(&assemble(expected).unwrap()));
        assert!(program.without(&|at| at > 6).functions.iter().all(|(name, _)| name == "main"));
    }

    #[test]
    fn what_is_inserted_moves_the_rest() {
        let program =
            Program::of_module(&assemble("again:\njump_if r0, again\njump end\nnop\nend:\nreturn").unwrap());
        let nop = Line { opcode: Opcode::Nop, items: Vec::new() };
        let expected = "again:\njump_if r0, again\nnop\njump end\nnop\nend:\nreturn";
        assert_eq!(
            disassemble(&program.with(1, &[nop]).module().unwrap()),
            disassemble(&assemble(expected).unwrap())
        );
    }

    #[test]
    fn patches_stay_with_their_instruction() {
        let mut program = Program::of_module(&assemble(LOOP).unwrap());
        program.patches.push(Patch { anchor: Some(3), offset: 0, change: Change::Set(200) });
        let load =
            |program: &Program| Module::decode(&program.subject().unwrap().module).unwrap_err().to_string();
        assert!(load(&program).starts_with("invalid opcode 200 at instruction 3"));
        assert!(load(&program.without(&|at| at == 0)).starts_with("invalid opcode 200 at instruction 2"));
        assert!(program.without(&|at| at == 3).patches.is_empty());
    }
}
