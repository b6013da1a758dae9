"""The errors that all kinds of the specification derive from. Users have them from ``machine_dialect_vm.errors``."""

from __future__ import annotations

from .reference.escape import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any, ClassVar, NamedTuple

    from ._values import Value
else:
    from ._light import NamedTuple


class MachineDialectError(RuntimeError):
    """What all errors of this package derive from.

    >>> from machine_dialect_vm import MachineDialectError, Module
    >>> try:
    ...     Module.assemble("add r2, r0")
    ... except MachineDialectError as error:
    ...     print(type(error).__name__)
    AssemblyError
    """

    __module__ = "machine_dialect_vm.errors"


class UnreadableFile(OSError, MachineDialectError):
    """``RustVM.load_bytecode`` cannot read the file; it is an ``OSError``, too.

    >>> from machine_dialect_vm import RustVM, errors
    >>> try:
    ...     RustVM().load_bytecode("no/such/file.mdbc")
    ... except errors.UnreadableFile as error:
    ...     print(error.filename)
    no/such/file.mdbc
    """

    __module__ = "machine_dialect_vm.errors"

    def __str__(self) -> str:
        return f"Failed to load bytecode: IO error: {self.strerror}"


class AssemblyError(MachineDialectError):
    """A line cannot be understood as assembly.

    >>> from machine_dialect_vm import AssemblyError, Module
    >>> try:
    ...     Module.assemble("load_const r0, 1\\nadd r2, r0")
    ... except AssemblyError as error:
    ...     print(error.line, error.column)
    ...     print(error)
    2 11
    line 2, column 11: expected `,` and operand `right`, a register that is read such as `r0`; found the end of the line
      | add r2, r0
      |           ^
    """

    __module__ = "machine_dialect_vm.errors"

    line: int
    """The line, from 1."""
    column: int
    """The column, from 1, in characters."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message, line, column)
        self.line = line
        self.column = column

    def __str__(self) -> str:
        return str(self.args[0])


class BuildError(MachineDialectError, ValueError):
    """A module cannot be put together: an operand is out of range, a label names nothing, an opcode is unknown.

    >>> from machine_dialect_vm import ModuleBuilder, errors
    >>> try:
    ...     ModuleBuilder().move(300, 0)
    ... except errors.BuildError as error:
    ...     print(error)
    move: operand dst is 300; a register is 0 to 255, or a name
    """

    __module__ = "machine_dialect_vm.errors"


class LoadError(MachineDialectError):
    """A module does not load. Each kind has a class of its own in ``machine_dialect_vm.errors``.

    >>> from machine_dialect_vm import LoadError, Module
    >>> try:
    ...     Module.from_bytes(b"no module")
    ... except LoadError as error:
    ...     print(error.kind)
    ...     print(error.message)
    InvalidMagic
    invalid magic 6e 6f 20 6d at byte 0x0: a module begins with 4d 44 42 43 ("MDBC")
    """

    __module__ = "machine_dialect_vm.errors"

    kind: ClassVar[str] = "LoadError"
    """The kind, as ``spec/errors.yaml`` names it."""
    templates: ClassVar[tuple[str, ...]] = ()
    """The messages there are under this kind."""
    kinds: ClassVar[dict[str, type[LoadError]]] = {}
    """Every kind, by its name."""

    message: str
    """What is wrong, and where."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __init_subclass__(cls) -> None:
        LoadError.kinds[cls.kind] = cls

    def __str__(self) -> str:
        return f"Failed to load bytecode: {visible(self.message)}"


class CallSite(NamedTuple):
    """A place in a running program.

    >>> from machine_dialect_vm import Module, RunError, run
    >>> module = Module.assemble('load_const r0, "f"\\ncall r0, r1, ()\\n.func f\\nneg r0, r0')
    >>> try:
    ...     run(module)
    ... except RunError as error:
    ...     print(error.call_stack)
    (CallSite(function='f', pc=2), CallSite(function='main', pc=1))
    """

    function: str
    """The name of the function."""
    pc: int
    """The index of the instruction it had come to: the one that failed, or the call that had not returned."""


CallSite.__module__ = "machine_dialect_vm.errors"


