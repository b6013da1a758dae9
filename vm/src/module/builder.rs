//! Putting a module together, instruction by instruction.

use std::collections::HashMap;

use crate::errors::LoadError;
use crate::isa::{ConstIdx, Instruction, Opcode, Role};
use crate::module::{Code, Constant, Function, Module};
use crate::values::format;

/// Collects constants, functions and instructions, and checks them as [`Module::decode`] would.
///
/// ```
/// use machine_dialect_vm::{Constant, Instruction, ModuleBuilder, Reg};
///
/// let mut builder = ModuleBuilder::new("answer");
/// let constant = builder.constant(Constant::Int(42)).unwrap();
/// builder.push(Instruction::LoadConst { dst: Reg(0), constant });
/// builder.push(Instruction::Return { src: Some(Reg(0)) });
/// let module = builder.finish().unwrap();
/// assert_eq!(module.len(), 2);
/// ```
#[derive(Debug, Clone, Default)]
pub struct ModuleBuilder {
    name: String,
    constants: Vec<Constant>,
    pooled: HashMap<Vec<u8>, ConstIdx>,
    functions: Vec<Function>,
    code: Code,
}

impl ModuleBuilder {
    /// A module without anything in it.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// The name that the module will have.
    pub fn set_name(&mut self, name: &str) {
        name.clone_into(&mut self.name);
    }

    /// The index of a constant: of an equal one that is in the pool already, or of a new one. `0.0` and `-0.0` are kept
    /// apart, as are `1`, `1.0` and `true`.
    ///
    /// # Errors
    /// Gives [`LoadError::CountOverLimit`] when the pool is full.
    pub fn constant(&mut self, constant: Constant) -> Result<ConstIdx, LoadError> {
        match self.pooled.get(&pool_key(&constant)) {
            Some(index) => Ok(*index),
            None => self.push_constant(constant),
        }
    }

    /// Appends a constant to the pool, whether or not an equal one is there.
    ///
    /// # Errors
    /// Gives [`LoadError::CountOverLimit`] when the pool is full.
    pub fn push_constant(&mut self, constant: Constant) -> Result<ConstIdx, LoadError> {
        let index = u16::try_from(self.constants.len()).map_err(|_| LoadError::CountOverLimit {
            what: "constant count".to_owned(),
            count: self.constants.len() as u64 + 1,
            limit: u64::from(format::MAX_CONSTANTS),
            offset: 0,
        })?;
        self.pooled.entry(pool_key(&constant)).or_insert(ConstIdx(index));
        self.constants.push(constant);
        Ok(ConstIdx(index))
    }

    /// Appends a function that begins at instruction `entry`, which may be pushed later.
    pub fn function(&mut self, name: &str, entry: u32) {
        self.functions.push(Function { name: name.to_owned(), entry });
    }

    /// Appends an instruction and gives its index.
    pub fn push(&mut self, instruction: Instruction<'_>) -> usize {
        // Whether the code grew past what 32 bits address is checked once, at the end.
        self.code.starts.push(self.code.bytes.len() as u32);
        instruction.encode(&mut self.code.bytes);
        self.code.starts.len() - 1
    }

    /// Makes the jump at instruction `at` lead to instruction `target`, which may be pushed later. What is no jump stays as it is.
    ///
    /// ```
    /// use machine_dialect_vm::{Instruction, JumpOffset, ModuleBuilder};
    ///
    /// let mut builder = ModuleBuilder::new("skip");
    /// let jump = builder.push(Instruction::Jump { offset: JumpOffset(0) });
    /// builder.push(Instruction::Nop);
    /// builder.point_jump(jump, builder.len());
    /// assert_eq!(builder.finish().unwrap().instruction(0), Some(Instruction::Jump { offset: JumpOffset(1) }));
    /// ```
    pub fn point_jump(&mut self, at: usize, target: usize) {
        let Some(start) = self.code.starts.get(at).map(|start| *start as usize) else { return };
        let is_jump = Opcode::from_byte(self.code.bytes[start])
            .is_some_and(|opcode| opcode.spec().operands.last().is_some_and(|last| last.role == Role::Jump));
        if is_jump {
            // The offset is the last operand. It is checked with the others when the module is finished.
            let end = self.code.offset(at + 1);
            let offset = target as i64 - at as i64 - 1;
            self.code.bytes[end - size_of::<i32>()..end].copy_from_slice(&(offset as i32).to_le_bytes());
        }
    }

    /// Takes the instructions from `len` on away again.
    pub fn truncate(&mut self, len: usize) {
        if let Some(start) = self.code.starts.get(len) {
            self.code.bytes.truncate(*start as usize);
            self.code.starts.truncate(len);
        }
    }

    /// How many instructions there are so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.code.starts.len()
    }

    /// Whether there is no instruction yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.code.starts.is_empty()
    }

    /// The file, unchecked: loading it may give any fault.
    #[must_use]
    pub fn encode(self) -> Vec<u8> {
        self.into_unchecked().encode()
    }

    fn into_unchecked(self) -> Module {
        let Self { name, constants, pooled: _, functions, code } = self;
        Module { name, constants, functions, code }
    }

    /// The module, checked.
    ///
    /// # Errors
    /// Gives the fault that loading the module would give. Offsets are those of the canonical file.
    pub fn finish(self) -> Result<Module, LoadError> {
        let module = self.into_unchecked();
        let size = super::encode::code_offset(&module) as u64 + module.code.bytes.len() as u64;
        if size > u64::from(format::MAX_MODULE_BYTES) {
            return Err(LoadError::CountOverLimit {
                what: "module size".to_owned(),
                count: size,
                limit: u64::from(format::MAX_MODULE_BYTES),
                offset: 0,
            });
        }
        Module::decode(&module.encode())
    }
}

/// What makes two constants the same: their encoding.
fn pool_key(constant: &Constant) -> Vec<u8> {
    let (tag, payload): (u8, Vec<u8>) = match constant {
        Constant::Empty => (format::TAG_EMPTY, Vec::new()),
        Constant::Bool(value) => (format::TAG_BOOL, vec![u8::from(*value)]),
        Constant::Int(value) => (format::TAG_INT, value.to_le_bytes().into()),
        Constant::Float(value) => (format::TAG_FLOAT, value.to_le_bytes().into()),
        Constant::String(text) => (format::TAG_STRING, text.clone().into_bytes()),
    };
    let mut key = vec![tag];
    key.extend(payload);
    key
}
