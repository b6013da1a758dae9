//! The exception of a run that failed, with the places in the page that its calls had come to.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList};

use super::errors::{RAISED, exception, maker};
use super::job::Failed;
use super::places::place;
use super::values::Unpacked;

/// The error of a run that failed.
#[allow(clippy::too_many_arguments, reason = "they are what an outcome has, too")]
pub(super) fn run_error<'py>(
    py: Python<'py>,
    failed: &Failed,
    unpacked: &Unpacked<'py>,
    stdout: &str,
    steps: u64,
    globals: Bound<'py, PyDict>,
    trace: Py<PyAny>,
) -> PyErr {
    static MAKER: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let make = || {
        let operands = PyDict::new(py);
        for (register, value, _) in &failed.operands {
            operands.set_item(register, unpacked.value(py, value)?)?;
        }
        let shown: Vec<_> = failed.operands.iter().map(|(register, _, shown)| (register, shown)).collect();
        let call_stack: Vec<_> = failed.call_stack.iter().map(|site| (&site.function, site.pc)).collect();
        let place = (failed.pc, &failed.instruction, operands, shown, call_stack, &failed.scopes);
        let (sites, drawn) = of_failure(py, failed)?;
        maker(py, &MAKER, RAISED, "make_run_error")?.call1((
            failed.kind,
            &failed.message,
            place,
            stdout,
            steps,
            globals,
            trace,
            sites,
            drawn,
        ))
    };
    exception(make())
}

/// The places that the calls of a failure had come to, and the failure drawn with its lines, in colours; nothing where the module
/// has no map.
fn of_failure<'py>(py: Python<'py>, failed: &Failed) -> PyResult<(Bound<'py, PyList>, Option<String>)> {
    let Some(map) = failed.module.map.get(py)? else { return Ok((PyList::empty(py), None)) };
    let pcs = || failed.call_stack.iter().map(|site| site.pc);
    let sites = map.sites(pcs());
    let drawn = (!sites.is_empty()).then(|| map.draw(failed.kind, &failed.message, pcs(), true));
    let places = sites.iter().map(|site| place(py, &map, site)).collect::<PyResult<Vec<_>>>()?;
    Ok((PyList::new(py, places)?, drawn))
}
