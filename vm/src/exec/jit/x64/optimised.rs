//! Lowering of what the optimising tier makes of a loop.
//!
//! Values have registers of the processor of their own; rax, xmm0 and xmm1 are for computing, and rcx and rdx too where the loop divides or
//! writes to an array. The ways out are behind all other code.

mod conditions;
mod instructions;
mod moves;
mod rows;

use std::collections::HashMap;

use dynasmrt::{DynamicLabel, DynasmApi, DynasmLabelApi};

use super::emit::{Emitter, JitExit, at, payload};
use super::loop_registers::{FIRST_FLOAT, GLOBALS, INTS, RAX};
use crate::exec::jit::context::JitContext;
use crate::exec::jit::layout::{Layout, PAYLOAD, tag, thin};
use crate::exec::optimise::{Allocation, Edge, End, ExitId, Inst, Kind, Location, Loop, Target, Value, Way};
use crate::exec::specialise::{Slot, has_mutant};

/// Appends machine code.
macro_rules! low {
    ($lowering:ident $($code:tt)*) => {
        ::dynasmrt::dynasm!($lowering.emitter.assembler ; .arch x64 $($code)*)
    };
}
use low;

/// A loop that is lowered.
struct Lowering<'e, 'a> {
    emitter: &'e mut Emitter<'a>,
    body: &'e Loop,
    allocation: &'e Allocation,
    blocks: Vec<DynamicLabel>,
    /// By exit and by how many steps were just charged in vain, where it is.
    exits: HashMap<(u32, u16), DynamicLabel>,
    /// Edges that stand apart.
    apart: Vec<(DynamicLabel, &'e Edge)>,
    /// By exit, where it stands for those that a schedule forces out.
    #[cfg(feature = "schedule")]
    forced: std::collections::BTreeMap<u32, DynamicLabel>,
    /// Whether the register of the globals holds something else.
    uses_globals: bool,
    /// Whether the loop writes to arrays that are elements of others: then memory is counted that is not there before the loop is left, and nothing may
    /// be appended.
    writes_rows: bool,
}

impl Emitter<'_> {
    /// Makes the code of a loop, which begins at that label.
    pub(super) fn optimised(&mut self, body: &Loop, allocation: &Allocation, entry: DynamicLabel) {
        let blocks = body.blocks.iter().map(|_| self.new_label()).collect();
        let mut lowering = Lowering {
            emitter: self,
            body,
            allocation,
            blocks,
            exits: HashMap::new(),
            apart: Vec::new(),
            #[cfg(feature = "schedule")]
            forced: std::collections::BTreeMap::new(),
            uses_globals: false,
            writes_rows: body
                .blocks
                .iter()
                .flat_map(|block| &block.insts)
                .any(|value| matches!(body.inst(*value), Inst::StoreRow { .. })),
        };
        lowering.entry(entry);
        for number in 0..body.blocks.len() {
            lowering.block(number);
        }
        while let Some((label, edge)) = lowering.apart.pop() {
            low!(lowering ; =>label);
            lowering.edge(edge, None);
        }
        lowering.leave();
    }
}

