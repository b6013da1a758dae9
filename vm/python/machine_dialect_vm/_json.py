"""Values as JSON, in the form that outcomes use (``json`` of ``spec/values.yaml``).

Values nest deeper than Python recurses, and share parts, so neither direction recurses and a part is weighed once.
"""

from __future__ import annotations

import json
import math

from ._values import Function, Url
from .reference._tables import OUTCOME_WEIGHT_LIMIT
from .reference.json_text import parse
from .reference.outcome import object_json
from .reference.values import float_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

__all__ = ["from_json", "object_json", "parse", "to_json"]


def to_json(value: Any) -> str:
    if _weight(value) > OUTCOME_WEIGHT_LIMIT:
        kind = "array" if isinstance(value, list) else "dict" if isinstance(value, dict) else "string"
        return json.dumps({"elided": kind})
    pieces: list[str] = []
    pending: list[Any] = [value]  # what comes next is last; a `_Text` is JSON already
    while pending:
        item = pending.pop()
        if isinstance(item, _Text):
            pieces.append(item)
        elif isinstance(item, list):
            pending.append(_Text("]"))
            for index in range(len(item) - 1, -1, -1):
                pending += (item[index], _Text(", " if index else ""))
            pieces.append("[")
        elif isinstance(item, dict):
            pending.append(_Text("]}"))
            entries = list(item.items())
            for index in range(len(entries) - 1, -1, -1):
                key, part = entries[index]
                pending += (_Text("]"), part, _Text(f"{', ' if index else ''}[{json.dumps(key)}, "))
            pieces.append('{"dict": [')
        else:
            pieces.append(_scalar_json(item))
    return "".join(pieces)


class _Text(str):
    """JSON that stands for itself."""


def _scalar_json(value: Any) -> str:
    if isinstance(value, Url):
        return json.dumps({"url": str(value)})
    if isinstance(value, Function):
        return json.dumps({"function": value.name})
    if isinstance(value, float):
        return json.dumps({"float": "nan" if math.isnan(value) else float_text(value)})
    return json.dumps(value)


def _weight(value: Any) -> int:
    """1 for a value and for each of its parts, and the bytes of its strings."""
    weights: dict[int, int] = {}
    pending = [value]
    while pending:
        item = pending[-1]
        parts = [part for part in _parts(item) if isinstance(part, (list, dict)) and id(part) not in weights]
        if parts:
            pending += parts
            continue
        pending.pop()
        weights[id(item)] = 1 + sum(
            weights[id(part)] if isinstance(part, (list, dict)) else _scalar_weight(part) for part in _parts(item)
        )
        if isinstance(item, dict):
            weights[id(item)] += sum(len(key.encode()) for key in item)
        elif not isinstance(item, list):
            weights[id(item)] = _scalar_weight(item)
    return weights[id(value)]


def _parts(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else value.values() if isinstance(value, dict) else ()


def _scalar_weight(value: Any) -> int:
    if isinstance(value, Function):
        return 1 + len(value.name.encode())
    return 1 + (len(value.encode()) if isinstance(value, str) else 0)


def from_json(data: Any) -> Any:
    """The value that parsed JSON stands for: all parts are listed first, and made in the opposite order."""
    listed = [data]
    parts: list[slice] = []
    for item in listed:
        begin = len(listed)
        listed.extend(_parts_of_json(item))
        parts.append(slice(begin, len(listed)))
    made: list[Any] = [None] * len(listed)
    for index in range(len(listed) - 1, -1, -1):
        made[index] = _from_parts(listed[index], made[parts[index]])
    return made[0]


def _parts_of_json(item: Any) -> list[Any]:
    if isinstance(item, list):
        return item
    if isinstance(item, dict) and item.keys() == {"dict"} and isinstance(item["dict"], list):
        entries = item["dict"]
        if all(isinstance(entry, list) and len(entry) == 2 and isinstance(entry[0], str) for entry in entries):
            return [value for _key, value in entries]
        raise ValueError('the entries of {"dict": ...} are pairs, [["key", value], ...]')
    return []


def _from_parts(item: Any, parts: list[Any]) -> Any:
    if isinstance(item, list):
        return parts
    if not isinstance(item, dict):
        return item
    content: Any
    [(name, content)] = item.items() if len(item) == 1 else [("", None)]
    if name == "dict":
        return dict(zip((key for key, _value in content), parts))
    if name in ("float", "url", "function") and isinstance(content, str):
        return {"float": float, "url": Url, "function": Function}[name](content)
    raise ValueError('an object is a value as {"float": "1.5"}, {"dict": ...}, {"url": ...} or {"function": ...} only')
