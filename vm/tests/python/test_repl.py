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
from machine_dialect_vm._repl_help import explanation, topics
from machine_dialect_vm._show import show
from machine_dialect_vm.repl import Repl


@pytest.fixture(params=["machine", "reference"])
def dialect(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
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


@pytest.fixture
def session(dialect: Any) -> Any:
    """The same, for assembly."""
    assert dialect(":asm")[0].startswith("Type an instruction")
    return dialect


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
    assert session(":help")[-2].startswith("Type an instruction")
    assert session(":help nip") == ["error: nothing is called nip; did you mean nop?"]
    assert session(":nip") == ["error: unknown command :nip; :help lists those there are"]


def test_every_instruction_has_help() -> None:
    out = io.StringIO()
    repl = Repl(out)
    for opcode in Opcode:
        repl.feed(f":help {opcode.mnemonic}")
    assert "error" not in [line.partition(":")[0] for line in out.getvalue().splitlines()]


def test_machine_dialect_comes_first_and_its_state_stays(dialect: Any) -> None:
    assert dialect("Define `x` as Whole Number.", "Set `x` to _6_ * _7_.", "Say `x`.", "Say `x` + _1_") == ["42", "43"]
    # What gives a value shows it, and is no part of the page.
    assert dialect("`x` - _2_", "Give back `x`.", '_"a"_ + _"b"_.') == ["40", "42", '"ab"']
    assert dialect("Say `x`.", ":source")[0] == "42" and "Give back" not in "".join(dialect(":source"))


def test_blocks_and_functions_take_many_lines(dialect: Any) -> None:
    assert dialect("Define `i` as Whole Number.", "Set `i` to _1_.", "While `i` < _3_:", "> Say `i`.") == []
    assert dialect("> Set `i` to `i` + _1_.", "") == ["1", "2"]
    function = "### Utility: twice\n\n<details>\n<summary>x</summary>\n\n> Give back `k` * _2_.\n\n</details>\n\n#### Inputs\n- `k` as Number\n\n"
    assert dialect(*function.split("\n")) == []
    assert dialect("Set `i` using `twice` with _21_.", "Say `i`.") == ["42"]
    assert dialect("Define `l` as List.", "Set `l` to:", "- _1_.", "- _2_.", "", "Say `l`.") == ["[1, 2]"]


def test_an_error_of_a_page_leaves_the_page_as_it_was(dialect: Any) -> None:
    dialect("Define `x` as Whole Number (default: _1_).")
    refused = "\n".join(dialect("Say `y`."))
    assert "session:3:5" in refused and "no variable `y` here" in refused and "Say `y`." in refused
    failed = "\n".join(dialect("Say `x` / _0_."))
    assert "Division by zero" in failed and "session:3:9" in failed
    assert dialect(":source", "Say `x`.") == ["Define `x` as Whole Number (default: _1_).", "1"]


def test_an_input_is_taken_back(dialect: Any) -> None:
    dialect("Define `x` as Whole Number (default: _1_).", "Say `x`.", "Set `x` to _2_.")
    assert dialect(":undo", "Say `x`.") == ["1"]
    assert dialect(":undo", ":undo", ":undo", ":source", ":undo") == ["the page is empty", "there is nothing to take back"]
    assert dialect("Say _1_.", ":reset", ":source", ":undo", ":source") == ["1", "the page is empty", "Say _1_."]
    assert dialect(":asm load_const r0, 1", ":undo", ":registers") == ["r0 = 1", "no register holds anything"]


def test_a_page_is_saved_and_loaded(dialect: Any, tmp_path: Path) -> None:
    file = str(tmp_path / "page.md")
    dialect("Define `x` as Whole Number (default: _7_).", "Say `x`.")
    assert dialect(f":save {file}") == [f"wrote {file}"]
    assert dialect(":reset", f":load {file}", "`x`") == ["7", "7"]
    assert dialect(":load nowhere.md")[0].startswith("error: nowhere.md: ") and dialect(":save")[0].startswith("error: no file: ")
    (tmp_path / "one.mdasm").write_text("load_const r0, 1\n")
    assert dialect(f":load {tmp_path / 'one.mdasm'}", "Say _1_.") == ["r0 = 1", "1"]


def test_assembly_and_the_language_take_turns(dialect: Any) -> None:
    assert dialect(":asm load_const r0, 5", "Say _1_.", ":asm")[:2] == ["r0 = 5", "1"]
    assert dialect("move r1, r0", ":md", "Say _2_.") == ["r1 = 5", "2"]


def test_the_last_input_is_shown_as_assembly_and_step_by_step() -> None:
    out = io.StringIO()
    repl = Repl(out)
    for line in ("Define `x` as Whole Number (default: _7_).", "Say `x` * _2_.", ":step"):
        repl.feed(line)
    assert out.getvalue().splitlines()[:2] == ["14", "3 | Say `x` * _2_."]
    assert "    debug_print r1" in out.getvalue() and "load_const r0, 7" not in out.getvalue()
    repl.feed(":dis")
    assert ".func main" in out.getvalue() and "load_const r0, 7" in out.getvalue()


def test_what_is_odd_is_told_once(dialect: Any) -> None:
    dialect("Define `l` as List.")
    assert "EmptyList" in "".join(dialect("Set `l` to:", "", ""))
    assert dialect("Say `l`.") == ["[]"]


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("DivisionByZero", "DivisionByZero, an error when a program runs"),
        ("InvalidMagic", "InvalidMagic, an error when a module is loaded"),
        ("UndefinedName", "UndefinedName, an error of a page"),
        ("EmptyList", "EmptyList, a warning of a page"),
        ("While", "While CONDITION: a block  (statement)"),
        ("set_key", "Set NAME's KEY to EXPRESSION.  (statement)"),
        ("ShortCircuit", "ShortCircuit, a rule of the language"),
        ("Divison", "error: nothing is called Divison; did you mean Division?"),
    ],
)
def test_help_explains_errors_diagnostics_forms_and_rules(word: str, says: str, dialect: Any) -> None:
    assert dialect(f":help {word}")[0] == says


