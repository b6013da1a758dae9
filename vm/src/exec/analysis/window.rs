//! Windows: straight-line code behind a write in which nothing counts memory, and what of it is overwritten there.
//!
//! `array_get r2, r1, r0`, `array_set r2, …`, `array_set r1, r0, r2` changes a row of a grid. The grid holds the row, too, until the
//! row is set, so the write would copy it. What is overwritten within the window is not read before, so it may let go of the row
//! when the window begins: nobody looks at it, and nothing is counted, in between.

use crate::exec::analysis::RegSet;
use crate::exec::analysis::flow_graph::registers_of;
use crate::exec::interpreter::{Op, Program};
use crate::isa::Reg;
use crate::runtime::GlobalSlot;
use crate::value::Value;
use crate::values::costs;

/// A window is no longer than this, in instructions. Fuel for so many has to be at hand, so that none ends within.
pub(crate) const LONGEST: usize = 32;

/// The code behind a write, as far as it is a window.
#[derive(Default)]
pub(crate) struct Window {
    /// What has to be known of the registers where the window begins, and what is overwritten, in order.
    pub(super) steps: Vec<Step>,
    /// What may be counted in the window besides copies, at most.
    pub(super) grows: u64,
}

/// What a window does, or relies on.
pub(super) enum Step {
    /// It goes on only if that register holds a number or a bool.
    Number(u8),
    /// A register is overwritten that was not read before.
    Overwritten(u8),
    /// A global is set that was not read before, and nothing can have failed by then.
    Stored(GlobalSlot),
    /// An element of the container in a register is set, and nobody read that register before. It goes on only if there is such an element,
    /// and the container need not be copied.
    Set(Element),
}

/// An element of the container in a register.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Element {
    pub(super) container: u8,
    pub(crate) key: Origin,
    /// Whether it is an entry of a dict.
    pub(super) is_entry: bool,
}

/// Where something stands when a window begins that an instruction of it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    Register(u8),
    Constant(u16),
}

impl Window {
    /// The window behind the instruction at `pc`, which writes to a container.
    pub(crate) fn behind(program: &Program, pc: usize, container: Reg) -> Self {
        let mut walk = Walk::new(container);
        let Some(op) = program.ops.get(pc) else { return walk.window };
        let Some(instruction) = program.module.instruction(pc) else { return walk.window };
        walk.read = registers_of(&instruction, true).0;
        if let Op::ArraySet { value, .. } | Op::DictSet { value, .. } = *op {
            walk.leaked.insert(value.0);
        }
        let (mut at, mut previous, mut left) = (pc + 1, pc, LONGEST);
        while left > 0 {
            let Some(&op) = program.ops.get(at) else { break };
            if let Op::Phi { .. } = op {
                let select = |op: &Op| op.select(program.code(), Some(previous));
                let run: Vec<_> = program.ops[at..].iter().map_while(select).take(left + 1).collect();
                if run.len() > left {
                    break;
                }
                walk.phis(&run);
                left -= run.len();
                at += run.len();
                previous = at - 1;
                continue;
            }
            let Some(instruction) = program.module.instruction(at) else { break };
            if !walk.instruction(program, op, registers_of(&instruction, true).0) {
                break;
            }
            left -= 1;
            previous = at;
            at = if let Op::Jump { offset } = op { offset.pc() } else { at + 1 };
        }
        walk.window
    }

    /// The register of the first other container of which an element is set, and what leads to the element, if nothing has to be known for
    /// the window to come that far.
    pub(crate) fn first_element(&self, container: Reg) -> Option<(Reg, Origin)> {
        let is_sure = |step: &&Step| matches!(step, Step::Overwritten(_) | Step::Stored(_));
        match self.steps.iter().find(|step| !is_sure(step)) {
            Some(Step::Set(element)) if element.container != container.0 && self.grows == 0 => {
                Some((Reg(element.container), element.key))
            }
            _ => None,
        }
    }
}

/// What is known on the way.
struct Walk {
    window: Window,
    /// The register of the container that is written to.
    container: u8,
    /// The registers that were read or written: they do not hold any more what they held at first, or somebody looked at that.
    read: RegSet,
    /// Those whose value stands elsewhere now, too.
    leaked: RegSet,
    /// Those of whose value a part was read.
    peeked: RegSet,
    /// The registers that were written, with where their value stood at first.
    names: Vec<(u8, Option<Origin>)>,
    /// The registers that were written with numbers or bools.
    numbers: RegSet,
    /// The globals that were read or set.
    globals: Vec<GlobalSlot>,
    /// Whether an instruction may have failed.
    may_fail: bool,
}

