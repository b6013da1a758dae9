"""Copies the documentation of the extension into its stub, where editors read it.

    python vm/tests/python/stub_docs.py [--check]

The documentation has its home in `vm/src/python`; the package must be installed as it is built from there.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

STUB = Path(__file__).parents[2] / "python" / "machine_dialect_vm" / "_native.pyi"
COMMAND = "python vm/tests/python/stub_docs.py"


def documented(stub: str) -> str:
    """The stub, with the documentation that the extension has."""
    from machine_dialect_vm import _native

    lines = stub.splitlines()
    out: dict[int, list[str]] = {}
    drop: set[int] = set()
    tree = ast.parse(stub)
    definitions = [
        (node, getattr(_native, node.name)) for node in tree.body if isinstance(node, (ast.ClassDef, ast.FunctionDef))
    ]
    for node, value in list(definitions):
        if isinstance(node, ast.ClassDef):
            definitions += [
                (member, vars(value)[member.name])
                for member in node.body
                if isinstance(member, ast.FunctionDef) and not member.name.startswith("__")
            ]
    for node, value in definitions:
        first = node.body[0]
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
            drop |= set(range(first.lineno, (first.end_lineno or first.lineno) + 1))
        value = getattr(value, "__func__", value)
        indent = " " * (node.col_offset + 4)
        doc = str(value.__doc__).replace("\\", "\\\\").splitlines()
        text = [f'{indent}"""{doc[0]}', *(f"{indent}{line}".rstrip() for line in doc[1:])]
        text = [text[0] + '"""'] if len(text) == 1 else [*text, f'{indent}"""']
        header = (
            max(
                child.end_lineno or 0
                for child in [node.args, *([node.returns] if node.returns else [])]
                if hasattr(child, "end_lineno")
            )
            if isinstance(node, ast.FunctionDef)
            else node.lineno
        )
        if isinstance(node, ast.FunctionDef) and lines[header - 1].rstrip().endswith("..."):
            lines[header - 1] = lines[header - 1].rstrip().removesuffix("...").rstrip()
        out[header] = text
    written: list[str] = []
    for number, line in enumerate(lines, 1):
        if number not in drop:
            written.append(line)
        written += out.get(number, [])
    return "\n".join(written) + "\n"


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
