"""What the tests of containers need of the machine, and a word where it is missing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from node.containers.images import make_layout

TOOLS = ("crun", "skopeo", "umoci", "bwrap", "docker-registry", "busybox")


@pytest.fixture(autouse=True)
def _tools(request: pytest.FixtureRequest) -> None:
    """Skip without root, fail as root without the programs: `make containers` installs them."""
    if request.node.get_closest_marker("containers") is None:
        return
    if os.geteuid() != 0:
        pytest.skip("containers need root")
    missing = [name for name in TOOLS if shutil.which(name) is None]
    assert not missing, f"{', '.join(missing)} not installed; `make containers` does it"


@pytest.fixture(scope="session")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An image layout with one image per way to be configured."""
    folder = tmp_path_factory.mktemp("images") / "layout"
    path = ["PATH=/bin"]
    make_layout(
        folder,
        {
            "plain": {"Env": path},
            "talks": {
                "Env": [*path, "COLOUR=red", "SHAPE=round"],
                "Entrypoint": ["/bin/echo", "first"],
                "Cmd": ["image", "words"],
                "WorkingDir": "/work",
                "User": "worker",
            },
            "quits": {"Env": path, "StopSignal": "SIGUSR1", "Cmd": ["/bin/sh", "-c", QUITS]},
        },
    )
    return folder


QUITS = "trap 'echo asked; exit 3' USR1; trap '' TERM; echo ready; while :; do sleep 0.05; done"