impl<'e> Lowering<'e, '_> {
    // Where values are

    fn int_register(&self, value: Value) -> Option<u8> {
        let Location::Register(register) = self.allocation.of(value) else { return None };
        (self.body.kind(value) != Kind::Float).then(|| INTS[usize::from(register)])
    }

    fn float_register(&self, value: Value) -> Option<u8> {
        let Location::Register(register) = self.allocation.of(value) else { return None };
        (self.body.kind(value) == Kind::Float).then_some(FIRST_FLOAT + register)
    }

    /// An int or a bool that is a constant.
    fn constant(&self, value: Value) -> Option<i64> {
        if let Inst::Int(number) = self.body.inst(value) {
            Some(*number)
        } else if let Inst::Bool(value) = self.body.inst(value) {
            Some(i64::from(*value))
        } else {
            None
        }
    }

    fn small_constant(&self, value: Value) -> Option<i32> {
        self.constant(value).and_then(|number| i32::try_from(number).ok())
    }

    /// The place in the frame of a value that has no register.
    fn in_frame(&self, value: Value) -> Option<i32> {
        if let Location::Slot(register) = self.allocation.of(value) {
            return Some(payload(Slot::of(register)));
        }
        None
    }

    fn load_constant(&mut self, to: u8, number: i64) {
        match i32::try_from(number) {
            Ok(0) => low!(self ; xor Rd(to), Rd(to)),
            Ok(number) => low!(self ; mov Rq(to), number),
            Err(_) => low!(self ; mov Rq(to), QWORD number),
        }
    }

    /// Puts an int or a bool into a register.
    fn load(&mut self, to: u8, value: Value) {
        if let Some(from) = self.int_register(value) {
            if from != to {
                low!(self ; mov Rq(to), Rq(from));
            }
        } else if let Some(number) = self.constant(value) {
            self.load_constant(to, number);
        } else if let Some(place) = self.in_frame(value) {
            if self.body.kind(value) == Kind::Bool {
                low!(self ; movzx Rd(to), BYTE [rbx + place]);
            } else {
                low!(self ; mov Rq(to), [rbx + place]);
            }
        }
    }

    /// The register that an int is in, or the given one, which it is put into.
    fn int(&mut self, value: Value, spare: u8) -> u8 {
        if let Some(register) = self.int_register(value) {
            return register;
        }
        self.load(spare, value);
        spare
    }

    /// Puts a float into a register.
    fn load_float(&mut self, to: u8, value: Value) {
        if let Some(from) = self.float_register(value) {
            if from != to {
                low!(self ; movaps Rx(to), Rx(from));
            }
        } else if let Inst::Float(bits) = *self.body.inst(value) {
            let number = self.emitter.number(bits);
            low!(self ; movsd Rx(to), [=>number]);
        } else if let Some(place) = self.in_frame(value) {
            low!(self ; movsd Rx(to), [rbx + place]);
        }
    }

    fn float(&mut self, value: Value, spare: u8) -> u8 {
        if let Some(register) = self.float_register(value) {
            return register;
        }
        self.load_float(spare, value);
        spare
    }

    // Entering

    /// Brings into registers what the loop does not change, and what the header begins with.
    fn entry(&mut self, label: DynamicLabel) {
        let body = self.body;
        low!(self ; =>label);
        self.emitter.place = body.header;
        let other = self.emitter.plain_label(body.header);
        for (register, kind) in &body.checks {
            let wanted = tag_of(*kind);
            if let Some(other) = other {
                low!(self ; cmp QWORD [rbx + at(Slot::of(*register))], wanted ; jne =>other);
            }
        }
        for (register, needs) in &body.arrays {
            let Layout { values, .. } = *self.emitter.layout;
            let slot = Slot::of(*register);
            let (place, array) = (at(slot), payload(slot));
            if let Some(other) = other {
                low!(self ; cmp QWORD [rbx + place], tag::ARRAY ; jne =>other ; mov rax, [rbx + array]);
                if needs.is_alone && !planted!("optimise-shared") {
                    low!(self ; cmp QWORD [rax], 1 ; jne =>other);
                }
                // Packed: then all elements have a code.
                if needs.is_packed {
                    low!(self ; mov rdx, [rax + values] ; cmp QWORD [rdx + thin::LENGTH], 0 ; jne =>other);
                }
            }
        }
        self.uses_globals =
            (0..body.defs.len() as u32).any(|value| self.int_register(Value(value)) == Some(GLOBALS));
        for value in &body.entry {
            self.enter_with(*value);
        }
        self.moves(&body.args, &body.blocks[0].params);
    }

    /// Brings what the loop does not change into its register, if it has one.
    fn enter_with(&mut self, value: Value) {
        let Layout { codes, words, values, .. } = *self.emitter.layout;
        let inst = self.body.inst(value);
        let vector = if let Inst::Codes(register) = inst {
            Some((*register, codes))
        } else if let Inst::Words(register) = inst {
            Some((*register, words))
        } else if let Inst::Values(register) = inst {
            Some((*register, values))
        } else {
            None
        };
        let place = if let Inst::Slot(register) = inst { Some(payload(Slot::of(*register))) } else { None };
        if let Some(to) = self.int_register(value) {
            if let Some((register, vector)) = vector {
                let array = payload(Slot::of(register));
                low!(self ; mov rax, [rbx + array] ; mov Rq(to), [rax + vector]);
            } else if let Some(number) = self.constant(value) {
                self.load_constant(to, number);
            } else if let Some(place) = place {
                if self.body.kind(value) == Kind::Bool {
                    low!(self ; movzx Rd(to), BYTE [rbx + place]);
                } else {
                    low!(self ; mov Rq(to), [rbx + place]);
                }
            }
        } else if let Some(to) = self.float_register(value) {
            if let Some(place) = place {
                low!(self ; movsd Rx(to), [rbx + place]);
            } else if let Inst::Float(bits) = *inst {
                let number = self.emitter.number(bits);
                low!(self ; movsd Rx(to), [=>number]);
            }
        }
    }

    // Blocks

    fn block(&mut self, number: usize) {
        let body = self.body;
        let block = &body.blocks[number];
        let label = self.blocks[number];
        low!(self ; =>label);
        for value in &block.insts {
            #[cfg(feature = "schedule")]
            if let Some(exit) = body.inst(*value).exit() {
                self.count_exit(exit);
            }
            self.inst(*value);
        }
        match &block.end {
            End::Jump(edge) => self.edge(edge, Some(number + 1)),
            End::Branch(condition, first, second) => {
                if let Some(to) = self.plain_target(first) {
                    self.go(condition, true, to);
                    self.edge(second, Some(number + 1));
                } else if let Some(to) = self.plain_target(second) {
                    self.go(condition, false, to);
                    self.edge(first, Some(number + 1));
                } else {
                    let to = self.emitter.new_label();
                    self.apart.push((to, first));
                    self.go(condition, true, to);
                    self.edge(second, Some(number + 1));
                }
            }
        }
    }

    /// Where an edge leads to, if there is nothing to be done on it.
    fn plain_target(&mut self, edge: &Edge) -> Option<DynamicLabel> {
        match edge.to {
            Target::Exit(exit) => Some(self.exit(exit)),
            Target::Block(to) => {
                let params = &self.body.blocks[to].params;
                let stays =
                    |(arg, param): (&Value, &Value)| self.allocation.of(*arg) == self.allocation.of(*param);
                let is_plain =
                    edge.charge.is_none() && edge.refund == 0 && edge.args.iter().zip(params).all(stays);
                is_plain.then(|| self.blocks[to])
            }
        }
    }

    /// Goes along an edge, of which the block that is next may be the target.
    fn edge(&mut self, edge: &Edge, next: Option<usize>) {
        if let Some((steps, exit)) = edge.charge {
            #[cfg(feature = "schedule")]
            self.count_exit(exit);
            self.charge(steps, exit);
        }
        if edge.refund > 0 {
            low!(self ; add r12, i32::from(edge.refund));
        }
        match edge.to {
            Target::Exit(exit) => {
                let exit = self.exit(exit);
                low!(self ; jmp =>exit);
            }
            Target::Block(to) => {
                let body = self.body;
                self.moves(&edge.args, &body.blocks[to].params);
                if next != Some(to) {
                    let to = self.blocks[to];
                    low!(self ; jmp =>to);
                }
            }
        }
    }

    // Ways out

    fn exit(&mut self, exit: ExitId) -> DynamicLabel {
        self.exit_after(exit, 0)
    }

    /// The way out where so many steps were charged and there were too few.
    fn exit_after(&mut self, exit: ExitId, steps: u16) -> DynamicLabel {
        let emitter = &mut *self.emitter;
        *self.exits.entry((exit.0, steps)).or_insert_with(|| emitter.new_label())
    }

    /// Counts an exit, and leaves by it where a schedule says so.
    #[cfg(feature = "schedule")]
    fn count_exit(&mut self, exit: ExitId) {
        let emitter = &mut *self.emitter;
        let place = self.body.exit(exit).place;
        emitter.loop_exits.push(place);
        let at = crate::exec::specialise::CodeAddr::of(place);
        let tier = crate::schedule::Tier::Optimised;
        if !crate::schedule::is_counted(|| emitter.code.forced_site(at, tier)) {
            return;
        }
        let label = *self.forced.entry(exit.0).or_insert_with(|| emitter.new_label());
        emitter.count_down(label);
    }

    fn charge(&mut self, steps: u16, exit: ExitId) {
        let exit = self.exit_after(exit, steps);
        low!(self ; sub r12, i32::from(steps) ; jb =>exit);
    }

    /// Makes the code of all ways out that are taken.
    fn leave(&mut self) {
        let mut done = std::collections::HashSet::new();
        loop {
            let mut open: Vec<((u32, u16), DynamicLabel)> = self
                .exits
                .iter()
                .filter(|(key, _)| !done.contains(*key))
                .map(|(key, label)| (*key, *label))
                .collect();
            if open.is_empty() {
                break;
            }
            open.sort_by_key(|(key, _)| *key);
            for ((number, charged), label) in open {
                done.insert((number, charged));
                low!(self ; =>label);
                self.leave_by(ExitId(number), charged);
            }
        }
        #[cfg(feature = "schedule")]
        for (number, label) in std::mem::take(&mut self.forced) {
            low!(self ; =>label);
            let place = self.store_for(ExitId(number), 0);
            self.emitter.place = place;
            let to = self.emitter.leave(JitExit::Forced);
            low!(self ; jmp =>to);
        }
    }

    fn leave_by(&mut self, exit: ExitId, charged: u16) {
        self.emitter.place = self.store_for(exit, charged);
        let to = match self.body.exit(exit).way {
            Way::Guard => self.emitter.leave(JitExit::Guard),
            Way::OutOfFuel => self.emitter.leave(JitExit::OutOfFuel),
            // Not to the beginning of the loop, which has not done the instruction.
            Way::To(at) if at.index() == self.body.header => {
                self.emitter.plain_label(at.index()).unwrap_or_else(|| self.emitter.leave(JitExit::Fallback))
            }
            Way::To(at) => self.emitter.to(at),
        };
        low!(self ; jmp =>to);
    }

    /// Has the frame and the fuel be as where an exit leads to, and gives the instruction that it is of.
    fn store_for(&mut self, exit: ExitId, charged: u16) -> usize {
        let exit = self.body.exit(exit).clone();
        let is_spoilt =
            exit.way == Way::Guard && self.emitter.code.ops.get(exit.place).is_some_and(|op| has_mutant(*op));
        let mut back = charged + if planted!("optimise-refund") { 0 } else { exit.refund };
        if is_spoilt && planted!("exit-of-loop-charges-too-little") {
            back += 1;
        }
        if back > 0 {
            low!(self ; add r12, i32::from(back));
        }
        if let Some((steps, other)) = exit.charge {
            #[cfg(feature = "schedule")]
            self.count_exit(other);
            self.charge(steps, other);
        }
        let forgets = planted!("optimise-store") || is_spoilt && planted!("exit-of-loop-forgets-a-store");
        for (register, value) in exit.state.iter().skip(usize::from(forgets)) {
            self.store(Slot::of(*register), *value);
            if is_spoilt && planted!("exit-of-loop-loses-a-tag") && self.body.kind(*value) == Kind::Bool {
                low!(self ; mov QWORD [rbx + at(Slot::of(*register))], tag::INT);
            }
        }
        self.leave_phantoms(&exit.stale);
        if self.uses_globals {
            low!(self ; mov r14, [r15 + JitContext::GLOBALS]);
        }
        exit.place
    }

    /// Stores a value in the frame.
    fn store(&mut self, slot: Slot, value: Value) {
        let (place, payload) = (at(slot), payload(slot));
        match self.body.kind(value) {
            Kind::Float => {
                let register = self.float(value, 0);
                low!(self ; movsd [rbx + payload], Rx(register));
            }
            Kind::Bool => {
                self.load(RAX, value);
                low!(self ; and eax, 1 ; mov [rbx + payload], al);
            }
            Kind::Int | Kind::Vector | Kind::Row | Kind::Nothing => {
                let register = self.int(value, RAX);
                low!(self ; mov [rbx + payload], Rq(register));
            }
        }
        let tag = tag_of(self.body.kind(value));
        low!(self ; mov QWORD [rbx + place], tag);
    }

    /// Whether a way out stores what is in a register for ints.
    fn is_stored(&self, exit: ExitId, register: u8) -> bool {
        let mut found = false;
        self.body.each_needed(exit, &mut |value| found |= self.int_register(value) == Some(register));
        found
    }
}

/// The tag of a value of a kind.
fn tag_of(kind: Kind) -> i32 {
    match kind {
        Kind::Float => tag::FLOAT,
        Kind::Bool => tag::BOOL,
        Kind::Int | Kind::Nothing => tag::INT,
        Kind::Vector | Kind::Row => tag::ARRAY,
    }
}

const _: () = assert!(PAYLOAD == 8, "payloads stand behind tags");
