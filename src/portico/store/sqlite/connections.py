"""Connections to the file: how they are tuned, how one transaction is held, how their errors read.

Promises: no `sqlite3` error leaves this package; a read-only connection never creates or alters the file.

Tuning, with the reason for each value:
- WAL with FULL sync: readers never wait for the writer, and a commit is one fsync.
- 4 KiB pages: with 8 KiB a mixed transaction of 500 changes writes 10.6 MB instead of 7.1 MB, since changes of random
  rows and index entries rarely share a page; nothing else became faster by it.
- `secure_delete` off: overwriting freed space with zeros would double the pages that an update writes.
- `auto_vacuum` INCREMENTAL, which only a new file takes: what `free_space` needs.
- Checkpoints belong to `SqliteStore.tidy`, after the answer went out; the automatic one stays as a backstop only. Left
  to it at 1,000 pages, 500-change transactions ran at 6,600 changes a second with stalls of 98 ms, lone ones with
  stalls of 15 ms; with `tidy` at 4,000 pages (16 MB) 9,100 a second, 46 ms and 4 ms. Smaller steps cost throughput.
  They run on the writing connection and nowhere else: SQLite before 3.51.3 can damage a file when one connection
  checkpoints while another one commits.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from portico.domain.errors import Conflict, Damaged, Forbidden, Invalid, PorticoError, Unavailable

PAGE_SIZE = 4096
WRITER_CACHE_KIB = 16 * 1024
READER_CACHE_KIB = 8 * 1024
MAPPED_BYTES = 256 * 1024 * 1024
BACKSTOP_PAGES = 16_000
STATEMENTS = 512
BUSY_SECONDS = 5.0

_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_FORMAT})
_FOREIGN = frozenset({sqlite3.SQLITE_NOTADB})
_REFUSED = frozenset({sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_AUTH})
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


# `sqlite3` looks for adapters of every value that is no exact number or text, and raises and catches two errors when
# there is none: 0.5 µs for each null and each blob. Adapters that give the value itself take a tenth of that.
sqlite3.register_adapter(type(None), dict[None, None]().get)
sqlite3.register_adapter(bytes, bytes)


def open_writer(path: Path) -> sqlite3.Connection:
    """Open, or create, the file for writing; the connection may move to the writing thread."""
    return sqlite3.connect(
        path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=STATEMENTS
    )


def tune_writer(connection: sqlite3.Connection) -> None:
    """Set a writing connection up; this alters the file, so it must be known to be ours or new."""
    for setting in (
        f"page_size = {PAGE_SIZE}",
        "auto_vacuum = INCREMENTAL",
        "journal_mode = WAL",
        "synchronous = FULL",
        "secure_delete = OFF",
        "temp_store = MEMORY",
        f"cache_size = -{WRITER_CACHE_KIB}",
        f"wal_autocheckpoint = {BACKSTOP_PAGES}",
    ):
        connection.execute(f"PRAGMA {setting}").fetchall()


def open_reader(path: Path) -> sqlite3.Connection:
    """Open the file for reading by the calling thread."""
    with explained(path):
        connection = sqlite3.connect(
            f"{path.resolve().as_uri()}?mode=ro",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            cached_statements=STATEMENTS,
        )
        try:
            for setting in (f"cache_size = -{READER_CACHE_KIB}", f"mmap_size = {MAPPED_BYTES}", "temp_store = MEMORY"):
                connection.execute(f"PRAGMA {setting}").fetchall()
        except BaseException:
            connection.close()
            raise
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection, kind: str = "IMMEDIATE") -> Iterator[None]:
    """Commit what happens inside, or undo all of it."""
    connection.execute(f"BEGIN {kind}")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into the domain's."""
    try:
        yield
    except sqlite3.Error as error:
        raise explain(error, path) from error


def explain(error: sqlite3.Error, path: Path) -> PorticoError:
    """Say in the domain's words what SQLite reports; a misuse of this package is not explained but raised again."""
    if isinstance(error, sqlite3.ProgrammingError):
        raise error
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _FOREIGN:
        return Invalid(f"{path} is not a Portico database")
    if code in _DAMAGE:
        return Damaged(f"the database {path} is damaged ({error}); restore a backup")
    if code in _REFUSED:
        return Forbidden(f"the database {path} may not be written: {error}")
    if code in _BUSY:
        return Conflict(f"the database {path} is locked by another program")
    return Unavailable(f"the database {path} cannot be used: {error}")
