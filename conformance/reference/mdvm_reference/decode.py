"""From the bytes of a `.mdbc` file to a module whose every constant, jump and entry is in range.

The sections are read in decoding order and every fault is found in the line that reads the bytes at fault, so the
first one wins. Jumps and entries are checked last, when the number of instructions is known.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, NamedTuple

from ._tables import ASSERT_KINDS, CONSTANT_TAGS, FLAGS, HEADER, LIMITS, MAGIC, OPCODES, SECTIONS, TYPES, VERSION
from .errors import Fault
from .values import String, Value, type_of


class Instruction(NamedTuple):
    opcode: int
    operands: tuple  # in the order of their bytes


class Check(NamedTuple):
    """The operand of an assert; `least` and `most` are there only where the kind takes a range."""

    kind: str
    message: int
    least: int | None = None
    most: int | None = None


class Module(NamedTuple):
    name: str
    constants: list[Value]
    functions: list[tuple[str, int]]  # name and entry, in table order
    instructions: list[Instruction]


def decode(data: bytes) -> Module:
    """The module in `data`. Fails with a `Fault` of a load error."""
    if len(data) > LIMITS["module_bytes"]:
        raise Fault("CountOverLimit", what="module size", count=len(data), limit=LIMITS["module_bytes"], offset=0)
    offsets = _header(data)
    name = Reader(data, offsets["name"]).string("module name")
    constants = _constants(Reader(data, offsets["constants"]))
    functions = _functions(Reader(data, offsets["functions"]))
    instructions = _instructions(Reader(data, offsets["instructions"]), constants)
    _check_jumps(instructions)
    _check_entries(functions, len(instructions))
    return Module(name, constants, functions, instructions)


class Reader:
    """A cursor over the file. `what` names the thing that is read, for the error."""

    def __init__(self, data: bytes, at: int = 0):
        self.data = data
        self.at = at

    def left(self) -> int:
        return len(self.data) - self.at

    def bytes(self, size: int, what: str) -> bytes:
        if size > self.left():
            raise Fault("UnexpectedEof", what=what, needed=size, left=self.left(), offset=self.at)
        self.at += size
        return self.data[self.at - size : self.at]

    def number(self, layout: str, what: str) -> Any:
        """One number in the layout of Python's `struct`, little-endian."""
        return struct.unpack("<" + layout, self.bytes(struct.calcsize("<" + layout), what))[0]

    def count(self, section: str, what: str) -> int:
        start = self.at
        count = self.number("I", what)
        if count > LIMITS[section]:
            raise Fault("CountOverLimit", what=what, count=count, limit=LIMITS[section], offset=start)
        if count * SECTIONS[section] > self.left():
            raise Fault("InvalidCount", what=what, count=count, left=self.left(), offset=start)
        return count

    def string(self, what: str) -> str:
        size = self.number("I", f"length of {what}")
        start = self.at
        data = self.bytes(size, what)
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Fault("InvalidUtf8", what=what, offset=start + error.start) from None


def _header(data: bytes) -> dict[str, int]:
    """Section -> its offset. They are all read before any is looked at."""
    reader = Reader(data)
    offsets = {}
    for field, size in HEADER.items():
        start = reader.at
        if field == "magic":
            found = reader.bytes(size, field)
            if found != MAGIC.encode():
                raise Fault("InvalidMagic", found=found)
            continue
        value = reader.number("I", field.replace("_", " "))
        if field == "version":
            if value != VERSION:
                raise Fault("UnsupportedVersion", version=value, offset=start, supported=VERSION)
        elif field == "flags":
            if value != FLAGS:
                raise Fault("UnsupportedFlags", flags=value, offset=start, supported=FLAGS)
        else:
            offsets[field.removesuffix("_offset")] = value, start
    for section, (value, start) in offsets.items():
        if value > len(data):
            raise Fault("InvalidOffset", section=section, value=value, size=len(data), offset=start)
    return {section: value for section, (value, _start) in offsets.items()}


def _constants(reader: Reader) -> list[Value]:
    constants: list[Value] = []
    for index in range(reader.count("constants", "constant count")):
        start = reader.at
        tag = reader.number("B", "constant tag")
        kind = CONSTANT_TAGS.get(tag)
        if kind is None:
            raise Fault("InvalidConstantTag", tag=tag, index=index, offset=start)
        constants.append(_CONSTANTS[kind](reader))
    return constants


