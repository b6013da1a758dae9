//! Lowering of what the optimising tier makes of a loop.
//!
//! Values have registers of the processor of their own; rax, xmm0 and xmm1 are for computing, and rcx and rdx too where the loop divides or
//! writes to an array. A way out
//! stands behind all else: it stores what the frame has to hold, and goes to the code of the instruction that goes on, or ends there.

use std::collections::HashMap;

use dynasmrt::{DynamicLabel, DynasmApi, DynasmLabelApi};

use super::emit::{Emitter, JitExit};
use crate::exec::jit::context::JitContext;
use crate::exec::jit::layout::{Layout, PAYLOAD, tag, thin};
use crate::exec::optimise::{
    Allocation, Arithmetic, Condition, Edge, End, ExitId, FloatArithmetic, Inst, Kind, Location, Loop,
    Target, Value, Way,
};
use crate::exec::specialise::{Slot, Test};
use crate::value::array::code;

/// Appends machine code.
macro_rules! low {
    ($lowering:ident $($code:tt)*) => {
        ::dynasmrt::dynasm!($lowering.emitter.assembler ; .arch x64 $($code)*)
    };
}

/// Registers for ints: rsi, rdi, r8 to r11, rbp; r14, which exits find the globals in; and rcx and rdx where nothing needs them to compute.
const INTS: [u8; 10] = [6, 7, 8, 9, 10, 11, 5, 14, 1, 2];
const INTS_BESIDE_TWO: u8 = 8;
const GLOBALS: u8 = 14;
/// Registers for floats: all but xmm0 and xmm1.
const FLOATS: u8 = 14;
const FIRST_FLOAT: u8 = 2;
const RAX: u8 = 0;

/// How many registers for ints and for floats a loop may use.
pub(super) fn registers(body: &Loop) -> (u8, u8) {
    let needs_two =
        body.blocks.iter().flat_map(|block| &block.insts).any(|value| {
            matches!(body.inst(*value), Inst::Divide { .. } | Inst::Mask(..) | Inst::Store { .. })
        });
    (if needs_two { INTS_BESIDE_TWO } else { INTS.len() as u8 }, FLOATS)
}

/// A loop that is lowered.
struct Lowering<'e, 'a> {
    emitter: &'e mut Emitter<'a>,
    body: &'e Loop,
    allocation: &'e Allocation,
    blocks: Vec<DynamicLabel>,
    /// By exit and by how many steps were just charged in vain, where it stands.
    exits: HashMap<(u32, u16), DynamicLabel>,
    /// Edges that stand apart.
    apart: Vec<(DynamicLabel, &'e Edge)>,
    /// Whether the register of the globals holds something else.
    uses_globals: bool,
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
            uses_globals: false,
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
        match self.allocation.of(value) {
            Location::Register(register) if self.body.kind(value) != Kind::Float => {
                Some(INTS[usize::from(register)])
            }
            _ => None,
        }
    }

    fn float_register(&self, value: Value) -> Option<u8> {
        match self.allocation.of(value) {
            Location::Register(register) if self.body.kind(value) == Kind::Float => {
                Some(FIRST_FLOAT + register)
            }
            _ => None,
        }
    }

    /// An int or a bool that is a constant.
    fn constant(&self, value: Value) -> Option<i64> {
        match self.body.inst(value) {
            Inst::Int(number) => Some(*number),
            Inst::Bool(value) => Some(i64::from(*value)),
            _ => None,
        }
    }

    fn small_constant(&self, value: Value) -> Option<i32> {
        self.constant(value).and_then(|number| i32::try_from(number).ok())
    }

