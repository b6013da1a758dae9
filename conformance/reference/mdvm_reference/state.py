"""The state of a run between two instructions, by `state.yaml`: to JSON, and back into a machine.

A state is flat, however deep its values are: objects stand in a table, each behind those that it refers to.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from typing import Any

from ._tables import (
    ENTRY_FUNCTION, OPCODES, REGISTERS, STATE_FIELDS, STATE_FRAME, STATE_OBJECTS, STATE_VALUES, STATE_VERSION,
    TRACKED_SCOPES, TYPES,
)  # fmt: skip
from .binding import CALL, PHI
from .encode import module_hash
from .errors import Fault
from .machine import Frame, Machine
from .memory import Memory
from .operations import INT_MAX, INT_MIN
from .values import CAP, CONTAINERS, Array, Dict, Function, String, Url, Value, float_text, type_of

_TYPE_NAMES = {name for name, _title in TYPES.values()}


# --- From a machine -------------------------------------------------------------------------------------------------


def save(machine: Machine) -> dict[str, Any]:
    """The state of a machine that stopped, as plain JSON."""
    table = _Table(machine.module.constants)
    variables = sorted(machine.globals.values.items(), key=lambda variable: variable[0])
    state = {
        "mdst": STATE_VERSION,
        "module": module_hash(machine.module),
        "steps": machine.executed,
        "output": machine.output.written,
        "memory": machine.memory.used,
        "previous": machine.before if _is_phi(machine, machine.pc) else None,
        "globals": [[name, table.value(value)] for name, value in variables],
        "frames": [_frame(machine, depth, table) for depth in range(len(machine.frames))],
        "objects": table.objects,
    }
    assert state.keys() == STATE_FIELDS.keys()
    return state


def _frame(machine: Machine, depth: int, table: _Table) -> dict[str, Any]:
    frame = machine.frames[depth]
    is_last = depth == len(machine.frames) - 1
    tags = frame.tags if _tells_tags(machine) else {}
    return {
        "function": None if depth == 0 else frame.function,
        "pc": machine.pc if is_last else machine.frames[depth + 1].called_at,
        "registers": [[r, table.value(value)] for r, value in enumerate(frame.registers) if value is not None],
        "tags": [[r, tag] for r, tag in sorted(tags.items()) if tag != type_of(frame.registers[r])],
        "scopes": list(frame.scopes),
    }


def _is_phi(machine: Machine, pc: int) -> bool:
    return pc < len(machine.steps) and machine.steps[pc][0] == PHI


def _tells_tags(machine: Machine) -> bool:
    """Whether the module can tell a type tag from the type of a value."""
    mnemonics = {OPCODES[opcode][1] for opcode, _operands in machine.module.instructions}
    return {"define", "check_type"} <= mnemonics


class _Table:
    """The objects of a state, as they are come by."""

    def __init__(self, constants: list[Value]):
        self.objects: list[dict[str, Any]] = []
        self.places: dict[Any, int] = {}  # an object by its id, what costs nothing by what it is
        self.constants: dict[str, int] = {}
        for index, constant in enumerate(constants):
            if type(constant) is String:
                self.constants.setdefault(constant.text, index)

    def value(self, value: Value) -> Any:
        """The value, and in the table whatever it refers to, the innermost first."""
        waiting = []
        if type(value) in CONTAINERS and id(value) not in self.places:
            waiting.append((value, self.parts_left(value)))
        while waiting:
            container, parts = waiting[-1]
            part = next(parts, None)
            if part is not None:
                waiting.append((part, self.parts_left(part)))
                continue
            waiting.pop()
            if type(container) is Array:
                content = {"array": [self.leaf(element) for element in container.elements]}
            else:
                content = {"dict": [[self.leaf(key), self.leaf(part)] for key, part in container.entries.values()]}
            self.add(id(container), content)
        return self.leaf(value)

    def parts_left(self, container: Value) -> Iterator[Value]:
        """The containers in it that are not in the table; what else comes before them gets its place."""
        if type(container) is Array:
            parts = container.elements
        else:
            parts = (part for entry in container.entries.values() for part in entry)
        for part in parts:
            if type(part) not in CONTAINERS:
                self.leaf(part)
            elif id(part) not in self.places:
                yield part

    def leaf(self, value: Value) -> Any:
        """A value that is no container, or one that is in the table."""
        kind = type(value)
        if kind is float:
            return {"float": "nan" if math.isnan(value) else float_text(value)}
        if kind is String and value.cost == 0:
            return {"constant": self.constants[value.text]}
        if kind is String:
            return self.place(id(value), "string", value.text)
        if kind is Url:
            return self.place(("url", value.text), "url", value.text)
        if kind is Function:
            return self.place(("function", value.name), "function", value.name)
        return {"object": self.places[id(value)]} if kind in CONTAINERS else value

    def place(self, key: Any, kind: str, text: str) -> dict[str, int]:
        if key not in self.places:
            self.add(key, {kind: text})
        return {"object": self.places[key]}

    def add(self, key: Any, content: dict[str, Any]) -> None:
        self.places[key] = len(self.objects)
        self.objects.append(content)


# --- Into a machine -------------------------------------------------------------------------------------------------


def load(machine: Machine, state: Any) -> None:
    """Has a machine that did not run yet go on from a state. Fails with a `Fault` where the state is damaged or lies."""
    _check_form(state)
    expected = module_hash(machine.module)
    if state["module"] != expected:
        raise Fault("WrongModule", found=state["module"], expected=expected)
    heap = _Heap(machine.module.constants, state["objects"])
    _load_globals(machine, state["globals"], heap)
    if not state["frames"]:
        raise Fault("InvalidFrame", frame=0, problem="a state has at least one frame")
    machine.frames.clear()
    for depth, frame in enumerate(state["frames"]):
        _load_frame(machine, depth, frame, depth == len(state["frames"]) - 1, heap)
    machine.pc = state["frames"][-1]["pc"]
    machine.before = state["previous"]
    if machine.before is not None:
        if not _is_phi(machine, machine.pc):
            raise Fault("InvalidPrevious", previous=machine.before, problem="the next instruction is no phi")
        if machine.before >= len(machine.steps):
            problem = f"the module has {len(machine.steps)} instructions"
            raise Fault("InvalidPrevious", previous=machine.before, problem=problem)
    heap.check_all_used()
    if heap.memory.used != state["memory"]:
        raise Fault("WrongMemory", declared=state["memory"], counted=heap.memory.used)
    machine.memory.used = heap.memory.used
    machine.memory.calls = len(machine.frames) - 1
    machine.executed = state["steps"]
    machine.output.written = state["output"]


def _load_globals(machine: Machine, variables: list, heap: _Heap) -> None:
    before = None
    for name, value in variables:
        if before is not None and before >= name:
            problem = "its name does not come after the one before it"
            raise Fault("InvalidGlobal", name=name, problem=problem)
        before = name
        machine.globals.set(name, heap.value(value, lambda problem: Fault("InvalidGlobal", name=name, problem=problem)))


def _load_frame(machine: Machine, depth: int, fields: dict[str, Any], is_last: bool, heap: _Heap) -> None:
    def wrong(problem: str) -> Fault:
        return Fault("InvalidFrame", frame=depth, problem=problem)

    name = fields["function"]
    if depth == 0 and name is not None:
        raise wrong(f"the first frame was called by nobody, and is one of the function {name!r}")
    if depth > 0 and name is None:
        raise wrong("only the first frame has no function")
    if depth > 0 and name not in machine.functions.entries:
        raise wrong(f"the module has no function {name!r}")
    called_at = dst = None
    if depth > 0:
        heap.memory.open_frame()
        called_at = machine.pc
        _flow, _act, dst, _operands = machine.steps[called_at]
    frame = Frame(machine.memory, ENTRY_FUNCTION if depth == 0 else name, called_at=called_at, dst=dst)
    machine.frames.append(frame)
    for register, value, fault in _in_order(fields["registers"], depth):
        frame.put(register, heap.value(value, fault))
    for register, tag, fault in _in_order(fields["tags"], depth):
        if not _tells_tags(machine):
            raise fault("it has a type tag, and the module cannot tell")
        frame.tags[register] = tag
    if len(fields["scopes"]) > TRACKED_SCOPES:
        raise wrong(f"{len(fields['scopes'])} scopes are open, and no frame has more than {TRACKED_SCOPES}")
    for scope in fields["scopes"]:
        if scope >= 1 << 16:
            raise wrong(f"{scope} is no scope")
        frame.scopes.append(scope)
    machine.pc = fields["pc"]
    if is_last and machine.pc > len(machine.steps):
        raise wrong(f"instruction {machine.pc} is outside 0..={len(machine.steps)}")
    if not is_last and not (machine.pc < len(machine.steps) and machine.steps[machine.pc][0] == CALL):
        raise wrong(f"it waits at instruction {machine.pc}, which is no call")


def _in_order(pairs: list, depth: int) -> Iterator[tuple[int, Any, Callable[[str], Fault]]]:
    """Registers, what goes with them, and what makes a fault of one."""
    before = -1
    for register, content in pairs:

        def fault(problem: str, register: int = register) -> Fault:
            return Fault("InvalidRegister", register=register, frame=depth, problem=problem)

        if register >= REGISTERS:
            raise fault(f"there are {REGISTERS} registers")
        if register <= before:
            raise fault("it does not come after the one before it")
        before = register
        yield register, content, fault


class _Heap:
    """The objects of a state, made one after another."""

    def __init__(self, constants: list[Value], objects: list[dict[str, Any]]):
        self.memory = Memory(max_memory=CAP, max_call_depth=CAP)
        self.constants = constants
        self.made: list[Value] = []
        self.used: set[int] = set()
        for place, fields in enumerate(objects):
            [(kind, content)] = fields.items()
            self.made.append(self.make(place, kind, content))

    def make(self, place: int, kind: str, content: Any) -> Value:
        def wrong(problem: str) -> Fault:
            return Fault("InvalidObject", object=place, problem=problem)

        if kind == "string":
            return self.memory.string(content)
        if kind == "url":
            return Url(content)
        if kind == "function":
            return Function(content)
        if kind == "array":
            return self.memory.array([self.value(element, wrong) for element in content])
        entries: dict[str, tuple[String, Value]] = {}
        for index, (key, value) in enumerate(content):
            key, value = self.value(key, wrong), self.value(value, wrong)
            if type(key) is not String:
                raise wrong(f"the key of entry {index} is no string")
            if key.text in entries:
                raise wrong(f"the key of entry {index} comes twice")
            entries[key.text] = (key, value)
        return self.memory.dict(entries)

    def value(self, data: Any, fault: Callable[[str], Fault]) -> Value:
        """The value that JSON stands for; `fault` makes an error of what is wrong with it."""
        if type(data) is not dict:
            return data
        [(kind, content)] = data.items()
        if kind == "float":
            return float(content)
        if kind == "constant":
            if content >= len(self.constants) or type(self.constants[content]) is not String:
                raise fault(f"constant {content} is no string of the pool")
            return self.constants[content]
        if content >= len(self.made):
            raise fault(f"it refers to object {content}, and there are {len(self.made)} before it")
        self.used.add(content)
        return self.made[content]

    def check_all_used(self) -> None:
        for place in range(len(self.made)):
            if place not in self.used:
                raise Fault("InvalidObject", object=place, problem="nothing refers to it")


# --- The form -------------------------------------------------------------------------------------------------------


def _check_form(state: Any) -> None:
    """Whether the JSON has the fields of a state, each of its form."""
    version = state.get("mdst") if type(state) is dict else None
    if not _is_count(version):
        raise Fault("InvalidState", problem='a state is an object whose "mdst" is a version')
    if version != STATE_VERSION:
        raise Fault("UnsupportedStateVersion", version=version, supported=STATE_VERSION)
    _check_record(state, STATE_FIELDS, "the state")


def _check_record(record: Any, fields: dict[str, str], what: str) -> None:
    if type(record) is not dict or record.keys() != fields.keys():
        raise Fault("InvalidState", problem=f"{what} is no object with the fields {', '.join(fields)}")
    for name, form in fields.items():
        if not _FORMS[form](record[name]):
            raise Fault("InvalidState", problem=f"{name} of {what} has not the form `{form}`")


def _is_count(data: Any) -> bool:
    return type(data) is int and 0 <= data < 1 << 64


def _is_text(data: Any) -> bool:
    return type(data) is str


_FLOAT = re.compile(r"nan|-?inf|-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")

_NUMBERS_AND_TEXTS = {"float": lambda text: _is_text(text) and _FLOAT.fullmatch(text) is not None}


def _is_one_of(kinds: dict[str, str], data: Any) -> bool:
    if type(data) is not dict or len(data) != 1:
        return False
    [(kind, content)] = data.items()
    return kind in kinds and _NUMBERS_AND_TEXTS.get(kind, _FORMS[kinds[kind]])(content)


def _is_value(data: Any) -> bool:
    if data is None or type(data) is bool:
        return True
    if type(data) is int:
        return INT_MIN <= data <= INT_MAX
    return _is_one_of(STATE_VALUES, data)


def _list_of(check: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda data: type(data) is list and all(map(check, data))


def _pairs_of(first: Callable[[Any], bool], second: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return _list_of(lambda pair: type(pair) is list and len(pair) == 2 and first(pair[0]) and second(pair[1]))


def _is_list_of_frames(data: Any) -> bool:
    if type(data) is list:
        for depth, frame in enumerate(data):
            _check_record(frame, STATE_FRAME, f"frame {depth}")
    return type(data) is list


_FORMS: dict[str, Callable[[Any], bool]] = {
    "version": _is_count,
    "hash": _is_text,
    "count": _is_count,
    "text": _is_text,
    "optional_index": lambda data: data is None or _is_count(data),
    "optional_text": lambda data: data is None or _is_text(data),
    "value": _is_value,
    "values": _list_of(_is_value),
    "entries": _pairs_of(_is_value, _is_value),
    "globals": _pairs_of(_is_text, _is_value),
    "registers": _pairs_of(_is_count, _is_value),
    "tags": _pairs_of(_is_count, lambda name: _is_text(name) and name in _TYPE_NAMES),
    "indices": _list_of(_is_count),
    "frames": _is_list_of_frames,
    "objects": _list_of(lambda data: _is_one_of(STATE_OBJECTS, data)),
}
