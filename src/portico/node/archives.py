"""Unpacking fetched archives into a sandbox.

Promises: nothing is written outside it, through no name, link or device; no more bytes and entries than allowed,
counted while they are unpacked and not as announced; no link is followed, not even one of the same archive.
"""

from __future__ import annotations

import io
import os
import stat
import tarfile
import zipfile
from collections.abc import Sequence
from typing import IO, cast

from portico.domain.errors import Exhausted, Invalid
from portico.node import beneath
from portico.node.allowance import Allowance, Counted, Readable, copy
from portico.node.unpacking import unpacked

ENTRY_LIMIT = 1_000_000
_META_LIMIT = 1 << 20
_DIRECTORY_LIMIT = 16 << 20
_BLOCK = 1 << 18
_TAR = {
    ".tar": "",
    ".tgz": "gz",
    ".tar.gz": "gz",
    ".tbz2": "bz2",
    ".tar.bz2": "bz2",
    ".txz": "xz",
    ".tar.xz": "xz",
}
_META = frozenset(
    {
        tarfile.XHDTYPE,
        tarfile.XGLTYPE,
        tarfile.SOLARIS_XHDTYPE,
        tarfile.GNUTYPE_LONGNAME,
        tarfile.GNUTYPE_LONGLINK,
    }
)

Owner = tuple[int, int] | None


def is_archive(name: str) -> bool:
    """Tell by its suffix whether a file is one to unpack; a suffix alone is just a name."""
    return name.endswith((*_TAR, ".gz", ".zip")) and name not in {".gz", ".zip", *_TAR}


def unpack(source: int, parts: Sequence[str], sandbox: int, allowance: Allowance, owner: Owner) -> None:
    """Unpack the open file known as `parts` into the sandbox (an open directory); `.gz` alone beside its own place.

    Raises errors of the domain's tree, and whatever the unpacking libraries make of damaged input.
    """
    name = parts[-1]
    target = _Target(sandbox, allowance, owner)
    if name.endswith(".zip"):
        _unpack_zip(source, target)
        return
    for suffix, packing in _TAR.items():
        if name.endswith(suffix):
            _unpack_tar(source, packing, target)
            return
    plain = (*parts[:-1], name.removesuffix(".gz"))
    with os.fdopen(source, "rb", closefd=False) as raw:
        target.write(plain, Counted(unpacked(raw, "gz"), allowance), 0o644)


class _Target:
    """The place that entries are written to, each from the sandbox's own directory down."""

    def __init__(self, sandbox: int, allowance: Allowance, owner: Owner) -> None:
        self.allowance = allowance
        self._sandbox = sandbox
        self._owner = owner
        self._entries = 0

    def directory(self, parts: Sequence[str]) -> None:
        """Make a directory and those above it."""
        self._count()
        os.close(beneath.enter_or_make(self._sandbox, parts, self._owner))

    def write(self, parts: Sequence[str], source: Readable, mode: int) -> None:
        """Write a file; its bytes are counted where they come from."""
        self._count()
        place = beneath.enter_or_make(self._sandbox, parts[:-1], self._owner)
        try:
            handle = beneath.create_file(place, parts[-1])
        finally:
            os.close(place)
        try:
            copy(source, handle)
            if self._owner is not None:
                os.fchown(handle, *self._owner)
            os.fchmod(handle, mode)
        finally:
            os.close(handle)

    def link(self, parts: Sequence[str], pointing: str) -> None:
        """Make a symbolic link that points inside the sandbox."""
        self._count()
        depth = len(parts) - 1
        if pointing.startswith("/") or "\0" in pointing:
            raise Invalid(f"the link {'/'.join(parts)!r} points outside")
        for step in pointing.split("/"):
            depth += {"": 0, ".": 0, "..": -1}.get(step, 1)
            if depth < 0:
                raise Invalid(f"the link {'/'.join(parts)!r} points outside")
        place = beneath.enter_or_make(self._sandbox, parts[:-1], self._owner)
        try:
            beneath.discard(place, parts[-1])
            os.symlink(pointing, parts[-1], dir_fd=place)
            if self._owner is not None:
                os.chown(parts[-1], *self._owner, dir_fd=place, follow_symlinks=False)
        finally:
            os.close(place)

    def hard_link(self, parts: Sequence[str], original: Sequence[str]) -> None:
        """Give a second name to a file unpacked before."""
        self._count()
        place = beneath.enter_or_make(self._sandbox, parts[:-1], self._owner)
        try:
            there = beneath.enter(self._sandbox, original[:-1])
            try:
                beneath.discard(place, parts[-1])
                os.link(original[-1], parts[-1], src_dir_fd=there, dst_dir_fd=place, follow_symlinks=False)
            finally:
                os.close(there)
        finally:
            os.close(place)

    def _count(self) -> None:
        self.allowance.spend(0)
        self._entries += 1
        if self._entries > ENTRY_LIMIT:
            raise Exhausted(f"the archive has more than {ENTRY_LIMIT} entries")


