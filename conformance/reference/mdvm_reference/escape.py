"""Showing text that others wrote: it must not move the cursor of a terminal, forge a line, or hide what it says."""

from __future__ import annotations

# Letters and marks that show nothing: fillers, and selectors of variants, which can carry hidden text.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0").union(
    map(chr, [*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)])
)
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def visible(text: str) -> str:
    """The text with each character escaped that is not plainly visible, line ends too.

    Python calls those of the categories Cc, Cf, Cs, Co, Cn, Zl, Zp and Zs, but for the space, not printable.

    >>> print(visible("é \\x1b[2J\\nok\\u202e"))
    é \\u{1b}[2J\\nok\\u{202e}
    """
    if text.isprintable() and _BLANK.isdisjoint(text):
        return text
    return "".join(map(_escaped, text))


def visible_lines(text: str) -> str:
    """Text of several lines with each line made `visible`."""
    return "\n".join(map(visible, text.split("\n")))


def visible_json(text: str) -> str:
    """JSON as Python writes it, in which only DEL is left that is not plainly visible."""
    return text.replace("\x7f", "\\u007f")


def _escaped(character: str) -> str:
    if character.isprintable() and character not in _BLANK:
        return character
    return _SHORT.get(character, f"\\u{{{ord(character):x}}}")
