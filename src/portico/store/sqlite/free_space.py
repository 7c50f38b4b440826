"""Gives the room of erased rows back to the file system, a little at a time.

SQLite keeps pages that nothing needs any more for later rows. That is as it should be until there are so many that
the rows to come will not fill them soon; then the pages at the end of the file are moved into free ones, and the file
is cut. Pages know their parents for that (`auto_vacuum`), which is decided when a file is made and costs inserts a few
hundredths at most; a file made without it keeps its length.

Promises: one step is short; nothing is moved while the free part is an ordinary one.
"""

from __future__ import annotations

import sqlite3

STEP_PAGES = 64
"""Pages that one step gives back: 256 KiB, some milliseconds. Each costs a hand-over of the interpreter's lock."""

FREE_SHARE = 4
"""One page in so many may be free."""

FREE_PAGES = 2_048
"""So many pages (8 MiB) may be free in any case."""

_INCREMENTAL = 2


class FreeSpace:
    """The free pages of one database, for the connection that writes it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._movable = self._ask("auto_vacuum") == _INCREMENTAL
        self.wanted = self._movable

    def note(self) -> None:
        """Hear that rows were removed."""
        self.wanted = self._movable

    def step(self) -> bool:
        """Give some pages back if too many are free; True while there are more."""
        if not self.wanted:
            return False
        free = self._ask("freelist_count")
        self.wanted = free > max(FREE_PAGES, self._ask("page_count") // FREE_SHARE)
        if self.wanted:
            # A script, since this statement has a step for each page, and `execute` would take the first one only.
            self._connection.executescript(f"PRAGMA incremental_vacuum({STEP_PAGES})")
        return self.wanted

    def _ask(self, setting: str) -> int:
        found: int = self._connection.execute(f"PRAGMA {setting}").fetchone()[0]
        return found
