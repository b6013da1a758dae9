//! Profiles: how often each instruction, line and function of a run executed, counted exactly.

mod report;

use std::collections::HashMap;

use crate::isa::Opcode;
use crate::module::Module;
use crate::observer::{Observer, Step};
use crate::values::format;

#[cfg(feature = "language")]
pub use report::LineCount;

/// An [`Observer`] that counts. Its numbers are instructions, not times, so they are the same on every machine and in every run.
///
/// ```
/// use machine_dialect_vm::{Opcode, Profile, Run, Vm, language};
///
/// let page = "\
/// Define `n` as Whole Number (default: _0_).
///
/// **While** `n` < _3_:
///
/// > **Set** `n` to `n` + _1_.
/// ";
/// let compiled = language::compile(page, "count.md").unwrap();
/// let vm = Vm::new(compiled.module);
/// let mut profile = Profile::new(vm.module());
/// let completion = vm.run(Run::new(&mut ()).observe(&mut profile)).unwrap();
/// assert_eq!(profile.steps(), completion.steps);
/// assert_eq!(profile.of_opcode(Opcode::Add), 3);
/// let line = profile.lines(&compiled.map).into_iter().find(|line| line.line == 5).unwrap();
/// assert_eq!(line.runs, 3);
/// assert!(profile.lcov(&compiled.map).contains("DA:5,3\n"));
/// ```
pub struct Profile<'m> {
    module: &'m Module,
    steps: u64,
    by_instruction: Vec<u64>,
    /// First that of a beginning outside of all functions, then those of the module's functions.
    functions: Vec<FunctionCount>,
    /// The calls that have not returned, the outermost first: function and node.
    stack: Vec<(usize, usize)>,
    deepest: usize,
    nodes: Vec<Node>,
    children: HashMap<(usize, usize), usize>,
    memory_peak: u64,
}

#[derive(Clone, Default)]
struct FunctionCount {
    calls: u64,
    exclusive: u64,
    inclusive: u64,
    /// How many of its calls have not returned.
    active: u64,
    /// The steps there were when the outermost of these began.
    since: u64,
}

/// A stack of functions that occurred; how many instructions executed in the innermost.
struct Node {
    parent: Option<usize>,
    function: usize,
    steps: u64,
}

/// How often a function was called, and what it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallCount {
    /// The name in the module; `main` also for a beginning outside of all functions.
    pub function: String,
    /// How often it was called; the beginning of the program counts as a call.
    pub calls: u64,
    /// The instructions of its own.
    pub exclusive: u64,
    /// Those, and the instructions of what it called. What calls itself is counted once.
    pub inclusive: u64,
}

impl<'m> Profile<'m> {
    /// How many different stacks are told apart. What calls on from the last of them counts as part of it.
    pub const STACKS: usize = 10_000;

    /// Counts nothing yet. `module` is the one that will run.
    #[must_use]
    pub fn new(module: &'m Module) -> Self {
        Self {
            module,
            steps: 0,
            by_instruction: vec![0; module.len()],
            functions: vec![FunctionCount::default(); module.functions().len() + 1],
            stack: Vec::new(),
            deepest: 0,
            nodes: Vec::new(),
            children: HashMap::new(),
            memory_peak: 0,
        }
    }

    /// The instructions that executed. A run whose step limit ends within a run of phis has charged for some that did not.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// How often the instruction at that index executed.
    #[must_use]
    pub fn of_instruction(&self, pc: usize) -> u64 {
        self.by_instruction.get(pc).copied().unwrap_or_default()
    }

    /// How often instructions of that opcode executed.
    #[must_use]
    pub fn of_opcode(&self, opcode: Opcode) -> u64 {
        (0..)
            .zip(&self.by_instruction)
            .filter(|(pc, _)| self.module.opcode(*pc) == Some(opcode))
            .map(|(_, count)| count)
            .sum()
    }

    /// The opcodes that executed, with how often, the most frequent first.
    #[must_use]
    pub fn by_opcode(&self) -> Vec<(Opcode, u64)> {
        let mut counts = [0_u64; 256];
        for (pc, count) in self.by_instruction.iter().enumerate() {
            if let Some(opcode) = self.module.opcode(pc) {
                counts[usize::from(opcode as u8)] += count;
            }
        }
        let mut opcodes: Vec<(Opcode, u64)> =
            Opcode::ALL.iter().map(|opcode| (*opcode, counts[usize::from(*opcode as u8)])).collect();
        opcodes.retain(|(_, count)| *count > 0);
        opcodes.sort_by_key(|(opcode, count)| (std::cmp::Reverse(*count), *opcode as u8));
        opcodes
    }

    /// How deep calls nested; 0 where there was none.
    #[must_use]
    pub fn deepest(&self) -> usize {
        self.deepest
    }

    /// The most bytes that the values of the run took between two instructions, as the limit `max_memory` counts them.
    #[must_use]
    pub fn memory_peak(&self) -> u64 {
        self.memory_peak
    }

    /// The functions that were called, those with the most instructions of their own first.
    #[must_use]
    pub fn calls(&self) -> Vec<CallCount> {
        let called = (0..).zip(&self.functions).filter(|(_, count)| count.calls > 0);
        let mut counts: Vec<CallCount> = called
            .map(|(function, count)| CallCount {
                function: self.name(function).to_owned(),
                calls: count.calls,
                exclusive: count.exclusive,
                inclusive: count.inclusive + if count.active > 0 { self.steps - count.since } else { 0 },
            })
            .collect();
        counts.sort_by_key(|count| std::cmp::Reverse(count.exclusive));
        counts
    }

    fn name(&self, function: usize) -> &str {
        let known = function.checked_sub(1).and_then(|index| self.module.functions().get(index));
        known.map_or(format::ENTRY_FUNCTION, |function| &function.name)
    }

    fn enter(&mut self, function: usize) {
        let count = &mut self.functions[function];
        count.calls += 1;
        count.active += 1;
        if count.active == 1 {
            count.since = self.steps;
        }
        let parent = self.stack.last().map(|(_, node)| *node);
        let key = (parent.map_or(0, |node| node + 1), function);
        let node = match (self.children.get(&key), parent) {
            (Some(node), _) => *node,
            (None, Some(parent)) if self.nodes.len() >= Self::STACKS => parent,
            (None, _) => {
                self.nodes.push(Node { parent, function, steps: 0 });
                self.children.insert(key, self.nodes.len() - 1);
                self.nodes.len() - 1
            }
        };
        self.stack.push((function, node));
    }

    fn leave(&mut self) {
        let Some((function, _)) = self.stack.pop() else { return };
        let count = &mut self.functions[function];
        count.active -= 1;
        if count.active == 0 {
            count.inclusive += self.steps - count.since;
        }
    }
}

impl Observer for Profile<'_> {
    fn before(&mut self, step: &Step<'_>) {
        while self.stack.len() > step.depth + 1 {
            self.leave();
        }
        // A function that is called executes at least one instruction, so no call is missed.
        if self.stack.len() <= step.depth {
            self.enter(step.function.map_or(0, |index| index + 1));
            self.deepest = self.deepest.max(step.depth);
        }
        self.steps += 1;
        if let Some(count) = self.by_instruction.get_mut(step.pc) {
            *count += 1;
        }
        if let Some((function, node)) = self.stack.last() {
            self.functions[*function].exclusive += 1;
            self.nodes[*node].steps += 1;
        }
        self.memory_peak = self.memory_peak.max(step.memory);
    }
}