impl Walk {
    fn new(container: Reg) -> Self {
        Self {
            window: Window::default(),
            container: container.0,
            read: RegSet::default(),
            leaked: RegSet::default(),
            peeked: RegSet::default(),
            names: Vec::new(),
            numbers: RegSet::default(),
            globals: Vec::new(),
            may_fail: false,
        }
    }

    /// Where the value of a register stood when the window began.
    fn name(&self, register: Reg) -> Option<Origin> {
        let written = self.names.iter().rev().find(|(written, _)| *written == register.0);
        written.map_or(Some(Origin::Register(register.0)), |(_, name)| *name)
    }

    fn write(&mut self, register: Reg, name: Option<Origin>, is_number: bool) {
        if !self.read.contains(register.0) {
            self.window.steps.push(Step::Overwritten(register.0));
            self.read.insert(register.0);
        }
        self.names.push((register.0, name));
        self.numbers.set(register.0, is_number);
    }

    fn reads(&mut self, registers: RegSet) {
        self.read = self.read.union(registers);
        self.leaked = self.leaked.union(registers);
    }

    /// A run of phis, which reads all before it writes any.
    fn phis(&mut self, run: &[(Reg, Option<Reg>)]) {
        let chosen = run.iter().filter_map(|(dst, src)| Some((*dst, (*src)?)));
        let mut moves: Vec<(Reg, Option<Origin>, bool)> = Vec::new();
        for (dst, src) in chosen {
            self.read.insert(src.0);
            self.leaked.insert(src.0);
            moves.push((dst, self.name(src), self.numbers.contains(src.0)));
        }
        for (dst, name, is_number) in moves {
            self.write(dst, name, is_number);
        }
    }

    /// Goes past an instruction, which reads those registers. Gives false where the window ends before it.
    fn instruction(&mut self, program: &Program, op: Op, reads: RegSet) -> bool {
        if let Op::ArraySet { array, index, value } = op {
            return self.set(array, index, value, false);
        }
        if let Op::DictSet { dict, key, value } = op {
            return self.set(dict, key, value, true);
        }
        if let Op::ArrayGet { dst, array, index } = op {
            self.read = self.read.union(reads);
            self.leaked.insert(index.0);
            self.peeked.insert(array.0);
            self.may_fail = true;
            self.write(dst, None, false);
            return true;
        }
        if let Op::ArrayLen { dst, .. } | Op::DictLen { dst, .. } | Op::StrLen { dst, .. } = op {
            self.read = self.read.union(reads);
            self.may_fail = true;
            self.write(dst, None, true);
            return true;
        }
        let mut written = None;
        if let Op::Move { dst, src } = op {
            written = Some((dst, self.name(src), self.numbers.contains(src.0)));
        } else if let Op::LoadConst { dst, constant } = op {
            let value = &program.constants[usize::from(constant.0)];
            let is_number = matches!(value, Value::Bool(_) | Value::Int(_) | Value::Float(_));
            written = Some((dst, Some(Origin::Constant(constant.0)), is_number));
        } else if let Op::LoadGlobal { dst, name } = op {
            self.globals.push(name);
            written = Some((dst, None, false));
        } else if let Op::StoreGlobal { name, .. } = op {
            if !self.may_fail && !self.globals.contains(&name) {
                self.window.steps.push(Step::Stored(name));
            }
            self.globals.push(name);
        } else if let Op::Add { dst, left, right } = op {
            // Joining strings counts memory.
            if !self.numbers.contains(left.0) && !self.numbers.contains(right.0) {
                let mut names = [left, right].into_iter().filter_map(|operand| self.name(operand));
                let Some(Origin::Register(register)) = names.next() else { return false };
                self.window.steps.push(Step::Number(register));
            }
            written = Some((dst, None, true));
            self.may_fail = true;
        } else if let Op::Sub { dst, .. }
        | Op::Mul { dst, .. }
        | Op::Div { dst, .. }
        | Op::Mod { dst, .. }
        | Op::Neg { dst, .. }
        | Op::Eq { dst, .. }
        | Op::Neq { dst, .. }
        | Op::Lt { dst, .. }
        | Op::Gt { dst, .. }
        | Op::Lte { dst, .. }
        | Op::Gte { dst, .. } = op
        {
            written = Some((dst, None, true));
            self.may_fail = true;
        } else if let Op::Not { dst, .. } | Op::And { dst, .. } | Op::Or { dst, .. } = op {
            written = Some((dst, None, true));
        } else if !matches!(op, Op::Jump { .. } | Op::Nop) {
            // What is not known to count no memory may count some.
            return false;
        }
        self.reads(reads);
        if let Some((dst, name, is_number)) = written {
            self.write(dst, name, is_number);
        }
        true
    }

