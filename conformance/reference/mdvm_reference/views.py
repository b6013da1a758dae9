"""Views: what a run reaches of the meaning of instructions. A view is a line of the reference, and the instruction for which it is
executed, with the types of its operands; so `charge` in `memory.py` counts once for `add` of two strings and once for `new_array`.

This watches a machine from outside: it is slow, and `serve --views` alone has use for it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

from ._tables import OPCODES
from .decode import Module
from .machine import End, Machine, RunLimits
from .values import type_of

# The files whose lines count, and of `machine.py` the functions that do not: the loop executes the same lines for all instructions.
_FILES = ("machine.py", "memory.py", "operations.py", "values.py")
_LOOP = ("__init__", "_run", "run", "digest", "end_of_phis")
# The roles of operands whose types count. Arguments of a call may be of any types, and the call does not look at them.
_READ = ("in", "inout", "optional_in", "constant")


class Watched(Machine):
    """A run that notes its views."""

    def __init__(
        self, module: Module, limits: RunLimits, write: Callable[[str], object], stop_at: int | None = None
    ):
        super().__init__(module, limits, write, stop_at=stop_at)
        self.blocks = None  # a block is not made of operations
        self.views: set[tuple[str, int, str]] = set()
        self._instruction: str | None = None  # while there is none, nothing is noted
        self._constants = module.constants
        self._functions: dict[CodeType, str | None] = {}
        opcodes = [opcode for opcode, _operands in module.instructions]
        self.steps = [self._watched(opcode, step) for opcode, step in zip(opcodes, self.steps)]

    def run(self) -> End:
        sys.settrace(self._enter)
        try:
            return super().run()
        finally:
            sys.settrace(None)

    def shown(self) -> list[str]:
        """The views as text, such as `operations.add:70 add int int`, sorted."""
        return sorted(f"{function}:{line} {instruction}" for function, line, instruction in self.views)

    def select(self, first: int, after: int, before: int | None, trace: Any) -> None:
        self._instruction = "phi"
        super().select(first, after, before, trace)

    def _watched(self, opcode: int, step: tuple) -> tuple:
        flow, act, dst, operands = step
        _name, mnemonic, _summary, declared, *_rest = OPCODES[opcode]
        read = [(role, operand) for (_, role), operand in zip(declared, operands) if role in _READ]

        def watched(registers: list, frame: Any) -> Any:
            self._instruction = None
            types = [kind for role, operand in read for kind in self._types(role, operand, registers)]
            self._instruction = " ".join([mnemonic, *types])
            return act(registers, frame)

        return flow, watched, dst, operands

    def _types(self, role: str, operand: Any, registers: list) -> list[str]:
        if role == "constant":
            return [type_of(self._constants[operand])]
        return [] if operand is None else [type_of(registers[operand])]

    def _enter(self, frame: FrameType, _event: str, _argument: Any) -> Callable | None:
        code = frame.f_code
        if code not in self._functions:
            self._functions[code] = _function(code)
        return self._line if self._functions[code] else None

    def _line(self, frame: FrameType, event: str, _argument: Any) -> Callable:
        if event == "line" and self._instruction is not None:
            self.views.add((self._functions[frame.f_code], frame.f_lineno, self._instruction))
        return self._line


def _function(code: CodeType) -> str | None:
    """What a view calls a function; `None` where its lines are none."""
    folder, file = os.path.split(code.co_filename)
    if file not in _FILES or folder != os.path.dirname(__file__):
        return None
    if file == "machine.py" and code.co_name in _LOOP:
        return None
    return f"{file.removesuffix('.py')}.{code.co_name}"
