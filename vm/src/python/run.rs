//! `run` and `Outcome`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::{PyBool, PyDict, PyList, PyString, PyTuple};

use super::errors;
use super::failures::run_error;
use super::job::{Ended, Job, Tracing};
use super::module::Module;
use super::values::{Reader, Unpacked};
use crate::exec::Tiers;
use crate::state::State;
use crate::values::{Limits, OUTCOME_WEIGHT_LIMIT};

/// Runs a module from its beginning and gives back what it came to. A run never sees anything of an earlier one.
///
/// >>> from machine_dialect_vm import Module, run
/// >>> module = Module.assemble('''
/// ...     load_global r0, "name"
/// ...     load_const r1, "Hello, "
/// ...     add r2, r1, r0
/// ...     debug_print r2
/// ...     return r2
/// ... ''')
/// >>> outcome = run(module, globals={"name": "Ada"})
/// Hello, Ada
/// >>> outcome.value, outcome.steps
/// ('Hello, Ada', 5)
///
/// ``globals`` are the global variables there are before the run. ``limits`` are ``Limits``, or a dict with some of them.
///
/// What the program prints goes to ``sys.stdout``, as ``print`` would write it; to ``stdout``, where that is a callable,
/// which takes it piece by piece; or nowhere, where ``stdout`` is ``False``. ``Outcome.stdout`` has it in any case.
///
/// >>> pieces = []
/// >>> run(module, globals={"name": "Grace"}, stdout=pieces.append).stdout
/// 'Hello, Grace\n'
/// >>> "".join(pieces)
/// 'Hello, Grace\n'
///
/// ``trace=True`` has ``Outcome.trace`` tell of each instruction that was executed.
///
/// ``deadline`` is how many seconds the run may take.
///
/// >>> run(Module.assemble("again:\n jump again"), deadline=0.01)
/// Traceback (most recent call last):
///     ...
/// machine_dialect_vm.errors.DeadlineExceeded: Runtime error: Deadline exceeded
///   at instruction 0 in main
///     jump L0
///
/// ``tiers`` says which tiers may run the module: ``"interpreter"`` is the baseline interpreter alone, ``"specialised"`` is without the
/// JIT, and ``"eager-specialised"`` and ``"eager-jit"`` use these tiers from the first instruction on, for tests. Outcomes are the same.
///
/// A run that takes more than a moment releases the GIL, so many threads run many modules at once, and ends with
/// ``KeyboardInterrupt`` on Ctrl-C.
///
/// >>> run(Module.assemble("load_const r0, 1\nload_const r1, 0\ndiv r2, r0, r1"))
/// Traceback (most recent call last):
///     ...
/// machine_dialect_vm.errors.DivisionByZero: Runtime error: Division by zero
///   at instruction 2 in main
///     div r2, r0, r1
///     r0 = 1
///     r1 = 0
///
/// ``stop_at`` stops the run before more than that many instructions were executed, unless the program ends by then:
/// ``Outcome.state`` is what ``resume`` goes on from.
///
/// Raises ``RunError`` where the program fails or reaches a limit; ``TypeError``, ``ValueError`` and ``OverflowError`` where a
/// global is no value; and whatever ``stdout`` raises.
#[pyfunction]
#[pyo3(signature = (module, /, *, globals=None, limits=None, deadline=None, stdout=None, trace=false, tiers=None, stop_at=None))]
#[allow(clippy::too_many_arguments, reason = "Python names them")]
pub(super) fn run<'py>(
    py: Python<'py>,
    module: &Bound<'py, Module>,
    globals: Option<&Bound<'py, PyAny>>,
    limits: Option<&Bound<'py, PyAny>>,
    deadline: Option<&Bound<'py, PyAny>>,
    stdout: Option<&Bound<'py, PyAny>>,
    trace: bool,
    tiers: Option<&str>,
    stop_at: Option<&Bound<'py, PyAny>>,
) -> PyResult<Outcome> {
    let mut reader = Reader::new();
    let globals = globals.map(|globals| read_globals(&mut reader, globals)).transpose()?.unwrap_or_default();
    let job =
        Job { globals, parcel: reader.finish(), ..job(module, limits, deadline, trace, tiers, stop_at)? };
    let (ended, stdout) = carry_out(py, job, &Stdout::read(stdout)?)?;
    Outcome::new(py, ended, stdout)
}

