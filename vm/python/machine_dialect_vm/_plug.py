"""The plug: JSON Lines in, JSON Lines out, one run each, through this package's own ``run``. It is how the conformance suite
talks to the wheel."""

from __future__ import annotations

import base64
import json

from . import LoadError, Module, RunError, __version__, run
from ._json import from_json, object_json, parse, to_json
from .reference._tables import RUN_LIMITS
from .reference.escape import visible_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO

PROTOCOL = 1


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answers each request, in order, until there are no more."""
    _send(answers, json.dumps({"protocol": PROTOCOL, "name": "machine-dialect-vm-python", "version": __version__}))
    for line in requests:
        if not line.isspace():
            _send(answers, _answer(line))


def _answer(line: bytes) -> str:
    number = None
    try:
        request = parse(line.decode())
        if type(request) is not dict or type(request.get("id")) not in (int, str):
            raise ValueError('a request is an object with an "id"')
        number = request["id"]
        return object_json({"id": json.dumps(number), **_fields(request)})
    except (ValueError, TypeError, OverflowError) as error:
        return json.dumps({"id": number, "error": str(error)})


def _fields(request: dict[str, Any]) -> dict[str, str]:
    data = base64.b64decode(_field(request, "module", str, None), validate=True)
    limits = _field(request, "limits", dict, {})
    initial = {name: from_json(value) for name, value in _field(request, "globals", dict, {}).items()}
    tracing = _field(request, "trace", bool, False)
    # What is collected in memory must have an end.
    limits = {"max_output": RUN_LIMITS["max_memory"][0], **limits}
    try:
        module = Module.from_bytes(data)
    except LoadError as error:
        return {"outcome": load_error_json(error)}
    outcome, trace = outcome_json(module, stdout=[], globals=initial, limits=limits, trace=tracing)
    return {"outcome": outcome, "trace": json.dumps(trace)} if tracing else {"outcome": outcome}


def _field(request: dict[str, Any], name: str, kind: type, default: Any) -> Any:
    value = request.get(name)
    if value is None and default is not None:
        return default
    if type(value) is not kind:
        raise ValueError(f'"{name}" is no {kind.__name__}')
    return value


def outcome_json(module: Module, *, stdout: list[str], **options: Any) -> tuple[str, Any]:
    """The outcome of a run, as JSON, and its trace."""
    try:
        end = run(module, stdout=stdout.append, **options)
    except RunError as error:
        outcome = {
            "status": '"runtime_error"',
            "kind": json.dumps(error.kind),
            "message": json.dumps(error.message),
            "pc": str(error.pc),
            "function": json.dumps(error.function),
        }
        steps, variables, trace = error.steps, error.globals, error.trace
    else:
        outcome = {"status": '"ok"', "result": to_json(end.value)}
        steps, variables, trace = end.steps, end.globals, end.trace
    outcome["stdout"] = json.dumps("".join(stdout))
    outcome["steps"] = str(steps)
    outcome["globals"] = object_json({name: to_json(value) for name, value in variables.items()})
    return object_json(outcome), trace


def load_error_json(error: LoadError) -> str:
    """The outcome of a module that does not load, as JSON."""
    return json.dumps({"status": "load_error", "kind": error.kind, "message": error.message})


def _send(answers: BinaryIO, line: str) -> None:
    answers.write(visible_json(line).encode() + b"\n")
    answers.flush()
