"""The language: from a page of Markdown to a module.

>>> from machine_dialect_vm import compile, run
>>> _ = run(compile("Define `n` as Whole Number.\\nSet `n` to _6_ * _7_.\\nSay `n`.\\n"))
42

``compile`` and ``compile_file`` make modules, ``check`` tells what is wrong with a page, and ``format`` writes it in its canonical
form. ``spec/LANGUAGE.md`` is the reference of the language.
"""

from __future__ import annotations

from ._errors import CompileError, Diagnostic, SourceWarning, make_diagnostics
from .reference.escape import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from os import PathLike

    from ._native import Module

__all__ = ["CompileError", "Diagnostic", "SourceWarning", "check", "compile", "compile_file", "format"]

# The name of a page that comes from no file. The module gets the name without the extension, and `main` is what starts.
_NAME = "main.md"


def compile(source: str | bytes, /, *, name: str = _NAME) -> Module:
    """Compiles a page of Machine Dialect.

    >>> import machine_dialect_vm
    >>> module = machine_dialect_vm.compile('Say _"Hello, World!"_.\\n', name="hello.md")
    >>> module.name
    'hello'
    >>> _ = machine_dialect_vm.run(module)
    Hello, World!

    ``name`` is that of the page's file, for messages and for the module. The same page gives the same module, byte for byte. Errors
    of its runs name lines of the page. Warns with ``SourceWarning`` of what is odd. Raises ``CompileError``, which tells of
    all errors of the page.
    """
    from ._native import compile_page

    module, rows, _drawn = compile_page(source, name)
    if rows:
        import warnings

        for one in make_diagnostics(name, rows):
            warnings.warn_explicit(visible(f"{one.kind}: {one.message}"), SourceWarning, one.file, one.line)
    return module


def compile_file(path: str | PathLike[str], /) -> Module:
    """Compiles a file, as ``compile`` does.

    >>> import machine_dialect_vm, pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "hello.md")
    >>> _ = path.write_text("Say _1_ + _2_.\\n")
    >>> _ = machine_dialect_vm.run(machine_dialect_vm.compile_file(path))
    3

    Raises ``OSError`` where the file cannot be read, and ``CompileError``.
    """
    import os

    with open(path, "rb") as file:
        return compile(file.read(), name=os.fspath(path))


def check(source: str | bytes, /, *, name: str = _NAME) -> tuple[Diagnostic, ...]:
    """What is wrong with a page, and what is odd in it; nothing is made of it.

    >>> from machine_dialect_vm import language
    >>> language.check("Say _1_.\\n")
    ()
    >>> [(one.line, one.column, one.kind) for one in language.check("Say `a`.\\nSay `b`.\\n")]
    [(1, 5, 'UndefinedName'), (2, 5, 'UndefinedName')]
    """
    from ._native import check_page

    rows, _drawn = check_page(source, name)
    return make_diagnostics(name, rows)


def format(source: str | bytes, /, *, name: str = _NAME) -> str:
    """The page in its canonical form: blocks as deep as they nest, with the blank lines that Markdown needs. It compiles to the same
    module, byte for byte.

    >>> from machine_dialect_vm import language
    >>> print(language.format("If _Yes_:\\n>> Say _1_.\\n"), end="")
    If _Yes_:
    <BLANKLINE>
    > Say _1_.

    Raises ``CompileError`` where the page has errors.
    """
    from ._native import format_page

    return format_page(source, name)
