//! A module: what a `.mdbc` file holds, decoded and checked.

mod builder;
mod constant;
mod decode;
mod encode;
mod marks;
mod salvage;
mod starts;

use std::convert::Infallible;
use std::sync::Arc;

pub use builder::{Label, ModuleBuilder};
pub use constant::Constant;
pub(crate) use constant::Payload;
pub(crate) use marks::Marks;
pub use salvage::Salvage;

use crate::errors::LoadError;
use crate::isa::{ConstIdx, Instruction, Opcode, OperandSource, Phis, Registers};
use crate::values::{AssertKind, TypeId, format};
use starts::Starts;

/// A module that passed every check of loading: nothing in it can make a machine index out of range.
///
/// ```
/// use machine_dialect_vm::Module;
///
/// let error = Module::decode(b"MDBC\x01\0").unwrap_err();
/// assert_eq!(error.to_string(), "unexpected end of file at byte 0x4: version needs 4 bytes and 2 are left");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Module {
    name: String,
    constants: Vec<Constant>,
    /// Shared with the machine that runs the module, which looks functions up by name.
    functions: Arc<Vec<Function>>,
    code: Code,
}

/// An entry of the function table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// The name; no other function of the module has it.
    pub name: String,
    /// The index of its first instruction.
    pub entry: u32,
}

/// The encoded instructions and where each of them begins. Keeping them encoded takes a third of the memory that an enum
/// for each would take, and decoding one again is cheap.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Code {
    /// The instructions in canonical form, one after another.
    bytes: Vec<u8>,
    /// Where each instruction begins in `bytes`.
    starts: Starts,
}

impl Code {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where the instruction begins in [`Self::bytes`], or where they end.
    pub(crate) fn offset(&self, index: usize) -> usize {
        self.starts.get(index).map_or(self.bytes.len(), |start| start as usize)
    }

    /// The instructions, each with where it begins in [`Self::bytes`]. Going through them finds the next one behind the last, which is
    /// faster than asking for each.
    pub(crate) fn iter(&self) -> Instructions<'_> {
        Instructions { bytes: &self.bytes, position: 0, left: self.len() }
    }

    /// The instruction and where it begins in [`Self::bytes`]; none past the end.
    pub(crate) fn get(&self, index: usize) -> Option<(u32, Instruction<'_>)> {
        let start = self.starts.get(index)?;
        Some((start, instruction_at(&self.bytes[start as usize..]).0))
    }

    pub(crate) fn len(&self) -> usize {
        self.starts.len()
    }
}

impl Module {
    /// Decodes a `.mdbc` file and checks all of it.
    ///
    /// Memory is bounded by the length of `bytes`, whatever they say: a copy of the code, a quarter of it at the most for where its
    /// instructions begin, and the names and constants.
    ///
    /// # Errors
    /// Gives the first fault in the order of `fault_order` in `spec/format.yaml`.
    pub fn decode(bytes: &[u8]) -> Result<Self, LoadError> {
        decode::decode(bytes)
    }

