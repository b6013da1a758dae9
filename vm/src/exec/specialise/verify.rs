//! The verifier: an abstract interpretation of specialised code, which proves again what the builder relied on.
//!
//! It runs where debug assertions are on, over each block when it is made, and knows of the builder only what `spec/specops.yaml`
//! declares of each instruction. What it proves is what makes the unchecked loop and the JIT sound:
//!
//! - an operand has the type that the instruction needs;
//! - what is written over without being dropped is a scalar;
//! - what an exit, a stub or a version says of registers is true when control gets there;
//! - a deferred store is of a value that costs no memory, over one that costs none;
//! - a return leaves nothing but scalars behind in its frame;
//! - the steps that are charged are those that were taken, and never more than the reserve;
//! - the second half of a superinstruction is behind the first, and control does not run past the end.

use std::fmt;

use crate::exec::interpreter::{Op, Program};
use crate::exec::specialise::code::Code;
use crate::exec::specialise::context::{Source, TypeContext};
use crate::exec::specialise::op::{CodeAddr, Gives, Needs, SpecOp};
use crate::exec::specialise::types::Type;
use crate::isa::{Operand, REGISTERS, Reg, Role};
use crate::runtime::RESERVE;

/// What is known of each register.
pub(crate) type Types = [Type; REGISTERS];

/// Something that does not hold.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The position of the instruction.
    pub(crate) place: usize,
    /// The instruction, as a dump shows it.
    op: String,
    what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "specialised instruction @{}, {}: {}", self.place, self.op, self.what)
    }
}

/// Verifies the block that begins at `begin`, where registers have those types: to its end, and to that of the code where another
/// version begins meanwhile.
pub(crate) fn verify(code: &Code, program: &Program, begin: usize, entry: &Types) -> Result<(), Fault> {
    let mut types = *entry;
    for place in begin..code.ops.len() {
        let op = code.ops[place];
        let mut block = Block { code, program, place, types: &mut types };
        let fault = |what: String| Fault { place, op: op.to_string(), what };
        block.instruction(op).map_err(fault)?;
        if op.unfused().leads_elsewhere() {
            return Ok(());
        }
    }
    let last = code.ops.last().map(ToString::to_string).unwrap_or_default();
    let place = code.ops.len().saturating_sub(1);
    Err(Fault { place, op: last, what: "control runs past the end of the code".to_owned() })
}

/// One instruction of a block.
struct Block<'a> {
    code: &'a Code,
    program: &'a Program,
    place: usize,
    types: &'a mut Types,
}

