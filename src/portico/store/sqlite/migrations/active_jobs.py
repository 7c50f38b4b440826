"""Version 2: Jobs leave memory when they have finished; all that were written before belong there."""

from __future__ import annotations

import sqlite3

from portico.store.sqlite.migrations.runner import Migration


def _mark(connection: sqlite3.Connection) -> None:
    columns = {name for (name,) in connection.execute("SELECT name FROM pragma_table_info('jobs')")}
    if not columns:
        return
    if "active" not in columns:
        connection.execute('ALTER TABLE jobs ADD COLUMN "active" INTEGER')
    connection.execute("UPDATE jobs SET active = 1 WHERE active IS NULL")


ACTIVE_JOBS = Migration(2, "mark every Job that was there as active", _mark)
