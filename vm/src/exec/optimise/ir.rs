//! The intermediate representation: a loop in static single assignment form, with parameters of blocks in the place of phis.

use crate::exec::specialise::{CodeAddr, Test};

/// A value that is defined once. Instructions without a result have a number, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Value(pub(crate) u32);

impl Value {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A way out of the loop, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ExitId(pub(crate) u32);

impl ExitId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a value is. Numbers and bools are unboxed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Int,
    Float,
    Bool,
    /// Where the elements of an array are.
    Vector,
    /// Where an array is that is an element of another. A register of the frame holds it, too.
    Row,
    /// The instruction has no result.
    Nothing,
}

/// An operation on two ints that can overflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    Add,
    Sub,
    Mul,
}

/// An operation on two floats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FloatArithmetic {
    Add,
    Sub,
    Mul,
    Div,
}

/// What defines a value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Inst {
    /// What the register of the frame holds where the loop is entered. The frame does not change before the loop is left.
    Slot(u8),
    /// A parameter of a block.
    Param,
    Int(i64),
    /// A float, by its bits.
    Float(u64),
    Bool(bool),
    /// Leaves where the result overflows, unless it cannot.
    Arithmetic(Arithmetic, Value, Value, Option<ExitId>),
    /// The quotient or the remainder. Leaves where the divisor is zero or the result overflows.
    Divide {
        left: Value,
        right: Value,
        is_remainder: bool,
        exit: ExitId,
    },
    /// The quotient of a division by two to the power of that.
    Shift(Value, u8),
    /// The remainder of a division by a power of two, which is one more than that.
    Mask(Value, i64),
    Float2(FloatArithmetic, Value, Value),
    NegateFloat(Value),
    /// Leaves where a float is zero.
    NotZero(Value, ExitId),
    FloatOf(Value),
    TestInts(Test, Value, Value),
    TestFloats(Test, Value, Value),
    Not(Value),
    And(Value, Value),
    Or(Value, Value),
    /// Charges steps. Leaves where there are too few.
    Charge(u16, ExitId),
    /// The codes of the elements of the array in a register of the frame that does not change.
    Codes(u8),
    /// The words of its elements that are numbers.
    Words(u8),
    /// Its elements, where they are not packed.
    Values(u8),
    /// The array that is an element of another, given the elements of that. Leaves unless there is one of that index, and it is an array.
    Row {
        values: Value,
        index: Value,
        exit: ExitId,
    },
    /// The array in a register of the frame that the loop writes. Leaves where it holds none.
    Held(u8, ExitId),
    /// Has a register of the frame hold an array. Leaves where that would free what it holds.
    Keep {
        register: u8,
        row: Value,
        exit: ExitId,
    },
    /// How many elements an array has.
    LengthOf(Value),
    /// The same as `Load` of such an array.
    LoadRow {
        row: Value,
        index: Value,
        kind: Kind,
        exit: ExitId,
    },
    /// Writes a scalar over an element of an array that is an element itself, which is set to what comes of it. Leaves unless that array is held by
    /// so many registers, and by the one that it is an element of, alone; or where there would be no room for a copy.
    StoreRow {
        row: Value,
        index: Value,
        value: Value,
        holders: u8,
        exit: ExitId,
    },
    /// How many codes there are.
    Length(Value),
    /// Leaves unless there is an element of that index, given the codes, and it is of that kind. The word of a number is there then; of a bool, the result is its truth.
    Load {
        codes: Value,
        words: Option<Value>,
        index: Value,
        kind: Kind,
        exit: ExitId,
    },
    /// Writes a scalar to an element. Leaves unless there is one of that index.
    Store {
        codes: Value,
        words: Option<Value>,
        index: Value,
        value: Value,
        exit: ExitId,
    },
}

