"""The REPL: assembly, and Machine Dialect where the public compiler is installed.

>>> import io
>>> from machine_dialect_vm.repl import Repl
>>> out = io.StringIO()
>>> repl = Repl(out)
>>> for line in ["load_const r0, 40", "load_const r1, 2", "add r2, r0, r1"]:
...     _ = repl.feed(line)
>>> print(out.getvalue(), end="")
r0 = 40
r1 = 2
r2 = 42
"""

from __future__ import annotations

import json
import re
import sys

from . import _engines
from ._errors import AssemblyError, MachineDialectError
from ._spec import ENTRY_FUNCTION, REGISTERS, Opcode, TypeId
from ._values import Function, Url
from .reference.escape import visible, visible_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TextIO

__all__ = ["Repl", "main"]

HELP = """\
Type an instruction, and see what it changes: load_const r0, 5
A block ends with an empty line: it begins with .func NAME, which keeps a function for later, or with a label.
What begins with a capital letter is Machine Dialect, where the public compiler is installed: Say _"hello"_.

  :help [WORD]    this, or what an instruction does: :help add
  :registers      the registers that hold something
  :globals        the global variables
  :functions      the functions that were kept
  :source         the program in Machine Dialect so far
  :reset          forget everything
  :quit           leave; Ctrl-D does, too
"""

# Globals that carry registers from one input to the next. No program can tell them from others, so their names are odd.
_CARRIER = "register {}"


