//! `RustVM`: the machine as the public package has it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use pyo3::prelude::*;

use super::errors;
use super::job::{Job, Tracing};
use super::module::{Loaded, Module};
use super::run::{Stdout, carry_out, value_of};
use super::values::Parcel;
use crate::errors::{LoadError, LoadErrorKind};
use crate::exec::Tiers;
use crate::values::Limits;

/// A machine that loads a module from a file and executes it: the interface of the package this one replaces.
///
/// >>> from machine_dialect_vm import Module, RustVM
/// >>> import pathlib, tempfile
/// >>> path = pathlib.Path(tempfile.mkdtemp(), "answer.mdbc")
/// >>> _ = path.write_bytes(Module.assemble("load_const r0, 42\nreturn r0").to_bytes())
/// >>> vm = RustVM()
/// >>> vm.load_bytecode(str(path))
/// >>> vm.execute()
/// 42
/// >>> vm.instruction_count()
/// 2
///
/// Each ``execute`` runs the module from its beginning; nothing of an earlier run is left. ``run`` does the same for a
/// ``Module``, and gives back more.
#[pyclass(frozen, module = "machine_dialect_vm")]
pub(super) struct RustVM(Mutex<State>);

#[derive(Default)]
struct State {
    /// What was loaded. Of a fault that the public package tells of when the module runs, so does this machine: there are
    /// programs and tests that load such a module and never run it.
    module: Option<Result<Arc<Loaded>, Arc<LoadError>>>,
    debug: bool,
    steps: u64,
}

impl RustVM {
    fn state<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[pymethods]
impl RustVM {
    #[new]
    fn new() -> Self {
        Self(Mutex::default())
    }

    /// Loads the module of a file: of exactly that file, whatever its name ends with.
    ///
    /// >>> from machine_dialect_vm import RustVM
    /// >>> RustVM().load_bytecode("no/such/file.mdbc")
    /// Traceback (most recent call last):
    ///     ...
    /// machine_dialect_vm.errors.UnreadableFile: Failed to load bytecode: IO error: No such file or directory (os error 2)
    ///
    /// Raises ``UnreadableFile`` or ``LoadError``, both of which are a ``RuntimeError``; then no module is loaded. That an
    /// instruction refers to a constant that it cannot use is for ``execute`` to raise, as it was.
    fn load_bytecode(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        self.state(|state| state.module = None);
        let bytes = Module::read(py, &path).map_err(|error| errors::file_error(py, &error, &path))?;
        let module = match py.detach(|| crate::Module::decode(&bytes)) {
            Ok(module) => Ok(Module::beside(module, &path, bytes).0),
            Err(error) if error.kind() == LoadErrorKind::InvalidConstantIndex => Err(Arc::new(error)),
            Err(error) => return Err(errors::load_error(py, &error)),
        };
        self.state(|state| state.module = Some(module));
        Ok(())
    }

    /// Runs the module that was loaded and gives back the value it returned. What it prints goes to ``sys.stdout``.
    ///
    /// >>> from machine_dialect_vm import RustVM
    /// >>> RustVM().execute()
    /// Traceback (most recent call last):
    ///     ...
    /// machine_dialect_vm.errors.MachineDialectError: Runtime error: Module not loaded
    ///
    /// Raises ``RunError``, which is a ``RuntimeError``, where the program fails.
    fn execute(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let (module, debug) = self.state(|state| (state.module.clone(), state.debug));
        let module = match module {
            None => return Err(errors::machine_error(py, "Runtime error: Module not loaded")),
            Some(Err(error)) => return Err(errors::load_error(py, &error)),
            Some(Ok(module)) => module,
        };
        let job = Job {
            module,
            limits: Limits::default(),
            deadline: None,
            tiers: Tiers::default(),
            globals: Vec::new(),
            parcel: Parcel::default(),
            stop_at: None,
            from: None,
            tracing: if debug { Tracing::Lines } else { Tracing::Nothing },
        };
        let (ended, stdout) = carry_out(py, job, &Stdout::Python)?;
        self.state(|state| state.steps = ended.steps);
        value_of(py, ended, &stdout)
    }

    /// Whether each instruction is shown on ``sys.stdout`` when it was executed.
    ///
    /// >>> from machine_dialect_vm import Module, RustVM
    /// >>> import pathlib, tempfile
    /// >>> path = pathlib.Path(tempfile.mkdtemp(), "answer.mdbc")
    /// >>> _ = path.write_bytes(Module.assemble("load_const r0, 42\nreturn r0").to_bytes())
    /// >>> vm = RustVM()
    /// >>> vm.load_bytecode(path)
    /// >>> vm.set_debug(True)
    /// >>> vm.execute()
    /// PC: 0, Instruction: load_const r0, 42
    /// PC: 1, Instruction: return r0
    /// 42
    fn set_debug(&self, debug: bool) {
        self.state(|state| state.debug = debug);
    }

    /// How many instructions the last ``execute`` has executed, the one that failed included.
    ///
    /// >>> from machine_dialect_vm import RustVM
    /// >>> RustVM().instruction_count()
    /// 0
    fn instruction_count(&self) -> u64 {
        self.state(|state| state.steps)
    }

    /// Makes the machine as new: no module is loaded, nothing was executed, and nothing is shown.
    ///
    /// >>> from machine_dialect_vm import RustVM
    /// >>> vm = RustVM()
    /// >>> vm.reset()
    /// >>> vm.instruction_count()
    /// 0
    fn reset(&self) {
        self.state(|state| *state = State::default());
    }
}