/// Goes on with a run of a module from where it stopped, here or in another implementation.
///
/// >>> from machine_dialect_vm import Module, resume, run
/// >>> module = Module.assemble('load_const r0, "a"\ndebug_print r0\ndebug_print r0\nreturn r0')
/// >>> stopped = run(module, stop_at=2)
/// a
/// >>> resume(module, stopped.state)
/// a
/// Outcome(value='a', steps=4, stdout='a\n', globals={})
///
/// It ends as a run that never stopped, with the steps of all of it; ``stdout`` is what was printed from there on. Limits are no
/// part of the state.
///
/// Raises ``StateError`` where the state is damaged or belongs to another module, and what ``run`` raises.
#[pyfunction]
#[pyo3(signature = (module, state, /, *, limits=None, deadline=None, stdout=None, trace=false, tiers=None, stop_at=None))]
#[allow(clippy::too_many_arguments, reason = "Python names them")]
pub(super) fn resume<'py>(
    py: Python<'py>,
    module: &Bound<'py, Module>,
    state: &str,
    limits: Option<&Bound<'py, PyAny>>,
    deadline: Option<&Bound<'py, PyAny>>,
    stdout: Option<&Bound<'py, PyAny>>,
    trace: bool,
    tiers: Option<&str>,
    stop_at: Option<&Bound<'py, PyAny>>,
) -> PyResult<Outcome> {
    let mut job = job(module, limits, deadline, trace, tiers, stop_at)?;
    job.from = Some(State::from_json(state).map_err(|error| errors::state_error(py, &error))?);
    let (ended, stdout) = carry_out(py, job, &Stdout::read(stdout)?)?;
    Outcome::new(py, ended, stdout)
}

/// What is asked of a run of a module from its beginning, without globals.
fn job(
    module: &Bound<'_, Module>,
    limits: Option<&Bound<'_, PyAny>>,
    deadline: Option<&Bound<'_, PyAny>>,
    trace: bool,
    tiers: Option<&str>,
    stop_at: Option<&Bound<'_, PyAny>>,
) -> PyResult<Job> {
    Ok(Job {
        module: Arc::clone(&module.get().0),
        limits: limits.map(read_limits).transpose()?.unwrap_or_default(),
        deadline: deadline.map(read_deadline).transpose()?.flatten(),
        tiers: tiers.map(read_tiers).transpose()?.unwrap_or_default(),
        globals: Vec::new(),
        parcel: Reader::new().finish(),
        tracing: if trace { Tracing::Digests } else { Tracing::Nothing },
        stop_at: stop_at.map(|step| read_count("stop_at", step)).transpose()?,
        from: None,
    })
}

/// Runs a job to its end; gives what it printed, too.
pub(super) fn carry_out(py: Python<'_>, job: Job, stdout: &Stdout<'_>) -> PyResult<(Ended, String)> {
    let mut kept = String::new();
    if let Some(ended) = job.run_short(&mut kept).map_err(|error| errors::state_error(py, &error))? {
        stdout.write(py, &kept)?;
        return Ok((ended, kept));
    }
    let long = job.run_long()?;
    // Where the program's output goes, a host may fork. The child has no thread of the run, and its locks are as that left them.
    let process = std::process::id();
    let is_forked = || std::process::id() != process;
    let mut look_after = || -> PyResult<Option<Ended>> {
        loop {
            let is_gone = long.is_gone();
            let (printed, ended) = py.detach(|| long.wait());
            stdout.write(py, &printed)?;
            if is_forked() {
                return Err(errors::machine_error(
                    py,
                    "Runtime error: this process was forked in the midst of the run, which goes on in its parent alone",
                ));
            }
            keep(&mut kept, &printed);
            py.check_signals()?;
            if ended.is_some() || is_gone {
                return Ok(ended);
            }
        }
    };
    match look_after() {
        Err(error) if is_forked() => {
            std::mem::forget(long);
            Err(error)
        }
        Ok(Some(ended)) => Ok((ended, kept)),
        Ok(None) => {
            py.detach(|| long.join());
            Err(errors::machine_error(py, "Runtime error: the thread of the run has ended before the run"))
        }
        Err(error) => {
            py.detach(|| long.interrupt());
            Err(error)
        }
    }
}

/// Keeps what was printed, as far as an outcome may hold it.
fn keep(kept: &mut String, printed: &str) {
    let room = (OUTCOME_WEIGHT_LIMIT as usize).saturating_sub(kept.len());
    kept.push_str(&printed[..printed.floor_char_boundary(room)]);
}

