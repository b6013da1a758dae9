"""From decoded instructions to calls: each instruction becomes a Python function that knows its own operands.

This is only about speed. An instruction is looked at once, before the run, and not each time it is executed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._tables import OPCODES
from .decode import Instruction, Module
from .operations import NO_VALUE, operation

# What becomes of the answer of an operation: its flow, and within flow `next` whether a register takes the answer.
WRITE, NEXT, BRANCH, CALL, RETURN, PHI, HALT = range(7)

_FLOWS = {
    "next": NEXT,
    "jump": BRANCH,
    "branch": BRANCH,
    "call": CALL,
    "return": RETURN,
    "phi": PHI,
    "halt": HALT,
}

# Role -> the Python expression for an argument of that role; `{}` is the operand. Other roles are passed as they are.
_ARGUMENTS = {
    "in": "registers[{}]",
    "inout": "registers[{}]",
    "optional_in": "NO_VALUE if {0} is None else registers[{0}]",
    "registers": "[registers[register] for register in {}]",
    "constant": "constants[{}]",
    "global": "constants[{}].text",
}


# An instruction, ready to be executed: its flow; its operation, as a function of the frame's registers and the frame;
# the register that is written, if there is one; the operands. A plain tuple, which Python takes apart fastest.
Step = tuple[int, Callable[[list, Any], Any], int | None, tuple]


# What the operations of a run touch besides registers, by the name of the effect. Tags and scopes belong to a frame.
CONTEXT = ("memory", "globals", "output", "functions", "constants")


def bind(module: Module, **context: Any) -> list[Step]:
    """The steps of the module, with the things that `CONTEXT` names."""
    things = tuple(context[name] for name in CONTEXT)
    return [_step(instruction, things) for instruction in module.instructions]


def _step(instruction: Instruction, context: tuple) -> Step:
    opcode, operands = instruction
    _name, _mnemonic, _summary, declared, flow, _effects, _errors = OPCODES[opcode]
    dst = next((operand for (_, role), operand in zip(declared, operands) if role in ("out", "inout")), None)
    act = _BINDERS[opcode](*context, *operands)
    writes = flow == "next" and dst is not None
    return WRITE if writes else _FLOWS[flow], act, dst, operands


def _binder(opcode: int) -> Callable[..., Callable]:
    """What turns the context and an instruction's operands into its `act`. For `sub` it is

        lambda CONTEXT, dst, left, right: lambda registers, frame: operation(registers[left], registers[right])

    and so on for each opcode, by its effects and roles. It is written as text because every other way to pass that
    many kinds of arguments costs several times as much at each execution.
    """
    _name, _mnemonic, _summary, declared, flow, effects, _errors = OPCODES[opcode]
    if flow == "phi":
        return lambda *context_and_operands: None  # the machine executes a whole run of phis at once
    arguments = [f"frame.{effect}" if effect in ("tags", "scopes") else effect for effect in effects]
    for name, role in declared:
        if role == "in" and "tags" in effects:
            arguments.append(name)  # a tag belongs to the register, not to the value
        elif role != "out":
            arguments.append(_ARGUMENTS.get(role, "{}").format(name))
    parameters = [*CONTEXT, *(name for name, _role in declared)]
    return eval(
        f"lambda {', '.join(parameters)}: lambda registers, frame: operation({', '.join(arguments)})",
        {"operation": operation(opcode), "NO_VALUE": NO_VALUE},
    )


_BINDERS = {opcode: _binder(opcode) for opcode in OPCODES}
