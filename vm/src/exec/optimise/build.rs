//! Making the intermediate representation of a loop of specialised code.
//!
//! Each register of the frame that the loop writes is a number of values, one for each write, and one for each place where paths meet with
//! different ones. What it does not write stays where it is.

mod branches;
mod numbers;

use std::collections::{BTreeMap, HashMap};

use crate::exec::analysis::RegSet;
use crate::exec::interpreter::Program;
use crate::exec::optimise::ir::{
    Block, Condition, Edge, End, Exit, ExitId, Inst, Kind, Loop, Target, Value, Way,
};
use crate::exec::optimise::shape::{Shape, successors};
use crate::exec::specialise::{Code, CodeAddr, JitOp, MoveOp, Slot, Source, Type, TypeContext};
use crate::isa::REGISTERS;

/// What the registers of the frame hold that the loop writes. None where that is what the frame has, or where nobody looks.
type Env = Vec<Option<Value>>;

/// Makes a loop. None where something in it is not known here.
pub(super) fn build(code: &Code, program: &Program, shape: &Shape<'_>) -> Option<Loop> {
    let mut builder = Builder::new(code, program, shape)?;
    builder.fill()?;
    Some(builder.body)
}

/// How a block ends with an instruction, if it does; none at all where the instruction is not known.
type Made = Option<Option<End>>;

/// An edge that leads to a block: which block it ends, which of its edges it is, and what is in registers then.
struct Arrival {
    block: usize,
    edge: usize,
    env: Env,
}

struct Builder<'a> {
    code: &'a Code,
    program: &'a Program,
    shape: &'a Shape<'a>,
    body: Loop,
    env: Env,
    /// The registers of the frame that the loop writes.
    written: Vec<u8>,
    /// Of those, what the header has a parameter for.
    carried: Vec<u8>,
    /// The values of registers that the loop does not write.
    frame: HashMap<u8, Value>,
    /// The instruction of specialised code that is up.
    place: usize,
    /// The block that is made.
    insts: Vec<Value>,
    params: Vec<Value>,
    /// By place, the block that begins there.
    starts: BTreeMap<usize, usize>,
    /// By block, what leads there.
    arrivals: Vec<Vec<Arrival>>,
    /// Registers that may be read from a baseline instruction on.
    live: HashMap<u32, RegSet>,
    /// What the current instruction charged before it.
    charged: u16,
}

impl<'a> Builder<'a> {
    fn new(code: &'a Code, program: &'a Program, shape: &'a Shape<'a>) -> Option<Self> {
        let mut written = std::collections::BTreeSet::new();
        for place in &shape.places {
            if let JitOp::Move(MoveOp::Swap { a, b }) = JitOp::from(code.ops[*place]) {
                written.extend([a, b].map(Slot::register));
            }
            for access in code.ops[*place].unfused().accesses() {
                if access.gives.is_some() {
                    written.insert(access.slot.register());
                }
            }
        }
        let body = Loop {
            header: shape.header,
            places: shape.places.clone(),
            defs: Vec::new(),
            entry: Vec::new(),
            args: Vec::new(),
            checks: Vec::new(),
            arrays: Vec::new(),
            blocks: Vec::new(),
            exits: Vec::new(),
        };
        Some(Self {
            code,
            program,
            shape,
            body,
            env: vec![None; REGISTERS],
            written: written.into_iter().collect(),
            carried: Vec::new(),
            frame: HashMap::new(),
            place: shape.header,
            insts: Vec::new(),
            params: Vec::new(),
            starts: BTreeMap::new(),
            arrivals: Vec::new(),
            live: HashMap::new(),
            charged: 0,
        })
    }

    fn fill(&mut self) -> Option<()> {
        let order = self.order();
        for (number, place) in order.iter().enumerate() {
            self.starts.insert(*place, number);
        }
        self.arrivals.resize_with(order.len(), Vec::new);
        // Blocks that a branch on two values adds stand behind all others until the end.
        for (number, place) in order.iter().enumerate() {
            if number == 0 {
                self.begin_header()?
            } else {
                self.begin(number)?
            }
            self.block(number, *place)?;
        }
        self.close()
    }