_CONSTANTS: dict[str, Callable[[Reader], Value]] = {
    "int": lambda reader: reader.number("q", "int constant"),
    "float": lambda reader: reader.number("d", "float constant"),
    "string": lambda reader: String(reader.string("string constant"), is_constant=True),
    "bool": lambda reader: reader.number("B", "bool constant") != 0,
    "empty": lambda reader: None,
}


def _functions(reader: Reader) -> list[tuple[str, int]]:
    functions: dict[str, int] = {}
    for _ in range(reader.count("functions", "function count")):
        start = reader.at
        name = reader.string("function name")
        if name in functions:
            raise Fault("DuplicateFunction", name=name, offset=start)
        functions[name] = reader.number("I", "function entry")
    return list(functions.items())


def _instructions(reader: Reader, constants: list[Value]) -> list[Instruction]:
    instructions: list[Instruction] = []
    for index in range(reader.count("instructions", "instruction count")):
        start = reader.at
        opcode = reader.number("B", "opcode")
        if opcode not in OPCODES:
            raise Fault("InvalidOpcode", opcode=opcode, instruction=index, offset=start)
        place = Place(reader, constants, index, start)
        operands = tuple([read(place) for read in _OPERANDS[opcode]])
        instructions.append(Instruction(opcode, operands))
    return instructions


class Place(NamedTuple):
    """Where an operand is read: what it may refer to, and where an error points."""

    reader: Reader
    constants: list[Value]
    instruction: int
    offset: int

    def fault(self, variant: str, **fields: Any) -> Fault:
        return Fault(variant, instruction=self.instruction, offset=self.offset, **fields)


def _register(place: Place) -> int:
    return place.reader.number("B", "register")


def _optional_register(place: Place) -> int | None:
    return _register(place) if place.reader.number("B", "presence byte") else None


def _registers(place: Place) -> list[int]:
    count = place.reader.number("B", "register count")
    return [_register(place) for _ in range(count)]


def _constant(place: Place) -> int:
    index = place.reader.number("H", "constant index")
    if index >= len(place.constants):
        raise place.fault("InvalidConstantIndex", index=index, count=len(place.constants))
    return index


def _string_constant(place: Place) -> int:
    index = _constant(place)
    found = type_of(place.constants[index])
    if found != "string":
        raise place.fault("InvalidConstantKind", index=index, found=found, expected="string")
    return index


def _type(place: Place) -> str:
    number = place.reader.number("H", "type id")
    if number not in TYPES:
        raise place.fault("InvalidTypeId", id=number)
    return TYPES[number][0]


def _jump(place: Place) -> int:
    return place.reader.number("i", "jump offset")


def _phis(place: Place) -> list[tuple[int, int]]:
    count = place.reader.number("B", "phi count")
    return [(_register(place), place.reader.number("H", "phi label")) for _ in range(count)]


def _check(place: Place) -> Check:
    number = place.reader.number("B", "assert kind")
    if number not in ASSERT_KINDS:
        raise place.fault("InvalidAssertKind", id=number)
    kind, takes_range = ASSERT_KINDS[number]
    message = _string_constant(place)
    if not takes_range:
        return Check(kind, message)
    return Check(kind, message, place.reader.number("q", "range minimum"), place.reader.number("q", "range maximum"))


def _scope(place: Place) -> int:
    return place.reader.number("H", "scope")


_ROLES: dict[str, Callable[[Place], Any]] = {
    "in": _register,
    "out": _register,
    "inout": _register,
    "tagged": _register,
    "optional_in": _optional_register,
    "registers": _registers,
    "constant": _constant,
    "global": _string_constant,
    "type": _type,
    "jump": _jump,
    "phis": _phis,
    "check": _check,
    "scope": _scope,
}

# Opcode -> what reads its operands.
_OPERANDS = {
    number: tuple(_ROLES[role] for _name, role in operands)
    for number, (_opcode, _mnemonic, _summary, operands, *_rest) in OPCODES.items()
}


def _check_jumps(instructions: list[Instruction]) -> None:
    """A jump may go to any instruction, or just past the last one, which ends the program."""
    count = len(instructions)
    for index, (opcode, operands) in enumerate(instructions):
        for (_name, role), operand in zip(OPCODES[opcode][3], operands):
            target = index + 1 + operand if role == "jump" else 0
            if not 0 <= target <= count:
                raise Fault("InvalidJumpTarget", jump=operand, instruction=index, target=target, count=count)


def _check_entries(functions: list[tuple[str, int]], count: int) -> None:
    for name, entry in functions:
        if entry >= count:
            raise Fault("InvalidEntryPoint", entry=entry, name=name, count=count)
