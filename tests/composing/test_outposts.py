"""What a node's Mesos outpost is told, as it reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from portico.composing.nodes import mesos_outpost
from portico.domain.identity import MINUTE, SECOND, Micros
from portico.doors.mesos.outpost.operator.perf_events import Sampling
from portico.doors.mesos.outpost.place import read_place
from portico.doors.mesos.serving.authentication import Access
from portico.settings import Settings
from portico.settings.model import AuthSettings

ENVIRONMENT = dict.fromkeys(
    ("PORTICO_NODE", "PORTICO_NODE_DIRECTORY", "PORTICO_LINK", "PORTICO_LINK_SECRET", "PORTICO_HOST_SOCKET"), "x"
)
BOTH = ("L1-dcache-load-misses", "context-switches")


def told(*events: str, **timers: int) -> Sampling:
    periods = {f"mesos.{name}": Micros(period) for name, period in timers.items()}
    settings = Settings(data_dir=Path("/"), mesos_perf_events=events, timers=periods)
    argv = mesos_outpost(settings, 0).argv
    return read_place(argv[3:], ENVIRONMENT | {"PORTICO_AGENT_PID": "7"}).perf


def test_nothing_is_counted_unless_it_is_configured() -> None:
    assert told() == Sampling()
    assert told(perf=SECOND) == Sampling()
    assert told(*BOTH, perf=0) == Sampling()


@pytest.mark.parametrize(
    ("timers", "interval", "duration"),
    [
        ({}, MINUTE, 10 * SECOND),
        ({"perf": 30 * SECOND, "perf_duration": SECOND}, 30 * SECOND, SECOND),
        ({"perf": SECOND}, SECOND, SECOND),
    ],
)
def test_what_is_configured_is_counted(timers: dict[str, int], interval: int, duration: int) -> None:
    counted = ("l1_dcache_load_misses", "context_switches")
    assert told(*BOTH, **timers) == Sampling(counted, Micros(interval), Micros(duration))


@pytest.mark.parametrize(
    ("token", "credentials"), [(None, {}), ("t0ken", {}), (None, {"alice": "s3cret"}), ("t0ken", {"alice": "s3cret"})]
)
def test_what_opens_it_is_no_argument(token: str | None, credentials: dict[str, str]) -> None:
    settings = Settings(data_dir=Path("/"), auth=AuthSettings(token=token), mesos_credentials=credentials)
    outpost = mesos_outpost(settings, 0)
    place = read_place(outpost.argv[3:], ENVIRONMENT | {"PORTICO_AGENT_PID": "7"} | outpost.environment)
    assert place.access == Access(token or "", credentials)
    assert not {word for word in outpost.argv if "t0ken" in word or "s3cret" in word}
    assert bool(outpost.environment) is (place.access != Access())
