"""Copies the documentation of the extension into its stub, where editors read it.

    python vm/tests/python/stub_docs.py [--check]

The documentation has its home in `vm/src/python`; the package must be installed as it is built from there.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

STUB = Path(__file__).parents[2] / "python" / "machine_dialect_vm" / "_native.pyi"
COMMAND = "python vm/tests/python/stub_docs.py"

Definition = ast.ClassDef | ast.FunctionDef


def documented(stub: str) -> str:
    """The stub, with the documentation that the extension has."""
    lines = stub.splitlines()
    # From the last, so that the lines before stay where they are.
    for node, doc in reversed(list(_definitions(ast.parse(stub)))):
        indent = " " * (node.col_offset + 4)
        first, *more = doc.replace("\\", "\\\\").splitlines()
        text = [f'{indent}"""{first}', *(f"{indent}{line}".rstrip() for line in more)]
        text = [*text, f'{indent}"""'] if more else [f'{text[0]}"""']
        old = node.body[0]
        begin, end = old.lineno - 1, old.end_lineno or old.lineno
        if _is_text(old):
            lines[begin:end] = text
        elif isinstance(node, ast.ClassDef):
            # The first member stays, behind it.
            begin = min([begin, *(decorator.lineno - 1 for decorator in getattr(old, "decorator_list", []))])
            lines[begin:begin] = text
        else:
            lines[begin:end] = [lines[begin].removesuffix("...").rstrip(), *text]
    return "\n".join(lines) + "\n"


def _definitions(tree: ast.Module) -> Iterator[tuple[Definition, str]]:
    """What is defined in the stub, in its order, and what the extension says of it."""
    from machine_dialect_vm import _native

    for node in tree.body:
        if not isinstance(node, Definition):
            continue
        value: Any = getattr(_native, node.name)
        yield node, value.__doc__
        for member in node.body:
            if (
                isinstance(node, ast.ClassDef)
                and isinstance(member, ast.FunctionDef)
                and not member.name.startswith("_")
            ):
                yield member, getattr(value, member.name).__doc__


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def main() -> int:
    stub = STUB.read_text()
    wanted = documented(stub)
    if wanted == stub:
        return 0
    if "--check" in sys.argv:
        print(f"{STUB} is stale; run `{COMMAND}` where the package is installed", file=sys.stderr)
        return 1
    STUB.write_text(wanted)
    print(f"wrote {STUB}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
