"""The public compiler, ``machine-dialect`` on PyPI, with this package behind it.

>>> import machine_dialect_vm.compiler
>>> machine_dialect_vm.compiler.bridge()

From then on what it compiles is put together by ``link``: programs with dictionaries load, a constant ``-0.0`` stays one, and
a register over 255 is an error instead of another register. ``compile_source`` does the same for one program.
"""

from __future__ import annotations

from ._errors import BuildError, MachineDialectError
from ._spec import REGISTERS
from .builder import Chunk, ConstantTag, link_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._native import Module
    from .builder import Constant

__all__ = ["CompileError", "bridge", "compile_source"]

# How to get what is missing.
INSTALL = "pip install --pre machine-dialect"


class CompileError(MachineDialectError):
    """The public compiler refuses a program, or is not installed.

    >>> from machine_dialect_vm.compiler import CompileError
    >>> issubclass(CompileError, RuntimeError)
    True
    """


def bridge() -> None:
    """Makes the public compiler put modules together with ``link``, in this process. Once is enough; twice does no harm.

    >>> from machine_dialect_vm.compiler import bridge
    >>> bridge()

    Raises ``CompileError`` where the compiler is not installed.
    """
    try:
        from machine_dialect.codegen.register_codegen import RegisterBytecodeGenerator
        from machine_dialect.codegen.vm_serializer import VMBytecodeSerializer
    except ImportError as error:
        raise CompileError(f"the public compiler cannot be imported ({error}); get it with: {INSTALL}") from error

    VMBytecodeSerializer.serialize = staticmethod(_serialize)
    VMBytecodeSerializer.write_to_stream = staticmethod(_write_to_stream)
    RegisterBytecodeGenerator.emit_u8 = _emit_u8
    RegisterBytecodeGenerator.add_constant = _add_constant


def compile_source(source: str, *, name: str = "__main__", optimization: int = 0) -> Module:
    """Compiles a program in Machine Dialect with the public compiler.

    >>> from machine_dialect_vm import run
    >>> from machine_dialect_vm.compiler import compile_source
    >>> module = compile_source("Define `x` as Whole Number.\\nSet `x` to _6_ * _7_.\\nSay `x`.\\n")
    >>> _ = run(module)
    42

    ``optimization`` is that of the compiler, from 0 to 3. Raises ``CompileError`` where the compiler is not installed or
    refuses the program, and ``LoadError`` where what it makes of the program does not load.
    """
    bridge()
    from pathlib import Path

    from machine_dialect.compiler.config import CompilerConfig, OptimizationLevel
    from machine_dialect.compiler.context import CompilationContext
    from machine_dialect.compiler.pipeline import CompilationPipeline

    from ._native import Module

    config = CompilerConfig(optimization_level=OptimizationLevel(optimization), module_name=name)
    context = CompilationContext(source_path=Path(name), config=config, source_content=source)
    context = CompilationPipeline(config).compile(context)
    if context.has_errors() or context.bytecode_module is None:
        raise CompileError("\n".join(context.errors) or "the public compiler gives no bytecode and does not say why")
    context.bytecode_module.name = name
    return Module.from_bytes(context.bytecode_module.serialize())


def _serialize(module: Any, debug: bool = False) -> bytes:
    """In place of ``VMBytecodeSerializer.serialize``."""
    return link_bytes([_chunk(chunk) for chunk in module.chunks], name=module.name)


def _write_to_stream(module: Any, stream: Any, debug: bool = False) -> None:
    """In place of ``VMBytecodeSerializer.write_to_stream``."""
    stream.write(_serialize(module, debug))


def _chunk(chunk: Any) -> Chunk:
    constants = [_constant(tag, value) for tag, value in chunk.constants]
    return Chunk(chunk.name, bytes(chunk.bytecode), constants, is_start=chunk.chunk_type.name == "MAIN")


def _constant(tag: int, value: Any) -> Constant:
    convert = _CONVERTERS[ConstantTag(tag)]
    constant: Constant = convert(value)
    return constant


_CONVERTERS: dict[ConstantTag, Any] = {
    ConstantTag.EMPTY: lambda value: None,
    ConstantTag.BOOL: bool,
    ConstantTag.INT: int,
    ConstantTag.FLOAT: float,
    ConstantTag.STRING: str,
}


def _emit_u8(generator: Any, value: int) -> None:
    """In place of ``RegisterBytecodeGenerator.emit_u8``, which takes 300 for 44."""
    if not 0 <= value < REGISTERS:
        raise BuildError(f"an operand is {value}, outside 0 to {REGISTERS - 1}")
    generator.bytecode.append(value)


def _add_constant(generator: Any, value: Any) -> int:
    """In place of ``RegisterBytecodeGenerator.add_constant``, which takes -0.0 for 0.0."""
    from machine_dialect.codegen.bytecode_module import ConstantTag as Tag

    tags = {type(None): Tag.EMPTY, bool: Tag.BOOL, int: Tag.INT, float: Tag.FLOAT}
    tag = tags.get(type(value), Tag.STRING)
    # What it calls the value of empty has no meaning; it is kept as it was.
    constant = (tag, 0 if value is None else str(value) if tag is Tag.STRING else value)
    pool: list[tuple[Any, Any]] = generator.constants
    for index, known in enumerate(pool):
        if repr(known) == repr(constant):
            return index
    pool.append(constant)
    return len(pool) - 1
