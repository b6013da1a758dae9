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


class SourceWarning(UserWarning):
    """Something in a page is odd, and keeps it from nothing.

    >>> import machine_dialect_vm, warnings
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     _ = machine_dialect_vm.compile("Define `l` as List.\\nSet `l` to:\\n\\nSay `l`.\\n", name="odd.md")
    >>> caught[0].filename, caught[0].lineno, str(caught[0].message)
    ('odd.md', 2, 'EmptyList: no items follow: the list is empty')
    """

    __module__ = "machine_dialect_vm.errors"


class SourceMapWarning(UserWarning):
    """The source map of a module is damaged or of another module, so errors name no lines.

    >>> import machine_dialect_vm, warnings
    >>> module = machine_dialect_vm.compile("Say _1_.\\n")
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     _ = machine_dialect_vm.Module.from_bytes(module.to_bytes(), b"no map")
    >>> str(caught[0].message)
    'not a source map; errors name no lines of the page'
    """

    __module__ = "machine_dialect_vm.errors"


class Diagnostic(NamedTuple):
    """An error or a warning of a page.

    >>> from machine_dialect_vm import language
    >>> found = language.check("Define `count` as Number.\\nSay `cuont`.\\n", name="tea.md")
    >>> print(found[0])
    tea.md:2:5: error: no variable `cuont` here [UndefinedName]
    >>> found[0].hint, found[0].suggestion, found[0].source_line
    ('Define it before its first use, in this function', '`count`', 'Say `cuont`.')
    """

    kind: str
    """The kind, as ``spec/language.yaml`` names it."""
    severity: str
    """``error`` or ``warning``."""
    file: str
    """The file of the page, as it was named."""
    line: int
    """The line, from 1."""
    column: int
    """The column, from 1, in characters."""
    message: str
    """What is wrong."""
    hint: str | None
    """What helps."""
    suggestion: str | None
    """What may have been meant."""
    source_line: str
    """The line, as it stands in the page."""

    def __str__(self) -> str:
        return visible(f"{self.file}:{self.line}:{self.column}: {self.severity}: {self.message} [{self.kind}]")


Diagnostic.__module__ = "machine_dialect_vm.errors"


class CompileError(MachineDialectError):
    """A page has errors. It tells of all of them, and of what is odd.

    >>> import machine_dialect_vm
    >>> try:
    ...     machine_dialect_vm.compile("Say `tea`.\\nSay `milk`.\\n", name="tea.md")
    ... except machine_dialect_vm.CompileError as error:
    ...     print(*error.diagnostics, sep="\\n")
    ...     print("\\n".join(str(error).splitlines()[:5]))
    tea.md:1:5: error: no variable `tea` here [UndefinedName]
    tea.md:2:5: error: no variable `milk` here [UndefinedName]
    error[UndefinedName]: no variable `tea` here
     --> tea.md:1:5
      |
    1 | Say `tea`.
      |     ^^^^^
    """

    __module__ = "machine_dialect_vm.errors"

    file: str
    """The file of the page, as it was named."""
    diagnostics: tuple[Diagnostic, ...]
    """Errors and warnings, in order of their places."""

    def __init__(self, message: str, *, file: str = "", diagnostics: Iterable[Diagnostic] = ()) -> None:
        super().__init__(message)
        self.file = file
        self.diagnostics = tuple(diagnostics)

    def render(self, *, colour: bool = False) -> str:
        """All of it as people read it: each with its line and a mark under what it is about.

        >>> import machine_dialect_vm
        >>> try:
        ...     machine_dialect_vm.compile("Say _1_")
        ... except machine_dialect_vm.CompileError as error:
        ...     print(error.render().splitlines()[2:5])
        ['  |', '1 | Say _1_', '  |        ^']
        """
        text = str(self.args[0])
        return text if colour else without_colour(text)

    def __str__(self) -> str:
        return self.render()


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


