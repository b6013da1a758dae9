"""The door: a source becomes a program or diagnostics, and a program has an outcome."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from .._tables import RUN_LIMITS
from ..errors import Fault
from ..machine import Output, RunLimits
from ..outcome import object_json, value_json
from ..values import Value
from ._tables import LIMITS
from .checker import check
from .diagnostics import Diagnostic, Diagnostics
from .document import read_file
from .evaluator import Evaluator, Where
from .tree import File

_Result = TypeVar("_Result")

# A thousand calls nest, and in each of them as many blocks as the limit allows, with a few Python frames for each.
_PYTHON_FRAMES = 1_000_000
_STACKS = (1 << 30, 1 << 29, 1 << 28, 1 << 26)  # bytes; a host may have a limit of its own


class Compiled(NamedTuple):
    """A file that may be run unless one of the diagnostics is an error."""

    file: File
    diagnostics: list[Diagnostic]
    has_errors: bool


class End(NamedTuple):
    """How a run ended."""

    result: Value = None
    fault: Fault | None = None
    where: Where | None = None


def decode_source(data: bytes) -> str | Diagnostic:
    """The text of a file, or where it is no UTF-8."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8").removeprefix("\ufeff")
        line_start = before.rfind("\n") + 1
        at = (before.count("\n") + 1, max(len(before) - line_start, 1))
        return Diagnostic("InvalidUtf8", at, {"offset": error.start})


def compile_source(source: str) -> Compiled:
    """Reads and checks a source."""
    diagnostics = Diagnostics()
    if len(source) > LIMITS["source_bytes"] or len(source.encode()) > LIMITS["source_bytes"]:
        diagnostics.report("ProgramTooLarge", (1, 1), what=f"its source has over {LIMITS['source_bytes']} bytes")
        source = ""

    def read() -> File:
        file = read_file(source, diagnostics)
        check(file, diagnostics)
        return file

    return Compiled(_with_a_large_stack(read), diagnostics.in_order(), diagnostics.has_errors())


def run(file: File, limits: RunLimits, write: Callable[[str], object]) -> End:
    """Runs a program that has no errors. Steps and memory are not counted as the machine counts them."""

    def evaluate() -> End:
        output = Output(_limit("max_output", limits), write)
        depth, memory = _limit("max_call_depth", limits), _limit("max_memory", limits)
        try:
            evaluator = Evaluator(file, _limit("max_steps", limits), depth, memory, output)
            return End(evaluator.run())
        except Fault as fault:
            return End(None, fault, fault.where)

    return _with_a_large_stack(evaluate)


def answer_to_source(source: str, limits: RunLimits) -> dict[str, str]:
    """The outcome of a source, and the warnings of one that was run, each as JSON."""
    compiled = compile_source(source)
    if compiled.has_errors:
        return {"outcome": compile_error_json(compiled.diagnostics)}
    printed: list[str] = []
    outcome = outcome_json(run(compiled.file, limits, printed.append), "".join(printed))
    return {"outcome": outcome, "warnings": json.dumps([warning.as_json() for warning in compiled.diagnostics])}


def compile_error_json(diagnostics: list[Diagnostic]) -> str:
    shown = [diagnostic.as_json() for diagnostic in diagnostics]
    return json.dumps({"status": "compile_error", "diagnostics": shown})


def outcome_json(end: End, stdout: str) -> str:
    if end.fault is None:
        return object_json({"status": '"ok"', "result": value_json(end.result), "stdout": json.dumps(stdout)})
    outcome = {"status": "runtime_error", "kind": end.fault.kind, "message": end.fault.message}
    return json.dumps({**outcome, **end.where._asdict(), "stdout": stdout})


def _limit(name: str, given: RunLimits) -> int:
    default, _error = RUN_LIMITS[name]
    limit = default if given.get(name) is None else given[name]
    return sys.maxsize if limit is None else limit


def _with_a_large_stack(act: Callable[[], _Result]) -> _Result:
    """Runs `act` in a thread where Python functions may nest deep; what it raises is raised here."""
    ends: list = []

    def body() -> None:
        try:
            ends.append((act(), None))
        except BaseException as error:  # noqa: BLE001: it is raised again below
            ends.append((None, error))

    limit, size = sys.getrecursionlimit(), threading.stack_size()
    try:
        for stack in _STACKS:
            threading.stack_size(stack)
            sys.setrecursionlimit(min(_PYTHON_FRAMES, stack // 1024))
            thread = threading.Thread(target=body, daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the host has no such stack to give
                if stack == _STACKS[-1]:
                    raise
                continue
            thread.join()
            break
    finally:
        threading.stack_size(size)
        sys.setrecursionlimit(limit)
    result, error = ends[0]
    if error is not None:
        raise error
    return result
