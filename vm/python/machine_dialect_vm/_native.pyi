# The documentation of what is declared here has its home in `vm/src/python`; `vm/tests/python/stub_docs.py` copies it.
from collections.abc import Callable, Mapping
from os import PathLike
from typing import Any, ClassVar, Literal, final

from ._errors import Place
from ._spec import Limits
from ._values import Value

__version__: str
__all__ = [
    "Module",
    "Outcome",
    "RustVM",
    "__version__",
    "check_page",
    "command",
    "compile_page",
    "format_page",
    "resume",
    "run",
]

# What was found in a page: kind, severity, line, column, message, hint, suggestion, and the line.
_Found = tuple[str, str, int, int, str, str | None, str | None, str]

@final
class Module:
    """A module: what a ``.mdbc`` file holds, decoded and checked. It never changes, and threads may share it.

    >>> from machine_dialect_vm import Module, run
    >>> module = Module.assemble('''
    ...     load_const r0, 40
    ...     load_const r1, 2
    ...     add r2, r0, r1
    ...     return r2
    ... ''')
    >>> len(module)
    4
    >>> run(module).value
    42

    Modules are equal when their files are; they can be hashed, copied and pickled.
    """
    @staticmethod
    def load(path: str | PathLike[str], /) -> Module:
        """Reads a module from a ``.mdbc`` file, or assembles it from an ``.mdasm`` file. Where a source map, ``.mdbm``, stands beside
        the module, errors of its runs name lines of the page.

        >>> from machine_dialect_vm import Module
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp(), "answer.mdasm")
        >>> _ = path.write_text("load_const r0, 42\\nreturn r0\\n")
        >>> Module.load(path).instruction(0)
        'load_const r0, 42'

        Raises ``OSError`` where the file cannot be read, ``LoadError`` at the first fault of a module and
        ``AssemblyError`` at the first line that is no assembly.
        """
    @staticmethod
    def from_bytes(data: bytes, /, source_map: bytes | None = None) -> Module:
        """Decodes a module and checks all of it.

        >>> from machine_dialect_vm import Module
        >>> Module.from_bytes(b"MDBC")
        Traceback (most recent call last):
            ...
        machine_dialect_vm.errors.UnexpectedEof: Failed to load bytecode: unexpected end of file at byte 0x4: version needs 4 bytes and 0 are left

        ``source_map`` is the content of its ``.mdbm`` file. Warns with ``SourceMapWarning`` where that is damaged or of another
        module, and does without. Raises ``LoadError`` at the first fault of the module.
        """
    @staticmethod
    def assemble(text: str, /) -> Module:
        """Assembles a module: one instruction a line, its operands in byte order; ``;`` begins a comment and ``label:`` names an
        instruction.

        >>> from machine_dialect_vm import Module, run
        >>> module = Module.assemble('''
        ... .func main
        ...     load_const r0, "world"
        ...     load_const r1, "greet"
        ...     call r1, r2, (r0)     ; the function, the register for its result, the arguments
        ...     return r2
        ... .func greet
        ...     load_const r1, "Hello, "
        ...     add r2, r1, r0
        ...     return r2
        ... ''')
        >>> run(module).value
        'Hello, world'

        Raises ``AssemblyError`` where lines cannot be understood, ``LoadError`` where what the lines say together
        would not load.
        """
    def disassemble(self) -> str:
        """The module as assembly; ``Module.assemble`` makes the same module of it again.

        >>> from machine_dialect_vm import Module
        >>> module = Module.assemble("load_const r0, 1.5\\nreturn r0")
        >>> print(module.disassemble())
            load_const r0, 1.5
            return r0
        <BLANKLINE>
        >>> Module.assemble(module.disassemble()) == module
        True
        """
    def listing(self) -> str:
        """The module as assembly, with the index and the byte offset of each instruction in comments.

        >>> from machine_dialect_vm import Module
        >>> print(Module.assemble("nop\\nhalt").listing())
            nop                                      ; 0 0x002c
            halt                                     ; 1 0x002d
        <BLANKLINE>
        """
    def to_bytes(self) -> bytes:
        """The file, in the canonical layout: sections one after another, in order, right behind the header.

        >>> from machine_dialect_vm import Module
        >>> module = Module.assemble("halt")
        >>> module.to_bytes()[:4]
        b'MDBC'
        >>> Module.from_bytes(module.to_bytes()) == module
        True
        """
    @property
    def source_map(self) -> bytes | None:
        """The content of the module's source map, a ``.mdbm`` file; ``None`` where it has none.

        >>> import machine_dialect_vm
        >>> module = machine_dialect_vm.compile("Say _1_.\\n")
        >>> module.source_map[:4]
        b'MDBM'
        >>> machine_dialect_vm.Module.from_bytes(module.to_bytes(), module.source_map).place(0).line
        1
        """
    def place(self, index: int, /) -> Place | None:
        """The place of the page that an instruction comes from; ``None`` where that is not known.

        >>> import machine_dialect_vm
        >>> machine_dialect_vm.compile("Say _1_.\\nSay _2_.\\n", name="two.md").place(2)
        Place(function='main', file='two.md', line=2, column=1, source_line='Say _2_.')
        """
    @property
    def name(self) -> str:
        """The name of the module.

        >>> from machine_dialect_vm import Module
        >>> Module.assemble('.module "greeting"').name
        'greeting'
        """
    @property
    def constants(self) -> tuple[None | bool | int | float | str, ...]:
        """The constant pool, in order.

        >>> from machine_dialect_vm import Module
        >>> Module.assemble("load_const r0, 1\\nload_const r1, true\\nload_const r2, 1").constants
        (1, True)
        """
    @property
    def functions(self) -> dict[str, int]:
        """The functions, in the order of the table: the name of each, and the index of its first instruction.

        >>> from machine_dialect_vm import Module
        >>> Module.assemble(".func main\\nnop\\n.func other\\nhalt").functions
        {'main': 0, 'other': 1}
        """
    @property
    def entry(self) -> int:
        """The index of the instruction where execution starts: the entry of the function ``main``, or 0.

        >>> from machine_dialect_vm import Module
        >>> Module.assemble("nop\\n.func main\\nhalt").entry
        1
        """
    def instruction(self, index: int, /) -> str:
        """The instruction at an index, as assembly; a negative index counts from the end.

        >>> from machine_dialect_vm import Module
        >>> Module.assemble("nop\\nadd r2, r0, r1").instruction(-1)
        'add r2, r0, r1'

        Raises ``IndexError`` where there is no such instruction.
        """
    def __len__(self) -> int: ...
    def __bool__(self) -> bool: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __copy__(self) -> Module: ...
    def __deepcopy__(self, _memo: object, /) -> Module: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class Outcome:
    """What a run came to.

    >>> from machine_dialect_vm import Module, run
    >>> outcome = run(Module.assemble('load_const r0, 7\\nstore_global r0, "x"\\nreturn r0'))
    >>> outcome
    Outcome(value=7, steps=3, stdout='', globals={'x': 7})

    Outcomes are equal when all but ``seconds`` and ``trace`` is; they can be copied and pickled.
    """
    def __new__(
        cls,
        value: Value = None,
        *,
        stdout: str | None = None,
        steps: int = 0,
        globals: dict[str, Value] | None = None,
        seconds: float = 0.0,
        trace: list[tuple[int, str]] | None = None,
        state: str | None = None,
    ) -> Outcome: ...
    # Any, not Value: who calls a program knows what it returns.
    @property
    def value(self) -> Any:
        """What the program returned; ``None`` where it returned nothing.

        >>> from machine_dialect_vm import Module, run
        >>> run(Module.assemble("load_const r0, 1.5\\nreturn r0")).value
        1.5

        Empty is ``None``; bool, int, float and string are Python's; an array is a list, a dict a dict in its order, a URL
        a ``Url`` and a function a ``Function``.
        """
    @property
    def stdout(self) -> str:
        """What the program printed; of more than 64 MiB, the first that many bytes.

        >>> from machine_dialect_vm import Module, run
        >>> run(Module.assemble("load_const r0, true\\ndebug_print r0"), stdout=False).stdout
        'true\\n'
        """
    @property
    def steps(self) -> int:
        """How many instructions were executed.

        >>> from machine_dialect_vm import Module, run
        >>> run(Module.assemble("nop\\nhalt\\nnop")).steps
        2
        """
    @property
    def globals(self) -> dict[str, Any]:
        """The global variables there were at the end, in order of their names.

        >>> from machine_dialect_vm import Module, run
        >>> run(Module.assemble('load_const r0, 1\\nstore_global r0, "x"'), globals={"a": [2]}).globals
        {'a': [2], 'x': 1}
        """
    @property
    def seconds(self) -> float:
        """How long the run took, in seconds.

        >>> from machine_dialect_vm import Module, run
        >>> run(Module.assemble("halt")).seconds < 60
        True
        """
    @property
    def trace(self) -> list[tuple[int, str]] | None:
        """The instructions that were executed, where the run was traced: the index of each, and the digest of what it wrote.

        >>> from machine_dialect_vm import Module, run
        >>> run(Module.assemble("load_const r0, 1\\nnop"), trace=True).trace
        [(0, '3721cedaa7c23012'), (1, '')]
        >>> run(Module.assemble("nop")).trace is None
        True

        ``spec/values.yaml`` says what the digest is. A trace ends after the first million.
        """
    @property
    def state(self) -> str | None:
        """Where the run stopped, as JSON, for ``resume`` and for a file ``.mdst``; ``None`` where the program ended.

        >>> from machine_dialect_vm import Module, run
        >>> outcome = run(Module.assemble("nop\\nnop"), stop_at=1)
        >>> outcome.steps, outcome.state[:11]
        (1, '{"mdst": 1,')
        >>> run(Module.assemble("nop")).state is None
        True
        """
    def __eq__(self, other: object, /) -> bool: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class RustVM:
    """A machine that loads a module from a file and executes it: the interface of the package this one replaces.

    >>> from machine_dialect_vm import Module, RustVM
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "answer.mdbc")
    >>> _ = path.write_bytes(Module.assemble("load_const r0, 42\\nreturn r0").to_bytes())
    >>> vm = RustVM()
    >>> vm.load_bytecode(str(path))
    >>> vm.execute()
    42
    >>> vm.instruction_count()
    2

    Each ``execute`` runs the module from its beginning; nothing of an earlier run is left. ``run`` does the same for a
    ``Module``, and gives back more.
    """
    def __new__(cls) -> RustVM: ...
    def load_bytecode(self, path: str | PathLike[str]) -> None:
        """Loads the module of a file: of exactly that file, whatever its name ends with.

        >>> from machine_dialect_vm import RustVM
        >>> RustVM().load_bytecode("no/such/file.mdbc")
        Traceback (most recent call last):
            ...
        machine_dialect_vm.errors.UnreadableFile: Failed to load bytecode: IO error: No such file or directory (os error 2)

        Raises ``UnreadableFile`` or ``LoadError``, both of which are a ``RuntimeError``; then no module is loaded. That an
        instruction refers to a constant that it cannot use is for ``execute`` to raise, as it was.
        """
    def execute(self) -> Any:
        """Runs the module that was loaded and gives back the value it returned. What it prints goes to ``sys.stdout``.

        >>> from machine_dialect_vm import RustVM
        >>> RustVM().execute()
        Traceback (most recent call last):
            ...
        machine_dialect_vm.errors.MachineDialectError: Runtime error: Module not loaded

        Raises ``RunError``, which is a ``RuntimeError``, where the program fails.
        """
    def set_debug(self, debug: bool) -> None:
        """Whether each instruction is shown on ``sys.stdout`` when it was executed.

        >>> from machine_dialect_vm import Module, RustVM
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp(), "answer.mdbc")
        >>> _ = path.write_bytes(Module.assemble("load_const r0, 42\\nreturn r0").to_bytes())
        >>> vm = RustVM()
        >>> vm.load_bytecode(path)
        >>> vm.set_debug(True)
        >>> vm.execute()
        PC: 0, Instruction: load_const r0, 42
        PC: 1, Instruction: return r0
        42
        """
    def instruction_count(self) -> int:
        """How many instructions the last ``execute`` has executed, the one that failed included.

        >>> from machine_dialect_vm import RustVM
        >>> RustVM().instruction_count()
        0
        """
    def reset(self) -> None:
        """Makes the machine as new: no module is loaded, nothing was executed, and nothing is shown.

        >>> from machine_dialect_vm import RustVM
        >>> vm = RustVM()
        >>> vm.reset()
        >>> vm.instruction_count()
        0
        """