    /// Where blocks begin, each behind all that lead to it.
    fn order(&self) -> Vec<usize> {
        let mut starts = std::collections::BTreeSet::from([self.shape.header]);
        let ops = &self.code.ops;
        for place in &self.shape.places {
            let (to, next) = successors(ops[*place], *place);
            starts.extend(to.filter(|to| self.shape.contains(*to)));
            // What follows a branch begins a block, also where the other side is not made yet.
            if ops[*place].target().is_some() {
                starts.extend(next.filter(|next| self.shape.contains(*next)));
            }
        }
        let leads = |start: usize| {
            let mut place = start;
            loop {
                let (to, next) = successors(ops[place], place);
                match (to, next) {
                    (None, Some(next)) if self.shape.contains(next) && !starts.contains(&next) => {
                        place = next
                    }
                    // What is straight on is looked at last, so that it stands first.
                    (to, next) => {
                        let led = to.into_iter().chain(next);
                        return led
                            .filter(|to| *to != self.shape.header && self.shape.contains(*to))
                            .collect::<Vec<_>>();
                    }
                }
            }
        };
        let mut behind = Vec::new();
        let mut seen = std::collections::BTreeSet::from([self.shape.header]);
        let mut open = vec![(self.shape.header, leads(self.shape.header))];
        while let Some((block, led)) = open.last_mut() {
            if led.is_empty() {
                behind.push(*block);
                open.pop();
            } else {
                let next = led.remove(0);
                if seen.insert(next) {
                    open.push((next, leads(next)));
                }
            }
        }
        behind.reverse();
        behind
    }

    /// The parameters of the header: registers that the loop writes and whose numbers are known when it is entered.
    fn begin_header(&mut self) -> Option<()> {
        let live = self.code.graph.live_at(self.shape.pc);
        for register in self.written.clone() {
            let ty = self.shape.context.type_of(register);
            let Some(kind) = kind_of(ty) else {
                // What is written over has to be a scalar, and nobody may read what stood there.
                if !ty.is_scalar() || live.contains(register) {
                    return None;
                }
                continue;
            };
            let first = self.body.define(Inst::Slot(register), kind);
            self.body.entry.push(first);
            self.body.args.push(first);
            let param = self.body.define(Inst::Param, kind);
            self.params.push(param);
            self.carried.push(register);
            self.env[usize::from(register)] = Some(param);
        }
        Some(())
    }

    /// What registers hold where a block begins: what all paths agree on, or a parameter.
    fn begin(&mut self, number: usize) -> Option<()> {
        let arrivals = std::mem::take(&mut self.arrivals[number]);
        let (first, others) = arrivals.split_first()?;
        self.env.clone_from(&first.env);
        for register in self.written.clone() {
            let at = usize::from(register);
            if others.iter().all(|other| other.env[at] == first.env[at]) {
                continue;
            }
            let values: Option<Vec<Value>> = arrivals.iter().map(|arrival| arrival.env[at]).collect();
            // Not written on one of the paths: from the header on, nobody reads it before it is written.
            let Some(values) = values else {
                self.env[at] = None;
                continue;
            };
            let kind = self.body.kind(values[0]);
            if values.iter().any(|value| self.body.kind(*value) != kind) {
                return None;
            }
            let param = self.body.define(Inst::Param, kind);
            self.params.push(param);
            self.env[at] = Some(param);
            for (arrival, value) in arrivals.iter().zip(values) {
                if let Some(edge) = self.body.blocks[arrival.block].end.edges_mut().nth(arrival.edge) {
                    edge.args.push(value);
                }
            }
        }
        Some(())
    }

    /// Makes the block that begins at a place.
    fn block(&mut self, number: usize, start: usize) -> Option<()> {
        self.place = start;
        loop {
            let op = self.code.ops[self.place];
            let (to, next) = successors(op, self.place);
            if to.is_none() && next.is_none() && op.target().is_none() {
                return None;
            }
            self.charged = 0;
            let end = self.instruction(JitOp::from(op))?;
            if let Some(end) = end {
                return self.end(number, end);
            }
            let next = next?;
            if self.starts.contains_key(&next) || !self.shape.contains(next) {
                let edge = self.edge(CodeAddr::of(next), None, 0)?;
                return self.end(number, End::Jump(edge));
            }
            self.place = next;
        }
    }

