"""The public compiler, ``machine-dialect`` on PyPI, with this package's front end and machine in it.

>>> import machine_dialect_vm.compiler
>>> machine_dialect_vm.compiler.bridge()

From then on, in this process, pages are read by the front end of this package, wherever the compiler is used: its ``Compiler``, its
``VMRunner``, its command line and its shell. All of the language works, all errors of a page are told with their lines, and errors of a
run name the line of the page. On the command line, the compiler's own commands follow behind it:

    python -m machine_dialect_vm.compiler run program.md
    python -m machine_dialect_vm.compiler shell

``compile_source`` compiles with the front end of the public compiler, to compare.
"""

from __future__ import annotations

import sys

from ._errors import BuildError, CompileError
from ._spec import REGISTERS
from .builder import Chunk, ConstantTag, link_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._native import Module
    from .builder import Constant

__all__ = ["CompileError", "bridge", "compile_source"]

# How to get what is missing.
INSTALL = "pip install machine-dialect==0.1.0a2"
# What was replaced: the compiler's own, by what it is called here.
_originals: dict[str, Any] = {}


def bridge() -> None:
    """Puts the front end of this package under the public compiler, in this process. Once is enough; twice does no harm.

    >>> from machine_dialect_vm.compiler import bridge
    >>> bridge()
    >>> from machine_dialect.compiler.vm_runner import VMRunner
    >>> VMRunner().execute("Define `n` as Whole Number (default: _0_).\\nWhile `n` < _3_:\\n> Set `n` to `n` + _1_.\\n\\nGive back `n`.\\n")
    3

    What stops at its intermediate code (``--mir-phase``) stays the compiler's own. Raises ``CompileError`` where the compiler is not
    installed.
    """
    _bridge_linker()
    from machine_dialect.compiler.compiler import Compiler
    from machine_dialect.compiler.pipeline import CompilationPipeline
    from machine_dialect.compiler.vm_runner import VMRunner
    from machine_dialect.repl.repl import REPL

    _replace(CompilationPipeline, "compile", _compile)
    _replace(Compiler, "_show_disassembly", _show_disassembly)
    _replace(VMRunner, "compile_to_bytecode", _compile_to_bytecode)
    _replace(VMRunner, "execute", _execute)
    _replace(REPL, "parse_and_print", _parse_and_print)


def compile_source(source: str, *, name: str = "__main__", optimization: int = 0) -> Module:
    """Compiles a page with the front end of the public compiler, and puts the module together with ``link``: programs with
    dictionaries load, a constant ``-0.0`` stays one, and a register over 255 is an error instead of another register.

    >>> from machine_dialect_vm import run
    >>> from machine_dialect_vm.compiler import compile_source
    >>> module = compile_source("Define `x` as Whole Number.\\nSet `x` to _6_ * _7_.\\nSay `x`.\\n")
    >>> _ = run(module)
    42

    ``optimization`` is that of the compiler, from 0 to 3. Raises ``CompileError`` where the compiler is not installed or
    refuses the program, and ``LoadError`` where what it makes of the program does not load.
    """
    _bridge_linker()
    from pathlib import Path

    from machine_dialect.compiler.config import CompilerConfig, OptimizationLevel
    from machine_dialect.compiler.context import CompilationContext
    from machine_dialect.compiler.pipeline import CompilationPipeline

    from ._native import Module

    config = CompilerConfig(optimization_level=OptimizationLevel(optimization), module_name=name)
    context = CompilationContext(source_path=Path(name), config=config, source_content=source)
    compile_publicly = _originals.get("CompilationPipeline.compile", CompilationPipeline.compile)
    context = compile_publicly(CompilationPipeline(config), context)
    if context.has_errors() or context.bytecode_module is None:
        raise CompileError("\n".join(context.errors) or "the public compiler gives no bytecode and does not say why")
    context.bytecode_module.name = name
    return Module.from_bytes(context.bytecode_module.serialize())


def main() -> None:
    """The command line of the public compiler, with the front end of this package.

    >>> from machine_dialect_vm.compiler import main
    >>> callable(main)
    True
    """
    try:
        bridge()
    except CompileError as error:
        sys.exit(f"error: {error}")
    from machine_dialect import __main__ as command

    _replace(command, "_run_interpreted", _run_page)
    command.cli(prog_name="python -m machine_dialect_vm.compiler")


