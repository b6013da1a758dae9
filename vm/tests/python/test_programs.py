"""The programs of the specification and of the corpus, through the Python package and through its plug."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

import machine_dialect_vm
from machine_dialect_vm import CompileError, RunError, run
from machine_dialect_vm._json import to_json

ROOT = Path(__file__).parents[3]
PAGES = sorted([*(ROOT / "spec" / "programs").rglob("*.md"), *(ROOT / "conformance" / "corpus").glob("*.md")])
yaml: Any = importlib.import_module("yaml")


def expected(page: Path) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(page.with_suffix(".yaml").read_text(encoding="utf-8"))
    return read


def test_there_are_programs() -> None:
    assert len(PAGES) > 200


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_program_does_what_is_expected_of_it(page: Path) -> None:
    wanted = expected(page)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = machine_dialect_vm.compile_file(page)
    except CompileError as error:
        assert "error" not in wanted and "result" not in wanted, error
        found = {(one.kind, one.line, one.column) for one in error.diagnostics}
        for one in wanted.get("diagnostics", []):
            kind, line = one["kind"], one["line"]
            assert any((kind, line) == place[:2] and one.get("column") in (None, place[2]) for place in found), found
        return
    try:
        outcome = run(module, stdout=False, limits=wanted.get("limits"))
    except RunError as failed:
        ending = wanted.get("error")
        assert ending is not None, failed
        assert (failed.kind, failed.line, failed.file) == (ending["kind"], ending["line"], str(page))
        assert ending.get("column") in (None, failed.column)
        stdout = failed.stdout
    else:
        assert "error" not in wanted
        if "result" in wanted:
            assert json.loads(to_json(outcome.value)) == wanted["result"]
        stdout = outcome.stdout
    assert wanted.get("stdout", stdout) == stdout


def test_the_plug_takes_pages() -> None:
    requests = [
        {"id": 1, "source": "Say _1_.\nSay _2_ / _0_.\n", "name": "a.md"},
        {"id": 2, "source": "Say `tea`.\n", "name": "b.md"},
        {"id": 3, "source": "Define `l` as List.\nSet `l` to:\n\nGive back `l`.\n", "name": "c.md"},
        {"id": 4, "source": "Say _1_.\n", "module": ""},
    ]
    lines = "".join(json.dumps(request) + "\n" for request in requests)
    command = [sys.executable, "-m", "machine_dialect_vm", "serve"]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, timeout=60, check=True)
    handshake, failed, refused, odd, wrong = map(json.loads, done.stdout.splitlines())
    assert handshake["sources"] is True
    outcome = failed["outcome"]
    assert (outcome["kind"], outcome["line"], outcome["column"], outcome["stdout"]) == ("DivisionByZero", 2, 9, "1\n")
    assert failed["warnings"] == []
    [found] = refused["outcome"].pop("diagnostics")
    assert refused["outcome"] == {"status": "compile_error"}
    assert (found["kind"], found["severity"], found["line"], found["column"]) == ("UndefinedName", "error", 1, 5)
    assert odd["outcome"]["result"] == [] and [one["kind"] for one in odd["warnings"]] == ["EmptyList"]
    assert "both" in wrong["error"]
