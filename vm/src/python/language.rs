//! The front end of the language. `machine_dialect_vm.language` makes functions for people of these.

use pyo3::prelude::*;

use super::errors;
use super::module::Module;
use super::places::{Found, MapSource, found};
use crate::language::{self, Diagnostics};

/// A page: text, or bytes that may not be UTF-8.
#[derive(FromPyObject)]
pub(super) enum Page {
    Text(String),
    Bytes(Vec<u8>),
}

impl Page {
    /// The text; where there is none, the error says at which byte.
    fn text(&self, name: &str) -> Result<&str, Diagnostics> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Bytes(bytes) => language::decode(bytes, name),
        }
    }

    /// What was found in it, in rows, and drawn in colours.
    fn tell(&self, diagnostics: &Diagnostics) -> (Vec<Found>, String) {
        let lossy = match self {
            Self::Text(text) => text.into(),
            Self::Bytes(bytes) => String::from_utf8_lossy(bytes),
        };
        (found(diagnostics, &lossy), diagnostics.render(true))
    }

    fn error(&self, py: Python<'_>, name: &str, diagnostics: &Diagnostics) -> PyErr {
        let (rows, drawn) = self.tell(diagnostics);
        errors::compile_error(py, name, rows, &drawn)
    }
}

/// A module of a page, and what is odd in it, in rows and drawn in colours.
#[pyfunction]
#[pyo3(signature = (page, name, /))]
pub(super) fn compile_page(py: Python<'_>, page: Page, name: &str) -> PyResult<(Module, Vec<Found>, String)> {
    let compiled = py.detach(|| page.text(name).and_then(|text| language::compile(text, name)));
    let compiled = compiled.map_err(|diagnostics| page.error(py, name, &diagnostics))?;
    let (rows, drawn) = page.tell(&compiled.warnings);
    Ok((Module::with_map(compiled.module, MapSource::Known(Box::new(compiled.map))), rows, drawn))
}

/// What was found in a page, in rows and drawn in colours.
#[pyfunction]
#[pyo3(signature = (page, name, /))]
pub(super) fn check_page(py: Python<'_>, page: Page, name: &str) -> (Vec<Found>, String) {
    let checked = py.detach(|| page.text(name).and_then(|text| language::check(text, name)));
    let (Ok(diagnostics) | Err(diagnostics)) = checked;
    page.tell(&diagnostics)
}

/// A page in its canonical form.
#[pyfunction]
#[pyo3(signature = (page, name, /))]
pub(super) fn format_page(py: Python<'_>, page: Page, name: &str) -> PyResult<String> {
    let formatted = py.detach(|| {
        let text = page.text(name)?;
        // Findings are reported with the name of the page, which formatting does not know.
        language::format(text).map_err(|found| language::check(text, name).err().unwrap_or(found))
    });
    formatted.map_err(|diagnostics| page.error(py, name, &diagnostics))
}
