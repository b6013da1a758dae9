"""Reading a whole file: the top level, and functions with their bodies and sections (rule FunctionParts)."""

from __future__ import annotations

import re

from ._tables import LIMITS
from .diagnostics import At, Diagnostics, SyntaxProblem
from .lexer import WORD_ROLES, Token, tokens_of
from .lines import is_details, is_end_of_details, read_lines
from .parser import Parser
from .pieces import Piece, begins_code, pieces_of, skip_prose
from .tree import File, Function, Input


def read_file(source: str, diagnostics: Diagnostics) -> File:
    """The tree of a source; what cannot be read is reported and left out."""
    return _Document(pieces_of(read_lines(source, diagnostics)), diagnostics).file()


class _Document(Parser):
    def file(self) -> File:
        top = Function("main", (1, 1))
        functions = []
        while True:
            while paragraph := self.next_paragraph():
                if paragraph.depth:
                    self.diagnostics.report("UnexpectedBlock", self.token.at)
                    top.body += self.stray_block("top")
                else:
                    top.body += self.statement()
            if self.piece == len(self.pieces):
                return File(top, functions)
            functions.append(self.function(_function_heading(self.pieces[self.piece])))

    def stray_block(self, where: str) -> list:
        """A run of paragraphs with depth, but without a header, which is read all the same."""
        self.stray = where
        self.blocks += 1
        statements = self.statements_below(0, None)
        self.blocks -= 1
        self.stray = None
        return statements

    def ends_stray(self, piece: Piece) -> bool:
        line = piece.lines[0]
        ends_body = self.stray == "function" and (is_details(line) or is_end_of_details(line))
        return piece.depth == 0 and (piece.kind != "tag" or ends_body)

    def interrupts(self, piece: Piece) -> bool:
        if piece.depth > 0:
            return False
        if self.in_body:
            return piece.kind == "heading" or is_end_of_details(piece.lines[0])
        return piece.kind == "heading" and _function_heading(piece) is not None

    def function(self, name: Token) -> Function:
        function = Function(name.value, name.at)
        self.piece += 1
        section = None
        has_items = has_body = False
        strays: list[At] = []
        while self.piece < len(self.pieces):
            piece = self.pieces[self.piece]
            if piece.kind == "heading":
                section = _section_heading(piece) if piece.depth == 0 else section
                if section is None:
                    break
                has_items = False
                self.piece += 1
            elif piece.kind == "tag":
                self.piece += 1
                if is_details(piece.lines[0]) and not has_body:
                    has_body = True
                    section = None
                    self.body(function, piece)
            elif piece.depth > 0:
                self.outside_of_body(function, piece, strays)
            elif section and piece.content.startswith("-"):
                for line in piece.lines if section == "inputs" else ():
                    self.input(function, line)
                has_items = True
                self.piece += 1
            elif begins_code(piece):
                break
            else:  # prose ends the items of a section, and nothing else
                section = None if has_items else section
                skip_prose(piece, self.diagnostics)
                self.piece += 1
        for stray in strays if has_body else ():
            self.diagnostics.report("UnexpectedBlock", stray)
        if not has_body:
            self.diagnostics.report("MissingDetails", name.at, name=name.value)
        if len(function.inputs) > LIMITS["inputs"]:
            count, limit = len(function.inputs), LIMITS["inputs"]
            self.diagnostics.report("TooManyInputs", name.at, function=function.name, count=count, limit=limit)
        return function

    def body(self, function: Function, opening: Piece) -> None:
        """The statements up to </details>, which stand at depth 1 or more."""
        self.in_body = True
        while paragraph := self.next_paragraph():
            if paragraph.depth > 0:
                function.body += self.statements_below(0, None)
            else:
                if self.index == 0:
                    self.diagnostics.report("OutsideBody", self.token.at)
                function.body += self.statement()
        self.in_body = False
        if self.piece < len(self.pieces) and self.pieces[self.piece].kind == "tag":
            self.piece += 1
        else:
            self.diagnostics.report("UnclosedDetails", opening.lines[0].at)

    def outside_of_body(self, function: Function, paragraph: Piece, strays: list[At]) -> None:
        if begins_code(paragraph):
            self.enter(paragraph)
            strays.append(self.token.at)
            function.body += self.stray_block("function")
        else:
            skip_prose(paragraph, self.diagnostics)
            self.piece += 1

    def input(self, function: Function, line) -> None:
        self.paragraph = Piece("paragraph", [line])
        self.tokens, self.index = tokens_of([line]), 0
        try:
            function.inputs.append(self.input_item())
        except SyntaxProblem as problem:
            if self.part:
                function.inputs.append(self.part)
            else:
                function.has_unreadable_inputs = True
            found = self.token.found
            self.recover(SyntaxProblem("ExpectedInput", self.tokens[0].at, problem.line, found=found))
        self.paragraph = None

    def input_item(self) -> Input:
        """- NAME as TYPE [(required)], [(optional)], [(optional, default: EXPRESSION)], [(default: EXPRESSION)]"""
        self.part = None
        if self.token.text != "-":
            self.fail("ExpectedInput")
        self.advance()
        variable = self.expect_name()
        item = self.part = Input(variable, False, ())
        self.expect_word("as")
        item.types = self.types()
        if self.takes("("):
            is_required = self.takes_word("required") is not None
            if not is_required and (not self.takes_word("optional") or self.takes(",")):
                self.expect_word("default")
                self.expect_mark(":")
                item.default_at = self.token.at
                item.default = self.expression()
            self.expect_mark(")")
        else:
            is_required = True
        self.takes(".")
        if self.token.kind != "end":
            self.fail("ExpectedInput", found=self.token.found)
        item.is_required = is_required
        return item


def _heading_tokens(heading: Piece) -> list[Token]:
    [line] = heading.lines
    marks = re.match(r"#+", line.content)[0]
    return tokens_of([line._replace(start=line.start + len(marks))])[:-1]


def _function_heading(heading: Piece) -> Token | None:
    """The name in a heading that declares a function."""
    if heading.depth > 0 or not heading.content.startswith("##"):
        return None
    tokens = _heading_tokens(heading)
    if len(tokens) < 3 or WORD_ROLES.get(tokens[0].word) != "definition" or tokens[1].text != ":":
        return None
    return tokens[2] if len(tokens) == 3 and tokens[2].kind == "name" else None


def _section_heading(heading: Piece) -> str | None:
    tokens = _heading_tokens(heading)
    texts = [token.text for token in tokens[1:]]
    is_section = tokens and WORD_ROLES.get(tokens[0].word) == "section" and texts in ([], [":"])
    return tokens[0].word if is_section else None
