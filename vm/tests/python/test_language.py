"""Pages of Machine Dialect: compiled, checked, formatted, and where they fail."""

from __future__ import annotations

import copy
import os
import pickle
import warnings
from pathlib import Path

import pytest

import machine_dialect_vm
from machine_dialect_vm import CompileError, Module, RunError, RustVM, errors, language, run

FAILING = """\
# A page

### Utility: share

<details>
<summary>Divides.</summary>

> Give back `cake` / `guests`.

</details>

#### Inputs
- `cake` as Number
- `guests` as Number

Define `part` as Number.
Set `part` using `share` with _12_, _0_.
"""


def failure(module: Module) -> RunError:
    with pytest.raises(RunError) as caught:
        run(module)
    return caught.value


def test_a_run_error_names_file_line_and_column_and_shows_the_line() -> None:
    error = failure(machine_dialect_vm.compile(FAILING, name="cake.md"))
    assert isinstance(error, errors.DivisionByZero)
    assert (error.file, error.line, error.column) == ("cake.md", 8, 20)
    assert error.source_line == "> Give back `cake` / `guests`."
    assert [(place.function, place.line) for place in error.places] == [("share", 8), ("main", 17)]
    assert str(error).startswith("Runtime error: Division by zero\n")
    assert "8 | > Give back `cake` / `guests`." in str(error) and "called in main" in str(error)
    again = pickle.loads(pickle.dumps(error))
    assert (again.places, str(again), again.render(colour=True)) == (error.places, str(error), error.render(colour=True))


def test_a_module_from_assembly_has_no_lines() -> None:
    error = failure(Module.assemble("neg r0, r1"))
    assert (error.places, error.file, error.line, error.column, error.source_line) == ((), None, None, None, None)
    assert "at instruction 0 in main" in str(error) and error.render().startswith("error: InvalidOperation: Invalid operation")


def write(folder: Path, module: Module, source_map: bytes | None) -> Path:
    path = folder / "cake.mdbc"
    path.write_bytes(module.to_bytes())
    if source_map is not None:
        path.with_suffix(".mdbm").write_bytes(source_map)
    return path


def test_a_module_with_its_map_beside_it_fails_on_lines(tmp_path: Path) -> None:
    module = machine_dialect_vm.compile(FAILING, name="cake.md")
    path = write(tmp_path, module, module.source_map)
    assert (failure(Module.load(path)).line, Module.load(path).source_map) == (8, module.source_map)
    machine = RustVM()
    machine.load_bytecode(path)
    with pytest.raises(errors.DivisionByZero) as caught:
        machine.execute()
    assert caught.value.line == 8
    os.remove(path.with_suffix(".mdbm"))
    assert failure(Module.load(path)).line is None


@pytest.mark.parametrize("damage", ["short", "flipped", "other", "empty", "folder"])
def test_a_damaged_map_is_a_warning(damage: str, tmp_path: Path) -> None:
    module = machine_dialect_vm.compile(FAILING, name="cake.md")
    whole = module.source_map
    other = machine_dialect_vm.compile("Say _1_.\n").source_map
    assert whole is not None and other is not None
    content = {"short": whole[:-3], "flipped": b"X" + whole[1:], "other": other, "empty": b""}
    path = write(tmp_path, module, content.get(damage))
    if damage == "folder":
        path.with_suffix(".mdbm").mkdir()
        assert failure(Module.load(path)).line is None
        return
    with pytest.warns(errors.SourceMapWarning, match=r"cake\.mdbm: .*; errors name no lines of the page$"):
        error = failure(Module.load(path))
    assert error.line is None and "at instruction" in str(error)


def test_no_prefix_of_a_map_does_more_than_warn() -> None:
    module = machine_dialect_vm.compile("Say _1_ / _0_.\n")
    whole, data = module.source_map, module.to_bytes()
    assert whole is not None
    for length in range(len(whole)):
        with pytest.warns(errors.SourceMapWarning):
            assert Module.from_bytes(data, whole[:length]).place(0) is None


def test_modules_take_their_maps_along_when_they_are_pickled_and_copied() -> None:
    module = machine_dialect_vm.compile(FAILING, name="cake.md")
    for same in (pickle.loads(pickle.dumps(module)), copy.copy(module), copy.deepcopy(module)):
        assert same == module and failure(same).places == failure(module).places
    assert Module.from_bytes(module.to_bytes()) == module


def test_all_errors_of_a_page_are_told() -> None:
    with pytest.raises(CompileError) as caught:
        machine_dialect_vm.compile("Say `tea`.\nSet `x` to _1_.\nSay _1_ +.\n", name="three.md")
    error = caught.value
    found = [(one.line, one.severity, one.file) for one in error.diagnostics]
    assert {line for line, _, _ in found} >= {1, 2, 3} and {file for _, _, file in found} == {"three.md"}
    for one in error.diagnostics:
        assert one.source_line == ["Say `tea`.", "Set `x` to _1_.", "Say _1_ +."][one.line - 1]
        assert one.message in str(error) and f"three.md:{one.line}:{one.column}" in str(error)
    assert "\x1b" in error.render(colour=True) and "\x1b" not in str(error)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_what_is_no_utf_8_is_told_with_its_place() -> None:
    [found] = language.check(b"Say _1_.\nSay \xff.\n", name="x.md")
    assert (found.kind, found.line, found.column) == ("InvalidUtf8", 2, 5)
    with pytest.raises(CompileError, match="InvalidUtf8"):
        machine_dialect_vm.compile(b"\xff")
    assert machine_dialect_vm.compile(b"Say _1_.\n") == machine_dialect_vm.compile("\ufeffSay _1_.\n")


def test_a_page_commands_no_terminal() -> None:
    with pytest.raises(CompileError) as caught:
        machine_dialect_vm.compile("Say \x1b[31m`a`\u202e.", name="a\x1bb.md")
    for text in (str(caught.value), *map(str, caught.value.diagnostics)):
        assert all(one == "\n" or one.isprintable() for one in text), ascii(text)


def test_what_is_odd_is_a_warning() -> None:
    page = "Define `l` as List.\nSet `l` to:\n\nSay `l`.\n"
    with pytest.warns(errors.SourceWarning) as caught:
        assert run(machine_dialect_vm.compile(page, name="odd.md")).stdout == "[]\n"
    assert [(one.filename, one.lineno) for one in caught] == [("odd.md", 2)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(errors.SourceWarning):
            machine_dialect_vm.compile(page)


def test_formatting_keeps_the_module() -> None:
    page = "If _Yes_:\n>> Say _1_.\nSay _2_.\n"
    formatted = language.format(page)
    assert formatted != page and language.format(formatted) == formatted
    assert machine_dialect_vm.compile(formatted).to_bytes() == machine_dialect_vm.compile(page).to_bytes()
    with pytest.raises(CompileError, match="odd.md:1:5"):
        language.format("Say `a`.\n", name="odd.md")
