"""Which characters are white space, and which ones names are made of (rule Characters)."""

from __future__ import annotations

import unicodedata

# What has Unicode's property White_Space; `str.isspace` takes four control characters more.
WHITE_SPACE = "\t\n\v\f\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"

# In XID_Continue since Unicode 15.1, which not every Python knows.
_SINCE_15_1 = "\u200c\u200d\u30fb\uff65"


def begins_name(character: str) -> bool:
    return character.isidentifier()


def continues_name(character: str) -> bool:
    return character in _SINCE_15_1 or ("_" + character).isidentifier()


def shadow(text: str) -> str:
    """The text with an ASCII character of its kind for each other one, for patterns that know ASCII alone."""
    return text if text.isascii() else "".join(c if c.isascii() else _kind(c) for c in text)


def with_plain_space(text: str) -> str:
    """The text with ASCII white space alone, and nothing else that is not ASCII, for what has no names in it."""
    return text if text.isascii() else "".join(c if c.isascii() else "\t" if c in WHITE_SPACE else "\0" for c in text)


def _kind(character: str) -> str:
    if begins_name(character):
        return "a"
    if continues_name(character):
        return "0"
    return "\t" if character in WHITE_SPACE else "\0"


def lower(text: str) -> str:
    """In small letters, as words are compared: none has a letter that is not ASCII."""
    return text.lower() if text.isascii() else text


def composed(name: str) -> str:
    """Names that look alike are one."""
    return unicodedata.normalize("NFC", name)
