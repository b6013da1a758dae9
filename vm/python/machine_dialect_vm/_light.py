"""What ``typing`` has at run time, without ``typing``: importing it takes longer than all of this package does.

Type checkers never look in here; they take ``NamedTuple`` and ``TypedDict`` of ``typing`` instead.
"""

from __future__ import annotations

from collections import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class _NamedTupleMeta(type):
    def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> Any:
        if not bases:
            return super().__new__(cls, name, bases, body)
        fields = list(body["__annotations__"])
        defaults = [body.pop(field) for field in fields if field in body]
        make: Any = namedtuple  # checkers want to read its fields where it is called
        made = make(name, fields, defaults=defaults, module=body["__module__"])
        return type(name, (made,), {"__slots__": (), **body})


class NamedTuple(metaclass=_NamedTupleMeta):
    """A tuple whose items have names: those that the class annotates."""


class TypedDict(dict):  # type: ignore[type-arg]
    """A dict. Which keys it may have is known to type checkers."""

    def __init_subclass__(cls, total: bool = True) -> None:
        super().__init_subclass__()
