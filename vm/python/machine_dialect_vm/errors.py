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
    templates: ClassVar[tuple[str, ...]] = ("invalid magic {found} at byte 0x0: a module begins with 4d 44 42 43 (\"MDBC\")",)


class UnsupportedVersion(LoadError):
    """The version is not one this machine reads.

    >>> from machine_dialect_vm import errors
    >>> errors.LoadError.kinds["UnsupportedVersion"] is errors.UnsupportedVersion
    True
    """

    kind: ClassVar[str] = "UnsupportedVersion"
    templates: ClassVar[tuple[str, ...]] = ("unsupported version {version} at byte {offset:#x}: this machine reads version {supported}",)


class UnsupportedFlags(LoadError):
    """The flags are not those of version 1.

    >>> from machine_dialect_vm import errors
    >>> errors.LoadError.kinds["UnsupportedFlags"] is errors.UnsupportedFlags
    True
    """

    kind: ClassVar[str] = "UnsupportedFlags"
    templates: ClassVar[tuple[str, ...]] = ("unsupported flags {flags:#x} at byte {offset:#x}: this machine reads flags {supported:#x}",)


class InvalidOffset(LoadError):
    """A section would begin past the end of the file.

    >>> from machine_dialect_vm import errors
    >>> errors.LoadError.kinds["InvalidOffset"] is errors.InvalidOffset
    True
    """

    kind: ClassVar[str] = "InvalidOffset"
    templates: ClassVar[tuple[str, ...]] = ("{section} offset {value} is past the end of the file of {size} bytes (at byte {offset:#x})",)


class UnexpectedEof(LoadError):
    """The file ends inside something.

    >>> from machine_dialect_vm import errors
    >>> errors.LoadError.kinds["UnexpectedEof"] is errors.UnexpectedEof
    True
    """

    kind: ClassVar[str] = "UnexpectedEof"
    templates: ClassVar[tuple[str, ...]] = ("unexpected end of file at byte {offset:#x}: {what} needs {needed} bytes and {left} are left",)


class InvalidCount(LoadError):
    """A count that the rest of the file cannot hold.

    >>> from machine_dialect_vm import errors
    >>> errors.LoadError.kinds["InvalidCount"] is errors.InvalidCount
    True
    """

    kind: ClassVar[str] = "InvalidCount"
    templates: ClassVar[tuple[str, ...]] = ("{what} {count} is more than the {left} bytes left can hold (at byte {offset:#x})", "{what} {count} is over the limit {limit} (at byte {offset:#x})")


class InvalidUtf8(LoadError):
    """A string is not valid UTF-8; the offset is that of the first byte that does not belong.

    >>> from machine_dialect_vm import errors
    >>> errors.LoadError.kinds["InvalidUtf8"] is errors.InvalidUtf8
    True
    """

    kind: ClassVar[str] = "InvalidUtf8"
    templates: ClassVar[tuple[str, ...]] = ("{what} is not UTF-8: invalid byte sequence at byte {offset:#x}",)


class InvalidConstantTag(LoadError):
    """A constant's tag is none of format.yaml.

    >>> from machine_dialect_vm import errors
    >>> errors.LoadError.kinds["InvalidConstantTag"] is errors.InvalidConstantTag
    True
    """

    kind: ClassVar[str] = "InvalidConstantTag"
    templates: ClassVar[tuple[str, ...]] = ("invalid tag {tag} of constant {index} at byte {offset:#x}",)


class InvalidOpcode(LoadError):
    """An opcode that isa.yaml does not have.

    >>> from machine_dialect_vm import errors
    >>> errors.LoadError.kinds["InvalidOpcode"] is errors.InvalidOpcode
    True
    """

    kind: ClassVar[str] = "InvalidOpcode"
    templates: ClassVar[tuple[str, ...]] = ("invalid opcode {opcode} at instruction {instruction} (byte {offset:#x})",)


class InvalidConstantIndex(LoadError):
    """An operand names a constant that is not there, or of the wrong kind.

    >>> from machine_dialect_vm import errors
    >>> errors.LoadError.kinds["InvalidConstantIndex"] is errors.InvalidConstantIndex
    True
    """

    kind: ClassVar[str] = "InvalidConstantIndex"
    templates: ClassVar[tuple[str, ...]] = ("constant index {index} is outside the pool of {count} at instruction {instruction} (byte {offset:#x})", "constant {index} is of kind {found} where {expected} is needed at instruction {instruction} (byte {offset:#x})")


