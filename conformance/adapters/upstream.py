"""The public package `machine-dialect-vm` as an implementation that can be tested: JSON Lines in, JSON Lines out.

It needs the standard library and the package, on Linux or macOS. `upstream.sh`, beside this file, fetches the package and
starts this program.

The package loads from a path, prints past Python to file descriptor 1, and may end, hang or fill the memory, so each
program runs in a child process that serves until it dies, and then another one takes its place. A request that kills
its child, uses up its time, asks for what the package does not have, or has no single outcome is answered by an outcome
with a status of its own: `crash`, `timeout`, `unsupported`, `unstable`.
"""

from __future__ import annotations

import base64
import importlib.metadata
import json
import math
import os
import resource
import shutil
import signal
import struct
import sys
import tempfile
import threading
import time
from typing import Any, BinaryIO, Iterator

import machine_dialect_vm

PROTOCOL = 1
PACKAGE = "machine-dialect-vm"
# What the package cannot tell. Outcomes leave it out, and it is not compared.
UNREPORTED = ["pc", "function", "globals"]

# Processor time, not time on the clock: a busy machine must not turn a slow program into one that hangs.
SECONDS = 5.0
MEMORY_BYTES = 3 << 29
# Deep values overflow the stack, and how deep must not depend on the shell that started this.
STACK_BYTES = 8 << 20
PRINTED_BYTES = 64 << 20

# Dicts are ordered anew in each run. A dict of two entries differs between two runs as often as not, so that all of this
# many runs agree by chance is out of the question. What takes long is run twice, and what takes very long once.
RUNS = 64
RUNS_SECONDS = 0.005
RUN_TWICE_SECONDS = 0.5

# How its texts begin, and the kind of each.
LOAD_KINDS = {
    "Invalid bytecode format": "UnexpectedEof",  # its text for a file too short for a header
    "Invalid magic number": "InvalidMagic",
    "Unexpected EOF": "UnexpectedEof",
    "Invalid offset": "InvalidOffset",
    "Invalid constant tag: ": "InvalidConstantTag",
    "Invalid opcode: ": "InvalidOpcode",
    "Invalid UTF-8": "InvalidUtf8",
}
RUN_KINDS = {
    "Type mismatch: ": "TypeMismatch",
    "Division by zero": "DivisionByZero",
    "Integer overflow": "IntegerOverflow",
    "Index out of bounds: ": "IndexOutOfBounds",
    "Undefined function: ": "UndefinedFunction",
    "Invalid operation: ": "InvalidOperation",
    "Invalid comparison: ": "InvalidComparison",
    "Assertion failed: ": "AssertionFailed",
    "Stack overflow": "StackOverflow",
    "Invalid constant index: ": "InvalidConstantIndex",  # found while it runs; a conforming machine finds it at load
}


