"""What a register can hold, and what values have in common: type, truth, equality, order and text.

Empty, bool, int and float are Python's `None`, `bool`, `int` and `float`. Mind that `True` is an `int` to Python and
not to the machine: compare with `type(value) is int`, never with `isinstance`.

Strings, arrays and dicts are objects that several places may share. `owners` counts those places (registers, globals,
elements, entries), because the cost model and copy-on-write both depend on it; `memory.py` keeps the count.

Values may be nested a million deep, and may share their parts so that 64 arrays stand for 2^64 elements. So nothing
here recurses, and nothing visits a shared part more often than it must.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from fractions import Fraction
from types import NoneType
from typing import Any

from ._tables import COSTS

Value = Any


class String:
    """Immutable text. `size` is its length in UTF-8 bytes; `cost` is 0 for a constant, which belongs to the module."""

    __slots__ = ("text", "size", "cost", "owners")

    def __init__(self, text: str, size: int | None = None, is_constant: bool = False):
        self.text = text
        self.size = utf8_size(text) if size is None else size
        self.cost = 0 if is_constant else COSTS["string"] + self.size
        self.owners = 0


class Array:
    __slots__ = ("elements", "owners")

    def __init__(self, elements: list[Value]):
        self.elements = elements
        self.owners = 0

    @property
    def cost(self) -> int:
        return COSTS["array"] + COSTS["element"] * len(self.elements)


class Dict:
    """Entries in the order in which their keys were first set: the key's text -> the key itself, the value."""

    __slots__ = ("entries", "owners")

    def __init__(self, entries: dict[str, tuple[String, Value]]):
        self.entries = entries
        self.owners = 0

    @property
    def cost(self) -> int:
        return COSTS["dict"] + COSTS["entry"] * len(self.entries)


class Function:
    """Names a function of the module that runs."""

    __slots__ = ("name",)

    def __init__(self, name: str):
        self.name = name


class Url:
    __slots__ = ("text",)

    def __init__(self, text: str):
        self.text = text


# Python class -> name of the type.
TYPE_NAMES = {
    NoneType: "empty",
    bool: "bool",
    int: "int",
    float: "float",
    String: "string",
    Function: "function",
    Url: "url",
    Array: "array",
    Dict: "dict",
}

# The types whose values have owners and a cost.
OBJECTS = frozenset({String, Array, Dict})

CONTAINERS = frozenset({Array, Dict})


def type_of(value: Value) -> str:
    """The name of the value's type."""
    return TYPE_NAMES[type(value)]


def truthy(value: Value) -> bool:
    """Whether the value counts as true: all do but empty, false, 0, 0.0, NaN, and what has no bytes or parts."""
    kind = type(value)
    if kind is bool:
        return value
    if kind is int:
        return value != 0
    if kind is float:
        return value != 0.0 and not math.isnan(value)
    if kind is String or kind is Url:
        return value.text != ""
    if kind is Array:
        return bool(value.elements)
    if kind is Dict:
        return bool(value.entries)
    return kind is Function


def utf8_size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def parts(value: Value) -> Iterable[Value]:
    """The elements of an array, the values of a dict; of anything else nothing."""
    kind = type(value)
    if kind is Array:
        return value.elements
    if kind is Dict:
        return [part for _key, part in value.entries.values()]
    return ()


# --- Equality -------------------------------------------------------------------------------------------------------


def equal(left: Value, right: Value) -> bool:
    """Whether two values are equal: by type, an int with a float as floats, deep, NaN unequal to everything."""
    if type(left) not in CONTAINERS:
        return _equal_scalars(left, right)
    answer, rounded = _equal_containers(left, right, _Classes())
    if answer and rounded:
        # 2^53 and 2^53 + 1 both equal 2.0^53 but not each other: once an int was rounded to compare it with a float,
        # it does not follow from a == b and b == c that a == c. Then each pair has to be compared by itself.
        answer, rounded = _equal_containers(left, right, _Pairs())
    return answer


def _equal_scalars(left: Value, right: Value) -> bool:
    """Equality of two values of which one is no container."""
    kind = type(left)
    if kind is not type(right):
        return _are_int_and_float(left, right) and float(left) == float(right)
    if kind is String or kind is Url:
        return left.text == right.text
    if kind is Function:
        return left.name == right.name
    return left == right


def _are_int_and_float(left: Value, right: Value) -> bool:
    return {type(left), type(right)} == {int, float}


def _equal_containers(left: Value, right: Value, seen: _Classes | _Pairs) -> tuple[bool, bool]:
    """Whether they are equal, and whether an int had to be rounded to find out.

    A pair of containers is taken for equal from the moment it is met: if it is not, its own parts will tell.
    """
    rounded = False
    pending = [(left, right)]
    while pending:
        left, right = pending.pop()
        if type(left) is Array and type(right) is Array:
            if len(left.elements) != len(right.elements):
                return False, rounded
            if not seen.before(left, right):
                pending.extend(zip(left.elements, right.elements))
        elif type(left) is Dict and type(right) is Dict:
            if left.entries.keys() != right.entries.keys():
                return False, rounded
            if not seen.before(left, right):
                pending.extend((value, right.entries[key][1]) for key, (_key, value) in left.entries.items())
        elif _equal_scalars(left, right):
            rounded |= type(left) is not type(right) and left != right
        else:
            return False, rounded
    return True, rounded


