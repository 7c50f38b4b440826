"""Ids in requests: upstream's are UUIDs, and anything else is refused before it is looked up."""

from __future__ import annotations

import re

from portico.doors.titus.errors import invalid_argument

_UUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_SHOWN = 80


def is_uuid(text: str) -> bool:
    """Tell whether a text is a UUID in its usual form."""
    return _UUID.fullmatch(text) is not None


def job_id(text: str) -> str:
    """Give the id of a job as written; raises TitusError for one that is no UUID."""
    return _checked(text, "Job")


def task_id(text: str) -> str:
    """Give the id of a task as written; raises TitusError for one that is no UUID."""
    return _checked(text, "Task")


def _checked(text: str, what: str) -> str:
    found = text.strip()
    if not is_uuid(found):
        raise invalid_argument(f"{what} id must be UUID string, but is: {found[:_SHOWN]}")
    return found
