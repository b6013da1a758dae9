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
    INOUT = "inout"
    """A register that holds an array or a dict, which is changed where it stands; that counts as a write; in assembly `r0`."""
    TAGGED = "tagged"
    """A register whose type tag is set while its value stays; in assembly `r0`."""
    OPTIONAL_IN = "optional_in"
    """A presence byte, then a register that is read; in assembly `r0, or nothing`."""
    REGISTERS = "registers"
    """A count, then that many registers that are read; in assembly `(r0, r1)`."""
    CONSTANT = "constant"
    """An index into the constant pool, of any kind; in assembly `5, 1.5, "s", true or empty`."""
    GLOBAL = "global"
    """An index into the constant pool, of kind string, that names a global variable; in assembly `"name"`."""
    TYPE = "type"
    """A type id of `values.yaml`; in assembly `int`."""
    JUMP = "jump"
    """A jump offset in instructions, relative to the next instruction; in assembly `label`."""
    PHIS = "phis"
    """A count, then pairs of a register that is read and the index of the instruction that ran before; in assembly `[r0: label, r1: label]`."""
    CHECK = "check"
    """An assert kind of `values.yaml`, the index of a string constant, and for a range its two inclusive ends; in assembly `kind, "message", min, max`."""
    SCOPE = "scope"
    """A scope number, of no meaning to the machine; in assembly `7`."""


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
    >>> Opcode(49)
    <Opcode.DICT_LEN: 49>
    >>> Opcode.DICT_LEN.mnemonic, Opcode.DICT_LEN.summary
    ('dict_len', 'r[dst] = number of entries of r[dict]')
    """

    LOAD_CONST = 0
    """r[dst] = k[constant]"""
    MOVE = 1
    """r[dst] = r[src]"""
    LOAD_GLOBAL = 2
    """r[dst] = globals[k[name]], or empty if there is none"""
    STORE_GLOBAL = 3
    """globals[k[name]] = r[src]"""
    DEFINE = 4
    """tag[dst] = type; the value of r[dst] stays"""
    CHECK_TYPE = 5
    """r[dst] = (tag[src] == type)"""
    CAST = 6
    """r[dst] = r[src] as type"""
    ADD = 7
    """r[dst] = r[left] + r[right]; numbers add, strings join"""
    SUB = 8
    """r[dst] = r[left] - r[right]"""
    MUL = 9
    """r[dst] = r[left] * r[right]"""
    DIV = 10
    """r[dst] = r[left] / r[right]; int division truncates toward zero"""
    MOD = 11
    """r[dst] = r[left] % r[right]; the remainder has the sign of the dividend"""
    NEG = 12
    """r[dst] = -r[src]"""
    NOT = 13
    """r[dst] = not truthy(r[src])"""
    AND = 14
    """r[dst] = truthy(r[left]) and truthy(r[right])"""
    OR = 15
    """r[dst] = truthy(r[left]) or truthy(r[right])"""
    EQ = 16
    """r[dst] = (r[left] == r[right])"""
    NEQ = 17
    """r[dst] = not (r[left] == r[right])"""
    LT = 18
    """r[dst] = (r[left] < r[right])"""
    GT = 19
    """r[dst] = (r[left] > r[right])"""
    LTE = 20
    """r[dst] = (r[left] <= r[right])"""
    GTE = 21
    """r[dst] = (r[left] >= r[right])"""
    JUMP = 22
    """pc = offset"""
    JUMP_IF = 23
    """if truthy(r[cond]), pc = offset"""
    JUMP_IF_NOT = 24
    """if not truthy(r[cond]), pc = offset"""
    CALL = 25
    """r[dst] = r[func](r[args]...)"""
    RETURN = 26
    """return r[src], or return without a value"""
    PHI = 27
    """r[dst] = the register of the first pair whose label is the instruction that ran before the run of phis"""
    ASSERT = 28
    """fail with the message unless r[reg] passes the check"""
    SCOPE_ENTER = 29
    """open a scope in this frame, for debuggers"""
    SCOPE_EXIT = 30
    """close a scope in this frame, for debuggers"""
    CONCAT_STR = 31
    """r[dst] = text(r[left]) joined with text(r[right])"""
    STR_LEN = 32
    """r[dst] = length of r[str] in UTF-8 bytes"""
    NEW_ARRAY = 33
    """r[dst] = an array of r[size] empties"""
    ARRAY_GET = 34
    """r[dst] = r[array][r[index]]"""
    ARRAY_SET = 35
    """r[array][r[index]] = r[value]; at index == length it appends"""
    ARRAY_LEN = 36
    """r[dst] = number of elements of r[array]"""
    DEBUG_PRINT = 37
    """print text(r[src]) and a newline; empty prints nothing at all"""
    BREAK_POINT = 38
    """a place where a debugger may stop; otherwise nothing"""
    HALT = 39
    """end the program; its result is empty"""
    NOP = 40
    """do nothing"""
    DICT_NEW = 41
    """r[dst] = a dict without entries"""
    DICT_GET = 42
    """r[dst] = r[dict][r[key]], or empty if there is none"""
    DICT_SET = 43
    """r[dict][r[key]] = r[value]; a new key comes last"""
    DICT_REMOVE = 44
    """remove r[key] from r[dict], if it is there; the others keep their order"""
    DICT_CONTAINS = 45
    """r[dst] = whether r[dict] has the key r[key]"""
    DICT_KEYS = 46
    """r[dst] = an array of the keys of r[dict], in order"""
    DICT_VALUES = 47
    """r[dst] = an array of the values of r[dict], in the order of their keys"""
    DICT_CLEAR = 48
    """remove every entry of r[dict]"""
    DICT_LEN = 49
    """r[dst] = number of entries of r[dict]"""

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
    1: ("r[dst] = r[src]", (Operand("dst", Role.OUT), Operand("src", Role.IN)), ()),
    2: ("r[dst] = globals[k[name]], or empty if there is none", (Operand("dst", Role.OUT), Operand("name", Role.GLOBAL)), ()),
    3: ("globals[k[name]] = r[src]", (Operand("src", Role.IN), Operand("name", Role.GLOBAL)), ()),
    4: ("tag[dst] = type; the value of r[dst] stays", (Operand("dst", Role.TAGGED), Operand("type", Role.TYPE)), ()),
    5: ("r[dst] = (tag[src] == type)", (Operand("dst", Role.OUT), Operand("src", Role.IN), Operand("type", Role.TYPE)), ()),
    6: ("r[dst] = r[src] as type", (Operand("dst", Role.OUT), Operand("src", Role.IN), Operand("type", Role.TYPE)), ("TypeMismatch", "OutOfMemory")),
    7: ("r[dst] = r[left] + r[right]; numbers add, strings join", (Operand("dst", Role.OUT), Operand("left", Role.IN), Operand("right", Role.IN)), ("TypeMismatch", "IntegerOverflow", "OutOfMemory")),
    8: ("r[dst] = r[left] - r[right]", (Operand("dst", Role.OUT), Operand("left", Role.IN), Operand("right", Role.IN)), ("TypeMismatch", "IntegerOverflow")),
    9: ("r[dst] = r[left] * r[right]", (Operand("dst", Role.OUT), Operand("left", Role.IN), Operand("right", Role.IN)), ("TypeMismatch", "IntegerOverflow")),
    10: ("r[dst] = r[left] / r[right]; int division truncates toward zero", (Operand("dst", Role.OUT), Operand("left", Role.IN), Operand("right", Role.IN)), ("DivisionByZero", "TypeMismatch", "IntegerOverflow")),
    11: ("r[dst] = r[left] % r[right]; the remainder has the sign of the dividend", (Operand("dst", Role.OUT), Operand("left", Role.IN), Operand("right", Role.IN)), ("DivisionByZero", "TypeMismatch", "IntegerOverflow")),
    12: ("r[dst] = -r[src]", (Operand("dst", Role.OUT), Operand("src", Role.IN)), ("InvalidOperation", "IntegerOverflow")),
    13: ("r[dst] = not truthy(r[src])", (Operand("dst", Role.OUT), Operand("src", Role.IN)), ()),
    14: ("r[dst] = truthy(r[left]) and truthy(r[right])", (Operand("dst", Role.OUT), Operand("left", Role.IN), Operand("right", Role.IN)), ()),
    15: ("r[dst] = truthy(r[left]) or truthy(r[right])", (Operand("dst", Role.OUT), Operand("left", Role.IN), Operand("right", Role.IN)), ()),
    16: ("r[dst] = (r[left] == r[right])", (Operand("dst", Role.OUT), Operand("left", Role.IN), Operand("right", Role.IN)), ()),
    17: ("r[dst] = not (r[left] == r[right])", (Operand("dst", Role.OUT), Operand("left", Role.IN), Operand("right", Role.IN)), ()),
    18: ("r[dst] = (r[left] < r[right])", (Operand("dst", Role.OUT), Operand("left", Role.IN), Operand("right", Role.IN)), ("InvalidComparison",)),
    19: ("r[dst] = (r[left] > r[right])", (Operand("dst", Role.OUT), Operand("left", Role.IN), Operand("right", Role.IN)), ("InvalidComparison",)),
    20: ("r[dst] = (r[left] <= r[right])", (Operand("dst", Role.OUT), Operand("left", Role.IN), Operand("right", Role.IN)), ("InvalidComparison",)),
    21: ("r[dst] = (r[left] >= r[right])", (Operand("dst", Role.OUT), Operand("left", Role.IN), Operand("right", Role.IN)), ("InvalidComparison",)),
    22: ("pc = offset", (Operand("offset", Role.JUMP),), ()),
    23: ("if truthy(r[cond]), pc = offset", (Operand("cond", Role.IN), Operand("offset", Role.JUMP)), ()),
    24: ("if not truthy(r[cond]), pc = offset", (Operand("cond", Role.IN), Operand("offset", Role.JUMP)), ()),
    25: ("r[dst] = r[func](r[args]...)", (Operand("func", Role.IN), Operand("dst", Role.OUT), Operand("args", Role.REGISTERS)), ("UndefinedFunction", "StackOverflow", "OutOfMemory")),
    26: ("return r[src], or return without a value", (Operand("src", Role.OPTIONAL_IN),), ()),
    27: ("r[dst] = the register of the first pair whose label is the instruction that ran before the run of phis", (Operand("dst", Role.OUT), Operand("sources", Role.PHIS)), ()),
    28: ("fail with the message unless r[reg] passes the check", (Operand("reg", Role.IN), Operand("check", Role.CHECK)), ("AssertionFailed",)),
    29: ("open a scope in this frame, for debuggers", (Operand("scope", Role.SCOPE),), ()),
    30: ("close a scope in this frame, for debuggers", (Operand("scope", Role.SCOPE),), ()),
    31: ("r[dst] = text(r[left]) joined with text(r[right])", (Operand("dst", Role.OUT), Operand("left", Role.IN), Operand("right", Role.IN)), ("OutOfMemory",)),
    32: ("r[dst] = length of r[str] in UTF-8 bytes", (Operand("dst", Role.OUT), Operand("str", Role.IN)), ("TypeMismatch",)),
    33: ("r[dst] = an array of r[size] empties", (Operand("dst", Role.OUT), Operand("size", Role.IN)), ("TypeMismatch", "InvalidOperation", "OutOfMemory")),
    34: ("r[dst] = r[array][r[index]]", (Operand("dst", Role.OUT), Operand("array", Role.IN), Operand("index", Role.IN)), ("TypeMismatch", "IndexOutOfBounds")),
    35: ("r[array][r[index]] = r[value]; at index == length it appends", (Operand("array", Role.INOUT), Operand("index", Role.IN), Operand("value", Role.IN)), ("TypeMismatch", "IndexOutOfBounds", "OutOfMemory")),
    36: ("r[dst] = number of elements of r[array]", (Operand("dst", Role.OUT), Operand("array", Role.IN)), ("TypeMismatch",)),
    37: ("print text(r[src]) and a newline; empty prints nothing at all", (Operand("src", Role.IN),), ("OutOfMemory", "OutputLimitExceeded")),
    38: ("a place where a debugger may stop; otherwise nothing", (), ()),
    39: ("end the program; its result is empty", (), ()),
    40: ("do nothing", (), ()),
    41: ("r[dst] = a dict without entries", (Operand("dst", Role.OUT),), ("OutOfMemory",)),
    42: ("r[dst] = r[dict][r[key]], or empty if there is none", (Operand("dst", Role.OUT), Operand("dict", Role.IN), Operand("key", Role.IN)), ("TypeMismatch",)),
    43: ("r[dict][r[key]] = r[value]; a new key comes last", (Operand("dict", Role.INOUT), Operand("key", Role.IN), Operand("value", Role.IN)), ("TypeMismatch", "OutOfMemory")),
    44: ("remove r[key] from r[dict], if it is there; the others keep their order", (Operand("dict", Role.INOUT), Operand("key", Role.IN)), ("TypeMismatch", "OutOfMemory")),
    45: ("r[dst] = whether r[dict] has the key r[key]", (Operand("dst", Role.OUT), Operand("dict", Role.IN), Operand("key", Role.IN)), ("TypeMismatch",)),
    46: ("r[dst] = an array of the keys of r[dict], in order", (Operand("dst", Role.OUT), Operand("dict", Role.IN)), ("TypeMismatch", "OutOfMemory")),
    47: ("r[dst] = an array of the values of r[dict], in the order of their keys", (Operand("dst", Role.OUT), Operand("dict", Role.IN)), ("TypeMismatch", "OutOfMemory")),
    48: ("remove every entry of r[dict]", (Operand("dict", Role.INOUT),), ("TypeMismatch", "OutOfMemory")),
    49: ("r[dst] = number of entries of r[dict]", (Operand("dst", Role.OUT), Operand("dict", Role.IN)), ("TypeMismatch",)),
}


class TypeId(IntEnum):
    """A type of the language, as instructions encode it.

    >>> from machine_dialect_vm import TypeId
    >>> TypeId(8)
    <TypeId.DICT: 8>
    """

    EMPTY = 0
    """`None` in Python."""
    BOOL = 1
    """`bool` in Python."""
    INT = 2
    """`int` in Python. 64 bits, two's complement."""
    FLOAT = 3
    """`float` in Python. IEEE 754 binary64. The text of every NaN is `NaN`, whatever its sign; an outcome writes the special ones as `nan`, `inf`, `-inf`, `-0`."""
    STRING = 4
    """`str` in Python. Immutable UTF-8."""
    FUNCTION = 5
    """`Function` in Python. Names a function of the module that runs. No instruction makes one; the host may pass one in as a global."""
    URL = 6
    """`Url` in Python. No instruction makes one; the host may pass one in as a global."""
    ARRAY = 7
    """`list` in Python. A value; a copy never sees a later write to the original."""
    DICT = 8
    """`dict` in Python. A value, like an array. Keys are strings; entries stand in the order in which their keys were first set."""


