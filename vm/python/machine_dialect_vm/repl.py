"""The REPL: Machine Dialect, and assembly behind ``:asm``.

>>> import io
>>> from machine_dialect_vm.repl import Repl
>>> out = io.StringIO()
>>> repl = Repl(out)
>>> for line in ["Define `n` as Whole Number (default: _6_).", "Set `n` to `n` * _7_.", "Say `n`.", "`n` + _1_"]:
...     _ = repl.feed(line)
>>> print(out.getvalue(), end="")
42
43
"""

from __future__ import annotations

import re
import sys

from . import _engines
from ._errors import AssemblyError, CompileError, MachineDialectError, RunError
from ._repl_help import ASSEMBLY, COMMANDS, HELP, explanation, topics, words
from ._show import show
from ._spec import ENTRY_FUNCTION, REGISTERS, Opcode, TypeId
from .reference.escape import visible, visible_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TextIO

__all__ = ["Repl", "main"]

# What the page of a session is called in messages.
PAGE = "session"
# How many steps are shown of an input.
MOST_STEPS = 100

# Globals that carry registers from one input to the next. No program can tell them from others, so their names are odd.
_CARRIER = "register {}"


class Repl:
    """A session: it takes lines, and keeps the page, registers, globals and functions from one to the next.

    >>> import io
    >>> from machine_dialect_vm.repl import Repl
    >>> out = io.StringIO()
    >>> repl = Repl(out)
    >>> repl.feed(":asm load_const r7, true"), repl.feed(":registers"), repl.feed(":quit")
    (True, True, False)
    >>> print(out.getvalue(), end="")
    r7 = true
    r7 = true
    """

    def __init__(self, out: TextIO | None = None) -> None:
        self.engine = _engines.choose()
        self.block: list[str] = []
        self.is_assembly = False
        self._out = out
        self._before: list[tuple[Any, ...]] = []
        self._forget()

    def _forget(self) -> None:
        self.registers: dict[int, Any] = {}
        self.globals: dict[str, Any] = {}
        self.functions: dict[str, str] = {}
        self.source: list[str] = []
        self._printed = ""
        # The page of the last input, and how many of its lines stood there before.
        self._last: tuple[str, int] | None = None

    def feed(self, line: str) -> bool:
        """Takes a line. ``False`` says that the session is over.

        >>> from machine_dialect_vm.repl import Repl
        >>> Repl().feed(":quit")
        False
        """
        stripped = line.strip()
        if self.block:
            self.block.append(line)
            if self._ends_block():
                self._end_block()
        elif stripped.startswith(":") and not re.match(r":\s", stripped):
            return self._command(stripped[1:])
        elif self._begins_block(stripped):
            self.block = [line]
        elif stripped and not (self.is_assembly and stripped.startswith(";")):
            self._input(line)
        return True

    def end(self) -> None:
        """Takes the end of the input: a block that was begun is done.

        >>> from machine_dialect_vm.repl import Repl
        >>> repl = Repl()
        >>> _ = repl.feed("If _Yes_:"), repl.feed("> Say _1_."), repl.end()
        1
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
        return "....> " if self.block else "asm> " if self.is_assembly else "mdvm> "

    def _begins_block(self, line: str) -> bool:
        if self.is_assembly:
            return line.startswith(".func") or re.fullmatch(r"[\w$]+:", line) is not None
        return line.endswith(":") or line.startswith(("#", ">", "-", "<"))

    def _ends_block(self) -> bool:
        """An empty line ends a block; a function may have one within, so two end it."""
        empty = 2 if not self.is_assembly and self.block[0].lstrip().startswith("#") else 1
        return not any(line.strip() for line in self.block[-empty:]) and len(self.block) > empty

    def _end_block(self) -> None:
        text = "\n".join(self.block).rstrip()
        self.block = []
        self._input(text)

    def _input(self, text: str) -> None:
        before = self._state()
        try:
            if not self.is_assembly:
                self._run_page(text)
            elif text.strip().startswith(".func"):
                self._keep_functions(text)
            else:
                self._run_assembly(text)
        except (CompileError, RunError) as error:
            has_place = isinstance(error, CompileError) or error.places
            self._print(error.render() if has_place else f"error: {visible_lines(str(error))}")
        except MachineDialectError as error:
            self._print(f"error: {visible_lines(str(error))}")
        except KeyboardInterrupt:
            self._print("interrupted")
        if self._state() != before:
            self._before.append(before)

    def _state(self) -> tuple[Any, ...]:
        """What an input may change, each of which is replaced and never changed itself."""
        return (self.registers, self.globals, self.functions, self.source, self._printed)

    def _print(self, text: str) -> None:
        print(text, file=self._out or sys.stdout)

    def _write(self, text: str) -> None:
        (self._out or sys.stdout).write(text)

    # --- Machine Dialect ----------------------------------------------------------------------------------------------

    def _run_page(self, text: str) -> None:
        """The page so far and the new lines run from the beginning, and what is printed anew is shown. A page has no input, so it
        comes to where it was."""
        text = text if text.rstrip().endswith((".", ":", ">", "\\")) or text.lstrip().startswith(("#", "<")) else f"{text.rstrip()}."
        is_value = re.match(r"\s*[_`(\d]", text) is not None
        # A blank line between, so that no paragraph goes on into the next.
        lines = [*self.source, text, ""]
        page = "\n".join([*self.source, f"Give back {text}" if is_value else text]) + "\n"
        self._last = (page, sum(part.count("\n") + 1 for part in self.source))
        skipped = len(self._printed)
        pieces: list[str] = []

        def write(piece: str) -> None:
            nonlocal skipped
            pieces.append(piece)
            self._write(piece[skipped:])
            skipped = max(skipped - len(piece), 0)

        value, odd = self.engine.run_page(page, PAGE, write)
        for one in odd:
            # What was odd before has been told.
            if int(one.split(":")[1]) > self._last[1]:
                self._print(one)
        if value is not None:
            self._print(show(value))
        # What gives a value back would end the program there, each time.
        if not is_value and not re.match(r"\s*Gives? back\b", text, re.IGNORECASE):
            self.source, self._printed = lines, "".join(pieces)

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

    # --- Commands -----------------------------------------------------------------------------------------------------

    def _command(self, command: str) -> bool:
        word, _space, argument = command.partition(" ")
        argument = argument.strip()
        if word in ("quit", "q", "exit"):
            return False
        plain = {"md": self._to_dialect, "undo": self._undo, "reset": self._reset, "dis": self._dis, "step": self._step}
        if word in ("help", "h", "?"):
            self._help(argument)
        elif word == "asm":
            self._to_assembly(argument)
        elif word in plain:
            plain[word]()
        elif word in ("load", "save"):
            try:
                if word == "load":
                    self._load(argument)
                else:
                    self._save(argument)
            except (OSError, UnicodeDecodeError) as error:
                self._print(f"error: {visible(argument or 'no file')}: {visible_lines(str(error))}")
        elif word in ("registers", "r"):
            self._list({f"r{register}": value for register, value in sorted(self.registers.items())}, "register")
        elif word in ("globals", "g"):
            self._list(self.globals, "global")
        elif word in ("functions", "f"):
            self._print("\n".join(self.functions.values()) or "no function was kept")
        elif word == "source":
            self._print("\n".join(self.source).rstrip() or "the page is empty")
        else:
            self._print(f"error: unknown command :{visible(word)}; :help lists those there are")
        return True

    def _to_dialect(self) -> None:
        self.is_assembly = False

    def _to_assembly(self, instruction: str) -> None:
        was, self.is_assembly = self.is_assembly, True
        if instruction:
            self._input(instruction)
            self.is_assembly = was
        elif not was:
            self._print(ASSEMBLY.rstrip())

    def _reset(self) -> None:
        self._before.append(self._state())
        self._forget()

    def _undo(self) -> None:
        if not self._before:
            self._print("there is nothing to take back")
            return
        self.registers, self.globals, self.functions, self.source, self._printed = self._before.pop()

    def _load(self, file: str) -> None:
        with open(file, encoding="utf-8") as opened:
            text = opened.read()
        was, self.is_assembly = self.is_assembly, file.endswith(".mdasm")
        self._input(text.rstrip("\n"))
        self.is_assembly = was

    def _save(self, file: str) -> None:
        with open(file, "w", encoding="utf-8") as opened:
            opened.write("\n".join(self.source))
        self._print(f"wrote {visible(file)}")

    def _dis(self) -> None:
        try:
            from .language import compile
        except ImportError as error:
            self._print(f"error: {error}")
            return
        page, _count = self._last or ("", 0)
        try:
            self._write(compile(page, name=PAGE).listing())
        except CompileError as error:
            self._print(error.render())

    def _step(self) -> None:
        """What the last input executed: the lines that were added, each with its instructions."""
        from ._native import compile_page, run

        page, count = self._last or ("", 0)
        try:
            module = compile_page(page, PAGE)[0]
            trace = run(module, stdout=False, trace=True).trace
        except CompileError as error:
            self._print(error.render())
            return
        except RunError as error:
            trace = error.trace
        shown, line = 0, None
        for pc, _digest in trace or ():
            place = module.place(pc)
            if place is None or place.line <= count:
                continue
            if shown == MOST_STEPS:
                self._print("  … and more")
                break
            if place.line != line:
                line = place.line
                self._print(f"{line} | {visible(place.source_line or '')}")
            self._print(f"    {visible(str(module.instruction(pc)))}")
            shown += 1
        if not shown:
            self._print("there are no steps to show")

    def _list(self, values: dict[str, Any], what: str) -> None:
        for name, value in values.items():
            self._print(f"{visible(name)} = {show(value)}")
        if not values:
            self._print(f"no {what} holds anything")

    def _help(self, word: str) -> None:
        if not word:
            self._print((HELP + (ASSEMBLY if self.is_assembly else "")).rstrip())
            return
        told = explanation(word)
        if told is not None:
            self._print(told)
            return
        from difflib import get_close_matches

        near = get_close_matches(word, topics(), 1)
        hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(topics()[:8])} and {len(topics()) - 8} more"
        self._print(f"error: nothing is called {visible(word)}{hint}")

    # --- Completion ---------------------------------------------------------------------------------------------------

    def complete(self, text: str, state: int) -> str | None:
        """The completion of a word, as ``readline`` asks for it; a space follows where there is only one.

        >>> from machine_dialect_vm.repl import Repl
        >>> [Repl().complete("Other", state) for state in (0, 1)]
        ['Otherwise ', None]
        """
        found = sorted({word for word in self._candidates(text) if word.startswith(text)})
        if len(found) == 1 and state == 0:
            return f"{found[0]} "
        return found[state] if state < len(found) else None

    def _candidates(self, text: str) -> list[str]:
        if text.startswith(":"):
            return list(COMMANDS)
        if text.startswith("`"):
            return sorted(set(re.findall(r"`[^`\n]+`", "\n".join(self.source))))
        if _is_asking_for_help():
            return topics()
        if not self.is_assembly:
            return words()
        known = [*(opcode.mnemonic for opcode in Opcode), *(kind.name.lower() for kind in TypeId)]
        known += [f"r{register}" for register in self.registers] + list(self.functions)
        return [*known, ".func", "true", "false"]


def _is_asking_for_help() -> bool:
    """Whether the line that is being typed asks for help."""
    readline = sys.modules.get("readline")
    return readline is not None and readline.get_line_buffer().startswith((":help ", ":h ", ":? "))


def _shifted(error: AssemblyError, lines: int) -> AssemblyError:
    """The error, with its lines counted from what was typed."""

    def shifted(line: int) -> int:
        return max(line - lines, 1)

    message = re.sub(r"(?m)^line (\d+)", lambda found: f"line {shifted(int(found[1]))}", str(error))
    return AssemblyError(message, shifted(error.line), error.column)


def _same(left: Any, right: Any) -> bool:
    """Whether two values look alike; a NaN does look like itself, and ``1`` not like ``1.0``."""
    return show(left) == show(right)


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
        print("Machine Dialect; :help tells what there is, :quit leaves")
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
