"""Locks that say who holds them: one keeper and one agent per directory.

Promises: a lock ends with its holder, however that ends, and is not inherited by what the holder starts.
"""

from __future__ import annotations

import fcntl
import os
import time

KEEPER_LOCK = "keeper.lock"
AGENT_LOCK = "agent.lock"


def take_lock(path: str) -> int | None:
    """Take the lock and write our pid into it; None when somebody else has it."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return None
    os.ftruncate(fd, 0)
    os.pwrite(fd, b"%d\n" % os.getpid(), 0)
    return fd


def lock_holder(path: str) -> int | None:
    """Give the pid of the process that holds the lock; None when nobody does."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                text = os.pread(fd, 32, 0)
                if text.endswith(b"\n"):
                    return int(text)
                time.sleep(0.001)  # taken this instant: the name follows
            else:
                return None
    finally:
        os.close(fd)
