"""Reading expressions, and the words and names that all statements are made of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from ._tables import LIMITS, OPERATORS, PRECEDENCE, WORDS
from .diagnostics import Diagnostics, SyntaxProblem
from .lexer import Token, operators_of_group
from .tree import Chain, Conditional, Expression, ItemOf, KeyOf, Literal, Name, Place, Prefix, Step

_INFIX = [group for group, kind in PRECEDENCE if kind == "infix"]
_ARGUMENT = _INFIX.index("and") + 1  # arguments have no bare and, or, if
_PLACES = ("first", "second", "third", "last", "item")


class Expressions:
    """A cursor over tokens. `parser.py` moves it from paragraph to paragraph."""

    def __init__(self, diagnostics: Diagnostics):
        self.diagnostics = diagnostics
        self.tokens: list[Token] = []
        self.index = 0
        self.level = 0  # how deep in an expression
        self.blocks = 0  # how many blocks are open
        self.in_list = False

    # --- Tokens ---

    @property
    def token(self) -> Token:
        return self.tokens[self.index]

    def advance(self) -> Token:
        token = self.tokens[self.index]
        if token.kind != "end":
            self.index += 1
        return token

    def takes(self, mark: str) -> Token | None:
        """Goes on behind a punctuation mark, if it is next."""
        return self.advance() if self.token.kind == "punctuation" and self.token.text == mark else None

    def takes_word(self, *words: str) -> Token | None:
        return self.advance() if self.token.word in words and self.token.kind == "word" else None

    def fail(self, kind: str, token: Token | None = None, **fields) -> NoReturn:
        """Ends the statement with a problem at a token, which is the next one if it is not given."""
        token = token or self.token
        raise SyntaxProblem(kind, token.at, self.token.at[0], **fields)

    def expect_word(self, word: str) -> Token:
        found = self.takes_word(word)
        if found is None:
            self.fail("ExpectedWord", expected=WORDS[word][1][0], found=self.token.found)
        return found

    def expect_mark(self, mark: str) -> Token:
        found = self.takes(mark)
        if found is None:
            self.fail("ExpectedWord", expected=mark, found=self.token.found)
        return found

    def expect_name(self) -> Name:
        if self.token.kind != "name":
            self.fail("ExpectedName", found=self.token.found)
        token = self.advance()
        return Name(token.value, token.at)

    @contextmanager
    def deeper(self, token: Token) -> Iterator[None]:
        """One level deeper, because of a token."""
        if self.blocks + self.level >= LIMITS["nesting"]:
            self.fail("TooDeep", token, limit=LIMITS["nesting"])
        self.level += 1
        try:
            yield
        finally:
            self.level -= 1

    # --- Expressions, the loosest first ---

    def expression(self) -> Expression:
        value = self.infix(0)
        word = self.takes_word("if")
        if word is None:
            return value
        with self.deeper(word):
            condition = self.expression()
            if self.tokens[min(self.index + 1, len(self.tokens) - 1)].word == "else":
                self.takes(",") or self.takes(";")
            if not self.takes_word("else"):
                self.fail("MissingElse")
            return Conditional(value, condition, self.expression())

    def argument(self) -> Expression:
        return self.infix(_ARGUMENT)

    def infix(self, level: int) -> Expression:
        if level == len(_INFIX):
            return self.prefix()
        begin = self.token
        first = self.infix(level + 1)
        steps = []
        while operator := self.infix_operator(_INFIX[level]):
            at = self.advance().at
            steps.append(Step(operator, at, self.infix(level + 1)))
        if not steps:
            return first
        if _INFIX[level] in ("equality", "order") and "not" in begin.operators:
            self.diagnostics.report("NotBindsTighter", begin.at)
        return Chain(first, steps)

    def infix_operator(self, group: str) -> str | None:
        if self.in_list and self.token.begins_line and self.token.text == "-":
            return None  # it begins the next item
        return operators_of_group(self.token, group)

    def prefix(self) -> Expression:
        if operator := operators_of_group(self.token, "prefix"):
            token = self.advance()
            with self.deeper(token):
                return Prefix(operator, token.at, self.prefix())
        return self.parts()

    def parts(self) -> Expression:
        if operator := operators_of_group(self.token, "parts"):
            token = self.advance()
            with self.deeper(token):
                return Prefix(operator, token.at, self.parts())
        return self.primary()

    def primary(self) -> Expression:
        if self.token.word in _PLACES:
            token = self.token
            with self.deeper(token):
                place = self.place()
                self.expect_word("of")
                return ItemOf(place, self.parts())
        return self.key()

    def key(self) -> Expression:
        """A primary that may be the key of NAME's KEY."""
        token = self.token
        if token.kind == "literal":
            return Literal(self.advance().value, token.static)
        if token.word in ("yes", "no", "empty") and token.kind == "word":
            self.advance()
            if token.word == "empty":
                return Literal(None, "empty")
            return Literal(token.word == "yes", "truth")
        if token.kind == "name":
            return self.expect_name()
        if token.kind == "possessive":
            with self.deeper(self.advance()):
                return KeyOf(Name(token.value, token.at), self.key())
        if opening := self.takes("("):
            with self.deeper(opening):
                inner = self.expression()
            if not self.takes(")"):
                self.fail("UnclosedParenthesis", opening)
            return inner
        self.fail("ExpectedExpression", found=token.found)

    def place(self) -> Place:
        """first item, item EXPRESSION and their like, without what they are of."""
        token = self.advance()
        if token.word == "item":
            return Place("item", token.at, self.expression())
        self.expect_word("item")
        return Place(token.word, token.at)

    def at_place(self) -> bool:
        return self.token.kind == "word" and self.token.word in _PLACES

    def begins_expression(self) -> bool:
        token = self.token
        if token.kind in ("literal", "name", "possessive") or self.at_place():
            return True
        if token.kind == "punctuation" and token.text == "(":
            return True
        if token.kind == "word" and token.word in ("yes", "no", "empty"):
            return True
        return any(OPERATORS[operator][0] in ("prefix", "parts") for operator in token.operators)
