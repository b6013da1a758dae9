//! Programs out of bytes: valid by construction, and mostly of a kind that does real work.
//!
//! Every function gives each type a few registers of its own and keeps to them, so that what an instruction reads is
//! mostly of a type that its rules in `spec/isa.yaml` take. Which opcode takes what is read from there: a new opcode takes
//! part without a change here. On top of that come idioms, pieces of control flow and of work on containers that no
//! single opcode makes: counted loops, branches, joins with phis, calls, recursion, indexed access. A small part of the
//! choices is wild on purpose: any register, any target, a patched byte.
//!
//! The same bytes give the same program. Where they run out, the program is brought to its end.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use arbitrary::{Arbitrary, Unstructured};
use machine_dialect_vm::{
    Check, Condition, ConstIdx, Constant, FlowKind, Instruction, JumpOffset, Opcode, Operand, PhiSource,
    Phis, Reg, Registers, Role, ScopeId, TypeId,
};
use mdvm_spec::Spec;
use mdvm_spec::model::Effect;

use crate::fuzz::program::{Change, Item, Line, Patch, Program};
use crate::value::ValueText;

/// How large the programs are to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// A hundred instructions or so are executed: for implementations that are asked many thousand times.
    Small,
    /// Loops run for thousands of turns, so that a machine that prepares what runs often comes to use that.
    Long,
}

/// A program of thousands of steps.
#[derive(Debug, Clone)]
pub struct LongProgram(pub Program);

impl<'a> Arbitrary<'a> for Program {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        Ok(program(u, Size::Small))
    }
}

impl<'a> Arbitrary<'a> for LongProgram {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        Ok(Self(program(u, Size::Long)))
    }
}

/// How many bytes of choices a program uses at most, or nearly.
const MOST_BYTES: usize = 900;

/// The program number `index` of the sequence that begins with `seed`. Each program is made from those two numbers alone.
#[must_use]
pub fn numbered(seed: u64, index: u64, size: Size) -> Program {
    program(&mut Unstructured::new(&choices(seed, index)), size)
}