/// Where output goes.
pub(super) enum Stdout<'py> {
    /// To `sys.stdout`, as it is at the moment.
    Python,
    Callable(Bound<'py, PyAny>),
    Nowhere,
}

impl<'py> Stdout<'py> {
    fn read(stdout: Option<&Bound<'py, PyAny>>) -> PyResult<Self> {
        match stdout {
            None => Ok(Self::Python),
            Some(given) if given.is_callable() => Ok(Self::Callable(given.clone())),
            Some(given) if given.cast::<PyBool>().is_ok_and(|given| !given.is_true()) => Ok(Self::Nowhere),
            Some(given) => Err(PyTypeError::new_err(format!(
                "stdout is {}; it takes a callable such as file.write, False, or None for sys.stdout",
                given.repr()?
            ))),
        }
    }

    fn write(&self, py: Python<'py>, text: &str) -> PyResult<()> {
        if text.is_empty() {
            return Ok(());
        }
        match self {
            Self::Nowhere => {}
            Self::Callable(callable) => {
                callable.call1((text,))?;
            }
            Self::Python => {
                let stdout = py.import(intern!(py, "sys"))?.getattr(intern!(py, "stdout"))?;
                // As `print` does: without a console there is none.
                if !stdout.is_none() {
                    stdout.call_method1(intern!(py, "write"), (text,))?;
                }
            }
        }
        Ok(())
    }
}

fn read_globals<'py>(
    reader: &mut Reader<'py>,
    globals: &Bound<'py, PyAny>,
) -> PyResult<Vec<(String, super::values::Plain)>> {
    let mut read = Vec::new();
    for (name, value) in entries(globals, "globals")? {
        let plain = reader.read(&value, &format!("globals[{:?}]", &*name))?;
        read.push((name.to_string(), plain));
    }
    Ok(read)
}

/// The entries of a mapping whose keys are strings.
fn entries<'py>(mapping: &Bound<'py, PyAny>, what: &str) -> PyResult<Vec<(PyBackedStr, Bound<'py, PyAny>)>> {
    let py = mapping.py();
    let dict = match mapping.cast::<PyDict>() {
        Ok(dict) => dict.clone(),
        Err(_) if mapping.hasattr(intern!(py, "keys"))? => {
            py.get_type::<PyDict>().call1((mapping,))?.cast_into::<PyDict>()?
        }
        Err(_) => {
            let kind = mapping.get_type().fully_qualified_name()?;
            return Err(PyTypeError::new_err(format!("{what} is of type {kind}; it takes a dict")));
        }
    };
    dict.iter()
        .map(|(key, value)| {
            let Ok(key) = key.cast_into::<PyString>() else {
                return Err(PyTypeError::new_err(format!("a key of {what} is no string")));
            };
            Ok((key.try_into()?, value))
        })
        .collect()
}

fn read_limits(given: &Bound<'_, PyAny>) -> PyResult<Limits> {
    let mut limits = Limits::default();
    for (name, value) in entries(given, "limits")? {
        let Some(limit) = limits.by_name(&name) else {
            let known = Limits::NAMES.join(", ");
            return Err(PyValueError::new_err(format!("there is no limit {:?}; there are {known}", &*name)));
        };
        *limit = if value.is_none() { None } else { Some(read_count(&format!("limit {name}"), &value)?) };
    }
    Ok(limits)
}

fn read_count(what: &str, value: &Bound<'_, PyAny>) -> PyResult<u64> {
    let wrong = || format!("{what} is {value}; it takes a whole number of 64 bits, or None for no limit");
    if value.is_instance_of::<PyBool>() {
        return Err(PyTypeError::new_err(wrong()));
    }
    value.extract().map_err(|error: PyErr| {
        if error.is_instance_of::<PyTypeError>(value.py()) {
            PyTypeError::new_err(wrong())
        } else {
            PyValueError::new_err(wrong())
        }
    })
}

/// The moment that is so many seconds from now; none where no clock gets that far.
fn read_deadline(given: &Bound<'_, PyAny>) -> PyResult<Option<Instant>> {
    let wrong =
        || format!("deadline is {given}; it takes a number of seconds from 0 on, or None for no deadline");
    if given.is_instance_of::<PyBool>() {
        return Err(PyTypeError::new_err(wrong()));
    }
    let seconds: f64 = given.extract().map_err(|_| PyTypeError::new_err(wrong()))?;
    if seconds.is_nan() || seconds < 0.0 {
        return Err(PyValueError::new_err(wrong()));
    }
    Ok(Duration::try_from_secs_f64(seconds).ok().and_then(|time| Instant::now().checked_add(time)))
}

