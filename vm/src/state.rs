//! The state of a run between two instructions (`spec/state.yaml`): plain data, which belongs to no thread and no machine.

#[cfg(feature = "json")]
mod json;

use sha2::{Digest as _, Sha256};

use crate::errors::StateError;
use crate::module::Module;
use crate::value::heap::{Item, Object};
use crate::values::TypeId;

/// Where a run stopped: all that it takes to go on, in this machine or in any other implementation.
///
/// ```
/// use machine_dialect_vm::{Run, State, Value, Vm, assemble};
///
/// let vm = Vm::new(assemble("load_const r0, 6\nload_const r1, 7\nmul r2, r0, r1\nreturn r2")?);
/// let stopped = vm.run(Run::new(&mut ()).stop_at(2))?;
/// let saved = stopped.state.expect("the program takes four steps").to_json();
///
/// let completion = vm.resume(&State::from_json(&saved)?, Run::new(&mut ()))??;
/// assert_eq!((completion.result, completion.steps), (Value::Int(42), 4));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// The hash of the module, as [`module_hash`] gives it.
    pub(crate) module: String,
    pub(crate) steps: u64,
    pub(crate) output: u64,
    pub(crate) memory: u64,
    pub(crate) previous: Option<u64>,
    pub(crate) globals: Vec<(String, Item)>,
    /// The current one last.
    pub(crate) frames: Vec<FrameState>,
    pub(crate) objects: Vec<Object>,
}

/// A frame of a state.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FrameState {
    pub(crate) function: Option<String>,
    pub(crate) pc: u64,
    pub(crate) registers: Vec<(u64, Item)>,
    pub(crate) tags: Vec<(u64, TypeId)>,
    pub(crate) scopes: Vec<u64>,
}

impl State {
    /// How many instructions were executed.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The index of the next instruction.
    #[must_use]
    pub fn pc(&self) -> usize {
        self.frames.last().map_or(0, |frame| frame.pc as usize)
    }

    /// The name of the function that runs; none for the code that the program begins in.
    #[must_use]
    pub fn function(&self) -> Option<&str> {
        self.frames.last()?.function.as_deref()
    }

    /// How many calls have not returned.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.frames.len().saturating_sub(1)
    }

    /// How many bytes the values and frames cost, as the limit `max_memory` counts them.
    #[must_use]
    pub fn memory(&self) -> u64 {
        self.memory
    }

    /// The SHA-256 of the canonical file of the module that ran, in hexadecimal.
    #[must_use]
    pub fn module_hash(&self) -> &str {
        &self.module
    }

    /// Whether the state is one of that module.
    ///
    /// # Errors
    /// Names the module of the state, and this one.
    pub(crate) fn check_module(&self, module: &Module) -> Result<(), StateError> {
        let expected = module_hash(module);
        if self.module == expected {
            return Ok(());
        }
        Err(StateError::WrongModule { found: self.module.clone(), expected })
    }
}

/// The name of a module in a state: the SHA-256 of its canonical file, in hexadecimal.
pub(crate) fn module_hash(module: &Module) -> String {
    let hash = Sha256::digest(module.encode());
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