    /// Ends a block.
    fn end(&mut self, number: usize, end: End) -> Option<()> {
        let targets: Vec<Target> = end.edges().map(|edge| edge.to).collect();
        let (params, insts) = (std::mem::take(&mut self.params), std::mem::take(&mut self.insts));
        debug_assert_eq!(self.body.blocks.len(), number);
        self.body.blocks.push(Block { params, insts, end });
        for (edge, to) in targets.into_iter().enumerate() {
            match to {
                // The header has its parameters already.
                Target::Block(0) => {
                    let values: Option<Vec<Value>> =
                        self.carried.iter().map(|register| self.env[usize::from(*register)]).collect();
                    let values = values?;
                    let fits = values
                        .iter()
                        .zip(&self.body.blocks[0].params)
                        .all(|(value, param)| self.body.kind(*value) == self.body.kind(*param));
                    if !fits {
                        return None;
                    }
                    self.body.blocks[number].end.edges_mut().nth(edge)?.args = values;
                }
                Target::Block(to) => {
                    let env = self.env.clone();
                    self.arrivals[to].push(Arrival { block: number, edge, env });
                }
                Target::Exit(_) => {}
            }
        }
        Some(())
    }

    /// After the last block.
    fn close(&mut self) -> Option<()> {
        let comes_back = self
            .body
            .blocks
            .iter()
            .flat_map(|block| block.end.edges())
            .any(|edge| edge.to == Target::Block(0));
        comes_back.then_some(())
    }

    // What instructions work on

    /// Whether the loop writes a register of the frame.
    fn is_written(&self, register: u8) -> bool {
        self.written.binary_search(&register).is_ok()
    }

    /// The value of a register of the frame, which must be of that kind.
    fn read(&mut self, slot: Slot, kind: Kind) -> Option<Value> {
        let register = slot.register();
        if let Some(value) = self.env[usize::from(register)] {
            return (self.body.kind(value) == kind).then_some(value);
        }
        if self.is_written(register) || self.body.arrays.iter().any(|(array, _)| *array == register) {
            return None;
        }
        if let Some(value) = self.frame.get(&register) {
            return (self.body.kind(*value) == kind).then_some(*value);
        }
        if kind_of(self.shape.context.type_of(register)) != Some(kind) {
            self.body.checks.push((register, kind));
        }
        let value = self.body.define(Inst::Slot(register), kind);
        self.body.entry.push(value);
        self.frame.insert(register, value);
        Some(value)
    }

    /// The value of a register of the frame, whatever kind of number or bool it is.
    fn read_any(&mut self, slot: Slot) -> Option<Value> {
        let register = slot.register();
        if let Some(value) = self.env[usize::from(register)] {
            return Some(value);
        }
        if let Some(value) = self.frame.get(&register) {
            return Some(*value);
        }
        if self.is_written(register) {
            return None;
        }
        let kind = kind_of(self.shape.context.type_of(register))?;
        self.read(slot, kind)
    }

    fn write(&mut self, slot: Slot, value: Value) {
        self.env[usize::from(slot.register())] = Some(value);
    }

    fn push(&mut self, inst: Inst, kind: Kind) -> Value {
        let value = self.body.define(inst, kind);
        self.insts.push(value);
        value
    }

    fn constant(&mut self, inst: Inst, kind: Kind) -> Value {
        let known = self.body.entry.iter().find(|value| *self.body.inst(**value) == inst);
        if let Some(known) = known {
            return *known;
        }
        let value = self.body.define(inst, kind);
        self.body.entry.push(value);
        value
    }

    fn int(&mut self, number: i64) -> Value {
        self.constant(Inst::Int(number), Kind::Int)
    }

    fn float(&mut self, number: f64) -> Value {
        self.constant(Inst::Float(number.to_bits()), Kind::Float)
    }

    // Ways out

    fn exit(&mut self, exit: Exit) -> ExitId {
        if let Some(known) = self.body.exits.iter().position(|other| *other == exit) {
            return ExitId(known as u32);
        }
        self.body.exits.push(exit);
        ExitId(self.body.exits.len() as u32 - 1)
    }

    /// Where the instruction that is up cannot do what is needed, or has too few steps.
    fn guard(&mut self, way: Way) -> ExitId {
        let exit = &self.code.exits[self.code.ops.exit_of(self.place)];
        let mut state = self.state(Some((exit.pc, &exit.context)));
        if way == Way::OutOfFuel {
            self.keep_tags(&mut state);
        }
        let refund = if way == Way::OutOfFuel { 0 } else { self.charged };
        self.exit(Exit { place: self.place, way, refund, charge: None, state })
    }