class RunError(MachineDialectError):
    """A program failed, reached a limit, or was ended by its host. Each kind has a class of its own in
    ``machine_dialect_vm.errors``.

    >>> from machine_dialect_vm import Module, RunError, run
    >>> try:
    ...     run(Module.assemble("load_const r0, 9223372036854775807\\nadd r1, r0, r0"))
    ... except RunError as error:
    ...     print(error.kind, error.pc, error.function, error.instruction, error.operands)
    ...     print(error)
    IntegerOverflow 1 main add r1, r0, r0 {'r0': 9223372036854775807}
    Runtime error: Integer overflow
      at instruction 1 in main
        add r1, r0, r0
        r0 = 9223372036854775807
    """

    __module__ = "machine_dialect_vm.errors"

    kind: ClassVar[str] = "RunError"
    """The kind, as ``spec/errors.yaml`` names it."""
    templates: ClassVar[tuple[str, ...]] = ()
    """The messages there are under this kind."""
    kinds: ClassVar[dict[str, type[RunError]]] = {}
    """Every kind, by its name."""

    message: str
    """What went wrong."""
    pc: int
    """The index of the instruction that failed."""
    instruction: str | None
    """The instruction that failed, as assembly."""
    operands: dict[str, Value]
    """The registers that the instruction reads, with the values it saw."""
    call_stack: tuple[CallSite, ...]
    """The function that failed first, then those that called it."""
    scopes: tuple[int, ...]
    """The scopes that were open in the function that failed."""
    stdout: str
    """What the program had printed."""
    steps: int
    """How many instructions were executed, the one that failed included."""
    globals: dict[str, Value]
    """The global variables there were when it failed."""
    trace: list[tuple[int, str]] | None
    """The instructions that were executed, where the run was traced; as ``Outcome.trace`` has them."""

    def __init__(
        self,
        message: str,
        *,
        pc: int = 0,
        instruction: str | None = None,
        operands: Mapping[str, Value] | None = None,
        shown: Iterable[tuple[str, str]] = (),
        call_stack: Iterable[tuple[str, int]] = (),
        scopes: Iterable[int] = (),
        stdout: str = "",
        steps: int = 0,
        globals: Mapping[str, Value] | None = None,
        trace: list[tuple[int, str]] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.pc = pc
        self.instruction = instruction
        self.operands = dict(operands or {})
        self.call_stack = tuple(CallSite(*site) for site in call_stack)
        self.scopes = tuple(scopes)
        self.stdout = stdout
        self.steps = steps
        self.globals = dict(globals or {})
        self.trace = trace
        self._shown = tuple(shown)

    def __init_subclass__(cls) -> None:
        RunError.kinds[cls.kind] = cls

    @property
    def function(self) -> str:
        """The function that failed: the name of the table entry that was called, or ``main``."""
        return self.call_stack[0].function if self.call_stack else "main"

    def __str__(self) -> str:
        lines = [
            f"Runtime error: {visible(self.message)}",
            f"  at instruction {self.pc} in {visible(self.function)}",
        ]
        if self.instruction is not None:
            lines.append(f"    {visible(self.instruction)}")
        lines += [f"    {register} = {visible(value)}" for register, value in self._shown]
        if self.scopes:
            lines.append(f"  in scopes {', '.join(map(str, self.scopes))}")
        lines += _callers(self.call_stack[1:])
        return "\n".join(lines)


# How many callers an error shows next to the failure, and how many at the bottom of the stack.
_NEAREST, _FARTHEST = 10, 3


def _callers(callers: tuple[CallSite, ...]) -> list[str]:
    """The callers, one line each; the middle of a long stack is left out."""
    lines = [f"  called at instruction {caller.pc} in {visible(caller.function)}" for caller in callers]
    left_out = len(lines) - _NEAREST - _FARTHEST
    if left_out > 1:
        lines[_NEAREST:-_FARTHEST] = [f"  … {left_out} calls more …"]
    return lines


def make_load_error(kind: str, message: str) -> LoadError:
    """What the extension raises."""
    from . import errors

    return errors.LoadError.kinds[kind](message)


def make_run_error(
    kind: str,
    message: str,
    place: tuple[Any, ...],
    stdout: str,
    steps: int,
    globals: dict[str, Value],
    trace: list[tuple[int, str]] | None,
) -> RunError:
    """What the extension raises."""
    from . import errors

    pc, instruction, operands, shown, call_stack, scopes = place
    return errors.RunError.kinds[kind](
        message,
        pc=pc,
        instruction=instruction,
        operands=operands,
        shown=shown,
        call_stack=call_stack,
        scopes=scopes,
        stdout=stdout,
        steps=steps,
        globals=globals,
        trace=trace,
    )
