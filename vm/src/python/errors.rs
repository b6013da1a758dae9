//! The exceptions of `machine_dialect_vm.errors`.

use std::path::Path;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

use super::places::Found;
use crate::errors::{LoadError, StateError};

/// The module of the classes that every error derives from.
const ERRORS: &str = "machine_dialect_vm._errors";
/// The module that knows the class of each kind.
pub(super) const RAISED: &str = "machine_dialect_vm._raised";

/// A function of the package that makes exceptions.
pub(super) fn maker<'py>(
    py: Python<'py>,
    cell: &'static PyOnceLock<Py<PyAny>>,
    module: &str,
    name: &str,
) -> PyResult<&'py Bound<'py, PyAny>> {
    cell.get_or_try_init(py, || Ok(py.import(module)?.getattr(name)?.unbind())).map(|maker| maker.bind(py))
}

/// The exception that was made, or the one that came up while it was.
pub(super) fn exception(made: PyResult<Bound<'_, PyAny>>) -> PyErr {
    made.map_or_else(|error| error, PyErr::from_value)
}

/// The error of a module that does not load.
pub(super) fn load_error(py: Python<'_>, error: &LoadError) -> PyErr {
    static MAKER: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    exception(
        maker(py, &MAKER, RAISED, "make_load_error")
            .and_then(|maker| maker.call1((error.kind().name(), error.to_string()))),
    )
}

/// The error of a state that no run can go on from.
pub(super) fn state_error(py: Python<'_>, error: &StateError) -> PyErr {
    static MAKER: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    exception(
        maker(py, &MAKER, RAISED, "make_state_error")
            .and_then(|maker| maker.call1((error.kind().name(), error.to_string()))),
    )
}

/// The error of a line that is no assembly.
pub(super) fn assembly_error(py: Python<'_>, message: &str, line: usize, column: usize) -> PyErr {
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    exception(
        maker(py, &CLASS, ERRORS, "AssemblyError").and_then(|class| class.call1((message, line, column))),
    )
}

/// The error of a page that does not compile: what was found in it, in rows, and drawn.
pub(super) fn compile_error(py: Python<'_>, name: &str, found: Vec<Found>, drawn: &str) -> PyErr {
    static MAKER: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    exception(
        maker(py, &MAKER, ERRORS, "make_compile_error").and_then(|maker| maker.call1((name, found, drawn))),
    )
}

/// The error of a file that cannot be read: the `OSError` that Python would raise.
pub(super) fn unreadable(py: Python<'_>, error: &std::io::Error, path: &Path) -> PyErr {
    let made = || -> PyResult<PyErr> {
        let Some(number) = error.raw_os_error() else {
            return Ok(pyo3::exceptions::PyOSError::new_err(format!("{}: {error}", path.display())));
        };
        let text = py.import("os")?.getattr("strerror")?.call1((number,))?;
        Ok(pyo3::exceptions::PyOSError::new_err((number, text.unbind(), path.as_os_str().to_owned())))
    };
    made().unwrap_or_else(|error| error)
}

/// The error of the machine itself, as when nothing was loaded.
pub(super) fn machine_error(py: Python<'_>, message: &str) -> PyErr {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    exception(CLASS.import(py, ERRORS, "MachineDialectError").and_then(|class| class.call1((message,))))
}

/// The error of a file that the drop-in machine cannot read.
pub(super) fn file_error(py: Python<'_>, error: &std::io::Error, path: &Path) -> PyErr {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let arguments = (error.raw_os_error(), error.to_string(), path.as_os_str());
    exception(CLASS.import(py, ERRORS, "UnreadableFile").and_then(|class| class.call1(arguments)))
}
