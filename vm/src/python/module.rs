//! `Module`.

use std::cell::RefCell;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Arc, Weak};

use pyo3::exceptions::{PyIndexError, PyUnicodeDecodeError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyTuple, PyType};

use super::errors;
use super::places::{self, MapSource};
use super::values;
use crate::asm::{AsmError, instruction_text, listing};
use crate::language::SourceMap;
use crate::values::format;
use crate::vm::Vm;
use crate::{assemble, disassemble};

/// A module: what a ``.mdbc`` file holds, decoded and checked. It never changes, and threads may share it.
///
/// >>> from machine_dialect_vm import Module, run
/// >>> module = Module.assemble('''
/// ...     load_const r0, 40
/// ...     load_const r1, 2
/// ...     add r2, r0, r1
/// ...     return r2
/// ... ''')
/// >>> len(module)
/// 4
/// >>> run(module).value
/// 42
///
/// Modules are equal when their files are; they can be hashed, copied and pickled.
#[pyclass(frozen, eq, hash, module = "machine_dialect_vm")]
pub(super) struct Module(pub(super) Arc<Loaded>);

/// A module that Python may hold in several places.
pub(super) struct Loaded {
    pub(super) module: crate::Module,
    pub(super) map: MapSource,
}

impl PartialEq for Module {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.module == other.0.module
    }
}

impl std::hash::Hash for Module {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.module.encode().hash(state);
    }
}

impl Module {
    pub(super) fn new(module: crate::Module) -> Self {
        Self::with_map(module, MapSource::Nowhere)
    }

    pub(super) fn with_map(module: crate::Module, map: MapSource) -> Self {
        Self(Arc::new(Loaded { module, map }))
    }

    /// The module of a file, with the source map beside it, if there is one. It is read when something asks for it.
    pub(super) fn beside(module: crate::Module, path: &Path, bytes: Vec<u8>) -> Self {
        let path = path.with_extension(SourceMap::EXTENSION);
        let map = if path.is_file() { MapSource::Beside { path, module: bytes } } else { MapSource::Nowhere };
        Self::with_map(module, map)
    }

    /// Reads a file, as far as a module may be long: one that is longer is refused for its size, whatever follows.
    pub(super) fn read(py: Python<'_>, path: &Path) -> std::io::Result<Vec<u8>> {
        /// Most modules fit in here, so nothing need be asked of the file but its content.
        const USUAL: usize = 1 << 13;
        py.detach(|| {
            let mut bytes = Vec::with_capacity(USUAL);
            File::open(path)?.take(u64::from(format::MAX_MODULE_BYTES) + 1).read_to_end(&mut bytes)?;
            Ok(bytes)
        })
    }

    fn decode(py: Python<'_>, bytes: &[u8]) -> PyResult<crate::Module> {
        py.detach(|| crate::Module::decode(bytes)).map_err(|error| errors::load_error(py, &error))
    }
}

#[pymethods]
impl Module {
    /// Reads a module from a ``.mdbc`` file, or assembles it from an ``.mdasm`` file. Where a source map, ``.mdbm``, stands beside
    /// the module, errors of its runs name lines of the page.
    ///
    /// >>> from machine_dialect_vm import Module
    /// >>> import pathlib, tempfile
    /// >>> path = pathlib.Path(tempfile.mkdtemp(), "answer.mdasm")
    /// >>> _ = path.write_text("load_const r0, 42\nreturn r0\n")
    /// >>> Module.load(path).instruction(0)
    /// 'load_const r0, 42'
    ///
    /// Raises ``OSError`` where the file cannot be read, ``LoadError`` at the first fault of a module and
    /// ``AssemblyError`` at the first line that is no assembly.
    #[staticmethod]
    #[pyo3(signature = (path, /))]
    fn load(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let bytes = Self::read(py, &path).map_err(|error| errors::unreadable(py, &error, &path))?;
        if path.extension().is_some_and(|extension| extension == "mdasm") {
            return match std::str::from_utf8(&bytes) {
                Ok(text) => Self::assemble(py, text),
                Err(error) => Err(PyUnicodeDecodeError::new_utf8(py, &bytes, error)?.into()),
            };
        }
        let module = Self::decode(py, &bytes)?;
        Ok(Self::beside(module, &path, bytes))
    }

