"""Paths that cannot leave a directory, whatever stands in it.

Promises: each step is taken from an open directory and follows no symbolic link, so that a link planted between a
check and its use leads nowhere. Links inside a sandbox that point inside it are refused as well.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence

from portico.domain.errors import Forbidden, Invalid, NotFound, PorticoError

_DIRECTORY = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_STEP = os.O_PATH | _DIRECTORY
_BLOCKED = frozenset({errno.ELOOP, errno.ENOTDIR})


def split(path: str) -> tuple[str, ...]:
    """Take a relative path apart; raises Invalid when it is absolute, climbs, or no kernel would take it."""
    if path.startswith("/"):
        raise Invalid(f"{path!r} must be relative", "path")
    if "\0" in path:
        raise Invalid(f"{path!r} contains a zero byte", "path")
    parts = tuple(part for part in path.split("/") if part not in {"", "."})
    if ".." in parts:
        raise Invalid(f"{path!r} must not contain '..'", "path")
    try:
        too_long = any(len(os.fsencode(part)) > 255 for part in parts)
    except UnicodeEncodeError as error:
        raise Invalid(f"{path!r} is not a file name", "path") from error
    if too_long:
        raise Invalid(f"{path!r} has a name longer than 255 bytes", "path")
    return parts


def enter(base: int, parts: Sequence[str]) -> int:
    """Open the directory at `parts` for further steps; raises NotFound, or Forbidden at a symbolic link."""
    current = os.open(".", _STEP, dir_fd=base)
    for part in parts:
        try:
            following = os.open(part, _STEP, dir_fd=current)
        except OSError as error:
            raise _refusal(current, part, error) from error
        finally:
            os.close(current)
        current = following
    return current


def enter_or_make(base: int, parts: Sequence[str], owner: tuple[int, int] | None = None) -> int:
    """Like `enter`, but makes what is missing, owned by `owner` (uid, gid)."""
    current = os.open(".", _STEP, dir_fd=base)
    for part in parts:
        try:
            make_directory(current, part, owner)
            following = os.open(part, _STEP, dir_fd=current)
        except OSError as error:
            raise _refusal(current, part, error) from error
        finally:
            os.close(current)
        current = following
    return current


def make_directory(directory: int, name: str, owner: tuple[int, int] | None = None) -> None:
    """Make one directory unless something is there."""
    try:
        os.mkdir(name, 0o755, dir_fd=directory)
    except FileExistsError:
        return
    if owner is not None:
        os.chown(name, *owner, dir_fd=directory, follow_symlinks=False)


def open_directory(base: int, parts: Sequence[str]) -> int:
    """Open the directory at `parts` for listing."""
    place = enter(base, parts)
    try:
        return os.open(".", os.O_RDONLY | _DIRECTORY, dir_fd=place)
    except PermissionError as error:
        raise Forbidden(f"{'/'.join(parts)!r} may not be listed") from error
    finally:
        os.close(place)


def open_file(base: int, parts: Sequence[str]) -> int:
    """Open the plain file at `parts` for reading; anything that is not one is refused, and never waited for."""
    if not parts:
        raise Invalid("a directory cannot be read", "path")
    place = enter(base, parts[:-1])
    try:
        handle = os.open(parts[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=place)
    except OSError as error:
        raise _refusal(place, parts[-1], error) from error
    finally:
        os.close(place)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise Invalid(f"{'/'.join(parts)!r} is not a plain file", "path")
    return handle


def create_file(directory: int, name: str) -> int:
    """Make a new file for writing in place of what had the name; a directory is not replaced."""
    discard(directory, name)
    return os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=directory)


def discard(directory: int, name: str) -> None:
    """Unlink what has the name, if anything; raises Invalid for a directory."""
    try:
        os.unlink(name, dir_fd=directory)
    except FileNotFoundError:
        return
    except IsADirectoryError as error:
        raise Invalid(f"{name!r} is a directory already", "path") from error


def _refusal(directory: int, name: str, error: OSError) -> PorticoError:
    """Say why a step failed: nothing there, a link in the way, or no right."""
    if error.errno in _BLOCKED:
        try:
            link = stat.S_ISLNK(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode)
        except FileNotFoundError:
            return NotFound(f"{name!r} does not exist")
        return Forbidden(f"{name!r} is a symbolic link") if link else NotFound(f"{name!r} is not a directory")
    if error.errno == errno.ENOENT:
        return NotFound(f"{name!r} does not exist")
    if error.errno in {errno.EACCES, errno.EPERM}:
        return Forbidden(f"{name!r} may not be opened")
    return Invalid(f"{name!r}: {error.strerror}", "path")
