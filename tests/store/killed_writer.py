"""A program that writes to a data directory until it is killed, and says what was acknowledged.

Each submit is three notes with one body, and three rows of a sheet in which a fourth change then sets a column; every
fourth submit also removes the notes and rows of an older one.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from store.records import SHEETS, TABLES, attempt, bulk

from portico.domain.identity import Instant, Revision
from portico.store.directory import open_directory
from portico.store.port import Change
from portico.store.sheets import Assign, BulkChange, Erase, Insert
from portico.store.sqlite import SqliteStore
from portico.store.writer import ThreadWriter

PARTS = ("x", "y", "z")


def changes(last: Revision, number: int, *, removed: bool = False) -> list[Change | BulkChange]:
    body = None if removed else b"%d" % number
    rows = [number * 4 + n for n in range(3)]
    return [
        *(
            Change(Revision(last + 1 + n), Instant(0), "notes", f"{number:08}{part}", (), body)
            for n, part in enumerate(PARTS)
        ),
        bulk(last + 4, Erase("tries", rows) if removed else Insert("tries", [attempt(n, number, 1) for n in rows])),
        bulk(last + 5, Assign("tries", ("state",), [(2, n) for n in rows])),
    ]


async def write(path: Path) -> None:
    directory = open_directory(path)
    store = SqliteStore(directory.database, TABLES, sheets=SHEETS)
    reader = store.reader()
    last = reader.last_revision()
    reader.close()
    answered = asyncio.Event()

    def on_durable(revision: Revision) -> None:
        sys.stdout.write(f"{revision}\n")
        sys.stdout.flush()
        answered.set()

    def on_failure(error: BaseException) -> None:
        raise error

    writer = ThreadWriter(store, asyncio.get_running_loop(), on_durable, on_failure)
    writer.start()
    number = last
    while True:
        for _ in range(7):
            number += 1
            batch = changes(last, number)
            if number % 4 == 0:
                batch += changes(batch[-1].revision, number - 3, removed=True)
            last = batch[-1].revision
            writer.submit(batch)
        answered.clear()
        await answered.wait()


if __name__ == "__main__":
    asyncio.run(write(Path(sys.argv[1])))
