# Generated from spec/errors.yaml by "cargo run -p mdvm-spec -- write". Do not edit.
"""Every error: a class for each kind that ``spec/errors.yaml`` declares, and those that they derive from.

>>> from machine_dialect_vm import Module, errors, run
>>> try:
...     run(Module.assemble("neg r0, r1"))
... except errors.InvalidOperation as error:
...     print(error.message)
Invalid operation: negation on type Empty
"""

from __future__ import annotations

from ._errors import (
    AssemblyError,
    BuildError,
    CallSite,
    CompileError,
    Diagnostic,
    LoadError,
    MachineDialectError,
    Place,
    RunError,
    SourceMapWarning,
    SourceWarning,
    StateError,
    UnreadableFile,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar


class InvalidMagic(LoadError):
    """The first four bytes are not the magic.

    >>> from machine_dialect_vm import errors
    >>> errors.LoadError.kinds["InvalidMagic"] is errors.InvalidMagic
    True
    """

    kind: ClassVar[str] = "InvalidMagic"
    templates: ClassVar[tuple[str, ...]] = ("invalid magic {found}",)


class TypeMismatch(RunError):
    """An operand has a type that the instruction does not take.

    >>> from machine_dialect_vm import errors
    >>> errors.RunError.kinds["TypeMismatch"] is errors.TypeMismatch
    True
    """

    kind: ClassVar[str] = "TypeMismatch"
    templates: ClassVar[tuple[str, ...]] = ("Type mismatch: expected {expected}, found {type}",)


class OutOfMemory(RunError):
    """The memory of the run would be over its limit.

    >>> from machine_dialect_vm import errors
    >>> errors.RunError.kinds["OutOfMemory"] is errors.OutOfMemory
    True
    """

    kind: ClassVar[str] = "OutOfMemory"
    templates: ClassVar[tuple[str, ...]] = ("Out of memory: the limit is {limit:#x} bytes",)


class InvalidState(StateError):
    """It is no state.

    >>> from machine_dialect_vm import errors
    >>> errors.StateError.kinds["InvalidState"] is errors.InvalidState
    True
    """

    kind: ClassVar[str] = "InvalidState"
    templates: ClassVar[tuple[str, ...]] = ("invalid state: {problem}",)


__all__ = [
    "AssemblyError",
    "BuildError",
    "CallSite",
    "CompileError",
    "Diagnostic",
    "InvalidMagic",
    "InvalidState",
    "LoadError",
    "MachineDialectError",
    "OutOfMemory",
    "Place",
    "RunError",
    "SourceMapWarning",
    "SourceWarning",
    "StateError",
    "TypeMismatch",
    "UnreadableFile",
]
