"""A server's past of ArmoniK tasks: a data directory with a million of them, written through the store.

Half of them are of one session, the others of twenty. They have a payload and an output each, stand in four states and
two partitions, and were created one after the other. Works before the server starts, never beside it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import msgspec

from portico.control.calls.links import encode_links
from portico.control.calls.numbering import IDENTITY, CallNaming
from portico.control.calls.sheets import CALL_SHEETS, CALLS, OPTIONS, RESULTS, SESSIONS
from portico.control.records import CALL_NAMING, CORE_TABLES
from portico.domain.calls.naming import Kind, Naming
from portico.domain.calls.states import CallState, ResultState, SessionState
from portico.domain.calls.values import Links
from portico.domain.identity import Instant, Revision
from portico.store.directory import open_directory
from portico.store.port import Batch, Change
from portico.store.sheets import Bulk, BulkChange, Cell, Insert
from portico.store.sqlite import SqliteStore

CHUNK = 1_000
"""Tasks of one submission."""
SESSIONS_BESIDE = 20
PARTITIONS = ("first", "second")
APART = 500
"""Microseconds from one task's creation to the next one's; the last was created just now."""
STATES = (*[CallState.COMPLETED] * 14, *[CallState.ERROR] * 2, CallState.CANCELLED, *[CallState.SUBMITTED] * 3)
"""How often each is met."""
SALT = "0123456789abcdef"

Row = tuple[Cell, ...]


class Past(msgspec.Struct, frozen=True):
    """What was written: the texts of the sessions, the large one first, and when the first and last were created."""

    sessions: list[str]
    first: int
    last: int


def load(data: Path, count: int) -> Past:
    """Write so many tasks into a fresh data directory."""
    naming = Naming(SALT)
    now = time.time_ns() // 1_000
    written = _Written(count, now - count * APART, naming)
    with open_directory(data) as directory:
        store = SqliteStore(directory.database, [table.table for table in CORE_TABLES], sheets=CALL_SHEETS)
        with closing(store), closing(store.reader()) as reader:
            revision = reader.last_revision()
            for bulks in written.bulks():
                changes: list[Change | BulkChange] = []
                for bulk in bulks:
                    revision = Revision(revision + 1)
                    changes.append(BulkChange(revision, bulk))
                store.write(Batch(changes))
                store.tidy()
            revision = Revision(revision + 1)
            store.write(Batch([_naming(revision, Instant(now), count)]))
    return Past([naming.text(Kind.SESSION, number) for number in range(1, SESSIONS_BESIDE + 2)], written.first, now)


def _naming(revision: Revision, now: Instant, count: int) -> Change:
    record = CallNaming(IDENTITY, SALT, SESSIONS_BESIDE + 2, count + 1, 2 * count + 1)
    body = CALL_NAMING.encode(record)
    return Change(revision, now, CALL_NAMING.name, IDENTITY, CALL_NAMING.columns(record), body, logged=False)


class _Written:
    """The rows, in order of number."""

    def __init__(self, count: int, first: int, naming: Naming) -> None:
        self.first = first
        self._count = count
        self._naming = naming
        self._chance = random.Random(count)

    def bulks(self) -> Iterator[Sequence[Bulk]]:
        """Yield what one submission after the other inserts, the sessions and their options before all."""
        sessions = range(1, SESSIONS_BESIDE + 2)
        yield [
            Insert(OPTIONS.name, [row for session in sessions for row in _options(session)]),
            Insert(SESSIONS.name, [self._session(session) for session in sessions]),
        ]
        for place, start in enumerate(range(0, self._count, CHUNK)):
            session = 1 if place % 2 else 2 + place // 2 % SESSIONS_BESIDE
            numbers = range(start + 1, min(start + CHUNK, self._count) + 1)
            yield self._submission(session, numbers)

    def _session(self, number: int) -> Row:
        state, partitions = int(SessionState.RUNNING), msgspec.json.encode(PARTITIONS).decode()
        return (number, state, 1, 1, partitions, 2 * number, self.first, *[None] * 5, 0)

    def _submission(self, session: int, numbers: range) -> list[Bulk]:
        parents = (self._naming.text(Kind.SESSION, session),)
        calls: list[Row] = []
        results: list[Row] = []
        for number in numbers:
            state = self._chance.choice(STATES)
            payload, output = 2 * number - 1, 2 * number
            calls.append(self._call(number, session, state, encode_links(Links((output,), (), parents))))
            made = {CallState.COMPLETED: ResultState.COMPLETED, CallState.SUBMITTED: ResultState.CREATED}
            at = self._created(number)
            results += (
                _result(payload, session, ResultState.COMPLETED, None, at),
                _result(output, session, made.get(state, ResultState.ABORTED), number, at),
            )
        return [Insert(RESULTS.name, results), Insert(CALLS.name, calls)]

    def _call(self, number: int, session: int, state: CallState, links: bytes) -> Row:
        at = self._created(number)
        options = 2 * session - self._chance.randrange(2)
        head = (number, session, int(state), options, 2 * number - 1, links, None, None, "", at, at)
        if state is CallState.SUBMITTED:
            return (*head, *[None] * 11)
        ended = at + self._chance.randrange(1_000, 3_600_000_000)
        started = ended - self._chance.randrange(500, 1_000)
        error = {CallState.COMPLETED: "", CallState.ERROR: "it went wrong"}.get(state)
        times = (started, started, started, started, ended, ended, started)
        return (*head, *times, f"pod-{number % 8}", "bench", number, error)

    def _created(self, number: int) -> int:
        return self.first + number * APART


def _options(session: int) -> Iterator[Row]:
    """Yield the options of a session, one for each partition."""
    for place, partition in enumerate(PARTITIONS):
        more = msgspec.json.encode({"run": str(session)}).decode()
        application = ("pricer", "1.0", "bench", "price")
        yield (2 * session - place, session, 60_000_000, 2, 1 + place, partition, *application, "", more)


def _result(number: int, session: int, state: ResultState, owner: int | None, at: int) -> Row:
    completed = at if state is ResultState.COMPLETED else None
    name = "output" if owner else "payload"
    return (number, session, int(state), name, owner, "", "", at, completed, 64 if completed else 0, b"", None, 0)
