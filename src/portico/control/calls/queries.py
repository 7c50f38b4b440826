"""What doors may ask the calls core to tell; plain values. Every answer is of durable state, read off the loop.

Lists take the words of `store.sheets` over the sheets of `control.calls.sheets`.
"""

from __future__ import annotations

import msgspec

from portico.control.queries import Query
from portico.domain.calls.values import Call, Result, Session
from portico.store.sheets import Field, SheetQuery


class GetSession(Query, frozen=True):
    """One Session; raises NotFound("Session was not found: <id>")."""

    id: str


class GetCall(Query, frozen=True):
    """One Call; raises NotFound("Task was not found: <id>")."""

    id: str


class GetResult(Query, frozen=True):
    """One Result; raises NotFound("Result was not found: <id>")."""

    id: str


class FindCalls(Query, frozen=True):
    """The Calls of these ids that exist, in the order of the ids; answered by a list of `Call`."""

    ids: tuple[str, ...]


class FindResults(Query, frozen=True):
    """The Results of these ids that exist, in the order of the ids; answered by a list of `Result`."""

    ids: tuple[str, ...]


class ListSessions(Query, frozen=True):
    """A page of Sessions; answered by `Listed[Session]`. Without `counted`, `total` is that of the page alone."""

    query: SheetQuery
    counted: bool = True


class ListCalls(Query, frozen=True):
    """A page of Calls; answered by `Listed[Call]`."""

    query: SheetQuery
    counted: bool = True


class ListResults(Query, frozen=True):
    """A page of Results; answered by `Listed[Result]`."""

    query: SheetQuery
    counted: bool = True


class Listed(msgspec.Struct, frozen=True):
    """A page: its members, and how many there are over all pages."""

    total: int
    sessions: tuple[Session, ...] = ()
    calls: tuple[Call, ...] = ()
    results: tuple[Result, ...] = ()


class TallyCalls(Query, frozen=True):
    """Distinct combinations of fields over Calls with their counts; answered by (total combinations, rows)."""

    query: SheetQuery
    fields: tuple[Field, ...]


class CountByState(Query, frozen=True):
    """How many Calls are in each state; answered by a dict of those above 0.

    Of whole Sessions (`sessions`, texts) in constant time; else of what `query` chooses.
    """

    sessions: tuple[str, ...] = ()
    query: SheetQuery | None = None


class ReadContent(Query, frozen=True):
    """Up to `length` bytes of a Result's data from an offset; answered by bytes.

    NotFound("Result data was not found: <id>") unless it is COMPLETED.
    """

    session: str
    result: str
    offset: int = 0
    length: int = -1


class ListPartitions(Query, frozen=True):
    """All partitions; answered by a tuple of `Partition`, sorted by id."""
