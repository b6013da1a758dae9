"""The machine: it executes the steps of one module, once, and says how that ended."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterable
from typing import NamedTuple

from ._tables import ENTRY_FUNCTION, REGISTERS, RUN_LIMITS, TRACE_STEPS, TRACE_TEXT_BYTES
from .binding import BRANCH, CALL, NEXT, PHI, RETURN, WRITE, bind
from .blocks import LONGEST, Blocks, makes_tags
from .decode import Module
from .errors import Fault, InvalidInput
from .memory import Memory, hold
from .operations import NO_VALUE, phi
from .values import OBJECTS, Value, text_pieces, type_of


# Limit -> its number; a limit that is None or not there has its default.
RunLimits = dict[str, int | None]

# Of each instruction executed: its index, and the digest of what it wrote.
Trace = list[tuple[int, str]]


class End(NamedTuple):
    """How a run ended: with a result, or with a fault at an instruction of a function. Or it stopped where it was asked to."""

    steps: int
    result: Value = None
    fault: Fault | None = None
    pc: int | None = None
    function: str | None = None
    stopped: bool = False


class Machine:
    """One run of one module: set its `globals`, `run` it, look at the end, `discard` it.

    `write` takes what the program prints. With `tracing`, the first instructions executed are listed in `trace`. With
    `stop_at`, the run stops before more than so many steps were taken, unless it ends by then.
    """

    def __init__(
        self,
        module: Module,
        limits: RunLimits,
        write: Callable[[str], object],
        tracing: bool = False,
        stop_at: int | None = None,
    ):
        self.module = module
        self.functions = functions = Functions(module.functions)
        self.max_steps = _run_limit("max_steps", limits)
        self.memory = Memory(_run_limit("max_memory", limits), _run_limit("max_call_depth", limits))
        self.globals = Globals(self.memory)
        self.output = output = Output(_run_limit("max_output", limits), write)
        context = {
            "memory": self.memory,
            "globals": self.globals,
            "output": output,
            "functions": functions,
            "constants": module.constants,
        }
        self.steps = bind(module, **context)
        # Where the machine is; between the beginning and the end of a run only the loop knows.
        self.pc = functions.entries.get(ENTRY_FUNCTION, 0)
        self.before: int | None = None  # the instruction executed before this one, by which phis select
        self.executed = 0
        self.stop_at = stop_at
        self.frames = [Frame(self.memory, ENTRY_FUNCTION)]
        self.trace: Trace | None = [] if tracing else None
        # A block leaves no trace and no tags.
        self.blocks = None if tracing or makes_tags(module) else Blocks(module, **context)

    def run(self) -> End:
        """Executes the program from where it is to its end."""
        # No value refers to itself, so there are no cycles to collect, and looking for some takes a fifth of the time.
        collecting = gc.isenabled()
        gc.disable()
        try:
            return self._run()
        finally:
            if collecting:
                gc.enable()

    def _run(self) -> End:
        steps, end, max_steps = self.steps, len(self.steps), self.max_steps
        stops = self.stop_at is not None and self.stop_at <= max_steps
        most_steps = self.stop_at if stops else max_steps
        frames, memory, trace = self.frames, self.memory, self.trace
        frame = frames[-1]
        before, executed = self.before, self.executed
        here = pc = self.pc
        result = None
        blocks = self.blocks.made if self.blocks else [None] * end
        last_block = most_steps - LONGEST if self.blocks else -1  # with more steps than that, a block might be too long
        try:
            memory.require(0)  # the initial globals may be too much already
            while pc < end:
                if executed <= last_block:
                    block = blocks[pc] or self.blocks.visit(pc)
                    if block is not None:
                        pc, count, last = block(frame)
                        if count:
                            executed += count
                            before = last
                            continue
                here = pc
                if executed >= most_steps:
                    if stops:
                        return self.stop(here, before, executed)
                    raise Fault("StepLimitExceeded", limit=max_steps)
                executed += 1
                if trace is not None:
                    if len(trace) == TRACE_STEPS:
                        trace = None
                    else:
                        trace.append((here, ""))  # until the instruction has written something
                flow, act, dst, _operands = steps[here]
                registers = frame.registers
                if flow == WRITE:
                    frame.put(dst, act(registers, frame))
                    if trace is not None:
                        trace[-1] = (here, digest(dst, registers[dst]))
                    pc = here + 1
                elif flow == BRANCH:
                    pc = here + 1 + act(registers, frame)
                elif flow == NEXT:
                    act(registers, frame)
                    pc = here + 1
                elif flow == CALL:
                    (name, pc), arguments = act(registers, frame)
                    frame = Frame(memory, name, arguments, called_at=here, dst=dst)
                    frames.append(frame)
                    here = None
                elif flow == RETURN:
                    value = act(registers, frame)
                    if len(frames) == 1:
                        result = None if value is NO_VALUE else value
                        break
                    callee, frame = frames.pop(), frames[-1]
                    if value is not NO_VALUE:
                        frame.put(callee.dst, value)
                        if trace is not None:
                            trace[-1] = (here, digest(callee.dst, value))
                    callee.release()
                    memory.close_frame()
                    here = callee.called_at
                    pc = here + 1
                elif flow == PHI:
                    pc = self.end_of_phis(here)
                    if executed + (pc - here - 1) > most_steps:
                        if trace is not None:
                            trace.pop()  # it was not executed after all
                        if stops:
                            return self.stop(here, before, executed - 1)
                        executed = max(executed - 1, max_steps)
                        raise Fault("StepLimitExceeded", limit=max_steps)
                    executed += pc - here - 1
                    self.select(here, pc, before, trace)
                    here = pc - 1
                else:  # halt
                    break
                before = here
        except Fault as fault:
            return End(executed, None, fault, here, frame.function)
        except MemoryError:  # `max_memory` is more than this computer has
            return End(executed, None, Fault("OutOfMemory", limit=memory.max_memory), here, frame.function)
        return End(executed, result)

    def stop(self, pc: int, before: int | None, executed: int) -> End:
        """Notes where the run stopped, so that its state can be saved."""
        self.pc, self.before, self.executed = pc, before, executed
        return End(executed, stopped=True)

    def end_of_phis(self, first: int) -> int:
        """The instruction after the run of phis that begins at `first`."""
        for after in range(first, len(self.steps)):
            flow, _act, _dst, _operands = self.steps[after]
            if flow != PHI:
                return after
        return len(self.steps)

    def select(self, first: int, after: int, before: int | None, trace: Trace | None) -> None:
        """Executes a run of phis. All of them read before any is written."""
        frame = self.frames[-1]
        registers = frame.registers
        chosen = []
        for pc in range(first, after):
            _flow, _act, dst, (_dst, sources) = self.steps[pc]
            source = phi(before, sources)
            if source is not None:
                chosen.append((pc, dst, registers[source]))
                hold(registers[source])  # until all are written, for its register may be among them
        if trace is not None:
            trace[-1:] = [(pc, "") for pc in range(first, after)]
        for pc, dst, value in chosen:
            frame.put(dst, value)
            if trace is not None:
                trace[pc - after] = (pc, digest(dst, value))
        for _pc, _dst, value in chosen:
            self.memory.drop(value)
        if trace is not None:
            del trace[TRACE_STEPS:]

    def discard(self) -> None:
        """Lets go of all that the run still holds, its result included."""
        for frame in self.frames:
            frame.release()
        for value in self.globals.values.values():
            self.memory.drop(value)
        self.frames.clear()
        self.globals.values.clear()


class Frame:
    """A function that was called and has not returned. The first frame was called by nobody."""

    __slots__ = ("memory", "function", "registers", "counted", "called_at", "dst", "_tags", "_scopes")

    def __init__(
        self,
        memory: Memory,
        function: str,
        arguments: Iterable[Value] = (),
        called_at: int | None = None,
        dst: int | None = None,
    ):
        self.memory = memory
        self.function = function
        self.registers: list[Value] = [None] * REGISTERS
        self.counted: set[int] = set()  # the registers that are owners of what they hold
        self._tags: Tags | None = None  # most frames have no use for them
        self._scopes: list[int] | None = None
        self.called_at = called_at
        self.dst = dst
        for register, argument in enumerate(arguments):
            self.registers[register] = argument
            if type(argument) in OBJECTS:
                argument.owners += 1
                self.counted.add(register)

    def put(self, register: int, value: Value) -> None:
        """Writes a register."""
        old = self.registers[register]
        had = register in self.counted
        if type(value) in OBJECTS:
            value.owners += 1
            self.counted.add(register)
        elif had:
            self.counted.remove(register)
        self.registers[register] = value
        if had:
            self.memory.drop(old)
        if self._tags:
            self._tags.pop(register, None)

    def let_go(self, register: int) -> None:
        """Lets go of an object that a register holds, which is about to be written."""
        self.counted.remove(register)
        self.memory.drop(self.registers[register])

    def release(self) -> None:
        """Lets go of all that the registers hold."""
        for register in self.counted:
            self.memory.drop(self.registers[register])

    @property
    def tags(self) -> Tags:
        if self._tags is None:
            self._tags = Tags(self.registers)
        return self._tags

    @property
    def scopes(self) -> list[int]:
        if self._scopes is None:
            self._scopes = []
        return self._scopes


class Tags(dict):
    """Register -> type tag. Only what a DefineR set is stored; any other register's tag is the type of its value."""

    __slots__ = ("registers",)

    def __init__(self, registers: list[Value]):
        self.registers = registers

    def __missing__(self, register: int) -> str:
        return type_of(self.registers[register])


