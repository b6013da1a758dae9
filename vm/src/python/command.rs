//! The command line `mdvm`, as the Python package has it.

use std::ffi::OsString;
use std::process::ExitCode;

use pyo3::prelude::*;

#[path = "../bin/mdvm/main.rs"]
mod mdvm;

/// Does what the arguments of the command ``mdvm`` say, the first of which is its name; gives the exit code.
#[pyfunction]
#[pyo3(signature = (arguments, /))]
pub(super) fn command(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    let code = py.detach(|| mdvm::command(arguments.into_iter()));
    // An exit code cannot be asked for its number.
    (0..=u8::MAX).find(|number| ExitCode::from(*number) == code).unwrap_or(u8::MAX)
}
