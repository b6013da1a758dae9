"""JSON text (RFC 8259) to plain Python, nested to any depth: Python's own reader recurses and gives up early."""

from __future__ import annotations

import re
from json import JSONDecodeError
from json.decoder import scanstring
from typing import Any


def parse(text: str) -> Any:
    """The value that the text stands for. Fails with `ValueError`, also when an object has a key twice."""
    reader = _Reader(text)
    waiting: list[tuple[Any, str | None]] = []  # open containers, and the key that waits for its value
    while True:
        value = reader.begin()
        if type(value) in _CLOSING and not reader.takes(_CLOSING[type(value)]):
            waiting.append((value, reader.key(value)))
            continue
        while waiting:
            container, key = waiting.pop()
            if type(container) is list:
                container.append(value)
            else:
                container[key] = value
            if reader.takes(","):
                waiting.append((container, reader.key(container)))
                break
            reader.expect(_CLOSING[type(container)])
            value = container
        else:
            reader.expect_end()
            return value


_CLOSING = {list: "]", dict: "}"}
_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?", re.ASCII)
_WORDS = {"true": True, "false": False, "null": None}
# No number of more digits is of use here, and Python's conversion takes time quadratic in their count.
_MOST_DIGITS = 400


class _Reader:
    """A cursor over the text that stands on anything but space."""

    def __init__(self, text: str):
        self.text = text
        self.move(0)

    def move(self, at: int) -> None:
        self.at = _SPACE.match(self.text, at).end()

    def takes(self, sign: str) -> bool:
        """Whether the sign stands here; then it is behind us."""
        if not self.text.startswith(sign, self.at):
            return False
        self.move(self.at + len(sign))
        return True

    def expect(self, sign: str) -> None:
        if not self.takes(sign):
            raise self.error(f"expecting {sign}")

    def expect_end(self) -> None:
        if self.at < len(self.text):
            raise self.error("expecting the end")

    def key(self, container: Any) -> str | None:
        """The key of the next entry of an object; an array has none."""
        if type(container) is list:
            return None
        key = self.string()
        if key in container:
            raise self.error(f"the key {key!r} comes twice")
        self.expect(":")
        return key

    def string(self) -> str:
        if not self.text.startswith('"', self.at):
            raise self.error('expecting "')
        string, after = scanstring(self.text, self.at + 1)
        if not string.isascii() and any("\ud800" <= sign <= "\udfff" for sign in string):
            raise self.error("half of a surrogate pair")
        self.move(after)
        return string

    def begin(self) -> Any:
        """The next value, or of a container its beginning, empty as yet."""
        if self.takes("["):
            return []
        if self.takes("{"):
            return {}
        if self.text.startswith('"', self.at):
            return self.string()
        for word, value in _WORDS.items():
            if self.takes(word):
                return value
        number = _NUMBER.match(self.text, self.at)
        if number is None or number.end() - self.at > _MOST_DIGITS:
            raise self.error("expecting a value")
        self.move(number.end())
        return float(number[0]) if number[2] or number[3] else int(number[0])

    def error(self, problem: str) -> JSONDecodeError:
        return JSONDecodeError(problem, self.text, self.at)
