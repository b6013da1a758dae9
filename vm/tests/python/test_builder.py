"""Putting modules together."""

from __future__ import annotations

import contextlib
import inspect
import math
import struct
from pathlib import Path
from typing import Any

import pytest

from machine_dialect_vm import Chunk, LoadError, Module, ModuleBuilder, Opcode, errors, link, run
from machine_dialect_vm._assembler import assemble
from machine_dialect_vm.builder import ConstantTag


def test_every_opcode_has_a_method_with_its_operands() -> None:
    for opcode in Opcode:
        method = getattr(ModuleBuilder, opcode.mnemonic, None) or getattr(ModuleBuilder, f"{opcode.mnemonic}_")
        names = list(inspect.signature(method).parameters)[1:]
        declared = [operand.name for operand in opcode.operands]
        assert names == declared or opcode is Opcode.ASSERT, opcode


def test_constants_are_pooled_as_they_are_encoded() -> None:
    builder = ModuleBuilder()
    values: list[Any] = [0.0, -0.0, 0, False, None, "", "0", 1, True, 1.0, math.nan]
    assert [builder.constant(value) for value in values * 2] == list(range(len(values))) * 2
    constants = builder.halt().build().constants
    assert [(type(one), repr(one)) for one in constants] == [(type(one), repr(one)) for one in values]


def test_names_get_registers_of_their_own_in_each_function() -> None:
    builder = ModuleBuilder().function("main").load_const(0, 1).load_const("x", 2).load_const(1, 3).load_const("y", 4)
    assert [builder.register(name) for name in ("x", "y", "z")] == [1, 2, 3]
    builder.function("f", "a", "x")
    assert [builder.register(name) for name in ("a", "x", "b")] == [0, 1, 2]


def test_labels_may_be_used_before_they_stand() -> None:
    module = (
        ModuleBuilder()
        .load_const("n", 3)
        .load_const("one", 1)
        .load_const("zero", 0)
        .label("entry")
        .jump("test")
        .label("again")
        .sub("n", "n", "one")
        .label("back")
        .nop()
        .label("test")
        .phi("last", [("n", "entry"), ("zero", "back")])
        .jump_if("n", "again")
        .return_("last")
        .build()
    )
    assert run(module).value == 0


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda b: b.move(256, 0), "move: operand dst is 256; a register is 0 to 255, or a name"),
        (lambda b: b.move(-1, 0), "move: operand dst is -1; a register is 0 to 255, or a name"),
        (lambda b: b.move(True, 0), "move: operand dst is True; a register is 0 to 255, or a name"),
        (lambda b: b.move(0, "x"), "move: operand src is 'x', which names no register in the module"),
        (
            lambda b: b.function("f", "a").add("a", "a", "b"),
            "add: operand right is 'b', which names no register in function 'f'; there are a",
        ),
        (lambda b: b.load_const(0, 2**63), f"constant {2**63} is {2**63}, outside {-(2**63)} to {2**63 - 1}"),
        (lambda b: b.load_const(0, [1]), "[1] is no constant: a constant is None, bool, int, float or str"),
        (lambda b: b.load_const(0, "\ud800"), "'\\ud800' has a surrogate, which UTF-8 cannot encode"),
        (lambda b: b.load_global(0, 3), "load_global: operand name is 3, which is no str"),
        (
            lambda b: b.define(0, "integer"),
            "define: operand type is 'integer'; there are empty, bool, int, float, string, function, url, array, dict",
        ),
        (
            lambda b: b.define(0, 9),
            "define: operand type is 9; there are empty, bool, int, float, string, function, url, array, dict",
        ),
        (lambda b: b.scope_enter(65536), "scope_enter: operand scope is 65536, outside 0 to 65535"),
        (lambda b: b.call(0, 1, range(256)), "call: operand args: its length is 256, outside 0 to 255"),
        (lambda b: b.assert_(0, "int_range", "m"), "assert: operand check of kind int_range needs least and most"),
        (lambda b: b.assert_(0, "true", "m", 1, 2), "assert: operand check of kind true takes no range"),
        (lambda b: b.jump(2**31), f"jump: operand offset is {2**31}, outside {-(2**31)} to {2**31 - 1}"),
        (lambda b: b.jump("nowhere").code, "jump: operand offset names no label: 'nowhere'"),
        (lambda b: b.label("a").label("a"), "there are two labels 'a'"),
        (lambda b: b.function("f").function("f"), "there are two functions 'f'"),
    ],
)
def test_what_cannot_be_encoded_is_an_error(build: Any, message: str) -> None:
    with pytest.raises(errors.BuildError) as raised:
        build(ModuleBuilder())
    assert str(raised.value) == message
    assert isinstance(raised.value, ValueError)