class AssertKind(IntEnum):
    """What an assertion checks.

    >>> from machine_dialect_vm import AssertKind
    >>> AssertKind(2)
    <AssertKind.INT_RANGE: 2>
    """

    TRUE = 0
    """It passes when the value is truthy."""
    NON_EMPTY = 1
    """It passes when the value is not of type empty."""
    INT_RANGE = 2
    """It passes when the value is an int and min <= value <= max."""


class ConstantTag(IntEnum):
    """The first byte of a constant in the pool.

    >>> from machine_dialect_vm.builder import ConstantTag
    >>> ConstantTag(5)
    <ConstantTag.EMPTY: 5>
    """

    INT = 1
    """A tag byte, then: i64."""
    FLOAT = 2
    """A tag byte, then: f64."""
    STRING = 3
    """A tag byte, then: string."""
    BOOL = 4
    """A tag byte, then: u8."""
    EMPTY = 5
    """A tag byte, then: nothing."""


class Limits(TypedDict, total=False):
    """The limits of a run; ``None`` is no limit, and what is left out has its default.

    >>> from machine_dialect_vm import Limits, Module, run
    >>> run(Module.assemble("halt"), limits=Limits(max_steps=1)).steps
    1
    """

    max_steps: int | None
    """In instructions; by default no limit. Beyond it the run ends with `StepLimitExceeded`."""
    max_call_depth: int | None
    """In calls; by default 1000. Beyond it the run ends with `StackOverflow`."""
    max_memory: int | None
    """In bytes; by default 1073741824. Beyond it the run ends with `OutOfMemory`."""
    max_output: int | None
    """In bytes; by default no limit. Beyond it the run ends with `OutputLimitExceeded`."""


