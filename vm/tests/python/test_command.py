"""`python -m machine_dialect_vm`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import machine_dialect_vm
from machine_dialect_vm import Module, errors, run

DIVIDE = """\
.func main
    load_const r0, 7
    load_const r1, 0
    debug_print r0
    div r2, r0, r1
"""


def command(*arguments: str, cwd: Path, stdin: str | bytes = b"") -> subprocess.CompletedProcess[str]:
    given = stdin.encode() if isinstance(stdin, str) else stdin
    done = subprocess.run(
        [sys.executable, "-m", "machine_dialect_vm", *arguments],
        cwd=cwd,
        input=given,
        capture_output=True,
        timeout=60,
        check=False,
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def test_run_prints_what_the_program_prints_and_nothing_else(tmp_path: Path) -> None:
    module = Module.assemble('load_global r0, "name"\ndebug_print r0\nreturn r0')
    (tmp_path / "m.mdbc").write_bytes(module.to_bytes())
    for file, stdin in [("m.mdbc", b""), ("-", module.to_bytes()), ("-", module.disassemble().encode())]:
        ran = command("run", file, "--global", 'name="Ada é"', cwd=tmp_path, stdin=stdin)
        assert (ran.returncode, ran.stdout, ran.stderr) == (0, "Ada é\n", "")


def test_run_compiles_machine_dialect_without_the_public_compiler(tmp_path: Path) -> None:
    (tmp_path / "machine_dialect.py").write_text("raise ImportError('not here')")
    (tmp_path / "hello.md").write_text('Say _"hello"_.\n')
    ran = command("run", "hello.md", cwd=tmp_path)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "hello\n", "")
    (tmp_path / "bad.md").write_text("Set to.\nSay `tea`.\n")
    ran = command("run", "bad.md", cwd=tmp_path)
    assert ran.returncode == 2 and "bad.md:1:" in ran.stderr and "bad.md:2:5" in ran.stderr and "2 | Say `tea`." in ran.stderr


def test_a_module_with_its_map_beside_it_fails_on_a_line(tmp_path: Path) -> None:
    (tmp_path / "zero.md").write_text("Say _1_ / _0_.\n")
    assert command("compile", "zero.md", "-o", "zero.mdbc", "-g", cwd=tmp_path).returncode == 0
    with pytest.raises(errors.DivisionByZero) as caught:
        run(Module.load(tmp_path / "zero.mdbc"))
    assert (caught.value.file, caught.value.line, caught.value.column) == ("zero.md", 1, 9)
    ran = command("run", "zero.md", cwd=tmp_path)
    assert (ran.returncode, ran.stdout) == (1, "") and ran.stderr.startswith(caught.value.render())


def test_run_tells_of_a_failure(tmp_path: Path) -> None:
    (tmp_path / "d.mdasm").write_text(DIVIDE)
    ran = command("run", "d.mdasm", cwd=tmp_path)
    assert (ran.returncode, ran.stdout) == (1, "7\n") and ran.stderr.startswith("error: DivisionByZero: Division by zero\n")
    assert "at instruction 3 in main" in ran.stderr and "    r0 = 7\n" in ran.stderr
    ran = command("run", "d.mdasm", "--json", cwd=tmp_path)
    assert (ran.returncode, ran.stderr) == (1, "")
    assert json.loads(ran.stdout) == {
        "status": "runtime_error", "kind": "DivisionByZero", "message": "Division by zero", "pc": 3, "function": "main",
        "stdout": "7\n", "steps": 4, "globals": {},
    }  # fmt: skip


def test_limits_of_the_command_line_end_a_run(tmp_path: Path) -> None:
    ran = command("run", "-", "--max-steps", "10", cwd=tmp_path, stdin="again:\njump again")
    assert ran.returncode == 1 and "StepLimitExceeded" in ran.stderr
    ran = command("run", "-", "--max-time", "0.1", cwd=tmp_path, stdin="again:\njump again")
    assert ran.returncode == 1 and "DeadlineExceeded" in ran.stderr
    ran = command("run", "-", "--max-steps", "few", cwd=tmp_path, stdin="halt")
    assert ran.returncode == 2 and "--max-steps" in ran.stderr


@pytest.mark.parametrize(
    ("arguments", "stdin", "says"),
    [
        (["run", "missing.mdbc"], "", "missing.mdbc: cannot be read: No such file or directory"),
        (["run", "-"], "nip", "line 1, column 1: unknown instruction `nip`; did you mean `nop`?"),
        (["run", "-"], "MDBC", "UnexpectedEof: "),
        (["run", "-", "--global", "x"], "halt", "--global x: "),
        (["run", "-", "--global", "x=Ada"], "halt", "--global x: Ada is no value"),
        (["dis", "missing.mdbc"], "", "missing.mdbc: cannot be read"),
        (["rum", "x.md"], "", "rum"),
    ],
)
def test_what_is_wrong_is_told_on_standard_error(arguments: list[str], stdin: str, says: str, tmp_path: Path) -> None:
    ran = command(*arguments, cwd=tmp_path, stdin=stdin)
    assert ran.returncode == 2 and ran.stdout == "" and says in ran.stderr and ran.stderr.startswith("error: "), ran


def test_check_gives_a_line_for_each_file(tmp_path: Path) -> None:
    (tmp_path / "good.mdasm").write_text("nop")
    (tmp_path / "bad.mdbc").write_bytes(b"bad")
    ran = command("check", "good.mdasm", "bad.mdbc", "none.mdbc", cwd=tmp_path)
    assert ran.returncode == 2
    assert [line.partition(": ")[0] for line in ran.stdout.splitlines()] == ["good.mdasm", "bad.mdbc", "none.mdbc"]
    assert ran.stdout.splitlines()[0] == "good.mdasm: ok (1 instruction, 0 functions, 0 constants)"
    assert command("check", "good.mdasm", cwd=tmp_path).returncode == 0


def test_dis_shows_what_can_be_assembled_again(corpus: Path, tmp_path: Path) -> None:
    path = corpus / "rec_fizzbuzz.mdbc"
    ran = command("dis", str(path), cwd=tmp_path)
    assert Module.assemble(ran.stdout).to_bytes() == path.read_bytes()


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "m.mdasm").write_text("load_const r0, 1\nagain:\ndebug_print r0\njump again")
    run = subprocess.Popen(
        [sys.executable, "-m", "machine_dialect_vm", "run", "m.mdasm"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert run.stdout is not None and run.stderr is not None
    assert run.stdout.readline() == b"1\n"
    run.stdout.close()
    assert run.wait(timeout=20) == 0
    assert run.stderr.read() == b""
    run.stderr.close()


def test_ctrl_c_ends_the_command(tmp_path: Path) -> None:
    # More than the command holds back where nobody looks on.
    begun = "x" * 100_000
    (tmp_path / "m.mdasm").write_text(f'load_const r0, "{begun}"\ndebug_print r0\nagain:\njump again')
    run = subprocess.Popen(
        [sys.executable, "-u", "-m", "machine_dialect_vm", "run", "m.mdasm"],
        cwd=tmp_path, bufsize=0, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        # A shell that runs the tests in the background has its children ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    assert run.stdout is not None and run.stderr is not None
    assert run.stdout.read(1) == b"x"
    os.kill(run.pid, signal.SIGINT)
    try:
        printed, complaints = run.communicate(timeout=20)
    finally:
        run.kill()
    assert run.returncode == 130 and complaints.startswith(b"error: Interrupted: ")
    assert b"x" + printed == begun.encode() + b"\n"


def test_help_shows_examples(tmp_path: Path) -> None:
    ran = command("--help", cwd=tmp_path)
    assert ran.returncode == 0 and "mdvm compile program.md" in ran.stdout


def test_the_command_is_on_the_path(tmp_path: Path) -> None:
    """The wheel puts `mdvm` beside the interpreter, and it is the same command."""
    (tmp_path / "hello.md").write_text('Say _"hello"_.\n')
    script = Path(sys.executable).with_name("mdvm.exe" if os.name == "nt" else "mdvm")
    for arguments in (["--version"], ["--help"], ["run", "--help"], ["run", "hello.md"], ["check", "none.md"], ["nonsense"]):
        by_name = subprocess.run([script, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)
        by_module = command(*arguments, cwd=tmp_path)
        assert (by_name.returncode, by_name.stdout, by_name.stderr) == (
            by_module.returncode, by_module.stdout, by_module.stderr,
        )  # fmt: skip
    assert (tmp_path / "hello.md").exists() and f"mdvm {machine_dialect_vm.__version__.partition('+')[0]}" in command("--version", cwd=tmp_path).stdout


def test_what_the_command_needs_is_told_where_the_extension_is_missing(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['machine_dialect_vm._native'] = None; "
        "from machine_dialect_vm.__main__ import main; sys.exit(main(['run', 'x.md']))"
    )
    ran = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 2 and "the compiled extension cannot be loaded" in ran.stderr, ran


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_messages_have_colours_at_a_terminal_unless_they_are_not_wanted(tmp_path: Path) -> None:
    def said(**environment: str) -> bytes:
        ours, theirs = os.openpty()
        words = [sys.executable, "-m", "machine_dialect_vm", "run", "-e", "Say `tea`."]
        unset = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
        done = subprocess.run(words, cwd=tmp_path, stdin=subprocess.DEVNULL, stderr=theirs, timeout=60, check=False, env={**unset, **environment})
        os.close(theirs)
        text = os.read(ours, 1 << 16)
        os.close(ours)
        assert done.returncode == 2 and b"tea" in text
        return text

    assert b"\x1b[" in said() and b"\x1b[" in said(NO_COLOR="")
    assert b"\x1b[" not in said(NO_COLOR="1")


def test_a_run_is_traced_and_counted_as_by_the_command_of_the_crate(tmp_path: Path) -> None:
    (tmp_path / "six.md").write_text("Say _2_ * _3_.\n")
    traced = command("trace", "--json", "six.md", cwd=tmp_path)
    *steps, end = (json.loads(line) for line in traced.stdout.splitlines())
    assert traced.returncode == 0 and end["outcome"]["steps"] == len(steps)
    assert [step["prints"] for step in steps if "prints" in step] == ["6\n"]
    counted = command("run", "--monitor", "coverage=lcov.info", "--monitor", "calls", "six.md", cwd=tmp_path)
    assert (counted.returncode, counted.stdout) == (0, "6\n") and counted.stderr.endswith("  main\n")
    assert "DA:1,1\n" in (tmp_path / "lcov.info").read_text()
