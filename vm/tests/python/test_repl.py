"""The REPL, on the machine and on the reference interpreter."""

from __future__ import annotations

import builtins
import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from machine_dialect_vm import Opcode
from machine_dialect_vm.repl import Repl, show


@pytest.fixture(params=["machine", "reference"])
def session(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Takes lines, and gives back what they print."""
    if request.param == "reference":
        real = builtins.__import__

        def without(name: str, *arguments: Any, **options: Any) -> Any:
            fromlist = arguments[2] if len(arguments) > 2 else options.get("fromlist")
            if name.endswith("_native") or (fromlist and "_native" in fromlist):
                raise ImportError("libmissing.so cannot be found")
            return real(name, *arguments, **options)

        monkeypatch.setattr(builtins, "__import__", without)
    out = io.StringIO()
    repl = Repl(out)
    assert (repl.engine.name == "the reference interpreter") == (request.param == "reference")

    def feed(*lines: str) -> list[str]:
        out.seek(0)
        out.truncate()
        for line in lines:
            assert repl.feed(line)
        return out.getvalue().splitlines()

    yield feed


def test_registers_stay_from_one_line_to_the_next(session: Any) -> None:
    assert session("load_const r0, 40") == ["r0 = 40"]
    assert session("load_const r1, 2 ; a comment", "add r2, r0, r1") == ["r1 = 2", "r2 = 42"]
    assert session("move r3, r2", ":registers") == ["r3 = 42", "r0 = 40", "r1 = 2", "r2 = 42", "r3 = 42"]
    assert session("return r2") == ["42"]
    assert session(":reset", ":registers") == ["no register holds anything"]


def test_values_of_every_type_stay(session: Any) -> None:
    assert session("load_const r0, -0.0", "load_const r1, nan", "load_const r2, 1e300", 'load_const r3, "é\\n"') == [
        "r0 = -0.0", "r1 = nan", "r2 = 1e+300", 'r3 = "é\\n"',
    ]  # fmt: skip
    assert session("dict_new r4", 'load_const r5, "k"', "dict_set r4, r5, r0") == [
        "r4 = {}",
        'r5 = "k"',
        'r4 = {"k": -0.0}',
    ]
    assert session("nop") == []
    assert session("load_const r4, empty", ":registers")[0] == "r4 = empty"


def test_globals_stay_and_are_shown(session: Any) -> None:
    assert session("load_const r0, true", 'store_global r0, "x"') == ["r0 = true", "x = true"]
    assert session(":globals", 'load_global r1, "x"') == ["x = true", "r1 = true"]


def test_functions_are_kept(session: Any) -> None:
    assert session(".func square", "mul r1, r0, r0", "return r1", "") == ["function square"]
    assert session("load_const r0, 12", 'load_const r1, "square"', "call r1, r2, (r0)") == [
        "r0 = 12",
        'r1 = "square"',
        "r2 = 144",
    ]
    assert session(":functions") == [".func square", "mul r1, r0, r0", "return r1"]


def test_blocks_may_jump(session: Any) -> None:
    lines = [
        "load_const r0, 3",
        "load_const r1, 1",
        "again:",
        "sub r0, r0, r1",
        "debug_print r0",
        "jump_if r0, again",
        "",
    ]
    assert session(*lines) == ["r0 = 3", "r1 = 1", "2", "1", "0", "r0 = 0"]


def test_an_error_leaves_everything_as_it_was(session: Any) -> None:
    session("load_const r0, 1", "load_const r1, 0")
    assert session("div r0, r0, r1")[0] == "error: Runtime error: Division by zero"
    assert session("nip r0")[0].startswith("error: line 1")
    assert session(":registers") == ["r0 = 1", "r1 = 0"]


def test_help_tells_what_an_instruction_does(session: Any) -> None:
    lines = session(":help add")
    assert lines[:2] == ["add dst, left, right", "    " + Opcode.ADD.summary]
    assert "    fails with TypeMismatch, IntegerOverflow, OutOfMemory" in lines
    assert any(line.startswith("    def add(") for line in lines)
    assert session(":help")[0].startswith("Type an instruction")
    assert session(":help nip")[0].startswith("error: no instruction is called nip")
    assert session(":nip") == ["error: unknown command :nip; :help lists those there are"]


def test_every_instruction_has_help() -> None:
    out = io.StringIO()
    repl = Repl(out)
    for opcode in Opcode:
        repl.feed(f":help {opcode.mnemonic}")
    assert "error" not in [line.partition(":")[0] for line in out.getvalue().splitlines()]


def test_machine_dialect_is_taken_too() -> None:
    out = io.StringIO()
    repl = Repl(out)
    for line in (
        "Define `x` as Whole Number.",
        "Set `x` to _6_ * _7_.",
        "Say `x`.",
        "Say `x` + _1_.",
        "Give back `x`.",
        ":source",
    ):
        assert repl.feed(line)
    assert out.getvalue().splitlines()[:3] == ["42", "43", "42"]
    assert "Give back" not in out.getvalue()


def test_words_are_completed_from_the_specification() -> None:
    repl = Repl(io.StringIO())
    repl.feed("load_const r17, 1")

    def completions(text: str) -> list[str]:
        found: list[str] = []
        while (word := repl.complete(text, len(found))) is not None:
            found.append(word)
        return found

    assert completions("dict_c") == ["dict_clear", "dict_contains"]
    assert completions("r1") == ["r17"]
    assert completions(":re") == [":registers", ":reset"]


def test_a_session_over_a_pipe(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "machine_dialect_vm", "repl"],
        input="load_const r0, 1\n.func f\nreturn\n", cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("r0 = 1\nfunction f\n", "")


def test_without_the_extension_the_package_says_so_and_the_repl_goes_on(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['machine_dialect_vm._native'] = None\n"
        "import machine_dialect_vm\n"
        "assert machine_dialect_vm.__version__ and machine_dialect_vm.ModuleBuilder().halt().code\n"
        "try: machine_dialect_vm.run\n"
        "except ImportError as error: print(error)\n"
        "from machine_dialect_vm.__main__ import main\n"
        "sys.exit(main(['repl']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], input="load_const r0, 20\nadd r1, r0, r0\n",
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    first, *rest = done.stdout.splitlines()
    assert first.startswith("machine_dialect_vm.run needs the compiled extension, which cannot be loaded: ")
    assert rest == ["r0 = 20", "r1 = 40"]
    assert "This is the reference interpreter" in done.stderr


def test_values_are_shown_in_a_line() -> None:
    assert show({"k": [1, 2.0, "a", None]}) == '{"k": [1, 2.0, "a", empty]}'
    assert show(["a" * 500]) == '["' + "a" * 198 + "…"
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert show(deep) == "[" * 200 + "…"