class Globals:
    """The global variables of a run."""

    def __init__(self, memory: Memory):
        self.memory = memory
        self.values: dict[str, Value] = {}
        self.get = self.values.get

    def set(self, name: str, value: Value) -> None:
        """Gives a variable a value, and makes it where there is none of that name."""
        self.values.setdefault(name)
        self.memory.store(self.values, name, value)


class Functions:
    """The function table. A function is its name and its entry."""

    def __init__(self, table: list[tuple[str, int]]):
        self.entries = dict(table)
        self.names = {entry: name for name, entry in reversed(table)}  # the first in table order wins

    def named(self, name: str) -> tuple[str, int]:
        if name not in self.entries:
            raise Fault("UndefinedFunction", name=name)
        return name, self.entries[name]

    def at(self, entry: int) -> tuple[str, int]:
        if entry not in self.names:
            raise Fault("UndefinedEntry", entry=entry)
        return self.names[entry], entry


class Output:
    """What the program prints, and how much of that there may be."""

    def __init__(self, max_output: int, write: Callable[[str], object]):
        self.max_output = max_output
        self.written = 0
        self._write = write

    def room(self) -> int:
        return self.max_output - self.written

    def write(self, text: str, size: int) -> None:
        """Writes text of `size` UTF-8 bytes, which fits."""
        self.written += size
        self._write(text)