class StateError(MachineDialectError):
    """A run cannot go on from a state. Each kind has a class of its own in ``machine_dialect_vm.errors``.

    >>> from machine_dialect_vm import Module, errors, resume
    >>> try:
    ...     resume(Module.assemble("nop"), "no state")
    ... except errors.StateError as error:
    ...     print(error.kind)
    InvalidState
    """

    __module__ = "machine_dialect_vm.errors"

    kind: ClassVar[str] = "StateError"
    """The kind, as ``spec/errors.yaml`` names it."""
    templates: ClassVar[tuple[str, ...]] = ()
    """The messages there are under this kind."""
    kinds: ClassVar[dict[str, type[StateError]]] = {}
    """Every kind, by its name."""

    message: str
    """What is wrong, and where."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __init_subclass__(cls) -> None:
        StateError.kinds[cls.kind] = cls

    def __str__(self) -> str:
        return f"Cannot resume: {visible(self.message)}"


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


class Place(NamedTuple):
    """A place in a page, which a running program had come to.

    >>> import machine_dialect_vm
    >>> machine_dialect_vm.compile("Say _1_.\\n", name="one.md").place(0)
    Place(function='main', file='one.md', line=1, column=1, source_line='Say _1_.')
    """

    function: str
    """The name of the function, as the page has it."""
    file: str
    """The file of the page, as it was named when it was compiled."""
    line: int
    """The line, from 1."""
    column: int
    """The column, from 1, in characters."""
    source_line: str | None
    """The line, as it stands in the page; ``None`` where the text is not known."""


Place.__module__ = "machine_dialect_vm.errors"


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

    A module that was compiled from a page, or has its ``.mdbm`` beside it, fails on a line of the page:

    >>> import machine_dialect_vm
    >>> try:
    ...     run(machine_dialect_vm.compile("Define `n` as Number (default: _0_).\\nSay _1_ / `n`.\\n", name="n.md"))
    ... except RunError as error:
    ...     print(error.file, error.line, error.column, error.source_line)
    ...     print(error)
    n.md 2 9 Say _1_ / `n`.
    Runtime error: Division by zero
     --> n.md:2:9
      |
    2 | Say _1_ / `n`.
      |         ^
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
    places: tuple[Place, ...]
    """The places in the page, of those calls that have one: where it failed first, then the callers."""
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
        places: Iterable[Place] = (),
        drawn: str | None = None,
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
        self.places = tuple(places)
        self._shown = tuple(shown)
        self._drawn = drawn

    def __init_subclass__(cls) -> None:
        RunError.kinds[cls.kind] = cls

    @property
    def function(self) -> str:
        """The function that failed: the name of the table entry that was called, or ``main``."""
        return self.call_stack[0].function if self.call_stack else "main"

    @property
    def file(self) -> str | None:
        """The file of the page; ``None`` where the module has no source map."""
        return self.places[0].file if self.places else None

    @property
    def line(self) -> int | None:
        """The line of the page that failed, from 1."""
        return self.places[0].line if self.places else None

    @property
    def column(self) -> int | None:
        """The column, from 1, in characters."""
        return self.places[0].column if self.places else None

    @property
    def source_line(self) -> str | None:
        """The line that failed, as it stands in the page."""
        return self.places[0].source_line if self.places else None

    def render(self, *, colour: bool = False) -> str:
        """The error as the command line shows it: with its line of the page and those of the callers, or as assembly.

        >>> import machine_dialect_vm
        >>> try:
        ...     machine_dialect_vm.run(machine_dialect_vm.compile("Say _1_ / _0_.\\n", name="zero.md"))
        ... except machine_dialect_vm.RunError as error:
        ...     print(error.render())
        error[DivisionByZero]: Division by zero
         --> zero.md:1:9
          |
        1 | Say _1_ / _0_.
          |         ^
        """
        if self._drawn is None:
            return f"error: {self.kind}: {str(self).partition(': ')[2]}"
        return (self._drawn if colour else without_colour(self._drawn)).rstrip()

    def __str__(self) -> str:
        if self._drawn is not None:
            # The first line has the kind, which the class says, too.
            _first, newline, rest = self.render().partition("\n")
            return f"Runtime error: {visible(self.message)}{newline}{rest}"
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


def make_diagnostics(file: str, rows: Iterable[tuple[Any, ...]]) -> tuple[Diagnostic, ...]:
    """Diagnostics of the rows that the extension gives."""
    return tuple(Diagnostic(kind, severity, file, *rest) for kind, severity, *rest in rows)


def make_compile_error(file: str, rows: Iterable[tuple[Any, ...]], drawn: str) -> CompileError:
    """What the extension raises."""
    return CompileError(drawn.rstrip(), file=file, diagnostics=make_diagnostics(file, rows))


def warn_of_map(problem: str) -> None:
    """What the extension warns with."""
    import warnings

    warnings.warn(f"{problem}; errors name no lines of the page", SourceMapWarning, stacklevel=2)


def without_colour(text: str) -> str:
    """The text without what colours it on a terminal. What is drawn has no other escapes."""
    import re

    return re.sub(r"\x1b\[[0-9;]*m", "", text)
