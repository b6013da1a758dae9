"""What each opcode means: one function an opcode, in the order of their numbers.

A function's parameters are what the instruction touches besides registers (`effects` in isa.yaml: the memory of the
run, its globals, its output, ...) and then its operands, except those that it only writes. A register that is read
arrives as its value. What the function returns goes to the register that the instruction writes; a jump returns how
many instructions to skip after the next one. Everything else (the program counter, steps, tags, owners of what the
registers hold) is the machine's business.
"""

from __future__ import annotations

import math
from keyword import iskeyword

from ._tables import COSTS, OPCODES, TRACKED_SCOPES
from .decode import Check
from .errors import Fault
from .memory import Memory, hold
from .values import Function, String, Value, equal, text, text_size, truthy, type_of

INT_MIN = -(2**63)
INT_MAX = 2**63 - 1
NUMBERS = (int, float)

# What `return_` is given, and gives, where there is no value at all; empty is a value.
NO_VALUE = object()


def load_const(constant):
    """r[dst] = k[constant]"""
    return constant


def move(src):
    """r[dst] = r[src]"""
    return src


def load_global(globals, name):
    """r[dst] = globals[k[name]], or empty if there is none"""
    return globals.get(name)


def store_global(globals, src, name):
    """globals[k[name]] = r[src]"""
    globals.set(name, src)


def define(tags, dst, type):
    """tag[dst] = type; the value of r[dst] stays"""
    tags[dst] = type


def check_type(tags, src, type):
    """r[dst] = (tag[src] == type)"""
    return tags[src] == type


def cast(memory, src, type):
    """r[dst] = r[src] as type"""
    source = type_of(src)
    if type == "bool":
        return truthy(src)
    if type == "int" and source in ("int", "bool"):
        return int(src)
    if type == "int" and source == "float":
        return _whole(src)
    if type == "float" and source in ("float", "int"):
        return float(src)
    if type == "string":
        return src if source == "string" else _text(memory, src)
    raise Fault("TypeMismatch", expected="integer" if type == "int" else type, found=source)


def add(memory, left, right):
    """r[dst] = r[left] + r[right]; numbers add, strings join"""
    if type(left) is int and type(right) is int:
        return _checked(left + right)
    if type(left) is String and type(right) is String:
        return memory.string(left.text + right.text, left.size + right.size)
    left, right = _floats(left, right, "numeric_or_string")
    return left + right


def sub(left, right):
    """r[dst] = r[left] - r[right]"""
    if type(left) is int and type(right) is int:
        return _checked(left - right)
    left, right = _floats(left, right)
    return left - right


def mul(left, right):
    """r[dst] = r[left] * r[right]"""
    if type(left) is int and type(right) is int:
        return _checked(left * right)
    left, right = _floats(left, right)
    return left * right


def div(left, right):
    """r[dst] = r[left] / r[right]; int division truncates toward zero"""
    if type(right) in NUMBERS and right == 0:
        raise Fault("DivisionByZero")
    if type(left) is int and type(right) is int:
        return _checked(_truncating_quotient(left, right))
    left, right = _floats(left, right)
    return left / right


def mod(left, right):
    """r[dst] = r[left] % r[right]; the remainder has the sign of the dividend"""
    if type(right) in NUMBERS and right == 0:
        raise Fault("DivisionByZero")
    if type(left) is int and type(right) is int:
        return left - right * _checked(_truncating_quotient(left, right))
    left, right = _floats(left, right)
    # C's fmod gives NaN where Python's raises an error.
    return math.nan if math.isinf(left) else math.fmod(left, right)


def neg(src):
    """r[dst] = -r[src]"""
    if type(src) is int:
        return _checked(-src)
    if type(src) is float:
        return -src
    raise Fault("InvalidOperation", operation="negation", type=type_of(src))


def not_(src):
    """r[dst] = not truthy(r[src])"""
    return not truthy(src)


def and_(left, right):
    """r[dst] = truthy(r[left]) and truthy(r[right])"""
    return truthy(left) and truthy(right)


def or_(left, right):
    """r[dst] = truthy(r[left]) or truthy(r[right])"""
    return truthy(left) or truthy(right)


def eq(left, right):
    """r[dst] = (r[left] == r[right])"""
    return equal(left, right)


def neq(left, right):
    """r[dst] = not (r[left] == r[right])"""
    return not equal(left, right)


