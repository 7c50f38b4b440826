"""Numbered changes of data that a table's description alone cannot express.

New tables, columns and indexes need nothing here: `schema` adds them. A migration is for filling a new column from
bodies, or for renaming. Number 1 is the first layout; numbers rise by one, and a released one is never altered.
"""

from __future__ import annotations

from portico.store.sqlite.migrations.active_jobs import ACTIVE_JOBS
from portico.store.sqlite.migrations.runner import Migration, run

MIGRATIONS: tuple[Migration, ...] = (ACTIVE_JOBS,)

__all__ = ["MIGRATIONS", "Migration", "run"]
