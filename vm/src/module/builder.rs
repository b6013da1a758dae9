//! Putting a module together, instruction by instruction.

use std::collections::HashMap;
use std::sync::Arc;

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
///
/// Jumps name a [`Label`], which may be placed before or behind them:
///
/// ```
/// use machine_dialect_vm::{Constant, Instruction, JumpOffset, ModuleBuilder, Reg, Run, Value, Vm};
///
/// let [total, n, one] = [Reg(0), Reg(1), Reg(2)];
/// let mut builder = ModuleBuilder::new("sums");
/// for (dst, number) in [(total, 0), (n, 10), (one, 1)] {
///     let constant = builder.constant(Constant::Int(number)).unwrap();
///     builder.push(Instruction::LoadConst { dst, constant });
/// }
/// let again = builder.label();
/// builder.place(again);
/// builder.push(Instruction::Add { dst: total, left: total, right: n });
/// builder.push(Instruction::Sub { dst: n, left: n, right: one });
/// builder.push_jump(Instruction::JumpIf { cond: n, offset: JumpOffset(0) }, again);
/// builder.push(Instruction::Return { src: Some(total) });
/// let completion = Vm::new(builder.finish().unwrap()).run(Run::new(&mut ())).unwrap();
/// assert_eq!(completion.result, Value::Int(55));
/// ```
#[derive(Debug, Clone, Default)]
pub struct ModuleBuilder {
    name: String,
    constants: Vec<Constant>,
    pooled: HashMap<Vec<u8>, ConstIdx>,
    functions: Vec<Function>,
    code: Code,
    /// The instruction that each label is before; none where it was not placed yet.
    labels: Vec<Option<usize>>,
    /// The jumps to labels that were not placed yet.
    waiting: HashMap<Label, Vec<usize>>,
}

/// A place in the code that jumps lead to; [`ModuleBuilder::label`] makes it, and it belongs to that builder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Label(usize);

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
        self.set_offset(at, (target as i64 - at as i64 - 1) as i32);
    }

    fn set_offset(&mut self, at: usize, offset: i32) {
        let Some(start) = self.code.starts.get(at).map(|start| start as usize) else { return };
        let is_jump = Opcode::from_byte(self.code.bytes[start])
            .is_some_and(|opcode| opcode.spec().operands.last().is_some_and(|last| last.role == Role::Jump));
        if is_jump {
            // The offset is the last operand. It is checked with the others when the module is finished.
            let end = self.code.offset(at + 1);
            self.code.bytes[end - size_of::<i32>()..end].copy_from_slice(&offset.to_le_bytes());
        }
    }

    /// A new label, which is nowhere yet.
    pub fn label(&mut self) -> Label {
        self.labels.push(None);
        Label(self.labels.len() - 1)
    }

    /// Places a label before the next instruction, or at the end of the code. Jumps to it that are there already lead here; one that is
    /// placed again takes later jumps to its new place.
    pub fn place(&mut self, label: Label) {
        let here = self.len();
        if let Some(place) = self.labels.get_mut(label.0) {
            *place = Some(here);
        }
        for at in self.waiting.remove(&label).unwrap_or_default() {
            self.point_jump(at, here);
        }
    }

    /// Appends a jump to a label, whatever offset it has, and gives its index. Where the label is never placed, finishing fails with
    /// [`LoadError::InvalidJumpTarget`], which names the instruction.
    ///
    /// ```
    /// use machine_dialect_vm::{Instruction, JumpOffset, LoadErrorKind, ModuleBuilder};
    ///
    /// let jump = Instruction::Jump { offset: JumpOffset(0) };
    /// let mut builder = ModuleBuilder::new("skip");
    /// let end = builder.label();
    /// builder.push_jump(jump, end);
    /// builder.push(Instruction::Nop);
    /// assert_eq!(builder.clone().finish().unwrap_err().kind(), LoadErrorKind::InvalidJumpTarget);
    /// builder.place(end);
    /// assert_eq!(builder.finish().unwrap().instruction(0), Some(Instruction::Jump { offset: JumpOffset(1) }));
    /// ```
    pub fn push_jump(&mut self, jump: Instruction<'_>, to: Label) -> usize {
        let at = self.push(jump);
        match self.labels.get(to.0).copied().flatten() {
            Some(target) => self.point_jump(at, target),
            None => {
                self.waiting.entry(to).or_default().push(at);
                self.set_offset(at, i32::MIN);
            }
        }
        at
    }

    /// Takes the instructions from `len` on away again.
    pub fn truncate(&mut self, len: usize) {
        self.waiting.values_mut().for_each(|jumps| jumps.retain(|at| *at < len));
        if let Some(start) = self.code.starts.get(len) {
            self.code.bytes.truncate(start as usize);
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
        self.code.starts.len() == 0
    }

    /// The file, unchecked: loading it may give any fault.
    #[must_use]
    pub fn encode(self) -> Vec<u8> {
        self.into_unchecked().encode()
    }

    fn into_unchecked(self) -> Module {
        let Self { name, constants, functions, code, pooled: _, labels: _, waiting: _ } = self;
        Module { name, constants, functions: Arc::new(functions), code }
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
    let mut key = Vec::with_capacity(constant.size());
    constant.put(&mut key);
    key
}