class _CarefulTarInfo(tarfile.TarInfo):
    """Refuses headers that would be read into memory whole and are too large for that."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> _CarefulTarInfo:
        """Read one header block."""
        member = super().frombuf(buf, encoding, errors)
        if member.type in _META and member.size > _META_LIMIT:
            raise Exhausted(f"the archive has a header of {member.size} bytes")
        return member


def _unpack_tar(source: int, packing: str, target: _Target) -> None:
    with os.fdopen(source, "rb", closefd=False) as raw:
        # All that comes out of the packing is counted, headers and padding too.
        # A stream is only ever asked to read.
        stream = cast("IO[bytes]", Counted(unpacked(raw, packing), target.allowance))
        with tarfile.open(fileobj=stream, mode="r|", bufsize=_BLOCK, tarinfo=_CarefulTarInfo) as archive:
            while (member := archive.next()) is not None:
                _unpack_member(archive, member, target)
                # A stream is read once: what was unpacked need not be remembered.
                archive.members.clear()  # type: ignore[attr-defined]  # the stubs leave it out


def _unpack_member(archive: tarfile.TarFile, member: tarfile.TarInfo, target: _Target) -> None:
    # The library's own filters resolve links on disk; here no link is ever followed, and text decides.
    parts = beneath.split(member.name.lstrip("/"))
    if not parts:
        return
    if member.isdir():
        target.directory(parts)
    elif member.issym():
        target.link(parts, member.linkname)
    elif member.islnk():
        original = beneath.split(member.linkname)
        if not original:
            raise Invalid(f"the link {member.name!r} points nowhere")
        target.hard_link(parts, original)
    elif member.issparse() or not member.isreg():
        raise Invalid(f"{member.name!r} is neither plain file, directory nor link")
    else:
        content = archive.extractfile(member)
        assert content is not None
        with content:
            target.write(parts, content, _rights(member.mode))


def _rights(mode: int) -> int:
    """Take the raised rights and those of others to write from a mode; what its owner cannot run, nobody can."""
    runnable = 0o755 if mode & 0o100 else 0o644
    return mode & runnable | 0o600


class _CarefulFile(io.BufferedReader):
    """Refuses to be read into memory whole: the listing of a zip file would be."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Read as usual, but not too much at once."""
        if size is not None and size > _DIRECTORY_LIMIT:
            raise Exhausted(f"the archive has a listing of {size} bytes")
        return super().read(size)


def _unpack_zip(source: int, target: _Target) -> None:
    with _CarefulFile(io.FileIO(source, closefd=False)) as raw, zipfile.ZipFile(raw) as archive:
        for member in archive.infolist():
            parts = beneath.split(member.filename)
            mode = member.external_attr >> 16
            if not parts:
                continue
            if member.is_dir():
                target.directory(parts)
                continue
            with archive.open(member) as content:
                if stat.S_ISLNK(mode):
                    target.link(parts, os.fsdecode(content.read(4096)))
                elif stat.S_IFMT(mode) in {0, stat.S_IFREG}:
                    target.write(parts, Counted(content, target.allowance), _rights(mode & 0o777 or 0o644))
                else:
                    raise Invalid(f"{member.filename!r} is neither plain file, directory nor link")
