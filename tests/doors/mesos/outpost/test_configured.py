"""What the server tells the agents to start is what the outpost understands."""

from __future__ import annotations

from pathlib import Path

import pytest
from doors.mesos.outpost.test_place import ENVIRONMENT

from portico.composing.nodes import mesos_outpost
from portico.doors.mesos.outpost.place import read_place
from portico.settings import Settings


@pytest.mark.parametrize(
    ("settings", "number", "host", "advertise", "ports"),
    [
        ({}, 0, "127.0.0.1", "127.0.0.1", (5051,)),
        ({"agent_port": 6000}, 3, "127.0.0.1", "127.0.0.1", (6003,)),
        ({"agent_port": 0}, 3, "127.0.0.1", "127.0.0.1", (0,)),
        ({"agent_port": 0, "native_ports": True}, 0, "127.0.0.1", "127.0.0.1", (0, 5051)),
        ({"agent_port": 0, "native_ports": True}, 1, "127.0.0.1", "127.0.0.1", (0,)),
        ({"native_ports": True}, 0, "127.0.0.1", "127.0.0.1", (5051,)),
        ({"host": "::", "advertise": "far"}, 0, "::", "far", (5051,)),
    ],
)
def test_settings_arrive(
    tmp_path: Path, settings: dict[str, object], number: int, host: str, advertise: str, ports: tuple[int, ...]
) -> None:
    config = mesos_outpost(Settings(data_dir=tmp_path, **settings), number)  # type: ignore[arg-type]
    assert config.name == "mesos"
    _, module, name, *arguments = config.argv
    assert (module, name) == ("-m", "portico.doors.mesos.outpost")
    place = read_place(arguments, ENVIRONMENT)
    assert (place.host, place.advertise, place.ports) == (host, advertise, ports)
