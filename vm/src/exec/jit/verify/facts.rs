//! What is known at a place in machine code: the lattice, and what is known where paths meet.

/// Where something was defined: the instruction, and which of the things that it defines. Behind the join of paths, the block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Id {
    pub(super) at: u32,
    pub(super) what: u32,
}

/// Ids of what is defined by a block, and not by its first instruction, have this bit.
pub(super) const BLOCK: u32 = 1 << 31;

/// Where a value was when it was first read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
    /// In a register of a frame.
    Slot,
    /// In a global, which may not be there.
    Global,
    /// In an element of an array.
    Element,
}

/// A value, of which the tag and the payload are read one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Value {
    pub(super) id: Id,
    pub(super) origin: Origin,
}

/// One of the vectors of an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Vector {
    Codes,
    Words,
    Values,
}

impl Vector {
    /// The binary logarithm of the size of an element.
    pub(super) fn shift(self) -> u8 {
        match self {
            Self::Codes => 0,
            Self::Words => 3,
            Self::Values => 4,
        }
    }
}

/// A number with an identity of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Number {
    Of(Id),
    Constant(u64),
    Tag(Value),
    Payload(Value),
    /// The count of references of a value.
    Count(Value),
    Length(Vector, Value),
    Capacity(Vector, Value),
    /// The code of an element, and what is left of it without the bit of a bool.
    Code(Id),
    Masked(Id),
}

/// What a register of the processor or a place on the stack holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fact {
    Number(Number),
    /// The last eight bits are that number; nothing is known of the others.
    Byte(Number),
    /// A number shifted to the left.
    Shifted(Number, u8),
    /// What the register of the processor held when the host called.
    Saved(u8),
    /// Where the host wants to go.
    Target,
    /// The JIT context.
    Context,
    /// So many bytes behind where the frame begins.
    Frame(i32),
    /// How many bytes the frame takes, and how many registers.
    Size,
    Registers,
    /// So many bytes behind where the next frame will begin.
    Next(i32),
    /// So many bytes behind where the globals begin.
    Globals(i32),
    /// So many bytes from the end of the frames that wait.
    Top(i32),
    /// Where that must end, and where they begin.
    Limit,
    Bottom,
    /// The last place where a frame can begin that is called.
    LastFrame,
    /// Where memory is counted.
    Live,
    /// The number of the call in the record of a frame that waits.
    Site {
        is_known: bool,
        is_shifted: bool,
    },
    /// The row of a call in the table.
    Row,
    /// How much the frame takes that waits, in registers or bytes.
    WaitingSize {
        is_shifted: bool,
    },
    /// The register that takes what a call gives, its offset, and where it is.
    Destination {
        is_shifted: bool,
    },
    DestinationPlace,
    /// Where the vector of an array begins.
    Vector(Vector, Value),
    /// Where an element of it is.
    Element(Vector, Value, Number),
    /// A place on the stack that holds nothing.
    Hole,
}

/// Where a value is that machine code works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    Slot(u8),
    Next(u8),
    Global(u16),
    /// The register that takes what a call gives.
    Destination,
    /// An element of an array that is not packed, by the number that the prover gave it.
    Element(u32),
}

/// What a place holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) tag: Fact,
    pub(super) payload: Fact,
}

impl Held {
    pub(super) fn of(value: Value) -> Self {
        Self { tag: Fact::Number(Number::Tag(value)), payload: Fact::Number(Number::Payload(value)) }
    }

    /// The value that both are of, if they are of one.
    pub(super) fn value(self) -> Option<Value> {
        let (Fact::Number(Number::Tag(value)), Fact::Number(Number::Payload(same))) =
            (self.tag, self.payload)
        else {
            return None;
        };
        (value == same).then_some(value)
    }
}

/// How an index compares with the length or the capacity of a vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Bound {
    BelowLength,
    IsLength,
    BelowCapacity,
}

/// The last comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Compared {
    pub(super) left: Fact,
    pub(super) right: Fact,
}

/// Registers of the processor by their numbers.
pub(super) mod gpr {
    pub(crate) const RAX: usize = 0;
    pub(crate) const RCX: usize = 1;
    pub(crate) const RDX: usize = 2;
    pub(crate) const RBX: usize = 3;
    pub(crate) const RSP: usize = 4;
    pub(crate) const RBP: usize = 5;
    pub(crate) const RSI: usize = 6;
    pub(crate) const RDI: usize = 7;
    pub(crate) const R12: usize = 12;
    pub(crate) const R13: usize = 13;
    pub(crate) const R14: usize = 14;
    pub(crate) const R15: usize = 15;
    /// Those that a function gives back as it got them.
    pub(crate) const KEPT: [usize; 6] = [RBX, RBP, R12, R13, R14, R15];
    /// Those that arguments are in.
    pub(crate) const ARGUMENTS: [usize; 5] = [RDI, RSI, RDX, RCX, 8];
}

impl Number {
    /// The thing that it is of, or is itself.
    pub(super) fn id(mut self) -> Option<Id> {
        if let Self::Of(id) | Self::Code(id) | Self::Masked(id) = self {
            return Some(id);
        }
        self.value_mut().map(|value| value.id)
    }

    /// The value that it is of.
    pub(super) fn value_mut(&mut self) -> Option<&mut Value> {
        match self {
            Self::Tag(value)
            | Self::Payload(value)
            | Self::Count(value)
            | Self::Length(_, value)
            | Self::Capacity(_, value) => Some(value),
            Self::Of(_) | Self::Code(_) | Self::Masked(_) | Self::Constant(_) => None,
        }
    }
}

impl Fact {
    /// The things that it mentions.
    pub(super) fn ids(mut self) -> impl Iterator<Item = Id> {
        let (value, number) = self.parts_mut();
        let ids = [value.map(|value| value.id), number.and_then(|number| number.id())];
        ids.into_iter().flatten()
    }

    /// The value and the number that it mentions.
    pub(super) fn parts_mut(&mut self) -> (Option<&mut Value>, Option<&mut Number>) {
        match self {
            Self::Number(number) | Self::Byte(number) | Self::Shifted(number, _) => (None, Some(number)),
            Self::Vector(_, value) => (Some(value), None),
            Self::Element(_, value, number) => (Some(value), Some(number)),
            Self::Saved(_)
            | Self::Target
            | Self::Context
            | Self::Frame(_)
            | Self::Size
            | Self::Registers
            | Self::Next(_)
            | Self::Globals(_)
            | Self::Top(_)
            | Self::Limit
            | Self::Bottom
            | Self::LastFrame
            | Self::Live
            | Self::Site { .. }
            | Self::Row
            | Self::WaitingSize { .. }
            | Self::Destination { .. }
            | Self::DestinationPlace
            | Self::Hole => (None, None),
        }
    }
}

/// Whether a number was defined there.
pub(super) fn is_defined_at(number: Number, at: u32) -> bool {
    number.id().is_some_and(|id| id.at == at)
}

pub(super) fn mentions(fact: Fact, at: u32) -> bool {
    fact.ids().any(|id| id.at == at)
}

pub(super) fn id(at: u32, what: u32) -> Id {
    Id { at, what }
}

/// A number that nothing is known of.
pub(super) fn number(at: u32, what: u32) -> Fact {
    Fact::Number(Number::Of(id(at, what)))
}
