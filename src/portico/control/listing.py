"""Lists of records in order of id, read from durable rows, off the loop: whole ones, the newest, or page by page.

Promises: a list that would be too long is refused before it is read; of a list in pages never more than one page is
held, and every record that was there at the first page and still matches comes once.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from portico.control.queries import InstancePage, ListInstances, PageInstances
from portico.domain.errors import Exhausted
from portico.domain.jobs import INSTANCE_LIFE
from portico.store.port import Condition, Operator, Reader, Select

if TYPE_CHECKING:
    from portico.control.plane import Plane
    from portico.control.records import RecordTable

MOST_LISTED = 500_000
PAGE = 5_000

AnyOf = tuple[tuple[Condition, ...], ...]
StateT = TypeVar("StateT", bound=StrEnum)


def wanted_instances(query: ListInstances | PageInstances) -> AnyOf:
    """Say which rows match by Job and state."""
    common: tuple[Condition, ...] = ()
    if query.job:
        common = (Condition("job", Operator.EQ, query.job),)
    elif query.jobs:
        common = (Condition("job", Operator.STARTS_WITH, query.jobs),)
    return each_state(common, query.states, INSTANCE_LIFE.final)


def each_state(
    common: tuple[Condition, ...], states: frozenset[StateT], final: frozenset[StateT], *, past: bool = True
) -> AnyOf:
    """Say which rows, apart for active and past ones: each kind has indexes of its own."""
    if not states and not common and past:
        return ()
    any_of: list[tuple[Condition, ...]] = []
    for active in (1, 0) if past else (1,):
        standing = (Condition("active", Operator.EQ, active), *common)
        wanted = sorted(states if active else states & final)
        any_of += [(*standing, Condition("state", Operator.EQ, state)) for state in wanted]
        if not states:
            any_of.append(standing)
    return tuple(any_of)


async def read(plane: Plane, table: RecordTable[Any], any_of: AnyOf, newest: int) -> list[Any]:
    """Read rows: the newest ones, or all of a bounded number; raises Exhausted when there are more."""
    select = Select(table.name, any_of, order=(("id", not newest),), limit=newest or -1)

    def load(reader: Reader) -> list[Any]:
        if not newest:
            _refuse_more(reader, select)
        rows = reader.select(select)
        if newest:
            rows.reverse()
        return [table.decode(row.body) for row in rows]

    return await plane.history.later(load)


async def page_instances(plane: Plane, query: PageInstances) -> InstancePage:
    """Read one page; the first one finds out where the last is to end, and raises Exhausted when too many match."""
    table = plane.state.tables["instances"]
    any_of = wanted_instances(query)

    def load(reader: Reader) -> InstancePage:
        through = query.through
        if not through:
            through = _last(reader, table.name)
            _refuse_more(reader, Select(table.name, _between(any_of, "", through)))
        rows = reader.select(Select(table.name, _between(any_of, query.after, through), (("id", True),), PAGE))
        after = rows[-1].id if len(rows) == PAGE else ""
        return InstancePage([table.decode(row.body) for row in rows], after, through)

    await plane.committer.settled(plane.committer.revision)
    return await plane.history.later(load)


def _last(reader: Reader, table: str) -> str:
    newest = reader.select(Select(table, order=(("id", False),), limit=1))
    return newest[0].id if newest else ""


def _between(any_of: AnyOf, after: str, through: str) -> AnyOf:
    bounds = (Condition("id", Operator.GT, after), Condition("id", Operator.LE, through))
    return tuple((*bounds, *conditions) for conditions in any_of or ((),))


def _refuse_more(reader: Reader, select: Select) -> None:
    count = reader.count(select)
    if count > MOST_LISTED:
        raise Exhausted(f"{count} {select.table} match, at most {MOST_LISTED} are listed at once; ask for less")
