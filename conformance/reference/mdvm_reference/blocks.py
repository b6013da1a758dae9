"""Straight-line code as Python functions, for speed alone: whatever a block does, the loop of `machine.py` does too.

The loop looks at one instruction at a time, and most of its time goes into looking. So instructions that the loop has
come to often become a *block*: a function that does what they do, one after another, and says where it stopped. It
stops at a call, a return, a phi, where it was jumped out of, and where an instruction fails. None of these is its
business: an instruction that fails has changed nothing, so the loop executes it once more and sees it fail.

A block calls the operation of each instruction, but for what numbers do all the time (`_FAST`): there the operation is
written out for two ints or two floats, as the one place where the meaning of an opcode stands twice.
`tests/test_blocks.py` compares the two for all kinds of operands.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._tables import OPCODES
from .decode import Module
from .errors import Fault
from .operations import INT_MAX, INT_MIN, operation
from .values import OBJECTS, String, truthy

# Where a block stopped: the next instruction, how many were executed, which of them was the last.
Stop = tuple[int, int, int | None]

# A function of a frame.
Block = Callable[[Any], Stop]

# How often the loop comes to an instruction before a block begins there: making one costs as much as many steps.
WARM = 8

# No block executes more instructions than this. Where the step limit is nearer than that, the loop goes on alone.
LONGEST = 128

# Mnemonic -> what Python writes for two ints or two floats. The result of an int operation may not fit into 64 bits.
_ARITHMETIC = {"add": "+", "sub": "-", "mul": "*"}
_COMPARISON = {"eq": "==", "neq": "!=", "lt": "<", "gt": ">", "lte": "<=", "gte": ">="}
# Mnemonic -> what Python writes for bools.
_LOGIC = {"not": "not {}", "and": "{} and {}", "or": "{} or {}"}

# What is known of a value when a block is made: its Python type, or one of these. Only of ANY owners are counted:
# a constant belongs to the module, whoever else holds it.
ANY, PLAIN = object(), object()


class Blocks:
    """The blocks of a module, made one by one where the run comes by."""

    def __init__(self, module: Module, **context: Any):
        self.instructions = module.instructions
        self.context = context
        self.visits = [0] * len(module.instructions)
        self.made: list[Block | None] = [None] * len(module.instructions)

    def visit(self, pc: int) -> Block | None:
        """Notes that the loop came to an instruction where no block begins, and gives the block if it is time for one."""
        self.visits[pc] += 1
        if self.visits[pc] == WARM:
            self.made[pc] = _Writer(self.instructions, self.context).block(pc)
        return self.made[pc]


def makes_tags(module: Module) -> bool:
    """Whether some instruction sets a type tag. Blocks know nothing of tags; such a module does without them."""
    return any(OPCODES[opcode][1] == "define" for opcode, _operands in module.instructions)


class _Writer:
    """Writes one block. A register that was read or written stands in a Python variable from then on, too."""

    def __init__(self, instructions: list, context: dict[str, Any]):
        self.instructions = instructions
        self.names: dict[str, Any] = {
            **context, "OBJECTS": OBJECTS, "Fault": Fault, "truthy": truthy,
        }  # fmt: skip
        self.lines: list[str] = []
        self.variables: dict[int, str] = {}  # register -> variable
        self.known: dict[str, Any] = {}  # variable -> what is known of its value
        self.written: set[int] = set()  # registers that hold nothing that is counted
        self.executed = 0
        self.last: int | None = None

    def block(self, first: int) -> Block | None:
        pc = first
        seen = set()
        while pc < len(self.instructions) and pc not in seen and self.executed < LONGEST:
            seen.add(pc)
            following = self.instruction(pc)
            if following is None:
                break
            self.executed += 1
            self.last, pc = pc, following
        if self.executed == 0:
            return None
        self.line(f"return {self.stop(pc)}")
        body = "\n".join(f"        {line}" for line in self.lines)
        source = (
            "def block(frame):\n"
            "    registers, counted = frame.registers, frame.counted\n"
            f"    try:\n{body}\n"
            "    except (Fault, MemoryError):\n"
            "        return failing\n"
        )
        exec(compile(source, f"<block at {first}>", "exec"), self.names)
        return self.names.pop("block")  # or it would be in its own globals, for ever

    def instruction(self, pc: int) -> int | None:
        """Writes an instruction and gives the one after it, or None where the block has to end."""
        opcode, operands = self.instructions[pc]
        _name, mnemonic, _summary, declared, flow, effects, _errors = OPCODES[opcode]
        named = {name: operand for (name, _role), operand in zip(declared, operands)}
        if "tags" in effects:
            return None
        if flow == "jump":
            return pc + 1 + named["offset"]
        if flow == "branch":
            truth = self.truth(self.read(named["cond"]))
            self.line(f"if {'not ' if mnemonic == 'jump_if_not' else ''}{truth}:")
            self.line(f"    return {(pc + 1 + named['offset'], self.executed + 1, pc)}")
            return pc + 1
        if flow != "next":
            return None
        if mnemonic == "load_const":
            self.write(named["dst"], *self.constant(pc, self.names["constants"][named["constant"]]))
        elif mnemonic == "move":
            variable = self.read(named["src"])
            self.write(named["dst"], variable, self.known[variable])
        elif mnemonic in _ARITHMETIC or mnemonic in _COMPARISON:
            self.of_numbers(pc, mnemonic, named)
        elif mnemonic in _LOGIC and all(self.known[self.read(named[n])] is bool for n, role in declared if role == "in"):
            inputs = [self.read(named[name]) for name, role in declared if role == "in"]
            self.line(f"v{pc} = {_LOGIC[mnemonic].format(*inputs)}")
            self.write(named["dst"], f"v{pc}", bool)
        else:
            self.by_operation(pc)
        return pc + 1

    def of_numbers(self, pc: int, mnemonic: str, named: dict[str, int]) -> None:
        """Two ints or two floats; all else is for the operation."""
        left, right, dst = self.read(named["left"]), self.read(named["right"]), named["dst"]
        known = {self.known[left], self.known[right]} - {ANY, PLAIN}
        keyword = "if"
        result = f"v{pc}"
        gives = bool if mnemonic in _COMPARISON else PLAIN
        for kind in (int, float):
            if known - {kind}:
                continue
            checks = [f"type({v}) is {kind.__name__}" for v in dict.fromkeys((left, right)) if self.known[v] is not kind]
            if mnemonic in _COMPARISON:
                sum = f"{left} {_COMPARISON[mnemonic]} {right}"
            else:
                sum = f"{left} {_ARITHMETIC[mnemonic]} {right}"
                if kind is int:
                    checks.append(f"{INT_MIN} <= ({result} := {sum}) <= {INT_MAX}")
                    sum = result
            self.line(f"{keyword} {' and '.join(checks) or 'True'}:")
            self.line(f"    {result} = {sum}" if sum != result else "    pass")
            keyword = "elif"
        if keyword == "if":
            return self.by_operation(pc)
        self.line("else:")
        self.line(f"    {result} = {self.operation(pc, indent='    ')}")
        # Only a sum may be an object, a string.
        self.write(dst, result, ANY if mnemonic == "add" else gives)

    def by_operation(self, pc: int) -> None:
        opcode, operands = self.instructions[pc]
        declared = OPCODES[opcode][3]
        call = self.operation(pc)
        self.line(f"v{pc} = {call}")
        for (name, role), operand in zip(declared, operands):
            if role == "out":
                self.write(operand, f"v{pc}", bool if OPCODES[opcode][1] in (*_COMPARISON, *_LOGIC) else ANY)
            elif role == "inout":  # mostly the same array or dict, where it was
                self.line(f"if v{pc} is not {self.read(operand)}:")
                self.line(f"    frame.put({operand}, v{pc})")
                self.hold(operand, f"v{pc}", ANY)

    def operation(self, pc: int, indent: str = "") -> str:
        """The call of an operation; before it, a line that says where the block stops if that fails."""
        opcode, operands = self.instructions[pc]
        _name, mnemonic, _summary, declared, _flow, effects, errors = OPCODES[opcode]
        arguments = [f"frame.{effect}" if effect == "scopes" else effect for effect in effects]
        for (name, role), operand in zip(declared, operands):
            if role in ("in", "inout"):
                arguments.append(self.read(operand))
            elif role != "out":
                operand = self.names["constants"][operand].text if role == "global" else operand
                self.names[f"{name}_{pc}"] = operand
                arguments.append(f"{name}_{pc}")
        self.names[f"do_{mnemonic}"] = operation(opcode)
        self.line(f"{indent}failing = {self.stop(pc)}")
        return f"do_{mnemonic}({', '.join(arguments)})"

    def stop(self, pc: int) -> Stop:
        return (pc, self.executed, self.last)

    def constant(self, pc: int, value: Any) -> tuple[str, Any]:
        self.names[f"k{pc}"] = value
        self.known[f"k{pc}"] = known = PLAIN if type(value) is String else type(value)
        return f"k{pc}", known

    def truth(self, variable: str) -> str:
        return variable if self.known[variable] is bool else f"truthy({variable})"

    def read(self, register: int) -> str:
        if register not in self.variables:
            self.line(f"r{register} = registers[{register}]")
            self.hold(register, f"r{register}", ANY)
        return self.variables[register]

    def write(self, register: int, variable: str, known: Any) -> None:
        conditions = []
        if register not in self.written:
            conditions.append(f"{register} in counted")
        if known is ANY:
            conditions.append(f"type({variable}) in OBJECTS")
        if conditions:
            self.line(f"if {' or '.join(conditions)}:")
            self.line(f"    frame.put({register}, {variable})" if known is ANY else f"    frame.let_go({register})")
        if known is ANY:
            self.line("else:")
        self.line(f"{'    ' if known is ANY else ''}registers[{register}] = {variable}")
        self.hold(register, variable, known)
        (self.written.discard if known is ANY else self.written.add)(register)

    def hold(self, register: int, variable: str, known: Any) -> None:
        self.variables[register] = variable
        self.known[variable] = known

    def line(self, line: str) -> None:
        self.lines.append(line)