def _replace(owner: Any, name: str, replacement: Any) -> None:
    _originals.setdefault(f"{owner.__name__}.{name}", getattr(owner, name))
    setattr(owner, name, replacement)


# --- The front end ----------------------------------------------------------------------------------------------------


def _compile(pipeline: Any, context: Any) -> Any:
    """In place of ``CompilationPipeline.compile``."""
    if context.config.mir_phase_only:
        return _originals["CompilationPipeline.compile"](pipeline, context)
    from ._native import compile_page
    from ._errors import make_diagnostics

    if context.config.verbose:
        print(f"Compiling {context.source_path}...")
    name = str(context.source_path)
    try:
        _module, rows, _drawn = compile_page(context.source_content, name)
    except CompileError as error:
        context.add_error(str(error))
        return context
    for one in make_diagnostics(name, rows):
        context.add_warning(str(one))
    context.bytecode_module = _bytecode_module(context.source_content, context.get_module_name())
    return context


def _bytecode_module(source: str, name: str) -> Any:
    """A page as the compiler's module: what the compiler asks of it is its name and its bytes."""
    from machine_dialect.codegen.bytecode_module import BytecodeModule

    from ._native import compile_page

    module = BytecodeModule(name)
    # The compiler names its module late.
    module.compiled = lambda: compile_page(source, f"{module.name}.md")[0]
    module.serialize = lambda *_, **__: module.compiled().to_bytes()
    return module


def _show_disassembly(compiler: Any, context: Any) -> None:
    """In place of ``Compiler._show_disassembly``."""
    module = context.bytecode_module
    if not hasattr(module, "compiled"):
        _originals["Compiler._show_disassembly"](compiler, context)
        return
    print("\n=== Disassembly ===")
    print(module.compiled().listing(), end="")


def _compile_to_bytecode(_runner: Any, source: str, source_path: Any = None) -> bytes:
    """In place of ``VMRunner.compile_to_bytecode``."""
    from .language import compile

    return compile(source, name=str(source_path or "<repl>.md")).to_bytes()


def _execute(runner: Any, source: str) -> Any:
    """In place of ``VMRunner.execute``."""
    if runner.debug:
        return _originals["VMRunner.execute"](runner, source)
    from ._native import run
    from .language import compile

    return run(compile(source, name="<repl>.md")).value


def _parse_and_print(shell: Any, text: str) -> None:
    """In place of ``REPL.parse_and_print``."""
    if shell.vm_runner is None:
        _originals["REPL.parse_and_print"](shell, text)
        return
    from ._errors import RunError

    source = f"{shell.accumulated_source}\n{text}" if shell.accumulated_source else text
    try:
        result = shell.vm_runner.execute(source)
    except CompileError as error:
        print(f"\nErrors found:\n{error}\n(Input not added to accumulated source)\n")
        return
    except RunError as error:
        print(f"\nExecution Error: {error}\n")
    else:
        print(f"\nExecution Result:\n  {'(no return value)' if result is None else result}\n")
    shell.accumulated_source = source


def _run_page(path: Any, debug: bool) -> None:
    """In place of what the command line has to run a page."""
    from ._errors import RunError
    from ._native import run
    from .language import compile_file

    try:
        outcome = run(compile_file(path))
    except (CompileError, RunError) as error:
        sys.stdout.flush()
        print(error.render(), file=sys.stderr)
        sys.exit(1)
    if debug:
        print(f"Result: {outcome.value}\nInstructions executed: {outcome.steps}")


# --- The linker -------------------------------------------------------------------------------------------------------


def _bridge_linker() -> None:
    """Makes the public compiler put its own modules together with ``link``."""
    try:
        from machine_dialect.codegen.register_codegen import RegisterBytecodeGenerator
        from machine_dialect.codegen.vm_serializer import VMBytecodeSerializer
    except ImportError as error:
        raise CompileError(f"the public compiler cannot be imported ({error}); get it with: {INSTALL}") from error

    VMBytecodeSerializer.serialize = staticmethod(_serialize)
    VMBytecodeSerializer.write_to_stream = staticmethod(_write_to_stream)
    RegisterBytecodeGenerator.emit_u8 = _emit_u8
    RegisterBytecodeGenerator.add_constant = _add_constant


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


if __name__ == "__main__":
    # One module with what is replaced, whatever it is called by.
    from machine_dialect_vm.compiler import main as _main

    _main()
