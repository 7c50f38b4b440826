"""What every store holds names and values to.

Owns the limits and reserved words that descriptions, changes and queries of tables and sheets share.
"""

from __future__ import annotations

import re

RESERVED_TABLES = frozenset({"events", "meta"})
RESERVED_COLUMNS = frozenset({"id", "revision", "body", "rowid", "oid"})
LARGEST = (1 << 63) - 1
MOST_CONDITIONS = 30_000
"""Below the 32,766 parameters that a default SQLite accepts in one statement."""

NAME = re.compile(r"(?=.{1,63}\Z)[a-z][a-z0-9]*(_[a-z0-9]+)*")


def storable(text: str) -> bool:
    """Tell whether text is well-formed: no half of a surrogate pair, which JSON can smuggle in."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
