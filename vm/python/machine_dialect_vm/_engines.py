"""What runs a module for the REPL: the extension, or the reference interpreter where that cannot be loaded."""

from __future__ import annotations

from ._errors import CompileError, MachineDialectError, make_diagnostics

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    class _Engine(Protocol):
        """What runs assembly."""

        name: str
        notice: str | None
        """What is to be said about it."""

        def run(self, text: str, globals: dict[str, Any], write: Callable[[str], object]) -> tuple[Any, dict[str, Any]]:
            """The value and the globals that a module in assembly comes to. Raises ``MachineDialectError``."""
            ...

        def run_page(self, page: str, name: str, write: Callable[[str], object]) -> tuple[Any, list[str]]:
            """The value that a page comes to, and what is odd in it. Raises ``CompileError`` and ``MachineDialectError``."""
            ...


def choose() -> _Engine:
    """The extension, if it can be loaded."""
    try:
        return _Native()
    except ImportError as error:
        return _Reference(error)


class _Native:
    name = "the machine"
    notice: str | None = None

    def __init__(self) -> None:
        from ._native import Module, run

        self._assemble, self._run = Module.assemble, run

    def run(self, text: str, globals: dict[str, Any], write: Callable[[str], object]) -> tuple[Any, dict[str, Any]]:
        outcome = self._run(self._assemble(text), globals=globals, stdout=write)
        return outcome.value, outcome.globals

    def run_page(self, page: str, name: str, write: Callable[[str], object]) -> tuple[Any, list[str]]:
        from ._native import compile_page

        module, rows, _drawn = compile_page(page, name)
        return self._run(module, stdout=write).value, list(map(str, make_diagnostics(name, rows)))


class _Reference:
    name = "the reference interpreter"

    def __init__(self, error: ImportError) -> None:
        self.notice: str | None = (
            f"The compiled extension cannot be loaded ({error}).\n"
            "This is the reference interpreter: slower, and otherwise the same."
        )

    def run(self, text: str, globals: dict[str, Any], write: Callable[[str], object]) -> tuple[Any, dict[str, Any]]:
        from ._assembler import assemble
        from ._json import from_json, parse, to_json
        from .reference.decode import decode
        from .reference.errors import Fault
        from .reference.machine import Machine
        from .reference.outcome import set_globals, value_json

        try:
            module = decode(assemble(text))
        except Fault as fault:
            raise MachineDialectError(f"Failed to load bytecode: {fault.message}") from None
        machine = Machine(module, {}, write)
        try:
            set_globals(machine, {name: parse(to_json(value)) for name, value in globals.items()})
            end = machine.run()
            if end.fault is not None:
                place = f"at instruction {end.pc} in {end.function}"
                raise MachineDialectError(f"Runtime error: {end.fault.message}\n  {place}")
            value = from_json(parse(value_json(end.result)))
            return value, {name: from_json(parse(value_json(value))) for name, value in machine.globals.values.items()}
        finally:
            machine.discard()

    def run_page(self, page: str, name: str, write: Callable[[str], object]) -> tuple[Any, list[str]]:
        from ._json import from_json, parse
        from .reference.language import program
        from .reference.outcome import value_json

        compiled = program.compile_source(page)
        rows = [one.as_json() for one in compiled.diagnostics]
        lines = page.split("\n")
        keys = ("kind", "severity", "line", "column", "message")
        found = make_diagnostics(
            name, [(*(row[key] for key in keys), row.get("hint"), None, lines[row["line"] - 1]) for row in rows]
        )
        if compiled.has_errors:
            text = "\n".join(f"{one}\n  | {one.source_line}\n  | {' ' * (one.column - 1)}^" for one in found)
            raise CompileError(text, file=name, diagnostics=found)
        end = program.run(compiled.file, {}, write)
        if end.fault is not None:
            place = f"\n  at {name}:{end.where.line}:{end.where.column}" if end.where else ""
            raise MachineDialectError(f"Runtime error: {end.fault.message}{place}")
        return from_json(parse(value_json(end.result))), list(map(str, found))