class Repl:
    """A session: it takes lines, and keeps registers, globals and functions from one to the next.

    >>> import io
    >>> from machine_dialect_vm.repl import Repl
    >>> out = io.StringIO()
    >>> repl = Repl(out)
    >>> repl.feed("load_const r7, true"), repl.feed(":registers"), repl.feed(":quit")
    (True, True, False)
    >>> print(out.getvalue(), end="")
    r7 = true
    r7 = true
    """

    def __init__(self, out: TextIO | None = None) -> None:
        self.engine = _engines.choose()
        self.block: list[str] = []
        self._out = out
        self._forget()

    def _forget(self) -> None:
        self.registers: dict[int, Any] = {}
        self.globals: dict[str, Any] = {}
        self.functions: dict[str, str] = {}
        self.source: list[str] = []
        self._printed = ""

    def feed(self, line: str) -> bool:
        """Takes a line. ``False`` says that the session is over.

        >>> from machine_dialect_vm.repl import Repl
        >>> Repl().feed(":quit")
        False
        """
        stripped = line.strip()
        if self.block:
            if stripped:
                self.block.append(line)
            else:
                self._end_block()
        elif stripped.startswith(":") and not re.match(r":\s", stripped):
            return self._command(stripped[1:])
        elif self._begins_block(stripped):
            self.block = [line]
        elif stripped and not stripped.startswith(";"):
            self._input(line)
        return True

    def end(self) -> None:
        """Takes the end of the input: a block that was begun is done.

        >>> from machine_dialect_vm.repl import Repl
        >>> repl = Repl()
        >>> _ = repl.feed("again:"), repl.feed("load_const r0, 1"), repl.end()
        r0 = 1
        """
        if self.block:
            self._end_block()

    @property
    def prompt(self) -> str:
        """What asks for the next line.

        >>> from machine_dialect_vm.repl import Repl
        >>> Repl().prompt
        'mdvm> '
        """
        return "....> " if self.block else "mdvm> "

    def _begins_block(self, line: str) -> bool:
        if self._is_dialect(line):
            return line.endswith(":")
        return line.startswith(".func") or re.fullmatch(r"[\w$]+:", line) is not None

    @staticmethod
    def _is_dialect(line: str) -> bool:
        return line[:1].isupper() or line.startswith(("#", ">"))

    def _end_block(self) -> None:
        text = "\n".join(self.block)
        self.block = []
        self._input(text)

    def _input(self, text: str) -> None:
        try:
            if self._is_dialect(text.strip()):
                self._run_dialect(text)
            elif text.strip().startswith(".func"):
                self._keep_functions(text)
            else:
                self._run_assembly(text)
        except MachineDialectError as error:
            self._print(f"error: {visible_lines(str(error))}")
        except KeyboardInterrupt:
            self._print("interrupted")

    def _print(self, text: str) -> None:
        print(text, file=self._out or sys.stdout)

    def _write(self, text: str) -> None:
        (self._out or sys.stdout).write(text)

    # --- Assembly -----------------------------------------------------------------------------------------------------

    def _run_assembly(self, text: str) -> None:
        mentioned = {int(number) for number in re.findall(r"\br([0-9]+)\b", text)}
        kept = sorted({register for register in mentioned if register < REGISTERS} | set(self.registers))
        before = [f'load_global r{register}, "{_CARRIER.format(register)}"' for register in self.registers]
        after = [f'store_global r{register}, "{_CARRIER.format(register)}"' for register in kept]
        lines = [f".func {ENTRY_FUNCTION}", *before, text, *after, "halt", *self.functions.values()]
        carried = {_CARRIER.format(register): value for register, value in self.registers.items()}
        try:
            value, globals = self.engine.run("\n".join(lines), {**self.globals, **carried}, self._write)
        except AssemblyError as error:
            # The lines before are none that anybody typed.
            raise _shifted(error, len(before) + 1) from None
        registers = {}
        for register in kept:
            carrier = globals.pop(_CARRIER.format(register), None)
            if carrier is not None:
                registers[register] = carrier
        for register in kept:
            held = register in registers or register in mentioned
            if held and not _same(registers.get(register), self.registers.get(register)):
                self._print(f"r{register} = {show(registers.get(register))}")
        for name, variable in globals.items():
            if name not in self.globals or not _same(variable, self.globals[name]):
                self._print(f"{visible(name)} = {show(variable)}")
        self.registers, self.globals = registers, globals
        if value is not None:
            self._print(show(value))

    def _keep_functions(self, text: str) -> None:
        functions = dict(self.functions)
        for part in re.split(r"(?m)^(?=\s*\.func\b)", text):
            if part.strip():
                words = part.split()
                name = words[1] if len(words) > 1 else ""
                if name == ENTRY_FUNCTION:
                    raise MachineDialectError(f"{ENTRY_FUNCTION} is what is typed outside of functions")
                functions[name] = part.rstrip()
        try:
            self.engine.run("\n".join([f".func {ENTRY_FUNCTION}", "halt", *functions.values()]), {}, self._write)
        except AssemblyError as error:
            raise _shifted(error, 2) from None
        for name in functions.keys() - self.functions.keys():
            self._print(f"function {visible(name)}")
        self.functions = functions

    # --- Machine Dialect ----------------------------------------------------------------------------------------------

    def _run_dialect(self, text: str) -> None:
        """Programs have no state between them, so all of it runs again, and what it prints anew is shown."""
        from ._native import run
        from .compiler import compile_source

        lines = [*self.source, text]
        pieces: list[str] = []
        outcome = run(compile_source("\n".join(lines) + "\n"), stdout=pieces.append)
        printed = "".join(pieces)
        self._write(printed.removeprefix(self._printed))
        if outcome.value is not None:
            self._print(show(outcome.value))
        # What gives a value back would end the program there, each time.
        if not re.match(r"\s*Give back\b", text):
            self.source, self._printed = lines, printed

    # --- Commands -----------------------------------------------------------------------------------------------------

    def _command(self, command: str) -> bool:
        word, _space, argument = command.partition(" ")
        if word in ("quit", "q", "exit"):
            return False
        if word in ("help", "h", "?"):
            self._help(argument.strip())
        elif word in ("registers", "r"):
            self._list({f"r{register}": value for register, value in sorted(self.registers.items())}, "register")
        elif word in ("globals", "g"):
            self._list(self.globals, "global")
        elif word in ("functions", "f"):
            self._print("\n".join(self.functions.values()) or "no function was kept")
        elif word == "source":
            self._print("\n".join(self.source) or "there is no program in Machine Dialect")
        elif word == "reset":
            self._forget()
        else:
            self._print(f"error: unknown command :{visible(word)}; :help lists those there are")
        return True

    def _list(self, values: dict[str, Any], what: str) -> None:
        for name, value in values.items():
            self._print(f"{visible(name)} = {show(value)}")
        if not values:
            self._print(f"no {what} holds anything")

    def _help(self, word: str) -> None:
        if not word:
            self._print(HELP.rstrip())
            return
        opcode = next((opcode for opcode in Opcode if opcode.mnemonic == word), None)
        if opcode is None:
            self._print(
                f"error: no instruction is called {word}; there are {', '.join(one.mnemonic for one in Opcode)}"
            )
            return
        self._print(f"{opcode.mnemonic} {', '.join(operand.name for operand in opcode.operands)}".rstrip())
        self._print(f"    {opcode.summary}")
        for operand in opcode.operands:
            self._print(f"    {operand.name}: {operand.role.value.replace('_', ' ')}")
        if opcode.errors:
            self._print(f"    fails with {', '.join(opcode.errors)}")
        self._print("\nin the reference interpreter:\n" + _meaning(opcode))

    # --- Completion ---------------------------------------------------------------------------------------------------

    def complete(self, text: str, state: int) -> str | None:
        """The completion of a word, as ``readline`` asks for it.

        >>> from machine_dialect_vm.repl import Repl
        >>> [Repl().complete("array_s", state) for state in (0, 1)]
        ['array_set', None]
        """
        words = [*(opcode.mnemonic for opcode in Opcode), *(kind.name.lower() for kind in TypeId)]
        words += [f"r{register}" for register in self.registers] + list(self.functions)
        words += [
            ":help",
            ":registers",
            ":globals",
            ":functions",
            ":source",
            ":reset",
            ":quit",
            ".func",
            "true",
            "false",
        ]
        found = sorted({word for word in words if word.startswith(text)})
        return found[state] if state < len(found) else None


