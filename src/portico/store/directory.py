"""The data directory: whose it is, which format it has, where things lie in it.

Promises: no two live servers share a directory; one of another program or of a newer Portico is refused and left as it
was; the lock dies with its process, however that ends. The lock belongs to the open file: a child that inherits it
without starting a program of its own keeps the directory locked.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Self

from portico.domain.errors import Conflict, Forbidden, Invalid, Unavailable

FORMAT = 1
"""The number of the directory's layout; a newer program may raise it, an older one refuses what it does not know."""

_FORMAT_FILE = "FORMAT"
_UNFINISHED_FORMAT = "FORMAT.new"
_LOCK_FILE = "lock"
_STARTED = frozenset({_LOCK_FILE, _UNFINISHED_FORMAT, "lost+found", "portico.toml"})
"""What a fresh directory may hold: an interrupted first start, the root of a file system, a configuration."""


class DataDirectory:
    """An open, locked data directory; a context manager that releases it."""

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self._lock: int | None = lock

    @property
    def database(self) -> Path:
        """Where the SQLite store lies."""
        return self.path / "portico.db"

    @property
    def objects(self) -> Path:
        """The root of the blobs."""
        return self.path / "objects"

    def close(self) -> None:
        """Let another server have the directory; may be called twice."""
        lock, self._lock = self._lock, None
        if lock is not None:
            os.close(lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_directory(path: Path) -> DataDirectory:
    """Create or open a data directory and lock it.

    Raises Conflict when a live server has it, Invalid when it is not a data directory of a format this program reads,
    Forbidden or Unavailable when the system does not let us.
    """
    path = path.absolute()
    try:
        return _open(path)
    except PermissionError as error:
        raise Forbidden(f"data directory {path} is not writable: {error.strerror}") from error
    except (FileExistsError, NotADirectoryError) as error:
        raise Invalid(f"data directory {path} is not a directory") from error
    except OSError as error:
        raise Unavailable(f"data directory {path} cannot be used: {error.strerror or error}") from error


def _open(path: Path) -> DataDirectory:
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    _refuse_foreign(path)
    _check_format(path)
    lock = _lock(path)
    try:
        if not (path / _FORMAT_FILE).exists():
            _write_format(path)
    except BaseException:
        os.close(lock)
        raise
    return DataDirectory(path, lock)


def _refuse_foreign(path: Path) -> None:
    names = {entry.name for entry in os.scandir(path)}
    if _FORMAT_FILE not in names and not names <= _STARTED:
        raise Invalid(f"data directory {path} is not empty and holds no data of Portico; choose another one")


def _check_format(path: Path) -> None:
    try:
        text = (path / _FORMAT_FILE).read_text("ascii", "replace").strip()
    except FileNotFoundError:
        return
    if not (text.isascii() and text.isdecimal()):
        raise Invalid(f"data directory {path} has a FORMAT file without a number")
    if int(text) > FORMAT:
        raise Invalid(f"data directory {path} was written by a newer Portico (format {text}; this one reads {FORMAT})")


def _write_format(path: Path) -> None:
    unfinished = path / _UNFINISHED_FORMAT
    with unfinished.open("w", encoding="ascii") as file:
        file.write(f"{FORMAT}\n")
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path / _FORMAT_FILE)
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _lock(path: Path) -> int:
    file = os.open(path / _LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(file, 32, 0).decode("ascii", "replace").strip()
            owner = f"the server with pid {holder}" if holder else "another server"
            raise Conflict(f"data directory {path} is in use by {owner}") from error
        os.ftruncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
    except BaseException:
        os.close(file)
        raise
    return file