def test_a_pool_takes_as_many_constants_as_a_module_may_have() -> None:
    builder = ModuleBuilder()
    for number in range(65536):
        builder.constant(number)
    assert builder.constant(0) == 0
    with pytest.raises(errors.BuildError, match="constant 65536 is one more than the 65536"):
        builder.constant(65536)


def test_what_would_not_load_is_refused_as_loading_refuses_it() -> None:
    with pytest.raises(errors.InvalidJumpTarget):
        ModuleBuilder().jump(5).build()
    with pytest.raises(errors.InvalidEntryPoint):
        ModuleBuilder().halt().function("f").build()


def test_a_module_built_anew_from_its_instructions_is_the_same(corpus: Path) -> None:
    """The assembler in Python goes through the builder, so this compares it with decoder and assembler in Rust."""
    modules = 0
    for path in sorted(corpus.glob("*.mdbc")):
        with contextlib.suppress(LoadError):
            module = Module.load(path)
            text = module.disassemble()
            if ".const" in text or any(
                line.startswith(".func") and len(line.split()) > 2 for line in text.splitlines()
            ):
                continue  # what the assembler in Python does not know
            assert assemble(text) == module.to_bytes(), path.name
            modules += 1
    assert modules > 250


# --- Linking ----------------------------------------------------------------------------------------------------------


def test_linking_remaps_every_operand_that_names_a_constant() -> None:
    main = (
        ModuleBuilder()
        .load_const(0, "check")
        .load_const(1, 5)
        .call(0, 2, [1])
        .store_global(2, "x")
        .load_global(3, "x")
        .return_(3)
    )
    check = (
        ModuleBuilder()
        .assert_(0, "int_range", "too much", 0, 9)
        .label("here")
        .jump("there")
        .label("there")
        .phi(1, [(0, "here")])
        .return_(1)
    )
    module = link(
        [Chunk("check", check.code, ["too much"]), Chunk("main", main.code, ["check", 5, "x"], is_start=True)],
        name="linked",
    )
    assert (module.name, module.constants, module.functions) == ("linked", ("check", 5, "x", "too much"), {"check": 6})
    assert run(module).globals == {"x": 5}


def test_linking_keeps_constants_apart_that_are_not_the_same() -> None:
    chunks = [
        Chunk(name, ModuleBuilder().load_const(0, 1).return_(0).code, [value])
        for name, value in [("a", 0.0), ("b", -0.0), ("c", 1), ("d", True), ("e", 0.0)]
    ]
    assert repr(link(chunks).constants) == "(0.0, -0.0, 1, True)"


@pytest.mark.parametrize(
    ("code", "constants", "message"),
    [
        (b"\x28\xc8", [], "chunk 'f', instruction 1 at byte 0x1 has the unknown opcode 200"),
        (
            b"\x01\x00",
            [],
            "chunk 'f', instruction 0 at byte 0x0, move: operand src is cut off: the chunk ends at byte 0x2",
        ),
        (
            b"\x00\x00\x01\x00",
            [5],
            "chunk 'f', instruction 0 at byte 0x0, load_const: operand constant is constant 1 of 1",
        ),
        (
            b"\x19\x00\x00\x02\x00",
            [],
            "chunk 'f', instruction 0 at byte 0x0, call: operand args is cut off: the chunk ends at byte 0x5",
        ),
    ],
)
def test_a_chunk_that_is_no_code_is_an_error(code: bytes, constants: list[Any], message: str) -> None:
    with pytest.raises(errors.BuildError) as raised:
        link([Chunk("f", code, constants)])
    assert str(raised.value) == message


def test_two_chunks_of_one_name_are_an_error() -> None:
    with pytest.raises(errors.BuildError, match="there are two functions 'f'"):
        link([Chunk("f", b"\x28"), Chunk("f", b"\x28")])


def test_entries_count_instructions_whatever_their_length() -> None:
    code = (
        ModuleBuilder()
        .dict_new(0)
        .load_const(1, "k")
        .dict_set(0, 1, 1)
        .dict_keys(2, 0)
        .cast(3, 2, "string")
        .return_(3)
        .code
    )
    module = link([Chunk("a", code, ["k"]), Chunk("b", code, ["k"]), Chunk("c", code, ["k"])])
    assert module.functions == {"a": 0, "b": 6, "c": 12} and len(module) == 18
    assert run(module).value == "[k]"


def test_constant_tags_are_those_of_files() -> None:
    data = ModuleBuilder().load_const(0, 1.5).to_bytes()
    [offset] = struct.unpack_from("<I", data, 16)
    assert data[offset + 4] == ConstantTag.FLOAT
