"""How records are kept: the table of each type, its searchable columns, and its encoding.

Doors add record types of their own with `RecordTable`; everything else treats all types alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

import msgspec

from portico.control.calls.numbering import CallNaming
from portico.domain.jobs import Instance, Job
from portico.domain.nodes import Node, Pool
from portico.domain.runs import Run
from portico.domain.volumes import Volume
from portico.store.port import Column, Row, Table, Value

R = TypeVar("R", bound=msgspec.Struct)

_encode = msgspec.msgpack.Encoder().encode


class RecordTable(Generic[R]):
    """One type of record: its Table, and how its columns and its scope are read off.

    `keep` tells whether a record belongs in memory; those that do not are dropped from it once they are durable.
    """

    def __init__(
        self,
        record: type[R],
        table: Table,
        columns: Callable[[R], tuple[Value, ...]] = lambda _: (),
        *,
        scope: Callable[[R], str] = lambda _: "",
        keep: Callable[[R], bool] = lambda _: True,
    ) -> None:
        self.record = record
        self.table = table
        self.name = table.name
        self.columns = columns
        self.scope = scope
        self.keep = keep
        self._decoder = msgspec.msgpack.Decoder(record)

    def encode(self, record: R) -> bytes:
        """Give the body of a row."""
        return _encode(record)

    def decode(self, body: bytes) -> R:
        """Read the body of a row."""
        return self._decoder.decode(body)

    def load(self, row: Row) -> R:
        """Read a row."""
        return self._decoder.decode(row.body)


def _run_columns(run: Run) -> tuple[Value, ...]:
    return (int(not run.ended), run.state.value, run.instance, run.node, run.ended_at)


RUNS = RecordTable(
    Run,
    Table(
        "runs",
        (
            Column("active", "integer"),
            Column("state"),
            Column("instance", fixed=True),
            Column("node"),
            Column("ended_at", "integer"),
        ),
        (("instance",),),
        active="active",
        past=(("ended_at",),),
    ),
    _run_columns,
    scope=lambda run: run.job,
    keep=lambda run: not run.ended,
)


def _instance_columns(instance: Instance) -> tuple[Value, ...]:
    active = int(not instance.ended or instance.recurring)
    return (active, instance.job, instance.state.value, instance.ended_at)


INSTANCES = RecordTable(
    Instance,
    Table(
        "instances",
        (Column("active", "integer"), Column("job"), Column("state"), Column("ended_at", "integer")),
        active="active",
        past=(("job", "state"), ("state",), ("ended_at",)),
    ),
    _instance_columns,
    scope=lambda instance: instance.job,
    keep=lambda instance: not instance.ended or instance.recurring,
)

JOBS = RecordTable(
    Job,
    Table(
        "jobs",
        (Column("door"), Column("active", "integer"), Column("ended_at", "integer")),
        active="active",
        past=(("ended_at",), ("door", "ended_at")),
    ),
    lambda job: (job.door, int(not job.ended), job.ended_at),
    scope=lambda job: job.id,
    keep=lambda job: not job.ended,
)
NODES = RecordTable(Node, Table("nodes"))
POOLS = RecordTable(Pool, Table("pools"))
VOLUMES = RecordTable(Volume, Table("volumes", (Column("node"),)), lambda volume: (volume.node,))
CALL_NAMING = RecordTable(CallNaming, Table("call_naming"))

CORE_TABLES: tuple[RecordTable[Any], ...] = (RUNS, INSTANCES, JOBS, NODES, POOLS, VOLUMES, CALL_NAMING)


def by_name(tables: tuple[RecordTable[Any], ...]) -> Mapping[str, RecordTable[Any]]:
    """Index tables by the name under which they are stored."""
    return {table.name: table for table in tables}
