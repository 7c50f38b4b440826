from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from cli.console import a_run, an_instance

from portico.cli import showing
from portico.cli.rendering import Cell, Row
from portico.domain.jobs import InstanceState
from portico.domain.runs import RunSpec, RunState
from portico.doors.console import outbound

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def _texts(row: Row) -> list[str]:
    return [cell.text if isinstance(cell, Cell) else cell for cell in row]


def _pool(path: str) -> dict[str, Any]:
    nothing: dict[str, float] = {}
    pool = {"id": path, "entitlement": {"cpus": 2.0, "gpus": 0.0}, "reservation": {"cpus": 1.0}}
    return pool | dict.fromkeys(("allocation", "demand", "limit"), nothing)


@pytest.mark.parametrize(("path", "shown"), [("/", "/"), ("/a", "  a"), ("/a/b", "    b")])
def test_pools_are_indented_below_their_parents(path: str, shown: str) -> None:
    assert _texts(showing.pool_row(_pool(path))) == [shown, "cpus 1", "cpus 2", "", "", ""]


def test_an_instance_is_shown_whole() -> None:
    record = outbound.instance(an_instance(1, InstanceState.RUNNING, attempts=2, arguments=("a b", "\x1b")))
    row = _texts(showing.instance_row(record, NOW))
    assert row[:4] == [an_instance(1).id, "hello", "running", "2"]
    assert row[-1] == r"'a b' '\x1b'"


def test_a_node_that_is_not_connected_says_so() -> None:
    node = {"id": "n1", "state": "ready", "runs": 0, "free": {}, "capacity": {"cpus": 1.0}, "connected": False}
    assert _texts(showing.node_row(node))[:2] == ["n1", "not connected"]


def test_what_is_gone_says_so() -> None:
    event = {"revision": 5, "table": "runs", "id": "x", "state": None, "record": None}
    assert showing.event_line(event).split() == ["5", "runs", "gone", "x"]


def test_of_tables_whose_records_are_not_told_nothing_is_said_to_be_gone() -> None:
    event = {"revision": 5, "table": "mesos_tasks", "id": "x", "state": None, "record": None}
    assert showing.event_line(event).split() == ["5", "mesos_tasks", "x"]


@pytest.mark.parametrize(
    ("argv", "shown"),
    [
        (("/bin/sh", "-c", "echo $HOME"), "echo $HOME"),
        (("sh", "-c", "true\x1b"), r"true\x1b"),
        (("/bin/sh", "-c", "a", "b"), "/bin/sh -c a b"),
        (("sleep", "1 s"), "sleep '1 s'"),
        ((), "web"),
    ],
)
def test_a_run_is_listed_by_its_command_or_else_its_task(argv: tuple[str, ...], shown: str) -> None:
    record = outbound.run(a_run(1, RunState.RUNNING, spec=RunSpec(argv=argv), instance="web"))
    assert _texts(showing.run_row(record, NOW))[-1] == shown
