"""Reading statements and their blocks from paragraphs (rules Statements, Blocks, Lists, Diagnosing)."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import takewhile

from ._tables import LIMITS
from .characters import WHITE_SPACE, composed
from .diagnostics import Diagnostics, SyntaxProblem
from .expressions import Expressions
from .lexer import Token, is_name, tokens_of
from .pieces import Piece, begins_code, skip_prose
from .tree import (
    Add, Argument, Blank, Call, Clear, Define, Evaluate, Expression, ForEach, GiveBack, If, Insert, List, Name,
    NamedList, Remove, RemoveItem, Say, Set, SetItem, SetKey, Statement, While,
)  # fmt: skip

_BEFORE_AS = re.compile(r"`(.*?) (?:as|\*\*as\*\*) ")


class Parser(Expressions):
    def __init__(self, pieces: list[Piece], diagnostics: Diagnostics):
        super().__init__(diagnostics)
        self.pieces = pieces
        self.piece = 0  # the next one
        self.paragraph: Piece | None = None  # the one that the tokens are of
        self.in_body = False
        self.header_depths: list[int] = []  # of the blocks that are open
        self.stray: str | None = None  # where a run of blocks without a header is read: top, or function
        self.part: Statement | None = None  # what could be read of a statement that could not

    # --- Where the next statement is ---

    def next_paragraph(self) -> Piece | None:
        """The paragraph that the next statement stands in. None where the top level, or the body, is interrupted."""
        if self.paragraph and self.token.kind != "end":
            return self.paragraph
        self.paragraph = None
        while self.piece < len(self.pieces):
            piece = self.pieces[self.piece]
            if self.stray and self.ends_stray(piece):
                return None
            if piece.kind == "paragraph":
                if self.is_code(piece):
                    return self.enter(piece)
                skip_prose(piece, self.diagnostics)
            elif self.interrupts(piece):
                return None
            self.piece += 1
        return None

    def is_code(self, paragraph: Piece) -> bool:
        in_block = self.in_body or any(depth < paragraph.depth for depth in self.header_depths)
        return in_block and paragraph.depth > 0 or begins_code(paragraph)

    def interrupts(self, piece: Piece) -> bool:
        """Whether a heading or tag ends the statements of the unit for now; `document.py` knows."""
        raise NotImplementedError

    def ends_stray(self, piece: Piece) -> bool:
        """Whether a piece ends the run of blocks without a header; `document.py` knows."""
        raise NotImplementedError

    def enter(self, paragraph: Piece) -> Piece:
        self.paragraph = paragraph
        self.tokens, self.index = tokens_of(paragraph.lines), 0
        self.piece += 1
        if self.token.kind == "end":  # nothing but fillers and marks
            self.paragraph = None
            return self.next_paragraph()
        return paragraph

    # --- Blocks ---

    def block(self, depth: int, colon: Token | None) -> list[Statement]:
        """The statements that stand deeper than their header."""
        self.blocks += 1
        self.header_depths.append(depth)
        statements = self.statements_below(depth, colon)
        self.header_depths.pop()
        self.blocks -= 1
        return statements

    def statements_below(self, depth: int, colon: Token | None) -> list[Statement]:
        statements: list[Statement] = []
        first_depth = None
        while (paragraph := self.next_paragraph()) and paragraph.depth > depth:
            if self.blocks > LIMITS["nesting"]:
                self.diagnostics.report("TooDeep", self.token.at, limit=LIMITS["nesting"])
                while (paragraph := self.next_paragraph()) and paragraph.depth > depth:
                    self.index = len(self.tokens) - 1
                colon = None
                break
            first_depth = first_depth or paragraph.depth
            if paragraph.depth != first_depth:
                self.diagnostics.report("UnevenBlock", self.token.at, found=paragraph.depth, expected=first_depth)
            statements += self.statement()
            colon = None
        if colon:
            self.diagnostics.report("MissingBlock", colon.at)
        return statements

    def header(self, read: Callable[[], Expression], what: Token) -> tuple[Expression | None, Token | None]:
        """What stands before a block, and the colon; None where it cannot be read."""
        try:
            condition = read()
            colon = self.takes(":")
            if colon is None:
                self.fail("MissingColon", what=what.text)
            return condition, colon
        except SyntaxProblem as problem:
            self.recover(problem)
            return None, None

    # --- Statements ---

    def statement(self) -> list[Statement]:
        """The next statement, or nothing, or its part where it cannot be read."""
        token = self.token
        depth = self.paragraph.depth
        self.part = None
        try:
            read = _STATEMENTS.get(token.word) if token.kind == "word" else None
            if read is not None:
                self.advance()
                return [read(self, token)]
            return [self.expression_statement(token)]
        except SyntaxProblem as problem:
            self.recover(problem)
            if self.part:
                return [self.part]
            if self.token.kind == "end" and self.tokens[self.index - 1].text == ":":  # a header of some kind
                return [If(token.at, [(None, self.block(depth, None))])]
            return []

    def recover(self, problem: SyntaxProblem) -> None:
        """Reports a problem of a statement, and goes on behind it (rule Diagnosing)."""
        self.report_problem(problem)
        stop = next((line.number for line in self.paragraph.lines if line.number >= problem.line and _ends(line)), None)
        while self.token.kind != "end" and (stop is None or self.token.at[0] <= stop):
            self.index += 1

    def report_problem(self, problem: SyntaxProblem) -> None:
        """What is no token at all, or is not there, is said rather than what was expected in its place."""
        token = self.token
        stands_before = problem.kind in ("ExpectedStatement", "UnexpectedElse", "TooDeep") and problem.at != token.at
        if stands_before or token.kind not in ("error", "end"):
            self.diagnostics.report(problem.kind, problem.at, **problem.fields)
        elif token.kind == "error":
            self.diagnostics.report(token.problem, token.at, **token.fields)
        elif problem.kind in ("MissingColon", "UnclosedParenthesis", "ExpectedInput"):
            self.diagnostics.report(problem.kind, problem.at, **problem.fields)
        else:
            self.diagnostics.report("MissingPeriod", token.at)

    def end_statement(self) -> None:
        if not self.takes("."):
            end = self.tokens[self.index - 1].end
            raise SyntaxProblem("MissingPeriod", end, end[0])

    def expression_statement(self, token: Token) -> Statement:
        if not self.begins_expression():
            self.fail("ExpectedStatement", found=token.found)
        try:
            value = self.expression()
            self.end_statement()
        except SyntaxProblem as problem:
            if token.kind == "name" and token.is_bare:  # it is prose rather than an expression
                raise SyntaxProblem("ExpectedStatement", token.at, problem.line, found=token.found) from None
            raise
        self.diagnostics.report("UnusedValue", token.at)
        return Evaluate(token.at, value)

    def define(self, word: Token) -> Statement:
        if self.token.problem == "UnterminatedName" and (name := _open_name(self.token.text)):
            self.part = Define(word.at, Name(name, self.token.at), None)
        variable = self.expect_name()
        statement = self.part = Define(word.at, variable, None)
        self.expect_word("as")
        statement.types = self.types()
        if opening := self.takes("("):
            self.expect_word("default")
            self.expect_mark(":")
            statement.default_at = self.token.at
            default = self.expression()
            if not self.takes(")"):
                self.fail("UnclosedParenthesis", opening)
            self.end_statement()
            statement.default = default
        else:
            self.end_statement()
        return statement

    def types(self) -> tuple[str, ...]:
        types = [self.type()]
        while self.takes_word("or"):
            types.append(self.type())
        return tuple(types)

    def type(self) -> str:
        if self.token.type is None:
            self.fail("ExpectedType", found=self.token.found)
        return self.advance().type

    def set(self, word: Token) -> Statement:
        if self.at_place():
            place = self.place()
            self.expect_word("of")
            return self.ended(SetItem(word.at, place, self.expect_name(), self.behind("to")))
        if self.token.kind == "possessive":
            owner = self.advance()
            return self.ended(SetKey(word.at, Name(owner.value, owner.at), self.key(), self.behind("to")))
        variable = self.expect_name()
        if self.takes_word("using"):
            return self.ended(self.call(word, variable))
        self.expect_word("to")
        value_at = self.token.at
        if self.takes_word("blank"):
            return self.ended(Set(word.at, variable, Blank(), value_at))
        if colon := self.takes(":"):
            return Set(word.at, variable, self.list(colon), value_at)
        return self.ended(Set(word.at, variable, self.expression(), value_at))

    def behind(self, word: str) -> Expression:
        self.expect_word(word)
        return self.expression()

    def ended(self, statement: Statement) -> Statement:
        self.end_statement()
        return statement

    def say(self, word: Token) -> Statement:
        return self.ended(Say(word.at, self.expression()))

    def give_back(self, word: Token) -> Statement:
        return self.ended(GiveBack(word.at, self.expression()))

    def use(self, word: Token) -> Statement:
        return self.ended(self.call(word, None))

    def call(self, word: Token, variable: Name | None) -> Call:
        function = self.expect_name()
        call = Call(word.at, function.name, function.at, [], variable)
        if self.takes_word("with"):
            read = self.positional_argument
        elif self.takes_word("where"):
            read = self.named_argument
        else:
            return call
        call.arguments.append(read())
        while self.takes(",") or self.takes_word("and"):
            call.arguments.append(read())
        return call

    def positional_argument(self) -> Argument:
        if not self.begins_expression():
            self.fail("ExpectedArgument", found=self.token.found)
        return Argument(self.token.at, self.argument())

    def named_argument(self) -> Argument:
        if self.token.kind != "name":
            self.fail("ExpectedArgument", found=self.token.found)
        name = self.expect_name()
        self.expect_word("is")
        if not self.begins_expression():
            self.fail("ExpectedArgument", found=self.token.found)
        return Argument(name.at, self.argument(), name.name)

    def add(self, word: Token) -> Statement:
        item = self.expression()
        self.expect_word("to")
        variable = self.expect_name()
        if not self.takes_word("with"):
            return self.ended(Add(word.at, variable, item))
        self.takes_word("value")
        return self.ended(SetKey(word.at, variable, item, self.expression()))

    def remove(self, word: Token) -> Statement:
        start = self.index
        if self.at_place():
            place = self.place()
            if self.takes_word("from"):
                return self.ended(RemoveItem(word.at, self.expect_name(), place))
            self.index = start  # it is an item of some other list
        item = self.expression()
        self.expect_word("from")
        return self.ended(Remove(word.at, self.expect_name(), item))

    def insert(self, word: Token) -> Statement:
        item = self.expression()
        self.takes_word("position")
        position = self.expression()
        self.expect_word("in")
        return self.ended(Insert(word.at, self.expect_name(), item, position))

    def update(self, word: Token) -> Statement:
        key = self.expression()
        self.expect_word("in")
        return self.ended(SetKey(word.at, self.expect_name(), key, self.behind("to")))

    def clear(self, word: Token) -> Statement:
        return self.ended(Clear(word.at, self.expect_name()))

    # --- Statements with blocks ---

    def if_(self, word: Token) -> Statement:
        depth = self.paragraph.depth
        statement = If(word.at, [self.branch(word, depth)])
        while (paragraph := self.next_paragraph()) and paragraph.depth == depth and self.token.word == "else":
            otherwise = self.advance()
            if inner := self.takes_word("if"):
                statement.branches.append(self.branch(inner, depth))
                continue
            _nothing, colon = self.header(lambda: None, otherwise)
            statement.otherwise = self.block(depth, colon)
            break
        return statement

    def branch(self, word: Token, depth: int) -> tuple[Expression | None, list[Statement]]:
        condition, colon = self.header(self.condition, word)
        return condition, self.block(depth, colon)

    def condition(self) -> Expression:
        condition = self.expression()
        self.takes(",")
        self.takes_word("then")
        return condition

    def else_(self, word: Token) -> Statement:
        """An else without its if; its block is read for what else may be wrong in it."""
        depth = self.paragraph.depth
        self.recover(SyntaxProblem("UnexpectedElse", word.at, word.at[0], word=word.text))
        return If(word.at, [(None, self.block(depth, None))])

    def while_(self, word: Token) -> Statement:
        depth = self.paragraph.depth
        condition, colon = self.header(self.expression, word)
        return While(word.at, condition, self.block(depth, colon))

    def for_each(self, word: Token) -> Statement:
        depth = self.paragraph.depth
        statement = ForEach(word.at, None, None, [])

        def read() -> Expression:
            statement.variable = self.expect_name()
            return self.behind("in")

        statement.items, colon = self.header(read, word)
        statement.block = self.block(depth, colon)
        return statement

    # --- Lists ---

    def list(self, colon: Token) -> Expression:
        """Items up to what begins none. An item that cannot be read is left out."""
        items: list = []
        first = mark = self.list_item_mark(is_first=True)
        is_named = None
        self.in_list = True
        while mark is not None:
            begin = self.index
            try:
                if mark != first:
                    self.fail("ExpectedItem", found=self.token.found)
                self.index += 1 if mark == "-" else 2
                has_name = self.at_item_name()
                is_named = has_name if is_named is None else is_named
                if has_name != is_named:
                    self.fail("ExpectedItem", found=self.token.found)
                items.append(self.list_item(has_name))
            except SyntaxProblem as problem:
                self.report_problem(problem)
                self.skip_item(begin)
            mark = self.list_item_mark(is_first=False)
        self.in_list = False
        if first is None:
            if self.token.kind != "end" and not self.token.begins_line:
                self.fail("ExpectedItem", found=self.token.found)
            self.diagnostics.report("EmptyList", colon.at)
        if not items:
            return Blank()
        return NamedList(items) if is_named else List(items)

    def at_item_name(self) -> bool:
        is_text = self.token.kind == "literal" and self.token.static in ("text", "url")
        return is_text and self.tokens[self.index + 1].text == ":"

    def list_item(self, has_name: bool) -> Expression | tuple[str, Expression]:
        if has_name:
            name = self.advance().value
            self.advance()
            item = (name, self.expression())
        else:
            item = self.expression()
        self.end_statement()
        return item

    def skip_item(self, begin: int) -> None:
        """Goes to the item behind the one that begins at a token, or to the statement behind the list."""
        while self.token.kind != "end":
            is_behind_period = self.tokens[self.index - 1].text == "."
            begins_line = self.token.begins_line
            is_item = (begins_line or is_behind_period) and _item_mark(self.tokens, self.index)
            if self.index > begin and (is_item or (begins_line and is_behind_period)):
                return
            self.advance()

    def list_item_mark(self, is_first: bool) -> str | None:
        """What begins the next item, if there is one: here, or in the next paragraph of the same depth."""
        if self.token.kind != "end":
            return _item_mark(self.tokens, self.index)
        following = self.pieces[self.piece] if self.piece < len(self.pieces) else None
        if following is None or following.kind != "paragraph" or following.is_behind_gap:
            return None
        lines = following.lines
        if is_first and self.paragraph.depth > 0 and following.depth == 0:
            if lines[0].number != self.paragraph.lines[-1].number + 1:
                return None
            # At depth 0 directly below, one item a line.
            lines = list(takewhile(lambda line: _item_mark(tokens_of([line]), 0), lines))
        elif following.depth != self.paragraph.depth:
            return None
        if not lines or not (mark := _item_mark(tokens_of(lines[:1]), 0)):
            return None
        tokens = tokens_of(lines)
        self.tokens[-1:] = tokens  # in the place of the end
        self.paragraph = Piece("paragraph", [*self.paragraph.lines, *lines])
        following.lines = following.lines[len(lines) :]
        if not following.lines:
            self.piece += 1
        return mark


def _item_mark(tokens: list[Token], index: int) -> str | None:
    token, following = tokens[index], tokens[min(index + 1, len(tokens) - 1)]
    if token.kind == "sign" and token.text == "-":
        return "-"
    if token.kind == "literal" and token.static == "whole" and token.is_bare and following.text == ".":
        return "number"
    return None


def _open_name(text: str) -> str | None:
    """The name behind a backtick that nothing closes, up to the word `as`."""
    name = _BEFORE_AS.match(text)
    return composed(name[1]) if name and is_name(name[1]) else None


def _ends(line) -> bool:
    return line.content.rstrip("*\\" + WHITE_SPACE).endswith(".")


_STATEMENTS = {
    "define": Parser.define,
    "set": Parser.set,
    "say": Parser.say,
    "use": Parser.use,
    "if": Parser.if_,
    "else": Parser.else_,
    "while": Parser.while_,
    "for_each": Parser.for_each,
    "add": Parser.add,
    "remove": Parser.remove,
    "insert": Parser.insert,
    "update": Parser.update,
    "clear": Parser.clear,
    "give_back": Parser.give_back,
}