/// The bytes that [`numbered`] makes a program from.
#[must_use]
pub fn choices(seed: u64, index: u64) -> Vec<u8> {
    let mut random =
        fastrand::Rng::with_seed(seed.rotate_left(32) ^ index.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let length = random.usize(MOST_BYTES / 8..MOST_BYTES);
    std::iter::repeat_with(|| random.u8(..)).take(length).collect()
}

/// The program that the bytes choose.
pub fn program(u: &mut Unstructured<'_>, size: Size) -> Program {
    let functions = 1 + usize::from(one_in(u, 2)) + usize::from(one_in(u, 4));
    let mut signatures =
        vec![Signature { name: "main".to_owned(), takes: Vec::new(), gives: TypeId::Int, depth: 0 }];
    for number in 1..functions {
        let takes = (0..choose(u, 4)).map(|_| usual_type(u)).collect();
        signatures.push(Signature { name: format!("f{number}"), takes, gives: usual_type(u), depth: 0 });
    }
    if one_in(u, 6) {
        let takes = vec![TypeId::Int, usual_type(u)];
        let depth = pick(u, &[3, 10, 30]).copied().unwrap_or(3);
        signatures.push(Signature { name: "again".to_owned(), takes, gives: TypeId::Int, depth });
    }
    let mut program = Program { name: "fuzz".to_owned(), ..Program::default() };
    let begins_elsewhere = one_in(u, 12);
    let may_use_tags = size == Size::Small || one_in(u, 8);
    for (index, signature) in signatures.iter().enumerate() {
        let entry = program.code.len();
        if index > 0 || !begins_elsewhere {
            program.functions.push((signature.name.clone(), entry));
        }
        let mut body = Body::new(u, size, &signatures, index, entry, may_use_tags);
        body.write();
        program.code.extend(body.lines);
    }
    let end = program.code.len();
    for line in &mut program.code {
        line.places_mut().for_each(|place| *place = (*place).min(end));
    }
    point_calls_by_number(&mut program);
    limits(u, size, &mut program);
    globals(u, &mut program);
    if one_in(u, 10) {
        patches(u, &mut program);
    }
    program
}

/// What a function takes, in its first registers, and gives.
#[derive(Debug, Clone)]
struct Signature {
    name: String,
    takes: Vec<TypeId>,
    gives: TypeId,
    /// How deep it calls itself; its first parameter counts down. Zero for a function that does not.
    depth: i64,
}

/// What stands for the entry of a function until that is known: an int that nothing else uses.
const ENTRY_MARK: i64 = 0x6d64_7666_756e_6300;

/// Ints that stand for functions become their entries.
fn point_calls_by_number(program: &mut Program) {
    let entries: Vec<usize> = program.functions.iter().map(|(_, entry)| *entry).collect();
    for line in &mut program.code {
        for constant in line.constants_mut() {
            if let Constant::Int(number) = constant
                && (*number & !0xff) == ENTRY_MARK
            {
                let place = usize::try_from(*number & 0xff).unwrap_or(0);
                *number = entries.get(place).and_then(|entry| i64::try_from(*entry).ok()).unwrap_or(-1);
            }
        }
    }
}

fn limits(u: &mut Unstructured<'_>, size: Size, program: &mut Program) {
    let (steps, memory) = match size {
        Size::Small => (1_500, 1 << 18),
        Size::Long => (20_000, 1 << 22),
    };
    let mut set = |name: &str, limit: u64| program.limits.insert(name.to_owned(), limit);
    set("max_steps", if one_in(u, 8) { below(u, steps) } else { steps });
    set("max_memory", if one_in(u, 8) { below(u, 40_000) } else { memory });
    set("max_output", if one_in(u, 12) { below(u, 400) } else { 1 << 16 });
    if one_in(u, 8) {
        set("max_call_depth", below(u, 12));
    }
}

/// The globals that programs use, and what a host may give for them.
const GLOBALS: [&str; 5] = ["n", "text", "list", "record", "loose"];

fn globals(u: &mut Unstructured<'_>, program: &mut Program) {
    const LOOSE: [&str; 6] = [
        r#"{"function":"f1"}"#,
        r#"{"url":"https://example.org/"}"#,
        r#"{"float":"nan"}"#,
        r#"{"dict":[["a",{"dict":[]}],["b",[null]]]}"#,
        "true",
        r#"[[1,2],[{"float":"-0"}],"x"]"#,
    ];
    if !one_in(u, 4) {
        return;
    }
    let values = ["7", r#""seven""#, "[1,2,3]", r#"{"dict":[["k",1],["l",2]]}"#];
    for (name, value) in GLOBALS.iter().zip(values) {
        if one_in(u, 2)
            && let Ok(value) = ValueText::from_json(value)
        {
            program.globals.insert((*name).to_owned(), value);
        }
    }
    if let Some(Ok(value)) = pick(u, &LOOSE).map(|text| ValueText::from_json(text)) {
        program.globals.insert("loose".to_owned(), value);
    }
}

/// Makes the file one that a loader may have to refuse.
fn patches(u: &mut Unstructured<'_>, program: &mut Program) {
    for _ in 0..=choose(u, 2) {
        let anchor = (!program.code.is_empty() && !one_in(u, 3)).then(|| choose(u, program.code.len()));
        let offset = if anchor.is_some() { choose(u, 6) } else { choose(u, 96) };
        let change = if one_in(u, 6) {
            Change::Cut
        } else {
            Change::Set(match choose(u, 4) {
                0 => u8::MAX,
                1 => choose(u, 8) as u8,
                _ => u.arbitrary().unwrap_or(0),
            })
        };
        program.patches.push(Patch { anchor, offset, change });
    }
}

/// One of the first `count` numbers; the first where the bytes have run out.
fn choose(u: &mut Unstructured<'_>, count: usize) -> usize {
    u.int_in_range(0..=count.saturating_sub(1)).unwrap_or(0)
}

fn below(u: &mut Unstructured<'_>, count: u64) -> u64 {
    u.int_in_range(0..=count).unwrap_or(0)
}

/// True once in `count` times; never where the bytes have run out.
fn one_in(u: &mut Unstructured<'_>, count: usize) -> bool {
    !u.is_empty() && choose(u, count) == count - 1
}

fn pick<'t, T>(u: &mut Unstructured<'_>, items: &'t [T]) -> Option<&'t T> {
    if items.is_empty() { None } else { items.get(choose(u, items.len())) }
}

/// A type of which programs hold much.
fn usual_type(u: &mut Unstructured<'_>) -> TypeId {
    use TypeId::{Array, Bool, Dict, Float, Int, String};
    pick(u, &[Int, Int, Int, Float, String, Array, Dict, Bool]).copied().unwrap_or(Int)
}

/// What the specification says of opcodes, looked up once.
struct Tables {
    /// The opcodes that the generator may write for their own sake: those that go on to the next instruction.
    plain: Vec<Choice>,
    casts: Vec<(Vec<TypeId>, TypeId)>,
}

/// An opcode with one of the rules under which it does not fail.
struct Choice {
    opcode: Opcode,
    /// Whether it works on type tags.
    uses_tags: bool,
    /// Operand name -> the types that the rule takes.
    takes: BTreeMap<String, Vec<TypeId>>,
    gives: Option<TypeId>,
}

fn tables() -> &'static Tables {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    TABLES.get_or_init(|| match Spec::embedded() {
        Ok(spec) => read_tables(&spec),
        // The crate's own tests read the same files, so this does not come up.
        Err(_) => Tables { plain: Vec::new(), casts: Vec::new() },
    })
}

fn read_tables(spec: &Spec) -> Tables {
    let types_of = |name: &str| -> Vec<TypeId> {
        match spec.values.classes.iter().find(|class| class.name == name) {
            Some(class) => class.types.iter().filter_map(|name| TypeId::from_name(name)).collect(),
            None => TypeId::from_name(name).into_iter().collect(),
        }
    };
    let mut plain = Vec::new();
    for entry in &spec.isa.opcodes {
        let Some(opcode) = Opcode::from_byte(entry.number) else { continue };
        if opcode.spec().flow != FlowKind::Next {
            continue;
        }
        for rule in entry.types.iter().filter(|rule| rule.error.is_none()) {
            let takes = rule.when.iter().map(|(name, class)| (name.clone(), types_of(class))).collect();
            let gives = rule.gives.as_deref().and_then(TypeId::from_name);
            let uses_tags =
                entry.effects.iter().any(|effect| Effect::from_name(effect) == Some(Effect::Tags));
            plain.push(Choice { opcode, uses_tags, takes, gives });
        }
    }
    let whole = spec.values.casts.iter().filter(|cast| cast.when.is_none());
    let casts = whole.filter_map(|cast| Some((types_of(&cast.from), TypeId::from_name(&cast.to)?))).collect();
    Tables { plain, casts }
}

/// The body of one function while it is written.
struct Body<'u, 'b, 's> {
    u: &'u mut Unstructured<'b>,
    size: Size,
    signatures: &'s [Signature],
    /// Which of them this is.
    index: usize,
    /// The index of its first instruction.
    entry: usize,
    lines: Vec<Line>,
    constants: Vec<Constant>,
    /// The registers of each type, by its id.
    registers: BTreeMap<TypeId, Vec<u8>>,
    /// For what is needed for a moment only.
    scratch: [u8; 3],
    /// Registers that count the turns of loops which are being written.
    counters: Vec<u8>,
    free_counters: Vec<u8>,
    loops: usize,
    /// How many more statements there may be.
    left: usize,
    /// Whether the program may look at type tags. A machine may run one that does in a way of its own.
    may_use_tags: bool,
}

