"""How Sessions, Calls and Results are named: a text that is its number, so that no index from text to number is kept.

A text is a UUID of version 8 (RFC 9562): 48 bits of number, then a kind and a salt that is the data directory's own.
Promises: texts of one kind sort as their numbers do; a text of another kind, or of another data directory, has no
number here. A Call that is tried again has a number of its own and is called `<first call>###<try>`.
"""

from __future__ import annotations

from enum import IntEnum

from portico.domain.errors import Invalid

MOST = (1 << 48) - 1
RETRY = "###"
OWN_DATA = "r:"
"""What the opaque id of data that lie in a Result's row begins with; the Result's text follows."""
LENGTH = 36
"""Letters of a text that is made from a number."""

_LAST_DIGITS = 0xFFF
_DIGITS = tuple(f"{number:03x}" for number in range(_LAST_DIGITS + 1))


class Kind(IntEnum):
    """What a text names."""

    SESSION = 1
    CALL = 2
    RESULT = 3


class Naming:
    """The texts of one data directory; `salt` is 16 hexadecimal digits, drawn once."""

    def __init__(self, salt: str) -> None:
        if len(salt) != 16 or not set(salt) <= set("0123456789abcdef"):
            raise Invalid(f"{salt!r} is not a salt of 16 hexadecimal digits")
        self.salt = salt
        self.suffixes = {kind: f"-8{kind:x}{salt[:2]}-8{salt[1:4]}-{salt[4:]}" for kind in Kind}

    def text(self, kind: Kind, number: int) -> str:
        """Give the text of a number."""
        return f"{number >> 16:08x}-{number & 0xFFFF:04x}{self.suffixes[kind]}"

    def texts(self, kind: Kind, first: int, count: int) -> list[str]:
        """Give the texts of numbers that follow each other, a tenth of a microsecond each: what a stretch of them
        begins with is formatted once."""
        suffix, end = self.suffixes[kind], first + count
        texts: list[str] = []
        while first < end:
            stop = min(end, (first | _LAST_DIGITS) + 1)
            beginning, place = f"{first >> 16:08x}-{first >> 12 & 0xF:x}", first & _LAST_DIGITS
            texts += [f"{beginning}{digits}{suffix}" for digits in _DIGITS[place : place + stop - first]]
            first = stop
        return texts

    def number(self, kind: Kind, text: str) -> int:
        """Give the number that a text names; 0 when it names none here (a retry's text included)."""
        if len(text) != LENGTH or not text.endswith(self.suffixes[kind]) or text[8] != "-":
            return 0
        digits = text[:8] + text[9:13]
        if not _plain(digits):
            return 0
        return int(digits, 16)


def _plain(digits: str) -> bool:
    return digits.isascii() and digits.isalnum() and digits == digits.lower() and digits.strip("0123456789abcdef") == ""