    /// Encodes the module in the canonical layout: sections one after another, in order, right behind the header.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        encode::encode(self)
    }

    /// The name of the module.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The constant pool.
    #[must_use]
    pub fn constants(&self) -> &[Constant] {
        &self.constants
    }

    /// The function table, in the order of the file.
    #[must_use]
    pub fn functions(&self) -> &[Function] {
        &self.functions
    }

    /// Where the sections of an encoded module begin, in bytes, by their names.
    ///
    /// ```
    /// let bytes = machine_dialect_vm::assemble("nop")?.encode();
    /// assert_eq!(machine_dialect_vm::Module::sections(&bytes)[0], ("name", 28));
    /// # Ok::<(), machine_dialect_vm::asm::AsmError>(())
    /// ```
    #[must_use]
    pub fn sections(bytes: &[u8]) -> Vec<(&'static str, u32)> {
        decode::sections(bytes)
    }

    /// The number of instructions.
    #[must_use]
    pub fn len(&self) -> usize {
        self.code.len()
    }

    /// Whether there is no instruction.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.code.len() == 0
    }

    /// The instruction at `index`, or none past the end.
    #[must_use]
    pub fn instruction(&self, index: usize) -> Option<Instruction<'_>> {
        self.code.get(index).map(|(_, instruction)| instruction)
    }

    /// The opcode of the instruction at `index`, or none past the end.
    #[must_use]
    pub fn opcode(&self, index: usize) -> Option<Opcode> {
        self.code.opcode(index)
    }

    /// The instructions, in order.
    pub fn instructions(&self) -> impl ExactSizeIterator<Item = Instruction<'_>> {
        self.code.iter().map(|(_, instruction)| instruction)
    }

    /// The offset of an instruction in the canonical file, in bytes; past the end, the length of that file.
    #[must_use]
    pub fn instruction_offset(&self, index: usize) -> usize {
        encode::code_offset(self) + self.code.offset(index)
    }

    /// The index of the instruction where execution starts, and the function that it belongs to, if the module has one
    /// of the name that the specification gives (`main`).
    #[must_use]
    pub fn entry(&self) -> (usize, Option<usize>) {
        match self.functions.iter().position(|function| function.name == format::ENTRY_FUNCTION) {
            Some(index) => (self.functions[index].entry as usize, Some(index)),
            None => (0, None),
        }
    }

    pub(crate) fn code(&self) -> &Code {
        &self.code
    }

    pub(crate) fn function_table(&self) -> Arc<Vec<Function>> {
        Arc::clone(&self.functions)
    }
}

impl Code {
    fn opcode(&self, index: usize) -> Option<Opcode> {
        let start = self.starts.get(index)?;
        Some(Opcode::ALL[usize::from(self.bytes[start as usize])])
    }
}

/// The instruction that `bytes` begin with, and what follows it.
fn instruction_at(bytes: &[u8]) -> (Instruction<'_>, &[u8]) {
    let mut operands = Checked(&bytes[1..]);
    let Ok(instruction) = Instruction::decode(Opcode::ALL[usize::from(bytes[0])], &mut operands);
    (instruction, operands.0)
}

/// The instructions of [`Code`], in order.
pub(crate) struct Instructions<'a> {
    bytes: &'a [u8],
    position: usize,
    left: usize,
}

impl Instructions<'_> {
    /// Where the next instruction begins.
    pub(crate) fn position(&self) -> usize {
        self.position
    }
}

impl<'a> Iterator for Instructions<'a> {
    type Item = (u32, Instruction<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let position = self.position;
        let (instruction, rest) = instruction_at(&self.bytes[position..]);
        self.position = self.bytes.len() - rest.len();
        // A module is shorter than 4 GiB, so every position fits.
        Some((position as u32, instruction))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Instructions<'_> {}

/// Operands that were checked when the module was loaded: bytes of [`Code`], from where they begin.
pub(crate) struct Checked<'a>(pub(crate) &'a [u8]);

impl<'a> Checked<'a> {
    fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count);
        self.0 = rest;
        taken
    }
}

impl<'a> OperandSource<'a> for Checked<'a> {
    type Error = Infallible;

    fn bytes<const N: usize>(&mut self, _what: &'static str) -> Result<[u8; N], Infallible> {
        let mut bytes = [0; N];
        bytes.copy_from_slice(self.take(N));
        Ok(bytes)
    }

    fn registers(&mut self) -> Result<Registers<'a>, Infallible> {
        let count = self.take(1)[0];
        Ok(Registers(self.take(usize::from(count))))
    }

    fn phis(&mut self) -> Result<Phis<'a>, Infallible> {
        let count = self.take(1)[0];
        Ok(Phis(self.take(usize::from(count) * 3).as_chunks().0))
    }

    fn check_constant(&mut self, index: u16) -> Result<ConstIdx, Infallible> {
        Ok(ConstIdx(index))
    }

    fn check_string(&mut self, index: u16) -> Result<ConstIdx, Infallible> {
        Ok(ConstIdx(index))
    }

    fn check_type(&mut self, id: u16) -> Result<TypeId, Infallible> {
        Ok(TypeId::ALL[usize::from(id)])
    }

    fn check_assert_kind(&mut self, id: u8) -> Result<AssertKind, Infallible> {
        Ok(AssertKind::ALL[usize::from(id)])
    }
}
