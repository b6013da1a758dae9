"""The plug: JSON Lines in, JSON Lines out, one run each, through this package's own ``run``. It is how the conformance suite
talks to the wheel."""

from __future__ import annotations

import base64
import json

from . import CompileError, LoadError, Module, RunError, __version__, run
from ._errors import make_diagnostics
from ._json import from_json, object_json, parse, to_json
from .reference._tables import RUN_LIMITS
from .reference.escape import visible_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, BinaryIO

    from ._errors import Diagnostic

PROTOCOL = 1


def serve(requests: BinaryIO, answers: BinaryIO, tiers: Any = None) -> None:
    """Answers each request, in order, until there are no more."""
    handshake = {"protocol": PROTOCOL, "name": "machine-dialect-vm-python", "version": __version__, "sources": True}
    _send(answers, json.dumps(handshake))
    for line in requests:
        if not line.isspace():
            _send(answers, _answer(line, tiers))


def _answer(line: bytes, tiers: Any) -> str:
    number = None
    try:
        request = parse(line.decode())
        if type(request) is not dict or type(request.get("id")) not in (int, str):
            raise ValueError('a request is an object with an "id"')
        number = request["id"]
        return object_json({"id": json.dumps(number), **_fields(request, tiers)})
    except (ValueError, TypeError, OverflowError) as error:
        return json.dumps({"id": number, "error": str(error)})


def _fields(request: dict[str, Any], tiers: Any) -> dict[str, str]:
    limits = _field(request, "limits", dict, {})
    initial = {name: from_json(value) for name, value in _field(request, "globals", dict, {}).items()}
    tracing = _field(request, "trace", bool, False)
    # What is collected in memory must have an end.
    limits = {"max_output": RUN_LIMITS["max_memory"][0], **limits}
    warned: dict[str, str] = {}
    try:
        if "source" in request:
            module, found = _compile(request)
            warned["warnings"] = _diagnostics_json(found)
        else:
            module = Module.from_bytes(base64.b64decode(_field(request, "module", str, None), validate=True))
    except LoadError as error:
        return {"outcome": load_error_json(error)}
    except CompileError as error:
        diagnostics = _diagnostics_json(error.diagnostics)
        return {"outcome": object_json({"status": '"compile_error"', "diagnostics": diagnostics})}
    # As users run it, with a deadline.
    options = {"globals": initial, "limits": limits, "trace": tracing, "tiers": tiers, "deadline": 1 << 30}
    outcome, trace = outcome_json(module, stdout=[], **options)
    return {"outcome": outcome, **({"trace": json.dumps(trace)} if tracing else {}), **warned}


def _compile(request: dict[str, Any]) -> tuple[Module, Iterable[Diagnostic]]:
    if "module" in request:
        raise ValueError("the request has both `source` and `module`")
    from ._native import compile_page

    name = _field(request, "name", str, "main")
    module, rows, _drawn = compile_page(_field(request, "source", str, None), name)
    return module, make_diagnostics(name, rows)


def _diagnostics_json(found: Iterable[Diagnostic]) -> str:
    fields = ("kind", "severity", "line", "column", "message")
    rows: list[dict[str, Any]] = [{field: getattr(one, field) for field in fields} for one in found]
    for row, one in zip(rows, found):
        if one.hint is not None:
            row["hint"] = one.hint
    return json.dumps(rows)


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
            "function": json.dumps(error.places[0].function if error.places else error.function),
        }
        if error.places:
            outcome |= {"line": str(error.places[0].line), "column": str(error.places[0].column)}
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
