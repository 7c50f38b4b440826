"""Measuring and clearing directory trees that somebody else filled, however deep and odd.

Promises: one or two open handles at any depth, no recursion, no symbolic link followed.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_VANISHED = (FileNotFoundError, NotADirectoryError)
_TAKEN = frozenset({errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR})
_BLOCK = 512


def measure(directory: int) -> int:
    """Add up the bytes that a tree takes on disk; a file with several names in it counts once.

    A tree that is rearranged while it is measured is counted as far as the way back up still holds.
    """
    seen: set[tuple[int, int]] = set()
    current = os.open(".", _OPEN, dir_fd=directory)
    size, names = _measure_one(current, seen)
    above: list[tuple[tuple[int, int], list[str]]] = []
    try:
        while True:
            if names:
                below = _descend(current, names.pop())
                if below < 0:
                    continue
                above.append((_identity(current), names))
                os.close(current)
                current = below
                added, names = _measure_one(current, seen)
                size += added
                continue
            if not above:
                return size
            identity, names = above.pop()
            parent = os.open("..", _OPEN, dir_fd=current)
            os.close(current)
            current = parent
            if _identity(current) != identity:
                return size
    finally:
        os.close(current)


def clear(directory: int) -> None:
    """Remove everything inside a directory; raises OSError when something withstands.

    Directories inside directories are first moved up to the top, so that depth costs nothing.
    """
    serial = 0
    while full := _sweep(directory):
        for name in full:
            below = open_for_clearing(directory, name)
            try:
                for nested in _sweep(below):
                    serial = _lift(below, nested, directory, serial)
            finally:
                os.close(below)
            os.rmdir(name, dir_fd=directory)


def open_for_clearing(directory: int, name: str) -> int:
    """Open a directory with all rights to it, taking them first where the mode denies them to its owner."""
    _take_rights(directory, name)
    return os.open(name, _OPEN, dir_fd=directory)


def _measure_one(directory: int, seen: set[tuple[int, int]]) -> tuple[int, list[str]]:
    size = os.fstat(directory).st_blocks * _BLOCK
    names: list[str] = []
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                names.append(entry.name)
                continue
            try:
                facts = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            if facts.st_nlink > 1:
                identity = (facts.st_dev, facts.st_ino)
                if identity in seen:
                    continue
                seen.add(identity)
            size += facts.st_blocks * _BLOCK
    return size, names


def _descend(directory: int, name: str) -> int:
    """Open a directory below; -1 when it went, or may not be entered."""
    try:
        return os.open(name, _OPEN, dir_fd=directory)
    except (*_VANISHED, PermissionError):
        return -1
    except OSError as error:
        if error.errno == errno.ELOOP:
            return -1
        raise


def _identity(directory: int) -> tuple[int, int]:
    facts = os.fstat(directory)
    return facts.st_dev, facts.st_ino


def _sweep(directory: int) -> list[str]:
    """Remove the files of one directory and the directories that are empty; name those that are not."""
    full: list[str] = []
    with os.scandir(directory) as entries:
        listed = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    for name, is_directory in listed:
        if not is_directory:
            _discard(directory, name)
            continue
        try:
            os.rmdir(name, dir_fd=directory)
        except OSError as error:
            if error.errno != errno.ENOTEMPTY:
                raise
            full.append(name)
    return full


def _discard(directory: int, name: str) -> None:
    try:
        os.unlink(name, dir_fd=directory)
    except FileNotFoundError:
        # Somebody else was quicker; it is gone, as wished.
        return


def _lift(directory: int, name: str, top: int, serial: int) -> int:
    """Move a full directory to the top under a free name; gives the serial number of the next one."""
    # Moving a directory rewrites its "..": that needs rights to the directory itself.
    _take_rights(directory, name)
    while True:
        serial += 1
        try:
            os.rename(name, f".lifted-{serial}", src_dir_fd=directory, dst_dir_fd=top)
        except OSError as error:
            if error.errno not in _TAKEN:
                raise
            continue
        return serial


def _take_rights(directory: int, name: str) -> None:
    handle = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    try:
        if os.fstat(handle).st_mode & stat.S_IRWXU != stat.S_IRWXU:
            # The handle names the directory itself; a path could be exchanged for a link meanwhile.
            Path(f"/proc/self/fd/{handle}").chmod(stat.S_IRWXU)
    finally:
        os.close(handle)
