# Generated from spec/isa.yaml, spec/values.yaml and spec/format.yaml by "cargo run -p mdvm-spec -- write". Do not edit.
"""What the specification declares: opcodes and their operands, types, kinds of assertion, limits and layouts."""

from __future__ import annotations

from enum import Enum, IntEnum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple, TypedDict
else:
    from ._light import NamedTuple, TypedDict


class Role(Enum):
    """What an operand can be.

    >>> from machine_dialect_vm import Opcode, Role
    >>> Opcode.LOAD_CONST.operands[0].role is Role.OUT
    True
    """

    IN = "in"
    """A register that is read; in assembly `r0`."""
    OUT = "out"
    """A register that is written; in assembly `r0`."""
    CONSTANT = "constant"
    """An index into the constant pool; in assembly `5`."""


class Operand(NamedTuple):
    """An operand of an opcode.

    >>> from machine_dialect_vm import Opcode
    >>> [operand.name for operand in Opcode.LOAD_CONST.operands]
    ['dst', 'constant']
    """

    name: str
    """Its name."""
    role: Role
    """What it can be."""


class Opcode(IntEnum):
    """The first byte of an instruction.

    >>> from machine_dialect_vm import Opcode
    >>> Opcode(2)
    <Opcode.HALT: 2>
    >>> Opcode.HALT.mnemonic, Opcode.HALT.summary
    ('halt', 'end the program')
    """

    LOAD_CONST = 0
    """r[dst] = k[constant]"""
    DOUBLE = 1
    """r[dst] = r[src] twice"""
    HALT = 2
    """end the program"""

    @property
    def mnemonic(self) -> str:
        """The name in assembly, as in ``load_const``."""
        return self.name.lower()

    @property
    def summary(self) -> str:
        """What it does, in one line."""
        return _OPCODES[self][0]

    @property
    def operands(self) -> tuple[Operand, ...]:
        """The operands, in byte order."""
        return _OPCODES[self][1]

    @property
    def errors(self) -> tuple[str, ...]:
        """The kinds of error it can give, apart from limits that bind every instruction."""
        return _OPCODES[self][2]


# Opcode -> summary, operands, errors.
_OPCODES: dict[int, tuple[str, tuple[Operand, ...], tuple[str, ...]]] = {
    0: ("r[dst] = k[constant]", (Operand("dst", Role.OUT), Operand("constant", Role.CONSTANT)), ()),
    1: ("r[dst] = r[src] twice", (Operand("dst", Role.OUT), Operand("src", Role.IN)), ("TypeMismatch", "OutOfMemory")),
    2: ("end the program", (), ()),
}


class TypeId(IntEnum):
    """A type of the language, as instructions encode it.

    >>> from machine_dialect_vm import TypeId
    >>> TypeId(1)
    <TypeId.INT: 1>
    """

    EMPTY = 0
    """`None` in Python."""
    INT = 1
    """`int` in Python."""


class AssertKind(IntEnum):
    """What an assertion checks.

    >>> from machine_dialect_vm import AssertKind
    >>> AssertKind(0)
    <AssertKind.TRUE: 0>
    """

    TRUE = 0
    """It passes when the value is truthy."""


class ConstantTag(IntEnum):
    """The first byte of a constant in the pool.

    >>> from machine_dialect_vm.builder import ConstantTag
    >>> ConstantTag(1)
    <ConstantTag.INT: 1>
    """

    INT = 1
    """A tag byte, then: i64."""


class Limits(TypedDict, total=False):
    """The limits of a run; ``None`` is no limit, and what is left out has its default.

    >>> from machine_dialect_vm import Limits, Module, run
    >>> run(Module.assemble("halt"), limits=Limits(max_steps=1)).steps
    1
    """

    max_steps: int | None
    """In instructions; by default no limit. Beyond it the run ends with `OutOfMemory`."""
    max_memory: int | None
    """In bytes; by default 1024. Beyond it the run ends with `OutOfMemory`."""


# How many registers an instruction can name.
REGISTERS = 4

# The first bytes of a module.
MAGIC = b"TOYS"

# The version and the flags that follow them.
VERSION = 1
FLAGS = 1

# The size of the header, and the sections that it has an offset for, in the order of the canonical layout.
HEADER_BYTES = 4
SECTIONS = ("constants",)

# Execution starts here, where there is a function of this name.
ENTRY_FUNCTION = "main"

# The extension of a module's source map, its first bytes and its version.
SOURCE_MAP_EXTENSION = ".toym"
SOURCE_MAP_MAGIC = b"TOYM"
SOURCE_MAP_VERSION = 1

# The most constants of a module.
MAX_CONSTANTS = 65536

# How an operand of each role is encoded, as `struct` names it; what may repeat or be missing stands once.
ROLE_LAYOUTS = {
    Role.IN: "B",
    Role.OUT: "B",
    Role.CONSTANT: "H",
}

# How the payload of a constant is encoded, as `struct` names it; that of a string is its own.
CONSTANT_LAYOUTS = {
    ConstantTag.INT: "q",
}

# The kinds of assertion that two ends of a range follow.
RANGE_KINDS = frozenset([])
