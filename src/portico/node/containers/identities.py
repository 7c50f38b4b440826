"""Who a process is inside an image: by the image's own user and group files.

Everything here comes from outside. Promises: no link in the image leads out of it; a user that the image does not have
is refused unless it is a number.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import msgspec

from portico.domain.errors import Forbidden, Invalid, NotFound
from portico.node import beneath

_LARGEST = 1 << 20
_MOST = (1 << 32) - 2


class Identity(msgspec.Struct, frozen=True):
    """Numbers and home of a user; `groups` are the further ones."""

    uid: int = 0
    gid: int = 0
    groups: tuple[int, ...] = ()
    home: str = "/"


def find_identity(root: str, user: str) -> Identity:
    """Look `USER[:GROUP]` up in an image; each is a name or a number. Raises Invalid for what is not there."""
    name, _, group = user.partition(":")
    directory = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        accounts = list(_rows(directory, "passwd", 6))
        groups = list(_rows(directory, "group", 4))
    finally:
        os.close(directory)
    found = _account(accounts, name or "0")
    if found is None:
        found = ("", _number(name or "0", "user"), 0, "/")
    login, uid, gid, home = found
    if group:
        return Identity(uid, _group(groups, group), (), home)
    return Identity(uid, gid, tuple(_memberships(groups, login)), home)


def _account(rows: list[list[str]], wanted: str) -> tuple[str, int, int, str] | None:
    for row in rows:
        if wanted in (row[0], row[2]) and _is_number(row[2]) and _is_number(row[3]):
            return row[0], int(row[2]), int(row[3]), row[5] if row[5].startswith("/") else "/"
    return None


def _group(rows: list[list[str]], wanted: str) -> int:
    for row in rows:
        if wanted in (row[0], row[2]) and _is_number(row[2]):
            return int(row[2])
    return _number(wanted, "group")


def _memberships(rows: list[list[str]], login: str) -> Iterator[int]:
    for row in rows:
        if login and login in row[3].split(",") and _is_number(row[2]):
            yield int(row[2])


def _number(text: str, what: str) -> int:
    if not _is_number(text):
        raise Invalid(f"the image has no {what} {text[:80]!r}", what)
    return int(text)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 10 and int(text) <= _MOST


def _rows(root: int, name: str, fields: int) -> Iterator[list[str]]:
    """Read the lines of a file in the image's /etc; a missing file has none, nor has one behind a link."""
    try:
        handle = beneath.open_file(root, ("etc", name))
    except (NotFound, Forbidden, Invalid):
        return
    with os.fdopen(handle, "rb") as listing:
        text = listing.read(_LARGEST).decode(errors="replace")
    for line in text.splitlines():
        row = line.split(":")
        if len(row) >= fields:
            yield row
