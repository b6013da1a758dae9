"""A virtual machine for Machine Dialect™, a programming language written in Markdown.

A page is compiled, or a module loaded from a ``.mdbc`` file, checked whole, and run. Whatever a stranger wrote, the answer is an
outcome, or an error that says what and where.

>>> import machine_dialect_vm
>>> outcome = machine_dialect_vm.run(machine_dialect_vm.compile('''
... Define `n` as Whole Number.
... Set `n` to _12_.
... Say `n` * `n`.
... Give back `n`.
... '''))
144
>>> outcome.value
12

Modules may be written as assembly, too:

>>> from machine_dialect_vm import Module, run
>>> module = Module.assemble('''
... .func main
...     load_global r0, "n"
...     load_const r1, "square"
...     call r1, r2, (r0)
...     debug_print r2
...     return r2
... .func square
...     mul r1, r0, r0
...     return r1
... ''')
>>> outcome = run(module, globals={"n": 12})
144
>>> outcome.value, outcome.steps
(144, 7)

The same module on untrusted input:

>>> run(module, globals={"n": "twelve"}, limits={"max_steps": 1000}, deadline=2)
Traceback (most recent call last):
    ...
machine_dialect_vm.errors.TypeMismatch: Runtime error: Type mismatch: expected numeric, found String and String
  at instruction 5 in square
    mul r1, r0, r0
    r0 = "twelve"
  called at instruction 2 in main

What there is
-------------
``compile``, ``compile_file``   make a module of a page
``Module``          load, decode, assemble, disassemble and encode a module
``run``             run one, and get an ``Outcome``
``resume``          go on with a run that stopped, from its state
``ModuleBuilder``   put one together, instruction by instruction
``link``            join functions that were compiled apart
``errors``          every error, with a class for each kind
``language``        check and format pages
``Opcode``, ``TypeId``, ``AssertKind``, ``Limits``   what the specification declares
``RustVM``          the interface of the package that this one replaces
``compiler``        the public compiler, with this front end in it
``reference``       the reference interpreter: slower, and written to be read

``mdvm``, which is ``python -m machine_dialect_vm``, runs, checks and shows pages and modules, and has a REPL.
"""

from __future__ import annotations

from . import errors, language
from ._errors import AssemblyError, CompileError, LoadError, MachineDialectError, RunError, StateError
from ._spec import AssertKind, Limits, Opcode, Operand, Role, TypeId
from ._values import Function, Url
from .builder import Chunk, ModuleBuilder, link
from .language import compile, compile_file

TYPE_CHECKING = False

try:
    from ._native import Module, Outcome, RustVM, __version__, resume, run
except ImportError as _error:
    if TYPE_CHECKING:
        raise
    _reason = str(_error)

    def __getattr__(name: str) -> object:
        if name == "__version__":
            from importlib.metadata import version

            # Behind the release of the package that this one replaces stands this one's own.
            return version("machine-dialect-vm").partition("+mdvm.")[2]
        if name in __all__:
            raise ImportError(
                f"machine_dialect_vm.{name} needs the compiled extension, which cannot be loaded: {_reason}. "
                "`python -m machine_dialect_vm repl` works without it, on the reference interpreter.",
                name=f"{__name__}._native",
            )
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "AssemblyError",
    "AssertKind",
    "Chunk",
    "CompileError",
    "Function",
    "Limits",
    "LoadError",
    "MachineDialectError",
    "Module",
    "ModuleBuilder",
    "Opcode",
    "Operand",
    "Outcome",
    "Role",
    "RunError",
    "RustVM",
    "StateError",
    "TypeId",
    "Url",
    "__version__",
    "compile",
    "compile_file",
    "errors",
    "language",
    "link",
    "resume",
    "run",
]


def __dir__() -> list[str]:
    return sorted(__all__)
