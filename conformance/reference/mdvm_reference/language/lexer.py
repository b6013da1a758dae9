"""From lines to tokens: literals, names, words and phrases, signs. Fillers, `**` and a backslash vanish here."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any

from ._tables import ESCAPES, FILLERS, LITERALS, OPERATORS, SIGNS, SPELLINGS, STATIC_TYPES, URL_PATTERN, WORDS
from .characters import WHITE_SPACE, composed, lower, shadow
from .diagnostics import At
from .lines import Line

INT_MIN, INT_MAX = -(2**63), 2**63 - 1


@dataclass(slots=True)
class Token:
    """`kind` is literal, name, possessive (a name with 's), word, sign, punctuation, error or end."""

    kind: str
    text: str
    at: At
    end: At  # just behind it
    begins_line: bool = False
    word: str | None = None
    operators: tuple[str, ...] = ()
    type: str | None = None
    value: Any = None  # of a literal; a name's spelling
    static: str = ""  # a literal's static type
    is_bare: bool = True  # without underscores or backticks
    problem: str = ""  # of an error: what is wrong
    fields: dict[str, Any] = field(default_factory=dict)

    @property
    def found(self) -> str:
        """How messages name it."""
        return "the end of the paragraph" if self.kind == "end" else self.text[:_FOUND]


WORD_ROLES = {word: role for word, (role, _spellings) in WORDS.items()}
_LITERAL = {name: re.compile(pattern) for name, (_type, pattern, *_rest) in LITERALS.items()}
_UNSIGNED = {name: re.compile(LITERALS[name][1].removeprefix("-?")) for name in ("float", "whole")}
_URL = re.compile(URL_PATTERN.replace(r"\s", WHITE_SPACE))
# These are for the shadow of a text.
_NAME = re.compile(r"[^\W\d](?:[\w -]|(?<=\w)'(?=\w))*", re.ASCII)
_OWNS = re.compile(r"'[sS](?!\w)", re.ASCII)
_ODD_WORDS = {word for words, *_rest in SPELLINGS for word in words if not re.fullmatch(r"[\w']+", word)}
_BARE_WORD = r"(?!_(?!\w))[^\W\d]\w*(?:'\w+)*"
_ODD_WORD = (re.escape(word) + r"(?!\w)" for word in sorted(_ODD_WORDS))
_WORD = re.compile("|".join([*_ODD_WORD, _BARE_WORD]), re.IGNORECASE | re.ASCII)
_TRUE_WORDS = {spelling.lower() for spelling in WORDS["yes"][1]}
_PUNCTUATION = ".:,;()"
_FILLERS = frozenset(FILLERS)
_FOUND = 60  # so many characters of a token a message repeats
_PHRASES: dict[str, list[tuple]] = {}  # first word -> the spellings that begin with it, the longest first
for _spelling in SPELLINGS:
    _PHRASES.setdefault(_spelling[0][0], []).append(_spelling)


def tokens_of(lines: list[Line]) -> list[Token]:
    """The tokens of some lines, and the end behind the last one."""
    raw: list[Token] = []
    for line in lines:
        raw += _Scanner(line).tokens()
    tokens = _with_phrases(raw)
    for token, following in zip(tokens, [*tokens[1:], None]):
        if token.text == ";" and not (following and following.word == "else"):
            token.kind, token.problem, token.fields = "error", "InvalidCharacter", {"character": ";"}
    last = tokens[-1].end if tokens else lines[-1].at
    return [*tokens, Token("end", "", last, last)]


def is_literal_between_underscores(text: str) -> bool:
    """Whether the text begins with such a literal (rule Prose)."""
    return _between_underscores(text, 0) is not None


def is_name(text: str) -> bool:
    return _NAME.fullmatch(shadow(text)) is not None


def has_name_or_value(text: str) -> bool:
    """Whether there is a name in backticks or a value in underscores somewhere in the line."""
    for found in re.finditer("`([^`]*)`|_", text):  # what stands between backticks is no value
        if is_name(found[1]) if found[1] is not None else _between_underscores(text, found.start()):
            return True
    return False


def _between_underscores(text: str, start: int) -> int | None:
    """Where the literal ends that begins at `start`, its underscores included."""
    if not text.startswith("_", start):
        return None
    for pattern in _LITERAL.values():
        if (found := pattern.match(text, start + 1)) and text.startswith("_", found.end()):
            return found.end() + 1
    return None


class _Scanner:
    """One line, character by character. Words are not yet put together to phrases: `value` is what was written."""

    def __init__(self, line: Line):
        self.line = line
        self.text = line.text
        self.shadow = shadow(line.text)
        self.index = line.start

    def tokens(self) -> list[Token]:
        tokens: list[Token] = []
        while self.skip_to_token():
            token = self.token(tokens[-1] if tokens else None)
            token.begins_line = not tokens
            tokens.append(token)
        return tokens

    def skip_to_token(self) -> bool:
        text = self.text
        while self.index < len(text):
            if text.startswith("**", self.index):
                self.index += 2
            elif text[self.index] in WHITE_SPACE or text[self.index] == "\\":
                self.index += 1
            else:
                return True
        return False

    def made(self, kind: str, end: int, **more: Any) -> Token:
        start, self.index = self.index, end
        number = self.line.number
        return Token(kind, self.text[start:end], (number, start + 1), (number, end + 1), **more)

    def error(self, problem: str, end: int, at: int | None = None, **fields: Any) -> Token:
        token = self.made("error", end, problem=problem, fields=fields)
        if at is not None:
            token.at = (self.line.number, at + 1)
        return token

    def token(self, before: Token | None) -> Token:
        text, start = self.text, self.index
        touches = before is not None and before.end == (self.line.number, start + 1)
        if text[start] == "_" and (text[start + 1 : start + 2] in ('"', "'") or "_" in text[start + 1 :]):
            return self.underscored()
        if text[start] == "`":
            return self.name()
        if text[start] in "\"'":
            return self.quoted(start, start)
        if text[start] in "0123456789" or (text[start] == "." and not (touches and before.text not in "(+-*/^<>=")):
            for static, pattern in _UNSIGNED.items():
                if found := pattern.match(text, start):
                    return self.number(static, found[0], found.end())
        if found := _WORD.match(self.shadow, start):
            return self.made("word", found.end())
        for sign, operators in SIGNS:
            if text.startswith(sign, start):
                return self.made("sign", start + len(sign), operators=operators)
        if text[start] in _PUNCTUATION:
            return self.made("punctuation", start + 1)
        return self.error("InvalidCharacter", start + 1, character=text[start])

    def name(self) -> Token:
        end = self.text.find("`", self.index + 1)
        if end < 0:
            return self.error("UnterminatedName", self.open_end())
        name = self.text[self.index + 1 : end]
        if not is_name(name):
            return self.error("InvalidName", end + 1, name=name)
        if owns := _OWNS.match(self.shadow, end + 1):
            return self.made("possessive", owns.end(), value=composed(name), is_bare=False)
        return self.made("name", end + 1, value=composed(name), is_bare=False)

    def open_end(self) -> int:
        """Where a name or text ends that nothing closes: with its line, before the period that ends the line."""
        said = self.text.rstrip("*\\" + WHITE_SPACE)
        return len(said) - 1 if said.endswith(".") else len(self.text)

    def underscored(self) -> Token:
        text, start = self.text, self.index
        if text[start + 1 : start + 2] in ('"', "'"):
            return self.quoted(start, start + 1)
        end = text.find("_", start + 1)
        body = text[start + 1 : end]
        for static in ("whole", "float"):
            if _LITERAL[static].fullmatch(body):
                return self.number(static, body, end + 1)
        if _LITERAL["truth"].fullmatch(body):
            value = lower(body) in _TRUE_WORDS
            return self.made("literal", end + 1, value=value, static="truth", is_bare=False)
        if _LITERAL["empty"].fullmatch(body):
            return self.made("literal", end + 1, value=None, static="empty", is_bare=False)
        return self.error("InvalidLiteral", end + 1, text=body)

    def number(self, static: str, written: str, end: int) -> Token:
        is_bare = self.text[self.index] != "_"
        if static == "float":
            value: Any = float(written)
            fits = not math.isinf(value)
        else:  # more digits than that are not worth converting
            value = int(written) if len(written.lstrip("-0")) <= 19 else INT_MAX + 1
            fits = INT_MIN <= value <= INT_MAX
        if not fits:
            kind = STATIC_TYPES[static][1].removeprefix("a ")
            return self.error("NumberTooLarge", end, text=written, type=kind)
        return self.made("literal", end, value=value, static=static, is_bare=is_bare)

    def quoted(self, start: int, quote: int) -> Token:
        found = _LITERAL["text"].match(self.text, quote)
        if found is None:
            return self.error("UnterminatedText", self.open_end(), quote=self.text[quote])
        end = found.end()
        if start != quote:
            if not self.text.startswith("_", end):
                return self.error("UnterminatedText", end, quote="_")
            end += 1
        meant, index = [], quote + 1
        while index < found.end() - 1:
            character = self.text[index]
            if character == "\\":
                index += 1
                if self.text[index] not in ESCAPES:
                    return self.error("UnknownEscape", end, at=index - 1, character=self.text[index])
                character = ESCAPES[self.text[index]]
            meant.append(character)
            index += 1
        value = "".join(meant)
        static = "url" if _URL.fullmatch(value) else "text"
        return self.made("literal", end, value=value, static=static, is_bare=start == quote)


def _with_phrases(raw: list[Token]) -> list[Token]:
    """Puts words together to the longest phrases and drops fillers; what is left over are names."""
    tokens: list[Token] = []
    index = 0
    begins_line = False  # a filler that begins a line leaves that to the next token of it
    line = 0
    while index < len(raw):
        token = raw[index]
        if token.at[0] != line:
            begins_line, line = token.begins_line, token.at[0]
        if token.kind != "word":
            token.begins_line = begins_line
            tokens.append(token)
            index += 1
        elif phrase := _phrase(raw, index):
            words, word, operator, type = phrase
            last = raw[index + len(words) - 1]
            text = " ".join(part.text for part in raw[index : index + len(words)])
            operators = (operator,) if operator else ()
            made = Token("word", text, token.at, last.end, begins_line, word, operators, type)
            if word and WORD_ROLES[word] == "reserved":
                made.kind, made.problem, made.fields = "error", "ReservedWord", {"word": text}
            tokens.append(made)
            index += len(words)
        elif lower(token.text) in _FILLERS:
            index += 1
            continue
        else:
            tokens.append(_name(token, begins_line))
            index += 1
        begins_line = False
    return tokens


def _phrase(raw: list[Token], index: int) -> tuple | None:
    for phrase in _PHRASES.get(lower(raw[index].text), ()):
        words = phrase[0]
        there = raw[index : index + len(words)]
        if len(there) == len(words) and all(
            token.kind == "word" and lower(token.text) == word for token, word in zip(there, words)
        ):
            return phrase
    return None


def _name(token: Token, begins_line: bool) -> Token:
    """A bare word as a name, which may end in 's."""
    word = token.text
    is_owner = word.endswith("'s") and is_name(word[:-2])
    kind, name = ("possessive", word[:-2]) if is_owner else ("name", word)
    return Token(kind, word, token.at, token.end, begins_line, value=composed(name))


def operators_of_group(token: Token, group: str) -> str | None:
    """Which operator of a group the token is, if any."""
    return next((operator for operator in token.operators if OPERATORS[operator][0] == group), None)
