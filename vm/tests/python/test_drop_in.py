"""`RustVM` as the package has it that this one replaces; its behaviour was measured, not read."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import pytest

import machine_dialect_vm
from machine_dialect_vm import LoadError, MachineDialectError, Module, RunError, RustVM, errors


def file(folder: Path, text: str, name: str = "m.mdbc") -> str:
    path = folder / name
    path.write_bytes(Module.assemble(text).to_bytes())
    return str(path)


def test_it_loads_executes_and_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    vm = RustVM()
    assert vm.instruction_count() == 0
    assert vm.load_bytecode(path=file(tmp_path, "load_const r0, 7\ndebug_print r0\nreturn r0")) is None  # type: ignore[func-returns-value]
    assert (vm.execute(), vm.instruction_count(), capsys.readouterr().out) == (7, 3, "7\n")
    # Each run begins anew.
    assert (vm.execute(), vm.instruction_count()) == (7, 3)
    vm.reset()
    with pytest.raises(RuntimeError, match="^Runtime error: Module not loaded$"):
        vm.execute()


def test_the_version_is_a_string_that_it_has_had_before() -> None:
    assert machine_dialect_vm.__version__ == "0.1.0"
    # The compiler pins the release that is replaced.
    assert importlib.metadata.version("machine-dialect-vm") == f"0.1.0a2+mdvm.{machine_dialect_vm.__version__}"
    assert {"RustVM", "__version__"} <= set(machine_dialect_vm.__all__)


def test_errors_begin_as_they_did(tmp_path: Path) -> None:
    vm = RustVM()
    with pytest.raises(RuntimeError) as raised:
        vm.execute()
    assert type(raised.value) is MachineDialectError and str(raised.value) == "Runtime error: Module not loaded"
    with pytest.raises(RuntimeError) as raised:
        vm.load_bytecode(str(tmp_path / "none.mdbc"))
    assert str(raised.value) == "Failed to load bytecode: IO error: No such file or directory (os error 2)"
    assert isinstance(raised.value, errors.UnreadableFile) and raised.value.errno == 2
    (tmp_path / "bad.mdbc").write_bytes(b"no module")
    with pytest.raises(LoadError, match="^Failed to load bytecode: "):
        vm.load_bytecode(str(tmp_path / "bad.mdbc"))
    vm.load_bytecode(file(tmp_path, "load_const r0, 1\nload_const r1, 0\ndiv r2, r0, r1"))
    with pytest.raises(RunError, match="^Runtime error: Division by zero\n"):
        vm.execute()
    assert vm.instruction_count() == 3


def test_after_a_load_that_failed_nothing_is_loaded(tmp_path: Path) -> None:
    vm = RustVM()
    vm.load_bytecode(file(tmp_path, "halt"))
    with pytest.raises(RuntimeError):
        vm.load_bytecode(str(tmp_path / "none.mdbc"))
    with pytest.raises(RuntimeError, match="Module not loaded"):
        vm.execute()


def test_it_loads_exactly_the_file_named(tmp_path: Path) -> None:
    file(tmp_path, "load_const r0, 1\nreturn r0", "m.mdbc")
    vm = RustVM()
    vm.load_bytecode(file(tmp_path, "load_const r0, 2\nreturn r0", "m.bin"))
    assert vm.execute() == 2
    vm.load_bytecode(tmp_path / "m.mdbc")
    assert vm.execute() == 1


def test_a_constant_of_the_wrong_kind_is_told_when_the_module_runs(tmp_path: Path) -> None:
    # Bytes, because assembly would not make such a module: load_global r0, k0, where k0 is an int.
    data = bytearray(Module.assemble('load_global r0, "abcdefgh"\nload_const r1, 1').to_bytes())
    data[-6:-4] = (1).to_bytes(2, "little")
    with pytest.raises(errors.InvalidConstantIndex):
        Module.from_bytes(bytes(data))
    (tmp_path / "m.mdbc").write_bytes(data)
    vm = RustVM()
    vm.load_bytecode(str(tmp_path / "m.mdbc"))
    with pytest.raises(errors.InvalidConstantIndex):
        vm.execute()


def test_debug_shows_each_instruction(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    vm = RustVM()
    vm.set_debug(True)
    vm.load_bytecode(file(tmp_path, "load_const r0, 5\ndebug_print r0\nreturn r0"))
    assert vm.execute() == 5
    assert capsys.readouterr().out == (
        "PC: 0, Instruction: load_const r0, 5\n5\nPC: 1, Instruction: debug_print r0\nPC: 2, Instruction: return r0\n"
    )
    vm.set_debug(False)
    vm.execute()
    assert capsys.readouterr().out == "5\n"


def test_arguments_of_the_wrong_type_are_refused() -> None:
    vm = RustVM()
    for wrong in (
        lambda: vm.load_bytecode(3),  # type: ignore[arg-type]
        lambda: vm.load_bytecode(),  # type: ignore[call-arg]
        lambda: vm.set_debug(1),  # type: ignore[arg-type]
        lambda: vm.execute(1),  # type: ignore[call-arg]
        lambda: RustVM(1),  # type: ignore[call-arg]
    ):
        with pytest.raises(TypeError):
            wrong()