/// A jump whose target is not known yet.
struct Open(usize);

impl<'u, 'b, 's> Body<'u, 'b, 's> {
    fn new(
        u: &'u mut Unstructured<'b>,
        size: Size,
        signatures: &'s [Signature],
        index: usize,
        entry: usize,
        may_use_tags: bool,
    ) -> Self {
        // Where the registers of the body lie: mostly low, at times behind those that a careless machine keeps by themselves.
        let first = pick(u, &[0, 0, 0, 4, 40, 58, 120, 200, 230]).copied().unwrap_or(0);
        let mut body = Self {
            u,
            size,
            signatures,
            index,
            entry,
            lines: Vec::new(),
            constants: Vec::new(),
            registers: BTreeMap::new(),
            scratch: [0; 3],
            counters: Vec::new(),
            free_counters: Vec::new(),
            loops: 0,
            left: 0,
            may_use_tags,
        };
        let takes = &signatures[index].takes;
        for (register, class) in (0..).zip(takes) {
            body.registers.entry(*class).or_default().push(register);
        }
        let mut next: u8 = first.max(takes.len() as u8);
        let mut take = || {
            let taken = next;
            next = next.wrapping_add(1);
            taken
        };
        use TypeId::{Array, Bool, Dict, Empty, Float, Int, String};
        let kinds = [Int, Int, Float, String, Bool, Array, Dict, Empty, Empty];
        for class in kinds {
            body.registers.entry(class).or_default().push(take());
        }
        body.scratch = [take(), take(), take()];
        body.free_counters = vec![take(), take(), take()];
        body.left = match size {
            Size::Small => 30,
            Size::Long => 30,
        };
        body
    }

    fn write(&mut self) {
        self.prologue();
        let signature = &self.signatures[self.index];
        if signature.depth > 0 {
            self.recursion();
        }
        self.statements(0);
        if self.index == 0 && !one_in(self.u, 8) {
            self.show_registers();
        }
        if one_in(self.u, 24) {
            let end = if one_in(self.u, 2) { Instruction::Halt } else { Instruction::Return { src: None } };
            self.emit(end);
        } else {
            let src = Some(self.read(signature.gives));
            self.emit(Instruction::Return { src });
        }
    }

    /// Gives the registers of the common types their first values. Parameters have theirs.
    fn prologue(&mut self) {
        let parameters = self.signatures[self.index].takes.len();
        for class in [TypeId::Int, TypeId::Float, TypeId::String, TypeId::Bool] {
            for register in self.of(class) {
                if usize::from(register) >= parameters && !one_in(self.u, 60) {
                    let constant = self.value(class);
                    self.load(register, constant);
                }
            }
        }
        for register in self.of(TypeId::Array) {
            if usize::from(register) >= parameters {
                let count = choose(self.u, 3);
                self.load(self.scratch[0], Constant::Int(0));
                self.emit(Instruction::NewArray { dst: Reg(register), size: Reg(self.scratch[0]) });
                for _ in 0..count.min(2) {
                    self.append(register);
                }
            }
        }
        for register in self.of(TypeId::Dict) {
            if usize::from(register) >= parameters {
                self.emit(Instruction::DictNew { dst: Reg(register) });
                for _ in 0..choose(self.u, 2) {
                    self.insert(register);
                }
            }
        }
    }

    /// Makes what the registers hold part of the outcome.
    fn show_registers(&mut self) {
        let all: Vec<u8> = self.registers.values().flatten().copied().collect();
        for (number, register) in all.into_iter().enumerate() {
            let name = self.constant(Constant::String(format!("end{number}")));
            self.emit(Instruction::StoreGlobal { src: Reg(register), name });
        }
    }

    /// `if r0 <= 0 return r0; … again(r0 - 1, …)`
    fn recursion(&mut self) {
        let [one, function, result] = self.scratch;
        self.load(one, Constant::Int(1));
        self.emit(Instruction::Lt { dst: Reg(result), left: Reg(0), right: Reg(one) });
        let deeper = self.jump_if_not(result);
        self.emit(Instruction::Return { src: Some(Reg(0)) });
        self.land(deeper);
        self.emit(Instruction::Sub { dst: Reg(0), left: Reg(0), right: Reg(one) });
        let name = self.signatures[self.index].name.clone();
        self.load(function, Constant::String(name));
        let target = self.of(TypeId::Int).last().copied().unwrap_or(result);
        let args = [0, 1];
        self.emit(Instruction::Call { func: Reg(function), dst: Reg(target), args: registers(&args) });
    }

    fn statements(&mut self, depth: usize) {
        let count = 2 + choose(self.u, 6);
        for _ in 0..count {
            if self.u.is_empty() || self.left == 0 {
                return;
            }
            self.left -= 1;
            self.statement(depth);
        }
    }

    fn statement(&mut self, depth: usize) {
        match choose(self.u, 32) {
            0..=3 if depth < 3 && !self.free_counters.is_empty() => self.counted_loop(depth),
            4..=6 if depth < 4 => self.branch(depth),
            7..=8 => self.call(),
            9 => {
                let array = self.any_of(TypeId::Array);
                self.append(array);
            }
            10 => self.at_index(),
            11 => {
                let dict = self.any_of(TypeId::Dict);
                self.insert(dict);
            }
            12 => self.look_up(),
            13 => self.text(),
            14 => self.phi_after_jump(),
            15 => self.cast(),
            16 => self.global(),
            17 => self.wild(),
            18..=19 => self.arithmetic(),
            20 => self.compare_and_skip(),
            21 => self.shuffle(),
            _ => self.plain(),
        }
    }