def run(
    module: Module,
    /,
    *,
    globals: Mapping[str, Value] | None = None,
    limits: Limits | None = None,
    deadline: float | None = None,
    stdout: Callable[[str], object] | Literal[False] | None = None,
    trace: bool = False,
    tiers: Literal["interpreter", "specialised", "eager-specialised", "eager-jit"] | None = None,
    stop_at: int | None = None,
) -> Outcome:
    """Runs a module from its beginning and gives back what it came to. A run never sees anything of an earlier one.

    >>> from machine_dialect_vm import Module, run
    >>> module = Module.assemble('''
    ...     load_global r0, "name"
    ...     load_const r1, "Hello, "
    ...     add r2, r1, r0
    ...     debug_print r2
    ...     return r2
    ... ''')
    >>> outcome = run(module, globals={"name": "Ada"})
    Hello, Ada
    >>> outcome.value, outcome.steps
    ('Hello, Ada', 5)

    ``globals`` are the global variables there are before the run. ``limits`` are ``Limits``, or a dict with some of them.

    What the program prints goes to ``sys.stdout``, as ``print`` would write it; to ``stdout``, where that is a callable,
    which takes it piece by piece; or nowhere, where ``stdout`` is ``False``. ``Outcome.stdout`` has it in any case.

    >>> pieces = []
    >>> run(module, globals={"name": "Grace"}, stdout=pieces.append).stdout
    'Hello, Grace\\n'
    >>> "".join(pieces)
    'Hello, Grace\\n'

    ``trace=True`` has ``Outcome.trace`` tell of each instruction that was executed.

    ``deadline`` is how many seconds the run may take.

    >>> run(Module.assemble("again:\\n jump again"), deadline=0.01)
    Traceback (most recent call last):
        ...
    machine_dialect_vm.errors.DeadlineExceeded: Runtime error: Deadline exceeded
      at instruction 0 in main
        jump L0

    ``tiers`` says which tiers may run the module: ``"interpreter"`` is the baseline interpreter alone, ``"specialised"`` is without the
    JIT, and ``"eager-specialised"`` and ``"eager-jit"`` use these tiers from the first instruction on, for tests. Outcomes are the same.

    A run that takes more than a moment releases the GIL, so many threads run many modules at once, and ends with
    ``KeyboardInterrupt`` on Ctrl-C.

    >>> run(Module.assemble("load_const r0, 1\\nload_const r1, 0\\ndiv r2, r0, r1"))
    Traceback (most recent call last):
        ...
    machine_dialect_vm.errors.DivisionByZero: Runtime error: Division by zero
      at instruction 2 in main
        div r2, r0, r1
        r0 = 1
        r1 = 0

    ``stop_at`` stops the run before more than that many instructions were executed, unless the program ends by then:
    ``Outcome.state`` is what ``resume`` goes on from.

    Raises ``RunError`` where the program fails or reaches a limit; ``TypeError``, ``ValueError`` and ``OverflowError`` where a
    global is no value; and whatever ``stdout`` raises.
    """

