"""Lists over a million ArmoniK tasks in four states: pages of a hundred by two filters and an order, and counts.

Half of the tasks are of one session. Each request asks for another page, anywhere between the first and the last.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path

from google.protobuf.timestamp_pb2 import Timestamp
from harness.armonik import FIELD, NODE, all_of, by_session, by_status, in_session, partition, sort, summary
from harness.calling import Found, call
from harness.calls import PARTITIONS, Past, load
from harness.figures import Figure, Scale, at_most
from harness.server import Server, fleeting

from portico.wire.armonik import filters_pb2, task_status_pb2, tasks_pb2  # noqa: TID251 — a client knows the wire

TASKS = 1_000_000
PAGE = 100
REQUESTS = 300
SECONDS = 6.0
P99_MILLISECONDS = 50
COUNT_MILLISECONDS = 10
SHARE = 0.7
"""Of all tasks, those that have completed."""
LIST = "/armonik.api.grpc.v1.tasks.Tasks/ListTasks"
COUNT = "/armonik.api.grpc.v1.tasks.Tasks/CountTasksByStatus"
CREATED, ENDED = FIELD.TASK_SUMMARY_ENUM_FIELD_CREATED_AT, FIELD.TASK_SUMMARY_ENUM_FIELD_ENDED_AT
COMPLETED = by_status(task_status_pb2.TASK_STATUS_COMPLETED)

Query = Callable[[random.Random], tuple[tasks_pb2.Filters, int]]
"""Gives filters, and how many tasks are about to meet them."""


def run(scale: Scale) -> list[Figure]:
    folder = Path(scale.folder)
    config = folder / "armonik_lists.toml"
    config.write_text(NODE + "".join(partition(name, [], 0) for name in PARTITIONS))
    count = scale.of(TASKS)
    past = load(folder / "armonik_lists", count)
    with fleeting(config, folder / "armonik_lists", doors="armonik") as server:
        asked = _Asked(server, scale, past, count)
        return [*asked.sessions(), *asked.others(), *asked.counts()]


class _Asked:
    """One server's answers."""

    def __init__(self, server: Server, scale: Scale, past: Past, count: int) -> None:
        self._address = str(server.endpoints["grpc"])
        self._scale = scale
        self._past = past
        self._count = count

    def sessions(self) -> list[Figure]:
        """Measure pages of one session's completed tasks, in either order."""
        figures = []
        for field, order in ((CREATED, "created"), (ENDED, "ended")):
            for which, query in (("any", self._of_any), ("the large", self._of_large)):
                name = f"tasks of {which} session in a state, newest {order}"
                figures += self._pages(name, query, sort(field, ascending=False), P99_MILLISECONDS)
        return figures

    def others(self) -> list[Figure]:
        """Measure pages of all sessions' tasks by other pairs of filters."""
        newest = sort(CREATED, ascending=False)
        return [
            *self._pages("tasks in a state, created in a range", self._in_range, newest),
            *self._pages("tasks of a partition in a state", self._in_partition, newest),
        ]

    def counts(self) -> list[Figure]:
        """Measure counts of a session, and of everything."""
        one = [tasks_pb2.CountTasksByStatusRequest(filters=by_session(name)) for name in self._past.sessions]
        whole = [tasks_pb2.CountTasksByStatusRequest()]
        figures = []
        for what, asked in (("a session", one), ("all tasks", whole)):
            found = self._measured(COUNT, [request.SerializeToString() for request in asked])
            goal = at_most(COUNT_MILLISECONDS)
            figures.append(Figure(name=f"CountTasksByStatus of {what}: p99", unit="ms", portico=_p99(found), goal=goal))
        return figures

    def _pages(
        self, what: str, query: Query, order: tasks_pb2.ListTasksRequest.Sort, most: float | None = None
    ) -> list[Figure]:
        chance = random.Random(1)
        requests = []
        for _ in range(REQUESTS):
            filters, total = query(chance)
            page = chance.randrange(max(1, total // PAGE))
            asked = tasks_pb2.ListTasksRequest(page=page, page_size=PAGE, filters=filters, sort=order)
            requests.append(asked.SerializeToString())
        found = self._measured(LIST, requests)
        goal = None if most is None else at_most(most)
        medians = ", ".join(f"{1e3 * one['median']:.1f}" for one in found)
        notes = f"medians {medians} ms; {self._count:,} tasks, pages of {PAGE}"
        return [Figure(name=f"{what}: p99", unit="ms", portico=_p99(found), goal=goal, notes=notes)]

    def _measured(self, method: str, requests: Sequence[bytes]) -> list[Found]:
        seconds = max(2.0, SECONDS / self._scale.divisor)
        return [call(self._address, method, requests, 1, seconds) for _ in range(self._scale.rounds)]

    # ---- queries -----------------------------------------------------------------------------------------------------

    def _of_any(self, chance: random.Random) -> tuple[tasks_pb2.Filters, int]:
        place = chance.randrange(len(self._past.sessions))
        if not place:
            return self._of_large(chance)
        share = self._count / 2 / (len(self._past.sessions) - 1)
        return all_of(in_session(self._past.sessions[place]), COMPLETED), int(SHARE * share)

    def _of_large(self, _: random.Random) -> tuple[tasks_pb2.Filters, int]:
        return all_of(in_session(self._past.sessions[0]), COMPLETED), int(SHARE * self._count / 2)

    def _in_range(self, chance: random.Random) -> tuple[tasks_pb2.Filters, int]:
        """Ask for a tenth of the time; two bounds and a state."""
        length = (self._past.last - self._past.first) // 10
        since = chance.randrange(self._past.first, self._past.last - length)
        operators = filters_pb2.FilterDateOperator
        bounds = (
            _date(since, operators.FILTER_DATE_OPERATOR_AFTER_OR_EQUAL),
            _date(since + length, operators.FILTER_DATE_OPERATOR_BEFORE),
        )
        return all_of(COMPLETED, *bounds), int(SHARE * self._count / 10)

    def _in_partition(self, chance: random.Random) -> tuple[tasks_pb2.Filters, int]:
        field = tasks_pb2.TaskField(
            task_option_field=tasks_pb2.TaskOptionField(field=tasks_pb2.TASK_OPTION_ENUM_FIELD_PARTITION_ID)
        )
        name = filters_pb2.FilterString(value=chance.choice(PARTITIONS))
        wanted = tasks_pb2.FilterField(field=field, filter_string=name)
        return all_of(wanted, COMPLETED), int(SHARE * self._count / len(PARTITIONS))


def _date(at: int, operator: filters_pb2.FilterDateOperator) -> tasks_pb2.FilterField:
    value = Timestamp()
    value.FromMicroseconds(at)
    return tasks_pb2.FilterField(
        field=summary(CREATED), filter_date=filters_pb2.FilterDate(value=value, operator=operator)
    )


def _p99(found: Sequence[Found]) -> tuple[float, ...]:
    return tuple(1e3 * one["p99"] for one in found)