fn read_tiers(given: &str) -> PyResult<Tiers> {
    match given {
        // The second of each pair is what it was called in 0.1.
        "interpreter" | "plain" => Ok(Tiers::Interpreter),
        "specialised" | "portable" => Ok(Tiers::Specialised),
        "eager-specialised" | "fast" => Ok(Tiers::EagerSpecialised),
        "eager-jit" | "machine" => Ok(Tiers::EagerJit),
        _ => Err(PyValueError::new_err(format!(
            "tiers is {given:?}; there are interpreter, specialised, eager-specialised and eager-jit, and None for what pays"
        ))),
    }
}

/// What a run came to.
///
/// >>> from machine_dialect_vm import Module, run
/// >>> outcome = run(Module.assemble('load_const r0, 7\nstore_global r0, "x"\nreturn r0'))
/// >>> outcome
/// Outcome(value=7, steps=3, stdout='', globals={'x': 7})
///
/// Outcomes are equal when all but ``seconds`` and ``trace`` is; they can be copied and pickled.
#[pyclass(frozen, module = "machine_dialect_vm")]
pub(super) struct Outcome {
    /// What the program returned; ``None`` where it returned nothing.
    ///
    /// >>> from machine_dialect_vm import Module, run
    /// >>> run(Module.assemble("load_const r0, 1.5\nreturn r0")).value
    /// 1.5
    ///
    /// Empty is ``None``; bool, int, float and string are Python's; an array is a list, a dict a dict in its order, a URL
    /// a ``Url`` and a function a ``Function``.
    #[pyo3(get)]
    value: Py<PyAny>,
    /// What the program printed; of more than 64 MiB, the first that many bytes.
    ///
    /// >>> from machine_dialect_vm import Module, run
    /// >>> run(Module.assemble("load_const r0, true\ndebug_print r0"), stdout=False).stdout
    /// 'true\n'
    #[pyo3(get)]
    stdout: Py<PyString>,
    /// How many instructions were executed.
    ///
    /// >>> from machine_dialect_vm import Module, run
    /// >>> run(Module.assemble("nop\nhalt\nnop")).steps
    /// 2
    #[pyo3(get)]
    steps: u64,
    /// The global variables there were at the end, in order of their names.
    ///
    /// >>> from machine_dialect_vm import Module, run
    /// >>> run(Module.assemble('load_const r0, 1\nstore_global r0, "x"'), globals={"a": [2]}).globals
    /// {'a': [2], 'x': 1}
    #[pyo3(get)]
    globals: Py<PyDict>,
    /// How long the run took, in seconds.
    ///
    /// >>> from machine_dialect_vm import Module, run
    /// >>> run(Module.assemble("halt")).seconds < 60
    /// True
    #[pyo3(get)]
    seconds: f64,
    /// The instructions that were executed, where the run was traced: the index of each, and the digest of what it wrote.
    ///
    /// >>> from machine_dialect_vm import Module, run
    /// >>> run(Module.assemble("load_const r0, 1\nnop"), trace=True).trace
    /// [(0, '3721cedaa7c23012'), (1, '')]
    /// >>> run(Module.assemble("nop")).trace is None
    /// True
    ///
    /// ``spec/values.yaml`` says what the digest is. A trace ends after the first million.
    #[pyo3(get)]
    trace: Py<PyAny>,
    /// Where the run stopped, as JSON, for ``resume`` and for a file ``.mdst``; ``None`` where the program ended.
    ///
    /// >>> from machine_dialect_vm import Module, run
    /// >>> outcome = run(Module.assemble("nop\nnop"), stop_at=1)
    /// >>> outcome.steps, outcome.state[:11]
    /// (1, '{"mdst": 1,')
    /// >>> run(Module.assemble("nop")).state is None
    /// True
    #[pyo3(get)]
    state: Option<Py<PyString>>,
}

impl Outcome {
    fn new(py: Python<'_>, ended: Ended, stdout: String) -> PyResult<Self> {
        let (parcel, ended) = ended.split();
        let unpacked = Unpacked::new(py, parcel, ended.values())?;
        let globals = globals_of(py, &ended, &unpacked)?;
        let trace = trace_of(py, &ended)?;
        let value = match &ended.result {
            Ok(value) => unpacked.value(py, value)?.unbind(),
            Err(failed) => {
                return Err(run_error(py, failed, &unpacked, &stdout, ended.steps, globals, trace));
            }
        };
        Ok(Self {
            value,
            stdout: PyString::new(py, &stdout).unbind(),
            steps: ended.steps,
            globals: globals.unbind(),
            seconds: ended.seconds,
            trace,
            state: ended.state.map(|state| PyString::new(py, &state).unbind()),
        })
    }

