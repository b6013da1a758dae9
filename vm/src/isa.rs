//! The instruction set: opcodes, decoded instructions and their operands.
//!
//! The enums, the decoder and the encoder are generated from `spec/isa.yaml`; what is here is what they are made of.

use std::fmt;

use crate::errors::RuntimeErrorKind;
use crate::values::{AssertKind, TypeId, reads};

include!(concat!(env!("OUT_DIR"), "/instruction.rs"));

/// What the specification says of an opcode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpcodeSpec {
    /// The name, as in `LoadConstR`.
    pub name: &'static str,
    /// The name in assembly, as in `load_const`.
    pub mnemonic: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    /// The format version that brought it.
    pub since: u32,
    /// The operands, in byte order.
    pub operands: &'static [OperandSpec],
    /// The run-time errors it can give, apart from limits that bind every instruction.
    pub errors: &'static [RuntimeErrorKind],
    /// Where control goes.
    pub flow: FlowKind,
}

/// What the specification says of an operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OperandSpec {
    /// The name, as in `dst`.
    pub name: &'static str,
    /// What it can be.
    pub role: Role,
}

impl Opcode {
    /// The opcode with that number.
    #[must_use]
    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.get(usize::from(byte)).copied()
    }

    /// The opcode with that name in assembly.
    #[must_use]
    pub fn from_mnemonic(mnemonic: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|opcode| opcode.spec().mnemonic == mnemonic)
    }
}

/// A register of the current frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reg(pub u8);

impl fmt::Display for Reg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{}", self.0)
    }
}

/// An index into the constant pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ConstIdx(pub u16);

/// A jump offset in instructions, relative to the instruction after the jump.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct JumpOffset(pub i32);

impl JumpOffset {
    /// The target, as an instruction index, of a jump at instruction `at`. It may lie outside the code.
    #[must_use]
    pub fn target(self, at: usize) -> i64 {
        at as i64 + 1 + i64::from(self.0)
    }
}

/// A scope number, of no meaning to the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ScopeId(pub u16);

/// A list of registers: a view of the encoded bytes, one for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Registers<'a>(pub(crate) &'a [u8]);

impl<'a> Registers<'a> {
    /// The registers that `bytes` name, one each; none where there are more than 255.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Option<Self> {
        (bytes.len() <= usize::from(u8::MAX)).then_some(Self(bytes))
    }

    /// How many there are.
    #[must_use]
    pub fn len(self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The registers, in order.
    pub fn iter(self) -> impl Iterator<Item = Reg> + 'a {
        self.0.iter().copied().map(Reg)
    }
}

/// The sources of a phi: a view of the encoded bytes, three for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Phis<'a>(pub(crate) &'a [[u8; 3]]);

/// One source of a phi.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PhiSource {
    /// The register that is read.
    pub register: Reg,
    /// The index of the instruction that must have run before.
    pub label: u16,
}

impl PhiSource {
    /// The encoded source.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 3] {
        let [low, high] = self.label.to_le_bytes();
        [self.register.0, low, high]
    }

    fn from_bytes([register, low, high]: [u8; 3]) -> Self {
        Self { register: Reg(register), label: u16::from_le_bytes([low, high]) }
    }
}

impl<'a> Phis<'a> {
    /// The sources that `bytes` encode, as [`PhiSource::to_bytes`] does; none where there are more than 255.
    #[must_use]
    pub fn new(bytes: &'a [[u8; 3]]) -> Option<Self> {
        (bytes.len() <= usize::from(u8::MAX)).then_some(Self(bytes))
    }

    /// The sources, in order.
    pub fn iter(self) -> impl Iterator<Item = PhiSource> + 'a {
        self.0.iter().copied().map(PhiSource::from_bytes)
    }
}

/// What an assertion checks, and what it says when it fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Check {
    /// The condition.
    pub condition: Condition,
    /// The constant that holds the message.
    pub message: ConstIdx,
}

/// The condition of an assertion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// The value is truthy.
    True,
    /// The value is not of type empty.
    NonEmpty,
    /// The value is an int within both ends.
    IntRange {
        /// The least value.
        min: i64,
        /// The greatest value.
        max: i64,
    },
}

impl Condition {
    /// The kind that the encoding names.
    #[must_use]
    pub fn kind(self) -> AssertKind {
        match self {
            Self::True => AssertKind::True,
            Self::NonEmpty => AssertKind::NonEmpty,
            Self::IntRange { .. } => AssertKind::IntRange,
        }
    }
}

