"""Putting modules together: instruction by instruction with ``ModuleBuilder``, or with ``link`` from functions that were
compiled apart.

>>> from machine_dialect_vm.builder import ModuleBuilder
>>> ModuleBuilder("answer").load_const(0, 42).return_(0).build().disassemble().splitlines()
['.module "answer"', '    load_const r0, 42', '    return r0']
"""

from __future__ import annotations

import struct

from ._errors import BuildError
from ._instructions import Instructions
from ._spec import (
    CONSTANT_LAYOUTS,
    FLAGS,
    HEADER_BYTES,
    MAGIC,
    MAX_CONSTANTS,
    RANGE_KINDS,
    REGISTERS,
    ROLE_LAYOUTS,
    SECTIONS,
    VERSION,
    AssertKind,
    ConstantTag,
    Opcode,
    Operand,
    Role,
    TypeId,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, NamedTuple

    from typing_extensions import Self

    from ._native import Module
else:
    from ._light import NamedTuple

# A register, by its number or by a name.
Register = int | str
# An instruction, by the label before it; a number is taken as it is encoded.
Label = str | int
# What the constant pool holds.
Constant = bool | int | float | str | None

__all__ = ["Chunk", "ConstantTag", "ModuleBuilder", "link"]


class ModuleBuilder(Instructions):
    """Puts a module together. There is a method for each instruction, named by its mnemonic; what Python keeps for itself
    ends with an underscore, as in ``return_``.

    >>> from machine_dialect_vm import ModuleBuilder, run
    >>> builder = ModuleBuilder("sums")
    >>> module = (
    ...     builder.function("main")
    ...     .load_const("total", 0)
    ...     .load_const("n", 10)
    ...     .load_const("one", 1)
    ...     .label("again")
    ...     .add("total", "total", "n")
    ...     .sub("n", "n", "one")
    ...     .jump_if("n", "again")
    ...     .return_("total")
    ...     .build()
    ... )
    >>> run(module).value
    55

    A register is a number, or a name: a name gets a register of its own, in the function where it stands, when it is first
    written. Constants are pooled: an equal one is there once, and ``0.0`` is not equal to ``-0.0``, nor ``1`` to ``True``.
    A label may be used before it stands. Raises ``BuildError`` for whatever cannot be encoded as it is meant.
    """

    def __init__(self, name: str = "") -> None:
        self._name = name
        self._pool = _Pool()
        self._functions: dict[str, int] = {}
        self._instructions: list[bytes] = []
        self._labels: dict[str, int] = {}
        self._fixups: list[_Fixup] = []
        self._names = _Names("")

    def function(self, name: str, *parameters: str) -> Self:
        """Begins a function; the next instruction is its entry. Its parameters are names of the registers from r0 on.

        >>> from machine_dialect_vm import ModuleBuilder, run
        >>> module = (
        ...     ModuleBuilder()
        ...     .function("main").load_const(0, 12).load_const(1, "square").call(1, 2, [0]).return_(2)
        ...     .function("square", "n").mul("n", "n", "n").return_("n")
        ...     .build()
        ... )
        >>> run(module).value
        144
        """
        if name in self._functions:
            raise BuildError(f"there are two functions {name!r}")
        self._functions[name] = len(self._instructions)
        self._names = _Names(name)
        for parameter in parameters:
            self.register(parameter)
        return self

    def register(self, name: str) -> int:
        """The number of the register of that name, in the function that is being built; a new name gets a free one.

        >>> from machine_dialect_vm import ModuleBuilder
        >>> builder = ModuleBuilder()
        >>> builder.register("x"), builder.register("y"), builder.register("x")
        (0, 1, 0)
        """
        return self._names.get(name)

    def label(self, name: str) -> Self:
        """Names the next instruction.

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().jump("end").nop().label("end").halt().code.hex(" ")
        '16 01 00 00 00 28 27'
        """
        if name in self._labels:
            raise BuildError(f"there are two labels {name!r}")
        self._labels[name] = len(self._instructions)
        return self

    def constant(self, value: Constant) -> int:
        """The index of a constant in the pool. Instructions pool their constants on their own.

        >>> from machine_dialect_vm import ModuleBuilder
        >>> builder = ModuleBuilder()
        >>> [builder.constant(value) for value in (0.0, -0.0, 1, True, 1)]
        [0, 1, 2, 3, 2]
        """
        return self._pool.index(value)

    @property
    def code(self) -> bytes:
        """The instructions, encoded.

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().nop().halt().code
        b"('"
        """
        instructions = list(self._instructions)
        for fixup in self._fixups:
            instructions[fixup.instruction] = self._resolve(fixup, instructions[fixup.instruction])
        return b"".join(instructions)

    def to_bytes(self) -> bytes:
        """The file. Nothing is checked but that it can be encoded.

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().halt().to_bytes().hex()[:8]
        '4d444243'
        """
        return _encode(self._name, self._pool, self._functions, len(self._instructions), self.code)

    def build(self) -> Module:
        """The module, checked as loading would check it.

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder("empty").build()
        <Module "empty": 0 instructions, 0 functions>
        """
        from ._native import Module

        return Module.from_bytes(self.to_bytes())

    def __len__(self) -> int:
        """How many instructions there are so far."""
        return len(self._instructions)

    def _emit(self, opcode: Opcode, *operands: Any) -> Self:
        encoder = _Encoder(self, opcode)
        encoded = bytes([opcode])
        # What is read is looked at first, so that `add("x", "x", 1)` does not make the `x` that it reads.
        written = (Role.OUT, Role.TAGGED)
        pairs = list(zip(opcode.operands, operands))
        for operand, value in pairs:
            if operand.role not in written:
                encoder.check_names(operand, value)
        for operand, value in pairs:
            encoded += encoder.encode(operand, value, len(encoded))
        self._fixups += encoder.fixups
        self._instructions.append(encoded)
        return self

    def _resolve(self, fixup: _Fixup, instruction: bytes) -> bytes:
        if fixup.label not in self._labels:
            known = f"; there are {', '.join(self._labels)}" if self._labels else ""
            raise BuildError(f"{fixup.what} names no label: {fixup.label!r}{known}")
        target = self._labels[fixup.label]
        number = target - fixup.instruction - 1 if fixup.is_relative else target
        encoded = _pack(fixup.layout, number, fixup.what)
        return instruction[: fixup.position] + encoded + instruction[fixup.position + len(encoded) :]


class _Fixup(NamedTuple):
    """A place in an instruction that a label belongs into."""

    instruction: int
    position: int
    layout: str
    label: str
    is_relative: bool
    what: str


class _Names:
    """The registers of a function that have names."""

    def __init__(self, function: str) -> None:
        self.function = function
        self.numbers: dict[str, int] = {}
        self.used: set[int] = set()

    def get(self, name: str) -> int:
        if name not in self.numbers:
            free = next((number for number in range(REGISTERS) if number not in self.used), None)
            if free is None:
                raise BuildError(f"there is no register left for {name!r}: {self._where()} uses all {REGISTERS}")
            self.numbers[name] = free
            self.used.add(free)
        return self.numbers[name]

    def check(self, name: str, what: str) -> None:
        if name not in self.numbers:
            known = f"; there are {', '.join(self.numbers)}" if self.numbers else ""
            raise BuildError(f"{what} is {name!r}, which names no register in {self._where()}{known}")

    def _where(self) -> str:
        return f"function {self.function!r}" if self.function else "the module"


class _Encoder:
    """Encodes the operands of one instruction."""

    def __init__(self, builder: ModuleBuilder, opcode: Opcode) -> None:
        self.builder = builder
        self.mnemonic = opcode.mnemonic
        self.fixups: list[_Fixup] = []

    def check_names(self, operand: Operand, value: Any) -> None:
        what = self.what(operand)
        registers: list[Any] = []
        if operand.role in (Role.IN, Role.INOUT, Role.OPTIONAL_IN):
            registers = [value]
        elif operand.role is Role.REGISTERS:
            registers = list(value)
        for register in registers:
            if isinstance(register, str):
                self.builder._names.check(register, what)

    def what(self, operand: Operand) -> str:
        return f"{self.mnemonic}: operand {operand.name}"

    def encode(self, operand: Operand, value: Any, position: int) -> bytes:
        role, what = operand.role, self.what(operand)
        layout = ROLE_LAYOUTS[role]
        if role in (Role.IN, Role.OUT, Role.INOUT, Role.TAGGED):
            return self.register(value, what, layout)
        if role is Role.OPTIONAL_IN:
            return (
                _pack(layout[0], 0, what)
                if value is None
                else _pack(layout[0], 1, what) + self.register(value, what, layout[1])
            )
        if role is Role.REGISTERS:
            registers = [self.register(register, what, layout[1]) for register in value]
            return self.count(registers, what, layout[0]) + b"".join(registers)
        if role is Role.CONSTANT:
            return _pack(layout, self.builder._pool.index(value), what)
        if role is Role.GLOBAL:
            return self.string(value, what, layout)
        if role is Role.TYPE:
            return _pack(layout, _member(TypeId, value, what), what)
        if role is Role.JUMP:
            return self.label(value, what, layout, position, is_relative=True)
        if role is Role.PHIS:
            return self.phis(value, what, layout, position)
        if role is Role.CHECK:
            return self.check(value, what, layout)
        return _pack(layout, value, what)

    def register(self, register: Any, what: str, layout: str) -> bytes:
        if isinstance(register, str):
            return _pack(layout, self.builder.register(register), what)
        if isinstance(register, bool) or not isinstance(register, int) or not 0 <= register < REGISTERS:
            raise BuildError(f"{what} is {register!r}; a register is 0 to {REGISTERS - 1}, or a name")
        self.builder._names.used.add(register)
        return _pack(layout, register, what)

    def count(self, items: Sequence[Any], what: str, layout: str) -> bytes:
        return _pack(layout, len(items), f"{what}: its length")

    def string(self, text: Any, what: str, layout: str) -> bytes:
        if not isinstance(text, str):
            raise BuildError(f"{what} is {text!r}, which is no str")
        return _pack(layout, self.builder._pool.index(text), what)

    def label(self, label: Any, what: str, layout: str, position: int, *, is_relative: bool) -> bytes:
        if isinstance(label, str):
            instruction = len(self.builder._instructions)
            self.fixups.append(_Fixup(instruction, position, layout, label, is_relative, what))
            return bytes(struct.calcsize(layout))
        return _pack(layout, label, what)

    def phis(self, sources: Iterable[tuple[Any, Any]], what: str, layout: str, position: int) -> bytes:
        sources = list(sources)
        encoded = self.count(sources, what, layout[0])
        for register, label in sources:
            encoded += self.register(register, what, layout[1])
            encoded += self.label(label, what, layout[2], position + len(encoded), is_relative=False)
        return encoded

    def check(self, check: tuple[Any, Any, Any, Any], what: str, layout: str) -> bytes:
        kind, message, least, most = check
        kind = _member(AssertKind, kind, what)
        encoded = _pack(layout[0], kind, what) + self.string(message, what, layout[1])
        if kind in RANGE_KINDS:
            if least is None or most is None:
                raise BuildError(f"{what} of kind {kind.name.lower()} needs least and most")
            return encoded + _pack(layout[2], least, what) + _pack(layout[3], most, what)
        if least is not None or most is not None:
            raise BuildError(f"{what} of kind {kind.name.lower()} takes no range")
        return encoded


def _member(kind: Any, value: Any, what: str) -> Any:
    """A member of an enum of the specification, by itself, its name or its number."""
    try:
        return kind[value.upper()] if isinstance(value, str) else kind(value)
    except (KeyError, ValueError):
        known = ", ".join(member.name.lower() for member in kind)
        raise BuildError(f"{what} is {value!r}; there are {known}") from None


def _pack(layout: str, number: Any, what: str) -> bytes:
    """Encodes a number; one out of range is an error."""
    if isinstance(number, bool) or not isinstance(number, int):
        raise BuildError(f"{what} is {number!r}, which is no int")
    try:
        return struct.pack(f"<{layout}", number)
    except struct.error:
        bits = 8 * struct.calcsize(layout)
        least, most = (0, 2**bits - 1) if layout.isupper() else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        raise BuildError(f"{what} is {number}, outside {least} to {most}") from None


class _Pool:
    """A constant pool. Two constants are one when they are encoded alike."""

    def __init__(self) -> None:
        self.indices: dict[bytes, int] = {}

    def index(self, value: Constant) -> int:
        encoded = _encode_constant(value)
        index = self.indices.setdefault(encoded, len(self.indices))
        if index >= MAX_CONSTANTS:
            del self.indices[encoded]
            raise BuildError(f"constant {value!r} is one more than the {MAX_CONSTANTS} that a module can have")
        return index

    def encode(self) -> bytes:
        return _u32(len(self.indices), "the number of constants") + b"".join(self.indices)


def _encode_constant(value: Constant) -> bytes:
    tag = _TAGS.get(type(value))
    if tag is None:
        raise BuildError(f"{value!r} is no constant: a constant is None, bool, int, float or str")
    layout, prefix = CONSTANT_LAYOUTS[tag], bytes([tag])
    if isinstance(value, str):
        return prefix + _encode_string(value)
    if isinstance(value, float):
        return prefix + struct.pack(f"<{layout}", value)
    return prefix if value is None else prefix + _pack(layout, int(value), f"constant {value!r}")


_TAGS: dict[type, ConstantTag] = {
    type(None): ConstantTag.EMPTY,
    bool: ConstantTag.BOOL,
    int: ConstantTag.INT,
    float: ConstantTag.FLOAT,
    str: ConstantTag.STRING,
}


def _u32(number: int, what: str) -> bytes:
    return _pack("I", number, what)


def _encode_string(text: str) -> bytes:
    try:
        encoded = text.encode()
    except UnicodeEncodeError:
        raise BuildError(f"{text!r} has a surrogate, which UTF-8 cannot encode") from None
    return _u32(len(encoded), "the length of a string") + encoded


def _encode(name: str, pool: _Pool, functions: dict[str, int], count: int, code: bytes) -> bytes:
    """The file, in the canonical layout."""
    table = b"".join(_encode_string(function) + _u32(entry, "an entry") for function, entry in functions.items())
    sections = {
        "name": _encode_string(name),
        "constants": pool.encode(),
        "functions": _u32(len(functions), "the number of functions") + table,
        "instructions": _u32(count, "the number of instructions") + code,
    }
    header = MAGIC + _u32(VERSION, "the version") + _u32(FLAGS, "the flags")
    offset = HEADER_BYTES
    for section in SECTIONS:
        header += _u32(offset, f"the offset of the {section}")
        offset += len(sections[section])
    return header + b"".join(sections[section] for section in SECTIONS)


# --- Linking ----------------------------------------------------------------------------------------------------------


class Chunk(NamedTuple):
    """A function that was compiled apart: its constants are numbered from 0, and so are the instructions that its phis name.

    >>> from machine_dialect_vm import Chunk, ModuleBuilder
    >>> builder = ModuleBuilder().load_const(0, 42).return_(0)
    >>> Chunk("answer", builder.code, [42])
    Chunk(name='answer', code=b'\\x00\\x00\\x00\\x00\\x1a\\x01\\x00', constants=[42], is_start=False)
    """

    name: str
    """The name of the function."""
    code: bytes
    """The instructions, encoded."""
    constants: Sequence[Constant] = ()
    """The constants that the instructions refer to."""
    is_start: bool = False
    """Whether execution starts here. Such a chunk comes first, and has no entry in the table of functions."""


def link(chunks: Iterable[Chunk], *, name: str = "") -> Module:
    """Joins functions that were compiled apart into a module.

    >>> from machine_dialect_vm import Chunk, ModuleBuilder, link, run
    >>> main = ModuleBuilder().load_const(0, "answer").call(0, 1).return_(1)
    >>> answer = ModuleBuilder().load_const(0, 42).return_(0)
    >>> module = link([Chunk("main", main.code, ["answer"], is_start=True), Chunk("answer", answer.code, [42])])
    >>> module.constants, module.functions, run(module).value
    (('answer', 42), {'answer': 3}, 42)

    Equal constants become one, and what refers to a constant refers to it in the common pool. Which operands those are is
    what the specification says of their roles. Raises ``BuildError`` where a chunk is no sequence of instructions or
    refers to a constant that it does not have, and ``LoadError`` where the module would not load.
    """
    from ._native import Module

    return Module.from_bytes(link_bytes(chunks, name=name))


def link_bytes(chunks: Iterable[Chunk], *, name: str = "") -> bytes:
    """Joins functions that were compiled apart into a file; like ``link``, without the checks of loading."""
    pool = _Pool()
    functions: dict[str, int] = {}
    code = bytearray()
    count = 0
    for chunk in sorted(chunks, key=lambda chunk: not chunk.is_start):
        if not chunk.is_start:
            if chunk.name in functions:
                raise BuildError(f"there are two functions {chunk.name!r}")
            functions[chunk.name] = count
        constants = [pool.index(constant) for constant in chunk.constants]
        linker = _Linker(chunk, constants, count)
        code += linker.code()
        count += linker.count
    return _encode(name, pool, functions, count, bytes(code))


class _Linker:
    """Reads the instructions of a chunk and writes them anew, for their place in the module."""

    def __init__(self, chunk: Chunk, constants: list[int], base: int) -> None:
        self.chunk = chunk
        self.constants = constants
        self.base = base
        self.count = 0
        self.position = 0
        self.out = bytearray()

    def code(self) -> bytes:
        while self.position < len(self.chunk.code):
            offset = self.position
            number = self.read("B", "an opcode")
            try:
                opcode = Opcode(number)
            except ValueError:
                raise BuildError(f"{self.where(offset)} has the unknown opcode {number}") from None
            self.out.append(opcode)
            for operand in opcode.operands:
                self.copy(operand, f"{self.where(offset)}, {opcode.mnemonic}: operand {operand.name}")
            self.count += 1
        return bytes(self.out)

    def where(self, offset: int) -> str:
        return f"chunk {self.chunk.name!r}, instruction {self.count} at byte {offset:#x}"

    def copy(self, operand: Operand, what: str) -> None:
        role = operand.role
        layout = ROLE_LAYOUTS[role]
        if role in (Role.CONSTANT, Role.GLOBAL):
            self.constant(layout, what)
        elif role is Role.CHECK:
            kind = self.number(layout[0], what)
            self.constant(layout[1], what)
            if kind in RANGE_KINDS:
                self.number(layout[2], what)
                self.number(layout[3], what)
        elif role is Role.OPTIONAL_IN:
            if self.number(layout[0], what):
                self.number(layout[1], what)
        elif role is Role.REGISTERS:
            for _ in range(self.number(layout[0], what)):
                self.number(layout[1], what)
        elif role is Role.PHIS:
            for _ in range(self.number(layout[0], what)):
                self.number(layout[1], what)
                label = self.read(layout[2], what)
                self.out += _pack(layout[2], label + self.base, f"{what}: a label")
        else:
            self.number(layout, what)

    def number(self, layout: str, what: str) -> int:
        """Copies a number."""
        number = self.read(layout, what)
        self.out += struct.pack(f"<{layout}", number)
        return number

    def constant(self, layout: str, what: str) -> None:
        index = self.read(layout, what)
        if index >= len(self.constants):
            raise BuildError(f"{what} is constant {index} of {len(self.constants)}")
        self.out += _pack(layout, self.constants[index], what)

    def read(self, layout: str, what: str) -> int:
        size = struct.calcsize(f"<{layout}")
        taken = self.chunk.code[self.position : self.position + size]
        if len(taken) < size:
            raise BuildError(f"{what} is cut off: the chunk ends at byte {len(self.chunk.code):#x}")
        self.position += size
        [number] = struct.unpack(f"<{layout}", taken)
        return int(number)
