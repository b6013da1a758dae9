"""The types that values of the language have in Python, where Python has none of its own."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Union

    from ._native import Outcome

    # What goes in; a tuple is taken for a list. What comes out is of these types, too. What stands in a list or a dict is not
    # spelt out, because to checkers a list of int is no list of values.
    Value = Union[None, bool, int, float, str, "Function", "Url", list[Any], tuple[Any, ...], dict[str, Any]]
else:
    Value = bool | int | float | str | list | tuple | dict | None


class Function:
    """The name of a function of the module that runs, as a value. No instruction makes one; the host may pass one in.

    >>> from machine_dialect_vm import Function, Module, run
    >>> module = Module.assemble('''
    ...     load_global r0, "callback"
    ...     call r0, r1, ()
    ...     return r1
    ... .func answer
    ...     load_const r0, 42
    ...     return r0
    ... ''')
    >>> run(module, globals={"callback": Function("answer")}).value
    42
    """

    __module__ = "machine_dialect_vm"
    __slots__ = ("name",)

    name: str
    """The name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __eq__(self, other: object) -> bool:
        return self.name == other.name if isinstance(other, Function) else NotImplemented

    def __hash__(self) -> int:
        return hash((Function, self.name))

    def __repr__(self) -> str:
        return f"Function({self.name!r})"

    def __str__(self) -> str:
        return f"function<{self.name}>"


class Url(str):
    """A URL, as a value. It is a ``str`` to Python, and no string to the language. No instruction makes one; the host may
    pass one in.

    >>> from machine_dialect_vm import Module, Url, run
    >>> module = Module.assemble('load_global r0, "home"\\nreturn r0')
    >>> run(module, globals={"home": Url("https://example.org")}).value
    Url('https://example.org')
    """

    __module__ = "machine_dialect_vm"
    __slots__ = ()

    def __repr__(self) -> str:
        return f"Url({str.__repr__(self)})"


def remake_outcome(value: Value, parts: dict[str, Any]) -> Outcome:
    """What a pickled outcome is made of."""
    from ._native import Outcome

    return Outcome(value, **parts)