def lt(left, right):
    """r[dst] = (r[left] < r[right])"""
    left, right = _ordered(left, right)
    return left < right


def gt(left, right):
    """r[dst] = (r[left] > r[right])"""
    right, left = _ordered(right, left)  # as right < left: an error names the right operand first, as upstream does
    return left > right


def lte(left, right):
    """r[dst] = (r[left] <= r[right])"""
    left, right = _ordered(left, right)
    return left <= right


def gte(left, right):
    """r[dst] = (r[left] >= r[right])"""
    right, left = _ordered(right, left)  # as for gt
    return left >= right


def jump(offset):
    """pc = offset"""
    return offset


def jump_if(cond, offset):
    """if truthy(r[cond]), pc = offset"""
    return offset if truthy(cond) else 0


def jump_if_not(cond, offset):
    """if not truthy(r[cond]), pc = offset"""
    return 0 if truthy(cond) else offset


def call(functions, memory, func, args):
    """r[dst] = r[func](r[args]...)"""
    if type(func) is String:
        function = functions.named(func.text)
    elif type(func) is Function:
        function = functions.named(func.name)
    elif type(func) is int:
        function = functions.at(func)
    else:
        raise Fault("NotCallable")
    memory.open_frame()
    return function, args


def return_(src):
    """return r[src], or return without a value"""
    return src


def phi(before, sources):
    """r[dst] = the register of the first pair whose label is the instruction that ran before the run of phis"""
    for register, label in sources:
        if label == before:
            return register
    return None


def assert_(constants, reg, check: Check):
    """fail with the message unless r[reg] passes the check"""
    if check.kind == "true":
        passes = truthy(reg)
    elif check.kind == "non_empty":
        passes = reg is not None
    else:
        passes = type(reg) is int and check.least <= reg <= check.most
    if not passes:
        raise Fault("AssertionFailed", message=constants[check.message].text)


def scope_enter(scopes, scope):
    """open a scope in this frame, for debuggers"""
    if len(scopes) < TRACKED_SCOPES:
        scopes.append(scope)


def scope_exit(scopes, scope):
    """close a scope in this frame, for debuggers"""
    if scope in scopes:
        while scopes.pop() != scope:
            pass


def concat_str(memory, left, right):
    """r[dst] = text(r[left]) joined with text(r[right])"""
    return _text(memory, left, right)


def str_len(str):
    """r[dst] = length of r[str] in UTF-8 bytes"""
    _expect(str, "string")
    return str.size


def new_array(memory, size):
    """r[dst] = an array of r[size] empties"""
    _expect(size, "int", "integer")
    if size < 0:
        raise Fault("NegativeSize", size=size)
    memory.require(COSTS["array"] + COSTS["element"] * size)
    return memory.array([None] * size)


def array_get(array, index):
    """r[dst] = r[array][r[index]]"""
    _expect(array, "array")
    _expect(index, "int", "integer_index")
    if not 0 <= index < len(array.elements):
        raise Fault("IndexOutOfBounds", index=index, length=len(array.elements))
    return array.elements[index]


def array_set(memory, array, index, value):
    """r[array][r[index]] = r[value]; at index == length it appends"""
    _expect(array, "array")
    _expect(index, "int", "integer_index")
    length = len(array.elements)
    if not 0 <= index <= length:
        raise Fault("IndexOutOfBounds", index=index, length=length)
    if index < length:
        array = memory.writable(array, value=value)
        memory.store(array.elements, index, value)
    else:
        array = memory.writable(array, COSTS["element"], value)
        array.elements.append(value)
        hold(value)
    return array


def array_len(array):
    """r[dst] = number of elements of r[array]"""
    _expect(array, "array")
    return len(array.elements)


def debug_print(memory, output, src):
    """print text(r[src]) and a newline; empty prints nothing at all"""
    if src is None:
        return
    size = text_size(src)
    memory_room = memory.room() - COSTS["string"]
    output_room = output.room() - len("\n")
    if size > output_room and output_room <= memory_room:
        raise Fault("OutputLimitExceeded", limit=output.max_output)
    if size > memory_room:
        raise Fault("OutOfMemory", limit=memory.max_memory)
    output.write(text(src) + "\n", size + len("\n"))


def break_point():
    """a place where a debugger may stop; otherwise nothing"""