impl Inst {
    /// The values it works on.
    pub(crate) fn each_operand(&self, mut f: impl FnMut(Value)) {
        match self {
            Self::Slot(_)
            | Self::Param
            | Self::Int(_)
            | Self::Float(_)
            | Self::Bool(_)
            | Self::Charge(..)
            | Self::Codes(_)
            | Self::Words(_)
            | Self::Values(_)
            | Self::Held(..) => {}
            Self::Arithmetic(_, left, right, _)
            | Self::Divide { left, right, .. }
            | Self::Float2(_, left, right)
            | Self::TestInts(_, left, right)
            | Self::TestFloats(_, left, right)
            | Self::And(left, right)
            | Self::Or(left, right) => {
                f(*left);
                f(*right);
            }
            Self::Shift(value, _)
            | Self::Mask(value, _)
            | Self::NegateFloat(value)
            | Self::NotZero(value, _)
            | Self::FloatOf(value)
            | Self::Not(value)
            | Self::LengthOf(value)
            | Self::Keep { row: value, .. }
            | Self::Length(value) => f(*value),
            Self::Row { values: array, index, .. } | Self::LoadRow { row: array, index, .. } => {
                f(*array);
                f(*index);
            }
            Self::StoreRow { row, index, value, .. } => {
                f(*row);
                f(*index);
                f(*value);
            }
            Self::Load { codes, words, index, .. } => {
                f(*codes);
                words.iter().copied().for_each(&mut f);
                f(*index);
            }
            Self::Store { codes, words, index, value, .. } => {
                f(*codes);
                words.iter().copied().for_each(&mut f);
                f(*index);
                f(*value);
            }
        }
    }

    /// Where it may leave the loop.
    pub(crate) fn exit(&self) -> Option<ExitId> {
        match self {
            Self::Arithmetic(_, _, _, exit) => *exit,
            Self::Divide { exit, .. }
            | Self::NotZero(_, exit)
            | Self::Charge(_, exit)
            | Self::Load { exit, .. }
            | Self::Store { exit, .. }
            | Self::Row { exit, .. }
            | Self::LoadRow { exit, .. }
            | Self::Held(_, exit)
            | Self::Keep { exit, .. }
            | Self::StoreRow { exit, .. } => Some(*exit),
            Self::Slot(_)
            | Self::Param
            | Self::Int(_)
            | Self::Float(_)
            | Self::Bool(_)
            | Self::Shift(..)
            | Self::Mask(..)
            | Self::Float2(..)
            | Self::NegateFloat(_)
            | Self::FloatOf(_)
            | Self::TestInts(..)
            | Self::TestFloats(..)
            | Self::Not(_)
            | Self::And(..)
            | Self::Or(..)
            | Self::Codes(_)
            | Self::Words(_)
            | Self::Values(_)
            | Self::LengthOf(_)
            | Self::Length(_) => None,
        }
    }

    /// Whether it does more than define a value.
    pub(crate) fn has_effect(&self) -> bool {
        self.exit().is_some()
    }

    /// Whether it is the same wherever it is computed.
    pub(crate) fn is_constant(&self) -> bool {
        matches!(self, Self::Int(_) | Self::Float(_) | Self::Bool(_))
    }

    /// Whether it is defined where the loop is entered, and by nothing that the loop does.
    pub(crate) fn is_invariant(&self) -> bool {
        self.is_constant()
            || matches!(self, Self::Slot(_) | Self::Codes(_) | Self::Words(_) | Self::Values(_))
    }
}

/// Why the loop is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// The instruction cannot do what is needed here.
    Guard,
    /// The instruction charges more steps than there are.
    OutOfFuel,
    /// Control goes on there.
    To(CodeAddr),
}

/// A way out of the loop.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Exit {
    /// The instruction of specialised code.
    pub(crate) place: usize,
    pub(crate) way: Way,
    /// Steps that were charged ahead, to be given back.
    pub(crate) refund: u16,
    /// Steps to charge on the way out, and where to leave instead if there are too few.
    pub(crate) charge: Option<(u16, ExitId)>,
    /// What the registers of the frame hold, where that is not what they held when the loop was entered.
    pub(crate) state: Vec<(u8, Value)>,
    /// Registers of the frame that would hold an array as it was before it was written to, where that bool is true: nobody reads them, and what
    /// costs as much is put there.
    pub(crate) stale: Vec<(u8, Value)>,
}

/// Where an edge leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Block(usize),
    Exit(ExitId),
}

/// A way from one block to another, or out of the loop.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Edge {
    pub(crate) to: Target,
    /// What the parameters of the block become.
    pub(crate) args: Vec<Value>,
    /// Steps to charge, and where to leave if there are too few.
    pub(crate) charge: Option<(u16, ExitId)>,
    /// Steps that were charged ahead, to be given back.
    pub(crate) refund: u16,
}

