"""Copies one consistent state of the database while it is in use.

Promises: the target appears whole or not at all and is never overwritten; the writer waits for nothing: the copy reads
one snapshot, taken at its start, in steps.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from portico.domain.errors import AlreadyExists, Forbidden, Invalid

STEP_PAGES = 256
"""Pages copied at a time (2 MiB); between steps other threads of this process get their turn."""


def copy(source: sqlite3.Connection, target: Path) -> None:
    """Copy everything `source` sees at this moment to a new file, and make it durable."""
    if target.exists():
        raise AlreadyExists(f"{target} exists; a backup overwrites nothing")
    if not target.parent.is_dir():
        raise Invalid(f"there is no directory {target.parent} to put a backup in")
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.unfinished")
    try:
        _fill(source, unfinished)
        _publish(unfinished, target)
    finally:
        for leftover in (unfinished, unfinished.with_name(f"{unfinished.name}-journal")):
            leftover.unlink(missing_ok=True)


def _fill(source: sqlite3.Connection, unfinished: Path) -> None:
    # Without an open read transaction each commit of the writer would make SQLite begin the copy anew.
    source.execute("BEGIN")
    try:
        source.execute("SELECT count(*) FROM sqlite_master").fetchone()
        with closing(_create(unfinished)) as copied:
            copied.execute("PRAGMA synchronous = OFF")  # one fsync at the end makes all of it durable
            source.backup(copied, pages=STEP_PAGES)
    finally:
        source.execute("ROLLBACK")


def _create(unfinished: Path) -> sqlite3.Connection:
    try:
        return sqlite3.connect(unfinished, isolation_level=None)
    except sqlite3.OperationalError as error:  # told of the target: it is not the database that cannot be opened
        raise Forbidden(f"no backup can be written to {unfinished.parent}: {error}") from error


def _publish(unfinished: Path, target: Path) -> None:
    with unfinished.open("rb") as file:
        os.fsync(file.fileno())
    try:
        os.link(unfinished, target)  # unlike a rename it cannot replace what appeared meanwhile
    except FileExistsError as error:
        raise AlreadyExists(f"{target} exists; a backup overwrites nothing") from error
    directory = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