/// One operand, of whatever role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operand<'a> {
    /// A register, whether it is read, written or changed.
    Register(Reg),
    /// A register or nothing.
    OptionalRegister(Option<Reg>),
    /// A list of registers.
    Registers(Registers<'a>),
    /// A constant, also one that names a global.
    Constant(ConstIdx),
    /// A type.
    Type(TypeId),
    /// A jump offset.
    Jump(JumpOffset),
    /// The sources of a phi.
    Phis(Phis<'a>),
    /// An assertion.
    Check(Check),
    /// A scope number.
    Scope(ScopeId),
}

/// The operands of one instruction, in byte order.
#[derive(Debug, Clone, Copy)]
pub struct Operands<'a> {
    items: [Operand<'a>; MAX_OPERANDS],
    len: usize,
}

impl<'a> Operands<'a> {
    fn new(operands: &[Operand<'a>]) -> Self {
        let mut items = [Operand::OptionalRegister(None); MAX_OPERANDS];
        items[..operands.len()].copy_from_slice(operands);
        Self { items, len: operands.len() }
    }
}

impl<'a> std::ops::Deref for Operands<'a> {
    type Target = [Operand<'a>];

    fn deref(&self) -> &Self::Target {
        &self.items[..self.len]
    }
}

/// Where the operands of an instruction are read from, in byte order: bytes that are still to be checked, or bytes that
/// were.
pub(crate) trait OperandSource<'a> {
    /// What can be wrong with them.
    type Error;
    /// The next bytes; `what` is what an error calls them.
    fn bytes<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], Self::Error>;
    /// A count, and as many registers.
    fn registers(&mut self) -> Result<Registers<'a>, Self::Error>;
    /// A count, and as many sources of a phi.
    fn phis(&mut self) -> Result<Phis<'a>, Self::Error>;
    /// Checks a constant that may be of any kind.
    fn check_constant(&mut self, index: u16) -> Result<ConstIdx, Self::Error>;
    /// Checks a constant that must be a string.
    fn check_string(&mut self, index: u16) -> Result<ConstIdx, Self::Error>;
    /// Checks a type id.
    fn check_type(&mut self, id: u16) -> Result<TypeId, Self::Error>;
    /// Checks an assert kind.
    fn check_assert_kind(&mut self, id: u8) -> Result<AssertKind, Self::Error>;

    fn register(&mut self) -> Result<Reg, Self::Error> {
        let [register] = self.bytes(reads::REGISTER)?;
        Ok(Reg(register))
    }

    fn optional_register(&mut self) -> Result<Option<Reg>, Self::Error> {
        let [present] = self.bytes(reads::PRESENCE_BYTE)?;
        if present == 0 { Ok(None) } else { self.register().map(Some) }
    }

    fn constant(&mut self) -> Result<ConstIdx, Self::Error> {
        let index = self.bytes(reads::CONSTANT_INDEX).map(u16::from_le_bytes)?;
        self.check_constant(index)
    }

    fn global(&mut self) -> Result<ConstIdx, Self::Error> {
        let index = self.bytes(reads::CONSTANT_INDEX).map(u16::from_le_bytes)?;
        self.check_string(index)
    }

    fn type_id(&mut self) -> Result<TypeId, Self::Error> {
        let id = self.bytes(reads::TYPE_ID).map(u16::from_le_bytes)?;
        self.check_type(id)
    }

    fn jump(&mut self) -> Result<JumpOffset, Self::Error> {
        self.bytes(reads::JUMP_OFFSET).map(i32::from_le_bytes).map(JumpOffset)
    }

    fn check(&mut self) -> Result<Check, Self::Error> {
        let [kind] = self.bytes(reads::ASSERT_KIND)?;
        let kind = self.check_assert_kind(kind)?;
        let message = self.global()?;
        let condition = match kind {
            AssertKind::True => Condition::True,
            AssertKind::NonEmpty => Condition::NonEmpty,
            AssertKind::IntRange => Condition::IntRange {
                min: self.bytes(reads::RANGE_MINIMUM).map(i64::from_le_bytes)?,
                max: self.bytes(reads::RANGE_MAXIMUM).map(i64::from_le_bytes)?,
            },
        };
        Ok(Check { condition, message })
    }

    fn scope(&mut self) -> Result<ScopeId, Self::Error> {
        self.bytes(reads::SCOPE).map(u16::from_le_bytes).map(ScopeId)
    }
}

/// How an operand is written.
trait Encode {
    fn encode(&self, out: &mut Vec<u8>);
}

impl Encode for Reg {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.0);
    }
}

impl Encode for Option<Reg> {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Some(register) => out.extend([1, register.0]),
            None => out.push(0),
        }
    }
}

impl Encode for Registers<'_> {
    fn encode(&self, out: &mut Vec<u8>) {
        // A list holds 255 at most, so its length fits the count.
        out.push(self.0.len() as u8);
        out.extend(self.0);
    }
}

impl Encode for ConstIdx {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend(self.0.to_le_bytes());
    }
}

impl Encode for TypeId {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend(u16::from(*self as u8).to_le_bytes());
    }
}

impl Encode for JumpOffset {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend(self.0.to_le_bytes());
    }
}

impl Encode for Phis<'_> {
    fn encode(&self, out: &mut Vec<u8>) {
        // A list holds 255 at most, so its length fits the count.
        out.push(self.0.len() as u8);
        out.extend(self.0.as_flattened());
    }
}

impl Encode for Check {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.condition.kind() as u8);
        self.message.encode(out);
        if let Condition::IntRange { min, max } = self.condition {
            out.extend(min.to_le_bytes());
            out.extend(max.to_le_bytes());
        }
    }
}

impl Encode for ScopeId {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend(self.0.to_le_bytes());
    }
}
