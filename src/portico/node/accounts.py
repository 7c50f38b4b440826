"""Who a Run may be on this machine.

Promises: an unknown user, or one we have no right to become, is refused before anything starts.
"""

from __future__ import annotations

import os
import pwd
import time
from functools import lru_cache

import msgspec

from portico.domain.errors import Invalid

FRESH = 1.0
"""Seconds for which what was looked up holds: each look reads the system's list of users, twice for every launch."""


class Account(msgspec.Struct, frozen=True):
    """A user of this machine; a bare number has no name and no groups but its own."""

    uid: int
    gid: int
    name: str = ""
    groups: tuple[int, ...] = ()


def find_account(user: str) -> Account:
    """Look a user up by name or number, as it was within the last second; raises Invalid when there is none."""
    return _look_up(user, time.monotonic() // FRESH)


@lru_cache(64)
def _look_up(user: str, _moment: float) -> Account:
    try:
        entry = pwd.getpwuid(int(user)) if user.isdecimal() else pwd.getpwnam(user)
    except (KeyError, OverflowError, ValueError) as error:
        if user.isdecimal() and user.isascii() and int(user) < (1 << 32) - 1:
            return Account(int(user), int(user))
        raise Invalid(f"there is no user {user!r} on this machine", "user") from error
    groups = tuple(os.getgrouplist(entry.pw_name, entry.pw_gid))
    return Account(entry.pw_uid, entry.pw_gid, entry.pw_name, groups)


def other_account(user: str) -> Account | None:
    """Find the account to change to; None when `user` is empty or ourselves.

    Raises Invalid when there is none, or when only root could become it.
    """
    if not user:
        return None
    account = find_account(user)
    if account.uid == os.geteuid():
        return None
    if os.geteuid() != 0:
        raise Invalid(f"only an agent that runs as root can start work as {user!r}", "user")
    return account


def owner_of(user: str) -> tuple[int, int] | None:
    """Find whom files made for `user` must be given to: (uid, gid), or None when they are ours already."""
    account = other_account(user)
    return (account.uid, account.gid) if account is not None else None
