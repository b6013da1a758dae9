"""A value in a line, as the REPL shows it."""

from __future__ import annotations

import json

from ._values import Function, Url
from .reference.escape import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def show(value: Any, most: int = 200) -> str:
    """A value in a line: as assembly writes it, and cut where it is long.

    >>> from machine_dialect_vm._show import show
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
