//! The registers of a frame.

use crate::interpreter::Output;
use crate::interpreter::lower::{CodeBytes, Span};
use crate::interpreter::{Functions, Globals, Scopes};
use crate::isa::{Check, ConstIdx, REGISTERS, Reg};
use crate::memory::Memory;
use crate::value::Value;
use crate::values::TypeId;

/// What a machine keeps track of besides running the program.
pub(crate) trait Mode {
    /// Whether type tags are kept and what is written is reported.
    const OBSERVED: bool;
}

/// Nothing: for programs that cannot tell, and hosts that do not ask.
pub(crate) struct Unobserved;

impl Mode for Unobserved {
    const OBSERVED: bool = false;
}

/// Type tags and writes.
pub(crate) struct Observed;

impl Mode for Observed {
    const OBSERVED: bool = true;
}

/// What instructions work with besides registers.
pub(crate) struct Context<'a> {
    pub(crate) memory: Memory<'a>,
    pub(crate) globals: Globals,
    pub(crate) output: Output<'a>,
    pub(crate) scopes: Scopes,
    pub(crate) functions: &'a Functions,
    pub(crate) constants: &'a [Value],
    pub(crate) code: CodeBytes<'a>,
}

impl Context<'_> {
    #[inline(always)]
    pub(crate) fn constant(&self, index: ConstIdx) -> &Value {
        &self.constants[usize::from(index.0)]
    }

    pub(crate) fn check(&self, span: Span) -> Check {
        self.code.check(span)
    }
}

/// The 256 registers of a frame. A byte cannot name another, so none of these look-ups can fail.
pub(crate) struct Window<'a, M> {
    values: &'a mut [Value; REGISTERS],
    observed: Option<&'a mut Observations>,
    mode: std::marker::PhantomData<M>,
}

/// What an observed machine notes of a frame.
pub(crate) struct Observations {
    /// The type tags that DefineR set and no write has replaced since, of all frames, by place on the stack.
    tags: Vec<Option<TypeId>>,
    /// Where those of the current frame begin.
    base: usize,
    /// The registers that the current instruction wrote.
    pub(crate) written: Vec<Reg>,
}

impl Observations {
    pub(crate) fn new() -> Self {
        Self { tags: vec![None; REGISTERS], base: 0, written: Vec::new() }
    }

    /// Turns to the frame whose registers begin at `base`.
    pub(crate) fn turn_to(&mut self, base: usize) {
        self.base = base;
        if self.tags.len() < base + REGISTERS {
            self.tags.resize(base + REGISTERS, None);
        }
    }

    /// Forgets the tags of a frame that ended; it began at `base`.
    pub(crate) fn forget(&mut self, base: usize) {
        self.tags.truncate(base);
    }

    fn tag(&mut self, register: Reg) -> &mut Option<TypeId> {
        &mut self.tags[self.base + usize::from(register.0)]
    }
}

impl<'a, M: Mode> Window<'a, M> {
    #[inline(always)]
    pub(crate) fn new(values: &'a mut [Value; REGISTERS], observed: Option<&'a mut Observations>) -> Self {
        Self { values, observed, mode: std::marker::PhantomData }
    }

    #[inline(always)]
    pub(crate) fn get(&self, register: Reg) -> &Value {
        &self.values[usize::from(register.0)]
    }

    /// All registers, for changes that no program can tell.
    pub(crate) fn values_mut(&mut self) -> &mut [Value; REGISTERS] {
        self.values
    }

    /// Writes a register, which gives it the type tag of the value.
    #[inline(always)]
    pub(crate) fn set(&mut self, register: Reg, value: Value) {
        *self.change(register) = value;
    }

    /// A register that is changed where it stands.
    #[inline(always)]
    pub(crate) fn change(&mut self, register: Reg) -> &mut Value {
        if M::OBSERVED
            && let Some(observed) = &mut self.observed
        {
            *observed.tag(register) = None;
            observed.written.push(register);
        }
        &mut self.values[usize::from(register.0)]
    }

    /// The type tag of a register.
    #[inline(always)]
    pub(crate) fn tag(&mut self, register: Reg) -> TypeId {
        let declared = match &mut self.observed {
            Some(observed) if M::OBSERVED => *observed.tag(register),
            Some(_) | None => None,
        };
        declared.unwrap_or_else(|| self.get(register).type_id())
    }

    /// Sets the type tag of a register. A machine that is not observed runs no program that could tell.
    #[inline(always)]
    pub(crate) fn set_tag(&mut self, register: Reg, tag: TypeId) {
        if M::OBSERVED
            && let Some(observed) = &mut self.observed
        {
            *observed.tag(register) = Some(tag);
        }
    }
}

/// Where control goes after an instruction.
pub(crate) enum Flow {
    /// To the next instruction.
    Next,
    /// To a target.
    Jump(crate::interpreter::lower::Target),
    /// Into a function.
    Call { function: u32, dst: Reg, args: Span },
    /// Out of a function, with a value or without.
    Return(Option<Value>),
    /// Into the run of phis that begins here.
    Phi,
    /// Out of the program.
    Halt,
}