def resume(
    module: Module,
    state: str,
    /,
    *,
    limits: Limits | None = None,
    deadline: float | None = None,
    stdout: Callable[[str], object] | Literal[False] | None = None,
    trace: bool = False,
    tiers: Literal["interpreter", "specialised", "eager-specialised", "eager-jit"] | None = None,
    stop_at: int | None = None,
) -> Outcome:
    """Goes on with a run of a module from where it stopped, here or in another implementation.

    >>> from machine_dialect_vm import Module, resume, run
    >>> module = Module.assemble('load_const r0, "a"\\ndebug_print r0\\ndebug_print r0\\nreturn r0')
    >>> stopped = run(module, stop_at=2)
    a
    >>> resume(module, stopped.state)
    a
    Outcome(value='a', steps=4, stdout='a\\n', globals={})

    It ends as a run that never stopped, with the steps of all of it; ``stdout`` is what was printed from there on. Limits are no
    part of the state.

    Raises ``StateError`` where the state is damaged or belongs to another module, and what ``run`` raises.
    """

def compile_page(page: str | bytes, name: str, /) -> tuple[Module, list[_Found], str]:
    """A module of a page, and what is odd in it, in rows and drawn in colours."""
def check_page(page: str | bytes, name: str, /) -> tuple[list[_Found], str]:
    """What was found in a page, in rows and drawn in colours."""
def format_page(page: str | bytes, name: str, /) -> str:
    """A page in its canonical form."""
def command(arguments: list[str], /) -> int:
    """Does what the arguments of the command ``mdvm`` say, the first of which is its name; gives the exit code."""
