"""The protocol of conformance/README.md: a handshake, then one request a line on stdin and one answer a line on stdout.

A request has a module of bytecode, or the source of a program of the language with the name of its file.
"""

from __future__ import annotations

import base64
import json
from typing import Any, BinaryIO

from . import __version__
from .decode import decode
from .errors import Fault, InvalidInput
from .escape import visible_json
from .json_text import parse
from .language.program import answer_to_source
from .machine import Machine, check_run_limits
from .outcome import load_error_json, object_json, outcome_json, set_globals, state_error_json
from .state import load, save
from .views import Watched

PROTOCOL = 2


def serve(requests: BinaryIO, answers: BinaryIO, views: bool = False) -> None:
    """Answers each request, in order, until there are no more; with the views that a run of bytecode reaches, if asked."""
    handshake = {"protocol": PROTOCOL, "name": "mdvm-reference", "version": __version__, "sources": True}
    _send(answers, json.dumps(handshake))
    for line in requests:
        if not line.isspace():
            _send(answers, answer(line, views))


def answer(line: bytes, views: bool = False) -> str:
    """The answer to one request: its outcome, or what is wrong with the request."""
    number = None
    try:
        request = parse(line.decode("utf-8"))
        if type(request) is not dict:
            raise InvalidInput("a request is a JSON object")
        if type(request.get("id")) in (int, str):
            number = request["id"]
        else:
            raise InvalidInput('"id" is a number or a string')
        return object_json({"id": json.dumps(number), **_result(request, views)})
    except ValueError as error:
        return json.dumps({"id": number, "error": str(error)})


def _result(request: dict[str, Any], views: bool) -> dict[str, str]:
    """The fields of an answer besides its id, as JSON."""
    limits = _field(request, "limits", dict, {})
    if request.get("source") is not None:
        return _answer_to_source(request, limits)
    data = _module_bytes(_field(request, "module", str))
    initial = _field(request, "globals", dict, {})
    tracing = _field(request, "trace", bool, False)
    stop_at = _field(request, "stop_at", int, None)
    if stop_at is not None and stop_at < 0:
        raise InvalidInput('"stop_at" is not a whole number from 0 up')
    state = request.get("state")
    if state is not None and request.get("globals"):
        raise InvalidInput('"state" and "globals" do not go together')
    check_run_limits(limits)
    try:
        module = decode(data)
    except Fault as fault:
        return {"outcome": load_error_json(fault)}
    printed: list[str] = []
    if views:
        machine = Watched(module, limits, printed.append, stop_at=stop_at)
        tracing = False
    else:
        machine = Machine(module, limits, printed.append, tracing, stop_at)
    set_globals(machine, initial)
    if state is not None:
        try:
            load(machine, state)
        except Fault as fault:
            return {"outcome": state_error_json(fault)}
    end = machine.run()
    result = {"outcome": outcome_json(machine, end, "".join(printed))}
    if end.stopped:
        result["state"] = json.dumps(save(machine))
    if tracing:
        result["trace"] = json.dumps(machine.trace)
    if views:
        result["views"] = json.dumps(machine.shown())
    machine.discard()
    return result


def _answer_to_source(request: dict[str, Any], limits: dict[str, Any]) -> dict[str, str]:
    source = _field(request, "source", str)
    _field(request, "name", str, "")  # it names the module that a compiler makes
    for name in ("module", "globals", "trace", "stop_at", "state"):
        if request.get(name):
            raise InvalidInput(f'"source" and "{name}" do not go together')
    check_run_limits(limits)
    return answer_to_source(source, limits)


_REQUIRED = object()


def _field(request: dict[str, Any], name: str, kind: type, default: Any = _REQUIRED) -> Any:
    value = request.get(name)
    if value is None and default is not _REQUIRED:
        return default
    if type(value) is not kind:
        raise InvalidInput(f'"{name}" is not {_KINDS[kind]}')
    return value


_KINDS = {str: "a string", dict: "an object", bool: "true or false", int: "a whole number"}


def _module_bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise InvalidInput('"module" is not base64') from None


def _send(answers: BinaryIO, line: str) -> None:
    answers.write(visible_json(line).encode() + b"\n")
    answers.flush()