def halt():
    """end the program; its result is empty"""


def nop():
    """do nothing"""


def dict_new(memory):
    """r[dst] = a dict without entries"""
    return memory.dict({})


def dict_get(dict, key):
    """r[dst] = r[dict][r[key]], or empty if there is none"""
    _expect(dict, "dict")
    _expect(key, "string", "string_key")
    _key, value = dict.entries.get(key.text, (None, None))
    return value


def dict_set(memory, dict, key, value):
    """r[dict][r[key]] = r[value]; a new key comes last"""
    _expect(dict, "dict")
    _expect(key, "string", "string_key")
    if key.text in dict.entries:
        dict = memory.writable(dict, value=value)
        own_key, old = dict.entries[key.text]
        hold(value)
        dict.entries[key.text] = (own_key, value)
        memory.drop(old)
    else:
        dict = memory.writable(dict, COSTS["entry"], value)
        hold(key)
        hold(value)
        dict.entries[key.text] = (key, value)
    return dict


def dict_remove(memory, dict, key):
    """remove r[key] from r[dict], if it is there; the others keep their order"""
    _expect(dict, "dict")
    _expect(key, "string", "string_key")
    dict = memory.writable(dict)
    if key.text in dict.entries:
        own_key, old = dict.entries.pop(key.text)
        memory.used -= COSTS["entry"]
        memory.drop(own_key)
        memory.drop(old)
    return dict


def dict_contains(dict, key):
    """r[dst] = whether r[dict] has the key r[key]"""
    _expect(dict, "dict")
    _expect(key, "string", "string_key")
    return key.text in dict.entries


def dict_keys(memory, dict):
    """r[dst] = an array of the keys of r[dict], in order"""
    _expect(dict, "dict")
    return memory.array([key for key, _value in dict.entries.values()])


def dict_values(memory, dict):
    """r[dst] = an array of the values of r[dict], in the order of their keys"""
    _expect(dict, "dict")
    return memory.array([value for _key, value in dict.entries.values()])


def dict_clear(memory, dict):
    """remove every entry of r[dict]"""
    _expect(dict, "dict")
    if dict.owners == 1:
        return memory.clear(dict)
    return memory.dict({})


def dict_len(dict):
    """r[dst] = number of entries of r[dict]"""
    _expect(dict, "dict")
    return len(dict.entries)


# --- What several of them share -------------------------------------------------------------------------------------


def _expect(value: Value, type: str, expectation: str | None = None) -> None:
    found = type_of(value)
    if found != type:
        raise Fault("TypeMismatch", expected=expectation or type, found=found)


def _checked(number: int) -> int:
    """The number, if 64 bits hold it."""
    if INT_MIN <= number <= INT_MAX:
        return number
    raise Fault("IntegerOverflow")


def _truncating_quotient(left: int, right: int) -> int:
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def _floats(left: Value, right: Value, expected: str = "numeric") -> tuple[float, float]:
    """Two numbers as floats."""
    if type(left) in NUMBERS and type(right) in NUMBERS:
        return float(left), float(right)
    raise Fault("OperandTypes", expected=expected, left=type_of(left), right=type_of(right))


def _ordered(left: Value, right: Value) -> tuple:
    """Two values that have an order, as what Python orders alike."""
    if type(left) is int and type(right) is int:
        return left, right
    if type(left) in NUMBERS and type(right) in NUMBERS:
        return float(left), float(right)
    if type(left) is String and type(right) is String:
        return left.text, right.text
    raise Fault("InvalidComparison", left=type_of(left), right=type_of(right))


def _whole(number: float) -> int:
    """The int that is the same number."""
    if number.is_integer() and INT_MIN <= number < -float(INT_MIN):
        return int(number)
    raise Fault("CastOutOfRange", expected="integer", text=text(number))


def _text(memory: Memory, *values: Value) -> String:
    """A new string of the values' text forms; whether it fits is known before it is made."""
    size = sum(text_size(value) for value in values)
    memory.require(COSTS["string"] + size)
    return memory.string("".join(text(value) for value in values), size)


def operation(opcode: int):
    """The function above that has the opcode's mnemonic, with an underscore after it where that is a word of Python."""
    mnemonic = OPCODES[opcode][1]
    return globals()[mnemonic + "_" if iskeyword(mnemonic) else mnemonic]