def check_run_limits(given: RunLimits) -> None:
    """Fails with `InvalidInput` where a limit is none that a run has. `None` asks for the default."""
    for name, limit in given.items():
        if name not in RUN_LIMITS:
            raise InvalidInput(f'unknown limit "{name}": there are {", ".join(RUN_LIMITS)}')
        if limit is not None and (type(limit) is not int or limit < 0):
            raise InvalidInput(f'limit "{name}" is not a whole number from 0 up')


def _run_limit(name: str, given: RunLimits) -> int:
    """The limit given, or the default, or more than any run can reach."""
    default, _error = RUN_LIMITS[name]
    limit = default if given.get(name) is None else given[name]
    return sys.maxsize if limit is None else limit


_FNV_OFFSET = 0xCBF29CE484222325
_FNV_PRIME = 0x100000001B3


def digest(register: int, value: Value) -> str:
    """What a trace says of a write: FNV-1a over the register, the type, and the beginning of the text form."""
    beginning = b""
    for piece in text_pieces(value):
        beginning += piece[:TRACE_TEXT_BYTES].encode()
        if len(beginning) >= TRACE_TEXT_BYTES:
            break
    written = f"r{register}:{type_of(value)}:".encode() + beginning[:TRACE_TEXT_BYTES] + b";"
    code = _FNV_OFFSET
    for byte in written:
        code = (code ^ byte) * _FNV_PRIME & 0xFFFFFFFFFFFFFFFF
    return f"{code:016x}"