    // --- Idioms ------------------------------------------------------------------------------------------------------

    /// A loop that ends: it counts down or up, tests first or last, and may carry its counter in a phi.
    fn counted_loop(&mut self, depth: usize) {
        let Some(counter) = self.free_counters.pop() else { return };
        self.counters.push(counter);
        self.loops += 1;
        let turns = match self.size {
            Size::Small => 1 + choose(self.u, 9) as i64,
            Size::Long if self.loops > 2 || depth > 0 => pick(self.u, &[1, 3, 10, 40]).copied().unwrap_or(3),
            Size::Long => pick(self.u, &[30, 100, 300, 1000, 3000]).copied().unwrap_or(100),
        };
        let [one, limit, is_done] = self.scratch;
        match choose(self.u, 4) {
            0 => {
                // while counter < turns
                self.load(counter, Constant::Int(0));
                let head = self.here();
                self.load(limit, Constant::Int(turns));
                self.emit(Instruction::Lt { dst: Reg(is_done), left: Reg(counter), right: Reg(limit) });
                let out = self.jump_if_not(is_done);
                self.statements(depth + 1);
                self.load(one, Constant::Int(1));
                self.emit(Instruction::Add { dst: Reg(counter), left: Reg(counter), right: Reg(one) });
                self.jump_to(head);
                self.land(out);
            }
            1 => {
                // a counter in a phi
                self.load(counter, Constant::Int(turns));
                let before = self.here() - 1;
                let head = self.here();
                let phi = self.emit(Instruction::Phi { dst: Reg(counter), sources: Phis::default() });
                self.statements(depth + 1);
                self.load(one, Constant::Int(1));
                self.emit(Instruction::Sub { dst: Reg(limit), left: Reg(counter), right: Reg(one) });
                let latch = self.emit(Instruction::JumpIf { cond: Reg(limit), offset: JumpOffset(0) });
                self.aim(latch, head);
                let sources = vec![(counter, before), (limit, latch)];
                if let Some(line) = self.lines.get_mut(phi - self.entry) {
                    line.items[1] = Item::Phis(sources);
                }
            }
            2 => {
                // for each element
                let array = self.any_of(TypeId::Array);
                let element = self.any_of(TypeId::Empty);
                self.load(counter, Constant::Int(0));
                let head = self.here();
                self.emit(Instruction::ArrayLen { dst: Reg(limit), array: Reg(array) });
                self.emit(Instruction::Gte { dst: Reg(is_done), left: Reg(counter), right: Reg(limit) });
                let out = self.emit(Instruction::JumpIf { cond: Reg(is_done), offset: JumpOffset(0) });
                self.emit(Instruction::ArrayGet {
                    dst: Reg(element),
                    array: Reg(array),
                    index: Reg(counter),
                });
                self.statements(depth + 1);
                self.load(one, Constant::Int(1));
                self.emit(Instruction::Add { dst: Reg(counter), left: Reg(counter), right: Reg(one) });
                self.jump_to(head);
                self.land(Open(out));
            }
            _ => {
                // do … while counter
                self.load(counter, Constant::Int(turns));
                let head = self.here();
                self.statements(depth + 1);
                self.load(one, Constant::Int(1));
                self.emit(Instruction::Sub { dst: Reg(counter), left: Reg(counter), right: Reg(one) });
                let back = self.emit(Instruction::JumpIf { cond: Reg(counter), offset: JumpOffset(0) });
                self.aim(back, head);
            }
        }
        self.counters.pop();
        self.free_counters.push(counter);
    }

    /// `if … else …`, at times with a phi where the two meet.
    fn branch(&mut self, depth: usize) {
        let condition = if one_in(self.u, 4) { self.any_register() } else { self.any_of(TypeId::Bool) };
        let otherwise = if one_in(self.u, 2) {
            self.jump_if_not(condition)
        } else {
            Open(self.emit(Instruction::JumpIf { cond: Reg(condition), offset: JumpOffset(0) }))
        };
        self.statements(depth + 1);
        if one_in(self.u, 2) {
            return self.land(otherwise);
        }
        let out = self.emit(Instruction::Jump { offset: JumpOffset(0) });
        self.land(otherwise);
        self.statements(depth + 1);
        let last = self.here() - 1;
        self.land(Open(out));
        for _ in 0..choose(self.u, 3) {
            let class = usual_type(self.u);
            let (left, right) = (self.any_of(class), self.any_of(class));
            let dst = self.any_of(class);
            self.phi(dst, vec![(left, out), (right, last)]);
        }
    }

    fn call(&mut self) {
        // Only functions further on, so that calls end; one that calls itself counts down.
        let callees: Vec<usize> = (self.index + 1..self.signatures.len()).collect();
        let Some(callee) = pick(self.u, &callees).copied() else { return self.plain() };
        let signature = &self.signatures[callee];
        let [function, _, number] = self.scratch;
        let mut args: Vec<u8> = signature.takes.iter().map(|class| self.any_of(*class)).collect();
        if signature.depth > 0 {
            let depth = 1 + choose(self.u, signature.depth as usize) as i64;
            self.load(number, Constant::Int(depth));
            args[0] = number;
        }
        if one_in(self.u, 12) {
            args.push(self.any_register());
        }
        if one_in(self.u, 24) {
            args.pop();
        }
        let name = match choose(self.u, 16) {
            15 => Constant::Int(ENTRY_MARK | callee as i64),
            14 if one_in(self.u, 4) => Constant::String("nobody".to_owned()),
            _ => Constant::String(signature.name.clone()),
        };
        self.load(function, name);
        let dst = self.write_to(signature.gives);
        self.emit(Instruction::Call { func: Reg(function), dst: Reg(dst), args: registers(&args) });
    }

