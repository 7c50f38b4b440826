"""Sandboxes: one directory per Run, its output files, and safe looks into it.

Promises: a reader never gets out of a Run's sandbox, whatever the Run planted there; no call waits for a FIFO.
Must never follow a symbolic link inside a sandbox.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from portico.domain.errors import Exhausted, Invalid, NotFound, Unavailable
from portico.domain.frames import FileFact
from portico.node import beneath, trees
from portico.node.accounts import owner_of

READ_LIMIT = 1 << 20
"""Bytes given by one read at most."""

LIST_LIMIT = 10_000
"""Entries given by one listing at most."""

_APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Sandboxes:
    """All sandboxes of one agent, side by side below `root`."""

    def __init__(self, root: Path) -> None:
        root.mkdir(mode=0o755, parents=True, exist_ok=True)
        self.root = root
        self._root = os.open(root, _DIRECTORY)

    def close(self) -> None:
        """Let go of the root directory; the sandboxes stay."""
        os.close(self._root)

    def create(self, run: str, user: str = "") -> Path:
        """Make a Run's sandbox, closed to everybody but `user`; one that is there is kept as it is.

        Raises Invalid for an id that cannot be a directory's name and for an unknown user.
        """
        _check(run)
        owner = owner_of(user)
        try:
            os.mkdir(run, 0o700, dir_fd=self._root)
        except FileExistsError:
            return self.root / run
        if owner is not None:
            os.chown(run, *owner, dir_fd=self._root, follow_symlinks=False)
        return self.root / run

    def open_output(self, run: str) -> tuple[int, int]:
        """Open `stdout` and `stderr` for appending; they belong to the sandbox's owner.

        Raises NotFound without a sandbox, Invalid when something else has their name.
        """
        directory = self._open(run)
        try:
            facts = os.fstat(directory)
            foreign = facts.st_uid != os.geteuid()
            owner = (facts.st_uid, facts.st_gid) if foreign else None
            stdout = _open_append(directory, "stdout", owner)
            try:
                return stdout, _open_append(directory, "stderr", owner)
            except BaseException:
                os.close(stdout)
                raise
        finally:
            os.close(directory)

    def list_files(self, run: str, path: str) -> tuple[FileFact, ...]:
        """List a directory by name, or a file as itself; paths count from the sandbox.

        Links are listed as links. Raises NotFound, Invalid for a path that climbs, Forbidden for one through a link,
        Exhausted beyond 10,000 entries.
        """
        parts = beneath.split(path)
        directory = self._open(run)
        try:
            if parts:
                fact = _look(directory, parts)
                if not fact.directory:
                    return (fact,)
            listed = beneath.open_directory(directory, parts)
        finally:
            os.close(directory)
        try:
            return _list(listed, "/".join(parts))
        finally:
            os.close(listed)

    def read(self, run: str, path: str, offset: int, length: int) -> tuple[bytes, int]:
        """Read up to `length` bytes (1 MiB at most) from `offset`; gives them with the file's size.

        Offset -1 asks for the size only; one beyond the end gives no bytes. Raises NotFound, Invalid for a path that
        climbs or is no plain file, Forbidden for one through a link.
        """
        if offset < -1 or length < 0:
            raise Invalid("offset and length must not be negative", "offset" if offset < -1 else "length")
        parts = beneath.split(path)
        directory = self._open(run)
        try:
            handle = beneath.open_file(directory, parts)
        finally:
            os.close(directory)
        try:
            size = os.fstat(handle).st_size
            if offset == -1 or offset >= size:
                return b"", size
            return os.pread(handle, min(length, READ_LIMIT), offset), size
        finally:
            os.close(handle)

    def head(self, run: str, name: str, length: int) -> bytes:
        """Read the first `length` bytes of a file right in the sandbox.

        A Run may have removed or replaced its output: what cannot be read at once as a file has no head.
        """
        try:
            handle = os.open(f"{run}/{name}", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=self._root)
        except OSError:
            return b""
        try:
            return os.read(handle, length)
        except OSError:
            return b""
        finally:
            os.close(handle)

    def holds(self, run: str, name: str) -> bool:
        """Tell whether something with this name is right in the sandbox."""
        return os.access(f"{run}/{name}", os.F_OK, dir_fd=self._root, follow_symlinks=False)

    def usage(self, run: str) -> int:
        """Add up the bytes a sandbox takes on disk; takes time for large trees. Raises NotFound."""
        directory = self._open(run)
        try:
            return trees.measure(directory)
        finally:
            os.close(directory)

    def remove(self, run: str) -> None:
        """Remove a sandbox with all that is in it; absent is done. Takes time for large trees.

        Raises Unavailable when something withstands, such as a mount or a live writer.
        """
        _check(run)
        try:
            directory = trees.open_for_clearing(self._root, run)
            try:
                trees.clear(directory)
            finally:
                os.close(directory)
            os.rmdir(run, dir_fd=self._root)
        except FileNotFoundError:
            return
        except OSError as error:
            raise Unavailable(f"sandbox of {run!r} cannot be removed: {error}") from error

    def runs(self) -> list[str]:
        """Name the Runs that have a sandbox."""
        with os.scandir(self._root) as entries:
            return sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))

    def _open(self, run: str) -> int:
        _check(run)
        try:
            return os.open(run, _DIRECTORY, dir_fd=self._root)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise NotFound(f"run {run!r} has no sandbox here") from error


def _check(run: str) -> None:
    if beneath.split(run) != (run,):
        raise Invalid(f"{run!r} cannot name a sandbox", "run")


def _open_append(directory: int, name: str, owner: tuple[int, int] | None) -> int:
    try:
        handle = os.open(name, _APPEND, 0o644, dir_fd=directory)
    except OSError as error:
        raise Invalid(f"{name!r} cannot be written: {error.strerror}", name) from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise Invalid(f"{name!r} is not a plain file", name)
    if owner is not None:
        os.fchown(handle, *owner)
    return handle


def _look(directory: int, parts: tuple[str, ...]) -> FileFact:
    place = beneath.enter(directory, parts[:-1])
    try:
        facts = os.stat(parts[-1], dir_fd=place, follow_symlinks=False)
    except FileNotFoundError as error:
        raise NotFound(f"{'/'.join(parts)!r} does not exist") from error
    finally:
        os.close(place)
    return _fact("/".join(parts), facts)


def _list(directory: int, prefix: str) -> tuple[FileFact, ...]:
    found: list[FileFact] = []
    with os.scandir(directory) as entries:
        for entry in entries:
            if len(found) == LIST_LIMIT:
                raise Exhausted(f"{prefix or '.'!r} has more than {LIST_LIMIT} entries; name a directory inside it")
            try:
                facts = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            found.append(_fact(f"{prefix}/{entry.name}" if prefix else entry.name, facts))
    return tuple(sorted(found, key=lambda fact: fact.path))


def _fact(path: str, facts: os.stat_result) -> FileFact:
    # A name may be any bytes; what travels must be text.
    printable = os.fsencode(path).decode(errors="replace")
    directory = stat.S_ISDIR(facts.st_mode)
    return FileFact(printable, facts.st_size, facts.st_mode, facts.st_mtime_ns // 1000, directory)
