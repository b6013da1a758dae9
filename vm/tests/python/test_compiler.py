"""The public compiler with this package behind it: `machine-dialect` from PyPI, which is installed next to it."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import machine_dialect_vm
from machine_dialect_vm import Module, errors, run
from machine_dialect_vm.compiler import CompileError, bridge, compile_source

DICTIONARY = """\
Define `d` as Named List.
Set `d` to:
- _"a"_: _1_.
- _"b"_: _2_.
Say the names of `d`.
Give back `d`'s _"b"_.
"""
GREETING = """\
Define `greeting` as Text.
Set `greeting` to _"Hello, World!"_.
Say `greeting`.
"""


def cli(*arguments: str, cwd: Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "machine_dialect", *arguments]
    return subprocess.run(command, cwd=cwd, input=stdin, capture_output=True, text=True, timeout=60, check=False)


def test_its_readme_works_with_this_package(tmp_path: Path) -> None:
    (tmp_path / "hello.md").write_text(GREETING)
    compiled = cli("compile", "hello.md", cwd=tmp_path)
    assert (compiled.returncode, compiled.stdout) == (0, "Successfully compiled to 'hello.mdbc'\n")
    ran = cli("run", "hello.mdbc", cwd=tmp_path)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "Hello, World!\n", "")
    debugged = cli("run", "--debug", "hello.mdbc", cwd=tmp_path)
    assert debugged.returncode == 0 and "Instructions executed: 3" in debugged.stdout, debugged


def test_its_shell_works_with_this_package(tmp_path: Path) -> None:
    session = cli(
        "shell", cwd=tmp_path, stdin="Define `x` as Whole Number.\nSet `x` to _6_ * _7_.\nGive back `x`.\nexit\n"
    )
    assert "Rust VM Execution Mode" in session.stdout and "42" in session.stdout, session


def test_its_runner_works_with_this_package() -> None:
    from machine_dialect.compiler.vm_runner import VMRunner

    runner = VMRunner()
    assert runner.execute("Give back _6_ * _7_.\n") == 42
    runner.reset()
    with pytest.raises(RuntimeError, match="^Runtime error: Division by zero"):
        runner.execute("Give back _6_ / _0_.\n")


LOOP = """\
Define `l` as List.
Set `l` to:
- _1_.
- _2_.
- _3_.