    /// What makes two outcomes equal.
    fn compared<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let state = self.state.as_ref().map(|state| state.bind(py));
        (self.value.bind(py), self.stdout.bind(py), self.steps, self.globals.bind(py), state)
            .into_pyobject(py)
    }
}

#[pymethods]
impl Outcome {
    #[new]
    #[pyo3(signature = (value=None, *, stdout=None, steps=0, globals=None, seconds=0.0, trace=None, state=None))]
    #[allow(clippy::too_many_arguments, reason = "Python names them")]
    fn from_parts(
        py: Python<'_>,
        value: Option<Py<PyAny>>,
        stdout: Option<Py<PyString>>,
        steps: u64,
        globals: Option<Py<PyDict>>,
        seconds: f64,
        trace: Option<Py<PyAny>>,
        state: Option<Py<PyString>>,
    ) -> Self {
        Self {
            value: value.unwrap_or_else(|| py.None()),
            stdout: stdout.unwrap_or_else(|| PyString::new(py, "").unbind()),
            steps,
            globals: globals.unwrap_or_else(|| PyDict::new(py).unbind()),
            seconds,
            trace: trace.unwrap_or_else(|| py.None()),
            state,
        }
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!(
            "Outcome(value={}, steps={}, stdout={}, globals={})",
            self.value.bind(py).repr()?,
            self.steps,
            self.stdout.bind(py).repr()?,
            self.globals.bind(py).repr()?,
        ))
    }

    fn __eq__<'py>(&self, py: Python<'py>, other: &Bound<'py, PyAny>) -> PyResult<Py<PyAny>> {
        let Ok(other) = other.cast::<Self>() else { return Ok(py.NotImplemented()) };
        let is_equal = self.compared(py)?.eq(other.get().compared(py)?)?;
        Ok(PyBool::new(py, is_equal).to_owned().into_any().unbind())
    }

    #[classattr]
    const __hash__: Option<Py<PyAny>> = None;

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let parts = PyDict::new(py);
        parts.set_item("stdout", &self.stdout)?;
        parts.set_item("steps", self.steps)?;
        parts.set_item("globals", &self.globals)?;
        parts.set_item("seconds", self.seconds)?;
        parts.set_item("trace", &self.trace)?;
        parts.set_item("state", &self.state)?;
        let remake = py.import("machine_dialect_vm._values")?.getattr("remake_outcome")?;
        (remake, (&self.value, parts)).into_pyobject(py)
    }

    fn __traverse__(&self, visit: pyo3::PyVisit<'_>) -> Result<(), pyo3::PyTraverseError> {
        visit.call(&self.value)?;
        visit.call(&self.globals)?;
        visit.call(&self.trace)
    }
}

/// The value that a job came to.
pub(super) fn value_of(py: Python<'_>, ended: Ended, stdout: &str) -> PyResult<Py<PyAny>> {
    let (parcel, ended) = ended.split();
    let unpacked = Unpacked::new(py, parcel, ended.values())?;
    match &ended.result {
        Ok(value) => unpacked.value(py, value).map(Bound::unbind),
        Err(failed) => {
            let globals = globals_of(py, &ended, &unpacked)?;
            Err(run_error(py, failed, &unpacked, stdout, ended.steps, globals, py.None()))
        }
    }
}

fn globals_of<'py>(py: Python<'py>, ended: &Ended, unpacked: &Unpacked<'py>) -> PyResult<Bound<'py, PyDict>> {
    let globals = PyDict::new(py);
    for (name, value) in &ended.globals {
        globals.set_item(name, unpacked.value(py, value)?)?;
    }
    Ok(globals)
}

fn trace_of(py: Python<'_>, ended: &Ended) -> PyResult<Py<PyAny>> {
    let Some(steps) = &ended.trace else { return Ok(py.None()) };
    let step = |step: &crate::TraceStep| {
        (step.pc, step.digest.map_or_else(String::new, |digest| format!("{digest:016x}")))
    };
    Ok(PyList::new(py, steps.iter().map(step))?.into_any().unbind())
}
