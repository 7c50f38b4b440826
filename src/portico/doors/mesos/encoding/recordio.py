"""RecordIO: each record is its length in decimal digits, a newline, and that many bytes; nothing follows it.

Owns framing in both directions. A `Splitter` keeps at most one unfinished record, whose length it has checked before
it keeps a byte of it.
"""

from __future__ import annotations

from portico.domain.errors import Invalid

MOST_RECORD_BYTES = 16 << 20
_MOST_DIGITS = 20  # of any 64-bit length


def frame(payload: bytes) -> bytes:
    """Make one record of a payload."""
    return b"%d\n%b" % (len(payload), payload)


class Splitter:
    """Cuts a stream of bytes, fed in pieces of any size, into records.

    After Invalid the stream cannot be read on: where the next record begins is not known.
    """

    def __init__(self, most_bytes: int = MOST_RECORD_BYTES) -> None:
        self._most = most_bytes
        self._pending = bytearray()
        self._wanted = -1  # bytes of the record under way, -1 while its length is still being read

    @property
    def clean(self) -> bool:
        """Tell whether the stream could end here: no record has begun and not ended."""
        return self._wanted < 0 and not self._pending

    def feed(self, piece: bytes) -> list[bytes]:
        """Add a piece and give the payloads it completes.

        Raises Invalid when a length is not decimal digits, or above the bound.
        """
        pending = self._pending
        pending += piece
        records: list[bytes] = []
        start = 0
        while True:
            if self._wanted < 0:
                end = pending.find(b"\n", start, start + _MOST_DIGITS + 1)
                if end < 0:
                    self._check_unfinished(bytes(pending[start : start + _MOST_DIGITS + 1]))
                    break
                self._wanted = self._length(bytes(pending[start:end]))
                start = end + 1
            if len(pending) - start < self._wanted:
                break
            records.append(bytes(pending[start : start + self._wanted]))
            start += self._wanted
            self._wanted = -1
        del pending[:start]
        return records

    def _length(self, digits: bytes) -> int:
        """Read a complete length."""
        if not digits.isdigit():
            raise Invalid(f"Failed to decode length of a record: {_shown(digits)} is not a decimal number")
        length = int(digits)
        if length > self._most:
            raise Invalid(f"Failed to decode a record: its length {length} is above the limit of {self._most} bytes")
        return length

    def _check_unfinished(self, digits: bytes) -> None:
        """Refuse at once what cannot become a length any more."""
        if digits and (len(digits) > _MOST_DIGITS or not digits.isdigit()):
            raise Invalid(f"Failed to decode length of a record: {_shown(digits)} is not a decimal number")


def _shown(digits: bytes) -> str:
    """Show the beginning of what was sent instead of a length."""
    return repr(digits[:_MOST_DIGITS].decode("latin-1"))
