"""Tasks as messages of the API.

Promises: the same record gives the same bytes for as long as the server knows where its logs are served. Contexts that
many tasks share are written once.
"""

from __future__ import annotations

import msgspec

from portico.doors.titus.extension.records import TaskStage, TitusTask
from portico.doors.titus.outbound.containers import container_states
from portico.doors.titus.outbound.framing import counted, field
from portico.doors.titus.outbound.statuses import task_status

_ID, _JOB, _CONTEXT, _STATUS, _HISTORY, _LOGS, _MIGRATION, _ATTRIBUTES, _VERSION = range(1, 10)
_KEY, _VALUE = 1, 2

MOST_CONTEXTS = 8_192
_LIVE = frozenset({TaskStage.START_INITIATED, TaskStage.STARTED, TaskStage.KILL_INITIATED})


_ORIGINAL_ID = field(_KEY, b"task.originalId")
_RESUBMITS = field(_KEY, b"task.resubmitNumber")
_SYSTEM_RESUBMITS = field(_KEY, b"task.systemResubmitNumber")
_EVICTION_RESUBMITS = field(_KEY, b"task.evictionResubmitNumber")
_RESUBMIT_OF = field(_KEY, b"task.resubmitOf")
_INDEX = field(_KEY, b"task.index")
_MOVED_FROM = field(_KEY, b"task.movedFromJob")


class LogPlaces(msgspec.Struct, frozen=True):
    """Where a task's logs are: addresses that end where the task's id is put; empty when they are served nowhere."""

    ui: str = ""
    live: str = ""


class TaskWriter:
    """Writes tasks. `places` may be named later, once the server is reached; what is kept elsewhere is then stale."""

    def __init__(self) -> None:
        self.places = LogPlaces()
        self._contexts: dict[int, tuple[dict[str, str], bytes]] = {}

    def write(self, task: TitusTask) -> bytes:
        """Write a Task message."""
        status = task_status(task.status)
        if task.containers or task.healthy is not None:
            status += container_states(task)
        parts = [
            field(_ID, task.id.encode()),
            field(_JOB, task.job.encode()),
            self._shared(task.context),
            *_own_context(task),
            field(_STATUS, status),
        ]
        parts += [field(_HISTORY, task_status(status)) for status in task.history]
        parts += [
            self._logs(task),
            _migration(task),
            _entries(_ATTRIBUTES, task.attributes),
            field(_VERSION, counted(1, task.version)),
        ]
        return b"".join(parts)

    def _shared(self, context: dict[str, str]) -> bytes:
        """Write the part of the context that is one dictionary for many tasks."""
        if not context:
            return b""
        kept = self._contexts.get(id(context))
        if kept is None or kept[0] is not context:
            kept = self._contexts[id(context)] = (context, _entries(_CONTEXT, context))
            if len(self._contexts) > MOST_CONTEXTS:
                del self._contexts[next(iter(self._contexts))]
        return kept[1]

    def _logs(self, task: TitusTask) -> bytes:
        places = self.places
        written = b""
        if places.ui:
            written = field(1, field(1, (places.ui + task.id).encode()))
        if places.live and task.status.state in _LIVE:
            written += field(2, field(1, (places.live + task.id).encode()))
        return field(_LOGS, written) if written else b""


def _own_context(task: TitusTask) -> list[bytes]:
    """Write the keys of the context that follow from the record."""
    own = [
        _context(_ORIGINAL_ID, task.original),
        _context(_RESUBMITS, str(task.resubmits)),
        _context(_SYSTEM_RESUBMITS, str(task.system_resubmits)),
        _context(_EVICTION_RESUBMITS, str(task.eviction_resubmits)),
    ]
    if task.resubmit_of:
        own.append(_context(_RESUBMIT_OF, task.resubmit_of))
    if task.index >= 0:
        own.append(_context(_INDEX, str(task.index)))
    if task.moved_from:
        own.append(_context(_MOVED_FROM, task.moved_from))
    return own


def _context(key: bytes, value: str) -> bytes:
    return field(_CONTEXT, key + field(_VALUE, value.encode()))


def _entries(number: int, pairs: dict[str, str]) -> bytes:
    """Write a map of texts."""
    return b"".join(
        [
            field(number, field(_KEY, key.encode()) + field(_VALUE, value.encode("utf-8", "replace")))
            for key, value in pairs.items()
        ]
    )


def _migration(task: TitusTask) -> bytes:
    """Write what service tasks alone have, whether or not they must move."""
    if task.index >= 0:
        return b""
    needed = counted(1, int(bool(task.migrate_by)))
    return field(_MIGRATION, needed + counted(2, task.migrate_by) + counted(3, task.migrate_since))
