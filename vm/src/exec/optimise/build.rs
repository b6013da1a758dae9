//! Making the intermediate representation of a loop of specialised code.
//!
//! Each register of the frame that the loop writes is a number of values, one for each write, and one for each place where paths meet with
//! different ones. What it does not write stays where it is.

mod branches;
mod numbers;
mod rows;
mod ways_out;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::exec::analysis::RegSet;
use crate::exec::interpreter::Program;
use crate::exec::optimise::ir::{Block, End, Inst, Kind, Loop, Needs, Target, Value};
use crate::exec::optimise::shape::{Shape, successors};
use crate::exec::specialise::{Code, CodeAddr, JitOp, MoveOp, Slot, Type};
use crate::isa::REGISTERS;

/// What the registers of the frame hold that the loop writes. None where that is what the frame has, or where nobody looks.
type Env = Vec<Option<Value>>;

/// Makes a loop. None where something in it is not known here.
pub(super) fn build(code: &Code, program: &Program, shape: &Shape<'_>) -> Option<Loop> {
    let mut may_be_stale = BTreeSet::new();
    // What may be stale where a turn begins is known when one is made.
    loop {
        let mut builder = Builder::new(code, program, shape)?;
        builder.may_be_stale.clone_from(&may_be_stale);
        let is_made = builder.fill().is_some();
        if builder.are_stale.is_empty() {
            return (is_made && !builder.is_refused).then_some(builder.body);
        }
        may_be_stale.append(&mut builder.are_stale);
    }
}

/// How a block ends with an instruction, if it does; none at all where the instruction is not known.
type Made = Option<Option<End>>;

/// An edge that leads to a block: which block it ends, which of its edges it is, and what is in registers then.
struct Arrival {
    block: usize,
    edge: usize,
    env: Env,
    stale: BTreeMap<u8, Value>,
    available: Vec<Value>,
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
    /// The registers of the frame that the loop writes arrays to, which are elements of others. They are not among those that are written.
    rows: Vec<u8>,
    /// Those of them that are stale, where that bool is true.
    stale: BTreeMap<u8, Value>,
    /// Those that may be where a turn begins, and those that are found to be besides.
    may_be_stale: BTreeSet<u8>,
    are_stale: BTreeSet<u8>,
    /// What was computed on all paths that lead here.
    available: Vec<Value>,
    /// Instructions that were done together with one before.
    done: BTreeSet<usize>,
    /// Whether something was found that cannot be done.
    is_refused: bool,
}

impl<'a> Builder<'a> {
    fn new(code: &'a Code, program: &'a Program, shape: &'a Shape<'a>) -> Option<Self> {
        let rows = rows::registers(code, shape)?;
        let mut written = BTreeSet::new();
        for place in &shape.places {
            if let JitOp::Move(MoveOp::Swap { a, b }) = JitOp::from(code.ops[*place]) {
                written.extend([a, b].map(Slot::register));
            }
            for access in code.ops[*place].unfused().accesses() {
                let register = access.slot.register();
                if access.gives.is_some() && rows.binary_search(&register).is_err() {
                    written.insert(register);
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
            rows,
            stale: BTreeMap::new(),
            may_be_stale: BTreeSet::new(),
            are_stale: BTreeSet::new(),
            available: Vec::new(),
            done: BTreeSet::new(),
            is_refused: false,
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
            let (to, next) = successors(ops[*place], *place, self.shape.knows_rows);
            starts.extend(to.filter(|to| self.shape.contains(*to)));
            // What follows a branch begins a block, also where the other side is not made yet.
            if ops[*place].target().is_some() {
                starts.extend(next.filter(|next| self.shape.contains(*next)));
            }
        }
        let leads = |start: usize| {
            let mut place = start;
            loop {
                let (to, next) = successors(ops[place], place, self.shape.knows_rows);
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
        self.begin_stale();
        Some(())
    }

    /// What registers hold where a block begins: what all paths agree on, or a parameter.
    fn begin(&mut self, number: usize) -> Option<()> {
        let arrivals = std::mem::take(&mut self.arrivals[number]);
        let (first, others) = arrivals.split_first()?;
        self.env.clone_from(&first.env);
        self.begin_rows(&arrivals);
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
            let (to, next) = successors(op, self.place, self.shape.knows_rows);
            if to.is_none() && next.is_none() && op.target().is_none() {
                return None;
            }
            self.charged = 0;
            let end = if self.done.contains(&self.place) { None } else { self.instruction(JitOp::from(op))? };
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
                    let mut values = values?;
                    values.extend(self.stale_arguments()?);
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
                    let (stale, available) = (self.stale.clone(), self.available.clone());
                    self.arrivals[to].push(Arrival { block: number, edge, env, stale, available });
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
        self.written.binary_search(&register).is_ok() || self.holds_rows(register)
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
            return (self.body.kind(value) != Kind::Row).then_some(value);
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

    /// What is needed of an array that the loop does not write over.
    fn needs(&mut self, register: u8) -> &mut Needs {
        let arrays = &mut self.body.arrays;
        let place = arrays.iter().position(|(known, _)| *known == register).unwrap_or_else(|| {
            arrays.push((register, Needs::default()));
            arrays.len() - 1
        });
        &mut arrays[place].1
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
