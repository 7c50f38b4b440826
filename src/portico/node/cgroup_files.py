"""The few system calls a cgroup directory takes: make, write, read, list, remove.

Promises: paths are relative to an open directory, so that none of them is resolved from the root for each launch.
An interface file or a group that is not there reads as empty, since a group may go at any moment.
"""

from __future__ import annotations

import errno
import os
import signal
import stat

GONE = frozenset({errno.ENOENT, errno.ENODEV})
OCCUPIED = frozenset({errno.EBUSY, errno.ENOTEMPTY})


def open_directory(path: str) -> int:
    """Open a directory as the base of later calls."""
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def make(directory: int, name: str) -> bool:
    """Make a group; false when it was there."""
    try:
        os.mkdir(name, 0o755, dir_fd=directory)
    except FileExistsError:
        if not stat.S_ISDIR(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode):
            raise
        return False
    return True


def make_with_parents(directory: int, name: str) -> bool:
    """Make a group and the groups it lies in; false when it was there."""
    try:
        return make(directory, name)
    except FileNotFoundError:
        parent, _, _ = name.rpartition("/")
        if not parent:
            raise
        make_with_parents(directory, parent)
        return make(directory, name)


def put(directory: int, path: str, value: bytes) -> None:
    """Write one value into an interface file."""
    handle = os.open(path, os.O_WRONLY | os.O_CLOEXEC, dir_fd=directory)
    try:
        os.write(handle, value)
    finally:
        os.close(handle)


def get(directory: int, path: str) -> bytes:
    """Read an interface file to its end; absent is empty."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=directory)
    except OSError as error:
        if error.errno in GONE:
            return b""
        raise
    try:
        data = os.read(handle, 4096)
        if len(data) < 4096:
            return data
        parts = [data]
        while data := os.read(handle, 65536):
            parts.append(data)
        return b"".join(parts)
    except OSError as error:
        if error.errno in GONE:
            return b""
        raise
    finally:
        os.close(handle)


def number(data: bytes) -> int:
    """Read a counter; empty is 0."""
    text = data.strip()
    return int(text) if text.isdigit() else 0


def field(data: bytes, key: bytes) -> int:
    """Read one counter from lines of `key value`; absent is 0."""
    for line in data.splitlines():
        name, _, value = line.partition(b" ")
        if name == key:
            return number(value)
    return 0


def children(directory: int, name: str) -> list[str]:
    """Name the groups right inside a group, as paths."""
    try:
        # A group without children has two links; listing its many interface files is then not worth it.
        if name and os.stat(name, dir_fd=directory).st_nlink == 2:
            return []
        handle = os.open(name or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=directory)
    except OSError as error:
        if error.errno in GONE:
            return []
        raise
    try:
        with os.scandir(handle) as entries:
            names = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
    finally:
        os.close(handle)
    return [f"{name}/{child}" if name else child for child in names]


def descendants(directory: int, name: str) -> list[str]:
    """Name all groups below a group, parents first."""
    found: list[str] = []
    for child in children(directory, name):
        found.append(child)
        found.extend(descendants(directory, child))
    return found


def processes(directory: int, name: str) -> list[int]:
    """List the processes of a group and of all groups below it, but never our own.

    Under v1 our own process shows in a group as long as its spawning thread is inside. Processes outside our own pid
    namespace show as 0 and are left out: they cannot be named.
    """
    nobody = {0, os.getpid()}
    found: list[int] = []
    for group in (name, *descendants(directory, name)):
        members = map(int, get(directory, f"{group}/cgroup.procs").split())
        found.extend(pid for pid in members if pid not in nobody)
    return found


def end(pid: int) -> None:
    """Kill a process that may be gone already."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def remove(directory: int, name: str) -> bool:
    """Remove a group with all groups below it; false when something still lives there."""
    try:
        os.rmdir(name, dir_fd=directory)
    except OSError as error:
        if error.errno in GONE:
            return True
        if error.errno not in OCCUPIED:
            raise
    else:
        return True
    emptied = [remove(directory, child) for child in children(directory, name)]
    return bool(emptied) and all(emptied) and remove(directory, name)
