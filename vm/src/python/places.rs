//! Places in pages: where instructions come from, and what was found in a page.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyList, PyType};

use super::job::Failed;
use crate::language::{Diagnostics, Site, SourceMap, severity_name};

/// Where the source map of a module is.
pub(super) enum MapSource {
    Nowhere,
    /// The module was compiled here, or came with it.
    Known(Box<SourceMap>),
    /// In a file beside that of the module. It belongs to the bytes of that file.
    Beside {
        path: PathBuf,
        module: Vec<u8>,
    },
}

impl MapSource {
    /// The map, if there is one. One that is damaged, or of another module, is a warning in Python.
    pub(super) fn get(&self, py: Python<'_>) -> PyResult<Option<Cow<'_, SourceMap>>> {
        match self {
            Self::Nowhere => Ok(None),
            Self::Known(map) => Ok(Some(Cow::Borrowed(map))),
            Self::Beside { path, module } => match py.detach(|| read_beside(path, module)) {
                Ok(map) => Ok(Some(Cow::Owned(map))),
                Err(reason) => {
                    warn_of_map(py, &format!("{}: {reason}", path.display()))?;
                    Ok(None)
                }
            },
        }
    }
}

/// Warns that there are no lines of a page to tell of.
pub(super) fn warn_of_map(py: Python<'_>, message: &str) -> PyResult<()> {
    py.import("machine_dialect_vm._errors")?.call_method1("warn_of_map", (message,)).map(drop)
}

fn read_beside(path: &Path, module: &[u8]) -> Result<SourceMap, String> {
    let bytes = read(path).map_err(|error| format!("cannot be read: {error}"))?;
    let mut map = SourceMap::decode(&bytes, module).map_err(|error| error.to_string())?;
    if map.text().is_none() {
        // A map without the text has its hash, so any other page is told from it.
        let page = Path::new(map.name()).file_name().map(|name| path.with_file_name(name));
        if let Some(text) = page.and_then(|page| fs::read_to_string(page).ok()) {
            map.attach_text(&text);
        }
    }
    Ok(map)
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    /// A map has the text of its page, and some bytes for each line.
    const MOST: u64 = 1 << 30;
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A place as Python has it.
pub(super) fn place<'py>(py: Python<'py>, map: &SourceMap, site: &Site) -> PyResult<Bound<'py, PyAny>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let line = map.line(site.place.line);
    CLASS.import(py, "machine_dialect_vm._errors", "Place")?.call1((
        &site.function,
        map.name(),
        site.place.line,
        site.place.column,
        line,
    ))
}

/// The places that the calls of a failure had come to, and the failure drawn with its lines, in colours; nothing where the module
/// has no map.
pub(super) fn of_failure<'py>(
    py: Python<'py>,
    failed: &Failed,
) -> PyResult<(Bound<'py, PyList>, Option<String>)> {
    let Some(map) = failed.module.map.get(py)? else { return Ok((PyList::empty(py), None)) };
    let pcs = || failed.call_stack.iter().map(|site| site.pc);
    let sites = map.sites(pcs());
    let drawn = (!sites.is_empty()).then(|| map.draw(failed.kind, &failed.message, pcs(), true));
    let places = sites.iter().map(|site| place(py, &map, site)).collect::<PyResult<Vec<_>>>()?;
    Ok((PyList::new(py, places)?, drawn))
}

/// What was found in a page: kind, severity, line, column, message, hint, suggestion, and the line.
pub(super) type Found =
    (&'static str, &'static str, u32, u32, String, Option<String>, Option<String>, String);

/// What was found in a page, in rows.
pub(super) fn found(diagnostics: &Diagnostics, page: &str) -> Vec<Found> {
    let page = page.strip_prefix('\u{feff}').unwrap_or(page);
    let lines: Vec<&str> = if diagnostics.is_empty() { Vec::new() } else { page.split('\n').collect() };
    let row = |one: &crate::language::Diagnostic| {
        let place = one.place();
        let line = lines.get(place.line as usize - 1).copied().unwrap_or_default();
        let severity = severity_name(one.severity());
        let suggestion = one.suggestion().map(str::to_owned);
        let line = line.strip_suffix('\r').unwrap_or(line).to_owned();
        (one.kind().name(), severity, place.line, place.column, one.message(), one.hint(), suggestion, line)
    };
    diagnostics.iter().map(row).collect()
}
