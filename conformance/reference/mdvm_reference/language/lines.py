"""The lines of a source: what kind each is (rule Markdown), how deep it stands, and what stands on it without comments.

Columns must stay what they are, so a comment is replaced by spaces, and the `>` of a line stay in its text.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from .characters import WHITE_SPACE, shadow, with_plain_space
from .diagnostics import Diagnostics


class Line(NamedTuple):
    number: int
    depth: int  # how many `>` stand before anything else
    start: int  # the index in `text` of what stands behind them
    text: str
    kind: str  # text, blank, heading, tag, or skipped

    @property
    def content(self) -> str:
        return self.text[self.start :].rstrip(WHITE_SPACE)

    @property
    def at(self) -> tuple[int, int]:
        """Where its content begins."""
        return self.number, self.start + 1


# These are for lines with plain space alone; the last one is for the shadow of a line.
_FRONT_MATTER = re.compile(r"---\s*", re.ASCII)
_FENCE = re.compile(r"`{3,}(?=[^`]*$)|~{3,}")
_RULE = re.compile(r"(-\s*){3,}|(\*\s*){3,}|(_\s*){3,}", re.ASCII)
_HEADING = re.compile(r"#{1,6}(\s|$)", re.ASCII)
_TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9-]*(\s[^<>]*)?/?>", re.ASCII)
_DETAILS = re.compile(r"<details(\s[^<>]*)?>\s*(<summary(\s[^<>]*)?>.*)?", re.IGNORECASE | re.ASCII)
_END_OF_DETAILS = re.compile(r"</details\s*>", re.IGNORECASE | re.ASCII)
_SUMMARY = re.compile(r"(<details(\s[^<>]*)?>\s*)?<summary(\s[^<>]*)?>", re.IGNORECASE | re.ASCII)
_END_OF_SUMMARY = re.compile(r"</summary>", re.IGNORECASE | re.ASCII)
# Where a comment cannot begin: a name, or a text (whose quote is no apostrophe inside a word).
_CLOSED = re.compile(r"`[^`]*`(?:'[sS](?!\w))?|\"(\\.|[^\"\\])*\"|(?<![^\W_])'(\\.|[^'\\])*'", re.ASCII)
_OPENING, _CLOSING = "<!--", "-->"


def read_lines(source: str, diagnostics: Diagnostics) -> list[Line]:
    written = [line.removesuffix("\r") for line in source.removeprefix("\ufeff").split("\n")]
    lines: list[Line] = []
    fence: Line | None = None
    comment = None  # where the comment begins that is open
    in_summary = False  # whether a <summary> goes on
    first = _after_front_matter(written)
    for number, text in enumerate(written[first:], first + 1):
        if fence is None and (comment is not None or not _FENCE.match(text.strip(WHITE_SPACE))):
            text, comment = _without_comments(text, number, comment)
        line = Line(number, *_depth(text), text, "")
        if fence is not None:
            kind = "skipped"
            if _closes(fence, line):
                fence = None
        else:
            follows_text = bool(lines) and lines[-1].kind == "text" and lines[-1].depth == line.depth
            kind = _kind(line, follows_text)
            in_summary = in_summary and line.depth == 0 and not _FENCE.match(line.content)
            if in_summary and kind in ("text", "tag", "skipped") and not is_end_of_details(line):
                in_summary = _END_OF_SUMMARY.search(with_plain_space(line.content)) is None
                kind = "skipped"
            elif in_summary := line.depth == 0 and bool(found := _SUMMARY.match(with_plain_space(line.content))):
                in_summary = _END_OF_SUMMARY.search(with_plain_space(line.content), found.end()) is None
                kind = "tag" if is_details(line) else "skipped"
            if kind == "skipped" and _FENCE.match(line.content):
                fence = line
        lines.append(line._replace(kind=kind))
    if comment is not None:
        diagnostics.report("UnterminatedComment", comment)
    return lines


def is_details(line: Line) -> bool:
    """Whether the line is <details>, alone or with a <summary> behind it."""
    return line.depth == 0 and _DETAILS.fullmatch(with_plain_space(line.content)) is not None


def is_end_of_details(line: Line) -> bool:
    return line.depth == 0 and _END_OF_DETAILS.fullmatch(with_plain_space(line.content)) is not None


def _after_front_matter(written: list[str]) -> int:
    """How many lines the front matter takes. Without its closing line there is none."""
    if _FRONT_MATTER.fullmatch(with_plain_space(written[0])):
        for index in range(1, len(written)):
            if _FRONT_MATTER.fullmatch(with_plain_space(written[index])):
                return index + 1
    return 0


def _without_comments(text: str, number: int, comment: tuple | None) -> tuple[str, tuple | None]:
    """The line with spaces for its comments, and where the comment begins that it leaves open."""
    index = 0
    while True:
        begin = index
        if comment is None:
            begin = _find_comment(text, index)
            if begin < 0:
                return text, None
            comment = (number, begin + 1)
            index = begin + len(_OPENING)
        end = text.find(_CLOSING, index)
        if end < 0:
            return text[:begin], comment
        index = end + len(_CLOSING)
        text = text[:begin] + " " * (index - begin) + text[index:]
        comment = None


def _find_comment(text: str, index: int) -> int:
    while True:
        begin = text.find(_OPENING, index)
        if begin < 0:
            return -1
        closed = next((found for found in _CLOSED.finditer(shadow(text), index) if found.end() > begin), None)
        if closed is None or closed.start() > begin:
            return begin
        index = closed.end()


def _depth(text: str) -> tuple[int, int]:
    """How many `>` begin the line, and where what follows begins."""
    depth = index = 0
    while index < len(text):
        if text[index] in WHITE_SPACE:
            index += 1
        elif text[index] == ">" and not text.startswith(">=", index):
            depth += 1
            index += 1
        else:
            break
    return depth, index


def _kind(line: Line, follows_text: bool) -> str:
    content = with_plain_space(line.content)
    if not content:
        return "blank"
    if line.depth > 0:  # inside a block every line belongs to a statement
        return "text"
    if _RULE.fullmatch(content) or _FENCE.match(content) or (content.startswith("|") and not follows_text):
        return "skipped"
    if _HEADING.match(content):
        return "heading"
    if _TAG.match(content) and content.endswith(">"):
        return "tag"
    return "text"


def _closes(fence: Line, line: Line) -> bool:
    mark = _FENCE.match(fence.content)[0]
    return line.depth == 0 and line.content.startswith(mark) and not line.content.strip(mark[0])
