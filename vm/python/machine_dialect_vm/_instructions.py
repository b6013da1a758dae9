# Generated from spec/isa.yaml by "cargo run -p mdvm-spec -- write". Do not edit.
"""A method for each instruction, which appends it to a module that is being built."""

from __future__ import annotations

from ._spec import Opcode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from typing_extensions import Self

    from ._spec import AssertKind, TypeId
    from .builder import Constant, Label, Register


class Instructions:
    """The instructions, as methods; each gives back the builder, so that calls may follow one another."""

    def _emit(self, opcode: Opcode, *operands: Any) -> Self:
        raise NotImplementedError

    def load_const(self, dst: Register, constant: Constant) -> Self:
        """r[dst] = k[constant]

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().load_const(0, 1.5).code.hex(" ")
        '00 00 00 00'
        """
        return self._emit(Opcode.LOAD_CONST, dst, constant)

    def move(self, dst: Register, src: Register) -> Self:
        """r[dst] = r[src]

        Arrays and dicts are values: a later write through either register is not seen through the other. The type tag
        of `dst` becomes the type of the value, whatever the tag of `src` was.

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().move(0, 1).code.hex(" ")
        '01 00 01'
        """
        return self._emit(Opcode.MOVE, dst, src)

    def load_global(self, dst: Register, name: str) -> Self:
        """r[dst] = globals[k[name]], or empty if there is none

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().load_global(0, "x").code.hex(" ")
        '02 00 00 00'
        """
        return self._emit(Opcode.LOAD_GLOBAL, dst, name)

    def store_global(self, src: Register, name: str) -> Self:
        """globals[k[name]] = r[src]

        Storing empty makes a global whose value is empty; it is listed among the globals of the outcome.

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().store_global(0, "x").code.hex(" ")
        '03 00 00 00'
        """
        return self._emit(Opcode.STORE_GLOBAL, src, name)

    def define(self, dst: Register, type: TypeId | str) -> Self:
        """tag[dst] = type; the value of r[dst] stays

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().define(0, "dict").code.hex(" ")
        '04 00 08 00'
        """
        return self._emit(Opcode.DEFINE, dst, type)

    def check_type(self, dst: Register, src: Register, type: TypeId | str) -> Self:
        """r[dst] = (tag[src] == type)

        The tag of a register is the type of the value last written to it, unless a DefineR came since.

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().check_type(0, 1, "dict").code.hex(" ")
        '05 00 01 08 00'
        """
        return self._emit(Opcode.CHECK_TYPE, dst, src, type)

    def cast(self, dst: Register, src: Register, type: TypeId | str) -> Self:
        """r[dst] = r[src] as type

        The casts there are stand in `casts` in values.yaml; there are no others, not even from a type to itself. A
        TypeMismatch says that the target was expected, `integer` for int. A string cast to string is itself and costs
        nothing.

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().cast(0, 1, "dict").code.hex(" ")
        '06 00 01 08 00'

        When it runs, it can fail with:

        * ``TypeMismatch``
        * ``OutOfMemory``
        """
        return self._emit(Opcode.CAST, dst, src, type)

    def add(self, dst: Register, left: Register, right: Register) -> Self:
        """r[dst] = r[left] + r[right]; numbers add, strings join

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().add(0, 1, 2).code.hex(" ")
        '07 00 01 02'

        When it runs, it can fail with:

        * ``TypeMismatch``
        * ``IntegerOverflow``
        * ``OutOfMemory``
        """
        return self._emit(Opcode.ADD, dst, left, right)

    def sub(self, dst: Register, left: Register, right: Register) -> Self:
        """r[dst] = r[left] - r[right]

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().sub(0, 1, 2).code.hex(" ")
        '08 00 01 02'

        When it runs, it can fail with:

        * ``TypeMismatch``
        * ``IntegerOverflow``
        """
        return self._emit(Opcode.SUB, dst, left, right)

    def mul(self, dst: Register, left: Register, right: Register) -> Self:
        """r[dst] = r[left] * r[right]

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().mul(0, 1, 2).code.hex(" ")
        '09 00 01 02'

        When it runs, it can fail with:

        * ``TypeMismatch``
        * ``IntegerOverflow``
        """
        return self._emit(Opcode.MUL, dst, left, right)

    def div(self, dst: Register, left: Register, right: Register) -> Self:
        """r[dst] = r[left] / r[right]; int division truncates toward zero

        A right operand that is int 0 or float ±0.0 is DivisionByZero before any operand's type is looked at. The
        smallest int divided by -1 is IntegerOverflow.

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().div(0, 1, 2).code.hex(" ")
        '0a 00 01 02'

        When it runs, it can fail with:

        * ``DivisionByZero``
        * ``TypeMismatch``
        * ``IntegerOverflow``
        """
        return self._emit(Opcode.DIV, dst, left, right)

    def mod(self, dst: Register, left: Register, right: Register) -> Self:
        """r[dst] = r[left] % r[right]; the remainder has the sign of the dividend

        A right operand that is int 0 or float ±0.0 is DivisionByZero before any operand's type is looked at. The
        smallest int modulo -1 is IntegerOverflow. Floats follow C's `fmod`.

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().mod(0, 1, 2).code.hex(" ")
        '0b 00 01 02'

        When it runs, it can fail with:

        * ``DivisionByZero``
        * ``TypeMismatch``
        * ``IntegerOverflow``
        """
        return self._emit(Opcode.MOD, dst, left, right)

    def neg(self, dst: Register, src: Register) -> Self:
        """r[dst] = -r[src]

        A float changes its sign bit, that of NaN and of zero too. The smallest int has no negative and is
        IntegerOverflow.

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().neg(0, 1).code.hex(" ")
        '0c 00 01'

        When it runs, it can fail with:

        * ``InvalidOperation``
        * ``IntegerOverflow``
        """
        return self._emit(Opcode.NEG, dst, src)

    def not_(self, dst: Register, src: Register) -> Self:
        """r[dst] = not truthy(r[src])

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().not_(0, 1).code.hex(" ")
        '0d 00 01'
        """
        return self._emit(Opcode.NOT, dst, src)

    def and_(self, dst: Register, left: Register, right: Register) -> Self:
        """r[dst] = truthy(r[left]) and truthy(r[right])

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().and_(0, 1, 2).code.hex(" ")
        '0e 00 01 02'
        """
        return self._emit(Opcode.AND, dst, left, right)

    def or_(self, dst: Register, left: Register, right: Register) -> Self:
        """r[dst] = truthy(r[left]) or truthy(r[right])

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().or_(0, 1, 2).code.hex(" ")
        '0f 00 01 02'
        """
        return self._emit(Opcode.OR, dst, left, right)

    def eq(self, dst: Register, left: Register, right: Register) -> Self:
        """r[dst] = (r[left] == r[right])

        Values of different types are unequal, except that an int and a float compare as floats. Arrays and dicts
        compare by their parts, dicts without regard to order. NaN is unequal to everything, itself included, and so
        is an array or a dict that holds it.

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().eq(0, 1, 2).code.hex(" ")
        '10 00 01 02'
        """
        return self._emit(Opcode.EQ, dst, left, right)

    def neq(self, dst: Register, left: Register, right: Register) -> Self:
        """r[dst] = not (r[left] == r[right])

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().neq(0, 1, 2).code.hex(" ")
        '11 00 01 02'
        """
        return self._emit(Opcode.NEQ, dst, left, right)

    def lt(self, dst: Register, left: Register, right: Register) -> Self:
        """r[dst] = (r[left] < r[right])

        Strings are ordered by code point. Every order with a NaN is false.

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().lt(0, 1, 2).code.hex(" ")
        '12 00 01 02'

        When it runs, it can fail with:

        * ``InvalidComparison``
        """
        return self._emit(Opcode.LT, dst, left, right)

    def gt(self, dst: Register, left: Register, right: Register) -> Self:
        """r[dst] = (r[left] > r[right])

        The error names the type of the right operand first, because `a > b` is asked as `b < a`.

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().gt(0, 1, 2).code.hex(" ")
        '13 00 01 02'

        When it runs, it can fail with:

        * ``InvalidComparison``
        """
        return self._emit(Opcode.GT, dst, left, right)

    def lte(self, dst: Register, left: Register, right: Register) -> Self:
        """r[dst] = (r[left] <= r[right])

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().lte(0, 1, 2).code.hex(" ")
        '14 00 01 02'

        When it runs, it can fail with:

        * ``InvalidComparison``
        """
        return self._emit(Opcode.LTE, dst, left, right)

    def gte(self, dst: Register, left: Register, right: Register) -> Self:
        """r[dst] = (r[left] >= r[right])

        The error names the type of the right operand first, because `a >= b` is asked as `b <= a`.

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().gte(0, 1, 2).code.hex(" ")
        '15 00 01 02'

        When it runs, it can fail with:

        * ``InvalidComparison``
        """
        return self._emit(Opcode.GTE, dst, left, right)

    def jump(self, offset: Label) -> Self:
        """pc = offset

        The offset counts instructions from the next one. A jump to the end of the code ends the program.

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().label("again").jump("again").code.hex(" ")
        '16 ff ff ff ff'
        """
        return self._emit(Opcode.JUMP, offset)

    def jump_if(self, cond: Register, offset: Label) -> Self:
        """if truthy(r[cond]), pc = offset

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().label("again").jump_if(0, "again").code.hex(" ")
        '17 00 ff ff ff ff'
        """
        return self._emit(Opcode.JUMP_IF, cond, offset)

    def jump_if_not(self, cond: Register, offset: Label) -> Self:
        """if not truthy(r[cond]), pc = offset

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().label("again").jump_if_not(0, "again").code.hex(" ")
        '18 00 ff ff ff ff'
        """
        return self._emit(Opcode.JUMP_IF_NOT, cond, offset)

    def call(self, func: Register, dst: Register, args: Iterable[Register] = ()) -> Self:
        """r[dst] = r[func](r[args]...)

        A string names the function, an int is an entry index (the first function in table order that has it), a
        function value names itself; an unknown name or entry is UndefinedFunction. The callee gets 256 empty
        registers of its own; the arguments, all read before any is written, stand in r0 and up. `dst` is written when
        the callee returns with a value. The function is looked up first, then the call depth is checked, then the
        memory of the frame is charged.

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().call(0, 1, [2, 3]).code.hex(" ")
        '19 00 01 02 02 03'

        When it runs, it can fail with:

        * ``UndefinedFunction``
        * ``StackOverflow``
        * ``OutOfMemory``
        """
        return self._emit(Opcode.CALL, func, dst, args)

    def return_(self, src: Register | None = None) -> Self:
        """return r[src], or return without a value

        Without a value the caller's `dst` keeps what it held. At top level the program ends; its result is the value,
        or empty. A presence byte other than 0 and 1 is read as 1 and written back as 1.

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().return_(0).code.hex(" ")
        '1a 01 00'
        """
        return self._emit(Opcode.RETURN, src)

    def phi(self, dst: Register, sources: Iterable[tuple[Register, Label]]) -> Self:
        """r[dst] = the register of the first pair whose label is the instruction that ran before the run of phis

        A run of phis is the phis that follow one another without a gap, from the one that control reaches. All of
        them read before any is written, and all select by the instruction that ran just before the run: a jump, the
        instruction fallen through from, or a call that returned. At a function's entry nothing ran before, and a
        label, a u16, names none of the instructions from 65536 on. When no pair matches, `dst` stays, its type tag
        too. The steps of the whole run are charged before it executes.

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().label("before").phi(0, [(1, "before")]).code.hex(" ")
        '1b 00 01 01 00 00'
        """
        return self._emit(Opcode.PHI, dst, sources)

    def assert_(self, reg: Register, kind: AssertKind | str, message: str, least: int | None = None, most: int | None = None) -> Self:
        """fail with the message unless r[reg] passes the check

        The kinds of assertion stand in `assert_kinds` in values.yaml.

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().assert_(0, "true", "it is not").code.hex(" ")
        '1c 00 00 00 00'

        When it runs, it can fail with:

        * ``AssertionFailed``
        """
        return self._emit(Opcode.ASSERT, reg, (kind, message, least, most))

    def scope_enter(self, scope: int) -> Self:
        """open a scope in this frame, for debuggers

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().scope_enter(7).code.hex(" ")
        '1d 07 00'
        """
        return self._emit(Opcode.SCOPE_ENTER, scope)

    def scope_exit(self, scope: int) -> Self:
        """close a scope in this frame, for debuggers

        The innermost open scope of that number is closed, with those inside it; where there is none, nothing happens.

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().scope_exit(7).code.hex(" ")
        '1e 07 00'
        """
        return self._emit(Opcode.SCOPE_EXIT, scope)

    def concat_str(self, dst: Register, left: Register, right: Register) -> Self:
        """r[dst] = text(r[left]) joined with text(r[right])

        It makes a new string, also when one side has no text.

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().concat_str(0, 1, 2).code.hex(" ")
        '1f 00 01 02'

        When it runs, it can fail with:

        * ``OutOfMemory``
        """
        return self._emit(Opcode.CONCAT_STR, dst, left, right)

    def str_len(self, dst: Register, str: Register) -> Self:
        """r[dst] = length of r[str] in UTF-8 bytes

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().str_len(0, 1).code.hex(" ")
        '20 00 01'

        When it runs, it can fail with:

        * ``TypeMismatch``
        """
        return self._emit(Opcode.STR_LEN, dst, str)

    def new_array(self, dst: Register, size: Register) -> Self:
        """r[dst] = an array of r[size] empties

        A negative size is InvalidOperation.

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().new_array(0, 1).code.hex(" ")
        '21 00 01'

        When it runs, it can fail with:

        * ``TypeMismatch``
        * ``InvalidOperation``
        * ``OutOfMemory``
        """
        return self._emit(Opcode.NEW_ARRAY, dst, size)

    def array_get(self, dst: Register, array: Register, index: Register) -> Self:
        """r[dst] = r[array][r[index]]

        The array's type is checked first, then the index's type, then its range; a negative index is out of bounds.

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().array_get(0, 1, 2).code.hex(" ")
        '22 00 01 02'

        When it runs, it can fail with:

        * ``TypeMismatch``
        * ``IndexOutOfBounds``
        """
        return self._emit(Opcode.ARRAY_GET, dst, array, index)

    def array_set(self, array: Register, index: Register, value: Register) -> Self:
        """r[array][r[index]] = r[value]; at index == length it appends

        The array's type is checked first, then the index's type, then its range. Where anything else refers to the
        array, another register, a global, a container or the very value that is stored, it is copied first, and the
        copy is charged together with what is appended.

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().array_set(0, 1, 2).code.hex(" ")
        '23 00 01 02'

        When it runs, it can fail with:

        * ``TypeMismatch``
        * ``IndexOutOfBounds``
        * ``OutOfMemory``
        """
        return self._emit(Opcode.ARRAY_SET, array, index, value)

    def array_len(self, dst: Register, array: Register) -> Self:
        """r[dst] = number of elements of r[array]

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().array_len(0, 1).code.hex(" ")
        '24 00 01'

        When it runs, it can fail with:

        * ``TypeMismatch``
        """
        return self._emit(Opcode.ARRAY_LEN, dst, array)

    def debug_print(self, src: Register) -> Self:
        """print text(r[src]) and a newline; empty prints nothing at all

        Either the whole line is written or, on an error, nothing of it. The text is charged as a string while it is
        printed, one that exists already too, and freed after. The room for it is what either limit leaves: of memory,
        less the 32 bytes of a string; of output, less the newline. Where it fits neither, the smaller room gives the
        error; at equal room the output's does.

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().debug_print(0).code.hex(" ")
        '25 00'

        When it runs, it can fail with:

        * ``OutOfMemory``
        * ``OutputLimitExceeded``
        """
        return self._emit(Opcode.DEBUG_PRINT, src)

    def break_point(self) -> Self:
        """a place where a debugger may stop; otherwise nothing

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().break_point().code.hex(" ")
        '26'
        """
        return self._emit(Opcode.BREAK_POINT)

    def halt(self) -> Self:
        """end the program; its result is empty

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().halt().code.hex(" ")
        '27'
        """
        return self._emit(Opcode.HALT)

    def nop(self) -> Self:
        """do nothing

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().nop().code.hex(" ")
        '28'
        """
        return self._emit(Opcode.NOP)

    def dict_new(self, dst: Register) -> Self:
        """r[dst] = a dict without entries

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().dict_new(0).code.hex(" ")
        '29 00'

        When it runs, it can fail with:

        * ``OutOfMemory``
        """
        return self._emit(Opcode.DICT_NEW, dst)

    def dict_get(self, dst: Register, dict: Register, key: Register) -> Self:
        """r[dst] = r[dict][r[key]], or empty if there is none

        The dict's type is checked before the key's.

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().dict_get(0, 1, 2).code.hex(" ")
        '2a 00 01 02'

        When it runs, it can fail with:

        * ``TypeMismatch``
        """
        return self._emit(Opcode.DICT_GET, dst, dict, key)

    def dict_set(self, dict: Register, key: Register, value: Register) -> Self:
        """r[dict][r[key]] = r[value]; a new key comes last

        The dict's type is checked before the key's. An existing key keeps its place and its own string. Where
        anything else refers to the dict it is copied first, as for ArraySetR, and the copy is charged together with
        what is added.

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().dict_set(0, 1, 2).code.hex(" ")
        '2b 00 01 02'

        When it runs, it can fail with:

        * ``TypeMismatch``
        * ``OutOfMemory``
        """
        return self._emit(Opcode.DICT_SET, dict, key, value)

    def dict_remove(self, dict: Register, key: Register) -> Self:
        """remove r[key] from r[dict], if it is there; the others keep their order

        The dict's type is checked before the key's. A shared dict is copied first, also when the key is not there.

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().dict_remove(0, 1).code.hex(" ")
        '2c 00 01'

        When it runs, it can fail with:

        * ``TypeMismatch``
        * ``OutOfMemory``
        """
        return self._emit(Opcode.DICT_REMOVE, dict, key)

    def dict_contains(self, dst: Register, dict: Register, key: Register) -> Self:
        """r[dst] = whether r[dict] has the key r[key]

        The dict's type is checked before the key's.

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().dict_contains(0, 1, 2).code.hex(" ")
        '2d 00 01 02'

        When it runs, it can fail with:

        * ``TypeMismatch``
        """
        return self._emit(Opcode.DICT_CONTAINS, dst, dict, key)

    def dict_keys(self, dst: Register, dict: Register) -> Self:
        """r[dst] = an array of the keys of r[dict], in order

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().dict_keys(0, 1).code.hex(" ")
        '2e 00 01'

        When it runs, it can fail with:

        * ``TypeMismatch``
        * ``OutOfMemory``
        """
        return self._emit(Opcode.DICT_KEYS, dst, dict)

    def dict_values(self, dst: Register, dict: Register) -> Self:
        """r[dst] = an array of the values of r[dict], in the order of their keys

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().dict_values(0, 1).code.hex(" ")
        '2f 00 01'

        When it runs, it can fail with:

        * ``TypeMismatch``
        * ``OutOfMemory``
        """
        return self._emit(Opcode.DICT_VALUES, dst, dict)

    def dict_clear(self, dict: Register) -> Self:
        """remove every entry of r[dict]

        A shared dict is not copied; the register gets a new empty one, which is charged.

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().dict_clear(0).code.hex(" ")
        '30 00'

        When it runs, it can fail with:

        * ``TypeMismatch``
        * ``OutOfMemory``
        """
        return self._emit(Opcode.DICT_CLEAR, dict)

    def dict_len(self, dst: Register, dict: Register) -> Self:
        """r[dst] = number of entries of r[dict]

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().dict_len(0, 1).code.hex(" ")
        '31 00 01'

        When it runs, it can fail with:

        * ``TypeMismatch``
        """
        return self._emit(Opcode.DICT_LEN, dst, dict)
