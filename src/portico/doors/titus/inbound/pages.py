"""Which part of a list is asked for: pages by number, and cursors.

A cursor is base64 of `<id>@<accepted, in milliseconds>` of the last entry that was given: it names a place in the order
of all entries, whether or not that entry still exists. Promises: what cannot be read is an invalid argument.
"""

from __future__ import annotations

import base64
import binascii

import msgspec

from portico.doors.titus import errors
from portico.wire.titus import base_pb2

Key = tuple[int, str]
"""An entry's place: when it was accepted, then its id."""

_LATEST = (1 << 63) - 1


class Page(msgspec.Struct, frozen=True):
    """A part of a list: the page of that number, or the one behind `after`; `cursor` is what the client wrote."""

    size: int
    number: int = 0
    after: Key | None = None
    cursor: str = ""


def read_page(asked: base_pb2.Page) -> Page:
    """Read a page. Raises TitusError for a size below 1, a number below 0 or a cursor that is none."""
    if asked.pageSize <= 0:
        raise errors.invalid_argument(f"Page size must be greater than 0 (is {asked.pageSize})")
    if asked.pageNumber < 0:
        raise errors.invalid_argument(f"Page number must be greater or equal to 0 (is {asked.pageNumber})")
    after = read_cursor(asked.cursor) if asked.cursor else None
    return Page(asked.pageSize, asked.pageNumber, after, asked.cursor)


def read_cursor(text: str) -> Key:
    """Read a cursor, with or without its padding. Raises TitusError."""
    try:
        written = base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise errors.invalid_argument(f"Invalid cursor: {text[:100]}") from error
    identity, at, time = written.rpartition("@")
    if not at or not (time.isascii() and time.isdigit()) or len(time) > 19 or int(time) > _LATEST:
        raise errors.invalid_argument(f"Invalid cursor: {text[:100]}")
    return int(time), identity


def write_cursor(key: Key) -> str:
    """Write the cursor of an entry."""
    return base64.b64encode(f"{key[1]}@{key[0]}".encode()).decode()
