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

    def double(self, dst: Register, src: Register) -> Self:
        """r[dst] = r[src] twice

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().double(0, 1).code.hex(" ")
        '01 00 01'

        When it runs, it can fail with:

        * ``TypeMismatch``
        * ``OutOfMemory``
        """
        return self._emit(Opcode.DOUBLE, dst, src)

    def halt(self) -> Self:
        """end the program

        >>> from machine_dialect_vm import ModuleBuilder
        >>> ModuleBuilder().halt().code.hex(" ")
        '02'
        """
        return self._emit(Opcode.HALT)
