"""The agent's private folder: for sockets, whose paths must be short, and for task folders where none is named.

Promises that only this user can enter it, that it is gone when the agent has ended, and that one which a killed agent
has left is removed by the next agent that starts in the same place. An agent holds a lock on its folder while it lives.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

_PREFIX = "portico-call-"
_LONGEST_SOCKET = 100
_SOCKET = "/portico-call-12345678/worker.sock"


@contextlib.contextmanager
def private_folder() -> Iterator[Path]:
    """Have a private folder below the temporary directory, or below /tmp where that has a long path."""
    base = Path(tempfile.gettempdir())
    if len(str(base)) + len(_SOCKET) > _LONGEST_SOCKET:
        base = Path("/tmp")  # noqa: S108 — mkdtemp makes the folder private
    sweep(base)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=base))
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def sweep(base: Path) -> None:
    """Remove the folders of agents that are no more."""
    for folder in base.glob(f"{_PREFIX}*"):
        try:
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:  # another user's, or gone meanwhile
            continue
        try:
            # One that was made this moment is not locked yet, but it is empty.
            if os.fstat(lock).st_uid == os.geteuid() and any(folder.iterdir()):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            continue
        finally:
            os.close(lock)
