"""Where an outpost stands: its environment, its arguments, its port."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from portico.domain.errors import Invalid, Unavailable
from portico.domain.identity import Micros
from portico.doors.mesos.outpost import listening
from portico.doors.mesos.outpost.listening import listen
from portico.doors.mesos.outpost.operator.perf_events import Sampling
from portico.doors.mesos.outpost.place import ACCESS, Place, read_place
from portico.doors.mesos.serving.authentication import Access

ENVIRONMENT = {
    "PORTICO_NODE": "n",
    "PORTICO_NODE_DIRECTORY": "/d",
    "PORTICO_LINK": "unix:/l",
    "PORTICO_LINK_SECRET": "s",
    "PORTICO_HOST_SOCKET": "/d/host.sock",
    "PORTICO_AGENT_PID": "7",
}


def place_in(directory: Path, *arguments: str) -> Place:
    return read_place(arguments, ENVIRONMENT | {"PORTICO_NODE_DIRECTORY": str(directory)})


def test_what_is_told() -> None:
    place = read_place(("--host", "127.0.0.1", "--port", "5051", "--port", "0"), ENVIRONMENT)
    assert (place.node, place.agent_pid, place.ports, place.advertise) == ("n", 7, (5051, 0), "127.0.0.1")
    assert place.address(5051) == "127.0.0.1:5051"
    assert read_place(("--host", "::1"), ENVIRONMENT).address(1) == "[::1]:1"
    assert read_place(("--host", "0.0.0.0"), ENVIRONMENT).advertise == socket.gethostname()
    assert read_place(("--advertise", "far"), ENVIRONMENT).address(0) == "far:0"


def test_what_is_to_be_counted_is_told() -> None:
    arguments = (
        "--perf-event",
        "cycles",
        "--perf-event",
        "page_faults",
        "--perf-interval",
        "9",
        "--perf-duration",
        "3",
    )
    assert read_place(arguments, ENVIRONMENT).perf == Sampling(("cycles", "page_faults"), Micros(9), Micros(3))
    assert read_place((), ENVIRONMENT).perf == Sampling()
    with pytest.raises(SystemExit):
        read_place(("--perf-event", "heartbeats"), ENVIRONMENT)


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_what_is_missing_is_named(name: str) -> None:
    with pytest.raises(Invalid, match=name):
        read_place((), ENVIRONMENT | {name: ""})


def test_what_opens_it_comes_by_the_environment() -> None:
    assert read_place((), ENVIRONMENT).access == Access()
    text = '{"token":"t","credentials":{"a":"b"}}'
    assert read_place((), ENVIRONMENT | {ACCESS: text}).access == Access("t", {"a": "b"})
    with pytest.raises(Invalid, match=ACCESS) as refusal:
        read_place((), ENVIRONMENT | {ACCESS: '{"token":7777}'})
    assert "7777" not in str(refusal.value)


def test_a_parent_is_a_number() -> None:
    with pytest.raises(Invalid, match="PORTICO_AGENT_PID"):
        read_place((), ENVIRONMENT | {"PORTICO_AGENT_PID": "init"})


def test_any_port_stays_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "PATIENCE", 0.0)
    place = place_in(tmp_path, "--port", "0")
    (first,) = listen(place)
    port = first.getsockname()[1]
    first.close()
    (second,) = listen(place)
    assert second.getsockname()[1] == port
    # Taken by somebody else for good: executors that run are lost, new ones are not.
    (third,) = listen(place)
    assert third.getsockname()[1] != port
    with pytest.raises(Unavailable, match=str(port)):
        listen(place_in(tmp_path, "--port", str(port)))
    second.close()
    third.close()
