from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime

import pytest

import portico
from portico.kinds import MARK, Kind


def test_marks_without_parentheses() -> None:
    @portico.kind
    def nightly(left: int) -> int:
        return left + 1

    assert getattr(nightly, MARK) == Kind(name="nightly")
    assert nightly(2) == 3


def test_marks_with_a_name_and_options() -> None:
    @portico.kind(
        "backup.full",
        description="all of it",
        cron_spec=" 0 3 * * * ",
        schedule_at=datetime(2026, 12, 1, 3, tzinfo=UTC),
        priority=-1,
        retries=-1,
        backoff="10s",
        timeout="1h30m",
        concurrency=2,
        resources={"cpus": 0.5, "mem": 128},
        pool="/batch",
    )
    def anything() -> None: ...

    assert getattr(anything, MARK) == Kind(
        name="backup.full",
        description="all of it",
        cron_spec="0 3 * * *",
        schedule_at="2026-12-01T03:00:00+00:00",
        priority=-1,
        retries=-1,
        backoff="10s",
        timeout="1h30m",
        concurrency=2,
        resources={"cpus": 0.5, "mem": 128},
        pool="/batch",
    )


def test_parentheses_without_a_name_take_the_function_s() -> None:
    @portico.kind(retries=3)
    def weekly() -> None: ...

    assert getattr(weekly, MARK).name == "weekly"


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"name": ""}, "name"),
        ({"name": " x"}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"description": 1}, "description"),
        ({"cron_spec": None}, "cron_spec"),
        ({"schedule_at": "tomorrow"}, "schedule_at"),
        ({"schedule_at": "2026-12-01T03:00:00"}, "schedule_at"),
        ({"schedule_at": 5}, "schedule_at"),
        ({"priority": "high"}, "priority"),
        ({"priority": True}, "priority"),
        ({"retries": -2}, "retries"),
        ({"retries": 1.5}, "retries"),
        ({"backoff": "10"}, "backoff"),
        ({"backoff": 10}, "backoff"),
        ({"timeout": "-1s"}, "timeout"),
        ({"timeout": "1 h"}, "timeout"),
        ({"concurrency": -1}, "concurrency"),
        ({"resources": ["cpus"]}, "resources"),
        ({"resources": {"cpus": "1"}}, "resources"),
        ({"resources": {"cpus": -1}}, "resources"),
        ({"resources": {"cpus": float("nan")}}, "resources"),
        ({"resources": {"": 1}}, "resources"),
        ({"pool": "batch"}, "pool"),
    ],
)
def test_wrong_options_are_refused_where_they_are_written(options: dict[str, object], named: str) -> None:
    with pytest.raises((TypeError, ValueError), match=f"^{named}: "):
        portico.kind(**options)


def test_only_plain_functions_are_marked() -> None:
    class Anything:
        pass

    for wrong in (Anything, 5, staticmethod(lambda: None)):
        with pytest.raises(TypeError, match="plain functions"):
            portico.kind(wrong)


def test_importing_portico_loads_no_server() -> None:
    code = "import sys, portico; print([name for name in sys.modules if name.startswith('portico.')])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=15)
    assert answer.stdout.strip() == "[]"
