"""What strangers write is shown escaped: in the errors of runs and modules, of assembly, and on the command line."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from machine_dialect_vm import AssemblyError, LoadError, Module, RunError, run
from machine_dialect_vm._assembler import assemble
from machine_dialect_vm._show import show
from machine_dialect_vm.repl import Repl

HOSTILE = (
    "a\x1b]0;t\x07\x1b[2J\x7f\x9b31m\x85\xad\u061c\u180e\u200b\u200d\u200f\u2028\u2029\u202e\u2066\u2060\u3164\ufe0f"
    "\ufeff\ufff9\ue000\U000e0001\U000e0041\U000e0100\r\nx.mdbc: ok\nb"
)
RAW = {character for character in HOSTILE if not ("!" <= character <= "~") and character not in " \n"}
LITERAL = '"' + "".join(f"\\u{{{ord(character):x}}}" for character in HOSTILE) + '"'


def harmless(shown: str) -> None:
    assert not RAW & set(shown), repr(shown)
    assert not [line for line in shown.splitlines() if line.startswith("x.mdbc: ok")], shown


@pytest.mark.parametrize(
    "program",
    [
        f".func main\nload_const r0, {LITERAL}\ncall r0, r1, ()\n.func {LITERAL}\nneg r0, r1",
        f"load_const r0, {LITERAL}\ncall r0, r1, ()",
        f"assert r0, true, {LITERAL}",
        f"load_const r0, {LITERAL}\nneg r1, r0",
        f"dict_new r0\nload_const r1, {LITERAL}\ndict_set r0, r1, r1\nneg r2, r0",
    ],
)
def test_a_run_that_fails(program: str) -> None:
    with pytest.raises(RunError) as failed:
        run(Module.assemble(program))
    harmless(str(failed.value))
    harmless(Module.assemble(program).disassemble())


def test_the_values_of_an_error_stay_what_they_are() -> None:
    with pytest.raises(RunError) as failed:
        run(Module.assemble(f"assert r0, true, {LITERAL}"))
    assert HOSTILE in failed.value.message


def test_a_module_that_does_not_load() -> None:
    twice = Module.assemble(f".func {LITERAL}\nnop\n.func b\nnop").to_bytes()
    name = HOSTILE.encode()
    twice = twice.replace(b"\x01\x00\x00\x00b", len(name).to_bytes(4, "little") + name, 1)
    with pytest.raises(LoadError) as refused:
        Module.from_bytes(twice)
    harmless(str(refused.value))


@pytest.mark.parametrize("text", [HOSTILE, HOSTILE.replace("\n", " "), f"nop {HOSTILE}", f'.func {LITERAL} "\x9b'])
def test_assembly_with_mistakes(text: str) -> None:
    for made in (Module.assemble, assemble):
        with pytest.raises(AssemblyError) as refused:
            made(text)
        harmless(str(refused.value))


def test_every_mistake_of_assembly_is_told() -> None:
    with pytest.raises(AssemblyError) as refused:
        Module.assemble("\ufeffnop\nadd r0\nnop\nbogus")
    assert (refused.value.line, refused.value.column) == (2, 7)
    assert [line for line in str(refused.value).splitlines() if line.startswith("line ")][1].startswith("line 4, ")


def test_the_repl() -> None:
    harmless(show([HOSTILE, {HOSTILE: HOSTILE}], 10_000))
    out = io.StringIO()
    repl = Repl(out=out)
    for line in (
        f"load_const r0, {LITERAL}",
        f"store_global r0, {LITERAL}",
        "neg r1, r0",
        ":globals",
        ":registers",
        f"bogus{HOSTILE}",
    ):
        repl.feed(line.replace("\n", " "))
    repl.end()
    harmless(out.getvalue())


def test_the_command(tmp_path: Path) -> None:
    good, bad = tmp_path / f"{HOSTILE}.mdbc", tmp_path / f"{HOSTILE}-bad.mdbc"
    good.write_bytes(Module.assemble(f"load_const r0, {LITERAL}\nneg r1, r0").to_bytes())
    bad.write_bytes(b"no module")
    for arguments in (
        ["check", good, bad, tmp_path / f"{HOSTILE}-none.mdbc"],
        ["run", good],
        ["run", "--json", good],
        ["run", bad],
        ["dis", bad],
        ["dis", good],
        ["run", good, bad],
        ["run", f"--global={HOSTILE}", good],
        ["run", f"--global=x={HOSTILE}", good],
    ):
        command = [sys.executable, "-m", "machine_dialect_vm", *map(str, arguments)]
        ran = subprocess.run(command, capture_output=True, timeout=60, check=False)
        assert ran.stdout or ran.stderr
        harmless(ran.stdout.decode())
        harmless(ran.stderr.decode())
        if "--json" in arguments:
            json.loads(ran.stdout)
