//! Obligations as text.

use std::fmt;

use mdvm_spec::Spec;
use mdvm_spec::model::OpcodeEntry;

use super::{Class, Duty, Edge, Fault, Obligation, Point};

impl Obligation {
    /// The mnemonic of the opcode, or its number where it is none.
    #[must_use]
    pub fn mnemonic(&self, spec: &Spec) -> String {
        let entry = spec.isa.opcodes.iter().find(|entry| entry.number == self.opcode);
        entry.map_or_else(|| format!("opcode {}", self.opcode), OpcodeEntry::mnemonic)
    }
}

impl Duty {
    /// The class of the duty.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::Types(_) => Class::Types,
            Self::Error(_) | Self::Undefined => Class::Errors,
            Self::Operand { .. } => Class::Operands,
            Self::Edge(_) => Class::Edges,
        }
    }
}

impl Class {
    /// Every class, in the order of columns.
    pub const ALL: [Self; 4] = [Self::Types, Self::Errors, Self::Operands, Self::Edges];

    /// The word that reports use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Types => "types",
            Self::Errors => "errors",
            Self::Operands => "operands",
            Self::Edges => "edges",
        }
    }
}

impl Fault {
    /// The kind of the load error.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::PastThePool | Self::NotAString => "InvalidConstantIndex",
            Self::TypeId => "InvalidTypeId",
            Self::AssertKind => "InvalidAssertKind",
            Self::BeforeTheStart | Self::PastTheEnd => "InvalidJumpTarget",
            Self::Truncated => "UnexpectedEof",
        }
    }
}

impl fmt::Display for Duty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Types(types) if types.is_empty() => f.write_str("without a value"),
            Self::Types(types) => f.write_str(&types.join(" and ")),
            Self::Error(kind) => f.write_str(kind),
            Self::Operand { operand, point } => write!(f, "{operand} {point}"),
            Self::Edge(edge) => edge.fmt(f),
            Self::Undefined => f.write_str("is refused"),
        }
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Register(number) => write!(f, "in r{number}"),
            Self::Absent => f.write_str("absent"),
            Self::Count(count) => write!(f, "of {count}"),
            Self::FirstConstant => f.write_str("first of the pool"),
            Self::LastConstant => f.write_str("last of the pool"),
            Self::Type(id) => write!(f, "is type {id}"),
            Self::JumpToStart => f.write_str("to the start"),
            Self::JumpToEnd => f.write_str("to the end"),
            Self::Label(label) => write!(f, "with label {label}"),
            Self::AssertKind(id) => write!(f, "of kind {id}"),
            Self::RangeMinimum(end) => write!(f, "from {}", end_of_ints(*end)),
            Self::RangeMaximum(end) => write!(f, "up to {}", end_of_ints(*end)),
            Self::Scope(number) => write!(f, "is {number}"),
            Self::Refused(fault) => f.write_str(match fault {
                Fault::PastThePool => "past the pool",
                Fault::NotAString => "not a string",
                Fault::TypeId => "past the last type",
                Fault::AssertKind => "past the last kind",
                Fault::BeforeTheStart => "before the start",
                Fault::PastTheEnd => "past the end",
                Fault::Truncated => "truncated",
            }),
        }
    }
}

fn end_of_ints(end: i64) -> String {
    match end {
        i64::MIN => "the least int".to_owned(),
        i64::MAX => "the greatest int".to_owned(),
        other => other.to_string(),
    }
}

impl fmt::Display for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Next => "to the next instruction",
            Self::OffTheEnd => "off the end",
            Self::Jump => "to the target",
            Self::Taken => "taken",
            Self::NotTaken => "not taken",
            Self::Entered => "entered",
            Self::ReturnedFrom => "returned from",
            Self::ValueToCaller => "to the caller with a value",
            Self::NothingToCaller => "to the caller without a value",
            Self::ValueOut => "out of the program with a value",
            Self::NothingOut => "out of the program without a value",
            Self::PhiAfterJump => "matched after a jump",
            Self::PhiFallenInto => "matched after falling into it",
            Self::PhiUnmatched => "unmatched",
            Self::Halt => "out of the program",
        })
    }
}