class InvalidTypeId(LoadError):
    """A type id that values.yaml does not have.

    >>> from machine_dialect_vm import errors
    >>> errors.LoadError.kinds["InvalidTypeId"] is errors.InvalidTypeId
    True
    """

    kind: ClassVar[str] = "InvalidTypeId"
    templates: ClassVar[tuple[str, ...]] = ("invalid type id {id} at instruction {instruction} (byte {offset:#x})",)


class InvalidAssertKind(LoadError):
    """An assert kind that values.yaml does not have.

    >>> from machine_dialect_vm import errors
    >>> errors.LoadError.kinds["InvalidAssertKind"] is errors.InvalidAssertKind
    True
    """

    kind: ClassVar[str] = "InvalidAssertKind"
    templates: ClassVar[tuple[str, ...]] = ("invalid assert kind {id} at instruction {instruction} (byte {offset:#x})",)


class InvalidJumpTarget(LoadError):
    """A jump, reachable or not, leaves the code; the end of the code itself is allowed.

    >>> from machine_dialect_vm import errors
    >>> errors.LoadError.kinds["InvalidJumpTarget"] is errors.InvalidJumpTarget
    True
    """

    kind: ClassVar[str] = "InvalidJumpTarget"
    templates: ClassVar[tuple[str, ...]] = ("jump of {jump} at instruction {instruction} goes to {target}, outside 0..={count}",)


class InvalidEntryPoint(LoadError):
    """A function begins outside the code.

    >>> from machine_dialect_vm import errors
    >>> errors.LoadError.kinds["InvalidEntryPoint"] is errors.InvalidEntryPoint
    True
    """

    kind: ClassVar[str] = "InvalidEntryPoint"
    templates: ClassVar[tuple[str, ...]] = ("entry {entry} of function \"{name}\" is outside 0..{count}",)


class DuplicateFunction(LoadError):
    """Two functions have the same name.

    >>> from machine_dialect_vm import errors
    >>> errors.LoadError.kinds["DuplicateFunction"] is errors.DuplicateFunction
    True
    """

    kind: ClassVar[str] = "DuplicateFunction"
    templates: ClassVar[tuple[str, ...]] = ("function \"{name}\" stands twice in the table (at byte {offset:#x})",)


class TypeMismatch(RunError):
    """An operand has a type that the instruction does not take.

    >>> from machine_dialect_vm import errors
    >>> errors.RunError.kinds["TypeMismatch"] is errors.TypeMismatch
    True
    """

    kind: ClassVar[str] = "TypeMismatch"
    templates: ClassVar[tuple[str, ...]] = ("Type mismatch: expected {expected}, found {found}", "Type mismatch: expected {expected}, found {left} and {right}", "Type mismatch: expected {expected}, found float {text}")


class DivisionByZero(RunError):
    """The right operand of a division or remainder is int 0 or float ±0.0.

    >>> from machine_dialect_vm import errors
    >>> errors.RunError.kinds["DivisionByZero"] is errors.DivisionByZero
    True
    """

    kind: ClassVar[str] = "DivisionByZero"
    templates: ClassVar[tuple[str, ...]] = ("Division by zero",)


class IntegerOverflow(RunError):
    """An int result does not fit 64 bits.

    >>> from machine_dialect_vm import errors
    >>> errors.RunError.kinds["IntegerOverflow"] is errors.IntegerOverflow
    True
    """

    kind: ClassVar[str] = "IntegerOverflow"
    templates: ClassVar[tuple[str, ...]] = ("Integer overflow",)


class IndexOutOfBounds(RunError):
    """An index is negative or past the end of the array.

    >>> from machine_dialect_vm import errors
    >>> errors.RunError.kinds["IndexOutOfBounds"] is errors.IndexOutOfBounds
    True
    """

    kind: ClassVar[str] = "IndexOutOfBounds"
    templates: ClassVar[tuple[str, ...]] = ("Index out of bounds: index {index} for length {length}",)


class UndefinedFunction(RunError):
    """No function has that name.

    >>> from machine_dialect_vm import errors
    >>> errors.RunError.kinds["UndefinedFunction"] is errors.UndefinedFunction
    True
    """

    kind: ClassVar[str] = "UndefinedFunction"
    templates: ClassVar[tuple[str, ...]] = ("Undefined function: {name}", "Undefined function: func_{entry}", "Undefined function: no function specified")