    /// Decodes a module and checks all of it.
    ///
    /// >>> from machine_dialect_vm import Module
    /// >>> Module.from_bytes(b"MDBC")
    /// Traceback (most recent call last):
    ///     ...
    /// machine_dialect_vm.errors.UnexpectedEof: Failed to load bytecode: unexpected end of file at byte 0x4: version needs 4 bytes and 0 are left
    ///
    /// ``source_map`` is the content of its ``.mdbm`` file. Warns with ``SourceMapWarning`` where that is damaged or of another
    /// module, and does without. Raises ``LoadError`` at the first fault of the module.
    #[staticmethod]
    #[pyo3(signature = (data, /, source_map=None))]
    fn from_bytes(py: Python<'_>, data: &[u8], source_map: Option<&[u8]>) -> PyResult<Self> {
        let module = Self::decode(py, data)?;
        let map = match source_map.map(|file| SourceMap::decode(file, data)) {
            None => MapSource::Nowhere,
            Some(Ok(map)) => MapSource::Known(Box::new(map)),
            Some(Err(error)) => {
                places::warn_of_map(py, &error.to_string())?;
                MapSource::Nowhere
            }
        };
        Ok(Self::with_map(module, map))
    }

    /// Assembles a module: one instruction a line, its operands in byte order; ``;`` begins a comment and ``label:`` names an
    /// instruction.
    ///
    /// >>> from machine_dialect_vm import Module, run
    /// >>> module = Module.assemble('''
    /// ... .func main
    /// ...     load_const r0, "world"
    /// ...     load_const r1, "greet"
    /// ...     call r1, r2, (r0)     ; the function, the register for its result, the arguments
    /// ...     return r2
    /// ... .func greet
    /// ...     load_const r1, "Hello, "
    /// ...     add r2, r1, r0
    /// ...     return r2
    /// ... ''')
    /// >>> run(module).value
    /// 'Hello, world'
    ///
    /// Raises ``AssemblyError`` where lines cannot be understood, ``LoadError`` where what the lines say together
    /// would not load.
    #[staticmethod]
    #[pyo3(signature = (text, /))]
    fn assemble(py: Python<'_>, text: &str) -> PyResult<Self> {
        py.detach(|| assemble(text)).map(Self::new).map_err(|error| match error {
            AsmError::Module(error) => errors::load_error(py, &error),
            AsmError::Syntax(mistakes) => {
                let first = mistakes.first();
                errors::assembly_error(py, &mistakes.to_string(), first.line, first.column)
            }
        })
    }

    /// The module as assembly; ``Module.assemble`` makes the same module of it again.
    ///
    /// >>> from machine_dialect_vm import Module
    /// >>> module = Module.assemble("load_const r0, 1.5\nreturn r0")
    /// >>> print(module.disassemble())
    ///     load_const r0, 1.5
    ///     return r0
    /// <BLANKLINE>
    /// >>> Module.assemble(module.disassemble()) == module
    /// True
    fn disassemble(&self, py: Python<'_>) -> String {
        py.detach(|| disassemble(&self.0.module))
    }

    /// The module as assembly, with the index and the byte offset of each instruction in comments.
    ///
    /// >>> from machine_dialect_vm import Module
    /// >>> print(Module.assemble("nop\nhalt").listing())
    ///     nop                                      ; 0 0x002c
    ///     halt                                     ; 1 0x002d
    /// <BLANKLINE>
    fn listing(&self, py: Python<'_>) -> String {
        py.detach(|| listing(&self.0.module))
    }

