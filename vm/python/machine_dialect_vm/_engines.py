"""What runs a module for the REPL: the extension, or the reference interpreter where that cannot be loaded."""

from __future__ import annotations

from ._errors import MachineDialectError

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
