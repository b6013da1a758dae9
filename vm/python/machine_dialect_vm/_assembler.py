"""Assembly to module, in Python: for the REPL where the extension, which has the assembler, cannot be loaded.

It knows what ``Module.assemble`` knows but ``.const`` and ``k3``, literals with their type, entries of
functions by label, and numbers in other forms.
"""

from __future__ import annotations

import json
import re
import struct

from ._errors import AssemblyError, BuildError
from ._spec import RANGE_KINDS, AssertKind, Opcode, Role
from .builder import ModuleBuilder
from .reference.escape import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_TOKEN = re.compile(
    r"""
      (?P<space>[ \t]+|;.*)
    | (?P<string>"(?:[^"\\]|\\.)*")
    | (?P<number>[+-]?(?:inf|[0-9][0-9a-zA-Z.]*(?:(?<=[eE])[+-][0-9]+)?))
    | (?P<word>[.$\w][\w.$]*)
    | (?P<mark>[:,()\[\]])
    """,
    re.VERBOSE,
)
_WORDS = {"true": True, "false": False, "empty": None, "nan": float("nan"), "inf": float("inf")}


# An escape, which is left as it is unless it gives a number in braces.
_BY_NUMBER = re.compile(r"\\(?:u\{([0-9a-fA-F]{1,6})\}|.)", re.DOTALL)


def _as_json(escape: re.Match[str]) -> str:
    return escape[0] if escape[1] is None else json.dumps(chr(int(escape[1], 16)))[1:-1]


def assemble(text: str) -> bytes:
    """The file that the text stands for. Raises ``AssemblyError`` at the first line that cannot be understood."""
    builder = ModuleBuilder()
    for number, line in enumerate(text.splitlines(), 1):
        try:
            _Line(builder, line).read()
        except (_Wrong, BuildError) as error:
            raise AssemblyError(f"line {number}: {visible(str(error))}\n  | {visible(line)}", number) from None
    try:
        return builder.to_bytes()
    except BuildError as error:
        raise AssemblyError(str(error)) from None


class _Wrong(Exception):
    pass


class _Line:
    def __init__(self, builder: ModuleBuilder, text: str) -> None:
        self.builder = builder
        self.tokens: list[tuple[str, str]] = []
        position = 0
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise _Wrong(f"unexpected character `{text[position]}`")
            if match.lastgroup != "space":
                self.tokens.append((str(match.lastgroup), match.group()))
            position = match.end()

    def read(self) -> None:
        while len(self.tokens) > 1 and self.tokens[0][0] == "word" and self.tokens[1][1] == ":":
            self.builder.label(self.tokens[0][1])
            del self.tokens[:2]
        if not self.tokens:
            return
        word = self.take("an instruction", "word")
        if word == ".func":
            self.builder.function(self.name())
        elif word == ".module":
            self.builder._name = self.name()
        else:
            opcode = _OPCODES.get(word)
            if opcode is None:
                raise _Wrong(f"unknown instruction `{word}`")
            self.instruction(opcode)
        if self.tokens:
            raise _Wrong(f"expected the end of the line; found `{self.tokens[0][1]}`")

    def instruction(self, opcode: Opcode) -> None:
        operands: list[Any] = []
        for index, operand in enumerate(opcode.operands):
            if operand.role is Role.OPTIONAL_IN and not self.tokens:
                operands.append(None)
                continue
            if index:
                self.mark(",")
            operands.append(self.operand(operand.role, f"operand `{operand.name}`"))
        self.builder._emit(opcode, *operands)

    def operand(self, role: Role, what: str) -> Any:
        if role in (Role.IN, Role.OUT, Role.INOUT, Role.TAGGED, Role.OPTIONAL_IN):
            return self.register(what)
        if role is Role.REGISTERS:
            return self.list(what, "(", ")", lambda: self.register(what))
        if role is Role.CONSTANT:
            return self.literal(what)
        if role is Role.GLOBAL:
            return self.string(what)
        if role is Role.TYPE:
            word = self.take(what, "word", "number")
            return int(word) if word.isdigit() else word
        if role in (Role.JUMP, Role.SCOPE):
            return self.place(what)
        if role is Role.PHIS:
            return self.list(what, "[", "]", lambda: self.source(what))
        return self.check(what)

    def source(self, what: str) -> tuple[int, str | int]:
        register = self.register(what)
        self.mark(":")
        return register, self.place(what)

    def check(self, what: str) -> tuple[Any, ...]:
        word = self.take(what, "word", "number")
        kind = AssertKind(int(word)) if word.isdigit() else AssertKind[word.upper()]
        self.mark(",")
        check: list[Any] = [kind, self.string(what), None, None]
        for place in (2, 3) if kind in RANGE_KINDS else ():
            self.mark(",")
            check[place] = self.literal(what)
        return tuple(check)

    def place(self, what: str) -> str | int:
        word = self.take(what, "word", "number")
        return int(word) if re.fullmatch(r"[+-]?[0-9]+", word) else word

    def register(self, what: str) -> int:
        word = self.take(f"{what}, a register such as `r0`", "word")
        if not re.fullmatch(r"r[0-9]+", word):
            raise _Wrong(f"expected {what}, a register such as `r0`; found `{word}`")
        return int(word[1:])

    def literal(self, what: str) -> Any:
        if self.tokens and self.tokens[0][0] == "string":
            return self.string(what)
        word = self.take(f"{what}, a literal such as `5`", "word", "number")
        if word == "nan" and self.tokens and self.tokens[0][1] == "(":
            self.mark("(")
            [nan] = struct.unpack("<d", struct.pack("<Q", int(self.take("the bits of a NaN", "number"), 16)))
            self.mark(")")
            return nan
        if word in _WORDS:
            return _WORDS[word]
        try:
            return int(word) if re.fullmatch(r"[+-]?[0-9]+", word) else float(word)
        except ValueError:
            raise _Wrong(f"expected {what}, a literal such as `5`; found `{word}`") from None

    def string(self, what: str) -> str:
        text = self.take(f"{what}, a string", "string")
        try:
            # What JSON does not know: a character by its number, as the disassembler writes those that do not show.
            return str(json.loads(_BY_NUMBER.sub(_as_json, text), strict=False))
        except (ValueError, OverflowError) as error:
            raise _Wrong(f"{text} is no string: {error}") from None

    def name(self) -> str:
        return self.string("a name") if self.tokens and self.tokens[0][0] == "string" else self.take("a name", "word")

    def list(self, what: str, begin: str, end: str, item: Any) -> list[Any]:
        items: list[Any] = []
        self.mark(begin)
        while self.tokens and self.tokens[0][1] != end:
            if items:
                self.mark(",")
            items.append(item())
        self.mark(end)
        return items

    def mark(self, mark: str) -> None:
        found = self.tokens.pop(0)[1] if self.tokens else "the end of the line"
        if found != mark:
            raise _Wrong(f"expected `{mark}`; found `{found}`")

    def take(self, what: str, *kinds: str) -> str:
        if not self.tokens:
            raise _Wrong(f"expected {what}; found the end of the line")
        kind, text = self.tokens.pop(0)
        if kind not in kinds:
            raise _Wrong(f"expected {what}; found `{text}`")
        return text


_OPCODES = {opcode.mnemonic: opcode for opcode in Opcode}