    /// The place in the frame of a value that has no register.
    fn in_frame(&self, value: Value) -> Option<i32> {
        if let Location::Slot(register) = self.allocation.of(value) {
            return Some(super::emit::payload(Slot::of(register)));
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
                low!(self ; cmp QWORD [rbx + super::emit::at(Slot::of(*register))], wanted ; jne =>other);
            }
        }
        for (register, is_changed) in &body.arrays {
            let Layout { values, .. } = *self.emitter.layout;
            let slot = Slot::of(*register);
            let (place, payload) = (super::emit::at(slot), super::emit::payload(slot));
            if let Some(other) = other {
                low!(self ; cmp QWORD [rbx + place], tag::ARRAY ; jne =>other ; mov rax, [rbx + payload]);
                if *is_changed && !planted!("optimise-shared") {
                    low!(self ; cmp QWORD [rax], 1 ; jne =>other);
                }
                // Packed: then all elements have a code.
                low!(self ; mov rdx, [rax + values] ; cmp QWORD [rdx + thin::LENGTH], 0 ; jne =>other);
            }
        }
        self.uses_globals =
            (0..body.defs.len() as u32).any(|value| self.int_register(Value(value)) == Some(GLOBALS));
        for value in &body.entry {
            if let Some(to) = self.int_register(*value) {
                let place = match body.inst(*value) {
                    Inst::Slot(register) => super::emit::payload(Slot::of(*register)),
                    Inst::Int(number) => {
                        self.load_constant(to, *number);
                        continue;
                    }
                    Inst::Codes(register) | Inst::Words(register) => {
                        let Layout { codes, words, .. } = *self.emitter.layout;
                        let vector = if let Inst::Codes(_) = body.inst(*value) { codes } else { words };
                        let payload = super::emit::payload(Slot::of(*register));
                        low!(self ; mov rax, [rbx + payload] ; mov Rq(to), [rax + vector]);
                        continue;
                    }
                    _ => continue,
                };
                if body.kind(*value) == Kind::Bool {
                    low!(self ; movzx Rd(to), BYTE [rbx + place]);
                } else {
                    low!(self ; mov Rq(to), [rbx + place]);
                }
            } else if let Some(to) = self.float_register(*value) {
                match *body.inst(*value) {
                    Inst::Slot(register) => {
                        let place = super::emit::payload(Slot::of(register));
                        low!(self ; movsd Rx(to), [rbx + place]);
                    }
                    Inst::Float(bits) => {
                        let number = self.emitter.number(bits);
                        low!(self ; movsd Rx(to), [=>number]);
                    }
                    _ => {}
                }
            }
        }
        self.moves(&body.args, &body.blocks[0].params);
    }

    // Blocks

    fn block(&mut self, number: usize) {
        let body = self.body;
        let block = &body.blocks[number];
        let label = self.blocks[number];
        low!(self ; =>label);
        for value in &block.insts {
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

    /// Goes along an edge, of which the block that stands next may be the target.
    fn edge(&mut self, edge: &Edge, next: Option<usize>) {
        if let Some((steps, exit)) = edge.charge {
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

    /// Gives parameters what they become, all at once.
    fn moves(&mut self, args: &[Value], params: &[Value]) {
        let pairs = || args.iter().copied().zip(params.iter().copied());
        let ints: Vec<(Value, u8)> =
            pairs().filter_map(|(arg, param)| Some((arg, self.int_register(param)?))).collect();
        let floats: Vec<(Value, u8)> =
            pairs().filter_map(|(arg, param)| Some((arg, self.float_register(param)?))).collect();
        let from = |value| self.int_register(value);
        for step in in_order(&ints, from, RAX) {
            match step {
                Step::Load(value, to) => self.load(to, value),
                Step::Move(from, to) => low!(self ; mov Rq(to), Rq(from)),
            }
        }
        let from = |value| self.float_register(value);
        for step in in_order(&floats, from, 0) {
            match step {
                Step::Load(value, to) => self.load_float(to, value),
                Step::Move(from, to) => low!(self ; movaps Rx(to), Rx(from)),
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
                return;
            }
            open.sort_by_key(|(key, _)| *key);
            for ((number, charged), label) in open {
                done.insert((number, charged));
                low!(self ; =>label);
                self.leave_by(ExitId(number), charged);
            }
        }
    }

    fn leave_by(&mut self, exit: ExitId, charged: u16) {
        let exit = self.body.exit(exit).clone();
        let back = charged + if planted!("optimise-refund") { 0 } else { exit.refund };
        if back > 0 {
            low!(self ; add r12, i32::from(back));
        }
        if let Some((steps, other)) = exit.charge {
            self.charge(steps, other);
        }
        let skipped = usize::from(planted!("optimise-store"));
        for (register, value) in exit.state.iter().skip(skipped) {
            self.store(Slot::of(*register), *value);
        }
        if self.uses_globals {
            low!(self ; mov r14, [r15 + JitContext::GLOBALS]);
        }
        self.emitter.place = exit.place;
        let to = match exit.way {
            Way::Guard => self.emitter.leave(JitExit::Guard),
            Way::OutOfFuel => self.emitter.leave(JitExit::OutOfFuel),
            Way::To(at) => self.emitter.to(at),
        };
        low!(self ; jmp =>to);
    }

    /// Stores a value in the frame.
    fn store(&mut self, slot: Slot, value: Value) {
        let (place, payload) = (super::emit::at(slot), super::emit::payload(slot));
        match self.body.kind(value) {
            Kind::Float => {
                let register = self.float(value, 0);
                low!(self ; movsd [rbx + payload], Rx(register));
            }
            Kind::Bool => {
                self.load(RAX, value);
                low!(self ; and eax, 1 ; mov [rbx + payload], al);
            }
            Kind::Int | Kind::Vector | Kind::Nothing => {
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

    // Conditions

    /// Goes to a label where a condition holds, or where it does not; else on.
    fn go(&mut self, condition: &Condition, when: bool, to: DynamicLabel) {
        match condition {
            Condition::Ints(test, left, right) => {
                let test = self.compare(*test, *left, *right);
                let test = if when { test } else { test.opposite() };
                match test {
                    Test::Eq => low!(self ; je =>to),
                    Test::Ne => low!(self ; jne =>to),
                    Test::Lt => low!(self ; jl =>to),
                    Test::Le => low!(self ; jle =>to),
                    Test::Gt => low!(self ; jg =>to),
                    Test::Ge => low!(self ; jge =>to),
                }
            }
            Condition::Floats(test, left, right) => self.go_on_floats(*test, (*left, *right), when, to),
            Condition::True(value) => {
                let register = self.int(*value, RAX);
                low!(self ; test Rd(register), Rd(register));
                if when {
                    low!(self ; jne =>to);
                } else {
                    low!(self ; je =>to);
                }
            }
            Condition::Not(condition) => self.go(condition, !when, to),
            Condition::Both(two) if when => {
                let behind = self.emitter.new_label();
                self.go(&two[0], false, behind);
                self.go(&two[1], true, to);
                low!(self ; =>behind);
            }
            Condition::Either(two) if !when => {
                let behind = self.emitter.new_label();
                self.go(&two[0], true, behind);
                self.go(&two[1], false, to);
                low!(self ; =>behind);
            }
            Condition::Both(two) | Condition::Either(two) => {
                self.go(&two[0], when, to);
                self.go(&two[1], when, to);
            }
        }
    }

    /// Compares two ints, and gives the test that the flags tell of.
    fn compare(&mut self, test: Test, left: Value, right: Value) -> Test {
        let is_swapped = self.int_register(left).is_none() && self.int_register(right).is_some()
            || self.in_frame(left).is_some()
                && self.constant(right).is_some()
                && self.small_constant(right).is_none();
        let (test, left, right) =
            if is_swapped { (test.mirrored(), right, left) } else { (test, left, right) };
        let left = self.int(left, RAX);
        if let Some(number) = self.small_constant(right) {
            low!(self ; cmp Rq(left), number);
        } else if let Some(register) = self.int_register(right) {
            low!(self ; cmp Rq(left), Rq(register));
        } else if let Some(place) = self.in_frame(right) {
            low!(self ; cmp Rq(left), [rbx + place]);
        } else {
            // Then the other is in a register: of two constants, the first was put into rax, and this one is not small.
            debug_assert_ne!(left, RAX);
            self.load(RAX, right);
            low!(self ; cmp Rq(left), rax);
        }
        test
    }

    /// The same on floats. Only "above" and "not below" can be asked, as what has no order is below and equal.
    fn go_on_floats(&mut self, test: Test, (left, right): (Value, Value), when: bool, to: DynamicLabel) {
        let (left, right) = (self.float(left, 0), self.float(right, 1));
        match test {
            Test::Lt | Test::Le => low!(self ; ucomisd Rx(right), Rx(left)),
            Test::Eq | Test::Ne | Test::Gt | Test::Ge => low!(self ; ucomisd Rx(left), Rx(right)),
        }
        match (test, when) {
            (Test::Lt | Test::Gt, true) => low!(self ; ja =>to),
            (Test::Lt | Test::Gt, false) => low!(self ; jbe =>to),
            (Test::Le | Test::Ge, true) => low!(self ; jae =>to),
            (Test::Le | Test::Ge, false) => low!(self ; jb =>to),
            (Test::Eq, true) | (Test::Ne, false) => {
                let behind = self.emitter.new_label();
                low!(self ; jp =>behind ; je =>to ; =>behind);
            }
            (Test::Eq, false) | (Test::Ne, true) => low!(self ; jp =>to ; jne =>to),
        }
    }

    // Instructions

    fn inst(&mut self, value: Value) {
        let inst = self.body.inst(value).clone();
        match inst {
            Inst::Arithmetic(operation, left, right, exit) => {
                self.arithmetic(value, operation, (left, right), exit)
            }
            Inst::Divide { left, right, is_remainder, exit } => {
                self.divide(value, left, right, is_remainder, exit)
            }
            Inst::Shift(left, shift) => self.shift(value, left, shift),
            Inst::Mask(left, mask) => self.mask(value, left, mask),
            Inst::Float2(operation, left, right) => self.floats(value, operation, left, right),
            Inst::NegateFloat(operand) => {
                let Some(to) = self.float_register(value) else { return };
                let sign = self.emitter.number(1 << 63);
                self.load_float(to, operand);
                low!(self ; movsd xmm1, [=>sign] ; xorps Rx(to), xmm1);
            }
            Inst::NotZero(operand, exit) => {
                let (register, exit, behind) =
                    (self.float(operand, 1), self.exit(exit), self.emitter.new_label());
                low!(self ; xorps xmm0, xmm0 ; ucomisd Rx(register), xmm0 ; jp =>behind ; je =>exit ; =>behind);
            }
            Inst::FloatOf(operand) => {
                let Some(to) = self.float_register(value) else { return };
                let from = self.int(operand, RAX);
                low!(self ; xorps Rx(to), Rx(to) ; cvtsi2sd Rx(to), Rq(from));
            }
            Inst::TestInts(test, left, right) => {
                match self.compare(test, left, right) {
                    Test::Eq => low!(self ; sete al),
                    Test::Ne => low!(self ; setne al),
                    Test::Lt => low!(self ; setl al),
                    Test::Le => low!(self ; setle al),
                    Test::Gt => low!(self ; setg al),
                    Test::Ge => low!(self ; setge al),
                }
                self.keep_bool(value);
            }
            Inst::TestFloats(test, left, right) => self.test_floats(value, test, left, right),
            Inst::Not(operand) => {
                self.load(RAX, operand);
                low!(self ; xor eax, 1);
                self.keep(value);
            }
            Inst::And(left, right) | Inst::Or(left, right) => {
                let behind = self.emitter.new_label();
                self.load(RAX, left);
                low!(self ; test eax, eax);
                if let Inst::And(..) = inst {
                    low!(self ; je =>behind);
                } else {
                    low!(self ; jne =>behind);
                }
                self.load(RAX, right);
                low!(self ; =>behind);
                self.keep(value);
            }
            Inst::Charge(steps, exit) => self.charge(steps, exit),
            Inst::Slot(_)
            | Inst::Param
            | Inst::Int(_)
            | Inst::Float(_)
            | Inst::Bool(_)
            | Inst::Codes(_)
            | Inst::Words(_) => {}
            Inst::Length(codes) => {
                if let (Some(to), Some(codes)) = (self.int_register(value), self.int_register(codes)) {
                    low!(self ; mov Rq(to), [Rq(codes) + thin::LENGTH]);
                }
            }
            Inst::Load { codes, words, index, kind, exit } => {
                let exit = self.exit(exit);
                let vectors = (self.int_register(codes), words.and_then(|words| self.int_register(words)));
                if let (Some(codes), words) = vectors {
                    self.read_element(value, (codes, words), index, kind, exit);
                }
            }
            Inst::Store { codes, words, index, value, exit } => {
                let exit = self.exit(exit);
                let vectors = (self.int_register(codes), words.and_then(|words| self.int_register(words)));
                if let (Some(codes), words) = vectors {
                    self.write_element((codes, words), index, value, exit);
                }
            }
        }
    }

    /// Puts what is in rax into the register of a value.
    fn keep(&mut self, value: Value) {
        if let Some(to) = self.int_register(value) {
            low!(self ; mov Rq(to), rax);
        }
    }

    /// The same for the bool in al.
    fn keep_bool(&mut self, value: Value) {
        if let Some(to) = self.int_register(value) {
            low!(self ; movzx Rd(to), al);
        }
    }

    fn arithmetic(
        &mut self,
        value: Value,
        operation: Arithmetic,
        (left, right): (Value, Value),
        exit: Option<ExitId>,
    ) {
        let Some(to) = self.int_register(value) else { return };
        // The second operand is a register, a small constant or in memory, if it can be.
        let is_awkward = |value| self.constant(value).is_some() && self.small_constant(value).is_none();
        let commutes = operation != Arithmetic::Sub;
        let is_swapped = commutes && (is_awkward(right) || self.int_register(right) == Some(to));
        let (left, right) = if is_swapped { (right, left) } else { (left, right) };
        let is_needed = exit.is_some_and(|exit| self.is_stored(exit, to));
        let is_in_the_way = self.int_register(right) == Some(to) && self.int_register(left) != Some(to);
        let at = if is_needed || is_in_the_way { RAX } else { to };
        let number = self.small_constant(right);
        if let (Arithmetic::Add, Some(number), Some(from), None) =
            (operation, number, self.int_register(left), exit)
            && from != to
        {
            low!(self ; lea Rq(to), [Rq(from) + number]);
            return;
        }
        if let (Arithmetic::Mul, Some(number)) = (operation, number) {
            let from = self.int(left, RAX);
            low!(self ; imul Rq(at), Rq(from), number);
        } else {
            self.load(at, left);
            let register = self.int_register(right);
            let place = self.in_frame(right);
            match (operation, register, number, place) {
                (Arithmetic::Add, Some(right), _, _) => low!(self ; add Rq(at), Rq(right)),
                (Arithmetic::Sub, Some(right), _, _) => low!(self ; sub Rq(at), Rq(right)),
                (Arithmetic::Mul, Some(right), _, _) => low!(self ; imul Rq(at), Rq(right)),
                (Arithmetic::Add, None, Some(number), _) => low!(self ; add Rq(at), number),
                (Arithmetic::Sub, None, Some(number), _) => low!(self ; sub Rq(at), number),
                (Arithmetic::Add, None, None, Some(place)) => low!(self ; add Rq(at), [rbx + place]),
                (Arithmetic::Sub, None, None, Some(place)) => low!(self ; sub Rq(at), [rbx + place]),
                (Arithmetic::Mul, None, None, Some(place)) => low!(self ; imul Rq(at), [rbx + place]),
                (Arithmetic::Mul, None, Some(_), _) | (_, None, None, None) => {}
            }
        }
        if let Some(exit) = exit {
            let exit = self.exit(exit);
            low!(self ; jo =>exit);
        }
        if at != to {
            low!(self ; mov Rq(to), rax);
        }
    }

    /// Quotient or remainder; see the JIT.
    fn divide(&mut self, value: Value, left: Value, right: Value, is_remainder: bool, exit: ExitId) {
        let (exit, done, wide) = (self.exit(exit), self.emitter.new_label(), self.emitter.new_label());
        self.load(1, right);
        self.load(RAX, left);
        let known = self.constant(right);
        if known.is_none_or(|number| number == 0 || number == -1) {
            let special = self.emitter.new_label();
            self.emitter.later(move |emitter| {
                super::emit::x64!(emitter
                    ; =>special
                    ; test rcx, rcx
                    ; jz =>exit
                    ; neg rax
                    ; jo =>exit
                    ; xor edx, edx
                    ; jmp =>done
                );
            });
            low!(self ; lea rdx, [rcx + 1] ; cmp rdx, 1 ; jbe =>special);
        }
        low!(self
            ; mov rdx, rax
            ; or rdx, rcx
            ; shr rdx, 32
            ; jnz =>wide
            ; div ecx
            ; jmp =>done
            ; =>wide
            ; cqo
            ; idiv rcx
            ; =>done
        );
        if is_remainder {
            low!(self ; mov rax, rdx);
        }
        self.keep(value);
    }

    /// Divides by a power of two, toward zero.
    fn shift(&mut self, value: Value, left: Value, shift: u8) {
        self.load(RAX, left);
        if shift > 0 {
            low!(self ; sar rax, 63 ; shr rax, (64 - shift) as i8);
            // What is below zero is brought up first.
            if let Some(left) = self.int_register(left) {
                low!(self ; add rax, Rq(left));
            } else if let Some(place) = self.in_frame(left) {
                low!(self ; add rax, [rbx + place]);
            } else if let Some(number) = self.small_constant(left) {
                low!(self ; add rax, number);
            }
            low!(self ; sar rax, shift as i8);
        }
        self.keep(value);
    }

    /// The remainder of a division by a power of two.
    fn mask(&mut self, value: Value, left: Value, mask: i64) {
        let bits = mask.count_ones() as i8;
        if bits == 0 {
            low!(self ; xor eax, eax);
        } else {
            self.load(1, left);
            low!(self ; mov rax, rcx ; sar rcx, 63 ; shr rcx, 64 - bits ; add rax, rcx);
            match i32::try_from(mask) {
                Ok(mask) => low!(self ; and rax, mask),
                Err(_) => low!(self ; mov rdx, QWORD mask ; and rax, rdx),
            }
            low!(self ; sub rax, rcx);
        }
        self.keep(value);
    }

    fn read_element(
        &mut self,
        value: Value,
        (codes, words): (u8, Option<u8>),
        index: Value,
        kind: Kind,
        exit: DynamicLabel,
    ) {
        let at = self.int(index, RAX);
        // An index below zero is beyond all as a number without sign.
        if !planted!("optimise-bound") {
            low!(self ; cmp Rq(at), [Rq(codes) + thin::LENGTH] ; jae =>exit);
        }
        let Some(words) = words else {
            low!(self
                ; movzx eax, BYTE [Rq(codes) + Rq(at) + thin::ITEMS]
                ; and eax, !(1 << code::TRUTH)
                ; cmp eax, code::FALSE as i32
                ; jne =>exit
            );
            let at = self.int(index, RAX);
            low!(self ; movzx eax, BYTE [Rq(codes) + Rq(at) + thin::ITEMS] ; shr eax, code::TRUTH as i8);
            return self.keep(value);
        };
        let wanted = if kind == Kind::Float { code::FLOAT } else { code::INT };
        low!(self ; cmp BYTE [Rq(codes) + Rq(at) + thin::ITEMS], wanted as i8 ; jne =>exit);
        if let Some(to) = self.float_register(value) {
            low!(self ; movsd Rx(to), [Rq(words) + Rq(at) * 8 + thin::ITEMS]);
        } else if let Some(to) = self.int_register(value) {
            low!(self ; mov Rq(to), [Rq(words) + Rq(at) * 8 + thin::ITEMS]);
        }
    }

    /// Writes a scalar over an element, or appends it where there is room.
    fn write_element(
        &mut self,
        (codes, words): (u8, Option<u8>),
        index: Value,
        value: Value,
        exit: DynamicLabel,
    ) {
        let at = self.int(index, 1);
        let (write, beyond) = (self.emitter.new_label(), self.emitter.new_label());
        low!(self ; cmp Rq(at), [Rq(codes) + thin::LENGTH] ; jae =>beyond);
        self.emitter.later(move |emitter| {
            super::emit::x64!(emitter
                ; =>beyond
                ; cmp Rq(at), [Rq(codes) + thin::LENGTH]
                ; jne =>exit
                ; cmp Rq(at), [Rq(codes) + thin::CAPACITY]
                ; jae =>exit
            );
            let Some(words) = words else {
                super::emit::x64!(emitter ; jmp =>exit);
                return;
            };
            super::emit::x64!(emitter
                ; cmp Rq(at), [Rq(words) + thin::LENGTH]
                ; jne =>exit
                ; cmp Rq(at), [Rq(words) + thin::CAPACITY]
                ; jae =>exit
            );
            emitter.charge_element(exit);
            super::emit::x64!(emitter
                ; inc QWORD [Rq(codes) + thin::LENGTH]
                ; inc QWORD [Rq(words) + thin::LENGTH]
                ; jmp =>write
            );
        });
        let Some(words) = words else {
            low!(self ; =>write);
            if let Some(value) = self.constant(value) {
                let code = if value == 0 { code::FALSE } else { code::TRUE };
                low!(self ; mov BYTE [Rq(codes) + Rq(at) + thin::ITEMS], code as i8);
            } else {
                self.load(RAX, value);
                low!(self
                    ; and eax, 1
                    ; shl eax, code::TRUTH as i8
                    ; or eax, code::FALSE as i32
                    ; mov [Rq(codes) + Rq(at) + thin::ITEMS], al
                );
            }
            return;
        };
        // While no element was ever a number there are no words.
        low!(self ; cmp Rq(at), [Rq(words) + thin::LENGTH] ; jae =>exit ; =>write);
        let code = if self.body.kind(value) == Kind::Float {
            let value = self.float(value, 0);
            low!(self ; movsd [Rq(words) + Rq(at) * 8 + thin::ITEMS], Rx(value));
            code::FLOAT
        } else {
            let value = self.int(value, RAX);
            low!(self ; mov [Rq(words) + Rq(at) * 8 + thin::ITEMS], Rq(value));
            code::INT
        };
        low!(self ; mov BYTE [Rq(codes) + Rq(at) + thin::ITEMS], code as i8);
    }

    fn floats(&mut self, value: Value, operation: FloatArithmetic, left: Value, right: Value) {
        let Some(to) = self.float_register(value) else { return };
        let is_in_the_way = self.float_register(right) == Some(to) && self.float_register(left) != Some(to);
        let at = if is_in_the_way { 0 } else { to };
        let right = self.float(right, 1);
        self.load_float(at, left);
        match operation {
            FloatArithmetic::Add => low!(self ; addsd Rx(at), Rx(right)),
            FloatArithmetic::Sub => low!(self ; subsd Rx(at), Rx(right)),
            FloatArithmetic::Mul => low!(self ; mulsd Rx(at), Rx(right)),
            FloatArithmetic::Div => low!(self ; divsd Rx(at), Rx(right)),
        }
        if at != to {
            low!(self ; movaps Rx(to), Rx(at));
        }
    }

    fn test_floats(&mut self, value: Value, test: Test, left: Value, right: Value) {
        let (left, right) = (self.float(left, 0), self.float(right, 1));
        match test {
            Test::Lt | Test::Le => low!(self ; ucomisd Rx(right), Rx(left)),
            Test::Eq | Test::Ne | Test::Gt | Test::Ge => low!(self ; ucomisd Rx(left), Rx(right)),
        }
        let behind = self.emitter.new_label();
        match test {
            Test::Lt | Test::Gt => low!(self ; seta al),
            Test::Le | Test::Ge => low!(self ; setae al),
            // What has no order is told by the parity flag.
            Test::Eq => low!(self ; sete al ; jnp =>behind ; xor eax, eax ; =>behind),
            Test::Ne => low!(self ; setne al ; jnp =>behind ; mov eax, 1 ; =>behind),
        }
        self.keep_bool(value);
    }
}

/// The tag of a value of a kind.
fn tag_of(kind: Kind) -> i32 {
    match kind {
        Kind::Float => tag::FLOAT,
        Kind::Bool => tag::BOOL,
        Kind::Int | Kind::Nothing => tag::INT,
        Kind::Vector => tag::ARRAY,
    }
}

/// A part of moves that happen at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// A value into a register.
    Load(Value, u8),
    /// A register into another.
    Move(u8, u8),
}

/// Puts moves into an order in which none overwrites what another still reads; where they go in a circle, by way of a spare register.
fn in_order(moves: &[(Value, u8)], register: impl Fn(Value) -> Option<u8>, spare: u8) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut loads = Vec::new();
    let mut open: Vec<(u8, u8)> = Vec::new();
    for (value, to) in moves {
        match register(*value) {
            Some(from) if from == *to => {}
            Some(from) => open.push((from, *to)),
            None => loads.push(Step::Load(*value, *to)),
        }
    }
    while !open.is_empty() {
        let free = open.iter().position(|(_, to)| !open.iter().any(|(from, _)| from == to));
        match free {
            Some(place) => {
                let (from, to) = open.swap_remove(place);
                steps.push(Step::Move(from, to));
            }
            None => {
                let (from, _) = open[0];
                steps.push(Step::Move(from, spare));
                if !planted!("optimise-circle") {
                    open.iter_mut().filter(|(other, _)| *other == from).for_each(|(other, _)| *other = spare);
                } else {
                    open.swap_remove(0);
                }
            }
        }
    }
    steps.extend(loads);
    steps
}

const _: () = assert!(PAYLOAD == 8, "payloads stand behind tags");