    /// What the public compiler emits for "Add … to …".
    fn append(&mut self, array: u8) {
        let index = self.scratch[1];
        let value = if one_in(self.u, 8) { self.any_register() } else { self.any_of(TypeId::Int) };
        self.emit(Instruction::ArrayLen { dst: Reg(index), array: Reg(array) });
        self.emit(Instruction::ArraySet { array: Reg(array), index: Reg(index), value: Reg(value) });
    }

    /// Reads or writes an array at an index that is mostly inside.
    fn at_index(&mut self) {
        let array = self.any_of(TypeId::Array);
        let [length, index, _] = self.scratch;
        if one_in(self.u, 4) {
            let constant = Constant::Int(choose(self.u, 3) as i64);
            self.load(index, constant);
        } else {
            self.emit(Instruction::ArrayLen { dst: Reg(length), array: Reg(array) });
            let out = self.emit(Instruction::JumpIfNot { cond: Reg(length), offset: JumpOffset(0) });
            let number = self.any_counter();
            self.emit(Instruction::Mod { dst: Reg(index), left: Reg(number), right: Reg(length) });
            self.index_into(array, index);
            return self.land(Open(out));
        }
        self.index_into(array, index);
    }

    fn index_into(&mut self, array: u8, index: u8) {
        if one_in(self.u, 2) {
            let value = if one_in(self.u, 6) { self.any_register() } else { self.any_of(TypeId::Int) };
            self.emit(Instruction::ArraySet { array: Reg(array), index: Reg(index), value: Reg(value) });
        } else {
            let dst = self.any_of(TypeId::Empty);
            self.emit(Instruction::ArrayGet { dst: Reg(dst), array: Reg(array), index: Reg(index) });
        }
    }

    fn insert(&mut self, dict: u8) {
        let key = self.key();
        let value = if one_in(self.u, 8) { self.any_register() } else { self.any_of(TypeId::Int) };
        self.emit(Instruction::DictSet { dict: Reg(dict), key: Reg(key), value: Reg(value) });
    }

    fn look_up(&mut self) {
        let dict = self.any_of(TypeId::Dict);
        let key = self.key();
        if one_in(self.u, 3) {
            self.emit(Instruction::DictRemove { dict: Reg(dict), key: Reg(key) });
            return;
        }
        let dst = self.any_of(TypeId::Empty);
        self.emit(Instruction::DictGet { dst: Reg(dst), dict: Reg(dict), key: Reg(key) });
    }

    /// A register with a key: a constant, or made from a counter.
    fn key(&mut self) -> u8 {
        let key = self.scratch[0];
        if one_in(self.u, 3) {
            let number = self.any_counter();
            self.load(key, Constant::String("k".to_owned()));
            self.emit(Instruction::ConcatStr { dst: Reg(key), left: Reg(key), right: Reg(number) });
        } else {
            let name = pick(self.u, &["a", "b", "k1", "", "é"]).copied().unwrap_or("a");
            self.load(key, Constant::String(name.to_owned()));
        }
        key
    }

    /// Text grows by a piece, and starts anew at times, or it would soon fill the memory.
    fn text(&mut self) {
        let dst = self.any_of(TypeId::String);
        let piece = self.any_register();
        self.emit(Instruction::ConcatStr { dst: Reg(dst), left: Reg(dst), right: Reg(piece) });
        if !one_in(self.u, 3) {
            let constant = self.value(TypeId::String);
            self.load(dst, constant);
        }
    }

    /// A jump that is taken or not, and phis that tell which.
    fn phi_after_jump(&mut self) {
        let cond = self.any_register();
        let class = usual_type(self.u);
        let jump = self.jump_if_not(cond);
        let value = self.value(TypeId::Int);
        let dst = self.any_of(TypeId::Int);
        self.load(dst, value);
        let fallen = self.here() - 1;
        let taken = jump.0;
        self.land(jump);
        for _ in 0..=choose(self.u, 2) {
            let (dst, left, right) = (self.any_of(class), self.any_of(class), self.any_of(class));
            let mut sources = vec![(left, taken), (right, fallen)];
            if one_in(self.u, 4) {
                sources.reverse();
            }
            if one_in(self.u, 6) {
                sources.pop();
            }
            self.phi(dst, sources);
        }
    }