    /// An element is set.
    fn set(&mut self, container: Reg, key: Reg, value: Reg, is_entry: bool) -> bool {
        let is_own = container.0 == self.container;
        let is_as_it_was = self.name(container) == Some(Origin::Register(container.0))
            && !self.leaked.contains(container.0)
            && (is_own || !self.peeked.contains(container.0));
        if !is_as_it_was || value == container {
            return false;
        }
        if let Some(key) = self.name(key) {
            self.window.steps.push(Step::Set(Element { container: container.0, key, is_entry }));
        } else if is_own {
            // Nothing else holds it by now, so it is not copied; but it may grow.
            self.may_fail = true;
            self.window.grows += costs::ELEMENT.max(costs::ENTRY);
        } else {
            return false;
        }
        self.read.insert(container.0);
        for register in [key, value] {
            self.read.insert(register.0);
            self.leaked.insert(register.0);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assemble;

    /// The steps of the window behind the first instruction, which writes to a part of r1 that stands in r2.
    fn steps(rest: &str) -> String {
        let source = format!("array_set r2, r5, r6\n{rest}");
        let window = Window::behind(&Program::new(assemble(&source).unwrap()), 0, Reg(2));
        let step = |step: &Step| match step {
            Step::Number(register) => format!("number r{register}"),
            Step::Overwritten(register) => format!("r{register}"),
            Step::Stored(GlobalSlot(name)) => format!("global {name}"),
            Step::Set(Element { container, key: Origin::Register(key), .. }) => {
                format!("r{container}[r{key}]")
            }
            Step::Set(Element { container, .. }) => format!("r{container}[constant]"),
        };
        window.steps.iter().map(step).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn parts_are_set_and_the_whole_is_stored() {
        assert_eq!(steps("array_set r1, r0, r2\n store_global r1, \"g\"\n halt"), "r1[r0], global 0");
        assert_eq!(steps("load_const r9, 1\n dict_set r1, r9, r2"), "r9, r1[constant]");
        assert_eq!(steps("move r9, r0\n array_set r1, r9, r2"), "r9, r1[r0]");
    }

    #[test]
    fn a_window_ends_where_memory_is_counted() {
        assert_eq!(steps("concat_str r9, r0, r0\n array_set r1, r0, r2"), "");
        assert_eq!(steps("call r9, r8, ()\n array_set r1, r0, r2"), "");
        assert_eq!(steps("jump_if r9, end\n array_set r1, r0, r2\n end:"), "");
        assert_eq!(steps("load_const r9, 1\n add r9, r9, r0\n move r7, r0"), "r9, r7");
        assert_eq!(steps("add r9, r0, r0\n move r7, r0"), "number r0, r9, r7");
    }

    #[test]
    fn what_is_looked_at_lets_go_of_nothing() {
        assert_eq!(steps("move r9, r7\n load_const r7, 1"), "r9");
        assert_eq!(steps("load_global r9, \"g\"\n store_global r2, \"g\""), "r9");
        assert_eq!(steps("move r9, r1\n array_set r1, r0, r2"), "r9");
        assert_eq!(steps("array_get r9, r1, r0\n array_set r1, r0, r2"), "r9");
        assert_eq!(steps("store_global r1, \"g\"\n array_set r1, r0, r2"), "global 0");
    }

    #[test]
    fn a_global_is_no_part_of_a_failure() {
        assert_eq!(steps("sub r9, r0, r0\n store_global r2, \"g\""), "r9");
        assert_eq!(steps("array_get r9, r2, r0\n store_global r2, \"g\""), "r9");
        assert_eq!(steps("array_set r2, r9, r0\n store_global r2, \"g\""), "r2[r9], global 0");
        assert_eq!(steps("array_len r9, r2\n array_set r2, r9, r0\n store_global r2, \"g\""), "r9");
    }

    #[test]
    fn a_key_that_was_computed_leads_nowhere_known() {
        assert_eq!(steps("sub r9, r0, r0\n array_set r1, r9, r2\n load_const r7, 1"), "r9");
    }

    #[test]
    fn phis_of_the_path_are_moves() {
        let source = "jump on\n on:\n phi r9, [r2: 1, r7: 0]\n phi r8, [r9: 1]\n load_const r7, 1";
        assert_eq!(steps(source), "r8, r7");
    }
}
