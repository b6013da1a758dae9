"""Every public name is documented, with an example that runs."""

from __future__ import annotations

import doctest
import importlib
import inspect
import io
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

import machine_dialect_vm

MODULES = ["machine_dialect_vm", *(f"machine_dialect_vm.{name}" for name in ("builder", "campaign", "compiler", "errors", "language", "repl"))]


def public() -> Iterator[tuple[str, Any]]:
    """The public names, and those of the members of public classes, with what they stand for."""
    for module_name in MODULES:
        module = importlib.import_module(module_name)
        yield module_name, module
        for name in module.__all__:
            value = getattr(module, name)
            if name == "__version__" or inspect.ismodule(value):
                continue
            yield f"{module_name}.{name}", value
            if not inspect.isclass(value):
                continue
            for member, descriptor in _members(value):
                yield f"{module_name}.{name}.{member}", descriptor


def _members(owner: type) -> Iterator[tuple[str, Any]]:
    """What the class adds to Python's own: methods and properties that have a text of their own."""
    seen = set()
    for base in owner.__mro__:
        if not base.__module__.startswith("machine_dialect_vm"):
            continue
        for member, value in vars(base).items():
            value = getattr(value, "__func__", value)
            is_field = inspect.isgetsetdescriptor(value) or (inspect.ismemberdescriptor(value) and value.__doc__)
            is_described = inspect.isroutine(value) or isinstance(value, property) or is_field
            if member.startswith("_") or member in seen or not is_described:
                continue
            seen.add(member)
            yield member, value


NAMES = dict(public())
# The class has the example; these are fields of it in words.
FIELDS = {"mnemonic", "summary", "operands", "errors", "function", "file", "line", "column", "source_line"}


def test_all_of_the_package_is_looked_at() -> None:
    assert len(NAMES) > 150
    assert "machine_dialect_vm.ModuleBuilder.array_set" in NAMES and "machine_dialect_vm.Outcome.value" in NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_examples_of(name: str) -> None:
    doc = inspect.cleandoc(NAMES[name].__doc__ or "")
    assert doc, f"{name} has no documentation"
    examples = doctest.DocTestParser().get_doctest(doc, {"__name__": "__main__"}, name, None, None)
    if not examples.examples:
        assert name.rpartition(".")[2] in FIELDS, f"{name} has no example"
        return
    printed = io.StringIO()
    runner = doctest.DocTestRunner()
    runner.run(examples, out=printed.write)
    assert runner.summarize(verbose=False).failed == 0, printed.getvalue()


def test_only_what_is_public_is_listed() -> None:
    assert dir(machine_dialect_vm) == sorted(machine_dialect_vm.__all__)
    for name in machine_dialect_vm.__all__:
        assert hasattr(machine_dialect_vm, name)


def test_help_reads_like_a_manual() -> None:
    shown = io.StringIO()
    with redirect_stdout(shown):
        help(machine_dialect_vm)
    text = shown.getvalue()
    for name in machine_dialect_vm.__all__:
        assert name in text or name == "__version__"
    assert "What there is" in text and "Runs a module from its beginning" in text


def test_the_stub_has_the_documentation_of_the_extension() -> None:
    script = Path(__file__).with_name("stub_docs.py")
    done = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_examples_of_the_readme() -> None:
    readme = Path(__file__).parents[2] / "README.md"
    with redirect_stdout(io.StringIO()):
        results = doctest.testfile(str(readme), module_relative=False, encoding="utf-8")
    assert results.failed == 0 and results.attempted > 5


def test_the_links_of_the_readme_work_on_pypi() -> None:
    """There are no files around it there, so links lead to the repository, where the files must be."""
    root = Path(__file__).parents[3]
    blob = "https://github.com/machine-dialect/machine-dialect-vm/blob/main/"
    links = re.findall(r"\]\(([^)]+)\)", (root / "vm" / "README.md").read_text(encoding="utf-8"))
    assert len(links) > 4
    for link in links:
        assert link.startswith("https://"), link
        assert not link.startswith(blob) or (root / link.removeprefix(blob).partition("#")[0]).exists(), link
