"""The keeper's record of the dead: who they were, how they ended, what they used. The agent reads it.

Promises: a record is on file, by one write, before its process is reaped; it survives the death of either, not of the
machine. A torn line is not a record. Two files at most: the present one and the one before it.
"""

# ruff: noqa: PTH104, PTH118 — pathlib is more than the keeper may import
from __future__ import annotations

import os
from typing import NamedTuple

FILE = "reaped"
OLDER = "reaped.1"
ROTATE_AT = 1 << 20
_FIELDS = 6


class Reaped(NamedTuple):
    """One process: `start` in ticks since boot, `code` exit code or minus the signal, `at` in microseconds."""

    pid: int
    start: int
    code: int
    cpu_micros: int
    peak_memory: int
    at: int


class ReapedLog:
    """The writing side, on the keeper."""

    __slots__ = ("_directory", "_fd", "_size")

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._fd = self._open()
        self._size = os.fstat(self._fd).st_size
        if self._size:
            os.write(self._fd, b"\n")  # what an earlier keeper may have torn off ends here
            self._size += 1

    def append(self, record: Reaped) -> None:
        """Put one record on file."""
        line = (" ".join(map(str, record)) + " .\n").encode()
        os.write(self._fd, line)
        self._size += len(line)
        if self._size >= ROTATE_AT:
            self._rotate()

    def _open(self) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        return os.open(os.path.join(self._directory, FILE), flags, 0o600)

    def _rotate(self) -> None:
        os.rename(os.path.join(self._directory, FILE), os.path.join(self._directory, OLDER))
        os.close(self._fd)
        self._fd = self._open()
        self._size = 0


class ReapedReader:
    """The reading side, on the agent: remembers how far it has read."""

    __slots__ = ("_directory", "_inode", "_offset", "_rest")

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._inode = 0
        self._offset = 0
        self._rest = b""

    def read(self) -> list[Reaped]:
        """Give the records added since the last read; the first read gives all there are."""
        records: list[Reaped] = []
        try:
            present = os.open(os.path.join(self._directory, FILE), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return records
        try:
            inode = os.fstat(present).st_ino
            if inode != self._inode:
                records += self._read_older()
                self._inode, self._offset, self._rest = inode, 0, b""
            records += self._parse(_read_from(present, self._offset))
        finally:
            os.close(present)
        return records

    def _read_older(self) -> list[Reaped]:
        """Read what was written to the file before its rotation and not seen yet."""
        try:
            older = os.open(os.path.join(self._directory, OLDER), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return []
        try:
            known = os.fstat(older).st_ino == self._inode
            if not known:
                self._offset, self._rest = 0, b""
            return self._parse(_read_from(older, self._offset))
        finally:
            os.close(older)

    def _parse(self, data: bytes) -> list[Reaped]:
        self._offset += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [record for record in map(parse_line, lines) if record is not None]


def parse_line(line: bytes) -> Reaped | None:
    """Read one line; None when it is torn or no record."""
    *fields, end = line.split(b" ")
    if len(fields) != _FIELDS or end != b".":
        return None
    try:
        return Reaped(*map(int, fields))
    except ValueError:
        return None


def _read_from(fd: int, offset: int) -> bytes:
    pieces: list[bytes] = []
    while piece := os.pread(fd, 1 << 16, offset):
        pieces.append(piece)
        offset += len(piece)
    return b"".join(pieces)
