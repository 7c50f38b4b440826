"""The name of a blob, as rows carry it.

A text is `FILE:OFFSET:LENGTH:CRC32`, e.g. `s12:4096:733:9ab3ff01`. FILE is `s` and the number of a segment, or `f` and
32 hexadecimal digits for a blob in a file of its own. Promises: each ref has one text and each accepted text one ref;
no accepted text can name anything outside the store's folders.
"""

from __future__ import annotations

import re
from typing import Self

import msgspec

from portico.domain.errors import Invalid

_NUMBER = "(0|[1-9][0-9]{0,17})"
FILE_NAME = re.compile("s[1-9][0-9]{0,17}|f[0-9a-f]{32}", re.ASCII)
_TEXT = re.compile(f"({FILE_NAME.pattern}):{_NUMBER}:{_NUMBER}:([0-9a-f]{{8}})", re.ASCII)


SMALL = 64 * 1024
"""Bytes up to which a blob lies in a segment; a larger one has a file of its own."""


class BlobRef(msgspec.Struct, frozen=True, gc=False):
    """Where a blob lies, how many bytes it has, and their CRC-32."""

    file: str
    offset: int
    length: int
    crc: int

    @property
    def large(self) -> bool:
        """Tell whether the blob has a file of its own."""
        return self.file[0] == "f"

    def encode(self) -> str:
        """Write the ref as a text."""
        return f"{self.file}:{self.offset}:{self.length}:{self.crc:08x}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text of a ref; raises Invalid for any other."""
        found = _TEXT.fullmatch(text)
        if found is not None:
            ref = cls(found[1], int(found[2]), int(found[3]), int(found[4], 16))
            if ref.offset == 0 if ref.large else ref.length <= SMALL:
                return ref
        raise Invalid(f"{text[:100]!r} does not name a blob")

    def __str__(self) -> str:
        return self.encode()