class InvalidOperation(RunError):
    """An operation that a type does not have.

    >>> from machine_dialect_vm import errors
    >>> errors.RunError.kinds["InvalidOperation"] is errors.InvalidOperation
    True
    """

    kind: ClassVar[str] = "InvalidOperation"
    templates: ClassVar[tuple[str, ...]] = ("Invalid operation: {operation} on type {type}", "Invalid operation: create array on type negative size: {size}")


class InvalidComparison(RunError):
    """Two values have no order.

    >>> from machine_dialect_vm import errors
    >>> errors.RunError.kinds["InvalidComparison"] is errors.InvalidComparison
    True
    """

    kind: ClassVar[str] = "InvalidComparison"
    templates: ClassVar[tuple[str, ...]] = ("Invalid comparison: {left} and {right}",)


class AssertionFailed(RunError):
    """An assertion did not hold.

    >>> from machine_dialect_vm import errors
    >>> errors.RunError.kinds["AssertionFailed"] is errors.AssertionFailed
    True
    """

    kind: ClassVar[str] = "AssertionFailed"
    templates: ClassVar[tuple[str, ...]] = ("Assertion failed: {message}",)


class StackOverflow(RunError):
    """A call is nested deeper than `max_call_depth`.

    >>> from machine_dialect_vm import errors
    >>> errors.RunError.kinds["StackOverflow"] is errors.StackOverflow
    True
    """

    kind: ClassVar[str] = "StackOverflow"
    templates: ClassVar[tuple[str, ...]] = ("Stack overflow",)


class StepLimitExceeded(RunError):
    """The next instruction would be one too many; `pc` is that instruction's index, or the first phi's of a run that does not fit, and `steps` is the limit.

    >>> from machine_dialect_vm import errors
    >>> errors.RunError.kinds["StepLimitExceeded"] is errors.StepLimitExceeded
    True
    """

    kind: ClassVar[str] = "StepLimitExceeded"
    templates: ClassVar[tuple[str, ...]] = ("Step limit exceeded: the limit is {limit} instructions",)


class OutputLimitExceeded(RunError):
    """A line printed would not fit into the output of the run.

    >>> from machine_dialect_vm import errors
    >>> errors.RunError.kinds["OutputLimitExceeded"] is errors.OutputLimitExceeded
    True
    """

    kind: ClassVar[str] = "OutputLimitExceeded"
    templates: ClassVar[tuple[str, ...]] = ("Output limit exceeded: the limit is {limit} bytes",)


class OutOfMemory(RunError):
    """The memory of the run would be over its limit.

    >>> from machine_dialect_vm import errors
    >>> errors.RunError.kinds["OutOfMemory"] is errors.OutOfMemory
    True
    """

    kind: ClassVar[str] = "OutOfMemory"
    templates: ClassVar[tuple[str, ...]] = ("Out of memory: the limit is {limit} bytes",)


class Interrupted(RunError):
    """The host asked the run to stop.

    >>> from machine_dialect_vm import errors
    >>> errors.RunError.kinds["Interrupted"] is errors.Interrupted
    True
    """

    kind: ClassVar[str] = "Interrupted"
    templates: ClassVar[tuple[str, ...]] = ("Interrupted",)


class DeadlineExceeded(RunError):
    """The time the host gave the run is over.

    >>> from machine_dialect_vm import errors
    >>> errors.RunError.kinds["DeadlineExceeded"] is errors.DeadlineExceeded
    True
    """

    kind: ClassVar[str] = "DeadlineExceeded"
    templates: ClassVar[tuple[str, ...]] = ("Deadline exceeded",)


class OutputFailed(RunError):
    """The sink of the host refused what the program printed.

    >>> from machine_dialect_vm import errors
    >>> errors.RunError.kinds["OutputFailed"] is errors.OutputFailed
    True
    """

    kind: ClassVar[str] = "OutputFailed"
    templates: ClassVar[tuple[str, ...]] = ("Cannot write output: {reason}",)


class InvalidState(StateError):
    """It is not the JSON of a state.

    >>> from machine_dialect_vm import errors
    >>> errors.StateError.kinds["InvalidState"] is errors.InvalidState
    True
    """

    kind: ClassVar[str] = "InvalidState"
    templates: ClassVar[tuple[str, ...]] = ("invalid state: {problem}",)


class UnsupportedStateVersion(StateError):
    """The state has a form that this machine does not read.

    >>> from machine_dialect_vm import errors
    >>> errors.StateError.kinds["UnsupportedStateVersion"] is errors.UnsupportedStateVersion
    True
    """

    kind: ClassVar[str] = "UnsupportedStateVersion"
    templates: ClassVar[tuple[str, ...]] = ("unsupported state version {version}: this machine reads version {supported}",)


