"""What is wrong with a source: diagnostics with a kind, typed fields and a place."""

from __future__ import annotations

from typing import Any, NamedTuple

from ._tables import DIAGNOSTICS

# Where something stands: the line and the column, both from 1. A place of a run-time error has a function's name too.
At = tuple[int, int]
_KINDS = list(DIAGNOSTICS)


class Diagnostic(NamedTuple):
    kind: str
    at: At
    fields: dict[str, Any]

    @property
    def severity(self) -> str:
        return DIAGNOSTICS[self.kind][0]

    @property
    def message(self) -> str:
        return DIAGNOSTICS[self.kind][1].format(**self.fields)

    @property
    def hint(self) -> str | None:
        hint = DIAGNOSTICS[self.kind][2]
        return None if hint is None else hint.format(**self.fields)

    def as_json(self) -> dict[str, Any]:
        """The diagnostic as an outcome has it."""
        line, column = self.at
        shown = {"kind": self.kind, "severity": self.severity, "line": line, "column": column, "message": self.message}
        return shown if self.hint is None else {**shown, "hint": self.hint}


class Diagnostics:
    """All that is found in one source."""

    def __init__(self):
        self._found: dict[tuple, Diagnostic] = {}

    def report(self, kind: str, at: At, **fields: Any) -> None:
        """Adds a diagnostic; one that is there already is not added again."""
        diagnostic = Diagnostic(kind, at, fields)
        self._found.setdefault((at, kind, tuple(fields.items())), diagnostic)

    def in_order(self) -> list[Diagnostic]:
        """By place; of one place errors first, and else in the order of their kinds."""

        def order(diagnostic: Diagnostic) -> tuple[At, bool, int]:
            return diagnostic.at, diagnostic.severity != "error", _KINDS.index(diagnostic.kind)

        return sorted(self._found.values(), key=order)

    def has_errors(self) -> bool:
        return any(diagnostic.severity == "error" for diagnostic in self._found.values())


class SyntaxProblem(Exception):
    """Why a statement cannot be read. `line` is where reading was when it was noticed."""

    def __init__(self, kind: str, at: At, line: int, **fields: Any):
        super().__init__(kind)
        self.kind = kind
        self.at = at
        self.line = line
        self.fields = fields