# How many registers an instruction can name.
REGISTERS = 256

# The first bytes of a module.
MAGIC = b"MDBC"

# The version and the flags that follow them.
VERSION = 1
FLAGS = 1

# The size of the header, and the sections that it has an offset for, in the order of the canonical layout.
HEADER_BYTES = 28
SECTIONS = ("name", "constants", "functions", "instructions")

# Execution starts here, where there is a function of this name.
ENTRY_FUNCTION = "main"

# The extension of a module's source map, its first bytes and its version.
SOURCE_MAP_EXTENSION = ".mdbm"
SOURCE_MAP_MAGIC = b"MDBM"
SOURCE_MAP_VERSION = 1

# The most constants of a module.
MAX_CONSTANTS = 65536

# How an operand of each role is encoded, as `struct` names it; what may repeat or be missing stands once.
ROLE_LAYOUTS = {
    Role.IN: "B",
    Role.OUT: "B",
    Role.INOUT: "B",
    Role.TAGGED: "B",
    Role.OPTIONAL_IN: "BB",
    Role.REGISTERS: "BB",
    Role.CONSTANT: "H",
    Role.GLOBAL: "H",
    Role.TYPE: "H",
    Role.JUMP: "i",
    Role.PHIS: "BBH",
    Role.CHECK: "BHqq",
    Role.SCOPE: "H",
}

# How the payload of a constant is encoded, as `struct` names it; that of a string is its own.
CONSTANT_LAYOUTS = {
    ConstantTag.INT: "q",
    ConstantTag.FLOAT: "d",
    ConstantTag.STRING: "",
    ConstantTag.BOOL: "B",
    ConstantTag.EMPTY: "",
}

# The kinds of assertion that two ends of a range follow.
RANGE_KINDS = frozenset([AssertKind.INT_RANGE])