    fn cast(&mut self) {
        let Some((from, to)) = pick(self.u, &tables().casts) else { return };
        let from = pick(self.u, from).copied().unwrap_or(TypeId::Int);
        let (src, dst) = (self.any_of(from), self.write_to(*to));
        self.emit(Instruction::Cast { dst: Reg(dst), src: Reg(src), r#type: *to });
    }

    fn global(&mut self) {
        let place = choose(self.u, GLOBALS.len());
        let class = [TypeId::Int, TypeId::String, TypeId::Array, TypeId::Dict, TypeId::Empty][place];
        let name = Constant::String(GLOBALS[place].to_owned());
        let name = self.constant(name);
        if one_in(self.u, 2) {
            let src = self.read(class);
            self.emit(Instruction::StoreGlobal { src, name });
        } else {
            // What is loaded may be empty.
            let dst = self.any_of(TypeId::Empty);
            self.emit(Instruction::LoadGlobal { dst: Reg(dst), name });
        }
    }

    /// Two ints or two floats, kept from running out of their range.
    fn arithmetic(&mut self) {
        use Instruction::{Add, Div, Mod, Mul, Sub};
        let class = if one_in(self.u, 4) { TypeId::Float } else { TypeId::Int };
        let (mut left, mut right) = (self.read(class), self.read(class));
        let dst = Reg(self.write_to(class));
        if class == TypeId::Float && one_in(self.u, 3) {
            // What is a float in one turn may be an int in the next.
            left = self.read(TypeId::Int);
            if one_in(self.u, 2) {
                right = self.read(TypeId::Int);
            }
        }
        if one_in(self.u, 16) {
            right = Reg(self.scratch[2]);
            let extreme = pick(self.u, &[i64::MAX, i64::MIN, -1, i64::MAX - 1]).copied().unwrap_or(-1);
            self.load(right.0, Constant::Int(extreme));
        }
        match choose(self.u, 5) {
            0 => self.emit(Add { dst, left, right }),
            1 => self.emit(Sub { dst, left, right }),
            2 => self.emit(Mul { dst, left, right }),
            operation => {
                let divisor = Reg(self.scratch[0]);
                let constant =
                    if class == TypeId::Int { Constant::Int(1 + self.small()) } else { Constant::Float(2.5) };
                self.load(divisor.0, constant);
                if operation == 3 {
                    self.emit(Div { dst, left, right: divisor })
                } else {
                    self.emit(Mod { dst, left, right: divisor })
                }
            }
        };
        if class == TypeId::Int && !one_in(self.u, 4) {
            let divisor = self.scratch[1];
            self.load(divisor, Constant::Int(1009));
            self.emit(Mod { dst, left: dst, right: Reg(divisor) });
        }
    }

    /// Values go from register to register, at times round in a circle, and some are overwritten before anyone reads them.
    fn shuffle(&mut self) {
        let class = usual_type(self.u);
        let (one, other) = (self.any_of(class), self.any_of(class));
        let between = self.scratch[0];
        match choose(self.u, 4) {
            0 => {
                self.emit(Instruction::Move { dst: Reg(one), src: Reg(other) });
            }
            1 => {
                self.emit(Instruction::Move { dst: Reg(between), src: Reg(one) });
                self.emit(Instruction::Move { dst: Reg(one), src: Reg(other) });
                self.emit(Instruction::Move { dst: Reg(other), src: Reg(between) });
            }
            2 => {
                let (a, b) = (self.any_of(TypeId::Int), self.any_of(TypeId::Float));
                let loose = self.any_of(TypeId::Empty);
                self.emit(Instruction::Move { dst: Reg(loose), src: Reg(a) });
                self.emit(Instruction::Add { dst: Reg(b), left: Reg(b), right: Reg(loose) });
                self.emit(Instruction::Move { dst: Reg(loose), src: Reg(b) });
            }
            _ => {
                let here = self.here();
                self.emit(Instruction::Jump { offset: JumpOffset(0) });
                self.phi(one, vec![(other, here)]);
                self.phi(other, vec![(one, here)]);
            }
        }
    }

    /// A comparison, and a jump over the next instruction that follows from it.
    fn compare_and_skip(&mut self) {
        use Instruction::{Eq, Gt, Gte, Lt, Lte, Neq};
        let class = pick(self.u, &[TypeId::Int, TypeId::Int, TypeId::Float, TypeId::String]).copied();
        let class = class.unwrap_or(TypeId::Int);
        let (left, mut right) = (self.read(class), self.read(class));
        if one_in(self.u, 2) {
            right = Reg(self.scratch[0]);
            let constant = self.value(class);
            self.load(right.0, constant);
        }
        let dst = Reg(self.any_of(TypeId::Bool));
        match choose(self.u, 6) {
            0 => self.emit(Eq { dst, left, right }),
            1 => self.emit(Neq { dst, left, right }),
            2 => self.emit(Lt { dst, left, right }),
            3 => self.emit(Gt { dst, left, right }),
            4 => self.emit(Lte { dst, left, right }),
            _ => self.emit(Gte { dst, left, right }),
        };
        let skip = if one_in(self.u, 2) {
            self.jump_if_not(dst.0)
        } else {
            Open(self.emit(Instruction::JumpIf { cond: dst, offset: JumpOffset(0) }))
        };
        self.plain();
        self.land(skip);
    }

    /// Something that no compiler would write.
    fn wild(&mut self) {
        match choose(self.u, 6) {
            0 => {
                let target = self.entry + choose(self.u, self.lines.len() + 8);
                let cond = Reg(self.any_register());
                let jump = self.emit(Instruction::JumpIf { cond, offset: JumpOffset(0) });
                self.aim(jump, target);
            }
            1 => {
                let (dst, source) = (self.any_register(), self.any_register());
                let near = self.here().saturating_sub(choose(self.u, 4));
                self.phi(dst, vec![(source, near)]);
            }
            2 => {
                let dst = self.any_register();
                let constant = self.odd_value();
                self.load(dst, constant);
            }
            3 => {
                let (array, value) = (self.any_of(TypeId::Array), self.any_of(TypeId::Array));
                let index = self.scratch[0];
                self.load(index, Constant::Int(0));
                self.emit(Instruction::ArraySet { array: Reg(array), index: Reg(index), value: Reg(value) });
            }
            4 => {
                let size = self.scratch[0];
                let constant = Constant::Int(
                    pick(self.u, &[0, 1, 40, 5000, 1 << 20, 1 << 58, -1]).copied().unwrap_or(0),
                );
                self.load(size, constant);
                let dst = self.any_of(TypeId::Array);
                self.emit(Instruction::NewArray { dst: Reg(dst), size: Reg(size) });
            }
            _ => self.any_opcode(),
        }
    }

    /// An opcode under one of its rules, with operands of the types that the rule takes.
    fn plain(&mut self) {
        let Some(choice) = pick(self.u, &tables().plain) else { return };
        if choice.uses_tags && !self.may_use_tags {
            return self.shuffle();
        }
        let spec = choice.opcode.spec();
        // Where more than types decides, the idioms take care; here it is left to chance now and then.
        let depends_on_values = spec.errors.len() > 1
            && spec.operands.iter().any(|operand| ["index", "size"].contains(&operand.name));
        if depends_on_values && !one_in(self.u, 6) {
            return self.at_index();
        }
        let divides = spec.errors.contains(&machine_dialect_vm::RuntimeErrorKind::DivisionByZero);
        if divides && !one_in(self.u, 4) {
            return self.arithmetic();
        }
        if spec.mnemonic == "assert" && !one_in(self.u, 3) || spec.mnemonic == "cast" && !one_in(self.u, 12) {
            return self.cast();
        }
        let takes = |name: &str| choice.takes.get(name).cloned();
        let mut operands = Vec::new();
        let (mut list, mut bytes) = (Vec::new(), Vec::new());
        for operand in spec.operands {
            if operand.role == Role::Registers {
                list = (0..choose(self.u, 4)).map(|_| self.any_register()).collect();
            }
            if operand.role == Role::Phis {
                let source = PhiSource { register: Reg(self.any_register()), label: 0 };
                bytes.push(source.to_bytes());
            }
        }
        for operand in spec.operands {
            operands.push(match operand.role {
                Role::In | Role::InOut => {
                    let wild = one_in(self.u, 90);
                    let register = match takes(operand.name) {
                        Some(types) if !wild => {
                            let class = pick(self.u, &types).copied().unwrap_or(TypeId::Int);
                            self.any_of(class)
                        }
                        Some(_) | None => self.any_register(),
                    };
                    Operand::Register(Reg(register))
                }
                Role::Out => {
                    let class = choice.gives.unwrap_or(TypeId::Empty);
                    Operand::Register(Reg(if one_in(self.u, 48) {
                        self.any_register()
                    } else {
                        self.write_to(class)
                    }))
                }
                Role::Tagged => Operand::Register(Reg(self.any_register())),
                Role::OptionalIn => Operand::OptionalRegister(Some(Reg(self.any_register()))),
                Role::Registers => Operand::Registers(registers(&list)),
                Role::Constant => {
                    let constant = self.odd_value();
                    Operand::Constant(self.constant(constant))
                }
                Role::Global => {
                    let name = pick(self.u, &GLOBALS).copied().unwrap_or("n");
                    Operand::Constant(self.constant(Constant::String(name.to_owned())))
                }
                Role::Type => Operand::Type(pick(self.u, TypeId::ALL).copied().unwrap_or(TypeId::Int)),
                Role::Jump => Operand::Jump(JumpOffset(0)),
                Role::Phis => Operand::Phis(Phis::new(&bytes).unwrap_or_default()),
                Role::Check => {
                    let message = self.constant(Constant::String("must hold".to_owned()));
                    let condition = match choose(self.u, 3) {
                        0 => Condition::NonEmpty,
                        1 => Condition::True,
                        _ => Condition::IntRange { min: -1000 - self.small(), max: 5000 },
                    };
                    Operand::Check(Check { condition, message })
                }
                Role::Scope => Operand::Scope(ScopeId(choose(self.u, 4) as u16)),
            });
        }
        if let Some(instruction) = Instruction::from_operands(choice.opcode, &operands) {
            self.emit(instruction);
        }
        // A string or an int that only ever grows would end the program.
        match choice.gives {
            Some(TypeId::String) if !one_in(self.u, 3) => {
                let dst = self.any_of(TypeId::String);
                let constant = self.value(TypeId::String);
                self.load(dst, constant);
            }
            Some(TypeId::Int) if spec.errors.len() > 1 && one_in(self.u, 2) => {
                let dst = self.any_of(TypeId::Int);
                let constant = self.value(TypeId::Int);
                self.load(dst, constant);
            }
            Some(_) | None => {}
        }
    }

    /// Any opcode at all, with any operands.
    fn any_opcode(&mut self) {
        let Some(opcode) = pick(self.u, Opcode::ALL).copied() else { return };
        let uses_tags = tables().plain.iter().any(|choice| choice.opcode == opcode && choice.uses_tags);
        if uses_tags && !self.may_use_tags {
            return;
        }
        // A jump to nowhere in particular goes to the next instruction, which is where nothing is lost.
        let list: Vec<u8> = (0..choose(self.u, 3)).map(|_| self.any_register()).collect();
        let source = PhiSource { register: Reg(self.any_register()), label: self.here() as u16 }.to_bytes();
        let phis = [source];
        let mut operands = Vec::new();
        for operand in opcode.spec().operands {
            let register =
                Reg(if one_in(self.u, 8) { self.u.arbitrary().unwrap_or(0) } else { self.any_register() });
            operands.push(match operand.role {
                Role::In | Role::Out | Role::InOut | Role::Tagged => Operand::Register(register),
                Role::OptionalIn => Operand::OptionalRegister(one_in(self.u, 2).then_some(register)),
                Role::Registers => Operand::Registers(registers(&list)),
                Role::Constant => {
                    let constant = self.odd_value();
                    Operand::Constant(self.constant(constant))
                }
                Role::Global => Operand::Constant(self.constant(Constant::String("loose".to_owned()))),
                Role::Type => Operand::Type(pick(self.u, TypeId::ALL).copied().unwrap_or(TypeId::Int)),
                Role::Jump => Operand::Jump(JumpOffset(0)),
                Role::Phis => Operand::Phis(Phis::new(&phis).unwrap_or_default()),
                Role::Check => {
                    let message = self.constant(Constant::String("wild".to_owned()));
                    Operand::Check(Check { condition: Condition::NonEmpty, message })
                }
                Role::Scope => Operand::Scope(ScopeId(choose(self.u, 3) as u16)),
            });
        }
        if let Some(instruction) = Instruction::from_operands(opcode, &operands) {
            self.emit(instruction);
        }
    }

    // --- Registers and constants -------------------------------------------------------------------------------------

    fn of(&self, class: TypeId) -> Vec<u8> {
        self.registers.get(&class).cloned().unwrap_or_default()
    }

    /// A register that mostly holds a value of the type.
    fn any_of(&mut self, class: TypeId) -> u8 {
        let registers = self.of(class);
        match pick(self.u, &registers) {
            Some(register) => *register,
            None => self.any_register(),
        }
    }

    fn read(&mut self, class: TypeId) -> Reg {
        if one_in(self.u, 90) {
            return Reg(self.any_register());
        }
        Reg(if class == TypeId::Int && one_in(self.u, 3) { self.any_counter() } else { self.any_of(class) })
    }

    /// A register for a result of the type; one for anything, where no register is kept for it.
    fn write_to(&mut self, class: TypeId) -> u8 {
        self.any_of(if self.registers.contains_key(&class) { class } else { TypeId::Empty })
    }

    fn any_register(&mut self) -> u8 {
        let all: Vec<u8> = self.registers.values().flatten().copied().collect();
        pick(self.u, &all).copied().unwrap_or(0)
    }

    /// The counter of a loop around here, or another int.
    fn any_counter(&mut self) -> u8 {
        match self.counters.last() {
            Some(counter) => *counter,
            None => self.any_of(TypeId::Int),
        }
    }

    fn small(&mut self) -> i64 {
        choose(self.u, 10) as i64
    }

    /// A constant of the type that goes well with others.
    fn value(&mut self, class: TypeId) -> Constant {
        match class {
            TypeId::Int => Constant::Int(self.small() - 2),
            TypeId::Float => {
                Constant::Float(pick(self.u, &[0.5, 1.0, -2.25, 1e3, 3.0]).copied().unwrap_or(1.0))
            }
            TypeId::String => Constant::String(
                pick(self.u, &["a", "", "héé", "text", "-1"]).copied().unwrap_or("a").to_owned(),
            ),
            TypeId::Bool => Constant::Bool(one_in(self.u, 2)),
            TypeId::Empty | TypeId::Function | TypeId::Url | TypeId::Array | TypeId::Dict => Constant::Empty,
        }
    }

    /// A constant of any type, an extreme one among them.
    fn odd_value(&mut self) -> Constant {
        match choose(self.u, 12) {
            0 => Constant::Int(i64::MIN),
            1 => Constant::Int(i64::MAX),
            2 => Constant::Int(self.u.arbitrary().unwrap_or(0)),
            3 => Constant::Float(f64::from_bits(self.u.arbitrary().unwrap_or(0))),
            4 => Constant::Float(
                pick(self.u, &[-0.0, f64::NAN, f64::INFINITY, 9.3e18, 5e-324, 1e300, 9007199254740993.0])
                    .copied()
                    .unwrap_or(0.0),
            ),
            5 => Constant::Empty,
            6 => Constant::Bool(true),
            7 => Constant::Int(0),
            _ => {
                let class = usual_type(self.u);
                self.value(class)
            }
        }
    }

    fn constant(&mut self, constant: Constant) -> ConstIdx {
        // The pool is only there until the line is taken over; a program pools its constants itself.
        self.constants.push(constant);
        ConstIdx((self.constants.len() - 1) as u16)
    }

    // --- Lines -------------------------------------------------------------------------------------------------------

    fn here(&self) -> usize {
        self.entry + self.lines.len()
    }

    fn emit(&mut self, instruction: Instruction<'_>) -> usize {
        let at = self.here();
        self.lines.push(Line::of(&instruction, at, &self.constants));
        at
    }

    fn load(&mut self, dst: u8, constant: Constant) {
        let constant = self.constant(constant);
        self.emit(Instruction::LoadConst { dst: Reg(dst), constant });
    }

    fn phi(&mut self, dst: u8, sources: Vec<(u8, usize)>) {
        let at = self.emit(Instruction::Phi { dst: Reg(dst), sources: Phis::default() });
        if let Some(line) = self.lines.get_mut(at - self.entry) {
            line.items[1] = Item::Phis(sources);
        }
    }

    fn jump_if_not(&mut self, cond: u8) -> Open {
        Open(self.emit(Instruction::JumpIfNot { cond: Reg(cond), offset: JumpOffset(0) }))
    }

    fn jump_to(&mut self, target: usize) {
        let jump = self.emit(Instruction::Jump { offset: JumpOffset(0) });
        self.aim(jump, target);
    }

    fn aim(&mut self, jump: usize, target: usize) {
        if let Some(line) = self.lines.get_mut(jump - self.entry) {
            for item in &mut line.items {
                if let Item::Target(place) = item {
                    *place = target;
                }
            }
        }
    }

    fn land(&mut self, open: Open) {
        let here = self.here();
        self.aim(open.0, here);
    }
}

fn registers(list: &[u8]) -> Registers<'_> {
    Registers::new(list).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_can_be_written_down_and_loads() {
        for size in [Size::Small, Size::Long] {
            for index in 0..2_000 {
                let program = numbered(1, index, size);
                let module = program.module().unwrap_or_else(|| panic!("program {index} does not load"));
                assert_eq!(Program::of_module(&module).code, program.code);
                assert_eq!(numbered(1, index, size), program);
            }
        }
    }

    #[test]
    fn bytes_that_run_out_end_the_program() {
        for length in 0..40 {
            let bytes: Vec<u8> = (0..length).map(|byte: u8| byte.wrapping_mul(37)).collect();
            assert!(program(&mut Unstructured::new(&bytes), Size::Small).module().is_some());
        }
    }
}