    /// The file, in the canonical layout: sections one after another, in order, right behind the header.
    ///
    /// >>> from machine_dialect_vm import Module
    /// >>> module = Module.assemble("halt")
    /// >>> module.to_bytes()[:4]
    /// b'MDBC'
    /// >>> Module.from_bytes(module.to_bytes()) == module
    /// True
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &py.detach(|| self.0.module.encode()))
    }

    /// The content of the module's source map, a ``.mdbm`` file; ``None`` where it has none.
    ///
    /// >>> import machine_dialect_vm
    /// >>> module = machine_dialect_vm.compile("Say _1_.\n")
    /// >>> module.source_map[:4]
    /// b'MDBM'
    /// >>> machine_dialect_vm.Module.from_bytes(module.to_bytes(), module.source_map).place(0).line
    /// 1
    #[getter]
    fn source_map<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let Some(map) = self.0.map.get(py)? else { return Ok(None) };
        Ok(Some(PyBytes::new(py, &py.detach(|| map.encode(&self.0.module.encode())))))
    }

    /// The place of the page that an instruction comes from; ``None`` where that is not known.
    ///
    /// >>> import machine_dialect_vm
    /// >>> machine_dialect_vm.compile("Say _1_.\nSay _2_.\n", name="two.md").place(2)
    /// Place(function='main', file='two.md', line=2, column=1, source_line='Say _2_.')
    #[pyo3(signature = (index, /))]
    fn place<'py>(&self, py: Python<'py>, index: usize) -> PyResult<Option<Bound<'py, PyAny>>> {
        let Some(map) = self.0.map.get(py)? else { return Ok(None) };
        let sites = map.sites([index]);
        sites.first().map(|site| places::place(py, &map, site)).transpose()
    }

    /// The name of the module.
    ///
    /// >>> from machine_dialect_vm import Module
    /// >>> Module.assemble('.module "greeting"').name
    /// 'greeting'
    #[getter]
    fn name(&self) -> &str {
        self.0.module.name()
    }

    /// The constant pool, in order.
    ///
    /// >>> from machine_dialect_vm import Module
    /// >>> Module.assemble("load_const r0, 1\nload_const r1, true\nload_const r2, 1").constants
    /// (1, True)
    #[getter]
    fn constants<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let constants = self.0.module.constants().iter();
        PyTuple::new(py, constants.map(|one| values::constant(py, one)).collect::<PyResult<Vec<_>>>()?)
    }

    /// The functions, in the order of the table: the name of each, and the index of its first instruction.
    ///
    /// >>> from machine_dialect_vm import Module
    /// >>> Module.assemble(".func main\nnop\n.func other\nhalt").functions
    /// {'main': 0, 'other': 1}
    #[getter]
    fn functions<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let functions = PyDict::new(py);
        for function in self.0.module.functions() {
            functions.set_item(&function.name, function.entry)?;
        }
        Ok(functions)
    }

    /// The index of the instruction where execution starts: the entry of the function ``main``, or 0.
    ///
    /// >>> from machine_dialect_vm import Module
    /// >>> Module.assemble("nop\n.func main\nhalt").entry
    /// 1
    #[getter]
    fn entry(&self) -> usize {
        self.0.module.entry().0
    }

    /// The instruction at an index, as assembly; a negative index counts from the end.
    ///
    /// >>> from machine_dialect_vm import Module
    /// >>> Module.assemble("nop\nadd r2, r0, r1").instruction(-1)
    /// 'add r2, r0, r1'
    ///
    /// Raises ``IndexError`` where there is no such instruction.
    #[pyo3(signature = (index, /))]
    fn instruction(&self, index: isize) -> PyResult<String> {
        let count = self.0.module.len();
        let from_start = if index < 0 { index.checked_add_unsigned(count) } else { Some(index) };
        from_start
            .and_then(|index| usize::try_from(index).ok())
            .and_then(|index| instruction_text(&self.0.module, index))
            .ok_or_else(|| PyIndexError::new_err(format!("instruction {index} of a module of {count}")))
    }

    /// How many instructions there are.
    fn __len__(&self) -> usize {
        self.0.module.len()
    }

    /// A module is true, also one without instructions.
    fn __bool__(&self) -> bool {
        true
    }

    fn __repr__(&self) -> String {
        let module = &self.0.module;
        let (instructions, functions) = (module.len(), module.functions().len());
        format!("<Module {:?}: {instructions} instructions, {functions} functions>", module.name())
    }

    fn __copy__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    #[pyo3(signature = (_memo, /))]
    fn __deepcopy__<'py>(slf: Bound<'py, Self>, _memo: &Bound<'py, PyAny>) -> Bound<'py, Self> {
        slf
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let decode = PyType::new::<Self>(py).getattr("from_bytes")?;
        (decode, (self.to_bytes(py), self.source_map(py)?)).into_pyobject(py)
    }
}

// --- Prepared machines -----------------------------------------------------------------------------------------------

thread_local! {
    /// The modules that ran last on this thread, prepared. A machine never leaves its thread.
    static PREPARED: RefCell<Vec<(Weak<Loaded>, Rc<Vm>)>> = const { RefCell::new(Vec::new()) };
}

/// How many modules a thread keeps prepared.
const KEPT: usize = 8;

impl Loaded {
    /// A machine that runs the module, as new as any: a run never sees an earlier one.
    pub(super) fn vm(self: &Arc<Self>) -> Rc<Vm> {
        PREPARED.with_borrow_mut(|prepared| {
            let known =
                prepared.iter().position(|(module, _)| std::ptr::eq(module.as_ptr(), Arc::as_ptr(self)));
            if let Some(index) = known {
                prepared[..=index].rotate_right(1);
            } else {
                prepared.retain(|(module, _)| module.strong_count() > 0);
                prepared.truncate(KEPT - 1);
                prepared.insert(0, (Arc::downgrade(self), Rc::new(Vm::new(self.module.clone()))));
            }
            Rc::clone(&prepared[0].1)
        })
    }
}

/// A module that is no more takes its machine with it; that of another thread goes when the thread prepares the next.
impl Drop for Loaded {
    fn drop(&mut self) {
        // Where the thread is ending, its machines are gone.
        let _ = PREPARED.try_with(|prepared| {
            if let Ok(mut prepared) = prepared.try_borrow_mut() {
                prepared.retain(|(module, _)| module.strong_count() > 0);
            }
        });
    }
}