def _shifted(error: AssemblyError, lines: int) -> AssemblyError:
    """The error, with its lines counted from what was typed."""

    def shifted(line: int) -> int:
        return max(line - lines, 1)

    message = re.sub(r"(?m)^line (\d+)", lambda found: f"line {shifted(int(found[1]))}", str(error))
    return AssemblyError(message, shifted(error.line), error.column)


def _same(left: Any, right: Any) -> bool:
    """Whether two values look alike; a NaN does look like itself, and ``1`` not like ``1.0``."""
    return show(left) == show(right)


def _meaning(opcode: Opcode) -> str:
    import inspect
    import textwrap

    from .reference.operations import operation

    return textwrap.indent(inspect.getsource(operation(opcode)), "    ").rstrip()


def show(value: Any, most: int = 200) -> str:
    """A value in a line: as assembly writes it, and cut where it is long.

    >>> from machine_dialect_vm.repl import show
    >>> show([1, "a", {"k": None}, 2.0, True])
    '[1, "a", {"k": empty}, 2.0, true]'
    """
    pieces: list[str] = []
    pending: list[Any] = [value]
    while pending and sum(map(len, pieces[-most:])) <= most:
        item = pending.pop()
        if isinstance(item, _Text):
            pieces.append(item)
        elif isinstance(item, (list, dict)):
            entries = list(item.items())[:most] if isinstance(item, dict) else [(None, part) for part in item[:most]]
            pending.append(_Text("}" if isinstance(item, dict) else "]"))
            for index in range(len(entries) - 1, -1, -1):
                key, part = entries[index]
                name = "" if key is None else f"{_quoted(key)}: "
                pending += (part, _Text(f"{', ' if index else ''}{name}"))
            pieces.append("{" if isinstance(item, dict) else "[")
        else:
            pieces.append(_scalar(item))
    text = "".join(pieces)
    return text if len(text) <= most and not pending else text[:most] + "…"


class _Text(str):
    """Text that stands for itself."""


def _scalar(value: Any) -> str:
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (Url, Function)):
        return visible(str(value))
    if isinstance(value, str):
        return _quoted(value)
    return repr(value)


def _quoted(text: str) -> str:
    return visible(json.dumps(text, ensure_ascii=False))


def main() -> int:
    """Runs a session on standard input and output; gives the exit code.

    >>> from machine_dialect_vm.repl import main
    >>> callable(main)
    True
    """
    repl = Repl()
    is_terminal = sys.stdin.isatty()
    if repl.engine.notice:
        print(repl.engine.notice, file=sys.stderr)
    if is_terminal:
        print("Machine Dialect VM; :help tells what there is, :quit leaves")
    with _History(repl, is_terminal):
        while True:
            try:
                line = input(repl.prompt if is_terminal else "")
            except EOFError:
                if is_terminal:
                    print()
                repl.end()
                return 0
            except KeyboardInterrupt:
                repl.block = []
                print()
                continue
            if not repl.feed(line):
                return 0


class _History:
    """Line editing, history and completion, where the terminal and Python have them."""

    def __init__(self, repl: Repl, is_terminal: bool) -> None:
        self.repl = repl
        self.is_wanted = is_terminal

    def __enter__(self) -> None:
        self.is_wanted = self.is_wanted and self._begin()

    def _begin(self) -> bool:
        import os

        try:
            import readline
        except ImportError:
            return False
        folder = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
        self.path = os.path.join(folder, "machine-dialect-vm", "history")
        readline.set_completer(self.repl.complete)
        readline.set_completer_delims(" \t,()[]")
        is_libedit = "libedit" in (readline.__doc__ or "")
        readline.parse_and_bind("bind ^I rl_complete" if is_libedit else "tab: complete")
        try:
            readline.read_history_file(self.path)
        except OSError:
            pass  # there is none yet
        return True

    def __exit__(self, *_: object) -> None:
        if not self.is_wanted:
            return
        import os
        import readline

        try:
            os.makedirs(os.path.dirname(self.path), exist_ok=True)
            readline.set_history_length(10_000)
            readline.write_history_file(self.path)
        except OSError as error:
            print(f"the history cannot be kept: {error}", file=sys.stderr)