For each `x` in `l`:
> Say `x`.
"""


def bridged(*arguments: str, cwd: Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "machine_dialect_vm.compiler", *arguments]
    return subprocess.run(command, cwd=cwd, input=stdin, capture_output=True, text=True, timeout=60, check=False)


def test_its_command_line_runs_the_whole_language_over_the_bridge(tmp_path: Path) -> None:
    (tmp_path / "loop.md").write_text(LOOP)
    assert cli("run", "loop.md", cwd=tmp_path).stdout != "1\n2\n3\n", "the compiler has learnt For each"
    ran = bridged("run", "loop.md", cwd=tmp_path)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "1\n2\n3\n", "")
    compiled = bridged("compile", "loop.md", "-m", "mine", "-o", "loop.mdbc", cwd=tmp_path)
    assert (compiled.returncode, compiled.stdout) == (0, "Successfully compiled to 'loop.mdbc'\n"), compiled
    assert Module.load(tmp_path / "loop.mdbc") == machine_dialect_vm.compile(LOOP, name="mine.md")
    assert bridged("run", "loop.mdbc", cwd=tmp_path).stdout == "1\n2\n3\n"
    shown = bridged("compile", "-d", "loop.md", cwd=tmp_path)
    assert shown.returncode == 0 and "load_const" in shown.stdout, shown


def test_its_command_line_tells_all_errors_over_the_bridge(tmp_path: Path) -> None:
    (tmp_path / "bad.md").write_text("Say `tea`.\nSay `milk`.\n")
    for verb in ("run", "compile"):
        ran = bridged(verb, "bad.md", cwd=tmp_path)
        text = ran.stdout + ran.stderr
        assert ran.returncode == 1 and "1 | Say `tea`." in text and "2 | Say `milk`." in text, ran
    (tmp_path / "zero.md").write_text("Say _1_.\nSay _1_ / _0_.\n")
    ran = bridged("run", "zero.md", cwd=tmp_path)
    assert (ran.returncode, ran.stdout) == (1, "1\n") and "zero.md:2:9" in ran.stderr, ran


def test_its_shell_takes_the_whole_language_over_the_bridge(tmp_path: Path) -> None:
    lines = "Define `n` as Whole Number (default: _0_).\nWhile `n` < _3_:\n> Set `n` to `n` + _1_.\n\nSay `cup`.\nGive back `n`.\nexit\n"
    session = bridged("shell", cwd=tmp_path, stdin=lines)
    assert session.returncode == 0 and "  3\n" in session.stdout and "no variable `cup` here" in session.stdout, session


def test_programs_with_dictionaries_load() -> None:
    outcome = run(compile_source(DICTIONARY), stdout=False)
    assert (outcome.value, outcome.stdout) == (2, "[a, b]\n")


def test_the_bridge_is_one_line_for_programs_that_use_the_compiler_themselves(tmp_path: Path) -> None:
    (tmp_path / "d.md").write_text(DICTIONARY)
    program = (
        "import machine_dialect_vm.compiler; machine_dialect_vm.compiler.bridge()\n"
        "from machine_dialect.compiler.compiler import Compiler\n"
        "print(Compiler().compile_file('d.md', 'd.mdbc'))\n"
        "import machine_dialect_vm; machine = machine_dialect_vm.RustVM(); machine.load_bytecode('d.mdbc')\n"
        "print(machine.execute())\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
    )
    assert ran.stdout == "Successfully compiled to 'd.mdbc'\nTrue\n[a, b]\n2\n"
    without = subprocess.run(
        [sys.executable, "-c", program.partition("\n")[2]],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert without.returncode != 0, "the compiler has learnt to serialize dictionaries; the bridge may go"


def test_what_links_without_the_bridge_is_linked_the_same_with_it() -> None:
    program = (
        "import sys; sys.path.insert(0, {here!r})\nfrom test_compiler import plain; sys.stdout.write(plain().hex())"
    )
    command = [sys.executable, "-c", program.format(here=str(Path(__file__).parent))]
    without = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert bytes.fromhex(without.stdout) == compile_source(CALLS, name="__main__").to_bytes()


CALLS = """\
### **Utility**: `double`

<details>
<summary>Twice a number.</summary>

> Give back `n` * _2_.

</details>

#### Inputs:
- `n` **as** Whole Number (required)

Define `a` as Whole Number.
Set `a` using `double` where `n` is _21_.
Say `a`.
Say _2.5_.
"""


def plain() -> bytes:
    """What the compiler's own serializer makes of a program that it can serialize."""
    from machine_dialect.compiler.config import CompilerConfig, OptimizationLevel
    from machine_dialect.compiler.context import CompilationContext
    from machine_dialect.compiler.pipeline import CompilationPipeline

    config = CompilerConfig(optimization_level=OptimizationLevel(0))
    context = CompilationContext(source_path=Path("__main__"), config=config, source_content=CALLS)
    module = CompilationPipeline(config).compile(context).bytecode_module
    assert module is not None
    module.name = "__main__"
    data: bytes = module.serialize()
    return data


def test_the_bridge_masks_nothing() -> None:
    bridge()
    bridge()
    from machine_dialect.codegen.register_codegen import RegisterBytecodeGenerator

    generator: Any = RegisterBytecodeGenerator()
    with pytest.raises(errors.BuildError, match="an operand is 300, outside 0 to 255"):
        generator.emit_u8(300)
    with pytest.raises(struct.error):
        generator.emit_u16(65536)
    assert [generator.add_constant(value) for value in (0.0, -0.0, 0, False, None, "0", 0.0)] == [0, 1, 2, 3, 4, 5, 0]


def test_a_program_that_does_not_compile_is_refused_with_the_reasons() -> None:
    with pytest.raises(CompileError, match="Parse error"):
        compile_source("Set `x` to _5_ +.\n")
