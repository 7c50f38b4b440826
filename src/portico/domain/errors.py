"""The one tree of errors that the cores raise; each door translates it by one table.

PorticoError
├── Invalid           the request itself is wrong; names the field
├── NotFound          no such object
├── AlreadyExists     the id is taken by something different
├── Conflict          the object is not in a state that allows this
│   └── IllegalTransition   a life cycle has no such edge (a defect, not a request's fault)
├── Exhausted         a quota, queue or message limit is reached
├── Forbidden         the caller may not do this
├── Unavailable       not now: starting, draining, not the leader
├── Damaged           stored data cannot be what was written
└── Compacted         the revision asked for is no longer in the event log
"""

from __future__ import annotations


class PorticoError(Exception):
    """Root of everything the cores raise on purpose."""


class Invalid(PorticoError):
    """The request is wrong in itself; `field` names the place as the door's user knows it."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class NotFound(PorticoError):
    """No object has this id."""


class AlreadyExists(PorticoError):
    """The id belongs to a different object already."""


class Conflict(PorticoError):
    """The object's state does not allow the change."""


class IllegalTransition(Conflict):
    """A life cycle was asked to take an edge it does not have."""


class Exhausted(PorticoError):
    """A bound was reached; asking for less, or later, may succeed."""


class Forbidden(PorticoError):
    """The caller lacks the right."""


class Unavailable(PorticoError):
    """The server cannot answer now but may soon."""


class Damaged(PorticoError):
    """Stored data cannot be what was written: the file is cut off, altered or foreign."""


class Compacted(PorticoError):
    """The event log no longer reaches back to the revision asked for; take a new snapshot."""