impl Block<'_> {
    fn instruction(&mut self, fused: SpecOp) -> Result<(), String> {
        let at = CodeAddr::of(self.place);
        if let Some(version) = self.code.versions.values().flatten().find(|version| version.at == at) {
            self.context("the version that begins here", &version.context, self.types)?;
            *self.types = version.context.types;
        }
        self.second_half(fused)?;
        let op = fused.unfused();
        self.exit(op)?;
        let after = self.slots(op)?;
        self.returns(op)?;
        *self.types = after;
        self.baseline(op);
        self.targets(op)
    }

    /// The second half of a superinstruction is where it is looked for.
    fn second_half(&self, op: SpecOp) -> Result<(), String> {
        let Some(second) = op.second() else { return Ok(()) };
        match self.code.ops.get(self.place + 1) {
            Some(next) if next.unfused().name() == second => Ok(()),
            next => Err(format!(
                "{second} must stand behind it, where {} stands",
                next.map_or("nothing", |next| next.name())
            )),
        }
    }

    /// What the exit says is true before the instruction, and it charges the steps that were taken.
    fn exit(&self, op: SpecOp) -> Result<(), String> {
        if !op.has_exit() {
            return Ok(());
        }
        let exit = self.code.exits.get(self.code.ops.exit_of(self.place));
        let Some(exit) = exit else { return Err("it has no exit".to_owned()) };
        self.context("its exit", &exit.context, self.types)?;
        let (Some(charged), taken) = (op.steps(), exit.context.steps) else { return Ok(()) };
        let leads_out = op.leads_elsewhere() && op.target().is_none();
        let is_counter = matches!(op, SpecOp::CountLtInt { .. } | SpecOp::CountLeInt { .. })
            || matches!(op, SpecOp::CountLtIntConst { .. } | SpecOp::CountGeIntConst { .. })
            || matches!(op, SpecOp::StepLtInt { .. } | SpecOp::StepLeInt { .. });
        // A long run of phis is charged by itself, and the increment before a back edge was not taken at its exit.
        let is_right = if leads_out {
            charged == taken + 1
        } else if is_counter {
            charged > taken
        } else {
            charged == taken || taken == 0
        };
        if is_right {
            Ok(())
        } else {
            Err(format!("it charges {charged} steps, and {taken} were taken before it"))
        }
    }

    /// Operands have the types they need. Gives the types behind the instruction.
    fn slots(&self, op: SpecOp) -> Result<Types, String> {
        let mut after = *self.types;
        for access in op.accesses() {
            let (register, name) = (access.slot.register(), access.operand);
            let found = self.types[usize::from(register)];
            match access.needs {
                Some(Needs::Type(needed)) if !needed.admits(found) => {
                    return Err(format!("{name} (r{register}) must be {needed:?} and is {found:?}"));
                }
                Some(Needs::Number) if !found.is_number() => {
                    return Err(format!("{name} (r{register}) must be a number and is {found:?}"));
                }
                Some(_) | None => {}
            }
            if access.gives.is_some() && !access.over_any && !found.is_scalar() {
                return Err(format!("{name} (r{register}) is written over {found:?}, which is not dropped"));
            }
            let given = match access.gives {
                Some(Gives::Type(ty)) => Some(ty),
                Some(Gives::Constant(constant)) => {
                    Some(self.source_type(Source::Constant(constant), self.types))
                }
                Some(Gives::Same(slot)) => Some(self.types[usize::from(slot.register())]),
                None => access.refines,
            };
            if let Some(ty) = given {
                after[usize::from(register)] = ty;
            }
        }
        if let Some([one, other]) = op.swapped() {
            after.swap(usize::from(one.register()), usize::from(other.register()));
        }
        Ok(after)
    }

    /// The result of a baseline instruction has the type that the instruction set gives it, or may have any.
    fn baseline(&mut self, op: SpecOp) {
        let SpecOp::Baseline { op } = op else { return };
        let pc = self.code.exit_at(CodeAddr::of(self.place)).pc as usize;
        let Some(instruction) = self.program.module.instruction(pc) else { return };
        let specs = instruction.opcode().spec().operands;
        for (operand, spec) in instruction.operands().iter().zip(specs) {
            if let (Operand::Register(dst), Role::Out) = (operand, spec.role) {
                self.types[usize::from(dst.0)] = self.result(op);
            }
        }
    }

    fn result(&self, op: Op) -> Type {
        let ty = |register: Reg| self.types[usize::from(register.0)];
        if let Op::Add { left, right, .. }
        | Op::Sub { left, right, .. }
        | Op::Mul { left, right, .. }
        | Op::Div { left, right, .. }
        | Op::Mod { left, right, .. } = op
        {
            let (left, right) = (ty(left), ty(right));
            return match (left == Type::Int && right == Type::Int, left.is_number() && right.is_number()) {
                (true, _) => Type::Int,
                (false, true) => Type::Float,
                (false, false) => Type::Any,
            };
        }
        if let Op::Neg { src, .. } = op {
            return if ty(src).is_number() { ty(src) } else { Type::Any };
        }
        let is_bool = matches!(op, Op::Eq { .. } | Op::Neq { .. } | Op::Lt { .. } | Op::Gt { .. })
            || matches!(op, Op::Lte { .. } | Op::Gte { .. } | Op::And { .. } | Op::Or { .. })
            || matches!(op, Op::Not { .. } | Op::CheckType { .. } | Op::DictContains { .. });
        if is_bool {
            Type::Bool
        } else if matches!(op, Op::ArrayLen { .. } | Op::DictLen { .. } | Op::StrLen { .. }) {
            Type::Int
        } else {
            Type::Any
        }
    }

    /// A return leaves only scalars behind.
    fn returns(&self, op: SpecOp) -> Result<(), String> {
        let (clear, src) = if let SpecOp::Return { src, clear, .. } = op {
            (clear, Some(src.register()))
        } else if let SpecOp::ReturnConst { clear, .. } = op {
            (clear, None)
        } else {
            return Ok(());
        };
        let Some(cleared) = self.code.clears.get(clear as usize) else {
            return Err(format!("there is no list {clear} of registers to clear"));
        };
        let is_left = |register: &u8| {
            !self.types[usize::from(*register)].is_scalar()
                && Some(*register) != src
                && cleared.iter().all(|slot| slot.register() != *register)
        };
        match (0..=u8::MAX).find(is_left) {
            Some(register) => Err(format!("it leaves r{register} behind, which need not be a scalar")),
            None => Ok(()),
        }
    }

    /// What is said of where control may go is true.
    fn targets(&self, op: SpecOp) -> Result<(), String> {
        if let SpecOp::Call { site, .. } = op {
            let Some(call) = self.code.sites.get(site as usize) else {
                return Err(format!("there is no call {site}"));
            };
            let mut after = *self.types;
            after[usize::from(call.dst)] = Type::Any;
            return self.context("what is behind the call", &call.after, &after);
        }
        let Some(to) = op.target() else { return Ok(()) };
        if to.is_stub() {
            let stub = self.code.stubs.get(to.as_stub() as usize);
            return match stub {
                Some(Some(stub)) => self.context("its stub", &stub.context, self.types),
                // It is made just now.
                Some(None) => Ok(()),
                None => Err(format!("there is no {to:?}")),
            };
        }
        let version = self.code.versions.values().flatten().find(|version| {
            let is_behind_branch = self.code.ops[version.at.index()].starts_back_edge();
            version.at == to || is_behind_branch && version.at.next() == to
        });
        match version {
            Some(version) => self.context("the version it goes to", &version.context, self.types),
            None => Ok(()),
        }
    }

    /// A context says nothing of registers that is not so, and defers only stores that cost nothing.
    fn context(&self, what: &str, context: &TypeContext, types: &Types) -> Result<(), String> {
        for (register, (said, found)) in context.types.iter().zip(types).enumerate() {
            if !said.admits(*found) {
                return Err(format!("{what} has r{register} as {said:?}, and it is {found:?}"));
            }
        }
        if u64::from(context.steps) >= RESERVE {
            return Err(format!(
                "{what} has {} steps to charge, and the reserve is {RESERVE}",
                context.steps
            ));
        }
        for (register, source) in &context.deferred {
            let stored = self.source_type(*source, types);
            let over = types[usize::from(*register)];
            if stored == Type::Any || over == Type::Any {
                return Err(format!("{what} defers a store of {stored:?} over {over:?} in r{register}"));
            }
        }
        Ok(())
    }

    fn source_type(&self, source: Source, types: &Types) -> Type {
        match source {
            Source::Slot(slot) => types[usize::from(slot)],
            Source::Constant(constant) => {
                let value = self.program.constants.get(usize::from(constant));
                value.map_or(Type::Any, |value| Type::of(value, self.program.functions.id))
            }
            Source::Bool(_) => Type::Bool,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assemble;
    use crate::exec::analysis::FlowGraph;
    use crate::exec::specialise::op::Slot;
    use crate::value::Value;

    /// Specialised code of the path that a program takes from its beginning with some values in registers.
    struct Sample {
        program: Program,
        code: Code,
        entry: Types,
    }

    fn sample(source: &str, values: &[(u8, Value)]) -> Sample {
        let program = Program::new(assemble(source).unwrap());
        let mut registers: [Value; REGISTERS] = std::array::from_fn(|_| Value::Empty);
        for (register, value) in values {
            registers[usize::from(*register)] = value.clone();
        }
        let entry = std::array::from_fn(|register| Type::of(&registers[register], program.functions.id));
        let mut code = Code::new(FlowGraph::new(&program));
        code.set_analysis_budget(usize::MAX);
        code.analyse(&program, 0);
        code.enter(&program, &registers, 0, REGISTERS, true).unwrap();
        // What was left to be seen has been seen: the values are those that the registers have had all along.
        while let Some(SpecOp::Goto { to }) = code.ops.last()
            && to.is_stub()
        {
            let number = to.as_stub() as usize;
            code.make_stub(&program, &registers, number).unwrap();
        }
        Sample { program, code, entry }
    }

    impl Sample {
        fn verify(&self) -> Result<(), Fault> {
            verify(&self.code, &self.program, 0, &self.entry)
        }

        /// The position of the first instruction of that name.
        fn find(&self, name: &str) -> usize {
            let found = self.code.ops.iter().position(|op| op.name() == name);
            found.unwrap_or_else(|| panic!("no {name} in\n{}", self.code.dump(&self.program)))
        }

        /// The context of the exit of an instruction, to be changed.
        fn exit(&mut self, place: usize) -> &mut TypeContext {
            let exit = self.code.ops.exit_of(place);
            std::rc::Rc::make_mut(&mut self.code.exits[exit].context)
        }
    }

    const LOOP: &str = "again:
        mul r0, r0, r1
        add r3, r0, r1
        lt r6, r3, r5
        jump_if r6, again
        return r0";

    fn a_loop() -> Sample {
        sample(
            LOOP,
            &[
                (0, Value::Int(1)),
                (1, Value::Int(1)),
                (2, Value::Float(0.5)),
                (5, Value::Int(9)),
                (7, list()),
            ],
        )
    }

    fn list() -> Value {
        Value::array([Value::Int(1)])
    }

    fn an_element() -> Sample {
        let source = "array_get r3, r7, r1\n add r0, r3, r1\n return r0";
        sample(source, &[(0, Value::Int(1)), (1, Value::Int(0)), (3, Value::Int(1)), (7, list())])
    }

    /// Code with an error planted into it, which must be found.
    fn finds(mut sample: Sample, plant: impl FnOnce(&mut Sample), message: &str) {
        assert_eq!(sample.verify(), Ok(()), "{}", sample.code.dump(&sample.program));
        plant(&mut sample);
        let fault = sample.verify().map_err(|fault| fault.to_string());
        let Err(fault) = fault else { panic!("nothing is found in\n{}", sample.code.dump(&sample.program)) };
        assert!(fault.contains(message), "{fault}\n{}", sample.code.dump(&sample.program));
    }

    #[test]
    fn an_operand_of_another_type() {
        finds(
            a_loop(),
            |sample| {
                let place = sample.find("MulInt");
                let [dst, left, right] = [0, 0, 2].map(Slot::of);
                let op = SpecOp::MulInt { dst: dst.into(), left: left.into(), right: right.into() };
                sample.code.ops.replace(place, op);
            },
            "right (r2) must be Int and is Scalar",
        );
    }

    #[test]
    fn a_guard_that_is_gone() {
        finds(
            an_element(),
            |sample| {
                let place = sample.find("ArrayGetInt");
                let SpecOp::ArrayGetInt { dst, array, index } = sample.code.ops[place].unfused() else {
                    panic!()
                };
                sample.code.ops.replace(place, SpecOp::ArrayGet { dst: *dst, array, index });
            },
            "its exit has r3 as Int, and it is Any",
        );
    }

    #[test]
    fn a_value_that_is_written_over_and_not_dropped() {
        finds(
            a_loop(),
            |sample| {
                let place = sample.find("MulInt");
                let [dst, left, right] = [7, 0, 1].map(Slot::of);
                let op = SpecOp::MulInt { dst: dst.into(), left: left.into(), right: right.into() };
                sample.code.ops.replace(place, op);
            },
            "dst (r7) is written over Any, which is not dropped",
        );
    }

    #[test]
    fn an_exit_that_says_too_much() {
        finds(
            a_loop(),
            |sample| {
                let place = sample.find("MulInt");
                sample.exit(place).types[2] = Type::Int;
            },
            "its exit has r2 as Int, and it is Scalar",
        );
    }

    #[test]
    fn a_deferred_store_of_what_costs_memory() {
        finds(
            a_loop(),
            |sample| {
                let place = sample.find("MulInt");
                sample.exit(place).deferred.push((4, Source::Slot(7)));
            },
            "defers a store of Any over Scalar in r4",
        );
    }

    #[test]
    fn a_deferred_store_over_what_costs_memory() {
        finds(
            a_loop(),
            |sample| {
                let place = sample.find("MulInt");
                sample.exit(place).deferred.push((7, Source::Bool(true)));
            },
            "defers a store of Bool over Any in r7",
        );
    }

    #[test]
    fn a_return_that_leaves_an_array_behind() {
        finds(
            an_element(),
            |sample| {
                for clears in &mut sample.code.clears {
                    *clears = Box::default();
                }
            },
            "it leaves r7 behind",
        );
    }

    #[test]
    fn steps_that_are_not_charged() {
        finds(
            an_element(),
            |sample| {
                let place = sample.code.ops.len() - 1;
                let SpecOp::Return { src, clear, steps } = sample.code.ops[place] else { panic!() };
                sample.code.ops.replace(place, SpecOp::Return { src, clear, steps: steps - 1 });
            },
            "it charges 2 steps, and 2 were taken before it",
        );
    }

    #[test]
    fn more_steps_than_the_reserve() {
        finds(
            a_loop(),
            |sample| {
                let place = sample.find("MulInt");
                sample.exit(place).steps = RESERVE as u16;
            },
            "its exit has 256 steps to charge, and the reserve is 256",
        );
    }

    #[test]
    fn a_superinstruction_without_its_second_half() {
        finds(
            an_element(),
            |sample| {
                let place = sample.find("AddIntReturn");
                sample.code.ops.replace(place + 1, SpecOp::Deoptimise);
            },
            "Return must stand behind it, where Deoptimise stands",
        );
    }

    #[test]
    fn control_that_runs_past_the_end() {
        finds(
            a_loop(),
            |sample| {
                sample.code.ops.truncate(sample.code.ops.len() - 1);
            },
            "control runs past the end of the code",
        );
    }

    #[test]
    fn a_version_that_is_for_other_types() {
        finds(
            a_loop(),
            |sample| {
                let versions = sample.code.versions.values_mut().flatten();
                // It begins at an instruction that has been verified when control goes back to it.
                versions.for_each(|version| version.context.types[2] = Type::Bool);
            },
            "has r2 as Bool, and it is Float",
        );
    }

    #[test]
    fn a_stub_that_says_too_much() {
        finds(
            a_loop(),
            |sample| {
                let stubs = sample.code.stubs.iter_mut().flatten();
                stubs.for_each(|stub| stub.context.types[7] = Type::Int);
            },
            "its stub has r7 as Int, and it is Any",
        );
    }

    #[test]
    fn an_instruction_that_has_lost_its_exit() {
        finds(
            a_loop(),
            |sample| {
                let place = sample.find("MulInt");
                sample.code.ops.replace_exit(place, u32::MAX);
            },
            "it has no exit",
        );
    }
}
