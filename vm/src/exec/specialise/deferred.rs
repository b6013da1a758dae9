//! Stores to registers: at once, deferred, or done in place by the operation that computes the value.

use std::rc::Rc;

use crate::exec::specialise::builder::{Builder, MAX_BETWEEN};
use crate::exec::specialise::code::Exit;
use crate::exec::specialise::context::{Source, TypeContext};
use crate::exec::specialise::op::{Slot, SpecOp};
use crate::exec::specialise::types::Type;
use crate::isa::Reg;
use crate::value::Value;

impl Builder<'_> {
    /// Does the deferred stores that are selected, and those that these would spoil.
    pub(super) fn store_deferred(&mut self, selected: impl Fn(u8, Source) -> bool) {
        let mut due: Vec<u8> = self
            .context
            .deferred
            .iter()
            .filter(|(to, from)| selected(*to, *from))
            .map(|(to, _)| *to)
            .collect();
        let mut seen = 0;
        while let Some(&register) = due.get(seen) {
            seen += 1;
            for (to, from) in &self.context.deferred {
                if *from == Source::Slot(register) && !due.contains(to) {
                    due.push(*to);
                }
            }
        }
        while let Some(&first) = due.first() {
            let reads =
                |register: u8| self.context.deferred.iter().any(|(_, from)| *from == Source::Slot(register));
            if let Some(place) = due.iter().position(|register| !reads(*register)) {
                let register = due.swap_remove(place);
                let source = self.context.source(register);
                self.context.forget(register);
                self.write(register, source);
            } else if let Source::Slot(other) = self.context.source(first) {
                // Every register that is left is read by another: they are swapped in a circle.
                self.emit(SpecOp::Swap { a: Slot::of(first), b: Slot::of(other) });
                self.is_fresh = false;
                self.context.types.swap(usize::from(first), usize::from(other));
                for (_, source) in &mut self.context.deferred {
                    if *source == Source::Slot(first) {
                        *source = Source::Slot(other);
                    } else if *source == Source::Slot(other) {
                        *source = Source::Slot(first);
                    }
                }
                self.context.deferred.retain(|(to, from)| *from != Source::Slot(*to));
                due.retain(|register| self.context.deferred.iter().any(|(to, _)| to == register));
            } else {
                // Each of n registers has one source and is read by one of the n: they all stand in circles of places.
                return;
            }
        }
    }

    /// Writes a register, whose place nothing pending needs.
    pub(super) fn write(&mut self, dst: u8, source: Source) {
        if let Source::Slot(src) = source
            && self.compute_in_place(dst, src)
        {
            return;
        }
        let ty = self.source_type(source);
        let over_scalar = self.context.type_of(dst).is_scalar();
        let to = Slot::of(dst);
        let op = match source {
            Source::Slot(src) if over_scalar && ty.is_scalar() => {
                let src = Slot::of(src);
                match ty {
                    Type::Int => SpecOp::MoveInt { dst: to, src },
                    Type::Float => SpecOp::MoveFloat { dst: to, src },
                    Type::Any | Type::Free | Type::Scalar | Type::Bool => SpecOp::MoveScalar { dst: to, src },
                }
            }
            Source::Slot(src) => SpecOp::Move { dst: to, src: Slot::of(src) },
            Source::Bool(value) if over_scalar => SpecOp::LoadBool { dst: to, value },
            Source::Bool(value) => SpecOp::PutBool { dst: to, value },
            Source::Constant(constant) => match &self.program.constants[usize::from(constant)] {
                Value::Int(value) if over_scalar => SpecOp::LoadInt { dst: to, value: *value },
                Value::Float(value) if over_scalar => SpecOp::LoadFloat { dst: to, value: *value },
                Value::Bool(value) if over_scalar => SpecOp::LoadBool { dst: to, value: *value },
                Value::Empty
                | Value::Bool(_)
                | Value::Int(_)
                | Value::Float(_)
                | Value::String(_)
                | Value::Function(_)
                | Value::Url(_)
                | Value::Array(_)
                | Value::Dict(_) => SpecOp::LoadConst { dst: to, constant },
            },
        };
        self.emit(op);
        self.is_fresh = false;
        self.context.set_type(dst, ty);
    }

    /// Makes the operation on numbers that gave what is to be moved from `src` to `dst` write it there at once, if that can be.
    ///
    /// It can where `src` is not needed any more, the operation is part of this block, nothing in between needs what either
    /// place held, and every exit in between can be told where the value is now.
    pub(super) fn compute_in_place(&mut self, dst: u8, src: u8) -> bool {
        if without!("in-place") {
            return false;
        }
        let module = &self.program.module;
        let is_dead = |pc: usize, register: u8| self.code.graph.is_dead(module, pc, register);
        let is_needed = |pc: usize, context: &TypeContext| {
            context.deferred.iter().any(|(to, from)| *from == Source::Slot(dst) && !is_dead(pc, *to))
        };
        if is_needed(self.pc, &self.context)
            || self.context.source(src) != Source::Slot(src)
            || !is_dead(self.pc, src)
        {
            return false;
        }
        let mut place = self.code.ops.len();
        let mut exits = Vec::new();
        loop {
            if place <= self.begin.max(self.code.floor) || exits.len() > MAX_BETWEEN {
                return false;
            }
            place -= 1;
            let mut op = self.code.ops[place];
            let (Some(operands), Some(result)) = (op.operands(), op.result()) else { return false };
            let (operands, result) = (operands.map(Slot::register), result.register());
            let exit = self.code.exit_of[place] as usize;
            if result == src {
                let before = &self.code.exits[exit].context;
                let is_free = before.type_of(src).is_scalar() && before.type_of(dst).is_scalar();
                if !is_free || exits.contains(&exit) {
                    return false;
                }
                break;
            }
            if result == dst || operands.contains(&src) || operands.contains(&dst) {
                return false;
            }
            let Exit { pc, context, taken, other } = &self.code.exits[exit];
            let is_dst_pending = context.source(dst) != Source::Slot(dst);
            let is_clear = *taken == 0 && other.is_none() && !is_needed(*pc as usize, context);
            if !is_clear || !(is_dst_pending || is_dead(*pc as usize, dst)) {
                return false;
            }
            exits.push(exit);
        }
        if let Some(result) = self.code.ops[place].result() {
            *result = Slot::of(dst);
        }
        let ty = self.context.type_of(src);
        exits.dedup();
        for exit in exits {
            let context = Rc::make_mut(&mut self.code.exits[exit].context);
            if context.source(src) == Source::Slot(src) {
                context.deferred.push((src, Source::Slot(src)));
            }
            context.forget(dst);
            context.moved(src, dst, ty);
        }
        self.context.moved(src, dst, ty);
        true
    }

    /// Makes the place of a register free to be written: what was deferred and reads it is done first.
    pub(super) fn free(&mut self, dst: Reg) {
        self.store_deferred(|_, from| from == Source::Slot(dst.0));
    }

    /// Notes that the instruction that was just emitted writes a register.
    pub(super) fn wrote(&mut self, dst: Reg, ty: Type) {
        self.context.forget(dst.0);
        self.context.set_type(dst.0, ty);
        self.is_fresh = false;
    }

    /// Sets a register to what is known to be had elsewhere and costs nothing: later, if that is possible.
    pub(super) fn set(&mut self, dst: Reg, source: Source) {
        if self.context.type_of(dst.0) == Type::Any {
            self.free(dst);
            // What was freed may have been the source's place of another register, but not the source itself.
            self.context.forget(dst.0);
            if source != Source::Slot(dst.0) {
                self.write(dst.0, source);
            }
        } else {
            self.context.defer(dst.0, source);
        }
    }

    /// The places where registers can be read, the pending ones among constants written first.
    pub(super) fn slots<const N: usize>(&mut self, registers: [Reg; N]) -> [Slot; N] {
        for register in registers {
            if !matches!(self.context.source(register.0), Source::Slot(_)) {
                self.store_deferred(|to, _| to == register.0);
            }
        }
        registers.map(|register| match self.context.source(register.0) {
            Source::Slot(slot) => Slot::of(slot),
            Source::Constant(_) | Source::Bool(_) => Slot::of(register.0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assemble;
    use crate::exec::analysis::FlowGraph;
    use crate::exec::interpreter::Program;
    use crate::exec::specialise::code::Code;
    use crate::isa::REGISTERS;

    /// The constants of the program that is built for.
    const FORTY: Source = Source::Constant(0);
    const TEXT: Source = Source::Constant(1);

    /// What a builder emits that knows of scalars alone, apart from some registers.
    fn build(types: &[(u8, Type)], act: impl FnOnce(&mut Builder<'_>)) -> (Vec<String>, TypeContext) {
        let program =
            Program::new(assemble("load_const r0, 40\n load_const r1, \"text\"\n return r0").unwrap());
        let mut code = Code::new(FlowGraph::new(&program));
        code.set_analysis_budget(usize::MAX);
        code.analyse(&program, 0);
        let registers: [Value; REGISTERS] = std::array::from_fn(|_| Value::Empty);
        let mut context = TypeContext::new([Type::Scalar; REGISTERS]);
        for (register, ty) in types {
            context.set_type(*register, *ty);
        }
        let mut builder = Builder::new(&mut code, &program, &registers, 0, context);
        act(&mut builder);
        let context = builder.context.clone();
        (code.ops.iter().map(ToString::to_string).collect(), context)
    }

    #[test]
    fn a_move_is_that_of_the_type() {
        for (ty, name) in [
            (Type::Int, "MoveInt"),
            (Type::Float, "MoveFloat"),
            (Type::Bool, "MoveScalar"),
            (Type::Scalar, "MoveScalar"),
            (Type::Free, "Move"),
            (Type::Any, "Move"),
        ] {
            let (ops, context) = build(&[(5, ty)], |builder| builder.write(6, Source::Slot(5)));
            assert_eq!(ops, [format!("{name} dst=r6 src=r5")]);
            assert_eq!(context.type_of(6), ty);
        }
    }

    #[test]
    fn over_what_may_be_dropped_a_move_is_of_any_value() {
        let (ops, _) = build(&[(5, Type::Int), (6, Type::Any)], |builder| builder.write(6, Source::Slot(5)));
        assert_eq!(ops, ["Move dst=r6 src=r5"]);
    }

    #[test]
    fn constants_are_written_by_what_stands_there() {
        for (source, over, op) in [
            (FORTY, Type::Scalar, "LoadInt dst=r6 value=40"),
            (FORTY, Type::Any, "LoadConst dst=r6 constant=0"),
            (TEXT, Type::Scalar, "LoadConst dst=r6 constant=1"),
            (Source::Bool(true), Type::Scalar, "LoadBool dst=r6 value=true"),
            (Source::Bool(false), Type::Free, "PutBool dst=r6 value=false"),
        ] {
            assert_eq!(build(&[(6, over)], |builder| builder.write(6, source)).0, [op]);
        }
    }

    #[test]
    fn what_a_store_would_spoil_is_stored_before() {
        let (ops, context) = build(&[(3, Type::Int)], |builder| {
            builder.context.defer(1, Source::Slot(2));
            builder.context.defer(2, Source::Slot(3));
            builder.store_deferred(|to, _| to == 2);
        });
        assert_eq!(ops, ["MoveScalar dst=r1 src=r2", "MoveInt dst=r2 src=r3"]);
        assert_eq!(context.deferred, []);
    }

    #[test]
    fn what_is_not_selected_stays_deferred() {
        let (ops, context) = build(&[], |builder| {
            builder.context.defer(1, FORTY);
            builder.context.defer(2, Source::Slot(3));
            builder.store_deferred(|to, _| to == 1);
        });
        assert_eq!(ops, ["LoadInt dst=r1 value=40"]);
        assert_eq!(context.deferred, [(2, Source::Slot(3))]);
    }

    #[test]
    fn circles_of_stores_are_swaps_one_less_than_registers() {
        let circle = |registers: &[u8]| {
            let (ops, context) = build(&[(1, Type::Int), (2, Type::Float)], |builder| {
                for (place, to) in registers.iter().enumerate() {
                    builder.context.defer(*to, Source::Slot(registers[(place + 1) % registers.len()]));
                }
                builder.store_deferred(|_, _| true);
            });
            assert!(ops.iter().all(|op| op.starts_with("Swap ")), "{ops:?}");
            assert_eq!(context.deferred, []);
            (ops.len(), context.type_of(1))
        };
        assert_eq!(circle(&[1, 2]), (1, Type::Float));
        assert_eq!(circle(&[1, 2, 3]), (2, Type::Float));
        assert_eq!(circle(&[1, 4, 3, 2]).0, 3);
    }

    #[test]
    fn a_register_is_freed_of_what_reads_its_place() {
        let (ops, context) = build(&[], |builder| {
            builder.context.defer(1, Source::Slot(5));
            builder.context.defer(2, Source::Slot(6));
            builder.free(Reg(5));
        });
        assert_eq!(ops, ["MoveScalar dst=r1 src=r5"]);
        assert_eq!(context.deferred, [(2, Source::Slot(6))]);
    }

    #[test]
    fn a_scalar_is_set_later_and_what_may_be_dropped_at_once() {
        let (ops, context) = build(&[], |builder| builder.set(Reg(1), FORTY));
        assert_eq!((ops, context.source(1)), (Vec::new(), FORTY));
        let (ops, context) = build(&[(1, Type::Any)], |builder| builder.set(Reg(1), FORTY));
        assert_eq!((ops.len(), context.source(1)), (1, Source::Slot(1)));
        assert_eq!(context.type_of(1), Type::Int);
    }

    #[test]
    fn what_is_written_is_not_stored_over() {
        let (_, context) = build(&[], |builder| {
            builder.context.defer(1, FORTY);
            builder.wrote(Reg(1), Type::Float);
            assert!(!builder.is_fresh);
        });
        assert_eq!((context.source(1), context.type_of(1)), (Source::Slot(1), Type::Float));
    }
}
