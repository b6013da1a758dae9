"""A page as its paragraphs, headings and tags, and which paragraphs are prose (rule Prose)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice

from ._tables import WORDS
from .characters import WHITE_SPACE, continues_name, lower
from .diagnostics import Diagnostics
from .lexer import has_name_or_value, is_literal_between_underscores
from .lines import Line


@dataclass(slots=True)
class Piece:
    """`kind` is paragraph, heading or tag. Only a paragraph has several lines, all of one depth."""

    kind: str
    lines: list[Line]
    is_behind_gap: bool = False  # whether lines that are skipped, such as a rule, stand right before it

    @property
    def depth(self) -> int:
        return self.lines[0].depth

    @property
    def content(self) -> str:
        return self.lines[0].content


_STATEMENT_WORDS = [
    spelling.lower().split() for role, spellings in WORDS.values() if role == "statement" for spelling in spellings
]
_RUN = re.compile(f"[^{WHITE_SPACE}]+")


def pieces_of(lines: list[Line]) -> list[Piece]:
    pieces: list[Piece] = []
    open_paragraph = None
    is_behind_gap = False
    for line in lines:
        if line.kind == "text" and open_paragraph and open_paragraph.depth == line.depth:
            open_paragraph.lines.append(line)
            continue
        open_paragraph = None
        if line.kind == "text":
            open_paragraph = Piece("paragraph", [line], is_behind_gap)
            pieces.append(open_paragraph)
        elif line.kind in ("heading", "tag"):
            pieces.append(Piece(line.kind, [line]))
        is_behind_gap = line.kind == "skipped" or is_behind_gap and line.kind == "blank"
    return pieces


def begins_code(paragraph: Piece) -> bool:
    """Whether a paragraph that no block holds begins as a statement."""
    text = "\n".join(line.content for line in paragraph.lines).replace("**", "")
    if paragraph.depth == 0 and is_literal_between_underscores(text.lstrip(WHITE_SPACE)):
        return True
    first = [_letters(run[0]) for run in islice(_RUN.finditer(text), 2)]
    return any(first[: len(words)] == words for words in _STATEMENT_WORDS)


def _letters(word: str) -> str:
    """The run of characters in small letters, without what is not a letter at its end."""
    while word and (word[-1] in "0123456789_" or not continues_name(word[-1])):
        word = word[:-1]
    return lower(word)


def skip_prose(paragraph: Piece, diagnostics: Diagnostics) -> None:
    """Says so where prose looks like code."""
    text = "\n".join(line.content for line in paragraph.lines).replace("**", "").rstrip("\\" + WHITE_SPACE)
    if text.endswith(".") and any(has_name_or_value(line.content) for line in paragraph.lines):
        diagnostics.report("ProseLooksLikeCode", paragraph.lines[0].at)
