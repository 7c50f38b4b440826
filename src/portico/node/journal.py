"""The agent's journal: what it must know again after it was killed.

A record is a mark, its length, its checksum and one MessagePack array. Promises: `append` is one write() and survives
the death of the process, not of the machine (another boot means that every Run is lost anyway, so nothing is synced);
damage costs the damaged records only, and is counted.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterable
from pathlib import Path

import msgspec

from portico.domain.frames import LaunchOrder
from portico.domain.identity import Instant
from portico.domain.runs import Outcome, StopOrder

COMPACT_AT = 8 << 20
_MARK = b"\xf5PJ\xfa"
_HEADER = struct.Struct("<4sII")
_LARGEST = 64 << 20


class Opened(msgspec.Struct, frozen=True, array_like=True, tag=1):
    """An agent began on this boot; what stands before it on another boot is lost."""

    boot: str


class Intent(msgspec.Struct, frozen=True, array_like=True, tag=2):
    """A Run is about to be started; `cgroup` is its name for `cgroups`, or empty."""

    order: LaunchOrder
    cgroup: str
    at: Instant


class Handle(msgspec.Struct, frozen=True, array_like=True, tag=3):
    """A Run was started; scopes and hosted Runs have no pid."""

    run: str
    token: int
    pid: int
    start: int
    at: Instant


class StopTold(msgspec.Struct, frozen=True, array_like=True, tag=4):
    """A Run was told to end."""

    run: str
    token: int
    order: StopOrder


class Ended(msgspec.Struct, frozen=True, array_like=True, tag=5):
    """A Run has ended; to be reported until acknowledged."""

    run: str
    token: int
    at: Instant
    outcome: Outcome


class Kept(msgspec.Struct, frozen=True, array_like=True, tag=6):
    """The end of a Run is known to control; only its sandbox is left."""

    run: str
    token: int
    at: Instant


class Gone(msgspec.Struct, frozen=True, array_like=True, tag=7):
    """Nothing is left of a Run."""

    run: str


Record = Opened | Intent | Handle | StopTold | Ended | Kept | Gone

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Record)


def encode_record(record: Record) -> bytes:
    """Give the bytes of one record."""
    body = _encoder.encode(record)
    return _HEADER.pack(_MARK, len(body), zlib.crc32(body)) + body


def decode_records(data: bytes) -> tuple[list[Record], int]:
    """Read all whole records; gives them and the number of places where something was unreadable."""
    records: list[Record] = []
    damaged = 0
    position = 0
    while position < len(data):
        record, after = _decode_at(data, position)
        if record is not None:
            records.append(record)
            position = after
            continue
        damaged += 1
        position = data.find(_MARK, position + 1)
        if position < 0:
            break
    return records, damaged


def _decode_at(data: bytes, position: int) -> tuple[Record | None, int]:
    start = position + _HEADER.size
    if start > len(data):
        return None, position
    mark, length, checksum = _HEADER.unpack_from(data, position)
    end = start + length
    if mark != _MARK or length > _LARGEST or end > len(data):
        return None, position
    body = data[start:end]
    if zlib.crc32(body) != checksum:
        return None, position
    try:
        return _decoder.decode(body), end
    except msgspec.DecodeError:
        return None, position


class Journal:
    """The journal file of one directory, open for appending."""

    __slots__ = ("_fd", "_path", "_size")

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = self._open(path)
        self._size = os.fstat(self._fd).st_size

    @staticmethod
    def _open(path: Path) -> int:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    @property
    def full(self) -> bool:
        """Tell whether it is time to compact."""
        return self._size > COMPACT_AT

    def read(self) -> tuple[list[Record], int]:
        """Give what is on file and the number of damaged places."""
        return decode_records(self._path.read_bytes())

    def append(self, records: Iterable[Record]) -> None:
        """Put records on file, in one write; raises OSError when the disk does not take them."""
        data = b"".join(map(encode_record, records))
        written = os.write(self._fd, data)
        if written != len(data):
            os.write(self._fd, data[written:])  # a full disk: the rest still fits, or this raises
        self._size += len(data)

    def compact(self, records: Iterable[Record]) -> None:
        """Replace the whole journal by these records, at once or not at all."""
        draft = self._path.with_suffix(".new")
        data = b"".join(map(encode_record, records))
        draft.unlink(missing_ok=True)
        fd = self._open(draft)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(fd, view) :]
        except OSError:
            os.close(fd)
            raise
        draft.rename(self._path)
        os.close(self._fd)
        self._fd, self._size = fd, len(data)

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)
