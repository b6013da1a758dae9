"""A module as bytes in the canonical layout: sections in decoding order, one behind the other, and every operand in one way."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable
from typing import Any

from ._tables import ASSERT_KINDS, CONSTANT_TAGS, FLAGS, HEADER, MAGIC, OPCODES, TYPES, VERSION
from .decode import Check, Module
from .values import Value, type_of


def module_hash(module: Module) -> str:
    """The name of a module in a state: the SHA-256 of its canonical bytes."""
    return hashlib.sha256(encode(module)).hexdigest()


def encode(module: Module) -> bytes:
    sections = {
        "name": _string(module.name),
        "constants": _number("I", len(module.constants)) + b"".join(map(_constant, module.constants)),
        "functions": _number("I", len(module.functions))
        + b"".join(_string(name) + _number("I", entry) for name, entry in module.functions),
        "instructions": _number("I", len(module.instructions))
        + b"".join(_instruction(*instruction) for instruction in module.instructions),
    }
    header = MAGIC.encode()
    at = sum(HEADER.values())
    for field in HEADER:
        if field == "magic":
            continue
        if field in ("version", "flags"):
            header += _number("I", VERSION if field == "version" else FLAGS)
        else:
            header += _number("I", at)
            at += len(sections[field.removesuffix("_offset")])
    return header + b"".join(sections.values())


def _number(layout: str, number: Any) -> bytes:
    return struct.pack("<" + layout, number)


def _string(text: str) -> bytes:
    data = text.encode()
    return _number("I", len(data)) + data


_TAGS = {kind: tag for tag, kind in CONSTANT_TAGS.items()}

_CONTENTS: dict[str, Callable[[Any], bytes]] = {
    "int": lambda number: _number("q", number),
    "float": lambda number: _number("d", number),
    "string": lambda string: _string(string.text),
    "bool": lambda truth: _number("B", truth),
    "empty": lambda empty: b"",
}


def _constant(value: Value) -> bytes:
    kind = type_of(value)
    return _number("B", _TAGS[kind]) + _CONTENTS[kind](value)


def _instruction(opcode: int, operands: tuple) -> bytes:
    roles = [role for _name, role in OPCODES[opcode][3]]
    return _number("B", opcode) + b"".join(_OPERANDS[role](operand) for role, operand in zip(roles, operands))


def _register(register: int) -> bytes:
    return _number("B", register)


def _optional_register(register: int | None) -> bytes:
    return _number("B", 0) if register is None else _number("B", 1) + _register(register)


def _registers(registers: list[int]) -> bytes:
    return _number("B", len(registers)) + bytes(registers)


def _index(index: int) -> bytes:
    return _number("H", index)


_TYPE_IDS = {name: number for number, (name, _title) in TYPES.items()}
_ASSERT_IDS = {name: number for number, (name, _takes_range) in ASSERT_KINDS.items()}


def _check(check: Check) -> bytes:
    ends = b"" if check.least is None else _number("q", check.least) + _number("q", check.most)
    return _number("B", _ASSERT_IDS[check.kind]) + _index(check.message) + ends


_OPERANDS: dict[str, Callable[[Any], bytes]] = {
    "in": _register,
    "out": _register,
    "inout": _register,
    "tagged": _register,
    "optional_in": _optional_register,
    "registers": _registers,
    "constant": _index,
    "global": _index,
    "type": lambda name: _index(_TYPE_IDS[name]),
    "jump": lambda offset: _number("i", offset),
    "phis": lambda pairs: _number("B", len(pairs)) + b"".join(_register(r) + _index(label) for r, label in pairs),
    "check": _check,
    "scope": _index,
}
