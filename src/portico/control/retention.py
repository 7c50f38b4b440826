"""Retention: finished work and old events are deleted by age and by count, a slice at a time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from portico.domain.identity import DAY, Micros, Revision
from portico.store.port import Condition, Operator, Prune, PruneEvents, Select

if TYPE_CHECKING:
    from portico.control.plane import Plane

SLICE = 2_000
TABLES = ("instances", "runs", "jobs")
EVERY = 30.0
BUSY = 1.0
"""Seconds between slices."""


class Keep(msgspec.Struct, frozen=True):
    """How long and how many: finished Runs, Instances and Jobs, and events."""

    age: Micros = Micros(7 * DAY)
    count: int = 1_000_000
    events_age: Micros = DAY
    events_count: int = 1_000_000


async def run(plane: Plane) -> None:
    """Delete what is too old or too many, until cancelled; often while there is much to delete, else seldom."""
    pause = EVERY
    while True:
        await asyncio.sleep(pause)
        more = [await _prune(plane, table) for table in TABLES]
        _prune_events(plane)
        pause = BUSY if any(more) else EVERY


async def _prune(plane: Plane, table: str) -> bool:
    """Ask for one slice of a table's finished records to be deleted; tells whether more is due."""
    over = (Condition("active", Operator.EQ, 0),)
    old = (*over, Condition("ended_at", Operator.LT, plane.clock.now() - plane.keep.age))
    aged, ended = await plane.history.later(
        lambda reader: (reader.count(Select(table, (old,))), reader.count(Select(table, (over,))))
    )
    surplus = max(aged, ended - plane.keep.count)
    if surplus > 0:
        plane.committer.prune(Prune(Select(table, (over,), (("ended_at", True),), min(surplus, SLICE))))
    return surplus > SLICE


def _prune_events(plane: Plane) -> None:
    through = plane.committer.durable - plane.keep.events_count
    oldest = plane.clock.now() - plane.keep.events_age
    while plane.marks and plane.marks[0][0] < oldest:
        through = max(through, plane.marks.popleft()[1])
    plane.marks.append((plane.clock.now(), plane.committer.durable))
    if through > 0:
        plane.committer.prune(PruneEvents(Revision(through)))
