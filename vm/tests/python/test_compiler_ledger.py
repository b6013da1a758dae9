"""The comparison with the public compiler notices what its ledger does not say, and what it says in vain."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[3] / "conformance" / "adapters" / "upstream-compiler.py"
OURS, THEIRS = {"status": "ok", "stdout": "1\n"}, {"status": "ok", "stdout": "2\n"}
DIFFERING = {"a/one": {"ours": OURS, "theirs": THEIRS}}
TRUE = {"name": "a/one", "gives": {"stdout": "2\n"}, "why": "it cannot count"}


def problems_of(known: list[dict[str, Any]], chosen: set[str] | None = None) -> list[str]:
    specification = importlib.util.spec_from_file_location("upstream_compiler", SCRIPT)
    assert specification is not None and specification.loader is not None
    script = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(script)
    all_ids = {"a/one", "a/two"}
    problems, _used = script.problems_of(DIFFERING, known, all_ids, all_ids if chosen is None else chosen)
    return [problem.partition("\n")[0] for problem in problems]


def test_a_ledger_that_is_true_is_taken() -> None:
    assert problems_of([TRUE]) == [] and problems_of([{**TRUE, "name": "a/o*"}]) == []


@pytest.mark.parametrize(
    ("known", "problem"),
    [
        ([], "a/one: not in the ledger"),
        ([{**TRUE, "gives": {"stdout": "3\n"}}], 'a/one: the ledger says {"stdout": "3\\n"}'),
        ([{**TRUE, "gives": {}}], "a/one: the ledger says {}"),
        ([{**TRUE, "why": "to be written"}], "a/one: its line in the ledger has no reason"),
        ([TRUE, {**TRUE, "name": "a/two"}], "a/two: in the ledger, and nothing differs any more: delete its line"),
        ([TRUE, {**TRUE, "name": "b/none"}], "b/none: the ledger names no page"),
    ],
)
def test_a_ledger_that_is_not_is_a_problem(known: list[dict[str, Any]], problem: str) -> None:
    assert problems_of(known) == [problem]


def test_what_was_not_run_is_not_stale() -> None:
    assert problems_of([TRUE, {**TRUE, "name": "a/two"}], {"a/one"}) == []
