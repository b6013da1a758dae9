"""The outcome of a run and the values in it, as JSON (conformance/README.md), and values from JSON."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from ._tables import OUTCOME_WEIGHT_LIMIT
from .errors import Fault, InvalidInput
from .machine import End, Machine
from .memory import Memory
from .operations import INT_MAX, INT_MIN
from .values import (
    CAP, Array, Dict, Function, String, Url, Value, float_text, measure, type_of, utf8_size,
)  # fmt: skip


def load_error_json(fault: Fault) -> str:
    """The outcome of a module that does not load."""
    return json.dumps({"status": "load_error", "kind": fault.kind, "message": fault.message})


def state_error_json(fault: Fault) -> str:
    """The outcome of a state that no run can go on from."""
    return json.dumps({"status": "state_error", "kind": fault.kind, "message": fault.message})


def outcome_json(machine: Machine, end: End, stdout: str) -> str:
    """The outcome of a run that came to its end, or stopped."""
    if end.stopped:
        return json.dumps({"status": "stopped", "stdout": stdout, "steps": end.steps})
    fields = {"status": '"ok"' if end.fault is None else '"runtime_error"'}
    if end.fault is None:
        fields["result"] = value_json(end.result)
    else:
        fields["kind"] = json.dumps(end.fault.kind)
        fields["message"] = json.dumps(end.fault.message)
        fields["pc"] = str(end.pc)
        fields["function"] = json.dumps(end.function)
    fields["stdout"] = json.dumps(stdout)
    fields["steps"] = str(end.steps)
    variables = sorted(machine.globals.values.items(), key=lambda variable: variable[0])
    fields["globals"] = object_json({name: value_json(value) for name, value in variables})
    return object_json(fields)


def object_json(fields: dict[str, str]) -> str:
    """A JSON object of fields that are JSON themselves."""
    return "{" + ", ".join(f"{json.dumps(name)}: {field}" for name, field in fields.items()) + "}"


def value_json(value: Value) -> str:
    """A value, or what stands for one that is too heavy for an outcome."""
    if measure(value, _scalar_weight, _container_weight) > OUTCOME_WEIGHT_LIMIT:
        return json.dumps({"elided": type_of(value)})
    return "".join(_pieces(value))


def _scalar_weight(value: Value) -> int:
    if type(value) is String:
        return 1 + value.size
    if type(value) is Url:
        return 1 + utf8_size(value.text)
    if type(value) is Function:
        return 1 + utf8_size(value.name)
    return 1


def _container_weight(container: Value) -> int:
    return 1 + sum(key.size for key, _value in container.entries.values()) if type(container) is Dict else 1


def _pieces(value: Value) -> Iterator[str]:
    pending = [value]  # what comes next is last; a Python string is JSON already
    while pending:
        item = pending.pop()
        if type(item) is str:
            yield item
        elif type(item) is Array:
            yield "["
            pending.append("]")
            for element in reversed(item.elements):
                pending += (element, ", ")
            if item.elements:
                pending.pop()  # no comma before the first
        elif type(item) is Dict:
            yield '{"dict": ['
            pending.append("]}")
            for key, (_key, part) in reversed(item.entries.items()):
                pending += ("]", part, f"[{json.dumps(key)}, ", ", ")
            if item.entries:
                pending.pop()
        else:
            yield _scalar_json(item)


def _scalar_json(value: Value) -> str:
    if type(value) is String:
        return json.dumps(value.text)
    if type(value) is float:
        return json.dumps({"float": "nan" if math.isnan(value) else float_text(value)})
    if type(value) is Url:
        return json.dumps({"url": value.text})
    if type(value) is Function:
        return json.dumps({"function": value.name})
    return json.dumps(value)


# --- Values from JSON -----------------------------------------------------------------------------------------------


def set_globals(machine: Machine, data: dict[str, Any]) -> None:
    """Gives a machine its initial globals. Whether they fit into its memory is for the run to say."""
    unlimited = Memory(max_memory=CAP, max_call_depth=0)
    for name, item in data.items():
        machine.globals.set(name, value_from_json(item, unlimited))
    machine.memory.used += unlimited.used


def value_from_json(data: Any, memory: Memory) -> Value:
    """The value that parsed JSON stands for, its objects charged. Fails with `InvalidInput`.

    The JSON may be nested to any depth. So all its parts are listed first, each after what it stands in, and then made
    in the opposite order.
    """
    listed = [data]
    parts_of = []  # for each item listed, where its parts are
    for item in listed:
        parts = _parts_of_json(item)
        parts_of.append(slice(len(listed), len(listed) + len(parts)))
        listed.extend(parts)
    made: list[Value] = [None] * len(listed)
    for index in reversed(range(len(listed))):
        made[index] = _value_from_parts(listed[index], made[parts_of[index]], memory)
    return made[0]


def _parts_of_json(item: Any) -> list:
    """The JSON of the elements of an array, or of the values of a dict."""
    if type(item) is list:
        return item
    if type(item) is dict and item.keys() == {"dict"}:
        entries = item["dict"]
        if type(entries) is not list or not all(type(entry) is list and len(entry) == 2 for entry in entries):
            raise InvalidInput('the entries of {"dict": ...} are pairs, [["key", value], ...]')
        return [value for _key, value in entries]
    return []


def _value_from_parts(item: Any, parts: list[Value], memory: Memory) -> Value:
    if item is None or type(item) in (bool, float):
        return item
    if type(item) is int:
        if not INT_MIN <= item <= INT_MAX:
            raise InvalidInput("an int has at most 64 bits")
        return item
    if type(item) is str:
        return memory.string(item)
    if type(item) is list:
        return memory.array(parts)
    if len(item) == 1:
        [(name, content)] = item.items()
        if name == "dict":
            return memory.dict(_entries([key for key, _value in content], parts, memory))
        if name == "float" and type(content) is str and _FLOAT.fullmatch(content):
            return float(content)
        if name == "url" and type(content) is str:
            return Url(content)
        if name == "function" and type(content) is str:
            return Function(content)
    raise InvalidInput('an object is a value as {"float": "1.5"}, {"dict": ...}, {"url": ...} or {"function": ...} only')


_FLOAT = re.compile(r"nan|-?inf|-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def _entries(keys: list[Any], values: list[Value], memory: Memory) -> dict[str, tuple[String, Value]]:
    entries = {}
    for key, value in zip(keys, values):
        if type(key) is not str:
            raise InvalidInput("a key of a dict is a string")
        if key in entries:
            raise InvalidInput(f"the key {json.dumps(key)} comes twice in a dict")
        entries[key] = (memory.string(key), value)
    return entries
