"""The language on the command line: run, check and explain."""

from __future__ import annotations

import inspect
import sys
import textwrap
from collections.abc import Iterator

from ..escape import visible, visible_json
from ..machine import RunLimits
from . import program
from ._tables import DIAGNOSTICS, FILE_EXTENSION, FORMS, LIMITS, OPERATORS, RULES
from .diagnostics import At, Diagnostic
from .evaluator import function_of_operator
from .program import Compiled

FINE, PROGRAM_FAILED, BAD_INPUT = 0, 1, 2


def is_source(file: str) -> bool:
    return file.lower().endswith(FILE_EXTENSION)


def run(file: str, limits: RunLimits, as_json: bool) -> int:
    """Runs a program. Fails with `OSError` where the file cannot be read."""
    source, compiled = _compile(file)
    if as_json:
        if compiled.has_errors:
            print(visible_json(program.compile_error_json(compiled.diagnostics)))
            return BAD_INPUT
        printed: list[str] = []
        end = program.run(compiled.file, limits, printed.append)
        print(visible_json(program.outcome_json(end, "".join(printed))))
        return FINE if end.fault is None else PROGRAM_FAILED
    _show(file, source, compiled.diagnostics)
    if compiled.has_errors:
        return BAD_INPUT
    end = program.run(compiled.file, limits, sys.stdout.write)
    if end.fault is None:
        return FINE
    sys.stdout.flush()
    line, column, function = end.where
    message = f"{end.fault.message} (in function {function})"
    print(shown(file, source, (line, column), "error", message, None), file=sys.stderr)
    return PROGRAM_FAILED


def check(file: str) -> int:
    """Says what is wrong with a program."""
    try:
        source, compiled = _compile(file)
    except OSError as error:
        print(f"error: {visible(file)}: {error.strerror}", file=sys.stderr)
        return BAD_INPUT
    _show(file, source, compiled.diagnostics)
    return BAD_INPUT if compiled.has_errors else FINE


def shown(file: str, source: str, at: At, severity: str, message: str, hint: str | None) -> str:
    """A message with its place, the line it is about, and a mark below the column."""
    line, column = at
    lines = source.removeprefix("\ufeff").split("\n")
    text = lines[line - 1].removesuffix("\r") if line <= len(lines) else ""
    margin = " " * len(str(line))
    before = "".join("\t" if character == "\t" else " " for character in _tabbed(text[: column - 1]))
    place = f"{visible(file)}:{line}:{column}"
    rows = [
        f"{place}: {severity}: {visible(message)}",
        f"{line} | {_tabbed(text)}",
        f"{margin} | {before}^",
    ]
    if hint:
        rows.append(f"{margin} = {visible(hint)}")
    return "\n".join(rows)


def _tabbed(text: str) -> str:
    """A line made visible, but for its tabs."""
    return "\t".join(map(visible, text.split("\t")))


def _compile(file: str) -> tuple[str, Compiled]:
    with open(file, "rb") as opened:
        data = opened.read()
    source = program.decode_source(data)
    if isinstance(source, Diagnostic):
        return data.decode("utf-8", "replace"), program.Compiled(None, [source], True)
    return source, program.compile_source(source)


def _show(file: str, source: str, diagnostics: list[Diagnostic]) -> None:
    limit = LIMITS["shown_diagnostics"]
    for found in diagnostics[:limit]:
        print(shown(file, source, found.at, found.severity, found.message, found.hint), file=sys.stderr)
    if len(diagnostics) > limit:
        print(f"and {len(diagnostics) - limit} more", file=sys.stderr)


# --- Explaining -----------------------------------------------------------------------------------------------------


def subjects() -> list[str]:
    return list(dict.fromkeys([*FORMS, *OPERATORS, *RULES, *DIAGNOSTICS]))


def explanation(subject: str) -> str:
    """What the tables say of a form, an operator (by its name, sign or words), a rule or a diagnostic; or nothing."""
    return "\n".join(_explanations(subject))


def _explanations(subject: str) -> Iterator[str]:
    if subject in FORMS:
        kind, form, summary, example, prints = FORMS[subject]
        text = f"{subject} ({kind})\n    {form}\n    {summary}\n"
        yield f"{text}\nExample\n{_indented(example)}\nprints\n{_indented(prints)}"
    for name, (group, spellings, signs, _gives, summary) in OPERATORS.items():
        if subject == name or subject in signs or subject.lower() in map(str.lower, spellings):
            written = ", ".join([*signs, *spellings])
            text = f"{name} (operator of the group {group})\n    {written}\n    {summary}\n"
            function = function_of_operator(name)
            if function is not None:
                text += f"\nMeaning\n{_indented(inspect.getsource(function))}"
            yield text
    if subject in RULES:
        yield f"{subject} (rule)\n{_indented(textwrap.fill(RULES[subject], 110))}"
    if subject in DIAGNOSTICS:
        severity, message, hint, _fields, at, example, _line = DIAGNOSTICS[subject]
        text = f"{subject} ({severity})\n    {message}\n    It stands at {at}.\n"
        text += f"    {hint}\n" if hint else ""
        yield text + (f"\nExample\n{_indented(example)}" if example else "")


def _indented(text: str) -> str:
    return textwrap.indent(text.rstrip("\n") + "\n", "    ")