class _Classes:
    """Containers met so far, in classes of equal ones: there are no more classes than containers, however shared."""

    def __init__(self):
        self.parents: dict[int, int] = {}

    def before(self, left: Value, right: Value) -> bool:
        """Whether it was known that the two are equal; from now on it is."""
        # A container that was never compared may hold a NaN, which makes it unequal even to itself.
        known = id(left) in self.parents and id(right) in self.parents
        left, right = self.root(id(left)), self.root(id(right))
        self.parents[left] = right
        return known and left == right

    def root(self, member: int) -> int:
        parent = self.parents.setdefault(member, member)
        while parent != member:
            self.parents[member] = self.parents[parent]
            member, parent = parent, self.parents[parent]
        return member


class _Pairs:
    """Pairs of containers met so far."""

    def __init__(self):
        self.met: set[tuple[int, int]] = set()

    def before(self, left: Value, right: Value) -> bool:
        pair = (id(left), id(right))
        known = pair in self.met
        self.met.add(pair)
        return known


# --- Text -----------------------------------------------------------------------------------------------------------


def text(value: Value) -> str:
    """The text form that casts, joins and prints use. Ask `text_size` first: it may be longer than memory."""
    return _scalar_text(value) if type(value) not in CONTAINERS else "".join(text_pieces(value))


def text_size(value: Value) -> int:
    """How many UTF-8 bytes the text form has, without making it; see `measure`."""
    return measure(value, _scalar_text_size, _brackets_size)


def text_pieces(value: Value) -> Iterator[str]:
    """The text form, piece by piece, so that whoever wants only its beginning pays for no more."""
    pending = [iter((("", value),))]
    closing = [""]
    while pending:
        before, value = next(pending[-1], (None, None))
        if before is None:
            pending.pop()
            yield closing.pop()
            continue
        yield before
        if type(value) is Array:
            yield "["
            pending.append(_labelled(("", element) for element in value.elements))
            closing.append("]")
        elif type(value) is Dict:
            yield "{"
            pending.append(_labelled((f"{key}: ", part) for key, (_key, part) in value.entries.items()))
            closing.append("}")
        else:
            yield _scalar_text(value)


def _labelled(labels: Iterable[tuple[str, Value]]) -> Iterator[tuple[str, Value]]:
    """Puts a comma before each label but the first."""
    comma = ""
    for label, value in labels:
        yield comma + label, value
        comma = ", "


def _scalar_text(value: Value) -> str:
    kind = type(value)
    if kind is String or kind is Url:
        return value.text
    if kind is int:
        return str(value)
    if kind is float:
        return float_text(value)
    if kind is bool:
        return "true" if value else "false"
    if kind is Function:
        return f"function<{value.name}>"
    return "empty"


def float_text(number: float) -> str:
    """The fewest digits that read back as the same float, never with an exponent, and no `.0` on a whole number.

    Of two texts that are equally near, it is the one farther from zero; `repr` gives the one whose last digit is even.
    """
    if math.isnan(number):
        return "NaN"
    digits = repr(number)
    if math.isinf(number):
        return digits
    # Two texts of fewer digits do not lie so near to one another that both read back as the same float.
    if len(digits) >= 16:
        farther = _farther_from_zero(Decimal(digits))
        is_tie = 2 * Fraction(number) == Fraction(digits) + Fraction(farther)
        if is_tie and float(farther) == number:
            digits = str(farther)
    if "e" in digits.lower():
        digits = format(Decimal(digits), "f")
    return digits.removesuffix(".0")


def _farther_from_zero(decimal: Decimal) -> Decimal:
    """The next decimal of as many digits."""
    sign, _digits, exponent = decimal.as_tuple()
    return decimal + Decimal((sign, (1,), exponent))


def _scalar_text_size(value: Value) -> int:
    return value.size if type(value) is String else utf8_size(_scalar_text(value))


def _brackets_size(container: Value) -> int:
    """Of an array or a dict, the bytes that are not those of its parts: brackets, commas, keys and colons."""
    if type(container) is Array:
        return len("[]") + len(", ") * max(len(container.elements) - 1, 0)
    keys = sum(key.size + len(": ") for key, _value in container.entries.values())
    return len("{}") + keys + len(", ") * max(len(container.entries) - 1, 0)


# --- Measuring ------------------------------------------------------------------------------------------------------

# No size that anyone can hold is greater. Without a cap, a million levels of `[x, x]` would measure 2^1000000.
CAP = 1 << 63


def measure(value: Value, of_scalar: Callable[[Value], int], of_container: Callable[[Value], int]) -> int:
    """The sum of `of_scalar` and `of_container` over a value and all its parts, but never more than `CAP`.

    A shared part counts as often as it stands there. Still each container is added up once, its parts before it.
    """
    if type(value) not in CONTAINERS:
        return of_scalar(value)
    sums: dict[int, int] = {}
    pending = [value]
    while pending:
        container = pending[-1]
        inner = [part for part in parts(container) if type(part) in CONTAINERS and id(part) not in sums]
        if inner:
            pending.extend(inner)
            continue
        pending.pop()
        if id(container) not in sums:
            of_parts = sum(sums[id(part)] if type(part) in CONTAINERS else of_scalar(part) for part in parts(container))
            sums[id(container)] = min(of_container(container) + of_parts, CAP)
    return sums[id(value)]