class WrongModule(StateError):
    """The state was saved by a run of another module; both are named by their SHA-256.

    >>> from machine_dialect_vm import errors
    >>> errors.StateError.kinds["WrongModule"] is errors.WrongModule
    True
    """

    kind: ClassVar[str] = "WrongModule"
    templates: ClassVar[tuple[str, ...]] = ("the state is of another module: of {found}, and this one is {expected}",)


class InvalidObject(StateError):
    """An object refers to what is not before it, has a key twice, or nothing refers to it.

    >>> from machine_dialect_vm import errors
    >>> errors.StateError.kinds["InvalidObject"] is errors.InvalidObject
    True
    """

    kind: ClassVar[str] = "InvalidObject"
    templates: ClassVar[tuple[str, ...]] = ("object {object} of the state: {problem}",)


class InvalidGlobal(StateError):
    """A global refers to what is not there, or is not in its place.

    >>> from machine_dialect_vm import errors
    >>> errors.StateError.kinds["InvalidGlobal"] is errors.InvalidGlobal
    True
    """

    kind: ClassVar[str] = "InvalidGlobal"
    templates: ClassVar[tuple[str, ...]] = ("global \"{name}\" of the state: {problem}",)


class InvalidFrame(StateError):
    """A frame of an unknown function, or one that stands where no frame can.

    >>> from machine_dialect_vm import errors
    >>> errors.StateError.kinds["InvalidFrame"] is errors.InvalidFrame
    True
    """

    kind: ClassVar[str] = "InvalidFrame"
    templates: ClassVar[tuple[str, ...]] = ("frame {frame} of the state: {problem}",)


class InvalidRegister(StateError):
    """A register that refers to what is not there, is not in its place, or has no such type tag.

    >>> from machine_dialect_vm import errors
    >>> errors.StateError.kinds["InvalidRegister"] is errors.InvalidRegister
    True
    """

    kind: ClassVar[str] = "InvalidRegister"
    templates: ClassVar[tuple[str, ...]] = ("register {register} in frame {frame} of the state: {problem}",)


class InvalidPrevious(StateError):
    """The instruction before the next is none, or nothing asks for it.

    >>> from machine_dialect_vm import errors
    >>> errors.StateError.kinds["InvalidPrevious"] is errors.InvalidPrevious
    True
    """

    kind: ClassVar[str] = "InvalidPrevious"
    templates: ClassVar[tuple[str, ...]] = ("previous instruction {previous} of the state: {problem}",)


class WrongMemory(StateError):
    """The memory of a state is not what its objects and frames cost.

    >>> from machine_dialect_vm import errors
    >>> errors.StateError.kinds["WrongMemory"] is errors.WrongMemory
    True
    """

    kind: ClassVar[str] = "WrongMemory"
    templates: ClassVar[tuple[str, ...]] = ("the state says that it takes {declared} bytes of memory, and it takes {counted}",)


__all__ = [
    "AssemblyError",
    "AssertionFailed",
    "BuildError",
    "CallSite",
    "CompileError",
    "DeadlineExceeded",
    "Diagnostic",
    "DivisionByZero",
    "DuplicateFunction",
    "IndexOutOfBounds",
    "IntegerOverflow",
    "Interrupted",
    "InvalidAssertKind",
    "InvalidComparison",
    "InvalidConstantIndex",
    "InvalidConstantTag",
    "InvalidCount",
    "InvalidEntryPoint",
    "InvalidFrame",
    "InvalidGlobal",
    "InvalidJumpTarget",
    "InvalidMagic",
    "InvalidObject",
    "InvalidOffset",
    "InvalidOpcode",
    "InvalidOperation",
    "InvalidPrevious",
    "InvalidRegister",
    "InvalidState",
    "InvalidTypeId",
    "InvalidUtf8",
    "LoadError",
    "MachineDialectError",
    "OutOfMemory",
    "OutputFailed",
    "OutputLimitExceeded",
    "Place",
    "RunError",
    "SourceMapWarning",
    "SourceWarning",
    "StackOverflow",
    "StateError",
    "StepLimitExceeded",
    "TypeMismatch",
    "UndefinedFunction",
    "UnexpectedEof",
    "UnreadableFile",
    "UnsupportedFlags",
    "UnsupportedStateVersion",
    "UnsupportedVersion",
    "WrongMemory",
    "WrongModule",
]