def test_every_topic_has_help() -> None:
    assert len(topics()) > 150
    for topic in topics():
        assert explanation(topic), topic


def test_words_are_completed_from_the_specification() -> None:
    repl = Repl(io.StringIO())
    repl.feed("Define `total` as Whole Number.")

    def completions(text: str) -> list[str]:
        found: list[str] = []
        while (word := repl.complete(text, len(found))) is not None:
            found.append(word)
        return found

    # A space follows a word that is the only one.
    assert completions("Otherw") == ["Otherwise "] and completions("Wh") == ["When", "Whenever", "While", "Whole"]
    assert completions("`to") == ["`total` "] and completions("greate") == ["greater "]
    assert completions(":re") == [":registers", ":reset"] and completions(":st") == [":step "]
    repl.feed(":asm")
    repl.feed("load_const r17, 1")
    assert completions("dict_c") == ["dict_clear", "dict_contains"] and completions("array_s") == ["array_set "]
    assert completions("r1") == ["r17 "]


def test_the_command_is_the_one_of_the_machine(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "machine_dialect_vm", "repl"],
        input="Define `n` as Number (default: _6_).\n`n` * _7_\n:step\n:asm load_const r0, 1\n:help DivisionByZero\n:nothing\n",
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1 and "no command is called :nothing" in done.stderr
    assert done.stdout.startswith("= 42\n") and "-> r" in done.stdout and "r0 = 1\n" in done.stdout
    assert "DivisionByZero" in done.stdout


def test_a_session_of_the_package_over_a_pipe(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import sys; from machine_dialect_vm.repl import main; sys.exit(main())"],
        input="Say _1_.\n:asm\nload_const r0, 1\n.func f\nreturn\n", cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    first, *_help, last, function = done.stdout.splitlines()
    assert (first, last, function, done.stderr) == ("1", "r0 = 1", "function f", "")


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
        [sys.executable, "-c", program], input="Say _1_.\n:asm load_const r0, 20\n:asm add r1, r0, r0\n",
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    first, *rest = done.stdout.splitlines()
    assert first.startswith("machine_dialect_vm.run needs the compiled extension, which cannot be loaded: ")
    assert rest == ["1", "r0 = 20", "r1 = 40"]
    assert "This is the reference interpreter" in done.stderr


def test_values_are_shown_in_a_line() -> None:
    assert show({"k": [1, 2.0, "a", None]}) == '{"k": [1, 2.0, "a", empty]}'
    assert show(["a" * 500]) == '["' + "a" * 198 + "…"
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert show(deep) == "[" * 200 + "…"