    /// Charges steps before the instruction that is up.
    fn charge(&mut self, steps: u16) {
        let exit = self.guard(Way::OutOfFuel);
        self.push(Inst::Charge(steps, exit), Kind::Nothing);
        self.charged = steps;
    }

    /// A way from the instruction that is up to another, charging steps on the way, or giving some back.
    fn edge(&mut self, to: CodeAddr, charge: Option<u16>, refund: u16) -> Option<Edge> {
        let charge = charge.map(|steps| (steps, self.guard(Way::OutOfFuel)));
        let inside = (!to.is_stub()).then(|| self.starts.get(&to.index()).copied()).flatten();
        if let Some(block) = inside {
            return Some(Edge { to: Target::Block(block), args: Vec::new(), charge, refund });
        }
        let state = self.state_at(to);
        // Where code is not made yet, whoever executes the instruction again charges for it.
        let charge = charge.filter(|_| !to.is_stub());
        let exit = Exit { place: self.place, way: Way::To(to), refund, charge, state };
        let exit = self.exit(exit);
        Some(Edge { to: Target::Exit(exit), args: Vec::new(), charge: None, refund: 0 })
    }

    /// What has to be stored where control goes on elsewhere.
    fn state_at(&mut self, to: CodeAddr) -> Vec<(u8, Value)> {
        if to.is_stub() {
            // The instruction is executed again by others, and needs its operands.
            return self.state(None);
        }
        let place = to.index();
        if !self.code.ops.get(place).is_some_and(|op| op.unfused().has_exit()) {
            return self.state(None);
        }
        let exit = &self.code.exits[self.code.ops.exit_of(place)];
        let mut state = self.state(Some((exit.pc, &exit.context)));
        self.keep_tags(&mut state);
        state
    }

    /// What has to be stored where the baseline interpreter would go on at an instruction, with stores that are still to be done; all that was
    /// written, where nothing better is known.
    fn state(&mut self, at: Option<(u32, &TypeContext)>) -> Vec<(u8, Value)> {
        let live = at.map(|(pc, _)| self.live_before(pc));
        let is_needed = |register: u8| match (at, live) {
            (Some((_, context)), Some(live)) => {
                let is_source =
                    |(to, from): &(u8, Source)| *from == Source::Slot(register) && live.contains(*to);
                let is_own = context.source(register) == Source::Slot(register) && live.contains(register);
                is_own || context.deferred.iter().any(is_source)
            }
            _ => true,
        };
        let written = self.written.iter().copied();
        let held = written.filter_map(|register| Some((register, self.env[usize::from(register)]?)));
        held.filter(|(register, _)| is_needed(*register)).collect()
    }

    /// Machine code may go on where it relies on tags that were written before. What is in registers that are dead does not matter, but of what
    /// kind it is.
    fn keep_tags(&mut self, state: &mut Vec<(u8, Value)>) {
        for register in self.written.clone() {
            let Some(value) = self.env[usize::from(register)] else { continue };
            if state.iter().any(|(stored, _)| *stored == register) {
                continue;
            }
            let value = match self.body.kind(value) {
                Kind::Float => self.float(0.0),
                Kind::Bool => self.constant(Inst::Bool(false), Kind::Bool),
                Kind::Int | Kind::Vector | Kind::Nothing => self.int(0),
            };
            state.push((register, value));
        }
    }

    fn live_before(&mut self, pc: u32) -> RegSet {
        let (code, program) = (self.code, self.program);
        *self.live.entry(pc).or_insert_with(|| code.graph.live_before(&program.module, pc as usize))
    }

    /// A branch, whose edges are taken where a condition holds and where it does not.
    fn branch(&mut self, condition: Condition, to: CodeAddr, steps: Option<u16>) -> Made {
        let taken = self.edge(to, steps, 0)?;
        let other = self.edge(CodeAddr::of(self.place + 1), None, 0)?;
        Some(Some(End::Branch(condition, taken, other)))
    }
}

/// What a number or bool is that is known to be of a type.
fn kind_of(ty: Type) -> Option<Kind> {
    match ty {
        Type::Int => Some(Kind::Int),
        Type::Float => Some(Kind::Float),
        Type::Bool => Some(Kind::Bool),
        Type::Any | Type::Free | Type::Scalar => None,
    }
}
