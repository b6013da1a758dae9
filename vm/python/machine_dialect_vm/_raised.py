"""The errors that the extension raises, by their kind: each is of the class that the kind has in ``errors``."""

from __future__ import annotations

from . import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._errors import LoadError, Place, RunError, StateError
    from ._values import Value


def make_load_error(kind: str, message: str) -> LoadError:
    """What the extension raises."""
    return errors.LoadError.kinds[kind](message)


def make_state_error(kind: str, message: str) -> StateError:
    """What the extension raises."""
    return errors.StateError.kinds[kind](message)


def make_run_error(
    kind: str,
    message: str,
    place: tuple[Any, ...],
    stdout: str,
    steps: int,
    globals: dict[str, Value],
    trace: list[tuple[int, str]] | None,
    places: list[Place],
    drawn: str | None,
) -> RunError:
    """What the extension raises."""
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
        places=places,
        drawn=drawn,
    )