def main() -> None:
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    folder = tempfile.mkdtemp(prefix="mdvm-upstream-")
    try:
        serve(sys.stdin.buffer, answers, Runner(folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def serve(requests: BinaryIO, answers: BinaryIO, runner: Runner) -> None:
    """Answers each request, in order, until there are no more."""
    version = importlib.metadata.version(PACKAGE)
    send(answers, json.dumps({"protocol": PROTOCOL, "name": PACKAGE, "version": version, "unreported": UNREPORTED}))
    for line in requests:
        if not line.isspace():
            send(answers, answer(line, runner))
    runner.end()


def answer(line: bytes, runner: Runner) -> str:
    """The answer to one request: an outcome, or what is wrong with the request."""
    number = None
    try:
        request = json.loads(line)
        if type(request) is not dict or type(request.get("id")) not in (int, str):
            raise ValueError('a request is an object with an "id" that is a number or a string')
        number = request["id"]
        if type(request.get("module")) is not str:
            raise ValueError('"module" is not a string')
        module = base64.b64decode(request["module"], validate=True)
    except (ValueError, RecursionError) as error:
        return json.dumps({"id": number, "error": str(error)})
    wanted = list(request.get("limits") or {})
    if request.get("globals"):
        wanted.append("initial globals")
    outcome = unsupported(wanted) if wanted else runner.run(module)
    return f'{{"id": {json.dumps(number)}, "outcome": {outcome}}}'


def send(answers: BinaryIO, line: str) -> None:
    answers.write(line.encode() + b"\n")
    answers.flush()


def unsupported(wanted: list[str]) -> str:
    return json.dumps({"status": "unsupported", "message": f"it has no {' and no '.join(wanted)}"})


class Runner:
    """Runs modules in a child process, and starts another one whenever that dies."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.child = Child(folder)

    def run(self, module: bytes) -> str:
        """The outcome of a module, as JSON."""
        outcome = self.child.run(module)
        if outcome is not None:
            return outcome
        death = how_it_died(self.child.wait(), last_line(os.path.join(self.folder, "stderr")))
        self.child = Child(self.folder)
        return json.dumps(death)

    def end(self) -> None:
        self.child.wait()


class Child:
    """A process that runs one module after another until it dies or its input ends."""

    def __init__(self, folder: str) -> None:
        input_end, self.to_child = os.pipe()
        self.from_child, output_end = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self.to_child)
            os.close(self.from_child)
            live_as_child(input_end, output_end, folder)
        os.close(input_end)
        os.close(output_end)

    def run(self, module: bytes) -> str | None:
        """The outcome, as JSON; None where the child died of it."""
        write_message(self.to_child, module)
        outcome = read_message(self.from_child)
        return None if outcome is None else outcome.decode()

    def wait(self) -> int:
        """Its exit status, when it has died or come to the end of its input."""
        os.close(self.to_child)
        os.close(self.from_child)
        return os.waitpid(self.pid, 0)[1]


def how_it_died(status: int, said: str) -> dict[str, str]:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number == signal.SIGPROF:
            return {"status": "timeout", "message": f"no end within {SECONDS:g} s of processor time"}
        how = signal.Signals(number).name
    else:
        how = f"exit status {os.WEXITSTATUS(status)}"
    return {"status": "crash", "message": f"{how}: {said}" if said else how}


def last_line(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:
        lines = file.read().split("\n")
    return next((line for line in reversed(lines) if line.strip()), "")


def live_as_child(requests: int, outcomes: int, folder: str) -> None:
    """Serves until the requests end. It never returns."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (PRINTED_BYTES, PRINTED_BYTES))
    # The signal of the timer ends the process, whatever the package is busy with.
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.dup2(os.open(os.path.join(folder, "stdout"), os.O_RDWR | os.O_CREAT | os.O_TRUNC), 1)
    os.dup2(os.open(os.path.join(folder, "stderr"), os.O_RDWR | os.O_CREAT | os.O_TRUNC), 2)
    path = os.path.join(folder, "module.mdbc")

    def serve_requests() -> None:
        while (module := read_message(requests)) is not None:
            with open(path, "wb") as file:
                file.write(module)
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
            outcome = stable_outcome(path)
            signal.setitimer(signal.ITIMER_PROF, 0)
            write_message(outcomes, outcome.encode())

    threading.stack_size(STACK_BYTES)
    thread = threading.Thread(target=serve_requests)
    thread.start()
    thread.join()
    # Who is done with this program kills it, as a rule. Its child is the one left to clear up then.
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def stable_outcome(path: str) -> str:
    """The outcome that all runs of a module agree on, as JSON."""
    start = time.process_time()
    first = outcome_of(path)
    for count in range(1, RUNS):
        taken = time.process_time() - start
        if taken > (RUNS_SECONDS if count > 1 else RUN_TWICE_SECONDS):
            break
        if outcome_of(path) != first:
            return json.dumps({"status": "unstable", "message": "two runs differ"})
    return first


def outcome_of(path: str) -> str:
    """The outcome of one run, as JSON."""
    os.ftruncate(1, 0)
    os.lseek(1, 0, os.SEEK_SET)
    os.ftruncate(2, 0)
    os.lseek(2, 0, os.SEEK_SET)
    # It counts instructions over all runs, and goes on where the last one stopped, so no run shares a machine.
    machine = machine_dialect_vm.RustVM()
    try:
        machine.load_bytecode(path)
    except RuntimeError as error:
        return json.dumps(error_fields("load_error", "Failed to load bytecode: ", LOAD_KINDS, str(error)))
    except BaseException as error:
        return json.dumps(panic(error))
    try:
        result = machine.execute()
    except RuntimeError as error:
        fields = error_fields("runtime_error", "Runtime error: ", RUN_KINDS, str(error))
        return json.dumps(fields | {"stdout": printed(), "steps": machine.instruction_count()})
    except BaseException as error:
        return json.dumps(panic(error))
    rest = json.dumps({"stdout": printed(), "steps": machine.instruction_count()})
    return f'{{"status": "ok", "result": {value_json(result)}, {rest[1:]}'


def error_fields(status: str, prefix: str, kinds: dict[str, str], text: str) -> dict[str, Any]:
    message = text.removeprefix(prefix)
    kind = next((kind for start, kind in kinds.items() if message.startswith(start)), "Unknown")
    return {"status": status, "kind": kind, "message": message}


def panic(error: BaseException) -> dict[str, str]:
    """The crash that a panic is: it unwinds past `except Exception`, and its machine is not to be used again."""
    return {"status": "crash", "message": f"{type(error).__name__}: {error}"}


def printed() -> str:
    with open(os.dup(1), "rb") as file:
        file.seek(0)
        return file.read().decode("utf-8", "replace")


def value_json(value: Any) -> str:
    """A result as JSON, however deep it is."""
    parts: list[str] = []
    open_values: list[Iterator[str | Any]] = [iter([value])]
    while open_values:
        for item in open_values[-1]:
            if type(item) is Text:
                parts.append(item)
            elif type(item) in (list, dict):
                open_values.append(parts_of(item))
                break
            elif type(item) is float:
                parts.append(json.dumps({"float": "nan" if math.isnan(item) else repr(item)}))
            else:
                parts.append(json.dumps(item))
        else:
            open_values.pop()
    return "".join(parts)


class Text(str):
    """JSON that stands for itself."""


def parts_of(value: list[Any] | dict[str, Any]) -> Iterator[Any]:
    """The JSON of an array or a dict, in which the values it holds still stand as they are."""
    if type(value) is list:
        yield Text("[")
        for index, item in enumerate(value):
            yield Text(", " * bool(index))
            yield item
        yield Text("]")
        return
    yield Text('{"dict": [')
    for index, (key, item) in enumerate(value.items()):
        yield Text(f"{', ' * bool(index)}[{json.dumps(key)}, ")
        yield item
        yield Text("]")
    yield Text("]}")


def write_message(end: int, data: bytes) -> None:
    message = struct.pack("<Q", len(data)) + data
    while message:
        try:
            message = message[os.write(end, message):]
        except BrokenPipeError:
            # Its reader has died, which the one who waits for an answer will see.
            return


def read_message(end: int) -> bytes | None:
    """The next message; None where the other side is gone."""
    header = read_bytes(end, 8)
    return None if header is None else read_bytes(end, struct.unpack("<Q", header)[0])


def read_bytes(end: int, count: int) -> bytes | None:
    data = bytearray()
    while len(data) < count:
        read = os.read(end, min(count - len(data), 1 << 20))
        if not read:
            return None
        data += read
    return bytes(data)


if __name__ == "__main__":
    main()
