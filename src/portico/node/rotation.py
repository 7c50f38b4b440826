"""Keeping output files bounded while their writers hold them open.

The writer has the file open with O_APPEND and never learns of a rotation: the last `limit` bytes, and up to as many
that arrive while they are copied, go to `<path>.1` (older copies move to `.2` and so on), then the file is cut to
nothing. So a file and its copies take at most `(keep + 1) * limit` bytes, plus what a writer adds between two looks and
during the copying.

What a reader of ranges sees: offsets count from the last rotation. A size below its own offset tells it that the file
was rotated; it then goes on at 0, and finds what it missed at the end of `.1`. What is written in the moment between
the end of the copying and the cut is lost.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

_SOURCE = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_COPY = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_CHUNK = 1 << 20


def rotate_if_needed(path: Path, limit: int, keep: int = 2) -> bool:
    """Rotate a file that is larger than `limit` bytes, keeping `keep` copies; tells whether it did.

    A look that rotates nothing is one system call; a rotation copies up to `limit` bytes and belongs in a thread.
    What is not a plain file of the directory's owner is left alone: a Run may have put a link or another's file there.
    """
    try:
        size = os.lstat(path).st_size
    except FileNotFoundError:
        return False
    if size <= limit:
        return False
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        return _rotate(directory, path.name, limit, keep)
    finally:
        os.close(directory)


def _rotate(directory: int, name: str, limit: int, keep: int) -> bool:
    try:
        source = os.open(name, _SOURCE, dir_fd=directory)
    except OSError:
        # A link, a directory, or gone since the look: nothing of ours to cut.
        return False
    try:
        facts = os.fstat(source)
        if not stat.S_ISREG(facts.st_mode) or facts.st_uid != os.fstat(directory).st_uid:
            return False
        if keep > 0:
            _keep_tail(source, directory, name, limit, keep)
        os.ftruncate(source, 0)
    finally:
        os.close(source)
    return True


def _keep_tail(source: int, directory: int, name: str, limit: int, keep: int) -> None:
    _discard(directory, f"{name}.rotating")
    facts = os.fstat(source)
    target = os.open(f"{name}.rotating", _COPY, 0o644, dir_fd=directory)
    try:
        if facts.st_uid != os.geteuid():
            os.fchown(target, facts.st_uid, facts.st_gid)
        start = max(0, facts.st_size - limit)
        offset = _copy(source, target, start, facts.st_size)
        _shift(directory, name, keep)
        # The last step before the cut: what came while the rest was done.
        _copy(source, target, offset, facts.st_size + limit)
    finally:
        os.close(target)


def _copy(source: int, target: int, offset: int, end: int) -> int:
    while offset < end and (sent := os.sendfile(target, source, offset, min(end - offset, _CHUNK))):
        offset += sent
    return offset


def _shift(directory: int, name: str, keep: int) -> None:
    """Move each copy one number up and the new one to `.1`; the oldest is overwritten."""
    for number in range(keep - 1, 0, -1):
        _move(directory, f"{name}.{number}", f"{name}.{number + 1}")
    _move(directory, f"{name}.rotating", f"{name}.1")


def _move(directory: int, source: str, target: str) -> None:
    try:
        os.rename(source, target, src_dir_fd=directory, dst_dir_fd=directory)
    except FileNotFoundError:
        return


def _discard(directory: int, name: str) -> None:
    try:
        os.unlink(name, dir_fd=directory)
    except FileNotFoundError:
        return