/// What decides between two edges.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Condition {
    Ints(Test, Value, Value),
    Floats(Test, Value, Value),
    True(Value),
    /// That an int has none of those bits.
    NoBits(Value, i64),
    Not(Box<Self>),
    Both(Box<[Self; 2]>),
    Either(Box<[Self; 2]>),
}

impl Condition {
    pub(crate) fn each_operand(&self, f: &mut impl FnMut(Value)) {
        match self {
            Self::Ints(_, left, right) | Self::Floats(_, left, right) => {
                f(*left);
                f(*right);
            }
            Self::True(value) | Self::NoBits(value, _) => f(*value),
            Self::Not(condition) => condition.each_operand(f),
            Self::Both(two) | Self::Either(two) => two.iter().for_each(|one| one.each_operand(f)),
        }
    }
}

/// How a block ends.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum End {
    Jump(Edge),
    /// The first where the condition holds, else the second.
    Branch(Condition, Edge, Edge),
}

impl End {
    pub(crate) fn edges(&self) -> impl Iterator<Item = &Edge> {
        let (first, second) = match self {
            Self::Jump(edge) => (edge, None),
            Self::Branch(_, edge, other) => (edge, Some(other)),
        };
        std::iter::once(first).chain(second)
    }

    pub(crate) fn edges_mut(&mut self) -> impl Iterator<Item = &mut Edge> {
        let (first, second) = match self {
            Self::Jump(edge) => (edge, None),
            Self::Branch(_, edge, other) => (edge, Some(other)),
        };
        std::iter::once(first).chain(second)
    }
}

/// Instructions that are executed one after the other.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Block {
    pub(crate) params: Vec<Value>,
    pub(crate) insts: Vec<Value>,
    pub(crate) end: End,
}

/// What an array must be where a loop is entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Needs {
    /// Nothing else may hold it.
    pub(crate) is_alone: bool,
    /// All its elements are scalars.
    pub(crate) is_packed: bool,
}

/// An innermost loop. Its first block is the header. Blocks stand in an order in which each is behind all that lead to it, but for back edges.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Loop {
    /// The instruction of specialised code that the header begins with.
    pub(crate) header: usize,
    /// The instructions of specialised code that are part of it.
    pub(crate) places: Vec<usize>,
    pub(crate) defs: Vec<(Inst, Kind)>,
    /// What is defined where the loop is entered.
    pub(crate) entry: Vec<Value>,
    /// What the parameters of the header are then.
    pub(crate) args: Vec<Value>,
    /// Registers of the frame that must hold what is of that kind, or the loop is not entered.
    pub(crate) checks: Vec<(u8, Kind)>,
    /// Registers of the frame that must hold an array, and what else must be so.
    pub(crate) arrays: Vec<(u8, Needs)>,
    pub(crate) blocks: Vec<Block>,
    pub(crate) exits: Vec<Exit>,
}

impl Loop {
    pub(crate) fn inst(&self, value: Value) -> &Inst {
        &self.defs[value.index()].0
    }

    pub(crate) fn kind(&self, value: Value) -> Kind {
        self.defs[value.index()].1
    }

    pub(crate) fn exit(&self, exit: ExitId) -> &Exit {
        &self.exits[exit.index()]
    }

    pub(crate) fn define(&mut self, inst: Inst, kind: Kind) -> Value {
        self.defs.push((inst, kind));
        Value(self.defs.len() as u32 - 1)
    }

    /// The values that must be there for an exit to be taken.
    pub(crate) fn each_needed(&self, exit: ExitId, f: &mut impl FnMut(Value)) {
        let exit = self.exit(exit);
        let of = |exit: &Exit, f: &mut dyn FnMut(Value)| {
            exit.state.iter().chain(&exit.stale).for_each(|(_, value)| f(*value));
        };
        of(exit, f);
        if let Some((_, other)) = exit.charge {
            of(self.exit(other), f);
        }
    }

    /// The values that an edge needs, but for those of an exit it leads to.
    pub(crate) fn each_used(&self, edge: &Edge, f: &mut impl FnMut(Value)) {
        edge.args.iter().for_each(|value| f(*value));
        if let Some((_, exit)) = edge.charge {
            self.each_needed(exit, f);
        }
        if let Target::Exit(exit) = edge.to {
            self.each_needed(exit, f);
        }
    }
}
