"""Streams that come out of gzip, bzip2 and xz.

Promises: memory stays bounded whatever a file claims to need.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
from typing import IO

from portico.node.allowance import CHUNK, Readable

_XZ_MEMORY = 256 << 20


def unpacked(source: IO[bytes], packing: str) -> Readable:
    """Give what comes out of a file packed as "gz", "bz2", "xz" or "" (not at all)."""
    match packing:
        case "gz":
            return gzip.GzipFile(fileobj=source, mode="rb")
        case "bz2":
            return bz2.BZ2File(source)
        case "xz":
            return _Xz(source)
        case _:
            return source


class _Xz:
    """An xz stream with a bound on its dictionary, which the library's own file class does not offer."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self._stream = lzma.LZMADecompressor(memlimit=_XZ_MEMORY)

    def read(self, amount: int, /) -> bytes:
        """Give up to `amount` bytes; none at the end."""
        while True:
            if self._stream.eof:
                following = (self._stream.unused_data or self._source.read(CHUNK)).lstrip(b"\0")
                if not following:
                    return b""
                self._stream = lzma.LZMADecompressor(memlimit=_XZ_MEMORY)
            elif self._stream.needs_input:
                following = self._source.read(CHUNK)
                if not following:
                    raise EOFError("the file ends in the middle of its data")
            else:
                following = b""
            data = self._stream.decompress(following, max_length=amount)
            if data:
                return data
