"""What the operators and statements mean that no single instruction of the machine does; the others are `operations`.

A function here takes values and gives a value or fails with a `Fault`; where that stands in the source is for
`evaluator.py` to say. What changes a list gives the changed list, which is the same one where nobody else has it.
"""

from __future__ import annotations

from .. import operations
from .._tables import COSTS
from ..errors import Fault
from ..memory import Memory, hold
from ..operations import NUMBERS
from ..values import Dict, Value, equal, type_of

# --- Operators ------------------------------------------------------------------------------------------------------


def strictly_equal(left: Value, right: Value) -> bool:
    """Equal, and both whole numbers or both floats where they are numbers (rule Strict)."""
    are_numbers = type(left) in NUMBERS and type(right) in NUMBERS
    return equal(left, right) and (type(left) is type(right) or not are_numbers)


def strictly_unequal(left: Value, right: Value) -> bool:
    return not strictly_equal(left, right)


def power(left: Value, right: Value) -> Value:
    """left ^ right for a whole right (rule Power)."""
    if type(left) not in NUMBERS or type(right) not in NUMBERS:
        raise Fault("OperandTypes", expected="numeric", left=type_of(left), right=type_of(right))
    if type(right) is float:
        left, right = float(left), operations.cast(None, right, "int")
    if right >= 0:
        return _by_squaring(left, right)
    return operations.div(1.0, _by_squaring(float(left), operations.neg(right)))


def _by_squaring(base: Value, exponent: int) -> Value:
    result: Value = 1.0 if type(base) is float else 1
    while exponent != 0:
        if exponent % 2 == 1:
            result = operations.mul(result, base)
        exponent //= 2
        if exponent != 0:
            base = operations.mul(base, base)
    return result


# --- Lists ----------------------------------------------------------------------------------------------------------


def add(memory: Memory, list: Value, item: Value) -> Value:
    """Appends an item (rule Adding)."""
    return operations.array_set(memory, list, operations.array_len(list), item)


def insert(memory: Memory, list: Value, item: Value, position: Value) -> Value:
    """Puts an item at a position, from 1 to one past the end (rule ListEdges)."""
    index = operations.sub(position, 1)
    _expect_place(list, index)
    if not 0 <= index <= len(list.elements):
        raise Fault("IndexOutOfBounds", index=index, length=len(list.elements))
    list = memory.writable(list, COSTS["element"], item)
    list.elements.insert(index, item)
    hold(item)
    return list


def remove(memory: Memory, list: Value, item: Value) -> Value:
    """Takes the first equal item out of a list; for a named list it is `dict_remove` (rule Removing)."""
    for index in range(operations.array_len(list)):
        if equal(list.elements[index], item):
            return remove_item(memory, list, index)
    return list


def remove_item(memory: Memory, list: Value, index: Value) -> Value:
    """Takes out the item at an index, which counts from 0."""
    _expect_place(list, index)
    if not 0 <= index < len(list.elements):
        raise Fault("IndexOutOfBounds", index=index, length=len(list.elements))
    list = memory.writable(list)
    del list.elements[index]
    memory.used -= COSTS["element"]
    return list


def clear(memory: Memory, whole: Value) -> Value:
    """An empty list for a list, an empty named list for a named list (rule Clearing)."""
    if type(whole) is Dict:
        return memory.dict({})
    operations.array_len(whole)  # fails for all but a list
    return memory.array([])


def _expect_place(list: Value, index: Value) -> None:
    operations.array_len(list)
    if type(index) is not int:
        raise Fault("TypeMismatch", expected="integer_index", found=type_of(index))
